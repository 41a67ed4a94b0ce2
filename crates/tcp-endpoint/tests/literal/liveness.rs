//! What is in order and resent is taken, or the connection ends.

use tcp_endpoint::{Flags, SeqNum, State};

use crate::model::Out;
use crate::segment::{Seg, le, text_at};
use crate::world::World;

/// Whether the host still awaits an octet or a FIN.
fn is_open(world: &World) -> bool {
    let states = [State::SynReceived, State::Established, State::FinWait1, State::FinWait2];
    let finished = world.model.tcb.as_ref().is_some_and(|tcb| tcb.fin_received);
    !finished && world.status().is_some_and(|status| states.contains(&status.state))
}

/// The application reads what keeps the window closed, if there is one.
fn read_all(world: &mut World) {
    world.accept();
    world.receive(1_000_000);
}

/// The next octet, or the FIN, comes at RCV.NXT from a peer that has all that was sent to it.
pub(crate) fn takes_what_is_in_order(world: &mut World, fin: bool) -> bool {
    if !is_open(world) {
        return false;
    }
    read_all(world);
    let Some(status) = world.status().filter(|status| status.receive_window > 0) else { return false };
    let next = status.receive_next.expect("it is open").raw();
    let ctl = if fin { Flags::ACK.with(Flags::FIN) } else { Flags::ACK };
    let mut segment = Seg::new(next, status.send_next.raw(), ctl);
    segment.wnd = 1000;
    segment.text = text_at(next, usize::from(!fin));
    segment.ts = world.model.tcb.as_ref().and_then(|tcb| tcb.stamps).map(|stamps| (stamps.recent, 0));
    world.deliver(&segment);
    let after = world.status().and_then(|status| status.receive_next);
    if after.is_some_and(|after| after.raw() == next) {
        world.differ(&format!("{segment} is not taken"));
    }
    true
}

/// The honest peer sends the front of its retransmission queue again.
pub(crate) fn takes_what_the_peer_resends(world: &mut World) -> bool {
    read_all(world);
    let (Some(status), Some(peer)) = (world.status(), &mut world.peer.tcb) else { return false };
    if status.receive_window == 0 {
        return false;
    }
    let bound = status.irs.map(SeqNum::raw) == Some(peer.iss) && peer.irs == Some(status.iss.raw());
    let next = status.receive_next.map_or(0, SeqNum::raw);
    // Segments of an earlier incarnation may have told the peer that more has come, or brought it more.
    let in_order = peer.retransmission_queue.first().is_some_and(|front| !front.syn && front.seq == next)
        && le(peer.rcv_nxt, status.send_next.raw())
        && le(status.send_unacknowledged.raw(), peer.rcv_nxt);
    // An inconsistent peer may have made them disagree about timestamps.
    world.peer.now = world.now;
    let clock = world.peer.clock();
    let stamps = world.model.tcb.as_ref().and_then(|tcb| tcb.stamps);
    let agreed = match (stamps, world.peer.tcb.as_ref().and_then(|tcb| tcb.stamps)) {
        (Some(stamps), Some(_)) => le(stamps.recent, clock),
        (stamps, peers) => stamps.is_none() && peers.is_none(),
    };
    if !bound || !in_order || !agreed || !is_open(world) {
        return false;
    }
    let peer = world.peer.tcb.as_mut().expect("it is bound");
    peer.retries = 0;
    world.to_peer.clear();
    world.peer.retransmission_timeout();
    for out in std::mem::take(&mut world.peer.out) {
        if let Out::Send(segment) = out {
            world.deliver(&segment);
        }
    }
    let after = world.status().and_then(|status| status.receive_next);
    // The answer may be a RST, for the peer is the one that has not what the host has sent.
    for answer in std::mem::take(&mut world.to_peer) {
        world.at_peer(&format!("{answer}"), |peer| peer.segment_arrives(&answer));
    }
    if world.peer.tcb.is_some() && after.is_some_and(|after| after.raw() == next) {
        world.differ(&format!("what the peer resends at {next} is not taken"));
    }
    true
}
