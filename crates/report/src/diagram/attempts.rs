//! The names of attempts, where a picture shows several.

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::Attempt;

use super::Diagram;
use crate::amount::whole;
use crate::hosts::Hosts;

/// So many ranges of attempts are named.
const RANGES: usize = 3;

/// The attempts that diagrams show, as far as their names depend on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    openers: BTreeSet<HostId>,
    /// Whether a host makes more than one.
    several: bool,
}

impl Attempts {
    /// Those of both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.openers.extend(other.openers);
        self.several |= other.several;
        self
    }

    /// `#2`, or `client#2` if several hosts open; nothing where each host makes one attempt only.
    pub(super) fn name(&self, hosts: &Hosts, attempt: Attempt) -> Option<String> {
        if attempt.is_forged() || !self.several {
            return None;
        }
        let host = if self.openers.len() > 1 { hosts.name(attempt.host) } else { "" };
        Some(format!("{host}#{}", attempt.ordinal))
    }

    /// Several, where these hosts are looked at: `#1–#3, #7`. A host is named if it is not the only one of them that opens.
    pub(super) fn names(&self, hosts: &Hosts, all: &[Attempt], at: &[Option<HostId>]) -> Option<String> {
        let own: BTreeSet<Attempt> = all.iter().copied().filter(|attempt| !attempt.is_forged()).collect();
        if own.is_empty() || !self.several {
            return None;
        }
        let openers: Vec<HostId> = at.iter().flatten().copied().filter(|host| self.openers.contains(host)).collect();
        let mut ranges: Vec<(Attempt, Attempt)> = Vec::new();
        for attempt in own {
            match ranges.last_mut() {
                Some((_, last)) if (last.host, last.ordinal + 1) == (attempt.host, attempt.ordinal) => *last = attempt,
                _ => ranges.push((attempt, attempt)),
            }
        }
        let left_out: u64 =
            ranges.iter().skip(RANGES).map(|(first, last)| u64::from(last.ordinal - first.ordinal) + 1).sum();
        let mut names: Vec<String> = Vec::new();
        for (first, last) in ranges.into_iter().take(RANGES) {
            let is_clear = self.openers.len() == 1 || openers == [first.host];
            let host = if is_clear { "" } else { hosts.name(first.host) };
            names.push(match last.ordinal - first.ordinal {
                0 => format!("{host}#{}", first.ordinal),
                1 => format!("{host}#{}, #{}", first.ordinal, last.ordinal),
                _ => format!("{host}#{}–#{}", first.ordinal, last.ordinal),
            });
        }
        let more = if left_out > 0 { format!(" and {} more", whole(left_out)) } else { String::new() };
        Some(names.join(", ") + &more)
    }

    /// Whether no name tells two attempts apart.
    pub(super) fn are_one(&self, one: Option<Attempt>, other: Option<Attempt>) -> bool {
        !self.several || one == other
    }
}

impl Diagram {
    /// The attempts that its connections go back to.
    pub(super) fn attempts(&self) -> Attempts {
        let own = self.lives.iter().map(|life| life.attempt).filter(|attempt| !attempt.is_forged());
        let all: BTreeSet<Attempt> = own.collect();
        let openers: BTreeSet<HostId> = all.iter().map(|attempt| attempt.host).collect();
        Attempts { several: all.len() > openers.len(), openers }
    }
}
