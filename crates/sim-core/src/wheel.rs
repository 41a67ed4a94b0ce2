//! The fast queue: a hierarchical timing wheel that keeps exact order.

use sim_time::Instant;
use storage::push_sparingly;

use crate::{EventQueue, Key};

/// Bits of a digit: a wheel has 64 slots, so that its occupancy fits in one word.
const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
/// Enough digits for 64 bits.
const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;
/// No node.
const NONE: u32 = u32::MAX;

/// [`EventQueue`] as a hierarchical timing wheel (Varghese and Lauck) with 64 slots on each of eleven levels.
///
/// A time is a number of eleven digits in base 64. It belongs on the level of the highest digit in which it differs from
/// the time served last, in the slot of that digit. All times on a level are earlier than all on the levels above, and
/// all in a slot earlier than all in the slots after it, so the earliest event is in the first occupied slot of the
/// lowest occupied level. When the clock moves to it, the others of that slot move down, into levels that are empty;
/// nothing else changes its place, because digits above are the same for the old and the new time.
///
/// Slots are first-in-first-out lists. Since a place depends on the time only, events of equal time share one list at all
/// times, in the order in which they were armed: exact order needs no sequence number and no comparison. Arming,
/// cancelling and re-arming take constant time; an event moves down at most ten times.
#[derive(Clone, Debug)]
pub struct WheelQueue<E> {
    now: u64,
    pending: usize,
    /// Which slots of each level hold anything.
    occupied: [u64; LEVELS],
    slots: Vec<[List; SLOTS]>,
    nodes: Vec<Node<E>>,
    free: Vec<u32>,
}

/// First and last node of a slot.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
}

/// A place for one event, linked to its neighbours in the slot.
#[derive(Clone, Debug)]
struct Node<E> {
    time: Time,
    before: u32,
    after: u32,
    generation: u32,
    event: Option<E>,
}

/// A time that does not make a node longer by being aligned to eight octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(Rust, packed(4))]
struct Time(u64);

const EMPTY: List = List { first: NONE, last: NONE };

impl<E> WheelQueue<E> {
    /// An empty queue at time zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: 0,
            pending: 0,
            occupied: [0; LEVELS],
            slots: vec![[EMPTY; SLOTS]; LEVELS],
            nodes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Level and slot of a time: its highest digit that differs from the clock's.
    const fn place(&self, time: u64) -> (usize, usize) {
        // The lowest bit is set so that the present time, too, has a highest bit: level 0, in the slot of its digit.
        let level = ((time ^ self.now) | 1).ilog2() / DIGIT_BITS;
        let digit = (time >> (level * DIGIT_BITS)) as usize % SLOTS;
        (level as usize, digit)
    }

    /// Puts a node at the end of the list its time belongs in.
    fn link(&mut self, index: u32) {
        let (level, slot) = self.place(self.nodes[index as usize].time.0);
        let list = &mut self.slots[level][slot];
        let before = std::mem::replace(&mut list.last, index);
        if before == NONE {
            list.first = index;
            self.occupied[level] |= 1 << slot;
        } else {
            self.nodes[before as usize].after = index;
        }
        let node = &mut self.nodes[index as usize];
        node.before = before;
        node.after = NONE;
    }

    /// Takes a node out of its list.
    fn unlink(&mut self, index: u32) {
        let Node { time, before, after, .. } = self.nodes[index as usize];
        let (level, slot) = self.place(time.0);
        let list = &mut self.slots[level][slot];
        match before {
            NONE => list.first = after,
            _ => self.nodes[before as usize].after = after,
        }
        match after {
            NONE => list.last = before,
            _ => self.nodes[after as usize].before = before,
        }
        if list.first == NONE {
            self.occupied[level] &= !(1 << slot);
        }
    }

    /// The first occupied slot of the lowest occupied level: where the earliest event is.
    fn earliest_slot(&self) -> Option<(usize, usize)> {
        let level = self.occupied.iter().position(|slots| *slots != 0)?;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    /// The nodes of a list, first to last.
    fn nodes_of(&self, list: List) -> impl Iterator<Item = (u32, &Node<E>)> {
        let node = |index: u32| self.nodes.get(index as usize).map(|node| (index, node));
        std::iter::successors(node(list.first), move |(_, before)| node(before.after))
    }

    /// Moves the clock to the earliest event, if that is not later than `limit`, and returns its node.
    fn advance(&mut self, limit: u64) -> Option<u32> {
        let (level, slot) = self.earliest_slot()?;
        let list = self.slots[level][slot];
        if level == 0 {
            // All times of the slot are the same.
            let time = self.nodes[list.first as usize].time.0;
            if time > limit {
                return None;
            }
            self.now = time;
            return Some(list.first);
        }
        let time = self.nodes_of(list).map(|(_, node)| node.time.0).min()?;
        if time > limit {
            return None;
        }
        self.slots[level][slot] = EMPTY;
        self.occupied[level] &= !(1 << slot);
        self.now = time;
        let mut index = list.first;
        while index != NONE {
            let after = self.nodes[index as usize].after;
            self.link(index);
            index = after;
        }
        let (level, slot) = self.place(time);
        Some(self.slots[level][slot].first)
    }

    /// Empties a place and makes every key to it stale.
    fn vacate(&mut self, index: u32) -> Option<E> {
        let node = &mut self.nodes[index as usize];
        node.generation = node.generation.wrapping_add(1);
        self.free.push(index);
        self.pending -= 1;
        node.event.take()
    }

    fn is_pending(&self, key: Key) -> bool {
        self.nodes.get(key.slot as usize).is_some_and(|node| node.generation == key.generation && node.event.is_some())
    }
}

impl<E> Default for WheelQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> for WheelQueue<E> {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    fn len(&self) -> usize {
        self.pending
    }

    fn arm(&mut self, at: Instant, event: E) -> Key {
        let time = at.as_nanos().max(self.now);
        let index = if let Some(index) = self.free.pop() {
            let node = &mut self.nodes[index as usize];
            node.time = Time(time);
            node.event = Some(event);
            index
        } else {
            let node = Node { time: Time(time), before: NONE, after: NONE, generation: 0, event: Some(event) };
            u32::try_from(push_sparingly(&mut self.nodes, node)).expect("fewer than 2^32 events are pending")
        };
        self.pending += 1;
        self.link(index);
        Key { slot: index, generation: self.nodes[index as usize].generation }
    }

    fn cancel(&mut self, key: Key) -> Option<E> {
        if !self.is_pending(key) {
            return None;
        }
        self.unlink(key.slot);
        self.vacate(key.slot)
    }

    fn rearm(&mut self, key: Key, at: Instant) -> bool {
        if !self.is_pending(key) {
            return false;
        }
        self.unlink(key.slot);
        self.nodes[key.slot as usize].time = Time(at.as_nanos().max(self.now));
        self.link(key.slot);
        true
    }

    fn next(&mut self, limit: Instant) -> Option<E> {
        let index = self.advance(limit.as_nanos())?;
        self.unlink(index);
        self.vacate(index)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{Node, WheelQueue};

    crate::queue_laws::queue_laws!(WheelQueue);

    /// A run has one for each entry that has a deadline; its events are 16 octets, with a value to spare for none.
    #[test]
    fn a_node_takes_twenty_octets_beside_its_event() {
        assert_eq!(size_of::<Node<(NonZeroU32, [u32; 3])>>(), 36);
    }
}
