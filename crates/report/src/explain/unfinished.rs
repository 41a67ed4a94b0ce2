//! Scripts that are not over when the run ends: where they wait, for what, and what the other end is doing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use experiment::record::{Awaited, Event, Incarnation, Record, Unfinished};
use sim_time::Instant;
use tcp_endpoint::State;

use super::attempts::Attempts;
use super::exchange::Exchanges;
use super::known::{End, Known, Side};
use super::names::{Names, seconds};
use super::opens::syn_acks_name;
use crate::amount::{milliseconds, whole};
use crate::why::awaited;
use crate::words::timer_in_words;
use crate::wrap::listed;

/// The scripts that are told of as unfinished, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    all: Vec<Unfinished>,
    end: Instant,
}

/// What is told of one.
struct Wait {
    /// What it is one of many of: without numbers and times.
    kind: String,
    since: Instant,
    heading: String,
    sentences: Vec<String>,
}

impl Waiting {
    pub(super) fn note(&mut self, record: &Record) {
        if let Event::Unfinished(unfinished) = record.event {
            self.all.push(unfinished);
            self.end = record.at;
        }
    }

    /// How many scripts of each host only wait for a time to pass; nothing if none does.
    pub(super) fn idle(&self, names: Names<'_>) -> String {
        let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
        for waiting in self.all.iter().filter(|waiting| is_idle(waiting)) {
            *hosts.entry(names.host(waiting.host)).or_default() += 1;
        }
        let counts: Vec<String> = hosts.iter().map(|(host, count)| format!("{} of {host}", whole(*count))).collect();
        match counts.is_empty() {
            true => String::new(),
            false => format!("Scripts that only wait for a time to pass: {}.", listed(&counts)),
        }
    }

    /// What there is to tell of the others: the kind that most wait in first, or one by one, the longest wait first.
    pub(super) fn paragraphs(
        self,
        attempts: &Attempts,
        exchanges: &Exchanges,
        all: bool,
        names: Names<'_>,
    ) -> Vec<Vec<String>> {
        let with_connection = self.all.iter().filter_map(|waiting| Some((waiting.incarnation?, waiting)));
        let by_life: BTreeMap<Incarnation, &Unfinished> = with_connection.collect();
        let told = self.all.iter().filter(|waiting| !is_idle(waiting));
        let told = told.filter(|waiting| !is_told_at_its_other_end(waiting, &by_life, attempts));
        let mut waits: Vec<Wait> =
            told.map(|waiting| Wait::of(waiting, &by_life, (attempts, exchanges), names)).collect();
        waits.sort_by_key(|wait| wait.since);
        if all {
            return waits.into_iter().map(Wait::paragraphs).collect();
        }
        let mut groups: BTreeMap<String, Vec<Wait>> = BTreeMap::new();
        for wait in waits {
            groups.entry(wait.kind.clone()).or_default().push(wait);
        }
        let mut groups: Vec<Vec<Wait>> = groups.into_values().collect();
        let key = |waits: &Vec<Wait>| (Reverse(waits.len()), waits[0].since);
        groups.sort_by_key(key);
        groups.into_iter().map(|waits| group(waits, self.end)).collect()
    }
}

/// Whether it waits for nothing but a time.
fn is_idle(waiting: &Unfinished) -> bool {
    waiting.awaits == Awaited::Time
}

/// Whether it is told of where its other end waits: both ends of a connection that is open at both wait for each other.
/// Its opener's script is told, and of two opens that crossed, the first.
fn is_told_at_its_other_end(
    waiting: &Unfinished,
    by_life: &BTreeMap<Incarnation, &Unfinished>,
    attempts: &Attempts,
) -> bool {
    let Some((known, side)) = waiting.incarnation.and_then(|life| attempts.of(life)) else { return false };
    let (end, other) = (known.end(side), attempts.other_end(known, side));
    let (Some(life), Some(told)) = (end.life, other.life) else { return false };
    let is_last = Some(life.incarnation) == waiting.incarnation;
    let both_are_open = end.opened.is_some() && other.opened.is_some();
    let is_second = side == Side::Other || (known.is_crossed() && told.incarnation < life.incarnation);
    let tells = by_life.get(&told.incarnation).is_some_and(|told| waits_for_the_other_end(told.awaits));
    is_last && is_second && both_are_open && tells && waits_for_the_other_end(waiting.awaits)
}

const fn waits_for_the_other_end(awaits: Awaited) -> bool {
    matches!(awaits, Awaited::Octets | Awaited::EndOfData | Awaited::Opening)
}

/// How many wait, since when; and the one that waits longest. One alone is told as it is.
fn group(waits: Vec<Wait>, end: Instant) -> Vec<String> {
    let count = waits.len();
    let nanos: u128 = waits.iter().map(|wait| u128::from(end.since(wait.since).as_nanos())).sum();
    let last = waits.last().map_or(end, |wait| wait.since);
    let mut waits = waits.into_iter();
    let Some(longest) = waits.next() else { return Vec::new() };
    if count == 1 {
        return longest.paragraphs();
    }
    let mean = u64::try_from(nanos / count as u128).unwrap_or(u64::MAX);
    let [first, last] = [longest.since, last].map(milliseconds);
    let extent = format!("The first since {first} s, the last since {last} s; for {} on average.", seconds(mean));
    let Wait { kind, heading, sentences, .. } = longest;
    let head = [format!("{} {kind}", whole(count as u64)), extent, format!("The longest: {heading}.")];
    head.into_iter().chain(sentences).collect()
}

impl Wait {
    fn of(
        waiting: &Unfinished,
        by_life: &BTreeMap<Incarnation, &Unfinished>,
        (attempts, exchanges): (&Attempts, &Exchanges),
        names: Names<'_>,
    ) -> Self {
        let Unfinished { host, incarnation, remote, awaits, octets, since, .. } = *waiting;
        let known = incarnation.and_then(|life| attempts.of(life));
        let end = known.map(|(known, side)| known.end(side));
        let forged = || incarnation.and_then(|life| attempts.forged(life, exchanges)?.life);
        let name = match (end.and_then(|end| Some((end.life?, end))), forged()) {
            (Some((life, end)), _) => names.end(life, end),
            (None, Some(life)) => names.life(life),
            (None, None) => {
                let remote = remote.map_or(String::new(), |remote| format!(" ← {}", names.hosts.socket(remote)));
                format!("{}{remote}", names.host(host))
            }
        };
        let step = step(waiting, names);
        let heading = format!("{name}: waits since {since} s in {step}{}", lacks(awaits, octets));
        let (mut sentences, mut kind) = (Vec::new(), format!("scripts of {} wait in {step}", names.host(host)));
        if let (Some((known, side)), Some(end)) = (known, end)
            && waits_for_the_other_end(awaits)
        {
            let (told, in_kind) = Self::connection(known, (end, attempts.other_end(known, side)), by_life, names);
            sentences.extend(told);
            kind.push_str(&in_kind);
        }
        if awaits == Awaited::Worker {
            kind.push_str(" for a worker");
        }
        if incarnation.is_some() && known.is_none() {
            kind.push_str(" on connections that forged segments opened");
            sentences.push("A forged segment opened the connection.".to_owned());
        }
        Self { kind, since, heading, sentences }
    }

    /// What the connection and its other end are doing, in full and as a part of the kind.
    fn connection(
        known: &Known,
        (end, other): (&End, &End),
        by_life: &BTreeMap<Incarnation, &Unfinished>,
        names: Names<'_>,
    ) -> (Vec<String>, String) {
        let waits = other.life.and_then(|life| by_life.get(&life.incarnation));
        let mut sentences = Vec::new();
        let mut kind = String::new();
        if end.opened.is_none() {
            let (syns, syn_acks) = (known.syns.in_words(), known.syn_acks.in_words());
            sentences.push(format!("SYNs: {syns}. {}: {syn_acks}.", syn_acks_name(known)));
        } else if let Some(waiting) = waits {
            let (host, step, lacks) =
                (names.host(waiting.host), step(waiting, names), lacks(waiting.awaits, waiting.octets));
            sentences.push(format!("{host} waits, too, since {} s in {step}{lacks}.", waiting.since));
            kind = format!(", while {host} waits in {step}");
        } else if end.ghost {
            sentences.push("Nobody is at its other end.".to_owned());
            kind = ", at ghosts".to_owned();
        } else {
            sentences.extend(names.other_end(other, end));
            kind = match (other.ended, other.state) {
                (Some(ended), _) => format!(", and their other ends are over: {}", names.reason(&ended)),
                (None, Some(state)) => format!(", and their other ends are in {state}"),
                (None, None) => String::new(),
            };
            let life = other.life.filter(|life| life.passive && !other.accepted && other.state != Some(State::Closed));
            if let Some(life) = life.filter(|_| other.opened.is_some()) {
                let host = names.host(life.host);
                let busy = match known.waits_for_worker {
                    Some(1) => ": it waits for the only worker".to_owned(),
                    Some(many) if many > 1 => format!(": it waits for one of {} workers", whole(many.into())),
                    _ => String::new(),
                };
                sentences.push(format!("{host}'s application has not accepted it{busy}."));
                kind = format!("{kind}, not accepted{busy}");
            }
        }
        sentences.extend([end, other].into_iter().filter_map(|end| names.misled(end)));
        let timers = [end, other].into_iter().filter_map(|end| Some((end.deadline?, end.life?.host)));
        let next = timers.min_by_key(|((at, _), host)| (*at, *host));
        let timer = next.map_or(String::new(), |((at, timer), host)| {
            format!("; the next timer of the two, {}'s {}, fires at {at} s", names.host(host), timer_in_words(timer))
        });
        sentences.push(match known.flying() {
            0 => format!("Nothing is on its way between them{timer}."),
            1 => "1 segment is on its way between them.".to_owned(),
            flying => format!("{flying} segments are on their way between them."),
        });
        (sentences, kind)
    }

    fn paragraphs(self) -> Vec<String> {
        [self.heading].into_iter().chain(self.sentences).collect()
    }
}

/// ``step 2, `receive 101 B` ``
fn step(waiting: &Unfinished, names: Names<'_>) -> String {
    let Unfinished { host, script, step, awaits, .. } = *waiting;
    let several = names.hosts.has_several_scripts(host);
    let of = if several { format!(" of script {}", script + 1) } else { String::new() };
    match names.hosts.step(waiting) {
        Some(line) => format!("step {step}{of}, `{line}`"),
        None => format!("step {step}{of}, for {}", awaited(awaits)),
    }
}

/// What there is of what a script waits for, where its step does not say so.
fn lacks(awaits: Awaited, octets: u64) -> String {
    match awaits {
        Awaited::Octets if octets == 0 => ": nothing has come".to_owned(),
        Awaited::Octets => format!(": {octets} B have come"),
        Awaited::EndOfData => ": the peer has not closed".to_owned(),
        Awaited::Opening => ": the connection is not open".to_owned(),
        Awaited::Worker => ": no worker is free".to_owned(),
        Awaited::Reboot => ": its host is down".to_owned(),
        Awaited::Time => String::new(),
    }
}
