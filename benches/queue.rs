//! The hold model: with a fixed number of events pending, serve the earliest and arm another one.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sim_core::{EventQueue, ReferenceQueue, WheelQueue};
use sim_time::{Duration, Instant};

/// Exponential times with a mean of 10 ms, drawn beforehand, so that no draw is measured.
fn gaps() -> Vec<Duration> {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    (0..1 << 16)
        .map(|_| {
            let uniform = ((generator.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
            Duration::from_nanos((-1e7 * uniform.ln()) as u64)
        })
        .collect()
}

fn hold<Q: EventQueue<u32> + Default>(c: &mut Criterion, name: &str) {
    let gaps = gaps();
    let mut group = c.benchmark_group(format!("hold/{name}"));
    for pending in [1_000_u32, 10_000, 100_000, 1_000_000] {
        let mut gaps = gaps.iter().cycle();
        let mut gap = move || *gaps.next().unwrap_or(&Duration::ZERO);
        let mut queue = Q::default();
        for event in 0..pending {
            let _ = queue.arm(Instant::ZERO + gap(), event);
        }
        group.bench_function(BenchmarkId::from_parameter(pending), |b| {
            b.iter(|| {
                if let Some(event) = queue.next(Instant::MAX) {
                    let _ = black_box(queue.arm(queue.now() + gap(), event));
                }
            });
        });
    }
    group.finish();
}

fn queues(c: &mut Criterion) {
    hold::<ReferenceQueue<u32>>(c, "reference");
    hold::<WheelQueue<u32>>(c, "wheel");
}

criterion_group!(benches, queues);
criterion_main!(benches);
