//! `synlab sweep`: every run of a plan, as rows, over all cores.

use sim_time::Instant;
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

use experiment::{Extent, Plan};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use report::SweepTable;
use report::rows::{Format, Outcome, Rows};

use crate::Ending;
use crate::cli::{RowFormat, Sweep};
use crate::complaint::Complaint;
use crate::execute::load;
use crate::output;
use crate::play::{Player, in_order};
use crate::row_file::RowFile;

/// A run that was played.
struct Played {
    text: String,
    outcome: Outcome,
    error: Option<String>,
}

pub(crate) fn sweep(arguments: &Sweep) -> Result<Ending, Complaint> {
    let experiment = load(&arguments.source)?;
    let plan = experiment.plan(if arguments.check { Extent::Check } else { Extent::Whole })?;
    let rows = Rows::new(&plan, format(arguments), arguments.long);
    let (part, of) = arguments.shard.map_or((1, 1), |shard| (shard.part, shard.of));
    let mut block = plan.block(part, of);
    let header = if part == 1 { rows.header() } else { String::new() };
    let mut table = SweepTable::new(&plan, arguments.rows);
    let mut first_error = None;
    let output = arguments.output.as_deref();
    let mut file = match output.filter(|_| arguments.resume) {
        Some(path) => {
            let (file, next) = RowFile::resume(path, &header, &rows, &plan, block.clone(), &mut table)?;
            if next > block.start && !arguments.quiet {
                let (kept, all) = (next - block.start, block.end - block.start);
                output::note(&format!("{}: {kept} of {all} runs are there already", path.display()));
            }
            block.start = next;
            file
        }
        None => RowFile::begin(output, &header)?,
    };
    let queue = arguments.source.engine.queue();
    let threads =
        arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN));
    let bar = progress(block.end - block.start, arguments.quiet);
    let work = |player: &mut Player<'_>, number: u64| {
        let run = plan.run(number);
        let result = player.play(&run);
        let text = rows.write(&run, result.as_ref().map_err(String::as_str));
        Played { text, outcome: Outcome::of(&plan, &result), error: result.err() }
    };
    in_order(
        block,
        threads,
        || Player::new(&plan, queue),
        work,
        |batch| {
            let text: String = batch.iter().map(|(_, played)| played.text.as_str()).collect();
            file.append(&text)?;
            bar.inc(batch.len() as u64);
            for (number, played) in batch {
                table.add(&plan.run(number), &played.outcome);
                first_error = first_error.take().or(played.error.map(|error| (number, error)));
            }
            Ok::<(), Complaint>(())
        },
    )?;
    bar.finish_and_clear();
    file.finish()?;
    if file_goes_elsewhere(output) && !arguments.quiet {
        output::write(None, &summary(&plan, &table, arguments))?;
    }
    if table.errors() == 0 {
        return Ok(Ending::Done);
    }
    let first = first_error.map_or(String::new(), |(number, error)| {
        format!("; the first of this time is {}: {error}", name(&plan, number))
    });
    output::note(&format!("{} of {} failed{first}", table.errors(), counted(table.runs(), "run")));
    Ok(Ending::Disappointed)
}

/// A run in words.
pub(crate) fn name(plan: &Plan, number: u64) -> String {
    let run = plan.run(number);
    let values = plan.values(run.point);
    let point = plan.axes().iter().zip(values).map(|(axis, value)| format!("{} = {value}, ", axis.key()));
    format!("{}{}, replication {} (seed {})", point.collect::<String>(), run.variant.label(), run.replication, run.seed)
}

/// Whether rows leave standard output to the summary.
fn file_goes_elsewhere(output: Option<&Path>) -> bool {
    output.is_some_and(|path| !output::is_stdout(path))
}

/// The format: as it is asked for, or else as the file's name has it.
fn format(arguments: &Sweep) -> Format {
    let extension = arguments.output.as_deref().and_then(Path::extension);
    match arguments.format {
        Some(RowFormat::Csv) => Format::Csv,
        None if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) => Format::Csv,
        Some(RowFormat::Jsonl) | None => Format::Jsonl,
    }
}

fn progress(runs: u64, quiet: bool) -> ProgressBar {
    // What is no terminal gets none.
    let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr());
    if quiet || bar.is_hidden() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} runs, {per_sec}, {eta} left");
    bar.set_style(style.expect("the template is right"));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn summary(plan: &Plan, table: &SweepTable<'_>, arguments: &Sweep) -> String {
    let experiment = plan.experiment();
    let question = experiment.question().map_or(String::new(), |question| format!(": {question}"));
    let shard = arguments.shard.map_or(String::new(), |shard| format!(" in shard {}/{}", shard.part, shard.of));
    let means = if plan.replications() > 1 {
        format!("means of {} replications", plan.replications())
    } else {
        "one run each".to_owned()
    };
    let warm_up = match experiment.warm_up() {
        Instant::ZERO => String::new(),
        from => format!("measured from {from} s, "),
    };
    format!(
        "{}{question}\n{}{shard}: {} × {}, {means}; seed {}, {warm_up}the same network for every variant and point\n\n{}",
        experiment.name(),
        counted(table.runs(), "run"),
        counted(plan.variants() as u64, "variant"),
        counted(plan.points(), "point"),
        experiment.seed(),
        table.render(output::width(None).unwrap_or(usize::MAX))
    )
}

pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
