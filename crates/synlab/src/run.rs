//! `synlab run`: one variant, in full.

use std::path::Path;

use experiment::record::{Change, Fold, Record};
use experiment::{Experiment, Summary, Transfer, Variant, Verdict};
use report::{
    Balance, Causes, Chain, Explanation, Hosts, LEGEND, Ladder, LedgerBook, Listed, RunResult, Trace, Why, json,
    tables, verdicts,
};
use sim_time::Instant;

use crate::Ending;
use crate::cli::{Run, RunFormat};
use crate::complaint::Complaint;
use crate::execute::{Matched, Runs, explanation, load, measured};
use crate::output::{self, Sink, cannot_write};

pub(crate) fn run(arguments: &Run) -> Result<Ending, Complaint> {
    if let (Some(result), Some(trace)) = (&arguments.output, &arguments.trace)
        && output::is_one_file(result, trace)
    {
        let message = format!("--output and --trace both name {}: each needs a file of its own", trace.display());
        return Err(Complaint::Other(message));
    }
    let experiment = load(&arguments.source)?;
    let variant = choose(arguments, &experiment)?;
    if let Some(asked) = arguments.why {
        return why(arguments, &experiment, &variant, asked);
    }
    let mut watchers = Watchers::new(arguments, &experiment, &variant)?;
    let mut runs = Runs::of(&experiment, arguments.source.engine);
    let mut matched = Matched::default();
    let summary = runs.watch(&variant, &mut (&mut watchers, &mut matched))?.clone();
    if !arguments.quiet {
        matched.note_others(&experiment);
    }
    let Seen { ladder, ledger, explanation } = watchers.finish(experiment.horizon(), &summary)?;
    let verdicts: Vec<Verdict> = runs.judge(&variant)?.into_iter().map(|(_, verdict)| verdict).collect();
    let result = RunResult {
        experiment: &experiment,
        variant: &variant,
        summary: &summary,
        ledger: &ledger,
        verdicts: &verdicts,
    };
    let file = arguments.output.as_deref();
    match arguments.format {
        RunFormat::Text => output::write(file, &text(arguments, &result, ladder.as_ref(), explanation))?,
        RunFormat::Json => output::write(file, &json::run(&result))?,
        // A watcher wrote it.
        RunFormat::Jsonl => {}
    }
    Ok(Ending::of(&verdicts))
}

/// Prints the causes of a record: a first run finds which they are, a second tells them.
fn why(arguments: &Run, experiment: &Experiment, variant: &Variant, asked: Why) -> Result<Ending, Complaint> {
    let mut runs = Runs::of(experiment, arguments.source.engine);
    let mut causes = Causes::default();
    runs.watch(variant, &mut causes)?;
    let Some(wanted) = causes.chain(asked) else {
        let message = match asked {
            Why::Id(id) if !causes.is_empty() => {
                format!("--why {id}: there is no such record; the last one is {}", causes.len() - 1)
            }
            Why::Id(id) => format!("--why {id}: there is no record"),
            Why::Time(at) => format!("--why {at} s: nothing happens up to then"),
        };
        return Err(Complaint::Other(message));
    };
    let mut chain = Chain::new(Hosts::of(&experiment.scenario(variant)?), wanted);
    runs.watch(variant, &mut chain)?;
    output::write(arguments.output.as_deref(), &chain.render())?;
    Ok(Ending::Done)
}

/// The variant to run. When the file lists several, which one is said on standard error.
fn choose(arguments: &Run, experiment: &Experiment) -> Result<Variant, Complaint> {
    let variant = experiment.variant(arguments.handshake.as_deref(), arguments.teardown.as_deref())?;
    let listed = experiment.variants();
    let chosen = arguments.handshake.is_some() || arguments.teardown.is_some();
    if listed.len() > 1 && !chosen && !arguments.quiet {
        let all: Vec<String> = listed.iter().map(Variant::label).collect();
        output::note(&format!(
            "running {} (the file lists {}; choose with --handshake and --teardown)",
            variant.label(),
            all.join(", ")
        ));
    }
    Ok(variant)
}

/// What watchers have to show at the end.
struct Seen {
    ladder: Option<Ladder>,
    ledger: Balance,
    explanation: Option<Explanation>,
}

/// Whatever looks at the records of the run.
struct Watchers<'a> {
    ladder: Option<Ladder>,
    ledger: LedgerBook,
    explanation: Option<Explanation>,
    /// Traces, each with the file it goes to.
    traces: Vec<(Option<&'a Path>, Trace<Sink>)>,
}

impl<'a> Watchers<'a> {
    fn new(arguments: &'a Run, experiment: &Experiment, variant: &Variant) -> Result<Self, Complaint> {
        let hosts = &Hosts::of(&experiment.scenario(variant)?);
        let shown = arguments.format == RunFormat::Text && !arguments.quiet;
        let ladder = (shown && !arguments.no_ladder).then(|| Ladder::new(hosts.clone()).with_at_most(arguments.rows));
        let result = (arguments.format == RunFormat::Jsonl).then_some(arguments.output.as_deref());
        let files = result.into_iter().chain(arguments.trace.as_deref().map(Some));
        let trace = |sink| Trace::new(hosts.clone(), sink).with_header(experiment, variant);
        let traces = files.map(|file| Ok((file, trace(Sink::open(file)?))));
        let ledger = LedgerBook::new(hosts.clone());
        let explanation = (shown && arguments.explain).then(|| explanation(hosts, arguments.all));
        Ok(Self { ladder, ledger, explanation, traces: traces.collect::<Result<_, Complaint>>()? })
    }

    /// Completes what was written, and gives back what was drawn.
    fn finish(self, end: Instant, summary: &Summary) -> Result<Seen, Complaint> {
        for (file, trace) in self.traces {
            trace.finish_with(summary).map_err(|error| cannot_write(file, error))?.commit()?;
        }
        let ladder = self.ladder.map(|mut ladder| {
            ladder.finish(end);
            ladder
        });
        Ok(Seen { ladder, ledger: self.ledger.balance(end), explanation: self.explanation })
    }
}

impl Fold for Watchers<'_> {
    fn record(&mut self, record: &Record) {
        self.ladder.record(record);
        self.ledger.record(record);
        self.explanation.record(record);
        for (_, trace) in &mut self.traces {
            trace.record(record);
        }
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.ladder.change(at, change);
        self.explanation.change(at, change);
        for (_, trace) in &mut self.traces {
            trace.change(at, change);
        }
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.ledger.transfer(at, transfer);
        self.explanation.transfer(at, transfer);
    }
}

/// The parts of the text, an empty line between two of them.
fn text(arguments: &Run, result: &RunResult<'_>, ladder: Option<&Ladder>, explanation: Option<Explanation>) -> String {
    let colour = output::colour(arguments.output.as_deref());
    let failed: Vec<Verdict> = result.verdicts.iter().filter(|verdict| !verdict.passed).cloned().collect();
    if arguments.quiet {
        return verdicts(&failed, colour);
    }
    let listed = if arguments.all { Listed::All } else { Listed::Telling };
    let hosts = result.experiment.host_names();
    let metrics = &result.summary.metrics;
    let parts = [
        head(result),
        ladder.map_or(String::new(), |ladder| ladder.render(colour)),
        // Whoever looks at a terminal may see a ladder for the first time.
        if ladder.is_some() && output::width(arguments.output.as_deref()).is_some() {
            LEGEND.to_owned()
        } else {
            String::new()
        },
        tables::states(metrics, &hosts, listed),
        tables::metrics(metrics, &hosts, listed),
        result.ledger.tables(listed),
        explanation.map_or(String::new(), |explanation| explanation.render(result.experiment.horizon(), colour)),
        verdicts(result.verdicts, colour),
        foot(result),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn head(result: &RunResult<'_>) -> String {
    let RunResult { experiment, variant, .. } = result;
    let question = experiment.question().map_or(String::new(), |question| format!(": {question}"));
    format!(
        "{}{question}\nhandshake {}, teardown {}, seed {}, {}\n",
        experiment.name(),
        variant.handshake,
        variant.teardown,
        experiment.seed(),
        measured(experiment)
    )
}

fn foot(result: &RunResult<'_>) -> String {
    let summary = result.summary;
    format!("{} events, the last at {} s; digest {}\n", summary.events, summary.ended_at, summary.digest)
}
