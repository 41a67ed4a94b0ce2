//! Whether the segments that an experiment expects are sent: a fold over the records.

use std::fmt::Write;

use sim_time::{Duration, Instant};
use tcp_endpoint::{Flags, SeqNum};

use crate::connections::{Connections, Seen};
use crate::record::{Event, Fold, Record, Sent};
use crate::{HostId, Position, Relative, RelativeNumbers};

/// What is wanted of a segment: everything that is given.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Wanted {
    /// The host that sends it.
    pub(crate) from: HostId,
    /// The host it goes to.
    pub(crate) to: Option<HostId>,
    /// The ordinal of its connection between the two, from 1.
    pub(crate) connection: Option<u32>,
    /// When it is sent, and how far from that it may be.
    pub(crate) at: Option<(Instant, Duration)>,
    /// Its control bits; PSH counts only if it is among them.
    pub(crate) flags: Option<Flags>,
    /// SEG.SEQ; a relative one counts as a ladder shows it.
    pub(crate) seq: Option<Position>,
    /// SEG.ACK, likewise.
    pub(crate) ack: Option<Position>,
    /// Octets of data.
    pub(crate) octets: Option<u32>,
}

/// Looks for segments among all that endpoints send.
#[derive(Clone, Debug)]
pub struct SegmentSearch {
    hosts: Vec<String>,
    numbers: RelativeNumbers,
    connections: Connections,
    finds: Vec<Find>,
}

/// What one search has found so far.
#[derive(Clone, Debug)]
struct Find {
    wanted: Wanted,
    /// How many segments are as wanted, and the first of them.
    count: u64,
    first: Option<Found>,
    /// Of the others the one that is most like it.
    nearest: Option<(Unlike, Found)>,
}

/// In how many things a segment is not as wanted, and how far from the time that is wanted, in nanoseconds.
type Unlike = (usize, u64);

/// A segment that was found.
#[derive(Clone, Copy, Debug)]
struct Found {
    at: Instant,
    to: Option<HostId>,
    connection: u32,
    flags: Flags,
    seq: SeqNum,
    ack: SeqNum,
    relative: Relative,
    octets: u32,
}

impl SegmentSearch {
    /// A search for segments between hosts of these names.
    pub(crate) fn new<'a>(hosts: impl IntoIterator<Item = &'a str>, wanted: impl IntoIterator<Item = Wanted>) -> Self {
        let find = |wanted| Find { wanted, count: 0, first: None, nearest: None };
        Self {
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            numbers: RelativeNumbers::new(),
            connections: Connections::default(),
            finds: wanted.into_iter().map(find).collect(),
        }
    }

    /// How many segments are as wanted in one of the searches, and what was found in words: the first of them or, if there is
    /// none, the one that is most like it.
    pub(crate) fn result(&self, place: usize) -> (u64, String) {
        let Find { wanted, count, first, nearest } = &self.finds[place];
        let words = |found: &Found| found.words(wanted, &self.hosts);
        let text = match (count, first, nearest) {
            (1, Some(first), _) => words(first),
            (_, Some(first), _) => format!("{}, and {} more", words(first), count - 1),
            (_, None, Some((_, nearest))) => format!("none, nearest: {}", words(nearest)),
            (_, None, None) => format!("none, {} sends nothing", self.hosts[usize::from(wanted.from.0)]),
        };
        (*count, text)
    }

    /// The instant at which one of the searches is decided: that of the first segment that is as wanted or, if there is none, the one
    /// that is wanted, or that of the segment that is most like it.
    pub(crate) fn instant(&self, place: usize) -> Option<Instant> {
        let Find { wanted, first, nearest, .. } = &self.finds[place];
        let wanted = wanted.at.map(|(at, _)| at);
        first.map(|first| first.at).or(wanted).or(nearest.map(|(_, nearest)| nearest.at))
    }
}

impl Fold for SegmentSearch {
    fn record(&mut self, record: &Record) {
        let Event::Sent(sent) = &record.event else { return };
        let Sent { from, to, source, destination, flags, seq, ack, octets, forged, .. } = *sent;
        let relative = self.numbers.next(sent);
        let timestamps = sent.options.timestamps;
        let seen = Seen { sockets: [source, destination], hosts: [from, to], flags, seq, timestamps, forged };
        let connection = self.connections.see(&seen);
        let Some(from) = from.filter(|_| !forged) else { return };
        let found = Found { at: record.at, to, connection, flags, seq, ack, relative, octets };
        for find in self.finds.iter_mut().filter(|find| find.wanted.from == from) {
            find.add(&found);
        }
    }
}

impl Find {
    fn add(&mut self, found: &Found) {
        let unlike = found.unlike(&self.wanted);
        if unlike.0 == 0 {
            self.count += 1;
            self.first.get_or_insert(*found);
        } else if self.first.is_none() && self.nearest.is_none_or(|(least, _)| unlike < least) {
            self.nearest = Some((unlike, *found));
        }
    }
}

impl Found {
    fn unlike(&self, wanted: &Wanted) -> Unlike {
        let is_at = |position: Position, raw: SeqNum, relative: Option<i64>| match position {
            Position::Raw(wanted) => raw.raw() == wanted,
            Position::Relative(wanted) => relative == Some(wanted),
        };
        let distance = wanted.at.map_or(Duration::ZERO, |(at, _)| self.at.max(at).since(self.at.min(at)));
        let flags = |wanted: Flags| match wanted.psh() {
            true => self.flags == wanted,
            false => self.flags.with(Flags::PSH) == wanted.with(Flags::PSH),
        };
        let is = [
            wanted.to.is_none_or(|to| self.to == Some(to)),
            wanted.connection.is_none_or(|connection| self.connection == connection),
            wanted.at.is_none_or(|(_, tolerance)| distance <= tolerance),
            wanted.flags.is_none_or(flags),
            wanted.seq.is_none_or(|seq| is_at(seq, self.seq, self.relative.seq)),
            wanted.ack.is_none_or(|ack| self.flags.ack() && is_at(ack, self.ack, self.relative.ack)),
            wanted.octets.is_none_or(|octets| self.octets == octets),
        ];
        (is.iter().filter(|is| !**is).count(), distance.as_nanos())
    }

    /// The segment in words; of its place as much as is wanted, and its numbers as they are wanted.
    fn words(&self, wanted: &Wanted, hosts: &[String]) -> String {
        let number = |position: Option<Position>, raw: SeqNum, relative: Option<i64>| match (position, relative) {
            (Some(Position::Raw(_)), _) | (_, None) => format!("raw {}", raw.raw()),
            (_, Some(relative)) => relative.to_string(),
        };
        let mut text = format!("{} seq {}", flag_words(self.flags), number(wanted.seq, self.seq, self.relative.seq));
        if self.flags.ack() {
            text += &format!(" ack {}", number(wanted.ack, self.ack, self.relative.ack));
        }
        if self.octets > 0 || wanted.octets.is_some() {
            write!(text, " {} B", self.octets).expect("a string takes all");
        }
        if let (Some(_), Some(to)) = (wanted.to.filter(|to| self.to != Some(*to)), self.to) {
            write!(text, " to {}", hosts[usize::from(to.0)]).expect("a string takes all");
        }
        if wanted.connection.is_some_and(|connection| connection != self.connection) {
            write!(text, " of connection {}", self.connection).expect("a string takes all");
        }
        write!(text, " at {} s", self.at).expect("a string takes all");
        text
    }
}

/// The names of the control bits, as `SYN,ACK`; `no flags` if there is none.
pub(crate) fn flag_words(flags: Flags) -> String {
    let all = [(Flags::SYN, "SYN"), (Flags::FIN, "FIN"), (Flags::RST, "RST"), (Flags::PSH, "PSH"), (Flags::ACK, "ACK")];
    let words: Vec<&str> = all.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, word)| word).collect();
    if words.is_empty() { "no flags".to_owned() } else { words.join(",") }
}
