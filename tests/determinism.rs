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
        cdb27977aa970d3cd09f0b20554ef726      8  abort-reset-lost three-way
        32520bca656dfec1bc06581fa131e041      8  abort-reset-lost two-way
        2014f0644551b54bcca57560c23385f9     11  abort-reset-lost three-way-keepalive
        7cffdb4a69f03af11788930fd453720d      6  abort-unread three-way
        12f2704e5b4bebc82c32f5706c4853c8     92  accept-queue-full three-way
        ccf3a476009a109e6bb7db785d1295be     13  blind-reset three-way
        caac6e907166c04b70ee4e4a5c82c697     10  close-segments three-way
        caac6e907166c04b70ee4e4a5c82c697     10  close-segments three-way/three-segment
        f1dcfab7debc68132340655fdf84156f     11  close-segments three-way/four-segment
        edc9a8c0076d8d41c54f1535bdcaa2cf     12  close-segments-slow three-way
        d58230e272a1cd9fc5ff2f5455128a6c     11  close-segments-slow three-way/three-segment
        99662e35c884991572a6bb4033036374     12  close-segments-slow three-way/four-segment
        9fc2272ecab678f775192d9efc37a7d8     24  closed-port three-way
        03d05e6268abffeff49f73e9aa14acb7     22  closed-port three-way-silent
        32e975888bddc25b8663453e4a33e0f8     22  closed-port two-way
        8649f164b45ad66043af779818137faf     18  connection-count t-tcp
        6bfd2bfafae575ddcd0099b91272070b     18  connection-count three-way
        60dd11196d688b25eac2a32a17f681f7     23  crash-reconnect three-way
        8fcaaead6dff5aaac45ac8c2e3f50366     35  crash-reconnect three-way-silent
        6ba51d2b5c09b228ffe1fb33ee513187     23  crash-reconnect two-way-rst
        fc5307703d4f48ef064f63c5bbd01762     12  crash-unheard three-way
        7c23d0a3a9b1984f497022fd445a6733     24  crash-unheard three-way-silent
        ae27e89fff0c87f8a7fcc0b9302e2b80     50  delta-t delta-t
        7784fa48c9168c0a8ad7ea9a22dc65d1     38  delta-t three-way
        5ad7c9f31654c461e150b0f1140e0c08     16  endless-challenge two-way
        c0bd622c3caec0b40d2761cb2d8ca4b9     36  endless-challenge checked
        7d404aed96507e79b4dd2816d45dd30c   4743  endless-challenge no-limit
        d4d0b2a7e76681bdd5afc3c4c7141ab8  35913  endless-challenge no-end
        3347042eba39a34d4295ddb182f616d7   6579  endless-half-open three-way
        7066e1ed7461691315c559a22c5de75d    172  endless-half-open rate-limited
        5ad7c9f31654c461e150b0f1140e0c08     16  endless-random-isn two-way
        1e7180e6b6515715d181964a13bd4a4b     36  endless-random-isn random
        c0a802100e30fcab70921e8c1f553d4d   4743  endless-random-isn no-limit
        8a845a0808c90b8867460a54cff1e49f     25  fast-open-stale-syn fast-open
        dc14efbbacff7b11d15bfbaf32bd5c64     23  fast-open-stale-syn three-way
        076861341fa4dc9e0db0b2844f5d5232     22  forced-close three-way
        43a4f0c90da28cf05228e3dcbf6f7bf5      9  forced-close three-way/forced-close
        7aa59cf6851128a960e50da66d2d44e3     74  ghosts-take-workers two-way
        7f866748d8e2b7c2f8e78ebc9ac37260     84  ghosts-take-workers two-way-rst
        24206e819a716cf283efe8dd94887085     84  ghosts-take-workers three-way
        7418c8065c9c1798968ae61488ffa8b4    140  ghosts-take-workers three-way-silent
        076861341fa4dc9e0db0b2844f5d5232     22  half-close three-way
        c652b3ce0a87ac68c6a55c0edc08104a     22  half-close two-way
        d0461ed081e8845d6b0994ffd4953a1a     12  handshake three-way
        046995835c860167554aa33bf9b2e53e     11  handshake two-way
        362dd2f4b9eb4a5446474a48b0148399     15  hold-down two-way
        02b046f7989e54d77c614c0067a30b0d     15  hold-down a-moment-too-short
        60c36f3fa2040ba656e02ca98b86eb5f     15  hold-down just-enough
        892a123649553adb89d0d7f5cc49e6d3     15  hold-down two-way-hold-down
        cf18ad04915a11d3cfe513b557a1c745     16  hold-down three-way
        522e09c95ede2a2ccca9866a84127639      5  hold-down-given-up two-way-hold-down
        522e09c95ede2a2ccca9866a84127639      5  hold-down-given-up two-way
        7c7055af08a3e23ad23ede6a34e44141     16  hold-down-given-up three-way-silent
        cce1ee81a38fafa3303feffa1427906f     36  hold-down-reuse two-way-hold-down
        d8ece55ff1d990dc03c2955eb967947a     20  hold-down-reuse three-way
        5d3bee779fea567704c84af76b9b822c     20  hold-down-reuse two-way
        9f01eb16c11c5f6b92ab80026e75ed90     17  hold-down-server-gone two-way-hold-down
        ef196a5ad881fab7a90f289b882f3284     19  hold-down-server-gone two-way
        8f14448620a6a2cd60d93fe201d85e2b     14  lost-handshake-ack three-way
        faa67d1685dcf62649ed5f3c2b419aeb     11  lost-handshake-ack two-way
        3792a084b3564598bee5459882825bc5     11  lost-handshake-ack-data three-way
        e3e039fe466f706f96bfa5ae4116c748     12  lost-last-ack three-way
        4bfc084fd425718156c437418bbd8449     11  lost-last-ack three-way/no-time-wait
        4148a3bd0c581ef1540cc691ed7a3f88     12  lost-syn three-way
        e6944992ef2a6b5730ded9e077ecf6b5     12  lost-syn two-way
        1c96f50a285ce649edad79d696f2d1c7     14  lost-syn-ack three-way
        1a5963578bf1724f2bc957a1730559b7     12  lost-syn-ack two-way
        312ab44b1cfc74c650e81d7cdf02ebeb      9  opener-time-wait three-way
        402591a5452844ae01176f82e7b109e9     10  opener-time-wait three-way/opener-time-wait
        206ac29968c790860c739dc129984f57    106  ports-exhausted three-way
        1644d4cc750e0d5927180cea06437c7e    136  ports-exhausted three-way/no-time-wait
        d01e9b9f1fadbfeddb6517ab2d0269b9    146  ports-exhausted three-way/reuse
        5fe995903b786b5ae4b37cc65fb861f9     33  quiet-time three-way
        6d14411f93772b0b762bc99fdf900317     61  quiet-time no-quiet-time
        b1e5532c81d2c1087a060ca4bc5d1f43     36  quiet-time clock-survives
        aa6d54329de8dde6cbf6fdfd2d7f4c0c     21  reuse-by-timestamp three-way
        4c6b541ab7e7ca120e6a2401a58b8ef9     43  reuse-by-timestamp three-way/rfc1337
        cdf60ea996c5ca641ad324fde31f236b     17  reuse-by-timestamp three-way/timestamp-reuse
        4f3ced63279a96b851b045bafac2a06a     14  reuse-false-accept three-way/timestamp-reuse
        1ae0f9d1e40da1bb7f3ed031d57eee91     14  reuse-false-accept three-way
        815ba80dba859799ca742b9f2e65122d     15  reuse-false-accept three-way/rfc1337
        f0dbd7b28a6e64c49fc44ef95187a33d     24  reuse-false-accept three-way-silent/timestamp-reuse
        0d54170d64442b2dd560c9cf3211c330     14  reuse-false-accept three-way-silent
        0d54170d64442b2dd560c9cf3211c330     14  reuse-false-accept three-way-silent/rfc1337
        504f548eef929e0c7bbf971db42e2272     17  reuse-false-reject three-way/timestamp-reuse
        7e146522059105ac2bb15ebba58d2b70     27  reuse-false-reject three-way/by-sequence
        312ab44b1cfc74c650e81d7cdf02ebeb      9  server-closes-first three-way
        27f4fc1bd2a7abd918d18603e87d4a5e      9  server-closes-first two-way
        bf6a281e69844b776e39f88afc8da2ed     15  simultaneous-close three-way
        5036e21c26e47a125e7fa87518b1708a     15  simultaneous-close two-way
        3757ae11e42a468a5c722ea3f54e8496     11  simultaneous-open three-way
        30b5fb122ba6bffa02b5c74f11849be3     13  simultaneous-open by-the-letter
        051ea8157dcb811927d79a53da3716a0      8  simultaneous-open-old-syn three-way
        a5f8aa3bfd49394f7b1d0d96a3815d41     22  simultaneous-open-old-syn three-way-silent
        9dda1e91ca21f90da80702483a6613e3     43  stale-data three-way/no-time-wait
        fcf4cbab6e6ab155558ca1ca0c3415ef     19  stale-data three-way
        4c88f742c36c6aa98d1e91795c86c88b     39  stale-data two-way/no-time-wait
        b3ff0844a7fad13db40034c89e4febbb     15  stale-data two-way
        0eec7e0d8c67b7cf3ae1ae28446fd63b     25  stale-data-clock-isn three-way/no-time-wait
        0f1e43498ff3c43ed51c86d8bcff7777     21  stale-data-clock-isn two-way/no-time-wait
        d93a94855e73b6eb8631f1b6ab1e364d     31  stale-request two-way
        25b41a62c5a70da7b058f86801a9c2eb     17  stale-request two-way-checked
        ab43afca557cc25e12eac5f6f52f57e4     23  stale-request three-way
        e8d862e2712bc51d82c165583398b68f     31  stale-request three-way-silent
        362dd2f4b9eb4a5446474a48b0148399     15  stale-syn two-way
        dad6191a75c28a4c38890cd6f052164c     16  stale-syn two-way-rst
        cf18ad04915a11d3cfe513b557a1c745     16  stale-syn three-way
        f3357eb5e52329a36fe51f6a07b007ab     26  stale-syn three-way-silent
        dc85a331da8b85a3285c5662025f8465     14  stale-syn-answer-lost two-way-rst
        4471a81288987802d51f8343d1fd6290     17  stale-syn-answer-lost three-way
        eba37d930860d9fa82b17fc21466a9ba     17  stale-syn-answer-lost two-way-rst-keepalive
        0cf145c27fe9c2f17142496208b8f3d5     16  stale-syn-cookies syn-cookies
        cf18ad04915a11d3cfe513b557a1c745     16  stale-syn-cookies three-way
        046717efba31f010a292e9d670bb6471     15  stale-syn-cookies syn-cookies-silent
        4d9862b8c4402eba7cc01e06bc33193a     15  stale-syn-established three-way
        990ab457b15c2de3167961299e534c54     15  stale-syn-established two-way
        f0d1b8193bcc5bb618ede536d98e4a3e     34  stale-syn-keepalive two-way
        57138ec10e48f64afc9ad16c4a10803c     16  stale-syn-keepalive two-way-rst
        362dd2f4b9eb4a5446474a48b0148399     15  stale-syn-reset-lost two-way
        43514774b8efccb3dc3415c983f685cc     15  stale-syn-reset-lost two-way-rst
        f3357eb5e52329a36fe51f6a07b007ab     26  stale-syn-reset-lost three-way-silent
        019411f81aa8e45580c2c164e7173369     18  stale-syn-reset-lost three-way
        5851bde03048fc22677ca3ea4faadfd7     18  stale-syn-reset-lost two-way-rst-keepalive
        362dd2f4b9eb4a5446474a48b0148399     15  stale-syn-resets-lost two-way
        43514774b8efccb3dc3415c983f685cc     15  stale-syn-resets-lost two-way-rst
        f3357eb5e52329a36fe51f6a07b007ab     26  stale-syn-resets-lost three-way-silent
        329ed3cdd741b4ae8648a5a98fdd18b0     26  stale-syn-resets-lost three-way
        64d646b9bdd407223d743fb6f482cc64     34  stale-syn-resets-lost two-way-rst-keepalive
        62424ff2045fcf1a92181da96c9d4200     19  stale-syn-time-wait three-way
        562e49d97262443f368e09444cacccaf     38  stale-syn-time-wait three-way/rfc1337
        211d849eccf066c2cfc785275cf41cf5     27  stale-syn-time-wait three-way-silent
        562e49d97262443f368e09444cacccaf     38  stale-syn-time-wait three-way-silent/rfc1337
        5ad7c9f31654c461e150b0f1140e0c08     16  stale-syn-time-wait two-way
        5ad7c9f31654c461e150b0f1140e0c08     16  stale-syn-time-wait two-way/rfc1337
        5ad7c9f31654c461e150b0f1140e0c08     16  stale-syn-time-wait two-way-rst
        5ad7c9f31654c461e150b0f1140e0c08     16  stale-syn-time-wait two-way-rst/rfc1337
        d239d430e41322a168d1d98132564431     35  stale-syn-time-wait-keepalive two-way
        991166cecba528393c5e7ea226748a94     19  stale-syn-time-wait-keepalive two-way-rst
        4ec960ac3b0cb13b3413aa2dea01f14f     47  syn-backlog-full three-way-silent
        876c58c4ed60e4a1a5032ab4264dc2e2     25  syn-backlog-full three-way
        3765d8a57ca0b0092023d2120399d7c4     25  syn-backlog-full syn-cache
        0e6b37ff98d39c98ea6d87613a7f9b32     25  syn-backlog-full syn-cookies
        a82f48c9bc9793fa9bd372549c31eee5     18  syn-cache-eviction syn-cache
        8a03db5a02dc1f260a79de1a05b426af     20  syn-cache-eviction three-way
        b8e926118ee36387e6f0a29d1cbd8c3a     22  syn-cache-eviction syn-cookies
        a02ca3d6ed721452b9ee098218f83f8d      4  syn-cookies-lost-ack syn-cookies
        d5dd51929c9cb6c12d2c4e1f3b8ea01e     12  syn-cookies-lost-ack three-way
        1a506b7357064717bdb48f35fae0d106      7  syn-cookies-lost-ack cookies-and-client-keepalive
        cc94e8b6b1f6ed541f9348b2f3035f29     14  syn-cookies-stale-ack syn-cookies
        2c6656ff892a9f1465425641478976c9     16  syn-cookies-stale-ack three-way
        83eafdfb9659f2026f6b5ac17016a316     12  time-wait-assassination three-way
        e36433bddb91f6c2566f802a84268b71     13  time-wait-assassination three-way/rfc1337
        a955c664f26f9bf9af3ddfa498f6e512     12  time-wait-assassination two-way-rst
        d994c99e6a3a359f0ec1a0f827b8241e     13  time-wait-assassination two-way-rst/rfc1337
        aa8f6ae9e44014f98ba182c5862ab9e1    154  time-wait-assassination-data three-way
        2b99bb65662dec30ed61e13e47630673     18  time-wait-assassination-data three-way/rfc1337
        b64641ac4bfbbec7e887a755fc0e24b8     17  time-wait-assassination-data three-way/fix-2
        9c47a4815bc999f52985a08fb4590df5    486  random two-way
        7ed45ba2f454a263b8ba472d2ed6f8a8    492  random three-way
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
