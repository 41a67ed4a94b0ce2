//! One run from beginning to end.

use sim_core::{DigestValue, EventQueue, Livelock, ReferenceQueue, WheelQueue};
use sim_time::Instant;

use crate::record::Fold;
use crate::world::{Pending, World};
use crate::{DigestFold, Metrics, MetricsFold, Scenario};

/// More events than this at one instant are taken for an endless exchange without delay.
const MOST_EVENTS_AT_ONE_INSTANT: u64 = 10_000_000;

/// What every run yields.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// The digest of its records.
    pub digest: DigestValue,
    /// The time of its last event.
    pub ended_at: Instant,
    /// How many events were served.
    pub events: u64,
    /// What it measured, every integral run to the horizon.
    pub metrics: Metrics,
}

/// Which event queue drives a run. It decides nothing but speed: all give the same records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Queue {
    /// The hierarchical timing wheel.
    #[default]
    Wheel,
    /// The readable reference, on the `priority-queue` crate, for anyone who doubts a result.
    Reference,
}

/// Plays a scenario up to its horizon, or until nothing is pending. `fold` is told everything, besides the metrics and
/// the digest; `&mut ()` is nobody.
///
/// # Errors
/// [`Livelock`] if time stops moving on.
pub fn simulate<F: Fold>(scenario: &Scenario, fold: &mut F) -> Result<Summary, Livelock> {
    simulate_with(Queue::default(), scenario, fold)
}

/// [`simulate`] with a queue of one's choice.
///
/// # Errors
/// [`Livelock`] if time stops moving on.
pub fn simulate_with<F: Fold>(queue: Queue, scenario: &Scenario, fold: &mut F) -> Result<Summary, Livelock> {
    match queue {
        Queue::Wheel => simulate_on(WheelQueue::new(), scenario, fold),
        Queue::Reference => simulate_on(ReferenceQueue::new(), scenario, fold),
    }
}

/// [`simulate`] on a queue, which must be empty.
fn simulate_on<Q: EventQueue<Pending>, F: Fold>(
    mut queue: Q,
    scenario: &Scenario,
    fold: &mut F,
) -> Result<Summary, Livelock> {
    let mut digest = DigestFold::new();
    let mut metrics = MetricsFold::new(scenario.hosts.iter().map(|host| host.name.clone()));
    let mut world = World::new(scenario, (&mut metrics, &mut digest, fold), &mut queue);
    let events = sim_core::run(&mut queue, &mut world, scenario.horizon, MOST_EVENTS_AT_ONE_INSTANT)?;
    Ok(Summary { digest: digest.value(), ended_at: queue.now(), events, metrics: metrics.finish(scenario.horizon) })
}
