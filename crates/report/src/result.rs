//! What a run came to, as every report reads it.

use experiment::{Experiment, Summary, Variant, Verdict};

use crate::ledger::Balance;

/// One variant's run of an experiment, judged.
#[derive(Clone, Copy, Debug)]
pub struct RunResult<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// The variant that was run.
    pub variant: &'a Variant,
    /// What was measured.
    pub summary: &'a Summary,
    /// For whom resources were held, and what is to blame for the rest.
    pub ledger: &'a Balance,
    /// The expectations that are about this variant, judged.
    pub verdicts: &'a [Verdict],
}
