//! RFC 7323: the timestamps option (§3.2) and PAWS (§5.3).

use sim_time::{Duration, Instant};
use tcp_endpoint::State;

use crate::branch::Branch;
use crate::model::Model;
use crate::segment::{Seg, le, lt};

/// The variables of a connection whose ends agreed on timestamps (§4.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamps {
    /// TS.Recent.
    pub(crate) recent: u32,
    /// When it was taken (§5.5).
    pub(crate) taken_at: Instant,
    /// Last.ACK.sent.
    pub(crate) last_ack_sent: u32,
}

/// §5.5: then TS.Recent is invalid.
const DAYS_24: Duration = Duration::from_secs(24 * 24 * 3600);

/// What becomes of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Process,
    Drop,
}

impl Model {
    /// My clock: milliseconds (§5.4).
    pub(crate) fn clock(&self) -> u32 {
        let millis = self.now.as_nanos() / 1_000_000 % (1 << 32);
        self.clock_offset.wrapping_add(u32::try_from(millis).expect("it was cut"))
    }

    /// §3.2: the option of a segment. A SYN offers it, a SYN,ACK has it if the SYN had it, all others if both had. A RST
    /// has what other segments have.
    pub(crate) fn stamp(&self) -> Option<(u32, u32)> {
        let tcb = self.tcb.as_ref()?;
        let offers = tcb.state == State::SynSent && self.settings.limits.timers.timestamps;
        match tcb.stamps {
            Some(stamps) => Some((self.clock(), stamps.recent)),
            None => offers.then(|| (self.clock(), 0)),
        }
    }

    /// §3.2: both SYNs had the option.
    pub(crate) fn agree(&mut self, syn: &Seg) {
        let agreed = syn.ts.filter(|_| self.settings.limits.timers.timestamps);
        let now = self.now;
        let tcb = self.tcb.as_mut().expect("it is being opened");
        tcb.stamps = agreed.map(|(value, _)| Stamps { recent: value, taken_at: now, last_ack_sent: tcb.rcv_nxt });
    }

    /// §5.3 R1, and the option that is missing (§3.2). Neither is for a RST (§5.2).
    pub(crate) fn paws(&mut self, segment: &Seg) -> Verdict {
        let Some(stamps) = self.tcb.as_ref().and_then(|tcb| tcb.stamps) else { return Verdict::Process };
        if segment.ctl.rst() {
            return Verdict::Process;
        }
        let Some((value, _)) = segment.ts else {
            self.take(Branch::Unstamped);
            return Verdict::Drop;
        };
        if !lt(value, stamps.recent) {
            return Verdict::Process;
        }
        if self.now.since(stamps.taken_at) > DAYS_24 {
            self.take(Branch::PawsOutdated);
            return Verdict::Process;
        }
        self.take(Branch::PawsOld);
        self.emit_ack();
        Verdict::Drop
    }

    /// §5.3 R3.
    pub(crate) fn record(&mut self, segment: &Seg) {
        let now = self.now;
        let Some(stamps) = self.tcb.as_mut().and_then(|tcb| tcb.stamps.as_mut()) else { return };
        let Some((value, _)) = segment.ts.filter(|_| !segment.ctl.rst()) else { return };
        if le(segment.seq, stamps.last_ack_sent) {
            (stamps.recent, stamps.taken_at) = (value, now);
            self.take(Branch::PawsRecord);
        } else {
            self.take(Branch::PawsAhead);
        }
    }
}
