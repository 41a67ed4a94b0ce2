//! When two hosts are the same: their entries are, whatever places of the tables these ended up in.

use std::hash::{Hash, Hasher};

use super::Host;
use super::listener::Early;
use crate::ends::Ends;
use crate::half_open::HalfOpen;
use crate::hold_down::HoldDown;
use crate::payload::Payload;
use crate::peer::Peer;
use crate::remains::Remains;
use crate::tcb::Tcb;

/// An entry of any table, in an order and a form that do not depend on the history of the tables.
#[derive(PartialEq, Eq, Hash)]
enum Entry<'a, P, T> {
    HalfOpen(&'a HalfOpen<T>),
    /// With whether it is an application's handle on a TIME-WAIT.
    Connection(&'a Tcb<P, T>, bool),
    Remains(&'a Remains<T>),
    HoldDown(&'a HoldDown<T>),
}

impl<P: Payload, T: Copy> Entry<'_, P, T> {
    const fn rank(&self) -> (bool, u32) {
        match self {
            Self::Connection(tcb, _) => (!tcb.is_live(), tcb.incarnation().iss.raw()),
            Self::HalfOpen(half_open) => (false, half_open.iss.raw()),
            Self::Remains(remains) => (false, remains.iss.raw()),
            Self::HoldDown(_) => (false, 0),
        }
    }
}

impl<P: Payload, T: Copy> Host<P, T> {
    fn entries(&self) -> Vec<(Ends, Entry<'_, P, T>)> {
        let half_open = self.half_open.entries().map(|entry| (entry.id.ends, Entry::HalfOpen(entry)));
        let connections =
            self.connections.handles().zip(self.connections.entries()).map(|(handle, entry)| {
                (entry.id().ends, Entry::Connection(entry, self.time_wait_of(handle).is_some()))
            });
        let remains = self.remains.entries().map(|entry| (entry.id.ends, Entry::Remains(entry)));
        let hold_downs = self.hold_downs.entries().map(|entry| (entry.id.ends, Entry::HoldDown(entry)));
        let mut entries: Vec<_> = half_open.chain(connections).chain(remains).chain(hold_downs).collect();
        // A connection that is over and kept for its application may share its name with a later one.
        entries.sort_by_key(|(ends, entry)| (*ends, entry.rank()));
        entries
    }

    /// What is remembered of other hosts, by address.
    fn known_peers(&self) -> Vec<&Peer<T>> {
        let mut peers: Vec<_> = self.peers.entries().collect();
        peers.sort_unstable_by_key(|peer| peer.address);
        peers
    }

    /// Each listening port with the connections that wait there, by name, and what fast open has opened early.
    fn waiting(&self) -> Vec<(u16, Vec<Ends>, &Early)> {
        let name = |&entry| self.connections.get(entry).map(|connection| connection.id().ends);
        self.listeners
            .iter()
            .map(|listener| (listener.port, listener.acceptable.iter().filter_map(name).collect(), &listener.early))
            .collect()
    }
}

impl<P: Payload, T: Copy + Eq> PartialEq for Host<P, T> {
    fn eq(&self, other: &Self) -> bool {
        self.common.address == other.common.address
            && self.common.settings == other.common.settings
            && self.common.isn == other.common.isn
            && self.ports == other.ports
            && self.common.challenges == other.common.challenges
            && self.quiet_until == other.quiet_until
            && self.refuse_until == other.refuse_until
            && self.opens == other.opens
            && self.known_peers() == other.known_peers()
            && self.waiting() == other.waiting()
            && self.entries() == other.entries()
    }
}

impl<P: Payload, T: Copy + Eq> Eq for Host<P, T> {}

impl<P: Payload, T: Copy + Hash> Hash for Host<P, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.common.address.hash(state);
        self.common.isn.hash(state);
        self.ports.hash(state);
        self.common.challenges.hash(state);
        self.quiet_until.hash(state);
        self.refuse_until.hash(state);
        self.opens.hash(state);
        self.known_peers().hash(state);
        self.waiting().hash(state);
        self.entries().hash(state);
    }
}
