//! An estimate and the interval around it.

use super::student::normal;

/// What many runs say of something, and between which bounds it is, with the confidence that was asked for.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Estimate {
    /// How many runs have a value.
    pub count: u64,
    /// The estimate; nothing of no value.
    pub value: Option<f64>,
    /// The lower bound; nothing if the runs are too few for one.
    pub low: Option<f64>,
    /// The upper bound, likewise.
    pub high: Option<f64>,
}

impl Estimate {
    /// A value with as much on either side, if that is known.
    #[must_use]
    pub fn around(count: u64, value: Option<f64>, half_width: Option<f64>) -> Self {
        let bound = |sign: f64| Some(value? + sign * half_width?);
        Self { count, value, low: bound(-1.0), high: bound(1.0) }
    }

    /// Half the distance of the bounds, if there are two.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }

    /// Whether half the interval is at most this part of the value. Of zero there is no part.
    #[must_use]
    pub fn is_within(&self, part: f64) -> bool {
        let (Some(value), Some(half)) = (self.value, self.half_width()) else { return false };
        value != 0.0 && half <= part * value.abs()
    }
}

/// In how many of so many runs something holds, as a share of all, with Wilson's interval.
///
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927. It is never empty: something
/// that did not happen in 20 runs may still happen in one of six.
#[must_use]
pub fn wilson(holds: u64, of: u64, confidence: f64) -> Estimate {
    if of == 0 {
        return Estimate::default();
    }
    let (count, share) = (of as f64, holds as f64 / of as f64);
    if of == 1 {
        return Estimate { count: of, value: Some(share), low: None, high: None };
    }
    let z = normal(confidence);
    let square = z * z / count;
    let middle = (share + square / 2.0) / (1.0 + square);
    let half = z * ((share * (1.0 - share) + square / 4.0) / count).sqrt() / (1.0 + square);
    // Rounding must not exclude what was seen in every run, or in none.
    let low = if holds == 0 { 0.0 } else { middle - half };
    let high = if holds == of { 1.0 } else { middle + half };
    Estimate { count: of, value: Some(share), low: Some(low), high: Some(high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    #[test]
    fn wilsons_interval_is_as_published() {
        for (holds, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let estimate = wilson(holds, of, 0.95);
            let near = |bound: Option<f64>, expected: f64| (bound.unwrap() - expected).abs() < 5.1e-5;
            assert!(near(estimate.low, low) && near(estimate.high, high), "{holds}/{of}: {estimate:?}");
        }
        assert_eq!(wilson(1, 1, 0.95).half_width(), None, "one run shows no share");
    }

    #[test]
    fn precision_is_a_part_of_the_value() {
        let around = |value: f64, half: f64| Estimate::around(10, Some(value), Some(half));
        assert!(around(100.0, 2.0).is_within(0.02) && around(-100.0, 2.0).is_within(0.02));
        assert!(!around(100.0, 2.1).is_within(0.02));
        assert!(around(0.1, 0.0).is_within(0.02), "what never varies is known");
        assert!(!around(0.0, 0.0).is_within(0.02), "of zero there is no part");
        assert!(!Estimate::around(1, Some(1.0), None).is_within(0.02));
    }
}
