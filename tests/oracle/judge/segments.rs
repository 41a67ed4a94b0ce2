//! Segments that are sent for what is of no use, or in answer to such a one.

use super::Court;
use super::causes::Due;
use crate::trace::Record;

impl Court<'_> {
    /// Compares what is said of the segments of the event at hand.
    pub(super) fn check_segments(&mut self) {
        let segments: Vec<&Record> =
            self.of_event().filter(|record| record.kind == "segment" && !record.is("forged")).collect();
        for segment in segments {
            let due = self.waste(segment);
            let told = segment.is("wasted").then(|| (segment.text("cause").to_owned(), segment.number("blames")));
            if let (Some(due), Some(_)) = (&due, &told) {
                self.counts.segments.count(due);
            }
            let agrees = match (&due, &told) {
                (Some(due), Some(told)) => due.allows(told),
                (None, None) => true,
                _ => false,
            };
            if !agrees {
                let (id, flags, purpose) = (segment.id, segment.text("flags"), segment.text("purpose"));
                self.differences.push(format!("waste of {flags} {purpose}: record {id} says {told:?}, due is {due:?}"));
            }
        }
    }

    /// The cause of the waste that a segment is, if it is any.
    fn waste(&self, segment: &Record) -> Option<Due> {
        let delivered = self.delivery(segment);
        self.of_sender(segment).or_else(|| self.of_cookie(segment, delivered?)).or_else(|| {
            let answered = self.because(delivered?)?;
            // What is sent again would be without it, and what a call wants was only let go by it.
            let is_due_anyway = segment.text("purpose") == "retransmission" || self.because(segment)?.kind == "call";
            let answers = answered.is("wasted") && !is_due_anyway;
            answers.then(|| Due::to(answered.text("cause"), answered.number("blames")))
        })
    }

    /// The cause of its connection's waste, when it was sent.
    fn of_sender(&self, segment: &Record) -> Option<Due> {
        let connection = segment.number("connection")?;
        let before = self.useless.get(&connection);
        let is_verdict = |record: &&Record| record.kind == "judged" && record.number("connection") == Some(connection);
        let verdict = self.of_event().filter(is_verdict).rfind(|verdict| verdict.id < segment.id);
        let worth = verdict.map(|verdict| verdict.text("worth")).or(before.map(|(worth, _)| &**worth));
        if !matches!(worth, Some("ghost" | "abandoned")) {
            return None;
        }
        let began = match before {
            Some((_, blame)) => Due::Is(blame.clone()),
            None => self.due(connection),
        };
        Some(self.moved(connection, began, segment.id))
    }

    /// The cause of what a listener with cookies would have made.
    fn of_cookie(&self, segment: &Record, delivered: &Record) -> Option<Due> {
        let (syn, flags) = (self.because(delivered)?, segment.text("flags"));
        if segment.number("connection").is_some() || !(flags.contains('S') && flags.contains('A')) {
            return None;
        }
        let sender = syn.number("connection").and_then(|sender| self.lives.get(&sender));
        let waits = sender.is_some_and(|sender| {
            let is_open = sender.ended.is_none() && sender.partner.is_none() && sender.irs == segment.number("seq_raw");
            (sender.state == "SYN-SENT" || is_open) && sender.iss == syn.number("seq_raw")
        });
        (!waits).then(|| self.of_making(delivered))
    }
}
