//! Ground truth: who really is at the other end of every connection. No protocol code can see it.

use std::net::Ipv4Addr;

use rustc_hash::FxHashSet;
use tcp_endpoint::{FourTuple, Reason, Segment, SeqNum, State, Transition};

use super::population::MachineId;
use super::rows::{Descent, End, Row, Rows};
use crate::record::{Attempt, Blame, Cause, Incarnation, RecordId, Scarce, StateChange, Worth};
use crate::{HostId, Span};

/// What an entry was born of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Birth {
    /// A call.
    Call,
    /// The arrival of a segment.
    Segment(RecordId),
}

/// What may have changed a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trigger {
    Born(Birth),
    /// The connection's own state changed.
    Own,
    /// The other end's state changed.
    Other,
}

/// What a verdict was changed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Judgement {
    pub(super) life: Incarnation,
    pub(super) worth: Worth,
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

    /// Notes a new entry. It is useful until [`Truth::judge`] says otherwise.
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

    /// Notes a change of state, and what is to blame for the segment behind it if that was out of order; returns the record
    /// of it.
    pub(super) fn changed(
        &mut self,
        life: Incarnation,
        transition: &Transition<Incarnation>,
        by: Option<Blame>,
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
            known.ended = Some(End { reason: transition.reason, from: transition.from, by });
        } else if !transition.stays_open() {
            self.pair(life);
        }
        Some(change)
    }

    /// Makes partners of the ends that have taken each other's initial sequence numbers, and binds a client that is
    /// open to its server. An end has one partner in its life, even if another comes that bears the same numbers.
    fn pair(&mut self, life: Incarnation) {
        let Some(mine) = self.get(life) else { return };
        let Some(other) = self.other_end(mine) else { return };
        let Some(theirs) = self.get(other) else { return };
        let numbers_fit = mine.irs == Some(theirs.iss) && theirs.irs == Some(mine.iss);
        if !numbers_fit || !mine.may_pair_with(other) || !theirs.may_pair_with(life) {
            return;
        }
        let bound = |client: &Row, server: &Row| server.passive && client.state.synchronized();
        let (mine_bound, theirs_bound) = (bound(theirs, mine), bound(mine, theirs));
        let (mine_name, theirs_name) = ((life, mine.host), (other, theirs.host));
        let (mine_attempt, theirs_attempt, crossed) = (mine.attempt, theirs.attempt, !mine.passive && !theirs.passive);
        for (end, (partner, host), bound, attempt) in
            [(life, theirs_name, mine_bound, theirs_attempt), (other, mine_name, theirs_bound, mine_attempt)]
        {
            let Some(known) = self.get_mut(end) else { continue };
            (known.partner, known.partner_host) = (Some(partner), host);
            known.stranded_by = None;
            known.bound |= bound;
            if crossed {
                known.heard = attempt;
            }
        }
    }

    /// The last incarnation at the other end of the 4-tuple, whoever it takes itself to be connected to.
    pub(super) fn other_end(&self, known: &Row) -> Option<Incarnation> {
        known.other.filter(|other| self.get(*other).is_some())
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
    /// segment; otherwise a listener that keeps nothing waits for what it says next.
    pub(super) fn answered(&mut self, life: Incarnation, by: RecordId, stranded: Option<Blame>) {
        let Some(known) = self.get_mut(life) else { return };
        known.born_of = Some(by);
        known.stranded_by = stranded.filter(|_| known.partner.is_none());
    }

    /// What an end says does not come to the other. If it opened, and was answered by a listener that keeps nothing, there
    /// is nobody at its other end until something does.
    pub(super) fn unsaid(&mut self, life: Incarnation, blame: Blame) -> Option<Judgement> {
        let known = self.get_mut(life)?;
        if known.passive || known.partner.is_some() || known.ended.is_some() || !known.state.synchronized() {
            return None;
        }
        known.stranded_by = Some(blame);
        self.judge_one(life, Trigger::Own, None)
    }

    /// Judges both ends of a connection after `life` changed its state; `birth` is given if it was just born.
    pub(super) fn judge(
        &mut self,
        life: Incarnation,
        birth: Option<Birth>,
        transition: &Transition<Incarnation>,
        by: Option<Blame>,
    ) -> [Option<Judgement>; 2] {
        let other = self.get(life).and_then(|known| self.other_end(known));
        if let (Some(Birth::Segment(id)), Some(known)) = (birth, self.get_mut(life)) {
            known.born_of = Some(id);
        }
        if transition.to == State::Closed
            && matches!(transition.reason, Reason::Crash | Reason::Call)
            && let Some(known) = other.and_then(|other| self.get_mut(other))
        {
            known.forsaken |= known.partner == Some(life);
        }
        let own = self.judge_one(life, birth.map_or(Trigger::Own, Trigger::Born), by);
        // Among the states of an open connection, the other end cannot tell one from another.
        let other = other.filter(|_| !transition.stays_open());
        [own, other.and_then(|other| self.judge_one(other, Trigger::Other, by))]
    }

    fn judge_one(&mut self, life: Incarnation, trigger: Trigger, by: Option<Blame>) -> Option<Judgement> {
        let known = self.get(life).filter(|known| known.is_held())?;
        let worth = self.worth(life, known, || self.blame(known, trigger, by));
        if worth == known.worth {
            return None;
        }
        self.get_mut(life)?.worth = worth;
        Some(Judgement { life, worth })
    }

    /// The verdict on a connection, in the words of the vocabulary (ARCHITECTURE.md). An active one waits for whoever may
    /// answer; only when that has come it can be without anyone.
    fn worth(&self, life: Incarnation, known: &Row, blame: impl FnOnce() -> Blame) -> Worth {
        let deserted = match (known.passive, known.partner) {
            (true, _) => !self.has_live_peer(life, known),
            (false, Some(partner)) => !self.holds(partner),
            (false, None) => known.stranded_by.is_some(),
        };
        match known.state {
            _ if !deserted => Worth::Useful,
            State::SynReceived if known.passive => Worth::Abandoned(blame()),
            _ if known.passive && !known.bound => Worth::Ghost(blame()),
            State::SynReceived | State::Established | State::FinWait1 | State::FinWait2 => Worth::Bereft(blame()),
            // The other end's FIN was heard: it may be gone for good reasons, if it has not crashed and was not aborted.
            State::CloseWait | State::Closing | State::LastAck if known.forsaken => Worth::Bereft(blame()),
            _ => Worth::Useful,
        }
    }

    /// How the other end of a connection ended, if it has.
    fn end_of_other(&self, known: &Row) -> Option<End> {
        self.get(known.partner.or_else(|| self.other_end(known))?)?.ended
    }

    /// Whether there is a client TCB that holds this connection's IRS as its ISS and is in SYN-SENT, or is bound to
    /// its ISS.
    fn has_live_peer(&self, life: Incarnation, server: &Row) -> bool {
        let other = self.other_end(server);
        let Some(client) = other.and_then(|other| self.get(other)) else { return false };
        client.is_held()
            && client.may_pair_with(life)
            && server.partner.is_none_or(|partner| Some(partner) == other)
            && server.irs == Some(client.iss)
            && (client.state == State::SynSent || client.irs == Some(server.iss))
    }

    /// What is to blame for a useless connection, in one place and by a simple rule:
    ///
    /// * a verdict that only changes its name keeps what is to blame (but see [`Truth::prolong`]);
    /// * its SYN was forged, or nobody has the other end's address: it was spoofed;
    /// * it opened and is stranded: what strands it;
    /// * the other end ended: see [`Truth::blame_for_end`];
    /// * it was made by a segment that was out of order itself: what is to blame for that (`by`);
    /// * otherwise it was made by a segment that came too late, or the client took up another connection in the meantime,
    ///   which is a delay too.
    fn blame(&self, known: &Row, trigger: Trigger, by: Option<Blame>) -> Blame {
        let spoofed = self.is_spoofed(known.attempt, known.tuple);
        let (cause, packet) = match (known.worth.blame(), trigger, self.end_of_other(known)) {
            (Some(blame), ..) => return blame,
            _ if spoofed => (Cause::Forged, known.born_of),
            _ if let Some(stranded) = known.stranded_by => return stranded,
            (_, Trigger::Other, Some(end)) => return self.blame_for_end(known, end),
            (_, Trigger::Own, Some(end)) if !known.passive => return self.blame_for_end(known, end),
            (_, Trigger::Born(_), _) if let Some(by) = by => return by,
            _ => (Cause::Delayed, known.born_of),
        };
        Blame { cause, packet }
    }

    /// What is to blame for the end of the other end of a connection, of which this one did not hear:
    ///
    /// * it crashed: the crash;
    /// * a call ended it: its reset, if that was lost; what it waited for in vain, if it was not open yet and that was lost;
    ///   or else the application;
    /// * a segment ended it that was out of order itself, or it was thrown out: what is to blame for that;
    /// * it ended for want of an answer: the last that it said, if that was lost; or what brought either end another
    ///   connection's octets, after which they do not agree on what was sent;
    /// * in any other case: the last packet between the two that was lost; or what this end has sent and is late.
    fn blame_for_end(&self, known: &Row, end: End) -> Blame {
        let lost = |packet| Blame { cause: Cause::Lost, packet: Some(packet) };
        let in_vain = match (end.reason, self.last_said_to(known)) {
            (Reason::Crash, _) => return Blame { cause: Cause::Crash, packet: None },
            (Reason::Call, _) => {
                let opening = end.from == State::SynSent;
                let packet = known.reset_lost.or(known.last_lost.filter(|_| opening));
                return packet.map_or(Blame { cause: Cause::Application, packet: None }, lost);
            }
            (Reason::Reset | Reason::Segment | Reason::Evicted, _) => end.by,
            (_, Some((said, true))) => Some(lost(said)),
            (_, _) => self.misled(known),
        };
        let late = || Blame { cause: Cause::Delayed, packet: known.last_sent.map(|(sent, _)| sent).or(known.born_of) };
        in_vain.or(known.last_lost.map(lost)).unwrap_or_else(late)
    }

    /// The last segment that the other end sent, and whether it was lost.
    fn last_said_to(&self, known: &Row) -> Option<(RecordId, bool)> {
        self.get(self.other_end(known)?)?.last_sent
    }

    /// What brought one of the two ends of a connection another's octets.
    fn misled(&self, known: &Row) -> Option<Blame> {
        let other = self.other_end(known).and_then(|other| self.get(other));
        known.misled_by.or(other?.misled_by)
    }

    /// Whether the SYN behind a connection was forged, or nobody has the address it bears.
    fn is_spoofed(&self, attempt: Attempt, tuple: FourTuple) -> bool {
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
                && (client.state == State::SynSent || client.irs == Some(offer.seq) && client.state != State::TimeWait)
        });
        if awaited {
            return None;
        }
        let cause = if self.is_spoofed(attempt, tuple) { Cause::Forged } else { Cause::Delayed };
        by.or(Some(Blame { cause, packet: Some(syn) }))
    }

    /// Notes that nothing arrives of a segment between these ends.
    pub(super) fn lost(&mut self, ends: [Option<Incarnation>; 2], segment: RecordId, reset: bool) {
        for end in ends.into_iter().flatten() {
            if let Some(known) = self.get_mut(end) {
                known.last_lost = Some(segment);
                if reset {
                    known.reset_lost = Some(segment);
                }
            }
        }
    }

    /// A segment that would have ended a useless connection is lost: from now on that is to blame for it.
    pub(super) fn prolong(&mut self, life: Incarnation, segment: RecordId) -> Option<Judgement> {
        let known = self.get_mut(life).filter(|known| known.is_held())?;
        known.worth.blame()?;
        known.worth = known.worth.blamed_on(Blame { cause: Cause::Lost, packet: Some(segment) });
        Some(Judgement { life, worth: known.worth })
    }

    /// Forgets an incarnation that is over, once no application holds it or has yet to accept it, and what it is remembered
    /// for has left the network; `None` while it must be remembered. Returns the octets it sent that had not arrived in order
    /// at its partner, and those its partner sent that had arrived but were dropped unread.
    pub(super) fn settle(&mut self, life: Incarnation) -> Option<[Option<Loss>; 2]> {
        let settled = |known: &&Row| known.in_flight == 0 && !known.in_hand && known.takes != Some(Scarce::AcceptQueue);
        let known = self.get(life).filter(settled)?;
        known.ended?;
        let (partner, intake) = (known.partner, known.intake);
        let receiver = partner.and_then(|partner| self.get(partner));
        let arrived = receiver.map_or(known.partner_arrived.unwrap_or(0), |partner| partner.intake.arrived());
        let losses = [
            loss((life, known.host), known.sent.saturating_sub(arrived)),
            partner.and_then(|partner| loss((partner, known.partner_host), intake.unread())),
        ];
        if let Some(partner) = partner.and_then(|partner| self.get_mut(partner)) {
            partner.partner_arrived = Some(intake.arrived());
        }
        self.rows.settle(life);
        Some(losses)
    }
}

fn loss((incarnation, host): (Incarnation, HostId), octets: u64) -> Option<Loss> {
    (octets > 0).then_some(Loss { host, incarnation, octets })
}
