//! When retransmission has been tried long enough (RFC 9293 §3.8.3).

use sim_time::Duration;

use crate::interface::Preferences;
use crate::settings::{GiveUp, Limits};

/// R1 (SHLD-10): retransmissions of a segment after which the application may want to know.
pub(super) const R1: u32 = 3;

/// Whether R2 of a SYN is reached: by number, or by time where `late` says so and no user timeout stands in its place.
pub(super) fn is_out_of_syn_retries(
    retries: u32,
    linear: u32,
    preferences: &Preferences,
    limits: &Limits,
    late: impl FnOnce() -> bool,
) -> bool {
    let by_time = limits.persistence.give_up == GiveUp::Time && preferences.user_timeout(limits).is_none();
    retries >= limits.handshake_retries.syn_retries + linear || by_time && preferences.user_timeout.is_none() && late()
}

/// Whether so many retransmissions, and the wait after the last, would be over by now if they had begun with a timeout of
/// `base` (Linux, `retransmits_timed_out()`); `tried` is the time since the first of them, if there was one.
pub(super) fn has_tried_for(tried: Option<Duration>, (retries, base): (u32, Duration), limits: &Limits) -> bool {
    let whole = || {
        let (mut timeout, mut sum) = (base, Duration::ZERO);
        for _ in 0..=retries {
            sum += timeout;
            timeout = (timeout * 2).min(limits.timers.rto_max);
        }
        sum
    };
    tried.is_some_and(|tried| tried >= whole())
}
