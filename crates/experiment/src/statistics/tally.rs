//! One measure over the replications of a group.

use super::interval::{Estimate, wilson};
use super::outcome::RunOutcome;
use super::pool::Pool;
use super::rank::quantile;
use super::sample::Sample;
use crate::input::{Measure, MeasureKind};

/// What has been seen of a measure. Only a quantile over replications needs more room for more of them: eight octets each.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Tally {
    /// Values whose mean is wanted.
    Mean(Sample),
    /// How often something held, and of how many.
    Share { holds: u64, of: u64 },
    /// Values of which a quantile is wanted.
    Quantile { part: f64, values: Vec<f64> },
    /// Opens of which a quantile is wanted.
    Opens { part: f64, pool: Pool },
}

impl Tally {
    /// Nothing seen yet.
    pub(super) fn of(measure: &Measure) -> Self {
        match measure.kind() {
            MeasureKind::Mean => Self::Mean(Sample::default()),
            MeasureKind::Share => Self::Share { holds: 0, of: 0 },
            MeasureKind::Quantile(part) => Self::Quantile { part, values: Vec::new() },
            MeasureKind::Opens(part) => Self::Opens { part, pool: Pool::default() },
        }
    }

    /// Adds what a run came to, in which `value` is that of the measure.
    pub(super) fn add(&mut self, value: Option<f64>, outcome: &RunOutcome) {
        match (self, value, &outcome.setups) {
            (Self::Mean(sample), Some(value), _) => sample.add(value),
            (Self::Share { holds, of }, Some(value), _) => {
                *of += 1;
                *holds += u64::from(value != 0.0);
            }
            (Self::Quantile { values, .. }, Some(value), _) => values.push(value),
            (Self::Opens { pool, .. }, _, Some(opens)) => pool.add(opens),
            _ => {}
        }
    }

    /// What is to be said of it.
    pub(super) fn estimate(&self, confidence: f64) -> Estimate {
        match self {
            Self::Mean(sample) => sample.estimate(confidence),
            Self::Share { holds, of } => wilson(*holds, *of, confidence),
            Self::Quantile { part, values } => quantile(values, *part, confidence),
            Self::Opens { part, pool } => pool.estimate(*part, confidence),
        }
    }
}
