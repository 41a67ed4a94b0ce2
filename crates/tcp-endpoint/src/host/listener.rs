//! Listening ports and the room they have.

use std::collections::VecDeque;

use sim_time::Instant;

use crate::effect::Queue;
use crate::handle::Handle;
use crate::settings::{Backlog, Commit, Limits};

/// Fewest retransmissions of a SYN-ACK that pruning leaves, and the smallest backlog whose half it looks at (Linux).
const PRUNED_RETRIES: u32 = 2;
const PRUNED_BACKLOG: u32 = 8;

/// A port at which connection requests are taken.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) port: u16,
    /// Its half-open entries.
    pub(super) half_open: u32,
    /// Those of them whose timer has not gone off yet.
    pub(super) young: u32,
    /// They again, where a cache may have to give them up: oldest first, among some that are gone already.
    pub(super) requests: VecDeque<Handle>,
    /// Open and not accepted yet, oldest first.
    pub(super) acceptable: VecDeque<Handle>,
    /// What fast open has opened early.
    pub(super) early: Early,
}

/// Connections that fast open has opened before their handshake is over (RFC 7413 §4.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Early {
    /// Those there are.
    pub(super) pending: u32,
    /// Until when those count that a reset has ended, earliest first.
    reset: VecDeque<Instant>,
}

impl Early {
    /// Whether there may be another.
    pub(super) fn has_room(&mut self, now: Instant, most: u32) -> bool {
        while self.reset.front().is_some_and(|until| *until <= now) {
            self.reset.pop_front();
        }
        self.pending as usize + self.reset.len() < most as usize
    }

    /// One has come.
    pub(super) const fn begin(&mut self) {
        self.pending += 1;
    }

    /// The handshake of one is over, or it is.
    pub(super) const fn end(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    /// A reset has ended one, which counts until then.
    pub(super) fn end_by_reset(&mut self, until: Instant) {
        self.end();
        self.reset.push_back(until);
    }
}

impl Listener {
    fn new(port: u16) -> Self {
        Self {
            port,
            half_open: 0,
            young: 0,
            requests: VecDeque::new(),
            acceptable: VecDeque::new(),
            early: Early::default(),
        }
    }

    /// What has no room for a connection request from this host: a SYN is dropped for either queue's sake.
    pub(super) fn full(&self, commit: Commit, from: Requester, backlog: &Backlog) -> Option<Queue> {
        if self.has_full_queue(backlog) {
            return Some(Queue::Accept);
        }
        let most = match from {
            _ if commit == Commit::Cache => return None, // it makes room
            Requester::Successor => return None,
            Requester::Stranger if !backlog.cookies_on_overflow => {
                backlog.syn_backlog.min(backlog.syn_backlog_for_strangers)
            }
            Requester::Stranger | Requester::Proven => backlog.syn_backlog,
        };
        (self.half_open >= most).then_some(Queue::Syn)
    }

    /// Retransmissions of a SYN-ACK that a half-open entry gets. Half of the room is for the young: as they become a
    /// smaller part of a queue that is more than half full, the others are given up sooner.
    pub(super) fn syn_ack_retries(&self, limits: &Limits) -> u32 {
        let mut retries = limits.handshake_retries.syn_ack_retries.into();
        if !limits.backlog.syn_backlog_pruning || self.half_open * 2 <= limits.backlog.syn_backlog.max(PRUNED_BACKLOG) {
            return retries;
        }
        let mut young = self.young * 2;
        while retries > PRUNED_RETRIES && self.half_open >= young {
            retries -= 1;
            young *= 2;
        }
        retries
    }

    /// Whether no more connections can wait to be accepted.
    pub(super) fn has_full_queue(&self, backlog: &Backlog) -> bool {
        self.acceptable.len() >= backlog.accept_backlog as usize
    }
}

/// A host's listening ports, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners(Vec<Listener>);

impl Listeners {
    /// The listener at a port, if there is one.
    pub(super) fn at(&self, port: u16) -> Option<&Listener> {
        self.place(port).ok().map(|place| &self.0[place])
    }

    pub(super) fn at_mut(&mut self, port: u16) -> Option<&mut Listener> {
        self.place(port).ok().map(|place| &mut self.0[place])
    }

    /// Adds a listener; returns whether the port had none.
    pub(super) fn add(&mut self, port: u16) -> bool {
        let place = self.place(port);
        if let Err(place) = place {
            self.0.insert(place, Listener::new(port));
        }
        place.is_err()
    }

    pub(super) fn remove(&mut self, port: u16) -> Option<Listener> {
        self.place(port).ok().map(|place| self.0.remove(place))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.0.iter()
    }

    fn place(&self, port: u16) -> Result<usize, usize> {
        self.0.binary_search_by_key(&port, |listener| listener.port)
    }
}

/// Who asks for a connection, as far as the SYN backlog cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Requester {
    /// The peer of the TIME-WAIT that its SYN ends: it is real, and takes no more than it gives back.
    Successor,
    /// A host that has proven to be there.
    Proven,
    /// Any other.
    Stranger,
}
