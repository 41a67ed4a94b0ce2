//! Whole runs, metrics and digest on: lives of connections (`benches/workloads/lives.toml`) and a SYN flood
//! (`benches/workloads/flood.toml`). A million lives take too long to be repeated: see the program `lives`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use experiment::{Scenario, simulate};

fn play(scenario: &Scenario) {
    black_box(simulate(scenario, &mut ()).expect("every link has a delay"));
}

fn lives(c: &mut Criterion) {
    let mut group = c.benchmark_group("lives");
    group.sample_size(10);
    for connections in [10_000, 100_000] {
        group.throughput(Throughput::Elements(connections));
        for (network, loss) in [("no loss", "link.loss=0.0"), ("5 % loss", "link.loss=0.05")] {
            for handshake in ["two-way", "three-way"] {
                let settings = [loss.to_owned(), format!("handshake={handshake:?}")];
                let scenario = synlab_benches::lives(connections, &settings).expect("the settings are the workload's");
                let id = BenchmarkId::new(format!("{handshake}, {network}"), connections);
                group.bench_function(id, |b| b.iter(|| play(&scenario)));
            }
        }
    }
    group.finish();
}

fn flood(c: &mut Criterion) {
    const SYNS: u64 = 10_000;
    let mut group = c.benchmark_group("flood");
    group.sample_size(20).throughput(Throughput::Elements(SYNS));
    for (name, settings) in [
        ("room for all", &[][..]),
        ("backlog full", &["server.syn-backlog=1024"]),
        ("cookies", &["handshake='syn-cookies'"]),
        ("two-way", &["handshake='two-way'"]),
    ] {
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let scenario = synlab_benches::flood(SYNS, &settings).expect("the settings are the workload's");
        group.bench_function(name, |b| b.iter(|| play(&scenario)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1));
    targets = lives, flood
}
criterion_main!(benches);
