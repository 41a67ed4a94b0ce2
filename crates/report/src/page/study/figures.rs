//! Measures over the axes of a sweep: lines with bands, and heat maps.

use experiment::{Estimate, Measure, MeasureKind, SweepAxis, catalogue};

use super::{Point, Section, Study, estimate};
use crate::amount::{scaled, shown_unit};
use crate::page::heat::{Heat, Warm};
use crate::page::plot::{Across, Line, Plot};
use crate::page::run::{figure, folded, legend};
use crate::page::spread::Scale;

/// So many pictures there are of a measure at most.
const MOST: usize = 12;
/// So many of them are seen at once.
const UNFOLDED: usize = 4;
/// Points of a line are marked unless there are more than these.
const MOST_MARKS: usize = 30;
/// So many values of an axis a heat map has at most.
const MOST_VALUES: usize = 24;

/// How the values of a measure are shown.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// What they are multiplied by.
    times: f64,
    unit: &'static str,
}

impl Shown {
    pub(super) fn of(study: &Study<'_>, measure: &Measure) -> Self {
        if measure.kind() == MeasureKind::Share {
            return Self { times: 100.0, unit: "%" };
        }
        let known = catalogue(&study.plan.experiment().host_names());
        let unit = known.iter().find(|info| info.name == measure.text()).map_or("", |info| shown_unit(info.unit));
        Self { times: 1.0, unit }
    }

    /// The unit as a scale shows it at each mark, if it is short; and as the title says it, if it is not.
    fn marked(self) -> (&'static str, String) {
        match self.unit {
            "" | "s" | "B" | "B·s" | "%" => (self.unit, String::new()),
            unit => ("", format!(" in {unit}")),
        }
    }

    pub(super) fn words(self, value: f64) -> String {
        scaled(value * self.times, self.unit)
    }
}

/// An axis with its place.
type Axis<'a> = (usize, &'a SweepAxis);

/// The axis to the right: that with most values. And the others.
fn axes<'a>(study: &Study<'a>) -> Option<(Axis<'a>, Vec<Axis<'a>>)> {
    let all: Vec<_> = study.axes().collect();
    // Of those with as many the first.
    let most = all.iter().map(|(_, axis)| axis.values().len()).max()?;
    let across = *all.iter().find(|(_, axis)| axis.values().len() == most)?;
    // Axes that go along with each other are one.
    let others =
        if study.plan.is_zipped() { Vec::new() } else { all.into_iter().filter(|of| of.0 != across.0).collect() };
    Some((across, others))
}

fn names(axis: &SweepAxis) -> Vec<String> {
    axis.values().iter().map(ToString::to_string).collect()
}

/// Some of the values, from the first to the last, if they are too many.
fn thinned(values: Vec<String>) -> Vec<String> {
    let last = values.len().saturating_sub(1);
    if values.len() <= MOST_VALUES {
        return values;
    }
    (0..MOST_VALUES).map(|place| values[place * last / (MOST_VALUES - 1)].clone()).collect()
}

/// Points that differ in no other axis than these, in their order, each group with the values that it shares.
fn groups<'a>(points: &'a [Point], others: &[(usize, &SweepAxis)]) -> Vec<(String, Vec<&'a Point>)> {
    let mut groups: Vec<(String, Vec<&Point>)> = Vec::new();
    for point in points {
        let shared = others.iter().map(|(place, axis)| format!("{} = {}", axis.key(), point.values[*place]));
        let shared = shared.collect::<Vec<_>>().join(", ");
        match groups.iter_mut().find(|(of, _)| *of == shared) {
            Some((_, group)) => group.push(point),
            None => groups.push((shared, vec![point])),
        }
    }
    groups
}

/// The least and the most that a measure is estimated to be anywhere, with the ends of intervals.
fn extent(study: &Study<'_>, measure: usize, shown: Shown) -> Vec<f64> {
    let estimates = study.points.iter().flat_map(|point| &point.result.groups).map(|group| group.estimates[measure]);
    let values = estimates.flat_map(|of| [of.value, of.low, of.high]).flatten().map(|value| value * shown.times);
    let ends = |ends: Option<(f64, f64)>, value: f64| {
        Some(ends.map_or((value, value), |(least, most)| (least.min(value), most.max(value))))
    };
    values.fold(None, ends).map_or_else(Vec::new, |(least, most)| vec![least, most])
}

/// What a measure is estimated to be for a variant at a point.
fn estimated(point: &Point, variant: &str, measure: usize) -> Option<Estimate> {
    let group = point.result.groups.iter().find(|group| group.variant.label() == variant)?;
    Some(group.estimates[measure]).filter(|estimate| estimate.value.is_some())
}

/// A picture of each measure with a line for each variant, and one of each combination of the values of further axes.
pub(super) fn lines(study: &Study<'_>) -> Section {
    let section = |html| {
        let lead = "Values stand at equal distances, as the file lists them; the band around a line is the interval. On a logarithmic \
                    scale one that reaches zero goes down as far as it goes up.";
        Section::new("lines", "Over the axes", lead, html)
    };
    let Some(((place, axis), others)) = axes(study).filter(|((_, axis), _)| axis.values().len() > 1) else {
        return section(String::new());
    };
    let (variants, values) = (study.variants(), names(axis));
    let (mut html, mut notes) = (String::new(), String::new());
    for (number, measure) in study.plan.shown().iter().enumerate() {
        let shown = Shown::of(study, measure);
        let all = study
            .points
            .iter()
            .flat_map(|point| &point.result.groups)
            .filter_map(|group| group.estimates[number].value);
        let logarithmic = measure.kind() != MeasureKind::Share && Scale::of(all).is_some_and(|scale| scale.logarithmic);
        let (beside, (unit, in_unit)) = (extent(study, number, shown), shown.marked());
        let groups = groups(&study.points, &others);
        let left_out = groups.len().saturating_sub(MOST);
        let figures: Vec<String> = groups
            .iter()
            .take(MOST)
            .map(|(shared, points)| {
                let line = |(colour, variant): (usize, &String)| {
                    line((colour, variant), points, (place, &values), number, shown)
                };
                let lines: Vec<Line> = variants.iter().enumerate().map(line).collect();
                let title =
                    if shared.is_empty() { measure.text().to_owned() } else { format!("{}: {shared}", measure.text()) };
                let words = format!("{title}, over {}. The table of points has the numbers.", axis.key());
                let (across, beside) = (Across::Values(&values), beside.clone());
                let plot = Plot { words, across, unit, lines, logarithmic, beside };
                let scale = if logarithmic { " (logarithmic)" } else { "" };
                figure(&format!("{title}{in_unit} over {}{scale}", axis.key()), &plot.svg())
            })
            .collect();
        let others = figures.len().saturating_sub(UNFOLDED);
        let (first, more) = figures.split_at(figures.len() - others);
        html += &format!("<div class=\"figures\">{}</div>", first.concat());
        if others > 0 {
            let summary = format!("{}: {others} more combinations of the other axes", measure.text());
            html += &folded(&summary, &format!("<div class=\"figures\">{}</div>", more.concat()), false);
        }
        if left_out > 0 {
            notes =
                format!("<p class=\"soft\">{left_out} more combinations of the other axes are in the table alone.</p>");
        }
    }
    section(format!("{}{html}{notes}", legend(&variants)))
}

fn line(
    (colour, variant): (usize, &String),
    points: &[&Point],
    (place, values): (usize, &[String]),
    measure: usize,
    shown: Shown,
) -> Line {
    let mut line = Line { colour, marked: values.len() <= MOST_MARKS, ..Line::default() };
    for point in points {
        let Some(estimate) = estimated(point, variant, measure) else { continue };
        let (Some(at), Some(value)) = (values.iter().position(|of| *of == point.values[place]), estimate.value) else {
            continue;
        };
        let at = at as f64;
        line.points.push((at, value * shown.times));
        let (low, high) = (estimate.low.unwrap_or(value), estimate.high.unwrap_or(value));
        line.band.push((at, low * shown.times, high * shown.times));
    }
    line
}

/// Where there are two axes: a map of each measure for each variant, and for each combination of the values of further axes.
pub(super) fn heat_maps(study: &Study<'_>) -> Section {
    let section = |html| {
        let lead = "The stronger the colour of a cell, the more; all maps of a measure have one scale.";
        Section::new("heat", "Heat maps", lead, html)
    };
    let Some(((across_place, across), mut others)) = axes(study) else { return section(String::new()) };
    if others.is_empty() {
        return section(String::new());
    }
    let (down_place, down) = others.remove(0);
    let (columns, rows) = (thinned(names(across)), thinned(names(down)));
    let mut html = String::new();
    for (number, measure) in study.plan.shown().iter().enumerate() {
        let shown = Shown::of(study, measure);
        let all = study
            .points
            .iter()
            .flat_map(|point| &point.result.groups)
            .filter_map(|group| group.estimates[number].value);
        let Some(scale) = Scale::of(all) else { continue };
        let groups = groups(&study.points, &others);
        let maps = groups
            .iter()
            .flat_map(|(shared, points)| study.variants().into_iter().map(move |variant| (shared, points, variant)));
        let map = |(shared, points, variant): (&String, &Vec<&Point>, String)| {
            let cell = |row: &String, column: &String| {
                let is_at = |point: &&&Point| point.values[down_place] == *row && point.values[across_place] == *column;
                let value = estimated(points.iter().find(is_at)?, &variant, number)?.value?;
                // Words have to be read on it.
                Some(Warm { percent: format!("{:.0}", 60.0 * scale.part(value)), words: shown.words(value) })
            };
            let rows = rows.iter().map(|row| (row.clone(), columns.iter().map(|column| cell(row, column)).collect()));
            let title = if shared.is_empty() { variant.clone() } else { format!("{variant}, {shared}") };
            Heat { title, down: down.key(), across: across.key(), columns: &columns, rows: rows.collect() }.html()
        };
        let count = maps.clone().count();
        let maps: Vec<String> = maps.take(MOST).map(map).collect();
        let others = maps.len().saturating_sub(UNFOLDED);
        let (first, more) = maps.split_at(maps.len() - others);
        let title = askama::filters::escape(measure.text(), askama::filters::Html).expect("text is written to memory");
        html += &format!("<h3>{title}</h3><div class=\"figures\">{}</div>", first.concat());
        if others > 0 {
            let summary = format!("{}: {others} more maps", measure.text());
            html += &folded(&summary, &format!("<div class=\"figures\">{}</div>", more.concat()), false);
        }
        if count > MOST {
            html += &format!(
                "<p class=\"soft\">{} more maps are left out; the table of points has their numbers.</p>",
                count - MOST
            );
        }
    }
    if columns.len() < across.values().len() || rows.len() < down.values().len() {
        html +=
            &format!("<p class=\"soft\">Of each axis the maps show {MOST_VALUES} values at most, spread over all.</p>");
    }
    section(html)
}

/// An estimate in words.
pub(super) fn in_words(measure: &Measure, of: &Estimate) -> String {
    estimate(measure.kind(), of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_values_some_are_shown_from_the_first_to_the_last() {
        let values = |many: usize| (0..many).map(|value| value.to_string()).collect::<Vec<_>>();
        assert_eq!(thinned(values(MOST_VALUES)), values(MOST_VALUES));
        let some = thinned(values(1_000));
        assert_eq!((some.len(), some[0].as_str(), some[MOST_VALUES - 1].as_str()), (MOST_VALUES, "0", "999"));
    }
}
