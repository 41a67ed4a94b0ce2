//! A capture as a file: pcapng, with times in nanoseconds.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::name_resolution::{Ipv4Record, NameResolutionBlock, Record as NameRecord};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriteError, PcapNgWriter};
use pcap_file::{DataLink, Endianness};
use sim_time::Instant;

/// The most octets of a comment, so that it is an option, whose length has 16 bits.
const COMMENT: usize = 65_000;

/// A file that is being written.
pub(super) struct File<W: Write>(Result<PcapNgWriter<W>, io::Error>);

impl<W: Write> fmt::Debug for File<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.0.as_ref().map(PcapNgWriter::interfaces)).finish()
    }
}

/// An interface.
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) description: String,
    /// Its address, if it has only one.
    pub(super) address: Option<[u8; 4]>,
}

/// Whether a packet leaves or arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    In,
    Out,
}

impl<W: Write> File<W> {
    /// A file about a run, with the names of addresses, and these interfaces.
    pub(super) fn new(out: W, about: &str, names: &[(Ipv4Addr, String)], interfaces: &[Interface]) -> Self {
        let comment = CommonOption::Comment(about.into());
        let section = SectionHeaderBlock {
            // The same octets everywhere.
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::Common(comment),
                SectionHeaderOption::UserApplication(concat!("synlab ", env!("CARGO_PKG_VERSION")).into()),
            ],
            ..SectionHeaderBlock::default()
        };
        let mut file = Self(PcapNgWriter::with_section_header(out, section).map_err(cause));
        let known = |(address, name): &(Ipv4Addr, String)| {
            NameRecord::Ipv4(Ipv4Record { ip_addr: *address, names: vec![name.clone().into()] })
        };
        file.write(NameResolutionBlock { records: names.iter().map(known).collect(), options: Vec::new() });
        for interface in interfaces {
            file.write(interface.block());
        }
        file
    }

    /// Writes a packet, with a comment if there is one.
    pub(super) fn packet(
        &mut self,
        (interface, direction): (u32, Direction),
        at: Instant,
        octets: &[u8],
        mut comment: &str,
    ) {
        comment = &comment[..comment.floor_char_boundary(COMMENT)];
        let direction = EnhancedPacketOption::Flags(match direction {
            Direction::In => 1,
            Direction::Out => 2,
        });
        let comment =
            (!comment.is_empty()).then(|| EnhancedPacketOption::Common(CommonOption::Comment(comment.into())));
        self.write(EnhancedPacketBlock {
            interface_id: interface,
            timestamp: Duration::from_nanos(at.as_nanos()),
            original_len: u32::try_from(octets.len()).expect("no more than an IPv4 packet"),
            data: Cow::Borrowed(octets),
            options: comment.into_iter().chain([direction]).collect(),
        });
    }

    fn write<'a>(&mut self, block: impl PcapNgBlock<'a>) {
        if let Ok(writer) = &mut self.0
            && let Err(error) = writer.write_pcapng_block(block)
        {
            self.0 = Err(cause(error));
        }
    }

    /// Flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error that writing met; nothing was written after it.
    pub(super) fn finish(self) -> io::Result<W> {
        let mut out = self.0?.into_inner();
        out.flush().map(|()| out)
    }
}

impl Interface {
    fn block(&self) -> InterfaceDescriptionBlock<'_> {
        // LINKTYPE_RAW: packets begin with the IPv4 header, since no link of a run has one of its own.
        let mut block = InterfaceDescriptionBlock::new(DataLink::RAW, 0);
        block.options = vec![
            InterfaceDescriptionOption::IfName(self.name.as_str().into()),
            InterfaceDescriptionOption::IfDescription(self.description.as_str().into()),
        ];
        if let Some([a, b, c, d]) = self.address {
            // With a netmask of one host.
            block.options.push(InterfaceDescriptionOption::IfIpv4Addr(vec![a, b, c, d, 255, 255, 255, 255].into()));
        }
        block.options.push(InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO));
        block
    }
}

/// What the disk or the pipe said, where it is that.
fn cause(error: PcapNgWriteError) -> io::Error {
    match error {
        PcapNgWriteError::Io(error) => error,
        error => io::Error::other(error),
    }
}
