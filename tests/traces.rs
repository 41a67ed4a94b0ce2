//! Three runs, record by record, in words: what happened, because of what.

use expect_test::{ExpectFile, expect_file};
use experiment::record::RecordId;
use experiment::{case, simulate};
use report::{Causes, Chain, Hosts};
use synlab_tests::{parse, scenario};

fn reads(name: &str, handshake: &str, expected: &ExpectFile) {
    let built_in = case(name).expect("it is built in");
    let experiment = parse(&built_in.path, built_in.text);
    let variant = experiment.variant(Some(handshake), None).expect("the case has it");
    let scenario = scenario(&experiment, &variant);
    let mut causes = Causes::default();
    simulate(&scenario, &mut causes).expect("time moves on");
    let all = (0..u32::try_from(causes.len()).expect("a short run")).map(RecordId::new).collect();
    let mut told = Chain::new(Hosts::of(&scenario), all);
    simulate(&scenario, &mut told).expect("time moves on");
    expected.assert_eq(&told.render());
}

/// A connection that opens, asks, answers and closes in good order.
#[test]
fn an_orderly_life_takes_no_more_than_thirty_six_records() {
    let text = r#"
        handshake = ["three-way"]
        horizon = "10 min"
        [link]
        delay = "10 ms"
        [client]
        script = ["connect", "send 100 B", "receive 100 B", "close"]
        [server]
        script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]
    "#;
    let experiment = parse("life.toml", text);
    let mut causes = Causes::default();
    let of_life = scenario(&experiment, &experiment.variants()[0]);
    simulate(&of_life, &mut causes).expect("time moves on");
    assert!(causes.len() <= 36 + 1, "{}, with the one for the server's script, which begins to listen", causes.len());
}

#[test]
fn a_plain_handshake_and_close() {
    reads("handshake", "three-way", &expect_file!["traces/handshake.txt"]);
}

#[test]
fn a_stale_syn_makes_a_ghost() {
    reads("stale-syn", "two-way", &expect_file!["traces/stale-syn.txt"]);
}

#[test]
fn a_lost_last_ack_is_repaired() {
    reads("lost-last-ack", "three-way", &expect_file!["traces/lost-last-ack.txt"]);
}
