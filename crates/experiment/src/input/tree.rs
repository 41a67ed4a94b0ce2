//! A parsed TOML text as a tree that remembers where each key and value stands.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Diagnostics, Place, Source};

/// A value and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// A TOML value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    String(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    /// A date or a time, which no key takes.
    Datetime,
    Array(Vec<Node>),
    Table(Table),
}

/// A table's entries, in the order of the text.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Table(Vec<Entry>);

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn as_table(&self) -> Option<&Table> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    pub(super) fn as_array(&self) -> Option<&[Self]> {
        if let Value::Array(items) = &self.value { Some(items) } else { None }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// The string, or an error that names what is there instead.
    pub(super) fn string(&self) -> Result<&str, Diagnostic> {
        self.as_str().ok_or_else(|| self.place.error(format!("expected a string, found {}", self.value.kind())))
    }

    /// The table, or an error that names what is there instead.
    pub(super) fn table(&self) -> Result<&Table, Diagnostic> {
        self.as_table().ok_or_else(|| self.place.error(format!("expected a table, found {}", self.value.kind())))
    }

    /// The list, or an error that names what is there instead.
    pub(super) fn array(&self) -> Result<&[Self], Diagnostic> {
        self.as_array().ok_or_else(|| self.place.error(format!("expected a list, found {}", self.value.kind())))
    }

    /// The items of a list, or the value itself as the only item.
    pub(super) fn one_or_many(&self) -> &[Self] {
        self.as_array().unwrap_or(std::slice::from_ref(self))
    }

    /// Lays `over` on `self`: tables merge key by key, anything else is replaced.
    pub(super) fn overlay(&mut self, over: &Self) {
        match (&mut self.value, &over.value) {
            (Value::Table(below), Value::Table(above)) => below.overlay(above),
            _ => self.clone_from(over),
        }
    }
}

impl Value {
    /// What it is, for a message.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::String(text) => format!("the string {text:?}"),
            Self::Integer(number) => format!("the number {number}"),
            Self::Float(number) => format!("the number {number}"),
            Self::Boolean(truth) => truth.to_string(),
            Self::Datetime => "a date or time".to_owned(),
            Self::Array(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

impl Table {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Entry> {
        self.0.iter_mut()
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.0.iter().map(|entry| entry.key.clone()).collect()
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.0.iter().position(|entry| entry.key == key)?;
        Some(self.0.remove(at))
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    /// The entries that `chosen` picks, and the others.
    pub(super) fn partition(self, mut chosen: impl FnMut(&Entry) -> bool) -> (Self, Self) {
        let (picked, rest) = self.0.into_iter().partition(|entry| chosen(entry));
        (Self(picked), Self(rest))
    }

    /// Lays `over` on `self`: later wins, tables merge, lists are replaced.
    pub(super) fn overlay(&mut self, over: &Self) {
        for entry in &over.0 {
            match self.0.iter_mut().find(|below| below.key == entry.key) {
                Some(below) => {
                    below.node.overlay(&entry.node);
                    if below.node.as_table().is_none() {
                        below.key_place = entry.key_place.clone();
                    }
                }
                None => self.0.push(entry.clone()),
            }
        }
    }
}

/// Parses a whole TOML text. The place of the root is its first octet.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Diagnostics> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut diagnostics = Diagnostics::default();
    for error in errors {
        diagnostics.push(syntax_error(source, &error));
    }
    let place = Place::new(source, 0..0);
    let root = diagnostics.keep(own_table(source, table.get_ref()));
    diagnostics.or(root).map(|table| Node { value: Value::Table(table.unwrap_or_default()), place })
}

fn syntax_error(source: &Arc<Source>, error: &toml::de::Error) -> Diagnostic {
    Place::new(source, error.span().unwrap_or(0..0)).error(error.message())
}

fn own_table(source: &Arc<Source>, table: &DeTable<'_>) -> Result<Table, Diagnostic> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        entries.push(Entry {
            key: key.get_ref().to_string(),
            key_place: Place::new(source, key.span()),
            node: own(source, value)?,
        });
    }
    // The toml crate sorts by key; the order of the text is what counts here.
    entries.sort_by_key(|entry| entry.key_place.span.start);
    Ok(Table(entries))
}

fn own(source: &Arc<Source>, value: &toml::Spanned<DeValue<'_>>) -> Result<Node, Diagnostic> {
    let place = Place::new(source, value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => Value::Integer(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| place.error("the number is out of range"))?,
        ),
        DeValue::Float(number) => {
            Value::Float(number.as_str().parse().map_err(|_| place.error("not a number that can be read"))?)
        }
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(items) => Value::Array(items.iter().map(|item| own(source, item)).collect::<Result<_, _>>()?),
        DeValue::Table(table) => Value::Table(own_table(source, table)?),
    };
    Ok(Node { value, place })
}

/// A tree of what a value serialises to, as a text of its own.
pub(super) fn of<T: serde::Serialize>(name: String, value: &T) -> Table {
    let text = toml::to_string(value).expect("settings serialise to TOML");
    let source = Source::new(name, text);
    let root = parse(&source).expect("what the toml crate writes, it reads");
    if let Value::Table(table) = root.value { table } else { Table::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        parse(&Source::new("t", text)).unwrap().as_table().unwrap().clone()
    }

    /// A tree as compact text: what an overlay gives is easier to read that way.
    fn show(table: &Table) -> String {
        fn value(node: &Node) -> String {
            match &node.value {
                Value::Table(table) => format!("{{{}}}", show(table)),
                Value::Array(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(" ")),
                Value::Integer(number) => number.to_string(),
                other => other.kind(),
            }
        }
        table.iter().map(|entry| format!("{}={}", entry.key, value(&entry.node))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn overlay_merges_tables_and_replaces_the_rest() {
        for (below, above, result) in [
            ("a = 1", "a = 2", "a=2"),
            ("a = 1", "b = 2", "a=1 b=2"),
            ("[t]\na = 1\nb = 2", "[t]\nb = 3", "t={a=1 b=3}"),
            ("[t.u]\na = 1", "t.u.c = 3", "t={u={a=1 c=3}}"),
            ("a = [1, 2]", "a = [3]", "a=[3]"),
            ("a = 1", "[a]\nb = 1", "a={b=1}"),
            ("[a]\nb = 1", "a = 1", "a=1"),
        ] {
            let mut merged = table(below);
            merged.overlay(&table(above));
            assert_eq!(show(&merged), result, "{below:?} under {above:?}");
        }
    }

    #[test]
    fn entries_keep_the_order_of_the_text() {
        assert_eq!(show(&table("z = 1\n[host.b]\n[host.a]\n")), "z=1 host={b={} a={}}");
    }
}
