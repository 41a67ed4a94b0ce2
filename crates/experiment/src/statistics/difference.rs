//! What two variants differ by, on the same randomness.

use super::interval::Estimate;
use super::sample::Sample;
use super::student::student;

/// The difference of a variant from the first one, taken replication by replication: what both met alike cancels.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Difference {
    paired: Sample,
    own: Sample,
    base: Sample,
}

impl Difference {
    /// Adds the values of one replication.
    pub(super) fn add(&mut self, own: f64, base: f64) {
        self.paired.add(own - base);
        self.own.add(own);
        self.base.add(base);
    }

    /// The mean difference with its interval.
    #[must_use]
    pub fn estimate(&self, confidence: f64) -> Estimate {
        self.paired.estimate(confidence)
    }

    /// Half the width that the interval would have for as many runs of each variant on a randomness of its own (Welch).
    #[must_use]
    pub fn unpaired_half_width(&self, confidence: f64) -> Option<f64> {
        let (own, base) = (self.own.squared_error()?, self.base.squared_error()?);
        let sum = own + base;
        if sum == 0.0 {
            return Some(0.0);
        }
        let least = self.paired.count() - 1;
        let degrees = sum * sum / (own * own + base * base) * least as f64;
        // The whole part: a wider interval rather than one that is too narrow.
        Some(student(confidence, (degrees as u64).clamp(least, 2 * least)) * sum.sqrt())
    }

    /// How many times as wide the interval would be without pairs; nothing where one of them has no width.
    #[must_use]
    pub fn gain(&self, confidence: f64) -> Option<f64> {
        let paired = self.estimate(confidence).half_width().filter(|half| *half > 0.0)?;
        self.unpaired_half_width(confidence).map(|unpaired| unpaired / paired)
    }

    /// Whether the data tell on which side of zero the difference is.
    #[must_use]
    pub fn is_supported(&self, confidence: f64) -> bool {
        let estimate = self.estimate(confidence);
        estimate.low.is_some_and(|low| low > 0.0) || estimate.high.is_some_and(|high| high < 0.0)
    }

    /// Whether there was none in any of several replications.
    #[must_use]
    pub fn is_never(&self) -> bool {
        self.paired.mean() == Some(0.0) && self.paired.variance() == Some(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(f64, f64)]) -> Difference {
        let mut difference = Difference::default();
        pairs.iter().for_each(|(own, base)| difference.add(*own, *base));
        difference
    }

    /// Values that spread by tens and pairs that differ by about one.
    #[test]
    fn pairs_tell_what_the_spread_hides() {
        let difference = of(&[(11.0, 10.0), (21.5, 20.0), (30.5, 30.0), (41.0, 40.0), (51.0, 50.0)]);
        let estimate = difference.estimate(0.95);
        assert_eq!(estimate.value, Some(1.0));
        // s = √(0.5 / 4), t₄ = 2.776.
        assert!((estimate.half_width().unwrap() - 2.776_445 * (0.125_f64 / 5.0).sqrt()).abs() < 1e-5);
        assert!(difference.is_supported(0.95));
        // Each variance is about 250, t₈ = 2.306, less the whole part of Welch's 7.99….
        let unpaired = difference.unpaired_half_width(0.95).unwrap();
        assert!((22.0..24.0).contains(&unpaired), "{unpaired}");
        assert!((difference.gain(0.95).unwrap() - unpaired / estimate.half_width().unwrap()).abs() < 1e-12);
    }

    #[test]
    fn what_covers_zero_is_unsupported() {
        let difference = of(&[(1.0, 0.0), (0.0, 1.5), (2.0, 0.5)]);
        assert!(!difference.is_supported(0.95) && !difference.is_never());
        let none = of(&[(1.0, 1.0), (2.0, 2.0)]);
        assert!(none.is_never() && !none.is_supported(0.95));
        assert_eq!(none.gain(0.95), None);
        let always = of(&[(1.5, 1.0), (2.5, 2.0)]);
        assert!(always.is_supported(0.95), "it is the same in every pair");
        let one = of(&[(2.0, 1.0)]);
        assert!(!one.is_supported(0.95) && !one.is_never(), "one pair supports nothing");
    }
}
