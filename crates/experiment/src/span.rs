//! What simulated segments carry: octets that are named, not stored.

use tcp_endpoint::Payload;

use crate::record::{Attempt, HostId};

/// A run of octets that one end of one attempt sent. Their values would be a function of the name, so only a capture
/// ever makes them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Span {
    /// The attempt.
    pub attempt: Attempt,
    /// The host whose application sent them.
    pub sender: HostId,
    /// How many octets that host's applications had sent on the attempt before.
    pub offset: u64,
    /// How many octets these are.
    pub length: u32,
}

impl Payload for Span {
    fn len(&self) -> u32 {
        self.length
    }

    fn split_to(&mut self, at: u32) -> Self {
        assert!(at <= self.length, "cannot cut {} octets after {at}", self.length);
        let front = Self { length: at, ..*self };
        self.offset += u64::from(at);
        self.length -= at;
        front
    }

    fn append(&mut self, next: Self) -> Result<(), Self> {
        if self.length == 0 {
            *self = next;
            return Ok(());
        }
        if next.length == 0 {
            return Ok(());
        }
        let continues = self.attempt == next.attempt
            && self.sender == next.sender
            && self.offset + u64::from(self.length) == next.offset;
        match self.length.checked_add(next.length).filter(|_| continues) {
            Some(length) => {
                self.length = length;
                Ok(())
            }
            None => Err(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(sender: u16, offset: u64, length: u32) -> Span {
        Span { attempt: Attempt { host: HostId(0), ordinal: 1 }, sender: HostId(sender), offset, length }
    }

    #[test]
    fn what_is_cut_can_be_joined() {
        let mut rest = span(0, 1000, 100);
        let mut front = rest.split_to(40);
        assert_eq!((front, rest), (span(0, 1000, 40), span(0, 1040, 60)));
        assert_eq!(front.append(rest), Ok(()));
        assert_eq!(front, span(0, 1000, 100));
    }

    #[test]
    fn only_the_next_octets_of_the_same_end_and_attempt_can_be_joined() {
        let other_attempt = Span { attempt: Attempt { host: HostId(0), ordinal: 2 }, ..span(0, 10, 5) };
        for next in [span(0, 11, 5), span(0, 9, 5), span(1, 10, 5), other_attempt] {
            let mut first = span(0, 0, 10);
            assert_eq!(first.append(next), Err(next));
            assert_eq!(first, span(0, 0, 10));
        }
    }

    #[test]
    fn no_octets_join_with_any() {
        let mut first = Span::default();
        assert_eq!(first.append(span(1, 500, 5)), Ok(()));
        assert_eq!(first.append(Span::default()), Ok(()));
        assert_eq!(first, span(1, 500, 5));
    }

    #[test]
    fn a_run_too_long_to_count_stays_in_two() {
        let mut first = span(0, 0, u32::MAX);
        assert!(first.append(span(0, u64::from(u32::MAX), 1)).is_err());
    }

    #[test]
    #[should_panic(expected = "cannot cut 5 octets after 6")]
    fn cutting_beyond_the_end_is_refused() {
        let _ = span(0, 0, 5).split_to(6);
    }
}
