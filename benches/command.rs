//! The command as a whole process: its start-up, and sweeps over one and two threads.
//!
//! `cargo build --release -p synlab` first: it is run from where it was built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// The command that was built with this benchmark's profile; `None`, and a word of it, if it was not.
fn synlab() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let command = own.ancestors().nth(2)?.join(format!("synlab{}", std::env::consts::EXE_SUFFIX));
    if !command.exists() {
        eprintln!("{} is not there: cargo build --release -p synlab", command.display());
        return None;
    }
    Some(command)
}

fn config(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the command can be started");
    assert!(status.success(), "{command:?}: {status}");
}

fn start_up(c: &mut Criterion) {
    let Some(synlab) = synlab() else { return };
    let mut group = c.benchmark_group("command");
    group.bench_function("version", |b| b.iter(|| run(Command::new(&synlab).arg("--version"))));
    let case = config("configs/cases/handshake.toml");
    group.bench_function("run handshake", |b| b.iter(|| run(Command::new(&synlab).arg("run").arg(&case))));
    group.finish();
}

/// Runs of 2,000 lives each, and tiny runs, of one connection each.
fn sweeps(c: &mut Criterion) {
    let Some(synlab) = synlab() else { return };
    let rows = tempfile::NamedTempFile::new().expect("there is room for a file");
    let mut group = c.benchmark_group("sweep");
    group.sample_size(10);
    for (name, file, settings) in [
        (
            "runs of 2000 lives",
            "benches/workloads/lives.toml",
            &["client.arrivals.most=2000", "sweep.replications=40"][..],
        ),
        ("tiny runs", "configs/studies/stale-syn-random-delays.toml", &["sweep.replications=2000"]),
    ] {
        for threads in ["1", "2"] {
            let mut sweep = Command::new(&synlab);
            sweep.arg("sweep").arg(config(file)).args(["--threads", threads, "-o"]).arg(rows.path());
            for setting in settings {
                sweep.args(["--set", setting]);
            }
            group.bench_function(BenchmarkId::new(name, threads), |b| b.iter(|| run(&mut sweep)));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1));
    targets = start_up, sweeps
}
criterion_main!(benches);
