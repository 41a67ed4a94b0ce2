//! What became of segments of one kind, counted.

use experiment::record::RecordId;
use sim_time::Instant;
use tcp_endpoint::{Queue, State};

use super::known::Life;
use crate::amount::whole;

const ELSEWHERE: &str = "at another connection";

/// Segments that were sent, and what became of the first copy of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Course {
    pub(super) sent: u64,
    pub(super) lost: u64,
    /// Those that came to a host that was down or kept quiet.
    unheard: u64,
    /// Those that were dropped for want of a place in the SYN backlog, or in the accept queue.
    no_place: [u64; 2],
    /// Those that were refused because of a hold-down.
    held_down: u64,
    /// Those that came to another connection of the same 4-tuple, which took them for its own; and the first of these.
    elsewhere: u64,
    pub(super) met: Option<Met>,
    /// Those that came, and were none of these.
    arrived: u64,
    /// The first of which no use was made.
    pub(super) first_in_vain: Option<RecordId>,
    /// One that is still on its way.
    pub(super) awaited: Option<RecordId>,
}

/// What may become of a segment that arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Landing {
    Arrived,
    Unheard,
    NoPlace(Queue),
    HeldDown,
    /// At another connection of the same 4-tuple.
    Elsewhere(Met),
}

/// Another connection that a segment came to, as it was then. Of one that a forged segment opened nothing is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Met {
    pub(super) life: Option<Life>,
    pub(super) state: Option<State>,
    /// The end of its TIME-WAIT, if it is in that state.
    pub(super) until: Option<Instant>,
}

impl Course {
    pub(super) fn send(&mut self, segment: RecordId, lost: bool) {
        self.sent += 1;
        self.lost += u64::from(lost);
        if lost {
            self.first_in_vain.get_or_insert(segment);
        } else {
            self.awaited.get_or_insert(segment);
        }
    }

    pub(super) fn land(&mut self, segment: RecordId, landing: Landing) {
        self.awaited = self.awaited.filter(|awaited| *awaited != segment);
        *self.count(landing) += 1;
        if let Landing::Elsewhere(met) = landing {
            self.met.get_or_insert(met);
        }
        if landing != Landing::Arrived {
            self.first_in_vain.get_or_insert(segment);
        }
    }

    /// What became of one turns out to be something else.
    pub(super) fn turn(&mut self, segment: RecordId, from: Landing, to: Landing) {
        let count = self.count(from);
        *count = count.saturating_sub(1);
        self.land(segment, to);
    }

    const fn count(&mut self, landing: Landing) -> &mut u64 {
        match landing {
            Landing::Arrived => &mut self.arrived,
            Landing::Unheard => &mut self.unheard,
            Landing::NoPlace(Queue::Accept) => &mut self.no_place[1],
            Landing::NoPlace(_) => &mut self.no_place[0],
            Landing::HeldDown => &mut self.held_down,
            Landing::Elsewhere(_) => &mut self.elsewhere,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.lost += other.lost;
        self.unheard += other.unheard;
        self.no_place[0] += other.no_place[0];
        self.no_place[1] += other.no_place[1];
        self.held_down += other.held_down;
        self.elsewhere += other.elsewhere;
        self.met = self.met.or(other.met);
        self.arrived += other.arrived;
    }

    /// Those of which it is known what became of them.
    pub(super) const fn landed(self) -> Self {
        Self { sent: self.sent - self.under_way(), awaited: None, ..self }
    }

    /// Those that are on their way.
    pub(super) const fn under_way(&self) -> u64 {
        let dropped = self.no_place[0] + self.no_place[1] + self.held_down;
        let landed = self.lost + self.unheard + dropped + self.elsewhere + self.arrived;
        self.sent.saturating_sub(landed)
    }

    fn in_vain(&self) -> impl Iterator<Item = (u64, &'static str)> {
        let [syn_backlog, accept_queue] = self.no_place;
        let all = [
            (self.lost, "lost"),
            (self.unheard, "at a host that was down or kept quiet"),
            (syn_backlog, "without a place in the SYN backlog"),
            (accept_queue, "without a place in the accept queue"),
            (self.held_down, "refused because of a hold-down"),
            (self.elsewhere, ELSEWHERE),
            (self.under_way(), "still under way"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0)
    }

    /// What went wrong, without numbers: `lost`, `lost and refused because of a hold-down`.
    pub(super) fn kinds(&self) -> Option<String> {
        let kinds: Vec<&str> = self.in_vain().map(|(_, kind)| kind).collect();
        let state = self.met.and_then(|met| met.state).filter(|_| self.elsewhere > 0);
        let state = state.map_or(String::new(), |state| format!(" in {state}"));
        (!kinds.is_empty()).then(|| kinds.join(" and ").replace(ELSEWHERE, &format!("{ELSEWHERE}{state}")))
    }

    /// The queue, or the hold-down, that refused some, if nothing else went wrong with any that has arrived.
    pub(super) fn refused_by(&self) -> Option<&'static str> {
        let mut kinds = self.landed().in_vain().map(|(_, kind)| kind).collect::<Vec<_>>();
        let only = kinds.pop().filter(|_| kinds.is_empty())?;
        (self.no_place[0] + self.no_place[1] + self.held_down > 0).then_some(only)
    }

    /// `3 sent, 2 lost, 1 arrived`
    pub(super) fn in_words(&self) -> String {
        if self.sent == 0 {
            return "none sent".to_owned();
        }
        let arrived = (self.arrived > 0).then_some((self.arrived, "arrived"));
        let counts = [(self.sent, "sent")].into_iter().chain(self.in_vain()).chain(arrived);
        counts.map(|(count, what)| format!("{} {what}", whole(count))).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_segment_is_counted_once() {
        let mut course = Course::default();
        let [first, second, third] = [1, 2, 3].map(RecordId::new);
        course.send(first, false);
        course.send(second, true);
        course.send(third, false);
        course.land(first, Landing::Arrived);
        assert_eq!(course.in_words(), "3 sent, 1 lost, 1 still under way, 1 arrived");
        course.turn(first, Landing::Arrived, Landing::NoPlace(Queue::Accept));
        assert_eq!(course.in_words(), "3 sent, 1 lost, 1 without a place in the accept queue, 1 still under way");
        assert_eq!(course.first_in_vain, Some(second));
        assert_eq!(Course::default().in_words(), "none sent");
    }
}
