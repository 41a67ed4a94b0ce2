//! The rows of a ladder: what a diagram tells, one thing after the other.

use std::collections::BTreeMap;

use experiment::HostId;
use experiment::record::Attempt;
use sim_time::Instant;
use tcp_endpoint::State;

use super::piece::{APART, Course, Note, Piece};
use super::tracks::{self, Crossing, Crossings, Way};
use crate::diagram::totals::octet_seconds;
use crate::diagram::{Attempts, Change, Diagram, Event, Life, MEASURED, Remark, Segment, outage, unheard};
use crate::paint::Tone;

/// So far back a row is looked for that has room for one thing more.
const WINDOW: usize = 16;

/// One line of a ladder.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) at: Instant,
    pub(super) attempt: Option<Attempt>,
    /// What stands in it: of different hosts, if there are several.
    pub(super) pieces: Vec<Piece>,
    /// When the segment arrives, where no later row says it.
    pub(super) arrives: Option<Instant>,
    pub(super) notes: Vec<Note>,
    /// The lines before it in which segments cross.
    pub(super) crossings: Vec<Crossing>,
    /// For each gap between two lifelines, the segments on their way in it: from the left to the right.
    pub(super) tracks: Vec<Vec<Way>>,
    /// The same after the row.
    pub(super) after: Vec<Vec<Way>>,
    about: Option<About>,
    /// What a connection cost that ends here.
    cost: Option<String>,
}

/// The connection that a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum About {
    ChangeOf(usize),
    NewsOf(usize),
}

/// The rows of a diagram between these lifelines, which are `inner` columns apart.
pub(super) fn rows(diagram: &Diagram, lifelines: &[Option<HostId>], inner: usize) -> Vec<Row> {
    let place = |host| lifelines.iter().position(|of| *of == host).unwrap_or(0);
    let crossings = tracks::crossings(diagram, &place);
    let mut maker =
        Maker { diagram, lifelines, inner, crossings, attempts: diagram.attempts(), rows: Vec::new(), group: 0 };
    for (at, event) in &diagram.events {
        maker.event(*at, event);
    }
    if diagram.cut.is_none() {
        maker.at_end();
    }
    let mut rows = maker.rows;
    for row in &mut rows {
        row.notes.extend(row.cost.take().map(|cost| (Tone::Quiet, cost)));
    }
    tracks::lay(&mut rows, lifelines.len());
    rows
}

struct Maker<'a> {
    diagram: &'a Diagram,
    lifelines: &'a [Option<HostId>],
    inner: usize,
    crossings: Crossings,
    attempts: Attempts,
    rows: Vec<Row>,
    /// The first row of those of an instant whose order is free, but that a host does one thing after the other.
    group: usize,
}

impl Maker<'_> {
    fn place(&self, host: Option<HostId>) -> usize {
        self.lifelines.iter().position(|of| *of == host).unwrap_or(0)
    }

    fn words(&self, host: HostId, tone: Tone, text: &str) -> Piece {
        Piece::Words { beside: self.place(Some(host)), tone, text: text.to_owned() }
    }

    fn attempt_of(&self, life: Option<usize>) -> Option<Attempt> {
        Some(self.diagram.lives[life?].attempt)
    }

    fn event(&mut self, at: Instant, event: &Event) {
        match event {
            Event::Sent(place) => self.sent(*place),
            Event::Arrived(place, copy) => self.arrived(at, *place, *copy),
            Event::Changed(change) => self.changed(at, change),
            // The segment's own row says so.
            Event::Called(Remark { bad: false, .. }) | Event::Unheard(_) => {}
            Event::Called(remark) => self.told(at, remark, Tone::Bad, None),
            Event::Judged(remark) => {
                // What another host did may have changed it.
                self.group = self.rows.len();
                self.told(at, remark, if remark.bad { Tone::Bad } else { Tone::Good }, None);
            }
            Event::Told(remark) => {
                let tone = if remark.bad { Tone::Bad } else { Tone::Plain };
                self.told(at, remark, tone, remark.life.map(About::NewsOf));
            }
            Event::Measured => {
                let words = Piece::Words { beside: 0, tone: Tone::Quiet, text: MEASURED.to_owned() };
                self.push(Row::new(at, None, words, Vec::new()));
            }
            Event::Outage { host, up, quiet_until } => {
                let (tone, text) = outage(*up);
                let notes = quiet_until.map(|until| (Tone::Quiet, format!("keeps quiet until {until}")));
                self.push(Row::new(at, None, self.words(*host, tone, text), notes.into_iter().collect()));
            }
        }
    }

    fn sent(&mut self, place: usize) {
        let segment = &self.diagram.segments[place];
        let (from, to) = (self.place(segment.from), self.place(segment.to));
        let arrives = segment.copies.first().map(|copy| copy.at);
        let course = match segment.copies.first() {
            None => Course::Lost,
            Some(copy) if copy.at > self.diagram.drawn_until() || segment.is_odd(0) => Course::Late,
            Some(_) if self.crossings.segments.contains(&place) => Course::Crossing { slot: 0, segment: place },
            Some(copy) if copy.deaf.is_some() => Course::Unheard,
            Some(_) => Course::Through,
        };
        let label = segment.label.clone();
        let piece = if from == to {
            Piece::Words { beside: from, tone: Tone::Plain, text: format!("{label} to itself") }
        } else {
            Piece::Sent { from, to, label, course }
        };
        let mut row = Row::new(segment.at, Some(segment.attempt), piece, notes_of(segment));
        row.arrives = arrives.filter(|_| !matches!(course, Course::Crossing { .. }));
        self.push(row);
    }

    /// A row for an arrival that no arrow shows.
    fn arrived(&mut self, at: Instant, place: usize, copy: usize) {
        let segment = &self.diagram.segments[place];
        if segment.at == at {
            // What comes of it is behind it.
            self.group = self.rows.len();
        }
        let (from, to) = (self.place(segment.from), self.place(segment.to));
        let (piece, notes) = if segment.is_odd(copy) {
            (Piece::Arrived { from, to, label: segment.label.clone() }, arrival_notes(segment, copy))
        } else if copy == 0 && self.crossings.segments.contains(&place) {
            (Piece::Lands { from, to, slot: 0, segment: place }, Vec::new())
        } else {
            return;
        };
        if from != to {
            self.push(Row::new(at, Some(segment.attempt), piece, notes));
        }
    }

    fn changed(&mut self, at: Instant, change: &Change) {
        let text = format!("{} → {}", change.from, change.to);
        let mut notes: Vec<Note> = Vec::new();
        let tone = if change.bad { Tone::Bad } else { Tone::Quiet };
        notes.extend(change.why.clone().map(|why| (tone, why)));
        // What an application was told just now is told of the change it comes with.
        let news = About::NewsOf(change.life);
        while let Some(row) = self.rows.pop_if(|row| row.at == at && row.about == Some(news)) {
            notes.extend(row.pieces.into_iter().filter_map(Piece::into_note));
        }
        let piece = self.words(change.host, Tone::State, &text);
        let mut row = Row::new(at, self.attempt_of(Some(change.life)), piece, notes);
        row.about = Some(About::ChangeOf(change.life));
        if change.to == State::Closed {
            row.cost = cost(&[&self.diagram.lives[change.life]], at);
        }
        self.push(row);
    }

    /// Words of their own, or if they are news of a connection that has just changed its state, a note on the change.
    fn told(&mut self, at: Instant, remark: &Remark, tone: Tone, about: Option<About>) {
        let change = remark.life.map(About::ChangeOf);
        if let (Some(_), Some(last)) = (about, self.rows.last_mut())
            && last.at == at
            && last.about == change
        {
            last.notes.push((tone, remark.text.clone()));
            return;
        }
        let notes = remark.detail.clone().map(|detail| (Tone::Quiet, detail));
        let piece = self.words(remark.host, tone, &remark.text);
        let mut row = Row::new(at, self.attempt_of(remark.life), piece, notes.into_iter().collect());
        row.about = about;
        self.push(row);
    }

    /// What is there when the run ends.
    fn at_end(&mut self) {
        let end = self.diagram.end;
        let mut open: BTreeMap<(usize, State), Vec<&Life>> = BTreeMap::new();
        for life in self.diagram.lives.iter().filter(|life| life.open_at_end) {
            let state = life.states.last().map(|last| last.state).filter(|state| *state != State::Listen);
            if let Some(state) = state {
                open.entry((self.place(Some(life.host)), state)).or_default().push(life);
            }
        }
        self.group = self.rows.len();
        for ((beside, state), lives) in open {
            let count = if lives.len() == 1 { String::new() } else { format!("{} ", lives.len()) };
            let piece = Piece::Words { beside, tone: Tone::State, text: format!("{count}still {state}") };
            let attempt = Some(lives[0].attempt).filter(|_| lives.len() == 1);
            let mut row = Row::new(end, attempt, piece, vec![(Tone::Quiet, "end of the run".to_owned())]);
            row.cost = cost(&lives, end);
            self.add(row, true);
        }
    }

    fn push(&mut self, row: Row) {
        if self.rows.last().is_none_or(|last| last.at < row.at) {
            self.group = self.rows.len();
        }
        let is_free = self.crossings.instants.contains(&row.at);
        self.add(row, is_free);
    }

    /// Adds a row where it belongs among those of its instant, if these may change places: an arrival before words and these before
    /// what is sent, but each after what its host did before. It shares a line with another host's, if both have room.
    fn add(&mut self, row: Row, is_free: bool) {
        let first = self.group.max(self.rows.len().saturating_sub(WINDOW));
        if !is_free {
            self.rows.push(row);
            return;
        }
        let host = row.pieces[0].lifeline();
        let own = self.rows[first..].iter().rposition(|of| of.pieces.iter().any(|piece| piece.lifeline() == host));
        let mut place = own.map_or(first, |own| first + own + 1);
        while let Some(other) = self.rows.get_mut(place) {
            if other.rank() == row.rank()
                && self.attempts.are_one(other.attempt, row.attempt)
                && other.takes(&row, self.inner)
            {
                other.pieces.extend(row.pieces);
                return;
            }
            if other.rank() > row.rank() {
                break;
            }
            place += 1;
        }
        self.rows.insert(place, row);
    }
}

impl Row {
    fn new(at: Instant, attempt: Option<Attempt>, piece: Piece, notes: Vec<Note>) -> Self {
        let attempt = attempt.filter(|attempt| !attempt.is_forged());
        Self {
            at,
            attempt,
            pieces: vec![piece],
            arrives: None,
            notes,
            crossings: Vec::new(),
            tracks: Vec::new(),
            after: Vec::new(),
            about: None,
            cost: None,
        }
    }

    /// What comes first within an instant.
    fn rank(&self) -> u8 {
        match self.pieces[0] {
            Piece::Arrived { .. } | Piece::Lands { .. } => 0,
            Piece::Words { .. } => 1,
            Piece::Sent { .. } => 2,
        }
    }

    /// Whether it has room for what stands in another row, and what is told of the one is told of the other.
    fn takes(&self, other: &Self, inner: usize) -> bool {
        let taken = self.pieces.iter().map(|piece| piece.columns(inner));
        let (from, to) = other.pieces[0].columns(inner);
        let is_apart = |(left, right): (usize, usize)| to + APART <= left || right + APART <= from;
        (&self.notes, &self.cost, self.arrives) == (&other.notes, &other.cost, other.arrives) && { taken }.all(is_apart)
    }

    /// Whether another ladder's row says the same.
    pub(super) fn says_what(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&Piece, &Piece)| one.says_what(other);
        (self.at, self.attempt, &self.notes, self.pieces.len())
            == (other.at, other.attempt, &other.notes, other.pieces.len())
            && self.pieces.iter().zip(&other.pieces).all(is_same)
    }

    /// Whether another ladder's row is about the same connection, beside the same lifeline and of the same kind.
    pub(super) fn is_akin_to(&self, other: &Self) -> bool {
        let kind = |row: &Self| (row.at, row.attempt, row.rank(), row.pieces[0].lifeline());
        kind(self) == kind(other)
    }
}

/// What is not ordinary about a segment where it is sent.
fn notes_of(segment: &Segment) -> Vec<Note> {
    let remark = segment.remark.clone().map(|remark| (if segment.forged { Tone::Bad } else { Tone::Notable }, remark));
    let tone = if segment.lost.is_some() { Tone::Bad } else { Tone::Notable };
    let fate = segment.fate.clone().map(|fate| (tone, fate));
    let wasted = segment.wasted.as_ref().map(|_| (Tone::Bad, "wasted".to_owned()));
    let deaf = segment.copies.first().filter(|_| !segment.is_odd(0)).and_then(|copy| copy.deaf);
    let deaf = deaf.map(|deaf| (Tone::Bad, unheard(deaf).to_owned()));
    remark.into_iter().chain(wasted).chain(fate).chain(deaf).collect()
}

/// What is not ordinary about an arrival.
fn arrival_notes(segment: &Segment, copy: usize) -> Vec<Note> {
    let arrival = &segment.copies[copy];
    let mut notes = vec![(Tone::Quiet, format!("sent {}", segment.at))];
    if copy > 0 {
        notes.push((Tone::Notable, format!("duplicate {copy}")));
    } else if arrival.late && !arrival.stale {
        notes.push((Tone::Notable, "late".to_owned()));
    }
    if arrival.stale {
        notes.push((Tone::Bad, "stale".to_owned()));
    }
    notes.extend(arrival.deaf.map(|deaf| (Tone::Bad, unheard(deaf).to_owned())));
    notes
}

/// What was held for nobody until then, in words.
fn cost(lives: &[&Life], until: Instant) -> Option<String> {
    let wastes = lives.iter().filter_map(|life| life.waste.last());
    let wastes: Vec<_> = wastes.filter(|waste| waste.until == until && waste.held > 0).collect();
    match wastes.as_slice() {
        [] => None,
        [waste] => Some(format!("wasted {}", waste.cost())),
        several => Some(format!("wasted {}", octet_seconds(several.iter().map(|waste| waste.held).sum()))),
    }
}
