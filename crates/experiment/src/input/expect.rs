//! `[[expect]]`: what must hold at the end of a run.

use super::about::About;
use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::expression::{self, Expression, Fault, Reference, Words};
use super::file::Expect;
use super::measure::Measure;
use super::tree::Node;
use super::variant::{Choice, Kind, Variant, find, unknown};
use crate::MetricInfo;

/// Something that must hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    that: String,
    because: Option<String>,
    about: About,
    expression: Expression,
    place: Place,
}

/// Whether an expectation holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The expectation, as the file states it.
    pub that: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was measured, as `server.ghost.connections = 0`; an empty statistic is `null`.
    pub actual: String,
    /// Why it must hold, if the file says so.
    pub because: Option<String>,
    /// The line of its text that it stands in, from 1.
    pub line: usize,
}

impl Expectation {
    /// What must hold, as the file states it.
    #[must_use]
    pub fn that(&self) -> &str {
        &self.that
    }

    /// Why it must hold, if the file says so.
    #[must_use]
    pub fn because(&self) -> Option<&str> {
        self.because.as_deref()
    }

    /// Whether it is about a variant.
    #[must_use]
    pub fn applies_to(&self, variant: &Variant) -> bool {
        self.about.includes(variant)
    }

    /// The other variants whose metrics it reads when it is judged for `variant`.
    #[must_use]
    pub fn needs(&self, variant: &Variant) -> Vec<Variant> {
        let mut needed: Vec<Variant> = Vec::new();
        for reference in self.expression.references() {
            let other = of(reference, variant);
            if other != *variant && !needed.contains(&other) {
                needed.push(other);
            }
        }
        needed
    }

    /// Judges it for a variant. `metric` gives a metric of that variant or of one it needs; `None` is an empty
    /// statistic, which equals `null` and compares with no number.
    #[must_use]
    pub fn judge(&self, variant: &Variant, metric: &dyn Fn(&Variant, &str) -> Option<f64>) -> Verdict {
        let (passed, actual) = self.expression.judge(&|reference, name| match reference {
            None => metric(variant, name),
            Some(reference) => metric(&of(reference, variant), name),
        });
        Verdict { that: self.that.clone(), passed, actual, because: self.because.clone(), line: line(&self.place) }
    }

    /// A message about it that points to its place in the file.
    #[must_use]
    pub fn diagnostic(&self, message: &str) -> Diagnostic {
        self.place.error(message)
    }

    /// Checks what a file says of an expectation; `node` is its table.
    pub(super) fn read(expect: Expect, node: &Node, context: &Context) -> Result<Self, Diagnostics> {
        let parse = |text: &str| expression::parse(text, context).map(|expression| (expression, Vec::new()));
        Self::read_with(parse, expect, node, context).map(|(expectation, _)| expectation)
    }

    /// The same of an expectation of many runs; also gives the measures it reads.
    pub(super) fn read_of_runs(
        expect: Expect,
        node: &Node,
        context: &Context,
    ) -> Result<(Self, Vec<Measure>), Diagnostics> {
        Self::read_with(|text| expression::parse_of_runs(text, context), expect, node, context)
    }

    fn read_with(
        parse: impl Fn(&str) -> Result<(Expression, Vec<Measure>), Fault>,
        expect: Expect,
        node: &Node,
        context: &Context,
    ) -> Result<(Self, Vec<Measure>), Diagnostics> {
        let mut errors = Diagnostics::default();
        let table = node.table()?;
        let about = errors.keep(About::read(expect.handshake, expect.teardown, table, context));
        let place = table.get("that").map_or(&node.place, |that| &that.place);
        let parsed = parse(&expect.that).map_err(|Fault { range, message, help }| Diagnostic {
            help,
            ..place.inside(&expect.that, range).error(message)
        });
        let parsed = errors.keep(parsed);
        let (Some(about), Some((expression, measures))) = (about, parsed) else { return Err(errors) };
        let expectation = Self { that: expect.that, because: expect.because, about, expression, place: place.clone() };
        Ok((expectation, measures))
    }
}

/// The variant a reference means, seen from `variant`.
pub(super) fn of(reference: &Reference, variant: &Variant) -> Variant {
    match reference.clone() {
        Reference::Handshake(handshake) => Variant { handshake, teardown: variant.teardown.clone() },
        Reference::Teardown(teardown) => Variant { handshake: variant.handshake.clone(), teardown },
        Reference::Both(handshake, teardown) => Variant { handshake, teardown },
    }
}

/// The line of its text that something stands in, from 1.
pub(super) fn line(place: &Place) -> usize {
    place.error("").line_column().map_or(1, |(line, _)| line)
}

/// What the words of an expectation may be.
pub(super) struct Context {
    /// Every metric.
    pub(super) metrics: Vec<MetricInfo>,
    /// What the file lists.
    pub(super) handshakes: Vec<Choice>,
    /// What the file lists.
    pub(super) teardowns: Vec<Choice>,
}

impl Context {
    pub(super) fn listed(&self, kind: Kind) -> &[Choice] {
        match kind {
            Kind::Handshake => &self.handshakes,
            Kind::Teardown => &self.teardowns,
        }
    }

    fn known(&self, kind: Kind, name: &str) -> Result<String, (String, String)> {
        if find(kind, self.listed(kind), name).is_some() {
            return Ok(name.to_owned());
        }
        let error = unknown(kind, name, &Place::new(&super::Source::new("", ""), 0..0), self.listed(kind));
        Err((error.message, error.help.unwrap_or_default()))
    }
}

impl Words for Context {
    /// A word that names both a handshake and a teardown is the handshake.
    fn reference(&self, prefix: &str) -> Result<Reference, (String, String)> {
        if let Some((handshake, teardown)) = prefix.split_once('/') {
            let handshake = self.known(Kind::Handshake, handshake)?;
            return Ok(Reference::Both(handshake, self.known(Kind::Teardown, teardown)?));
        }
        match (self.known(Kind::Handshake, prefix), self.known(Kind::Teardown, prefix)) {
            (Ok(handshake), _) => Ok(Reference::Handshake(handshake)),
            (Err(_), Ok(teardown)) => Ok(Reference::Teardown(teardown)),
            (Err(error), Err(_)) => Err(error),
        }
    }

    fn metrics(&self) -> &[MetricInfo] {
        &self.metrics
    }
}
