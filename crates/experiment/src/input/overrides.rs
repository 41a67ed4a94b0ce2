//! `--set key.path=value`: small trees that are laid over the file's.

use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics, Place, Source};
use super::tree::{Node, Table, Value, parse};

/// The tree that one override stands for, given behind `flag`. The value is TOML; a bare word that is not (`1s`, `two-way`) is a string.
pub(super) fn tree(flag: &str, set: &str) -> Result<Table, Diagnostics> {
    let key_end = set.find('=').unwrap_or(set.len());
    let source = Source::new(format!("{flag} {}", set[..key_end].trim()), set);
    if key_end == set.len() {
        return Err(Place::new(&source, 0..set.len()).error("expected KEY=VALUE").into());
    }
    let root = match parse(&source) {
        Ok(root) => root,
        Err(errors) => bare_word(&source, key_end).ok_or(errors)??,
    };
    Ok(root.table()?.clone())
}

/// The overrides with single entries of lists put in their place: where the file has a list, a key is the number of an
/// entry, counted from 1 (`link.fault.1.delay`), and the override becomes the file's list with that entry changed.
pub(super) fn in_lists(file: &Table, mut sets: Table) -> Result<Table, Diagnostics> {
    let mut errors = Diagnostics::default();
    for entry in sets.iter_mut() {
        put_in_list(&entry.key, file.get(&entry.key), &mut entry.node, &mut errors);
    }
    errors.or(sets)
}

fn put_in_list(name: &str, below: Option<&Node>, above: &mut Node, errors: &mut Diagnostics) {
    let Value::Table(table) = &mut above.value else { return };
    let Some(Value::Array(items)) = below.map(|node| &node.value) else {
        let below = below.and_then(Node::as_table);
        for entry in table.iter_mut() {
            if is_number(&entry.key) {
                let message = format!("the file has no list `{name}`, and so no entry {} of it", entry.key);
                errors.push(entry.key_place.error(message));
            }
            put_in_list(&entry.key, below.and_then(|table| table.get(&entry.key)), &mut entry.node, errors);
        }
        return;
    };
    let mut items = items.clone();
    let count = items.len();
    for entry in table.iter_mut() {
        let number = entry.key.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        if let Some(item) = number.and_then(|number| items.get_mut(number)) {
            put_in_list(&entry.key, Some(item), &mut entry.node, errors);
            item.overlay(&entry.node);
            continue;
        }
        let message = if is_number(&entry.key) {
            format!("`{name}` has no entry {}: it has {count}, counted from 1", entry.key)
        } else {
            format!("`{name}` is a list: which of its entries, counted from 1?")
        };
        errors.push(entry.key_place.error(message).with_help(format!("write `{name}.1` for the first")));
    }
    above.value = Value::Array(items);
}

fn is_number(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_digit())
}

/// The override with its value taken as a string; `None` if the value was meant as TOML.
fn bare_word(source: &Arc<Source>, key_end: usize) -> Option<Result<Node, Diagnostic>> {
    let value = source.text[key_end + 1..].trim();
    if value.is_empty() || value.starts_with(['[', '{', '"', '\'']) {
        return None;
    }
    let start = source.text.len() - source.text[key_end + 1..].trim_start().len();
    // Parsed with a value that is surely TOML, the key has the same place as in the override itself.
    let key_only = Source::new(source.name.clone(), format!("{}=0", &source.text[..key_end]));
    let mut root = match parse(&key_only) {
        Ok(root) => root,
        Err(errors) => {
            let first = errors.as_slice().first()?.clone();
            return Some(Err(Diagnostic { source: Arc::clone(source), ..first }));
        }
    };
    let word = Node { value: Value::String(value.to_owned()), place: Place::new(source, start..start + value.len()) };
    put_at_leaf(&mut root, source, &word);
    Some(Ok(root))
}

/// Puts `word` at the end of a chain of tables with one key each, and says that they all stand in `source`.
fn put_at_leaf(node: &mut Node, source: &Arc<Source>, word: &Node) {
    if let Value::Table(table) = &mut node.value {
        node.place.source = Arc::clone(source);
        for entry in table.iter_mut() {
            entry.key_place.source = Arc::clone(source);
            put_at_leaf(&mut entry.node, source, word);
        }
    } else {
        node.clone_from(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_is_a_string() {
        for (set, value, span) in [
            ("a.b=1s", Value::String("1s".to_owned()), 4..6),
            ("a.b = two-way ", Value::String("two-way".to_owned()), 6..13),
            ("a.b=\"x\"", Value::String("x".to_owned()), 4..7),
            ("a.b=3", Value::Integer(3), 4..5),
            ("a.b=true", Value::Boolean(true), 4..8),
        ] {
            let table = tree("--set", set).unwrap();
            let node = table.get("a").unwrap().as_table().unwrap().get("b").unwrap();
            assert_eq!((&node.value, &node.place.span), (&value, &span), "{set}");
            assert_eq!(node.place.source.name, "--set a.b");
            assert_eq!(node.place.source.text, set);
        }
    }

    #[test]
    fn a_broken_one_says_where() {
        for (set, error) in [
            ("horizon", "--set horizon:1:1: expected KEY=VALUE"),
            ("a.script=[\"connect", "--set a.script:1:19: unclosed array, expected `]`"),
            ("=1", "--set :1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`"),
            ("a b=1s", "--set a b:1:3: key with no value, expected `=`"),
        ] {
            let errors = tree("--set", set).unwrap_err();
            assert_eq!(errors.as_slice()[0].to_string(), error, "{set}");
        }
    }
}
