//! Forged segments: put together by what was seen on the wire, and handed to the receiver.

use std::net::SocketAddrV4;

use sim_core::EventQueue;
use sim_time::Instant;
use smallvec::smallvec;
use tcp_endpoint::{Acknowledged, FastOpen, Options, Payload, Segment, SeqNum, Timestamps};

use super::forger::Shot;
use super::network::Packet;
use super::{Pending, World};
use crate::record::{Attempt, Because, Event, Fold, Sent};
use crate::{ForgedCookie, HostId, Injection, Position, Sockets, Span, Stamp};

/// What a forged segment is told of by.
pub(super) struct Forged {
    pub(super) attempt: Attempt,
    /// The host whose address it bears, if it is anyone's.
    pub(super) from: Option<HostId>,
    /// The place of its injection in the file's list, if it is of one.
    pub(super) injection: Option<u16>,
}

impl<F: Fold> World<F> {
    /// Forges a segment, which arrives at once, if it is its turn. Returns its place among the packets.
    pub(super) fn inject<Q: EventQueue<Pending>>(&mut self, shot: Shot, queue: &mut Q) -> Option<u32> {
        if !self.forger.fires(shot, queue) {
            return None;
        }
        let injection = &self.forger.injections[usize::from(shot.injection)];
        let (segment, from) = (self.forge(injection, shot)?, injection.from);
        let of = Forged { attempt: Attempt::forged(from), from: Some(from), injection: Some(shot.injection) };
        self.slip_in(segment, of, queue.now())
    }

    /// Puts a forged segment, which bears the address of a host or nobody's, before its receiver. Returns its place among
    /// the packets.
    pub(super) fn slip_in(
        &mut self,
        segment: Segment<Span>,
        Forged { attempt, from, injection }: Forged,
        now: Instant,
    ) -> Option<u32> {
        let receiver = self.network.machine_at(*segment.destination.ip())?;
        let to = self.host_of(receiver);
        self.wire.see(&segment, [from, Some(to)], true);
        self.counts(attempt, None).holders += 1;
        let id = self.record(
            now,
            Because::ROOT,
            Event::Sent(Sent {
                from,
                to: Some(to),
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
                injection,
                wasted: None,
                fate: net_link::Fate { deliveries: smallvec![now], lost: None, fault: None },
            }),
        );
        Some(self.network.launch(Packet::forged(id, segment, attempt, receiver)))
    }

    fn forge(&self, injection: &Injection, shot: Shot) -> Option<Segment<Span>> {
        let Injection { from, to, flags, octets, .. } = *injection;
        let ends = match injection.sockets {
            Sockets::Connection(nth) => self.wire.connections.sockets(nth, [from, to])?,
            Sockets::OfEvent => {
                let [one, other] = self.forger.event_of(shot)?;
                let is_between = |[source, destination]: &[SocketAddrV4; 2]| {
                    self.host_at(source) == Some(from) && self.host_at(destination) == Some(to)
                };
                [[one, other], [other, one]].into_iter().find(is_between)?
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
            seq: self.number(injection.seq, ends),
            ack: injection.ack.map_or(SeqNum::new(0), |ack| self.number(ack, [ends[1], ends[0]])),
            flags,
            window: injection.window,
            options: self.options(injection, ends)?,
            payload: Span { attempt: tag, sender: from, offset: 0, length: octets },
        })
    }

    /// The host whose address a socket has, if it is anyone's.
    fn host_at(&self, socket: &SocketAddrV4) -> Option<HostId> {
        self.network.machine_at(*socket.ip()).map(|machine| self.host_of(machine))
    }

    /// The options of a forged segment; nothing if it is to show a cookie and none was seen.
    fn options(&self, injection: &Injection, ends: [SocketAddrV4; 2]) -> Option<Options> {
        let last = self.wire.connections.timestamps(ends);
        let timestamps = match injection.stamp {
            Stamp::Repeated => last,
            Stamp::Absent => None,
            Stamp::Value(value) => Some(Timestamps { value, echo: last.map_or(0, |last| last.echo) }),
        };
        let fast_open = match injection.fast_open {
            None => None,
            Some(ForgedCookie::Request) => Some(FastOpen::Request),
            Some(ForgedCookie::Value(cookie)) => Some(FastOpen::Cookie(cookie)),
            Some(ForgedCookie::Seen) => Some(FastOpen::Cookie(self.wire.cookie(ends, injection.flags)?)),
        };
        Some(Options { timestamps, mss: injection.mss, fast_open, count: None })
    }

    /// The sequence number at a position, in the direction from the first of two sockets to the second.
    fn number(&self, position: Position, ends: [SocketAddrV4; 2]) -> SeqNum {
        match position {
            Position::Raw(raw) => SeqNum::new(raw),
            Position::Relative(offset) => {
                let initial = self.wire.connections.initial(ends).map_or(0, SeqNum::raw);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2³² is meant")]
                SeqNum::new(initial.wrapping_add(offset as u32))
            }
        }
    }
}
