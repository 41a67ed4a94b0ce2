//! Claims put to the test, as a page to be read aloud.

use experiment::{Claim, Finding};

use crate::paint::{Colour, Tone};
use crate::wrap::{block, wrapped};

/// Columns of the page.
const WIDTH: usize = 96;

/// Columns of the number in front of a claim, and of the word in front of what follows it.
const NUMBER: usize = 4;
const WORD: usize = 12;

/// A claim, and what became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct ClaimTested<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// Its number, if it has one.
    pub number: Option<u32>,
    /// What the runs show.
    pub evidence: String,
    /// How many variants were run.
    pub variants: usize,
    /// How many expectations were judged, each once for every variant it is about.
    pub expectations: usize,
    /// What was expected and what was measured, for each that does not hold.
    pub failures: &'a [String],
}

impl ClaimTested<'_> {
    /// Its lines of the page: the claim, what is true of it, what shows it, and whether that holds.
    #[must_use]
    pub fn page(&self, colour: Colour) -> String {
        let number = self.number.map_or(String::new(), |number| number.to_string());
        let number = colour.paint(Tone::Quiet, &format!("{number:>2}{}", " ".repeat(NUMBER - 2)));
        let claim = wrapped(&format!("“{}”", self.claim.sentence()), WIDTH - NUMBER);
        let claim: Vec<String> = claim.iter().map(|line| colour.paint(Tone::Heading, line)).collect();
        let mut text = block(&number, NUMBER, &claim);

        let finding = self.claim.finding();
        let word = word(tone(finding), finding.words(), colour);
        text.push_str(&block(&word, NUMBER + WORD, &wrapped(&self.evidence, WIDTH - NUMBER - WORD)));

        let (tone, mark) = if self.failures.is_empty() { (Tone::Quiet, "✓ holds") } else { (Tone::Bad, "✗ FAILS") };
        let found = colour.paint(tone, &self.count());
        text.push_str(&block(&self::word(tone, mark, colour), NUMBER + WORD, &[found]));
        for failure in self.failures {
            text.push_str(&format!("{}{}\n", " ".repeat(NUMBER + WORD), colour.paint(Tone::Bad, failure)));
        }
        text
    }

    fn count(&self) -> String {
        let of = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let expectations = match (self.expectations, self.failures.len()) {
            (0, _) => "nothing expected".to_owned(),
            (all, 0) => of(all, "expectation"),
            (all, failed) => format!("{failed} of {}", of(all, "expectation")),
        };
        format!("{expectations}, {}", of(self.variants, "variant"))
    }
}

/// How many claims are right, half right, and so on: `20 claims: 6 right, …`.
#[must_use]
pub fn claim_tally(findings: &[Finding], colour: Colour) -> String {
    let counts: Vec<String> = Finding::ALL
        .into_iter()
        .map(|finding| (finding, findings.iter().filter(|found| **found == finding).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(finding, count)| colour.paint(tone(finding), &format!("{count} {}", finding.words())))
        .collect();
    let claims = if findings.len() == 1 { "claim" } else { "claims" };
    format!("{} {claims}: {}\n", findings.len(), counts.join(", "))
}

const fn tone(finding: Finding) -> Tone {
    match finding {
        Finding::Right => Tone::Good,
        Finding::HalfRight => Tone::State,
        Finding::Imprecise => Tone::Notable,
        Finding::Wrong => Tone::Bad,
    }
}

/// A word in the column after the number.
fn word(tone: Tone, word: &str, colour: Colour) -> String {
    let space = WORD.saturating_sub(word.chars().count());
    format!("{}{}{}", " ".repeat(NUMBER), colour.paint(tone, word), " ".repeat(space))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_names_what_there_is() {
        let findings = [Finding::Wrong, Finding::Right, Finding::Wrong];
        assert_eq!(claim_tally(&findings, Colour::Never), "3 claims: 1 right, 2 wrong\n");
        assert_eq!(claim_tally(&findings[..1], Colour::Always), "1 claim: \u{1b}[31m1 wrong\u{1b}[0m\n");
    }
}
