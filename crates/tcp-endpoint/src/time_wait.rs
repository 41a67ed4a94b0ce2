//! What is left of a connection in TIME-WAIT, or in FIN-WAIT-2 once its application has closed: enough to answer its
//! peer (RFC 9293 §3.10.7.4).

use std::net::Ipv4Addr;

use sim_time::{Duration, Instant};

use crate::connection::{Connection, acceptable};
use crate::draft::{Draft, reset_outside_connection};
use crate::identity::{Identity, Incarnation};
use crate::moment::{Moment, Packed};
use crate::step::{After, Context};
use crate::timestamps::{Stamp, TimestampClock};
use crate::{
    Acknowledged, ChallengeLimit, Flags, HalfOpenCheck, Options, Payload, Purpose, Reason, Segment, SeqNum, Settings,
    State, Status, SynInTimeWait, TimeWaitRestart, TimestampCheck,
};

/// An entry in TIME-WAIT or FIN-WAIT-2. There may be very many, so it is packed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TimeWait<T> {
    pub(crate) id: Identity<T>,
    pub(crate) iss: SeqNum,
    pub(crate) irs: SeqNum,
    /// SND.NXT
    pub(crate) send_next: SeqNum,
    /// RCV.NXT
    pub(crate) receive_next: SeqNum,
    pub(crate) passive: bool,
    /// TIME-WAIT, or FIN-WAIT-2.
    pub(crate) state: State,
    pub(crate) clock: Option<TimestampClock>,
    challenged_at: Moment,
    /// When TIME-WAIT, or closed FIN-WAIT-2, began.
    pub(crate) entered: Packed,
    /// When it is over.
    pub(crate) until: Packed,
}

impl<T: Copy> TimeWait<T> {
    /// What is kept of a connection that is over for its application.
    pub(crate) fn of<P: Payload>(
        connection: &Connection<P, T>,
        state: State,
        entered: Instant,
        until: Instant,
    ) -> Self {
        Self {
            id: connection.id,
            iss: connection.send.iss,
            irs: connection.incoming.irs,
            send_next: connection.send.nxt,
            receive_next: connection.incoming.nxt,
            passive: connection.passive,
            state,
            clock: connection.clock,
            challenged_at: Moment::NONE,
            entered: entered.into(),
            until: until.into(),
        }
    }

    /// Whether a segment is a SYN that opens the connection's next incarnation (RFC 9293 §3.6.1, MAY-2; RFC 6191).
    pub(crate) fn is_succeeded_by<P: Payload>(&self, segment: &Segment<P>, settings: &Settings) -> bool {
        if self.state != State::TimeWait || !segment.flags.syn() || segment.flags.ack() || segment.flags.rst() {
            return false;
        }
        let newer = self.clock.zip(segment.options.timestamps).map(|(clock, carried)| {
            if clock.is_new(carried) {
                Age::Newer
            } else if carried.value == clock.recent() {
                Age::Same
            } else {
                Age::Older
            }
        });
        let higher = segment.seq.at_or_after(self.receive_next);
        let stamped = settings.limits.timestamps && segment.options.timestamps.is_some(); // as the next would be
        match (settings.teardown.syn_in_time_wait, newer) {
            (SynInTimeWait::None, _) | (SynInTimeWait::Timestamp | SynInTimeWait::Either, Some(Age::Older)) => false,
            (SynInTimeWait::Timestamp | SynInTimeWait::Either, Some(Age::Newer)) => true,
            (SynInTimeWait::Timestamp, None) if self.clock.is_none() && stamped => true,
            (SynInTimeWait::Either, _) => segment.seq.after(self.receive_next),
            (SynInTimeWait::Sequence | SynInTimeWait::Timestamp, _) => higher,
        }
    }

    /// SEGMENT ARRIVES in TIME-WAIT, or in FIN-WAIT-2.
    pub(crate) fn on_segment<P: Payload>(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let window = ctx.settings.limits.window;
        let stamp = Stamp::of(segment, self.clock.as_ref(), &ctx.settings.limits, ctx.now);
        if stamp == Stamp::Missing {
            return After::Stay;
        }
        let old = stamp == Stamp::Old;
        let acceptable = !old && acceptable(self.receive_next, window, segment.seq, segment.len());
        if segment.flags.rst() {
            return self.take_reset(segment.seq, acceptable, ctx);
        }
        if acceptable && ctx.settings.limits.timestamp_check == TimestampCheck::Sequence {
            self.note_timestamp(segment, ctx.now);
        }
        if self.state == State::FinWait2 {
            return self.take_in_fin_wait_2(segment, acceptable, ctx);
        }
        if self.is_dropped_silently(segment, ctx) {
            return After::Stay;
        }
        let repeated_fin = segment.flags.fin() && segment.seq + segment.len() == self.receive_next;
        let bare = segment.is_empty() && segment.seq == self.receive_next && !old;
        match ctx.settings.teardown.time_wait_restart {
            // "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and
            // restart the 2 MSL timeout." It ends just before RCV.NXT, so the window test alone would miss it.
            TimeWaitRestart::Fin if repeated_fin => {
                self.restart(ctx);
                self.answer(segment, ctx);
            }
            TimeWaitRestart::Fin if !acceptable => self.answer(segment, ctx),
            TimeWaitRestart::Fin if segment.flags.syn() => self.challenge(ctx),
            TimeWaitRestart::Fin => {}
            TimeWaitRestart::Any => {
                if old || segment.flags.ack() {
                    self.restart(ctx);
                }
                if bare {
                    self.note_timestamp(segment, ctx.now);
                } else {
                    self.answer(segment, ctx);
                }
            }
        }
        After::Stay
    }

    /// FIN-WAIT-2 without an application: data is refused (RFC 9293 SHLD-3), the FIN brings TIME-WAIT.
    fn take_in_fin_wait_2<P: Payload>(
        &mut self,
        segment: &Segment<P>,
        acceptable: bool,
        ctx: &mut Context<'_, P, T>,
    ) -> After {
        if !acceptable {
            self.answer(segment, ctx);
            return After::Stay;
        }
        if segment.flags.syn() && ctx.settings.limits.half_open_check == HalfOpenCheck::Window {
            ctx.effects.push(reset_outside_connection(segment));
            return After::Close(Reason::Segment);
        }
        if segment.flags.syn() {
            self.challenge(ctx);
            return After::Stay;
        }
        let (end, edge) = (segment.seq + segment.len(), self.receive_next + ctx.settings.limits.window);
        if !segment.flags.ack() || segment.is_empty() || !end.after(self.receive_next) {
            return After::Stay;
        }
        let carries_news = (end - u32::from(segment.flags.fin())).after(self.receive_next);
        if carries_news && ctx.settings.limits.half_duplex_close {
            self.send(Flags::RST, segment.ack, Purpose::ResetOfUnacceptable, ctx);
            return After::Close(Reason::Segment);
        }
        if carries_news && segment.seq.after(self.receive_next) {
            self.send_ack(Purpose::DuplicateAck, ctx); // it is ahead of a gap
            return After::Stay;
        }
        let whole = end.at_or_before(edge);
        let finished = whole && segment.flags.fin();
        if finished {
            self.note_timestamp(segment, ctx.now);
        }
        self.receive_next = if whole { end } else { edge };
        self.send_ack(Purpose::Acknowledgment, ctx);
        if finished { After::TimeWait } else { After::Stay }
    }

    /// An exact reset ends TIME-WAIT, unless RFC 1337's fixes are in force; another in the window is challenged.
    fn take_reset<P: Payload>(&mut self, seq: SeqNum, acceptable: bool, ctx: &mut Context<'_, P, T>) -> After {
        let teardown = &ctx.settings.teardown;
        if self.state == State::FinWait2 && ctx.settings.limits.half_open_check == HalfOpenCheck::Window {
            if acceptable {
                return After::Close(Reason::Reset);
            }
            self.challenge(ctx);
            return After::Stay;
        }
        let guarded =
            self.state == State::TimeWait && (!teardown.reset_ends_time_wait || self.age(ctx) < teardown.reset_guard);
        if !acceptable || guarded {
            return After::Stay;
        }
        if seq == self.receive_next {
            return After::Close(Reason::Reset);
        }
        // Linux drops what is neither exact nor a segment to acknowledge.
        if teardown.time_wait_restart == TimeWaitRestart::Fin {
            self.challenge(ctx);
        }
        After::Stay
    }

    /// Time since TIME-WAIT began, or began anew.
    fn age<P>(&self, ctx: &Context<'_, P, T>) -> Duration {
        ctx.settings.teardown.time_wait.saturating_sub(self.until.get() - ctx.now)
    }

    fn restart<P>(&mut self, ctx: &Context<'_, P, T>) {
        self.until = ctx.settings.limits.fires_at(ctx.now, ctx.settings.teardown.time_wait).into();
    }

    /// RFC 7323 §5.3 R3.
    fn note_timestamp<P>(&mut self, segment: &Segment<P>, now: Instant) {
        TimestampClock::note(&mut self.clock, segment, self.receive_next, now);
    }

    /// RFC 6191 §2: a SYN that it does not accept leaves TIME-WAIT as it is, without an answer.
    fn is_dropped_silently<P>(&self, segment: &Segment<P>, ctx: &Context<'_, P, T>) -> bool {
        let request = segment.flags.syn() && !segment.flags.ack();
        request && ctx.settings.teardown.syn_in_time_wait == SynInTimeWait::Timestamp
    }

    /// An ACK; limited as challenge ACKs are where a limit for each connection holds for everything that could loop.
    fn answer<P: Payload>(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) {
        let loops = segment.is_empty() || segment.flags.syn();
        let limited = loops && ctx.settings.limits.challenge_limit == ChallengeLimit::Connection;
        if !limited || self.may_challenge(ctx) {
            self.send_ack(Purpose::of_answer(segment.flags, Purpose::DuplicateAck), ctx);
        }
    }

    fn may_challenge<P>(&mut self, ctx: &mut Context<'_, P, T>) -> bool {
        ctx.challenges.permit(&mut self.challenged_at, ctx.now, &ctx.settings.limits)
    }

    fn challenge<P: Payload>(&mut self, ctx: &mut Context<'_, P, T>) {
        if self.may_challenge(ctx) {
            self.send_ack(Purpose::ChallengeAck, ctx);
        }
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`
    pub(crate) fn send_ack<P: Payload>(&self, purpose: Purpose, ctx: &mut Context<'_, P, T>) {
        self.send(Flags::ACK, self.send_next, purpose, ctx);
    }

    fn send<P: Payload>(&self, flags: Flags, seq: SeqNum, purpose: Purpose, ctx: &mut Context<'_, P, T>) {
        let acknowledged = match self.state {
            State::FinWait2 if self.receive_next == self.irs + 1 => Acknowledged::Syn,
            State::FinWait2 => Acknowledged::Data,
            _ => Acknowledged::Fin,
        };
        let draft = Draft {
            flags,
            seq,
            acknowledged: (self.receive_next, acknowledged),
            options: Options::stamped(self.clock.map(|clock| clock.stamp(ctx.now))),
            payload: P::default(),
            purpose,
            retransmission: 0,
        };
        ctx.transmit(self.id, draft);
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self, address: Ipv4Addr, receive_window: u32) -> Status {
        let (send, receive) = ((self.send_next, self.send_next), (Some(self.receive_next), receive_window));
        self.incarnation().status(address, self.state, send, receive)
    }

    pub(crate) const fn incarnation(&self) -> Incarnation<T> {
        Incarnation { id: self.id, iss: self.iss, irs: Some(self.irs), passive: self.passive }
    }
}

/// A timestamp against the last one seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Newer,
    Same,
    Older,
}
