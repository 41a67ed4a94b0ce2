//! Probabilities, and how a draw becomes a number.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A probability, from 0 to 1.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default, Serialize)]
pub struct Probability(f64);

impl Probability {
    /// Never.
    pub const ZERO: Self = Self(0.0);
    /// Always.
    pub const ONE: Self = Self(1.0);

    /// The probability `value`, if it is one.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The value, from 0 to 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether it takes a draw to know: the probability is neither 0 nor 1.
    pub(crate) fn is_uncertain(self) -> bool {
        self.0 > 0.0 && self.0 < 1.0
    }

    /// Whether the event happens, as a uniform draw of 64 bits says. The same draw happens under every larger probability
    /// too, so that a run with more loss loses what a run with less loss did.
    pub(crate) fn happens(self, draw: u64) -> bool {
        unit(draw) < self.0
    }
}

/// A uniform draw from [0, 1), of the 53 high bits.
pub(crate) fn unit(draw: u64) -> f64 {
    (draw >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// A uniform draw from (0, 1), of the 52 high bits: the midpoints of 2⁵² intervals, so that it is symmetric, each value has
/// an exact complement, and neither end is ever met.
pub(crate) fn open_unit(draw: u64) -> f64 {
    ((draw >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
}

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(ProbabilityVisitor)
    }
}

/// Takes a number from 0 to 1, written with or without a point.
pub(crate) struct ProbabilityVisitor;

impl Visitor<'_> for ProbabilityVisitor {
    type Value = Probability;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a probability from 0 to 1")
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Probability, E> {
        Probability::new(value)
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &"a probability from 0 to 1"))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Probability, E> {
        match value {
            0 => Ok(Probability::ZERO),
            1 => Ok(Probability::ONE),
            _ => Err(E::invalid_value(serde::de::Unexpected::Signed(value), &"a probability from 0 to 1")),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Probability, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl JsonSchema for Probability {
    fn schema_name() -> Cow<'static, str> {
        "Probability".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1, "description": "A probability, from 0 to 1." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_is_certain() {
        for draw in [0, 1 << 11, u64::MAX] {
            assert!(Probability::ONE.happens(draw) && !Probability::ZERO.happens(draw));
        }
    }

    #[test]
    fn a_draw_is_compared_with_all_of_its_53_bits() {
        let least = Probability::new(1.0 / (1_u64 << 53) as f64).unwrap();
        assert!(least.happens((1 << 11) - 1));
        assert!(!least.happens(1 << 11));
    }

    #[test]
    fn uniform_draws_keep_inside_their_interval() {
        assert_eq!((unit(0), unit(u64::MAX)), (0.0, 1.0 - f64::EPSILON / 2.0));
        assert_eq!((open_unit(0), open_unit(u64::MAX)), (f64::EPSILON / 2.0, 1.0 - f64::EPSILON / 2.0));
    }

    #[test]
    fn only_probabilities_are_probabilities() {
        for (value, valid) in [(0.0, true), (1.0, true), (-0.1, false), (1.1, false), (f64::NAN, false)] {
            assert_eq!(Probability::new(value).is_some(), valid, "{value}");
        }
    }
}
