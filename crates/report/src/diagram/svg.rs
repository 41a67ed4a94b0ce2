//! A diagram as SVG: time runs down, to scale but for silence; lifelines wear the state; segments slope with their delay.
//!
//! The text depends on the diagrams and nothing else, and on no mathematics that differs between platforms.

mod arrows;
mod axis;
mod bars;
mod bursts;
mod labels;
mod lanes;
mod lifeline;
pub(crate) mod look;
mod panel;
mod scale;
mod timeline;
mod turns;
mod words;

use std::collections::BTreeSet;

use svg::node::Node;
use svg::node::element::Element;
use tcp_endpoint::State;

pub(crate) use self::axis::TimeAxis;
use self::bursts::Bursts;
use self::look::{
    Ids, LETTER, MONO_LETTER, STRONG_LETTER, Stroke, element, lines_of, placed, sheet, state_class, style, text, tip,
    width,
};
use self::panel::Panel;
use self::scale::Scale;
pub use self::timeline::timelines;
use self::turns::Turns;
use super::{Diagram, silence};

/// The least width of a picture: words under it need some room.
const LEAST_WIDTH: f64 = 760.0;
/// Room around everything.
pub(crate) const MARGIN: f64 = 28.0;
/// The most width of a picture in which diagrams stand side by side.
const MOST_WIDE: f64 = 1_800.0;
/// Room between two diagrams.
const BETWEEN: f64 = 36.0;
/// The sizes of letters.
pub(crate) const TITLE: f64 = 19.0;
pub(crate) const BODY: f64 = 12.5;
pub(crate) const SMALL: f64 = 11.0;

/// What a picture says about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caption {
    /// The question that the run answers, or its name.
    pub title: String,
    /// Which experiment, which seed, until when.
    pub subtitle: String,
    /// The command that makes the picture.
    pub command: String,
}

/// Draws diagrams of the same experiment side by side, each under its name. All share one axis of time.
#[must_use]
pub fn svg(diagrams: &[(&str, &Diagram)], caption: &Caption) -> String {
    let all: Vec<&Diagram> = diagrams.iter().map(|(_, diagram)| *diagram).collect();
    drawn(diagrams, &with_turns(&all), caption)
}

/// Draws one diagram under its title, on the axis of time of all those that stand beside it.
#[must_use]
pub fn svg_beside(diagram: &Diagram, all: &[&Diagram], caption: &Caption) -> String {
    drawn(&[("", diagram)], &with_turns(all), caption)
}

/// The scale of diagrams, with room for what happens at one instant.
fn with_turns(diagrams: &[&Diagram]) -> Scale {
    let turns: Vec<Turns> = diagrams.iter().map(|diagram| Turns::of(diagram, &Bursts::of(diagram))).collect();
    Scale::with_room(diagrams, |at| turns.iter().map(|turns| turns.room(at)).fold(0.0, f64::max))
}

fn drawn(diagrams: &[(&str, &Diagram)], scale: &Scale, caption: &Caption) -> String {
    let times = Times::of(scale);
    let ids = Ids::new(caption);
    let mut panels: Vec<Panel<'_>> = Vec::new();
    // As many stand beside each other as there is room for, the others below.
    let mut rows: Vec<usize> = Vec::new();
    let first = MARGIN + times.width + 16.0;
    let (mut left, mut wide) = (first, LEAST_WIDTH);
    for (name, diagram) in diagrams {
        let mut panel = Panel::new((name, diagram), &ids, scale, left);
        if left > first && panel.right > MOST_WIDE {
            panel = Panel::new((name, diagram), &ids, scale, first);
            rows.push(panels.len());
        }
        wide = wide.max(panel.right + MARGIN);
        left = panel.right + BETWEEN;
        panels.push(panel);
    }
    rows.push(panels.len());
    let mut parts: Vec<Element> = Vec::new();

    let mut y = MARGIN + 12.0;
    for line in lines_of(&caption.title, wide - 2.0 * MARGIN, TITLE, STRONG_LETTER) {
        parts.push(text((MARGIN, y), TITLE, "words ink strong", "start", &line));
        y += 24.0;
    }
    y -= 2.0;
    for line in lines_of(&caption.subtitle, wide - 2.0 * MARGIN, BODY, LETTER) {
        parts.push(text((MARGIN, y), BODY, "words soft", "start", &line));
        y += 17.0;
    }
    let mut bottom = y;
    let mut begin = 0;
    for end in rows {
        let row = &panels[begin..end];
        begin = end;
        let head = bottom + 18.0;
        row.iter().for_each(|panel| parts.extend(panel.head(head)));
        let top = head + row.iter().map(Panel::head_height).fold(0.0, f64::max) + 26.0;
        parts.extend(times.draw(scale, top));
        row.iter().for_each(|panel| parts.push(panel.body(scale, top)));
        bottom = top + row.iter().map(|panel| panel.height).fold(scale.end(), f64::max) + 38.0;
    }
    for note in panels.iter().flat_map(|panel| panel.notes(panels.len() > 1)) {
        for line in lines_of(&note, wide - 2.0 * MARGIN, BODY, LETTER) {
            parts.push(text((MARGIN, bottom), BODY, "words ink", "start", &line));
            bottom += 17.0;
        }
    }
    let (legend, mut bottom) = legend(&panels, scale, &ids, true, (bottom + 8.0, wide - MARGIN));
    parts.extend(legend);
    bottom += 24.0;
    for line in lines_of(&caption.command, wide - 2.0 * MARGIN, SMALL, MONO_LETTER) {
        parts.push(text((MARGIN, bottom), SMALL, "mono soft", "start", &line));
        bottom += 15.0;
    }
    picture((wide, bottom + 6.0), caption, &panels, &ids, parts)
}

/// The whole: what it is in words for those who do not see it, styles, and the parts.
fn picture(
    (wide, high): (f64, f64),
    caption: &Caption,
    panels: &[Panel<'_>],
    ids: &Ids,
    parts: Vec<Element>,
) -> String {
    let words: Vec<String> = panels.iter().map(Panel::in_words).collect();
    let subtitle = if caption.subtitle.is_empty() { String::new() } else { format!("{}. ", caption.subtitle) };
    let words = format!("{subtitle}Time runs down. {}", words.join(" "));
    sheet((wide, high), (caption, &words), (ids, &style(), definitions(ids)), parts)
}

/// Arrowheads, and the hatching of what is held for nobody.
fn definitions(ids: &Ids) -> Element {
    let mut all = element("defs", &[]);
    let hatching = ids.of("hatching");
    for class in ["tip", "tip-late", "tip-wasted"] {
        all.append(tip(ids, class, 8));
    }
    let attributes = [
        ("id", hatching.as_str()),
        ("width", "6"),
        ("height", "6"),
        ("patternUnits", "userSpaceOnUse"),
        ("patternTransform", "rotate(45)"),
    ];
    let mut pattern = element("pattern", &attributes);
    pattern.append(element("rect", &[("width", "6"), ("height", "6"), ("class", "under"), ("opacity", "0.6")]));
    pattern.append(element("path", &[("d", "M1.5 0V6"), ("class", "hatch")]));
    all.append(pattern);
    all
}

/// The times at the left.
struct Times {
    /// Each with its height.
    labels: Vec<(f64, String)>,
    width: f64,
}

impl Times {
    fn of(scale: &Scale) -> Self {
        let mut labels: Vec<(f64, String)> = Vec::new();
        let moments = scale.moments();
        let last = moments.len().saturating_sub(1);
        for (place, &(at, height)) in moments.iter().enumerate() {
            let fits = |above: &(f64, String)| height - above.0 >= 13.0;
            let label = format!("{} s", look::seconds(at));
            if place == last && !labels.last().is_none_or(fits) {
                labels.pop();
            }
            if labels.last().is_none_or(|above| fits(above) && above.1 != label) {
                labels.push((height, label));
            }
        }
        let silences = scale.silences.iter().map(|(.., length)| width(&silenced(*length), SMALL, LETTER));
        let wide =
            labels.iter().map(|(_, label)| width(label, SMALL, MONO_LETTER)).chain(silences).fold(40.0, f64::max);
        Self { labels, width: wide }
    }

    fn draw(&self, scale: &Scale, top: f64) -> Vec<Element> {
        let x = MARGIN + self.width;
        let labels =
            self.labels.iter().map(|(height, label)| text((x, top + height + 4.0), SMALL, "mono soft", "end", label));
        let silences = scale.silences.iter().map(|(from, to, length)| {
            text((x, top + (from + to) / 2.0 + 4.0), SMALL, "words soft", "end", &silenced(*length))
        });
        labels.chain(silences).collect()
    }
}

fn silenced(length: sim_time::Duration) -> String {
    format!("⋮ {}", silence(length))
}

/// What the colours mean, and the lines of segments if there are any, for those that are there; and where it ends.
fn legend(
    panels: &[Panel<'_>],
    scale: &Scale,
    ids: &Ids,
    with_segments: bool,
    (top, right): (f64, f64),
) -> (Vec<Element>, f64) {
    let mut parts = Vec::new();
    let (mut x, mut y) = (MARGIN, top);
    let mut entry = |sign: &mut dyn FnMut(f64, f64) -> Vec<Element>, sign_width: f64, words: &str, class: &str| {
        let wide = sign_width + 7.0 + width(words, SMALL, LETTER);
        if x + wide > right && x > MARGIN {
            (x, y) = (MARGIN, y + 20.0);
        }
        parts.extend(sign(x, y));
        parts.push(text((x + sign_width + 7.0, y + 4.0), SMALL, class, "start", words));
        x += wide + 20.0;
    };
    let states: BTreeSet<State> = panels.iter().flat_map(Panel::states).collect();
    let square = |x: f64, y: f64, attributes: &[(&str, &str)]| {
        placed("rect", &[("x", x), ("y", y - 6.0), ("width", 12.0), ("height", 12.0), ("rx", 2.0)], attributes)
    };
    for state in states {
        entry(&mut |x, y| vec![square(x, y, &[("class", state_class(state))])], 12.0, state.name(), "words soft");
    }
    if panels.iter().any(Panel::has_waste) {
        let hatched = |x, y| {
            vec![
                square(x, y, &[("class", state_class(State::Established))]),
                square(x, y, &[("fill", &ids.url("hatching")), ("class", "waste")]),
            ]
        };
        entry(&mut { hatched }, 12.0, "held for nobody", "words bad");
    }
    if with_segments && panels.iter().any(Panel::has_piles) {
        let several = |x, y| {
            vec![
                placed(
                    "rect",
                    &[("x", x), ("y", y - 6.0), ("width", 24.0), ("height", 12.0), ("rx", 2.0)],
                    &[("class", "axis-fill")],
                ),
                text((x + 12.0, y + 3.5), 9.5, "words ink strong halo", "middle", "12"),
            ]
        };
        entry(&mut { several }, 24.0, "so many connections in one bar", "words soft");
    }
    let of_segments = if with_segments { panels } else { &[] };
    let strokes: BTreeSet<Stroke> = of_segments.iter().flat_map(Panel::strokes).collect();
    for stroke in strokes {
        let words = match stroke {
            Stroke::Plain => continue,
            Stroke::Late => "late, or a copy",
            Stroke::Wasted => "sent for nobody",
        };
        let (class, tip) = stroke.classes();
        let line = |x: f64, y: f64| {
            vec![placed(
                "line",
                &[("x1", x), ("y1", y), ("x2", x + 34.0), ("y2", y)],
                &[("class", class), ("marker-end", &ids.url(tip))],
            )]
        };
        let class = if stroke == Stroke::Late { "words slow" } else { "words bad" };
        entry(&mut { line }, 34.0, words, class);
    }
    if of_segments.iter().any(Panel::has_forged) {
        entry(&mut |x, y| vec![look::ring((x + 6.0, y))], 12.0, "forged", "words bad");
    }
    if of_segments.iter().any(Panel::has_lost) {
        entry(&mut |x, y| look::cross((x + 6.0, y)), 12.0, "lost", "words bad");
    }
    if with_segments && !scale.silences.is_empty() {
        entry(&mut |x, y| vec![look::zigzag((x + 8.0, y), 18.0, "cut")], 16.0, "silence, cut out", "words soft");
    }
    (parts, y + 6.0)
}
