//! Who had to wait: each client's wait at a server, for what, from when to when, and how it ended.

use std::collections::BTreeMap;

use super::text::{self, Reader, Sections};
use super::waste::{blame, told_blame};
use super::{Item, Life, Lives, compare, seconds};
use crate::trace::{Record, Trace};

/// A wait that is not over.
struct Wait {
    name: String,
    from: u128,
    /// What is blamed, if anything is.
    blame: Option<String>,
}

#[derive(Default)]
struct Waits {
    now: BTreeMap<(String, String), Wait>,
    /// The end of the warm-up.
    measured_from: u128,
    due: Vec<Item>,
}

pub(super) fn differences(trace: &Trace, lives: &Lives, told: &Sections) -> Vec<String> {
    let mut waits = Waits::default();
    for record in &trace.records {
        match &*record.kind {
            "waits" => waits.begin(trace, lives, record),
            "wait-over" => waits.end(record),
            "warmed-up" => (waits.due, waits.measured_from) = (Vec::new(), record.t),
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
        let opener = lives.values().find(|life| !life.passive && life.attempt == key.1);
        let client = opener.map_or("?".to_owned(), Life::name);
        let (scarce, port) = (record.text("scarce"), record.number("port").unwrap_or(0));
        let name = format!("{client} at {}:{port} for {scarce}", key.0);
        let blame = Some(record).filter(|record| !record.text("cause").is_empty()).map(|record| blame(trace, record).0);
        let from = self.now.get(&key).map_or(record.t, |before| before.from);
        self.now.insert(key, Wait { name, from, blame });
    }

    fn end(&mut self, record: &Record) {
        let key = (record.text("host").to_owned(), record.attempt());
        let Some(wait) = self.now.remove(&key) else { return };
        self.is_due(wait, record.t, if record.is("served") { "served" } else { "turned away" });
    }

    fn is_due(&mut self, wait: Wait, until: u128, how: &str) {
        let Wait { name, from, blame } = wait;
        let waited = seconds(until - from.max(self.measured_from));
        self.due.push(item(&name, (from, until), how, blame, waited));
    }
}

fn item(name: &str, (from, until): (u128, u128), how: &str, blame: Option<String>, waited: f64) -> Item {
    let name = format!("{name} from {} until {}, {how}, by {blame:?}", seconds(from), seconds(until));
    Item::new(name, vec![waited])
}

/// A wait that is told.
fn heading(paragraph: &str) -> Option<Item> {
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
    let how = match (is_open, text.0) {
        (true, _) => "still waits",
        (_, text) if text.contains(" Then it had what it waited for.") => "served",
        (_, text) if text.contains(" Then its connection was over: it was turned away.") => "turned away",
        _ => return None,
    };
    let blame = match text.0.split_once("To blame: ") {
        Some((_, blamed)) => Some(told_blame(blamed)?),
        None => None,
    };
    Some(item(&format!("{client} at {server} for {scarce}"), (from, until), how, blame, waited))
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
