//! The same file, seed and variant give the same records: run after run, in any thread, in any build.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use expect_test::expect;
use experiment::record::{Event, Record, Sent};
use experiment::{BuiltIn, Queue, Scenario, cases, claims, simulate, simulate_with, studies};
use sim_time::Duration;
use synlab_tests::{parse, scenario};

/// Every built-in case under each of its variants, with a name for messages.
fn all_cases() -> Vec<(String, Scenario)> {
    variants_of(&cases())
}

fn variants_of(files: &[BuiltIn]) -> Vec<(String, Scenario)> {
    let mut scenarios = Vec::new();
    for case in files {
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
        6887e7d467e3a3ff92f5019fa66ab262      8  abort-reset-lost three-way
        b3789ad08e47535c18938390c4aef1db      8  abort-reset-lost two-way
        ac953dd8dd50ae02cbfa8695c8c1be6d     11  abort-reset-lost three-way-keepalive
        2c72edd2ec87d8b987bbaa4a5352107b      6  abort-unread three-way
        f5145f38d7eac02f37fb3635dd8a5860     92  accept-queue-full three-way
        971223ebc60f87bf34ea4ebf7cebc67c     13  blind-reset three-way
        7284cda8b9a40c98fd4524b772983b90     10  close-segments three-way
        7284cda8b9a40c98fd4524b772983b90     10  close-segments three-way/three-segment
        e80eecfa9f478228975058223723d633     11  close-segments three-way/four-segment
        a57e13edfa8480cfbded2f59b0541806     12  close-segments-slow three-way
        8357ff18b2256b63b9678465b2223c13     11  close-segments-slow three-way/three-segment
        def06efe069dcf17ece7f90455dbda89     12  close-segments-slow three-way/four-segment
        ad5ac81ca259a7e7737b56b0ef149868  54294  closed-loop three-way
        b1b30b53bc2af9820f2ef64e768f54ba  54294  closed-loop two-way
        dfd539f874edc52bcd8c61a9a00c382c     24  closed-port three-way
        42abc6e54e916b4017cbce98d19927fb     22  closed-port three-way-silent
        d7bf9540d8a45402a78ba4af4a246c3c     22  closed-port two-way
        0dd210df927acfbc443ad114fe7ed105     18  connection-count t-tcp
        2ee5b8bc17a28639351c6a3db0ce6ab5     18  connection-count three-way
        43b984cacb79b085b2a6a87a8884a845  23013  crash-at-random three-way
        9e0f1155cd06c9706d7c194bde9db733  26543  crash-at-random keepalive
        ba70979aedb7ae60d366e7a9b70cda61     23  crash-reconnect three-way
        f794fa3a69c871b6e787dad9862e2e93     35  crash-reconnect three-way-silent
        c7812963b65ab0d4f0005ebb5880a900     23  crash-reconnect two-way-rst
        e305e576fea5f59e374e3d60816fc013     12  crash-unheard three-way
        61394882ed1be50348c4c7b6dcb6bf7e     24  crash-unheard three-way-silent
        c4379602cb1296ad97c9565c5591fc23     50  delta-t delta-t
        0e21badde851c3b48dd4b1ab22c4d248     38  delta-t three-way
        9fbebcc66b69ba0f4263968a8d7d15ee     16  endless-challenge two-way
        794589ccc73950e5cdcef787b1cfe8e1     36  endless-challenge checked
        7c7356ed1325cf11724c6e635cb97748   4743  endless-challenge no-limit
        66347c4b71ee3ebc29c75ce7b07bc535  35913  endless-challenge no-end
        b81ba8b1203c9cebd3f18d6f152c3b67   6579  endless-half-open three-way
        2ebaf679840c3cbd785b149ab75e7892    172  endless-half-open rate-limited
        9fbebcc66b69ba0f4263968a8d7d15ee     16  endless-random-isn two-way
        41328d5b4e91df2653c9505cba977c55     36  endless-random-isn random
        57713f7040fa643244928069334b9e91   4743  endless-random-isn no-limit
        f6e73e0b9821dc6797183bcc30924de5     25  fast-open-stale-syn fast-open
        0878b52bc18d9bc5238810e882070d73     23  fast-open-stale-syn three-way
        1bf38c995daeef48ff91544a42db38ba     22  forced-close three-way
        843681e417c17c9ab04d8d36e856b1c8      9  forced-close three-way/forced-close
        7ea82b58934a5a41b9e1c27419ed7ece     74  ghosts-take-workers two-way
        7beeb4964fa28bca1e0ceb8960990deb     84  ghosts-take-workers two-way-rst
        a964ad661949b3418c5ffc074d2d278c     84  ghosts-take-workers three-way
        4d0a1e5e0fd4e17d1db35262eb690c2a    140  ghosts-take-workers three-way-silent
        1bf38c995daeef48ff91544a42db38ba     22  half-close three-way
        af72935f4e6933266c52b2393d4d5a55     22  half-close two-way
        872155f9f532e0b5a393da33a85368d8     12  handshake three-way
        3464dab6d1e1913aa258f1e54147e75c     11  handshake two-way
        4d184ad10cedeedc9ee3c0fdfada29af     15  hold-down two-way
        260354fa21e1a93da58fb60359f536c5     15  hold-down a-moment-too-short
        af1915d28727e46e87de5360491c3826     15  hold-down just-enough
        656dbe7e96a6511ea8ef56d091cdf071     15  hold-down two-way-hold-down
        0573c8f04dee8b323691c34eafbe975a     16  hold-down three-way
        39c1487e2fa997aa062bfdf705346d18      5  hold-down-given-up two-way-hold-down
        39c1487e2fa997aa062bfdf705346d18      5  hold-down-given-up two-way
        159316af1f515f28855d9524532bcf8c     16  hold-down-given-up three-way-silent
        2a4c3276a54da09a5a43e0e2eaf23d19     36  hold-down-reuse two-way-hold-down
        015da4955579eb4649f24d52ad05b781     20  hold-down-reuse three-way
        30deb824fbcc3814db2f9edffed033a3     20  hold-down-reuse two-way
        ad1ee23d4cae8fa4160e781c19970d53     17  hold-down-server-gone two-way-hold-down
        60675825faa6f41bfd152544e43433c1     19  hold-down-server-gone two-way
        45c7f6681a051f10dcbbf37e5f0ea1c3     14  lost-handshake-ack three-way
        103515c244ea9c716da9a412097385d4     11  lost-handshake-ack two-way
        5b0b283f91e8319d2a29c95d4f25622d     11  lost-handshake-ack-data three-way
        4c453334e3dbd062c7fa25756f2facce     12  lost-last-ack three-way
        a2a4e3ffbd28f2e86fd0f4e719c3cf6e     11  lost-last-ack three-way/no-time-wait
        365d412cf35f9ece02df9784a372048c     12  lost-syn three-way
        c7db7c40897e50f096d0fe2f623432ac     12  lost-syn two-way
        81ef2be24780198b673c1d78b590afbd     14  lost-syn-ack three-way
        e775d900169a260ac654157563545a9d     12  lost-syn-ack two-way
        e973a728be1a95fa564bccbdaabb2eb3      9  opener-time-wait three-way
        bac31ecfb813b4ea41f83df90e301e90     10  opener-time-wait three-way/opener-time-wait
        017e0a4e5ffd535bbdf4e6dc6f16a799    106  ports-exhausted three-way
        1cf9a7a9c90dfd6d704cb836cb87dd4a    136  ports-exhausted three-way/no-time-wait
        0aeadf9c20d7c8c4be0a599452c4f6e1    146  ports-exhausted three-way/reuse
        922998096f35aff82aea09bc80e9ef40     33  quiet-time three-way
        cb56a0316d0d6f8c5219619168e2ec2e     61  quiet-time no-quiet-time
        ac59a0e564c34b12f9136c4380f86c37     36  quiet-time clock-survives
        e6861b754d170ee4ecf0881be23c32e1     21  reuse-by-timestamp three-way
        f37d0ef6f18d3d46d9098d0e984b51eb     43  reuse-by-timestamp three-way/rfc1337
        865651a6ab12e9c3ea3006087f2df4ca     17  reuse-by-timestamp three-way/timestamp-reuse
        f9e7d937d243906149f0bbfd5ee4aa2b     14  reuse-false-accept three-way/timestamp-reuse
        9fce395428e95c986b390f569e9f701f     14  reuse-false-accept three-way
        95c7a185a3229c8c5b818caf54aaf6af     15  reuse-false-accept three-way/rfc1337
        7216317169e269c6f22cd0de6aec6420     24  reuse-false-accept three-way-silent/timestamp-reuse
        166cf2c38408121b1196515b68f7c961     14  reuse-false-accept three-way-silent
        166cf2c38408121b1196515b68f7c961     14  reuse-false-accept three-way-silent/rfc1337
        54a1921795bde1eff7b39f0224e10187     17  reuse-false-reject three-way/timestamp-reuse
        2b6645b2921274bb8a72990adb6e6b82     27  reuse-false-reject three-way/by-sequence
        e973a728be1a95fa564bccbdaabb2eb3      9  server-closes-first three-way
        9e620ea6fb9281a763ba0b90db9dc05a      9  server-closes-first two-way
        44b644842a1f8e6c1169084eca0a2281     15  simultaneous-close three-way
        1714f5fcb7eb13111ad9c3bb062db1a1     15  simultaneous-close two-way
        3d1db8691829b53446d05437a654b3d5     11  simultaneous-open three-way
        6b037674aa18aa90683f0e7b88f4f0a2     13  simultaneous-open by-the-letter
        3db55d68d855027a8bf905a16a12bbad      8  simultaneous-open-old-syn three-way
        062b8f67ab1852b1c468db5772bc6138     22  simultaneous-open-old-syn three-way-silent
        0adeb55f4e15379879a20e8f39de3677     43  stale-data three-way/no-time-wait
        7be7141951efd5d6b0baaad679e60f77     19  stale-data three-way
        052cd2cc1390432fecc3f25329d9d0fb     39  stale-data two-way/no-time-wait
        b66301a36d846d64abc2aa57506ad50f     15  stale-data two-way
        e90f7a114d2712638354969f85d45474     25  stale-data-clock-isn three-way/no-time-wait
        738a7ecdc47cbf3b6e32b50ebcd17b37     21  stale-data-clock-isn two-way/no-time-wait
        4d10e583927dde03ef26002b3fef4bbe     31  stale-request two-way
        ebf57ef9a624df639be666576320bf65     17  stale-request two-way-checked
        536c2f29e662bb594f6d7589a371b390     23  stale-request three-way
        7d445546fa8f48d07ff80d7fc2b773d0     31  stale-request three-way-silent
        4d184ad10cedeedc9ee3c0fdfada29af     15  stale-syn two-way
        b11263f36ad0bb64709bad42f3d78a03     16  stale-syn two-way-rst
        0573c8f04dee8b323691c34eafbe975a     16  stale-syn three-way
        fe336b028cb100a4cee5126f7113d4ba     26  stale-syn three-way-silent
        04571823ca66cd4dbdfa9cb3146b39f7     14  stale-syn-answer-lost two-way-rst
        5e5cdbd2bd216e245d23975f9604356b     17  stale-syn-answer-lost three-way
        a1f00a995354f8e06dae40bdebfbdea6     17  stale-syn-answer-lost two-way-rst-keepalive
        a0e0310158d7c973a11466ff209d1686     16  stale-syn-cookies syn-cookies
        0573c8f04dee8b323691c34eafbe975a     16  stale-syn-cookies three-way
        dcf5ed1051a359de41588ba2c9d72c1c     15  stale-syn-cookies syn-cookies-silent
        b215112ad97f826342165c4ed3e123c2     32  stale-syn-cookies-time-wait syn-cookies
        84ca8f93cc56633b8de4e3c96201a521     38  stale-syn-cookies-time-wait three-way
        014d5662f6c77d771ccdcec5467100aa     15  stale-syn-established three-way
        0100c387500766c58247d8896aaec0f2     15  stale-syn-established two-way
        663f48507ec5d7a8b6c003c99e077044     34  stale-syn-keepalive two-way
        a0b7f98331f2bf460781b042e0d915d6     16  stale-syn-keepalive two-way-rst
        4d184ad10cedeedc9ee3c0fdfada29af     15  stale-syn-reset-lost two-way
        687e0c56b9b55787e1569a8f2d4ee8ee     15  stale-syn-reset-lost two-way-rst
        fe336b028cb100a4cee5126f7113d4ba     26  stale-syn-reset-lost three-way-silent
        67df7d3be8cdc28fd9fc38f21a7c58e9     18  stale-syn-reset-lost three-way
        63362c951d506e9d04a34ef3017f0298     18  stale-syn-reset-lost two-way-rst-keepalive
        4d184ad10cedeedc9ee3c0fdfada29af     15  stale-syn-resets-lost two-way
        687e0c56b9b55787e1569a8f2d4ee8ee     15  stale-syn-resets-lost two-way-rst
        fe336b028cb100a4cee5126f7113d4ba     26  stale-syn-resets-lost three-way-silent
        0dd3e7a20eb94c2ae729bcee55e706a8     26  stale-syn-resets-lost three-way
        4001318b10de3670531911cf68f83d04     34  stale-syn-resets-lost two-way-rst-keepalive
        ac8d92aa1ee4e36f3d4f621bcbfec078     19  stale-syn-time-wait three-way
        b52f43940d5f9328e6cf016407a90da5     38  stale-syn-time-wait three-way/rfc1337
        e44e9f74aea980ff01d07118b083e388     27  stale-syn-time-wait three-way-silent
        b52f43940d5f9328e6cf016407a90da5     38  stale-syn-time-wait three-way-silent/rfc1337
        9fbebcc66b69ba0f4263968a8d7d15ee     16  stale-syn-time-wait two-way
        9fbebcc66b69ba0f4263968a8d7d15ee     16  stale-syn-time-wait two-way/rfc1337
        9fbebcc66b69ba0f4263968a8d7d15ee     16  stale-syn-time-wait two-way-rst
        9fbebcc66b69ba0f4263968a8d7d15ee     16  stale-syn-time-wait two-way-rst/rfc1337
        fac4c755c285f7839d279e8d5308af79     35  stale-syn-time-wait-keepalive two-way
        486cfa35d9a9ff30ddd5f5cd8373cb3c     19  stale-syn-time-wait-keepalive two-way-rst
        905dd7b810fdd61414ffa80f5d48fc65     47  syn-backlog-full three-way-silent
        a1a5072ecc3faa668f7b694115cb1e2a     25  syn-backlog-full three-way
        9ca3e8a38ddc4d98c306c8d1aab0043f     25  syn-backlog-full syn-cache
        96bd97775a4abaeed1517c12c51bfdb8     25  syn-backlog-full syn-cookies
        41e65ff39f49f09788e6d990bc67e731     18  syn-cache-eviction syn-cache
        299fd99b8b517551dd4410984d4b25e7     20  syn-cache-eviction three-way
        28c165ba4bdb82c00e9554ffb1b939f7     22  syn-cache-eviction syn-cookies
        6acd3a1f15af9f6a25033a031004470d      4  syn-cookies-lost-ack syn-cookies
        c46852a526986ff368c804b0cdb4cd8d     12  syn-cookies-lost-ack three-way
        40777d68e2f4d4bf49b7cd6a7b6fdf53      7  syn-cookies-lost-ack cookies-and-client-keepalive
        7a3962a5658fe21378eba43b52a28dee     14  syn-cookies-stale-ack syn-cookies
        42e77379b7a7b33a183f0b093764d140     16  syn-cookies-stale-ack three-way
        a5fd2d133a769e07c39e12b55a26197e   4625  syn-flood two-way
        83fdf101867adf83b2a3292254c5da8c  10230  syn-flood three-way
        75be09bc1806211bfdb66fd305bd5750  11142  syn-flood syn-cache
        5ed4dca52f7342832c42537e81edae9a   4625  syn-flood syn-cookies
        b74e9f6300e6a7c548f3c8e474594469     12  time-wait-assassination three-way
        d928405e1ec52392c47fac729db7f8de     13  time-wait-assassination three-way/rfc1337
        c824f2a0991aafb7f114bab8db6bcbc6     12  time-wait-assassination two-way-rst
        07ced09b7334f1b707b3b8cea40ce196     13  time-wait-assassination two-way-rst/rfc1337
        96028734ab9f4a978ed8e2130ef815b9    154  time-wait-assassination-data three-way
        702c808e72e901d725299966fd6aa818     18  time-wait-assassination-data three-way/rfc1337
        c821cb721fe997cf9a4cfc416214d570     17  time-wait-assassination-data three-way/fix-2
        7bd239c695494bf160a47332e37be582  25499  time-wait-occupancy three-way
        bd9aa7c78bdb26b8d696fbdf7fd3eba4  23141  time-wait-occupancy three-way/no-time-wait
        b271ba0da360a6875727c3b733e1e5e6    486  random two-way
        8acc9132ebc59b972d84bcdf6b0389e0    492  random three-way
    "#]]
    .assert_eq(&table);
}

/// The timing wheel and the reference on the `priority-queue` crate serve the same events in the same order, whatever file in
/// `configs/` is played.
#[test]
fn the_queue_changes_nothing() {
    let all = [cases(), claims(), studies()].concat();
    for (name, scenario) in variants_of(&all).into_iter().chain(random()) {
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
            let (incarnation, peer, from, to) = (None, None, None, None);
            Some((record.at.as_nanos(), Sent { incarnation, peer, from, to, attempt, ..sent }))
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
