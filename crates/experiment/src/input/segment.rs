//! What a file says of a segment: its flags, its numbers, its data.

use tcp_endpoint::Flags;

use super::script;

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
