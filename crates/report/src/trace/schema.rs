//! The JSON Schema of a trace's lines, read off the records that the schema of the stream is written for.

use std::collections::BTreeMap;

use experiment::RECORD_FORMAT;
use experiment::record::{Fields, Sent, Value, samples};
use serde_json::{Map, Value as Json, json};
use tcp_endpoint::FourTuple;

/// The JSON Schema of each line of a trace.
#[must_use]
pub fn trace_schema() -> Json {
    let (mut lines, mut changes) = (Kinds::default(), Kinds::default());
    for record in samples() {
        record.tell(&mut lines);
        for change in &record.changes {
            change.tell(&mut changes);
        }
    }
    let header = json!({
        "description": "the first line: what run it is",
        "properties": {
            "kind": { "const": "header" },
            "format": { "const": RECORD_FORMAT, "description": "the format of the records" },
            "experiment": { "type": "string" },
            "handshake": { "type": "string" },
            "teardown": { "type": "string" },
            "seed": { "type": "integer" },
            "horizon": { "type": "number", "description": "the end of the run, in seconds" },
            "hosts": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["kind", "format", "experiment", "handshake", "teardown", "seed", "horizon", "hosts"],
    });
    let end = json!({
        "description": "the last line: the digest of all records",
        "properties": {
            "kind": { "const": "end" },
            "t": { "type": "number", "description": "the time of the last event, in seconds" },
            "records": { "type": "integer", "description": "how many records there are" },
            "digest": { "type": "string", "description": "128 bits in hexadecimal digits" },
        },
        "required": ["kind", "t", "records", "digest"],
    });
    let id = json!({ "type": "integer", "description": "the place of the record in the stream, from 0" });
    let also = json!({
        "type": "array", "items": { "type": "integer" }, "maxItems": 2,
        "description": "at most two further records without which it would not exist"
    });
    let list = json!({
        "type": "array", "items": { "oneOf": changes.schemas(&[]) },
        "description": "what changes with it: memory, timers, workers, what applications are told",
    });
    let beside = [("id", id), ("also", also), ("changes", list)];
    let lines: Vec<Json> = [header].into_iter().chain(lines.schemas(&beside)).chain([end]).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a trace of synlab",
        "type": "object",
        "oneOf": lines,
    })
}

/// The fields of each kind of record, as they are told.
#[derive(Default)]
struct Kinds {
    kinds: BTreeMap<u32, Kind>,
    last: u32,
}

#[derive(Default)]
struct Kind {
    name: &'static str,
    meaning: &'static str,
    fields: Map<String, Json>,
}

impl Kinds {
    fn schemas(self, beside: &[(&str, Json)]) -> Vec<Json> {
        let schema = |Kind { name, meaning, fields }: Kind| {
            let mut required: Vec<String> = fields.keys().cloned().collect();
            let mut properties = Map::from_iter([("kind".to_owned(), json!({ "const": name }))]);
            properties.extend(fields);
            for (name, schema) in beside {
                properties.insert((*name).to_owned(), schema.clone());
            }
            required.extend(beside.iter().filter(|(name, _)| *name == "id").map(|(name, _)| (*name).to_owned()));
            required.push("kind".to_owned());
            json!({
                "description": meaning, "properties": properties, "required": required, "additionalProperties": false
            })
        };
        self.kinds.into_values().map(schema).collect()
    }

    fn add(&mut self, name: &str, meaning: &str, mut schema: Json) {
        schema["description"] = meaning.into();
        if let Some(kind) = self.kinds.get_mut(&self.last) {
            kind.fields.insert(name.to_owned(), schema);
        }
    }
}

impl Fields for Kinds {
    fn kind(&mut self, name: &'static str, number: u32, meaning: &'static str) {
        self.last = number;
        self.kinds.entry(number).or_insert_with(|| Kind { name, meaning, fields: Map::new() });
    }

    fn field(&mut self, name: &'static str, meaning: &'static str, value: Value<'_>) {
        let schema = match value {
            Value::Number(_) => json!({ "type": "integer" }),
            Value::Optional(_) => json!({ "type": ["integer", "null"] }),
            Value::Flag(_) => json!({ "type": "boolean" }),
            Value::Word(_, words) => json!({ "enum": words }),
            Value::OptionalWord(_, words) => {
                let words = words.iter().map(|word| json!(word)).chain([Json::Null]);
                json!({ "enum": words.collect::<Vec<_>>() })
            }
            Value::Host(_) | Value::Socket(_) | Value::Flags(_) => json!({ "type": "string" }),
            Value::OptionalHost(_) | Value::OptionalSocket(_) => json!({ "type": ["string", "null"] }),
            Value::Attempt(_) => json!({
                "type": "object",
                "properties": { "host": { "type": "string" }, "ordinal": { "type": "integer" } },
                "required": ["host", "ordinal"],
            }),
            Value::Time(_) => json!({ "type": "number" }),
            Value::OptionalTime(_) => json!({ "type": ["number", "null"] }),
            Value::Times(_) => json!({ "type": "array", "items": { "type": "number" } }),
            Value::Records(_) => json!({ "type": ["integer", "null"] }),
        };
        self.add(name, meaning, schema);
    }

    fn segment(&mut self, _sent: &Sent) {
        self.add("sport", "its source port", json!({ "type": "integer" }));
        self.add("dport", "its destination port", json!({ "type": "integer" }));
        let meaning = "SEG.SEQ, counted from the nearest initial sequence number of its direction";
        self.add("seq", meaning, json!({ "type": ["integer", "null"] }));
        let meaning = "SEG.ACK, counted from the nearest initial sequence number of the other direction";
        self.add("ack", meaning, json!({ "type": ["integer", "null"] }));
        let words = json!({ "type": "array", "items": { "enum": ["SYN", "data", "FIN", "acknowledgment"] } });
        self.add("carries", "what it carries", words);
        let meaning = "the [[inject]] of the file that it is one of, from 1";
        self.add("inject", meaning, json!({ "type": ["integer", "null"] }));
    }

    fn name(&mut self, _tuple: FourTuple) {
        self.add("peer", "the host of the peer's address, if it is anyone's", json!({ "type": ["string", "null"] }));
        self.add("sport", "its port", json!({ "type": "integer" }));
        self.add("dport", "the peer's port", json!({ "type": "integer" }));
    }
}
