//! One story: why an incarnation was held for nobody, and what to blame. Every sentence follows from records.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::iter::repeat_n;

use experiment::HostId;
use experiment::record::{Attempt, Blame, Cause, Deaf, Incarnation, Memory, RecordId, StateChange, Worth};
use net_link::Loss;
use sim_time::Instant;
use tcp_endpoint::{EntryKind, FourTuple, Reason, State};

use super::costs::{Amount, Cost};
use super::exchange::{Change, Exchange, Met, Packet, Segment, Verdict};
use super::names::queue_name;
use crate::amount::whole;
use crate::hosts::Hosts;
use crate::packets::{Packets, sender};
use crate::wrap::listed;

/// So many events in the life of what was wasted are told, and so many packets to blame.
const TOLD: usize = 8;

/// So many that are alike and not the same are told each.
const ALIKE: usize = 2;

/// What held an incarnation for nobody, by what stories are put in groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Story {
    /// What it cost.
    pub(super) cost: Amount,
    pub(super) since: Instant,
    /// What was held, without numbers.
    pub(super) held: String,
    /// What it is one of many of: where it was, and what is to blame for most of it.
    pub(super) group: String,
    /// What each kind of thing is to blame for.
    pub(super) blames: Vec<(String, Amount)>,
    /// The port that it was half-open at, if it was.
    pub(super) half_open_at: Option<(HostId, u16)>,
}

/// Why it was held for nobody, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Text {
    /// What was held, for how long, and what that came to.
    pub(super) heading: String,
    /// Why.
    pub(super) sentences: Vec<String>,
}

impl Text {
    /// Its heading and its sentences.
    pub(super) fn paragraphs(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.heading).chain(&self.sentences).map(String::as_str)
    }
}

/// Who can tell of each incarnation that cost something while it was of no use.
pub(super) fn tellers<'a>(
    exchange: &'a Exchange,
    hosts: &'a Hosts,
    packets: &'a Packets,
) -> impl Iterator<Item = Teller<'a>> {
    exchange.costs().filter_map(move |(of, cost)| Teller::new(exchange, hosts, packets, of, cost))
}

/// Tells of one incarnation, or of what was sent by a host that kept nothing.
pub(super) struct Teller<'a> {
    exchange: &'a Exchange,
    hosts: &'a Hosts,
    /// Those of the whole run: a packet to blame may have gone between other sockets.
    packets: &'a Packets,
    incarnation: Option<Incarnation>,
    cost: &'a Cost,
    birth: Birth,
    /// From which record on it was of no use, and whether it had been of use before.
    judged: RecordId,
    was_useful: bool,
    /// The record that made it useless, if it had been of use.
    left_by: Option<RecordId>,
    /// Whether this end opened it.
    active: bool,
    /// The name of its host.
    here: &'a str,
    /// The name of the other end's host, or its address if that is nobody's.
    there: String,
}

/// How it began.
struct Birth {
    host: HostId,
    tuple: FourTuple,
    attempt: Attempt,
    id: RecordId,
    at: Instant,
    /// The record of what had just arrived, and the segment that was.
    because: Option<RecordId>,
    of: Option<RecordId>,
}

/// Something that happened to what was wasted, or that was sent for it.
#[derive(Clone)]
struct Scene {
    /// The record by which it is put in order.
    id: RecordId,
    at: Instant,
    /// It as a sentence of its own, or two.
    alone: String,
    /// Where there may be more of its kind: what each is, and what became of each. Those that agree in both are told
    /// together.
    among_others: Option<(String, String)>,
    /// The same without numbers, and what the segment is called: many that agree in this are told together, too.
    kind: Option<Kind>,
    /// Whether it tells a verdict.
    verdict: bool,
}

/// What a scene is one of many of.
#[derive(Clone)]
struct Kind {
    what: String,
    became: String,
    label: String,
}

impl Scene {
    const fn is_verdict(&self) -> bool {
        self.verdict
    }

    /// Whether both are of one kind.
    fn is_like(&self, other: &Self) -> bool {
        let kind = |scene: &Self| scene.kind.as_ref().map(|kind| (kind.what.clone(), kind.became.clone()));
        self.kind.is_some() && kind(self) == kind(other)
    }
}

/// How a segment and what became of it are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By itself, with its times.
    Alone,
    /// As one of several that are the same.
    Each,
    /// As one of several that are alike, without numbers.
    Kind,
}

impl<'a> Teller<'a> {
    fn new(
        exchange: &'a Exchange,
        hosts: &'a Hosts,
        packets: &'a Packets,
        incarnation: Option<Incarnation>,
        cost: &'a Cost,
    ) -> Option<Self> {
        let (birth, judged, left_by, active) = match incarnation {
            Some(incarnation) => {
                let &Change { id, at, change, because, after, .. } = exchange.changes_of(incarnation).next()?;
                let StateChange { host, tuple, attempt, .. } = change;
                let verdict = exchange.verdicts_on(incarnation).find(|verdict| verdict.worth.blame().is_some())?;
                let left_by = verdict.because.filter(|left_by| *left_by != id);
                let birth = Birth { host, tuple, attempt, id, at, because, of: after };
                (birth, verdict.id, left_by, !change.passive)
            }
            None => {
                let wasted = |packet: &&Packet| packet.is_offer() && packet.sent.wasted;
                let &Packet { id, at, ref sent, because, answers, .. } =
                    exchange.connectionless(RecordId::new(0)).find(wasted)?;
                let tuple = FourTuple { local: sent.source, remote: sent.destination };
                let birth = Birth { host: sent.from?, tuple, attempt: sent.attempt, id, at, because, of: answers };
                (birth, id, None, false)
            }
        };
        let was_useful = left_by.is_some();
        let there = match hosts.at(*birth.tuple.remote.ip()) {
            Some(other) => hosts.name(other).to_owned(),
            None => birth.tuple.remote.ip().to_string(),
        };
        let here = hosts.name(birth.host);
        Some(Self {
            exchange,
            hosts,
            packets,
            incarnation,
            cost,
            birth,
            judged,
            was_useful,
            left_by,
            active,
            here,
            there,
        })
    }

    /// What it comes to.
    pub(super) fn story(&self) -> Story {
        let half_open = self.cost.memories.contains(&Memory::Entry(EntryKind::HalfOpen));
        Story {
            cost: self.cost.amount(),
            since: self.cost.since,
            held: self.held(),
            group: self.group(),
            blames: self.blames(),
            half_open_at: half_open.then(|| (self.birth.host, self.birth.tuple.local.port())),
        }
    }

    /// How it came to that, in a run that is measured from `from` to `end`.
    pub(super) fn text(&self, (from, end): (Instant, Instant), all: bool) -> Text {
        let mut sentences = vec![self.opening()];
        sentences.extend(self.brought_there());
        sentences.extend(self.left_alone());
        let scenes = self.scenes();
        sentences.extend(together(&scenes));
        sentences.extend(self.outcome());
        sentences.extend(self.blame(all));
        Text { heading: self.heading(from, end), sentences }
    }

    /// `server:80 ← client:49152, a connection, held for nobody from 5.000 s to 5.100 s: 358 B·s and 2 segments`
    fn heading(&self, from: Instant, end: Instant) -> String {
        let socket = if self.cost.memories.contains(&Memory::Socket) { " with its socket" } else { "" };
        let until = self.cost.until.map_or(format!("the end of the run, {end} s"), |until| format!("{until} s"));
        let (mut held, since) = (self.held(), self.cost.since);
        held.push_str(&match self.incarnation {
            Some(_) => format!("{socket}, held for nobody from {since} s to {until}"),
            None => format!(", the first at {since} s"),
        });
        if since < from {
            held.push_str(&format!(", measured from {from} s"));
        }
        let Birth { tuple: FourTuple { local, remote }, .. } = self.birth;
        let cost = self.cost.amount();
        let arrow = if self.active { '→' } else { '←' };
        let attempt = self.birth.attempt;
        let ordinal = if attempt.is_forged() { String::new() } else { format!(" #{}", attempt.ordinal) };
        format!("{} {arrow} {}{ordinal}, {held}: {cost}", self.hosts.socket(local), self.hosts.socket(remote))
    }

    /// `a half-open entry, then a connection`
    fn held(&self) -> String {
        let mut verdicts = self.incarnation.into_iter().flat_map(|incarnation| self.exchange.verdicts_on(incarnation));
        let is_ghost = verdicts.any(|verdict| matches!(verdict.worth, Worth::Ghost(_)));
        let word = |memory: &Memory| match entry(*memory)? {
            "a connection" if is_ghost => Some("a ghost connection"),
            word => Some(word),
        };
        let entries: Vec<&str> = self.cost.memories.iter().filter_map(word).collect();
        if self.incarnation.is_some() { entries.join(", then ") } else { "SYN cookies for nobody".to_owned() }
    }

    /// `at server:80, because of a forged segment: SYN to server:80`
    fn group(&self) -> String {
        let worst = self.cost.blames().max_by_key(|(_, cost)| *cost).map(|(blame, _)| blame);
        let why = worst.map_or(String::new(), |blame| self.kind(blame));
        let Birth { tuple: FourTuple { local, .. }, .. } = self.birth;
        let port = if self.active { String::new() } else { format!(":{}", local.port()) };
        format!("at {}{port}, because of {why}", self.here)
    }

    fn blames(&self) -> Vec<(String, Amount)> {
        self.cost.blames().map(|(blame, cost)| (self.kind(blame), cost)).collect()
    }

    /// What it was born of.
    fn opening(&self) -> String {
        let born = self.birth.at;
        let began = if self.incarnation.is_some() { "opened it" } else { "was answered" };
        let Some(packet) = self.packet(self.birth.of) else {
            return format!("{} opened it at {born} s.", self.here);
        };
        let (Packet { at, sent, .. }, label) = (packet, packet.label());
        let opener = self.sender(sent);
        if sent.forged {
            let why = match sent.from {
                Some(_) => format!("{opener} did not send it"),
                None => format!("nobody has the address {opener}"),
            };
            return format!("A forged {label}, sent at {at} s, {began}: {why}.");
        }
        let mut words = format!("{label} of {opener}, sent at {at} s, came at {born} s");
        let arrival = self.exchange.arrivals_of(packet).find(|arrival| Some(arrival.id) == self.birth.because);
        let before = words.len();
        let by = sent.fault.map_or(String::new(), |fault| format!(" by fault {}", fault + 1));
        match arrival.map_or(0, |arrival| arrival.copy) {
            0 if !by.is_empty() && !self.was_useful && sent.copies == 1 => {
                words.push_str(&format!(", delayed{by}"));
            }
            0 => {}
            _ => {
                let first = sent.comes_at;
                words.push_str(&format!(" once more, duplicated{by} (the first copy at {first} s)"));
            }
        }
        let mark = if words.len() > before { "," } else { "" };
        words.push_str(&format!("{mark} and {began}"));
        let at_once = match self.changes().next() {
            Some(first) if !self.active && sent.flags.syn() && first.change.to.synchronized() => {
                format!(" A SYN is enough for {}: it was {} at once.", self.here, first.change.to)
            }
            _ => String::new(),
        };
        format!("{words}.{at_once}{}", self.by_then(packet))
    }

    /// What its opener had come to by the time it was born, if nobody waited for it any more.
    fn by_then(&self, opening: &Packet) -> String {
        if self.was_useful {
            return String::new();
        }
        let opener = opening.sent.incarnation.filter(|_| opening.sent.flags.syn()).into_iter();
        let again = opener.flat_map(|opener| self.exchange.sent_by(opener)).find(|packet| {
            packet.sent.flags.syn() && packet.retransmission > opening.retransmission && packet.id < self.birth.id
        });
        let mut deeds: Vec<String> =
            again.map(|packet| format!("sent it again at {} s", packet.at)).into_iter().collect();
        let life = opening.sent.incarnation.map(|incarnation| self.exchange.changes_of(incarnation));
        let before: Vec<&Change> = life.into_iter().flatten().filter(|change| change.id < self.birth.id).collect();
        if let Some(open) = before.iter().find(|change| change.change.to == State::Established) {
            deeds.push(format!("become ESTABLISHED at {} s", open.at));
        }
        match before.last() {
            Some(last) if last.change.to == State::Closed => {
                deeds.push(self.ended(last, &format!(" at {} s", last.at)));
            }
            Some(last) if last.change.to != State::Established => {
                deeds.push(format!("come to {} at {} s", last.change.to, last.at));
            }
            _ => {}
        }
        if deeds.is_empty() { String::new() } else { format!(" By then {} had {}.", self.there, listed(&deeds)) }
    }

    /// What brought it to the state in which nobody was at its other end, if a segment did at that moment.
    fn brought_there(&self) -> Option<String> {
        let arrival = self.exchange.arrival_behind(self.left_by?)?;
        let then = |change: &&Change| change.id < self.judged && change.id > self.birth.id.max(arrival);
        let last = self.changes().filter(then).last()?;
        let packet = self.packet(last.after)?;
        let (said, at, to) = (self.said(packet), packet.at, last.change.to);
        Some(format!("{said}, sent at {at} s, came at {} s and brought it to {to}.", last.at))
    }

    /// How the other end came to leave it alone, if it was of use at first.
    fn left_alone(&self) -> Option<String> {
        if !self.was_useful {
            return None;
        }
        let since = self.cost.since;
        let nobody = format!("From {since} s on nobody was at its other end");
        let other = |change: &&Change| change.change.host != self.birth.host;
        let end = self.left_by.and_then(|left_by| self.exchange.change(left_by)).filter(other);
        let Some(end) = end else {
            // What answered it may have ended before the answer came.
            let (before, _) = self.exchange.changes_around(self.judged);
            let over = before.iter().rev().find(other).filter(|change| change.change.to == State::Closed);
            let how = over.map(|end| format!(": {} had {}", self.there, self.ended(end, &format!(" at {} s", end.at))));
            return Some(format!("{nobody}{}.{}", how.unwrap_or_default(), self.cookies().unwrap_or_default()));
        };
        if end.change.to != State::Closed {
            return Some(format!("{nobody}: {} had another connection, in {}.", self.there, end.change.to));
        }
        let mut words = format!("{nobody}: {} had {}.", self.there, self.ended(end, ""));
        let mut said = self.exchange.sent_by(end.change.incarnation);
        let is_to_blame =
            |packet: &&Packet| self.cost.is_charged_to(Blame { cause: Cause::Lost, record: Some(packet.id) });
        let said =
            said.find(|packet| packet.sent.flags.rst() && (packet.because == end.because || is_to_blame(packet)));
        if let Some(packet) = said {
            // What an arrival brought about is told of in its turn.
            let fate = match self.exchange.arrivals_of(packet).next() {
                None => format!(", which {}", not_arrived(&packet.sent)),
                Some(_) => String::new(),
            };
            words.push_str(&format!(" It said so with {}{fate}.", packet.label()));
        }
        Some(words)
    }

    /// That the other end is a listener with SYN cookies, and what became of the answer to its cookie.
    fn cookies(&self) -> Option<String> {
        let opened = self.changes().filter(|change| change.id < self.judged).last()?;
        self.packet(opened.after).filter(|packet| packet.is_offer())?;
        let ours = self.cost.blames().filter_map(|(blame, _)| self.packet(blame.record));
        let mut ours = ours.filter(|packet| packet.sent.incarnation == self.incarnation);
        let fate = ours.next().filter(|packet| self.exchange.arrivals_of(packet).next().is_none());
        let fate = fate.map_or(String::new(), |packet| format!(" {} {}.", packet.label(), not_arrived(&packet.sent)));
        Some(format!(" {} keeps nothing before the ACK comes (SYN cookies).{fate}", self.there))
    }

    /// How a connection at the other end came to its end (and when), as it is said after `had`.
    fn ended(&self, end: &Change, when: &str) -> String {
        let StateChange { from, reason, .. } = end.change;
        let segment = self.packet(end.after).map_or("a segment".to_owned(), name);
        match reason {
            Reason::Call => format!("aborted{when} (by a call of its application)"),
            Reason::Segment => format!("closed{when} (on {segment})"),
            Reason::Reset => format!("been reset{when} (by {segment})"),
            Reason::GaveUp => format!("given up{when} (in {from}, when its last timer ran out)"),
            Reason::Expired => format!("closed{when} ({from} ran out)"),
            Reason::Crash => format!("crashed{when}"),
            Reason::Evicted => format!("evicted its half-open entry{when} (its cache was full)"),
            Reason::Overflow => format!("ended its half-open entry{when} (its accept queue was full)"),
            Reason::Unread => format!("reset it{when} (on {segment}: its application had closed before that)"),
        }
    }

    /// The changes of its state; none if nothing was kept.
    fn changes(&self) -> impl Iterator<Item = &'a Change> {
        self.incarnation.into_iter().flat_map(|incarnation| self.exchange.changes_of(incarnation))
    }

    fn packet(&self, segment: Option<RecordId>) -> Option<&'a Packet> {
        self.exchange.packet(segment?)
    }

    /// Whose address a segment bears.
    fn sender(&self, sent: &Segment) -> Cow<'a, str> {
        sender(sent.from, sent.source, self.hosts)
    }

    /// What a segment is called that begins a sentence, and whose it is.
    fn said(&self, packet: &Packet) -> String {
        let (label, by) = (packet.label(), self.sender(&packet.sent));
        if packet.sent.forged { format!("A forged {label}, as if of {by}") } else { format!("{label} of {by}") }
    }

    /// What was sent for it, and what else happened to it, since it was of no use; in order.
    fn scenes(&self) -> Vec<Scene> {
        let end = self.changes().find(|change| change.change.to == State::Closed).map(|end| end.id);
        let own = self.incarnation.into_iter().flat_map(|incarnation| self.exchange.sent_by(incarnation));
        let own = own.filter(|packet| packet.id >= self.judged);
        let instead = self.exchange.connectionless(self.judged);
        let instead = instead.take_while(|packet| end.is_none_or(|end| packet.id < end));
        let instead = instead.filter(|packet| packet.sent.wasted);
        let here = |packet: &&Packet| packet.sent.source == self.birth.tuple.local;
        let steps: Vec<&Packet> = own.chain(instead).filter(here).collect();
        let telling = |packet: &Packet| self.exchange.telling(packet);
        let answers: BTreeSet<RecordId> = steps.iter().filter_map(|packet| telling(packet)?.answer).collect();
        let mut scenes = Vec::new();
        for packet in steps {
            let scene = self.step(packet, &answers);
            let again = Scene { at: packet.until, ..scene.clone() };
            scenes.push(scene);
            scenes.extend(repeat_n(again, packet.again as usize));
        }
        let told: BTreeSet<RecordId> = answers
            .iter()
            .filter_map(|answer| telling(self.packet(Some(*answer))?))
            .flat_map(|arrival| self.exchange.made_by(arrival))
            .map(|change| change.id)
            .collect();
        let others: Vec<&Change> =
            self.changes().filter(|change| change.id > self.judged && !told.contains(&change.id)).collect();
        // One segment may bring it through several states.
        let of_one = |one: &&Change, next: &&Change| one.after.is_some() && one.because == next.because;
        scenes.extend(others.chunk_by(of_one).filter_map(|changes| self.turn(changes)));
        let verdicts = self.incarnation.into_iter().flat_map(|incarnation| self.exchange.verdicts_on(incarnation));
        let again = verdicts.filter(|verdict| verdict.worth == Worth::Useful && verdict.id > self.judged);
        scenes.extend(again.map(|&Verdict { id, at, because, .. }| {
            let why = self.packet(because).map_or("someone was at its other end".to_owned(), |packet| {
                format!("{}, on its way, could make its other end", name(packet))
            });
            let alone = format!("From {at} s on it was of use again: {why}.");
            Scene { id, at, alone, kind: None, among_others: None, verdict: true }
        }));
        // What it was worth at an instant comes before what that instant led to.
        scenes.sort_by_key(|scene| (scene.at, !scene.is_verdict(), scene.id));
        scenes
    }

    /// A segment that was sent for it, and what became of that.
    fn step(&self, packet: &Packet, answers: &BTreeSet<RecordId>) -> Scene {
        let (&Packet { id, at, retransmission, .. }, label) = (packet, packet.label());
        let answered = self.packet(packet.answers.filter(|segment| Some(*segment) != self.birth.of));
        let again = if retransmission > 0 && answered.is_none() { " again" } else { "" };
        let called = [Some(packet), answered].map(|packet| packet.map_or(String::new(), kind));
        let deed = |[own, other]: &[String; 2]| match other.is_empty() {
            true => format!("sent {own}"),
            false => format!("answered {other} with {own}"),
        };
        let words = deed(&[label.clone(), answered.map_or(String::new(), |other| self.name_of(other))]);
        // What is told already needs no time.
        let new = answered.filter(|other| !answers.contains(&other.id));
        let new = new.map_or(String::new(), |other| format!(" ({} had sent that at {} s)", self.there, other.at));
        Scene {
            id,
            at,
            alone: format!("{} {words}{again} at {at} s{new}. {}", self.here, self.became(packet, Telling::Alone)),
            among_others: Some((format!("{} {words}", self.here), self.became(packet, Telling::Each))),
            kind: Some(Kind {
                what: format!("{} {}", self.here, deed(&called)),
                became: self.became(packet, Telling::Kind),
                label,
            }),
            verdict: false,
        }
    }

    /// What became of a segment that was sent for it, alone or as one of several.
    fn became(&self, packet: &Packet, told: Telling) -> String {
        let alone = told == Telling::Alone;
        let it = if alone { "It" } else { "Each" };
        let Some(arrival) = self.exchange.telling(packet) else {
            return format!("{it} {}{}.", not_arrived(&packet.sent), self.blamed(packet));
        };
        let reached = match alone {
            true => format!("At {} s it reached {}, which", arrival.at, self.there),
            false => format!("Each reached {}, which", self.there),
        };
        if let Some(deaf) = arrival.deaf {
            return format!("{reached} {}.", self::deaf(deaf));
        }
        let mut deeds = vec![match (arrival.full, arrival.met) {
            (Some(queue), _) => format!("had no place for it in its {}", queue_name(queue)),
            (None, None) => "had no connection for it".to_owned(),
            (None, Some(Met { attempt, state, .. })) if attempt != self.birth.attempt => {
                format!("had another connection in {state}")
            }
            (None, Some(Met { state, .. })) => format!("was in {state}"),
        }];
        let change = self.exchange.made_by(arrival).next_back();
        deeds.extend(change.map(|change| match (change.change.to, change.change.reason) {
            (State::Closed, Reason::Reset) => "was reset".to_owned(),
            (State::Closed, _) => "closed".to_owned(),
            (to, _) => format!("went to {to}"),
        }));
        let answer = self.packet(arrival.answer);
        match answer {
            Some(answer) if told == Telling::Kind => deeds.push(format!("answered with {}", kind(answer))),
            Some(answer) => deeds.push(format!("answered with {}", answer.label())),
            None if packet.sent.flags.rst() => {}
            None if change.is_some() => {}
            None if arrival.met.is_none() => deeds.push("sent no reset (unexpected = \"silence\")".to_owned()),
            None => deeds.push("did not answer".to_owned()),
        }
        let then = answer.map_or(String::new(), |answer| self.answer_became(answer, alone));
        format!("{reached} {}.{then}", listed(&deeds))
    }

    /// What became of an answer to what was sent for it.
    fn answer_became(&self, answer: &Packet, alone: bool) -> String {
        let that = if alone { "That" } else { "Each of these" };
        let Some(arrival) = self.exchange.telling(answer) else {
            return format!(" {that} {}{}.", not_arrived(&answer.sent), self.blamed(answer));
        };
        if let Some(deaf) = arrival.deaf {
            return format!(" {that} reached {}, which {}.", self.here, self::deaf(deaf));
        }
        // What kept nothing may come to keep something.
        let own = |of: &&Change| match self.incarnation {
            Some(own) => of.change.incarnation == own,
            None => self.is_what_came_of_it(&of.change),
        };
        let change = self.exchange.made_by(arrival).rev().find(own);
        let when = if alone { format!(" at {} s{}", arrival.at, late(&answer.sent)) } else { String::new() };
        match change.map(|change| change.change.to) {
            Some(state) if self.incarnation.is_none() => {
                format!(" {that} came{when} as the answer to the cookie, and opened a connection, in {state}.")
            }
            Some(State::Closed) => format!(" {that} came{when} and ended it."),
            Some(state) => format!(" {that} came{when} and brought it to {state}."),
            None if arrival.answer.is_some() => String::new(),
            None if self.incarnation.is_none() => String::new(),
            None => format!(" {that} changed nothing at {}.", self.here),
        }
    }

    /// Whether it is the birth of what a listener that had kept nothing came to keep.
    fn is_what_came_of_it(&self, change: &StateChange) -> bool {
        change.from == State::Listen && change.tuple == self.birth.tuple && change.attempt == self.birth.attempt
    }

    /// What a loss means if it is to blame.
    fn blamed(&self, packet: &Packet) -> &'static str {
        match self.cost.is_charged_to(Blame { cause: Cause::Lost, record: Some(packet.id) }) {
            true if self.active && packet.sent.from == Some(self.birth.host) => ": that is why nobody was there",
            true => ": if it had arrived, that would have been the end",
            false => "",
        }
    }

    /// Changes of its own state that have one cause.
    fn turn(&self, changes: &[&Change]) -> Option<Scene> {
        let (turn, through) = changes.split_last()?;
        let Change { id, at, change: StateChange { from, to, reason, .. }, .. } = **turn;
        let over = to == State::Closed;
        let alone = match (reason, self.packet(turn.after)) {
            (Reason::Reset | Reason::Segment, Some(packet)) => {
                let through: Vec<String> = through.iter().map(|change| change.change.to.to_string()).collect();
                let what = match (over, through.is_empty()) {
                    (true, true) => "ended it".to_owned(),
                    (true, false) => format!("brought it to {}, then ended it", listed(&through)),
                    (false, true) => format!("brought it to {to}"),
                    (false, false) => format!("brought it through {} to {to}", listed(&through)),
                };
                format!("{}, sent at {} s, came at {at} s and {what}.", self.said(packet), packet.at)
            }
            (Reason::Call, _) if over => format!("{}'s application aborted it at {at} s.", self.here),
            (Reason::Call, _) => format!("{}'s application closed it at {at} s: it came to {to}.", self.here),
            (Reason::GaveUp, _) => format!("{} gave up at {at} s, in {from}.", self.here),
            (Reason::Expired, _) => format!("{from} ran out at {at} s."),
            (Reason::Crash, _) => format!("{} crashed at {at} s.", self.here),
            (Reason::Evicted, _) => format!("{} evicted it at {at} s: its cache was full.", self.here),
            (Reason::Unread, _) => {
                format!("{} reset it at {at} s: octets came after its application's CLOSE.", self.here)
            }
            (Reason::Overflow, _) => format!("{} refused it at {at} s: its accept queue was full.", self.here),
            (Reason::Reset | Reason::Segment, None) => format!("It came to {to} at {at} s."),
        };
        Some(Scene { id, at, alone, among_others: None, kind: None, verdict: false })
    }

    /// What it still was at the end of the run, or that there never was anything.
    fn outcome(&self) -> Option<String> {
        if self.incarnation.is_none() {
            let (_, since) = self.exchange.changes_around(self.birth.id);
            let until = since.iter().any(|change| self.is_what_came_of_it(&change.change));
            return Some(format!("{} kept nothing of it{}.", self.here, if until { " until then" } else { "" }));
        }
        let last = self.changes().last().filter(|_| self.cost.until.is_none())?;
        Some(format!("Nothing more was sent for it: it was still {} when the run ended.", last.change.to))
    }

    /// What is to blame, and for how much of the cost if there is more than one thing; like things together, unless all are
    /// wanted.
    fn blame(&self, all: bool) -> Vec<String> {
        let mut blames: Vec<(Blame, Amount)> = self.cost.blames().collect();
        if let [(only, _)] = blames.as_slice() {
            return vec![format!("To blame: {}.", self.named(*only))];
        }
        blames.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
        let mut alike: Vec<Vec<(Blame, Amount)>> = Vec::new();
        for of in blames {
            let kind = self.kind(of.0);
            match alike.iter_mut().find(|alike| !all && self.kind(alike[0].0) == kind) {
                Some(alike) => alike.push(of),
                None => alike.push(vec![of]),
            }
        }
        let mut lines: Vec<String> = alike.iter().take(TOLD).map(|alike| self.blame_of(alike)).collect();
        if alike.len() > TOLD {
            let others: usize = alike[TOLD..].iter().map(Vec::len).sum();
            let plural = if others == 1 { "" } else { "s" };
            lines.push(format!("To blame for the rest: {} other{plural}.", whole(others as u64)));
        }
        lines
    }

    /// For how much things of one kind are to blame.
    fn blame_of(&self, alike: &[(Blame, Amount)]) -> String {
        let cost = alike.iter().fold(Amount::default(), |sum, (_, cost)| sum + *cost);
        let times = alike.iter().filter_map(|(blame, _)| self.packets.time(*blame));
        match (alike, times.clone().min(), times.max()) {
            ([_, _, ..], Some(first), Some(last)) => {
                let (count, kind) = (whole(alike.len() as u64), self.kind(alike[0].0));
                format!("To blame for {cost}: {count} × {kind}, from {first} s to {last} s.")
            }
            _ => format!("To blame for {cost}: {}.", self.named(alike[0].0)),
        }
    }

    /// What a segment is called, and of which attempt it is if that is another.
    fn name_of(&self, packet: &Packet) -> String {
        let attempt = packet.sent.attempt;
        match packet.sent.forged || attempt == self.birth.attempt {
            true => name(packet),
            false if attempt.is_forged() => format!("{}, which answers a forged segment", packet.label()),
            false => format!("{} of #{}", packet.label(), attempt.ordinal),
        }
    }

    fn named(&self, blame: Blame) -> String {
        self.packets.blamed(blame, self.hosts)
    }

    /// A thing to blame, without numbers and times.
    fn kind(&self, blame: Blame) -> String {
        self.packets.group(blame, self.hosts)
    }
}

/// What a segment is called without its numbers.
fn kind(packet: &Packet) -> String {
    format!("{}{}", if packet.sent.forged { "forged " } else { "" }, packet.kind())
}

/// That a fault made a segment late, if one did.
fn late(sent: &Segment) -> String {
    match sent.fault {
        Some(fault) if sent.copies == 1 => format!(", delayed by fault {},", fault + 1),
        _ => String::new(),
    }
}

/// What a segment is called, and whether it was forged.
fn name(packet: &Packet) -> String {
    format!("{}{}", if packet.sent.forged { "forged " } else { "" }, packet.label())
}

/// Why a segment did not arrive.
fn not_arrived(sent: &Segment) -> String {
    let by_fault = sent.fault.map_or(" by a fault".to_owned(), |place| format!(" by fault {}", place + 1));
    match sent.lost {
        Some(Loss::Fault) => format!("was lost (dropped{by_fault})"),
        Some(Loss::Chance) => "was lost by chance".to_owned(),
        Some(Loss::QueueFull) => "was lost (the queue of its link was full)".to_owned(),
        Some(Loss::Lifetime) => "was lost (its lifetime was over)".to_owned(),
        Some(Loss::NoRoute) => "was lost (no link leads there)".to_owned(),
        None => "was still on its way when the run ended".to_owned(),
    }
}

const fn deaf(why: Deaf) -> &'static str {
    match why {
        Deaf::Down => "was down",
        Deaf::Quiet => "kept quiet after its reboot",
    }
}

/// One entry of a table, if memory is taken for that.
const fn entry(memory: Memory) -> Option<&'static str> {
    let Memory::Entry(kind) = memory else { return None };
    Some(match kind {
        EntryKind::HalfOpen => "a half-open entry",
        EntryKind::Connection => "a connection",
        EntryKind::TimeWait => "a TIME-WAIT entry",
        EntryKind::HoldDown => "a hold-down",
        EntryKind::Peer => "a peer remembered",
    })
}

/// Scenes in sentences, with those that are alike told together, and those in the middle left out if there are many.
fn together(scenes: &[Scene]) -> Vec<String> {
    let mut groups: Vec<&[Scene]> = Vec::new();
    for like in scenes.chunk_by(Scene::is_like) {
        let same = |one: &Scene, next: &Scene| one.among_others.is_some() && one.among_others == next.among_others;
        let same: Vec<&[Scene]> = like.chunk_by(same).collect();
        if same.len() > ALIKE { groups.push(like) } else { groups.extend(same) }
    }
    if groups.len() <= TOLD {
        return groups.into_iter().map(group).collect();
    }
    let (first, rest) = groups.split_at(TOLD / 2);
    let (middle, last) = rest.split_at(rest.len() - TOLD / 2);
    // A verdict is told of another scene, not one of its own.
    let count = middle.iter().flat_map(|group| group.iter()).filter(|scene| !scene.is_verdict()).count();
    let until = middle.iter().flat_map(|group| group.last()).last().map_or(String::new(), |scene| scene.at.to_string());
    let steps =
        if count == 1 { "1 more step is".to_owned() } else { format!("{} more steps are", whole(count as u64)) };
    let more = format!("Up to {until} s {steps} not told.");
    let first = first.iter().map(|scenes| group(scenes));
    first.chain([more]).chain(last.iter().map(|scenes| group(scenes))).collect()
}

/// Scenes that are alike.
fn group(scenes: &[Scene]) -> String {
    match scenes {
        [first, .., last] => {
            let all_same = scenes.iter().all(|scene| scene.among_others == first.among_others);
            let (what, became, labels) = match (&first.among_others, &first.kind, &last.kind) {
                (Some((what, each)), ..) if all_same => (what.as_str(), each.as_str(), String::new()),
                (_, Some(kind), Some(last)) => {
                    let labels = format!(" ({} to {})", kind.label, last.label);
                    (kind.what.as_str(), kind.became.as_str(), labels)
                }
                _ => ("", "", String::new()),
            };
            let times =
                if scenes.len() == 2 { "twice".to_owned() } else { format!("{} times", whole(scenes.len() as u64)) };
            let extent = match first.at == last.at {
                true => format!("at {} s", first.at),
                false => format!("from {} s to {} s", first.at, last.at),
            };
            format!("{what} {times}, {extent}{labels}. {became}")
        }
        [only] => only.alone.clone(),
        [] => String::new(),
    }
}
