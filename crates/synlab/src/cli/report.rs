//! The arguments of `synlab report`.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;

use super::Source;

/// The report of an experiment shows all its variants: what was expected and found, diagrams, the states of connections over
/// time, for whom resources were held, how much over time, why, and all that was measured. That of an experiment with a
/// `[sweep]` shows what its runs came to: lines with their intervals over the axes, heat maps, every point, and what variants
/// differ by. The same file and seed give the same page.
#[derive(Args, Debug)]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Write the page to a file instead of standard output (`-`)
    #[arg(short, long, value_name = "FILE.html")]
    pub(crate) output: Option<PathBuf>,
    /// Report this handshake, whether the file lists it or not, instead of all it lists; may be repeated (not of a sweep)
    #[arg(long, value_name = "NAME")]
    pub(crate) handshake: Vec<String>,
    /// Report this teardown, whether the file lists it or not, instead of all it lists; may be repeated (not of a sweep)
    #[arg(long, value_name = "NAME")]
    pub(crate) teardown: Vec<String>,
    /// List all metrics, all that was held and all that is to blame, and explain all of it (not of a sweep)
    #[arg(long)]
    pub(crate) all: bool,
    /// Write a row for each run to a file too, which the page links to (of a sweep); as CSV or JSON lines, as its name ends
    #[arg(long, value_name = "FILE")]
    pub(crate) rows: Option<PathBuf>,
    /// How many runs are played at once; by default as many as there are cores (of a sweep)
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZero<usize>>,
    /// Run the small plan that `verify` runs (of a sweep)
    #[arg(long)]
    pub(crate) check: bool,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
