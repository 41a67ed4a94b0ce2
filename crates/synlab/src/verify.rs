//! `synlab verify`: every expectation of every variant of every experiment, one line each; a claim in full. Of a sweep the
//! small plan is run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use experiment::{Course, Experiment, Extent, Finding, Follows, Measure, Variant, Verdict};
use report::{ClaimTested, Colour, claim_tally};

use crate::Ending;
use crate::cli::Verify;
use crate::complaint::Complaint;
use crate::execute::Runs;
use crate::output;
use crate::play::Player;
use crate::sweep::{self, counted};

pub(crate) fn verify(arguments: &Verify) -> Result<Ending, Complaint> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        let found = files.len();
        collect(path, &mut BTreeSet::new(), &mut files)?;
        if files.len() == found {
            return Err(Complaint::Other(format!("{path}: no experiment is below it")));
        }
    }
    let colour = output::colour(None);
    let mut findings: Vec<Finding> = Vec::new();
    let (mut held, mut failed, mut wrong) = (0_usize, 0_usize, 0_usize);
    for file in &files {
        let line = match check(file, arguments) {
            Ok(checked) => {
                let holds = checked.failures.is_empty();
                *if holds { &mut held } else { &mut failed } += 1;
                findings.extend(checked.finding());
                if holds && arguments.quiet {
                    continue;
                }
                checked.text(file, colour)
            }
            Err(complaint) => {
                wrong += 1;
                complaint.print();
                format!("WRONG  {file}\n")
            }
        };
        output::write(None, &line)?;
    }
    let wrong_files = if wrong > 0 { format!(", {wrong} could not be run") } else { String::new() };
    if !arguments.quiet || failed + wrong > 0 {
        if !findings.is_empty() {
            output::write(None, &claim_tally(&findings, colour))?;
        }
        output::write(None, &format!("{}: {held} hold, {failed} do not{wrong_files}\n", experiments(files.len())))?;
    }
    match (failed, wrong) {
        (_, 1..) => Err(Complaint::Other(format!("{} could not be run", experiments(wrong)))),
        (1.., 0) => Ok(Ending::Disappointed),
        (0, 0) => Ok(Ending::Done),
    }
}

/// What checking one experiment found.
struct Checked {
    experiment: Experiment,
    /// What its runs show of its claim, if it has one.
    evidence: Option<String>,
    expectations: usize,
    variants: usize,
    /// Runs of the small plan of its sweep, if it has one.
    swept: u64,
    /// How many of those failed; what they met is at the end of `failures`.
    swept_failed: usize,
    failures: Vec<String>,
}

impl Checked {
    fn finding(&self) -> Option<Finding> {
        self.experiment.claim().map(experiment::Claim::finding)
    }

    /// A claim with its evidence and an empty line; of any other experiment one line.
    fn text(&self, file: &str, colour: Colour) -> String {
        let (Some(claim), Some(evidence)) = (self.experiment.claim(), &self.evidence) else { return self.line(file) };
        let name = self.experiment.name();
        let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
        let tested = ClaimTested {
            claim,
            number: name[..digits].parse().ok(),
            evidence: evidence.clone(),
            variants: self.variants,
            expectations: self.expectations,
            failures: &self.failures,
        };
        format!("{}\n", tested.page(colour))
    }

    fn line(&self, file: &str) -> String {
        let word = if self.failures.is_empty() { "ok   " } else { "FAIL " };
        let variants = if self.variants == 1 { "1 variant".to_owned() } else { format!("{} variants", self.variants) };
        let swept = match (self.swept, self.swept_failed) {
            (0, _) => String::new(),
            (runs, 0) => format!(", {} of its sweep", counted(runs, "run")),
            (runs, failed) => format!(", {failed} of {} of its sweep failed", counted(runs, "run")),
        };
        let count = match (self.expectations, self.failures.len() - self.swept_failed) {
            (0, _) => "nothing expected".to_owned(),
            (1, 0) => "1 expectation".to_owned(),
            (all, 0) => format!("{all} expectations"),
            (all, failed) => format!("{failed} of {all} expectations"),
        };
        let mut text = format!("{word}  {file}: {count}, {variants}{swept}\n");
        text.extend(self.failures.iter().map(|failure| format!("         {failure}\n")));
        text
    }
}

/// Judges every expectation for every variant. What is expected is counted once for each variant it is about.
fn check(file: &str, arguments: &Verify) -> Result<Checked, Complaint> {
    let engine = arguments.engine;
    let experiment = Experiment::load(file, &[])?;
    let variants = experiment.variants();
    let mut runs = Runs::of(&experiment, engine);
    let (mut expectations, mut failures) = (0, Vec::new());
    for variant in &variants {
        // A variant of which nothing is expected is run as well: that it can be run is worth knowing.
        runs.summary(variant)?;
        for verdict in runs.judge(variant)? {
            expectations += 1;
            if !verdict.passed {
                failures.push(failure(variant, &verdict));
            }
        }
    }
    let evidence = runs.evidence()?;
    let (mut swept, mut swept_failed) = (0, 0);
    if experiment.has_sweep() {
        let plan = experiment.plan(Extent::Check)?;
        swept = plan.runs();
        let mut player = Player::new(&plan, engine.queue());
        let mut course = Course::new(&plan);
        let mut run_failures = Vec::new();
        for number in 0..plan.runs() {
            let result = player.play(&plan.run(number), runs.matched());
            let metrics = result.as_ref().ok().map(|summary| &summary.metrics);
            if let Follows::Point(point) = course.add(number, &Measure::outcome(plan.measures(), metrics)) {
                let (judged, failed) = sweep::judge(&plan, &point);
                expectations += judged as usize;
                failures.extend(failed);
            }
            if let Err(error) = result {
                run_failures.push(format!("{}: {error}", sweep::name(&plan, number)));
            }
        }
        swept_failed = run_failures.len();
        failures.extend(run_failures);
    }
    if !arguments.quiet {
        runs.note_unmatched(&format!("{file}: "));
    }
    let variants = variants.len();
    Ok(Checked { evidence, expectations, variants, swept, swept_failed, failures, experiment })
}

fn failure(variant: &Variant, verdict: &Verdict) -> String {
    let because = verdict.because.as_ref().map_or(String::new(), |because| format!(" ({because})"));
    let (label, line) = (variant.label(), verdict.line);
    format!("line {line}, {label}: expected {}{because}, found {}", verdict.that, verdict.actual)
}

/// Adds the experiments that `path` names: itself, if it is a file or a built-in case, or every TOML file below it, in
/// the order of their names. A directory among `seen` is passed over: a link has led back to it.
fn collect(path: &str, seen: &mut BTreeSet<PathBuf>, files: &mut Vec<String>) -> Result<(), Complaint> {
    if !Path::new(path).is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let cannot_read = |error: std::io::Error| Complaint::Other(format!("cannot read {path}: {error}"));
    if !seen.insert(fs::canonicalize(path).map_err(cannot_read)?) {
        return Ok(());
    }
    let mut entries = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>())
        .map_err(cannot_read)?;
    entries.sort();
    for entry in entries {
        let is_profiles = entry.file_name().is_some_and(|name| name == "profiles");
        let is_toml = entry.extension().is_some_and(|extension| extension == "toml");
        let Some(name) = entry.to_str() else {
            return Err(Complaint::Other(format!("{}: the path is not Unicode", entry.display())));
        };
        if entry.is_dir() && !is_profiles {
            collect(name, seen, files)?;
        } else if entry.is_file() && is_toml {
            files.push(name.to_owned());
        }
    }
    Ok(())
}

fn experiments(count: usize) -> String {
    if count == 1 { "1 experiment".to_owned() } else { format!("{count} experiments") }
}
