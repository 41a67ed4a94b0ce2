//! Ground truth: who really is at the other end of every connection. No protocol code can see it.

use std::net::Ipv4Addr;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use tcp_endpoint::{FourTuple, Handle, Reason, Segment, SeqNum, State, Transition};

use super::intake::Intake;
use super::population::MachineId;
use crate::pair::{Side, SocketPair};
use crate::record::{Attempt, Blame, Cause, Incarnation, Scarce, SegmentId, StateChange, Worth};
use crate::slab::Slab;
use crate::{HostId, Span};

/// Names an incarnation for as long as anything may refer to it, and harmlessly after that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Life {
    place: u32,
    pub(super) number: Incarnation,
    pub(super) host: HostId,
    pub(super) machine: MachineId,
}

/// All there is to know of one life of a connection on one host.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The entry that its application knows, or will know once the handshake is complete.
    pub(super) handle: Handle,
    pub(super) tuple: FourTuple,
    /// The place of its sockets among the pairs, and that of its own in the pair.
    pair: u32,
    side: Side,
    /// The attempt it goes back to.
    pub(super) attempt: Attempt,
    /// The attempt whose octets belong into it: its own, but where two active opens crossed the other's.
    pub(super) heard: Attempt,
    /// How many lives of the attempt there were on this host before.
    pub(super) nth: u32,
    /// The round that plays on it.
    pub(super) owner: Option<u32>,
    /// Whether an application holds the handle.
    pub(super) in_hand: bool,
    /// The incarnation at the other end, once each has taken the other's initial sequence number for its own.
    pub(super) partner: Option<Life>,
    /// Octets its application has sent.
    pub(super) sent: u64,
    /// What has come to this end.
    pub(super) intake: Intake,
    /// How many of its octets had come to its partner when that ended, if it ended first.
    partner_arrived: Option<u64>,
    /// Segments with its octets, or its SYN-ACK, that are still on their way: it is remembered until they have come.
    pub(super) in_flight: u32,
    /// The last retransmission of each sequence number that was retransmitted.
    resent: SmallVec<[(SeqNum, u32); 1]>,
    iss: SeqNum,
    irs: Option<SeqNum>,
    state: State,
    passive: bool,
    /// The segment that made it: the SYN it was born of, or the SYN-ACK that opened it.
    born_of: Option<SegmentId>,
    /// The last segment between the two ends, as far as this one knows, of which nothing arrived.
    last_lost: Option<SegmentId>,
    /// The last reset between the two ends of which nothing arrived.
    reset_lost: Option<SegmentId>,
    /// The last segment it sent, and whether nothing of it arrived.
    pub(super) last_sent: Option<(SegmentId, bool)>,
    /// What first brought it another connection's octets, if anything did.
    pub(super) misled_by: Option<Blame>,
    /// Whether the other end crashed or was aborted: it will never be there again, whatever of it still arrives.
    forsaken: bool,
    /// Of an end that opened and was answered, but has no partner: why there is none, if there ought to be one.
    stranded_by: Option<Blame>,
    /// Whether a client TCB is or was ESTABLISHED with its ISS.
    bound: bool,
    pub(super) worth: Worth,
    /// What it takes of that which its host is short of.
    pub(super) takes: Option<Scarce>,
    /// How it ended, if it has: it is remembered for what is on its way, and for what its application can still read.
    ended: Option<End>,
}

/// How an incarnation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct End {
    reason: Reason,
    from: State,
    /// What is to blame for the segment that ended it, if that was out of order.
    by: Option<Blame>,
}

impl Known {
    /// Whether it opened the connection.
    pub(super) const fn is_active(&self) -> bool {
        !self.passive
    }

    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// Whether a life at the other end is its partner, or may become it.
    fn may_pair_with(&self, other: Life) -> bool {
        self.partner.is_none_or(|partner| partner == other)
    }

    /// What is to blame if its entry has no one, or the wrong one, at its other end: what it sends is wasted.
    pub(super) const fn waste(&self) -> Option<Blame> {
        match self.worth {
            Worth::Abandoned(blame) | Worth::Ghost(blame) => Some(blame),
            Worth::Useful | Worth::Bereft(_) => None,
        }
    }

    /// Whether octets are part of what the other end of `life`, this incarnation, has to say to it.
    pub(super) fn hears(&self, life: Life, octets: &Span) -> bool {
        octets.attempt == self.heard && octets.sender != life.host
    }
}

/// What an entry was born of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Birth {
    /// A call.
    Call,
    /// The arrival of a segment.
    Segment(SegmentId),
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
    pub(super) life: Life,
    pub(super) worth: Worth,
}

/// Octets that can no longer arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Loss {
    pub(super) host: HostId,
    pub(super) incarnation: Incarnation,
    pub(super) octets: u64,
}

/// The incarnations that are alive, or whose octets are on their way.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    known: Slab<(Incarnation, Known)>,
    pairs: Slab<Pair>,
    /// The places of the pairs of sockets that any of them is remembered for.
    places: FxHashMap<SocketPair, u32>,
    addresses: FxHashSet<Ipv4Addr>,
    born: u32,
}

/// Two sockets between which incarnations are remembered.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    /// The incarnation that was the last to hold each socket's 4-tuple, until it is settled: what it sent may still come to
    /// an end that has yet to open.
    holders: [Option<Life>; 2],
    /// How many incarnations are remembered.
    remembered: u32,
}

impl Truth {
    /// Nothing has happened yet between machines with these addresses.
    pub(super) fn new(addresses: impl Iterator<Item = Ipv4Addr>) -> Self {
        Self {
            known: Slab::new(),
            pairs: Slab::new(),
            places: FxHashMap::default(),
            addresses: addresses.collect(),
            born: 0,
        }
    }

    /// What is known of an incarnation; `None` once it is over and nothing of it is left on its way.
    pub(super) fn get(&self, life: Life) -> Option<&Known> {
        self.known.get(life.place).filter(|(number, _)| *number == life.number).map(|(_, known)| known)
    }

    pub(super) fn get_mut(&mut self, life: Life) -> Option<&mut Known> {
        self.known.get_mut(life.place).filter(|(number, _)| *number == life.number).map(|(_, known)| known)
    }

    /// Notes a new entry. It is useful until [`Truth::judge`] says otherwise.
    pub(super) fn born(
        &mut self,
        (host, machine): (HostId, MachineId),
        transition: &Transition<Attempt>,
        nth: u32,
    ) -> Life {
        let number = Incarnation(self.born);
        self.born += 1;
        let (sockets, side) = SocketPair::of_tuple(transition.tuple);
        let pairs = &mut self.pairs;
        let pair = *self.places.entry(sockets).or_insert_with(|| pairs.insert(Pair::default()));
        let known = Known {
            handle: transition.entry,
            tuple: transition.tuple,
            pair,
            side,
            attempt: transition.tag,
            heard: transition.tag,
            nth,
            owner: None,
            in_hand: false,
            partner: None,
            sent: 0,
            intake: Intake::default(),
            partner_arrived: None,
            in_flight: 0,
            resent: SmallVec::new(),
            iss: transition.iss,
            irs: transition.irs,
            state: transition.from,
            passive: transition.passive,
            born_of: None,
            last_lost: None,
            reset_lost: None,
            last_sent: None,
            misled_by: None,
            forsaken: false,
            stranded_by: None,
            bound: false,
            worth: Worth::Useful,
            takes: None,
            ended: None,
        };
        let life = Life { place: self.known.insert((number, known)), number, host, machine };
        if let Some(pair) = self.pairs.get_mut(pair) {
            pair.remembered += 1;
            pair.holders[side] = Some(life);
        }
        life
    }

    /// Notes a change of state, and what is to blame for the segment behind it if that was out of order; returns the record
    /// of it.
    pub(super) fn changed(
        &mut self,
        life: Life,
        transition: &Transition<Attempt>,
        by: Option<Blame>,
    ) -> Option<StateChange> {
        let known = self.get_mut(life)?;
        known.state = transition.to;
        known.iss = transition.iss;
        known.irs = transition.irs;
        let change = StateChange {
            host: life.host,
            incarnation: life.number,
            attempt: known.attempt,
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
    fn pair(&mut self, life: Life) {
        let Some(mine) = self.get(life) else { return };
        let Some(other) = self.other_end(mine) else { return };
        let Some(theirs) = self.get(other) else { return };
        let numbers_fit = mine.irs == Some(theirs.iss) && theirs.irs == Some(mine.iss);
        if !numbers_fit || !mine.may_pair_with(other) || !theirs.may_pair_with(life) {
            return;
        }
        let bound = |client: &Known, server: &Known| server.passive && client.state.synchronized();
        let (mine_bound, theirs_bound) = (bound(theirs, mine), bound(mine, theirs));
        let (mine_attempt, theirs_attempt, crossed) = (mine.attempt, theirs.attempt, !mine.passive && !theirs.passive);
        for (end, partner, bound, attempt) in
            [(life, other, mine_bound, theirs_attempt), (other, life, theirs_bound, mine_attempt)]
        {
            let Some(known) = self.get_mut(end) else { continue };
            known.partner = Some(partner);
            known.stranded_by = None;
            known.bound |= bound;
            if crossed {
                known.heard = attempt;
            }
        }
    }

    /// The last incarnation at the other end of the 4-tuple, whoever it takes itself to be connected to.
    fn other_end(&self, known: &Known) -> Option<Life> {
        self.pairs.get(known.pair)?.holders[1 - known.side]
    }

    /// The incarnation that holds a 4-tuple, as its own host names it, or was the last to hold it and is not settled.
    pub(super) fn holder(&self, tuple: FourTuple) -> Option<Life> {
        let (sockets, side) = SocketPair::of_tuple(tuple);
        self.pairs.get(*self.places.get(&sockets)?)?.holders[side]
    }

    /// The holder of a 4-tuple to which a segment comes that `sender` sent, if an incarnation did.
    pub(super) fn receiver(&self, sender: Option<Life>, tuple: FourTuple) -> Option<Life> {
        match sender.and_then(|sender| self.get(sender)) {
            Some(sender) => self.other_end(sender),
            None => self.holder(tuple),
        }
    }

    /// Whether the TCB is still held.
    pub(super) fn holds(&self, life: Life) -> bool {
        self.get(life).is_some_and(|known| known.ended.is_none())
    }

    /// Notes that the sequence space from `seq` on was sent for another time.
    pub(super) fn resent(&mut self, life: Life, seq: SeqNum, retransmission: u32) {
        let Some(known) = self.get_mut(life) else { return };
        match known.resent.iter_mut().find(|(resent, _)| *resent == seq) {
            Some((_, last)) => *last = retransmission.max(*last),
            None => known.resent.push((seq, retransmission)),
        }
    }

    /// Whether the sequence space from `seq` on was sent again after retransmission number `retransmission` of it.
    pub(super) fn superseded(&self, life: Life, seq: SeqNum, retransmission: u32) -> bool {
        self.get(life).is_some_and(|known| known.resent.iter().any(|(s, last)| *s == seq && *last > retransmission))
    }

    /// A SYN, or a SYN-ACK, answered an end that opened. Without a partner it is `stranded`, if there is no end to that
    /// segment; otherwise a listener that keeps nothing waits for what it says next.
    pub(super) fn answered(&mut self, life: Life, by: SegmentId, stranded: Option<Blame>) {
        let Some(known) = self.get_mut(life) else { return };
        known.born_of = Some(by);
        known.stranded_by = stranded.filter(|_| known.partner.is_none());
    }

    /// What an end says does not come to the other. If it opened, and was answered by a listener that keeps nothing, there
    /// is nobody at its other end until something does.
    pub(super) fn unsaid(&mut self, life: Life, blame: Blame) -> Option<Judgement> {
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
        life: Life,
        birth: Option<Birth>,
        transition: &Transition<Attempt>,
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

    fn judge_one(&mut self, life: Life, trigger: Trigger, by: Option<Blame>) -> Option<Judgement> {
        let known = self.get(life).filter(|known| known.ended.is_none())?;
        let worth = self.worth(life, known, || self.blame(known, trigger, by));
        if worth == known.worth {
            return None;
        }
        self.get_mut(life)?.worth = worth;
        Some(Judgement { life, worth })
    }

    /// The verdict on a connection, in the words of the vocabulary (ARCHITECTURE.md). An active one waits for whoever may
    /// answer; only when that has come it can be without anyone.
    fn worth(&self, life: Life, known: &Known, blame: impl FnOnce() -> Blame) -> Worth {
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
    fn end_of_other(&self, known: &Known) -> Option<End> {
        self.get(known.partner.or_else(|| self.other_end(known))?)?.ended
    }

    /// Whether there is a client TCB that holds this connection's IRS as its ISS and is in SYN-SENT, or is bound to
    /// its ISS.
    fn has_live_peer(&self, life: Life, server: &Known) -> bool {
        let other = self.other_end(server);
        let Some(client) = other.and_then(|other| self.get(other)) else { return false };
        client.ended.is_none()
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
    fn blame(&self, known: &Known, trigger: Trigger, by: Option<Blame>) -> Blame {
        let spoofed = self.is_spoofed(known.attempt, known.tuple);
        let (cause, packet) = match (known.worth.blame(), trigger, self.end_of_other(known)) {
            (Some(blame), ..) => return blame,
            _ if spoofed => (Cause::Spoofed, known.born_of),
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
    fn blame_for_end(&self, known: &Known, end: End) -> Blame {
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
    fn last_said_to(&self, known: &Known) -> Option<(SegmentId, bool)> {
        self.get(self.other_end(known)?)?.last_sent
    }

    /// What brought one of the two ends of a connection another's octets.
    fn misled(&self, known: &Known) -> Option<Blame> {
        let other = self.other_end(known).and_then(|other| self.get(other));
        known.misled_by.or(other?.misled_by)
    }

    /// Whether the SYN behind a connection was forged, or nobody has the address it bears.
    fn is_spoofed(&self, attempt: Attempt, tuple: FourTuple) -> bool {
        attempt.is_forged() || !self.addresses.contains(tuple.remote.ip())
    }

    /// What is to blame for the SYN-ACK of a listener that keeps nothing, if nobody waits for it: there would be no live
    /// peer for the connection that it offers. The SYN is `syn`, and `by` is to blame for it if it was out of order itself.
    pub(super) fn wasted_offer(
        &self,
        offer: &Segment<Span, Attempt>,
        syn: SegmentId,
        by: Option<Blame>,
    ) -> Option<Blame> {
        let tuple = offer.receiver_tuple().flipped();
        let client = self.holder(offer.receiver_tuple()).and_then(|life| self.get(life));
        let awaited = client.is_some_and(|client| {
            client.ended.is_none()
                && offer.ack == client.iss + 1
                && (client.state == State::SynSent || client.irs == Some(offer.seq) && client.state != State::TimeWait)
        });
        if awaited {
            return None;
        }
        let cause = if self.is_spoofed(offer.tag, tuple) { Cause::Spoofed } else { Cause::Delayed };
        by.or(Some(Blame { cause, packet: Some(syn) }))
    }

    /// Notes that nothing arrives of a segment between the sockets of a connection.
    pub(super) fn lost(&mut self, tuple: FourTuple, segment: SegmentId, reset: bool) {
        for end in [tuple, tuple.flipped()] {
            let holder = self.holder(end);
            if let Some(known) = holder.and_then(|life| self.get_mut(life)) {
                known.last_lost = Some(segment);
                if reset {
                    known.reset_lost = Some(segment);
                }
            }
        }
    }

    /// A segment that would have ended a useless connection is lost: from now on that is to blame for it.
    pub(super) fn prolong(&mut self, life: Life, segment: SegmentId) -> Option<Judgement> {
        let known = self.get_mut(life).filter(|known| known.ended.is_none())?;
        known.worth.blame()?;
        known.worth = known.worth.blamed_on(Blame { cause: Cause::Lost, packet: Some(segment) });
        Some(Judgement { life, worth: known.worth })
    }

    /// Forgets an incarnation that is over, once no application holds it or has yet to accept it, and what it is remembered
    /// for has left the network, and settles what became of the octets; `None` while it must be remembered.
    pub(super) fn settle(&mut self, life: Life) -> Option<Settled> {
        let settled =
            |known: &&Known| known.in_flight == 0 && !known.in_hand && known.takes != Some(Scarce::AcceptQueue);
        let known = self.get(life).filter(settled)?;
        known.ended?;
        let (attempt, partner, intake) = (known.attempt, known.partner, known.intake);
        let receiver = partner.and_then(|partner| self.get(partner));
        let arrived = receiver.map_or(known.partner_arrived.unwrap_or(0), |partner| partner.intake.arrived());
        let losses = [
            loss(life, known.sent.saturating_sub(arrived)),
            partner.and_then(|partner| loss(partner, intake.unread())),
        ];
        if let Some(partner) = partner.and_then(|partner| self.get_mut(partner)) {
            partner.partner_arrived = Some(intake.arrived());
        }
        let (_, known) = self.known.remove(life.place)?;
        self.leave(life, &known);
        Some(Settled { attempt, losses })
    }

    /// An incarnation is no longer remembered for its sockets.
    fn leave(&mut self, life: Life, known: &Known) {
        let Some(pair) = self.pairs.get_mut(known.pair) else { return };
        let holder = &mut pair.holders[known.side];
        *holder = holder.filter(|holder| *holder != life);
        pair.remembered -= 1;
        if pair.remembered == 0 {
            self.pairs.remove(known.pair);
            self.places.remove(&SocketPair::of_tuple(known.tuple).0);
        }
    }
}

/// What became of an incarnation's octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settled {
    pub(super) attempt: Attempt,
    /// Octets it sent that had not arrived in order at its partner, and octets its partner sent that had arrived but were
    /// dropped unread.
    pub(super) losses: [Option<Loss>; 2],
}

fn loss(life: Life, octets: u64) -> Option<Loss> {
    (octets > 0).then_some(Loss { host: life.host, incarnation: life.number, octets })
}
