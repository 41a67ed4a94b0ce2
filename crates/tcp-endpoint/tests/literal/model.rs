//! The other TCP: one connection, and the listener at its port.

use sim_time::Instant;
use tcp_endpoint::{Notice, Settings, State, SynData};

use crate::branch::{Branch, Taken};
use crate::segment::Seg;
use crate::tcb::{Owner, Tcb};

/// What the model does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Out {
    Send(Seg),
    Tell(Notice),
}

/// What a user can still RECEIVE of a connection that is CLOSED.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) received: Vec<u8>,
    pub(crate) fin_received: bool,
}

/// The other TCP.
pub(crate) struct Model {
    pub(crate) settings: Settings,
    pub(crate) now: Instant,
    pub(crate) listening: bool,
    pub(crate) tcb: Option<Tcb>,
    pub(crate) left: Option<Left>,
    /// The ISS of the next connection (§3.4.1 leaves it to a clock and a secret).
    pub(crate) next_iss: u32,
    /// What it may not be below, after TIME-WAIT (§3.6.1 MAY-2).
    pub(crate) least_iss: Option<u32>,
    /// What the timestamp clock starts from (RFC 7323 §5.4 leaves it to the host).
    pub(crate) clock_offset: u32,
    /// The cookie this host grants its peer (RFC 7413 §4.1.2 leaves it to the host).
    pub(crate) granted: Option<u64>,
    /// The cookie the peer has granted, and the peer's MSS (RFC 7413 §4.1.3).
    pub(crate) kept: Option<(u64, u16)>,
    /// Until when fast open is done without, since it has failed (RFC 7413 §4.1.3.1).
    pub(crate) paused_until: Instant,
    /// Until when connections count that were open early and reset (RFC 7413 §5.1).
    pub(crate) early_resets: Vec<Instant>,
    /// Challenge ACKs since the interval began (RFC 5961 §7).
    pub(crate) challenges: (Instant, u32),
    pub(crate) out: Vec<Out>,
    pub(crate) taken: Taken,
    /// The branches of this event.
    pub(crate) trail: Vec<Branch>,
}

impl Model {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: Instant::ZERO,
            listening: false,
            tcb: None,
            left: None,
            next_iss: 0,
            least_iss: None,
            clock_offset: 0,
            granted: None,
            kept: None,
            paused_until: Instant::ZERO,
            early_resets: Vec::new(),
            challenges: (Instant::ZERO, 0),
            out: Vec::new(),
            taken: Taken::default(),
            trail: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> State {
        match &self.tcb {
            Some(tcb) => tcb.state,
            None if self.listening => State::Listen,
            None => State::Closed,
        }
    }

    pub(crate) fn take(&mut self, branch: Branch) {
        self.taken.count(branch);
        self.trail.push(branch);
    }

    pub(crate) fn tell(&mut self, notice: Notice) {
        self.out.push(Out::Tell(notice));
    }

    pub(crate) fn fast_open(&self) -> bool {
        self.settings.handshake.syn_data == SynData::Cookie
    }

    /// "Delete the TCB." A user may read on what was received.
    pub(crate) fn delete(&mut self) {
        let Some(tcb) = self.tcb.take() else { return };
        if tcb.owner == Owner::User {
            self.left = Some(Left { received: tcb.received, fin_received: tcb.fin_received });
        }
    }
}
