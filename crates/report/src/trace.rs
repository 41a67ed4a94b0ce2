//! The trace: every record of a run as a line of JSON, between a line that says what run it is and one with its digest.

mod line;
mod schema;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use experiment::record::{Attempt, Because, Change, Fields, Fold, Record, Sent, Value};
use experiment::{Experiment, HostId, RECORD_FORMAT, RelativeNumbers, Summary, Variant};
use sim_time::Instant;
use tcp_endpoint::{Flags, FourTuple};

pub use self::schema::trace_schema;

use self::line::{Json, Object};
use crate::hosts::Hosts;

/// Writes each record to `W` as one line of JSON.
///
/// A segment is one line, since a link decides its whole fate when it is offered. Times are in seconds, exact.
#[derive(Debug)]
pub struct Trace<W> {
    out: W,
    names: Names,
    numbers: RelativeNumbers,
    /// The line of the last record, as far as it is known: its changes may follow. It is written in one go.
    line: Vec<u8>,
    /// Whether the line has changes.
    changes: bool,
    /// The time told last, and its text: most records have the time of the one before.
    time: (Instant, Vec<u8>),
    records: u64,
    error: Option<io::Error>,
}

/// What hosts are called in a trace.
#[derive(Debug)]
struct Names {
    hosts: Hosts,
    /// Their names as JSON.
    json: Vec<String>,
}

impl Names {
    fn new(hosts: Hosts) -> Self {
        let json = hosts.names().map(json).collect();
        Self { hosts, json }
    }

    fn of(&self, HostId(host): HostId) -> Json<'_> {
        Json(&self.json[usize::from(host)])
    }
}

/// Text as JSON.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<W: Write> Trace<W> {
    /// A trace of a run between these hosts.
    pub fn new(hosts: Hosts, out: W) -> Self {
        Self {
            out,
            names: Names::new(hosts),
            numbers: RelativeNumbers::new(),
            line: Vec::new(),
            changes: false,
            time: (Instant::ZERO, b"0.000".to_vec()),
            records: 0,
            error: None,
        }
    }

    /// With a first line that says what run it is: the format of the records, the experiment, the variant, the seed, the
    /// horizon and the hosts.
    #[must_use]
    pub fn with_header(mut self, experiment: &Experiment, variant: &Variant) -> Self {
        let header = serde_json::json!({
            "kind": "header",
            "format": RECORD_FORMAT,
            "experiment": experiment.name(),
            "handshake": variant.handshake.to_string(),
            "teardown": variant.teardown.to_string(),
            "seed": experiment.seed(),
        });
        let mut line = header.to_string().into_bytes();
        line.pop();
        Object::resume(&mut line)
            .with("horizon", experiment.horizon())
            .with("hosts", Json(&format!("[{}]", self.names.json.join(","))))
            .close();
        self.line = line;
        self.write_line();
        self
    }

    /// Ends it with a line that has the run's digest, flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error that writing met; nothing was written after it.
    pub fn finish_with(mut self, summary: &Summary) -> io::Result<W> {
        self.end_line();
        let digest = summary.digest.to_string();
        Object::open(&mut self.line)
            .with("kind", "end")
            .with("t", summary.ended_at)
            .with("records", self.records)
            .with("digest", Json(&json(&digest)))
            .close();
        self.write_line();
        self.finish()
    }

    /// Flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error that writing met; nothing was written after it.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_line();
        match self.error {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.out),
        }
    }

    /// The record is over: no change of it follows.
    fn end_line(&mut self) {
        if self.line.is_empty() {
            return;
        }
        if self.changes {
            self.line.push(b']');
        }
        self.line.push(b'}');
        self.write_line();
    }

    fn write_line(&mut self) {
        self.line.push(b'\n');
        if self.error.is_none()
            && let Err(error) = self.out.write_all(&self.line)
        {
            self.error = Some(error);
        }
        self.line.clear();
        self.changes = false;
    }

    /// The fields of a record or a change.
    fn fields(&mut self) -> Line<'_> {
        Line { out: &mut self.line, names: &self.names, numbers: &mut self.numbers, time: &mut self.time }
    }
}

impl<W: Write> Fold for Trace<W> {
    fn record(&mut self, record: &Record) {
        self.end_line();
        self.records += 1;
        Object::open(&mut self.line).with("id", record.id.place());
        record.tell(&mut self.fields());
    }

    fn change(&mut self, _at: Instant, change: &Change) {
        self.line.extend_from_slice(if self.changes { b",{" } else { b",\"changes\":[{" });
        self.changes = true;
        change.tell(&mut self.fields());
        self.line.push(b'}');
    }
}

/// The fields of a line that is being made.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    names: &'a Names,
    numbers: &'a mut RelativeNumbers,
    time: &'a mut (Instant, Vec<u8>),
}

impl Line<'_> {
    fn with(&mut self, name: &'static str, value: impl line::Value) {
        Object::go_on(self.out).with(name, value);
    }

    fn time(&mut self, name: &'static str, at: Instant) {
        if self.time.0 != at {
            self.time.0 = at;
            self.time.1.clear();
            line::Value::write(&at, &mut self.time.1);
        }
        Object::go_on(self.out).with(name, line::Written(&self.time.1));
    }

    fn records(&mut self, name: &'static str, records: Because) {
        self.with(name, records.first().map(|id| u64::from(id.place())));
        let also: Vec<u64> = records.iter().skip(1).map(|id| u64::from(id.place())).collect();
        if !also.is_empty() {
            self.with("also", &also[..]);
        }
    }
}

impl Fields for Line<'_> {
    fn kind(&mut self, name: &'static str, _number: u32, _meaning: &'static str) {
        self.with("kind", name);
    }

    fn field(&mut self, name: &'static str, _meaning: &'static str, value: Value<'_>) {
        let names = self.names;
        match value {
            Value::Number(number) => self.with(name, number),
            Value::Optional(number) => self.with(name, number),
            Value::Flag(flag) => self.with(name, flag),
            Value::Word((word, _), _) => self.with(name, word),
            Value::OptionalWord(word, _) => self.with(name, word.map(|(word, _)| word)),
            Value::Host(host) => self.with(name, names.of(host)),
            Value::OptionalHost(host) => self.with(name, host.map(|host| names.of(host))),
            Value::Attempt(Attempt { host, ordinal }) => {
                self.with(name, AttemptName { host: names.of(host), ordinal });
            }
            Value::Socket(socket) => self.with(name, socket),
            Value::OptionalSocket(socket) => self.with(name, socket),
            Value::Flags(flags) => self.with(name, flags),
            Value::Time(at) | Value::OptionalTime(Some(at)) => self.time(name, at),
            Value::OptionalTime(None) => self.with(name, None::<u64>),
            Value::Times(times) => self.with(name, times),
            Value::Records(records) => self.records(name, records),
        }
    }

    /// Ports, and the numbers counted from the nearest initial sequence number seen so far on the same 4-tuple and direction,
    /// so that a SYN has the number 0, also the SYN of an incarnation that follows close upon another. (The recordings of
    /// Linux count such a SYN from the incarnation before; what is held against them is counted anew, see [`crate::diff`].)
    fn segment(&mut self, sent: &Sent) {
        let relative = self.numbers.next(sent);
        self.with("sport", sent.source.port());
        self.with("dport", sent.destination.port());
        self.with("seq", relative.seq);
        self.with("ack", relative.ack);
        let carried = [
            (sent.flags.syn(), "SYN"),
            (sent.octets > 0, "data"),
            (sent.flags.fin(), "FIN"),
            (sent.flags.ack(), "acknowledgment"),
        ];
        let carries: Vec<&'static str> = carried.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
        self.with("carries", &carries[..]);
        self.with("inject", sent.injection.map(|place| u64::from(place) + 1));
    }

    fn name(&mut self, tuple: FourTuple) {
        let names = self.names;
        let peer = names.hosts.at(*tuple.remote.ip()).map(|host| names.of(host));
        self.with("peer", peer);
        self.with("sport", tuple.local.port());
        self.with("dport", tuple.remote.port());
    }
}

/// An attempt: who opened, and the how-manieth time.
struct AttemptName<'a> {
    host: Json<'a>,
    ordinal: u32,
}

impl line::Value for AttemptName<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        Object::open(out).with("host", self.host).with("ordinal", self.ordinal).close();
    }
}

/// The letters of its flags: none needs an escape.
impl line::Value for Flags {
    fn write(&self, out: &mut Vec<u8>) {
        write!(out, "\"{self}\"").expect("a vector takes whatever comes");
    }
}
