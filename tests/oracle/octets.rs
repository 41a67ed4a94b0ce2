//! What became of the octets that applications sent: read at the other end, or told to be lost, and when.

use std::collections::{BTreeMap, BTreeSet};

use crate::trace::{Record, Trace};

/// One end of a connection.
#[derive(Default)]
struct End {
    /// Its name: local and remote socket.
    name: (String, String),
    iss: u64,
    irs: Option<u64>,
    /// Octets that its application sent; those of the other end that it read, and others.
    sent: u64,
    read: u64,
    stale: u64,
    /// Octets of it that were told to be lost.
    lost: u64,
    /// Octets of the other end that it acknowledged, and those that segments brought: from where, and to where.
    acknowledges: u64,
    brought: Vec<(u64, u64)>,
    /// The ends that sent these.
    hears: BTreeSet<u64>,
    over: bool,
    /// Whether it took a forged segment for its peer's: what it acknowledges says nothing then.
    misled: bool,
    /// Whether an application holds it, or did.
    in_hand: bool,
    was_held: bool,
}

#[derive(Default)]
struct Ends {
    ends: BTreeMap<u64, End>,
    by_name: BTreeMap<(String, String), BTreeSet<u64>>,
    /// When the last copy of what each end sent arrives.
    under_way: BTreeMap<u64, u128>,
}

/// What the records say of octets that cannot be.
pub(crate) fn differences(trace: &Trace) -> Vec<String> {
    let mut ends = Ends::default();
    let mut differences = Vec::new();
    for record in &trace.records {
        match &*record.kind {
            "state" => ends.state(trace, record),
            "segment" => ends.segment(record),
            "delivered" => ends.delivered(trace, record),
            "call" => ends.call(record),
            "data-lost" => differences.extend(ends.lost(trace, record)),
            _ => {}
        }
    }
    differences.extend(ends.ends.keys().filter_map(|end| ends.untold(*end, trace.horizon)));
    differences
}

impl End {
    /// A segment comes to it.
    fn brings(&mut self, trace: &Trace, delivered: &Record) {
        let segment = delivered.because.and_then(|id| trace.records.get(usize::try_from(id).ok()?));
        let Some(segment) = segment.filter(|segment| segment.kind == "segment") else { return };
        self.misled |= segment.is("forged");
        if let (Some(irs), Some(seq), Some(len)) = (self.irs, segment.number("seq_raw"), segment.number("len")) {
            let from = offset(seq, irs).saturating_sub(1);
            self.brought.push((from, from + len));
            self.hears.extend(segment.number("connection").filter(|_| len > 0));
        }
    }

    /// Octets of the other end that came in order.
    fn came(&self) -> u64 {
        let mut brought = self.brought.clone();
        brought.sort_unstable();
        brought.into_iter().fold(self.acknowledges, |came, (from, to)| if from <= came { came.max(to) } else { came })
    }
}

impl Ends {
    fn state(&mut self, trace: &Trace, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let name = (record.text("local").to_owned(), record.text("remote").to_owned());
        let made = self.by_name.entry(name.clone()).or_default().insert(connection);
        let end = self.ends.entry(connection).or_default();
        end.name = name;
        (end.iss, end.irs) = (record.number("iss").unwrap_or(0), record.number("irs"));
        end.over = record.text("to") == "CLOSED";
        // What makes it may bring octets.
        if made && let Some(delivered) = record.because.and_then(|id| trace.records.get(usize::try_from(id).ok()?)) {
            end.brings(trace, delivered);
        }
    }

    fn segment(&mut self, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let last = record.deliveries().into_iter().max().unwrap_or(0);
        let under_way = self.under_way.entry(connection).or_default();
        *under_way = last.max(*under_way);
        let Some(end) = self.ends.get_mut(&connection) else { return };
        if let (Some(irs), Some(ack)) = (end.irs, record.number("ack_raw")) {
            end.acknowledges = end.acknowledges.max(offset(ack, irs).saturating_sub(1));
        }
    }

    fn delivered(&mut self, trace: &Trace, record: &Record) {
        if let Some(end) = record.number("connection").and_then(|connection| self.ends.get_mut(&connection)) {
            end.brings(trace, record);
        }
    }

    fn call(&mut self, record: &Record) {
        let Some(end) = record.number("connection").and_then(|connection| self.ends.get_mut(&connection)) else {
            return;
        };
        let number = |name| record.number(name).unwrap_or(0);
        match (record.text("call"), record.text("outcome")) {
            ("send", "done") => end.sent += number("len"),
            ("receive", _) => {
                end.read += number("len") - number("stale");
                end.stale += number("stale");
            }
            ("connect" | "accept", "done") => (end.in_hand, end.was_held) = (true, true),
            ("close" | "abort", "done") => end.in_hand = false,
            _ => {}
        }
    }

    /// The ends to which octets of another came that fit their numbers.
    fn readers(&self, sender: u64) -> impl Iterator<Item = (u64, &End)> {
        let of = &self.ends[&sender];
        let (local, remote) = of.name.clone();
        let readers = self.by_name.get(&(remote, local)).into_iter().flatten();
        let readers = readers.map(|reader| (*reader, &self.ends[reader]));
        readers.filter(move |(_, reader)| reader.irs == Some(of.iss) && reader.hears.contains(&sender))
    }

    /// Octets that are lost with their sender were never acknowledged; those that are lost with their reader had come.
    fn lost(&mut self, trace: &Trace, record: &Record) -> Option<String> {
        let (id, connection, octets) = (record.id, record.number("connection")?, record.number("len")?);
        let over = record.because.and_then(|id| trace.records.get(usize::try_from(id).ok()?))?.number("connection")?;
        let sender = self.ends.get_mut(&connection)?;
        sender.lost += octets;
        let sender = &self.ends[&connection];
        if sender.lost > sender.sent {
            return Some(format!("lost: record {id}: {} B of {}", sender.lost, sender.sent));
        }
        if over == connection {
            // What came to an end that never met its sender, and is over, is lost with the sender, too.
            let came = |reader: &End| if reader.over { reader.read } else { reader.acknowledges };
            // Who hears two ends, or took octets for another's, may have had others with these numbers.
            let readers = self
                .readers(connection)
                .filter(|(_, reader)| reader.hears.len() == 1 && reader.stale == 0 && !reader.misled);
            let came = readers.map(|(_, reader)| came(reader)).max().unwrap_or(0);
            let left = sender.sent.saturating_sub(came);
            (octets > left).then(|| format!("not arrived: record {id}: {octets} B, {left} were not acknowledged"))
        } else {
            let reader = &self.ends[&over];
            let came = reader.came();
            (reader.read + octets > came)
                .then(|| format!("unread: record {id}: {octets} B besides {} of {came}", reader.read))
        }
    }

    /// What was sent was read, or told to be lost, once all is over. An end that is over may still wait to be accepted.
    fn untold(&self, end: u64, horizon: u128) -> Option<String> {
        let of = &self.ends[&end];
        let readers: Vec<_> = self.readers(end).collect();
        let done = |(name, end): (u64, &End)| {
            end.over
                && !end.in_hand
                && (end.was_held || end.came() == 0)
                && self.under_way.get(&name).is_none_or(|last| *last <= horizon)
        };
        if !done((end, of)) || !readers.iter().copied().all(done) {
            return None;
        }
        // What its partner lost unread, a ghost may read later.
        let met = |reader: &End| of.irs == Some(reader.iss);
        let mut read: Vec<u64> =
            readers.iter().filter(|(_, reader)| met(reader)).map(|(_, reader)| reader.read).collect();
        read.extend(readers.iter().map(|(_, reader)| reader.read).max().or(Some(0)));
        (!read.iter().any(|read| of.lost == of.sent.saturating_sub(*read)))
            .then(|| format!("books: connection {end}: {} B sent, {read:?} read, {} lost", of.sent, of.lost))
    }
}

/// How far a sequence number is ahead of another.
fn offset(number: u64, from: u64) -> u64 {
    number.wrapping_sub(from) & 0xffff_ffff
}
