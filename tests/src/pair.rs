//! Two hosts, and a schedule of moves that bytes describe: what a fuzzer plays with.
//!
//! Bytes become settings for each host and a list of moves: calls of applications, segments that arrive in any order,
//! twice or never, deadlines that come, crashes, forgeries. After each move the effects must add up; in the end the
//! network is made reliable, every application closes, and everything must come to an end.

mod books;
mod moves;
mod settings;
mod world;

use arbitrary::{Result, Unstructured};
use world::World;

/// More moves than a schedule needs to be interesting.
const MOST_MOVES: usize = 500;

/// Plays the schedule that `bytes` describe.
///
/// # Panics
/// If anything is found that must not be.
pub fn play(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    // Bytes that run out end the schedule early, and that is no fault.
    let _: Result<()> = prepare(&mut bytes).map(|mut world| {
        for _ in 0..MOST_MOVES {
            if bytes.is_empty() || moves::make_one(&mut world, &mut bytes).is_err() {
                break;
            }
        }
        world.wind_down();
    });
}

fn prepare(bytes: &mut Unstructured<'_>) -> Result<World> {
    let handshake = settings::handshake(bytes)?;
    let forging = bytes.ratio(1, 4)?;
    let settings = [settings::settings(bytes, handshake)?, settings::settings(bytes, handshake)?];
    Ok(World::new(settings, forging))
}
