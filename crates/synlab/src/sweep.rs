//! `synlab sweep`: every run of a plan, as rows, over all cores.

use sim_time::Instant;
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use experiment::{Course, Extent, Follows, Measure, Plan, PointResult, RunOutcome};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use report::SweepTable;
use report::rows::{Format, Rows};

use crate::Ending;
use crate::cli::{RowFormat, SummaryFormat, Sweep};
use crate::complaint::Complaint;
use crate::execute::load;
use crate::output;
use crate::play::{Player, in_order};
use crate::row_file::RowFile;

/// So many expectations that do not hold are told of.
const TOLD: usize = 20;

/// A run that was played.
struct Played {
    text: String,
    outcome: RunOutcome,
    error: Option<String>,
}

/// What the runs came to so far, in the order of the plan.
struct Account<'a> {
    plan: &'a Plan,
    course: Course<'a>,
    table: SweepTable<'a>,
    judged: u64,
    disappointed: u64,
    failures: Vec<String>,
}

impl<'a> Account<'a> {
    fn new(plan: &'a Plan, most: usize) -> Self {
        let (course, table) = (Course::new(plan), SweepTable::new(plan, most));
        Self { plan, course, table, judged: 0, disappointed: 0, failures: Vec::new() }
    }

    /// Adds what the next run came to; gives the batch that its point needs next, if it was the last of one and does.
    fn add(&mut self, number: u64, outcome: &RunOutcome) -> Option<Range<u64>> {
        match self.course.add(number, outcome) {
            Follows::Run => None,
            Follows::Batch(batch) => Some(batch),
            Follows::Point(result) => {
                self.judge(&result);
                self.table.add(result);
                None
            }
        }
    }

    fn judge(&mut self, result: &PointResult) {
        let (judged, failures) = judge(self.plan, result);
        self.judged += judged;
        self.disappointed += failures.len() as u64;
        let room = TOLD.saturating_sub(self.failures.len());
        self.failures.extend(failures.into_iter().take(room));
    }
}

/// Judges what is expected of a point: how many expectations there were, and those that do not hold, in words.
pub(crate) fn judge(plan: &Plan, result: &PointResult) -> (u64, Vec<String>) {
    let verdicts = plan.judge(result);
    let failures = verdicts.iter().filter(|(_, _, verdict)| !verdict.passed).map(|(expected, variant, verdict)| {
        let line = expected.expectation().diagnostic("").line_column().map_or(0, |(line, _)| line);
        let because = verdict.because.as_ref().map_or(String::new(), |because| format!(" ({because})"));
        let (point, label) = (values(plan, result.point), variant.label());
        format!("line {line}, {point}{label}: expected {}{because}, found {}", verdict.that, verdict.actual)
    });
    (verdicts.len() as u64, failures.collect())
}

pub(crate) fn sweep(arguments: &Sweep) -> Result<Ending, Complaint> {
    let experiment = load(&arguments.source)?;
    let plan = experiment.plan(if arguments.check { Extent::Check } else { Extent::Whole })?;
    let rows = Rows::new(&plan, format(arguments.format, arguments.output.as_deref()), arguments.long);
    let (part, of) = arguments.shard.map_or((1, 1), |shard| (shard.part, shard.of));
    let mut block = plan.block(part, of);
    let header = if part == 1 { rows.header() } else { String::new() };
    let mut account = Account::new(&plan, arguments.rows);
    let mut first_error = None;
    let output = arguments.output.as_deref();
    let mut runs = plan.least_runs(&block);
    let mut file = match output.filter(|_| arguments.resume) {
        Some(path) => {
            let mut kept = 0;
            let seen = |number: u64, outcome: &RunOutcome| {
                kept += 1;
                let more = account.add(number, outcome);
                runs += more.as_ref().map_or(0, |more| more.end - more.start);
                more.map_or_else(|| plan.following(number), |more| more.start)
            };
            let (file, next) = RowFile::resume(path, &header, &rows, &plan, block.clone(), seen)?;
            if kept > 0 && !arguments.quiet {
                output::note(&already(path, kept, runs, &plan));
            }
            runs -= kept;
            block.start = next;
            file
        }
        None => RowFile::begin(output, &header)?,
    };
    let queue = arguments.source.engine.queue();
    let threads = threads(arguments.threads);
    let bar = progress(runs, arguments.quiet);
    let work = |player: &mut Player<'_>, number: u64| {
        let run = plan.run(number);
        let result = player.play(&run, &mut ());
        let text = rows.write(&run, result.as_ref().map_err(String::as_str));
        let outcome = Measure::outcome(plan.measures(), result.as_ref().ok().map(|summary| &summary.metrics));
        Played { text, outcome, error: result.err() }
    };
    let take = |batch: Vec<(u64, Played)>| {
        let text: String = batch.iter().map(|(_, played)| played.text.as_str()).collect();
        file.append(&text)?;
        bar.inc(batch.len() as u64);
        let mut more = None;
        for (number, played) in batch {
            more = account.add(number, &played.outcome);
            first_error = first_error.take().or(played.error.map(|error| (number, error)));
        }
        bar.inc_length(more.as_ref().map_or(0, |more| more.end - more.start));
        Ok::<_, Complaint>(more)
    };
    in_order(block, |number| plan.following(number), threads, || Player::new(&plan, queue), work, take)?;
    bar.finish_and_clear();
    file.finish()?;
    if file_goes_elsewhere(output) && !arguments.quiet {
        let summary = match arguments.summary {
            SummaryFormat::Text => summary(&account, arguments),
            SummaryFormat::Jsonl => account.table.json_lines(),
        };
        output::write(None, &summary)?;
    }
    note_failures(&account, first_error.as_ref());
    let failed = account.table.errors() + account.disappointed;
    Ok(if failed == 0 { Ending::Done } else { Ending::Disappointed })
}

/// As many threads as are asked for, or else as there are cores.
pub(crate) fn threads(asked: Option<NonZero<usize>>) -> NonZero<usize> {
    asked.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN))
}

/// That a file has rows already.
fn already(path: &Path, kept: u64, runs: u64, plan: &Plan) -> String {
    let least = if plan.precision().is_some() { "at least " } else { "" };
    format!("{}: {kept} of {least}{runs} runs are there already", path.display())
}

/// Says what did not hold, and which runs failed.
fn note_failures(account: &Account<'_>, first_error: Option<&(u64, String)>) {
    for failure in &account.failures {
        output::note(failure);
    }
    if account.disappointed > 0 {
        output::note(&format!("{} of {} do not hold", account.disappointed, counted(account.judged, "expectation")));
    }
    if account.table.errors() > 0 {
        let first = first_error.map_or(String::new(), |(number, error)| {
            format!("; the first of this time is {}: {error}", name(account.plan, *number))
        });
        let runs = counted(account.table.runs(), "run");
        output::note(&format!("{} of {runs} failed{first}", account.table.errors()));
    }
}

/// A run in words.
pub(crate) fn name(plan: &Plan, number: u64) -> String {
    let run = plan.run(number);
    let (point, label) = (values(plan, run.point), run.variant.label());
    format!("{point}{label}, replication {} (seed {})", run.replication, run.seed)
}

/// The values of the axes at a point, in words that something follows.
fn values(plan: &Plan, point: u64) -> String {
    let values = plan.axes().iter().zip(plan.values(point));
    values.map(|(axis, value)| format!("{} = {value}, ", axis.key())).collect()
}

/// The values at a point of the axes that variants are not named by, with their keys.
pub(crate) fn assignments(plan: &Plan, point: u64) -> Vec<(String, String)> {
    let values = plan.axes().iter().zip(plan.values(point));
    let others = values.filter(|(axis, _)| !["handshake", "teardown"].contains(&axis.key().trim()));
    others.map(|(axis, value)| (axis.key().trim().to_owned(), value.to_string())).collect()
}

/// Whether rows leave standard output to the summary.
fn file_goes_elsewhere(output: Option<&Path>) -> bool {
    output.is_some_and(|path| !output::is_stdout(path))
}

/// The format: as it is asked for, or else as the file's name has it.
pub(crate) fn format(asked: Option<RowFormat>, file: Option<&Path>) -> Format {
    let extension = file.and_then(Path::extension);
    match asked {
        Some(RowFormat::Csv) => Format::Csv,
        None if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) => Format::Csv,
        Some(RowFormat::Jsonl) | None => Format::Jsonl,
    }
}

pub(crate) fn progress(runs: u64, quiet: bool) -> ProgressBar {
    // What is no terminal gets none.
    let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr());
    if quiet || bar.is_hidden() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} runs, {rate}/s, {eta} left");
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // What cannot be shown is not.
        let _ = write!(text, "{:.0}", state.per_sec());
    };
    bar.set_style(style.expect("the template is right").with_key("rate", rate));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn summary(account: &Account<'_>, arguments: &Sweep) -> String {
    let (plan, table) = (account.plan, &account.table);
    let experiment = plan.experiment();
    let question = experiment.question().map_or(String::new(), |question| format!(": {question}"));
    let shard = arguments.shard.map_or(String::new(), |shard| format!(" in shard {}/{}", shard.part, shard.of));
    let held = match (account.judged, account.disappointed) {
        (0, _) => String::new(),
        (judged, 0) => format!("\n{} of the sweep: all hold\n", counted(judged, "expectation")),
        (judged, failed) => format!("\n{} of the sweep: {failed} do not hold\n", counted(judged, "expectation")),
    };
    format!(
        "{}{question}\n{}\n\n{}{held}",
        experiment.name(),
        made_of(plan, table.runs(), &shard),
        table.render(output::width(None).unwrap_or(usize::MAX))
    )
}

/// Of what so many runs are, and how sure one can be of what is said of them.
pub(crate) fn made_of(plan: &Plan, runs: u64, shard: &str) -> String {
    let experiment = plan.experiment();
    let sure = format!("intervals of {} % confidence", rounded(plan.confidence() * 100.0));
    let means = match (plan.precision(), plan.replications()) {
        (None, 1) => "one run each, so there are no intervals".to_owned(),
        (None, many) => format!("{many} replications, {sure}"),
        (Some(precision), most) => {
            let until = rounded(precision.until * 100.0);
            format!("replications until ±{until} %, at most {most}, {sure}")
        }
    };
    let warm_up = match experiment.warm_up() {
        Instant::ZERO => String::new(),
        from => format!("measured from {from} s, "),
    };
    format!(
        "{}{shard}: {} × {}, {means}; seed {}, {warm_up}the same network for every variant and point",
        counted(runs, "run"),
        counted(plan.variants() as u64, "variant"),
        counted(plan.points(), "point"),
        experiment.seed()
    )
}

/// A number of percent without what a float adds to it.
fn rounded(percent: f64) -> f64 {
    (percent * 1e9).round() / 1e9
}

pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
