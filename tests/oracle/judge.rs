//! Verdicts and causes, from the trace alone, as "What counts as waste" in ARCHITECTURE.md has them.
//!
//! After every event, each connection's other end is looked for anew, and with it the verdict. Every useless connection
//! has to name the cause and the record that are due: those of the event in which it becomes useless (`causes`, `waited`),
//! then those of the last segment lost that would have ended it (`moves`). So has every wasted segment, and no other segment
//! is wasted (`segments`); and every client that begins to wait, or waits for something else from now on (`waits`): what is
//! said then stays so while it waits. Who waits for a hold-down is kept waiting by nothing useless.
//!
//! Where the words leave open which of several true causes it is, each of these is allowed, and no other. These are not
//! counted as computed: of a segment that came late from an end that is over, that segment or what ended its sender; a segment
//! that was ended late, or whose answer was lost; a lost segment that another connection would have answered, or a host that is
//! not seen to answer any, with the blame or without it. No difference is passed over.

mod causes;
mod lives;
mod moves;
mod segments;
mod waited;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use crate::trace::{Record, Trace};
use causes::{Due, is_of_its_kind};
use lives::{Blame, Life};
use waits::{InLine, Wait};

/// Kinds of records that begin an event, besides forged segments.
const BEGINNINGS: &[&str] =
    &["script", "session", "woken", "delivered", "unheard", "crashed", "rebooted", "warmed-up", "timer-fired"];

struct Court<'a> {
    records: &'a [Record],
    /// The records that each is a reason of.
    answers: Vec<Vec<u64>>,
    lives: BTreeMap<u64, Life>,
    /// The connections of each name: the own socket, the peer's.
    names: BTreeMap<(String, String), Vec<u64>>,
    /// The segments of each name: the source, the destination.
    sent: BTreeMap<(String, String), Vec<u64>>,
    /// Segments on their way: how many copies are still to come.
    coming: BTreeMap<u64, usize>,
    /// Hosts that are down or keep quiet.
    deaf: BTreeMap<String, Deaf>,
    /// Hosts to which a segment came that they did not know, or (true) did not expect while they opened: whether one answered
    /// such a one by a reset.
    resets: BTreeMap<(String, bool), bool>,
    /// The verdicts of no use and their causes, as they were before the event at hand.
    useless: BTreeMap<u64, (String, Blame)>,
    /// The first record of the event at hand.
    event: u64,
    /// The first record of the next one.
    next: u64,
    /// Connections that are not CLOSED.
    alive: BTreeSet<u64>,
    /// Clients that wait: the server, the attempt.
    waiting: BTreeMap<(String, String), Wait>,
    /// Those that have waited for a worker and had none since: the record of the wait, and where how many workers are.
    in_line: BTreeMap<(String, String), InLine>,
    /// Of them, those that are refused in the event at hand, and for want of what.
    refused: BTreeMap<(String, String), &'static str>,
    /// Connections that an application accepted.
    accepted: BTreeSet<u64>,
    /// Connections that a worker serves.
    served: BTreeSet<u64>,
    differences: Vec<String>,
    counts: Counts,
}

/// A host that crashed.
struct Deaf {
    /// The record of its crash.
    crash: u64,
    /// When it hears again, if that is known.
    until: Option<u128>,
}

/// Of how many the cause was computed, and how many there were.
#[derive(Default)]
pub(crate) struct Counts {
    /// Verdicts that something is of no use.
    pub(crate) verdicts: Share,
    /// Wasted segments.
    pub(crate) segments: Share,
    /// Waits that begin, or go on for something else.
    pub(crate) waits: Share,
    /// Forged segments that a connection took for its peer's.
    pub(crate) forgeries: u64,
}

impl Counts {
    /// What was computed, in words.
    pub(crate) fn told(&self) -> String {
        let shares = [self.verdicts, self.segments, self.waits];
        let [verdicts, segments, waits] = shares.map(|Share(part, whole)| format!("{part} of {whole}"));
        let forgeries = self.forgeries;
        format!(
            "computed: causes of {verdicts} verdicts, {segments} wasted segments, {waits} waits; {forgeries} forgeries taken"
        )
    }

    /// Whether the cause of 19 in 20 was computed, of each.
    pub(crate) fn is_mostly_computed(&self) -> bool {
        [self.verdicts, self.segments, self.waits].iter().all(|Share(part, whole)| part * 20 >= whole * 19)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.verdicts.add(other.verdicts);
        self.segments.add(other.segments);
        self.waits.add(other.waits);
        self.forgeries += other.forgeries;
    }
}

/// A part, and the whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share(pub(crate) u64, pub(crate) u64);

impl Share {
    fn add(&mut self, Self(part, whole): Self) {
        self.0 += part;
        self.1 += whole;
    }

    fn count(&mut self, due: &Due) {
        self.0 += u64::from(matches!(due, Due::Is(..)));
        self.1 += 1;
    }
}

/// Differences between what a trace says of verdicts and causes and what the specification does; and what was computed.
pub(crate) fn differences(trace: &Trace) -> (Vec<String>, Counts) {
    let mut court = Court::of(&trace.records);
    court.look_for_resets();
    for record in &trace.records {
        if begins(record) {
            court.end_of_event(record.id);
        }
        court.take(record);
    }
    court.end_of_event(trace.records.len() as u64);
    (court.differences, court.counts)
}

/// Whether a record begins an event.
fn begins(record: &Record) -> bool {
    BEGINNINGS.contains(&&*record.kind) || (record.kind == "segment" && record.is("forged"))
}

/// How much sequence space a segment occupies.
fn length(segment: &Record) -> u64 {
    let flags = segment.text("flags");
    segment.number("len").unwrap_or(0) + u64::from(flags.contains('S')) + u64::from(flags.contains('F'))
}

/// Whether a segment occupies any: only such a one is sent again.
fn occupies(segment: &Record) -> bool {
    length(segment) > 0
}

impl<'a> Court<'a> {
    fn of(records: &'a [Record]) -> Self {
        let mut answers = vec![Vec::new(); records.len()];
        for record in records {
            for because in record.because.iter().chain(&record.also).filter_map(|id| usize::try_from(*id).ok()) {
                answers[because].push(record.id);
            }
        }
        Self {
            records,
            answers,
            lives: BTreeMap::new(),
            names: BTreeMap::new(),
            sent: BTreeMap::new(),
            coming: BTreeMap::new(),
            deaf: BTreeMap::new(),
            resets: BTreeMap::new(),
            useless: BTreeMap::new(),
            event: 0,
            next: 0,
            alive: BTreeSet::new(),
            waiting: BTreeMap::new(),
            in_line: BTreeMap::new(),
            refused: BTreeMap::new(),
            accepted: BTreeSet::new(),
            served: BTreeSet::new(),
            differences: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Learns of each host whether it answers what it does not know, and what it does not expect while it opens: a handshake
    /// may keep it silent.
    fn look_for_resets(&mut self) {
        self.next = self.records.len() as u64;
        let mut opening = BTreeMap::new();
        for record in self.records {
            if let ("state", Some(connection)) = (&*record.kind, record.number("connection")) {
                match record.text("to") {
                    "SYN-SENT" => opening.insert(connection, record.number("iss").map(|iss| iss + 1)),
                    _ => opening.remove(&connection),
                };
            }
            let Some(segment) = self.because(record).filter(|_| record.kind == "delivered") else { continue };
            let (flags, meets) = (segment.text("flags"), record.number("connection"));
            let expects = meets.and_then(|connection| opening.get(&connection));
            let (opens, acknowledges) = (expects.is_some(), segment.number("ack_raw"));
            let is_unexpected = meets.is_none() || expects.is_some_and(|expects| *expects != acknowledges);
            if flags.contains('A') && !flags.contains('R') && is_unexpected {
                let resets = self.answers(record.id).any(|answer| answer.text("flags").contains('R'));
                let nothing = self.answers(record.id).next().is_none();
                if resets || nothing {
                    *self.resets.entry((record.text("to").to_owned(), opens)).or_default() |= resets;
                }
            }
        }
    }

    fn record(&self, id: u64) -> Option<&'a Record> {
        self.records.get(usize::try_from(id).ok()?)
    }

    /// The record without which another would not exist.
    fn because(&self, record: &Record) -> Option<&'a Record> {
        self.record(record.because?)
    }

    /// The records that another is a reason of, so far.
    fn answers(&self, id: u64) -> impl Iterator<Item = &'a Record> {
        let answers = usize::try_from(id).ok().and_then(|id| self.answers.get(id)).map_or(&[][..], Vec::as_slice);
        answers.iter().take_while(|answer| **answer < self.next).filter_map(|answer| self.record(*answer))
    }

    /// The delivery that a record comes of.
    fn delivery(&self, record: &Record) -> Option<&'a Record> {
        let mut reasons = record.because.iter().chain(&record.also).filter_map(|id| self.record(*id));
        reasons.rfind(|reason| reason.kind == "delivered")
    }

    /// The records of the event at hand.
    fn of_event(&self) -> impl DoubleEndedIterator<Item = &'a Record> {
        let [first, next] = [self.event, self.next].map(|id| usize::try_from(id).unwrap_or(usize::MAX));
        self.records[first..next].iter()
    }

    /// The segments of a connection of this name, or of whoever else sent any there.
    fn segments(&self, from: &str, to: &str) -> impl DoubleEndedIterator<Item = &'a Record> {
        let sent = self.sent.get(&(from.to_owned(), to.to_owned())).map_or(&[][..], Vec::as_slice);
        sent.iter().filter_map(|id| self.record(*id))
    }

    fn take(&mut self, record: &Record) {
        self.serve(record);
        match &*record.kind {
            "segment" => self.segment(record),
            "delivered" | "unheard" => {
                let Some(segment) = record.because else { return };
                if let Some(connection) = record.number("connection").filter(|_| record.is("misleads")) {
                    self.counts.forgeries += 1;
                    self.lives.entry(connection).and_modify(|life| life.misled = life.misled.or(Some(segment)));
                }
                if let Some(copies) = self.coming.get_mut(&segment) {
                    *copies -= 1;
                    if *copies == 0 {
                        self.coming.remove(&segment);
                    }
                }
            }
            "crashed" => {
                self.deaf.insert(record.text("host").to_owned(), Deaf { crash: record.id, until: None });
            }
            "rebooted" => {
                let until = record.get("quiet_until").nanos();
                self.deaf.entry(record.text("host").to_owned()).and_modify(|deaf| deaf.until = until);
            }
            "waits" => self.waits(record),
            "in-the-way" => self.line_moves(record),
            "overflow" | "held-down" => self.refuse(record),
            "wait-over" => self.wait_over(record),
            "state" => self.state(record),
            "judged" => self.verdict(record),
            _ => {}
        }
    }

    fn segment(&mut self, record: &Record) {
        let copies = record.deliveries().len();
        if copies > 0 {
            self.coming.insert(record.id, copies);
        }
        let name = ["source", "destination"].map(|end| record.text(end).to_owned());
        self.sent.entry(name.into()).or_default().push(record.id);
    }

    fn verdict(&mut self, record: &Record) {
        let (id, worth, cause) = (record.id, record.text("worth"), record.text("cause"));
        let Some(life) = record.number("connection").and_then(|connection| self.lives.get_mut(&connection)) else {
            self.differences.push(format!("judged unknown: record {id} is of a connection that nobody opened"));
            return;
        };
        worth.clone_into(&mut life.worth);
        life.blame = (cause.to_owned(), record.number("blames"));
        if life.state == "CLOSED" && worth != "useful" {
            self.differences.push(format!("judged CLOSED: record {id} is of a connection that is over"));
        }
        if worth == "useful" && !cause.is_empty() {
            self.differences.push(format!("cause of useful: record {id} has one"));
        }
        let blamed = record.number("blames").and_then(|blames| self.record(blames));
        if worth != "useful" && !is_of_its_kind(cause, blamed) {
            let kind = blamed.map_or("none", |blamed| &blamed.kind);
            self.differences.push(format!("record of {cause} is {kind}: record {id}"));
        }
    }

    fn end_of_event(&mut self, next: u64) {
        self.next = next;
        for connection in self.alive.clone() {
            self.check_verdict(connection);
            if self.lives[&connection].worth != "useful" {
                self.check_cause(connection);
            }
        }
        self.check_segments();
        self.check_waits();
        self.useless.retain(|connection, _| self.alive.contains(connection));
        for connection in &self.alive {
            let life = &self.lives[connection];
            match &*life.worth {
                "useful" => self.useless.remove(connection),
                worth => self.useless.insert(*connection, (worth.to_owned(), life.blame.clone())),
            };
        }
        self.event = next;
    }

    fn check_verdict(&mut self, connection: u64) {
        let (worth, class) = self.worth(connection);
        let life = &self.lives[&connection];
        let differs = life.worth != worth;
        if differs && !life.differs {
            let opened = if life.passive { "passive" } else { "active" };
            let (state, told, host) = (&life.state, &life.worth, &life.host);
            self.differences.push(format!(
                "verdict {opened} {state}, other end {class:?}, should be {worth} and is {told}: connection {connection} \
                 of {host} after the event of record {}",
                self.event
            ));
        }
        self.lives.entry(connection).and_modify(|life| life.differs = differs);
    }
}
