//! User calls (RFC 9293 §3.9.1, §3.10.1–§3.10.6).

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use sim_time::Instant;

use super::{BEYOND_THE_OLD, Effects, Host, Listener, Received, Status, UserError};
use crate::connection::{After, Connection, Owner};
use crate::half_open::HalfOpen;
use crate::time_wait::TimeWait;
use crate::timestamps::TimestampClock;
use crate::{Effect, EntryKind, FourTuple, Handle, Payload, Reason, SeqNum, State};

impl<P: Payload, T: Copy> Host<P, T> {
    /// Passive OPEN: takes connection requests at `port`.
    ///
    /// # Errors
    /// [`UserError::AlreadyExists`] if the port is listened at already.
    pub fn listen(&mut self, port: u16) -> Result<(), UserError> {
        match self.listeners.binary_search_by_key(&port, |listener| listener.port) {
            Ok(_) => Err(UserError::AlreadyExists),
            Err(place) => {
                self.listeners.insert(place, Listener { port, half_open: 0, acceptable: VecDeque::new() });
                Ok(())
            }
        }
    }

    /// Active OPEN from a given local port. The SYN leaves at once.
    ///
    /// # Errors
    /// [`UserError::AlreadyExists`] if the 4-tuple is in use (TIME-WAIT included, unless it may be reused);
    /// [`UserError::Quiet`] in the quiet time after a reboot.
    pub fn open(
        &mut self,
        now: Instant,
        local_port: u16,
        remote: SocketAddrV4,
        tag: T,
        effects: &mut Effects<P, T>,
    ) -> Result<Handle, UserError> {
        let tuple = FourTuple { local: SocketAddrV4::new(self.address, local_port), remote };
        if self.is_quiet(now) {
            return Err(UserError::Quiet);
        }
        let iss = match self.index.get(&tuple) {
            None => self.isn.choose(self.settings.limits.isn, now, tuple),
            Some(&entry) => self.reuse(now, entry, effects).ok_or(UserError::AlreadyExists)?,
        };
        let mut connection = Connection::opening(tag, tuple, iss, now, &self.settings);
        let offset = self.isn.timestamp_offset(tuple);
        connection.clock = self.settings.limits.timestamps.then(|| TimestampClock::new(offset));
        let entry = self.connections.insert(connection);
        self.index.insert(tuple, entry);
        self.with_connection(now, entry, effects, |connection, ctx| {
            ctx.effects.push(Effect::State(connection.transition(entry, State::Closed, Reason::Call)));
            ctx.effects.push(Effect::Hold { entry });
            connection.send_syn(ctx);
            After::Stay
        });
        Ok(entry)
    }

    /// Active OPEN that leaves the local port to the host (RFC 9293 §3.9.1.1).
    ///
    /// # Errors
    /// [`UserError::NoPort`] if no ephemeral port is free towards `remote`; [`UserError::Quiet`] in the quiet time after a
    /// reboot.
    pub fn open_ephemeral(
        &mut self,
        now: Instant,
        remote: SocketAddrV4,
        tag: T,
        effects: &mut Effects<P, T>,
    ) -> Result<Handle, UserError> {
        if self.is_quiet(now) {
            return Err(UserError::Quiet);
        }
        let (range, how) = (self.settings.limits.ephemeral_ports, self.settings.limits.port_selection);
        let mut ports = std::mem::take(&mut self.ports);
        let port = ports.select(range, how, (self.address, remote), |port| self.is_free(now, port, remote));
        self.ports = ports;
        self.open(now, port.ok_or(UserError::NoPort)?, remote, tag, effects)
    }

    /// Whether a connection to `remote` can be opened from `port`, and nobody listens there.
    fn is_free(&self, now: Instant, port: u16, remote: SocketAddrV4) -> bool {
        let tuple = FourTuple { local: SocketAddrV4::new(self.address, port), remote };
        let usable = self.index.get(&tuple).is_none_or(|&entry| self.successor(now, entry).is_some());
        usable && self.listeners.binary_search_by_key(&port, |listener| listener.port).is_err()
    }

    /// Ends a TIME-WAIT whose 4-tuple is wanted again, if it may be; returns the initial sequence number that follows.
    fn reuse(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) -> Option<SeqNum> {
        let iss = self.successor(now, entry)?;
        self.end_time_wait(entry, Reason::Call, effects);
        Some(iss)
    }

    /// The initial sequence number of a connection that follows this entry's on the same 4-tuple: one in TIME-WAIT whose
    /// timestamps tell its old segments from the new ones. `None` if the 4-tuple is in use.
    fn successor(&self, now: Instant, entry: Handle) -> Option<SeqNum> {
        let age = self.settings.teardown.time_wait_reuse.limit()?;
        let time_wait = if entry.kind == EntryKind::TimeWait { self.time_waits.get(entry)? } else { return None };
        let reusable = time_wait.state == State::TimeWait && time_wait.clock?.silent_for(age, now);
        reusable.then_some(time_wait.send_next + BEYOND_THE_OLD)
    }

    /// Takes the connection that has waited longest at the listening port.
    pub fn accept(&mut self, port: u16) -> Option<Handle> {
        let listener = self.listeners.iter_mut().find(|listener| listener.port == port)?;
        let entry = listener.acceptable.pop_front()?;
        self.connections.get_mut(entry)?.owner = Owner::Application;
        Some(entry)
    }

    /// SEND: queues octets; [`Host::flush`] puts them on the wire as the window allows.
    ///
    /// # Errors
    /// [`UserError::NoConnection`], [`UserError::Closing`].
    pub fn send(&mut self, connection: Handle, octets: P) -> Result<(), UserError> {
        self.live(connection)?;
        self.connections.get_mut(connection).ok_or(UserError::NoConnection)?.send(octets)?;
        self.touch(connection);
        Ok(())
    }

    /// RECEIVE: appends at most `limit` octets, in order, to `into`.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn receive(&mut self, connection: Handle, limit: u32, into: &mut Vec<P>) -> Result<Received, UserError> {
        let connection = self.connections.get_mut(connection).ok_or(UserError::NoConnection)?;
        let octets = connection.incoming.read(limit, into);
        let end_of_data = connection.incoming.finished() && connection.incoming.unread_octets() == 0;
        Ok(Received { octets, end_of_data })
    }

    /// CLOSE in RFC 9293's sense (`shutdown(SHUT_WR)` in the sockets'): a FIN follows what was sent; receiving goes on.
    ///
    /// # Errors
    /// [`UserError::NoConnection`], [`UserError::Closing`].
    pub fn shutdown(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        self.live(connection)?;
        let mut outcome = Ok(());
        self.with_connection(now, connection, effects, |connection, ctx| match connection.shutdown(ctx) {
            Ok(after) => after,
            Err(error) => {
                outcome = Err(error);
                After::Stay
            }
        });
        outcome
    }

    /// `close()` in the sockets' sense: [`Host::shutdown`] if that was not called, and the application gives the
    /// handle back; what arrives from then on is not for it.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn close(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        if self.give_back(connection, effects)? {
            return Ok(());
        }
        self.with_connection(now, connection, effects, Connection::close);
        Ok(())
    }

    /// ABORT: everything queued is lost, the peer is told by a reset (RFC 9293 §3.10.5), the handle is given back.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn abort(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        if self.give_back(connection, effects)? {
            return Ok(());
        }
        self.with_connection(now, connection, effects, Connection::abort);
        Ok(())
    }

    /// STATUS.
    #[must_use]
    pub fn status(&self, entry: Handle) -> Option<Status> {
        match entry.kind {
            EntryKind::HalfOpen => self.half_open.get(entry).map(HalfOpen::status),
            EntryKind::Connection => self.connections.get(entry).map(Connection::status),
            EntryKind::TimeWait => self.time_waits.get(entry).map(TimeWait::status),
        }
    }

    /// Refuses a handle whose connection is gone, or over and kept only for its application to read.
    fn live(&self, connection: Handle) -> Result<(), UserError> {
        match self.connections.get(connection) {
            Some(connection) if connection.state != State::Closed => Ok(()),
            _ => Err(UserError::NoConnection),
        }
    }

    /// If the connection is over and kept only for its application, lets it go; returns whether it was so.
    fn give_back(&mut self, entry: Handle, effects: &mut Effects<P, T>) -> Result<bool, UserError> {
        let connection = self.connections.get(entry).ok_or(UserError::NoConnection)?;
        let over = connection.state == State::Closed;
        if over {
            self.connections.remove(entry);
            effects.push(Effect::Release { entry });
        }
        Ok(over)
    }
}
