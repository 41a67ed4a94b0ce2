//! User calls (RFC 9293 §3.9.1, §3.10.1–§3.10.6).

use std::net::SocketAddrV4;

use sim_time::Instant;

use super::Host;
use crate::connection::SynSent;
use crate::effect::{Effect, Effects, Queue, Reason};
use crate::handle::{EntryKind, Handle};
use crate::identity::Identity;
use crate::interface::{Owner, Preferences, Received, Status, UserError};
use crate::payload::Payload;
use crate::port_search::Search;
use crate::segment::{FastOpen, FourTuple, names_one_host};
use crate::seq::SeqNum;
use crate::settings::{Remembers, Selection, SynData};
use crate::state::State;
use crate::step::After;
use crate::taken::Vacancy;
use crate::tcb::Tcb;
use crate::timestamps::TimestampClock;

impl<P: Payload, T: Copy> Host<P, T> {
    /// Passive OPEN: takes connection requests at `port`.
    ///
    /// # Errors
    /// [`UserError::AlreadyExists`] if the port is listened at already.
    pub fn listen(&mut self, port: u16) -> Result<(), UserError> {
        if !self.listeners.add(port) {
            return Err(UserError::AlreadyExists);
        }
        // An application may still hold what fast open has opened at an earlier listener.
        let here = |tcb: &&Tcb<P, T>| tcb.id().ends.local_port() == port && tcb.is_early();
        let pending = self.connections.entries().filter(here).count();
        if let Some(listener) = self.listeners.at_mut(port) {
            (0..pending).for_each(|_| listener.early.begin());
        }
        Ok(())
    }

    /// CLOSE in LISTEN: requests at `port` are refused from now on. What no application has accepted has none to go to:
    /// half-open entries are forgotten, connections are aborted.
    ///
    /// # Errors
    /// [`UserError::NoConnection`] if the port is not listened at.
    pub fn unlisten(&mut self, now: Instant, port: u16, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        let listener = self.listeners.remove(port).ok_or(UserError::NoConnection)?;
        self.crowded.forget_everywhere(port);
        for entry in listener.acceptable {
            if self.connections.get(entry).is_some_and(|waiting| !waiting.is_live())
                && let Some(over) = self.connections.remove(entry)
            {
                effects.push(Effect::Release { entry, tag: over.id().tag });
            }
        }
        for entry in self.entries_where(|ends| ends.local_port() == port) {
            match entry.kind() {
                EntryKind::HalfOpen => self.end_half_open(now, entry, Reason::Call, effects),
                EntryKind::Connection => {
                    if self.connections.get(entry).is_some_and(|tcb| tcb.owner() == Owner::Listener) {
                        self.with_tcb(now, entry, effects, Tcb::abort);
                    }
                }
                EntryKind::TimeWait | EntryKind::HoldDown | EntryKind::Peer => {}
            }
        }
        Ok(())
    }

    /// Active OPEN from a given local port. The SYN leaves at once.
    ///
    /// # Errors
    /// [`UserError::Unspecified`] without a remote address or port; [`UserError::InvalidRemote`] if the address is not
    /// one host's; [`UserError::AlreadyExists`] if the 4-tuple is in use (TIME-WAIT included, unless it may be reused);
    /// [`UserError::Quiet`] in the quiet time after a reboot.
    pub fn open(
        &mut self,
        now: Instant,
        local_port: u16,
        remote: SocketAddrV4,
        tag: T,
        effects: &mut Effects<P, T>,
    ) -> Result<Handle, UserError> {
        self.open_with(now, (Some(local_port), remote), (P::default(), false), tag, effects)
    }

    /// Active OPEN from a given local port, or one that the host selects (RFC 9293 §3.9.1.1), with the first octets to
    /// send, and whether they are all there will be: a handshake that takes them with the SYN (`syn-data`) sends them
    /// there, any other once the connection is open (RFC 9293 §3.10.1, RFC 7413 §6).
    ///
    /// # Errors
    /// Those of [`Host::open`]; [`UserError::NoPort`] if no ephemeral port is free towards `remote`.
    pub fn open_with(
        &mut self,
        now: Instant,
        (local_port, remote): (Option<u16>, SocketAddrV4),
        (octets, all): (P, bool),
        tag: T,
        effects: &mut Effects<P, T>,
    ) -> Result<Handle, UserError> {
        if remote.ip().is_unspecified() || remote.port() == 0 {
            return Err(UserError::Unspecified);
        }
        if !names_one_host(*remote.ip()) {
            return Err(UserError::InvalidRemote);
        }
        if self.is_quiet(now) {
            return Err(UserError::Quiet);
        }
        let local_port = local_port.or_else(|| self.select_port(now, remote)).ok_or(UserError::NoPort)?;
        let tuple = FourTuple { local: SocketAddrV4::new(self.common.address, local_port), remote };
        let held = self.entry_of(tuple.into());
        let iss = match held {
            Some(entry) if entry.kind() != EntryKind::HoldDown => {
                self.reuse(now, entry, effects).ok_or(UserError::AlreadyExists)?
            }
            _ => self.common.isn.choose(&self.common.settings.limits.selection, now, tuple),
        };
        if let Some(entry) = held.filter(|entry| entry.kind() == EntryKind::HoldDown) {
            self.end_hold_down(entry, effects); // it is about the peer's SYNs, not ours
        }
        let id = Identity { tag, ends: tuple.into() };
        let mut opening = SynSent::new(id, iss, now, &self.common.settings.limits);
        let clock = || TimestampClock::new(self.common.isn.timestamp_offset(tuple));
        opening.clock = self.common.settings.limits.timers.timestamps.then(clock);
        opening.outgoing.queue(octets);
        if all {
            opening.outgoing.queue_fin();
        }
        self.introduce(now, &mut opening);
        let incarnation = opening.incarnation();
        let entry = self.connections.insert(Tcb::SynSent(opening));
        self.enter(id.ends, entry);
        let states = (State::Closed, State::SynSent);
        effects.push(incarnation.transition((entry, self.common.address), states, Reason::Call));
        effects.push(Effect::Hold { entry, tag });
        self.with_tcb(now, entry, effects, |tcb, ctx| {
            if let Tcb::SynSent(opening) = tcb {
                opening.send_syn(ctx);
            }
            After::Stay
        });
        Ok(entry)
    }

    /// What the SYN says of this host's past with its peer.
    fn introduce(&mut self, now: Instant, opening: &mut SynSent<P, T>) {
        let handshake = self.common.settings.handshake;
        if handshake.remembers == Remembers::Count {
            self.opens += 1;
            opening.count = Some(self.opens);
        }
        if handshake.syn_data == SynData::Cookie {
            let remote = opening.id.ends.remote();
            let peer = self.known_peer(*remote.ip());
            opening.peer_mss = peer.map_or(opening.peer_mss, |peer| peer.mss);
            let pauses = peer.is_some_and(|peer| peer.pauses_at(remote.port(), now));
            let cookie = peer.and_then(|peer| peer.cookie);
            let nothing_to_send = opening.outgoing.unacknowledged_octets() == 0;
            opening.fast_open = match cookie {
                _ if pauses => None,
                Some(_) if nothing_to_send => None,
                Some(cookie) => Some(FastOpen::Cookie(cookie)),
                None => Some(FastOpen::Request),
            };
        }
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
        self.open_with(now, (None, remote), (P::default(), false), tag, effects)
    }

    /// An ephemeral port that is free towards `remote`.
    fn select_port(&mut self, now: Instant, remote: SocketAddrV4) -> Option<u16> {
        let Selection { ephemeral_ports, port_selection, .. } = self.common.settings.limits.selection;
        let (mut ports, mut taken) = (std::mem::take(&mut self.ports), self.crowded.take(now, remote));
        let mut search = Search::new(ephemeral_ports, &mut taken, |port| self.vacancy(now, port, remote));
        let port = ports.select(port_selection, (self.common.address, remote), &mut search);
        self.ports = ports;
        self.crowded.put(remote, taken);
        port
    }

    /// Whether a connection to `remote` can be opened from `port`, and nobody listens there.
    pub(super) fn vacancy(&self, now: Instant, port: u16, remote: SocketAddrV4) -> Vacancy {
        let tuple = FourTuple { local: SocketAddrV4::new(self.common.address, port), remote };
        let entry = self.entry_of(tuple.into()).filter(|entry| entry.kind() != EntryKind::HoldDown);
        if self.listeners.at(port).is_some() {
            return Vacancy::Taken;
        }
        match entry.map(|entry| self.reusable_after(entry)) {
            None => Vacancy::Free,
            Some(None) => Vacancy::Taken,
            Some(Some(instant)) if instant < now => Vacancy::Free,
            Some(Some(instant)) => Vacancy::TakenUntil(instant),
        }
    }

    /// Ends a TIME-WAIT whose 4-tuple is wanted again, if it may be; returns the initial sequence number that follows.
    fn reuse(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) -> Option<SeqNum> {
        let iss = self.successor(now, entry)?;
        self.end_remains(now, entry, Reason::Call, effects);
        Some(iss)
    }

    /// The initial sequence number of a connection that follows this entry's on the same 4-tuple; `None` if that is in use.
    fn successor(&self, now: Instant, entry: Handle) -> Option<SeqNum> {
        self.reusable_after(entry).filter(|instant| *instant < now)?;
        Some(self.remains.get(entry)?.next_iss())
    }

    /// After which instant a connection may follow this entry's on the same 4-tuple, if nothing happens to it: one in
    /// TIME-WAIT whose timestamps tell its old segments from the new ones.
    fn reusable_after(&self, entry: Handle) -> Option<Instant> {
        let age = self.common.settings.teardown.time_wait_reuse.limit()?;
        let remains = if entry.kind() == EntryKind::TimeWait { self.remains.get(entry)? } else { return None };
        remains.reusable_after(age)
    }

    /// Whether no more connections can wait to be accepted at the listening port.
    #[must_use]
    pub fn accept_queue_is_full(&self, port: u16) -> bool {
        self.listeners.at(port).is_some_and(|listener| listener.has_full_queue(&self.common.settings.limits.backlog))
    }

    /// How many are in a queue of the listening port, or in the table that all ports share.
    #[must_use]
    pub fn queued(&self, port: u16, queue: Queue) -> u32 {
        let listener = self.listeners.at(port);
        let many = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        match queue {
            Queue::Syn | Queue::Cache => listener.map_or(0, |listener| listener.half_open),
            Queue::Accept => listener.map_or(0, |listener| many(listener.acceptable.len())),
            Queue::TimeWait => many(self.remains.len()),
        }
    }

    /// Takes the connection that has waited longest at the listening port.
    pub fn accept(&mut self, port: u16) -> Option<Handle> {
        let entry = self.listeners.at_mut(port)?.acceptable.pop_front()?;
        self.connections.get_mut(entry)?.accept();
        Some(entry)
    }

    /// SEND: queues octets; [`Host::flush`] puts them on the wire as the window allows.
    ///
    /// # Errors
    /// [`UserError::NoConnection`]; [`UserError::Closing`] after a CLOSE, TIME-WAIT included.
    pub fn send(&mut self, connection: Handle, octets: P) -> Result<(), UserError> {
        let Some(open) = self.connections.get_mut(connection).filter(|open| open.is_live()) else {
            return Err(self.refusal(connection));
        };
        open.send(octets)?;
        open.touch(connection, &mut self.ready);
        Ok(())
    }

    /// Chooses anew what an application may choose for one connection.
    ///
    /// # Errors
    /// [`UserError::NoConnection`], [`UserError::Closing`] in TIME-WAIT.
    pub fn prefer(&mut self, connection: Handle, preferences: Preferences) -> Result<(), UserError> {
        let Some(open) = self.connections.get_mut(connection).filter(|open| open.is_live()) else {
            return Err(self.refusal(connection));
        };
        open.prefer(preferences);
        open.touch(connection, &mut self.ready);
        Ok(())
    }

    /// RECEIVE: appends at most `limit` octets, in order, to `into`; [`Host::flush`] tells the peer if that reopens the window. Where RFC 9293 §3.10.3 says "connection closing",
    /// the end of data says so.
    ///
    /// # Errors
    /// [`UserError::NoConnection`], also once everything was read of a connection that ended without the peer's FIN.
    pub fn receive(&mut self, connection: Handle, limit: u32, into: &mut Vec<P>) -> Result<Received, UserError> {
        let entry = connection;
        let connection = self.connections.get_mut(entry).ok_or(UserError::NoConnection)?;
        let over = !connection.is_live();
        let Some(incoming) = connection.incoming_mut() else {
            return if over { Err(UserError::NoConnection) } else { Ok(Received::default()) };
        };
        let octets = incoming.read(limit, into);
        let all_read = incoming.unread_octets() == 0;
        let end_of_data = incoming.finished() && all_read;
        if over && all_read && octets == 0 && !end_of_data {
            return Err(UserError::NoConnection); // it was reset or given up
        }
        if connection.can_reopen(&self.common.settings) {
            connection.touch(entry, &mut self.ready);
        }
        Ok(Received { octets, end_of_data })
    }

    /// CLOSE in RFC 9293's sense (`shutdown(SHUT_WR)` in the sockets'): a FIN follows what was sent; receiving goes on.
    ///
    /// # Errors
    /// [`UserError::NoConnection`]; [`UserError::Closing`] after a CLOSE, TIME-WAIT included.
    pub fn shutdown(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        if !self.connections.get(connection).is_some_and(Tcb::is_live) {
            return Err(self.refusal(connection));
        }
        let mut outcome = Ok(());
        self.with_tcb(now, connection, effects, |tcb, ctx| match tcb.shutdown(ctx) {
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
        self.with_tcb(now, connection, effects, Tcb::close);
        Ok(())
    }

    /// ABORT: everything queued is lost, the peer is told by a reset (RFC 9293 §3.10.5), the handle is given back.
    ///
    /// # Errors
    /// [`UserError::NoConnection`].
    pub fn abort(&mut self, now: Instant, connection: Handle, effects: &mut Effects<P, T>) -> Result<(), UserError> {
        if self.common.settings.teardown.abort_ends_time_wait
            && let Some(time_wait) = self.time_wait_of(connection)
        {
            self.end_remains(now, time_wait, Reason::Call, effects);
        }
        if self.give_back(connection, effects)? {
            return Ok(());
        }
        self.with_tcb(now, connection, effects, Tcb::abort);
        Ok(())
    }

    /// STATUS; nothing where RFC 9293 says "connection does not exist".
    #[must_use]
    pub fn status(&self, entry: Handle) -> Option<Status> {
        let window = self.common.settings.limits.sizes.window;
        match entry.kind() {
            EntryKind::HalfOpen => {
                self.half_open.get(entry).map(|half_open| half_open.status(self.common.address, window))
            }
            EntryKind::Connection => {
                let status = self.connections.get(entry)?.status(self.common.address, window);
                let state = self.time_wait_of(entry).map_or(status.state, |_| State::TimeWait);
                Some(Status { state, ..status })
            }
            EntryKind::TimeWait => self.remains.get(entry).map(|remains| remains.status(self.common.address, window)),
            EntryKind::HoldDown | EntryKind::Peer => None,
        }
    }

    /// STATUS of the connection of that name.
    #[must_use]
    pub fn status_of(&self, name: FourTuple) -> Option<Status> {
        self.status(self.entry_of(name.into())?)
    }

    /// The tag of the connection of that name, half-open ones and TIME-WAITs included, if there is one.
    #[must_use]
    pub fn tag_of(&self, name: FourTuple) -> Option<T> {
        self.tag(self.entry_of(name.into())?)
    }

    /// The tag of a connection, half-open or in TIME-WAIT, too.
    #[must_use]
    pub fn tag(&self, entry: Handle) -> Option<T> {
        match entry.kind() {
            EntryKind::HalfOpen => self.half_open.get(entry).map(|half_open| half_open.id.tag),
            EntryKind::Connection => self.connections.get(entry).map(|connection| connection.id().tag),
            EntryKind::TimeWait => self.remains.get(entry).map(|remains| remains.id.tag),
            EntryKind::HoldDown | EntryKind::Peer => None,
        }
    }

    /// Every entry there is, to ask STATUS of: what [`Effect::Hold`] announced and [`Effect::Release`] did not take back.
    #[must_use]
    pub fn held(&self) -> Vec<Handle> {
        let entries = self.half_open.handles().chain(self.connections.handles()).chain(self.remains.handles());
        entries.chain(self.hold_downs.handles()).chain(self.peers.handles()).collect()
    }

    /// Why a handle is refused whose connection is gone, or over and kept only for its application to read.
    fn refusal(&self, connection: Handle) -> UserError {
        self.time_wait_of(connection).map_or(UserError::NoConnection, |_| UserError::Closing)
    }

    /// The TIME-WAIT of a connection that is over for its application, as long as it lasts.
    pub(super) fn time_wait_of(&self, connection: Handle) -> Option<Handle> {
        let entry = *self.held_time_waits.get(&connection)?;
        self.remains.get(entry).map(|_| entry)
    }

    /// If the connection is over and kept only for its application, lets it go; returns whether it was so.
    fn give_back(&mut self, entry: Handle, effects: &mut Effects<P, T>) -> Result<bool, UserError> {
        let connection = self.connections.get(entry).ok_or(UserError::NoConnection)?;
        let (over, tag) = (!connection.is_live(), connection.id().tag);
        if over {
            self.connections.discard(entry);
            self.held_time_waits.remove(&entry);
            effects.push(Effect::Release { entry, tag });
        }
        Ok(over)
    }
}
