//! The ledger: every resource that a host held, for someone or for nobody, and for nobody because of which packet.

use std::collections::BTreeMap;

use sim_time::Instant;
use smallvec::SmallVec;
use tcp_endpoint::{EntryKind, Notice, State};

use crate::HostId;
use crate::column::Column;
use crate::level::Level;
use crate::record::{Blame, Call, Change, Event, Fold, Incarnation, Memory, Record, StateChange, What};

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

/// How long a host held how much of a resource, and for what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The host.
    pub host: HostId,
    /// The resource.
    pub resource: Resource,
    /// Units × nanoseconds held for someone.
    pub useful: u128,
    /// Units × nanoseconds held for nobody, by what is to blame, in the order of causes and packets.
    pub wasted: Vec<(Blame, u128)>,
}

impl Account {
    /// Units × nanoseconds held in all.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.useful + self.wasted()
    }

    /// Units × nanoseconds held for nobody.
    #[must_use]
    pub fn wasted(&self) -> u128 {
        self.wasted.iter().map(|(_, held)| held).sum()
    }
}

/// Things that are counted, and for what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// For someone.
    pub useful: u64,
    /// For nobody, by what is to blame.
    pub wasted: Vec<(Blame, u64)>,
}

impl Count {
    fn of(counted: BTreeMap<Option<Blame>, u64>) -> Self {
        let mut count = Self::default();
        for (blame, number) in counted.into_iter().filter(|(_, number)| *number > 0) {
            match blame {
                None => count.useful = number,
                Some(blame) => count.wasted.push((blame, number)),
            }
        }
        count
    }

    /// How many for nobody.
    #[must_use]
    pub fn wasted(&self) -> u64 {
        self.wasted.iter().map(|(_, count)| count).sum()
    }
}

/// A run's ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// By host and resource; only what was held at all.
    pub accounts: Vec<Account>,
    /// Segments sent.
    pub segments: Count,
    /// Clients that were kept waiting until their connection was over: by useful connections, or by useless ones.
    pub turned_away: Count,
}

impl Ledger {
    /// Everything that is to blame for anything, in the order of causes and packets.
    #[must_use]
    pub fn blames(&self) -> Vec<Blame> {
        let held = self.accounts.iter().flat_map(|account| account.wasted.iter().map(|(blame, _)| *blame));
        let counted = [&self.segments, &self.turned_away].into_iter().flat_map(|count| &count.wasted);
        let mut blames: Vec<Blame> = held.chain(counted.map(|(blame, _)| *blame)).collect();
        blames.sort_unstable();
        blames.dedup();
        blames
    }
}

/// Keeps the ledger of a run. What it remembers is in proportion to what is alive and to the packets that are to blame.
#[derive(Clone, Debug, Default)]
pub struct LedgerFold {
    lives: Column<Life>,
    /// By host, resource and blame, `None` for what is useful.
    levels: BTreeMap<(HostId, Resource, Option<Blame>), Level>,
    sent: BTreeMap<Option<Blame>, u64>,
    turned_away: BTreeMap<Option<Blame>, u64>,
}

/// What an incarnation holds, and for what.
#[derive(Clone, Debug, Default)]
struct Life {
    blame: Option<Blame>,
    holds: SmallVec<[(Resource, u64); 3]>,
}

impl LedgerFold {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ledger, with everything that is still held held up to `end`, which no record may be later than.
    #[must_use]
    pub fn finish(self, end: Instant) -> Ledger {
        let mut accounts: Vec<Account> = Vec::new();
        for ((host, resource, blame), mut level) in self.levels {
            level.advance(end);
            let held = level.integral();
            if held == 0 {
                continue;
            }
            if accounts.last().is_none_or(|last| (last.host, last.resource) != (host, resource)) {
                accounts.push(Account { host, resource, useful: 0, wasted: Vec::new() });
            }
            let account = accounts.last_mut().expect("one was just pushed");
            match blame {
                None => account.useful += held,
                Some(blame) => account.wasted.push((blame, held)),
            }
        }
        Ledger { accounts, segments: Count::of(self.sent), turned_away: Count::of(self.turned_away) }
    }

    /// Nothing has been measured before `at`; what is held remains.
    fn begin_anew(&mut self, at: Instant) {
        for level in self.levels.values_mut() {
            level.advance(at);
            *level = level.anew();
        }
        self.sent.clear();
        self.turned_away.clear();
    }

    fn shift(&mut self, at: Instant, host: HostId, resource: Resource, blame: Option<Blame>, delta: i64) {
        self.levels.entry((host, resource, blame)).or_default().change(at, delta);
    }

    fn life(&mut self, incarnation: Incarnation) -> &mut Life {
        self.lives.get_or_insert_with(incarnation, Life::default)
    }

    fn take(&mut self, at: Instant, host: HostId, incarnation: Incarnation, resource: Resource, amount: u64) {
        let life = self.life(incarnation);
        life.holds.push((resource, amount));
        let blame = life.blame;
        self.shift(at, host, resource, blame, amount.cast_signed());
    }

    /// Gives back what an incarnation holds of a resource, if it does.
    fn give(&mut self, at: Instant, host: HostId, incarnation: Incarnation, resource: Resource) {
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        let Some(place) = life.holds.iter().position(|(held, _)| *held == resource) else { return };
        let (_, amount) = life.holds.swap_remove(place);
        let blame = life.blame;
        if life.holds.is_empty() {
            self.lives.remove(incarnation);
        }
        self.shift(at, host, resource, blame, -amount.cast_signed());
    }

    fn judged(&mut self, at: Instant, host: HostId, incarnation: Incarnation, blame: Option<Blame>) {
        let life = self.life(incarnation);
        let before = std::mem::replace(&mut life.blame, blame);
        for (resource, amount) in life.holds.clone() {
            self.shift(at, host, resource, before, -amount.cast_signed());
            self.shift(at, host, resource, blame, amount.cast_signed());
        }
    }

    fn state(&mut self, at: Instant, change: &StateChange) {
        let StateChange { host, incarnation, .. } = *change;
        if change.to == State::Closed {
            self.give(at, host, incarnation, Resource::Ports);
            if self.lives.get(incarnation).is_some() {
                // What an application holds of it from now on is the application's own affair.
                self.judged(at, host, incarnation, None);
            }
        } else if change.to == State::SynSent {
            self.take(at, host, incarnation, Resource::Ports, 1);
        }
    }
}

impl Fold for LedgerFold {
    fn record(&mut self, record: &Record) {
        let at = record.at;
        match record.event {
            Event::State(ref change) => self.state(at, change),
            Event::Call { host, incarnation: Some(incarnation), call: Call::Accept, .. } => {
                self.give(at, host, incarnation, Resource::AcceptQueue);
            }
            Event::Judged { host, incarnation, worth } => self.judged(at, host, incarnation, worth.blame()),
            Event::Waits { host, blame, .. } => self.shift(at, host, Resource::Clients, blame, 1),
            Event::WaitOver { host, blame, served, .. } => {
                self.shift(at, host, Resource::Clients, blame, -1);
                *self.turned_away.entry(blame).or_default() += u64::from(!served);
            }
            Event::WarmedUp => self.begin_anew(at),
            Event::Sent(ref sent) => *self.sent.entry(sent.wasted).or_default() += 1,
            _ => {}
        }
    }

    fn change(&mut self, at: Instant, change: &Change) {
        let Change { host, incarnation, what } = *change;
        match what {
            What::Held { memory, octets } => {
                self.take(at, host, incarnation, Resource::Memory(memory), octets);
                if memory == Memory::Entry(EntryKind::HalfOpen) {
                    self.take(at, host, incarnation, Resource::SynBacklog, 1);
                }
            }
            What::Released { memory, .. } => {
                if memory == Memory::Entry(EntryKind::HalfOpen) {
                    self.give(at, host, incarnation, Resource::SynBacklog);
                }
                if memory == Memory::Entry(EntryKind::Connection) {
                    self.give(at, host, incarnation, Resource::AcceptQueue);
                }
                self.give(at, host, incarnation, Resource::Memory(memory));
            }
            What::Told { notice: Notice::Acceptable { .. } } => {
                self.take(at, host, incarnation, Resource::AcceptQueue, 1);
            }
            What::Served { begins: true } => self.take(at, host, incarnation, Resource::Workers, 1),
            What::Served { begins: false } => self.give(at, host, incarnation, Resource::Workers),
            What::Told { .. } | What::Armed { .. } | What::Disarmed => {}
        }
    }
}
