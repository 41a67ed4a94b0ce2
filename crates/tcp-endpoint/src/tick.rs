//! Timers of a clock that ticks.

use sim_time::{Duration, Instant};

use crate::settings::Timers;

impl Timers {
    /// When a timer set now for `wait` fires.
    pub(crate) fn fires_at(&self, now: Instant, wait: Duration) -> Instant {
        now + self.in_ticks(wait)
    }

    /// A wait in whole ticks, never shorter than asked for.
    pub(crate) fn in_ticks(&self, wait: Duration) -> Duration {
        let tick = self.timer_tick.as_nanos();
        if tick == 0 { wait } else { Duration::from_nanos(wait.as_nanos().div_ceil(tick) * tick) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, limits};

    #[test]
    fn a_wait_is_rounded_up_to_whole_ticks() {
        let ticking = Timers { timer_tick: Duration::from_millis(4), ..limits().timers };
        for (wait, exact, ticked) in [(38, 41, 43), (40, 43, 43), (41, 44, 47), (0, 3, 3)] {
            let wait = Duration::from_millis(wait);
            assert_eq!(limits().timers.fires_at(at(3), wait), at(exact));
            assert_eq!(ticking.fires_at(at(3), wait), at(ticked));
        }
    }
}
