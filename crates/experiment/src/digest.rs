//! The digest of a run: a fold over the record stream, and over nothing else.

use std::net::SocketAddrV4;

use net_link::Loss;
use sim_core::{Digest, DigestValue};
use tcp_endpoint::{Acknowledged, EntryKind, FourTuple, Notice, Queue, Reason, State, UserError};

use crate::HostId;
use crate::record::{
    Attempt, Blame, Call, Cause, Deaf, Event, Fold, Incarnation, Memory, Outcome, Record, SegmentId, Sent, StateChange,
    Worth,
};

/// The version of what [`DigestFold`] feeds: digests of different formats cannot be compared.
pub const RECORD_FORMAT: u32 = 4;

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

    fn sent(&mut self, at: u64, sent: &Sent) {
        let Sent { id, from, to, source, destination, seq, ack, flags, window, octets, .. } = sent;
        let fault = sent.fate.fault.map_or(u32::MAX, u32::from);
        self.digest.words([
            at,
            1,
            id.number(),
            pair(from.map_or(u32::MAX, host), to.map_or(u32::MAX, host)),
            socket(*source),
            socket(*destination),
            pair(seq.raw(), ack.raw()),
            pair(u32::from(flags.bits()), *window),
            pair(*octets, sent.retransmission),
            attempt(sent.attempt),
            sent.incarnation.map_or(u64::MAX, |life| u64::from(life.number)),
            pair(acknowledged(sent.acknowledges), u32::from(sent.wasted.is_some()) | u32::from(sent.forged) << 1),
            sent.fate.deliveries.len() as u64,
            pair(sent.fate.lost.map_or(0, loss), fault),
        ]);
        for delivery in &sent.fate.deliveries {
            self.digest.word(delivery.as_nanos());
        }
    }

    fn state(&mut self, at: u64, change: &StateChange) {
        self.digest.words([
            at,
            3,
            entry(change.host, change.incarnation),
            attempt(change.attempt),
            tuple(change.tuple)[0],
            tuple(change.tuple)[1],
            pair(state(change.from), state(change.to)),
            pair(reason(change.reason), u32::from(change.passive)),
        ]);
    }
}

impl Default for DigestFold {
    fn default() -> Self {
        Self::new()
    }
}

/// Each record begins with its time and a word that says what it is, so that no two streams give the same words.
impl Fold for DigestFold {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        let at = record.at.as_nanos();
        match record.event {
            Event::Sent(ref sent) => {
                self.sent(at, sent);
            }
            Event::Delivered { segment, to, copy, stale } => {
                self.digest.words([at, 2, segment.number(), pair(host(to), copy), u64::from(stale)]);
            }
            Event::Unheard { segment, to, copy, because } => {
                self.digest.words([at, 14, segment.number(), pair(host(to), copy), deaf(because)]);
            }
            Event::Crashed { host: on } => self.digest.words([at, 15, u64::from(host(on))]),
            Event::Rebooted { host: on, quiet_until } => {
                self.digest.words([at, 16, u64::from(host(on)), quiet_until.as_nanos()]);
            }
            Event::State(ref change) => {
                self.state(at, change);
            }
            Event::TimerSet { host, incarnation, deadline } => {
                self.digest.words([at, 4, entry(host, incarnation), deadline.as_nanos()]);
            }
            Event::TimerFired { host, incarnation } => self.digest.words([at, 5, entry(host, incarnation)]),
            Event::Call { host: on, application, call: made, outcome: ended } => {
                let [made, octets] = call(made);
                self.digest.words([at, 6, pair(host(on), application), made, octets, outcome(ended)]);
            }
            Event::Notice { host, incarnation, notice: told } => {
                self.digest.words([at, 7, entry(host, incarnation), notice(told)]);
            }
            Event::Received { host, incarnation, octets, stale_octets } => {
                self.digest.words([at, 8, entry(host, incarnation), octets, stale_octets]);
            }
            Event::DataLost { host, incarnation, octets } => {
                self.digest.words([at, 9, entry(host, incarnation), octets]);
            }
            Event::Held { host, incarnation, memory: of, octets } => {
                self.digest.words([at, 10, entry(host, incarnation), memory(of), octets]);
            }
            Event::Released { host, incarnation, memory: of, octets } => {
                self.digest.words([at, 11, entry(host, incarnation), memory(of), octets]);
            }
            Event::Judged { host, incarnation, worth: verdict } => {
                let packet = verdict.blame().and_then(|blame| blame.packet);
                self.digest.words([at, 12, entry(host, incarnation), worth(verdict), packet_word(packet)]);
            }
            Event::Served { host, incarnation, begins } => {
                self.digest.words([at, 17, entry(host, incarnation), u64::from(begins)]);
            }
            Event::Accepted { host, incarnation } => self.digest.words([at, 19, entry(host, incarnation)]),
            Event::Waits { host: on, attempt: by, scarce, blame } => {
                self.digest.words([at, 20, u64::from(host(on)), attempt(by), scarce as u64]);
                self.digest.words(blamed(blame));
            }
            Event::WaitOver { host: on, attempt: by, blame, served } => {
                self.digest.words([at, 21, u64::from(host(on)), attempt(by), u64::from(served)]);
                self.digest.words(blamed(blame));
            }
            Event::WarmedUp => self.digest.words([at, 22]),
            Event::HeldDown { host: on, port } => self.digest.words([at, 18, pair(host(on), u32::from(port))]),
            Event::Overflow { host: on, port, queue: full } => {
                self.digest.words([at, 13, pair(host(on), u32::from(port)), queue(full)]);
            }
        }
    }
}

// The numbers below are part of the format: a new variant takes a new number, none is ever used again.

const fn pair(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

const fn host(HostId(id): HostId) -> u32 {
    id as u32
}

const fn entry(on: HostId, life: Incarnation) -> u64 {
    pair(host(on), life.number)
}

const fn attempt(of: Attempt) -> u64 {
    pair(host(of.host), of.ordinal)
}

fn socket(of: SocketAddrV4) -> u64 {
    pair(u32::from(*of.ip()), u32::from(of.port()))
}

fn tuple(of: FourTuple) -> [u64; 2] {
    [socket(of.local), socket(of.remote)]
}

const fn state(of: State) -> u32 {
    match of {
        State::Closed => 0,
        State::Listen => 1,
        State::SynSent => 2,
        State::SynReceived => 3,
        State::Established => 4,
        State::FinWait1 => 5,
        State::FinWait2 => 6,
        State::CloseWait => 7,
        State::Closing => 8,
        State::LastAck => 9,
        State::TimeWait => 10,
    }
}

const fn reason(of: Reason) -> u32 {
    match of {
        Reason::Call => 0,
        Reason::Segment => 1,
        Reason::Reset => 2,
        Reason::GaveUp => 3,
        Reason::Expired => 4,
        Reason::Crash => 5,
        Reason::Evicted => 6,
    }
}

const fn acknowledged(of: Acknowledged) -> u32 {
    match of {
        Acknowledged::Nothing => 0,
        Acknowledged::Syn => 1,
        Acknowledged::Data => 2,
        Acknowledged::Fin => 3,
    }
}

const fn loss(of: Loss) -> u32 {
    match of {
        Loss::Chance => 1,
        Loss::Fault => 2,
        Loss::QueueFull => 3,
        Loss::Lifetime => 4,
        Loss::NoRoute => 5,
    }
}

const fn memory(of: Memory) -> u64 {
    match of {
        Memory::Entry(EntryKind::HalfOpen) => 0,
        Memory::Entry(EntryKind::Connection) => 1,
        Memory::Entry(EntryKind::TimeWait) => 2,
        Memory::Entry(EntryKind::HoldDown) => 3,
        Memory::Entry(EntryKind::Peer) => 4,
        Memory::Socket => 5,
    }
}

const fn queue(of: Queue) -> u64 {
    match of {
        Queue::Syn => 0,
        Queue::Accept => 1,
    }
}

const fn deaf(of: Deaf) -> u64 {
    match of {
        Deaf::Down => 0,
        Deaf::Quiet => 1,
    }
}

const fn notice(of: Notice) -> u64 {
    match of {
        Notice::Connected => 0,
        Notice::Acceptable { port } => pair(1, port as u32),
        Notice::Readable => pair(2, 0),
        Notice::Refused => pair(3, 0),
        Notice::Reset => pair(4, 0),
        Notice::TimedOut => pair(5, 0),
        Notice::Unanswered => pair(6, 0),
    }
}

const fn call(of: Call) -> [u64; 2] {
    match of {
        Call::Connect => [0, 0],
        Call::Accept => [1, 0],
        Call::Send(octets) => [2, octets],
        Call::Receive(octets) => [3, octets],
        Call::Shutdown => [4, 0],
        Call::Close => [5, 0],
        Call::Abort => [6, 0],
    }
}

const fn outcome(of: Outcome) -> u64 {
    match of {
        Outcome::Done => 0,
        Outcome::EndOfData => 1,
        Outcome::Failed(UserError::NoConnection) => pair(1, 0),
        Outcome::Failed(UserError::AlreadyExists) => pair(1, 1),
        Outcome::Failed(UserError::Closing) => pair(1, 2),
        Outcome::Failed(UserError::Quiet) => pair(1, 3),
        Outcome::Failed(UserError::NoPort) => pair(1, 4),
        Outcome::Failed(UserError::Unspecified) => pair(1, 5),
        Outcome::Failed(UserError::InvalidRemote) => pair(1, 6),
    }
}

/// A blame, or none.
const fn blamed(on: Option<Blame>) -> [u64; 2] {
    match on {
        None => [u64::MAX, u64::MAX],
        Some(Blame { cause: of, packet }) => [cause(of) as u64, packet_word(packet)],
    }
}

/// A packet, or none.
const fn packet_word(of: Option<SegmentId>) -> u64 {
    match of {
        None => u64::MAX,
        Some(packet) => packet.number(),
    }
}

const fn worth(of: Worth) -> u64 {
    match of {
        Worth::Useful => 0,
        Worth::Abandoned(of) => pair(1, cause(of.cause)),
        Worth::Ghost(of) => pair(2, cause(of.cause)),
        Worth::Bereft(of) => pair(3, cause(of.cause)),
    }
}

const fn cause(of: Cause) -> u32 {
    match of {
        Cause::Lost => 0,
        Cause::Delayed => 1,
        Cause::Duplicated => 2,
        Cause::Spoofed => 3,
        Cause::Crash => 4,
        Cause::Application => 5,
    }
}

#[cfg(test)]
mod tests {
    use sim_time::Instant;

    use super::*;

    /// Records that differ from one another in one place each.
    fn records() -> Vec<Record> {
        let (host, incarnation) = (HostId(1), Incarnation::new(3, 0));
        let octets = 100;
        let lost = Blame { cause: Cause::Lost, packet: Some(SegmentId::new(5)) };
        let events = [
            Event::Delivered { segment: SegmentId::new(1), to: host, copy: 0, stale: false },
            Event::Delivered { segment: SegmentId::new(1), to: host, copy: 1, stale: false },
            Event::Delivered { segment: SegmentId::new(1), to: host, copy: 0, stale: true },
            Event::TimerSet { host, incarnation, deadline: Instant::from_nanos(9) },
            Event::TimerFired { host, incarnation },
            Event::Call { host, application: 0, call: Call::Close, outcome: Outcome::Done },
            Event::Call { host, application: 0, call: Call::Send(0), outcome: Outcome::Done },
            Event::Call { host, application: 0, call: Call::Close, outcome: Outcome::Failed(UserError::Closing) },
            Event::Notice { host, incarnation, notice: Notice::Readable },
            Event::Notice { host, incarnation, notice: Notice::Acceptable { port: 2 } },
            Event::Received { host, incarnation, octets, stale_octets: 0 },
            Event::DataLost { host, incarnation, octets },
            Event::Held { host, incarnation, memory: Memory::Entry(EntryKind::HalfOpen), octets },
            Event::Released { host, incarnation, memory: Memory::Entry(EntryKind::HalfOpen), octets },
            Event::Judged { host, incarnation, worth: Worth::Useful },
            Event::Judged { host, incarnation, worth: Worth::Ghost(lost) },
            Event::Judged { host, incarnation, worth: Worth::Bereft(lost) },
            Event::Judged { host, incarnation, worth: Worth::Bereft(Blame { packet: None, ..lost }) },
            Event::Judged { host, incarnation, worth: Worth::Bereft(Blame { cause: Cause::Application, ..lost }) },
        ];
        events.into_iter().map(|event| Record { at: Instant::from_nanos(7), event }).collect()
    }

    /// Records that were added to the format without a change to those above.
    fn later_records() -> Vec<Record> {
        let (segment, host) = (SegmentId::new(1), HostId(1));
        let events = [
            Event::Unheard { segment, to: host, copy: 0, because: Deaf::Down },
            Event::Unheard { segment, to: host, copy: 0, because: Deaf::Quiet },
            Event::Crashed { host },
            Event::Rebooted { host, quiet_until: Instant::from_nanos(9) },
            Event::HeldDown { host, port: 80 },
            Event::Served { host, incarnation: Incarnation::new(3, 0), begins: true },
            Event::Served { host, incarnation: Incarnation::new(3, 0), begins: false },
            Event::WarmedUp,
        ];
        events.into_iter().map(|event| Record { at: Instant::from_nanos(7), event }).collect()
    }

    fn digest<'a>(records: impl IntoIterator<Item = &'a Record>) -> DigestValue {
        let mut fold = DigestFold::new();
        records.into_iter().for_each(|record| fold.record(record));
        fold.value()
    }

    #[test]
    fn every_word_of_a_record_counts() {
        let records = [records(), later_records()].concat();
        let mut digests: Vec<u128> = records.iter().map(|record| digest([record]).0).collect();
        digests.push(digest(&[Record { at: Instant::from_nanos(8), event: records[0].event.clone() }]).0);
        digests.push(digest([]).0);
        let count = digests.len();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), count);
    }

    #[test]
    fn the_order_of_records_counts() {
        let records = records();
        assert_ne!(digest(&records), digest(records.iter().rev()));
        assert_eq!(digest(&records), digest(&records));
    }

    /// If this fails, [`RECORD_FORMAT`] is due for a new number.
    #[test]
    fn the_format_is_the_one_it_is_numbered_as() {
        assert_eq!(RECORD_FORMAT, 4);
        assert_eq!(format!("{:032x}", digest(&records()).0), "db7308af8accfecae183bb7555c40071");
        assert_eq!(format!("{:032x}", digest(&later_records()).0), "1713762e34861287ebea3b0af06509bc");
    }
}
