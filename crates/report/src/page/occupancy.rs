//! How much hosts hold, over time: at so many steps of the run, whatever happens between them.

use experiment::record::{Fold, Record};
use experiment::{HostId, Resource, Transfer};
use sim_time::{Duration, Instant};

use crate::hosts::Hosts;
use crate::levels::{Amount, Gauge, Level, Levels};

/// So many steps has a course: a picture shows no more.
const STEPS: u64 = 360;
/// So many changes of a course are kept one by one: more than these happen in no run that is drawn whole.
const MOST_CHANGES: usize = 1_000;

/// Kinds of what a host holds, each a sum of levels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    Memory,
    Connections,
    HalfOpen,
    Accepting,
    Workers,
    Ports,
    Waiting,
}

impl Kind {
    pub(super) const ALL: [Self; 7] =
        [Self::Memory, Self::Connections, Self::HalfOpen, Self::Accepting, Self::Workers, Self::Ports, Self::Waiting];

    const fn of(level: Level) -> Self {
        match level {
            Level::State(_) => Self::Connections,
            Level::Held(Resource::Memory(_)) => Self::Memory,
            Level::Held(Resource::SynBacklog) => Self::HalfOpen,
            Level::Held(Resource::AcceptQueue) => Self::Accepting,
            Level::Held(Resource::Workers) => Self::Workers,
            Level::Held(Resource::Ports) => Self::Ports,
            Level::Held(Resource::Clients) => Self::Waiting,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Connections => "connections",
            Self::HalfOpen => "places in the SYN backlog",
            Self::Accepting => "places in the accept queue",
            Self::Workers => "busy workers",
            Self::Ports => "ports",
            Self::Waiting => "clients kept waiting",
        }
    }

    pub(super) const fn unit(self) -> &'static str {
        if matches!(self, Self::Memory) { "B" } else { "" }
    }
}

/// Keeps how much the hosts of a run hold. The room it takes depends on the hosts, and not on what happens.
#[derive(Clone, Debug)]
pub struct Occupancy(Levels<Courses>);

#[derive(Clone, Debug)]
struct Courses {
    step: Duration,
    end: Instant,
    hosts: Vec<String>,
    /// By host and kind.
    courses: Vec<Course>,
}

/// How something goes up and down.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    now: Amount,
    since: Instant,
    /// Those that have begun.
    pub(super) steps: Vec<Step>,
    /// When what changed, and to how much; not all of it if there is too much.
    changes: Vec<(Instant, Amount)>,
}

/// What there is in a step of time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) least: u64,
    pub(super) most: u64,
    /// Units × nanoseconds.
    held: u128,
    wasted: u128,
    /// Nanoseconds.
    lasted: u64,
}

impl Step {
    const EMPTY: Self = Self { least: u64::MAX, most: 0, held: 0, wasted: 0, lasted: 0 };

    /// How much there is on average.
    pub(super) fn mean(&self) -> f64 {
        self.held as f64 / self.lasted as f64
    }

    /// What a picture shows of it.
    pub(super) fn shown(&self) -> (f64, f64, u64, u64) {
        (self.mean(), self.mean_wasted(), self.least, self.most)
    }

    /// The part for nobody.
    pub(super) fn mean_wasted(&self) -> f64 {
        self.wasted as f64 / self.lasted as f64
    }
}

impl Course {
    /// Accounts for the time up to `at`, step by step.
    fn advance(&mut self, at: Instant, step: Duration) {
        while self.since < at {
            let place = self.since.as_nanos() / step.as_nanos();
            let until = at.min(Instant::from_nanos((place + 1) * step.as_nanos()));
            let lasted = until.since(self.since).as_nanos();
            let place = usize::try_from(place).expect("there are few steps");
            if place >= self.steps.len() {
                self.steps.resize(place + 1, Step::EMPTY);
            }
            let Amount { held, wasted } = self.now;
            let now = &mut self.steps[place];
            (now.least, now.most) = (now.least.min(held), now.most.max(held));
            now.held += u128::from(held) * u128::from(lasted);
            now.wasted += u128::from(wasted) * u128::from(lasted);
            now.lasted += lasted;
            self.since = until;
        }
    }

    /// There is more of it, or less.
    fn shift(&mut self, at: Instant, held: i64, wasted: i64) {
        self.now = self.now.shifted(held, wasted);
        let is_known = self.changes.len() <= MOST_CHANGES;
        match self.changes.last_mut() {
            Some((last, amount)) if *last == at => *amount = self.now,
            _ if is_known => self.changes.push((at, self.now)),
            _ => {}
        }
    }

    /// Every change, if there are not too many.
    pub(super) fn changes(&self) -> Option<&[(Instant, Amount)]> {
        (self.changes.len() <= MOST_CHANGES).then_some(&self.changes)
    }

    pub(super) fn most(&self) -> u64 {
        self.steps.iter().map(|step| step.most).max().unwrap_or(0)
    }
}

impl Gauge for Courses {
    fn shift(&mut self, at: Instant, host: HostId, level: Level, held: i64, wasted: i64) {
        let place = usize::from(host.0) * Kind::ALL.len() + Kind::of(level) as usize;
        let course = &mut self.courses[place];
        course.advance(at, self.step);
        course.shift(at, held, wasted);
    }
}

impl Occupancy {
    /// Of a run between these hosts that ends at `end`.
    #[must_use]
    pub fn new(hosts: &Hosts, end: Instant) -> Self {
        let step = Duration::from_nanos(end.as_nanos().div_ceil(STEPS).max(1));
        let hosts: Vec<String> = hosts.names().map(str::to_owned).collect();
        let courses = vec![Course::default(); hosts.len() * Kind::ALL.len()];
        Self(Levels::told_to(Courses { step, end, hosts, courses }))
    }

    /// Nothing more happens up to the end.
    pub fn finish(&mut self) {
        let Courses { step, end, courses, .. } = &mut self.0.gauge;
        courses.iter_mut().for_each(|course| course.advance(*end, *step));
    }

    /// How long a step is, in seconds.
    pub(super) fn step(&self) -> f64 {
        self.0.gauge.step.as_nanos() as f64 / 1e9
    }

    /// The courses, each with its host's name and its kind.
    pub(super) fn courses(&self) -> impl Iterator<Item = (&str, Kind, &Course)> {
        let Courses { hosts, courses, .. } = &self.0.gauge;
        let names = hosts.iter().flat_map(|host| Kind::ALL.map(|kind| (host.as_str(), kind)));
        names.zip(courses).map(|((host, kind), course)| (host, kind, course))
    }
}

impl Fold for Occupancy {
    fn record(&mut self, record: &Record) {
        self.0.record(record);
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.0.transfer(at, transfer);
    }
}

#[cfg(test)]
mod tests {
    use experiment::{Experiment, cases, simulate};

    use super::*;

    /// However coarse the steps are, their sum and their peak are those of the metrics.
    #[test]
    fn nothing_is_lost_between_the_steps() {
        for case in cases() {
            let experiment = Experiment::load(case.name, &[]).unwrap_or_else(|errors| panic!("{errors}"));
            let scenario = experiment.scenario(&experiment.variant(None, None).unwrap()).unwrap();
            let mut occupancy = Occupancy::new(&Hosts::of(&scenario), scenario.horizon);
            let metrics = simulate(&scenario, &mut occupancy).unwrap().metrics;
            occupancy.finish();
            if experiment.warm_up() > Instant::ZERO {
                continue;
            }
            for (host, kind, course) in occupancy.courses().filter(|(_, kind, _)| *kind == Kind::Memory) {
                let metric = |name: &str| metrics.get(&format!("{host}.memory.{name}")).flatten().unwrap();
                let sum = |part: fn(&Step) -> u128| course.steps.iter().map(part).sum::<u128>() as f64 / 1e9;
                assert_eq!(sum(|step| step.held), metric("byte-seconds"), "{} {host} {kind:?}", case.name);
                assert_eq!(sum(|step| step.wasted), metric("wasted-byte-seconds"), "{} {host}", case.name);
                assert_eq!(course.most() as f64, metric("peak-bytes"), "{} {host}", case.name);
                assert!(course.steps.len() <= STEPS as usize);
            }
        }
    }
}
