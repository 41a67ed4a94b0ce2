//! The two hosts, what is on its way between them, and what they are held to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::{Duration, Instant};
use tcp_endpoint::{Commit, Effect, Handle, Host, Patience, Segment, Settings, State, Status};

use super::books::{Books, Entry, Incarnation, is_memory};

/// A segment on its way.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) segment: Segment<Vec<u8>>,
    /// The connection that sent it, if one did.
    pub(super) origin: Option<Incarnation>,
    /// The host it goes to.
    pub(super) to: usize,
}

/// What an application was given of its peer's data.
#[derive(Clone, Copy, Default)]
struct Reading {
    /// The other end.
    peer: Option<Incarnation>,
    /// Octets so far.
    octets: usize,
    /// Whether a segment came that the other end has not sent: what is read then may be anything.
    tainted: bool,
}

/// Two hosts and the network between them.
pub(super) struct World {
    now: Instant,
    hosts: [Host<Vec<u8>, Incarnation>; 2],
    books: [Books; 2],
    pub(super) in_flight: Vec<Packet>,
    /// Whether the schedule may forge segments.
    pub(super) forging: bool,
    /// Whether it has.
    pub(super) forged: bool,
    /// The number of the next incarnation.
    next: Incarnation,
    /// How many octets each incarnation's application has sent.
    sent: BTreeMap<Incarnation, usize>,
    readings: BTreeMap<Incarnation, Reading>,
    /// How many deadlines in turn have come at this instant.
    deadlines_at_once: usize,
}

/// Host 0 is 10.0.0.1, host 1 is 10.0.0.2.
pub(super) const fn socket(host: usize, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(if host == 0 { Ipv4Addr::new(10, 0, 0, 1) } else { Ipv4Addr::new(10, 0, 0, 2) }, port)
}

/// What the application of an incarnation sends at an offset: another octet for each, and for each incarnation.
fn octet(incarnation: Incarnation, offset: usize) -> u8 {
    ((incarnation + 1) * 101 + offset * 7 + offset / 256).to_le_bytes()[0]
}

/// Deadlines that may come at one instant without anything else: each entry has four, and each may set another.
const MOST_AT_ONCE: usize = 100;

/// Steps in which two hosts left alone come to rest, unless they answer each other for ever.
const MOST_STEPS: usize = 10_000;

/// How long a packet takes once the network is reliable.
const DELAY: Duration = Duration::from_millis(10);

impl World {
    pub(super) fn new(settings: [Settings; 2], forging: bool) -> Self {
        let host = |index: usize| {
            let secret = [u8::try_from(index).expect("two hosts"); 16];
            let mut host = Host::new(*socket(index, 0).ip(), settings[index].clone(), secret);
            host.listen(80).expect("the port is free");
            host
        };
        Self {
            now: Instant::ZERO,
            hosts: [host(0), host(1)],
            books: settings.clone().map(Books::new),
            in_flight: Vec::new(),
            forging,
            forged: false,
            next: 0,
            sent: BTreeMap::new(),
            readings: BTreeMap::new(),
            deadlines_at_once: 0,
        }
    }

    pub(super) fn handles(&self, host: usize) -> Vec<Handle> {
        self.books[host].applications.iter().copied().collect()
    }

    /// What each connection of a host says of itself.
    pub(super) fn statuses(&self, host: usize) -> Vec<Status> {
        self.hosts[host].held().into_iter().filter_map(|handle| self.hosts[host].status(handle)).collect()
    }

    /// Opens with some octets to send, which may be all.
    pub(super) fn open(&mut self, host: usize, (local, remote): (Option<u16>, u16), (octets, all): (usize, bool)) {
        let (incarnation, mut effects) = (self.next, Vec::new());
        let data = (0..octets).map(|offset| octet(incarnation, offset)).collect();
        let ends = (local, socket(1 - host, remote));
        if let Ok(handle) = self.hosts[host].open_with(self.now, ends, (data, all), incarnation, &mut effects) {
            self.sent.insert(incarnation, octets);
            self.books[host].applications.insert(handle);
        }
        self.settle(host, effects, None);
    }

    pub(super) fn listen(&mut self, host: usize, port: u16) {
        let _ = self.hosts[host].listen(port);
    }

    /// Whether a connection has waited.
    pub(super) fn accept(&mut self, host: usize, port: u16) -> bool {
        let accepted = self.hosts[host].accept(port);
        if let Some(handle) = accepted {
            self.books[host].accept(handle);
        }
        accepted.is_some()
    }

    pub(super) fn send(&mut self, host: usize, handle: Handle, octets: usize) {
        let incarnation = self.incarnation(host, handle);
        let sent = self.sent.entry(incarnation).or_default();
        let data = (*sent..*sent + octets).map(|offset| octet(incarnation, offset)).collect();
        if self.hosts[host].send(handle, data).is_ok() {
            *sent += octets;
        }
        self.settle(host, Vec::new(), None);
    }

    /// Reads, and holds what was read against what the other end has sent.
    pub(super) fn receive(&mut self, host: usize, handle: Handle, limit: u32) {
        let incarnation = self.incarnation(host, handle);
        let mut pieces = Vec::new();
        let received = match self.hosts[host].receive(handle, limit, &mut pieces) {
            Ok(received) => received,
            Err(error) => {
                let over = !self.books[host].entry(handle).is_some_and(Entry::is_live);
                assert!(over, "a connection that is there has nothing to receive: {error}");
                return;
            }
        };
        let data = pieces.concat();
        assert_eq!(data.len(), received.octets as usize);
        let reading = self.readings.entry(incarnation).or_default();
        let (start, end) = (reading.octets, reading.octets + data.len());
        reading.octets = end;
        let Reading { peer, tainted, .. } = *reading;
        if tainted {
            return;
        }
        let sent = peer.and_then(|peer| self.sent.get(&peer)).copied().unwrap_or(0);
        assert!(end <= sent, "{end} octets came of {sent} that were sent");
        let expected = peer.map(|peer| (start..end).map(|offset| octet(peer, offset)).collect::<Vec<_>>());
        assert!(expected.unwrap_or_default() == data, "octets {start} to {end} are not those that were sent");
        // An end that may not send once its peer has closed loses what it has not sent by then.
        let whole = end == sent || !self.books[1 - host].settings.teardown.half_close;
        assert!(!received.end_of_data || whole, "the data ends at {end}, {sent} octets were sent");
    }

    pub(super) fn shutdown(&mut self, host: usize, handle: Handle) {
        let mut effects = Vec::new();
        let _ = self.hosts[host].shutdown(self.now, handle, &mut effects);
        self.settle(host, effects, None);
    }

    pub(super) fn close(&mut self, host: usize, handle: Handle) {
        let mut effects = Vec::new();
        self.hosts[host].close(self.now, handle, &mut effects).expect("the application holds it");
        self.books[host].applications.remove(&handle);
        self.settle(host, effects, None);
    }

    pub(super) fn abort(&mut self, host: usize, handle: Handle) {
        let mut effects = Vec::new();
        self.hosts[host].abort(self.now, handle, &mut effects).expect("the application holds it");
        self.books[host].applications.remove(&handle);
        self.settle(host, effects, None);
    }

    /// A crash, and a reboot at once. Whether the host listens again is another move.
    pub(super) fn crash(&mut self, host: usize) {
        let mut effects = Vec::new();
        self.hosts[host].crash(&mut effects);
        self.hosts[host].reboot(self.now);
        self.settle(host, effects, None);
        assert!(self.books[host].held.is_empty(), "a crash leaves nothing");
    }

    pub(super) fn deliver(&mut self, packet: Packet) {
        self.deadlines_at_once = 0;
        let Packet { segment, origin, to } = packet;
        let (tuple, takes_space) = (segment.receiver_tuple(), !segment.is_empty());
        // The segment may end the connection, and an application read on.
        if let Some(entry) = self.books[to].connection(tuple) {
            let reading = self.readings.entry(entry.incarnation).or_default();
            reading.tainted |= takes_space && reading.peer.is_some() && reading.peer != origin;
        }
        let mut effects = Vec::new();
        self.hosts[to].on_segment(self.now, &segment, self.next, &mut effects);
        self.settle(to, effects, origin);
    }

    /// What was sent first arrives.
    pub(super) fn deliver_oldest(&mut self) {
        if !self.in_flight.is_empty() {
            let packet = self.in_flight.remove(0);
            self.deliver(packet);
        }
    }

    /// The earliest deadline comes.
    pub(super) fn let_a_deadline_fire(&mut self) {
        let Some((at, host, handle)) = self.earliest_deadline() else { return };
        self.deadlines_at_once = if at > self.now { 0 } else { self.deadlines_at_once + 1 };
        assert!(self.deadlines_at_once < MOST_AT_ONCE, "{handle:?} asks for ever to be called at {at}");
        self.now = at;
        self.books[host].held.get_mut(&handle).expect("it has a deadline").armed = None;
        let mut effects = Vec::new();
        self.hosts[host].on_deadline(at, handle, &mut effects);
        self.settle(host, effects, None);
    }

    /// Time passes, up to the next deadline.
    pub(super) fn pause(&mut self, pause: Duration) {
        let until = self.now + pause;
        self.now = self.earliest_deadline().map_or(until, |(at, ..)| at.min(until)).max(self.now);
    }

    fn earliest_deadline(&self) -> Option<(Instant, usize, Handle)> {
        let of = |host: usize| {
            let armed = self.books[host].held.iter();
            armed.filter_map(move |(handle, entry)| entry.armed.map(|at| (at, host, *handle)))
        };
        of(0).chain(of(1)).min()
    }

    fn incarnation(&self, host: usize, handle: Handle) -> Incarnation {
        self.books[host].entry(handle).expect("the application holds it").incarnation
    }

    /// The end of a step: the host emits what is ready, and its books must balance. `origin` is the sender of the
    /// segment that the step is about.
    fn settle(&mut self, host: usize, mut effects: Vec<Effect<Vec<u8>, Incarnation>>, origin: Option<Incarnation>) {
        self.hosts[host].flush(self.now, &mut effects);
        for effect in effects {
            self.books[host].enter(self.now, &effect, &mut self.next);
            match effect {
                Effect::Transmit(transmission) => {
                    let sender = transmission.sender.and_then(|(handle, _)| self.books[host].entry(handle));
                    let origin = sender.map(|entry| entry.incarnation);
                    self.in_flight.push(Packet { segment: transmission.segment, origin, to: 1 - host });
                }
                Effect::State(transition) => {
                    let entry = self.books[host].entry(transition.entry).expect("it was entered");
                    let reading = self.readings.entry(entry.incarnation).or_default();
                    if matches!(transition.from, State::Listen | State::SynSent) && transition.to != State::Closed {
                        // A cookie is good in the middle of a connection, too, if little was sent before.
                        let mut others = self.books[1 - host].held.values();
                        let from_the_start =
                            others.any(|other| Some(other.incarnation) == origin && Some(other.iss) == transition.irs);
                        reading.peer = origin;
                        reading.tainted |= !from_the_start;
                    }
                }
                _ => {}
            }
        }
        self.books[host].balance(&self.hosts[host], self.forged);
    }

    /// Every application accepts, reads and closes, every packet arrives, every deadline comes, until nothing is left to
    /// happen.
    pub(super) fn wind_down(&mut self) {
        let mut arrivals: Vec<Instant> = Vec::new();
        for _ in 0..MOST_STEPS {
            for host in 0..2 {
                self.finish_applications(host);
            }
            arrivals.resize(self.in_flight.len(), self.now + DELAY);
            match (arrivals.first().copied(), self.earliest_deadline()) {
                (None, None) => return self.check_what_is_left(),
                (Some(arrival), deadline) if deadline.is_none_or(|(at, ..)| arrival < at) => {
                    self.now = arrival.max(self.now);
                    arrivals.remove(0);
                    self.deliver_oldest();
                }
                _ => self.let_a_deadline_fire(),
            }
        }
        // Two ends that disagree about their numbers may answer each other for ever (RFC 5961 limits how often).
        let excused = self.forged || self.ends_disagree() || self.opens_old_names();
        assert!(excused, "no rest after {MOST_STEPS} steps: {:?}", self.in_flight);
    }

    fn finish_applications(&mut self, host: usize) {
        // All that wait: some may be over, and nothing would follow their being accepted.
        while self.accept(host, 80) {}
        for handle in self.handles(host) {
            self.receive(host, handle, u32::MAX);
            self.close(host, handle);
        }
    }

    /// Whether what a TIME-WAIT acknowledges may open a connection at the other end, whose FIN it acknowledges: a SYN
    /// cookie is good with any two numbers of the right difference until it has aged.
    fn opens_old_names(&self) -> bool {
        [0, 1].into_iter().any(|host| {
            let Settings { handshake, limits, .. } = &self.books[host].settings;
            let gives_cookies = handshake.commit == Commit::Nothing || limits.backlog.cookies_on_overflow;
            gives_cookies && self.books[1 - host].held.values().any(|entry| entry.state == State::TimeWait)
        })
    }

    /// Whether two ends disagree about where they began, or about what was sent since: one may have it from an earlier
    /// incarnation that began with the same number.
    fn ends_disagree(&self) -> bool {
        let [ours, theirs] = [0, 1].map(|host| self.statuses(host));
        let live = |status: &&Status| status.state != State::Closed;
        let knows_more = |one: &Status, other: &Status| {
            one.irs != Some(other.iss) || one.receive_next.is_none_or(|next| next.after(other.send_next))
        };
        ours.iter().filter(live).any(|one| {
            let mut others = theirs.iter().filter(live).filter(|other| other.tuple == one.tuple.flipped());
            others.any(|other| knows_more(one, other) || knows_more(other, one))
        })
    }

    /// What may stay for ever, if the other end is gone or stays, too: FIN-WAIT-2 where it has no end, and SYN-RECEIVED
    /// without a timer.
    fn check_what_is_left(&self) {
        let endless = |entry: &Entry, settings: &Settings| match entry.state {
            State::FinWait2 => settings.teardown.fin_wait_2_timeout == Patience::Forever,
            State::SynReceived => !settings.handshake.syn_ack_timer,
            _ => self.forged,
        };
        for (host, books) in self.books.iter().enumerate() {
            for (_, entry) in books.held.iter().filter(|(handle, _)| !is_memory(**handle)) {
                let others = &self.books[1 - host];
                let other = others.connection(entry.tuple.flipped()).filter(|other| other.is_other_end_of(entry));
                let with_its_peer = self.forged || other.is_none_or(|other| endless(other, &others.settings));
                assert!(endless(entry, &books.settings) && with_its_peer, "{} is left for ever", entry.state);
            }
        }
    }
}
