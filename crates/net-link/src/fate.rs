//! What becomes of a packet.

use sim_time::Instant;
use smallvec::SmallVec;

/// What becomes of a packet, decided when it is offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fate {
    /// When copies arrive, earliest first; empty if the packet is lost.
    pub deliveries: SmallVec<[Instant; 2]>,
    /// Why it is lost, if it is.
    pub lost: Option<Loss>,
    /// The fault (its place in the file's list, from 0) that decided, if one did.
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
    /// No link leads to its destination.
    NoRoute,
}
