//! Where a report comes from, and how it is made again.

use askama::Template;
use experiment::Experiment;

use super::toml::highlighted;
use super::{Section, rendered};

/// What a reader needs to repeat a report.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The command that makes the report.
    pub command: &'a str,
}

impl Origin<'_> {
    /// The question, or the name of an experiment that asks none.
    pub(super) fn title(&self) -> &str {
        self.experiment.question().unwrap_or_else(|| self.experiment.name())
    }

    /// How it is repeated, with facts by name; and the experiment's text.
    pub(super) fn sections(&self, facts: &[(String, String)]) -> [Section; 2] {
        let repeat = rendered(&Repeat { command: self.command, facts });
        let text = format!("<code>{}</code>", highlighted(self.experiment.text()));
        let file = format!(
            "<pre class=\"scroll toml\" tabindex=\"0\" role=\"region\" aria-label=\"Text of the experiment\">{text}</pre>"
        );
        [
            Section::new(
                "repeat",
                "Repeat it",
                "The same file, seed and variant give the same records on every machine.",
                repeat,
            ),
            Section::new("file", "The experiment", self.experiment.file(), file),
        ]
    }
}

#[derive(Template)]
#[template(path = "repeat.html")]
struct Repeat<'a> {
    command: &'a str,
    facts: &'a [(String, String)],
}
