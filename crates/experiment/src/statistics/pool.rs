//! How long opens took, over all opens of many runs.

use super::interval::Estimate;
use super::rank::{ROUNDING, bounding_ranks};
use super::student::{normal, student};
use crate::metrics::Latencies;

/// Replications are spread over so many sections, whose differences show how far to trust what is said of all opens. It
/// bounds the room, whatever the number of replications.
const SECTIONS: usize = 16;

/// The opens of many runs.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Pool {
    sections: Vec<Latencies>,
    runs: u64,
}

impl Pool {
    /// Adds the opens of a run; those of the runs of a group come one after the other.
    pub(super) fn add(&mut self, opens: &Latencies) {
        let section = (self.runs % SECTIONS as u64) as usize;
        self.runs += 1;
        if section == self.sections.len() {
            self.sections.push(Latencies::default());
        }
        self.sections[section].merge(opens);
    }

    /// The quantile of all opens, in seconds.
    ///
    /// The opens of one run have to do with each other, those of different runs do not. So the share of opens below the
    /// quantile is taken as a ratio over sections of runs (Woodruff, 1952), whose error says how many independent opens would
    /// tell as much (Kish's effective number, at most that of all opens). The bounds are those of so many.
    pub(super) fn estimate(&self, part: f64, confidence: f64) -> Estimate {
        let mut all: Vec<(u64, u64)> = self.sections.iter().flat_map(Latencies::iter).collect();
        all.sort_unstable();
        let opens: u64 = self.sections.iter().map(Latencies::count).sum();
        let of_rank = |rank: f64| {
            let mut before = 0;
            let found = all.iter().find(|(_, times)| {
                before += times;
                before as f64 >= rank - ROUNDING
            });
            found.map(|(nanos, _)| *nanos)
        };
        let none = Estimate { count: self.runs, ..Estimate::default() };
        let Some(quantile) = of_rank(part * opens as f64) else { return none };
        let seconds = |nanos: u64| nanos as f64 / 1e9;
        let value = Some(seconds(quantile));
        let Some((error, degrees)) = self.error(quantile) else { return Estimate { value, ..none } };
        let wider = student(confidence, degrees) / normal(confidence);
        let squared = error * error * wider * wider;
        let independent = if squared > 0.0 { part * (1.0 - part) / squared } else { f64::INFINITY };
        let effective = (independent.min(opens as f64) as usize).max(1);
        let (low, high) = bounding_ranks(effective, part, confidence);
        let bound = |rank: usize| {
            let is_one = (1..=effective).contains(&rank);
            is_one.then(|| of_rank(rank as f64 * opens as f64 / effective as f64)).flatten().map(seconds)
        };
        Estimate { value, low: bound(low), high: bound(high), ..none }
    }

    /// The standard error of the share of opens that take at most `quantile`, and its degrees of freedom; nothing if there
    /// is one section with opens only.
    fn error(&self, quantile: u64) -> Option<(f64, u64)> {
        let counts = self.sections.iter().filter(|section| section.count() > 0).map(|section| {
            let below: u64 = section.iter().take_while(|(nanos, _)| *nanos <= quantile).map(|(_, times)| times).sum();
            (below as f64, section.count() as f64)
        });
        let counts: Vec<(f64, f64)> = counts.collect();
        let degrees = (counts.len() as u64).checked_sub(1).filter(|degrees| *degrees > 0)?;
        let (below, all) = counts.iter().fold((0.0, 0.0), |(below, all), (b, a)| (below + b, all + a));
        let ratio = below / all;
        let squares: f64 = counts.iter().map(|(below, all)| (below - ratio * all) * (below - ratio * all)).sum();
        let sections = counts.len() as f64;
        Some(((sections / degrees as f64 * squares).sqrt() / all, degrees))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(runs: impl IntoIterator<Item = Vec<u64>>) -> Pool {
        let mut pool = Pool::default();
        for run in runs {
            let mut opens = Latencies::default();
            run.into_iter().for_each(|nanos| opens.add(nanos));
            pool.add(&opens);
        }
        pool
    }

    /// 40 runs of a hundred opens that take 1 … 100 ms.
    #[test]
    fn a_quantile_is_that_of_all_opens() {
        let runs = (0..40).map(|_| (1..=100).map(|ms| ms * 1_000_000).collect());
        let estimate = pool(runs).estimate(0.9, 0.95);
        assert_eq!((estimate.count, estimate.value), (40, Some(0.09)));
        // All runs are alike, so what is left is 1.96 √(0.09 / 4000) = 0.0093 of the opens, in steps of a hundredth.
        assert_eq!((estimate.low, estimate.high), (Some(0.09), Some(0.091)));
        // One of ten late opens is no proof that one of a hundred is.
        let rare = pool((0..10).map(|run| vec![if run == 3 { 2 } else { 1 } * 1_000_000_000])).estimate(0.99, 0.95);
        assert_eq!((rare.low, rare.value, rare.high), (Some(1.0), Some(2.0), None));
    }

    /// A run whose opens are all late or all early: forty opens say no more than one.
    #[test]
    fn opens_of_one_run_are_not_independent() {
        let run = |late: bool| vec![if late { 2_000_000_000 } else { 1_000_000_000 }; 40];
        let estimate = pool((0..32).map(|number| run(number * 7 % 32 >= 17))).estimate(0.5, 0.95);
        assert_eq!(estimate.value, Some(1.0));
        assert_eq!(estimate.high, Some(2.0), "17 of 32 runs are early: one half may well be late");
    }

    #[test]
    fn one_run_has_no_interval_and_a_rare_delay_no_upper_bound() {
        let one = pool([vec![1; 1_000]]).estimate(0.5, 0.95);
        assert_eq!((one.value, one.low, one.high), (Some(1e-9), None, None));
        let estimate = pool(vec![vec![100_000_000]; 20]).estimate(0.99, 0.95);
        assert_eq!((estimate.value, estimate.low, estimate.high), (Some(0.1), Some(0.1), None), "20 opens show no p99");
        assert_eq!(pool([vec![], vec![]]).estimate(0.5, 0.95).value, None);
    }
}
