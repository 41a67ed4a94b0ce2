//! Timestamps (RFC 7323): the clock, what is echoed, and what is too old.

use std::num::NonZeroU32;

use sim_time::{Duration, Instant};

use crate::segment::{Segment, Timestamps};
use crate::seq::SeqNum;
use crate::settings::Limits;

/// After so long without a segment TS.Recent says nothing any more (RFC 7323 §5.5: 24 days).
const OUTDATED_SECONDS: u32 = 24 * 24 * 3600;

/// One end's side of a connection whose ends agreed on timestamps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TimestampClock {
    /// What the clock of milliseconds starts from (RFC 7323 §7.1: a keyed offset, as for initial sequence numbers).
    offset: u32,
    /// TS.Recent: the peer's value that the next segment echoes.
    recent: u32,
    /// When it was taken, in whole seconds, counted from one: a clock that may be missing takes no more than one that is there.
    recent_at: NonZeroU32,
}

/// How a segment stands to what its connection agreed on, before its numbers are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stamp {
    /// Nothing speaks against it. Resets are always so (RFC 7323 §5.2).
    Fine,
    /// It is older than what has been seen (PAWS, §5.3 R1).
    Old,
    /// It lacks the timestamps, and is dropped for that (§3.2).
    Missing,
}

impl Stamp {
    /// Judges a segment for a connection with that clock, if it has one.
    pub(crate) fn of<P>(segment: &Segment<P>, clock: Option<&TimestampClock>, limits: &Limits, now: Instant) -> Self {
        let Some(clock) = clock.filter(|_| !segment.flags.rst()) else { return Self::Fine };
        match segment.options.timestamps {
            Some(carried) if clock.is_old(carried, now) => Self::Old,
            None if limits.checks.drop_unstamped => Self::Missing,
            _ => Self::Fine,
        }
    }
}

impl TimestampClock {
    /// A clock whose peer has not been heard.
    pub(crate) const fn new(offset: u32) -> Self {
        Self { offset, recent: 0, recent_at: NonZeroU32::MIN }
    }

    /// The same clock, for a connection that begins with the peer's `value`.
    pub(crate) fn begun_by(self, value: Timestamps, now: Instant) -> Self {
        let mut begun = self;
        begun.take(value, now);
        begun
    }

    /// TS.Recent ← SEG.TSval.
    fn take(&mut self, of: Timestamps, now: Instant) {
        self.recent = of.value;
        self.recent_at = seconds(now);
    }

    /// TS.Recent ← SEG.TSval (§5.3 R3), for a segment that starts at what was acknowledged last, or before (§4.3). The
    /// caller has checked that it is acceptable.
    pub(crate) fn note<P>(clock: &mut Option<Self>, segment: &Segment<P>, last_acknowledged: SeqNum, now: Instant) {
        if let (Some(clock), Some(carried)) = (clock, segment.options.timestamps)
            && !segment.flags.rst()
            && segment.seq.at_or_before(last_acknowledged)
        {
            clock.take(carried, now);
        }
    }

    /// The option of a segment that leaves now.
    pub(crate) fn stamp(&self, now: Instant) -> Timestamps {
        Timestamps { value: self.value(now), echo: self.recent }
    }

    /// PAWS: whether a segment is older than what has been seen (§5.3 R1).
    fn is_old(&self, segment: Timestamps, now: Instant) -> bool {
        let outdated = seconds(now).get().saturating_sub(self.recent_at.get()) > OUTDATED_SECONDS;
        !outdated && newer(self.recent, segment.value)
    }

    /// Whether a segment is newer than what has been seen, and not merely as new.
    pub(crate) const fn is_new(&self, segment: Timestamps) -> bool {
        newer(segment.value, self.recent)
    }

    /// TS.Recent.
    pub(crate) const fn recent(&self) -> u32 {
        self.recent
    }

    /// The round trip that an acknowledgment measures (§4.1), at least one tick of the clock.
    pub(crate) fn round_trip(&self, acknowledgment: Timestamps, now: Instant) -> Duration {
        let ticks = self.value(now).wrapping_sub(acknowledgment.echo).cast_signed();
        Duration::from_millis(u64::from(ticks.max(1).unsigned_abs()))
    }

    fn value(&self, now: Instant) -> u32 {
        self.offset.wrapping_add(low_bits(now.as_nanos() / 1_000_000))
    }
}

/// Whether `a` comes after `b` on the circle of timestamps.
const fn newer(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

/// Whole seconds, counted from one.
fn seconds(now: Instant) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(low_bits(now.as_nanos() / 1_000_000_000))
}

/// A clock of 2³² ticks wraps, and may (RFC 7323 §5.4).
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
const fn low_bits(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const fn stamp(value: u32, echo: u32) -> Timestamps {
        Timestamps { value, echo }
    }

    #[test]
    fn age_is_judged_across_the_wrap() {
        let clock = TimestampClock::new(7).begun_by(stamp(u32::MAX, 0), at(1000));
        assert!(clock.is_old(stamp(u32::MAX - 1, 0), at(1000)));
        assert!(!clock.is_old(stamp(u32::MAX, 0), at(1000)) && !clock.is_new(stamp(u32::MAX, 0)));
        assert!(!clock.is_old(stamp(3, 0), at(1000)) && clock.is_new(stamp(3, 0)));
    }

    #[test]
    fn what_was_seen_long_ago_judges_nothing() {
        let clock = TimestampClock::new(7).begun_by(stamp(50, 0), at(0));
        let day = Duration::from_secs(24 * 3600);
        assert!(clock.is_old(stamp(49, 0), Instant::ZERO + day * 24));
        assert!(!clock.is_old(stamp(49, 0), Instant::ZERO + day * 25));
    }

    #[test]
    fn a_round_trip_is_measured_in_milliseconds_and_never_nothing() {
        let clock = TimestampClock::new(u32::MAX);
        let sent = clock.stamp(at(10));
        assert_eq!(clock.round_trip(stamp(0, sent.value), at(35)), Duration::from_millis(25));
        assert_eq!(clock.round_trip(stamp(0, sent.value), at(10)), Duration::from_millis(1));
    }
}
