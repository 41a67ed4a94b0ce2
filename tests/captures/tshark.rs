//! What tshark says of captures. Where it is not installed these tests say so, and check nothing.

use std::fs;
use std::process::Command;

use experiment::{HostId, cases};
use report::View;
use synlab_tests::parse;

use crate::read::{capture, packets};
use crate::{EVERYTHING, load};

/// Lines of tabs that tshark prints of a capture, one for each packet, with addresses as numbers; `None` without tshark.
fn tshark(octets: &[u8], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    tshark_with(&["-n"], octets, fields)
}

fn tshark_with(options: &[&str], octets: &[u8], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("capture.pcapng");
    fs::write(&file, octets).expect("it can be written");
    let mut command = Command::new("tshark");
    command.args(options).arg("-r").arg(&file).args(["-T", "fields", "-E", "occurrence=a"]);
    for check in ["ip.check_checksum:TRUE", "tcp.check_checksum:TRUE"] {
        command.args(["-o", check]);
    }
    for field in fields {
        command.args(["-e", field]);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("\n*** NOT TESTED: tshark cannot be run ({error}); install it, and test again ***\n");
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    Some(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// Addresses have the names of their hosts, and each of several machines its own; a filter shows what one side does.
#[test]
fn it_knows_the_hosts_by_name_and_shows_one_side() {
    let of = |case: &str| {
        let experiment = load(case);
        capture(&experiment, &experiment.variants()[0], View::Everywhere)
    };
    let names = |case: &str| tshark_with(&["-N", "n"], &of(case), &["ip.src_host", "ip.dst_host"]);
    let Some(rows) = names("stale-syn") else { return };
    assert!(rows.iter().all(|row| row == &["client", "server"] || row == &["server", "client"]), "{rows:?}");
    let Some(rows) = names("time-wait-occupancy") else { return };
    assert!(rows.iter().flatten().all(|name| name == "server" || name.starts_with("client")), "{rows:?}");
    let options = ["-n", "-Y", "frame.interface_name contains \"client-\""];
    let Some(rows) = tshark_with(&options, &of("stale-syn"), &["frame.interface_name"]) else { return };
    assert!(!rows.is_empty() && rows.iter().flatten().all(|name| name.starts_with("client-")), "{rows:?}");
}

/// The fields of every packet are those that our own reader finds, and so those of the records; no packet is malformed, no
/// checksum is bad, and nothing has tshark's severity "error".
#[test]
fn it_reads_the_fields_of_every_case() {
    let fields = [
        "frame.time_epoch",
        "frame.interface_name",
        "ip.src",
        "tcp.srcport",
        "ip.dst",
        "tcp.dstport",
        "tcp.seq_raw",
        "tcp.ack_raw",
        "tcp.flags",
        "tcp.window_size_value",
        "tcp.len",
        "ip.checksum.status",
        "tcp.checksum.status",
        "_ws.expert.severity",
        "_ws.malformed",
    ];
    for case in cases() {
        let experiment = load(case.name);
        let octets = capture(&experiment, &experiment.variants()[0], View::Everywhere);
        let Some(lines) = tshark(&octets, &fields) else { return };
        let packets = packets(&octets);
        assert_eq!(lines.len(), packets.len(), "{}", case.name);
        for (packet, line) in packets.iter().zip(lines) {
            let expected = [
                format!("{}.{:09}", packet.at / 1_000_000_000, packet.at % 1_000_000_000),
                packet.interface.clone(),
                packet.source.ip().to_string(),
                packet.source.port().to_string(),
                packet.destination.ip().to_string(),
                packet.destination.port().to_string(),
                packet.seq.to_string(),
                packet.ack.to_string(),
                format!("0x{:04x}", packet.flags),
                packet.window.to_string(),
                packet.data.len().to_string(),
                "1".to_owned(),
                "1".to_owned(),
            ];
            assert_eq!(line[..13], expected, "{}: {}", case.name, packet.line());
            // Notes are 0x400000, warnings 0x600000, errors 0x800000.
            let worst = line[13].split(',').filter_map(|severity| severity.parse::<u32>().ok()).max();
            assert!(worst < Some(0x0080_0000), "{}: {line:?}", case.name);
            assert_eq!(line[14], "", "{}: {line:?}", case.name);
        }
    }
}

/// In the capture of a host tshark finds the retransmissions that the host made, and no other.
#[test]
fn it_sees_retransmissions_as_such() {
    let text =
        format!("{EVERYTHING}\n[[link.fault]]\non = {{ from = \"client\", flags = \"data\", nth = 1 }}\ndrop = true\n");
    let experiment = parse("retransmissions.toml", &text);
    let octets = capture(&experiment, &experiment.variants()[0], View::At(HostId(0)));
    let Some(lines) = tshark(&octets, &["tcp.analysis.retransmission", "tcp.options.mss_val"]) else { return };
    for (packet, line) in packets(&octets).iter().zip(lines) {
        // The second copy of the SYN-ACK looks like one from there.
        let again = packet.comment.contains("purpose: retransmission") || packet.direction == 1 && packet.flags == 0x12;
        if packet.direction == 2 {
            assert_eq!(!line[0].is_empty(), again, "{}", packet.line());
        }
        assert_eq!(line[1], if packet.flags & 2 != 0 { "1460" } else { "" }, "{}", packet.line());
    }
}
