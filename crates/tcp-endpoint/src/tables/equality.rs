//! What makes two hosts two: everything that either knows or has, and nothing else.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{ChallengeLimit, Host, Limits, Settings, State};

type Model = Host<Vec<u8>, ()>;

fn hash(host: &Model) -> u64 {
    let mut hasher = DefaultHasher::new();
    host.hash(&mut hasher);
    hasher.finish()
}

#[track_caller]
fn differ(one: &Model, other: &Model) {
    assert!(one != other);
    assert_ne!(hash(one), hash(other));
}

fn with(handshake: &str, limits: Limits) -> Settings {
    Settings { limits, ..settings(handshake) }
}

#[test]
fn what_it_is_made_of() {
    let host = |last, handshake, secret| Model::new(Ipv4Addr::new(10, 0, 0, last), settings(handshake), [secret; 16]);
    let one = host(1, "three-way", 1);
    assert!(one == host(1, "three-way", 1));
    differ(&one, &host(2, "three-way", 1));
    differ(&one, &host(1, "three-way", 2));
    assert!(one != host(1, "two-way", 1));
}

#[test]
fn what_it_listens_at() {
    differ(&Bench::closed(settings("three-way")).host, &Bench::listening(settings("three-way")).host);
}

#[test]
fn its_entries() {
    for state in [State::SynReceived, State::Established, State::TimeWait] {
        let listening = Bench::listening(settings("three-way"));
        differ(&listening.host, &Bench::in_state(settings("three-way"), state).host);
    }
}

#[test]
fn the_challenges_it_has_sent() {
    let settings = with("three-way", limits().with(|it| it.checks.challenge_limit = ChallengeLimit::Host));
    let mut bench = Bench::in_state(settings, State::Established);
    let before = bench.host.clone();
    assert_eq!(bench.arrives("R 2"), ["A 1/1"]);
    differ(&before, &bench.host);
}

/// A reboot leaves it quiet, or deaf to SYNs, for a time.
#[test]
fn what_it_waits_for_after_a_reboot() {
    let deaf = with("two-way-hold-down", limits().with(|it| it.selection.quiet_time = Duration::ZERO));
    for settings in [settings("three-way"), deaf] {
        let mut bench = Bench::closed(settings);
        let before = bench.host.clone();
        bench.host.reboot(at(0));
        differ(&before, &bench.host);
    }
}

/// T/TCP counts what it opens; fast open remembers a peer's cookie.
#[test]
fn what_a_connection_leaves_behind() {
    for (handshake, answer) in [("t-tcp", "SA 0/1"), ("fast-open", "SA 0/1 fo=x")] {
        let mut bench = Bench::closed(settings(handshake));
        let before = bench.host.clone();
        bench.open();
        bench.arrives(answer);
        bench.abort();
        assert_eq!(bench.state, State::Closed);
        differ(&before, &bench.host);
    }
}

/// The row of ephemeral ports goes on.
#[test]
fn the_port_it_takes_next() {
    let mut bench = Bench::closed(settings("three-way"));
    let before = bench.host.clone();
    let remote = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
    let mut effects = Vec::new();
    let opened = bench.host.open_ephemeral(at(0), remote, (), &mut effects).expect("a port is free");
    bench.host.abort(at(0), opened, &mut effects).expect("it is open");
    differ(&before, &bench.host);
}
