//! Octets of which nothing but the number counts.

use tcp_endpoint::Payload;

/// So many octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Octets(pub(crate) u32);

impl Payload for Octets {
    fn len(&self) -> u32 {
        self.0
    }

    fn split_to(&mut self, at: u32) -> Self {
        assert!(at <= self.0, "there are {} octets, not {at}", self.0);
        self.0 -= at;
        Self(at)
    }

    fn append(&mut self, next: Self) -> Result<(), Self> {
        self.0 += next.0;
        Ok(())
    }
}
