//! The bars of connections along a lifeline.

use sim_time::Instant;
use svg::node::Node;
use svg::node::element::Element;

use super::lanes::Pile;
use super::lifeline::{BAR, Bar, PILE};
use super::look::{placed, state_class, text, with_tooltip};
use super::panel::Panel;
use super::scale::Scale;
use crate::amount::whole;
use crate::diagram::{Life, Waste};

/// The size of the number in a bar that stands for several connections, and the room it needs.
const COUNT: f64 = 9.5;
const COUNT_HEIGHT: f64 = 12.0;

impl Panel<'_> {
    /// A connection in its lane: its states, and hatched where it is held for nobody.
    pub(super) fn life(
        &self,
        (place, life): (usize, &Life),
        (x, leaves): (f64, Instant),
        scale: &Scale,
        group: &mut Element,
    ) -> Vec<Bar> {
        let height = |at: Instant| scale.height(at) + self.turns.life(place, at);
        let bar = |from: Instant, until: Instant| Bar { x, wide: BAR, top: height(from), bottom: height(until) };
        let begins = self.diagram.from;
        let is_there = |from: Instant, until: Instant| from < leaves && until > begins;
        let mut bars = Vec::new();
        let whose = self.whose(life.host, life.attempt);
        for stretch in life.states.iter().filter(|of| of.is_drawn(leaves) && is_there(of.from, of.until)) {
            let title = format!("{whose}: {} {}", stretch.state, self.span(stretch.from, stretch.until));
            let bar = bar(stretch.from.max(begins), stretch.until.min(leaves));
            group.append(with_tooltip(bar.drawn(&[("class", state_class(stretch.state))]), &[title]));
            bars.push(bar);
        }
        let is_seen = |waste: &&Waste| waste.until > waste.from && is_there(waste.from, waste.until);
        for waste in life.waste.iter().filter(is_seen) {
            let hatching = self.ids.url("hatching");
            let attributes = [("fill", hatching.as_str()), ("class", "waste")];
            let bar = bar(waste.from.max(begins), waste.until.min(leaves));
            group.append(with_tooltip(bar.drawn(&attributes), &self.waste_lines(&whose, waste)));
        }
        bars
    }

    /// Several connections in one bar, with their number wherever it changes and there is room.
    pub(super) fn pile(&self, pile: &Pile, x: f64, scale: &Scale, group: &mut Element) -> Vec<Bar> {
        let host = self.diagram.hosts.name(pile.host);
        let for_nobody = if pile.wasted { ", held for nobody" } else { "" };
        let mut bars: Vec<Bar> = Vec::new();
        let mut free = f64::NEG_INFINITY;
        let mut numbers = Vec::new();
        for (from, until, count) in pile.counts() {
            let bar = Bar { x, wide: PILE, top: scale.height(from), bottom: scale.height(until) };
            let count = whole(count.unsigned_abs());
            let title = format!("{host}: {count} in {}{for_nobody} {}", pile.state, self.span(from, until));
            let mut both = with_tooltip(placed("g", &[], &[]), &[title]);
            both.append(bar.drawn(&[("class", state_class(pile.state))]));
            if pile.wasted {
                both.append(bar.drawn(&[("fill", &self.ids.url("hatching")), ("class", "waste")]));
            }
            group.append(both);
            if bar.top >= free && bar.bottom - bar.top >= COUNT_HEIGHT {
                numbers.push(text((x, bar.top + COUNT_HEIGHT - 2.0), COUNT, "words ink strong halo", "middle", &count));
                free = bar.top + COUNT_HEIGHT;
            }
            bars.push(bar);
        }
        for words in numbers {
            group.append(words);
        }
        bars
    }
}
