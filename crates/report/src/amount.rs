//! Measured values as text.

/// A value with up to nine decimals, so that a time is exact to the nanosecond, but no more than the fifteen digits a
/// float holds for certain; `–` for a statistic of nothing.
pub(crate) fn amount(value: Option<f64>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let whole_digits = format!("{:.0}", value.abs()).len();
    let text = format!("{value:.*}", 15_usize.saturating_sub(whole_digits).min(9));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A metric's unit as a table shows it: what a count counts is in the metric's name.
pub(crate) fn shown_unit(unit: &str) -> &str {
    if matches!(unit, "s" | "B") || unit.contains('·') { unit } else { "" }
}

/// How many times `base` a value is: `×1.5`. Nothing if either is missing or zero, or if they are equal.
pub(crate) fn ratio(value: Option<f64>, base: Option<f64>) -> Option<String> {
    let (value, base) = (value?, base?);
    if value == base || value == 0.0 || base == 0.0 {
        return None;
    }
    let ratio = value / base;
    Some(match ratio {
        100.0.. => format!("×{ratio:.0}"),
        10.0..100.0 => format!("×{ratio:.1}"),
        0.095..10.0 => format!("×{ratio:.2}"),
        _ => format!("×{ratio:.1e}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_what_they_have() {
        for (value, text) in [
            (Some(0.0), "0"),
            (Some(-0.0), "0"),
            (Some(3.0), "3"),
            (Some(0.1 + 0.2), "0.3"),
            (Some(10_799.95), "10799.95"),
            (Some(0.000_000_001), "0.000000001"),
            (Some(1e7 + 0.1 + 0.2), "10000000.3"),
            (Some(1e15), "1000000000000000"),
            (None, "–"),
        ] {
            assert_eq!(amount(value), text);
        }
        assert_eq!(["s", "B", "B·s", "entry·s", "segments"].map(shown_unit), ["s", "B", "B·s", "entry·s", ""]);
    }

    #[test]
    fn ratios_are_given_where_they_mean_something() {
        for (value, base, text) in [
            (Some(0.15), Some(0.1), Some("×1.50")),
            (Some(250.0), Some(1.0), Some("×250")),
            (Some(25.0), Some(2.0), Some("×12.5")),
            (Some(1.0), Some(5_000.0), Some("×2.0e-4")),
            (Some(1.0), Some(1.0), None),
            (Some(1.0), Some(0.0), None),
            (Some(0.0), Some(1.0), None),
            (None, Some(1.0), None),
        ] {
            assert_eq!(ratio(value, base).as_deref(), text);
        }
    }
}
