//! Connections that lost data, were reset, gave up, or waited in vain for the peer's FIN.

use std::collections::BTreeSet;

use super::text::{self, Reader, Sections};
use super::{Item, Lives, compare, other_end, seconds};
use crate::trace::{Record, Trace};

#[derive(Default)]
struct Ends {
    /// Connections that are of no use to anybody who asked for one: their end is no loss.
    useless: BTreeSet<u64>,
    due: Vec<Item>,
}

pub(super) fn differences(trace: &Trace, lives: &Lives, told: &Sections) -> Vec<String> {
    let mut ends = Ends::default();
    for record in &trace.records {
        match &*record.kind {
            "state" => ends.state(lives, record),
            "judged" => ends.judged(record),
            "data-lost" => ends.lost(lives, record),
            "warmed-up" => ends.due.clear(),
            _ => {}
        }
    }
    let paragraphs = told.get(text::ENDS).map_or(&[][..], Vec::as_slice);
    let others = [": FIN acknowledged at ", ": its application was given "];
    let is_close = |paragraph: &&String| !others.iter().any(|other| paragraph.contains(other));
    let told = paragraphs.iter().filter(is_close);
    compare("end", told.map(|paragraph| heading(paragraph).ok_or_else(|| paragraph.clone())).collect(), ends.due)
}

impl Ends {
    fn lost(&mut self, lives: &Lives, record: &Record) {
        let Some(life) = record.number("connection").map(|connection| &lives[&connection]) else { return };
        let len = record.number("len").unwrap_or(0);
        let name = format!("{}: {len} B of {} lost at {}", life.name(), life.host, seconds(record.t));
        self.due.push(Item::new(name, Vec::new()));
    }

    fn state(&mut self, lives: &Lives, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (from, to, reason) = (record.text("from"), record.text("to"), record.text("reason"));
        if to != "CLOSED" || self.useless.contains(&connection) {
            return;
        }
        let life = &lives[&connection];
        // A server may be the only one that is not open yet.
        let opener_is_open = || {
            let opener = other_end(lives, connection, |_| true).and_then(|opener| lives[&opener].open);
            life.passive && opener.is_some_and(|open| open <= record.t)
        };
        let how = match reason {
            "reset" if life.open.is_some() => "reset",
            "gave-up" if life.open.is_some() || opener_is_open() => "gave up",
            "expired" if from == "FIN-WAIT-2" => "over",
            _ => return,
        };
        self.due.push(Item::new(format!("{}: {how} at {}, in {from}", life.name(), seconds(record.t)), Vec::new()));
    }

    fn judged(&mut self, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let is_useless = ["abandoned", "ghost"].contains(&record.text("worth"));
        if is_useless {
            self.useless.insert(connection)
        } else {
            self.useless.remove(&connection)
        };
    }
}

/// What is told of an end.
fn heading(paragraph: &str) -> Option<Item> {
    let mut text = Reader(paragraph);
    let name = text.before(": ")?;
    let ended = [("reset at ", "reset"), ("gave up at ", "gave up"), ("over at ", "over")];
    if let Some((_, reason)) = ended.into_iter().find(|(words, _)| text.take(words).is_some()) {
        let t = text.time()?;
        text.take(" s, in ")?;
        let state = text.0.split([' ', ':']).next()?;
        return Some(Item::new(format!("{name}: {reason} at {}, in {state}", seconds(t)), Vec::new()));
    }
    let len = text.amount("B")?;
    text.take(" of ")?;
    let host = text.before(" lost at ")?;
    let t = text.time()?;
    Some(Item::new(format!("{name}: {len} B of {host} lost at {}", seconds(t)), Vec::new()))
}
