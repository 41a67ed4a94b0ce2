//! The ledger: for whom resources were held, and which packet made the rest useless.

use std::collections::BTreeMap;

use comfy_table::Cell;
use experiment::record::{Blame, Event, Fold, Record, SegmentId, Sent};
use experiment::{Ledger, LedgerFold, RelativeNumbers, Resource};
use sim_time::Instant;

use crate::amount::amount;
use crate::hosts::Hosts;
use crate::ladder::{cause_in_words, label};
use crate::tables::{right, table, text};

/// So many packets are known by their names; a run that sends more has its later ones without.
const MOST_NAMES: usize = 100_000;

/// Keeps a run's ledger, and the names of the packets that it may have to blame.
#[derive(Clone, Debug)]
pub struct LedgerBook {
    fold: LedgerFold,
    hosts: Hosts,
    numbers: RelativeNumbers,
    packets: BTreeMap<SegmentId, String>,
}

impl LedgerBook {
    /// An empty book for a run between these hosts.
    #[must_use]
    pub fn new(hosts: Hosts) -> Self {
        Self { fold: LedgerFold::new(), hosts, numbers: RelativeNumbers::new(), packets: BTreeMap::new() }
    }

    /// The ledger of the run, which ends at `end`, as tables: what was held, and what is to blame for what was held for
    /// nobody.
    #[must_use]
    pub fn render(self, end: Instant) -> String {
        let Self { fold, hosts, packets, .. } = self;
        let ledger = fold.finish(end);
        let held = held(&ledger, &hosts);
        let blamed = blamed(&ledger, &hosts, &packets);
        if blamed.is_empty() { held } else { format!("{held}\n{blamed}") }
    }

    fn name(&mut self, sent: &Sent, at: Instant) {
        let numbers = self.numbers.next(sent);
        if self.packets.len() < MOST_NAMES {
            let arrived: Vec<String> = sent.fate.deliveries.iter().map(|at| format!("{at}")).collect();
            let fate = match arrived.as_slice() {
                [] => "lost".to_owned(),
                [once] => format!("arrived {once}"),
                many => format!("arrived {}", many.join(" and ")),
            };
            let name = format!("{} of {}, sent {at}, {fate}", label(sent, numbers), self.hosts.name(sent.from));
            self.packets.insert(sent.id, name);
        }
    }
}

impl Fold for LedgerBook {
    fn record(&mut self, record: &Record) {
        self.fold.record(record);
        if let Event::Sent(sent) = &record.event {
            self.name(sent, record.at);
        }
    }
}

/// What each host held of each resource, for someone and for nobody.
fn held(ledger: &Ledger, hosts: &Hosts) -> String {
    let mut table = table(&["held", "unit", "for someone", "for nobody", "share"]);
    for account in &ledger.accounts {
        let share = 100.0 * account.wasted() as f64 / account.total() as f64;
        table.add_row([
            Cell::new(format!("{}: {}", hosts.name(account.host), account.resource.name())),
            Cell::new(account.resource.unit()),
            right(units(account.useful)),
            right(units(account.wasted())),
            right(format!("{share:.1} %")),
        ]);
    }
    text(&table)
}

/// What is to blame for what was held and sent for nobody; the rows add up to the columns of [`held`].
fn blamed(ledger: &Ledger, hosts: &Hosts, packets: &BTreeMap<SegmentId, String>) -> String {
    let columns: Vec<(usize, String)> = ledger
        .accounts
        .iter()
        .enumerate()
        .filter(|(_, account)| account.wasted() > 0 && matches!(account.resource, Resource::Memory(_)))
        .map(|(place, account)| (place, format!("{} B·s", hosts.name(account.host))))
        .collect();
    let mut names: Vec<String> = columns.iter().map(|(_, name)| name.clone()).collect();
    names.dedup();
    let mut head = vec!["for nobody, because of".to_owned()];
    head.extend(names.iter().cloned());
    head.push("segments".to_owned());
    let mut table = table(&head.iter().map(String::as_str).collect::<Vec<_>>());
    for blame in ledger.blames() {
        let of_host = |name: &String| {
            let accounts =
                columns.iter().filter(|(_, column)| column == name).map(|(place, _)| &ledger.accounts[*place]);
            accounts
                .flat_map(|account| &account.wasted)
                .filter(|(by, _)| *by == blame)
                .map(|(_, held)| *held)
                .sum::<u128>()
        };
        let held: Vec<u128> = names.iter().map(of_host).collect();
        let segments = ledger.segments.wasted.iter().find(|(by, _)| *by == blame).map_or(0, |(_, count)| *count);
        let mut row = vec![Cell::new(because(blame, packets))];
        row.extend(held.into_iter().map(|held| right(units(held))));
        row.push(right(segments));
        table.add_row(row);
    }
    text(&table)
}

/// What is to blame, in words.
fn because(blame: Blame, packets: &BTreeMap<SegmentId, String>) -> String {
    let cause = cause_in_words(blame.cause);
    match blame.packet.and_then(|packet| packets.get(&packet)) {
        Some(packet) => format!("{cause}: {packet}"),
        None => cause.to_owned(),
    }
}

/// Units × seconds, of units × nanoseconds.
fn units(nanos: u128) -> String {
    amount(Some(nanos as f64 / 1e9))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use experiment::{Experiment, simulate};

    use super::*;

    fn ledger_of(case: &str, handshake: &str) -> String {
        let experiment = Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let scenario = experiment.scenario(&experiment.variant(Some(handshake), None).unwrap()).unwrap();
        let mut book = LedgerBook::new(Hosts::of(&scenario));
        simulate(&scenario, &mut book).unwrap();
        book.render(scenario.horizon)
    }

    #[test]
    fn the_stale_syn_is_to_blame_for_the_ghost() {
        expect![[r#"
            held                        unit       for someone   for nobody     share
            ───────────────────────────────────────────────────────────────────────────
            client: connections         B·s             3315.2            0     0.0 %
            client: TIME-WAIT entries   B·s                256            0     0.0 %
            client: sockets             B·s             1580.8            0     0.0 %
            client: ports               port·s             2.4            0     0.0 %
            server: connections         B·s              947.2     25562560   100.0 %
            server: sockets             B·s              364.8     13126720   100.0 %
            server: workers             worker·s           0.3        10795   100.0 %

            for nobody, because of                                          server B·s   segments
            ───────────────────────────────────────────────────────────────────────────────────────
            a delayed segment: SYN 0 of client, sent 0.000, arrived 5.000     38689280          1
        "#]]
        .assert_eq(&ledger_of("stale-syn", "two-way"));
    }

    /// The reset that would have ended the half-open entry is lost: what it goes on to hold is not the stale SYN's doing.
    #[test]
    fn a_lost_reset_takes_the_blame() {
        expect![[r#"
            held                        unit       for someone   for nobody    share
            ──────────────────────────────────────────────────────────────────────────
            client: connections         B·s             3315.2            0    0.0 %
            client: TIME-WAIT entries   B·s                256            0    0.0 %
            client: sockets             B·s             1580.8            0    0.0 %
            client: ports               port·s             2.4            0    0.0 %
            server: half-open entries   B·s                 32          352   91.7 %
            server: connections         B·s              710.4            0    0.0 %
            server: sockets             B·s              243.2            0    0.0 %
            server: SYN backlog         place·s            0.1          1.1   91.7 %
            server: workers             worker·s           0.2            0    0.0 %

            for nobody, because of                                          server B·s   segments
            ───────────────────────────────────────────────────────────────────────────────────────
            a lost segment: RST 1 of client, sent 5.050, lost                      336          2
            a delayed segment: SYN 0 of client, sent 0.000, arrived 5.000           16          2
        "#]]
        .assert_eq(&ledger_of("stale-syn-reset-lost", "three-way"));
    }
}
