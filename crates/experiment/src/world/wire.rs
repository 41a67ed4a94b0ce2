//! What a watcher of the wire knows: what a forger has learnt, and what faults ask of a segment. A run in which nobody asks
//! has no watcher.

use std::net::{Ipv4Addr, SocketAddrV4};

use rustc_hash::FxHashMap;
use tcp_endpoint::{FastOpen, Flags, Payload, Segment};

use crate::connections::{Connections, Seen};
use crate::{HostId, RelativeNumbers, Scenario, Span};

/// The watcher.
#[derive(Debug)]
pub(super) struct Wire {
    /// Whether anybody asks.
    watched: bool,
    pub(super) connections: Connections,
    /// If a fault asks for them.
    numbers: Option<RelativeNumbers>,
    /// The last fast open cookie between a client and a server.
    cookies: FxHashMap<[Ipv4Addr; 2], u64>,
}

/// Where a segment belongs, as far as anybody asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Belongs {
    /// The ordinal of its connection between its two hosts, from 1; 0 for none.
    pub(super) connection: u32,
    /// SEG.SEQ and SEG.ACK, counted from the initial sequence numbers.
    pub(super) seq: Option<u32>,
    pub(super) ack: Option<u32>,
}

impl Wire {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let faults = || scenario.links.iter().flat_map(|link| &link.config.fault);
        let numbers = faults().any(|fault| fault.on.asks_for_numbers()).then(RelativeNumbers::new);
        let connections = faults().any(|fault| fault.on.asks_for_connection());
        let watched = connections || numbers.is_some() || !scenario.injections.is_empty();
        Self { watched, connections: Connections::default(), numbers, cookies: FxHashMap::default() }
    }

    /// Takes note of a segment that is about to leave; says where it belongs.
    #[inline(always)]
    pub(super) fn see(&mut self, segment: &Segment<Span>, hosts: [Option<HostId>; 2], forged: bool) -> Belongs {
        if self.watched { self.watch(segment, hosts, forged) } else { Belongs::default() }
    }

    #[cold]
    fn watch(&mut self, segment: &Segment<Span>, hosts: [Option<HostId>; 2], forged: bool) -> Belongs {
        let Segment { source, destination, seq, ack, flags, .. } = *segment;
        let sockets: [SocketAddrV4; 2] = [source, destination];
        let timestamps = segment.options.timestamps;
        if let (Some(FastOpen::Cookie(cookie)), false) = (segment.options.fast_open, forged) {
            self.cookies.insert(client_first(sockets, flags), cookie);
        }
        let connection = self.connections.see(&Seen { sockets, hosts, flags, seq, timestamps, forged });
        let octets = segment.payload.len();
        let numbers =
            self.numbers.as_mut().map(|numbers| numbers.next_of((source, destination), flags, (seq, ack), octets));
        let counted = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        let (seq, ack) = numbers.map_or((None, None), |numbers| (counted(numbers.seq), counted(numbers.ack)));
        Belongs { connection, seq, ack }
    }

    /// The last cookie seen between the client and the server of a SYN, or a SYN-ACK, that goes from the first of two sockets to
    /// the second.
    pub(super) fn cookie(&self, sockets: [SocketAddrV4; 2], flags: Flags) -> Option<u64> {
        self.cookies.get(&client_first(sockets, flags)).copied()
    }
}

/// The addresses of a client and its server, of which one sends a SYN or a SYN-ACK to the other.
fn client_first([from, to]: [SocketAddrV4; 2], flags: Flags) -> [Ipv4Addr; 2] {
    if flags.ack() { [*to.ip(), *from.ip()] } else { [*from.ip(), *to.ip()] }
}
