//! Who had to wait at a server, for what, and because of what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use experiment::record::{Attempt, Blame, Event, Record, Scarce, WaitEnd};
use experiment::{HostId, Latencies, Transfer};
use sim_time::Instant;

use super::extent::{Extent, FEW};
use super::in_the_way::{self, InTheWay, Log, Shares};
use super::known::Life;
use super::names::Names;
use super::places::{Places, Where, none_there};
use crate::amount::{rounded, whole};
use crate::hosts::Hosts;
use crate::packets::Packets;

/// Why clients wait for the end of a hold-down.
const HELD_DOWN: &str = "The server keeps the addresses and ports of an earlier connection closed (hold-down), or \
                         all ports after its reboot. TCP learns of the end when it asks again.";

/// So many kinds of things that are to blame for some waits are told.
const MOST_KINDS: usize = 3;

/// A client's wait at a server.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wait {
    host: HostId,
    port: u16,
    attempt: Attempt,
    /// The connection that the client opens, if it is known.
    opener: Option<Life>,
    scarce: Scarce,
    /// The script for whose worker it waits, if for that alone.
    script: Option<u16>,
    /// Where the server has its half-open entries.
    room: &'static str,
    /// How many there are of that, as far as their number has a limit.
    places: u32,
    /// What was in its way when it was refused, and when it was refused anew. Who waits for a worker has the line's.
    refused: Log,
    since: Instant,
    /// From when on it is measured: its beginning, or the end of the warm-up.
    measured: Instant,
    /// For how long all that it waits for had been taken before that; then, for how long something was free meanwhile.
    full_before: Option<u128>,
    free: Option<u128>,
    /// When it was over, and how it ended.
    end: Option<(Instant, End)>,
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Served,
    TurnedAway,
    Crashed,
    /// It waits for something else now.
    RefusedAnew,
}

/// The waits of a run: those that go on, and those that are over, by place or, if all are wanted, one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    going_on: BTreeMap<Attempt, Wait>,
    over: Vec<Wait>,
    groups: BTreeMap<Where, Group>,
    places: Places,
    in_the_way: InTheWay,
}

/// Waits at one place.
#[derive(Clone, Debug)]
struct Group {
    times: Latencies,
    nanos: u128,
    /// For how long of that something was free.
    free: u128,
    served: u64,
    turned_away: u64,
    extent: Extent,
    worst: Wait,
}

impl Waits {
    /// None yet, between hosts whose listeners have their half-open entries there, and so many.
    pub(super) fn new(half_open: &[(&'static str, u32)]) -> Self {
        Self { places: Places::new(half_open), ..Self::default() }
    }

    /// Takes a record, and which connection a client opens that begins to wait.
    pub(super) fn note(&mut self, record: &Record, opener: Option<Life>, all: bool) {
        let at = record.at;
        let before = match record.event {
            Event::Waits { attempt, .. } | Event::WaitOver { attempt, .. } => {
                self.going_on.get(&attempt).map(Wait::at_place)
            }
            _ => None,
        };
        self.in_the_way.note(record, before);
        match record.event {
            Event::Waits { host, port, attempt, scarce, script, places, blame, .. } => {
                if let Some(wait) = self.going_on.get_mut(&attempt).filter(|wait| wait.scarce == scarce) {
                    wait.refused.push((at, blame));
                    return;
                }
                self.end(attempt, (at, End::RefusedAnew), all);
                self.places.begin_wait((host, port, scarce), attempt, places, at);
                let full_before = self.places.full_nanos((host, port, scarce), at);
                let (room, refused) = (self.places.room(host).0, vec![(at, blame)]);
                let (since, measured, free, end) = (at, at, None, None);
                let wait = Wait {
                    host,
                    port,
                    attempt,
                    opener,
                    scarce,
                    script,
                    room,
                    places,
                    refused,
                    since,
                    measured,
                    full_before,
                    free,
                    end,
                };
                self.going_on.insert(attempt, wait);
            }
            Event::WaitOver { attempt, end, .. } => {
                let end = match end {
                    WaitEnd::Served => End::Served,
                    WaitEnd::TurnedAway => End::TurnedAway,
                    WaitEnd::Crashed => End::Crashed,
                };
                self.end(attempt, (at, end), all);
            }
            Event::WarmedUp => {
                self.places.begin_anew(at);
                self.over.clear();
                self.groups.clear();
                self.going_on.values_mut().for_each(|wait| wait.begin_anew(at));
            }
            _ => {}
        }
    }

    /// If a client waits, that is over.
    fn end(&mut self, attempt: Attempt, (at, end): (Instant, End), all: bool) {
        if let Some(wait) = self.going_on.remove(&attempt) {
            self.places.end_wait(wait.at_place(), (attempt, end != End::Served), at);
            let wait = Wait { end: Some((at, end)), ..self.with_free(wait, at) };
            self.add(wait, all, at);
        }
    }

    /// Takes what is held for a connection of an attempt, if that is known, to a port from now on.
    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer, attempt: Option<Attempt>) {
        self.places.transfer(at, transfer, attempt);
    }

    /// How many half-open entries a port had.
    pub(super) fn half_open(&self, at: (HostId, u16), end: Instant) -> Option<String> {
        self.places.half_open(at, end)
    }

    /// A wait up to `at`, with how long something was free meanwhile.
    fn with_free(&mut self, wait: Wait, at: Instant) -> Wait {
        let full = self.places.full_nanos(wait.at_place(), at).zip(wait.full_before);
        Wait { free: full.map(|(now, before)| wait.nanos(at).saturating_sub(now - before)), ..wait }
    }

    fn add(&mut self, wait: Wait, all: bool, end: Instant) {
        if all {
            self.over.push(wait);
            return;
        }
        match self.groups.get_mut(&wait.at_place()) {
            Some(group) => group.add(wait, end),
            None => {
                self.groups.insert(wait.at_place(), Group::of(wait, end));
            }
        }
    }

    /// What there is to tell of a run that ends at `end`, the worst first.
    pub(super) fn stories(mut self, all: bool, hosts: &Hosts, packets: &Packets, end: Instant) -> Vec<Vec<String>> {
        for wait in std::mem::take(&mut self.going_on).into_values() {
            let wait = self.with_free(wait, end);
            self.add(wait, all, end);
        }
        let mut single: Vec<(Wait, Shares)> = std::mem::take(&mut self.over)
            .into_iter()
            .map(|wait| {
                let shares = self.shares_of(&wait, end);
                (wait, shares)
            })
            .collect();
        let useful = |shares: &Shares| shares.keys().all(Option::is_none);
        single.sort_by_key(|(wait, shares)| (useful(shares), Reverse(wait.nanos(end)), wait.since, wait.attempt));
        let single = single.iter().map(|(wait, shares)| wait.story(shares, (hosts, packets), end).to_vec());
        let mut groups: Vec<Group> = std::mem::take(&mut self.groups).into_values().collect();
        groups.sort_by_key(|group| (Reverse(group.nanos), group.worst.since));
        let groups = groups.into_iter().map(|group| group.story(&self, (hosts, packets), end));
        single.chain(groups).collect()
    }

    /// For how long a client waited because of what.
    fn shares_of(&self, wait: &Wait, end: Instant) -> Shares {
        let log = match wait.scarce {
            Scarce::Workers => self.in_the_way.line((wait.host, wait.port, wait.script)),
            _ => &wait.refused,
        };
        let until = wait.end.map_or(end, |(at, _)| at);
        in_the_way::shares(log, wait.measured, until)
    }
}

impl Group {
    fn of(wait: Wait, end: Instant) -> Self {
        let (times, extent) = (Latencies::default(), Extent::default());
        let mut group = Self { times, nanos: 0, free: 0, served: 0, turned_away: 0, extent, worst: wait.clone() };
        group.add(wait, end);
        group
    }

    fn add(&mut self, wait: Wait, end: Instant) {
        let nanos = wait.nanos(end);
        self.times.add(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.nanos += nanos;
        self.free += wait.free.unwrap_or(0);
        self.served += u64::from(matches!(wait.end, Some((_, End::Served))));
        self.turned_away += u64::from(matches!(wait.end, Some((_, End::TurnedAway))));
        self.extent.add(wait.since, wait.measured);
        if nanos > self.worst.nanos(end) {
            self.worst = wait;
        }
    }

    /// How many waited how long for what, because of what; and the longest wait. One alone is told as it is.
    fn story(self, waits: &Waits, (hosts, packets): (&Hosts, &Packets), end: Instant) -> Vec<String> {
        let Self { times, nanos, free, served, turned_away, extent, worst } = self;
        let count = times.count();
        let [longest, how] = worst.story(&waits.shares_of(&worst, end), (hosts, packets), end);
        if count == 1 {
            return vec![longest, how];
        }
        let of_rank = |per_mille: u64| times.of_rank((count * per_mille).div_ceil(1000));
        let time = |nanos: Option<u64>| rounded(nanos.unwrap_or(0) as f64 / 1e9);
        let (server, what) = (hosts.name(worst.host), worst.what());
        let many = whole(count);
        // Such a wait is of one segment that was dropped.
        let twice = match worst.scarce {
            Scarce::AcceptQueue => " (a client may wait with its SYN, then with its ACK)",
            _ => "",
        };
        let heading = format!("{many} waits at {server}:{} for {what}{twice}: {} in all", worst.port, seconds(nanos));
        let mean = rounded(times.mean().unwrap_or(0.0) / 1e9);
        let turned_away = match turned_away {
            0 => "No client was turned away".to_owned(),
            1 => "1 client was turned away".to_owned(),
            _ => format!("{} clients were turned away", whole(turned_away)),
        };
        let most = match count {
            ..FEW => String::new(),
            _ => format!(", 99 % of them at most {} s", time(of_rank(990))),
        };
        let extent = format!(
            "{} Each took {mean} s on average{most}, the longest {} s. {turned_away}.",
            extent.in_words("began"),
            time(of_rank(1000)),
        );
        let (shares, place) = (waits.in_the_way.shares(worst.at_place(), end), worst.at_place());
        let mut why = in_words(by_kind(&shares, |blame| packets.group(blame, hosts)), nanos, Some(MOST_KINDS));
        let useful = shares.get(&None).copied().unwrap_or(0);
        if useful > 0 {
            why.push(waits.places.load(place, end).unwrap_or_else(|| HELD_DOWN.to_owned()));
            if worst.scarce != Scarce::HoldDown && worst.places > 0 && free < nanos {
                let useful = worst.useful_in_the_way(useful, free, hosts);
                why.extend(nothing_to_blame(useful, nanos, worst.ahead("their", hosts)));
            }
        }
        if free > 0 && worst.knows_what_is_free(hosts) {
            why.push(format!("For {} of it {}", seconds(free), worst.past_a_free_one(served > 0)));
        }
        let alike = nanos == u128::from(count) * worst.nanos(end);
        let which = if alike { "For example" } else { "The longest" };
        vec![heading, extent, why.join(" "), format!("{which}: {longest}. {how}")]
    }
}

/// For how long each kind of thing is to blame, the worst first.
fn by_kind(shares: &Shares, words: impl Fn(Blame) -> String) -> Vec<(String, u128)> {
    let mut kinds: BTreeMap<String, u128> = BTreeMap::new();
    for (blame, nanos) in shares {
        if let Some(blame) = blame {
            *kinds.entry(words(*blame)).or_default() += nanos;
        }
    }
    let mut kinds: Vec<(String, u128)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, nanos)| Reverse(*nanos));
    kinds
}

/// What is to blame for a wait of so long, so many of them at most. What alone is to blame for all of it has no amount.
fn in_words(kinds: Vec<(String, u128)>, all: u128, most: Option<usize>) -> Vec<String> {
    if let [(kind, nanos)] = &kinds[..]
        && *nanos == all
    {
        return vec![format!("To blame: {kind}.")];
    }
    let told = most.unwrap_or(kinds.len());
    let mut words: Vec<String> =
        kinds.iter().take(told).map(|(kind, nanos)| format!("To blame for {}: {kind}.", seconds(*nanos))).collect();
    let others: u128 = kinds.iter().skip(told).map(|(_, nanos)| nanos).sum();
    if others > 0 {
        words.push(format!("To blame for {}: {} others.", seconds(others), kinds.len() - told));
    }
    words
}

/// That nothing is to blame for so much of a wait, but what was `ahead`.
fn nothing_to_blame(useful: u128, all: u128, ahead: String) -> Option<String> {
    match useful {
        0 => None,
        _ if useful == all => Some(format!("Only {ahead}.")),
        _ => Some(format!("For {} only {ahead}.", seconds(useful))),
    }
}

impl Wait {
    fn nanos(&self, end: Instant) -> u128 {
        let until = self.end.map_or(end, |(at, _)| at);
        u128::from(until.since(self.measured).as_nanos())
    }

    /// For how much of the time in which nothing is to blame useful connections were in the way: of those in line, not while a
    /// worker was free.
    fn useful_in_the_way(&self, useful: u128, free: u128, hosts: &Hosts) -> u128 {
        match self.scarce {
            Scarce::Workers if self.knows_what_is_free(hosts) => useful.saturating_sub(free),
            _ => useful,
        }
    }

    /// Whether it is known how long something was free: workers of several scripts are not told apart.
    fn knows_what_is_free(&self, hosts: &Hosts) -> bool {
        self.scarce != Scarce::Workers || !hosts.has_several_scripts(self.host)
    }

    /// What was in the way of one for whose wait nothing is to blame. One of several scripts may have had a free worker that
    /// had not come to accept.
    fn ahead(&self, whose: &str, hosts: &Hosts) -> String {
        match self.knows_what_is_free(hosts) {
            true => format!("useful connections were in {whose} way"),
            false => format!("useful connections, or none, were in {whose} way"),
        }
    }

    /// Nothing of it has been measured before `at`.
    fn begin_anew(&mut self, at: Instant) {
        self.measured = at;
        self.full_before = self.full_before.map(|_| 0);
    }

    /// Why a client waits although something is free.
    const fn past_a_free_one(&self, served: bool) -> &'static str {
        match (self.scarce, served) {
            (Scarce::Workers, _) => "a worker was free, but the application did not accept.",
            (_, true) => "a place was free. The server does not say so: TCP asks again when it retransmits.",
            (_, false) => "a place was free. The server does not say so, and no segment came while one was.",
        }
    }

    /// What it waits for, and how many there are of that.
    fn which(&self) -> String {
        let what = self.what();
        match (self.places, what.strip_prefix("a ")) {
            (1, Some(noun)) if !self.is_of_a_cache() => format!("the only {noun}"),
            (1.., Some(_)) => format!("{what} (of {})", whole(self.places.into())),
            _ => what,
        }
    }

    /// Whether its entry was evicted: a cache keeps nobody waiting otherwise.
    fn is_of_a_cache(&self) -> bool {
        self.scarce == Scarce::SynBacklog && self.room == "SYN cache"
    }

    /// What it waits for.
    fn what(&self) -> String {
        match self.scarce {
            Scarce::SynBacklog if self.is_of_a_cache() => "a new place in the SYN cache".to_owned(),
            Scarce::SynBacklog => format!("a place in the {}", self.room),
            Scarce::AcceptQueue => "a place in the accept queue".to_owned(),
            Scarce::Workers if self.places == 0 => "the application to accept it".to_owned(),
            Scarce::Workers => "a worker".to_owned(),
            Scarce::HoldDown => "the end of a hold-down".to_owned(),
        }
    }

    const fn at_place(&self) -> Where {
        (self.host, self.port, self.scarce)
    }

    /// Who waited how long for what; and what was in the way, and how it ended.
    fn story(&self, shares: &Shares, (hosts, packets): (&Hosts, &Packets), end: Instant) -> [String; 2] {
        let (server, what) = (hosts.name(self.host), self.which());
        let nameless = || format!("{} #{}", hosts.name(self.attempt.host), self.attempt.ordinal);
        let client = self.opener.map_or_else(nameless, |life| Names { packets, hosts }.life(life));
        let until = self.end.map_or(format!("the end of the run, {end} s"), |(at, _)| format!("{at} s"));
        let time = seconds(self.nanos(end));
        let since = self.since;
        let measured = match self.measured > since {
            true => format!(", measured from {} s", self.measured),
            false => String::new(),
        };
        let port = self.port;
        let heading =
            format!("{client} waited at {server}:{port} for {what}, from {since} s to {until}{measured}: {time}");
        let all = self.nanos(end);
        let mut why = in_words(by_kind(shares, |blame| packets.blamed(blame, hosts)), all, None);
        let useful = shares.get(&None).copied().unwrap_or(0);
        if all == 0 {
            why = vec!["It took no time.".to_owned()];
        } else if self.scarce == Scarce::HoldDown {
            why.push(HELD_DOWN.to_owned());
        } else if self.places == 0 && useful > 0 {
            why.push(none_there(self.scarce).to_owned());
        } else if self.free != Some(all) {
            let useful = self.useful_in_the_way(useful, self.free.unwrap_or(0), hosts);
            why.extend(nothing_to_blame(useful, all, self.ahead("its", hosts)));
        }
        let why = why.join(" ");
        let evicted = if self.is_of_a_cache() { "Its half-open entry had been evicted. " } else { "" };
        let told = |free: &u128| *free > 0 && !self.is_of_a_cache() && self.knows_what_is_free(hosts);
        let free = self.free.filter(told).map_or(String::new(), |free| {
            let why = self.past_a_free_one(matches!(self.end, Some((_, End::Served))));
            format!(" For {} s of that {why}", rounded(free as f64 / 1e9))
        });
        let how = match self.end {
            Some((_, End::Served)) if self.scarce == Scarce::Workers && self.places == 0 => " Then it did.",
            Some((_, End::Served)) => " Then it had what it waited for.",
            Some((_, End::TurnedAway)) => " Then its connection was over: it was turned away.",
            Some((_, End::Crashed)) => " Then a crash ended the wait.",
            Some((_, End::RefusedAnew)) => " Then it was refused for want of something else.",
            None => "",
        };
        [heading, format!("{evicted}{why}{free}{how}").trim_start().to_owned()]
    }
}

fn seconds(nanos: u128) -> String {
    format!("{} client·s", rounded(nanos as f64 / 1e9))
}
