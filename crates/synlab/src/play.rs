//! Playing the runs of a plan: one by one, or by several threads at once with the results in the order of the plan.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use experiment::record::Fold;
use experiment::{Experiment, Plan, PlannedRun, Queue, Scenario, Summary, Variant, simulate_with};

/// Results that a thread may be ahead of the one that comes next.
const AHEAD: u64 = 128;
/// Results that come fast are taken so many at a time: to wake for each would cost more than to take it.
const HANDFUL: usize = 64;
/// However slowly they come, they are taken after this time: it decides when a row is written, not what is in it.
const PATIENCE: Duration = Duration::from_millis(100);

/// Plays runs of a plan. What the runs of a point have in common is made once.
pub(crate) struct Player<'a> {
    plan: &'a Plan,
    queue: Queue,
    point: Option<(u64, Result<Point, String>)>,
}

/// A point of a plan, and the scenario of each of its variants that was played.
struct Point {
    experiment: Experiment,
    variants: Vec<(Variant, Option<Result<Scenario, String>>)>,
}

impl<'a> Player<'a> {
    pub(crate) fn new(plan: &'a Plan, queue: Queue) -> Self {
        Self { plan, queue, point: None }
    }

    /// What a run comes to while `fold` watches, or why it comes to nothing, in one line.
    pub(crate) fn play<F: Fold>(&mut self, run: &PlannedRun, fold: &mut F) -> Result<Summary, String> {
        let seed = run.seed;
        let queue = self.queue;
        let scenario = self.point(run.point)?.scenario(run.place)?;
        scenario.seed = seed;
        // A fault of ours in one run is no reason to lose the others.
        match catch_unwind(AssertUnwindSafe(|| simulate_with(queue, scenario, fold))) {
            Ok(played) => played.map_err(|endless| endless.to_string()),
            Err(_) => Err("an error inside synlab; `synlab run` with this seed and these values shows it".to_owned()),
        }
    }

    fn point(&mut self, number: u64) -> Result<&mut Point, String> {
        if self.point.as_ref().is_none_or(|(known, _)| *known != number) {
            self.point = Some((number, self.plan.at(number).map(Point::new).map_err(in_one_line)));
        }
        let (_, point) = self.point.as_mut().expect("just made");
        point.as_mut().map_err(|error| error.clone())
    }
}

impl Point {
    fn new(experiment: Experiment) -> Self {
        let variants = experiment.variants().into_iter().map(|variant| (variant, None)).collect();
        Self { experiment, variants }
    }

    fn scenario(&mut self, place: usize) -> Result<&mut Scenario, String> {
        let (variant, scenario) = &mut self.variants[place];
        let made = scenario.get_or_insert_with(|| self.experiment.scenario(variant).map_err(in_one_line));
        made.as_mut().map_err(|error| error.clone())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an error is used up")]
fn in_one_line(errors: experiment::Diagnostics) -> String {
    errors.to_string().lines().collect::<Vec<_>>().join("; ")
}

/// What threads share.
struct Desk<T> {
    /// Numbers that go before all others: everyone waits for their results.
    urgent: Range<u64>,
    /// The number that is worked on next if none is urgent.
    next: u64,
    /// Work that was begun and whose result was not taken.
    begun: u64,
    /// Results whose turn has not come.
    ready: BTreeMap<u64, T>,
    /// Whether nobody wants more.
    closed: bool,
    /// Whether a thread came to grief.
    broken: bool,
}

impl<T> Desk<T> {
    /// A number to work on, if there is one that may be begun now.
    fn begin(&mut self, end: u64, most: u64, following: impl Fn(u64) -> u64) -> Option<u64> {
        let number = if !self.urgent.is_empty() {
            self.urgent.start += 1;
            self.urgent.start - 1
        } else if self.next < end && self.begun < most {
            let number = self.next;
            self.next = following(number);
            number
        } else {
            return None;
        };
        self.begun += 1;
        Some(number)
    }
}

/// Does the work of `numbers` with so many threads, and hands the results over in order, as many at a time as there are.
/// `following` is the number after another, of which it skips those that only a result can ask for: `take` gives them when
/// it has seen it, and the results of the skipped ones are handed over next. Whatever the threads do, no more results are kept
/// than [`AHEAD`] for each of them. Each thread works with a tool of its own.
///
/// # Errors
/// What `take` finds wrong; then the rest is not done.
///
/// # Panics
/// If a thread does.
pub(crate) fn in_order<W, T: Send, E>(
    numbers: Range<u64>,
    following: impl Fn(u64) -> u64 + Sync,
    threads: NonZero<usize>,
    tool: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, u64) -> T + Sync,
    mut take: impl FnMut(Vec<(u64, T)>) -> Result<Option<Range<u64>>, E>,
) -> Result<(), E> {
    let desk = Mutex::new(Desk {
        urgent: 0..0,
        next: numbers.start,
        begun: 0,
        ready: BTreeMap::new(),
        closed: false,
        broken: false,
    });
    let (more, done) = (Condvar::new(), Condvar::new());
    let ahead = AHEAD * threads.get() as u64;
    let worker = || {
        let _leaving = Leaving { desk: &desk, done: &done };
        let mut tool = tool();
        let mut at = lock(&desk);
        while !at.closed {
            let Some(number) = at.begin(numbers.end, ahead, &following) else {
                done.notify_one();
                at = more.wait(at).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(at);
            let result = work(&mut tool, number);
            at = lock(&desk);
            at.ready.insert(number, result);
            if at.ready.len().is_multiple_of(HANDFUL) {
                done.notify_one();
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(worker);
        }
        // However this ends, nobody is left waiting.
        let _closing = Closing { desk: &desk, more: &more };
        let mut wanted = numbers.start;
        let mut at = lock(&desk);
        while wanted < numbers.end && !at.broken {
            let mut batch = Vec::new();
            while let Some(result) = at.ready.remove(&wanted) {
                batch.push((wanted, result));
                let skipped = following(wanted) != wanted + 1;
                wanted = following(wanted);
                if skipped {
                    // Whether what is skipped is wanted is for `take` to say.
                    break;
                }
            }
            if batch.is_empty() {
                at = done.wait_timeout(at, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            at.begun -= batch.len() as u64;
            more.notify_all();
            drop(at);
            let asked = take(batch)?;
            at = lock(&desk);
            if let Some(asked) = asked {
                wanted = asked.start;
                at.urgent = asked;
                more.notify_all();
            }
        }
        Ok(())
    })
}

struct Closing<'a, T> {
    desk: &'a Mutex<Desk<T>>,
    more: &'a Condvar,
}

impl<T> Drop for Closing<'_, T> {
    fn drop(&mut self) {
        lock(self.desk).closed = true;
        self.more.notify_all();
    }
}

/// Tells the others if a thread ends before it should.
struct Leaving<'a, T> {
    desk: &'a Mutex<Desk<T>>,
    done: &'a Condvar,
}

impl<T> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.desk).broken = true;
            self.done.notify_one();
        }
    }
}

fn lock<T>(desk: &Mutex<Desk<T>>) -> MutexGuard<'_, Desk<T>> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn threads(number: usize) -> NonZero<usize> {
        NonZero::new(number).expect("at least one")
    }

    fn square(_: &mut (), number: u64) -> u64 {
        if number.is_multiple_of(7) {
            std::thread::yield_now();
        }
        number * number
    }

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let expected: Vec<_> = (3..1_000).map(|number| (number, number * number)).collect();
        for many in [1, 2, 8] {
            let mut all = Vec::new();
            let take = |batch| {
                all.extend(batch);
                Ok::<_, Infallible>(None)
            };
            in_order(3..1_000, |number| number + 1, threads(many), || (), square, take).unwrap();
            assert_eq!(all, expected, "{many} threads");
        }
    }

    /// Of each hundred the first ten are done in any case. Every ten that are done may ask for ten more.
    #[test]
    fn what_a_result_asks_for_comes_next() {
        let following = |number: u64| if number % 10 == 9 { (number / 100 + 1) * 100 } else { number + 1 };
        let wants = |number: u64| number % 10 == 9 && number % 100 < number / 100 * 10 % 100;
        let expected: Vec<u64> = (0..2_000).filter(|number| number % 100 < (number / 100 * 10) % 100 + 10).collect();
        for many in [1, 2, 8] {
            let mut all = Vec::new();
            let take = |batch: Vec<(u64, u64)>| {
                all.extend(batch.iter().map(|(number, _)| *number));
                let (last, _) = batch[batch.len() - 1];
                Ok::<_, Infallible>(wants(last).then(|| last + 1..last + 11))
            };
            in_order(0..2_000, following, threads(many), || (), square, take).unwrap();
            assert_eq!(all, expected, "{many} threads");
        }
    }

    #[test]
    fn whoever_takes_may_end_it() {
        let take = |batch: Vec<(u64, u64)>| {
            if batch.iter().any(|(number, _)| *number > 100) { Err("enough") } else { Ok(None) }
        };
        let ended = in_order(0..u64::MAX, |number| number + 1, threads(4), || (), |(), number| number, take);
        assert_eq!(ended, Err("enough"));
    }

    /// Nobody waits for ever for what a thread that is gone had begun.
    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_thread_that_fails_is_noticed() {
        let work = |(): &mut (), number: u64| assert_ne!(number, 50, "as it must");
        let _ = in_order(0..1_000, |number| number + 1, threads(2), || (), work, |_| Ok::<_, Infallible>(None));
    }
}
