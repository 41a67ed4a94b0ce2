//! nexosim: models that exchange messages, each an asynchronous function, and a queue of what they schedule.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::EventSource;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use synlab_benches::Figures;

use crate::MEAN_GAP;

/// How many events were served; a model is out of reach once it was given away.
static SERVED: AtomicU64 = AtomicU64::new(0);

/// Schedules another event for each that comes.
#[derive(Serialize, Deserialize)]
struct Holder {
    gaps: Vec<Duration>,
    next: usize,
}

#[Model]
impl Holder {
    #[nexosim(schedulable)]
    fn serve(&mut self, event: u32, context: &Context<Self>) {
        let gap = self.gaps[self.next % self.gaps.len()];
        self.next += 1;
        SERVED.fetch_add(1, Ordering::Relaxed);
        context.schedule_event(gap, schedulable!(Self::serve), event).expect("a gap is not zero");
    }
}

pub(crate) fn hold(count: u64, pending: u32) -> Figures {
    let gaps: Vec<Duration> = synlab_benches::exponential(MEAN_GAP)
        .into_iter()
        .map(|gap| Duration::from_nanos(gap.as_nanos().max(1)))
        .collect();
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let input = EventSource::new().connect(Holder::serve, &mailbox).register(&mut bench);
    let holder = Holder { gaps: gaps.clone(), next: pending as usize };
    let mut simulation = bench.add_model(holder, mailbox, "holder").init(MonotonicTime::EPOCH).expect("it begins");
    let scheduler = simulation.scheduler();
    for (event, gap) in (0..pending).zip(gaps.iter().cycle()) {
        scheduler.schedule_event(*gap, &input, event).expect("a gap is not zero");
    }
    Figures::of(count, || {
        while SERVED.load(Ordering::Relaxed) < count {
            simulation.step().expect("events are pending");
        }
    })
}
