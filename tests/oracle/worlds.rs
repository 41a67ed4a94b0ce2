//! Random experiments, as text: small ones, in which much happens at once and much goes wrong.

use std::fmt::Write;

/// A source of random numbers, splitmix64: the same numbers for the same seed on every machine.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of several, all alike.
    fn pick<'a>(&mut self, these: &[&'a str]) -> &'a str {
        let place = self.below(these.len() as u64);
        these[usize::try_from(place).expect("a place in a slice")]
    }
}

/// How many experiments of a seed are tried before the seed is given up: some are refused.
pub(crate) const TRIES: u64 = 8;

/// One experiment.
pub(crate) fn world(seed: u64, refusals: u64) -> String {
    let mut draws = Draws(seed.wrapping_mul(TRIES).wrapping_add(refusals));
    let cast = Cast::draw(&mut draws);
    let mut text = String::new();
    run(&mut text, &mut draws, &cast);
    link(&mut text, &mut draws, &cast);
    hosts(&mut text, &mut draws, &cast);
    forgeries(&mut text, &mut draws, &cast);
    text
}

/// Who is there.
struct Cast {
    /// Hosts besides the server.
    clients: Vec<&'static str>,
    /// Whether two of them open to each other.
    crossing: bool,
    /// Whether one opens again and again from one port.
    one_port: bool,
    /// How connections are closed.
    teardown: &'static str,
    /// Whether segments are forged that a connection may take for its peer's.
    forges: bool,
}

impl Cast {
    fn draw(draws: &mut Draws) -> Self {
        let count = 1 + usize::from(draws.once_in(2)) + usize::from(draws.once_in(4));
        let clients = ["client", "other", "third"][..count].to_vec();
        let (crossing, one_port) = (count > 1 && draws.once_in(2), draws.once_in(3));
        Self { crossing, one_port, teardown: draws.pick(TEARDOWNS), forges: draws.once_in(2), clients }
    }

    /// Whether two lives of a 4-tuple may meet, or two ends differ about what was said.
    fn has_lives_that_meet(&self) -> bool {
        let is_reused = self.one_port || self.crossing;
        is_reused || self.forges || !["rfc9293", "rfc1337", "no-time-wait"].contains(&self.teardown)
    }
}

const HANDSHAKES: &[&str] = &[
    "\"two-way\"",
    "\"two-way-rst\"",
    "\"two-way-checked\"",
    "\"three-way\"",
    "\"three-way\"",
    "\"three-way-silent\"",
    "\"syn-cache\"",
    "\"syn-cookies\"",
    "\"syn-cookies\"",
    "\"two-way-hold-down\"",
    "\"fast-open\"",
    "\"t-tcp\"",
    "\"delta-t\"",
    "{ name = \"overflow\", base = \"three-way\", cookies-on-overflow = true }",
    "{ name = \"early\", base = \"three-way\", proof = \"none\" }",
    "{ name = \"unsure\", base = \"three-way\", commit = \"connection\" }",
    "{ name = \"once\", base = \"three-way\", syn-ack-timer = false }",
    "{ name = \"text\", base = \"three-way-silent\", crossing-syn = \"text\" }",
    "{ name = \"quiet\", base = \"syn-cookies\", unexpected = \"silence\" }",
    "{ name = \"kept\", base = \"two-way\", keepalive = true, keepalive-idle = \"5s\", keepalive-interval = \"1s\", \
     keepalive-probes = 2 }",
];

const TEARDOWNS: &[&str] = &[
    "rfc9293",
    "rfc9293",
    "rfc9293",
    "rfc9293",
    "no-time-wait",
    "no-time-wait",
    "three-segment",
    "four-segment",
    "rfc1337",
    "timestamp-reuse",
    "opener-time-wait",
    "forced-close",
];

/// The keys of the whole run.
fn run(text: &mut String, draws: &mut Draws, cast: &Cast) {
    let seed = draws.below(1_000_000);
    let handshake = draws.pick(HANDSHAKES);
    let teardown = cast.teardown;
    let horizon = draws.pick(&["900 ms", "4 s", "30 s", "2 min", "10 min", "1 h"]);
    writeln!(text, "seed = {seed}\nhorizon = \"{horizon}\"\nhandshake = [{handshake}]\nteardown = [\"{teardown}\"]\n")
        .expect("a string takes all");
    if draws.once_in(8) {
        writeln!(text, "warm-up = \"{}\"\n", draws.pick(&["100 ms", "600 ms", "850 ms"])).expect("a string takes all");
    }
}

/// The network, and its scripted faults.
fn link(text: &mut String, draws: &mut Draws, cast: &Cast) {
    let delay = draws.pick(&[
        "\"50ms\"",
        "\"50ms\"",
        "\"1s\"",
        "{ uniform = { min = \"1ms\", max = \"300ms\" } }",
        "{ uniform = { min = \"10ms\", max = \"4s\" } }",
        "{ exponential = { mean = \"200ms\", min = \"10ms\" } }",
        "{ empirical = { values = [\"50ms\", \"5s\"], weights = [9, 1] } }",
    ]);
    let loss = draws.pick(&["0", "0", "0.05", "0.2", "0.4"]);
    // Such ends answer each other's acknowledgments, and each copy would begin one more such exchange.
    let meet = cast.has_lives_that_meet();
    let duplicate = if meet { "0" } else { draws.pick(&["0", "0", "0.1", "0.3"]) };
    writeln!(text, "[link]\ndelay = {delay}\nloss = {loss}\nduplicate = {duplicate}").expect("a string takes all");
    if draws.once_in(5) {
        text.push_str("order = \"fifo\"\n");
    }
    if draws.once_in(5) {
        text.push_str("lifetime = \"4 s\"\n");
    }
    text.push('\n');
    for _ in 0..draws.below(4) {
        let from = if draws.once_in(2) { "server" } else { draws.pick(&cast.clients) };
        let flags = draws.pick(&["SYN", "SYN", "SYN-ACK", "ACK", "RST", "FIN", "data"]);
        let which = draws.pick(&["nth = 1", "nth = 1", "nth = [1, 2]", "nth = 2", "retransmission = 0"]);
        let fates = [
            "drop = true",
            "drop = true",
            "delay = \"50ms\"",
            "delay = \"5s\"",
            "delay = \"1.1 s\"",
            "copies = [\"50ms\", \"50ms\"]",
            "copies = [\"50ms\", \"5s\"]",
            "duplicate-after = \"3s\"",
        ];
        let fate = draws.pick(if meet { &fates[..5] } else { &fates });
        writeln!(text, "[[link.fault]]\non = {{ from = \"{from}\", flags = \"{flags}\", {which} }}\n{fate}\n")
            .expect("a string takes all");
    }
}

/// The hosts: who opens, and who listens.
fn hosts(text: &mut String, draws: &mut Draws, cast: &Cast) {
    for (place, client) in cast.clients.iter().enumerate() {
        writeln!(text, "[host.{client}]").expect("a string takes all");
        sizes(text, draws);
        let mut scripts = vec![opener(draws, cast)];
        if draws.once_in(3) {
            scripts.push(opener(draws, cast));
        }
        if cast.crossing && place < 2 {
            let [own, others] = [5000 + place, 5001 - place];
            let steps = format!("\"connect {}:{others} from {own}\", {}", cast.clients[1 - place], opened(draws));
            scripts.push(steps);
        }
        let scripts: Vec<String> = scripts.iter().map(|steps| format!("[{steps}]")).collect();
        writeln!(text, "scripts = [{}]", scripts.join(", ")).expect("a string takes all");
        // Machines of one name are many ends: who opens to them by name would not say which.
        if !cast.crossing && draws.once_in(5) {
            text.push_str("machines = 3\n");
        }
        arrivals(text, draws);
        crash(text, draws, client);
        text.push('\n');
    }
    text.push_str("[host.server]\n");
    sizes(text, draws);
    queues(text, draws);
    let late = draws.pick(&["", "", "", "\"wait until 2 s\", "]);
    let serves = draws.pick(&[
        "\"receive 100 B\", \"send 100 B\", \"close on EOF\"",
        "\"receive 100 B\", \"send 100 B\", \"close on EOF\"",
        "\"receive 100 B\", \"work 200 ms\", \"send 300 B\", \"close\"",
        "\"close on EOF\"",
        "\"send 50 B\", \"close\"",
        "\"receive EOF\", \"wait 1 s\", \"send 10 kB\", \"close\"",
        "\"receive 100 B\", \"abort\"",
        "\"receive 100 B\"",
        "\"receive EOF\", \"wait until 1 h\"",
    ]);
    writeln!(text, "script = [{late}\"accept\", {serves}]").expect("a string takes all");
    crash(text, draws, "server");
    text.push('\n');
}

/// A client's script: one that opens to the server.
fn opener(draws: &mut Draws, cast: &Cast) -> String {
    let port = if cast.one_port { draws.pick(&["", " from 6000", " from 6000"]) } else { "" };
    let within = draws.pick(&["", "", "", " within 300 ms", " within 2 s"]);
    let with = draws.pick(&["", "", "", " with 100 B"]);
    let begins = draws.pick(&["", "", "\"wait until 2 s\", ", "\"wait 100 ms\", "]);
    let again = draws.pick(&["", "", ", \"wait 1500 ms\", \"repeat 3 times\"", ", \"repeat 2 times\""]);
    format!("{begins}\"connect server{port}{with}{within}\", {}{again}", opened(draws))
}

/// What an application does once it has opened.
fn opened(draws: &mut Draws) -> &'static str {
    draws.pick(&[
        "\"send 100 B\", \"receive 100 B\", \"close\"",
        "\"send 100 B\", \"receive 100 B\", \"close\"",
        "\"send 100 B\", \"close on EOF\"",
        "\"send 3 kB\", \"shutdown\", \"receive EOF\", \"close\"",
        "\"close\"",
        "\"abort\"",
        "\"wait 100 ms\", \"abort\"",
        "\"send 100 B\", \"wait 1 s\", \"abort\"",
        "\"send 100 B\", \"wait 20 s\", \"close\"",
        "\"receive 50 B\", \"send 200 B\", \"close\"",
    ])
}

/// What every host may have.
fn sizes(text: &mut String, draws: &mut Draws) {
    if draws.once_in(4) {
        text.push_str("profile = \"linux\"\n");
    }
    let time_wait = draws.pick(&["1s", "1s", "4s", "60s"]);
    let quiet = draws.pick(&["0s", "0s", "2s"]);
    writeln!(text, "time-wait = \"{time_wait}\"\nquiet-time = \"{quiet}\"").expect("a string takes all");
    if draws.once_in(6) {
        text.push_str("keepalive = true\nkeepalive-idle = \"3s\"\nkeepalive-interval = \"1s\"\nkeepalive-probes = 2\n");
    }
    if draws.once_in(6) {
        text.push_str("ephemeral-ports = \"50000-50001\"\n");
    }
    if draws.once_in(4) {
        text.push_str("syn-retries = 2\ndata-retries = 2\norphan-retries = 2\n");
    }
}

/// What a server may have little of.
fn queues(text: &mut String, draws: &mut Draws) {
    let backlog = draws.pick(&["", "syn-backlog = 1\n", "syn-backlog = 2\n", ""]);
    let accept = draws.pick(&["", "accept-backlog = 1\n", "accept-backlog = 1\nabort-on-overflow = true\n", ""]);
    let cache = draws.pick(&["cache-entries = 1\n", "cache-entries = 2\n", "cache-entries = 4\n"]);
    let workers = draws.pick(&["", "", "workers = 1\n", "workers = 2\n", "workers = 1\nserving = \"asynchronous\"\n"]);
    let retries = draws.pick(&["", "syn-ack-retries = 2\n"]);
    for keys in [backlog, accept, cache, workers, retries] {
        text.push_str(keys);
    }
}

/// When sessions of a client's scripts come.
fn arrivals(text: &mut String, draws: &mut Draws) {
    text.push_str(draws.pick(&[
        "",
        "",
        "arrivals = { at = [\"0s\", \"0s\", \"1s\"] }\n",
        "arrivals = { poisson = \"2 / s\", most = 8 }\n",
        "arrivals = { every = \"500ms\", most = 5 }\n",
    ]));
}

/// A crash, or none.
fn crash(text: &mut String, draws: &mut Draws, host: &str) {
    if draws.once_in(5) {
        let at = draws.pick(&["120 ms", "1s", "2 s", "2050 ms"]);
        let down = draws.pick(&["for = \"1s\"", "for = \"50 ms\"", "for = \"4 s\"", ""]);
        writeln!(text, "[[host.{host}.crash]]\nat = \"{at}\"\n{down}").expect("a string takes all");
    }
}

/// Segments that no endpoint sends.
fn forgeries(text: &mut String, draws: &mut Draws, cast: &Cast) {
    if draws.once_in(3) {
        for place in 0..=draws.below(3) {
            let from = draws.pick(&cast.clients);
            let at = draws.pick(&["20 ms", "100 ms", "1s", "2s"]);
            let port = draws.pick(&["6000", "6001", "6002", "49152", "5000"]);
            let flags = draws.pick(&["SYN", "SYN", "SYN", "ACK", "RST", "RA", "FA"]);
            let seq = 1 + place; // no two are the same
            let ack = if flags.contains('A') { "ack-raw = 7\n" } else { "" };
            writeln!(
                text,
                "[[inject]]\nat = \"{at}\"\nfrom = \"{from}\"\nto = \"server\"\nports = [{port}, 80]\nflags = \
                 \"{flags}\"\nseq-raw = {seq}\n{ack}"
            )
            .expect("a string takes all");
        }
    }
    if cast.forges {
        for _ in 0..=draws.below(3) {
            fitting_forgery(text, draws, cast);
        }
    }
    if draws.once_in(5) {
        let rate = draws.pick(&["1 / s", "4 / s"]);
        let most = 1 + draws.below(12);
        let from = if draws.once_in(2) { format!("from = \"{}\"\n", draws.pick(&cast.clients)) } else { String::new() };
        writeln!(text, "[[flood]]\narrivals = {{ poisson = \"{rate}\", most = {most} }}\nto = \"server\"\n{from}")
            .expect("a string takes all");
    }
}

/// Forged segments that may fit a connection when it comes to a state: the state, the segment's flags, numbers and data.
const FITTING: &[(&str, &str)] = &[
    ("SYN-SENT", "flags = \"SYN-ACK\"\nseq-raw = 7777\nack = 1"),
    ("ESTABLISHED", "flags = \"FIN-ACK\"\nseq = 1\nack = 1"),
    ("ESTABLISHED", "flags = \"FIN-ACK\"\nseq = 1\nack = 1"),
    ("ESTABLISHED", "flags = \"ACK\"\nseq = 1\nack = 1\ndata = \"100 B\""),
    ("ESTABLISHED", "flags = \"FIN-ACK\"\nseq = 1\nack = 1\ndata = \"100 B\""),
    ("ESTABLISHED", "flags = \"ACK\"\nseq = 101\nack = 101"),
    ("ESTABLISHED", "flags = \"RST\"\nseq = 1"),
    ("SYN-RECEIVED", "flags = \"ACK\"\nseq = 1\nack = 1"),
    ("SYN-RECEIVED", "flags = \"RST\"\nseq = 1"),
    ("FIN-WAIT-1", "flags = \"ACK\"\nseq = 1\nack = 2"),
    ("FIN-WAIT-1", "flags = \"FIN-ACK\"\nseq = 101\nack = 102"),
    ("FIN-WAIT-2", "flags = \"FIN-ACK\"\nseq = 1\nack = 2"),
    ("LAST-ACK", "flags = \"ACK\"\nseq = 2\nack = 2"),
    ("CLOSE-WAIT", "flags = \"RST-ACK\"\nseq = 2\nack = 1"),
];

/// A forged segment that a connection may take for its peer's.
fn fitting_forgery(text: &mut String, draws: &mut Draws, cast: &Cast) {
    let client = draws.pick(&cast.clients);
    let (from, to) = if draws.once_in(2) { (client, "server") } else { ("server", client) };
    let place = draws.below(FITTING.len() as u64);
    let (state, segment) = FITTING[usize::try_from(place).expect("a place in a slice")];
    let when = if draws.once_in(4) {
        let at = draws.pick(&["20 ms", "75 ms", "160 ms", "300 ms", "1s", "2s", "5s"]);
        format!("at = \"{at}\"\nconnection = {}", 1 + draws.below(2))
    } else {
        // Not each time: one that opens a connection, by a cookie that fits, would be its own event.
        let (nth, delay) = (draws.pick(&["1", "1", "2", "[1, 2, 3]"]), draws.pick(&["0s", "0s", "1 ms", "80 ms"]));
        format!("after = {{ host = \"{to}\", enters = \"{state}\", nth = {nth} }}\ndelay = \"{delay}\"")
    };
    writeln!(text, "[[inject]]\n{when}\nfrom = \"{from}\"\nto = \"{to}\"\n{segment}\n").expect("a string takes all");
}
