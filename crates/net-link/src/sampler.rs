//! From one draw to one delay, with the same bits on every machine.

use sim_time::Duration;

use crate::Delay;
use crate::probability::{open_unit, unit};
use crate::quantile::{standard_normal_cdf, standard_normal_quantile};

/// A [`Delay`] made ready to sample: what does not depend on the draw is worked out once.
///
/// Every sample is the quantile of one uniform draw (inverse transform), so that it takes exactly one draw, and a longer
/// draw never means a shorter delay.
#[derive(Clone, Debug)]
pub(crate) enum Sampler {
    Constant(Duration),
    Uniform { min: Duration, span: u128 },
    Normal { mean: f64, std_dev: f64, below_zero: f64 },
    Exponential { mean: f64, min: Duration },
    LogNormal { median: f64, sigma: f64 },
    Pareto { min: f64, exponent: f64 },
    Empirical { values: Box<[Duration]>, cumulative: Box<[f64]> },
}

impl Sampler {
    pub(crate) fn new(delay: &Delay) -> Self {
        let nanos = |duration: Duration| duration.as_nanos() as f64;
        match delay {
            Delay::Constant(delay) => Self::Constant(*delay),
            Delay::Uniform(d) => Self::Uniform { min: d.min, span: u128::from((d.max - d.min).as_nanos()) + 1 },
            Delay::Normal(d) => {
                let (mean, std_dev) = (nanos(d.mean), nanos(d.std_dev));
                Self::Normal { mean, std_dev, below_zero: standard_normal_cdf(-mean / std_dev) }
            }
            Delay::Exponential(d) => Self::Exponential { mean: nanos(d.mean), min: d.min },
            Delay::LogNormal(d) => Self::LogNormal { median: nanos(d.median), sigma: d.sigma },
            Delay::Pareto(d) => Self::Pareto { min: nanos(d.min), exponent: -1.0 / d.shape },
            Delay::Empirical(d) => {
                let mut total = 0.0;
                let weight = |place| d.weights.as_ref().map_or(1.0, |weights| weights[place]);
                let cumulative = (0..d.values.len()).map(|place| {
                    total += weight(place);
                    total
                });
                Self::Empirical { cumulative: cumulative.collect(), values: d.values.clone().into() }
            }
        }
    }

    /// Whether samples differ.
    pub(crate) const fn is_random(&self) -> bool {
        !matches!(self, Self::Constant(_))
    }

    /// The delay that a uniform draw of 64 bits stands for.
    pub(crate) fn sample(&self, draw: u64) -> Duration {
        match self {
            Self::Constant(delay) => *delay,
            Self::Uniform { min, span } => {
                // At most u64::MAX, since the draw's high bits are below 2⁵³.
                *min + Duration::from_nanos(((u128::from(draw >> 11) * span) >> 53) as u64)
            }
            Self::Normal { mean, std_dev, below_zero } => {
                let probability = below_zero + (1.0 - below_zero) * open_unit(draw);
                whole_nanos(mean + std_dev * standard_normal_quantile(probability))
            }
            Self::Exponential { mean, min } => *min + exponential(*mean, draw),
            Self::LogNormal { median, sigma } => {
                whole_nanos(median * libm::exp(sigma * standard_normal_quantile(open_unit(draw))))
            }
            // The complement of a uniform draw is one too; it keeps long delays with long draws.
            Self::Pareto { min, exponent } => whole_nanos(min * libm::pow(1.0 - open_unit(draw), *exponent)),
            Self::Empirical { values, cumulative } => {
                let total = cumulative[cumulative.len() - 1];
                let place = cumulative.partition_point(|&sum| sum <= unit(draw) * total);
                values[place.min(values.len() - 1)]
            }
        }
    }
}

/// The exponential time with that mean, in nanoseconds, that a uniform draw of 64 bits stands for.
#[must_use]
pub fn exponential(mean: f64, draw: u64) -> Duration {
    whole_nanos(-mean * libm::log(1.0 - open_unit(draw)))
}

/// The nearest whole number of nanoseconds: zero if negative, the longest duration if there is none as long. Both
/// rounding and the conversion are exact in IEEE 754 and Rust.
fn whole_nanos(nanos: f64) -> Duration {
    Duration::from_nanos(nanos.round() as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::{Empirical, Exponential, LogNormal, Normal, Pareto, Uniform};

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn uniform(min: u64, max: u64) -> Delay {
        Delay::Uniform(Uniform { min: Duration::from_nanos(min), max: Duration::from_nanos(max) })
    }

    fn empirical(weights: Option<Vec<f64>>) -> Delay {
        Delay::Empirical(Empirical { values: vec![ms(10), ms(20), ms(30)], weights })
    }

    /// One of each distribution.
    fn distributions() -> [Delay; 8] {
        [
            uniform(10_000_000, 30_000_000),
            Delay::Normal(Normal { mean: ms(20), std_dev: ms(5) }),
            Delay::Normal(Normal { mean: ms(2), std_dev: ms(5) }),
            Delay::Exponential(Exponential { mean: ms(20), min: ms(5) }),
            Delay::LogNormal(LogNormal { median: ms(20), sigma: 0.5 }),
            Delay::Pareto(Pareto { min: ms(10), shape: 2.5 }),
            empirical(None),
            empirical(Some(vec![0.0, 1.0, 3.0])),
        ]
    }

    fn nanos_of(delay: &Delay, draws: &[u64]) -> Vec<u64> {
        let sampler = Sampler::new(delay);
        draws.iter().map(|&draw| sampler.sample(draw).as_nanos()).collect()
    }

    /// The least draw, one per cent, about a third, the middle, and the greatest draw, to the nanosecond. If these change,
    /// every recorded digest of a run with random delays is void.
    #[test]
    fn samples_are_the_same_for_ever() {
        let draws = [0, u64::MAX / 100, 0x5555_1234_5678_9abc, 1 << 63, u64::MAX];
        let samples = distributions().map(|delay| nanos_of(&delay, &draws));
        assert_eq!(
            samples,
            [
                [10_000_000, 10_200_000, 16_666_586, 20_000_000, 30_000_000],
                [0, 8_374_135, 17_846_599, 20_000_198, 61_047_681],
                [0, 88_676, 2_793_528, 4_231_215, 43_047_681],
                [5_000_000, 5_201_007, 13_109_182, 18_862_944, 739_736_011],
                [329_877, 6_249_855, 16_124_875, 20_000_000, 1_212_573_633],
                [10_000_000, 10_040_282, 11_760_762, 13_195_079, 24_089_950_525_787],
                [10_000_000, 10_000_000, 10_000_000, 20_000_000, 30_000_000],
                [20_000_000, 20_000_000, 30_000_000, 30_000_000, 30_000_000]
            ]
        );
    }

    /// 20,000 samples of each, folded so that one bit of one of them would show.
    #[test]
    fn a_long_run_of_samples_is_the_same_for_ever() {
        let sums = distributions().map(|delay| {
            let sampler = Sampler::new(&delay);
            let mut generator = ChaCha8Rng::seed_from_u64(1);
            (0..20_000).fold(0_u64, |sum, _| {
                sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(sampler.sample(generator.next_u64()).as_nanos())
            })
        });
        assert_eq!(
            sums,
            [
                15_144_698_129_344_321_748,
                7_869_368_640_766_434_432,
                5_517_445_984_478_258_633,
                4_361_538_118_666_244_740,
                14_693_236_089_833_739_110,
                11_692_296_894_135_838_514,
                17_116_093_566_335_122_304,
                1_819_418_773_570_567_680
            ]
        );
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(nanos_of(&uniform(0, u64::MAX), &[0, u64::MAX]), [0, u64::MAX - 2_047]);
        assert_eq!(nanos_of(&uniform(u64::MAX, u64::MAX), &[0, u64::MAX]), [u64::MAX; 2]);
        assert_eq!(nanos_of(&uniform(3, 4), &[0, (1 << 63) - 1, 1 << 63, u64::MAX]), [3, 3, 4, 4]);
        let long = Delay::Pareto(Pareto { min: ms(10), shape: 0.01 });
        assert_eq!(nanos_of(&long, &[u64::MAX]), [u64::MAX]);
        let long = Delay::Exponential(Exponential { mean: Duration::MAX, min: Duration::MAX });
        assert_eq!(nanos_of(&long, &[u64::MAX]), [u64::MAX]);
    }

    #[test]
    fn a_value_of_weight_zero_never_occurs() {
        for (weights, values) in [
            (vec![0.0, 1.0, 3.0], [20, 20, 30, 30]),
            (vec![1.0, 0.0, 0.0], [10, 10, 10, 10]),
            (vec![1.0, 0.0, 1.0], [10, 10, 30, 30]),
        ] {
            let nanos = nanos_of(&empirical(Some(weights)), &[0, (1 << 62) - 1, 1 << 63, u64::MAX]);
            assert_eq!(nanos, values.map(|millis| millis * 1_000_000));
        }
    }

    /// Mean (unless its variance is infinite) and quantiles of 40,000 samples, within three standard errors of what the
    /// textbooks say. The expected quantiles are computed from the distributions' own formulae, in milliseconds.
    #[test]
    fn samples_follow_their_distribution() {
        // A standard normal cut off at −0.4 has mean φ(0.4) ÷ Φ(0.4).
        let cut_mean = 2.0 + 5.0 * (0.368_270_140_303_323_4 / 0.655_421_741_610_324_2);
        let quantile_of_cut = |p: f64| {
            let below_zero = standard_normal_cdf(-0.4);
            2.0 + 5.0 * standard_normal_quantile(below_zero + (1.0 - below_zero) * p)
        };
        let z = standard_normal_quantile;
        let [uniform, normal, cut, exponential, log_normal, pareto, ..] = distributions();
        type Quantile<'a> = &'a dyn Fn(f64) -> f64;
        let cases: [(Delay, f64, Quantile); 6] = [
            (uniform, 20.0, &|p| 10.0 + 20.0 * p),
            (normal, 20.0, &|p| 20.0 + 5.0 * z(p)),
            (cut, cut_mean, &quantile_of_cut),
            (exponential, 25.0, &|p| 5.0 - 20.0 * libm::log(1.0 - p)),
            (log_normal, 20.0 * libm::exp(0.125), &|p| 20.0 * libm::exp(0.5 * z(p))),
            (pareto, 10.0 * 2.5 / 1.5, &|p| 10.0 * libm::pow(1.0 - p, -0.4)),
        ];
        let number = 40_000;
        for (delay, mean, quantile) in cases {
            let sampler = Sampler::new(&delay);
            let mut generator = ChaCha8Rng::seed_from_u64(11);
            let mut samples: Vec<f64> =
                (0..number).map(|_| sampler.sample(generator.next_u64()).as_secs_f64() * 1e3).collect();
            samples.sort_by(f64::total_cmp);
            let n = f64::from(number);
            let average = samples.iter().sum::<f64>() / n;
            let variance = samples.iter().map(|sample| (sample - average).powi(2)).sum::<f64>() / (n - 1.0);
            let error = (variance / n).sqrt();
            assert!((average - mean).abs() < 3.0 * error, "{delay:?}: mean {average}, expected {mean} ± {error}");
            for p in [0.01, 0.1, 0.5, 0.9, 0.99] {
                let below = samples.partition_point(|&sample| sample <= quantile(p)) as f64 / n;
                let error = (p * (1.0 - p) / n).sqrt();
                assert!((below - p).abs() < 3.0 * error, "{delay:?}: {below} below the quantile of {p}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_longer_draw_never_means_a_shorter_delay(a: u64, b: u64) {
            for delay in distributions() {
                let samples = nanos_of(&delay, &[a.min(b), a.max(b)]);
                prop_assert!(samples[0] <= samples[1], "{:?}: {:?}", delay, samples);
            }
        }

        #[test]
        fn uniform_samples_keep_inside_their_bounds(a: u64, b: u64, draw: u64) {
            let (min, max) = (a.min(b), a.max(b));
            let sample = nanos_of(&uniform(min, max), &[draw])[0];
            prop_assert!((min..=max).contains(&sample));
        }
    }
}
