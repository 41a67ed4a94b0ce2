//! What happened between two sockets, and what came of what.

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::{
    Attempt, Because, Blame, Change as Changed, Deaf, Event, Incarnation, Memory, Record, RecordId, Sent, StateChange,
    What, Worth,
};
use sim_time::Instant;
use tcp_endpoint::{Flags, State};

/// The records about two sockets, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    records: Vec<Record>,
    /// What changed, each with the time and the number of records before it.
    changes: Vec<(usize, Instant, Changed)>,
    /// What segments are called.
    labels: BTreeMap<RecordId, String>,
}

impl Log {
    pub(super) fn push(&mut self, record: &Record) {
        self.records.push(record.clone());
    }

    pub(super) fn push_change(&mut self, at: Instant, change: Changed) {
        self.changes.push((self.records.len(), at, change));
    }

    pub(super) fn name(&mut self, segment: RecordId, label: String) {
        self.labels.insert(segment, label);
    }

    /// Every incarnation that is told of.
    pub(super) fn incarnations(&self) -> BTreeSet<Incarnation> {
        self.state_changes().map(|change| change.incarnation).collect()
    }

    fn state_changes(&self) -> impl Iterator<Item = &StateChange> {
        self.records.iter().filter_map(|record| match &record.event {
            Event::State(change) => Some(change),
            _ => None,
        })
    }
}

/// A segment and all that is known of it.
pub(super) struct Packet<'a> {
    /// The record of its sending.
    pub(super) id: RecordId,
    /// Its place among the records, by which what happened is put in order.
    pub(super) place: usize,
    pub(super) at: Instant,
    pub(super) sent: &'a Sent,
    pub(super) label: &'a str,
    /// What arrived at its sender, which it answers.
    pub(super) answers: Option<RecordId>,
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
    pub(super) answer: Option<RecordId>,
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
    /// What arrived.
    pub(super) after: Option<RecordId>,
}

/// The causes of each record of a log.
pub(super) struct Read<'a> {
    pub(super) packets: BTreeMap<RecordId, Packet<'a>>,
    pub(super) changes: Vec<Change<'a>>,
    pub(super) verdicts: Vec<(usize, Instant, Incarnation, Worth)>,
}

impl<'a> Read<'a> {
    /// Reads off what came of what.
    pub(super) fn of(log: &'a Log) -> Self {
        let mut read = Self { packets: BTreeMap::new(), changes: Vec::new(), verdicts: Vec::new() };
        let mut states: BTreeMap<Incarnation, Met> = BTreeMap::new();
        // The segment that each delivery is of.
        let mut deliveries: BTreeMap<RecordId, RecordId> = BTreeMap::new();
        for (place, record) in log.records.iter().enumerate() {
            let at = record.at;
            let arrived = |because: Because| because.iter().find_map(|cause| deliveries.get(&cause).copied());
            match &record.event {
                Event::Sent(sent) => {
                    let answers = arrived(record.because);
                    if let Some(arrival) = answers.and_then(|segment| read.last_arrival(segment)) {
                        arrival.answer.get_or_insert(record.id);
                    }
                    let label = log.labels.get(&record.id).map_or("", String::as_str);
                    read.packets.insert(
                        record.id,
                        Packet { id: record.id, place, at, sent, label, answers, arrivals: Vec::new() },
                    );
                }
                &Event::Delivered { incarnation, copy, .. } => {
                    let Some(segment) = record.because.first() else { continue };
                    deliveries.insert(record.id, segment);
                    let met = incarnation.and_then(|incarnation| states.get(&incarnation).copied());
                    read.arrived(segment, at, copy, met, None);
                }
                &Event::Unheard { copy, deaf, .. } => {
                    if let Some(segment) = record.because.first() {
                        read.arrived(segment, at, copy, None, Some(deaf));
                    }
                }
                Event::State(change) => {
                    let after = arrived(record.because);
                    if let Some(arrival) = after.and_then(|segment| read.last_arrival(segment)) {
                        arrival.changes.push(place);
                    }
                    read.changes.push(Change { place, at, change, after });
                    let StateChange { incarnation, attempt, to: state, .. } = *change;
                    if state == State::Closed {
                        states.remove(&incarnation);
                    } else {
                        states.insert(incarnation, Met { incarnation, attempt, state });
                    }
                }
                &Event::Judged { incarnation, worth, .. } => read.verdicts.push((place, at, incarnation, worth)),
                _ => {}
            }
        }
        read
    }

    fn arrived(&mut self, segment: RecordId, at: Instant, copy: u32, met: Option<Met>, deaf: Option<Deaf>) {
        if let Some(packet) = self.packets.get_mut(&segment) {
            packet.arrivals.push(Arrival { at, copy, deaf, met, answer: None, changes: Vec::new() });
        }
    }

    fn last_arrival(&mut self, segment: RecordId) -> Option<&mut Arrival> {
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
        // For whom each wasted segment was sent, and which segment each delivery is of.
        let (mut spent_for, mut deliveries) = (BTreeMap::new(), BTreeMap::new());
        let new = || Hold { since: from, ..Hold::default() };
        let mut changes = self.changes.iter().peekable();
        for (place, record) in self.records.iter().enumerate() {
            while let Some((_, at, change)) = changes.next_if(|(before, ..)| *before <= place) {
                change_hold(&mut holds, &mut costs, *at, change, new);
            }
            let at = record.at;
            match record.event {
                Event::Judged { incarnation, worth, .. } => {
                    if worth.blame().is_some() {
                        costs.entry(Some(incarnation)).or_insert_with(|| Cost { since: at, ..Cost::default() });
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
                Event::Delivered { .. } => {
                    deliveries.extend(record.because.first().map(|segment| (record.id, segment)));
                }
                Event::Sent(ref sent) => {
                    if let Some(blame) = sent.wasted {
                        let own = sent.incarnation.filter(|own| costs.contains_key(&Some(*own)));
                        let answered = || {
                            let cause = record.because.iter().find_map(|cause| deliveries.get(&cause))?;
                            spent_for.get(cause).copied().flatten()
                        };
                        let of = own.or_else(answered);
                        spent_for.insert(record.id, of);
                        let cost = costs.entry(of).or_insert_with(|| Cost { since: at, ..Cost::default() });
                        if at >= from {
                            cost.segments += 1;
                            cost.by.entry(blame).or_default();
                        }
                    }
                }
                _ => {}
            }
        }
        for (_, at, change) in changes {
            change_hold(&mut holds, &mut costs, *at, change, new);
        }
        for (incarnation, hold) in &mut holds {
            hold.account(end, costs.get_mut(&Some(*incarnation)));
        }
        costs
    }
}

/// Memory is taken for an incarnation, or given back.
fn change_hold(
    holds: &mut BTreeMap<Incarnation, Hold>,
    costs: &mut BTreeMap<Option<Incarnation>, Cost>,
    at: Instant,
    change: &Changed,
    new: impl FnOnce() -> Hold,
) {
    let Changed { incarnation, what, .. } = *change;
    let (hold, cost) = (holds.entry(incarnation).or_insert_with(new), costs.get_mut(&Some(incarnation)));
    match what {
        What::Held { memory, octets } => hold.change(at, cost, |hold| {
            hold.octets += octets;
            hold.memories.push(memory);
        }),
        What::Released { memory, octets } => hold.change(at, cost, |hold| {
            hold.octets -= octets;
            hold.memories.retain(|held| *held != memory);
        }),
        _ => {}
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
