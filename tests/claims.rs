//! `synlab verify configs/claims`: a page that can be read aloud.

use std::fs;

use assert_cmd::cargo::cargo_bin_cmd;
use expect_test::expect;

/// The repository's directory `configs/claims`.
const CLAIMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/claims");

/// Standard output and exit status of `synlab verify`.
fn verify(arguments: &[&str]) -> (String, Option<i32>) {
    let output = cargo_bin_cmd!("synlab").arg("verify").args(arguments).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn the_page() {
    let (page, code) = verify(&[CLAIMS]);
    expect![[r#"
         1  “A connection is opened in three steps: a request, a confirmation, and the confirmation of
            that.”
            imprecise   Two SYNs and their two acknowledgments travel in 3 segments; the client is open
                        after 0.1 s, the server 0.1 s after the SYN.
            ✓ holds     5 expectations, 2 variants

         2  “When no answer comes, the client sends its request again, and this time it works.”
            right       SYN at 0 and at 1 s, ESTABLISHED after 1.1 s: 1 attempt, 1 retransmission, 200 B
                        delivered.
            ✓ holds     18 expectations, 4 variants

         3  “When the delayed request arrives after all, the server takes it for a new connection.”
            half right  At 1.2 s, in ESTABLISHED, it is answered by 1 ACK and makes no entry; at 5 s,
                        when all is forgotten, it makes 1 half-open entry, or 1 ghost with two-way.
            ✓ holds     5 expectations, 2 variants

         4  “The client did not ask for anything, so it ignores the confirmation.”
            wrong       A forgotten connection answers by 1 RST, after which the server has nothing
                        left; TIME-WAIT answers by an ACK, and is itself reset: it lasts 3.75 s of
                        240 s. Protected from that, it keeps the server busy for 63 s.
            ✓ holds     16 expectations, 15 variants

         5  “The server believes in the connection and waits for data, for ever.”
            half right  A silent client: 10795 s, to the end of the run; with keepalive 7875 s; a client
                        that resets: 0.1 s. A three-way server waits 63 s at most.
            ✓ holds     15 expectations, 12 variants

         6  “With three messages the server gets no confirmation, and so knows that nobody asked.”
            imprecise   Without a reset it takes 63 s and 6 SYN-ACKs until the server gives up; a reset
                        tells it after 0.1 s.
            ✓ holds     4 expectations, 2 variants

         7  “The third message is there to keep the server from wasting its resources.”
            half right  Wasted memory: 38689280 B·s in 3 h with neither, 358.4 B·s with the reset alone,
                        20160 B·s with the third message alone, 32 B·s with both.
            ✓ holds     7 expectations, 4 variants

         8  “On closing, the acknowledgment and the FIN of the server are sent separately.”
            imprecise   With nothing left to send, 3 segments close both directions, and 4 where the
                        stack acknowledges first; LAST-ACK lasts 0.1 s in both.
            ✓ holds     6 expectations, 3 variants

         9  “A FIN closes one direction only: the end that sent it can still receive.”
            right       After the client's FIN the server sends 10 kB: 10100 B are delivered in all, 0 B
                        lost.
            ✓ holds     4 expectations, 2 variants

        10  “After its FIN the client is in FIN-WAIT-1, and in FIN-WAIT-2 once the acknowledgment
            comes.”
            right       FIN-WAIT-1 for 0.1 s, one round trip; FIN-WAIT-2 for 1 s, while the server is in
                        CLOSE-WAIT; then TIME-WAIT for 240 s.
            ✓ holds     6 expectations, 2 variants

        11  “In FIN-WAIT-2 the client holds half a connection.”
            imprecise   A server that never closes keeps its client in FIN-WAIT-2 for 3599.7 s, to the
                        end of the run, with nothing wrong; Linux ends an orphan's after 60 s.
            ✓ holds     4 expectations, 2 variants

        12  “TIME-WAIT begins when the FIN of the other end has been received and acknowledged.”
            half right  Both FINs are received and acknowledged at 2.05 s, yet each end is in CLOSING
                        for another 0.05 s, until its own is acknowledged.
            ✓ holds     6 expectations, 2 variants

        13  “With three messages, one direction of the connection might stay open.”
            wrong       Forced to close in 3 segments, both ends close, and the server's 10000 B never
                        arrive; closing each direction on its own, all 10100 B do.
            ✓ holds     3 expectations, 2 variants

        14  “Either end may close first, and even both at once.”
            right       Client first, server first, both at 2 s: 0 resets. Whoever was first waits: 2
                        TIME-WAITs at the client and 2 at the server for 3 connections.
            ✓ holds     8 expectations, 2 variants

        15  “The server acknowledges the FIN, sends what it still has to send, and then its own FIN.”
            half right  After shutdown() all arrives. After close(), where the stack gives up receiving,
                        the late data is answered with a RST: 1 connection reset, 10000 B lost.
            ✓ holds     4 expectations, 2 variants

        16  “If the last acknowledgment is lost, the client in TIME-WAIT sends it again.”
            imprecise   The server resends its FIN after 1 s; the answer ends LAST-ACK after 1.1 s, and
                        TIME-WAIT, begun anew, lasts 241 s instead of 240 s.
            ✓ holds     6 expectations, 2 variants

        17  “When the server gets the last acknowledgment, it closes the connection.”
            right       LAST-ACK for 0.1 s; CLOSED at 1.45 s, and the server holds nothing from then on,
                        while the client's TIME-WAIT goes on for 240 s.
            ✓ holds     6 expectations, 2 variants

        18  “If nothing comes for 2MSL, the server must have closed.”
            wrong       After 240 s of silence the client forgets; the server, 255.1 s in LAST-ACK, is
                        told by a reset: 1 close in order became an error.
            ✓ holds     3 expectations, 1 variant

        19  “TIME-WAIT is there in case the last acknowledgment is lost.”
            half right  Nothing but data is late here. Without TIME-WAIT, 100 B of the old connection
                        end up in the new one; with it 0 B: the port is held, and the second attempt
                        refused.
            ✓ holds     4 expectations, 4 variants

        20  “The end that closes first waits for 2MSL before it forgets the connection.”
            right       Both close at 2 s and wait: 240 s as RFC 9293 has it, 60 s on Linux.
            ✓ holds     3 expectations, 1 variant

        20 claims: 6 right, 6 half right, 5 imprecise, 3 wrong
        20 experiments: 20 hold, 0 do not
    "#]]
    .assert_eq(&page);
    assert_eq!(code, Some(0));
    assert!(page.lines().all(|line| line.chars().count() <= 96), "{page}");
}

/// Among other experiments, each keeps its form; what does not hold says what was measured.
#[test]
fn a_claim_that_fails_among_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let claim = fs::read_to_string(format!("{CLAIMS}/06-server-knows.toml")).unwrap();
    fs::write(path("server-knows.toml"), claim.replace("abandoned-seconds == 63 s", "abandoned-seconds == 64 s"))
        .unwrap();
    fs::copy(format!("{CLAIMS}/../cases/handshake.toml"), path("a.toml")).unwrap();
    let directory = directory.path().to_str().unwrap();
    let (page, code) = verify(&[directory]);
    expect![[r#"
        ok     DIRECTORY/a.toml: 12 expectations, 2 variants
            “With three messages the server gets no confirmation, and so knows that nobody asked.”
            imprecise   Without a reset it takes 63 s and 6 SYN-ACKs until the server gives up; a reset
                        tells it after 0.1 s.
            ✗ FAILS     1 of 4 expectations, 2 variants
                        line 33, three-way-silent: expected server.half-open.abandoned-seconds == 64 s and segments.wasted == 6 and server.syn-acks.sent == 7 (SYN-ACKs at 5, 6, 8, 12, 20 and 36 s, besides the one of the real connection), found server.half-open.abandoned-seconds = 63, segments.wasted = 6, server.syn-acks.sent = 7

        1 claim: 1 imprecise
        2 experiments: 1 hold, 1 do not
    "#]]
    .assert_eq(&page.replace(directory, "DIRECTORY"));
    assert_eq!(code, Some(1));
    assert_eq!(verify(&["--quiet", "18-silence-proves"]), (String::new(), Some(0)));
}

#[test]
fn a_terminal_gets_colours() {
    let output = cargo_bin_cmd!("synlab").args(["verify", "18-silence-proves"]).env("CLICOLOR_FORCE", "1").output();
    let page = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(page.contains("\u{1b}[31mwrong\u{1b}[0m "), "{page:?}");
    assert!(page.contains("\u{1b}[1m“If nothing comes for 2MSL, the server must have closed.”\u{1b}[0m"), "{page:?}");
}
