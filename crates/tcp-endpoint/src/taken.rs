//! Local ports that are known to be taken towards a remote socket, so that no search asks for them again.
//!
//! A search asks for one port after the other, and remembers those that are taken once it has met many. It may then leave
//! out what it knows. That is true until it is forgotten: when an entry of the connection goes or is another, when nobody
//! listens at the port any more, or when the instant has passed until which alone it was true. Each of these costs one
//! question more, so that a search asks for few, however many are taken.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddrV4;

use rustc_hash::FxBuildHasher;
use sim_time::Instant;

use crate::port_range::PortRange;

/// Whether a port may be taken for a connection to a remote socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Vacancy {
    /// It may.
    Free,
    /// It may not, as long as nothing happens to what has it.
    Taken,
    /// It may not until that instant, included, and then it may if nothing happens to what has it.
    TakenUntil(Instant),
}

/// Which places of a range a search looks at, of those that follow the one it begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Each.
    One,
    /// Every second.
    Two,
}

impl Step {
    pub(crate) const fn places(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// Places of a page.
const PAGE: u32 = u64::BITS;
/// Those of a page that are even.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// Places of a range whose ports are known to be taken towards one remote socket.
///
/// There is a bit for each place, in pages of 64. A second level has two bits for each page: whether all its even places
/// are taken, and all its odd ones.
#[derive(Clone, Debug)]
pub(crate) struct TakenPorts {
    range: PortRange,
    pages: Vec<u64>,
    full_pages: Vec<[u64; 2]>,
    /// How many places are known to be taken.
    known: u32,
    /// Those that are so until an instant, the earliest first. Some are no more.
    until: BinaryHeap<Reverse<(Instant, u32)>>,
}

impl TakenPorts {
    pub(crate) fn new(range: PortRange) -> Self {
        let pages = range.count().div_ceil(PAGE);
        // Places beyond the range count as taken, so that no search finds one.
        let mut taken = Self {
            range,
            pages: vec![0; pages as usize],
            full_pages: vec![[u64::MAX; 2]; pages.div_ceil(PAGE) as usize],
            known: 0,
            until: BinaryHeap::new(),
        };
        if let Some(last) = taken.pages.last_mut() {
            *last = u64::MAX.checked_shl(range.count() - (pages - 1) * PAGE).unwrap_or(0);
        }
        (0..pages).for_each(|page| taken.note_full(page));
        taken
    }

    pub(crate) fn contains(&self, place: u32) -> bool {
        self.pages[(place / PAGE) as usize] >> (place % PAGE) & 1 == 1
    }

    /// The first place at or after `from` that is not known to be taken, in steps from there.
    pub(crate) fn first_other(&self, from: u32, step: Step) -> Option<u32> {
        let wanted = match step {
            Step::One => u64::MAX,
            Step::Two => EVEN << (from % 2),
        };
        let others = |page: u32| Some(!self.pages.get(page as usize)? & wanted);
        let (page, later) = (from / PAGE, u64::MAX << (from % PAGE));
        if let Some(bit) = first_bit(others(page)? & later) {
            return Some(page * PAGE + bit);
        }
        let page = self.first_page_with_others(page + 1, wanted)?;
        Some(page * PAGE + first_bit(others(page)?)?)
    }

    /// The first page at or after `from` in which not all wanted places are taken.
    fn first_page_with_others(&self, from: u32, wanted: u64) -> Option<u32> {
        let mut later = u64::MAX << (from % PAGE);
        for (group, [even, odd]) in (0..).zip(&self.full_pages).skip((from / PAGE) as usize) {
            let full = (even | full_if(wanted & EVEN == 0)) & (odd | full_if(wanted & !EVEN == 0));
            if let Some(bit) = first_bit(!full & later) {
                return Some(group * PAGE + bit);
            }
            later = u64::MAX;
        }
        None
    }

    /// Notes a place that is taken, and was not known to be, until an instant if one is given.
    pub(crate) fn note(&mut self, place: u32, until: Option<Instant>) {
        // Most of so many are of connections that are gone. What is true still is learned again.
        if self.until.len() >= self.pages.len() * PAGE as usize {
            *self = Self::new(self.range);
        }
        self.set(place, true);
        self.until.extend(until.map(|until| Reverse((until, place))));
    }

    /// Forgets whether a place is taken.
    fn forget(&mut self, place: u32) {
        if self.contains(place) {
            self.set(place, false);
        }
    }

    fn forget_port(&mut self, port: u16) {
        if let Some(place) = self.range.place(port) {
            self.forget(place);
        }
    }

    /// Forgets what was true until an instant that has passed.
    fn forget_passed(&mut self, now: Instant) {
        while let Some(&Reverse((_, place))) = self.until.peek().filter(|Reverse((until, _))| *until < now) {
            self.until.pop();
            self.forget(place);
        }
    }

    fn set(&mut self, place: u32, taken: bool) {
        let page = place / PAGE;
        self.pages[page as usize] ^= 1 << (place % PAGE);
        self.known = if taken { self.known + 1 } else { self.known - 1 };
        self.note_full(page);
    }

    /// Brings the second level up to date for a page.
    fn note_full(&mut self, page: u32) {
        let places = self.pages[page as usize];
        for (parity, full) in (0..).zip(&mut self.full_pages[(page / PAGE) as usize]) {
            let is_full = !places & EVEN << parity == 0;
            *full = *full & !(1 << (page % PAGE)) | u64::from(is_full) << (page % PAGE);
        }
    }
}

const fn full_if(full: bool) -> u64 {
    if full { u64::MAX } else { 0 }
}

fn first_bit(word: u64) -> Option<u32> {
    (word != 0).then(|| word.trailing_zeros())
}

/// The ports that are known to be taken towards each remote socket to which many are. The others cost nothing.
#[derive(Clone, Default, Debug)]
pub(crate) struct Crowded(HashMap<SocketAddrV4, Box<TakenPorts>, FxBuildHasher>);

impl Crowded {
    /// Takes out what is known now of the ports towards `remote`, for a search. [`Crowded::put`] puts it back.
    pub(crate) fn take(&mut self, now: Instant, remote: SocketAddrV4) -> Option<Box<TakenPorts>> {
        if self.0.is_empty() { None } else { self.take_known(now, remote) }
    }

    /// Apart from [`Crowded::take`], since nothing is known more often than not.
    #[inline(never)]
    fn take_known(&mut self, now: Instant, remote: SocketAddrV4) -> Option<Box<TakenPorts>> {
        let mut taken = self.0.remove(&remote)?;
        taken.forget_passed(now);
        Some(taken)
    }

    pub(crate) fn put(&mut self, remote: SocketAddrV4, taken: Option<Box<TakenPorts>>) {
        if let Some(taken) = taken {
            self.put_known(remote, taken);
        }
    }

    #[inline(never)]
    fn put_known(&mut self, remote: SocketAddrV4, taken: Box<TakenPorts>) {
        if taken.known > 0 {
            self.0.insert(remote, taken);
        }
    }

    /// Forgets whether a port is taken towards `remote`: something happened to what has it.
    pub(crate) fn forget(&mut self, remote: SocketAddrV4, port: u16) {
        if !self.0.is_empty() {
            self.forget_one(remote, port);
        }
    }

    /// Apart from [`Crowded::forget`], since there is nothing to forget more often than not.
    #[inline(never)]
    fn forget_one(&mut self, remote: SocketAddrV4, port: u16) {
        let Some(taken) = self.0.get_mut(&remote) else { return };
        taken.forget_port(port);
        if taken.known == 0 {
            self.0.remove(&remote);
        }
    }

    /// Forgets whether a port is taken, towards whomever.
    pub(crate) fn forget_everywhere(&mut self, port: u16) {
        self.0.values_mut().for_each(|taken| taken.forget_port(port));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The ports that are known to be taken now.
    #[cfg(test)]
    pub(crate) fn known(&self, now: Instant) -> Vec<(SocketAddrV4, u16)> {
        let mut crowded = self.clone();
        crowded.0.values_mut().for_each(|taken| taken.forget_passed(now));
        let known = crowded.0.iter().flat_map(|(remote, taken)| {
            let places = (0..taken.range.count()).filter(|place| taken.contains(*place));
            places.map(|place| (*remote, taken.range.port(place)))
        });
        known.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::testing::at;

    const REMOTE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);

    fn no_port_of(count: u16) -> TakenPorts {
        TakenPorts::new(PortRange::new(1000, 999 + count).expect("a range"))
    }

    /// Wherever it begins: in a page with others, before one, or in a part of the second level that has none.
    #[test]
    fn the_first_other_place_is_found_behind_any_number_of_pages() {
        let others = [0, 5, 64, 70, 127, 2001, 3000, 4095, 4096, 6001, 8888];
        let mut taken = no_port_of(9000);
        (0..9000).filter(|place| !others.contains(place)).for_each(|place| taken.note(place, None));
        for from in 0..9100 {
            let later = || others.iter().copied().filter(|place| *place >= from);
            assert_eq!(taken.first_other(from, Step::One), later().next(), "from {from}");
            let in_steps = later().find(|place| place % 2 == from % 2);
            assert_eq!(taken.first_other(from, Step::Two), in_steps, "from {from}");
        }
    }

    #[test]
    fn what_knows_nothing_is_not_kept() {
        let mut crowded = Crowded::default();
        crowded.put(REMOTE, Some(Box::new(no_port_of(100))));
        assert!(crowded.0.is_empty());
        let mut two = no_port_of(100);
        two.note(7, None);
        two.note(9, Some(at(5)));
        crowded.put(REMOTE, Some(Box::new(two)));
        assert_eq!(crowded.known(at(0)), [(REMOTE, 1007), (REMOTE, 1009)]);
        crowded.forget(REMOTE, 1007);
        assert_eq!((crowded.known(at(5)), crowded.known(at(6))), (vec![(REMOTE, 1009)], vec![]));
        crowded.forget(REMOTE, 1009);
        assert!(crowded.0.is_empty());
    }

    #[test]
    fn a_search_is_given_what_is_true_now() {
        let mut crowded = Crowded::default();
        let mut two = no_port_of(100);
        two.note(7, None);
        two.note(9, Some(at(5)));
        crowded.put(REMOTE, Some(Box::new(two)));
        let taken = crowded.take(at(6), REMOTE).expect("one is known");
        assert_eq!([7, 9].map(|place| taken.contains(place)), [true, false]);
        assert!(crowded.take(at(6), REMOTE).is_none(), "until the search puts it back");
    }

    /// A port that is taken again and again, each time until another instant, takes no more memory each time.
    #[test]
    fn no_more_instants_are_kept_than_there_are_places() {
        let mut taken = no_port_of(100);
        for millis in 0..1000 {
            taken.note(7, Some(at(millis)));
            taken.forget(7);
        }
        assert!(taken.until.len() <= 128, "two pages have as many places");
    }
}
