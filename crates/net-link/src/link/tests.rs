//! What a link does with packets, as tables and as laws.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::*;
use crate::{Acknowledges, Kinds};

/// A generator that must not be used.
struct NoDraws;

impl rand_core::TryRng for NoDraws {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        panic!("a link without randomness draws nothing")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        panic!("a link without randomness draws nothing")
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        panic!("a link without randomness draws nothing")
    }
}

const PACKET: Description = Description {
    kinds: Kinds::DATA,
    acknowledges: Acknowledges::Syn,
    attempt: 1,
    connection: 1,
    seq: Some(1),
    ack: Some(1),
    retransmission: 0,
    octets: 1_000,
};

const fn at_ms(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn config(text: &str) -> LinkConfig {
    let config: LinkConfig = toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    assert_eq!(config.check(), Ok(()));
    config
}

/// Fates in the ladder's words: arrivals in milliseconds, or why nothing arrives; `!n` if fault n decided.
fn fates(text: &str, offers_ms: &[u64]) -> Vec<String> {
    let mut link = Link::new(&config(text), "client", NoDraws);
    offers_ms.iter().map(|&now| words(&link.offer(at_ms(now), &PACKET, &mut NoDraws))).collect()
}

fn words(fate: &Fate) -> String {
    assert_eq!(fate.deliveries.is_empty(), fate.lost.is_some());
    let outcome = match fate.lost {
        Some(loss) => format!("{loss:?}"),
        None => {
            let millis = fate.deliveries.iter().map(|at| (at.as_nanos() / 1_000_000).to_string());
            millis.collect::<Vec<_>>().join(" ")
        }
    };
    fate.fault.map_or(outcome.clone(), |place| format!("{outcome} !{place}"))
}

#[test]
fn a_link_without_randomness_decides_as_it_is_told() {
    for (text, offers, expected) in [
        ("", vec![0, 5], vec!["0", "5"]),
        ("delay = '50ms'", vec![0, 5], vec!["50", "55"]),
        ("loss = 1", vec![0], vec!["Chance"]),
        ("delay = '50ms'\nduplicate = 1", vec![0], vec!["50 50"]),
        // 1000 octets take 8 ms.
        ("delay = '50ms'\nrate = '1 Mbit/s'", vec![0, 0, 100], vec!["58", "66", "158"]),
        ("rate = '1 Mbit/s'\nqueue = '1 packet'", vec![0, 0, 0, 8, 8], vec!["8", "16", "QueueFull", "24", "QueueFull"]),
        ("rate = '1 Mbit/s'\nqueue = '1.5 kB'", vec![0, 0, 0], vec!["8", "16", "QueueFull"]),
        // What is lost on the way has used the line all the same.
        ("rate = '1 Mbit/s'\nfault = [{ on = { nth = 1 }, drop = true }]", vec![0, 0], vec!["Fault !0", "16"]),
        ("delay = '50ms'\nlifetime = '50ms'", vec![0], vec!["50"]),
        ("delay = '50ms'\nlifetime = '49ms'", vec![0], vec!["Lifetime"]),
        // Waiting for the line counts.
        ("delay = '50ms'\nrate = '1 Mbit/s'\nlifetime = '60ms'", vec![0, 0], vec!["58", "Lifetime"]),
    ] {
        assert_eq!(fates(text, &offers), expected, "{text}");
    }
}

#[test]
fn each_scripted_fate_does_what_it_says() {
    for (fate, expected) in [
        ("drop = true", "Fault !0"),
        ("delay = '5s'", "5000 !0"),
        ("delay = '0s'", "0 !0"),
        ("extra-delay = '1s'", "1050 !0"),
        ("copies = ['5s', '10ms', '1s']", "10 1000 5000 !0"),
        ("copies = ['0s']", "0 !0"),
        ("duplicate-after = '5s'", "50 5050 !0"),
        ("deliver-at = '5s'", "5000 !0"),
    ] {
        let text = format!("delay = '50ms'\nfault = [{{ {fate} }}]");
        assert_eq!(fates(&text, &[0]), [expected], "{fate}");
    }
}

#[test]
fn a_script_takes_the_place_of_chance_and_is_exempt_from_order_and_lifetime() {
    let common = "delay = '50ms'\nloss = 1\nduplicate = 1\nlifetime = '1s'\norder = 'fifo'";
    for (fate, expected) in [
        ("delay = '5s'", ["5000 !0", "5001 !0", "Chance"]),
        ("extra-delay = '5s'", ["5050 !0", "5051 !0", "Chance"]),
        ("copies = ['5s', '1ms']", ["1 5000 !0", "2 5001 !0", "Chance"]),
        ("duplicate-after = '5s'", ["50 5050 !0", "51 5051 !0", "Chance"]),
        ("deliver-at = '5s'", ["5000 !0", "5000 !0", "Chance"]),
    ] {
        let text = format!("{common}\nfault = [{{ on = {{ nth = [1, 2] }}, {fate} }}]");
        assert_eq!(fates(&text, &[0, 1, 2]), expected, "{fate}");
    }
    // A packet that is put off does not hold back those behind it.
    let text = "delay = '50ms'\norder = 'fifo'\nfault = [{ on = { nth = 1 }, delay = '5s' }]";
    assert_eq!(fates(text, &[0, 1]), ["5000 !0", "51"]);
    // The first of a duplicated packet lives as long as any other, the copy as long as the script says.
    let text = "delay = '50ms'\nlifetime = '10ms'\nfault = [{ duplicate-after = '1s' }]";
    assert_eq!(fates(text, &[0]), ["1050 !0"]);
}

#[test]
fn nothing_is_delivered_before_it_leaves_the_line() {
    let text = "delay = '50ms'\nrate = '1 Mbit/s'\nfault = [{ deliver-at = '10ms' }]";
    assert_eq!(fates(text, &[0, 0, 100]), ["10 !0", "16 !0", "108 !0"]);
}

#[test]
fn a_full_queue_loses_what_a_fault_would_have_spared() {
    let text = "rate = '1 Mbit/s'\nqueue = '0 packets'\nfault = [{ on = { nth = [2, 3] }, delay = '5s' }]";
    assert_eq!(fates(text, &[0, 1, 8, 16]), ["8", "QueueFull", "5016 !0", "24"], "the second counts though it is lost");
}

#[test]
fn faults_of_the_other_direction_are_not_met() {
    let text =
        "fault = [{ on = { from = 'server' }, drop = true }, { on = { from = 'client', nth = 2 }, drop = true }]";
    assert_eq!(fates(text, &[0, 1]), ["0", "Fault !1"]);
}

fn draws(position: u64) -> ChaCha8Rng {
    let mut draws = ChaCha8Rng::seed_from_u64(7);
    draws.set_stream(position);
    draws
}

fn random_link(text: &str) -> Link<ChaCha8Rng> {
    Link::new(&config(text), "client", ChaCha8Rng::seed_from_u64(3))
}

#[test]
fn a_packet_takes_the_same_draws_whatever_is_switched_on() {
    for text in ["loss = 0.5", "duplicate = 0.5", "delay = { uniform = { min = '1ms', max = '2ms' } }"] {
        let mut generator = draws(0);
        let _ = random_link(text).offer(Instant::ZERO, &PACKET, &mut generator);
        let mut four = draws(0);
        (0..4).for_each(|_| _ = four.next_u64());
        assert_eq!(generator.next_u64(), four.next_u64(), "{text}");
    }
}

#[test]
fn switching_one_thing_on_does_not_shift_another() {
    let delay = "delay = { log-normal = { median = '50ms', sigma = 0.5 } }";
    let fates_of = |more: &str| -> Vec<Fate> {
        let mut link = random_link(&format!("{delay}\n{more}"));
        (0..500).map(|packet| link.offer(at_ms(packet), &PACKET, &mut draws(packet))).collect()
    };
    let (plain, lossy, lossier, duplicating) =
        (fates_of(""), fates_of("loss = 0.1"), fates_of("loss = 0.2"), fates_of("duplicate = 0.3"));
    let lost = |fates: &[Fate]| fates.iter().filter(|fate| fate.lost.is_some()).count();
    assert!((30..80).contains(&lost(&lossy)) && (70..130).contains(&lost(&lossier)));
    for packet in 0..500 {
        let arrival = plain[packet].deliveries[0];
        assert!(lossy[packet].lost.is_some() || lossy[packet] == plain[packet]);
        assert!(lossy[packet].lost.is_none() || lossier[packet].lost.is_some(), "more loss takes more");
        assert!(duplicating[packet].deliveries.contains(&arrival));
    }
    let twice = duplicating.iter().filter(|fate| fate.deliveries.len() == 2).count();
    assert!((120..180).contains(&twice), "{twice} of 500");
    assert!(duplicating.iter().any(|fate| fate.deliveries.len() == 2 && fate.deliveries[0] != fate.deliveries[1]));
}

#[test]
fn the_weather_that_counts_is_that_when_a_packet_leaves_the_line() {
    let bursts = "loss = { gilbert-elliott = { mean-good = '30ms', mean-bad = '30ms' } }";
    let (mut plain, mut slow) = (random_link(bursts), random_link(&format!("{bursts}\nrate = '1 Mbit/s'")));
    for packet in 0..200 {
        let sent = packet * 20;
        let fate = slow.offer(at_ms(sent), &PACKET, &mut NoDraws);
        assert_eq!(fate, plain.offer(at_ms(sent + 8), &PACKET, &mut NoDraws), "sent at {sent} ms, 8 ms on the line");
    }
}

fn delay() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "delay = '20ms'",
        "delay = { uniform = { min = '0s', max = '40ms' } }",
        "delay = { normal = { mean = '10ms', std-dev = '10ms' } }",
        "delay = { exponential = { mean = '20ms' } }",
        "delay = { log-normal = { median = '20ms', sigma = 1 } }",
        "delay = { pareto = { min = '1ms', shape = 0.7 } }",
        "delay = { empirical = { values = ['1ms', '1s'] } }",
    ])
}

fn chance() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "loss = 0.3",
        "loss = { gilbert-elliott = { mean-good = '50ms', mean-bad = '20ms', loss-good = 0.1 } }",
        "duplicate = 0.3",
        "loss = 0.2\nduplicate = 0.5",
    ])
}

/// Times in milliseconds, none before the one in front of it.
fn times() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(0_u64..20, 1..80).prop_map(|gaps| {
        let running_sum = |now: &mut u64, gap: u64| {
            *now += gap;
            Some(*now)
        };
        gaps.into_iter().scan(0, running_sum).collect()
    })
}

proptest! {
    #[test]
    fn nothing_arrives_before_it_is_sent_or_after_its_lifetime(
        delay in delay(), chance in chance(), fifo: bool, times in times(),
    ) {
        let order = if fifo { "order = 'fifo'" } else { "" };
        let mut link =
            random_link(&format!("{delay}\n{chance}\n{order}\nrate = '1 Mbit/s'\nqueue = '3 packets'\nlifetime = '60ms'"));
        for (packet, now) in times.into_iter().enumerate() {
            let now = at_ms(now);
            let fate = link.offer(now, &PACKET, &mut draws(packet as u64));
            prop_assert!(fate.deliveries.is_sorted());
            prop_assert_eq!(fate.deliveries.is_empty(), fate.lost.is_some());
            for &arrival in &fate.deliveries {
                prop_assert!(arrival >= now + Duration::from_millis(8), "the line takes 8 ms");
                prop_assert!(arrival <= now + Duration::from_millis(60));
            }
        }
    }

    #[test]
    fn in_order_means_no_packet_arrives_before_one_sent_earlier(delay in delay(), chance in chance(), times in times()) {
        let mut link = random_link(&format!("{delay}\n{chance}\norder = 'fifo'"));
        let mut latest = Instant::ZERO;
        for (packet, now) in times.into_iter().enumerate() {
            let fate = link.offer(at_ms(now), &PACKET, &mut draws(packet as u64));
            if let (Some(&first), Some(&last)) = (fate.deliveries.first(), fate.deliveries.last()) {
                prop_assert!(first >= latest);
                latest = last;
            }
        }
    }

    /// Common random numbers: a packet's fate is its own, however many others are sent.
    #[test]
    fn a_fate_does_not_depend_on_other_packets(
        delay in delay(), chance in chance(), times in times(), left_out: [bool; 80],
    ) {
        let mut all = random_link(&format!("{delay}\n{chance}"));
        let mut some = all.clone();
        for (packet, now) in times.into_iter().enumerate() {
            let fate = all.offer(at_ms(now), &PACKET, &mut draws(packet as u64));
            if !left_out[packet] {
                prop_assert_eq!(some.offer(at_ms(now), &PACKET, &mut draws(packet as u64)), fate);
            }
        }
    }
}
