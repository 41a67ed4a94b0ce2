//! The hold model: with a fixed number of events pending, serve the earliest and arm another.

use std::hint::black_box;
use std::time::Duration as Wall;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use sim_core::{EventQueue, Key, ReferenceQueue, WheelQueue};
use sim_time::{Duration, Instant};

const PENDING: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
const GAP: Duration = Duration::from_millis(10);
/// As long as TIME-WAIT.
const TIMER: Duration = Duration::from_secs(240);

/// Times and numbers that were drawn beforehand.
struct Draws {
    gaps: Vec<Duration>,
    next: usize,
}

impl Draws {
    fn new() -> Self {
        Self { gaps: synlab_benches::exponential(GAP), next: 0 }
    }

    /// An exponential time.
    fn gap(&mut self) -> Duration {
        self.next = (self.next + 1) % self.gaps.len();
        self.gaps[self.next]
    }

    /// One of so many, each about as likely.
    fn one_of(&mut self, count: u32) -> u32 {
        (self.gap().as_nanos() % u64::from(count)) as u32
    }
}

/// What a model does with the event that is due; it arms as many as it takes.
trait Work<Q> {
    /// With so many events pending.
    fn begin(queue: &mut Q, draws: Draws, pending: u32) -> Self;
    /// Serves one.
    fn serve(&mut self, queue: &mut Q, event: u32);
}

/// Each event is followed by another, an exponential time later.
struct Exponential(Draws);

impl<Q: EventQueue<u32>> Work<Q> for Exponential {
    fn begin(queue: &mut Q, mut draws: Draws, pending: u32) -> Self {
        for event in 0..pending {
            let _ = queue.arm(Instant::ZERO + draws.gap(), event);
        }
        Self(draws)
    }

    fn serve(&mut self, queue: &mut Q, event: u32) {
        let _ = black_box(queue.arm(queue.now() + self.0.gap(), event));
    }
}

/// Half of what is pending is packets, each 10 ms on its way and followed by the next, and half is the timers of their
/// connections, which each packet puts off; for one in sixteen it is cancelled and armed anew.
struct Packets {
    timers: Vec<Key>,
    served: u32,
}

impl<Q: EventQueue<u32>> Work<Q> for Packets {
    fn begin(queue: &mut Q, mut draws: Draws, pending: u32) -> Self {
        let connections = pending / 2;
        let phase = |draws: &mut Draws| Duration::from_nanos(draws.gap().as_nanos() % GAP.as_nanos());
        for connection in 0..connections {
            let _ = queue.arm(Instant::ZERO + phase(&mut draws), connection);
        }
        let timers = (0..connections).map(|connection| queue.arm(Instant::ZERO + TIMER, connections + connection));
        Self { timers: timers.collect(), served: 0 }
    }

    fn serve(&mut self, queue: &mut Q, connection: u32) {
        let _ = black_box(queue.arm(queue.now() + GAP, connection));
        let timer = &mut self.timers[connection as usize];
        self.served += 1;
        if self.served.is_multiple_of(16) {
            let event = queue.cancel(*timer).expect("it is put off before it is due");
            *timer = queue.arm(queue.now() + TIMER, event);
        } else {
            queue.rearm(*timer, queue.now() + TIMER);
        }
    }
}

/// Exponential, and for each two events that are served a third is moved or, by turns, cancelled and armed anew.
struct Restless {
    draws: Draws,
    keys: Vec<Key>,
    served: u32,
}

impl<Q: EventQueue<u32>> Work<Q> for Restless {
    fn begin(queue: &mut Q, mut draws: Draws, pending: u32) -> Self {
        let keys = (0..pending).map(|event| queue.arm(Instant::ZERO + draws.gap(), event)).collect();
        Self { draws, keys, served: 0 }
    }

    fn serve(&mut self, queue: &mut Q, event: u32) {
        self.keys[event as usize] = queue.arm(queue.now() + self.draws.gap(), event);
        self.served += 1;
        let other = self.draws.one_of(self.keys.len() as u32) as usize;
        let at = queue.now() + self.draws.gap();
        match self.served % 4 {
            0 => {
                queue.rearm(self.keys[other], at);
            }
            2 => {
                let event = queue.cancel(self.keys[other]).expect("all are pending");
                self.keys[other] = queue.arm(at, event);
            }
            _ => {}
        }
    }
}

fn hold<Q: EventQueue<u32> + Default, W: Work<Q>>(group: &mut BenchmarkGroup<'_, WallTime>, queue_name: &str) {
    for pending in PENDING {
        // Made here, not in the benchmark, so that a million pending events are armed once, and only if it is chosen.
        let mut made: Option<(Q, W)> = None;
        group.bench_function(BenchmarkId::new(queue_name, pending), |b| {
            let (queue, work) = made.get_or_insert_with(|| {
                let mut queue = Q::default();
                let work = W::begin(&mut queue, Draws::new(), pending);
                (queue, work)
            });
            b.iter(|| {
                if let Some(event) = queue.next(Instant::MAX) {
                    work.serve(queue, event);
                }
            });
        });
    }
}

fn model<W: Work<WheelQueue<u32>> + Work<ReferenceQueue<u32>>>(c: &mut Criterion, name: &str) {
    let mut group = c.benchmark_group(format!("hold/{name}"));
    group.sample_size(20).warm_up_time(Wall::from_secs(1)).measurement_time(Wall::from_secs(2));
    hold::<WheelQueue<u32>, W>(&mut group, "wheel");
    hold::<ReferenceQueue<u32>, W>(&mut group, "reference");
    group.finish();
}

fn queues(c: &mut Criterion) {
    model::<Exponential>(c, "exponential");
    model::<Packets>(c, "packets");
    model::<Restless>(c, "restless");
}

criterion_group!(benches, queues);
criterion_main!(benches);
