//! `[[sweep.expect]]`: what must hold of the runs of a group.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::diagnostic::{Diagnostic, Diagnostics, suggest};
use super::expect::{Context, Expectation};
use super::file::{Expect, Names};
use super::measure::Measure;
use super::sweep_axis::{SweepAxis, SweepValue};
use super::tree::{Node, Table, Value};

/// Something that must hold of many runs: at every point, or at those with some values of the axes. A metric stands for its
/// mean; `p90(…)`, `share(… > 0)` and the like are as in `metrics`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "SweepExpect")]
pub(super) struct Section {
    /// A comparison, such as "setup.seconds.mean < two-way:setup.seconds.mean".
    that: String,
    /// The points it is about: a value for each of some axes, such as { "link.loss" = 0.3 }. Default: all.
    #[serde(default)]
    #[schemars(schema_with = "table_of_anything")]
    at: Option<AnyTable>,
    /// The handshakes it is about. Default: all.
    handshake: Option<Names>,
    /// The teardowns it is about. Default: all.
    teardown: Option<Names>,
    /// Why it must hold.
    because: Option<String>,
}

/// A table that is read elsewhere.
struct AnyTable;

impl<'de> Deserialize<'de> for AnyTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::collections::BTreeMap::<String, IgnoredAny>::deserialize(deserializer).map(|_| Self)
    }
}

fn table_of_anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object" })
}

/// An expectation of many runs.
#[derive(Clone, PartialEq, Debug)]
pub struct SweepExpectation {
    expectation: Expectation,
    /// The values that some axes have, by their keys.
    at: Vec<(String, Node)>,
}

impl SweepExpectation {
    /// What must hold, and for whom. It reads measures by their texts instead of metrics.
    #[must_use]
    pub const fn expectation(&self) -> &Expectation {
        &self.expectation
    }

    /// Whether it is about a point at which the axes have these values.
    #[must_use]
    pub fn is_about(&self, axes: &[SweepAxis], values: &[&SweepValue]) -> bool {
        self.at.iter().all(|(key, node)| {
            axes.iter().zip(values).any(|(axis, value)| axis.key().trim() == key && is_same(&value.node, node))
        })
    }

    /// Checks an expectation of which `node` is the tree; also gives the measures that it reads.
    pub(super) fn read(
        section: &Section,
        node: &Node,
        axes: &[SweepAxis],
        context: &Context,
    ) -> Result<(Self, Vec<Measure>), Diagnostics> {
        let mut errors = Diagnostics::default();
        let names = |names: &Option<Names>| names.as_ref().map(|Names(names)| Names(names.clone()));
        let expect = Expect {
            that: section.that.clone(),
            handshake: names(&section.handshake),
            teardown: names(&section.teardown),
            because: section.because.clone(),
        };
        let expectation = errors.keep(Expectation::read_of_runs(expect, node, context));
        let mut at = Vec::new();
        if let (Some(_), Some(table)) = (&section.at, node.table()?.get("at")) {
            values_at(table.table()?, "", axes, &mut at, &mut errors);
        }
        let Some((expectation, measures)) = expectation else { return Err(errors) };
        errors.or((Self { expectation, at }, measures))
    }
}

/// Collects the values that a table gives to axes. A key may be quoted or dotted.
fn values_at(table: &Table, before: &str, axes: &[SweepAxis], at: &mut Vec<(String, Node)>, errors: &mut Diagnostics) {
    for entry in table.iter() {
        let key = format!("{before}{}", entry.key);
        let keys = || axes.iter().map(|axis| axis.key().trim());
        let begins = || keys().any(|known| known.starts_with(&format!("{key}.")));
        if let Some(axis) = axes.iter().find(|axis| axis.key().trim() == key) {
            errors.keep(known_value(axis, &entry.node));
            at.push((key, entry.node.clone()));
        } else if let Some(table) = entry.node.as_table().filter(|_| begins()) {
            values_at(table, &format!("{key}."), axes, at, errors);
        } else {
            let help = suggest(&key, keys().collect::<Vec<_>>());
            errors.push(entry.key_place.error(format!("the sweep has no axis `{key}`")).with_help(help));
        }
    }
}

fn known_value(axis: &SweepAxis, node: &Node) -> Result<(), Diagnostic> {
    if axis.values().iter().any(|value| is_same(&value.node, node)) {
        return Ok(());
    }
    let values: Vec<String> = axis.values().iter().map(ToString::to_string).collect();
    let error = node.place.error(format!("`{}` never has this value, so this is never checked", axis.key()));
    Err(error.with_help(format!("it has {}", values.join(", "))))
}

/// Whether two values are the same, wherever they stand; 0 is 0.0.
fn is_same(one: &Node, other: &Node) -> bool {
    let number = |node: &Node| match node.value {
        Value::Integer(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        _ => None,
    };
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => super::sweep_axis::json(one) == super::sweep_axis::json(other),
    }
}
