//! Measures: what a sweep says of many runs.

use super::expression::{Expression, Fault, Quantity, Words, parse_measure};
use crate::metrics::Metrics;
use crate::statistics::RunOutcome;

/// Something to be said of many runs: the mean of a metric or of a sum of metrics, the share of runs in which something
/// holds, or a quantile.
#[derive(Clone, PartialEq, Debug)]
pub struct Measure {
    text: String,
    kind: MeasureKind,
    of: Of,
}

/// How the values of runs are put together. The part of a quantile is 0.5 for the median and 1 for the greatest.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum MeasureKind {
    /// The mean over runs.
    Mean,
    /// The share of runs in which it holds.
    Share,
    /// A quantile over runs.
    Quantile(f64),
    /// A quantile over all opens of all runs.
    Opens(f64),
}

/// What of a run is meant.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Of {
    Value(Quantity),
    Holds(Expression),
    Opens,
}

impl Measure {
    pub(super) const fn new(text: String, kind: MeasureKind, of: Of) -> Self {
        Self { text, kind, of }
    }

    /// Reads a measure as the list of a sweep has it: a function, a bare sum for its mean, or a comparison for a share.
    pub(super) fn read(text: &str, words: &dyn Words) -> Result<Self, Fault> {
        parse_measure(text, words)
    }

    /// Whether it reads metrics of another variant.
    pub(super) fn reads_others(&self) -> bool {
        match &self.of {
            Of::Value(quantity) => !quantity.references().is_empty(),
            Of::Holds(expression) => !expression.references().is_empty(),
            Of::Opens => false,
        }
    }

    /// As the file states it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How values are put together.
    #[must_use]
    pub const fn kind(&self) -> MeasureKind {
        self.kind
    }

    /// What it is in one run of which `metric` gives the metrics: a number, or 1 or 0 for what holds or does not.
    #[must_use]
    pub fn value(&self, metric: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
        match &self.of {
            Of::Value(quantity) => quantity.value(&|_, name| metric(name)),
            Of::Holds(expression) => Some(f64::from(u8::from(expression.judge(&|_, name| metric(name)).0))),
            Of::Opens => None,
        }
    }

    /// What statistics of these measures need of a run with these metrics; of one that failed if there are none.
    #[must_use]
    pub fn outcome(measures: &[Self], metrics: Option<&Metrics>) -> RunOutcome {
        let value = |measure: &Self| measure.value(&|name| metrics?.get(name)?);
        let values = measures.iter().map(|measure| value(measure).filter(|_| metrics.is_some())).collect();
        let wants_opens = measures.iter().any(|measure| measure.of == Of::Opens);
        let setups = metrics.filter(|_| wants_opens).map(|metrics| metrics.setups().clone());
        RunOutcome { failed: metrics.is_none(), values, setups }
    }
}
