//! What has come to one end of a connection in order, told apart by whether its partner sent it.

/// Octets that arrived in order at an end, and those of them that its application has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Intake {
    arrived: Octets,
    read: Octets,
    /// Octets of the connection that were dropped unread.
    dropped: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Octets {
    /// Whoever sent them.
    all: u64,
    /// Those that belong to the connection.
    own: u64,
}

impl Intake {
    /// Octets of the connection that have arrived.
    pub(super) const fn arrived(&self) -> u64 {
        self.arrived.own
    }

    /// Octets that have arrived, whoever sent them; modulo 2³².
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers count modulo 2³²")]
    pub(super) const fn octets(&self) -> u32 {
        self.arrived.all as u32
    }

    /// Octets of the connection that its application has read.
    pub(super) const fn read(&self) -> u64 {
        self.read.own
    }

    /// Octets of the connection that have arrived and were not read.
    pub(super) const fn unread(&self) -> u64 {
        self.arrived.own.saturating_sub(self.read.own + self.dropped)
    }

    /// Nobody will read what was not read. Returns how many octets of the connection that is.
    pub(super) const fn drop_unread(&mut self) -> u64 {
        let unread = self.unread();
        self.dropped += unread;
        unread
    }

    /// Octets came in order with a segment. At most `foreign`, the octets of that segment if it belongs to another
    /// connection, are not this one's. (Which ones were there already is only known once they are read.) Returns whether
    /// some of them are not.
    pub(super) fn note_arrived(&mut self, octets: u64, foreign: u64) -> bool {
        self.arrived.all += octets;
        self.arrived.own += octets.saturating_sub(foreign);
        octets.min(foreign) > 0
    }

    /// The application took `octets`, `foreign` of which another connection had sent.
    pub(super) fn note_read(&mut self, octets: u64, foreign: u64) {
        self.read.all += octets;
        self.read.own += octets - foreign;
        if self.read.all >= self.arrived.all {
            self.arrived = self.read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_partners_octets_count() {
        let mut intake = Intake::default();
        assert!(!intake.note_arrived(100, 0));
        assert!(intake.note_arrived(60, 60));
        assert_eq!((intake.arrived(), intake.unread()), (100, 100));
        intake.note_read(160, 60);
        assert_eq!((intake.arrived(), intake.unread()), (100, 0));
        assert!(!intake.note_arrived(30, 0));
        assert_eq!((intake.arrived(), intake.unread()), (130, 30));
    }

    /// A foreign segment fills a gap before octets that had come earlier: reading tells which were whose.
    #[test]
    fn what_is_read_corrects_what_was_assumed() {
        let mut intake = Intake::default();
        assert!(!intake.note_arrived(100, 0));
        assert_eq!(intake.arrived(), 100);
        intake.note_read(100, 40);
        assert_eq!((intake.arrived(), intake.unread()), (60, 0));
    }
}
