//! Floods: forged SYNs, each drawn when the one before has come.

use std::net::{Ipv4Addr, SocketAddrV4};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use sim_core::{EventQueue, Streams};
use tcp_endpoint::{Flags, Options, Segment, SeqNum};

use super::arrivals::Source;
use super::inject::Forged;
use super::population::{MachineId, Population};
use super::{Pending, World};
use crate::record::{Attempt, Fold};
use crate::{Flood, HostId, Injection, Scenario, Span};

/// Addresses that nobody has: 198.18.0.0/15, which RFC 2544 sets apart.
const NOBODYS: u32 = 0xc612_0000;
const NOBODYS_BITS: u32 = 17;
/// The lowest source port, below which a client has none.
const FIRST_PORT: u16 = 1024;

/// A flood in progress.
pub(super) struct Flooding {
    /// The machines whose addresses it bears; `None` for addresses that nobody has.
    from: Option<HostId>,
    to: SocketAddrV4,
    attempt: Attempt,
    source: Source,
    draws: ChaCha8Rng,
}

impl Flood {
    /// Whether floods take an address for one that nobody has.
    pub(crate) const fn is_nobodys(address: Ipv4Addr) -> bool {
        address.to_bits() >> NOBODYS_BITS == NOBODYS >> NOBODYS_BITS
    }
}

impl Flooding {
    /// The floods of a run.
    pub(super) fn all(scenario: &Scenario, streams: &Streams) -> Vec<Self> {
        let flood = |(flood, number): (&Flood, u32)| {
            let name = format!("flood {number}");
            Self {
                from: flood.from,
                to: SocketAddrV4::new(scenario.hosts[usize::from(flood.to.0)].addresses[0], flood.port),
                attempt: Attempt::forged(flood.from.unwrap_or(flood.to)),
                source: Source::new(&flood.arrivals, flood.start, streams.sequential(&name, "arrivals")),
                draws: streams.sequential(&name, "sources"),
            }
        };
        scenario.floods.iter().zip(1..).map(flood).collect()
    }

    /// The next SYN. `address` is that of a machine.
    fn forge(&mut self, hosts: &[Population], address: impl Fn(MachineId) -> Ipv4Addr) -> Segment<Span> {
        let source = match self.from {
            Some(host) => address(hosts[usize::from(host.0)].picked(self.draws.next_u32())),
            None => Ipv4Addr::from_bits(NOBODYS | self.draws.next_u32() >> (u32::BITS - NOBODYS_BITS)),
        };
        let ports = u32::from(u16::MAX - FIRST_PORT) + 1;
        #[expect(clippy::cast_possible_truncation, reason = "a port is below 2¹⁶")]
        let port = FIRST_PORT + scaled(self.draws.next_u32(), ports) as u16;
        Segment {
            source: SocketAddrV4::new(source, port),
            destination: self.to,
            seq: SeqNum::new(self.draws.next_u32()),
            ack: SeqNum::new(0),
            flags: Flags::SYN,
            window: Injection::WINDOW,
            options: Options::stamped(None),
            payload: Span { attempt: self.attempt, ..Span::default() },
        }
    }
}

/// A uniform draw of 32 bits as a whole number below `limit`.
pub(super) const fn scaled(draw: u32, limit: u32) -> u32 {
    ((draw as u64 * limit as u64) >> u32::BITS) as u32
}

impl<F: Fold> World<F> {
    /// Arms the first SYN of each flood.
    pub(super) fn arm_floods<Q: EventQueue<Pending>>(&mut self, queue: &mut Q) {
        for (flood, place) in self.floods.iter_mut().zip(0..) {
            if let Some(at) = flood.source.next() {
                let _ = queue.arm(at, Pending::Flood { flood: place });
            }
        }
    }

    /// Forges a flood's next SYN, which arrives at once, and arms the one after it. Returns its place among the packets.
    pub(super) fn flood<Q: EventQueue<Pending>>(&mut self, place: u16, queue: &mut Q) -> Option<u32> {
        let flood = &mut self.floods[usize::from(place)];
        if let Some(at) = flood.source.next() {
            let _ = queue.arm(at, Pending::Flood { flood: place });
        }
        let machines = &self.machines;
        let segment = flood.forge(&self.hosts, |machine| machines[machine.index()].address);
        let (attempt, from) = (flood.attempt, flood.from);
        self.slip_in(segment, Forged { attempt, from, injection: None }, queue.now())
    }
}
