//! What came ahead of its turn (RFC 9293 §3.10.7.4, SHLD-31).

use tcp_endpoint::Flags;

use crate::segment::{Seg, le};

/// Text and FINs ahead of RCV.NXT.
///
/// Honest segments agree about their octets and their FIN. Of others the RFC does not say which count: here the first copy
/// of an octet does, and a FIN at which RCV.NXT comes to stand.
#[derive(Clone, Default, Debug)]
pub(crate) struct Held {
    /// Disjoint, as they came.
    texts: Vec<Seg>,
    /// Bare.
    fins: Vec<Seg>,
}

impl Held {
    pub(crate) fn hold(&mut self, segment: &Seg) {
        if segment.ctl.fin() {
            self.fins.push(Seg::new(segment.fin_seq(), 0, Flags::FIN));
        }
        let mut piece = Seg::new(segment.seq, 0, Flags::NONE);
        for (n, octet) in (0_u32..).zip(&segment.text) {
            let seq = segment.seq.wrapping_add(n);
            if self.has(seq) {
                let next = Seg::new(seq.wrapping_add(1), 0, Flags::NONE);
                self.add(std::mem::replace(&mut piece, next));
            } else {
                piece.text.push(*octet);
            }
        }
        self.add(piece);
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.fins.is_empty()
    }

    fn add(&mut self, piece: Seg) {
        if !piece.text.is_empty() {
            self.texts.push(piece);
        }
    }

    fn has(&self, seq: u32) -> bool {
        self.texts.iter().any(|held| seq.wrapping_sub(held.seq) < held.text_len())
    }

    /// What is to be processed at RCV.NXT.
    pub(crate) fn next(&mut self, rcv_nxt: u32) -> Option<Seg> {
        if let Some(fin) = self.fins.iter().find(|fin| fin.seq == rcv_nxt) {
            return Some(fin.clone());
        }
        self.fins.retain(|fin| !le(fin.seq, rcv_nxt));
        // The one that begins first, or else they would be processed out of order.
        let due = (0..self.texts.len()).filter(|place| le(self.texts[*place].seq, rcv_nxt));
        let first = due.max_by_key(|place| rcv_nxt.wrapping_sub(self.texts[*place].seq))?;
        Some(self.texts.remove(first))
    }
}
