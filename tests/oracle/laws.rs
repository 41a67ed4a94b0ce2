//! What holds of every stream of records, whatever happens.

use crate::json::Json;
use crate::trace::{Change, Record, Trace};

/// Kinds of records that need no other, besides forged segments.
const ROOTS: &[&str] = &["script", "session", "crashed", "warmed-up"];

/// The laws that a stream breaks.
pub(crate) fn broken(trace: &Trace, report: &Json) -> Vec<String> {
    let mut broken = Vec::new();
    let (mut before, mut over) = (0, false);
    for (place, record) in trace.records.iter().enumerate() {
        if record.id != place as u64 {
            broken.push(format!("id: record {place} is called {}", record.id));
        }
        if record.t < before {
            broken.push(format!("time: record {place} is earlier than the one before it"));
        }
        before = record.t;
        let unfinished = record.kind == "unfinished";
        if (over && !unfinished) || (unfinished && record.t != trace.horizon) {
            broken.push(format!("unfinished: record {place} is told before the end of the run, or after what is"));
        }
        over |= unfinished;
        if record.because.iter().chain(&record.also).any(|id| *id >= record.id) {
            broken.push(format!("because: record {place} comes of a later one"));
            continue;
        }
        let causes: Vec<u64> = record.because.iter().chain(&record.also).copied().collect();
        if causes.len() > 3 || !causes.is_sorted_by(|one, next| one < next) {
            broken.push(format!("because: record {place} has its causes out of order, or more than three"));
        }
        let because = record.because.and_then(|id| trace.records.get(usize::try_from(id).ok()?));
        broken.extend(origin(record, because));
    }
    if trace.records.iter().any(|record| record.t > trace.horizon) {
        broken.push("horizon: a record is later than the end of the run".to_owned());
    }
    if trace.end.get("records").whole() != Some(trace.records.len() as u64) {
        broken.push("end: the last line miscounts the records".to_owned());
    }
    if trace.end.get("digest") != report.get("digest") || trace.end.get("digest").text().is_none() {
        broken.push("digest: the trace has another than the report".to_owned());
    }
    broken
}

/// What is wrong with the record that another comes of.
fn origin(record: &Record, because: Option<&Record>) -> Option<String> {
    let Record { id, t, kind, .. } = record;
    let Some(because) = because else {
        let root = ROOTS.contains(&&**kind) || (kind == "segment" && record.is("forged"));
        return (!root).then(|| format!("root: record {id}, {kind}, comes of nothing"));
    };
    // A server's script begins once more when its host is up again.
    let again = kind == "script" && because.kind == "rebooted";
    if (ROOTS.contains(&&**kind) && !again) || record.is("forged") {
        return Some(format!("root: record {id}, {kind}, comes of something"));
    }
    match &**kind {
        "delivered" | "unheard" => {
            let arrives = because.kind == "segment" && because.deliveries().contains(t);
            (!arrives).then(|| format!("arrival: record {id} comes of {}, which does not arrive then", because.id))
        }
        "timer-fired" => {
            let connection = record.number("connection");
            let sets = |change: &Change| match change {
                Change::TimerSet { host, connection: of, deadline } => {
                    host == record.text("host") && Some(*of) == connection && deadline == t
                }
                _ => false,
            };
            let set = because.changes.iter().any(sets);
            (!set).then(|| format!("timer: record {id} comes of {}, which sets no such timer", because.id))
        }
        _ => None,
    }
}
