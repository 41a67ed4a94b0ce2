//! A window that holds back what is to be sent, and the question whether it has opened (RFC 9293 §3.8.6.1).
//!
//! The question is asked by the retransmission timer. With [`WindowProbe::Octet`] it is an octet beyond the window, which is
//! on the way from then on and sent again as anything else that is; with [`WindowProbe::Bare`] nothing is.

use super::outgoing::Cut;
use super::{Connection, SendSpace};
use crate::effect::Purpose;
use crate::interface::Owner;
use crate::payload::Payload;
use crate::segment::Flags;
use crate::seq::SeqNum;
use crate::settings::WindowProbe;
use crate::step::Context;

impl SendSpace {
    /// Whether the peer's window is closed.
    const fn is_closed(&self) -> bool {
        self.wnd == 0
    }
}

impl<P: Payload, T: Copy> Connection<P, T> {
    /// Whether something is yet to be sent and nothing is on the way whose acknowledgment could bring that about: the window
    /// is closed, or has less room than is worth a segment.
    pub(super) fn waits_for_window(&self) -> bool {
        self.outgoing.has_new() && !self.outgoing.in_flight() && self.is_proven()
    }

    /// Whether data may wait for the window: our SYN is acknowledged, and no timer stands behind it any more.
    pub(super) fn is_proven(&self) -> bool {
        self.state.synchronized() && !self.is_unproven()
    }

    /// Whether it waits like that, or what is on the way lies beyond a closed window: a probe, or what was sent before the
    /// peer took its window back (MUST-35).
    pub(super) fn is_held_back(&self) -> bool {
        self.waits_for_window() || self.send.is_closed() && self.outgoing.in_flight() && self.is_proven()
    }

    /// The sequence number of a segment that has none of its own: SND.NXT, unless that is beyond what the peer can take
    /// because of its closed window.
    pub(super) fn acceptable_seq(&self) -> SeqNum {
        if self.send.is_closed() && self.is_held_back() { self.send.una } else { self.send.nxt }
    }

    /// Starts the timer behind what waits for the window (SHLD-29).
    pub(super) fn schedule_window_probe(&mut self, ctx: &Context<'_, P, T>) {
        if self.deadlines.retransmit.is_none() && self.waits_for_window() {
            if !ctx.settings.limits.persistence.user_timeout_from_retransmission {
                self.trying_since = self.trying_since.or(ctx.now);
            }
            self.start_retransmission_timer(ctx);
        }
    }

    /// It has waited for the window for a timeout: what there is room for leaves, however little it is (the override timeout
    /// of §3.8.6.2.1), or the peer is asked. The time until the next question doubles (SHLD-30).
    pub(super) fn ask_for_window(&mut self, ctx: &mut Context<'_, P, T>) {
        let (mss, room) = (self.effective_mss(ctx), self.send.room());
        if self.send_next(Cut { mss, room, least: 0 }, Purpose::New, ctx) {
            self.time_flight(true, ctx);
            return;
        }
        self.trying_since = self.trying_since.or(ctx.now);
        match ctx.settings.limits.persistence.window_probe {
            WindowProbe::Octet => {
                self.send_next(Cut { mss: 1, room: 1, least: 0 }, Purpose::WindowProbe, ctx);
            }
            WindowProbe::Bare => {
                self.transmit_bare(self.send.una - 1_u32, Flags::ACK, Purpose::WindowProbe, ctx);
                self.retries += 1;
                self.report_trouble(ctx);
            }
        }
        self.rto.back_off(&ctx.settings.limits.timers);
        self.start_retransmission_timer(ctx);
    }

    /// The peer has been heard while its window held something back: it is there (MUST-37). What it could not take before
    /// leaves again once it can.
    pub(super) fn hear_of_window(&mut self, ctx: &Context<'_, P, T>) {
        let bare = ctx.settings.limits.persistence.window_probe == WindowProbe::Bare;
        self.retries = 0;
        if !self.send.is_closed() {
            self.outgoing.presume_lost();
            if self.outgoing.in_flight() {
                self.start_retransmission_timer(ctx);
            }
            if bare {
                self.rto.restore(&ctx.settings.limits.timers);
            }
        } else if bare && self.waits_for_window() {
            self.start_retransmission_timer(ctx);
        }
    }

    /// Whether nobody waits for an answer any more, although there are some.
    pub(super) fn has_probed_enough(&self, ctx: &Context<'_, P, T>) -> bool {
        let limits = &ctx.settings.limits;
        limits.persistence.orphan_probes_end
            && self.owner == Owner::Nobody
            && self.is_held_back()
            && self.rto.current() >= limits.timers.rto_max
    }
}
