//! Who takes whose room: the useless connections that take what a server is short of, and the clients they keep waiting.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use sim_time::Instant;
use tcp_endpoint::{Queue, State};

use super::World;
use super::truth::Life;
use crate::HostId;
use crate::record::{Attempt, Blame, Event, Fold, Incarnation, Scarce};

/// The useless connections on a host that take something scarce, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    useless: [BTreeMap<Incarnation, Life>; 3],
}

/// The clients that wait, each with the server that keeps it and what is to blame.
pub(super) type Waiting = FxHashMap<Attempt, (HostId, Option<Blame>)>;

impl<F: Fold> World<F> {
    /// A connection takes what is scarce in place of what it took before.
    pub(super) fn occupy(&mut self, life: Life, scarce: Option<Scarce>) {
        let Some(known) = self.truth.get_mut(life) else { return };
        let before = std::mem::replace(&mut known.takes, scarce);
        if known.worth.blame().is_some() {
            self.crowd(life, before, false);
            self.crowd(life, scarce, true);
        }
    }

    /// The verdict on a connection has changed.
    pub(super) fn crowd_judged(&mut self, life: Life) {
        if let Some(known) = self.truth.get(life) {
            self.crowd(life, known.takes, known.worth.blame().is_some());
        }
    }

    fn crowd(&mut self, life: Life, scarce: Option<Scarce>, useless: bool) {
        let Some(scarce) = scarce else { return };
        let crowd = &mut self.machine(life.host).crowd.useless[scarce as usize];
        if useless {
            crowd.insert(life.number, life);
        } else {
            crowd.remove(&life.number);
        }
    }

    /// What is to blame for a want at a port: the oldest of the useless connections that take what is wanted. If there is
    /// none, the useful ones may be there for want of what comes next: a place to be accepted from, or a worker.
    fn to_blame(&self, host: HostId, port: u16, scarce: Scarce) -> Option<Blame> {
        let useless = &self.hosts[usize::from(host.0)].crowd.useless[scarce as usize..];
        useless.iter().flat_map(BTreeMap::values).find_map(|life| {
            let known = self.truth.get(*life).filter(|known| known.tuple.local.port() == port)?;
            known.worth.blame()
        })
    }

    /// The client behind an attempt begins to wait, unless it waits already.
    pub(super) fn keep_waiting(&mut self, host: HostId, port: u16, attempt: Attempt, scarce: Scarce, now: Instant) {
        if !self.waiting.contains_key(&attempt) {
            let blame = self.to_blame(host, port, scarce);
            self.waiting.insert(attempt, (host, blame));
            self.record(now, Event::Waits { host, attempt, scarce, blame });
        }
    }

    /// If the client behind an attempt waits, it need not any longer.
    pub(super) fn end_wait(&mut self, attempt: Attempt, served: bool, now: Instant) {
        if let Some((host, blame)) = self.waiting.remove(&attempt) {
            self.record(now, Event::WaitOver { host, attempt, blame, served });
        }
    }

    /// The segment that is arriving was dropped for want of room. Its sender has to wait, if it is a client that could make
    /// use of the room: one that opens, or whose handshake would be complete.
    pub(super) fn crowd_out(&mut self, host: HostId, port: u16, queue: Queue, now: Instant) {
        let Some(sender) = self.arrival.and_then(|arrival| arrival.sender) else { return };
        let Some(client) = self.truth.get(sender).filter(|client| client.is_active()) else { return };
        let (attempt, opens) = (client.attempt, client.state() == State::SynSent);
        let partner = client.partner.and_then(|partner| self.truth.get(partner));
        let completes = queue == Queue::Accept && partner.is_some_and(|server| server.state() == State::SynReceived);
        if self.truth.holds(sender) && (opens || completes) {
            let scarce = match queue {
                Queue::Syn => Scarce::SynBacklog,
                Queue::Accept => Scarce::AcceptQueue,
            };
            self.keep_waiting(host, port, attempt, scarce, now);
        }
    }
}
