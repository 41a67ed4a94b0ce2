//! The digest of a run: a fold over the record stream, and over nothing else.

use std::net::SocketAddrV4;

use sim_core::{Digest, DigestValue};
use sim_time::Instant;

use crate::record::{Change, Event, Fields, Fold, Record, Value};

/// The version of what [`DigestFold`] feeds: digests of different formats cannot be compared.
pub const RECORD_FORMAT: u32 = 5;

/// Folds every record into 128 bits, as words of fixed width; names, paths and presentation never enter.
#[derive(Clone)]
pub struct DigestFold {
    digest: Digest,
}

impl DigestFold {
    /// The digest of no record.
    #[must_use]
    pub fn new() -> Self {
        let mut digest = Digest::new();
        digest.word(u64::from(RECORD_FORMAT));
        Self { digest }
    }

    /// The digest of the records so far.
    #[must_use]
    pub fn value(&self) -> DigestValue {
        self.digest.value()
    }
}

impl Default for DigestFold {
    fn default() -> Self {
        Self::new()
    }
}

/// Each record, and each change, begins with a word that says what it is, so that no two streams give the same words.
impl Fold for DigestFold {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.digest.some(|room| {
            let mut words = Words { room, count: 0 };
            record.tell(&mut words);
            words.count
        });
        if let Event::Sent(sent) = &record.event {
            sent.fate.deliveries.iter().for_each(|at| self.digest.word(at.as_nanos()));
        }
    }

    #[inline(always)]
    fn change(&mut self, _at: Instant, change: &Change) {
        self.digest.some(|room| {
            let mut words = Words { room, count: 0 };
            change.tell(&mut words);
            words.count
        });
    }
}

/// More words than any record has, but for the times of deliveries.
const MOST: usize = 48;

/// The words of one record or change. Each has its place whatever is told before it, so that the compiler knows the places.
struct Words<'a> {
    room: &'a mut [[u8; 8]; MOST],
    count: usize,
}

impl Words<'_> {
    #[inline(always)]
    const fn word(&mut self, word: u64) {
        self.room[self.count] = word.to_le_bytes();
        self.count += 1;
    }
}

impl Fields for Words<'_> {
    #[inline(always)]
    fn kind(&mut self, _name: &'static str, number: u32, _meaning: &'static str) {
        self.word(u64::from(number));
    }

    #[inline(always)]
    fn field(&mut self, _name: &'static str, _meaning: &'static str, value: Value<'_>) {
        match value {
            Value::Number(number) => self.word(number),
            Value::Optional(number) => self.word(number.unwrap_or(u64::MAX)),
            Value::Flag(flag) => self.word(u64::from(flag)),
            Value::Word((_, number), _) => self.word(u64::from(number)),
            Value::OptionalWord(word, _) => self.word(word.map_or(u64::MAX, |(_, number)| u64::from(number))),
            Value::Host(host) => self.word(u64::from(host.0)),
            Value::OptionalHost(host) => self.word(host.map_or(u64::MAX, |host| u64::from(host.0))),
            Value::Attempt(attempt) => self.word(u64::from(attempt.host.0) << 32 | u64::from(attempt.ordinal)),
            Value::Socket(socket) => self.word(socket_word(socket)),
            Value::OptionalSocket(socket) => self.word(socket.map_or(u64::MAX, socket_word)),
            Value::Flags(flags) => self.word(u64::from(flags.bits())),
            Value::Time(at) => self.word(at.as_nanos()),
            Value::OptionalTime(at) => self.word(at.map_or(u64::MAX, Instant::as_nanos)),
            // There may be any number of them: they follow the record.
            Value::Times(times) => self.word(times.len() as u64),
            Value::Records(records) => {
                let [first, second, third] = records.bits().map(u64::from);
                self.word(second << 32 | first);
                self.word(third);
            }
        }
    }
}

fn socket_word(socket: SocketAddrV4) -> u64 {
    u64::from(socket.ip().to_bits()) << 16 | u64::from(socket.port())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::{Because, Cause, Outcome, RecordId, Worth, samples};

    fn digest<'a>(records: impl IntoIterator<Item = &'a Record>) -> DigestValue {
        let mut fold = DigestFold::new();
        records.into_iter().for_each(|record| fold.replay(record));
        fold.value()
    }

    /// Each kind of record and of change, each without its changes or its causes, and a few that differ in one word.
    #[test]
    fn every_word_of_a_record_counts() {
        let mut records = samples();
        let later = Record { at: Instant::from_nanos(8), ..records[0].clone() };
        let rootless =
            records.iter().map(|record| Record { because: Because::of(RecordId::new(99)), ..record.clone() });
        let changed = records.iter().find(|record| !record.changes.is_empty()).expect("one has changes");
        let fewer = (0..changed.changes.len()).map(|place| {
            let mut record = changed.clone();
            record.changes.remove(place);
            record
        });
        let differing: Vec<Record> = rootless.chain(fewer).chain([later]).collect();
        for record in records.clone() {
            match record.event.clone() {
                Event::Sent(sent) => {
                    let event = Event::Sent(crate::record::Sent { retransmission: 1, ..sent });
                    records.push(Record { event, because: Because::ROOT, ..record.clone() });
                }
                Event::Call { host, application, incarnation, remote, call, .. } => {
                    let event = Event::Call { host, application, incarnation, remote, call, outcome: Outcome::Done };
                    records.push(Record { event, ..record.clone() });
                }
                Event::Judged { host, incarnation, .. } => {
                    for cause in [Cause::Lost, Cause::Capacity] {
                        let blame = crate::record::Blame { cause, record: None };
                        for worth in [Worth::Ghost(blame), Worth::Bereft(blame), Worth::Abandoned(blame)] {
                            let event = Event::Judged { host, incarnation, worth };
                            records.push(Record { event, ..record.clone() });
                        }
                    }
                }
                _ => {}
            }
        }
        records.extend(differing);
        let digests: BTreeSet<u128> = records.iter().map(|record| digest([record]).0).chain([digest([]).0]).collect();
        assert_eq!(digests.len(), records.len() + 1);
    }

    #[test]
    fn the_order_of_records_counts() {
        let records = samples();
        assert_ne!(digest(&records), digest(records.iter().rev()));
        assert_eq!(digest(&records), digest(&records));
    }

    /// If this fails, [`RECORD_FORMAT`] is due for a new number.
    #[test]
    fn the_format_is_the_one_it_is_numbered_as() {
        assert_eq!(RECORD_FORMAT, 5);
        assert_eq!(digest(&samples()).to_string(), "80b43b7ea474d73c0a748ae944cec2c0");
    }
}
