//! Quantiles of the standard normal distribution, with the same bits on every machine.

/// The value below which a standard normal variable falls with probability `p`, 0 < `p` < 1.
///
/// M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988),
/// routine PPND16: relative error about 10⁻¹⁶. Only its tails need a logarithm, which is `libm`'s; everything else is
/// exactly rounded arithmetic.
pub(crate) fn standard_normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&CENTRE, 0.180_625 - q * q);
    }
    let r = (-libm::log(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let magnitude = if r <= 5.0 { ratio(&TAIL, r - 1.6) } else { ratio(&FAR_TAIL, r - 5.0) };
    magnitude.copysign(q)
}

/// The probability that a standard normal variable is below `x`.
pub(crate) fn standard_normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Coefficients of a numerator and a denominator, constant term first.
type Rational = [[f64; 8]; 2];

/// The numerator at `x` over the denominator at `x`.
fn ratio([numerator, denominator]: &Rational, x: f64) -> f64 {
    let at = |polynomial: &[f64; 8]| polynomial.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient);
    at(numerator) / at(denominator)
}

#[expect(clippy::excessive_precision, reason = "as published")]
const CENTRE: Rational = [
    [
        3.387_132_872_796_366_608_0e0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ],
];

#[expect(clippy::excessive_precision, reason = "as published")]
const TAIL: Rational = [
    [
        1.423_437_110_749_683_577_34e0,
        4.630_337_846_156_545_295_90e0,
        5.769_497_221_460_691_405_50e0,
        3.647_848_324_763_204_605_04e0,
        1.270_458_252_452_368_382_58e0,
        2.417_807_251_774_506_117_70e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_40e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87e0,
        1.676_384_830_183_803_849_40e0,
        6.897_673_349_851_000_045_50e-1,
        1.481_039_764_274_800_745_90e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946_00e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];

#[expect(clippy::excessive_precision, reason = "as published")]
const FAR_TAIL: Rational = [
    [
        6.657_904_643_501_103_777_20e0,
        5.463_784_911_164_114_369_90e0,
        1.784_826_539_917_291_335_80e0,
        2.965_605_718_285_048_912_30e-1,
        2.653_218_952_657_612_309_30e-2,
        1.242_660_947_388_078_438_60e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_90e-1,
        1.369_298_809_227_358_053_10e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591_00e-4,
        1.846_318_317_510_054_681_80e-5,
        1.421_511_758_316_445_888_70e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The check values of the paper.
    #[test]
    fn agrees_with_the_published_check_values() {
        for (p, quantile) in
            [(0.25, -0.674_489_750_196_081_7), (0.001, -3.090_232_306_167_814), (1e-20, -9.262_340_089_798_408)]
        {
            let computed = standard_normal_quantile(p);
            assert!((computed / quantile - 1.0).abs() < 1e-15, "{p}: {computed}");
        }
        assert_eq!(standard_normal_quantile(0.5), 0.0);
    }

    proptest! {
        #[test]
        fn inverts_the_distribution_function(exponent in 0.01_f64..37.0) {
            let p = 0.5 * (-exponent).exp();
            let back = standard_normal_cdf(standard_normal_quantile(p));
            prop_assert!((back / p - 1.0).abs() < 1e-13, "{} came back as {}", p, back);
        }

        #[test]
        fn is_symmetric(q in 0.0_f64..0.5) {
            // Both 0.5 − q and 0.5 + q must be exact for their quantiles to be opposite.
            let q = (q * 4_096.0).floor() / 4_096.0;
            prop_assume!(q < 0.5);
            prop_assert_eq!(standard_normal_quantile(0.5 - q), -standard_normal_quantile(0.5 + q));
        }

        #[test]
        fn rises(a in 1e-12_f64..1.0, b in 1e-12_f64..1.0) {
            prop_assume!(a + 1e-12 < b);
            prop_assert!(standard_normal_quantile(a) < standard_normal_quantile(b));
        }
    }
}
