//! Folds of the tests' own, kept as simple as can be, for what a run's metrics claim.

use std::collections::BTreeMap;

use experiment::record::{Event, Incarnation, Record, RecordId, StateChange, What, Worth};
use sim_time::Instant;
use tcp_endpoint::{FourTuple, Reason, SeqNum, State};

/// One connection on one host, as it was last seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) tuple: FourTuple,
    pub(crate) passive: bool,
    pub(crate) state: State,
    /// Why it came to this state.
    pub(crate) reason: Reason,
    pub(crate) worth: Worth,
}

impl Life {
    /// Whether it is over, and neither a call nor a reset nor a timer cut it short.
    pub(crate) fn ended_well(&self) -> bool {
        self.state == State::Closed && matches!(self.reason, Reason::Segment | Reason::Expired)
    }
}

/// Every connection there was.
pub(crate) fn lives(records: &[Record]) -> BTreeMap<Incarnation, Life> {
    let mut lives: BTreeMap<Incarnation, Life> = BTreeMap::new();
    for record in records {
        match record.event {
            Event::State(change) => {
                let worth = lives.get(&change.incarnation).map_or(Worth::Useful, |life| life.worth);
                let (tuple, passive, state, reason) = (change.tuple, change.passive, change.to, change.reason);
                lives.insert(change.incarnation, Life { tuple, passive, state, reason, worth });
            }
            Event::Judged { incarnation, worth, .. } => {
                if let Some(life) = lives.get_mut(&incarnation) {
                    life.worth = worth;
                }
            }
            _ => {}
        }
    }
    lives
}

/// Octets held over a time, in B·s.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Held {
    pub(crate) useful: f64,
    pub(crate) wasted: f64,
}

/// What was held and what was on its way when the run ended.
#[derive(Default, Debug)]
pub(crate) struct Book {
    /// The client and the server.
    pub(crate) hosts: [Held; 2],
    /// Copies that were still to arrive.
    pub(crate) in_flight: usize,
}

impl Book {
    /// Counts a run, to the end of which every integral goes.
    pub(crate) fn of(records: &[Record], end: Instant) -> Self {
        let mut book = Self::default();
        let mut entries: BTreeMap<Incarnation, (usize, u64, bool)> = BTreeMap::new();
        let mut since = Instant::ZERO;
        for record in records {
            book.pass(&entries, record.at.since(since).as_secs_f64());
            since = record.at;
            match record.event {
                Event::Judged { host, incarnation, worth } => {
                    let entry = entries.entry(incarnation).or_insert((usize::from(host.0), 0, false));
                    entry.2 = worth != Worth::Useful;
                }
                // What an application still holds of it is its own affair.
                Event::State(StateChange { incarnation, to: State::Closed, .. }) => {
                    if let Some(entry) = entries.get_mut(&incarnation) {
                        entry.2 = false;
                    }
                }
                Event::Sent(ref sent) => {
                    book.in_flight += sent.fate.deliveries.iter().filter(|arrival| **arrival > end).count();
                }
                _ => {}
            }
            for change in &record.changes {
                let entry = entries.entry(change.incarnation).or_insert((usize::from(change.host.0), 0, false));
                match change.what {
                    What::Held { octets, .. } => entry.1 += octets,
                    What::Released { octets, .. } => entry.1 -= octets,
                    _ => {}
                }
            }
        }
        book.pass(&entries, end.since(since).as_secs_f64());
        book
    }

    /// Lets time pass over what is held: for each connection its host, its octets, and whether they are wasted.
    fn pass(&mut self, entries: &BTreeMap<Incarnation, (usize, u64, bool)>, seconds: f64) {
        for &(host, octets, wasted) in entries.values() {
            let held = &mut self.hosts[host];
            *(if wasted { &mut held.wasted } else { &mut held.useful }) += octets as f64 * seconds;
        }
    }
}

/// Where both ends of each connection started, read off the segments and not off the ends.
#[derive(Default, Debug)]
pub(crate) struct Handshakes {
    numbers: BTreeMap<RecordId, SeqNum>,
    /// The segment that came last, which is what a change of state that no call made is about.
    arrived: Option<RecordId>,
    iss: BTreeMap<Incarnation, SeqNum>,
    irs: BTreeMap<Incarnation, SeqNum>,
    open: BTreeMap<FourTuple, Incarnation>,
}

impl Handshakes {
    /// Takes a record; says what is wrong if two ends are ESTABLISHED that started from other numbers.
    pub(crate) fn watch(&mut self, record: &Record) -> Option<String> {
        match record.event {
            Event::Sent(ref sent) => {
                self.numbers.insert(record.id, sent.seq);
                if let Some(incarnation) = sent.incarnation.filter(|_| sent.flags.syn()) {
                    self.iss.insert(incarnation, sent.seq);
                }
            }
            Event::Delivered { .. } => self.arrived = record.because.first(),
            Event::State(change) => {
                let heard_a_syn = matches!(
                    (change.from, change.to),
                    (State::Listen, _) | (State::SynSent, State::SynReceived | State::Established)
                );
                if let Some(segment) = self.arrived.filter(|_| heard_a_syn) {
                    self.irs.insert(change.incarnation, self.numbers[&segment]);
                }
                if change.to != State::Established {
                    self.open.remove(&change.tuple);
                    return None;
                }
                self.open.insert(change.tuple, change.incarnation);
                let other = self.open.get(&change.tuple.flipped())?;
                let numbers = |of: &Incarnation| (self.iss.get(of).copied(), self.irs.get(of).copied());
                let (own, theirs) = (numbers(&change.incarnation), numbers(other));
                let agree = own.0 == theirs.1 && own.1 == theirs.0 && own.0.is_some() && own.1.is_some();
                return (!agree).then(|| format!("at {}: {own:?} against {theirs:?}", record.at));
            }
            _ => {}
        }
        None
    }
}
