//! The names of a host's entries.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

/// The table an entry lives in, and so what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum EntryKind {
    /// A passive connection request that is not answered for yet.
    HalfOpen,
    /// A full connection: everything an open or opening connection needs.
    Connection,
    /// What is left of a connection in TIME-WAIT, or in FIN-WAIT-2 once its application has closed.
    TimeWait,
    /// The name of a closed connection, on which no SYN is taken for a time.
    HoldDown,
    /// What is remembered of another host: a fast open cookie, or a connection count.
    Peer,
}

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::HalfOpen, Self::Connection, Self::TimeWait, Self::HoldDown, Self::Peer];
}

/// An entry of one host's tables. A handle outlives its entry harmlessly: a stale one names nothing.
///
/// Tables, queues and effects are full of handles, so one takes eight octets and is hashed as one word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    index: u32,
    mark: Mark,
}

impl Handle {
    /// The handle of the entry at place `index` of the table of that kind, once the place was used `generation` times
    /// before (of which 24 bits count).
    #[must_use]
    pub const fn new(kind: EntryKind, index: u32, generation: u32) -> Self {
        Self { index, mark: Mark::new(kind, generation) }
    }

    pub(crate) const fn with(mark: Mark, index: u32) -> Self {
        Self { index, mark }
    }

    /// The table.
    #[must_use]
    pub const fn kind(self) -> EntryKind {
        self.mark.kind()
    }

    /// The place in it.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How often the place was used before.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.mark.generation()
    }

    pub(crate) const fn mark(self) -> Mark {
        self.mark
    }

    const fn word(self) -> u64 {
        (self.mark.0.get() as u64) << 32 | self.index as u64
    }
}

/// By table, place and generation.
impl Ord for Handle {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |handle: &Self| (handle.kind(), handle.index, handle.generation());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Handle {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.word());
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}.{}", self.kind(), self.index, self.generation())
    }
}

/// What a place of a table and the handles to it must have in common: the kind in the high octet, and how often the place
/// was used in the others. That wraps: a stale handle is taken for a new one only if it was kept for exactly 2²⁴ uses of
/// its place, or a multiple of that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mark(NonZeroU32);

impl Mark {
    const GENERATION_BITS: u32 = 24;
    const GENERATIONS: u32 = (1 << Self::GENERATION_BITS) - 1;

    pub(crate) const fn new(kind: EntryKind, generation: u32) -> Self {
        let kind = (kind as u32 + 1) << Self::GENERATION_BITS;
        Self(NonZeroU32::new(kind | generation & Self::GENERATIONS).expect("kinds count from 1"))
    }

    const fn kind(self) -> EntryKind {
        match self.0.get() >> Self::GENERATION_BITS {
            1 => EntryKind::HalfOpen,
            2 => EntryKind::Connection,
            3 => EntryKind::TimeWait,
            4 => EntryKind::HoldDown,
            _ => EntryKind::Peer,
        }
    }

    const fn generation(self) -> u32 {
        self.0.get() & Self::GENERATIONS
    }

    /// The mark of the next entry in the same place.
    pub(crate) const fn next(self) -> Self {
        let word = self.0.get() & !Self::GENERATIONS | (self.0.get() + 1) & Self::GENERATIONS;
        Self(NonZeroU32::new(word).expect("kinds count from 1"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::BuildHasher;

    use rustc_hash::FxBuildHasher;

    use super::*;

    #[test]
    fn says_what_it_was_made_of() {
        for kind in EntryKind::ALL {
            let last = Handle::new(kind, 7, Mark::GENERATIONS);
            assert_eq!((last.kind(), last.index(), last.generation()), (kind, 7, Mark::GENERATIONS));
            assert_eq!(last.mark().next(), Mark::new(kind, 0), "it wraps");
            assert!(Handle::new(kind, 8, 0) > last, "places come before generations");
        }
        assert_eq!(size_of::<Option<Handle>>(), 8);
    }

    #[test]
    fn is_shown_with_its_table_place_and_generation() {
        assert_eq!(format!("{:?}", Handle::new(EntryKind::Peer, 7, 2)), "Peer 7.2");
    }

    #[test]
    fn whatever_differs_is_hashed() {
        let handles =
            [(EntryKind::Peer, 7, 1), (EntryKind::HalfOpen, 7, 1), (EntryKind::Peer, 8, 1), (EntryKind::Peer, 7, 2)];
        let hash = |(kind, index, generation)| FxBuildHasher.hash_one(Handle::new(kind, index, generation));
        assert_eq!(handles.into_iter().map(hash).collect::<BTreeSet<u64>>().len(), 4);
    }
}
