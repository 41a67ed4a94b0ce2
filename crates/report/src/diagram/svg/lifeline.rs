//! The lifelines of a diagram: where their connections are drawn, and the words beside them.

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::Worth;
use sim_time::Instant;
use svg::node::Node;
use svg::node::element::Element;

use super::SMALL;
use super::labels::{Labels, stacked};
use super::look::{LETTER, text, width};
use super::scale::Scale;
use crate::diagram::{Attempts, Change, Diagram, Event, LAST_CHANCE, Stretch, Waste, outage, silence, useless};
use crate::words::cause_in_words;

/// From one connection of a host to the next.
const LANE: f64 = 15.0;
/// The breadth of a lifeline.
pub(super) const BAR: f64 = 12.0;
/// So many connections of a host are drawn beside each other.
pub(super) const MOST_LANES: usize = 6;
/// Room between a lifeline and the words beside it, or an arrow's end.
const BESIDE: f64 = 8.0;
/// The height of a line of words.
const LINE: f64 = 13.5;
/// Words are this far below their place at most; what would be further is left to the tooltips.
const FURTHEST: f64 = 64.0;

/// A host in the picture, or nobody.
pub(super) struct Lifeline {
    pub(super) host: Option<HostId>,
    /// Where its first lane is.
    pub(super) x: f64,
    pub(super) lanes: usize,
    /// Whether lanes and words go to the left of it.
    pub(super) leftwards: bool,
    pub(super) words: Vec<Words>,
}

/// Lines of words beside a lifeline.
pub(super) struct Words {
    /// Their height; none if there is no room.
    pub(super) top: Option<f64>,
    pub(super) lines: Vec<(String, &'static str)>,
}

impl Lifeline {
    /// The outer edge, where words begin.
    pub(super) fn outer(&self) -> f64 {
        let lanes = f64::from(u32::try_from(self.lanes.saturating_sub(1)).unwrap_or(0)) * LANE;
        let off = lanes + BAR / 2.0 + BESIDE;
        if self.leftwards { self.x - off } else { self.x + off }
    }

    /// How wide the words are.
    pub(super) fn width(&self) -> f64 {
        let lines = self.words.iter().filter(|words| words.top.is_some()).flat_map(|words| &words.lines);
        lines.map(|(line, _)| width(line, SMALL, LETTER)).fold(0.0, f64::max)
    }

    /// Where a lane is.
    pub(super) fn lane(&self, lane: usize) -> f64 {
        let off = f64::from(u32::try_from(lane).unwrap_or(0)) * LANE;
        if self.leftwards { self.x - off } else { self.x + off }
    }

    /// The edge at which arrows from the left, or from the right, begin and end.
    pub(super) fn edge(&self, of_right: bool) -> f64 {
        let far = self.lane(self.lanes.saturating_sub(1));
        let (least, most) = if far < self.x { (far, self.x) } else { (self.x, far) };
        if of_right { most + BAR / 2.0 + 1.5 } else { least - BAR / 2.0 - 1.5 }
    }
}

impl Lifeline {
    /// Writes the words. Arrows may pass behind them.
    pub(super) fn write(&self, group: &mut Element) {
        let anchor = if self.leftwards { "end" } else { "start" };
        for words in &self.words {
            let Some(top) = words.top else { continue };
            let mut y = top + 4.0;
            for (line, class) in &words.lines {
                group.append(text((self.outer(), y), SMALL, &format!("{class} halo"), anchor, line));
                y += LINE;
            }
        }
    }

    /// Names of segments keep clear of the words.
    pub(super) fn take_room(&self, labels: &mut Labels) {
        for words in &self.words {
            let Some(top) = words.top else { continue };
            let mut y = top + 4.0;
            for (line, _) in &words.lines {
                let wide = width(line, SMALL, LETTER);
                let middle = if self.leftwards { self.outer() - wide / 2.0 } else { self.outer() + wide / 2.0 };
                labels.take((middle, y), wide);
                y += LINE;
            }
        }
    }
}

impl Words {
    pub(super) fn height(&self) -> f64 {
        f64::from(u32::try_from(self.lines.len()).unwrap_or(0)) * LINE
    }
}

/// The words beside a host's lifeline, each with its height.
pub(super) fn words(
    diagram: &Diagram,
    (lanes, attempts): (&[Option<usize>], &Attempts),
    host: HostId,
    scale: &Scale,
) -> Vec<Words> {
    let cut = diagram.drawn_until();
    let mut all: Vec<(Instant, Words)> = Vec::new();
    let mut say = |at: Instant, lines: Vec<(String, &'static str)>| all.push((at, Words { top: None, lines }));
    // Of a connection that is not drawn nothing is told.
    let is_drawn = |life: Option<usize>| life.is_none_or(|life| lanes[life].is_some());
    let own = diagram.events.iter().filter(|(_, event)| match event {
        Event::Changed(change) => change.host == host && is_drawn(Some(change.life)),
        Event::Called(remark) => remark.host == host && remark.bad && is_drawn(remark.life),
        Event::Judged(remark) => remark.host == host && !remark.bad && is_drawn(remark.life),
        Event::Unheard(remark) | Event::Told(remark) => remark.host == host && is_drawn(remark.life),
        Event::Outage { host: of, .. } => *of == host,
        Event::Sent(_) | Event::Arrived(..) => false,
    });
    let mut events = own.peekable();
    while let Some((at, event)) = events.next() {
        let (life, text, class) = match event {
            Event::Changed(change) => {
                let mut text = change_in_words(change);
                let mut last = change;
                // One after the other at one instant are one line.
                while let Some((_, Event::Changed(next))) = events.next_if(
                    |(then, event)| matches!(event, Event::Changed(next) if then == at && next.life == last.life),
                ) {
                    text = format!("{text} → {}", change_in_words(next));
                    last = next;
                }
                (Some(change.life), text, if last.bad { "words bad" } else { "words soft" })
            }
            Event::Called(remark) => (remark.life, remark.text.clone(), "words bad"),
            Event::Judged(remark) => (remark.life, remark.text.clone(), "words ink"),
            Event::Unheard(remark) | Event::Told(remark) => {
                (remark.life, remark.text.clone(), if remark.bad { "words bad" } else { "words soft" })
            }
            Event::Outage { up, .. } => (None, outage(*up).1.to_owned(), if *up { "words ink" } else { "words bad" }),
            Event::Sent(_) | Event::Arrived(..) => continue,
        };
        let number = life.and_then(|life| attempts.name(&diagram.hosts, diagram.lives[life].attempt));
        let number = number.map_or(String::new(), |name| format!("{name} "));
        say(*at, vec![(format!("{number}{text}"), class)]);
    }
    for (life, lane) in diagram.lives.iter().zip(lanes) {
        if life.host != host || lane.is_none() {
            continue;
        }
        let number = attempts.name(&diagram.hosts, life.attempt).map_or(String::new(), |name| format!("{name} "));
        let wastes = life.waste.iter().filter(|waste| waste.until > waste.from && waste.from <= cut);
        let mut before: Option<&Waste> = None;
        for waste in wastes {
            let is_same = before
                .is_some_and(|before| before.until == waste.from && useless(before.worth) == useless(waste.worth));
            say(waste.from, waste_in_words(diagram, &number, waste, is_same));
            before = Some(waste);
        }
    }
    // What happens comes before what it costs.
    all.sort_by_key(|(at, words)| (*at, words.lines.len() > 1));
    let wanted: Vec<(f64, f64)> = all.iter().map(|(at, words)| (scale.height(*at), words.height())).collect();
    let tops = stacked(&wanted, 0.0, FURTHEST);
    let placed = all.into_iter().zip(tops);
    placed.map(|((_, words), top)| Words { top, ..words }).collect()
}

/// `ESTABLISHED`, or with what is not seen otherwise `FIN-WAIT-1 (close)`.
fn change_in_words(change: &Change) -> String {
    match &change.why {
        Some(why) if !why.ends_with("is over") => format!("{} ({why})", change.to),
        _ => change.to.to_string(),
    }
}

/// What an interval of waste is, how long it lasts, what it costs, and why.
fn waste_in_words(diagram: &Diagram, number: &str, waste: &Waste, is_same: bool) -> Vec<(String, &'static str)> {
    let cause = waste.worth.blame().map_or("", |blame| cause_in_words(blame.cause));
    let how_long = if waste.until == diagram.end {
        "until the run ends".to_owned()
    } else {
        format!("for {}", silence(waste.until.since(waste.from)))
    };
    let what = match waste.worth {
        _ if is_same => LAST_CHANCE,
        worth @ (Worth::Useful | Worth::Abandoned(_) | Worth::Ghost(_) | Worth::Bereft(_)) => useless(worth),
    };
    vec![
        (format!("{number}{what},"), "words bad"),
        (format!("{how_long}: {}", waste.cost()), "words bad strong"),
        (format!("cause: {cause}"), "words bad"),
    ]
}

/// Whether a state is to be seen: one that is over at once is told in words only.
pub(super) fn is_drawn(stretch: &Stretch, cut: Instant) -> bool {
    stretch.from <= cut && stretch.until > stretch.from
}

/// The connections' lanes: each has the first that is free. One that was there before the picture begins has none if nothing
/// happens to it.
pub(super) fn lanes(diagram: &Diagram) -> Vec<Option<usize>> {
    let cut = diagram.drawn_until();
    let mut taken: Vec<(HostId, usize, Instant)> = Vec::new();
    let mut lanes = Vec::new();
    let changing: BTreeSet<usize> = diagram.events.iter().filter_map(|(_, event)| event.changing()).collect();
    for (place, life) in diagram.lives.iter().enumerate() {
        let ends = life.states.first().zip(life.states.last());
        let idles = |from: Instant| from < diagram.from && life.waste.is_empty() && !changing.contains(&place);
        let Some((first, last)) = ends.filter(|(first, _)| !idles(first.from)) else {
            lanes.push(None);
            continue;
        };
        taken.retain(|(_, _, until)| *until > first.from);
        let is_free = |lane: &usize| !taken.iter().any(|(host, of, _)| (*host, of) == (life.host, lane));
        let lane = (0..MOST_LANES).find(is_free).filter(|_| first.from <= cut);
        if let Some(lane) = lane {
            taken.push((life.host, lane, last.until));
        }
        lanes.push(lane);
    }
    lanes
}
