//! What a run is measured by: named numbers, computed from the record stream alone.

mod catalogue;
mod fold;
mod latencies;
#[cfg(test)]
mod tests;
mod totals;

use std::sync::OnceLock;

pub use catalogue::{MetricInfo, Shown, catalogue};
pub use fold::MetricsFold;
pub use latencies::Latencies;

/// The metrics of one run, in the order of the [`catalogue`].
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    names: Names,
    values: Vec<Option<f64>>,
    setups: Latencies,
}

/// The names of metrics. They follow from those of the hosts, and many runs are over before anyone asks for them.
#[derive(Clone, Debug, Default)]
struct Names {
    hosts: Vec<String>,
    made: OnceLock<Vec<String>>,
}

impl Names {
    fn all(&self) -> &[String] {
        self.made.get_or_init(|| {
            let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
            catalogue(&hosts).into_iter().map(|metric| metric.name).collect()
        })
    }

    fn place(&self, name: &str) -> Option<usize> {
        match self.made.get() {
            Some(made) => made.iter().position(|known| known == name),
            None => catalogue::place(&self.hosts, name),
        }
    }
}

impl Metrics {
    /// The metric of that name: `None` if there is none, `Some(None)` if it is a statistic of nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<f64>> {
        self.values.get(self.names.place(name)?).copied()
    }

    /// Their values, in order.
    #[must_use]
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
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
        self.names.all().iter().zip(&self.values).map(|(name, value)| (name.as_str(), *value))
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
        let (names, values): (Vec<String>, _) = values.into_iter().unzip();
        Self { names: Names { hosts: Vec::new(), made: OnceLock::from(names) }, values, setups: Latencies::default() }
    }
}

impl PartialEq for Metrics {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.setups == other.setups && self.names.all() == other.names.all()
    }
}
