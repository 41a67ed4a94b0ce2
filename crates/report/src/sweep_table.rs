//! What the runs of a sweep came to, as a table: a line for each variant at each point.

use experiment::{Plan, PlannedRun, SweepAxis, Variant};

use crate::amount::amount;
use crate::rows::Outcome;
use crate::tables::columns;

/// The values of one metric over replications.
///
/// Mean and spread are kept as they come (Welford), so that they take no room for more replications; an interval of
/// confidence needs no more than these.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Sample {
    count: u64,
    mean: f64,
    /// The sum of the squares of the differences from the mean.
    squares: f64,
}

impl Sample {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; nothing of no value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The estimate of their variance; nothing of fewer than two.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }
}

/// The runs of one variant at one point.
#[derive(Clone, Debug)]
struct Group {
    point: u64,
    variant: Variant,
    values: Vec<String>,
    runs: u64,
    errors: u64,
    samples: Vec<Sample>,
}

/// Means over replications, for the first many variants and points, so that it takes no more room for more runs.
#[derive(Clone, Debug)]
pub struct SweepTable<'a> {
    plan: &'a Plan,
    most: usize,
    groups: Vec<Group>,
    /// Groups that were not kept.
    others: u64,
    last: Option<(u64, usize)>,
    runs: u64,
    errors: u64,
}

impl<'a> SweepTable<'a> {
    /// A table of no run, of at most so many lines.
    #[must_use]
    pub const fn new(plan: &'a Plan, most: usize) -> Self {
        Self { plan, most, groups: Vec::new(), others: 0, last: None, runs: 0, errors: 0 }
    }

    /// Adds a run; runs come in the order of the plan.
    pub fn add(&mut self, run: &PlannedRun, outcome: &Outcome) {
        self.runs += 1;
        self.errors += u64::from(outcome.failed);
        if self.last != Some((run.point, run.place)) {
            self.last = Some((run.point, run.place));
            if self.groups.len() == self.most {
                self.others += 1;
            } else {
                self.groups.push(Group {
                    point: run.point,
                    variant: run.variant.clone(),
                    values: self.plan.values(run.point).iter().map(ToString::to_string).collect(),
                    runs: 0,
                    errors: 0,
                    samples: vec![Sample::default(); self.plan.metrics().len()],
                });
            }
        }
        let Some(group) = self.groups.last_mut().filter(|group| self.others == 0 && group.point == run.point) else {
            return;
        };
        group.runs += 1;
        group.errors += u64::from(outcome.failed);
        for (sample, value) in group.samples.iter_mut().zip(&outcome.values) {
            value.iter().for_each(|value| sample.add(*value));
        }
    }

    /// How many runs were added.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// How many of them ended with an error.
    #[must_use]
    pub const fn errors(&self) -> u64 {
        self.errors
    }

    /// The table, in several if it would be more than `width` columns wide.
    #[must_use]
    pub fn render(&self, width: usize) -> String {
        // The variant's column has these.
        let has_column = |axis: &&SweepAxis| !["handshake", "teardown"].contains(&axis.key().trim());
        let column = |head: &str, cell: &dyn Fn(&Group) -> String| {
            std::iter::once(head.to_owned()).chain(self.groups.iter().map(cell)).collect::<Vec<_>>()
        };
        let mut cells = vec![column("variant", &|group| group.variant.label())];
        for (place, axis) in self.plan.axes().iter().enumerate().filter(|(_, axis)| has_column(axis)) {
            cells.push(column(axis.key(), &|group| group.values[place].clone()));
        }
        cells.push(column("runs", &|group| group.runs.to_string()));
        if self.errors > 0 {
            cells.push(column("errors", &|group| group.errors.to_string()));
        }
        let names = cells.len();
        for (place, metric) in self.plan.metrics().iter().enumerate() {
            cells.push(column(metric, &|group| shown(group.samples[place].mean())));
        }
        let mut text = columns(&cells, names, &[], width);
        if self.others > 0 {
            text += &format!("… {} more lines are left out\n", self.others);
        }
        text
    }
}

/// A mean with six digits: more would be noise.
fn shown(mean: Option<f64>) -> String {
    amount(mean.map(|mean| format!("{mean:.5e}").parse().expect("a number that was just written")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_knows_mean_and_variance() {
        let mut sample = Sample::default();
        assert_eq!((sample.mean(), sample.variance()), (None, None));
        [2.0, 4.0, 9.0].into_iter().for_each(|value| sample.add(value));
        assert_eq!((sample.count(), sample.mean(), sample.variance()), (3, Some(5.0), Some(13.0)));
    }

    #[test]
    fn means_have_six_digits() {
        for (mean, text) in [(0.1 + 0.2, "0.3"), (1.0 / 3.0, "0.333333"), (12_345_678.9, "12345700"), (0.0, "0")] {
            assert_eq!(shown(Some(mean)), text);
        }
        assert_eq!(shown(None), "–");
    }
}
