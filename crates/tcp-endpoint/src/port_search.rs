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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::testing::at;

    fn ports(count: u16) -> PortRange {
        PortRange::new(1000, 999 + count).expect("a range")
    }

    /// What a search finds among 10 000 ports of which the last alone is free, and how often it asks.
    fn search(
        taken: &mut Option<Box<TakenPorts>>,
        refusal: Vacancy,
        (count, steps): (u32, (Step, u32)),
    ) -> (Option<(u32, u16)>, u32) {
        let asked = Cell::new(0);
        let ask = |port| {
            asked.set(asked.get() + 1);
            if port == 10_999 { Vacancy::Free } else { refusal }
        };
        let found = Search::new(ports(10_000), taken, ask).around_in_steps(0, count, steps);
        (found, asked.get())
    }

    /// However long ports are taken, a search does not ask again for those that another has found so.
    #[test]
    fn what_is_taken_is_asked_for_once() {
        let (each, odd) = ((10_000, (Step::One, 0)), (5000, (Step::Two, 1)));
        for refusal in [Vacancy::Taken, Vacancy::TakenUntil(at(1000))] {
            let mut taken = None;
            // Those that it asks for before they are many are found so by the second search.
            for times in [10_000, MANY, 1] {
                assert_eq!(search(&mut taken, refusal, each), (Some((9999, 10_999)), times), "{refusal:?}");
            }
            assert_eq!(search(&mut taken, refusal, odd), (Some((4999, 10_999)), 1), "{refusal:?}");
        }
    }

    #[test]
    fn few_are_not_worth_remembering() {
        for (count, remembered) in [(63, false), (64, true)] {
            let mut taken = None;
            assert_eq!(Search::new(ports(count), &mut taken, |_| Vacancy::Taken).around(0, count.into()), None);
            assert_eq!(taken.is_some(), remembered, "{count}");
        }
    }
}
