//! SEGMENT ARRIVES in SYN-RECEIVED and the synchronized states (RFC 9293 §3.10.7.4), check by check in its order.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{Connection, Opening, Probe};
use crate::effect::{Notice, Purpose, Reason};
use crate::interface::Owner;
use crate::packed::Moment;
use crate::patience::Patience;
use crate::payload::Payload;
use crate::segment::Segment;
use crate::seq::{SeqNum, acceptable};
use crate::settings::{
    AckCheck, ChallengeLimit, CrossingSyn, DuplicateSyn, KeepaliveHeard, Limits, SequenceCheck, TimeWaitOwner,
    TimestampCheck,
};
use crate::state::State;
use crate::step::{After, Context};
use crate::timestamps::{Stamp, TimestampClock};

/// A check settles the segment, or passes it on with what it has brought about so far.
type Check<Passed = ()> = ControlFlow<After, Passed>;

impl<P: Payload, T: Copy> Connection<P, T> {
    /// SEGMENT ARRIVES.
    pub(crate) fn on_segment(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let (Break(after) | Continue(after)) = self.arrives(segment, ctx);
        self.acknowledge_at_once(after, ctx)
    }

    /// An acknowledgment that is owed leaves, unless it may wait for what the application does.
    pub(super) fn acknowledge_at_once(&mut self, after: After, ctx: &mut Context<'_, P, T>) -> After {
        if self.ack_due && after != After::TimeWait && self.acknowledges_at_once(ctx) {
            self.send_ack(ctx);
        }
        after
    }

    fn arrives(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Check<After> {
        let said_something = segment.flags.ack() || !segment.payload.is_empty();
        if ctx.settings.limits.keepalive.keepalive_heard == KeepaliveHeard::Any
            && said_something
            && !segment.flags.syn()
            && !segment.flags.rst()
        {
            self.heard(ctx);
        }
        self.check_timestamp(segment, ctx)?;
        self.check_sequence(segment, ctx)?;
        if ctx.settings.limits.checks.timestamp_check == TimestampCheck::Sequence {
            self.note_timestamp(segment, ctx);
        }
        self.check_reset(segment, ctx)?;
        self.check_syn(segment, ctx)?;
        self.heard(ctx); // what is none of these is data or an acknowledgment
        let after_ack = self.check_ack(segment, ctx)?;
        match self.take_text_and_fin(segment, ctx) {
            After::Stay if self.is_orphan_in_fin_wait_2(ctx) => Break(After::Orphan),
            After::Stay => Continue(after_ack),
            after => Break(after),
        }
    }

    /// Whether nothing is awaited but the peer's FIN, on behalf of no one, where that has an end.
    pub(super) fn is_orphan_in_fin_wait_2(&self, ctx: &Context<'_, P, T>) -> bool {
        self.state == State::FinWait2
            && self.owner == Owner::Nobody
            && ctx.settings.teardown.fin_wait_2_timeout != Patience::Forever
    }

    /// PAWS, before all else (RFC 7323 §5.3 R1): what is older than the last that was acknowledged gets an ACK and goes
    /// no further.
    fn check_timestamp(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Check {
        match Stamp::of(segment, self.clock.as_ref(), &ctx.settings.limits, ctx.now) {
            Stamp::Fine => return Continue(()),
            Stamp::Missing => {}
            Stamp::Old => {
                let bare = segment.is_empty() && segment.seq.before(self.incoming.nxt);
                if !bare || ctx.settings.limits.checks.paws_answers_acks {
                    self.answer_unacceptable(segment, ctx);
                }
            }
        }
        Break(After::Stay)
    }

    /// RFC 7323 §5.3 R3, of a segment that has come as far as the setting wants.
    fn note_timestamp(&mut self, segment: &Segment<P>, ctx: &Context<'_, P, T>) {
        TimestampClock::note(&mut self.clock, segment, self.acks.last, ctx.now);
    }

    /// First, check the sequence number.
    fn check_sequence(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Check {
        let again = segment.flags.syn() && !segment.flags.rst() && segment.seq == self.incoming.irs;
        if again {
            return Break(self.take_peers_syn_again(segment, ctx));
        }
        if self.is_in_sequence(segment, &ctx.settings.limits)
            || self.is_reset_before_fin(segment, ctx)
            || self.is_at_closed_window(segment)
        {
            return Continue(());
        }
        if segment.flags.rst() {
            return Break(After::Stay);
        }
        self.answer_unacceptable(segment, ctx);
        Break(After::Stay)
    }

    fn is_in_sequence(&self, segment: &Segment<P>, limits: &Limits) -> bool {
        match limits.checks.sequence_check {
            SequenceCheck::Window => acceptable(self.incoming.nxt, self.incoming.window(), segment.seq, segment.len()),
            SequenceCheck::LastAck => {
                let end = segment.seq + segment.len();
                end.at_or_after(self.acks.last) && segment.seq.at_or_before(self.incoming.nxt + self.incoming.window())
            }
        }
    }

    /// Whether all of a segment is beyond a closed window and begins at its edge: its acknowledgment and its reset count
    /// ("special allowance should be made", §3.10.7.4; MUST-66), its text does not.
    fn is_at_closed_window(&self, segment: &Segment<P>) -> bool {
        self.incoming.window() == 0 && segment.seq == self.incoming.nxt && !segment.flags.syn()
    }

    /// Whether a peer whose FIN has come resets the connection as it was before that.
    fn is_reset_before_fin(&self, segment: &Segment<P>, ctx: &Context<'_, P, T>) -> bool {
        let closed_by_peer = matches!(self.state, State::CloseWait | State::LastAck | State::Closing);
        ctx.settings.limits.checks.reset_before_fin
            && closed_by_peer
            && segment.flags.rst()
            && segment.seq + 1 == self.incoming.nxt
    }

    /// An ACK, for what is not acceptable. Where challenge ACKs are limited for each connection, so are those that
    /// could keep two ends answering each other: the answers to what carries no data.
    fn answer_unacceptable(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let loops = segment.is_empty() || segment.flags.syn();
        if !loops && segment.seq.before(self.incoming.nxt) {
            self.acks.duplicate_came(limits);
        }
        if !loops {
            self.send_ack(ctx);
        } else if limits.checks.challenge_limit != ChallengeLimit::Connection || self.may_challenge(ctx) {
            self.send_unasked_ack(Purpose::of_answer(segment.flags, self.purpose_of_ack()), ctx);
        }
    }

    /// The SYN this connection began with has come once more: a retransmission, a duplicate, or the SYN-ACK that
    /// follows a crossing SYN.
    fn take_peers_syn_again(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let (limits, bare) = (&ctx.settings.limits, !segment.flags.ack());
        match self.state {
            State::SynReceived if bare && self.passive && limits.checks.duplicate_syn == DuplicateSyn::SynAck => {
                self.send_syn_ack(ctx);
            }
            State::SynReceived
                if !bare
                    && !self.passive
                    && limits.checks.crossing_syn != CrossingSyn::Text
                    && self.send.acceptable(segment.ack) =>
            {
                let acknowledged = limits.checks.crossing_syn == CrossingSyn::Acknowledged;
                self.note_timestamp(segment, ctx);
                if self.loses_what_ends_at(segment.seq + 1 + segment.payload.len(), ctx) {
                    return self.refuse_unread(segment, ctx);
                }
                self.ack_due = self.take_text_of_syn(segment, ctx) || acknowledged;
                return self.establish_by_acknowledgment(segment, ctx);
            }
            // There is no timer behind this SYN-ACK: the client's own retransmission asks for it again, even if the server
            // has spoken or closed since.
            _ if bare && self.opening == Opening::OnSyn && self.incoming.untouched() => self.send_syn_ack(ctx),
            _ => self.answer_unacceptable(segment, ctx),
        }
        After::Stay
    }

    /// Second, check the RST bit. Only the exact sequence number resets (RFC 5961 §3.2); any other in the window is
    /// answered with a challenge ACK.
    fn check_reset(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Check {
        if !segment.flags.rst() {
            return Continue(());
        }
        if segment.seq != self.incoming.nxt && !self.is_reset_before_fin(segment, ctx) {
            // One with data may begin before the window, and is dropped. Linux challenges it.
            let limits = &ctx.settings.limits;
            let strict = limits.checks.sequence_check == SequenceCheck::Window;
            if !strict || segment.seq.within(self.incoming.nxt, self.incoming.window()) {
                self.challenge(ctx);
            }
            return Break(After::Stay);
        }
        if ctx.settings.limits.close.reset_flushes {
            self.incoming.flush();
        }
        let opening = self.state == State::SynReceived && self.opening != Opening::Early;
        self.notify(if opening { Notice::Refused } else { Notice::Reset }, ctx);
        Break(After::Close(Reason::Reset))
    }

    /// Third, security: not implemented. Fourth, check the SYN bit: a challenge ACK (RFC 5961 §4.2), except that a
    /// passive SYN-RECEIVED goes back to LISTEN.
    fn check_syn(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Check {
        if !segment.flags.syn() {
            return Continue(());
        }
        if self.state == State::SynReceived && self.passive {
            return Break(After::Close(Reason::Segment));
        }
        self.challenge(ctx);
        Break(After::Stay)
    }

    /// Fifth, check the ACK field.
    fn check_ack(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Check<After> {
        if !segment.flags.ack() {
            return Break(After::Stay);
        }
        if self.state == State::SynReceived {
            if !self.send.acceptable(segment.ack) {
                self.send_reset_for(segment.ack, ctx);
                return Break(After::Stay);
            }
            self.note_timestamp(segment, ctx);
            return match self.establish_by_acknowledgment(segment, ctx) {
                After::TimeWait => Break(After::TimeWait),
                after => Continue(after),
            };
        }
        if self.is_unproven()
            && ctx.settings.handshake.data_check
            && !segment.is_empty()
            && !self.send.acceptable(segment.ack)
        {
            self.send_reset_for(segment.ack, ctx); // octets of another connection
            return Break(After::Stay);
        }
        if segment.ack.after(self.send.nxt) || self.is_blindly_old(segment.ack, ctx) {
            self.challenge(ctx);
            return Break(After::Stay);
        }
        if self.send.una.at_or_before(segment.ack) {
            self.note_timestamp(segment, ctx);
        }
        let held_back = self.is_held_back();
        if self.send.una.before(segment.ack) {
            self.take_acknowledgment(segment, ctx);
        }
        if self.send.una == segment.ack {
            self.update_window(segment);
            if held_back {
                self.hear_of_window(ctx);
            }
        }
        match self.state {
            State::FinWait1 if self.outgoing.fin_acknowledged() => self.enter(State::FinWait2, Reason::Segment, ctx),
            State::Closing if self.outgoing.fin_acknowledged() => return Break(After::TimeWait),
            State::LastAck if self.outgoing.fin_acknowledged() => return Break(self.end_last_ack(ctx)),
            _ => {}
        }
        Continue(After::Stay)
    }

    /// The peer closed first, and knows that we have closed.
    fn end_last_ack(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        if self.passive || ctx.settings.teardown.time_wait_owner == TimeWaitOwner::Closer {
            return After::Close(Reason::Segment);
        }
        self.send_reset(ctx);
        After::TimeWait
    }

    /// RFC 5961 §5.2: an acknowledgment older than the largest window the peer has offered is no honest one.
    fn is_blindly_old(&self, ack: SeqNum, ctx: &Context<'_, P, T>) -> bool {
        let reach = self.send.largest_window.min(self.send.una - (self.send.iss + 1));
        ctx.settings.limits.checks.ack_check == AckCheck::Window && ack.before(self.send.una - reach)
    }

    fn take_acknowledgment(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) {
        self.send.una = segment.ack;
        let timed_once = self.outgoing.acknowledge(segment.ack).map(|sent_at| ctx.now - sent_at);
        if let Some(round_trip) = timed_once.or_else(|| self.echoed_round_trip(segment, ctx)) {
            self.rto.measure(round_trip, (self.send.una, self.send.nxt), &ctx.settings.limits.timers);
        }
        self.retries = 0;
        self.trying_since = Moment::NONE;
        self.probe = Probe::None;
        self.deadlines.retransmit = Moment::NONE; // RFC 6298 §5.2
        if self.outgoing.in_flight() {
            self.time_flight(false, ctx); // RFC 6298 §5.3
        }
    }

    /// SND.WND ← SEG.WND, unless an older segment brought it.
    fn update_window(&mut self, segment: &Segment<P>) {
        let send = &mut self.send;
        if send.wl1.before(segment.seq) || (send.wl1 == segment.seq && send.wl2.at_or_before(segment.ack)) {
            send.set_window(segment);
        }
    }

    /// Sixth, urgent: not implemented. Seventh, the segment text; eighth, the FIN bit.
    fn take_text_and_fin(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        if !segment.is_empty() && (segment.seq + segment.len()).at_or_before(self.incoming.nxt) {
            // Only a loose sequence check lets it come so far: all of it is old.
            self.answer_unacceptable(segment, ctx);
            return After::Stay;
        }
        if segment.is_empty() || !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            return After::Stay;
        }
        let end = segment.seq + segment.payload.len();
        let orphan = self.owner == Owner::Nobody;
        if self.loses_what_ends_at(end, ctx) {
            return self.refuse_unread(segment, ctx);
        }
        if self.incoming.window() == 0 {
            self.answer_unacceptable(segment, ctx);
            return After::Stay;
        }
        self.ack_due = true;
        let limits = &ctx.settings.limits;
        let (before, carries_data) = (self.incoming.received(), !segment.payload.is_empty());
        if self.incoming.take(segment.seq, segment.payload.clone(), segment.flags.fin(), !orphan) {
            if carries_data {
                self.acks.data_came(ctx.now, self.rto.current(), limits);
            }
            self.tell_taken(before, ctx);
            self.notify(Notice::Readable, ctx);
        }
        if !self.incoming.finished() {
            return After::Stay;
        }
        self.acks.fin_came();
        match self.state {
            State::Established => self.begin_close_wait(ctx),
            State::FinWait1 => self.enter(State::Closing, Reason::Segment, ctx),
            _ => return After::TimeWait,
        }
        After::Stay
    }

    /// Whether no one is left to read octets up to there, and the sender must not believe otherwise (SHLD-3).
    fn loses_what_ends_at(&self, end: SeqNum, ctx: &Context<'_, P, T>) -> bool {
        self.owner == Owner::Nobody && ctx.settings.limits.close.half_duplex_close && end.after(self.incoming.nxt)
    }

    /// The connection is over, and its peer is told.
    fn refuse_unread(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        self.send_reset_of_unread(segment.ack, ctx);
        After::Close(Reason::Unread)
    }

    /// The peer has closed, and we have not.
    pub(super) fn begin_close_wait(&mut self, ctx: &mut Context<'_, P, T>) {
        self.enter(State::CloseWait, Reason::Segment, ctx);
        if !ctx.settings.teardown.half_close {
            self.outgoing.close_at_once();
        }
    }
}
