//! How often something happens: `"20 / s"`, `"2 / min"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use sim_time::{Duration, UNITS};

/// How often something happens, on average. In a file it is a number above zero, a stroke and a unit of time: `"20 / s"`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    times: f64,
    /// The name of the unit of time, and its length in nanoseconds.
    unit: &'static str,
    nanos: u64,
}

impl Rate {
    /// So many times in a second.
    #[must_use]
    pub const fn per_second(times: f64) -> Self {
        Self { times, unit: "s", nanos: 1_000_000_000 }
    }

    /// The mean time from one to the next, in nanoseconds.
    #[must_use]
    pub const fn mean_nanos(self) -> f64 {
        self.nanos as f64 / self.times
    }

    /// How many times in its unit of time.
    pub(crate) const fn times(self) -> f64 {
        self.times
    }

    /// The name of its unit of time.
    pub(crate) const fn unit(self) -> &'static str {
        self.unit
    }

    /// A time from one to the next, exponential with that mean, that a uniform draw of 64 bits stands for.
    pub(crate) fn interval(self, draw: u64) -> Duration {
        net_link::exponential(self.mean_nanos(), draw)
    }
}

/// Why a text is not a rate.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseRateError {
    /// There is no number, no stroke, or nothing behind it.
    #[error("a rate is a number, a stroke and a unit of time, as in \"20 / s\"")]
    Form,
    /// The number is not above zero, or has no end.
    #[error("a rate is above zero")]
    Zero,
    /// More than once a nanosecond.
    #[error("a rate is at most once a nanosecond, the grain of time")]
    TooFast,
    /// No such unit.
    #[error("unknown unit of time `{0}`: expected ns, us, ms, s, min, h or d")]
    Unit(String),
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (number, unit) = text.split_once('/').ok_or(ParseRateError::Form)?;
        let (number, unit) = (number.trim(), unit.trim());
        if unit.is_empty() || !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(ParseRateError::Form);
        }
        let times: f64 = number.parse().map_err(|_| ParseRateError::Form)?;
        let (unit, nanos) =
            *UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(|| ParseRateError::Unit(unit.to_owned()))?;
        let rate = Self { times, unit, nanos };
        match rate.mean_nanos() {
            mean if times <= 0.0 || !mean.is_finite() => Err(ParseRateError::Zero),
            mean if mean < 1.0 => Err(ParseRateError::TooFast),
            _ => Ok(rate),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as \"20 / s\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "How often: a number, a stroke and a unit of time (ns, us, ms, s, min, h, d), as in \"20 / s\".",
            "pattern": r"^\s*\d+(\.\d*)?(e-?\d+)?\s*/\s*(ns|us|ms|s|min|h|d)\s*$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_number_a_stroke_and_a_unit() {
        for (text, nanos) in [("20 / s", 5e7), ("2/min", 3e10), ("0.5 / s", 2e9), ("1e-3 / ms", 1e9), ("3 / h", 1.2e12)]
        {
            assert_eq!(text.parse::<Rate>().map(Rate::mean_nanos), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        use ParseRateError::{Form, TooFast, Unit, Zero};
        for (text, error) in [
            ("20", Form),
            ("20 /", Form),
            ("/ s", Form),
            ("often / s", Form),
            ("-1 / s", Form),
            ("0 / s", Zero),
            ("2 / week", Unit("week".to_owned())),
            ("2 / ns", TooFast),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(error), "{text}");
        }
    }
}
