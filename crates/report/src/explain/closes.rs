//! Connections that were open and were cut short, lost data, or took longer to close than they would have.

use std::net::SocketAddrV4;

use experiment::HostId;
use experiment::record::{Incarnation, RecordId};
use sim_time::Instant;
use tcp_endpoint::{Reason, State};

use super::findings::{Finding, Weight};
use super::known::{Dropped, End, Ended, Known, Side, SlowClose, Why, WhyReset};
use super::names::{Names, seconds};
use super::opens::first_in_vain;
use crate::amount::whole;

/// Kinds, the worst first.
const MIXED_UP: u8 = 0;
const DATA_LOST: u8 = 1;
const NOT_SENT: u8 = 2;
const RESET: u8 = 3;
const CRASHED: u8 = 4;
const GAVE_UP: u8 = 5;
const TIME_WAIT: u8 = 6;
const WAITS: u8 = 7;
const SLOW: u8 = 8;

const UNREAD: &str = "They had arrived, and nobody had read them.";

/// Octets that an application was given and its peer had not sent: another connection's, or forged ones.
pub(super) fn mixed_up(at: Instant, (known, side): (&Known, Side), octets: u64, names: Names<'_>) -> Option<Finding> {
    let end = known.end(side);
    let life = end.life?;
    let segment = end.stale.and_then(|segment| names.segment(segment));
    let came_with = segment.map(|segment| format!("They came with {segment}: its numbers fit this connection, too."));
    Some(Finding {
        rank: MIXED_UP,
        kind: format!("connections {} delivered data that the peer had not sent", names.lives(life)),
        at,
        weight: Weight::Octets(octets),
        heading: format!(
            "{}: its application was given {octets} B that its peer had not sent, at {at} s",
            names.end(life, end)
        ),
        sentences: came_with.into_iter().collect(),
        courses: Vec::new(),
    })
}

/// Octets that an application of one end had received before.
pub(super) fn received_again(
    at: Instant,
    (known, side): (&Known, Side),
    octets: u64,
    names: Names<'_>,
) -> Option<Finding> {
    let end = known.end(side);
    let life = end.life?;
    let segment = end.stale.and_then(|segment| names.segment(segment));
    let came_with = segment.map(|segment| format!("They came with {segment}."));
    let earlier = "An earlier connection of the same open had received them already.".to_owned();
    Some(Finding {
        rank: MIXED_UP,
        kind: format!("connections {} delivered data a second time", names.lives(life)),
        at,
        weight: Weight::Octets(octets),
        heading: format!("{}: its application received {octets} B a second time at {at} s", names.end(life, end)),
        sentences: came_with.into_iter().chain([earlier]).collect(),
        courses: Vec::new(),
    })
}

/// A call to send that failed: its octets never left.
pub(super) fn not_sent(
    at: Instant,
    (host, remote): (HostId, Option<SocketAddrV4>),
    (octets, error): (u64, &str),
    end: Option<&End>,
    names: Names<'_>,
) -> Finding {
    let own = names.host(host);
    let peer = remote.map_or("nobody".to_owned(), |remote| names.hosts.socket(remote));
    let name = end.and_then(|end| Some(names.end(end.life?, end))).unwrap_or(format!("{own} – {peer}"));
    let ended = end.and_then(|end| Some(names.ended(end.life?, &end.ended?)));
    Finding {
        rank: NOT_SENT,
        kind: format!("calls of {own} to send failed: {error}"),
        at,
        weight: Weight::Octets(octets),
        heading: format!("{name}: the call to send {octets} B failed at {at} s: {error}"),
        sentences: ended.into_iter().collect(),
        courses: Vec::new(),
    }
}

/// Octets of an end that the other took when its application had closed.
pub(super) fn dropped(end: &End, dropped: Dropped, names: Names<'_>) -> Option<Finding> {
    let life = end.life?;
    let Dropped { octets, first, last, reader } = dropped;
    let (sender, lives) = (names.host(life.host), names.lives(life));
    let reader = reader.map(|(host, left)| (names.host(host), left));
    let unread = match reader {
        Some((host, left)) => {
            format!("They had arrived, and nobody had read them: {host}'s application had closed at {left} s.")
        }
        None => UNREAD.to_owned(),
    };
    let whose = reader.map_or("an", |(host, _)| host);
    let possessive = if reader.is_some() { "'s" } else { "" };
    let more = (last > first).then(|| format!("The last of them came at {last} s."));
    Some(Finding {
        rank: DATA_LOST,
        kind: format!("connections {lives} lost data of {sender}, unread: {whose}{possessive} application had closed"),
        at: first,
        weight: Weight::Octets(octets),
        heading: format!("{}: {octets} B of {sender} lost at {first} s", names.end(life, end)),
        sentences: [unread].into_iter().chain(more).collect(),
        courses: Vec::new(),
    })
}

/// Octets of a host that nobody can receive any more, since one end is over: the sender's, or the other.
pub(super) fn data_lost(
    at: Instant,
    ends: [&End; 2],
    (host, incarnation, octets): (HostId, Incarnation, u64),
    over: Option<RecordId>,
    forged: bool,
    names: Names<'_>,
) -> Option<Finding> {
    let (life, own_end) = (ends[0].life?, ends[0]);
    let sender = names.host(host);
    let is_over = |end: &&End| end.ended.is_some_and(|ended| Some(ended.record) == over);
    let ended = ends.into_iter().find(is_over);
    let end = ended.and_then(|end| Some((end.life?, end.ended?)));
    // What had arrived is lost when its receiver ends, all else when its sender does.
    let unread = end.is_some_and(|(life, _)| life.incarnation != incarnation);
    let mut sentences: Vec<String> = end.iter().map(|(life, ended)| names.ended(*life, ended)).collect();
    sentences.extend(end.map(|_| match unread {
        true => UNREAD.to_owned(),
        false => "No application got them.".to_owned(),
    }));
    let why = end.map_or("an end was over".to_owned(), |(life, ended)| {
        format!("{}'s end was over: {}", names.host(life.host), names.reason(&ended))
    });
    let unread = if unread { ", unread" } else { "" };
    if own_end.useless && life.incarnation == incarnation {
        sentences.push(format!("{sender}'s end was of no use: nobody misses them."));
    }
    // The reset of what was open is told of by itself.
    let untold = end.filter(|(_, ended)| !ended.from.synchronized()).and_then(|(_, ended)| ended.reset);
    sentences.extend(untold.into_iter().flat_map(|reset| names.reset(reset)));
    let lives = if forged {
        sentences.push("A forged segment opened the connection.".to_owned());
        format!("at {}:{} that forged segments opened", names.host(life.host), life.tuple.local.port())
    } else {
        names.lives(life)
    };
    Some(Finding {
        rank: DATA_LOST,
        kind: format!("connections {lives} lost data of {sender}{unread}: {why}"),
        at,
        weight: Weight::Octets(octets),
        heading: format!("{}: {octets} B of {sender} lost at {at} s", names.end(life, own_end)),
        sentences,
        courses: Vec::new(),
    })
}

/// A connection that ended after it was open, otherwise than by being closed at both ends.
pub(super) fn cut_short(known: &Known, side: Side, other: &End, names: Names<'_>) -> Option<Finding> {
    let end = known.end(side);
    let (life, ended) = (end.life?, end.ended?);
    let Ended { at, from, reason, reset, .. } = ended;
    // A server may be the only one that is not open yet.
    let half_open = side == Side::Other && from == State::SynReceived && known.here.opened.is_some();
    let was_open = end.opened.is_some();
    let (name, lives) = (names.life(life), names.lives(life));
    let mut courses = Vec::new();
    let (rank, kind, heading, sentences) = match reason {
        Reason::Segment if from == State::TimeWait => {
            let sentence = ended.by.and_then(|(segment, stale)| {
                let old = if stale { ", which is old," } else { "" };
                Some(format!("{}{old} took its place.", names.segment(segment)?))
            });
            let whole = ended
                .deadline
                .map_or(String::new(), |deadline| format!(" of {}", seconds(deadline.since(ended.since).as_nanos())));
            let after = seconds(at.since(ended.since).as_nanos());
            let old = if ended.by.is_some_and(|(_, stale)| stale) { " that was old" } else { "" };
            (
                TIME_WAIT,
                format!("left TIME-WAIT early for a SYN{old}"),
                format!("TIME-WAIT ended early at {at} s, after {after}{whole}"),
                sentence.into_iter().collect(),
            )
        }
        Reason::Reset if was_open => {
            let took_over = |(segment, why): (RecordId, Why)| match (why.what, from, other.state) {
                (WhyReset::Ended, State::TimeWait, Some(State::TimeWait)) => {
                    (segment, Why { what: WhyReset::TookTimeWait, ..why })
                }
                _ => (segment, why),
            };
            let reset = reset.map(took_over);
            let why = reset.map_or("a reset".to_owned(), |(_, why)| names.why(why));
            let sentences = reset.map_or(Vec::new(), |reset| names.reset(reset));
            (RESET, format!("were reset: {why}"), format!("reset at {at} s, in {from}"), sentences)
        }
        Reason::Crash if was_open && from != State::TimeWait => {
            let sentences = names.other_end(other, end).into_iter().collect();
            let kind = format!("were open when {} crashed", names.host(life.host));
            (CRASHED, kind, format!("cut short at {at} s, in {from}: {} crashed", names.host(life.host)), sentences)
        }
        Reason::GaveUp if was_open || half_open => {
            let last = end.unanswered;
            let fin_is_out = end.fins.sent > 0 && matches!(from, State::FinWait1 | State::Closing | State::LastAck);
            // Where its FINs were lost, that is why.
            let heard = if fin_is_out && end.fins.kinds().is_none() { end.heard_since_fin() } else { 0 };
            let in_vain = match last.kinds() {
                _ if heard > 0 => "nothing that came acknowledged its FIN".to_owned(),
                Some(kinds) => kinds,
                None if end.answers.kinds().is_some() => {
                    format!("the answers to its segments were {}", end.answers.kinds().unwrap_or_default())
                }
                None if last.sent == 0 => "what came to it had no effect".to_owned(),
                None => "its segments arrived, and none was answered".to_owned(),
            };
            if fin_is_out {
                courses.push(("FINs", end.fins));
            }
            if last.sent > 0 && heard == 0 {
                courses.push(("Segments since the last that came", last));
            }
            if end.answers.sent > 0 && heard == 0 {
                courses.push(("Answers to these", end.answers));
            }
            let mut sentences: Vec<String> = first_in_vain(&courses, names).into_iter().collect();
            sentences.extend(match heard {
                0 => None,
                1 => Some("Since its first FIN 1 segment had come, which did not acknowledge it.".to_owned()),
                _ => {
                    let heard = whole(heard.into());
                    Some(format!("Since its first FIN {heard} segments had come, none of which acknowledged it."))
                }
            });
            sentences.extend(names.misled(end));
            sentences.extend(names.misled(other));
            sentences.extend(names.other_end(other, end));
            (GAVE_UP, format!("gave up in {from}: {in_vain}"), format!("gave up at {at} s, in {from}"), sentences)
        }
        Reason::Expired if from == State::FinWait2 => {
            let misled = names.misled(end).into_iter().chain(names.misled(other));
            let sentences = misled.chain(names.other_end(other, end)).collect();
            (
                GAVE_UP,
                "waited in FIN-WAIT-2 for a FIN that did not come".to_owned(),
                format!("over at {at} s, in {from}: the peer's FIN had not come"),
                sentences,
            )
        }
        _ => return None,
    };
    let lasted = at.since(known.since).as_nanos();
    Some(Finding {
        rank,
        kind: format!("connections {lives} {kind}"),
        at,
        weight: Weight::Time(lasted),
        heading: format!("{name}: {heading}"),
        sentences,
        courses,
    })
}

/// A FIN that was sent again, and is not acknowledged by the end of the run.
pub(super) fn waits(
    end_of_run: Instant,
    (known, side): (&Known, Side),
    other: &End,
    names: Names<'_>,
) -> Option<Finding> {
    let end = known.end(side);
    let (life, state, (since, _)) = (end.life?, end.state?, end.closing?);
    if end.fins.sent < 2 || end.useless || end.ended.is_some() {
        return None;
    }
    let courses = vec![("FINs", end.fins), ("Their ACKs", other.fin_acks)];
    let sentences = first_in_vain(&courses, names).into_iter();
    let sentences = sentences.chain(names.misled(end)).chain(names.misled(other)).chain(names.other_end(other, end));
    Some(Finding {
        rank: WAITS,
        kind: format!("closes {} still wait in {state}", names.lives(life)),
        at: since,
        weight: Weight::Time(end_of_run.since(since).as_nanos()),
        heading: format!("{}: its FIN waits for an acknowledgment since {since} s, in {state}", names.life(life)),
        sentences: sentences.collect(),
        courses,
    })
}

/// A FIN whose acknowledgment needed a timer.
pub(super) fn slow(at: Instant, (known, side): (&Known, Side), slow: SlowClose, names: Names<'_>) -> Option<Finding> {
    let (end, other) = (known.end(side), known.other(side));
    let life = end.life?;
    // What is on its way is told of if nothing else is to blame.
    let acks = other.fin_acks.landed();
    let to_blame = end.fins.kinds().is_some() || acks.kinds().is_some();
    let courses = vec![("FINs", end.fins), ("Their ACKs", if to_blame { acks } else { other.fin_acks })];
    let took = at.since(slow.since).as_nanos();
    let kinds = ["FINs", "their ACKs"].into_iter().zip(&courses);
    let kinds = kinds.filter_map(|(what, (_, course))| course.kinds().map(|kinds| format!("{what} {kinds}")));
    let kinds: Vec<String> = kinds.collect();
    let why = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    let instead = seconds(took.saturating_sub(slow.waited));
    Some(Finding {
        rank: SLOW,
        kind: format!("closes {} were slow{why}", names.lives(life)),
        at,
        weight: Weight::Delay(slow.waited),
        heading: format!(
            "{}: FIN acknowledged at {at} s, after {} instead of {instead}",
            names.life(life),
            seconds(took)
        ),
        sentences: first_in_vain(&courses, names).into_iter().collect(),
        courses,
    })
}
