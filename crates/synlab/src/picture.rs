//! Pictures of runs: what stands above and below them, and how they come to their files.

use std::io::Write;
use std::path::Path;

use experiment::{Experiment, Variant};
use report::diagram::{Caption, Diagram};
use report::{Hosts, LedgerBook};
use sim_time::Instant;

use crate::cli::Source;
use crate::complaint::Complaint;
use crate::execute::{Runs, measured};
use crate::output::{self, Sink, cannot_write};

/// So many segments are drawn: with more it would be no picture any more.
const MOST_SEGMENTS: usize = 100;
/// The same where the picture is not what a page is about.
const MOST_IN_SMALL: usize = 40;
/// So many segments are kept for a ladder, or as many as it has rows: enough to find what differs, little enough to cost nothing.
const KEPT_SEGMENTS: usize = 2_000;

/// A file for a picture, found before anything runs.
pub(crate) struct Frame<'a> {
    file: &'a Path,
    sink: Sink,
}

impl<'a> Frame<'a> {
    /// A place for a picture that is asked for.
    pub(crate) fn open(file: Option<&'a Path>) -> Result<Option<Self>, Complaint> {
        file.map(|file| Ok(Self { file, sink: Sink::open(Some(file))? })).transpose()
    }

    /// The picture is there from now on.
    pub(crate) fn fill(mut self, picture: &str) -> Result<(), Complaint> {
        let written = self.sink.write_all(picture.as_bytes());
        written.map_err(|error| cannot_write(Some(self.file), error))?;
        self.sink.commit()
    }
}

/// A diagram of the run that the ledger is of.
pub(crate) fn diagram(ledger: &LedgerBook) -> Diagram {
    ledger.diagram().with_at_most(MOST_SEGMENTS)
}

/// A diagram of a variant, which is run for it, with few segments: beside much else.
pub(crate) fn small(runs: &mut Runs<'_>, (experiment, variant): (&Experiment, &Variant)) -> Result<Diagram, Complaint> {
    let mut diagram = Diagram::new(Hosts::of(&experiment.scenario(variant)?)).with_at_most(MOST_IN_SMALL);
    runs.watch(variant, &mut diagram)?;
    diagram.finish(experiment.horizon());
    Ok(diagram)
}

/// The same, for a ladder of so many rows.
pub(crate) fn ladder(ledger: &LedgerBook, rows: usize) -> Diagram {
    ledger.diagram().with_at_most(rows.max(KEPT_SEGMENTS))
}

/// What a picture says about itself. `options` are those of the command, beside the ones that say what is run.
pub(crate) fn caption(
    command: &str,
    source: &Source,
    options: &[(&str, &str)],
    experiment: &Experiment,
    variant: Option<&Variant>,
) -> Caption {
    let name = experiment.name();
    let title = experiment.question().unwrap_or(name).to_owned();
    let variant = variant.map_or_else(
        || "the same network for every variant".to_owned(),
        |variant| format!("handshake {}, teardown {}", variant.handshake, variant.teardown),
    );
    let subtitle = format!("{name}: {variant}, seed {}, {}", experiment.seed(), measured(experiment));
    let mut words = vec!["synlab".to_owned(), command.to_owned(), quoted(&source.file)];
    for set in &source.set {
        words.extend(["--set".to_owned(), quoted(set)]);
    }
    if let Some(seed) = source.seed {
        words.extend(["--seed".to_owned(), seed.to_string()]);
    }
    if let Some(until) = source.until {
        let exact = (Instant::ZERO + until).to_string();
        let exact = exact.trim_end_matches('0').trim_end_matches('.');
        words.extend(["--until".to_owned(), quoted(&format!("{exact} s"))]);
    }
    for (option, value) in options {
        words.extend([(*option).to_owned(), quoted(value)]);
    }
    Caption { title, subtitle, command: words.join(" ") }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Refuses a picture that would share its file, or standard output, with the result.
pub(crate) fn check_file(option: &str, picture: &Path, output: Option<&Path>) -> Result<(), Complaint> {
    let shares_stdout = output::is_stdout(picture) && output.is_none_or(output::is_stdout);
    match output {
        _ if shares_stdout => Err(Complaint::Other(format!(
            "{option}: a picture shares standard output with nothing else: send the result elsewhere with --output FILE"
        ))),
        Some(output) if output::is_one_file(output, picture) => Err(Complaint::Other(format!(
            "--output and {option} both name {}: each needs a file of its own",
            picture.display()
        ))),
        _ => Ok(()),
    }
}
