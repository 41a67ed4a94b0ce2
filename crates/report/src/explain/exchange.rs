//! What happened between two sockets, what came of what, and what it cost.

use std::net::SocketAddrV4;
use std::rc::Rc;

use experiment::HostId;
use experiment::record::{Attempt, Because, Deaf, Event, Incarnation, Record, RecordId, Sent, StateChange, Worth};
use experiment::{Held, Resource, Transfer};
use net_link::Loss;
use rustc_hash::FxHashMap;
use sim_time::Instant;
use smallvec::SmallVec;
use tcp_endpoint::{Flags, Purpose, Queue, SeqNum, State};

use super::Pair;
use super::costs::Cost;
use super::known::{self, Ended};
use crate::words::Name;

/// What happens between which sockets. An exchange is boxed since there may be very many.
pub(super) type Exchanges = FxHashMap<Pair, Box<Exchange>>;

/// What happens between two sockets, as far as a story may tell it: each kind of thing in the order of the records.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    packets: Vec<Packet>,
    arrivals: SmallVec<[Arrival; 1]>,
    changes: Vec<Change>,
    verdicts: SmallVec<[Verdict; 1]>,
    /// In the order of birth.
    lives: SmallVec<[Life; 1]>,
    /// What was sent for nobody by a host that kept nothing.
    nobodys: Option<Box<Cost>>,
    /// Copies on their way.
    in_flight: usize,
    /// Entries and sockets that are held.
    held: u32,
}

/// One incarnation.
#[derive(Clone, Debug)]
struct Life {
    incarnation: Incarnation,
    /// The first and the last record of it.
    first: RecordId,
    last: RecordId,
    /// How it stands, while it is there.
    now: Option<Met>,
    /// What it cost, if it was ever of no use.
    cost: Option<Box<Cost>>,
}

/// A segment and all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    /// The record of its sending.
    pub(super) id: RecordId,
    pub(super) at: Instant,
    /// The first of its causes.
    pub(super) because: Option<RecordId>,
    /// What arrived at its sender, which it answers.
    pub(super) answers: Option<RecordId>,
    /// How often it was sent before.
    pub(super) retransmission: u32,
    /// What retransmissions have in common.
    pub(super) sent: Rc<Segment>,
    /// The first of its arrivals.
    arrival: Option<RecordId>,
    /// How often it was retransmitted after that to nobody, before anything else happened; and when last.
    pub(super) again: u32,
    pub(super) until: Instant,
}

/// A segment as it was sent.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Segment {
    pub(super) from: Option<HostId>,
    pub(super) source: SocketAddrV4,
    pub(super) destination: SocketAddrV4,
    pub(super) attempt: Attempt,
    pub(super) incarnation: Option<Incarnation>,
    pub(super) seq: SeqNum,
    pub(super) flags: Flags,
    pub(super) forged: bool,
    /// Whether it was sent for nobody; and for which incarnation, if a host kept that.
    pub(super) wasted: bool,
    spent_for: Option<Incarnation>,
    /// How many copies arrive, and when the first does; why none does; and the fault that decided it.
    pub(super) copies: usize,
    pub(super) comes_at: Instant,
    pub(super) lost: Option<Loss>,
    pub(super) fault: Option<u16>,
    is_keepalive: bool,
    name: Name,
}

/// The arrival of a copy.
#[derive(Clone, Debug)]
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
    segment: RecordId,
    /// The next arrival of the same segment.
    next: Option<RecordId>,
}

/// A connection that something came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Met {
    pub(super) attempt: Attempt,
    pub(super) state: State,
}

/// A change of state, and what it came of.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Its record.
    pub(super) id: RecordId,
    pub(super) at: Instant,
    pub(super) change: StateChange,
    /// The first of its causes.
    pub(super) because: Option<RecordId>,
    /// What arrived, and the record of its arrival.
    pub(super) after: Option<RecordId>,
    arrival: Option<RecordId>,
}

/// A verdict.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// Its record, and the record that changed it.
    pub(super) id: RecordId,
    pub(super) because: Option<RecordId>,
    pub(super) at: Instant,
    pub(super) worth: Worth,
    incarnation: Incarnation,
}

impl Exchange {
    /// Takes the next record between the two sockets; of a segment, with what it is called.
    pub(super) fn note(&mut self, record: &Record, name: Option<Name>) {
        let (id, at, because) = (record.id, record.at, record.because.first());
        match &record.event {
            Event::Sent(sent) => self.sent(record, sent, name),
            &Event::Delivered { incarnation, copy, .. } => {
                let met = incarnation.and_then(|incarnation| self.life(incarnation)?.now);
                self.arrived(record, copy, met, None);
            }
            &Event::Unheard { copy, deaf, .. } => self.arrived(record, copy, None, Some(deaf)),
            &Event::Overflow { queue: queue @ (Queue::Syn | Queue::Accept), .. } => {
                if let Some(arrival) = self.cause(record.because) {
                    self.arrivals[arrival].full = Some(queue);
                }
            }
            Event::State(change) => {
                let StateChange { incarnation, attempt, to: state, .. } = *change;
                let arrival = self.cause(record.because).map(|place| &self.arrivals[place]);
                let (after, arrival) = (arrival.map(|arrival| arrival.segment), arrival.map(|arrival| arrival.id));
                push_tightly(&mut self.changes, Change { id, at, change: *change, because, after, arrival });
                self.life_mut(incarnation, id).now = (state != State::Closed).then_some(Met { attempt, state });
            }
            &Event::Judged { incarnation, worth, .. } => {
                self.verdicts.push(Verdict { id, because, at, worth, incarnation });
                self.life_mut(incarnation, id);
            }
            _ => {}
        }
    }

    fn sent(&mut self, record: &Record, sent: &Sent, name: Option<Name>) {
        let (id, at, because) = (record.id, record.at, record.because.first());
        let arrival = self.cause(record.because);
        let mut answers = None;
        if let Some(arrival) = arrival.map(|place| &mut self.arrivals[place]) {
            arrival.answer.get_or_insert(id);
            answers = Some(arrival.segment);
        }
        let own = sent.incarnation.filter(|own| self.life(*own).is_some_and(|life| life.cost.is_some()));
        let answered = || self.packet(answers?).filter(|packet| packet.sent.wasted)?.sent.spent_for;
        let spent_for = sent.wasted.and_then(|_| own.or_else(answered));
        if let Some(blame) = sent.wasted {
            self.cost(spent_for, (id, at)).spend(blame);
        }
        if let Some(own) = sent.incarnation {
            self.life_mut(own, id);
        }
        let copies = sent.fate.deliveries.len();
        self.in_flight += copies;
        let Some(name) = name else { return };
        let segment = Segment {
            from: sent.from,
            source: sent.source,
            destination: sent.destination,
            attempt: sent.attempt,
            incarnation: sent.incarnation,
            seq: sent.seq,
            flags: sent.flags,
            forged: sent.forged,
            wasted: sent.wasted.is_some(),
            spent_for,
            copies,
            comes_at: sent.fate.deliveries.first().copied().unwrap_or_default(),
            lost: sent.fate.lost,
            fault: sent.fate.fault,
            is_keepalive: sent.purpose == Some(Purpose::KeepaliveProbe),
            name,
        };
        let (retransmission, latest) = (sent.retransmission, self.latest());
        let last = self.packets.last_mut().filter(|last| *last.sent == segment);
        let sent_as = last.as_ref().map_or_else(|| Rc::new(segment), |last| Rc::clone(&last.sent));
        if let Some(last) = last
            && sent.to.is_none()
            && last.retransmission.min(retransmission) > 0
            && last.answers.or(answers).is_none()
            && latest == Some(last.id)
        {
            (last.again, last.until) = (last.again + 1, at);
            return;
        }
        let (arrival, again) = (None, 0);
        let packet = Packet { id, at, because, answers, retransmission, sent: sent_as, arrival, again, until: at };
        push_tightly(&mut self.packets, packet);
    }

    /// The last record that is kept.
    fn latest(&self) -> Option<RecordId> {
        let packet = self.packets.last().map(|packet| packet.id);
        let arrival = self.arrivals.last().map(|arrival| arrival.id);
        let change = self.changes.last().map(|change| change.id);
        let verdict = self.verdicts.last().map(|verdict| verdict.id);
        packet.max(arrival).max(change).max(verdict)
    }

    fn arrived(&mut self, record: &Record, copy: u32, met: Option<Met>, deaf: Option<Deaf>) {
        self.in_flight -= 1;
        let (id, at) = (record.id, record.at);
        let Some(segment) = record.because.first() else { return };
        let Ok(place) = self.packets.binary_search_by_key(&segment, |packet| packet.id) else { return };
        match self.arrivals_of(&self.packets[place]).last().map(|last| last.id) {
            Some(last) => {
                if let Ok(last) = self.arrivals.binary_search_by_key(&last, |arrival| arrival.id) {
                    self.arrivals[last].next = Some(id);
                }
            }
            None => self.packets[place].arrival = Some(id),
        }
        let (full, answer, next) = (None, None, None);
        self.arrivals.push(Arrival { id, at, copy, deaf, full, met, answer, segment, next });
    }

    /// The place of the arrival that is a cause of something.
    fn cause(&self, because: Because) -> Option<usize> {
        because.iter().find_map(|cause| self.arrivals.binary_search_by_key(&cause, |arrival| arrival.id).ok())
    }

    /// Takes what is held for whom from now on.
    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        if let Held::Of(Resource::Memory(_)) = transfer.held {
            match (transfer.from, transfer.to) {
                (None, _) => self.held += 1,
                (_, None) => self.held -= 1,
                _ => {}
            }
        }
        let is_waste = |worth: Option<Worth>| worth.and_then(Worth::blame).is_some();
        if (is_waste(transfer.from) || is_waste(transfer.to))
            && let Some(first) = self.life(transfer.incarnation).map(|life| life.first)
        {
            self.cost(Some(transfer.incarnation), (first, at)).transfer(at, transfer);
        }
    }

    /// Whether nobody is there any more, and nothing on its way.
    pub(super) const fn is_over(&self) -> bool {
        self.in_flight == 0 && self.held == 0
    }

    /// Nothing has been measured before `at`; what is held remains.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        self.costs_mut().for_each(|cost| cost.begin_anew(at));
    }

    /// Holds what is still held up to `end`.
    pub(super) fn advance(&mut self, end: Instant) {
        self.costs_mut().for_each(|cost| cost.advance(end));
    }

    fn costs_mut(&mut self) -> impl Iterator<Item = &mut Cost> {
        let of_lives = self.lives.iter_mut().filter_map(|life| life.cost.as_deref_mut());
        self.nobodys.as_deref_mut().into_iter().chain(of_lives)
    }

    /// What each incarnation cost, if that is anything; before that what was sent for nobody by a host that kept nothing.
    pub(super) fn costs(&self) -> impl Iterator<Item = (Option<Incarnation>, &Cost)> {
        let of_lives = self.lives.iter().filter_map(|life| Some((Some(life.incarnation), life.cost.as_deref()?)));
        let nobodys = self.nobodys.as_deref().map(|cost| (None, cost));
        nobodys.into_iter().chain(of_lives).filter(|(_, cost)| !cost.amount().is_nothing())
    }

    /// The cost of an incarnation, or of what a host sent that kept nothing, which is of no use since a record.
    fn cost(&mut self, of: Option<Incarnation>, (id, at): (RecordId, Instant)) -> &mut Cost {
        let cost = match of {
            Some(incarnation) => &mut self.life_mut(incarnation, id).cost,
            None => &mut self.nobodys,
        };
        cost.get_or_insert_with(|| Box::new(Cost::since(at)))
    }

    /// Every incarnation that is told of.
    pub(super) fn incarnations(&self) -> impl Iterator<Item = Incarnation> {
        self.lives.iter().map(|life| life.incarnation)
    }

    fn life(&self, incarnation: Incarnation) -> Option<&Life> {
        let place = self.lives.binary_search_by_key(&incarnation, |life| life.incarnation).ok()?;
        Some(&self.lives[place])
    }

    /// An incarnation, of which a record tells.
    fn life_mut(&mut self, incarnation: Incarnation, id: RecordId) -> &mut Life {
        let found = self.lives.binary_search_by_key(&incarnation, |life| life.incarnation);
        let place = found.unwrap_or_else(|place| {
            self.lives.insert(place, Life { incarnation, first: id, last: id, now: None, cost: None });
            place
        });
        let life = &mut self.lives[place];
        life.last = life.last.max(id);
        life
    }

    /// The changes of state of one incarnation.
    pub(super) fn changes_of(&self, incarnation: Incarnation) -> impl Iterator<Item = &Change> {
        let changes = self.during(&self.changes, |change| change.id, incarnation);
        changes.iter().filter(move |change| change.change.incarnation == incarnation)
    }

    /// An incarnation of which nothing but its changes of state is known; and how it ended, if it has.
    pub(super) fn end(&self, incarnation: Incarnation) -> Option<(known::Life, Option<Ended>)> {
        let StateChange { host, tuple, passive, .. } = self.changes_of(incarnation).next()?.change;
        let over = self.changes_of(incarnation).find(|change| change.change.to == State::Closed);
        let ended = over.map(|&Change { id, at, change: StateChange { from, reason, .. }, .. }| Ended {
            record: id,
            at,
            from,
            reason,
            since: at,
            deadline: None,
            reset: None,
            by: None,
        });
        Some((known::Life { incarnation, ordinal: 0, host, tuple, passive }, ended))
    }

    /// The verdicts on one incarnation.
    pub(super) fn verdicts_on(&self, incarnation: Incarnation) -> impl Iterator<Item = &Verdict> {
        let verdicts = self.during(&self.verdicts, |verdict| verdict.id, incarnation);
        verdicts.iter().filter(move |verdict| verdict.incarnation == incarnation)
    }

    /// The segments that one incarnation sent.
    pub(super) fn sent_by(&self, incarnation: Incarnation) -> impl Iterator<Item = &Packet> {
        let packets = self.during(&self.packets, |packet| packet.id, incarnation);
        packets.iter().filter(move |packet| packet.sent.incarnation == Some(incarnation))
    }

    /// What happened from the first to the last record of an incarnation. Few are there at once, so that telling of many takes
    /// no longer for each.
    fn during<'a, T>(&self, all: &'a [T], id: impl Fn(&T) -> RecordId, incarnation: Incarnation) -> &'a [T] {
        let Some(life) = self.life(incarnation) else { return &[] };
        &all[all.partition_point(|one| id(one) < life.first)..all.partition_point(|one| id(one) <= life.last)]
    }

    /// The segments that no connection sent, from a record on.
    pub(super) fn connectionless(&self, from: RecordId) -> impl Iterator<Item = &Packet> {
        let first = self.packets.partition_point(|packet| packet.id < from);
        self.packets[first..].iter().filter(|packet| packet.sent.incarnation.is_none())
    }

    pub(super) fn packet(&self, segment: RecordId) -> Option<&Packet> {
        let place = self.packets.binary_search_by_key(&segment, |packet| packet.id).ok()?;
        Some(&self.packets[place])
    }

    /// The change of state that a record tells.
    pub(super) fn change(&self, id: RecordId) -> Option<&Change> {
        let place = self.changes.binary_search_by_key(&id, |change| change.id).ok()?;
        Some(&self.changes[place])
    }

    /// The changes of state before a record, and those after it.
    pub(super) fn changes_around(&self, id: RecordId) -> (&[Change], &[Change]) {
        self.changes.split_at(self.changes.partition_point(|change| change.id < id))
    }

    /// The arrival that brought about a change of state, or because of which a segment was sent.
    pub(super) fn arrival_behind(&self, id: RecordId) -> Option<RecordId> {
        match self.change(id) {
            Some(change) => change.arrival,
            None => self.packet(id)?.because,
        }
    }

    /// The changes of state that an arrival made.
    pub(super) fn made_by<'a>(&'a self, arrival: &'a Arrival) -> impl DoubleEndedIterator<Item = &'a Change> {
        let (_, after) = self.changes_around(arrival.id);
        let at_once = &after[..after.partition_point(|change| change.at <= arrival.at)];
        at_once.iter().filter(|change| change.arrival == Some(arrival.id))
    }

    /// The arrivals of a segment.
    pub(super) fn arrivals_of(&self, packet: &Packet) -> impl Iterator<Item = &Arrival> {
        let arrival = |id: RecordId| {
            let place = self.arrivals.binary_search_by_key(&id, |arrival| arrival.id).ok()?;
            Some(&self.arrivals[place])
        };
        std::iter::successors(packet.arrival.and_then(arrival), move |last| last.next.and_then(arrival))
    }

    /// The arrival of a segment from which something followed, or the first.
    pub(super) fn telling(&self, packet: &Packet) -> Option<&Arrival> {
        let follows = |arrival: &&Arrival| arrival.answer.is_some() || self.made_by(arrival).next().is_some();
        self.arrivals_of(packet).find(follows).or_else(|| self.arrivals_of(packet).next())
    }
}

impl Packet {
    /// What it is called.
    pub(super) fn label(&self) -> String {
        format!("{}{}", self.asks(), self.sent.name)
    }

    /// The same without numbers.
    pub(super) fn kind(&self) -> String {
        format!("{}{}", self.asks(), self.sent.name.kind())
    }

    fn asks(&self) -> &'static str {
        if self.sent.is_keepalive { "keepalive " } else { "" }
    }

    /// Whether it is the SYN-ACK of a listener that keeps nothing.
    pub(super) fn is_offer(&self) -> bool {
        self.sent.incarnation.is_none() && !self.sent.forged && self.sent.flags.contains(Flags::SYN_ACK)
    }
}

/// There may be very many exchanges, with little in each.
fn push_tightly<T>(vec: &mut Vec<T>, element: T) {
    if vec.len() == vec.capacity() {
        vec.reserve_exact((vec.len() / 2).max(1));
    }
    vec.push(element);
}
