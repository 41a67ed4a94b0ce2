//! OPEN without a local port among very many connections to one peer: no search is misled by what others have learned.

use std::net::{Ipv4Addr, SocketAddrV4};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sim_time::{Duration, Instant};

use crate::testing::{limits, settings};
use crate::{Effect, Effects, Handle, Host, Patience, PortRange, PortSelection, Segment, Settings, Teardown};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
const PORTS: u16 = 150;
const FIRST_PORT: u16 = 50_000;

#[derive(Clone, Debug)]
enum Move {
    /// The client opens so many connections.
    Open(u8),
    /// A segment is lost.
    Lose(Index),
    /// All segments under way arrive, and those that they bring about.
    Settle,
    /// The client closes so many of its connections, or aborts them.
    Close(Index, u8, bool),
    /// The server accepts so many connections, and closes them.
    Serve(u8),
    /// The client listens at a port of the range, or no more, and the server opens a connection to it.
    Listen(u16),
    Unlisten(u16),
    /// Deadlines are served when milliseconds have passed.
    Wait(u32),
    Crash,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let port = || FIRST_PORT..FIRST_PORT + PORTS;
    let one = prop_oneof![
        20 => (1_u8..40).prop_map(Move::Open),
        4 => any::<Index>().prop_map(Move::Lose),
        8 => Just(Move::Settle),
        8 => (any::<Index>(), 1_u8..30, any::<bool>()).prop_map(|(first, count, abort)| Move::Close(first, count, abort)),
        8 => (1_u8..30).prop_map(Move::Serve),
        2 => port().prop_map(Move::Listen),
        2 => port().prop_map(Move::Unlisten),
        8 => (1_u32..1500).prop_map(Move::Wait),
        1 => (10_000_u32..200_000).prop_map(Move::Wait),
        1 => Just(Move::Crash),
    ];
    prop::collection::vec(one, 1..100)
}

fn clients() -> impl Strategy<Value = Settings> {
    let selection = select(vec![
        PortSelection::Sequential,
        PortSelection::Random,
        PortSelection::DoubleHash,
        PortSelection::DoubleHashByParity,
    ]);
    let reuse = select(vec![Patience::Forever, Patience::For(Duration::from_secs(1)), Patience::For(Duration::ZERO)]);
    let handshake = select(vec!["three-way", "two-way", "two-way-hold-down"]);
    (handshake, selection, reuse, any::<bool>()).prop_map(|(handshake, selection, reuse, stamped)| {
        let limits = limits().with(|it| {
            it.timers.timestamps = stamped;
            it.selection.port_selection = selection;
            it.selection.ephemeral_ports = PortRange::new(FIRST_PORT, FIRST_PORT + PORTS - 1).expect("a range");
            it.backlog.accept_backlog = 1000;
            it.backlog.syn_backlog = 1000;
        });
        let base = settings(handshake);
        let teardown = Teardown {
            time_wait_reuse: reuse,
            fin_wait_2_timeout: Patience::For(Duration::from_secs(30)),
            ..base.teardown.clone()
        };
        Settings { limits, teardown, ..base }
    })
}

/// A client and its server, with what is under way between them.
struct Two {
    now: Instant,
    client: Host<Vec<u8>, ()>,
    server: Host<Vec<u8>, ()>,
    wire: Vec<Segment<Vec<u8>>>,
    effects: Effects<Vec<u8>, ()>,
    opened: Vec<Handle>,
}

impl Two {
    fn new(settings: &Settings) -> Self {
        let mut server = Host::new(*SERVER.ip(), settings.clone(), [2; 16]);
        server.listen(SERVER.port()).expect("the port is free");
        let client = Host::new(CLIENT, settings.clone(), [1; 16]);
        Self { now: Instant::ZERO, client, server, wire: Vec::new(), effects: Vec::new(), opened: Vec::new() }
    }

    fn open(&mut self) {
        let walked = self.client.walked_port(self.now, SERVER);
        let opened = self.client.open_ephemeral(self.now, SERVER, (), &mut self.effects);
        let tuple = opened.ok().and_then(|entry| self.client.status(entry)).map(|status| status.tuple);
        assert_eq!(tuple.map(|tuple| tuple.local.port()), walked);
        self.opened.extend(opened);
        self.post();
    }

    /// What both send goes on the wire.
    fn post(&mut self) {
        self.client.flush(self.now, &mut self.effects);
        self.server.flush(self.now, &mut self.effects);
        let sent = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Transmit(transmission) => Some(transmission.segment),
            _ => None,
        });
        self.wire.extend(sent);
    }

    fn settle(&mut self) {
        while !self.wire.is_empty() {
            for segment in std::mem::take(&mut self.wire) {
                let host = if *segment.destination.ip() == CLIENT { &mut self.client } else { &mut self.server };
                host.on_segment(self.now, &segment, (), &mut self.effects);
                self.post();
            }
        }
    }

    fn make(&mut self, step: &Move) {
        match *step {
            Move::Open(count) => (0..count).for_each(|_| self.open()),
            Move::Lose(_) if self.wire.is_empty() => {}
            Move::Lose(which) => drop(self.wire.swap_remove(which.index(self.wire.len()))),
            Move::Settle => self.settle(),
            Move::Close(_, _, _) if self.opened.is_empty() => {}
            Move::Close(first, count, abort) => {
                let first = first.index(self.opened.len());
                let end = self.opened.len().min(first + usize::from(count));
                for entry in self.opened.drain(first..end) {
                    let end = if abort { Host::abort } else { Host::close };
                    let _gone = end(&mut self.client, self.now, entry, &mut self.effects);
                }
            }
            Move::Serve(count) => {
                for entry in (0..count).map_while(|_| self.server.accept(SERVER.port())).collect::<Vec<_>>() {
                    let _gone = self.server.close(self.now, entry, &mut self.effects);
                }
            }
            Move::Listen(port) => {
                let _listens = self.client.listen(port);
                let there = SocketAddrV4::new(CLIENT, port);
                let _in_use = self.server.open(self.now, SERVER.port(), there, (), &mut self.effects);
            }
            Move::Unlisten(port) => {
                let _silent = self.client.unlisten(self.now, port, &mut self.effects);
            }
            Move::Wait(millis) => {
                self.now += Duration::from_millis(u64::from(millis));
                for host in [&mut self.client, &mut self.server] {
                    host.held().into_iter().for_each(|entry| host.on_deadline(self.now, entry, &mut self.effects));
                }
            }
            Move::Crash => {
                self.client.crash(&mut self.effects);
                self.opened.clear();
            }
        }
        self.post();
        self.client.audit_ports(self.now);
    }
}

proptest! {
    #[test]
    fn a_port_is_free_when_it_is(settings in clients(), crowd in 0..=PORTS, moves in moves()) {
        let mut two = Two::new(&settings);
        (0..crowd).for_each(|_| two.open());
        moves.iter().for_each(|step| two.make(step));
    }
}
