//! The name of a connection that is closed, on which a listener takes no SYN for a time (protocols that know how long a
//! packet can live need no third message: Watson's Delta-t, and Attiya and Rappoport, 1997).

use sim_time::Instant;

use crate::identity::Identity;

/// A name, and until when it is held down, that instant included.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct HoldDown<T> {
    /// That of the connection that had the name.
    pub(crate) id: Identity<T>,
    pub(crate) until: Instant,
}
