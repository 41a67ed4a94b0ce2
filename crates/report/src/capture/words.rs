//! What the comment of a packet says.

use experiment::record::{
    Because, Blame, RecordId, Sent, cause_word, loss_word, purpose_word, queue_word, reason_word,
};
use sim_time::Instant;
use tcp_endpoint::{FourTuple, Queue, State};

use super::{Kept, View};
use crate::hosts::Hosts;

/// A comment tells so many changes one by one.
const MOST: usize = 100;

/// Something that changed with a packet, or between two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Note {
    pub(super) at: Instant,
    pub(super) what: Changed,
}

/// What changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Changed {
    /// A connection's state.
    State { tuple: FourTuple, from: State, to: State, reason: tcp_endpoint::Reason },
    /// Nothing: a listening port had no room for the segment.
    Full { port: u16, queue: Queue, held: u32 },
    /// Nothing: a SYN was held down.
    HeldDown,
}

/// Notes, up to as many as a comment tells.
#[derive(Clone, Default, Debug)]
pub(super) struct Notes {
    told: Vec<Note>,
    more: usize,
}

impl Notes {
    pub(super) fn push(&mut self, note: Note) {
        if self.told.len() < MOST {
            self.told.push(note);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn append(&mut self, notes: Self) {
        notes.told.into_iter().for_each(|note| self.push(note));
        self.more += notes.more;
    }

    /// Takes those out that are older than an instant.
    pub(super) fn before(&mut self, at: Instant) -> Self {
        // They are in the order of time, and those that are not told one by one come last.
        let later = self.told.iter().position(|note| note.at >= at).map(|place| self.told.split_off(place));
        match later {
            Some(later) => Self { told: std::mem::replace(&mut self.told, later), more: 0 },
            None => std::mem::take(self),
        }
    }
}

/// The first lines of the comment of a packet that leaves: all that is known of it, or what its sender knows.
pub(super) fn leaving(id: RecordId, because: Because, sent: &Sent, view: View) -> String {
    let mut lines = record(id, because);
    if let Some(purpose) = sent.purpose {
        let nth = if sent.retransmission > 0 { format!(", number {}", sent.retransmission) } else { String::new() };
        lines += &format!("\npurpose: {}{nth}", purpose_word(purpose).0);
    }
    if view == View::Everywhere {
        lines += &format!("\nfate: {}", fate(sent));
        lines += &wasted(sent.wasted);
    }
    lines
}

/// The first lines of the comment of a packet that arrives; `copy` is 0 for the first of its copies.
pub(super) fn arriving(id: RecordId, kept: &Kept, copy: u32, stale: bool, view: View) -> String {
    let Kept { id: of, at, sent, .. } = kept;
    let mut lines = record(id, Because::ROOT);
    if view != View::Everywhere {
        return lines;
    }
    if sent.forged {
        lines += &format!("\nforged, record {}: no host sent it", of.place());
    } else {
        lines += &format!("\nsent at {at} s, record {}", of.place());
    }
    if copy > 0 {
        lines += &format!("\na duplicate that the network made: copy {} of {}", copy + 1, sent.fate.deliveries.len());
    }
    if stale {
        lines += "\nstale: its sender no longer holds that connection, or has sent it again since";
    }
    lines + &wasted(sent.wasted)
}

/// `record 7, because of 5 and 6`
fn record(id: RecordId, because: Because) -> String {
    let causes: Vec<String> = because.iter().map(|cause| cause.place().to_string()).collect();
    let because = if causes.is_empty() { String::new() } else { format!(", because of {}", causes.join(" and ")) };
    format!("record {}{because}", id.place())
}

fn fate(sent: &Sent) -> String {
    let fault =
        sent.fate.fault.map_or(String::new(), |place| format!(", by fault {} of the file", u32::from(place) + 1));
    let times: Vec<String> = sent.fate.deliveries.iter().map(|at| format!("{at} s")).collect();
    match (&times[..], sent.fate.lost) {
        ([], Some(loss)) => format!("lost ({}){fault}", loss_word(loss).0),
        ([], None) => format!("lost{fault}"),
        ([once], _) => format!("arrives at {once}{fault}"),
        (several, _) => format!("duplicated, arrives at {}{fault}", several.join(" and ")),
    }
}

fn wasted(blame: Option<Blame>) -> String {
    let Some(Blame { cause, record }) = blame else { return String::new() };
    let record = record.map_or(String::new(), |id| format!(", record {}", id.place()));
    format!("\nwasted; cause: {}{record}", cause_word(cause).0)
}

/// The lines of the notes, of a packet at `at` between `ends`.
pub(super) fn notes(notes: &Notes, at: Instant, ends: FourTuple, hosts: &Hosts) -> String {
    let mut lines = String::new();
    for Note { at: when, what } in &notes.told {
        lines.push('\n');
        if *when != at {
            lines += &format!("later, at {when} s: ");
        }
        lines += &match *what {
            Changed::State { tuple, from, to, reason } => {
                let own = hosts.socket(tuple.local);
                let other = if tuple == ends || tuple == ends.flipped() {
                    String::new()
                } else {
                    format!(" (with {})", hosts.socket(tuple.remote))
                };
                format!("{own}{other}: {from} → {to} ({})", reason_word(reason).0)
            }
            Changed::Full { port, queue, held } => {
                let full = format!("the {} queue of port {port} is full ({held} in it)", queue_word(queue).0);
                if matches!(queue, Queue::Syn | Queue::Accept) { format!("dropped: {full}") } else { full }
            }
            Changed::HeldDown => "dropped: a SYN is held down".to_owned(),
        };
    }
    if notes.more > 0 {
        lines += &format!("\nand {} more changes", notes.more);
    }
    lines
}
