//! Scripts that begin again and again at one instant.

use sim_time::Instant;

use crate::HostId;

/// A script that repeats for ever and has failed more often than this at one instant will go on to fail: whatever else
/// was to happen at that instant has happened long before.
const MOST_FAILURES: u32 = 200;
/// Rounds of one script at one instant that are worth a word, should that instant have no end.
const MANY_ROUNDS: u32 = 1_000;

/// The rounds that a script has begun at one instant.
#[derive(Clone, Copy, Default)]
pub(super) struct Streak {
    at: Instant,
    rounds: u32,
    failures: u32,
}

/// A script that keeps a run from moving on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Culprit {
    /// Its host.
    pub(crate) host: HostId,
    /// Its place among the host's scripts.
    pub(crate) script: u16,
    /// Rounds it has begun at that instant.
    pub(crate) rounds: u32,
    /// If they failed: at which step, counted from 1, and why.
    pub(crate) failure: Option<(usize, String)>,
}

impl Streak {
    /// A round begins.
    pub(super) fn begin(&mut self, now: Instant) {
        if self.at != now {
            *self = Self { at: now, ..Self::default() };
        }
        self.rounds += 1;
    }

    /// A round has failed; whether that is one too many.
    pub(super) fn fail(&mut self, now: Instant) -> bool {
        // A round that began earlier has taken its time.
        if self.at == now {
            self.failures += 1;
        }
        self.failures > MOST_FAILURES
    }

    /// The rounds begun at `at`, if they are many.
    pub(super) fn many(&self, at: Instant) -> Option<u32> {
        (self.at == at && self.rounds > MANY_ROUNDS).then_some(self.rounds)
    }

    pub(super) const fn rounds(&self) -> u32 {
        self.rounds
    }
}
