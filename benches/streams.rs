//! Drawing, and folding the digest.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand_core::Rng;
use sim_core::{Digest, Streams};

fn draws(c: &mut Criterion) {
    let streams = Streams::new(1);
    let mut sequential = streams.sequential("client", "arrivals");
    c.bench_function("draw/sequential", |b| b.iter(|| black_box(sequential.next_u64())));
    let keyed = streams.keyed("a-to-b", "fate");
    let mut number = 0;
    c.bench_function("draw/keyed", |b| {
        b.iter(|| {
            number += 1;
            black_box(keyed.at(&[number, 0, 0]).next_u64())
        });
    });
}

fn digest(c: &mut Criterion) {
    let mut digest = Digest::new();
    let mut word = 0;
    c.bench_function("digest/word", |b| {
        b.iter(|| {
            word += 1;
            digest.word(black_box(word));
        });
    });
    black_box(digest.value());
}

criterion_group!(benches, draws, digest);
criterion_main!(benches);
