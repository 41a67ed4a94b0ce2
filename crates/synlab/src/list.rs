//! `synlab list`: what there is, one line each.

use experiment::{BuiltIn, cases, catalogue, claims, profiles};
use schemars::JsonSchema;
use serde_json::Value;
use tcp_endpoint::presets::{HANDSHAKES, TEARDOWNS};
use tcp_endpoint::{Handshake, Teardown};

use crate::Ending;
use crate::cli::{List, Topic};
use crate::complaint::Complaint;
use crate::output;

pub(crate) fn list(arguments: &List) -> Result<Ending, Complaint> {
    let text = match arguments.what {
        Some(topic) => lines(topic),
        None => {
            let topics = [
                ("Handshakes and teardowns", Topic::Variants),
                ("Axes: the decisions they are made of", Topic::Axes),
                ("Profiles", Topic::Profiles),
                ("Metrics (HOST is a host's name)", Topic::Metrics),
                ("Built-in cases", Topic::Cases),
                ("Built-in claims, put to the test", Topic::Claims),
            ];
            topics.map(|(title, topic)| format!("{title}\n{}", lines(topic))).join("\n")
        }
    };
    output::write(None, &text)?;
    Ok(Ending::Done)
}

fn lines(topic: Topic) -> String {
    let rows: Vec<[String; 3]> = match topic {
        Topic::Variants => variants(),
        Topic::Axes => [axes::<Handshake>("handshake"), axes::<Teardown>("teardown")].concat(),
        Topic::Profiles => files(profiles()),
        Topic::Metrics => {
            catalogue(&["HOST"]).iter().map(|metric| row(&metric.name, metric.unit, metric.meaning)).collect()
        }
        Topic::Cases => files(cases()),
        Topic::Claims => files(claims()),
    };
    aligned(&rows)
}

fn variants() -> Vec<[String; 3]> {
    let handshakes = HANDSHAKES.iter().map(|preset| row(preset.name, "handshake", preset.summary));
    let teardowns = TEARDOWNS.iter().map(|preset| row(preset.name, "teardown", preset.summary));
    handshakes.chain(teardowns).collect()
}

/// The fields of a policy, with the values they take, as the type itself declares them.
fn axes<T: JsonSchema>(of: &str) -> Vec<[String; 3]> {
    let schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    properties
        .iter()
        .map(|(name, property)| {
            let reference = property["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            let kind = reference.and_then(|path| schema.pointer(path)).unwrap_or(property);
            let meaning = property["description"].as_str().or(kind["description"].as_str()).unwrap_or_default();
            let meaning = meaning.lines().next().unwrap_or_default();
            row(name, of, &format!("{meaning} [{}]", values(kind).join(", ")))
        })
        .collect()
}

/// The words a schema allows.
fn values(kind: &Value) -> Vec<String> {
    let words = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    match (&kind["type"], &kind["oneOf"]) {
        (Value::String(name), _) if name == "boolean" => vec!["true".to_owned(), "false".to_owned()],
        (_, Value::Array(choices)) => choices
            .iter()
            .flat_map(|choice| {
                choice["const"].as_str().map_or_else(|| words(&choice["enum"]), |word| vec![word.to_owned()])
            })
            .collect(),
        _ if kind["enum"].is_array() => words(&kind["enum"]),
        _ => vec!["a duration".to_owned()],
    }
}

/// Built-in files with what they are for.
fn files(files: Vec<BuiltIn>) -> Vec<[String; 3]> {
    files.iter().map(|file| row(file.name, "", &file.summary().unwrap_or_default())).collect()
}

fn row(name: &str, kind: &str, meaning: &str) -> [String; 3] {
    [name, kind, meaning].map(str::to_owned)
}

/// Rows with their columns one below the other; a column that is empty throughout is left out.
fn aligned(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut text = String::new();
    for [name, kind, meaning] in rows {
        let kind = if second > 0 { format!("{kind:second$}  ") } else { String::new() };
        text.push_str(format!("{name:first$}  {kind}{meaning}").trim_end());
        text.push('\n');
    }
    text
}
