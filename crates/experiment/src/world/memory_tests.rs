//! What a world remembers follows what is alive, not what has been.

use sim_core::WheelQueue;

use super::{Pending, World};
use crate::Experiment;

/// The world at the end of an experiment.
fn played(text: &str) -> World<()> {
    let experiment = Experiment::parse("t.toml", text, &[]).unwrap();
    let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
    let mut queue = WheelQueue::new();
    let mut world = World::new(&scenario, (), &mut queue);
    sim_core::run(&mut queue, &mut world, scenario.horizon, 1_000_000).unwrap();
    world
}

/// 20,000 sessions of some 0.2 s each, 100 of them a second: at most a few dozen are alive at once.
#[test]
fn twenty_thousand_sessions_leave_no_more_than_the_most_that_were_alive() {
    let world = played(
        r#"
        horizon = "210 s"
        [link]
        delay = "20ms"
        [client]
        machines = 10
        time-wait = "1 s"
        arrivals = { poisson = "100 / s", most = 20000 }
        script = ["connect", "send 100 B", "receive 100 B", "close"]
        [server]
        script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]
    "#,
    );
    assert_eq!(world.hosts[0].attempts, 20_000);
    assert_eq!(world.rounds.iter().count(), 0, "nobody is left");
    assert!(world.rounds.places() < 60, "{} places for rounds", world.rounds.places());
    assert_eq!(world.truth.rows.iter().count(), 0, "nothing is kept of anyone");
    assert!(world.truth.rows.places() < 400, "{} places for lives", world.truth.rows.places());
}

/// A flood of 20,000 SYNs, each answered with a reset a round trip later.
#[test]
fn a_flood_leaves_nothing_behind() {
    let world = played(
        r#"
        horizon = "30 s"
        [link]
        delay = "20ms"
        [client]
        machines = 10
        [server]
        script = ["accept", "close on EOF"]
        [[flood]]
        from = "client"
        arrivals = { poisson = "1000 / s", most = 20000 }
    "#,
    );
    assert_eq!(world.truth.rows.iter().count(), 0);
    assert!(world.network.packet_places() < 200, "{} places for packets", world.network.packet_places());
}

/// There is one for each entry that has a deadline.
#[test]
fn a_pending_event_takes_sixteen_octets() {
    assert_eq!(size_of::<Option<Pending>>(), 16);
}
