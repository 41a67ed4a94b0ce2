//! Who holds what, and for whom: the one projection of the stream that metrics, ledger and explanation share.

use sim_time::Instant;
use tcp_endpoint::{EntryKind, Notice, State};

use crate::HostId;
use crate::column::Column;
use crate::record::{Call, Change, Event, Fold, Incarnation, Memory, Record, StateChange, What, Worth};

/// Something a host has only so much of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Resource {
    /// Memory, in octets.
    Memory(Memory),
    /// Local ports of connections that this host opened.
    Ports,
    /// Places of half-open entries in a listening port's SYN backlog.
    SynBacklog,
    /// Places of connections that wait to be accepted.
    AcceptQueue,
    /// Workers that serve a connection.
    Workers,
    /// The time of clients that wait for a place or a worker: useful connections, or useless ones, leave them none.
    Clients,
}

/// What is held for a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// It itself, from its first state to CLOSED: one each.
    Life,
    /// A part of something that its host has only so much of.
    Of(Resource),
}

impl Resource {
    /// Its name in a table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory(Memory::Entry(EntryKind::HalfOpen)) => "half-open entries",
            Self::Memory(Memory::Entry(EntryKind::Connection)) => "connections",
            Self::Memory(Memory::Entry(EntryKind::TimeWait)) => "TIME-WAIT entries",
            Self::Memory(Memory::Entry(EntryKind::HoldDown)) => "hold-downs",
            Self::Memory(Memory::Entry(EntryKind::Peer)) => "peers remembered",
            Self::Memory(Memory::Socket) => "sockets",
            Self::Ports => "ports",
            Self::SynBacklog => "SYN backlog",
            Self::AcceptQueue => "accept queue",
            Self::Workers => "workers",
            Self::Clients => "clients kept waiting",
        }
    }

    /// What its integral over time is counted in.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Memory(_) => "B·s",
            Self::Ports => "port·s",
            Self::SynBacklog | Self::AcceptQueue => "place·s",
            Self::Workers => "worker·s",
            Self::Clients => "client·s",
        }
    }
}

/// What a host holds for a connection is taken, given back, or held for another reason from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// The host.
    pub host: HostId,
    /// The connection.
    pub incarnation: Incarnation,
    /// Its local port.
    pub port: u16,
    /// What is held.
    pub held: Held,
    /// How much of it.
    pub amount: u64,
    /// What the connection was worth that held it; `None` if it was not held.
    pub from: Option<Worth>,
    /// What the connection is worth that holds it; `None` if it is no longer held.
    pub to: Option<Worth>,
}

impl Transfer {
    /// By how much more is held now, whatever for.
    #[must_use]
    pub const fn growth(&self) -> i64 {
        match (self.from, self.to) {
            (None, Some(_)) => self.amount.cast_signed(),
            (Some(_), None) => -self.amount.cast_signed(),
            _ => 0,
        }
    }
}

/// Tells a fold, behind each record and each change, what is held for whom from then on. It remembers what is held.
#[derive(Clone, Debug, Default)]
pub struct Holdings<F> {
    fold: F,
    lives: Column<Life>,
    /// What each kind of memory takes on each host, by its place in [`KINDS`]: an entry of a kind takes the same all the time.
    octets: Vec<[u64; KINDS.len()]>,
}

/// What a connection holds, and what it is worth. It has one of each thing at most.
#[derive(Clone, Debug)]
struct Life {
    port: u16,
    /// A bit for each thing in [`KINDS`].
    holds: u16,
    worth: Worth,
}

/// What a connection may hold.
const KINDS: [Held; 11] = [
    Held::Life,
    Held::Of(Resource::Memory(Memory::Entry(EntryKind::HalfOpen))),
    Held::Of(Resource::Memory(Memory::Entry(EntryKind::Connection))),
    Held::Of(Resource::Memory(Memory::Entry(EntryKind::TimeWait))),
    Held::Of(Resource::Memory(Memory::Entry(EntryKind::HoldDown))),
    Held::Of(Resource::Memory(Memory::Entry(EntryKind::Peer))),
    Held::Of(Resource::Memory(Memory::Socket)),
    Held::Of(Resource::Ports),
    Held::Of(Resource::SynBacklog),
    Held::Of(Resource::AcceptQueue),
    Held::Of(Resource::Workers),
];

impl Held {
    /// Its place in [`KINDS`].
    const fn place(self) -> usize {
        match self {
            Self::Life => 0,
            Self::Of(Resource::Memory(Memory::Entry(EntryKind::HalfOpen))) => 1,
            Self::Of(Resource::Memory(Memory::Entry(EntryKind::Connection))) => 2,
            Self::Of(Resource::Memory(Memory::Entry(EntryKind::TimeWait))) => 3,
            Self::Of(Resource::Memory(Memory::Entry(EntryKind::HoldDown))) => 4,
            Self::Of(Resource::Memory(Memory::Entry(EntryKind::Peer))) => 5,
            Self::Of(Resource::Memory(Memory::Socket)) => 6,
            Self::Of(Resource::Ports) => 7,
            Self::Of(Resource::SynBacklog) => 8,
            Self::Of(Resource::AcceptQueue) => 9,
            Self::Of(Resource::Workers) => 10,
            // No connection holds any: there is no such place.
            Self::Of(Resource::Clients) => KINDS.len(),
        }
    }
}

impl<F: Fold> Holdings<F> {
    /// Nothing is held yet.
    pub const fn told_to(fold: F) -> Self {
        Self { fold, lives: Column::new(), octets: Vec::new() }
    }

    /// The fold that was told.
    pub fn into_fold(self) -> F {
        self.fold
    }

    /// So many octets are one entry.
    fn note_octets(&mut self, host: HostId, held: Held, octets: u64) {
        let host = usize::from(host.0);
        if host >= self.octets.len() {
            self.octets.resize(host + 1, [1; KINDS.len()]);
        }
        self.octets[host][held.place()] = octets;
    }

    /// How much of something one is.
    fn amount(&self, host: HostId, held: Held) -> u64 {
        self.octets.get(usize::from(host.0)).map_or(1, |octets| octets[held.place()])
    }

    fn take(&mut self, at: Instant, host: HostId, incarnation: Incarnation, held: Held) {
        let amount = self.amount(host, held);
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        debug_assert!(life.holds & 1 << held.place() == 0, "{held:?} is held once");
        life.holds |= 1 << held.place();
        let (port, to) = (life.port, Some(life.worth));
        self.fold.transfer(at, &Transfer { host, incarnation, port, held, amount, from: None, to });
    }

    /// Gives back what a connection holds of a resource, if it does.
    fn give(&mut self, at: Instant, host: HostId, incarnation: Incarnation, held: Held) {
        let amount = self.amount(host, held);
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        if life.holds & 1 << held.place() == 0 {
            return;
        }
        life.holds &= !(1 << held.place());
        let (port, from) = (life.port, Some(life.worth));
        if life.holds == 0 {
            self.lives.remove(incarnation);
        }
        self.fold.transfer(at, &Transfer { host, incarnation, port, held, amount, from, to: None });
    }

    fn judged(&mut self, at: Instant, host: HostId, incarnation: Incarnation, worth: Worth) {
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        let (port, holds) = (life.port, life.holds);
        let (from, to) = (Some(std::mem::replace(&mut life.worth, worth)), Some(worth));
        if from == to {
            return;
        }
        for held in KINDS.into_iter().filter(|held| holds & 1 << held.place() != 0) {
            let amount = self.amount(host, held);
            self.fold.transfer(at, &Transfer { host, incarnation, port, held, amount, from, to });
        }
    }

    fn state(&mut self, at: Instant, change: &StateChange) {
        let StateChange { host, incarnation, from, to, .. } = *change;
        if to == State::Closed {
            self.give(at, host, incarnation, Held::Of(Resource::Ports));
            self.give(at, host, incarnation, Held::Life);
            // What an application holds of it from now on is the application's own affair.
            self.judged(at, host, incarnation, Worth::Useful);
        } else if matches!(from, State::Closed | State::Listen) {
            let port = change.tuple.local.port();
            let new = || Life { port, holds: 0, worth: Worth::Useful };
            self.lives.get_or_insert_with(incarnation, new);
            self.take(at, host, incarnation, Held::Life);
        }
        if to == State::SynSent {
            self.take(at, host, incarnation, Held::Of(Resource::Ports));
        }
    }
}

impl<F: Fold> Fold for Holdings<F> {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.fold.record(record);
        let at = record.at;
        match record.event {
            Event::State(ref change) => self.state(at, change),
            Event::Judged { host, incarnation, worth } => self.judged(at, host, incarnation, worth),
            Event::Call { host, incarnation: Some(incarnation), call: Call::Accept, .. } => {
                self.give(at, host, incarnation, Held::Of(Resource::AcceptQueue));
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn change(&mut self, at: Instant, change: &Change) {
        self.fold.change(at, change);
        let Change { host, incarnation, what } = *change;
        match what {
            What::Held { memory, octets } => {
                let held = Held::Of(Resource::Memory(memory));
                self.note_octets(host, held, octets);
                self.take(at, host, incarnation, held);
                if memory == Memory::Entry(EntryKind::HalfOpen) {
                    self.take(at, host, incarnation, Held::Of(Resource::SynBacklog));
                }
            }
            What::Released { memory, octets } => {
                debug_assert_eq!(octets, self.amount(host, Held::Of(Resource::Memory(memory))), "as much as was taken");
                if memory == Memory::Entry(EntryKind::HalfOpen) {
                    self.give(at, host, incarnation, Held::Of(Resource::SynBacklog));
                }
                if memory == Memory::Entry(EntryKind::Connection) {
                    self.give(at, host, incarnation, Held::Of(Resource::AcceptQueue));
                }
                self.give(at, host, incarnation, Held::Of(Resource::Memory(memory)));
            }
            What::Told { notice: Notice::Acceptable { .. } } => {
                self.take(at, host, incarnation, Held::Of(Resource::AcceptQueue));
            }
            What::Served { begins: true } => self.take(at, host, incarnation, Held::Of(Resource::Workers)),
            What::Served { begins: false } => self.give(at, host, incarnation, Held::Of(Resource::Workers)),
            What::Told { .. } | What::Armed { .. } | What::Disarmed { .. } => {}
        }
    }

    #[inline(always)]
    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.fold.transfer(at, transfer);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use tcp_endpoint::{FourTuple, Reason, SeqNum};

    use super::*;
    use crate::record::{Attempt, Because, Blame, Cause, RecordId};

    const HOST: HostId = HostId(0);
    const LIFE: Incarnation = Incarnation::new(3, 1);

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Fold for Told {
        fn record(&mut self, _record: &Record) {}

        fn transfer(&mut self, _at: Instant, transfer: &Transfer) {
            let word = |worth: Option<Worth>| worth.map_or("none", Worth::name);
            let Transfer { held, amount, from, to, .. } = *transfer;
            let what = match held {
                Held::Life => "life",
                Held::Of(resource) => resource.name(),
            };
            self.0.push(format!("{amount} of {what}: {} to {}", word(from), word(to)));
        }
    }

    fn tell(holdings: &mut Holdings<Told>, event: Event) {
        let (id, at) = (RecordId::new(0), Instant::ZERO);
        holdings.record(&Record { id, at, because: Because::ROOT, event, changes: Vec::new() });
    }

    fn state(from: State, to: State) -> Event {
        let socket = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        Event::State(StateChange {
            host: HOST,
            incarnation: LIFE,
            attempt: Attempt::default(),
            tuple: FourTuple { local: socket(80), remote: socket(49152) },
            from,
            to,
            reason: Reason::Segment,
            passive: true,
            iss: SeqNum::new(0),
            irs: None,
            trips: 1,
        })
    }

    #[test]
    fn each_thing_has_a_place_of_its_own() {
        for (place, held) in KINDS.into_iter().enumerate() {
            assert_eq!(held.place(), place, "{held:?}");
        }
    }

    /// A half-open entry that nobody waits for becomes a connection, and that is closed while its application has the socket.
    #[test]
    fn what_is_held_goes_from_verdict_to_verdict() {
        let mut holdings = Holdings::told_to(Told::default());
        let change = |holdings: &mut Holdings<Told>, what| {
            holdings.change(Instant::ZERO, &Change { host: HOST, incarnation: LIFE, what });
        };
        let (entry, connection) = (Memory::Entry(EntryKind::HalfOpen), Memory::Entry(EntryKind::Connection));
        let blame = Blame { cause: Cause::Delayed, record: None };
        tell(&mut holdings, state(State::Listen, State::SynReceived));
        change(&mut holdings, What::Held { memory: entry, octets: 96 });
        tell(&mut holdings, Event::Judged { host: HOST, incarnation: LIFE, worth: Worth::Abandoned(blame) });
        change(&mut holdings, What::Released { memory: entry, octets: 96 });
        change(&mut holdings, What::Held { memory: connection, octets: 512 });
        change(&mut holdings, What::Held { memory: Memory::Socket, octets: 64 });
        tell(&mut holdings, state(State::Established, State::Closed));
        change(&mut holdings, What::Released { memory: connection, octets: 512 });
        change(&mut holdings, What::Released { memory: Memory::Socket, octets: 64 });
        assert!(holdings.lives.get(LIFE).is_none(), "nothing is held any more");
        let told = [
            "1 of life: none to useful",
            "96 of half-open entries: none to useful",
            "1 of SYN backlog: none to useful",
            "1 of life: useful to abandoned",
            "96 of half-open entries: useful to abandoned",
            "1 of SYN backlog: useful to abandoned",
            "1 of SYN backlog: abandoned to none",
            "96 of half-open entries: abandoned to none",
            "512 of connections: none to abandoned",
            "64 of sockets: none to abandoned",
            "1 of life: abandoned to none",
            "512 of connections: abandoned to useful",
            "64 of sockets: abandoned to useful",
            "512 of connections: useful to none",
            "64 of sockets: useful to none",
        ];
        assert_eq!(holdings.into_fold().0, told);
    }
}
