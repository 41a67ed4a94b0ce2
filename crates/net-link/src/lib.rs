//! One direction of a network link: rate and queue, delay, loss, duplication, reordering, lifetime, and scripted faults.
//!
//! A [`Link`] decides a packet's whole fate when the packet is offered, in this order:
//!
//! 1. The script ([`Fault`]) looks at the packet and counts it.
//! 2. With a `rate`, the packet waits for the line, or is lost if the queue is full.
//! 3. A fault that matches decides what happens on the way; without one chance does: [`LossModel`], [`Delay`], duplicates.
//!
//! Two laws make runs comparable. A packet's fate is made of draws that belong to it alone, taken in a fixed order
//! whatever is switched on, and of the state of the channel, which is a process in time: so neither other packets nor
//! another setting shift what happens to a packet. And no draw goes through the platform's maths: the distributions are
//! computed with the `libm` crate, so that a fate has the same bits on every machine.
//!
//! The crate knows nothing of TCP. What a fault can match is in a packet's [`Description`], which whoever sends it writes.
//!
//! ```
//! use net_link::{Acknowledges, Description, Kinds, Link, LinkConfig};
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! use sim_time::{Duration, Instant};
//!
//! let config: LinkConfig = toml::from_str(
//!     r#"
//!     delay = "50ms"
//!     [[fault]]
//!     on = { from = "client", flags = "SYN", nth = 1 }
//!     delay = "5s"
//!     "#,
//! )?;
//! let generator = ChaCha8Rng::from_seed([0; 32]);
//! let mut link = Link::new(&config, "client", generator.clone());
//! let syn = Description {
//!     kinds: Kinds::SYN,
//!     acknowledges: Acknowledges::Nothing,
//!     attempt: 1,
//!     connection: 1,
//!     seq: Some(0),
//!     ack: None,
//!     retransmission: 0,
//!     octets: 40,
//! };
//! let mut arrival = |now| link.offer(now, &syn, &mut generator.clone()).deliveries[0];
//! let start = Instant::ZERO;
//! assert_eq!(arrival(start), start + Duration::from_secs(5));
//! assert_eq!(arrival(start + Duration::from_secs(1)), start + Duration::from_millis(1_050));
//! # Ok::<(), toml::de::Error>(())
//! ```

mod config;
mod delay;
mod describe;
mod fate;
mod fault;
mod line;
mod link;
mod loss;
mod numbers;
mod parse;
mod probability;
mod quantile;
mod sampler;
mod script;
mod units;

pub use config::{Contradiction, LinkConfig, Order};
pub use delay::{Delay, Empirical, Exponential, LogNormal, Normal, Pareto, Uniform};
pub use describe::{Acknowledges, Description, Kinds};
pub use fate::{Fate, Loss};
pub use fault::{Criteria, Fault, ScriptedFate};
pub use link::Link;
pub use loss::{GilbertElliott, LossModel};
pub use numbers::Numbers;
pub use probability::Probability;
pub use sampler::exponential;
pub use script::Script;
pub use units::{BitRate, ParseAmountError, QueueLimit};
