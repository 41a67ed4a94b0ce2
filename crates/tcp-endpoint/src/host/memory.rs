//! What a host remembers beyond its connections: names that are held down, and other hosts.

use std::net::Ipv4Addr;

use sim_time::{Duration, Instant};

use super::Host;
use crate::asked::Asked;
use crate::effect::{Effect, Effects, Timer};
use crate::handle::{EntryKind, Handle};
use crate::hold_down::HoldDown;
use crate::identity::Identity;
use crate::payload::Payload;
use crate::peer::Peer;
use crate::segment::{FastOpen, Segment};
use crate::settings::Backlog;
use crate::tcb::Tcb;

/// What is held down until some instant is so at that instant, too.
const JUST_AFTER: Duration = Duration::from_nanos(1);

impl<P: Payload, T: Copy> Host<P, T> {
    /// The connection `of` at a listener is closed: its name is held down, if the handshake has that.
    pub(super) fn hold_down(&mut self, now: Instant, of: Handle, id: Identity<T>, effects: &mut Effects<P, T>) {
        let length = self.common.settings.handshake.hold_down;
        if length.is_zero() {
            return;
        }
        let (until, tag) = (now + length, id.tag);
        let entry = self.hold_downs.insert(HoldDown { id, until });
        self.enter(id.ends, entry);
        effects.push(Effect::Keep { of, entry, tag });
        effects.push(Effect::Hold { entry, tag });
        effects.push(Effect::Arm { entry, tag, at: until + JUST_AFTER, timer: Timer::HoldDown });
    }

    /// The deadline of a hold-down has come.
    pub(super) fn on_hold_down_deadline(&mut self, now: Instant, entry: Handle, effects: &mut Effects<P, T>) {
        match self.hold_downs.get(entry) {
            Some(held) if held.until < now => self.end_hold_down(entry, effects),
            Some(held) => effects.push(Effect::Arm {
                entry,
                tag: held.id.tag,
                at: held.until + JUST_AFTER,
                timer: Timer::HoldDown,
            }),
            None => {}
        }
    }

    /// Whether a name is held down still: to its last instant, included.
    pub(super) fn is_held_down(&self, now: Instant, entry: Handle) -> bool {
        self.hold_downs.get(entry).is_some_and(|held| now <= held.until)
    }

    /// A name is free again.
    pub(super) fn end_hold_down(&mut self, entry: Handle, effects: &mut Effects<P, T>) {
        let Some(held) = self.hold_downs.remove(entry) else { return };
        self.leave(held.id.ends, entry);
        effects.push(Effect::Release { entry, tag: held.id.tag });
    }

    /// What is remembered of the host at that address, from now on if nothing was.
    fn peer(&mut self, address: Ipv4Addr, (of, tag): (Handle, T), effects: &mut Effects<P, T>) -> &mut Peer<T> {
        let entry = *self.peer_index.entry(address).or_insert_with(|| {
            let entry = self.peers.insert(Peer::new(address, tag));
            effects.push(Effect::Keep { of, entry, tag });
            effects.push(Effect::Hold { entry, tag });
            entry
        });
        self.peers.get_mut(entry).expect("what the index names is there")
    }

    pub(super) fn known_peer(&self, address: Ipv4Addr) -> Option<&Peer<T>> {
        self.peers.get(*self.peer_index.get(&address)?)
    }

    /// Whether a SYN's count is higher than any that came from its address before, so that it cannot be an old one.
    pub(super) fn believes(&self, asked: &Asked<T>) -> bool {
        let peer = self.known_peer(asked.id.ends.remote_address());
        asked.count.zip(peer).is_some_and(|(count, peer)| peer.has_not_seen(count))
    }

    /// A connection is closed in good order: if its round trip was measured, and no timeout came after that, its peer has
    /// proven to be there. That is remembered where strangers are turned away sooner.
    pub(super) fn note_proof(&mut self, of: Handle, effects: &mut Effects<P, T>) {
        let Backlog { cookies_on_overflow, syn_backlog, syn_backlog_for_strangers, .. } =
            self.common.settings.limits.backlog;
        let Some(connection) = self.connections.get(of).and_then(Tcb::open) else { return };
        if cookies_on_overflow || syn_backlog_for_strangers >= syn_backlog {
            return;
        }
        let (address, tag, proven) =
            (connection.id.ends.remote_address(), connection.id.tag, connection.rto.is_measured());
        if proven || self.known_peer(address).is_some() {
            self.peer(address, (of, tag), effects).proven = proven;
        }
    }

    /// A connection at a listener is open: the count that its SYN bore is the highest now.
    pub(super) fn take_count(&mut self, of: Handle, effects: &mut Effects<P, T>) {
        let Some(connection) = self.connections.get_mut(of).and_then(Tcb::open_mut) else { return };
        let (address, tag) = (connection.id.ends.remote_address(), connection.id.tag);
        if let Some(count) = connection.count.take() {
            let peer = self.peer(address, (of, tag), effects);
            if peer.count.is_none() || peer.has_not_seen(count) {
                peer.count = Some(count);
            }
        }
    }

    /// What the answer to the SYN of the connection `of` says is kept (RFC 7413 §4.2.2): its fast open cookie, and its segment
    /// size, which is of use with a cookie only. An answer that takes nothing up of what the SYN has offered is a failure.
    pub(super) fn take_fast_open(
        &mut self,
        now: Instant,
        of: Handle,
        syn_ack: &Segment<P>,
        effects: &mut Effects<P, T>,
    ) {
        debug_assert_eq!(of.kind(), EntryKind::Connection);
        let said = syn_ack.options;
        let Some(connection) = self.connections.get(of).and_then(Tcb::open) else { return };
        if connection.passive || !connection.state.synchronized() {
            return;
        }
        let (id, mss) = (connection.id, connection.peer_mss);
        let fails = connection.offered_fast_open && syn_ack.ack == connection.send.iss + 1;
        let address = id.ends.remote_address();
        if let Some(FastOpen::Cookie(cookie)) = said.fast_open {
            let peer = self.peer(address, (of, id.tag), effects);
            (peer.cookie, peer.mss) = (Some(cookie), mss);
            return;
        }
        if said.mss.is_some()
            && let Some(peer) = self.peer_index.get(&address).and_then(|entry| self.peers.get_mut(*entry))
        {
            peer.mss = mss;
        }
        if fails {
            self.pause_fast_open(now, of, id, effects);
        }
    }

    /// Fast open has failed with the server of the connection `of`: for a time it is done without (RFC 7413 §4.1.3.1).
    pub(super) fn pause_fast_open(&mut self, now: Instant, of: Handle, id: Identity<T>, effects: &mut Effects<P, T>) {
        let pause = self.common.settings.limits.handshake_retries.fast_open_pause;
        let remote = id.ends.remote();
        if !pause.is_zero() {
            self.peer(*remote.ip(), (of, id.tag), effects).pause_at(remote.port(), now, now + pause);
        }
    }
}
