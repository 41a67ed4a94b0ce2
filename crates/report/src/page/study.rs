//! The report of a sweep.

mod figures;
mod one;
mod tables;

use experiment::{Plan, PointResult, RunOutcome, SweepAxis, Verdict};

pub use self::one::OneRun;
use super::answer::{Judged, answer};
use super::origin::Origin;
use super::spread::Spread;
use super::{Section, page};
use crate::estimate::estimate;

/// What the runs of a sweep came to. It keeps the values of the runs of the point at hand, and of the others what is shown.
#[derive(Debug)]
pub struct Study<'a> {
    plan: &'a Plan,
    /// The values of the point at hand, by variant and measure.
    values: Vec<Vec<Vec<f64>>>,
    points: Vec<Point>,
    /// Of which point and variant each is.
    verdicts: Vec<(String, Verdict)>,
    runs: u64,
    errors: u64,
}

/// A point that is over.
#[derive(Debug)]
struct Point {
    /// The values of the axes.
    values: Vec<String>,
    result: PointResult,
    /// How the runs spread, by variant and measure; nothing for what is no number of a run.
    spreads: Vec<Vec<Option<Spread>>>,
}

/// What else is said of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Of what runs it is.
    pub subtitle: &'a str,
    /// The digest over the digests of all runs.
    pub digest: &'a str,
    /// The file with a row for each run, if it was written.
    pub rows: Option<&'a str>,
    /// The command that writes it.
    pub rows_command: &'a str,
    /// One of the runs, if one is drawn.
    pub one: Option<&'a OneRun>,
}

impl<'a> Study<'a> {
    /// Nothing was run.
    #[must_use]
    pub const fn new(plan: &'a Plan) -> Self {
        Self { plan, values: Vec::new(), points: Vec::new(), verdicts: Vec::new(), runs: 0, errors: 0 }
    }

    /// Takes what the run that comes next came to, before the point that it may end.
    pub fn run(&mut self, number: u64, outcome: &RunOutcome) {
        let place = self.plan.run(number).place;
        if place >= self.values.len() {
            self.values.resize(place + 1, vec![Vec::new(); self.plan.shown().len()]);
        }
        self.runs += 1;
        self.errors += u64::from(outcome.failed);
        for (kept, value) in self.values[place].iter_mut().zip(&outcome.values) {
            kept.extend(*value);
        }
    }

    /// Takes a point that is over, and what was expected of it.
    pub fn point(&mut self, result: PointResult) {
        let values: Vec<String> = self.plan.values(result.point).iter().map(ToString::to_string).collect();
        let spreads = self.values.drain(..).map(|group| group.into_iter().map(Spread::of).collect()).collect();
        for (_, variant, verdict) in self.plan.judge(&result) {
            let place: String =
                self.axes().map(|(place, axis)| format!("{} = {}, ", axis.key(), values[place])).collect();
            self.verdicts.push((format!("{place}{}", variant.label()), verdict));
        }
        self.points.push(Point { values, result, spreads });
    }

    /// How many runs there were.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// The axes with their places, save those that variants are named by.
    fn axes(&self) -> impl Iterator<Item = (usize, &'a SweepAxis)> + use<'a> {
        let named = |axis: &SweepAxis| ["handshake", "teardown"].contains(&axis.key().trim());
        self.plan.axes().iter().enumerate().filter(move |(_, axis)| !named(axis))
    }

    /// The names of the variants, in the order in which they come.
    fn variants(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for group in self.points.iter().flat_map(|point| &point.result.groups) {
            let name = group.variant.label();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The report of a sweep.
#[must_use]
pub fn study_page(origin: Origin<'_>, study: &Study<'_>, told: Told<'_>) -> String {
    let judged: Vec<Judged<'_>> =
        study.verdicts.iter().map(|(of, verdict)| Judged { of: of.clone(), verdict }).collect();
    let failed = if study.errors > 0 {
        format!("<p class=\"verdict poor\">✗ {} of {} runs failed.</p>", study.errors, study.runs)
    } else {
        String::new()
    };
    let mut sections = vec![
        Section::new("answer", "Answer", "", answer(None, "of", &judged, String::new()) + &failed),
        figures::lines(study),
        figures::heat_maps(study),
        tables::points(study, told),
        tables::differences(study),
        one::one_run(told.one),
    ];
    let plan = study.plan;
    let facts = [
        ("seed", origin.experiment.seed().to_string()),
        ("runs", study.runs.to_string()),
        ("digest of all runs' digests", told.digest.to_owned()),
        ("plan", plan.fingerprint().to_string()),
    ];
    sections.extend(origin.sections(&facts.map(|(name, fact)| (name.to_owned(), fact))));
    page(origin.title(), told.subtitle, sections)
}
