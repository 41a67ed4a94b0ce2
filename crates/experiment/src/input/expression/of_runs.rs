//! What can be said of many runs: means, shares and quantiles.

use super::parser::{Fault, Parser, Words, parse_quantity, word};
use super::quantity::Unit;
use super::{Expression, Reference, Term};
use crate::input::measure::{Measure, MeasureKind, Of};

/// Parses an expression over many runs, in which a metric stands for its mean; also gives the measures in it, under whose
/// texts they are looked up.
pub(in crate::input) fn parse_of_runs(text: &str, words: &dyn Words) -> Result<(Expression, Vec<Measure>), Fault> {
    let mut parser = Parser::new(text, words);
    parser.measures = Some(Vec::new());
    let expression = parser.whole_expression()?;
    Ok((expression, parser.measures.unwrap_or_default()))
}

/// Parses a measure: a function of many runs, a sum that stands for its mean, or comparisons that stand for the share of runs
/// in which they hold.
pub(in crate::input) fn parse_measure(text: &str, words: &dyn Words) -> Result<Measure, Fault> {
    let mut parser = Parser::new(text, words);
    let measure = if let Some(function) = parser.function() {
        function.and_then(|(measure, _)| {
            parser.skip_space();
            if parser.at < text.len() { Err(parser.fault_here("expected the end")) } else { Ok(measure) }
        })?
    } else if text.contains(['<', '>', '=', '!']) {
        let holds = parser.whole_expression()?;
        Measure::new(text.trim().to_owned(), MeasureKind::Share, Of::Holds(holds))
    } else {
        Measure::new(text.trim().to_owned(), MeasureKind::Mean, Of::Value(parse_quantity(text, words)?))
    };
    if measure.reads_others() {
        return Err(Parser::fault(0..text.len(), OF_OTHERS).with_help("differences between variants are shown anyway"));
    }
    Ok(measure)
}

/// Why a measure cannot have a variant inside.
pub(super) const OF_OTHERS: &str = "a measure is of the runs of one variant";
/// What a quantile over all opens is of. It is no metric: a run has many.
pub(super) const OPENS: &str = "setup.seconds";

impl Parser<'_> {
    /// A function of many runs, with its unit, if one comes next.
    pub(super) fn function(&mut self) -> Option<Result<(Measure, Unit), Fault>> {
        self.skip_space();
        let start = self.at;
        let name = word(self.rest());
        if !self.text[start + name.len()..].starts_with('(') || name.is_empty() {
            return None;
        }
        self.at += name.len() + 1;
        Some(self.arguments(start, name))
    }

    fn arguments(&mut self, start: usize, name: &str) -> Result<(Measure, Unit), Fault> {
        // Inside, everything is of one run.
        let outside = self.measures.take();
        let kind = match (name, quantile(name)) {
            ("mean", _) => MeasureKind::Mean,
            ("share", _) => MeasureKind::Share,
            (_, Some(part)) => MeasureKind::Quantile(part),
            (_, None) => {
                let help = "`mean(…)`, `share(…)`, `max(…)` and quantiles such as `p50(…)` and `p999(…)`";
                let end = start + name.len();
                return Err(Self::fault(start..end, format!("unknown function `{name}`")).with_help(help));
            }
        };
        let inner = self.at;
        let (kind, of, unit) = match kind {
            MeasureKind::Share => (kind, Of::Holds(self.expression()?), Unit::default()),
            MeasureKind::Quantile(part) if self.peek_word() == Some(OPENS) => {
                self.at += OPENS.len();
                (MeasureKind::Opens(part), Of::Opens, Unit::SECONDS)
            }
            _ => {
                let term = self.sum()?;
                let quantity = Self::quantity(term, inner..self.at)?;
                let unit = quantity.unit;
                (kind, Of::Value(quantity), unit)
            }
        };
        if !self.takes(")") {
            return Err(self.fault_here("expected `)`"));
        }
        self.measures = outside;
        Ok((Measure::new(self.text[start..self.at].to_owned(), kind, of), unit))
    }

    /// The measure as a term that is looked up under its text.
    pub(super) fn measured(&mut self, reference: Option<Reference>, measure: Measure, unit: Unit) -> Term {
        let name = measure.text().to_owned();
        self.measures.get_or_insert_default().push(measure);
        Term::Metric(reference, name, unit)
    }
}

/// The part that a quantile's name means: 0.999 for `p999`, 1 for `max`.
fn quantile(name: &str) -> Option<f64> {
    if name == "max" {
        return Some(1.0);
    }
    let digits = name.strip_prefix('p').filter(|digits| (2..=6).contains(&digits.len()))?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    format!("0.{digits}").parse().ok().filter(|part| is_number && *part > 0.0)
}
