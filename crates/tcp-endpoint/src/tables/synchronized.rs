//! ESTABLISHED and every state after it (RFC 9293 §3.10.7.4).

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings, table};
use crate::{AckTiming, Settings, State, Teardown};

/// What every synchronized state but TIME-WAIT does alike; `{n}` is SND.NXT, `{r}` RCV.NXT, `{s}` the state.
#[test]
fn segments_that_every_open_state_treats_alike() {
    for (state, next, expected) in [
        (State::Established, 1, 1),
        (State::FinWait1, 2, 1),
        (State::FinWait2, 2, 1),
        (State::CloseWait, 1, 2),
        (State::Closing, 2, 2),
        (State::LastAck, 2, 2),
    ] {
        let rows = "S 0             | A {n}/{r}  | {s}
                    S {r}           | A {n}/{r}  | {s}
                    SA 0/1          | A {n}/{r}  | {s}
                    R {r}           | -          | CLOSED
                    RA {r}/{n}      | -          | CLOSED
                    R 5             | A {n}/{r}  | {s}
                    R 0             | -          | {s}
                    R 70000         | -          | {s}
                    A 70000/1       | A {n}/{r}  | {s}
                    A 0/1           | A {n}/{r}  | {s}
                    A {r}/-5        | -          | {s}
                    A {r}/9         | A {n}/{r}  | {s}
                    P {r} 10        | -          | {s}";
        let rows = rows.replace("{n}", &next.to_string()).replace("{r}", &expected.to_string());
        table(&settings("three-way"), state, &rows.replace("{s}", state.name()));
    }
}

#[test]
fn segment_arrives_in_established() {
    table(
        &settings("three-way"),
        State::Established,
        "A 1/1       | -         | ESTABLISHED
         PA 1/1 10   | A 1/11    | ESTABLISHED
         PA 11/1 10  | A 1/1     | ESTABLISHED
         PA -4/1 10  | A 1/6     | ESTABLISHED
         PA 1/-5 10  | A 1/11    | ESTABLISHED
         PA 1/9 10   | A 1/1     | ESTABLISHED
         FA 1/1      | A 1/2     | CLOSE-WAIT
         FPA 1/1 10  | A 1/12    | CLOSE-WAIT
         FA 11/1     | A 1/1     | ESTABLISHED",
    );
}

#[test]
fn segment_arrives_in_fin_wait_1() {
    table(
        &settings("three-way"),
        State::FinWait1,
        "A 1/1       | -         | FIN-WAIT-1
         A 1/2       | -         | FIN-WAIT-2
         PA 1/1 10   | A 2/11    | FIN-WAIT-1
         PA 1/2 10   | A 2/11    | FIN-WAIT-2
         FA 1/1      | A 2/2     | CLOSING
         FA 1/2      | A 2/2     | TIME-WAIT",
    );
}

#[test]
fn segment_arrives_in_fin_wait_2() {
    table(
        &settings("three-way"),
        State::FinWait2,
        "A 1/2       | -         | FIN-WAIT-2
         PA 1/2 10   | A 2/11    | FIN-WAIT-2
         FA 1/2      | A 2/2     | TIME-WAIT
         FPA 1/2 10  | A 2/12    | TIME-WAIT
         FA 11/2     | A 2/1     | FIN-WAIT-2",
    );
}

/// A FIN ahead of its turn, forged or of an old incarnation, waits: the one that is in order is taken when it comes, and one
/// beyond the window is not remembered.
#[test]
fn no_fin_keeps_another_out() {
    for (state, own, then) in [
        (State::Established, 1, State::CloseWait),
        (State::FinWait1, 2, State::Closing),
        (State::FinWait2, 2, State::TimeWait),
    ] {
        for ahead in ["FA 1001/1", "FPA 901/1 100", "PA 901/1 100", "FA 65535/1", "FPA 65530/1 10"] {
            let mut bench = Bench::in_state(settings("three-way"), state);
            assert_eq!(bench.arrives(ahead), [format!("A {own}/1")], "{ahead}");
            assert_eq!(bench.arrives("FA 1/1"), [format!("A {own}/2")], "{ahead}");
            assert_eq!(bench.state, then, "{ahead}");
        }
    }
}

/// A FIN takes room in the window as an octet does.
#[test]
fn a_fin_beyond_the_window_is_not_taken() {
    let narrow = Settings { limits: limits().with(|it| it.sizes.window = 10), ..settings("three-way") };
    table(
        &narrow,
        State::Established,
        "FPA 1/1 9   | A 1/11    | CLOSE-WAIT
         FPA 1/1 10  | A 1/11    | ESTABLISHED
         FA 11/1     | A 1/1     | ESTABLISHED",
    );
    let mut bench = Bench::in_state(narrow, State::Established);
    bench.arrives("FPA 6/1 5");
    assert_eq!(bench.arrives("PA 1/1 5"), ["A 1/11"], "what the window had no room for is yet to come");
    assert_eq!(bench.arrives("FA 11/1"), ["A 1/12"]);
}

#[test]
fn segment_arrives_in_close_wait() {
    table(
        &settings("three-way"),
        State::CloseWait,
        "A 2/1       | -         | CLOSE-WAIT
         FA 1/1      | A 1/2     | CLOSE-WAIT
         PA 2/1 10   | -         | CLOSE-WAIT",
    );
}

#[test]
fn segment_arrives_in_closing() {
    table(
        &settings("three-way"),
        State::Closing,
        "A 2/1       | -         | CLOSING
         A 2/2       | -         | TIME-WAIT
         FA 1/1      | A 2/2     | CLOSING
         FA 1/2      | A 2/2     | CLOSING",
    );
}

#[test]
fn segment_arrives_in_last_ack() {
    table(
        &settings("three-way"),
        State::LastAck,
        "A 2/1       | -         | LAST-ACK
         A 2/2       | -         | CLOSED
         FA 1/1      | A 2/2     | LAST-ACK",
    );
}

#[test]
fn segment_arrives_in_time_wait() {
    let rows = "FA 1/2      | A 2/2     | TIME-WAIT
                A 2/2       | -         | TIME-WAIT
                PA 1/2 1    | A 2/2     | TIME-WAIT
                SA 777777/1 | A 2/2     | TIME-WAIT
                S 2         | A 2/2     | TIME-WAIT
                S 0         | A 2/2     | TIME-WAIT
                R 1         | -         | TIME-WAIT";
    let rfc9293 = settings("three-way");
    table(&rfc9293, State::TimeWait, rows);
    table(&rfc9293, State::TimeWait, "R 2 | - | CLOSED \n R 3 | A 2/2 | TIME-WAIT");

    let teardown = Teardown { reset_ends_time_wait: false, ..rfc9293.teardown.clone() };
    let rfc1337 = Settings { teardown, ..rfc9293 };
    table(&rfc1337, State::TimeWait, rows);
    table(&rfc1337, State::TimeWait, "R 2 | - | TIME-WAIT \n R 3 | - | TIME-WAIT");
}

#[test]
fn a_repeated_fin_restarts_time_wait_and_nothing_else_does() {
    let mut bench = Bench::in_state(settings("three-way"), State::TimeWait);
    bench.now = at(100_000);
    bench.arrives("FA 1/2");
    bench.now = at(200_000);
    bench.arrives("S 0");
    bench.wait(at(339_999));
    assert_eq!(bench.state, State::TimeWait);
    bench.wait(at(340_000));
    assert_eq!(bench.state, State::Closed);
}

#[test]
fn without_time_wait_the_fin_is_acknowledged_and_forgotten() {
    let settings = settings("three-way");
    let teardown = Teardown { time_wait: Duration::ZERO, ..settings.teardown.clone() };
    let settings = Settings { teardown, ..settings };
    table(&settings, State::FinWait2, "FA 1/2 | A 2/2 | CLOSED");
    table(&settings, State::Closing, "A 2/2 | - | CLOSED");
    let mut bench = Bench::in_state(settings, State::FinWait2);
    bench.arrives("FA 1/2");
    assert_eq!(bench.arrives("FA 1/2"), ["R 2"]);
}

#[test]
fn data_that_no_one_will_read_is_reset_where_close_is_half_duplex() {
    for (half_duplex_close, answer, state) in [(false, "A 2/11", State::FinWait2), (true, "R 2", State::Closed)] {
        let settings = Settings {
            limits: limits().with(|it| it.close.half_duplex_close = half_duplex_close),
            ..settings("three-way")
        };
        let mut bench = Bench::in_state(settings, State::Established);
        assert_eq!(bench.close(), ["FA 1/1"]);
        bench.arrives("A 1/2");
        assert_eq!(bench.arrives("PA 1/2 10"), [answer]);
        assert_eq!(bench.state, state);
    }
}

/// Nor will anyone read what comes with the SYN-ACK that follows a crossing SYN.
#[test]
fn data_of_a_crossing_syn_ack_is_reset_where_close_is_half_duplex() {
    for (half_duplex_close, answer, state) in [(false, "FPA 1/2 5", State::FinWait1), (true, "R 1", State::Closed)] {
        let settings = Settings {
            limits: limits().with(|it| it.close.half_duplex_close = half_duplex_close),
            ..settings("three-way")
        };
        let mut bench = Bench::connecting(settings);
        bench.arrives("S 0");
        bench.send(5);
        bench.close();
        assert_eq!((bench.state, bench.arrives("SA 0/1 1")), (State::SynReceived, vec![answer.to_owned()]));
        assert_eq!(bench.state, state);
    }
}

#[test]
fn an_acknowledgment_leaves_when_the_setting_says() {
    for (ack_timing, at_once, later) in [
        (AckTiming::AfterApplication, vec!["A 1/11"], vec![]),
        (AckTiming::AtOnce, vec!["A 1/11"], vec![]),
        (AckTiming::Delayed, vec![], vec!["0.200 A 1/11"]),
    ] {
        let settings =
            Settings { limits: limits().with(|it| it.acknowledgment.ack_timing = ack_timing), ..settings("three-way") };
        let mut bench = Bench::in_state(settings, State::Established);
        assert_eq!(bench.arrives("PA 1/1 10"), at_once);
        assert_eq!(bench.wait(at(1000)), later);
    }
}

#[test]
fn the_third_message_is_never_delayed() {
    let settings = Settings {
        limits: limits().with(|it| it.acknowledgment.ack_timing = AckTiming::Delayed),
        ..settings("three-way")
    };
    assert_eq!(Bench::connecting(settings).arrives("SA 0/1"), ["A 1/1"]);
}

#[test]
fn a_delayed_acknowledgment_waits_for_one_segment_and_no_gap() {
    let settings = Settings {
        limits: limits().with(|it| it.acknowledgment.ack_timing = AckTiming::Delayed),
        ..settings("three-way")
    };
    let mut bench = Bench::in_state(settings, State::Established);
    assert_eq!(bench.arrives("PA 1/1 10"), Vec::<String>::new());
    assert_eq!(bench.arrives("PA 11/1 10"), ["A 1/21"]);
    assert_eq!(bench.arrives("PA 31/1 10"), ["A 1/21"]);
    assert_eq!(bench.arrives("PA 21/1 10"), Vec::<String>::new());
    assert_eq!(bench.send(5), ["PA 1/41 5"], "what is sent carries it");
    bench.arrives("A 41/6");
    assert!(bench.wait(at(10_000)).is_empty());
}

/// The acknowledgment of the peer's FIN waits for something to carry it; TIME-WAIT has nothing, so it leaves then.
#[test]
fn a_delayed_acknowledgment_does_not_get_lost_on_the_way_to_time_wait() {
    for time_wait in [Duration::ZERO, Duration::from_secs(240)] {
        let rfc9293 = settings("three-way");
        let limits = limits().with(|it| it.acknowledgment.ack_timing = AckTiming::Delayed);
        let settings = Settings { limits, teardown: Teardown { time_wait, ..rfc9293.teardown.clone() }, ..rfc9293 };
        let mut bench = Bench::in_state(settings, State::FinWait1);
        assert_eq!(bench.arrives("FA 1/1"), Vec::<String>::new());
        assert_eq!(bench.state, State::Closing);
        assert_eq!(bench.arrives("A 2/2"), ["A 2/2"]);
    }
}
