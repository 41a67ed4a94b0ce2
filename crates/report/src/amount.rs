//! Measured values as text.

use sim_time::Instant;

/// A value with up to nine decimals, so that a time is exact to the nanosecond, but no more than the fifteen digits a
/// float holds for certain; `–` for a statistic of nothing.
pub(crate) fn amount(value: Option<f64>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let whole_digits = format!("{:.0}", value.abs()).len();
    let text = format!("{value:.*}", 15_usize.saturating_sub(whole_digits).min(9));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A value to three digits, its thousands set apart: `0.0596`, `2.4`, `10,800`.
pub(crate) fn rounded(value: f64) -> String {
    let (value, exponent) = three_digits(value);
    let decimals = usize::try_from((2 - exponent).clamp(0, 11)).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    grouped(&text)
}

/// A time to the millisecond, as a group of many is told.
pub(crate) fn milliseconds(at: Instant) -> String {
    format!("{:.3}", at.as_secs_f64())
}

/// A value to three digits with its unit; octets by thousands: `38.7 MB·s`, `10,800 worker·s`, `0`.
pub(crate) fn scaled(value: f64, unit: &str) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let prefixes = ["", "k", "M", "G", "T", "P"];
    let exponent = if unit.starts_with('B') { three_digits(value).1.clamp(0, 17) / 3 } else { 0 };
    let prefix = prefixes[usize::try_from(exponent).unwrap_or(0)];
    let space = if unit.is_empty() { "" } else { " " };
    format!("{}{space}{prefix}{unit}", rounded(value / 1000_f64.powi(exponent)))
}

/// A value to three digits, and the power of ten of the first of these.
fn three_digits(value: f64) -> (f64, i32) {
    let scientific = format!("{value:.2e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok());
    (scientific.parse().unwrap_or(value), exponent.unwrap_or(0))
}

/// A count, its thousands set apart.
pub(crate) fn whole(count: u64) -> String {
    grouped(&count.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A metric's unit as a table shows it: what a count counts is in the metric's name.
pub(crate) fn shown_unit(unit: &str) -> &str {
    if matches!(unit, "s" | "B") || unit.contains('·') { unit } else { "" }
}

/// A part of a whole in percent; what is neither nothing nor all is not said to be so.
pub(crate) fn share(part: u128, whole: u128) -> String {
    let percent = 100.0 * part as f64 / whole as f64;
    match part {
        0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        _ if percent < 0.1 => "< 0.1 %".to_owned(),
        _ if percent > 99.9 => "> 99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// How many times `base` a value is: `×1.5`. Nothing if either is missing or zero, or if they are equal.
pub(crate) fn ratio(value: Option<f64>, base: Option<f64>) -> Option<String> {
    let (value, base) = (value?, base?);
    if value == base || value == 0.0 || base == 0.0 {
        return None;
    }
    let ratio = value / base;
    Some(match ratio {
        1e6.. => format!("×{ratio:.1e}"),
        100.0..1e6 => format!("×{}", rounded(ratio)),
        10.0..100.0 => format!("×{ratio:.1}"),
        0.095..10.0 => format!("×{ratio:.2}"),
        _ => format!("×{ratio:.1e}"),
    })
}

/// A text whose times end at the millisecond, but for what stands between backticks. A number of more than three digits
/// behind leading zeros, more than three of them behind the point, is a time: an amount has three digits.
pub(crate) fn with_short_times(text: &str) -> String {
    let quoted = |(place, part): (usize, &str)| if place % 2 == 1 { part.to_owned() } else { shortened(part) };
    text.split('`').enumerate().map(quoted).collect::<Vec<_>>().join("`")
}

fn shortened(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|next: char| next.is_ascii_digit()) {
        short.push_str(&rest[..start]);
        let number = &rest[start..];
        let end = number.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(number.len());
        let (number, behind) = number.split_at(end);
        short.push_str(&short_time(number).unwrap_or_else(|| number.to_owned()));
        rest = behind;
    }
    short + rest
}

/// A time to the millisecond, if a number is one that is more exact.
fn short_time(number: &str) -> Option<String> {
    let stop = if number.ends_with('.') { "." } else { "" };
    let (whole, part) = number.trim_end_matches('.').split_once('.')?;
    let digits = format!("{whole}{part}");
    let is_time = part.len() > 3 && part.len() <= 9 && digits.trim_start_matches('0').len() > 3;
    let nanos: u64 = is_time.then(|| format!("{whole}{part:0<9}").parse().ok())??;
    Some(format!("{}{stop}", milliseconds(Instant::from_nanos(nanos))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_end_at_the_millisecond_and_amounts_stay() {
        for (text, short) in [
            ("at 127.809309141 s.", "at 127.809 s."),
            ("sent 7.1999, arrived 7.2.", "sent 7.200, arrived 7.2."),
            (
                "from 0.002035497 s on 0.000667 of 10.0.0.1 and 0.00075 %.",
                "from 0.002 s on 0.000667 of 10.0.0.1 and 0.00075 %.",
            ),
            ("step 1, `wait 1.23456 s`, since 1.23456 s", "step 1, `wait 1.23456 s`, since 1.235 s"),
        ] {
            assert_eq!(with_short_times(text), short);
        }
    }

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
    fn three_digits_are_told_with_their_unit() {
        for (value, text) in [
            (0.0, "0"),
            (0.059_64, "0.0596"),
            (2.4, "2.4"),
            (999.9, "1,000"),
            (10_795.0, "10,800"),
            (1_234_567.0, "1,230,000"),
            (-4_321.0, "-4,320"),
        ] {
            assert_eq!(rounded(value), text);
        }
        for (value, unit, text) in [
            (38_689_280.0, "B·s", "38.7 MB·s"),
            (999.9, "B·s", "1 kB·s"),
            (0.25, "B", "0.25 B"),
            (0.0, "B", "0"),
            (2.5e18, "B", "2,500 PB"),
            (10_795.0, "worker·s", "10,800 worker·s"),
            (3.0, "", "3"),
        ] {
            assert_eq!(scaled(value, unit), text);
        }
    }

    #[test]
    fn a_share_is_all_or_nothing_only_if_it_is() {
        let shares = [(0, 7), (1, 10_000), (1, 3), (10_795, 10_800), (7, 7)].map(|(part, whole)| share(part, whole));
        assert_eq!(shares, ["0 %", "< 0.1 %", "33.3 %", "> 99.9 %", "100 %"]);
    }

    #[test]
    fn ratios_are_given_where_they_mean_something() {
        for (value, base, text) in [
            (Some(0.15), Some(0.1), Some("×1.50")),
            (Some(250.0), Some(1.0), Some("×250")),
            (Some(38_021.0), Some(1.0), Some("×38,000")),
            (Some(1_209_040.0), Some(1.0), Some("×1.2e6")),
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
