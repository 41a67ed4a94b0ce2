//! Where an entry is.

use hashbrown::HashTable;

use crate::handle::{EntryKind, Handle};

/// Where an entry is: its table in the upper bits, its place in the others. The index has nothing else, and asks the entry
/// for its ends: there may be very many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot(u32);

pub(super) type Index = HashTable<Spot>;

impl Spot {
    const PLACE_BITS: u32 = 29;

    pub(super) fn of(entry: Handle) -> Self {
        assert!(entry.index() >> Self::PLACE_BITS == 0, "fewer than 2²⁹ entries");
        Self((entry.kind() as u32) << Self::PLACE_BITS | entry.index())
    }

    pub(super) const fn kind(self) -> EntryKind {
        EntryKind::ALL[(self.0 >> Self::PLACE_BITS) as usize]
    }

    pub(super) const fn place(self) -> u32 {
        self.0 & ((1 << Self::PLACE_BITS) - 1)
    }
}
