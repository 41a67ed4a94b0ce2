//! What the commands print, where, and with which exit status, when nothing is wrong with the input.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

/// Output of the command: standard output, standard error, exit status.
fn synlab(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = cargo_bin_cmd!("synlab").args(arguments).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// A path in the repository.
fn repository(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn run_draws_measures_and_judges() {
    let (out, err, code) = synlab(&["run", "stale-syn", "--handshake", "two-way"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(err, "");
    assert!(out.starts_with("stale-syn: What does one delayed, superseded SYN cost the server?\n"), "{out}");
    assert!(out.contains("├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1\n"), "{out}");
    assert!(!out.contains("in a row of its own"), "the legend is for terminals");
    assert!(out.contains("a ghost: nobody is there"), "{out}");
    assert!(out.lines().any(|line| line.starts_with("server.ghost.seconds") && line.ends_with(" 10795")), "{out}");
    let blamed = "a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000";
    assert!(out.lines().any(|line| line.starts_with(blamed)), "{out}");
    assert!(out.contains("\nok    "), "{out}");
    assert!(!out.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn run_explains_what_was_wasted_if_asked() {
    let run = |arguments: &[&str]| synlab(&[&["run", "stale-syn", "--handshake", "three-way"], arguments].concat()).0;
    let out = run(&["--explain"]);
    let (_, why) = out.split_once("\nWhat was held for nobody, and why\n").expect("it is explained");
    assert!(
        why.starts_with("1. server:80 ← client:49152 #1, a half-open entry, held for nobody from 5.000 s to 5.100 s")
    );
    let blame = "   To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).\n\n";
    let open = "Opens that failed or were slow, and why\n1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s";
    assert!(why.contains(&format!("{blame}{open} instead of 0.1 s\n")), "{why}");
    assert!(!run(&[]).contains("and why"), "only if asked");
    assert_eq!(run(&["--explain", "--quiet"]), "");
    assert_eq!(run(&["--explain", "--format", "json"]), run(&["--format", "json"]));
    assert!(
        synlab(&["run", "handshake", "--explain"])
            .0
            .contains("\n\nNothing was held for nobody.\n\nEvery open and every close went as it should.\n\n")
    );

    // What has one cause is told once, by its worst, unless all are wanted.
    let syn = r#"{ at = "1s", from = "client", ports = [PORT, 80], flags = "SYN", seq-raw = 1 }"#;
    let flood: Vec<String> = (6001..6013).map(|port: u16| syn.replace("PORT", &port.to_string())).collect();
    let flood = format!("inject=[{}]", flood.join(", "));
    let out = run(&["--explain", "--set", &flood]);
    let group = "\n1. 12 × a half-open entry at server:80, because of a forged segment: SYN to server:80: 384 B·s and\n   24 wasted segments\n";
    assert!(out.contains(group) && out.contains("\n2. ") && !out.contains("\n3. "), "{out}");
    let all = run(&["--explain", "--all", "--set", &flood]);
    assert!(all.contains("\n13. ") && !all.contains("… and"), "{all}");
}

#[test]
fn compare_explains_each_variant_if_asked() {
    let (out, _, code) = synlab(&["compare", "stale-syn", "--no-ladder", "--explain"]);
    assert_eq!(code, Some(0));
    assert_eq!(out.matches("\nWhat was held for nobody, and why\n1. server:80 ").count(), 4, "{out}");
    assert!(out.contains("\n\ntwo-way-rst\nWhat was held for nobody, and why\n"), "{out}");
    assert!(!synlab(&["compare", "stale-syn"]).0.contains("and why"));
}

#[test]
fn run_says_which_variant_it_chose_and_only_then() {
    assert!(synlab(&["run", "stale-syn"]).1.starts_with("running two-way (the file lists two-way, "));
    assert_eq!(synlab(&["run", "stale-syn", "--quiet"]), (String::new(), String::new(), Some(0)));
}

#[test]
fn run_as_json_is_one_object() {
    let (out, _, code) = synlab(&["run", "stale-syn", "--handshake", "two-way", "--format", "json", "--seed", "9"]);
    assert_eq!(code, Some(0));
    let object: Value = serde_json::from_str(&out).unwrap();
    let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "experiment",
        "file",
        "handshake",
        "teardown",
        "seed",
        "digest",
        "ended_at",
        "events",
        "metrics",
        "ledger",
        "expectations",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!((&object["experiment"], &object["handshake"]), (&"stale-syn".into(), &"two-way".into()));
    assert_eq!((&object["teardown"], &object["seed"]), (&"rfc9293".into(), &9.into()));
    let digest = object["digest"].as_str().unwrap();
    assert!(digest.len() == 32 && digest.chars().all(|digit| digit.is_ascii_hexdigit()), "{digest}");
    assert_eq!(object["ended_at"].as_f64(), Some(5.05));
    assert_eq!(object["metrics"]["server.ghost.connections"].as_u64(), Some(1));
    let resources = object["ledger"]["resources"].as_array().unwrap();
    let workers = resources.iter().find(|of| of["host"] == "server" && of["resource"] == "workers").unwrap();
    assert_eq!((&workers["unit"], workers["wasted"].as_f64()), (&"worker·s".into(), Some(10_795.0)));
    let cause = &workers["causes"][0];
    assert_eq!((&cause["cause"], cause["amount"].as_f64()), (&"delayed".into(), Some(10_795.0)));
    let packet = &cause["packet"];
    assert_eq!((&packet["from"], &packet["flags"]), (&"client".into(), &"S".into()));
    assert!(packet["id"].is_u64(), "the record of its sending: {packet}");
    assert_eq!(packet["words"], "SYN 0 of client, sent 0.000, arrived 5.000");
    assert_eq!(object["ledger"]["segments"]["wasted"], 1);
    let expectation = &object["expectations"][0];
    assert!(expectation["that"].is_string() && expectation["actual"].is_string(), "{expectation}");
    assert_eq!(expectation["passed"], true);
}

#[test]
fn a_run_repeats_and_a_seed_tells() {
    let digest = |seed: &str| {
        let out = synlab(&["run", "handshake", "--set", "link.loss=0.3", "--seed", seed, "--format", "json"]).0;
        serde_json::from_str::<Value>(&out).unwrap()["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(digest("1"), digest("1"));
    assert_ne!(digest("1"), digest("2"));
}

#[test]
fn the_queue_decides_nothing() {
    let run = |queue: &str| synlab(&["run", "stale-syn", "--format", "json", "--quiet", "--queue", queue]);
    assert_eq!(run("wheel"), run("reference"));
    assert_eq!(run("reference").2, Some(0));
    assert_eq!(synlab(&["verify", "stale-syn", "--queue", "reference"]).2, Some(0));
    assert_eq!(synlab(&["compare", "stale-syn", "--queue", "reference"]).2, Some(0));
    assert_eq!(synlab(&["run", "stale-syn", "--queue", "heap"]).2, Some(2));
}

#[test]
fn a_trace_is_held_against_a_recording() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let recording = |name: &str| repository(&format!("tests/linux/recordings/{name}.csv"));
    let experiment = repository("tests/linux/experiments/n1_client_close.toml");
    assert_eq!(synlab(&["run", &experiment, "--quiet", "--trace", &path("run.jsonl")]).2, Some(0));

    let (out, err, code) = synlab(&["trace-diff", &path("run.jsonl"), &recording("n1_client_close")]);
    assert_eq!((err.as_str(), code), ("", Some(0)), "{out}");
    assert!(out.ends_with("\nagrees\n"), "{out}");

    let (out, _, code) = synlab(&["trace-diff", &path("run.jsonl"), &recording("n2_server_close")]);
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(out.lines().filter(|line| line.contains('┤') && line.contains('≠')).count(), 1, "{out}");
    let (out, _, code) = synlab(&["trace-diff", "--quiet", &path("run.jsonl"), &recording("n2_server_close")]);
    assert!(out.starts_with("differs: ") && out.lines().count() == 1 && code == Some(1), "{out}");

    fs::write(path("bad.csv"), "t,kind,host\n0.1,seg,X\n").unwrap();
    let (out, err, code) = synlab(&["trace-diff", &path("run.jsonl"), &path("bad.csv")]);
    let message = format!("error: {}:2: `X` is no host: expected C, S, client or server\n", path("bad.csv"));
    assert_eq!((out.as_str(), err, code), ("", message, Some(2)));
    assert_eq!(synlab(&["trace-diff", &path("run.jsonl"), &path("none.csv")]).2, Some(2));
}

/// A capture goes to a file or to standard output, and what else the run prints and comes to is the same with it.
#[test]
fn a_capture_is_written_beside_the_result() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let run = ["run", "stale-syn", "--handshake", "two-way"];
    let (plain, ..) = synlab(&run);
    let (all, client) = (path("all.pcapng"), path("client.pcapng"));
    let of_client = format!("client={client}");
    let (out, err, code) = synlab(&[&run[..], &["--pcap", &all, "--pcap-host", &of_client]].concat());
    assert_eq!((out, err.as_str(), code), (plain.clone(), "", Some(0)));
    for file in [&all, &client] {
        let octets = fs::read(file).unwrap();
        assert_eq!(octets[..4], [0x0a, 0x0d, 0x0d, 0x0a], "a section header");
    }
    let result = path("result.txt");
    let output = cargo_bin_cmd!("synlab").args(run).args(["--pcap", "-", "-o", &result]).output().unwrap();
    assert_eq!(output.stdout, fs::read(&all).unwrap());
    assert_eq!(fs::read_to_string(result).unwrap(), plain);
}

/// A picture says which command makes it, and what else the command prints is the same with it.
#[test]
fn a_picture_is_drawn_beside_the_result() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let run = ["run", "stale-syn", "--handshake", "two-way", "--set", "link.delay=50 ms", "--until", "10 s"];
    let (plain, _, plain_code) = synlab(&run);
    let (picture, text) = (path("run.svg"), path("run.mmd"));
    let (out, err, code) = synlab(&[&run[..], &["--svg", &picture, "--mermaid", &text]].concat());
    assert_eq!((out, err.as_str(), code), (plain, "", plain_code));
    let drawn = fs::read_to_string(&picture).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"), "{drawn}");
    let command = "synlab run stale-syn --set 'link.delay=50 ms' --until '10 s' --handshake two-way";
    assert!(drawn.contains(command), "{drawn}");
    assert!(
        fs::read_to_string(&text).unwrap().starts_with("%% stale-syn: handshake two-way, teardown rfc9293, seed 7")
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing half-written is left");
    // On standard output it stands alone.
    let (out, ..) = synlab(&[&run[..], &["--svg", "-", "-o", &path("result")]].concat());
    assert_eq!(out, drawn);

    let compare = ["compare", "stale-syn", "--handshake", "two-way", "--handshake", "three-way"];
    let (plain, ..) = synlab(&compare);
    let (out, err, code) = synlab(&[&compare[..], &["--svg", &picture]].concat());
    assert_eq!((out, err.as_str(), code), (plain, "", Some(0)));
    let drawn = fs::read_to_string(&picture).unwrap();
    assert!(drawn.contains(">two-way</text>") && drawn.contains(">three-way</text>"), "{drawn}");
    // No ladder is needed for it, and no text.
    let json = synlab(&["compare", "stale-syn", "--no-ladder", "--format", "json", "--svg", &path("json.svg")]);
    assert_eq!(json.2, Some(0));
    assert!(fs::read_to_string(path("json.svg")).unwrap().contains(">three-way-silent</text>"));
}

#[test]
fn a_series_has_every_level_over_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("levels.csv");
    let run = ["run", "stale-syn", "--handshake", "two-way"];
    let (plain, ..) = synlab(&run);
    let (out, err, code) = synlab(&[&run[..], &["--series", file.to_str().unwrap()]].concat());
    assert_eq!((out, err.as_str(), code), (plain, "", Some(0)));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("time,host,level,unit,held,wasted\n0.000,client,SYN-SENT,connection,1,0\n"), "{text}");
    assert!(text.lines().any(|line| line == "5.000,server,ESTABLISHED,connection,1,1"), "a ghost: {text}");
    let (_, err, code) = synlab(&[&run[..], &["--series", "-", "--svg", "-", "-o", "x"]].concat());
    assert_eq!(code, Some(2), "two results on standard output: {err}");
}

#[test]
fn a_trace_is_a_record_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace.jsonl");
    let (_, err, code) = synlab(&["run", "stale-syn", "--quiet", "--trace", trace.to_str().unwrap()]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    let text = fs::read_to_string(&trace).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let syn = lines.iter().find(|line| line["kind"] == "segment").unwrap();
    assert_eq!((&syn["t"].to_string(), &syn["flags"]), (&"0.0".to_owned(), &"S".into()));
    assert_eq!((&syn["from"], &syn["to"]), (&"client".into(), &"server".into()));
    assert_eq!((&syn["seq"], &syn["ack"], &syn["len"]), (&0.into(), &Value::Null, &0.into()));
    assert_eq!((&syn["fate"], syn["delivered_at"][0].as_f64()), (&"delivered".into(), Some(5.0)));
    let state = lines.iter().find(|line| line["kind"] == "state").unwrap();
    assert_eq!((&state["host"], &state["peer"]), (&"client".into(), &"server".into()));
    assert_eq!((&state["from"], &state["to"]), (&"CLOSED".into(), &"SYN-SENT".into()));
    // A SYN has the number 0, also where it follows close upon another: here in the answer to the SYN that is late.
    let answers: Vec<&Value> = lines.iter().filter(|line| line["flags"] == "SA").collect();
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|line| line["seq"] == 0), "{answers:?}");
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["trace.jsonl"], "nothing else is left in the directory");

    let (lines, _, _) = synlab(&["run", "stale-syn", "--quiet", "--format", "jsonl"]);
    assert_eq!(lines, text, "the same records, on standard output");
}

#[test]
fn compare_puts_variants_side_by_side() {
    let (out, err, code) = synlab(&["compare", "stale-syn"]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    let head = out.lines().find(|line| line.starts_with("metric")).unwrap();
    let variants: Vec<&str> = head.split_whitespace().skip(2).collect();
    assert_eq!(variants, ["two-way", "two-way-rst", "three-way", "three-way-silent"]);
    let ghosts = out.lines().find(|line| line.starts_with("server.ghost.connections")).unwrap();
    assert_eq!(ghosts.split_whitespace().skip(1).collect::<Vec<_>>(), ["1", "1", "0", "0"]);
}

#[test]
fn compare_puts_ledgers_side_by_side() {
    let (out, _, _) = synlab(&["compare", "stale-syn", "--no-ladder"]);
    let (_, ledger) = out.split_once("\nheld ").expect("the ledger has a table of its own");
    let (_, nobody) = ledger.split_once("\nfor nobody\n").unwrap();
    let backlog = nobody.lines().find(|line| line.starts_with("  server: SYN backlog ")).unwrap();
    let cells: Vec<_> = backlog.split_whitespace().skip(3).collect();
    assert_eq!(cells, ["0", "0", "0.1", "place·s", "63", "place·s", "×630"]);
    assert!(
        ledger.contains("\nbecause of a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1)\n"),
        "{out}"
    );
}

#[test]
fn compare_draws_ladders_side_by_side() {
    let (out, _, code) = synlab(&["compare", "stale-syn", "--handshake", "two-way", "--handshake", "three-way"]);
    assert_eq!(code, Some(0));
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(out.lines().any(|line| words(line) == ["two-way", "three-way"]), "{out}");
    let both = out.lines().find(|line| line.contains("a ghost: nobody is there")).unwrap();
    assert!(both.contains("abandoned: nobody is there") && both.starts_with("    5.000 "), "{out}");
    assert!(out.lines().filter(|line| line.contains('│')).all(|line| line.chars().count() <= 100), "{out}");
    // What does not differ is left out, or the reader would have to look for what does.
    assert!(out.contains("⋮              11 rows alike              ⋮   ⋮"), "{out}");

    let (bare, _, _) = synlab(&["compare", "stale-syn", "--no-ladder"]);
    assert!(!bare.contains("SYN,ACK") && bare.contains("server.ghost.connections"), "{bare}");
    let (few, _, _) = synlab(&["compare", "stale-syn", "--rows", "5"]);
    assert!(few.contains(" more rows are not shown\n"), "{few}");
}

#[test]
fn ascii_is_ascii() {
    for arguments in [&["run", "stale-syn", "--handshake", "two-way", "--explain"][..], &["compare", "stale-syn"]] {
        let (out, _, code) = synlab(&[arguments, &["--ascii"]].concat());
        assert!(code == Some(0) && out.is_ascii() && out.contains("|-- SYN 0 "), "{out}");
    }
}

#[test]
fn compare_runs_the_variants_of_the_arguments() {
    let labels = |arguments: &[&str]| -> Vec<String> {
        let (out, err, code) = synlab(&[&["compare", "stale-syn", "--format", "json"], arguments].concat());
        assert!(code.is_some_and(|code| code < 2), "{err}");
        let runs: Value = serde_json::from_str(&out).unwrap();
        let label = |run: &Value| format!("{} {}", run["handshake"], run["teardown"]).replace('"', "");
        runs.as_array().unwrap().iter().map(label).collect()
    };
    assert_eq!(
        labels(&["--handshake", "syn-cookies"]),
        ["syn-cookies rfc9293"],
        "also one that the file does not list"
    );
    assert_eq!(
        labels(&["--handshake", "three-way", "--teardown", "no-time-wait", "--teardown", "rfc9293"]),
        ["three-way no-time-wait", "three-way rfc9293"]
    );
    let (_, err, code) = synlab(&["compare", "stale-syn", "--handshake", "tree-way"]);
    assert!(code == Some(2) && err.contains("did you mean `three-way`?"), "{err}");
}

#[test]
fn compare_draws_the_first_of_many_variants() {
    let many =
        r#"handshake=["two-way", "two-way-rst", "two-way-checked", "three-way-silent", "syn-cache", "three-way"]"#;
    let (out, err, code) = synlab(&["compare", "handshake", "--set", many]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("… 2 more variants are not drawn; choose with --handshake and --teardown\n"), "{out}");
    let names: Vec<&str> = out.lines().filter(|line| line.starts_with("   ") && line.contains("two-way")).collect();
    assert_eq!(names.len(), 2, "{out}");
    assert!(names[0].contains("two-way ") && names[0].ends_with("three-way"), "the base is beside the first: {out}");
}

#[test]
fn compare_as_json_is_a_flat_list_in_the_files_order() {
    let (out, _, code) = synlab(&["compare", "stale-syn", "--format", "json"]);
    assert_eq!(code, Some(0));
    let list: Value = serde_json::from_str(&out).unwrap();
    let handshakes: Vec<&str> = list.as_array().unwrap().iter().map(|run| run["handshake"].as_str().unwrap()).collect();
    assert_eq!(handshakes, ["two-way", "two-way-rst", "three-way", "three-way-silent"]);
    let alone = synlab(&["run", "stale-syn", "--handshake", "three-way", "--format", "json"]).0;
    assert_eq!(list[2], serde_json::from_str::<Value>(&alone).unwrap(), "the same run as on its own");
}

#[test]
fn a_result_goes_to_a_file_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("result.json");
    fs::write(&file, "old").unwrap();
    let (out, err, code) = synlab(&["compare", "stale-syn", "--format", "json", "-o", file.to_str().unwrap()]);
    assert_eq!((out.as_str(), err.as_str(), code), ("", "", Some(0)));
    assert!(serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap()).is_ok());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let (_, err, code) = synlab(&["compare", "no-such-case", "-o", file.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{err}");
    assert!(fs::read_to_string(&file).unwrap().starts_with('['), "a failed command leaves the old result");
}

#[test]
fn standard_output_can_be_named_even_when_it_is_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    for name in ["-", "/dev/stdout"] {
        let mut file = fs::File::create(&path).unwrap();
        writeln!(file, "before").unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("synlab"));
        command.args(["run", "stale-syn", "--quiet", "--format", "json", "-o", name]).stdout(file.try_clone().unwrap());
        assert!(command.status().unwrap().success());
        writeln!(file, "after").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("before\n{\n") && text.ends_with("}\nafter\n"), "{name}: {text}");
    }
}

#[test]
fn verify_checks_directories_files_and_cases_by_name() {
    let cases = repository("configs/cases");
    let file = repository("configs/cases/stale-syn.toml");
    let (out, err, _) = synlab(&["verify", &cases]);
    let names: Vec<&str> =
        out.lines().filter_map(|line| line.split_once(&cases)?.1.split_once(':')).map(|pair| pair.0).collect();
    assert!(names.len() > 10, "{out}{err}");
    assert!(names.is_sorted(), "{out}");
    let (out, _, code) = synlab(&["verify", &file, "stale-syn"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.starts_with(&format!("ok     {file}: ")), "{out}");
    assert!(out.ends_with("\n2 experiments: 2 hold, 0 do not\n"), "{out}");
}

#[test]
fn profiles_are_no_experiments() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("profiles")).unwrap();
    fs::write(directory.path().join("profiles/own.toml"), "this is no experiment").unwrap();
    fs::copy(repository("configs/cases/stale-syn.toml"), directory.path().join("one.toml")).unwrap();
    let (out, err, code) = synlab(&["verify", directory.path().to_str().unwrap()]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    assert!(out.ends_with("\n1 experiment: 1 hold, 0 do not\n"), "{out}");
}

#[test]
fn list_names_what_there_is() {
    for (topic, name) in [
        ("variants", "three-way"),
        ("axes", "syn-ack-timer"),
        ("profiles", "rfc9293"),
        ("metrics", "HOST.ghost.byte-seconds"),
        ("cases", "stale-syn"),
        ("claims", "05-waits-forever"),
        ("studies", "setup-time-under-loss"),
    ] {
        let (out, _, code) = synlab(&["list", topic]);
        assert_eq!(code, Some(0));
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name));
        assert!(line.is_some_and(|line| line.split_whitespace().count() > 2), "{topic}: {out}");
        assert!(synlab(&["list"]).0.contains(line.unwrap()));
    }
}

#[test]
fn list_says_what_an_axis_is_and_what_it_takes() {
    let (out, _, _) = synlab(&["list", "axes"]);
    for lines in [
        "\
commit                handshake  What a listener commits when a SYN arrives.
                                 connection | half-open | cache | nothing
",
        "\
data-check            handshake  Whether a listener's connection takes octets, and a FIN, only once
                                 a segment has acknowledged its initial sequence number; what comes
                                 with another acknowledgment before that is answered with a reset.
                                 true | false
",
        "\
time-wait-max         teardown   Most entries in TIME-WAIT, closed FIN-WAIT-2 included; beyond them
                                 a connection is forgotten at once.
                                 a whole number
",
        "\
time-wait-reuse       teardown   How long an entry in TIME-WAIT keeps this host from opening the
                                 same 4-tuple again, counted from its beginning, if both ends carry
                                 timestamps (Linux `tcp_tw_reuse` and `tcp_tw_reuse_delay`).
                                 a duration | forever
",
    ] {
        assert!(squeezed(&out).contains(&squeezed(lines)), "{lines}\n{out}");
    }
    let (out, _, _) = synlab(&["list", "variants"]);
    let three_way = "\
three-way          handshake  RFC 9293: the server is ESTABLISHED when its own sequence number is
                              acknowledged
                              on the wire: SYN; SYN-ACK; ACK
                              the server: LISTEN; SYN-RECEIVED on the SYN; ESTABLISHED on the ACK
                              from: RFC 9293 §3.5
";
    assert!(squeezed(&out).contains(&squeezed(three_way)), "{out}");
}

/// The words, however wide the columns are that they stand in.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn new_writes_an_experiment_that_runs_and_never_overwrites() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mine.toml");
    let path = file.to_str().unwrap();
    let (out, err, code) = synlab(&["new", path]);
    assert_eq!((out.as_str(), code), ("", Some(0)), "{err}");
    assert_eq!(synlab(&["run", path, "--quiet"]).2, Some(0));
    let before = fs::read_to_string(&file).unwrap();
    let (_, err, code) = synlab(&["new", path]);
    assert_eq!((err, code), (format!("error: {path} exists already\n"), Some(2)));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    assert_eq!(synlab(&["new"]).0, before);
}

#[test]
fn the_help_says_how_to_read_a_ladder() {
    for command in ["run", "compare"] {
        let (out, _, code) = synlab(&[command, "--help"]);
        assert_eq!(code, Some(0));
        assert!(out.contains("How to read a ladder:\n  SYN 0, ACK 1/101 "), "{out}");
        assert!(!synlab(&[command, "-h"]).0.contains("How to read"), "the short help is short");
    }
}

#[test]
fn schema_completions_and_version() {
    let (schema, _, code) = synlab(&["schema"]);
    assert_eq!(code, Some(0));
    assert!(serde_json::from_str::<Value>(&schema).unwrap()["properties"]["horizon"].is_object());
    let (schema, _, code) = synlab(&["schema", "trace"]);
    assert_eq!(code, Some(0));
    assert!(serde_json::from_str::<Value>(&schema).unwrap()["oneOf"].as_array().is_some_and(|kinds| kinds.len() > 10));
    for shell in ["bash", "zsh", "fish"] {
        assert!(synlab(&["completions", shell]).0.contains("verify"), "{shell}");
    }
    assert_eq!(synlab(&["--version"]).0, "synlab 0.1.0 (record format 5)\n");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    // More than a pipe holds, so that the writer meets the closed end.
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("synlab"))
        .args(["run", "stale-syn", "--format", "jsonl", "--quiet"])
        .args(["--set", "client.script=[\"connect\", \"send 2 MB\", \"close\"]"])
        .args(["--set", "server.script=[\"accept\", \"receive EOF\", \"close\"]"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(first.starts_with('{'));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.code().is_some_and(|code| code < 2), "{:?}", output.status);
}

/// Third message × reset are the four basic presets, by another name each, to the last record.
#[test]
fn compare_crosses_axes() {
    let axes = ["--axis", "third-message=on,off", "--axis", "reset=on,off"];
    let digests = |arguments: &[&str]| {
        let (out, err, code) = synlab(&[&["compare", "stale-syn", "--format", "json"], arguments].concat());
        assert_eq!(code, Some(0), "{err}");
        let runs: Value = serde_json::from_str(&out).unwrap();
        let of = |run: &Value| run["digest"].as_str().unwrap().to_owned();
        runs.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let presets = ["three-way", "three-way-silent", "two-way-rst", "two-way"];
    let presets: Vec<&str> = presets.iter().flat_map(|name| ["--handshake", *name]).collect();
    assert_eq!(digests(&axes), digests(&presets));

    let (out, _, _) = synlab(&[&["compare", "stale-syn", "--no-ladder"], &axes[..]].concat());
    let line = out.lines().rfind(|line| line.starts_with("server.ghost.seconds")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[2..], ["0", "+0.1", "0", "+10794.9"], "{out}");
    assert!(out.contains("On two-way: what each decision does by itself"), "{out}");

    let (_, err, code) = synlab(&["compare", "stale-syn", "--axis", "rest=on,off"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("did you mean `reset`?"), "{err}");
    let (_, err, code) = synlab(&["compare", "stale-syn", "--axis", "reset=on,off", "--axis", "reset=off,on"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("the axis is given twice"), "{err}");
    let (_, err, code) = synlab(&["compare", "stale-syn", "--axis", "proof=akc,none"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("--axis proof") && err.contains("did you mean `ack`?"), "{err}");
}
