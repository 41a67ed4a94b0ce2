//! Benchmarks live in `benches/`; this library holds what they share.

use experiment::{Diagnostics, Experiment, Scenario};

/// The standard workload: whole lives of connections.
const LIVES: &str = include_str!("../workloads/lives.toml");

/// The standard workload with so many connections, changed by `settings` as by `--set`.
///
/// # Errors
/// If a setting is none of the workload's.
pub fn lives(connections: u64, settings: &[String]) -> Result<Scenario, Diagnostics> {
    let mut settings = settings.to_vec();
    settings.push(format!("client.arrivals.most={connections}"));
    let experiment = Experiment::parse("benches/workloads/lives.toml", LIVES, &settings)?;
    experiment.scenario(&experiment.variants()[0])
}
