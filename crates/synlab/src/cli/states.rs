//! The arguments of `synlab states`.

use std::path::PathBuf;

use clap::Args;

use super::Source;

/// The changes are those that the code makes: every call, segment and timeout happens to a host that is set as one of the experiment's,
/// in every situation that it can be in. The table marks what figure 5 has (`=`), what is sent otherwise (`≠`), what is added (`+`) and
/// what is not made (`-`).
#[derive(Args, Debug)]
pub(crate) struct States {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The handshake; by default the first the file lists
    #[arg(long, value_name = "NAME")]
    pub(crate) handshake: Option<String>,
    /// The teardown; by default the first the file lists
    #[arg(long, value_name = "NAME")]
    pub(crate) teardown: Option<String>,
    /// The host whose TCP is shown; by default the file's first. Of a run, what hosts do that are set alike is counted together
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// Play no run, and count nothing
    #[arg(long)]
    pub(crate) no_run: bool,
    /// Draw the diagram to a file too, as a picture (SVG), laid out as figure 5: bold is what the run took, dashed what the figure has
    /// not, dotted what the host does not make
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write it to a file too in the text that Graphviz draws (DOT)
    #[arg(long, value_name = "FILE")]
    pub(crate) dot: Option<PathBuf>,
    /// Write the table to a file instead of standard output (`-`)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the table in ASCII alone
    #[arg(long)]
    pub(crate) ascii: bool,
}
