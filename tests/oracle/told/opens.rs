//! Opens that failed, each as it failed; and of those that were slow, or open at one end only, whether they were as told.

use super::text::{self, Reader, Sections};
use super::{Hosts, Item, Life, Lives, address, compare, invented, other_end, seconds};
use crate::trace::{Record, Trace};

/// How the text says that an open failed, and what ended it in the trace.
const FAILURES: [(&str, &str); 4] =
    [("refused", "reset"), ("timed out", "gave-up"), ("cut off", "crash"), ("given up by the application", "call")];

/// What is due: opens that failed, and all others, of which the text tells some.
#[derive(Default)]
struct Opens {
    failed: Vec<Item>,
    /// When they were open, and at the other end.
    succeeded: Vec<Item>,
    /// Those that succeeded at their own end only: the other was over before it was open.
    alone: Vec<String>,
}

pub(super) fn differences(trace: &Trace, lives: &Lives, hosts: &Hosts, told: &Sections) -> Vec<String> {
    let measured_from = trace.records.iter().find(|record| record.kind == "warmed-up").map_or(0, |record| record.t);
    let mut due = Opens::default();
    for record in trace.records.iter().filter(|record| record.t >= measured_from) {
        match &*record.kind {
            "state" => due.fails(lives, record),
            "call" if record.text("call") == "connect" && record.text("outcome") == "failed" => {
                due.failed.push(failed_call(hosts, record));
            }
            _ => {}
        }
    }
    for connection in lives.keys() {
        due.succeeds(lives, *connection, measured_from);
    }
    let mut read = Read { hosts, failed: Vec::new(), succeeded: Vec::new() };
    for paragraph in told.get(text::OPENS).into_iter().flatten() {
        if read.paragraph(paragraph).is_none() {
            read.failed.push(Err(paragraph.clone()));
        }
    }
    let is_told = |name: &String| read.succeeded.iter().any(|item| item.name == *name);
    let untold = due.alone.iter().filter(|name| !is_told(name)).map(|name| format!("open alone missing: {name}"));
    let mut differences: Vec<String> = untold.collect();
    differences.extend(compare("open", read.failed, due.failed));
    differences.extend(invented("slow open", read.succeeded, due.succeeded));
    differences
}

impl Opens {
    /// An active open ends before it has succeeded.
    fn fails(&mut self, lives: &Lives, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let life = &lives[&connection];
        if record.text("to") == "CLOSED" && !life.passive && life.open.is_none() {
            let name = format!("{} {} at {}", life.name(), record.text("reason"), seconds(record.t));
            self.failed.push(Item::new(name, vec![seconds(record.t - life.made)]));
        }
    }

    /// An active open succeeds, at its own end; and at the other end, or not there.
    fn succeeds(&mut self, lives: &Lives, connection: u64, measured_from: u128) {
        let life = &lives[&connection];
        let Some(open) = life.open.filter(|_| !life.passive) else { return };
        let name = life.name();
        // It is told when all of it is gone: what is gone before measuring begins is not.
        let is_measured = life.over.is_none_or(|over| over > measured_from);
        let is_of_it = |other: &&Life| other.passive && other.attempt == life.attempt;
        let others: Vec<&Life> = lives.values().filter(is_of_it).collect();
        let is_over_unopened = |other: &&Life| other.open.is_none() && other.over.is_some();
        if is_measured && !others.is_empty() && others.iter().all(is_over_unopened) {
            self.alone.push(never_open(&name, open));
        }
        let other = other_end(lives, connection, |_| true).and_then(|other| lives[&other].open);
        self.succeeded.push(Item::new(own_open(&name, open), vec![seconds(open - life.made)]));
        self.succeeded.push(match other {
            Some(other) => Item::new(other_open(&name, other), vec![seconds(other.saturating_sub(life.made))]),
            None => Item::new(never_open(&name, open), Vec::new()),
        });
    }
}

/// A call to open that fails at once.
fn failed_call(hosts: &Hosts, record: &Record) -> Item {
    let (socket, error) = (record.text("remote"), record.text("error"));
    let peer = hosts.get(address(socket)).map_or("?", |host| host);
    let port = socket.rsplit(':').next().unwrap_or("?");
    Item::new(format!("{} → {peer}:{port}: {error} at {}", record.text("host"), seconds(record.t)), Vec::new())
}

fn own_open(name: &str, t: u128) -> String {
    format!("{name} open at {}", seconds(t))
}

fn other_open(name: &str, t: u128) -> String {
    format!("{name} open at its other end at {}", seconds(t))
}

fn never_open(name: &str, t: u128) -> String {
    format!("{name} open at {}, and never at its other end", seconds(t))
}

/// What is told.
struct Read<'a> {
    hosts: &'a Hosts,
    failed: Vec<Result<Item, String>>,
    succeeded: Vec<Item>,
}

impl Read<'_> {
    fn paragraph(&mut self, paragraph: &str) -> Option<()> {
        let mut text = Reader(paragraph);
        let name = text.before(": ")?;
        if text.take("the call to open failed at ").is_some() {
            let t = text.time()?;
            text.take(" s: ")?;
            let (own, peer) = name.split_once(" → ")?;
            let (host, port) = peer.split_once(':')?;
            // Of a host that nobody ever reached no record says the address.
            let host = self.hosts.values().find(|known| *known == host).map_or("?", |host| host);
            // A sentence may follow.
            let error = text.0.split(&format!(" {own} had connections: ")).next()?;
            let name = format!("{own} → {host}:{port}: {error} at {}", seconds(t));
            self.failed.push(Ok(Item::new(name, Vec::new())));
            return Some(());
        }
        if text.take("open at ").is_some() {
            return self.succeeded(name, text);
        }
        let (_, reason) = FAILURES.into_iter().find(|(words, _)| text.take(words).is_some())?;
        text.take(" at ")?;
        let t = text.time()?;
        text.take(" s, after ")?;
        self.failed.push(Ok(Item::new(format!("{name} {reason} at {}", seconds(t)), vec![text.number()?])));
        Some(())
    }

    /// An open that was slow, at one end or at both; or that was open at one end only.
    fn succeeded(&mut self, name: &str, mut text: Reader<'_>) -> Option<()> {
        let (own, peer) = name.split_once(" → ")?;
        if let Some(t) = text.time() {
            self.late(own_open(name, t), &mut text)?;
            if text.take("; at ").is_none() {
                return Some(());
            }
        } else if text.0.starts_with(own.split(':').next()?) && text.before(" at ").is_some() {
            let t = text.time()?;
            let yet = ["never", "not yet"].map(|yet| format!(" s, and {yet} at {peer}"));
            yet.iter().find_map(|yet| text.take(yet))?;
            self.succeeded.push(Item::new(never_open(name, t), Vec::new()));
            return Some(());
        }
        text.take(&format!("{peer} at "))?;
        let t = text.time()?;
        self.late(other_open(name, t), &mut text)
    }

    fn late(&mut self, name: String, text: &mut Reader<'_>) -> Option<()> {
        text.take(" s, after ")?;
        let took = text.number()?;
        text.take(" s instead of ")?;
        let usual = text.number()?;
        text.take(" s")?;
        self.succeeded.push(Item::new(name, vec![took]));
        (usual <= took).then_some(())
    }
}
