//! Who holds what, and for whom: the one projection of the stream that metrics, ledger and explanation share.

use sim_time::Instant;
use smallvec::SmallVec;
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
}

/// What a connection holds, and what it is worth.
#[derive(Clone, Debug)]
struct Life {
    port: u16,
    worth: Worth,
    holds: SmallVec<[(Held, u64); 4]>,
}

impl<F: Fold> Holdings<F> {
    /// Nothing is held yet.
    pub fn told_to(fold: F) -> Self {
        Self { fold, lives: Column::default() }
    }

    /// The fold that was told.
    pub fn into_fold(self) -> F {
        self.fold
    }

    fn take(&mut self, at: Instant, host: HostId, incarnation: Incarnation, held: Held, amount: u64) {
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        life.holds.push((held, amount));
        let (port, to) = (life.port, Some(life.worth));
        self.fold.transfer(at, &Transfer { host, incarnation, port, held, amount, from: None, to });
    }

    /// Gives back what a connection holds of a resource, if it does.
    fn give(&mut self, at: Instant, host: HostId, incarnation: Incarnation, held: Held) {
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        let Some(place) = life.holds.iter().position(|(other, _)| *other == held) else { return };
        let (_, amount) = life.holds.swap_remove(place);
        let (port, from) = (life.port, Some(life.worth));
        if life.holds.is_empty() {
            self.lives.remove(incarnation);
        }
        self.fold.transfer(at, &Transfer { host, incarnation, port, held, amount, from, to: None });
    }

    fn judged(&mut self, at: Instant, host: HostId, incarnation: Incarnation, worth: Worth) {
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        let (from, to) = (Some(std::mem::replace(&mut life.worth, worth)), Some(worth));
        if from == to {
            return;
        }
        for &(held, amount) in &life.holds {
            self.fold.transfer(at, &Transfer { host, incarnation, port: life.port, held, amount, from, to });
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
            let new = || Life { port, worth: Worth::Useful, holds: SmallVec::new() };
            self.lives.get_or_insert_with(incarnation, new);
            self.take(at, host, incarnation, Held::Life, 1);
        }
        if to == State::SynSent {
            self.take(at, host, incarnation, Held::Of(Resource::Ports), 1);
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
                self.take(at, host, incarnation, Held::Of(Resource::Memory(memory)), octets);
                if memory == Memory::Entry(EntryKind::HalfOpen) {
                    self.take(at, host, incarnation, Held::Of(Resource::SynBacklog), 1);
                }
            }
            What::Released { memory, .. } => {
                if memory == Memory::Entry(EntryKind::HalfOpen) {
                    self.give(at, host, incarnation, Held::Of(Resource::SynBacklog));
                }
                if memory == Memory::Entry(EntryKind::Connection) {
                    self.give(at, host, incarnation, Held::Of(Resource::AcceptQueue));
                }
                self.give(at, host, incarnation, Held::Of(Resource::Memory(memory)));
            }
            What::Told { notice: Notice::Acceptable { .. } } => {
                self.take(at, host, incarnation, Held::Of(Resource::AcceptQueue), 1);
            }
            What::Served { begins: true } => self.take(at, host, incarnation, Held::Of(Resource::Workers), 1),
            What::Served { begins: false } => self.give(at, host, incarnation, Held::Of(Resource::Workers)),
            What::Told { .. } | What::Armed { .. } | What::Disarmed => {}
        }
    }

    #[inline(always)]
    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.fold.transfer(at, transfer);
    }
}
