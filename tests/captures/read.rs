//! Captures, read back: the blocks by the crate's reader, the headers by hand, so that nothing that writes them reads them.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};

use experiment::record::{Fold, Record};
use experiment::{Experiment, Variant, simulate};
use pcap_file::DataLink;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionOption, InterfaceTsResolution};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use report::{Capture, Hosts, View};
use synlab_tests::scenario;

/// A packet as the file has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packet {
    /// Nanoseconds.
    pub(crate) at: u64,
    pub(crate) interface: String,
    /// 1 for one that arrives, 2 for one that leaves.
    pub(crate) direction: u32,
    pub(crate) comment: String,
    pub(crate) identification: u16,
    pub(crate) source: SocketAddrV4,
    pub(crate) destination: SocketAddrV4,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    /// As in the header: FIN is 1.
    pub(crate) flags: u8,
    pub(crate) window: u16,
    /// Kind and content of each option but the no-operation.
    pub(crate) options: Vec<(u8, Vec<u8>)>,
    pub(crate) data: Vec<u8>,
}

/// A run that is captured in several views at once.
struct Captured {
    records: Vec<Record>,
    captures: Vec<Capture<Vec<u8>>>,
}

impl Fold for Captured {
    fn record(&mut self, record: &Record) {
        self.records.push(record.clone());
        for capture in &mut self.captures {
            capture.record(record);
        }
    }
}

/// The records of a variant's run, and the octets of a capture for each view.
pub(crate) fn captures(experiment: &Experiment, variant: &Variant, views: &[View]) -> (Vec<Record>, Vec<Vec<u8>>) {
    let scenario = scenario(experiment, variant);
    let new = |view: &View| Capture::new(Hosts::of(&scenario), *view, experiment, variant, Vec::new());
    let mut captured = Captured { records: Vec::new(), captures: views.iter().map(new).collect() };
    simulate(&scenario, &mut captured).expect("time moves on");
    let finish = |capture: Capture<Vec<u8>>| capture.finish().expect("a vector takes whatever comes");
    (captured.records, captured.captures.into_iter().map(finish).collect())
}

/// The octets of a capture of a variant's run.
pub(crate) fn capture(experiment: &Experiment, variant: &Variant, view: View) -> Vec<u8> {
    captures(experiment, variant, &[view]).1.remove(0)
}

/// The packets of a capture. Every length and checksum must be right.
pub(crate) fn packets(octets: &[u8]) -> Vec<Packet> {
    let mut reader = PcapNgReader::new(octets).expect("a section header");
    let mut names = Vec::new();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        match block.expect("a whole block").0 {
            Block::InterfaceDescription(interface) => {
                assert_eq!(interface.linktype, DataLink::RAW);
                assert_eq!(interface.ts_resolution(), InterfaceTsResolution::NANO);
                let name = interface.options.iter().find_map(|option| match option {
                    InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
                    _ => None,
                });
                names.push(name.expect("an interface has a name"));
            }
            Block::EnhancedPacket(block) => {
                assert_eq!(block.original_len as usize, block.data.len(), "nothing is cut");
                let (mut comment, mut direction) = (String::new(), 0);
                for option in &block.options {
                    match option {
                        EnhancedPacketOption::Common(CommonOption::Comment(text)) => comment = text.to_string(),
                        EnhancedPacketOption::Flags(flags) => direction = *flags,
                        other => panic!("{other:?}"),
                    }
                }
                let at = u64::try_from(block.timestamp.as_nanos()).expect("a time of a run");
                packets.push(packet(&block.data, at, names[block.interface_id as usize].clone(), direction, comment));
            }
            Block::NameResolution(block) => assert!(!block.records.is_empty(), "it has names"),
            other => panic!("{other:?}"),
        }
    }
    packets
}

/// The headers of RFC 791 and RFC 9293 §3.1.
fn packet(octets: &[u8], at: u64, interface: String, direction: u32, comment: String) -> Packet {
    let word = |place: usize| u16::from_be_bytes([octets[place], octets[place + 1]]);
    let double = |place: usize| u32::from(word(place)) << 16 | u32::from(word(place + 2));
    assert_eq!(octets[0], 0x45, "IPv4 without options");
    assert_eq!(usize::from(word(2)), octets.len(), "total length");
    assert_eq!((word(6), octets[8], octets[9]), (0x4000, 64, 6), "whole, time to live, TCP");
    assert_eq!(sum(&octets[..20]), 0xffff, "checksum of the header");
    let segment = &octets[20..];
    let mut pseudo = octets[12..20].to_vec();
    pseudo.extend([0, 6]);
    pseudo.extend(u16::try_from(segment.len()).expect("checked").to_be_bytes());
    pseudo.extend(segment);
    assert_eq!(sum(&pseudo), 0xffff, "checksum of the segment");
    let header = usize::from(octets[32] >> 4) * 4;
    assert_eq!((octets[32] & 0xf, word(38)), (0, 0), "reserved, urgent pointer");
    Packet {
        at,
        interface,
        direction,
        comment,
        identification: word(4),
        source: SocketAddrV4::new(Ipv4Addr::from_bits(double(12)), word(20)),
        destination: SocketAddrV4::new(Ipv4Addr::from_bits(double(16)), word(22)),
        seq: double(24),
        ack: double(28),
        flags: octets[33],
        window: word(34),
        options: options(&segment[20..header]),
        data: segment[header..].to_vec(),
    }
}

/// The sum of 16-bit words in ones' complement (RFC 1071).
fn sum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).expect("folded")
}

fn options(mut octets: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut options = Vec::new();
    while let [kind, rest @ ..] = octets {
        match kind {
            0 => panic!("options fill the header"),
            1 => octets = rest,
            _ => {
                let length = usize::from(rest[0]);
                options.push((*kind, rest[1..length - 1].to_vec()));
                octets = &octets[length..];
            }
        }
    }
    options
}

impl Packet {
    /// One line, and its comment indented below.
    pub(crate) fn line(&self) -> String {
        let letters = ["F", "S", "R", "P", "."];
        let flags: String = letters
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.flags >> bit & 1 == 1)
            .map(|(_, letter)| *letter)
            .collect();
        let ack = if self.flags & 16 != 0 { format!(" ack {}", self.ack) } else { String::new() };
        let mut line = format!(
            "{}.{:09} {:<10} {} > {}: [{flags}] seq {}{ack} win {} len {}",
            self.at / 1_000_000_000,
            self.at % 1_000_000_000,
            self.interface,
            self.source,
            self.destination,
            self.seq,
            self.window,
            self.data.len()
        );
        for (kind, content) in &self.options {
            let content: String = content.iter().map(|octet| format!("{octet:02x}")).collect();
            write!(line, " <{kind} {content}>").expect("a string takes whatever comes");
        }
        let comment: String = self.comment.lines().map(|text| format!("\n      | {text}")).collect();
        line + &comment + "\n"
    }
}
