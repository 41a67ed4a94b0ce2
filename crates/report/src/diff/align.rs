//! Aligns two observations and finds the first difference.

use std::collections::{BTreeMap, BTreeSet};

use sim_time::{Duration, Instant};

use super::{Agreement, Comparison, End, Mark, Observation, Pair, Seen, lives, tolerance};

/// Holds `ours`, usually a run, against `theirs`, usually a recording, whose times set the tolerance.
///
/// Hosts are matched by name or, if the names are not the same ones, by the order in which they appear; connections likewise
/// by port. If it is known when one of the two ends, nothing later is compared.
#[must_use]
pub fn compare(ours: &Observation, theirs: &Observation) -> Comparison {
    let theirs = &with_hosts_of(ours, theirs);
    let connections = Connections::new(ours, theirs);
    let end = [ours.end, theirs.end].into_iter().flatten().min();
    let mut segments =
        Alignment { ours: &ours.segments, theirs: &theirs.segments, connections: &connections, end, rows: Vec::new() };
    let mut agreement = segments.align();
    let rows = segments.rows;
    let (lives, difference) = lives::compare(ours, theirs, &connections);
    if let (Some(difference), false) = (difference, matches!(agreement, Agreement::Differs(_))) {
        agreement = Agreement::Differs(difference);
    }
    Comparison { rows, lives, first_host: hosts(ours).into_iter().next(), agreement }
}

/// The hosts of an observation, in the order in which they appear.
fn hosts(of: &Observation) -> Vec<String> {
    let mut hosts = Vec::new();
    let ends = of.segments.iter().flat_map(|seen| [&seen.from, &seen.to]);
    for end in ends.chain(of.changes.iter().flat_map(|change| [&change.end, &change.peer])) {
        if !hosts.contains(&end.host) {
            hosts.push(end.host.clone());
        }
    }
    // A recording may begin with a segment of the server, yet the names that both use are the better guide.
    hosts.sort_by_key(|host| host != "client");
    hosts
}

fn with_hosts_of(ours: &Observation, theirs: &Observation) -> Observation {
    let (known, named) = (hosts(ours), hosts(theirs));
    let mut result = theirs.clone();
    if named.iter().all(|host| known.contains(host)) || known.iter().all(|host| named.contains(host)) {
        return result;
    }
    let renamed: BTreeMap<String, String> = named.into_iter().zip(known).collect();
    let rename = |end: &mut End| {
        if let Some(name) = renamed.get(&end.host) {
            end.host.clone_from(name);
        }
    };
    for seen in &mut result.segments {
        rename(&mut seen.from);
        rename(&mut seen.to);
    }
    for change in &mut result.changes {
        rename(&mut change.end);
        rename(&mut change.peer);
    }
    result
}

/// Numbers for the connections of both observations, so that the same connection has the same number in both.
pub(super) struct Connections {
    ours: BTreeMap<(End, End), usize>,
    theirs: BTreeMap<(End, End), usize>,
}

impl Connections {
    fn new(ours: &Observation, theirs: &Observation) -> Self {
        let (mut ours, mut theirs) = (in_order(ours), in_order(theirs));
        let set = |connections: &[(End, End)]| connections.iter().cloned().collect::<BTreeSet<_>>();
        if set(&ours) == set(&theirs) {
            ours.sort();
            theirs.sort();
        }
        let numbered = |connections: Vec<(End, End)>| connections.into_iter().zip(0..).collect();
        Self { ours: numbered(ours), theirs: numbered(theirs) }
    }

    pub(super) fn of_ours(&self, one: &End, other: &End) -> Option<usize> {
        self.ours.get(&pair(one, other)).copied()
    }

    pub(super) fn of_theirs(&self, one: &End, other: &End) -> Option<usize> {
        self.theirs.get(&pair(one, other)).copied()
    }
}

fn pair(one: &End, other: &End) -> (End, End) {
    (one.min(other).clone(), one.max(other).clone())
}

/// The connections in the order in which they appear.
fn in_order(of: &Observation) -> Vec<(End, End)> {
    let segments = of.segments.iter().map(|seen| (seen.at, pair(&seen.from, &seen.to)));
    let changes = of.changes.iter().map(|change| (change.at, pair(&change.end, &change.peer)));
    let mut all: Vec<_> = segments.chain(changes).collect();
    all.sort();
    let mut connections: Vec<(End, End)> = Vec::new();
    for (_, connection) in all {
        if !connections.contains(&connection) {
            connections.push(connection);
        }
    }
    connections
}

/// Whether a time is close enough to the recorded one.
pub(super) fn close(ours: Duration, theirs: Duration) -> bool {
    let apart = ours.saturating_sub(theirs).max(theirs.saturating_sub(ours));
    apart <= tolerance(theirs)
}

struct Alignment<'a> {
    ours: &'a [Seen],
    theirs: &'a [Seen],
    connections: &'a Connections,
    end: Option<Instant>,
    rows: Vec<Pair<Seen>>,
}

impl Alignment<'_> {
    fn align(&mut self) -> Agreement {
        let (mut i, mut j) = (0, 0);
        let (mut last_ours, mut last_theirs) = (Instant::ZERO, Instant::ZERO);
        let mut tie = None;
        loop {
            self.injected(&mut i, &mut j);
            let (Some(ours), Some(theirs)) = (self.ours.get(i), self.theirs.get(j)) else { break };
            let gaps = (ours.at.since(last_ours), theirs.at.since(last_theirs));
            match self.difference(ours, theirs, gaps) {
                None => {
                    self.push(i, j, Mark::Same);
                    (last_ours, last_theirs) = (ours.at, theirs.at);
                    (i, j) = (i + 1, j + 1);
                }
                Some(difference) => {
                    let Some(words) = self.tie(i, j) else {
                        self.push(i, j, Mark::Different);
                        self.rest(i + 1, j + 1);
                        return Agreement::Differs(difference);
                    };
                    tie.get_or_insert(words);
                    self.push(i, j + 1, Mark::Tie);
                    self.push(i + 1, j, Mark::Tie);
                    (last_ours, last_theirs) = (self.ours[i + 1].at, self.theirs[j + 1].at);
                    (i, j) = (i + 2, j + 2);
                }
            }
        }
        let missing = self.unmatched(i, j);
        self.rest(i, j);
        if missing.is_some()
            && let Some(row) = self.rows.iter_mut().find(|row| row.mark == Mark::Unmatched)
        {
            row.mark = Mark::Different;
        }
        match (missing, tie) {
            (Some(difference), _) => Agreement::Differs(difference),
            (None, Some(tie)) => Agreement::UpToATie(tie),
            (None, None) => Agreement::Agrees,
        }
    }

    /// Passes over what was put on the wire by the set-up.
    fn injected(&mut self, i: &mut usize, j: &mut usize) {
        let is_injected = |side: &[Seen], place: usize| side.get(place).is_some_and(|seen| seen.injected);
        loop {
            let (ours, theirs) = (is_injected(self.ours, *i), is_injected(self.theirs, *j));
            if !ours && !theirs {
                return;
            }
            let row = Pair {
                ours: self.ours.get(*i).filter(|_| ours).cloned(),
                theirs: self.theirs.get(*j).filter(|_| theirs).cloned(),
                mark: Mark::Injected,
            };
            self.rows.push(row);
            *i += usize::from(ours);
            *j += usize::from(theirs);
        }
    }

    fn push(&mut self, i: usize, j: usize, mark: Mark) {
        self.rows.push(Pair { ours: self.ours.get(i).cloned(), theirs: self.theirs.get(j).cloned(), mark });
    }

    fn rest(&mut self, mut i: usize, mut j: usize) {
        while i < self.ours.len() || j < self.theirs.len() {
            self.push(i, j, Mark::Unmatched);
            (i, j) = (i + 1, j + 1);
        }
    }

    /// A segment that one of the two lacks, though it was looked for long enough.
    fn unmatched(&self, i: usize, j: usize) -> Option<String> {
        let counts = |seen: &&Seen| {
            !seen.injected && self.end.is_none_or(|end| seen.at + tolerance(seen.at.since_start()) <= end)
        };
        let (ours, theirs) = (self.ours.get(i).filter(counts), self.theirs.get(j).filter(counts));
        match (ours, theirs) {
            (Some(seen), _) => {
                Some(format!("{} sends {} at {} s, which the other does not", seen.from.host, label(seen), seen.at))
            }
            (None, Some(seen)) => {
                Some(format!("{} does not send {}, recorded at {} s", seen.from.host, label(seen), seen.at))
            }
            (None, None) => None,
        }
    }

    /// Where two segments differ, in words. The gaps are the times since the segments before them.
    fn difference(&self, ours: &Seen, theirs: &Seen, gaps: (Duration, Duration)) -> Option<String> {
        if let Some(difference) = self.content(ours, theirs) {
            return Some(difference);
        }
        let (at, recorded) = (ours.at.since_start(), theirs.at.since_start());
        let what = label(ours);
        if !close(at, recorded) {
            return Some(format!("{} sends {what} at {} s, recorded {} s", ours.from.host, ours.at, theirs.at));
        }
        // Either of the two segments may be off by the tolerance.
        let apart = gaps.0.saturating_sub(gaps.1).max(gaps.1.saturating_sub(gaps.0));
        if apart > tolerance(gaps.1) + tolerance(gaps.1) {
            let gaps = format!("{} after the segment before it, recorded {}", gaps.0, gaps.1);
            return Some(format!("{} sends {what} at {} s, {gaps}", ours.from.host, ours.at));
        }
        None
    }

    fn content(&self, ours: &Seen, theirs: &Seen) -> Option<String> {
        let connections =
            (self.connections.of_ours(&ours.from, &ours.to), self.connections.of_theirs(&theirs.from, &theirs.to));
        let same = ours.from.host == theirs.from.host
            && connections.0 == connections.1
            && ours.flags == theirs.flags
            && ours.seq.agrees(theirs.seq)
            && ours.ack.agrees(theirs.ack)
            && ours.len == theirs.len;
        (!same).then(|| {
            let port = |seen: &Seen| format!("{}:{}", seen.from.host, seen.from.port);
            format!(
                "{} sends {} at {} s, recorded: {} sends {} at {} s",
                port(ours),
                label(ours),
                ours.at,
                port(theirs),
                label(theirs),
                theirs.at
            )
        })
    }

    /// Whether the next two segments of either side are the same two, of different senders, sent at about the same time in
    /// the other order.
    fn tie(&self, i: usize, j: usize) -> Option<String> {
        let (ours, theirs) = (self.ours.get(i..i + 2)?, self.theirs.get(j..j + 2)?);
        let two_senders = ours[0].from != ours[1].from;
        let crossed = self.content(&ours[0], &theirs[1]).or(self.content(&ours[1], &theirs[0])).is_none();
        let together = |pair: &[Seen]| pair[1].at.since(pair[0].at) <= tolerance(Duration::ZERO);
        let timely = close(ours[0].at.since_start(), theirs[1].at.since_start())
            && close(ours[1].at.since_start(), theirs[0].at.since_start());
        (two_senders && crossed && together(ours) && together(theirs) && timely)
            .then(|| format!("{} and {} at {} s in either order", label(&ours[0]), label(&ours[1]), ours[0].at))
    }
}

/// A segment in short: `PA 1/101, 100 B`.
pub(super) fn label(seen: &Seen) -> String {
    let flags = if seen.flags.is_empty() { "no flags" } else { &seen.flags };
    let ack = if seen.flags.contains('A') { format!("/{}", seen.ack) } else { String::new() };
    let len = if seen.len > 0 { format!(" {} B", seen.len) } else { String::new() };
    format!("{flags} {}{ack}{len}", seen.seq)
}
