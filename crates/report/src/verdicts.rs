//! Whether what was expected came true, in words.

use experiment::Verdict;

use crate::paint::{Colour, Tone};

/// One line for each expectation, with what was measured under one that does not hold.
#[must_use]
pub fn verdicts(verdicts: &[Verdict], colour: Colour) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let (tone, word) = if verdict.passed { (Tone::Good, "ok  ") } else { (Tone::Bad, "FAIL") };
        text.push_str(&format!("{}  {}\n", colour.paint(tone, word), verdict.that));
        if !verdict.passed {
            text.push_str(&format!("      {}\n", colour.paint(Tone::Bad, &verdict.actual)));
        }
    }
    text
}
