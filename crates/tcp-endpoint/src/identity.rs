//! Whose entry it is: what every entry of a connection has, whatever its state.

use std::net::Ipv4Addr;

use crate::effect::{Effect, Reason, Transition};
use crate::ends::Ends;
use crate::handle::Handle;
use crate::interface::Status;
use crate::seq::SeqNum;
use crate::state::State;

/// A connection's name on this host, and the tag of whoever made its entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Identity<T> {
    /// What the segment or call that made the entry was handed over with: moved, and never read.
    pub(crate) tag: T,
    pub(crate) ends: Ends,
}

/// One life of a connection, as observers are told of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Incarnation<T> {
    pub(crate) id: Identity<T>,
    pub(crate) iss: SeqNum,
    /// Once the peer's SYN has come.
    pub(crate) irs: Option<SeqNum>,
    /// Whether a peer's SYN opened it.
    pub(crate) passive: bool,
}

impl<T> Incarnation<T> {
    /// A change of its state, for observers.
    pub(crate) fn transition<P>(
        self,
        (entry, address): (Handle, Ipv4Addr),
        (from, to): (State, State),
        reason: Reason,
    ) -> Effect<P, T> {
        let Self { id: Identity { tag, ends }, iss, irs, passive } = self;
        Effect::State(Transition { entry, tag, tuple: ends.on(address), from, to, iss, irs, passive, reason })
    }

    /// STATUS (RFC 9293 §3.10.6) of an entry that holds no octets; `send` is SND.UNA and SND.NXT, `receive` RCV.NXT and
    /// RCV.WND.
    pub(crate) fn status(
        self,
        address: Ipv4Addr,
        state: State,
        send: (SeqNum, SeqNum),
        receive: (Option<SeqNum>, u32),
    ) -> Status {
        Status {
            tuple: self.id.ends.on(address),
            state,
            iss: self.iss,
            irs: self.irs,
            send_unacknowledged: send.0,
            send_next: send.1,
            receive_next: receive.0,
            receive_window: receive.1,
            unacknowledged_octets: 0,
            unread_octets: 0,
            probes: 0,
        }
    }
}
