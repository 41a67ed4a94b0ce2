//! What the world keeps for the entries of a machine's tables.

use sim_core::Key;
use tcp_endpoint::{EntryKind, Handle};

use super::truth::Life;

/// What the world keeps for an entry.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) life: Life,
    pub(super) deadline: Option<Key>,
}

/// What is kept for each entry, found by its handle without a search: tables use their places again, so that there are
/// no more places than there were entries at once.
#[derive(Default)]
pub(super) struct Entries {
    tables: [Vec<Option<(Handle, Entry)>>; EntryKind::ALL.len()],
}

impl Entries {
    /// An entry is there for an incarnation, and has no deadline yet.
    pub(super) fn insert(&mut self, handle: Handle, life: Life) {
        let (table, place) = (&mut self.tables[handle.kind() as usize], handle.index() as usize);
        if place >= table.len() {
            table.resize(place + 1, None);
        }
        table[place] = Some((handle, Entry { life, deadline: None }));
    }

    pub(super) fn get(&self, handle: Handle) -> Option<&Entry> {
        let (held, entry) = self.tables[handle.kind() as usize].get(handle.index() as usize)?.as_ref()?;
        (*held == handle).then_some(entry)
    }

    pub(super) fn get_mut(&mut self, handle: Handle) -> Option<&mut Entry> {
        let (held, entry) = self.tables[handle.kind() as usize].get_mut(handle.index() as usize)?.as_mut()?;
        (*held == handle).then_some(entry)
    }

    pub(super) fn remove(&mut self, handle: Handle) -> Option<Entry> {
        let entry = *self.get(handle)?;
        self.tables[handle.kind() as usize][handle.index() as usize] = None;
        Some(entry)
    }

    /// The incarnations that there are entries for, some more than once.
    pub(super) fn lives(&self) -> impl Iterator<Item = Life> {
        self.tables.iter().flatten().flatten().map(|(_, entry)| entry.life)
    }
}
