//! Scripts that still wait when the run ends: each once, two ends of one connection that wait for each other in one place.

use std::collections::BTreeMap;

use super::text::{self, Reader, Sections};
use super::{Item, Life, Lives, compare, other_end, seconds};
use crate::trace::{Record, Trace};

/// The scripts of a run that are not over.
struct Scripts<'a> {
    lives: &'a Lives,
    records: Vec<&'a Record>,
    /// The script of each connection.
    of_connection: BTreeMap<u64, &'a Record>,
}

pub(super) fn differences(trace: &Trace, lives: &Lives, told: &Sections) -> Vec<String> {
    let scripts = Scripts::of(trace, lives);
    let mut told: Vec<Result<Item, String>> = told
        .get(text::SCRIPTS)
        .into_iter()
        .flatten()
        .map(|paragraph| heading(paragraph).map(|name| Item::new(name, Vec::new())).ok_or_else(|| paragraph.clone()))
        .collect();
    let due = scripts.due();
    let names: BTreeMap<&String, &String> =
        due.iter().filter_map(|(name, other)| Some((other.as_ref()?, name))).collect();
    for item in told.iter_mut().flatten() {
        // Which of two ends has the heading is not said.
        if let Some(name) = names.get(&item.name) {
            item.name.clone_from(name);
        }
    }
    drop(names);
    compare("script", told, due.into_iter().map(|(name, _)| Item::new(name, Vec::new())).collect())
}

/// How many scripts of each host only sleep.
pub(super) fn idle_differences(trace: &Trace, told: &Sections) -> Vec<String> {
    let told = told.get(text::IDLE).map_or(&[][..], Vec::as_slice).iter();
    let told = told.flat_map(|counts| counts.trim_end_matches('.').split(" and ").flat_map(|part| part.split(", ")));
    let one = |count: &str| {
        let (count, host) = count.split_once(" of ")?;
        Some(Item::new(host.to_owned(), vec![Reader(count).count()? as f64]))
    };
    let told = told.map(|count| one(count).ok_or_else(|| count.to_owned())).collect();
    let mut due: BTreeMap<&str, u64> = BTreeMap::new();
    for record in trace.records.iter().filter(|record| is_idle(record)) {
        *due.entry(record.text("host")).or_default() += 1;
    }
    let due = due.into_iter().map(|(host, count)| Item::new(host.to_owned(), vec![count as f64]));
    compare("idle script", told, due.collect())
}

fn is_idle(record: &Record) -> bool {
    record.kind == "unfinished" && record.text("awaits") == "time"
}

impl<'a> Scripts<'a> {
    fn of(trace: &'a Trace, lives: &'a Lives) -> Self {
        let records: Vec<&Record> = trace.records.iter().filter(|record| record.kind == "unfinished").collect();
        Self {
            lives,
            of_connection: records.iter().filter_map(|record| Some((record.number("connection")?, *record))).collect(),
            records,
        }
    }

    /// Each script that is due; and of two that wait for each other, what else it may be called.
    fn due(&self) -> Vec<(String, Option<String>)> {
        let mut due = Vec::new();
        for record in self.records.iter().filter(|record| !is_idle(record)) {
            // Who waits for a worker or a reboot waits for nobody at the other end.
            let Some(other) = self.other(record).filter(|_| awaits_peer(record)) else {
                due.push((self.name(record), None));
                continue;
            };
            let [own_name, others_name] = [record, other].map(|of| self.name(of));
            let name = format!("{own_name}; and {}", step(other));
            if !awaits_peer(other) {
                due.push((name, None));
            } else if record.id < other.id {
                due.push((name, Some(format!("{others_name}; and {}", step(record)))));
            }
        }
        due
    }

    /// The script at the other end of a script's connection, while both ends are there.
    fn other(&self, record: &Record) -> Option<&'a Record> {
        let connection = record.number("connection")?;
        let is_there = |life: &Life| life.over.is_none();
        let other = other_end(self.lives, connection, is_there)?;
        self.of_connection.get(&other).copied().filter(|_| is_there(&self.lives[&connection]))
    }

    fn name(&self, record: &Record) -> String {
        let life = record.number("connection").and_then(|connection| self.lives.get(&connection));
        let name = life.map_or_else(|| record.text("host").to_owned(), Life::name);
        let since = record.get("since").nanos().unwrap_or(0);
        format!("{name} since {} {}", seconds(since), step(record))
    }
}

fn step(record: &Record) -> String {
    let [step, script] = ["step", "script"].map(|field| record.number(field).unwrap_or(0));
    format!("{} in step {step} of script {}", record.text("host"), script + 1)
}

/// Whether a script waits for what its peer does.
fn awaits_peer(record: &Record) -> bool {
    ["octets", "end-of-data"].contains(&record.text("awaits"))
}

/// The name of what is told, with that of the other end if that waits, too.
fn heading(paragraph: &str) -> Option<String> {
    let mut text = Reader(paragraph);
    let name = text.before(": waits since ")?;
    let host = name.split([':', ' ']).next()?;
    let since = text.time()?;
    text.take(" s ")?;
    let step = with_script(text.before(", `")?);
    let own = format!("{name} since {} {host} {step}", seconds(since));
    let Some((before, after)) = text.0.split_once(" waits, too, since ") else { return Some(own) };
    let other = before.rsplit(' ').next()?;
    let (_, after) = after.split_once(" s ")?;
    let step = with_script(after.split(", `").next()?);
    Some(format!("{own}; and {other} {step}"))
}

/// A step, with its script: a host's only one is not said.
fn with_script(step: &str) -> String {
    if step.contains(" of script ") { step.to_owned() } else { format!("{step} of script 1") }
}
