//! What each decision does by itself, and what several do together beyond that.

use experiment::{Axis, MetricInfo, Summary, catalogue};

use crate::amount::{amount, shown_unit};
use crate::tables::{Listed, columns};

/// Differences smaller than this part of what they are taken from are rounding.
const ROUNDING: f64 = 1e-9;

/// A change of some axes' levels from their first ones: for each axis the place of its level, 0 where it stays.
type Change = Vec<usize>;

/// For each metric its value where every axis has its first level, what each other level does to it by itself, and what
/// several do together beyond that, so that the terms of a combination add up to its value. `runs` are the runs of all
/// combinations, the last axis varying fastest; tables are at most `width` columns wide, if that can be.
///
/// # Panics
/// If there is not one run for each combination.
#[must_use]
pub fn effects(axes: &[Axis], runs: &[&Summary], hosts: &[&str], listed: Listed, width: usize) -> String {
    let mut combinations = combinations(axes, runs);
    // Single changes first, and of as many those of the first axes.
    combinations.sort_by_key(|of| (changed(&of.change), moved(&of.change)));
    let mut cells = vec![vec!["effect on".to_owned()], vec!["unit".to_owned()]];
    cells.extend(combinations.iter().map(|of| vec![head(axes, &of.change)]));
    for (row, MetricInfo { name, unit, .. }) in catalogue(hosts).iter().enumerate() {
        let terms: Vec<Option<f64>> = combinations.iter().map(|of| of.terms.get(row).copied().flatten()).collect();
        let telling = terms[1..].iter().any(|term| *term != Some(0.0)) && !terms.iter().all(Option::is_none);
        if listed == Listed::Telling && !telling {
            continue;
        }
        cells[0].push(name.clone());
        cells[1].push(shown_unit(unit).to_owned());
        for (column, term) in terms.into_iter().enumerate() {
            let sign = if column > 0 && term.is_some_and(|term| term > 0.0) { "+" } else { "" };
            cells[column + 2].push(format!("{sign}{}", amount(term)));
        }
    }
    if cells[0].len() == 1 {
        return "No metric differs between the combinations.\n".to_owned();
    }
    columns(&cells, 2, &[], width)
}

/// One combination of levels.
pub(crate) struct Combination {
    change: Change,
    /// For each metric, in their own order, what this adds to what its parts do.
    pub(crate) terms: Vec<Option<f64>>,
}

impl Combination {
    /// The level of each axis.
    pub(crate) fn levels<'a>(&self, axes: &'a [Axis]) -> impl Iterator<Item = (&'a str, &'a str)> {
        axes.iter().zip(&self.change).map(|(axis, level)| (axis.name.as_str(), axis.levels()[*level]))
    }
}

/// All combinations of levels, in the order of their runs, the last axis varying fastest.
///
/// # Panics
/// If there is not one run for each combination.
pub(crate) fn combinations(axes: &[Axis], runs: &[&Summary]) -> Vec<Combination> {
    let changes = changes(axes);
    assert_eq!(runs.len(), changes.len(), "a run for each combination");
    let values: Vec<Vec<Option<f64>>> =
        runs.iter().map(|run| run.metrics.iter().map(|(_, value)| value).collect()).collect();
    let terms = |change: &Change| {
        let of = |row: usize| term(change, |part| values[place(axes, part)][row]);
        (0..values[0].len()).map(of).collect()
    };
    changes.iter().map(|change| Combination { change: change.clone(), terms: terms(change) }).collect()
}

/// Every combination of levels, the last axis varying fastest.
fn changes(axes: &[Axis]) -> Vec<Change> {
    axes.iter().fold(vec![Vec::new()], |before, axis| {
        let with = |change: &Change| {
            let change = change.clone();
            (0..axis.levels().len()).map(move |level| [&change[..], &[level]].concat())
        };
        before.iter().flat_map(with).collect()
    })
}

fn changed(change: &[usize]) -> usize {
    change.iter().filter(|level| **level > 0).count()
}

/// The places of the axes that change, and their levels.
fn moved(change: &[usize]) -> Vec<(usize, usize)> {
    change.iter().copied().enumerate().filter(|(_, level)| *level > 0).collect()
}

/// The place of a combination among the runs.
fn place(axes: &[Axis], change: &Change) -> usize {
    axes.iter().zip(change).fold(0, |place, (axis, level)| place * axis.levels().len() + level)
}

/// What a change adds to what its parts do: the alternating sum over all of its parts. The value itself where nothing
/// changes; nothing if a part has no value.
fn term(change: &Change, of: impl Fn(&Change) -> Option<f64>) -> Option<f64> {
    let mut parts = vec![(Vec::new(), 1.0)];
    for &level in change {
        let kept = |(part, sign): &(Change, f64)| ([&part[..], &[level]].concat(), *sign);
        let undone = |(part, sign): &(Change, f64)| ([&part[..], &[0]].concat(), -*sign);
        let undone: Vec<_> = if level > 0 { parts.iter().map(undone).collect() } else { Vec::new() };
        parts = parts.iter().map(kept).chain(undone).collect();
    }
    let (mut sum, mut largest) = (0.0, 0.0_f64);
    for (part, sign) in &parts {
        let value = of(part)?;
        (sum, largest) = (sum + sign * value, largest.max(value.abs()));
    }
    // Decimal fractions do not add up exactly in binary.
    Some(if sum.abs() <= ROUNDING * largest { 0.0 } else { sum })
}

fn head(axes: &[Axis], change: &[usize]) -> String {
    let all = axes.iter().zip(change);
    if changed(change) == 0 {
        return all
            .map(|(axis, level)| format!("{}={}", axis.name, axis.levels()[*level]))
            .collect::<Vec<_>>()
            .join(" ");
    }
    let moved = all.filter(|(_, level)| **level > 0);
    moved.map(|(axis, level)| format!("{}={}", axis.name, axis.levels()[*level])).collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> [Axis; 2] {
        ["reset=on,off", "time-wait=1s,60s,240s"].map(|axis| Axis::parse(axis).expect("an axis"))
    }

    #[test]
    fn combinations_come_with_the_last_axis_fastest() {
        let axes = axes();
        let changes = changes(&axes);
        assert_eq!(changes[..4], [[0, 0], [0, 1], [0, 2], [1, 0]]);
        assert!(changes.iter().enumerate().all(|(at, change)| place(&axes, change) == at));
    }

    /// Two changes of 3 and 5 that together do 4 more than their sum, on a value of 10.
    #[test]
    fn terms_add_up_to_the_value_of_their_combination() {
        let of = |change: &Change| {
            let (a, b) = (change[0] as f64, change[1] as f64);
            Some(10.0 + 3.0 * a + 5.0 * b + 4.0 * a * b)
        };
        let term = |a, b| term(&vec![a, b], of);
        assert_eq!([term(0, 0), term(1, 0), term(0, 1), term(1, 1)], [10.0, 3.0, 5.0, 4.0].map(Some));
    }

    #[test]
    fn rounding_is_no_effect() {
        let of = |change: &Change| Some([0.3, 0.1 + 0.2][change[0]]);
        assert_eq!(term(&vec![1], of), Some(0.0));
        assert_eq!(term(&vec![1], |change: &Change| (change[0] == 0).then_some(1.0)), None);
    }

    #[test]
    fn single_changes_come_first_and_those_of_the_first_axis_before_others() {
        let mut changes = changes(&axes());
        changes.sort_by_key(|change| (changed(change), moved(change)));
        assert_eq!(changes, [[0, 0], [1, 0], [0, 1], [0, 2], [1, 1], [1, 2]]);
    }

    #[test]
    fn heads_name_what_changes() {
        let axes = axes();
        assert_eq!(head(&axes, &[0, 0]), "reset=on time-wait=1s");
        assert_eq!(head(&axes, &[0, 2]), "time-wait=240s");
        assert_eq!(head(&axes, &[1, 1]), "reset=off × time-wait=60s");
    }
}
