//! What a run is measured by: named numbers, computed from the record stream alone.

mod catalogue;
mod fold;
mod latencies;
#[cfg(test)]
mod tests;
mod totals;

pub use catalogue::{MetricInfo, catalogue};
pub use fold::MetricsFold;
pub use latencies::Latencies;

/// The metrics of one run, in the order of the [`catalogue`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Metrics {
    values: Vec<(String, Option<f64>)>,
    setups: Latencies,
}

impl Metrics {
    /// The metric of that name: `None` if there is none, `Some(None)` if it is a statistic of nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<f64>> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// How long each successful open took its caller.
    #[must_use]
    pub const fn setups(&self) -> &Latencies {
        &self.setups
    }

    /// The same metrics with how long each open took.
    #[must_use]
    pub fn with_setups(self, setups: Latencies) -> Self {
        Self { setups, ..self }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<f64>)> {
        self.values.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl FromIterator<(String, Option<f64>)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (String, Option<f64>)>>(values: I) -> Self {
        Self { values: values.into_iter().collect(), setups: Latencies::default() }
    }
}
