//! The fingerprint of a run.

use std::fmt;

use twox_hash::xxhash3_128::Hasher;

/// Folds fixed-width words into 128 bits that do not depend on the machine: the XXH3-128, with seed 0, of the words as
/// little-endian octets.
///
/// It tells runs apart that differ by accident; it is no proof against someone who looks for a collision.
#[derive(Clone)]
pub struct Digest {
    hasher: Hasher,
    /// Words that the hasher has not seen yet: it is fastest in long strides.
    waiting: [[u8; 8]; STRIDE],
    count: usize,
}

/// Words that are handed to the hasher at a time, at most.
const STRIDE: usize = 256;

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { hasher: Hasher::new(), waiting: [[0; 8]; STRIDE], count: 0 }
    }

    /// Folds one word.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.some(|room: &mut [_; 1]| {
            room[0] = word.to_le_bytes();
            1
        });
    }

    /// Folds as many words as `fill` writes, as little-endian octets, from the first place of a room for `N` on; it says how
    /// many these are. That is fastest where it is known to the compiler.
    ///
    /// # Panics
    ///
    /// If it says more than `N`.
    #[inline(always)]
    pub fn some<const N: usize>(&mut self, fill: impl FnOnce(&mut [[u8; 8]; N]) -> usize) {
        const { assert!(N <= STRIDE, "more words than are handed on at a time") };
        if self.count + N > STRIDE {
            self.hand_on();
        }
        let room = self.waiting[self.count..].first_chunk_mut().expect("there is room behind what waits");
        let filled = fill(room);
        assert!(filled <= N, "no more words are told than there is room for");
        self.count += filled;
    }

    #[cold]
    fn hand_on(&mut self) {
        self.hasher.write(self.waiting[..self.count].as_flattened());
        self.count = 0;
    }

    /// The digest of the words so far.
    #[must_use]
    pub fn value(&self) -> DigestValue {
        let mut hasher = self.hasher.clone();
        hasher.write(self.waiting[..self.count].as_flattened());
        DigestValue(hasher.finish_128())
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Digest").field(&self.value()).finish()
    }
}

/// 128 bits, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DigestValue(pub u128);

impl fmt::Display for DigestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:032x}", self.0))
    }
}

impl fmt::Debug for DigestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use twox_hash::XxHash3_128;

    use super::*;

    fn digest(words: impl IntoIterator<Item = u64>) -> DigestValue {
        let mut digest = Digest::new();
        words.into_iter().for_each(|word| digest.word(word));
        digest.value()
    }

    /// The first value is that of xxHash's own test vectors; if any changes, recorded digests are void.
    #[test]
    fn values_are_the_same_for_ever() {
        let digests = [digest([]), digest([0]), digest([1, 2, 3]), digest(0..1_000)];
        assert_eq!(
            digests.map(|digest| digest.to_string()),
            [
                "99aa06d3014798d86001c324468d497f",
                "2c0a8a99dc147d5445c3b49d035665b2",
                "d0d66ae2837a0117026f21f9c50dcf1f",
                "5b70cd737fec0b6929462356e2d9061a"
            ]
        );
    }

    #[test]
    fn prints_all_32_digits() {
        assert_eq!(DigestValue(0x1f).to_string(), "0000000000000000000000000000001f");
    }

    proptest! {
        #[test]
        fn folding_word_by_word_equals_hashing_all_octets(words in prop::collection::vec(any::<u64>(), 0..200)) {
            let octets: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            prop_assert_eq!(digest(words).0, XxHash3_128::oneshot(&octets));
        }
    }
}
