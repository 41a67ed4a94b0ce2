//! SEGMENT ARRIVES (RFC 9293 §3.10.7), in its order.

use tcp_endpoint::{AckCheck, AckTiming, Commit, CrossingSyn, Flags, Notice, State};

use crate::branch::Branch;
use crate::model::{Model, Out};
use crate::segment::{HOST, Seg, le, lt};
use crate::tcb::{Owner, Sent, Tcb};
use crate::timestamps::Verdict;

impl Model {
    pub(crate) fn segment_arrives(&mut self, segment: &Seg) {
        self.taken.arrival(self.state());
        match self.state() {
            State::Closed => self.arrives_closed(segment),
            State::Listen => self.arrives_listen(segment),
            State::SynSent => self.arrives_syn_sent(segment),
            State::TimeWait if self.is_request(segment) => self.request_in_time_wait(segment),
            _ => self.arrives_otherwise(segment),
        }
        // §3.8.6.3 leaves the time of an acknowledgment open.
        let at_once = self.settings.limits.acknowledgment.ack_timing == AckTiming::AtOnce;
        if at_once && self.tcb.as_ref().is_some_and(|tcb| tcb.ack_due) {
            self.emit_ack();
        }
    }

    /// §3.10.7.1
    fn arrives_closed(&mut self, segment: &Seg) {
        if segment.ctl.rst() {
            return self.take(Branch::ClosedReset);
        }
        let reset = if segment.ctl.ack() {
            self.take(Branch::ClosedAck);
            Seg::new(segment.ack, 0, Flags::RST)
        } else {
            self.take(Branch::ClosedNoAck);
            Seg::new(0, segment.seq.wrapping_add(segment.len()), Flags::RST.with(Flags::ACK))
        };
        self.out.push(Out::Send(reset));
    }

    /// §3.10.7.2
    pub(crate) fn arrives_listen(&mut self, segment: &Seg) {
        // first check for a RST
        if segment.ctl.rst() {
            return self.take(Branch::ListenReset);
        }
        // second check for an ACK
        if segment.ctl.ack() {
            self.take(Branch::ListenAck);
            self.out.push(Out::Send(Seg::new(segment.ack, 0, Flags::RST)));
            return;
        }
        // fourth other data or control
        if !segment.ctl.syn() {
            return self.take(Branch::ListenOther);
        }
        // third check for a SYN
        self.take(Branch::ListenSyn);
        let mut tcb = Tcb::new(State::SynReceived, Owner::Listener, self.next_iss);
        tcb.rcv_nxt = segment.seq.wrapping_add(1);
        tcb.rcv_edge = tcb.rcv_nxt.wrapping_add(self.settings.limits.sizes.window);
        tcb.irs = Some(segment.seq);
        tcb.half_open = self.settings.handshake.commit == Commit::HalfOpen;
        tcb.send_mss = segment.mss.unwrap_or(536);
        tcb.max_snd_wnd = segment.wnd;
        tcb.retransmission_queue.push(syn_at(tcb.iss));
        self.tcb = Some(tcb);
        self.agree(segment);
        // Text and a FIN wait for nothing (RFC 7413), or for the peer to send them again.
        self.take_early(segment);
        self.emit_syn_ack(segment);
    }

    /// <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
    fn emit_syn_ack(&mut self, syn: &Seg) {
        let limited = self.tcb.as_ref().is_some_and(|tcb| tcb.passive) && !self.has_room_for_early();
        let granted = if limited { None } else { self.grant(syn) };
        let tcb = self.tcb.as_ref().expect("it was made");
        let mut syn_ack = Seg::new(tcb.iss, tcb.rcv_nxt, Flags::SYN_ACK);
        syn_ack.fast_open = granted;
        self.emit(syn_ack);
    }

    /// §3.10.7.3
    fn arrives_syn_sent(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_mut().expect("SYN-SENT");
        // first check the ACK bit
        let acceptable = segment.ctl.ack() && lt(tcb.iss, segment.ack) && le(segment.ack, tcb.snd_nxt);
        if segment.ctl.ack() && !acceptable {
            if segment.ctl.rst() {
                return self.take(Branch::SynSentBadAckReset);
            }
            self.take(Branch::SynSentBadAck);
            self.emit(Seg::new(segment.ack, 0, Flags::RST));
            return;
        }
        // second check the RST bit
        if segment.ctl.rst() {
            if !acceptable {
                return self.take(Branch::SynSentResetNoAck);
            }
            self.take(Branch::SynSentReset);
            self.tell(Notice::Refused);
            return self.delete();
        }
        // fifth neither SYN nor RST
        if !segment.ctl.syn() {
            return self.take(Branch::SynSentOther);
        }
        // fourth check the SYN bit
        tcb.rcv_nxt = segment.seq.wrapping_add(1);
        tcb.rcv_edge = tcb.rcv_nxt.wrapping_add(self.settings.limits.sizes.window);
        tcb.irs = Some(segment.seq);
        tcb.send_mss = segment.mss.unwrap_or(536);
        (tcb.snd_wnd, tcb.snd_wl1, tcb.snd_wl2) = (segment.wnd, segment.seq, segment.ack);
        tcb.max_snd_wnd = segment.wnd;
        self.agree(segment);
        if acceptable {
            self.take(Branch::SynSentSynAck);
            self.keep_cookie(segment);
            self.acknowledge(segment.ack);
            let tcb = self.tcb.as_mut().expect("it is open");
            tcb.state = State::Established;
            tcb.ack_due = true;
            self.tell(Notice::Connected);
            // continue at the sixth step
            self.text_and_fin(segment);
            self.follow_up();
        } else {
            self.take(Branch::SynSentSyn);
            self.tcb.as_mut().expect("it is open").state = State::SynReceived;
            self.emit_syn_ack(segment);
        }
    }

    /// §3.10.7.4
    pub(crate) fn arrives_otherwise(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_ref().expect("synchronized");
        let again = is_the_syn_again(tcb, segment);
        if again && tcb.is_half_open() && tcb.stamps.is_some() && segment.ts.is_none() {
            self.take(Branch::KnownUnstampedSyn);
        } else if self.paws(segment) == Verdict::Drop {
            return;
        }
        if self.completes_figure_7(segment) {
            self.take(Branch::Figure7);
            self.record(segment);
            self.check_ack(segment);
            return self.keep_cookie(segment);
        }
        // first check the sequence number
        let tcb = self.tcb.as_ref().expect("synchronized");
        let is_acceptable = acceptable(tcb.rcv_nxt, tcb.rcv_wnd(), segment);
        // "special allowance should be made to accept valid ACKs, URGs, and RSTs", which is for a segment at its edge
        let allowed = tcb.rcv_wnd() == 0 && segment.seq == tcb.rcv_nxt && !segment.ctl.syn();
        if again || !is_acceptable && !allowed {
            if is_acceptable {
                self.take(Branch::KnownSynWithText);
            }
            if segment.ctl.rst() {
                return self.take(Branch::UnacceptableReset);
            }
            // fifth and eighth, TIME-WAIT: a retransmission of the peer's FIN restarts the timeout
            let tcb = self.tcb.as_ref().expect("synchronized");
            if tcb.state == State::TimeWait && segment.ctl.fin() && segment.fin_seq().wrapping_add(1) == tcb.rcv_nxt {
                self.take(Branch::FinTimeWait);
                self.start_time_wait();
            }
            self.take(Branch::Unacceptable);
            return self.emit_ack();
        }
        self.record(segment);
        self.check_reset(segment);
    }

    /// §3.5 figure 7: SYN,ACKs cross, and each completes the other end's handshake.
    fn completes_figure_7(&self, segment: &Seg) -> bool {
        let tcb = self.tcb.as_ref().expect("synchronized");
        tcb.state == State::SynReceived
            && !tcb.passive
            && self.settings.limits.checks.crossing_syn == CrossingSyn::Figure
            && segment.ctl.contains(Flags::SYN_ACK)
            && !segment.ctl.rst()
            && Some(segment.seq) == tcb.irs
            && lt(tcb.snd_una, segment.ack)
            && le(segment.ack, tcb.snd_nxt)
    }

    /// second check the RST bit
    fn check_reset(&mut self, segment: &Seg) {
        if !segment.ctl.rst() {
            return self.check_syn(segment);
        }
        let tcb = self.tcb.as_ref().expect("synchronized");
        let (state, passive) = (tcb.state, tcb.passive);
        // 1)
        if segment.seq != tcb.rcv_nxt && !in_window(tcb.rcv_nxt, tcb.rcv_wnd(), segment.seq) {
            return self.take(Branch::ResetOutside);
        }
        // 3)
        if segment.seq != tcb.rcv_nxt {
            self.take(Branch::ResetChallenged);
            return self.challenge();
        }
        // 2)
        let told = tcb.owner == Owner::User;
        let notice = match state {
            State::SynReceived if passive => {
                // A user has it only if it was open early (RFC 7413 §4.2.2).
                self.take(Branch::ResetPassive);
                Notice::Reset
            }
            State::SynReceived => {
                self.take(Branch::ResetActive);
                Notice::Refused
            }
            State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
                self.take(Branch::ResetOpen);
                Notice::Reset
            }
            State::TimeWait => {
                self.take(Branch::ResetClosing);
                return self.delete();
            }
            _ => {
                self.take(Branch::ResetClosing);
                self.take(Branch::KnownResetTold);
                Notice::Reset
            }
        };
        if told {
            self.tell(notice);
        }
        self.count_early_reset();
        // "All segment queues should be flushed."
        let tcb = self.tcb.as_mut().expect("synchronized");
        tcb.fin_received &= tcb.received.is_empty();
        tcb.received.clear();
        self.delete();
    }

    /// fourth check the SYN bit
    fn check_syn(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_ref().expect("synchronized");
        if !segment.ctl.syn() {
            return self.check_ack(segment);
        }
        if tcb.state == State::SynReceived && tcb.passive {
            self.take(Branch::SynPassive);
            return self.delete();
        }
        self.take(Branch::SynChallenged);
        self.challenge();
    }

    /// fifth check the ACK field
    fn check_ack(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_mut().expect("synchronized");
        if !segment.ctl.ack() {
            return self.take(Branch::NoAck);
        }
        if tcb.state == State::SynReceived {
            if !(lt(tcb.snd_una, segment.ack) && le(segment.ack, tcb.snd_nxt)) {
                self.take(Branch::AckUnacceptable);
                self.emit(Seg::new(segment.ack, 0, Flags::RST));
                return;
            }
            tcb.state = match (tcb.close_called, tcb.fin_received) {
                (false, false) => State::Established,
                (true, false) => State::FinWait1,
                (false, true) => State::CloseWait,
                (true, true) => State::Closing,
            };
            // A half-open entry has no SND.WND that could be remembered: the ACK sets the first.
            let before = if tcb.half_open && !tcb.early { 0 } else { tcb.max_snd_wnd };
            (tcb.snd_wnd, tcb.snd_wl1, tcb.snd_wl2) = (segment.wnd, segment.seq, segment.ack);
            tcb.max_snd_wnd = before.max(segment.wnd);
            let notice = if tcb.passive { Notice::Acceptable { port: HOST.port() } } else { Notice::Connected };
            let told = !tcb.early && tcb.owner != Owner::Nobody;
            let active = !tcb.passive;
            self.take(Branch::AckEstablishes);
            if told {
                self.tell(notice);
            }
            // What went with the SYN and is not acknowledged goes behind the text of a SYN,ACK, ahead of other text.
            if active && !segment.ctl.syn() {
                self.acknowledge(segment.ack);
                self.follow_up();
            }
            self.check_ack_established(segment);
            if active && segment.ctl.syn() {
                self.follow_up();
            }
            return;
        }
        self.check_ack_established(segment);
    }

    /// fifth, ESTABLISHED and later
    fn check_ack_established(&mut self, segment: &Seg) {
        let window_check = self.settings.limits.checks.ack_check == AckCheck::Window;
        let tcb = self.tcb.as_mut().expect("synchronized");
        if tcb.state == State::TimeWait {
            // The only thing that can arrive is a retransmission of the remote FIN.
            return self.text_and_fin(segment);
        }
        if lt(tcb.snd_nxt, segment.ack) {
            self.take(Branch::AckUnsent);
            return self.challenge();
        }
        if window_check && lt(segment.ack, tcb.snd_una.wrapping_sub(tcb.max_snd_wnd)) {
            self.take(Branch::AckTooOld);
            return self.challenge();
        }
        if window_check && tcb.snd_una != tcb.iss && lt(segment.ack, tcb.iss.wrapping_add(1)) {
            self.take(Branch::KnownAckBelowIss);
            return self.challenge();
        }
        let (is_new, held_back) = (lt(tcb.snd_una, segment.ack), tcb.is_held_back());
        let updates = le(tcb.snd_una, segment.ack)
            && (lt(tcb.snd_wl1, segment.seq) || (tcb.snd_wl1 == segment.seq && le(tcb.snd_wl2, segment.ack)));
        if updates {
            (tcb.snd_wnd, tcb.snd_wl1, tcb.snd_wl2) = (segment.wnd, segment.seq, segment.ack);
            tcb.max_snd_wnd = tcb.max_snd_wnd.max(segment.wnd);
        }
        self.take(if updates { Branch::WindowUpdated } else { Branch::WindowKept });
        if is_new {
            self.take(Branch::AckAdvances);
            self.acknowledge(segment.ack);
        } else {
            self.take(Branch::AckDuplicate);
        }
        if held_back && self.tcb.as_ref().is_some_and(|tcb| tcb.snd_una == segment.ack) {
            self.hear_of_window();
        }
        let tcb = self.tcb.as_mut().expect("synchronized");
        match (tcb.state, tcb.fin_acknowledged()) {
            (State::FinWait1, true) => {
                tcb.state = State::FinWait2;
                self.take(Branch::AckFinWait1);
            }
            (State::Closing, true) => {
                self.take(Branch::AckClosing);
                self.start_time_wait();
            }
            (State::Closing, false) => self.take(Branch::AckClosingIgnored),
            (State::LastAck, true) => {
                self.take(Branch::AckLastAck);
                return self.delete();
            }
            _ => {}
        }
        // sixth: there is no urgent data
        self.text_and_fin(segment);
    }
}

/// The peer's SYN once more, with text or without: it is old, and so not acceptable.
fn is_the_syn_again(tcb: &Tcb, segment: &Seg) -> bool {
    let is_syn = segment.ctl.syn() && !segment.ctl.rst() && !(segment.ctl.ack() && tcb.is_half_open());
    is_syn && tcb.state != State::TimeWait && Some(segment.seq) == tcb.irs
}

/// A SYN in the retransmission queue.
fn syn_at(seq: u32) -> Sent {
    Sent { seq, syn: true, text: Vec::new(), psh: false, fin: false, lost: false }
}

/// RCV.NXT =< n < RCV.NXT + RCV.WND
fn in_window(rcv_nxt: u32, rcv_wnd: u32, n: u32) -> bool {
    le(rcv_nxt, n) && lt(n, rcv_nxt.wrapping_add(rcv_wnd))
}

/// Table 6.
fn acceptable(rcv_nxt: u32, rcv_wnd: u32, segment: &Seg) -> bool {
    let last = segment.seq.wrapping_add(segment.len()).wrapping_sub(1);
    match (segment.len(), rcv_wnd) {
        (0, 0) => segment.seq == rcv_nxt,
        (0, _) => in_window(rcv_nxt, rcv_wnd, segment.seq),
        (_, 0) => false,
        _ => in_window(rcv_nxt, rcv_wnd, segment.seq) || in_window(rcv_nxt, rcv_wnd, last),
    }
}
