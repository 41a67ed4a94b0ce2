//! Data, as far as opening and closing need it: windows, PSH, what one acknowledgment covers (RFC 9293 §3.8.6, §3.10.7.4).

use crate::testing::{Bench, at, limits, settings, table};
use crate::{Commit, Effect, Limits, Settings, State};

const NONE: [&str; 0] = [];

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

/// MUST-1, REC-1: a window of 2³¹ octets and more is a number like any other, for either end.
#[test]
fn a_window_has_no_sign() {
    let settings = with(limits().with(|it| it.sizes.window = 3_000_000_000));
    table(
        &settings,
        State::Established,
        "R 2999999999 | A 1/1 | ESTABLISHED
         R 3000000001 | -     | ESTABLISHED",
    );
    let mut bench = Bench::listening(settings);
    bench.window = 3_000_000_000;
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    assert_eq!(bench.send(10), ["PA 1/1 10"]);
}

/// MUST-34, SHLD-15, SHLD-16: a peer that takes back its window gets nothing new, and the old once more.
#[test]
fn a_window_that_shrinks_holds_back_what_is_new() {
    let mut bench = Bench::in_state(with(limits().with(|it| it.sizes.mss = 100)), State::Established);
    assert_eq!(bench.send(300).len(), 3);
    bench.window = 150;
    assert_eq!(bench.arrives("A 1/1"), NONE);
    assert_eq!(bench.send(100), NONE);
    assert_eq!(bench.wait(at(1500)), ["1.000 A 1/1 100"]);
    assert_eq!(bench.arrives("A 1/101"), ["A 101/1 100", "PA 201/1 100"]);
    bench.window = 1000;
    assert_eq!(bench.arrives("A 1/301"), ["PA 301/1 100"]);
}

/// §3.10.7.4, fifth: SND.WL1 and SND.WL2 keep an old segment from taking a newer one's window back.
#[test]
fn an_older_segment_brings_no_window() {
    let mut bench = Bench::in_state(with(limits()), State::Established);
    bench.arrives("PA 1/1 10");
    bench.arrives("PA 11/1 10");
    bench.window = 100;
    assert_eq!(bench.arrives("PA 1/1 30"), ["A 1/31"], "it has something new");
    assert_eq!(bench.send(1000), ["PA 1/31 1000"]);
}

/// SHLD-14: RCV.NXT + RCV.WND only ever moves on.
#[test]
fn the_offered_window_is_never_taken_back() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    let (mut effects, mut edge) = (Vec::new(), None);
    for segment in ["PA 1/1 10", "PA 31/1 10", "PA 11/1 10", "PA 1/1 10", "A 70000/1", "FA 41/1", "PA 21/1 10"] {
        bench.take_effects(segment, &mut effects);
        for effect in effects.drain(..) {
            if let Effect::Transmit(sent) = effect {
                let new = sent.segment.ack + sent.segment.window;
                assert!(edge.is_none_or(|old| new.at_or_after(old)), "{segment}");
                edge = Some(new);
            }
        }
    }
    assert_eq!(bench.receive(), (40, true));
}

/// MUST-66: with a receive window of zero, resets and acknowledgments count all the same.
#[test]
fn a_closed_window_lets_resets_and_acknowledgments_through() {
    let settings = with(limits().with(|it| it.sizes.window = 0));
    table(
        &settings,
        State::Established,
        "R 1        | -     | CLOSED
         R 2        | -     | ESTABLISHED
         PA 1/1 10  | A 1/1 | ESTABLISHED",
    );
    table(&settings, State::FinWait1, "A 1/2 | - | FIN-WAIT-2");
}

/// MUST-58, MUST-59: what came together, or fills a gap, is acknowledged once.
#[test]
fn acknowledgments_are_put_together() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    assert_eq!(bench.arrive_together(&["PA 1/1 10", "PA 11/1 10", "FA 21/1"]), ["A 1/22"]);

    // SHLD-31, MAY-13: what is ahead is kept, and answered.
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    assert_eq!(bench.arrives("PA 11/1 10"), ["A 1/1"]);
    assert_eq!(bench.arrives("FA 21/1"), ["A 1/1"]);
    assert_eq!(bench.arrives("PA 1/1 10"), ["A 1/22"]);
    assert_eq!((bench.state, bench.receive()), (State::CloseWait, (20, true)));
}

/// The driver is told of octets once they are in order, and whether an application is left to read them.
#[test]
fn octets_are_told_of_when_they_are_in_order() {
    let took = |bench: &mut Bench, segment: &str| {
        let mut effects = Vec::new();
        bench.take_effects(segment, &mut effects);
        let took = effects.iter().filter_map(|effect| match effect {
            Effect::Took { octets, kept, .. } => Some((*octets, *kept)),
            _ => None,
        });
        took.collect::<Vec<_>>()
    };
    let mut bench = Bench::in_state(with(limits()), State::Established);
    assert_eq!(took(&mut bench, "PA 11/1 10"), []);
    assert_eq!(took(&mut bench, "PA 1/1 10"), [(20, true)]);
    assert_eq!(took(&mut bench, "PA 11/1 10"), [], "once");
    bench.close();
    assert_eq!(took(&mut bench, "PA 21/1 5"), [(5, false)], "the application has closed");
    assert_eq!(took(&mut bench, "FA 26/1"), [], "a FIN is none");
}

/// §3.4: a FIN has a sequence number, so that it, too, is below SND.UNA + SND.WND.
#[test]
fn a_fin_waits_for_the_window() {
    for (state, closed) in [(State::Established, State::FinWait1), (State::CloseWait, State::CloseWait)] {
        let acked = if state == State::CloseWait { 2 } else { 1 };
        let mut bench = Bench::in_state(with(limits()), state);
        bench.window = 100;
        bench.arrives(&format!("A {acked}/1"));
        assert_eq!(
            bench.send_and_close(100),
            [format!("PA 1/{acked} 100")],
            "it does not ride on what fills the window"
        );
        assert_eq!((bench.state, bench.wait(at(1000))), (closed, vec![format!("1.000 PA 1/{acked} 100")]));
        assert_eq!(bench.arrives(&format!("A {acked}/101")), [format!("FA 101/{acked}")]);
        bench.arrives(&format!("A {acked}/102"));
        assert_eq!(bench.state, if state == State::CloseWait { State::Closed } else { State::FinWait2 });
    }
    // A FIN alone, behind what fills the window.
    let mut bench = Bench::in_state(with(limits()), State::Established);
    bench.window = 100;
    bench.arrives("A 1/1");
    bench.send(100);
    assert_eq!(bench.close(), NONE);
    assert_eq!(bench.arrives("A 1/101"), ["FA 101/1"]);
}

/// MUST-60, MUST-61: there is no PUSH flag to a SEND, so each leaves as soon as it may and its last segment is marked.
#[test]
fn every_send_is_pushed() {
    let mut bench = Bench::in_state(with(limits().with(|it| it.sizes.mss = 100)), State::Established);
    assert_eq!(bench.send(250), ["A 1/1 100", "A 101/1 100", "PA 201/1 50"]);
    assert_eq!(bench.send(10), ["PA 251/1 10"]);
}

/// SHLD-2: what a reset carries is nobody's concern.
#[test]
fn a_reset_may_carry_data() {
    for state in [State::SynReceived, State::Established, State::FinWait2, State::CloseWait] {
        let next = if state == State::CloseWait { 2 } else { 1 };
        table(&settings("three-way"), state, &format!("R {next} 20 | - | CLOSED"));
    }
    table(&settings("three-way"), State::SynSent, "RA 0/1 20 | - | CLOSED");
    table(&settings("three-way"), State::TimeWait, "R 2 20 | - | CLOSED");
    table(&settings("three-way"), State::Closed, "R 2 20 | - | CLOSED");
}

/// RFC 9293 §3.10.7.4, second, 1): its number is outside the window, whatever its data is.
#[test]
fn a_reset_that_begins_before_the_window_is_dropped() {
    for state in [State::SynReceived, State::Established, State::FinWait2] {
        table(&settings("three-way"), state, &format!("R 0 20 | - | {state}"));
    }
    for state in [State::CloseWait, State::TimeWait] {
        table(&settings("three-way"), state, &format!("R 1 20 | - | {state}"));
    }
}

/// MUST-14, SHLD-5, MAY-3, MUST-65: whatever it is, and nowhere else.
#[test]
fn the_segment_size_is_told_with_the_syn_alone() {
    let told = |bench: &mut Bench, arrives: &str| {
        let (segment, mut effects) = (bench.segment(arrives), Vec::new());
        bench.host.on_segment(at(0), &segment, (), &mut effects);
        bench.host.flush(at(0), &mut effects);
        let sent = effects.iter().find_map(|effect| match effect {
            Effect::Transmit(transmission) => Some(&transmission.segment),
            _ => None,
        });
        sent.map(|segment| (segment.flags.syn(), segment.options.mss))
    };
    for commit in [Commit::HalfOpen, Commit::Connection, Commit::Nothing] {
        let mut settings = with(limits().with(|it| it.sizes.mss = 536));
        settings.handshake.commit = commit;
        let mut bench = Bench::listening(settings);
        assert_eq!(told(&mut bench, "S 0"), Some((true, Some(536))), "{commit:?}");
    }
    let mut bench = Bench::in_state(with(limits()), State::Established);
    assert_eq!(told(&mut bench, "PA 1/1 10"), Some((false, None)));
}

/// MUST-15, MUST-16.
#[test]
fn a_peer_that_states_no_segment_size_gets_536_octets() {
    let mut bench = Bench::listening(with(limits()));
    for arrives in ["S 0", "A 1/1"] {
        let mut segment = bench.segment(arrives);
        segment.options.mss = None;
        bench.takes(segment);
    }
    assert_eq!(bench.send(1000), ["A 1/1 536", "PA 537/1 464"]);
}
