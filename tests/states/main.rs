//! State diagrams: pinned as text, and held against the runs that they colour.
//!
//! `UPDATE_EXPECT=1 cargo test --test states` rewrites the pinned ones; look at them in a browser, light and dark.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect, expect_file};
use experiment::record::{Event, Record};
use experiment::{Experiment, HostId, Scenario, case, cases, simulate};
use report::diagram::Caption;
use report::states::{StateDiagram, Step, Taken, Transitions, dot, svg, svg_with_ids};
use synlab_tests::{parse, scenario};
use tcp_endpoint::presets::HANDSHAKES;
use tcp_endpoint::{Settings, State};

fn experiment_of(name: &str) -> Experiment {
    let built_in = case(name).expect("it is built in");
    parse(&built_in.path, built_in.text)
}

fn scenario_of(name: &str, handshake: &str) -> Scenario {
    let experiment = experiment_of(name);
    let variant = experiment.variant(Some(handshake), None).expect("there is one of that name");
    scenario(&experiment, &variant)
}

/// A case's diagram, of all of its hosts, coloured by its run.
fn diagram(name: &str, handshake: &str) -> StateDiagram {
    let scenario = scenario_of(name, handshake);
    let hosts = (0..).take(scenario.hosts.len()).map(HostId);
    let mut taken = Taken::on(hosts);
    simulate(&scenario, &mut taken).expect("time moves on");
    StateDiagram::new(&Transitions::of(&scenario.hosts[0].settings), Some(&taken))
}

fn caption(name: &str, handshake: &str) -> Caption {
    Caption {
        title: format!("TCP states: {handshake}, beside figure 5 of RFC 9293"),
        subtitle: format!("The TCP of client and server in {name}"),
        command: format!("synlab states {name} --handshake {handshake}"),
    }
}

#[test]
fn a_picture_of_three_way() {
    let picture = svg(&diagram("stale-syn", "three-way"), &caption("stale-syn", "three-way"));
    expect_file!["three-way.svg"].assert_eq(&picture);
}

#[test]
fn two_way_for_graphviz() {
    let text = dot(&diagram("stale-syn", "two-way"), &caption("stale-syn", "two-way"));
    expect_file!["two-way.dot"].assert_eq(&text);
}

/// Graphviz takes what is written for it, of every handshake that has a name, and finds every state and every line in it.
#[test]
fn graphviz_reads_every_handshake() {
    for preset in HANDSHAKES {
        let text = dot(&diagram("stale-syn", preset.name), &caption("stale-syn", preset.name));
        let Some(plain) = graphviz(&text) else {
            eprintln!(
                "\n*** NOT TESTED: state diagrams in Graphviz: `dot` cannot be run; install graphviz, and test again ***\n"
            );
            return;
        };
        let of = |kind: &str| plain.lines().filter(|line| line.starts_with(kind)).count();
        let written = |is: fn(&str) -> bool| text.lines().filter(|line| line.contains(" [label=") && is(line)).count();
        assert_eq!(of("node "), written(|line| !line.contains(" -> ")), "{}", preset.name);
        assert_eq!(of("edge "), written(|line| line.contains(" -> ")), "{}", preset.name);
        assert!(of("edge ") > 10, "{}", preset.name);
    }
}

/// What Graphviz lays out of a text, in its plain format; `None` where it is not installed.
fn graphviz(text: &str) -> Option<String> {
    let mut command = Command::new("dot");
    let child = command.arg("-Tplain").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}\n{text}");
    Some(String::from_utf8(output.stdout).expect("it writes text"))
}

fn taken(steps: &[Step]) -> String {
    let taken = steps.iter().filter(|step| step.taken > 0);
    taken.map(|step| format!("{} → {} ×{}\n", step.arc.from, step.arc.to, step.taken)).collect()
}

fn takes(name: &str, handshake: &str, expected: &Expect) {
    expected.assert_eq(&taken(&diagram(name, handshake).steps));
}

/// The stale SYN makes a second entry at the server, which the client's reset ends.
#[test]
fn a_run_colours_what_it_took() {
    takes(
        "stale-syn",
        "three-way",
        &expect![[r#"
        CLOSED → LISTEN ×1
        CLOSED → SYN-SENT ×1
        LISTEN → SYN-RECEIVED ×2
        SYN-RECEIVED → LISTEN ×1
        SYN-RECEIVED → ESTABLISHED ×1
        SYN-SENT → ESTABLISHED ×1
        ESTABLISHED → FIN-WAIT-1 ×1
        ESTABLISHED → CLOSE-WAIT ×1
        FIN-WAIT-1 → FIN-WAIT-2 ×1
        CLOSE-WAIT → LAST-ACK ×1
        FIN-WAIT-2 → TIME-WAIT ×1
        LAST-ACK → CLOSED ×1
        TIME-WAIT → CLOSED ×1
    "#]],
    );
}

/// With cookies it makes none.
#[test]
fn a_run_with_cookies_keeps_nothing_of_a_syn() {
    takes(
        "stale-syn-cookies",
        "syn-cookies",
        &expect![[r#"
        CLOSED → LISTEN ×1
        CLOSED → SYN-SENT ×1
        SYN-SENT → ESTABLISHED ×1
        ESTABLISHED → FIN-WAIT-1 ×1
        ESTABLISHED → CLOSE-WAIT ×1
        FIN-WAIT-1 → FIN-WAIT-2 ×1
        CLOSE-WAIT → LAST-ACK ×1
        FIN-WAIT-2 → TIME-WAIT ×1
        LAST-ACK → CLOSED ×1
        TIME-WAIT → CLOSED ×1
        LISTEN → LISTEN ×2
        LISTEN → ESTABLISHED ×1
    "#]],
    );
}

#[test]
fn a_run_holds_a_name_down() {
    takes(
        "hold-down",
        "two-way-hold-down",
        &expect![[r#"
        CLOSED → LISTEN ×1
        CLOSED → SYN-SENT ×1
        SYN-SENT → ESTABLISHED ×1
        ESTABLISHED → FIN-WAIT-1 ×1
        ESTABLISHED → CLOSE-WAIT ×1
        FIN-WAIT-1 → FIN-WAIT-2 ×1
        CLOSE-WAIT → LAST-ACK ×1
        FIN-WAIT-2 → TIME-WAIT ×1
        LAST-ACK → CLOSED ×1
        TIME-WAIT → CLOSED ×1
        CLOSED → HELD DOWN ×1
        LISTEN → ESTABLISHED ×1
        HELD DOWN → CLOSED ×1
    "#]],
    );
}

/// What no host can do, no run shows. Each kind of change in each run of each case was found by driving the endpoint with the
/// settings of the host that made it.
#[test]
fn no_run_leaves_the_diagram() {
    let mut known: Vec<(Settings, Transitions)> = Vec::new();
    let mut kinds = 0;
    for experiment in cases().into_iter().map(|built_in| parse(&built_in.path, built_in.text)) {
        for variant in experiment.variants() {
            let scenario = scenario(&experiment, &variant);
            let mut counts: BTreeMap<u16, Taken> =
                (0..).take(scenario.hosts.len()).map(|host| (host, Taken::on([HostId(host)]))).collect();
            let mut all: Vec<&mut Taken> = counts.values_mut().collect();
            let mut records: Vec<Record> = Vec::new();
            simulate(&scenario, &mut records).expect("time moves on");
            for record in &records {
                for taken in &mut all {
                    experiment::record::Fold::replay(*taken, record);
                }
            }
            for (host, taken) in counts {
                let settings = &scenario.hosts[usize::from(host)].settings;
                let place = known.iter().position(|(other, _)| other == settings).unwrap_or_else(|| {
                    known.push((settings.clone(), Transitions::of(settings)));
                    known.len() - 1
                });
                let diagram = StateDiagram::new(&known[place].1, Some(&taken));
                let name = format!("{} {}, host {host}", experiment.name(), variant.label());
                let strange = diagram.steps.iter().filter(|step| step.taken > 0 && step.arc.causes.is_empty());
                assert_eq!(taken_of(strange), "", "{name}");
                let counted: u64 =
                    diagram.steps.iter().filter(|step| is_of_a_connection(step)).map(|step| step.taken).sum();
                assert_eq!(counted, changes(&records, HostId(host)), "{name}");
                kinds += diagram.steps.iter().filter(|step| step.taken > 0).count();
            }
        }
    }
    assert!(kinds > 1_000, "runs take many: {kinds}");
}

fn taken_of<'a>(steps: impl Iterator<Item = &'a Step>) -> String {
    taken(&steps.cloned().collect::<Vec<_>>())
}

/// A listener, and a name that is held down, are no connection.
fn is_of_a_connection(step: &Step) -> bool {
    let listener_crashes = step.arc.from == State::Listen.into() && step.arc.to == State::Closed.into();
    step.arc.reason.is_some() && !listener_crashes
}

fn changes(records: &[Record], host: HostId) -> u64 {
    let of_host = |record: &&Record| matches!(record.event, Event::State(change) if change.host == host);
    records.iter().filter(of_host).count() as u64
}

/// Two changes between the same two states stand at one line. Where the figure has the other one elsewhere, that is told, too.
#[test]
fn a_syn_that_opens_by_itself_is_named() {
    let diagram = diagram("stale-syn", "two-way");
    let told = "SYN-SENT\" -> \"ESTABLISHED\" [label=\"rcv SYN,ACK / x, not snd ACK ×1\\nrcv SYN / snd SYN,ACK\"";
    let text = dot(&diagram, &caption("stale-syn", "two-way"));
    assert!(text.contains(told), "{text}");
    let picture = svg_with_ids(&diagram, &caption("stale-syn", "two-way"), "here");
    assert!(picture.contains(">rcv SYN / snd SYN,ACK<"), "{picture}");
}

/// The picture can be read by programs and by those who do not see it, refers to nothing that is not in it, and draws nothing outside.
#[test]
fn every_picture_is_whole() {
    for preset in tcp_endpoint::presets::HANDSHAKES {
        let picture = svg_with_ids(&diagram("stale-syn", preset.name), &caption("stale-syn", preset.name), "here");
        let document = roxmltree::Document::parse(&picture).unwrap_or_else(|error| panic!("{}: {error}", preset.name));
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let described = root.children().find(|child| child.has_tag_name("desc")).and_then(|child| child.text());
        assert!(described.is_some_and(|words| words.contains("The run took: ")), "{described:?}");
        let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        assert!(!ids.is_empty() && ids.iter().all(|id| id.starts_with("here-")), "{ids:?}");
        for reference in picture.split("url(#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(ids.contains(&reference), "{reference} of {ids:?}");
        }
        let wide: f64 = root.attribute("width").and_then(|wide| wide.parse().ok()).expect("it has a width");
        for node in document.descendants().filter(|node| node.has_tag_name("text")) {
            let x: f64 = node.attribute("x").and_then(|x| x.parse().ok()).expect("it is somewhere");
            let letters = node.text().unwrap_or_default().chars().count();
            #[allow(clippy::cast_precision_loss, reason = "a count of letters")]
            let least = letters as f64 * 5.0;
            let (left, right) = match node.attribute("text-anchor") {
                Some("middle") => (x - least / 2.0, x + least / 2.0),
                Some("end") => (x - least, x),
                _ => (x, x + least),
            };
            assert!(left >= 0.0 && right <= wide, "{}: {:?}", preset.name, node.text());
        }
    }
}
