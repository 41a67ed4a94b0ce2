//! Mistakes in what a file says of single segments: those that are forged, and those that are expected.

use super::BASIC;
use super::mistakes::errors_of;

#[test]
fn in_forged_segments() {
    let inject = |keys: &str| errors_of(&format!("{BASIC}[[inject]]\n{keys}"), &[]);
    let base = "at = \"1s\"\nfrom = \"client\"\n";
    for (keys, message) in [
        ("flags = \"R\"", "t.toml:8:1: missing key `seq` (or `seq-raw`, the number on the wire)"),
        ("flags = \"R\"\nseq = 1\nsec-raw = 1", "t.toml:13:1: unknown key `sec-raw` (did you mean `seq-raw`?)"),
        ("flags = \"R\"\nseq = 1\nseq-raw = 1", "t.toml:13:11: `seq` says it already"),
        (
            "flags = \"RX\"\nseq = 1",
            "t.toml:11:9: `RX` is no flags: expected letters of S, F, R, P, A, or words such as SYN-ACK",
        ),
        ("flags = \"SYN-ACK\"\nseq = 1", "t.toml:11:9: a segment with ACK needs `ack` or `ack-raw`"),
        ("flags = \"S\"\nseq = 1\nack = 1", "t.toml:11:9: `ack` means nothing without the flag ACK"),
        ("flags = \"S\"\nseq = 1\nconnection = 0", "t.toml:13:14: connections are counted from 1"),
        (
            "flags = \"S\"\nseq = 1\nconnection = 1\nports = [1, 2]",
            "t.toml:14:9: the ports are the connection's: give `connection` or `ports`",
        ),
        ("flags = \"S\"\nseq = 1\nto = \"sever\"", "t.toml:13:6: no host is called `sever` (did you mean `server`?)"),
        ("flags = \"S\"\nseq = 1\nto = \"client\"", "t.toml:13:6: a host is sent nothing from its own address"),
        ("flags = \"S\"\nseq = 1\ndata = \"1 MB\"", "t.toml:13:8: a segment carries at most 65495 B"),
        (
            "flags = \"S\"\nseq = 1\nwindow = 1073741825",
            "t.toml:13:10: a window is at most 1073741824 octets, 2^30 (RFC 7323 §2.3)",
        ),
        ("flags = \"S\"\nseq = 1\nmss = 0", "t.toml:13:7: a segment carries at least one octet"),
        (
            "flags = \"R\"\nseq = 1\nmss = 536",
            "t.toml:13:7: only a segment with SYN has an MSS option (RFC 9293 §3.7.1)",
        ),
        (
            "flags = \"F\"\nseq = 1\nfast-open = 7",
            "t.toml:13:13: only a segment with SYN has a fast open option (RFC 7413 §4.1.1)",
        ),
        (
            "flags = \"S\"\nseq = 1\nfast-open = \"reqest\"",
            "t.toml:13:13: unknown value `reqest` (did you mean `request`?)",
        ),
        (
            "flags = \"S\"\nseq = 1\nfast-open = -1",
            "t.toml:13:13: expected \"request\", \"seen\", or a cookie as a whole number, zero or more, found the number -1",
        ),
        ("flags = \"R\"\nseq = 1\ntimestamps = \"non\"", "t.toml:13:14: unknown value `non` (did you mean `none`?)"),
        (
            "flags = \"R\"\nseq = 1\ntimestamps = true",
            "t.toml:13:14: expected a TSval from 0 to 4294967295, or \"none\", found true",
        ),
        ("flags = \"S\"\nseq = 1\ndata = \"1\"", "t.toml:13:8: the size `1` needs a unit"),
    ] {
        assert_eq!(inject(&format!("{base}{keys}")), [message], "{keys}");
    }
    let segment = "from = \"client\"\nflags = \"R\"\nseq = 1\n";
    for (keys, message) in [
        ("", "t.toml:8:1: missing key `at` (or `after`, an event)"),
        ("at = \"1s\"\nafter = { host = \"server\", enters = \"CLOSED\" }", "t.toml:13:9: `at` says already when"),
        ("at = \"1s\"\ndelay = \"1s\"", "t.toml:13:9: a delay counts from an event: give `after` instead of `at`"),
        ("at = \"1s\"\ntimes = 3", "t.toml:13:9: how long after one another? say `every`"),
        ("at = \"1s\"\nevery = \"0s\"", "t.toml:13:9: expected a time between two, found none"),
        ("at = \"1s\"\nevery = \"1s\"\ntimes = 0", "t.toml:14:9: then nothing would ever come: expected 1 or more"),
        (
            "at = \"1s\"\nturn = \"before\"",
            "t.toml:13:8: unknown value `before` (expected one of `before-calls`, `after-calls`)",
        ),
        (
            "after = { host = \"sever\", calls = \"close\" }",
            "t.toml:12:18: no host is called `sever` (did you mean `server`?)",
        ),
        (
            "after = { host = \"server\", enters = \"TIMEWAIT\" }",
            "t.toml:12:37: unknown value `TIMEWAIT` (did you mean `TIME-WAIT`?)",
        ),
        (
            "after = { host = \"server\", sends = \"SYNACK\" }",
            "t.toml:12:36: unknown value `SYNACK` (did you mean `SYN-ACK`?)",
        ),
        (
            "after = { host = \"server\", calls = \"closes\" }",
            "t.toml:12:36: unknown value `closes` (did you mean `close`?)",
        ),
        (
            "after = { host = \"server\" }",
            "t.toml:12:9: which event? one key of `enters`, `calls`, `sends`, `receives`",
        ),
        (
            "after = { host = \"server\", enters = \"CLOSED\", sends = \"FIN\" }",
            "t.toml:12:55: `enters` says already what happens: one key of them",
        ),
        (
            "after = { host = \"server\", entres = \"CLOSED\" }",
            "t.toml:12:28: unknown key `entres` (did you mean `enters`?)",
        ),
    ] {
        assert_eq!(inject(&format!("{segment}{keys}")), [message], "{keys}");
    }
    let message = "t.toml:10:8: no host is called `cleint` (did you mean `client`?)";
    assert_eq!(inject("at = \"1s\"\nfrom = \"cleint\"\nflags = \"R\"\nseq = 1"), [message]);
}

#[test]
fn in_expected_segments() {
    let expect = |keys: &str| errors_of(&format!("{BASIC}[[expect-segment]]\n{keys}"), &[]);
    assert_eq!(expect("flags = \"S\""), ["t.toml:8:1: missing key `from`"]);
    for (keys, message) in [
        ("form = \"client\"", "t.toml:10:1: unknown key `form` (did you mean `from`?)"),
        ("to = \"server\"", "t.toml:10:6: a host is sent nothing from its own address"),
        ("to = \"cleint\"", "t.toml:10:6: no host is called `cleint` (did you mean `client`?)"),
        ("connection = 0", "t.toml:10:14: connections are counted from 1"),
        ("tolerance = \"1ms\"", "t.toml:10:13: how far from which time? give `at`"),
        ("at = 3", "t.toml:10:6: expected a duration such as \"50ms\", found the number 3"),
        (
            "flags = \"SYNACK\"",
            "t.toml:10:9: `SYNACK` is no flags: expected letters of S, F, R, P, A, or words such as SYN-ACK",
        ),
        ("flags = \"S\"\nack = 1", "t.toml:10:9: `ack` means nothing without the flag ACK"),
        ("seq = 1\nseq-raw = 1", "t.toml:11:11: `seq` says it already"),
        ("len = \"0\"", "t.toml:10:7: the size `0` needs a unit"),
        ("len = 100", "t.toml:10:7: expected a string, found the number 100"),
        ("none = false", "t.toml:10:8: `none` can only be `true`: to expect the segment, leave it out"),
        (
            "handshake = \"two-way\"",
            "t.toml:10:13: the file does not list the handshake `two-way`, so this is never checked",
        ),
    ] {
        assert_eq!(expect(&format!("from = \"server\"\n{keys}")), [message], "{keys}");
    }
    let third = format!("{BASIC}[host.third]\n[[expect-segment]]\nfrom = \"server\"\nconnection = 1");
    assert_eq!(errors_of(&third, &[]), ["t.toml:11:14: a connection with which host? say `to`"]);
}
