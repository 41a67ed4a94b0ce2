//! The ledger: for whom resources were held, and which packet made the rest useless.

mod beside;
mod stacks;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use comfy_table::Cell;
use experiment::record::{Blame, Cause, Fold, Record};
use experiment::{Account, HostId, Ledger, LedgerFold, Resource, Transfer};
use sim_time::Instant;

use crate::amount::{scaled, share, whole};
use crate::diagram::Diagram;
use crate::explain::Explanation;
use crate::hosts::Hosts;
use crate::packets::{Packets, SharedPackets};
use crate::tables::{Listed, columns, right, table, text};

pub use beside::ledgers;
pub(crate) use beside::lines as beside_lines;
pub(crate) use stacks::Stack;

/// So many causes have a row of their own, unless all are wanted; the others are counted together.
const TOLD: usize = 10;

/// What tables call segments that were sent for a ghost or an abandoned entry. No other useless connection has any.
const WASTED_SEGMENTS: &str = "wasted segments";

/// What tables call the clients that waited for what is held.
const WAITED: &str = "clients kept waiting by what is held";

/// What tables call the clients that waited in vain.
const TURNED_AWAY: &str = "clients turned away";

/// Keeps a run's ledger, and the names of the packets that it may have to blame.
#[derive(Clone, Debug)]
pub struct LedgerBook {
    fold: LedgerFold,
    hosts: Hosts,
    packets: SharedPackets,
}

/// A run's ledger, and the packets that it blames.
#[derive(Clone, Debug)]
pub struct Balance {
    pub(crate) ledger: Ledger,
    pub(crate) hosts: Hosts,
    /// What is to blame, by name.
    pub(crate) packets: Packets,
}

impl LedgerBook {
    /// An empty book for a run between these hosts.
    #[must_use]
    pub fn new(hosts: Hosts) -> Self {
        Self { fold: LedgerFold::new(), hosts, packets: SharedPackets::default() }
    }

    /// An explanation of the same run, which names the same packets; of `all` that there is to explain one by one, or by its
    /// kinds.
    #[must_use]
    pub fn explanation(&self, all: bool) -> Explanation {
        Explanation::sharing(self.hosts.clone(), Rc::clone(&self.packets), all)
    }

    /// A diagram of the same run, which names the same packets.
    #[must_use]
    pub fn diagram(&self) -> Diagram {
        Diagram::sharing(self.hosts.clone(), Rc::clone(&self.packets))
    }

    /// The ledger of the run, which ends at `end`.
    #[must_use]
    pub fn balance(self, end: Instant) -> Balance {
        let Self { fold, hosts, packets } = self;
        let ledger = fold.finish(end);
        let packets = packets.borrow().kept(ledger.blames().into_iter().filter_map(|blame| blame.record));
        Balance { ledger, hosts, packets }
    }
}

impl Fold for LedgerBook {
    fn record(&mut self, record: &Record) {
        self.fold.record(record);
        let _ = self.packets.borrow_mut().note(record);
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.fold.transfer(at, transfer);
    }
}

impl Balance {
    /// It as tables: what was held, and what is to blame for what was held for nobody; with fewer columns if they would be more than
    /// `width` wide.
    #[must_use]
    pub fn tables(&self, listed: Listed, width: usize) -> String {
        let held = self.held(width);
        let blamed = self.blamed(listed);
        let is_narrow = blamed.lines().all(|line| line.chars().count() <= width);
        let blamed = if is_narrow { blamed } else { self.blamed_below(listed, width) };
        if blamed.is_empty() { held } else { format!("{held}\n{blamed}") }
    }

    /// What each host held of each resource, for someone and for nobody; how much at once on average, and how much for each
    /// open that succeeded.
    fn held(&self, width: usize) -> String {
        let head = ["held", "for someone", "for nobody", "share", "mean level", "per successful open"];
        let mut cells = head.map(|head| vec![head.to_owned()]);
        for account in &self.ledger.accounts {
            let (unit, total) = (account.resource.unit(), account.total());
            let level = total as f64 / self.ledger.measured.as_nanos() as f64;
            let each = unit_seconds(total) / self.ledger.opens as f64;
            let row = [
                self.name(account.host, account.resource),
                scaled(unit_seconds(account.useful), unit),
                scaled(unit_seconds(account.wasted()), unit),
                share(account.wasted(), total),
                scaled(level, if unit == "B·s" { "B" } else { "" }),
                if self.ledger.opens == 0 { "–".to_owned() } else { scaled(each, unit) },
            ];
            cells.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
        if self.ledger.accounts.is_empty() { String::new() } else { columns(&cells, 1, &[], width) }
    }

    /// What is to blame for what was held and for the segments sent for nobody, and for clients turned away; the rows add up
    /// to what [`Self::held`] says.
    fn blamed(&self, listed: Listed) -> String {
        let goods = self.wasted_goods();
        let head = |good: &Good| format!("{}: {}", self.hosts.name(good.host), good.name());
        let heads: Vec<String> = goods.iter().map(head).collect();
        let mut head = vec!["for nobody, because of"];
        head.extend(heads.iter().map(String::as_str));
        head.push(WASTED_SEGMENTS);
        let turned_away = self.ledger.turned_away.wasted() > 0;
        if turned_away {
            head.push(TURNED_AWAY);
        }
        let mut table = table(&head);
        let causes = self.wastes(&goods).into_iter().map(|(blame, waste)| (self.cause(blame), vec![waste]));
        for (words, wastes) in told(causes.collect(), TOLD, listed) {
            let waste = &wastes[0];
            let mut row = vec![Cell::new(words)];
            row.extend(
                goods.iter().zip(&waste.held).map(|(good, held)| right(scaled(unit_seconds(*held), good.unit()))),
            );
            row.push(right(whole(waste.segments)));
            row.extend(turned_away.then(|| right(whole(waste.turned_away))));
            table.add_row(row);
        }
        text(&table)
    }

    /// What was held for nobody, by host.
    fn wasted_goods(&self) -> Vec<Good> {
        let wasted = self.ledger.accounts.iter().filter(|account| account.wasted() > 0);
        let mut goods: Vec<Good> = wasted.map(Good::of).collect();
        goods.dedup();
        goods
    }

    /// How much of these goods, and what else, each cause is to blame for, in the order of causes and records.
    fn wastes(&self, goods: &[Good]) -> BTreeMap<Blame, Waste> {
        let mut wastes = BTreeMap::new();
        let waste = |wastes: &mut BTreeMap<Blame, Waste>, blame, add: &dyn Fn(&mut Waste)| {
            add(wastes.entry(blame).or_insert_with(|| Waste::nothing(goods.len())));
        };
        for account in &self.ledger.accounts {
            let good = Good::of(account);
            let Some(place) = goods.iter().position(|of| *of == good) else { continue };
            for (blame, held) in &account.wasted {
                waste(&mut wastes, *blame, &|waste| waste.hold(place, good, *held));
            }
        }
        for (blame, segments) in &self.ledger.segments.wasted {
            waste(&mut wastes, *blame, &|waste| waste.segments += segments);
        }
        for (blame, clients) in &self.ledger.turned_away.wasted {
            waste(&mut wastes, *blame, &|waste| waste.turned_away += clients);
        }
        wastes
    }

    fn name(&self, host: HostId, resource: Resource) -> String {
        let name = if resource == Resource::Clients { WAITED } else { resource.name() };
        format!("{}: {name}", self.hosts.name(host))
    }

    fn cause(&self, blame: Blame) -> NamedCause {
        NamedCause {
            cause: blame.cause,
            at: self.packets.time(blame),
            words: self.packets.blamed(blame, &self.hosts),
            group: self.packets.group(blame, &self.hosts),
        }
    }
}

/// What a host holds of one kind, whatever for: all that is counted in the same unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Good {
    host: HostId,
    kind: Kind,
}

const KINDS: usize = Kind::Clients as usize + 1;

/// Kinds of what a host holds, in the order in which they are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Memory,
    Ports,
    Places,
    Workers,
    Clients,
}

impl Good {
    const fn of(account: &Account) -> Self {
        let kind = match account.resource {
            Resource::Memory(_) => Kind::Memory,
            Resource::Ports => Kind::Ports,
            Resource::SynBacklog | Resource::AcceptQueue => Kind::Places,
            Resource::Workers => Kind::Workers,
            Resource::Clients => Kind::Clients,
        };
        Self { host: account.host, kind }
    }

    /// What a line about it is called.
    const fn name(self) -> &'static str {
        match self.kind {
            Kind::Memory => "memory",
            Kind::Ports => "ports",
            Kind::Places => "places",
            Kind::Workers => "workers",
            Kind::Clients => WAITED,
        }
    }

    const fn unit(self) -> &'static str {
        match self.kind {
            Kind::Memory => "B·s",
            Kind::Ports => Resource::Ports.unit(),
            Kind::Places => Resource::SynBacklog.unit(),
            Kind::Workers => Resource::Workers.unit(),
            Kind::Clients => Resource::Clients.unit(),
        }
    }
}

/// What is to blame, as it is the same in several variants; in the order of causes, then of time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct NamedCause {
    cause: Cause,
    /// When it happened, and what it is in words.
    at: Option<Instant>,
    words: String,
    /// What it is one of many of.
    group: String,
}

/// What was held and sent for nobody, and who was turned away, because of something.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Waste {
    /// Units × nanoseconds of each good of which any was wasted.
    held: Vec<u128>,
    /// The same of each kind of good, on all hosts together, in the order of kinds.
    of_kinds: [u128; KINDS],
    segments: u64,
    turned_away: u64,
}

impl Waste {
    fn nothing(goods: usize) -> Self {
        Self { held: vec![0; goods], of_kinds: [0; KINDS], segments: 0, turned_away: 0 }
    }

    fn hold(&mut self, place: usize, good: Good, amount: u128) {
        self.held[place] += amount;
        self.of_kinds[good.kind as usize] += amount;
    }

    fn add(&mut self, other: &Self) {
        let (mine, others) = (self.held.iter_mut().chain(&mut self.of_kinds), other.held.iter().chain(&other.of_kinds));
        mine.zip(others).for_each(|(mine, others)| *mine += others);
        self.segments += other.segments;
        self.turned_away += other.turned_away;
    }

    /// What makes one worse than another: memory first.
    const fn size(&self) -> ([u128; KINDS], u64, u64) {
        (self.of_kinds, self.segments, self.turned_away)
    }
}

/// The causes to tell of, each with what was wasted in each variant: all in their order, or, if there are more than `most`
/// and one, groups of their kinds, the worst `most` of those, and the others together.
fn told(causes: Vec<(NamedCause, Vec<Waste>)>, most: usize, listed: Listed) -> Vec<(String, Vec<Waste>)> {
    if listed == Listed::All || causes.len() <= most + 1 {
        return causes.into_iter().map(|(cause, wastes)| (cause.words, wastes)).collect();
    }
    worst(grouped(causes), most)
}

/// Causes of one kind together, the worst group first.
fn grouped(causes: Vec<(NamedCause, Vec<Waste>)>) -> Vec<(String, Vec<Waste>)> {
    let mut groups: BTreeMap<(Cause, String), (u64, String, Vec<Waste>)> = BTreeMap::new();
    for (cause, wastes) in causes {
        let NamedCause { cause, words, group, .. } = cause;
        let nothing = || wastes.iter().map(|waste| Waste::nothing(waste.held.len())).collect();
        let (count, _, sum) = groups.entry((cause, group)).or_insert_with(|| (0_u64, words, nothing()));
        *count += 1;
        sum.iter_mut().zip(&wastes).for_each(|(sum, waste)| sum.add(waste));
    }
    let mut groups: Vec<(String, Vec<Waste>)> = groups
        .into_iter()
        .map(|((_, group), (count, words, wastes))| {
            (if count == 1 { words } else { format!("{} × {group}", whole(count)) }, wastes)
        })
        .collect();
    groups.sort_by_key(|(_, wastes)| Reverse(wastes.iter().map(Waste::size).max()));
    groups
}

/// The worst of these, in their order, and the others together.
fn worst(causes: Vec<(String, Vec<Waste>)>, most: usize) -> Vec<(String, Vec<Waste>)> {
    if causes.len() <= most + 1 {
        return causes;
    }
    let size = |place: &usize| causes[*place].1.iter().map(Waste::size).max();
    let mut places: Vec<usize> = (0..causes.len()).collect();
    places.sort_by_key(|place| Reverse(size(place)));
    let worst: BTreeSet<usize> = places[..most].iter().copied().collect();
    let (worst, others): (Vec<_>, Vec<_>) =
        causes.into_iter().enumerate().partition(|(place, _)| worst.contains(place));
    let words = format!("{} others, which --all names", others.len());
    let sum = others.into_iter().map(|(_, (_, wastes))| wastes).reduce(|mut sum, wastes| {
        sum.iter_mut().zip(&wastes).for_each(|(sum, waste)| sum.add(waste));
        sum
    });
    worst.into_iter().map(|(_, cause)| cause).chain(sum.map(|sum| (words, sum))).collect()
}

/// Units × seconds, of units × nanoseconds.
fn unit_seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use experiment::{Experiment, simulate};

    use super::*;

    fn ledger_of(case: &str, handshake: &str, width: usize) -> String {
        let experiment = Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let scenario = experiment.scenario(&experiment.variant(Some(handshake), None).unwrap()).unwrap();
        let mut book = LedgerBook::new(Hosts::of(&scenario));
        simulate(&scenario, &mut book).unwrap();
        book.balance(scenario.horizon).tables(Listed::Telling, width)
    }

    #[test]
    fn the_worst_causes_are_told_and_the_others_counted() {
        let waste = |memory, segments| {
            vec![Waste { held: vec![memory], of_kinds: [memory, 0, 0, 0, 0], segments, turned_away: 0 }]
        };
        let cause = |size: u128, group: &str| {
            let (at, words) = (None, format!("cause {size}"));
            (NamedCause { cause: Cause::Lost, at, words, group: group.to_owned() }, waste(size, 1))
        };
        let causes = [cause(5, "a"), cause(1, "b"), cause(9, "c"), cause(2, "d"), cause(6, "a")];
        let named = |told: &[(&str, Vec<Waste>)]| {
            told.iter().map(|(words, wastes)| ((*words).to_owned(), wastes.clone())).collect::<Vec<_>>()
        };
        let told = |causes: &[_], listed| told(causes.to_vec(), 2, listed);
        let worst = [("2 × a", waste(11, 2)), ("cause 9", waste(9, 1)), ("2 others, which --all names", waste(3, 2))];
        assert_eq!(told(&causes, Listed::Telling), named(&worst));
        let all: Vec<_> = causes.iter().map(|(cause, wastes)| (cause.words.clone(), wastes.clone())).collect();
        assert_eq!(told(&causes, Listed::All), all);
        assert_eq!(told(&causes[..3], Listed::Telling), all[..3], "one more is no longer than saying so");
    }

    #[test]
    fn different_units_are_not_added() {
        let waste = |kind, amount| {
            let mut waste = Waste::nothing(1);
            waste.hold(0, Good { host: HostId(0), kind }, amount);
            waste
        };
        let [octets, places, more_places] =
            [waste(Kind::Memory, 1), waste(Kind::Places, 1_000), waste(Kind::Places, 2_000)];
        assert!(octets.size() > more_places.size() && more_places.size() > places.size());
    }

    #[test]
    fn the_stale_syn_is_to_blame_for_the_ghost() {
        expect![[r#"
            held                         for someone        for nobody      share   mean level   per successful open
            ──────────────────────────────────────────────────────────────────────────────────────────────────────────
            client: connections            3.32 kB·s                 0        0 %      0.307 B             3.32 kB·s
            client: TIME-WAIT entries        256 B·s                 0        0 %     0.0237 B               256 B·s
            client: sockets                1.58 kB·s                 0        0 %      0.146 B             1.58 kB·s
            client: ports                 2.4 port·s                 0        0 %     0.000222            2.4 port·s
            server: connections              947 B·s         25.6 MB·s   > 99.9 %      2.37 kB             25.6 MB·s
            server: sockets                  365 B·s         13.1 MB·s   > 99.9 %      1.22 kB             13.1 MB·s
            server: workers             0.3 worker·s   10,800 worker·s   > 99.9 %            1       10,800 worker·s

            for nobody, because of                                                       server: memory   server: workers   wasted segments
            ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1)        38.7 MB·s   10,800 worker·s                 1
        "#]]
        .assert_eq(&ledger_of("stale-syn", "two-way", usize::MAX));
    }

    /// The reset that would have ended the half-open entry is lost: what it goes on to hold is not the stale SYN's doing.
    #[test]
    fn a_lost_reset_takes_the_blame() {
        expect![[r#"
            held                         for someone    for nobody    share   mean level   per successful open
            ────────────────────────────────────────────────────────────────────────────────────────────────────
            client: connections            3.32 kB·s             0      0 %      0.307 B             3.32 kB·s
            client: TIME-WAIT entries        256 B·s             0      0 %     0.0237 B               256 B·s
            client: sockets                1.58 kB·s             0      0 %      0.146 B             1.58 kB·s
            client: ports                 2.4 port·s             0      0 %     0.000222            2.4 port·s
            server: half-open entries         32 B·s       352 B·s   91.7 %     0.0356 B               384 B·s
            server: connections              710 B·s             0      0 %     0.0658 B               710 B·s
            server: sockets                  243 B·s             0      0 %     0.0225 B               243 B·s
            server: SYN backlog          0.1 place·s   1.1 place·s   91.7 %     0.000111           1.2 place·s
            server: workers             0.2 worker·s             0      0 %    0.0000185          0.2 worker·s

            for nobody, because of                                                       server: memory   server: places   wasted segments
            ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
            a lost segment: RST 1 of client #1, sent 5.050, lost (fault 2)                      336 B·s     1.05 place·s                 2
            a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1)           16 B·s     0.05 place·s                 2
        "#]]
        .assert_eq(&ledger_of("stale-syn-reset-lost", "three-way", usize::MAX));
    }

    #[test]
    fn a_terminal_has_room_for_it() {
        for case in ["stale-syn-reset-lost", "ghosts-take-workers"] {
            let tables = ledger_of(case, "two-way", 80);
            assert!(tables.lines().all(|line| line.chars().count() <= 80), "{tables}");
            assert!(tables.contains("per successful open") && tables.contains("because of "), "{tables}");
        }
    }
}
