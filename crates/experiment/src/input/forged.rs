//! The options of a forged segment: each is a word or a number.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Unexpected, Visitor};

use crate::{ForgedCookie, Stamp};

/// `timestamps`: a TSval, or "none".
#[derive(Clone, Copy)]
pub(super) struct Timestamps(pub(super) Stamp);

impl<'de> Deserialize<'de> for Timestamps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueOrNone;

        impl Visitor<'_> for ValueOrNone {
            type Value = Timestamps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a TSval from 0 to {}, or \"none\"", u32::MAX)
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Timestamps, E> {
                match word {
                    "none" => Ok(Timestamps(Stamp::Absent)),
                    _ => Err(E::unknown_variant(word, &["none"])),
                }
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Timestamps, E> {
                let value = u32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
                Ok(Timestamps(Stamp::Value(value)))
            }
        }

        deserializer.deserialize_any(ValueOrNone)
    }
}

impl JsonSchema for Timestamps {
    fn schema_name() -> Cow<'static, str> {
        "Timestamps".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0, "maximum": u32::MAX }, { "enum": ["none"] }] })
    }
}

/// `fast-open`: "request", "seen", or a cookie.
#[derive(Clone, Copy)]
pub(super) struct FastOpen(pub(super) ForgedCookie);

impl<'de> Deserialize<'de> for FastOpen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrCookie;

        impl Visitor<'_> for WordOrCookie {
            type Value = FastOpen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\"request\", \"seen\", or a cookie as a whole number, zero or more")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<FastOpen, E> {
                match word {
                    "request" => Ok(FastOpen(ForgedCookie::Request)),
                    "seen" => Ok(FastOpen(ForgedCookie::Seen)),
                    _ => Err(E::unknown_variant(word, &["request", "seen"])),
                }
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<FastOpen, E> {
                let cookie = u64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
                Ok(FastOpen(ForgedCookie::Value(cookie)))
            }
        }

        deserializer.deserialize_any(WordOrCookie)
    }
}

impl JsonSchema for FastOpen {
    fn schema_name() -> Cow<'static, str> {
        "FastOpen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "enum": ["request", "seen"] }, { "type": "integer", "minimum": 0 }] })
    }
}
