//! The segments of a diagram: where their arrows go, what stands at them, and what they tell when they are pointed at.

use svg::node::Node;
use svg::node::element::Element;

use super::SMALL;
use super::labels::{Arrow, Labels, Place};
use super::look::{MONO_LETTER, Stroke, cross, element, exact, number, placed, ring, text, width, with_tooltip};
use super::panel::Panel;
use super::scale::Scale;
use crate::amount::whole;
use crate::diagram::{Segment, name as host_name, silence};

/// A segment in the picture, with others that go the same way at the same time.
#[derive(Clone, Copy, Debug)]
struct Burst<'a> {
    segment: &'a Segment,
    copy: usize,
    /// How many others.
    more: u64,
    arrow: Arrow,
    stroke: Stroke,
    ends: Ends,
}

/// How an arrow ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    /// At the other lifeline.
    There,
    /// There, but nobody listens.
    Unheard,
    /// On the way: it was lost.
    Lost,
    /// On the way: it comes later than anything that is drawn.
    UnderWay,
}

impl<'a> Panel<'a> {
    /// The segments: the lines first, so that no line covers a name.
    pub(super) fn arrows(&self, scale: &Scale, group: &mut Element) {
        let mut arrows: Vec<Arrow> = Vec::new();
        let mut names: Vec<(usize, [String; 2], &'static str)> = Vec::new();
        for burst in self.bursts(scale) {
            let Burst { segment, copy, more, arrow, stroke, ends } = burst;
            let more_words = if more > 0 { format!(" and {} more", whole(more)) } else { String::new() };
            let full = arrow_name(segment, copy, ends) + &more_words;
            names.push((arrows.len(), [full, segment.label.clone()], stroke.words()));
            arrows.push(arrow);
            group.append(self.line(&burst));
        }
        let mut labels = Labels::default();
        for lifeline in &self.lifelines {
            let (left, right) = (lifeline.edge(false), lifeline.edge(true));
            labels.lifelines.push((left, right));
        }
        for lifeline in &self.lifelines {
            lifeline.take_room(&mut labels);
        }
        // What is steep has the fewest places for its name.
        names.sort_by_key(|(arrow, ..)| !arrows[*arrow].is_steep());
        for (arrow, forms, class) in names {
            // Where there is no room for all of it, the name alone may find some.
            let mut place = |name: &String| labels.place(&arrows, arrow, width(name, SMALL, MONO_LETTER));
            if let Some((place, name)) = forms.iter().find_map(|name| Some((place(name)?, name))) {
                group.append(label(place, name, class));
            }
        }
    }

    /// The arrows. What goes the same way at the same time is one.
    fn bursts(&self, scale: &Scale) -> Vec<Burst<'a>> {
        let mut bursts: Vec<Burst<'a>> = Vec::new();
        for segment in &self.diagram.segments {
            for copy in 0..segment.copies.len().max(1) {
                let Some((arrow, stroke, ends)) = self.arrow(segment, copy, scale) else { continue };
                let is_alike = |burst: &&mut Burst<'_>| {
                    let of = burst.segment;
                    let arrival = |segment: &Segment, copy: usize| segment.copies.get(copy).map(|copy| copy.at);
                    (of.at, of.from, of.to, of.attempt, burst.stroke, burst.ends)
                        == (segment.at, segment.from, segment.to, segment.attempt, stroke, ends)
                        && arrival(of, burst.copy) == arrival(segment, copy)
                        && of.kind() == segment.kind()
                };
                match bursts.iter_mut().rev().take(2).find(is_alike) {
                    Some(burst) => burst.more += 1,
                    None => bursts.push(Burst { segment, copy, more: 0, arrow, stroke, ends }),
                }
            }
        }
        bursts
    }

    /// Where a copy of a segment goes, and how.
    fn arrow(&self, segment: &Segment, copy: usize, scale: &Scale) -> Option<(Arrow, Stroke, Ends)> {
        let (from, to) = (self.lifeline(segment.from)?, self.lifeline(segment.to)?);
        let rightwards = from.x < to.x;
        if (from.x - to.x).abs() < 1.0 {
            return None;
        }
        let (x1, x2) = (from.edge(rightwards), to.edge(!rightwards));
        let y1 = scale.height(segment.at);
        let part = |part: f64, y2: f64| Arrow { from: (x1, y1), to: (x1 + (x2 - x1) * part, y2) };
        let stroke = |late: bool| match (late, &segment.wasted) {
            (true, _) => Stroke::Late,
            (false, Some(_)) => Stroke::Wasted,
            (false, None) => Stroke::Plain,
        };
        let Some(arrival) = segment.copies.get(copy) else {
            let (far, ends) = if segment.lost.is_some() { (0.6, Ends::Lost) } else { (1.0, Ends::There) };
            let until = scale.lost_at(segment.at);
            return Some((part(far, scale.height(until).max(y1 + 4.0)), stroke(false), ends));
        };
        let odd = stroke(segment.is_odd(copy));
        if arrival.at > self.diagram.drawn_until() {
            return Some((part(0.6, scale.end() + 12.0), odd, Ends::UnderWay));
        }
        let ends = if arrival.deaf.is_some() { Ends::Unheard } else { Ends::There };
        Some((part(1.0, scale.height(arrival.at)), odd, ends))
    }

    fn line(&self, burst: &Burst<'_>) -> Element {
        let Burst { segment, copy, more, arrow: Arrow { from, to }, stroke, ends } = *burst;
        let (class, tip) = stroke.classes();
        let mut line =
            placed("line", &[("x1", from.0), ("y1", from.1), ("x2", to.0), ("y2", to.1)], &[("class", class)]);
        if matches!(ends, Ends::There) {
            line.assign("marker-end", self.ids.url(tip));
        }
        let mut group = element("g", &[]);
        let mut tooltip = self.tooltip(segment, copy);
        if more > 0 {
            tooltip.push(format!("and {} more that go the same way at the same time", whole(more)));
        }
        group = with_tooltip(group, &tooltip);
        group.append(line);
        if matches!(ends, Ends::Lost | Ends::Unheard) {
            for stroke in cross(to) {
                group.append(stroke);
            }
        }
        if segment.forged {
            group.append(ring(from));
        }
        group
    }

    /// All that is known of a segment.
    fn tooltip(&self, segment: &Segment, copy: usize) -> Vec<String> {
        let hosts = &self.diagram.hosts;
        let attempt =
            self.attempts.name(&self.diagram.hosts, segment.attempt).map_or(String::new(), |name| format!(" ({name})"));
        let (from, to) = (host_name(hosts, segment.from), host_name(hosts, segment.to));
        let mut lines = vec![format!("{} of {from} to {to}{attempt}", segment.label)];
        let sent = format!("sent {} s", exact(segment.at));
        lines.push(match segment.copies.get(copy) {
            None => sent,
            Some(arrival) => format!(
                "{sent}, arrives {} s{}{}",
                exact(arrival.at),
                if copy > 0 { format!(", duplicate {copy}") } else { String::new() },
                if arrival.stale { ", stale" } else { "" }
            ),
        });
        if segment.third {
            lines.push("the third message of the handshake: it acknowledges the SYN-ACK".to_owned());
        }
        lines.extend(segment.remark.clone());
        lines.extend(segment.fate.clone());
        lines.extend(segment.wasted.as_ref().map(|cause| format!("sent for nobody; cause: {cause}")));
        lines.extend(segment.because.iter().map(|cause| format!("because of {cause}")));
        lines
    }
}

/// What stands at an arrow.
fn arrow_name(segment: &Segment, copy: usize, ends: Ends) -> String {
    let mut name = if copy > 0 { format!("copy: {}", segment.label) } else { segment.label.clone() };
    if let Some(remark) = &segment.remark {
        name += &format!(" · {remark}");
    }
    if let (Some(arrival), Ends::There | Ends::Unheard) =
        (segment.copies.get(copy).filter(|_| segment.is_odd(copy)), ends)
    {
        name += &format!(" · {} on its way", silence(arrival.at.since(segment.at)));
    }
    name
}

/// The name of a segment at its arrow.
fn label(Place { at, direction }: Place, name: &str, class: &str) -> Element {
    let class = format!("mono halo {class}");
    let mut words = text((0.0, 0.0), SMALL, &class, "middle", name);
    let (cos, sin) = direction;
    let matrix = [cos, sin, -sin, cos].map(|part| format!("{part:.3}")).join(" ");
    words.assign("transform", format!("matrix({matrix} {} {})", number(at.0), number(at.1)));
    words
}
