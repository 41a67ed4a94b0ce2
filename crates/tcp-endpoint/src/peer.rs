//! What a host remembers of another host, whatever becomes of the connections between them.

use std::net::Ipv4Addr;

use sim_time::Instant;

use crate::mss::DEFAULT_MSS;

/// One other host.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Peer<T> {
    pub(crate) address: Ipv4Addr,
    /// The fast open cookie it gave us (RFC 7413 §4.1.3).
    pub(crate) cookie: Option<u64>,
    /// The segment size it stated then (RFC 7413 §4.1.3).
    pub(crate) mss: u16,
    /// Its ports towards which fast open has failed, and until when it is done without there (RFC 7413 §4.1.3.1).
    paused: Vec<(u16, Instant)>,
    /// The highest connection count that we have taken from it (RFC 1644 §2.1).
    pub(crate) count: Option<u32>,
    /// Whether the last connection with it was closed in good order, its round trip measured.
    pub(crate) proven: bool,
    /// The tag of the connection that made it known.
    pub(crate) tag: T,
}

impl<T> Peer<T> {
    pub(crate) const fn new(address: Ipv4Addr, tag: T) -> Self {
        Self { address, cookie: None, mss: DEFAULT_MSS, paused: Vec::new(), count: None, proven: false, tag }
    }

    /// Whether fast open is done without towards its port.
    pub(crate) fn pauses_at(&self, port: u16, now: Instant) -> bool {
        self.paused.iter().any(|(failed, until)| *failed == port && now < *until)
    }

    /// Fast open is done without towards its port until then.
    pub(crate) fn pause_at(&mut self, port: u16, now: Instant, until: Instant) {
        self.paused.retain(|(failed, until)| *failed != port && now < *until);
        self.paused.push((port, until));
    }

    /// Whether a SYN with this count is newer than any that was taken before. Without a memory nothing is.
    pub(crate) fn has_not_seen(&self, count: u32) -> bool {
        self.count.is_some_and(|last| count.wrapping_sub(last).cast_signed() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn each_port_pauses_for_its_own_time_and_is_forgotten_then() {
        let mut peer = Peer::new(Ipv4Addr::LOCALHOST, ());
        peer.pause_at(80, at(0), at(10));
        peer.pause_at(81, at(1), at(11));
        for (port, millis, pauses) in [(80, 9, true), (80, 10, false), (81, 10, true), (81, 11, false), (82, 5, false)]
        {
            assert_eq!(peer.pauses_at(port, at(millis)), pauses, "{port} at {millis} ms");
        }
        peer.pause_at(80, at(5), at(15));
        assert!(peer.pauses_at(80, at(14)) && peer.pauses_at(81, at(10)));
        assert_eq!(peer.paused.len(), 2, "one time for each port");
        peer.pause_at(82, at(15), at(25));
        assert_eq!(peer.paused.len(), 1, "what is over takes no room");
    }
}
