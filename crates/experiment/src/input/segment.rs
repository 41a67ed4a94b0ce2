//! What a file says of a segment: its flags, its numbers, its data.

use tcp_endpoint::Flags;

use super::diagnostic::{Diagnostic, Place, suggest};
use super::script;
use super::tree::Node;
use crate::{HostId, Position};

/// Where a key of a table stands; where the table does, if it has no such key.
pub(super) fn place<'a>(node: &'a Node, key: &str) -> &'a Place {
    node.as_table().and_then(|table| table.get(key)).map_or(&node.place, |node| &node.place)
}

/// The host that a key of a table names.
pub(super) fn host(node: &Node, key: &str, name: &str, hosts: &[&str]) -> Result<HostId, Diagnostic> {
    let found = hosts.iter().position(|host| *host == name).map(id);
    let help = || suggest(name, hosts.iter().copied());
    found.ok_or_else(|| place(node, key).error(format!("no host is called `{name}`")).with_help(help()))
}

/// The host at a place of the file's list.
pub(super) fn id(host: usize) -> HostId {
    HostId(u16::try_from(host).expect("hosts are counted when they are read"))
}

/// A number of a table in one of its two forms; `raw_key` is the key of the second, and ends in `-raw`.
pub(super) fn number(
    node: &Node,
    raw_key: &str,
    relative: Option<i64>,
    raw: Option<u32>,
) -> Result<Option<Position>, Diagnostic> {
    match (relative, raw) {
        (Some(_), Some(_)) => {
            let first = raw_key.trim_end_matches("-raw");
            Err(place(node, raw_key).error(format!("`{first}` says it already")))
        }
        (Some(relative), None) => Ok(Some(Position::Relative(relative))),
        (None, raw) => Ok(raw.map(Position::Raw)),
    }
}

/// Flags as letters (`SA`) or as words (`SYN-ACK`).
pub(super) fn flags(text: &str) -> Result<Flags, String> {
    const ALL: [(&str, char, Flags); 5] = [
        ("SYN", 'S', Flags::SYN),
        ("FIN", 'F', Flags::FIN),
        ("RST", 'R', Flags::RST),
        ("PSH", 'P', Flags::PSH),
        ("ACK", 'A', Flags::ACK),
    ];
    let mut flags = Flags::NONE;
    for word in text.split('-').filter(|word| !word.is_empty()) {
        let named = ALL.iter().find(|(name, ..)| *name == word).map(|&(_, _, flag)| flag);
        let lettered = || {
            word.chars().try_fold(Flags::NONE, |flags, letter| {
                ALL.iter().find(|&&(_, of, _)| of == letter).map(|&(.., flag)| flags.with(flag))
            })
        };
        let Some(found) = named.or_else(lettered) else {
            return Err(format!("`{word}` is no flags: expected letters of S, F, R, P, A, or words such as SYN-ACK"));
        };
        flags = flags.with(found);
    }
    Ok(flags)
}

/// The data of one segment; the length field of an IPv4 packet bounds it.
pub(super) fn data(size: Option<&str>) -> Result<u32, String> {
    const MOST: u64 = 65_495;
    let Some(text) = size else { return Ok(0) };
    match script::octets(text) {
        Ok(octets) if octets <= MOST => Ok(u32::try_from(octets).expect("checked")),
        Ok(_) => Err(format!("a segment carries at most {MOST} B")),
        Err(wrong) => Err(wrong.message),
    }
}
