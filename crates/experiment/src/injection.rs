//! Segments that someone forges: what they say, and when they come.

use sim_time::Instant;
use tcp_endpoint::Flags;

use crate::HostId;

/// A forged segment. It comes to the receiver directly, past the link and its faults, as if the forger sat beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Injection {
    /// When it arrives.
    pub at: Instant,
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

/// The sockets that a forged segment bears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sockets {
    /// Those of a connection between the two hosts, counted from 1 in the order of their first SYNs on the wire. Without
    /// that connection by then there is nothing to forge, and nothing is sent.
    Connection(u32),
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
