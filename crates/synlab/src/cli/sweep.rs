//! The arguments of `synlab sweep`.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;

use super::{RowFormat, Source, SummaryFormat};

/// Rows come in the order of the plan, whichever run ends first, and are in the file as soon as they are written; a file
/// that was there is overwritten. An interruption leaves whole rows, and `--resume` goes on after the last. The rows of
/// all shards, one file after the other, are those of the whole plan; the names of a CSV file's columns are in the first.
#[derive(Args, Debug)]
pub(crate) struct Sweep {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write the rows to a file, and a summary to standard output, instead of the rows (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How to write the rows; by default as the name of the file ends, or else as lines of JSON
    #[arg(long, value_enum)]
    pub(crate) format: Option<RowFormat>,
    /// Write a row for each metric of each run, instead of all metrics in one row
    #[arg(long)]
    pub(crate) long: bool,
    /// How many runs are played at once; by default as many as there are cores
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Run the I-th of N parts of the plan, each of whole points
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<Shard>,
    /// Go on after the last whole row of the file, which must be of the same plan
    #[arg(long, requires = "output")]
    pub(crate) resume: bool,
    /// Run the small plan that `verify` runs
    #[arg(long)]
    pub(crate) check: bool,
    /// Show at most this many lines of the summary
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) rows: usize,
    /// How to write the summary: as tables, or as a line of JSON for each measure of each variant at each point
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub(crate) summary: SummaryFormat,
    /// Show neither progress nor summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// A part of a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shard {
    /// Its number, from 1.
    pub(crate) part: u32,
    /// How many there are.
    pub(crate) of: u32,
}

/// Reads `I/N`.
fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    let shard = parts.map(|(part, of)| Shard { part, of }).filter(|shard| (1..=shard.of).contains(&shard.part));
    shard.ok_or_else(|| "expected I/N, as in 1/4: the first of four parts".to_owned())
}
