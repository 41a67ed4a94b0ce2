//! What every event queue promises.

use sim_time::Instant;

/// Pending events in virtual time. The queue owns the clock.
///
/// Two implementations given the same calls return the same events in the same order, so that they can stand in for
/// each other without changing a run.
pub trait EventQueue<E> {
    /// The time of the last event served; the start of the run before the first.
    fn now(&self) -> Instant;
    /// Number of pending events.
    fn len(&self) -> usize;
    /// Whether nothing is pending.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Schedules `event` for `at` (for now, if `at` has passed), behind everything armed for the same time before.
    fn arm(&mut self, at: Instant, event: E) -> Key;
    /// Takes a pending event out; `None` if it was served or cancelled before.
    fn cancel(&mut self, key: Key) -> Option<E>;
    /// Moves a pending event to another time, as if it had been cancelled and armed anew, but under the same key;
    /// `false` if it is not pending.
    fn rearm(&mut self, key: Key, at: Instant) -> bool;
    /// Serves the earliest event not later than `limit` and moves the clock to its time. If there is none the clock
    /// stays where it is.
    fn next(&mut self, limit: Instant) -> Option<E>;
}

/// Names a pending event. A key outlives its event harmlessly: once the event was served or cancelled the key names
/// nothing (until its slot has been used 2³² times more).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[must_use]
pub struct Key {
    /// The event's place in the queue's storage, used again when the event is gone.
    pub(crate) slot: u32,
    /// How often the place was used before.
    pub(crate) generation: u32,
}
