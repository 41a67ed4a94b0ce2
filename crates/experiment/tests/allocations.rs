//! A run allocates for what is alive, not for what happens: once a population has come to its size, nothing more.

use allocation_counter::measure;
use experiment::record::Fold;
use experiment::{Experiment, LedgerFold, Scenario, simulate};

/// Clients that come one a millisecond, over a link that does this besides delaying.
fn clients(count: u64, link: &str) -> Scenario {
    let text = format!(
        r#"
        horizon = "10min"
        handshake = ["three-way"]
        [link]
        delay = "10ms"
        {link}
        [client]
        time-wait = "1s"
        arrivals = {{ every = "1ms", most = {count} }}
        script = ["connect", "send 100 B", "receive 100 B", "close"]
        [server]
        script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]
        "#
    );
    scenario(&text)
}

/// Forged SYNs that come one a millisecond, to a server that waits three seconds for an answer to each.
fn flood(count: u64, handshake: &str, backlog: u64) -> Scenario {
    let text = format!(
        r#"
        horizon = "10min"
        handshake = ["{handshake}"]
        [link]
        delay = "10ms"
        [[flood]]
        arrivals = {{ every = "1ms", most = {count} }}
        [server]
        syn-backlog = {backlog}
        syn-ack-retries = 1
        script = ["accept", "close on EOF"]
        "#
    );
    scenario(&text)
}

fn scenario(text: &str) -> Scenario {
    let experiment = Experiment::parse("allocations", text, &[]).expect("the experiment is sound");
    experiment.scenario(&experiment.variants()[0]).expect("it was checked when it was read")
}

/// How often a run allocates, while a fold watches.
fn allocations(scenario: &Scenario, fold: &mut impl Fold) -> u64 {
    let info = measure(|| {
        simulate(scenario, fold).expect("every link has a delay");
    });
    info.count_total
}

#[test]
fn a_steady_population_allocates_nothing() {
    let alone = |count| allocations(&clients(count, ""), &mut ());
    assert_eq!(alone(8_000), alone(4_000), "four thousand more lives allocated something");
    let with_ledger = |count| allocations(&clients(count, ""), &mut LedgerFold::new());
    assert_eq!(with_ledger(8_000), with_ledger(4_000), "the ledger allocated something for four thousand more lives");
}

/// Whether the server keeps them all, turns them away, gives up the oldest or keeps nothing. (The ledger cannot: each forged
/// SYN is to blame for something, and it keeps them all.)
#[test]
fn a_steady_flood_allocates_nothing() {
    for (handshake, backlog) in [("three-way", 100_000), ("three-way", 100), ("syn-cache", 100), ("syn-cookies", 100)] {
        let alone = |count| allocations(&flood(count, handshake, backlog), &mut ());
        assert_eq!(alone(12_000), alone(6_000), "{handshake}, backlog {backlog}: more SYNs allocated something");
    }
}

/// There is room for one segment that had to be sent again; a life that lost two different ones, as one in twenty does,
/// takes more.
#[test]
fn few_lives_allocate_among_losses() {
    let lossy = |count| allocations(&clients(count, "loss = 0.05"), &mut ());
    let (few, many) = (lossy(4_000), lossy(8_000));
    assert!(many - few < 4_000 / 15, "{} allocations by 4000 more lives", many - few);
}
