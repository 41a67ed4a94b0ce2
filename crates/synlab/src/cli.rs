//! The arguments, as the help shows them.

mod report;
mod states;
mod sweep;

use std::path::PathBuf;

use ::report::Why;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use experiment::{MAX_SEED, Queue, RECORD_FORMAT};
use sim_time::{Duration, Instant};

use crate::output;

pub(crate) use self::report::Report;
pub(crate) use self::states::States;
pub(crate) use self::sweep::Sweep;

/// Columns of the help.
const HELP_WIDTH: usize = 100;

/// A laboratory for how connections are opened and closed: replays an experiment in virtual time, bit for bit, draws
/// it, measures it and compares handshakes and teardowns on the same network.
#[derive(Parser, Debug)]
#[command(version = version(), propagate_version = true, max_term_width = HELP_WIDTH)]
#[command(
    after_help = "Exit status: 0 done, 1 an expectation does not hold, a run of a sweep failed or traces differ, 2 bad input, 130 interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn version() -> String {
    format!("{} (record format {RECORD_FORMAT})", env!("CARGO_PKG_VERSION"))
}

fn legend() -> String {
    let width = output::width(None).map_or(HELP_WIDTH, |width| width.min(HELP_WIDTH));
    let lines = ::report::diagram::legend(width - 2);
    format!("How to read a ladder:\n{}", lines.lines().map(|line| format!("  {line}\n")).collect::<String>())
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run one variant of an experiment and show what happened
    #[command(after_long_help = legend())]
    Run(Run),
    /// Run every variant on the same randomness and show them side by side, as ladders and as numbers
    #[command(after_long_help = legend())]
    Compare(Compare),
    /// Write a report of an experiment: one page (HTML) that needs no network, to read and to send
    Report(Report),
    /// Run the plan of an experiment's sweep over all cores, and write a row for each run
    Sweep(Sweep),
    /// Check every expectation of every variant of every experiment
    Verify(Verify),
    /// Show which changes of state a host makes, beside figure 5 of RFC 9293, and which of them a run took
    States(States),
    /// Hold a run against a recording: two ladders side by side, the first difference marked
    TraceDiff(TraceDiff),
    /// List what there is: variants, axes, profiles, metrics, cases, claims, studies
    List(List),
    /// Write a commented experiment to start from
    New(New),
    /// Print the JSON Schema of an experiment file, for editors, or of a trace's lines
    Schema(Schema),
    /// Print a script that completes arguments in a shell
    Completions(Completions),
}

/// Of what the schema is.
#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// What is described
    #[arg(value_enum, default_value_t = Described::Experiment)]
    pub(crate) of: Described,
}

/// What a schema describes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Described {
    /// An experiment file
    Experiment,
    /// Each line of what `run --trace` writes
    Trace,
}

/// Which experiment, and what is changed in it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Source {
    /// An experiment file, or the name of a built-in case (see `synlab list cases`)
    pub(crate) file: String,
    /// Lay a key's value over the file, as in `--set link.delay=20ms`; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of every random stream, instead of the file's
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = seed)]
    pub(crate) seed: Option<u64>,
    /// End of the run, instead of the file's horizon, as in `--until 30s`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = end_of_run)]
    pub(crate) until: Option<Duration>,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// What drives a run.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Engine {
    /// The event queue; it decides nothing but speed
    #[arg(long, value_enum, default_value_t = QueueName::Wheel)]
    pub(crate) queue: QueueName,
}

impl Engine {
    /// The queue.
    pub(crate) const fn queue(self) -> Queue {
        match self.queue {
            QueueName::Wheel => Queue::Wheel,
            QueueName::Reference => Queue::Reference,
        }
    }
}

/// A seed, refused as a file's would be.
fn seed(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|seed| *seed <= MAX_SEED);
    number.ok_or_else(|| format!("a seed is a whole number from 0 to {MAX_SEED}"))
}

/// The end of a run, refused as a file's horizon would be.
fn end_of_run(text: &str) -> Result<Duration, String> {
    let duration: Duration = text.parse().map_err(|error| format!("{error}"))?;
    if duration.is_zero() { Err("a run needs a horizon above zero".to_owned()) } else { Ok(duration) }
}

/// A record: its id, or a time.
fn why(text: &str) -> Result<Why, String> {
    if let Ok(id) = text.trim_start_matches('#').parse() {
        return Ok(Why::Id(id));
    }
    let time: Duration = text.parse().map_err(|error| format!("neither a record's id nor a time: {error}"))?;
    Ok(Why::Time(Instant::ZERO + time))
}

/// A host, and a file for it.
fn host_file(text: &str) -> Result<(String, PathBuf), String> {
    let parts = text.split_once('=').filter(|(host, file)| !host.is_empty() && !file.is_empty());
    let (host, file) = parts.ok_or_else(|| "expected HOST=FILE, as in client=client.pcapng".to_owned())?;
    Ok((host.to_owned(), file.into()))
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The handshake to run; by default the first the file lists
    #[arg(long, value_name = "NAME")]
    pub(crate) handshake: Option<String>,
    /// The teardown to run; by default the first the file lists
    #[arg(long, value_name = "NAME")]
    pub(crate) teardown: Option<String>,
    /// How to write the result: text, one JSON object, or every record as a line of JSON
    #[arg(long, value_enum, default_value_t = RunFormat::Text)]
    pub(crate) format: RunFormat,
    /// Write every record to a file too, one line of JSON each
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Write the packets to a file too, as a capture (pcapng) that Wireshark and tcpdump read: each where it leaves and where
    /// it arrives, with an interface for each host and direction; comments say what became of it, and why. To see each packet
    /// once, filter by `frame.interface_name contains "-out"`; to see one side, by `frame.interface_name contains "client-"`
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,
    /// Write the packets that a host sees to a file too, as its own tcpdump would; may be repeated
    #[arg(long, value_name = "HOST=FILE", value_parser = host_file)]
    pub(crate) pcap_host: Vec<(String, PathBuf)>,
    /// Draw the run to a file too, as a picture (SVG): time runs down, to scale but for silence; lifelines are coloured by state,
    /// what is held for nobody is hatched. Of a run that is too long a part is drawn: what makes the first expectation fail that does
    /// not hold, or otherwise where most is held for nobody, or otherwise the beginning
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write the same to a file too as a sequence diagram in Mermaid's text, which many wikis draw
    #[arg(long, value_name = "FILE")]
    pub(crate) mermaid: Option<PathBuf>,
    /// Write every level over time to a file too, as CSV: a line for each host and level (connections in a state, memory, ports,
    /// places, workers, waiting clients) that has changed at an instant, with the columns time (in seconds), host, level, unit,
    /// held, and wasted: the part that is held for nobody
    #[arg(long, value_name = "FILE")]
    pub(crate) series: Option<PathBuf>,
    /// Print only why a record is there, back to the roots: the record of that id in a trace, or the last up to a time as "5 s"
    #[arg(long, value_name = "ID|TIME", value_parser = why, conflicts_with_all = ["trace", "pcap", "pcap_host", "svg", "mermaid", "series", "format", "explain"])]
    pub(crate) why: Option<Why>,
    /// Write the result to a file instead of standard output (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Draw no ladder
    #[arg(long)]
    pub(crate) no_ladder: bool,
    /// Write the text in ASCII alone
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Draw at most this many rows of the ladder
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) rows: usize,
    /// Tell why what was held for nobody was held, back to the packet that is to blame; which opens and closes failed or were
    /// slow, and why; and which scripts still wait at the end: the worst first (in text)
    #[arg(long)]
    pub(crate) explain: bool,
    /// List metrics that are zero too, all that is to blame for something, and explain all of it
    #[arg(long)]
    pub(crate) all: bool,
    /// Print nothing but the expectations that do not hold
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) source: Source,
    /// How to write the result: text, or a list of JSON objects
    #[arg(long, value_enum, default_value_t = CompareFormat::Text)]
    pub(crate) format: CompareFormat,
    /// Write the result to a file instead of standard output (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Compare this handshake, whether the file lists it or not, instead of all it lists; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) handshake: Vec<String>,
    /// Compare this teardown, whether the file lists it or not, instead of all it lists; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) teardown: Vec<String>,
    /// Compare one handshake (`--handshake`, or the file's first) with this decision made each way, instead of those that
    /// the file lists: a bundle (`reset=on,off`, `third-message=on,off`) or any setting (`time-wait=1s,60s`); may be
    /// repeated, then each goes with each, and what they do alone and together is told
    #[arg(long, value_name = "NAME=LEVEL,LEVEL")]
    pub(crate) axis: Vec<String>,
    /// Draw the variants side by side to a file too, as a picture (SVG), with one axis of time for all: see `run --svg`
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Draw no ladders
    #[arg(long)]
    pub(crate) no_ladder: bool,
    /// Write the text in ASCII alone
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Draw at most this many rows of ladders that stand side by side
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub(crate) rows: usize,
    /// Tell of each variant why what was held for nobody was held, back to the packet that is to blame; which opens and closes
    /// failed or were slow, and why; and which scripts still wait at the end: the worst first (in text)
    #[arg(long)]
    pub(crate) explain: bool,
    /// List all metrics, not only those in which variants differ and what opening cost; all that was held, and for nobody
    /// because of what; and explain all of it
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// Experiment files, directories to search for them (what is in a `profiles` directory is none), or built-in cases
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Print nothing for experiments that hold
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) engine: Engine,
}

/// Each side is a trace (`synlab run --trace`) or a recording as CSV; `-` is standard input. Times may differ by 5 % and
/// 50 ms of the second; everything else must be the same.
#[derive(Args, Debug)]
pub(crate) struct TraceDiff {
    /// What was simulated
    #[arg(value_name = "SIMULATED")]
    pub(crate) ours: PathBuf,
    /// What was recorded
    #[arg(value_name = "RECORDED")]
    pub(crate) theirs: PathBuf,
    /// Print the verdict only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// What to list; everything if it is left out
    #[arg(value_enum)]
    pub(crate) what: Option<Topic>,
}

#[derive(Args, Debug)]
pub(crate) struct New {
    /// The file to write, which must not exist; standard output if it is left out
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum QueueName {
    /// The hierarchical timing wheel
    Wheel,
    /// The readable reference, for whoever doubts a result
    Reference,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RunFormat {
    /// Ladder, metrics, ledger and verdicts
    Text,
    /// One object
    Json,
    /// Every record, one a line
    Jsonl,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CompareFormat {
    /// Ladders side by side, metrics, ledgers and verdicts
    Text,
    /// A list of objects, one for each variant, in the file's order; with `--axis`, each with its levels and effects
    Json,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RowFormat {
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    Jsonl,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SummaryFormat {
    /// What was measured, and what variants differ by
    Text,
    /// One JSON object a line
    Jsonl,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Topic {
    /// Handshakes and teardowns that have a name
    Variants,
    /// The independent decisions of which they are made
    Axes,
    /// Timers, limits and sizes by operating system
    Profiles,
    /// What is measured
    Metrics,
    /// Built-in experiments
    Cases,
    /// Built-in experiments that put something to the test that is often said
    Claims,
    /// Built-in sweeps
    Studies,
}
