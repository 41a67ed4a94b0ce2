//! The states each end was in, one after the other, and how long.

use std::collections::BTreeMap;

use sim_time::{Duration, Instant};

use super::align::{Connections, close};
use super::{Change, End, Mark, Observation, Pair, tolerance};

/// What lasts no longer than this may have been missed by whoever recorded: the kernel's states are polled, and its timers
/// count ticks of 4 ms. Where one side lacks such a stay, that is no difference.
const BLINK: Duration = Duration::from_millis(10);

/// A stay in one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Life {
    pub(super) end: End,
    pub(super) state: String,
    pub(super) from: Instant,
    /// `None` while it lasts.
    pub(super) until: Option<Instant>,
}

/// Compares the states of both; returns the first difference too.
pub(super) fn compare(
    ours: &Observation,
    theirs: &Observation,
    connections: &Connections,
) -> (Vec<Pair<Life>>, Option<String>) {
    if ours.changes.is_empty() || theirs.changes.is_empty() {
        return (Vec::new(), None);
    }
    let ends = (ours.end, theirs.end);
    let end = [ends.0, ends.1].into_iter().flatten().min();
    let mut mine = lives(&ours.changes, |change| connections.of_ours(&change.end, &change.peer), end);
    let mut others = lives(&theirs.changes, |change| connections.of_theirs(&change.end, &change.peer), end);
    let mut keys: Vec<_> = mine.keys().chain(others.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let mut rows = Vec::new();
    let mut first = None;
    for key in keys {
        let (mine, others) = (mine.remove(&key).unwrap_or_default(), others.remove(&key).unwrap_or_default());
        let (mut mine, mut others) = (mine.into_iter().peekable(), others.into_iter().peekable());
        while mine.peek().is_some() || others.peek().is_some() {
            let same = mine.peek().map(|life| &life.state) == others.peek().map(|life| &life.state);
            let missed = if same { (None, None) } else { (mine.next_if(is_blink), others.next_if(is_blink)) };
            if missed.0.is_some() || missed.1.is_some() {
                rows.push(Pair { ours: missed.0, theirs: missed.1, mark: Mark::Same });
                continue;
            }
            let (ours, theirs) = (mine.next(), others.next());
            let difference = difference(ours.as_ref(), theirs.as_ref(), ends);
            let mark = if difference.is_some() { Mark::Different } else { Mark::Same };
            rows.push(Pair { ours, theirs, mark });
            if difference.is_some() {
                first = first.or(difference);
                break;
            }
        }
    }
    (rows, first)
}

type Key = (Option<usize>, String);

/// The stays of each end of each connection, less those that took no time.
fn lives(
    changes: &[Change],
    connection: impl Fn(&Change) -> Option<usize>,
    end: Option<Instant>,
) -> BTreeMap<Key, Vec<Life>> {
    let mut lives: BTreeMap<Key, Vec<Life>> = BTreeMap::new();
    for change in changes {
        let lives = lives.entry((connection(change), change.end.host.clone())).or_default();
        // One incarnation may begin before the record of another's end.
        if let Some(open) = lives.iter_mut().rev().find(|life| life.until.is_none() && life.state == change.from) {
            open.until = Some(change.at);
        }
        if change.to != "CLOSED" && end.is_none_or(|end| change.at <= end) {
            lives.push(Life { end: change.end.clone(), state: change.to.clone(), from: change.at, until: None });
        }
    }
    for lives in lives.values_mut() {
        lives.retain(|life| life.until != Some(life.from));
    }
    lives
}

fn is_blink(life: &Life) -> bool {
    life.until.is_some_and(|until| until.since(life.from) <= BLINK)
}

/// `ends` say until when each of the two was looked at, if that is known.
fn difference(ours: Option<&Life>, theirs: Option<&Life>, ends: (Option<Instant>, Option<Instant>)) -> Option<String> {
    let end = [ends.0, ends.1].into_iter().flatten().min();
    // A stay that begins too late to have been seen on the other side is not missing there.
    let counts = |life: &&Life| end.is_none_or(|end| life.from + tolerance(life.from.since_start()) <= end);
    let (ours, theirs) = match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (Some(life), None) => {
            return counts(&life)
                .then(|| format!("{} is in {} from {} s, recorded: it is not", life.end.host, life.state, life.from));
        }
        (None, Some(life)) => {
            return counts(&life)
                .then(|| format!("{} is never in {}, recorded from {} s", life.end.host, life.state, life.from));
        }
        (None, None) => return None,
    };
    let host = &ours.end.host;
    if ours.state != theirs.state {
        return Some(format!(
            "{host} is in {} from {} s, recorded {} from {} s",
            ours.state, ours.from, theirs.state, theirs.from
        ));
    }
    if !close(ours.from.since_start(), theirs.from.since_start()) {
        return Some(format!("{host} enters {} at {} s, recorded {} s", ours.state, ours.from, theirs.from));
    }
    let (mine, recorded) = match (ours.until, theirs.until) {
        (None, None) => return None,
        (Some(mine), Some(recorded)) => (mine.since(ours.from), recorded.since(theirs.from)),
        (mine, recorded) => {
            let (open_until, until) = if mine.is_none() { (ends.0, recorded) } else { (ends.1, mine) };
            let until = until.unwrap_or_default();
            // Whoever stopped looking before it could end cannot tell.
            let unseen = open_until.is_some_and(|end| until + tolerance(until.since_start()) >= end);
            let words = if mine.is_none() {
                format!("{host} stays in {}, recorded: it leaves at {until} s", ours.state)
            } else {
                format!("{host} leaves {} at {until} s, recorded: it stays", ours.state)
            };
            return (!unseen).then_some(words);
        }
    };
    (!close(mine, recorded)).then(|| format!("{host} is in {} for {mine}, recorded {recorded}", ours.state))
}
