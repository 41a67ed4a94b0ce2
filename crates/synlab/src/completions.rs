//! `synlab completions`: a script that completes arguments in a shell.

use clap::CommandFactory;

use crate::Ending;
use crate::cli::{Cli, Completions};
use crate::complaint::Complaint;
use crate::output;

pub(crate) fn completions(arguments: &Completions) -> Result<Ending, Complaint> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "synlab", &mut script);
    output::write(None, &String::from_utf8_lossy(&script))?;
    Ok(Ending::Done)
}
