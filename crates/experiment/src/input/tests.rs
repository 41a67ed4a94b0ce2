//! The input side as a whole: what a file means, which key wins, and what every mistake is answered with.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use sim_time::{Duration, Instant};
use tcp_endpoint::{Isn, Unexpected};

use super::*;
use crate::{Application, Arrivals, HostId, Outage, Scenario, Step, Workers};

mod mistakes;
mod populations;
mod segment_mistakes;

const BASIC: &str = r#"
horizon = "1h"
[link]
[client]
script = ["connect", "send 100 B", "close"]
[server]
script = ["accept", "receive 100 B", "close on EOF"]
"#;

fn parse(text: &str) -> Experiment {
    parse_with(text, &[])
}

fn parse_with(text: &str, sets: &[&str]) -> Experiment {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Experiment::parse("t.toml", text, &sets).unwrap_or_else(|errors| panic!("{errors}"))
}

fn first_scenario(experiment: &Experiment) -> Scenario {
    experiment.scenario(&experiment.variants()[0]).unwrap()
}

#[test]
fn a_small_file_gets_every_default() {
    let experiment = parse(BASIC);
    assert_eq!((experiment.name(), experiment.file()), ("t", "t.toml"));
    assert_eq!((experiment.seed(), experiment.question()), (1, None));
    assert_eq!(experiment.variants().iter().map(Variant::label).collect::<Vec<_>>(), ["three-way"]);
    let scenario = first_scenario(&experiment);
    assert_eq!(scenario.horizon, Instant::ZERO + Duration::from_secs(3600));
    let [client, server] = scenario.hosts.as_slice() else { panic!("two hosts") };
    assert_eq!((client.name.as_str(), &*client.addresses), ("client", &[Ipv4Addr::new(10, 0, 0, 1)][..]));
    assert_eq!((server.name.as_str(), &*server.addresses), ("server", &[Ipv4Addr::new(10, 0, 0, 2)][..]));
    assert_eq!(server.settings.teardown.time_wait, Duration::from_secs(240));
    assert_eq!((server.sizes.half_open, server.sizes.connection, server.sizes.time_wait), (320, 2368, 256));
    let connect = Step::Connect { to: HostId(1), port: 80, from: None, with: None, within: None };
    let steps = vec![connect, Step::Send(100.into()), Step::Close];
    assert_eq!(
        client.applications,
        [Application {
            start: Instant::ZERO,
            steps,
            lines: ["connect", "send 100 B", "close"].map(str::to_owned).to_vec(),
            rounds: Some(1),
            workers: Workers::Unlimited,
            arrivals: Arrivals::at_once(1)
        }]
    );
    let steps = vec![Step::Accept { port: 80 }, Step::Receive(100), Step::CloseAtEnd];
    assert_eq!(
        server.applications,
        [Application {
            start: Instant::ZERO,
            steps,
            lines: ["accept", "receive 100 B", "close on EOF"].map(str::to_owned).to_vec(),
            rounds: None,
            workers: Workers::Unlimited,
            arrivals: Arrivals::at_once(1)
        }]
    );
    let names: Vec<_> = scenario.links.iter().map(|link| (link.name.as_str(), link.from.0, link.to.0)).collect();
    assert_eq!(names, [("client-to-server", 0, 1), ("server-to-client", 1, 0)]);
}

#[test]
fn octets_may_come_with_the_call_to_open() {
    for (clause, octets, all) in [("with 100 B", 100, false), ("from 4000 with all 2 kB within 3s", 2000, true)] {
        let text = BASIC.replacen("\"connect\", \"send 100 B\"", &format!("\"connect {clause}\""), 1);
        let step = first_scenario(&parse(&text)).hosts[0].applications[0].steps[0].clone();
        let Step::Connect { with: Some(first), .. } = step else { panic!("{clause}: {step:?}") };
        assert_eq!((first.octets, first.all), (octets, all), "{clause}");
    }
}

#[test]
fn every_step_is_read() {
    let text = r#"
horizon = "1h"
[link]
[host.east]
start = "1s"
scripts = [
  ["wait 50 ms", "connect west:8080 from 4000 within 3s", "send 10 kB", "shutdown", "receive EOF", "close", "repeat"],
  ["connect", "wait until 7.5s", "receive 64 KiB", "abort", "connect west", "abort", "repeat 3 times"],
]
[host.west]
port = 8000
script = ["accept at 8080", "send 1MB", "receive 1 B", "close on EOF", "repeat 2 times"]
"#;
    let scenario = first_scenario(&parse(text));
    let (east, west) = (&scenario.hosts[0].applications, &scenario.hosts[1].applications);
    let connect = |port, from, within| Step::Connect { to: HostId(1), port, from, with: None, within };
    assert_eq!(
        east[0].steps,
        [
            Step::Wait(Duration::from_millis(50).into()),
            connect(8080, Some(4000), Some(Duration::from_secs(3))),
            Step::Send(10_000.into()),
            Step::Shutdown,
            Step::ReceiveToEnd,
            Step::Close
        ]
    );
    assert_eq!(
        east[1].steps,
        [
            connect(8000, None, None),
            Step::WaitUntil(Instant::from_nanos(7_500_000_000)),
            Step::Receive(65_536),
            Step::Abort,
            connect(8000, None, None),
            Step::Abort
        ]
    );
    assert_eq!((east[0].rounds, east[1].rounds, west[0].rounds), (None, Some(3), Some(2)));
    assert_eq!(east[0].start, Instant::ZERO + Duration::from_secs(1));
    assert_eq!(
        west[0].steps,
        [Step::Accept { port: 8080 }, Step::Send(1_000_000.into()), Step::Receive(1), Step::CloseAtEnd]
    );
}

#[test]
fn crashes_are_read_in_the_order_of_time() {
    let text = BASIC
        .replace("[server]", "[[server.crash]]\nat = \"5s\"\n[[server.crash]]\nat = \"1s\"\nfor = \"4s\"\n[server]");
    let text = text.replace("[server]\nscript", "[host.server]\nscript");
    assert!(Experiment::parse("t.toml", &text, &[]).is_err(), "one host, described twice");
    let text = BASIC.to_owned() + "[[server.crash]]\nat = \"5s\"\n[[server.crash]]\nat = \"1s\"\nfor = \"4s\"\n";
    let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
    let expected = [Outage { at: at(1), until: Some(at(5)) }, Outage { at: at(5), until: None }];
    assert_eq!(first_scenario(&parse(&text)).hosts[1].outages, expected);
    let set = parse_with(BASIC, &["client.crash=[{ at = \"2s\" }]", "client.ephemeral-ports=5000-5001"]);
    let client = &first_scenario(&set).hosts[0];
    assert_eq!(client.outages, [Outage { at: at(2), until: None }]);
    assert_eq!(client.settings.limits.selection.ephemeral_ports.to_string(), "5000-5001");
}

#[test]
fn connect_prefers_the_only_host_that_accepts() {
    let text = r#"
horizon = "1h"
[link]
[host.a]
script = ["connect", "close"]
[host.b]
[host.c]
script = ["accept", "close"]
"#;
    let scenario = first_scenario(&parse(text));
    assert!(matches!(scenario.hosts[0].applications[0].steps[0], Step::Connect { to: HostId(2), .. }));
}

/// `profile < host keys < variant < --set`, one more layer at a time.
#[test]
fn the_later_layer_wins() {
    let seconds = |text: &str, sets: &[&str]| {
        first_scenario(&parse_with(text, sets)).hosts[1].settings.teardown.time_wait.as_nanos() / 1_000_000_000
    };
    let host = BASIC.replace("[server]", "[server]\ntime-wait = \"7s\"");
    let variant = format!("teardown = \"no-time-wait\"{host}");
    assert_eq!(seconds(BASIC, &[]), 240, "profile");
    assert_eq!(seconds(&BASIC.replace("[server]", "[server]\nprofile = \"linux\""), &[]), 60, "another profile");
    assert_eq!(seconds(&host, &[]), 7, "host keys");
    assert_eq!(seconds(&variant, &[]), 0, "variant");
    assert_eq!(seconds(&variant, &["server.time-wait=2s"]), 2, "--set");
    assert_eq!(seconds(&variant, &["host.server.time-wait=\"3s\""]), 3, "--set by the long name");
    assert_eq!(seconds(&variant, &["server.time-wait=2s", "server.time-wait=4s"]), 4, "the last --set");
    assert_eq!(seconds(&host, &["server.profile=linux"]), 7, "host keys over a profile that --set chose");
}

#[test]
fn set_reaches_every_key() {
    let sets = ["seed=9", "horizon=2h", "handshake=two-way", "client.start=5 s", "client.unexpected=silence"];
    let experiment = parse_with(BASIC, &sets);
    assert_eq!(experiment.seed(), 9);
    assert_eq!(experiment.horizon(), Instant::ZERO + Duration::from_secs(7200));
    assert_eq!(experiment.variants()[0].handshake, "two-way");
    assert_eq!(first_scenario(&experiment).hosts[0].applications[0].start, Instant::ZERO + Duration::from_secs(5));
    let experiment = parse_with(BASIC, &["handshake=three-way", "client.unexpected=silence"]);
    let scenario = first_scenario(&experiment);
    assert_eq!(scenario.hosts[0].settings.handshake.unexpected, Unexpected::Silence);
    assert_eq!(scenario.hosts[1].settings.handshake.unexpected, Unexpected::Reset);
    let experiment = parse_with(BASIC, &["client.script=[\"connect\", \"abort\"]"]);
    assert_eq!(first_scenario(&experiment).hosts[0].applications[0].steps.len(), 2);
}

#[test]
fn a_file_can_name_designs_of_its_own() {
    let text = format!(
        "handshake = [\"two-way\", {{ name = \"mine\", base = \"two-way\", unexpected = \"reset\", \
         isn = \"constant\" }}]\n\
         teardown = [\"rfc9293\", {{ name = \"short\", time-wait = \"1s\" }}]{BASIC}"
    );
    let experiment = parse(&text);
    let variants = experiment.variants();
    let labels: Vec<_> = variants.iter().map(Variant::label).collect();
    assert_eq!(labels, ["two-way", "two-way/short", "mine", "mine/short"]);
    let settings = |variant| experiment.scenario(variant).unwrap().hosts[0].settings.clone();
    assert_eq!(settings(&variants[1]).limits.selection.isn, Isn::Clock);
    let own = settings(&variants[3]);
    assert_eq!((own.limits.selection.isn, own.handshake.unexpected), (Isn::Constant, Unexpected::Reset));
    assert!(!own.handshake.syn_ack_timer, "from the base");
    assert_eq!(own.teardown.time_wait, Duration::from_secs(1));
}

#[test]
fn a_variant_is_found_in_the_file_first_then_among_the_presets() {
    let experiment = parse(&format!("handshake = [{{ name = \"mine\" }}, \"two-way\"]{BASIC}"));
    let label = |handshake, teardown| experiment.variant(handshake, teardown).map(|variant| variant.label());
    assert_eq!(label(None, None).unwrap(), "mine");
    assert_eq!(label(Some("two-way"), None).unwrap(), "two-way");
    assert_eq!(label(Some("three-way"), Some("rfc1337")).unwrap(), "three-way/rfc1337");
    assert_eq!(
        label(Some("tow-way"), None).unwrap_err().to_string(),
        "--handshake:1:1: unknown handshake `tow-way` (did you mean `two-way`?)"
    );
}

#[test]
fn the_more_specific_link_section_wins() {
    let text = format!(
        "{}\n[host.third]\n",
        BASIC.replace(
            "[link]",
            "link.delay = \"50ms\"\nlink.server-client.delay = \"20ms\"\nlink.client-to-server.loss = 0.5\n"
        )
    );
    let delays = |sets: &[&str]| {
        let links = first_scenario(&parse_with(&text, sets)).links;
        let value = |link: &crate::LinkPlan| serde_json::to_value(&link.config).unwrap()["delay"].to_string();
        links.iter().map(|link| format!("{} {}", link.name, value(link).trim_matches('"'))).collect::<Vec<_>>()
    };
    let expected = ["client-to-server 20ms", "client-to-third 50ms", "server-to-client 20ms", "server-to-third 50ms"];
    assert_eq!(delays(&[])[..4], expected);
    let set = delays(&["link.delay=80ms", "link.client-server.delay=1ms"]);
    assert_eq!(set[..3], ["client-to-server 1ms", "client-to-third 80ms", "server-to-client 1ms"]);
}

#[test]
fn without_a_link_section_for_all_only_named_pairs_are_joined() {
    let text = format!("{}\n[host.third]\n", BASIC.replace("[link]", "[link.client-server]"));
    let names: Vec<_> = first_scenario(&parse(&text)).links.into_iter().map(|link| link.name).collect();
    assert_eq!(names, ["client-to-server", "server-to-client"]);
    let links = first_scenario(&parse_with(&text, &["link.delay=1ms"])).links;
    assert_eq!(links.len(), 2, "an override changes a link and makes none");
}

/// The initial sequence numbers are keyed by addresses, and those by names.
#[test]
fn a_pair_of_hosts_placed_first_changes_nothing() {
    let links = BASIC.replace("[link]", "[link.client-server]").replace("\"connect\"", "\"connect server\"");
    let first = "[link.near-far]\n[host.near]\nscript = [\"connect far\", \"close\"]\n[host.far]\n\
                 script = [\"accept\", \"close on EOF\"]\n[client]";
    let sent = |text: &str| {
        let scenario = first_scenario(&parse(text));
        let client = scenario.hosts.iter().position(|host| host.name == "client").unwrap();
        let mut numbers = Numbers { hosts: [client, client + 1], sent: Vec::new() };
        crate::simulate(&scenario, &mut numbers).unwrap();
        numbers.sent
    };
    let alone = sent(&links);
    assert!(alone.len() > 4);
    assert_eq!(alone, sent(&links.replace("[client]", first)));
}

/// Raw sequence and acknowledgment numbers of what some hosts sent.
struct Numbers {
    hosts: [usize; 2],
    sent: Vec<(usize, u32, u32)>,
}

impl crate::record::Fold for Numbers {
    fn record(&mut self, record: &crate::record::Record) {
        let crate::record::Event::Sent(sent) = &record.event else { return };
        if let Some(place) =
            self.hosts.iter().position(|host| sent.from.is_some_and(|from| usize::from(from.0) == *host))
        {
            self.sent.push((place, sent.seq.raw(), sent.ack.raw()));
        }
    }
}

#[test]
fn expectations_are_judged_for_the_variants_they_select() {
    let text = format!(
        "handshake = [\"two-way\", \"three-way\"]\nteardown = [\"rfc9293\", \"rfc1337\"]{BASIC}\n\
         [[expect]]\nhandshake = \"two-way\"\nthat = \"server.ghost.connections == 1\"\nbecause = \"why not\"\n\
         [[expect]]\nthat = 'two-way:server.ghost.seconds > rfc1337:server.ghost.seconds + \"1 s\"'\n"
    );
    let experiment = parse(&text);
    let [first, second] = experiment.expectations() else { panic!("two expectations") };
    let three = experiment.variant(Some("three-way"), None).unwrap();
    let two = experiment.variant(Some("two-way"), None).unwrap();
    assert!(first.applies_to(&two) && !first.applies_to(&three) && second.applies_to(&three));
    assert_eq!(first.because(), Some("why not"));
    assert_eq!(first.needs(&two), []);
    let other = experiment.variant(Some("three-way"), Some("rfc1337")).unwrap();
    assert_eq!(second.needs(&three), [two.clone(), other.clone()]);
    let verdict = second.judge(&three, &|variant, name| {
        assert_eq!(name, "server.ghost.seconds");
        Some(if *variant == two { 12.0 } else { 3.0 })
    });
    assert!(verdict.passed);
    assert_eq!(verdict.actual, "two-way:server.ghost.seconds = 12, rfc1337:server.ghost.seconds + \"1 s\" = 4");
    let verdict = first.judge(&two, &|_, _| Some(0.0));
    assert_eq!((verdict.passed, verdict.actual.as_str()), (false, "server.ghost.connections = 0"));
}

#[test]
fn a_claim_is_shown_with_what_was_measured() {
    let text = r#"
claim = "Two are enough."
verdict = "half right"
evidence = "{server.ghost.seconds} and {two-way:server.ghost.seconds + 1 s}, {segments.wasted} segments, {client.memory.byte-seconds}, {setup.seconds.max}."
handshake = ["three-way", "two-way"]
"#;
    let experiment = parse(&format!("{text}{BASIC}"));
    let claim = experiment.claim().unwrap();
    assert_eq!((claim.sentence(), claim.finding().words()), ("Two are enough.", "half right"));
    let [three, two] = experiment.variants().try_into().unwrap();
    assert_eq!(claim.needs(&three), std::slice::from_ref(&two));
    assert_eq!(claim.needs(&two), [] as [Variant; 0]);
    let metric = |of: &Variant, name: &str| match name {
        "setup.seconds.max" => None,
        "server.ghost.seconds" if *of == two => Some(0.1 + 0.2),
        _ => Some(7.0),
    };
    assert_eq!(claim.evidence(&three, &metric), "7 s and 1.3 s, 7 segments, 7 B·s, –.");
    assert!(parse(BASIC).claim().is_none());
}

#[test]
fn built_in_files_are_whole() {
    let mut mistakes = Vec::new();
    for file in profiles().into_iter().chain(cases()).chain(claims()) {
        assert!(file.summary().is_some_and(|sentence| !sentence.is_empty()), "{}", file.path);
    }
    let names: Vec<_> = profiles().into_iter().map(|profile| profile.name).collect();
    assert!(names.contains(&"linux") && names.contains(&"rfc9293"), "{names:?}");
    for name in names {
        let experiment = parse(&BASIC.replace("[server]", &format!("[server]\nprofile = \"{name}\"")));
        assert!(experiment.scenario(&experiment.variants()[0]).is_ok());
    }
    for file in cases().into_iter().chain(claims()) {
        match Experiment::load(file.name, &[]) {
            Ok(experiment) => assert_eq!((experiment.name(), experiment.file()), (file.name, file.path.as_str())),
            Err(errors) => errors.as_slice().iter().for_each(|error| mistakes.push(error.to_string())),
        }
    }
    assert_eq!(mistakes, [] as [String; 0]);
}

#[test]
fn a_profile_can_be_a_file_beside_the_experiment() {
    let directory = std::env::temp_dir().join(format!("synlab-profile-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let text = profile("linux").unwrap().text.replace("time-wait = \"60s\"", "time-wait = \"11s\"");
    std::fs::write(directory.join("own.toml"), text).unwrap();
    std::fs::write(directory.join("broken.toml"), "isn = \"clock\"\nmss = 0.5\n").unwrap();
    let file = |profile: &str| {
        let file = directory.join("e.toml");
        std::fs::write(&file, BASIC.replace("[server]", &format!("[server]\nprofile = \"{profile}\""))).unwrap();
        Experiment::load(file.to_str().unwrap(), &[])
    };
    let scenario = first_scenario(&file("own.toml").unwrap());
    assert_eq!(scenario.hosts[1].settings.teardown.time_wait, Duration::from_secs(11));
    let errors = file("broken.toml").unwrap_err().to_string();
    assert!(errors.contains("broken.toml:1:1: missing key `time-wait`"), "{errors}");
    assert!(errors.contains("broken.toml:2:7: expected a whole number from 0 to 4294967295, found"), "{errors}");
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn the_template_is_an_experiment() {
    let experiment = Experiment::parse("new.toml", template(), &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(experiment.variants().len(), 2);
}

#[test]
fn the_schema_knows_the_keys_of_every_section() {
    let schema = schema();
    let host = &schema["$defs"]["Host"]["properties"];
    for key in ["profile", "script", "time-wait", "isn", "rto-min", "half-open-octets", "ephemeral-ports", "crash"] {
        assert!(host[key].is_object(), "{key}");
    }
    for key in ["claim", "verdict", "evidence"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    assert!(schema["$defs"]["Finding"].to_string().contains("half right"));
    for key in ["question", "seed", "horizon", "expect", "handshake", "teardown", "client", "server", "host", "link"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    assert_eq!(schema["required"], serde_json::json!(["horizon"]));
    for (section, required) in [("SweepAxis", "key"), ("SweepExpect", "that"), ("SweepRule", "until")] {
        assert_eq!(schema["$defs"][section]["required"], serde_json::json!([required]), "{section}");
    }
    assert!(!schema.to_string().contains("null"), "TOML has no null");
    // Every reference leads somewhere.
    let text = schema.to_string();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schema["$defs"][name].is_object() || schema["$defs"][name].is_boolean(), "{name}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for text in ["a.".repeat(100_000) + "a = 1", format!("a = {}", "[".repeat(100_000)), "[a.".repeat(1_000)] {
        assert!(Experiment::parse("t.toml", &text, &[]).is_err());
        assert!(Experiment::parse("t.toml", BASIC, &[text]).is_err());
    }
}

/// Fragments that get further into the parsers than arbitrary characters would.
fn fragments() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "[link]",
        "[client]",
        "[host.a-b]",
        "[[expect]]",
        "that = ",
        "\"",
        "'",
        "= ",
        "\n",
        "seed",
        "horizon",
        "1h",
        "1",
        "-",
        "script = [",
        "]",
        "connect",
        "send",
        "10 kB",
        "repeat",
        "times",
        "handshake",
        "{",
        "}",
        "name",
        "two-way",
        ".",
        ":",
        "/",
        "server.ghost.seconds",
        "==",
        "±",
        "+-",
        "(",
        ")",
        "null",
        "and",
        "µs",
        " ",
        ",",
        "0.1 s",
        "1e-",
        "\\u00e9",
        "ß",
    ]);
    prop::collection::vec(prop_oneof![3 => words.prop_map(str::to_owned), 1 => ".{0,3}"], 0..24)
        .prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in fragments(), set in fragments()) {
        for text in [text.clone(), format!("{BASIC}{text}"), format!("{text}{BASIC}")] {
            if let Err(errors) = Experiment::parse("t.toml", &text, &[]) {
                prop_assert!(!errors.to_string().is_empty());
            }
        }
        let _ = Experiment::parse("t.toml", BASIC, &[set]);
    }

    #[test]
    fn no_step_or_expectation_makes_the_parser_panic(words in fragments()) {
        let quoted = toml::Value::String(words).to_string();
        let step = BASIC.replace("\"send 100 B\"", &quoted);
        let _ = Experiment::parse("t.toml", &step, &[]);
        let expect = format!("{BASIC}[[expect]]\nthat = {quoted}\n");
        if let Err(errors) = Experiment::parse("t.toml", &expect, &[]) {
            prop_assert!(!errors.to_string().is_empty());
        }
    }
}
