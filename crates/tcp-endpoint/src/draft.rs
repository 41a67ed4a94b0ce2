//! Segments that leave: their headers are put together here alone (RFC 9293 §3.1).

use crate::effect::{Acknowledged, Effect, Purpose, Transmission};
use crate::handle::Handle;
use crate::payload::Payload;
use crate::segment::{Flags, FourTuple, Options, Segment};
use crate::seq::SeqNum;

/// A segment in the making.
pub(crate) struct Draft<P> {
    pub(crate) flags: Flags,
    pub(crate) seq: SeqNum,
    /// RCV.NXT, and the furthest thing that it covers: told if the ACK bit is set.
    pub(crate) acknowledged: (SeqNum, Acknowledged),
    pub(crate) options: Options,
    pub(crate) payload: P,
    pub(crate) purpose: Purpose,
    /// How often its sequence space left before.
    pub(crate) retransmission: u32,
}

impl<P: Payload> Draft<P> {
    /// The segment leaves; `sender` is its entry, if there is one. A reset offers no window.
    #[inline]
    pub(crate) fn leaves<T>(self, tuple: FourTuple, window: u32, sender: Option<(Handle, T)>) -> Effect<P, T> {
        let Self { flags, seq, acknowledged, options, payload, purpose, retransmission } = self;
        let (ack, acknowledges) = if flags.ack() { acknowledged } else { (SeqNum::default(), Acknowledged::Nothing) };
        let segment = Segment {
            source: tuple.local,
            destination: tuple.remote,
            seq,
            ack,
            flags,
            window: if flags.rst() { 0 } else { window },
            options,
            payload,
        };
        Effect::Transmit(Transmission { segment, sender, retransmission, purpose, acknowledges })
    }
}

/// The reset that answers a segment for no connection (RFC 9293 §3.10.7.1).
pub(crate) fn reset_outside_connection<P: Payload, T>(segment: &Segment<P>) -> Effect<P, T> {
    let (flags, seq) =
        if segment.flags.ack() { (Flags::RST, segment.ack) } else { (Flags::RST.with(Flags::ACK), SeqNum::new(0)) };
    let draft = Draft {
        flags,
        seq,
        acknowledged: (segment.seq + segment.len(), Acknowledged::Nothing),
        options: Options::default(),
        payload: P::default(),
        purpose: Purpose::ResetOfNoConnection,
        retransmission: 0,
    };
    draft.leaves(segment.receiver_tuple(), 0, None)
}
