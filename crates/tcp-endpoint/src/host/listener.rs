//! Listening ports and the room they have.

use std::collections::VecDeque;

use super::Host;
use crate::{Commit, Handle, Limits, Payload, Queue};

/// A port at which connection requests are taken.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) port: u16,
    /// Its half-open entries.
    pub(super) half_open: u32,
    /// Those of them that a cache may have to give up, oldest first; what is gone otherwise is passed over.
    pub(super) requests: VecDeque<Handle>,
    /// Open and not accepted yet, oldest first.
    pub(super) acceptable: VecDeque<Handle>,
}

impl Listener {
    pub(super) const fn new(port: u16) -> Self {
        Self { port, half_open: 0, requests: VecDeque::new(), acceptable: VecDeque::new() }
    }

    /// What has no room for another connection request: a SYN is dropped for either queue's sake. A cache has room.
    pub(super) fn full(&self, commit: Commit, limits: &Limits) -> Option<Queue> {
        if self.has_full_queue(limits) {
            return Some(Queue::Accept);
        }
        (commit != Commit::Cache && self.half_open >= limits.syn_backlog).then_some(Queue::Syn)
    }

    /// Whether no more connections can wait to be accepted.
    pub(super) fn has_full_queue(&self, limits: &Limits) -> bool {
        self.acceptable.len() >= limits.accept_backlog as usize
    }
}

impl<P: Payload, T: Copy> Host<P, T> {
    /// Notes that a port has another half-open entry.
    pub(super) fn note_half_open(&mut self, port: u16, entry: Handle) {
        let cached = self.settings.handshake.commit == Commit::Cache;
        if let Some(listener) = self.listeners.iter_mut().find(|listener| listener.port == port) {
            listener.half_open += 1;
            if cached {
                listener.requests.push_back(entry);
            }
        }
    }

    /// Notes that a port's half-open entry is gone.
    pub(super) fn forget_half_open(&mut self, port: u16, entry: Handle) {
        if let Some(listener) = self.listeners.iter_mut().find(|listener| listener.port == port) {
            listener.half_open = listener.half_open.saturating_sub(1);
            listener.requests.retain(|request| *request != entry);
        }
    }
}
