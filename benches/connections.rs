//! A connection's whole life, metrics and digest on: open, 100 B each way, close, TIME-WAIT, one after the other.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use experiment::{Experiment, Scenario, simulate};

const CONNECTIONS: u64 = 1_000;

/// `link` is what the link does besides delaying.
fn scenario(handshake: &str, link: &str) -> Scenario {
    let text = format!(
        r#"
        horizon = "1h"
        handshake = "{handshake}"
        [link]
        delay = "10ms"
        {link}
        [client]
        script = ["connect", "send 100 B", "receive 100 B", "close", "repeat {CONNECTIONS} times"]
        [server]
        script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]
        "#
    );
    let experiment = Experiment::parse("benchmark", &text, &[]).expect("the experiment is sound");
    experiment.scenario(&experiment.variants()[0]).expect("it was checked when it was read")
}

fn lives(c: &mut Criterion) {
    let mut group = c.benchmark_group("connections");
    group.throughput(Throughput::Elements(CONNECTIONS)).sample_size(20);
    for (network, link) in [("no loss", ""), ("5 % loss", "loss = 0.05")] {
        for handshake in ["two-way", "three-way"] {
            let scenario = scenario(handshake, link);
            group.bench_function(BenchmarkId::new(handshake, network), |b| {
                b.iter(|| black_box(simulate(&scenario, &mut ()).expect("time moves on")));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, lives);
criterion_main!(benches);
