//! What remains of a connection that is over for its application, in TIME-WAIT or in FIN-WAIT-2: enough to answer its
//! peer (RFC 9293 §3.10.7.4).

mod fin_wait_2;
mod time_wait;

use std::net::Ipv4Addr;

use sim_time::Instant;

use crate::connection::Connection;
use crate::draft::Draft;
use crate::effect::{Acknowledged, Effect, Purpose, Reason, Timer};
use crate::handle::Handle;
use crate::identity::{Identity, Incarnation};
use crate::interface::Status;
use crate::packed::{Moment, Packed};
use crate::payload::Payload;
use crate::segment::{Flags, Options, Segment};
use crate::seq::{SeqNum, acceptable};
use crate::settings::{ChallengeLimit, HalfOpenCheck, TimeWaitRestart, TimestampCheck};
use crate::state::State;
use crate::step::{After, Context};
use crate::timestamps::{Stamp, TimestampClock};

/// An entry in FIN-WAIT-2 or TIME-WAIT. There may be very many, so it is packed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Remains<T> {
    pub(crate) id: Identity<T>,
    pub(crate) iss: SeqNum,
    irs: SeqNum,
    /// SND.NXT
    pub(crate) send_next: SeqNum,
    /// RCV.NXT
    receive_next: SeqNum,
    pub(crate) passive: bool,
    clock: Option<TimestampClock>,
    challenged_at: Moment,
    /// When TIME-WAIT began: in FIN-WAIT-2 it has not.
    began: Moment,
    /// When the state is over.
    pub(crate) until: Packed,
}

impl<T: Copy> Remains<T> {
    /// FIN-WAIT-2 goes on without its application.
    pub(crate) fn in_fin_wait_2<P: Payload>(connection: &Connection<P, T>, until: Instant) -> Self {
        Self {
            id: connection.id,
            iss: connection.send.iss,
            irs: connection.incoming.irs,
            send_next: connection.send.nxt,
            receive_next: connection.incoming.nxt,
            passive: connection.passive,
            clock: connection.clock,
            challenged_at: Moment::NONE,
            began: Moment::NONE,
            until: until.into(),
        }
    }

    /// TIME-WAIT begins.
    pub(crate) fn in_time_wait<P: Payload>(connection: &Connection<P, T>, now: Instant, until: Instant) -> Self {
        Self { began: now.into(), ..Self::in_fin_wait_2(connection, until) }
    }

    pub(crate) fn state(&self) -> State {
        if self.began.is_some() { State::TimeWait } else { State::FinWait2 }
    }

    /// The driver is told when the state is over.
    pub(crate) fn arm<P>(&self, entry: Handle) -> Effect<P, T> {
        let timer = if self.began.is_some() { Timer::TimeWait } else { Timer::FinWait2 };
        Effect::Arm { entry, tag: self.id.tag, at: self.until.get(), timer }
    }

    /// SEGMENT ARRIVES in FIN-WAIT-2 or TIME-WAIT.
    pub(crate) fn on_segment<P: Payload>(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let limits = &ctx.settings.limits;
        let stamp = Stamp::of(segment, self.clock.as_ref(), limits, ctx.now);
        if stamp == Stamp::Missing {
            return After::Stay;
        }
        let old = stamp == Stamp::Old;
        let acceptable = !old && acceptable(self.receive_next, limits.sizes.window, segment.seq, segment.len());
        let in_time_wait = self.began.is_some();
        if segment.flags.rst() {
            return match in_time_wait {
                true if self.is_guarded(ctx) => After::Stay,
                false if limits.checks.half_open_check == HalfOpenCheck::Window => self.take_any_reset(acceptable, ctx),
                _ => self.take_reset(segment.seq, acceptable, ctx),
            };
        }
        if self.is_dropped_silently(segment, ctx) {
            return After::Stay;
        }
        if acceptable && limits.checks.timestamp_check == TimestampCheck::Sequence {
            self.note_timestamp(segment, ctx.now);
        }
        if in_time_wait {
            self.arrives_in_time_wait(segment, (old, acceptable), ctx);
            After::Stay
        } else {
            self.arrives_in_fin_wait_2(segment, acceptable, ctx)
        }
    }

    /// An exact reset ends the connection; another in the window is challenged (RFC 5961 §3.2).
    fn take_reset<P: Payload>(&mut self, seq: SeqNum, acceptable: bool, ctx: &mut Context<'_, P, T>) -> After {
        if !acceptable {
            return After::Stay;
        }
        if seq == self.receive_next {
            return After::Close(Reason::Reset);
        }
        // One with data may begin before the window, and is dropped. Linux drops what is neither exact nor a segment to
        // acknowledge.
        let in_window = seq.within(self.receive_next, ctx.settings.limits.sizes.window);
        if in_window && ctx.settings.teardown.time_wait_restart == TimeWaitRestart::Fin {
            self.challenge(ctx);
        }
        After::Stay
    }

    /// RFC 7323 §5.3 R3.
    fn note_timestamp<P>(&mut self, segment: &Segment<P>, now: Instant) {
        TimestampClock::note(&mut self.clock, segment, self.receive_next, now);
    }

    /// An ACK; limited as challenge ACKs are where a limit for each connection holds for everything that could loop.
    fn answer<P: Payload>(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) {
        let loops = segment.is_empty() || segment.flags.syn();
        let limited = loops && ctx.settings.limits.checks.challenge_limit == ChallengeLimit::Connection;
        if !limited || self.may_challenge(ctx) {
            self.send_ack(Purpose::of_answer(segment.flags, Purpose::DuplicateAck), ctx);
        }
    }

    fn may_challenge<P>(&mut self, ctx: &mut Context<'_, P, T>) -> bool {
        ctx.challenges.permit(&mut self.challenged_at, ctx.now, &ctx.settings.limits.checks)
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
        self.send_acknowledging(self.acknowledges(), (flags, seq), purpose, ctx);
    }

    /// The furthest thing that RCV.NXT covers.
    fn acknowledges(&self) -> Acknowledged {
        if self.began.is_some() {
            Acknowledged::Fin
        } else if self.receive_next == self.irs + 1 {
            Acknowledged::Syn
        } else {
            Acknowledged::Data
        }
    }

    fn send_acknowledging<P: Payload>(
        &self,
        acknowledged: Acknowledged,
        (flags, seq): (Flags, SeqNum),
        purpose: Purpose,
        ctx: &mut Context<'_, P, T>,
    ) {
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
        self.incarnation().status(address, self.state(), send, receive)
    }

    pub(crate) const fn incarnation(&self) -> Incarnation<T> {
        Incarnation { id: self.id, iss: self.iss, irs: Some(self.irs), passive: self.passive }
    }
}
