//! Whether what was expected came true, in words.

use experiment::Verdict;

use crate::paint::{Colour, Tone};

/// One line for each expectation; one that does not hold says why it should, and under it is where it stands and what was found.
#[must_use]
pub fn verdicts(verdicts: &[Verdict], colour: Colour) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let (tone, word) = if verdict.passed { (Tone::Good, "ok  ") } else { (Tone::Bad, "FAIL") };
        let because = verdict.because.as_ref().filter(|_| !verdict.passed);
        let because = because.map_or(String::new(), |because| format!(" ({because})"));
        text.push_str(&format!("{}  {}{because}\n", colour.paint(tone, word), verdict.that));
        if !verdict.passed {
            let found = format!("line {}: {}", verdict.line, verdict.actual);
            text.push_str(&format!("      {}\n", colour.paint(Tone::Bad, &found)));
        }
    }
    text
}
