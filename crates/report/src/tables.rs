//! Tables of what was measured: one run's, and several variants' side by side.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};
use experiment::{MetricInfo, Metrics, Shown, Summary, Variant, catalogue};
use tcp_endpoint::State;

use crate::amount::{amount, ratio, scaled, shown_unit};
use crate::wrap::wrapped;

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
    let mut table = table(&["metric", "unit", "value"]);
    let spread = has_spread(metrics);
    for (info, value) in with_info(metrics, hosts) {
        let telling = tells(value) && (spread || info.shown != Shown::Spread);
        if info.shown != Shown::States && (listed == Listed::All || telling) {
            table.add_row([Cell::new(&info.name), Cell::new(shown_unit(info.unit)), right(amount(value))]);
        }
    }
    text(&table)
}

/// How long each host had connections in each state, summed over connections, and how many at most at once; in several tables if one
/// would be more than `width` wide.
#[must_use]
pub fn states(metrics: &Metrics, hosts: &[&str], listed: Listed, width: usize) -> String {
    let in_one = states_of(metrics, hosts, listed);
    let is_narrow = in_one.lines().all(|line| line.chars().count() <= width);
    match hosts.len().div_ceil(2) {
        half if hosts.len() > 1 && !is_narrow => {
            let (some, others) = hosts.split_at(half);
            let tables = [some, others].map(|hosts| states(metrics, hosts, listed, width));
            tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n")
        }
        _ => in_one,
    }
}

/// The same in one table.
fn states_of(metrics: &Metrics, hosts: &[&str], listed: Listed) -> String {
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

/// The variant that ratios refer to: the one named `three-way`, or else the first.
#[must_use]
pub fn base(variants: &[&Variant]) -> usize {
    variants.iter().position(|variant| variant.label() == "three-way").unwrap_or(0)
}

/// Several variants' metrics side by side, with ratios to the [`base`]; in several tables if one would take more than
/// `width` columns.
#[must_use]
pub fn comparison(runs: &[(&Variant, &Summary)], hosts: &[&str], listed: Listed, width: usize) -> String {
    let variants: Vec<&Variant> = runs.iter().map(|(variant, _)| *variant).collect();
    let summaries: Vec<&Summary> = runs.iter().map(|(_, summary)| *summary).collect();
    side_by_side("metric", &variants, &comparison_lines(&summaries, hosts, listed), width)
}

/// The lines of [`comparison`].
pub(crate) fn comparison_lines(runs: &[&Summary], hosts: &[&str], listed: Listed) -> Vec<Line> {
    let measured: Vec<Vec<Option<f64>>> =
        runs.iter().map(|summary| summary.metrics.iter().map(|(_, value)| value).collect()).collect();
    let spread = runs.iter().any(|summary| has_spread(&summary.metrics));
    let mut lines = Vec::new();
    for (row, info) in catalogue(hosts).into_iter().enumerate() {
        let values = measured.iter().map(|column| column.get(row).copied().flatten()).collect();
        let line = Line::Values { name: info.name, unit: shown_unit(info.unit), values, exact: true };
        let matters = match info.shown {
            Shown::Always => true,
            Shown::Spread => spread && line.differs(),
            Shown::Telling | Shown::States => line.differs(),
        };
        if listed == Listed::All || (matters && line.tells()) {
            lines.push(line);
        }
    }
    lines
}

/// A line of a table with a column for each of several variants.
pub(crate) enum Line {
    /// Words on the lines that follow.
    Heading(String),
    /// What there is of something in each variant: exact, with a column for the unit; or to three digits, with the unit in each
    /// cell, but for what is only counted.
    Values { name: String, unit: &'static str, values: Vec<Option<f64>>, exact: bool },
}

impl Line {
    /// Whether variants differ in it.
    pub(crate) fn differs(&self) -> bool {
        matches!(self, Self::Values { values, .. } if values.iter().any(|value| *value != values[0]))
    }

    /// Whether it says more of a variant than zero, or nothing.
    pub(crate) fn tells(&self) -> bool {
        matches!(self, Self::Values { values, .. } if values.iter().copied().any(tells))
    }
}

/// Lines with a column for each variant and ratios to the [`base`]; in several tables if one would take more than
/// `width` columns.
pub(crate) fn side_by_side(what: &str, variants: &[&Variant], lines: &[Line], width: usize) -> String {
    let base = base(variants);
    // The first columns are names and units; the others are the variants'.
    let has_units = lines.iter().any(|line| matches!(line, Line::Values { exact: true, .. }));
    let mut cells = vec![vec![what.to_owned()]];
    cells.extend(has_units.then(|| vec!["unit".to_owned()]));
    let names = cells.len();
    cells.extend(variants.iter().map(|variant| vec![variant.label()]));
    let mut headings = Vec::new();
    for line in lines {
        match line {
            Line::Heading(words) => headings.push((cells[0].len() - 1, hanging(words, width))),
            Line::Values { name, unit, values, exact } => {
                cells[0].push(name.clone());
                if has_units {
                    cells[1].push((*unit).to_owned());
                }
                for (place, value) in values.iter().enumerate() {
                    let text =
                        if *exact || unit.is_empty() { amount(*value) } else { scaled(value.unwrap_or(0.0), unit) };
                    let ratio = ratio(*value, values[base]).filter(|_| place != base);
                    let ratio = ratio.map_or(String::new(), |ratio| format!("  {ratio}"));
                    cells[place + names].push(format!("{text}{ratio}"));
                }
            }
        }
    }
    let headings: Vec<(usize, &str)> = headings.iter().map(|(row, words)| (*row, words.as_str())).collect();
    columns(&cells, names, &headings, width)
}

/// A heading in lines of a width, all but the first indented.
pub(crate) fn hanging(words: &str, width: usize) -> String {
    let room = width.saturating_sub(4).max(20);
    // The first line has the room of the indent, too; it needs none of it.
    wrapped(words, room).join("\n    ")
}

/// Columns of text, each with its head first, as a table; in several if it would be more than `width` wide, each with the
/// first `names` columns. Each heading stands before the row of its number, and may be wider than the table.
pub(crate) fn columns(cells: &[Vec<String>], names: usize, headings: &[(usize, &str)], width: usize) -> String {
    let (names, variants) = cells.split_at(names);
    let tables = blocks(names, variants, width).into_iter().map(|block| with_headings(&side(names, block), headings));
    tables.collect::<Vec<_>>().join("\n")
}

/// A table's text with headings.
fn with_headings(table: &str, headings: &[(usize, &str)]) -> String {
    // The head and the rule under it come before the first row.
    let mut lines: Vec<&str> = table.lines().collect();
    for (row, words) in headings.iter().rev() {
        lines.insert(row + 2, words);
    }
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// The variants' columns in groups that fit `width` columns beside the names, if that can be; about as many in each, since
/// one alone would be compared with nothing.
fn blocks<'a>(names: &[Vec<String>], variants: &'a [Vec<String>], width: usize) -> Vec<&'a [Vec<String>]> {
    // Three columns of space follow each; the rule ends one before those of the last.
    let widest = |column: &Vec<String>| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0) + 3;
    let room = width.saturating_add(1).saturating_sub(names.iter().map(widest).sum());
    let fit = |many: usize| variants.chunks(many).all(|block| block.iter().map(widest).sum::<usize>() <= room);
    let most = (1..=variants.len()).rev().find(|&many| fit(many)).unwrap_or(1);
    let even = variants.len().div_ceil(variants.len().div_ceil(most).max(1)).max(1);
    variants.chunks(if fit(even) { even } else { most }).collect()
}

/// One table of names and some variants' columns, each with its head first.
fn side(names: &[Vec<String>], variants: &[Vec<String>]) -> String {
    let head: Vec<&str> = names.iter().chain(variants).map(|column| column[0].as_str()).collect();
    let mut table = table(&head);
    for row in 1..names[0].len() {
        let words = names.iter().map(|column| Cell::new(&column[row]));
        table.add_row(words.chain(variants.iter().map(|column| right(&column[row]))));
    }
    text(&table)
}

fn with_info(metrics: &Metrics, hosts: &[&str]) -> Vec<(MetricInfo, Option<f64>)> {
    catalogue(hosts).into_iter().zip(metrics.iter().map(|(_, value)| value)).collect()
}

/// Whether opens took different times, so that quantiles say more than the mean.
fn has_spread(metrics: &Metrics) -> bool {
    metrics.get("setup.seconds.mean") != metrics.get("setup.seconds.max")
}

fn tells(value: Option<f64>) -> bool {
    value.is_some_and(|value| value != 0.0)
}

/// An empty table with this head: the first column is words, the others are numbers (and units).
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    let is_words = |place, word| place == 0 || word == "unit";
    let cells =
        head.iter().enumerate().map(|(place, &word)| if is_words(place, word) { Cell::new(word) } else { right(word) });
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
    let mut table = table.clone();
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// The metrics of a run in which everything is zero but these.
    fn measured(values: &[(&str, f64)]) -> Metrics {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, value)| *value);
        catalogue(&["client", "server"])
            .into_iter()
            .map(|info| {
                let empty = info.name.starts_with("setup.") && value("setup.seconds.mean") == 0.0;
                let value = (!empty).then(|| value(&info.name));
                (info.name, value)
            })
            .collect()
    }

    fn summary(values: &[(&str, f64)]) -> Summary {
        let digest = sim_core::Digest::new().value();
        Summary { digest, ended_at: sim_time::Instant::ZERO, events: 0, metrics: measured(values) }
    }

    #[test]
    fn zeroes_are_left_out() {
        let metrics = measured(&[("segments.sent", 9.0), ("server.ghost.seconds", 10_795.0)]);
        expect![[r#"
            metric                 unit      value
            ────────────────────────────────────────
            server.ghost.seconds   entry·s   10795
            segments.sent                        9
        "#]]
        .assert_eq(&super::metrics(&metrics, &["client", "server"], Listed::Telling));
        let all = super::metrics(&metrics, &["client", "server"], Listed::All);
        assert!(all.lines().any(|line| line.starts_with("setup.seconds.mean") && line.ends_with('–')), "{all}");
    }

    #[test]
    fn quantiles_are_left_out_where_all_opens_took_the_same_time() {
        let same = measured(&[("setup.seconds.mean", 0.1), ("setup.seconds.max", 0.1), ("setup.seconds.p50", 0.1)]);
        let spread = measured(&[("setup.seconds.mean", 0.2), ("setup.seconds.max", 1.1), ("setup.seconds.p50", 0.1)]);
        let shows = |metrics: &Metrics| super::metrics(metrics, &["client", "server"], Listed::Telling).contains("p50");
        assert!(!shows(&same));
        assert!(shows(&spread));
    }

    #[test]
    fn states_stand_host_by_host() {
        let metrics = measured(&[
            ("client.state.ESTABLISHED.seconds", 0.2),
            ("client.state.ESTABLISHED.peak", 1.0),
            ("server.state.TIME-WAIT.seconds", 240.0),
        ]);
        expect![[r#"
            state         client s   peak   server s   peak
            ─────────────────────────────────────────────────
            ESTABLISHED        0.2      1          0      0
            TIME-WAIT            0      0        240      0
        "#]]
        .assert_eq(&states(&metrics, &["client", "server"], Listed::Telling, usize::MAX));
    }

    #[test]
    fn a_comparison_shows_what_differs_with_ratios_to_three_way() {
        let variant = |handshake: &str| Variant { handshake: handshake.to_owned(), teardown: "rfc9293".to_owned() };
        let (two, three) = (variant("two-way"), variant("three-way"));
        let common = [("segments.delivered", 8.0), ("setup.seconds.mean", 0.1), ("setup.seconds.max", 0.1)];
        let two_way = summary(&[&common[..], &[("segments.sent", 6.0), ("server.ghost.connections", 1.0)]].concat());
        let three_way = summary(&[&common[..], &[("segments.sent", 8.0)]].concat());
        expect![[r#"
            metric                     unit    two-way   three-way
            ────────────────────────────────────────────────────────
            server.ghost.connections                 1           0
            segments.sent                     6  ×0.75           8
            setup.seconds.mean         s           0.1         0.1
        "#]]
        .assert_eq(&comparison(&[(&two, &two_way), (&three, &three_way)], &["client", "server"], Listed::Telling, 100));
    }

    #[test]
    fn a_comparison_that_is_too_wide_goes_on_below() {
        let names = ["two-way", "three-way", "three-way-silent"];
        let variants = names.map(|name| Variant { handshake: name.to_owned(), teardown: "rfc9293".to_owned() });
        let summary = summary(&[("setup.seconds.mean", 0.1), ("setup.seconds.max", 0.1)]);
        let runs: Vec<(&Variant, &Summary)> = variants.iter().map(|variant| (variant, &summary)).collect();
        expect![[r#"
            metric               unit   two-way   three-way
            ─────────────────────────────────────────────────
            setup.seconds.mean   s          0.1         0.1

            metric               unit   three-way-silent
            ──────────────────────────────────────────────
            setup.seconds.mean   s                   0.1
        "#]]
        .assert_eq(&comparison(&runs, &["client", "server"], Listed::Telling, 60));
        let narrow = comparison(&runs, &["client", "server"], Listed::Telling, 1);
        assert_eq!(narrow.matches("metric ").count(), 3, "a table has at least one variant");
        let wide = comparison(&runs, &["client", "server"], Listed::Telling, usize::MAX);
        assert_eq!(wide.matches("metric ").count(), 1);
        let columns = wide.lines().map(|line| line.chars().count()).max().unwrap();
        for width in columns - 4..=columns {
            let table = comparison(&runs, &["client", "server"], Listed::Telling, width);
            assert!(table.lines().all(|line| line.chars().count() <= width), "{width}\n{table}");
        }
    }
}
