//! A diagram: a run as lifelines and what passes between them, for any number of hosts.
//!
//! [`Diagram`] is a fold over the records of a run. It keeps what a picture shows: the segments with their fate, the states of each
//! connection over time, what was held for nobody, and remarks beside the lifelines. How a picture looks is no concern of it:
//! [`ladder()`], [`svg()`] and [`mermaid()`] draw from the same diagram.
//!
//! A run with very many segments is told by its [`Totals`]. Of its segments only the first are kept, and the diagram says so.

mod attempts;
mod build;
mod ladder;
mod mermaid;
pub(crate) mod svg;
mod totals;

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::{Attempt, Deaf, Incarnation, RecordId, Worth};
use net_link::Loss;
use sim_time::{Duration, Instant};
use tcp_endpoint::State;

use crate::amount::whole;
use crate::hosts::Hosts;
use crate::paint::Tone;

pub use self::ladder::{Look, ladder, ladders, legend};
pub(crate) use self::svg::TimeAxis;
pub use self::svg::{Caption, svg, svg_beside, timelines};
use attempts::Attempts;
pub use build::{Diagram, Lead};
pub use mermaid::mermaid;
pub use totals::Totals;

/// A segment that was sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Segment {
    /// The record of its sending.
    pub id: RecordId,
    /// When it was sent.
    pub at: Instant,
    /// The host it comes from, or whose address it bears if it was forged; `None` if nobody has the address.
    pub from: Option<HostId>,
    /// The host it goes to; `None` if nobody has the address.
    pub to: Option<HostId>,
    /// The attempt it goes back to.
    pub attempt: Attempt,
    /// The connection that sent it; `None` for an answer outside any connection, and for a forged segment.
    pub sender: Option<Incarnation>,
    /// What it is: `SYN 0`, `SYN,ACK 0/1`, `ACK,DATA 1/1 100 B`. The numbers count from the initial sequence numbers.
    pub label: String,
    /// Why it was sent, and which retransmission it is, where its name does not say so.
    pub remark: Option<String>,
    /// Whether it is the third message of a handshake: the first with which an active connection acknowledges the peer's SYN,
    /// unless that is a SYN itself; or the same once more. It is named as the ACK it is, whatever else it carries.
    pub third: bool,
    /// Whether no endpoint sent it.
    pub forged: bool,
    /// What is to blame, if it was sent for a connection with nobody at its other end.
    pub wasted: Option<String>,
    /// What the network did to it, where that is not ordinary: `dropped by fault 1`.
    pub fate: Option<String>,
    /// Why it was lost.
    pub lost: Option<Loss>,
    /// The copies that arrive; none if it was lost.
    pub copies: Vec<Arrival>,
    /// The records without which it would not exist, in words.
    pub because: Vec<String>,
}

/// A copy of a segment that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When. It may be after the end of the run.
    pub at: Instant,
    /// Whether it came after what superseded it: a later segment of the connection that sent it, a retransmission, or the end
    /// of that connection.
    pub late: bool,
    /// Whether its sender no longer held the connection, or had sent it again. Then it is late, too.
    pub stale: bool,
    /// Why the host did not listen, if it did not.
    pub deaf: Option<Deaf>,
}

/// One life of a connection on one host.
#[derive(Clone, PartialEq, Debug)]
pub struct Life {
    /// The host.
    pub host: HostId,
    /// The attempt it goes back to.
    pub attempt: Attempt,
    /// Its states, one after the other. The last one ends when the connection is CLOSED, or when the run ends.
    pub states: Vec<Stretch>,
    /// Whether it is there when the run ends.
    pub open_at_end: bool,
    /// When it was of no use, and why.
    pub waste: Vec<Waste>,
}

/// A state of a connection, over time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The state.
    pub state: State,
    /// When it begins.
    pub from: Instant,
    /// When it ends.
    pub until: Instant,
}

impl Stretch {
    /// Whether it is to be seen in a picture that ends then: a state that is over at once is told in words only.
    pub(crate) fn is_drawn(&self, until: Instant) -> bool {
        self.from <= until && self.until > self.from
    }
}

/// A time in which a connection was held for nobody.
#[derive(Clone, PartialEq, Debug)]
pub struct Waste {
    /// The verdict.
    pub worth: Worth,
    /// When it begins.
    pub from: Instant,
    /// When it ends.
    pub until: Instant,
    /// What is to blame, in words.
    pub cause: String,
    /// The most octets that the host held for it at a time.
    pub octets: u64,
    /// Octets × nanoseconds.
    pub held: i128,
}

/// A change of state.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// The host.
    pub host: HostId,
    /// The connection's place in [`Diagram::lives`].
    pub life: usize,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why, where the segments do not show it: the call, `gave up`, `TIME-WAIT is over`.
    pub why: Option<String>,
    /// Whether something went wrong.
    pub bad: bool,
}

/// Something that is told beside a lifeline.
#[derive(Clone, PartialEq, Debug)]
pub struct Remark {
    /// The host.
    pub host: HostId,
    /// The place in [`Diagram::lives`] of the connection that it is about, if it is about one.
    pub life: Option<usize>,
    /// What happened.
    pub text: String,
    /// What is to be known of it, where there is room: the cause of a verdict.
    pub detail: Option<String>,
    /// Whether something went wrong. Otherwise it is in the ordinary run of things.
    pub bad: bool,
}

/// What happens in a diagram at one instant, in the order of the records.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The segment of that place in [`Diagram::segments`] is sent.
    Sent(usize),
    /// A copy (0 for the first) of the segment of that place arrives.
    Arrived(usize, usize),
    /// A connection changes its state.
    Changed(Change),
    /// An application makes a call.
    Called(Remark),
    /// A verdict changes: from now on somebody is there, or nobody.
    Judged(Remark),
    /// A segment comes to a host that does not listen.
    Unheard(Remark),
    /// Something else.
    Told(Remark),
    /// The warm-up is over: from now on is measured.
    Measured,
    /// A host is down, or up again.
    Outage {
        /// The host.
        host: HostId,
        /// Whether it is up again.
        up: bool,
        /// When the quiet time after the crash ends, if it is up again and there is one.
        quiet_until: Option<Instant>,
    },
}

/// The verdict in the words of a picture: what a connection is whose time is wasted.
#[must_use]
pub const fn useless(worth: Worth) -> &'static str {
    match worth {
        Worth::Useful => "useful",
        Worth::Abandoned(_) => "abandoned: nobody is there",
        Worth::Ghost(_) => "a ghost: nobody is there",
        Worth::Bereft(_) => "bereft: its peer is gone",
    }
}

/// What is told where a connection stays useless because of something else: that was lost which would have ended it.
const LAST_CHANCE: &str = "would soon be gone but for this";

/// Why nobody listens to an arrival.
const fn unheard(deaf: Deaf) -> &'static str {
    match deaf {
        Deaf::Down => "unheard: the host is down",
        Deaf::Quiet => "unheard: quiet time",
    }
}

/// A crash, or its end, in words; and how they sound.
const fn outage(up: bool) -> (Tone, &'static str) {
    if up { (Tone::Good, "the host is up again") } else { (Tone::Bad, "the host crashes") }
}

/// What is told where the warm-up is over.
const MEASURED: &str = "measured from here on";

/// In nanoseconds.
const MILLISECOND: u64 = 1_000_000;

/// A host's name; `nobody` for whoever has no host.
fn name(hosts: &Hosts, host: Option<HostId>) -> &str {
    host.map_or("nobody", |host| hosts.name(host))
}

impl Segment {
    /// What it is without its numbers: `DATA`.
    fn kind(&self) -> &str {
        self.label.split(' ').next().unwrap_or_default()
    }

    /// Whether a copy comes out of the ordinary: late, or as a duplicate.
    fn is_odd(&self, copy: usize) -> bool {
        self.copies.get(copy).is_some_and(|of| copy > 0 || of.late)
    }
}

impl Remark {
    /// All of it: `a ghost: nobody is there (cause: a delayed segment)`.
    fn in_full(&self) -> String {
        let detail = self.detail.as_ref().map_or(String::new(), |detail| format!(" ({detail})"));
        format!("{}{detail}", self.text)
    }
}

impl Waste {
    /// What it cost: `3,584 B × 10,795 s`, or if it was not the same all the time `38.7 MB·s`.
    #[must_use]
    pub fn cost(&self) -> String {
        let lasted = self.until.since(self.from);
        if self.held == i128::from(self.octets) * i128::from(lasted.as_nanos()) {
            return format!("{} B × {}", whole(self.octets), silence(lasted));
        }
        totals::octet_seconds(self.held)
    }
}

impl Diagram {
    /// What of a run is left out, if anything is: `only the beginning is drawn, 60 of 3,586 segments, until 3.976 s`. `seconds` writes
    /// a time.
    fn left_out(&self, seconds: impl Fn(Instant) -> String) -> Option<String> {
        let all = if self.from >= self.warm { self.totals.segments } else { self.sent };
        let (kept, all) = (whole(self.segments.len() as u64), whole(all));
        let until = self.cut.map_or(String::new(), |cut| format!(" until {} s", seconds(cut)));
        if self.from > Instant::ZERO {
            let from = seconds(self.from);
            return Some(format!("only {} is drawn, {kept} of {all} segments, from {from} s{until}", self.shown));
        }
        self.cut.map(|_| format!("only the beginning is drawn, {kept} of {all} segments,{until}"))
    }

    /// Of what time the counts are, if that is not the whole run: `the counts are of the time that is measured, from 120 s on`.
    fn counted(&self, seconds: impl Fn(Instant) -> String) -> Option<String> {
        let warm = (self.warm > Instant::ZERO).then_some(self.warm)?;
        Some(format!("the counts are of the time that is measured, from {} s on", seconds(warm)))
    }

    /// The place of the connection that sends a segment.
    fn sender(&self, segment: &Segment) -> Option<usize> {
        self.life(segment.sender?).filter(|place| *place < self.lives.len())
    }

    /// The place of the connection to which a segment comes at an instant, or that it makes.
    fn receiver(&self, segment: &Segment, at: Instant) -> Option<usize> {
        let is_there = |life: &Life| {
            let ends = life.states.first().zip(life.states.last());
            ends.is_some_and(|(first, last)| first.from <= at && at <= last.until)
        };
        let own = |life: &Life| (Some(life.host), life.attempt) == (segment.to, segment.attempt) && is_there(life);
        self.lives.iter().rposition(own)
    }

    /// The lifelines, from left to right: the hosts that anything is told of, first the one that opens first, and `None` for
    /// nobody, if a segment comes from nobody or goes to nobody.
    #[must_use]
    pub fn lifelines(&self) -> Vec<Option<HostId>> {
        let ends = self.segments.iter().flat_map(|segment| [segment.from, segment.to]);
        let lives = self.lives.iter().map(|life| Some(life.host));
        let told = self.events.iter().filter_map(|(_, event)| match event {
            Event::Called(remark) | Event::Judged(remark) | Event::Unheard(remark) | Event::Told(remark) => {
                Some(Some(remark.host))
            }
            Event::Outage { host, .. } => Some(Some(*host)),
            Event::Sent(_) | Event::Arrived(..) | Event::Changed(_) | Event::Measured => None,
        });
        let all: BTreeSet<Option<HostId>> = ends.chain(lives).chain(told).collect();
        let opener = self.lives.iter().map(|life| life.attempt).find(|attempt| !attempt.is_forged());
        let opener = opener.map(|attempt| attempt.host);
        let mut all: Vec<Option<HostId>> = all.into_iter().collect();
        all.sort_by_key(|host| (host.is_none(), *host != opener, *host));
        all
    }
}

/// A length of time, to the millisecond unless it is short: `10,795 s`, `0.05 s`.
fn silence(length: Duration) -> String {
    let nanos = length.as_nanos();
    let rounded = if nanos < 10 * MILLISECOND { nanos } else { (nanos + MILLISECOND / 2) / MILLISECOND * MILLISECOND };
    let exact = Instant::from_nanos(rounded).to_string();
    let exact = exact.trim_end_matches('0').trim_end_matches('.');
    match exact.split_once('.') {
        Some((seconds, part)) => format!("{}.{part} s", seconds.parse().map_or_else(|_| seconds.to_owned(), whole)),
        None => format!("{} s", exact.parse().map_or_else(|_| exact.to_owned(), whole)),
    }
}
