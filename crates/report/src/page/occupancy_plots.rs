//! Plots of what hosts hold over time.
//!
//! Of runs that diagrams show whole, every change is drawn, on the diagrams' axis of time. Of others a line has the means over
//! steps of the run.

use super::Section;
use super::occupancy::{Course, Kind};
use super::plot::{Across, Line, Plot};
use super::run::{Reported, drawn, figure, folded, legend};
use crate::amount::scaled;
use crate::diagram::{Diagram, TimeAxis};

/// Names of moments are so far apart, as a part of the axis.
const APART: f64 = 0.14;

/// Plots for each host; those of memory and connections can be seen at once.
pub(super) fn plots(runs: &[Reported<'_>]) -> Section {
    let axis = axis(runs);
    let mut shown = [String::new(), String::new()];
    let Some(first) = runs.first() else { return Section::new("occupancy", "", "", String::new()) };
    for (place, (host, kind, _)) in first.occupancy.courses().enumerate() {
        let courses: Vec<&Course> =
            runs.iter().filter_map(|run| run.occupancy.courses().nth(place).map(|(.., course)| course)).collect();
        if courses.iter().all(|course| course.most() == 0) {
            continue;
        }
        let of = if matches!(kind, Kind::Memory | Kind::Connections) { &mut shown[0] } else { &mut shown[1] };
        *of += &plot(host, kind, &courses, (runs, axis.as_ref()));
    }
    let [shown, more] = shown;
    let names: Vec<String> = runs.iter().map(|run| run.result.variant.label()).collect();
    let lead = match axis {
        Some(_) => {
            "On the axis of the diagrams: to scale but for silence, which is grey. What is filled is held for nobody."
        }
        None => {
            "Lines are means over steps of time, with everything between the least and the most behind them. What is filled is \
             held for nobody."
        }
    };
    let figures = |html: &str| format!("<div class=\"figures\">{html}</div>");
    let more =
        if more.is_empty() { more } else { folded("Places, workers, ports, waiting clients", &figures(&more), false) };
    let html = if shown.is_empty() { more } else { legend(&names) + &figures(&shown) + &more };
    Section::new("occupancy", "Occupancy over time", lead, html)
}

/// The diagrams' axis of time, if they show everything, and every change is known.
fn axis(runs: &[Reported<'_>]) -> Option<TimeAxis> {
    let (diagrams, others) = drawn(runs);
    let diagrams: Vec<&Diagram> = diagrams.into_iter().map(|(_, diagram)| diagram).collect();
    let is_known = |run: &Reported<'_>| run.occupancy.courses().all(|(.., course)| course.changes().is_some());
    if others > 0 || diagrams.is_empty() || !runs.iter().all(is_known) { None } else { TimeAxis::of(&diagrams) }
}

fn plot(host: &str, kind: Kind, courses: &[&Course], (runs, axis): (&[Reported<'_>], Option<&TimeAxis>)) -> String {
    let step = runs[0].occupancy.step();
    let end = runs[0].result.experiment.horizon().as_secs_f64();
    let peaks: Vec<String> = runs
        .iter()
        .zip(courses)
        .map(|(run, course)| format!("{} {}", run.result.variant.label(), scaled(course.most() as f64, kind.unit())))
        .collect();
    let title = format!("{host}: {}", kind.name());
    let marks = axis.map_or_else(Vec::new, |axis| axis.marks(APART));
    let silences: Vec<(f64, f64)> = axis.into_iter().flat_map(TimeAxis::silences).collect();
    let line = |(colour, course): (usize, &&Course)| match axis {
        Some(axis) => exact(colour, course, axis),
        None => stepwise(colour, course, step, end),
    };
    let plot = Plot {
        words: format!("{title} over time. Most at once: {}.", peaks.join(", ")),
        across: if axis.is_some() { Across::Moments(&marks, &silences) } else { Across::Time(end) },
        unit: kind.unit(),
        lines: courses.iter().enumerate().map(line).collect(),
        logarithmic: false,
        beside: Vec::new(),
    };
    figure(&title, &plot.svg())
}

/// A course with each of its changes.
fn exact(colour: usize, course: &Course, axis: &TimeAxis) -> Line {
    let mut line = Line { colour, ..Line::default() };
    let (mut held, mut wasted) = (0.0, 0.0);
    let mut go = |at: f64, held: f64, wasted: f64| {
        line.points.push((at, held));
        line.filled.push((at, wasted));
    };
    go(0.0, held, wasted);
    for (at, amount) in course.changes().unwrap_or_default() {
        let at = axis.place(*at);
        go(at, held, wasted);
        (held, wasted) = (amount.held as f64, amount.wasted as f64);
        go(at, held, wasted);
    }
    go(1.0, held, wasted);
    line.without_empty_area()
}

/// A course as its means over steps. Where nothing changes it needs no points.
fn stepwise(colour: usize, course: &Course, step: f64, end: f64) -> Line {
    let mut line = Line { colour, ..Line::default() };
    let mut last = None;
    for (place, of) in course.steps.iter().enumerate() {
        let (from, until) = (place as f64 * step, ((place + 1) as f64 * step).min(end));
        if last == Some(of.shown()) {
            line.stretch(until);
            continue;
        }
        last = Some(of.shown());
        for at in [from, until] {
            line.points.push((at, of.mean()));
            line.band.push((at, of.least as f64, of.most as f64));
            line.filled.push((at, of.mean_wasted()));
        }
    }
    line.without_empty_area()
}
