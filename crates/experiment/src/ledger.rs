//! The ledger: every resource that a host held, for someone or for nobody, and for nobody because of which packet.

use std::collections::BTreeMap;

use sim_time::{Duration, Instant};

use crate::HostId;
use crate::holdings::{Held, Holdings, Resource, Transfer};
use crate::level::Level;
use crate::record::{Blame, Event, Fold, Record, WaitEnd};

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
    /// How long was measured.
    pub measured: Duration,
    /// Opens that succeeded meanwhile.
    pub opens: u64,
    /// By host and resource; only what was held at all.
    pub accounts: Vec<Account>,
    /// Segments sent.
    pub segments: Count,
    /// Clients that were kept waiting until their connection was over: by useful connections, or by useless ones.
    pub turned_away: Count,
}

impl Ledger {
    /// The ledger of a run whose records were kept, and which ends at `end`.
    #[must_use]
    pub fn of(records: &[Record], end: Instant) -> Self {
        let mut holdings = Holdings::told_to(LedgerFold::new());
        records.iter().for_each(|record| holdings.replay(record));
        holdings.into_fold().finish(end)
    }

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

/// Keeps the ledger of a run, from what [`crate::Holdings`] tells. What it remembers is in proportion to the packets that
/// are to blame.
#[derive(Clone, Debug, Default)]
pub struct LedgerFold {
    /// By host, resource and blame, `None` for what is useful.
    levels: BTreeMap<(HostId, Resource, Option<Blame>), Level>,
    /// When measuring began.
    since: Instant,
    opens: u64,
    sent: BTreeMap<Option<Blame>, u64>,
    turned_away: BTreeMap<Option<Blame>, u64>,
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
        let (measured, opens) = (end.since(self.since), self.opens);
        Ledger { measured, opens, accounts, segments: Count::of(self.sent), turned_away: Count::of(self.turned_away) }
    }

    /// Nothing has been measured before `at`; what is held remains.
    fn begin_anew(&mut self, at: Instant) {
        for level in self.levels.values_mut() {
            level.advance(at);
            *level = level.anew();
        }
        (self.since, self.opens) = (at, 0);
        self.sent.clear();
        self.turned_away.clear();
    }

    fn shift(&mut self, at: Instant, host: HostId, resource: Resource, blame: Option<Blame>, delta: i64) {
        self.levels.entry((host, resource, blame)).or_default().change(at, delta);
    }
}

impl Fold for LedgerFold {
    fn record(&mut self, record: &Record) {
        let at = record.at;
        for (host, blame, clients) in record.event.waiting() {
            self.shift(at, host, Resource::Clients, blame, clients);
        }
        match record.event {
            Event::WaitOver { blame, end, .. } => {
                *self.turned_away.entry(blame).or_default() += u64::from(end == WaitEnd::TurnedAway);
            }
            Event::State(ref change) => self.opens += u64::from(change.opens()),
            Event::WarmedUp => self.begin_anew(at),
            Event::Sent(ref sent) => *self.sent.entry(sent.wasted).or_default() += 1,
            _ => {}
        }
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let Transfer { host, held: Held::Of(resource), amount, from, to, .. } = *transfer else { return };
        let amount = amount.cast_signed();
        for (worth, delta) in [(from, -amount), (to, amount)] {
            if let Some(worth) = worth {
                self.shift(at, host, resource, worth.blame(), delta);
            }
        }
    }
}
