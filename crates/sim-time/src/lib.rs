//! Virtual time: [`Instant`] and [`Duration`] in whole nanoseconds.
//!
//! Both are a `u64`, so they compare, hash and add without rounding, and a run covers 584 years. The text form
//! (`"50ms"`, `"1.5 s"`, `"3h"`) is exact in both directions: what is printed parses to the same value.

mod duration;
mod instant;

pub use duration::{Duration, ParseDurationError, UNITS};
pub use instant::Instant;
