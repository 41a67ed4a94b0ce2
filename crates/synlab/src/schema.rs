//! `synlab schema`: the JSON Schema of an experiment file.

use crate::Ending;
use crate::complaint::Complaint;
use crate::output;

pub(crate) fn schema() -> Result<Ending, Complaint> {
    output::write(None, &format!("{:#}\n", experiment::schema()))?;
    Ok(Ending::Done)
}
