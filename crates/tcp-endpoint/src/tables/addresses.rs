//! Addresses that are not one host's (RFC 9293 §3.9.1.1, §3.9.2.3), and the one a connection keeps.

use crate::testing::{Bench, at, settings};
use crate::{Effect, State, UserError};

/// MUST-46, and §3.10.1 for what is left out.
#[test]
fn an_open_to_no_one_host_is_an_error() {
    for (remote, port, error) in [
        ([0, 0, 0, 0], 80, UserError::Unspecified),
        ([10, 0, 0, 2], 0, UserError::Unspecified),
        ([255, 255, 255, 255], 80, UserError::InvalidRemote),
        ([224, 0, 0, 1], 80, UserError::InvalidRemote),
    ] {
        let mut bench = Bench::closed(settings("three-way"));
        let mut effects = Vec::new();
        let remote = std::net::SocketAddrV4::new(remote.into(), port);
        assert_eq!(bench.host.open(at(0), 5000, remote, (), &mut effects), Err(error), "{remote}");
        assert_eq!(effects, [], "{remote}");
    }
}

/// MUST-57 and MUST-63: no entry is made and nothing is answered, by a listener or by nobody.
#[test]
fn what_is_from_or_for_no_one_host_is_dropped() {
    for state in [State::Listen, State::Closed] {
        for (source, destination) in [
            ([10, 0, 0, 2], [255, 255, 255, 255]),
            ([10, 0, 0, 2], [224, 0, 0, 1]),
            ([10, 0, 0, 2], [10, 0, 0, 9]),
            ([255, 255, 255, 255], [10, 0, 0, 1]),
            ([239, 1, 2, 3], [10, 0, 0, 1]),
            ([0, 0, 0, 0], [10, 0, 0, 1]),
        ] {
            for segment in ["S 0", "A 1/1", "PA 1/1 10"] {
                let mut bench = Bench::in_state(settings("three-way"), state);
                assert_eq!(bench.arrives_between(source, destination, segment), 0, "{source:?} {destination:?}");
            }
        }
        let mut bench = Bench::in_state(settings("three-way"), state);
        assert!(bench.arrives_between([10, 0, 0, 2], [10, 0, 0, 1], "S 0") > 0, "the usual addresses");
    }
}

/// MUST-44 and MUST-45: a host has one address, and whatever a connection sends comes from it.
#[test]
fn a_connection_keeps_its_address() {
    for state in State::ALL {
        let mut bench = Bench::in_state(settings("three-way"), state);
        let mut effects = Vec::new();
        for segment in ["S 0", "R 5", "A 1/9", "FA 1/1"] {
            bench.take_effects(segment, &mut effects);
        }
        for effect in effects {
            if let Effect::Transmit(transmission) = effect {
                assert_eq!(transmission.segment.source.to_string(), "10.0.0.1:80", "{state}");
            }
        }
    }
}
