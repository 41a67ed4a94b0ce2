//! Deadlines: retransmission (RFC 6298 §5), delayed acknowledgment, keepalive (RFC 9293 §3.8.4).

use sim_time::{Duration, Instant};

use super::retries::{R1, has_tried_for, is_out_of_syn_retries};
use super::{Connection, Deadlines, Opening, Probe};
use crate::effect::{Notice, Reason, Timer};
use crate::interface::Owner;
use crate::packed::Moment;
use crate::payload::Payload;
use crate::settings::GiveUp;
use crate::state::State;
use crate::step::{After, Context};

/// The timeout that [`GiveUp::Time`] counts retransmissions of data from, whatever `rto-min` is (Linux, `TCP_RTO_MIN`).
const GIVE_UP_BASE: Duration = Duration::from_millis(200);

impl<P: Payload, T: Copy> Connection<P, T> {
    /// Serves every deadline that has come.
    pub(crate) fn on_deadline(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        self.schedule.fired();
        let Deadlines { retransmit, delayed_ack, keepalive, user_timeout } = self.deadlines.clone();
        if user_timeout.is_due(ctx.now) {
            return self.give_up(ctx);
        }
        if delayed_ack.is_due(ctx.now) {
            self.acks.waited_in_vain(self.rto.current(), &ctx.settings.limits);
            self.send_ack(ctx);
        }
        if retransmit.is_due(ctx.now)
            && let after @ After::Close(_) = self.on_retransmission_timeout(ctx)
        {
            return after;
        }
        if keepalive.is_due(ctx.now) { self.on_keepalive(ctx) } else { After::Stay }
    }

    /// What the retransmission timer does next.
    pub(super) fn retransmission_timer(&self) -> Timer {
        match () {
            () if self.probe == Probe::Scheduled && self.retries == 0 => Timer::TailLossProbe,
            () if self.waits_for_window() => Timer::WindowProbe,
            () => Timer::Retransmission,
        }
    }

    fn on_retransmission_timeout(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        if self.probe == Probe::Scheduled && self.retries == 0 {
            self.send_tail_loss_probe(ctx);
            return After::Stay;
        }
        if self.is_out_of_retries(ctx) {
            return self.give_up(ctx);
        }
        if self.waits_for_window() {
            self.ask_for_window(ctx);
            return After::Stay;
        }
        let limits = &ctx.settings.limits;
        self.rto.back_off(&limits.timers);
        self.retries += 1;
        self.trying_since = self.trying_since.or(ctx.now);
        self.syn_sent_at = Moment::NONE; // Karn's rule
        self.report_trouble(ctx);
        match self.state {
            State::SynReceived => self.send_syn_ack(ctx),
            _ => {
                self.outgoing.presume_lost();
                if self.awaits_its_syn() {
                    self.send_syn_ack(ctx);
                } else {
                    self.send_one_lost(ctx);
                }
                self.start_retransmission_timer(ctx);
            }
        }
        After::Stay
    }

    /// R1 may be reached (RFC 9293 §3.8.3).
    pub(super) fn report_trouble(&self, ctx: &mut Context<'_, P, T>) {
        if self.retries == R1 && self.preferences.reports {
            self.notify(Notice::Unanswered, ctx);
        }
    }

    /// Whether our SYN-ACK heads the retransmission queue, though a CLOSE in SYN-RECEIVED has moved the state on.
    fn awaits_its_syn(&self) -> bool {
        self.send.una == self.send.iss
    }

    /// Whether R2 is reached (RFC 9293 §3.8.3).
    fn is_out_of_retries(&self, ctx: &Context<'_, P, T>) -> bool {
        let limits = &ctx.settings.limits;
        let by_time = limits.persistence.give_up == GiveUp::Time;
        let by_choice = self.preferences.user_timeout.is_some();
        let chosen = by_choice || by_time && self.preferences.user_timeout(limits).is_some();
        // It is the SYN that goes again, though a CLOSE has moved the state on (MUST-23). Linux goes by the state.
        let awaits_its_syn = !by_time && self.opening != Opening::OnSyn && self.awaits_its_syn();
        let opens = self.state == State::SynReceived || awaits_its_syn;
        match self.passive {
            true if opens => self.retries >= limits.handshake_retries.syn_ack_retries.into(),
            false if opens => {
                let late = || self.has_tried_for(limits.handshake_retries.syn_retries, limits.timers.rto_initial, ctx);
                is_out_of_syn_retries(self.retries, 0, &self.preferences, limits, late)
            }
            _ if self.has_probed_enough(ctx) => true,
            _ if chosen => false, // that is its R2
            _ => {
                let orphan = self.owner == Owner::Nobody;
                let most = if orphan { limits.persistence.orphan_retries } else { limits.persistence.data_retries };
                let by_time = by_time && !self.is_held_back();
                if by_time { self.has_tried_for(most, GIVE_UP_BASE, ctx) } else { self.retries >= most }
            }
        }
    }

    /// Whether the time of so many retransmissions from a timeout of `base` is over.
    fn has_tried_for(&self, retries: u32, base: Duration, ctx: &Context<'_, P, T>) -> bool {
        let tried = self.trying_since.instant().filter(|_| self.retries > 0).map(|since| ctx.now - since);
        has_tried_for(tried, (retries, base), &ctx.settings.limits)
    }

    /// The peer is taken for dead.
    fn give_up(&self, ctx: &mut Context<'_, P, T>) -> After {
        self.notify(Notice::TimedOut, ctx);
        After::Close(Reason::GaveUp)
    }

    fn on_keepalive(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        let limits = &ctx.settings.limits;
        let enough = match self.preferences.user_timeout(limits) {
            Some(timeout) => self.probes > 0 && ctx.now - self.heard_at >= timeout,
            None => self.probes >= limits.keepalive.keepalive_probes,
        };
        if enough {
            if limits.keepalive.keepalive_reset {
                self.send_reset(ctx);
            }
            return self.give_up(ctx);
        }
        self.send_probe(ctx);
        After::Stay
    }

    /// When the connection is given up for want of an acknowledgment (RFC 9293 §3.9.1, RFC 5482).
    pub(super) fn schedule_user_timeout(&mut self, ctx: &Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let deadline = self.preferences.user_timeout(limits).and_then(|timeout| {
            let since = self.unacknowledged_since(limits.persistence.user_timeout_from_retransmission)?;
            Some(limits.timers.fires_at(since, timeout).max(ctx.now))
        });
        self.deadlines.user_timeout = deadline.into();
    }

    /// Since when the peer owes an acknowledgment, or room for more: from the first sending, or from the first
    /// retransmission. A SYN counts from its first sending in any case.
    fn unacknowledged_since(&self, from_retransmission: bool) -> Option<Instant> {
        match self.state {
            State::SynReceived if from_retransmission && self.retries == 0 => None,
            State::SynReceived => self.trying_since.instant(),
            _ if from_retransmission => self.trying_since.instant(),
            // What a window holds back may have waited for longer than its probe is under way.
            _ => self.outgoing.oldest_sent_at().into_iter().chain(self.trying_since.instant()).min(),
        }
    }
}
