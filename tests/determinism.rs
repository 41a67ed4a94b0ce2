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
        98a442ff1402d6ee675a0b799c52e279      8  abort-reset-lost three-way
        dafe5a8bfaa3407d3e05209fa63cc3b8      8  abort-reset-lost two-way
        617fe88450be61be7f29257d60f9ebaa     11  abort-reset-lost three-way-keepalive
        8f37b91908d77546815a0d56085d92a7      6  abort-unread three-way
        a5281ee6a144dc43f3d0dc87d8cad477     92  accept-queue-full three-way
        3dcdc87cf8cc5fe85c11e5dab32cce14     13  blind-reset three-way
        d274c2213224fd67ebaa77be5ebac820     10  close-segments three-way
        d274c2213224fd67ebaa77be5ebac820     10  close-segments three-way/three-segment
        dcba22ccc0ceaf1012fc2149fbf47e4f     11  close-segments three-way/four-segment
        0f429bb2394d3f8343148631119effcd     12  close-segments-slow three-way
        35fe118506e9d5a2f9ef6368d5bbc112     11  close-segments-slow three-way/three-segment
        d76b5da4e4a273465b5f12c5087ab68a     12  close-segments-slow three-way/four-segment
        b39b989da99c73190527f36c9a772d0c  54294  closed-loop three-way
        89ac71f5b1b7471f6993fba40b81af45  54294  closed-loop two-way
        37d2206cc3fd023aadaa2361395c25fb     24  closed-port three-way
        c58c764874d9def4c318f59f6f6e87bd     22  closed-port three-way-silent
        d070e4d77256158f84b8dd53c5ae9139     22  closed-port two-way
        9626fa22f46c6a50878f4e4467421ace     18  connection-count t-tcp
        d20b4e1b45d764453750e72bc8227f5e     18  connection-count three-way
        757153c79605180da260110429c32dd8  23013  crash-at-random three-way
        64c853acd4d19d3a2f3e85e6524cd261  26543  crash-at-random keepalive
        686dd13ac6baf9dc61fda662ee7080f8     23  crash-reconnect three-way
        04872a33ecdebbd3d432b1a30ae5ab26     35  crash-reconnect three-way-silent
        535da3d52d5ebdfdc0fcbf94f816d4e0     23  crash-reconnect two-way-rst
        cca81631b8edf5b8ca9f46eb21af1fc8     12  crash-unheard three-way
        f9b47a7c2eac325d7f3ef1487eaf1b0a     24  crash-unheard three-way-silent
        4a0bfc2aa251231b1b47d8ee88fa1db6     50  delta-t delta-t
        61ce4aafab94eeccdff241a51a2ecd11     38  delta-t three-way
        15088b8182555b0fcf35cbc6ff4560d8     16  endless-challenge two-way
        29964168581200d907a0cba037ebc727     36  endless-challenge checked
        156bf151f66769d5049ab7504e1630b0   4743  endless-challenge no-limit
        4042b045a89bbd4e468ba8d387040db7  35913  endless-challenge no-end
        4047d07987c464de377d4629aa1a13ee   6579  endless-half-open three-way
        316b2cecc06e250ae998ba5bdf8b2943    172  endless-half-open rate-limited
        15088b8182555b0fcf35cbc6ff4560d8     16  endless-random-isn two-way
        3bd88dc1541bd3a0dd550b2ae28065d1     36  endless-random-isn random
        e605dc1099b0e8e89665a2c535c6eec4   4743  endless-random-isn no-limit
        0e9a9d8ea0b6b95e387572dfdd81126e     25  fast-open-stale-syn fast-open
        ac04c3344bb84545464678599ef3030f     23  fast-open-stale-syn three-way
        29844d61ca5d902bdfd7685bb9e07efc     22  forced-close three-way
        4600602d2b9429ca36d839f4c3ddf449      9  forced-close three-way/forced-close
        2ce8a95af4c48795c63fffd868a21a3a     74  ghosts-take-workers two-way
        124fa416427524c88b340f9a788f9e56     84  ghosts-take-workers two-way-rst
        cd352840670b432d0a3182f6a032af0a     84  ghosts-take-workers three-way
        e2336e0a94400ec58717036902882a5b    140  ghosts-take-workers three-way-silent
        29844d61ca5d902bdfd7685bb9e07efc     22  half-close three-way
        7f7e69651e630fb1b752cc11ca875a15     22  half-close two-way
        3112d6666963e4b13df1d858cb694392     12  handshake three-way
        7c6c9168d29a2b02680093f353723911     11  handshake two-way
        6f43f633e6d78f6f42b1952d26021586     15  hold-down two-way
        5721f7d7928efb4fd08ed0affeb00040     15  hold-down a-moment-too-short
        476732eab80492ebecf95d91d5e06fec     15  hold-down just-enough
        c245b2dd21d18f04fff1d044a57699b8     15  hold-down two-way-hold-down
        c9a10958b0d6e641df2fff6f375876b8     16  hold-down three-way
        f1e2ef9edd27550b10f86a8887465167      5  hold-down-given-up two-way-hold-down
        f1e2ef9edd27550b10f86a8887465167      5  hold-down-given-up two-way
        0f9437c9b9e8ffd6790a20a0f16f4a15     16  hold-down-given-up three-way-silent
        2f1725fa8243c06f997130e2b14762e6     36  hold-down-reuse two-way-hold-down
        25b24d3957ac6d44a261d95706897fab     20  hold-down-reuse three-way
        c7e8e6b0763417a9ba078ce92f7eb426     20  hold-down-reuse two-way
        3d00f33a4ae531c2fa982a8f60dc3fc9     17  hold-down-server-gone two-way-hold-down
        dda760ed65cbb300acf043bdc1e73a3d     19  hold-down-server-gone two-way
        cc6e87dd912999257d3bfe861d50a17a     14  lost-handshake-ack three-way
        9edbd640949b1b03247c8f96271e9876     11  lost-handshake-ack two-way
        79750240fe5d3e402fc91e54b1055ad8     11  lost-handshake-ack-data three-way
        fca7e9a06fdb3083d921f83c1e195953     12  lost-last-ack three-way
        01bd27ccbb728b93f2ea627ac11857d7     11  lost-last-ack three-way/no-time-wait
        53b09e1bcf97bcca22d47ed04835ba3f     12  lost-syn three-way
        7b41bae5f5fb66c543b07d0ba8ec59fc     12  lost-syn two-way
        8c11dfebfff4a930bbf21819f70c88eb     14  lost-syn-ack three-way
        e6381de3adc603588ed91cf453de3c1c     12  lost-syn-ack two-way
        194c4b1b2338d384aea594ae69d4dce3      9  opener-time-wait three-way
        a685698b8a81566199650c901a0a1f0a     10  opener-time-wait three-way/opener-time-wait
        2bffa1990c7d4c9bf3acdf8b5ea441f8    106  ports-exhausted three-way
        c203660d7ba65d774d6ff1517b5def59    136  ports-exhausted three-way/no-time-wait
        cc23ada02ab61749fe4d67c2f515f08c    146  ports-exhausted three-way/reuse
        cca3de3bfc858daed9bb92148cd0d51e     33  quiet-time three-way
        bdc14569eecaf30d18c19fe1382e420a     61  quiet-time no-quiet-time
        7ab7070ab7b9f517c39fa29a3ef22b90     36  quiet-time clock-survives
        aa8c3de4daaaf6e2ededff86e7f09989     21  reuse-by-timestamp three-way
        8484d8e0c6167413e9cc3961222e23df     43  reuse-by-timestamp three-way/rfc1337
        0f5df7cda5e12dfcf930353ad5f5638e     17  reuse-by-timestamp three-way/timestamp-reuse
        cb46ef174cb9a75ec317c0f7033ca243     14  reuse-false-accept three-way/timestamp-reuse
        648f898dd3ed596219e49e441eed9d3c     14  reuse-false-accept three-way
        b39bfdaed02d6f4681149fe2706cc3bc     15  reuse-false-accept three-way/rfc1337
        fbba7179abcb81f4650d9625c6c3030e     24  reuse-false-accept three-way-silent/timestamp-reuse
        446af80f0485a7bb52af8f69a37e6859     14  reuse-false-accept three-way-silent
        446af80f0485a7bb52af8f69a37e6859     14  reuse-false-accept three-way-silent/rfc1337
        3d2499e58875cb3d0e1a60cdb5694415     17  reuse-false-reject three-way/timestamp-reuse
        6b93ff1bfb51978716e7383c4228c316     27  reuse-false-reject three-way/by-sequence
        194c4b1b2338d384aea594ae69d4dce3      9  server-closes-first three-way
        489b4d309ffd9d9752ab9d21c38fa955      9  server-closes-first two-way
        7d5f5f65cbf938576187d2b00dc2bea4     15  simultaneous-close three-way
        a38fb269c8db85192971e987f7c40471     15  simultaneous-close two-way
        e05c4f0885ad6c68801435aa0dd0efce     11  simultaneous-open three-way
        1dac1312eebb620331ba1ef6a803b6f5     13  simultaneous-open by-the-letter
        3c55590e2d1737278ced18f9dc5e2127      8  simultaneous-open-old-syn three-way
        7b404fbfce1561ee54e2cdf715ed7162     22  simultaneous-open-old-syn three-way-silent
        3aaa4e11c96c7bc9dce3d7548eba3196     43  stale-data three-way/no-time-wait
        0d5838dd3df6241922a04fc36a419a97     19  stale-data three-way
        c66733f9e41055b19f737a90a3f57fe1     39  stale-data two-way/no-time-wait
        d3f292c59fa743efafe208eef5f14d3a     15  stale-data two-way
        d4c177ee5ac35791d04e5112d98cc8e5     25  stale-data-clock-isn three-way/no-time-wait
        c38a9ccf68a156aae0300ec2febba124     21  stale-data-clock-isn two-way/no-time-wait
        a2a8dbe7f350b304b2e1a191a6f57eba     31  stale-request two-way
        93fd74d9111be236694801878f47ce40     17  stale-request two-way-checked
        115c5f8857d8fb2dbcd980771f6c07a8     23  stale-request three-way
        465e13422204d1cf021eb20b70b5f106     31  stale-request three-way-silent
        6f43f633e6d78f6f42b1952d26021586     15  stale-syn two-way
        5bd625dbdca3a2f04ee1577fd53096e7     16  stale-syn two-way-rst
        c9a10958b0d6e641df2fff6f375876b8     16  stale-syn three-way
        b9243b50b6015f2207ae2baae964ea68     26  stale-syn three-way-silent
        f89e27127a6f3b1105c26861068c201b     14  stale-syn-answer-lost two-way-rst
        aa3ec90141530996c86845d298d2c6a5     17  stale-syn-answer-lost three-way
        76e679aa599e8145f83a70187bb352ac     17  stale-syn-answer-lost two-way-rst-keepalive
        bc79975c76b3570e89f5cfb1f69b0aac     16  stale-syn-cookies syn-cookies
        c9a10958b0d6e641df2fff6f375876b8     16  stale-syn-cookies three-way
        522ddb6afe923719642a14330bc13f77     15  stale-syn-cookies syn-cookies-silent
        d18fbfaad47263fe30c4d198592f7dd5     32  stale-syn-cookies-time-wait syn-cookies
        b0cbaf572f69639a26b1501744489003     38  stale-syn-cookies-time-wait three-way
        3e1a608a9e66ac87cb220f1cbb2085ed     15  stale-syn-established three-way
        cc639e505acf9c9ad7846dc79512d2c1     15  stale-syn-established two-way
        3db07aee7b51ce28d365cfd4f9c27ca4     34  stale-syn-keepalive two-way
        97b101aa3f4c6dcde8b6f1a29d7d6706     16  stale-syn-keepalive two-way-rst
        6f43f633e6d78f6f42b1952d26021586     15  stale-syn-reset-lost two-way
        f299e3cfa22d6ec432db0af45b288554     15  stale-syn-reset-lost two-way-rst
        b9243b50b6015f2207ae2baae964ea68     26  stale-syn-reset-lost three-way-silent
        d3ae45657ebcfe0e08a9fdc8871edac9     18  stale-syn-reset-lost three-way
        9a16659c73b9f36e3ef09b7100020250     18  stale-syn-reset-lost two-way-rst-keepalive
        6f43f633e6d78f6f42b1952d26021586     15  stale-syn-resets-lost two-way
        f299e3cfa22d6ec432db0af45b288554     15  stale-syn-resets-lost two-way-rst
        b9243b50b6015f2207ae2baae964ea68     26  stale-syn-resets-lost three-way-silent
        6e9c2cca0d44de5ae42146773a31fa6b     26  stale-syn-resets-lost three-way
        c3c1161a2d146c8caea081b9e9977527     34  stale-syn-resets-lost two-way-rst-keepalive
        dacfeae2d2440099885b545a87600ed9     19  stale-syn-time-wait three-way
        ed89cb62c99fa245c1752763c18a6ac6     38  stale-syn-time-wait three-way/rfc1337
        2ec970f65806173db4e1fb3a204a4b6c     27  stale-syn-time-wait three-way-silent
        ed89cb62c99fa245c1752763c18a6ac6     38  stale-syn-time-wait three-way-silent/rfc1337
        15088b8182555b0fcf35cbc6ff4560d8     16  stale-syn-time-wait two-way
        15088b8182555b0fcf35cbc6ff4560d8     16  stale-syn-time-wait two-way/rfc1337
        15088b8182555b0fcf35cbc6ff4560d8     16  stale-syn-time-wait two-way-rst
        15088b8182555b0fcf35cbc6ff4560d8     16  stale-syn-time-wait two-way-rst/rfc1337
        9862a9b72d9b714b0551cf3044e3f386     35  stale-syn-time-wait-keepalive two-way
        9d970b5ee32e0eb05b21989a053e37ad     19  stale-syn-time-wait-keepalive two-way-rst
        3dc9a727754eb86044cbb9de14dd53bd     47  syn-backlog-full three-way-silent
        ea683622fd995442d0924bd48d03cf79     25  syn-backlog-full three-way
        4100ae993f799df97da150f5245d6f19     25  syn-backlog-full syn-cache
        7819b6e8de8cb1d50729d9a8f7b99688     25  syn-backlog-full syn-cookies
        df9bf88ee2b77d49b20a568e42725c06     18  syn-cache-eviction syn-cache
        155a101b457891e759b23a151a5c21d2     20  syn-cache-eviction three-way
        af76bd37906db2dbd862de6454e394c1     22  syn-cache-eviction syn-cookies
        201663dc93a78b086d3eade6c31d76f9      4  syn-cookies-lost-ack syn-cookies
        4f6cf77b05538961e2e8974ff72f35eb     12  syn-cookies-lost-ack three-way
        c28936422962b499dbf0c2d969eca7b3      7  syn-cookies-lost-ack cookies-and-client-keepalive
        39007dfbd66eaa8e00d7f86a59457592     14  syn-cookies-stale-ack syn-cookies
        9b8ca68a44cd5b0913cc013cdf441e92     16  syn-cookies-stale-ack three-way
        e3b498f02f491d5a47f769574d018fb6   4625  syn-flood two-way
        f05502e0bd01da2c7520739cc44ecbde  10230  syn-flood three-way
        6185fe2f92716c54ffad5904f0447c86  11142  syn-flood syn-cache
        41f77238ddd30da3ec57d1fa57b93f0c   4625  syn-flood syn-cookies
        714ab32a20eb3096cda6831b169bca8e     12  time-wait-assassination three-way
        35102e3e86fe4c5c2374ae3f1ab90594     13  time-wait-assassination three-way/rfc1337
        7042dd82c066c678d84cd043bb01c992     12  time-wait-assassination two-way-rst
        c5f8521b8f1972be2068a34af7553167     13  time-wait-assassination two-way-rst/rfc1337
        1f96d5571687352c71425e1b4e508701    154  time-wait-assassination-data three-way
        880feadb51aadef6da5f3a555655102e     18  time-wait-assassination-data three-way/rfc1337
        cf8282595b05904cae29085146574e31     17  time-wait-assassination-data three-way/fix-2
        50abcaa29a0c20f5b149ae76bbd7e7f4  25499  time-wait-occupancy three-way
        cffd2e8c33b6ef45980308c5ee183564  23141  time-wait-occupancy three-way/no-time-wait
        9d6973c726a46147f7a5ee5fa202d6e1    486  random two-way
        902c22c8a6aaee5f0670afd67d17e3fa    492  random three-way
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
