//! Crash and reboot (RFC 9293 §3.4.3, §3.5.1).

use crate::testing::{Bench, at, settings};
use crate::{State, UserError};

const NONE: [&str; 0] = [];

#[test]
fn a_crash_forgets_everything_and_says_nothing() {
    for state in State::ALL {
        let mut bench = Bench::in_state(settings("three-way"), state);
        assert_eq!(bench.crash(), NONE, "{state}");
        assert!(state == State::Listen || bench.state == State::Closed, "{state}");
        assert!(bench.wait(at(1_000_000)).is_empty(), "{state}: nothing is left to happen");
        assert_eq!(bench.arrives("PA 1/1 10"), ["R 1"], "{state}");
        assert_eq!(bench.arrives("S 0"), ["RA 0/1"], "{state}: nobody listens");
    }
}

#[test]
fn after_a_reboot_the_host_keeps_quiet_for_one_msl() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.crash();
    bench.host.reboot(bench.now);
    bench.host.listen(80).expect("the port is free");
    bench.now = at(119_999);
    assert_eq!(bench.arrives("PA 1/1 10"), NONE);
    assert_eq!(bench.arrives("S 0"), NONE);
    assert_eq!(bench.try_open(), Err(UserError::Quiet));
    bench.now = at(120_000);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
}
