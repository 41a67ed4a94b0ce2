//! The ledger: for whom memory was held, and what made the rest useless.

use comfy_table::Cell;
use experiment::Metrics;

use crate::amount::amount;
use crate::tables::{right, table, text};

/// What made memory useless: the metric, and the words for it.
const CAUSES: [(&str, &str); 6] = [
    ("waste.lost.byte-seconds", "nobody: a segment was lost"),
    ("waste.delayed.byte-seconds", "nobody: a segment was delayed"),
    ("waste.duplicated.byte-seconds", "nobody: a segment was duplicated"),
    ("waste.spoofed.byte-seconds", "nobody: a segment was forged"),
    ("waste.crash.byte-seconds", "nobody: a host crashed"),
    ("waste.application.byte-seconds", "nobody: an application gave up"),
];

/// A run's byte·seconds by what they were held for; useful and useless add up to the total.
#[must_use]
pub fn ledger(metrics: &Metrics, hosts: &[&str]) -> String {
    let value = |name: &str| metrics.get(name).flatten().unwrap_or(0.0);
    let sum = |what: &str| hosts.iter().map(|host| value(&format!("{host}.memory.{what}"))).sum::<f64>();
    let total = sum("byte-seconds");
    let mut table = table(&["memory held for", "B·s", "share"]);
    let mut row = |what: &str, held: f64| {
        let share = if total > 0.0 { format!("{:.1} %", 100.0 * held / total) } else { "–".to_owned() };
        table.add_row([Cell::new(what), right(amount(Some(held))), right(share)]);
    };
    row("someone (useful)", sum("useful-byte-seconds"));
    for (metric, words) in CAUSES {
        let held = value(metric);
        if held > 0.0 {
            row(words, held);
        }
    }
    row("all", total);
    text(&table)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn causes_and_use_add_up() {
        let metrics: Metrics = [
            ("client.memory.byte-seconds", 300.0),
            ("client.memory.useful-byte-seconds", 300.0),
            ("server.memory.byte-seconds", 1_700.0),
            ("server.memory.useful-byte-seconds", 700.0),
            ("waste.delayed.byte-seconds", 900.0),
            ("waste.lost.byte-seconds", 100.0),
            ("waste.crash.byte-seconds", 0.0),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Some(value)))
        .collect();
        expect![[r#"
            memory held for                  B·s     share
            ────────────────────────────────────────────────
            someone (useful)                1000    50.0 %
            nobody: a segment was lost       100     5.0 %
            nobody: a segment was delayed    900    45.0 %
            all                             2000   100.0 %
        "#]]
        .assert_eq(&ledger(&metrics, &["client", "server"]));
    }

    #[test]
    fn nothing_held_is_no_share() {
        assert!(ledger(&Metrics::default(), &["client"]).contains("–"));
    }
}
