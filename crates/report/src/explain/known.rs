//! What is known of one attempt to open: the connection's two ends, and what became of the segments of its handshake and close.

use experiment::HostId;
use experiment::record::{Attempt, Call, Incarnation, RecordId, Sent};
use sim_time::Instant;
use tcp_endpoint::{FourTuple, Queue, Reason, State, Timer};

use super::course::Course;

/// The end of a connection that called for it, or the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Opener,
    Other,
}

/// What is known of an attempt.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// When it was called for.
    pub(super) since: Instant,
    /// The end that called for it, and the other as it was last.
    pub(super) here: End,
    pub(super) there: End,
    pub(super) syns: Course,
    pub(super) syn_acks: Course,
    /// What the opener sent before the other end was open.
    pub(super) acks: Course,
    pub(super) held: u32,
    pub(super) flying: u32,
    /// Those that were open at the other end before another came in the place of each, and since when.
    pub(super) replaced: Vec<(Incarnation, (Instant, u64))>,
    /// How many octets of the opener an application had received at an end that another came in the place of.
    pub(super) received_before: u64,
    /// Whether the open is told of, or needs not be.
    pub(super) told: bool,
    /// The peer's attempt, if the two SYNs crossed: one connection is of both then.
    pub(super) crossing: Option<Attempt>,
    /// How many workers there are, while it waits for one.
    pub(super) waits_for_worker: Option<u32>,
}

/// One end of it.
#[derive(Clone, Debug, Default)]
pub(super) struct End {
    /// None before its birth.
    pub(super) life: Option<Life>,
    pub(super) state: Option<State>,
    /// How long the chain of records that led to where it is has waited for timers, in nanoseconds.
    pub(super) waited: u64,
    /// When its timer was set, and how long that had waited for timers; and for when which was set.
    pub(super) armed: (Instant, u64),
    pub(super) deadline: Option<(Instant, Timer)>,
    /// When it came to its state.
    pub(super) since: Instant,
    /// Whether its application has accepted it.
    pub(super) accepted: bool,
    /// When its application closed, and the record of that.
    pub(super) left: Option<(Instant, RecordId)>,
    /// When it was first ESTABLISHED, or in a later state; and how long that had waited for timers.
    pub(super) opened: Option<(Instant, u64)>,
    /// Who sent the segment that opened it.
    pub(super) opened_by: Option<Incarnation>,
    pub(super) ended: Option<Ended>,
    /// Since when its FIN waits for an acknowledgment; and how long that had waited for timers.
    pub(super) closing: Option<(Instant, u64)>,
    /// How many segments had come to it when it sent its first FIN.
    pub(super) heard_before_fin: u32,
    pub(super) fins: Course,
    /// Its acknowledgments of the peer's FIN; its own FIN may be one.
    pub(super) fin_acks: Course,
    /// What it sent since the last segment that came to it; and how many segments had come.
    pub(super) unanswered: Course,
    pub(super) heard: u32,
    /// What the other end sent in answer to these.
    pub(super) answers: Course,
    /// Octets that its application received, while all are of this attempt.
    pub(super) received: u64,
    pub(super) mixed_up: bool,
    /// Octets of it that the other end took and nobody read.
    pub(super) dropped: Option<Dropped>,
    /// Whether it is a ghost, or abandoned.
    pub(super) useless: bool,
    /// Whether it ever was a ghost.
    pub(super) ghost: bool,
    /// The last segment that came to it from another connection or a forger.
    pub(super) stale: Option<RecordId>,
    /// The first forged segment that it took for its peer's.
    pub(super) misled_by: Option<RecordId>,
    /// Whether its SYN crossed the peer's.
    pub(super) crossed: bool,
}

/// Octets that came, or were there, when the application of their receiver had closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped {
    pub(super) octets: u64,
    /// When the first and the last of them came.
    pub(super) first: Instant,
    pub(super) last: Instant,
    /// The receiver, and when its application closed.
    pub(super) reader: Option<(HostId, Instant)>,
}

/// Which life it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Life {
    pub(super) incarnation: Incarnation,
    /// Which attempt of its host it goes back to, as ladders count them.
    pub(super) ordinal: u32,
    pub(super) host: HostId,
    pub(super) tuple: FourTuple,
    pub(super) passive: bool,
}

/// How a life ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) record: RecordId,
    pub(super) at: Instant,
    pub(super) from: State,
    pub(super) reason: Reason,
    /// Since when it had been in that state, and until when its timer was set.
    pub(super) since: Instant,
    pub(super) deadline: Option<Instant>,
    /// By which reset, if by one.
    pub(super) reset: Option<(RecordId, Why)>,
    /// The segment that took its place, if one did; and whether that was stale.
    pub(super) by: Option<(RecordId, bool)>,
}

/// Why a reset was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Why {
    /// The host that sent it, if one did.
    pub(super) host: Option<HostId>,
    pub(super) what: WhyReset,
    /// What it answers, if it answers something.
    pub(super) answers: Option<RecordId>,
    /// The attempt it goes back to, if it ended a connection of another.
    pub(super) of_another: Option<Attempt>,
}

/// What brought a reset about.
#[derive(Clone, Copy, Debug)]
pub(super) enum WhyReset {
    Forged,
    /// A call of its application.
    Call(Call),
    /// It gave up: a timer fired for the last time.
    GaveUp,
    /// Its connection went, for another reason.
    Ended,
    /// A SYN came to a port at which nobody listens.
    NoListener(u16),
    /// There was no connection; how there came to be none, if there was one before.
    NoConnection(Option<(Reason, State, Instant)>),
    /// There was no place for one.
    NoPlace(Queue),
    /// Octets came after its application's CLOSE.
    Unread,
    /// A connection in that state takes it for no part of it.
    Unacceptable(Option<(Life, State)>),
    /// Its connection went to TIME-WAIT, and the peer needs none any more.
    TookTimeWait,
}

/// What a segment is to its attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Syn,
    SynAck,
    /// One that may complete the handshake.
    Ack,
    Fin(Side),
    Other,
}

/// A segment on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flying {
    pub(super) attempt: Attempt,
    pub(super) role: Role,
    pub(super) acks_fin: bool,
    pub(super) copies: usize,
    pub(super) landed: bool,
    /// How long the chain that led to it has waited for timers.
    pub(super) waited: u64,
    pub(super) sender: Option<Sender>,
    /// The end that had sent what it answers.
    pub(super) answers: Option<Sender>,
}

/// The end that sent a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) life: Incarnation,
    pub(super) side: Side,
    /// How many segments had come to it.
    pub(super) heard: u32,
}

impl Known {
    pub(super) fn new(since: Instant) -> Self {
        let (here, there) = (End::default(), End::default());
        let (syns, syn_acks, acks) = (Course::default(), Course::default(), Course::default());
        Self {
            since,
            here,
            there,
            syns,
            syn_acks,
            acks,
            held: 0,
            flying: 0,
            replaced: Vec::new(),
            received_before: 0,
            told: false,
            crossing: None,
            waits_for_worker: None,
        }
    }

    pub(super) const fn is_gone(&self) -> bool {
        self.held == 0 && self.flying == 0
    }

    /// Whether it is open at both ends, or was.
    pub(super) fn is_open(&self) -> bool {
        self.here.opened.is_some() && self.opened_there().is_some()
    }

    /// When the connection at the other end was open: the one that answered, though another may have come in its place.
    pub(super) fn opened_there(&self) -> Option<(Instant, u64)> {
        let answered = self.replaced.iter().find(|(life, _)| Some(*life) == self.here.opened_by);
        answered.map(|(_, opened)| *opened).or(self.there.opened)
    }

    /// Another end comes in the place of one.
    pub(super) fn note_replaced(&mut self, side: Side) {
        if side == Side::Other && !self.there.mixed_up {
            self.received_before = self.received_before.max(self.there.received);
        }
        if let (Side::Other, Some(life), Some(opened)) = (side, self.there.life, self.there.opened) {
            self.replaced.push((life.incarnation, opened));
        }
    }

    /// The application at an end receives octets, some of them of another attempt. Returns how many an application had
    /// received there before: those of an attempt come in order, from the first on.
    pub(super) fn receive(&mut self, side: Side, octets: u64, stale: u64) -> u64 {
        let received_before = if side == Side::Other { self.received_before } else { 0 };
        let end = self.end_mut(side);
        let before = end.received;
        end.received += octets;
        end.mixed_up |= stale > 0;
        if end.mixed_up { 0 } else { end.received.min(received_before) - before.min(received_before) }
    }

    /// Whether its SYN and the peer's crossed: each end called for the connection.
    pub(super) const fn is_crossed(&self) -> bool {
        self.here.crossed || self.crossing.is_some()
    }

    pub(super) const fn end(&self, side: Side) -> &End {
        match side {
            Side::Opener => &self.here,
            Side::Other => &self.there,
        }
    }

    pub(super) const fn other(&self, side: Side) -> &End {
        match side {
            Side::Opener => &self.there,
            Side::Other => &self.here,
        }
    }

    pub(super) const fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Opener => &mut self.here,
            Side::Other => &mut self.there,
        }
    }

    /// Segments that are on their way between the ends.
    pub(super) const fn flying(&self) -> u32 {
        self.flying
    }

    /// The end on a host.
    pub(super) fn end_on(&self, host: HostId) -> Option<&End> {
        [&self.here, &self.there].into_iter().find(|end| end.life.is_some_and(|life| life.host == host))
    }

    pub(super) fn role(&self, sent: &Sent, sender: Option<Side>) -> Role {
        match (sent.flags.syn(), sent.flags.ack(), sender) {
            _ if sent.flags.rst() => Role::Other,
            (true, false, _) => Role::Syn,
            (true, true, _) => Role::SynAck,
            (false, _, Some(side)) if sent.flags.fin() && self.end(side).opened.is_some() => Role::Fin(side),
            (false, _, Some(Side::Opener)) if self.there.opened.is_none() => Role::Ack,
            _ => Role::Other,
        }
    }

    pub(super) const fn course(&mut self, role: Role) -> Option<&mut Course> {
        match role {
            Role::Syn => Some(&mut self.syns),
            Role::SynAck => Some(&mut self.syn_acks),
            Role::Ack => Some(&mut self.acks),
            Role::Fin(side) => Some(&mut self.end_mut(side).fins),
            Role::Other => None,
        }
    }

    /// Counts what becomes of a segment.
    pub(super) fn land(&mut self, flying: Flying, count: impl Fn(&mut Course)) {
        if let Some(course) = self.course(flying.role) {
            count(course);
        }
        if let Some(Sender { side, heard, .. }) = flying.sender {
            let end = self.end_mut(side);
            if flying.acks_fin {
                count(&mut end.fin_acks);
            }
            if end.heard == heard {
                count(&mut end.unanswered);
            }
        }
        if let Some(Sender { side, heard, .. }) = flying.answers
            && self.end(side).heard == heard
        {
            count(&mut self.end_mut(side).answers);
        }
    }
}

impl End {
    /// How many segments have come to it since it sent its FIN.
    pub(super) const fn heard_since_fin(&self) -> u32 {
        self.heard - self.heard_before_fin
    }

    /// It comes to a state: returns how long its FIN waited for timers, if it is acknowledged now and was sent again.
    pub(super) fn close(&mut self, at: Instant, to: State) -> Option<SlowClose> {
        match to {
            State::FinWait1 | State::LastAck => {
                self.closing = Some((at, self.waited));
                None
            }
            State::FinWait2 | State::TimeWait | State::Closed => {
                let (since, before) = self.closing.take()?;
                let waited = self.waited.saturating_sub(before);
                (self.fins.sent > 1 && waited > 0).then_some(SlowClose { since, waited })
            }
            _ => None,
        }
    }
}

/// A close that took longer than it would have.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowClose {
    pub(super) since: Instant,
    /// How long it waited for timers.
    pub(super) waited: u64,
}
