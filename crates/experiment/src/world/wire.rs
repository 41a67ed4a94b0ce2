//! What a watcher of the wire knows: what a forger has learnt, and what faults ask of a segment. A run in which nobody asks
//! has no watcher.

use std::net::SocketAddrV4;

use tcp_endpoint::{Payload, Segment};

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
        Self { watched, connections: Connections::default(), numbers }
    }

    /// Takes note of a segment that is about to leave; says where it belongs.
    #[inline(always)]
    pub(super) fn see(&mut self, segment: &Segment<Span>, hosts: [Option<HostId>; 2], forged: bool) -> Belongs {
        if self.watched { self.watch(segment, hosts, forged) } else { Belongs::default() }
    }

    fn watch(&mut self, segment: &Segment<Span>, hosts: [Option<HostId>; 2], forged: bool) -> Belongs {
        let Segment { source, destination, seq, ack, flags, .. } = *segment;
        let sockets: [SocketAddrV4; 2] = [source, destination];
        let timestamps = segment.options.timestamps;
        let connection = self.connections.see(&Seen { sockets, hosts, flags, seq, timestamps, forged });
        let octets = segment.payload.len();
        let numbers =
            self.numbers.as_mut().map(|numbers| numbers.next_of((source, destination), flags, (seq, ack), octets));
        let counted = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
        let (seq, ack) = numbers.map_or((None, None), |numbers| (counted(numbers.seq), counted(numbers.ack)));
        Belongs { connection, seq, ack }
    }
}
