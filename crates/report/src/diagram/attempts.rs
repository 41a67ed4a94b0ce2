//! The names of attempts, where a picture shows several.

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::Attempt;

use super::Diagram;
use crate::hosts::Hosts;

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
