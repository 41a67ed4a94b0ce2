//! A segment leaves: what it is, whom it is wasted on, and what its loss prolongs.

use sim_core::EventQueue;
use sim_time::Instant;
use tcp_endpoint::{Flags, FourTuple, Payload, Segment, Transmission};

use super::network::{self, Packet};
use super::population::MachineId;
use super::truth::Life;
use super::{Origin, Pending, World};
use crate::record::{Attempt, Blame, Cause, Event, Fold, SegmentId, Sent};
use crate::{HostId, Span};

impl<F: Fold> World<F> {
    /// Offers a segment to the link it leaves by.
    pub(super) fn transmit<Q: EventQueue<Pending>>(
        &mut self,
        machine: MachineId,
        transmission: &Transmission<Span, Attempt>,
        origin: Origin,
        queue: &mut Q,
    ) {
        let (host, now) = (self.host_of(machine), queue.now());
        let segment = &transmission.segment;
        let sender = transmission.sender.and_then(|(entry, _)| self.life(machine, entry));
        let known = sender.and_then(|life| self.truth.get(life));
        let (nth_life, own_waste) = known.map_or((0, None), |known| (known.nth, known.waste()));
        let wasted = own_waste.or_else(|| self.waste(segment, sender, origin));
        let receiver = self.network.machine_at(*segment.destination.ip());
        let to = receiver.map(|machine| self.host_of(machine));
        let counts = self.attempts.of(segment.tag);
        let position = network::position(transmission, host, nth_life, counts);
        let fate = self.network.offer(now, host, to, &network::describe(transmission), position);
        let travels = receiver.filter(|_| !fate.deliveries.is_empty());
        if travels.is_some() {
            counts.hold();
        }
        if let Some(life) = sender.filter(|_| transmission.retransmission > 0 && !segment.is_empty()) {
            self.truth.resent(life, segment.seq, transmission.retransmission);
        }
        self.forger.watch(segment, false);
        let id = self.network.number();
        let lost = fate.deliveries.is_empty().then(|| Lost::of(segment));
        if let Some(known) = sender.and_then(|life| self.truth.get_mut(life)) {
            known.last_sent = Some((id, lost.is_some()));
            known.in_flight += u32::from(travels.is_some() && is_awaited(segment));
        }
        let sent = sent(id, host, to, sender, transmission, wasted, fate);
        if let Some(receiver) = travels {
            let copies = u32::try_from(sent.fate.deliveries.len()).expect("a handful of copies");
            let packet = self.network.launch(Packet::new(id, transmission, receiver, sender, wasted, copies));
            for (&at, copy) in sent.fate.deliveries.iter().zip(0..) {
                let _ = queue.arm(at, Pending::Arrive { packet, copy });
            }
        }
        self.record(now, Event::Sent(sent));
        if let Some(lost) = lost {
            self.lose(id, receiver, sender, &lost, now);
        }
    }

    /// What is to blame if a segment is wasted that is sent on behalf of nothing useless: sent for what would be a ghost or an
    /// abandoned half-open entry if the listener kept any, or in answer to a wasted segment. What an application's call set
    /// going answers the application.
    fn waste(&self, segment: &Segment<Span, Attempt>, sender: Option<Life>, origin: Origin) -> Option<Blame> {
        let answer = match origin {
            Origin::Protocol => true,
            Origin::Call => false,
            Origin::Flush => segment.payload.is_empty() && !segment.flags.fin(),
        };
        let arrival = self.arrival.filter(|_| answer);
        let offer = sender.is_none() && segment.flags.contains(Flags::SYN_ACK);
        arrival.and_then(|arrival| arrival.wasted).or_else(|| {
            let syn = arrival.filter(|_| offer)?;
            self.truth.wasted_offer(segment, syn.id, syn.blame())
        })
    }

    /// Nothing arrives of a segment. If it would have ended a useless connection, its loss is to blame for that from now
    /// on: a reset that answers what the connection sent, or what the connection sent where it would be so answered.
    fn lose(&mut self, lost: SegmentId, to: Option<MachineId>, sender: Option<Life>, segment: &Lost, now: Instant) {
        self.truth.lost(segment.tuple, lost, segment.reset);
        self.unsaid(sender, Blame { cause: Cause::Lost, packet: Some(lost) }, now);
        let prolonged = if segment.reset {
            self.arrival.and_then(|arrival| arrival.sender)
        } else {
            sender.filter(|_| segment.acknowledges && to.is_some_and(|to| self.would_reset(to, segment.tuple)))
        };
        let judgement = prolonged.and_then(|life| self.truth.prolong(life, lost));
        if let Some(judgement) = judgement {
            self.judged(judgement, now);
        }
    }

    /// Whether a machine would answer an acknowledgment with a reset for want of a connection.
    fn would_reset(&self, machine: MachineId, tuple: FourTuple) -> bool {
        let machine = &self.machines[machine.index()];
        let holds = self.truth.holder(tuple).is_some_and(|life| self.truth.holds(life));
        self.host(machine.host).resets && !machine.down && !holds
    }

    /// Counts a copy as gone from the network, now that all that came of it is done.
    pub(super) fn landed(&mut self, place: u32, now: Instant) {
        let Some(packet) = self.network.landed(place) else { return };
        self.attempts.release(packet.segment.tag);
        let Some(life) = packet.sender.filter(|_| is_awaited(&packet.segment)) else { return };
        if let Some(known) = self.truth.get_mut(life) {
            known.in_flight -= 1;
            self.forget_if_settled(life, now);
        }
    }
}

/// Whether its sender is remembered until a segment has come: for its octets, or because it may open the other end.
fn is_awaited(segment: &Segment<Span, Attempt>) -> bool {
    !segment.payload.is_empty() || segment.flags.contains(Flags::SYN_ACK)
}

/// What its loss needs to know of a segment.
struct Lost {
    /// The connection it was for, as its receiver names it.
    tuple: FourTuple,
    acknowledges: bool,
    reset: bool,
}

impl Lost {
    fn of(segment: &Segment<Span, Attempt>) -> Self {
        let Segment { flags, .. } = segment;
        Self { tuple: segment.receiver_tuple(), acknowledges: flags.ack(), reset: flags.rst() }
    }
}

/// The record of a segment that was offered to a link.
fn sent(
    id: SegmentId,
    from: HostId,
    to: Option<HostId>,
    sender: Option<Life>,
    transmission: &Transmission<Span, Attempt>,
    wasted: Option<Blame>,
    fate: net_link::Fate,
) -> Sent {
    let Transmission { segment, retransmission, acknowledges, .. } = transmission;
    Sent {
        id,
        from: Some(from),
        to,
        source: segment.source,
        destination: segment.destination,
        seq: segment.seq,
        ack: segment.ack,
        flags: segment.flags,
        window: segment.window,
        octets: segment.payload.len(),
        attempt: segment.tag,
        incarnation: sender.map(|life| life.number),
        retransmission: *retransmission,
        acknowledges: *acknowledges,
        forged: false,
        wasted,
        fate,
    }
}
