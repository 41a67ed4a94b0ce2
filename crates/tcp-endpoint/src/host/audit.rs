//! What is kept twice, held against itself.

use std::net::SocketAddrV4;

use sim_time::Instant;

use super::Host;
use super::listener::Listener;
use crate::half_open::HalfOpen;
use crate::handle::Handle;
use crate::interface::Owner;
use crate::payload::Payload;
use crate::settings::{Commit, Selection};
use crate::taken::Vacancy;

impl<P: Payload, T: Copy> Host<P, T> {
    /// How many requests caches keep in the order in which they would give them up, gone ones included.
    pub(crate) fn cached_requests(&self) -> usize {
        self.listeners.iter().map(|listener| listener.requests.len()).sum()
    }

    /// Checks that the index finds what connections have, and nothing else.
    #[track_caller]
    pub(crate) fn audit_index(&self) {
        let half_open = self.half_open.handles().zip(self.half_open.entries().map(|entry| entry.id.ends));
        let remains = self.remains.handles().zip(self.remains.entries().map(|entry| entry.id.ends));
        let hold_downs = self.hold_downs.handles().zip(self.hold_downs.entries().map(|entry| entry.id.ends));
        // One whose protocol is over stays for its application, but has no ends any more.
        let open = self.connections.handles().zip(self.connections.entries());
        let open = open.filter(|(_, connection)| connection.is_live());
        let connections = open.map(|(handle, connection)| (handle, connection.id().ends));
        let mut entries: Vec<_> = half_open.chain(remains).chain(hold_downs).chain(connections).collect();
        for (entry, ends) in &entries {
            assert_eq!(self.entry_of(*ends), Some(*entry), "{ends:?}");
        }
        entries.sort_unstable_by_key(|(_, ends)| *ends);
        let entries: Vec<_> = entries.into_iter().map(|(entry, _)| entry).collect();
        assert_eq!(self.entries_where(|_| true), entries);
    }

    /// The port that an OPEN to `remote` would take, found by a walk over all of them.
    pub(crate) fn walked_port(&self, now: Instant, remote: SocketAddrV4) -> Option<u16> {
        let Selection { ephemeral_ports, port_selection, .. } = self.common.settings.limits.selection;
        let free = |port| self.vacancy(now, port, remote) == Vacancy::Free;
        self.ports.clone().walk(ephemeral_ports, port_selection, (self.common.address, remote), free)
    }

    /// Checks that no port that is free is held to be taken.
    #[track_caller]
    pub(crate) fn audit_ports(&self, now: Instant) {
        for (remote, port) in self.crowded.known(now) {
            assert_ne!(self.vacancy(now, port, remote), Vacancy::Free, "{port} towards {remote}");
        }
    }

    /// Checks that what a listener keeps beside its entries agrees with them.
    #[track_caller]
    pub(crate) fn audit_listeners(&self) {
        for Listener { port, half_open, young, requests, acceptable, early } in self.listeners.iter() {
            let here = |(_, entry): &(Handle, &HalfOpen<T>)| entry.id.ends.local_port() == *port;
            let entries: Vec<_> = self.half_open.handles().zip(self.half_open.entries()).filter(here).collect();
            let now_young = entries.iter().filter(|(_, entry)| entry.is_young()).count();
            let counted = [*half_open, *young].map(|count| count as usize);
            assert_eq!(counted, [entries.len(), now_young], "half-open entries at port {port}, and the young of them");
            if self.common.settings.handshake.commit == Commit::Cache {
                let handles: Vec<_> = entries.iter().map(|(handle, _)| *handle).collect();
                let there = |request: &Handle| self.half_open.get(*request).is_some();
                let mut requests: Vec<_> = requests.iter().copied().filter(there).collect();
                requests.sort_unstable();
                assert_eq!(requests, handles, "what a cache at port {port} may give up");
            }
            let opened = self.connections.entries().filter(|tcb| tcb.id().ends.local_port() == *port && tcb.is_early());
            assert_eq!(early.pending as usize, opened.count(), "connections that are open early at port {port}");
            let waits = |entry| self.connections.get(entry).is_some_and(|open| open.owner() == Owner::Listener);
            assert!(acceptable.iter().all(|entry| waits(*entry)), "{acceptable:?} at port {port}");
        }
    }
}
