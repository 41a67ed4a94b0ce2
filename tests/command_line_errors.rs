//! What the commands say when something is wrong: an expectation that does not hold (1), or the input (2).

use std::fs;

use assert_cmd::cargo::cargo_bin_cmd;
use tempfile::TempDir;

const FILE: &str = r#"question = "Does it open?"
horizon = "1min"
handshake = ["two-way", "three-way"]

[link]
delay = "50ms"

[client]
profile = "rfc9293"
script = ["connect", "close"]

[server]
profile = "rfc9293"
script = ["accept", "close on EOF"]

[[expect]]
that = "setup.seconds.max == 0.1 s"
because = "one round trip"
"#;

/// A directory with the experiment in it, changed.
fn experiment(from: &str, to: &str) -> (TempDir, String) {
    assert!(FILE.contains(from));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.toml");
    fs::write(&path, FILE.replace(from, to)).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

/// Output of the command: standard output, standard error, exit status.
fn synlab(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = cargo_bin_cmd!("synlab").args(arguments).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// Checks that `run` refuses the changed experiment, with `expected` after the file's name on standard error.
fn refuses(from: &str, to: &str, expected: &str) {
    let (_directory, path) = experiment(from, to);
    let (out, err, code) = synlab(&["run", &path]);
    assert_eq!((out.as_str(), code), ("", Some(2)), "{err}");
    assert_eq!(err.strip_prefix(&path), Some(expected), "{err}");
}

#[test]
fn an_expectation_that_does_not_hold() {
    let (_directory, path) = experiment("0.1 s", "0.2 s");
    let (out, _, code) = synlab(&["run", &path]);
    assert_eq!(code, Some(1));
    let verdict = "FAIL  setup.seconds.max == 0.2 s (one round trip)\n      line 17: setup.seconds.max = 0.1\n";
    assert!(out.contains(verdict), "{out}");
    let (out, err, code) = synlab(&["run", &path, "--quiet"]);
    assert_eq!(out, verdict);
    assert_eq!((err.as_str(), code), ("", Some(1)));
    let (out, _, code) = synlab(&["compare", &path]);
    assert_eq!((out.matches(verdict).count(), code), (2, Some(1)), "{out}");
    assert_eq!(synlab(&["run", &path, "--format", "json"]).2, Some(1));

    let (out, err, code) = synlab(&["verify", &path]);
    let failure = |variant: &str| {
        format!(
            "         line 17, {variant}: expected setup.seconds.max == 0.2 s (one round trip), \
             found setup.seconds.max = 0.1\n"
        )
    };
    assert_eq!(
        out,
        format!(
            "FAIL   {path}: 2 of 2 expectations, 2 variants\n{}{}1 experiment: 0 hold, 1 do not\n",
            failure("two-way"),
            failure("three-way")
        )
    );
    assert_eq!((err.as_str(), code), ("", Some(1)));
}

#[test]
fn a_segment_that_does_not_come() {
    let expected = "[[expect-segment]]\nfrom = \"client\"\nflags = \"RST\"\nbecause = \"it is a test\"\n\n[[expect]]";
    let (_directory, path) = experiment("[[expect]]", expected);
    let (out, _, code) = synlab(&["run", &path, "--handshake", "three-way", "--quiet"]);
    let found = "none, nearest: SYN seq 0 at 0.000 s";
    assert_eq!(out.lines().last(), Some(format!("      line 16: {found}").as_str()), "{out}");
    assert!(out.contains("FAIL  client sends RST (it is a test)\n"), "{out}");
    assert_eq!(code, Some(1));
    assert_eq!(synlab(&["compare", &path]).2, Some(1));
    let (out, _, code) = synlab(&["verify", &path]);
    let failure = format!("         line 16, two-way: expected client sends RST (it is a test), found {found}\n");
    assert!(out.starts_with(&format!("FAIL   {path}: 2 of 4 expectations, 2 variants\n{failure}")), "{out}");
    assert_eq!(code, Some(1));
}

/// `verify wrong.toml | head -0`: that nobody reads what failed does not make it hold.
#[test]
fn an_expectation_that_does_not_hold_and_nobody_reads_of() {
    let (_directory, path) = experiment("0.1 s", "0.2 s");
    for command in ["run", "compare", "verify"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut synlab = std::process::Command::new(assert_cmd::cargo::cargo_bin!("synlab"));
        let output = synlab.args([command, &path]).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!errors.contains("error"), "{command}: {errors}");
    }
}

/// A run that would never end ends soon, and says whose doing it is. Where the links have a delay, a delay is no help.
#[test]
fn a_script_that_repeats_without_ever_waiting() {
    let script = "script = [\"connect\", \"close\"]";
    let endless = |script: &str, delay: &str| {
        let text = FILE.replace("50ms", delay).replace("[\"connect\", \"close\"]", script);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.toml");
        fs::write(&path, text).unwrap();
        let (out, err, code) = synlab(&["run", path.to_str().unwrap(), "--no-ladder"]);
        assert_eq!((out.as_str(), code), ("", Some(2)), "{err}");
        err.split_once("two-way: ").expect(&err).1.to_owned()
    };
    assert!(FILE.contains(script));
    // The ports of a minute run out, and an open that fails takes no time.
    let message = endless(r#"["connect", "send 100 B", "close", "repeat"]"#, "1ms");
    assert!(
        message.contains(" s: the script of `client` fails at its step 1 (insufficient resources: no port)"),
        "{message}"
    );
    assert!(message.ends_with(" and repeats at once, 201 times so far; begin it with a `wait`\n"), "{message}");
    // Refused, in no time at all, for ever.
    let message = endless(r#"["connect server:81", "repeat"]"#, "0s");
    assert!(
        message.starts_with("time does not move on from 0.000 s: the script of `client` ends and repeats"),
        "{message}"
    );
    assert!(message.ends_with(" times so far; begin it with a `wait`, or give every link a delay\n"), "{message}");
}

#[test]
fn a_misspelt_key() {
    refuses(
        "delay = ",
        "delai = ",
        ":6:1: error: unknown key `delai`\n  |\n6 | delai = \"50ms\"\n  | ^^^^^\n  |\n  = help: did you mean `delay`?\n",
    );
}

#[test]
fn a_negative_delay() {
    refuses(
        "50ms",
        "-50ms",
        ":6:9: error: a duration cannot be negative\n  |\n6 | delay = \"-50ms\"\n  |         ^^^^^^^\n",
    );
}

#[test]
fn an_unknown_variant_in_the_file_and_in_the_arguments() {
    refuses(
        "\"three-way\"",
        "\"three-wy\"",
        ":3:25: error: unknown handshake `three-wy`\n  |\n3 | handshake = [\"two-way\", \"three-wy\"]\n  \
         |                         ^^^^^^^^^^\n  |\n  = help: did you mean `three-way`?\n",
    );
    let (out, err, code) = synlab(&["run", "stale-syn", "--handshake", "three-wy"]);
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert!(err.contains("unknown handshake `three-wy`") && err.contains("did you mean `three-way`?"), "{err}");
    let (_, err, code) = synlab(&["run", "stale-syn", "--teardown", "rfc1338"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("did you mean `rfc1337`?"), "{err}");
}

#[test]
fn an_override_is_checked_as_the_file_is() {
    let (out, err, code) = synlab(&["run", "stale-syn", "--set", "link.delai=1s"]);
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert!(err.starts_with("--set link.delai:1:"), "{err}");
    assert!(err.contains("= help: did you mean `delay`?"), "{err}");
}

#[test]
fn a_file_that_is_not_there_or_cannot_be_read() {
    let (_, err, code) = synlab(&["run", "stale-sin"]);
    assert_eq!(code, Some(2));
    assert_eq!(err, "stale-sin: error: neither a file nor a built-in case\n |\n = help: did you mean `stale-syn`?\n");
    let directory = tempfile::tempdir().unwrap();
    let binary = directory.path().join("binary.toml");
    fs::write(&binary, b"seed = 1\n# \xff\xfe").unwrap();
    let (_, err, code) = synlab(&["run", binary.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(err.ends_with("error: cannot be read: the octet at offset 11, in line 2, is not UTF-8\n"), "{err}");
}

#[test]
fn a_profile_or_a_directory_is_no_experiment() {
    let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
    let (_, err, code) = synlab(&["run", configs]);
    assert_eq!(code, Some(2));
    assert!(err.contains("is a directory, not an experiment") && err.contains("`synlab verify`"), "{err}");
    let (_, err, code) = synlab(&["verify", &format!("{configs}/profiles")]);
    assert_eq!(code, Some(2));
    assert!(err.contains("linux.toml: error: is a profile, not an experiment"), "{err}");
}

#[test]
fn a_fault_that_matches_nothing_is_said() {
    let fault = "[[link.fault]]\non = { flags = \"RST\" }\ndrop = true\n\n[client]";
    let (_directory, path) = experiment("[client]", fault);
    let note = "fault 1 (line 8) matched no segment\n";
    let (_, err, code) = synlab(&["run", &path, "--handshake", "two-way"]);
    assert_eq!((err.as_str(), code), (note, Some(0)));
    assert_eq!(synlab(&["run", &path, "--quiet"]).1, "");
    assert_eq!(synlab(&["compare", &path]).1, note);
    assert_eq!(synlab(&["verify", &path]).1, format!("{path}: {note}"));
    // A fault is at work if it is in one of the variants that are compared.
    let fault =
        "[[link.fault]]\non = { from = \"server\", flags = \"SYN-ACK\", nth = 1 }\ndelay = \"10ms\"\n\n[client]";
    let (_directory, path) = experiment("[client]", fault);
    assert_eq!(synlab(&["compare", &path]).1, "");
    let (_, err, _) = synlab(&["run", &path, "--handshake", "two-way", "--set", "link.fault.1.on.nth=9"]);
    assert_eq!(err, note);
    // Or if it is at work at a point of a sweep, which `verify` plays.
    let fault = "[[link.fault]]\non = { flags = \"SYN\", nth = 9 }\ndelay = \"10ms\"\n\n[client]";
    let sweep =
        "\n[sweep]\nmetrics = [\"segments.sent\"]\naxis = [{ key = \"link.fault.1.on.nth\", values = [1, 9] }]\n";
    for (more, said) in [(sweep, ""), ("", &format!("{path}: {note}")[..])] {
        fs::write(&path, FILE.replace("[client]", fault) + more).unwrap();
        assert_eq!(synlab(&["verify", &path]).1, said);
    }
    let set = "link.fault=[{ on = { nth = 99 }, drop = true }]";
    let (_, err, _) = synlab(&["run", &path, "--handshake", "two-way", "--set", set]);
    assert_eq!(err, "fault 1 (--set link.fault, line 1) matched no segment\n");
}

#[test]
fn an_injection_that_forges_nothing_is_said() {
    let segment = "from = \"client\"\nflags = \"R\"\nseq = 1\n";
    for (keys, why) in [
        ("at = \"1s\"\nconnection = 99\n", "its connection was not there by then"),
        ("at = \"1000000 s\"\n", "the run ends before"),
        ("at = \"1s\"\nports = [1, 80]\nfast-open = \"seen\"\n", "the cookie it shows was not seen by then"),
        (
            "after = { host = \"client\", calls = \"abort\" }\n",
            "its event did not happen in time, or its connection was not there by then",
        ),
        ("after = { host = \"client\", calls = \"abort\" }\nports = [1, 80]\n", "its event did not happen in time"),
    ] {
        let segment = if keys.contains("fast-open") { segment.replace('R', "S") } else { segment.to_owned() };
        let (_directory, path) = experiment("[client]", &format!("[[inject]]\n{segment}{keys}\n[client]"));
        let note = format!("inject 1 (line 8) forged no segment: {why}\n");
        assert_eq!(synlab(&["run", &path, "--handshake", "two-way"]).1, note, "{keys}");
        assert_eq!(synlab(&["compare", &path]).1, note, "{keys}");
        assert_eq!(synlab(&["verify", &path]).1, format!("{path}: {note}"), "{keys}");
        assert_eq!(synlab(&["run", &path, "--quiet"]).1, "");
    }
    let (_directory, path) = experiment("[client]", &format!("[[inject]]\n{segment}at = \"1s\"\n\n[client]"));
    assert_eq!(synlab(&["compare", &path]).1, "");
}

#[test]
fn a_result_that_cannot_be_written() {
    let (out, err, code) = synlab(&["run", "stale-syn", "--quiet", "-o", "/no/such/directory/result"]);
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert!(err.starts_with("error: cannot write /no/such/directory/result: "), "{err}");
}

#[test]
fn a_wrong_experiment_does_not_stop_the_others() {
    let (directory, path) = experiment("delay", "delai");
    fs::write(directory.path().join("a.toml"), FILE).unwrap();
    let (out, err, code) = synlab(&["verify", directory.path().to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(out.lines().next().unwrap().starts_with("ok     "), "{out}");
    assert!(out.contains(&format!("WRONG  {path}\n")), "{out}");
    assert!(out.ends_with("2 experiments: 1 hold, 0 do not, 1 could not be run\n"), "{out}");
    assert!(err.starts_with(&format!("{path}:6:1: error: unknown key `delai`\n")), "{err}");
}

#[cfg(unix)]
#[test]
fn a_link_back_is_followed_once() {
    let (directory, path) = experiment("delay", "delay");
    let below = directory.path().join("below");
    fs::create_dir(&below).unwrap();
    std::os::unix::fs::symlink(directory.path(), below.join("back")).unwrap();
    let (out, err, code) = synlab(&["verify", directory.path().to_str().unwrap()]);
    assert_eq!((out.matches(&path).count(), err.as_str(), code), (1, "", Some(0)), "{out}");
}

/// Whoever ends a run, by the keyboard or as a job's supervisor does, finds no half of a file.
#[cfg(unix)]
#[test]
fn a_run_that_is_ended_leaves_nothing_half_written() {
    for signal in ["-INT", "-TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let trace = directory.path().join("trace.jsonl");
        let mut synlab = std::process::Command::new(assert_cmd::cargo::cargo_bin!("synlab"));
        synlab.args(["run", "handshake", "--quiet", "--until", "1000000h", "--trace", trace.to_str().unwrap()]);
        let mut child =
            synlab.args(["--set", "client.script=[\"wait 1s\", \"connect\", \"close\", \"repeat\"]"]).spawn().unwrap();
        let entries = || fs::read_dir(directory.path()).unwrap().count();
        while entries() == 0 {
            assert_eq!(child.try_wait().unwrap(), None, "it runs until it is told to end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert_eq!((child.wait().unwrap().code(), entries()), (Some(130), 0), "{signal}");
    }
}

#[test]
fn nothing_to_verify() {
    let directory = tempfile::tempdir().unwrap();
    let (out, err, code) = synlab(&["verify", directory.path().to_str().unwrap()]);
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert!(err.ends_with("no experiment is below it\n"), "{err}");
}

#[test]
fn numbers_below_zero_are_read_as_numbers() {
    for (arguments, words) in [
        (["--seed", "-1"], "a seed is a whole number from 0 to 9007199254740991"),
        (["--until", "-5s"], "a duration cannot be negative"),
        (["--until", "0s"], "a run needs a horizon above zero"),
    ] {
        let (_, err, code) = synlab(&["run", "stale-syn", arguments[0], arguments[1]]);
        assert_eq!(code, Some(2));
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
}

#[test]
fn a_result_and_a_trace_in_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.jsonl");
    let path = path.to_str().unwrap();
    let (out, err, code) = synlab(&["run", "stale-syn", "--format", "jsonl", "-o", path, "--trace", path]);
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert_eq!(err, format!("error: --output and --trace both name {path}: each needs a file of its own\n"));
}

#[test]
fn a_picture_of_a_comparison_has_a_file_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.svg");
    let path = path.to_str().unwrap();
    let message = format!("error: --output and --svg both name {path}: each needs a file of its own\n");
    let (out, err, code) = synlab(&["compare", "stale-syn", "--svg", path, "-o", path]);
    assert_eq!((out.as_str(), err, code), ("", message, Some(2)));
    let (out, err, code) = synlab(&["compare", "stale-syn", "--svg", "-"]);
    assert_eq!((out.as_str(), code), ("", Some(2)));
    assert!(err.starts_with("error: --svg: a picture shares standard output with nothing else"), "{err}");
    // A run that comes to nothing leaves nothing, and what was there stays.
    std::fs::write(path, "old").unwrap();
    assert_eq!(synlab(&["compare", "stale-syn", "--svg", path, "--handshake", "none"]).2, Some(2));
    assert_eq!(std::fs::read_to_string(path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn captures_and_pictures_that_have_no_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.pcapng");
    let path = path.to_str().unwrap();
    let of_client = format!("client={path}");
    let stdout = "error: a capture or a picture shares standard output with nothing else: send the result elsewhere with --output FILE\n";
    for (arguments, expected) in [
        (
            &["--pcap", path, "--trace", path][..],
            format!("error: --trace and --pcap both name {path}: each needs a file of its own\n"),
        ),
        (
            &["--pcap-host", &of_client, "--pcap-host", &of_client],
            format!("error: --pcap-host names {path} twice: each needs a file of its own\n"),
        ),
        (
            &["--pcap-host", "clinet=x.pcapng"],
            "error: --pcap-host clinet: there is no such host; there are `client`, `server`\n".to_owned(),
        ),
        (&["--pcap", "-"], stdout.to_owned()),
        (&["--pcap", "-", "--quiet"], stdout.to_owned()),
        (&["--svg", "-"], stdout.to_owned()),
        (&["--mermaid", "-", "--quiet"], stdout.to_owned()),
        (
            &["--svg", path, "--mermaid", path],
            format!("error: --svg and --mermaid both name {path}: each needs a file of its own\n"),
        ),
        (
            &["--svg", "no/such/folder/x"],
            "error: cannot write no/such/folder/x: No such file or directory (os error 2)\n".to_owned(),
        ),
        (
            &["--pcap", "-", "--output", path, "--pcap-host", "client=-"],
            "error: --pcap and --pcap-host both name -: each needs a file of its own\n".to_owned(),
        ),
        (&["--pcap", "-", "--output", path, "--trace", "/dev/stdout"], stdout.to_owned()),
        (
            &["--pcap", "no/such/folder/x"],
            "error: cannot write no/such/folder/x: No such file or directory (os error 2)\n".to_owned(),
        ),
    ] {
        let all = [&["run", "stale-syn", "--handshake", "two-way"], arguments].concat();
        let (out, err, code) = synlab(&all);
        assert_eq!((out.as_str(), err, code), ("", expected, Some(2)), "{arguments:?}");
    }
    let (_, err, code) = synlab(&["run", "stale-syn", "--pcap-host", "client"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("expected HOST=FILE, as in client=client.pcapng"), "{err}");
    assert!(fs::read_dir(directory.path()).unwrap().next().is_none(), "nothing is left half-written");
}

#[test]
fn arguments_that_make_no_sense() {
    for arguments in [
        &["run"][..],
        &["run", "stale-syn", "--seed", "-1"],
        &["run", "stale-syn", "--seed", "9007199254740992"],
        &["run", "stale-syn", "--until", "5"],
        &["run", "stale-syn", "--format", "yaml"],
        &["list", "nothing"],
        &["dance"],
    ] {
        let (out, err, code) = synlab(arguments);
        assert_eq!((out.as_str(), code), ("", Some(2)), "{arguments:?}");
        assert!(err.starts_with("error: "), "{arguments:?}: {err}");
    }
}

#[test]
fn states_need_a_host_and_files_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x");
    let path = path.to_str().unwrap();
    for (arguments, message) in [
        (
            &["--host", "nobody"][..],
            "error: --host nobody: there is no such host; there are `client`, `server`\n".to_owned(),
        ),
        (
            &["--svg", path, "--dot", path],
            format!("error: --svg and --dot both name {path}: each needs a file of its own\n"),
        ),
        (
            &["--dot", path, "-o", path],
            format!("error: --output and --dot both name {path}: each needs a file of its own\n"),
        ),
    ] {
        let (out, err, code) = synlab(&[&["states", "stale-syn"], arguments].concat());
        assert_eq!((out.as_str(), err.as_str(), code), ("", message.as_str(), Some(2)), "{arguments:?}");
        assert!(!directory.path().join("x").exists(), "nothing is written");
    }
}
