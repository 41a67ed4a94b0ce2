//! Quantiles of values over replications.

use super::interval::Estimate;
use super::student::normal;

/// What a rank may be off by because a part such as 0.07 has no exact double.
pub(super) const ROUNDING: f64 = 1e-6;

/// The nearest-rank quantile of some values, of which `part` is 1 for the greatest. Its bounds are values, too, whose ranks
/// depend on nothing but how many values there are, no matter how they are distributed; where the rank is that of none of
/// them, there is no bound.
pub(super) fn quantile(values: &[f64], part: f64, confidence: f64) -> Estimate {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let of_rank = |rank: usize| rank.checked_sub(1).and_then(|place| sorted.get(place)).copied();
    let count = sorted.len();
    let value = of_rank(((count as f64 * part - ROUNDING).ceil() as usize).max(1));
    let (low, high) = if count > 1 { bounding_ranks(count, part, confidence) } else { (0, 0) };
    Estimate { count: count as u64, value, low: of_rank(low), high: of_rank(high) }
}

/// With a greater variance the binomial distribution is near enough to the normal one.
const NEAR_NORMAL: f64 = 1_000.0;

/// The ranks whose values bound a quantile: the true one is below the first, or above the second, with at most half the
/// probability that confidence leaves. How many of `count` values are at most the quantile is binomial. Zero, or more than
/// there are, where there is no such rank.
pub(super) fn bounding_ranks(count: usize, part: f64, confidence: f64) -> (usize, usize) {
    if part >= 1.0 {
        return (count, count + 1);
    }
    let (mean, variance) = (count as f64 * part, count as f64 * part * (1.0 - part));
    if variance > NEAR_NORMAL {
        let half = normal(confidence) * variance.sqrt();
        return ((mean - half).floor() as usize, (mean + half).ceil() as usize + 1);
    }
    let tail = (1.0 - confidence) / 2.0;
    let (mut below, mut low, mut high) = (0.0, 0, count + 1);
    for at_most in 0..count {
        // The probability of at most so many.
        below += binomial(count, at_most, part);
        if below <= tail {
            low = at_most + 1;
        }
        if 1.0 - below <= tail {
            high = at_most + 1;
            break;
        }
    }
    (low, high)
}

/// The probability of `times` successes in `count` trials.
fn binomial(count: usize, times: usize, part: f64) -> f64 {
    let factorial = |number: usize| libm::lgamma(number as f64 + 1.0);
    let ways = factorial(count) - factorial(times) - factorial(count - times);
    libm::exp(ways + times as f64 * libm::log(part) + (count - times) as f64 * libm::log1p(-part))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conover, "Practical nonparametric statistics", table A3, and any table of the sign test.
    #[test]
    fn ranks_are_those_of_the_binomial_distribution() {
        for (count, part, confidence, ranks) in [
            (5, 0.5, 0.95, (0, 6)),
            (6, 0.5, 0.95, (1, 6)),
            (10, 0.5, 0.95, (2, 9)),
            (20, 0.5, 0.95, (6, 15)),
            (100, 0.5, 0.95, (40, 61)),
            (20, 0.99, 0.95, (19, 21)),
            (20, 1.0, 0.95, (20, 21)),
        ] {
            assert_eq!(bounding_ranks(count, part, confidence), ranks, "{part} of {count}");
        }
        assert_eq!(bounding_ranks(100_000, 0.9, 0.95), (89_814, 90_187), "90000 ± 1.96 √9000");
        // The two ways to find them meet.
        assert_eq!(bounding_ranks(4_000, 0.5, 0.95), (1_938, 2_063));
        assert_eq!(bounding_ranks(4_001, 0.5, 0.95), (1_938, 2_064));
    }

    #[test]
    fn a_quantile_is_one_of_the_values_and_so_are_its_bounds() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        let median = quantile(&values, 0.5, 0.95);
        assert_eq!((median.count, median.low, median.value, median.high), (20, Some(6.0), Some(10.0), Some(15.0)));
        let most = quantile(&values, 1.0, 0.95);
        assert_eq!((most.low, most.value, most.high), (Some(20.0), Some(20.0), None), "what is the most to come?");
        assert_eq!(quantile(&[3.0], 0.5, 0.95), Estimate { count: 1, value: Some(3.0), low: None, high: None });
        assert_eq!(quantile(&[], 0.5, 0.95), Estimate::default());
    }
}
