//! Playing the runs of a plan: one by one, or by several threads at once with the results in the order of the plan.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use experiment::{Experiment, Plan, PlannedRun, Queue, Scenario, Summary, simulate_with};

/// Results that a thread may be ahead of the one that comes next.
const AHEAD: u64 = 32;

/// Plays runs of a plan. What several runs in a row have in common is made once.
pub(crate) struct Player<'a> {
    plan: &'a Plan,
    queue: Queue,
    point: Option<(u64, Result<Experiment, String>)>,
    scenario: Option<((u64, usize), Result<Scenario, String>)>,
}

impl<'a> Player<'a> {
    pub(crate) fn new(plan: &'a Plan, queue: Queue) -> Self {
        Self { plan, queue, point: None, scenario: None }
    }

    /// What a run comes to, or why it comes to nothing, in one line.
    pub(crate) fn play(&mut self, run: &PlannedRun) -> Result<Summary, String> {
        let seed = run.seed;
        let queue = self.queue;
        let scenario = self.scenario(run).as_mut().map_err(|error| error.clone())?;
        scenario.seed = seed;
        // A fault of ours in one run is no reason to lose the others.
        match catch_unwind(AssertUnwindSafe(|| simulate_with(queue, scenario, &mut ()))) {
            Ok(played) => played.map_err(|endless| endless.to_string()),
            Err(_) => Err("an error inside synlab; `synlab run` with this seed and these values shows it".to_owned()),
        }
    }

    fn scenario(&mut self, run: &PlannedRun) -> &mut Result<Scenario, String> {
        let key = (run.point, run.place);
        if self.scenario.as_ref().is_none_or(|(known, _)| *known != key) {
            let scenario = self.experiment(run.point).as_ref().map_err(Clone::clone).and_then(|experiment| {
                let variants = experiment.variants();
                let variant = variants.get(run.place).unwrap_or(&run.variant);
                experiment.scenario(variant).map_err(in_one_line)
            });
            self.scenario = Some((key, scenario));
        }
        &mut self.scenario.as_mut().expect("just made").1
    }

    fn experiment(&mut self, point: u64) -> &Result<Experiment, String> {
        if self.point.as_ref().is_none_or(|(known, _)| *known != point) {
            self.point = Some((point, self.plan.at(point).map_err(in_one_line)));
        }
        &self.point.as_ref().expect("just made").1
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an error is used up")]
fn in_one_line(errors: experiment::Diagnostics) -> String {
    errors.to_string().lines().collect::<Vec<_>>().join("; ")
}

/// What threads share.
struct Desk<T> {
    /// The number that is worked on next.
    next: u64,
    /// The number whose result is wanted next.
    wanted: u64,
    /// Results whose turn has not come.
    ready: BTreeMap<u64, T>,
    /// Whether nobody wants more.
    closed: bool,
}

/// Does the work of all `numbers` with so many threads, and hands the results over in order, as many at a time as there
/// are. Whatever the threads do, no more results are kept than a few for each of them. Each thread works with a tool of its
/// own.
///
/// # Errors
/// What `take` finds wrong; then the rest is not done.
pub(crate) fn in_order<W, T: Send, E>(
    numbers: Range<u64>,
    threads: NonZero<usize>,
    tool: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, u64) -> T + Sync,
    mut take: impl FnMut(Vec<(u64, T)>) -> Result<(), E>,
) -> Result<(), E> {
    let desk = Mutex::new(Desk { next: numbers.start, wanted: numbers.start, ready: BTreeMap::new(), closed: false });
    let changed = Condvar::new();
    let ahead = AHEAD * threads.get() as u64;
    let worker = || {
        let mut tool = tool();
        let mut at = lock(&desk);
        loop {
            if at.closed || at.next >= numbers.end {
                return;
            }
            if at.next >= at.wanted + ahead {
                at = changed.wait(at).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let number = at.next;
            at.next += 1;
            drop(at);
            let done = work(&mut tool, number);
            at = lock(&desk);
            at.ready.insert(number, done);
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(worker);
        }
        // However this ends, nobody is left waiting.
        let _closing = Closing { desk: &desk, changed: &changed };
        let mut at = lock(&desk);
        while at.wanted < numbers.end {
            let mut batch = Vec::new();
            let mut wanted = at.wanted;
            while let Some(done) = at.ready.remove(&wanted) {
                batch.push((wanted, done));
                wanted += 1;
            }
            if batch.is_empty() {
                at = changed.wait(at).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            at.wanted = wanted;
            changed.notify_all();
            drop(at);
            take(batch)?;
            at = lock(&desk);
        }
        Ok(())
    })
}

struct Closing<'a, T> {
    desk: &'a Mutex<Desk<T>>,
    changed: &'a Condvar,
}

impl<T> Drop for Closing<'_, T> {
    fn drop(&mut self) {
        lock(self.desk).closed = true;
        self.changed.notify_all();
    }
}

fn lock<T>(desk: &Mutex<Desk<T>>) -> MutexGuard<'_, Desk<T>> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn taken(threads: usize) -> Vec<(u64, u64)> {
        let mut all = Vec::new();
        let work = |_: &mut (), number: u64| {
            if number.is_multiple_of(7) {
                std::thread::yield_now();
            }
            number * number
        };
        let threads = NonZero::new(threads).unwrap();
        let ended: Result<(), Infallible> = in_order(
            3..1_000,
            threads,
            || (),
            work,
            |batch| {
                all.extend(batch);
                Ok(())
            },
        );
        ended.unwrap();
        all
    }

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let expected: Vec<_> = (3..1_000).map(|number| (number, number * number)).collect();
        for threads in [1, 2, 8] {
            assert_eq!(taken(threads), expected);
        }
    }

    #[test]
    fn whoever_takes_may_end_it() {
        let threads = NonZero::new(4).unwrap();
        let ended = in_order(
            0..u64::MAX,
            threads,
            || (),
            |(), number| number,
            |batch: Vec<(u64, u64)>| {
                if batch.iter().any(|(number, _)| *number > 100) { Err("enough") } else { Ok(()) }
            },
        );
        assert_eq!(ended, Err("enough"));
    }
}
