//! What hosts, connections, segments and ends are called.

use std::net::SocketAddrV4;

use experiment::HostId;
use experiment::record::{Call, RecordId, call_word};
use tcp_endpoint::{Queue, Reason, State};

use super::course::Met;
use super::known::{End, Ended, Life, Why, WhyReset};
use crate::amount::rounded;
use crate::hosts::Hosts;
use crate::packets::Packets;

/// The names of a run.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) packets: &'a Packets,
    pub(super) hosts: &'a Hosts,
}

impl<'a> Names<'a> {
    pub(super) fn host(self, host: HostId) -> &'a str {
        self.hosts.name(host)
    }

    /// The host of a socket, or its address if that is nobody's.
    fn host_of(self, socket: SocketAddrV4) -> String {
        self.hosts.at(*socket.ip()).map_or_else(|| socket.ip().to_string(), |host| self.host(host).to_owned())
    }

    /// `client:49152 → server:80 #1`, or `server:80 ← client:49152 #1`
    pub(super) fn life(self, life: Life) -> String {
        self.hosts.connection(life.tuple, life.passive, life.ordinal)
    }

    /// The same, of an end that may be a ghost: `server:80 ← client:49152 #1 (ghost)`.
    pub(super) fn end(self, life: Life, end: &End) -> String {
        let ghost = if end.ghost { " (ghost)" } else { "" };
        format!("{}{ghost}", self.life(life))
    }

    /// One of many alike: `from client to server:80`, or `at server:80 from client`
    pub(super) fn lives(self, life: Life) -> String {
        let (here, there) = (self.host(life.host), self.host_of(life.tuple.remote));
        match life.passive {
            true => format!("at {here}:{} from {there}", life.tuple.local.port()),
            false => format!("from {here} to {there}:{}", life.tuple.remote.port()),
        }
    }

    /// `SYN 0 of client, sent 0.000, lost`
    pub(super) fn segment(self, segment: RecordId) -> Option<String> {
        self.packets.named(segment, self.hosts)
    }

    /// What the other end is by now, or how it ended.
    pub(super) fn other_end(self, other: &End, end: &End) -> Option<String> {
        let Some(life) = other.life else {
            return Some(format!("{} has never had a connection for it.", self.host_of(end.life?.tuple.remote)));
        };
        let host = self.host(life.host);
        Some(match (other.ended, other.state) {
            (Some(ended), _) => self.ended(life, &ended),
            (None, Some(state)) => format!("{host}'s end was in {state} then."),
            (None, None) => return None,
        })
    }

    /// `server's end was over at 2.000 s, in ESTABLISHED: a crash.`
    pub(super) fn ended(self, life: Life, ended: &Ended) -> String {
        let Ended { at, from, reason, .. } = *ended;
        let state = if reason == Reason::Expired { String::new() } else { format!(", in {from}") };
        let place = ended.by.filter(|_| reason == Reason::Evicted).and_then(|(segment, _)| self.segment(segment));
        let place = place.map_or(String::new(), |segment| format!(" ({segment}, took its place)"));
        format!("{}'s end was over at {at} s{state}: {}{place}.", self.host(life.host), self.reason(ended))
    }

    /// How a life ended, and why it was reset if it was: without numbers and times.
    pub(super) fn reason(self, ended: &Ended) -> String {
        match ended.reset {
            Some((_, why)) => format!("reset, {}", self.why(why)),
            None => reason(ended.reason, ended.from),
        }
    }

    /// That an end took a forged segment for its peer's, if it did.
    pub(super) fn misled(self, end: &End) -> Option<String> {
        let (life, segment) = (end.life?, self.segment(end.misled_by?)?);
        Some(format!("{} had taken {segment}, for its peer's.", self.host(life.host)))
    }

    /// `server:80 ← client:5000 #1, in TIME-WAIT until 240.250 s`
    pub(super) fn met(self, met: Met) -> String {
        let connection =
            met.life.map_or("a connection that a forged segment opened".to_owned(), |life| self.life(life));
        let state = met.state.map_or(String::new(), |state| format!(", in {state}"));
        let until = met.until.map_or(String::new(), |until| format!(" until {until} s"));
        format!("{connection}{state}{until}")
    }

    /// Why a reset was sent: without numbers and times.
    pub(super) fn why(self, why: Why) -> String {
        match why.of_another {
            Some(_) => format!("that of another connection came ({})", self.what(why)),
            None => self.what(why),
        }
    }

    fn what(self, why: Why) -> String {
        let host = why.host.map_or("nobody", |host| self.host(host));
        match why.what {
            WhyReset::Forged => "the reset was forged".to_owned(),
            WhyReset::Call(Call::Abort) => format!("{host}'s application aborted"),
            WhyReset::Call(Call::Close) => format!("{host}'s application closed before it had read all that had come"),
            WhyReset::Call(call) => format!("{host}'s application called {}", call_word(call).0),
            WhyReset::GaveUp => format!("{host} gave up"),
            WhyReset::Ended => format!("{host}'s connection was over"),
            WhyReset::NoListener(port) => format!("nobody listens at {host}:{port}"),
            WhyReset::NoConnection(None) => format!("{host} had no connection for it"),
            WhyReset::NoConnection(Some((reason, from, _))) => {
                format!("{host} had no connection for it any more: {}", self::reason(reason, from))
            }
            WhyReset::NoPlace(queue) => format!("{host} had no place in its {}", queue_name(queue)),
            WhyReset::Unread => format!("{host}'s application had closed, and nobody would read it"),
            WhyReset::Unacceptable(Some((_, state))) => {
                format!("{host}'s connection in {state} did not accept a segment")
            }
            WhyReset::Unacceptable(None) => format!("{host}'s connection did not accept a segment"),
            WhyReset::TookTimeWait => format!("{host} took TIME-WAIT over"),
        }
    }

    /// Which reset it was, what it answers, and why it was sent.
    pub(super) fn reset(self, (segment, why): (RecordId, Why)) -> Vec<String> {
        let (by, why_of) = (self.segment(segment).map(|segment| format!("By {segment}.")), why.of_another);
        let since = match why.what {
            WhyReset::NoConnection(Some((_, _, at))) => format!(" at {at} s"),
            _ => String::new(),
        };
        let because = match why.what {
            WhyReset::Unacceptable(Some((life, state))) => {
                format!("{}, in {state}, does not accept that", self.life(life))
            }
            _ => format!("{}{since}", self.what(why)),
        };
        let why = match why.answers.and_then(|answered| self.segment(answered)) {
            Some(answered) => format!("It answers {answered}: {because}."),
            None => format!("Why: {because}."),
        };
        let other = why_of.map(|of| format!("It is of another connection, {} #{}.", self.host(of.host), of.ordinal));
        by.into_iter().chain(other).chain([why]).collect()
    }
}

/// How a life ended.
fn reason(reason: Reason, from: State) -> String {
    let words = match reason {
        Reason::Call => "aborted by its application",
        Reason::Segment => "closed",
        Reason::Reset => "reset",
        Reason::GaveUp => "it gave up",
        Reason::Expired => return format!("{from} ran out"),
        Reason::Crash => "a crash",
        Reason::Evicted => "evicted from a full cache",
        Reason::Overflow => "the accept queue was full",
        Reason::Unread => "octets came after its application's CLOSE",
    };
    words.to_owned()
}

pub(super) const fn queue_name(queue: Queue) -> &'static str {
    match queue {
        Queue::Syn => "SYN backlog",
        Queue::Accept => "accept queue",
        Queue::Cache => "SYN cache",
        Queue::TimeWait => "TIME-WAIT table",
    }
}

/// Nanoseconds in seconds, with three digits.
pub(super) fn seconds(nanos: u64) -> String {
    format!("{} s", rounded(nanos as f64 / 1e9))
}
