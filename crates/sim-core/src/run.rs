//! The simulation loop.

use sim_time::Instant;

use crate::EventQueue;

/// What the simulation loop drives.
pub trait Model<E> {
    /// Handles one event at `queue.now()`.
    fn handle<Q: EventQueue<E>>(&mut self, event: E, queue: &mut Q);

    /// Whether it knows that time will not move on any more: then the run is over.
    fn is_stuck(&self) -> bool {
        false
    }
}

/// Too many events at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{events} events at {at} s and time does not move on: something answers itself without delay")]
pub struct Livelock {
    /// The instant.
    pub at: Instant,
    /// Events served at it.
    pub events: u64,
}

/// Serves events up to and including `until`; returns how many were served.
///
/// # Errors
/// [`Livelock`] when more than `most_at_one_instant` events fall on one instant, of which the one that is too many is not
/// handled; or when the model says that it is stuck.
pub fn run<E, Q: EventQueue<E>, M: Model<E>>(
    queue: &mut Q,
    model: &mut M,
    until: Instant,
    most_at_one_instant: u64,
) -> Result<u64, Livelock> {
    let mut served = 0;
    let mut at = queue.now();
    let mut served_before_instant = 0;
    while let Some(event) = queue.next(until) {
        if queue.now() != at {
            at = queue.now();
            served_before_instant = served;
        }
        if served - served_before_instant >= most_at_one_instant {
            return Err(Livelock { at, events: most_at_one_instant });
        }
        model.handle(event, queue);
        served += 1;
        if model.is_stuck() {
            return Err(Livelock { at, events: served - served_before_instant });
        }
    }
    Ok(served)
}

#[cfg(test)]
mod tests {
    use sim_time::Duration;

    use super::*;
    use crate::ReferenceQueue;

    /// Every event arms the next one, `gap` later.
    struct Ticker {
        gap: Duration,
        ticks: Vec<u64>,
    }

    impl Model<()> for Ticker {
        fn handle<Q: EventQueue<()>>(&mut self, (): (), queue: &mut Q) {
            self.ticks.push(queue.now().as_nanos());
            let _ = queue.arm(queue.now() + self.gap, ());
        }
    }

    fn tick(gap: u64, until: u64, most: u64) -> (Result<u64, Livelock>, Vec<u64>) {
        let mut queue = ReferenceQueue::new();
        let _ = queue.arm(Instant::from_nanos(5), ());
        let mut ticker = Ticker { gap: Duration::from_nanos(gap), ticks: Vec::new() };
        (run(&mut queue, &mut ticker, Instant::from_nanos(until), most), ticker.ticks)
    }

    #[test]
    fn runs_up_to_and_including_the_end() {
        assert_eq!(tick(10, 25, 1), (Ok(3), vec![5, 15, 25]));
        assert_eq!(tick(10, 4, 1), (Ok(0), vec![]));
    }

    #[test]
    fn reports_a_livelock_instead_of_hanging() {
        let (result, ticks) = tick(0, 25, 100);
        assert_eq!(result, Err(Livelock { at: Instant::from_nanos(5), events: 100 }));
        assert_eq!(ticks, [5; 100]);
        let message = result.unwrap_err().to_string();
        assert!(message.starts_with("100 events at 0.000000005 s and time does not move on"), "{message}");
    }

    #[test]
    fn a_model_that_is_stuck_ends_the_run() {
        struct Stuck(u32);
        impl Model<()> for Stuck {
            fn handle<Q: EventQueue<()>>(&mut self, (): (), queue: &mut Q) {
                self.0 += 1;
                let _ = queue.arm(queue.now(), ());
            }

            fn is_stuck(&self) -> bool {
                self.0 == 7
            }
        }
        let mut queue = ReferenceQueue::new();
        let _ = queue.arm(Instant::ZERO, ());
        let result = run(&mut queue, &mut Stuck(0), Instant::MAX, 1_000);
        assert_eq!(result, Err(Livelock { at: Instant::ZERO, events: 7 }));
    }

    /// The count starts again at every instant, at time zero too.
    #[test]
    fn a_crowd_at_one_instant_may_be_as_large_as_allowed() {
        struct Sink;
        impl Model<()> for Sink {
            fn handle<Q: EventQueue<()>>(&mut self, (): (), _: &mut Q) {}
        }
        for (crowd, allowed, result) in
            [(3, 3, Ok(6)), (4, 3, Err(Livelock { at: Instant::ZERO, events: 3 })), (0, 0, Ok(0))]
        {
            let mut queue = ReferenceQueue::new();
            for instant in [Instant::ZERO, Instant::MAX] {
                for _ in 0..crowd {
                    let _ = queue.arm(instant, ());
                }
            }
            assert_eq!(run(&mut queue, &mut Sink, Instant::MAX, allowed), result, "{crowd} of {allowed}");
        }
    }
}
