//! `synlab new`: an experiment to start from.

use std::fs::File;
use std::io::{self, Write};

use experiment::template;

use crate::Ending;
use crate::cli::New;
use crate::complaint::Complaint;
use crate::output;

pub(crate) fn new(arguments: &New) -> Result<Ending, Complaint> {
    let Some(path) = &arguments.file else {
        output::write(None, template())?;
        return Ok(Ending::Done);
    };
    let written = File::create_new(path).and_then(|mut file| file.write_all(template().as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Complaint::Other(format!("{} exists already", path.display())),
        _ => output::cannot_write(Some(path), error),
    })?;
    output::note(&format!("wrote {0}; run it with: synlab run {0}", path.display()));
    Ok(Ending::Done)
}
