//! Forged segments: put together by what was seen on the wire, and handed to the receiver.

use std::net::SocketAddrV4;

use sim_time::Instant;
use smallvec::smallvec;
use tcp_endpoint::{Acknowledged, Options, Payload, Segment, SeqNum, Timestamps};

use super::World;
use super::network::Packet;
use crate::record::{Attempt, Because, Event, Fold, Sent};
use crate::{HostId, Injection, Position, Scenario, Sockets, Span};

/// The window a forged segment states: the most there is without scaling.
pub(super) const WINDOW: u32 = 65_535;

/// What is to be forged, and what a forger who watches the wire has learnt for it.
#[derive(Clone, Debug)]
pub(super) struct Forger {
    injections: Vec<Injection>,
    /// In the order of their first SYNs.
    connections: Vec<Exchange>,
}

/// The sockets of a connection, that of its first SYN first, and for each what it sent last: an initial sequence number,
/// and timestamps.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    sockets: [SocketAddrV4; 2],
    initial: [Option<SeqNum>; 2],
    timestamps: [Option<Timestamps>; 2],
}

impl Forger {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self { injections: scenario.injections.clone(), connections: Vec::new() }
    }

    /// Watches a segment go by. A forged SYN makes a connection only where there is none to disturb.
    pub(super) fn watch(&mut self, segment: &Segment<Span>, forged: bool) {
        if self.injections.is_empty() {
            return;
        }
        let ends = [segment.source, segment.destination];
        if segment.flags.syn() {
            self.begin(segment, ends, forged);
        }
        if let (Some(known), false) = (self.last(ends), forged) {
            let place = known.place(ends).unwrap_or_default();
            known.timestamps[place] = segment.options.timestamps.or(known.timestamps[place]);
        }
    }

    /// The last connection between two sockets, in either direction.
    fn last(&mut self, ends: [SocketAddrV4; 2]) -> Option<&mut Exchange> {
        self.connections.iter_mut().rev().find(|known| known.place(ends).is_some())
    }

    /// Takes note of a SYN.
    fn begin(&mut self, segment: &Segment<Span>, ends: [SocketAddrV4; 2], forged: bool) {
        match self.last(ends).and_then(|known| known.place(ends).map(|place| (known, place))) {
            Some(_) if forged => {}
            // The sender of the first SYN opens again.
            Some((known, 0)) if !segment.flags.ack() && known.initial[0] != Some(segment.seq) => self.open(segment),
            Some((known, place)) => known.initial[place] = Some(segment.seq),
            None => self.open(segment),
        }
    }

    fn open(&mut self, segment: &Segment<Span>) {
        let sockets = [segment.source, segment.destination];
        self.connections.push(Exchange { sockets, initial: [Some(segment.seq), None], timestamps: [None; 2] });
    }

    /// The `nth` connection whose sockets, in one order or the other, are `between` two hosts: in that order.
    fn nth(&self, nth: u32, between: impl Fn([SocketAddrV4; 2]) -> bool) -> Option<[SocketAddrV4; 2]> {
        self.connections
            .iter()
            .filter_map(|known| {
                let [first, second] = known.sockets;
                [[first, second], [second, first]].into_iter().find(|&sockets| between(sockets))
            })
            .nth(nth.checked_sub(1)? as usize)
    }

    /// The timestamps that the last segment from the first of `ends` to the second carried.
    fn timestamps(&self, ends: [SocketAddrV4; 2]) -> Option<Timestamps> {
        self.connections.iter().rev().find_map(|known| known.timestamps[known.place(ends)?])
    }

    /// The sequence number at a position, in the direction from the first of `ends` to the second.
    fn number(&self, position: Position, ends: [SocketAddrV4; 2]) -> SeqNum {
        match position {
            Position::Raw(raw) => SeqNum::new(raw),
            Position::Relative(offset) => {
                let place_of = |known: &Exchange| known.initial[known.place(ends)?];
                let initial = self.connections.iter().rev().find_map(place_of).map_or(0, SeqNum::raw);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2³² is meant")]
                SeqNum::new(initial.wrapping_add(offset as u32))
            }
        }
    }
}

impl Exchange {
    /// Which of its sockets sends from `ends[0]` to `ends[1]`.
    fn place(&self, ends: [SocketAddrV4; 2]) -> Option<usize> {
        let [first, second] = self.sockets;
        if ends == [first, second] {
            Some(0)
        } else if ends == [second, first] {
            Some(1)
        } else {
            None
        }
    }
}

impl<F: Fold> World<F> {
    /// Forges a segment, which arrives at once. Returns its place among the packets.
    pub(super) fn inject(&mut self, place: u32, now: Instant) -> Option<u32> {
        let injection = *self.forger.injections.get(place as usize)?;
        let segment = self.forge(&injection)?;
        self.slip_in(segment, Attempt::forged(injection.from), Some(injection.from), now)
    }

    /// Puts a forged segment, which bears the address of a host or nobody's, before its receiver. Returns its place among
    /// the packets.
    pub(super) fn slip_in(
        &mut self,
        segment: Segment<Span>,
        attempt: Attempt,
        from: Option<HostId>,
        now: Instant,
    ) -> Option<u32> {
        let receiver = self.network.machine_at(*segment.destination.ip())?;
        self.forger.watch(&segment, true);
        self.counts(attempt, None).holders += 1;
        let id = self.record(
            now,
            Because::ROOT,
            Event::Sent(Sent {
                from,
                to: Some(self.host_of(receiver)),
                source: segment.source,
                destination: segment.destination,
                seq: segment.seq,
                ack: segment.ack,
                flags: segment.flags,
                window: segment.window,
                options: segment.options,
                octets: segment.payload.len(),
                offset: 0,
                attempt,
                incarnation: None,
                peer: None,
                purpose: None,
                retransmission: 0,
                acknowledges: Acknowledged::Nothing,
                forged: true,
                wasted: None,
                fate: net_link::Fate { deliveries: smallvec![now], lost: None, fault: None },
            }),
        );
        Some(self.network.launch(Packet::forged(id, segment, attempt, receiver)))
    }

    fn forge(&self, injection: &Injection) -> Option<Segment<Span>> {
        let Injection { from, to, flags, octets, .. } = *injection;
        let is_of = |host: HostId, socket: SocketAddrV4| {
            self.network.machine_at(*socket.ip()).is_some_and(|machine| self.host_of(machine) == host)
        };
        let ends = match injection.sockets {
            Sockets::Connection(nth) => {
                self.forger.nth(nth, |[source, destination]| is_of(from, source) && is_of(to, destination))?
            }
            Sockets::Ports { source, destination } => {
                let socket = |host, port| {
                    let machine = self.host(host).machines().next()?;
                    Some(SocketAddrV4::new(self.machines[machine.index()].address, port))
                };
                [socket(from, source)?, socket(to, destination)?]
            }
        };
        let tag = Attempt::forged(from);
        Some(Segment {
            source: ends[0],
            destination: ends[1],
            seq: self.forger.number(injection.seq, ends),
            ack: injection.ack.map_or(SeqNum::new(0), |ack| self.forger.number(ack, [ends[1], ends[0]])),
            flags,
            window: WINDOW,
            options: Options::stamped(self.forger.timestamps(ends)),
            payload: Span { attempt: tag, sender: from, offset: 0, length: octets },
        })
    }
}
