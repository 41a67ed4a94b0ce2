//! The course of a sweep: what its runs come to, group by group, and which of them come next.

use std::ops::Range;

use super::difference::Difference;
use super::interval::Estimate;
use super::outcome::RunOutcome;
use super::tally::Tally;
use crate::input::{Plan, PlannedRun, Variant};

/// Takes what the runs of a plan came to, in its order, and says what follows. All that is kept is what has been seen of the
/// point at hand.
#[derive(Clone, Debug)]
pub struct Course<'a> {
    plan: &'a Plan,
    /// One for each variant.
    groups: Vec<Group>,
    /// What the first variant came to in the batch at hand, by measure, for each replication.
    base: Vec<Vec<Option<f64>>>,
}

/// What follows a run.
#[derive(Clone, PartialEq, Debug)]
pub enum Follows {
    /// The run of the next number.
    Run,
    /// A further batch that the point needs.
    Batch(Range<u64>),
    /// The next point: this one is over.
    Point(PointResult),
}

/// What all runs of a point came to.
#[derive(Clone, PartialEq, Debug)]
pub struct PointResult {
    /// Its number.
    pub point: u64,
    /// One for each variant.
    pub groups: Vec<GroupResult>,
}

/// What the runs of one variant at one point came to.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupResult {
    /// The variant.
    pub variant: Variant,
    /// How many runs there were.
    pub runs: u64,
    /// How many of them ended with an error.
    pub errors: u64,
    /// What they say of each measure of the plan.
    pub estimates: Vec<Estimate>,
    /// How each measure differs from what it is for the first variant, on the same randomness. The first variant has none,
    /// nor has a quantile.
    pub differences: Vec<Option<Difference>>,
}

#[derive(Clone, Debug)]
struct Group {
    variant: Variant,
    runs: u64,
    errors: u64,
    tallies: Vec<Tally>,
    differences: Vec<Option<Difference>>,
}

impl<'a> Course<'a> {
    /// The course of a plan of which nothing was run.
    #[must_use]
    pub const fn new(plan: &'a Plan) -> Self {
        Self { plan, groups: Vec::new(), base: Vec::new() }
    }

    /// Adds what the run came to that comes next.
    pub fn add(&mut self, number: u64, outcome: &RunOutcome) -> Follows {
        let run = self.plan.run(number);
        self.tally(&run, outcome);
        if !self.plan.ends_batch(number) {
            return Follows::Run;
        }
        self.base.clear();
        let may_end = self.plan.precision().is_some_and(|precision| run.replication + 1 >= precision.at_least);
        match self.plan.batch_after(number) {
            None => Follows::Point(self.finish(run.point)),
            Some(_) if may_end && self.is_precise() => Follows::Point(self.finish(run.point)),
            Some(batch) if may_end => Follows::Batch(batch),
            Some(_) => Follows::Run,
        }
    }

    fn tally(&mut self, run: &PlannedRun, outcome: &RunOutcome) {
        let measures = self.plan.measures();
        if self.groups.len() == run.place {
            let tallies: Vec<Tally> = measures.iter().map(Tally::of).collect();
            let differ = |tally: &Tally| match tally {
                Tally::Mean(_) | Tally::Share { .. } if run.place > 0 => Some(Difference::default()),
                _ => None,
            };
            let differences = tallies.iter().map(differ).collect();
            self.groups.push(Group { variant: run.variant.clone(), runs: 0, errors: 0, tallies, differences });
        }
        let group = &mut self.groups[run.place];
        group.runs += 1;
        group.errors += u64::from(outcome.failed);
        for (tally, value) in group.tallies.iter_mut().zip(&outcome.values) {
            tally.add(*value, outcome);
        }
        if run.place == 0 {
            self.base.push(outcome.values.clone());
            return;
        }
        let base = &self.base[self.plan.place_in_batch(run.replication)];
        for (difference, (own, base)) in group.differences.iter_mut().zip(outcome.values.iter().zip(base)) {
            if let (Some(difference), Some(own), Some(base)) = (difference, own, base) {
                difference.add(*own, *base);
            }
        }
    }

    /// Whether all that is judged is known as precisely as the plan wants it.
    fn is_precise(&self) -> bool {
        let Some(precision) = self.plan.precision() else { return false };
        let confidence = self.plan.confidence();
        self.groups.iter().all(|group| {
            let judged = precision.measures.iter().map(|place| &group.tallies[*place]);
            judged.map(|tally| tally.estimate(confidence)).all(|estimate| estimate.is_within(precision.until))
        })
    }

    fn finish(&mut self, point: u64) -> PointResult {
        let confidence = self.plan.confidence();
        let result = |group: Group| GroupResult {
            variant: group.variant,
            runs: group.runs,
            errors: group.errors,
            estimates: group.tallies.iter().map(|tally| tally.estimate(confidence)).collect(),
            differences: group.differences,
        };
        PointResult { point, groups: self.groups.drain(..).map(result).collect() }
    }
}
