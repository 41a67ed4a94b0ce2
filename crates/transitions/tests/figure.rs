//! What a host does beside figure 5 of RFC 9293, as text.

use std::fmt::Write;

use expect_test::{Expect, expect};
use experiment::Experiment;
use tcp_endpoint::{EntryKind, Settings, State};
use transitions::{Arc, FIGURE, Place, Standing, Transitions, compare};

/// What a host of a profile is set to, with a handshake and a teardown.
fn settings(profile: &str, handshake: &str, teardown: &str) -> Settings {
    let text = format!(
        "handshake = {handshake:?}\nteardown = {teardown:?}\nhorizon = \"1s\"\n\
         [link]\ndelay = \"1ms\"\n\
         [client]\nprofile = {profile:?}\nscript = [\"connect\"]\n\
         [server]\nprofile = {profile:?}\nscript = [\"accept\"]\n"
    );
    let experiment = Experiment::parse("settings.toml", &text, &[]).expect("it is right");
    let variant = experiment.variant(None, None).expect("it has one");
    experiment.scenario(&variant).expect("it is right").hosts[0].settings.clone()
}

fn arcs(handshake: &str) -> Vec<Arc> {
    compare(&Transitions::of(&settings("rfc9293", handshake, "rfc9293")))
}

/// A line for each: its mark, and what brings it about.
fn lines(arcs: &[Arc]) -> Vec<String> {
    let line = |arc: &Arc| {
        let mark = match arc.standing {
            Standing::Same => "=",
            Standing::OtherAction => "~",
            Standing::Added => "+",
            Standing::Missing => "-",
        };
        let mut line = format!("{mark} {} → {}:", arc.from, arc.to);
        for cause in arc.plain_causes().iter().take(3) {
            let sent = if cause.sent.is_empty() { "x".to_owned() } else { cause.sent.join(" ") };
            let full = if cause.crowded { " (full)" } else { "" };
            write!(line, " {} / {sent}{full};", cause.event.words()).expect("a string takes it");
        }
        line.trim_end_matches([';', ':']).to_owned()
    };
    arcs.iter().map(line).collect()
}

fn looks(lines: &[String], expected: &Expect) {
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

/// All of the figure but one arrow: a SEND in LISTEN. RFC 9293 §3.10.2 has it for a listener whose remote socket is specified;
/// listeners here take any, as those of the sockets' interface do.
#[test]
fn three_way_is_the_figure_and_what_its_notes_leave_out() {
    looks(
        &lines(&arcs("three-way")),
        &expect![[r#"
            = CLOSED → LISTEN: passive OPEN / x
            = CLOSED → SYN-SENT: active OPEN / SYN
            = LISTEN → CLOSED: CLOSE of the listener / x
            = SYN-SENT → CLOSED: CLOSE / x; ABORT / x
            = LISTEN → SYN-RECEIVED: rcv SYN / SYN,ACK
            - LISTEN → SYN-SENT
            = SYN-RECEIVED → LISTEN: rcv RST / x
            = SYN-SENT → SYN-RECEIVED: rcv SYN / SYN,ACK
            = SYN-RECEIVED → ESTABLISHED: rcv ACK / x; rcv FIN / ACK; rcv octets / ACK
            = SYN-SENT → ESTABLISHED: rcv SYN,ACK / ACK
            = SYN-RECEIVED → FIN-WAIT-1: CLOSE / FIN
            = ESTABLISHED → FIN-WAIT-1: CLOSE / FIN
            = ESTABLISHED → CLOSE-WAIT: rcv FIN / ACK
            = FIN-WAIT-1 → FIN-WAIT-2: rcv ACK / x; rcv FIN / ACK; rcv octets / ACK
            = FIN-WAIT-1 → CLOSING: rcv crossing FIN / ACK
            = CLOSE-WAIT → LAST-ACK: CLOSE / FIN
            = FIN-WAIT-2 → TIME-WAIT: rcv FIN / ACK
            = CLOSING → TIME-WAIT: rcv ACK / x
            = LAST-ACK → CLOSED: rcv ACK / x
            = TIME-WAIT → CLOSED: timeout / x
            + LISTEN → CLOSED: crash / x
            + SYN-SENT → CLOSED: rcv RST / x
            + SYN-SENT → CLOSED: timeout / x
            + SYN-SENT → CLOSED: crash / x
            + SYN-RECEIVED → CLOSED: CLOSE of the listener / x; ABORT / RST
            + SYN-RECEIVED → CLOSED: rcv RST / x
            + SYN-RECEIVED → CLOSED: timeout / x
            + SYN-RECEIVED → CLOSED: crash / x
            + SYN-RECEIVED → LISTEN: rcv new SYN / x
            + SYN-RECEIVED → LISTEN: timeout / x
            + ESTABLISHED → CLOSED: ABORT / RST; CLOSE of the listener / RST
            + ESTABLISHED → CLOSED: rcv RST / x
            + ESTABLISHED → CLOSED: timeout / x
            + ESTABLISHED → CLOSED: crash / x
            + FIN-WAIT-1 → CLOSED: ABORT / RST
            + FIN-WAIT-1 → CLOSED: rcv RST / x
            + FIN-WAIT-1 → CLOSED: timeout / x
            + FIN-WAIT-1 → CLOSED: crash / x
            + FIN-WAIT-2 → CLOSED: ABORT / RST
            + FIN-WAIT-2 → CLOSED: rcv FIN / ACK (full)
            + FIN-WAIT-2 → CLOSED: rcv RST / x
            + FIN-WAIT-2 → CLOSED: crash / x
            + CLOSE-WAIT → CLOSED: CLOSE of the listener / RST; ABORT / RST
            + CLOSE-WAIT → CLOSED: rcv RST / x
            + CLOSE-WAIT → CLOSED: timeout / x
            + CLOSE-WAIT → CLOSED: crash / x
            + CLOSING → CLOSED: ABORT / x
            + CLOSING → CLOSED: rcv ACK / x (full)
            + CLOSING → CLOSED: rcv RST / x
            + CLOSING → CLOSED: timeout / x
            + CLOSING → CLOSED: crash / x
            + LAST-ACK → CLOSED: ABORT / x
            + LAST-ACK → CLOSED: rcv RST / x
            + LAST-ACK → CLOSED: timeout / x
            + LAST-ACK → CLOSED: crash / x
            + TIME-WAIT → CLOSED: ABORT / x
            + TIME-WAIT → CLOSED: rcv RST / x
            + TIME-WAIT → CLOSED: crash / x
        "#]],
    );
}

/// What a handshake does otherwise than three-way.
fn differs(handshake: &str, expected: &Expect) {
    let (usual, other) = (lines(&arcs("three-way")), lines(&arcs(handshake)));
    let gone = usual.iter().filter(|line| !other.contains(line)).map(|line| format!("not: {line}"));
    let new = other.iter().filter(|line| !usual.contains(line)).map(|line| format!("but: {line}"));
    looks(&gone.chain(new).collect::<Vec<_>>(), expected);
}

#[test]
fn two_way_skips_syn_received() {
    differs(
        "two-way",
        &expect![[r#"
            not: = LISTEN → SYN-RECEIVED: rcv SYN / SYN,ACK
            not: = SYN-RECEIVED → LISTEN: rcv RST / x
            not: = SYN-SENT → SYN-RECEIVED: rcv SYN / SYN,ACK
            not: = SYN-RECEIVED → ESTABLISHED: rcv ACK / x; rcv FIN / ACK; rcv octets / ACK
            not: = SYN-SENT → ESTABLISHED: rcv SYN,ACK / ACK
            not: = SYN-RECEIVED → FIN-WAIT-1: CLOSE / FIN
            not: + SYN-RECEIVED → CLOSED: CLOSE of the listener / x; ABORT / RST
            not: + SYN-RECEIVED → CLOSED: rcv RST / x
            not: + SYN-RECEIVED → CLOSED: timeout / x
            not: + SYN-RECEIVED → CLOSED: crash / x
            not: + SYN-RECEIVED → LISTEN: rcv new SYN / x
            not: + SYN-RECEIVED → LISTEN: timeout / x
            not: + ESTABLISHED → CLOSED: ABORT / RST; CLOSE of the listener / RST
            but: - LISTEN → SYN-RECEIVED
            but: - SYN-RECEIVED → LISTEN
            but: - SYN-SENT → SYN-RECEIVED
            but: - SYN-RECEIVED → ESTABLISHED
            but: ~ SYN-SENT → ESTABLISHED: rcv SYN / SYN,ACK; rcv SYN,ACK / x
            but: - SYN-RECEIVED → FIN-WAIT-1
            but: + LISTEN → ESTABLISHED: rcv SYN / SYN,ACK
            but: + ESTABLISHED → CLOSED: CLOSE of the listener / RST; ABORT / RST
        "#]],
    );
}

#[test]
fn cookies_keep_nothing_of_a_syn() {
    differs(
        "syn-cookies",
        &expect![[r#"
            not: = LISTEN → SYN-RECEIVED: rcv SYN / SYN,ACK
            not: = SYN-RECEIVED → LISTEN: rcv RST / x
            not: = SYN-RECEIVED → ESTABLISHED: rcv ACK / x; rcv FIN / ACK; rcv octets / ACK
            not: + SYN-RECEIVED → CLOSED: CLOSE of the listener / x; ABORT / RST
            not: + SYN-RECEIVED → LISTEN: rcv new SYN / x
            not: + SYN-RECEIVED → LISTEN: timeout / x
            but: - LISTEN → SYN-RECEIVED
            but: - SYN-RECEIVED → LISTEN
            but: = SYN-RECEIVED → ESTABLISHED: rcv SYN,ACK / x; rcv ACK / x; rcv FIN / ACK
            but: + LISTEN → LISTEN: rcv SYN / SYN,ACK
            but: + LISTEN → ESTABLISHED: rcv ACK / x; rcv FIN / ACK; rcv octets / ACK
            but: + SYN-RECEIVED → CLOSED: ABORT / RST
        "#]],
    );
}

#[test]
fn a_cache_throws_its_oldest_out() {
    differs(
        "syn-cache",
        &expect![[r#"
            but: + SYN-RECEIVED → LISTEN: SYNs of another / x (full)
        "#]],
    );
}

#[test]
fn hold_down_is_a_place_of_its_own() {
    differs(
        "two-way-hold-down",
        &expect![[r#"
            not: = LISTEN → SYN-RECEIVED: rcv SYN / SYN,ACK
            not: = SYN-RECEIVED → LISTEN: rcv RST / x
            not: = SYN-SENT → SYN-RECEIVED: rcv SYN / SYN,ACK
            not: = SYN-RECEIVED → ESTABLISHED: rcv ACK / x; rcv FIN / ACK; rcv octets / ACK
            not: = SYN-SENT → ESTABLISHED: rcv SYN,ACK / ACK
            not: = SYN-RECEIVED → FIN-WAIT-1: CLOSE / FIN
            not: + SYN-RECEIVED → CLOSED: CLOSE of the listener / x; ABORT / RST
            not: + SYN-RECEIVED → CLOSED: rcv RST / x
            not: + SYN-RECEIVED → CLOSED: timeout / x
            not: + SYN-RECEIVED → CLOSED: crash / x
            not: + SYN-RECEIVED → LISTEN: rcv new SYN / x
            not: + SYN-RECEIVED → LISTEN: timeout / x
            not: + ESTABLISHED → CLOSED: ABORT / RST; CLOSE of the listener / RST
            but: - LISTEN → SYN-RECEIVED
            but: - SYN-RECEIVED → LISTEN
            but: - SYN-SENT → SYN-RECEIVED
            but: - SYN-RECEIVED → ESTABLISHED
            but: ~ SYN-SENT → ESTABLISHED: rcv SYN / SYN,ACK; rcv SYN,ACK / x
            but: - SYN-RECEIVED → FIN-WAIT-1
            but: + CLOSED → HELD DOWN: rcv RST / x; CLOSE of the listener / RST; ABORT / RST
            but: + LISTEN → ESTABLISHED: rcv SYN / SYN,ACK
            but: + ESTABLISHED → CLOSED: CLOSE of the listener / RST; ABORT / RST
            but: + HELD DOWN → CLOSED: active OPEN / SYN; timeout / x; crash / x
        "#]],
    );
}

#[test]
fn twice_is_the_same() {
    let settings = settings("linux", "t-tcp", "rfc9293");
    assert_eq!(Transitions::of(&settings), Transitions::of(&settings));
}

/// Whatever a host is set to, exploring it comes to an end, and it opens and closes as every TCP does.
#[test]
fn every_handshake_and_profile_opens_and_closes() {
    for preset in tcp_endpoint::presets::HANDSHAKES {
        for profile in ["rfc9293", "linux", "freebsd"] {
            let settings = settings(profile, preset.name, "rfc9293");
            let transitions = Transitions::of(&settings);
            let name = format!("{} {profile}", preset.name);
            let arcs = compare(&transitions);
            let missing: Vec<_> = arcs.iter().filter(|arc| arc.standing == Standing::Missing).collect();
            let opening = [State::Listen, State::SynSent, State::SynReceived].map(Place::from);
            assert!(missing.iter().all(|arc| opening.contains(&arc.from)), "{name}: {missing:#?}");
            assert!(arcs.iter().any(|arc| arc.to == State::Established.into()), "{name}");
        }
    }
}

#[test]
fn a_closing_variant_is_seen() {
    let has = |teardown: &str, from: State, to: State| {
        let arcs = compare(&Transitions::of(&settings("rfc9293", "three-way", teardown)));
        arcs.iter().any(|arc| (arc.from, arc.to) == (from.into(), to.into()) && arc.standing == Standing::Added)
    };
    assert!(has("opener-time-wait", State::LastAck, State::TimeWait));
    assert!(!has("rfc9293", State::LastAck, State::TimeWait));
}

/// What is kept of a connection that is opened by a SYN: a small entry, a full one, or nothing at all.
#[test]
fn entries_are_told() {
    let kept = |handshake: &str| {
        let entries = Transitions::of(&settings("rfc9293", handshake, "rfc9293")).entries;
        let passive = entries.into_iter().filter(|(state, _, passive)| *state == State::SynReceived && *passive);
        passive.map(|(_, kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kept("three-way"), [EntryKind::HalfOpen]);
    assert_eq!(kept("t-tcp"), [EntryKind::Connection]);
    assert_eq!(kept("syn-cookies"), []);
    assert_eq!(kept("fast-open"), [EntryKind::HalfOpen, EntryKind::Connection]);
}

/// The table has the figure's states, and no arrow twice.
#[test]
fn the_figure_is_whole() {
    let mut pairs: Vec<_> = FIGURE.iter().map(|arc| (arc.from, arc.to)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    assert_eq!(pairs.len(), FIGURE.len());
    for state in State::ALL {
        assert!(FIGURE.iter().any(|arc| arc.from == state) && FIGURE.iter().any(|arc| arc.to == state), "{state}");
    }
}
