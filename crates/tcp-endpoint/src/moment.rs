//! Instants as small entries keep them.

use std::fmt;

use sim_time::Instant;

/// An instant that is content with an alignment of four octets, so that it leaves no hole among sequence numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(Rust, packed(4))]
pub(crate) struct Packed(Instant);

impl Packed {
    pub(crate) const fn get(self) -> Instant {
        self.0
    }
}

impl From<Instant> for Packed {
    fn from(instant: Instant) -> Self {
        Self(instant)
    }
}

/// An instant or none: what `Option<Instant>` says in sixteen octets. Nothing happens at [`Instant::MAX`], which stands
/// for none; so none comes after every instant, and the earliest of several deadlines is their minimum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(Packed);

impl Moment {
    pub(crate) const NONE: Self = Self(Packed(Instant::MAX));

    pub(crate) fn is_some(self) -> bool {
        self != Self::NONE
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// As an option.
    pub(crate) fn instant(self) -> Option<Instant> {
        self.is_some().then_some(self.0.get())
    }

    /// Whether the deadline that this is has come.
    pub(crate) fn is_due(self, now: Instant) -> bool {
        self.0.get() <= now && self.is_some()
    }

    /// This one, or `other` if it is none.
    pub(crate) fn or(self, other: Instant) -> Self {
        if self.is_none() { other.into() } else { self }
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        Self(Packed(instant))
    }
}

impl From<Option<Instant>> for Moment {
    fn from(instant: Option<Instant>) -> Self {
        instant.map_or(Self::NONE, Self::from)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.instant().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn none_is_later_than_any_and_never_due() {
        let (soon, late) = (Moment::from(at(1)), Moment::from(Some(at(2))));
        assert_eq!([Moment::NONE, late, soon].iter().min(), Some(&soon));
        assert_eq!([soon.instant(), Moment::NONE.instant()], [Some(at(1)), None]);
        assert_eq!([soon, late, Moment::NONE].map(|moment| moment.is_due(at(1))), [true, false, false]);
        assert!(!Moment::NONE.is_due(Instant::MAX));
        assert_eq!([soon.or(at(3)), Moment::NONE.or(at(3))], [soon, at(3).into()]);
    }
}
