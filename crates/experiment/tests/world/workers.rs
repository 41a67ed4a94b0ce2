//! Who serves whom, and who has to wait for it.

use crate::common::{Run, SERVER, accept, at, connect, fault, ms, pair};
use experiment::record::{Blame, Call, Cause, Event, Record, Scarce, What, Worth};
use experiment::{Application, Arrivals, Ledger, Outage, Resource, Scenario, Step, Workers};
use net_link::{Kinds, ScriptedFate};
use sim_time::Instant;
use tcp_endpoint::Queue;

/// A server's script and its workers, and clients that open at these times.
fn served(handshake: &str, workers: Workers, script: Vec<Step>, clients: &[u64]) -> Scenario {
    let mut scenario = pair(handshake, vec![], script);
    scenario.hosts[1].applications[0].workers = workers;
    let client = |start: &u64| Application {
        start: at(*start),
        steps: vec![connect(), Step::Send(100.into()), Step::ReceiveToEnd, Step::Close],
        lines: Vec::new(),
        rounds: Some(1),
        workers: Workers::Unlimited,
        arrivals: Arrivals::at_once(1),
    };
    scenario.hosts[0].applications = clients.iter().map(client).collect();
    scenario.horizon = at(60_000);
    scenario
}

/// Takes the request, works for a second, and closes.
fn works() -> Vec<Step> {
    vec![accept(), Step::Receive(100), Step::Work(ms(1000).into()), Step::Send(10.into()), Step::Close]
}

fn times(run: &Run, of: impl Fn(&Event) -> bool) -> Vec<Instant> {
    run.records.iter().filter(|record| of(&record.event)).map(|record| record.at).collect()
}

fn accepts(run: &Run) -> Vec<Instant> {
    times(run, |event| matches!(event, Event::Call { call: Call::Accept, .. }))
}

fn works_begin(run: &Run) -> Vec<Instant> {
    changes(run, |what| matches!(what, What::Served { begins: true }))
}

/// When what changed, for each change of a kind.
fn changes(run: &Run, of: impl Fn(What) -> bool) -> Vec<Instant> {
    let times = |record: &Record| vec![record.at; record.changes.iter().filter(|change| of(change.what)).count()];
    run.records.iter().flat_map(times).collect()
}

#[test]
fn without_a_limit_all_are_served_at_once() {
    let run = Run::of(&served("three-way", Workers::Unlimited, works(), &[0, 0, 0]));
    assert_eq!(accepts(&run), [at(150); 3]);
    run.check(&[("server.workers.busy-peak", 3.0), ("server.clients.waits", 0.0)]);
}

#[test]
fn one_that_blocks_serves_one_after_the_other() {
    let run = Run::of(&served("three-way", Workers::Blocking(1), works(), &[0, 0, 0]));
    assert_eq!(accepts(&run), [at(150), at(1150), at(2150)]);
    run.check(&[
        ("server.workers.busy-peak", 1.0),
        ("server.workers.busy-seconds", 3.0),
        ("server.clients.waits", 2.0),
        ("server.clients.waits-by-waste", 0.0),
        ("server.clients.wait-seconds", 1.0 + 2.0),
        ("server.clients.turned-away", 0.0),
    ]);
}

/// The third's work has to wait for the first of two to be done; all are accepted at once.
#[test]
fn those_that_go_by_turns_are_busy_only_with_work() {
    let script = vec![
        accept(),
        Step::Receive(100),
        Step::Wait(ms(500).into()),
        Step::Work(ms(1000).into()),
        Step::Send(10.into()),
        Step::Close,
    ];
    let run = Run::of(&served("three-way", Workers::Asynchronous(2), script, &[0, 0, 0]));
    assert_eq!(accepts(&run), [at(150); 3]);
    assert_eq!(works_begin(&run), [at(650), at(650), at(1650)]);
    run.check(&[
        ("server.workers.busy-peak", 2.0),
        ("server.workers.busy-seconds", 3.0),
        ("server.clients.waits", 1.0),
        ("server.clients.wait-seconds", 1.0),
    ]);
}

/// A wait before `accept` is the worker's: it has none of its connection's time, and comes again before each.
#[test]
fn a_worker_waits_before_it_accepts() {
    let script = || [vec![Step::Wait(ms(400).into())], works()].concat();
    let run = Run::of(&served("three-way", Workers::Blocking(1), script(), &[0, 0]));
    assert_eq!(accepts(&run), [at(400), at(400 + 1000 + 400)]);
    // Where there is no end of workers, all of them have waited by then.
    let run = Run::of(&served("three-way", Workers::Unlimited, script(), &[0, 0, 300]));
    assert_eq!(accepts(&run), [at(400), at(400), at(450)]);
}

#[test]
fn a_client_whose_connection_ends_in_the_queue_is_turned_away() {
    let mut scenario = served("three-way", Workers::Blocking(1), works(), &[0, 0]);
    scenario.hosts[0].applications[1].steps = vec![connect(), Step::Wait(ms(500).into()), Step::Abort];
    let run = Run::of(&scenario);
    assert_eq!(accepts(&run).len(), 1);
    run.check(&[("server.clients.turned-away", 1.0), ("server.clients.wait-seconds", 0.45)]);
}

/// A stale SYN's ghost has the only worker: who comes next waits for as long as the ghost lives, and the ledger says
/// which packet is to blame.
#[test]
fn a_ghost_keeps_a_client_waiting() {
    let mut scenario = served("two-way", Workers::Blocking(1), works(), &[0, 10_000]);
    scenario.links[0].config.fault = vec![fault(Kinds::SYN, ScriptedFate::Delay(ms(8000)))];
    let run = Run::of(&scenario);
    run.check(&[
        ("server.ghost.connections", 1.0),
        ("server.clients.waits-by-waste", 1.0),
        ("server.clients.wait-by-waste-seconds", 60.0 - 10.05),
    ]);
    let blame = Some(Blame { cause: Cause::Delayed, record: Some(run.segment(0)) });
    let waits =
        |event: &Event| matches!(event, Event::Waits { scarce: Scarce::Workers, blame: of, .. } if *of == blame);
    assert_eq!(times(&run, waits), [at(10_050)]);
    let ledger = Ledger::of(&run.records, scenario.horizon);
    let clients = ledger.accounts.iter().find(|account| account.resource == Resource::Clients).expect("one waits");
    assert_eq!((clients.host, clients.useful, clients.wasted.len()), (SERVER, 0, 1));
    assert_eq!((Some(clients.wasted[0].0), clients.wasted[0].1), (blame, 49_950_000_000));
}

/// Workers die with their host, and as many are there again after the reboot.
#[test]
fn a_reboot_brings_new_workers() {
    let mut scenario = served("three-way", Workers::Blocking(1), works(), &[0, 0, 3000]);
    scenario.hosts[1].settings.limits.selection.quiet_time = ms(0);
    scenario.hosts[1].outages = vec![Outage { at: at(500), until: Some(at(2000)) }];
    scenario.hosts[0].applications[0].steps = vec![connect(), Step::Abort];
    let run = Run::of(&scenario);
    assert_eq!(accepts(&run).last(), Some(&at(3150)));
    let begun = works_begin(&run).len();
    let ended = changes(&run, |what| matches!(what, What::Served { begins: false })).len();
    assert_eq!(begun, ended);
}

/// A client gives up in the queue. Where the queue keeps what is over, the worker takes it up in its turn, only to learn
/// that; until then it takes the place of the third client.
#[test]
fn what_is_over_is_accepted_in_its_turn() {
    let mut scenario = served("three-way", Workers::Blocking(1), works(), &[0, 0, 800]);
    scenario.hosts[0].applications[1].steps = vec![connect(), Step::Wait(ms(500).into()), Step::Abort];
    let limits = &mut scenario.hosts[1].settings.limits;
    (limits.backlog.accept_backlog, limits.backlog.accept_queue_keeps_closed) = (1, true);
    let run = Run::of(&scenario);
    assert_eq!(accepts(&run), [at(150), at(1150), at(1950)], "the third's SYN of 1800 ms finds room");
    run.check(&[("server.clients.turned-away", 1.0), ("server.backlog.accept-dropped", 1.0)]);
    let held = changes(&run, |what| matches!(what, What::Held { .. })).len();
    let released = changes(&run, |what| matches!(what, What::Released { .. })).len();
    assert_eq!(held, released, "nothing is left");
}

#[test]
fn who_is_served_at_once_has_not_waited() {
    let run = Run::of(&served("two-way", Workers::Unlimited, vec![accept(), Step::Close], &[0]));
    run.check(&[("server.clients.waits", 0.0), ("server.workers.busy-seconds", 0.0)]);
}

/// Two clients ask within a round trip of a cache with one place. The second takes it from the first, whose answer is on
/// its way: ESTABLISHED by it, with nobody at the other end, that client learns by a reset.
#[test]
fn who_is_thrown_out_of_a_cache_is_harmed_by_who_came() {
    let mut scenario = served("syn-cache", Workers::Unlimited, works(), &[0, 20]);
    scenario.hosts[1].settings.limits.backlog.cache_entries = 1;
    let run = Run::of(&scenario);
    let is_full = |record: &&Record| matches!(record.event, Event::Overflow { queue: Queue::Cache, held: 1, .. });
    let full = Blame { cause: Cause::Capacity, record: run.records.iter().find(is_full).map(|record| record.id) };
    let bereft = |event: &Event| matches!(event, Event::Judged { worth: Worth::Bereft(blame), .. } if *blame == full);
    assert_eq!(times(&run, bereft), [at(100)]);
    run.check(&[
        ("client.bereft.seconds", 0.1),
        ("server.clients.waits", 1.0),
        ("server.clients.waits-by-waste", 0.0),
        ("server.clients.wait-seconds", 0.2 - 0.07),
        ("server.clients.turned-away", 1.0),
    ]);

    // A stale SYN throws out the second client: that is the packet's fault, whether its client is in TIME-WAIT or gone.
    for time_wait in [100, 240_000] {
        let mut scenario = served("syn-cache", Workers::Unlimited, works(), &[0, 5000]);
        scenario.hosts[1].settings.limits.backlog.cache_entries = 1;
        scenario.hosts[0].settings.teardown.time_wait = ms(time_wait);
        scenario.links[0].config.fault = vec![fault(Kinds::SYN, ScriptedFate::Delay(ms(5070)))];
        let run = Run::of(&scenario);
        let late = Blame { cause: Cause::Delayed, record: Some(run.segment(0)) };
        let waits = |event: &Event| matches!(event, Event::Waits { blame: Some(blame), .. } if *blame == late);
        assert_eq!(times(&run, waits), [at(5070)]);
        run.check(&[("server.clients.waits-by-waste", 1.0), ("server.clients.turned-away-by-waste", 1.0)]);
    }
}

/// Two clients ask within a round trip, and there is one place. A third's crash has left a connection that takes a worker,
/// but there is no end of workers, so that is not in anyone's way.
#[test]
fn what_is_useless_elsewhere_keeps_nobody_waiting() {
    for handshake in ["three-way", "syn-cache"] {
        let mut scenario = served(handshake, Workers::Unlimited, works(), &[5000, 5020]);
        let limits = &mut scenario.hosts[1].settings.limits;
        (limits.backlog.syn_backlog, limits.backlog.cache_entries) = (1, 1);
        let crash = Outage { at: at(1000), until: Some(at(2000)) };
        scenario.hosts[0].outages = vec![crash];
        scenario.hosts[0].settings.limits.selection.quiet_time = ms(0);
        let mut crashes = scenario.hosts[0].applications[0].clone();
        let open = Step::Connect { to: SERVER, port: 80, from: Some(6000), with: None, within: None };
        (crashes.start, crashes.steps) = (at(0), vec![open, Step::Wait(ms(10_000).into())]);
        scenario.hosts[0].applications.insert(0, crashes);
        let run = Run::of(&scenario);
        run.check(&[
            ("server.bereft.connections", 1.0),
            ("server.clients.waits", 1.0),
            ("server.clients.waits-by-waste", 0.0),
        ]);
    }
}

/// A client that comes back with its old name within the hold-down waits for it to be over.
#[test]
fn who_is_held_down_waits() {
    let mut scenario = served("two-way", Workers::Unlimited, works(), &[0, 2000]);
    scenario.hosts[1].settings.handshake.hold_down = ms(3000);
    for host in &mut scenario.hosts {
        host.settings.teardown.time_wait = ms(100);
    }
    for client in &mut scenario.hosts[0].applications {
        let Step::Connect { from, .. } = &mut client.steps[0] else { panic!("it connects first") };
        *from = Some(5000);
    }
    let run = Run::of(&scenario);
    let waits = |event: &Event| matches!(event, Event::Waits { scarce: Scarce::HoldDown, blame: None, .. });
    assert_eq!(times(&run, waits), [at(2050)]);
    run.check(&[
        ("server.hold-down.refused", 2.0),
        ("server.clients.waits", 1.0),
        ("server.clients.wait-seconds", 3.0),
        ("server.clients.turned-away", 0.0),
    ]);
}
