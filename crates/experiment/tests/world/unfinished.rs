//! What is told of scripts that are not over when the run ends.

use crate::common::{CLIENT, Run, SERVER, accept, at, connect, ms, pair};
use experiment::record::{Awaited, Call, Event, Record, Unfinished};
use experiment::{Scenario, Step, Workers};

/// What the last records tell, each with the record that it goes back to.
fn unfinished(run: &Run) -> Vec<(&Record, Unfinished)> {
    let told = run.records.iter().filter_map(|record| match record.event {
        Event::Unfinished(unfinished) => Some((record, unfinished)),
        _ => None,
    });
    told.collect()
}

/// Who waits in which step, for what, since when, with how many octets.
fn waits(scenario: &Scenario) -> Vec<(u16, u32, Awaited, u64, u64)> {
    let run = Run::of(scenario);
    let told = unfinished(&run);
    assert!(told.iter().all(|(record, _)| record.at == scenario.horizon), "{}", run.text());
    let last = run.records.len() - told.len();
    assert!(
        told.iter().zip(last..).all(|((record, _), place)| record.id.place() as usize == place),
        "they are the last"
    );
    let wait =
        |(_, of): &(&Record, Unfinished)| (of.host.0, of.step, of.awaits, of.octets, of.since.as_nanos() / 1_000_000);
    told.iter().map(wait).collect()
}

#[test]
fn each_waits_for_the_other() {
    let client = vec![connect(), Step::Send(100.into()), Step::Receive(100), Step::Close];
    let server = vec![accept(), Step::Receive(101), Step::Send(100.into()), Step::CloseAtEnd];
    let mut scenario = pair("three-way", client, server);
    scenario.horizon = at(60_000);
    assert_eq!(waits(&scenario), [(CLIENT.0, 3, Awaited::Octets, 0, 100), (SERVER.0, 2, Awaited::Octets, 100, 150)]);
    let run = Run::of(&scenario);
    assert!(run.summary.ended_at < scenario.horizon, "they are no events");
    let [(client, of_client), (server, _)] = unfinished(&run)[..] else { panic!("two wait") };
    let cause = |record: &Record| &run.records[record.because.first().unwrap().place() as usize].event;
    assert!(matches!(cause(client), Event::Call { call: Call::Send(100), .. }));
    assert!(matches!(cause(server), Event::Call { call: Call::Receive { octets: 100, .. }, .. }));
    assert!(of_client.incarnation.is_some() && of_client.remote.is_some());
}

#[test]
fn whoever_is_over_or_listens_is_not_told() {
    let server = vec![accept(), Step::Receive(100), Step::CloseAtEnd];
    let scenario = pair("three-way", vec![connect(), Step::Send(100.into()), Step::Close], server);
    assert_eq!(waits(&scenario), []);
}

#[test]
fn each_kind_of_wait_has_its_word() {
    let ends = |client: Vec<Step>, server: Vec<Step>| {
        let mut scenario = pair("three-way", client, server);
        scenario.horizon = at(1000);
        scenario
    };
    let all = || vec![accept(), Step::ReceiveToEnd, Step::Close];
    let mut unanswered = ends(vec![connect()], all());
    unanswered.links.clear();
    assert_eq!(waits(&unanswered), [(CLIENT.0, 1, Awaited::Opening, 0, 0)]);
    let waiting = ends(vec![connect(), Step::Wait(ms(5000).into()), Step::Close], all());
    assert_eq!(
        waits(&waiting),
        [(CLIENT.0, 2, Awaited::Time, 0, 100), (SERVER.0, 2, Awaited::EndOfData, 0, 150)],
        "the client waits since it is open"
    );
    let works = vec![accept(), Step::Work(ms(5000).into()), Step::Close];
    let mut working = ends(vec![connect(), Step::CloseAtEnd], works);
    working.hosts[1].applications[0].workers = Workers::Asynchronous(1);
    let another = working.hosts[0].applications[0].clone();
    working.hosts[0].applications.push(another);
    let of_server: Vec<_> = waits(&working).into_iter().filter(|wait| wait.0 == SERVER.0).collect();
    assert_eq!(of_server, [(SERVER.0, 2, Awaited::Time, 0, 150), (SERVER.0, 2, Awaited::Worker, 0, 150)]);
}
