//! How long to put up with something.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sim_time::Duration;

/// How long to put up with something: a duration, or `"forever"`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Patience {
    /// So long.
    For(Duration),
    /// Without end.
    Forever,
}

impl Patience {
    /// The time, if there is an end to it.
    #[must_use]
    pub const fn limit(self) -> Option<Duration> {
        match self {
            Self::For(duration) => Some(duration),
            Self::Forever => None,
        }
    }
}

impl Serialize for Patience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::For(duration) => duration.serialize(serializer),
            Self::Forever => serializer.serialize_str("forever"),
        }
    }
}

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Patience;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a duration such as \"60s\", or \"forever\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Patience, E> {
                if text == "forever" {
                    return Ok(Patience::Forever);
                }
                text.parse().map(Patience::For).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Patience {
    fn schema_name() -> Cow<'static, str> {
        "Patience".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        json_schema!({ "anyOf": [duration, { "const": "forever" }] })
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{BoolDeserializer, Error, StrDeserializer};

    use super::*;

    #[test]
    fn is_a_duration_or_for_ever() {
        let read = |text| Patience::deserialize(StrDeserializer::<Error>::new(text));
        assert_eq!(read("60s"), Ok(Patience::For(Duration::from_secs(60))));
        assert_eq!(read("forever"), Ok(Patience::Forever));
        assert!(read("ever").is_err());
        let error = Patience::deserialize(BoolDeserializer::<Error>::new(true)).expect_err("a truth");
        assert!(error.to_string().ends_with("expected a duration such as \"60s\", or \"forever\""), "{error}");
    }
}
