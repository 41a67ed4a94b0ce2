//! `claim`, `verdict` and `evidence`: something that is said, what is true of it, and what the run shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::expect::{Context, of};
use super::expression::{self, Fault, Quantity};
use super::file::Top;
use super::tree::Table;
use super::variant::Variant;

/// Something that is said, put to the test.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    sentence: String,
    finding: Finding,
    evidence: Vec<Part>,
}

/// What is true of a claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Finding {
    /// It holds as it stands.
    #[serde(rename = "right")]
    Right,
    /// It holds under a condition that it does not name, or it is one part of the truth.
    #[serde(rename = "half right")]
    HalfRight,
    /// What it means is true; what it says is not quite.
    #[serde(rename = "imprecise")]
    Imprecise,
    /// It does not hold.
    #[serde(rename = "wrong")]
    Wrong,
}

impl Finding {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Right, Self::HalfRight, Self::Imprecise, Self::Wrong];

    /// The words a file uses.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::HalfRight => "half right",
            Self::Imprecise => "imprecise",
            Self::Wrong => "wrong",
        }
    }
}

/// A piece of the evidence.
#[derive(Clone, PartialEq, Debug)]
enum Part {
    Words(String),
    Measured(Quantity),
}

impl Claim {
    /// What is said.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// What is true of it.
    #[must_use]
    pub const fn finding(&self) -> Finding {
        self.finding
    }

    /// The variants besides `variant` whose metrics the evidence reads, if it is about `variant`.
    #[must_use]
    pub fn needs(&self, variant: &Variant) -> Vec<Variant> {
        let mut needed: Vec<Variant> = Vec::new();
        for part in &self.evidence {
            let Part::Measured(quantity) = part else { continue };
            for other in quantity.references().into_iter().map(|reference| of(reference, variant)) {
                if other != *variant && !needed.contains(&other) {
                    needed.push(other);
                }
            }
        }
        needed
    }

    /// What the run of a variant shows, in one line: the file's words with what was measured put in. `metric` gives a
    /// metric of that variant or of one it needs.
    #[must_use]
    pub fn evidence(&self, variant: &Variant, metric: &dyn Fn(&Variant, &str) -> Option<f64>) -> String {
        let lookup = |reference: Option<&_>, name: &str| match reference {
            None => metric(variant, name),
            Some(reference) => metric(&of(reference, variant), name),
        };
        let part = |part: &Part| match part {
            Part::Words(words) => words.clone(),
            Part::Measured(quantity) => quantity.show(&lookup),
        };
        self.evidence.iter().map(part).collect()
    }

    /// What a file says of it: all three keys, or none.
    pub(super) fn read(top: &Top, table: &Table, context: &Context) -> Result<Option<Self>, Diagnostics> {
        let (Some(sentence), Some(finding), Some(evidence)) = (&top.claim, top.verdict, &top.evidence) else {
            return Ok(incomplete(table).map_or(Ok(None), Err)?);
        };
        let mut errors = Diagnostics::default();
        let place = |key: &str| &table.get(key).expect("it was read from there").place;
        for (key, text) in [("claim", sentence), ("evidence", evidence)] {
            if text.trim().is_empty() || text.contains('\n') {
                errors.push(place(key).error(format!("`{key}` is one line of text")));
            }
        }
        let evidence = errors.keep(parts(evidence, place("evidence"), context)).unwrap_or_default();
        errors.or(Some(Self { sentence: sentence.clone(), finding, evidence }))
    }
}

/// The three keys say nothing one without the other.
fn incomplete(table: &Table) -> Option<Diagnostic> {
    let keys = ["claim", "verdict", "evidence"];
    let given = keys.iter().find_map(|key| table.get(key))?;
    let missing: Vec<String> =
        keys.iter().filter(|key| table.get(key).is_none()).map(|key| format!("`{key}`")).collect();
    let message = format!("{} {} missing", missing.join(" and "), if missing.len() == 1 { "is" } else { "are" });
    Some(given.place.error(message).with_help("`claim`, `verdict` and `evidence` go together"))
}

/// The words of the evidence, and what is measured in `{}` between them.
fn parts(text: &str, place: &Place, context: &Context) -> Result<Vec<Part>, Diagnostic> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        let start = at + found;
        let end = text[start..].find('}').map(|length| start + length).filter(|end| *end > start);
        let Some(end) = end else {
            let message = "`{` and `}` stand around a metric, in pairs";
            return Err(place.inside(text, start..start + 1).error(message));
        };
        let quantity = expression::parse_quantity(&text[start + 1..end], context);
        let quantity = quantity.map_err(|Fault { range, message, help }| Diagnostic {
            help,
            ..place.inside(text, start + 1 + range.start..start + 1 + range.end).error(message)
        })?;
        parts.extend([Part::Words(text[at..start].to_owned()), Part::Measured(quantity)]);
        at = end + 1;
    }
    parts.push(Part::Words(text[at..].to_owned()));
    Ok(parts)
}
