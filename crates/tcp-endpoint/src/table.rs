//! A slab whose places carry a generation, so that a handle kept too long names nothing.

use storage::push_sparingly;

use crate::handle::{EntryKind, Handle, Mark};

/// Entries of one kind. Places are reused, most recently freed first.
#[derive(Clone, Debug)]
pub(crate) struct Table<E> {
    kind: EntryKind,
    places: Vec<Place<E>>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Place<E> {
    mark: Mark,
    entry: Option<E>,
}

impl<E> Table<E> {
    pub(crate) const fn new(kind: EntryKind) -> Self {
        Self { kind, places: Vec::new(), free: Vec::new() }
    }

    /// What a place takes, in octets.
    #[cfg(test)]
    pub(crate) const PLACE: usize = size_of::<Place<E>>();

    pub(crate) fn insert(&mut self, entry: E) -> Handle {
        let index = self.free.pop().unwrap_or_else(|| {
            let place = push_sparingly(&mut self.places, Place { mark: Mark::new(self.kind, 0), entry: None });
            u32::try_from(place).expect("fewer than 2³² entries")
        });
        let place = &mut self.places[index as usize];
        place.entry = Some(entry);
        Handle::with(place.mark, index)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&E> {
        debug_assert_eq!(handle.kind(), self.kind);
        let place = self.places.get(handle.index() as usize)?;
        if place.mark == handle.mark() { place.entry.as_ref() } else { None }
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut E> {
        debug_assert_eq!(handle.kind(), self.kind);
        let place = self.places.get_mut(handle.index() as usize)?;
        if place.mark == handle.mark() { place.entry.as_mut() } else { None }
    }

    /// The entry in a place, if there is one.
    pub(crate) fn at(&self, place: u32) -> Option<&E> {
        self.places.get(place as usize)?.entry.as_ref()
    }

    /// What an entry in a place is called.
    pub(crate) fn handle_at(&self, place: u32) -> Option<Handle> {
        Some(Handle::with(self.places.get(place as usize)?.mark, place))
    }

    pub(crate) fn remove(&mut self, handle: Handle) -> Option<E> {
        self.vacate(handle)?.take()
    }

    /// Forgets an entry where it stands: a large one is not moved for that.
    pub(crate) fn discard(&mut self, handle: Handle) {
        if let Some(entry) = self.vacate(handle) {
            *entry = None;
        }
    }

    /// A place that was in use is free for the next entry, once this one is taken out.
    fn vacate(&mut self, handle: Handle) -> Option<&mut Option<E>> {
        self.get(handle)?;
        let place = &mut self.places[handle.index() as usize];
        place.mark = place.mark.next();
        self.free.push(handle.index());
        Some(&mut place.entry)
    }

    /// Takes out everything, in the order of the places.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = (Handle, E)> + '_ {
        let handles: Vec<_> = self.handles().collect();
        handles.into_iter().filter_map(|handle| Some((handle, self.remove(handle)?)))
    }

    /// What the entries are called, in the order of the places.
    pub(crate) fn handles(&self) -> impl Iterator<Item = Handle> {
        self.places
            .iter()
            .zip(0..)
            .filter(|(place, _)| place.entry.is_some())
            .map(|(place, index)| Handle::with(place.mark, index))
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// The entries, in no order that means anything.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &E> {
        self.places.iter().filter_map(|place| place.entry.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_handle_names_nothing() {
        let mut table = Table::new(EntryKind::Connection);
        let first = table.insert('a');
        assert_eq!(table.remove(first), Some('a'));
        let second = table.insert('b');
        assert_eq!(second.index(), first.index());
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get_mut(second), Some(&mut 'b'));
    }
}
