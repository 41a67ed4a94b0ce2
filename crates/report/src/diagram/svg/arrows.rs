//! The segments of a diagram: where their arrows go, what stands at them, and what they tell when they are pointed at.

use sim_time::Instant;
use svg::node::Node;
use svg::node::element::Element;

use super::SMALL;
use super::bursts::{Burst, Ends};
use super::labels::{Arrow, Labels, Place};
use super::lifeline::Lifeline;
use super::look::{MONO_LETTER, cross, element, exact, number, placed, ring, text, width, with_tooltip};
use super::panel::Panel;
use super::scale::Scale;
use crate::amount::whole;
use crate::diagram::{Segment, name as host_name};

impl Panel<'_> {
    /// The segments: the lines first, so that no line covers a name.
    pub(super) fn arrows(&self, scale: &Scale, group: &mut Element) {
        let mut arrows: Vec<Arrow> = Vec::new();
        let mut names: Vec<(usize, [String; 2], &'static str)> = Vec::new();
        for (place, burst) in self.bursts.all.iter().enumerate() {
            let Some(arrow) = self.arrow(place, burst, scale) else { continue };
            names.push((arrows.len(), burst.names(self.diagram, &self.attempts), burst.stroke.words()));
            arrows.push(arrow);
            group.append(self.line(burst, arrow));
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
            let (place, form) =
                labels.place(&arrows, arrow, &forms.each_ref().map(|name| width(name, SMALL, MONO_LETTER)));
            group.append(label(place, &forms[form], class));
        }
    }

    /// Where a burst goes.
    fn arrow(&self, place: usize, burst: &Burst<'_>, scale: &Scale) -> Option<Arrow> {
        let (from, to) = (self.lifeline(burst.segment.from)?, self.lifeline(burst.segment.to)?);
        let rightwards = from.x < to.x;
        let x1 = self.end_at(from, rightwards, |segment| Some((self.diagram.sender(segment)?, segment.at)), burst);
        let x2 = self.end_at(
            to,
            !rightwards,
            |segment| {
                let at = burst.arrives().unwrap_or(segment.at);
                Some((self.diagram.receiver(segment, at)?, at))
            },
            burst,
        );
        let (begins, ends) = self.turns.arrow(place);
        let y1 = scale.height(burst.segment.at) + begins;
        let part = |part: f64, y2: f64| Arrow { from: (x1, y1), to: (x1 + (x2 - x1) * part, y2 + ends) };
        let lost_at = || scale.height(scale.lost_at(burst.segment.at)).max(scale.height(burst.segment.at) + 4.0);
        Some(match (burst.ends, burst.arrives()) {
            (Ends::UnderWay, _) => part(0.6, scale.end() + 12.0 - begins),
            (_, Some(arrives)) => part(1.0, scale.height(arrives)),
            (Ends::Lost, None) => part(0.6, lost_at()),
            (_, None) => part(1.0, lost_at()),
        })
    }

    /// Where an arrow touches a lifeline: at the bar of its connection, or if it is of several, at the nearest of theirs; at the
    /// lifeline's edge if it is of none.
    fn end_at(
        &self,
        lifeline: &Lifeline,
        of_right: bool,
        place: impl Fn(&Segment) -> Option<(usize, Instant)>,
        burst: &Burst<'_>,
    ) -> f64 {
        let columns = burst.segments.iter().filter_map(|segment| {
            let (place, at) = place(segment)?;
            self.lanes.column(self.diagram, place, at)
        });
        let edge = |(x, wide): (f64, f64)| if of_right { x + wide / 2.0 + 1.5 } else { x - wide / 2.0 - 1.5 };
        let edges = columns.map(|column| edge(lifeline.column(column)));
        let nearest = edges.reduce(|one, other| if of_right { one.max(other) } else { one.min(other) });
        nearest.unwrap_or_else(|| lifeline.edge(of_right))
    }

    fn line(&self, burst: &Burst<'_>, Arrow { from, to }: Arrow) -> Element {
        let Burst { segment, copy, stroke, ends, .. } = *burst;
        let (class, tip) = stroke.classes();
        let mut line =
            placed("line", &[("x1", from.0), ("y1", from.1), ("x2", to.0), ("y2", to.1)], &[("class", class)]);
        if matches!(ends, Ends::There | Ends::Nowhere) {
            line.assign("marker-end", self.ids.url(tip));
        }
        let mut group = element("g", &[]);
        let mut tooltip = self.tooltip(segment, copy);
        if burst.more() > 0 {
            tooltip.push(format!("and {} more that go the same way at the same time", whole(burst.more() as u64)));
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

/// The name of a segment at its arrow.
fn label(Place { at, direction }: Place, name: &str, class: &str) -> Element {
    let class = format!("mono halo {class}");
    let mut words = text((0.0, 0.0), SMALL, &class, "middle", name);
    let (cos, sin) = direction;
    let matrix = [cos, sin, -sin, cos].map(|part| format!("{part:.3}")).join(" ");
    words.assign("transform", format!("matrix({matrix} {} {})", number(at.0), number(at.1)));
    words
}
