//! Reads a run's trace: one record a line.

use std::net::SocketAddrV4;

use experiment::{Relative, RelativeNumbers};
use serde::Deserialize;
use sim_time::Instant;
use tcp_endpoint::{Flags, SeqNum};

use super::{Change, End, Number, Observation, ReadError, Seen};

/// A line; those of other kinds are passed over.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line {
    Segment {
        t: f64,
        from: Option<String>,
        to: Option<String>,
        sport: u16,
        dport: u16,
        flags: String,
        seq: Option<i64>,
        ack: Option<i64>,
        seq_raw: Option<u32>,
        ack_raw: Option<u32>,
        len: u32,
        delivered_at: Vec<f64>,
        #[serde(default)]
        forged: bool,
        source: Option<SocketAddrV4>,
        destination: Option<SocketAddrV4>,
    },
    State {
        t: f64,
        host: String,
        peer: Option<String>,
        sport: u16,
        dport: u16,
        from: String,
        to: String,
    },
    #[serde(other)]
    Other,
}

pub(super) fn read(text: &str) -> Result<Observation, ReadError> {
    let mut observation = Observation::default();
    let mut numbers = RelativeNumbers::as_recorded();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let line = serde_json::from_str(line)
            .map_err(|error| ReadError { line: Some(number), message: format!("no record of a trace: {error}") })?;
        match line {
            Line::Segment {
                t,
                from,
                to,
                sport,
                dport,
                flags,
                seq,
                ack,
                seq_raw,
                ack_raw,
                len,
                delivered_at,
                forged,
                source,
                destination,
            } => {
                let sockets = source.zip(destination);
                // One that bears nobody's address is from there.
                let address = || source.map_or_else(String::new, |source| source.ip().to_string());
                let counted = sockets.zip(seq_raw).map(|(sockets, raw)| {
                    let ack = SeqNum::new(ack_raw.unwrap_or_default());
                    numbers.next_of(sockets, flags_of(&flags), (SeqNum::new(raw), ack), len)
                });
                let Relative { seq, ack } = counted.unwrap_or(Relative { seq, ack });
                observation.segments.push(Seen {
                    at: instant(t),
                    from: End { host: from.unwrap_or_else(address), port: sport },
                    to: End { host: to.unwrap_or_default(), port: dport },
                    flags,
                    seq: Number { relative: seq, raw: seq_raw },
                    ack: Number { relative: ack, raw: ack_raw },
                    len,
                    delivered: delivered_at.first().copied().map(instant),
                    injected: forged,
                });
            }
            Line::State { t, host, peer, sport, dport, from, to } => observation.changes.push(Change {
                at: instant(t),
                end: End { host, port: sport },
                peer: End { host: peer.unwrap_or_default(), port: dport },
                from,
                to,
            }),
            Line::Other => {}
        }
    }
    Ok(observation)
}

/// The control bits that count for numbers.
fn flags_of(letters: &str) -> Flags {
    [('S', Flags::SYN), ('F', Flags::FIN), ('A', Flags::ACK)]
        .into_iter()
        .filter(|(letter, _)| letters.contains(*letter))
        .fold(Flags::NONE, |flags, (_, flag)| flags.with(flag))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and a trace has no such time"
)]
fn instant(seconds: f64) -> Instant {
    Instant::from_nanos((seconds * 1e9).round() as u64)
}
