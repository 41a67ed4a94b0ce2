//! What was held and sent for nobody.

use std::fmt;
use std::ops::{Add, AddAssign};

use experiment::record::{Blame, Memory, Worth};
use experiment::{Held, Level, Resource, Transfer};
use sim_time::Instant;
use smallvec::SmallVec;

use crate::amount::{rounded, scaled, whole};
use crate::wrap::listed;

/// What an incarnation cost while it was of no use, or what a host sent for nobody that kept nothing.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    /// What is to blame for which part, by the order of the blames.
    by: SmallVec<[(Blame, Part); 1]>,
    /// When it was first of no use.
    pub(super) since: Instant,
    /// When it ended, or was useful again; `None` if neither came.
    pub(super) until: Option<Instant>,
    /// What it held memory for meanwhile, in the order of taking it.
    pub(super) memories: SmallVec<[Memory; 4]>,
}

/// So much was wasted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Amount {
    pub(super) octet_nanos: u128,
    pub(super) worker_nanos: u128,
    /// The segments that were sent for it, and in answer to those.
    pub(super) segments: u64,
}

/// What one thing is to blame for.
#[derive(Clone, Debug, Default)]
struct Part {
    /// The octets that were held.
    held: Level,
    /// The workers that served it, if any did.
    workers: Option<Box<Level>>,
    /// The segments that were sent for it, and in answer to those.
    segments: u64,
}

impl Cost {
    /// Of no use since then, without a cost so far.
    pub(super) fn since(since: Instant) -> Self {
        Self { by: SmallVec::new(), since, until: None, memories: SmallVec::new() }
    }

    /// A segment was sent.
    pub(super) fn spend(&mut self, blame: Blame) {
        self.part(blame).segments += 1;
    }

    /// Takes what is held from now on.
    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let Transfer { held, amount, from, to, .. } = *transfer;
        let [from, to] = [from, to].map(|worth| worth.and_then(Worth::blame));
        let amount = amount.cast_signed();
        match held {
            Held::Life if to.is_none() => self.until = Some(at),
            Held::Life => self.until = None,
            Held::Of(resource @ (Resource::Memory(_) | Resource::Workers)) => {
                let deltas = [(from, -amount), (to, amount)];
                for (blame, delta) in deltas.into_iter().filter_map(|(blame, delta)| Some((blame?, delta))) {
                    let part = self.part(blame);
                    let level = match resource {
                        Resource::Workers => part.workers.get_or_insert_default(),
                        _ => &mut part.held,
                    };
                    level.change(at, delta);
                }
                if let Resource::Memory(memory) = resource
                    && to.is_some()
                    && !self.memories.contains(&memory)
                {
                    self.memories.push(memory);
                }
            }
            Held::Of(_) => {}
        }
    }

    fn part(&mut self, blame: Blame) -> &mut Part {
        let found = self.by.binary_search_by_key(&blame, |(blame, _)| *blame);
        let place = found.unwrap_or_else(|place| {
            self.by.insert(place, (blame, Part::default()));
            place
        });
        &mut self.by[place].1
    }

    /// Nothing has been measured before `at`; what is held remains.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        for (_, part) in &mut self.by {
            part.advance(at);
            let workers = part.workers.as_ref().map(|workers| Box::new(workers.anew()));
            *part = Part { held: part.held.anew(), workers, segments: 0 };
        }
    }

    /// Holds what is still held up to `end`.
    pub(super) fn advance(&mut self, end: Instant) {
        self.by.iter_mut().for_each(|(_, part)| part.advance(end));
    }

    /// Whatever is to blame.
    pub(super) fn amount(&self) -> Amount {
        self.by.iter().fold(Amount::default(), |sum, (_, part)| sum + part.amount())
    }

    /// Whether something is to blame for any of it.
    pub(super) fn is_charged_to(&self, blame: Blame) -> bool {
        let place = self.by.binary_search_by_key(&blame, |(blame, _)| *blame);
        place.is_ok_and(|place| !self.by[place].1.amount().is_nothing())
    }

    /// What is to blame for anything, and for how much.
    pub(super) fn blames(&self) -> impl Iterator<Item = (Blame, Amount)> {
        let parts = self.by.iter().map(|(blame, part)| (*blame, part.amount()));
        parts.filter(|(_, amount)| !amount.is_nothing())
    }
}

impl Part {
    fn advance(&mut self, at: Instant) {
        self.held.advance(at);
        if let Some(workers) = &mut self.workers {
            workers.advance(at);
        }
    }

    fn amount(&self) -> Amount {
        let octet_nanos = self.held.integral();
        let worker_nanos = self.workers.as_ref().map_or(0, |workers| workers.integral());
        Amount { octet_nanos, worker_nanos, segments: self.segments }
    }
}

impl Amount {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            octet_nanos: self.octet_nanos + other.octet_nanos,
            worker_nanos: self.worker_nanos + other.worker_nanos,
            segments: self.segments + other.segments,
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// `358 B·s, 0.1 worker·s and 2 wasted segments`
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { octet_nanos, worker_nanos, segments } = *self;
        let held = (octet_nanos > 0 || segments == 0).then(|| scaled(octet_nanos as f64 / 1e9, "B·s"));
        let served = (worker_nanos > 0).then(|| format!("{} worker·s", rounded(worker_nanos as f64 / 1e9)));
        let plural = if segments == 1 { "" } else { "s" };
        let sent = (segments > 0).then(|| format!("{} wasted segment{plural}", whole(segments)));
        f.write_str(&listed(&[held, served, sent].into_iter().flatten().collect::<Vec<_>>()))
    }
}
