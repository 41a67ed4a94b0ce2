//! The machinery under a simulation: the event queue that owns virtual time, the loop that serves it, named random
//! streams and the record digest.
//!
//! Nothing here knows what is simulated. Three laws hold for everything built on it:
//!
//! - events of equal time are served in the order in which they were armed ([`EventQueue`]);
//! - a random stream depends on the seed and its own name, so that adding one changes no other ([`Streams`]);
//! - every result is the same on every machine: no wall clock, no address, no platform maths, no byte order.
//!
//! ```
//! use sim_core::{EventQueue, Model, ReferenceQueue, run};
//! use sim_time::{Duration, Instant};
//!
//! /// Counts down, a second for each step.
//! struct Countdown(Vec<u32>);
//!
//! impl Model<u32> for Countdown {
//!     fn handle<Q: EventQueue<u32>>(&mut self, left: u32, queue: &mut Q) {
//!         self.0.push(left);
//!         if left > 0 {
//!             let _ = queue.arm(queue.now() + Duration::from_secs(1), left - 1);
//!         }
//!     }
//! }
//!
//! let mut queue = ReferenceQueue::new();
//! let mut countdown = Countdown(Vec::new());
//! let _ = queue.arm(Instant::ZERO, 3);
//! assert_eq!(run(&mut queue, &mut countdown, Instant::MAX, 1_000), Ok(4));
//! assert_eq!(countdown.0, [3, 2, 1, 0]);
//! assert_eq!(queue.now(), Instant::ZERO + Duration::from_secs(3));
//! ```

mod digest;
mod queue;
#[cfg(test)]
mod queue_laws;
mod random;
mod reference;
mod run;
mod wheel;

pub use digest::{Digest, DigestValue};
pub use queue::{EventQueue, Key};
pub use random::{DrawsAt, KeyedDraws, Streams};
pub use reference::ReferenceQueue;
pub use run::{Livelock, Model, run};
pub use wheel::WheelQueue;
