//! What is sent: segments with their options, challenge ACKs, the retransmission queue and what waits for the window.

use tcp_endpoint::{ChallengeLimit, FastOpen, Flags, State};

use crate::branch::Branch;
use crate::held::Held;
use crate::model::{Model, Out};
use crate::segment::{Seg, le, lt};
use crate::tcb::Sent;

impl Model {
    /// Sends a segment of the connection, with the options that it has.
    pub(crate) fn emit(&mut self, mut segment: Seg) {
        let window = match segment.ctl {
            ctl if ctl.rst() => 0,
            ctl if ctl.ack() => self.offer(),
            _ => self.settings.limits.sizes.window,
        };
        let mss = u16::try_from(self.settings.limits.sizes.mss).expect("a small one");
        let stamp = self.stamp();
        let tcb = self.tcb.as_mut().expect("the connection sends");
        segment.wnd = window;
        segment.mss = segment.ctl.syn().then_some(mss); // MAY-3: always
        segment.ts = stamp;
        let known = segment.ctl.rst() && stamp.is_some();
        if segment.ctl.ack() {
            (tcb.ack_due, tcb.ack_at) = (false, None);
            if let Some(stamps) = &mut tcb.stamps {
                stamps.last_ack_sent = segment.ack;
            }
        }
        if known {
            self.take(Branch::KnownResetOptions);
        }
        self.out.push(Out::Send(segment));
    }

    /// <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, but see [`crate::tcb::Tcb::bare_seq`]
    pub(crate) fn emit_ack(&mut self) {
        let tcb = self.tcb.as_ref().expect("the connection sends");
        let ack = Seg::new(tcb.bare_seq(), tcb.rcv_nxt, Flags::ACK);
        self.emit(ack);
    }

    /// A challenge ACK, as far as their number is not limited (RFC 5961 §7).
    pub(crate) fn challenge(&mut self) {
        let checks = &self.settings.limits.checks;
        if checks.challenge_limit == ChallengeLimit::Host {
            if self.now.since(self.challenges.0) >= checks.challenge_interval {
                self.challenges = (self.now, 0);
            }
            if self.challenges.1 == checks.challenge_count {
                return self.take(Branch::ChallengeLimited);
            }
            self.challenges.1 += 1;
        }
        self.emit_ack();
    }

    /// Sends again what stands at the front of the retransmission queue.
    pub(crate) fn resend_front(&mut self) {
        let tcb = self.tcb.as_mut().expect("something was sent");
        let Some(front) = tcb.retransmission_queue.first_mut() else { return };
        front.lost = false;
        let sent = front.clone();
        self.transmit(&sent);
    }

    /// Sends a segment of the retransmission queue.
    pub(crate) fn transmit(&mut self, sent: &Sent) {
        let tcb = self.tcb.as_ref().expect("it has something to send");
        let mut segment = Seg::new(sent.seq, tcb.rcv_nxt, Flags::ACK);
        if sent.syn && tcb.irs.is_none() {
            segment = Seg::new(sent.seq, 0, Flags::SYN);
        } else if sent.syn {
            segment.ctl = Flags::SYN_ACK;
        }
        if sent.psh {
            segment.ctl = segment.ctl.with(Flags::PSH);
        }
        if sent.fin {
            segment.ctl = segment.ctl.with(Flags::FIN);
        }
        segment.text.clone_from(&sent.text);
        self.emit(segment);
    }

    /// What is ready to be sent leaves, and the acknowledgment that nothing else carries (MUST-58).
    pub(crate) fn flush(&mut self) {
        self.send_what_is_ready();
        if self.tcb.as_ref().is_some_and(|tcb| tcb.ack_due) {
            self.emit_ack();
        }
        if self.reopens() {
            self.take(Branch::WindowReopened);
            self.emit_ack();
        }
    }

    pub(crate) fn send_what_is_ready(&mut self) {
        while let Some(sent) = self.next_to_send() {
            self.transmit(&sent);
        }
    }

    /// First what was lost, once something has been heard and the window is open, then what is new, within the window.
    fn next_to_send(&mut self) -> Option<Sent> {
        let tcb = self.tcb.as_mut()?;
        let open = match tcb.state {
            State::SynSent | State::TimeWait => false,
            State::SynReceived => tcb.early,
            _ => true,
        };
        if !open || tcb.unanswered {
            return None;
        }
        if let Some(lost) = tcb.retransmission_queue.iter_mut().find(|sent| sent.lost && tcb.snd_wnd > 0) {
            lost.lost = false;
            return Some(lost.clone());
        }
        self.next_new(false)
    }

    /// What is new, within the window: a silly one is not used, except `at_last`.
    pub(crate) fn next_new(&mut self, at_last: bool) -> Option<Sent> {
        let tcb = self.tcb.as_mut()?;
        let edge = tcb.snd_una.wrapping_add(tcb.snd_wnd);
        let room = if le(tcb.snd_nxt, edge) { edge.wrapping_sub(tcb.snd_nxt) as usize } else { 0 };
        // §3.7.1: options take their place in the segment.
        let options = if tcb.stamps.is_some() { 12 } else { 0 };
        let own = u16::try_from(self.settings.limits.sizes.mss).expect("a small one");
        let most = usize::from(tcb.send_mss.min(own)).saturating_sub(options).max(1);
        let (mut text, mut psh) = (Vec::new(), false);
        let next = tcb.sends.front().map_or(0, Vec::len);
        let cut = next.min(most).min(room);
        if cut < next && !at_last && !Self::is_worth(tcb, cut, most) {
            self.take(Branch::WindowSilly);
            return None;
        }
        if let Some(send) = tcb.sends.front_mut() {
            text = send.drain(..cut).collect();
            psh = send.is_empty();
            if psh {
                tcb.sends.pop_front();
            }
            if cut == 0 {
                return None;
            }
        }
        let fin = tcb.close_called && tcb.fin_sent.is_none() && tcb.sends.is_empty() && room > text.len();
        if text.is_empty() && !fin {
            return None;
        }
        let sent = Sent { seq: tcb.snd_nxt, syn: false, text, psh, fin, lost: false };
        tcb.snd_nxt = sent.end();
        if fin {
            tcb.fin_sent = Some(tcb.snd_nxt.wrapping_sub(1));
            if tcb.state == State::CloseWait {
                tcb.state = State::LastAck;
            }
        }
        tcb.retransmission_queue.push(sent.clone());
        Some(sent)
    }

    /// Removes from the retransmission queue what is acknowledged.
    pub(crate) fn acknowledge(&mut self, ack: u32) {
        let tcb = self.tcb.as_mut().expect("it is acknowledged");
        tcb.snd_una = ack;
        (tcb.retries, tcb.unanswered) = (0, false);
        tcb.retransmission_queue.retain(|sent| lt(ack, sent.end()));
        if let Some(front) = tcb.retransmission_queue.first_mut()
            && lt(front.seq, ack)
        {
            let part = ack.wrapping_sub(front.seq) as usize - usize::from(front.syn);
            front.text.drain(..part);
            (front.seq, front.syn) = (ack, false);
        }
    }

    /// Starts the time-wait timer and turns off the others.
    pub(crate) fn start_time_wait(&mut self) {
        let (ends, window) = (self.now + self.settings.teardown.time_wait, self.settings.limits.sizes.window);
        let tcb = self.tcb.as_mut().expect("it waits");
        tcb.state = State::TimeWait;
        tcb.time_wait_ends = ends;
        tcb.retransmission_queue.clear();
        tcb.held = Held::default();
        tcb.rcv_edge = tcb.rcv_nxt.wrapping_add(window); // nothing of a TIME-WAIT is unread
        if tcb.ack_due || tcb.ack_at.is_some() {
            self.emit_ack(); // nothing is left that could carry it
        }
    }

    /// The fast open option of a SYN,ACK (RFC 7413 §4.1.2).
    pub(crate) fn grant(&mut self, syn: &Seg) -> Option<FastOpen> {
        let asks = match syn.fast_open {
            Some(FastOpen::Request) => true,
            Some(FastOpen::Cookie(shown)) => Some(shown) != self.granted,
            None => false,
        };
        if !self.fast_open() || !asks {
            return None;
        }
        self.take(Branch::FastOpenGranted);
        self.granted.map(FastOpen::Cookie)
    }
}
