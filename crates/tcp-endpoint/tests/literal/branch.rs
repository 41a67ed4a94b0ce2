//! The branches of the RFCs' text, each with its place, and how often each was taken.

use std::collections::{BTreeMap, BTreeSet};

use tcp_endpoint::State;

macro_rules! branches {
    ($($name:ident => $text:literal,)*) => {
        /// A branch of the text.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) enum Branch { $(#[doc = $text] $name),* }

        impl Branch {
            /// Every branch.
            const ALL: &[Self] = &[$(Self::$name),*];

            /// Where it stands and what it says.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

branches! {
    OpenActive => "9293 §3.10.1: active OPEN, <SEQ=ISS><CTL=SYN>",
    OpenExists => "9293 §3.10.1: error, connection already exists",
    SendQueued => "9293 §3.10.2: SEND in SYN-SENT or SYN-RECEIVED is queued",
    SendSegmentized => "9293 §3.10.2: SEND in ESTABLISHED or CLOSE-WAIT is segmentized",
    SendClosing => "9293 §3.10.2: SEND after CLOSE, error, connection closing",
    SendNone => "9293 §3.10.2: SEND in CLOSED, error, connection does not exist",
    ReceiveText => "9293 §3.10.3: RECEIVE of queued text",
    ReceiveNothing => "9293 §3.10.3: RECEIVE with too little text is queued",
    ReceiveEnd => "9293 §3.10.3: RECEIVE behind the FIN, connection closing",
    ReceiveNone => "9293 §3.10.3: RECEIVE in CLOSED, error, connection does not exist",
    CloseListen => "9293 §3.10.4: CLOSE in LISTEN",
    CloseSynSent => "9293 §3.10.4: CLOSE in SYN-SENT deletes the TCB",
    CloseSynReceived => "9293 §3.10.4: CLOSE in SYN-RECEIVED without text, FIN-WAIT-1",
    CloseSynReceivedQueued => "9293 §3.10.4: CLOSE in SYN-RECEIVED with text is queued until ESTABLISHED",
    CloseEstablished => "9293 §3.10.4: CLOSE in ESTABLISHED, FIN-WAIT-1",
    CloseCloseWait => "9293 §3.10.4: CLOSE in CLOSE-WAIT, LAST-ACK with the FIN",
    CloseClosing => "9293 §3.10.4: CLOSE after CLOSE, error, connection closing",
    CloseNone => "9293 §3.10.4: CLOSE in CLOSED, error, connection does not exist",
    CloseUnread => "9293 §3.6.1 SHLD-3: CLOSE with text unread, RST",
    TextLost => "9293 §3.6.1 SHLD-3: text after a half-duplex CLOSE, RST",
    AbortSynSent => "9293 §3.10.5: ABORT in SYN-SENT deletes the TCB",
    AbortReset => "9293 §3.10.5: ABORT, <SEQ=SND.NXT><CTL=RST>",
    AbortSilent => "9293 §3.10.5: ABORT in CLOSING, LAST-ACK, TIME-WAIT deletes the TCB",
    AbortNone => "9293 §3.10.5: ABORT in CLOSED, error, connection does not exist",
    ClosedReset => "9293 §3.10.7.1: RST, discarded",
    ClosedNoAck => "9293 §3.10.7.1: no ACK, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>",
    ClosedAck => "9293 §3.10.7.1: ACK, <SEQ=SEG.ACK><CTL=RST>",
    ListenReset => "9293 §3.10.7.2 first: RST, ignored",
    ListenAck => "9293 §3.10.7.2 second: ACK, <SEQ=SEG.ACK><CTL=RST>",
    ListenSyn => "9293 §3.10.7.2 third: SYN, SYN-RECEIVED",
    ListenOther => "9293 §3.10.7.2 fourth: other, dropped",
    SynSentBadAckReset => "9293 §3.10.7.3 first: unacceptable ACK with RST, dropped",
    SynSentBadAck => "9293 §3.10.7.3 first: unacceptable ACK, <SEQ=SEG.ACK><CTL=RST>",
    SynSentReset => "9293 §3.10.7.3 second: RST with an acceptable ACK, connection reset",
    SynSentResetNoAck => "9293 §3.10.7.3 second: RST without ACK, dropped",
    SynSentSynAck => "9293 §3.10.7.3 fourth: SYN,ACK, ESTABLISHED",
    SynSentSyn => "9293 §3.10.7.3 fourth: SYN, SYN-RECEIVED",
    SynSentOther => "9293 §3.10.7.3 fifth: neither SYN nor RST, dropped",
    PawsOld => "7323 §5.3 R1: SEG.TSval < TS.Recent, acknowledged and dropped",
    PawsOutdated => "7323 §5.5: TS.Recent is invalid after 24 days",
    PawsRecord => "7323 §5.3 R3: TS.Recent ← SEG.TSval",
    PawsAhead => "7323 §5.3 R3: SEG.SEQ > Last.ACK.sent, not recorded",
    Unstamped => "7323 §3.2: no TSopt where it was agreed, dropped",
    Unacceptable => "9293 §3.10.7.4 first: not acceptable, <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>",
    UnacceptableReset => "9293 §3.10.7.4 first: not acceptable with RST, dropped",
    Figure7 => "9293 §3.5 figure 7: the SYN,ACK that crosses ours completes the handshake",
    ResetOutside => "9293 §3.10.7.4 second: RST, SEG.SEQ outside the window, dropped",
    ResetChallenged => "9293 §3.10.7.4 second: RST in the window, challenge ACK",
    ResetPassive => "9293 §3.10.7.4 second: RST in SYN-RECEIVED, passive, back to LISTEN",
    ResetActive => "9293 §3.10.7.4 second: RST in SYN-RECEIVED, active, connection refused",
    ResetOpen => "9293 §3.10.7.4 second: RST in ESTABLISHED to CLOSE-WAIT, connection reset",
    ResetClosing => "9293 §3.10.7.4 second: RST in CLOSING to TIME-WAIT, CLOSED",
    SynPassive => "9293 §3.10.7.4 fourth: SYN in SYN-RECEIVED, passive, back to LISTEN",
    SynChallenged => "9293 §3.10.7.4 fourth: SYN in a synchronized state, challenge ACK",
    ChallengeLimited => "5961 §7: no more challenge ACKs for now",
    NoAck => "9293 §3.10.7.4 fifth: no ACK, dropped",
    AckEstablishes => "9293 §3.10.7.4 fifth: ACK in SYN-RECEIVED, ESTABLISHED",
    AckUnacceptable => "9293 §3.10.7.4 fifth: unacceptable ACK in SYN-RECEIVED, <SEQ=SEG.ACK><CTL=RST>",
    AckAdvances => "9293 §3.10.7.4 fifth: SND.UNA < SEG.ACK =< SND.NXT",
    AckDuplicate => "9293 §3.10.7.4 fifth: duplicate ACK, ignored",
    AckUnsent => "9293 §3.10.7.4 fifth: SEG.ACK > SND.NXT, ACK, dropped",
    AckTooOld => "5961 §5.2: SEG.ACK < SND.UNA - MAX.SND.WND, ACK, dropped",
    WindowUpdated => "9293 §3.10.7.4 fifth: SND.WND ← SEG.WND",
    WindowKept => "9293 §3.10.7.4 fifth: an older segment does not update SND.WND",
    AckFinWait1 => "9293 §3.10.7.4 fifth: our FIN is acknowledged, FIN-WAIT-2",
    AckClosing => "9293 §3.10.7.4 fifth: our FIN is acknowledged in CLOSING, TIME-WAIT",
    AckClosingIgnored => "9293 §3.10.7.4 fifth: our FIN is not acknowledged in CLOSING",
    AckLastAck => "9293 §3.10.7.4 fifth: our FIN is acknowledged in LAST-ACK, CLOSED",
    WindowReopened => "9293 §3.8.6.2.2: RECEIVE makes room, and the peer is told",
    WindowSilly => "9293 §3.8.6.2.1: a part of a SEND waits for a larger window",
    WindowProbed => "9293 §3.8.6.1: an octet beyond a closed window",
    WindowAnswered => "9293 §3.8.6.1: an answer to a probe, the connection stays",
    TextAtClosedWindow => "9293 §3.10.7.4 first: text at a closed window, only its ACK is processed",
    TextTaken => "9293 §3.10.7.4 seventh: text in order",
    TextStraddles => "9293 §3.10.7.4 first: only the new part of the text is processed",
    TextTrimmed => "9293 §3.10.7.4 first: text beyond the window is trimmed off",
    TextHeld => "9293 §3.10.7.4 first: a segment ahead of its turn is held",
    TextReleased => "9293 §3.10.7.4 first: a held segment is processed in its turn",
    TextIgnored => "9293 §3.10.7.4 seventh: text behind the FIN, ignored",
    FinEstablished => "9293 §3.10.7.4 eighth: FIN in ESTABLISHED, CLOSE-WAIT",
    FinFinWait1 => "9293 §3.10.7.4 eighth: FIN in FIN-WAIT-1, CLOSING",
    FinFinWait2 => "9293 §3.10.7.4 eighth: FIN in FIN-WAIT-2, TIME-WAIT",
    FinTrimmed => "9293 §3.10.7.4 first: a FIN beyond the window is trimmed off",
    FinIgnored => "9293 §3.10.7.4 eighth: FIN behind the FIN, remain",
    FinTimeWait => "9293 §3.10.7.4 eighth: FIN in TIME-WAIT, restart 2 MSL",
    TimeWaitReopened => "9293 §3.6.1 MAY-2, 6191 §2: a SYN in TIME-WAIT opens the next incarnation",
    TimeWaitSynDropped => "6191 §2: a SYN in TIME-WAIT is dropped",
    AckDelayed => "9293 §3.8.6.3: an acknowledgment is delayed",
    AckDelayedTimeout => "9293 §3.8.6.3: a delayed acknowledgment leaves",
    UserTimeout => "9293 §3.8.3, §3.10.8: R2, the user timeout deletes the TCB",
    Retransmission => "9293 §3.10.8: the front of the retransmission queue again",
    TimeWaitTimeout => "9293 §3.10.8: the time-wait timeout deletes the TCB",
    FastOpenRequest => "7413 §4.2.1: a client without a cookie asks for one",
    FastOpenShown => "7413 §4.2.2: a client shows its cookie and sends text with its SYN",
    FastOpenGranted => "7413 §4.1.2: a SYN,ACK grants a cookie",
    FastOpenKept => "7413 §4.1.3: the client keeps the cookie",
    FastOpenAccepted => "7413 §4.2.2: a good cookie, the text is delivered before the handshake is over",
    FastOpenRefused => "7413 §4.2.2: a bad cookie, the SYN alone is acknowledged",
    FastOpenFailed => "7413 §4.1.3.1, §4.2.1: no answer, or neither a cookie nor an acknowledgment of data",
    FastOpenPaused => "7413 §4.1.3.1: fast open has failed a short time ago, a SYN as ever",
    FastOpenFull => "7413 §4.2: PendingFastOpenRequests is at its limit, fast open is off",
    FastOpenReset => "7413 §5.1: a reset connection that was open early counts for a time",
    FastOpenUnacknowledged => "7413 §4.2.2: what the SYN,ACK did not acknowledge goes with the ACK",

    // Known differences: here the model does as the endpoint does, for the reason above each.

    // No end judges a reset by its options.
    KnownResetOptions => "known, 7323 §5.2: a RST has the options of its connection, none of the segment it answers",
    // A SHOULD: the client may have given the option up when its SYN timed out.
    KnownUnstampedSyn => "known, 7323 §3.2: a half-open entry answers the SYN once more without TSopt, too",
    // It is the retransmission that `duplicate-syn` is about; RFC 5961 §4.2 has the same answer.
    KnownSynWithText => "known, 9293 §3.10.7.4 first, fourth: the SYN once more is old, and so is the text with it",
    // Linux is as strict, and no honest end acknowledges it.
    KnownAckBelowIss => "known, 5961 §5.2: an ACK of what was never sent is too old, whatever MAX.SND.WND is",
    // What was not acknowledged may be lost.
    KnownResetTold => "known, 9293 §3.10.7.4 second: RST in CLOSING or LAST-ACK is told to the user",
    // "The only thing that can arrive in this state is a retransmission of the remote FIN", which it is not.
    KnownFinBehindFin => "known, 9293 §3.10.7.4 eighth: a FIN behind the FIN does not restart TIME-WAIT",
    // The RFC takes it for sent in CLOSING. The peer would wait for it.
    KnownFinUnsent => "known, 9293 §3.10.5: ABORT in CLOSING, our FIN not sent yet, <SEQ=SND.NXT><CTL=RST>",
    // The peer hands the text over all the same.
    KnownSynNotPushed => "known, 9293 §3.9.1.2 MUST-61: a SYN with text has no PSH",
    // RFC 7413 does not say. Our SYN is not acknowledged yet.
    KnownEarlyFin => "known, 9293 §3.10.7.4 eighth: a FIN with the SYN of a good cookie leaves SYN-RECEIVED as it is",
}

/// How often each branch was taken, and the states in which segments arrived.
#[derive(Clone, Default, Debug)]
pub(crate) struct Taken {
    branches: BTreeMap<Branch, u64>,
    states: BTreeSet<State>,
}

impl Taken {
    pub(crate) fn count(&mut self, branch: Branch) {
        *self.branches.entry(branch).or_default() += 1;
    }

    pub(crate) fn arrival(&mut self, state: State) {
        self.states.insert(state);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (branch, count) in &other.branches {
            *self.branches.entry(*branch).or_default() += count;
        }
        self.states.extend(&other.states);
    }

    /// The branches that were never taken, and the states in which nothing arrived.
    pub(crate) fn never(&self) -> Vec<&'static str> {
        let branches = Branch::ALL.iter().filter(|branch| !self.branches.contains_key(branch));
        let states = State::ALL.iter().filter(|state| !self.states.contains(state));
        branches.map(|branch| branch.text()).chain(states.map(|state| state.name())).collect()
    }
}
