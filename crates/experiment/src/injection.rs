//! Segments that someone forges: what they say, and when they come.

use net_link::{Kinds, Numbers};
use schemars::JsonSchema;
use serde::Deserialize;
use sim_time::{Duration, Instant};
use tcp_endpoint::{Flags, State};

use crate::HostId;
use crate::record::Call;

/// A forged segment. It comes to the receiver directly, past the link and its faults, as if the forger sat beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Injection {
    /// When it arrives, for the first time.
    pub when: When,
    /// Whether it comes before or after the calls of its instant; `None` for after the scripts that begin then, and before
    /// those that go on.
    pub turn: Option<Turn>,
    /// That it comes again.
    pub again: Option<Again>,
    /// The host whose address it bears.
    pub from: HostId,
    /// The host it comes to.
    pub to: HostId,
    /// The sockets it bears.
    pub sockets: Sockets,
    /// Its control bits.
    pub flags: Flags,
    /// SEG.SEQ.
    pub seq: Position,
    /// SEG.ACK, if it has one.
    pub ack: Option<Position>,
    /// SEG.WND in octets, already scaled.
    pub window: u32,
    /// The maximum segment size option in octets, if it has one (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// Its timestamps.
    pub stamp: Stamp,
    /// Its fast open option, if it has one (RFC 7413 §4.1.1).
    pub fast_open: Option<ForgedCookie>,
    /// Octets of data.
    pub octets: u32,
}

impl Injection {
    /// The window of a forged segment that states none, in octets: the most there is without scaling.
    pub const WINDOW: u32 = 65_535;
}

/// When a forged segment arrives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum When {
    /// At a time of the run.
    At(Instant),
    /// So long after an event.
    After(Trigger, Duration),
}

/// An event that a forged segment follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trigger {
    /// The host where it happens.
    pub host: HostId,
    /// What happens.
    pub what: Happening,
    /// Which of these events, counted from 1.
    pub nth: Numbers<1>,
}

/// What happens on a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A connection enters this state.
    Enters(State),
    /// An application makes this call, whatever comes of it.
    Calls(CallName),
    /// Its TCP sends a segment of one of these kinds.
    Sends(Kinds),
    /// A segment of one of these kinds arrives.
    Receives(Kinds),
}

impl Happening {
    /// Whether `seen`, which has happened, is what this one waits for.
    pub(crate) fn is_met_by(self, seen: Self) -> bool {
        match (self, seen) {
            (Self::Enters(state), Self::Enters(seen)) => state == seen,
            (Self::Calls(call), Self::Calls(seen)) => call == seen,
            (Self::Sends(kinds), Self::Sends(seen)) | (Self::Receives(kinds), Self::Receives(seen)) => {
                kinds.intersects(seen)
            }
            _ => false,
        }
    }
}

/// A call of an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallName {
    /// Active OPEN.
    Connect,
    /// A waiting connection is taken.
    Accept,
    /// SEND.
    Send,
    /// RECEIVE, as it returns.
    Receive,
    /// Half-close.
    Shutdown,
    /// CLOSE.
    Close,
    /// ABORT.
    Abort,
}

impl From<Call> for CallName {
    fn from(call: Call) -> Self {
        match call {
            Call::Connect => Self::Connect,
            Call::Accept => Self::Accept,
            Call::Send(_) => Self::Send,
            Call::Receive { .. } => Self::Receive,
            Call::Shutdown => Self::Shutdown,
            Call::Close => Self::Close,
            Call::Abort => Self::Abort,
        }
    }
}

/// The turn of a forged segment among what happens at its instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// It comes before any script begins or goes on at its instant.
    BeforeCalls,
    /// It comes after the scripts that begin or go on at its instant.
    AfterCalls,
}

/// That a forged segment comes more than once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Again {
    /// How long after one another.
    pub every: Duration,
    /// How often in all; `None` for to the end of the run.
    pub times: Option<u32>,
}

/// The sockets that a forged segment bears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sockets {
    /// Those of a connection between the two hosts, counted from 1 in the order of their first SYNs on the wire. Without
    /// that connection by then there is nothing to forge, and nothing is sent.
    Connection(u32),
    /// Those of the connection of the event that it follows, if that is between the two hosts; otherwise nothing is sent.
    OfEvent,
    /// The hosts' addresses, with these ports.
    Ports {
        /// Of the host whose address it bears.
        source: u16,
        /// Of the host it comes to.
        destination: u16,
    },
}

/// A place in a sequence space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    /// Counted from the last initial sequence number seen on the wire on these sockets in the direction in which the number
    /// counts; from 0 if there was none.
    Relative(i64),
    /// As on the wire.
    Raw(u32),
}

/// The timestamps option of a forged segment (RFC 7323 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    /// That of the last segment on its sockets in its direction; none if that had none.
    Repeated,
    /// None.
    Absent,
    /// This TSval, with the TSecr of the last segment on its sockets in its direction; with 0 if that had none.
    Value(u32),
}

/// The fast open option of a forged segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForgedCookie {
    /// A request for a cookie.
    Request,
    /// The last cookie seen on the wire between its client and its server. Without one there is nothing to forge, and
    /// nothing is sent.
    Seen,
    /// This cookie.
    Value(u64),
}
