//! The endpoint against a literal reading of the RFCs.
//!
//! [`model`] is RFC 9293 §3.10, RFC 7323 §5 and RFC 7413 §4 once more, step by step, by the RFCs' names, slow and plain.
//! Random schedules happen to both, and after each event both must be in the same state, have sent the same segments and
//! told the user the same. Where the RFCs leave a choice, the model makes that of `REQUIREMENTS.md`; the differences that
//! stay are the last branches of [`branch::Branch`].
//!
//! `SCHEDULES` asks for more schedules, `SEED` for others, `SCHEDULE` for one of them alone.

mod arrives;
mod branch;
mod calls;
mod chance;
mod fast_open;
mod held;
mod liveness;
mod model;
mod output;
mod peers;
mod schedule;
mod segment;
mod settings;
mod tcb;
mod text;
mod time_wait;
mod timestamps;
mod windows;
mod world;

use branch::Taken;
use world::World;

/// Schedules of a test run.
const SCHEDULES: u64 = 5000;

/// Says which schedule it was, if it fails.
struct Number(u64, u64);

impl Drop for Number {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={} SCHEDULE={}", self.0, self.1);
        }
    }
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// Plays the schedules that are asked for. Whether they are enough to find everything in them.
fn play(mut each: impl FnMut(u64, World)) -> bool {
    let seed = asked("SEED").unwrap_or(1);
    let schedules = match asked("SCHEDULE") {
        Some(number) => number..number + 1,
        None => 0..asked("SCHEDULES").unwrap_or(SCHEDULES),
    };
    let enough = schedules.end - schedules.start >= SCHEDULES;
    for number in schedules {
        let _number = Number(seed, number);
        each(number, schedule::play(seed, number));
    }
    enough
}

#[test]
fn the_endpoint_does_what_the_rfcs_say() {
    let mut taken = Taken::default();
    let enough = play(|_, world| taken.add(&world.model.taken));
    assert!(!enough || taken.never().is_empty(), "never taken:\n{}", taken.never().join("\n"));
}

#[test]
fn what_is_in_order_is_taken_or_the_connection_ends() {
    let (mut forged, mut resent) = (0, 0);
    let enough = play(|number, mut world| {
        resent += u64::from(liveness::takes_what_the_peer_resends(&mut world));
        forged += u64::from(liveness::takes_what_is_in_order(&mut world, number % 2 == 0));
    });
    assert!(
        !enough || (forged > SCHEDULES / 10 && resent > SCHEDULES / 100),
        "{forged} and {resent} connections are few"
    );
}
