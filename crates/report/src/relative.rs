//! Sequence numbers as a reader wants them: relative to the initial one.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use experiment::record::Sent;
use tcp_endpoint::SeqNum;

/// Turns sequence numbers into offsets from the nearest initial sequence number seen so far on the same 4-tuple and
/// direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct RelativeNumbers {
    initial: BTreeMap<(SocketAddrV4, SocketAddrV4), Vec<SeqNum>>,
}

/// The relative numbers of one segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Relative {
    /// SEG.SEQ, if it is near an initial sequence number.
    pub(crate) seq: Option<i64>,
    /// SEG.ACK, if there is one near an initial sequence number.
    pub(crate) ack: Option<i64>,
}

impl RelativeNumbers {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn next(&mut self, sent: &Sent) -> Relative {
        let forward = (sent.source, sent.destination);
        if sent.flags.syn() {
            self.initial.entry(forward).or_default().push(sent.seq);
        }
        let seq = self.offset(forward, sent.seq);
        let ack = sent.flags.ack().then(|| self.offset((sent.destination, sent.source), sent.ack)).flatten();
        Relative { seq, ack }
    }

    fn offset(&self, direction: (SocketAddrV4, SocketAddrV4), number: SeqNum) -> Option<i64> {
        let initial = self.initial.get(&direction)?;
        initial.iter().map(|&initial| i64::from((number - initial).cast_signed())).min_by_key(|offset| offset.abs())
    }
}
