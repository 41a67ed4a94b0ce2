//! `synlab run`: one variant, in full.

use std::path::{Path, PathBuf};

use experiment::record::{Change, Fold, Record};
use experiment::{Experiment, HostId, Summary, Transfer, Variant, Verdict};
use report::diagram::{Diagram, Look, ladder, legend, mermaid, svg};
use report::{
    Balance, Capture, Causes, Chain, Explanation, Hosts, LedgerBook, Listed, RunResult, Series, Trace, View, Why, json,
    lines, tables, verdicts,
};
use sim_time::Instant;

use crate::Ending;
use crate::cli::{Run, RunFormat};
use crate::complaint::Complaint;
use crate::execute::{Runs, load, measured};
use crate::output::{self, Sink, cannot_write};
use crate::picture::{self, Frame};
use crate::window;

pub(crate) fn run(arguments: &Run) -> Result<Ending, Complaint> {
    check_files(arguments)?;
    let experiment = load(&arguments.source)?;
    let variant = choose(arguments, &experiment)?;
    if let Some(asked) = arguments.why {
        return why(arguments, &experiment, &variant, asked);
    }
    let frames = (Frame::open(arguments.svg.as_deref())?, Frame::open(arguments.mermaid.as_deref())?);
    let mut watchers = Watchers::new(arguments, &experiment, &variant)?;
    let mut runs = Runs::of(&experiment, arguments.source.engine);
    let summary = runs.watch(&variant, &mut watchers)?.clone();
    if !arguments.quiet {
        runs.note_unmatched("");
    }
    let Seen { ladder, diagram, ledger, explanation } = watchers.finish(experiment.horizon(), &summary)?;
    let verdicts = runs.judge(&variant)?;
    let result = RunResult {
        experiment: &experiment,
        variant: &variant,
        summary: &summary,
        ledger: &ledger,
        verdicts: &verdicts,
    };
    if let Some(diagram) = diagram {
        let mut drawn = [(variant.clone(), diagram)];
        window::draw(&mut runs, &experiment, &mut drawn)?;
        draw(arguments, &experiment, &drawn[0], frames)?;
    }
    let file = arguments.output.as_deref();
    match arguments.format {
        RunFormat::Text => {
            let text = text(arguments, &result, ladder.as_ref(), explanation);
            output::write(file, &output::in_ascii(arguments.ascii, text))?;
        }
        RunFormat::Json => output::write(file, &json::run(&result))?,
        // A watcher wrote it.
        RunFormat::Jsonl => {}
    }
    Ok(Ending::of(&verdicts))
}

/// Draws the pictures that are asked for.
fn draw(
    arguments: &Run,
    experiment: &Experiment,
    (variant, diagram): &(Variant, Diagram),
    (svg_frame, mermaid_frame): (Option<Frame<'_>>, Option<Frame<'_>>),
) -> Result<(), Complaint> {
    let options = [("--handshake", &arguments.handshake), ("--teardown", &arguments.teardown)];
    let options: Vec<(&str, &str)> =
        options.into_iter().filter_map(|(option, name)| Some((option, name.as_deref()?))).collect();
    let caption = picture::caption("run", &arguments.source, &options, experiment, Some(variant));
    if let Some(frame) = svg_frame {
        frame.fill(&svg(&[(&variant.label(), diagram)], &caption))?;
    }
    if let Some(frame) = mermaid_frame {
        frame.fill(&mermaid(diagram, &caption))?;
    }
    Ok(())
}

/// Refuses what would write two results to one file. A terminal or a pipe takes a text and a trace; a capture or a picture is for
/// programs alone.
fn check_files(arguments: &Run) -> Result<(), Complaint> {
    let texts = [
        ("--output", arguments.output.as_deref()),
        ("--trace", arguments.trace.as_deref()),
        ("--series", arguments.series.as_deref()),
    ];
    let texts: Vec<_> = texts.into_iter().filter_map(|(name, file)| Some((name, file?))).collect();
    let everywhere = arguments.pcap.iter().map(|file| ("--pcap", file.as_path()));
    let of_hosts = arguments.pcap_host.iter().map(|(_, file)| ("--pcap-host", file.as_path()));
    let pictures = [("--svg", arguments.svg.as_deref()), ("--mermaid", arguments.mermaid.as_deref())];
    let pictures = pictures.into_iter().filter_map(|(name, file)| Some((name, file?)));
    let captures: Vec<_> = everywhere.chain(of_hosts).chain(pictures).collect();
    let all: Vec<_> = texts.iter().chain(&captures).collect();
    for (place, (name, file)) in all.iter().enumerate() {
        if let Some((other, _)) = all[..place].iter().find(|(_, other)| output::is_one_file(other, file)) {
            let message = if other == name {
                format!("{name} names {} twice: each needs a file of its own", file.display())
            } else {
                format!("{other} and {name} both name {}: each needs a file of its own", file.display())
            };
            return Err(Complaint::Other(message));
        }
    }
    let to_stdout = |files: &[(&str, &Path)]| files.iter().filter(|(_, file)| output::is_stdout(file)).count();
    let others = to_stdout(&texts) + usize::from(arguments.output.is_none());
    match to_stdout(&captures) {
        0 => Ok(()),
        1 if others == 0 => Ok(()),
        _ => Err(Complaint::Other(
            "a capture or a picture shares standard output with nothing else: send the result elsewhere with --output FILE"
                .to_owned(),
        )),
    }
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
    ladder: Option<Diagram>,
    diagram: Option<Diagram>,
    ledger: Balance,
    explanation: Option<Explanation>,
}

/// Whatever looks at the records of the run.
struct Watchers<'a> {
    ladder: Option<Diagram>,
    diagram: Option<Diagram>,
    ledger: LedgerBook,
    explanation: Option<Explanation>,
    /// Traces, each with the file it goes to.
    traces: Vec<(Option<&'a Path>, Trace<Sink>)>,
    /// Captures, each with the file it goes to.
    captures: Vec<(&'a Path, Capture<Sink>)>,
    /// The levels, with the file they go to.
    series: Option<(&'a Path, Series<Sink>)>,
}

impl<'a> Watchers<'a> {
    fn new(arguments: &'a Run, experiment: &Experiment, variant: &Variant) -> Result<Self, Complaint> {
        let hosts = &Hosts::of(&experiment.scenario(variant)?);
        let shown = arguments.format == RunFormat::Text && !arguments.quiet;
        let result = (arguments.format == RunFormat::Jsonl).then_some(arguments.output.as_deref());
        let files = result.into_iter().chain(arguments.trace.as_deref().map(Some));
        let trace = |sink| Trace::new(hosts.clone(), sink).with_header(experiment, variant);
        let traces = files.map(|file| Ok((file, trace(Sink::open(file)?))));
        let of_host = |(host, file): &'a (String, PathBuf)| Ok((View::At(named(hosts, host)?), file.as_path()));
        let everywhere = arguments.pcap.iter().map(|file| Ok((View::Everywhere, file.as_path())));
        let captured: Vec<(View, &Path)> =
            everywhere.chain(arguments.pcap_host.iter().map(of_host)).collect::<Result<_, Complaint>>()?;
        let captures = captured.into_iter().map(|(view, file)| {
            let sink = Sink::open(Some(file))?;
            Ok((file, Capture::new(hosts.clone(), view, experiment, variant, sink)))
        });
        let captures = captures.collect::<Result<_, Complaint>>()?;
        let ledger = LedgerBook::new(hosts.clone());
        let ladder = (shown && !arguments.no_ladder).then(|| picture::ladder(&ledger, arguments.rows));
        let diagram = (arguments.svg.is_some() || arguments.mermaid.is_some()).then(|| picture::diagram(&ledger));
        let explanation = (shown && arguments.explain).then(|| ledger.explanation(arguments.all));
        let traces = traces.collect::<Result<_, Complaint>>()?;
        let levels = |file: &'a Path| Ok::<_, Complaint>((file, Series::new(hosts.clone(), Sink::open(Some(file))?)));
        let series = arguments.series.as_deref().map(levels).transpose()?;
        Ok(Self { ladder, diagram, ledger, explanation, traces, captures, series })
    }

    /// Completes what was written, and gives back what was drawn.
    fn finish(self, end: Instant, summary: &Summary) -> Result<Seen, Complaint> {
        for (file, trace) in self.traces {
            trace.finish_with(summary).map_err(|error| cannot_write(file, error))?.commit()?;
        }
        for (file, capture) in self.captures {
            capture.finish().map_err(|error| cannot_write(Some(file), error))?.commit()?;
        }
        if let Some((file, series)) = self.series {
            series.finish().map_err(|error| cannot_write(Some(file), error))?.commit()?;
        }
        let ladder = self.ladder.map(|mut ladder| {
            ladder.finish(end);
            ladder
        });
        let diagram = self.diagram.map(|mut diagram| {
            diagram.finish(end);
            diagram
        });
        Ok(Seen { ladder, diagram, ledger: self.ledger.balance(end), explanation: self.explanation })
    }
}

impl Fold for Watchers<'_> {
    fn record(&mut self, record: &Record) {
        self.ladder.record(record);
        self.diagram.record(record);
        self.ledger.record(record);
        self.explanation.record(record);
        for (_, trace) in &mut self.traces {
            trace.record(record);
        }
        for (_, capture) in &mut self.captures {
            capture.record(record);
        }
        if let Some((_, series)) = &mut self.series {
            series.record(record);
        }
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.ladder.change(at, change);
        self.diagram.change(at, change);
        self.explanation.change(at, change);
        for (_, trace) in &mut self.traces {
            trace.change(at, change);
        }
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.ladder.transfer(at, transfer);
        self.diagram.transfer(at, transfer);
        self.ledger.transfer(at, transfer);
        self.explanation.transfer(at, transfer);
        if let Some((_, series)) = &mut self.series {
            series.transfer(at, transfer);
        }
    }
}

/// The host that `--pcap-host` names.
fn named(hosts: &Hosts, name: &str) -> Result<HostId, Complaint> {
    hosts.named(name).ok_or_else(|| {
        let all: Vec<String> = hosts.names().map(|name| format!("`{name}`")).collect();
        Complaint::Other(format!("--pcap-host {name}: there is no such host; there are {}", all.join(", ")))
    })
}

/// The parts of the text, an empty line between two of them.
fn text(arguments: &Run, result: &RunResult<'_>, drawn: Option<&Diagram>, explanation: Option<Explanation>) -> String {
    let colour = output::colour(arguments.output.as_deref());
    let failed: Vec<Verdict> = result.verdicts.iter().filter(|verdict| !verdict.passed).cloned().collect();
    if arguments.quiet {
        return verdicts(&failed, colour);
    }
    let listed = if arguments.all { Listed::All } else { Listed::Telling };
    let hosts = result.experiment.host_names();
    let metrics = &result.summary.metrics;
    let width = output::width(arguments.output.as_deref());
    let look = Look { width: width.unwrap_or(output::WIDTH), rows: arguments.rows, colour };
    let columns = width.unwrap_or(usize::MAX);
    let parts = [
        head(result, columns),
        drawn.map_or(String::new(), |diagram| ladder(diagram, look)),
        // Whoever looks at a terminal may see a ladder for the first time.
        width.filter(|_| drawn.is_some()).map_or(String::new(), legend),
        tables::states(metrics, &hosts, listed, columns),
        tables::metrics(metrics, &hosts, listed),
        result.ledger.tables(listed, columns),
        explanation.map_or(String::new(), |explanation| explanation.render(result.experiment.horizon(), colour)),
        verdicts(result.verdicts, colour),
        foot(result),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn head(result: &RunResult<'_>, width: usize) -> String {
    let RunResult { experiment, variant, .. } = result;
    let question = experiment.question().map_or(String::new(), |question| format!(": {question}"));
    let of = format!(
        "handshake {}, teardown {}, seed {}, {}",
        variant.handshake,
        variant.teardown,
        experiment.seed(),
        measured(experiment)
    );
    lines(&format!("{}{question}", experiment.name()), width) + &lines(&of, width)
}

fn foot(result: &RunResult<'_>) -> String {
    let summary = result.summary;
    format!("{} events, the last at {} s; digest {}\n", summary.events, summary.ended_at, summary.digest)
}
