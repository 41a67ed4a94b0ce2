//! The ledger by cause, as bars: of each thing that hosts hold one for each variant, all to one scale.

use askama::Template;
use std::collections::BTreeSet;

use experiment::record::{Cause, cause_word};

use super::rendered;
use crate::amount::{scaled, whole};
use crate::ledger::{Balance, Stack};

/// The bars of one thing.
struct Good {
    name: String,
    bars: Vec<Bar>,
}

struct Bar {
    variant: String,
    /// Parts of the whole breadth, with the class of what they are for and words about them.
    parts: Vec<Part>,
    /// How much there was, in words.
    words: String,
}

struct Part {
    class: String,
    percent: String,
    title: String,
}

#[derive(Template)]
#[template(path = "bars.html")]
struct Bars {
    /// Those of which anything was held for nobody.
    wasted: Vec<Good>,
    /// The others.
    useful: Vec<Good>,
    legend: Vec<(String, String)>,
}

/// The bars as HTML.
pub(super) fn bars(balances: &[(String, &Balance)]) -> String {
    let stacks: Vec<(&str, Vec<Stack>)> =
        balances.iter().map(|(variant, balance)| (variant.as_str(), balance.stacks())).collect();
    let mut names: Vec<(&str, &'static str)> = Vec::new();
    for stack in stacks.iter().flat_map(|(_, stacks)| stacks) {
        if !names.iter().any(|(name, _)| *name == stack.name) {
            names.push((&stack.name, stack.unit));
        }
    }
    // Counts stand behind what is held.
    names.sort_by_key(|(_, unit)| unit.is_empty());
    let causes: BTreeSet<Cause> =
        stacks.iter().flat_map(|(_, stacks)| stacks).flat_map(|stack| stack.wasted.keys().copied()).collect();
    let mut legend = vec![("useful".to_owned(), "for someone".to_owned())];
    legend.extend(causes.iter().map(|cause| (class(*cause), format!("for nobody: {}", cause_word(*cause).0))));
    let is_wasted = |(name, _): &&(&str, &str)| {
        let mut own = stacks.iter().flat_map(|(_, stacks)| stacks).filter(|stack| stack.name == *name);
        own.any(|stack| stack.for_nobody() > 0.0)
    };
    let (wasted, useful): (Vec<_>, Vec<_>) = names.iter().partition(is_wasted);
    let goods =
        |names: Vec<&(&str, &'static str)>| names.iter().map(|(name, unit)| good(name, unit, &stacks)).collect();
    rendered(&Bars { wasted: goods(wasted), useful: goods(useful), legend })
}

fn good(name: &str, unit: &str, stacks: &[(&str, Vec<Stack>)]) -> Good {
    let own = |stacks: &'_ [Stack]| stacks.iter().find(|stack| stack.name == name).cloned();
    let all: Vec<(&str, Option<Stack>)> = stacks.iter().map(|(variant, stacks)| (*variant, own(stacks))).collect();
    let most = all.iter().filter_map(|(_, stack)| Some(stack.as_ref()?.total())).fold(0.0, f64::max);
    let bars = all.into_iter().map(|(variant, stack)| Bar {
        variant: variant.to_owned(),
        words: stack.as_ref().map_or_else(|| "nothing".to_owned(), |stack| words(stack, unit)),
        parts: stack.map_or_else(Vec::new, |stack| parts(&stack, unit, most)),
    });
    Good { name: name.to_owned(), bars: bars.collect() }
}

fn parts(stack: &Stack, unit: &str, most: f64) -> Vec<Part> {
    let part = |class: String, amount: f64, whom: &str| Part {
        class,
        percent: format!("{:.2}", 100.0 * amount / most),
        title: format!("{}, {whom}", of(amount, unit)),
    };
    let wasted = stack
        .wasted
        .iter()
        .map(|(cause, amount)| part(class(*cause), *amount, &format!("for nobody: {}", cause_word(*cause).0)));
    let useful = (stack.useful > 0.0).then(|| part("useful".to_owned(), stack.useful, "for someone"));
    useful.into_iter().chain(wasted).collect()
}

fn words(stack: &Stack, unit: &str) -> String {
    let (total, wasted) = (stack.total(), stack.for_nobody());
    if wasted == 0.0 {
        return of(total, unit);
    }
    format!("{} of {} for nobody ({:.1} %)", of(wasted, unit), of(total, unit), 100.0 * wasted / total)
}

/// An amount; what is counted is whole.
fn of(amount: f64, unit: &str) -> String {
    if !unit.is_empty() {
        return scaled(amount, unit);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    whole(amount as u64)
}

fn class(cause: Cause) -> String {
    format!("waste-{}", cause_word(cause).0)
}
