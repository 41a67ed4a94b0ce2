//! Connections that lost data, were reset, gave up, or waited in vain for the peer's FIN; whose TIME-WAIT gave way to a SYN;
//! whose application got octets of others, or for the second time, or could not send.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{self, Reader, Sections};
use super::{Item, Lives, compare, other_end, seconds};
use crate::trace::{Record, Trace};

/// What the name of lost octets ends in, if it is not said whether they had arrived.
const UNSAID: &str = ", ?";

#[derive(Default)]
struct Ends {
    /// Connections that are of no use to anybody who asked for one: their end is no loss.
    useless: BTreeSet<u64>,
    /// Since when connections are in TIME-WAIT.
    time_wait: BTreeMap<u64, u128>,
    /// What the application at each accepted connection received; and those that received octets of another.
    received: BTreeMap<u64, u64>,
    mixed_up: BTreeSet<u64>,
    /// Octets of each connection that came when the application of their receiver had closed, and since when.
    dropped: BTreeMap<u64, (u128, u64)>,
    /// Connections whose FIN waits for an acknowledgment: since when, in which state, and how often it was sent.
    closing: BTreeMap<u64, (u128, String, u64)>,
    due: Vec<Item>,
}

pub(super) fn differences(trace: &Trace, lives: &Lives, told: &Sections) -> Vec<String> {
    let mut ends = Ends::default();
    for record in &trace.records {
        match &*record.kind {
            "state" => ends.state(lives, record),
            "segment" => ends.segment(lives, record),
            "judged" => ends.judged(record),
            "data-lost" => ends.lost(trace, lives, record),
            "call" if record.text("call") == "receive" => ends.received(lives, record),
            "call" if record.text("call") == "send" && record.text("outcome") == "failed" => {
                ends.not_sent(lives, record);
            }
            "warmed-up" => {
                ends.due.clear();
                ends.dropped.clear();
            }
            _ => {}
        }
    }
    for (connection, (first, len)) in std::mem::take(&mut ends.dropped) {
        let life = &lives[&connection];
        let name = format!("{}: {len} B of {} lost at {}, true", life.name(), life.host, seconds(first));
        ends.due.push(Item::new(name, Vec::new()));
    }
    for (connection, (since, state, _)) in ends.closing.iter().filter(|(_, (_, _, fins))| *fins > 1) {
        if !ends.useless.contains(connection) {
            let name = format!("{}: closing since {}, in {state}", lives[connection].name(), seconds(*since));
            ends.due.push(Item::new(name, Vec::new()));
        }
    }
    let paragraphs = told.get(text::ENDS).map_or(&[][..], Vec::as_slice);
    let is_close = |paragraph: &&String| !paragraph.contains(": FIN acknowledged at ");
    let told = paragraphs.iter().filter(is_close);
    let mut told: Vec<Result<Item, String>> =
        told.map(|paragraph| heading(paragraph).ok_or_else(|| paragraph.clone())).collect();
    for item in told.iter_mut().flatten() {
        // Where another connection came in the place of the one that ended, the text does not say whether they had arrived.
        if let Some(name) = item.name.strip_suffix(UNSAID)
            && let Some(due) = ends.due.iter().find(|due| due.name.starts_with(&format!("{name}, ")))
        {
            item.name.clone_from(&due.name);
        }
    }
    compare("end", told, ends.due)
}

impl Ends {
    /// A FIN of a connection that was open.
    fn segment(&mut self, lives: &Lives, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let is_open = lives.get(&connection).and_then(|life| life.open).is_some_and(|open| open <= record.t);
        if is_open && record.text("flags").contains('F') && !record.text("flags").contains(['S', 'R']) {
            self.closing.entry(connection).and_modify(|(_, _, fins)| *fins += 1);
        }
    }

    /// What is lost with the other end had arrived there.
    fn lost(&mut self, trace: &Trace, lives: &Lives, record: &Record) {
        let Some(life) = record.number("connection").map(|connection| &lives[&connection]) else { return };
        let over = record.because.and_then(|id| trace.records.get(usize::try_from(id).ok()?));
        let unread = over.is_some_and(|over| over.number("connection") != record.number("connection"));
        let len = record.number("len").unwrap_or(0);
        if over.is_some_and(|over| over.kind != "state") {
            let connection = record.number("connection").unwrap_or(0);
            self.dropped.entry(connection).or_insert((record.t, 0)).1 += len;
            return;
        }
        let name = format!("{}: {len} B of {} lost at {}, {unread}", life.name(), life.host, seconds(record.t));
        self.due.push(Item::new(name, Vec::new()));
    }

    /// Octets of another attempt; and those of the own attempt that an application received at an earlier connection of it.
    fn received(&mut self, lives: &Lives, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (life, t) = (&lives[&connection], seconds(record.t));
        let [octets, stale] = ["len", "stale"].map(|field| record.number(field).unwrap_or(0));
        if stale > 0 {
            self.mixed_up.insert(connection);
            self.due.push(Item::new(format!("{}: {stale} B of another at {t}", life.name()), Vec::new()));
        }
        let before = self.received.get(&connection).copied().unwrap_or(0);
        self.received.insert(connection, before + octets);
        let is_earlier = |of: &u64| {
            let other = &lives[of];
            let of_one = other.passive && life.passive && other.attempt == life.attempt && other.host == life.host;
            *of < connection && of_one && !self.mixed_up.contains(of)
        };
        let earlier =
            self.received.iter().filter(|(of, _)| is_earlier(of)).map(|(_, octets)| *octets).max().unwrap_or(0);
        let again = (before + octets).min(earlier) - before.min(earlier);
        if again > 0 && !self.mixed_up.contains(&connection) {
            self.due.push(Item::new(format!("{}: {again} B again at {t}", life.name()), Vec::new()));
        }
    }

    fn not_sent(&mut self, lives: &Lives, record: &Record) {
        let Some(life) = record.number("connection").map(|connection| &lives[&connection]) else { return };
        let len = record.number("len").unwrap_or(0);
        let name = format!("{}: {len} B not sent at {}", life.name(), seconds(record.t));
        self.due.push(Item::new(name, Vec::new()));
    }

    fn state(&mut self, lives: &Lives, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (from, to, reason) = (record.text("from"), record.text("to"), record.text("reason"));
        if to == "TIME-WAIT" {
            self.time_wait.insert(connection, record.t);
        }
        match to {
            "FIN-WAIT-1" | "LAST-ACK" => drop(self.closing.insert(connection, (record.t, to.to_owned(), 0))),
            "CLOSING" => drop(self.closing.entry(connection).and_modify(|(_, state, _)| to.clone_into(state))),
            _ => drop(self.closing.remove(&connection)),
        }
        if to != "CLOSED" || self.useless.contains(&connection) {
            return;
        }
        let life = &lives[&connection];
        // A server may be the only one that is not open yet.
        let opener_is_open = || {
            let opener = other_end(lives, connection, |_| true).and_then(|opener| lives[&opener].open);
            life.passive && opener.is_some_and(|open| open <= record.t)
        };
        if let (Some(since), "segment") = (self.time_wait.remove(&connection), reason) {
            let name = format!("{}: TIME-WAIT early at {}", life.name(), seconds(record.t));
            self.due.push(Item::new(name, vec![seconds(record.t - since)]));
        }
        let how = match reason {
            "reset" if life.open.is_some() => "reset",
            "crash" if life.open.is_some() && from != "TIME-WAIT" => "crash",
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
    let ended = [("reset at ", "reset"), ("gave up at ", "gave up"), ("over at ", "over"), ("cut short at ", "crash")];
    if let Some((_, reason)) = ended.into_iter().find(|(words, _)| text.take(words).is_some()) {
        let t = text.time()?;
        text.take(" s, in ")?;
        let state = text.0.split([' ', ':']).next()?;
        return Some(Item::new(format!("{name}: {reason} at {}, in {state}", seconds(t)), Vec::new()));
    }
    if text.take("its FIN waits for an acknowledgment since ").is_some() {
        let since = text.time()?;
        text.take(" s, in ")?;
        let state = text.0.split([' ', ':', '.']).next()?;
        return Some(Item::new(format!("{name}: closing since {}, in {state}", seconds(since)), Vec::new()));
    }
    if text.take("TIME-WAIT ended early at ").is_some() {
        let t = text.time()?;
        text.take(" s, after ")?;
        return Some(Item::new(format!("{name}: TIME-WAIT early at {}", seconds(t)), vec![text.number()?]));
    }
    let octets = [
        ("its application was given ", "B that its peer had not sent, at ", "of another"),
        ("its application received ", "B a second time at ", "again"),
        ("the call to send ", "B failed at ", "not sent"),
    ];
    for (words, mark, what) in octets {
        if text.take(words).is_some() {
            let len = text.count()?;
            text.take(" ")?;
            text.take(mark)?;
            return Some(Item::new(format!("{name}: {len} B {what} at {}", seconds(text.time()?)), Vec::new()));
        }
    }
    let len = text.amount("B")?;
    text.take(" of ")?;
    let host = text.before(" lost at ")?;
    let t = text.time()?;
    let unread = text.0.contains(" They had arrived, and nobody had read them");
    if !unread && !text.0.contains(" No application got them.") {
        let name = format!("{name}: {len} B of {host} lost at {}{UNSAID}", seconds(t));
        return (!text.0.contains("'s end was over at ")).then(|| Item::new(name, Vec::new()));
    }
    Some(Item::new(format!("{name}: {len} B of {host} lost at {}, {unread}", seconds(t)), Vec::new()))
}
