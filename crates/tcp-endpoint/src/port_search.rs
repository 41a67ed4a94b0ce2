//! One search for a free port.

use sim_time::Instant;

use crate::port_range::PortRange;
use crate::taken::{Step, TakenPorts, Vacancy};

/// Ports that a search finds taken before it remembers them. So many connections take far more memory than what it
/// remembers, and whoever has fewer to one remote socket does without.
const MANY: u32 = 64;

/// A search for a free port of a range: `ask` tells whether one is, and `taken` knows of some that are not.
pub(crate) struct Search<'a, F> {
    range: PortRange,
    taken: &'a mut Option<Box<TakenPorts>>,
    ask: F,
    /// How often it asked in vain.
    refused: u32,
}

impl<'a, F: Fn(u16) -> Vacancy> Search<'a, F> {
    pub(crate) const fn new(range: PortRange, taken: &'a mut Option<Box<TakenPorts>>, ask: F) -> Self {
        Self { range, taken, ask, refused: 0 }
    }

    /// How many places there are.
    pub(crate) fn count(&self) -> u32 {
        self.range.count()
    }

    /// The port at a place, if it is free.
    pub(crate) fn at(&mut self, place: u32) -> Option<u16> {
        if self.taken.as_ref().is_some_and(|taken| taken.contains(place)) {
            return None;
        }
        let port = self.range.port(place);
        match (self.ask)(port) {
            Vacancy::Free => return Some(port),
            Vacancy::Taken => self.note(place, None),
            Vacancy::TakenUntil(until) => self.note(place, Some(until)),
        }
        None
    }

    /// It asked in vain.
    fn note(&mut self, place: u32, until: Option<Instant>) {
        self.refused += 1;
        if self.refused >= MANY || self.taken.is_some() {
            self.taken.get_or_insert_with(|| Box::new(TakenPorts::new(self.range))).note(place, until);
        }
    }

    /// The first free port of the first `count` places, from `start` on and around: how many are before it, and the port.
    pub(crate) fn around(&mut self, start: u32, count: u32) -> Option<(u32, u16)> {
        self.around_in_steps(start, count, (Step::One, 0))
    }

    /// The same among the first `count` of the places that are a step apart, beginning with `first`. They are counted.
    pub(crate) fn around_in_steps(&mut self, start: u32, count: u32, (step, first): (Step, u32)) -> Option<(u32, u16)> {
        let place = |number: u32| first + number * step.places();
        let before = |found: u32| (found - first) / step.places();
        let (begin, end) = (place(start), place(count));
        if let Some((found, port)) = self.between(begin, end, step) {
            return Some((before(found) - start, port));
        }
        let (found, port) = self.between(first, begin, step)?;
        Some((count - start + before(found), port))
    }

    /// The first free port at or after a place and before another, and its place.
    fn between(&mut self, from: u32, end: u32, step: Step) -> Option<(u32, u16)> {
        let mut place = from;
        while place < end {
            if let Some(port) = self.at(place) {
                return Some((place, port));
            }
            place += step.places();
            if let Some(taken) = self.taken {
                place = taken.first_other(place, step)?;
            }
        }
        None
    }
}
