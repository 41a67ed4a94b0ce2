//! A connection request (RFC 9293 §3.10.7.2).

use crate::identity::Identity;
use crate::seq::SeqNum;
use crate::timestamps::TimestampClock;

/// What a SYN asks of a listener, and the numbers it is answered with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Asked<T> {
    pub(crate) id: Identity<T>,
    pub(crate) iss: SeqNum,
    pub(crate) irs: SeqNum,
    /// The timestamps, if both ends carry them.
    pub(crate) clock: Option<TimestampClock>,
    /// The most octets of data that the client takes in one segment.
    pub(crate) peer_mss: u16,
    /// The fast open cookie that the SYN-ACK brings.
    pub(crate) cookie: Option<u64>,
    /// The connection count, if it is to be remembered once the handshake is complete.
    pub(crate) count: Option<u32>,
}
