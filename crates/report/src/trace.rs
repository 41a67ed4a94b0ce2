//! The trace: every record of a run as a line of JSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::SocketAddrV4;

use experiment::record::{
    Attempt, Blame, Call, Cause, Deaf, Event, Fold, Incarnation, Memory, Outcome, Record, Scarce, Sent, StateChange,
    Worth,
};
use experiment::{HostId, Relative, RelativeNumbers};
use net_link::Loss;
use serde::Serialize;
use tcp_endpoint::{EntryKind, FourTuple, Notice, Queue, Reason};

use crate::hosts::Hosts;
use crate::ladder::call_name;
use crate::packets::sender;
use crate::seconds::Seconds;

/// Writes each record to `W` as one line of JSON.
///
/// A segment is one line, since a link decides its whole fate when it is offered. Times are in seconds, exact.
#[derive(Debug)]
pub struct Trace<W> {
    out: W,
    hosts: Hosts,
    numbers: RelativeNumbers,
    /// The line that is being made: it is written in one go.
    line: Vec<u8>,
    error: Option<io::Error>,
}

impl<W: Write> Trace<W> {
    /// A trace of a run between these hosts.
    pub fn new(hosts: Hosts, out: W) -> Self {
        Self { out, hosts, numbers: RelativeNumbers::new(), line: Vec::new(), error: None }
    }

    /// Flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error that writing met; nothing was written after it.
    pub fn finish(mut self) -> io::Result<W> {
        match self.error {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.out),
        }
    }
}

impl<W: Write> Fold for Trace<W> {
    fn record(&mut self, record: &Record) {
        if self.error.is_none()
            && let Err(error) = self.write(record)
        {
            self.error = Some(error);
        }
    }
}

impl<W: Write> Trace<W> {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let line = Line { t: Seconds(record.at), what: What::new(&record.event, &self.hosts, &mut self.numbers) };
        self.line.clear();
        serde_json::to_writer(&mut self.line, &line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    t: Seconds,
    #[serde(flatten)]
    what: What<'a>,
}

/// What happened, under the names the lines use.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum What<'a> {
    Segment(SegmentLine<'a>),
    Delivered { segment: u64, to: &'a str, copy: u32, stale: bool },
    Unheard { segment: u64, to: &'a str, copy: u32, because: &'static str },
    Crashed { host: &'a str },
    Rebooted { host: &'a str, quiet_until: Seconds },
    WarmedUp,
    State(StateLine<'a>),
    TimerSet { host: &'a str, connection: u32, deadline: Seconds },
    TimerFired { host: &'a str, connection: u32 },
    Call(CallLine<'a>),
    Notice { host: &'a str, connection: u32, notice: &'static str },
    Received { host: &'a str, connection: u32, len: u64, stale: u64 },
    DataLost { host: &'a str, connection: u32, len: u64 },
    Held { host: &'a str, connection: u32, memory: &'static str, bytes: u64 },
    Released { host: &'a str, connection: u32, memory: &'static str, bytes: u64 },
    Overflow { host: &'a str, port: u16, queue: &'static str },
    HeldDown { host: &'a str, port: u16 },
    Accepted { host: &'a str, connection: u32 },
    Waits(WaitLine<'a>),
    WaitOver(WaitLine<'a>),
    Served { host: &'a str, connection: u32, begins: bool },
    Judged { host: &'a str, connection: u32, worth: &'static str, cause: Option<&'static str> },
}

/// A segment. `seq` and `ack` are relative to the nearest initial sequence number seen so far on the same 4-tuple and
/// direction, so that a SYN has the number 0, also the SYN of an incarnation that follows close upon another; `seq_raw` and
/// `ack_raw` are the numbers on the wire. (The recordings of Linux count such a SYN from the incarnation before; what is held
/// against them is counted anew, see [`crate::diff`].)
#[derive(Serialize)]
struct SegmentLine<'a> {
    /// A host, or the address if that is nobody's.
    from: Cow<'a, str>,
    to: Option<&'a str>,
    sport: u16,
    dport: u16,
    flags: String,
    seq: Option<i64>,
    ack: Option<i64>,
    seq_raw: u32,
    ack_raw: Option<u32>,
    len: u32,
    fate: &'static str,
    delivered_at: Vec<Seconds>,
    id: u64,
    source: SocketAddrV4,
    destination: SocketAddrV4,
    window: u32,
    attempt: AttemptName<'a>,
    connection: Option<u32>,
    retransmission: u32,
    /// Whether no endpoint sent it.
    forged: bool,
    wasted: bool,
    loss: Option<&'static str>,
    fault: Option<u16>,
}

/// A change of state.
#[derive(Serialize)]
struct StateLine<'a> {
    host: &'a str,
    /// `null` if the address is nobody's.
    peer: Option<&'a str>,
    sport: u16,
    dport: u16,
    from: &'static str,
    to: &'static str,
    reason: &'static str,
    passive: bool,
    connection: u32,
    attempt: AttemptName<'a>,
}

/// An application's call.
#[derive(Serialize)]
struct CallLine<'a> {
    host: &'a str,
    application: u32,
    call: &'static str,
    len: Option<u64>,
    outcome: &'static str,
    error: Option<String>,
}

/// A client begins or ends to wait at a server. `scarce` is what it waits for, `cause` what is to blame if useless
/// connections take room that it could have, `served` how the wait ended.
#[derive(Serialize)]
struct WaitLine<'a> {
    host: &'a str,
    attempt: AttemptName<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scarce: Option<&'static str>,
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    served: Option<bool>,
}

impl<'a> WaitLine<'a> {
    fn new(host: &'a str, attempt: Attempt, blame: Option<Blame>, hosts: &'a Hosts) -> Self {
        let cause = blame.map(|blame| cause_word(blame.cause));
        Self { host, attempt: AttemptName::new(attempt, hosts), scarce: None, cause, served: None }
    }
}

/// An attempt: who opened, and the how-manieth time.
#[derive(Serialize)]
struct AttemptName<'a> {
    host: &'a str,
    ordinal: u32,
}

impl<'a> What<'a> {
    fn new(event: &Event, hosts: &'a Hosts, numbers: &mut RelativeNumbers) -> Self {
        let name = |host: HostId| hosts.name(host);
        match *event {
            Event::Sent(ref sent) => Self::Segment(SegmentLine::new(sent, hosts, numbers.next(sent))),
            Event::Delivered { segment, to, copy, stale } => {
                Self::Delivered { segment: segment.number(), to: name(to), copy, stale }
            }
            Event::Unheard { segment, to, copy, because } => {
                let because = match because {
                    Deaf::Down => "down",
                    Deaf::Quiet => "quiet",
                };
                Self::Unheard { segment: segment.number(), to: name(to), copy, because }
            }
            Event::WarmedUp => Self::WarmedUp,
            Event::Crashed { host } => Self::Crashed { host: name(host) },
            Event::Rebooted { host, quiet_until } => {
                Self::Rebooted { host: name(host), quiet_until: Seconds(quiet_until) }
            }
            Event::State(ref change) => Self::State(StateLine::new(change, hosts)),
            Event::TimerSet { host, incarnation: Incarnation(connection), deadline } => {
                Self::TimerSet { host: name(host), connection, deadline: Seconds(deadline) }
            }
            Event::TimerFired { host, incarnation: Incarnation(connection) } => {
                Self::TimerFired { host: name(host), connection }
            }
            Event::Call { host, application, call, outcome } => {
                Self::Call(CallLine::new(name(host), application, call, outcome))
            }
            Event::Notice { host, incarnation: Incarnation(connection), notice } => {
                Self::Notice { host: name(host), connection, notice: notice_word(notice) }
            }
            Event::Received { host, incarnation: Incarnation(connection), octets, stale_octets } => {
                Self::Received { host: name(host), connection, len: octets, stale: stale_octets }
            }
            Event::DataLost { host, incarnation: Incarnation(connection), octets } => {
                Self::DataLost { host: name(host), connection, len: octets }
            }
            Event::Held { host, incarnation: Incarnation(connection), memory, octets } => {
                Self::Held { host: name(host), connection, memory: memory_word(memory), bytes: octets }
            }
            Event::Released { host, incarnation: Incarnation(connection), memory, octets } => {
                Self::Released { host: name(host), connection, memory: memory_word(memory), bytes: octets }
            }
            Event::Overflow { host, port, queue: Queue::Syn } => {
                Self::Overflow { host: name(host), port, queue: "syn" }
            }
            Event::Overflow { host, port, queue: Queue::Accept } => {
                Self::Overflow { host: name(host), port, queue: "accept" }
            }
            Event::Accepted { host, incarnation: Incarnation(connection) } => {
                Self::Accepted { host: name(host), connection }
            }
            Event::Waits { host, attempt, scarce, blame } => {
                let scarce = Some(scarce_word(scarce));
                Self::Waits(WaitLine { scarce, ..WaitLine::new(name(host), attempt, blame, hosts) })
            }
            Event::WaitOver { host, attempt, blame, served } => {
                Self::WaitOver(WaitLine { served: Some(served), ..WaitLine::new(name(host), attempt, blame, hosts) })
            }
            Event::Served { host, incarnation: Incarnation(connection), begins } => {
                Self::Served { host: name(host), connection, begins }
            }
            Event::HeldDown { host, port } => Self::HeldDown { host: name(host), port },
            Event::Judged { host, incarnation: Incarnation(connection), worth } => {
                let (worth, cause) = worth_words(worth);
                Self::Judged { host: name(host), connection, worth, cause }
            }
        }
    }
}

impl<'a> SegmentLine<'a> {
    fn new(sent: &Sent, hosts: &'a Hosts, Relative { seq, ack }: Relative) -> Self {
        let name = |host: HostId| hosts.name(host);
        Self {
            from: sender(sent, hosts),
            to: sent.to.map(name),
            sport: sent.source.port(),
            dport: sent.destination.port(),
            flags: sent.flags.to_string(),
            seq,
            ack,
            seq_raw: sent.seq.raw(),
            ack_raw: sent.flags.ack().then(|| sent.ack.raw()),
            len: sent.octets,
            fate: match sent.fate.deliveries.len() {
                0 => "lost",
                1 => "delivered",
                _ => "duplicated",
            },
            delivered_at: sent.fate.deliveries.iter().copied().map(Seconds).collect(),
            id: sent.id.number(),
            source: sent.source,
            destination: sent.destination,
            window: sent.window,
            attempt: AttemptName::new(sent.attempt, hosts),
            connection: sent.incarnation.map(|incarnation| incarnation.0),
            retransmission: sent.retransmission,
            forged: sent.forged,
            wasted: sent.wasted.is_some(),
            loss: sent.fate.lost.map(|loss| match loss {
                Loss::Chance => "chance",
                Loss::Fault => "fault",
                Loss::QueueFull => "queue-full",
                Loss::Lifetime => "lifetime",
                Loss::NoRoute => "no-route",
            }),
            fault: sent.fate.fault.map(|place| place + 1),
        }
    }
}

impl<'a> StateLine<'a> {
    fn new(change: &StateChange, hosts: &'a Hosts) -> Self {
        let FourTuple { local, remote } = change.tuple;
        Self {
            host: hosts.name(change.host),
            peer: hosts.at(*remote.ip()).map(|host| hosts.name(host)),
            sport: local.port(),
            dport: remote.port(),
            from: change.from.name(),
            to: change.to.name(),
            reason: match change.reason {
                Reason::Call => "call",
                Reason::Segment => "segment",
                Reason::Reset => "reset",
                Reason::GaveUp => "gave-up",
                Reason::Expired => "expired",
                Reason::Crash => "crash",
                Reason::Evicted => "evicted",
            },
            passive: change.passive,
            connection: change.incarnation.0,
            attempt: AttemptName::new(change.attempt, hosts),
        }
    }
}

impl<'a> CallLine<'a> {
    fn new(host: &'a str, application: u32, call: Call, outcome: Outcome) -> Self {
        let (outcome, error) = match outcome {
            Outcome::Done => ("done", None),
            Outcome::EndOfData => ("end-of-data", None),
            Outcome::Failed(_) => ("failed", outcome.failure()),
        };
        let len = match call {
            Call::Send(octets) | Call::Receive(octets) => Some(octets),
            _ => None,
        };
        Self { host, application, call: call_name(call), len, outcome, error }
    }
}

impl<'a> AttemptName<'a> {
    fn new(attempt: Attempt, hosts: &'a Hosts) -> Self {
        Self { host: hosts.name(attempt.host), ordinal: attempt.ordinal }
    }
}

const fn notice_word(notice: Notice) -> &'static str {
    match notice {
        Notice::Connected => "connected",
        Notice::Acceptable { .. } => "acceptable",
        Notice::Readable => "readable",
        Notice::Refused => "refused",
        Notice::Reset => "reset",
        Notice::TimedOut => "timed-out",
        Notice::Unanswered => "unanswered",
    }
}

const fn scarce_word(scarce: Scarce) -> &'static str {
    match scarce {
        Scarce::SynBacklog => "syn-backlog",
        Scarce::AcceptQueue => "accept-queue",
        Scarce::Workers => "workers",
        Scarce::HoldDown => "hold-down",
    }
}

const fn memory_word(memory: Memory) -> &'static str {
    match memory {
        Memory::Entry(EntryKind::HalfOpen) => "half-open",
        Memory::Entry(EntryKind::Connection) => "connection",
        Memory::Entry(EntryKind::TimeWait) => "time-wait",
        Memory::Entry(EntryKind::HoldDown) => "hold-down",
        Memory::Entry(EntryKind::Peer) => "peer",
        Memory::Socket => "socket",
    }
}

const fn worth_words(worth: Worth) -> (&'static str, Option<&'static str>) {
    match worth {
        Worth::Useful => ("useful", None),
        Worth::Abandoned(blame) => ("abandoned", Some(cause_word(blame.cause))),
        Worth::Ghost(blame) => ("ghost", Some(cause_word(blame.cause))),
        Worth::Bereft(blame) => ("bereft", Some(cause_word(blame.cause))),
    }
}

pub(crate) const fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Lost => "lost",
        Cause::Delayed => "delayed",
        Cause::Duplicated => "duplicated",
        Cause::Spoofed => "spoofed",
        Cause::Crash => "crash",
        Cause::Application => "application",
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use experiment::record::SegmentId;
    use net_link::Fate;
    use tcp_endpoint::{Acknowledged, Flags, SeqNum, State};

    use super::*;

    fn socket(host: u8, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port)
    }

    fn hosts() -> Hosts {
        [("client", 1), ("server", 2)]
            .map(|(name, host)| (name.to_owned(), *socket(host, 0).ip()))
            .into_iter()
            .collect()
    }

    fn syn(deliveries: &[u64]) -> Sent {
        Sent {
            id: SegmentId::new(7),
            from: Some(HostId(0)),
            to: Some(HostId(1)),
            source: socket(1, 40_001),
            destination: socket(2, 80),
            seq: SeqNum::new(4_000_000_000),
            ack: SeqNum::new(0),
            flags: Flags::SYN,
            window: 65_535,
            octets: 0,
            attempt: Attempt { host: HostId(0), ordinal: 1 },
            incarnation: Some(Incarnation(0)),
            retransmission: 0,
            acknowledges: Acknowledged::Nothing,
            forged: false,
            wasted: None,
            fate: Fate {
                deliveries: deliveries.iter().map(|&nanos| sim_time::Instant::from_nanos(nanos)).collect(),
                lost: deliveries.is_empty().then_some(Loss::Chance),
                fault: None,
            },
        }
    }

    fn lines(events: Vec<Event>) -> Vec<String> {
        let mut trace = Trace::new(hosts(), Vec::new());
        for event in events {
            // One nanosecond past a time that a binary float cannot tell from its neighbours.
            trace.record(&Record { at: sim_time::Instant::from_nanos(12_345_678_901_000_000_001), event });
        }
        let text = String::from_utf8(trace.finish().unwrap()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_segment_is_one_line_with_its_whole_fate() {
        let events = [&[][..], &[50_000_001], &[50_000_000, 80_000_000]].map(|times| Event::Sent(syn(times)));
        let lines = lines(events.into());
        assert!(lines[0].starts_with(
            r#"{"t":12345678901.000000001,"kind":"segment","from":"client","to":"server","sport":40001,"dport":80,"#
        ));
        assert!(lines[0].contains(r#""flags":"S","seq":0,"ack":null,"seq_raw":4000000000,"ack_raw":null,"len":0,"fate":"lost","delivered_at":[],"#));
        assert!(lines[1].contains(r#""fate":"delivered","delivered_at":[0.050000001],"#));
        assert!(lines[2].contains(r#""fate":"duplicated","delivered_at":[0.050,0.080],"#));
    }

    /// Every kind of line, and whatever may be absent from one once there and once not.
    #[test]
    fn every_line_is_json_with_a_kind() {
        let (host, incarnation, memory, octets) = (HostId(1), Incarnation(3), Memory::Entry(EntryKind::HalfOpen), 96);
        let (segment, attempt) = (SegmentId::new(7), Attempt { host: HostId(0), ordinal: 1 });
        let blame = experiment::record::Blame { cause: Cause::Delayed, packet: Some(segment) };
        let change = StateChange {
            host,
            incarnation,
            attempt,
            tuple: FourTuple { local: socket(2, 80), remote: socket(1, 40_001) },
            from: State::Listen,
            to: State::SynReceived,
            reason: Reason::Segment,
            passive: true,
        };
        let nobody = FourTuple { remote: socket(9, 40_001), ..change.tuple };
        let answer = Sent {
            from: None,
            to: None,
            source: socket(9, 80),
            seq: SeqNum::new(5),
            ack: SeqNum::new(3_999_999_999),
            flags: Flags::SYN_ACK,
            incarnation: None,
            retransmission: 2,
            forged: true,
            wasted: Some(blame),
            fate: Fate { fault: Some(0), lost: Some(Loss::Fault), deliveries: [].into_iter().collect() },
            ..syn(&[])
        };
        let failed = Outcome::Failed(tcp_endpoint::UserError::NoPort);
        let at = sim_time::Instant::from_nanos;
        let lines = lines(vec![
            Event::Sent(syn(&[50_000_000, 80_000_000])),
            Event::Sent(answer),
            Event::Delivered { segment, to: host, copy: 0, stale: false },
            Event::Unheard { segment, to: host, copy: 1, because: Deaf::Down },
            Event::Crashed { host },
            Event::Rebooted { host, quiet_until: at(1) },
            Event::WarmedUp,
            Event::State(change),
            Event::State(StateChange { tuple: nobody, passive: false, ..change }),
            Event::TimerSet { host, incarnation, deadline: at(2_000_000_000) },
            Event::TimerFired { host, incarnation },
            Event::Call { host, application: 0, call: Call::Send(100), outcome: Outcome::Done },
            Event::Call { host, application: 0, call: Call::Connect, outcome: failed },
            Event::Notice { host, incarnation, notice: Notice::TimedOut },
            Event::Received { host, incarnation, octets, stale_octets: 1 },
            Event::DataLost { host, incarnation, octets },
            Event::Held { host, incarnation, memory, octets },
            Event::Released { host, incarnation, memory: Memory::Socket, octets: u64::MAX },
            Event::Overflow { host, port: 80, queue: Queue::Syn },
            Event::HeldDown { host, port: 80 },
            Event::Accepted { host, incarnation },
            Event::Waits { host, attempt, scarce: Scarce::SynBacklog, blame: Some(blame) },
            Event::WaitOver { host, attempt, blame: None, served: true },
            Event::Served { host, incarnation, begins: true },
            Event::Judged { host, incarnation, worth: Worth::Useful },
            Event::Judged { host, incarnation, worth: Worth::Ghost(blame) },
        ]);
        for line in &lines {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(value["kind"].is_string(), "{line}");
        }
        expect_test::expect_file!["trace/lines.jsonl"].assert_eq(&(lines.join("\n") + "\n"));
    }

    /// A host may have any name.
    #[test]
    fn what_is_odd_in_a_name_is_escaped() {
        let odd: Hosts = [("a \"quoted\"\n".to_owned(), *socket(1, 0).ip())].into_iter().collect();
        let mut trace = Trace::new(odd, Vec::new());
        trace.record(&Record { at: sim_time::Instant::ZERO, event: Event::Crashed { host: HostId(0) } });
        let line = String::from_utf8(trace.finish().unwrap()).unwrap();
        assert_eq!(line, "{\"t\":0.000,\"kind\":\"crashed\",\"host\":\"a \\\"quoted\\\"\\n\"}\n");
    }

    #[test]
    fn a_failed_write_is_reported_at_the_end() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut trace = Trace::new(hosts(), Full);
        trace.record(&Record { at: sim_time::Instant::ZERO, event: Event::Sent(syn(&[])) });
        assert_eq!(trace.finish().err().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    }
}
