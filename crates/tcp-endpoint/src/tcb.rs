//! Transmission control blocks (RFC 9293 §3.3.1), each with what its state has.

use std::net::Ipv4Addr;
use std::ops::ControlFlow::{Break, Continue};

use crate::connection::{Connection, Incoming, Schedule, SynSent};
use crate::effect::Reason;
use crate::handle::Handle;
use crate::identity::{Identity, Incarnation};
use crate::interface::{Owner, Preferences, Status, UserError};
use crate::payload::Payload;
use crate::segment::Segment;
use crate::seq::SeqNum;
use crate::settings::Settings;
use crate::state::State;
use crate::step::{After, Context};

/// The entry of a connection, from OPEN or a SYN until its application has no use for it any more.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all of them are open: a box would be one more allocation for each"
)]
pub(crate) enum Tcb<P, T> {
    /// SYN-SENT.
    SynSent(SynSent<P, T>),
    /// SYN-RECEIVED up to LAST-ACK.
    Open(Connection<P, T>),
    /// CLOSED as far as the protocol goes, or in TIME-WAIT.
    Over(Over<P, T>),
}

/// What is kept of a connection that is over for its application to accept, to read and to close.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Over<P, T> {
    incarnation: Incarnation<T>,
    owner: Owner,
    /// SND.UNA and SND.NXT, as they were.
    send: (SeqNum, SeqNum),
    /// What came, if the peer's SYN did.
    incoming: Option<Incoming<P>>,
    /// Keepalive probes that nothing has answered.
    probes: u32,
}

impl<P: Payload, T: Copy> Tcb<P, T> {
    /// The connection, between SYN-SENT and the end.
    pub(crate) const fn open(&self) -> Option<&Connection<P, T>> {
        if let Self::Open(connection) = self { Some(connection) } else { None }
    }

    pub(crate) const fn open_mut(&mut self) -> Option<&mut Connection<P, T>> {
        if let Self::Open(connection) = self { Some(connection) } else { None }
    }

    /// Whether the protocol goes on.
    pub(crate) const fn is_live(&self) -> bool {
        !matches!(self, Self::Over(_))
    }

    /// Whether our SYN asked for a fast open cookie, or showed one, and nothing has answered it.
    pub(crate) const fn awaits_fast_open(&self) -> bool {
        matches!(self, Self::SynSent(SynSent { fast_open: Some(_), .. }))
    }

    /// Whether fast open has opened it, and its handshake is not over.
    pub(crate) fn is_early(&self) -> bool {
        self.open().is_some_and(Connection::is_early)
    }

    pub(crate) const fn id(&self) -> Identity<T> {
        match self {
            Self::SynSent(opening) => opening.id,
            Self::Open(connection) => connection.id,
            Self::Over(over) => over.incarnation.id,
        }
    }

    pub(crate) const fn state(&self) -> State {
        match self {
            Self::SynSent(_) => State::SynSent,
            Self::Open(connection) => connection.state,
            Self::Over(_) => State::Closed,
        }
    }

    pub(crate) const fn owner(&self) -> Owner {
        match self {
            Self::SynSent(opening) => opening.owner,
            Self::Open(connection) => connection.owner,
            Self::Over(over) => over.owner,
        }
    }

    /// An application takes the handle.
    pub(crate) const fn accept(&mut self) {
        match self {
            Self::SynSent(_) => {}
            Self::Open(connection) => connection.owner = Owner::Application,
            Self::Over(over) => over.owner = Owner::Application,
        }
    }

    pub(crate) const fn incarnation(&self) -> Incarnation<T> {
        match self {
            Self::SynSent(opening) => opening.incarnation(),
            Self::Open(connection) => connection.incarnation(),
            Self::Over(over) => over.incarnation,
        }
    }

    const fn schedule_mut(&mut self) -> Option<&mut Schedule> {
        match self {
            Self::SynSent(opening) => Some(&mut opening.schedule),
            Self::Open(connection) => Some(&mut connection.schedule),
            Self::Over(_) => None,
        }
    }

    /// The next flush looks at it.
    pub(crate) fn touch(&mut self, entry: Handle, ready: &mut Vec<Handle>) {
        if let Some(schedule) = self.schedule_mut() {
            schedule.touch(entry, ready);
        }
    }

    /// What came from the peer, if its SYN did.
    pub(crate) const fn incoming_mut(&mut self) -> Option<&mut Incoming<P>> {
        match self {
            Self::SynSent(_) => None,
            Self::Open(connection) => Some(&mut connection.incoming),
            Self::Over(over) => over.incoming.as_mut(),
        }
    }

    /// RECEIVE has made room: whether that is worth a window update.
    pub(crate) fn can_reopen(&self, settings: &Settings) -> bool {
        self.open().is_some_and(|open| open.incoming.can_reopen(&settings.limits.sizes))
    }

    /// SEGMENT ARRIVES (RFC 9293 §3.10.7.3, §3.10.7.4).
    pub(crate) fn on_segment(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        if let Self::SynSent(opening) = self {
            match opening.on_segment(segment, ctx) {
                Break(after) => return after,
                Continue(()) => *self = Self::Open(Connection::synchronized_by(segment, opening, ctx)),
            }
            return self.open_mut().map_or(After::Stay, |open| open.take_syn(segment, ctx));
        }
        self.open_mut().map_or(After::Stay, |open| open.on_segment(segment, ctx))
    }

    /// Serves every deadline that has come.
    pub(crate) fn on_deadline(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        match self {
            Self::SynSent(opening) => opening.on_deadline(ctx),
            Self::Open(connection) => connection.on_deadline(ctx),
            Self::Over(_) => After::Stay,
        }
    }

    /// What became ready leaves, and the driver is told of the earliest deadline.
    pub(crate) fn flush(&mut self, ctx: &mut Context<'_, P, T>) {
        match self {
            Self::SynSent(opening) => opening.flush(ctx),
            Self::Open(connection) => connection.flush(ctx),
            Self::Over(_) => {}
        }
    }

    /// SEND (RFC 9293 §3.10.2).
    pub(crate) fn send(&mut self, octets: P) -> Result<(), UserError> {
        match self {
            Self::SynSent(opening) => opening.outgoing.send(octets),
            Self::Open(connection) => connection.outgoing.send(octets),
            Self::Over(_) => Err(UserError::NoConnection),
        }
    }

    /// The application chooses anew what it may choose.
    pub(crate) const fn prefer(&mut self, preferences: Preferences) {
        match self {
            Self::SynSent(opening) => opening.preferences = preferences,
            Self::Open(connection) => connection.preferences = preferences,
            Self::Over(_) => {}
        }
    }

    /// CLOSE (RFC 9293 §3.10.4).
    pub(crate) fn shutdown(&mut self, ctx: &mut Context<'_, P, T>) -> Result<After, UserError> {
        match self {
            Self::SynSent(opening) => opening.shutdown(),
            Self::Open(connection) => connection.shutdown(ctx),
            Self::Over(_) => Err(UserError::NoConnection),
        }
    }

    /// The application gives the handle back.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        match self {
            Self::SynSent(opening) => opening.close(),
            Self::Open(connection) => connection.close(ctx),
            Self::Over(_) => After::Stay,
        }
    }

    /// ABORT (RFC 9293 §3.10.5).
    pub(crate) fn abort(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        match self {
            Self::SynSent(opening) => {
                opening.owner = Owner::Nobody;
                After::Close(Reason::Call) // there is no one to reset
            }
            Self::Open(connection) => connection.abort(ctx),
            Self::Over(_) => After::Stay,
        }
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self, address: Ipv4Addr, receive_window: u32) -> Status {
        match self {
            Self::SynSent(opening) => opening.status(address, receive_window),
            Self::Open(connection) => connection.status(address),
            Self::Over(over) => {
                let Over { incarnation, send, incoming, probes, .. } = over;
                let receive = (incoming.as_ref().map(|incoming| incoming.nxt), receive_window);
                Status {
                    unread_octets: incoming.as_ref().map_or(0, |incoming| incoming.unread_octets().into()),
                    probes: *probes,
                    ..incarnation.status(address, State::Closed, *send, receive)
                }
            }
        }
    }

    /// The protocol is over with it: only what its application can still read stays. Returns whether the driver knows of
    /// a deadline.
    pub(crate) fn end(&mut self) -> bool {
        let armed = self.schedule_mut().is_some_and(|schedule| schedule.is_armed());
        let (incarnation, owner) = (self.incarnation(), self.owner());
        *self = match self {
            Self::SynSent(SynSent { iss, nxt, .. }) => {
                Self::Over(Over { incarnation, owner, send: (*iss, *nxt), incoming: None, probes: 0 })
            }
            Self::Open(Connection { send, incoming, probes, .. }) => {
                let incoming = std::mem::replace(incoming, Incoming::new(incoming.irs, 0));
                let (send, incoming) = ((send.una, send.nxt), Some(incoming));
                Self::Over(Over { incarnation, owner, send, incoming, probes: *probes })
            }
            Self::Over(_) => return armed,
        };
        armed
    }
}
