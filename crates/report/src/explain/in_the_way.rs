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

/// Where clients wait for a worker, and for that of which script, if for that alone.
pub(super) type Line = (HostId, u16, Option<u16>);

/// What is in the way of all clients that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct InTheWay {
    /// How many clients wait there because of that.
    clients: BTreeMap<Where, BTreeMap<Option<Blame>, Level>>,
    /// What is in the way of those that wait for a worker.
    lines: BTreeMap<Line, Log>,
}

impl InTheWay {
    /// Takes a record. If a client waited already, or waits no longer, `before` says where it did.
    pub(super) fn note(&mut self, record: &Record, before: Option<Where>) {
        let at = record.at;
        let now = match record.event {
            Event::Waits { host, port, scarce, .. } => Some((host, port, scarce)),
            Event::InTheWay { host, port, .. } => Some((host, port, Scarce::Workers)),
            _ => None,
        };
        for (_, blame, clients) in record.event.waiting() {
            if let Some(place) = if clients > 0 { now } else { before.or(now) } {
                self.clients.entry(place).or_default().entry(blame).or_default().change(at, clients);
            }
        }
        match record.event {
            Event::Waits { host, port, scarce: Scarce::Workers, script, blame, .. }
            | Event::InTheWay { host, port, script, blame, .. } => {
                let log = self.lines.entry((host, port, script)).or_default();
                if log.last().is_none_or(|(_, last)| *last != blame) {
                    log.push((at, blame));
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

    /// What was in the way of those that waited in a line.
    pub(super) fn line(&self, line: Line) -> &[(Instant, Option<Blame>)] {
        self.lines.get(&line).map_or(&[], Vec::as_slice)
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
