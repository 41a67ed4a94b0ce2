//! Several variants' ledgers side by side.

use std::collections::{BTreeMap, BTreeSet};

use experiment::{Account, Count, HostId, Resource, Variant};

use super::{Balance, Good, NamedCause, TURNED_AWAY, WASTED_SEGMENTS, Waste, told, unit_seconds};
use crate::amount::scaled;
use crate::tables::{Line, Listed, columns, hanging, side_by_side};

/// So many causes have lines of their own, unless all are wanted.
const TOLD: usize = 5;

/// Several variants' ledgers side by side: what was held for someone, where they differ in it; what was held for nobody;
/// and how much of that each cause is to blame for. In several tables if one would take more than `width` columns.
#[must_use]
pub fn ledgers(runs: &[(&Variant, &Balance)], listed: Listed, width: usize) -> String {
    let variants: Vec<&Variant> = runs.iter().map(|(variant, _)| *variant).collect();
    let balances: Vec<&Balance> = runs.iter().map(|(_, balance)| *balance).collect();
    side_by_side("held", &variants, &lines(&balances, listed), width)
}

impl Balance {
    /// What is to blame for what was held for nobody, one below the other.
    pub(super) fn blamed_below(&self, listed: Listed, width: usize) -> String {
        let lines = blamed(&[self], listed);
        let mut cells = vec![vec!["for nobody".to_owned()], vec!["held".to_owned()]];
        let mut headings = Vec::new();
        for line in &lines {
            match line {
                Line::Heading(words) => headings.push((cells[0].len() - 1, hanging(words, width))),
                Line::Values { name, unit, values, .. } => {
                    cells[0].push(name.clone());
                    cells[1].push(scaled(values[0].unwrap_or(0.0), unit));
                }
            }
        }
        let headings: Vec<(usize, &str)> = headings.iter().map(|(row, words)| (*row, words.as_str())).collect();
        columns(&cells, 1, &headings, width)
    }
}

/// The lines of [`ledgers`].
pub(crate) fn lines(balances: &[&Balance], listed: Listed) -> Vec<Line> {
    let useful = held(balances, |account| account.useful, (|count| count.useful, "other segments"));
    let useful = useful.into_iter().filter(|line| listed == Listed::All || line.differs()).collect();
    let wasted = held(balances, Account::wasted, (Count::wasted, WASTED_SEGMENTS));
    let mut lines = section("for someone", useful);
    lines.extend(section("for nobody", wasted));
    lines.extend(blamed(balances, listed));
    lines
}

/// A heading with those of its lines that tell something.
fn section(heading: &str, lines: Vec<Line>) -> Vec<Line> {
    let mut section: Vec<Line> = lines.into_iter().filter(Line::tells).collect();
    if !section.is_empty() {
        section.insert(0, Line::Heading(heading.to_owned()));
    }
    section
}

/// A line for each resource of each host, and one for each thing that is counted.
fn held(balances: &[&Balance], of: fn(&Account) -> u128, (many, segments): (fn(&Count) -> u64, &str)) -> Vec<Line> {
    let accounts = balances.iter().flat_map(|balance| &balance.ledger.accounts);
    let resources: BTreeSet<(HostId, Resource)> = accounts.map(|account| (account.host, account.resource)).collect();
    let value = |balance: &Balance, key: (HostId, Resource)| {
        let account = balance.ledger.accounts.iter().find(|account| (account.host, account.resource) == key);
        unit_seconds(account.map_or(0, of))
    };
    let mut lines: Vec<Line> = resources
        .into_iter()
        .map(|(host, resource)| Line::Values {
            name: format!("  {}", balances[0].name(host, resource)),
            unit: resource.unit(),
            values: balances.iter().map(|balance| Some(value(balance, (host, resource)))).collect(),
            exact: false,
        })
        .collect();
    lines.push(counted(segments, balances.iter().map(|balance| many(&balance.ledger.segments))));
    lines.push(counted(TURNED_AWAY, balances.iter().map(|balance| many(&balance.ledger.turned_away))));
    lines
}

/// For each cause, what it made useless on each host, and the segments.
fn blamed(balances: &[&Balance], listed: Listed) -> Vec<Line> {
    let goods: BTreeSet<Good> = balances.iter().flat_map(|balance| balance.wasted_goods()).collect();
    let goods: Vec<Good> = goods.into_iter().collect();
    let mut causes: BTreeMap<NamedCause, Vec<Waste>> = BTreeMap::new();
    for (place, balance) in balances.iter().enumerate() {
        for (blame, waste) in balance.wastes(&goods) {
            let nothing = || vec![Waste::nothing(goods.len()); balances.len()];
            let wastes = causes.entry(balance.cause(blame)).or_insert_with(nothing);
            wastes[place].add(&waste);
        }
    }
    let mut lines = Vec::new();
    for (words, wastes) in told(causes.into_iter().collect(), TOLD, listed) {
        let mut section: Vec<Line> = vec![];
        for (place, good) in goods.iter().enumerate() {
            section.push(Line::Values {
                name: format!("  {}: {}", balances[0].hosts.name(good.host), good.name()),
                unit: good.unit(),
                values: wastes.iter().map(|waste| Some(unit_seconds(waste.held[place]))).collect(),
                exact: false,
            });
        }
        section.push(counted(WASTED_SEGMENTS, wastes.iter().map(|waste| waste.segments)));
        section.push(counted(TURNED_AWAY, wastes.iter().map(|waste| waste.turned_away)));
        lines.extend(self::section(&format!("because of {words}"), section));
    }
    lines
}

fn counted(what: &str, counts: impl Iterator<Item = u64>) -> Line {
    let values = counts.map(|count| Some(count as f64)).collect();
    Line::Values { name: format!("  {what}"), unit: "", values, exact: false }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use experiment::{Experiment, simulate};

    use super::*;
    use crate::{Hosts, LedgerBook};

    fn beside(case: &str, handshakes: &[&str], listed: Listed, width: usize) -> String {
        let experiment = Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let runs: Vec<(Variant, Balance)> = handshakes
            .iter()
            .map(|handshake| {
                let variant = experiment.variant(Some(handshake), None).unwrap();
                let scenario = experiment.scenario(&variant).unwrap();
                let mut book = LedgerBook::new(Hosts::of(&scenario));
                simulate(&scenario, &mut book).unwrap();
                (variant, book.balance(scenario.horizon))
            })
            .collect();
        let runs: Vec<(&Variant, &Balance)> = runs.iter().map(|(variant, balance)| (variant, balance)).collect();
        ledgers(&runs, listed, width)
    }

    /// The stale SYN is the same packet in both variants, and has its lines once; the reset is lost in one of them.
    #[test]
    fn causes_stand_side_by_side() {
        expect![[r#"
            held                                      two-way      three-way
            ──────────────────────────────────────────────────────────────────
            for someone
              server: half-open entries                     0         32 B·s
              server: connections              947 B·s  ×1.33        710 B·s
              server: sockets                  365 B·s  ×1.50        243 B·s
              server: SYN backlog                           0    0.1 place·s
              server: workers             0.3 worker·s  ×1.50   0.2 worker·s
            for nobody
              server: half-open entries                     0        352 B·s
              server: connections                   25.6 MB·s              0
              server: sockets                       13.1 MB·s              0
              server: SYN backlog                           0    1.1 place·s
              server: workers                 10,800 worker·s              0
              wasted segments                        1  ×0.25              4
            because of a lost segment: RST 1 of client #1, sent 5.050, lost (fault 2)
              server: memory                                0        336 B·s
              server: places                                0   1.05 place·s
              wasted segments                               0              2
            because of a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1)
              server: memory                38.7 MB·s  ×2.4e6         16 B·s
              server: places                                0   0.05 place·s
              server: workers                 10,800 worker·s              0
              wasted segments                        1  ×0.50              2
        "#]]
        .assert_eq(&beside("stale-syn-reset-lost", &["two-way", "three-way"], Listed::Telling, 100));
    }

    #[test]
    fn what_is_alike_is_left_out_and_what_was_wasted_is_not() {
        let alike = beside("crash-reconnect", &["three-way", "three-way"], Listed::Telling, 100);
        assert!(!alike.contains("for someone") && alike.contains("for nobody\n  server: connections "), "{alike}");
        let all = beside("crash-reconnect", &["three-way", "three-way"], Listed::All, 100);
        assert!(all.contains("for someone\n  client: connections "), "{all}");
        assert_eq!(beside("handshake", &["three-way", "three-way"], Listed::Telling, 100), "");
    }

    #[test]
    fn a_table_that_is_too_wide_goes_on_below_with_its_headings() {
        let both = beside("stale-syn-reset-lost", &["two-way", "three-way"], Listed::Telling, 1);
        let heads = both.lines().filter(|line| line.starts_with("held "));
        assert_eq!(heads.count(), 2, "{both}");
        assert_eq!(both.matches("because of a lost\n    segment: RST 1 of\n    client").count(), 2, "{both}");
    }
}
