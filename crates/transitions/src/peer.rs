//! The peer: what it knows of a connection, and the segments that it can send.

use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::Instant;
use tcp_endpoint::{FastOpen, Flags, FourTuple, Options, Segment, SeqNum, Status, Timestamps};

use crate::event::Event;
use crate::octets::Octets;

/// The host's socket.
pub(crate) const HERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 80);
/// Its peer's.
pub(crate) const THERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 5000);
/// Those of another host.
pub(crate) const ELSEWHERE: [SocketAddrV4; 2] = {
    let address = Ipv4Addr::new(10, 0, 0, 3);
    [SocketAddrV4::new(address, 6000), SocketAddrV4::new(address, 6001)]
};
/// The connection's name on the host.
pub(crate) const NAME: FourTuple = FourTuple { local: HERE, remote: THERE };

/// The octets of a SEND, of either end.
pub(crate) const SOME: Octets = Octets(100);
/// The window that the peer offers, in octets.
const WINDOW: u32 = 10_000;
/// How far off a wrong number is: in the window, so that it is wrong for no other reason.
const OFF: u32 = 1_000;

/// What the peer knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Peer {
    /// The initial sequence number of its latest SYN.
    iss: SeqNum,
    /// That of the host's latest SYN, if there was one.
    irs: Option<SeqNum>,
    /// The fast open cookie that the host gave it.
    cookie: Option<u64>,
    /// The count of its next SYN (RFC 1644 §3.1).
    count: u32,
    /// The latest timestamp of the host.
    stamp: u32,
}

impl Peer {
    pub(crate) const NEW: Self = Self { iss: SeqNum::new(u32::MAX - 1), irs: None, cookie: None, count: 1, stamp: 0 };

    /// What the host sends it tells it something.
    pub(crate) fn hears(&mut self, segment: &Segment<Octets>) {
        if segment.flags.syn() {
            self.irs = Some(segment.seq);
        }
        if let Some(FastOpen::Cookie(cookie)) = segment.options.fast_open.filter(|_| segment.flags.ack()) {
            self.cookie = Some(cookie);
        }
        if let Some(timestamps) = segment.options.timestamps {
            self.stamp = timestamps.value;
        }
    }

    /// What of it decides what can happen.
    pub(crate) const fn knows(&self) -> (bool, bool) {
        (self.irs.is_some(), self.cookie.is_some())
    }

    /// The segment of an event, where there can be one. `status` is that of the host's connection, if there is one.
    pub(crate) fn segment(&mut self, event: Event, status: Option<&Status>, now: Instant) -> Option<Segment<Octets>> {
        let numbers = Numbers::new(self, status);
        let Numbers { next, all, old, .. } = numbers;
        let ack = Flags::ACK;
        let (flags, seq, acknowledges, payload) = match event {
            Event::Syn => (Flags::SYN, numbers.first, None, Octets(0)),
            Event::NewSyn => {
                self.iss = status?.receive_next? + OFF;
                (Flags::SYN, self.iss, None, Octets(0))
            }
            Event::SynWithOctets => (Flags::SYN, numbers.first, None, SOME),
            Event::SynWithAll => (Flags::SYN.with(Flags::FIN), numbers.first, None, SOME),
            Event::SynAck => (Flags::SYN_ACK, numbers.first, Some(all?), Octets(0)),
            Event::WrongSynAck => (Flags::SYN_ACK, numbers.first, Some(all? + OFF), Octets(0)),
            Event::Ack => (ack, next, Some(all?), Octets(0)),
            Event::OldAck => (ack, next, Some(old?), Octets(0)),
            Event::WrongAck => (ack, next, Some(all? + OFF), Octets(0)),
            Event::Octets => (ack, next, Some(all?), SOME),
            Event::Fin => (ack.with(Flags::FIN), next, Some(all?), Octets(0)),
            Event::CrossingFin => (ack.with(Flags::FIN), next, Some(old?), Octets(0)),
            Event::WrongFin => (ack.with(Flags::FIN), next - OFF, Some(all?), Octets(0)),
            Event::Rst if numbers.unheard => (ack.with(Flags::RST), next, Some(all?), Octets(0)),
            Event::Rst => (Flags::RST, next, None, Octets(0)),
            Event::RstInWindow => (Flags::RST, next + 1, None, Octets(0)),
            Event::WrongRst if numbers.unheard => (ack.with(Flags::RST), next, Some(all? + OFF), Octets(0)),
            Event::WrongRst => (Flags::RST, next - OFF, None, Octets(0)),
            _ => return None,
        };
        let mut options = Options { mss: flags.syn().then_some(1460), ..Options::stamped(Some(self.stamped(now))) };
        if flags.syn() {
            let proves = matches!(event, Event::SynWithOctets | Event::SynWithAll);
            options.fast_open = Some(self.cookie.filter(|_| proves).map_or(FastOpen::Request, FastOpen::Cookie));
            options.count = proves.then_some(self.count);
            self.count += u32::from(proves);
        }
        Some(Segment {
            source: THERE,
            destination: HERE,
            seq,
            ack: acknowledges.unwrap_or_default(),
            flags,
            window: WINDOW,
            options,
            payload,
        })
    }

    /// Its clock shows milliseconds.
    fn stamped(&self, now: Instant) -> Timestamps {
        let millis = u32::try_from(now.as_nanos() / 1_000_000).unwrap_or(u32::MAX);
        Timestamps { value: millis, echo: self.stamp }
    }
}

/// The numbers that the peer sends with.
struct Numbers {
    /// Of its SYN.
    first: SeqNum,
    /// Of what it sends next.
    next: SeqNum,
    /// The acknowledgment of everything that the host has sent, if it has sent something.
    all: Option<SeqNum>,
    /// That of nothing new, if something is not acknowledged yet.
    old: Option<SeqNum>,
    /// Whether the host has heard nothing of the peer, and expects to.
    unheard: bool,
}

impl Numbers {
    fn new(peer: &Peer, status: Option<&Status>) -> Self {
        let Some(status) = status else {
            // The host keeps nothing, or no more: what it sent last may still be answered.
            let all = peer.irs.map(|irs| irs + 1);
            return Self { first: peer.iss, next: peer.iss + 1, all, old: None, unheard: false };
        };
        let first = status.irs.unwrap_or(peer.iss);
        let unacknowledged = status.send_unacknowledged != status.send_next;
        Self {
            first,
            next: status.receive_next.unwrap_or(first + 1),
            all: Some(status.send_next),
            old: unacknowledged.then_some(status.send_unacknowledged),
            unheard: status.irs.is_none(),
        }
    }
}

/// A SYN of another host, which waits to be accepted if its SYN,ACK is answered.
pub(crate) fn syn_of_another(source: SocketAddrV4) -> Segment<Octets> {
    Segment {
        source,
        destination: HERE,
        seq: SeqNum::new(0),
        ack: SeqNum::default(),
        flags: Flags::SYN,
        window: WINDOW,
        options: Options { mss: Some(1460), ..Options::default() },
        payload: Octets(0),
    }
}

/// Its answer to the host's SYN,ACK of that number.
pub(crate) fn ack_of_another(source: SocketAddrV4, iss: SeqNum) -> Segment<Octets> {
    let options = Options::default();
    Segment { seq: SeqNum::new(1), ack: iss + 1, flags: Flags::ACK, options, ..syn_of_another(source) }
}
