//! The axes of a sweep: keys, and the values they take.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::diagnostic::{Diagnostic, Diagnostics, Place, Source};
use super::range::{Range, computed, linear, logarithmic};
use super::tree::{self, Node, Table, Value};
use super::variant::Kind;

/// Keys that no run depends on, or that the sweep itself decides.
const NOT_VARIED: [&str; 7] = ["seed", "sweep", "question", "claim", "verdict", "evidence", "expect"];

/// A key and its values: exactly one of `values`, `range` and `log-range`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "SweepAxis")]
pub(super) struct AxisSection {
    /// A key of this file, dotted, as `--set` takes it: "link.delay", "link.fault.1.delay", "handshake".
    pub(super) key: String,
    /// The values one by one.
    #[serde(default)]
    #[schemars(schema_with = "list_of_anything")]
    values: Option<Anything>,
    /// Values at equal distances.
    range: Option<Range>,
    /// Values at equal ratios.
    log_range: Option<Range>,
}

/// A list that is read elsewhere.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<IgnoredAny>::deserialize(deserializer).map(|_| Self)
    }
}

fn list_of_anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "array", "minItems": 1 })
}

/// A key that a sweep varies, and its values.
#[derive(Clone, PartialEq, Debug)]
pub struct SweepAxis {
    key: String,
    /// Where the key stands.
    place: Place,
    values: Vec<SweepValue>,
}

/// A value that a swept key has at some points.
#[derive(Clone, PartialEq, Debug)]
pub struct SweepValue {
    /// The value as the file states it, or as it was computed from a range.
    pub(super) node: Node,
    /// What it lays over the file.
    pub(super) overlay: Table,
}

impl SweepAxis {
    /// The key, as the file states it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values, in their order.
    #[must_use]
    pub fn values(&self) -> &[SweepValue] {
        &self.values
    }

    /// The place of the key.
    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// The same axis with at most so many values, spread evenly from the first to the last.
    pub(super) fn thinned(&self, most: usize) -> Self {
        let values = spread(self.values.len(), most).into_iter().map(|place| self.values[place].clone()).collect();
        Self { values, ..self.clone() }
    }

    pub(super) fn read(
        section: &AxisSection,
        node: &Node,
        normal: &impl Fn(Table) -> Result<Table, Diagnostics>,
    ) -> Result<Self, Diagnostics> {
        let table = node.table()?;
        let key_node = table.get("key").expect("a section without it is not read");
        let place = key_node.place.clone();
        let path = key_tree(key_node, &section.key)?;
        check_key(&section.key, &place)?;
        let mut errors = Diagnostics::default();
        let mut stated = ["values", "range", "log-range"].into_iter().filter_map(|word| table.entry(word));
        let Some(entry) = stated.next() else {
            return Err(place.error("an axis needs one of `values`, `range` and `log-range`").into());
        };
        for other in stated {
            let message =
                format!("an axis has one of `values`, `range` and `log-range`: here is `{}` already", entry.key);
            errors.push(other.key_place.error(message));
        }
        let nodes = match (&section.values, section.range, section.log_range) {
            (None, Some(range), _) => errors.keep(computed(&entry.node, linear(range))),
            (None, None, Some(range)) => errors.keep(computed(&entry.node, logarithmic(range))),
            _ => errors.keep(listed(&section.key, &entry.node)),
        };
        let mut values = Vec::new();
        for node in nodes.unwrap_or_default() {
            let mut overlay = path.clone();
            put_at_leaf(&mut overlay, &alone(&section.key, &node));
            // A key that is none is one mistake, not one for each value.
            match normal(overlay) {
                Ok(overlay) => values.push(SweepValue { node, overlay }),
                Err(wrong) => {
                    errors.extend(wrong);
                    break;
                }
            }
        }
        errors.or(Self { key: section.key.clone(), place, values })
    }
}

impl SweepValue {
    /// The value as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json(&self.node)
    }

    /// The name of the variant that it chooses, if its key is `handshake` or `teardown`.
    pub(super) fn name(&self) -> Option<&str> {
        self.node.as_str().or_else(|| self.node.as_table()?.get("name")?.as_str())
    }
}

/// A string without its quotes, anything else as JSON.
impl fmt::Display for SweepValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node.value {
            Value::String(text) => f.pad(text),
            Value::Table(table) if self.name().is_some() && table.get("base").is_some() => {
                f.pad(self.name().unwrap_or_default())
            }
            _ => f.pad(&self.json().to_string()),
        }
    }
}

pub(super) fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::String(text) => text.as_str().into(),
        Value::Integer(number) => serde_json::Number::from_i128(*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Datetime => serde_json::Value::Null,
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Table(table) => {
            table.iter().map(|entry| (entry.key.clone(), json(&entry.node))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}

/// The key as a tree of tables with a value at its leaf that is still to come. Every part has its place in the string.
fn key_tree(node: &Node, key: &str) -> Result<Table, Diagnostics> {
    let source = Source::new("key", format!("{key}=0"));
    let place =
        |span: &std::ops::Range<usize>| node.place.inside(key, span.start.min(key.len())..span.end.min(key.len()));
    let root = tree::parse(&source).map_err(|wrong| {
        let mut errors = Diagnostics::default();
        for error in wrong.as_slice() {
            let place = error.span.as_ref().map_or_else(|| node.place.clone(), &place);
            errors.push(place.error(format!("not a key: {}", error.message)));
        }
        errors
    })?;
    let mut table = root.table()?.clone();
    move_keys(&mut table, &place);
    Ok(table)
}

fn move_keys(table: &mut Table, place: &impl Fn(&std::ops::Range<usize>) -> Place) {
    for entry in table.iter_mut() {
        entry.key_place = place(&entry.key_place.span);
        entry.node.place = entry.key_place.clone();
        if let Value::Table(table) = &mut entry.node.value {
            move_keys(table, place);
        }
    }
}

/// The value as the key takes it: a design of one's own is the only one in a list, or it would be laid over those of the
/// file.
fn alone(key: &str, value: &Node) -> Node {
    let is_design = Kind::of(key).is_some() && value.as_table().is_some();
    let place = value.place.clone();
    if is_design { Node { value: Value::Array(vec![value.clone()]), place } } else { value.clone() }
}

fn put_at_leaf(table: &mut Table, value: &Node) {
    for entry in table.iter_mut() {
        match &mut entry.node.value {
            Value::Table(table) => put_at_leaf(table, value),
            _ => entry.node.clone_from(value),
        }
    }
}

/// Refuses keys that cannot be varied.
fn check_key(key: &str, place: &Place) -> Result<(), Diagnostic> {
    let parts: Vec<&str> = key.split('.').map(str::trim).collect();
    if NOT_VARIED.contains(&parts[0]) {
        let help = if parts[0] == "seed" {
            "`replications` has a seed for each"
        } else {
            "a key of a host, a link, a handshake or a teardown, or `horizon`"
        };
        return Err(place.error(format!("a sweep cannot vary `{}`", parts[0])).with_help(help));
    }
    if let Some(kind) = Kind::of(parts[0])
        && (parts.len() == 2 || (parts.len() == 3 && parts[2] == "name"))
    {
        let message = format!("the names of the {}s stay the same over a sweep", kind.key());
        return Err(place.error(message).with_help(format!("an axis `{}` varies them", kind.key())));
    }
    Ok(())
}

/// Values as they stand in the file.
fn listed(key: &str, list: &Node) -> Result<Vec<Node>, Diagnostics> {
    let items = list.array()?;
    if items.is_empty() {
        return Err(list.place.error("the list of values is empty").into());
    }
    let mut errors = Diagnostics::default();
    let chooses = Kind::of(key);
    for (place, item) in items.iter().enumerate() {
        if let (Some(kind), Some(_)) = (chooses, item.as_array()) {
            errors.push(item.place.error(format!("one {} for each point, not a list", kind.key())));
        }
        if !is_finite(item) {
            errors.push(item.place.error("not a number that can be written down"));
        }
        if items[..place].iter().any(|other| json(other) == json(item)) {
            errors.push(item.place.error("the value is listed twice"));
        }
    }
    errors.or(items.to_vec())
}

fn is_finite(node: &Node) -> bool {
    match &node.value {
        Value::Float(number) => number.is_finite(),
        Value::Array(items) => items.iter().all(is_finite),
        Value::Table(table) => table.iter().all(|entry| is_finite(&entry.node)),
        _ => true,
    }
}

/// At most `most` of `count` places, evenly from the first to the last.
pub(super) fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most).map(|place| place * (count - 1) / (most - 1).max(1)).collect()
}

/// Where `below` says something that `above` says too.
pub(super) fn overlap<'a>(above: &Table, below: &'a Table) -> Option<&'a Place> {
    above.iter().find_map(|entry| {
        let other = below.entry(&entry.key)?;
        match (entry.node.as_table(), other.node.as_table()) {
            (Some(above), Some(below)) => overlap(above, below),
            _ => Some(&other.key_place),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_keeps_the_ends() {
        assert_eq!(spread(5, 2), [0, 4]);
        assert_eq!(spread(5, 3), [0, 2, 4]);
        assert_eq!(spread(5, 1), [0]);
        assert_eq!(spread(2, 3), [0, 1]);
    }
}
