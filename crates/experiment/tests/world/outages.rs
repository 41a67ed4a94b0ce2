//! Hosts that crash and reboot: what is left of their connections and applications, and what becomes of arrivals.

use crate::common::{CLIENT, Run, SERVER, accept, at, connect, fault, ms, pair};
use experiment::record::{Blame, Call, Cause, Deaf, Event, Outcome, Record, What, Worth};
use experiment::{Account, Application, Arrivals, HostId, Ledger, Outage, Scenario, Step, Workers};
use net_link::{Kinds, ScriptedFate};
use sim_time::{Duration, Instant};
use tcp_endpoint::UserError;

/// The first crash of a run, which is to blame.
fn crash(run: &Run) -> Blame {
    let crashed = run.records.iter().find(|record| matches!(record.event, Event::Crashed { .. }));
    Blame { cause: Cause::Crash, record: crashed.map(|record| record.id) }
}

/// A request, a response, and a connection that stays open until 10 s.
fn patient() -> Scenario {
    let client = vec![connect(), Step::Send(100.into()), Step::Receive(100), Step::WaitUntil(at(10_000)), Step::Close];
    pair("three-way", client, vec![accept(), Step::Receive(100), Step::Send(100.into()), Step::CloseAtEnd])
}

fn down(host: HostId, crash: u64, reboot: Option<u64>, mut scenario: Scenario) -> Scenario {
    scenario.hosts[usize::from(host.0)].outages.push(Outage { at: at(crash), until: reboot.map(at) });
    scenario
}

fn later(start: Instant, steps: Vec<Step>) -> Application {
    let (lines, workers, arrivals) = (Vec::new(), Workers::Unlimited, Arrivals::at_once(1));
    Application { start, steps, lines, rounds: Some(1), workers, arrivals }
}

fn verdicts(run: &Run) -> Vec<(Instant, Worth)> {
    let verdict = |record: &Record| match record.event {
        Event::Judged { worth, .. } => Some((record.at, worth)),
        _ => None,
    };
    run.records.iter().filter_map(verdict).collect()
}

/// When the client's applications asked to connect, and what came of it.
fn connects(run: &Run) -> Vec<(Instant, Outcome)> {
    let connect = |record: &Record| match record.event {
        Event::Call { host: CLIENT, call: Call::Connect, outcome, .. } => Some((record.at, outcome)),
        _ => None,
    };
    run.records.iter().filter_map(connect).collect()
}

fn held(run: &Run, on: HostId) -> i64 {
    let changes = run.records.iter().flat_map(|record| &record.changes).filter(|change| change.host == on);
    let octets = changes.map(|change| match change.what {
        What::Held { octets, .. } => octets.cast_signed(),
        What::Released { octets, .. } => -octets.cast_signed(),
        _ => 0,
    });
    octets.sum()
}

#[test]
fn a_crash_sends_nothing_and_leaves_the_peer_bereft() {
    let run = Run::of(&Scenario { horizon: at(12_000), ..down(CLIENT, 2000, None, patient()) });
    assert_eq!(verdicts(&run), [(at(2000), Worth::Bereft(crash(&run)))]);
    assert_eq!((held(&run, CLIENT), held(&run, SERVER)), (0, 2048 + 512));
    run.check(&[
        ("server.bereft.seconds", 10.0),
        ("waste.crash.byte-seconds", 25_600.0),
        ("client.crashes", 1.0),
        ("client.down.seconds", 10.0),
        ("client.state.ESTABLISHED.seconds", 1.9),
        ("client.resets.sent", 0.0),
        ("data.lost.bytes", 0.0),
    ]);
}

/// The client's SYN is on its way when it crashes: what it brings about is useless from its birth, because of the crash.
#[test]
fn a_syn_of_a_crashed_host_makes_a_useless_entry() {
    let run = Run::of(&down(CLIENT, 20, Some(200), patient()));
    assert_eq!(verdicts(&run), [(at(50), Worth::Abandoned(crash(&run)))]);
    run.check(&[
        ("segments.unheard", 1.0),
        ("client.segments.unheard", 1.0),
        ("segments.stale", 1.0),
        ("server.half-open.abandoned-seconds", 1.1),
        ("client.attempts.refused", 0.0),
    ]);
    let unheard = run.records.iter().find(|record| matches!(record.event, Event::Unheard { .. })).expect("the SYN-ACK");
    assert_eq!(unheard.at, at(100));
    assert!(matches!(unheard.event, Event::Unheard { to: CLIENT, copy: 0, deaf: Deaf::Down }));
}

/// RFC 9293 §3.5.1 figure 10: what the server's peer says is for no connection.
#[test]
fn a_server_that_reboots_answers_with_a_reset_and_listens_again() {
    let mut scenario = down(SERVER, 2000, Some(3000), patient());
    scenario.hosts[0].applications[0].steps[3] = Step::WaitUntil(at(4000));
    let talk = vec![connect(), Step::Send(100.into()), Step::Receive(100), Step::Close];
    scenario.hosts[0].applications.push(later(at(5000), talk));
    Run::of(&scenario).check(&[
        ("client.attempts.reset", 1.0),
        ("client.attempts.established", 2.0),
        ("server.resets.sent", 1.0),
        ("data.delivered.bytes", 400.0),
    ]);
}

#[test]
fn octets_that_a_crash_wipes_out_are_lost() {
    let client = vec![connect(), Step::Send(1000.into()), Step::WaitUntil(at(10_000)), Step::Close];
    let server = vec![accept(), Step::Send(500.into()), Step::WaitUntil(at(5000)), Step::ReceiveToEnd, Step::Close];
    // The server has not read the client's octets, and the client not the server's.
    for host in [CLIENT, SERVER] {
        let run = Run::of(&down(host, 1000, None, pair("three-way", client.clone(), server.clone())));
        let lost = run.records.iter().filter_map(|record| match record.event {
            Event::DataLost { host, octets, .. } if record.at == at(1000) => Some((host, octets)),
            _ => None,
        });
        let expected = if host == CLIENT { (SERVER, 500) } else { (CLIENT, 1000) };
        assert_eq!(lost.collect::<Vec<_>>(), [expected]);
        assert_eq!(held(&run, host), 0);
    }
}

/// A script that has only waited goes on, at the reboot if it was due before; one that did more does not run again.
#[test]
fn applications_die_and_those_to_come_begin() {
    let one = |start: u64, wait_until: u64| {
        later(at(start), vec![Step::WaitUntil(at(wait_until)), connect(), Step::Send(10.into()), Step::Close])
    };
    let mut scenario = down(CLIENT, 2000, Some(3000), patient());
    scenario.hosts[0].applications[0].rounds = None;
    scenario.hosts[0].applications.extend([one(0, 5000), one(2500, 0), one(0, 2200), one(6000, 0), one(0, 1000)]);
    let run = Run::of(&scenario);
    let times: Vec<Instant> = connects(&run).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [at(0), at(1000), at(3000), at(3000), at(5000), at(6000)]);
}

#[test]
fn in_quiet_time_nothing_is_opened_or_heard() {
    let mut scenario = down(CLIENT, 2000, Some(3000), patient());
    scenario.hosts[0].settings.limits.selection.quiet_time = Duration::from_secs(120);
    scenario.hosts[1].applications[0].steps = vec![
        accept(),
        Step::Receive(100),
        Step::Send(100.into()),
        Step::WaitUntil(at(4000)),
        Step::Send(1.into()),
        Step::CloseAtEnd,
    ];
    for start in [122_999, 123_000] {
        scenario.hosts[0].applications.push(later(at(start), vec![connect(), Step::Close]));
    }
    let run = Run::of(&scenario);
    assert_eq!(connects(&run)[1..], [(at(122_999), Outcome::Failed(UserError::Quiet)), (at(123_000), Outcome::Done)]);
    run.check(&[
        ("client.attempts.kept-quiet", 1.0),
        ("client.attempts.port-in-use", 0.0),
        ("client.attempts.established", 2.0),
    ]);
    let quiet = |record: &&Record| matches!(record.event, Event::Unheard { deaf: Deaf::Quiet, .. });
    assert_eq!(run.records.iter().filter(quiet).map(|record| record.at).next(), Some(at(4050)));
    let rebooted = |record: &Record| matches!(record.event, Event::Rebooted { host: CLIENT, quiet_until } if quiet_until == at(123_000));
    assert!(run.records.iter().any(rebooted));
}

#[test]
fn a_host_may_crash_again_at_once() {
    let scenario = down(CLIENT, 2000, Some(2000), down(CLIENT, 1000, Some(2000), patient()));
    Run::of(&scenario).check(&[("client.crashes", 2.0), ("client.down.seconds", 1.0)]);
}

/// What is sent, lost, delivered, unheard and still under way adds up.
#[test]
fn every_copy_has_one_fate() {
    let mut scenario = down(SERVER, 2000, Some(9000), patient());
    scenario.hosts[0].applications[0].steps[3] = Step::Wait(ms(1000).into());
    scenario.hosts[0].applications[0].rounds = Some(8);
    let run = Run::of(&scenario);
    let value = |name: &str| run.summary.metrics.get(name).flatten().expect("a number");
    assert!(value("segments.unheard") > 2.0);
    assert_eq!(value("segments.unheard"), value("server.segments.unheard"));
    assert_eq!(
        value("segments.sent") - value("segments.lost") + value("segments.duplicated"),
        value("segments.delivered") + value("segments.unheard")
    );
}

/// The client's FIN outlives it and ends what the crash left bereft. What is held from then on, the server's application
/// holds for itself: it never closes its socket.
#[test]
fn a_connection_that_is_over_is_no_one_s_waste() {
    let client = vec![connect(), Step::ReceiveToEnd, Step::Close];
    let mut scenario = pair("three-way", client, vec![accept(), Step::Shutdown]);
    scenario.hosts[1].settings.teardown.time_wait = ms(0);
    scenario.hosts[0].outages = vec![Outage { at: at(1000), until: None }];
    scenario.links[0].config.fault = vec![fault(Kinds::FIN, ScriptedFate::Delay(ms(2800)))];
    scenario.horizon = at(10_000);
    let run = Run::of(&scenario);
    let ledger = Ledger::of(&run.records, scenario.horizon);
    let wasted: u128 = ledger.accounts.iter().map(Account::wasted).sum();
    assert_eq!(wasted, 2_000_000_000 * (2048 + 512), "{}", run.text());
    run.check(&[("server.memory.wasted-byte-seconds", 2.0 * 2560.0), ("server.bereft.seconds", 2.0)]);
}
