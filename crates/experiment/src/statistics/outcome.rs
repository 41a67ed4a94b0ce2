//! What statistics need of a run.

use crate::metrics::Latencies;

/// What the groups of a sweep are made of: what one run came to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RunOutcome {
    /// Whether it ended with an error.
    pub failed: bool,
    /// A value for each measure of the plan, in its order; nothing for an empty statistic, and for [`RunOutcome::setups`].
    pub values: Vec<Option<f64>>,
    /// How long its opens took, if a measure is about all opens.
    pub setups: Option<Latencies>,
}
