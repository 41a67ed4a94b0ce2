//! The ledger by cause: what there was of each good, useful and for nobody because of what.

use std::collections::BTreeMap;

use experiment::Count;
use experiment::record::{Blame, Cause};

use super::{Balance, Good, WAITED, unit_seconds};

/// What there was of something, for someone and for nobody.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Stack {
    /// `server: memory`.
    pub(crate) name: String,
    /// What it is counted in; nothing where it is in the name.
    pub(crate) unit: &'static str,
    /// For someone.
    pub(crate) useful: f64,
    /// For nobody, in the order of causes.
    pub(crate) wasted: BTreeMap<Cause, f64>,
}

impl Stack {
    /// All of it.
    pub(crate) fn total(&self) -> f64 {
        self.useful + self.for_nobody()
    }

    /// The part for nobody.
    pub(crate) fn for_nobody(&self) -> f64 {
        self.wasted.values().sum()
    }
}

impl Balance {
    /// What each host held of each good, in their order; then the segments, and the clients that waited in vain.
    pub(crate) fn stacks(&self) -> Vec<Stack> {
        let mut goods: BTreeMap<Good, (u128, BTreeMap<Cause, u128>)> = BTreeMap::new();
        for account in &self.ledger.accounts {
            let (useful, wasted) = goods.entry(Good::of(account)).or_default();
            *useful += account.useful;
            for (blame, held) in &account.wasted {
                *wasted.entry(blame.cause).or_default() += held;
            }
        }
        let held = goods.into_iter().map(|(good, (useful, wasted))| {
            let name = if good.name() == WAITED { "clients kept waiting" } else { good.name() };
            Stack {
                name: format!("{}: {name}", self.hosts.name(good.host)),
                unit: good.unit(),
                useful: unit_seconds(useful),
                wasted: wasted.into_iter().map(|(cause, held)| (cause, unit_seconds(held))).collect(),
            }
        });
        let counts = [("segments", &self.ledger.segments), ("clients turned away", &self.ledger.turned_away)];
        let counted = counts.into_iter().map(|(name, count)| counted(name, count));
        held.chain(counted).filter(|stack| stack.total() > 0.0).collect()
    }
}

fn counted(name: &str, Count { useful, wasted }: &Count) -> Stack {
    let mut causes: BTreeMap<Cause, f64> = BTreeMap::new();
    for (Blame { cause, .. }, count) in wasted {
        *causes.entry(*cause).or_default() += *count as f64;
    }
    Stack { name: name.to_owned(), unit: "", useful: *useful as f64, wasted: causes }
}

#[cfg(test)]
mod tests {
    use experiment::{Account, Experiment, cases, simulate};

    use super::*;
    use crate::{Hosts, LedgerBook};

    /// Nothing of the ledger is left out, and nothing counted twice.
    #[test]
    fn stacks_add_up_to_the_ledger() {
        for case in cases() {
            let experiment = Experiment::load(case.name, &[]).unwrap_or_else(|errors| panic!("{errors}"));
            let scenario = experiment.scenario(&experiment.variant(None, None).unwrap()).unwrap();
            let mut book = LedgerBook::new(Hosts::of(&scenario));
            simulate(&scenario, &mut book).unwrap();
            let balance = book.balance(scenario.horizon);
            let (ledger, stacks) = (&balance.ledger, balance.stacks());
            let counted = ledger.segments.useful + ledger.turned_away.useful;
            let wasted = ledger.segments.wasted() + ledger.turned_away.wasted();
            let held =
                |of: fn(&Account) -> u128| ledger.accounts.iter().map(|account| unit_seconds(of(account))).sum::<f64>();
            let is = |found: f64, expected: f64| (found - expected).abs() <= 1e-9 * expected.max(1.0);
            let useful: f64 = stacks.iter().map(|stack| stack.useful).sum();
            let for_nobody: f64 = stacks.iter().map(Stack::for_nobody).sum();
            assert!(is(useful, held(|account| account.useful) + counted as f64), "{}", case.name);
            assert!(is(for_nobody, held(Account::wasted) + wasted as f64), "{}", case.name);
        }
    }
}
