//! A SYN cache: small entries, as many as there is room for, the oldest of which go first.

use crate::testing::{Bench, at, limits, settings};
use crate::{EntryKind, Settings, State};

fn cache(cache_entries: u32) -> Settings {
    Settings { limits: limits().with(|it| it.backlog.cache_entries = cache_entries), ..settings("syn-cache") }
}

#[test]
fn a_full_cache_gives_up_its_oldest_entry() {
    let mut bench = Bench::listening(cache(2));
    for port in [5001, 5002, 5003] {
        assert_eq!(bench.arrives_from(port, "S 0"), ["SA 0/1"]);
    }
    assert_eq!(bench.kinds(), [EntryKind::HalfOpen; 2]);
    assert_eq!(bench.arrives_from(5001, "A 1/1"), ["R 1"], "the first client is turned away");
    bench.arrives_from(5002, "A 1/1");
    bench.arrives_from(5003, "A 1/1");
    assert_eq!(bench.state, State::Established);
    assert_eq!(bench.kinds(), [EntryKind::Connection; 2]);
}

#[test]
fn a_completed_entry_makes_room() {
    let mut bench = Bench::listening(cache(1));
    bench.arrives_from(5001, "S 0");
    bench.arrives_from(5001, "A 1/1");
    bench.arrives_from(5002, "S 0");
    bench.arrives_from(5002, "A 1/1");
    assert_eq!(bench.kinds(), [EntryKind::Connection; 2]);
}

/// However many come and go behind one that stays.
#[test]
fn requests_that_are_gone_are_forgotten() {
    let mut bench = Bench::listening(cache(3));
    bench.arrives_from(5001, "S 0");
    for port in 6000..6200 {
        bench.arrives_from(port, "S 0");
        bench.arrives_from(port, "R 1");
    }
    assert_eq!(bench.kinds(), [EntryKind::HalfOpen]);
    assert!(bench.host.cached_requests() < 25, "{}", bench.host.cached_requests());
}

#[test]
fn an_entry_is_timed_as_a_half_open_one_is() {
    let mut bench = Bench::listening(cache(1));
    bench.arrives("S 0");
    assert_eq!(bench.wait(at(100_000)).len(), 5);
    assert_eq!((bench.state, bench.kinds()), (State::Closed, vec![]));
}
