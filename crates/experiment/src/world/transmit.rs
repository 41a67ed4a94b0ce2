//! A segment leaves: what it is, whom it is wasted on, and what its loss prolongs.

use sim_core::EventQueue;
use sim_time::Instant;
use tcp_endpoint::{Flags, Payload, Purpose, Segment, SeqNum, State, Status, Transmission};

use super::forger::Of;
use super::network::{self, Lineage, Packet};
use super::population::MachineId;
use super::rows::{Row, UnderWay};
use super::{Origin, Pending, World};
use crate::record::{Attempt, Because, Blame, Cause, Event, Fold, Incarnation, RecordId, Sent};
use crate::{Happening, HostId, Span};

impl<F: Fold> World<F> {
    /// Offers a segment to the link it leaves by.
    pub(super) fn transmit<Q: EventQueue<Pending>>(
        &mut self,
        machine: MachineId,
        transmission: &Transmission<Span, Incarnation>,
        origin: Origin,
        queue: &mut Q,
    ) {
        let (host, now) = (self.host_of(machine), queue.now());
        let segment = &transmission.segment;
        let sender = transmission.sender.map(|(_, life)| life);
        // What a passive end sends may be wasted.
        if let Some(life) = sender.filter(|life| self.truth.get(*life).is_some_and(|row| row.passive)) {
            self.judge(life, now);
        }
        let known = sender.and_then(|life| self.truth.get(life));
        let (nth_life, own_waste) = known.map_or((0, None), |known| (known.nth, known.waste()));
        // What is sent outside any connection answers a segment, and goes back to what that goes back to.
        let answered = || self.arrival.map(|arrival| (arrival.lineage, arrival.trips, arrival.sender));
        let of_sender = |known: &Row| {
            (Lineage { attempt: known.attempt, opener: known.opener }, known.trips, self.truth.other_end(known))
        };
        let Some((lineage, trips, peer)) = known.map(of_sender).or_else(answered) else {
            debug_assert!(false, "a segment is sent by a connection, or answers one");
            return;
        };
        let Lineage { attempt, opener } = lineage;
        let receiver = self.network.machine_at(*segment.destination.ip());
        let wasted = own_waste.or_else(|| self.waste(segment, sender, receiver, origin));
        let to = receiver.map(|machine| self.host_of(machine));
        let counts = self.counts(attempt, opener);
        let position = network::position(transmission, attempt, (host, nth_life), counts);
        let belongs = self.wire.see(segment, [Some(host), to], false);
        let fate = self.network.offer(now, host, to, &network::describe(transmission, attempt, belongs), position);
        let travels = receiver.filter(|_| !fate.deliveries.is_empty());
        if travels.is_some() {
            self.counts(attempt, opener).holders += 1;
        }
        if let Some(life) = sender.filter(|_| transmission.retransmission > 0 && !segment.is_empty()) {
            self.truth.resent(life, segment.seq, transmission.retransmission);
        }
        let because = self.because(transmission, origin);
        let lost = fate.deliveries.is_empty();
        let deliveries = fate.deliveries.clone();
        let sent = sent((host, to), (sender, peer), attempt, transmission, wasted, fate);
        let id = self.record(now, because, Event::Sent(sent));
        if self.forger.listens {
            let kinds = network::kinds(segment.flags, !segment.payload.is_empty());
            let sockets = [segment.source, segment.destination];
            self.forger.happens(now, (host, Happening::Sends(kinds)), Of::Sockets(sockets));
        }
        if let Some(known) = sender.and_then(|life| self.truth.get_mut(life)) {
            let asks = wants_answer(transmission);
            if !segment.flags.rst() {
                known.note_window(segment.window, id);
            }
            if asks {
                known.last_asked = Some((id, lost));
            }
            if travels.is_some() {
                let tells = transmission.purpose != Purpose::KeepaliveProbe;
                let until = segment.seq + segment.len().max(1);
                known.on_its_way.push(UnderWay { id, asks, tells, syn: segment.flags.syn(), until });
                known.in_flight += u32::from(!segment.is_empty());
                known.coming += u32::from(known.cookie && may_make_other_end(segment));
            }
        }
        if let Some(life) = sender.filter(|life| self.truth.get(*life).is_some_and(|row| row.cookie)) {
            self.ask(life);
        }
        if let Some(receiver) = travels {
            let packet = self.network.launch(Packet {
                id,
                segment: segment.clone(),
                to: receiver,
                sender,
                lineage,
                trips: trips + 1,
                retransmission: transmission.retransmission,
                wasted,
                forged: false,
                orphaned_by: None,
                copies: u32::try_from(deliveries.len()).expect("a handful of copies"),
            });
            for (&at, copy) in deliveries.iter().zip(0..) {
                let _ = queue.arm(at, Pending::Arrive { packet, copy });
            }
        }
        if segment.flags.rst()
            && !lost
            && let Some(life) = receiver.and_then(|machine| self.holder(machine, segment.receiver_tuple()))
            && let Some(known) = self.truth.get_mut(life)
        {
            known.note_reset(segment.seq, &deliveries, now);
        }
        if lost {
            self.lose(id, receiver, (sender, peer), transmission, now);
        }
    }

    /// The records without which a segment would not be sent: the calls whose octets, or whose FIN, it carries for the first
    /// time, and what let them go, if they had to wait; otherwise what it answers, or the timer or the call that sends it.
    fn because(&mut self, transmission: &Transmission<Span, Incarnation>, origin: Origin) -> Because {
        let segment = &transmission.segment;
        // An ABORT behind a SEND of the same instant lets out what would have left without it.
        let let_go = transmission.purpose == Purpose::New && !segment.payload.is_empty() && !segment.flags.fin();
        let trigger = self.cause(if let_go && !segment.flags.syn() { Origin::Flush } else { origin });
        let sender = transmission.sender.filter(|_| transmission.purpose == Purpose::New && !segment.flags.syn());
        let Some(row) = sender.and_then(|(_, life)| self.truth.rows.get_mut(life)) else {
            return Because::of(trigger);
        };
        let sends = (!segment.payload.is_empty()).then(|| row.take_call(&segment.payload)).flatten();
        let closes = row.closed_by.filter(|_| segment.flags.fin());
        let calls: Because = [sends, closes].into_iter().flatten().collect();
        if calls.iter().all(|call| call < trigger) { calls.and(trigger) } else { calls }
    }

    /// What is to blame if a segment is wasted that is sent on behalf of nothing useless: sent for what would be a ghost or an
    /// abandoned half-open entry if the listener kept any, or in answer to a wasted segment. What an application's call set
    /// going answers the application.
    fn waste(
        &self,
        segment: &Segment<Span>,
        sender: Option<Incarnation>,
        receiver: Option<MachineId>,
        origin: Origin,
    ) -> Option<Blame> {
        let answer = match origin {
            Origin::Protocol => true,
            Origin::Call => false,
            Origin::Flush => segment.payload.is_empty() && !segment.flags.fin(),
        };
        let arrival = self.arrival.filter(|_| answer);
        let offer = sender.is_none() && segment.flags.contains(Flags::SYN_ACK);
        arrival.and_then(|arrival| arrival.wasted).or_else(|| {
            let syn = arrival.filter(|_| offer)?;
            let client = receiver.and_then(|machine| self.holder(machine, segment.receiver_tuple()));
            self.truth.wasted_offer(segment, client, (syn.id, syn.lineage.attempt), syn.out_of_order())
        })
    }

    /// Nothing arrives of a segment. If it would have ended a useless connection, its loss is to blame for that from now
    /// on: a reset, or what the connection sent where it would be answered by one.
    fn lose(
        &mut self,
        lost: RecordId,
        to: Option<MachineId>,
        (sender, peer): (Option<Incarnation>, Option<Incarnation>),
        transmission: &Transmission<Span, Incarnation>,
        now: Instant,
    ) {
        let segment = &transmission.segment;
        let tuple = segment.receiver_tuple();
        let receiver = to.and_then(|machine| self.holder(machine, tuple)).or(peer);
        let status = to.and_then(|machine| self.machines[machine.index()].tcp.status_of(tuple));
        let awaited = status.is_none_or(|status| is_awaited_by(&status, segment));
        let ends = segment.flags.rst() && awaited && (sender.is_some() || !self.may_come_before(receiver));
        let asker = sender.filter(|_| wants_answer(transmission));
        self.truth.lost(receiver.filter(|_| awaited), lost, None);
        self.truth.lost(asker, lost, Some(segment.seq + segment.len()));
        self.unsaid(sender, Blame { cause: Cause::Lost, record: Some(lost) });
        let prolonged = match segment.flags.rst() {
            true => receiver.filter(|_| ends),
            false => sender.filter(|_| segment.flags.ack() && to.is_some_and(|to| self.would_reset(to, segment, now))),
        };
        let ends_soon = |life: &Incarnation| self.truth.get(*life).is_some_and(|row| row.ends_soon(now));
        let prolonged = prolonged.filter(|life| !ends_soon(life));
        if let Some(life) = prolonged.filter(|life| self.truth.prolong(*life, lost)) {
            self.tell_verdict(life, Because::of(lost), now);
        }
    }

    /// Whether something of a connection that is over may still come to its partner before a reset that answers for it: the
    /// reset could be out of the window then.
    fn may_come_before(&self, receiver: Option<Incarnation>) -> bool {
        let over = receiver.and_then(|receiver| self.truth.get(receiver)?.partner);
        over.and_then(|life| self.truth.get(life)).is_some_and(|over| !over.on_its_way.is_empty())
    }

    /// Whether a machine would answer an acknowledgment with a reset: for want of a connection, or since one that opens has
    /// sent nothing that it acknowledges.
    fn would_reset(&self, machine: MachineId, segment: &Segment<Span>, now: Instant) -> bool {
        let machine = &self.machines[machine.index()];
        let tuple = segment.receiver_tuple();
        let is_unexpected = match machine.tcp.status_of(tuple) {
            Some(status) => status.state == State::SynSent && segment.ack != status.send_next,
            None => machine.tcp.tag_of(tuple).is_none(),
        };
        self.host(machine.host).resets && machine.is_deaf(now).is_none() && is_unexpected
    }

    /// Counts a copy as gone from the network, now that all that came of it is done.
    pub(super) fn landed(&mut self, place: u32, now: Instant) {
        let Some(packet) = self.network.landed(place) else { return };
        self.release(packet.lineage);
        let Some(life) = packet.sender else { return };
        let Some(known) = self.truth.get_mut(life) else { return };
        known.on_its_way.retain(|segment| segment.id != packet.id);
        if known.cookie && may_make_other_end(&packet.segment) {
            known.coming -= 1;
            self.ask(life);
        }
        // What it said may still open the other end, move its window, or bring it octets.
        if !packet.segment.is_empty()
            && let Some(known) = self.truth.get_mut(life)
        {
            known.in_flight -= 1;
            self.forget_if_settled(life, now);
        }
    }
}

/// Whether a listener that keeps nothing may make a connection of it.
fn may_make_other_end(segment: &Segment<Span>) -> bool {
    segment.flags.ack() && !segment.flags.syn() && !segment.flags.rst()
}

/// Whether a segment tells a connection something that it waits for: it acknowledges what is outstanding, brings what comes
/// next, answers a keepalive probe, or is a reset in the window. Who opens waits for a SYN, too. What acknowledges something
/// that was never sent is dropped (RFC 9293 §3.10.7.4).
fn is_awaited_by(receiver: &Status, segment: &Segment<Span>) -> bool {
    let flags = segment.flags;
    let Some(next) = receiver.receive_next else { return flags.rst() || opens(receiver, segment) };
    if flags.rst() || !receiver.accepts(segment) {
        return flags.rst() && receiver.accepts(segment);
    }
    if flags.ack() && segment.ack.after(receiver.send_next) {
        return false;
    }
    let end = segment.seq + segment.len();
    let acknowledges = flags.ack() && segment.ack.after(receiver.send_unacknowledged);
    let brings = !segment.is_empty() && segment.seq.at_or_before(next) && end.after(next);
    let answers = flags.ack() && receiver.probes > 0;
    acknowledges || brings || answers
}

/// What a segment that comes tells a connection of what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// All: nothing is outstanding any more, or it opens.
    All,
    /// That what was lost last has come in another copy.
    Lost,
}

impl Heard {
    /// What the receiver was before and is after it took the segment. What was lost last ends with `lost_until`, if the
    /// receiver sent it.
    pub(super) fn of(
        (before, after): (&Status, &Status),
        segment: &Segment<Span>,
        lost_until: Option<SeqNum>,
    ) -> Option<Self> {
        if before.receive_next.is_none() {
            return opens(before, segment).then_some(Self::All);
        }
        // Some hosts take any segment for an answer to their probes.
        if before.probes > 0 && after.probes == 0 {
            return Some(Self::All);
        }
        let taken = after.send_unacknowledged.after(before.send_unacknowledged);
        match segment.flags.ack() && (taken || before.accepts(segment)) {
            true if segment.ack == before.send_next => Some(Self::All),
            true => lost_until.filter(|end| end.at_or_before(segment.ack)).map(|_| Self::Lost),
            false => None,
        }
    }
}

/// Whether a segment answers, or crosses, the SYN of a connection in SYN-SENT.
fn opens(receiver: &Status, segment: &Segment<Span>) -> bool {
    let own = receiver.send_unacknowledged;
    segment.flags.syn()
        && (!segment.flags.ack() || own.before(segment.ack) && segment.ack.at_or_before(receiver.send_next))
}

/// Whether its sender gives up if nothing answers it, in the end.
fn wants_answer(transmission: &Transmission<Span, Incarnation>) -> bool {
    let probe = matches!(transmission.purpose, Purpose::KeepaliveProbe | Purpose::WindowProbe);
    probe || !transmission.segment.is_empty()
}

/// The record of a segment that was offered to a link.
fn sent(
    (from, to): (HostId, Option<HostId>),
    (incarnation, peer): (Option<Incarnation>, Option<Incarnation>),
    attempt: Attempt,
    transmission: &Transmission<Span, Incarnation>,
    wasted: Option<Blame>,
    fate: net_link::Fate,
) -> Sent {
    let Transmission { segment, purpose, retransmission, acknowledges, .. } = transmission;
    Sent {
        from: Some(from),
        to,
        source: segment.source,
        destination: segment.destination,
        seq: segment.seq,
        ack: segment.ack,
        flags: segment.flags,
        window: segment.window,
        options: segment.options,
        octets: segment.payload.len(),
        offset: segment.payload.offset,
        attempt,
        incarnation,
        peer,
        purpose: Some(*purpose),
        retransmission: *retransmission,
        acknowledges: *acknowledges,
        forged: false,
        injection: None,
        wasted,
        fate,
    }
}
