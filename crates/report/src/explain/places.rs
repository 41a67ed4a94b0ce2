//! What clients wait for, and how much of it was asked for.

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::{Attempt, Scarce};
use experiment::{Held, HostId, Level, Resource, Transfer};
use sim_time::Instant;

use crate::amount::{milliseconds, rounded, whole};

/// Fewer connections say nothing of a load.
const MANY: u64 = 20;

/// A port of a host, and what there is only so much of there.
pub(super) type Where = (HostId, u16, Scarce);

/// All that there is only so much of.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    places: BTreeMap<Where, Place>,
    /// Where a listener of each host has its half-open entries, and how many.
    half_open: Vec<(&'static str, u32)>,
    /// When measuring began.
    from: Instant,
}

/// Places of one kind at one port.
#[derive(Clone, Debug, Default)]
struct Place {
    /// How many there are, as waits tell.
    many: u32,
    taken: Level,
    /// 1 while all are taken.
    full: Level,
    /// How often one was taken, and who waited for one in vain and has none since.
    times_taken: u64,
    in_vain: BTreeSet<Attempt>,
    /// Clients that wait, and since when some client does.
    waiting: BTreeSet<Attempt>,
    since: Instant,
    /// The longest time without a break in which some client waited.
    longest: (Instant, Instant),
}

/// How often a place was asked for, how often a second, how long one had it in seconds, and how much of all places
/// that takes, in per cent.
struct Demand {
    asked: u64,
    rate: f64,
    each: f64,
    load: f64,
}

impl Places {
    /// None yet, at hosts whose listeners have their half-open entries there, and so many.
    pub(super) fn new(half_open: &[(&'static str, u32)]) -> Self {
        Self { half_open: half_open.to_vec(), ..Self::default() }
    }

    /// Where a listener of a host has its half-open entries, and how many.
    pub(super) fn room(&self, host: HostId) -> (&'static str, u64) {
        let room = self.half_open.get(usize::from(host.0));
        room.map_or(("SYN backlog", u64::MAX), |(name, most)| (*name, u64::from(*most)))
    }

    /// A client begins to wait for one of so many.
    pub(super) fn begin_wait(&mut self, at_place: Where, attempt: Attempt, many: u32, at: Instant) {
        let place = self.places.entry(at_place).or_default();
        place.many = place.many.max(many);
        place.note_full(at, u64::MAX);
        if place.waiting.is_empty() {
            place.since = at;
        }
        place.waiting.insert(attempt);
    }

    /// A client waits no longer, perhaps in vain.
    pub(super) fn end_wait(&mut self, at_place: Where, (attempt, in_vain): (Attempt, bool), at: Instant) {
        let place = self.places.entry(at_place).or_default();
        if in_vain {
            place.in_vain.insert(attempt);
        }
        place.note_longest(at);
        place.waiting.remove(&attempt);
    }

    /// Nothing has been measured before `at`.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        self.from = at;
        self.places.values_mut().for_each(|place| place.begin_anew(at));
    }

    /// For how long all were taken up to `at`, in nanoseconds; `None` where it is not known how many there are.
    pub(super) fn full_nanos(&mut self, at_place: Where, at: Instant) -> Option<u128> {
        let place = self.places.get_mut(&at_place).filter(|place| place.many > 0)?;
        place.full.advance(at);
        Some(place.full.integral())
    }

    /// Takes what is held for a connection of an attempt, if that is known, to a port from now on.
    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer, attempt: Option<Attempt>) {
        let scarce = match transfer.held {
            Held::Of(Resource::SynBacklog) => Scarce::SynBacklog,
            Held::Of(Resource::AcceptQueue) => Scarce::AcceptQueue,
            Held::Of(Resource::Workers) => Scarce::Workers,
            Held::Of(_) | Held::Life => return,
        };
        let (growth, (_, most)) = (transfer.growth(), self.room(transfer.host));
        if growth != 0 {
            let place = self.places.entry((transfer.host, transfer.port, scarce)).or_default();
            place.taken.change(at, growth);
            place.note_full(at, if scarce == Scarce::SynBacklog { most } else { u64::MAX });
            place.times_taken += u64::from(growth > 0);
            if let Some(attempt) = attempt.filter(|_| growth > 0) {
                place.in_vain.remove(&attempt);
            }
        }
    }

    /// How many places there were, and how much of them was asked for, in a run that ends at `end`; `None` where there are
    /// none.
    pub(super) fn load(&self, at_place: Where, end: Instant) -> Option<String> {
        let (host, port, scarce) = at_place;
        let is_cache = self.is_cache(at_place);
        let (noun, mut place) = (noun(scarce, is_cache)?, self.places.get(&at_place)?.clone());
        if place.many == 0 {
            return Some(none_there(scarce).to_owned());
        }
        if !place.waiting.is_empty() {
            place.note_longest(end);
        }
        let there_are = match place.many {
            1 => format!("There is 1 {}", noun[0]),
            many => format!("There are {} {}", whole(many.into()), noun[1]),
        };
        let Demand { asked, rate, each, load } = self.demand(at_place, end)?;
        let behind = self.demand((host, port, Scarce::Workers), end);
        let behind = behind.filter(|demand| scarce == Scarce::AcceptQueue && demand.load > 100.0);
        let mut words = format!("{there_are}; one was needed {}", times(asked));
        if asked >= MANY {
            let [rate, each] = [rate, each].map(rounded);
            words.push_str(&format!(", {rate} a second, and kept for {each} s on average"));
        }
        place.full.advance(end);
        if asked >= MANY && behind.is_none() && place.full.integral() > 0 {
            let times = if load > 100.0 { "" } else { "at times " };
            words.push_str(&format!(": a load of {} %, {times}more than there is", rounded(load)));
        }
        words.push('.');
        if let Some(Demand { load, .. }) = behind {
            words.push_str(&format!(" The workers behind have a load of {} %: that is why.", rounded(load)));
        }
        let [from, to] = [place.longest.0, place.longest.1].map(milliseconds);
        words.push_str(&format!(" At least one client waited all the time from {from} s to {to} s."));
        Some(words)
    }

    /// How much of what there is was asked for.
    fn demand(&self, at_place: Where, end: Instant) -> Option<Demand> {
        let mut place = self.places.get(&at_place).filter(|place| place.many > 0)?.clone();
        place.taken.advance(end);
        let asked = self.asked(at_place);
        let rate = asked as f64 / end.since(self.from).as_secs_f64();
        let each = place.taken.integral() as f64 / 1e9 / place.times_taken.max(1) as f64;
        Some(Demand { asked, rate, each, load: 100.0 * rate * each / f64::from(place.many) })
    }

    /// How often a place was asked for: by those that got one, or wait, or waited in vain; and by those that wait for what
    /// comes before it.
    fn asked(&self, (host, port, scarce): Where) -> u64 {
        let of = |scarce| self.places.get(&(host, port, scarce));
        let before: &[Scarce] = match scarce {
            Scarce::Workers => &[Scarce::SynBacklog, Scarce::AcceptQueue],
            Scarce::AcceptQueue => &[Scarce::SynBacklog],
            Scarce::SynBacklog | Scarce::HoldDown => &[],
        };
        // Whose entry was evicted had a place. Who was refused at several is one.
        let is_cache = self.is_cache((host, port, Scarce::SynBacklog));
        let shuts_out = |scarce: &Scarce| !(is_cache && *scarce == Scarce::SynBacklog);
        let shut_out =
            before.iter().chain([&scarce]).filter(|scarce| shuts_out(scarce)).filter_map(|scarce| of(*scarce));
        let shut_out: BTreeSet<Attempt> =
            shut_out.flat_map(|place| place.in_vain.union(&place.waiting)).copied().collect();
        of(scarce).map_or(0, |place| place.times_taken) + shut_out.len() as u64
    }

    /// Whether it is a cache, which lets everyone in.
    fn is_cache(&self, (host, _, scarce): Where) -> bool {
        scarce == Scarce::SynBacklog && self.room(host).0 == "SYN cache"
    }

    /// How many half-open entries a port had, at most and on average, in a run that ends at `end`.
    pub(super) fn half_open(&self, (host, port): (HostId, u16), end: Instant) -> Option<String> {
        let mut place = self.places.get(&(host, port, Scarce::SynBacklog))?.clone();
        place.taken.advance(end);
        place.full.advance(end);
        let measured = end.since(self.from).as_nanos() as f64;
        let mean = place.taken.integral() as f64 / measured;
        let (peak, mean) = (whole(place.taken.peak()), rounded(mean));
        let words = format!("The port had {peak} half-open entries at most at once, and {mean} on average");
        Some(match place.full.integral() {
            0 => format!("{words}."),
            full => {
                let (name, most) = self.room(host);
                let (room, share) = (whole(most), rounded(100.0 * full as f64 / measured));
                format!("{words}; its {name} has room for {room} and was full for {share} % of the time.")
            }
        })
    }
}

/// `once`, `3 times`
fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", whole(count)) }
}

/// That there is nothing of what is waited for.
pub(super) const fn none_there(scarce: Scarce) -> &'static str {
    match scarce {
        Scarce::Workers => "The application did not accept it.",
        Scarce::SynBacklog | Scarce::AcceptQueue | Scarce::HoldDown => "There is none: the limit is 0.",
    }
}

/// What one is called, and what several are.
const fn noun(scarce: Scarce, is_cache: bool) -> Option<[&'static str; 2]> {
    match scarce {
        Scarce::SynBacklog if is_cache => Some(["place in the SYN cache", "places in the SYN cache"]),
        Scarce::SynBacklog => Some(["place in the SYN backlog", "places in the SYN backlog"]),
        Scarce::AcceptQueue => Some(["place in the accept queue", "places in the accept queue"]),
        Scarce::Workers => Some(["worker", "workers"]),
        Scarce::HoldDown => None,
    }
}

impl Place {
    /// Whether all are taken from `at` on; there are at most so many, as far as waits have not told.
    fn note_full(&mut self, at: Instant, most: u64) {
        let most = if self.many > 0 { u64::from(self.many) } else { most };
        let is_full = self.taken.now() >= most;
        self.full.change(at, i64::from(is_full) - self.full.now().cast_signed());
    }

    /// Somebody has waited up to `at`.
    fn note_longest(&mut self, at: Instant) {
        let (from, to) = self.longest;
        if at.since(self.since) > to.since(from) {
            self.longest = (self.since, at);
        }
    }

    /// Nothing has been measured before `at`.
    fn begin_anew(&mut self, at: Instant) {
        self.taken.advance(at);
        self.full.advance(at);
        let waiting = std::mem::take(&mut self.waiting);
        let Self { many, taken, full, since, .. } = *self;
        *self = Self { many, taken: taken.anew(), full: full.anew(), waiting, since, ..Self::default() };
    }
}
