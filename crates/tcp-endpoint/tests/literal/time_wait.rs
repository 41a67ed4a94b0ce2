//! A SYN in TIME-WAIT: RFC 9293 §3.6.1 (MAY-2), or RFC 6191 §2.

use tcp_endpoint::SynInTimeWait;

use crate::branch::Branch;
use crate::model::Model;
use crate::segment::{Seg, le, lt};

impl Model {
    /// Whether a segment asks for the next incarnation, and may be given it.
    pub(crate) fn is_request(&self, segment: &Seg) -> bool {
        let is_syn = segment.ctl.syn() && !segment.ctl.ack() && !segment.ctl.rst();
        is_syn && self.settings.teardown.syn_in_time_wait != SynInTimeWait::None
    }

    pub(crate) fn request_in_time_wait(&mut self, segment: &Seg) {
        let tcb = self.tcb.as_ref().expect("TIME-WAIT");
        let by_timestamp = self.settings.teardown.syn_in_time_wait == SynInTimeWait::Timestamp;
        let recent = tcb.stamps.map(|stamps| stamps.recent);
        let value = segment.ts.map(|(value, _)| value).filter(|_| self.settings.limits.timers.timestamps);
        let higher = le(tcb.rcv_nxt, segment.seq);
        let opens = match (by_timestamp, recent, value) {
            (false, ..) => higher,
            (true, Some(recent), Some(value)) => lt(recent, value) || (recent == value && higher),
            (true, None, Some(_)) => true,
            (true, _, None) => higher,
        };
        if opens && self.listening {
            self.least_iss = Some(tcb.snd_nxt);
            self.take(Branch::TimeWaitReopened);
            self.delete();
            return self.arrives_listen(segment);
        }
        if by_timestamp {
            return self.take(Branch::TimeWaitSynDropped);
        }
        self.arrives_otherwise(segment);
    }
}
