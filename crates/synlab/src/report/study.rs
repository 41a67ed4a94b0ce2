//! The page about a sweep: every run of its plan is played, over all cores.

use std::path::Path;

use experiment::{Course, Experiment, Extent, Follows, Measure, Plan, RunOutcome, Variant};
use report::diagram::Diagram;
use report::page::{OneRun, Origin, Study, Told, study_page};
use report::rows::Rows;
use sim_core::Digest;

use crate::Ending;
use crate::cli::{Report, Source};
use crate::complaint::Complaint;
use crate::execute::Runs;
use crate::output;
use crate::picture;
use crate::play::{Player, in_order};
use crate::row_file::RowFile;
use crate::sweep::{self, format, made_of, progress, threads};
use crate::window::{self, Shows};

/// So many variants of a run are drawn.
const DRAWN: usize = 2;

/// A run that was played.
struct Played {
    row: Option<String>,
    outcome: RunOutcome,
    digest: u128,
    error: Option<String>,
}

/// What the runs came to so far, in the order of the plan.
struct Account<'a> {
    course: Course<'a>,
    study: Study<'a>,
    /// Over the digests of all runs; that of a run that failed counts as 0.
    digest: Digest,
    failed: u64,
    disappointed: u64,
    /// The largest value that the first measure has of a run, and the run.
    largest: Option<(f64, u64)>,
}

/// The page, and how it ends.
pub(super) fn page(arguments: &Report, experiment: &Experiment) -> Result<(String, Ending), Complaint> {
    if let (Some(output), Some(rows)) = (&arguments.output, &arguments.rows)
        && output::is_one_file(output, rows)
    {
        let message = format!("--output and --rows both name {}: each needs a file of its own", rows.display());
        return Err(Complaint::Other(message));
    }
    let plan = experiment.plan(if arguments.check { Extent::Check } else { Extent::Whole })?;
    let account = play(arguments, &plan)?;
    let options = [(arguments.check, "--check")];
    let flags: String = options.iter().filter(|(given, _)| *given).map(|(_, flag)| format!(" {flag}")).collect();
    let (html, csv) = (format!("{}.html", experiment.name()), format!("{}.csv", experiment.name()));
    let command = |verb, file: &str| {
        picture::caption(verb, &arguments.source, &[("-o", file)], experiment, None).command + &flags
    };
    let rows = arguments.rows.as_deref().map(|rows| beside(rows, arguments.output.as_deref()));
    let digest = account.digest.value().to_string();
    let one = draw_one(arguments, &plan, &account)?;
    let told = Told {
        subtitle: &format!("{}: {}", experiment.name(), made_of(&plan, account.study.runs(), "")),
        digest: &digest,
        rows: rows.as_deref(),
        rows_command: &command("sweep", &csv),
        one: one.as_ref(),
    };
    let html = study_page(Origin { experiment, command: &command("report", &html) }, &account.study, told);
    let failed = account.failed + account.disappointed;
    Ok((html, if failed == 0 { Ending::Done } else { Ending::Disappointed }))
}

/// How the page links to the rows: a file in the same folder by its name alone.
fn beside(rows: &Path, page: Option<&Path>) -> String {
    let name = rows.file_name().filter(|_| page.is_none_or(|page| page.parent() == rows.parent()));
    name.map_or_else(|| rows.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Draws the run with the largest value of the first measure, of each variant.
fn draw_one(arguments: &Report, plan: &Plan, account: &Account<'_>) -> Result<Option<OneRun>, Complaint> {
    let (Some((_, number)), Some(measure)) = (account.largest, plan.shown().first()) else { return Ok(None) };
    let run = plan.run(number);
    let experiment = plan.at(run.point)?.with_seed(run.seed);
    let all = experiment.variants();
    let mut runs = Runs::of(&experiment, arguments.source.engine);
    // The one that it is about comes first.
    let others = all.iter().filter(|variant| **variant != run.variant);
    let mut diagrams: Vec<(Variant, Diagram)> = Vec::new();
    for variant in std::iter::once(&run.variant).chain(others).take(DRAWN) {
        diagrams.push((variant.clone(), picture::small(&mut runs, (&experiment, variant))?));
    }
    // The part is chosen as the run is: by what the measure is of.
    let shows = if measure.text().contains("setup.") { Shows::SlowestOpen } else { Shows::Worst };
    window::draw_what_shows(shows, &mut runs, &experiment, &mut diagrams)?;
    let diagrams = diagrams.into_iter().map(|(variant, diagram)| (variant.label(), diagram)).collect();
    let values = sweep::assignments(plan, run.point);
    let mut source = Source { seed: Some(run.seed), ..arguments.source.clone() };
    source.set.extend(values.iter().map(|(key, value)| format!("{key}={value}")));
    let shown: String = values.iter().map(|(key, value)| format!("{key} = {value}, ")).collect();
    Ok(Some(OneRun {
        why: format!("the largest {}", measure.text()),
        which: format!("{shown}{}, replication {} (seed {})", run.variant.label(), run.replication, run.seed),
        command: picture::caption("compare", &source, &[], &experiment, None).command,
        diagrams,
    }))
}

fn play<'a>(arguments: &Report, plan: &'a Plan) -> Result<Account<'a>, Complaint> {
    let rows = arguments.rows.as_deref().map(|file| (file, Rows::new(plan, format(None, Some(file)), false)));
    let file = rows.as_ref().map(|(file, rows)| RowFile::begin(Some(file), &rows.header()));
    let mut file = file.transpose()?;
    let block = plan.block(1, 1);
    let bar = progress(plan.least_runs(&block), arguments.quiet);
    let queue = arguments.source.engine.queue();
    let mut account = Account {
        course: Course::new(plan),
        study: Study::new(plan),
        digest: Digest::new(),
        failed: 0,
        disappointed: 0,
        largest: None,
    };
    let work = |player: &mut Player<'_>, number: u64| {
        let run = plan.run(number);
        let result = player.play(&run, &mut ());
        let row = rows.as_ref().map(|(_, rows)| rows.write(&run, result.as_ref().map_err(String::as_str)));
        let outcome = Measure::outcome(plan.measures(), result.as_ref().ok().map(|summary| &summary.metrics));
        Played { row, outcome, digest: result.as_ref().map_or(0, |summary| summary.digest.0), error: result.err() }
    };
    let take = |batch: Vec<(u64, Played)>| {
        if let Some(file) = &mut file {
            file.append(&batch.iter().filter_map(|(_, played)| played.row.as_deref()).collect::<String>())?;
        }
        bar.inc(batch.len() as u64);
        let mut more = None;
        for (number, played) in batch {
            if let Some(error) = &played.error {
                output::note(&format!("{}: {error}", sweep::name(plan, number)));
            }
            more = account.add(plan, number, &played);
        }
        bar.inc_length(more.as_ref().map_or(0, |more| more.end - more.start));
        Ok::<_, Complaint>(more)
    };
    let following = |number| plan.following(number);
    in_order(block, following, threads(arguments.threads), || Player::new(plan, queue), work, take)?;
    bar.finish_and_clear();
    if let Some(file) = file {
        file.finish()?;
    }
    Ok(account)
}

impl Account<'_> {
    /// Adds what the next run came to; gives the batch that its point needs next, if it was the last of one and does.
    fn add(&mut self, plan: &Plan, number: u64, played: &Played) -> Option<std::ops::Range<u64>> {
        self.study.run(number, &played.outcome);
        self.failed += u64::from(played.error.is_some());
        if let Some(value) = played.outcome.values.first().copied().flatten()
            && self.largest.is_none_or(|(most, _)| value > most)
        {
            self.largest = Some((value, number));
        }
        let halves = played.digest.to_le_bytes();
        for half in halves.as_chunks().0 {
            self.digest.word(u64::from_le_bytes(*half));
        }
        match self.course.add(number, &played.outcome) {
            Follows::Run => None,
            Follows::Batch(batch) => Some(batch),
            Follows::Point(result) => {
                self.disappointed += sweep::judge(plan, &result).1.len() as u64;
                self.study.point(result);
                None
            }
        }
    }
}
