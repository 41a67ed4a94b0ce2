//! The calls of the user (RFC 9293 §3.10.1 to §3.10.5) and the timeouts (§3.10.8).

use tcp_endpoint::{Flags, Notice, State, UserError};

use crate::branch::Branch;
use crate::model::Model;
use crate::segment::Seg;
use crate::tcb::{Owner, Sent, Tcb};

impl Model {
    // §3.10.1 OPEN

    /// Passive OPEN.
    pub(crate) fn listen(&mut self) -> Result<(), UserError> {
        if self.listening {
            return Err(UserError::AlreadyExists);
        }
        self.listening = true;
        Ok(())
    }

    /// Active OPEN, and a SEND with it.
    pub(crate) fn open(&mut self, text: Vec<u8>) -> Result<(), UserError> {
        if self.tcb.is_some() {
            self.take(Branch::OpenExists);
            return Err(UserError::AlreadyExists);
        }
        self.take(Branch::OpenActive);
        self.left = None;
        let mut tcb = Tcb::new(State::SynSent, Owner::User, self.next_iss);
        let mut syn = Seg::new(tcb.iss, 0, Flags::SYN);
        tcb.retransmission_queue.push(Sent {
            seq: tcb.iss,
            syn: true,
            text: Vec::new(),
            psh: false,
            fin: false,
            lost: false,
        });
        if !text.is_empty() {
            tcb.sends.push_back(text);
        }
        self.offer_fast_open(&mut tcb, &mut syn);
        self.tcb = Some(tcb);
        self.emit(syn);
        Ok(())
    }

    // §3.10.2 SEND

    pub(crate) fn send(&mut self, text: Vec<u8>) -> Result<(), UserError> {
        let Some(tcb) = self.users() else {
            self.take(Branch::SendNone);
            return Err(UserError::NoConnection);
        };
        if tcb.close_called {
            self.take(Branch::SendClosing);
            return Err(UserError::Closing);
        }
        tcb.sends.push_back(text);
        let queued = matches!(tcb.state, State::SynSent | State::SynReceived);
        self.take(if queued { Branch::SendQueued } else { Branch::SendSegmentized });
        Ok(())
    }

    // §3.10.3 RECEIVE

    /// The text, and whether the peer's FIN is reached.
    pub(crate) fn receive(&mut self, limit: usize) -> Result<(Vec<u8>, bool), UserError> {
        let (received, fin_received) = match (&mut self.tcb, &mut self.left) {
            (Some(tcb), _) if tcb.owner == Owner::User => (&mut tcb.received, tcb.fin_received),
            (_, Some(left)) if left.fin_received || !left.received.is_empty() => {
                (&mut left.received, left.fin_received)
            }
            _ => {
                self.take(Branch::ReceiveNone);
                return Err(UserError::NoConnection);
            }
        };
        let rest = received.split_off(limit.min(received.len()));
        let text = std::mem::replace(received, rest);
        let end = fin_received && received.is_empty();
        self.take(match (text.is_empty(), end) {
            (false, _) => Branch::ReceiveText,
            (true, false) => Branch::ReceiveNothing,
            (true, true) => Branch::ReceiveEnd,
        });
        Ok((text, end))
    }

    /// The user takes the connection that waits at the port (§3.9.1.1: a passive OPEN is complete).
    pub(crate) fn accept(&mut self) -> bool {
        let Some(tcb) = self.tcb.as_mut().filter(|tcb| tcb.owner == Owner::Listener) else { return false };
        let open = tcb.state != State::SynReceived || tcb.early;
        if open {
            tcb.owner = Owner::User;
            self.left = None;
        }
        open
    }

    /// Whether the user holds a connection, or what is left of one.
    pub(crate) fn is_held(&self) -> bool {
        self.left.is_some() || self.tcb.as_ref().is_some_and(|tcb| tcb.owner == Owner::User)
    }

    // §3.10.4 CLOSE

    /// CLOSE in LISTEN. What no user has accepted has none to go to: it is aborted.
    pub(crate) fn unlisten(&mut self) -> Result<(), UserError> {
        if !self.listening {
            return Err(UserError::NoConnection);
        }
        self.take(Branch::CloseListen);
        self.listening = false;
        self.early_resets.clear();
        match &self.tcb {
            Some(tcb) if tcb.is_half_open() => self.delete(),
            Some(tcb) if tcb.owner == Owner::Listener => self.abort_now(),
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn close(&mut self) -> Result<(), UserError> {
        let Some(tcb) = self.users() else {
            self.take(Branch::CloseNone);
            return Err(UserError::NoConnection);
        };
        if tcb.close_called {
            self.take(Branch::CloseClosing);
            return Err(UserError::Closing);
        }
        match tcb.state {
            State::SynSent => {
                self.take(Branch::CloseSynSent);
                self.delete();
                return Ok(());
            }
            State::SynReceived if tcb.sends.is_empty() && !tcb.fin_received => {
                tcb.state = State::FinWait1;
                tcb.close_called = true;
                self.take(Branch::CloseSynReceived);
            }
            State::SynReceived if !tcb.fin_received => {
                tcb.close_called = true;
                self.take(Branch::CloseSynReceivedQueued);
            }
            State::Established => {
                tcb.state = State::FinWait1;
                tcb.close_called = true;
                self.take(Branch::CloseEstablished);
            }
            // LAST-ACK begins when the FIN leaves.
            _ => {
                tcb.close_called = true;
                self.take(Branch::CloseCloseWait);
            }
        }
        Ok(())
    }

    /// The user gives the connection back: it CLOSEs, if it has not, and RECEIVEs no more. Where that is a half-duplex
    /// close, text that is lost with it is answered with a RST (§3.6.1 MAY-1, SHLD-3).
    pub(crate) fn give_back(&mut self) {
        let half_duplex = self.settings.limits.close.half_duplex_close;
        let unread = |tcb: &mut Tcb| tcb.state != State::TimeWait && !tcb.received.is_empty();
        if half_duplex && self.users().is_some_and(unread) {
            self.take(Branch::CloseUnread);
            self.send_what_is_ready();
            let tcb = self.users().expect("it was there");
            let reset = Seg::new(tcb.bare_seq(), 0, Flags::RST);
            self.emit(reset);
            self.delete();
            self.left = None;
            return;
        }
        let _: Result<(), UserError> = self.close();
        self.left = None;
        if let Some(tcb) = self.users() {
            tcb.owner = Owner::Nobody;
            tcb.received.clear();
        }
    }

    // §3.10.5 ABORT

    pub(crate) fn abort(&mut self) {
        if self.users().is_some() {
            self.abort_now();
        } else {
            self.take(Branch::AbortNone);
        }
        self.left = None;
    }

    pub(crate) fn abort_now(&mut self) {
        self.send_what_is_ready();
        let Some(tcb) = &self.tcb else { return };
        match tcb.state {
            State::SynSent => self.take(Branch::AbortSynSent),
            State::Closing | State::LastAck | State::TimeWait if tcb.fin_sent.is_some() => {
                self.take(Branch::AbortSilent);
            }
            state => {
                let reset = Seg::new(tcb.bare_seq(), 0, Flags::RST);
                self.take(if state == State::Closing { Branch::KnownFinUnsent } else { Branch::AbortReset });
                self.emit(reset);
            }
        }
        self.delete();
    }

    // §3.10.8 timeouts

    /// The retransmission timeout; after R2 (§3.8.3) the user timeout, which deletes the TCB.
    pub(crate) fn retransmission_timeout(&mut self) {
        let limits = &self.settings.limits;
        let Some(tcb) = &mut self.tcb else { return };
        // §3.8.3 MUST-23: R2 of a SYN is another, as long as it is the SYN that is sent again.
        let most = match tcb.snd_una == tcb.iss {
            true if tcb.passive => u32::from(limits.handshake_retries.syn_ack_retries),
            true => limits.handshake_retries.syn_retries,
            false => limits.persistence.data_retries,
        };
        if tcb.retries >= most {
            let (told, unanswered) = (tcb.owner == Owner::User, tcb.offered && tcb.state == State::SynSent);
            self.take(Branch::UserTimeout);
            if unanswered {
                self.fail_fast_open();
            }
            self.delete();
            if told {
                self.tell(Notice::TimedOut);
            }
            return;
        }
        tcb.retries += 1;
        tcb.unanswered = true;
        // RFC 6298 §5.4 says nothing of what was sent behind it: once the connection is open, it is presumed lost, too.
        let open = !matches!(tcb.state, State::SynSent | State::SynReceived);
        for sent in tcb.retransmission_queue.iter_mut().filter(|_| open) {
            sent.lost = true;
        }
        self.take(Branch::Retransmission);
        self.resend_front();
    }

    /// A delayed acknowledgment has waited long enough.
    pub(crate) fn delayed_ack_timeout(&mut self) {
        self.take(Branch::AckDelayedTimeout);
        self.emit_ack();
    }

    /// The time-wait timeout.
    pub(crate) fn time_wait_timeout(&mut self) {
        self.take(Branch::TimeWaitTimeout);
        self.delete();
    }

    /// The user's connection.
    fn users(&mut self) -> Option<&mut Tcb> {
        self.tcb.as_mut().filter(|tcb| tcb.owner == Owner::User)
    }
}
