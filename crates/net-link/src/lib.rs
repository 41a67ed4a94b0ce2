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
pub use script::Script;
pub use units::{BitRate, ParseAmountError, QueueLimit};
