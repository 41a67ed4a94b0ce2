//! What was held for nobody: each connection with nobody at its other end, for how long, and what it cost.

use std::collections::BTreeMap;

use super::text::{self, Reader, Sections};
use super::{Item, Lives, compare, invented, seconds, whose};
use crate::trace::{Change, Record, Trace};

/// What is blamed: the cause and the time of the record, as the text has them; and the record itself.
type Blame = (String, Option<u64>);

/// What the name of answers ends in.
const ANSWERS: &str = ", answers";

/// Of many that are blamed, not all are told.
const REST: &str = " for the rest: ";

/// A connection that is held for nobody, or answers to nobody of one name.
#[derive(Default)]
struct Story {
    /// Octets held, and workers.
    held: [i128; 2],
    state: String,
    /// The blame, while nobody is at its other end.
    blame: Option<Blame>,
    since: u128,
    from: Option<u128>,
    until: u128,
    /// Octets and workers, times nanoseconds, and segments, of each blame.
    costs: BTreeMap<Blame, ([i128; 2], u64)>,
}

#[derive(Default)]
struct Account {
    connections: BTreeMap<u64, Story>,
    /// Answers where no connection is kept, by name: the text does not say when those of one name are told apart.
    answers: BTreeMap<String, Story>,
    /// The story of each wasted segment.
    segments: BTreeMap<u64, Whose>,
}

/// Whose story it is: a connection's, or that of a listener and a peer, by name.
#[derive(Clone)]
enum Whose {
    Connection(u64),
    Nobody(String),
}

pub(super) fn differences(trace: &Trace, lives: &Lives, told: &Sections) -> Vec<String> {
    let mut account = Account::default();
    for record in &trace.records {
        account.take(trace, record);
    }
    account.advance_all(trace.horizon);
    let paragraphs = told.get(text::WASTE).map_or(&[][..], Vec::as_slice);
    let read = |read: fn(&str) -> Option<Item>| -> Vec<Result<Item, String>> {
        paragraphs.iter().map(|paragraph| read(paragraph).ok_or_else(|| paragraph.clone())).collect()
    };
    let mut differences = compare("waste", summed(read(heading)), account.headings(trace, lives));
    let mut blames = summed(paragraphs.iter().flat_map(|paragraph| blames(paragraph)).collect());
    let due = summed(account.blames(lives).into_iter().map(Ok).collect()).into_iter().flatten().collect();
    if paragraphs.iter().any(|paragraph| paragraph.contains(&format!(" To blame{REST}"))) {
        let told = blames.extract_if(.., |blame| blame.is_ok()).flatten().collect();
        differences.extend(invented("blame", told, due));
    } else {
        differences.extend(compare("blame", std::mem::take(&mut blames), due));
    }
    differences.extend(blames.into_iter().filter_map(Result::err).map(|unread| format!("blame unread: {unread}")));
    differences
}

impl Account {
    fn take(&mut self, trace: &Trace, record: &Record) {
        match &*record.kind {
            "state" => self.alter(record, |story| record.text("to").clone_into(&mut story.state)),
            "judged" => {
                let is_useless = record.text("worth") != "useful";
                self.alter(record, |story| story.blame = is_useless.then(|| blame(trace, record)));
            }
            "segment" if record.is("wasted") => self.segment(trace, record),
            "warmed-up" => self.begin_anew(record.t),
            _ => {}
        }
        for change in &record.changes {
            let (connection, what, growth) = match change {
                Change::Memory { connection, bytes, .. } => (connection, 0, *bytes),
                Change::Served { connection, begins, .. } => (connection, 1, if *begins { 1 } else { -1 }),
                _ => continue,
            };
            let story = self.connections.entry(*connection).or_default();
            story.advance(record.t);
            story.held[what] += growth;
        }
    }

    fn alter(&mut self, record: &Record, alter: impl FnOnce(&mut Story)) {
        let Some(connection) = record.number("connection") else { return };
        let story = self.connections.entry(connection).or_default();
        story.advance(record.t);
        let before = story.is_useless();
        alter(story);
        match (before, story.is_useless()) {
            (false, true) => story.from = story.from.or(Some(record.t)),
            (true, false) => story.until = record.t,
            _ => {}
        }
    }

    /// A segment is sent for a connection; or it answers one of a story; or it begins a story of its own.
    fn segment(&mut self, trace: &Trace, record: &Record) {
        let was_useless = |connection: &u64| self.connections.get(connection).is_some_and(|it| it.from.is_some());
        let own = record.number("connection").filter(was_useless).map(Whose::Connection);
        let answered = answered(trace, record).and_then(|segment| self.segments.get(&segment.id).cloned());
        let whose = own.or(answered).unwrap_or_else(|| Whose::Nobody(listener_name(record)));
        self.segments.insert(record.id, whose.clone());
        let story = match whose {
            Whose::Connection(connection) => self.connections.entry(connection).or_default(),
            Whose::Nobody(name) => self.answers.entry(name).or_default(),
        };
        story.from = story.from.or(Some(record.t));
        story.costs.entry(blame(trace, record)).or_default().1 += 1;
    }

    fn begin_anew(&mut self, now: u128) {
        self.advance_all(now);
        for story in self.connections.values_mut().chain(self.answers.values_mut()) {
            story.costs.clear();
        }
    }

    fn advance_all(&mut self, now: u128) {
        for story in self.connections.values_mut() {
            story.advance(now);
        }
    }

    /// The headings that are due.
    fn headings(&self, trace: &Trace, lives: &Lives) -> Vec<Item> {
        let connection = |(connection, story): (&u64, &Story)| {
            let until = if story.is_useless() { trace.horizon } else { story.until };
            let is_open = story.is_useless();
            Item::new(heading_name(&lives[connection].name(), story.from?, (is_open, until)), story.cost()?).into()
        };
        let answers = |(name, story): (&String, &Story)| Some(Item::new(answers_name(name), story.cost()?));
        let connections = self.connections.iter().filter_map(connection);
        connections.chain(self.answers.iter().filter_map(answers)).collect()
    }

    /// What is due of each that is blamed.
    fn blames(&self, lives: &Lives) -> Vec<Item> {
        let connections = self.connections.iter().map(|(connection, story)| (lives[connection].name(), story));
        let answers = self.answers.iter().map(|(name, story)| (answers_name(name), story));
        let each = |(name, story): (String, &Story)| -> Vec<Item> {
            let of = |(blame, cost): (&Blame, &([i128; 2], u64))| {
                Item::new(format!("{name} by {}", blame.0), amounts(*cost))
            };
            story.costs.iter().map(of).collect()
        };
        connections.chain(answers).flat_map(each).collect()
    }
}

impl Story {
    fn is_useless(&self) -> bool {
        self.state != "CLOSED" && self.blame.is_some()
    }

    fn advance(&mut self, now: u128) {
        if let Some(blame) = self.blame.clone().filter(|_| self.is_useless() && now > self.since) {
            let nanos = i128::try_from(now - self.since).expect("a time of a run");
            if self.held != [0; 2] {
                let cost = self.costs.entry(blame).or_default();
                cost.0.iter_mut().zip(self.held).for_each(|(cost, held)| *cost += held * nanos);
            }
        }
        self.since = now;
    }

    /// What it cost in all, if it cost anything.
    fn cost(&self) -> Option<Vec<f64>> {
        let add = |sum: ([i128; 2], u64), cost: &([i128; 2], u64)| {
            ([sum.0[0] + cost.0[0], sum.0[1] + cost.0[1]], sum.1 + cost.1)
        };
        let sum = self.costs.values().fold(([0; 2], 0), add);
        (sum != ([0; 2], 0)).then(|| amounts(sum))
    }
}

fn amounts(([bytes, workers], segments): ([i128; 2], u64)) -> Vec<f64> {
    vec![bytes as f64 / 1e9, workers as f64 / 1e9, segments as f64]
}

fn heading_name(name: &str, from: u128, (is_open, until): (bool, u128)) -> String {
    let end = if is_open { "the end of the run, " } else { "" };
    format!("{name} from {} until {end}{}", seconds(from), seconds(until))
}

/// Answers of one name are one thing here: the text does not say when it tells them apart.
fn answers_name(name: &str) -> String {
    format!("{name}{ANSWERS}")
}

/// What is told of answers, in all.
fn summed(items: Vec<Result<Item, String>>) -> Vec<Result<Item, String>> {
    let mut sums: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut others = Vec::new();
    for item in items {
        match item {
            Ok(Item { name, amounts }) if name.contains(ANSWERS) => {
                let sum = sums.entry(name).or_insert_with(|| vec![0.0; amounts.len()]);
                sum.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
            }
            other => others.push(other),
        }
    }
    others.extend(sums.into_iter().map(|(name, amounts)| Ok(Item { name, amounts })));
    others
}

/// The segment that another answers.
fn answered<'a>(trace: &'a Trace, record: &Record) -> Option<&'a Record> {
    let because = |record: &Record| trace.records.get(usize::try_from(record.because?).ok()?);
    because(because(record).filter(|because| because.kind == "delivered")?)
}

/// The sender of a segment as the listener of its receiver.
fn listener_name(record: &Record) -> String {
    let [sport, dport] = ["sport", "dport"].map(|field| record.number(field).unwrap_or(0));
    let from = whose(record.text("from"), record.text("source"));
    let to = whose(record.text("to"), record.text("destination"));
    format!("{from}:{sport} ← {to}:{dport}")
}

pub(super) fn blame(trace: &Trace, record: &Record) -> Blame {
    let cause = record.text("cause");
    let id = record.number("blames");
    let blamed = id.and_then(|id| trace.records.get(usize::try_from(id).ok()?));
    (format!("{cause} {:?}", blamed.map(|blamed| seconds(blamed.t))), id)
}

/// A heading that is told, with what it says of the cost.
pub(super) fn heading(paragraph: &str) -> Option<Item> {
    let mut text = Reader(paragraph);
    let name = text.before(", ")?;
    if text.take("SYN cookies for nobody, the first at ").is_some() {
        text.time()?;
        text.take(" s")?;
        text.before(": ")?;
        return Some(Item::new(answers_name(name), text.cost()?.to_vec()));
    }
    text.before("held for nobody from ")?;
    let from = text.time()?;
    text.take(" s to ")?;
    let is_open = text.take("the end of the run, ").is_some();
    let until = text.time()?;
    text.before(" s: ")?;
    Some(Item::new(heading_name(name, from, (is_open, until)), text.cost()?.to_vec()))
}

/// What is told of each that is blamed. Who has it alone has all.
fn blames(paragraph: &str) -> Vec<Result<Item, String>> {
    let (name, rest) = paragraph.split_once(", ").unwrap_or((paragraph, ""));
    let name = if rest.starts_with("SYN cookies for nobody") { answers_name(name) } else { name.to_owned() };
    let whole = heading(paragraph).map_or(Vec::new(), |item| item.amounts);
    let one = |text: &str| {
        let mut reader = Reader(text);
        let amounts = if reader.take(" for ").is_some() { reader.cost().map(Vec::from) } else { Some(whole.clone()) };
        let blamed = reader.take(": ").and_then(|()| told_blame(reader.0));
        amounts.zip(blamed).map(|(amounts, blamed)| Item::new(format!("{name} by {blamed}"), amounts))
    };
    let sentences = paragraph.split(" To blame").skip(1).filter(|sentence| !sentence.starts_with(REST));
    sentences.map(|text| one(text).ok_or_else(|| format!("To blame{text}"))).collect()
}

/// What is blamed, as a sentence says it.
pub(super) fn told_blame(text: &str) -> Option<String> {
    const CAUSES: [(&str, &str); 9] = [
        ("the last ACK on its way", "unknown"),
        ("a lost segment", "lost"),
        ("a delayed segment", "delayed"),
        ("a duplicated segment", "duplicated"),
        ("a forged segment", "forged"),
        ("the crash of", "crash"),
        ("the full", "capacity"),
        ("no known accident", "unknown"),
        ("", "application"),
    ];
    let (_, cause) = CAUSES.into_iter().find(|(words, _)| text.starts_with(words))?;
    let when = if text.contains(", sent ") { text.split(", sent ").nth(1) } else { text.split(" at ").nth(1) };
    let t = when.map(|when| Reader(when).time().ok_or(())).transpose().ok()?;
    Some(format!("{cause} {:?}", t.map(seconds)))
}
