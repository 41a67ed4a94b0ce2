//! Which entry the ends of a connection belong to.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use super::Host;
use super::spot::Spot;
use crate::ends::Ends;
use crate::half_open::HalfOpen;
use crate::handle::{EntryKind, Handle};
use crate::hold_down::HoldDown;
use crate::payload::Payload;
use crate::remains::Remains;
use crate::table::Table;
use crate::tcb::Tcb;

fn hash(ends: Ends) -> u64 {
    FxBuildHasher.hash_one(ends)
}

impl<P: Payload, T: Copy> Host<P, T> {
    /// The entry of a connection, if there is one.
    pub(super) fn entry_of(&self, ends: Ends) -> Option<Handle> {
        let spot = self.index.find(hash(ends), |&spot| self.ends_at(spot) == ends)?;
        self.handle_at(*spot)
    }

    /// A connection that had no entry has one.
    pub(super) fn enter(&mut self, ends: Ends, entry: Handle) {
        debug_assert!(self.entry_of(ends).is_none_or(|known| known == entry), "{ends:?} has an entry");
        let Self { index, half_open, connections, remains, hold_downs, .. } = self;
        let tables = (&*half_open, &*connections, &*remains, &*hold_downs);
        index.insert_unique(hash(ends), Spot::of(entry), |&spot| hash(ends_in(tables, spot)));
    }

    /// Another entry takes the place of a connection's.
    pub(super) fn replace(&mut self, ends: Ends, entry: Handle, by: Handle) {
        let entry = Spot::of(entry);
        let known = self.index.find_mut(hash(ends), |&spot| spot == entry);
        *known.expect("an entry that is replaced is in the index") = Spot::of(by);
        self.crowded.forget(ends.remote(), ends.local_port());
    }

    /// A connection has no entry any more.
    pub(super) fn leave(&mut self, ends: Ends, entry: Handle) {
        let entry = Spot::of(entry);
        if let Ok(known) = self.index.find_entry(hash(ends), |&spot| spot == entry) {
            known.remove();
        }
        self.crowded.forget(ends.remote(), ends.local_port());
    }

    /// The entries of connections whose ends are wanted, sorted by these.
    pub(super) fn entries_where(&self, wanted: impl Fn(Ends) -> bool) -> Vec<Handle> {
        let spots = self.index.iter().map(|&spot| (self.ends_at(spot), spot));
        let mut spots: Vec<_> = spots.filter(|(ends, _)| wanted(*ends)).collect();
        spots.sort_unstable_by_key(|(ends, _)| *ends);
        spots.into_iter().filter_map(|(_, spot)| self.handle_at(spot)).collect()
    }

    fn ends_at(&self, spot: Spot) -> Ends {
        ends_in((&self.half_open, &self.connections, &self.remains, &self.hold_downs), spot)
    }

    fn handle_at(&self, spot: Spot) -> Option<Handle> {
        let place = spot.place();
        match spot.kind() {
            EntryKind::HalfOpen => self.half_open.handle_at(place),
            EntryKind::Connection => self.connections.handle_at(place),
            EntryKind::TimeWait => self.remains.handle_at(place),
            EntryKind::HoldDown => self.hold_downs.handle_at(place),
            EntryKind::Peer => None,
        }
    }
}

/// The tables of the entries that the index names.
type Tables<'a, P, T> = (&'a Table<HalfOpen<T>>, &'a Table<Tcb<P, T>>, &'a Table<Remains<T>>, &'a Table<HoldDown<T>>);

fn ends_in<P: Payload, T: Copy>((half_open, connections, remains, hold_downs): Tables<'_, P, T>, spot: Spot) -> Ends {
    let place = spot.place();
    let ends = match spot.kind() {
        EntryKind::HalfOpen => half_open.at(place).map(|half_open| half_open.id.ends),
        EntryKind::Connection => connections.at(place).map(|connection| connection.id().ends),
        EntryKind::TimeWait => remains.at(place).map(|remains| remains.id.ends),
        EntryKind::HoldDown => hold_downs.at(place).map(|held| held.id.ends),
        EntryKind::Peer => None,
    };
    ends.expect("what the index names is there")
}
