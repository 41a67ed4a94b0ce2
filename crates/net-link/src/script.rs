//! The faults of one direction at work: matching and counting.

use sim_time::Instant;

use crate::{Description, Fault, ScriptedFate};

/// The faults of one direction, and how many packets each has met.
///
/// It stands on its own, apart from [`crate::Link`], for those who decide deliveries some other way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Script {
    rules: Vec<Rule>,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Rule {
    /// Its place in the file's list.
    place: u16,
    fault: Fault,
    /// Packets that met every criterion but `nth`.
    met: u32,
}

impl Script {
    /// The most faults a list may have.
    pub const MOST_FAULTS: usize = u16::MAX as usize + 1;

    /// The faults that apply to what `sender` sends: those without `from`, and those that name it.
    ///
    /// # Panics
    /// If there are more than [`Script::MOST_FAULTS`]; [`crate::LinkConfig::check`] says so first.
    #[must_use]
    pub fn new(faults: &[Fault], sender: &str) -> Self {
        assert!(faults.len() <= Self::MOST_FAULTS, "at most {} faults", Self::MOST_FAULTS);
        let rules = (0..=u16::MAX)
            .zip(faults)
            .filter(|(_, fault)| fault.on.from.as_deref().is_none_or(|from| from == sender))
            .map(|(place, fault)| Rule { place, fault: fault.clone(), met: 0 })
            .collect();
        Self { rules }
    }

    /// Counts a packet sent at `now`, and returns the first fault that matches it (its place in the file's list, from 0)
    /// with the fate it gives.
    ///
    /// Every fault counts every packet that meets its criteria, decided or not, so that a fault put in front does not
    /// change which packet is another's `nth`.
    pub fn decide(&mut self, now: Instant, packet: &Description) -> Option<(u16, &ScriptedFate)> {
        let mut decided = None;
        for rule in &mut self.rules {
            let on = &rule.fault.on;
            if !on.describe(now, packet) {
                continue;
            }
            rule.met = rule.met.saturating_add(1);
            if decided.is_none() && on.nth.as_ref().is_none_or(|nth| nth.contains(rule.met)) {
                decided = Some((rule.place, &rule.fault.fate));
            }
        }
        decided
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Acknowledges, Kinds, LinkConfig};

    const PLAIN: Description = Description {
        kinds: Kinds::DATA,
        acknowledges: Acknowledges::Syn,
        attempt: 1,
        connection: 2,
        seq: Some(101),
        ack: Some(1),
        retransmission: 0,
        octets: 100,
    };

    /// The faults of a file's `[[fault]]` list, each with that `on` and `drop = true`, as `client` meets them.
    fn script(on: &[&str]) -> Script {
        let list: String = on.iter().map(|on| format!("[[fault]]\non = {on}\ndrop = true\n")).collect();
        let config: LinkConfig = toml::from_str(&list).unwrap();
        Script::new(&config.fault, "client")
    }

    fn place(script: &mut Script, at_ms: u64, packet: &Description) -> Option<u16> {
        script.decide(Instant::from_nanos(at_ms * 1_000_000), packet).map(|(place, _)| place)
    }

    /// Every criterion, met and not met, one at a time.
    #[test]
    fn each_criterion_matches_what_it_says() {
        let syn_ack = Description { kinds: Kinds::SYN_ACK, ..PLAIN };
        let fin_with_data = Description { kinds: Kinds::FIN.with(Kinds::DATA), ..PLAIN };
        let for_fin = Description { kinds: Kinds::ACK, acknowledges: Acknowledges::Fin, ..PLAIN };
        let third_attempt = Description { attempt: 3, ..PLAIN };
        let no_attempt = Description { attempt: 0, ..PLAIN };
        let numberless = Description { seq: None, ack: None, connection: 0, ..PLAIN };
        let retransmitted = Description { retransmission: 2, ..PLAIN };
        for (on, at_ms, packet, matches) in [
            ("{}", 0, PLAIN, true),
            ("{ from = 'client' }", 0, PLAIN, true),
            ("{ from = 'server' }", 0, PLAIN, false),
            ("{ flags = 'data' }", 0, PLAIN, true),
            ("{ flags = 'SYN' }", 0, PLAIN, false),
            ("{ flags = 'SYN' }", 0, syn_ack, false),
            ("{ flags = ['SYN', 'SYN-ACK'] }", 0, syn_ack, true),
            ("{ flags = 'FIN' }", 0, fin_with_data, true),
            ("{ flags = 'data' }", 0, fin_with_data, true),
            ("{ flags = ['RST', 'ACK'] }", 0, fin_with_data, false),
            ("{ acknowledges = 'FIN' }", 0, for_fin, true),
            ("{ acknowledges = 'FIN' }", 0, PLAIN, false),
            ("{ acknowledges = 'SYN' }", 0, PLAIN, true),
            ("{ acknowledges = 'nothing' }", 0, PLAIN, false),
            ("{ attempt = 3 }", 0, third_attempt, true),
            ("{ attempt = 3 }", 0, PLAIN, false),
            ("{ attempt = '1..' }", 0, third_attempt, true),
            ("{ attempt = '1..' }", 0, no_attempt, false),
            ("{ retransmission = 0 }", 0, PLAIN, true),
            ("{ retransmission = 0 }", 0, retransmitted, false),
            ("{ retransmission = [1, 2] }", 0, retransmitted, true),
            ("{ retransmission = '1..' }", 0, PLAIN, false),
            ("{ connection = 2 }", 0, PLAIN, true),
            ("{ connection = [1, 3] }", 0, PLAIN, false),
            ("{ connection = '1..' }", 0, numberless, false),
            ("{ seq = 101 }", 0, PLAIN, true),
            ("{ seq = [1, 100] }", 0, PLAIN, false),
            ("{ seq = '0..' }", 0, numberless, false),
            ("{ ack = 1 }", 0, PLAIN, true),
            ("{ ack = '2..' }", 0, PLAIN, false),
            ("{ ack = '0..' }", 0, numberless, false),
            ("{ after = '1s' }", 999, PLAIN, false),
            ("{ after = '1s' }", 1_000, PLAIN, true),
            ("{ before = '1s' }", 999, PLAIN, true),
            ("{ before = '1s' }", 1_000, PLAIN, false),
            ("{ flags = 'data', attempt = 1, acknowledges = 'SYN' }", 0, PLAIN, true),
            ("{ flags = 'data', attempt = 2, acknowledges = 'SYN' }", 0, PLAIN, false),
        ] {
            let decided = place(&mut script(&[on]), at_ms, &packet);
            assert_eq!(decided, matches.then_some(0), "{on} on {packet:?} at {at_ms} ms");
        }
    }

    #[test]
    fn nth_counts_what_meets_everything_else() {
        let syn = Description { kinds: Kinds::SYN, ..PLAIN };
        let packets = [syn, PLAIN, syn, PLAIN, PLAIN, syn, syn];
        for (on, decided) in [
            ("{ nth = 2 }", vec![1]),
            ("{ flags = 'SYN', nth = 1 }", vec![0]),
            ("{ flags = 'SYN', nth = [2, 4] }", vec![2, 6]),
            ("{ flags = 'SYN', nth = '3..' }", vec![5, 6]),
            ("{ flags = 'SYN', nth = 1, after = '1ms' }", vec![2]),
            ("{ flags = 'SYN', nth = 5 }", vec![]),
        ] {
            let mut script = script(&[on]);
            let found: Vec<u64> = (0..)
                .zip(packets)
                .filter(|(ms, packet)| place(&mut script, *ms, packet).is_some())
                .map(|it| it.0)
                .collect();
            assert_eq!(found, decided, "{on}");
        }
    }

    #[test]
    fn the_first_fault_that_matches_decides_and_all_count() {
        let mut script = script(&["{ from = 'server' }", "{ nth = 2 }", "{ nth = [2, 3] }", "{ nth = 5 }"]);
        let places: Vec<_> = (0..6).map(|ms| place(&mut script, ms, &PLAIN)).collect();
        assert_eq!(places, [None, Some(1), Some(2), None, Some(3), None], "places are those of the file's list");
    }
}
