//! Named random streams: who draws what never depends on who else draws.

use std::convert::Infallible;

use rand_chacha::ChaCha8Rng;
use rand_core::{SeedableRng, TryRng};
use twox_hash::{XxHash3_64, XxHash3_128};

/// The random streams of one run: one for each (seed, component, purpose).
///
/// Streams of different names are independent, so a component added to a run, or one that draws more than before, changes
/// nothing elsewhere. The generator is ChaCha with 8 rounds. Its key is the XXH3-128, once with seed 0 and once with
/// seed 1, of the run's seed (8 octets, little-endian) and of component and purpose, each as its length (8 octets,
/// little-endian) and its UTF-8 octets.
#[derive(Clone, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 32 octets that belong to (seed, component, purpose).
    #[must_use]
    pub fn key(&self, component: &str, purpose: &str) -> [u8; 32] {
        let mut name = self.seed.to_le_bytes().to_vec();
        for part in [component, purpose] {
            // The length in front keeps ("ab", "c") and ("a", "bc") apart.
            name.extend((part.len() as u64).to_le_bytes());
            name.extend(part.as_bytes());
        }
        let mut key = [0; 32];
        for (half, seed) in key.chunks_exact_mut(16).zip(0..) {
            half.copy_from_slice(&XxHash3_128::oneshot_with_seed(seed, &name).to_le_bytes());
        }
        key
    }

    /// A generator whose draws follow one another.
    #[must_use]
    pub fn sequential(&self, component: &str, purpose: &str) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.key(component, purpose))
    }

    /// Draws that depend on a position, not on what was drawn before.
    #[must_use]
    pub fn keyed(&self, component: &str, purpose: &str) -> KeyedDraws {
        KeyedDraws { key: self.key(component, purpose) }
    }
}

/// Counter-based draws: the same position always gives the same generator.
///
/// All positions share a ChaCha key; a position's 64-bit hash is its stream number. Two of n positions share a stream with
/// a probability of about n² / 2⁶⁵: one in 40,000 among thirty million.
#[derive(Clone, Debug)]
pub struct KeyedDraws {
    key: [u8; 32],
}

impl KeyedDraws {
    /// The draws at a position, named by any words that identify it.
    ///
    /// It costs nothing until the first word is drawn: then the position is hashed and the generator made, which computes its
    /// first 32 words together. Draw what is needed and drop it.
    #[must_use]
    pub const fn at<'a>(&'a self, position: &'a [u64]) -> DrawsAt<'a> {
        DrawsAt { key: &self.key, position, generator: None }
    }
}

/// The draws at one position of [`KeyedDraws`].
#[derive(Clone, Debug)]
pub struct DrawsAt<'a> {
    key: &'a [u8; 32],
    position: &'a [u64],
    generator: Option<ChaCha8Rng>,
}

impl DrawsAt<'_> {
    fn generator(&mut self) -> &mut ChaCha8Rng {
        self.generator.get_or_insert_with(|| {
            let mut generator = ChaCha8Rng::from_seed(*self.key);
            generator.set_stream(stream_number(self.position));
            generator
        })
    }
}

impl TryRng for DrawsAt<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.generator().try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.generator().try_next_u64()
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        self.generator().try_fill_bytes(octets)
    }
}

/// Words hashed together. A position is seldom longer, and this many octets are hashed without a loop.
const BLOCK: usize = 8;

/// The XXH3-64 of the words (little-endian), in blocks of [`BLOCK`] of which each is seeded with the hash of those before,
/// the first with 0.
fn stream_number(position: &[u64]) -> u64 {
    position.chunks(BLOCK).fold(0, |seed, words| {
        let mut octets = [0; 8 * BLOCK];
        for (place, word) in octets.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        XxHash3_64::oneshot_with_seed(seed, &octets[..8 * words.len()])
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use rand_core::Rng;

    use super::*;

    fn first_draws(mut generator: impl Rng) -> [u64; 3] {
        [(); 3].map(|()| generator.next_u64())
    }

    /// If these change, every recorded digest is void: that takes a new record format.
    #[test]
    fn first_draws_are_the_same_for_ever() {
        let streams = Streams::new(7);
        let keyed = streams.keyed("client-to-server", "fate");
        let draws = [
            first_draws(streams.sequential("client", "arrivals")),
            first_draws(keyed.at(&[])),
            first_draws(keyed.at(&[1, 2, 3])),
            first_draws(keyed.at(&[0, 1, 2, 3, 4, 5, 6, 7, 8])),
        ];
        assert_eq!(
            draws,
            [
                [796_168_960_173_847_443, 8_096_548_087_726_613_533, 16_685_711_089_140_601_788],
                [14_921_587_429_519_288_785, 13_568_566_855_003_766_451, 12_499_093_012_578_906_987],
                [2_760_698_291_797_350_350, 11_213_162_969_967_173_638, 5_782_565_194_173_119_515],
                [15_769_252_659_337_680_374, 12_002_932_934_788_401_314, 10_626_275_290_583_320_156],
            ]
        );
    }

    #[test]
    fn every_part_of_a_name_counts() {
        let keys = [
            Streams::new(0).key("ab", "c"),
            Streams::new(1).key("ab", "c"),
            Streams::new(0).key("a", "bc"),
            Streams::new(0).key("abc", ""),
            Streams::new(0).key("", "abc"),
            Streams::new(0).key("c", "ab"),
        ];
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }

    #[test]
    fn a_position_is_independent_of_what_was_drawn_elsewhere() {
        let keyed = Streams::new(3).keyed("link", "fate");
        let alone = first_draws(keyed.at(&[5, 0, 1]));
        let _ = first_draws(keyed.at(&[5, 0, 0]));
        assert_eq!(first_draws(keyed.at(&[5, 0, 1])), alone);
    }

    proptest! {
        #[test]
        fn different_positions_have_different_streams(
            a in prop::collection::vec(0_u64..3, 0..20),
            b in prop::collection::vec(0_u64..3, 0..20),
        ) {
            prop_assert_eq!(stream_number(&a) == stream_number(&b), a == b);
        }
    }
}
