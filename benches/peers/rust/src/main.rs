//! Does one workload in one simulator and says what it took, in one line: `synlab-peers synlab lives 10000 --loss 0.05`.
//!
//! `cargo run --release -p synlab-benches --bin peers` runs all of them by turns and compares.

mod nexosim;
mod smoltcp;
mod synlab;
mod turmoil;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use sim_time::Duration;

#[derive(Parser)]
struct Options {
    simulator: Simulator,
    workload: Workload,
    /// Connections, or events
    count: u64,
    /// Probability that a packet is lost
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// Events pending in the hold model
    #[arg(long, default_value_t = 1_000)]
    pending: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Simulator {
    Synlab,
    /// synlab's readable event queue
    SynlabReference,
    Nexosim,
    Smoltcp,
    Turmoil,
}

#[derive(Clone, Copy, ValueEnum)]
enum Workload {
    /// The hold model: serve the earliest event, arm another
    Hold,
    /// Whole lives of connections
    Lives,
}

/// Of the hold model's exponential times.
const MEAN_GAP: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let Options { simulator, workload, count, loss, pending } = Options::parse();
    let figures = match (simulator, workload) {
        (Simulator::Synlab, Workload::Hold) => synlab::hold::<sim_core::WheelQueue<u32>>(count, pending),
        (Simulator::SynlabReference, Workload::Hold) => synlab::hold::<sim_core::ReferenceQueue<u32>>(count, pending),
        (Simulator::Synlab, Workload::Lives) => synlab::lives(count, loss, experiment::Queue::Wheel),
        (Simulator::SynlabReference, Workload::Lives) => synlab::lives(count, loss, experiment::Queue::Reference),
        (Simulator::Nexosim, Workload::Hold) => nexosim::hold(count, pending),
        (Simulator::Smoltcp, Workload::Lives) => smoltcp::lives(count, loss),
        (Simulator::Turmoil, Workload::Lives) if loss == 0.0 => turmoil::lives(count),
        _ => {
            eprintln!("that simulator cannot do that");
            return ExitCode::FAILURE;
        }
    };
    println!("{figures}");
    ExitCode::SUCCESS
}

/// The times at which sessions of the standard workload begin: ten thousand a second.
fn arrivals(count: u64) -> impl Iterator<Item = Duration> {
    let gaps = synlab_benches::exponential(Duration::from_micros(100));
    let mut time = Duration::ZERO;
    (0..count).map(move |number| {
        time += gaps[number as usize % gaps.len()];
        time
    })
}
