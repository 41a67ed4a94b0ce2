//! Connection counts (T/TCP, RFC 1644): a listener that remembers each client's last needs no proof of a higher one.

use crate::testing::{Bench, at, settings};
use crate::{EntryKind, State};

const NONE: [&str; 0] = [];

/// A listener that has had a connection with count 5 from its peer.
fn with_count() -> Bench {
    let mut bench = Bench::listening(settings("t-tcp"));
    assert_eq!(bench.arrives_from(4999, "S 0 cc=5"), ["SA 0/1"]);
    assert_eq!(bench.state, State::SynReceived, "without a memory it takes three messages");
    bench.arrives_from(4999, "A 1/1");
    assert_eq!(bench.kinds(), [EntryKind::Connection, EntryKind::Peer]);
    bench.abort();
    bench
}

#[test]
fn a_higher_count_is_believed_and_its_data_delivered() {
    let mut bench = with_count();
    assert_eq!(bench.arrives("S 0 100 cc=6"), ["SA 0/101"]);
    assert_eq!((bench.state, bench.receive()), (State::Established, (100, false)));
}

#[test]
fn a_count_that_is_not_higher_takes_three_messages_and_its_data_waits() {
    for count in [5, 4] {
        let mut bench = with_count();
        assert_eq!(bench.arrives(&format!("S 0 100 cc={count}")), ["SA 0/101"]);
        assert_eq!(bench.state, State::SynReceived);
        assert_eq!(bench.arrives("A 101/1"), NONE);
        assert_eq!((bench.state, bench.receive()), (State::Established, (100, false)));
    }
}

#[test]
fn a_whole_request_comes_with_the_syn() {
    let mut bench = with_count();
    assert_eq!(bench.arrives("SF 0 100 cc=6"), ["SA 0/102"]);
    assert_eq!((bench.state, bench.receive()), (State::CloseWait, (100, true)));
    assert_eq!(bench.send(10), ["PA 1/102 10"]);
    assert_eq!(bench.close(), ["FA 11/102"]);
    bench.arrives("A 102/12");
    assert_eq!(bench.state, State::Closed);
}

#[test]
fn a_lost_syn_ack_is_asked_for_again_with_all_the_syn_carried() {
    let mut bench = with_count();
    bench.arrives("S 0 100 cc=6");
    assert_eq!(bench.arrives("S 0 100 cc=6"), ["SA 0/101"]);
    assert_eq!(bench.receive(), (100, false), "and nothing is delivered twice");
}

#[test]
fn the_client_counts_its_opens() {
    let mut bench = Bench::closed(settings("t-tcp"));
    assert_eq!(bench.open_with(100), ["S 0 100 cc=1"]);
    assert_eq!(bench.wait(at(1000)), ["1.000 S 0 100 cc=1"]);
    assert_eq!(bench.arrives("SA 0/101"), ["A 101/1"]);
    assert_eq!(bench.state, State::Established);
    bench.abort();
    assert_eq!(bench.open(), ["S 0 cc=2"]);
}

#[test]
fn a_fin_with_the_syn_is_acknowledged_with_it() {
    let mut bench = Bench::closed(settings("t-tcp"));
    assert_eq!(bench.open_with_all(100), ["SF 0 100 cc=1"]);
    assert_eq!(bench.arrives("SA 0/102"), ["A 102/1"]);
    assert_eq!(bench.state, State::FinWait2);
    assert_eq!(bench.arrives("FA 1/102"), ["A 102/2"]);
    assert_eq!(bench.state, State::TimeWait);
}
