//! What has come to one end of a connection in order, told apart by whether its partner sent it.

/// Octets that arrived in order at an end, and those of them that its application has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Intake {
    arrived: Octets,
    read: Octets,
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

    /// Octets of the connection that have arrived and were not read.
    pub(super) const fn unread(&self) -> u64 {
        self.arrived.own.saturating_sub(self.read.own)
    }

    /// A segment came, after which `unread` octets can be read. At most `foreign`, the octets of a segment that belongs
    /// to another connection, are not this one's. (Which ones were there already is only known once they are read.) Returns
    /// whether some of those that are new are not.
    pub(super) fn note_arrived(&mut self, unread: u64, foreign: u64) -> bool {
        let new = (self.read.all + unread).saturating_sub(self.arrived.all);
        self.arrived.all += new;
        self.arrived.own += new.saturating_sub(foreign);
        new.min(foreign) > 0
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
        assert!(intake.note_arrived(160, 60));
        assert_eq!((intake.arrived(), intake.unread()), (100, 100));
        intake.note_read(160, 60);
        assert_eq!((intake.arrived(), intake.unread()), (100, 0));
        assert!(!intake.note_arrived(0, 60), "nothing is new");
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
