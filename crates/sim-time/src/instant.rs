//! A point in virtual time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use crate::Duration;

/// A point in virtual time: nanoseconds since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// The last instant there is; as a limit it means "never".
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time since the start of the run.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Time since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the start, for reports only: results are computed on the integer.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.since_start().as_secs_f64()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::MAX`], which means "never".
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_nanos()))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Same as [`Instant::since`].
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Seconds with at least three decimals and as many more as the value has: `1.050`, `0.0500125`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Traces are full of times: nothing is made on the heap.
        const POINT: usize = 11;
        let mut text = *b"00000000000.000000000";
        let (mut whole, mut fraction) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        for digit in text[POINT + 1..].iter_mut().rev() {
            *digit += (fraction % 10) as u8;
            fraction /= 10;
        }
        let mut begin = POINT;
        while begin == POINT || whole > 0 {
            begin -= 1;
            text[begin] += (whole % 10) as u8;
            whole /= 10;
        }
        let last = text.iter().rposition(|digit| *digit != b'0').unwrap_or(POINT);
        let end = 1 + last.max(POINT + 3);
        f.pad(str::from_utf8(&text[begin..end]).expect("digits"))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_seconds_exactly() {
        for (nanos, text) in [
            (0, "0.000"),
            (1_050_000_000, "1.050"),
            (50_012_500, "0.0500125"),
            (7_880_000_000_001, "7880.000000001"),
            (10_000_000_000, "10.000"),
            (u64::MAX, "18446744073.709551615"),
        ] {
            assert_eq!(Instant::from_nanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn never_stays_never() {
        assert_eq!(Instant::MAX + Duration::from_secs(1), Instant::MAX);
        assert_eq!(Instant::ZERO.since(Instant::MAX), Duration::ZERO);
    }
}
