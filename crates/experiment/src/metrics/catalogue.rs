//! Every metric there is: its name, its unit, what it means and how it is read off the totals.

use std::sync::OnceLock;

use tcp_endpoint::State;

use super::totals::{HostTotals, RunTotals};
use super::{Metrics, Names};
use crate::level::Level;
use crate::record::Cause;

/// What there is to know about a metric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricInfo {
    /// Its full name.
    pub name: String,
    /// Its unit: `s`, `B`, `entry·s`, `B·s`, or what is counted.
    pub unit: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Which table shows it, unless all metrics are wanted.
    pub shown: Shown,
}

/// When a table shows a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Where it is not zero; in a comparison, where variants differ in it.
    Telling,
    /// The same; in a comparison also where variants agree.
    Always,
    /// The same as [`Self::Telling`], if opens took different times.
    Spread,
    /// In a table of its own: of states.
    States,
}

/// One line of the tables below; the name of a host's metric lacks the host.
struct Line<T> {
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    shown: Shown,
    value: fn(&T) -> Option<f64>,
}

/// Every metric of a run with these hosts, in the order in which [`Metrics`] lists them.
#[must_use]
pub fn catalogue(hosts: &[&str]) -> Vec<MetricInfo> {
    let mut infos = Vec::new();
    for host in hosts {
        infos.extend(HOST.iter().map(|line| line.info(format!("{host}.{}", line.name))));
        for state in counted_states() {
            let (seconds, peak) = state_names(host, state);
            let meaning = "entries in this state, summed over the time they spent in it";
            infos.push(MetricInfo { name: seconds, unit: "entry·s", meaning, shown: Shown::States });
            let meaning = "most entries that were in this state at once";
            infos.push(MetricInfo { name: peak, unit: "entries", meaning, shown: Shown::States });
        }
    }
    infos.extend(RUN.iter().map(|line| line.info(line.name.to_owned())));
    infos
}

/// Reads all metrics off the totals, which must have been brought up to the horizon.
pub(super) fn read(hosts: &[(String, HostTotals)], run: &RunTotals) -> Metrics {
    let mut values = Vec::with_capacity(hosts.len() * of_a_host() + RUN.len());
    for (_, totals) in hosts {
        values.extend(HOST.iter().map(|line| (line.value)(totals)));
        for state in counted_states() {
            let level = totals.states[state as usize];
            values.push(Some(level.unit_seconds()));
            values.push(count(level.peak()));
        }
    }
    values.extend(RUN.iter().map(|line| (line.value)(run)));
    let hosts = hosts.iter().map(|(host, _)| host.clone()).collect();
    Metrics { names: Names { hosts, made: OnceLock::new() }, values, setups: run.setups.clone() }
}

/// How many metrics a host has.
fn of_a_host() -> usize {
    HOST.len() + 2 * counted_states().count()
}

/// The place of a metric in the [`catalogue`] of these hosts, without making that.
pub(super) fn place(hosts: &[String], name: &str) -> Option<usize> {
    let of_host = |host: &String| {
        let own = name.strip_prefix(host.as_str())?.strip_prefix('.')?;
        let line = HOST.iter().position(|line| line.name == own);
        let of_state = || {
            let (state, what) = own.strip_prefix("state.")?.rsplit_once('.')?;
            let place = counted_states().position(|known| known.name() == state)?;
            let what = ["seconds", "peak"].iter().position(|known| *known == what)?;
            Some(HOST.len() + 2 * place + what)
        };
        line.or_else(of_state)
    };
    let of_hosts = || hosts.iter().enumerate().find_map(|(host, name)| Some(host * of_a_host() + of_host(name)?));
    let of_run = || RUN.iter().position(|line| line.name == name).map(|line| hosts.len() * of_a_host() + line);
    of_hosts().or_else(of_run)
}

impl<T> Line<T> {
    const fn info(&self, name: String) -> MetricInfo {
        let Self { unit, meaning, shown, .. } = *self;
        MetricInfo { name, unit, meaning, shown }
    }
}

/// CLOSED is no entry and LISTEN no connection.
fn counted_states() -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(|state| !matches!(state, State::Closed | State::Listen))
}

fn state_names(host: &str, state: State) -> (String, String) {
    (format!("{host}.state.{state}.seconds"), format!("{host}.state.{state}.peak"))
}

#[expect(clippy::unnecessary_wraps, reason = "the tables hold functions that may find nothing to tell")]
const fn count(value: u64) -> Option<f64> {
    Some(value as f64)
}

fn ratio(sum: f64, of: u64) -> Option<f64> {
    (of > 0).then(|| sum / of as f64)
}

/// The nearest-rank quantile of the setup times, in seconds.
fn setup_quantile(run: &RunTotals, per_mille: u64) -> Option<f64> {
    let rank = (run.setups.count() * per_mille).div_ceil(1000);
    run.setups.of_rank(rank).map(|nanos| nanos as f64 / 1e9)
}

fn setup_mean(run: &RunTotals) -> Option<f64> {
    run.setups.mean().map(|nanos| nanos / 1e9)
}

fn waste(run: &RunTotals, cause: Cause) -> Option<f64> {
    Some(run.waste[cause as usize].unit_seconds())
}

/// A line whose value is `$value` of the totals `$totals`, shown where it tells something, or as it says.
macro_rules! line {
    ($name:literal, $unit:literal, |$totals:ident| $value:expr, $meaning:literal) => {
        line!($name, $unit, |$totals| $value, $meaning, Telling)
    };
    ($name:literal, $unit:literal, |$totals:ident| $value:expr, $meaning:literal, $shown:ident) => {
        Line { name: $name, unit: $unit, meaning: $meaning, shown: Shown::$shown, value: |$totals| $value }
    };
}

const HOST: &[Line<HostTotals>] = &[
    line!("attempts.opened", "attempts", |h| count(h.opened), "active opens that sent a SYN"),
    line!("attempts.established", "attempts", |h| count(h.established), "active opens that succeeded"),
    line!(
        "attempts.refused",
        "attempts",
        |h| count(h.refused),
        "active opens that a reset ended before they succeeded"
    ),
    line!("attempts.timed-out", "attempts", |h| count(h.timed_out), "active opens that failed because nobody answered"),
    line!(
        "attempts.reset",
        "attempts",
        |h| count(h.reset),
        "actively opened connections that a reset ended once they were open"
    ),
    line!(
        "attempts.port-in-use",
        "attempts",
        |h| count(h.port_in_use),
        "active opens from a given port that failed because a connection to the same peer still holds it"
    ),
    line!(
        "attempts.kept-quiet",
        "attempts",
        |h| count(h.kept_quiet),
        "active opens that failed because the host kept quiet after a reboot"
    ),
    line!(
        "ports.exhausted",
        "attempts",
        |h| count(h.ports_exhausted),
        "active opens that found no free ephemeral port"
    ),
    line!(
        "half-open.entries",
        "entries",
        |h| count(h.half_open_entries),
        "connections a peer's SYN opened that were in SYN-RECEIVED"
    ),
    line!("half-open.seconds", "entry·s", |h| Some(h.half_open.unit_seconds()), "time they spent there, summed"),
    line!("half-open.peak", "entries", |h| count(h.half_open.peak()), "most that were there at once"),
    line!(
        "half-open.abandoned",
        "entries",
        |h| count(h.abandoned.entries),
        "those that at some time had nobody at the other end"
    ),
    line!(
        "half-open.abandoned-seconds",
        "entry·s",
        |h| Some(h.abandoned.now.unit_seconds()),
        "time they spent in SYN-RECEIVED with nobody at the other end, summed"
    ),
    line!(
        "ghost.connections",
        "connections",
        |h| count(h.ghost.entries),
        "open connections with nobody at the other end, to which no client was ever bound"
    ),
    line!(
        "ghost.seconds",
        "entry·s",
        |h| Some(h.ghost.now.unit_seconds()),
        "time they were held with nobody at the other end, summed"
    ),
    line!("ghost.byte-seconds", "B·s", |h| Some(h.ghost.bytes.unit_seconds()), "memory they held in that time"),
    line!(
        "bereft.connections",
        "connections",
        |h| count(h.bereft.entries),
        "other connections that at some time had nobody at the other end"
    ),
    line!(
        "bereft.seconds",
        "entry·s",
        |h| Some(h.bereft.now.unit_seconds()),
        "time they were held with nobody at the other end, summed"
    ),
    line!("bereft.byte-seconds", "B·s", |h| Some(h.bereft.bytes.unit_seconds()), "memory they held in that time"),
    line!("memory.byte-seconds", "B·s", |h| Some(h.memory.unit_seconds()), "memory all entries held, over time"),
    line!(
        "memory.wasted-byte-seconds",
        "B·s",
        |h| Some(h.wasted_memory.unit_seconds()),
        "the part that abandoned, ghost and bereft entries held"
    ),
    line!(
        "memory.useful-byte-seconds",
        "B·s",
        |h| Some(h.memory.unit_seconds_beyond(&h.wasted_memory)),
        "the rest: what was held for someone"
    ),
    line!("memory.peak-bytes", "B", |h| count(h.memory.peak()), "most memory held at once"),
    line!(
        "backlog.syn-dropped",
        "segments",
        |h| count(h.syn_dropped),
        "SYNs dropped because a port had all the half-open entries it may have"
    ),
    line!(
        "backlog.accept-dropped",
        "segments",
        |h| count(h.accept_dropped),
        "SYNs and handshakes' last segments dropped because too many connections waited to be accepted"
    ),
    line!(
        "clients.waits",
        "waits",
        |h| count(h.waits[0].begun),
        "times that a client had to wait here: no room for its segment, or no worker for its connection"
    ),
    line!(
        "clients.waits-by-waste",
        "waits",
        |h| count(h.waits[1].begun),
        "those of them that began when connections held for nobody took room that the client could have had"
    ),
    line!(
        "clients.wait-seconds",
        "client·s",
        |h| Some(h.waits[0].now.unit_seconds()),
        "clients that waited, summed over the time"
    ),
    line!(
        "clients.wait-by-waste-seconds",
        "client·s",
        |h| Some(h.waits[1].now.unit_seconds()),
        "clients that waited for want of what was held for nobody, summed over the time"
    ),
    line!(
        "clients.turned-away",
        "clients",
        |h| count(h.waits[0].turned_away),
        "clients whose connection was over before their wait was, crashes left out"
    ),
    line!(
        "clients.turned-away-by-waste",
        "clients",
        |h| count(h.waits[1].turned_away),
        "those of them that, at the end, waited for want of what was held for nobody"
    ),
    line!(
        "workers.busy-seconds",
        "worker·s",
        |h| Some(h.busy_workers.unit_seconds()),
        "workers busy with a connection, summed over the time"
    ),
    line!("workers.busy-peak", "workers", |h| count(h.busy_workers.peak()), "most workers that were busy at once"),
    line!(
        "hold-down.refused",
        "segments",
        |h| count(h.held_down),
        "SYNs refused without an answer because their 4-tuple, or the whole host after a reboot, was held down"
    ),
    line!("time-wait.entries", "entries", |h| count(h.time_wait_entries), "connections that came to TIME-WAIT"),
    line!(
        "time-wait.peak",
        "entries",
        |h| count(h.states[State::TimeWait as usize].peak()),
        "most that were there at once"
    ),
    line!(
        "time-wait.seconds",
        "entry·s",
        |h| Some(h.states[State::TimeWait as usize].unit_seconds()),
        "time they spent there, summed"
    ),
    line!(
        "time-wait.ended-early",
        "entries",
        |h| count(h.time_wait_ended_early),
        "those that did not stay their full time"
    ),
    line!("segments.sent", "segments", |h| count(h.segments_sent), "segments this host sent"),
    line!(
        "segments.unheard",
        "segments",
        |h| count(h.unheard),
        "copies of segments that came to this host while it was down or kept quiet"
    ),
    line!("syn-acks.sent", "segments", |h| count(h.syn_acks_sent), "SYN-ACKs this host sent, retransmissions included"),
    line!("resets.sent", "segments", |h| count(h.resets_sent), "resets this host sent"),
    line!("crashes", "crashes", |h| count(h.crashes), "times this host crashed"),
    line!("down.seconds", "s", |h| Some(h.down.unit_seconds()), "time it was down"),
];

const RUN: &[Line<RunTotals>] = &[
    line!("segments.sent", "segments", |r| count(r.sent), "segments sent, retransmissions included"),
    line!(
        "segments.delivered",
        "segments",
        |r| count(r.delivered),
        "copies of segments that arrived before the end of the run"
    ),
    line!(
        "segments.unheard",
        "segments",
        |r| count(r.unheard),
        "copies that arrived at a host that was down or kept quiet: neither delivered nor lost"
    ),
    line!("segments.lost", "segments", |r| count(r.lost), "segments of which no copy was to arrive"),
    line!(
        "segments.duplicated",
        "segments",
        |r| count(r.duplicated),
        "copies the network made, beyond the one that was sent"
    ),
    line!(
        "segments.retransmitted",
        "segments",
        |r| count(r.retransmitted),
        "segments whose sequence space was sent before"
    ),
    line!(
        "segments.stale",
        "segments",
        |r| count(r.stale),
        "copies that arrived when their sender no longer held the TCB that sent them, or had retransmitted them"
    ),
    line!(
        "segments.wasted",
        "segments",
        |r| count(r.wasted),
        "segments sent for a ghost or an abandoned half-open, or in answer to such a segment"
    ),
    line!("setup.seconds.mean", "s", |r| setup_mean(r), "time a successful open took its caller: mean", Always),
    line!("setup.seconds.p50", "s", |r| setup_quantile(r, 500), "time a successful open took: median", Spread),
    line!("setup.seconds.p90", "s", |r| setup_quantile(r, 900), "time a successful open took: 90th percentile", Spread),
    line!("setup.seconds.p99", "s", |r| setup_quantile(r, 990), "time a successful open took: 99th percentile", Spread),
    line!(
        "setup.seconds.p999",
        "s",
        |r| setup_quantile(r, 999),
        "time a successful open took: 99.9th percentile",
        Spread
    ),
    line!("setup.seconds.max", "s", |r| setup_quantile(r, 1000), "time a successful open took: longest", Spread),
    line!(
        "setup.round-trips",
        "round trips",
        |r| ratio(r.setup_trips as f64 / 2.0, r.setups.count()),
        "round trips in the chain of segments, each sent after the one before it came, that led to a successful open: mean",
        Always
    ),
    line!(
        "close.segments",
        "segments",
        |r| ratio(r.close_segments as f64, r.closes),
        "segments of both ends from a connection's first FIN until neither end holds it, retransmissions included, \
         wasted ones not: mean over connections that sent a FIN"
    ),
    line!(
        "close.reset",
        "connections",
        |r| count(r.close_resets),
        "ends of connections that a reset took from ESTABLISHED or a closing state; TIME-WAITs and ghosts do not count"
    ),
    line!("data.delivered.bytes", "B", |r| count(r.data_delivered), "octets that applications received"),
    line!(
        "data.lost.bytes",
        "B",
        |r| count(r.data_lost),
        "octets that applications sent and that can never be received"
    ),
    line!(
        "data.stale-delivered.bytes",
        "B",
        |r| count(r.data_stale),
        "octets received that were sent on another connection"
    ),
    line!(
        "waste.lost.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Lost),
        "memory held for nobody because a packet was lost"
    ),
    line!(
        "waste.delayed.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Delayed),
        "memory held for nobody because a packet was delayed"
    ),
    line!(
        "waste.duplicated.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Duplicated),
        "memory held for nobody because a packet was duplicated"
    ),
    line!(
        "waste.forged.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Forged),
        "memory held for nobody because a packet was forged"
    ),
    line!(
        "waste.crash.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Crash),
        "memory held for nobody because a host crashed"
    ),
    line!(
        "waste.application.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Application),
        "memory held for nobody because an application gave up, aborted or does not close"
    ),
    line!(
        "waste.capacity.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Capacity),
        "memory held for nobody because a queue, a cache, a table or a pool was full"
    ),
    line!(
        "waste.middlebox.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Middlebox),
        "memory held for nobody because of a box in the network: always 0, there is none yet"
    ),
    line!(
        "waste.unknown.byte-seconds",
        "B·s",
        |r| waste(r, Cause::Unknown),
        "memory held for nobody for no known accident"
    ),
    line!(
        "waste.byte-seconds",
        "B·s",
        |r| Some(r.waste.iter().map(Level::integral).sum::<u128>() as f64 / 1e9),
        "memory held for nobody, for all these causes"
    ),
];
