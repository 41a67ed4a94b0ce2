//! What a ladder calls things.

use std::fmt;

use experiment::Relative;
use experiment::record::{Call, Cause, Deaf, Sent, Worth, call_word};
use net_link::Loss;
use sim_time::Instant;
use tcp_endpoint::{Flags, Notice, Purpose, Reason, SeqNum, State};

use crate::paint::Tone;

/// What a segment is called: `SYN 0`, `SYN,ACK 0/1`, `DATA 1/1 100 B`, `FIN,ACK 101/101`, with relative numbers `seq/ack`.
///
/// A number that is near no initial sequence number is `?`, save for 0, which is what a reset has that refuses a SYN
/// (RFC 9293 §3.10.7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Name {
    flags: Flags,
    octets: u32,
    numbers: Relative,
}

impl Name {
    pub(crate) fn of(sent: &Sent, numbers: Relative) -> Self {
        let or_zero = |relative: Option<i64>, raw: SeqNum| relative.or((raw.raw() == 0).then_some(0));
        let numbers = Relative { seq: or_zero(numbers.seq, sent.seq), ack: or_zero(numbers.ack, sent.ack) };
        Self { flags: sent.flags, octets: sent.octets, numbers }
    }

    /// Without its numbers.
    pub(crate) fn kind(&self) -> String {
        kinds(self.flags, self.octets > 0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flags, octets, numbers } = *self;
        let number = |relative: Option<i64>| relative.map_or("?".to_owned(), |relative| relative.to_string());
        write!(f, "{} {}", kinds(flags, octets > 0), number(numbers.seq))?;
        if flags.ack() {
            write!(f, "/{}", number(numbers.ack))?;
        }
        if octets > 0 {
            write!(f, " {octets} B")?;
        }
        Ok(())
    }
}

/// See [`Name`].
pub(crate) fn label(sent: &Sent, numbers: Relative) -> String {
    Name::of(sent, numbers).to_string()
}

/// What a segment is: `SYN`, `SYN,ACK`, `DATA`.
pub(crate) fn kinds(flags: Flags, has_data: bool) -> String {
    let mut kinds = Vec::with_capacity(3);
    for (flag, name) in [(Flags::SYN, "SYN"), (Flags::FIN, "FIN"), (Flags::RST, "RST")] {
        if flags.contains(flag) {
            kinds.push(name);
        }
    }
    match (kinds.is_empty(), has_data, flags.ack()) {
        (true, true, _) => kinds.push("DATA"),
        (_, _, true) => kinds.push("ACK"),
        (true, false, false) => kinds.push("(no flags)"),
        _ => {}
    }
    kinds.join(",")
}

/// What is not ordinary about a segment where it is sent.
pub(super) fn notes(sent: &Sent) -> Vec<(Tone, String)> {
    let mut notes = Vec::new();
    notes.extend(sent.purpose.and_then(purpose).map(|purpose| (Tone::Quiet, purpose.to_owned())));
    if sent.retransmission > 0 {
        notes.push((Tone::Notable, format!("retransmission {}", sent.retransmission)));
    }
    match sent.to {
        Some(_) => notes.extend(fate(sent)),
        None => notes.push((Tone::Quiet, "to nobody".to_owned())),
    }
    if sent.forged {
        notes.push((Tone::Bad, "forged".to_owned()));
    }
    if sent.wasted.is_some() {
        notes.push((Tone::Bad, "wasted".to_owned()));
    }
    notes
}

/// Why a segment was sent, where its flags and numbers do not say it.
pub(crate) const fn purpose(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::ChallengeAck => Some("challenge ACK"),
        Purpose::DuplicateAck => Some("duplicate ACK"),
        Purpose::KeepaliveProbe => Some("keepalive"),
        Purpose::TailLossProbe => Some("tail-loss probe"),
        Purpose::WindowProbe => Some("window probe"),
        Purpose::WindowUpdate => Some("window update"),
        Purpose::New
        | Purpose::Retransmission
        | Purpose::Acknowledgment
        | Purpose::ResetOfCall
        | Purpose::ResetOfNoConnection
        | Purpose::ResetOfUnacceptable => None,
    }
}

pub(crate) fn fate(sent: &Sent) -> Option<(Tone, String)> {
    let by_fault = sent.fate.fault.map(|place| format!("by fault {}", place + 1));
    if let Some(loss) = sent.fate.lost {
        let why = match (loss, by_fault) {
            (Loss::Fault, Some(by)) => format!("dropped {by}"),
            (Loss::Fault, None) => "dropped by a fault".to_owned(),
            (Loss::Chance, _) => "lost by chance".to_owned(),
            (Loss::QueueFull, _) => "dropped: queue full".to_owned(),
            (Loss::Lifetime, _) => "dropped: lifetime over".to_owned(),
            (Loss::NoRoute, _) => "no link leads there".to_owned(),
        };
        return Some((Tone::Bad, why));
    }
    match (sent.fate.deliveries.len(), by_fault) {
        (0 | 1, None) => None,
        (0 | 1, Some(by)) => Some((Tone::Notable, format!("delayed {by}"))),
        (_, by) => {
            let times: Vec<String> = sent.fate.deliveries.iter().skip(1).map(ToString::to_string).collect();
            let by = by.map_or(String::new(), |by| format!(" {by}"));
            Some((Tone::Notable, format!("duplicated{by}, again at {}", times.join(", "))))
        }
    }
}

/// What is not ordinary about an arrival.
pub(super) fn arrival_notes(sent_at: Instant, overtaken: bool, copy: u32, stale: bool) -> Vec<(Tone, String)> {
    let mut notes = vec![(Tone::Quiet, format!("sent {sent_at}"))];
    if copy > 0 {
        notes.push((Tone::Notable, format!("duplicate {copy}")));
    } else if overtaken {
        notes.push((Tone::Notable, "late".to_owned()));
    }
    if stale {
        notes.push((Tone::Bad, "stale".to_owned()));
    }
    notes
}

/// Why nobody listened to an arrival.
pub(super) fn unheard(because: Deaf) -> (Tone, String) {
    let words = match because {
        Deaf::Down => "unheard: the host is down",
        Deaf::Quiet => "unheard: quiet time",
    };
    (Tone::Bad, words.to_owned())
}

/// A crash, or with the end of the quiet time a reboot.
pub(super) fn outage(at: Instant, quiet_until: Option<Instant>) -> (Tone, &'static str, Option<(Tone, String)>) {
    match quiet_until {
        None => (Tone::Bad, "the host crashes", None),
        Some(until) if until <= at => (Tone::Good, "the host is up again", None),
        Some(until) => (Tone::Good, "the host is up again", Some((Tone::Quiet, format!("keeps quiet until {until}")))),
    }
}

/// Why a state changed, where the ladder does not show it otherwise.
pub(super) fn reason(reason: Reason, from: State) -> Option<(Tone, String)> {
    let (tone, text) = match reason {
        Reason::Call | Reason::Segment => return None,
        Reason::Reset => (Tone::Bad, "reset"),
        Reason::GaveUp => (Tone::Bad, "gave up"),
        Reason::Expired => return Some((Tone::Quiet, format!("{from} is over"))),
        Reason::Crash => (Tone::Bad, "the host crashed"),
        Reason::Evicted => (Tone::Bad, "evicted: the cache is full"),
        Reason::Overflow => (Tone::Bad, "refused: the accept queue is full"),
    };
    Some((tone, text.to_owned()))
}

/// Bad news for an application; `None` for good news.
pub(crate) const fn notice(notice: Notice) -> Option<&'static str> {
    match notice {
        Notice::Refused => Some("told: refused"),
        Notice::Reset => Some("told: reset"),
        Notice::TimedOut => Some("told: timed out"),
        Notice::Unanswered => Some("told: unanswered"),
        Notice::Connected | Notice::Acceptable { .. } | Notice::Readable => None,
    }
}

/// A call as a note on the change of state it makes; `None` for one that makes none.
pub(super) fn call(call: Call) -> Option<(Tone, String)> {
    matches!(call, Call::Shutdown | Call::Close | Call::Abort).then(|| (Tone::Quiet, call_name(call).to_owned()))
}

/// A call's name in a script.
pub(crate) const fn call_name(call: Call) -> &'static str {
    call_word(call).0
}

/// A judgement in words, and what made it so; `None` if there is nothing new about it.
///
/// Where only the packet to blame is another, that was lost: it is the first such loss that is worth telling.
pub(super) fn worth(before: Worth, worth: Worth) -> Option<(Tone, String, Option<String>)> {
    let same = std::mem::discriminant(&before) == std::mem::discriminant(&worth);
    let cause = |of: Worth| of.blame().map(|blame| blame.cause);
    if same && cause(before) == cause(worth) {
        return None;
    }
    let (tone, text) = match worth {
        Worth::Useful => (Tone::Good, "useful again: someone is there"),
        _ if same => (Tone::Bad, "would soon be gone but for this"),
        Worth::Abandoned(_) => (Tone::Bad, "abandoned from here on: nobody is there"),
        Worth::Ghost(_) => (Tone::Bad, "ghost from here on: nobody is there"),
        Worth::Bereft(_) => (Tone::Bad, "bereft from here on: its peer is gone"),
    };
    Some((tone, text.to_owned(), cause(worth).map(|cause| format!("cause: {}", cause_in_words(cause)))))
}

pub(crate) const fn cause_in_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Lost => "a lost segment",
        Cause::Delayed => "a delayed segment",
        Cause::Duplicated => "a duplicated segment",
        Cause::Forged => "a forged segment",
        Cause::Capacity => "something was full",
        Cause::Middlebox => "a box in the network",
        Cause::Unknown => "no known accident",
        Cause::Crash => "a crash",
        Cause::Application => "the application",
    }
}
