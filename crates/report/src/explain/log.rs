//! What happened between two sockets, and what came of what.

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::{Attempt, Because, Deaf, Event, Incarnation, Record, RecordId, Sent, StateChange, Worth};
use sim_time::Instant;
use tcp_endpoint::{Flags, Queue, State};

/// The records about two sockets, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    records: Vec<Record>,
    /// What segments are called.
    labels: BTreeMap<RecordId, String>,
}

impl Log {
    pub(super) fn push(&mut self, record: &Record) {
        self.records.push(record.clone());
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
    /// The first of its causes.
    pub(super) because: Option<RecordId>,
    /// What arrived at its sender, which it answers.
    pub(super) answers: Option<RecordId>,
    pub(super) arrivals: Vec<Arrival>,
}

/// The arrival of a copy.
pub(super) struct Arrival {
    /// Its record.
    pub(super) id: RecordId,
    pub(super) at: Instant,
    pub(super) copy: u32,
    /// Why nobody heard it.
    pub(super) deaf: Option<Deaf>,
    /// What had no place for it.
    pub(super) full: Option<Queue>,
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
    /// Its record.
    pub(super) id: RecordId,
    pub(super) place: usize,
    pub(super) at: Instant,
    pub(super) change: &'a StateChange,
    /// The first of its causes.
    pub(super) because: Option<RecordId>,
    /// What arrived.
    pub(super) after: Option<RecordId>,
}

/// The causes of each record of a log.
pub(super) struct Read<'a> {
    packets: BTreeMap<RecordId, Packet<'a>>,
    /// In the order of the records.
    pub(super) changes: Vec<Change<'a>>,
    /// What is of each incarnation, so that telling of many takes no longer for each.
    lives: BTreeMap<Incarnation, Life>,
    /// The segments that no connection sent, in the order of the records.
    connectionless: Vec<RecordId>,
}

/// What is of one incarnation, in the order of the records.
#[derive(Default)]
struct Life {
    packets: Vec<RecordId>,
    /// Their places among all changes.
    changes: Vec<usize>,
    verdicts: Vec<Verdict>,
}

/// A verdict, and its place among the records.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    /// The record that changed it.
    pub(super) because: Option<RecordId>,
    pub(super) place: usize,
    pub(super) at: Instant,
    pub(super) worth: Worth,
}

impl<'a> Read<'a> {
    /// Reads off what came of what.
    pub(super) fn of(log: &'a Log) -> Self {
        let (packets, lives) = (BTreeMap::new(), BTreeMap::new());
        let mut read = Self { packets, changes: Vec::new(), lives, connectionless: Vec::new() };
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
                    match sent.incarnation {
                        Some(incarnation) => read.life_mut(incarnation).packets.push(record.id),
                        None => read.connectionless.push(record.id),
                    }
                    let label = log.labels.get(&record.id).map_or("", String::as_str);
                    let because = record.because.first();
                    read.packets.insert(
                        record.id,
                        Packet { id: record.id, place, at, sent, label, because, answers, arrivals: Vec::new() },
                    );
                }
                &Event::Delivered { incarnation, copy, .. } => {
                    let Some(segment) = record.because.first() else { continue };
                    deliveries.insert(record.id, segment);
                    let met = incarnation.and_then(|incarnation| states.get(&incarnation).copied());
                    read.arrived(segment, (record.id, at), copy, met, None);
                }
                &Event::Unheard { copy, deaf, .. } => {
                    if let Some(segment) = record.because.first() {
                        read.arrived(segment, (record.id, at), copy, None, Some(deaf));
                    }
                }
                &Event::Overflow { queue: queue @ (Queue::Syn | Queue::Accept), .. } => {
                    if let Some(arrival) = arrived(record.because).and_then(|segment| read.last_arrival(segment)) {
                        arrival.full = Some(queue);
                    }
                }
                Event::State(change) => {
                    let after = arrived(record.because);
                    if let Some(arrival) = after.and_then(|segment| read.last_arrival(segment)) {
                        arrival.changes.push(place);
                    }
                    let number = read.changes.len();
                    read.life_mut(change.incarnation).changes.push(number);
                    let (id, because) = (record.id, record.because.first());
                    read.changes.push(Change { id, place, at, change, because, after });
                    let StateChange { incarnation, attempt, to: state, .. } = *change;
                    if state == State::Closed {
                        states.remove(&incarnation);
                    } else {
                        states.insert(incarnation, Met { incarnation, attempt, state });
                    }
                }
                &Event::Judged { incarnation, worth, .. } => {
                    read.life_mut(incarnation).verdicts.push(Verdict {
                        because: record.because.first(),
                        place,
                        at,
                        worth,
                    });
                }
                _ => {}
            }
        }
        read
    }

    fn life_mut(&mut self, incarnation: Incarnation) -> &mut Life {
        self.lives.entry(incarnation).or_default()
    }

    fn arrived(
        &mut self,
        segment: RecordId,
        (id, at): (RecordId, Instant),
        copy: u32,
        met: Option<Met>,
        deaf: Option<Deaf>,
    ) {
        if let Some(packet) = self.packets.get_mut(&segment) {
            let (full, answer, changes) = (None, None, Vec::new());
            packet.arrivals.push(Arrival { id, at, copy, deaf, full, met, answer, changes });
        }
    }

    fn last_arrival(&mut self, segment: RecordId) -> Option<&mut Arrival> {
        self.packets.get_mut(&segment)?.arrivals.last_mut()
    }

    pub(super) fn change_at(&self, place: usize) -> Option<&Change<'a>> {
        let found = self.changes.binary_search_by_key(&place, |change| change.place).ok()?;
        self.changes.get(found)
    }

    /// The change of state that a record tells.
    pub(super) fn change(&self, id: RecordId) -> Option<&Change<'a>> {
        let found = self.changes.binary_search_by_key(&id, |change| change.id).ok()?;
        self.changes.get(found)
    }

    /// The changes of state before a place among the records, the last first.
    pub(super) fn changes_before(&self, place: usize) -> impl Iterator<Item = &Change<'a>> {
        self.changes[..self.changes.partition_point(|change| change.place < place)].iter().rev()
    }

    /// The changes of state of one incarnation.
    pub(super) fn life(&self, incarnation: Incarnation) -> impl DoubleEndedIterator<Item = &Change<'a>> {
        self.lives.get(&incarnation).into_iter().flat_map(|life| &life.changes).map(|place| &self.changes[*place])
    }

    /// The verdicts on one incarnation.
    pub(super) fn verdicts(&self, incarnation: Incarnation) -> impl Iterator<Item = Verdict> {
        self.lives.get(&incarnation).into_iter().flat_map(|life| &life.verdicts).copied()
    }

    pub(super) fn packet(&self, segment: RecordId) -> Option<&Packet<'a>> {
        self.packets.get(&segment)
    }

    /// The segments that one incarnation sent.
    pub(super) fn sent_by(&self, incarnation: Incarnation) -> impl Iterator<Item = &Packet<'a>> {
        self.lives.get(&incarnation).into_iter().flat_map(|life| &life.packets).filter_map(|id| self.packet(*id))
    }

    /// The segments that no connection sent, between two places among the records.
    pub(super) fn connectionless(&self, (from, until): (usize, usize)) -> impl Iterator<Item = &Packet<'a>> {
        let place = |id: &RecordId| self.packets[id].place;
        let first = self.connectionless.partition_point(|id| place(id) < from);
        let packets = self.connectionless[first..].iter().filter_map(|id| self.packet(*id));
        packets.take_while(move |packet| packet.place < until)
    }
}

/// Whether a segment is the SYN-ACK of a listener that keeps nothing.
pub(super) fn is_offer(sent: &Sent) -> bool {
    sent.incarnation.is_none() && !sent.forged && sent.flags.contains(Flags::SYN_ACK)
}
