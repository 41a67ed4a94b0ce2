//! Transitions of the endpoint, without a world around it.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;
use synlab_benches::{Datagram, Pair};
use tcp_endpoint::{Effects, Flags, Handle, SeqNum};

const FIRST_PORT: u16 = 1_024;
/// Connections for each measurement of those that add up.
const CONNECTIONS: u16 = 1_000;

fn pair(settings: &[&str]) -> Pair {
    Pair::new(settings).expect("the settings are the workload's")
}

/// A whole handshake, and a whole life, of one connection after the other.
fn lives(c: &mut Criterion) {
    let mut group = c.benchmark_group("endpoint");
    group.throughput(Throughput::Elements(u64::from(CONNECTIONS)));
    for handshake in ["three-way", "two-way"] {
        let empty = pair(&[&format!("handshake={handshake:?}")]);
        group.bench_function(format!("open/{handshake}"), |b| {
            b.iter_batched(
                || empty.clone(),
                |mut pair| {
                    for port in FIRST_PORT..FIRST_PORT + CONNECTIONS {
                        black_box(pair.connect(port));
                    }
                    pair
                },
                BatchSize::SmallInput,
            );
        });
    }
    let empty = pair(&[]);
    group.bench_function("life", |b| {
        b.iter_batched(
            || empty.clone(),
            |mut pair| {
                for port in FIRST_PORT..FIRST_PORT + CONNECTIONS {
                    pair.live(port);
                }
                pair
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// An OPEN that leaves the port to a host as Linux has it, while some of its ports are taken towards the one peer. Each
/// open follows the end of another connection, which may be any of them; so the ports that are free lie anywhere.
fn ephemeral_ports(c: &mut Criterion) {
    for (name, taken) in [("0%", 0), ("90%", 25_408), ("99%", 27_949), ("99.9%", 28_203)] {
        let mut crowd = Crowd::new(taken);
        for _ in 0..2 * taken {
            crowd.replace();
        }
        c.bench_function(&format!("endpoint/ephemeral-port/{name}"), |b| b.iter(|| crowd.replace()));
    }
}

/// Connections of one host to one peer, none of which is answered.
struct Crowd {
    pair: Pair,
    connections: Vec<Handle>,
    random: u32,
    effects: Effects<experiment::Span, u64>,
}

impl Crowd {
    fn new(count: usize) -> Self {
        let pair = pair(&["client.profile='linux'"]);
        let mut crowd = Self { pair, connections: Vec::new(), random: 1, effects: Vec::new() };
        crowd.connections = (0..=count).map(|_| crowd.open()).collect();
        crowd
    }

    fn open(&mut self) -> Handle {
        let Pair { client, now, listens_at, .. } = &mut self.pair;
        self.effects.clear();
        client.open_ephemeral(*now, *listens_at, 0, &mut self.effects).expect("a port is free")
    }

    /// Any one ends, another begins.
    fn replace(&mut self) {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let which = self.random as usize % self.connections.len();
        let ended = self.connections[which];
        self.pair.client.abort(self.pair.now, ended, &mut self.effects).expect("it is there");
        self.pair.client.flush(self.pair.now, &mut self.effects);
        self.connections[which] = self.open();
    }
}

/// A hundred octets arrive in ESTABLISHED, are read and acknowledged.
fn data(c: &mut Criterion) {
    let mut pair = pair(&[]);
    let ends = pair.connect(FIRST_PORT);
    let status = pair.client.status(ends.client).expect("it is open");
    let segment = Datagram {
        flags: Flags::ACK.with(Flags::PSH),
        ack: status.receive_next.expect("it is open"),
        payload: experiment::Span { length: 100, ..experiment::Span::default() },
        ..syn(&pair, Ipv4Addr::UNSPECIFIED, 0)
    };
    let source = SocketAddrV4::new(*status.tuple.local.ip(), FIRST_PORT);
    let mut seq = status.send_next;
    let mut next = || {
        let mut segment = Datagram { source, seq, ..segment.clone() };
        segment.payload.offset = u64::from(seq.raw());
        pair.deliver(&segment);
        pair.receive_at_server(ends.server);
        seq += 100;
        pair.wire.drain(..).count()
    };
    assert_eq!([next(), next()], [1, 1], "all data is acknowledged");
    c.bench_function("endpoint/data", |b| b.iter(|| black_box(next())));
}

/// The same SYN comes again and again while the answer is on its way.
fn duplicate_syn(c: &mut Criterion) {
    let mut pair = pair(&[]);
    pair.open(FIRST_PORT);
    let syn = pair.wire.pop_front().expect("a SYN leaves at once");
    pair.deliver(&syn);
    pair.wire.clear();
    let mut again = || {
        pair.deliver(&syn);
        pair.wire.drain(..).count()
    };
    assert_eq!([again(), again()], [1, 1], "it is answered each time");
    c.bench_function("endpoint/duplicate-syn", |b| b.iter(|| black_box(again())));
}

/// The server's FIN comes again and again: TIME-WAIT acknowledges it and begins anew.
fn time_wait(c: &mut Criterion) {
    let mut pair = pair(&[]);
    pair.live(FIRST_PORT);
    let entry = pair.client.held()[0];
    let status = pair.client.status(entry).expect("it is in TIME-WAIT");
    let fin = Datagram {
        source: status.tuple.remote,
        destination: status.tuple.local,
        seq: status.receive_next.expect("it was open") + u32::MAX,
        ack: status.send_next,
        flags: Flags::ACK.with(Flags::FIN),
        ..syn(&pair, Ipv4Addr::UNSPECIFIED, 0)
    };
    let mut again = || {
        pair.deliver(&fin);
        pair.wire.drain(..).count()
    };
    assert_eq!([again(), again()], [1, 1], "it is answered each time");
    c.bench_function("endpoint/time-wait", |b| b.iter(|| black_box(again())));
}

/// SYNs of which no two have the same source.
fn flood(c: &mut Criterion) {
    for (name, settings, answers) in [
        ("backlog-full", &["server.syn-backlog=128"][..], 0),
        ("cookies", &["handshake='syn-cookies'"], 1),
        ("cache-full", &["handshake='syn-cache'", "server.cache-entries=128"], 1),
    ] {
        let mut pair = pair(settings);
        let mut number = 0;
        let mut next = |pair: &mut Pair| {
            number += 1;
            let syn = syn(pair, Ipv4Addr::from_bits(0x0A40_0000 | number >> 16 & 0x3F_FFFF), number as u16);
            pair.deliver(&syn);
            pair.wire.drain(..).count()
        };
        for _ in 0..128 {
            next(&mut pair);
        }
        assert_eq!(next(&mut pair), answers, "{name}");
        c.bench_function(&format!("endpoint/flood/{name}"), |b| b.iter(|| black_box(next(&mut pair))));
    }
}

fn syn(pair: &Pair, from: Ipv4Addr, port: u16) -> Datagram {
    Datagram {
        source: SocketAddrV4::new(from, port),
        destination: pair.listens_at,
        seq: SeqNum::new(u32::from(port)),
        ack: SeqNum::default(),
        flags: Flags::SYN,
        window: 65_535,
        options: tcp_endpoint::Options::default(),
        payload: experiment::Span::default(),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = lives, ephemeral_ports, data, duplicate_syn, time_wait, flood
}
criterion_main!(benches);
