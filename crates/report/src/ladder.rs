//! The ladder: a run as a time-sequence diagram, one ladder for each pair of hosts that exchange segments.
//!
//! [`Ladder`] is a fold that keeps one row for each thing worth a line; [`Ladder::render`] draws them. A segment has
//! its row where it is sent, with the time of its arrival at the right margin. An arrival has a row of its own only if
//! it is out of the ordinary: decided by a fault, overtaken by a later segment, a duplicate, or stale. The arrow of a segment
//! that arrives in such a row ends short of the other side where it is sent.

mod beside;
mod draw;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddrV4;

use experiment::record::{
    Attempt, Because, Call, Change, Deaf, Event, Fold, Incarnation, Outcome, Record, RecordId, Scarce, Sent,
    StateChange, What, Worth,
};
use experiment::{HostId, RelativeNumbers};
use sim_time::Instant;
use tcp_endpoint::{Queue, Reason, State};

use crate::hosts::Hosts;
use crate::paint::{Colour, Tone};

pub use beside::side_by_side;
pub(crate) use words::{Name, call_name, cause_in_words, fate, kinds, label, notice, purpose};

/// Collects a run for drawing.
#[derive(Clone, Debug)]
pub struct Ladder {
    hosts: Hosts,
    numbers: RelativeNumbers,
    sections: Vec<Section>,
    in_flight: BTreeMap<RecordId, InFlight>,
    /// Where the last segment came, whatever it was.
    arrived: Option<(usize, Attempt)>,
    /// Per direction, the last segment (by sending) that has arrived: what arrives with a lower number was overtaken.
    last_arrived: BTreeMap<(Option<HostId>, Option<HostId>), RecordId>,
    connections: BTreeMap<Incarnation, Connection>,
    /// The crashes and reboots so far, for ladders that begin later.
    outages: Vec<(HostId, Row)>,
    /// The last call.
    call: Option<(RecordId, Call)>,
    rows: usize,
    most_rows: usize,
    /// Whether something was left out, and so everything after it.
    cut: bool,
}

/// How to read a ladder, in lines that a terminal has room for.
pub const LEGEND: &str = "\
SYN 0, ACK 1/101   sequence number / acknowledgment number, counted from the initial one; then octets of data
├── … ─▶│          sent in this row; `arrives` says when it comes to the other side
├── … ─✗           lost on its way
├── … ─┄┄          still on its way; it comes later, in a row of its own: │ ┄┄ … ┄▶│
⋮ 10795 s ⋮        nothing happens for so long
#1                 the attempt to open that a row goes back to, where there are several
";

/// The tone of what an application is told, and of no other words.
const NEWS: Tone = Tone::Notable;

/// The ladder of one pair of hosts.
#[derive(Clone, Debug)]
struct Section {
    left: HostId,
    right: Option<HostId>,
    rows: Vec<Row>,
    /// The pairs of sockets between which segments or states were seen, the lower one first.
    pairs: BTreeSet<(SocketAddrV4, SocketAddrV4)>,
}

/// One line of a ladder.
#[derive(Clone, Debug)]
struct Row {
    at: Instant,
    attempt: Option<Attempt>,
    line: Line,
    /// When the first copy arrives, for a segment's own row.
    arrives: Option<Instant>,
    notes: Vec<(Tone, String)>,
}

/// What a row draws between the lifelines.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Line {
    /// A segment leaves.
    Sent { side: Side, label: String, course: Course },
    /// A copy arrives that did not do so in the ordinary way.
    Arrived { side: Side, label: String },
    /// A change of state, and whether a call made it.
    State { side: Side, text: String, by_call: bool },
    /// Other words beside a host's lifeline.
    Text { side: Side, tone: Tone, text: String },
}

/// How far the arrow of a segment gets in its own row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Course {
    /// To the other side.
    Through,
    /// Not to the other side: its arrival has a row of its own, or comes after the end of the run.
    Late,
    /// Nowhere.
    Lost,
}

/// The side of a ladder: of a segment, the side it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Left,
    Right,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// A segment whose copies have not all arrived.
#[derive(Clone, Debug)]
struct InFlight {
    section: usize,
    /// Its row among the section's.
    row: usize,
    side: Side,
    label: String,
    direction: (Option<HostId>, Option<HostId>),
    attempt: Attempt,
    sent_at: Instant,
    faulted: bool,
    copies_left: usize,
}

/// A connection that has been seen, and how it stands.
#[derive(Clone, Copy, Debug)]
struct Connection {
    section: usize,
    attempt: Attempt,
    host: HostId,
    state: State,
    worth: Worth,
}

impl Ladder {
    /// A ladder of these hosts.
    #[must_use]
    pub fn new(hosts: Hosts) -> Self {
        Self {
            hosts,
            numbers: RelativeNumbers::new(),
            sections: Vec::new(),
            in_flight: BTreeMap::new(),
            arrived: None,
            last_arrived: BTreeMap::new(),
            connections: BTreeMap::new(),
            outages: Vec::new(),
            call: None,
            rows: 0,
            most_rows: usize::MAX,
            cut: false,
        }
    }

    /// The same, but only the first `most_rows` rows are kept, and the drawing says so: a run with a million connections
    /// then costs no memory here.
    #[must_use]
    pub fn with_at_most(mut self, most_rows: usize) -> Self {
        self.most_rows = most_rows;
        self
    }

    /// Says at the foot of each ladder which connections are there at `end`, the end of the run.
    pub fn finish(&mut self, end: Instant) {
        if self.cut {
            return;
        }
        let pending: Vec<(usize, usize)> = self.in_flight.values().map(|flight| (flight.section, flight.row)).collect();
        for (section, row) in pending {
            if self.sections[section].rows[row].arrives.is_some_and(|arrives| arrives > end) {
                self.sections[section].ends_late(row);
            }
        }
        let mut left_over: BTreeMap<(usize, HostId, State), u32> = BTreeMap::new();
        for connection in self.connections.values() {
            if !matches!(connection.state, State::Closed | State::Listen) {
                *left_over.entry((connection.section, connection.host, connection.state)).or_default() += 1;
            }
        }
        for ((section, host, state), count) in left_over {
            let text = if count == 1 { format!("still {state}") } else { format!("{count} still {state}") };
            let side = self.sections[section].side_of(host);
            let mut row = Row::text(end, None, side, Tone::State, text);
            row.notes.push((Tone::Quiet, "end of the run".to_owned()));
            self.sections[section].rows.push(row);
        }
    }

    /// Draws it: lines of at most 100 columns (time stamps in nanoseconds apart), each ended by a newline.
    #[must_use]
    pub fn render(&self, colour: Colour) -> String {
        draw::ladder(self, colour)
    }

    /// The ladder between `host`, with its socket `local`, and whoever has the socket `remote`; if nobody has its
    /// address, and so the opening SYN was forged, the ladder between `host` and the host the attempt goes back to.
    fn section(&mut self, host: HostId, local: SocketAddrV4, remote: SocketAddrV4, attempt: Attempt) -> usize {
        let other = self.hosts.at(*remote.ip()).or_else(|| (attempt.host != host).then_some(attempt.host));
        let section = self.between(host, other, attempt.host);
        self.sections[section].pairs.insert((local.min(remote), local.max(remote)));
        section
    }

    /// The ladder between two hosts, of which `opener` opens.
    fn between(&mut self, host: HostId, other: Option<HostId>, opener: HostId) -> usize {
        let found = self.sections.iter().position(|section| section.is_between(host, other));
        found.unwrap_or_else(|| {
            let (left, right) = match other {
                Some(left) if left == opener => (left, Some(host)),
                other => (host, other),
            };
            self.sections.push(Section { left, right, rows: Vec::new(), pairs: BTreeSet::new() });
            let section = self.sections.len() - 1;
            for (host, row) in self.outages.clone() {
                self.outage(section, host, row);
            }
            section
        })
    }

    fn attempt_name(&self, attempt: Attempt, with_host: bool) -> String {
        let host = if with_host { self.hosts.name(attempt.host) } else { "" };
        format!("{host}#{}", attempt.ordinal)
    }

    fn push(&mut self, section: usize, row: Row) {
        if self.rows == self.most_rows {
            self.cut = true;
        } else {
            self.rows += 1;
            self.sections[section].rows.push(row);
        }
    }

    fn sent(&mut self, at: Instant, id: RecordId, sent: &Sent) {
        let numbers = self.numbers.next(sent);
        // One that bears nobody's address is drawn on the receiver's ladder, from the other side.
        let (section, side) = match (sent.from, sent.to) {
            (None, Some(to)) => {
                let section = self.section(to, sent.destination, sent.source, sent.attempt);
                (section, self.sections[section].side_of(to).other())
            }
            (from, _) => {
                let from = from.unwrap_or_default();
                let section = self.section(from, sent.source, sent.destination, sent.attempt);
                (section, self.sections[section].side_of(from))
            }
        };
        let label = words::label(sent, numbers);
        let mut notes = words::notes(sent);
        if self.hosts.at(*sent.source.ip()) != sent.from {
            notes.push((Tone::Bad, format!("forged source {}", sent.source.ip())));
        }
        let lost = sent.fate.deliveries.is_empty() || sent.to.is_none();
        let arrives = sent.fate.deliveries.first().copied().filter(|_| !lost);
        let course = if lost { Course::Lost } else { Course::Through };
        let line = Line::Sent { side, label: label.clone(), course };
        let attempt = Some(sent.attempt).filter(|attempt| !attempt.is_forged());
        let row = self.sections[section].rows.len();
        self.push(section, Row { at, attempt, line, arrives, notes });
        if !lost {
            let flight = InFlight {
                section,
                row,
                side,
                label,
                direction: (sent.from, sent.to),
                attempt: sent.attempt,
                sent_at: at,
                faulted: sent.fate.fault.is_some(),
                copies_left: sent.fate.deliveries.len(),
            };
            self.in_flight.insert(id, flight);
        }
    }

    /// A row for each ladder of a host that crashes or is up again.
    fn crashed_or_rebooted(&mut self, at: Instant, host: HostId, quiet_until: Option<Instant>) {
        let (tone, text, note) = words::outage(at, quiet_until);
        let mut row = Row::text(at, None, Side::Left, tone, text.to_owned());
        row.notes.extend(note);
        for section in 0..self.sections.len() {
            self.outage(section, host, row.clone());
        }
        self.outages.push((host, row));
    }

    fn outage(&mut self, section: usize, host: HostId, mut row: Row) {
        if self.sections[section].has(host) {
            let side_of_host = self.sections[section].side_of(host);
            if let Line::Text { side, .. } = &mut row.line {
                *side = side_of_host;
            }
            self.push(section, row);
        }
    }

    /// A copy arrives that nobody listens to.
    fn unheard(&mut self, at: Instant, segment: RecordId, copy: u32, deaf: Deaf) {
        let Some(mut flight) = self.in_flight.remove(&segment) else { return };
        let mut notes = words::arrival_notes(flight.sent_at, false, copy, false);
        notes.push(words::unheard(deaf));
        let line = Line::Arrived { side: flight.side, label: flight.label.clone() };
        self.push(flight.section, Row { at, attempt: Some(flight.attempt), line, arrives: None, notes });
        flight.copies_left -= 1;
        if flight.copies_left > 0 {
            self.in_flight.insert(segment, flight);
        }
    }

    fn delivered(&mut self, at: Instant, segment: RecordId, copy: u32, stale: bool) {
        let Some(mut flight) = self.in_flight.remove(&segment) else { return };
        let last = self.last_arrived.entry(flight.direction).or_insert(segment);
        self.arrived = Some((flight.section, flight.attempt));
        let overtaken = segment < *last;
        *last = segment.max(*last);
        if overtaken || stale || copy > 0 || flight.faulted {
            if copy == 0 && !self.cut {
                self.sections[flight.section].ends_late(flight.row);
            }
            let notes = words::arrival_notes(flight.sent_at, overtaken, copy, stale);
            let line = Line::Arrived { side: flight.side, label: flight.label.clone() };
            self.push(flight.section, Row { at, attempt: Some(flight.attempt), line, arrives: None, notes });
        }
        flight.copies_left -= 1;
        if flight.copies_left > 0 {
            self.in_flight.insert(segment, flight);
        }
    }

    /// The segment that has just come to the host was dropped.
    fn refused(&mut self, at: Instant, host: HostId, why: &str) {
        let Some((section, attempt)) = self.arrived else { return };
        let side = self.sections[section].side_of(host);
        self.push(section, Row::text(at, Some(attempt), side, Tone::Bad, why.to_owned()));
    }

    /// A connection that just became acceptable has to wait for a worker.
    fn waits(&mut self, at: Instant, host: HostId, attempt: Attempt) {
        let Some((section, _)) = self.arrived.filter(|(_, arrived)| *arrived == attempt) else { return };
        let side = self.sections[section].side_of(host);
        self.push(section, Row::text(at, Some(attempt), side, Tone::Plain, "waits to be accepted".to_owned()));
    }

    fn state(&mut self, at: Instant, because: Because, change: &StateChange) {
        let section = self.section(change.host, change.tuple.local, change.tuple.remote, change.attempt);
        let side = self.sections[section].side_of(change.host);
        let (text, by_call) = (format!("{} → {}", change.from, change.to), change.reason == Reason::Call);
        let line = Line::State { side, text, by_call };
        let mut row = Row { at, attempt: Some(change.attempt), line, arrives: None, notes: Vec::new() };
        row.notes.extend(words::reason(change.reason, change.from));
        if let Some(news) = self.sections[section].take_news(at, change.attempt, side) {
            self.rows -= 1;
            row.notes.push(news);
        }
        if let Some((_, call)) = self.call.filter(|(call, _)| because.iter().any(|cause| cause == *call)) {
            row.notes.extend(words::call(call));
        }
        self.push(section, row);
        let worth = self.connections.get(&change.incarnation).map_or(Worth::Useful, |connection| connection.worth);
        let (attempt, host, state) = (change.attempt, change.host, change.to);
        self.connections.insert(change.incarnation, Connection { section, attempt, host, state, worth });
    }

    /// A call that changes a state becomes a note on the change, which follows. One that fails has a row of its own.
    fn call(&mut self, record: &Record, host: HostId, remote: Option<SocketAddrV4>, call: Call, outcome: Outcome) {
        self.call = Some((record.id, call));
        let Some(error) = outcome.failure() else { return };
        let section = match remote {
            Some(remote) => {
                let other = self.hosts.at(*remote.ip());
                Some(self.between(host, other, host))
            }
            None => self.sections.iter().rposition(|section| section.has(host)),
        };
        let Some(section) = section else { return };
        let side = self.sections[section].side_of(host);
        let text = format!("{}: {error}", words::call_name(call));
        self.push(section, Row::text(record.at, None, side, Tone::Bad, text));
    }

    fn judged(&mut self, at: Instant, incarnation: Incarnation, worth: Worth) {
        let Some(connection) = self.connections.get_mut(&incarnation) else { return };
        let before = std::mem::replace(&mut connection.worth, worth);
        let Some((tone, text, cause)) = words::worth(before, worth) else { return };
        self.remark(at, incarnation, tone, text, cause.map(|cause| (Tone::Quiet, cause)));
    }

    /// An application was given octets of another connection.
    fn given_anothers(&mut self, at: Instant, incarnation: Incarnation, call: Call) {
        if let Call::Receive { stale, .. } = call {
            let text = format!("application given {stale} B of another");
            self.remark(at, incarnation, Tone::Bad, text, None);
        }
    }

    /// What the application is told: a note on the change of state it comes with, whichever of the two is recorded
    /// first, or a row of its own if there is none.
    fn notice(&mut self, at: Instant, incarnation: Incarnation, text: &str) {
        let Some(&Connection { section, host, .. }) = self.connections.get(&incarnation) else { return };
        match self.sections[section].last_change_by(host, at) {
            Some(row) => row.notes.push((NEWS, text.to_owned())),
            None => self.remark(at, incarnation, NEWS, text.to_owned(), None),
        }
    }

    /// Words beside the lifeline of the host that has the connection.
    fn remark(
        &mut self,
        at: Instant,
        incarnation: Incarnation,
        tone: Tone,
        text: String,
        note: Option<(Tone, String)>,
    ) {
        let Some(&Connection { section, attempt, host, .. }) = self.connections.get(&incarnation) else { return };
        let side = self.sections[section].side_of(host);
        let mut row = Row::text(at, Some(attempt), side, tone, text);
        row.notes.extend(note);
        self.push(section, row);
    }
}

impl Fold for Ladder {
    fn record(&mut self, record: &Record) {
        if self.cut {
            return;
        }
        let at = record.at;
        match &record.event {
            Event::Sent(sent) => self.sent(at, record.id, sent),
            Event::Delivered { copy, stale, .. } => {
                if let Some(segment) = record.because.first() {
                    self.delivered(at, segment, *copy, *stale);
                }
            }
            Event::Unheard { copy, deaf, .. } => {
                if let Some(segment) = record.because.first() {
                    self.unheard(at, segment, *copy, *deaf);
                }
            }
            Event::Crashed { host } => self.crashed_or_rebooted(at, *host, None),
            Event::Rebooted { host, quiet_until } => self.crashed_or_rebooted(at, *host, Some(*quiet_until)),
            Event::State(change) => self.state(at, record.because, change),
            Event::Call { host, incarnation, remote, call, outcome, .. } => {
                self.call(record, *host, *remote, *call, *outcome);
                if let (Some(incarnation), Call::Receive { stale: 1.., .. }) = (incarnation, call) {
                    self.given_anothers(at, *incarnation, *call);
                }
            }
            Event::DataLost { incarnation, octets, .. } => {
                self.remark(at, *incarnation, Tone::Bad, format!("{octets} B sent are lost"), None);
            }
            Event::Overflow { host, queue: Queue::Syn, .. } => self.refused(at, *host, "no room in the SYN backlog"),
            Event::Overflow { host, queue: Queue::Accept, .. } => {
                self.refused(at, *host, "no room in the accept queue");
            }
            // Who is thrown out of a cache says so.
            Event::Overflow { queue: Queue::Cache, .. } => {}
            Event::HeldDown { host, .. } => self.refused(at, *host, "refused: held down"),
            Event::Waits { host, attempt, scarce: Scarce::Workers, .. } => self.waits(at, *host, *attempt),
            Event::Judged { incarnation, worth, .. } => self.judged(at, *incarnation, *worth),
            Event::Script { .. }
            | Event::Session { .. }
            | Event::Woken { .. }
            | Event::WarmedUp
            | Event::Waits { .. }
            | Event::InTheWay { .. }
            | Event::WaitOver { .. }
            | Event::TimerFired { .. }
            | Event::Unfinished(_) => {}
        }
    }

    fn change(&mut self, at: Instant, change: &Change) {
        if let What::Told { notice } = change.what
            && !self.cut
            && let Some(text) = words::notice(notice)
        {
            self.notice(at, change.incarnation, text);
        }
    }
}

impl Section {
    fn has(&self, host: HostId) -> bool {
        self.left == host || self.right == Some(host)
    }

    /// Whether it shows more than one connection. Both ends of a simultaneous open make an attempt, yet that is one.
    fn has_several_attempts(&self) -> bool {
        let attempts: BTreeSet<Attempt> = self.rows.iter().filter_map(|row| row.attempt).collect();
        let openers: BTreeSet<HostId> = attempts.iter().map(|attempt| attempt.host).collect();
        attempts.len() != openers.len() || self.pairs.len() > 1
    }

    fn is_between(&self, one: HostId, other: Option<HostId>) -> bool {
        (self.left == one && self.right == other) || (Some(self.left) == other && self.right == Some(one))
    }

    fn side_of(&self, host: HostId) -> Side {
        if self.left == host { Side::Left } else { Side::Right }
    }

    /// The segment of a row has not arrived where the row says that it was sent.
    fn ends_late(&mut self, row: usize) {
        if let Some(Row { line: Line::Sent { course, .. }, .. }) = self.rows.get_mut(row) {
            *course = Course::Late;
        }
    }

    /// Takes back the row of what the application was told just now.
    fn take_news(&mut self, at: Instant, attempt: Attempt, side: Side) -> Option<(Tone, String)> {
        let row = self.rows.pop_if(|row| {
            let is_news = matches!(row.line, Line::Text { side: of, tone: NEWS, .. } if of == side);
            is_news && row.at == at && row.attempt == Some(attempt)
        })?;
        match row.line {
            Line::Text { tone, text, .. } => Some((tone, text)),
            _ => None,
        }
    }

    /// The row of the change of state that `host` made at `at`, if it is the last thing that happened.
    fn last_change_by(&mut self, host: HostId, at: Instant) -> Option<&mut Row> {
        let side = self.has(host).then(|| self.side_of(host))?;
        let row = self.rows.last_mut().filter(|row| row.at == at)?;
        matches!(row.line, Line::State { side: of, .. } if of == side).then_some(row)
    }
}

impl Row {
    fn text(at: Instant, attempt: Option<Attempt>, side: Side, tone: Tone, text: String) -> Self {
        Self { at, attempt, line: Line::Text { side, tone, text }, arrives: None, notes: Vec::new() }
    }
}
