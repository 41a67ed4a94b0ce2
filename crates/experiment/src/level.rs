//! A quantity that steps up and down, and its exact integral over time.

use sim_time::Instant;

/// How much of something there is, and how much there was for how long, in units × nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Level {
    amount: u64,
    since: Instant,
    integral: u128,
    peak: u64,
}

impl Level {
    /// Adds `delta`, which may be negative, from `at` on.
    pub fn change(&mut self, at: Instant, delta: i64) {
        self.advance(at);
        self.amount = self.amount.checked_add_signed(delta).unwrap_or_else(|| {
            panic!("{}", if delta < 0 { "nothing is given back that was not taken" } else { "a level fits 64 bits" })
        });
    }

    /// Accounts for the time up to `at`. Only an amount held for some time can be the peak: what moves from one table
    /// to another at one instant is never there twice.
    pub fn advance(&mut self, at: Instant) {
        debug_assert!(at >= self.since, "records come in the order of time");
        let held = at.since(self.since);
        if !held.is_zero() {
            self.integral += u128::from(self.amount) * u128::from(held.as_nanos());
            self.peak = self.peak.max(self.amount);
            self.since = at;
        }
    }

    /// How much there is now.
    pub const fn now(&self) -> u64 {
        self.amount
    }

    /// As much as there is now, of which nothing is measured yet.
    pub const fn anew(&self) -> Self {
        Self { amount: self.amount, since: self.since, integral: 0, peak: 0 }
    }

    /// Units × seconds up to the last change or advance.
    pub(crate) fn unit_seconds(&self) -> f64 {
        self.integral as f64 / 1e9
    }

    /// Units × seconds that a part of this level does not account for, subtracted exactly.
    pub(crate) fn unit_seconds_beyond(&self, part: &Self) -> f64 {
        self.integral.saturating_sub(part.integral) as f64 / 1e9
    }

    /// Units × nanoseconds up to the last change or advance.
    pub const fn integral(&self) -> u128 {
        self.integral
    }

    /// The largest amount held for any time.
    pub const fn peak(&self) -> u64 {
        self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn integrates_exactly() {
        let mut level = Level::default();
        level.change(at(50), 2);
        level.change(at(150), -1);
        level.advance(at(1150));
        assert_eq!(level.unit_seconds(), 1.2);
        assert_eq!(level.peak(), 2);
    }

    #[test]
    fn what_lasts_no_time_is_no_peak() {
        let mut level = Level::default();
        level.change(at(10), 256);
        level.change(at(20), 1024);
        level.change(at(20), -256);
        level.change(at(30), -1024);
        level.advance(at(40));
        assert_eq!(level.peak(), 1024);
    }

    #[test]
    #[should_panic(expected = "nothing is given back")]
    fn cannot_fall_below_zero() {
        Level::default().change(at(0), -1);
    }
}
