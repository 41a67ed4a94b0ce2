//! The links of a world and the segments on them.

use std::net::Ipv4Addr;

use net_link::{Acknowledges, Description, Fate, Kinds, Link, Loss};
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashMap;
use sim_core::{KeyedDraws, Streams};
use sim_time::Instant;
use smallvec::SmallVec;
use tcp_endpoint::{Acknowledged, Flags, Payload, Segment, Transmission};

use super::population::MachineId;
use super::rows::{Counts, Opener};
use super::wire::Belongs;
use crate::record::{Attempt, Blame, Incarnation, RecordId};
use crate::slab::Slab;
use crate::{HostId, Scenario, Span};

/// Octets of headers before the data: IPv4 and TCP without options.
const HEADER_OCTETS: u32 = 40;

/// The links, and what travels on them.
pub(super) struct Network {
    /// By address.
    machines: FxHashMap<u32, MachineId>,
    /// From each host to each, in the order of hosts.
    links: Vec<Option<(Link<ChaCha8Rng>, KeyedDraws)>>,
    hosts: usize,
    packets: Slab<Packet>,
}

/// A segment of which at least one copy is on its way.
pub(super) struct Packet {
    /// The record of its sending.
    pub(super) id: RecordId,
    pub(super) segment: Segment<Span>,
    pub(super) to: MachineId,
    /// The incarnation that sent it, if one did.
    pub(super) sender: Option<Incarnation>,
    pub(super) lineage: Lineage,
    /// The length of the chain of segments, each sent after the one before it came, that it is the last of.
    pub(super) trips: u32,
    pub(super) retransmission: u32,
    pub(super) wasted: Option<Blame>,
    /// Whether no endpoint sent it.
    pub(super) forged: bool,
    /// The crash with which its sender lost its TCB while the packet was on its way, if that is so.
    pub(super) orphaned_by: Option<RecordId>,
    pub(super) copies: u32,
}

/// What a segment goes back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lineage {
    pub(super) attempt: Attempt,
    /// The life that opened the attempt; nobody's if it is none, but the mark of what was forged.
    pub(super) opener: Option<Incarnation>,
}

impl Network {
    pub(super) fn new(scenario: &Scenario, streams: &Streams) -> Self {
        let addresses = scenario.hosts.iter().flat_map(|plan| &plan.addresses);
        let machines = addresses.zip(0..).map(|(address, id)| (address.to_bits(), MachineId(id))).collect();
        let name = |host: HostId| &scenario.hosts[usize::from(host.0)].name;
        let hosts = scenario.hosts.len();
        let mut links: Vec<_> = (0..hosts * hosts).map(|_| None).collect();
        for plan in &scenario.links {
            let link = Link::new(&plan.config, name(plan.from), streams.sequential(&plan.name, "channel"));
            links[place(hosts, plan.from, plan.to)] = Some((link, streams.keyed(&plan.name, "fate")));
        }
        Self { machines, links, hosts, packets: Slab::new() }
    }

    /// The machine with that address.
    pub(super) fn machine_at(&self, address: Ipv4Addr) -> Option<MachineId> {
        self.machines.get(&address.to_bits()).copied()
    }

    /// Asks the link between two hosts what becomes of a packet; without a link it has nowhere to go.
    pub(super) fn offer(
        &mut self,
        now: Instant,
        from: HostId,
        to: Option<HostId>,
        packet: &Description,
        position: Position,
    ) -> Fate {
        match to.and_then(|to| self.links[place(self.hosts, from, to)].as_mut()) {
            Some((link, draws)) => link.offer(now, packet, &mut draws.at(&position)),
            None => Fate { deliveries: SmallVec::new(), lost: Some(Loss::NoRoute), fault: None },
        }
    }

    /// Keeps a packet until all its copies have arrived.
    pub(super) fn launch(&mut self, packet: Packet) -> u32 {
        self.packets.insert(packet)
    }

    /// How many places for packets there are.
    #[cfg(test)]
    pub(super) fn packet_places(&self) -> usize {
        self.packets.places()
    }

    pub(super) fn packet(&self, place: u32) -> Option<&Packet> {
        self.packets.get(place)
    }

    /// What is on its way.
    pub(super) fn packets_mut(&mut self) -> impl Iterator<Item = &mut Packet> {
        self.packets.values_mut()
    }

    /// Counts a copy as arrived; returns the packet after the last one.
    pub(super) fn landed(&mut self, place: u32) -> Option<Packet> {
        let packet = self.packets.get_mut(place)?;
        packet.copies -= 1;
        if packet.copies == 0 { self.packets.remove(place) } else { None }
    }
}

/// The place of the link from one host to another.
fn place(hosts: usize, from: HostId, to: HostId) -> usize {
    usize::from(from.0) * hosts + usize::from(to.0)
}

impl Packet {
    /// A segment that no endpoint sends.
    pub(super) const fn forged(id: RecordId, segment: Segment<Span>, attempt: Attempt, to: MachineId) -> Self {
        Self {
            id,
            segment,
            to,
            sender: None,
            lineage: Lineage { attempt, opener: None },
            trips: 0,
            retransmission: 0,
            wasted: None,
            forged: true,
            orphaned_by: None,
            copies: 1,
        }
    }
}

/// What a link may know of a segment.
pub(super) fn describe(
    transmission: &Transmission<Span, Incarnation>,
    attempt: Attempt,
    Belongs { connection, seq, ack }: Belongs,
) -> Description {
    let segment = &transmission.segment;
    Description {
        kinds: kinds(segment.flags, !segment.payload.is_empty()),
        acknowledges: match transmission.acknowledges {
            Acknowledged::Nothing => Acknowledges::Nothing,
            Acknowledged::Syn => Acknowledges::Syn,
            Acknowledged::Data => Acknowledges::Data,
            Acknowledged::Fin => Acknowledges::Fin,
        },
        attempt: attempt.ordinal,
        connection,
        seq,
        ack,
        retransmission: transmission.retransmission,
        octets: HEADER_OCTETS + segment.payload.len(),
    }
}

/// The kinds that a segment is of.
pub(super) fn kinds(flags: Flags, has_data: bool) -> Kinds {
    let mut kinds = match (flags.syn(), flags.ack()) {
        (true, true) => Kinds::SYN_ACK,
        (true, false) => Kinds::SYN,
        (false, _) => Kinds::default(),
    };
    for (is, kind) in [(has_data, Kinds::DATA), (flags.fin(), Kinds::FIN), (flags.rst(), Kinds::RST)] {
        if is {
            kinds = kinds.with(kind);
        }
    }
    if kinds == Kinds::default() { Kinds::ACK } else { kinds }
}

/// What names the draws of one packet on a link: everything but the moment it is sent at, so that variants of an
/// experiment face the same network whatever else they send, and other hosts change nothing.
pub(super) type Position = [u64; 6];

/// The position of a segment's draws, from what its end of the attempt has sent before (the attempt's `counts` move on).
///
/// Its words: whether the sender opened the attempt, and by which script; the session, and which of its opens the attempt
/// is; which of the sender's lives of it sends; the role; which of that role; the retransmission.
pub(super) fn position(
    transmission: &Transmission<Span, Incarnation>,
    attempt: Attempt,
    (from, life): (HostId, u32),
    counts: &mut Counts,
) -> Position {
    let Opener { script, session, nth } = counts.opened_by;
    let counts = counts.end(attempt, from);
    let Transmission { segment, retransmission, .. } = transmission;
    let count = |counter: &mut u32| {
        *counter += 1;
        u64::from(*counter)
    };
    let flags = segment.flags;
    let (role, which) = if flags.rst() {
        (0, count(&mut counts.resets))
    } else if flags.syn() && flags.ack() {
        (1, count(&mut counts.syn_acks))
    } else if flags.syn() {
        (2, 0)
    } else if !segment.payload.is_empty() {
        (3, segment.payload.offset)
    } else if flags.fin() {
        (4, 0)
    } else {
        (5, count(&mut counts.acks))
    };
    let opened = u64::from(attempt.host == from);
    let opener = [opened | u64::from(script) << 1, u64::from(nth) | u64::from(session) << 32];
    [opener[0], opener[1], u64::from(life), role, which, u64::from(*retransmission)]
}
