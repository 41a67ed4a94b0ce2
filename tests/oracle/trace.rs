//! A trace: the lines that a run leaves, as plain values.

use std::collections::HashMap;

use crate::json::Json;

/// The lines of one run.
pub(crate) struct Trace {
    /// The hosts, in the order of the file.
    pub(crate) hosts: Vec<String>,
    /// The end of the run, in nanoseconds.
    pub(crate) horizon: u128,
    pub(crate) records: Vec<Record>,
    /// What the last line says.
    pub(crate) end: Json,
}

/// A line between the first and the last.
pub(crate) struct Record {
    pub(crate) id: u64,
    /// When, in nanoseconds.
    pub(crate) t: u128,
    pub(crate) because: Option<u64>,
    pub(crate) also: Vec<u64>,
    pub(crate) kind: String,
    pub(crate) changes: Vec<Change>,
    fields: HashMap<String, Json>,
}

/// What changes with a record.
pub(crate) enum Change {
    /// Memory is taken (positive) or given back (negative).
    Memory {
        host: String,
        connection: u64,
        memory: String,
        bytes: i128,
    },
    TimerSet {
        host: String,
        connection: u64,
        deadline: u128,
    },
    Served {
        host: String,
        connection: u64,
        begins: bool,
    },
    /// What is of no interest here: a notice, or a timer that is stopped.
    Other,
}

impl Trace {
    /// Reads the lines.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut lines: Vec<Json> = text.lines().map(Json::read).collect::<Result<_, _>>()?;
        let end = lines.pop().filter(|line| line.get("kind").text() == Some("end")).ok_or("the last line is no end")?;
        let header = lines.first().ok_or("there is no first line")?;
        let horizon = header.get("horizon").nanos().ok_or("the header has no horizon")?;
        let hosts = header.get("hosts").items().iter().filter_map(Json::text).map(str::to_owned).collect();
        let records = lines.into_iter().skip(1).map(Record::of).collect::<Result<_, _>>()?;
        Ok(Self { hosts, horizon, records, end })
    }
}

impl Record {
    fn of(line: Json) -> Result<Self, String> {
        let Json::Object(fields) = line else { return Err("a line is no object".to_owned()) };
        let mut fields: HashMap<String, Json> = fields.into_iter().collect();
        let changes = fields.remove("changes").unwrap_or(Json::List(Vec::new()));
        let mut take = |name: &str| fields.remove(name).unwrap_or(Json::Null);
        Ok(Self {
            id: take("id").whole().ok_or("a line has no id")?,
            t: take("t").nanos().ok_or("a line has no time")?,
            because: take("because").whole(),
            also: take("also").items().iter().filter_map(Json::whole).collect(),
            kind: take("kind").text().ok_or("a line has no kind")?.to_owned(),
            changes: changes.items().iter().map(Change::of).collect::<Result<_, _>>()?,
            fields,
        })
    }

    /// A field; null if there is none.
    pub(crate) fn get(&self, name: &str) -> &Json {
        self.fields.get(name).unwrap_or(&Json::Null)
    }

    /// A field that is a text; empty if it is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).text().unwrap_or("")
    }

    /// A field that is a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).whole()
    }

    /// A field that is yes or no.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.get(name).is_true()
    }

    /// The attempt, as text.
    pub(crate) fn attempt(&self) -> String {
        let attempt = self.get("attempt");
        format!("{} {}", attempt.get("host").text().unwrap_or("?"), attempt.get("ordinal").digits().unwrap_or("?"))
    }

    /// What it is in every run in which it is there: the time, the kind, and fields that no other run numbers anew.
    pub(crate) fn essence(&self) -> String {
        let texts = [
            "host",
            "from",
            "to",
            "source",
            "destination",
            "local",
            "remote",
            "flags",
            "purpose",
            "call",
            "queue",
            "reason",
        ];
        let numbers = ["seq_raw", "ack_raw", "len", "retransmission"];
        let (texts, numbers) = (texts.map(|field| self.text(field)), numbers.map(|field| self.number(field)));
        format!("{} {} {texts:?} {numbers:?}", self.t, self.kind)
    }

    /// When the copies of a segment arrive.
    pub(crate) fn deliveries(&self) -> Vec<u128> {
        self.get("delivered_at").items().iter().filter_map(Json::nanos).collect()
    }
}

impl Change {
    fn of(change: &Json) -> Result<Self, String> {
        let text = |name: &str| change.get(name).text().unwrap_or("").to_owned();
        let host = text("host");
        let connection = change.get("connection").whole().ok_or("a change is of no connection")?;
        let bytes = || change.get("bytes").whole().map(i128::from).ok_or("memory has no size");
        Ok(match &*text("kind") {
            "held" => Self::Memory { host, connection, memory: text("memory"), bytes: bytes()? },
            "released" => Self::Memory { host, connection, memory: text("memory"), bytes: -bytes()? },
            "timer-set" => {
                let deadline = change.get("deadline").nanos().ok_or("a timer has no deadline")?;
                Self::TimerSet { host, connection, deadline }
            }
            "timer-stopped" | "told" => Self::Other,
            "served" => Self::Served { host, connection, begins: change.get("begins").is_true() },
            other => return Err(format!("`{other}` is no change")),
        })
    }
}
