//! A choice of ordinals: one, several, or all from one on.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A choice of whole numbers of at least `LEAST`. In a file: `3`, `[1, 3]`, or `"3.."` for 3 and everything above.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Numbers<const LEAST: u32> {
    /// Each of these.
    List(Vec<u32>),
    /// This one and everything above.
    From(u32),
}

impl<const LEAST: u32> Numbers<LEAST> {
    /// Whether `number` is one of them.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        match self {
            Self::List(numbers) => numbers.contains(&number),
            Self::From(first) => number >= *first,
        }
    }
}

impl<const LEAST: u32> Serialize for Numbers<LEAST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::List(numbers) if numbers.len() == 1 => numbers[0].serialize(serializer),
            Self::List(numbers) => numbers.serialize(serializer),
            Self::From(first) => serializer.collect_str(&format_args!("{first}..")),
        }
    }
}

impl<'de, const LEAST: u32> Deserialize<'de> for Numbers<LEAST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumbersVisitor::<LEAST>)
    }
}

struct NumbersVisitor<const LEAST: u32>;

impl<const LEAST: u32> NumbersVisitor<LEAST> {
    fn checked<E: Error>(&self, number: i64) -> Result<u32, E> {
        u32::try_from(number)
            .ok()
            .filter(|&number| number >= LEAST)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), self))
    }
}

impl<'de, const LEAST: u32> Visitor<'de> for NumbersVisitor<LEAST> {
    type Value = Numbers<LEAST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {LEAST}, a list of them, or a text such as \"3..\" for 3 and above")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Numbers::List(vec![self.checked(number)?]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let first = text.strip_suffix("..").and_then(|first| first.trim().parse().ok());
        let first = first.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))?;
        self.checked(first).map(Numbers::From)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = list.next_element()? {
            numbers.push(self.checked(number)?);
        }
        if numbers.is_empty() {
            return Err(A::Error::invalid_length(0, &self));
        }
        Ok(Numbers::List(numbers))
    }
}

impl<const LEAST: u32> JsonSchema for Numbers<LEAST> {
    fn schema_name() -> Cow<'static, str> {
        format!("NumbersFrom{LEAST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = json_schema!({ "type": "integer", "minimum": LEAST, "maximum": u32::MAX });
        json_schema!({
            "description": "A whole number, a list of them, or a text such as \"3..\" for 3 and above.",
            "anyOf": [
                number,
                { "type": "array", "items": number, "minItems": 1 },
                { "type": "string", "pattern": r"^\d+\s*\.\.$" }
            ]
        })
    }
}
