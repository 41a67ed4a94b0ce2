//! The readable queue, on the `priority-queue` crate: what faster ones are held against.

use std::cmp::Reverse;

use priority_queue::PriorityQueue;
use rustc_hash::FxBuildHasher;
use sim_time::Instant;

use crate::{EventQueue, Key};

/// [`EventQueue`] on the `priority-queue` crate.
///
/// The crate does not say in which order it serves equal priorities, so the priority is (time, number of the call that
/// armed it) in one integer. Items are slots of a dense table that are used again, which keeps its hash map small and
/// lets a [`Key`] find its event without hashing.
#[derive(Clone)]
pub struct ReferenceQueue<E> {
    now: Instant,
    /// Number of calls that armed something; it breaks ties.
    armed: u64,
    order: PriorityQueue<u32, Reverse<u128>, FxBuildHasher>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
}

/// A place for one event.
#[derive(Clone, Debug)]
struct Slot<E> {
    generation: u32,
    event: Option<E>,
}

impl<E> ReferenceQueue<E> {
    /// An empty queue at time zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Instant::ZERO,
            armed: 0,
            order: PriorityQueue::with_hasher(FxBuildHasher),
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The priority of an event armed now for `at`: earlier times first, then earlier calls.
    fn priority(&mut self, at: Instant) -> Reverse<u128> {
        self.armed += 1;
        Reverse(u128::from(at.max(self.now).as_nanos()) << 64 | u128::from(self.armed))
    }

    fn is_pending(&self, key: Key) -> bool {
        self.slots.get(key.slot as usize).is_some_and(|slot| slot.generation == key.generation && slot.event.is_some())
    }

    /// Empties a slot and makes every key to it stale.
    fn take(&mut self, index: u32) -> Option<E> {
        let slot = &mut self.slots[index as usize];
        let event = slot.event.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        Some(event)
    }
}

impl<E> Default for ReferenceQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> EventQueue<E> for ReferenceQueue<E> {
    fn now(&self) -> Instant {
        self.now
    }

    fn len(&self) -> usize {
        self.order.len()
    }

    fn arm(&mut self, at: Instant, event: E) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, event: None });
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events are pending")
        });
        let slot = &mut self.slots[index as usize];
        slot.event = Some(event);
        let key = Key { slot: index, generation: slot.generation };
        let priority = self.priority(at);
        self.order.push(index, priority);
        key
    }

    fn cancel(&mut self, key: Key) -> Option<E> {
        if !self.is_pending(key) {
            return None;
        }
        self.order.remove(&key.slot);
        self.take(key.slot)
    }

    fn rearm(&mut self, key: Key, at: Instant) -> bool {
        if !self.is_pending(key) {
            return false;
        }
        let priority = self.priority(at);
        self.order.change_priority(&key.slot, priority);
        true
    }

    fn next(&mut self, limit: Instant) -> Option<E> {
        let at = |priority: u128| Instant::from_nanos((priority >> 64) as u64);
        let (&index, &Reverse(priority)) = self.order.peek()?;
        if at(priority) > limit {
            return None;
        }
        self.order.pop();
        self.now = at(priority);
        self.take(index)
    }
}

#[cfg(test)]
mod tests {
    use super::ReferenceQueue;

    crate::queue_laws::queue_laws!(ReferenceQueue);
}
