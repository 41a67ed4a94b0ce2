//! `synlab list`: what there is.

use experiment::{BUNDLES, BuiltIn, cases, catalogue, claims, profiles, studies};
use schemars::JsonSchema;
use serde_json::Value;
use tcp_endpoint::presets::{HANDSHAKES, TEARDOWNS};
use tcp_endpoint::{Handshake, Selection, Teardown};

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
                ("Built-in studies, to be swept", Topic::Studies),
            ];
            topics.map(|(title, topic)| format!("{title}\n{}", lines(topic))).join("\n")
        }
    };
    output::write(None, &text)?;
    Ok(Ending::Done)
}

/// Columns of an entry of several lines, where there is no terminal to say.
const WIDTH: usize = 100;

/// Something to list.
struct Entry {
    name: String,
    /// What kind of thing it is, or its unit.
    kind: String,
    /// What there is to say, each on a line of its own.
    says: Vec<String>,
}

impl Entry {
    fn new(name: &str, kind: &str, says: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.to_owned(), kind: kind.to_owned(), says: says.into_iter().map(Into::into).collect() }
    }
}

fn lines(topic: Topic) -> String {
    let terminal = output::width(None);
    match topic {
        Topic::Variants => aligned(&variants(), terminal.unwrap_or(WIDTH)),
        Topic::Axes => {
            let axes = axes_of::<Handshake>("handshake").into_iter().chain(axes_of::<Teardown>("teardown"));
            // Of a host's own settings, which no preset decides, one is a matter of design.
            let axes = axes.chain(axes_of::<Selection>("host").into_iter().filter(|axis| axis.name == "isn"));
            let bundles = BUNDLES.iter().map(|bundle| {
                let [on, off] = bundle.settings.map(|settings| settings.join(", "));
                Entry::new(
                    bundle.name,
                    "bundle",
                    [bundle.meaning.to_owned(), format!("on: {on}"), format!("off: {off}")],
                )
            });
            let axes = axes.chain(bundles);
            aligned(&axes.collect::<Vec<_>>(), terminal.unwrap_or(WIDTH))
        }
        // One line each, for programs that look for one.
        Topic::Profiles => aligned(&files(profiles()), terminal.unwrap_or(usize::MAX)),
        Topic::Cases => aligned(&files(cases()), terminal.unwrap_or(usize::MAX)),
        Topic::Claims => aligned(&files(claims()), terminal.unwrap_or(usize::MAX)),
        Topic::Studies => aligned(&files(studies()), terminal.unwrap_or(usize::MAX)),
        Topic::Metrics => {
            let metrics = catalogue(&["HOST"]);
            let entries = metrics.iter().map(|metric| Entry::new(&metric.name, metric.unit, [metric.meaning]));
            aligned(&entries.collect::<Vec<_>>(), terminal.unwrap_or(usize::MAX))
        }
    }
}

fn variants() -> Vec<Entry> {
    let handshakes = HANDSHAKES.iter().map(|preset| {
        let says = [
            preset.summary.to_owned(),
            format!("on the wire: {}", preset.exchange),
            format!("the server: {}", preset.server),
            format!("from: {}", preset.source),
        ];
        Entry::new(preset.name, "handshake", says)
    });
    let teardowns = TEARDOWNS.iter().map(|preset| {
        let says = [preset.summary.to_owned(), format!("from: {}", preset.source)];
        Entry::new(preset.name, "teardown", says)
    });
    handshakes.chain(teardowns).collect()
}

/// The fields of a policy, with the values they take, as the type itself declares them.
fn axes_of<T: JsonSchema>(of: &str) -> Vec<Entry> {
    let schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    properties
        .iter()
        .map(|(name, property)| {
            let of_type = &resolved(property, &schema)["description"];
            let meaning = property["description"].as_str().or(of_type.as_str()).unwrap_or_default();
            let paragraph = meaning.split("\n\n").next().unwrap_or_default().replace('\n', " ");
            let values = values(property, &schema).join(" | ");
            Entry::new(name, of, [paragraph, values])
        })
        .collect()
}

/// A schema, or what it refers to.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let path = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    path.and_then(|path| root.pointer(path)).unwrap_or(schema)
}

/// What a schema allows: words, or a kind of value.
fn values(schema: &Value, root: &Value) -> Vec<String> {
    let schema = resolved(schema, root);
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return choices.iter().flat_map(|choice| values(choice, root)).collect();
    }
    if let Some(word) = schema["const"].as_str() {
        return vec![word.to_owned()];
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let kinds = match schema["type"].as_str() {
        Some("boolean") => &["true", "false"][..],
        Some("integer") => &["a whole number"],
        Some("number") => &["a number"],
        Some("string") => &["a duration"],
        _ => &["a value"],
    };
    kinds.iter().map(|&kind| kind.to_owned()).collect()
}

/// Built-in files with what they are for.
fn files(files: Vec<BuiltIn>) -> Vec<Entry> {
    files.iter().map(|file| Entry::new(file.name, "", file.summary())).collect()
}

/// Entries with their columns one below the other, in lines of at most `width` columns if that can be; a column that is
/// empty throughout is left out.
fn aligned(entries: &[Entry], width: usize) -> String {
    let widest =
        |part: fn(&Entry) -> &String| entries.iter().map(|entry| part(entry).chars().count()).max().unwrap_or(0);
    let (first, second) = (widest(|entry| &entry.name), widest(|entry| &entry.kind));
    let mut text = String::new();
    for Entry { name, kind, says } in entries {
        let kind = if second > 0 { format!("{kind:second$}  ") } else { String::new() };
        let mut before = format!("{name:first$}  {kind}");
        let room = width.saturating_sub(before.chars().count());
        let said = says.iter().flat_map(|paragraph| wrapped(paragraph, room));
        for line in said {
            text.push_str(format!("{before}{line}").trim_end());
            text.push('\n');
            before = " ".repeat(before.chars().count());
        }
    }
    text
}

/// A paragraph in lines of at most `width` columns, unless a word is longer.
fn wrapped(paragraph: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in paragraph.split(' ') {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if width.checked_sub(line.chars().count() + 1).is_some_and(|room| word.chars().count() <= room) {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
