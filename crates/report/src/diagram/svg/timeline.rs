//! The states of connections over time, a bar for each: time runs to the right, on the axis of the picture of the same diagrams.

use svg::node::Node;
use svg::node::element::Element;

use super::look::{
    Ids, LETTER, MONO_LETTER, STRONG_LETTER, placed, seconds, state_class, text, vertical, width, with_tooltip,
};
use super::panel::Panel;
use super::scale::Scale;
use super::{BODY, Caption, LEAST_WIDTH, MARGIN, SMALL, legend, lines_of, picture, silenced};
use crate::amount::whole;
use crate::diagram::{Diagram, Life};

/// From one bar to the next, and the breadth of a bar.
const ROW: f64 = 19.0;
const BAR: f64 = 13.0;
/// So many connections of each diagram have a bar.
const MOST: usize = 40;
/// Room between the names and the bars.
const BESIDE: f64 = 10.0;
/// Room at least between two times on the axis.
const APART: f64 = 8.0;

/// Draws the connections of diagrams of the same experiment, one below the other, each diagram under its name.
#[must_use]
pub fn timelines(diagrams: &[(&str, &Diagram)], caption: &Caption) -> String {
    let all: Vec<&Diagram> = diagrams.iter().map(|(_, diagram)| *diagram).collect();
    let (scale, ids) = (Scale::of(&all), Ids::new(caption));
    let panels: Vec<Panel<'_>> = diagrams.iter().map(|named| Panel::new(*named, &ids, &scale, 0.0)).collect();
    let names = panels.iter().flat_map(|panel| lives(panel).map(|life| panel.whose(life.host, life.attempt)));
    let left = MARGIN + names.map(|name| width(&name, SMALL, LETTER)).fold(60.0, f64::max) + BESIDE;
    let wide = (left + scale.end() + MARGIN + 24.0).max(LEAST_WIDTH);
    let mut parts: Vec<Element> = Vec::new();
    let mut y = MARGIN;
    for line in lines_of(&caption.title, wide - 2.0 * MARGIN, BODY + 2.0, STRONG_LETTER) {
        parts.push(text((MARGIN, y), BODY + 2.0, "words ink strong", "start", &line));
        y += 20.0;
    }
    let top = y + 12.0;
    let times = axis(&scale, (left, top));
    y = top + 8.0;
    for panel in &panels {
        y += 18.0;
        parts.push(text((MARGIN, y), BODY, "words ink strong", "start", panel.name));
        y += 10.0;
        for life in lives(panel) {
            bar(panel, life, &scale, (left, y), &mut parts);
            y += ROW;
        }
        let others = panel.diagram.lives.len().saturating_sub(MOST);
        if others > 0 {
            let words = format!("… and {} more connections", whole(others as u64));
            parts.push(text((left, y + 11.0), SMALL, "words soft", "start", &words));
            y += ROW;
        }
    }
    let lines = scale.silences.iter().flat_map(|(from, to, _)| [from, to]);
    let lines = lines.map(|x| vertical(left + x, top + 6.0, y + 4.0, "axis down"));
    let (legend, bottom) = legend(&panels, &scale, &ids, false, (y + 24.0, wide - MARGIN));
    let parts = lines.chain(times).chain(parts).chain(legend).collect();
    picture((wide, bottom + 14.0), caption, &panels, &ids, parts)
}

/// The connections that have a bar: those of which anything is drawn, by host.
fn lives<'a>(panel: &'a Panel<'_>) -> impl Iterator<Item = &'a Life> {
    let cut = panel.diagram.drawn_until();
    let mut lives: Vec<&Life> = panel.diagram.lives.iter().collect();
    lives.retain(|life| life.states.iter().any(|stretch| stretch.is_drawn(cut)));
    lives.truncate(MOST);
    let places = panel.diagram.lifelines();
    lives.sort_by_key(|life| places.iter().position(|host| *host == Some(life.host)));
    lives.into_iter()
}

/// Times above the bars, as far as there is room; how long silences are below them.
fn axis(scale: &Scale, (left, y): (f64, f64)) -> Vec<Element> {
    let mut parts = Vec::new();
    let mut free = f64::NEG_INFINITY;
    for (from, to, length) in &scale.silences {
        let words = silenced(*length);
        let wide = width(&words, SMALL, LETTER);
        let middle = (from + to) / 2.0;
        if middle - wide / 2.0 < free {
            continue;
        }
        free = middle + wide / 2.0 + APART / 2.0;
        parts.push(text((left + (from + to) / 2.0, y + 14.0), SMALL, "words soft halo", "middle", &words));
    }
    free = f64::NEG_INFINITY;
    for &(at, x) in scale.moments() {
        let label = format!("{} s", seconds(at));
        let wide = width(&label, SMALL, MONO_LETTER);
        if x - wide / 2.0 > free + APART {
            parts.push(text((left + x, y), SMALL, "mono soft", "middle", &label));
            free = x + wide / 2.0;
        }
    }
    parts
}

/// A connection: its name, its states, and hatched where it is held for nobody.
fn bar(panel: &Panel<'_>, life: &Life, scale: &Scale, (left, y): (f64, f64), parts: &mut Vec<Element>) {
    let cut = panel.diagram.drawn_until();
    let whose = panel.whose(life.host, life.attempt);
    parts.push(text((left - BESIDE, y + 10.5), SMALL, "words soft", "end", &whose));
    let stretch = |from, until: sim_time::Instant, attributes: &[(&str, &str)], title: &[String]| {
        let (from, until) = (scale.height(from), scale.height(until.min(cut)));
        let numbers = [("x", left + from), ("y", y), ("width", (until - from).max(2.0)), ("height", BAR), ("rx", 2.0)];
        with_tooltip(placed("rect", &numbers, attributes), title)
    };
    let mut group = placed("g", &[], &[]);
    for state in life.states.iter().filter(|state| state.is_drawn(cut)) {
        let title = format!("{whose}: {} {}", state.state, panel.span(state.from, state.until));
        group.append(stretch(state.from, state.until, &[("class", state_class(state.state))], &[title]));
    }
    for waste in life.waste.iter().filter(|waste| waste.from <= cut && waste.until > waste.from) {
        let hatching = panel.ids.url("hatching");
        let attributes = [("fill", hatching.as_str()), ("class", "waste")];
        group.append(stretch(waste.from, waste.until, &attributes, &panel.waste_lines(&whose, waste)));
    }
    parts.push(group);
}
