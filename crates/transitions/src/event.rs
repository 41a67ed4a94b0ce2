//! The alphabet: what can happen to a host in every situation.

/// One thing that happens to a host: a call of its application, a segment of its peer, time that passes, or trouble.
///
/// Segments have the numbers that the peer could send them with, knowing all of the connection, unless it is said otherwise.
/// An event that cannot be in a situation (a CLOSE without a connection) does not happen there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Event {
    /// OPEN, passive.
    PassiveOpen,
    /// OPEN, active.
    ActiveOpen,
    /// OPEN, active, with the first octets to send.
    ActiveOpenWithOctets,
    /// OPEN, active, with all that there is to send, and a CLOSE behind it.
    ActiveOpenWithAll,
    /// The application takes a connection that waits at the listener.
    Accept,
    /// SEND, once in the life of a connection.
    Send,
    /// RECEIVE of all that is there.
    Receive,
    /// CLOSE: the application reads on.
    Close,
    /// CLOSE, and the application gives the connection back: it reads no more.
    CloseAndForget,
    /// ABORT.
    Abort,
    /// CLOSE of the listener.
    CloseListener,
    /// A SYN with the number that the peer's connection began with, or would begin with.
    Syn,
    /// A SYN that is beyond all that the peer has sent so far.
    NewSyn,
    /// A SYN with octets, and with all the proof that the handshake knows: a cookie, a new count.
    SynWithOctets,
    /// The same with a FIN.
    SynWithAll,
    /// A SYN,ACK that acknowledges the host's SYN.
    SynAck,
    /// A SYN,ACK that acknowledges what was never sent.
    WrongSynAck,
    /// An ACK of everything that was sent.
    Ack,
    /// An ACK of nothing new.
    OldAck,
    /// An ACK of what was never sent.
    WrongAck,
    /// 100 octets, once in the life of a connection, with an ACK of everything.
    Octets,
    /// A FIN with an ACK of everything.
    Fin,
    /// A FIN with an ACK of nothing new: it has crossed what the host sent.
    CrossingFin,
    /// A FIN that is out of the window.
    WrongFin,
    /// A RST that is exact: at RCV.NXT, or with an ACK of the SYN.
    Rst,
    /// A RST that is in the window and not exact.
    RstInWindow,
    /// A RST that is out of the window, or acknowledges what was never sent.
    WrongRst,
    /// Half of what is left of TIME-WAIT passes.
    Wait,
    /// Nothing comes, and timers expire one after the other, until one of them changes the state.
    Silence,
    /// The host crashes. What comes after that is another host's story.
    Crash,
    /// Another host sends SYNs, and fills a queue.
    SynOfAnother,
    /// Another host opens a connection that nobody accepts, and fills a queue.
    OpenOfAnother,
}

impl Event {
    /// All of them, the plainest first: of several events that do the same, the first one names it.
    pub const ALL: [Self; 32] = [
        Self::PassiveOpen,
        Self::ActiveOpen,
        Self::Close,
        Self::Syn,
        Self::SynAck,
        Self::Ack,
        Self::Fin,
        Self::CrossingFin,
        Self::Octets,
        Self::Rst,
        Self::Abort,
        Self::Silence,
        Self::NewSyn,
        Self::SynWithOctets,
        Self::SynWithAll,
        Self::OldAck,
        Self::Send,
        Self::Receive,
        Self::Accept,
        Self::CloseAndForget,
        Self::CloseListener,
        Self::ActiveOpenWithOctets,
        Self::ActiveOpenWithAll,
        Self::WrongSynAck,
        Self::WrongAck,
        Self::WrongFin,
        Self::RstInWindow,
        Self::WrongRst,
        Self::Wait,
        Self::SynOfAnother,
        Self::OpenOfAnother,
        Self::Crash,
    ];

    /// The event that this one is, with something more.
    pub(crate) const fn plainer(self) -> Option<Self> {
        match self {
            Self::ActiveOpenWithOctets | Self::ActiveOpenWithAll => Some(Self::ActiveOpen),
            Self::CloseAndForget => Some(Self::Close),
            Self::SynWithOctets | Self::SynWithAll => Some(Self::Syn),
            Self::Octets | Self::Fin => Some(Self::Ack),
            Self::CrossingFin => Some(Self::Fin),
            Self::OpenOfAnother => Some(Self::SynOfAnother),
            _ => None,
        }
    }

    /// As figure 5 of RFC 9293 writes such events: `passive OPEN`, `rcv SYN`, `timeout`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PassiveOpen => "passive OPEN",
            Self::ActiveOpen => "active OPEN",
            Self::ActiveOpenWithOctets => "active OPEN with octets",
            Self::ActiveOpenWithAll => "active OPEN with all octets",
            Self::Accept => "accept",
            Self::Send => "SEND",
            Self::Receive => "RECEIVE",
            Self::Close => "CLOSE",
            Self::CloseAndForget => "CLOSE, no more RECEIVE",
            Self::Abort => "ABORT",
            Self::CloseListener => "CLOSE of the listener",
            Self::Syn => "rcv SYN",
            Self::NewSyn => "rcv new SYN",
            Self::SynWithOctets => "rcv SYN with octets",
            Self::SynWithAll => "rcv SYN,FIN with octets",
            Self::SynAck => "rcv SYN,ACK",
            Self::WrongSynAck => "rcv wrong SYN,ACK",
            Self::Ack => "rcv ACK",
            Self::OldAck => "rcv old ACK",
            Self::WrongAck => "rcv wrong ACK",
            Self::Octets => "rcv octets",
            Self::Fin => "rcv FIN",
            Self::CrossingFin => "rcv crossing FIN",
            Self::WrongFin => "rcv wrong FIN",
            Self::Rst => "rcv RST",
            Self::RstInWindow => "rcv RST in the window",
            Self::WrongRst => "rcv wrong RST",
            Self::Wait => "wait",
            Self::Silence => "timeout",
            Self::Crash => "crash",
            Self::SynOfAnother => "SYNs of another",
            Self::OpenOfAnother => "open of another",
        }
    }
}
