//! Every class of mistake, with the exact place and words of its message.

use super::{BASIC, Experiment};

/// The messages for a file in which `from` was replaced by `to`.
fn messages(from: &str, to: &str) -> Vec<String> {
    assert!(BASIC.contains(from), "{from}");
    errors_of(&BASIC.replacen(from, to, 1), &[])
}

pub(super) fn errors_of(text: &str, sets: &[&str]) -> Vec<String> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    match Experiment::parse("t.toml", text, &sets) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.as_slice().iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn assert_table(table: &[(&str, &str, &str)]) {
    for (from, to, message) in table {
        assert_eq!(messages(from, to), [*message], "{from:?} replaced by {to:?}");
    }
}

#[test]
fn in_keys_and_values() {
    assert_table(&[
        ("", "sed = 1\n", "t.toml:1:1: unknown key `sed` (did you mean `seed`?)"),
        ("[client]", "[cleint]", "t.toml:4:2: unknown key `cleint` (did you mean `client`?)"),
        ("[client]", "[gateway]", "t.toml:4:2: unknown key `gateway` (a host of that name is [host.gateway])"),
        ("[server]", "[server]\ntime-wiat = \"1s\"", "t.toml:7:1: unknown key `time-wiat` (did you mean `time-wait`?)"),
        ("[server]", "[server]\ntime-wait = \"-5ms\"", "t.toml:7:13: a duration cannot be negative"),
        (
            "[server]",
            "[server]\ntime-wait = 5",
            "t.toml:7:13: expected a duration such as \"50ms\", found the number 5",
        ),
        ("[server]", "[server]\nisn = \"clok\"", "t.toml:7:7: unknown value `clok` (did you mean `clock`?)"),
        ("[server]", "[server]\nmss = 0", "t.toml:7:7: a segment carries at least one octet"),
        (
            "[server]",
            "[server]\ndelayed-ack = \"1s\"",
            "t.toml:7:15: an acknowledgment is delayed by less than 0.5 s (RFC 9293 MUST-40)",
        ),
        ("[server]", "[server]\nrto-max = \"10ms\"", "t.toml:7:11: below `rto-initial` (1s)"),
        ("[server]", "[server]\nrto-min = \"70s\"", "t.toml:7:11: above `rto-max` (60s)"),
        (
            "[server]",
            "[server]\nwindow = 1073741825",
            "t.toml:7:10: a window is at most 1073741824 octets, 2^30 (RFC 7323 §2.3)",
        ),
        (
            "[server]",
            "[server]\nmss = 65496",
            "t.toml:7:7: a segment carries at most 65495 octets (65535 less 40 of headers)",
        ),
        (
            "[server]",
            "[server]\nconnection-octets = 1099511627777",
            "t.toml:7:21: an entry takes at most 1099511627776 octets (1 TiB)",
        ),
        (
            "[server]",
            "[server]\nwindow-probe = \"octets\"",
            "t.toml:7:16: unknown value `octets` (did you mean `octet`?)",
        ),
        (
            "[server]",
            "[server]\nreceive-bufer = 1",
            "t.toml:7:1: unknown key `receive-bufer` (did you mean `receive-buffer`?)",
        ),
        (
            "[server]",
            "[server]\nreceive-buffer = -1",
            "t.toml:7:18: expected a whole number from 0 to 4294967295, found the number -1",
        ),
        ("[server]", "[server]\nport = 0", "t.toml:7:8: port 0 names no port"),
        ("[server]", "[server]\naddress = \"10.0.0.1\"", "t.toml:7:11: `client` has the address 10.0.0.1 already"),
        ("[server]", "[server]\nprofile = \"lunix\"", "t.toml:7:11: unknown profile `lunix` (did you mean `linux`?)"),
        ("[server]", "[host.client]", "t.toml:6:7: the host `client` is described twice"),
        ("[server]", "[host.setup]", "t.toml:6:7: `setup` cannot name a host: the word has a meaning of its own"),
        ("[server]", "[host.\"a b\"]", "t.toml:6:7: a host's name is a word of letters, digits, `-` and `_`"),
        (
            "horizon = \"1h\"",
            "",
            "t.toml:1:1: missing key `horizon` (add the end of the run, such as horizon = \"10 min\")",
        ),
        ("horizon = \"1h\"", "horizon = \"0s\"", "t.toml:2:11: a run needs a horizon above zero"),
        ("horizon = \"1h\"", "horizon = 1h", "t.toml:2:11: string values must be quoted, expected literal string"),
        ("", "seed = 9007199254740992\n", "t.toml:1:8: a seed is a whole number from 0 to 9007199254740991"),
        ("", "seed = -1\n", "t.toml:1:8: a seed is a whole number from 0 to 9007199254740991"),
        ("", "seed = 1\nseed = 2\n", "t.toml:2:1: duplicate key"),
    ]);
}

#[test]
fn a_policy_that_a_variant_would_override_is_refused() {
    let [message] = messages("[server]", "[server]\nunexpected = \"silence\"").try_into().unwrap();
    assert_eq!(
        message,
        "t.toml:7:1: `unexpected` is the handshake's to decide, so it would have no effect here (write handshake = \
         { name = \"my-own\", base = \"three-way\", unexpected = … })"
    );
}

#[test]
fn of_two_values_that_contradict_each_other_the_one_the_user_gave_is_named() {
    let messages = errors_of(BASIC, &["client.rto-min=70s"]);
    assert_eq!(messages, ["--set client.rto-min:1:16: above `rto-max` (60s)"]);
}

#[test]
fn in_ports_and_crashes() {
    assert_table(&[
        (
            "[server]",
            "[server]\nephemeral-ports = \"5000\"",
            "t.toml:7:19: `5000` is no range of ports: expected FIRST-LAST, from 1 to 65535",
        ),
        (
            "[server]",
            "[server]\nephemeral-ports = \"9-8\"",
            "t.toml:7:19: `9-8` is no range of ports: expected FIRST-LAST, from 1 to 65535",
        ),
        (
            "[server]",
            "[server]\nephemeral-ports = 5000",
            "t.toml:7:19: expected a range of ports such as \"49152-65535\", found the number 5000",
        ),
        (
            "[server]",
            "[server]\nport-selection = \"rando\"",
            "t.toml:7:18: unknown value `rando` (did you mean `random`?)",
        ),
        ("[server]", "[server]\ncrash = \"1s\"", "t.toml:7:9: expected a list, found the string \"1s\""),
        ("[server]", "[[server.crash]]\nfor = \"1s\"\n[server]", "t.toml:6:1: missing key `at`"),
        (
            "[server]",
            "[server]\ncrash = [{ at = 3 }]",
            "t.toml:7:17: expected a duration such as \"50ms\", found the number 3",
        ),
        (
            "[server]",
            "[server]\ncrash = [{ at = \"3s\", fro = \"1s\" }]",
            "t.toml:7:23: unknown key `fro` (did you mean `for`?)",
        ),
        (
            "[server]",
            "[server]\ncrash = [{ at = \"3s\" }, { at = \"1s\", for = \"2.5s\" }]",
            "t.toml:7:17: the host is still down then, from its crash at 1s",
        ),
        (
            "[server]",
            "[server]\ncrash = [{ at = \"3s\" }, { at = \"4s\" }]",
            "t.toml:7:32: the host is still down then, from its crash at 3s",
        ),
    ]);
}

#[test]
fn in_links() {
    assert_table(&[
        ("[link]", "[link]\ndelya = \"1s\"", "t.toml:4:1: unknown key `delya` (did you mean `delay`?)"),
        ("[link]", "[link]\ndelay = \"1\"", "t.toml:4:9: a duration needs a unit: ns, us, ms, s, min, h or d"),
        (
            "[link]",
            "[link.client-sever]",
            "t.toml:3:7: `client-sever` names no two hosts of this file (did you mean `client-server`?)",
        ),
        (
            "[link]",
            "[link.client-server]\n[link.server-client]",
            "t.toml:4:7: the link between these two is described twice, as `client-server`",
        ),
        (
            "[link]",
            "[[link.fault]]\non = { from = \"cleint\", flags = \"SYN\" }\ndelay = \"5s\"",
            "t.toml:4:15: no `cleint` sends on this link (did you mean `client`?)",
        ),
        (
            "[link]",
            "[link]\n[[link.client-to-server.fault]]\non = { from = \"server\" }\ndrop = true",
            "t.toml:5:15: no `server` sends on this link (expected `client`)",
        ),
        ("[link]", "[link]\ndelay = { empirical = [] }", "t.toml:4:23: expected a table, found a list"),
        ("[link]", "[link]\nloss = 2", "t.toml:4:8: expected a probability from 0 to 1, found the number 2"),
        (
            "[link]",
            "[[link.fault]]\non = { flags = [\"SYN\", \"FNI\"] }\ndrop = true",
            "t.toml:4:24: unknown value `FNI` (did you mean `FIN`?)",
        ),
        ("[link]", "[link]\nqueue = \"5 packets\"", "t.toml:4:1: nothing waits on a line without `rate`"),
        (
            "[link]",
            "[link.server-to-client]",
            "t.toml:5:11: no link leads from `client` to `server` (add [link] or [link.client-server])",
        ),
    ]);
}

#[test]
fn in_a_list_of_more_faults_than_a_link_can_number() {
    let faults = "{ drop = true }, ".repeat(65_537);
    let text = format!("[link]\nfault = [{faults}]");
    assert_eq!(messages("[link]", &text), ["t.toml:4:1: a link has at most 65536 faults"]);
}

#[test]
fn in_variants() {
    assert_table(&[
        ("", "handshake = \"tree-way\"\n", "t.toml:1:13: unknown handshake `tree-way` (did you mean `three-way`?)"),
        ("", "handshake = [\"two-way\", 3]\n", "t.toml:1:25: expected a handshake's name or table, found the number 3"),
        ("", "handshake = []\n", "t.toml:1:13: the list of handshakes is empty"),
        ("", "handshake = [\"two-way\", \"two-way\"]\n", "t.toml:1:25: the handshake `two-way` is listed twice"),
        ("", "handshake = { base = \"two-way\" }\n", "t.toml:1:13: missing key `name`"),
        ("", "handshake = { name = \"a/b\" }\n", "t.toml:1:22: a name consists of letters, digits, `-`, `_` and `.`"),
        (
            "",
            "handshake = { name = \"x\", base = \"two\" }\n",
            "t.toml:1:34: unknown handshake `two` (expected one of `delta-t`, `fast-open`, `syn-cache`, `syn-cookies`, `t-tcp`, \
             `three-way`, `three-way-silent`, `two-way`, `two-way-checked`, `two-way-hold-down`, `two-way-rst`)",
        ),
        (
            "",
            "handshake = { name = \"x\", unexpectd = \"reset\" }\n",
            "t.toml:1:27: unknown key `unexpectd` (did you mean `unexpected`?)",
        ),
        (
            "",
            "handshake = { name = \"x\", unexpected = \"rst\" }\n",
            "t.toml:1:40: unknown value `rst` (expected one of `reset`, `silence`)",
        ),
        ("", "teardown = \"rfc1336\"\n", "t.toml:1:12: unknown teardown `rfc1336` (did you mean `rfc1337`?)"),
    ]);
}

/// Mistakes in the client's script, which stands on line 5.
#[test]
fn in_scripts() {
    for (script, message) in [
        (r#"["conect", "close"]"#, "t.toml:5:11: unknown step `conect` (did you mean `connect`?)"),
        (r#"["connect sevrer", "close"]"#, "t.toml:5:11: no host is called `sevrer` (did you mean `server`?)"),
        (r#"["connect client"]"#, "t.toml:5:11: `client` cannot connect to itself"),
        (r#"["connect server:0"]"#, "t.toml:5:11: `0` is not a port: expected a number from 1 to 65535"),
        (
            r#"["connect from"]"#,
            "t.toml:5:11: expected `connect [HOST[:PORT]] [from PORT] [with [all] SIZE] [within DURATION]`",
        ),
        (r#"["connect within 3"]"#, "t.toml:5:11: `3`: a duration needs a unit: ns, us, ms, s, min, h or d"),
        (
            r#"["connect", "send 100"]"#,
            "t.toml:5:22: the size `100` needs a unit (expected B, kB, MB, GB, KiB, MiB or GiB)",
        ),
        (
            r#"["connect", "send 1 KB"]"#,
            "t.toml:5:22: unknown unit of size `KB` (expected B, kB, MB, GB, KiB, MiB or GiB)",
        ),
        (r#"["connect", "send 0 B"]"#, "t.toml:5:22: a size of at least one octet is needed"),
        (r#"["connect", "receive"]"#, "t.toml:5:22: expected a size such as `100 B`, found ``"),
        (r#"["connect", "wait"]"#, "t.toml:5:22: expected a duration, as in `wait 50ms`"),
        (r#"["connect", "close at EOF"]"#, "t.toml:5:22: expected `close` or `close on EOF`"),
        (r#"["send 1 B"]"#, "t.toml:5:11: `send` needs a connection: `connect` or `accept` comes first"),
        (r#"["connect", "accept"]"#, "t.toml:5:22: only `wait` may come before `accept` in a script"),
        (r#"["connect", "connect"]"#, "t.toml:5:22: the script has a connection already"),
        (r#"["connect", "close", "send 1 B"]"#, "t.toml:5:31: `send` comes after the connection was given back"),
        (
            r#"["connect", "shutdown", "send 1 B"]"#,
            "t.toml:5:34: `send` comes after `shutdown` closed the sending direction",
        ),
        (r#"["connect", "repeat", "close"]"#, "t.toml:5:22: `repeat` is the last step of a script"),
        (r#"["connect", "close", "repeat 0 times"]"#, "t.toml:5:31: `0` is not a number of rounds"),
        (r#"["wait 1s"]"#, "t.toml:5:10: the script never opens a connection (add `connect` or `accept`)"),
        (r"[]", "t.toml:5:10: a script needs at least one step"),
        (r#"[""]"#, "t.toml:5:11: an empty step"),
        (r"[3]", "t.toml:5:11: expected a string, found the number 3"),
        (r#"["accept", "connect"]"#, "t.toml:5:21: a script that accepts cannot connect; give the host a second one"),
        (r#"["connect", "close", "accept"]"#, "t.toml:5:31: only `wait` may come before `accept` in a script"),
        (r#"["wait 1s", "accept", "work 5"]"#, "t.toml:5:32: `5`: a duration needs a unit: ns, us, ms, s, min, h or d"),
        (r#"["work 5ms"]"#, "t.toml:5:11: `work` needs a connection: `connect` or `accept` comes first"),
        (r#"["connect"]"#, ""),
    ] {
        let errors = messages(r#"["connect", "send 100 B", "close"]"#, script);
        assert_eq!(errors.join("\n"), message, "{script}");
    }
    assert_table(&[
        ("[server]\nscript", "[server]\nscripts = []\nscript", "t.toml:7:1: a host has either `script` or `scripts`"),
        ("[client]", "[client]\nworkers = 2", "t.toml:5:1: there is nothing to serve: no script of the host accepts"),
        (
            "[server]",
            "[server]\nserving = \"asynchronous\"",
            "t.toml:7:1: `serving` says what `workers` do, and the host states none",
        ),
        ("[server]", "[server]\nworkers = 0", "t.toml:7:11: without a worker nobody is ever served"),
    ]);
}

/// Expectations are appended, so `that` stands on line 9 and its text begins in column 9.
#[test]
fn in_expectations() {
    for (expect, message) in [
        (
            "that = \"server.gost.seconds == 0\"",
            "t.toml:9:9: unknown metric `server.gost.seconds` (did you mean `server.ghost.seconds`?)",
        ),
        ("that = \"1 < zzz\"", "t.toml:9:13: unknown metric `zzz` (`synlab list metrics` names them all)"),
        (
            "that = \"two-wy:server.ghost.seconds == 0\"",
            "t.toml:9:9: unknown handshake `two-wy` (did you mean `two-way`?)",
        ),
        ("that = \"segments.sent \\u003c 2 ,\"", "t.toml:9:8: expected an operator, `and` or the end, found `,`"),
        ("that = 3", "t.toml:9:8: expected a string, found the number 3"),
        ("tht = \"segments.sent < 2\"", "t.toml:9:1: unknown key `tht` (did you mean `that`?)"),
        ("", "t.toml:8:1: missing key `that`"),
        (
            "that = \"segments.sent < 2\"\nhandshake = \"two-way\"",
            "t.toml:10:13: the file does not list the handshake `two-way`, so this is never checked",
        ),
        (
            "that = \"segments.sent < 2\"\nteardown = [\"rfc9293\", \"rfc\"]",
            "t.toml:10:24: unknown teardown `rfc` (expected one of `forced-close`, `four-segment`, `no-time-wait`, \
             `opener-time-wait`, `rfc1337`, `rfc9293`, `three-segment`, `timestamp-reuse`)",
        ),
    ] {
        let errors = errors_of(&format!("{BASIC}[[expect]]\n{expect}\n"), &[]);
        assert_eq!(errors, [message], "{expect}");
    }
}

#[test]
fn in_claims() {
    let with = |evidence: &str| format!("claim = \"x\"\nverdict = \"right\"\nevidence = \"{evidence}\"\n");
    let pairs = "`{` and `}` stand around a metric, in pairs";
    for (keys, message) in [
        (
            "claim = \"x\"\n".to_owned(),
            "t.toml:1:9: `verdict` and `evidence` are missing (`claim`, `verdict` and `evidence` go together)"
                .to_owned(),
        ),
        (
            "verdict = \"wrong\"\nclaim = \"x\"\n".to_owned(),
            "t.toml:2:9: `evidence` is missing (`claim`, `verdict` and `evidence` go together)".to_owned(),
        ),
        (
            with("x").replace("\"right\"", "\"half-right\""),
            "t.toml:2:11: unknown value `half-right` (did you mean `half right`?)".to_owned(),
        ),
        (
            with("x").replace("\"right\"", "\"true\""),
            "t.toml:2:11: unknown value `true` (expected one of `right`, `half right`, `imprecise`, `wrong`)"
                .to_owned(),
        ),
        (with(""), "t.toml:3:12: `evidence` is one line of text".to_owned()),
        (
            with("{server.gost.seconds}"),
            "t.toml:3:14: unknown metric `server.gost.seconds` (did you mean `server.ghost.seconds`?)".to_owned(),
        ),
        (
            with("{tow-way:segments.sent}"),
            "t.toml:3:14: unknown handshake `tow-way` (did you mean `two-way`?)".to_owned(),
        ),
        (with("{1 s}"), "t.toml:3:14: this names no metric, so it says nothing of the run".to_owned()),
        (with("{segments.sent < 1}"), "t.toml:3:28: expected `+`, `-`, `*`, `/` or the end, found `<`".to_owned()),
        (
            with("{server.ghost.seconds + server.memory.peak-bytes}"),
            "t.toml:3:14: the units do not fit: seconds and octets".to_owned(),
        ),
        (with("a { b"), format!("t.toml:3:15: {pairs}")),
        (with("a } b"), format!("t.toml:3:15: {pairs}")),
    ] {
        assert_eq!(messages("", &keys), [message], "{keys}");
    }
}

#[test]
fn in_overrides() {
    for (set, message) in [
        ("server.time-wait", "--set server.time-wait:1:1: expected KEY=VALUE"),
        ("sevrer.time-wait=1s", "--set sevrer.time-wait:1:1: unknown key `sevrer` (did you mean `server`?)"),
        (
            "host.sevrer.time-wait=1s",
            "--set host.sevrer.time-wait:1:6: no host is called `sevrer` (did you mean `server`?)",
        ),
        ("server.time-wiat=1s", "--set server.time-wiat:1:8: unknown key `time-wiat` (did you mean `time-wait`?)"),
        ("server.time-wait=-1s", "--set server.time-wait:1:18: a duration cannot be negative"),
        ("seed=x", "--set seed:1:6: expected a whole number, found the string \"x\""),
        ("client.script=[\"conect\"]", "--set client.script:1:16: unknown step `conect` (did you mean `connect`?)"),
        ("handshake=tow-way", "--set handshake:1:11: unknown handshake `tow-way` (did you mean `two-way`?)"),
    ] {
        assert_eq!(errors_of(BASIC, &[set]), [message], "{set}");
    }
}

#[test]
fn in_overrides_of_a_lists_entries() {
    let text = BASIC.replace(
        "[link]",
        "[link]\n[[link.fault]]\non = { nth = 1 }\ndelay = \"5s\"\n[[link.fault]]\non = { nth = 2 }\ndrop = true\n",
    );
    for (set, message) in [
        ("link.fault.1.delay=3s", ""),
        ("client.script.2=send 1 kB", ""),
        (
            "link.fault.3.delay=3s",
            "--set link.fault.3.delay:1:12: `fault` has no entry 3: it has 2, counted from 1 (write `fault.1` for the first)",
        ),
        (
            "link.fault.0.delay=3s",
            "--set link.fault.0.delay:1:12: `fault` has no entry 0: it has 2, counted from 1 (write `fault.1` for the first)",
        ),
        (
            "link.fault.delay=3s",
            "--set link.fault.delay:1:12: `fault` is a list: which of its entries, counted from 1? (write `fault.1` for the first)",
        ),
        ("link.fault.1.dealy=3s", "--set link.fault.1.dealy:1:14: unknown key `dealy` (did you mean `delay`?)"),
        (
            "link.client-to-server.fault.1.delay=3s",
            "--set link.client-to-server.fault.1.delay:1:29: the file has no list `fault`, and so no entry 1 of it",
        ),
    ] {
        assert_eq!(errors_of(&text, &[set]).join("\n"), message, "{set}");
    }
    let sets = ["link.fault.1.delay=3s".to_owned(), "link.fault.1.on.nth=7".to_owned()];
    let experiment = Experiment::parse("t.toml", &text, &sets).unwrap();
    let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
    let faults = toml::Value::try_from(&scenario.links[0].config.fault).unwrap().to_string();
    assert_eq!(faults, r#"[{ delay = "3s", on = { nth = 7 } }, { drop = true, on = { nth = 2 } }]"#);
}

#[test]
fn in_a_default_that_several_hosts_could_be() {
    let text = format!("{BASIC}[host.third]\n").replace(", \"receive 100 B\"", "");
    let text = text.replace("script = [\"accept\", \"close on EOF\"]", "");
    assert_eq!(errors_of(&text, &[]), ["t.toml:5:11: which host? say `connect HOST`: there are several"]);
    let text = "horizon = \"1h\"\n[client]\nscript = [\"connect\"]\n";
    assert_eq!(errors_of(text, &[]), ["t.toml:3:11: there is no other host to connect to"]);
    assert_eq!(
        errors_of("horizon = \"1h\"\n", &[]),
        ["t.toml:1:1: the file describes no host (add [client] and [server])"]
    );
}

#[test]
fn several_at_once_are_all_reported() {
    let text = BASIC.replace("[link]", "[link]\ndelya = 1").replace("[client]", "[client]\nstrat = 1");
    assert_eq!(
        errors_of(&text, &[]),
        [
            "t.toml:4:1: unknown key `delya` (did you mean `delay`?)",
            "t.toml:6:1: unknown key `strat` (did you mean `start`?)",
        ]
    );
}

#[test]
fn in_the_name_of_a_file() {
    let error = |name: &str| Experiment::load(name, &[]).unwrap_err().to_string();
    assert!(error("no/such.toml").starts_with("no/such.toml: cannot be read: "));
    assert!(error("zzz").starts_with("zzz: neither a file nor a built-in case"));
    assert!(error("no/stale-sin.toml").ends_with(" (did you mean the built-in case `stale-syn`?)"));
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
    assert_eq!(
        error(directory),
        format!(
            "{directory}: is a directory, not an experiment (`synlab verify` takes a directory, and all experiments in it)"
        )
    );
    let profile = format!("{directory}/profiles/linux.toml");
    assert_eq!(
        error(&profile),
        format!("{profile}: is a profile, not an experiment (a host takes it: `profile = \"linux\"`, or by its path)")
    );
}
