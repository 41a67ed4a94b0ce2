//! Tables of what was measured: one run's, and several variants' side by side.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use experiment::{MetricInfo, Metrics, Summary, Variant, catalogue};
use tcp_endpoint::State;

use crate::amount::{amount, ratio, with_unit};

/// Columns set apart by space, a rule under the head.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Which metrics a table lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listed {
    /// Those that say something: not zero, not a statistic of nothing; in a comparison those that differ between
    /// variants, and the cost of opening.
    Telling,
    /// All.
    All,
}

/// One run's metrics, one a line, save what [`states`] shows.
#[must_use]
pub fn metrics(metrics: &Metrics, hosts: &[&str], listed: Listed) -> String {
    let mut table = table(&["metric", "value"]);
    for (info, value) in with_info(metrics, hosts) {
        if !is_state(&info) && (listed == Listed::All || tells(value)) {
            table.add_row([Cell::new(&info.name), right(with_unit(value, info.unit))]);
        }
    }
    text(&table)
}

/// How long each host had connections in each state, summed over connections, and how many at most at once.
#[must_use]
pub fn states(metrics: &Metrics, hosts: &[&str], listed: Listed) -> String {
    let mut head = vec!["state".to_owned()];
    head.extend(hosts.iter().flat_map(|host| [format!("{host} s"), "peak".to_owned()]));
    let mut table = table(&head.iter().map(String::as_str).collect::<Vec<_>>());
    for state in State::ALL {
        let value = |host: &str, what: &str| metrics.get(&format!("{host}.state.{state}.{what}"));
        let cells: Vec<Option<f64>> =
            hosts.iter().flat_map(|host| [value(host, "seconds"), value(host, "peak")]).flatten().collect();
        if cells.is_empty() || (listed == Listed::Telling && !cells.iter().copied().any(tells)) {
            continue;
        }
        let cells = cells.into_iter().map(|cell| right(amount(cell)));
        table.add_row(std::iter::once(Cell::new(state)).chain(cells));
    }
    text(&table)
}

/// Several variants' metrics side by side, with ratios to the one named `three-way`, or else to the first.
#[must_use]
pub fn comparison(runs: &[(&Variant, &Summary)], hosts: &[&str], listed: Listed) -> String {
    let base = runs.iter().position(|(variant, _)| variant.label() == "three-way").unwrap_or(0);
    let mut head = vec!["metric".to_owned()];
    head.extend(runs.iter().map(|(variant, _)| variant.label()));
    let mut table = table(&head.iter().map(String::as_str).collect::<Vec<_>>());
    let columns: Vec<Vec<Option<f64>>> =
        runs.iter().map(|(_, summary)| summary.metrics.iter().map(|(_, value)| value).collect()).collect();
    for (row, info) in catalogue(hosts).iter().enumerate() {
        let values: Vec<Option<f64>> = columns.iter().map(|column| column.get(row).copied().flatten()).collect();
        let differ = values.iter().any(|value| *value != values[0]);
        let matters = differ || ["setup.seconds.mean", "setup.round-trips"].contains(&info.name.as_str());
        if listed == Listed::Telling && !(matters && values.iter().copied().any(tells)) {
            continue;
        }
        let cells = values.iter().enumerate().map(|(place, value)| {
            let ratio = ratio(*value, values[base]).filter(|_| place != base);
            let ratio = ratio.map_or(String::new(), |ratio| format!("  {ratio}"));
            right(format!("{}{ratio}", with_unit(*value, info.unit)))
        });
        table.add_row(std::iter::once(Cell::new(&info.name)).chain(cells));
    }
    text(&table)
}

fn with_info(metrics: &Metrics, hosts: &[&str]) -> Vec<(MetricInfo, Option<f64>)> {
    catalogue(hosts).into_iter().zip(metrics.iter().map(|(_, value)| value)).collect()
}

fn is_state(info: &MetricInfo) -> bool {
    info.name.contains(".state.")
}

fn tells(value: Option<f64>) -> bool {
    value.is_some_and(|value| value != 0.0)
}

/// An empty table with this head: the first column is words, the others are numbers.
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    let cells = head.iter().enumerate().map(|(place, word)| if place == 0 { Cell::new(word) } else { right(*word) });
    table.set_header(cells.collect::<Vec<_>>());
    table
}

pub(crate) fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// The table as lines without space at their ends; nothing if it has no row.
pub(crate) fn text(table: &Table) -> String {
    if table.row_count() == 0 {
        return String::new();
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
