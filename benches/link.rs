//! Deciding a packet's fate.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use net_link::{Acknowledges, Description, Kinds, Link, LinkConfig};
use sim_core::Streams;
use sim_time::{Duration, Instant};

const PACKET: Description = Description {
    kinds: Kinds::SYN,
    acknowledges: Acknowledges::Nothing,
    attempt: 1,
    connection: 0,
    seq: None,
    ack: None,
    retransmission: 0,
    octets: 40,
};

/// Offers a packet every microsecond, each with draws keyed by its number, as a run does.
fn offer(c: &mut Criterion, name: &str, settings: &str) {
    let config: LinkConfig = toml::from_str(settings).expect("the settings are valid");
    let streams = Streams::new(1);
    let keyed = streams.keyed("a-to-b", "fate");
    let mut link = Link::new(&config, "a", streams.sequential("a-to-b", "channel"));
    let mut now = Instant::ZERO;
    let mut number = 0;
    c.bench_function(&format!("offer/{name}"), |b| {
        b.iter(|| {
            now += Duration::from_micros(1);
            number += 1;
            black_box(link.offer(now, &PACKET, &mut keyed.at(&[number, 0, 0])))
        });
    });
}

fn links(c: &mut Criterion) {
    offer(c, "constant", "delay = '50ms'");
    offer(c, "lossy-log-normal", "delay = { log-normal = { median = '50ms', sigma = 0.5 } }\nloss = 0.01");
    offer(c, "bursts", "delay = '50ms'\nloss = { gilbert-elliott = { mean-good = '1s', mean-bad = '10ms' } }");
    offer(c, "bottleneck", "delay = '50ms'\nrate = '1 Gbit/s'\norder = 'fifo'");
    let fault = "[[fault]]\non = { flags = 'SYN', nth = 1 }\ndelay = '5s'\n";
    offer(c, "four-faults", &format!("delay = '50ms'\n{}", fault.repeat(4)));
}

criterion_group!(benches, links);
criterion_main!(benches);
