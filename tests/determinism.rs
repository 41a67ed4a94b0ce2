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
        8f01dd1566ad732188c6e83c0b9b4861      8  abort-reset-lost three-way
        aabbd7bbb9230e3afd575ee28b01a5a4      8  abort-reset-lost two-way
        600859ade0954261441972a56478ad00     11  abort-reset-lost three-way-keepalive
        383b439d4e04313d4ee23f161fb67fe0      6  abort-unread three-way
        1871fddcd5bb6165cd571d31aa8dbeb0     13  blind-reset three-way
        7de5cb43af85dc934b113a4413b6d53b     10  close-segments three-way
        7de5cb43af85dc934b113a4413b6d53b     10  close-segments three-way/three-segment
        5bc4a047de8940d4b4147f44297671c3     11  close-segments three-way/four-segment
        2970abb0c4017a58ad5a8b4d055b9c0a     12  close-segments-slow three-way
        c5f35686387b97942812ec525ac48f19     11  close-segments-slow three-way/three-segment
        79447ce7dcc08b9ca1f71fb68224b682     12  close-segments-slow three-way/four-segment
        fd7c97219661e9e936b8821cfdaac403     24  closed-port three-way
        62fa3266fbea58ba55ac0650dc7386dd     22  closed-port three-way-silent
        05c9e90d07c54bed2b8ee1df6b4396c9     22  closed-port two-way
        65bb1f25a8b6199b0c4dd43501af6f28     23  crash-reconnect three-way
        1ec9460c43cf9638b7f1b04be9eb93d7     35  crash-reconnect three-way-silent
        359eea39ac15676072dcb2a0a3f9582c     23  crash-reconnect two-way-rst
        7ced3fb19c9659ad70ed4f5d4f4b9dd1     12  crash-unheard three-way
        e0d8372f64039f36f800effcdb5b1580     24  crash-unheard three-way-silent
        373771791a586166ba2c04ca006c8011     16  endless-challenge two-way
        39c5eb519791bfabb12c9dc7ff5a17d4     36  endless-challenge checked
        5960b73faac67c631418c0a6f4074af9   4743  endless-challenge no-limit
        b60e3e4bdcb78eafedff50309ca4ec05  35913  endless-challenge no-end
        31aa90d5cbb10e283de20f2e6fd68a67   6579  endless-half-open three-way
        f97517b1eb6814cf8a19d446bbbbbd9b    172  endless-half-open rate-limited
        373771791a586166ba2c04ca006c8011     16  endless-random-isn two-way
        748fbecbf7dcbefb9941f8a987fd5626     36  endless-random-isn random
        f90eaad9ee3067a1b31d3a3a2a171b1e   4743  endless-random-isn no-limit
        e60cef5368ce6bffde2d228fc262dd34     22  forced-close three-way
        6a6327408013eb02b617e746d0018509      9  forced-close three-way/forced-close
        e60cef5368ce6bffde2d228fc262dd34     22  half-close three-way
        aa7281bf4d75f29ebfc78ed586968eb1     22  half-close two-way
        916973745a34c7c68d498ed04589f22b     12  handshake three-way
        b68faa76a4cc9f7717c035c61e40cfb1     11  handshake two-way
        f5e6aa29e7a0eeb021165244d494cf36     15  hold-down two-way
        1f6365c4821a7a769f87e807edfe864b     15  hold-down a-moment-too-short
        c55d4ab92600018c8105c87bfc0a0197     15  hold-down just-enough
        319def10c22f7075681ca9aa88544fc1     15  hold-down two-way-hold-down
        a50ca717315170f993a4987592a69358     16  hold-down three-way
        b588c7beac062a552e5619738331164a      5  hold-down-given-up two-way-hold-down
        b588c7beac062a552e5619738331164a      5  hold-down-given-up two-way
        d0902dfac3ec72c7e7cfed3c85b3e34d     16  hold-down-given-up three-way-silent
        106b19694fc7d2278b36795336eabaf0     36  hold-down-reuse two-way-hold-down
        de86dc1ff55bcf25ce1ccb3e4a76778b     20  hold-down-reuse three-way
        2b9931eaa5ca068ea7ec5dc28cf78aad     20  hold-down-reuse two-way
        a96023a96cb4e7b454720e8b535db4d5     17  hold-down-server-gone two-way-hold-down
        45adc03cff851910e74c4ab0c1f3081b     19  hold-down-server-gone two-way
        2174f675fe1ff296e8455a18f4c0426a     14  lost-handshake-ack three-way
        a14a3ea36e468bfefd8a00b4298aa4ab     11  lost-handshake-ack two-way
        e2215d40c8f13a7513805ac1eea17699     11  lost-handshake-ack-data three-way
        c618758de0846f85df47c36a7a9e1806     12  lost-last-ack three-way
        aff5004e81e0d86d1cec21da90538d6e     11  lost-last-ack three-way/no-time-wait
        1d53c8e6571ca69dba900e0a8802dd2d     12  lost-syn three-way
        57f878b90f9aeecf27db4e38acb9a22c     12  lost-syn two-way
        b5f524bd41c55fb8c1bc70a9abd7b755     14  lost-syn-ack three-way
        e67a3708a774f0091d0c4e0ed0ea27e4     12  lost-syn-ack two-way
        adea23df256f8342b1d9ef85b5522131      9  opener-time-wait three-way
        24970241d1fadca4e649362947da0e19     10  opener-time-wait three-way/opener-time-wait
        00cf0b77a9378bd3d5f6dfdd73d9767a    106  ports-exhausted three-way
        123d29c6e4837b0f4f95f0f9604a3449    136  ports-exhausted three-way/no-time-wait
        98e928f3b1a5fedf42552c4d2213058c    146  ports-exhausted three-way/reuse
        b64c60fba4180c4a1e7060bce1bbdbaf     33  quiet-time three-way
        d400366e5b09fca78d5011e84eb71db9     61  quiet-time no-quiet-time
        5466b829f99994a90ddcd6d0dccb56be     36  quiet-time clock-survives
        1d08aa5d19ab9ce33d97829a88c1eed7     21  reuse-by-timestamp three-way
        6363cbf080068897c6f6e7ed7c0f66fc     43  reuse-by-timestamp three-way/rfc1337
        bd60e1d9a2b5702cd0029451b848c004     17  reuse-by-timestamp three-way/timestamp-reuse
        cd4152301857131380da6109ed687f95     14  reuse-false-accept three-way/timestamp-reuse
        202c1311c476fbdc476f104e5921237b     14  reuse-false-accept three-way
        1e2e457c4cf66da1baa402e512bd57d7     15  reuse-false-accept three-way/rfc1337
        fd0595465595a5f46d0ebad27727fa81     24  reuse-false-accept three-way-silent/timestamp-reuse
        ff8cb19096a6b43a9153219eb6b472a0     14  reuse-false-accept three-way-silent
        ff8cb19096a6b43a9153219eb6b472a0     14  reuse-false-accept three-way-silent/rfc1337
        db3ec7dfe36cdb426a1979c36cb2bcd8     17  reuse-false-reject three-way/timestamp-reuse
        fb136656c0eab18286b28392fa7d5db8     27  reuse-false-reject three-way/by-sequence
        adea23df256f8342b1d9ef85b5522131      9  server-closes-first three-way
        b56a3e47528f6316115ea316eff48282      9  server-closes-first two-way
        5ff98955fe0ce289099859c3c7e52ea8     15  simultaneous-close three-way
        79372033c1b5e837ae66abc288a3a452     15  simultaneous-close two-way
        c799c77a548a271e1e10686ff223a50f     11  simultaneous-open three-way
        0868c2e7d5507616bc11c81e05e0629d     13  simultaneous-open by-the-letter
        aac6e5801a967de5eca2cce27135fc03      8  simultaneous-open-old-syn three-way
        2e987dd6efbb433f4105f1755937739b     22  simultaneous-open-old-syn three-way-silent
        264e02d24871c13a889fc9c2a8ca5bd6     43  stale-data three-way/no-time-wait
        167f76ecde89635db3dc16c08dbc0ac9     19  stale-data three-way
        f7b0f360021af9e3989b627c99514e6a     39  stale-data two-way/no-time-wait
        33aa581c5860d364d468066eeb48aacd     15  stale-data two-way
        b0a9e5c969e033c5e58740e55153eebf     25  stale-data-clock-isn three-way/no-time-wait
        b5e2d436662d54a68da70e97573c3302     21  stale-data-clock-isn two-way/no-time-wait
        f5e6aa29e7a0eeb021165244d494cf36     15  stale-syn two-way
        96a39d98eb91047f623e77c620a5cad7     16  stale-syn two-way-rst
        a50ca717315170f993a4987592a69358     16  stale-syn three-way
        84f8763add42937c91ca8d3e13ead3e0     26  stale-syn three-way-silent
        ac36f944b509885a1f0f108fa1e1d76b     14  stale-syn-answer-lost two-way-rst
        0fe417585a7b67697d3be17426042f69     17  stale-syn-answer-lost three-way
        a7177f84285456a3550d347fadcd44ff     17  stale-syn-answer-lost two-way-rst-keepalive
        6ef5f4b9e15724551fe68be5609bc092     16  stale-syn-cookies syn-cookies
        a50ca717315170f993a4987592a69358     16  stale-syn-cookies three-way
        3e7ff865173246363c2447277cc0ccd4     15  stale-syn-cookies syn-cookies-silent
        8f050ccd548def2332b069a2a33ffe97     15  stale-syn-established three-way
        ae8dfb7144f11bed7676fae14ad1cb2c     15  stale-syn-established two-way
        947032d52766048881e6ab010f2ddc0c     34  stale-syn-keepalive two-way
        7e574caa86efd262c71caeb286a0c8a7     16  stale-syn-keepalive two-way-rst
        f5e6aa29e7a0eeb021165244d494cf36     15  stale-syn-reset-lost two-way
        50227afa77fc52d0b8fc75c3526ac99a     15  stale-syn-reset-lost two-way-rst
        84f8763add42937c91ca8d3e13ead3e0     26  stale-syn-reset-lost three-way-silent
        a69c5e8d87510efc58ae015625aad919     18  stale-syn-reset-lost three-way
        bfd66b768a003ff0ccda83df71445e65     18  stale-syn-reset-lost two-way-rst-keepalive
        f5e6aa29e7a0eeb021165244d494cf36     15  stale-syn-resets-lost two-way
        50227afa77fc52d0b8fc75c3526ac99a     15  stale-syn-resets-lost two-way-rst
        84f8763add42937c91ca8d3e13ead3e0     26  stale-syn-resets-lost three-way-silent
        d12cf638eee01be5e5aa5dacf38d02e6     26  stale-syn-resets-lost three-way
        8f0abc5f725ae2d1e8b37e1679c82463     34  stale-syn-resets-lost two-way-rst-keepalive
        9a5a4ea80524cfa0849f18365292a996     19  stale-syn-time-wait three-way
        8f133d111c750cb703c56de451467200     38  stale-syn-time-wait three-way/rfc1337
        5429c82681fa8d89bbc06297e2948312     27  stale-syn-time-wait three-way-silent
        8f133d111c750cb703c56de451467200     38  stale-syn-time-wait three-way-silent/rfc1337
        373771791a586166ba2c04ca006c8011     16  stale-syn-time-wait two-way
        373771791a586166ba2c04ca006c8011     16  stale-syn-time-wait two-way/rfc1337
        373771791a586166ba2c04ca006c8011     16  stale-syn-time-wait two-way-rst
        373771791a586166ba2c04ca006c8011     16  stale-syn-time-wait two-way-rst/rfc1337
        c11c2860baedf9162c02a37504cb5e3f     35  stale-syn-time-wait-keepalive two-way
        83613cc400afe64ab5ce098abee77717     19  stale-syn-time-wait-keepalive two-way-rst
        bb25f7bde133e0736b68e1c789948dc0     18  syn-cache-eviction syn-cache
        0e4a36b9cb3117042c349d9d2204987c     20  syn-cache-eviction three-way
        256e1c01c7b703ccb43bb4cbc738ae70     22  syn-cache-eviction syn-cookies
        14ac56e8530eee8bc47fd7a380a0a647      4  syn-cookies-lost-ack syn-cookies
        dd3151de9fbc3305f0551786bddc15ea     12  syn-cookies-lost-ack three-way
        44bf161caec149684f227281c7da40de      7  syn-cookies-lost-ack cookies-and-client-keepalive
        87ccf5ad00e26a8aa28e0e8beec79ee7     14  syn-cookies-stale-ack syn-cookies
        33f3dce55b7f986b70ef1019dcb636e2     16  syn-cookies-stale-ack three-way
        e659ff06e9a9de4b4aa8aab21c8b4eb8     12  time-wait-assassination three-way
        88b4d507fed95b11e205b153da0abb91     13  time-wait-assassination three-way/rfc1337
        54ece7099c7b152731fc33f672e7868d     12  time-wait-assassination two-way-rst
        45d774a1ceb7a752d6c2250e32e536b4     13  time-wait-assassination two-way-rst/rfc1337
        ee41109a54f02dc9752a2db9df1bf005    154  time-wait-assassination-data three-way
        1153df083a6a39bedc6a819fd81553fb     18  time-wait-assassination-data three-way/rfc1337
        da8288def9f202bf7d44fdbae4a20084    486  random two-way
        1a304e821f7bac2544ed84e32895baa9    492  random three-way
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
