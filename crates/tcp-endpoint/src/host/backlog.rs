//! The SYN backlog of a listening port: how many requests wait, and from whom; and what fast open has opened early.

use std::net::Ipv4Addr;

use sim_time::Instant;

use super::Host;
use super::listener::Requester;
use crate::effect::Reason;
use crate::handle::Handle;
use crate::payload::Payload;
use crate::settings::Commit;

/// Requests that are gone are looked for only when there are more of them than of the others by so many: then it costs
/// next to nothing for each.
const FORGOTTEN_REQUESTS: usize = 16;

impl<P: Payload, T: Copy> Host<P, T> {
    /// Retransmissions of its SYN-ACK that a half-open entry at that port gets now.
    pub(super) fn syn_ack_retries(&self, port: u16) -> u32 {
        let listener = self.listeners.at(port);
        let limits = &self.common.settings.limits;
        listener.map_or(limits.handshake_retries.syn_ack_retries.into(), |listener| listener.syn_ack_retries(limits))
    }

    /// Whether a host at that address is a stranger to this one.
    pub(super) fn requester(&self, address: Ipv4Addr) -> Requester {
        let proven = self.known_peer(address).is_some_and(|peer| peer.proven);
        if proven { Requester::Proven } else { Requester::Stranger }
    }

    /// The handshake is over of a connection that fast open has opened at that port.
    pub(super) fn end_early(&mut self, port: u16) {
        if let Some(listener) = self.listeners.at_mut(port) {
            listener.early.end();
        }
    }

    /// A connection that fast open has opened at that port is over before its handshake is.
    pub(super) fn lose_early(&mut self, now: Instant, port: u16, reason: Reason) {
        let hold = self.common.settings.limits.backlog.fast_open_reset_hold;
        let Some(listener) = self.listeners.at_mut(port) else { return };
        if reason == Reason::Reset { listener.early.end_by_reset(now + hold) } else { listener.early.end() }
    }

    /// Notes that a port has another half-open entry.
    pub(super) fn note_half_open(&mut self, port: u16, entry: Handle) {
        let cached = self.common.settings.handshake.commit == Commit::Cache;
        if let Some(listener) = self.listeners.at_mut(port) {
            listener.half_open += 1;
            listener.young += 1;
            if cached {
                listener.requests.push_back(entry);
                if listener.requests.len() > 2 * listener.half_open as usize + FORGOTTEN_REQUESTS {
                    listener.requests.retain(|request| self.half_open.get(*request).is_some());
                }
            }
        }
    }

    /// Notes that the timer of a port's half-open entry has gone off for the first time.
    pub(super) fn note_aged(&mut self, port: u16) {
        if let Some(listener) = self.listeners.at_mut(port) {
            listener.young = listener.young.saturating_sub(1);
        }
    }

    /// Notes that a port's half-open entry is gone.
    pub(super) fn forget_half_open(&mut self, port: u16, young: bool) {
        if let Some(listener) = self.listeners.at_mut(port) {
            listener.half_open = listener.half_open.saturating_sub(1);
            listener.young = listener.young.saturating_sub(u32::from(young));
        }
    }
}
