//! Telling keepalive probes from other bare acknowledgments.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use experiment::record::Sent;
use tcp_endpoint::{Flags, SeqNum};

/// Follows SND.NXT of each direction of each 4-tuple, as far as what was sent shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keepalives {
    next: BTreeMap<(SocketAddrV4, SocketAddrV4), SeqNum>,
}

impl Keepalives {
    /// Takes the next segment and says whether it is a keepalive probe: it carries nothing, and its number is the one
    /// before SND.NXT, which the peer has acknowledged (RFC 9293 §3.8.4).
    pub(crate) fn is_probe(&mut self, sent: &Sent) -> bool {
        let direction = (sent.source, sent.destination);
        let known = self.next.get(&direction).copied();
        if sent.flags == Flags::ACK && sent.octets == 0 && known == Some(sent.seq + 1) {
            return true;
        }
        if !sent.flags.rst() {
            let end = sent.seq + (sent.octets + u32::from(sent.flags.syn()) + u32::from(sent.flags.fin()));
            let next = known.filter(|next| !sent.flags.syn() && next.after(end)).unwrap_or(end);
            self.next.insert(direction, next);
        }
        false
    }
}
