//! TIME-WAIT: what restarts it, what ends it, who follows (RFC 1337, RFC 6191, RFC 9293 §3.6.1).

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings, table};
use crate::{EntryKind, Patience, Settings, State, SynInTimeWait, Teardown, TimeWaitRestart, UserError};

const NONE: [&str; 0] = [];

fn with(teardown: impl FnOnce(Teardown) -> Teardown) -> Settings {
    let settings = settings("three-way");
    Settings { teardown: teardown(settings.teardown.clone()), ..settings }
}

fn timestamped(teardown: impl FnOnce(Teardown) -> Teardown) -> Settings {
    Settings { limits: limits().with(|it| it.timers.timestamps = true), ..with(teardown) }
}

/// A host whose TIME-WAIT has seen the peer's timestamp 100.
fn in_time_wait(choice: SynInTimeWait, timestamps: bool) -> Bench {
    let teardown = |teardown| Teardown { syn_in_time_wait: choice, ..teardown };
    let mut bench = Bench::listening(if timestamps { timestamped(teardown) } else { with(teardown) });
    let stamp = |text: &str| if timestamps { format!("{text} @100") } else { text.to_owned() };
    bench.arrives(&stamp("S 0"));
    bench.arrives(&stamp("A 1/1"));
    bench.shutdown();
    bench.arrives(&stamp("FA 1/2"));
    assert_eq!(bench.state, State::TimeWait);
    bench
}

/// RFC 6191 §2 asks whether the next connection would have timestamps, for which both ends must have them.
#[test]
fn a_stamped_syn_needs_a_host_that_has_timestamps() {
    let choice = |teardown| Teardown { syn_in_time_wait: SynInTimeWait::Timestamp, ..teardown };
    for (timestamps, expected) in [(true, State::SynReceived), (false, State::TimeWait)] {
        let limits = limits().with(|it| it.timers.timestamps = timestamps);
        let mut bench = Bench::in_state(Settings { limits, ..with(choice) }, State::TimeWait);
        bench.arrives("S 1 @50");
        assert_eq!(bench.state, expected, "timestamps {timestamps}");
    }
}

/// Recorded in t2, t8 and t10. A SYN that is taken gets an initial sequence number beyond the old connection's.
#[test]
fn which_syn_opens_the_next_incarnation() {
    use SynInTimeWait as Choice;
    for (choice, timestamps, syn, taken) in [
        (Choice::None, false, "S 9999", false),
        (Choice::Sequence, false, "S 9999", true),
        (Choice::Sequence, false, "S 1", false),
        (Choice::Sequence, true, "S 9999 @50", true),
        (Choice::Timestamp, false, "S 9999", true),
        (Choice::Timestamp, false, "S 1", false),
        (Choice::Timestamp, false, "S 1 @50", false),
        (Choice::Timestamp, true, "S -500 @101", true),
        (Choice::Timestamp, true, "S 9999 @100", true),
        (Choice::Timestamp, true, "S 1 @100", false),
        (Choice::Timestamp, true, "S 9999 @99", false),
        (Choice::Timestamp, true, "S 9999", true),
        (Choice::Timestamp, true, "S 1", false),
        (Choice::Timestamp, true, "S 2 @100", true),
        (Choice::Timestamp, true, "S 2", true),
        (Choice::Timestamp, true, "SA 9999/2 @101", false),
        (Choice::Timestamp, true, "R 9999 @101", false),
        (Choice::Either, false, "S 9999", true),
        (Choice::Either, false, "S 1", false),
        (Choice::Either, true, "S -500 @101", true),
        (Choice::Either, true, "S 9999 @99", false),
        (Choice::Either, true, "S 1 @100", false),
    ] {
        let mut bench = in_time_wait(choice, timestamps);
        let old = bench.iss;
        bench.arrives(syn);
        let expected = if taken { State::SynReceived } else { State::TimeWait };
        assert_eq!(bench.state, expected, "{choice:?}, timestamps {timestamps}: {syn}");
        assert!(!taken || bench.iss - old == 2 + 65_537, "the old one used up to 2");
    }
}

#[test]
fn a_syn_that_is_not_taken_is_answered_or_dropped() {
    assert_eq!(in_time_wait(SynInTimeWait::None, false).arrives("S 1"), ["A 2/2"]);
    assert_eq!(in_time_wait(SynInTimeWait::Either, false).arrives("S 1"), ["A 2/2"]);
    // RFC 6191 §2: "silently drop".
    assert_eq!(in_time_wait(SynInTimeWait::Timestamp, false).arrives("S 1"), NONE);
}

#[test]
fn nobody_follows_where_nobody_listens() {
    let teardown = |teardown| Teardown { syn_in_time_wait: SynInTimeWait::Either, ..teardown };
    let mut bench = Bench::connecting(with(teardown));
    bench.arrives("SA 0/1");
    bench.shutdown();
    bench.arrives("FA 1/2");
    assert_eq!(bench.arrives("S 9999"), ["A 2/2"]);
    assert_eq!(bench.state, State::TimeWait);
}

/// Recorded in t15.
#[test]
fn whatever_is_acknowledged_may_restart_it() {
    for (segment, restarts) in [
        ("FA 1/2", true),
        ("SA 7777777/1", true),
        ("PA 2/2 5", true),
        ("A 2/2", true),
        ("A 1/2", true),
        ("S 0", false),
        ("R 3", false),
    ] {
        let teardown = |teardown| Teardown { time_wait_restart: TimeWaitRestart::Any, ..teardown };
        let mut bench = Bench::in_state(with(teardown), State::TimeWait);
        bench.now = at(100_000);
        bench.arrives(segment);
        bench.wait(at(240_000));
        assert_eq!(bench.state == State::TimeWait, restarts, "{segment}");
    }
}

#[test]
fn segment_arrives_in_linuxs_time_wait() {
    let settings = with(|teardown| Teardown {
        time_wait_restart: TimeWaitRestart::Any,
        syn_in_time_wait: SynInTimeWait::Either,
        ..teardown
    });
    table(
        &Settings { limits: linux(), ..settings },
        State::TimeWait,
        "FA 1/2      | A 2/2     | TIME-WAIT
         A 2/2       | -         | TIME-WAIT
         PA 2/2 5    | A 2/2     | TIME-WAIT
         SA 777777/1 | A 2/2     | TIME-WAIT
         S 0         | A 2/2     | TIME-WAIT
         R 1         | -         | TIME-WAIT
         R 3         | -         | TIME-WAIT
         R 2         | -         | CLOSED",
    );
}

/// RFC 1337 fix 2: a reset is powerless until both timestamp clocks have ticked.
#[test]
fn a_reset_may_have_to_wait() {
    let guarded = with(|teardown| Teardown { reset_guard: Duration::from_secs(1), ..teardown });
    let mut bench = Bench::in_state(guarded, State::TimeWait);
    bench.now = at(999);
    bench.arrives("R 2");
    assert_eq!(bench.state, State::TimeWait);
    bench.now = at(1000);
    bench.arrives("R 2");
    assert_eq!(bench.state, State::Closed);
}

/// Recorded in c6 and c6b: without room the last acknowledgment is sent, and that is all.
#[test]
fn without_room_there_is_no_time_wait() {
    let full = with(|teardown| Teardown { time_wait_max: 0, ..teardown });
    table(&full, State::FinWait2, "FA 1/2 | A 2/2 | CLOSED");
    let sixty = Patience::For(Duration::from_secs(60));
    let full = with(|teardown| Teardown { time_wait_max: 0, fin_wait_2_timeout: sixty, ..teardown });
    let mut bench = Bench::in_state(full, State::FinWait1);
    bench.close();
    assert_eq!(bench.arrives("A 1/2"), NONE);
    assert_eq!((bench.state, bench.kinds()), (State::Closed, vec![]));

    let one = with(|teardown| Teardown { time_wait_max: 1, ..teardown });
    let mut bench = Bench::in_state(one, State::FinWait2);
    bench.arrives("FA 1/2");
    assert!(bench.kinds().contains(&EntryKind::TimeWait));
}

/// Linux `tcp_tw_reuse`: with timestamps, an active open may follow a TIME-WAIT that is older than a second.
#[test]
fn an_active_open_may_follow() {
    let after = |age, timestamps: bool, then| {
        let teardown = |teardown| Teardown { time_wait_reuse: age, ..teardown };
        let settings = if timestamps { timestamped(teardown) } else { with(teardown) };
        let stamp = |text: &str| if timestamps { format!("{text} @100") } else { text.to_owned() };
        let mut bench = Bench::connecting(settings);
        bench.arrives(&stamp("SA 0/1"));
        bench.shutdown();
        bench.arrives(&stamp("FA 1/2"));
        assert_eq!(bench.state, State::TimeWait);
        bench.now = at(then);
        bench.try_open().map(|_| ())
    };
    let second = Patience::For(Duration::from_secs(1));
    assert_eq!(after(second, true, 1001), Ok(()));
    assert_eq!(after(second, true, 1000), Err(UserError::AlreadyExists));
    assert_eq!(after(second, false, 1001), Err(UserError::AlreadyExists));
    assert_eq!(after(Patience::Forever, true, 1001), Err(UserError::AlreadyExists));
}

/// RFC 6191 §2: a SYN that is not taken leaves TIME-WAIT as it is: without an answer, and with as long to last.
#[test]
fn a_syn_that_is_dropped_changes_nothing() {
    for (timestamps, syn) in [(true, "S 9999 @99"), (true, "S 1 @100"), (true, "S 1"), (false, "S 1")] {
        let mut bench = in_time_wait(SynInTimeWait::Timestamp, timestamps);
        bench.wait(at(100_000));
        assert_eq!(bench.arrives(syn), NONE, "{syn}");
        bench.wait(at(239_999));
        assert_eq!(bench.state, State::TimeWait, "{syn}");
        bench.wait(at(240_000));
        assert_eq!(bench.state, State::Closed, "{syn}");
    }
}

/// Nor does it where nobody listens, although its timestamp is newer.
#[test]
fn a_syn_that_is_dropped_is_not_echoed() {
    let teardown = |teardown| Teardown { syn_in_time_wait: SynInTimeWait::Timestamp, ..teardown };
    let mut bench = Bench::connecting(timestamped(teardown));
    bench.arrives("SA 0/1 @50");
    bench.shutdown();
    bench.arrives("FA 1/2 @50");
    assert_eq!((bench.arrives("S 2 @60"), bench.state), (vec![], State::TimeWait));
    assert_eq!(bench.arrives("FA 1/2 @50"), ["A 2/2 @50"]);
}

/// RFC 1337 H1, by fix 2: the next incarnation agrees on timestamps, too, so that what is left of the last one is too old for it,
/// at the very numbers that it expects.
#[test]
fn old_data_is_too_old_for_the_next_incarnation() {
    let mut bench = in_time_wait(SynInTimeWait::Timestamp, true);
    assert_eq!(bench.arrives("S 100 @101"), ["SA 0/101 @101"]);
    bench.arrives("A 101/1 @101");
    assert_eq!(bench.state, State::Established);
    assert_eq!(bench.arrives("PA 101/1 10 @99"), ["A 1/101 @101"]);
    assert_eq!(bench.receive(), (0, false));
    assert_eq!(bench.arrives("PA 101/1 10 @102"), ["A 1/111 @102"]);
}

/// RFC 1337 §2: how TIME-WAIT is assassinated. An old duplicate is acknowledged, and the reset of the end that knows nothing
/// any more has the right number. Fix 1 ignores it.
#[test]
fn the_answer_to_an_old_duplicate_assassinates_time_wait() {
    for (reset_ends_time_wait, after) in [(true, State::Closed), (false, State::TimeWait)] {
        let mut bench =
            Bench::in_state(with(|teardown| Teardown { reset_ends_time_wait, ..teardown }), State::TimeWait);
        assert_eq!(bench.arrives("PA -99/1 10"), ["A 2/2"]);
        assert_eq!(bench.arrives("R 2"), NONE);
        assert_eq!(bench.state, after);
    }
}

/// RFC 7323 §5.3 R3: what is acceptable renews TS.Recent, which the next answer echoes; what is not leaves it as it is.
#[test]
fn what_is_acceptable_in_time_wait_is_echoed() {
    for (segment, echo) in [("A 2/2 @150", 150), ("A 70000/2 @150", 100)] {
        let mut bench = in_time_wait(SynInTimeWait::None, true);
        bench.arrives(segment);
        assert_eq!(bench.arrives("FA 1/2 @200"), [format!("A 2/2 @{echo}")], "{segment}");
    }
}
