//! A schedule: random settings, then random events.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sim_time::Duration;
use tcp_endpoint::State;

use crate::chance::{below, choose, one_in, place};
use crate::peers::{forge, mutate};
use crate::segment::text_at;
use crate::settings;
use crate::world::World;

/// Who sends to the host, besides its honest peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stranger {
    Nobody,
    /// The network: any segment that was ever sent.
    Stale,
    /// The peer: a segment of its own with something wrong.
    Inconsistent,
    /// Anybody: numbers in, at and out of the windows.
    Hostile,
}

/// Plays the schedule of that number.
pub(crate) fn play(seed: u64, number: u64) -> World {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(number);
    let random = &mut random;
    let mut world = World::new(settings::draw_both(random));
    world.peer.granted = Some(random.next_u64());
    world.peer.next_iss = choose(random, &[0, 1 << 20, u32::MAX - 50]);
    let strangers = [Stranger::Nobody, Stranger::Stale, Stranger::Inconsistent, Stranger::Hostile];
    let (stranger, seldom) = (choose(random, &strangers), choose(random, &[1, 4, 16]));
    if !one_in(random, 4) {
        world.listen();
    }
    if !one_in(random, 4) {
        world.at_peer("listen", crate::model::Model::listen);
    }
    for _ in 0..100 + below(random, 400) {
        let stranger = if one_in(random, seldom) { stranger } else { Stranger::Nobody };
        world.join(one_in(random, 6));
        step(&mut world, random, stranger);
    }
    world.flush();
    world
}

fn step(world: &mut World, random: &mut ChaCha8Rng, stranger: Stranger) {
    match below(random, 40) {
        0..=7 => deliver_to_host(world, random),
        8..=15 => deliver_to_peer(world, random),
        16..=17 => call(world, random),
        18..=20 => call_at_peer(world, random),
        21 => world.accept(),
        22 => world.let_a_deadline_come(),
        23 => timeout_at_peer(world),
        24 => {
            let pauses = [1, 1, 20, 300, 3000, 25 * 24 * 3600 * 1000];
            world.pause(Duration::from_millis(choose(random, &pauses)));
        }
        25 if !world.to_host.is_empty() => {
            let place = place(random, world.to_host.len());
            world.to_host.remove(place);
        }
        26 if !world.to_peer.is_empty() => {
            let place = place(random, world.to_peer.len());
            world.to_peer.remove(place);
        }
        27..=28 => open_if_closed(world, random),
        29 if one_in(random, 8) => world.peer.granted = Some(random.next_u64()), // a new key (RFC 7413 §4.1.2)
        29 => open_if_closed(world, random),
        30..=39 => stranger_sends(world, random, stranger),
        _ => {}
    }
}

/// The oldest segment on its way mostly, another one otherwise; sometimes it stays to come again.
fn deliver_to_host(world: &mut World, random: &mut ChaCha8Rng) {
    if world.to_host.is_empty() {
        return;
    }
    let place = if one_in(random, 4) { place(random, world.to_host.len()) } else { 0 };
    let segment = world.to_host[place].clone();
    if !one_in(random, 8) {
        world.to_host.remove(place);
    }
    world.deliver(&segment);
}

fn deliver_to_peer(world: &mut World, random: &mut ChaCha8Rng) {
    if world.to_peer.is_empty() {
        return;
    }
    let place = if one_in(random, 4) { place(random, world.to_peer.len()) } else { 0 };
    let segment = world.to_peer[place].clone();
    if !one_in(random, 8) {
        world.to_peer.remove(place);
    }
    world.at_peer(&format!("{segment}"), |peer| peer.segment_arrives(&segment));
}

/// A SEND mostly.
fn call(world: &mut World, random: &mut ChaCha8Rng) {
    if world.model.state() == State::Closing && one_in(random, 8) {
        return world.abort();
    }
    match below(random, 16) {
        0..=4 => {
            let octets = octets(random);
            world.send(text_at(random.next_u32(), octets));
        }
        5..=6 => {
            let limit = choose(random, &[1, 50, 100_000]);
            world.receive(limit);
        }
        7..=9 => world.close(),
        10..=11 => world.give_back(),
        12 if one_in(random, 2) => world.abort(),
        12 | 13 => world.accept(),
        14 if one_in(random, 4) => world.unlisten(),
        14 => world.listen(),
        _ => {
            let octets = octets(random);
            world.open(text_at(random.next_u32(), octets));
        }
    }
}

fn octets(random: &mut ChaCha8Rng) -> usize {
    choose(random, &[1, 10, 30, 100, 1500])
}

fn call_at_peer(world: &mut World, random: &mut ChaCha8Rng) {
    match below(random, 8) {
        0..=3 => {
            let Some(tcb) = &world.peer.tcb else { return };
            let queued: usize = tcb.sends.iter().map(Vec::len).sum();
            let seq = tcb.snd_nxt.wrapping_add(u32::try_from(queued).expect("few octets"));
            let text = text_at(seq, octets(random));
            world.at_peer("SEND", |peer| peer.send(text));
        }
        4..=5 => world.at_peer("CLOSE", crate::model::Model::close),
        6 => {
            let limit = choose(random, &[1, 50, 100_000]);
            world.at_peer("RECEIVE", |peer| peer.receive(limit));
        }
        _ if one_in(random, 4) => world.at_peer("ABORT", crate::model::Model::abort),
        _ => {}
    }
}

/// An end without connection opens one, the host or its peer, or both.
fn open_if_closed(world: &mut World, random: &mut ChaCha8Rng) {
    let closed = [world.model.tcb.is_none(), world.peer.tcb.is_none()];
    let peers_first = !one_in(random, 3);
    if closed[1] && peers_first && one_in(random, 2) {
        // Numbers that go on from those of the last incarnation, or not.
        let iss = &mut world.peer.next_iss;
        *iss = if one_in(random, 4) { random.next_u32() } else { iss.wrapping_add(below(random, 100)) };
        let iss = *iss;
        let text = text_at(iss.wrapping_add(1), if one_in(random, 2) { octets(random) } else { 0 });
        world.at_peer("OPEN active", |peer| peer.open(text));
    } else if closed[0] && !peers_first && one_in(random, 2) {
        let octets = if one_in(random, 2) { octets(random) } else { 0 };
        world.open(text_at(random.next_u32(), octets));
    }
}

/// The retransmission timeout of the peer, or the end of its TIME-WAIT.
fn timeout_at_peer(world: &mut World) {
    let Some(tcb) = &world.peer.tcb else { return };
    if tcb.state == State::TimeWait {
        world.at_peer("time-wait timeout", crate::model::Model::time_wait_timeout);
    } else if tcb.waits_for_window() {
        world.at_peer("window timeout", crate::model::Model::window_timeout);
    } else if !tcb.retransmission_queue.is_empty() {
        world.at_peer("retransmission timeout", crate::model::Model::retransmission_timeout);
    }
}

fn stranger_sends(world: &mut World, random: &mut ChaCha8Rng, stranger: Stranger) {
    let segment = match stranger {
        Stranger::Nobody => return,
        Stranger::Stale | Stranger::Inconsistent if world.past.is_empty() => return,
        Stranger::Stale => world.past[place(random, world.past.len())].clone(),
        Stranger::Inconsistent => {
            // One of the last.
            let back = below(random, 4) as usize;
            let honest = world.past[world.past.len().saturating_sub(1 + back)].clone();
            mutate(honest, random)
        }
        Stranger::Hostile => forge(&world.model, random),
    };
    world.deliver(&segment);
}
