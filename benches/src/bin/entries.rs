//! What an entry takes of the heap: of a whole run, with index, timer, world and ledger, and of the endpoint alone.
//!
//! Tables and indices double as they fill, and while one does the old one stands beside the new one. So what an entry
//! takes depends on how many there are: several numbers of entries are played, and the least and the most is told.

use allocation_counter::measure;
use comfy_table::{CellAlignment, Table, presets};
use experiment::{Diagnostics, Scenario, simulate};
use synlab_benches::{Pair, flood, lives};

/// From just before to just after 2¹⁷, where tables double, and on.
const IN_A_RUN: [u64; 6] = [90_000, 110_000, 130_000, 140_000, 160_000, 200_000];
/// The same about 2¹⁵: one pair of hosts has ports for no more.
const AT_A_HOST: [u16; 6] = [22_500, 27_500, 32_500, 35_000, 40_000, 50_000];
const FIRST_PORT: u16 = 1_024;

fn main() -> Result<(), Diagnostics> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["bytes for each", "whole run", "endpoint alone"]);
    for column in 1..=2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let room = ["server.syn-backlog=1000000"];
    table.add_row([
        "half-open entry".to_owned(),
        in_runs(|count| flood(count, &settings(&["horizon='60 s'"])))?,
        at_hosts(&room, |pair, port| {
            pair.open(port);
            let syn = pair.wire.pop_front().expect("a SYN leaves at once");
            // Its own end is not counted: what opened it is forgotten.
            pair.client.crash(&mut Vec::new());
            pair.deliver(&syn);
            pair.wire.clear();
        })?,
    ]);
    table.add_row([
        "connection, both ends".to_owned(),
        in_runs(|count| lives(count, &settings(&["client.script=['connect', 'wait 1 h']", "horizon='60 s'"])))?,
        at_hosts(&[], |pair, port| {
            pair.connect(port);
        })?,
    ]);
    table.add_row([
        "TIME-WAIT".to_owned(),
        in_runs(|count| lives(count, &settings(&["horizon='60 s'"])))?,
        at_hosts(&[], Pair::live)?,
    ]);
    println!("{table}");
    Ok(())
}

fn settings(settings: &[&str]) -> Vec<String> {
    settings.iter().map(|&setting| setting.to_owned()).collect()
}

/// What each of so many adds to the peak of a run's heap.
fn in_runs(scenario: impl Fn(u64) -> Result<Scenario, Diagnostics>) -> Result<String, Diagnostics> {
    let peak = |count| -> Result<u64, Diagnostics> {
        let scenario = scenario(count)?;
        let played = measure(|| drop(simulate(&scenario, &mut ()).expect("every link has a delay")));
        Ok(played.bytes_max)
    };
    let base = peak(1)?;
    let each = IN_A_RUN.iter().map(|&count| Ok(peak(count)?.saturating_sub(base) as f64 / count as f64));
    Ok(range(&each.collect::<Result<Vec<f64>, Diagnostics>>()?))
}

/// What each of so many adds to the heap of a pair of hosts, once they are there.
fn at_hosts(settings: &[&str], mut make: impl FnMut(&mut Pair, u16)) -> Result<String, Diagnostics> {
    let empty = Pair::new(settings)?;
    let mut heap = |count: u16| {
        let mut pair = empty.clone();
        let made = measure(|| (FIRST_PORT..FIRST_PORT + count).for_each(|port| make(&mut pair, port)));
        made.bytes_current
    };
    let base = heap(1);
    let each: Vec<f64> = AT_A_HOST.iter().map(|&count| (heap(count) - base) as f64 / f64::from(count)).collect();
    Ok(range(&each))
}

fn range(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{least:.0} to {most:.0}")
}
