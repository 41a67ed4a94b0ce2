//! `synlab trace-diff`: a run held against a recording.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use report::diff::{self, Agreement, Observation};

use crate::Ending;
use crate::cli::TraceDiff;
use crate::complaint::Complaint;
use crate::output;

pub(crate) fn trace_diff(arguments: &TraceDiff) -> Result<Ending, Complaint> {
    let (ours, theirs) = (read(&arguments.ours)?, read(&arguments.theirs)?);
    let comparison = diff::compare(&ours, &theirs);
    let text = if arguments.quiet {
        format!("{}\n", comparison.agreement())
    } else {
        let name = |path: &Path| path.display().to_string();
        comparison.render(&name(&arguments.ours), &name(&arguments.theirs), output::colour(None))
    };
    output::write(None, &text)?;
    Ok(match comparison.agreement() {
        Agreement::Agrees | Agreement::UpToATie(_) => Ending::Done,
        Agreement::Differs(_) => Ending::Disappointed,
    })
}

fn read(path: &Path) -> Result<Observation, Complaint> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| Complaint::Other(format!("cannot read {}: {error}", path.display())))?;
    Observation::read(&text).map_err(|error| Complaint::Other(format!("{}:{error}", path.display())))
}
