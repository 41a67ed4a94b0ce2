//! Estimates with their intervals, as text.

use experiment::{Difference, Estimate, MeasureKind};

use crate::amount::amount;

/// An estimate with its interval: `0.38 ± 0.04` for a mean, or `always 0.1` if the runs differ in nothing; `35 % [18, 57]` for
/// a share and `3.5 [1.2, 9.0]` for a quantile, whose bounds are not as far from it on either side. A dash for a bound that
/// so few runs do not have.
pub(crate) fn estimate(kind: MeasureKind, estimate: &Estimate) -> String {
    let Some(value) = estimate.value else { return "–".to_owned() };
    match kind {
        MeasureKind::Mean if estimate.half_width() == Some(0.0) => format!("always {}", six(value)),
        MeasureKind::Mean => plus_minus(value, estimate.half_width()),
        MeasureKind::Share => bounded(estimate, 100.0, " %"),
        MeasureKind::Quantile(_) | MeasureKind::Opens(_) => bounded(estimate, 1.0, ""),
    }
}

/// A value with its bounds, so many times as large, to as many places as their distance tells of.
fn bounded(estimate: &Estimate, times: f64, unit: &str) -> String {
    let half = estimate.half_width().filter(|half| *half > 0.0);
    let decimals = half.map(|half| decimals(half * times));
    let show = |number: f64| decimals.map_or_else(|| six(number * times), |decimals| rounded(number * times, decimals));
    let show = |number: Option<f64>| number.map_or("–".to_owned(), show);
    format!("{}{unit} [{}, {}]", show(estimate.value), show(estimate.low), show(estimate.high))
}

/// A difference with its interval, how much the pairs narrow it, and in words whether it is one.
pub(crate) fn difference(kind: MeasureKind, difference: &Difference, confidence: f64) -> String {
    let of_pairs = difference.estimate(confidence);
    let Some(value) = of_pairs.value else { return "–".to_owned() };
    if difference.is_never() {
        return "the same".to_owned();
    }
    let shown = match kind {
        MeasureKind::Share => plus_minus(value * 100.0, of_pairs.half_width().map(|half| half * 100.0)) + " points",
        _ => plus_minus(value, of_pairs.half_width()),
    };
    let gain = difference.gain(confidence).map_or(String::new(), |gain| format!("  ×{gain:.1}"));
    let unsupported = if difference.is_supported(confidence) { "" } else { "  unsupported" };
    format!("{shown}{gain}{unsupported}")
}

/// A value and half its interval, of which two digits say enough, both to the same place.
fn plus_minus(value: f64, half_width: Option<f64>) -> String {
    let Some(half) = half_width else { return format!("{} ± –", six(value)) };
    if half == 0.0 {
        return format!("{} ± 0", six(value));
    }
    let decimals = decimals(half);
    format!("{} ± {}", rounded(value, decimals), rounded(half, decimals))
}

/// The decimals that leave two digits of a number above zero.
fn decimals(number: f64) -> i32 {
    let scientific = format!("{number:.1e}");
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    1 - exponent
}

/// A number with so many decimals; if fewer than none, with zeros at its end.
fn rounded(value: f64, decimals: i32) -> String {
    let text = match usize::try_from(decimals) {
        Ok(decimals) => format!("{value:.decimals$}"),
        Err(_) => {
            let unit = 10_f64.powi(-decimals);
            format!("{:.0}", (value / unit).round() * unit)
        }
    };
    let is_zero = !text.contains(|digit: char| ('1'..='9').contains(&digit));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// A number with six digits: more would be noise.
fn six(value: f64) -> String {
    amount(Some(format!("{value:.5e}").parse().expect("a number that was just written")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_as_many_digits_as_its_interval_knows() {
        for (value, half, text) in [
            (0.378_123, Some(0.041_2), "0.378 ± 0.041"),
            (35.333_3, Some(9.96), "35 ± 10"),
            (38_690_592.0, Some(1_234.0), "38690600 ± 1200"),
            (-0.000_04, Some(0.01), "0.000 ± 0.010"),
            (0.1 + 0.2, Some(0.0), "0.3 ± 0"),
            (1.0 / 3.0, None, "0.333333 ± –"),
            (12_345_678.9, None, "12345700 ± –"),
        ] {
            assert_eq!(plus_minus(value, half), text);
        }
    }

    #[test]
    fn shares_and_quantiles_have_two_bounds() {
        let of = |value, low, high| Estimate { count: 20, value: Some(value), low, high };
        assert_eq!(estimate(MeasureKind::Share, &of(0.35, Some(0.181), Some(0.567))), "35 % [18, 57]");
        assert_eq!(estimate(MeasureKind::Share, &of(0.0, Some(0.0), Some(0.000_768))), "0.000 % [0.000, 0.077]");
        assert_eq!(estimate(MeasureKind::Opens(0.99), &of(1.544_97, Some(1.42), Some(1.706))), "1.54 [1.42, 1.71]");
        assert_eq!(estimate(MeasureKind::Mean, &of(0.1, Some(0.1), Some(0.1))), "always 0.1");
        assert_eq!(estimate(MeasureKind::Share, &of(1.0, None, None)), "100 % [–, –]");
        assert_eq!(estimate(MeasureKind::Quantile(0.99), &of(3.5, Some(1.2), None)), "3.5 [1.2, –]");
        assert_eq!(estimate(MeasureKind::Mean, &Estimate::default()), "–");
    }
}
