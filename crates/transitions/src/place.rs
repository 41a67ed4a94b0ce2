//! Where the name of a connection stands.

use std::fmt;

use tcp_endpoint::State;

/// A state of RFC 9293 §3.3.2, or what a variant has beside them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Place {
    /// A state of the RFC.
    State(State),
    /// The name of a closed connection, on which a listener takes no SYN for a time (`hold-down`).
    HeldDown,
}

impl Place {
    /// The name that the RFC gives it; `HELD DOWN`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State(state) => state.name(),
            Self::HeldDown => "HELD DOWN",
        }
    }
}

impl From<State> for Place {
    fn from(state: State) -> Self {
        Self::State(state)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
