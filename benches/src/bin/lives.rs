//! Plays the standard workload once, metrics and digest on, and says what it took: `lives [CONNECTIONS [KEY=VALUE…]]`,
//! settings as for `synlab run --set`. What profilers are pointed at.

use experiment::simulate;
use synlab_benches::Figures;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let connections = arguments.next().map_or(Ok(10_000), |count| count.parse());
    let Ok(connections @ 1..) = connections else {
        eprintln!("usage: lives [CONNECTIONS [KEY=VALUE...]]");
        std::process::exit(2);
    };
    let scenario = synlab_benches::lives(connections, &arguments.collect::<Vec<_>>()).unwrap_or_else(|error| {
        eprintln!("{error}");
        std::process::exit(2);
    });
    let mut summary = None;
    let figures = Figures::of(connections, || summary = simulate(&scenario, &mut ()).ok());
    let summary = summary.expect("every link has a delay");
    let peak = figures.peak.map_or(String::new(), |peak| format!("{:.1} MB at most, ", peak as f64 / 1e6));
    let nanos = figures.nanos_each();
    println!(
        "{connections} connections, {nanos:.0} ns each, {peak}{} events, digest {}",
        summary.events, summary.digest
    );
}
