//! What a segment carries: octets the endpoint counts, cuts and joins but never looks at.

use std::hash::Hash;

/// A run of octets. Simulated it is a span, for a real peer it is bytes; the endpoint's code is the same. The default
/// value is no octets at all.
pub trait Payload: Clone + Eq + Hash + Default {
    /// Number of octets.
    fn len(&self) -> u32;

    /// Whether there is no octet.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cuts after `at` octets: `self` keeps those from `at` on, the ones before are returned.
    ///
    /// # Panics
    /// If `at` is greater than [`Payload::len`].
    #[must_use]
    fn split_to(&mut self, at: u32) -> Self;

    /// Joins `next` to the end of `self`, or hands it back if the two cannot be one run.
    ///
    /// # Errors
    /// `next`, where it does not continue `self`.
    fn append(&mut self, next: Self) -> Result<(), Self>;
}

impl Payload for Vec<u8> {
    fn len(&self) -> u32 {
        u32::try_from(Self::len(self)).expect("a payload is shorter than the sequence space")
    }

    fn split_to(&mut self, at: u32) -> Self {
        let rest = self.split_off(at as usize);
        std::mem::replace(self, rest)
    }

    fn append(&mut self, mut next: Self) -> Result<(), Self> {
        Self::append(self, &mut next);
        Ok(())
    }
}
