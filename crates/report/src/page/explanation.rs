//! An explanation as headings and numbered stories.

use askama::Template;

use super::rendered;
use crate::explain::{Part, Told};
use crate::wrap::units_joined;

/// The explanation as HTML.
pub(super) fn explanation(told: &Told) -> String {
    let parts = told.parts.iter().map(|part| match part {
        Part::Stories { heading, stories } => Shown {
            heading,
            stories: stories.iter().map(|story| story.iter().map(|text| Piece::of(text)).collect()).collect(),
            lines: Vec::new(),
        },
        Part::Remark(lines) => {
            Shown { heading: "", stories: Vec::new(), lines: lines.iter().map(|line| Piece::of(line)).collect() }
        }
    });
    rendered(&Explained { parts: parts.collect() })
}

/// A text in pieces: in turn plain, and as the experiment has it.
struct Piece(Vec<String>);

impl Piece {
    /// What stands between backticks is as the experiment has it. A number stays with its unit.
    fn of(text: &str) -> Self {
        let whole = units_joined(text).iter().map(|word| word.replace(' ', "\u{a0}")).collect::<Vec<_>>().join(" ");
        Self(whole.split('`').map(str::to_owned).collect())
    }
}

struct Shown<'a> {
    heading: &'a str,
    stories: Vec<Vec<Piece>>,
    lines: Vec<Piece>,
}

#[derive(Template)]
#[template(path = "explanation.html")]
struct Explained<'a> {
    parts: Vec<Shown<'a>>,
}
