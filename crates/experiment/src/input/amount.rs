//! Amounts in a script that are drawn: the distributions that a link's delay has, in a script's words.
//!
//! `exponential mean 5 s, min 1 s` is what `{ exponential = { mean = "5 s", min = "1 s" } }` is for a link.

use net_link::Delay;

use super::de::read;
use super::diagnostic::suggest;
use super::script::{Wrong, duration, octets};
use super::tree::{Entry, Node, Table, Value};
use crate::Size;

const DISTRIBUTIONS: [&str; 6] = ["uniform", "normal", "exponential", "log-normal", "pareto", "empirical"];

/// A time: a duration, or a distribution of them. `node` is the step; `example` one with a duration.
pub(super) fn time(words: &[&str], example: &str, node: &Node) -> Result<Delay, Wrong> {
    match distribution(words)? {
        Some((name, parameters)) => drawn(name, parameters, |time| Ok(time.to_owned()), node),
        None => duration(words, example).map(Delay::Constant),
    }
}

/// A size: so many octets, or a distribution of them.
pub(super) fn size(words: &[&str], node: &Node) -> Result<Size, Wrong> {
    match distribution(words)? {
        Some((name, parameters)) => {
            let drawn = drawn(name, parameters, |size| octets(size).map(|octets| format!("{octets} ns")), node);
            drawn.map(Size).map_err(|wrong| match name {
                // Bounds that are the wrong way round are told with their values, which are no times here.
                "uniform" if wrong.message.starts_with("expected `min`") => {
                    "expected `min` to be no larger than `max`".into()
                }
                _ => wrong,
            })
        }
        None => octets(&words.join(" ")).map(Size::from),
    }
}

/// The name of a distribution and what stands behind it, unless an amount itself stands there.
fn distribution<'a>(words: &'a [&'a str]) -> Result<Option<(&'a str, &'a [&'a str])>, Wrong> {
    let Some((&name, parameters)) = words.split_first() else { return Ok(None) };
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(None);
    }
    if DISTRIBUTIONS.contains(&name) {
        return Ok(Some((name, parameters)));
    }
    let help = Some(suggest(name, DISTRIBUTIONS));
    Err(Wrong { message: format!("`{name}` is no distribution"), help })
}

/// A distribution with these parameters, `KEY VALUE` and commas between them; those of `empirical` are values alone.
/// `text` turns a value into a duration's text.
fn drawn(
    name: &str,
    parameters: &[&str],
    text: impl Fn(&str) -> Result<String, Wrong>,
    node: &Node,
) -> Result<Delay, Wrong> {
    let parameters = parameters.join(" ");
    let parts = parameters.split(',').map(str::trim).filter(|_| !parameters.is_empty());
    let at = |value| Node { value, place: node.place.clone() };
    let entry = |key: &str, value| Entry { key: key.to_owned(), key_place: node.place.clone(), node: at(value) };
    let mut table = Table::default();
    if name == "empirical" {
        let values = parts.map(|value| Ok(at(Value::String(text(value)?)))).collect::<Result<_, Wrong>>()?;
        table.push(entry("values", Value::Array(values)));
    } else {
        for part in parts {
            let (key, value) = part.split_once(' ').unwrap_or((part, ""));
            let value = match value.parse() {
                Ok(number) => Value::Float(number),
                Err(_) if value.is_empty() => return Err(format!("`{name} {part}` lacks a value").into()),
                Err(_) => Value::String(text(value)?),
            };
            if table.get(key).is_some() {
                return Err(format!("`{key}` is said twice").into());
            }
            table.push(entry(key, value));
        }
    }
    let mut distribution = Table::default();
    distribution.push(entry(name, Value::Table(table)));
    read(&at(Value::Table(distribution))).map_err(|wrong| Wrong { message: wrong.message, help: wrong.help })
}
