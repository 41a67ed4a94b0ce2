use expect_test::{Expect, expect};
use experiment::{Experiment, LedgerFold, Resource, Variant, cases, claims, simulate};

use super::*;

fn experiment(name: &str) -> Experiment {
    Experiment::load(name, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(super) fn explained(experiment: &Experiment, variant: &Variant, all: bool) -> String {
    let scenario = experiment.scenario(variant).unwrap();
    let mut explanation = Explanation::new(Hosts::of(&scenario), all);
    simulate(&scenario, &mut explanation).unwrap();
    without_legend(&explanation.render(scenario.horizon, Colour::Never))
}

/// The legend is the same everywhere.
pub(super) fn without_legend(told: &str) -> String {
    let told = told.strip_suffix(WASTED).unwrap_or(told);
    told.strip_suffix(LEGEND).map_or_else(|| told.to_owned(), |told| told.trim_end_matches('\n').to_owned() + "\n")
}

#[test]
fn what_names_mean_is_told_once_where_there_are_any() {
    let told = |case: &str| {
        let experiment = experiment(case);
        let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
        let mut explanation = Explanation::new(Hosts::of(&scenario), false);
        simulate(&scenario, &mut explanation).unwrap();
        explanation.render(scenario.horizon, Colour::Never)
    };
    let [stale, orderly] = ["stale-syn", "handshake"].map(told);
    assert_eq!(stale.matches(LEGEND).count(), 1, "{stale}");
    assert_eq!(orderly.matches(LEGEND).count(), 0, "{orderly}");
}

fn explains(case: &str, handshake: &str, expected: &Expect) {
    let experiment = experiment(case);
    let variant = experiment.variant(Some(handshake), None).unwrap();
    expected.assert_eq(&explained(&experiment, &variant, true));
}

/// Explains an experiment of its own, whose hosts are a client and a server 50 ms apart.
fn explains_own(text: &str, expected: &Expect) {
    let text = format!("{text}\n[link]\ndelay = \"50ms\"\n");
    let experiment = Experiment::parse("own.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = experiment.variant(None, None).unwrap();
    expected.assert_eq(&explained(&experiment, &variant, true));
}

#[test]
fn a_stale_syn_makes_a_ghost() {
    explains(
        "stale-syn",
        "two-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
               the end of the run, 10800.000 s: 38.7 MB·s, 10,800 worker·s and 1 wasted segment
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
               enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
               become ESTABLISHED at 1.100 s and closed at 2.400 s (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
               and sent no reset (unexpected = "silence").
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1 (ghost): waits since 5.000 s in step 2, `receive 100 B`: nothing has
               come
               Nobody is at its other end.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_reset_ends_the_ghost() {
    explains(
        "stale-syn",
        "two-way-rst",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
               5.100 s: 358 B·s, 0.1 worker·s and 2 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
               enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
               become ESTABLISHED at 1.100 s and closed at 2.400 s (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
               and answered with RST 1. That came at 5.100 s and ended it.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn a_reset_ends_the_half_open_entry() {
    explains(
        "stale-syn",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 5.100 s: 32 B·s
               and 2 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and closed at 2.400 s
               (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
               and answered with RST 1. That came at 5.100 s and ended it.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn silence_keeps_the_half_open_entry_until_the_server_gives_up() {
    explains(
        "stale-syn",
        "three-way-silent",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 68.000 s: 20.2
               kB·s and 6 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and closed at 2.400 s
               (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 6 times, from 5.000 s to 36.000 s. Each reached client, which had no
               connection for it and sent no reset (unexpected = "silence").
               server gave up at 68.000 s, in SYN-RECEIVED.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn a_lost_reset_is_to_blame_from_then_on() {
    explains(
        "stale-syn-reset-lost",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 6.100 s: 352 B·s
               and 4 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and closed at 2.400 s
               (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
               and answered with RST 1. That was lost (dropped by fault 2): if it had arrived, that would have
               been the end.
               server sent SYN,ACK 0/1 again at 6.000 s. At 6.050 s it reached client, which had no connection
               for it and answered with RST 1. That came at 6.100 s and ended it.
               To blame for 336 B·s and 2 wasted segments: a lost segment: RST 1 of client #1, sent 5.050, lost
               (fault 2).
               To blame for 16 B·s and 2 wasted segments: a delayed segment: SYN 0 of client #1, sent 0.000,
               arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn resets_that_are_lost_alike_are_told_together() {
    explains(
        "stale-syn-resets-lost",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 68.000 s: 20.2
               kB·s and 12 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and closed at 2.400 s
               (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 6 times, from 5.000 s to 36.000 s. Each reached client, which had no
               connection for it and answered with RST 1. Each of these was lost (dropped by fault 2): if it had
               arrived, that would have been the end.
               server gave up at 68.000 s, in SYN-RECEIVED.
               To blame for 10.2 kB·s: a lost segment: RST 1 of client #1, sent 36.050, lost (fault 2).
               To blame for 5.12 kB·s and 2 wasted segments: a lost segment: RST 1 of client #1, sent 20.050,
               lost (fault 2).
               To blame for 2.56 kB·s and 2 wasted segments: a lost segment: RST 1 of client #1, sent 12.050,
               lost (fault 2).
               To blame for 1.28 kB·s and 2 wasted segments: a lost segment: RST 1 of client #1, sent 8.050,
               lost (fault 2).
               To blame for 640 B·s and 2 wasted segments: a lost segment: RST 1 of client #1, sent 6.050, lost
               (fault 2).
               To blame for 320 B·s and 2 wasted segments: a lost segment: RST 1 of client #1, sent 5.050, lost
               (fault 2).
               To blame for 16 B·s and 2 wasted segments: a delayed segment: SYN 0 of client #1, sent 0.000,
               arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn a_lost_answer_is_to_blame_at_once() {
    explains(
        "stale-syn-answer-lost",
        "two-way-rst",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
               the end of the run, 10800.000 s: 38.7 MB·s, 10,800 worker·s and 1 wasted segment
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
               enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
               become ESTABLISHED at 1.100 s and closed at 2.400 s (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. It was lost (dropped by fault 2): if it had arrived, that
               would have been the end.
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame for 38.7 MB·s and 10,800 worker·s: a lost segment: SYN,ACK 0/1 of server, sent 5.000,
               lost (fault 2).
               To blame for 1 wasted segment: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000
               (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1 (ghost): waits since 5.000 s in step 2, `receive 100 B`: nothing has
               come
               Nobody is at its other end.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_stale_syn_ends_the_time_wait_of_its_client() {
    explains(
        "stale-syn-time-wait",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 6.100 s: 352 B·s
               and 5 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and come to TIME-WAIT at
               1.400 s.
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which was in TIME-WAIT and
               answered with ACK 102/102.
               server answered ACK 102/102 with RST 102 at 5.100 s. At 5.150 s it reached client, which was in
               TIME-WAIT and was reset.
               server sent SYN,ACK 0/1 again at 6.000 s. At 6.050 s it reached client, which had no connection
               for it and answered with RST 1. That came at 6.100 s and ended it.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: reset at 5.150 s, in TIME-WAIT
               By RST 102 of server, sent 5.100, arrived 5.150.
               It answers ACK 102/102 of client #1, sent 5.050, arrived 5.100: server:80 ← client:49152 #1, in
               SYN-RECEIVED, does not accept that.
        "#]],
    );
}

#[test]
fn an_endless_exchange_is_cut_short() {
    explains(
        "endless-half-open",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 68.000 s: 20.2
               kB·s and 6,426 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and come to TIME-WAIT at
               1.400 s.
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which was in TIME-WAIT and
               answered with ACK 100002/102.
               server answered ACK 100002/102 with ACK 1/1 9 times, from 5.100 s to 5.900 s. Each reached
               client, which was in TIME-WAIT and answered with ACK 100002/102.
               server sent SYN,ACK 0/1 again at 6.000 s. At 6.050 s it reached client, which was in TIME-WAIT
               and answered with ACK 100002/102.
               server answered ACK 100002/102 with ACK 1/1 39 times, from 6.000 s to 7.900 s. Each reached
               client, which was in TIME-WAIT and answered with ACK 100002/102.
               Up to 20.000 s 441 more steps are not told.
               server answered ACK 100002/102 with ACK 1/1 799 times, from 20.000 s to 35.900 s. Each reached
               client, which was in TIME-WAIT and answered with ACK 100002/102.
               server sent SYN,ACK 0/1 again at 36.000 s. At 36.050 s it reached client, which was in TIME-WAIT
               and answered with ACK 100002/102.
               server answered ACK 100002/102 with ACK 1/1 1,919 times, from 36.000 s to 67.900 s. Each reached
               client, which was in TIME-WAIT and answered with ACK 100002/102.
               server gave up at 68.000 s, in SYN-RECEIVED.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: reset at 68.050 s, in TIME-WAIT
               By RST 102 of server, sent 68.000, arrived 68.050.
               It answers ACK 100002/102 of client #1, sent 67.950, arrived 68.000: server had no connection for
               it any more: it gave up at 68.000 s.
        "#]],
    );
}

#[test]
fn keepalive_asks_in_vain() {
    explains(
        "stale-syn-keepalive",
        "two-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
               7880.000 s: 28.2 MB·s, 7,880 worker·s and 10 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
               enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
               become ESTABLISHED at 1.100 s and closed at 2.400 s (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
               and sent no reset (unexpected = "silence").
               server sent keepalive ACK 0/1 9 times, from 7205.000 s to 7805.000 s. Each reached client, which
               had no connection for it and sent no reset (unexpected = "silence").
               server gave up at 7880.000 s, in ESTABLISHED.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn a_duplicate_opens_a_connection_of_its_own() {
    explains(
        "syn-cookies-stale-ack",
        "syn-cookies",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.100 s to
               the end of the run, 3600.000 s: 12.9 MB·s and 3,590 worker·s
               ACK 1/1 of client, sent at 0.100 s, came at 5.100 s once more, duplicated by fault 1 (the first
               copy at 0.150 s), and opened it. By then client had become ESTABLISHED at 0.100 s and closed at
               1.400 s (TIME-WAIT ran out).
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a duplicated segment: ACK 1/1 of client #1, sent 0.100, arrived 0.150 and 5.100 and
               200.100 (fault 1).

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1 (ghost): waits since 5.100 s in step 2, `receive 100 B`: nothing has
               come
               Nobody is at its other end.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_listener_that_keeps_nothing_only_answers() {
    explains(
        "stale-syn-cookies",
        "syn-cookies",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, SYN cookies for nobody, the first at 5.000 s: 2 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and was answered. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and closed at 2.400 s
               (TIME-WAIT ran out).
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
               and answered with RST 1.
               server kept nothing of it.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}

#[test]
fn a_crash_goes_unheard() {
    explains(
        "crash-unheard",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a connection with its socket, held for nobody from 2.000 s to
               4.100 s: 7.53 kB·s and 2.1 worker·s
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 2.000 s on nobody was at its other end: client had crashed.
               server sent DATA 101/101 100 B at 4.000 s. At 4.050 s it reached client, which had no connection
               for it and answered with RST 101. That came at 4.100 s and ended it.
               To blame: the crash of client at 2.000 s.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: 100 B of server lost at 4.100 s
               server's end was over at 4.100 s, in ESTABLISHED: reset, client had no connection for it any
               more: a crash.
               No application got them.
            2. server:80 ← client:49152 #1: reset at 4.100 s, in ESTABLISHED
               By RST 101 of client #1, sent 4.050, arrived 4.100.
               It answers DATA 101/101 100 B of server, sent 4.000, arrived 4.050: client had no connection for
               it any more: a crash at 2.000 s.
            3. client:49152 → server:80 #1: cut short at 2.000 s, in ESTABLISHED: client crashed
               server's end was in ESTABLISHED then.
        "#]],
    );
}

#[test]
fn a_crashed_client_opens_again_and_is_asked() {
    explains(
        "crash-reconnect",
        "three-way-silent",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:5000 #1, a connection with its socket, held for nobody from 2.000 s to the end
               of the run, 3600.000 s: 12.9 MB·s and 3,600 worker·s
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 2.000 s on nobody was at its other end: client had crashed.
               server answered SYN 0 of #2 with ACK 101/101 8 times, from 4.050 s to 127.050 s. Each reached
               client, which had another connection in SYN-SENT and did not answer.
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: the crash of client at 2.000 s.

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #2: timed out at 187.000 s, after 183 s
               SYNs: 8 sent, 8 at another connection. SYN-ACKs: none sent.
               The first without effect: SYN 0 of client #2, sent 4.000, arrived 4.050. The other connection was
               server:80 ← client:5000 #1, in ESTABLISHED.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:5000 → server:80 #1: cut short at 2.000 s, in ESTABLISHED: client crashed
               server's end was in ESTABLISHED then.

            Scripts that still wait at the end of the run
            1. server:80 ← client:5000 #1: waits since 0.150 s in step 4, `close on EOF`: the peer has not
               closed
               client's end was over at 2.000 s, in ESTABLISHED: a crash.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_host_is_down_and_keeps_quiet() {
    explains(
        "quiet-time",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:5000 #1, a half-open entry, then a connection with its socket, held for nobody
               from 1.000 s to 67.100 s: 224 kB·s, 62 worker·s and 2 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 1.000 s on nobody was at its other end: client had crashed.
               server sent SYN,ACK 0/1 again at 1.050 s. At 1.100 s it reached client, which was down.
               server sent SYN,ACK 0/1 again at 3.050 s. At 3.100 s it reached client, which kept quiet after
               its reboot.
               DATA 1/1 100 B of client, sent at 0.100 s, came at 5.100 s and brought it to ESTABLISHED.
               server answered DATA 1/1 100 B with ACK 1/101 at 5.100 s (client had sent that at 0.100 s). At
               5.150 s it reached client, which kept quiet after its reboot.
               server sent DATA 1/101 10 B 4 times, from 7.100 s to 35.100 s. Each reached client, which kept
               quiet after its reboot.
               server gave up at 67.100 s, in ESTABLISHED.
               To blame: the crash of client at 1.000 s.

            Opens that failed or were slow, and why
            1. client → server:80: the call to open failed at 4.000 s: quiet time after a reboot

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:5000 #1: 10 B of server lost at 67.100 s
               server's end was over at 67.100 s, in ESTABLISHED: it gave up.
               No application got them.
            2. server:80 ← client:5001 #2: 10 B of server lost at 127.200 s
               They had arrived, and nobody had read them: client's application had closed at 125.100 s.
            3. client:5000 → server:80 #1: cut short at 1.000 s, in ESTABLISHED: client crashed
               server's end was in SYN-RECEIVED then.
            4. server:80 ← client:5000 #1: gave up at 67.100 s, in ESTABLISHED
               Segments since the last that came: 5 sent, 5 at a host that was down or kept quiet.
               The first without effect: ACK 1/101 of server, sent 5.100, arrived 5.150.
               client's end was over at 1.000 s, in ESTABLISHED: a crash.
        "#]],
    );
}

#[test]
fn an_abort_goes_unheard() {
    explains(
        "abort-reset-lost",
        "two-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a connection with its socket, held for nobody from 1.000 s to the
               end of the run, 10800.000 s: 38.7 MB·s and 10,800 worker·s
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it. A SYN is enough for server: it
               was ESTABLISHED at once.
               From 1.000 s on nobody was at its other end: client had aborted (by a call of its application).
               It said so with RST 101, which was lost (dropped by fault 1).
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a lost segment: RST 101 of client #1, sent 1.000, lost (fault 1).

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1: waits since 0.150 s in step 4, `close on EOF`: the peer has not
               closed
               client's end was over at 1.000 s, in ESTABLISHED: aborted by its application.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_client_gives_up() {
    explains(
        "time-wait-assassination-data",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:5000 #2, a connection with its socket, held for nobody from 153.000 s to the
               end of the run, 600.000 s: 1.6 MB·s and 447 worker·s
               SYN 0 of client, sent at 10.000 s, came at 10.050 s and opened it.
               From 153.000 s on nobody was at its other end: client had given up (in FIN-WAIT-1, when its last
               timer ran out).
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a duplicated segment: DATA 1/101 100 B of server, sent 0.150, arrived 0.200 and 5.150
               and 20.150 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:5000 → server:80 #2: its application was given 100 B that its peer had not sent, at
               30.000 s
               They came with DATA 1/101 100 B of server, sent 0.150, arrived 0.200 and 5.150 and 20.150 (fault
               1): its numbers fit this connection, too.
            2. client:5000 → server:80 #2: 100 B of client lost at 153.000 s
               client's end was over at 153.000 s, in FIN-WAIT-1: it gave up.
               No application got them.
            3. client:5000 → server:80 #1: reset at 5.250 s, in TIME-WAIT
               By RST 102 of server, sent 5.200, arrived 5.250.
               It answers ACK 102/102 of client #1, sent 5.150, arrived 5.200: server had no connection for it
               any more: closed at 0.350 s.
            4. client:5000 → server:80 #2: gave up at 153.000 s, in FIN-WAIT-1
               FINs: 7 sent, 7 arrived.
               Since its first FIN 50 segments had come, none of which acknowledged it.
               server's end was in ESTABLISHED then.

            Scripts that still wait at the end of the run
            1. server:80 ← client:5000 #2: waits since 10.150 s in step 2, `receive 100 B`: nothing has come
               client's end was over at 153.000 s, in FIN-WAIT-1: it gave up.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn nothing_was_wasted() {
    explains(
        "time-wait-assassination",
        "three-way",
        &expect![[r#"
            Nothing was held for nobody.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: reset at 5.300 s, in TIME-WAIT
               By RST 102 of server, sent 5.250, arrived 5.300.
               It answers ACK 102/102 of client #1, sent 5.200, arrived 5.250: server had no connection for it
               any more: closed at 0.350 s.
        "#]],
    );
    explains(
        "blind-reset",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. client:49152 → server:80 #1, a connection with its socket, held for nobody from 3.000 s to
               4.100 s: 3.94 kB·s
               client opened it at 0.000 s.
               From 3.000 s on nobody was at its other end: server had been reset (by forged RST 101).
               client sent DATA 101/1 100 B at 4.000 s. At 4.050 s it reached server, which had no connection
               for it and answered with RST 1. That came at 4.100 s and ended it.
               To blame: a forged segment: RST 101 as if from client:49152, came at 3.000.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: 100 B of client lost at 4.100 s
               client's end was over at 4.100 s, in ESTABLISHED: reset, server had no connection for it any
               more: reset.
               No application got them.
            2. client:49152 → server:80 #1: reset at 4.100 s, in ESTABLISHED
               By RST 1 of server, sent 4.050, arrived 4.100.
               It answers DATA 101/1 100 B of client #1, sent 4.000, arrived 4.050: server had no connection for
               it any more: reset at 3.000 s.
            3. server:80 ← client:49152 #1: reset at 3.000 s, in ESTABLISHED
               By RST 101 as if from client:49152, came at 3.000.
               Why: the reset was forged.
        "#]],
    );
}

/// A client that is reset by a stranger has a server that does not know.
#[test]
fn a_forged_reset_goes_unheard_at_the_other_end() {
    explains_own(
        r#"
        horizon = "100s"
        [client]
        script = ["connect", "send 100 B", "receive EOF"]
        [server]
        script = ["accept", "receive 100 B", "receive 100 B"]
        [[inject]]
        at = "3s"
        from = "server"
        flags = "RST"
        seq = 1
        "#,
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a connection with its socket, held for nobody from 3.000 s to the
               end of the run, 100.000 s: 348 kB·s and 97 worker·s
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 3.000 s on nobody was at its other end: client had been reset (by forged RST 1).
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a forged segment: RST 1 as if from server:80, came at 3.000.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: reset at 3.000 s, in ESTABLISHED
               By RST 1 as if from server:80, came at 3.000.
               Why: the reset was forged.

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1: waits since 0.150 s in step 3, `receive 100 B`: nothing has come
               client's end was over at 3.000 s, in ESTABLISHED: reset, the reset was forged.
               Nothing is on its way between them.
        "#]],
    );
}

/// What is on its way at the end of the run is not lost.
#[test]
fn the_end_of_the_run_cuts_in() {
    explains_own(
        r#"
        horizon = "5020ms"
        handshake = ["two-way"]
        [[link.fault]]
        on = { from = "client", flags = "SYN", nth = 1 }
        delay = "5s"
        [client]
        script = ["connect", "abort"]
        [server]
        script = ["accept"]
        "#,
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a connection with its socket, held for nobody from 1.100 s to
               1.150 s: 179 B·s
               SYN 0 of client, sent at 1.000 s, came at 1.050 s and opened it. A SYN is enough for server: it
               was ESTABLISHED at once.
               From 1.100 s on nobody was at its other end: client had aborted (by a call of its application).
               It said so with RST 1.
               RST 1 of client, sent at 1.100 s, came at 1.150 s and ended it.
               To blame: the abort of client's application at 1.100 s.
            2. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
               the end of the run, 5.020 s: 71.7 B·s and 1 wasted segment
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
               enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
               become ESTABLISHED at 1.100 s and aborted at 1.100 s (by a call of its application).
               server sent SYN,ACK 0/1 at 5.000 s. It was still on its way when the run ended.
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: reset at 1.150 s, in ESTABLISHED
               By RST 1 of client #1, sent 1.100, arrived 1.150.
               Why: client's application aborted.
        "#]],
    );
}

/// A flood is told in a few lines, however many SYNs it has.
#[test]
fn what_is_alike_is_told_together() {
    let flood = r#"
        horizon = "100 s"
        [link]
        delay = "50ms"
        [client]
        script = ["connect", "send 100 B", "close"]
        [server]
        script = ["accept", "receive 100 B", "close on EOF"]
        [[flood]]
        arrivals = { every = "10ms", most = 1000 }
    "#;
    let experiment = Experiment::parse("own.toml", flood, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = experiment.variant(None, None).unwrap();
    expect![[r#"
        What was held for nobody, and why
        1. 1,000 × a half-open entry at server:80, because of a forged segment: SYN to server:80: 30.4 MB·s
           and 7,000 wasted segments
           The first began at 0.000 s, the last at 9.990 s, 100 a second. Each cost 30.4 kB·s on average,
           together 100.0 % of what was held for nobody. The port had 1,000 half-open entries at most at
           once, and 950 on average.
           The worst of them: server:80 ← 198.18.225.29:5788, a half-open entry, held for nobody from
           0.000 s to the end of the run, 100.000 s: 32 kB·s and 7 wasted segments.
           A forged SYN 0, sent at 0.000 s, opened it: nobody has the address 198.18.225.29.
           server sent SYN,ACK 0/1 7 times, from 0.000 s to 63.000 s. Each was lost (no link leads there).
           Nothing more was sent for it: it was still SYN-RECEIVED when the run ended.
           To blame: a forged segment: SYN 0 as if from 198.18.225.29:5788, came at 0.000.
    "#]]
    .assert_eq(&explained(&experiment, &variant, false));
    let all = explained(&experiment, &variant, true);
    assert!(all.contains("\n128. server:80 ← 198.") && all.lines().count() > 600, "{} lines", all.lines().count());
}

/// Four workers, and more than they can do.
#[test]
fn overload_is_told_in_one_paragraph() {
    let overload = r#"
        horizon = "30 s"
        [link]
        delay = "15 ms"
        [client]
        profile = "linux"
        machines = 4
        arrivals = { every = "10 ms" }
        script = ["connect", "send 1 kB", "receive 10 kB", "close"]
        [server]
        profile = "linux"
        workers = 4
        accept-backlog = 128
        script = ["accept", "receive 1 kB", "work 20 ms", "send 10 kB", "close on EOF"]
    "#;
    let experiment = Experiment::parse("own.toml", overload, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = experiment.variant(None, None).unwrap();
    expect![[r#"
        Nothing was held for nobody.

        Who had to wait, and why
        1. 2,082 waits at server:80 for a place in the accept queue (a client may wait with its SYN, then
           with its ACK): 5,560 client·s in all
           The first began at 6.435 s, the last at 29.995 s, 88.4 a second. Each took 2.67 s on average,
           99 % of them at most 11.8 s, the longest 16.9 s. No client was turned away.
           There are 128 places in the accept queue; one was needed 2,999 times, 100 a second, and kept for
           1.35 s on average. The workers behind have a load of 125 %: that is why. At least one client
           waited all the time from 6.435 s to 30.000 s. Only useful connections were in their way. For
           2,480 client·s of it a place was free. The server does not say so: TCP asks again when it
           retransmits.
           The longest: client(2):40062 → server:80 #1110 waited at server:80 for a place in the accept
           queue (of 128), from 13.135 s to the end of the run, 30.000 s: 16.9 client·s. Only useful
           connections were in its way. For 7.53 s of that a place was free. The server does not say so, and
           no segment came while one was.
        2. 2,521 waits at server:80 for a worker: 3,410 client·s in all
           The first began at 0.085 s, the last at 29.995 s, 84.3 a second. Each took 1.35 s on average,
           99 % of them at most 1.6 s, the longest 1.6 s. No client was turned away.
           There are 4 workers; one was needed 2,999 times, 100 a second, and kept for 0.05 s on average: a
           load of 125 %, more than there is. At least one client waited all the time from 0.125 s to
           30.000 s. Only useful connections were in their way.
           The longest: client(1):54582 → server:80 #641 waited at server:80 for a worker (of 4), from
           6.445 s to 8.045 s: 1.6 client·s. Only useful connections were in its way. Then it had what it
           waited for.

        Opens that failed or were slow, and why
        1. 347 opens from client to server:80 were not yet open at server:80: segments without a place in
           the accept queue
           From 13.120 s to 29.980 s, 20.6 a second.
           SYNs: 825 sent, 478 without a place in the accept queue, 347 arrived. SYN-ACKs: 906 sent, 906
           arrived. ACKs, also with data: 2,698 sent, 2,698 without a place in the accept queue.
           For example: client(2):40062 → server:80 #1110: open at client at 13.120 s, and not yet at
           server:80.
           The first without effect: SYN 0 of client #1110, sent 11.090, arrived 11.105.
        2. 1,038 opens from client to server:80 were slow: segments without a place in the accept queue
           From 7.450 s to 29.980 s, 46.1 a second; each late by 2.9 s on average.
           SYNs: 2,526 sent, 1,488 without a place in the accept queue, 1,038 arrived. SYN-ACKs: 1,847 sent,
           1,847 arrived. ACKs, also with data: 4,202 sent, 3,570 without a place in the accept queue, 632
           arrived.
           The worst of them: client(3):40750 → server:80 #1443: open at server:80 at 29.465 s, after 15 s
           instead of 0.045 s.
           The first without effect: ACK 1/1 of client #1443, sent 14.450, arrived 14.465.

        Scripts that still wait at the end of the run
        1. 347 scripts of client wait in step 3, `receive 10 kB`, and their other ends are in SYN-RECEIVED
           The first since 13.120 s, the last since 29.980 s; for 5.02 s on average.
           The longest: client(2):40062 → server:80 #1110: waits since 13.120 s in step 3, `receive 10 kB`:
           nothing has come.
           server's end was in SYN-RECEIVED then.
           Nothing is on its way between them; the next timer of the two, client's retransmission timer,
           fires at 42.816 s.
        2. 129 scripts of client wait in step 1, `connect`
           The first since 16.180 s, the last since 30.000 s; for 2.63 s on average.
           The longest: client(3):41180 → server:80 #1619: waits since 16.180 s in step 1, `connect`: the
           connection is not open.
           SYNs: 8 sent, 8 without a place in the accept queue. SYN-ACKs: none sent.
           Nothing is on its way between them; the next timer of the two, client's retransmission timer,
           fires at 35.180 s.
        3. 128 scripts of client wait in step 3, `receive 10 kB`, and their other ends are in ESTABLISHED,
           not accepted: it waits for one of 4 workers
           The first since 13.750 s, the last since 29.980 s; for 2.19 s on average.
           The longest: client(1):56258 → server:80 #1373: waits since 13.750 s in step 3, `receive 10 kB`:
           nothing has come.
           server's end was in ESTABLISHED then.
           server's application has not accepted it: it waits for one of 4 workers.
           Nothing is on its way between them.
        4. 2 scripts of server wait in step 5, `close on EOF`, and their other ends are in FIN-WAIT-1
           The first since 29.975 s, the last since 29.985 s; for 0.02 s on average.
           The longest: server:80 ← client(4):40084 #2832: waits since 29.975 s in step 5, `close on EOF`:
           the peer has not closed.
           client's end was in FIN-WAIT-1 then.
           8 segments are on their way between them.
        5. client(1):58850 → server:80 #2537: waits since 25.390 s in step 3, `receive 10 kB`: nothing has
           come
           server waits, too, since 29.995 s in step 3, `work 20 ms`.
           Nothing is on its way between them.
        6. client(4):39738 → server:80 #2688: waits since 27.900 s in step 3, `receive 10 kB`: nothing has
           come
           server waits, too, since 29.995 s in step 5, `close on EOF`: the peer has not closed.
           7 segments are on their way between them.

        Scripts that only wait for a time to pass: 1 of server.
    "#]]
    .assert_eq(&explained(&experiment, &variant, false));
}

/// Where a delayed segment kept an open waiting, it is named.
#[test]
fn a_delayed_segment_opens_late() {
    explains(
        "stale-data",
        "three-way",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:5000 #1, a connection, held for nobody from 3.100 s to 3.150 s: 118 B·s
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 3.100 s on nobody was at its other end: client had closed (on FIN,ACK 1/102).
               ACK 102/2 of client, sent at 3.100 s, came at 3.150 s and ended it.
               To blame: the last ACK on its way (client keeps no TIME-WAIT): ACK 102/2 of client #1, sent
               3.100, arrived 3.150.
            2. server:80 ← client:5000 #2, a connection, held for nobody from 6.100 s to 6.150 s: 118 B·s
               SYN 0 of client, sent at 4.000 s, came at 4.050 s and opened it.
               From 6.100 s on nobody was at its other end: client had closed (on FIN,ACK 1/102).
               ACK 102/2 of client, sent at 6.100 s, came at 6.150 s and ended it.
               To blame: the last ACK on its way (client keeps no TIME-WAIT): ACK 102/2 of client #2, sent
               6.100, arrived 6.150.

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #1: open at server:80 at 1.150 s, after 1.15 s instead of 0.15 s
               SYNs: 1 sent, 1 arrived. SYN-ACKs: 2 sent, 2 arrived. ACKs, also with data: 3 sent, 1 still under
               way, 2 arrived.
               Still under way then: DATA 1/1 100 B of client #1, sent 0.100, arrived 5.100 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:5000 #2: its application was given 100 B that its peer had not sent, at
               5.100 s
               They came with DATA 1/1 100 B of client #1, sent 0.100, arrived 5.100 (fault 1): its numbers fit
               this connection, too.
            2. client:5000 → server:80 #2: 100 B of client lost at 6.100 s
               client's end was over at 6.100 s, in FIN-WAIT-2: closed.
               No application got them.
        "#]],
    );
}

/// An answer to nobody may be acknowledged all the same, and then something is kept.
#[test]
fn a_cookie_comes_back_from_time_wait() {
    explains(
        "stale-syn-cookies-time-wait",
        "syn-cookies",
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.100 s to
               the end of the run, 3600.000 s: 12.9 MB·s and 3,590 worker·s
               ACK 102/102 of client, sent at 5.050 s, came at 5.100 s and opened it. By then client had become
               ESTABLISHED at 1.100 s and come to TIME-WAIT at 1.400 s.
               Nothing more was sent for it: it was still ESTABLISHED when the run ended.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
            2. uneven:80 ← client:49153 #2, SYN cookies for nobody, the first at 5.000 s: 3 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and was answered. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and come to TIME-WAIT at
               1.400 s.
               uneven sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which was in TIME-WAIT and
               answered with ACK 102/202.
               uneven answered ACK 102/202 with RST 202 at 5.100 s. At 5.150 s it reached client, which was in
               TIME-WAIT and was reset.
               uneven kept nothing of it.
               To blame: a delayed segment: SYN 0 of client #2, sent 0.000, arrived 5.000 (fault 1).
            3. server:80 ← client:49152 #1, SYN cookies for nobody, the first at 5.000 s: 2 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and was answered. By then
               client had sent it again at 1.000 s, become ESTABLISHED at 1.100 s and come to TIME-WAIT at
               1.400 s.
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which was in TIME-WAIT and
               answered with ACK 102/102. That came at 5.100 s as the answer to the cookie, and opened a
               connection, in ESTABLISHED.
               server kept nothing of it until then.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
            2. client:49153 → uneven:80 #2: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #2, sent 0.000, arrived 5.000 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49153 → uneven:80 #2: reset at 5.150 s, in TIME-WAIT
               By RST 202 of uneven, sent 5.100, arrived 5.150.
               It answers ACK 102/202 of client #2, sent 5.050, arrived 5.100: uneven had no connection for it
               any more: closed at 1.450 s.

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1 (ghost): waits since 5.100 s in step 2, `receive 100 B`: nothing has
               come
               Nobody is at its other end.
               Nothing is on its way between them.
        "#]],
    );
}

/// A flood is one group, however much of it was held.
#[test]
fn a_flood_is_told_in_one_group() {
    let text = r#"
        horizon = "1 s"
        handshake = [{ name = "linux", base = "three-way", cookies-on-overflow = true }]
        [link]
        delay = "20 ms"
        [[flood]]
        arrivals = { poisson = "1000 / s" }
        [client]
        script = ["connect"]
        [server]
        syn-backlog = 20
        script = ["accept"]
    "#;
    let experiment = Experiment::parse("flood.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = experiment.variant(None, None).unwrap();
    expect![[r#"
        What was held for nobody, and why
        1. 20 × a half-open entry and 1,006 × SYN cookies for nobody at server:80, because of a forged
           segment: SYN to server:80: 6.34 kB·s and 1,026 wasted segments
           20 × a half-open entry. The first began at 0.002 s, the last at 0.017 s, 1,340 a second. Each
           cost 317 B·s on average, together 100.0 % of what was held for nobody. The port had 20 half-open
           entries at most at once, and 19.8 on average; its SYN backlog has room for 20 and was full for
           98.3 % of the time.
           The worst of them: server:80 ← 198.18.225.29:5788, a half-open entry, held for nobody from
           0.002 s to the end of the run, 1.000 s: 319 B·s and 1 wasted segment.
           A forged SYN 0, sent at 0.002 s, opened it: nobody has the address 198.18.225.29.
           server sent SYN,ACK 0/1 at 0.002 s. It was lost (no link leads there).
           Nothing more was sent for it: it was still SYN-RECEIVED when the run ended.
           To blame: a forged segment: SYN 0 as if from 198.18.225.29:5788, came at 0.002.
           1,006 × SYN cookies for nobody. The first began at 0.018 s, the last at 1.000 s, 1,020 a second.
           For example: server:80 ← 198.19.38.254:49986, SYN cookies for nobody, the first at 0.018 s: 1
           wasted segment.
           A forged SYN 0, sent at 0.018 s, was answered: nobody has the address 198.19.38.254.
           server sent SYN,ACK 0/1 at 0.018 s. It was lost (no link leads there).
           server kept nothing of it.
           To blame: a forged segment: SYN 0 as if from 198.19.38.254:49986, came at 0.018.
    "#]]
    .assert_eq(&explained(&experiment, &variant, false));
}

/// The stories account for all that the ledger has: nothing is left out, and nothing told twice.
#[test]
fn the_stories_add_up_to_the_ledger() {
    let mut wasteful = 0;
    for built_in in cases().into_iter().chain(claims()) {
        let experiment = experiment(built_in.name);
        for variant in experiment.variants() {
            let scenario = experiment.scenario(&variant).unwrap();
            let mut explanation = Explanation::new(Hosts::of(&scenario), false);
            let mut ledger = LedgerFold::new();
            simulate(&scenario, &mut (&mut explanation, &mut ledger)).unwrap();
            let ledger = ledger.finish(scenario.horizon);
            let wasted = |is_of: fn(Resource) -> bool| -> u128 {
                let accounts = ledger.accounts.iter().filter(|account| is_of(account.resource));
                accounts.map(experiment::Account::wasted).sum()
            };
            let octet_nanos = wasted(|resource| matches!(resource, Resource::Memory(_)));
            let worker_nanos = wasted(|resource| resource == Resource::Workers);
            let packets = explanation.packets.take();
            explanation.tell_rest(&packets, scenario.horizon);
            let told = explanation.groups.values().map(Group::cost).fold(Amount::default(), |sum, cost| sum + cost);
            let in_ledger = Amount { octet_nanos, worker_nanos, segments: ledger.segments.wasted() };
            assert_eq!(told, in_ledger, "{} {}", built_in.name, variant.label());
            let blamed = explanation.groups.values().flat_map(|group| group.blames.values());
            let blamed = blamed.fold(Amount::default(), |sum, cost| sum + *cost);
            assert_eq!(blamed, in_ledger, "{} {}", built_in.name, variant.label());
            wasteful += usize::from(octet_nanos > 0);
        }
    }
    assert!(wasteful > 30, "{wasteful}");
}

/// What is over and cost nothing is forgotten: memory follows what is alive.
#[test]
fn what_is_over_is_forgotten() {
    let experiment = experiment("stale-syn");
    let scenario = experiment.scenario(&experiment.variant(Some("three-way"), None).unwrap()).unwrap();
    let mut explanation = Explanation::new(Hosts::of(&scenario), true);
    simulate(&scenario, &mut explanation).unwrap();
    let packets = explanation.packets.take();
    explanation.settle(&packets);
    assert!(explanation.exchanges.is_empty() && explanation.segments.is_empty());
    assert!(explanation.attempts.lives.is_empty());
    assert_eq!(explanation.stories.len(), 1);
}

#[test]
fn lines_fit() {
    for case in ["endless-half-open", "quiet-time", "syn-cookies-stale-ack", "stale-syn-resets-lost"] {
        let experiment = experiment(case);
        let text = explained(&experiment, &experiment.variants()[0], true);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }
}

/// A worker is taken by the ghost of a stale SYN, and another client waits for it.
#[test]
fn who_had_to_wait_is_told_with_the_packet_to_blame() {
    let experiment = experiment("ghosts-take-workers");
    let variant = experiment.variant(Some("two-way"), None).unwrap();
    let text = explained(&experiment, &variant, false);
    let (_, waits) = text.split_once("\n\n").expect("two parts");
    expect![[r#"
        Who had to wait, and why
        1. other:49152 → server:80 #1 waited at server:80 for a worker (of 2), from 20.050 s to the end of
           the run, 600.000 s: 580 client·s
           To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 10.000 (fault 1).

        Opens that failed or were slow, and why
        1. 2 opens from client to server:80 were slow: SYNs still under way
           At 1.100 s; each late by 1 s on average.
           SYNs: 4 sent, 2 still under way, 2 arrived. SYN-ACKs: 2 sent, 2 arrived.
           For example: client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s.
           Still under way then: SYN 0 of client #1, sent 0.000, arrived 10.000 (fault 1).
        2. 2 opens from client to turns:80 were slow: SYNs still under way
           At 1.100 s; each late by 1 s on average.
           SYNs: 4 sent, 2 still under way, 2 arrived. SYN-ACKs: 2 sent, 2 arrived.
           For example: client:49154 → turns:80 #3: open at 1.100 s, after 1.1 s instead of 0.1 s.
           Still under way then: SYN 0 of client #3, sent 0.000, arrived 10.000 (fault 1).

        Scripts that still wait at the end of the run
        1. 2 scripts of server wait in step 2, `receive 100 B`, at ghosts
           The first since 10.000 s, the last since 10.000 s; for 590 s on average.
           The longest: server:80 ← client:49152 #1 (ghost): waits since 10.000 s in step 2, `receive
           100 B`: nothing has come.
           Nobody is at its other end.
           Nothing is on its way between them.
        2. 2 scripts of turns wait in step 2, `receive 100 B`, at ghosts
           The first since 10.000 s, the last since 10.000 s; for 590 s on average.
           The longest: turns:80 ← client:49154 #3 (ghost): waits since 10.000 s in step 2, `receive 100 B`:
           nothing has come.
           Nobody is at its other end.
           Nothing is on its way between them.
        3. other:49152 → server:80 #1: waits since 20.100 s in step 3 of script 1, `receive 100 B`: nothing
           has come
           server's end was in ESTABLISHED then.
           server's application has not accepted it: it waits for one of 2 workers.
           Nothing is on its way between them.
    "#]]
    .assert_eq(waits);
}

/// Nothing useless is in the way of a client that a hold-down shuts out.
#[test]
fn who_waits_for_a_hold_down_is_told_so() {
    let experiment = experiment("hold-down-reuse");
    let variant = experiment.variant(Some("two-way-hold-down"), None).unwrap();
    expect![[r#"
        Nothing was held for nobody.

        Who had to wait, and why
        1. client:5000 → server:80 #2 waited at server:80 for the end of a hold-down, from 10.050 s to
           133.050 s: 123 client·s
           The server keeps the addresses and ports of an earlier connection closed (hold-down), or all
           ports after its reboot. TCP learns of the end when it asks again. Then it had what it waited for.

        Opens that failed or were slow, and why
        1. client:5000 → server:80 #2: open at 133.100 s, after 123 s instead of 0.1 s
           SYNs: 8 sent, 7 refused because of a hold-down, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
           The first without effect: SYN 0 of client #2, sent 10.000, arrived 10.050.
    "#]]
    .assert_eq(&explained(&experiment, &variant, false));
}

#[test]
fn a_wait_of_no_time_has_its_unit() {
    explains_own(
        r#"
            handshake = ["two-way"]
            horizon = "1 h"
            seed = 1
            [client]
            scripts = [["wait 600 ms", "connect", "close on EOF"], ["connect", "wait 500 ms", "abort"]]
            [server]
            workers = 1
            script = ["accept", "close on EOF"]
        "#,
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a connection with its socket, held for nobody from 0.600 s to
               0.650 s: 179 B·s and 0.05 worker·s
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it. A SYN is enough for server: it
               was ESTABLISHED at once.
               From 0.600 s on nobody was at its other end: client had aborted (by a call of its application).
               It said so with RST 1.
               RST 1 of client, sent at 0.600 s, came at 0.650 s and ended it.
               To blame: the abort of client's application at 0.600 s.

            Who had to wait, and why
            1. client:49153 → server:80 #2 waited at server:80 for the only worker, from 0.650 s to 0.650 s: 0
               client·s
               It took no time. Then it had what it waited for.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: reset at 0.650 s, in ESTABLISHED
               By RST 1 of client #1, sent 0.600, arrived 0.650.
               Why: client's application aborted.

            Scripts that still wait at the end of the run
            1. client:49153 → server:80 #2: waits since 0.700 s in step 3 of script 1, `close on EOF`: the peer
               has not closed
               server waits, too, since 0.650 s in step 2, `close on EOF`: the peer has not closed.
               Nothing is on its way between them.
        "#]],
    );
}
