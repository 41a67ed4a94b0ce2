//! The machinery under a simulation: the event queue that owns virtual time, the loop that serves it, named random
//! streams and the record digest.
//!
//! Nothing here knows what is simulated. Three laws hold for everything built on it:
//!
//! - events of equal time are served in the order in which they were armed ([`EventQueue`]);
//! - a random stream depends on the seed and its own name, so that adding one changes no other ([`Streams`]);
//! - every result is the same on every machine: no wall clock, no address, no platform maths, no byte order.

mod digest;
mod queue;
#[cfg(test)]
mod queue_laws;
mod random;
mod reference;
mod run;

pub use digest::{Digest, DigestValue};
pub use queue::{EventQueue, Key};
pub use random::{DrawsAt, KeyedDraws, Streams};
pub use reference::ReferenceQueue;
pub use run::{Livelock, Model, run};
