//! Two observations of the same experiment, held against each other: a run and a recording of a real TCP, say.
//!
//! Segments are aligned in the order in which they were sent. Order, direction, connection, flags, relative numbers and
//! lengths must be the same; times may differ by [`tolerance`]. What became of a segment on its way is not compared: it is
//! the network's doing, not the endpoints'. The states each end was in are compared likewise.
//!
//! In the recordings an initial sequence number within 2²⁰ of an earlier one on the same sockets is counted from that, since
//! it shows how the kernel chose it. A run's trace is counted in the same way here, from its numbers on the wire, whatever
//! its own relative numbers are.
//!
//! [`Observation::read`] reads either side, [`compare`] compares, [`Comparison::render`] draws two ladders side by side.

mod align;
mod csv;
mod draw;
mod json;
mod lives;

use std::fmt;

use sim_time::{Duration, Instant};

pub use align::compare;

use crate::paint::Colour;

/// How far a time may lie from the `recorded` one: 5 % and 50 ms. The real kernel's clock ticks at 250 Hz and its timer
/// wheel rounds up, so that no closer agreement means anything.
#[must_use]
pub fn tolerance(recorded: Duration) -> Duration {
    recorded / 20 + Duration::from_millis(50)
}

/// What was seen of an experiment: the segments on the wire and the states of the ends.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Observation {
    /// In the order in which they were sent.
    segments: Vec<Seen>,
    /// In the order in which they happened.
    changes: Vec<Change>,
    /// Until when was looked, if that is known.
    end: Option<Instant>,
}

/// A segment.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    at: Instant,
    /// The end that sent it, or whose address it bears.
    from: End,
    to: End,
    /// Letters of S, F, R, P, A, in this order.
    flags: String,
    seq: Number,
    ack: Number,
    len: u32,
    delivered: Option<Instant>,
    /// Whether no endpoint sent it: it is part of the experiment's set-up, and not compared.
    injected: bool,
}

/// One end of a connection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct End {
    host: String,
    port: u16,
}

/// A sequence or acknowledgment number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Number {
    /// Counted from the nearest initial sequence number, if there is one.
    relative: Option<i64>,
    /// As on the wire, if that is known.
    raw: Option<u32>,
}

impl Number {
    /// Numbers on the wire differ from run to run, so they count only where there is nothing to count from.
    fn agrees(self, other: Self) -> bool {
        match (self.relative, other.relative) {
            (None, None) => self.raw.is_none() || other.raw.is_none() || self.raw == other.raw,
            (mine, theirs) => mine == theirs,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.relative, self.raw) {
            (Some(relative), _) => write!(f, "{relative}"),
            (None, Some(raw)) => write!(f, "={raw}"),
            (None, None) => write!(f, "?"),
        }
    }
}

/// A change of state.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Change {
    at: Instant,
    end: End,
    peer: End,
    from: String,
    to: String,
}

impl Observation {
    /// Reads the lines of JSON that `synlab run --trace` writes, or a recording as CSV; the text itself says which.
    ///
    /// # Errors
    /// What is wrong with the text, with the line.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let observation = if text.trim_start().starts_with('{') { json::read(text) } else { csv::read(text) }?;
        if observation.segments.is_empty() && observation.changes.is_empty() {
            return Err(ReadError { line: None, message: "it has neither a segment nor a state".to_owned() });
        }
        Ok(observation)
    }
}

/// Why a text is no observation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadError {
    /// The line, from 1, if it is about one.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line}: {}", self.message),
            None => write!(f, " {}", self.message),
        }
    }
}

impl std::error::Error for ReadError {}

/// How two observations compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Agreement {
    /// They are the same.
    Agrees,
    /// They are the same, but that segments which two senders sent at the same time, within the tolerance, are in another
    /// order. What ties: the first of them.
    UpToATie(String),
    /// They are not the same: the first difference.
    Differs(String),
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agrees => write!(f, "agrees"),
            Self::UpToATie(tie) => write!(f, "agrees up to a tie: {tie}"),
            Self::Differs(difference) => write!(f, "differs: {difference}"),
        }
    }
}

/// Two observations, aligned.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    rows: Vec<Pair<Seen>>,
    lives: Vec<Pair<lives::Life>>,
    /// The host whose lifeline is drawn left.
    first_host: Option<String>,
    agreement: Agreement,
}

/// What stands side by side.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Pair<T> {
    ours: Option<T>,
    theirs: Option<T>,
    mark: Mark,
}

/// How the two compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    /// They agree.
    Same,
    /// They agree, in another order than their neighbours'.
    Tie,
    /// They are part of the set-up.
    Injected,
    /// They are where the first difference is.
    Different,
    /// They come after it, or after the end of what was recorded: nothing is said of them.
    Unmatched,
}

impl Comparison {
    /// The verdict.
    #[must_use]
    pub const fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Two ladders side by side under these headings, the states of both, and the verdict.
    #[must_use]
    pub fn render(&self, ours: &str, theirs: &str, colour: Colour) -> String {
        draw::side_by_side(self, ours, theirs, colour)
    }
}

#[cfg(test)]
mod tests;
