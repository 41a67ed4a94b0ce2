//! The laws of [`EventQueue`], for any implementation: worked examples, and random calls held against a sorted list.

use proptest::prelude::*;
use sim_time::Instant;

use crate::{EventQueue, Key};

/// Makes the laws tests of one implementation.
macro_rules! queue_laws {
    ($queue:ident) => {
        #[test]
        fn equal_times_are_served_in_arming_order() {
            crate::queue_laws::equal_times_are_served_in_arming_order(&mut $queue::default());
        }

        #[test]
        fn a_rearmed_event_goes_behind_those_of_its_new_time() {
            crate::queue_laws::a_rearmed_event_goes_behind_those_of_its_new_time(&mut $queue::default());
        }

        #[test]
        fn the_past_is_served_now() {
            crate::queue_laws::the_past_is_served_now(&mut $queue::default());
        }

        #[test]
        fn a_limit_leaves_the_clock_alone() {
            crate::queue_laws::a_limit_leaves_the_clock_alone(&mut $queue::default());
        }

        #[test]
        fn a_stale_key_names_nothing() {
            crate::queue_laws::a_stale_key_names_nothing(&mut $queue::default());
        }

        proptest::proptest! {
            #[test]
            fn agrees_with_a_sorted_list(calls in crate::queue_laws::calls()) {
                crate::queue_laws::agrees_with_a_sorted_list(&mut $queue::default(), &calls)?;
            }
        }
    };
}
pub(crate) use queue_laws;

const fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

fn drain<Q: EventQueue<u32>>(queue: &mut Q) -> Vec<(u64, u32)> {
    std::iter::from_fn(|| queue.next(Instant::MAX).map(|event| (queue.now().as_nanos(), event))).collect()
}

pub(crate) fn equal_times_are_served_in_arming_order<Q: EventQueue<u32>>(queue: &mut Q) {
    for (time, event) in [(7, 0), (5, 1), (7, 2), (u64::MAX, 3), (5, 4), (u64::MAX, 5), (0, 6)] {
        let _ = queue.arm(at(time), event);
    }
    let served = drain(queue);
    assert_eq!(served, [(0, 6), (5, 1), (5, 4), (7, 0), (7, 2), (u64::MAX, 3), (u64::MAX, 5)]);
}

pub(crate) fn a_rearmed_event_goes_behind_those_of_its_new_time<Q: EventQueue<u32>>(queue: &mut Q) {
    let first = queue.arm(at(5), 1);
    let _ = queue.arm(at(5), 2);
    let third = queue.arm(at(9), 3);
    assert!(queue.rearm(first, at(5)), "its own time counts as new");
    assert!(queue.rearm(third, at(5)));
    assert_eq!(drain(queue), [(5, 2), (5, 1), (5, 3)]);
}

pub(crate) fn the_past_is_served_now<Q: EventQueue<u32>>(queue: &mut Q) {
    let _ = queue.arm(at(10), 1);
    let late = queue.arm(at(20), 2);
    assert_eq!(queue.next(Instant::MAX), Some(1));
    let _ = queue.arm(at(10), 3);
    let _ = queue.arm(at(3), 4);
    assert!(queue.rearm(late, at(1)));
    assert_eq!(drain(queue), [(10, 3), (10, 4), (10, 2)]);
}

pub(crate) fn a_limit_leaves_the_clock_alone<Q: EventQueue<u32>>(queue: &mut Q) {
    let _ = queue.arm(at(10), 1);
    assert_eq!(queue.next(at(9)), None);
    assert_eq!((queue.now(), queue.len()), (Instant::ZERO, 1));
    assert_eq!(queue.next(at(10)), Some(1), "the limit itself is served");
    assert_eq!(queue.next(Instant::MAX), None);
    assert_eq!((queue.now(), queue.is_empty()), (at(10), true));
}

pub(crate) fn a_stale_key_names_nothing<Q: EventQueue<u32>>(queue: &mut Q) {
    let served = queue.arm(at(1), 1);
    assert_eq!(queue.next(Instant::MAX), Some(1));
    let cancelled = queue.arm(at(2), 2);
    assert_eq!(queue.cancel(cancelled), Some(2));
    let _ = queue.arm(at(3), 3);
    for key in [served, cancelled] {
        assert_eq!(queue.cancel(key), None);
        assert!(!queue.rearm(key, at(9)));
    }
    assert_eq!(drain(queue), [(3, 3)]);
}

/// One call, as the random test makes them. `which` picks among all keys ever given out, modulo their number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Arm { at: When },
    Cancel { which: usize },
    Rearm { which: usize, at: When },
    Next { limit: When },
}

/// A time, near the clock more often than not, so that ties are common.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    In(u64),
    At(u64),
}

impl When {
    fn seen_from(self, now: Instant) -> Instant {
        match self {
            Self::In(nanos) => at(now.as_nanos().saturating_add(nanos)),
            Self::At(nanos) => at(nanos),
        }
    }
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        8 => (0_u64..4).prop_map(When::In),
        3 => prop::sample::select(vec![63, 64, 65, 4_095, 4_096, 1 << 36]).prop_map(When::In),
        2 => (0_u64..8).prop_map(When::At),
        1 => any::<u64>().prop_map(When::At),
        1 => (u64::MAX - 2..=u64::MAX).prop_map(When::At),
    ]
}

/// Calls in random order.
pub(crate) fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        5 => when().prop_map(|at| Call::Arm { at }),
        2 => any::<usize>().prop_map(|which| Call::Cancel { which }),
        3 => (any::<usize>(), when()).prop_map(|(which, at)| Call::Rearm { which, at }),
        4 => when().prop_map(|limit| Call::Next { limit }),
    ];
    prop::collection::vec(call, 0..300)
}

/// The naive queue: (time, call that armed it, event), sorted at every step. Events are numbered, so they serve as keys.
#[derive(Default)]
struct SortedList {
    now: Instant,
    armed: u64,
    pending: Vec<(Instant, u64, u32)>,
}

impl SortedList {
    fn arm(&mut self, at: Instant, event: u32) {
        self.armed += 1;
        self.pending.push((at.max(self.now), self.armed, event));
        self.pending.sort_unstable();
    }

    fn cancel(&mut self, event: u32) -> Option<u32> {
        let place = self.pending.iter().position(|&(_, _, pending)| pending == event)?;
        Some(self.pending.remove(place).2)
    }

    fn next(&mut self, limit: Instant) -> Option<u32> {
        let &(at, _, event) = self.pending.first().filter(|&&(at, ..)| at <= limit)?;
        self.now = at;
        self.pending.remove(0);
        Some(event)
    }
}

pub(crate) fn agrees_with_a_sorted_list<Q: EventQueue<u32>>(
    queue: &mut Q,
    calls: &[Call],
) -> Result<(), TestCaseError> {
    let mut list = SortedList::default();
    let mut keys: Vec<Key> = Vec::new();
    for &call in calls {
        let event = |which: usize| (!keys.is_empty()).then(|| which % keys.len());
        match call {
            Call::Arm { at } => {
                let at = at.seen_from(list.now);
                list.arm(at, keys.len() as u32);
                keys.push(queue.arm(at, keys.len() as u32));
            }
            Call::Cancel { which } => {
                let Some(event) = event(which) else { continue };
                prop_assert_eq!(queue.cancel(keys[event]), list.cancel(event as u32));
            }
            Call::Rearm { which, at } => {
                let Some(event) = event(which) else { continue };
                let at = at.seen_from(list.now);
                let pending = list.cancel(event as u32).is_some();
                prop_assert_eq!(queue.rearm(keys[event], at), pending);
                if pending {
                    list.arm(at, event as u32);
                }
            }
            Call::Next { limit } => {
                let limit = limit.seen_from(list.now);
                prop_assert_eq!(queue.next(limit), list.next(limit));
            }
        }
        prop_assert_eq!((queue.now(), queue.len()), (list.now, list.pending.len()));
    }
    while let Some(event) = list.next(Instant::MAX) {
        prop_assert_eq!(queue.next(Instant::MAX), Some(event));
        prop_assert_eq!(queue.now(), list.now);
    }
    prop_assert!(queue.is_empty());
    Ok(())
}
