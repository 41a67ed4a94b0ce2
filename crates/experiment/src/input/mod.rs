//! From TOML text to resolved scenarios: every choice made, every word checked, every error with its place.

mod about;
mod amount;
mod arrivals;
mod axis;
mod builtin;
mod claim;
mod de;
mod diagnostic;
mod event;
mod expect;
mod expect_segment;
mod experiment;
mod expression;
mod file;
mod flood;
mod forged;
mod host;
mod inject;
mod limits;
mod link;
mod measure;
mod overrides;
mod plan;
mod range;
mod replications;
mod schema;
mod script;
mod segment;
mod sweep;
mod sweep_axis;
mod sweep_expect;
mod tree;
mod variant;

pub use axis::{Axis, BUNDLES, Bundle};
pub use builtin::{BuiltIn, case, cases, claims, profile, profiles, studies};
pub use claim::{Claim, Finding};
pub use diagnostic::{Diagnostic, Diagnostics, Source};
pub use expect::{Expectation, Verdict};
pub use expect_segment::SegmentExpectation;
pub use experiment::Experiment;
pub use file::MAX_SEED;
pub use inject::ScriptedInjection;
pub use link::ScriptedFault;
pub use measure::{Measure, MeasureKind};
pub use plan::{Extent, Plan, PlannedRun, replication_seed};
pub use schema::{schema, template};
pub use sweep::Precision;
pub use sweep_axis::{SweepAxis, SweepValue};
pub use sweep_expect::SweepExpectation;
pub use variant::Variant;

#[cfg(test)]
mod tests;
