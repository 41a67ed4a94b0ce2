//! Figure 5 of RFC 9293 (§3.3.2), the TCP connection state diagram, as a table.

use tcp_endpoint::{Reason, State};

use crate::event::Event;

/// An arrow of the figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FigureArc {
    /// Where it begins.
    pub from: State,
    /// Where it ends.
    pub to: State,
    /// What the figure writes above the line.
    pub event: &'static str,
    /// What it writes below; `x` is nothing.
    pub action: &'static str,
    /// The events that it means.
    pub(crate) events: &'static [Event],
    /// What is sent.
    pub(crate) sends: &'static [&'static str],
    /// As which kind of change a host tells of it; nothing of what befalls a listener.
    pub(crate) reason: Option<Reason>,
}

const fn arc(
    (from, to): (State, State),
    (event, action): (&'static str, &'static str),
    (events, sends): (&'static [Event], &'static [&'static str]),
    reason: Option<Reason>,
) -> FigureArc {
    FigureArc { from, to, event, action, events, sends, reason }
}

const CALL: Option<Reason> = Some(Reason::Call);
const SEGMENT: Option<Reason> = Some(Reason::Segment);

/// The arrows of the figure, from top to bottom.
///
/// What its notes add is not drawn there, and so not here: that FIN-WAIT-1 is left for TIME-WAIT where a FIN comes with the
/// acknowledgment of the host's own (note 2), and that a reset may come or be sent in any state (note 3).
pub const FIGURE: [FigureArc; 20] = {
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent, TimeWait,
    };
    [
        arc((Closed, Listen), ("passive OPEN", "create TCB"), (&[Event::PassiveOpen], &[]), None),
        arc((Closed, SynSent), ("active OPEN", "create TCB, snd SYN"), (&[Event::ActiveOpen], &["SYN"]), CALL),
        arc((Listen, Closed), ("CLOSE", "delete TCB"), (&[Event::CloseListener], &[]), None),
        arc((SynSent, Closed), ("CLOSE", "delete TCB"), (&[Event::Close], &[]), CALL),
        arc((Listen, SynReceived), ("rcv SYN", "snd SYN,ACK"), (&[Event::Syn], &["SYN,ACK"]), SEGMENT),
        arc((Listen, SynSent), ("SEND", "snd SYN"), (&[Event::Send], &["SYN"]), CALL),
        arc((SynReceived, Listen), ("rcv RST (note 1)", ""), (&[Event::Rst], &[]), Some(Reason::Reset)),
        arc((SynSent, SynReceived), ("rcv SYN", "snd SYN,ACK"), (&[Event::Syn], &["SYN,ACK"]), SEGMENT),
        arc((SynReceived, Established), ("rcv ACK of SYN", "x"), (&[Event::Ack], &[]), SEGMENT),
        arc((SynSent, Established), ("rcv SYN,ACK", "snd ACK"), (&[Event::SynAck], &["ACK"]), SEGMENT),
        arc((SynReceived, FinWait1), ("CLOSE", "snd FIN"), (&[Event::Close], &["FIN"]), CALL),
        arc((Established, FinWait1), ("CLOSE", "snd FIN"), (&[Event::Close], &["FIN"]), CALL),
        arc((Established, CloseWait), ("rcv FIN", "snd ACK"), (&[Event::Fin], &["ACK"]), SEGMENT),
        arc((FinWait1, FinWait2), ("rcv ACK of FIN", "x"), (&[Event::Ack], &[]), SEGMENT),
        arc((FinWait1, Closing), ("rcv FIN", "snd ACK"), (&[Event::CrossingFin], &["ACK"]), SEGMENT),
        arc((CloseWait, LastAck), ("CLOSE", "snd FIN"), (&[Event::Close], &["FIN"]), CALL),
        arc((FinWait2, TimeWait), ("rcv FIN", "snd ACK"), (&[Event::Fin], &["ACK"]), SEGMENT),
        arc((Closing, TimeWait), ("rcv ACK of FIN", "x"), (&[Event::Ack], &[]), SEGMENT),
        arc((LastAck, Closed), ("rcv ACK of FIN", "x"), (&[Event::Ack], &[]), SEGMENT),
        arc((TimeWait, Closed), ("Timeout=2MSL", "delete TCB"), (&[Event::Silence], &[]), Some(Reason::Expired)),
    ]
};
