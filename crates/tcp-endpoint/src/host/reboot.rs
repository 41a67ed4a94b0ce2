//! Crash and reboot: all state is gone, and nothing was said (RFC 9293 §3.4.3, §3.5.1).

use sim_time::Instant;

use super::Host;
use crate::effect::{Effect, Effects, Reason};
use crate::handle::EntryKind;
use crate::payload::Payload;
use crate::state::State;

impl<P: Payload, T: Copy> Host<P, T> {
    /// The host loses all it knows, listeners included, without a segment: every entry is released, whoever held it.
    /// What its keyed hashes are drawn from goes on, as a clock that survives would have it.
    pub fn crash(&mut self, effects: &mut Effects<P, T>) {
        let entries = self.entries_where(|_| true);
        self.index.clear();
        self.crowded.clear();
        let address = self.common.address;
        for entry in entries {
            let gone = match entry.kind() {
                EntryKind::HalfOpen => {
                    self.half_open.get(entry).map(|half_open| (half_open.incarnation(), State::SynReceived))
                }
                EntryKind::Connection => {
                    self.connections.get(entry).map(|connection| (connection.incarnation(), connection.state()))
                }
                EntryKind::TimeWait => self.remains.get(entry).map(|remains| (remains.incarnation(), remains.state())),
                EntryKind::HoldDown | EntryKind::Peer => None,
            };
            effects.extend(gone.map(|(incarnation, from)| {
                incarnation.transition((entry, address), (from, State::Closed), Reason::Crash)
            }));
        }
        let half_open = self.half_open.clear().map(|(entry, gone)| (entry, gone.id.tag));
        let connections = self.connections.clear().map(|(entry, gone)| (entry, gone.id().tag));
        let remains = self.remains.clear().map(|(entry, gone)| (entry, gone.id.tag));
        let hold_downs = self.hold_downs.clear().map(|(entry, gone)| (entry, gone.id.tag));
        let peers = self.peers.clear().map(|(entry, gone)| (entry, gone.tag));
        let entries = half_open.chain(connections).chain(remains).chain(hold_downs).chain(peers);
        effects.extend(entries.map(|(entry, tag)| Effect::Release { entry, tag }));
        self.held_time_waits.clear();
        self.peer_index.clear();
        self.opens = 0;
        self.listeners.clear();
        self.ready.clear();
        self.ports.forget();
        self.common.challenges = crate::challenge::Challenges::default();
    }

    /// The host is up again after a crash. For the quiet time it neither opens nor answers, so that what it sent before
    /// is gone from the network when it chooses a sequence number again (RFC 9293 §3.4.3). A handshake with a hold-down
    /// refuses every SYN for as long, since it cannot know which names it had.
    pub fn reboot(&mut self, now: Instant) {
        self.quiet_until = now + self.common.settings.limits.selection.quiet_time;
        let hold_down = self.common.settings.handshake.hold_down;
        self.refuse_until = (!hold_down.is_zero()).then_some(now + hold_down);
    }

    /// When the quiet time ends or ended: time zero if the host never rebooted.
    #[must_use]
    pub const fn quiet_until(&self) -> Instant {
        self.quiet_until
    }

    /// Whether the quiet time is not over: what arrives then is not looked at.
    #[must_use]
    pub fn is_quiet(&self, now: Instant) -> bool {
        now < self.quiet_until
    }
}
