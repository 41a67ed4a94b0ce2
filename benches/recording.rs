//! What it costs to keep, or to write, all that happens, beside metrics and digest alone: ten thousand lives.

use std::hint::black_box;
use std::io;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use experiment::record::{Fold, Record};
use experiment::{Scenario, simulate};
use report::{Hosts, Trace};

fn play<F: Fold>(scenario: &Scenario, fold: &mut F) {
    black_box(simulate(scenario, fold).expect("every link has a delay"));
}

fn recordings(c: &mut Criterion) {
    const CONNECTIONS: u64 = 10_000;
    let scenario = synlab_benches::lives(CONNECTIONS, &[]).expect("the workload is sound");
    let mut group = c.benchmark_group("recording");
    group.sample_size(20).throughput(Throughput::Elements(CONNECTIONS));
    group.bench_function("metrics only", |b| {
        b.iter(|| play(&scenario, &mut ()));
    });
    group.bench_function("every record kept", |b| {
        b.iter(|| {
            let mut records: Vec<Record> = Vec::new();
            play(&scenario, &mut records);
            records
        });
    });
    group.bench_function("trace as lines of JSON", |b| {
        b.iter(|| {
            let mut trace = Trace::new(Hosts::of(&scenario), io::sink());
            play(&scenario, &mut trace);
            trace.finish()
        });
    });
    group.finish();
}

criterion_group!(benches, recordings);
criterion_main!(benches);
