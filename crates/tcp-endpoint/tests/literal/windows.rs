//! Windows that close (RFC 9293 §3.8.6): what is offered, what waits, and the question whether it may go.

use tcp_endpoint::{SegmentSizes, State};

use crate::branch::Branch;
use crate::model::Model;
use crate::tcb::Tcb;

/// §3.8.6.2.2: min(Fr * RCV.BUFF, Eff.snd.MSS), of the largest window.
fn least_step(sizes: &SegmentSizes) -> u32 {
    (sizes.window / 2).min(sizes.mss).max(1)
}

impl Model {
    /// RCV.WND as a segment tells it that leaves now.
    pub(crate) fn offer(&mut self) -> u32 {
        if self.window_grows() {
            let most = self.most();
            let tcb = self.tcb.as_mut().expect("it offers");
            tcb.rcv_edge = tcb.rcv_nxt.wrapping_add(most);
        }
        self.tcb.as_ref().expect("it offers").rcv_wnd()
    }

    /// RCV.BUFF - RCV.USER, but no more than the largest window.
    fn most(&self) -> u32 {
        let sizes = &self.settings.limits.sizes;
        let unread = self.tcb.as_ref().expect("it offers").received.len();
        let unread = u32::try_from(unread).expect("the buffer is no larger");
        sizes.receive_buffer.max(sizes.window).saturating_sub(unread).min(sizes.window)
    }

    /// Whether the right edge moves: by a step that is worth it, or to where the window is at its largest.
    fn window_grows(&self) -> bool {
        let (sizes, most) = (&self.settings.limits.sizes, self.most());
        let now = self.tcb.as_ref().expect("it offers").rcv_wnd();
        most > now && (most == sizes.window || most - now >= least_step(sizes))
    }

    /// Whether the peer, who was offered next to nothing, may be waiting to hear of more.
    pub(crate) fn reopens(&self) -> bool {
        let Some(tcb) = &self.tcb else { return false };
        let takes_text = matches!(tcb.state, State::Established | State::FinWait1 | State::FinWait2);
        takes_text
            && !tcb.fin_received
            && tcb.rcv_wnd() < least_step(&self.settings.limits.sizes)
            && self.window_grows()
    }

    /// §3.8.6.2.1: whether so much of a SEND, and not all of it, is worth a segment.
    pub(crate) fn is_worth(tcb: &Tcb, octets: usize, most: usize) -> bool {
        octets >= most || octets >= (tcb.max_snd_wnd / 2) as usize
    }

    /// §3.8.6.1: the window has held back for a timeout what is to be sent. What has room leaves (the override timeout of
    /// §3.8.6.2.1), or an octet of new data that has none.
    pub(crate) fn window_timeout(&mut self) {
        let sent = self.next_new(true);
        let sent = sent.or_else(|| {
            self.take(Branch::WindowProbed);
            let tcb = self.tcb.as_mut().expect("it waits");
            let closed = std::mem::replace(&mut tcb.snd_wnd, 1);
            let octet = self.next_new(true);
            self.tcb.as_mut().expect("it waits").snd_wnd = closed;
            octet
        });
        if let Some(sent) = sent {
            self.transmit(&sent);
        }
    }

    /// §3.8.6.1, MUST-37: an acknowledgment came from a peer whose window held something back.
    pub(crate) fn hear_of_window(&mut self) {
        let tcb = self.tcb.as_mut().expect("it waits");
        (tcb.retries, tcb.unanswered) = (0, false);
        if tcb.snd_wnd > 0 {
            for sent in &mut tcb.retransmission_queue {
                sent.lost = true;
            }
        }
        self.take(Branch::WindowAnswered);
    }
}

impl Tcb {
    /// RCV.WND.
    pub(crate) fn rcv_wnd(&self) -> u32 {
        self.rcv_edge.wrapping_sub(self.rcv_nxt)
    }

    /// Whether only the window keeps back what is to be sent.
    pub(crate) fn waits_for_window(&self) -> bool {
        let has_new = !self.sends.is_empty() || self.close_called && self.fin_sent.is_none();
        self.is_proven() && has_new && self.retransmission_queue.is_empty()
    }

    /// The same, or what is on the way is beyond a closed window.
    pub(crate) fn is_held_back(&self) -> bool {
        let beyond = self.snd_wnd == 0 && !self.retransmission_queue.is_empty();
        self.is_proven() && beyond || self.waits_for_window()
    }

    /// SND.NXT, or, where that is beyond what the peer takes, what it awaits (§3.8.6.1 leaves it open).
    pub(crate) fn bare_seq(&self) -> u32 {
        if self.snd_wnd == 0 && self.is_held_back() { self.snd_una } else { self.snd_nxt }
    }

    /// Whether the peer knows our SYN.
    fn is_proven(&self) -> bool {
        let waits = matches!(self.state, State::SynSent | State::SynReceived | State::TimeWait);
        !waits && self.snd_una != self.iss
    }
}
