//! The transmission control block (RFC 9293 §3.3.1), by the RFC's names.

use std::collections::VecDeque;

use sim_time::Instant;
use tcp_endpoint::State;

use crate::held::Held;
use crate::timestamps::Stamps;

/// Who may call for the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    /// Nobody yet: a passive connection that was not accepted.
    Listener,
    /// A user.
    User,
    /// Nobody any more.
    Nobody,
}

/// What was sent and is not acknowledged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    pub(crate) seq: u32,
    pub(crate) syn: bool,
    pub(crate) text: Vec<u8>,
    pub(crate) psh: bool,
    pub(crate) fin: bool,
    /// A retransmission timeout has passed since it was sent last.
    pub(crate) lost: bool,
}

impl Sent {
    pub(crate) fn end(&self) -> u32 {
        let text = u32::try_from(self.text.len()).expect("a segment is short");
        self.seq.wrapping_add(u32::from(self.syn) + text + u32::from(self.fin))
    }
}

/// A connection.
#[derive(Clone, Debug)]
pub(crate) struct Tcb {
    pub(crate) state: State,
    pub(crate) passive: bool,
    pub(crate) owner: Owner,
    pub(crate) iss: u32,
    pub(crate) snd_una: u32,
    pub(crate) snd_nxt: u32,
    pub(crate) snd_wnd: u32,
    pub(crate) snd_wl1: u32,
    pub(crate) snd_wl2: u32,
    /// MAX.SND.WND (RFC 5961 §5.2).
    pub(crate) max_snd_wnd: u32,
    pub(crate) irs: Option<u32>,
    pub(crate) rcv_nxt: u32,
    /// RCV.NXT + RCV.WND.
    pub(crate) rcv_edge: u32,
    /// What the peer takes at once (§3.7.1).
    pub(crate) send_mss: u16,
    pub(crate) retransmission_queue: Vec<Sent>,
    /// SENDs that wait for the window.
    pub(crate) sends: VecDeque<Vec<u8>>,
    /// CLOSE was called.
    pub(crate) close_called: bool,
    /// The sequence number of our FIN, once it was sent.
    pub(crate) fin_sent: Option<u32>,
    /// Segments ahead of their turn.
    pub(crate) held: Held,
    /// The peer's FIN was processed.
    pub(crate) fin_received: bool,
    /// Text that waits for RECEIVE.
    pub(crate) received: Vec<u8>,
    pub(crate) stamps: Option<Stamps>,
    /// Retransmissions since SND.UNA has moved.
    pub(crate) retries: u32,
    /// A retransmission waits for its answer.
    pub(crate) unanswered: bool,
    pub(crate) ack_due: bool,
    /// When a delayed acknowledgment leaves (§3.8.6.3).
    pub(crate) ack_at: Option<Instant>,
    /// The text was delivered with the SYN (RFC 7413 §4.2.2).
    pub(crate) early: bool,
    /// The SYN asked for a cookie, or showed one.
    pub(crate) offered: bool,
    /// The listener has committed no more than a half-open entry.
    pub(crate) half_open: bool,
    pub(crate) time_wait_ends: Instant,
}

impl Tcb {
    pub(crate) fn new(state: State, owner: Owner, iss: u32) -> Self {
        Self {
            state,
            passive: owner == Owner::Listener,
            owner,
            iss,
            snd_una: iss,
            snd_nxt: iss.wrapping_add(1),
            snd_wnd: 0,
            snd_wl1: 0,
            snd_wl2: 0,
            max_snd_wnd: 0,
            irs: None,
            rcv_nxt: 0,
            rcv_edge: 0,
            send_mss: 536,
            retransmission_queue: Vec::new(),
            sends: VecDeque::new(),
            close_called: false,
            fin_sent: None,
            held: Held::default(),
            fin_received: false,
            received: Vec::new(),
            stamps: None,
            retries: 0,
            unanswered: false,
            ack_due: false,
            ack_at: None,
            early: false,
            offered: false,
            half_open: false,
            time_wait_ends: Instant::ZERO,
        }
    }

    /// Whether it is a half-open entry.
    pub(crate) fn is_half_open(&self) -> bool {
        self.state == State::SynReceived && self.half_open && !self.early
    }

    /// Whether our FIN is acknowledged.
    pub(crate) fn fin_acknowledged(&self) -> bool {
        self.fin_sent.is_some_and(|fin| self.snd_una == fin.wrapping_add(1))
    }
}
