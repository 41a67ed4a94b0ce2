//! One diagram of a picture: its lifelines, what passes between them, and the words beside them.

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::Attempt;
use sim_time::Instant;
use svg::node::Node;
use svg::node::element::Element;
use tcp_endpoint::State;

use super::bursts::Bursts;
use super::lanes::{Column, Lanes};
use super::lifeline::{BAR, Bar, Lifeline};
use super::look::{Ids, LETTER, Stroke, exact, number, placed, seconds, text, vertical, width, zigzag};
use super::scale::Scale;
use super::turns::Turns;
use super::words::words;
use super::{BODY, SMALL};
use crate::diagram::{Attempts, Diagram, Event, MEASURED, Waste, name as host_name, useless};
use crate::paint::Tone;

/// Between two lifelines.
const ACROSS: f64 = 290.0;
/// So many intervals of waste are told to those who do not see the picture.
const TOLD: usize = 5;

/// A diagram with its place in the picture.
pub(super) struct Panel<'a> {
    pub(super) name: &'a str,
    pub(super) diagram: &'a Diagram,
    pub(super) lifelines: Vec<Lifeline>,
    pub(super) attempts: Attempts,
    pub(super) ids: &'a Ids,
    pub(super) bursts: Bursts<'a>,
    pub(super) turns: Turns,
    pub(super) lanes: Lanes,
    /// Lines under the name.
    summary: Vec<(String, &'static str)>,
    left: f64,
    /// Its right edge.
    pub(super) right: f64,
    /// How far down it goes, from the beginning of time.
    pub(super) height: f64,
}

impl<'a> Panel<'a> {
    pub(super) fn new((name, diagram): (&'a str, &'a Diagram), ids: &'a Ids, scale: &Scale, left: f64) -> Self {
        let (lanes, attempts) = (Lanes::of(diagram), diagram.attempts());
        let bursts = Bursts::of(diagram);
        let turns = Turns::of(diagram, &bursts);
        let hosts = diagram.lifelines();
        let mut lifelines: Vec<Lifeline> = Vec::new();
        let mut x = left;
        for (place, &host) in hosts.iter().enumerate() {
            let (count, piles) = host.map_or((1, 0), |host| lanes.columns(host));
            let words = host.map_or_else(Vec::new, |host| words(diagram, &attempts, host, (scale, &turns)));
            let leftwards = place == 0 || place + 1 < hosts.len() && looks_left(diagram, &hosts, place);
            let is_passed = place > 0 && place + 1 < hosts.len();
            let mut lifeline = Lifeline { host, x: 0.0, lanes: count, piles, leftwards, is_passed, words };
            let beside = (lifeline.outer() - lifeline.x).abs() + lifeline.width();
            let beside = beside.max(width(host_name(&diagram.hosts, host), BODY, LETTER) / 2.0);
            // Arrows pass behind the words of one in the middle, but the names of segments find room beside these.
            x += if place > 0 { ACROSS } else { 0.0 } + if leftwards { beside } else { 0.0 };
            lifeline.x = x;
            x += if leftwards { 0.0 } else { beside };
            lifelines.push(lifeline);
        }
        let ends = lifelines.iter().flat_map(|of| &of.words).filter_map(|words| Some(words.top? + words.height()));
        let height = ends.fold(scale.height(diagram.drawn_until()), f64::max);
        let summary = diagram.summary();
        let summary: Vec<_> = summary.into_iter().map(|(line, tone)| (line, class(tone))).collect();
        let heading =
            summary.iter().map(|(line, _)| width(line, SMALL, LETTER)).fold(width(name, BODY + 2.0, LETTER), f64::max);
        let right = x.max(left + heading);
        Self { name, diagram, lifelines, attempts, ids, bursts, turns, lanes, summary, left, right, height }
    }

    /// The height of what stands above the lifelines.
    pub(super) fn head_height(&self) -> f64 {
        let name = if self.name.is_empty() { 4.0 } else { 22.0 };
        name + f64::from(u32::try_from(self.summary.len()).unwrap_or(0)) * 15.0
    }

    /// The name, unless the picture has it as its title, and what the run comes to.
    pub(super) fn head(&self, top: f64) -> Vec<Element> {
        let mut parts = Vec::new();
        let mut y = top;
        if !self.name.is_empty() {
            parts.push(text((self.left, top), BODY + 2.0, "words ink strong", "start", self.name));
            y += 18.0;
        }
        for (line, class) in &self.summary {
            parts.push(text((self.left, y), SMALL, class, "start", line));
            y += 15.0;
        }
        parts
    }

    /// The lifelines and what passes between them, from the height at which time begins.
    pub(super) fn body(&self, scale: &Scale, top: f64) -> Element {
        let mut group = placed("g", &[], &[("transform", &format!("translate(0 {})", number(top)))]);
        let end = scale.height(self.diagram.drawn_until());
        for lifeline in &self.lifelines {
            let heading = host_name(&self.diagram.hosts, lifeline.host);
            group.append(text((lifeline.x, -16.0), BODY, "words ink strong", "middle", heading));
            let down = self.outages(lifeline.host);
            let mut from = -8.0;
            for (begin, until) in down {
                let (begin, until) = (scale.height(begin), until.map_or(end, |until| scale.height(until)));
                group.append(vertical(lifeline.x, from, begin, "axis"));
                group.append(vertical(lifeline.x, begin, until, "cut down"));
                from = until;
            }
            group.append(vertical(lifeline.x, from, end, "axis"));
        }
        let mut bars: Vec<Bar> = Vec::new();
        for lifeline in &self.lifelines {
            let Some(host) = lifeline.host else { continue };
            for (place, life) in self.diagram.lives.iter().enumerate().filter(|(_, life)| life.host == host) {
                if let Some((lane, until)) = self.lanes.own(place) {
                    let (x, _) = lifeline.column(Column::Lane(lane));
                    bars.extend(self.life((place, life), (x, until), scale, &mut group));
                }
            }
            for (place, pile) in self.lanes.piles(host).enumerate() {
                let (x, _) = lifeline.column(Column::Pile(place));
                bars.extend(self.pile(pile, x, scale, &mut group));
            }
        }
        self.warm_up(scale, &mut group);
        self.arrows(scale, &mut group);
        for (from, to, _) in scale.silences.iter().filter(|(_, to, _)| *to <= end) {
            let middle = (from + to) / 2.0;
            let cut = |bar: &&Bar| bar.top < middle && middle < bar.bottom;
            let others = bars.iter().filter(cut).map(|bar| (bar.x, bar.wide));
            let mut places: Vec<(f64, f64)> =
                self.lifelines.iter().map(|lifeline| (lifeline.x, BAR)).chain(others).collect();
            places.sort_by(|one, other| one.0.total_cmp(&other.0));
            places.dedup_by(|one, other| (one.0 - other.0).abs() < 1.0);
            for (x, wide) in places {
                group.append(zigzag((x, middle), wide + 6.0, "erase halo"));
                group.append(zigzag((x, middle), wide + 6.0, "cut"));
            }
        }
        for lifeline in &self.lifelines {
            lifeline.write(&mut group);
        }
        group
    }

    /// A line where the warm-up is over.
    fn warm_up(&self, scale: &Scale, group: &mut Element) {
        let (warm, drawn) = (self.diagram.warm, self.diagram.from..=self.diagram.drawn_until());
        let ends = self.lifelines.first().zip(self.lifelines.last());
        if let Some((first, last)) = ends.filter(|_| warm > Instant::ZERO && drawn.contains(&warm)) {
            let y = scale.height(warm);
            let ends = [("x1", first.x - 70.0), ("x2", last.x + 70.0), ("y1", y), ("y2", y)];
            group.append(placed("line", &ends, &[("class", "cut down")]));
            let middle = (first.edge(true) + first.x + ACROSS) / 2.0;
            group.append(text((middle, y - 4.0), SMALL, "words soft halo", "middle", MEASURED));
        }
    }

    pub(super) fn lifeline(&self, host: Option<HostId>) -> Option<&Lifeline> {
        self.lifelines.iter().find(|lifeline| lifeline.host == host)
    }

    /// When a host is down. One that is many machines is never down as a whole.
    fn outages(&self, host: Option<HostId>) -> Vec<(Instant, Option<Instant>)> {
        let mut all: Vec<(Instant, Option<Instant>)> = Vec::new();
        if self.diagram.hosts.addresses().filter(|(_, of)| Some(*of) == host).count() > 1 {
            return all;
        }
        for (at, event) in &self.diagram.events {
            match event {
                Event::Outage { host: of, up: false, .. } if Some(*of) == host => all.push((*at, None)),
                Event::Outage { host: of, up: true, .. } if Some(*of) == host => {
                    if let Some(last) = all.last_mut() {
                        last.1.get_or_insert(*at);
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// What is told of an interval of waste.
    pub(super) fn waste_lines(&self, whose: &str, waste: &Waste) -> [String; 3] {
        let what = format!("{whose}: {} {}", useless(waste.worth), self.span(waste.from, waste.until));
        [what, format!("held for nobody: {}", waste.cost()), format!("cause: {}", waste.cause)]
    }

    /// `from 5 s until the run ends`.
    pub(super) fn span(&self, from: Instant, until: Instant) -> String {
        let until =
            if until == self.diagram.end { "until the run ends".to_owned() } else { format!("to {} s", exact(until)) };
        format!("from {} s {until}", exact(from))
    }

    /// `client`, or where there are several attempts `client #2`.
    pub(super) fn whose(&self, host: HostId, attempt: Attempt) -> String {
        let number = self.attempts.name(&self.diagram.hosts, attempt).map_or(String::new(), |name| format!(" {name}"));
        format!("{}{number}", self.diagram.hosts.name(host))
    }

    /// The states that are drawn.
    pub(super) fn states(&self) -> impl Iterator<Item = State> {
        let (from, cut) = (self.diagram.from, self.diagram.drawn_until());
        let all = self.diagram.lives.iter().flat_map(|life| &life.states);
        all.filter(move |stretch| stretch.is_drawn(cut) && stretch.until > from).map(|stretch| stretch.state)
    }

    /// Whether a bar stands for several connections.
    pub(super) fn has_piles(&self) -> bool {
        self.lifelines.iter().any(|lifeline| lifeline.piles > 0)
    }

    pub(super) fn has_waste(&self) -> bool {
        self.diagram.lives.iter().any(|life| life.waste.iter().any(|waste| waste.until > waste.from))
    }

    pub(super) fn has_forged(&self) -> bool {
        self.diagram.segments.iter().any(|segment| segment.forged)
    }

    pub(super) fn has_lost(&self) -> bool {
        self.diagram.segments.iter().any(|segment| segment.lost.is_some())
    }

    /// The ways in which its arrows are drawn.
    pub(super) fn strokes(&self) -> BTreeSet<Stroke> {
        self.bursts.all.iter().map(|burst| burst.stroke).collect()
    }

    /// What is not drawn.
    pub(super) fn notes(&self, with_name: bool) -> Vec<String> {
        let diagram = self.diagram;
        let name = if with_name { format!("{}: ", self.name) } else { String::new() };
        let mut notes = Vec::new();
        if let Some(left_out) = diagram.left_out(seconds) {
            let left_out = left_out.replacen('o', "O", 1);
            let counted =
                diagram.counted(seconds).unwrap_or_else(|| "the counts above are of the whole run".to_owned());
            notes.push(format!("{name}{left_out}; {counted}."));
        } else if let Some(counted) = diagram.counted(seconds) {
            notes.push(format!("{name}{}.", counted.replacen('t', "T", 1)));
        }
        let untold = self.lifelines.iter().flat_map(|lifeline| &lifeline.words).filter(|words| words.top.is_none());
        match untold.count() {
            0 => {}
            1 => notes.push(format!("{name}1 note has no room: the bar tells it, if it is pointed at.")),
            count => {
                notes.push(format!("{name}{count} notes have no room: the bars tell them, if they are pointed at."));
            }
        }
        notes
    }

    /// The diagram for those who do not see it.
    pub(super) fn in_words(&self) -> String {
        let mut words = if self.name.is_empty() { "In all:".to_owned() } else { format!("{}:", self.name) };
        for (line, _) in &self.summary {
            words += &format!(" {line}.");
        }
        let all = self.diagram.lives.iter().flat_map(|life| life.waste.iter().map(move |waste| (life, waste)));
        let mut wastes: Vec<_> = all.filter(|(_, waste)| waste.until > waste.from).collect();
        wastes.sort_by_key(|(_, waste)| -waste.held);
        for (life, waste) in wastes.iter().take(TOLD) {
            words += &format!(" {}.", self.waste_lines(&self.whose(life.host, life.attempt), waste).join("; "));
        }
        words
    }
}

/// Whether a host in the middle has less to do with those to its left than with those to its right. Those who are nobody do not
/// count: what comes from them passes behind words more easily than a conversation.
fn looks_left(diagram: &Diagram, hosts: &[Option<HostId>], place: usize) -> bool {
    let host = hosts[place];
    let others = diagram.segments.iter().filter_map(|segment| match (segment.from, segment.to) {
        (from, to) if from == host => to,
        (from, to) if to == host => from,
        _ => None,
    });
    let places = others.filter_map(|other| hosts.iter().position(|of| *of == Some(other)));
    let (right, left): (Vec<usize>, Vec<usize>) = places.partition(|other| *other > place);
    right.len() > left.len()
}

/// The class of words in the picture's style.
const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Heading => "words bad strong",
        Tone::Bad => "words bad",
        _ => "words soft",
    }
}
