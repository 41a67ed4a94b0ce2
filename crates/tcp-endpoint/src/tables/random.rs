//! Random segments, calls and pauses in every state: nothing panics, and the rules that hold everywhere hold.

use proptest::prelude::*;
use sim_time::Duration;

use crate::presets::HANDSHAKES;
use crate::testing::{Bench, limits, linux, settings};
use crate::{HalfOpenCheck, Limits, Patience, Settings, State, Teardown, Unexpected};

#[derive(Clone, Debug)]
enum Move {
    Arrives(String),
    Send(usize),
    Receive,
    Shutdown,
    Close,
    Abort,
    Wait(u64),
}

fn segment() -> impl Strategy<Value = String> {
    let flags = prop::sample::select(vec!["S", "SA", "A", "PA", "FA", "FPA", "R", "RA", "P", "F", "SF", "SFRPA"]);
    let near = prop_oneof![4 => -3_i64..25, 1 => -70_000_i64..70_000, 1 => any::<u32>().prop_map(i64::from)];
    (flags, near.clone(), near, prop_oneof![Just(0_usize), 1_usize..30])
        .prop_map(|(flags, seq, ack, len)| format!("{flags} {seq}/{ack} {len}"))
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        12 => segment().prop_map(Move::Arrives),
        2 => (1_usize..5000).prop_map(Move::Send),
        2 => Just(Move::Receive),
        1 => Just(Move::Shutdown),
        1 => Just(Move::Close),
        1 => Just(Move::Abort),
        3 => (1_u64..100_000).prop_map(Move::Wait),
    ];
    prop::collection::vec(one, 1..40)
}

fn hosts() -> impl Strategy<Value = Settings> {
    let limits = prop_oneof![Just(limits()), Just(linux())];
    (prop::sample::select(HANDSHAKES), limits, any::<[bool; 5]>()).prop_map(
        |(preset, limits, [keepalive, half_duplex_close, timestamps, tail_loss_probe, orphans_end])| {
            let settings = settings(preset.name);
            let half_open_check = HalfOpenCheck::Exact;
            let fin_wait_2_timeout =
                if orphans_end { Patience::For(Duration::from_secs(60)) } else { Patience::Forever };
            Settings {
                limits: Limits { keepalive, half_duplex_close, timestamps, tail_loss_probe, half_open_check, ..limits },
                teardown: Teardown { fin_wait_2_timeout, ..settings.teardown.clone() },
                ..settings
            }
        },
    )
}

/// Makes the move, where an application is there to make it, and returns what was sent.
fn make(bench: &mut Bench, step: &Move) -> Vec<String> {
    let open = bench.socket.and_then(|socket| bench.host.status(socket)).map(|status| status.state);
    let usable = open.is_some_and(|state| state != State::Closed);
    match step {
        Move::Arrives(segment) => bench.arrives(segment),
        Move::Wait(millis) => bench.wait(bench.now + Duration::from_millis(*millis)),
        Move::Receive if open.is_some() => {
            // Of a connection that was reset there may be nothing to receive.
            let _ = bench.host.receive(bench.socket.expect("open"), u32::MAX, &mut Vec::new());
            Vec::new()
        }
        Move::Close if open.is_some() => bench.close(),
        Move::Abort if open.is_some() => bench.abort(),
        Move::Send(octets) if usable && may_send(bench) => bench.send(*octets),
        Move::Shutdown if usable && may_send(bench) => bench.shutdown(),
        _ => Vec::new(),
    }
}

/// Whether the sending direction is open; a SEND after that is an error, which the tables of calls cover.
fn may_send(bench: &mut Bench) -> bool {
    let socket = bench.socket.expect("open");
    bench.host.clone().send(socket, Vec::new()).is_ok()
}

proptest! {
    #[test]
    fn nothing_panics_and_everything_ends(
        settings in hosts(),
        start in prop::sample::select(&State::ALL[..]),
        moves in moves(),
    ) {
        let silent = settings.handshake.unexpected == Unexpected::Silence;
        let mut bench = Bench::in_state(settings, start);
        for step in &moves {
            let before = bench.state;
            let sent = make(&mut bench, step);
            if let Move::Arrives(segment) = step {
                prop_assert!(!segment.starts_with("R ") || sent.iter().all(|answer| !answer.starts_with('R')),
                    "a reset was answered with a reset: {segment} → {sent:?}");
                let quiet = silent && matches!(before, State::Listen | State::SynSent);
                prop_assert!(!quiet || sent.iter().all(|answer| !answer.starts_with("R ")),
                    "silence was broken in {before}: {segment} → {sent:?}");
            }
        }
        // Left alone by its peer and closed by its application, every connection is over some time.
        if bench.socket.is_some_and(|socket| bench.host.status(socket).is_some()) {
            bench.close();
        }
        bench.wait(bench.now + Duration::from_secs(100_000));
        let kept_open = matches!(bench.state, State::Closed | State::Listen | State::FinWait2 | State::Established);
        prop_assert!(kept_open, "{} lasts for ever", bench.state);
    }

    /// A reset counts only at RCV.NXT exactly (RFC 5961 §3.2), or, in SYN-SENT, if it acknowledges the SYN.
    #[test]
    fn only_an_exact_reset_resets(
        settings in hosts(),
        state in prop::sample::select(&State::ALL[2..]),
        seq in -70_000_i64..140_000,
        ack in -5_i64..5,
    ) {
        let mut bench = Bench::in_state(settings, state);
        let before = bench.state;
        prop_assume!(before.synchronized() || before == State::SynReceived);
        let next = i64::from(matches!(before, State::CloseWait | State::Closing | State::LastAck | State::TimeWait)) + 1;
        bench.arrives(&format!("RA {seq}/{ack}"));
        prop_assert_eq!(bench.state == State::Closed, seq == next, "in {}", before);
    }
}
