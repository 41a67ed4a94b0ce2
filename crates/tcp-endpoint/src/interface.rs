//! What user calls take and give back (RFC 9293 §3.9.1).

use sim_time::Duration;

use crate::patience::Patience;
use crate::payload::Payload;
use crate::segment::{FourTuple, Segment};
use crate::seq::{SeqNum, acceptable};
use crate::settings::Limits;
use crate::state::State;

/// What RECEIVE found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Received {
    /// Octets handed over.
    pub octets: u32,
    /// Whether the peer's FIN has been reached: there is nothing left and nothing will come.
    pub end_of_data: bool,
}

/// Why a user call failed (RFC 9293 §3.9.1, in its words).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum UserError {
    /// The handle names no connection (any more).
    #[error("connection does not exist")]
    NoConnection,
    /// The 4-tuple, or the listening port, is in use.
    #[error("connection already exists")]
    AlreadyExists,
    /// The sending direction is closed already.
    #[error("connection closing")]
    Closing,
    /// No ephemeral port is free towards that peer (the sockets' `EADDRNOTAVAIL`).
    #[error("insufficient resources: no port")]
    NoPort,
    /// The host keeps quiet for a time after a reboot (RFC 9293 §3.4.3).
    #[error("quiet time after a reboot")]
    Quiet,
    /// An active OPEN needs a remote address and port.
    #[error("remote socket unspecified")]
    Unspecified,
    /// The remote address is not that of one host, but a broadcast or multicast one (RFC 9293 MUST-46).
    #[error("remote address invalid")]
    InvalidRemote,
}

/// What an application chooses for one connection, where the host's settings leave it to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Preferences {
    /// Whether the connection is probed when it is idle (RFC 9293 MUST-24); otherwise as the host's `keepalive` says.
    pub keepalive: Option<bool>,
    /// R2 as a time (RFC 9293 MUST-21, RFC 5482): how long sent data may stay unacknowledged. It takes the place of the
    /// host's `user-timeout`, and once the connection is open that of its `data-retries` and `orphan-retries`, too.
    pub user_timeout: Option<Patience>,
    /// Whether the application is told of trouble that has not ended the connection, by [`crate::Notice::Unanswered`]
    /// (RFC 9293 MUST-47, SHLD-9; not unless it asks, SHLD-20).
    pub reports: bool,
}

impl Preferences {
    /// How long sent data may stay unacknowledged (RFC 9293 §3.9.1, RFC 5482): as the application has chosen, or the host.
    pub(crate) fn user_timeout(&self, limits: &Limits) -> Option<Duration> {
        self.user_timeout.unwrap_or(limits.persistence.user_timeout).limit()
    }
}

/// Who holds the handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Owner {
    /// No one yet: a passive connection that was not accepted.
    Listener,
    /// An application.
    Application,
    /// No one any more: the application closed it. (Linux calls it an orphan.)
    Nobody,
}

/// What STATUS tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// The connection's name on this host.
    pub tuple: FourTuple,
    /// Its state.
    pub state: State,
    /// Initial send sequence number.
    pub iss: SeqNum,
    /// Initial receive sequence number, once known.
    pub irs: Option<SeqNum>,
    /// SND.UNA.
    pub send_unacknowledged: SeqNum,
    /// SND.NXT.
    pub send_next: SeqNum,
    /// RCV.NXT, once known.
    pub receive_next: Option<SeqNum>,
    /// RCV.WND.
    pub receive_window: u32,
    /// Octets the application has sent and the peer has not acknowledged.
    pub unacknowledged_octets: u64,
    /// Octets that wait for the application.
    pub unread_octets: u64,
    /// Keepalive probes that nothing has answered.
    pub probes: u32,
}

impl Status {
    /// Whether the connection was told more when this is what it is than when it was as `before`: its state, or what it knows
    /// of its peer, is another.
    #[must_use]
    pub fn took_more_than(&self, before: &Self) -> bool {
        let known = |of: &Self| (of.state, of.irs, of.receive_next, of.send_unacknowledged);
        known(self) != known(before)
    }

    /// Whether a segment passes the first check of RFC 9293 §3.10.7.4, that of its sequence number, or is let through at the
    /// edge of a closed window. Who does not know RCV.NXT yet checks none.
    #[must_use]
    pub fn accepts<P: Payload>(&self, segment: &Segment<P>) -> bool {
        self.receive_next.is_none_or(|next| {
            let allowed = self.receive_window == 0 && segment.seq == next && !segment.flags.syn();
            allowed || acceptable(next, self.receive_window, segment.seq, segment.len())
        })
    }
}
