//! Opens that failed, or took longer than they would have.

use std::net::SocketAddrV4;

use experiment::HostId;
use experiment::record::RecordId;
use sim_time::Instant;
use tcp_endpoint::{Reason, State};

use super::course::Course;
use super::findings::{Finding, Weight};
use super::known::{End, Ended, Known};
use super::names::{Names, seconds};
use crate::amount::whole;
use crate::wrap::listed;

/// Kinds, the worst first.
const FAILED: u8 = 0;
const NEVER_OPEN: u8 = 1;
const SLOW: u8 = 2;

/// What the SYN-ACKs of an attempt are called: an end that opened answers a SYN that crossed its own.
pub(super) const fn syn_acks_name(known: &Known) -> &'static str {
    if known.is_crossed() { "Its own SYN-ACKs" } else { "SYN-ACKs" }
}

/// A call to open that failed at once.
pub(super) fn not_called(
    at: Instant,
    (host, remote): (HostId, Option<SocketAddrV4>),
    error: &str,
    states: &[(State, u64)],
    names: Names<'_>,
) -> Finding {
    let states: Vec<String> = states.iter().map(|(state, count)| format!("{} in {state}", whole(*count))).collect();
    let had = (!states.is_empty()).then(|| format!("{} had connections: {}.", names.host(host), listed(&states)));
    let (client, server) = (names.host(host), remote.map_or("nobody".to_owned(), |remote| names.hosts.socket(remote)));
    Finding {
        rank: FAILED,
        kind: format!("opens from {client} to {server} failed at once: {error}"),
        at,
        weight: Weight::Time(0),
        heading: format!("{client} → {server}: the call to open failed at {at} s: {error}"),
        sentences: had.into_iter().collect(),
        courses: Vec::new(),
    }
}

/// An open that came to its end before the connection was open.
pub(super) fn failed(known: &Known, names: Names<'_>) -> Option<Finding> {
    let (life, ended) = (known.here.life?, known.here.ended?);
    let Ended { at, reason, reset, .. } = ended;
    let took = at.since(known.since).as_nanos();
    let handshake = handshake(known);
    let (what, why, courses) = match reason {
        Reason::Reset => {
            let why = reset.map_or("a reset".to_owned(), |(_, why)| names.why(why));
            let in_vain = handshake.iter().any(|(_, course)| course.kinds().is_some());
            ("refused", why, if in_vain { handshake } else { Vec::new() })
        }
        Reason::GaveUp => ("timed out", in_vain(known), handshake),
        Reason::Call => ("given up by the application", in_vain(known), handshake),
        Reason::Crash => ("cut off", format!("a crash of {}", names.host(life.host)), handshake),
        Reason::Segment | Reason::Expired | Reason::Evicted | Reason::Overflow | Reason::Unread => {
            ("over", in_vain(known), handshake)
        }
    };
    let mut sentences = reset.map_or(Vec::new(), |reset| names.reset(reset));
    if reset.is_none() {
        sentences.extend(first_in_vain(&courses, names));
    }
    let were = if reason == Reason::GaveUp { "" } else { "were " };
    Some(Finding {
        rank: FAILED,
        kind: format!("opens {} {were}{what}: {why}", names.lives(life)),
        at,
        weight: Weight::Time(took),
        heading: format!("{}: {what} at {at} s, after {}", names.life(life), seconds(took)),
        sentences,
        courses,
    })
}

/// An open that waited for a timer to send something again, or that the other end never came to know of.
pub(super) fn slow(known: &Known, other: &End, names: Names<'_>) -> Option<Finding> {
    let (life, (at, waited)) = (known.here.life?, known.here.opened?);
    let server = names.hosts.socket(life.tuple.remote);
    let name = names.life(life);
    let after = |at: Instant, waited: u64| {
        let took = at.since(known.since).as_nanos();
        format!("at {at} s, after {} instead of {}", seconds(took), seconds(took.saturating_sub(waited)))
    };
    let acks = acks(known);
    let lives = names.lives(life);
    let why = in_vain(known);
    let mut over = None;
    let (rank, heading, kind, last, weight) = match known.opened_there() {
        Some((there, later)) if later > waited && waited > 0 => {
            let heading = format!("{name}: open {}; at {server} {}", after(at, waited), after(there, later));
            (SLOW, heading, format!("opens {lives} were slow: {why}"), there, later)
        }
        Some((there, later)) if later > waited => {
            let heading = format!("{name}: open at {server} {}", after(there, later));
            (SLOW, heading, format!("opens {lives} were slow: {why}"), there, later)
        }
        None if is_open_alone(known, other) => {
            let client = names.host(life.host);
            // What is half-open at the end of the run may open yet.
            let never = if other.life.is_some() && other.ended.is_none() { "not yet" } else { "never" };
            let why = other.ended.map_or(why.clone(), |ended| names.reason(&ended));
            over = other.life.zip(other.ended).map(|(life, ended)| names.ended(life, &ended));
            let heading = format!("{name}: open at {client} at {at} s, and {never} at {server}");
            (NEVER_OPEN, heading, format!("opens {lives} were {never} open at {server}: {why}"), at, 0)
        }
        _ if waited > 0 => {
            (SLOW, format!("{name}: open {}", after(at, waited)), format!("opens {lives} were slow: {why}"), at, waited)
        }
        _ => return None,
    };
    let mut courses = handshake(known);
    if acks.kinds().is_some() {
        courses.push(("ACKs, also with data", acks));
    }
    let sentences = first_in_vain(&courses, names).into_iter().chain(over).collect();
    Some(Finding { rank, kind, at: last, weight: Weight::Delay(weight), heading, sentences, courses })
}

/// Whether an open that succeeded was none at the other end: that is over, or what would have opened it was in vain.
fn is_open_alone(known: &Known, other: &End) -> bool {
    let is_over = other.opened.is_none() && other.ended.is_some();
    is_over || (!known.is_crossed() && known.acks.landed().kinds().is_some())
}

/// What became of the segments of a handshake. Of two opens that crossed, each has SYN-ACKs of its own.
fn handshake(known: &Known) -> Vec<(&'static str, Course)> {
    let name = syn_acks_name(known);
    vec![("SYNs", known.syns), (name, known.syn_acks)]
}

/// What became of what could have completed the handshake. What is on its way is told of if nothing else is to blame:
/// as a rule there is something.
fn acks(known: &Known) -> Course {
    let landed = known.acks.landed();
    let to_blame = [&known.syns, &known.syn_acks, &landed].into_iter().any(|course| course.kinds().is_some());
    if to_blame { landed } else { known.acks }
}

/// What became of the segments of a handshake, without numbers: `SYNs lost, SYN-ACKs unheard`.
fn in_vain(known: &Known) -> String {
    let kinds = |what: &str, course: &Course| course.kinds().map(|kinds| format!("{what} {kinds}"));
    // One queue that was full is one reason, whichever segments it refused.
    let courses = [&known.syns, &known.syn_acks, &acks(known)].map(|course| course.landed());
    let mut in_vain = courses.iter().filter(|course| course.kinds().is_some()).map(Course::refused_by);
    if let Some(Some(queue)) = in_vain.next()
        && in_vain.all(|other| other == Some(queue))
    {
        return format!("segments {queue}");
    }
    let told = [kinds("SYNs", &known.syns), kinds("SYN-ACKs", &known.syn_acks), kinds("ACKs", &acks(known))];
    let told: Vec<String> = told.into_iter().flatten().collect();
    match (told.is_empty(), known.syn_acks.sent) {
        (false, _) => told.join(", "),
        (true, 0) => "SYNs arrived, and none was answered".to_owned(),
        (true, _) => "SYN-ACKs arrived".to_owned(),
    }
}

/// The first segment that was of no use, or else one that has not arrived yet.
pub(super) fn first_in_vain(courses: &[(&'static str, Course)], names: Names<'_>) -> Option<String> {
    let first = |of: fn(&Course) -> Option<RecordId>| courses.iter().filter_map(|(_, course)| of(course)).min();
    if let Some(first) = first(|course| course.first_in_vain) {
        let met = courses.iter().find_map(|(_, course)| course.met);
        let met = met.map(|met| format!(" The other connection was {}.", names.met(met)));
        return Some(format!("The first without effect: {}.{}", names.segment(first)?, met.unwrap_or_default()));
    }
    let awaited = first(|course| course.awaited)?;
    Some(format!("Still under way then: {}.", names.segment(awaited)?))
}
