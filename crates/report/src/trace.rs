//! The trace: every record of a run as a line of JSON.

mod line;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use experiment::record::{
    Attempt, Blame, Call, Cause, Deaf, Event, Fold, Incarnation, Memory, Outcome, Record, Scarce, Sent, StateChange,
    Worth,
};
use experiment::{HostId, Relative, RelativeNumbers};
use net_link::Loss;
use sim_time::Instant;
use tcp_endpoint::{EntryKind, Flags, FourTuple, Notice, Queue, Reason};

use self::line::{Json, Object, Value};
use crate::hosts::Hosts;
use crate::ladder::call_name;

/// Writes each record to `W` as one line of JSON.
///
/// A segment is one line, since a link decides its whole fate when it is offered. Times are in seconds, exact.
#[derive(Debug)]
pub struct Trace<W> {
    out: W,
    names: Names,
    numbers: RelativeNumbers,
    /// The line that is being made: it is written in one go.
    line: Vec<u8>,
    /// The time of the line before, and how much of that line said so: most lines have the time of the one before.
    last: (Instant, usize),
    error: Option<io::Error>,
}

/// What hosts are called in a trace.
#[derive(Debug)]
struct Names {
    hosts: Hosts,
    /// Their names as JSON.
    json: Vec<String>,
}

impl Names {
    fn new(hosts: Hosts) -> Self {
        let json = hosts.names().map(json).collect();
        Self { hosts, json }
    }

    fn of(&self, HostId(host): HostId) -> Json<'_> {
        Json(&self.json[usize::from(host)])
    }

    fn attempt(&self, attempt: Attempt) -> AttemptName<'_> {
        AttemptName { host: self.of(attempt.host), ordinal: attempt.ordinal }
    }
}

/// Text as JSON.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<W: Write> Trace<W> {
    /// A trace of a run between these hosts.
    pub fn new(hosts: Hosts, out: W) -> Self {
        let (names, numbers, last) = (Names::new(hosts), RelativeNumbers::new(), (Instant::ZERO, 0));
        Self { out, names, numbers, line: Vec::new(), last, error: None }
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
        if self.error.is_some() {
            return;
        }
        let line = if self.last.1 > 0 && self.last.0 == record.at {
            self.line.truncate(self.last.1);
            Object::resume(&mut self.line)
        } else {
            self.line.clear();
            let line = Object::open(&mut self.line).with("t", record.at);
            self.last = (record.at, line.len());
            line
        };
        event(line, &record.event, &self.names, &mut self.numbers).close();
        self.line.push(b'\n');
        if let Err(error) = self.out.write_all(&self.line) {
            self.error = Some(error);
        }
    }
}

/// What happened, under the names the lines use.
fn event<'a>(line: Object<'a>, event: &Event, names: &Names, numbers: &mut RelativeNumbers) -> Object<'a> {
    let of = |host: HostId| names.of(host);
    let held = |line: Object<'a>, host, life: Incarnation, memory, bytes: u64| {
        line.with("host", of(host))
            .with("connection", life.number)
            .with("memory", memory_word(memory))
            .with("bytes", bytes)
    };
    let octets = |line: Object<'a>, host, life: Incarnation, octets: u64| {
        line.with("host", of(host)).with("connection", life.number).with("len", octets)
    };
    let entry = |line: Object<'a>, host, life: Incarnation| line.with("host", of(host)).with("connection", life.number);
    match *event {
        Event::Sent(ref sent) => segment(line.with("kind", "segment"), sent, names, numbers.next(sent)),
        Event::Delivered { segment, to, copy, stale } => {
            let line = line.with("kind", "delivered").with("segment", segment.number());
            line.with("to", of(to)).with("copy", copy).with("stale", stale)
        }
        Event::Unheard { segment, to, copy, because } => {
            let because = match because {
                Deaf::Down => "down",
                Deaf::Quiet => "quiet",
            };
            let line = line.with("kind", "unheard").with("segment", segment.number());
            line.with("to", of(to)).with("copy", copy).with("because", because)
        }
        Event::WarmedUp => line.with("kind", "warmed-up"),
        Event::Crashed { host } => line.with("kind", "crashed").with("host", of(host)),
        Event::Rebooted { host, quiet_until } => {
            line.with("kind", "rebooted").with("host", of(host)).with("quiet_until", quiet_until)
        }
        Event::State(ref change) => state(line.with("kind", "state"), change, names),
        Event::TimerSet { host, incarnation, deadline } => {
            entry(line.with("kind", "timer-set"), host, incarnation).with("deadline", deadline)
        }
        Event::TimerFired { host, incarnation } => entry(line.with("kind", "timer-fired"), host, incarnation),
        Event::Call { host, application, call: made, outcome } => {
            let line = line.with("kind", "call").with("host", of(host)).with("application", application);
            call(line, made, outcome)
        }
        Event::Notice { host, incarnation, notice } => {
            entry(line.with("kind", "notice"), host, incarnation).with("notice", notice_word(notice))
        }
        Event::Received { host, incarnation, octets: all, stale_octets } => {
            octets(line.with("kind", "received"), host, incarnation, all).with("stale", stale_octets)
        }
        Event::DataLost { host, incarnation, octets: lost } => {
            octets(line.with("kind", "data-lost"), host, incarnation, lost)
        }
        Event::Held { host, incarnation, memory, octets } => {
            held(line.with("kind", "held"), host, incarnation, memory, octets)
        }
        Event::Released { host, incarnation, memory, octets } => {
            held(line.with("kind", "released"), host, incarnation, memory, octets)
        }
        Event::Overflow { host, port, queue } => {
            let queue = match queue {
                Queue::Syn => "syn",
                Queue::Accept => "accept",
            };
            line.with("kind", "overflow").with("host", of(host)).with("port", port).with("queue", queue)
        }
        Event::Accepted { host, incarnation } => entry(line.with("kind", "accepted"), host, incarnation),
        Event::Waits { host, attempt, scarce, blame } => {
            let line = line.with("kind", "waits").with("host", of(host)).with("attempt", names.attempt(attempt));
            line.with("scarce", scarce_word(scarce)).with("cause", blamed(blame))
        }
        Event::WaitOver { host, attempt, blame, served } => {
            let line = line.with("kind", "wait-over").with("host", of(host)).with("attempt", names.attempt(attempt));
            line.with("cause", blamed(blame)).with("served", served)
        }
        Event::Served { host, incarnation, begins } => {
            entry(line.with("kind", "served"), host, incarnation).with("begins", begins)
        }
        Event::HeldDown { host, port } => line.with("kind", "held-down").with("host", of(host)).with("port", port),
        Event::Judged { host, incarnation, worth } => {
            let line = entry(line.with("kind", "judged"), host, incarnation);
            line.with("worth", worth_word(worth)).with("cause", blamed(worth.blame()))
        }
    }
}

/// A segment. `seq` and `ack` are relative to the nearest initial sequence number seen so far on the same 4-tuple and
/// direction, so that a SYN has the number 0, also the SYN of an incarnation that follows close upon another; `seq_raw` and
/// `ack_raw` are the numbers on the wire. (The recordings of Linux count such a SYN from the incarnation before; what is held
/// against them is counted anew, see [`crate::diff`].) `from` is a host, or the address if that is nobody's.
fn segment<'a>(line: Object<'a>, sent: &Sent, names: &Names, Relative { seq, ack }: Relative) -> Object<'a> {
    let fate = match sent.fate.deliveries.len() {
        0 => "lost",
        1 => "delivered",
        _ => "duplicated",
    };
    let loss = sent.fate.lost.map(|loss| match loss {
        Loss::Chance => "chance",
        Loss::Fault => "fault",
        Loss::QueueFull => "queue-full",
        Loss::Lifetime => "lifetime",
        Loss::NoRoute => "no-route",
    });
    let line = match sent.from {
        Some(host) => line.with("from", names.of(host)),
        None => line.with("from", *sent.source.ip()),
    };
    line.with("to", sent.to.map(|host| names.of(host)))
        .with("sport", sent.source.port())
        .with("dport", sent.destination.port())
        .with("flags", sent.flags)
        .with("seq", seq)
        .with("ack", ack)
        .with("seq_raw", sent.seq.raw())
        .with("ack_raw", sent.flags.ack().then(|| sent.ack.raw()))
        .with("len", sent.octets)
        .with("fate", fate)
        .with("delivered_at", &sent.fate.deliveries[..])
        .with("id", sent.id.number())
        .with("source", sent.source)
        .with("destination", sent.destination)
        .with("window", sent.window)
        .with("attempt", names.attempt(sent.attempt))
        .with("connection", sent.incarnation.map(|life| life.number))
        .with("retransmission", sent.retransmission)
        .with("forged", sent.forged)
        .with("wasted", sent.wasted.is_some())
        .with("loss", loss)
        .with("fault", sent.fate.fault.map(|place| place + 1))
}

/// A change of state; `peer` is `null` if the address is nobody's.
fn state<'a>(line: Object<'a>, change: &StateChange, names: &Names) -> Object<'a> {
    let FourTuple { local, remote } = change.tuple;
    let reason = match change.reason {
        Reason::Call => "call",
        Reason::Segment => "segment",
        Reason::Reset => "reset",
        Reason::GaveUp => "gave-up",
        Reason::Expired => "expired",
        Reason::Crash => "crash",
        Reason::Evicted => "evicted",
    };
    line.with("host", names.of(change.host))
        .with("peer", names.hosts.at(*remote.ip()).map(|host| names.of(host)))
        .with("sport", local.port())
        .with("dport", remote.port())
        .with("from", change.from.name())
        .with("to", change.to.name())
        .with("reason", reason)
        .with("passive", change.passive)
        .with("connection", change.incarnation.number)
        .with("attempt", names.attempt(change.attempt))
}

/// What an application called for, and how that ended.
fn call(line: Object<'_>, call: Call, outcome: Outcome) -> Object<'_> {
    let ended = match outcome {
        Outcome::Done => "done",
        Outcome::EndOfData => "end-of-data",
        Outcome::Failed(_) => "failed",
    };
    let len = match call {
        Call::Send(octets) | Call::Receive(octets) => Some(octets),
        _ => None,
    };
    let error = outcome.failure().map(|error| json(&error));
    line.with("call", call_name(call)).with("len", len).with("outcome", ended).with("error", error.as_deref().map(Json))
}

/// An attempt: who opened, and the how-manieth time.
struct AttemptName<'a> {
    host: Json<'a>,
    ordinal: u32,
}

impl Value for AttemptName<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        Object::open(out).with("host", self.host).with("ordinal", self.ordinal).close();
    }
}

/// The letters of its flags: none needs an escape.
impl Value for Flags {
    fn write(&self, out: &mut Vec<u8>) {
        write!(out, "\"{self}\"").expect("a vector takes whatever comes");
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

const fn worth_word(worth: Worth) -> &'static str {
    match worth {
        Worth::Useful => "useful",
        Worth::Abandoned(_) => "abandoned",
        Worth::Ghost(_) => "ghost",
        Worth::Bereft(_) => "bereft",
    }
}

/// What is to blame, if anything.
fn blamed(blame: Option<Blame>) -> Option<&'static str> {
    blame.map(|blame| cause_word(blame.cause))
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
