//! The segments of inconsistent and of hostile peers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use tcp_endpoint::{FastOpen, Flags};

use crate::chance::{below, choose, one_in};
use crate::model::Model;
use crate::segment::{Seg, text_at};

/// A small step forward or back.
fn near(random: &mut ChaCha8Rng, number: u32) -> u32 {
    number.wrapping_add(choose(random, &[1, 2, 10, 100, 1000, u32::MAX, u32::MAX - 1, u32::MAX - 9, u32::MAX - 99]))
}

/// An honest segment with something wrong.
pub(crate) fn mutate(mut segment: Seg, random: &mut ChaCha8Rng) -> Seg {
    match below(random, 14) {
        0 => segment.ts = None,
        1 | 2 => segment.ts = segment.ts.map(|(value, echo)| (near(random, value), echo)),
        3 => segment.ts = Some((random.next_u32(), random.next_u32())),
        4 => segment.wnd = choose(random, &[0, 1, 50, 100_000]),
        5 => segment.seq = near(random, segment.seq),
        6 => segment.ack = if segment.ctl.ack() { near(random, segment.ack) } else { 0 },
        7 => segment.ctl = segment.ctl.with(Flags::FIN),
        8 => segment.ctl = segment.ctl.with(Flags::SYN),
        9 => segment.ctl = segment.ctl.with(Flags::RST),
        10 => (segment.ctl, segment.ack) = (Flags::NONE.with(some_of(segment.ctl, random)), 0),
        11 => segment.mss = choose(random, &[None, Some(0), Some(13), Some(536), Some(9000)]),
        12 => segment.fast_open = fast_open(segment.fast_open, random),
        _ => segment.text = text_at(0, choose(random, &[0, 1, 30, 1500])),
    }
    segment.text = text_at(segment.text_seq(), segment.text.len());
    segment
}

/// The same control bits without ACK.
fn some_of(ctl: Flags, random: &mut ChaCha8Rng) -> Flags {
    let kept = [Flags::SYN, Flags::FIN, Flags::RST].into_iter().filter(|flag| ctl.contains(*flag));
    kept.fold(if one_in(random, 2) { Flags::PSH } else { Flags::NONE }, Flags::with)
}

fn fast_open(carried: Option<FastOpen>, random: &mut ChaCha8Rng) -> Option<FastOpen> {
    let wrong = FastOpen::Cookie(random.next_u64());
    choose(random, &[None, Some(FastOpen::Request), Some(wrong), carried])
}

/// A segment that nobody has sent, with numbers in, at and out of the windows.
pub(crate) fn forge(model: &Model, random: &mut ChaCha8Rng) -> Seg {
    let window = model.settings.limits.sizes.window;
    let tcb = model.tcb.as_ref();
    let rcv_nxt = tcb.map_or_else(|| random.next_u32(), |tcb| tcb.rcv_nxt);
    let irs = tcb.and_then(|tcb| tcb.irs).unwrap_or(rcv_nxt);
    let edge = rcv_nxt.wrapping_add(window);
    let inside = rcv_nxt.wrapping_add(below(random, window));
    let seq = match below(random, 10) {
        0..=3 => rcv_nxt,
        4 => rcv_nxt.wrapping_add(below(random, 60)),
        5 => rcv_nxt.wrapping_sub(below(random, 60)),
        6 => edge.wrapping_sub(1).wrapping_add(below(random, 3)),
        7 => choose(random, &[inside, irs]),
        8 => near(random, rcv_nxt),
        _ => random.next_u32(),
    };
    let (una, nxt) = tcb.map_or((0, random.next_u32()), |tcb| (tcb.snd_una, tcb.snd_nxt));
    let ack = match below(random, 8) {
        0..=3 => nxt,
        4 => una,
        5 => una.wrapping_sub(below(random, 200_000)),
        6 => near(random, nxt),
        _ => random.next_u32(),
    };
    let ctl = match below(random, 16) {
        0..=6 => Flags::ACK,
        7 | 8 => Flags::ACK.with(Flags::FIN),
        9 => Flags::RST,
        10 => Flags::RST.with(Flags::ACK),
        11 => choose(random, &[Flags::SYN, Flags::SYN, Flags::SYN.with(Flags::FIN)]),
        12 => Flags::SYN_ACK,
        13 => choose(random, &[Flags::NONE, Flags::FIN, Flags::PSH, Flags::SYN.with(Flags::FIN)]),
        14 => Flags::SYN_ACK.with(Flags::FIN),
        _ => choose(random, &[Flags::SYN.with(Flags::RST), Flags::ACK.with(Flags::FIN).with(Flags::RST)]),
    };
    let mut segment = Seg::new(seq, if ctl.ack() { ack } else { 0 }, ctl);
    segment.wnd = choose(random, &[65535, 1000, 10, 0, 1 << 30]);
    segment.text = text_at(segment.text_seq(), choose(random, &[0, 0, 0, 1, 5, 40, 2000]));
    let recent = tcb.and_then(|tcb| tcb.stamps).map(|stamps| stamps.recent);
    let value = match (recent, below(random, 8)) {
        (Some(recent), 0..=5) => Some(recent.wrapping_add(below(random, 3))),
        (Some(recent), 6) => Some(near(random, recent)),
        (None, 0..=1) => Some(random.next_u32()),
        _ => None,
    };
    let clock = model.clock();
    segment.ts = value.map(|value| (value, choose(random, &[0, clock, clock.wrapping_sub(1000), u32::MAX])));
    // They belong to a SYN, and are ignored anywhere else.
    if ctl.syn() || one_in(random, 8) {
        segment.mss = choose(random, &[None, Some(0), Some(13), Some(536), Some(9000)]);
        segment.fast_open = fast_open(model.granted.map(FastOpen::Cookie), random);
    }
    segment
}
