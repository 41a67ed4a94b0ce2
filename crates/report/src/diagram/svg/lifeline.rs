//! The lifelines of a diagram: where their connections are drawn, and where the words beside them stand.

use experiment::HostId;
use svg::node::Node;
use svg::node::element::Element;

use super::SMALL;
use super::labels::Labels;
use super::lanes::Column;
use super::look::{LETTER, placed, text, width};
use super::words::{LINE, Words};

/// From one connection of a host to the next.
const LANE: f64 = 15.0;
/// The breadth of a lifeline, and of a bar that stands for several connections.
pub(super) const BAR: f64 = 12.0;
pub(super) const PILE: f64 = 24.0;
/// Room between a lifeline and the words beside it.
const BESIDE: f64 = 8.0;

/// A host in the picture, or nobody.
pub(super) struct Lifeline {
    pub(super) host: Option<HostId>,
    /// Where its first lane is.
    pub(super) x: f64,
    pub(super) lanes: usize,
    /// Behind its lanes: bars that stand for several connections.
    pub(super) piles: usize,
    /// Whether lanes and words go to the left of it.
    pub(super) leftwards: bool,
    /// Whether arrows pass behind the words.
    pub(super) is_passed: bool,
    pub(super) words: Vec<Words>,
}

/// Where a bar is.
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) wide: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Bar {
    pub(super) fn drawn(&self, attributes: &[(&str, &str)]) -> Element {
        let numbers = [
            ("x", self.x - self.wide / 2.0),
            ("y", self.top),
            ("width", self.wide),
            ("height", (self.bottom - self.top).max(2.0)),
            ("rx", 2.0),
        ];
        placed("rect", &numbers, attributes)
    }
}

impl Lifeline {
    /// How far its last column reaches.
    fn reach(&self) -> f64 {
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(0));
        match (self.lanes, self.piles) {
            (0 | 1, 0) => BAR / 2.0,
            (lanes, 0) => count(lanes - 1) * LANE + BAR / 2.0,
            (lanes, piles) => count(lanes) * LANE - BAR / 2.0 + count(piles) * (PILE + 3.0),
        }
    }

    fn off(&self, off: f64) -> f64 {
        if self.leftwards { self.x - off } else { self.x + off }
    }

    /// The outer edge, where words begin.
    pub(super) fn outer(&self) -> f64 {
        self.off(self.reach() + BESIDE)
    }

    /// How wide the words are.
    pub(super) fn width(&self) -> f64 {
        let lines = self.words.iter().filter(|words| words.top.is_some()).flat_map(|words| &words.lines);
        lines.map(|(line, _)| width(line, SMALL, LETTER)).fold(0.0, f64::max)
    }

    /// The middle of a column, and its breadth.
    pub(super) fn column(&self, column: Column) -> (f64, f64) {
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(0));
        match column {
            Column::Lane(lane) => (self.off(count(lane) * LANE), BAR),
            Column::Pile(pile) => {
                let before = count(self.lanes) * LANE - BAR / 2.0 + count(pile) * (PILE + 3.0);
                (self.off(before + PILE / 2.0), PILE)
            }
        }
    }

    /// The edge at which arrows from the left, or from the right, begin and end.
    pub(super) fn edge(&self, of_right: bool) -> f64 {
        let far = if of_right == self.leftwards { BAR / 2.0 } else { self.reach() };
        if of_right { self.x + far + 1.5 } else { self.x - far - 1.5 }
    }
}

impl Lifeline {
    /// Writes the words. Arrows may pass behind them.
    pub(super) fn write(&self, group: &mut Element) {
        let anchor = if self.leftwards { "end" } else { "start" };
        for (y, line, class) in self.lines() {
            if self.is_passed {
                let wide = width(line, SMALL, LETTER);
                let left = if self.leftwards { self.outer() - wide } else { self.outer() };
                let behind = [("x", left - 2.0), ("y", y - 10.0), ("width", wide + 4.0), ("height", LINE)];
                group.append(placed("rect", &behind, &[("class", "paper behind")]));
            }
            group.append(text((self.outer(), y), SMALL, &format!("{class} halo"), anchor, line));
        }
    }

    /// Names of segments keep clear of the words.
    pub(super) fn take_room(&self, labels: &mut Labels) {
        for (y, line, _) in self.lines() {
            let wide = width(line, SMALL, LETTER);
            let middle = if self.leftwards { self.outer() - wide / 2.0 } else { self.outer() + wide / 2.0 };
            labels.take((middle, y), wide);
        }
    }

    /// The lines that have room, each with its height.
    fn lines(&self) -> impl Iterator<Item = (f64, &str, &'static str)> {
        let all = self.words.iter().filter_map(|words| Some((words.top?, &words.lines)));
        all.flat_map(|(top, lines)| {
            let heights = (0_u32..).map(move |line| top + 4.0 + f64::from(line) * LINE);
            heights.zip(lines).map(|(y, (line, class))| (y, line.as_str(), *class))
        })
    }
}
