//! A serde deserialiser over a [`Node`] whose errors know the innermost value or key they are about.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::diagnostic::{Diagnostic, Place, suggest};
use super::tree::{Entry, Node, Table, Value};

/// Reads a value of type `T`.
pub(super) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Diagnostic> {
    T::deserialize(node).map_err(|error| error.at(&node.place))
}

/// Reads a `T` from a table put together from several texts; `place` is where a missing key belongs.
pub(super) fn read_table<T: DeserializeOwned>(table: Table, place: &Place) -> Result<T, Diagnostic> {
    read(&Node { value: Value::Table(table), place: place.clone() })
}

/// The keys of a struct, as its `Deserialize` knows them.
pub(super) fn fields_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let probe = Probe(Cell::new(&[]));
    // The probe refuses every value: the keys it was asked for are all that is wanted.
    let _ = T::deserialize(&probe);
    probe.0.get()
}

struct Probe(Cell<&'static [&'static str]>);

impl<'de> de::Deserializer<'de> for &Probe {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("a probe has no value"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.set(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Why a value could not be read, with its place once a value or key has claimed it.
#[derive(Debug)]
pub(super) struct Error {
    message: String,
    help: Option<String>,
    place: Option<Place>,
}

impl Error {
    fn new(message: String) -> Self {
        Self { message, help: None, place: None }
    }

    fn claimed_by(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }

    fn at(self, place: &Place) -> Diagnostic {
        let error = self.claimed_by(place);
        let diagnostic = error.place.as_ref().expect("just claimed").error(error.message);
        Diagnostic { help: error.help, ..diagnostic }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("expected {}, found {}", plain(&expected.to_string()), found_words(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { help: Some(suggest(field, expected.iter().copied())), ..Self::new(format!("unknown key `{field}`")) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            help: Some(suggest(variant, expected.iter().copied())),
            ..Self::new(format!("unknown value `{variant}`"))
        }
    }

    fn missing_field(field: &'static str) -> Self {
        let help = (field == "horizon").then(|| "add the end of the run, such as horizon = \"10 min\"".to_owned());
        Self { help, ..Self::new(format!("missing key `{field}`")) }
    }
}

/// serde's name of what it wants, in words of someone who writes TOML.
fn plain(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, zero or more",
        "i64" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
    .to_owned()
}

fn found_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("the string {text:?}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        Unexpected::Bool(truth) => truth.to_string(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

impl<'de> de::Deserializer<'de> for &Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(number) => visit_integer(*number, visitor),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(truth) => visitor.visit_bool(*truth),
            Value::Datetime => Err(de::Error::invalid_type(Unexpected::Other("a date or time"), &visitor)),
            Value::Array(items) => visitor.visit_seq(Items(items.iter())),
            Value::Table(table) => visitor.visit_map(Entries { rest: table.iter(), current: None }),
        }
        .map_err(|error| error.claimed_by(&self.place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    /// serde would take a list for a struct whose fields come in order; a file says which is which.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.as_array().is_some() {
            return Err(Error::new("expected a table, found a list".to_owned()).claimed_by(&self.place));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Table(table) if table.iter().count() == 1 => {
                visitor.visit_enum(de::value::MapAccessDeserializer::new(Entries { rest: table.iter(), current: None }))
            }
            other => Err(Error::new(format!("expected a word, found {}", other.kind()))),
        }
        .map_err(|error| error.claimed_by(&self.place))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct identifier ignored_any
    }
}

fn visit_integer<'de, V: Visitor<'de>>(number: i128, visitor: V) -> Result<V::Value, Error> {
    if let Ok(number) = i64::try_from(number) {
        visitor.visit_i64(number)
    } else if let Ok(number) = u64::try_from(number) {
        visitor.visit_u64(number)
    } else {
        Err(Error::new("the number is out of range".to_owned()))
    }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.0.next() else { return Ok(None) };
        seed.deserialize(node).map(Some).map_err(|error| error.claimed_by(&node.place))
    }
}

struct Entries<'a> {
    rest: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.current = self.rest.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(entry.key.as_str().into_deserializer())
            .map(Some)
            .map_err(|error: Error| error.claimed_by(&entry.key_place))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let entry = self.current.expect("serde asks for a key before its value");
        seed.deserialize(&entry.node).map_err(|error| error.claimed_by(&entry.node.place))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use sim_time::Duration;

    use super::*;
    use crate::input::diagnostic::Source;
    use crate::input::tree::parse;

    #[derive(Deserialize, Serialize, Debug)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Sample {
        time_wait: Option<Duration>,
        port: Option<u16>,
        how: Option<How>,
        parts: Option<Vec<Part>>,
    }

    #[derive(Deserialize, Serialize, Debug)]
    #[serde(rename_all = "kebab-case")]
    enum How {
        HalfOpen,
        Late(Duration),
    }

    #[derive(Deserialize, Serialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Part {
        name: String,
    }

    #[test]
    fn errors_point_at_the_innermost_key_or_value() {
        for (text, error) in [
            ("time-wiat = \"1s\"", "t:1:1: unknown key `time-wiat` (did you mean `time-wait`?)"),
            ("x = 1", "t:1:1: unknown key `x` (expected one of `time-wait`, `port`, `how`, `parts`)"),
            ("time-wait = \"-5ms\"", "t:1:13: a duration cannot be negative"),
            ("time-wait = 5", "t:1:13: expected a duration such as \"50ms\", found the number 5"),
            ("time-wait = 2020-01-01", "t:1:13: expected a duration such as \"50ms\", found a date or time"),
            ("port = 70000", "t:1:8: expected a whole number from 0 to 65535, found the number 70000"),
            ("port = 99999999999999999999999", "t:1:8: the number is out of range"),
            ("how = \"halfopen\"", "t:1:7: unknown value `halfopen` (did you mean `half-open`?)"),
            ("how = 3", "t:1:7: expected a word, found the number 3"),
            ("how = { late = \"1\" }", "t:1:16: a duration needs a unit: ns, us, ms, s, min, h or d"),
            ("[[parts]]\nname = \"a\"\n[[parts]]\n", "t:3:1: missing key `name`"),
            ("parts = [{ name = \"a\" }, { name = true }]", "t:1:35: expected a string, found true"),
            ("parts = [{ nam = \"a\" }]", "t:1:12: unknown key `nam` (did you mean `name`?)"),
            ("parts = [[]]", "t:1:10: expected a table, found a list"),
            ("parts = {}", "t:1:9: expected a list, found a table"),
        ] {
            let node = parse(&Source::new("t", text)).unwrap();
            assert_eq!(read::<Sample>(&node).unwrap_err().to_string(), error, "{text}");
        }
    }

    #[test]
    fn reads_what_is_right() {
        let node = parse(&Source::new("t", "how = \"half-open\"\nparts = [{ name = \"a\" }]")).unwrap();
        let sample: Sample = read(&node).unwrap();
        assert!(matches!(sample.how, Some(How::HalfOpen)));
        let node = parse(&Source::new("t", "how = { late = \"1s\" }")).unwrap();
        assert!(read::<Sample>(&node).is_ok());
    }

    #[test]
    fn a_struct_tells_its_keys() {
        assert_eq!(fields_of::<Sample>(), ["time-wait", "port", "how", "parts"]);
    }
}
