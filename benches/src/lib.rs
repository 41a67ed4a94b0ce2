//! Benchmarks live in `benches/` of this package, and other people's simulators in `peers/`; this library holds what they
//! share: the workloads, two hosts to drive by hand, and how a program's use of the machine is measured.

mod figures;
mod pair;
pub mod usage;

use experiment::{Diagnostics, Experiment, Scenario};
pub use figures::{Figures, NoFigures};
pub use pair::{Datagram, Ends, Pair};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sim_time::Duration;

/// The standard workload: whole lives of connections.
const LIVES: &str = include_str!("../workloads/lives.toml");
/// SYNs that nobody stands behind.
const FLOOD: &str = include_str!("../workloads/flood.toml");

/// The standard workload with so many connections, changed by `settings` as by `--set`.
///
/// # Errors
/// If a setting is none of the workload's.
pub fn lives(connections: u64, settings: &[String]) -> Result<Scenario, Diagnostics> {
    let mut settings = settings.to_vec();
    settings.push(format!("client.arrivals.most={connections}"));
    workload("benches/workloads/lives.toml", LIVES, &settings)
}

/// The SYN flood with so many SYNs, changed by `settings` as by `--set`.
///
/// # Errors
/// If a setting is none of the workload's.
pub fn flood(syns: u64, settings: &[String]) -> Result<Scenario, Diagnostics> {
    let mut settings = settings.to_vec();
    settings.push(format!("flood.1.arrivals.most={syns}"));
    workload("benches/workloads/flood.toml", FLOOD, &settings)
}

fn workload(name: &str, text: &str, settings: &[String]) -> Result<Scenario, Diagnostics> {
    let experiment = Experiment::parse(name, text, settings)?;
    experiment.scenario(&experiment.variants()[0])
}

/// Exponential times with this mean, drawn beforehand so that no draw is measured. They are the same each time, but for
/// what the platform's logarithm makes of them: nothing but a benchmark may use them.
#[must_use]
pub fn exponential(mean: Duration) -> Vec<Duration> {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut gap = || {
        let uniform = ((generator.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
        Duration::from_nanos((mean.as_nanos() as f64 * -uniform.ln()) as u64)
    };
    (0..1 << 16).map(|_| gap()).collect()
}
