//! Ephemeral ports: which local port an OPEN takes that names none (RFC 6056).

#[cfg(test)]
mod walk;

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::net::{Ipv4Addr, SocketAddrV4};

use siphasher::sip::SipHasher24;

use crate::isn::Secret;
use crate::port_search::Search;
use crate::settings::PortSelection;
use crate::taken::{Step, Vacancy};

/// The furthest that Algorithm 5 steps on (N in RFC 6056 §3.3.5, which suggests it).
const LARGEST_INCREMENT: u32 = 500;

/// How many pairs of ports Linux skips at most after a search that found a free one at once.
const LINUX_INCREMENTS: u32 = 8;

/// Selects ephemeral ports for one host.
///
/// A search passes over as few ports as it can, and gives up only when none of the range is free.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Ports {
    secret: Secret,
    /// How often something random was drawn: what makes one draw differ from the next. A reboot does not reset it.
    draws: u64,
    /// Where the searches of Algorithms 3 and 5, and of the traditional one, have come to; `None` before the first.
    next: Option<u32>,
    /// How far the searches for each group of peers have moved on since they first began.
    table: BTreeMap<u16, u32>,
}

impl Ports {
    pub(crate) const fn new(secret: Secret) -> Self {
        Self { secret, draws: 0, next: None, table: BTreeMap::new() }
    }

    /// Forgets where the searches have come to, as a crash does.
    pub(crate) fn forget(&mut self) {
        self.next = None;
        self.table.clear();
    }

    /// A port for a connection from `local` to `remote`, of those that the search finds free; `None` if none is.
    pub(crate) fn select(
        &mut self,
        how: PortSelection,
        (local, remote): (Ipv4Addr, SocketAddrV4),
        search: &mut Search<'_, impl Fn(u16) -> Vacancy>,
    ) -> Option<u16> {
        let count = search.count();
        match how {
            PortSelection::Sequential => self.in_turn(0, search),
            PortSelection::Random => port_of(search.around(self.draw(count), count)),
            PortSelection::RandomAgain => {
                let drawn = (0..count).find_map(|_| search.at(self.draw(count)));
                drawn.or_else(|| port_of(search.around(0, count)))
            }
            PortSelection::Hash => self.in_turn(self.keyed(b"F", local, remote) % count, search),
            PortSelection::DoubleHash => self.by_group((local, remote), search),
            PortSelection::DoubleHashByParity => self.by_group_and_parity((local, remote), search),
            PortSelection::RandomIncrements => {
                let stepped = (0..count).find_map(|_| search.at(self.increment(count)));
                stepped.or_else(|| port_of(search.around(0, count)))
            }
        }
    }

    /// One port after the other, from where the last search ended; `offset` is Algorithm 3's.
    fn in_turn(&mut self, offset: u32, search: &mut Search<'_, impl Fn(u16) -> Vacancy>) -> Option<u16> {
        let count = search.count();
        let place = self.next.unwrap_or(0);
        let found = search.around((offset + place) % count, count);
        let tried = found.map_or(count, |(skipped, _)| skipped + 1);
        self.next = Some((place + tried) % count);
        port_of(found)
    }

    /// Algorithm 4: from where the last search for the same group of peers ended.
    fn by_group(
        &mut self,
        ends: (Ipv4Addr, SocketAddrV4),
        search: &mut Search<'_, impl Fn(u16) -> Vacancy>,
    ) -> Option<u16> {
        let count = search.count();
        let (group, start) = self.group(ends, count);
        let (skipped, port) = search.around(start, count)?;
        self.move_on(group, skipped + 1);
        Some(port)
    }

    /// Algorithm 4 as Linux has it: first over the ports of the first one's parity, which leaves the others to `bind`,
    /// then over the others. The last port of an odd number is never taken.
    fn by_group_and_parity(
        &mut self,
        ends: (Ipv4Addr, SocketAddrV4),
        search: &mut Search<'_, impl Fn(u16) -> Vacancy>,
    ) -> Option<u16> {
        let count = search.count();
        let pairs = (count / 2).max(1);
        let (group, start) = self.group(ends, pairs);
        let mut parities = 0..if count == 1 { 1 } else { 2 };
        let (skipped, port) = parities.find_map(|parity| search.around_in_steps(start, pairs, (Step::Two, parity)))?;
        let skipped = skipped.max(self.draw(LINUX_INCREMENTS));
        self.move_on(group, skipped + 1);
        Some(port)
    }

    /// The group of peers that `ends` belong to (the hash G), and where the next search for them begins, below `count`.
    fn group(&self, (local, remote): (Ipv4Addr, SocketAddrV4), count: u32) -> (u16, u32) {
        let group = self.keyed(b"G", local, remote).to_le_bytes();
        let group = u16::from_le_bytes([group[0], group[1]]);
        let mut hasher = self.hasher(b"table");
        hasher.write_u16(group.to_le());
        let first = high_half(hasher.finish());
        let moved = self.table.get(&group).copied().unwrap_or(0);
        (group, (self.keyed(b"F", local, remote) % count + first.wrapping_add(moved) % count) % count)
    }

    fn move_on(&mut self, group: u16, places: u32) {
        let moved = self.table.entry(group).or_default();
        *moved = moved.wrapping_add(places);
    }

    /// The next place of Algorithm 5.
    fn increment(&mut self, count: u32) -> u32 {
        let last = self.next.unwrap_or_else(|| self.draw(count));
        let next = (last + 1 + self.draw(LARGEST_INCREMENT)) % count;
        self.next = Some(next);
        next
    }

    /// A random number below `bound`.
    fn draw(&mut self, bound: u32) -> u32 {
        let mut hasher = self.hasher(b"draw");
        hasher.write_u64(self.draws.to_le());
        self.draws += 1;
        high_half(u64::from(high_half(hasher.finish())) * u64::from(bound))
    }

    /// A keyed hash of the two addresses and the remote port.
    fn keyed(&self, purpose: &[u8], local: Ipv4Addr, remote: SocketAddrV4) -> u32 {
        let mut hasher = self.hasher(purpose);
        hasher.write_u32(u32::from(local).to_le());
        hasher.write_u32(u32::from(*remote.ip()).to_le());
        hasher.write_u16(remote.port().to_le());
        high_half(hasher.finish())
    }

    fn hasher(&self, purpose: &[u8]) -> SipHasher24 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(b"ports ");
        hasher.write(purpose);
        hasher
    }
}

/// What a search found, without how many places it passed over.
fn port_of(found: Option<(u32, u16)>) -> Option<u16> {
    found.map(|(_, port)| port)
}

const fn high_half(word: u64) -> u32 {
    (word >> 32) as u32
}
