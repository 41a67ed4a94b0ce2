//! This project.

use std::hint::black_box;

use experiment::{Queue, simulate_with};
use sim_core::EventQueue;
use sim_time::Instant;
use synlab_benches::Figures;

use crate::MEAN_GAP;

pub(crate) fn hold<Q: EventQueue<u32> + Default>(count: u64, pending: u32) -> Figures {
    let gaps = synlab_benches::exponential(MEAN_GAP);
    let mut gaps = gaps.iter().cycle().copied();
    let mut queue = Q::default();
    for (event, gap) in (0..pending).zip(&mut gaps) {
        let _ = queue.arm(Instant::ZERO + gap, event);
    }
    Figures::of(count, || {
        for gap in gaps.take(count as usize) {
            let event = queue.next(Instant::MAX).expect("events are pending");
            let _ = black_box(queue.arm(queue.now() + gap, event));
        }
    })
}

pub(crate) fn lives(count: u64, loss: f64, queue: Queue) -> Figures {
    let scenario = synlab_benches::lives(count, &[format!("link.loss={loss:?}")]).expect("the workload is sound");
    Figures::of(count, || {
        let summary = simulate_with(queue, &scenario, &mut ()).expect("every link has a delay");
        black_box(summary);
    })
}
