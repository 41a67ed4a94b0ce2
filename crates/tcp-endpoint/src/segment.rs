//! Segments, as RFC 9293 §3.1 lays them out, less what the simulator has no use for (checksum, urgent pointer).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::payload::Payload;
use crate::seq::SeqNum;

/// The control bits a segment carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// No control bit.
    pub const NONE: Self = Self(0);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(1);
    /// No more data from sender.
    pub const FIN: Self = Self(2);
    /// Reset the connection.
    pub const RST: Self = Self(4);
    /// Push function: the last segment of a SEND.
    pub const PSH: Self = Self(8);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(16);
    /// SYN and ACK.
    pub const SYN_ACK: Self = Self(1 | 16);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether SYN is set.
    #[must_use]
    pub const fn syn(self) -> bool {
        self.contains(Self::SYN)
    }

    /// Whether FIN is set.
    #[must_use]
    pub const fn fin(self) -> bool {
        self.contains(Self::FIN)
    }

    /// Whether RST is set.
    #[must_use]
    pub const fn rst(self) -> bool {
        self.contains(Self::RST)
    }

    /// Whether PSH is set.
    #[must_use]
    pub const fn psh(self) -> bool {
        self.contains(Self::PSH)
    }

    /// Whether ACK is set.
    #[must_use]
    pub const fn ack(self) -> bool {
        self.contains(Self::ACK)
    }

    /// The bits as a number, for digests.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// The letters of the bits that are set, in the order S F R P A: `SA`, `PA`, `R`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = String::with_capacity(5);
        for (flag, letter) in [(Self::SYN, 'S'), (Self::FIN, 'F'), (Self::RST, 'R'), (Self::PSH, 'P'), (Self::ACK, 'A')]
        {
            if self.contains(flag) {
                letters.push(letter);
            }
        }
        f.pad(&letters)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A connection's name on one host: its own socket and the other end's (RFC 9293 §3.3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FourTuple {
    /// The socket on this host.
    pub local: SocketAddrV4,
    /// The socket at the other end.
    pub remote: SocketAddrV4,
}

impl FourTuple {
    /// The same connection as the other end names it.
    #[must_use]
    pub const fn flipped(self) -> Self {
        Self { local: self.remote, remote: self.local }
    }
}

/// Two words, where the derived hash would feed eight pieces to it.
impl Hash for FourTuple {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for socket in [self.local, self.remote] {
            state.write_u64(u64::from(socket.ip().to_bits()) << 16 | u64::from(socket.port()));
        }
    }
}

/// Whether an address can be that of one host: not an unspecified, a broadcast or a multicast one (RFC 1122 §3.2.1.3).
pub(crate) const fn names_one_host(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_broadcast() || address.is_multicast())
}

/// What the timestamps option says (RFC 7323 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Timestamps {
    /// TSval: the sender's clock, in milliseconds from an arbitrary start.
    pub value: u32,
    /// TSecr: the value it answers; meaningless in a segment without ACK.
    pub echo: u32,
}

/// What a segment says beyond the fixed header, as far as opening and closing have a use for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Options {
    /// The timestamps option (RFC 7323 §3.2).
    pub timestamps: Option<Timestamps>,
    /// The maximum segment size option of a SYN: the most octets of data its sender takes at once (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// The fast open option (RFC 7413 §4.1.1).
    pub fast_open: Option<FastOpen>,
    /// The connection count option (CC and CC.ECHO of RFC 1644 §3.1).
    pub count: Option<u32>,
}

impl Options {
    /// Timestamps, if there are any, and nothing else.
    #[must_use]
    pub const fn stamped(timestamps: Option<Timestamps>) -> Self {
        Self { timestamps, mss: None, fast_open: None, count: None }
    }
}

/// What the fast open option of a SYN or SYN-ACK says (RFC 7413 §4.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FastOpen {
    /// A client asks for a cookie.
    Request,
    /// A server's cookie, or a client that shows the one it has.
    Cookie(u64),
}

/// One TCP segment with the addresses it travels between.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Segment<P> {
    /// Source socket.
    pub source: SocketAddrV4,
    /// Destination socket.
    pub destination: SocketAddrV4,
    /// SEG.SEQ.
    pub seq: SeqNum,
    /// SEG.ACK; meaningless unless [`Flags::ack`].
    pub ack: SeqNum,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND in octets, already scaled.
    pub window: u32,
    /// What it says beyond the fixed header.
    pub options: Options,
    /// The data octets.
    pub payload: P,
}

impl<P: Payload> Segment<P> {
    /// SEG.LEN: octets of sequence space, counting SYN and FIN (RFC 9293 §3.4).
    #[must_use]
    pub fn len(&self) -> u32 {
        self.payload.len() + u32::from(self.flags.syn()) + u32::from(self.flags.fin())
    }

    /// Whether the segment takes no sequence space: a bare ACK or RST.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The connection it belongs to, as the receiver names it.
    #[must_use]
    pub const fn receiver_tuple(&self) -> FourTuple {
        FourTuple { local: self.destination, remote: self.source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are in every digest.
    #[test]
    fn each_control_bit_has_a_number() {
        let flags = [Flags::NONE, Flags::SYN, Flags::FIN, Flags::RST, Flags::PSH, Flags::ACK, Flags::SYN_ACK];
        assert_eq!(flags.map(Flags::bits), [0, 1, 2, 4, 8, 16, 17]);
    }
}
