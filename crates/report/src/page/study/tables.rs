//! What a sweep came to, in numbers: a row for each variant at each point.

use askama::Template;
use experiment::{GroupResult, MeasureKind};

use super::figures::{Shown, in_words};
use super::{Point, Section, Study, Told};
use crate::estimate::difference;
use crate::page::rendered;
use crate::page::spread::{Scale, Spread};
use crate::page::table::{Cell, Row, Table};

/// So many rows a table has at most.
const MOST: usize = 500;

/// Every point with its estimates, and how its runs spread.
pub(super) fn points(study: &Study<'_>, told: Told<'_>) -> Section {
    let mut heads = heads(study);
    heads.push(("runs".to_owned(), true));
    if study.errors > 0 {
        heads.push(("errors".to_owned(), true));
    }
    heads.extend(study.plan.shown().iter().map(|measure| (measure.text().to_owned(), true)));
    let mut table = Table::new("Points", heads);
    let scales: Vec<Option<Scale>> = (0..study.plan.shown().len()).map(|measure| scale(study, measure)).collect();
    for (point, place, group) in groups(study).take(MOST) {
        let mut cells = names(study, point, group);
        cells.push(Cell::new(group.runs.to_string()));
        if study.errors > 0 {
            cells.push(Cell::new(group.errors.to_string()));
        }
        for (number, measure) in study.plan.shown().iter().enumerate() {
            let estimate = &group.estimates[number];
            let shown = Shown::of(study, measure);
            let strip = |spread: &Spread| Some(scales[number]?.strip(spread, |value| shown.words(value)));
            let is_number = !matches!(measure.kind(), MeasureKind::Share | MeasureKind::Opens(_));
            let spread = spread(point, place, number).filter(|_| is_number);
            let html = spread.and_then(|spread| strip(&spread)).unwrap_or_default();
            cells.push(Cell { text: in_words(measure, estimate), html, value: estimate.value, class: "" });
        }
        table.rows.push(Row::Cells(cells));
    }
    let left_out = groups(study).count().saturating_sub(MOST);
    let rows = rendered(&Rows { left_out, file: told.rows, command: told.rows_command });
    let lead = "A value with its interval. The box has the middle half of the runs and a mark at the median, the line nine tenths of them.";
    Section::new("points", "Points", lead, table.html() + &rows)
}

/// What variants differ by from the first, replication by replication.
pub(super) fn differences(study: &Study<'_>) -> Section {
    let confidence = study.plan.confidence();
    let measures: Vec<_> = study.plan.shown().iter().enumerate().collect();
    let measures: Vec<_> =
        measures.into_iter().filter(|(_, of)| matches!(of.kind(), MeasureKind::Mean | MeasureKind::Share)).collect();
    let mut heads = heads(study);
    heads.extend(measures.iter().map(|(_, measure)| (measure.text().to_owned(), true)));
    let mut table = Table::new("Differences", heads);
    let others = groups(study).filter(|(_, place, _)| *place > 0 && !measures.is_empty());
    for (point, _, group) in others.take(MOST) {
        let mut cells = names(study, point, group);
        for (number, measure) in &measures {
            cells.push(group.differences[*number].map_or_else(Cell::default, |of| {
                let class = if of.is_supported(confidence) { "" } else { "soft" };
                let words = difference(measure.kind(), &of, confidence);
                Cell::new(words).by(of.estimate(confidence).value).class(class)
            }));
        }
        table.rows.push(Row::Cells(cells));
    }
    let base = study.points.first().and_then(|point| point.result.groups.first());
    let base = base.map_or_else(String::new, |group| group.variant.label());
    let lead = format!(
        "From {base}, replication by replication on the same randomness. ×: how many times as wide the interval would be if each \
         variant had a randomness of its own. Unsupported: the interval covers zero."
    );
    Section::new("differences", "Differences", lead, table.html())
}

/// Every variant at every point, with its place.
fn groups<'a>(study: &'a Study<'_>) -> impl Iterator<Item = (&'a Point, usize, &'a GroupResult)> {
    study
        .points
        .iter()
        .flat_map(|point| point.result.groups.iter().enumerate().map(move |(place, group)| (point, place, group)))
}

fn spread(point: &Point, place: usize, measure: usize) -> Option<Spread> {
    point.spreads.get(place)?.get(measure).copied()?
}

/// The scale of all spreads of a measure.
fn scale(study: &Study<'_>, measure: usize) -> Option<Scale> {
    let spreads = groups(study).filter_map(|(point, place, _)| spread(point, place, measure));
    Scale::of(spreads.flat_map(|spread| [spread.least, spread.most]))
}

/// The heads of the columns that say of what a row is, and the cells below them.
fn heads(study: &Study<'_>) -> Vec<(String, bool)> {
    let axes = study.axes().map(|(_, axis)| (axis.key().to_owned(), true));
    std::iter::once(("variant".to_owned(), false)).chain(axes).collect()
}

fn names(study: &Study<'_>, point: &Point, group: &GroupResult) -> Vec<Cell> {
    let axes = study.axes().map(|(place, _)| Cell::new(point.values[place].as_str()));
    std::iter::once(Cell::new(group.variant.label()).class("name")).chain(axes).collect()
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows<'a> {
    left_out: usize,
    file: Option<&'a str>,
    command: &'a str,
}
