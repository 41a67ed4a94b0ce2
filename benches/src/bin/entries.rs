//! What an entry takes of the heap: at the endpoint alone, with its index; with its timer in the event queue, too; in a whole
//! run, with all that the world, metrics and digest remember; and in one that keeps the ledger.
//!
//! What grows as it fills, an index or the books of a run, has room to spare. So what an entry takes depends on how many
//! there are: several numbers of entries are played, and the least and the most is told.

use std::num::NonZeroU32;

use allocation_counter::measure;
use comfy_table::{CellAlignment, Table, presets};
use experiment::record::Fold;
use experiment::{Diagnostics, LedgerFold, Scenario, simulate};
use sim_core::{EventQueue, WheelQueue};
use sim_time::Instant;
use synlab_benches::{Pair, flood, lives};

/// As large as what a run's queue holds, which has values to spare as well.
type Event = (NonZeroU32, [u32; 3]);

/// From just before to just after 7/8 · 2¹⁷, where indices double, and on.
const IN_A_RUN: [u64; 7] = [90_000, 110_000, 114_700, 130_000, 140_000, 160_000, 200_000];
/// The same about 7/8 · 2¹⁵: one pair of hosts has ports for no more.
const AT_A_HOST: [u16; 7] = [22_500, 27_500, 28_700, 32_500, 35_000, 40_000, 50_000];
const FIRST_PORT: u16 = 1_024;

fn main() -> Result<(), Diagnostics> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["bytes for each", "endpoint alone", "with timers", "in a run", "with the ledger"]);
    for column in 1..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let room = ["server.syn-backlog=1000000"];
    let half_open = at_hosts(&room, 1, |pair, port| {
        pair.open(port);
        let syn = pair.wire.pop_front().expect("a SYN leaves at once");
        // Its own end is not counted: what opened it is forgotten.
        pair.client.crash(&mut Vec::new());
        pair.deliver(&syn);
        pair.wire.clear();
    })?;
    table.add_row(row("half-open entry", half_open, |count| flood(count, &settings(&["horizon='60 s'"])))?);
    let both_ends = at_hosts(&[], 2, |pair, port| {
        pair.connect(port);
    })?;
    let open = settings(&["client.script=['connect', 'wait 1 h']", "horizon='60 s'"]);
    table.add_row(row("connection, both ends", both_ends, |count| lives(count, &open))?);
    let time_wait = at_hosts(&[], 1, Pair::live)?;
    table.add_row(row("TIME-WAIT", time_wait, |count| lives(count, &settings(&["horizon='60 s'"])))?);
    println!("{table}");
    Ok(())
}

/// A kind of entry: what it takes at the endpoint, and what it takes in runs with so many.
fn row(
    name: &str,
    [alone, timed]: [String; 2],
    scenario: impl Fn(u64) -> Result<Scenario, Diagnostics>,
) -> Result<[String; 5], Diagnostics> {
    Ok([name.to_owned(), alone, timed, in_runs(&scenario, || ())?, in_runs(&scenario, LedgerFold::new)?])
}

fn settings(settings: &[&str]) -> Vec<String> {
    settings.iter().map(|&setting| setting.to_owned()).collect()
}

/// What each of so many adds to the peak of a run's heap, while a fold watches.
fn in_runs<F: Fold>(
    scenario: impl Fn(u64) -> Result<Scenario, Diagnostics>,
    fold: impl Fn() -> F,
) -> Result<String, Diagnostics> {
    let peak = |count| -> Result<u64, Diagnostics> {
        let scenario = scenario(count)?;
        let played = measure(|| drop(simulate(&scenario, &mut fold()).expect("every link has a delay")));
        Ok(played.bytes_max)
    };
    let base = peak(1)?;
    let each = IN_A_RUN.iter().map(|&count| Ok(peak(count)?.saturating_sub(base) as f64 / count as f64));
    Ok(range(&each.collect::<Result<Vec<f64>, Diagnostics>>()?))
}

/// What each of so many adds to the heap of a pair of hosts, once they are there, without timers and with `timers` each.
fn at_hosts(settings: &[&str], timers: u32, mut make: impl FnMut(&mut Pair, u16)) -> Result<[String; 2], Diagnostics> {
    let empty = Pair::new(settings)?;
    let mut heap = |count: u16, timers: u32| {
        let (mut pair, mut queue) = (empty.clone(), WheelQueue::<Event>::new());
        let made = measure(|| {
            for port in FIRST_PORT..FIRST_PORT + count {
                make(&mut pair, port);
                for timer in 0..timers {
                    let _ = queue.arm(Instant::MAX, (NonZeroU32::MIN, [timer; 3]));
                }
            }
        });
        made.bytes_current
    };
    let mut each = |timers| -> Vec<f64> {
        let base = heap(1, timers);
        AT_A_HOST.iter().map(|&count| (heap(count, timers) - base) as f64 / f64::from(count)).collect()
    };
    Ok([range(&each(0)), range(&each(timers))])
}

fn range(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{least:.0} to {most:.0}")
}
