//! One host's TCP.

use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::Instant;

use crate::{Effect, FourTuple, Handle, Payload, Segment, SeqNum, Settings, State};

/// What goes into every keyed hash of a host, so that two hosts differ and a run repeats.
pub type Secret = [u8; 16];

/// A place to put [`Effect`]s; the driver empties it after each call and may reuse it.
pub type Effects<P, T> = Vec<Effect<P, T>>;

/// The TCP of one host: listeners, half-open entries, connections and TIME-WAITs, with an index over them.
///
/// Contract: every input is a call (`open`, `send`, …, `on_segment`, `on_deadline`) with the time as an argument, and
/// every output is appended to `effects`, in order. Data, FINs and bare acknowledgments wait for [`Host::flush`], which
/// the driver calls once the application has reacted, at the same `now`.
#[derive(Clone, Debug)]
pub struct Host<P, T> {
    _p: std::marker::PhantomData<(P, T)>,
}

/// What RECEIVE found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// Octets the application has sent and the peer has not acknowledged.
    pub unacknowledged_octets: u64,
    /// Octets that wait for the application.
    pub unread_octets: u64,
}

impl<P: Payload, T: Copy> Host<P, T> {
    /// A host with no connection and no listener.
    #[must_use]
    pub fn new(address: Ipv4Addr, settings: Settings, secret: Secret) -> Self {
        todo!()
    }

    /// Passive OPEN: takes connection requests at `port`.
    ///
    /// # Errors
    /// [`UserError::AlreadyExists`] if the port is listened at already.
    pub fn listen(&mut self, port: u16) -> Result<(), UserError> {
        todo!()
    }

    /// Active OPEN from a given local port. The SYN leaves at once.
    ///
    /// # Errors
    /// [`UserError::AlreadyExists`] if the 4-tuple is in use (TIME-WAIT included).
    pub fn open(
        &mut self,
        now: Instant,
        local_port: u16,
        remote: SocketAddrV4,
        tag: T,
        effects: &mut Effects<P, T>,
    ) -> Result<Handle, UserError> {
        todo!()
    }

    /// Takes the connection that has waited longest at the listening port.
    pub fn accept(&mut self, port: u16) -> Option<Handle> {
        todo!()
    }

    /// SEND: queues octets; [`Host::flush`] puts them on the wire as the window allows.
    ///
    /// # Errors
    /// [`UserError::NoConnection`], [`UserError::Closing`].
    pub fn send(&mut self, now: Instant, connection: Handle, octets: P) -> Result<(), UserError> {
        todo!()
    }

    /// RECEIVE: appends at most `limit` octets, in order, to `into`.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn receive(&mut self, connection: Handle, limit: u32, into: &mut Vec<P>) -> Result<Received, UserError> {
        todo!()
    }

    /// CLOSE in RFC 9293's sense (`shutdown(SHUT_WR)` in the sockets'): a FIN follows what was sent; receiving goes on.
    ///
    /// # Errors
    /// [`UserError::NoConnection`], [`UserError::Closing`].
    pub fn shutdown(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        todo!()
    }

    /// `close()` in the sockets' sense: [`Host::shutdown`] if that was not called, and the application gives the
    /// handle back; what arrives from then on is not for it.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn close(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        todo!()
    }

    /// ABORT: everything queued is lost, the peer is told by a reset (RFC 9293 §3.10.5), the handle is given back.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn abort(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        todo!()
    }

    /// STATUS.
    #[must_use]
    pub fn status(&self, entry: Handle) -> Option<Status> {
        todo!()
    }

    /// SEGMENT ARRIVES (RFC 9293 §3.10.7).
    pub fn on_segment(&mut self, now: Instant, segment: Segment<P, T>, effects: &mut Effects<P, T>) {
        todo!()
    }

    /// The entry's deadline has come. A call that is too early, or for an entry that is gone, does no harm.
    pub fn on_deadline(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        todo!()
    }

    /// Emits what became ready at this instant: data, FINs and the acknowledgments nothing else carried.
    pub fn flush(&mut self, now: Instant, effects: &mut Effects<P, T>) {
        todo!()
    }
}
