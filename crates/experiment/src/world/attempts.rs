//! What is counted for each attempt while anything of it is alive: it names the draws and the octets.

use crate::HostId;
use crate::numbered::Numbered;
use crate::record::Attempt;

/// The attempts that an incarnation or a segment on its way goes back to.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    /// By host, and by the ordinal among its attempts.
    counts: Vec<Numbered<Counts>>,
}

/// What is counted for one attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Incarnations and segments on their way.
    holders: u32,
    pub(super) opened_by: Opener,
    /// The end that opened first.
    ends: [EndCounts; 2],
}

impl Counts {
    /// Keeps the attempt until it is released as often as it was held.
    pub(super) const fn hold(&mut self) {
        self.holders += 1;
    }

    /// The counts of the end of `attempt` that `host` is: the one that opened it, or the other.
    pub(super) fn end(&mut self, attempt: Attempt, host: HostId) -> &mut EndCounts {
        &mut self.ends[usize::from(attempt.host != host)]
    }
}

/// Which open of which session an attempt is. Unlike its ordinal among the opens of the host, that does not depend on how
/// other sessions fare.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Opener {
    /// The script's place among those of its host.
    pub(super) script: u16,
    /// The session's ordinal among those of the script, from 0.
    pub(super) session: u32,
    /// The open's ordinal among those of the session, from 1.
    pub(super) nth: u32,
}

/// What one end has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EndCounts {
    /// Lives of a connection.
    pub(super) lives: u32,
    /// Bare acknowledgments sent.
    pub(super) acks: u32,
    /// Resets sent.
    pub(super) resets: u32,
    /// SYN-ACKs sent.
    pub(super) syn_acks: u32,
    /// Octets its applications have sent.
    pub(super) octets: u64,
}

impl Attempts {
    /// Whether nothing is counted for anyone.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.counts.iter().all(Numbered::is_empty)
    }

    /// What is counted for an attempt.
    pub(super) fn of(&mut self, attempt: Attempt) -> &mut Counts {
        let host = usize::from(attempt.host.0);
        if host >= self.counts.len() {
            self.counts.resize_with(host + 1, Numbered::default);
        }
        self.counts[host].get_or_insert_with(attempt.ordinal.into(), Counts::default)
    }

    /// Lets go of the attempt, and forgets it if nothing else holds it.
    pub(super) fn release(&mut self, attempt: Attempt) {
        let Some(of_host) = self.counts.get_mut(usize::from(attempt.host.0)) else { return };
        let Some(counts) = of_host.get_mut(attempt.ordinal.into()) else { return };
        counts.holders -= 1;
        if counts.holders == 0 {
            of_host.remove(attempt.ordinal.into());
        }
    }

    /// Which open of which session the attempt is, while anything holds it.
    pub(super) fn opener(&self, attempt: Attempt) -> Opener {
        let counts =
            self.counts.get(usize::from(attempt.host.0)).and_then(|of_host| of_host.get(attempt.ordinal.into()));
        counts.map(|counts| counts.opened_by).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_last_as_long_as_anything_holds_the_attempt() {
        let (client, server) = (HostId(0), HostId(1));
        let attempt = Attempt { host: client, ordinal: 1 };
        let mut attempts = Attempts::default();
        attempts.of(attempt).hold();
        attempts.of(attempt).hold();
        attempts.of(attempt).end(attempt, server).acks = 3;
        attempts.release(attempt);
        assert_eq!(attempts.of(attempt).end(attempt, server).acks, 3);
        assert_eq!(attempts.of(attempt).end(attempt, client).acks, 0);
        attempts.release(attempt);
        assert!(attempts.is_empty());
    }
}
