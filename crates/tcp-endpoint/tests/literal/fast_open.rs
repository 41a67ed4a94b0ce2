//! RFC 7413 §4: the cookie, at the client and at the server.

use tcp_endpoint::{FastOpen, Notice, State};

use crate::branch::Branch;
use crate::model::Model;
use crate::segment::Seg;
use crate::tcb::{Sent, Tcb};

impl Model {
    /// §4.2.1, §4.2.2: a client without a cookie asks for one; one with a cookie shows it and sends what fits the MSS it
    /// has kept, if it has text to send.
    pub(crate) fn offer_fast_open(&mut self, tcb: &mut Tcb, syn: &mut Seg) {
        if !self.fast_open() {
            return;
        }
        if self.now < self.paused_until {
            return self.take(Branch::FastOpenPaused);
        }
        let Some((cookie, mss)) = self.kept else {
            self.take(Branch::FastOpenRequest);
            tcb.offered = true;
            syn.fast_open = Some(FastOpen::Request);
            return;
        };
        let Some(send) = tcb.sends.front_mut() else { return };
        self.take(Branch::FastOpenShown);
        tcb.offered = true;
        syn.fast_open = Some(FastOpen::Cookie(cookie));
        let own = self.settings.limits.sizes.mss as usize;
        let options = if self.settings.limits.timers.timestamps { 12 } else { 0 };
        let most = own.min(usize::from(mss)).saturating_sub(options).max(1);
        syn.text = send.drain(..send.len().min(most)).collect();
        let psh = send.is_empty();
        if psh {
            tcb.sends.pop_front();
            self.take(Branch::KnownSynNotPushed);
        }
        let seq = tcb.snd_nxt;
        tcb.retransmission_queue.push(Sent { seq, syn: false, text: syn.text.clone(), psh, fin: false, lost: false });
        tcb.snd_nxt = seq.wrapping_add(syn.text_len());
    }

    /// §4.1.3, §4.2.2: the client keeps the cookie of a SYN,ACK, and the server's MSS, either or both.
    pub(crate) fn keep_cookie(&mut self, syn_ack: &Seg) {
        if !self.fast_open() || self.tcb.is_none() {
            return;
        }
        if let Some(FastOpen::Cookie(cookie)) = syn_ack.fast_open {
            self.take(Branch::FastOpenKept);
            self.kept = self.tcb.as_ref().map(|tcb| (cookie, tcb.send_mss));
            return;
        }
        if let (Some((_, kept)), Some(_), Some(tcb)) = (&mut self.kept, syn_ack.mss, &self.tcb) {
            *kept = tcb.send_mss;
        }
        if self.tcb.as_ref().is_some_and(|tcb| tcb.offered && syn_ack.ack == tcb.iss.wrapping_add(1)) {
            self.fail_fast_open();
        }
    }

    /// §4.1.3.1, §4.2.1: the server has acknowledged no data and given no cookie, or has not answered: fast open is done
    /// without for a time.
    pub(crate) fn fail_fast_open(&mut self) {
        self.take(Branch::FastOpenFailed);
        let until = self.now + self.settings.limits.handshake_retries.fast_open_pause;
        self.paused_until = self.paused_until.max(until);
    }

    /// §4.2: whether PendingFastOpenRequests is below the limit. There is no connection when it is asked.
    pub(crate) fn has_room_for_early(&self) -> bool {
        let counted = self.early_resets.iter().filter(|until| self.now < **until).count();
        counted < self.settings.limits.backlog.fast_open_backlog as usize
    }

    /// §5.1: a connection that was open early and is reset counts for a time.
    pub(crate) fn count_early_reset(&mut self) {
        let Some(tcb) = &self.tcb else { return };
        if tcb.early && tcb.snd_una == tcb.iss && self.listening {
            self.take(Branch::FastOpenReset);
            self.early_resets.push(self.now + self.settings.limits.backlog.fast_open_reset_hold);
        }
    }

    /// §4.2.2: what the SYN,ACK did not acknowledge goes with the ACK.
    pub(crate) fn follow_up(&mut self) {
        let Some(tcb) = &mut self.tcb else { return };
        for sent in &mut tcb.retransmission_queue {
            sent.lost = false;
        }
        for sent in tcb.retransmission_queue.clone() {
            self.take(Branch::FastOpenUnacknowledged);
            self.transmit(&sent);
        }
    }

    /// §4.2.2: the server takes text (and a FIN) with the SYN if the cookie is good.
    pub(crate) fn take_early(&mut self, syn: &Seg) {
        let Some(FastOpen::Cookie(shown)) = syn.fast_open.filter(|_| self.fast_open()) else { return };
        if !self.has_room_for_early() {
            return self.take(Branch::FastOpenFull);
        }
        if Some(shown) != self.granted {
            return self.take(Branch::FastOpenRefused);
        }
        self.take(Branch::FastOpenAccepted);
        let tcb = self.tcb.as_mut().expect("it was made");
        assert_eq!(tcb.state, State::SynReceived);
        tcb.early = true;
        (tcb.snd_wnd, tcb.snd_wl1, tcb.snd_wl2) = (syn.wnd, syn.seq, tcb.iss);
        self.tell(Notice::Acceptable { port: crate::segment::HOST.port() });
        self.text_and_fin(syn);
    }
}
