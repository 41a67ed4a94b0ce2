//! Means and probabilities against what arithmetic says they must be.
//!
//! p is the probability that a packet is lost, q = 1 − (1 − p)² that a round trip fails, R the round-trip time. Seeds are
//! fixed, so that a test holds always or never; four standard errors are what it may be off. There are enough runs to tell
//! the expected value from one a third off.

use experiment::{Scenario, Summary, simulate};
use synlab_tests::{metric, parse, scenario};

/// Round-trip time in seconds.
const R: f64 = 0.1;

/// Plays the experiment once for each seed from 1 to `runs`.
fn play(text: &str, runs: u64) -> Vec<Summary> {
    let experiment = parse("closed-form.toml", text);
    let scenario = scenario(&experiment, &experiment.variants()[0]);
    let play = |seed| simulate(&Scenario { seed, ..scenario.clone() }, &mut ()).expect("time moves on");
    (1..=runs).map(play).collect()
}

/// Checks that the mean of `values` is `expected`, but for four standard errors of `deviation`, that of one value.
fn check_mean(what: &str, values: impl ExactSizeIterator<Item = f64>, expected: f64, deviation: f64) {
    let runs = values.len() as f64;
    let mean = values.sum::<f64>() / runs;
    let error = deviation / runs.sqrt();
    assert!((mean - expected).abs() <= 4.0 * error, "{what}: measured {mean}, expected {expected} ± {error}");
}

/// Runs that are enough where a packet is lost with probability p: what is rare takes more.
const fn enough(p: f64) -> u64 {
    if p < 0.05 { 20_000 } else { 3_000 }
}

/// The standard deviation of something that happens with probability p.
fn of_a_share(p: f64) -> f64 {
    (p * (1.0 - p)).sqrt()
}

/// The client alone resends, each timeout twice the one before: a setup that fails n times takes R + 2ⁿ − 1 seconds, so
/// that E[T] = R + q/(1 − 2q) and P(T > R) = q.
#[test]
fn setup_time_over_a_lossy_link() {
    for p in [0.01, 0.05, 0.1] {
        let q = 1.0 - (1.0 - p) * (1.0 - p);
        let runs = play(
            &format!(
                r#"
                horizon = "30 h"
                handshake = ["two-way"]
                link = {{ delay = "50ms", loss = {p} }}
                client = {{ syn-retries = 15, rto-max = "30 h", script = ["connect"] }}
                server = {{ script = ["accept"] }}
                "#
            ),
            enough(p),
        );
        let setups: Vec<f64> = runs.iter().map(|run| metric(run, "setup.seconds.mean")).collect();
        let mean = R + q / (1.0 - 2.0 * q);
        // T = R − 1 + 2ᴺ with N geometric.
        let variance = (1.0 - q) / (1.0 - 4.0 * q) - ((1.0 - q) / (1.0 - 2.0 * q)).powi(2);
        check_mean(&format!("E[T] at p = {p}"), setups.iter().copied(), mean, variance.sqrt());
        let late = setups.iter().map(|setup| f64::from(u8::from(*setup > R)));
        check_mean(&format!("P(T > R) at p = {p}"), late, q, of_a_share(q));
    }
}

/// n resends are in vain if n + 1 round trips fail.
#[test]
fn an_attempt_fails_with_all_of_its_resends() {
    let (p, retries) = (0.3, 2);
    let q: f64 = 1.0 - (1.0 - p) * (1.0 - p);
    let text = format!(
        r#"
        horizon = "1 h"
        handshake = ["two-way"]
        link = {{ delay = "50ms", loss = {p} }}
        client = {{ syn-retries = {retries}, script = ["connect"] }}
        server = {{ script = ["accept"] }}
        "#
    );
    let failure = q.powi(retries + 1);
    let failed = play(&text, 3000).into_iter().map(|run| metric(&run, "client.attempts.timed-out"));
    check_mean("P(failure)", failed.collect::<Vec<_>>().into_iter(), failure, of_a_share(failure));
}

/// A client that asks once and then is silent: the SYN-ACK's timer runs for 1 + 2 + 4 + 8 + 16 + 32 s.
#[test]
fn a_silent_client_holds_a_half_open_entry_for_63_seconds() {
    let text = r#"
        horizon = "10 min"
        handshake = ["three-way-silent"]
        link.delay = "50ms"
        client.script = ["connect within 60 ms"]
        server = { syn-ack-retries = 5, script = ["accept", "close on EOF"] }
    "#;
    let run = &play(text, 1)[0];
    assert_eq!(metric(run, "server.half-open.seconds"), 63.0);
    assert_eq!(metric(run, "server.syn-acks.sent"), 6.0);
}

/// A client that answers each SYN-ACK with a reset: the entry is gone with the first round trip that succeeds, or after
/// 63 s if none of six does.
#[test]
fn a_reset_ends_a_half_open_entry() {
    for p in [0.01, 0.1] {
        let text = format!(
            r#"
            horizon = "10 min"
            handshake = ["three-way"]
            link = {{ delay = "50ms", loss = {p}, fault = [{{ on = {{ flags = "SYN" }}, delay = "50ms" }}] }}
            client.script = ["connect within 60 ms"]
            server = {{ syn-ack-retries = 5, script = ["accept", "close on EOF"] }}
            "#
        );
        let q: f64 = 1.0 - (1.0 - p) * (1.0 - p);
        // After k failed round trips, and how likely that is.
        let mut outcomes: Vec<(f64, f64)> = (0..6).map(|k| (R + 2_f64.powi(k) - 1.0, (1.0 - q) * q.powi(k))).collect();
        outcomes.push((63.0, q.powi(6)));
        let (mean, deviation) = moments(&outcomes);
        let runs = play(&text, enough(p));
        let held = runs.iter().map(|run| metric(run, "server.half-open.seconds"));
        check_mean(&format!("E[S] at p = {p}"), held, mean, deviation);
    }
}

/// Mean and standard deviation of values, each with its probability.
fn moments(outcomes: &[(f64, f64)]) -> (f64, f64) {
    let mean: f64 = outcomes.iter().map(|(value, share)| value * share).sum();
    let variance: f64 = outcomes.iter().map(|(value, share)| (value - mean).powi(2) * share).sum();
    (mean, variance.sqrt())
}

/// A stale SYN's ghost ends with the reset that answers its SYN-ACK, or else one of nine keepalive probes, 7200 s later and
/// 75 s apart; or with the last of them.
#[test]
fn keepalive_ends_a_ghost_whose_reset_was_lost() {
    for p in [0.01, 0.1] {
        let text = format!(
            r#"
            horizon = "3 h"
            handshake = ["two-way-rst"]
            link = {{ delay = "50ms", loss = {p}, fault = [{{ on = {{ flags = "SYN" }}, delay = "50ms" }}] }}
            client.script = ["connect within 10 ms"]
            server = {{ keepalive = true, script = ["accept", "close on EOF"] }}
            "#
        );
        let q: f64 = 1.0 - (1.0 - p) * (1.0 - p);
        let mut outcomes = vec![(R, 1.0 - q)];
        outcomes.extend((0..9).map(|k| (R + 7200.0 + 75.0 * f64::from(k), (1.0 - q) * q.powi(k + 1))));
        outcomes.push((7875.0, q.powi(10)));
        let (mean, deviation) = moments(&outcomes);
        let short = R + 7200.0 * q + 75.0 * (2..=10).map(|k| q.powi(k)).sum::<f64>();
        assert!((mean - short).abs() < 1e-6, "{mean} is what the short form says, {short}");
        // It is a ghost from its birth: the client has given up at 10 ms, the SYN comes at 50.
        let runs = play(&text, enough(p));
        let ghosts = runs.iter().map(|run| metric(run, "server.ghost.seconds"));
        check_mean(&format!("E[ghost] at p = {p}"), ghosts, mean, deviation);
    }
}

/// A stale SYN makes a ghost if it takes longer than the server remembers the connection: until 1.45 s here. The tail of
/// its delay says how likely that is: exp(−µt) or (m/t)^α.
#[test]
fn the_tail_of_the_delay_says_how_likely_a_ghost_is() {
    let forgotten = 1.45_f64;
    for (delay, expected) in [
        (r#"{ exponential = { mean = "1 s" } }"#, (-forgotten).exp()),
        (r#"{ pareto = { min = "100 ms", shape = 0.8 } }"#, (0.1 / forgotten).powf(0.8)),
    ] {
        let text = format!(
            r#"
            horizon = "1 h"
            handshake = ["two-way"]
            link = {{ delay = {delay}, fault = [{{ on = {{ after = "1 ms" }}, delay = "50ms" }}] }}
            client.script = ["connect", "send 100 B", "receive 100 B", "wait until 1.3 s", "close"]
            server.script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]
            "#
        );
        let runs = play(&text, 3000);
        let ghosts = runs.iter().map(|run| metric(run, "server.ghost.connections"));
        check_mean(&format!("P(ghost) with {delay}"), ghosts, expected, of_a_share(expected));
    }
}

/// How often a close ends with a reset because TIME-WAIT is too short for the loss. The server's FINs leave at 0, 1, 3, 7
/// … s; the first to arrive starts TIME-WAIT, each one inside it is acknowledged and starts it anew, one after it meets a
/// reset. The shares of all closes are exact, by enumeration.
#[test]
fn a_short_time_wait_ends_closes_with_a_reset() {
    // Shares below a thousandth would take more runs than a test has: those of 59.9 s at p = 0.1 and 0.2, of 10 s at 0.1, and of
    // 239.9 s.
    for (time_wait, p, share, runs) in [
        (0.0, 0.1, 0.1, 3_000),
        (0.0, 0.2, 0.2, 3_000),
        (0.0, 0.3, 0.298, 3_000),
        (2.5, 0.1, 0.0132, 12_000),
        (2.5, 0.2, 0.0606, 3_000),
        (2.5, 0.3, 0.142, 3_000),
        (10.0, 0.2, 0.0106, 15_000),
        (10.0, 0.3, 0.046, 4_000),
        (59.9, 0.3, 0.0079, 20_000),
    ] {
        let runs = play(&close_over_a_lossy_link(time_wait, p), runs);
        let resets = runs.iter().map(|run| metric(run, "close.reset"));
        check_mean(&format!("P(reset) with {time_wait} s at p = {p}"), resets, share, of_a_share(share));
    }
}

/// An experiment in which nothing is lost before the client's FIN has come, at 1.05 s.
fn close_over_a_lossy_link(time_wait: f64, p: f64) -> String {
    format!(
        r#"
        horizon = "1 h"
        handshake = ["three-way"]

        [link]
        delay = "50ms"
        loss = {p}

        [[link.fault]]
        on = {{ before = "900ms" }}
        delay = "50ms"

        [[link.fault]]
        on = {{ from = "client", flags = "FIN" }}
        delay = "50ms"

        [client]
        time-wait = "{time_wait}s"
        data-retries = 8
        rto-max = "1 h"
        script = ["connect", "wait until 1 s", "close"]

        [server]
        data-retries = 8
        orphan-retries = 8
        rto-max = "1 h"
        script = ["accept", "close on EOF"]
        "#
    )
}

/// Checks that the mean of what each run measured is `expected`, within `error` of it: four standard errors, as the runs
/// themselves differ, and no less than a thousandth for what the formula leaves out.
fn check_measured(what: &str, values: &[f64], expected: f64) {
    let runs = values.len() as f64;
    let mean = values.iter().sum::<f64>() / runs;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (runs - 1.0);
    let error = (4.0 * (variance / runs).sqrt()).max(expected / 1000.0);
    assert!((mean - expected).abs() <= error, "{what}: measured {mean}, expected {expected} ± {error}");
}

/// Little's law for half-open entries that nobody completes: λ E[S], and each stays 63 s (M/G/∞).
#[test]
fn a_flood_holds_its_rate_times_63_seconds() {
    let text = r#"
        warm-up = "2 min"
        horizon = "12 min"
        handshake = ["three-way"]
        link.delay = "50ms"
        flood = [{ to = "server", arrivals = { poisson = "2 / s" } }]
        client.script = ["wait 1 h", "connect"]
        server = { syn-ack-retries = 5, syn-backlog = 1000, script = ["accept", "close on EOF"] }
    "#;
    let held: Vec<f64> = play(text, 20).iter().map(|run| metric(run, "server.half-open.seconds") / 600.0).collect();
    check_measured("N = λ E[S]", &held, 2.0 * 63.0);
}

/// The same where hosts answer with resets: each entry stays until a round trip succeeds. Forged SYNs bear a client's address.
#[test]
fn resets_leave_a_flood_its_rate_times_their_delay() {
    let p = 0.1;
    let text = format!(
        r#"
        warm-up = "2 min"
        horizon = "12 min"
        handshake = ["three-way"]
        link = {{ delay = "50ms", loss = {p} }}
        flood = [{{ to = "server", from = "client", arrivals = {{ poisson = "20 / s" }} }}]
        client.script = ["wait 1 h", "connect"]
        server = {{ syn-ack-retries = 5, syn-backlog = 1000, script = ["accept", "close on EOF"] }}
        "#
    );
    let q: f64 = 1.0 - (1.0 - p) * (1.0 - p);
    let stays = (0..6).map(|k| (R + 2_f64.powi(k) - 1.0) * (1.0 - q) * q.powi(k)).sum::<f64>() + 63.0 * q.powi(6);
    let held: Vec<f64> = play(&text, 20).iter().map(|run| metric(run, "server.half-open.seconds") / 600.0).collect();
    check_measured("N = λ E[S] with resets", &held, 20.0 * stays);
}

/// Erlang's loss formula: the part of the requests that find all of `places` taken, at an offered load of `load`.
fn erlang_b(places: u32, load: f64) -> f64 {
    (1..=places).fold(1.0, |blocked, place| load * blocked / (f64::from(place) + load * blocked))
}

/// A backlog is a system of as many servers without a queue; a SYN that finds it full is lost.
#[test]
fn a_full_backlog_drops_what_erlang_says() {
    assert!((erlang_b(128, 2.0 * 63.0) - 0.058).abs() < 5e-4 && (erlang_b(4096, 65.0 * 63.0) - 0.012).abs() < 5e-4);
    for (places, rate, runs) in [(128, 2.0, 20), (128, 3.0, 20), (4096, 65.0, 8)] {
        let text = format!(
            r#"
            warm-up = "4 min"
            horizon = "34 min"
            handshake = ["three-way"]
            link.delay = "50ms"
            flood = [{{ to = "server", arrivals = {{ poisson = "{rate} / s" }} }}]
            client.script = ["wait 1 h", "connect"]
            server = {{ syn-ack-retries = 5, syn-backlog = {places}, script = ["accept", "close on EOF"] }}
            "#
        );
        let dropped = |run: &Summary| {
            let (dropped, taken) = (metric(run, "server.backlog.syn-dropped"), metric(run, "server.half-open.entries"));
            dropped / (dropped + taken)
        };
        let dropped: Vec<f64> = play(&text, runs).iter().map(dropped).collect();
        check_measured(&format!("B({places}, {rate} · 63)"), &dropped, erlang_b(places, rate * 63.0));
    }
}

/// Little's law for TIME-WAIT: λ · 2MSL.
#[test]
fn time_wait_holds_its_rate_times_its_length() {
    let text = r#"
        warm-up = "1 min"
        horizon = "4 min"
        handshake = ["three-way"]
        link.delay = "50ms"
        client = { machines = 10, time-wait = "60 s", arrivals = { poisson = "10 / s" }, script = ["connect", "close"] }
        server.script = ["accept", "close on EOF"]
    "#;
    let held: Vec<f64> = play(text, 20).iter().map(|run| metric(run, "client.time-wait.seconds") / 180.0).collect();
    check_measured("λ · 2MSL", &held, 10.0 * 60.0);
}

/// A client that wants more connections than it has ports opens as many as it gets ports back: all of them in the time that
/// one is taken, which is TIME-WAIT and what the connection takes before that.
#[test]
fn ports_bound_the_rate_of_opens() {
    let (ports, time_wait) = (100.0, 10.0);
    let text = r#"
        warm-up = "1 min"
        horizon = "11 min"
        handshake = ["three-way"]
        link.delay = "50ms"

        [client]
        ephemeral-ports = "50000-50099"
        time-wait = "10 s"
        arrivals = { poisson = "50 / s" }
        script = ["connect", "close"]

        [server]
        script = ["accept", "close on EOF"]
    "#;
    for run in play(text, 10) {
        // A connection takes 0.2 s to its TIME-WAIT. All ports are taken within two seconds of each cycle.
        let (opened, expected) = (metric(&run, "client.attempts.established"), 600.0 * ports / (time_wait + 0.2));
        assert!((opened - expected).abs() <= ports, "opened {opened} in 600 s, expected {expected}");
    }
}
