//! The states of RFC 9293 §3.3.2.

use std::fmt;

/// The state of a connection (RFC 9293 §3.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum State {
    /// No connection at all: a name for the absence of an entry.
    Closed,
    /// Waiting for a connection request from any remote socket.
    Listen,
    /// A connection request was sent, none has come.
    SynSent,
    /// Requests went both ways, the acknowledgment of ours is awaited.
    SynReceived,
    /// Open: data flows both ways.
    Established,
    /// Our FIN is sent and neither acknowledged nor answered by the peer's.
    FinWait1,
    /// Our FIN is acknowledged, the peer's has not come.
    FinWait2,
    /// The peer's FIN came; the application here has not closed yet.
    CloseWait,
    /// Both FINs crossed; the acknowledgment of ours is awaited.
    Closing,
    /// The peer's FIN came first, ours is sent, its acknowledgment is awaited.
    LastAck,
    /// Both FINs are acknowledged as far as this end knows; 2MSL must pass.
    TimeWait,
}

impl State {
    /// All states, in the order of the RFC's diagram.
    pub const ALL: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];

    /// The name RFC 9293 gives it: `FIN-WAIT-1`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }

    /// Whether both ends' sequence numbers are agreed: ESTABLISHED and every state after it.
    #[must_use]
    pub const fn synchronized(self) -> bool {
        !matches!(self, Self::Closed | Self::Listen | Self::SynSent | Self::SynReceived)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
