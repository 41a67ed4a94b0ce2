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
        cd1e0392e23b610a902ff22645a67d68      8  abort-reset-lost three-way
        073b4238c3b093668ba719efdcd615a3      8  abort-reset-lost two-way
        a29f9b2340881e6740dfc02e4d3e06fe     11  abort-reset-lost three-way-keepalive
        9bdf5e5444465ba09ca76cc8207dd9db      6  abort-unread three-way
        0c20a4d873b1785b3f6b37bb70da85af     13  blind-reset three-way
        de0b4e211c0dbfb6652446d89e5552b9     10  close-segments three-way
        de0b4e211c0dbfb6652446d89e5552b9     10  close-segments three-way/three-segment
        c347b3d42a29663ead5d7cf44b3a044e     11  close-segments three-way/four-segment
        5194ac670404ea68fc810161b978ad20     12  close-segments-slow three-way
        1a7efcd1ed8eeca8bf6c4fcb15a52e07     11  close-segments-slow three-way/three-segment
        0670262e9c210cc9772651224577bf61     12  close-segments-slow three-way/four-segment
        553a02c58199d1b86a64e3c42389753e     24  closed-port three-way
        9901a3b37822baae179f67ddff48d83d     22  closed-port three-way-silent
        dad211893c3e784a4cb83e4c1ac3f90c     22  closed-port two-way
        6d8d101d78780332636a5202b988b6ae     18  connection-count t-tcp
        78cd7657d34edb9f373e6c008e41c9e8     18  connection-count three-way
        8193417edb45f059c8cc90489b182d7d     23  crash-reconnect three-way
        8fbdc12e7511cbcf1811289ca0254b18     35  crash-reconnect three-way-silent
        f5b998ccd44b11e60d5b36474871d45e     23  crash-reconnect two-way-rst
        82953f7c47d67f8515a05ac63e0c3926     12  crash-unheard three-way
        c94ee53d0b489b5401009b8af045b568     24  crash-unheard three-way-silent
        a5b8c88347aad22cb07c386eba77054e     16  endless-challenge two-way
        1d9cb24098b22b961a66fff6e19b39d8     36  endless-challenge checked
        581e9584ed55d88d7bf015b44a13425c   4743  endless-challenge no-limit
        48a15cdbe0053d0cae703f3d86920337  35913  endless-challenge no-end
        58509da5078cf650bbde88b8af2d41d9   6579  endless-half-open three-way
        85c93c257267a723d800c02a8efabfd3    172  endless-half-open rate-limited
        a5b8c88347aad22cb07c386eba77054e     16  endless-random-isn two-way
        612df7fdebe306f136210e5cd38d6958     36  endless-random-isn random
        8e51f8a2327a14fde4c4fc84b0ad66bc   4743  endless-random-isn no-limit
        f324320c413883a7f53e94df9ee75126     25  fast-open-stale-syn fast-open
        f7cf493af3588b206232f31618c43f97     23  fast-open-stale-syn three-way
        311c0257e5af44cae98cb436c0a66de4     22  forced-close three-way
        0a304d04d1a46c302d5d14a5cc4617a9      9  forced-close three-way/forced-close
        311c0257e5af44cae98cb436c0a66de4     22  half-close three-way
        0eac1e45560cc92314784c208a3357a7     22  half-close two-way
        7629bf54f1ea33a56b18acfadd3d7fa9     12  handshake three-way
        8bd02aad18b536fb2a428093d641f46a     11  handshake two-way
        1e29a609c1ba1fcf00528825818bf558     15  hold-down two-way
        18f63c3da689de2f5d57bddd0eca7767     15  hold-down a-moment-too-short
        236392cea715ccb146fdd177db9633ac     15  hold-down just-enough
        f3934e5de033b67d8a646e6367e3a99b     15  hold-down two-way-hold-down
        20221eed35a247417e0f4157d28d7d2a     16  hold-down three-way
        c190d6d9bb05d6796488877f82e7427c      5  hold-down-given-up two-way-hold-down
        c190d6d9bb05d6796488877f82e7427c      5  hold-down-given-up two-way
        af719a0d82888682d2e03ad1d4051046     16  hold-down-given-up three-way-silent
        199ec156c5260d55f9283ad2f0189c42     36  hold-down-reuse two-way-hold-down
        a6cdb1c247f477ebf8091caca487f952     20  hold-down-reuse three-way
        69b21bb1793c0babe9b5b08abe2cc1cb     20  hold-down-reuse two-way
        87bd547dc6025a9fad13682c73c59452     17  hold-down-server-gone two-way-hold-down
        8df2a9d6762f8b22368cb6609fc0d529     19  hold-down-server-gone two-way
        7bfd819f00407a7d806ae2a8751a722b     14  lost-handshake-ack three-way
        85dc15e47c829b88331c407d8946c464     11  lost-handshake-ack two-way
        dcb421fedc99e63d5cdfc1bad0d95baa     11  lost-handshake-ack-data three-way
        69ac26eca3734c0353a18716c657eac0     12  lost-last-ack three-way
        54329343433aad8396adf1dac204b46a     11  lost-last-ack three-way/no-time-wait
        80c5736a16477b32067f0b9641d0ef47     12  lost-syn three-way
        325ddfe3a26923121d09bfc36d641653     12  lost-syn two-way
        0e4a07057d81f641c1618c17a5518037     14  lost-syn-ack three-way
        296f8e7ce5dddaa5144acdf682d7b7ad     12  lost-syn-ack two-way
        dd797ccef1144e6f26d3212dd688aa81      9  opener-time-wait three-way
        5626154e574205acbb1ec5e65e0c8e34     10  opener-time-wait three-way/opener-time-wait
        462e6be3cc3495de9ad876edf9a08bec    106  ports-exhausted three-way
        260ab23cbce09a768e039922b299695f    136  ports-exhausted three-way/no-time-wait
        61926c95ca640d76ea3dc5b51adfd27e    146  ports-exhausted three-way/reuse
        4be5706fe4f5af05f7935f85ddc40c1b     33  quiet-time three-way
        a49050750210b3888762636734ab96e8     61  quiet-time no-quiet-time
        7e72145ea5a6fa7e8d3804052ac38e33     36  quiet-time clock-survives
        cc2dce858d9e292779435f9d53713879     21  reuse-by-timestamp three-way
        5ba131716733d5825477342010448413     43  reuse-by-timestamp three-way/rfc1337
        3edf5f0d713eea654fab54627b31a22d     17  reuse-by-timestamp three-way/timestamp-reuse
        680f31eadfc3faf6370d0bfd4fb70fcc     14  reuse-false-accept three-way/timestamp-reuse
        7d0e6a57c23c5fde40d1e0aadbf06aec     14  reuse-false-accept three-way
        8850bc0e72564facffefef797eae8e69     15  reuse-false-accept three-way/rfc1337
        d6d09486f6a55348e1afd9830c7af607     24  reuse-false-accept three-way-silent/timestamp-reuse
        449e6239d970d44a18f5edd6be2f4c67     14  reuse-false-accept three-way-silent
        449e6239d970d44a18f5edd6be2f4c67     14  reuse-false-accept three-way-silent/rfc1337
        c84bfbba95d4d74324689bf70f3783a7     17  reuse-false-reject three-way/timestamp-reuse
        8e308ba96557e4ad4bbab53d7e4c815e     27  reuse-false-reject three-way/by-sequence
        dd797ccef1144e6f26d3212dd688aa81      9  server-closes-first three-way
        64fd3e0fdce5796bf9494963beb4e0f2      9  server-closes-first two-way
        360d92dfb0693904a192c956ffdbd8cb     15  simultaneous-close three-way
        654f37bae1b723bd9777e00425774337     15  simultaneous-close two-way
        9af37b0b5b93150d7372f846fbc0a568     11  simultaneous-open three-way
        209a489d65cfca2b68746cf83a28ce2d     13  simultaneous-open by-the-letter
        e671fd92ebc9e9344e5ffe33a0fcd40c      8  simultaneous-open-old-syn three-way
        c3d9177321985777fb2b9777573999d0     22  simultaneous-open-old-syn three-way-silent
        9f7105db1a69f7f6ced774e19aded0ae     43  stale-data three-way/no-time-wait
        6a5eca403ff1681827374d6c30b3e790     19  stale-data three-way
        3d4d3da0f03eab474a633961f12c6e84     39  stale-data two-way/no-time-wait
        07748736658eb0d5afc2f7c060eafbe8     15  stale-data two-way
        31d4fef9a11d9a6fe4eaf56bd370df85     25  stale-data-clock-isn three-way/no-time-wait
        623b52b924831fd80d1afb29dd493774     21  stale-data-clock-isn two-way/no-time-wait
        1e29a609c1ba1fcf00528825818bf558     15  stale-syn two-way
        7e4c464474c563d68723150fe73d5964     16  stale-syn two-way-rst
        20221eed35a247417e0f4157d28d7d2a     16  stale-syn three-way
        2cabe9ac83dc57331ccda6079dc354f4     26  stale-syn three-way-silent
        acf47cd9c29d5a9e07115f8b97dc036d     14  stale-syn-answer-lost two-way-rst
        222c0dcf7ba9d08e8df8e4a53bce9e9b     17  stale-syn-answer-lost three-way
        895f70ee39f82b6f499bcdc19c2a7008     17  stale-syn-answer-lost two-way-rst-keepalive
        51aca49dfa0cce81887c05ba0afdc11f     16  stale-syn-cookies syn-cookies
        20221eed35a247417e0f4157d28d7d2a     16  stale-syn-cookies three-way
        9a9cb3874cd8a1c391aa21aed4661d21     15  stale-syn-cookies syn-cookies-silent
        3be9b50959d1f2087e49ff4d5780a817     15  stale-syn-established three-way
        8756dd59e4ee6017f191b701117cfb70     15  stale-syn-established two-way
        34144d9dffe2cdb053eb955e279c8f67     34  stale-syn-keepalive two-way
        26c4efeebe6ffa62cfaa1e41021b4ce2     16  stale-syn-keepalive two-way-rst
        1e29a609c1ba1fcf00528825818bf558     15  stale-syn-reset-lost two-way
        2904ce9be48449eca61be9a8f068aada     15  stale-syn-reset-lost two-way-rst
        2cabe9ac83dc57331ccda6079dc354f4     26  stale-syn-reset-lost three-way-silent
        de26414c99d26b9555656c8112ab77e2     18  stale-syn-reset-lost three-way
        eaa657c088164faaf7472c283638cf41     18  stale-syn-reset-lost two-way-rst-keepalive
        1e29a609c1ba1fcf00528825818bf558     15  stale-syn-resets-lost two-way
        2904ce9be48449eca61be9a8f068aada     15  stale-syn-resets-lost two-way-rst
        2cabe9ac83dc57331ccda6079dc354f4     26  stale-syn-resets-lost three-way-silent
        f5da8c8f58e3f55d3f4faa662904ddb9     26  stale-syn-resets-lost three-way
        d9113efe204f5babe843355e6ec46309     34  stale-syn-resets-lost two-way-rst-keepalive
        5a11abd63f736857f4a453c63756f3f3     19  stale-syn-time-wait three-way
        f4ddf65246b4cc5a833f7f5bfd4afa0c     38  stale-syn-time-wait three-way/rfc1337
        34aea3cb4834027290f4e63f15a0d6e9     27  stale-syn-time-wait three-way-silent
        f4ddf65246b4cc5a833f7f5bfd4afa0c     38  stale-syn-time-wait three-way-silent/rfc1337
        a5b8c88347aad22cb07c386eba77054e     16  stale-syn-time-wait two-way
        a5b8c88347aad22cb07c386eba77054e     16  stale-syn-time-wait two-way/rfc1337
        a5b8c88347aad22cb07c386eba77054e     16  stale-syn-time-wait two-way-rst
        a5b8c88347aad22cb07c386eba77054e     16  stale-syn-time-wait two-way-rst/rfc1337
        0f7da4264b1d940638567f0da18cbc99     35  stale-syn-time-wait-keepalive two-way
        38cc9982cd69cced1e71e59e2e75f640     19  stale-syn-time-wait-keepalive two-way-rst
        e3a1c4d8f6d7c64ed02992dcc70b0237     18  syn-cache-eviction syn-cache
        c3af184d3cc5c7b65723a06168b3ab01     20  syn-cache-eviction three-way
        85a6525905fc7e5330f05494c29ffec0     22  syn-cache-eviction syn-cookies
        47981c8dda4de50cd34e0d41cdd17527      4  syn-cookies-lost-ack syn-cookies
        5ba4e2e22893bf55409ab8071b6c21b0     12  syn-cookies-lost-ack three-way
        a25409e78f9a40a117a7f8b6453b4011      7  syn-cookies-lost-ack cookies-and-client-keepalive
        f643bfca5628aad59089a01cc71d3ad2     14  syn-cookies-stale-ack syn-cookies
        e653e287369726a09119a3e0619cc0be     16  syn-cookies-stale-ack three-way
        ec3949889caf47e8e420b6f3c98b27f0     12  time-wait-assassination three-way
        4094bbf5e14220bbcea70c3012f7494a     13  time-wait-assassination three-way/rfc1337
        61c9b1c2c9480896d2e7706e03cbee42     12  time-wait-assassination two-way-rst
        9fbe2fbfccb05939e68e114c8b4ebe27     13  time-wait-assassination two-way-rst/rfc1337
        983897d0cc52eb389072cc463f6fe490    154  time-wait-assassination-data three-way
        64d44778581d9b663c17a213f866662d     18  time-wait-assassination-data three-way/rfc1337
        39db6083748cdebce0eaf562d4e2018c     17  time-wait-assassination-data three-way/fix-2
        2e7486834c474ddad28b79d0ac471daa    486  random two-way
        c3362db575135f1595b879b23afd9acc    492  random three-way
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
