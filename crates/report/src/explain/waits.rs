//! Who had to wait at a server, for what, and because of what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use experiment::HostId;
use experiment::record::{Attempt, Blame, Event, Record, Scarce};
use sim_time::Instant;

use crate::amount::amount;
use crate::hosts::Hosts;
use crate::packets::Packets;

/// A client's wait at a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wait {
    host: HostId,
    attempt: Attempt,
    scarce: Scarce,
    blame: Option<Blame>,
    since: Instant,
    /// From when on it is measured: its beginning, or the end of the warm-up.
    measured: Instant,
    /// When it was over, and whether the client was served.
    end: Option<(Instant, bool)>,
}

/// The waits of a run: those that go on, and the worst of those that are over.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    going_on: BTreeMap<Attempt, Wait>,
    over: Vec<Wait>,
    /// Waits that are not told, and their nanoseconds.
    untold: (usize, u128),
}

impl Waits {
    /// Takes a record; of those that are over, little more than `most` are remembered.
    pub(super) fn note(&mut self, record: &Record, most: usize) {
        match record.event {
            Event::Waits { host, attempt, scarce, blame } => {
                let (since, measured) = (record.at, record.at);
                let wait = Wait { host, attempt, scarce, blame, since, measured, end: None };
                self.going_on.insert(attempt, wait);
            }
            Event::WaitOver { attempt, served, .. } => {
                let wait = self.going_on.remove(&attempt);
                self.over.extend(wait.map(|wait| Wait { end: Some((record.at, served)), ..wait }));
                if self.over.len() >= most.saturating_mul(2).saturating_add(100) {
                    self.drop_the_least(most, record.at);
                }
            }
            Event::WarmedUp => {
                self.over.clear();
                self.untold = (0, 0);
                self.going_on.values_mut().for_each(|wait| wait.measured = record.at);
            }
            _ => {}
        }
    }

    fn drop_the_least(&mut self, most: usize, end: Instant) {
        self.over.sort_by_key(|wait| (wait.blame.is_none(), Reverse(wait.nanos(end)), wait.since, wait.attempt));
        for wait in self.over.drain(most.min(self.over.len())..) {
            self.untold.0 += 1;
            self.untold.1 += wait.nanos(end);
        }
    }

    /// What there is to tell of a run that ends at `end`, the worst first: those that waited because of something held for
    /// nobody, then the others; and what the rest come to.
    pub(super) fn stories(
        mut self,
        most: usize,
        hosts: &Hosts,
        packets: &Packets,
        end: Instant,
    ) -> (Vec<[String; 2]>, Option<String>) {
        self.over.extend(std::mem::take(&mut self.going_on).into_values());
        self.drop_the_least(most, end);
        let stories = self.over.iter().map(|wait| wait.story(hosts, packets, end)).collect();
        let (count, nanos) = self.untold;
        let untold = (count > 0).then(|| format!("{count} more, {}", seconds(nanos)));
        (stories, untold)
    }
}

impl Wait {
    fn nanos(&self, end: Instant) -> u128 {
        let until = self.end.map_or(end, |(at, _)| at);
        u128::from(until.since(self.measured).as_nanos())
    }

    /// Who waited how long for what; and what was in the way, and how it ended.
    fn story(&self, hosts: &Hosts, packets: &Packets, end: Instant) -> [String; 2] {
        let (client, server) = (hosts.name(self.attempt.host), hosts.name(self.host));
        let what = match self.scarce {
            Scarce::SynBacklog => "a place among the half-open entries",
            Scarce::AcceptQueue => "a place in the accept queue",
            Scarce::Workers => "a worker",
            Scarce::HoldDown => "the end of a hold-down",
        };
        let until = self.end.map_or(format!("the end of the run, {end} s"), |(at, _)| format!("{at} s"));
        let time = seconds(self.nanos(end));
        let since = self.since;
        let ordinal = self.attempt.ordinal;
        let heading = format!("{client}#{ordinal} waited at {server} for {what}, from {since} s to {until}: {time}");
        let why = match self.blame {
            Some(blame) => format!("To blame: {}.", packets.blamed(blame, hosts)),
            None => "Nothing useless was in its way.".to_owned(),
        };
        let how = match self.end {
            Some((_, true)) => " Then it was served.",
            Some((_, false)) => " Then its connection was over: it was turned away.",
            None => "",
        };
        [heading, format!("{why}{how}")]
    }
}

fn seconds(nanos: u128) -> String {
    format!("{} client·s", amount(Some(nanos as f64 / 1e9)))
}
