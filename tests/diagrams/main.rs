//! Pictures of runs: three pinned as text, one in Mermaid's text, and all of them held against the runs they show.
//!
//! `UPDATE_EXPECT=1 cargo test --test diagrams` rewrites the pinned ones; look at them in a browser, light and dark.

mod arrows;

use expect_test::{ExpectFile, expect_file};
use experiment::{Experiment, Summary, Variant, case, cases, simulate};
use report::diagram::{Caption, Diagram, Event, Look, ladder, mermaid, svg};
use report::{Colour, Hosts};
use sim_time::{Duration, Instant};
use synlab_tests::{metric, parse, scenario};

/// So many segments are drawn, as the command line has it.
const MOST: usize = 100;

fn experiment_of(name: &str) -> Experiment {
    let built_in = case(name).expect("it is built in");
    parse(&built_in.path, built_in.text)
}

/// A variant's run, as a diagram.
fn diagram_of(experiment: &Experiment, variant: &Variant) -> (Diagram, Summary) {
    let scenario = scenario(experiment, variant);
    let mut diagram = Diagram::new(Hosts::of(&scenario)).with_at_most(MOST);
    let summary = simulate(&scenario, &mut diagram).expect("time moves on");
    diagram.finish(scenario.horizon);
    (diagram, summary)
}

fn caption(experiment: &Experiment) -> Caption {
    Caption {
        title: experiment.question().unwrap_or_default().to_owned(),
        subtitle: format!("{}: seed {}, until {} s", experiment.name(), experiment.seed(), experiment.horizon()),
        command: format!("synlab run {}", experiment.name()),
    }
}

/// The picture of a case's variants side by side.
fn picture(name: &str, handshakes: &[&str]) -> String {
    let experiment = experiment_of(name);
    let of = |handshake: &&str| {
        let variant = experiment.variant(Some(handshake), None).expect("the case has it");
        (variant.label(), diagram_of(&experiment, &variant).0)
    };
    let diagrams: Vec<(String, Diagram)> = handshakes.iter().map(of).collect();
    let named: Vec<(&str, &Diagram)> = diagrams.iter().map(|(name, diagram)| (name.as_str(), diagram)).collect();
    let mut caption = caption(&experiment);
    if handshakes.len() > 1 {
        let chosen: String = handshakes.iter().map(|handshake| format!(" --handshake {handshake}")).collect();
        caption.command = format!("synlab compare {name}{chosen}");
    }
    svg(&named, &caption)
}

fn looks(name: &str, handshakes: &[&str], expected: &ExpectFile) {
    expected.assert_eq(&picture(name, handshakes));
}

/// A late segment through everything it missed, a ghost until the end of the run beside a half-open entry.
#[test]
fn a_stale_syn() {
    looks("stale-syn", &["two-way", "three-way"], &expect_file!["stale-syn.svg"]);
}

/// Segments that cross, and no server.
#[test]
fn a_simultaneous_open() {
    looks("simultaneous-open", &["three-way"], &expect_file!["simultaneous-open.svg"]);
}

/// A crash, a host that hears nothing, a lost segment's cross, three lifelines at most.
#[test]
fn a_crash_and_a_quiet_time() {
    looks("quiet-time", &["three-way"], &expect_file!["quiet-time.svg"]);
}

#[test]
fn mermaid_tells_the_same() {
    let experiment = experiment_of("stale-syn");
    let variant = experiment.variant(Some("two-way"), None).expect("the case has it");
    let (diagram, _) = diagram_of(&experiment, &variant);
    expect_file!["stale-syn.mmd"].assert_eq(&mermaid(&diagram, &caption(&experiment)));
}

/// Looks at every case.
fn every_experiment(look: impl FnMut(&Experiment)) {
    let all: Vec<Experiment> = cases().iter().map(|built_in| parse(&built_in.path, built_in.text)).collect();
    all.iter().for_each(look);
}

/// Looks at every variant of every case.
fn every_run(mut look: impl FnMut(&str, &Diagram, &Summary, &Experiment)) {
    every_experiment(|experiment| {
        for variant in experiment.variants() {
            let (diagram, summary) = diagram_of(experiment, &variant);
            look(&format!("{} {}", experiment.name(), variant.label()), &diagram, &summary, experiment);
        }
    });
}

/// In each ladder, however wide, each segment leaves once, and no line of up to three hosts is too long.
#[test]
fn every_ladder_is_whole() {
    every_run(|name, diagram, _, _| {
        let to_itself = diagram.segments.iter().filter(|segment| segment.from == segment.to).count();
        for width in [60, 80, 100, 140] {
            let drawn = ladder(diagram, Look { width, rows: usize::MAX, colour: Colour::Never });
            let sent = drawn.matches("├── ").count() + drawn.matches(" ──┤").count();
            assert_eq!(sent, diagram.segments.len() - to_itself, "{name}: {drawn}");
            let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(widest <= width || diagram.lifelines().len() > 3, "{name}: {widest} of {width}: {drawn}");
        }
    });
}

#[test]
fn every_picture_is_whole() {
    every_run(|name, diagram, summary, experiment| {
        let text = svg(&[(name, diagram)], &caption(experiment));
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"), "{name}");
        let child = |tag: &str| root.children().find(|child| child.has_tag_name(tag)).and_then(|child| child.text());
        assert_eq!(child("title"), experiment.question(), "{name}");
        let described = child("desc").unwrap_or_default();
        assert!(described.contains(&format!(" {name}:")), "{name}: {described}");
        // What refers to something finds it, and it is of this picture.
        let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let prefix = ids[0].split('-').next().unwrap_or_default();
        assert!(ids.iter().all(|id| id.starts_with(&format!("{prefix}-"))), "{name}: {ids:?}");
        for reference in text.split("url(#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(ids.contains(&reference), "{name}: {reference} of {ids:?}");
        }
        // Nothing is drawn outside, or nowhere.
        assert!(!text.contains("NaN") && !text.contains("inf"), "{name}");
        let view: Vec<f64> =
            root.attribute("viewBox").unwrap_or_default().split(' ').map(|part| part.parse().unwrap()).collect();
        for node in document.descendants() {
            for (attribute, most) in
                [("x", view[2]), ("x1", view[2]), ("x2", view[2]), ("y1", view[3]), ("y2", view[3])]
            {
                let Some(value) = node.attribute(attribute).and_then(|value| value.parse::<f64>().ok()) else {
                    continue;
                };
                assert!((-20.0..=most).contains(&value), "{name}: {attribute} {value} of {most}");
            }
        }
        // Each segment has an arrow, unless others go the same way at the same time: that arrow says how many.
        let class = |node: &roxmltree::Node<'_, '_>| node.attribute("class").unwrap_or_default().to_owned();
        let arrows = document.descendants().filter(|node| class(node).starts_with("arrow"));
        let arrows = arrows.filter(|node| node.parent().is_some_and(|parent| parent.has_tag_name("g"))).count();
        let copies: usize = diagram.segments.iter().map(|segment| segment.copies.len().max(1)).sum();
        let more = document.descendants().filter(|node| node.has_tag_name("title")).filter_map(|node| {
            let (_, more) = node.text()?.rsplit_once("\nand ")?;
            more.split_once(" more that go")?.0.parse::<usize>().ok()
        });
        assert_eq!(arrows - legend_arrows(&document) + more.sum::<usize>(), copies, "{name}");
        let sent = metric(summary, "segments.sent");
        #[allow(clippy::cast_precision_loss, reason = "a small count")]
        let told = diagram.totals.segments as f64;
        assert!((told - sent).abs() < 0.5, "{name}: {told} of {sent}");
    });
}

/// Arrows of the legend stand in no group of a diagram.
fn legend_arrows(document: &roxmltree::Document<'_>) -> usize {
    let is_diagram = |node: roxmltree::Node<'_, '_>| node.attribute("transform").is_some();
    let arrows =
        document.descendants().filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("arrow")));
    let outside = arrows.filter(|node| !node.ancestors().any(is_diagram));
    outside.filter(|node| node.parent().is_some_and(|parent| parent.has_tag_name("g"))).count()
}

/// Each arrow has a label that names what it shows, and no two arrows share a line: with one variant, and with all side by side.
#[test]
fn every_arrow_is_seen_and_named() {
    every_experiment(|experiment| {
        let of = |variant: &Variant| (variant.label(), diagram_of(experiment, variant).0);
        let diagrams: Vec<(String, Diagram)> = experiment.variants().iter().map(of).collect();
        let named: Vec<(&str, &Diagram)> = diagrams.iter().map(|(name, diagram)| (name.as_str(), diagram)).collect();
        for shown in named.iter().map(std::slice::from_ref).chain([&named[..]]) {
            let text = svg(shown, &caption(experiment));
            let document = roxmltree::Document::parse(&text).expect("it is XML");
            let panels = document
                .descendants()
                .filter(|node| node.attribute("transform").is_some_and(|to| to.starts_with("translate")));
            for (panel, (name, diagram)) in panels.zip(shown) {
                let arrows = arrows::of(panel);
                arrows::are_named(&format!("{} {name}", experiment.name()), &arrows, panel);
                arrows::are_apart(&format!("{} {name}", experiment.name()), &arrows);
                let told: usize = arrows.iter().map(|arrow| arrow.segments).sum();
                let copies: usize = diagram.segments.iter().map(|segment| segment.copies.len().max(1)).sum();
                assert_eq!(told, copies, "{} {name}", experiment.name());
            }
        }
    });
}

/// What the picture says was held for nobody is what the metrics say.
#[test]
fn waste_adds_up() {
    every_run(|name, diagram, summary, experiment| {
        let measured = metric(summary, "waste.byte-seconds");
        #[allow(clippy::cast_precision_loss, reason = "compared to nine digits")]
        let seconds = |held: i128| held as f64 / 1e9;
        let close = |told: f64| (told - measured).abs() <= 1e-9 * measured.max(1.0);
        let told = seconds(diagram.totals.useless(diagram.end));
        assert!(close(told), "{name}: the totals tell {told}, the metrics {measured}");
        // Where nothing is left out, each unit has its interval.
        if diagram.cut.is_none() && experiment.warm_up() == Instant::ZERO {
            let told = seconds(diagram.lives.iter().flat_map(|life| &life.waste).map(|waste| waste.held).sum());
            assert!(close(told), "{name}: the intervals tell {told}, the metrics {measured}");
        }
    });
}

#[test]
fn states_follow_one_another_without_a_gap() {
    every_run(|name, diagram, _, _| {
        for life in &diagram.lives {
            for pair in life.states.windows(2) {
                assert_eq!(pair[0].until, pair[1].from, "{name}");
            }
            for waste in &life.waste {
                let (first, last) = (life.states.first().expect("it lived"), life.states.last().expect("it lived"));
                assert!(first.from <= waste.from && waste.until <= last.until, "{name}: {waste:?}");
            }
        }
        let in_order = diagram.events.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        assert!(in_order, "{name}");
    });
}

/// The third message is called the ACK that it is, whatever it carries.
#[test]
fn the_third_message_is_an_ack() {
    let mut thirds = 0;
    every_run(|name, diagram, _, _| {
        for segment in diagram.segments.iter().filter(|segment| segment.third) {
            thirds += 1;
            let kind = segment.label.split(' ').next().unwrap_or_default();
            assert!(matches!(kind, "ACK" | "ACK,DATA" | "FIN,ACK"), "{name}: {}", segment.label);
        }
        let changed = diagram.events.iter().any(|(_, event)| matches!(event, Event::Changed(_)));
        assert!(changed, "{name}: connections change their states");
    });
    assert!(thirds > 100, "{thirds}");
}

/// The labels of an experiment's segments that are third messages.
fn thirds(experiment: &Experiment) -> Vec<String> {
    let (diagram, _) = diagram_of(experiment, &experiment.variants()[0]);
    diagram.segments.into_iter().filter(|segment| segment.third).map(|segment| segment.label).collect()
}

/// What is sent again because it was lost is the third message once more; ends that open at the same time have none.
#[test]
fn the_third_message_is_what_the_records_say() {
    let text = r#"
        seed = 1
        horizon = "10 s"
        handshake = ["three-way"]
        [link]
        delay = "50ms"
        [[link.fault]]
        on = { from = "client", nth = 2 }
        drop = true
        [client]
        script = ["connect", "send 100 B"]
        [server]
        script = ["accept"]
    "#;
    assert_eq!(thirds(&parse("third.toml", text)), ["ACK,DATA 1/1 100 B", "ACK,DATA 1/1 100 B"]);
    assert_eq!(thirds(&experiment_of("lost-handshake-ack-data")), ["ACK 1/1"]);
    assert_eq!(thirds(&experiment_of("simultaneous-open")), [""; 0]);
}

/// A segment is late if something of its own connection came before it, not if another connection was faster.
#[test]
fn late_is_said_of_a_connection() {
    let text = r#"
        seed = 1
        horizon = "10 s"
        handshake = ["three-way"]
        [link]
        delay = "50ms"
        [[link.fault]]
        on = { from = "client", flags = "FIN", nth = 1 }
        delay = "3 s"
        [[link.fault]]
        on = { from = "client", flags = "SYN", nth = 2 }
        delay = "100 ms"
        [client]
        arrivals = { every = "60 ms", most = 3 }
        script = ["connect", "close"]
        [server]
        script = ["accept", "close on EOF"]
    "#;
    let experiment = parse("late.toml", text);
    let (diagram, _) = diagram_of(&experiment, &experiment.variants()[0]);
    let late = diagram.segments.iter().filter(|segment| segment.copies.iter().any(|copy| copy.late));
    let late: Vec<String> = late.map(|of| format!("{} {} #{}", of.at, of.label, of.attempt.ordinal)).collect();
    assert_eq!(late, ["0.100 FIN,ACK 1/1 #1"]);
}

/// A flood is told by its totals, and drawn by its beginning.
#[test]
fn a_flood_is_told_first_and_drawn_in_part() {
    let experiment = experiment_of("syn-flood");
    let (diagram, _) = diagram_of(&experiment, &experiment.variants()[0]);
    let cut = diagram.cut.expect("it is too long to be drawn");
    assert!(diagram.segments.len() <= MOST && diagram.segments.iter().all(|segment| segment.at < cut));
    assert!(diagram.totals.segments > 3_000);
    let text = svg(&[("two-way", &diagram)], &caption(&experiment));
    // All of that is in the warm-up: of what is drawn and of what is counted each has a number of its own.
    assert!(diagram.warm > cut && diagram.totals.segments == 3_586);
    assert!(text.contains("Only the beginning is drawn, 60 of 5,"), "{text}");
    let counted = "segments, until 3.976 s; the counts are of the time that is measured, from 120 s on.";
    assert!(text.contains(counted), "{text}");
    assert!(text.contains("at server: a forged segment: SYN to server:80"), "{text}");
    assert!(text.len() < 200_000, "{}", text.len());
}

/// Where the warm-up is over is marked. A picture from there on has as many segments as are counted.
#[test]
fn the_end_of_the_warm_up_is_marked() {
    let experiment = experiment_of("syn-flood");
    let scenario = scenario(&experiment, &experiment.variants()[0]);
    let shown = "the beginning of what is measured".to_owned();
    let mut diagram = Diagram::new(Hosts::of(&scenario)).with_at_most(MOST).beginning(experiment.warm_up(), shown);
    simulate(&scenario, &mut diagram).expect("time moves on");
    diagram.finish(scenario.horizon);
    assert!(diagram.worst().is_some_and(|from| from == experiment.warm_up()), "{:?}", diagram.worst());
    let text = svg(&[("two-way", &diagram)], &caption(&experiment));
    assert!(text.contains(">measured from here on<"), "{text}");
    assert!(
        text.contains("Only the beginning of what is measured is drawn, 60 of 3,586 segments, from 120 s until"),
        "{text}"
    );
    // The ghosts of the warm-up are there, in one bar.
    assert!(text.contains("server: 487 in ESTABLISHED, held for nobody from 120 s"), "{text}");
    assert!(mermaid(&diagram, &caption(&experiment)).contains("120.000 s measured from here on"));
    let look = Look { width: 80, rows: 20, colour: Colour::Never };
    assert!(ladder(&diagram, look).contains("measured from here on"));
}

/// A ghost that comes when a picture of the beginning has long ended.
#[test]
fn the_worst_of_a_long_run_is_drawn() {
    let text = r#"
        seed = 1
        horizon = "60 s"
        handshake = ["two-way"]
        [link]
        delay = "50ms"
        [[link.fault]]
        on = { from = "client", flags = "SYN", nth = 150 }
        copies = ["50ms", "5 s"]
        [client]
        arrivals = { every = "100 ms", most = 300 }
        script = ["connect", "close"]
        [server]
        script = ["accept", "close on EOF"]
    "#;
    let experiment = parse("late.toml", text);
    let scenario = scenario(&experiment, &experiment.variants()[0]);
    let drawn = |diagram: Diagram| {
        let mut diagram = diagram.with_at_most(MOST);
        simulate(&scenario, &mut diagram).expect("time moves on");
        diagram.finish(scenario.horizon);
        diagram
    };
    let beginning = drawn(Diagram::new(Hosts::of(&scenario)));
    let from = beginning.worst().expect("the ghost comes after what is drawn");
    let ghost = Instant::ZERO + Duration::from_millis(20_000);
    assert!(from < ghost && ghost.since(from) < Duration::from_secs(2), "{from}");
    let window = drawn(Diagram::new(Hosts::of(&scenario)).beginning(from, "the worst".to_owned()));
    assert_eq!(window.totals.segments, beginning.totals.segments);
    assert!(window.segments.iter().all(|segment| segment.at >= from));
    let wasted: Vec<_> = window.lives.iter().flat_map(|life| &life.waste).map(|waste| waste.from).collect();
    assert_eq!(wasted.iter().filter(|at| at.since(from) < Duration::from_secs(3)).count(), wasted.len(), "{wasted:?}");
    let text = svg(&[("two-way", &window)], &caption(&experiment));
    assert!(text.contains("Only the worst is drawn, ") && text.contains("a ghost: nobody is there"), "{text}");
}

/// What has a meaning in the language of the picture means nothing in a name.
#[test]
fn words_are_only_words() {
    let experiment = experiment_of("handshake");
    let (diagram, _) = diagram_of(&experiment, &experiment.variants()[0]);
    let caption = Caption {
        title: "<b> & \"quotes\"; #1 \u{1}".to_owned(),
        subtitle: "a\nb".to_owned(),
        command: "synlab run 'a b'".to_owned(),
    };
    let text = svg(&[("<name>", &diagram)], &caption);
    let document = roxmltree::Document::parse(&text).expect("it is XML");
    let title = document.descendants().find(|node| node.has_tag_name("title")).and_then(|node| node.text());
    assert_eq!(title, Some("<b> & \"quotes\"; #1  "));
    let text = mermaid(&diagram, &caption);
    assert!(
        text.starts_with("%% a b\n%% synlab run 'a b'\nsequenceDiagram\n    title #lt;b#gt; & \"quotes\"#59; #35;1"),
        "{text}"
    );
}
