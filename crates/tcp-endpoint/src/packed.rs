//! What small entries keep, in as few octets as it takes.

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

/// What a SYN asked for beyond a connection: a fast open cookie, and that its connection count is remembered. The two take
/// five octets without alignment; as options they would take twelve.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Extras {
    count: [u8; 4],
    bits: u8,
}

impl Extras {
    const COUNT: u8 = 1;
    const COOKIE: u8 = 2;

    pub(crate) fn new(count: Option<u32>, cookie: bool) -> Self {
        let bits = if count.is_some() { Self::COUNT } else { 0 } | if cookie { Self::COOKIE } else { 0 };
        Self { count: count.unwrap_or(0).to_ne_bytes(), bits }
    }

    /// The connection count, if it is to be remembered once the handshake is complete.
    pub(crate) fn count(self) -> Option<u32> {
        (self.bits & Self::COUNT != 0).then_some(u32::from_ne_bytes(self.count))
    }

    /// Whether the SYN-ACK brings a fast open cookie.
    pub(crate) const fn cookie(self) -> bool {
        self.bits & Self::COOKIE != 0
    }
}

impl fmt::Debug for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extras").field("count", &self.count()).field("cookie", &self.cookie()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn extras_say_what_they_were_made_of_in_five_octets() {
        for (count, cookie) in [(None, false), (None, true), (Some(0), false), (Some(u32::MAX), true)] {
            let extras = Extras::new(count, cookie);
            assert_eq!((extras.count(), extras.cookie()), (count, cookie));
        }
        assert_eq!((size_of::<Extras>(), align_of::<Extras>()), (5, 1));
    }

    #[test]
    fn what_is_packed_is_shown_as_what_it_says() {
        let (soon, extras) = (Moment::from(at(1)), Extras::new(Some(7), true));
        assert_eq!(format!("{soon:?} {:?}", Moment::NONE), format!("{:?} None", Some(at(1))));
        assert_eq!(format!("{extras:?}"), "Extras { count: Some(7), cookie: true }");
    }

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
