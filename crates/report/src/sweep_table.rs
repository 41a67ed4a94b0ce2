//! What the runs of a sweep came to, as tables: a line for each variant at each point.

use experiment::{GroupResult, MeasureKind, Plan, PointResult, SweepAxis};

use crate::estimate::{difference, estimate};
use crate::sweep_lines::MeasureLine;
use crate::tables::columns;

/// The runs of one variant at one point.
#[derive(Clone, Debug)]
struct Line {
    point: u64,
    values: Vec<String>,
    /// The variant that it is held against.
    base: String,
    group: GroupResult,
}

/// Estimates over replications, for the first many variants and points, so that it takes no more room for more runs.
#[derive(Clone, Debug)]
pub struct SweepTable<'a> {
    plan: &'a Plan,
    most: usize,
    lines: Vec<Line>,
    /// Lines that were not kept.
    others: u64,
    runs: u64,
    errors: u64,
}

impl<'a> SweepTable<'a> {
    /// A table of no run, of at most so many lines.
    #[must_use]
    pub const fn new(plan: &'a Plan, most: usize) -> Self {
        Self { plan, most, lines: Vec::new(), others: 0, runs: 0, errors: 0 }
    }

    /// Adds a point.
    pub fn add(&mut self, result: PointResult) {
        let values: Vec<String> = self.plan.values(result.point).iter().map(ToString::to_string).collect();
        let base = result.groups.first().map(|group| group.variant.label()).unwrap_or_default();
        for group in result.groups {
            self.runs += group.runs;
            self.errors += group.errors;
            if self.lines.len() == self.most {
                self.others += 1;
            } else {
                self.lines.push(Line { point: result.point, values: values.clone(), base: base.clone(), group });
            }
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

    /// The tables, in parts if they would be more than `width` columns wide: what was measured, and what variants differ by.
    #[must_use]
    pub fn render(&self, width: usize) -> String {
        let lines: Vec<&Line> = self.lines.iter().collect();
        let mut cells = self.names(&lines);
        cells.push(column("runs", &lines, &|line| line.group.runs.to_string()));
        if self.errors > 0 {
            cells.push(column("errors", &lines, &|line| line.group.errors.to_string()));
        }
        let names = cells.len();
        for (place, measure) in self.plan.shown().iter().enumerate() {
            let cell = |line: &Line| estimate(measure.kind(), &line.group.estimates[place]);
            cells.push(column(measure.text(), &lines, &cell));
        }
        let mut text = columns(&cells, names, &[], width);
        if self.others > 0 {
            text += &format!("… {} more lines are left out\n", self.others);
        }
        text + &self.render_differences(width)
    }

    /// The same for programs: a line of JSON for each measure of each variant at each point.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let values = self.plan.values(line.point);
            for place in 0..self.plan.shown().len() {
                let values = values.clone();
                let line = MeasureLine { plan: self.plan, values, base: &line.base, group: &line.group, place };
                text += &serde_json::to_string(&line).expect("keys are strings and numbers are finite");
                text.push('\n');
            }
        }
        text
    }

    /// What each variant differs by from the first.
    fn render_differences(&self, width: usize) -> String {
        let lines: Vec<&Line> = self.lines.iter().filter(|line| line.group.variant.label() != line.base).collect();
        let Some(first) = lines.first() else { return String::new() };
        let mut cells = self.names(&lines);
        let names = cells.len();
        let confidence = self.plan.confidence();
        for (place, measure) in self.plan.shown().iter().enumerate() {
            if matches!(measure.kind(), MeasureKind::Mean | MeasureKind::Share) {
                let differences = |line: &Line| line.group.differences[place];
                let cell = |line: &Line| {
                    differences(line).map_or_else(String::new, |it| difference(measure.kind(), &it, confidence))
                };
                cells.push(column(measure.text(), &lines, &cell));
            }
        }
        if cells.len() == names {
            return String::new();
        }
        let one_base = lines.iter().all(|line| line.base == first.base);
        let base = if one_base { &first.base } else { "the first variant of each point" };
        format!(
            "\nDifferences from {base}, replication by replication. ×: how many times as wide the interval would be\nif each variant \
             had a randomness of its own. unsupported: the interval covers zero.\n\n{}",
            columns(&cells, names, &[], width)
        )
    }

    /// The columns that say of what a line is.
    fn names(&self, lines: &[&Line]) -> Vec<Vec<String>> {
        // The variant's column has these.
        let has_column = |axis: &&SweepAxis| !["handshake", "teardown"].contains(&axis.key().trim());
        let mut cells = vec![column("variant", lines, &|line| line.group.variant.label())];
        for (place, axis) in self.plan.axes().iter().enumerate().filter(|(_, axis)| has_column(axis)) {
            cells.push(column(axis.key(), lines, &|line| line.values[place].clone()));
        }
        cells
    }
}

fn column(head: &str, lines: &[&Line], cell: &dyn Fn(&Line) -> String) -> Vec<String> {
    std::iter::once(head.to_owned()).chain(lines.iter().map(|line| cell(line))).collect()
}
