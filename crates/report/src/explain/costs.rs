//! What was held and sent for nobody between two sockets.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, AddAssign};

use experiment::record::{Blame, Event, Incarnation, Memory, Record, RecordId, Worth};
use experiment::{Held, Level, Resource, Transfer};
use sim_time::Instant;

use crate::amount::{rounded, scaled, whole};
use crate::wrap::listed;

/// What each incarnation cost that was ever of no use; and under `None` what was sent for nobody by a host that kept nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Costs {
    of: BTreeMap<Option<Incarnation>, Cost>,
    /// For whom each wasted segment was sent, and each delivery of one.
    spent_for: BTreeMap<RecordId, Option<Incarnation>>,
}

/// What an incarnation cost while it was of no use.
#[derive(Clone, Debug)]
pub(super) struct Cost {
    by: BTreeMap<Blame, Part>,
    /// When it was first of no use.
    pub(super) since: Instant,
    /// When it ended, or was useful again; `None` if neither came.
    pub(super) until: Option<Instant>,
    /// What it held memory for meanwhile, in the order of taking it.
    pub(super) memories: Vec<Memory>,
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
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    /// The octets that were held.
    held: Level,
    /// The workers that served it.
    workers: Level,
    /// The segments that were sent for it, and in answer to those.
    segments: u64,
}

impl Costs {
    /// Takes the next record between the two sockets.
    pub(super) fn note(&mut self, record: &Record) {
        let at = record.at;
        match record.event {
            Event::Delivered { .. } => {
                let segment = record.because.first().and_then(|segment| self.spent_for.get(&segment).copied());
                self.spent_for.extend(segment.map(|of| (record.id, of)));
            }
            Event::Sent(ref sent) => {
                let Some(blame) = sent.wasted else { return };
                let own = sent.incarnation.filter(|own| self.of.contains_key(&Some(*own)));
                let answered = || record.because.iter().find_map(|cause| self.spent_for.get(&cause).copied());
                let of = own.map_or_else(|| answered().flatten(), Some);
                self.spent_for.insert(record.id, of);
                self.cost(of, at).by.entry(blame).or_default().segments += 1;
            }
            _ => {}
        }
    }

    /// Takes what is held for whom from now on.
    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let Transfer { incarnation, held, amount, from, to, .. } = *transfer;
        let [from, to] = [from, to].map(|worth| worth.and_then(Worth::blame));
        if from.is_none() && to.is_none() {
            return;
        }
        let (amount, cost) = (amount.cast_signed(), self.cost(Some(incarnation), at));
        match held {
            Held::Life if to.is_none() => cost.until = Some(at),
            Held::Life => cost.until = None,
            Held::Of(resource @ (Resource::Memory(_) | Resource::Workers)) => {
                for (blame, delta) in [(from, -amount), (to, amount)] {
                    let Some(blame) = blame else { continue };
                    let part = cost.by.entry(blame).or_default();
                    let level = if resource == Resource::Workers { &mut part.workers } else { &mut part.held };
                    level.change(at, delta);
                }
                if let Resource::Memory(memory) = resource
                    && to.is_some()
                    && !cost.memories.contains(&memory)
                {
                    cost.memories.push(memory);
                }
            }
            Held::Of(_) => {}
        }
    }

    fn cost(&mut self, of: Option<Incarnation>, at: Instant) -> &mut Cost {
        let new = || Cost { by: BTreeMap::new(), since: at, until: None, memories: Vec::new() };
        self.of.entry(of).or_insert_with(new)
    }

    /// Nothing has been measured before `at`; what is held remains.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        for part in self.of.values_mut().flat_map(|cost| cost.by.values_mut()) {
            part.advance(at);
            *part = Part { held: part.held.anew(), workers: part.workers.anew(), segments: 0 };
        }
    }

    /// Holds what is still held up to `end`.
    pub(super) fn advance(&mut self, end: Instant) {
        self.of.values_mut().flat_map(|cost| cost.by.values_mut()).for_each(|part| part.advance(end));
    }

    /// Those that came to anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Option<Incarnation>, &Cost)> {
        let costly = |(_, cost): &(&_, &Cost)| cost.amount() > Amount::default();
        self.of.iter().filter(costly).map(|(of, cost)| (*of, cost))
    }
}

impl Cost {
    /// Whatever is to blame.
    pub(super) fn amount(&self) -> Amount {
        self.by.values().fold(Amount::default(), |sum, part| sum + part.amount())
    }

    /// What is to blame for anything, and for how much.
    pub(super) fn blames(&self) -> impl Iterator<Item = (Blame, Amount)> {
        let parts = self.by.iter().map(|(blame, part)| (*blame, part.amount()));
        parts.filter(|(_, amount)| *amount > Amount::default())
    }
}

impl Part {
    fn advance(&mut self, at: Instant) {
        self.held.advance(at);
        self.workers.advance(at);
    }

    const fn amount(&self) -> Amount {
        let (octet_nanos, worker_nanos) = (self.held.integral(), self.workers.integral());
        Amount { octet_nanos, worker_nanos, segments: self.segments }
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
