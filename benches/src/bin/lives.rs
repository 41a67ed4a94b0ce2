//! Plays the standard workload once, metrics and digest on, and says how long it took: `lives [CONNECTIONS [KEY=VALUE…]]`,
//! settings as for `synlab run --set`. What profilers are pointed at.

use std::time::Instant;

use experiment::simulate;

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
    let begun = Instant::now();
    let summary = simulate(&scenario, &mut ()).expect("every link has a delay");
    let nanos = begun.elapsed().as_nanos() as f64 / connections as f64;
    println!("{connections} connections, {nanos:.0} ns each, {} events, digest {}", summary.events, summary.digest);
}
