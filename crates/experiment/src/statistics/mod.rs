//! What many runs say together: estimates, and how far to trust them.
//!
//! Whatever may decide how many runs are made is computed from sums, products, square roots and the `libm` crate, so that
//! it is the same on every machine.

mod course;
#[cfg(test)]
mod coverage;
mod difference;
mod interval;
mod outcome;
mod pool;
mod rank;
mod sample;
mod student;
mod tally;

pub use course::{Course, Follows, GroupResult, PointResult};
pub use difference::Difference;
pub use interval::{Estimate, wilson};
pub use outcome::RunOutcome;
pub use sample::Sample;
pub use student::{normal, student};
