//! What the endpoint wants done: values, returned to whoever drives it.

use sim_time::Instant;

use crate::handle::Handle;
use crate::segment::{Flags, FourTuple, Segment};
use crate::seq::SeqNum;
use crate::state::State;

/// A segment to put on the wire, and what the endpoint knows of it beyond the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transmission<P, T> {
    /// The segment.
    pub segment: Segment<P>,
    /// The entry that sent it, with its tag; `None` for an answer outside any connection.
    pub sender: Option<(Handle, T)>,
    /// How often the same sequence space was sent before: 0 for an original, n for retransmission n. What occupies none
    /// repeats none: a bare ACK, a keepalive probe and a reset have 0.
    pub retransmission: u32,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The furthest thing it acknowledges.
    pub acknowledges: Acknowledged,
}

/// Why an endpoint sends a segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// A SYN, SYN-ACK, data or FIN for the first time (RFC 9293 §3.5–§3.7). A host that keeps nothing of a SYN does not
    /// know that its SYN-ACK is a repetition: a SYN cookie is always new (RFC 4987 §3.6).
    New,
    /// The same sequence space once more, by timer or otherwise (RFC 6298 §5, RFC 9293 §3.8.1); the SYN-ACK that answers
    /// a repeated SYN, too. [`Transmission::retransmission`] says how often.
    Retransmission,
    /// A bare ACK that tells something new: RCV.NXT has moved since the last acknowledgment (RFC 9293 §3.10.7.4), or none
    /// was sent before (the third message of the handshake, §3.5).
    Acknowledgment,
    /// A bare ACK that tells nothing new: data or a FIN has come again, or ahead of a gap (RFC 5681 §3.2), or another
    /// unacceptable segment without SYN has come: a keepalive probe, say (RFC 9293 §3.8.4, §3.10.7.4).
    DuplicateAck,
    /// A bare ACK that only opens the window (RFC 9293 §3.8.6.2.2).
    WindowUpdate,
    /// A bare ACK in answer to a suspicious segment: a reset that is not exact, a SYN, an acknowledgment out of range
    /// (RFC 5961 §3.2, §4.2, §5.2).
    ChallengeAck,
    /// The question whether a silent peer is there (RFC 9293 §3.8.4).
    KeepaliveProbe,
    /// The question whether a closed window has opened (RFC 9293 §3.8.6.1): an octet beyond it for the first time, or no
    /// more than a number below SND.UNA ([`crate::WindowProbe`]). The octet once more is a retransmission.
    WindowProbe,
    /// The end of a flight once more, ahead of the retransmission timeout (RFC 8985 §7).
    TailLossProbe,
    /// The reset that an application's call brings about (RFC 9293 §3.10.5: ABORT; §3.6.1: a CLOSE with data unread), or
    /// the end of this host's patience (§3.8.3, §3.8.4). Also that of a client that takes its server's TIME-WAIT over.
    ResetOfCall,
    /// The answer to a segment that belongs to no connection (RFC 9293 §3.10.7.1, §3.10.7.2), the refusal of a SYN
    /// included. So answers a half-open or small entry, too, that takes the segment for no part of its connection.
    ResetOfNoConnection,
    /// The answer of a connection, or of a half-open entry, to an acknowledgment of what was never sent (RFC 9293 §3.5.2,
    /// §3.10.7.3, §3.10.7.4).
    ResetOfUnacceptable,
    /// The answer to octets that come after the application's CLOSE: no one will read them (RFC 9293 §3.6.1, SHLD-3).
    ResetOfUnread,
}

impl Purpose {
    /// That of the ACK that answers an unacceptable segment, where an ACK that nothing asks for has the other.
    pub(crate) const fn of_answer(unacceptable: Flags, otherwise: Self) -> Self {
        if unacceptable.syn() { Self::ChallengeAck } else { otherwise }
    }

    /// That of a SYN or SYN-ACK that was sent so often before.
    pub(crate) const fn of_syn(retransmission: u32) -> Self {
        if retransmission == 0 { Self::New } else { Self::Retransmission }
    }
}

/// The furthest thing an acknowledgment covers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Acknowledged {
    /// Nothing: no ACK bit, or nothing of this connection.
    Nothing,
    /// The peer's SYN.
    Syn,
    /// Data, and no FIN.
    Data,
    /// The peer's FIN.
    Fin,
}

/// Why a state changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// A user call: OPEN, CLOSE, ABORT.
    Call,
    /// A segment other than a reset.
    Segment,
    /// A reset.
    Reset,
    /// Retransmissions or keepalive probes ran out.
    GaveUp,
    /// TIME-WAIT, or FIN-WAIT-2 without an application, ran its full length.
    Expired,
    /// The host crashed.
    Crash,
    /// A cache had no room for it any more.
    Evicted,
    /// Its handshake was complete, and the accept queue had no room for it.
    Overflow,
    /// Octets came that no one will read: its application had closed (RFC 9293 §3.6.1, SHLD-3).
    Unread,
}

/// A change of state, with what an observer needs to judge it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transition<T> {
    /// The entry, after the change (or the entry that is gone, where `to` is CLOSED).
    pub entry: Handle,
    /// The entry's tag: what the segment or call that made it was handed over with. The endpoint moves it and never reads it.
    pub tag: T,
    /// The connection's name on this host.
    pub tuple: FourTuple,
    /// The state before; CLOSED or LISTEN for an entry just made.
    pub from: State,
    /// The state after; CLOSED if the connection is over.
    pub to: State,
    /// Initial send sequence number.
    pub iss: SeqNum,
    /// Initial receive sequence number, once known.
    pub irs: Option<SeqNum>,
    /// Whether the connection was opened by a peer's SYN at a listener.
    pub passive: bool,
    /// Why.
    pub reason: Reason,
}

impl<T> Transition<T> {
    /// Whether both ends knew each other's numbers before, and still do.
    #[must_use]
    pub const fn stays_open(&self) -> bool {
        self.from.synchronized() && self.to.synchronized()
    }
}

/// Where a host has only so much room: a queue of a listening port, or a table of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Queue {
    /// Its half-open entries.
    Syn,
    /// Its half-open entries in a SYN cache: the oldest makes room for the newest.
    Cache,
    /// The connections that wait to be accepted.
    Accept,
    /// The host's small entries: TIME-WAIT, and FIN-WAIT-2 without an application.
    TimeWait,
}

/// A timer of an entry. Each has one deadline at a time, that of the timer that fires first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// The retransmission timer (RFC 6298 §5, RFC 9293 §3.8.1).
    Retransmission,
    /// The same, where what is next is a tail-loss probe (RFC 8985 §7).
    TailLossProbe,
    /// The same, where what is next is the question whether a window has opened (RFC 9293 §3.8.6.1).
    WindowProbe,
    /// The delayed acknowledgment's (RFC 9293 §3.8.6.3).
    DelayedAck,
    /// That of keepalive probes (RFC 9293 §3.8.4).
    Keepalive,
    /// USER TIMEOUT (RFC 9293 §3.10.8, RFC 5482).
    UserTimeout,
    /// The length of TIME-WAIT (RFC 9293 §3.10.8).
    TimeWait,
    /// How long FIN-WAIT-2 waits without its application.
    FinWait2,
    /// The length of a hold-down.
    HoldDown,
}

/// Something the application may want to react to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Notice {
    /// An active open succeeded.
    Connected,
    /// A connection waits to be accepted at this listening port.
    Acceptable {
        /// The listening port.
        port: u16,
    },
    /// Data, or the peer's end of data, can be received.
    Readable,
    /// The peer reset the connection while it was being opened: "connection refused".
    Refused,
    /// The peer reset the connection: "connection reset".
    Reset,
    /// Retransmissions or keepalive probes ran out: "connection aborted due to user timeout".
    TimedOut,
    /// R1 is reached: a segment has been sent again three times, and nothing was heard (RFC 9293 §3.8.3). Only for an
    /// application that asked, by [`crate::Preferences::reports`].
    Unanswered,
}

/// A place to put [`Effect`]s; the driver empties it after each call and may reuse it.
pub type Effects<P, T> = Vec<Effect<P, T>>;

/// One thing the endpoint wants done, or says has happened, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect<P, T> {
    /// Put a segment on the wire.
    Transmit(Transmission<P, T>),
    /// A connection changed its state.
    State(Transition<T>),
    /// Call [`crate::Host::on_deadline`] for the entry at that time, and no longer at an earlier request's time.
    Arm {
        /// The entry.
        entry: Handle,
        /// Its tag.
        tag: T,
        /// When.
        at: Instant,
        /// Which of its timers fires then.
        timer: Timer,
    },
    /// Forget the entry's deadline.
    Disarm {
        /// The entry.
        entry: Handle,
        /// Its tag.
        tag: T,
    },
    /// A connection goes on under another handle: a half-open entry became a connection, or a connection TIME-WAIT.
    /// An application that holds `from` keeps it, to read what is left, until it closes it.
    Moved {
        /// The handle it had.
        from: Handle,
        /// The handle it has.
        to: Handle,
        /// Its tag.
        tag: T,
    },
    /// The host goes on to remember something that it knows by the connection `of`, which may just have ended.
    Keep {
        /// The connection.
        of: Handle,
        /// What remembers it.
        entry: Handle,
        /// The connection's tag, which what remembers it bears, too.
        tag: T,
    },
    /// An entry was put into its table. It follows the [`Effect::State`], [`Effect::Moved`] or [`Effect::Keep`] that named
    /// it first.
    Hold {
        /// The entry.
        entry: Handle,
        /// Its tag.
        tag: T,
    },
    /// An entry was taken out of its table. Its deadline is forgotten too.
    Release {
        /// The entry.
        entry: Handle,
        /// Its tag.
        tag: T,
    },
    /// A listening port had no room for a segment: it was dropped, or the oldest entry of a cache is thrown out next.
    Overflow {
        /// The port.
        port: u16,
        /// What was full.
        queue: Queue,
    },
    /// A SYN was refused without an answer: its 4-tuple, or the whole host after a reboot, is held down.
    HeldDown {
        /// The port it came to.
        port: u16,
    },
    /// Octets of the peer came in order: they wait for the application, or, if that has closed, are thrown away.
    Took {
        /// The connection.
        entry: Handle,
        /// Its tag.
        tag: T,
        /// How many.
        octets: u32,
        /// Whether an application is left to read them.
        kept: bool,
    },
    /// Tell the application.
    Notify {
        /// The connection.
        entry: Handle,
        /// Its tag.
        tag: T,
        /// What.
        notice: Notice,
    },
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use super::*;
    use crate::handle::EntryKind;

    #[test]
    fn a_connection_stays_open_from_established_on() {
        let socket = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80);
        for (from, to, open) in [
            (State::SynReceived, State::Established, false),
            (State::Established, State::FinWait1, true),
            (State::FinWait2, State::TimeWait, true),
            (State::Established, State::Closed, false),
            (State::Listen, State::SynReceived, false),
        ] {
            let transition = Transition {
                entry: Handle::new(EntryKind::Connection, 0, 0),
                tag: (),
                tuple: FourTuple { local: socket, remote: socket },
                from,
                to,
                iss: SeqNum::new(1),
                irs: None,
                passive: false,
                reason: Reason::Segment,
            };
            assert_eq!(transition.stays_open(), open, "{from} to {to}");
        }
    }
}
