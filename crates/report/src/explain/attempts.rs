//! What became of each attempt to open, and of the connection that came of it. It is noted while anything of it is alive:
//! a life at either end, or a segment on its way. Who did what because of what stands in the records.

use std::borrow::Cow;
use std::collections::BTreeMap;

use experiment::HostId;
use experiment::record::{
    Attempt, Call, Change, Event, Incarnation, Outcome, Record, RecordId, Scarce, Sent, StateChange, What, Worth,
};
use rustc_hash::FxHashMap;
use sim_time::Instant;
use tcp_endpoint::{Acknowledged, Purpose, Queue, Reason, State, Timer};

use super::course::{Course, Landing, Met};
use super::exchange::Exchanges;
use super::findings::Findings;
use super::known::{Dropped, End, Ended, Flying, Known, Life, Role, Sender, Side, Why, WhyReset};
use super::names::Names;
use super::{Pair, closes, opens, pair};

/// The attempts of a run, and what was found of those that are over.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    known: BTreeMap<Attempt, Known>,
    /// What each life belongs to, until its exchange is over. Octets may be lost of one whose row is another's by then.
    pub(super) lives: FxHashMap<Incarnation, Belonging>,
    flying: FxHashMap<RecordId, Flying>,
    /// Why each reset that is on its way was sent, and the attempt it goes back to.
    resets: FxHashMap<RecordId, (Why, Attempt)>,
    /// The last arrival, the last timer that fired, and the last call.
    arrival: Option<Arrival>,
    timer: Option<RecordId>,
    call: Option<(RecordId, Call)>,
    /// The last eviction from a full cache, and the segment that brought it about.
    eviction: Option<(RecordId, (RecordId, bool))>,
    /// How many connections of each host are in each state.
    states: BTreeMap<(HostId, State), u64>,
    /// Attempts that are open at both ends since this instant, and those of which the last may be gone.
    open: Vec<Attempt>,
    fading: Vec<Attempt>,
    /// Opens so far, with those that failed at once.
    pub(super) count: u64,
    pub(super) opens: Findings,
    pub(super) closes: Findings,
}

/// Between which sockets a life is, what it goes back to, and which end of that it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belonging {
    pub(super) pair: Pair,
    pub(super) attempt: Attempt,
    side: Side,
}

/// The arrival of a copy.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    record: RecordId,
    segment: RecordId,
    /// None if the segment was forged.
    flying: Option<Flying>,
    /// Whether it was the first copy, and what became of it.
    first: bool,
    landing: Landing,
    stale: bool,
    /// What was full.
    full: Option<Queue>,
}

impl Attempts {
    /// Takes a record.
    pub(super) fn note(&mut self, record: &Record, exchanges: &Exchanges, all: bool, names: Names<'_>) {
        match record.event {
            Event::Sent(ref sent) => self.sent(record, sent, exchanges),
            Event::Delivered { incarnation, stale, misleads, .. } => {
                self.delivered(record, incarnation, (stale, misleads), exchanges);
            }
            Event::Unheard { .. } => {
                self.landed(record, Landing::Unheard);
            }
            Event::State(ref change) => self.state(record, change, all, names),
            Event::TimerFired { incarnation, .. } => {
                self.timer = Some(record.id);
                if let Some(end) = self.end_mut(incarnation) {
                    let (armed, waited) = end.armed;
                    end.deadline = None;
                    end.waited = waited + record.at.since(armed).as_nanos();
                }
            }
            Event::Call { host, call, outcome, remote, incarnation, .. } => {
                self.call = Some((record.id, call));
                if let (Call::Receive { octets, stale }, Some(life)) = (call, incarnation) {
                    self.received(record.at, life, (octets, stale), all, names);
                }
                if let (Call::Send(octets), Some(error)) = (call, outcome.failure()) {
                    let end = incarnation.and_then(|life| self.end_of(life, exchanges));
                    let of = (host, remote);
                    let finding = closes::not_sent(record.at, of, (octets, &error), end.as_deref(), names);
                    self.closes.add(finding, all);
                }
                if let Some(end) = incarnation.and_then(|life| self.end_mut(life)) {
                    end.accepted |= call == Call::Accept;
                    let leaves = call == Call::Close && outcome == Outcome::Done;
                    end.left = end.left.or(leaves.then_some((record.at, record.id)));
                }
                if let (Call::Connect, Outcome::Failed(_)) = (call, outcome) {
                    self.count += 1;
                    let error = outcome.failure().unwrap_or_default();
                    let states = self.states.range((host, State::Closed)..).take_while(|((of, _), _)| *of == host);
                    let states = states.map(|((_, state), count)| (*state, *count));
                    // Of several machines it is not known which of them called.
                    let states: Vec<(State, u64)> =
                        if names.hosts.has_several_machines(host) { Vec::new() } else { states.collect() };
                    self.opens.add(opens::not_called(record.at, (host, remote), &error, &states, names), all);
                }
            }
            Event::Overflow { queue: queue @ (Queue::Syn | Queue::Accept), .. } => {
                self.dropped(record, Landing::NoPlace(queue), Some(queue));
            }
            Event::Overflow { queue: Queue::Cache, .. } => {
                let of_it = |arrival: &Arrival| record.because.iter().any(|cause| cause == arrival.record);
                let arrival = self.arrival.filter(of_it);
                self.eviction = arrival.map(|arrival| (record.id, (arrival.segment, arrival.stale)));
            }
            Event::HeldDown { .. } => self.dropped(record, Landing::HeldDown, None),
            Event::Judged { incarnation, worth, .. } => {
                if let Some(end) = self.end_mut(incarnation) {
                    end.useless = matches!(worth, Worth::Abandoned(_) | Worth::Ghost(_));
                    end.ghost |= matches!(worth, Worth::Ghost(_));
                }
            }
            Event::DataLost { host, incarnation, octets } => {
                let ended = record.because.first();
                if self.note_unread(record, incarnation, octets) {
                    return;
                }
                let known = self.of(incarnation);
                let forged = self.forged(incarnation, exchanges);
                let ends = match (known, &forged) {
                    (Some((known, side)), _) => [known.end(side), self.other_end(known, side)],
                    // Nobody is at the other end: its octets are lost when it ends.
                    (None, Some(forged)) => [forged; 2],
                    (None, None) => return,
                };
                let finding =
                    closes::data_lost(record.at, ends, (host, incarnation, octets), ended, forged.is_some(), names);
                self.closes.extend(finding, all);
            }
            Event::Waits { attempt, scarce: Scarce::Workers, places, .. } => {
                if let Some(known) = self.known.get_mut(&attempt) {
                    known.waits_for_worker = Some(places);
                }
            }
            Event::WaitOver { attempt, .. } => {
                if let Some(known) = self.known.get_mut(&attempt) {
                    known.waits_for_worker = None;
                }
            }
            Event::WarmedUp => {
                self.count = 0;
                self.opens.clear();
                self.closes.clear();
                self.known.values_mut().for_each(|known| (known.here.dropped, known.there.dropped) = (None, None));
            }
            _ => {}
        }
    }

    /// Takes a change.
    pub(super) fn change(&mut self, at: Instant, change: &Change) {
        match change.what {
            What::Armed { timer, deadline } => {
                if let Some(end) = self.end_mut(change.incarnation) {
                    (end.armed, end.deadline) = ((at, end.waited), Some((deadline, timer)));
                }
            }
            What::Disarmed { timer } => {
                // An entry that TIME-WAIT takes the place of goes with its timer, when the new one's is set.
                if let Some(end) = self.end_mut(change.incarnation) {
                    end.deadline = end.deadline.filter(|(_, set)| *set != timer);
                }
            }
            What::Held { .. } | What::Released { .. } => {
                let Some(Belonging { attempt, .. }) = self.lives.get(&change.incarnation).copied() else { return };
                let Some(known) = self.known.get_mut(&attempt) else { return };
                match change.what {
                    What::Held { .. } => known.held += 1,
                    _ => known.held -= 1,
                }
                self.fade(attempt);
            }
            _ => {}
        }
    }

    /// An instant is over, with all that came at it: so are attempts of which nothing is left.
    pub(super) fn settle(&mut self, all: bool, names: Names<'_>) {
        for attempt in std::mem::take(&mut self.open) {
            self.tell_open(attempt, all, names);
        }
        for attempt in std::mem::take(&mut self.fading) {
            let Some(known) = self.known.get(&attempt).filter(|known| known.is_gone()) else { continue };
            // What crossed it may tell yet what became of its octets.
            let crossing = known.crossing.filter(|crossing| self.known.contains_key(crossing));
            if self.crossing(known).is_none_or(Known::is_gone) {
                let both = [Some(attempt), crossing];
                both.into_iter().flatten().for_each(|attempt| self.tell_open(attempt, all, names));
                both.into_iter().flatten().for_each(|attempt| self.tell_dropped(attempt, all, names));
                both.into_iter().flatten().for_each(|attempt| drop(self.known.remove(&attempt)));
            }
        }
    }

    /// Tells of an open that is not told yet, if it was slow.
    fn tell_open(&mut self, attempt: Attempt, all: bool, names: Names<'_>) {
        let Some(known) = self.known.get(&attempt).filter(|known| !known.told) else { return };
        let finding = opens::slow(known, self.other_end(known, Side::Opener), names);
        self.opens.extend(finding, all);
        if let Some(known) = self.known.get_mut(&attempt) {
            known.told = true;
        }
    }

    /// Octets are lost that came, or were there, when the application of their receiver had closed. They are told once for
    /// each end that sent some. Returns whether they are such octets, of an end that is known.
    fn note_unread(&mut self, record: &Record, incarnation: Incarnation, octets: u64) -> bool {
        let Some((known, side)) = self.of(incarnation) else { return false };
        let reader = self.other_end(known, side);
        let is_over = |end: &End| end.ended.is_some_and(|ended| record.because.iter().any(|id| id == ended.record));
        if is_over(reader) || is_over(known.end(side)) {
            return false;
        }
        let reader = reader.life.and_then(|life| Some((life.host, reader.left?.0)));
        let Some(end) = self.end_mut(incarnation) else { return false };
        let before = end.dropped.unwrap_or(Dropped { octets: 0, first: record.at, last: record.at, reader });
        end.dropped = Some(Dropped { octets: before.octets + octets, last: record.at, ..before });
        true
    }

    /// Tells of the octets of an attempt that came too late to be read.
    fn tell_dropped(&mut self, attempt: Attempt, all: bool, names: Names<'_>) {
        let Some(known) = self.known.get_mut(&attempt) else { return };
        for side in [Side::Opener, Side::Other] {
            let end = known.end_mut(side);
            if let Some(dropped) = end.dropped.take() {
                self.closes.extend(closes::dropped(end, dropped, names), all);
            }
        }
    }

    /// The run is over: what was found.
    pub(super) fn finish(&mut self, end: Instant, all: bool, names: Names<'_>) {
        let attempts: Vec<Attempt> = self.known.keys().copied().collect();
        for attempt in attempts {
            self.tell_open(attempt, all, names);
            self.tell_dropped(attempt, all, names);
            for side in [Side::Opener, Side::Other] {
                let Some(known) = self.known.get(&attempt) else { continue };
                let finding = closes::waits(end, (known, side), self.other_end(known, side), names);
                self.closes.extend(finding, all);
            }
        }
    }

    /// An end, of whatever connection.
    fn end_of(&self, life: Incarnation, exchanges: &Exchanges) -> Option<Cow<'_, End>> {
        let of = self.of(life).map(|(known, side)| Cow::Borrowed(known.end(side)));
        of.or_else(|| self.forged(life, exchanges).map(Cow::Owned))
    }

    /// An application receives octets: some may be of another attempt, or have been received before.
    fn received(&mut self, at: Instant, life: Incarnation, (octets, stale): (u64, u64), all: bool, names: Names<'_>) {
        let Some(Belonging { attempt, side, .. }) = self.lives.get(&life).copied() else { return };
        let Some(known) = self.known.get_mut(&attempt) else { return };
        let again = known.receive(side, octets, stale);
        let end = (&*known, side);
        self.closes.extend((stale > 0).then(|| closes::mixed_up(at, end, stale, names)).flatten(), all);
        self.closes.extend((again > 0).then(|| closes::received_again(at, end, again, names)).flatten(), all);
    }

    /// The attempt that a life goes back to, and which end it is.
    pub(super) fn of(&self, life: Incarnation) -> Option<(&Known, Side)> {
        let Belonging { attempt, side, .. } = *self.lives.get(&life)?;
        Some((self.known.get(&attempt)?, side))
    }

    /// The end of a connection that a forged segment opened, of which only its life, and how it ended, is known.
    pub(super) fn forged(&self, life: Incarnation, exchanges: &Exchanges) -> Option<End> {
        let Belonging { pair, .. } = self.lives.get(&life).filter(|life| life.attempt.is_forged())?;
        let (life, ended) = exchanges.get(pair)?.end(life)?;
        Some(End { life: Some(life), ended, ..End::default() })
    }

    /// The connection that an attempt made.
    pub(super) fn opener(&self, attempt: Attempt) -> Option<Life> {
        self.known.get(&attempt)?.here.life
    }

    /// The attempt that crossed another.
    fn crossing(&self, known: &Known) -> Option<&Known> {
        self.known.get(&known.crossing?)
    }

    /// The end of a connection that is opposite to another: of an open that was crossed, the end that crossed it.
    pub(super) fn other_end<'a>(&'a self, known: &'a Known, side: Side) -> &'a End {
        let other = known.other(side);
        match self.crossing(known) {
            Some(crossing) if side == Side::Opener && other.life.is_none() => &crossing.here,
            _ => other,
        }
    }

    #[cfg(test)]
    pub(super) fn has_only_what_is_alive(&self) -> bool {
        let is_outlived = |known: &Known| self.crossing(known).is_some_and(|crossing| !crossing.is_gone());
        let known = self.known.values().all(|known| !known.is_gone() || is_outlived(known));
        let flying = self.flying.values().all(|flying| self.known.contains_key(&flying.attempt));
        known && flying && self.resets.len() <= self.flying.len() + 1
    }

    fn end_mut(&mut self, life: Incarnation) -> Option<&mut End> {
        let Belonging { attempt, side, .. } = *self.lives.get(&life)?;
        let end = self.known.get_mut(&attempt)?.end_mut(side);
        end.life.is_some_and(|of| of.incarnation == life).then_some(end)
    }

    fn fade(&mut self, attempt: Attempt) {
        if self.known.get(&attempt).is_some_and(Known::is_gone) {
            self.fading.push(attempt);
        }
    }

    fn sent(&mut self, record: &Record, sent: &Sent, exchanges: &Exchanges) {
        let copies = sent.fate.deliveries.len();
        if sent.flags.rst() && copies > 0 {
            let why = self.why(record, sent, exchanges);
            self.resets.insert(record.id, (why, sent.attempt));
        }
        let Some(known) = self.known.get_mut(&sent.attempt).filter(|_| !sent.forged) else { return };
        let sender = sent.incarnation.and_then(|life| self.lives.get(&life)).map(|life| life.side);
        let (role, acks_fin) = (known.role(sent, sender), sent.acknowledges == Acknowledged::Fin);
        let answered = self.arrival.filter(|arrival| record.because.iter().any(|cause| cause == arrival.record));
        let waited = match (answered.and_then(|arrival| arrival.flying), sender) {
            (Some(flying), _) => flying.waited,
            (None, Some(side)) => known.end(side).waited,
            (None, None) => 0,
        };
        if let Role::Fin(side) = role {
            let end = known.end_mut(side);
            if end.fins.sent == 0 {
                end.heard_before_fin = end.heard;
            }
        }
        if let Some(course) = known.course(role) {
            course.send(record.id, copies == 0);
        }
        let answers = answered.and_then(|arrival| arrival.flying).filter(|flying| flying.attempt == sent.attempt);
        let answers = answers.and_then(|flying| flying.sender).filter(|to| Some(to.side) != sender);
        if let Some(Sender { side, heard, .. }) = answers
            && known.end(side).heard == heard
        {
            known.end_mut(side).answers.send(record.id, copies == 0);
        }
        let sender = sent.incarnation.zip(sender).map(|(life, side)| {
            let end = known.end_mut(side);
            end.unanswered.send(record.id, copies == 0);
            if acks_fin {
                end.fin_acks.send(record.id, copies == 0);
            }
            Sender { life, side, heard: end.heard }
        });
        if copies > 0 {
            known.flying += 1;
            let flying =
                Flying { attempt: sent.attempt, role, acks_fin, copies, landed: false, waited, sender, answers };
            self.flying.insert(record.id, flying);
        }
    }

    /// Why a reset is sent.
    fn why(&self, record: &Record, sent: &Sent, exchanges: &Exchanges) -> Why {
        let comes_of = |id: RecordId| record.because.iter().any(|cause| cause == id);
        let arrival = self.arrival.filter(|arrival| comes_of(arrival.record));
        let what = match sent.purpose {
            None => WhyReset::Forged,
            Some(Purpose::ResetOfUnread) => WhyReset::Unread,
            Some(Purpose::ResetOfUnacceptable) => {
                let end = sent.incarnation.and_then(|life| self.end_of(life, exchanges));
                WhyReset::Unacceptable(end.and_then(|end| Some((end.life?, end.state?))))
            }
            Some(Purpose::ResetOfNoConnection) => {
                let is_syn = arrival.and_then(|arrival| arrival.flying).is_some_and(|flying| flying.role == Role::Syn);
                let end = self.known.get(&sent.attempt).and_then(|known| known.end_on(sent.from?));
                match (arrival.and_then(|arrival| arrival.full), end.and_then(|end| end.ended)) {
                    (Some(queue), _) => WhyReset::NoPlace(queue),
                    (None, None) if is_syn => WhyReset::NoListener(sent.source.port()),
                    (None, ended) => WhyReset::NoConnection(ended.map(|ended| (ended.reason, ended.from, ended.at))),
                }
            }
            Some(_) => match self.call.filter(|(call, _)| comes_of(*call)) {
                Some((_, call)) => WhyReset::Call(call),
                None if self.timer.is_some_and(comes_of) => WhyReset::GaveUp,
                None => WhyReset::Ended,
            },
        };
        Why {
            host: sent.from.filter(|_| !sent.forged),
            what,
            answers: arrival.map(|arrival| arrival.segment),
            of_another: None,
        }
    }

    /// A copy of a segment lands. Returns it, as it was on its way.
    fn landed(&mut self, record: &Record, landing: Landing) -> Option<Arrival> {
        self.forget_landed_reset();
        let segment = record.because.first()?;
        let flying = self.flying.get_mut(&segment);
        let first = flying.as_ref().is_none_or(|flying| !flying.landed);
        let before = flying.as_deref().copied();
        if let Some(flying) = flying {
            (flying.landed, flying.copies) = (true, flying.copies - 1);
        }
        let stale = matches!(record.event, Event::Delivered { stale: true, .. });
        self.arrival = Some(Arrival { record: record.id, segment, flying: before, first, landing, stale, full: None });
        let flying = before?;
        let known = self.known.get_mut(&flying.attempt)?;
        if first {
            known.land(flying, |course| course.land(segment, landing));
        }
        if flying.copies == 1 {
            known.flying -= 1;
            self.flying.remove(&segment);
            self.fade(flying.attempt);
        }
        self.arrival
    }

    fn delivered(
        &mut self,
        record: &Record,
        life: Option<Incarnation>,
        (stale, misleads): (bool, bool),
        exchanges: &Exchanges,
    ) {
        let met = life.filter(|_| self.meets_another(record, life)).map(|life| self.met(life, exchanges));
        let landing = met.map_or(Landing::Arrived, Landing::Elsewhere);
        let arrival = self.landed(record, landing);
        let Some(end) = life.and_then(|life| self.end_mut(life)) else { return };
        (end.heard, end.unanswered, end.answers) = (end.heard + 1, Course::default(), Course::default());
        if stale || misleads {
            end.stale = record.because.first();
        }
        if misleads {
            end.misled_by = end.misled_by.or(record.because.first());
        }
        if let Some(flying) = arrival.and_then(|arrival| arrival.flying) {
            end.waited = flying.waited;
        }
    }

    /// Whether a segment comes to the connection of another attempt. A SYN that crosses the peer's does not.
    fn meets_another(&self, record: &Record, life: Option<Incarnation>) -> bool {
        let flying = record.because.first().and_then(|segment| self.flying.get(&segment));
        let (Some(flying), Some(life)) = (flying, life) else { return false };
        match self.lives.get(&life) {
            Some(Belonging { attempt, side, .. }) if *attempt != flying.attempt => {
                let crosses = |known: &Known| {
                    known.end(*side).state == Some(State::SynSent) || (*side == Side::Opener && known.is_crossed())
                };
                self.known.get(attempt).is_none_or(|known| !crosses(known))
            }
            Some(_) => false,
            None => true,
        }
    }

    /// A connection that a segment comes to.
    fn met(&self, life: Incarnation, exchanges: &Exchanges) -> Met {
        let Some(end) = self.end_of(life, exchanges) else { return Met::default() };
        let until = end.deadline.filter(|(_, timer)| *timer == Timer::TimeWait).map(|(at, _)| at);
        Met { life: end.life, state: end.state, until }
    }

    /// What became of the segment that arrives turns out to be something else.
    fn turn(&mut self, landing: Landing) {
        let Some(arrival) = &mut self.arrival else { return };
        let from = std::mem::replace(&mut arrival.landing, landing);
        let Arrival { segment, flying, first, .. } = *arrival;
        if let Some(flying) = flying.filter(|_| first)
            && let Some(known) = self.known.get_mut(&flying.attempt)
        {
            known.land(flying, |course| course.turn(segment, from, landing));
        }
    }

    /// The segment that arrives is dropped.
    fn dropped(&mut self, record: &Record, landing: Landing, full: Option<Queue>) {
        let of_it = |arrival: &&mut Arrival| record.because.iter().any(|cause| cause == arrival.record);
        let Some(arrival) = self.arrival.as_mut().filter(of_it) else { return };
        arrival.full = full;
        self.turn(landing);
    }

    fn state(&mut self, record: &Record, change: &StateChange, all: bool, names: Names<'_>) {
        let StateChange { host, incarnation, attempt, tuple, passive, from, to, reason, .. } = *change;
        let side = if passive || host != attempt.host { Side::Other } else { Side::Opener };
        let belonging = Belonging { pair: pair(tuple.local, tuple.remote), attempt, side };
        let born = self.lives.insert(incarnation, belonging).is_none();
        if attempt.is_forged() {
            return;
        }
        for (state, growth) in [(from, -1), (to, 1)] {
            self.count_state((host, state), growth);
        }
        let arrival = self.arrival.filter(|arrival| record.because.iter().any(|cause| cause == arrival.record));
        if born && arrival.is_some_and(|arrival| matches!(arrival.landing, Landing::Elsewhere(_))) {
            self.turn(Landing::Arrived); // the other one made room for it
        }
        let syn = arrival.and_then(|arrival| arrival.flying).filter(|flying| flying.role == Role::Syn);
        let crossing = syn.filter(|_| !passive && from == State::SynSent).map(|flying| flying.attempt);
        if let Some(crossing) = crossing {
            self.cross(attempt, crossing);
        }
        if born {
            // Of the end that this one comes in the place of nothing more is noted.
            self.tell_dropped(attempt, all, names);
        }
        let known = self.known.entry(attempt).or_insert_with(|| Known::new(record.at));
        if born {
            self.count += u64::from(side == Side::Opener);
            let life = Some(Life { incarnation, ordinal: attempt.ordinal, host, tuple, passive });
            let waited = arrival.and_then(|arrival| arrival.flying).map_or(0, |flying| flying.waited);
            known.note_replaced(side);
            // A SYN may bring octets.
            let stale = arrival.filter(|arrival| arrival.stale).map(|arrival| arrival.segment);
            *known.end_mut(side) = End { life, waited, stale, ..End::default() };
        }
        let crossed = known.crossing;
        let end = known.end_mut(side);
        if end.life.is_none_or(|life| life.incarnation != incarnation) {
            return;
        }
        let since = std::mem::replace(&mut end.since, record.at);
        end.state = Some(to);
        // Where a SYN proves enough, the peer's opens the connection at once.
        end.crossed |= !passive && (to == State::SynReceived || crossing.is_some());
        let slow_close = end.close(record.at, to).filter(|_| reason == Reason::Segment);
        if to.synchronized() && end.opened.is_none() {
            end.opened = Some((record.at, end.waited));
            end.opened_by = arrival.and_then(|arrival| arrival.flying?.sender).map(|sender| sender.life);
        }
        if to == State::Closed {
            let reset = arrival.filter(|_| reason == Reason::Reset).map(|arrival| arrival.segment);
            let reset = reset.and_then(|segment| Some((segment, *self.resets.get(&segment)?)));
            let reset = reset.map(|(segment, (why, of))| {
                let is_its_own = of == attempt || crossed == Some(of) || of.is_forged();
                (segment, Why { of_another: Some(of).filter(|_| !is_its_own), ..why })
            });
            let by = match reason {
                Reason::Evicted => {
                    let eviction = self.eviction.filter(|(full, _)| record.because.iter().any(|cause| cause == *full));
                    eviction.map(|(_, by)| by)
                }
                Reason::Segment => arrival.map(|arrival| (arrival.segment, arrival.stale)),
                _ => None,
            };
            let deadline = end.deadline.map(|(at, _)| at);
            end.ended = Some(Ended { record: record.id, at: record.at, from, reason, since, deadline, reset, by });
        }
        let (is_useless, was_open) = (end.useless, end.opened.is_some());
        if let Some(waited) = slow_close.filter(|_| !is_useless) {
            self.closes.extend(closes::slow(record.at, (known, side), waited, names), all);
        }
        if to == State::Closed && side == Side::Opener && !was_open {
            known.told = true;
            self.opens.extend(opens::failed(known, names), all);
        }
        if !known.told && known.is_open() {
            self.open.push(attempt);
        }
        if to == State::Closed && !is_useless && (side == Side::Other || was_open) {
            let of = self.known.get(&attempt);
            let finding = of.and_then(|known| closes::cut_short(known, side, self.other_end(known, side), names));
            self.closes.extend(finding, all);
        }
    }

    /// One connection more, or less, is in a state.
    fn count_state(&mut self, (host, state): (HostId, State), growth: i64) {
        if matches!(state, State::Closed | State::Listen) {
            return;
        }
        let count = self.states.entry((host, state)).or_default();
        *count = count.saturating_add_signed(growth);
        if *count == 0 {
            self.states.remove(&(host, state));
        }
    }

    /// The SYN of an attempt comes to the end that made another.
    fn cross(&mut self, attempt: Attempt, crossing: Attempt) {
        for (one, other) in [(attempt, crossing), (crossing, attempt)] {
            if let Some(known) = self.known.get_mut(&one) {
                known.crossing.get_or_insert(other); // what comes late crosses nothing any more
            }
        }
    }

    /// A reset that has landed is of no interest any more.
    fn forget_landed_reset(&mut self) {
        let Some(arrival) = self.arrival else { return };
        if !self.flying.contains_key(&arrival.segment) {
            self.resets.remove(&arrival.segment);
        }
    }
}
