//! placeholder

pub mod record;
mod scenario;

pub use record::HostId;
pub use scenario::{Application, EntrySizes, HostPlan, LinkPlan, Scenario, Step};
