//! Listening ports and the room they have.

use std::collections::VecDeque;

use super::Host;
use crate::{Handle, Limits, Payload, Queue};

/// A port at which connection requests are taken.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) port: u16,
    /// Its half-open entries.
    pub(super) half_open: u32,
    /// ESTABLISHED and not accepted yet, oldest first.
    pub(super) acceptable: VecDeque<Handle>,
}

impl Listener {
    /// What has no room for another connection request: a SYN is dropped for either queue's sake.
    pub(super) fn full(&self, limits: &Limits) -> Option<Queue> {
        if self.has_full_queue(limits) {
            return Some(Queue::Accept);
        }
        (self.half_open >= limits.syn_backlog).then_some(Queue::Syn)
    }

    /// Whether no more connections can wait to be accepted.
    pub(super) fn has_full_queue(&self, limits: &Limits) -> bool {
        self.acceptable.len() >= limits.accept_backlog as usize
    }
}

impl<P: Payload, T: Copy> Host<P, T> {
    /// Notes that a port has one half-open entry more or fewer.
    pub(super) fn count_half_open(&mut self, port: u16, change: i32) {
        if let Some(listener) = self.listeners.iter_mut().find(|listener| listener.port == port) {
            listener.half_open = listener.half_open.saturating_add_signed(change);
        }
    }
}
