//! The fuzz target's own schedules, over bytes that are the same in every run of the tests.
//!
//! `SCHEDULES` asks for more of them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use synlab_tests::pair::play;

/// Says which schedule it was, if it panics.
struct Number(u64);

impl Drop for Number {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("schedule {}", self.0);
        }
    }
}

#[test]
fn whatever_two_hosts_are_made_to_do_adds_up() {
    let schedules = std::env::var("SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(3000);
    for number in 0..schedules {
        let _number = Number(number);
        let mut random = ChaCha8Rng::seed_from_u64(number);
        let mut bytes = vec![0; usize::try_from(random.next_u32() % 1500).expect("it is small")];
        random.fill_bytes(&mut bytes);
        play(&bytes);
    }
}
