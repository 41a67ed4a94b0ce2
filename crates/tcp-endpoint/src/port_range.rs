//! A range of ports.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The ports that an OPEN without a local port may take: written `"FIRST-LAST"`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The ports from `first` to `last`; `None` if that is none, or if port 0 is among them.
    #[must_use]
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first == 0 || first > last { None } else { Some(Self { first, last }) }
    }

    /// How many ports there are.
    #[must_use]
    pub fn count(self) -> u32 {
        u32::from(self.last - self.first) + 1
    }

    /// The place of a port, counted from 0; `None` if it is not one of them.
    #[must_use]
    pub(crate) fn place(self, port: u16) -> Option<u32> {
        (self.first..=self.last).contains(&port).then(|| u32::from(port - self.first))
    }

    /// The port at a place, counted from 0 and below [`PortRange::count`].
    #[must_use]
    pub(crate) fn port(self, place: u32) -> u16 {
        debug_assert!(place < self.count());
        self.first + u16::try_from(place).expect("there are fewer than 2¹⁶ ports")
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = PortRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a range of ports such as \"49152-65535\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<PortRange, E> {
                let ends = text.split_once('-').and_then(|(first, last)| first.parse().ok().zip(last.parse().ok()));
                let wrong =
                    || E::custom(format!("`{text}` is no range of ports: expected FIRST-LAST, from 1 to 65535"));
                ends.and_then(|(first, last)| PortRange::new(first, last)).ok_or_else(wrong)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for PortRange {
    fn schema_name() -> Cow<'static, str> {
        "PortRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$" })
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    fn read(text: &str) -> Result<PortRange, Error> {
        PortRange::deserialize(StrDeserializer::new(text))
    }

    #[test]
    fn is_read_as_it_is_written() {
        for (text, first, last) in [("1-65535", 1, 65_535), ("80-80", 80, 80)] {
            let range = PortRange::new(first, last).expect("a range");
            assert_eq!((read(text), range.to_string().as_str()), (Ok(range), text));
        }
        for wrong in ["", "80", "80-79", "0-80", "1-65536", "a-b", "1-2-3"] {
            let error = read(wrong).expect_err(wrong).to_string();
            assert_eq!(error, format!("`{wrong}` is no range of ports: expected FIRST-LAST, from 1 to 65535"));
        }
        assert_eq!(PortRange::schema_name(), "PortRange", "as the schema refers to it");
        let error = PortRange::deserialize(serde::de::value::U16Deserializer::<Error>::new(80)).expect_err("a number");
        assert!(error.to_string().ends_with("expected a range of ports such as \"49152-65535\""), "{error}");
    }

    #[test]
    fn a_place_has_one_port() {
        let range = PortRange::new(1000, 1009).expect("a range");
        assert_eq!((range.count(), range.port(0), range.port(9)), (10, 1000, 1009));
        assert_eq!([999, 1000, 1009, 1010].map(|port| range.place(port)), [None, Some(0), Some(9), None]);
    }
}
