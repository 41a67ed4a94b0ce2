//! The cause that made a connection useless.

use super::lives::{Blame, Life};
use super::waits::InLine;
use super::{Court, occupies};
use crate::trace::Record;

/// A cause that is due.
#[derive(Clone, Debug)]
pub(super) enum Due {
    Is(Blame),
    /// The words leave open which.
    OneOf(Vec<Blame>),
}

impl Due {
    /// A cause with its record.
    pub(super) fn to(cause: &str, record: impl Into<Option<u64>>) -> Self {
        Self::Is((cause.to_owned(), record.into()))
    }

    /// One of several: the words leave open which.
    pub(super) fn one_of(mut blames: Vec<Blame>) -> Option<Self> {
        blames.sort();
        blames.dedup();
        match blames.len() {
            0 | 1 => blames.pop().map(Self::Is),
            _ => Some(Self::OneOf(blames)),
        }
    }

    /// This, or another.
    pub(super) fn or(self, blame: Blame) -> Self {
        Self::one_of(self.blames().into_iter().chain([blame]).collect()).unwrap_or_else(Self::unknown)
    }

    /// All that may be it.
    pub(super) fn blames(self) -> Vec<Blame> {
        match self {
            Self::Is(blame) => vec![blame],
            Self::OneOf(blames) => blames,
        }
    }

    pub(super) fn unknown() -> Self {
        Self::to("unknown", None)
    }

    pub(super) fn allows(&self, told: &Blame) -> bool {
        match self {
            Self::Is(due) => due == told,
            Self::OneOf(due) => due.contains(told),
        }
    }
}

/// Whether a record is one that a cause may go back to.
pub(super) fn is_of_its_kind(cause: &str, blamed: Option<&Record>) -> bool {
    let Some(blamed) = blamed else { return cause == "unknown" };
    let is_segment = blamed.kind == "segment";
    let copies = blamed.deliveries().len();
    match cause {
        "forged" => is_segment && blamed.is("forged"),
        "crash" => blamed.kind == "crashed",
        "capacity" => blamed.kind == "overflow" || (blamed.kind == "waits" && blamed.text("scarce") == "workers"),
        "lost" => is_segment && blamed.text("fate") == "lost",
        "duplicated" => is_segment && copies >= 2,
        // What is on its way as it should be, and ends it.
        "delayed" | "unknown" => is_segment && copies >= 1,
        // The call; or the segment that brought the FIN after which its own application does not close, or what came before
        // that FIN and was missing; or what closed the window of one that does not read.
        "application" => {
            let brings = blamed.text("flags").contains('F') || blamed.number("len") > Some(0);
            blamed.kind == "call" || (is_segment && (brings || blamed.number("window") == Some(0)))
        }
        _ => false,
    }
}

impl<'a> Court<'a> {
    /// Compares the cause of a useless connection with what is due after the event at hand.
    pub(super) fn check_cause(&mut self, connection: u64) {
        let before = self.useless.get(&connection).map(|(_, blame)| blame.clone());
        let began = before.map_or_else(|| self.due(connection), Due::Is);
        let due = self.moved(connection, began, self.next);
        let of_it = |record: &&Record| record.kind == "judged" && record.number("connection") == Some(connection);
        if self.of_event().any(|record| of_it(&record)) {
            self.counts.verdicts.count(&due);
        }
        let told = &self.lives[&connection].blame;
        if !due.allows(told) {
            let life = &self.lives[&connection];
            let (state, event, (cause, record)) = (&life.state, self.event, told);
            let difference = format!(
                "cause {cause} of {} in {state}: connection {connection} in the event of {event} blames {record:?}, due is \
                 {due:?}",
                life.worth
            );
            self.differences.push(difference);
        }
    }

    /// The cause that is due to a connection that became useless in the event at hand.
    pub(super) fn due(&self, connection: u64) -> Due {
        let life = &self.lives[&connection];
        let making = self.record(life.made).and_then(|made| self.delivery(made));
        if let Some(forged) = making.and_then(|made| self.because(made)).filter(|made| made.is("forged")) {
            return Due::to("forged", forged.id);
        }
        if life.made >= self.event {
            let of_making = making.map_or_else(Due::unknown, |delivered| self.of_making(delivered));
            return self.or_of_occupant(of_making, life);
        }
        let Some(gone) = self.gone(life) else {
            // It was opened by a segment of nobody who still is there, or who has another partner since; or by a cookie.
            let opened = self.record(life.opened).and_then(|opened| self.delivery(opened));
            let due = match opened {
                _ if life.by_cookie => self.of_coming(life, connection).unwrap_or_else(Due::unknown),
                Some(delivered) if delivered.id >= self.event => self.of_opening(connection, delivered),
                Some(delivered) => self.superseded(delivered).unwrap_or_else(Due::unknown),
                None => Due::unknown(),
            };
            return self.or_of_occupant(due, life);
        };
        let Some(end) = self.lives[&gone].ended.and_then(|ended| self.record(ended)) else { return Due::unknown() };
        self.of_end(connection, gone, end)
    }

    /// A cause; or, where there is none, that of the connection at the other end, which is another: it took a forged segment
    /// for its peer's, or was made by what it should not have been.
    fn or_of_occupant(&self, due: Due, life: &Life) -> Due {
        if !matches!(&due, Due::Is((cause, _)) if cause == "unknown") {
            return due;
        }
        let is_there = |other: &&u64| self.lives[*other].ended.is_none_or(|ended| ended > life.made);
        let Some(other) = self.opposite(life).iter().rfind(is_there).map(|other| &self.lives[other]) else {
            return due;
        };
        let making = || self.record(other.made).and_then(|made| self.delivery(made)).map(|made| self.of_making(made));
        other.misled.map(|forged| Due::to("forged", forged)).or_else(making).unwrap_or(due)
    }

    /// What a forged segment is to blame for that one of two ends took for its peer's.
    fn of_forgery(&self, connection: u64, gone: u64) -> Option<Due> {
        let misled = [connection, gone].into_iter().find_map(|end| self.lives[&end].misled);
        misled.map(|forged| Due::to("forged", forged))
    }

    /// The same, unless the last that the other end asked was lost.
    fn of_forgery_in_vain(&self, connection: u64, gone: u64, end: &Record) -> Option<Due> {
        let life = &self.lives[&gone];
        let asks = |sent: &&Record| occupies(sent) || sent.text("purpose").ends_with("probe");
        let own = self.segments(&life.local, &life.remote).filter(|sent| sent.number("connection") == Some(gone));
        let last = own.filter(|sent| sent.id < end.id).rfind(asks);
        let in_vain = last.is_some_and(|last| last.text("fate") == "lost");
        self.of_forgery(connection, gone).filter(|_| !in_vain)
    }

    /// The segment with which an end closed its window, if it is closed, and the other end gave up for want of nothing else.
    fn unread(&self, connection: u64, gone: u64, end: &Record) -> Option<Due> {
        let life = &self.lives[&connection];
        let own = self.segments(&life.local, &life.remote).filter(|sent| sent.number("connection") == Some(connection));
        let own = own.filter(|sent| sent.id < end.id && !sent.text("flags").contains('R'));
        let shut = own.rev().take_while(|sent| sent.number("window") == Some(0)).last()?;
        let waited = self.waited_for(gone, connection, end).filter(|(cause, _)| cause != "delayed");
        waited.is_none().then(|| Due::to("application", shut.id))
    }

    /// That the last words of an end that keeps no TIME-WAIT are on their way.
    fn on_its_way(&self, connection: u64, gone: u64, end: &Record) -> Due {
        if !matches!(end.text("from"), "FIN-WAIT-1" | "FIN-WAIT-2" | "CLOSING") {
            return Due::unknown();
        }
        let life = &self.lives[&gone];
        let tells = |sent: &&Record| {
            sent.number("connection") == Some(gone)
                && self.coming.contains_key(&sent.id)
                && sent.text("purpose") != "keepalive-probe"
                && !self.is_old(connection, sent)
        };
        let last = self.segments(&life.local, &life.remote).rfind(tells);
        Due::to("unknown", last.map(|last| last.id))
    }

    /// The other end that went: the partner, or who was not yet aware of it.
    pub(super) fn gone(&self, life: &Life) -> Option<u64> {
        let went = |other: &u64| {
            let Some(ended) = self.lives[other].ended else { return false };
            let was_opening = || self.record(ended).is_some_and(|end| end.text("from") == "SYN-SENT");
            match life.partner {
                Some(partner) => partner == *other,
                None => self.lives[other].iss == life.irs && ended >= self.event && was_opening(),
            }
        };
        self.opposite(life).iter().copied().find(went)
    }

    /// The cause of what a segment made.
    pub(super) fn of_making(&self, delivered: &Record) -> Due {
        let Some(segment) = self.because(delivered) else { return Due::unknown() };
        if segment.is("forged") {
            return Due::to("forged", segment.id);
        }
        // What a wasted segment makes has its cause.
        if segment.is("wasted") && segment.text("cause") != "unknown" {
            return Due::to(segment.text("cause"), segment.number("blames"));
        }
        let sender = segment.number("connection").and_then(|sender| self.lives.get(&sender));
        let end = sender.and_then(|sender| self.record(sender.ended?));
        match end.map(|end| (end.text("reason"), end)) {
            Some(("crash", end)) => Due::to("crash", end.because),
            Some(("evicted", end)) => Due::to("capacity", end.because),
            _ => self.superseded(delivered).unwrap_or_else(Due::unknown),
        }
    }

    /// The cause of what a segment opened whose sender is over: that segment, or what ended its sender.
    fn of_opening(&self, connection: u64, delivered: &Record) -> Due {
        let making = self.of_making(delivered);
        let sender = self.because(delivered).and_then(|segment| segment.number("connection"));
        let Some(sender) = sender.filter(|sender| self.lives.contains_key(sender)) else { return making };
        match self.lives[&sender].ended.and_then(|ended| self.record(ended)) {
            Some(end) if end.text("reason") != "crash" => {
                let both = making.blames().into_iter().chain(self.of_end(connection, sender, end).blames());
                Due::one_of(both.collect()).unwrap_or_else(Due::unknown)
            }
            _ => making,
        }
    }

    /// Whether a segment came after what superseded it, or as a second copy.
    pub(super) fn superseded(&self, delivered: &Record) -> Option<Due> {
        let segment = self.because(delivered)?;
        let (cause, id) = (|cause: &str| (cause.to_owned(), Some(segment.id)), segment.id);
        let came = |sent: &Record| {
            self.answers(sent.id).any(|came| matches!(&*came.kind, "delivered" | "unheard") && came.id < delivered.id)
        };
        let is_second = came(segment);
        let Some(sender) = segment.number("connection") else {
            // What no connection sent, nothing supersedes by the words; and yet its sender may know more by now.
            let late = delivered.is("stale").then(|| vec![cause("delayed"), ("unknown".to_owned(), None)]);
            return if is_second { Some(Due::Is(cause("duplicated"))) } else { late.map(Due::OneOf) };
        };
        let superseding = |later: &Record| {
            let is_again =
                later.number("retransmission") > Some(0) && later.number("seq_raw") == segment.number("seq_raw");
            let is_later = later.id > id && later.id < delivered.id && later.number("connection") == Some(sender);
            is_later && ((is_again && occupies(segment)) || came(later))
        };
        let sent_again = self.segments(segment.text("source"), segment.text("destination")).rev().any(superseding);
        let over = self.lives.get(&sender).and_then(|sender| sender.ended).is_some_and(|ended| ended < delivered.id);
        let late = sent_again || over;
        match (is_second, late) {
            (true, true) => Some(Due::OneOf(vec![cause("duplicated"), cause("delayed")])),
            (true, false) => Some(Due::Is(cause("duplicated"))),
            (false, true) => Some(Due::Is(cause("delayed"))),
            (false, false) => None,
        }
    }

    /// The cause where the other end went.
    fn of_end(&self, connection: u64, gone: u64, end: &'a Record) -> Due {
        // Who has been answered may be given to its application early, which then goes as it likes.
        let called = self.because(end).is_some_and(|because| because.kind == "call");
        let opening = end.text("from") == "SYN-SENT" || end.text("from") == "SYN-RECEIVED" && !called;
        let reset = || self.lost_by(connection, gone, end);
        let waited_for = |waits, other| self.waited_for(waits, other, end).map_or_else(Due::unknown, Due::Is);
        if let Some(full) = self.without_room(end) {
            return reset().unwrap_or_else(|| Due::to("capacity", full));
        }
        match end.text("reason") {
            "crash" => Due::to("crash", end.because),
            "evicted" => Due::to("capacity", end.because),
            "overflow" => {
                let overflow = self.of_event().find(|record| record.kind == "overflow");
                Due::to("capacity", overflow.map(|overflow| overflow.id))
            }
            // Who was still opening has given up, for want of what was lost: unless that is on its way.
            "call" if opening => reset().unwrap_or_else(|| {
                let call = ("application".to_owned(), end.because);
                let waited = self.waited_for(gone, connection, end).filter(|(cause, _)| cause != "delayed");
                Due::Is(waited.unwrap_or(call))
            }),
            "call" => reset().unwrap_or_else(|| Due::to("application", end.because)),
            "unread" => {
                reset().or_else(|| self.out_of_order(end)).unwrap_or_else(|| Due::to("application", end.because))
            }
            "gave-up" => {
                let forged = || self.of_forgery_in_vain(connection, gone, end);
                reset()
                    .or_else(forged)
                    .or_else(|| self.unread(connection, gone, end))
                    .unwrap_or_else(|| waited_for(gone, connection))
            }
            "expired" if end.text("from") == "TIME-WAIT" => {
                let forged = self.of_forgery_in_vain(connection, gone, end);
                forged.unwrap_or_else(|| waited_for(connection, gone))
            }
            "expired" => match self.half_closed(connection) {
                Some(fin) => {
                    let Life { host, attempt, .. } = &self.lives[&connection];
                    let no_worker = self.in_line.get(&(host.clone(), attempt.clone()));
                    let no_worker = no_worker.filter(|line| self.are_busy(host, line));
                    no_worker.map_or_else(|| Due::to("application", fin), |line| Due::to("capacity", line.record))
                }
                None => {
                    let forged = self.of_forgery_in_vain(connection, gone, end);
                    forged.unwrap_or_else(|| waited_for(gone, connection))
                }
            },
            _ => {
                let both = [reset(), self.out_of_order(end)];
                let both = both.into_iter().flatten().flat_map(Due::blames).collect();
                let forged = || self.of_forgery(connection, gone).filter(|_| end.text("from") == "LAST-ACK");
                Due::one_of(both).or_else(forged).unwrap_or_else(|| self.on_its_way(connection, gone, end))
            }
        }
    }

    /// The last that an end sent as it went, if that was lost: a reset, or what answered the segment that ended it.
    fn lost_by(&self, connection: u64, gone: u64, end: &Record) -> Option<Due> {
        let life = &self.lives[&gone];
        let brings_about = |cause: &u64| Some(*cause) == end.because || end.also.contains(cause) || *cause == end.id;
        let as_it_went = |sent: &&Record| sent.because.as_ref().is_some_and(brings_about);
        let last = self.segments(&life.local, &life.remote).rfind(as_it_went)?;
        let matters = !last.text("flags").contains('R') || !self.is_too_old(connection, last);
        (last.text("fate") == "lost" && matters).then(|| Due::to("lost", last.id))
    }

    /// The cause of the segment that an end comes of, if that was forged, wasted or superseded.
    fn out_of_order(&self, end: &Record) -> Option<Due> {
        let delivered = self.delivery(end)?;
        let segment = self.because(delivered)?;
        if segment.is("forged") {
            return Some(Due::to("forged", segment.id));
        }
        if segment.is("wasted") && segment.text("cause") != "unknown" {
            return Some(Due::to(segment.text("cause"), segment.number("blames")));
        }
        self.superseded(delivered)
    }

    /// Whether all workers of a line serve connections.
    fn are_busy(&self, host: &str, line: &InLine) -> bool {
        let served = self.served.iter().map(|connection| &self.lives[connection]);
        served.filter(|life| life.host == host && life.local.ends_with(&line.port)).count() as u64 >= line.workers
    }

    /// The record that there was no room for TIME-WAIT where a connection ended.
    fn without_room(&self, end: &Record) -> Option<u64> {
        let mut reasons = end.also.iter().filter_map(|id| self.record(*id));
        reasons.find(|reason| reason.text("queue") == "time-wait").map(|reason| reason.id)
    }

    /// The segment with the FIN after which the application of a connection does not close.
    fn half_closed(&self, connection: u64) -> Option<u64> {
        if self.lives[&connection].state != "CLOSE-WAIT" {
            return None;
        }
        let records = self.records[..usize::try_from(self.next).ok()?].iter().rev();
        let of_it = |record: &&Record| record.kind == "state" && record.number("connection") == Some(connection);
        self.delivery(records.filter(of_it).find(|state| state.text("to") == "CLOSE-WAIT")?)?.because
    }

    /// What became of the segments that would have opened the other end: lost, met by a full queue or by a host that was
    /// down. If it is none of the event at hand, the words do not say which of them.
    fn of_coming(&self, life: &Life, connection: u64) -> Option<Due> {
        let sent = self.segments(&life.local, &life.remote);
        let sent =
            sent.filter(|sent| sent.number("connection") == Some(connection) && !sent.text("flags").contains('R'));
        let met: Vec<(u64, Blame)> = sent.filter_map(|sent| self.met(sent)).collect();
        let last = met.iter().max_by_key(|(at, _)| *at)?;
        if last.0 >= self.event {
            return Some(Due::Is(last.1.clone()));
        }
        let met = Due::one_of(met.into_iter().map(|(_, blame)| blame).collect())?;
        Some(met.or(("unknown".to_owned(), None)))
    }
}
