//! One row for each incarnation: all that the world knows of one life of a connection on one host. The tag of the endpoint's
//! entries is the row's name, so that whatever a TCP wants done brings its row along.

use sim_core::Key;
use sim_time::Instant;
use smallvec::SmallVec;
use storage::push_sparingly;
use tcp_endpoint::{FourTuple, Handle, Reason, SeqNum, State, Timer, Transition};

use super::crowd::{Line, Place};
use super::intake::Intake;
use super::population::MachineId;
use super::transmit::Heard;
use crate::record::{Attempt, Blame, Incarnation, RecordId, Worth};
use crate::{HostId, Span};

/// All there is to know of one life of a connection on one host.
#[derive(Clone, Debug)]
pub(super) struct Row {
    number: u32,
    pub(super) host: HostId,
    pub(super) machine: MachineId,
    /// The entry that its application knows, or will know once the handshake is complete.
    pub(super) handle: Handle,
    pub(super) tuple: FourTuple,
    /// The deadlines of its entries.
    pub(super) deadlines: SmallVec<[Deadline; 2]>,
    /// How many entries of its host's tables are there for it.
    pub(super) entries: u32,
    /// The attempt it goes back to, and the life that opened that: itself, if it did. Nobody's, if it goes back to a forged
    /// segment.
    pub(super) attempt: Attempt,
    pub(super) opener: Option<Incarnation>,
    /// What is counted for the attempt, if it opened that.
    pub(super) counts: Counts,
    /// How many lives of the attempt there were on this host before.
    pub(super) nth: u32,
    /// The attempt whose octets belong into it: its own, but where two active opens crossed the other's.
    pub(super) heard: Attempt,
    /// The round that plays on it.
    pub(super) owner: Option<u32>,
    /// Whether an application holds the handle.
    pub(super) in_hand: bool,
    /// Whether a round of a server's script was begun for it and is not over.
    pub(super) served: bool,
    /// The last life at the other end of its 4-tuple, whoever that takes itself to be connected to.
    pub(super) other: Option<Incarnation>,
    /// The life at the other end, once each has taken the other's initial sequence number for its own.
    pub(super) partner: Option<Incarnation>,
    /// Who took octets of it last, and whose octets it took, where they are not partners.
    pub(super) taken_by: Option<Incarnation>,
    pub(super) takes_from: Option<Incarnation>,
    /// The end whose octets are lost if nobody reads them here, and the host of that: its partner, or who sent them, never
    /// heard of it, and is over.
    pub(super) answers_for: Option<(Incarnation, HostId)>,
    /// The longest chain of segments, each sent after the one before it came, of which the last has come to it.
    pub(super) trips: u32,
    /// Octets its application has sent.
    pub(super) sent: u64,
    /// The calls whose octets have not all been sent yet, each with the offset of its end.
    calls: SmallVec<[(u64, RecordId); 1]>,
    /// The call that closed its sending direction.
    pub(super) closed_by: Option<RecordId>,
    /// The call with which its application let go of it.
    pub(super) let_go_by: Option<RecordId>,
    /// The record with which its application was told that it can be accepted.
    pub(super) acceptable_by: Option<RecordId>,
    /// What has come to this end.
    pub(super) intake: Intake,
    /// How many of its octets had come to its partner when that ended, if it ended first; or were read at an end that it
    /// never heard of.
    pub(super) received: u64,
    /// Segments with its octets, or its SYN-ACK, that are still on their way: it is remembered until they have come.
    pub(super) in_flight: u32,
    /// The last retransmission of each sequence number that was retransmitted.
    pub(super) resent: SmallVec<[(SeqNum, u32); 1]>,
    pub(super) iss: SeqNum,
    pub(super) irs: Option<SeqNum>,
    pub(super) state: State,
    pub(super) passive: bool,
    /// The segment that made it: the SYN it was born of, or the SYN-ACK that opened it.
    pub(super) born_of: Option<RecordId>,
    /// The last segment between the two ends, as far as this one knows, of which nothing arrived, since something came that it
    /// waited for.
    pub(super) last_lost: Option<RecordId>,
    /// The end of that in sequence space, if it sent it itself.
    pub(super) lost_until: Option<SeqNum>,
    /// The last segment it sent that wants an answer, and whether nothing of it arrived.
    pub(super) last_asked: Option<(RecordId, bool)>,
    /// What first told it what its peer never said, if anything did: a forged segment that it accepted, or one that brought
    /// another connection's octets.
    pub(super) misled_by: Option<Blame>,
    /// The record of its birth, and that of its last change of state.
    pub(super) born_at: RecordId,
    pub(super) changed_by: Option<RecordId>,
    /// What is to blame for the segment that made it, if that was out of order.
    pub(super) made_by: Option<Blame>,
    /// Whether it was opened by a SYN-ACK that a host sent without keeping a connection.
    pub(super) cookie: bool,
    /// Its segments on their way that may make the other end.
    pub(super) coming: u32,
    /// All its segments on their way.
    pub(super) on_its_way: SmallVec<[UnderWay; 2]>,
    /// The last sent of its segments that have arrived.
    pub(super) arrived: Option<RecordId>,
    /// The last overflow that dropped a segment of it, since something came that it waited for.
    pub(super) dropped: Option<RecordId>,
    /// How the life at its other end ended, if it has: the last that did.
    pub(super) left: Option<Left>,
    /// The segment that brought its peer's FIN.
    pub(super) fin: Option<RecordId>,
    /// The segment with which it closed its window, if that is closed: its application does not read.
    pub(super) shut_by: Option<RecordId>,
    /// Of an end that opened and was answered, but has no partner: why there is none, if there ought to be one.
    pub(super) stranded_by: Option<Blame>,
    pub(super) worth: Worth,
    /// The last segment that was lost and would have ended it, if it was of no use.
    pub(super) prolonged_by: Option<RecordId>,
    /// The resets on their way to it: their numbers, and when they come.
    resets_coming: SmallVec<[(SeqNum, Instant); 1]>,
    /// The record after which it has to be judged again.
    pub(super) asked_by: Option<RecordId>,
    /// The scarce resource that it occupies.
    pub(super) takes: Option<Place>,
    /// In which line it waits for a worker, and the record with which it began to. It has had none since.
    pub(super) in_line: Option<(Line, RecordId)>,
    /// How it ended, if it has: it is remembered for what is on its way, and for what its application can still read.
    pub(super) ended: Option<End>,
    /// Whether nothing of it is left on its way or to be read, either. What remains is what entries of its host, such as a
    /// hold-down, and the attempt's segments still need.
    settled: bool,
}

/// How an incarnation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End {
    pub(super) reason: Reason,
    pub(super) from: State,
    /// The record of it, and its first cause: a call, a crash, a segment, a timer.
    pub(super) record: RecordId,
    pub(super) cause: RecordId,
    /// Whether that is an application's call.
    pub(super) called: bool,
    /// What is to blame for the segment that ended it, if that was out of order.
    pub(super) by: Option<Blame>,
}

impl End {
    /// Whether a record is of what it sent as it went: that goes between what ended it and its end.
    pub(super) fn sent_as_it_went(&self, record: RecordId) -> bool {
        self.cause < record && record < self.record
    }
}

/// The deadline of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub(super) entry: Handle,
    pub(super) key: Key,
    /// The record with which it was set.
    pub(super) armed_by: RecordId,
    /// Which timer fires then.
    pub(super) timer: Timer,
}

/// A segment on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct UnderWay {
    pub(super) id: RecordId,
    /// Whether its sender gives up if nothing answers it, in the end.
    pub(super) asks: bool,
    /// Whether it tells the other end something. A keepalive probe has nothing new, and is out of the window.
    pub(super) tells: bool,
    /// Whether it has a SYN.
    pub(super) syn: bool,
    /// RCV.NXT for which it is too old to be looked at, the least.
    pub(super) until: SeqNum,
}

impl UnderWay {
    /// Whether an end looks at it that expects that number, if it expects any.
    fn is_new_to(&self, expected: Option<SeqNum>) -> bool {
        expected.is_none_or(|next| self.until.after(next))
    }
}

/// How the other end of a connection left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Left {
    /// Which life that was, and its initial send sequence number.
    pub(super) by: Incarnation,
    pub(super) iss: SeqNum,
    pub(super) end: End,
    /// The last segment it sent that wants an answer, if that was lost.
    pub(super) asked_in_vain: Option<RecordId>,
    /// What it waited for, and was lost; and the last overflow that dropped a segment of it meanwhile.
    pub(super) last_lost: Option<RecordId>,
    pub(super) dropped: Option<RecordId>,
    /// The last it sent that was on its way and tells something, and the last that wants an answer.
    pub(super) told_under_way: Option<RecordId>,
    pub(super) asked_under_way: Option<RecordId>,
    /// What told it what its peer never said, if anything did.
    pub(super) misled_by: Option<Blame>,
    /// RCV.NXT as it went, once its peer's SYN had come.
    pub(super) expected: Option<SeqNum>,
}

/// Where a life comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Descent {
    pub(super) attempt: Attempt,
    /// The life that opened the attempt, if another did.
    pub(super) opener: Option<Incarnation>,
    /// How many lives of the attempt there were on the host before.
    pub(super) nth: u32,
    /// The life at the other end of the 4-tuple.
    pub(super) other: Option<Incarnation>,
    /// The chain of segments behind it.
    pub(super) trips: u32,
    /// The record of its birth.
    pub(super) born_at: RecordId,
    /// The segment that made it, if one did, and what is to blame for that if it was out of order.
    pub(super) born_of: Option<RecordId>,
    pub(super) made_by: Option<Blame>,
}

/// What is counted for one attempt while anything of it is alive: it names the draws and the octets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Segments on their way, and lives other than the opener's, that go back to the attempt.
    pub(super) holders: u32,
    pub(super) opened_by: Opener,
    /// The end that opened first.
    ends: [EndCounts; 2],
}

/// Which open of which session an attempt is. Unlike its ordinal among the opens of the host, that does not depend on how
/// other sessions fare.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Opener {
    /// The script's place among those of its host.
    pub(super) script: u16,
    /// The session's ordinal among those of the script, from 0.
    pub(super) session: u32,
    /// The open's ordinal among those of the session, from 1.
    pub(super) nth: u32,
}

/// What one end has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EndCounts {
    /// Lives of a connection.
    pub(super) lives: u32,
    /// Bare acknowledgments sent.
    pub(super) acks: u32,
    /// Resets sent.
    pub(super) resets: u32,
    /// SYN-ACKs sent.
    pub(super) syn_acks: u32,
    /// Octets its applications have sent.
    pub(super) octets: u64,
}

impl Counts {
    /// The counts of the end of `attempt` that `host` is: the one that opened it, or the other.
    pub(super) fn end(&mut self, attempt: Attempt, host: HostId) -> &mut EndCounts {
        &mut self.ends[usize::from(attempt.host != host)]
    }
}

impl Row {
    fn new(
        number: u32,
        (host, machine): (HostId, MachineId),
        transition: &Transition<Incarnation>,
        descent: Descent,
    ) -> Self {
        let Descent { attempt, opener, nth, other, trips, .. } = descent;
        Self {
            number,
            host,
            machine,
            handle: transition.entry,
            tuple: transition.tuple,
            deadlines: SmallVec::new(),
            entries: 0,
            attempt,
            opener,
            counts: Counts::default(),
            nth,
            heard: attempt,
            owner: None,
            in_hand: false,
            served: false,
            other,
            partner: None,
            taken_by: None,
            takes_from: None,
            answers_for: None,
            trips,
            sent: 0,
            calls: SmallVec::new(),
            closed_by: None,
            let_go_by: None,
            acceptable_by: None,
            intake: Intake::default(),
            received: 0,
            in_flight: 0,
            resent: SmallVec::new(),
            iss: transition.iss,
            irs: transition.irs,
            state: transition.from,
            passive: transition.passive,
            born_of: descent.born_of,
            last_lost: None,
            lost_until: None,
            last_asked: None,
            misled_by: None,
            born_at: descent.born_at,
            changed_by: None,
            made_by: descent.made_by,
            cookie: false,
            coming: 0,
            on_its_way: SmallVec::new(),
            arrived: None,
            dropped: None,
            left: None,
            fin: None,
            shut_by: None,
            stranded_by: None,
            worth: Worth::Useful,
            prolonged_by: None,
            resets_coming: SmallVec::new(),
            asked_by: None,
            takes: None,
            in_line: None,
            ended: None,
            settled: false,
        }
    }

    /// Whether it opened the connection.
    pub(super) const fn is_active(&self) -> bool {
        !self.passive
    }

    /// A reset of that number will come to it, so many times.
    pub(super) fn note_reset(&mut self, seq: SeqNum, deliveries: &[Instant], now: Instant) {
        self.resets_coming.retain(|(_, at)| *at >= now);
        self.resets_coming.extend(deliveries.iter().map(|at| (seq, *at)));
    }

    /// Whether a reset that ends it is on its way.
    pub(super) fn ends_soon(&self, now: Instant) -> bool {
        self.resets_coming.iter().any(|(seq, at)| *at >= now && self.receive_next() == Some(*seq))
    }

    /// Whether its TCB is held.
    pub(super) const fn is_held(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether a life at the other end is its partner, or may become it.
    pub(super) fn may_pair_with(&self, other: Incarnation) -> bool {
        self.partner.is_none_or(|partner| partner == other)
    }

    /// What is to blame if its entry has no one, or the wrong one, at its other end: what it sends is wasted.
    pub(super) const fn waste(&self) -> Option<Blame> {
        match self.worth {
            Worth::Abandoned(blame) | Worth::Ghost(blame) => Some(blame),
            Worth::Useful | Worth::Bereft(_) => None,
        }
    }

    /// A call sent octets, up to that offset.
    pub(super) fn note_call(&mut self, until: u64, call: RecordId) {
        self.calls.push((until, call));
    }

    /// Whether octets are part of what the other end has to say to it.
    pub(super) fn hears(&self, octets: &Span) -> bool {
        octets.attempt == self.heard && octets.sender != self.host
    }

    /// RCV.NXT, once its peer's SYN has come.
    pub(super) fn receive_next(&self) -> Option<SeqNum> {
        self.receive_next_in(self.state)
    }

    /// What that is, or was, in a state.
    fn receive_next_in(&self, state: State) -> Option<SeqNum> {
        let finished = matches!(state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        Some(self.irs? + 1 + self.intake.octets() + u32::from(finished))
    }

    /// How it has left its other end, whose RCV.NXT is `expected`, if it has ended.
    pub(super) fn leaves(&self, life: Incarnation, expected: Option<SeqNum>) -> Option<Left> {
        let asked_in_vain = self.last_asked.filter(|(_, lost)| *lost).map(|(asked, _)| asked);
        let told_under_way = self.on_its_way.iter().filter(|segment| segment.tells && segment.is_new_to(expected));
        let (told_under_way, asked_under_way) =
            (told_under_way.map(|segment| segment.id).max(), self.asked_under_way());
        let end = self.ended?;
        let expected = self.receive_next_in(end.from);
        let Self { iss, last_lost, dropped, misled_by, .. } = *self;
        Some(Left {
            by: life,
            iss,
            end,
            asked_in_vain,
            last_lost,
            dropped,
            told_under_way,
            asked_under_way,
            misled_by,
            expected,
        })
    }

    /// It sends a segment, and says in it how much it takes.
    pub(super) fn note_window(&mut self, window: u32, by: RecordId) {
        self.shut_by = (window == 0).then(|| self.shut_by.unwrap_or(by));
    }

    /// The last it sent that is on its way and tells an end something that is in that state and expects that number: who opens
    /// waits for a SYN, and who is open for none.
    pub(super) fn told_under_way(&self, state: State, expected: Option<SeqNum>) -> Option<RecordId> {
        let tells = |segment: &&UnderWay| match state {
            State::SynSent => segment.syn,
            State::SynReceived => segment.tells,
            _ => segment.tells && !segment.syn && segment.is_new_to(expected),
        };
        self.on_its_way.iter().filter(tells).map(|segment| segment.id).max()
    }

    /// The first it sent that is on its way and opens the other end.
    pub(super) fn opens_under_way(&self) -> Option<RecordId> {
        self.on_its_way.iter().filter(|segment| segment.syn).map(|segment| segment.id).min()
    }

    /// The last it sent that is on its way and wants an answer.
    pub(super) fn asked_under_way(&self) -> Option<RecordId> {
        self.on_its_way.iter().filter(|segment| segment.asks).map(|segment| segment.id).max()
    }

    /// Whether something was lost or dropped that it may wait for.
    pub(super) const fn misses(&self) -> bool {
        self.last_lost.is_some() || self.dropped.is_some()
    }

    /// Something comes that it waited for: what was lost before is of no interest any more.
    pub(super) fn has_heard(&mut self, heard: Option<Heard>) {
        self.last_lost = self.last_lost.filter(|_| heard.is_none());
        self.dropped = self.dropped.filter(|_| heard != Some(Heard::All));
    }

    /// Takes out an entry's deadline, if that is set.
    pub(super) fn take_deadline(&mut self, entry: Handle) -> Option<Deadline> {
        let place = self.deadlines.iter().position(|deadline| deadline.entry == entry)?;
        Some(self.deadlines.swap_remove(place))
    }

    /// The call that sent the first of these octets, if it is not known to have been sent all. What is sent for the first
    /// time is sent in order, so calls whose octets are all sent are forgotten.
    pub(super) fn take_call(&mut self, octets: &Span) -> Option<RecordId> {
        let (start, end) = (octets.offset, octets.offset + u64::from(octets.length));
        self.calls.retain(|(until, _)| *until > start);
        let call = self.calls.first().map(|(_, call)| *call);
        self.calls.retain(|(until, _)| *until > end);
        call
    }
}

/// The rows, in places that are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    places: Vec<Option<Row>>,
    free: Vec<u32>,
    /// The place that is kept for the next birth.
    next: Option<u32>,
    born: u32,
}

impl Rows {
    /// What the next life to be born will be called.
    pub(super) fn next(&mut self) -> Incarnation {
        let Self { places, free, next, born } = self;
        let place = *next.get_or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                u32::try_from(push_sparingly(places, None)).expect("fewer than 2³² are alive at once")
            })
        });
        Incarnation::new(*born, place)
    }

    /// A life begins, under the name that [`Rows::next`] gave.
    pub(super) fn born(
        &mut self,
        on: (HostId, MachineId),
        transition: &Transition<Incarnation>,
        descent: Descent,
    ) -> Incarnation {
        let life = self.next();
        debug_assert_eq!(life, transition.tag, "what is born bears the name that was kept for it");
        let mut row = Row::new(life.number, on, transition, descent);
        if row.is_active() {
            row.opener = Some(life);
        }
        self.places[life.place as usize] = Some(row);
        (self.next, self.born) = (None, self.born + 1);
        life
    }

    /// The row of a life; none once nothing needs it any more.
    pub(super) fn get(&self, life: Incarnation) -> Option<&Row> {
        self.places.get(life.place as usize)?.as_ref().filter(|row| row.number == life.number)
    }

    pub(super) fn get_mut(&mut self, life: Incarnation) -> Option<&mut Row> {
        self.places.get_mut(life.place as usize)?.as_mut().filter(|row| row.number == life.number)
    }

    /// The row in a place, and the life it is of.
    pub(super) fn at_mut(&mut self, place: u32) -> Option<(Incarnation, &mut Row)> {
        let row = self.places.get_mut(place as usize)?.as_mut()?;
        Some((Incarnation::new(row.number, place), row))
    }

    /// The row of a life that is there, or of which something is left on its way or to be read.
    pub(super) fn remembered(&self, life: Incarnation) -> Option<&Row> {
        self.get(life).filter(|row| !row.settled)
    }

    pub(super) fn remembered_mut(&mut self, life: Incarnation) -> Option<&mut Row> {
        self.get_mut(life).filter(|row| !row.settled)
    }

    /// Nothing of a life is left on its way or to be read.
    pub(super) fn settle(&mut self, life: Incarnation) {
        if let Some(row) = self.get_mut(life) {
            row.settled = true;
            self.free_if_done(life);
        }
    }

    /// Gives a row's place back if nothing needs it any more.
    pub(super) fn free_if_done(&mut self, life: Incarnation) {
        let done = |row: &Row| row.settled && row.entries == 0 && row.counts.holders == 0 && !row.served;
        if self.get(life).is_some_and(done) {
            self.places[life.place as usize] = None;
            self.free.push(life.place);
        }
    }

    /// How many places there are, with those that are free.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// All rows, with the lives they are of, in the order of the places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Incarnation, &Row)> {
        let rows = (0..).zip(&self.places);
        rows.filter_map(|(place, row)| row.as_ref().map(|row| (Incarnation::new(row.number, place), row)))
    }
}
