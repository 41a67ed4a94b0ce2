//! Ways to look at a run: the ladder, the trace, tables, JSON.
//!
//! [`Ladder`] and [`Trace`] are folds over the records of a run; the rest reads what a run returns. Nothing here knows
//! of files or terminals: functions return text or write to what they are given.

mod hosts;
mod ladder;
mod paint;
mod relative;
mod seconds;
mod trace;

pub use hosts::Hosts;
pub use ladder::Ladder;
pub use paint::Colour;
pub use trace::Trace;
