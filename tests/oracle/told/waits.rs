//! Who had to wait: each client's wait at a server, for what, from when to when, and how it ended.

use std::collections::BTreeMap;

use super::text::{self, Reader, Sections};
use super::waste::{blame, told_blame};
use super::{Item, Life, Lives, compare, seconds};
use crate::trace::{Record, Trace};

/// A wait that is not over.
struct Wait {
    name: String,
    /// Where, and for what.
    place: (String, Option<u64>, String),
    /// The script for whose worker it waits, if for that alone.
    script: Option<u64>,
    from: u128,
    /// What is blamed now, if anything is, and since when.
    blame: Option<String>,
    since: u128,
    /// For how long each was blamed.
    shares: BTreeMap<Option<String>, u128>,
}

#[derive(Default)]
struct Waits {
    now: BTreeMap<(String, String), Wait>,
    due: Vec<Item>,
}

pub(super) fn differences(trace: &Trace, lives: &Lives, told: &Sections) -> Vec<String> {
    let mut waits = Waits::default();
    for record in &trace.records {
        match &*record.kind {
            "waits" => waits.begin(trace, lives, record),
            "in-the-way" => waits.line_moves(trace, record),
            "wait-over" => waits.end(record),
            "warmed-up" => {
                waits.due.clear();
                waits.now.values_mut().for_each(|wait| (wait.shares, wait.since) = (BTreeMap::new(), record.t));
            }
            _ => {}
        }
    }
    for wait in std::mem::take(&mut waits.now).into_values() {
        waits.is_due(wait, trace.horizon, "still waits");
    }
    let paragraphs = told.get(text::WAITS).map_or(&[][..], Vec::as_slice);
    let told = paragraphs.iter().map(|paragraph| heading(paragraph).ok_or_else(|| paragraph.clone())).collect();
    compare("wait", told, waits.due)
}

impl Waits {
    fn begin(&mut self, trace: &Trace, lives: &Lives, record: &Record) {
        let key = (record.text("host").to_owned(), record.attempt());
        let (scarce, port) = (record.text("scarce"), record.number("port"));
        let place = (key.0.clone(), port, scarce.to_owned());
        let blame = blamed(trace, record);
        if let Some(wait) = self.now.get_mut(&key).filter(|wait| wait.place == place) {
            return wait.goes_on(record.t, blame);
        }
        if let Some(wait) = self.now.remove(&key) {
            self.is_due(wait, record.t, "refused");
        }
        let opener = lives.values().find(|life| !life.passive && life.attempt == key.1);
        let client = opener.map_or("?".to_owned(), Life::name);
        let name = format!("{client} at {}:{} for {scarce}", key.0, port.unwrap_or(0));
        let (script, from, since, shares) = (record.number("script"), record.t, record.t, BTreeMap::new());
        self.now.insert(key, Wait { name, place, script, from, blame, since, shares });
    }

    fn line_moves(&mut self, trace: &Trace, record: &Record) {
        let place = (record.text("host").to_owned(), record.number("port"), "workers".to_owned());
        let script = record.number("script");
        for wait in self.now.values_mut().filter(|wait| wait.place == place && wait.script == script) {
            wait.goes_on(record.t, blamed(trace, record));
        }
    }

    fn end(&mut self, record: &Record) {
        let key = (record.text("host").to_owned(), record.attempt());
        if let Some(wait) = self.now.remove(&key) {
            self.is_due(wait, record.t, record.text("end"));
        }
    }

    fn is_due(&mut self, mut wait: Wait, until: u128, how: &str) {
        wait.goes_on(until, None);
        let Wait { name, from, shares, .. } = wait;
        let waited: u128 = shares.values().sum();
        let blamed = shares.into_iter().filter_map(|(blame, nanos)| Some((blame?, seconds(nanos)))).collect();
        self.due.push(item(&name, (from, until), how, blamed, seconds(waited)));
    }
}

impl Wait {
    /// From now on something else is blamed.
    fn goes_on(&mut self, now: u128, blame: Option<String>) {
        if now > self.since {
            *self.shares.entry(self.blame.take()).or_default() += now - self.since;
        }
        (self.blame, self.since) = (blame, now);
    }
}

fn blamed(trace: &Trace, record: &Record) -> Option<String> {
    Some(record).filter(|record| !record.text("cause").is_empty()).map(|record| blame(trace, record).0)
}

fn item(name: &str, (from, until): (u128, u128), how: &str, mut blamed: Vec<(String, f64)>, waited: f64) -> Item {
    blamed.sort_by(|a, b| a.0.cmp(&b.0));
    // Two segments that were sent at one time look alike.
    blamed.dedup_by(|same, first| {
        let is_same = same.0 == first.0;
        first.1 += if is_same { same.1 } else { 0.0 };
        is_same
    });
    let by: Vec<&str> = blamed.iter().map(|(blame, _)| &**blame).collect();
    let name = format!("{name} from {} until {}, {how}, by {by:?}", seconds(from), seconds(until));
    Item::new(name, [waited].into_iter().chain(blamed.iter().map(|(_, amount)| *amount)).collect())
}

/// A wait that is told.
fn heading(paragraph: &str) -> Option<Item> {
    const ENDS: [(&str, &str); 5] = [
        (" Then it did.", "served"),
        (" Then it had what it waited for.", "served"),
        (" Then its connection was over: it was turned away.", "turned-away"),
        (" Then a crash ended the wait.", "crashed"),
        (" Then it was refused for want of something else.", "refused"),
    ];
    let mut text = Reader(paragraph);
    let client = text.before(" waited at ")?;
    let server = text.before(" for ")?;
    let scarce = scarce(text.before(", from ")?)?;
    let from = text.time()?;
    text.take(" s to ")?;
    let is_open = text.take("the end of the run, ").is_some();
    let until = text.time()?;
    text.before(" s: ")?;
    let waited = text.amount("client·s")?;
    let how = match is_open {
        true => "still waits",
        false => ENDS.into_iter().find(|(words, _)| text.0.contains(words))?.1,
    };
    let of_one = |told: &str| {
        let mut told = Reader(told);
        let amount = if told.take(" for ").is_some() { told.amount("client·s")? } else { waited };
        told.take(": ")?;
        Some((told_blame(told.0)?, amount))
    };
    let blamed = text.0.split("To blame").skip(1).map(of_one).collect::<Option<Vec<_>>>()?;
    Some(item(&format!("{client} at {server} for {scarce}"), (from, until), how, blamed, waited))
}

/// What is scarce, by the words of the trace.
pub(super) fn scarce(told: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 6] = [
        ("worker", "workers"),
        ("the application to accept", "workers"),
        ("SYN backlog", "syn-backlog"),
        ("SYN cache", "syn-backlog"),
        ("accept queue", "accept-queue"),
        ("the end of a hold-down", "hold-down"),
    ];
    Some(WORDS.into_iter().find(|(words, _)| told.contains(words))?.1)
}
