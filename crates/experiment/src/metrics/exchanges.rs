//! What happens between two sockets.

use rustc_hash::FxHashMap;
use sim_time::Instant;

use crate::pair::SocketPair;
use crate::slab::Slab;

/// The pairs of sockets of which one holds a connection, in places that connections remember and that are used again.
#[derive(Clone, Debug)]
pub(super) struct Exchanges {
    exchanges: Slab<(SocketPair, Exchange)>,
    places: FxHashMap<SocketPair, u32>,
}

/// What must be remembered of a pair of sockets while one of them holds a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exchange {
    /// Ends that hold a connection.
    pub(super) held: u32,
    /// Ends that are not open yet.
    pub(super) opening: u32,
    /// The longest chain of one-way trips that has come to each socket since the last active open.
    pub(super) trips: [u32; 2],
    /// When the first FIN was sent, if one was.
    pub(super) closing: Option<Instant>,
}

impl Exchanges {
    pub(super) fn new() -> Self {
        Self { exchanges: Slab::new(), places: FxHashMap::default() }
    }

    /// The place of a pair that is remembered.
    pub(super) fn place(&self, pair: SocketPair) -> Option<u32> {
        self.places.get(&pair).copied()
    }

    /// The place of a pair, from now on.
    pub(super) fn enter(&mut self, pair: SocketPair) -> u32 {
        let exchanges = &mut self.exchanges;
        *self.places.entry(pair).or_insert_with(|| exchanges.insert((pair, Exchange::default())))
    }

    /// What is remembered of a pair, unless its place is another's by now.
    pub(super) fn get_mut(&mut self, place: u32, pair: SocketPair) -> Option<&mut Exchange> {
        self.exchanges.get_mut(place).filter(|(sockets, _)| *sockets == pair).map(|(_, exchange)| exchange)
    }

    /// Forgets a pair.
    pub(super) fn leave(&mut self, place: u32) {
        if let Some((pair, _)) = self.exchanges.remove(place) {
            self.places.remove(&pair);
        }
    }
}
