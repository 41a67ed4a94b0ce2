//! The event queue, the simulation loop, named random streams and the record digest.

use sim_time::Instant;

/// Pending events in virtual time. The queue owns the clock.
pub trait EventQueue<E> {
    /// The time of the last event served.
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
    /// Moves a pending event to another time, as if it had been cancelled and armed anew; `false` if it is not pending.
    fn rearm(&mut self, key: Key, at: Instant) -> bool;
    /// Serves the earliest event not later than `limit` and moves the clock to its time. If there is none the clock
    /// stays where it is.
    fn next(&mut self, limit: Instant) -> Option<E>;
}

/// Names a pending event. A key outlives its event harmlessly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[must_use]
pub struct Key {
    slot: u32,
    generation: u32,
}

/// `EventQueue` on the `priority-queue` crate.
pub struct ReferenceQueue<E> {
    _e: Vec<E>,
}

impl<E> ReferenceQueue<E> {
    /// An empty queue at time zero.
    #[must_use]
    pub fn new() -> Self {
        todo!()
    }
}

/// What the simulation loop drives.
pub trait Model<E> {
    /// Handles one event at `queue.now()`.
    fn handle<Q: EventQueue<E>>(&mut self, event: E, queue: &mut Q);
}

/// Too many events at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{events} events at {at} s and time does not move on: something answers itself without delay; give the link a delay"
)]
pub struct Livelock {
    /// The instant.
    pub at: Instant,
    /// Events served at it.
    pub events: u64,
}

/// Serves events up to and including `until`; returns how many were served.
///
/// # Errors
/// [`Livelock`] when more than `most_at_one_instant` events fall on one instant.
pub fn run<E, Q: EventQueue<E>, M: Model<E>>(
    queue: &mut Q,
    model: &mut M,
    until: Instant,
    most_at_one_instant: u64,
) -> Result<u64, Livelock> {
    todo!()
}

/// The random streams of one run: one for each (seed, component, purpose).
#[derive(Clone, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 32 octets that belong to (seed, component, purpose).
    #[must_use]
    pub fn key(&self, component: &str, purpose: &str) -> [u8; 32] {
        todo!()
    }

    /// A generator whose draws follow one another.
    #[must_use]
    pub fn sequential(&self, component: &str, purpose: &str) -> rand_chacha::ChaCha8Rng {
        todo!()
    }

    /// Draws that depend on a position, not on what was drawn before.
    #[must_use]
    pub fn keyed(&self, component: &str, purpose: &str) -> KeyedDraws {
        todo!()
    }
}

/// Counter-based draws: the same position always gives the same generator.
#[derive(Clone, Debug)]
pub struct KeyedDraws {
    key: [u8; 32],
}

impl KeyedDraws {
    /// The generator at a position, named by any words that identify it.
    #[must_use]
    pub fn at(&self, position: &[u64]) -> rand_chacha::ChaCha8Rng {
        todo!()
    }
}

/// Folds fixed-width words into 128 bits that do not depend on the machine.
#[derive(Clone)]
pub struct Digest {}

impl Digest {
    /// The digest of nothing.
    #[must_use]
    pub fn new() -> Self {
        todo!()
    }

    /// Folds one word.
    pub fn word(&mut self, word: u64) {
        todo!()
    }

    /// The digest of the words so far (prints as 32 hexadecimal digits).
    #[must_use]
    pub fn value(&self) -> DigestValue {
        todo!()
    }
}

/// 128 bits, printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DigestValue(pub u128);
