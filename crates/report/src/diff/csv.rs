//! Reads a recording: a line `# {json}`, a line with the names of the columns, then a row for each thing that happened.
//!
//! Two dialects, told apart row by row: that of the recordings themselves (kinds `seg`, `inj`, `state`, hosts `C` and
//! `S`), and that to which `tests/linux/reduce.py` reduces them (`segment`, `injected`, `state`, `client`, `server`).

use std::collections::BTreeMap;

use sim_time::{Duration, Instant};

use super::{Change, End, Number, Observation, ReadError, Seen};

pub(super) fn read(text: &str) -> Result<Observation, ReadError> {
    let mut reader = Reader::default();
    let mut columns: Vec<String> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields = fields(line);
        if columns.is_empty() {
            columns = fields;
            continue;
        }
        let row = Row { fields: columns.iter().map(String::as_str).zip(fields.iter().map(String::as_str)).collect() };
        reader.row(&row).map_err(|message| ReadError { line: Some(number), message })?;
    }
    Ok(reader.seen)
}

/// The fields of a line; one in quotes may hold commas and, doubled, quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => {
                fields.last_mut().expect("one at least").push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().expect("one at least").push(other),
        }
    }
    fields
}

#[derive(Default)]
struct Reader {
    seen: Observation,
    /// Places of segments that the wire kept, to deliver them later.
    kept: Vec<usize>,
}

struct Row<'a> {
    fields: BTreeMap<&'a str, &'a str>,
}

impl Reader {
    fn row(&mut self, row: &Row<'_>) -> Result<(), String> {
        let at = row.time("t")?.ok_or("the time is missing")?;
        self.seen.end = self.seen.end.max(Some(at));
        match row.get("kind") {
            "seg" | "segment" => {
                if row.get("action").starts_with("hold") {
                    self.kept.push(self.seen.segments.len());
                }
                self.seen.segments.push(row.segment(at, false)?);
            }
            "inj" if row.get("action").starts_with("deliver held") => self.deliver(&row.segment(at, true)?),
            "inj" | "injected" => self.seen.segments.push(row.segment(at, true)?),
            "state" => self.seen.changes.push(row.change(at)?),
            _ => {}
        }
        Ok(())
    }

    /// A segment that the wire had kept goes on: it is one segment, delivered late.
    fn deliver(&mut self, copy: &Seen) {
        let segments = &mut self.seen.segments;
        let same = |kept: &Seen| {
            (&kept.from, &kept.to, &kept.flags, kept.seq) == (&copy.from, &copy.to, &copy.flags, copy.seq)
        };
        if let Some(place) = self.kept.iter().position(|&kept| same(&segments[kept])) {
            segments[self.kept.remove(place)].delivered = copy.delivered;
        }
    }
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        self.fields.get(column).copied().unwrap_or_default()
    }

    fn number<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>, String> {
        match self.get(column) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| format!("`{text}` is no number that `{column}` can have")),
        }
    }

    fn time(&self, column: &str) -> Result<Option<Instant>, String> {
        match self.get(column) {
            "" => Ok(None),
            text => format!("{text}s")
                .parse::<Duration>()
                .map(|since_start| Some(Instant::ZERO + since_start))
                .map_err(|_| format!("`{text}` in `{column}` is no time in seconds")),
        }
    }

    /// The end a row is about, and the other one.
    fn ends(&self) -> Result<(End, End), String> {
        let (host, peer) = match self.get("host") {
            "C" | "client" => ("client", "server"),
            "S" | "server" => ("server", "client"),
            other => return Err(format!("`{other}` is no host: expected C, S, client or server")),
        };
        let end = |host: &str, column| -> Result<End, String> {
            let port = self.number(column)?.ok_or_else(|| format!("`{column}` is missing"))?;
            Ok(End { host: host.to_owned(), port })
        };
        Ok((end(host, "sport")?, end(peer, "dport")?))
    }

    fn segment(&self, at: Instant, injected: bool) -> Result<Seen, String> {
        let (from, to) = self.ends()?;
        let flags = "SFRPA".chars().filter(|&flag| self.get("flags").contains(flag)).collect();
        let number =
            |relative, raw| Ok::<_, String>(Number { relative: self.number(relative)?, raw: self.number(raw)? });
        let (seq, ack) = (number("seq", "seq_raw")?, number("ack", "ack_raw")?);
        let delivered = self.time(if self.fields.contains_key("delivered") { "delivered" } else { "t_deliver" })?;
        let len = self.number("len")?.unwrap_or(0);
        Ok(Seen { at, from, to, flags, seq, ack, len, delivered, injected })
    }

    fn change(&self, at: Instant) -> Result<Change, String> {
        let (end, peer) = self.ends()?;
        let (from, to) = match self.get("note").split_once(" -> ") {
            Some(change) => change,
            None => (self.get("from"), self.get("to")),
        };
        Ok(Change { at, end, peer, from: state(from)?, to: state(to)? })
    }
}

/// A state by its name in the RFC, from that or from the kernel's, which may say `/orphan` behind it.
fn state(name: &str) -> Result<String, String> {
    let name = name.split('/').next().unwrap_or_default();
    let state = match name {
        "-" | "(gone)" | "CLOSED" => "CLOSED",
        "LISTEN" => "LISTEN",
        "SYN_SENT" | "SYN-SENT" => "SYN-SENT",
        "SYN_RECV" | "SYN-RECEIVED" => "SYN-RECEIVED",
        "ESTABLISHED" => "ESTABLISHED",
        "FIN_WAIT1" | "FIN-WAIT-1" => "FIN-WAIT-1",
        "FIN_WAIT2" | "FIN-WAIT-2" => "FIN-WAIT-2",
        "CLOSE_WAIT" | "CLOSE-WAIT" => "CLOSE-WAIT",
        "CLOSING" => "CLOSING",
        "LAST_ACK" | "LAST-ACK" => "LAST-ACK",
        "TIME_WAIT" | "TIME-WAIT" => "TIME-WAIT",
        other => return Err(format!("`{other}` is no state")),
    };
    Ok(state.to_owned())
}
