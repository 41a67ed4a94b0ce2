//! What things are called in all that is told of a run.

use std::fmt;

use experiment::Relative;
use experiment::record::{Call, Cause, Sent, call_word};
use net_link::Loss;
use tcp_endpoint::{Flags, Notice, Purpose, SeqNum, Timer};

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
        | Purpose::ResetOfUnacceptable
        | Purpose::ResetOfUnread => None,
    }
}

/// What the network did to a segment, where that is not ordinary.
pub(crate) fn fate(sent: &Sent) -> Option<String> {
    let by_fault = sent.fate.fault.map(|place| format!("by fault {}", place + 1));
    if let Some(loss) = sent.fate.lost {
        let why = match (loss, by_fault) {
            _ if sent.to.is_none() => "nobody has the address".to_owned(),
            (Loss::Fault, Some(by)) => format!("dropped {by}"),
            (Loss::Fault, None) => "dropped by a fault".to_owned(),
            (Loss::Chance, _) => "lost by chance".to_owned(),
            (Loss::QueueFull, _) => "dropped: queue full".to_owned(),
            (Loss::Lifetime, _) => "dropped: lifetime over".to_owned(),
            (Loss::NoRoute, _) => "no link leads there".to_owned(),
        };
        return Some(why);
    }
    match (sent.fate.deliveries.len(), by_fault) {
        (0 | 1, None) => None,
        (0 | 1, Some(by)) => Some(format!("delayed {by}")),
        (_, by) => {
            let times: Vec<String> = sent.fate.deliveries.iter().skip(1).map(ToString::to_string).collect();
            let by = by.map_or(String::new(), |by| format!(" {by}"));
            Some(format!("duplicated{by}, again at {}", times.join(", ")))
        }
    }
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

/// A call's name in a script.
pub(crate) const fn call_name(call: Call) -> &'static str {
    call_word(call).0
}

/// What has the blame.
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

/// What a timer is called.
pub(crate) const fn timer_in_words(timer: Timer) -> &'static str {
    match timer {
        Timer::Retransmission => "retransmission timer",
        Timer::TailLossProbe => "timer for a tail-loss probe",
        Timer::WindowProbe => "timer for a window probe",
        Timer::DelayedAck => "timer for a delayed acknowledgment",
        Timer::Keepalive => "keepalive timer",
        Timer::UserTimeout => "user timeout",
        Timer::TimeWait => "TIME-WAIT timer",
        Timer::FinWait2 => "FIN-WAIT-2 timer",
        Timer::HoldDown => "hold-down timer",
    }
}
