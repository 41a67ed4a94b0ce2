//! Which part of a long run is worth drawing, and how a diagram begins there.

use std::collections::{BTreeMap, VecDeque};

use experiment::Transfer;
use experiment::record::{Event, Fold, Incarnation, Record, StateChange, Worth};
use sim_time::{Duration, Instant};
use tcp_endpoint::State;

use super::Diagram;
use crate::diagram::Life;

/// So many instants at which something is sent lead to the worst.
const LEAD: usize = 20;

/// The last instants at which something was sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Sends(VecDeque<Instant>);

impl Sends {
    fn note(&mut self, at: Instant) {
        if self.0.back() != Some(&at) {
            self.0.push_back(at);
            if self.0.len() > LEAD {
                self.0.pop_front();
            }
        }
    }

    /// The first of them.
    fn first(&self) -> Option<Instant> {
        self.0.front().copied()
    }
}

/// Finds where a diagram should begin that shows what leads to an instant. What is before the end of the warm-up leads to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lead {
    to: Instant,
    sends: Sends,
}

impl Lead {
    /// Nothing was seen yet.
    #[must_use]
    pub fn to(instant: Instant) -> Self {
        Self { to: instant, sends: Sends::default() }
    }

    /// Some segments before the instant, or the instant itself if nothing was sent until then.
    #[must_use]
    pub fn begins(&self) -> Instant {
        self.sends.first().unwrap_or(self.to)
    }
}

impl Fold for Lead {
    fn record(&mut self, record: &Record) {
        match record.event {
            Event::Sent(_) if record.at <= self.to => self.sends.note(record.at),
            Event::WarmedUp => self.sends = Sends::default(),
            _ => {}
        }
    }
}

/// Finds the connection for which most is held for nobody.
#[derive(Clone, Debug, Default)]
pub(super) struct Worst {
    pub(super) sends: Sends,
    /// The connections for which something is held for nobody now.
    held: BTreeMap<Incarnation, Useless>,
    most: Option<Candidate>,
}

/// Finds the open that takes longest: the one that begins while the run is measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Slowest {
    /// The opens that are under way: when each began, and the instant that leads to it.
    open: BTreeMap<Incarnation, (Instant, Instant)>,
    /// How long the slowest took, and the instant that leads to it.
    most: Option<(Duration, Instant)>,
}

impl Slowest {
    pub(super) fn state(&mut self, at: Instant, change: &StateChange, sends: &Sends) {
        if change.from == State::Closed && change.to == State::SynSent {
            self.open.insert(change.incarnation, (at, sends.first().unwrap_or(at)));
        } else if change.from == State::SynSent
            && let Some((began, lead)) = self.open.remove(&change.incarnation)
        {
            self.take(at.since(began), lead);
        }
    }

    fn take(&mut self, took: Duration, lead: Instant) {
        if self.most.is_none_or(|(most, _)| took > most) {
            self.most = Some((took, lead));
        }
    }

    /// The warm-up is over.
    pub(super) fn begin_anew(&mut self) {
        *self = Self::default();
    }

    /// The instant that leads to the slowest open of a run that ends then.
    pub(super) fn lead(&self, end: Instant) -> Option<Instant> {
        let mut all = self.clone();
        for (began, lead) in self.open.values() {
            all.take(end.since(*began), *lead);
        }
        all.most.map(|(_, lead)| lead)
    }
}

/// What is held for a connection, from an instant that leads to it.
#[derive(Clone, Copy, Debug)]
struct Useless {
    lead: Instant,
    octets: i128,
    sum: i128,
}

/// Octets × nanoseconds, and the instant that leads to them.
type Candidate = (i128, Instant);

impl Worst {
    pub(super) fn sent(&mut self, at: Instant) {
        self.sends.note(at);
    }

    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let amount = |worth: Option<Worth>| worth.and_then(Worth::blame).map_or(0, |_| i128::from(transfer.amount));
        let octets = amount(transfer.to) - amount(transfer.from);
        if octets == 0 {
            return;
        }
        let lead = self.sends.first().unwrap_or(at);
        let held = self.held.entry(transfer.incarnation).or_insert(Useless { lead, octets: 0, sum: 0 });
        held.octets += octets;
        held.sum -= octets * i128::from(at.as_nanos());
        if held.octets == 0 {
            let candidate = (held.sum, held.lead);
            self.held.remove(&transfer.incarnation);
            self.most = Some(self.most.map_or(candidate, |most| worse(most, candidate)));
        }
    }

    /// The warm-up is over: what was held before does not count, and nothing that came before leads to anything.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        (self.most, self.sends) = (None, Sends::default());
        for held in self.held.values_mut() {
            held.sum = -held.octets * i128::from(at.as_nanos());
            held.lead = at;
        }
    }

    /// The instant that leads to the worst of a run that ends then.
    pub(super) fn lead(&self, end: Instant) -> Option<Instant> {
        let held = self.held.values().map(|held| (held.sum + held.octets * i128::from(end.as_nanos()), held.lead));
        self.most.into_iter().chain(held).reduce(worse).map(|(_, lead)| lead)
    }
}

/// The larger one, or of two that are alike the earlier one.
fn worse(one: Candidate, other: Candidate) -> Candidate {
    if (other.0, one.1) > (one.0, other.1) { other } else { one }
}

impl Diagram {
    /// A connection that is over before anything is drawn.
    pub(super) fn forget(&mut self, incarnation: Incarnation) {
        let Some(gone) = self.connections.remove(&incarnation) else { return };
        self.lives.swap_remove(gone.life);
        self.owners.swap_remove(gone.life);
        let moved = self.owners.get(gone.life).and_then(|owner| self.connections.get_mut(owner));
        if let Some(moved) = moved {
            moved.life = gone.life;
        }
    }

    /// From now on all is kept: the connections that are there in the order of their birth, each in the state that it is in.
    pub(super) fn begin(&mut self) {
        self.begun = true;
        let mut there: Vec<(Life, Incarnation)> = self.lives.drain(..).zip(self.owners.drain(..)).collect();
        there.sort_by_key(|(_, owner)| *owner);
        for (place, (mut life, owner)) in there.into_iter().enumerate() {
            life.states.drain(..life.states.len().saturating_sub(1));
            if let Some(connection) = self.connections.get_mut(&owner) {
                connection.life = place;
                if connection.worth == Worth::Useful {
                    life.waste.clear();
                    connection.useless.clear();
                }
            }
            self.lives.push(life);
            self.owners.push(owner);
        }
    }
}
