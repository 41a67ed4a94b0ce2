//! What happened between two sockets, and what came of what.

use std::collections::{BTreeMap, BTreeSet};

use experiment::HostId;
use experiment::record::{
    Attempt, Blame, Deaf, Event, Incarnation, Memory, Record, SegmentId, Sent, StateChange, Worth,
};
use sim_time::Instant;
use tcp_endpoint::{Flags, State};

/// The records about two sockets, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    records: Vec<Record>,
    /// What segments are called.
    labels: BTreeMap<SegmentId, String>,
}

impl Log {
    pub(super) fn push(&mut self, record: &Record) {
        self.records.push(record.clone());
    }

    pub(super) fn name(&mut self, segment: SegmentId, label: String) {
        self.labels.insert(segment, label);
    }

    /// Every incarnation that is told of.
    pub(super) fn incarnations(&self) -> BTreeSet<Incarnation> {
        self.changes().map(|(_, _, change)| change.incarnation).collect()
    }

    fn changes(&self) -> impl Iterator<Item = (usize, Instant, &StateChange)> {
        self.records.iter().enumerate().filter_map(|(place, record)| match &record.event {
            Event::State(change) => Some((place, record.at, change)),
            _ => None,
        })
    }
}

/// A segment and all that is known of it.
pub(super) struct Packet<'a> {
    /// Its place among the records, by which what happened is put in order.
    pub(super) place: usize,
    pub(super) at: Instant,
    pub(super) sent: &'a Sent,
    pub(super) label: &'a str,
    /// What had just arrived at its sender, which it answers.
    pub(super) answers: Option<SegmentId>,
    pub(super) arrivals: Vec<Arrival>,
}

/// The arrival of a copy.
pub(super) struct Arrival {
    pub(super) at: Instant,
    pub(super) copy: u32,
    /// Why nobody heard it.
    pub(super) deaf: Option<Deaf>,
    /// The connection it came to, as it was then.
    pub(super) met: Option<Met>,
    /// What it was answered with.
    pub(super) answer: Option<SegmentId>,
    /// The changes of state it made, by their places.
    pub(super) changes: Vec<usize>,
}

/// A connection that something came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Met {
    pub(super) incarnation: Incarnation,
    pub(super) attempt: Attempt,
    pub(super) state: State,
}

/// A change of state, and what it came of.
pub(super) struct Change<'a> {
    pub(super) place: usize,
    pub(super) at: Instant,
    pub(super) change: &'a StateChange,
    /// What had just arrived.
    pub(super) after: Option<SegmentId>,
}

/// A log in which it was found out what came of what.
pub(super) struct Read<'a> {
    pub(super) packets: BTreeMap<SegmentId, Packet<'a>>,
    pub(super) changes: Vec<Change<'a>>,
    pub(super) verdicts: Vec<(usize, Instant, Incarnation, Worth)>,
}

impl<'a> Read<'a> {
    /// Finds out what came of what: what a host does at the instant at which something arrived, before anything else
    /// arrives or a timer fires, it does because of that.
    pub(super) fn of(log: &'a Log) -> Self {
        let mut read = Self { packets: BTreeMap::new(), changes: Vec::new(), verdicts: Vec::new() };
        let mut holders: BTreeMap<HostId, Met> = BTreeMap::new();
        let mut cause: Option<(Instant, HostId, SegmentId)> = None;
        for (place, record) in log.records.iter().enumerate() {
            let at = record.at;
            let because =
                |host| cause.filter(|(when, to, _)| (*when, *to) == (at, host)).map(|(_, _, segment)| segment);
            match &record.event {
                Event::Sent(sent) => {
                    let answers = sent.from.and_then(because).filter(|_| is_answer(sent));
                    if let Some(arrival) = answers.and_then(|segment| read.last_arrival(segment)) {
                        arrival.answer.get_or_insert(sent.id);
                    }
                    let label = log.labels.get(&sent.id).map_or("", String::as_str);
                    read.packets.insert(sent.id, Packet { place, at, sent, label, answers, arrivals: Vec::new() });
                }
                &Event::Delivered { segment, to, copy, .. } => {
                    cause = Some((at, to, segment));
                    read.arrived(segment, at, copy, holders.get(&to).copied(), None);
                }
                &Event::Unheard { segment, copy, because, .. } => {
                    cause = None;
                    read.arrived(segment, at, copy, None, Some(because));
                }
                Event::TimerFired { .. } => cause = None,
                Event::State(change) => {
                    let after = because(change.host);
                    if let Some(arrival) = after.and_then(|segment| read.last_arrival(segment)) {
                        arrival.changes.push(place);
                    }
                    read.changes.push(Change { place, at, change, after });
                    let StateChange { incarnation, attempt, to: state, host, .. } = *change;
                    if state == State::Closed {
                        holders.remove(&host);
                    } else {
                        holders.insert(host, Met { incarnation, attempt, state });
                    }
                }
                &Event::Judged { incarnation, worth, .. } => read.verdicts.push((place, at, incarnation, worth)),
                _ => {}
            }
        }
        read
    }

    fn arrived(&mut self, segment: SegmentId, at: Instant, copy: u32, met: Option<Met>, deaf: Option<Deaf>) {
        if let Some(packet) = self.packets.get_mut(&segment) {
            packet.arrivals.push(Arrival { at, copy, deaf, met, answer: None, changes: Vec::new() });
        }
    }

    fn last_arrival(&mut self, segment: SegmentId) -> Option<&mut Arrival> {
        self.packets.get_mut(&segment)?.arrivals.last_mut()
    }

    pub(super) fn change_at(&self, place: usize) -> Option<&Change<'a>> {
        let found = self.changes.binary_search_by_key(&place, |change| change.place).ok()?;
        self.changes.get(found)
    }

    /// The changes of state of one incarnation.
    pub(super) fn life(&self, incarnation: Incarnation) -> impl Iterator<Item = &Change<'a>> {
        self.changes.iter().filter(move |change| change.change.incarnation == incarnation)
    }
}

/// Whether a segment is one with which a TCP answers another by itself: without anything of an application's.
fn is_answer(sent: &Sent) -> bool {
    sent.octets == 0 && !sent.flags.fin()
}

/// What an incarnation cost while it was of no use.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Cost {
    /// Octets × nanoseconds, by what is to blame.
    pub(super) by: BTreeMap<Blame, u128>,
    /// When it was first of no use.
    pub(super) since: Instant,
    /// When it ended, or was useful again; `None` if neither came.
    pub(super) until: Option<Instant>,
    /// What it held memory for meanwhile, in the order of taking it.
    pub(super) memories: Vec<Memory>,
    /// The segments that were sent for it, and in answer to those.
    pub(super) segments: u64,
}

impl Cost {
    pub(super) fn octet_nanos(&self) -> u128 {
        self.by.values().sum()
    }
}

/// What an incarnation holds, and what is to blame if that is of no use.
#[derive(Default)]
struct Hold {
    octets: u64,
    memories: Vec<Memory>,
    /// Up to when it is booked.
    since: Instant,
    blame: Option<Blame>,
}

impl Log {
    /// What each incarnation cost that was ever of no use, in a run that is measured from `from` to `end`; and under `None`
    /// what was sent for nobody by a host that kept nothing.
    pub(super) fn costs(&self, from: Instant, end: Instant) -> BTreeMap<Option<Incarnation>, Cost> {
        let mut costs: BTreeMap<Option<Incarnation>, Cost> = BTreeMap::new();
        let mut holds: BTreeMap<Incarnation, Hold> = BTreeMap::new();
        let mut spent_for = None;
        let new = || Hold { since: from, ..Hold::default() };
        for record in &self.records {
            let at = record.at;
            match record.event {
                Event::Held { incarnation, memory, octets, .. } => {
                    let (hold, cost) =
                        (holds.entry(incarnation).or_insert_with(new), costs.get_mut(&Some(incarnation)));
                    hold.change(at, cost, |hold| {
                        hold.octets += octets;
                        hold.memories.push(memory);
                    });
                }
                Event::Released { incarnation, memory, octets, .. } => {
                    let (hold, cost) =
                        (holds.entry(incarnation).or_insert_with(new), costs.get_mut(&Some(incarnation)));
                    hold.change(at, cost, |hold| {
                        hold.octets -= octets;
                        hold.memories.retain(|held| *held != memory);
                    });
                }
                Event::Judged { incarnation, worth, .. } => {
                    if worth.blame().is_some() {
                        costs.entry(Some(incarnation)).or_insert_with(|| Cost { since: at, ..Cost::default() });
                        spent_for = Some(incarnation);
                    }
                    let (hold, cost) =
                        (holds.entry(incarnation).or_insert_with(new), costs.get_mut(&Some(incarnation)));
                    hold.change(at, cost, |hold| hold.blame = worth.blame());
                }
                // What an application still holds of it from now on is the application's own affair.
                Event::State(StateChange { incarnation, to: State::Closed, .. }) => {
                    let (hold, cost) =
                        (holds.entry(incarnation).or_insert_with(new), costs.get_mut(&Some(incarnation)));
                    hold.change(at, cost, |hold| hold.blame = None);
                }
                Event::Sent(ref sent) => {
                    if let Some(blame) = sent.wasted {
                        if is_offer(sent) {
                            spent_for = None;
                        }
                        let cost = costs.entry(spent_for).or_insert_with(|| Cost { since: at, ..Cost::default() });
                        if at >= from {
                            cost.segments += 1;
                            cost.by.entry(blame).or_default();
                        }
                    }
                }
                _ => {}
            }
        }
        for (incarnation, hold) in &mut holds {
            hold.account(end, costs.get_mut(&Some(*incarnation)));
        }
        costs
    }
}

/// Whether a segment is the SYN-ACK of a listener that keeps nothing.
pub(super) fn is_offer(sent: &Sent) -> bool {
    sent.incarnation.is_none() && !sent.forged && sent.flags.contains(Flags::SYN_ACK)
}

impl Hold {
    /// Books what was held up to `at`, and changes what is held from then on.
    fn change(&mut self, at: Instant, mut cost: Option<&mut Cost>, change: impl FnOnce(&mut Self)) {
        self.account(at, cost.as_deref_mut());
        change(self);
        let Some(cost) = cost else { return };
        if self.blame.is_none() {
            cost.until.get_or_insert(at);
            return;
        }
        cost.until = None;
        for memory in &self.memories {
            if !cost.memories.contains(memory) {
                cost.memories.push(*memory);
            }
        }
    }

    /// Books what was held up to `at`, unless that was before measuring began.
    fn account(&mut self, at: Instant, cost: Option<&mut Cost>) {
        let at = at.max(self.since);
        let held = u128::from(self.octets) * u128::from(at.since(self.since).as_nanos());
        if let (Some(cost), Some(blame)) = (cost, self.blame) {
            *cost.by.entry(blame).or_default() += held;
        }
        self.since = at;
    }
}
