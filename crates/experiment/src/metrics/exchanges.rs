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

    /// The place of a pair that is remembered: `likely`, if that is still its, or else the one it has now.
    pub(super) fn place(&self, pair: SocketPair, likely: Option<u32>) -> Option<u32> {
        likely.filter(|place| self.is_at(*place, pair)).or_else(|| self.places.get(&pair).copied())
    }

    fn is_at(&self, place: u32, pair: SocketPair) -> bool {
        self.exchanges.get(place).is_some_and(|(sockets, _)| *sockets == pair)
    }

    /// The place of a pair, from now on.
    pub(super) fn enter(&mut self, pair: SocketPair) -> u32 {
        let exchanges = &mut self.exchanges;
        *self.places.entry(pair).or_insert_with(|| exchanges.insert((pair, Exchange::default())))
    }

    /// What is remembered at a place.
    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Exchange> {
        self.exchanges.get_mut(place).map(|(_, exchange)| exchange)
    }

    /// Forgets a pair.
    pub(super) fn leave(&mut self, place: u32) {
        if let Some((pair, _)) = self.exchanges.remove(place) {
            self.places.remove(&pair);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use super::*;

    #[test]
    fn a_place_that_is_anothers_by_now_misleads_nobody() {
        let server = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
        let pair = |port| SocketPair::of(SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), port), server).0;
        let mut exchanges = Exchanges::new();
        let old = exchanges.enter(pair(1));
        assert_eq!(exchanges.place(pair(1), Some(old)), Some(old));
        exchanges.leave(old);
        assert_eq!(exchanges.enter(pair(2)), old, "places are used again");
        assert_eq!(exchanges.place(pair(1), Some(old)), None);
        let new = exchanges.enter(pair(1));
        assert_eq!(exchanges.place(pair(1), Some(old)), Some(new));
        assert_eq!(exchanges.place(pair(1), None), Some(new));
    }
}
