//! Amounts with units: `"10 Mbit/s"`, `"64 kB"`, `"100 packets"`. Their text form is exact in both directions.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sim_time::Duration;

/// The units of a rate in bit/s, largest first. Prefixes are decimal.
const RATE_UNITS: [(&str, u64); 4] =
    [("Gbit/s", 1_000_000_000), ("Mbit/s", 1_000_000), ("kbit/s", 1_000), ("bit/s", 1)];

/// The units of a size in octets, largest first. Prefixes are decimal.
const SIZE_UNITS: [(&str, u64); 4] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1)];

/// How fast a line takes bits. In a file: a number and bit/s, kbit/s, Mbit/s or Gbit/s (10³, 10⁶, 10⁹ bit/s).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitRate(NonZeroU64);

impl BitRate {
    /// A rate in bit/s.
    #[must_use]
    pub const fn from_bits_per_second(rate: NonZeroU64) -> Self {
        Self(rate)
    }

    /// The rate in bit/s.
    #[must_use]
    pub const fn bits_per_second(self) -> u64 {
        self.0.get()
    }

    /// How long the line is busy with that many octets, rounded up to a whole nanosecond.
    #[must_use]
    pub fn transmission_time(self, octets: u32) -> Duration {
        let bit_nanos = u128::from(octets) * 8 * 1_000_000_000;
        let nanos = bit_nanos.div_ceil(u128::from(self.0.get()));
        // 2³² octets at 1 bit/s take 3.4 · 10¹⁹ ns, which is more than 2⁶⁴.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// How much may wait for the line, the packet being sent not counted. In a file: a size (`"64 kB"`; kB, MB and GB are
/// decimal) or a number of packets (`"100 packets"`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueLimit {
    /// That many octets.
    Octets(u64),
    /// That many packets.
    Packets(u64),
}

/// Why a text is not an amount.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ParseAmountError {
    /// There is no plain number in front.
    NoNumber,
    /// The unit, perhaps none, is not one of those expected.
    UnknownUnit {
        /// What stands there.
        unit: String,
        /// What could.
        expected: &'static str,
    },
    /// The value is not a whole number of the smallest unit.
    TooFine,
    /// The value does not fit 64 bits.
    TooLarge,
    /// The value is zero and must not be.
    Zero,
}

impl fmt::Display for ParseAmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber => write!(f, "an amount starts with a number, as in \"10 Mbit/s\" or \"64 kB\""),
            Self::UnknownUnit { unit, expected } if unit.is_empty() => {
                write!(f, "the unit is missing: one of {expected}")
            }
            Self::UnknownUnit { unit, expected } => write!(f, "unknown unit `{unit}`: expected {expected}"),
            Self::TooFine => write!(f, "an amount is a whole number of its smallest unit"),
            Self::TooLarge => write!(f, "the amount does not fit 64 bits"),
            Self::Zero => write!(f, "expected more than zero"),
        }
    }
}

impl std::error::Error for ParseAmountError {}

impl FromStr for BitRate {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let (number, unit) = split(text)?;
        let (_, scale) = RATE_UNITS.into_iter().find(|&(name, _)| name == unit).ok_or_else(|| {
            ParseAmountError::UnknownUnit { unit: unit.to_owned(), expected: "bit/s, kbit/s, Mbit/s, Gbit/s" }
        })?;
        NonZeroU64::new(exact(number, scale)?).map(Self).ok_or(ParseAmountError::Zero)
    }
}

impl FromStr for QueueLimit {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let (number, unit) = split(text)?;
        if matches!(unit, "packet" | "packets") {
            return exact(number, 1).map(Self::Packets);
        }
        let (_, scale) = SIZE_UNITS.into_iter().find(|&(name, _)| name == unit).ok_or_else(|| {
            ParseAmountError::UnknownUnit { unit: unit.to_owned(), expected: "packets, B, kB, MB, GB" }
        })?;
        exact(number, scale).map(Self::Octets)
    }
}

/// The number and the unit of a text.
fn split(text: &str) -> Result<(&str, &str), ParseAmountError> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    if end == 0 { Err(ParseAmountError::NoNumber) } else { Ok((&text[..end], text[end..].trim_start())) }
}

/// A decimal number times `scale`, a power of ten, by integers only, so that no value is rounded.
fn exact(number: &str, scale: u64) -> Result<u64, ParseAmountError> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() && !fraction.contains('.') => {
            (whole, fraction.trim_end_matches('0'))
        }
        None => (number, ""),
        Some(_) => return Err(ParseAmountError::NoNumber),
    };
    let decimals = scale.ilog10() as usize;
    if fraction.len() > decimals {
        return Err(ParseAmountError::TooFine);
    }
    format!("{whole}{fraction:0<decimals$}").parse().map_err(|_| ParseAmountError::TooLarge)
}

/// Writes an amount in the largest unit in which it has at most three decimals.
fn write_amount(f: &mut fmt::Formatter<'_>, amount: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fits = |&&(_, scale): &&(&str, u64)| amount >= scale && amount.is_multiple_of((scale / 1_000).max(1));
    let &(unit, scale) = units.iter().find(fits).unwrap_or(&units[units.len() - 1]);
    let (whole, rest) = (amount / scale, amount % scale);
    if rest == 0 {
        return f.pad(&format!("{whole} {unit}"));
    }
    let width = scale.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    f.pad(&format!("{whole}.{} {unit}", digits.trim_end_matches('0')))
}

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_amount(f, self.0.get(), &RATE_UNITS)
    }
}

impl fmt::Display for QueueLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Octets(octets) => write_amount(f, octets, &SIZE_UNITS),
            Self::Packets(1) => f.pad("1 packet"),
            Self::Packets(packets) => f.pad(&format!("{packets} packets")),
        }
    }
}

/// What the two text forms have in common towards serde.
macro_rules! text_form {
    ($type:ident, $expecting:literal, $description:literal, $pattern:literal) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description, "pattern": $pattern })
            }
        }
    };
}

text_form!(
    BitRate,
    "a rate such as \"10 Mbit/s\"",
    "A rate: a number and a unit (bit/s, kbit/s, Mbit/s, Gbit/s), as in \"10 Mbit/s\".",
    r"^\s*\d+(\.\d+)?\s*[kMG]?bit/s\s*$"
);
text_form!(
    QueueLimit,
    "a size such as \"64 kB\", or a number of packets such as \"100 packets\"",
    "A size (B, kB, MB, GB), as in \"64 kB\", or a number of packets, as in \"100 packets\".",
    r"^\s*\d+(\.\d+)?\s*([kMG]?B|packets?)\s*$"
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_and_prints() {
        for (text, rate, printed) in [
            ("1 bit/s", 1, "1 bit/s"),
            ("9600bit/s", 9_600, "9.6 kbit/s"),
            ("10 Mbit/s", 10_000_000, "10 Mbit/s"),
            ("2.5 Gbit/s", 2_500_000_000, "2.5 Gbit/s"),
            ("1000 kbit/s", 1_000_000, "1 Mbit/s"),
            ("1.000001 Mbit/s", 1_000_001, "1000.001 kbit/s"),
        ] {
            let parsed: BitRate = text.parse().unwrap();
            assert_eq!((parsed.bits_per_second(), parsed.to_string().as_str()), (rate, printed), "{text}");
        }
        for (text, limit, printed) in [
            ("64 kB", QueueLimit::Octets(64_000), "64 kB"),
            ("1.5kB", QueueLimit::Octets(1_500), "1.5 kB"),
            ("0 B", QueueLimit::Octets(0), "0 B"),
            ("1 packet", QueueLimit::Packets(1), "1 packet"),
            ("100 packets", QueueLimit::Packets(100), "100 packets"),
        ] {
            let parsed: QueueLimit = text.parse().unwrap();
            assert_eq!((parsed, parsed.to_string().as_str()), (limit, printed), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            ("fast", "an amount starts with a number"),
            ("1.2.3 bit/s", "an amount starts with a number"),
            ("10", "the unit is missing"),
            ("10 mbit/s", "unknown unit `mbit/s`: expected bit/s, kbit/s"),
            ("0.0001 kbit/s", "whole number"),
            ("0 Mbit/s", "more than zero"),
            ("99999999999 Gbit/s", "64 bits"),
        ] {
            let error = text.parse::<BitRate>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!("1.5 packets".parse::<QueueLimit>().is_err());
    }

    #[test]
    fn transmission_times_are_rounded_up() {
        for (text, octets, nanos) in [
            ("8 bit/s", 1, 1_000_000_000),
            ("3 Gbit/s", 1, 3),
            ("10 Mbit/s", 1_500, 1_200_000),
            ("1 Gbit/s", 0, 0),
            ("1 bit/s", u32::MAX, u64::MAX),
        ] {
            let rate: BitRate = text.parse().unwrap();
            assert_eq!(rate.transmission_time(octets).as_nanos(), nanos, "{octets} at {text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_to_the_same_value(amount in 1_u64.., packets: u64) {
            let rate = BitRate(NonZeroU64::new(amount).unwrap());
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            for limit in [QueueLimit::Octets(amount), QueueLimit::Packets(packets)] {
                prop_assert_eq!(limit.to_string().parse(), Ok(limit));
            }
        }
    }
}
