//! What the comment of a packet says.

use std::fmt::Write;

use experiment::record::{
    Because, Blame, RecordId, Sent, cause_word, loss_word, purpose_word, queue_word, reason_word,
};
use sim_time::Instant;
use tcp_endpoint::{FourTuple, Queue, State};

use super::{Kept, View};
use crate::hosts::Hosts;

/// What a string never lacks.
const ROOM: &str = "a string takes it";
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
        write!(lines, "\npurpose: {}", purpose_word(purpose).0).expect(ROOM);
        if sent.retransmission > 0 {
            write!(lines, ", number {}", sent.retransmission).expect(ROOM);
        }
    }
    if view == View::Everywhere {
        lines += "\nfate: ";
        fate(&mut lines, sent);
        wasted(&mut lines, sent.wasted);
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
        write!(lines, "\nforged, record {}: no host sent it", of.place()).expect(ROOM);
    } else {
        write!(lines, "\nsent at {at} s, record {}", of.place()).expect(ROOM);
    }
    if copy > 0 {
        let copies = sent.fate.deliveries.len();
        write!(lines, "\na duplicate that the network made: copy {} of {copies}", copy + 1).expect(ROOM);
    }
    if stale {
        lines += "\nstale: its sender no longer holds that connection, or has sent it again since";
    }
    wasted(&mut lines, sent.wasted);
    lines
}

/// `record 7, because of 5 and 6`
fn record(id: RecordId, because: Because) -> String {
    // Most comments fit: there is one for each packet.
    let mut line = String::with_capacity(256);
    write!(line, "record {}", id.place()).expect(ROOM);
    for (place, cause) in because.iter().enumerate() {
        let before = if place == 0 { ", because of" } else { " and" };
        write!(line, "{before} {}", cause.place()).expect(ROOM);
    }
    line
}

fn fate(lines: &mut String, sent: &Sent) {
    match (&sent.fate.deliveries[..], sent.fate.lost) {
        ([], Some(loss)) => write!(lines, "lost ({})", loss_word(loss).0).expect(ROOM),
        ([], None) => lines.push_str("lost"),
        (all, _) => {
            lines.push_str(if all.len() > 1 { "duplicated, arrives at " } else { "arrives at " });
            for (place, at) in all.iter().enumerate() {
                write!(lines, "{}{at} s", if place > 0 { " and " } else { "" }).expect(ROOM);
            }
        }
    }
    if let Some(place) = sent.fate.fault {
        write!(lines, ", by fault {} of the file", u32::from(place) + 1).expect(ROOM);
    }
}

fn wasted(lines: &mut String, blame: Option<Blame>) {
    let Some(Blame { cause, record }) = blame else { return };
    write!(lines, "\nwasted; cause: {}", cause_word(cause).0).expect(ROOM);
    if let Some(id) = record {
        write!(lines, ", record {}", id.place()).expect(ROOM);
    }
}

/// Adds the lines of the notes, of a packet at `at` between `ends`.
pub(super) fn notes(lines: &mut String, notes: &Notes, at: Instant, ends: FourTuple, hosts: &Hosts) {
    for Note { at: when, what } in &notes.told {
        lines.push('\n');
        if *when != at {
            write!(lines, "later, at {when} s: ").expect(ROOM);
        }
        match *what {
            Changed::State { tuple, from, to, reason } => {
                lines.push_str(&hosts.socket(tuple.local));
                if tuple != ends && tuple != ends.flipped() {
                    write!(lines, " (with {})", hosts.socket(tuple.remote)).expect(ROOM);
                }
                write!(lines, ": {from} → {to} ({})", reason_word(reason).0).expect(ROOM);
            }
            Changed::Full { port, queue, held } => {
                let dropped = if matches!(queue, Queue::Syn | Queue::Accept) { "dropped: " } else { "" };
                let queue = queue_word(queue).0;
                write!(lines, "{dropped}the {queue} queue of port {port} is full ({held} in it)").expect(ROOM);
            }
            Changed::HeldDown => lines.push_str("dropped: a SYN is held down"),
        }
    }
    if notes.more > 0 {
        write!(lines, "\nand {} more changes", notes.more).expect(ROOM);
    }
}
