//! placeholder

mod input;
pub mod metrics;
pub mod record;
mod scenario;

pub use input::{
    BuiltIn, Diagnostic, Diagnostics, Expectation, Experiment, MAX_SEED, Source, Variant, Verdict, case, cases,
    profile, profiles, schema, template,
};
pub use record::HostId;
pub use scenario::{Application, EntrySizes, HostPlan, LinkPlan, Scenario, Step};
