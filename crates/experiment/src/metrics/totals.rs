//! What the metrics are made of: counters and levels for each host and for the whole run.

use sim_time::Instant;
use tcp_endpoint::{State, UserError};

use super::Latencies;
use crate::level::Level;
use crate::record::{Cause, Worth};

/// Counters and levels of one host.
#[derive(Clone, Debug, Default)]
pub(super) struct HostTotals {
    pub(super) opened: u64,
    pub(super) established: u64,
    pub(super) refused: u64,
    pub(super) timed_out: u64,
    pub(super) reset: u64,
    pub(super) port_in_use: u64,
    pub(super) ports_exhausted: u64,
    pub(super) kept_quiet: u64,
    pub(super) crashes: u64,
    /// 1 while it is down.
    pub(super) down: Level,
    pub(super) unheard: u64,
    pub(super) syn_dropped: u64,
    pub(super) accept_dropped: u64,
    pub(super) held_down: u64,
    pub(super) busy_workers: Level,
    /// Clients kept waiting: by all, and by useless connections.
    pub(super) waits: [Waits; 2],
    pub(super) states: [Level; State::ALL.len()],
    pub(super) half_open_entries: u64,
    pub(super) half_open: Level,
    pub(super) abandoned: Useless,
    pub(super) ghost: Useless,
    pub(super) bereft: Useless,
    pub(super) memory: Level,
    pub(super) wasted_memory: Level,
    pub(super) time_wait_entries: u64,
    pub(super) time_wait_ended_early: u64,
    pub(super) segments_sent: u64,
    pub(super) syn_acks_sent: u64,
    pub(super) resets_sent: u64,
}

/// Clients that are kept waiting.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waits {
    pub(super) begun: u64,
    pub(super) turned_away: u64,
    pub(super) now: Level,
}

/// Entries that are of no use to anyone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Useless {
    /// How many there have been.
    pub(super) entries: u64,
    pub(super) now: Level,
    pub(super) bytes: Level,
}

impl HostTotals {
    pub(super) fn state(&mut self, state: State) -> &mut Level {
        &mut self.states[state as usize]
    }

    /// The count of opens that fail so before a SYN leaves.
    pub(super) const fn failed_open(&mut self, error: UserError) -> &mut u64 {
        match error {
            UserError::NoPort => &mut self.ports_exhausted,
            UserError::Quiet => &mut self.kept_quiet,
            UserError::AlreadyExists
            | UserError::NoConnection
            | UserError::Closing
            | UserError::Unspecified
            | UserError::InvalidRemote => &mut self.port_in_use,
        }
    }

    /// The account that a verdict belongs to; `None` for what is useful.
    pub(super) const fn useless(&mut self, worth: Worth) -> Option<&mut Useless> {
        match worth {
            Worth::Useful => None,
            Worth::Abandoned(_) => Some(&mut self.abandoned),
            Worth::Ghost(_) => Some(&mut self.ghost),
            Worth::Bereft(_) => Some(&mut self.bereft),
        }
    }

    /// Every level.
    fn levels(&mut self) -> impl Iterator<Item = &mut Level> {
        let Self { down, busy_workers, waits, states, half_open, memory, wasted_memory, .. } = self;
        let useless = [&mut self.abandoned, &mut self.ghost, &mut self.bereft];
        let useless = useless.into_iter().flat_map(|useless| [&mut useless.now, &mut useless.bytes]);
        let single = [down, busy_workers, half_open, memory, wasted_memory];
        states.iter_mut().chain(single).chain(useless).chain(waits.iter_mut().map(|waits| &mut waits.now))
    }

    pub(super) fn advance(&mut self, at: Instant) {
        self.levels().for_each(|level| level.advance(at));
    }

    /// Nothing has been measured before `at`; what there is remains.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        self.advance(at);
        let mut anew = Self::default();
        for (level, before) in anew.levels().zip(self.levels()) {
            *level = before.anew();
        }
        *self = anew;
    }
}

/// Counters and levels of the whole run.
#[derive(Clone, Debug, Default)]
pub(super) struct RunTotals {
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) unheard: u64,
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) retransmitted: u64,
    pub(super) stale: u64,
    pub(super) wasted: u64,
    /// How long each successful open took.
    pub(super) setups: Latencies,
    /// One-way trips in the chains of segments behind the successful opens.
    pub(super) setup_trips: u64,
    pub(super) closes: u64,
    pub(super) close_segments: u64,
    pub(super) close_resets: u64,
    pub(super) data_delivered: u64,
    pub(super) data_lost: u64,
    pub(super) data_stale: u64,
    /// Bytes held for nobody, by cause, in the order of [`Cause`].
    pub(super) waste: [Level; 9],
}

impl RunTotals {
    pub(super) const fn waste(&mut self, cause: Cause) -> &mut Level {
        &mut self.waste[cause as usize]
    }

    /// Nothing has been measured before `at`; what there is remains.
    pub(super) fn begin_anew(&mut self, at: Instant) {
        let waste = self.waste.map(|mut level| {
            level.advance(at);
            level.anew()
        });
        *self = Self { waste, ..Self::default() };
    }

    pub(super) fn finish(&mut self, at: Instant) {
        for level in &mut self.waste {
            level.advance(at);
        }
    }
}
