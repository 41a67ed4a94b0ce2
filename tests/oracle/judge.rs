//! Verdicts and causes, from the trace alone, as "What counts as waste" in ARCHITECTURE.md has them.
//!
//! After every event, each connection's other end is looked for anew. Of the causes, all have to name a record of the kind
//! that is theirs, and these are computed: `forged`, of what a forged segment made; `crash` and `capacity`, where the other
//! end went by a crash or an eviction; `application`, where it went by a call, and `lost`, if the reset of that call was
//! lost; `duplicated` and `delayed`, of what a segment of a connection made that was over, or that had sent it again.
//! All of these only in the event in which a connection becomes useless: who takes the blame later is not computed.

use std::collections::{BTreeMap, BTreeSet};

use crate::trace::{Record, Trace};

/// Kinds of records that begin an event, besides forged segments.
const BEGINNINGS: &[&str] =
    &["script", "session", "woken", "delivered", "unheard", "crashed", "rebooted", "warmed-up", "timer-fired"];

/// What a connection is, and what is said of it.
#[derive(Clone)]
struct Life {
    host: String,
    local: String,
    remote: String,
    iss: Option<u64>,
    irs: Option<u64>,
    passive: bool,
    state: String,
    /// The other end, if there ever was one.
    partner: Option<u64>,
    /// Whether a SYN cookie opened it.
    by_cookie: bool,
    /// The record of its making.
    made: u64,
    /// The record of its end.
    ended: Option<u64>,
    /// The verdict in force.
    worth: String,
    /// Whether it was ever useless.
    was_useless: bool,
    /// Whether a difference was told that still is there.
    differs: bool,
}

/// What is at the other end.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Class {
    Bound,
    Unaware,
    Coming,
    None,
}

struct Court<'a> {
    records: &'a [Record],
    lives: BTreeMap<u64, Life>,
    /// The connections of each name: the own socket, the peer's.
    names: BTreeMap<(String, String), Vec<u64>>,
    /// Segments on their way: how many copies are still to come.
    coming: BTreeMap<u64, usize>,
    /// How many copies of each segment came.
    came: BTreeMap<u64, usize>,
    /// Sequence spaces that were sent again: the connection, the first number, the last segment.
    latest: BTreeMap<(u64, u64), u64>,
    /// The first record of the event at hand.
    event: u64,
    /// What was judged in it: records.
    judged: Vec<u64>,
    /// Connections that are not CLOSED.
    alive: BTreeSet<u64>,
    differences: Vec<String>,
}

/// Differences between the verdicts in a trace and those of the specification.
pub(crate) fn differences(trace: &Trace) -> Vec<String> {
    let mut court = Court {
        records: &trace.records,
        lives: BTreeMap::new(),
        names: BTreeMap::new(),
        coming: BTreeMap::new(),
        came: BTreeMap::new(),
        latest: BTreeMap::new(),
        event: 0,
        judged: Vec::new(),
        alive: BTreeSet::new(),
        differences: Vec::new(),
    };
    for record in &trace.records {
        if begins(record) {
            court.end_of_event();
            court.event = record.id;
        }
        court.take(record);
    }
    court.end_of_event();
    court.differences
}

/// Whether a record begins an event.
fn begins(record: &Record) -> bool {
    BEGINNINGS.contains(&&*record.kind) || (record.kind == "segment" && record.is("forged"))
}

impl<'a> Court<'a> {
    fn record(&self, id: u64) -> Option<&'a Record> {
        self.records.get(usize::try_from(id).ok()?)
    }

    /// The record without which another would not exist.
    fn because(&self, record: &Record) -> Option<&'a Record> {
        self.record(record.because?)
    }

    fn take(&mut self, record: &Record) {
        match &*record.kind {
            "segment" => self.segment(record),
            "delivered" | "unheard" => {
                let Some(segment) = record.because else { return };
                *self.came.entry(segment).or_default() += 1;
                if let Some(copies) = self.coming.get_mut(&segment) {
                    *copies -= 1;
                    if *copies == 0 {
                        self.coming.remove(&segment);
                    }
                }
            }
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
        // Only what occupies sequence space is sent again.
        let occupies = record.number("len").is_some_and(|len| len > 0) || record.text("flags").contains(['S', 'F']);
        if let (Some(connection), Some(seq), true) = (record.number("connection"), record.number("seq_raw"), occupies) {
            self.latest.insert((connection, seq), record.id);
        }
    }

    fn state(&mut self, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (from, to) = (record.text("from"), record.text("to"));
        let life = self.lives.entry(connection).or_insert_with(|| Life {
            host: record.text("host").to_owned(),
            local: record.text("local").to_owned(),
            remote: record.text("remote").to_owned(),
            iss: None,
            irs: None,
            passive: false,
            state: String::new(),
            partner: None,
            by_cookie: false,
            made: record.id,
            ended: None,
            worth: "useful".to_owned(),
            was_useless: false,
            differs: false,
        });
        if life.made == record.id {
            let name = (life.local.clone(), life.remote.clone());
            self.names.entry(name).or_default().push(connection);
        }
        to.clone_into(&mut life.state);
        (life.iss, life.irs, life.passive) = (record.number("iss"), record.number("irs"), record.is("passive"));
        if to == "CLOSED" {
            life.ended = Some(record.id);
            self.alive.remove(&connection);
            return;
        }
        self.alive.insert(connection);
        if from == "SYN-SENT" {
            let by_cookie = self.opened_by_cookie(record);
            if let Some(life) = self.lives.get_mut(&connection) {
                life.by_cookie = by_cookie;
            }
        }
        let opens = from == "SYN-SENT";
        self.bind(connection, opens, self.sender(record));
    }

    /// The connection whose segment a change of state comes of.
    fn sender(&self, change: &Record) -> Option<u64> {
        let delivered = self.because(change).filter(|because| because.kind == "delivered")?;
        self.because(delivered)?.number("connection")
    }

    /// Whether a change of state comes of a SYN-ACK that no connection sent.
    fn opened_by_cookie(&self, change: &Record) -> bool {
        let segment = self.because(change).and_then(|delivered| self.because(delivered));
        segment.is_some_and(|segment| {
            let flags = segment.text("flags");
            let syn_ack = flags.contains('S') && flags.contains('A');
            syn_ack && segment.number("connection").is_none() && !segment.is("forged")
        })
    }

    /// Connections at the other end of the name of another.
    fn opposite(&self, life: &Life) -> &[u64] {
        self.names.get(&(life.remote.clone(), life.local.clone())).map_or(&[], Vec::as_slice)
    }

    /// Looks for the partner of a connection that has none. Entries of one instant have one ISS: who is over already is the
    /// partner only if it sent what opens this one.
    fn bind(&mut self, connection: u64, opens: bool, sender: Option<u64>) {
        let Some(own) = self.lives.get(&connection) else { return };
        if own.partner.is_some() || own.irs.is_none() {
            return;
        }
        let fits = |other: &&u64| {
            let other = &self.lives[*other];
            other.partner.is_none() && other.iss == own.irs && other.irs == own.iss
        };
        let fitting: Vec<u64> = self.opposite(own).iter().filter(fits).copied().collect();
        if let Some(other) = fitting.iter().copied().find(|other| self.alive.contains(other)) {
            for (one, of) in [(connection, other), (other, connection)] {
                self.lives.entry(one).and_modify(|life| life.partner = Some(of));
            }
        } else if let Some(other) = sender.filter(|sender| opens && fitting.contains(sender)) {
            self.lives.entry(connection).and_modify(|life| life.partner = Some(other));
        }
    }

    fn class(&self, connection: u64) -> Class {
        let own = &self.lives[&connection];
        if let Some(partner) = own.partner {
            return if self.alive.contains(&partner) { Class::Bound } else { Class::None };
        }
        let is_unaware = |other: &u64| {
            let other = &self.lives[other];
            other.state == "SYN-SENT" && other.iss.is_some() && other.iss == own.irs
        };
        if self.opposite(own).iter().any(is_unaware) {
            return Class::Unaware;
        }
        let opens = |id: &u64| {
            self.record(*id).is_some_and(|segment| {
                let flags = segment.text("flags");
                let acknowledges = flags.contains('A') && !flags.contains(['S', 'R']);
                acknowledges && segment.number("connection") == Some(connection)
            })
        };
        if own.by_cookie && self.coming.keys().any(opens) { Class::Coming } else { Class::None }
    }

    /// The verdict by the table.
    fn worth(&self, connection: u64) -> (&'static str, Class) {
        let class = self.class(connection);
        let own = &self.lives[&connection];
        let worth = match (&*own.state, class) {
            ("SYN-SENT" | "TIME-WAIT", _) | (_, Class::Bound | Class::Unaware | Class::Coming) => "useful",
            ("SYN-RECEIVED", Class::None) if own.passive => "abandoned",
            (state, Class::None) if state != "SYN-RECEIVED" && own.passive && own.partner.is_none() => "ghost",
            (_, Class::None) => "bereft",
        };
        (worth, class)
    }

    fn end_of_event(&mut self) {
        for id in std::mem::take(&mut self.judged) {
            if let Some(record) = self.record(id) {
                self.cause(record);
            }
        }
        for connection in self.alive.clone() {
            let (worth, class) = self.worth(connection);
            let life = &self.lives[&connection];
            let differs = life.worth != worth;
            if differs && !life.differs {
                let opened = if life.passive { "passive" } else { "active" };
                let (state, told, host) = (&life.state, &life.worth, &life.host);
                self.differences.push(format!(
                    "verdict {opened} {state}, other end {class:?}, should be {worth} and is {told}: connection \
                     {connection} of {host} after the event of record {}",
                    self.event
                ));
            }
            self.lives.entry(connection).and_modify(|life| {
                life.differs = differs;
                life.was_useless |= worth != "useful";
            });
        }
    }

    fn verdict(&mut self, record: &Record) {
        let (id, worth) = (record.id, record.text("worth"));
        let Some(life) = record.number("connection").and_then(|connection| self.lives.get_mut(&connection)) else {
            self.differences.push(format!("judged unknown: record {id} is of a connection that nobody opened"));
            return;
        };
        worth.clone_into(&mut life.worth);
        if life.state == "CLOSED" && worth != "useful" {
            self.differences.push(format!("judged CLOSED: record {id} is of a connection that is over"));
        }
        if worth == "useful" {
            if !record.text("cause").is_empty() {
                self.differences.push(format!("cause of useful: record {id} has one"));
            }
        } else {
            self.judged.push(id);
        }
    }

    /// What is wrong with the cause of a verdict.
    fn cause(&mut self, record: &Record) {
        let (id, cause) = (record.id, record.text("cause"));
        let blamed = record.number("blames").and_then(|blames| self.record(blames));
        if !self.is_of_its_kind(cause, blamed) {
            let kind = blamed.map_or("none", |blamed| &blamed.kind);
            self.differences.push(format!("record of {cause} is {kind}: record {id}"));
        }
        let Some(connection) = record.number("connection") else { return };
        let of_it = |later: &&Record| later.kind == "judged" && later.number("connection") == Some(connection);
        let last = self.of_event().filter(of_it).last().map(|last| last.id);
        // A later record of the same event has the last word.
        if last != Some(id) || self.lives[&connection].was_useless {
            return;
        }
        // What is lost in the same event may take the blame at once.
        let lost_since = cause == "lost" && record.number("blames") >= Some(self.event);
        let Some((due, due_record)) = self.due(connection) else { return };
        let told = record.number("blames");
        if due != "application" && lost_since {
            return;
        }
        if due != cause {
            self.differences.push(format!(
                "cause should be {due} and is {cause}: record {id} blames {told:?}, {due_record:?} is due"
            ));
        } else if due_record.is_some() && due_record != told {
            self.differences.push(format!("blamed by {cause}: record {id} blames {told:?}, {due_record:?} is due"));
        }
    }

    /// Whether a record is one that a cause may go back to.
    fn is_of_its_kind(&self, cause: &str, blamed: Option<&Record>) -> bool {
        let Some(blamed) = blamed else { return matches!(cause, "application" | "unknown") };
        let is_segment = blamed.kind == "segment";
        let copies = blamed.deliveries().len();
        match cause {
            "forged" => is_segment && blamed.is("forged"),
            "crash" => blamed.kind == "crashed",
            "capacity" => blamed.kind == "overflow",
            "lost" => is_segment && blamed.text("fate") == "lost",
            "duplicated" => is_segment && copies >= 2,
            "delayed" => is_segment && copies >= 1,
            // The call; or the FIN after which its own application does not close.
            "application" => blamed.kind == "call" || (is_segment && blamed.text("flags").contains('F')),
            _ => false,
        }
    }

    /// The cause and the record that are due to a connection that became useless in the event at hand, where they can be
    /// computed.
    fn due(&self, connection: u64) -> Option<(&'static str, Option<u64>)> {
        let life = &self.lives[&connection];
        if life.made >= self.event {
            return self.due_to_what_made_it(life);
        }
        // The other end went: the partner, or who was not yet aware of it. Who was opened by an entry that was over by then
        // has lost it long ago.
        let ended = |other: u64| self.lives[&other].ended;
        let went = |other: &&u64| {
            let fits = life.partner.map_or(self.lives[*other].iss == life.irs, |partner| partner == **other);
            fits && ended(**other).is_some_and(|ended| ended >= self.event || life.partner.is_some())
        };
        let gone = *self.opposite(life).iter().find(went)?;
        let end = self.record(ended(gone)?)?;
        match end.text("reason") {
            "crash" => Some(("crash", end.because)),
            "evicted" => Some(("capacity", end.because)),
            // Who was still opening may have given up for want of what was lost.
            "call" if end.id >= self.event && life.partner.is_some() && end.text("from") != "SYN-RECEIVED" => {
                let lost = self.of_event().find(|record| {
                    let is_reset = record.kind == "segment" && record.text("flags").contains('R');
                    is_reset && record.number("connection") == Some(gone) && record.text("fate") == "lost"
                });
                Some(lost.map_or(("application", end.because), |reset| ("lost", Some(reset.id))))
            }
            _ => None,
        }
    }

    /// The records of the event at hand: none follows it yet that was looked at.
    fn of_event(&self) -> impl Iterator<Item = &'a Record> {
        let first = usize::try_from(self.event).unwrap_or(usize::MAX);
        let mut records = self.records.iter().skip(first);
        records.next().into_iter().chain(records.take_while(|record| !begins(record)))
    }

    /// The same of one that was useless from the start.
    fn due_to_what_made_it(&self, life: &Life) -> Option<(&'static str, Option<u64>)> {
        let delivered = self.because(self.record(life.made)?).filter(|because| because.kind == "delivered")?;
        let segment = self.because(delivered)?;
        if segment.is("forged") {
            return Some(("forged", Some(segment.id)));
        }
        let sender = segment.number("connection")?;
        let end = self.lives.get(&sender)?.ended.and_then(|id| self.record(id));
        // What the words leave open: a sender that a crash, a call or an eviction ended is a cause of its own.
        if end.is_some_and(|end| ["crash", "call", "evicted"].contains(&end.text("reason"))) {
            return None;
        }
        let is_second = self.came.get(&segment.id).is_some_and(|came| *came > 1);
        let is_copy = delivered.number("copy")? > 0;
        let seq = segment.number("seq_raw")?;
        let occupies = segment.number("len").is_some_and(|len| len > 0) || segment.text("flags").contains(['S', 'F']);
        let sent_again = occupies && self.latest.get(&(sender, seq)).is_some_and(|latest| *latest > segment.id);
        // A segment that the connection sent later came before it.
        let overtaken = self.came.range(segment.id + 1..).any(|(other, came)| {
            *came > 0 && self.record(*other).is_some_and(|other| other.number("connection") == Some(sender))
        });
        match (is_second, is_copy) {
            (true, true) => Some(("duplicated", Some(segment.id))),
            (false, false) if sent_again || overtaken || end.is_some() => Some(("delayed", Some(segment.id))),
            _ => None,
        }
    }
}
