//! Sequence numbers (RFC 9293 §3.4): a circle of 2³², on which "before" and "after" hold within half a turn.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A sequence number. Deliberately not ordered: on a circle `<` has no meaning, [`SeqNum::before`] has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SeqNum(u32);

impl SeqNum {
    /// The sequence number with this value on the wire.
    #[must_use]
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }

    /// The value on the wire.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// Whether `self` comes before `other`: RFC 9293's `self < other`.
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        (self.0.wrapping_sub(other.0)).cast_signed() < 0
    }

    /// Whether `self` comes after `other`: RFC 9293's `self > other`.
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        other.before(self)
    }

    /// Whether `self` is `other` or before it: RFC 9293's `self =< other`.
    #[must_use]
    pub const fn at_or_before(self, other: Self) -> bool {
        !self.after(other)
    }

    /// Whether `self` is `other` or after it: RFC 9293's `self >= other`.
    #[must_use]
    pub const fn at_or_after(self, other: Self) -> bool {
        !self.before(other)
    }

    /// Whether `start =< self < start + length`.
    #[must_use]
    pub const fn within(self, start: Self, length: u32) -> bool {
        self.0.wrapping_sub(start.0) < length
    }
}

impl Add<u32> for SeqNum {
    type Output = Self;

    fn add(self, octets: u32) -> Self {
        Self(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for SeqNum {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

impl Sub for SeqNum {
    type Output = u32;

    /// Octets from `earlier` to `self`, going forward round the circle.
    fn sub(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl Sub<u32> for SeqNum {
    type Output = Self;

    fn sub(self, octets: u32) -> Self {
        Self(self.0.wrapping_sub(octets))
    }
}

impl fmt::Debug for SeqNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The acceptability test of RFC 9293 §3.10.7.4, table 6.
pub(crate) fn acceptable(next: SeqNum, window: u32, seq: SeqNum, len: u32) -> bool {
    match (len, window) {
        (0, 0) => seq == next,
        (0, _) => seq.within(next, window),
        (_, 0) => false,
        _ => seq.within(next, window) || (seq + (len - 1)).within(next, window),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn order_survives_the_wrap() {
        let last = SeqNum::new(u32::MAX);
        assert!(last.before(last + 1));
        assert!((last + 1).after(last));
        assert_eq!((last + 5) - last, 5);
        assert!((last + 2).within(last, 3));
        assert!(!(last + 3).within(last, 3));
    }

    proptest! {
        #[test]
        fn one_of_two_comes_first(start: u32, distance in 1_u32..(1 << 31)) {
            let (a, b) = (SeqNum::new(start), SeqNum::new(start) + distance);
            prop_assert!(a.before(b) && !b.before(a) && b.after(a) && !a.after(b));
            prop_assert!(a.at_or_before(b) && b.at_or_after(a) && a.at_or_before(a) && a.at_or_after(a));
            prop_assert_eq!(b - a, distance);
            prop_assert_eq!(b - distance, a);
        }
    }

    #[test]
    fn acceptability_is_table_6() {
        let next = SeqNum::new(100);
        for (window, seq, len, expected) in [
            (0, 100, 0, true),
            (0, 99, 0, false),
            (0, 100, 1, false),
            (10, 99, 0, false),
            (10, 100, 0, true),
            (10, 109, 0, true),
            (10, 110, 0, false),
            (10, 90, 10, false),
            (10, 90, 11, true),
            (10, 109, 5, true),
            (10, 110, 5, false),
        ] {
            assert_eq!(acceptable(next, window, SeqNum::new(seq), len), expected, "{window} {seq} {len}");
        }
    }
}
