//! For editors and beginners: the JSON Schema of an experiment file, and a file to start from.

use net_link::LinkConfig;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use tcp_endpoint::{
    Acknowledgment, Backlog, Checks, Close, Handshake, HandshakeRetries, Keepalive, Persistence, SegmentSizes,
    Selection, Teardown, Timers,
};

use super::file::{Host, Sizes, Top};
use super::variant::Kind;

/// The JSON Schema (draft 2020-12) of an experiment file.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let top = object::<Top>(&mut generator);
    let host = object::<Host>(&mut generator);
    let policy = object::<Handshake>(&mut generator);
    let settings = [
        object::<Teardown>(&mut generator),
        object::<Selection>(&mut generator),
        object::<Checks>(&mut generator),
        object::<Acknowledgment>(&mut generator),
        object::<Timers>(&mut generator),
        object::<HandshakeRetries>(&mut generator),
        object::<Backlog>(&mut generator),
        object::<Persistence>(&mut generator),
        object::<Keepalive>(&mut generator),
        object::<SegmentSizes>(&mut generator),
        object::<Close>(&mut generator),
        object::<Sizes>(&mut generator),
    ];
    let link = object::<LinkConfig>(&mut generator);
    let mut definitions: Map<String, Value> = generator.take_definitions(true);

    let all_settings = || settings.iter().flat_map(|part| part.properties.clone());
    let host = closed(host.properties.into_iter().chain(all_settings()).collect(), &[]);
    let overlay = policy.properties.into_iter().chain(all_settings());
    let overlay: Map<String, Value> = overlay.collect();
    definitions.insert("Host".to_owned(), host);
    definitions.insert("Link".to_owned(), closed(link.properties.clone(), &[]));

    let host_ref = json!({ "$ref": "#/$defs/Host" });
    let mut sections = closed(link.properties, &[]);
    sections["additionalProperties"] = json!({ "$ref": "#/$defs/Link" });
    sections["description"] = json!("The link between every two hosts; [link.A-B] and [link.A-to-B] say more.");
    let mut properties = top.properties;
    for kind in [Kind::Handshake, Kind::Teardown] {
        properties.insert(kind.key().to_owned(), choice_schema(kind, &overlay));
    }
    properties.insert("client".to_owned(), host_ref.clone());
    properties.insert("server".to_owned(), host_ref.clone());
    properties.insert(
        "host".to_owned(),
        json!({
            "type": "object",
            "description": "Hosts by name.",
            "propertyNames": { "pattern": "^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$" },
            "additionalProperties": host_ref
        }),
    );
    properties.insert("link".to_owned(), sections);
    let mut root = closed(properties, &top.required);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("synlab experiment");
    root["$defs"] = Value::Object(definitions);
    without_null(&mut root);
    root
}

/// Takes out `null`, which an optional field's schema allows and TOML does not have.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for keyword in ["type", "anyOf"] {
                let Some(Value::Array(choices)) = object.get_mut(keyword) else { continue };
                choices.retain(|choice| choice != "null" && choice["type"] != "null");
                if let [only] = choices.as_mut_slice() {
                    let only = only.take();
                    match (keyword, only) {
                        ("anyOf", Value::Object(inner)) => {
                            object.remove(keyword);
                            object.extend(inner);
                        }
                        (_, only) => {
                            object.insert(keyword.to_owned(), only);
                        }
                    }
                }
            }
            // What is left is in defaults.
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// A commented experiment to start from.
#[must_use]
pub const fn template() -> &'static str {
    include_str!("template.toml")
}

struct Object {
    properties: Map<String, Value>,
    required: Vec<Value>,
}

/// The properties of a struct's schema.
fn object<T: JsonSchema>(generator: &mut SchemaGenerator) -> Object {
    let schema = T::json_schema(generator);
    let get = |key| schema.get(key).cloned();
    Object {
        properties: get("properties").and_then(|value| value.as_object().cloned()).unwrap_or_default(),
        required: get("required").and_then(|value| value.as_array().cloned()).unwrap_or_default(),
    }
}

/// A table with these keys and no others.
fn closed(properties: Map<String, Value>, required: &[Value]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A name, or a table that lays settings of its own over a preset, or a list of these.
fn choice_schema(kind: Kind, overlay: &Map<String, Value>) -> Value {
    let names = json!({ "enum": kind.preset_names() });
    let mut own = overlay.clone();
    own.insert("name".to_owned(), json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]+$" }));
    own.insert("base".to_owned(), json!({ "enum": kind.preset_names(), "default": kind.default_name() }));
    let one = json!([names, closed(own, &[json!("name")])]);
    json!({
        "description": format!("The {}s to compare. Default: \"{}\".", kind.key(), kind.default_name()),
        "anyOf": [names, one[1], { "type": "array", "minItems": 1, "items": { "anyOf": one } }]
    })
}
