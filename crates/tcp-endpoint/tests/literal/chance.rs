//! What a schedule draws.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// A number below `bound`.
pub(crate) fn below(random: &mut ChaCha8Rng, bound: u32) -> u32 {
    random.next_u32() % bound
}

/// Whether an event comes that comes once in `times`.
pub(crate) fn one_in(random: &mut ChaCha8Rng, times: u32) -> bool {
    below(random, times) == 0
}

/// One of several.
pub(crate) fn choose<T: Copy>(random: &mut ChaCha8Rng, from: &[T]) -> T {
    from[place(random, from.len())]
}

/// A place in a list that is not empty.
pub(crate) fn place(random: &mut ChaCha8Rng, len: usize) -> usize {
    below(random, u32::try_from(len).expect("a short list")) as usize
}
