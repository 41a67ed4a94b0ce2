//! Two hosts between which connections come and go at a steady pace ask for no memory once they have what that takes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::{Duration, Instant};

use crate::testing::{freebsd, limits, linux, settings};
use crate::{Effect, Effects, Handle, Host, Limits, Notice, Payload, Segment, Settings};

const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
const DELAY: Duration = Duration::from_millis(10);
const BETWEEN_OPENS: Duration = Duration::from_millis(5);
/// The n-th connection loses its n-th segment, if it has so many: counted up to here, and then from one again.
const LOSSES: u32 = 20;

/// Octets without content, which need no memory of their own.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
struct Octets(u32);

impl Payload for Octets {
    fn len(&self) -> u32 {
        self.0
    }

    fn split_to(&mut self, at: u32) -> Self {
        self.0 -= at;
        Self(at)
    }

    fn append(&mut self, next: Self) -> Result<(), Self> {
        self.0 += next.0;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Client,
    Server,
}

/// A segment on its way, and where to.
type Packet = (End, Segment<Octets>);

/// A client and a server, each of whose calls is watched.
struct Pair {
    now: Instant,
    hosts: [Host<Octets, u32>; 2],
    effects: Effects<Octets, u32>,
    /// What is on its way, by its arrival, its connection and its number there.
    wire: BTreeMap<(Instant, u32, u32), Packet>,
    deadlines: BTreeMap<(Instant, Handle, usize), End>,
    armed: BTreeMap<(usize, Handle), Instant>,
    received: Vec<Octets>,
    /// By connection, of which the tag is the number.
    sent: BTreeMap<u32, u32>,
    opened: u32,
    /// The connection whose segment came last: what is sent outside any connection answers that.
    arriving: u32,
    ended: usize,
    /// How often the hosts asked for memory.
    allocations: u64,
}

impl Pair {
    fn new(settings: &Settings) -> Self {
        let host = |address, secret| Host::new(address, settings.clone(), [secret; 16]);
        let mut server = host(*SERVER.ip(), 2);
        server.listen(SERVER.port()).expect("the port is free");
        Self {
            now: Instant::ZERO,
            hosts: [host(Ipv4Addr::new(10, 0, 0, 1), 1), server],
            effects: Vec::new(),
            wire: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            armed: BTreeMap::new(),
            received: Vec::new(),
            sent: BTreeMap::new(),
            opened: 0,
            arriving: 0,
            ended: 0,
            allocations: 0,
        }
    }

    /// Clients come for a time.
    fn play(&mut self, time: Duration) {
        let (mut next_open, end) = (self.now, self.now + time);
        while self.now < end {
            let arrival = self.wire.first_key_value().map(|(&(at, ..), _)| at);
            let deadline = self.deadlines.first_key_value().map(|(&(at, ..), _)| at);
            self.now =
                [Some(next_open), arrival, deadline].into_iter().flatten().min().expect("an open is always next");
            if arrival == Some(self.now) {
                let ((_, number, _), (to, segment)) = self.wire.pop_first().expect("it was there");
                self.arriving = number;
                self.call(to, |host, now, effects, _| host.on_segment(now, &segment, number, effects));
            } else if deadline == Some(self.now) {
                let ((at, entry, _), of) = self.deadlines.pop_first().expect("it was there");
                self.armed.remove(&(of as usize, entry));
                self.call(of, |host, _, effects, _| host.on_deadline(at, entry, effects));
            } else {
                next_open += BETWEEN_OPENS;
                self.opened += 1;
                let number = self.opened;
                self.call(End::Client, |host, now, effects, _| {
                    let _ = host.open_ephemeral(now, SERVER, number, effects).expect("there are ports enough");
                });
            }
        }
    }

    /// One input to a host, what its application does about it, and what then leaves.
    fn call(
        &mut self,
        to: End,
        input: impl FnOnce(&mut Host<Octets, u32>, Instant, &mut Effects<Octets, u32>, &mut Vec<Octets>),
    ) {
        self.watch(to, input);
        let mut notices = self.perform(to);
        while !notices.is_empty() {
            for (entry, notice) in std::mem::take(&mut notices) {
                self.watch(to, |host, now, effects, received| react(to, host, now, entry, notice, effects, received));
            }
            self.watch(to, |host, now, effects, _| host.flush(now, effects));
            notices = self.perform(to);
        }
        self.watch(to, |host, now, effects, _| host.flush(now, effects));
        assert!(self.perform(to).is_empty());
    }

    fn watch(
        &mut self,
        to: End,
        call: impl FnOnce(&mut Host<Octets, u32>, Instant, &mut Effects<Octets, u32>, &mut Vec<Octets>),
    ) {
        let Self { now, hosts, effects, received, .. } = self;
        let info = allocation_counter::measure(|| call(&mut hosts[to as usize], *now, effects, received));
        self.allocations += info.count_total;
    }

    fn perform(&mut self, of: End) -> Vec<(Handle, Notice)> {
        let mut notices = Vec::new();
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Transmit(transmission) => {
                    let number = transmission.sender.map_or(self.arriving, |(_, tag)| tag);
                    let segment = transmission.segment;
                    let sent = self.sent.entry(number).or_default();
                    *sent += 1;
                    if *sent != number % LOSSES + 1 {
                        let to = if of == End::Client { End::Server } else { End::Client };
                        self.wire.insert((self.now + DELAY, number, *sent), (to, segment));
                    }
                }
                Effect::Arm { entry, at, .. } => self.arm(of, entry, Some(at)),
                Effect::Disarm { entry, .. } => self.arm(of, entry, None),
                Effect::Release { entry, .. } => {
                    self.arm(of, entry, None);
                    self.ended += 1;
                }
                Effect::Notify { entry, notice, .. } => notices.push((entry, notice)),
                _ => {}
            }
        }
        self.effects = effects;
        notices
    }

    fn arm(&mut self, of: End, entry: Handle, at: Option<Instant>) {
        let key = (of as usize, entry);
        if let Some(earlier) = self.armed.remove(&key) {
            self.deadlines.remove(&(earlier, entry, of as usize));
        }
        if let Some(at) = at {
            self.armed.insert(key, at);
            self.deadlines.insert((at, entry, of as usize), of);
        }
    }
}

/// The client sends a request, takes the answer and closes; the server answers and closes after it.
fn react(
    at: End,
    host: &mut Host<Octets, u32>,
    now: Instant,
    entry: Handle,
    notice: Notice,
    effects: &mut Effects<Octets, u32>,
    received: &mut Vec<Octets>,
) {
    let entry = match notice {
        Notice::Connected => return host.send(entry, Octets(100)).expect("it is open"),
        Notice::Acceptable { port } => host.accept(port).expect("one waits"),
        Notice::Readable => entry,
        other => panic!("{other:?}"),
    };
    received.clear();
    let Ok(found) = host.receive(entry, u32::MAX, received) else { return };
    match at {
        End::Client if found.octets > 0 => host.shutdown(now, entry, effects).expect("it is open"),
        End::Server if found.octets > 0 => host.send(entry, Octets(100)).expect("it is open"),
        _ => {}
    }
    if found.end_of_data {
        host.close(now, entry, effects).expect("it is held");
    }
}

#[test]
fn a_steady_state_asks_for_no_memory() {
    let stamped = |limits: Limits| limits.with(|it| it.timers.timestamps = true);
    for limits in [limits(), stamped(linux()), stamped(freebsd())] {
        let mut settings = Settings { limits, ..settings("three-way") };
        settings.teardown.time_wait = Duration::from_secs(2);
        let mut pair = Pair::new(&settings);
        pair.play(Duration::from_secs(20));
        assert!(pair.allocations > 0, "it is counted");
        (pair.allocations, pair.ended) = (0, 0);
        pair.play(Duration::from_secs(20));
        assert!(pair.ended > 10_000, "connections come and go: {}", pair.ended);
        assert_eq!(pair.allocations, 0);
    }
}
