//! How a connection opens: from the peer's SYN in SYN-SENT (RFC 9293 §3.10.7.3), and from SYN-RECEIVED, to ESTABLISHED.

use sim_time::Duration;

use super::acks::Acks;
use super::syn_sent::SynSent;
use super::{Connection, Deadlines, Opening, SendSpace};
use crate::cookie;
use crate::effect::{Notice, Reason};
use crate::interface::Owner;
use crate::mss::peer_mss;
use crate::packed::Moment;
use crate::payload::Payload;
use crate::segment::Segment;
use crate::settings::{Proof, SynData};
use crate::state::State;
use crate::step::{After, Context};

impl<P: Payload, T: Copy> Connection<P, T> {
    /// The peer's SYN has come: what SYN-SENT knew, with the peer's numbers.
    pub(crate) fn synchronized_by(syn: &Segment<P>, ours: &mut SynSent<P, T>, ctx: &Context<'_, P, T>) -> Self {
        let (now, sizes, sent_once) = (ctx.now, &ctx.settings.limits.sizes, ours.retries == 0);
        Self {
            state: State::SynSent,
            owner: ours.owner,
            preferences: ours.preferences,
            send: SendSpace { nxt: ours.nxt, ..SendSpace::new(ours.iss) },
            outgoing: ours.outgoing.take(),
            clock: ours.clock.zip(syn.options.timestamps).map(|(clock, value)| clock.begun_by(value, now)),
            peer_mss: peer_mss(syn.options),
            offered_fast_open: ours.fast_open.is_some(),
            acks: Acks::new(ours.sent_at, syn.seq + 1),
            retries: ours.retries,
            deadlines: Deadlines { retransmit: ours.retransmit_at, user_timeout: ours.give_up_at, ..Deadlines::NONE },
            syn_sent_at: sent_once.then_some(ours.sent_at).into(),
            heard_at: now,
            schedule: ours.schedule.clone(),
            ..Self::begun(ours.id, (ours.iss, syn.seq), sizes.window, ours.rto.clone(), ours.sent_at)
        }
    }

    /// SEGMENT ARRIVES in SYN-SENT, from the fourth check on: the segment is the SYN that has just been noted.
    pub(crate) fn take_syn(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let after = self.take_first_syn(segment, ctx);
        self.acknowledge_at_once(after, ctx)
    }

    fn take_first_syn(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let three_way = ctx.settings.handshake.proof == Proof::Ack;
        if segment.flags.ack() {
            // Two-way has no third message: the first data, FIN or acknowledgment of data serves.
            let more = self.take_text_of_syn(segment, ctx);
            self.ack_due = three_way || more;
            return self.establish_by_acknowledgment(segment, ctx);
        }
        // Both ends opened at once (§3.5, figure 7).
        self.send.set_window(segment);
        if ctx.settings.handshake.syn_data == SynData::AfterHandshake {
            self.take_text_of_syn(segment, ctx);
        }
        // Our SYN has said what we know of the peer; the SYN-ACK answers what the peer's SYN says.
        self.cookie = cookie::granted_by(ctx.isn.secret(), ctx.settings, segment, ctx.now);
        if three_way {
            self.enter(State::SynReceived, Reason::Segment, ctx);
            self.send_syn_ack(ctx);
            return After::Stay;
        }
        self.send.una = self.send.iss + 1;
        self.syn_sent_at = Moment::NONE; // nothing was acknowledged, so nothing is measured
        let after = self.establish(segment, ctx);
        self.send_syn_ack(ctx);
        self.follow_up_the_syn(ctx);
        after
    }

    /// The text and the FIN that a SYN brings: with a SYN-ACK the connection is open, so that they are processed as in any
    /// other segment (§3.10.7.3, "continue processing at the sixth step"). Returns whether there was anything new.
    pub(super) fn take_text_of_syn(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> bool {
        let (nxt, received, limits) = (self.incoming.nxt, self.incoming.received(), &ctx.settings.limits);
        let keep = self.owner != Owner::Nobody;
        self.incoming.take_with_syn(segment.payload.clone(), segment.flags.fin(), keep);
        if self.incoming.nxt == nxt {
            return false;
        }
        if !segment.payload.is_empty() {
            self.acks.data_came(ctx.now, self.rto.current(), limits);
        }
        self.tell_taken(received, ctx);
        if self.incoming.finished() {
            self.acks.fin_came();
        }
        true
    }

    /// Our SYN is acknowledged, and with it what it brought along, or none of that: the connection is open.
    pub(super) fn establish_by_acknowledgment(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        self.send.una = segment.ack;
        self.send.set_window(segment);
        let _ = self.outgoing.acknowledge(segment.ack);
        let after = self.establish(segment, ctx);
        self.follow_up_the_syn(ctx);
        match self.state {
            State::FinWait1 if self.outgoing.fin_acknowledged() => self.enter(State::FinWait2, Reason::Segment, ctx),
            // The peer's FIN may have come with its SYN, and ours have left before this.
            State::Closing if self.outgoing.fin_acknowledged() => return After::TimeWait,
            _ => {}
        }
        if self.is_orphan_in_fin_wait_2(ctx) { After::Orphan } else { after }
    }

    /// What came with our SYN and was not acknowledged with it was not taken: it is sent again at once (RFC 7413 §4.2.1).
    /// What followed a SYN-ACK early has a timer behind it.
    fn follow_up_the_syn(&mut self, ctx: &mut Context<'_, P, T>) {
        if !self.outgoing.in_flight() {
            return;
        }
        if !self.passive {
            self.outgoing.presume_lost();
            self.send_one_lost(ctx);
        }
        self.time_flight(false, ctx);
    }

    /// Our SYN is acknowledged by `segment` (or, in a two-way handshake, needs no acknowledgment): the connection is open.
    ///
    /// A CLOSE that came early takes effect now (RFC 9293 §3.10.4, SYN-RECEIVED).
    pub(crate) fn establish(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let limits = &ctx.settings.limits;
        if self.send.una.after(self.send.iss) {
            let timed_once = self.syn_sent_at.instant().map(|sent| ctx.now - sent);
            let timed = timed_once.or_else(|| self.echoed_round_trip(segment, ctx));
            match timed {
                Some(round_trip) => self.rto.measure(round_trip, (self.send.una, self.send.nxt), &limits.timers),
                None => self.rto.start_unmeasured(self.retries > 0, &limits.timers),
            }
        }
        self.syn_sent_at = Moment::NONE;
        self.retries = 0;
        self.trying_since = Moment::NONE;
        self.deadlines.retransmit = Moment::NONE;
        self.heard(ctx);
        self.enter(State::Established, Reason::Segment, ctx);
        if self.outgoing.closed() {
            self.enter(State::FinWait1, Reason::Call, ctx);
        }
        // The FIN may have come with the SYN.
        match self.state {
            State::FinWait1 if self.incoming.finished() => self.enter(State::Closing, Reason::Segment, ctx),
            _ if self.incoming.finished() => self.begin_close_wait(ctx),
            _ => {}
        }
        if !self.passive {
            self.notify(Notice::Connected, ctx);
            if self.incoming.nxt != self.incoming.irs + 1 {
                self.notify(Notice::Readable, ctx); // text, or a FIN, came with the SYN
            }
        }
        if self.passive && self.owner == Owner::Listener && self.opening != Opening::Early {
            After::Acceptable
        } else {
            After::Stay
        }
    }

    /// The round trip that an acknowledgment's timestamp measures, whatever was sent how often (RFC 7323 §4.1).
    pub(super) fn echoed_round_trip(&self, segment: &Segment<P>, ctx: &Context<'_, P, T>) -> Option<Duration> {
        let echoed = segment.options.timestamps.filter(|_| segment.flags.ack())?;
        self.clock.as_ref().map(|clock| clock.round_trip(echoed, ctx.now))
    }
}
