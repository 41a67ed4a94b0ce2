//! One direction of a link: rate and queue, delay, loss, duplication, reordering, lifetime, and scripted faults.

use rand_core::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_time::{Duration, Instant};
use smallvec::SmallVec;

/// What a link knows of a packet: enough to match a fault, nothing of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Description {
    /// The kinds it is of (a FIN with data is both `FIN` and `DATA`).
    pub kinds: Kinds,
    /// The furthest thing it acknowledges.
    pub acknowledges: Acknowledges,
    /// Ordinal of the attempt it belongs to among those of the host that opened it, from 1; 0 if none.
    pub attempt: u32,
    /// 0 for an original, n for retransmission n.
    pub retransmission: u32,
    /// Octets on the wire, for the rate.
    pub octets: u32,
}

/// A set of kinds of packet: SYN, SYN-ACK, ACK (bare), DATA, FIN, RST.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// A SYN without ACK.
    pub const SYN: Self = Self(1);
    /// A SYN with ACK.
    pub const SYN_ACK: Self = Self(2);
    /// An acknowledgment and nothing else.
    pub const ACK: Self = Self(4);
    /// Anything that carries data.
    pub const DATA: Self = Self(8);
    /// Anything with FIN.
    pub const FIN: Self = Self(16);
    /// Anything with RST.
    pub const RST: Self = Self(32);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The furthest thing a packet acknowledges.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Acknowledges {
    /// Nothing.
    #[serde(rename = "nothing")]
    Nothing,
    /// A SYN.
    #[serde(rename = "SYN")]
    Syn,
    /// Data.
    #[serde(rename = "data")]
    Data,
    /// A FIN.
    #[serde(rename = "FIN")]
    Fin,
}

/// The settings of one direction, as a TOML file states them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinkConfig {
    // delay, loss, duplicate, order, rate, queue, lifetime, faults
}

/// What becomes of a packet, decided when it is offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fate {
    /// When copies arrive, earliest first; empty if the packet is lost.
    pub deliveries: SmallVec<[Instant; 2]>,
    /// Why it is lost, if it is.
    pub lost: Option<Loss>,
    /// The fault (its place in the file's list) that decided, if one did.
    pub fault: Option<u16>,
}

/// Why a packet was lost.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Loss {
    /// By chance, as the loss model says.
    Chance,
    /// By a scripted fault.
    Fault,
    /// The queue was full.
    QueueFull,
    /// It was in the network for longer than the maximum packet lifetime.
    Lifetime,
}

/// One direction of a link at work.
#[derive(Clone, Debug)]
pub struct Link {}

impl Link {
    /// An idle link in the direction that `sender` sends in.
    #[must_use]
    pub fn new(config: &LinkConfig, sender: &str) -> Self {
        todo!()
    }

    /// Decides a packet's fate. `draws` belongs to this packet alone; a link without randomness draws nothing.
    pub fn offer<R: Rng>(&mut self, now: Instant, packet: &Description, draws: &mut R) -> Fate {
        todo!()
    }
}
