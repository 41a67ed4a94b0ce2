//! Ground truth: who really is at the other end of every connection. No protocol code can see it.

use std::net::Ipv4Addr;

use rustc_hash::FxHashSet;
use tcp_endpoint::{FourTuple, Reason, Segment, SeqNum, State, Transition};

use super::crowd::Place;
use super::population::MachineId;
use super::rows::{Descent, End, Left, Row, Rows};
use crate::record::{Attempt, Blame, Cause, Incarnation, RecordId, StateChange, Worth};
use crate::{HostId, Span};

/// Where a change of state comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// The name that its record will have.
    pub(super) record: RecordId,
    /// The first of its causes.
    pub(super) cause: RecordId,
    /// Whether that is an application's call.
    pub(super) called: bool,
    /// The connection whose segment it comes of.
    pub(super) sender: Option<Incarnation>,
    /// What is to blame for that segment, if it was out of order.
    pub(super) by: Option<Blame>,
}

/// Octets that can no longer arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Loss {
    pub(super) host: HostId,
    pub(super) incarnation: Incarnation,
    pub(super) octets: u64,
}

/// The incarnations that are alive, or of which something is left.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    pub(super) rows: Rows,
    addresses: FxHashSet<Ipv4Addr>,
}

impl Truth {
    /// Nothing has happened yet between machines with these addresses.
    pub(super) fn new(addresses: impl Iterator<Item = Ipv4Addr>) -> Self {
        Self { rows: Rows::default(), addresses: addresses.collect() }
    }

    /// What is known of an incarnation; `None` once it is over and nothing of it is left on its way.
    pub(super) fn get(&self, life: Incarnation) -> Option<&Row> {
        self.rows.remembered(life)
    }

    pub(super) fn get_mut(&mut self, life: Incarnation) -> Option<&mut Row> {
        self.rows.remembered_mut(life)
    }

    /// Notes a new entry. It is useful until it is judged.
    pub(super) fn born(
        &mut self,
        on: (HostId, MachineId),
        transition: &Transition<Incarnation>,
        descent: Descent,
    ) -> Incarnation {
        let life = self.rows.born(on, transition, descent);
        if let Some(other) = descent.other.and_then(|other| self.get_mut(other)) {
            other.other = Some(life);
        }
        life
    }

    /// Notes a change of state, and where it comes from. Returns the record of it.
    pub(super) fn changed(
        &mut self,
        life: Incarnation,
        transition: &Transition<Incarnation>,
        source: Source,
    ) -> Option<StateChange> {
        let known = self.get_mut(life)?;
        known.state = transition.to;
        known.iss = transition.iss;
        known.irs = transition.irs;
        let change = StateChange {
            host: known.host,
            incarnation: life,
            attempt: known.attempt,
            iss: known.iss,
            irs: known.irs,
            trips: known.trips,
            tuple: transition.tuple,
            from: transition.from,
            to: transition.to,
            reason: transition.reason,
            passive: transition.passive,
        };
        if transition.to == State::Closed {
            let others = [known.partner, known.other];
            let Source { record, cause, called, by, .. } = source;
            known.ended = Some(End { reason: transition.reason, from: transition.from, record, cause, called, by });
            for other in others.into_iter().flatten() {
                let may_pair = |other: &&Row| other.may_pair_with(life);
                let Some(expected) = self.get(other).filter(may_pair).map(Row::receive_next) else { continue };
                let left = self.get(life).and_then(|known| known.leaves(life, expected));
                if let Some(other) = self.get_mut(other) {
                    other.left = left;
                }
            }
        } else if !transition.stays_open() {
            self.pair(life, source.sender);
        }
        Some(change)
    }

    /// Makes partners of the ends that have taken each other's initial sequence numbers. An end has one partner in its life,
    /// even if another comes that bears the same numbers. The other may have ended, if it is its answer that opens this one
    /// and none that is held fits; it is `sender` then, or else the last at the other end.
    fn pair(&mut self, life: Incarnation, sender: Option<Incarnation>) {
        let Some(mine) = self.get(life) else { return };
        let fits = |other: &Incarnation| {
            self.get(*other).is_some_and(|theirs| {
                let numbers_fit = mine.irs == Some(theirs.iss) && theirs.irs == Some(mine.iss);
                let met = theirs.tuple == mine.tuple.flipped() && (theirs.is_held() || mine.is_active());
                numbers_fit && met && mine.may_pair_with(*other) && theirs.may_pair_with(life)
            })
        };
        let fitting = || [sender, self.other_end(mine)].into_iter().flatten().filter(fits);
        let Some(other) = fitting().find(|other| self.holds(*other)).or_else(|| fitting().next()) else { return };
        let Some(theirs) = self.get(other) else { return };
        let (mine_name, theirs_name) = ((life, mine.host), (other, theirs.host));
        let left = theirs.leaves(other, mine.receive_next());
        let (mine_attempt, theirs_attempt, crossed) = (mine.attempt, theirs.attempt, !mine.passive && !theirs.passive);
        for (end, (partner, host), attempt) in [(life, theirs_name, theirs_attempt), (other, mine_name, mine_attempt)] {
            let Some(known) = self.get_mut(end) else { continue };
            (known.partner, known.answers_for) = (Some(partner), Some((partner, host)));
            known.stranded_by = None;
            if crossed {
                known.heard = attempt;
            }
        }
        if let Some(known) = self.get_mut(life).filter(|_| left.is_some()) {
            known.left = left;
        }
    }

    /// The last incarnation at the other end of the 4-tuple, whoever it takes itself to be connected to.
    pub(super) fn other_end(&self, known: &Row) -> Option<Incarnation> {
        known.other.filter(|other| self.get(*other).is_some())
    }

    /// Octets of one end came to the other, in order. They may be no partners: one has not heard of the other yet, or never
    /// does.
    pub(super) fn took(&mut self, receiver: Incarnation, sender: Incarnation) {
        let (Some(to), Some(from)) = (self.get(receiver), self.get(sender)) else { return };
        if to.partner == Some(sender) || to.irs != Some(from.iss) {
            return;
        }
        if let Some(to) = self.get_mut(receiver) {
            to.takes_from = Some(sender);
        }
        if let Some(from) = self.get_mut(sender) {
            from.taken_by = Some(receiver);
        }
    }

    /// Whether the TCB is still held.
    pub(super) fn holds(&self, life: Incarnation) -> bool {
        self.get(life).is_some_and(Row::is_held)
    }

    /// Notes that the sequence space from `seq` on was sent for another time.
    pub(super) fn resent(&mut self, life: Incarnation, seq: SeqNum, retransmission: u32) {
        let Some(known) = self.get_mut(life) else { return };
        match known.resent.iter_mut().find(|(resent, _)| *resent == seq) {
            Some((_, last)) => *last = retransmission.max(*last),
            None => known.resent.push((seq, retransmission)),
        }
    }

    /// Whether the sequence space from `seq` on was sent again after retransmission number `retransmission` of it.
    pub(super) fn superseded(&self, life: Incarnation, seq: SeqNum, retransmission: u32) -> bool {
        self.get(life).is_some_and(|known| known.resent.iter().any(|(s, last)| *s == seq && *last > retransmission))
    }

    /// A SYN, or a SYN-ACK, answered an end that opened. Without a partner it is `stranded`, if there is no end to that
    /// segment; otherwise a listener that keeps nothing, if it was one, waits for what it says next.
    pub(super) fn answered(&mut self, life: Incarnation, by: RecordId, cookie: bool, stranded: Option<Blame>) {
        let Some(known) = self.get_mut(life) else { return };
        known.born_of = Some(by);
        known.cookie = cookie;
        known.stranded_by = stranded.filter(|_| known.partner.is_none());
    }

    /// What an end says does not come to the other. If that keeps nothing before it hears this, that is why there is nobody.
    pub(super) fn unsaid(&mut self, life: Incarnation, blame: Blame) {
        if let Some(known) = self.get_mut(life).filter(|known| known.cookie && known.partner.is_none()) {
            known.stranded_by = Some(blame);
        }
    }

    /// Whether there is, or can still come, anyone at the other end of a connection (the classes of ARCHITECTURE.md).
    fn has_other_end(&self, known: &Row) -> bool {
        let unaware = || {
            let other = known.other.and_then(|other| self.get(other));
            other.is_some_and(|other| other.is_held() && other.state == State::SynSent && known.irs == Some(other.iss))
        };
        match known.partner {
            Some(partner) => self.holds(partner),
            None => known.coming > 0 || unaware(),
        }
    }

    /// The verdict on a connection that is not CLOSED, by the table of ARCHITECTURE.md.
    pub(super) fn worth(&self, known: &Row) -> Worth {
        let waits = matches!(known.state, State::SynSent | State::TimeWait | State::Listen | State::Closed);
        if waits || self.has_other_end(known) {
            return Worth::Useful;
        }
        // A verdict that only changes its name keeps what is to blame.
        let blame = known.worth.blame().unwrap_or_else(|| self.blame(known));
        match known.state {
            State::SynReceived if known.passive => Worth::Abandoned(blame),
            _ if known.passive && known.partner.is_none() => Worth::Ghost(blame),
            _ => Worth::Bereft(blame),
        }
    }

    /// What is to blame for a connection with nobody at its other end, by the table of ARCHITECTURE.md:
    ///
    /// * its SYN was forged, or nobody has the other end's address: the forged segment;
    /// * its other end was there once and ended: see [`blame_for_end`];
    /// * nobody was there ever: why what was to bring the other end did not, or why what made this end came too late; or
    ///   what told the connection at the other end, which is another, what its peer never said.
    fn blame(&self, known: &Row) -> Blame {
        if self.is_forged(known.attempt, known.tuple) {
            return Blame { cause: Cause::Forged, record: known.born_of };
        }
        let other = known.partner.or(known.other);
        match known.left.filter(|left| Some(left.by) == other) {
            Some(left) if known.partner.is_some() || was_unaware(known, &left) => blame_for_end(known, &left),
            _ => {
                let occupant = || other.and_then(|other| self.get(other));
                let misled = || occupant().and_then(|other| other.misled_by.or(other.made_by));
                known.stranded_by.or(known.made_by).or_else(misled).unwrap_or(UNKNOWN)
            }
        }
    }

    /// Whether the SYN behind a connection was forged, or nobody has the address it bears.
    fn is_forged(&self, attempt: Attempt, tuple: FourTuple) -> bool {
        attempt.is_forged() || !self.addresses.contains(tuple.remote.ip())
    }

    /// What is to blame for the SYN-ACK of a listener that keeps nothing, if nobody waits for it: there would be no live
    /// peer for the connection that it offers. It comes to `client`, if there is a connection of its name. The SYN is
    /// `syn`, of that attempt, and `by` is to blame for it if it was out of order itself.
    pub(super) fn wasted_offer(
        &self,
        offer: &Segment<Span>,
        client: Option<Incarnation>,
        (syn, attempt): (RecordId, Attempt),
        by: Option<Blame>,
    ) -> Option<Blame> {
        let tuple = offer.receiver_tuple().flipped();
        let awaited = client.and_then(|life| self.get(life)).is_some_and(|client| {
            client.is_held()
                && offer.ack == client.iss + 1
                && (client.state == State::SynSent || client.irs == Some(offer.seq) && client.partner.is_none())
        });
        if awaited {
            return None;
        }
        let forged = self.is_forged(attempt, tuple).then_some(Blame { cause: Cause::Forged, record: Some(syn) });
        by.or(forged).or(Some(UNKNOWN))
    }

    /// Notes that nothing arrives of a segment for which an end waits, or for the answer to it. Its sequence space ends with
    /// `until` if that end sent it.
    pub(super) fn lost(&mut self, end: Option<Incarnation>, segment: RecordId, until: Option<SeqNum>) {
        if let Some(known) = end.and_then(|end| self.get_mut(end)).filter(|known| known.is_held()) {
            (known.last_lost, known.lost_until) = (Some(segment), until);
        }
    }

    /// A segment that would have ended a useless connection is lost: from now on that is to blame for it. It may be of no use
    /// only when the event is over. Returns whether the verdict has changed.
    pub(super) fn prolong(&mut self, life: Incarnation, segment: RecordId) -> bool {
        let Some(known) = self.get_mut(life).filter(|known| known.is_held()) else { return false };
        known.prolonged_by = Some(segment);
        known.worth = known.worth.blamed_on(Blame { cause: Cause::Lost, record: Some(segment) });
        known.worth.blame().is_some()
    }

    /// Nobody will read what has come to an end in order: the octets that are lost with that. Whose they are has to be known:
    /// what the end of a client that has never heard of it does not read may still be read at another.
    pub(super) fn drop_unread(&mut self, life: Incarnation) -> Option<Loss> {
        let known = self.get_mut(life)?;
        let (partner, host) = known.answers_for?;
        // Another that the same cookie made may have sent them.
        let sender = (known.takes_from.unwrap_or(partner), host);
        loss(sender, known.intake.drop_unread())
    }

    /// Forgets an incarnation that is over, once no application holds it or has yet to accept it, and what it is remembered
    /// for has left the network; `None` while it must be remembered. Returns the octets it sent that had not arrived in order
    /// at the other end, and those the other end sent that had arrived but were dropped unread.
    pub(super) fn settle(&mut self, life: Incarnation) -> Option<[Option<Loss>; 2]> {
        let settled = |known: &&Row| {
            known.in_flight == 0 && !known.in_hand && !matches!(known.takes, Some(Place::AcceptQueue(_)))
        };
        let known = self.get(life).filter(settled)?;
        known.ended?;
        let Row { host, sent, intake, answers_for, received, .. } = *known;
        let arrived = |receiver: Incarnation| Some((self.get(receiver)?.intake.arrived(), receiver));
        let (receiver, sender) = ([known.taken_by, known.partner], known.partner.or(known.takes_from));
        let receiver = receiver.into_iter().flatten().filter_map(arrived).max_by_key(|(arrived, _)| *arrived);
        // Of what had come to an end that is over, that has told.
        let receiver = receiver.filter(|(arrived, _)| *arrived > received);
        let (arrived, receiver) = receiver.map_or((received, None), |(arrived, receiver)| (arrived, Some(receiver)));
        let losses = [
            loss((life, host), sent.saturating_sub(arrived)),
            answers_for.and_then(|sender| loss(sender, intake.unread())),
        ];
        if let Some(receiver) = receiver.and_then(|receiver| self.get_mut(receiver)) {
            receiver.answers_for = Some((life, host));
        }
        if let Some(sender) = sender.and_then(|sender| self.get_mut(sender)) {
            // What was not read here may be read at another end yet.
            let received = if answers_for.is_some() { intake.arrived() } else { intake.read() };
            sender.received = sender.received.max(received);
        }
        self.rows.settle(life);
        Some(losses)
    }
}

/// Nothing that is known.
pub(super) const UNKNOWN: Blame = Blame { cause: Cause::Unknown, record: None };

/// Whether the other end, which has no partner, was one that had not heard of this one.
fn was_unaware(known: &Row, left: &Left) -> bool {
    left.end.from == State::SynSent && known.irs == Some(left.iss) && known.born_at < left.end.record
}

/// What is to blame for the end of the other end of a connection, of which this one did not hear:
///
/// * it crashed: the crash; it was thrown out of a cache: that the cache was full;
/// * a call ended it, or it gave up, or its application had closed and octets came: its reset, if that was lost;
/// * octets came that no one would read: what is to blame for them, if they were out of order; or else the call that let go;
/// * a call ended it: what it waited for in vain, if it was not open yet; or else the call;
/// * a segment ended it that was out of order itself: what is to blame for that; or else its last words, if they were lost;
///   if these are on their way, that is no accident; and if it had none, what told either end what its peer never said;
/// * it did not wait for ever for the application of this end to close: that application, which got the FIN;
/// * otherwise what it waited for in vain; or the application of this end, which does not read, so that the window was closed.
fn blame_for_end(known: &Row, left: &Left) -> Blame {
    let of = |cause, record| Blame { cause, record: Some(record) };
    let Left { end, asked_in_vain, misled_by, .. } = left;
    let in_vain = || in_vain(known, left);
    let misled = known.misled_by.or(*misled_by);
    match end.reason {
        Reason::Crash => of(Cause::Crash, end.cause),
        Reason::Evicted => of(Cause::Capacity, end.cause),
        Reason::Overflow => known.dropped.map_or(UNKNOWN, |overflow| of(Cause::Capacity, overflow)),
        // The reset that it sent itself.
        Reason::Call | Reason::GaveUp | Reason::Unread
            if known.prolonged_by.is_some_and(|reset| end.sent_as_it_went(reset)) =>
        {
            Blame { cause: Cause::Lost, record: known.prolonged_by }
        }
        Reason::Call => {
            // A call may end it with a FIN.
            let fin = known.last_lost.filter(|lost| end.sent_as_it_went(*lost));
            let fin = fin.filter(|fin| left.told_under_way < Some(*fin));
            let in_vain_only = end.from == State::SynSent || !end.called;
            let call = end.called.then(|| of(Cause::Application, end.cause));
            let lost = fin.map(|fin| of(Cause::Lost, fin));
            lost.or_else(|| in_vain_only.then(in_vain).flatten()).or(call).unwrap_or(UNKNOWN)
        }
        Reason::Unread => end.by.unwrap_or(of(Cause::Application, end.cause)),
        Reason::Expired if end.from == State::FinWait2 && known.state == State::CloseWait && known.fin.is_some() => {
            Blame { cause: Cause::Application, record: known.fin }
        }
        Reason::Reset | Reason::Segment => {
            let last_words = known.last_lost.filter(|lost| *lost > end.cause);
            let lost = last_words.map(|last_words| of(Cause::Lost, last_words));
            // Without room for TIME-WAIT what it answered last is not sent again.
            let without_room = end.by.is_some_and(|by| by.cause == Cause::Capacity);
            let known = if without_room { lost.or(end.by) } else { end.by.or(lost) };
            known.or(if end.from == State::LastAck { misled } else { on_its_way(left) }).unwrap_or(UNKNOWN)
        }
        Reason::GaveUp | Reason::Expired => {
            // What brought octets of another connection has the blame, unless what it asked last was lost.
            let misled = misled.filter(|_| asked_in_vain.is_none());
            let unread = known.shut_by.filter(|_| end.reason == Reason::GaveUp);
            let unread = || unread.map(|shut| of(Cause::Application, shut));
            misled.or_else(in_vain).or_else(unread).or_else(|| late(known, left)).unwrap_or(UNKNOWN)
        }
    }
}

/// That what the other end said last is on its way, which is no accident: it keeps no TIME-WAIT.
fn on_its_way(left: &Left) -> Option<Blame> {
    let closing = matches!(left.end.from, State::FinWait1 | State::FinWait2 | State::Closing);
    let segment = left.told_under_way.filter(|_| closing)?;
    Some(Blame { cause: Cause::Unknown, record: Some(segment) })
}

/// What was still on its way when the other end stopped waiting, or when this one waits: what the one that waits asked last,
/// or what the other sent last.
fn late(known: &Row, left: &Left) -> Option<Blame> {
    let waited = left.end.from != State::TimeWait;
    let own = if waited { known.told_under_way(left.end.from, left.expected) } else { known.asked_under_way() };
    let others = if waited { left.asked_under_way } else { left.told_under_way };
    let sent = own.filter(|sent| *sent < left.end.record).max(others)?;
    Some(Blame { cause: Cause::Delayed, record: Some(sent) })
}

/// What came of what two ends said to each other in vain: the last segment that was lost, or that found a full queue. In
/// TIME-WAIT an end waits for nothing: it is the other that waits then.
fn in_vain(known: &Row, left: &Left) -> Option<Blame> {
    let waited = left.end.from != State::TimeWait;
    let lost = if waited { left.last_lost.max(left.asked_in_vain) } else { known.last_lost };
    let lost = lost.map(|packet| Blame { cause: Cause::Lost, record: Some(packet) });
    let dropped = if waited { known.dropped.max(left.dropped) } else { known.dropped };
    let dropped = dropped.map(|overflow| Blame { cause: Cause::Capacity, record: Some(overflow) });
    // What comes to nothing after the answer that opens it was sent, and is on its way, is no matter.
    let answer = known.opens_under_way().filter(|_| left.end.from == State::SynSent);
    let matters = |blame: &Blame| answer.is_none_or(|answer| blame.record < Some(answer));
    lost.into_iter().chain(dropped).max_by_key(|blame| blame.record).filter(matters)
}

fn loss((incarnation, host): (Incarnation, HostId), octets: u64) -> Option<Loss> {
    (octets > 0).then_some(Loss { host, incarnation, octets })
}
