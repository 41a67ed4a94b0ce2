//! When something happens again and again: each time is drawn when the one before has come.

use std::sync::Arc;

use net_link::exponential;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use sim_time::{Duration, Instant};

use crate::{Arrivals, OnOff, Process, Rate};

/// The arrivals that are still to come.
#[derive(Clone, Debug)]
pub(super) struct Source {
    process: Ongoing,
    /// The time of the last one, or the start.
    last: Instant,
    left: Option<u64>,
    until: Option<Instant>,
    draws: ChaCha8Rng,
}

/// How a process goes on.
#[derive(Clone, Debug)]
enum Ongoing {
    AtOnce,
    At { start: Instant, after: Arc<[Duration]>, next: usize },
    Every { interval: Duration, begun: bool },
    Poisson(Rate),
    OnOff { settings: OnOff, phase: Option<Phase> },
}

/// A phase of a process that is on or off.
#[derive(Clone, Copy, Debug)]
struct Phase {
    on: bool,
    end: Instant,
}

impl Source {
    pub(super) fn new(arrivals: &Arrivals, start: Instant, draws: ChaCha8Rng) -> Self {
        let mut left = arrivals.most;
        let process = match &arrivals.process {
            Process::AtOnce(count) => {
                left = Some(left.map_or(u64::from(*count), |most| most.min(u64::from(*count))));
                Ongoing::AtOnce
            }
            Process::At(after) => Ongoing::At { start, after: Arc::clone(after), next: 0 },
            Process::Every(interval) => Ongoing::Every { interval: *interval, begun: false },
            Process::Poisson(rate) => Ongoing::Poisson(*rate),
            Process::OnOff(settings) => Ongoing::OnOff { settings: *settings, phase: None },
        };
        Self { process, last: start, left, until: arrivals.until, draws }
    }

    /// When the next one comes, if there is one.
    pub(super) fn next(&mut self) -> Option<Instant> {
        if self.left == Some(0) {
            return None;
        }
        let at = self.process.next(self.last, &mut self.draws)?;
        if self.until.is_some_and(|until| at > until) {
            self.left = Some(0);
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        self.last = at;
        Some(at)
    }
}

impl Ongoing {
    fn next(&mut self, last: Instant, draws: &mut ChaCha8Rng) -> Option<Instant> {
        match self {
            Self::AtOnce => Some(last),
            Self::At { start, after, next } => {
                let after = after.get(*next)?;
                *next += 1;
                Some(*start + *after)
            }
            Self::Every { interval, begun } => {
                let first = !std::mem::replace(begun, true);
                Some(if first { last } else { last + *interval })
            }
            Self::Poisson(rate) => Some(last + rate.interval(draws.next_u64())),
            Self::OnOff { settings, phase } => Some(settings.next(phase, last, draws)),
        }
    }
}

impl OnOff {
    /// What is left of an exponential time is exponential too: at a change of the rate the wait begins anew.
    fn next(&self, phase: &mut Option<Phase>, last: Instant, draws: &mut ChaCha8Rng) -> Instant {
        let mut from = last;
        loop {
            let Phase { on, end } = *phase.get_or_insert_with(|| self.phase(true, from, draws));
            let rate = if on { Some(self.rate) } else { self.rate_off };
            let at = rate.map(|rate| from + rate.interval(draws.next_u64()));
            if let Some(at) = at.filter(|at| *at <= end) {
                return at;
            }
            from = end;
            *phase = Some(self.phase(!on, from, draws));
        }
    }

    fn phase(&self, on: bool, from: Instant, draws: &mut ChaCha8Rng) -> Phase {
        let mean = if on { self.on } else { self.off };
        Phase { on, end: from + exponential(mean.as_nanos() as f64, draws.next_u64()) }
    }
}
