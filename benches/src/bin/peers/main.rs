//! The same workloads in other people's simulators and in this one, by turns, as one table of ratios.
//!
//! It installs nothing: it builds what is in `benches/peers`, says what is missing and how to get it, and runs what is
//! there. The programs are run one after the other, ours, theirs, ours, theirs, so that a busy machine slows both.

mod contest;
mod program;

use std::process::ExitCode;

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};

use contest::{Contest, Score, contests};
use program::Program;

/// Compare with other people's simulators: the same workloads, by turns
#[derive(Parser)]
struct Options {
    /// Only these
    #[arg(value_parser = ["ns-3", "simpy", "nexosim", "smoltcp", "turmoil", "synlab-reference"])]
    peers: Vec<String>,
    /// Only 1,000 connections, and a tenth of the events
    #[arg(long)]
    quick: bool,
    /// How often each pair is run
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The Python that has SimPy
    #[arg(long, default_value = "python3")]
    python: String,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let ours = match Program::rust() {
        Ok(program) => program,
        Err(missing) => {
            eprintln!("nothing to compare with: {missing}");
            return ExitCode::FAILURE;
        }
    };
    let found = [Program::ns3(), Program::simpy(&options.python)];
    for missing in found.iter().filter_map(|program| program.as_ref().err()) {
        eprintln!("left out: {missing}");
    }
    let there: Vec<Program> = found.into_iter().flatten().collect();
    let mut table = Table::new();
    table.load_style(if options.markdown { presets::ASCII_MARKDOWN } else { presets::UTF8_FULL_CONDENSED });
    table.set_header(["peer", "workload", "theirs", "synlab", "ratio", "what differs"]);
    for column in 2..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for contest in contests(&ours, &there, options.quick) {
        if !options.peers.is_empty() && !options.peers.iter().any(|peer| contest.peer.starts_with(peer.as_str())) {
            continue;
        }
        eprintln!("{}: {}", contest.peer, contest.workload);
        match contest.run(options.rounds) {
            Ok(score) => table.add_row(row(&contest, &score)),
            Err(failure) => table.add_row([&contest.peer, &contest.workload, &failure]),
        };
    }
    println!("{table}");
    ExitCode::SUCCESS
}

fn row(contest: &Contest, score: &Score) -> [String; 6] {
    let time = |nanos: f64| match contest.unit {
        contest::Unit::Connection => format!("{:.2} µs", nanos / 1e3),
        contest::Unit::Event => format!("{nanos:.0} ns"),
    };
    let Score { theirs, ours, ratio } = score;
    let ratio = if *ratio < 10.0 { format!("{ratio:.1}") } else { format!("{ratio:.0}") };
    let (peer, workload, differs) = (contest.peer.clone(), contest.workload.clone(), contest.differs.to_owned());
    [peer, workload, time(*theirs), time(*ours), ratio, differs]
}
