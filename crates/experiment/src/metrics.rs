//! Names of metrics.

use tcp_endpoint::State;

/// What `synlab list metrics` says of a metric.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricInfo {
    /// Its dotted name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// What it measures.
    pub meaning: &'static str,
}

/// Metrics of every host: name without the host's, unit, meaning.
const OF_HOST: [(&str, &str, &str); 24] = [
    ("attempts.opened", "attempts", "calls to open"),
    ("attempts.established", "attempts", "opens that became ESTABLISHED"),
    ("attempts.refused", "attempts", "opens answered by a reset"),
    ("attempts.timed-out", "attempts", "opens given up"),
    ("attempts.reset", "attempts", "opens that succeeded and were reset later"),
    ("syn-acks.sent", "segments", "SYN-ACKs sent, retransmissions included"),
    ("half-open.entries", "entries", "half-open entries made"),
    ("half-open.abandoned", "entries", "of these, entries that lost their live peer"),
    ("half-open.seconds", "entry·s", "how long half-open entries were held"),
    ("half-open.abandoned-seconds", "entry·s", "how long of it without a live peer"),
    ("half-open.peak", "entries", "most half-open entries at a time"),
    ("ghost.connections", "connections", "connections without a live peer that no client was ever bound to"),
    ("ghost.seconds", "entry·s", "how long ghosts were held"),
    ("ghost.byte-seconds", "B·s", "memory that ghosts held"),
    ("memory.byte-seconds", "B·s", "memory held in all"),
    ("memory.wasted-byte-seconds", "B·s", "memory held for nobody"),
    ("memory.peak-bytes", "B", "most memory held at a time"),
    ("backlog.syn-dropped", "segments", "SYNs dropped because the SYN backlog was full"),
    ("backlog.accept-dropped", "segments", "segments dropped because the accept backlog was full"),
    ("ports.exhausted", "attempts", "opens that found no free port"),
    ("time-wait.entries", "entries", "TIME-WAIT entries made"),
    ("time-wait.peak", "entries", "most TIME-WAIT entries at a time"),
    ("time-wait.ended-early", "entries", "TIME-WAIT entries that a segment ended"),
    ("time-wait.seconds", "entry·s", "how long TIME-WAIT entries were held"),
];

/// Metrics of the whole run.
const OF_RUN: [(&str, &str, &str); 26] = [
    ("segments.sent", "segments", "segments offered to a link"),
    ("segments.delivered", "segments", "copies that arrived"),
    ("segments.lost", "segments", "segments of which no copy arrived"),
    ("segments.duplicated", "segments", "copies beyond the first"),
    ("segments.retransmitted", "segments", "segments sent again"),
    ("segments.stale", "segments", "copies that arrived stale"),
    ("segments.wasted", "segments", "segments sent on behalf of nobody"),
    ("setup.seconds.mean", "s", "time from open to ESTABLISHED"),
    ("setup.seconds.p50", "s", "its median"),
    ("setup.seconds.p90", "s", "its 90 % quantile"),
    ("setup.seconds.p99", "s", "its 99 % quantile"),
    ("setup.seconds.p999", "s", "its 99.9 % quantile"),
    ("setup.seconds.max", "s", "the longest"),
    ("setup.round-trips", "round trips", "the same in round trips"),
    ("close.segments", "segments", "segments of a close"),
    ("close.reset", "closes", "closes that ended by a reset"),
    ("data.delivered.bytes", "B", "octets that reached an application"),
    ("data.lost.bytes", "B", "octets that can no longer arrive"),
    ("data.stale-delivered.bytes", "B", "octets of another attempt that reached an application"),
    ("waste.lost.byte-seconds", "B·s", "memory made useless by a loss"),
    ("waste.delayed.byte-seconds", "B·s", "memory made useless by a delay"),
    ("waste.duplicated.byte-seconds", "B·s", "memory made useless by a duplicate"),
    ("waste.spoofed.byte-seconds", "B·s", "memory made useless by a forged segment"),
    ("waste.crash.byte-seconds", "B·s", "memory made useless by a crash"),
    ("waste.application.byte-seconds", "B·s", "memory made useless by an application"),
    ("waste.byte-seconds", "B·s", "all of these"),
];

/// The metrics of a run with these hosts.
#[must_use]
pub fn catalogue(hosts: &[&str]) -> Vec<MetricInfo> {
    let mut metrics: Vec<MetricInfo> = Vec::new();
    for host in hosts {
        metrics.extend(OF_HOST.map(|(name, unit, meaning)| MetricInfo {
            name: format!("{host}.{name}"),
            unit,
            meaning,
        }));
        for state in State::ALL {
            let name = |what| format!("{host}.state.{state}.{what}");
            metrics.push(MetricInfo { name: name("seconds"), unit: "entry·s", meaning: "time spent in the state" });
            metrics.push(MetricInfo { name: name("peak"), unit: "entries", meaning: "most in the state at a time" });
        }
    }
    metrics.extend(OF_RUN.map(|(name, unit, meaning)| MetricInfo { name: name.to_owned(), unit, meaning }));
    metrics
}
