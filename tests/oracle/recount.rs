//! Metrics and ledger, from the trace alone: each connection gives so much to so many levels, which is taken back before it
//! changes and given anew after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::json::Json;
use crate::trace::{Change, Record, Trace};

/// An amount over time.
#[derive(Default)]
struct Level {
    value: i128,
    /// The most that was there for more than no time.
    peak: i128,
    /// Units, times nanoseconds.
    integral: i128,
    since: u128,
}

impl Level {
    fn advance(&mut self, now: u128) {
        if now > self.since {
            self.peak = self.peak.max(self.value);
            self.integral += self.value * i128::try_from(now - self.since).expect("a time of a run");
            self.since = now;
        }
    }

    /// The warm-up is over.
    fn begin_anew(&mut self, now: u128) {
        self.advance(now);
        (self.peak, self.integral) = (0, 0);
    }
}

/// What is known of a connection.
#[derive(Default)]
struct Life {
    host: String,
    state: String,
    passive: bool,
    /// Whether an active open has succeeded.
    open: bool,
    worth: String,
    cause: String,
    /// The cause and the record that is blamed, as the ledger tells them apart.
    blame: String,
    memory: BTreeMap<String, i128>,
    served: i128,
}

const RESOURCES: &[(&str, &str)] = &[
    ("half-open", "half-open entries"),
    ("connection", "connections"),
    ("time-wait", "TIME-WAIT entries"),
    ("hold-down", "hold-downs"),
    ("peer", "peers remembered"),
    ("socket", "sockets"),
];

const STATES: &[&str] = &[
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
];

const CAUSES: &[&str] =
    &["lost", "delayed", "duplicated", "forged", "crash", "application", "capacity", "middlebox", "unknown"];

impl Life {
    /// Whether nobody is at the other end, as far as the verdicts say.
    fn is_useless(&self) -> bool {
        self.state != "CLOSED" && !self.worth.is_empty() && self.worth != "useful"
    }

    /// What it gives to which level.
    fn gives(&self) -> Vec<(String, i128)> {
        let host = &self.host;
        let bytes: i128 = self.memory.values().sum();
        let blame = if self.is_useless() { &self.blame } else { "" };
        let mut gives = vec![(format!("{host}.memory"), bytes)];
        let mut held = |resource: &str, amount: i128| gives.push((format!("{host}/{resource}/{blame}"), amount));
        for (memory, bytes) in &self.memory {
            let resource =
                RESOURCES.iter().find(|(name, _)| name == memory).map_or(&**memory, |(_, resource)| resource);
            held(resource, *bytes);
        }
        held("workers", self.served);
        let alive = STATES.contains(&&*self.state);
        let half_open = self.passive && self.state == "SYN-RECEIVED";
        // A listener that commits a whole connection at once has no place to run out of.
        let small = self.memory.get("half-open").is_some_and(|bytes| *bytes > 0);
        held("SYN backlog", i128::from(half_open && small));
        held("ports", i128::from(alive && !self.passive));
        gives.push((format!("{host}.workers"), self.served));
        if alive {
            gives.push((format!("{host}.state.{}", self.state), 1));
        }
        if half_open {
            gives.push((format!("{host}.half-open"), 1));
        }
        if self.is_useless() {
            gives.push((format!("{host}.memory.wasted"), bytes));
            gives.push((format!("waste.{}", self.cause), bytes));
            gives.push((format!("{host}.{}", self.worth), 1));
            gives.push((format!("{host}.{}.memory", self.worth), bytes));
        }
        gives
    }
}

/// A client that waits.
struct Wait {
    host: String,
    port: Option<u64>,
    scarce: String,
    script: Option<u64>,
    blame: String,
}

impl Wait {
    fn gives(&self) -> Vec<(String, i128)> {
        let Self { host, blame, .. } = self;
        let mut gives = vec![(format!("{host}.waiting"), 1), (format!("{host}/clients kept waiting/{blame}"), 1)];
        if !blame.is_empty() {
            gives.push((format!("{host}.waiting.waste"), 1));
        }
        gives
    }
}

/// The whole count.
#[derive(Default)]
pub(crate) struct Recount {
    levels: BTreeMap<String, Level>,
    counts: BTreeMap<String, u128>,
    lives: BTreeMap<u64, Life>,
    waits: BTreeMap<(String, String), Wait>,
    /// What is counted only once for each connection.
    seen: BTreeSet<(String, u64)>,
    now: u128,
}

/// Differences between what a run says of itself and what its trace says.
pub(crate) fn differences(trace: &Trace, report: &Json) -> Vec<String> {
    let mut recount = Recount::default();
    for record in &trace.records {
        recount.take(record);
    }
    for level in recount.levels.values_mut() {
        level.advance(trace.horizon);
    }
    let mut differences = recount.against_metrics(trace, report.get("metrics"));
    differences.extend(recount.against_ledger(report.get("ledger")));
    differences
}

/// The cause and the record that is blamed; empty if nothing is.
fn blame(record: &Record) -> String {
    let cause = record.text("cause");
    let record = record.get("blames").digits().unwrap_or("none");
    if cause.is_empty() { String::new() } else { format!("{cause} {record}") }
}

impl Recount {
    fn take(&mut self, record: &Record) {
        self.now = record.t;
        match &*record.kind {
            "state" => self.state(record),
            "judged" => self.judged(record),
            "segment" => self.segment(record),
            "delivered" => {
                self.count("segments.delivered", 1);
                self.count("segments.stale", u128::from(record.is("stale")));
            }
            "unheard" => {
                self.count("segments.unheard", 1);
                self.count(&format!("{}.segments.unheard", record.text("to")), 1);
            }
            "call" => self.call(record),
            "data-lost" => self.count("data.lost.bytes", u128::from(record.number("len").unwrap_or(0))),
            "overflow" => {
                let queue = record.text("queue");
                // A cache makes room.
                if queue != "cache" {
                    self.count(&format!("{}.backlog.{queue}-dropped", record.text("host")), 1);
                }
            }
            "held-down" => self.count(&format!("{}.hold-down.refused", record.text("host")), 1),
            "crashed" => self.count(&format!("{}.crashes", record.text("host")), 1),
            "waits" => self.waits(record),
            "in-the-way" => self.line_moves(record),
            "wait-over" => self.wait_over(record),
            "warmed-up" => self.begin_anew(),
            _ => {}
        }
        for change in &record.changes {
            self.change(change);
        }
    }

    fn begin_anew(&mut self) {
        self.counts.clear();
        for level in self.levels.values_mut() {
            level.begin_anew(self.now);
        }
    }

    fn count(&mut self, name: &str, amount: u128) {
        *self.counts.entry(name.to_owned()).or_default() += amount;
    }

    /// Counts a connection, unless that was done, be it before the warm-up was over.
    fn count_once(&mut self, name: &str, connection: u64) {
        if self.seen.insert((name.to_owned(), connection)) {
            self.count(name, 1);
        }
    }

    fn give(&mut self, gives: Vec<(String, i128)>, sign: i128) {
        for (name, amount) in gives {
            let level = self.levels.entry(name).or_insert_with(|| Level { since: self.now, ..Level::default() });
            level.advance(self.now);
            level.value += sign * amount;
        }
    }

    /// Changes a connection, and what it gives.
    fn alter(&mut self, connection: u64, host: &str, alter: impl FnOnce(&mut Life)) {
        let mut life = self.lives.remove(&connection).unwrap_or_default();
        self.give(life.gives(), -1);
        host.clone_into(&mut life.host);
        alter(&mut life);
        self.give(life.gives(), 1);
        self.lives.insert(connection, life);
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Memory { host, connection, memory, bytes } => {
                self.alter(*connection, host, |life| *life.memory.entry(memory.clone()).or_default() += bytes);
            }
            Change::Served { host, connection, begins } => {
                self.alter(*connection, host, |life| life.served += if *begins { 1 } else { -1 });
            }
            Change::TimerSet { .. } | Change::Other => {}
        }
    }

    fn state(&mut self, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (host, from, to, reason) =
            (record.text("host"), record.text("from"), record.text("to"), record.text("reason"));
        let passive = record.is("passive");
        if passive && to == "SYN-RECEIVED" {
            self.count_once(&format!("{host}.half-open.entries"), connection);
        }
        if to == "TIME-WAIT" {
            self.count(&format!("{host}.time-wait.entries"), 1);
        }
        if from == "TIME-WAIT" && to == "CLOSED" && reason != "expired" {
            self.count(&format!("{host}.time-wait.ended-early"), 1);
        }
        let (was_open, worth) =
            self.lives.get(&connection).map_or((false, String::new()), |life| (life.open, life.worth.clone()));
        if !passive {
            self.attempt(record, was_open);
        }
        let closing = !["SYN-SENT", "SYN-RECEIVED", "TIME-WAIT"].contains(&from);
        if to == "CLOSED" && reason == "reset" && closing && worth != "ghost" {
            self.count("close.reset", 1);
        }
        self.alter(connection, host, |life| {
            to.clone_into(&mut life.state);
            life.passive = passive;
            life.open |= !["SYN-SENT", "SYN-RECEIVED", "CLOSED"].contains(&to);
        });
    }

    /// What a change of state says of an active open.
    fn attempt(&mut self, record: &Record, was_open: bool) {
        let (host, from, to, reason) =
            (record.text("host"), record.text("from"), record.text("to"), record.text("reason"));
        let mut count = |what: &str| self.count(&format!("{host}.attempts.{what}"), 1);
        if from == "CLOSED" && to == "SYN-SENT" {
            count("opened");
        }
        if !was_open && !["SYN-SENT", "SYN-RECEIVED", "CLOSED"].contains(&to) {
            count("established");
        }
        if to == "CLOSED" {
            match (was_open, reason) {
                (false, "reset") => count("refused"),
                (false, "gave-up") => count("timed-out"),
                (true, "reset") if from != "TIME-WAIT" => count("reset"),
                _ => {}
            }
        }
    }

    fn judged(&mut self, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (host, worth) = (record.text("host"), record.text("worth"));
        match worth {
            "abandoned" => self.count_once(&format!("{host}.half-open.abandoned"), connection),
            "ghost" | "bereft" => self.count_once(&format!("{host}.{worth}.connections"), connection),
            _ => {}
        }
        self.alter(connection, host, |life| {
            worth.clone_into(&mut life.worth);
            record.text("cause").clone_into(&mut life.cause);
            life.blame = blame(record);
        });
    }

    fn segment(&mut self, record: &Record) {
        let (from, flags) = (record.text("from"), record.text("flags"));
        let copies = record.deliveries().len() as u128;
        self.count("segments.sent", 1);
        self.count("segments.lost", u128::from(record.text("fate") == "lost"));
        self.count("segments.duplicated", copies.saturating_sub(1));
        self.count("segments.retransmitted", u128::from(record.number("retransmission") > Some(0)));
        self.count("segments.wasted", u128::from(record.is("wasted")));
        self.count(&format!("segments/{}", if record.is("wasted") { blame(record) } else { String::new() }), 1);
        if !record.is("forged") {
            self.count(&format!("{from}.segments.sent"), 1);
            self.count(&format!("{from}.resets.sent"), u128::from(flags.contains('R')));
            self.count(&format!("{from}.syn-acks.sent"), u128::from(flags.contains('S') && flags.contains('A')));
        }
    }

    fn call(&mut self, record: &Record) {
        let host = record.text("host");
        match (record.text("call"), record.text("error")) {
            ("receive", _) => {
                self.count("data.delivered.bytes", u128::from(record.number("len").unwrap_or(0)));
                self.count("data.stale-delivered.bytes", u128::from(record.number("stale").unwrap_or(0)));
            }
            ("connect", "connection already exists") => self.count(&format!("{host}.attempts.port-in-use"), 1),
            ("connect", "quiet time after a reboot") => self.count(&format!("{host}.attempts.kept-quiet"), 1),
            ("connect", "insufficient resources: no port") => self.count(&format!("{host}.ports.exhausted"), 1),
            _ => {}
        }
    }

    /// A client begins to wait, or waits for something else from now on.
    fn waits(&mut self, record: &Record) {
        let key = (record.text("host").to_owned(), record.attempt());
        let scarce = record.text("scarce").to_owned();
        let (port, script) = (record.number("port"), record.number("script"));
        let wait = Wait { host: key.0.clone(), port, scarce, script, blame: blame(record) };
        if let Some(before) = self.waits.remove(&key) {
            self.give(before.gives(), -1);
        } else {
            self.count(&format!("{}.clients.waits", key.0), 1);
            self.count(&format!("{}.clients.waits-by-waste", key.0), u128::from(!wait.blame.is_empty()));
        }
        self.give(wait.gives(), 1);
        self.waits.insert(key, wait);
    }

    /// All that wait for a worker at a port wait because of something else from now on.
    fn line_moves(&mut self, record: &Record) {
        let mut waits = std::mem::take(&mut self.waits);
        let in_line = |wait: &&mut Wait| {
            let line = (wait.host.as_str(), wait.port, wait.script);
            wait.scarce == "workers" && line == (record.text("host"), record.number("port"), record.number("script"))
        };
        for wait in waits.values_mut().filter(in_line) {
            self.give(wait.gives(), -1);
            wait.blame = blame(record);
            self.give(wait.gives(), 1);
        }
        self.waits = waits;
    }

    fn wait_over(&mut self, record: &Record) {
        let key = (record.text("host").to_owned(), record.attempt());
        if let Some(before) = self.waits.remove(&key) {
            self.give(before.gives(), -1);
        }
        if record.text("end") == "turned-away" {
            let blame = blame(record);
            self.count(&format!("{}.clients.turned-away", key.0), 1);
            self.count(&format!("{}.clients.turned-away-by-waste", key.0), u128::from(!blame.is_empty()));
            self.count(&format!("turned_away/{blame}"), 1);
        }
    }

    fn integral(&self, name: &str) -> i128 {
        self.levels.get(name).map_or(0, |level| level.integral)
    }

    fn peak(&self, name: &str) -> i128 {
        self.levels.get(name).map_or(0, |level| level.peak)
    }

    /// The metrics that are recounted: names, and values in thousand-millionths.
    fn metrics(&self, hosts: &[String]) -> BTreeMap<String, i128> {
        let mut metrics = BTreeMap::new();
        for host in hosts {
            self.levels_of(host, &mut |name, value| {
                metrics.insert(format!("{host}.{name}"), value);
            });
        }
        for cause in CAUSES {
            metrics.insert(format!("waste.{cause}.byte-seconds"), self.integral(&format!("waste.{cause}")));
        }
        let wasted: i128 = hosts.iter().map(|host| self.integral(&format!("{host}.memory.wasted"))).sum();
        metrics.insert("waste.byte-seconds".to_owned(), wasted);
        let counted = |name: &String| i128::try_from(self.counts.get(name).copied().unwrap_or(0)).expect("a count");
        let counts = COUNTS.iter().map(|name| (*name).to_owned());
        let of_hosts = hosts.iter().flat_map(|host| HOST_COUNTS.iter().map(move |name| format!("{host}.{name}")));
        metrics.extend(counts.chain(of_hosts).map(|name| (name.clone(), counted(&name) * 1_000_000_000)));
        metrics
    }

    /// Those of them that are levels of a host.
    fn levels_of(&self, host: &str, metric: &mut impl FnMut(&str, i128)) {
        let integral = |name: &str| self.integral(&format!("{host}.{name}"));
        let peak = |name: &str| self.peak(&format!("{host}.{name}")) * 1_000_000_000;
        metric("memory.byte-seconds", integral("memory"));
        metric("memory.wasted-byte-seconds", integral("memory.wasted"));
        metric("memory.useful-byte-seconds", integral("memory") - integral("memory.wasted"));
        metric("memory.peak-bytes", peak("memory"));
        metric("half-open.seconds", integral("half-open"));
        metric("half-open.abandoned-seconds", integral("abandoned"));
        metric("half-open.peak", peak("half-open"));
        for worth in ["ghost", "bereft"] {
            metric(&format!("{worth}.seconds"), integral(worth));
            metric(&format!("{worth}.byte-seconds"), integral(&format!("{worth}.memory")));
        }
        for state in STATES {
            metric(&format!("state.{state}.seconds"), integral(&format!("state.{state}")));
            metric(&format!("state.{state}.peak"), peak(&format!("state.{state}")));
        }
        metric("time-wait.seconds", integral("state.TIME-WAIT"));
        metric("time-wait.peak", peak("state.TIME-WAIT"));
        metric("workers.busy-seconds", integral("workers"));
        metric("workers.busy-peak", peak("workers"));
        metric("clients.wait-seconds", integral("waiting"));
        metric("clients.wait-by-waste-seconds", integral("waiting.waste"));
    }

    fn against_metrics(&self, trace: &Trace, report: &Json) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, recounted) in self.metrics(&trace.hosts) {
            let told: f64 = report.get(&name).digits().and_then(|digits| digits.parse().ok()).unwrap_or(f64::NAN);
            let recounted = recounted as f64 / 1e9;
            // The last digit of a binary fraction, and no more.
            let near = (told - recounted).abs() <= recounted.abs() * 4.0 * f64::EPSILON;
            if !near {
                let kind = trace.hosts.iter().find_map(|host| name.strip_prefix(&format!("{host}."))).unwrap_or(&name);
                differences.push(format!("metric {kind}: the run says {name} = {told}, its trace {recounted}"));
            }
        }
        differences
    }

    fn against_ledger(&self, ledger: &Json) -> Vec<String> {
        let mut differences = Vec::new();
        let mut told = BTreeMap::new();
        for resource in ledger.get("resources").items() {
            let text = |name: &str| resource.get(name).text().unwrap_or("?");
            differences.extend(adds_up(resource, text("resource")));
            // Who waits in an accept queue is said by no record of its own.
            if text("resource") != "accept queue" {
                let prefix = format!("{}/{}/", text("host"), text("resource"));
                told.insert(prefix.clone(), amount(resource.get("useful")));
                told.extend(causes(resource, &prefix));
            }
        }
        for counted in ["segments", "turned_away"] {
            let part = ledger.get(counted);
            differences.extend(adds_up(part, counted));
            told.insert(format!("{counted}/"), amount(part.get("useful")));
            told.extend(causes(part, &format!("{counted}/")));
        }
        let levels = self
            .levels
            .iter()
            .filter(|(name, _)| name.contains('/'))
            .map(|(name, level)| (name.clone(), level.integral));
        let counts = self.counts.iter().filter(|(name, _)| name.contains('/'));
        let counts =
            counts.map(|(name, count)| (name.clone(), i128::try_from(*count).expect("a count") * 1_000_000_000));
        let recounted: BTreeMap<String, i128> = levels.chain(counts).collect();
        let names: BTreeSet<&String> = told.keys().chain(recounted.keys()).collect();
        for name in names {
            let [told, recounted] = [&told, &recounted].map(|amounts| amounts.get(name).copied().unwrap_or(0));
            if told != recounted {
                let kind = name.split('/').rev().nth(1).unwrap_or("?");
                differences
                    .push(format!("ledger {kind}: the run says {name} = {told}, its trace {recounted}, by 10⁻⁹"));
            }
        }
        differences
    }
}

const COUNTS: &[&str] = &[
    "segments.sent",
    "segments.delivered",
    "segments.unheard",
    "segments.lost",
    "segments.duplicated",
    "segments.retransmitted",
    "segments.stale",
    "segments.wasted",
    "data.delivered.bytes",
    "data.lost.bytes",
    "data.stale-delivered.bytes",
    "close.reset",
];

const HOST_COUNTS: &[&str] = &[
    "attempts.opened",
    "attempts.established",
    "attempts.refused",
    "attempts.timed-out",
    "attempts.reset",
    "attempts.port-in-use",
    "attempts.kept-quiet",
    "ports.exhausted",
    "half-open.entries",
    "half-open.abandoned",
    "ghost.connections",
    "bereft.connections",
    "backlog.syn-dropped",
    "backlog.accept-dropped",
    "clients.waits",
    "clients.waits-by-waste",
    "clients.turned-away",
    "clients.turned-away-by-waste",
    "hold-down.refused",
    "time-wait.entries",
    "time-wait.ended-early",
    "segments.sent",
    "segments.unheard",
    "syn-acks.sent",
    "resets.sent",
    "crashes",
];

/// An amount of the ledger, in thousand-millionths: exact.
fn amount(amount: &Json) -> i128 {
    amount.nanos().and_then(|nanos| i128::try_from(nanos).ok()).unwrap_or(-1)
}

/// What a part of the ledger says of each cause.
fn causes(part: &Json, prefix: &str) -> BTreeMap<String, i128> {
    let mut causes = BTreeMap::new();
    for entry in part.get("causes").items() {
        let cause = entry.get("cause").text().unwrap_or("?");
        let record = entry.get("record").digits().unwrap_or("none");
        *causes.entry(format!("{prefix}{cause} {record}")).or_default() += amount(entry.get("amount"));
    }
    causes
}

/// Whether what a part of the ledger says of causes is what it says was wasted.
fn adds_up(part: &Json, name: &str) -> Option<String> {
    let sum: i128 = part.get("causes").items().iter().map(|entry| amount(entry.get("amount"))).sum();
    let wasted = amount(part.get("wasted"));
    (sum != wasted).then(|| format!("sum {name}: causes come to {sum}, and {wasted} was wasted, by 10⁻⁹"))
}
