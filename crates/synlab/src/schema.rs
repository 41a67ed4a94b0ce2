//! `synlab schema`: the JSON Schema of an experiment file, or of a trace's lines.

use crate::Ending;
use crate::cli::{Described, Schema};
use crate::complaint::Complaint;
use crate::output;

pub(crate) fn schema(arguments: &Schema) -> Result<Ending, Complaint> {
    let schema = match arguments.of {
        Described::Experiment => experiment::schema(),
        Described::Trace => report::trace_schema(),
    };
    output::write(None, &format!("{schema:#}\n"))?;
    Ok(Ending::Done)
}
