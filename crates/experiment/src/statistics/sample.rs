//! The mean of numbers that come one by one.

use super::interval::Estimate;
use super::student::student;

/// The values of something over replications.
///
/// Mean and spread are kept as they come (Welford), so that they take no room for more replications.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Sample {
    count: u64,
    mean: f64,
    /// The sum of the squares of the differences from the mean.
    squares: f64,
}

impl Sample {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; nothing of no value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// The estimate of their variance; nothing of fewer than two.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// The square of the mean's standard error; nothing of fewer than two values.
    #[must_use]
    pub fn squared_error(&self) -> Option<f64> {
        Some(self.variance()? / self.count as f64)
    }

    /// The mean with Student's interval: as wide as the values spread, and none of fewer than two.
    #[must_use]
    pub fn estimate(&self, confidence: f64) -> Estimate {
        let half = self.squared_error().map(|squared| student(confidence, self.count - 1) * squared.sqrt());
        Estimate::around(self.count, self.mean(), half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_knows_mean_and_variance() {
        let mut sample = Sample::default();
        assert_eq!((sample.mean(), sample.variance()), (None, None));
        [2.0, 4.0, 9.0].into_iter().for_each(|value| sample.add(value));
        assert_eq!((sample.count(), sample.mean(), sample.variance()), (3, Some(5.0), Some(13.0)));
    }

    /// 5 ± 4.303 √(13/3).
    #[test]
    fn the_interval_is_students() {
        let mut sample = Sample::default();
        sample.add(2.0);
        let one = sample.estimate(0.95);
        assert_eq!((one.value, one.low, one.high), (Some(2.0), None, None), "one value tells of no spread");
        [4.0, 9.0].into_iter().for_each(|value| sample.add(value));
        let half = sample.estimate(0.95).half_width().unwrap();
        assert!((half - 4.302_653 * (13.0_f64 / 3.0).sqrt()).abs() < 1e-5, "{half}");
    }

    #[test]
    fn what_never_varies_has_no_width() {
        let mut sample = Sample::default();
        (0..10).for_each(|_| sample.add(0.1));
        let estimate = sample.estimate(0.95);
        assert_eq!((estimate.low, estimate.value, estimate.high), (Some(0.1), Some(0.1), Some(0.1)));
    }
}
