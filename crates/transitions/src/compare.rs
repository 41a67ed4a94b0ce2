//! What a host does, beside the figure.

use std::collections::BTreeMap;

use tcp_endpoint::{Reason, State};

use crate::event::Event;
use crate::explore::{Transition, Transitions};
use crate::figure::{FIGURE, FigureArc};
use crate::place::Place;

/// How a change of state stands to the figure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// Both have it, and what is sent is the same.
    Same,
    /// Both have it, and what is sent is not the same.
    OtherAction,
    /// The host makes it, and the figure has it not.
    Added,
    /// The figure has it, and the host does not make it.
    Missing,
}

/// All changes from one place to another for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arc {
    /// Before.
    pub from: Place,
    /// After.
    pub to: Place,
    /// Why, as the host says; nothing of what befalls a listener, or a name that is held down.
    pub reason: Option<Reason>,
    /// How it stands to the figure.
    pub standing: Standing,
    /// The arrow of the figure.
    pub figure: Option<&'static FigureArc>,
    /// What brings it about, the plainest first; nothing if it is missing.
    pub causes: Vec<Transition>,
}

impl Arc {
    /// The first cause of each event that brings it about, the plainest first. Left out are those that only come behind another
    /// change of state, or only to a full queue, if there are others; and those in which more happens to the same effect.
    #[must_use]
    pub fn plain_causes(&self) -> Vec<&Transition> {
        let least = self.causes.iter().map(|cause| (cause.crowded, cause.nth)).min();
        let mut plain: Vec<&Transition> = Vec::new();
        for cause in self.causes.iter().filter(|cause| Some((cause.crowded, cause.nth)) == least) {
            if plain.iter().all(|known| known.event != cause.event) {
                plain.push(cause);
            }
        }
        let all = plain.clone();
        let adds = |cause: &&Transition| {
            let plainer = all.iter().find(|other| Some(other.event) == cause.event.plainer());
            plainer.is_none_or(|plainer| plainer.sent != cause.sent)
        };
        plain.retain(adds);
        plain
    }

    /// The plainest cause that is the event of the figure.
    #[must_use]
    pub fn figured_cause(&self) -> Option<&Transition> {
        let figure = self.figure?;
        self.causes.iter().find(|cause| figure.events.contains(&cause.event))
    }

    /// The section of an RFC that has it, where the figure has not.
    #[must_use]
    pub fn section(&self) -> Option<&'static str> {
        let (None, Place::State(from), Place::State(to)) = (self.figure, self.from, self.to) else { return None };
        let by = |event: Event| self.causes.iter().any(|cause| cause.event == event);
        match (from, to, self.reason?) {
            (State::SynSent, State::Closed, Reason::Reset) => Some("RFC 9293 §3.10.7.3"),
            (_, State::Closed, Reason::Reset) => Some("RFC 9293 §3.10.7.4, note 3"),
            (_, State::Closed, Reason::Call) if by(Event::Abort) => Some("RFC 9293 §3.10.5"),
            (_, State::Closed | State::Listen, Reason::GaveUp) => Some("RFC 9293 §3.8.3"),
            (State::SynReceived, State::Listen, Reason::Segment) => Some("RFC 9293 §3.10.7.4"),
            (State::TimeWait, State::Closed, Reason::Segment) if by(Event::NewSyn) => Some("RFC 9293 §3.6.1, MAY-2"),
            _ => None,
        }
    }
}

/// What the host does and what the figure has: the arrows of the figure in its order, then the others.
#[must_use]
pub fn compare(transitions: &Transitions) -> Vec<Arc> {
    let mut causes: BTreeMap<(Place, Place, Option<Reason>), Vec<Transition>> = BTreeMap::new();
    for transition in &transitions.all {
        causes.entry((transition.from, transition.to, transition.reason)).or_default().push(transition.clone());
    }
    let of_figure = FIGURE.iter().map(|figure| {
        let name = (Place::from(figure.from), Place::from(figure.to), figure.reason);
        of_figure(figure, name, causes.remove(&name).unwrap_or_default())
    });
    let mut arcs: Vec<Arc> = of_figure.collect();
    arcs.extend(causes.into_iter().map(|((from, to, reason), causes)| Arc {
        from,
        to,
        reason,
        standing: Standing::Added,
        figure: None,
        causes,
    }));
    arcs
}

fn of_figure(
    figure: &'static FigureArc,
    (from, to, reason): (Place, Place, Option<Reason>),
    causes: Vec<Transition>,
) -> Arc {
    let as_drawn = |cause: &Transition| figure.events.contains(&cause.event) && cause.sent == figure.sends;
    let standing = match causes.as_slice() {
        [] => Standing::Missing,
        causes if causes.iter().any(as_drawn) => Standing::Same,
        _ => Standing::OtherAction,
    };
    Arc { from, to, reason, standing, figure: Some(figure), causes }
}
