//! One host's TCP: its tables, and the way from an input to the entry it is for.

mod arrivals;
#[cfg(test)]
mod audit;
mod backlog;
mod calls;
mod equality;
mod index;
mod listener;
mod memory;
mod reboot;
mod spot;

use std::collections::HashMap;
use std::net::Ipv4Addr;

use rustc_hash::FxBuildHasher;
use sim_time::{Duration, Instant};

use self::listener::Listeners;
use self::spot::Index;
use crate::connection::Connection;
use crate::effect::{Effect, Effects, Notice, Queue, Reason, Timer};
use crate::half_open::{HalfOpen, Request};
use crate::handle::{EntryKind, Handle};
use crate::hold_down::HoldDown;
use crate::identity::{Identity, Incarnation};
use crate::interface::Owner;
use crate::isn::Secret;
use crate::payload::Payload;
use crate::peer::Peer;
use crate::ports::Ports;
use crate::remains::Remains;
use crate::settings::Settings;
use crate::state::State;
use crate::step::{After, Common, Context};
use crate::table::Table;
use crate::taken::Crowded;
use crate::tcb::Tcb;

/// The TCP of one host: listeners, half-open entries, connections and TIME-WAITs, with an index over them.
///
/// Contract: every input is a call (`open`, `send`, …, `on_segment`, `on_deadline`) with the time as an argument, and
/// every output is appended to `effects`, in order. Data, FINs and bare acknowledgments wait for [`Host::flush`], which
/// the driver calls once the application has reacted, at the same `now`.
#[derive(Clone, Debug)]
pub struct Host<P, T> {
    common: Common,
    ports: Ports,
    crowded: Crowded,
    listeners: Listeners,
    index: Index,
    half_open: Table<HalfOpen<T>>,
    connections: Table<Tcb<P, T>>,
    remains: Table<Remains<T>>,
    /// The TIME-WAIT of a connection whose application still has the handle; it may have ended since.
    held_time_waits: HashMap<Handle, Handle, FxBuildHasher>,
    hold_downs: Table<HoldDown<T>>,
    peers: Table<Peer<T>>,
    peer_index: HashMap<Ipv4Addr, Handle, FxBuildHasher>,
    /// Active opens so far: the connection count of the next SYN (RFC 1644 §3.1).
    opens: u32,
    /// Until when the host refuses SYNs after a reboot.
    refuse_until: Option<Instant>,
    /// Until when the host keeps quiet after a reboot.
    quiet_until: Instant,
    /// Connections that the next flush looks at, in the order in which they were touched.
    ready: Vec<Handle>,
}

impl<P: Payload, T: Copy> Host<P, T> {
    /// A host with no connection and no listener.
    #[must_use]
    pub fn new(address: Ipv4Addr, settings: Settings, secret: Secret) -> Self {
        Self {
            common: Common::new(address, settings, secret),
            ports: Ports::new(secret),
            crowded: Crowded::default(),
            listeners: Listeners::default(),
            index: Index::new(),
            half_open: Table::new(EntryKind::HalfOpen),
            connections: Table::new(EntryKind::Connection),
            remains: Table::new(EntryKind::TimeWait),
            held_time_waits: HashMap::default(),
            hold_downs: Table::new(EntryKind::HoldDown),
            peers: Table::new(EntryKind::Peer),
            peer_index: HashMap::default(),
            opens: 0,
            refuse_until: None,
            quiet_until: Instant::ZERO,
            ready: Vec::new(),
        }
    }

    /// The entry's deadline has come. A call that is too early, or for an entry that is gone, does no harm.
    pub fn on_deadline(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        match entry.kind() {
            EntryKind::HalfOpen => self.on_half_open_deadline(now, entry, effects),
            EntryKind::Connection => {
                if self.connections.get(entry).is_some_and(Tcb::is_live) {
                    self.with_tcb(now, entry, effects, Tcb::on_deadline);
                }
            }
            EntryKind::TimeWait => match self.remains.get(entry) {
                Some(remains) if remains.until.get() <= now => {
                    self.end_remains(now, entry, Reason::Expired, effects);
                }
                Some(remains) => {
                    effects.push(remains.arm(entry));
                }
                None => {}
            },
            EntryKind::HoldDown => self.on_hold_down_deadline(now, entry, effects),
            EntryKind::Peer => {}
        }
    }

    /// Emits what became ready at this instant: data, FINs and the acknowledgments nothing else carried. Deadlines of
    /// connections are set here too, once for all that happened to them.
    #[inline]
    pub fn flush(&mut self, now: Instant, effects: &mut Effects<P, T>) {
        if !self.ready.is_empty() {
            self.flush_ready(now, effects);
        }
    }

    /// Apart from [`Host::flush`], since that finds nothing ready more often than not.
    #[inline(never)]
    fn flush_ready(&mut self, now: Instant, effects: &mut Effects<P, T>) {
        let Self { common, connections, ready, .. } = self;
        for &entry in &*ready {
            let Some(connection) = connections.get_mut(entry) else { continue };
            connection.flush(&mut common.step(now, entry, effects));
        }
        ready.clear();
    }

    /// One step of a connection, and what follows from it for the tables.
    fn with_tcb(
        &mut self,
        now: Instant,
        entry: Handle,
        effects: &mut Effects<P, T>,
        step: impl FnOnce(&mut Tcb<P, T>, &mut Context<'_, P, T>) -> After,
    ) {
        let Some(connection) = self.connections.get_mut(entry) else { return };
        let early = connection.is_early();
        let after = step(connection, &mut self.common.step(now, entry, effects));
        connection.touch(entry, &mut self.ready);
        if early && !connection.is_early() {
            let port = connection.id().ends.local_port();
            self.end_early(port);
        }
        match after {
            After::Stay => {}
            After::Acceptable => self.offer(entry, effects),
            After::TimeWait => self.begin_time_wait(now, entry, effects),
            After::Orphan => self.begin_orphaned_fin_wait_2(now, entry, effects),
            After::Close(reason) => self.end_connection(now, entry, reason, effects),
        }
    }

    /// One step of a connection that has its peer's SYN.
    fn with_connection(
        &mut self,
        now: Instant,
        entry: Handle,
        effects: &mut Effects<P, T>,
        step: impl FnOnce(&mut Connection<P, T>, &mut Context<'_, P, T>) -> After,
    ) {
        self.with_tcb(now, entry, effects, |tcb, ctx| tcb.open_mut().map_or(After::Stay, |open| step(open, ctx)));
    }

    /// One step of a half-open entry that brings no segment to pass on, and what follows from it for the tables.
    fn with_half_open(
        &mut self,
        now: Instant,
        entry: Handle,
        effects: &mut Effects<P, T>,
        step: impl FnOnce(&mut HalfOpen<T>, &mut Context<'_, P, T>) -> Request,
    ) -> Request {
        let Some(half_open) = self.half_open.get_mut(entry) else { return Request::Pending };
        let (tag, before) = (half_open.id.tag, half_open.retransmit_at);
        let request = step(half_open, &mut self.common.step(now, entry, effects));
        match half_open.retransmit_at.instant() {
            Some(at) if before != half_open.retransmit_at => {
                effects.push(Effect::Arm { entry, tag, at, timer: Timer::Retransmission });
            }
            _ => {}
        }
        if let Request::Withdrawn(reason) = request {
            self.end_half_open(now, entry, reason, effects);
        }
        request
    }

    /// The deadline of a half-open entry has come.
    fn on_half_open_deadline(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        let Some(half_open) = self.half_open.get(entry) else { return };
        let (port, young) = (half_open.id.ends.local_port(), half_open.is_young());
        let most = self.syn_ack_retries(port);
        let request = self.with_half_open(now, entry, effects, |half_open, ctx| half_open.on_deadline(most, ctx));
        let aged = self.half_open.get(entry).is_some_and(|half_open| !half_open.is_young());
        if young && aged && request == Request::Pending {
            self.note_aged(port);
        }
    }

    /// A passive connection is open, for its application at least.
    fn offer(&mut self, entry: Handle, effects: &mut Effects<P, T>) {
        self.take_count(entry, effects);
        let Some(Identity { tag, ends }) = self.connections.get(entry).map(Tcb::id) else { return };
        let port = ends.local_port();
        if let Some(listener) = self.listeners.at_mut(port) {
            listener.acceptable.push_back(entry);
            effects.push(Effect::Notify { entry, tag, notice: Notice::Acceptable { port } });
        }
    }

    /// Both FINs are acknowledged: a small entry takes the connection's place, or none if TIME-WAIT has no length or
    /// there is no room for it.
    fn begin_time_wait(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        let length = self.common.settings.teardown.time_wait;
        self.shrink(now, entry, length, |open, until| Remains::in_time_wait(open, now, until), effects);
    }

    /// FIN-WAIT-2 goes on without its application, in a small entry (and for a time that leaves the peer's FIN its
    /// retransmissions).
    fn begin_orphaned_fin_wait_2(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        let Some(connection) = self.connections.get(entry).and_then(Tcb::open) else { return };
        let Some(length) = self.common.settings.teardown.fin_wait_2_timeout.limit() else { return };
        let length = length.max(connection.rto.current() * 7 / 2);
        self.shrink(now, entry, length, Remains::in_fin_wait_2, effects);
    }

    /// A small entry takes a connection's place, for `length`.
    fn shrink(
        &mut self,
        now: Instant,
        entry: Handle,
        length: Duration,
        remains: impl FnOnce(&Connection<P, T>, Instant) -> Remains<T>,
        effects: &mut Effects<P, T>,
    ) {
        self.note_proof(entry, effects);
        let Some(connection) = self.connections.get_mut(entry).and_then(Tcb::open_mut) else { return };
        let Settings { teardown, limits, .. } = &self.common.settings;
        let is_full = self.remains.len() >= teardown.time_wait_max as usize;
        if length.is_zero() || is_full {
            if !length.is_zero() {
                effects.push(Effect::Overflow { port: connection.id.ends.local_port(), queue: Queue::TimeWait });
            }
            connection.pay_ack(&mut self.common.step(now, entry, effects));
            self.end_connection(now, entry, Reason::Segment, effects);
            return;
        }
        let (from, owed) = (connection.state, connection.owes_ack().then(|| connection.purpose_of_ack()));
        let held = connection.owner == Owner::Application;
        let remains = remains(connection, limits.timers.fires_at(now, length));
        let (Identity { tag, ends }, state) = (remains.id, remains.state());
        let small = self.remains.insert(remains);
        self.replace(ends, entry, small);
        if held {
            self.held_time_waits.insert(entry, small);
        }
        effects.push(Effect::Moved { from: entry, to: small, tag });
        if let Some(remains) = self.remains.get(small) {
            if from != state {
                effects.push(remains.incarnation().transition(
                    (small, self.common.address),
                    (from, state),
                    Reason::Segment,
                ));
            }
            effects.push(Effect::Hold { entry: small, tag });
            if let Some(purpose) = owed {
                remains.send_ack(purpose, &mut self.common.step(now, small, effects));
            }
            effects.push(remains.arm(small));
        }
        self.let_go(entry, effects);
    }

    /// The FIN that a closed FIN-WAIT-2 waited for has come, and is acknowledged.
    fn fin_wait_2_to_time_wait(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        let length = self.common.settings.teardown.time_wait;
        let Some(remains) = self.remains.get_mut(entry) else { return };
        if length.is_zero() {
            return self.end_remains(now, entry, Reason::Segment, effects);
        }
        remains.begin_time_wait(now, length, &self.common.settings.limits);
        // It may be reused some time from now on.
        self.crowded.forget(remains.id.ends.remote(), remains.id.ends.local_port());
        effects.push(remains.incarnation().transition(
            (entry, self.common.address),
            (State::FinWait2, State::TimeWait),
            Reason::Segment,
        ));
        effects.push(remains.arm(entry));
    }

    /// The connection is over.
    fn end_connection(&mut self, now: Instant, entry: Handle, reason: Reason, effects: &mut Effects<P, T>) {
        let Some(tcb) = self.connections.get(entry) else { return };
        let (from, incarnation, owner) = (tcb.state(), tcb.incarnation(), tcb.owner());
        let (early, failed) = (tcb.is_early(), tcb.awaits_fast_open() && reason == Reason::GaveUp);
        let Incarnation { id, passive, .. } = incarnation;
        if from == State::LastAck && reason == Reason::Segment {
            self.note_proof(entry, effects);
        }
        effects.push(incarnation.transition((entry, self.common.address), (from, State::Closed), reason));
        self.leave(id.ends, entry);
        if early {
            self.lose_early(now, id.ends.local_port(), reason);
        }
        if failed {
            self.pause_fast_open(now, entry, id, effects);
        }
        if passive {
            self.hold_down(now, entry, id, effects);
        }
        if owner == Owner::Listener
            && !self.common.settings.limits.backlog.accept_queue_keeps_closed
            && let Some(listener) = self.listeners.at_mut(id.ends.local_port())
        {
            listener.acceptable.retain(|waiting| *waiting != entry);
        }
        self.let_go(entry, effects);
    }

    /// The protocol needs the entry no more. It stays for as long as an application holds it, or has yet to accept it.
    fn let_go(&mut self, entry: Handle, effects: &mut Effects<P, T>) {
        let Some(connection) = self.connections.get_mut(entry) else { return };
        let (Identity { tag, ends }, owner) = (connection.id(), connection.owner());
        let listener = self.listeners.at(ends.local_port());
        let waits = || listener.is_some_and(|listener| listener.acceptable.contains(&entry));
        if owner == Owner::Application || owner == Owner::Listener && waits() {
            if connection.end() {
                effects.push(Effect::Disarm { entry, tag });
            }
        } else {
            self.connections.discard(entry);
            effects.push(Effect::Release { entry, tag });
        }
    }

    fn end_half_open(&mut self, now: Instant, entry: Handle, reason: Reason, effects: &mut Effects<P, T>) {
        let Some(half_open) = self.half_open.remove(entry) else { return };
        let ends = half_open.id.ends;
        self.leave(ends, entry);
        self.forget_half_open(ends.local_port(), half_open.is_young());
        effects.push(half_open.incarnation().transition(
            (entry, self.common.address),
            (State::SynReceived, State::Closed),
            reason,
        ));
        self.hold_down(now, entry, half_open.id, effects);
        effects.push(Effect::Release { entry, tag: half_open.id.tag });
    }

    fn end_remains(&mut self, now: Instant, entry: Handle, reason: Reason, effects: &mut Effects<P, T>) {
        let Some(remains) = self.remains.remove(entry) else { return };
        self.leave(remains.id.ends, entry);
        effects.push(remains.incarnation().transition(
            (entry, self.common.address),
            (remains.state(), State::Closed),
            reason,
        ));
        let succeeded = matches!(reason, Reason::Call | Reason::Segment | Reason::Unread);
        if remains.passive && !succeeded {
            self.hold_down(now, entry, remains.id, effects);
        }
        effects.push(Effect::Release { entry, tag: remains.id.tag });
    }
}
