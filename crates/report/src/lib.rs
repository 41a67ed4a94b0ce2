//! Ways to look at a run: ladders, pictures, the trace, the ledger, what explains it, tables, JSON.
//!
//! [`diagram::Diagram`], [`Trace`], [`Capture`], [`states::Taken`], [`LedgerBook`] and [`Explanation`] are folds over the records of a run; the rest reads what a run
//! returns. Nothing here knows of files or terminals: functions return text or write to what they are given.

mod amount;
mod capture;
mod claim;
pub mod diagram;
pub mod diff;
mod effects;
mod estimate;
mod explain;
mod hosts;
pub mod json;
mod ledger;
mod levels;
mod packets;
pub mod page;
mod paint;
mod result;
pub mod rows;
mod seconds;
mod series;
pub mod states;
mod sweep_lines;
mod sweep_table;
pub mod tables;
mod trace;
mod verdicts;
mod why;
mod words;
mod wrap;

pub use capture::{Capture, View};
pub use claim::{ClaimTested, claim_tally};
pub use effects::effects;
pub use explain::{Explanation, Part, Told};
pub use hosts::Hosts;
pub use ledger::{Balance, LedgerBook, ledgers};
pub use paint::{Colour, ascii};
pub use result::RunResult;
pub use series::Series;
pub use sweep_table::SweepTable;
pub use tables::Listed;
pub use trace::{Trace, trace_schema};
pub use verdicts::verdicts;
pub use why::{Causes, Chain, Why};
pub use wrap::lines;
