//! One run from beginning to end.

use std::fmt;

use net_link::Delay;
use sim_core::{DigestValue, EventQueue, Livelock, ReferenceQueue, WheelQueue};
use sim_time::{Duration, Instant};

use crate::record::Fold;
use crate::world::{Culprit, Pending, World};
use crate::{Application, DigestFold, Holdings, HostPlan, Metrics, MetricsFold, Scenario};

/// More events than this at one instant, and some for each session that may begin then, are taken for an endless exchange
/// without delay.
const MOST_EVENTS_AT_ONE_INSTANT: u64 = 1_000_000;
/// Events that one session may rightly cause at one instant.
const EVENTS_OF_A_SESSION: u64 = 100;

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

/// Why a run was given up: time does not move on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endless {
    /// The instant that has no end.
    pub at: Instant,
    /// Events served at it.
    pub events: u64,
    /// What goes on there, and what to do about it.
    why: String,
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "time does not move on from {} s: {}", self.at, self.why)
    }
}

impl std::error::Error for Endless {}

impl Endless {
    fn new(scenario: &Scenario, Livelock { at, events }: Livelock, culprit: Option<Culprit>) -> Self {
        let Some(Culprit { host, script, rounds, failure }) = culprit else {
            let help = if has_instant_link(scenario) {
                "give every link a delay"
            } else {
                "give the scripts a `wait`, or the injections other times"
            };
            let why = format!("{events} events, and something answers itself without delay; {help}");
            return Self { at, events, why };
        };
        let host = &scenario.hosts[usize::from(host.0)];
        let whose = match host.applications.len() {
            1 => format!("the script of `{}`", host.name),
            _ => format!("script {} of `{}`", script + 1, host.name),
        };
        let help = match has_instant_link(scenario) {
            true => "begin it with a `wait`, or give every link a delay",
            false => "begin it with a `wait`",
        };
        let why = match failure {
            Some((step, error)) => {
                format!("{whose} fails at its step {step} ({error}) and repeats at once, {rounds} times so far; {help}")
            }
            None => format!("{whose} ends and repeats at once, {rounds} times so far; {help}"),
        };
        Self { at, events, why }
    }
}

/// How many sessions there may rightly begin at one instant, servers' and floods' SYNs included.
fn sessions_at_once(scenario: &Scenario) -> u64 {
    let sessions = |host: &HostPlan| -> u64 {
        let at_once = |application: &Application| application.arrivals.at_once_count();
        host.applications.iter().map(at_once).sum::<u64>().max(host.addresses.len() as u64)
    };
    let floods = scenario.floods.iter().map(|flood| flood.arrivals.at_once_count());
    scenario.hosts.iter().map(sessions).chain(floods).sum()
}

/// Whether packets cross one of the links in no time.
fn has_instant_link(scenario: &Scenario) -> bool {
    scenario.links.iter().any(|link| link.config.delay == Delay::Constant(Duration::ZERO))
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
/// [`Endless`] if time stops moving on.
pub fn simulate<F: Fold>(scenario: &Scenario, fold: &mut F) -> Result<Summary, Endless> {
    simulate_with(Queue::default(), scenario, fold)
}

/// [`simulate`] with a queue of one's choice.
///
/// # Errors
/// [`Endless`] if time stops moving on.
pub fn simulate_with<F: Fold>(queue: Queue, scenario: &Scenario, fold: &mut F) -> Result<Summary, Endless> {
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
) -> Result<Summary, Endless> {
    let mut digest = DigestFold::new();
    let mut metrics = MetricsFold::new(scenario.hosts.iter().map(|host| host.name.clone()));
    let holdings = Holdings::told_to((&mut metrics, &mut digest, fold));
    let mut world = World::new(scenario, holdings, &mut queue);
    let most = MOST_EVENTS_AT_ONE_INSTANT + EVENTS_OF_A_SESSION * sessions_at_once(scenario);
    let events = sim_core::run(&mut queue, &mut world, scenario.horizon, most)
        .map_err(|livelock| Endless::new(scenario, livelock, world.culprit(livelock.at)))?;
    world.tell_unfinished(scenario.horizon);
    Ok(Summary { digest: digest.value(), ended_at: queue.now(), events, metrics: metrics.finish(scenario.horizon) })
}
