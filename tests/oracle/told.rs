//! What the explanation says (`--explain`), counted again from the trace alone.
//!
//! The text is read as a reader has it: each numbered paragraph is one thing that is told. From the trace comes what is due.
//! Both are lists of the same form, and have to be the same: each thing once, none missing, none invented. Times and counts
//! are exact, amounts have three digits.
//!
//! Left out: which opens and closes were slow, and how long they would have taken otherwise; what became of the segments of
//! a handshake; the number of a machine; the sentences that tell a story.

mod ends;
mod groups;
mod opens;
mod scripts;
mod text;
mod waits;
mod waste;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::trace::{Record, Trace};
use text::near;

/// The explanation of one run: everything one by one, and like ones together.
pub(crate) struct Explanation {
    pub(crate) all: String,
    pub(crate) grouped: String,
}

/// What is told, or due: what it is, exactly, and amounts of which a text has three digits.
#[derive(PartialEq, PartialOrd)]
struct Item {
    name: String,
    amounts: Vec<f64>,
}

/// A connection.
struct Life {
    host: String,
    sport: u64,
    /// Its peer's host, or the address if nobody has it.
    peer: String,
    dport: u64,
    passive: bool,
    local: String,
    remote: String,
    iss: Option<u64>,
    irs: Option<u64>,
    /// The attempt to open that it goes back to.
    attempt: String,
    /// When it was made.
    made: u128,
    /// When it was open.
    open: Option<u128>,
    /// When it was over.
    over: Option<u128>,
}

/// Who has which address, as far as records say so.
type Hosts = BTreeMap<String, String>;

/// The connections of a run.
type Lives = BTreeMap<u64, Life>;

/// Where an explanation and its trace differ.
pub(crate) fn differences(trace: &Trace, explanation: &Explanation) -> Vec<String> {
    let lives = lives(trace);
    let all = text::sections(&explanation.all);
    let mut differences = Vec::new();
    differences.extend(waste::differences(trace, &lives, &all));
    differences.extend(waits::differences(trace, &lives, &all));
    differences.extend(opens::differences(trace, &lives, &hosts(trace), &all));
    differences.extend(ends::differences(trace, &lives, &all));
    differences.extend(scripts::differences(trace, &lives, &all));
    let grouped = text::sections(&explanation.grouped);
    for told in [&all, &grouped] {
        differences.extend(scripts::idle_differences(trace, told));
    }
    differences.extend(groups::differences(&all, &grouped));
    differences
}

fn hosts(trace: &Trace) -> Hosts {
    let mut hosts = Hosts::new();
    for record in &trace.records {
        let fields = match &*record.kind {
            "state" => [("host", "local"), ("peer", "remote")],
            "segment" => [("from", "source"), ("to", "destination")],
            _ => continue,
        };
        for [host, socket] in fields.map(|(host, socket)| [host, socket].map(|field| record.text(field).to_owned())) {
            hosts.insert(address(&socket).to_owned(), host);
        }
    }
    hosts
}

fn lives(trace: &Trace) -> Lives {
    let mut lives = Lives::new();
    for record in trace.records.iter().filter(|record| record.kind == "state") {
        let Some(connection) = record.number("connection") else { continue };
        lives.entry(connection).or_insert_with(|| Life::of_state(record)).comes_to(record);
    }
    lives
}

/// The connection at the other end of another, of those that may be it: both have the other's initial sequence number, or
/// one of them has, or they are of one attempt.
fn other_end(lives: &Lives, connection: u64, may_be: impl Fn(&Life) -> bool) -> Option<u64> {
    let own = &lives[&connection];
    let is_opposite = |other: &Life| other.local == own.remote && other.remote == own.local;
    let knows = |one: &Life, other: &Life| one.irs.is_some() && one.irs == other.iss;
    let bonds = |other: &Life| {
        2 * (u8::from(knows(own, other)) + u8::from(knows(other, own))) + u8::from(own.attempt == other.attempt)
    };
    let bound = lives.iter().filter(|(_, life)| is_opposite(life) && bonds(life) > 0 && may_be(life));
    // Where more than one is bound alike, the first: the others came of what was late.
    bound.min_by_key(|(_, life)| Reverse(bonds(life))).map(|(other, _)| *other)
}

impl Life {
    fn of_state(record: &Record) -> Self {
        Self {
            host: record.text("host").to_owned(),
            sport: record.number("sport").unwrap_or(0),
            peer: whose(record.text("peer"), record.text("remote")),
            dport: record.number("dport").unwrap_or(0),
            passive: record.is("passive"),
            local: record.text("local").to_owned(),
            remote: record.text("remote").to_owned(),
            iss: None,
            irs: None,
            attempt: record.attempt(),
            made: record.t,
            open: None,
            over: None,
        }
    }

    fn comes_to(&mut self, record: &Record) {
        (self.iss, self.irs) = (record.number("iss"), record.number("irs"));
        match record.text("to") {
            "CLOSED" => self.over = Some(record.t),
            "SYN-SENT" | "SYN-RECEIVED" => {}
            _ => self.open = self.open.or(Some(record.t)),
        }
    }

    /// The connection as the text calls it: its own end first.
    fn name(&self) -> String {
        let arrow = if self.passive { '←' } else { '→' };
        format!("{}:{} {arrow} {}:{}", self.host, self.sport, self.peer, self.dport)
    }
}

/// A host; the address of a socket if nobody has it.
fn whose(host: &str, socket: &str) -> String {
    if host.is_empty() { address(socket).to_owned() } else { host.to_owned() }
}

/// A socket without its port.
fn address(socket: &str) -> &str {
    socket.rsplit_once(':').map_or(socket, |(address, _)| address)
}

impl Item {
    fn new(name: String, amounts: Vec<f64>) -> Self {
        Self { name, amounts }
    }
}

/// What differs between a list that is told and the one that is due. What cannot be read differs, too.
fn compare(kind: &str, told: Vec<Result<Item, String>>, due: Vec<Item>) -> Vec<String> {
    let mut differences = Vec::new();
    let mut lists: BTreeMap<String, [Vec<Vec<f64>>; 2]> = BTreeMap::new();
    for item in told {
        match item {
            Ok(Item { name, amounts }) => lists.entry(name).or_default()[0].push(amounts),
            Err(unread) => differences.push(format!("{kind} unread: {unread}")),
        }
    }
    for Item { name, amounts } in due {
        lists.entry(name).or_default()[1].push(amounts);
    }
    for (name, [told, mut due]) in lists {
        if told.len() != due.len() {
            let which = if told.len() < due.len() { "missing" } else { "invented" };
            let [told, due] = [told.len(), due.len()];
            differences.push(format!("{kind} {which}: {name} is told {told} times instead of {due}"));
            continue;
        }
        // Of those with one name, two that differ may look alike in three digits.
        for told in told {
            match due.iter().position(|due| are_near(&told, due)) {
                Some(place) => drop(due.swap_remove(place)),
                None => differences.push(format!("{kind} amount: {name} is told with {told:?}, {due:?} is due")),
            }
        }
    }
    differences
}

/// What is told that is none of what may be.
fn invented(kind: &str, told: Vec<Item>, mut may_be: Vec<Item>) -> Vec<String> {
    let mut differences = Vec::new();
    for Item { name, amounts } in told {
        match may_be.iter().position(|item| item.name == name && are_near(&amounts, &item.amounts)) {
            Some(place) => drop(may_be.swap_remove(place)),
            None => differences.push(format!("{kind} invented: {name}, {amounts:?}")),
        }
    }
    differences
}

/// Whether amounts of three digits are these.
fn are_near(told: &[f64], due: &[f64]) -> bool {
    told.len() == due.len() && told.iter().zip(due).all(|(told, due)| near(*told, *due))
}

/// A time of the trace, in seconds.
fn seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}
