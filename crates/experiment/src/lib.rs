//! From a TOML experiment to scenarios, from a scenario to one stream of records, and from the records to metrics and
//! verdicts.
//!
//! A [`Scenario`] is one run with every choice made. [`simulate`] plays it: hosts, links and applications live in a
//! world that tells all that happens as [`record::Record`]s; whatever is to be known of a run is a [`record::Fold`] over
//! them.

mod column;
mod connections;
mod digest;
mod holdings;
mod injection;
mod input;
mod ledger;
mod level;
mod metrics;
mod numbered;
mod numbers;
mod rate;
pub mod record;
mod run;
mod scenario;
mod search;
mod slab;
mod span;
mod statistics;
mod world;

pub use column::Column;
pub use digest::{DigestFold, RECORD_FORMAT};
pub use holdings::{Held, Holdings, Resource, Transfer};
pub use injection::{
    Again, CallName, ForgedCookie, Happening, Injection, Position, Sockets, Stamp, Trigger, Turn, When,
};
pub use input::{
    Axis, BUNDLES, BuiltIn, Bundle, Claim, Diagnostic, Diagnostics, Expectation, Experiment, Extent, Finding, MAX_SEED,
    Measure, MeasureKind, Plan, PlannedRun, Precision, ScriptedFault, ScriptedInjection, SegmentExpectation, Source,
    SweepAxis, SweepExpectation, SweepValue, Variant, Verdict, case, cases, claims, profile, profiles,
    replication_seed, schema, studies, template,
};
pub use ledger::{Account, Count, Ledger, LedgerFold};
pub use level::Level;
pub use metrics::{Latencies, MetricInfo, Metrics, MetricsFold, Shown, catalogue};
pub use numbers::{Relative, RelativeNumbers};
pub use rate::{ParseRateError, Rate};
pub use record::HostId;
pub use run::{Endless, Queue, Summary, simulate, simulate_with};
pub use scenario::{
    Application, Arrivals, EntrySizes, Failures, FirstOctets, Flood, HostPlan, LinkPlan, OnOff, Outage, Process,
    Scenario, Size, Step, Workers,
};
pub use search::SegmentSearch;
pub use span::Span;
pub use statistics::{
    Course, Difference, Estimate, Follows, GroupResult, PointResult, RunOutcome, Sample, normal, student, wilson,
};
