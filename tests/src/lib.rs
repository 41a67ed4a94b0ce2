//! What the tests beside this library share: small experiments, runs that keep every record, and a way to replay what
//! failed.

pub mod pair;

use expect_test::Expect;
use experiment::record::Record;
use experiment::{Experiment, Scenario, Summary, Variant, simulate};
use report::diagram::{Diagram, Look};
use report::{Colour, Hosts};

/// A run of which everything was kept.
#[derive(Debug)]
pub struct Run {
    /// What it yielded.
    pub summary: Summary,
    /// Every record, in order.
    pub records: Vec<Record>,
    /// The run as a ladder.
    pub ladder: String,
}

impl Run {
    /// Plays a scenario.
    ///
    /// # Panics
    /// If time stops moving on.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let mut diagram = Diagram::new(Hosts::of(scenario));
        let mut records = Vec::new();
        let summary = simulate(scenario, &mut (&mut diagram, &mut records)).expect("time moves on");
        diagram.finish(scenario.horizon);
        let look = Look { width: 100, rows: usize::MAX, colour: Colour::Never };
        Self { summary, records, ladder: report::diagram::ladder(&diagram, look) }
    }

    /// A metric that the run has.
    ///
    /// # Panics
    /// If there is none of that name, or if it is a statistic of nothing.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        metric(&self.summary, name)
    }
}

/// A metric that a run has.
///
/// # Panics
/// If there is none of that name, or if it is a statistic of nothing.
#[must_use]
pub fn metric(summary: &Summary, name: &str) -> f64 {
    let value = summary.metrics.get(name).unwrap_or_else(|| panic!("no metric `{name}`"));
    value.unwrap_or_else(|| panic!("`{name}` is a statistic of nothing"))
}

/// The experiment that a text describes.
///
/// # Panics
/// If the text describes none; the message says what is wrong, and where.
#[must_use]
pub fn parse(name: &str, text: &str) -> Experiment {
    Experiment::parse(name, text, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The run of a variant, with every choice made.
///
/// # Panics
/// If the experiment refuses the variant.
#[must_use]
pub fn scenario(experiment: &Experiment, variant: &Variant) -> Scenario {
    experiment.scenario(variant).unwrap_or_else(|errors| panic!("{}: {errors}", variant.label()))
}

/// Runs a small experiment under one variant and compares its ladder.
///
/// `variant` is a handshake, or a handshake and a teardown with a `/` between them. `fragment` is what is special about
/// the experiment: `[[link.fault]]`s, `[client]`, `[server]`. The link has 50 ms; a client that is left out sends 100 B,
/// receives 100 B and closes, a server that is left out answers and closes when the client has. The run ends after ten
/// minutes.
///
/// # Panics
/// If the ladders differ, or if there is nothing to draw. What was run is then left in a file, with the command that replays it on standard error.
pub fn ladder(variant: &str, fragment: &str, expected: &Expect) {
    let text = small_experiment(variant, fragment);
    let experiment = parse("ladder.toml", &text);
    let run = Run::of(&scenario(&experiment, &experiment.variants()[0]));
    let _replay = Replay::new(text, &experiment.variants()[0], experiment.seed());
    assert!(!run.records.is_empty(), "nothing happened");
    expected.assert_eq(&run.ladder);
}

/// The whole file of which [`ladder`] is given a fragment.
fn small_experiment(variant: &str, fragment: &str) -> String {
    let (handshake, teardown) = variant.split_once('/').unwrap_or((variant, "rfc9293"));
    let mut text =
        format!("seed = 1\nhandshake = [\"{handshake}\"]\nteardown = [\"{teardown}\"]\nhorizon = \"10 min\"\n");
    let lines: Vec<&str> = fragment.trim().lines().map(str::trim).collect();
    let has = |table: &str| lines.contains(&table);
    text += "\n[link]\ndelay = \"50ms\"\n";
    if !has("[client]") {
        text += "\n[client]\nscript = [\"connect\", \"send 100 B\", \"receive 100 B\", \"close\"]\n";
    }
    if !has("[server]") {
        text += "\n[server]\nscript = [\"accept\", \"receive 100 B\", \"send 100 B\", \"close on EOF\"]\n";
    }
    text + "\n" + &lines.join("\n") + "\n"
}

/// Says how to replay a run, if the test that holds it fails.
///
/// It lives as long as the checks of the run do, and acts when they panic.
#[derive(Debug)]
#[must_use = "it acts when it is dropped by a test that fails"]
pub struct Replay {
    text: String,
    handshake: String,
    teardown: String,
    seed: u64,
}

impl Replay {
    /// The run of one variant of the experiment that `text` describes.
    pub fn new(text: impl Into<String>, variant: &Variant, seed: u64) -> Self {
        let Variant { handshake, teardown } = variant.clone();
        Self { text: text.into(), handshake, teardown, seed }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let Self { text, handshake, teardown, seed } = self;
        let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
        let file = std::env::temp_dir().join(format!("synlab-{test}.toml"));
        let place = match std::fs::write(&file, &*text) {
            Ok(()) => file.display().to_string(),
            Err(error) => format!("FILE (not left in {}: {error})", file.display()),
        };
        eprintln!("\nseed {seed}, {handshake}/{teardown}; this is the experiment:\n\n{text}");
        eprintln!("replay: cargo run -- run {place} --handshake {handshake} --teardown {teardown} --seed {seed}\n");
    }
}
