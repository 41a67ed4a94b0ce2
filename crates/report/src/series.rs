//! Levels over time as a table for programs: a line for each level that has changed at an instant.
//!
//! The columns are `time` in seconds, exact; `host`; `level`, a state (`ESTABLISHED`) or a resource by the name that the ledger
//! gives it (`connections`: what they take of the memory); `unit`; `held`, how much there is from then on, whatever for; and
//! `wasted`, the part that is held for nobody (of clients that wait: those that useless connections keep waiting). What a line
//! says holds up to the next of the same host and level, or to the end of the run; before its first line a level is 0. Several
//! changes at one instant are one line, and none if they cancel.

use std::io::{self, Write};

use experiment::record::{Change, Fold, Record};
use experiment::{HostId, Transfer};
use sim_time::Instant;

use crate::hosts::Hosts;
use crate::levels::{Amount, Gauge, Level, Levels};

/// Writes every level of a run over time as CSV to `W`.
#[derive(Debug)]
pub struct Series<W: Write>(Levels<Book<W>>);

/// What is written, and what is not written yet.
#[derive(Debug)]
struct Book<W: Write> {
    out: csv::Writer<W>,
    hosts: Hosts,
    /// By host and level: what was written last, and what there is now.
    amounts: Vec<(Amount, Amount)>,
    /// The places of those that have changed at this instant.
    changed: Vec<usize>,
    now: Instant,
    error: Option<csv::Error>,
}

impl<W: Write> Series<W> {
    /// The series of a run between these hosts. The names of the columns are written at once.
    pub fn new(hosts: Hosts, out: W) -> Self {
        let mut out = csv::Writer::from_writer(out);
        let error = out.write_record(["time", "host", "level", "unit", "held", "wasted"]).err();
        let amounts = vec![Default::default(); hosts.names().count() * Level::COUNT];
        Self(Levels::told_to(Book { out, hosts, amounts, changed: Vec::new(), now: Instant::ZERO, error }))
    }

    /// Writes the last lines, and gives the writer back.
    ///
    /// # Errors
    /// The first error that writing met; nothing was written after it.
    pub fn finish(self) -> io::Result<W> {
        let mut book = self.0.gauge;
        book.write_changes();
        match book.error {
            Some(error) => Err(error.into()),
            None => book.out.into_inner().map_err(csv::IntoInnerError::into_error),
        }
    }
}

impl<W: Write> Book<W> {
    /// Writes what has changed at the instant at hand.
    fn write_changes(&mut self) {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        for place in changed.drain(..) {
            let (written, now) = self.amounts[place];
            if written != now && self.error.is_none() {
                self.amounts[place].0 = now;
                self.error = self.write(place, now).err();
            }
        }
        self.changed = changed;
    }

    fn write(&mut self, place: usize, amount: Amount) -> csv::Result<()> {
        let (host, level) = (place / Level::COUNT, Level::at(place % Level::COUNT));
        let host = HostId(u16::try_from(host).expect("a host's place"));
        let [time, held, wasted] = [self.now.to_string(), amount.held.to_string(), amount.wasted.to_string()];
        self.out.write_record([&time, self.hosts.name(host), level.name(), level.unit(), &held, &wasted])
    }
}

impl<W: Write> Gauge for Book<W> {
    fn shift(&mut self, at: Instant, host: HostId, level: Level, held: i64, wasted: i64) {
        if at != self.now {
            self.write_changes();
            self.now = at;
        }
        let place = usize::from(host.0) * Level::COUNT + level.place();
        let (_, now) = &mut self.amounts[place];
        *now = now.shifted(held, wasted);
        self.changed.push(place);
    }
}

impl<W: Write> Fold for Series<W> {
    fn record(&mut self, record: &Record) {
        self.0.record(record);
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.0.change(at, change);
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.0.transfer(at, transfer);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::expect;
    use experiment::{Experiment, Metrics, cases, simulate};

    use super::*;

    /// A variant's series, its end and its metrics.
    fn series(experiment: &Experiment, handshake: Option<&str>) -> (String, Instant, Metrics) {
        let scenario = experiment.scenario(&experiment.variant(handshake, None).unwrap()).unwrap();
        let mut series = Series::new(Hosts::of(&scenario), Vec::new());
        let summary = simulate(&scenario, &mut series).unwrap();
        (String::from_utf8(series.finish().unwrap()).unwrap(), scenario.horizon, summary.metrics)
    }

    fn load(case: &str) -> Experiment {
        Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn a_ghost_stays_and_is_for_nobody() {
        let (text, ..) = series(&load("stale-syn"), Some("two-way"));
        let late: String = text
            .lines()
            .filter(|line| line.starts_with("time") || line.starts_with("5."))
            .map(|line| line.to_owned() + "\n")
            .collect();
        expect![[r#"
            time,host,level,unit,held,wasted
            5.000,server,ESTABLISHED,connection,1,1
            5.000,server,connections,B,2368,2368
            5.000,server,sockets,B,1216,1216
            5.000,server,workers,worker,1,1
        "#]]
        .assert_eq(&late);
    }

    #[derive(Default)]
    struct Sums {
        /// Units × seconds, and the most for any time, by host and level.
        of: BTreeMap<(String, String), (f64, u64)>,
        wasted_octets: BTreeMap<String, f64>,
    }

    /// Reads it as a stranger would: each line holds up to the next of its level.
    fn sums(text: &str, end: Instant) -> Sums {
        let mut sums = Sums::default();
        let mut last: BTreeMap<(String, String), (f64, String, u64, u64)> = BTreeMap::new();
        let mut add =
            |(host, level): (String, String), (from, unit, held, wasted): (f64, String, u64, u64), until: f64| {
                let lasted = until - from;
                let (sum, most) = sums.of.entry((host.clone(), level)).or_default();
                *sum += held as f64 * lasted;
                *most = (*most).max(held);
                if unit == "B" {
                    *sums.wasted_octets.entry(host).or_default() += wasted as f64 * lasted;
                }
            };
        for row in csv::Reader::from_reader(text.as_bytes()).records() {
            let row = row.unwrap();
            let key = (row[1].to_owned(), row[2].to_owned());
            let now = (row[0].parse().unwrap(), row[3].to_owned(), row[4].parse().unwrap(), row[5].parse().unwrap());
            if let Some(before) = last.insert(key.clone(), now.clone()) {
                assert!(before.0 < now.0 && (before.2, before.3) != (now.2, now.3), "{row:?} changes something");
                add(key, before, now.0);
            }
        }
        for (key, line) in last {
            add(key, line, end.as_secs_f64());
        }
        sums
    }

    /// The integrals and peaks of the series are those that the metrics have.
    #[test]
    fn series_of_all_cases_add_up_to_their_metrics() {
        let mut checked = 0;
        for case in cases() {
            let experiment = load(case.name);
            if experiment.warm_up() > Instant::ZERO {
                continue;
            }
            let (text, end, metrics) = series(&experiment, None);
            let sums = sums(&text, end);
            let mut check = |name: String, found: f64| {
                let measured = metrics.get(&name).flatten().unwrap();
                assert!(
                    (found - measured).abs() <= 1e-9 * measured.max(1.0),
                    "{}: {name}: {found}, not {measured}",
                    case.name
                );
                checked += usize::from(measured > 0.0);
            };
            for host in experiment.host_names() {
                let of = |level: &str| sums.of.get(&(host.to_owned(), level.to_owned())).copied().unwrap_or_default();
                for state in tcp_endpoint::State::ALL.into_iter().skip(2) {
                    check(format!("{host}.state.{state}.seconds"), of(state.name()).0);
                    check(format!("{host}.state.{state}.peak"), of(state.name()).1 as f64);
                }
                check(format!("{host}.workers.busy-seconds"), of("workers").0);
                check(format!("{host}.clients.wait-seconds"), of("clients kept waiting").0);
                let memory = [
                    "half-open entries",
                    "connections",
                    "TIME-WAIT entries",
                    "hold-downs",
                    "peers remembered",
                    "sockets",
                ];
                check(format!("{host}.memory.byte-seconds"), memory.iter().map(|level| of(level).0).sum());
                let wasted = sums.wasted_octets.get(host).copied().unwrap_or_default();
                check(format!("{host}.memory.wasted-byte-seconds"), wasted);
            }
        }
        assert!(checked > 500, "{checked}");
    }
}
