//! What a state diagram shows, however it is drawn.

use std::collections::{BTreeMap, BTreeSet};

use tcp_endpoint::{EntryKind, Reason, State};
use transitions::{Arc, Event, Place, Standing, Transition, Transitions, compare};

use super::taken::Taken;

/// The changes of state that a host makes, those that figure 5 of RFC 9293 has, and how often a run took each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateDiagram {
    /// The arrows of the figure in its order, then the others.
    pub steps: Vec<Step>,
    /// What the host keeps of a connection in a state, where that is no full entry.
    pub(super) kept: BTreeMap<State, String>,
    /// Whether a run was watched.
    pub(super) watched: bool,
}

/// All changes from one place to another for one reason, and how often a run took them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The changes.
    pub arc: Arc,
    /// How often.
    pub taken: u64,
}

impl StateDiagram {
    /// Of a host's changes of state, and what a run took of them, if one was watched.
    #[must_use]
    pub fn new(transitions: &Transitions, taken: Option<&Taken>) -> Self {
        let mut counts = taken.map(|taken| taken.counts().clone()).unwrap_or_default();
        let mut steps: Vec<Step> = Vec::new();
        for arc in compare(transitions) {
            let taken = counts.remove(&(arc.from, arc.to, arc.reason)).unwrap_or_default();
            steps.push(Step { arc, taken });
        }
        // A run takes nothing else; if it did, it should be seen.
        steps.extend(counts.into_iter().map(|((from, to, reason), taken)| {
            let arc = Arc { from, to, reason, standing: Standing::Added, figure: None, causes: Vec::new() };
            Step { arc, taken }
        }));
        Self { steps, kept: kept(&transitions.entries), watched: taken.is_some() }
    }

    /// The steps that are drawn as one line: those between two places that are not told in the box of a state.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<Line<'_>> = Vec::new();
        for step in self.steps.iter().filter(|step| !step.is_exit() && step.is_shown()) {
            let place = lines.iter().position(|line| line.from == step.arc.from && line.to == step.arc.to);
            match place {
                Some(place) => lines[place].steps.push(step),
                None => lines.push(Line { from: step.arc.from, to: step.arc.to, steps: vec![step] }),
            }
        }
        lines
    }

    /// The ways out of a state to CLOSED that the figure leaves out for legibility (its note 3), in words.
    pub(super) fn exits(&self, of: State) -> Vec<(String, u64)> {
        let exits = self.steps.iter().filter(|step| step.is_exit() && step.is_shown());
        exits.filter(|step| step.arc.from == of.into()).map(|step| (step.exit(), step.taken)).collect()
    }

    /// Whether a run was in a state, or at a place beside them.
    pub(super) fn is_visited(&self, place: Place) -> bool {
        self.steps.iter().any(|step| step.taken > 0 && (step.arc.from == place || step.arc.to == place))
    }

    /// Whether the host can be there.
    pub(super) fn is_reached(&self, place: Place) -> bool {
        let made = self.steps.iter().filter(|step| step.arc.standing != Standing::Missing);
        place == State::Closed.into() || made.into_iter().any(|step| step.arc.to == place)
    }

    /// Whether anything is held down.
    pub(super) fn holds_down(&self) -> bool {
        self.steps.iter().any(|step| step.arc.to == Place::HeldDown)
    }

    /// Whether FIN-WAIT-2 is passed at one instant, where a FIN comes with the acknowledgment of the host's own.
    fn passes_fin_wait_2(&self) -> bool {
        let passes = |cause: &Transition| cause.event == Event::Fin && cause.nth == 1;
        let to_time_wait =
            |step: &&Step| step.arc.from == State::FinWait2.into() && step.arc.to == State::TimeWait.into();
        self.steps.iter().filter(to_time_wait).any(|step| step.arc.causes.iter().any(passes))
    }

    /// What is to be said below.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "A crash takes every state to CLOSED. Where a queue or a table is full, there is more: see the table."
                .to_owned(),
        ];
        if self.passes_fin_wait_2() {
            notes.push(
                "A FIN with the acknowledgment of the host's own takes FIN-WAIT-1 to TIME-WAIT (the figure's note 2), through \
                 FIN-WAIT-2 at one instant."
                    .to_owned(),
            );
        }
        notes
    }
}

/// Steps between the same two places.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) from: Place,
    pub(super) to: Place,
    pub(super) steps: Vec<&'a Step>,
}

impl Line<'_> {
    pub(super) fn taken(&self) -> u64 {
        self.steps.iter().map(|step| step.taken).sum()
    }

    /// As the one of its steps that stands nearest to the figure.
    pub(super) fn standing(&self) -> Standing {
        self.steps.iter().map(|step| step.arc.standing).min().unwrap_or(Standing::Added)
    }
}

impl Step {
    /// Whether it is a way to CLOSED that the figure leaves out.
    fn is_exit(&self) -> bool {
        let Place::State(_) = self.arc.from else { return false };
        self.arc.standing == Standing::Added && self.arc.to == State::Closed.into()
    }

    /// Crashes, and what only a full queue brings about, are shown if a run took them.
    fn is_shown(&self) -> bool {
        let rare = self.arc.reason == Some(Reason::Crash) || self.arc.causes.iter().all(|cause| cause.crowded);
        self.taken > 0 || !rare || self.arc.standing == Standing::Missing
    }

    /// A SYN without an acknowledgment that leads the same way as what the figure has: `rcv SYN / snd SYN,ACK`. In the figure it has
    /// a line of its own.
    pub(super) fn also(&self) -> Option<String> {
        self.arc.figured_cause().filter(|cause| cause.event != Event::Syn)?;
        let syn = self.arc.plain_causes().into_iter().find(|cause| cause.event == Event::Syn)?;
        Some(format!("{} / {}", syn.event.words(), action(syn)))
    }

    /// What happens, and what the host does then, as the figure writes it; an empty action where there is none to tell.
    pub(super) fn label(&self) -> (String, String) {
        let arc = &self.arc;
        match (arc.figure, arc.standing) {
            (Some(figure), Standing::Same | Standing::Missing) => {
                let later = arc.figured_cause().is_some_and(|cause| cause.later);
                let action = if later { format!("{}, delayed", figure.action) } else { figure.action.to_owned() };
                (figure.event.to_owned(), action)
            }
            (Some(figure), _) => {
                let cause = arc.figured_cause().or_else(|| arc.plain_causes().first().copied());
                let done = cause.map_or(String::new(), action);
                let event = cause.map_or(figure.event, |cause| cause.event.words());
                (event.to_owned(), format!("{done}, not {}", figure.action))
            }
            (None, _) if arc.from == Place::HeldDown => {
                let ends = |event: Event| match event {
                    Event::ActiveOpen => Some("OPEN"),
                    Event::Silence => Some("timeout"),
                    _ => None,
                };
                let causes = arc.plain_causes().into_iter().filter_map(|cause| ends(cause.event));
                (causes.collect::<Vec<_>>().join(" or "), String::new())
            }
            (None, _) => {
                let cause = arc.plain_causes().first().copied();
                let event = match arc.reason {
                    Some(Reason::GaveUp) => "no answer",
                    Some(Reason::Evicted) => "no room in the cache",
                    Some(Reason::Overflow) => "no room to be accepted",
                    Some(Reason::Crash) => "crash",
                    _ if arc.to == Place::HeldDown => "a passive connection is over",
                    _ => cause.map_or("?", |cause| cause.event.words()),
                };
                let told = arc.to != Place::HeldDown && !matches!(arc.reason, Some(Reason::GaveUp | Reason::Evicted));
                let done = cause.filter(|cause| told && !cause.sent.is_empty()).map_or(String::new(), action);
                (event.to_owned(), done)
            }
        }
    }

    /// Why a state is left for CLOSED, in a word or two.
    fn exit(&self) -> String {
        let causes = self.arc.plain_causes();
        let full = if causes.iter().any(|cause| cause.crowded) { ", no room" } else { "" };
        match self.arc.reason {
            Some(Reason::Reset) => "RST".to_owned(),
            Some(Reason::GaveUp) => "no answer".to_owned(),
            Some(Reason::Expired) => "time is over".to_owned(),
            Some(Reason::Crash) => "crash".to_owned(),
            Some(Reason::Call) => {
                let calls: BTreeSet<&str> = causes.iter().filter_map(|cause| call(cause.event)).collect();
                calls.into_iter().collect::<Vec<_>>().join(", ")
            }
            _ => {
                let event = causes.first().map_or("?", |cause| cause.event.words());
                format!("{}{full}", event.trim_start_matches("rcv "))
            }
        }
    }
}

/// A call that leaves for CLOSED, in a word or two; that of a listener is about what nobody has accepted.
const fn call(event: Event) -> Option<&'static str> {
    match event {
        Event::Abort => Some("ABORT"),
        Event::Close => Some("CLOSE"),
        Event::CloseAndForget => Some("CLOSE unread"),
        Event::ActiveOpen => Some("OPEN"),
        _ => None,
    }
}

/// `snd SYN,ACK`, or `x` for nothing, as the figure writes it.
pub(super) fn action(cause: &Transition) -> String {
    let later = if cause.later { ", delayed" } else { "" };
    if cause.sent.is_empty() { "x".to_owned() } else { format!("snd {}{later}", cause.sent.join(", ")) }
}

/// What is kept of a connection in each state that is no full entry, in words.
fn kept(entries: &BTreeSet<(State, EntryKind, bool)>) -> BTreeMap<State, String> {
    let mut kept = BTreeMap::new();
    for state in State::ALL {
        let of = |passive: bool| {
            let kinds = entries.iter().filter(move |entry| entry.0 == state && entry.2 == passive);
            kinds.map(|(_, kind, _)| *kind).collect::<Vec<_>>()
        };
        let all = [of(true), of(false)].concat();
        let small = all.iter().find(|kind| **kind != EntryKind::Connection);
        let words = match (small, all.contains(&EntryKind::Connection)) {
            (Some(EntryKind::HalfOpen), true) if of(true) == [EntryKind::HalfOpen] => "a small entry if passive",
            (Some(_), true) => "a small entry or a full one",
            (Some(_), false) => "a small entry",
            (None, _) => continue,
        };
        kept.insert(state, words.to_owned());
    }
    kept
}
