//! A span of virtual time, and its text form.

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The units a duration is written in, with their length in nanoseconds, longest first.
pub const UNITS: [(&str, u64); 8] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// A span of virtual time in nanoseconds. It cannot be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span there is.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A span of `micros` microseconds, at most [`Duration::MAX`].
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// A span of `millis` milliseconds, at most [`Duration::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A span of `secs` seconds, at most [`Duration::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// The span in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The span in seconds, for reports only: results are computed on the integer.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a report rounds; no event time is computed from it")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether the span is empty.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self − other`, zero if `other` is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Self;

    /// Same as [`Duration::saturating_sub`].
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl Mul<u64> for Duration {
    type Output = Self;

    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl Div<u64> for Duration {
    type Output = Self;

    fn div(self, divisor: u64) -> Self {
        Self(self.0 / divisor)
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseDurationError {
    /// There is no number in front.
    NoNumber,
    /// The number is negative.
    Negative,
    /// The number has no unit.
    NoUnit,
    /// The unit is not one of [`UNITS`].
    UnknownUnit(String),
    /// The value is not a whole number of nanoseconds.
    TooFine,
    /// The value is over 584 years.
    TooLong,
}

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => write!(f, "a duration starts with a number, as in \"50ms\""),
            Self::Negative => write!(f, "a duration cannot be negative"),
            Self::NoUnit => write!(f, "a duration needs a unit: ns, us, ms, s, min, h or d"),
            Self::UnknownUnit(unit) => {
                write!(f, "unknown unit `{unit}`: expected ns, us, ms, s, min, h or d")
            }
            Self::TooFine => write!(f, "a duration is a whole number of nanoseconds"),
            Self::TooLong => write!(f, "a duration is at most 584 years"),
        }
    }
}

impl std::error::Error for ParseDurationError {}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        let text = text.trim();
        if text.starts_with('-') {
            return Err(ParseDurationError::Negative);
        }
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim());
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.contains('.') || (number.contains('.') && fraction.is_empty()) {
            return Err(ParseDurationError::NoNumber);
        }
        if unit.is_empty() {
            return Err(ParseDurationError::NoUnit);
        }
        let nanos_per_unit = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|&(_, nanos)| u128::from(nanos))
            .ok_or_else(|| ParseDurationError::UnknownUnit(unit.to_owned()))?;
        exact_nanos(whole, fraction.trim_end_matches('0'), nanos_per_unit)
    }
}

/// `whole.fraction` units in nanoseconds, by integers only, so that no value is rounded.
fn exact_nanos(whole: &str, fraction: &str, nanos_per_unit: u128) -> Result<Duration, ParseDurationError> {
    use ParseDurationError::{TooFine, TooLong};
    let whole: u64 = whole.parse().map_err(|_| TooLong)?;
    let mut nanos = u128::from(whole) * nanos_per_unit;
    if !fraction.is_empty() {
        // 24 digits times the longest unit still fit; more cannot be whole nanoseconds anyway.
        if fraction.len() > 20 {
            return Err(TooFine);
        }
        let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(u32::MAX));
        let part = fraction.parse::<u128>().map_err(|_| TooFine)? * nanos_per_unit;
        if !part.is_multiple_of(scale) {
            return Err(TooFine);
        }
        nanos += part / scale;
    }
    u64::try_from(nanos).map(Duration).map_err(|_| TooLong)
}

/// The longest of s, ms, us and ns in which the value has at most three decimals: `50ms`, `1.5s`, `7875s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let (unit, nanos) = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)]
            .into_iter()
            .find(|&(_, nanos)| self.0 >= nanos && self.0.is_multiple_of((nanos / 1_000).max(1)))
            .unwrap_or(("ns", 1));
        let (whole, rest) = (self.0 / nanos, self.0 % nanos);
        if rest == 0 {
            return f.pad(&format!("{whole}{unit}"));
        }
        let width = nanos.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        f.pad(&format!("{whole}.{}{unit}", digits.trim_end_matches('0')))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a duration such as \"50ms\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A duration: a number and a unit (ns, us, ms, s, min, h, d), as in \"50ms\" or \"1.5 s\".",
            "pattern": r"^\s*\d+(\.\d+)?\s*(ns|us|µs|ms|s|min|h|d)\s*$"
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_every_unit() {
        for (text, nanos) in [
            ("0s", 0),
            ("1ns", 1),
            ("2us", 2_000),
            ("2µs", 2_000),
            ("50ms", 50_000_000),
            ("50 ms", 50_000_000),
            ("1.5 s", 1_500_000_000),
            ("3.55s", 3_550_000_000),
            ("2min", 120_000_000_000),
            ("3h", 10_800_000_000_000),
            ("24d", 2_073_600_000_000_000),
            ("0.000000001s", 1),
        ] {
            assert_eq!(text.parse(), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        use ParseDurationError::{Negative, NoNumber, NoUnit, TooFine, TooLong, UnknownUnit};
        for (text, error) in [
            ("", NoNumber),
            ("ms", NoNumber),
            ("1.s", NoNumber),
            ("1.2.3s", NoNumber),
            ("-1s", Negative),
            ("50", NoUnit),
            ("50 sec", UnknownUnit("sec".to_owned())),
            ("0.5ns", TooFine),
            ("600000d", TooLong),
            ("99999999999999999999s", TooLong),
        ] {
            assert_eq!(text.parse::<Duration>(), Err(error), "{text}");
        }
    }

    #[test]
    fn prints_the_longest_readable_unit() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5us"),
            (50_000_000, "50ms"),
            (1_100_000_000, "1.1s"),
            (1_234_567_000, "1234.567ms"),
            (7_875_000_000_000, "7875s"),
        ] {
            assert_eq!(Duration::from_nanos(nanos).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_to_the_same_value(nanos: u64) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }
    }
}
