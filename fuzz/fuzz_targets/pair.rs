//! Two hosts driven through any schedule. What is played and what is asked of it stands in `synlab_tests::pair`, where
//! `cargo test` plays it too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use synlab_tests::pair::play;

fuzz_target!(|bytes: &[u8]| play(bytes));
