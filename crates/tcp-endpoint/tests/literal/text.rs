//! The text and the FIN of a segment (RFC 9293 §3.10.7.4, seventh and eighth).

use tcp_endpoint::{AckTiming, Flags, Notice, State};

use crate::branch::Branch;
use crate::held::Held;
use crate::model::Model;
use crate::segment::{Seg, le, lt};
use crate::tcb::Owner;

impl Model {
    /// seventh process the segment text, eighth check the FIN bit; as far as they lie in the window, in SEG.SEQ order
    pub(crate) fn text_and_fin(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_mut().expect("synchronized");
        if tcb.fin_received {
            let waits = tcb.state == State::TimeWait;
            if segment.text_len() > 0 {
                self.take(Branch::TextIgnored);
            }
            if segment.ctl.fin() {
                self.take(if waits { Branch::KnownFinBehindFin } else { Branch::FinIgnored });
            }
            return;
        }
        if tcb.rcv_wnd() == 0 && (segment.text_len() > 0 || segment.ctl.fin()) {
            return self.text_at_closed_window(segment);
        }
        let fin = if segment.ctl.fin() { Flags::FIN } else { Flags::NONE };
        let mut rest = Seg { text: segment.text.clone(), ..Seg::new(segment.text_seq(), 0, fin) };
        let edge = tcb.rcv_edge;
        if rest.ctl.fin() && le(edge, rest.fin_seq()) {
            rest.ctl = Flags::NONE;
            self.take(Branch::FinTrimmed);
        }
        if lt(edge, rest.fin_seq()) {
            rest.text.truncate(edge.wrapping_sub(rest.text_seq()) as usize);
            self.take(Branch::TextTrimmed);
        }
        if rest.text.is_empty() && !rest.ctl.fin() {
            return;
        }
        let tcb = self.tcb.as_mut().expect("synchronized");
        let lost = lt(tcb.rcv_nxt, rest.fin_seq()); // a FIN ahead of its turn tells of text, too
        if tcb.owner == Owner::Nobody && self.settings.limits.close.half_duplex_close && lost {
            return self.reset_lost_text(segment);
        }
        if lt(tcb.rcv_nxt, rest.seq) {
            tcb.ack_due = true;
            tcb.held.hold(&rest);
            return self.take(Branch::TextHeld);
        }
        let before = tcb.rcv_nxt;
        self.process_in_order(&rest);
        loop {
            let tcb = self.tcb.as_mut().expect("synchronized");
            let next = if tcb.fin_received { None } else { tcb.held.next(tcb.rcv_nxt) };
            let Some(held) = next else { break };
            self.take(Branch::TextReleased);
            self.process_in_order(&held);
        }
        self.acknowledge_text(segment.ctl.syn());
        let tcb = self.tcb.as_ref().expect("synchronized");
        if tcb.rcv_nxt != before && tcb.owner == Owner::User {
            self.tell(Notice::Readable);
        }
    }

    /// §3.6.1 SHLD-3: nobody will read it.
    fn reset_lost_text(&mut self, segment: &Seg) {
        self.take(Branch::TextLost);
        self.emit(Seg::new(segment.ack, 0, Flags::RST)); // §3.5.2
        self.delete();
    }

    /// Nothing of it is in the window: only its acknowledgment was taken.
    fn text_at_closed_window(&mut self, segment: &Seg) {
        let nobodys = self.tcb.as_ref().is_some_and(|tcb| tcb.owner == Owner::Nobody);
        if nobodys && self.settings.limits.close.half_duplex_close {
            return self.reset_lost_text(segment);
        }
        self.take(Branch::TextAtClosedWindow);
        self.emit_ack();
    }

    /// §3.8.6.3: the acknowledgment is due, or waits for another segment, but for no gap to be filled.
    fn acknowledge_text(&mut self, with_syn: bool) {
        let acknowledgment = &self.settings.limits.acknowledgment;
        let (delayed, at) = (acknowledgment.ack_timing == AckTiming::Delayed, self.now + acknowledgment.delayed_ack);
        let tcb = self.tcb.as_mut().expect("synchronized");
        if tcb.state == State::TimeWait {
            return; // it was sent
        }
        if delayed && !with_syn && tcb.ack_at.is_none() && tcb.held.is_empty() {
            tcb.ack_at = Some(at);
            self.take(Branch::AckDelayed);
        } else {
            tcb.ack_due = true;
        }
    }

    /// The part of a segment that begins at RCV.NXT.
    fn process_in_order(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_mut().expect("synchronized");
        let old = tcb.rcv_nxt.wrapping_sub(segment.seq) as usize;
        let old_fin = lt(segment.fin_seq(), tcb.rcv_nxt);
        let new = segment.text.get(old..).unwrap_or_default();
        let (straddles, taken) = (old > 0 && !new.is_empty(), !new.is_empty());
        if tcb.owner != Owner::Nobody {
            tcb.received.extend_from_slice(new);
        }
        tcb.rcv_nxt = tcb.rcv_nxt.wrapping_add(u32::try_from(new.len()).expect("it is short"));
        if straddles {
            self.take(Branch::TextStraddles);
        }
        if taken {
            self.take(Branch::TextTaken);
        }
        if segment.ctl.fin() && !old_fin {
            self.process_fin();
        }
    }

    /// eighth check the FIN bit
    fn process_fin(&mut self) {
        let tcb = self.tcb.as_mut().expect("synchronized");
        tcb.rcv_nxt = tcb.rcv_nxt.wrapping_add(1);
        tcb.fin_received = true;
        tcb.held = Held::default();
        match tcb.state {
            State::SynReceived => self.take(Branch::KnownEarlyFin),
            State::Established => {
                tcb.state = State::CloseWait;
                self.take(Branch::FinEstablished);
            }
            State::FinWait1 => {
                tcb.state = State::Closing;
                self.take(Branch::FinFinWait1);
            }
            State::FinWait2 => {
                tcb.ack_due = true;
                self.take(Branch::FinFinWait2);
                self.start_time_wait();
            }
            state => unreachable!("a FIN is processed in {state}"),
        }
    }
}
