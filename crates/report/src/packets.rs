//! The records of a run that may be to blame for something, so that one that is can be named.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddrV4;
use std::rc::Rc;

use experiment::record::{Blame, Call, Cause, Event, Record, RecordId, Scarce, Sent, call_word};
use experiment::{HostId, Relative, RelativeNumbers};
use net_link::Loss;
use rustc_hash::FxHashMap;
use sim_time::Instant;
use storage::push_sparingly;
use tcp_endpoint::{Flags, Purpose, Queue};

use crate::hosts::Hosts;
use crate::words::{cause_in_words, kinds, label};

/// So many packets are known; a run that sends more has its later ones without a name.
const MOST: usize = 100_000;
/// So many other records.
const MOST_OTHERS: usize = 4_000_000;

/// The packets sent so far, and what else may be to blame: crashes, calls, what was full.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packets {
    numbers: RelativeNumbers,
    /// In the order of the stream, as all that follow.
    known: Vec<Packet>,
    others: Vec<(RecordId, Other)>,
    /// The packets beyond those that are known, each with the place of its kind.
    later: Vec<(RecordId, u32)>,
    kinds: Vec<Kind>,
    /// The place of each of these.
    places: FxHashMap<Kind, u32>,
    /// The last record, and the relative numbers of the packet if it is one.
    last: Option<(RecordId, Option<Relative>)>,
}

/// The packets of a run, for all who name some.
pub(crate) type SharedPackets = Rc<RefCell<Packets>>;

/// What many packets have in common: their flags, and between which hosts they go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Kind {
    flags: Flags,
    has_data: bool,
    forged: bool,
    from: Option<HostId>,
    to: Option<HostId>,
    /// The port it goes to, if that is of the end that did not open.
    port: Option<u16>,
}

/// A record to blame that is no packet.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Other {
    at: Instant,
    host: HostId,
    what: OtherKind,
}

/// What it tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum OtherKind {
    Crash,
    Call(Call),
    Full { queue: Queue, port: u16, held: u32, since: Instant },
    Busy { port: u16, workers: u32, since: Option<Instant> },
}

/// A packet as it was sent.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Packet {
    /// The record of its sending.
    pub(crate) id: RecordId,
    pub(crate) at: Instant,
    pub(crate) sent: Sent,
    pub(crate) numbers: Relative,
}

impl Packets {
    /// Takes the next record of the run; returns the relative numbers of a packet. Whoever shares them may tell them of the same
    /// record again.
    pub(crate) fn note(&mut self, record: &Record) -> Option<Relative> {
        if let Some((_, numbers)) = self.last.filter(|(last, _)| *last == record.id) {
            return numbers;
        }
        let numbers = match &record.event {
            Event::Sent(sent) => Some(self.note_packet(record.at, record.id, sent)),
            _ => {
                self.note_other(record);
                None
            }
        };
        self.last = Some((record.id, numbers));
        numbers
    }

    fn note_packet(&mut self, at: Instant, id: RecordId, sent: &Sent) -> Relative {
        let numbers = self.numbers.next(sent);
        if self.is_full() {
            self.note_kind(id, sent);
        } else {
            push_sparingly(&mut self.known, Packet { id, at, sent: sent.clone(), numbers });
        }
        numbers
    }

    fn note_other(&mut self, record: &Record) {
        let (host, what) = match record.event {
            Event::Crashed { host } => (host, OtherKind::Crash),
            Event::Call { host, call: call @ (Call::Close | Call::Abort | Call::Shutdown), .. } => {
                (host, OtherKind::Call(call))
            }
            Event::Overflow { host, port, queue, held, since } => (host, OtherKind::Full { queue, port, held, since }),
            Event::Waits { host, port, scarce: Scarce::Workers, places: workers @ 1.., since, .. } => {
                (host, OtherKind::Busy { port, workers, since })
            }
            _ => return,
        };
        if self.others.len() < MOST_OTHERS {
            push_sparingly(&mut self.others, (record.id, Other { at: record.at, host, what }));
        }
    }

    fn other(&self, blame: Blame) -> Option<&Other> {
        let id = blame.record?;
        let place = self.others.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.others[place].1)
    }

    /// Whether of later packets no more than the kind is known.
    fn is_full(&self) -> bool {
        self.known.len() >= MOST
    }

    /// What is to blame, and the packet that it goes back to.
    pub(crate) fn blamed(&self, blame: Blame, hosts: &Hosts) -> String {
        let cause = cause_in_words(blame.cause);
        if let Some(other) = self.other(blame) {
            return other.in_words(hosts);
        }
        match (self.packet(blame), blame.cause) {
            (Some(packet), Cause::Application) => format!("{}: {}", idle(packet, hosts), packet.in_full(hosts)),
            (Some(packet), Cause::Unknown) => format!("{}: {}", last_words(packet, hosts), packet.in_full(hosts)),
            (Some(packet), _) => format!("{cause}: {}", packet.in_full(hosts)),
            (None, _) => cause.to_owned(),
        }
    }

    /// What a cause is one of many of: without numbers and times.
    pub(crate) fn group(&self, blame: Blame, hosts: &Hosts) -> String {
        let cause = cause_in_words(blame.cause);
        if let Some(other) = self.other(blame) {
            return format!("{} {}", other.article(), other.group(hosts));
        }
        match (self.packet(blame), blame.cause) {
            (Some(packet), Cause::Application) => return idle(packet, hosts),
            (Some(packet), Cause::Unknown) => return last_words(packet, hosts),
            _ => {}
        }
        let kind = match self.packet(blame) {
            Some(packet) => Some(Kind::of(&packet.sent)),
            None => self.kind(blame),
        };
        kind.map_or_else(|| cause.to_owned(), |kind| format!("{cause}: {}", kind.in_words(hosts)))
    }

    /// The kind of a packet that is not known any more closely.
    fn kind(&self, blame: Blame) -> Option<Kind> {
        let id = blame.record?;
        let place = self.later.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.kinds.get(self.later[place].1 as usize).copied()
    }

    /// Notes of what kind a packet is, where there are too many to know each.
    fn note_kind(&mut self, id: RecordId, sent: &Sent) {
        let kind = Kind::of(sent);
        if self.later.len() < MOST_OTHERS {
            // No more kinds than packets.
            let next = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
            let place = *self.places.entry(kind).or_insert(next);
            if place == next {
                self.kinds.push(kind);
            }
            push_sparingly(&mut self.later, (id, place));
        }
    }

    /// Some of them, without the others.
    pub(crate) fn kept(&self, kept: impl IntoIterator<Item = RecordId>) -> Self {
        let kept: BTreeSet<RecordId> = kept.into_iter().collect();
        Self {
            known: self.known.iter().filter(|packet| kept.contains(&packet.id)).cloned().collect(),
            others: self.others.iter().filter(|(id, _)| kept.contains(id)).cloned().collect(),
            later: self.later.iter().filter(|(id, _)| kept.contains(id)).copied().collect(),
            kinds: self.kinds.clone(),
            ..Self::default()
        }
    }

    /// The packet that a blame goes back to, if it does to one.
    pub(crate) fn packet(&self, blame: Blame) -> Option<&Packet> {
        self.sent(blame.record?)
    }

    fn sent(&self, id: RecordId) -> Option<&Packet> {
        let place = self.known.binary_search_by_key(&id, |packet| packet.id).ok()?;
        Some(&self.known[place])
    }

    /// A packet of which no more than the record of its sending is given: see [`Packet::in_full`]. `None` if it is not known.
    pub(crate) fn named(&self, id: RecordId, hosts: &Hosts) -> Option<String> {
        Some(self.sent(id)?.in_full(hosts))
    }

    /// When what is to blame happened.
    pub(crate) fn time(&self, blame: Blame) -> Option<Instant> {
        let other = || Some(self.other(blame)?.at);
        self.packet(blame).map(|packet| packet.at).or_else(other)
    }
}

impl Kind {
    fn of(sent: &Sent) -> Self {
        let to_opener = !sent.forged && sent.to == Some(sent.attempt.host);
        let port = Some(sent.destination.port()).filter(|_| !to_opener);
        let (flags, has_data, forged) = (sent.flags, sent.octets > 0, sent.forged);
        Self { flags, has_data, forged, from: sent.from, to: sent.to, port }
    }

    /// `SYN of client to server:80`
    fn in_words(self, hosts: &Hosts) -> String {
        let Self { flags, has_data, forged, from, to, port } = self;
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let to = to.map_or("nobody", |to| hosts.name(to));
        let from = from.filter(|_| !forged).map_or(String::new(), |from| format!(" of {}", hosts.name(from)));
        format!("{}{from} to {to}{port}", kinds(flags, has_data))
    }
}

/// Whose application does not close after a FIN; or does not read, so that its host closes the window.
fn idle(packet: &Packet, hosts: &Hosts) -> String {
    if packet.sent.window == 0 && !packet.sent.flags.fin() {
        let whose = packet.sent.from.map_or("its", |from| hosts.name(from));
        return format!("{whose}'s application, which does not read (the window is closed)");
    }
    let whose = packet.sent.to.map_or("its", |to| hosts.name(to));
    format!("{whose}'s application, which does not close after the FIN")
}

/// What a host said last that keeps no TIME-WAIT. That it is on its way is no accident.
fn last_words(packet: &Packet, hosts: &Hosts) -> String {
    let whose = packet.sent.from.map_or("its peer", |from| hosts.name(from));
    format!("the last ACK on its way ({whose} keeps no TIME-WAIT)")
}

impl Other {
    /// `the crash of server at 2.000 s`
    fn in_words(&self, hosts: &Hosts) -> String {
        let full = match self.what {
            OtherKind::Full { held, since, .. } => format!(" ({held} in it, full since {since} s)"),
            OtherKind::Busy { since: Some(since), .. } => format!(" (busy since {since} s)"),
            _ => String::new(),
        };
        format!("the {}{full} at {} s", self.group(hosts), self.at)
    }

    /// What stands before one of many.
    const fn article(&self) -> &'static str {
        match self.what {
            OtherKind::Crash | OtherKind::Call(Call::Close | Call::Shutdown) => "a",
            OtherKind::Call(_) => "an",
            OtherKind::Full { .. } | OtherKind::Busy { .. } => "the",
        }
    }

    /// `crash of server`
    fn group(&self, hosts: &Hosts) -> String {
        let host = hosts.name(self.host);
        match self.what {
            OtherKind::Crash => format!("crash of {host}"),
            OtherKind::Call(call) => format!("{} of {host}'s application", call_word(call).0),
            OtherKind::Full { queue: Queue::Syn, port, .. } => format!("full SYN backlog of {host}:{port}"),
            OtherKind::Full { queue: Queue::Accept, port, .. } => format!("full accept queue of {host}:{port}"),
            OtherKind::Full { queue: Queue::Cache, port, .. } => format!("full SYN cache of {host}:{port}"),
            OtherKind::Busy { port, workers: 1, .. } => format!("busy worker of {host}:{port}"),
            OtherKind::Busy { port, workers, .. } => format!("{workers} busy workers of {host}:{port}"),
            OtherKind::Full { queue: Queue::TimeWait, .. } => format!("full TIME-WAIT table of {host}"),
        }
    }
}

impl Packet {
    /// See [`in_words`].
    pub(crate) fn in_words(&self, hosts: &Hosts) -> String {
        in_words(&label(&self.sent, self.numbers), self.at, &self.sent, "", hosts)
    }

    /// The same, with what it asks for, its opener's attempt, and what a fault did to it: `SYN 0 of client #1, sent 0.000,
    /// arrived 5.000 (fault 1)`.
    fn in_full(&self, hosts: &Hosts) -> String {
        let Self { sent, .. } = self;
        let label = format!("{}{}", asks(sent), label(sent, self.numbers));
        let fault = sent.fate.fault.map_or(String::new(), |fault| format!(" (fault {})", fault + 1));
        let is_openers = !sent.forged && sent.from == Some(sent.attempt.host);
        let attempt =
            if is_openers && !sent.attempt.is_forged() { format!(" #{}", sent.attempt.ordinal) } else { String::new() };
        format!("{}{fault}", in_words(&label, self.at, sent, &attempt, hosts))
    }
}

/// What stands before the name of a keepalive probe.
fn asks(sent: &Sent) -> &'static str {
    if sent.purpose == Some(Purpose::KeepaliveProbe) { "keepalive " } else { "" }
}

/// Whose address a packet bears: a host's name, or the address itself if nobody has it.
pub(crate) fn sender(from: Option<HostId>, source: SocketAddrV4, hosts: &Hosts) -> Cow<'_, str> {
    from.map_or_else(|| source.ip().to_string().into(), |from| hosts.name(from).into())
}

/// What a packet is, who sent it, when, and what became of it: `SYN 0 of client, sent 0.000, arrived 5.000`.
fn in_words(label: &str, at: Instant, sent: &Sent, attempt: &str, hosts: &Hosts) -> String {
    let arrived: Vec<String> = sent.fate.deliveries.iter().map(ToString::to_string).collect();
    if sent.forged && !arrived.is_empty() {
        return format!("{label} as if from {}, came at {}", hosts.socket(sent.source), arrived.join(" and "));
    }
    let fate = match sent.fate.lost {
        Some(Loss::QueueFull) => "lost (the queue of its link was full)".to_owned(),
        _ if arrived.is_empty() => "lost".to_owned(),
        _ => format!("arrived {}", arrived.join(" and ")),
    };
    format!("{label} of {}{attempt}, sent {at}, {fate}", sender(sent.from, sent.source, hosts))
}
