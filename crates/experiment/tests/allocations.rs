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
    let experiment = Experiment::parse("allocations", &text, &[]).expect("the experiment is sound");
    experiment.scenario(&experiment.variants()[0]).expect("it was checked when it was read")
}

/// How often the run of so many clients allocates, while a fold watches.
fn allocations(count: u64, link: &str, fold: &mut impl Fold) -> u64 {
    let scenario = clients(count, link);
    let info = measure(|| {
        simulate(&scenario, fold).expect("every link has a delay");
    });
    info.count_total
}

#[test]
fn a_steady_population_allocates_nothing() {
    let alone = |count| allocations(count, "", &mut ());
    assert_eq!(alone(8_000), alone(4_000), "four thousand more lives allocated something");
    let with_ledger = |count| allocations(count, "", &mut LedgerFold::new());
    assert_eq!(with_ledger(8_000), with_ledger(4_000), "the ledger allocated something for four thousand more lives");
}

/// There is room for one segment that had to be sent again; a life that lost two different ones, as one in twenty does,
/// takes more.
#[test]
fn few_lives_allocate_among_losses() {
    let (few, many) = (allocations(4_000, "loss = 0.05", &mut ()), allocations(8_000, "loss = 0.05", &mut ()));
    assert!(many - few < 4_000 / 15, "{} allocations by 4000 more lives", many - few);
}
