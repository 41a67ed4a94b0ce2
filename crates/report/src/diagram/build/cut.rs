//! What is kept of a run with too many segments.

use experiment::record::Sent;
use sim_time::Instant;

use super::Diagram;

impl Diagram {
    /// Counts a segment, and cuts where there are too many.
    pub(super) fn count(&mut self, at: Instant, sent: &Sent) {
        let last = self.segments.last();
        let together = last.is_some_and(|last| (last.at, last.from, last.to) == (at, sent.from, sent.to));
        self.bursts += usize::from(!together);
        if self.cut.is_none() && self.bursts > self.most {
            self.cut_short(at);
        }
    }

    /// Keeps nothing more, if there is too much of what is no burst: very many segments at once, or calls without any.
    pub(super) fn bound(&mut self, at: Instant) {
        let (segments, records) = (self.segments.len() / 10, self.words.len() / 100);
        if segments.max(records) > self.most {
            self.keep_no_more(at);
        }
    }

    fn keep_no_more(&mut self, from: Instant) {
        self.cut = Some(from);
        (self.words, self.calls, self.travelling, self.thirds) = Default::default();
    }

    /// Nothing more is kept, and of what is there only the beginning.
    fn cut_short(&mut self, at: Instant) {
        let few = self.most * 3 / 5;
        let mut bursts = 0;
        let mut cut = at;
        for (place, segment) in self.segments.iter().enumerate() {
            let last = place.checked_sub(1).map(|last| &self.segments[last]);
            let together =
                last.is_some_and(|last| (last.at, last.from, last.to) == (segment.at, segment.from, segment.to));
            bursts += usize::from(!together);
            if bursts > few {
                cut = segment.at;
                break;
            }
        }
        self.keep_no_more(cut);
        self.segments.retain(|segment| segment.at < cut);
        self.events.retain(|(at, _)| *at < cut);
    }
}
