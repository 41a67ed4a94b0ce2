//! Arrivals and machines, from a file.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use net_link::{Delay, Empirical, Exponential, LogNormal, Pareto, Uniform};
use sim_time::{Duration, Instant};

use super::mistakes::errors_of;
use super::{BASIC, Experiment, first_scenario};
use crate::{Arrivals, OnOff, Process, Rate, Size, Step};

/// [`BASIC`] with these lines in its client.
fn with(client: &str) -> String {
    BASIC.replacen("[client]", &format!("[client]\n{client}"), 1)
}

fn arrivals_of(client: &str) -> Arrivals {
    let experiment = Experiment::parse("t.toml", &with(client), &[]).unwrap();
    first_scenario(&experiment).hosts[0].applications[0].arrivals.clone()
}

#[test]
fn reads_every_process() {
    let process = |text: &str| arrivals_of(&format!("arrivals = {{ {text} }}")).process;
    assert_eq!(process("at-once = 20"), Process::AtOnce(20));
    let times = [0, 5, 5].map(Duration::from_secs);
    assert_eq!(process(r#"at = ["0s", "5s", "5s"]"#), Process::At(times.into()));
    assert_eq!(process(r#"every = "50ms""#), Process::Every(Duration::from_millis(50)));
    assert_eq!(process(r#"poisson = "20 / s""#), Process::Poisson(Rate::per_second(20.0)));
    let (on, off) = (Duration::from_secs(1), Duration::from_secs(9));
    let bursts = |rate_off| Process::OnOff(OnOff { on, off, rate: Rate::per_second(50.0), rate_off });
    assert_eq!(process(r#"on-off = { on = "1s", off = "9s", rate = "50 / s" }"#), bursts(None));
    assert_eq!(
        process(r#"on-off = { on = "1s", off = "9s", rate = "50 / s", rate-off = "2 / s" }"#),
        bursts(Some(Rate::per_second(2.0)))
    );
    let limited = arrivals_of(r#"arrivals = { poisson = "20 / s", most = 7, until = "1 min" }"#);
    assert_eq!((limited.most, limited.until.map(Instant::as_nanos)), (Some(7), Some(60_000_000_000)));
}

#[test]
fn a_host_without_arrivals_has_a_session_on_each_machine() {
    assert_eq!(arrivals_of("machines = 3"), Arrivals::at_once(3));
}

#[test]
fn a_rate_can_be_set() {
    let text = with("arrivals = { poisson = \"20 / s\" }");
    let experiment = Experiment::parse("t.toml", &text, &["client.arrivals.poisson=2 / s".to_owned()]).unwrap();
    let process = &first_scenario(&experiment).hosts[0].applications[0].arrivals.process;
    assert_eq!(*process, Process::Poisson(Rate::per_second(2.0)));
}

#[test]
fn machines_have_addresses_that_depend_on_the_name_alone() {
    let addresses = |client: &str| {
        let experiment = Experiment::parse("t.toml", &with(client), &[]).unwrap();
        first_scenario(&experiment).hosts[0].addresses.clone()
    };
    let (three, five) = (addresses("machines = 3"), addresses("machines = 5"));
    assert_eq!((three[0], &three[..]), (Ipv4Addr::new(10, 0, 0, 1), &five[..3]));
    let stated = addresses("machines = 3\naddress = \"10.0.0.255\"");
    assert_eq!(stated, [[10, 0, 0, 255], [10, 0, 1, 0], [10, 0, 1, 1]].map(Ipv4Addr::from));
}

/// A file's path in a directory of this test's own, and what `Experiment::load` makes of it with a CSV beside it.
fn replayed(name: &str, csv: &str) -> Result<Process, Vec<String>> {
    let directory: PathBuf = std::env::temp_dir().join(format!("synlab-replay-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("t.toml");
    std::fs::write(directory.join("arrivals.csv"), csv).unwrap();
    std::fs::write(&file, with("arrivals = { replay = { csv = \"arrivals.csv\", column = \"start\" } }")).unwrap();
    let read = Experiment::load(&file.display().to_string(), &[]);
    std::fs::remove_dir_all(&directory).unwrap();
    let relative = |message: String| message.replace(&format!("{}/", directory.display()), "");
    match read {
        Ok(experiment) => Ok(first_scenario(&experiment).hosts[0].applications[0].arrivals.process.clone()),
        Err(errors) => Err(errors.as_slice().iter().map(|error| relative(error.to_string())).collect()),
    }
}

#[test]
fn replays_a_column() {
    let times = [0, 1250, 1300].map(Duration::from_millis);
    let csv = "# of a Tuesday\nclient,start\n7,0\n8,1.25\n\n9,1300ms\n";
    assert_eq!(replayed("good", csv), Ok(Process::At(times.into())));
}

#[test]
fn a_column_that_cannot_be_replayed_is_told_by_its_own_line() {
    for (name, csv, error) in [
        ("order", "start\n2\n\n1\n", "arrivals.csv:4:1: 1s comes after 2s: the times stand in their order"),
        (
            "negative",
            "start\n0\n-1\n",
            "arrivals.csv:3:1: expected seconds, or a duration such as 50ms, found `-1`: a duration cannot be negative",
        ),
        (
            "word",
            "n,start\n1,soon\n",
            "arrivals.csv:2:1: expected seconds, or a duration such as 50ms, found `soon`: a duration starts with a number, as in \"50ms\"",
        ),
        ("short", "n,start\n1\n", "arrivals.csv:2:1: the first row has 2 columns, and this one 1"),
        ("column", "n,begin\n1,2\n", "t.toml:5:23: arrivals.csv has no column `start` (expected one of `n`, `begin`)"),
        ("empty", "start\n", "t.toml:5:23: arrivals.csv has no row"),
    ] {
        assert_eq!(replayed(name, csv).unwrap_err(), [error], "{name}");
    }
}

#[test]
fn says_what_is_wrong_with_arrivals_and_machines() {
    for (client, error) in [
        ("machines = 0", "t.toml:5:12: a host is 1 to 1000000 machines"),
        ("machines = 3\naddress = \"255.255.255.254\"", "t.toml:6:11: there are not so many addresses from there on"),
        (
            "arrivals = { most = 1 }",
            "t.toml:5:12: when? one key of `at-once`, `at`, `every`, `poisson`, `on-off`, `replay`",
        ),
        (
            "arrivals = { every = \"1s\", poisson = \"1 / s\" }",
            "t.toml:5:38: `every` says already when: one key of them",
        ),
        ("arrivals = { poison = \"1 / s\" }", "t.toml:5:14: unknown key `poison` (did you mean `poisson`?)"),
        (
            "arrivals = { poisson = \"1\" }",
            "t.toml:5:24: a rate is a number, a stroke and a unit of time, as in \"20 / s\"",
        ),
        ("arrivals = { poisson = 20 }", "t.toml:5:24: expected a rate such as \"20 / s\", found the number 20"),
        ("arrivals = { at = [\"2s\", \"1s\"] }", "t.toml:5:19: 1s comes after 2s: the times stand in their order"),
        ("arrivals = { at = [] }", "t.toml:5:19: then nothing would ever happen"),
        ("arrivals = { at-once = 0 }", "t.toml:5:24: then nothing would ever happen"),
        ("arrivals = { every = \"0s\" }", "t.toml:5:22: expected a time between two, found none"),
        (
            "arrivals = { on-off = { on = \"0s\", off = \"1s\", rate = \"1 / s\" } }",
            "t.toml:5:23: a phase lasts longer than no time",
        ),
    ] {
        assert_eq!(errors_of(&with(client), &[]), [error], "{client}");
    }
    let served = BASIC.replacen("[server]", "[server]\narrivals = { at-once = 2 }", 1);
    assert_eq!(errors_of(&served, &[]), ["t.toml:7:1: there is nothing to begin: no script of the host is a client's"]);
    let many = BASIC.replacen("[server]", "[server]\nmachines = 2", 1);
    assert_eq!(errors_of(&many, &[]), ["t.toml:5:11: `server` is 2 machines, and a connection goes to one"]);
}

fn second_step(step: &str) -> Step {
    let text = BASIC.replacen("\"send 100 B\"", &format!("\"{step}\""), 1);
    first_scenario(&Experiment::parse("t.toml", &text, &[]).unwrap()).hosts[0].applications[0].steps[1].clone()
}

#[test]
fn a_script_draws_from_the_distributions_of_a_link() {
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let octets = Duration::from_nanos;
    let exponential = |min| Delay::Exponential(Exponential { mean: s(300), min });
    for (text, step) in [
        ("wait 5 s", Step::Wait(s(5).into())),
        ("wait exponential mean 5 min", Step::Wait(exponential(s(0)))),
        ("wait exponential mean 5 min, min 1 s", Step::Wait(exponential(s(1)))),
        ("work pareto min 10ms, shape 1.5", Step::Work(Delay::Pareto(Pareto { min: ms(10), shape: 1.5 }))),
        (
            "wait empirical 1 s, 2s, 2s",
            Step::Wait(Delay::Empirical(Empirical { values: vec![s(1), s(2), s(2)], weights: None })),
        ),
        ("send 2 kB", Step::Send(2000.into())),
        (
            "send log-normal median 10 kB, sigma 1",
            Step::Send(Size(Delay::LogNormal(LogNormal { median: octets(10_000), sigma: 1.0 }))),
        ),
        (
            "send uniform min 1 B, max 1 KiB",
            Step::Send(Size(Delay::Uniform(Uniform { min: octets(1), max: octets(1024) }))),
        ),
    ] {
        assert_eq!(second_step(text), step, "{text}");
    }
}

#[test]
fn says_what_is_wrong_with_a_distribution() {
    for (step, error) in [
        ("wait exponetial mean 5 s", "`exponetial` is no distribution (did you mean `exponential`?)"),
        ("wait exponential 5 s", "unknown key `5` (expected one of `mean`, `min`)"),
        ("wait exponential", "missing key `mean`"),
        ("wait exponential mean", "`exponential mean` lacks a value"),
        ("wait exponential mean 5", "expected a duration such as \"50ms\", found the number 5"),
        ("wait exponential mean 5 s, mean 6 s", "`mean` is said twice"),
        ("wait exponential mean 0 s", "expected a duration longer than zero, found the string \"0s\""),
        ("wait pareto min 1 s, shape 0", "expected a number above zero, found the number 0"),
        ("wait uniform min 2 s, max 1 s", "expected `min` (2s) to be no longer than `max` (1s)"),
        ("send uniform min 2 kB, max 1 kB", "expected `min` to be no larger than `max`"),
        ("send log-normal median 10, sigma 1", "expected a duration such as \"50ms\", found the number 10"),
        ("send log-normal median 10 kB, sigm 1", "unknown key `sigm` (did you mean `sigma`?)"),
        ("wait empirical", "expected at least one value in `values`"),
    ] {
        let text = BASIC.replacen("\"send 100 B\"", &format!("\"{step}\""), 1);
        assert_eq!(errors_of(&text, &[]), [format!("t.toml:5:22: {error}")], "{step}");
    }
}

#[test]
fn reads_a_flood_and_random_crashes() {
    let flood = "[[flood]]\nstart = \"5s\"\narrivals = { every = \"1s\" }\n";
    let crash = "crash-at-random = { after = { exponential = { mean = \"1 h\" } }, for = \"30s\" }";
    let text = with(crash) + flood;
    let scenario = first_scenario(&Experiment::parse("t.toml", &text, &[]).unwrap());
    let every = Process::Every(Duration::from_secs(1));
    let [flood] = &scenario.floods[..] else { panic!("one flood") };
    assert_eq!((flood.start.as_nanos(), flood.from, flood.to.0, flood.port), (5_000_000_000, None, 1, 80));
    assert_eq!(flood.arrivals.process, every);
    let failures = scenario.hosts[0].failures.as_ref().unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(failures.after, Delay::Exponential(Exponential { mean: hour, min: Duration::ZERO }));
    assert_eq!(failures.lasts, Delay::Constant(Duration::from_secs(30)));
}

#[test]
fn says_what_is_wrong_with_a_flood_a_crash_and_a_warm_up() {
    for (lines, error) in [
        ("[[flood]]", "t.toml:8:1: missing key `arrivals`"),
        (
            "[[flood]]\narrivals = { every = \"1s\" }\nto = \"sever\"",
            "t.toml:10:6: no host is called `sever` (did you mean `server`?)",
        ),
        (
            "[[flood]]\narrivals = { every = \"1s\" }\nfrom = \"server\"",
            "t.toml:10:8: a host is sent nothing from its own address",
        ),
        (
            "[[flood]]\narrivals = { every = \"1s\" }\nrate = 3",
            "t.toml:10:1: unknown key `rate` (expected one of `from`, `to`, `port`, `start`, `arrivals`)",
        ),
    ] {
        assert_eq!(errors_of(&format!("{BASIC}{lines}\n"), &[]), [error], "{lines}");
    }
    let nobodys = with("address = \"198.19.0.1\"") + "[[flood]]\narrivals = { every = \"1s\" }\n";
    assert_eq!(
        errors_of(&nobodys, &[]),
        ["t.toml:9:1: `client` has an address in 198.18.0.0/15, which this flood takes for nobody's"]
    );
    for (client, error) in [
        ("crash-at-random = { after = \"0s\", for = \"1s\" }", "t.toml:5:29: then it would never be up"),
        (
            "crash = [{ at = \"1s\" }]\ncrash-at-random = { after = \"1s\", for = \"1s\" }",
            "t.toml:6:19: a host crashes either as `crash` says or at random",
        ),
    ] {
        assert_eq!(errors_of(&with(client), &[]), [error], "{client}");
    }
    let warm = format!("warm-up = \"1h\"\n{BASIC}");
    assert_eq!(errors_of(&warm, &[]), ["t.toml:1:11: the run ends at 3600.000 s, before it is warm"]);
}
