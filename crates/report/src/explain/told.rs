//! What an explanation comes to, in parts, and as text.

use crate::amount::with_short_times;
use crate::paint::{Colour, Tone};
use crate::wrap::{block, wrapped};

/// Columns of the text.
pub(super) const WIDTH: usize = 100;

/// How names are to be read.
pub(super) const LEGEND: &str = "\
SYN 0, ACK 102/102: SEQ, and SEQ/ACK, relative to the initial sequence numbers.
#1, #2: the first, the second open of its host.
";

/// What is counted as wasted, where segments are.
pub(super) const WASTED: &str = "\
wasted segments: of ghosts and half-open entries with nobody at their other end, and the answers.
";

/// An explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// What it tells, in its order. None is empty.
    pub parts: Vec<Part>,
    /// Whether times keep all their digits.
    exact: bool,
}

/// A part of an explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Stories of one kind, the worst first. Each has its heading as its first paragraph.
    Stories {
        /// What they are about.
        heading: &'static str,
        /// Their paragraphs.
        stories: Vec<Vec<String>>,
    },
    /// Sentences by themselves.
    Remark(Vec<String>),
}

impl Told {
    /// Nothing yet. Times are told to the millisecond, unless they are `exact`.
    pub(super) const fn new(exact: bool) -> Self {
        Self { parts: Vec::new(), exact }
    }

    /// Adds a part, if there is anything in it.
    pub(super) fn add(&mut self, mut part: Part) {
        let is_empty = match &mut part {
            Part::Remark(lines) => {
                lines.retain(|line| !line.is_empty());
                lines.is_empty()
            }
            Part::Stories { stories, .. } => {
                for paragraph in stories.iter_mut().flatten().filter(|_| !self.exact) {
                    *paragraph = with_short_times(paragraph);
                }
                stories.is_empty()
            }
        };
        if !is_empty {
            self.parts.push(part);
        }
    }

    /// Adds how what was told is to be read.
    pub(super) fn add_legend(&mut self) {
        let mut lines: Vec<&str> = Vec::new();
        if self.parts.iter().any(|part| matches!(part, Part::Stories { .. })) {
            lines.extend(LEGEND.lines());
        }
        if self.paragraphs().any(|paragraph| paragraph.contains("wasted segment")) {
            lines.extend(WASTED.lines());
        }
        self.add(Part::Remark(lines.into_iter().map(str::to_owned).collect()));
    }

    fn paragraphs(&self) -> impl Iterator<Item = &String> {
        let stories = self.parts.iter().flat_map(|part| match part {
            Part::Stories { stories, .. } => stories.as_slice(),
            Part::Remark(_) => &[],
        });
        stories.flatten()
    }

    /// As text, in lines of at most 100 columns.
    #[must_use]
    pub fn text(&self, colour: Colour) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Stories { heading, stories } => numbered(heading, stories, colour),
            Part::Remark(lines) => lines.iter().map(|line| block("", 2, &wrapped(line, WIDTH - 2))).collect(),
        });
        parts.collect::<Vec<_>>().join("\n")
    }
}

/// Stories under a heading.
fn numbered(heading: &str, stories: &[Vec<String>], colour: Colour) -> String {
    let mut text = format!("{}\n", colour.paint(Tone::Heading, heading));
    for (story, number) in stories.iter().zip(1..) {
        let number = format!("{number}. ");
        let indent = number.chars().count();
        for (place, paragraph) in story.iter().enumerate() {
            let lines = wrapped(paragraph, WIDTH - indent);
            let (first, tone) = if place == 0 { (number.as_str(), Tone::Bad) } else { ("", Tone::Plain) };
            let lines: Vec<String> = lines.iter().map(|line| colour.paint(tone, line)).collect();
            text.push_str(&block(&format!("{first:indent$}"), indent, &lines));
        }
    }
    text
}
