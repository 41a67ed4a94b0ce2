//! Challenge ACKs and the limit on their rate (RFC 5961 §7).

use sim_time::Instant;

use crate::packed::Moment;
use crate::settings::{ChallengeLimit, Checks};

/// What a host remembers of the challenge ACKs it has sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Challenges {
    /// When the present interval began.
    began: Instant,
    /// Those sent in it.
    sent: u32,
}

impl Challenges {
    /// Whether a challenge ACK may be sent now, and if so counts it; `last` is the connection's own memory.
    pub(crate) fn permit(&mut self, last: &mut Moment, now: Instant, checks: &Checks) -> bool {
        match checks.challenge_limit {
            ChallengeLimit::None => true,
            ChallengeLimit::Host => {
                if now - self.began >= checks.challenge_interval {
                    *self = Self { began: now, sent: 0 };
                }
                self.sent += 1;
                self.sent <= checks.challenge_count
            }
            ChallengeLimit::Connection => {
                let permitted = last.instant().is_none_or(|last| now - last >= checks.challenge_interval);
                if permitted {
                    *last = now.into();
                }
                permitted
            }
        }
    }
}
