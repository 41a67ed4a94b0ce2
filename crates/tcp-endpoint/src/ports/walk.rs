//! The selections as walks from port to port, which the searches are held against.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sim_time::{Duration, Instant};

use super::{LINUX_INCREMENTS, Ports};
use crate::port_range::PortRange;
use crate::port_search::Search;
use crate::settings::PortSelection;
use crate::taken::{Crowded, Vacancy};

impl Ports {
    /// What [`Ports::select`] selects, by asking for each port in turn whether it is free.
    pub(crate) fn walk(
        &mut self,
        range: PortRange,
        how: PortSelection,
        (local, remote): (Ipv4Addr, SocketAddrV4),
        free: impl Fn(u16) -> bool,
    ) -> Option<u16> {
        let count = range.count();
        let try_at = |place: u32| Some(range.port(place % count)).filter(|port| free(*port));
        match how {
            PortSelection::Sequential => self.walk_in_turn(0, count, try_at),
            PortSelection::Random => {
                let start = self.draw(count);
                (start..start + count).find_map(try_at)
            }
            PortSelection::RandomAgain => {
                (0..count).find_map(|_| try_at(self.draw(count))).or_else(|| (0..count).find_map(try_at))
            }
            PortSelection::Hash => self.walk_in_turn(self.keyed(b"F", local, remote) % count, count, try_at),
            PortSelection::DoubleHash => {
                let (group, start) = self.group((local, remote), count);
                let (skipped, port) = (0..count).find_map(|i| Some((i, try_at(start + i)?)))?;
                self.move_on(group, skipped + 1);
                Some(port)
            }
            PortSelection::DoubleHashByParity => {
                let pairs = (count / 2).max(1);
                let (group, start) = self.group((local, remote), pairs);
                let parities = 0..if count == 1 { 1 } else { 2 };
                let mut tries = parities.flat_map(|parity| (0..pairs).map(move |i| (parity, i)));
                let (skipped, port) =
                    tries.find_map(|(parity, i)| Some((i, try_at((start + i) % pairs * 2 + parity)?)))?;
                let skipped = skipped.max(self.draw(LINUX_INCREMENTS));
                self.move_on(group, skipped + 1);
                Some(port)
            }
            PortSelection::RandomIncrements => {
                (0..count).find_map(|_| try_at(self.increment(count))).or_else(|| (0..count).find_map(try_at))
            }
        }
    }

    fn walk_in_turn(&mut self, offset: u32, count: u32, try_at: impl Fn(u32) -> Option<u16>) -> Option<u16> {
        (0..count).find_map(|_| {
            let place = self.next.unwrap_or(0);
            self.next = Some((place + 1) % count);
            try_at(offset + place)
        })
    }
}

/// What happens at one port or another.
#[derive(Clone, Debug)]
enum Event {
    /// So many connections are opened to one of the two peers, without a port of their own.
    Opens(bool, u8),
    /// One from a given port, to whomever.
    OpensFrom(Index),
    /// The connections of some ports in a row are over: their ports are free at once, or after so many seconds.
    End(Index, u8, Option<u8>),
    /// So many seconds pass.
    Wait(u8),
    /// Searches start anew.
    Crash,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => (any::<bool>(), 1_u8..100).prop_map(|(peer, count)| Event::Opens(peer, count)),
        2 => any::<Index>().prop_map(Event::OpensFrom),
        8 => (any::<Index>(), 1_u8..100, prop::option::of(0_u8..6))
            .prop_map(|(first, count, later)| Event::End(first, count, later)),
        3 => (1_u8..4).prop_map(Event::Wait),
        1 => Just(Event::Crash),
    ];
    prop::collection::vec(event, 1..60)
}

/// Ranges whose ends fall anywhere in a page, of one page, of some, and of more than 64.
fn ranges() -> impl Strategy<Value = PortRange> {
    let count = prop_oneof![3 => 1_u16..=140, 2 => 180_u16..=400, 1 => 4_000_u16..=4_300];
    (1_u16..=60_000, count).prop_map(|(first, count)| PortRange::new(first, first + count - 1).expect("a range"))
}

fn selections() -> impl Strategy<Value = PortSelection> {
    select(vec![
        PortSelection::Sequential,
        PortSelection::Random,
        PortSelection::RandomAgain,
        PortSelection::Hash,
        PortSelection::DoubleHash,
        PortSelection::DoubleHashByParity,
        PortSelection::RandomIncrements,
    ])
}

/// A host's ports towards each of two peers, with until when they are taken.
struct Model {
    range: PortRange,
    how: PortSelection,
    now: Instant,
    ports: Ports,
    crowded: Crowded,
    taken: [BTreeMap<u16, Option<Instant>>; 2],
}

impl Model {
    const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    const fn peer(peer: bool) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), if peer { 80 } else { 81 })
    }

    fn vacancy(&self, peer: bool, port: u16) -> Vacancy {
        match self.taken[usize::from(peer)].get(&port) {
            None => Vacancy::Free,
            Some(None) => Vacancy::Taken,
            Some(Some(until)) if *until < self.now => Vacancy::Free,
            Some(Some(until)) => Vacancy::TakenUntil(*until),
        }
    }

    fn open(&mut self, peer: bool) -> Result<(), TestCaseError> {
        let ends = (Self::HOST, Self::peer(peer));
        let (mut walking, mut searching) = (self.ports.clone(), self.ports.clone());
        let walked = walking.walk(self.range, self.how, ends, |port| self.vacancy(peer, port) == Vacancy::Free);
        let mut taken = self.crowded.take(self.now, ends.1);
        let mut search = Search::new(self.range, &mut taken, |port| self.vacancy(peer, port));
        let found = searching.select(self.how, ends, &mut search);
        self.crowded.put(ends.1, taken);
        prop_assert_eq!(found, walked);
        prop_assert_eq!(&searching, &walking, "the next search would be another");
        self.ports = searching;
        if let Some(port) = found {
            self.note(peer, port, Some(None));
        }
        Ok(())
    }

    /// Something happens to what has a port, if anything does.
    fn note(&mut self, peer: bool, port: u16, taken: Option<Option<Instant>>) {
        let ports = &mut self.taken[usize::from(peer)];
        if ports.remove(&port).is_some() {
            self.crowded.forget(Self::peer(peer), port);
        }
        ports.extend(taken.map(|taken| (port, taken)));
    }

    fn happens(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let count = self.range.count() as usize;
        let nth = |place: usize| self.range.port((place % count) as u32);
        match event {
            Event::Opens(peer, times) => (0..*times).try_for_each(|_| self.open(*peer))?,
            Event::OpensFrom(place) => {
                let port = nth(place.index(count));
                [false, true].into_iter().for_each(|peer| self.note(peer, port, Some(None)));
            }
            Event::End(first, some, later) => {
                let first = first.index(count);
                let ports: Vec<u16> = (first..first + usize::from(*some)).map(nth).collect();
                let later = later.map(|seconds| self.now + Duration::from_secs(u64::from(seconds)));
                for port in ports {
                    if self.taken[0].contains_key(&port) {
                        self.note(false, port, later.map(Some));
                    }
                }
            }
            Event::Wait(seconds) => self.now += Duration::from_secs(u64::from(*seconds)),
            Event::Crash => {
                self.taken = Default::default();
                self.crowded.clear();
                self.ports.forget();
            }
        }
        Ok(())
    }
}

proptest! {
    /// Every search ends where the walk ends, and the next one begins where the next walk would.
    #[test]
    fn a_search_finds_what_a_walk_finds(
        (range, how, secret) in (ranges(), selections(), any::<[u8; 16]>()),
        (full, events) in (any::<bool>(), events()),
    ) {
        let mut model = Model {
            range,
            how,
            now: Instant::ZERO,
            ports: Ports::new(secret),
            crowded: Crowded::default(),
            taken: Default::default(),
        };
        if full {
            // All but a few are taken, towards one of the peers.
            let taken = (0..range.count()).filter(|place| place % 97 != 96);
            model.taken[0] = taken.map(|place| (range.port(place), None)).collect();
        }
        for event in &events {
            model.happens(event)?;
        }
    }
}
