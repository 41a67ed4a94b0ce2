//! The maximum segment size option (RFC 9293 §3.7.1).

use crate::segment::Options;
use crate::settings::SegmentSizes;

/// The segment size of a peer that states none (RFC 9293 MUST-15).
pub(crate) const DEFAULT_MSS: u16 = 536;

/// The segment size that a SYN states.
pub(crate) fn peer_mss(syn: Options) -> u16 {
    syn.mss.unwrap_or(DEFAULT_MSS)
}

impl SegmentSizes {
    /// The maximum segment size option of this host's SYNs.
    pub(crate) fn mss_option(&self) -> u16 {
        u16::try_from(self.mss).unwrap_or(u16::MAX)
    }
}

/// What the timestamps option takes of a segment, with its padding (RFC 7323 appendix A).
const TIMESTAMPS_OCTETS: u32 = 12;

/// The most octets of data in one segment to a peer (RFC 9293 §3.7.1).
pub(crate) fn segment_size(sizes: &SegmentSizes, peer_mss: u16, stamped: bool) -> u32 {
    let options = if stamped { TIMESTAMPS_OCTETS } else { 0 };
    sizes.mss.min(u32::from(peer_mss)).saturating_sub(options).max(1)
}
