//! What keeps clients waiting, and for how long each.

use std::collections::BTreeMap;

use experiment::record::{Blame, Event, Record, Scarce};
use experiment::{HostId, Level};
use sim_time::Instant;

use super::places::Where;

/// From when on what is to blame, if something is.
pub(super) type Log = Vec<(Instant, Option<Blame>)>;

/// For how many nanoseconds clients waited because of what; none is to blame where only useful connections are in the way.
pub(super) type Shares = BTreeMap<Option<Blame>, u128>;

/// What is in the way of all clients that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct InTheWay {
    /// How many clients wait there because of that.
    clients: BTreeMap<Where, BTreeMap<Option<Blame>, Level>>,
    /// What is in the way of those that wait for a worker.
    lines: BTreeMap<(HostId, u16), Log>,
}

impl InTheWay {
    /// Takes a record. If a client waited already, or waits no longer, `before` says where it did.
    pub(super) fn note(&mut self, record: &Record, before: Option<Where>) {
        let at = record.at;
        match record.event {
            Event::Waits { host, port, scarce, blame, before: was, .. } => {
                if let (Some(place), Some(was)) = (before, was) {
                    self.shift(at, place, was, -1);
                }
                self.shift(at, (host, port, scarce), blame, 1);
                if scarce == Scarce::Workers {
                    self.note_line((host, port), at, blame);
                }
            }
            Event::InTheWay { host, port, clients, before, blame } => {
                let place = (host, port, Scarce::Workers);
                self.shift(at, place, before, -i64::from(clients));
                self.shift(at, place, blame, clients.into());
                self.note_line((host, port), at, blame);
            }
            Event::WaitOver { blame, .. } => {
                if let Some(place) = before {
                    self.shift(at, place, blame, -1);
                }
            }
            Event::WarmedUp => {
                for level in self.clients.values_mut().flat_map(BTreeMap::values_mut) {
                    level.advance(at);
                    *level = level.anew();
                }
            }
            _ => {}
        }
    }

    fn shift(&mut self, at: Instant, place: Where, blame: Option<Blame>, delta: i64) {
        self.clients.entry(place).or_default().entry(blame).or_default().change(at, delta);
    }

    fn note_line(&mut self, line: (HostId, u16), at: Instant, blame: Option<Blame>) {
        let log = self.lines.entry(line).or_default();
        if log.last().is_none_or(|(_, last)| *last != blame) {
            log.push((at, blame));
        }
    }

    /// For how long all clients together waited there, because of what, in a run that ends at `end`.
    pub(super) fn shares(&self, place: Where, end: Instant) -> Shares {
        let nanos = |level: &Level| {
            let mut level = *level;
            level.advance(end);
            level.integral()
        };
        let levels = self.clients.get(&place).into_iter().flatten();
        levels.map(|(blame, level)| (*blame, nanos(level))).filter(|(_, nanos)| *nanos > 0).collect()
    }

    /// What was in the way of those that waited for a worker at a port.
    pub(super) fn line(&self, host: HostId, port: u16) -> &[(Instant, Option<Blame>)] {
        self.lines.get(&(host, port)).map_or(&[], Vec::as_slice)
    }
}

/// For how long one client waited between two times, because of what.
pub(super) fn shares(log: &[(Instant, Option<Blame>)], from: Instant, to: Instant) -> Shares {
    let first = log.partition_point(|(at, _)| *at <= from).saturating_sub(1);
    let ends = log.iter().skip(first + 1).map(|(at, _)| *at).chain([to]);
    let mut shares = Shares::new();
    for ((at, blame), until) in log.iter().skip(first).zip(ends).take_while(|((at, _), _)| *at < to) {
        let nanos = until.min(to).since((*at).max(from)).as_nanos();
        if nanos > 0 {
            *shares.entry(*blame).or_default() += u128::from(nanos);
        }
    }
    shares
}
