//! A run allocates for what is alive, not for what happens: once a population has come to its size, nothing more.

use allocation_counter::measure;
use experiment::{Experiment, Scenario, simulate};

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

/// How often the run of so many clients allocates.
fn allocations(count: u64, link: &str) -> u64 {
    let scenario = clients(count, link);
    let info = measure(|| {
        simulate(&scenario, &mut ()).expect("every link has a delay");
    });
    info.count_total
}

#[test]
fn a_steady_population_allocates_nothing() {
    assert_eq!(allocations(8_000, ""), allocations(4_000, ""), "four thousand more lives allocated something");
}

/// There is room for one segment that had to be sent again; a life that lost two different ones, as one in twenty does,
/// takes more.
#[test]
fn few_lives_allocate_among_losses() {
    let (few, many) = (allocations(4_000, "loss = 0.05"), allocations(8_000, "loss = 0.05"));
    assert!(many - few < 4_000 / 15, "{} allocations by 4000 more lives", many - few);
}
