//! The same file, seed and variant give the same records: run after run, in any thread, in any build.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use expect_test::expect;
use experiment::record::{Event, Record, Sent};
use experiment::{Queue, Scenario, cases, simulate, simulate_with};
use sim_time::Duration;
use synlab_tests::{parse, scenario};

/// Every built-in case under each of its variants, with a name for messages.
fn all_cases() -> Vec<(String, Scenario)> {
    let mut scenarios = Vec::new();
    for case in cases() {
        let experiment = parse(&case.path, case.text);
        for variant in experiment.variants() {
            scenarios.push((format!("{} {}", case.name, variant.label()), scenario(&experiment, &variant)));
        }
    }
    scenarios
}

/// Twenty connections, one after the other, over a link that loses, delays, reorders and duplicates.
const RANDOM: &str = r#"
    seed = 42
    horizon = "1 h"
    handshake = ["two-way", "three-way"]

    [link]
    delay = { log-normal = { median = "50ms", sigma = 0.5 } }
    loss = 0.1
    duplicate = 0.05

    [client]
    script = ["connect", "send 5 kB", "receive 5 kB", "close", "repeat 20 times"]

    [server]
    script = ["accept", "receive 5 kB", "send 5 kB", "close on EOF"]
"#;

/// [`RANDOM`] under each of its variants.
fn random() -> Vec<(String, Scenario)> {
    let experiment = parse("random.toml", RANDOM);
    let name = |variant: &experiment::Variant| format!("random {}", variant.label());
    experiment.variants().iter().map(|variant| (name(variant), scenario(&experiment, variant))).collect()
}

fn records(scenario: &Scenario) -> Vec<Record> {
    let mut records = Vec::new();
    simulate(scenario, &mut records).expect("time moves on");
    records
}

fn digest(scenario: &Scenario) -> u128 {
    simulate(scenario, &mut ()).expect("time moves on").digest.0
}

/// Fails at the first record that differs.
fn check_same(name: &str, first: &[Record], second: &[Record]) {
    let differs = first.iter().zip(second).position(|(one, other)| one != other);
    if let Some(place) = differs {
        panic!("{name}: record {place} differs\n  {:?}\n  {:?}", first[place], second[place]);
    }
    assert_eq!(first.len(), second.len(), "{name}: one run goes on after the other's last record");
}

#[test]
fn ten_runs_are_the_same() {
    for (name, scenario) in all_cases().into_iter().chain(random()) {
        let (first, value) = (records(&scenario), digest(&scenario));
        for _ in 1..10 {
            check_same(&name, &first, &records(&scenario));
            assert_eq!(digest(&scenario), value, "{name}: the records are the same, the digests are not");
        }
    }
}

/// The text of an experiment is all there is to it: reading it again changes nothing.
#[test]
fn reading_again_changes_nothing() {
    for ((name, first), (_, second)) in all_cases().into_iter().zip(all_cases()) {
        assert_eq!(first, second, "{name}");
    }
}

/// What these are on one machine and in one build, they are on every other: nothing of the platform's arithmetic decides
/// an event. A new value means a new record format, or another network.
#[test]
fn digests_are_what_they_were() {
    let table: String = all_cases()
        .into_iter()
        .chain(random())
        .map(|(name, scenario)| {
            let summary = simulate(&scenario, &mut ()).expect("time moves on");
            format!("{:032x}  {:>5}  {name}\n", summary.digest.0, summary.events)
        })
        .collect();
    expect![[r#"
        e518a356417619f89880a082c961146e      8  abort-reset-lost three-way
        e7decaa82972b76152222bca85f6d5f6      8  abort-reset-lost two-way
        96df4f4185373dfd2100acd80b93af7e     11  abort-reset-lost three-way-keepalive
        f2101ba010732a9debe5ebe5744ccc7e      6  abort-unread three-way
        90f3e62fa0cd69e79f7685661eab7169     13  blind-reset three-way
        a16522b29530a42e730928287ea0f1c0     10  close-segments three-way
        a16522b29530a42e730928287ea0f1c0     10  close-segments three-way/three-segment
        85c7803a367629119ae3c1e22cf0d3e1     11  close-segments three-way/four-segment
        29048090b27a9b69d9f0584901a8daa9     12  close-segments-slow three-way
        3eb148b031d3140cd0b955d2211afbb6     11  close-segments-slow three-way/three-segment
        b9ca8b573c4d47a7d5388d83769c633f     12  close-segments-slow three-way/four-segment
        a7ac4669debce8e1284cc4dbbac032f2     24  closed-port three-way
        a6de6a9c8164a3474c7d9766a6f8101d     22  closed-port three-way-silent
        dd7b59c6bd83d6cfba4ba760decdd45f     22  closed-port two-way
        0cf8bd443e9f196690b38c4520651447     18  connection-count t-tcp
        3d58977cf1443e499b8e61e7e46a79b8     18  connection-count three-way
        45b6a7c055127d6f1cacb527903f56df     23  crash-reconnect three-way
        74dcc20fd415d6b1b7186ec692e6c9da     35  crash-reconnect three-way-silent
        d861ad8f1c10a9fa80f68572541bdfd5     23  crash-reconnect two-way-rst
        a5650f721e4b78f234aed1d1f8f4d84d     12  crash-unheard three-way
        8c653a5d6f46d8def06e8f10862af007     24  crash-unheard three-way-silent
        7a06c26353761379598f0055767e44d8     16  endless-challenge two-way
        600250dced98757470574359b8d6eab2     36  endless-challenge checked
        b95085b320cb9733351a68ee1c3ee6d3   4743  endless-challenge no-limit
        1d61d662abd2507456c731b0f8260df5  35913  endless-challenge no-end
        1a13dda2a456d28deb886c6b6b1466ba   6579  endless-half-open three-way
        d4d71163f374e540b2a2b89066bd3d55    172  endless-half-open rate-limited
        7a06c26353761379598f0055767e44d8     16  endless-random-isn two-way
        8ebd72883a43ae333fa20c16a2a9cdc7     36  endless-random-isn random
        21a289766e65328efe0ff0b17c92a07f   4743  endless-random-isn no-limit
        355ba0b7b0dc638e58f786530d46f5a9     25  fast-open-stale-syn fast-open
        e71e05edc69881cfc0f252c02aacb2b6     23  fast-open-stale-syn three-way
        93ee10f1b82a938ba2e52d92ef4b331c     22  forced-close three-way
        622322f82ad2631ceac926a6c9ba50c4      9  forced-close three-way/forced-close
        93ee10f1b82a938ba2e52d92ef4b331c     22  half-close three-way
        98789e45febf01fcbc815528ee99005a     22  half-close two-way
        19908dd725dc072baaaf766e2e131954     12  handshake three-way
        794165757107725b1b9bc9e7ba8715bb     11  handshake two-way
        7cf66fdaeb4d03824b9da793ce147926     15  hold-down two-way
        296dc40e88dfa1f77f402662072f2e70     15  hold-down a-moment-too-short
        700c321fa312f245bfed12b3f39fd3f6     15  hold-down just-enough
        57b6b482a553ee9b92bee642fb340ffa     15  hold-down two-way-hold-down
        5fba6f0f2a95814d044d27f02f11cd53     16  hold-down three-way
        e17766310dc9613da3d79d2af7a84187      5  hold-down-given-up two-way-hold-down
        e17766310dc9613da3d79d2af7a84187      5  hold-down-given-up two-way
        7c7055af08a3e23ad23ede6a34e44141     16  hold-down-given-up three-way-silent
        9ce50d8783f1060a1b792b8b28a440ce     36  hold-down-reuse two-way-hold-down
        812729435530bb3e4150be9090d39dfb     20  hold-down-reuse three-way
        a4cfab1fbba5499ae82dd7ac01babd33     20  hold-down-reuse two-way
        0552a5d6b5566512800ac59c49890352     17  hold-down-server-gone two-way-hold-down
        20bd4b5400d1602d9b5de1462c1f228a     19  hold-down-server-gone two-way
        9770050a1e248fe0641d3efb09902b86     14  lost-handshake-ack three-way
        295080506a2cf647691af3d373de668a     11  lost-handshake-ack two-way
        3b22b91cf0c1a01ecee7bb495b27d82a     11  lost-handshake-ack-data three-way
        a4eebc340dcf87acd7254ff7a14e5d08     12  lost-last-ack three-way
        38bbae626d6b6699e4af8b63661e9c94     11  lost-last-ack three-way/no-time-wait
        8feb588ef6f626654d8845c07b8e79db     12  lost-syn three-way
        c5e150b9ce6e5328b8b33276d862cd31     12  lost-syn two-way
        70febb3ef0e0cd28e8d4a2c18ce189c7     14  lost-syn-ack three-way
        0f707742c0e7b319ba7e336a84d56a09     12  lost-syn-ack two-way
        965ea40b6eafa5497f23deda715b2de7      9  opener-time-wait three-way
        ee9b53af0eb9f49980fb614310ac922c     10  opener-time-wait three-way/opener-time-wait
        a8e516269ca23721345fdfb20f69adb0    106  ports-exhausted three-way
        078f8bee344d986a6e1d9fdb42b9fa66    136  ports-exhausted three-way/no-time-wait
        4bf4010a9e9e2eb6fb391811abc2dc41    146  ports-exhausted three-way/reuse
        b0e6027923e9552efea46dc09c7c9663     33  quiet-time three-way
        f3106b8d4db5428547cfa893ad5a158f     61  quiet-time no-quiet-time
        03af9f937f3ee12e050dd605bc845a12     36  quiet-time clock-survives
        2633995c692fb92d6e4b08c6f6c0fbc3     21  reuse-by-timestamp three-way
        6113b1098cc1f8dc58de6961f9fe91cb     43  reuse-by-timestamp three-way/rfc1337
        ab5eb0e07e600447b8b9449678e0883e     17  reuse-by-timestamp three-way/timestamp-reuse
        f76539d8b8eb7ed3f8936ce8a89094d9     14  reuse-false-accept three-way/timestamp-reuse
        36f3649d06d5b395dc420ab2861ae97f     14  reuse-false-accept three-way
        8668e25133c0027c20b457b032f368c9     15  reuse-false-accept three-way/rfc1337
        b95546a89210a215fdbab02a59cf2659     24  reuse-false-accept three-way-silent/timestamp-reuse
        e056e412e48653a14f5e4664b9c1fbc9     14  reuse-false-accept three-way-silent
        e056e412e48653a14f5e4664b9c1fbc9     14  reuse-false-accept three-way-silent/rfc1337
        4fb3c56a340d9f6061174ddab607dbb3     17  reuse-false-reject three-way/timestamp-reuse
        c0c748ab994f05adef1d660cc4fcf656     27  reuse-false-reject three-way/by-sequence
        965ea40b6eafa5497f23deda715b2de7      9  server-closes-first three-way
        7d919892340a6253e0d1433fef7bf0dd      9  server-closes-first two-way
        9c880fa13102518efe67ca0165496001     15  simultaneous-close three-way
        9f7ef6712a3b1c464bf9bfcfa6e00f3a     15  simultaneous-close two-way
        3757ae11e42a468a5c722ea3f54e8496     11  simultaneous-open three-way
        30b5fb122ba6bffa02b5c74f11849be3     13  simultaneous-open by-the-letter
        051ea8157dcb811927d79a53da3716a0      8  simultaneous-open-old-syn three-way
        a5f8aa3bfd49394f7b1d0d96a3815d41     22  simultaneous-open-old-syn three-way-silent
        3d06091e4be844006c0b787c4bd647ab     43  stale-data three-way/no-time-wait
        07b284059dfe228059faeeec10ba549f     19  stale-data three-way
        ce5a46364752e35dbe9a48efdbf32149     39  stale-data two-way/no-time-wait
        dfb729d7cb5577c63b0d95c6a2988eea     15  stale-data two-way
        d41418727ec97f97760e50b1af1c74ff     25  stale-data-clock-isn three-way/no-time-wait
        acfeeacd9afc6ff6f1edb0d479ae481a     21  stale-data-clock-isn two-way/no-time-wait
        7cf66fdaeb4d03824b9da793ce147926     15  stale-syn two-way
        256ce76a9dad215dc314668195ff1315     16  stale-syn two-way-rst
        5fba6f0f2a95814d044d27f02f11cd53     16  stale-syn three-way
        890fd1bed510635e535369b3f2a02cf2     26  stale-syn three-way-silent
        a4aa6e5a80f86ddb10e7957b50992879     14  stale-syn-answer-lost two-way-rst
        506ede4714c7670d3cbe074ec300f07a     17  stale-syn-answer-lost three-way
        044afc0dfa4d9f74432b9b9665a8825b     17  stale-syn-answer-lost two-way-rst-keepalive
        921e498785228c5e124a6b0741530aa8     16  stale-syn-cookies syn-cookies
        5fba6f0f2a95814d044d27f02f11cd53     16  stale-syn-cookies three-way
        64abaaf1f7e21176f867cf9a6cb9ed1c     15  stale-syn-cookies syn-cookies-silent
        6525a5f19e06177780e819e23d1f74ab     15  stale-syn-established three-way
        b984b4b004d3b344cd245c7d1ba31f53     15  stale-syn-established two-way
        aa025976cf26b81088c75ce3da2f05b0     34  stale-syn-keepalive two-way
        9c8788d8ae1e669998f7f9d9c6053f27     16  stale-syn-keepalive two-way-rst
        7cf66fdaeb4d03824b9da793ce147926     15  stale-syn-reset-lost two-way
        615037c21d1eeb5d73255e8d1dc26f08     15  stale-syn-reset-lost two-way-rst
        890fd1bed510635e535369b3f2a02cf2     26  stale-syn-reset-lost three-way-silent
        2acd2a3ba341ef3bee2e6c3fc0f240df     18  stale-syn-reset-lost three-way
        74c8c0847eb2181086c2c24d060a5278     18  stale-syn-reset-lost two-way-rst-keepalive
        7cf66fdaeb4d03824b9da793ce147926     15  stale-syn-resets-lost two-way
        615037c21d1eeb5d73255e8d1dc26f08     15  stale-syn-resets-lost two-way-rst
        890fd1bed510635e535369b3f2a02cf2     26  stale-syn-resets-lost three-way-silent
        8ef0519234c572a0708238e5086e653d     26  stale-syn-resets-lost three-way
        4de7693c2f815a1aa62ae36d1d5dd2b1     34  stale-syn-resets-lost two-way-rst-keepalive
        70622a6bdceea77fed0319c1583e270b     19  stale-syn-time-wait three-way
        9bc8a53c3f7ba093e3a73224296bb0ed     38  stale-syn-time-wait three-way/rfc1337
        92b59e11da7e393a185561c9db97c7df     27  stale-syn-time-wait three-way-silent
        9bc8a53c3f7ba093e3a73224296bb0ed     38  stale-syn-time-wait three-way-silent/rfc1337
        7a06c26353761379598f0055767e44d8     16  stale-syn-time-wait two-way
        7a06c26353761379598f0055767e44d8     16  stale-syn-time-wait two-way/rfc1337
        7a06c26353761379598f0055767e44d8     16  stale-syn-time-wait two-way-rst
        7a06c26353761379598f0055767e44d8     16  stale-syn-time-wait two-way-rst/rfc1337
        9a6078e81df2cb4a29ac224f44ed4322     35  stale-syn-time-wait-keepalive two-way
        9644bed068f1a706998ace4062d15194     19  stale-syn-time-wait-keepalive two-way-rst
        a82f48c9bc9793fa9bd372549c31eee5     18  syn-cache-eviction syn-cache
        9ba69e1c706fa8c2f11788281022ca78     20  syn-cache-eviction three-way
        d883f53fd631ba8c34c930fc9e716400     22  syn-cache-eviction syn-cookies
        a02ca3d6ed721452b9ee098218f83f8d      4  syn-cookies-lost-ack syn-cookies
        bd92bf566bf80db309cc05d9bc94dab7     12  syn-cookies-lost-ack three-way
        1a506b7357064717bdb48f35fae0d106      7  syn-cookies-lost-ack cookies-and-client-keepalive
        bd22b4ee1a373a33cb60a8c4d98ec4f3     14  syn-cookies-stale-ack syn-cookies
        3078af0f0000cbbb93f60a92600b1d91     16  syn-cookies-stale-ack three-way
        5acabdc29005a25d7e1593e602f01057     12  time-wait-assassination three-way
        2d9d762456cdcb8e90bf1f8d4113482a     13  time-wait-assassination three-way/rfc1337
        8749cbece8b3f9d77d1f5e49b0f03ee1     12  time-wait-assassination two-way-rst
        74e6235933df88fe87b02bd9b01f8826     13  time-wait-assassination two-way-rst/rfc1337
        ec06187b0b877c3ec6e6a695c10ce5b5    154  time-wait-assassination-data three-way
        85864174448b7992b28ff3096af8381d     18  time-wait-assassination-data three-way/rfc1337
        5c598bb399fff53904fddf705202b105     17  time-wait-assassination-data three-way/fix-2
        2309b485214be2afba1372456ddea6e5    486  random two-way
        0bc130f707c60ab5ab6569870dddf7d5    492  random three-way
    "#]]
    .assert_eq(&table);
}

/// The timing wheel and the reference on the `priority-queue` crate serve the same events in the same order.
#[test]
fn the_queue_changes_nothing() {
    for (name, scenario) in all_cases().into_iter().chain(random()) {
        let run = |queue| simulate_with(queue, &scenario, &mut ()).expect("time moves on");
        assert_eq!(run(Queue::Wheel), run(Queue::Reference), "{name}");
    }
}

#[test]
fn a_seed_tells() {
    for (name, scenario) in random() {
        assert_ne!(digest(&scenario), digest(&Scenario { seed: 43, ..scenario.clone() }), "{name}");
    }
}

#[test]
fn threads_change_nothing() {
    let scenarios: Vec<_> = all_cases().into_iter().chain(random()).collect();
    let alone: Vec<u128> = scenarios.iter().map(|(_, scenario)| digest(scenario)).collect();
    let all = || scenarios.iter().map(|(_, scenario)| digest(scenario)).collect::<Vec<_>>();
    let backwards = || scenarios.iter().rev().map(|(_, scenario)| digest(scenario)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let forth: Vec<_> = (0..2).map(|_| scope.spawn(all)).collect();
        let back: Vec<_> = (0..2).map(|_| scope.spawn(backwards)).collect();
        for thread in forth {
            assert_eq!(thread.join().expect("the thread ends"), alone);
        }
        for thread in back {
            let mut digests = thread.join().expect("the thread ends");
            digests.reverse();
            assert_eq!(digests, alone);
        }
    });
}

const FIRST_PAIR: &str = r#"
    [host.alice]
    address = "10.0.0.1"
    script = ["connect bob", "send 5 kB", "receive 5 kB", "close", "repeat 20 times"]

    [host.bob]
    address = "10.0.0.2"
    script = ["accept", "receive 5 kB", "send 5 kB", "close on EOF"]

"#;

const SECOND_PAIR: &str = r#"
    [host.carol]
    address = "10.0.0.3"
    script = ["connect dave", "send 1 kB", "close", "repeat 50 times"]

    [host.dave]
    address = "10.0.0.4"
    script = ["accept", "close on EOF"]

"#;

/// A link between two hosts of that name.
fn link(pair: &str) -> String {
    format!(
        "[link.{pair}]\ndelay = {{ log-normal = {{ median = '50ms', sigma = 0.5 }} }}\nloss = 0.1\nduplicate = 0.05\n\n"
    )
}

/// What the first pair sent: all of a segment but the numbers that count over the whole run.
fn segments_of_the_first_pair(tables: &str) -> Vec<(u64, Sent)> {
    let experiment = parse("pairs.toml", &format!("seed = 3\nhorizon = '1 h'\nhandshake = ['three-way']\n{tables}"));
    let records = records(&scenario(&experiment, &experiment.variants()[0]));
    let own = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
    let segment = |record: Record| match record.event {
        Event::Sent(sent) if own.contains(sent.source.ip()) => {
            let mut attempt = sent.attempt;
            attempt.host = experiment::HostId::default();
            let (id, incarnation, from, to) = (experiment::record::SegmentId(0), None, attempt.host, None);
            Some((record.at.as_nanos(), Sent { id, incarnation, from, to, attempt, ..sent }))
        }
        _ => None,
    };
    records.into_iter().filter_map(segment).collect()
}

/// Two hosts more, before or after the others in the file, with a link of their own.
#[test]
fn an_unrelated_pair_changes_nothing() {
    let alone = segments_of_the_first_pair(&format!("{FIRST_PAIR}{}", link("alice-bob")));
    assert!(alone.len() > 200 && alone.iter().any(|(_, sent)| sent.fate.deliveries.is_empty()));
    let links = format!("{}{}", link("alice-bob"), link("carol-dave"));
    for tables in [format!("{FIRST_PAIR}{SECOND_PAIR}{links}"), format!("{SECOND_PAIR}{FIRST_PAIR}{links}")] {
        let together = segments_of_the_first_pair(&tables);
        for (place, (one, other)) in alone.iter().zip(&together).enumerate() {
            assert_eq!(one, other, "segment {place} of the pair");
        }
        assert_eq!(alone.len(), together.len());
    }
}

/// How long each copy of a client's SYN is on its way, by attempt and transmission.
fn syn_fates(scenario: &Scenario) -> BTreeMap<(u32, u32), Vec<Duration>> {
    let fate = |record: Record| match record.event {
        Event::Sent(sent) if sent.flags.syn() && !sent.flags.ack() => {
            let transits = sent.fate.deliveries.iter().map(|arrival| arrival.since(record.at)).collect();
            Some(((sent.attempt.ordinal, sent.retransmission), transits))
        }
        _ => None,
    };
    records(scenario).into_iter().filter_map(fate).collect()
}

/// Common random numbers: a packet's fate depends on what it is, not on how many were sent before it. So two variants
/// face the same network, although one sends more segments.
#[test]
fn variants_face_the_same_network() {
    let text = RANDOM.replace("loss = 0.1", "loss = 0.3").replace(
        "\"send 5 kB\", \"receive 5 kB\", \"close\", \"repeat 20 times\"",
        "\"send 100 B\", \"close\", \"repeat 200 times\"",
    );
    let experiment = parse("random.toml", &text);
    let [two_way, three_way] = &experiment.variants()[..] else { panic!("two variants are listed") };
    let two_way = syn_fates(&scenario(&experiment, two_way));
    let three_way = syn_fates(&scenario(&experiment, three_way));
    let common: Vec<_> = two_way.keys().filter(|transmission| three_way.contains_key(transmission)).collect();
    for transmission in &common {
        assert_eq!(two_way[transmission], three_way[transmission], "attempt and retransmission {transmission:?}");
    }
    let again = common.iter().filter(|(_, retransmission)| *retransmission > 0).count();
    let lost = common.iter().filter(|transmission| two_way[transmission].is_empty()).count();
    assert!(common.len() >= 250 && again >= 50 && lost >= 50, "{} common, {again} again, {lost} lost", common.len());
}
