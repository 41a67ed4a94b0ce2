//! From text to an [`Expression`], by recursive descent.

use std::ops::Range;

use super::of_runs::{OF_OTHERS, OPENS};
use super::quantity::{Unit, same};
use super::{Comparison, Expression, Operator, Quantity, Reference, Side, Term};
use crate::MetricInfo;
use crate::input::diagnostic::suggest;
use crate::input::measure::{Measure, MeasureKind, Of};
use crate::input::script::SIZE_UNITS;

/// Deeper nesting than anyone writes; it bounds the parser's recursion.
const DEEPEST: usize = 64;

/// What the words of an expression may be.
pub(in crate::input) trait Words {
    /// Which variant a prefix names.
    ///
    /// # Errors
    /// What is wrong with it, and help.
    fn reference(&self, prefix: &str) -> Result<Reference, (String, String)>;
    /// All metrics.
    fn metrics(&self) -> &[MetricInfo];
}

/// What is wrong with an expression, and where in its text.
#[derive(PartialEq, Eq, Debug)]
pub(in crate::input) struct Fault {
    pub(in crate::input) range: Range<usize>,
    pub(in crate::input) message: String,
    pub(in crate::input) help: Option<String>,
}

impl Fault {
    pub(super) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Parses an expression and checks every word in it.
pub(in crate::input) fn parse(text: &str, words: &dyn Words) -> Result<Expression, Fault> {
    Parser::new(text, words).whole_expression()
}

/// Parses a sum of metrics that is to be shown, and checks every word in it.
pub(in crate::input) fn parse_quantity(text: &str, words: &dyn Words) -> Result<Quantity, Fault> {
    let mut parser = Parser::new(text, words);
    let term = parser.sum()?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.fault_here("expected `+`, `-`, `*`, `/` or the end"));
    }
    Parser::quantity(term, 0..text.len())
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    words: &'a dyn Words,
    depth: usize,
    /// What is said of many runs, if that can be said here.
    pub(super) measures: Option<Vec<Measure>>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, words: &'a dyn Words) -> Self {
        Self { text, at: 0, words, depth: 0, measures: None }
    }

    /// A term in `range` as a quantity.
    pub(super) fn quantity(term: Term, range: Range<usize>) -> Result<Quantity, Fault> {
        if !term.is_measured() {
            return Err(Self::fault(range, "this names no metric, so it says nothing of the run"));
        }
        match term.unit() {
            Ok(unit) => Ok(Quantity { term, unit: unit.unwrap_or_default() }),
            Err((one, other)) => {
                let message = format!("the units do not fit: {} and {}", one.words(), other.words());
                Err(Self::fault(range, message))
            }
        }
    }

    pub(super) fn whole_expression(&mut self) -> Result<Expression, Fault> {
        let expression = self.expression()?;
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.fault_here("expected an operator, `and` or the end"));
        }
        Ok(expression)
    }

    pub(super) fn expression(&mut self) -> Result<Expression, Fault> {
        let mut comparisons = vec![self.comparison()?];
        while self.peek_word() == Some("and") {
            self.at += "and".len();
            comparisons.push(self.comparison()?);
        }
        Ok(Expression(comparisons))
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `token` if it comes next.
    pub(super) fn takes(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn fault(range: Range<usize>, message: impl Into<String>) -> Fault {
        Fault { range, message: message.into(), help: None }
    }

    /// A fault at the next character, or at the end.
    pub(super) fn fault_here(&mut self, message: &str) -> Fault {
        self.skip_space();
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        let found = self.rest().chars().next().map_or("the end".to_owned(), |c| format!("`{c}`"));
        Self::fault(self.at..self.at + length, format!("{message}, found {found}"))
    }

    fn comparison(&mut self) -> Result<Comparison, Fault> {
        self.skip_space();
        let whole = self.at;
        let left = self.side()?;
        let start = self.at;
        let operator = self.operator()?;
        let right = self.side()?;
        let tolerance = if self.takes("±") || self.takes("+-") {
            if operator != Operator::Equal {
                return Err(Self::fault(start..self.at, "`±` goes with `==` only"));
            }
            self.skip_space();
            let tolerance_start = self.at;
            let side = self.side()?;
            if !side.term.is_measured() && side.term.value(&|_, _| None).is_some_and(|tolerance| tolerance < 0.0) {
                return Err(Self::fault(tolerance_start..self.at, "a tolerance cannot be negative"));
            }
            Some(side)
        } else {
            None
        };
        let ordered = !matches!(operator, Operator::Equal | Operator::Unequal);
        if (ordered || tolerance.is_some()) && [&left, &right].iter().any(|side| side.term == Term::Null) {
            return Err(Self::fault(start..self.at, "`null` is no number: compare it with `==` or `!=`"));
        }
        if !left.term.is_measured() && !right.term.is_measured() {
            return Err(Self::fault(whole..self.at, "this names no metric, so it says nothing of the run"));
        }
        let units =
            [&left, &right].into_iter().chain(&tolerance).try_fold(None, |unit, side| same(unit, side.term.unit()?));
        if let Err((one, other)) = units {
            let message = format!("the units do not fit: {} and {}", one.words(), other.words());
            return Err(Self::fault(whole..self.at, message));
        }
        Ok(Comparison { left, operator, right, tolerance })
    }

    fn operator(&mut self) -> Result<Operator, Fault> {
        let all = [
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (token, operator) in all {
            if self.takes(token) {
                return Ok(operator);
            }
        }
        Err(self.fault_here("expected a comparison: `==`, `!=`, `<`, `<=`, `>` or `>=`"))
    }

    fn side(&mut self) -> Result<Side, Fault> {
        self.skip_space();
        let start = self.at;
        let term = self.sum()?;
        Ok(Side { term, text: self.text[start..self.at].trim().to_owned() })
    }

    pub(super) fn sum(&mut self) -> Result<Term, Fault> {
        let mut term = self.product()?;
        loop {
            self.skip_space();
            let operator = match self.rest().as_bytes() {
                [b'+', b'-', ..] => return Ok(term),
                [b'+', ..] => '+',
                [b'-', ..] => '-',
                _ => return Ok(term),
            };
            self.at += 1;
            term = Term::Binary(Box::new(term), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Term, Fault> {
        let mut term = self.factor()?;
        loop {
            let operator = if self.takes("*") {
                '*'
            } else if self.takes("/") {
                '/'
            } else {
                return Ok(term);
            };
            term = Term::Binary(Box::new(term), operator, Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Term, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault_here("nested too deeply"));
        }
        self.skip_space();
        let term = match self.rest().chars().next() {
            Some('-') => {
                self.at += 1;
                Term::Negative(Box::new(self.factor()?))
            }
            Some('(') => {
                self.at += 1;
                let term = self.sum()?;
                if !self.takes(")") {
                    return Err(self.fault_here("expected `)`"));
                }
                term
            }
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) if c.is_ascii_alphabetic() => self.name()?,
            _ => return Err(self.fault_here("expected a metric or a number")),
        };
        self.depth -= 1;
        Ok(term)
    }

    /// A duration or a size in quotes.
    fn quoted(&mut self, quote: char) -> Result<Term, Fault> {
        let start = self.at + 1;
        let Some(length) = self.text[start..].find(quote) else {
            return Err(self.fault_here("expected the closing quote of a duration or a size"));
        };
        let inner = &self.text[start..start + length];
        let digits = inner.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(inner.len());
        let (number, unit) = quantity(inner[..digits].trim(), inner[digits..].trim())
            .map_err(|message| Self::fault(start..start + length, message))?;
        self.at = start + length + 1;
        Ok(Term::Number(number, Some(unit)))
    }

    /// A number, with the unit that follows it if one does.
    fn number(&mut self) -> Result<Term, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut end = start;
        while digit(end) || bytes.get(end) == Some(&b'.') {
            end += 1;
        }
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        if matches!(bytes.get(end), Some(b'e' | b'E')) && digit(end + 1 + signed) {
            end += 1 + signed;
            while digit(end) {
                end += 1;
            }
        }
        self.at = end;
        let unit = match self.peek_word() {
            Some(word) if word != "and" => word,
            _ => "",
        };
        let number = &self.text[start..end];
        if unit.is_empty() {
            let value = finite(number).map_err(|message| Self::fault(start..end, message))?;
            return Ok(Term::Number(value, None));
        }
        let end = self.at + unit.len();
        let (value, unit) = quantity(number, unit).map_err(|message| Self::fault(start..end, message))?;
        self.at = end;
        Ok(Term::Number(value, Some(unit)))
    }

    /// The word that comes next, not taken yet.
    pub(super) fn peek_word(&mut self) -> Option<&'a str> {
        self.skip_space();
        let word = word(self.rest());
        (!word.is_empty()).then_some(word)
    }

    /// `null`, or a metric of this or another variant.
    fn name(&mut self) -> Result<Term, Fault> {
        let start = self.at;
        let (prefix, name) = self.qualified();
        if prefix.is_none() && name == "null" {
            self.at = start + name.len();
            return Ok(Term::Null);
        }
        let mut name_start = start;
        let mut reference = None;
        if let Some(prefix) = prefix {
            name_start += prefix.len() + 1;
            let found = self.words.reference(prefix).map_err(|(message, help)| Fault {
                range: start..start + prefix.len(),
                message,
                help: Some(help),
            })?;
            reference = Some(found);
        }
        let range = name_start..name_start + name.len();
        self.at = name_start;
        if let Some(function) = self.function() {
            let (measure, unit) = function?;
            if self.measures.is_none() {
                let message =
                    "this is of many runs, and here is one: it belongs in [[sweep.expect]] or `sweep.metrics`";
                return Err(Self::fault(range, message));
            }
            if measure.reads_others() {
                let help = format!("write the variant in front: VARIANT:{name}(…)");
                return Err(Self::fault(name_start..self.at, OF_OTHERS).with_help(help));
            }
            return Ok(self.measured(reference, measure, unit));
        }
        let Some(metric) = self.words.metrics().iter().find(|metric| metric.name == name) else {
            let message = format!("unknown metric `{name}`");
            return Err(Fault { range, message, help: Some(self.metric_help(name)) });
        };
        self.at = range.end;
        let unit = Unit::named(metric.unit);
        if self.measures.is_some() {
            let of = Of::Value(Quantity { term: Term::Metric(None, name.to_owned(), unit), unit });
            return Ok(self.measured(reference, Measure::new(name.to_owned(), MeasureKind::Mean, of), unit));
        }
        Ok(Term::Metric(reference, name.to_owned(), unit))
    }

    /// `name`, `variant:name` or `handshake/teardown:name`: the part before the colon and the part after it.
    fn qualified(&self) -> (Option<&'a str>, &'a str) {
        let rest = self.rest();
        let first = word(rest);
        let mut length = first.len();
        if let Some(after) = rest[length..].strip_prefix('/') {
            let second = word(after);
            if !second.is_empty() && after[second.len()..].starts_with(':') {
                length += 1 + second.len();
            }
        }
        match rest[length..].strip_prefix(':') {
            Some(after) => (Some(&rest[..length]), word(after)),
            None => (None, first),
        }
    }

    /// The nearest metric, or where to find the list: there are too many to name.
    fn metric_help(&self, name: &str) -> String {
        if name == OPENS {
            return format!("each run has many: `p99({OPENS})` is a quantile of all, `{OPENS}.p99` that of a run");
        }
        let help = suggest(name, self.words.metrics().iter().map(|metric| metric.name.as_str()));
        if help.starts_with("did you mean") { help } else { "`synlab list metrics` names them all".to_owned() }
    }
}

/// The word a text begins with: letters, digits, `_` and `.`, and `-` with another of these after it.
pub(super) fn word(text: &str) -> &str {
    let bytes = text.as_bytes();
    let part = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'.' || !c.is_ascii();
    let mut end = 0;
    while let Some(&c) = bytes.get(end) {
        if part(c) && (c.is_ascii() || text[end..].starts_with('µ')) {
            end += if c.is_ascii() { 1 } else { 'µ'.len_utf8() };
        } else if c == b'-' && end > 0 && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric) {
            end += 1;
        } else {
            break;
        }
    }
    &text[..end]
}

/// A number that a double can hold.
fn finite(number: &str) -> Result<f64, String> {
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("`{number}` is too large")),
        Err(_) => Err(format!("`{number}` is not a number")),
    }
}

/// Seconds or octets.
fn quantity(number: &str, unit: &str) -> Result<(f64, Unit), String> {
    if let Some(&(_, factor)) = SIZE_UNITS.iter().find(|(name, _)| *name == unit) {
        #[expect(clippy::cast_precision_loss, reason = "the factors are exact in a double")]
        let value = finite(number)? * factor as f64;
        return if value.is_finite() {
            Ok((value, Unit::OCTETS))
        } else {
            Err(format!("`{number} {unit}` is too large"))
        };
    }
    if !sim_time::UNITS.iter().any(|(name, _)| *name == unit) {
        return Err(format!("unknown unit `{unit}`: expected a duration's (s, ms, …) or a size's (B, kB, …)"));
    }
    let duration: sim_time::Duration = format!("{number}{unit}").parse().map_err(|error| format!("{error}"))?;
    Ok((duration.as_secs_f64(), Unit::SECONDS))
}
