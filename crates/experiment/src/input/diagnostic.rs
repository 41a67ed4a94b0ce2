//! What is wrong with an input, and where.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that was read, under the name it is shown by.
#[derive(PartialEq, Eq, Debug)]
pub struct Source {
    /// A file's path as the user gave it, or where else the text comes from (`--set`).
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    pub(super) fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }
}

/// A stretch of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    pub(super) span: Range<usize>,
}

impl Place {
    pub(super) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { source: Arc::clone(source), span }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            source: Arc::clone(&self.source),
            span: Some(self.span.clone()),
            message: message.into(),
            help: None,
        }
    }

    /// The part of a quoted string that `within`, a range of the string's value, covers. A string with escapes, or
    /// over several lines, has no such part: then it is the whole string.
    pub(super) fn inside(&self, value: &str, within: Range<usize>) -> Self {
        let raw = self.source.text.get(self.span.clone()).unwrap_or_default();
        let opening = match raw.len().checked_sub(value.len()) {
            Some(2) if raw.get(1..raw.len() - 1) == Some(value) => 1,
            Some(0) if raw == value => 0,
            _ => return self.clone(),
        };
        let at = self.span.start + opening;
        Self::new(&self.source, at + within.start..at + within.end)
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The text it is about.
    pub source: Arc<Source>,
    /// The octets of the text it points to; `None` if the text could not be read at all.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What would be right: the nearest valid word, or what belongs here.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// An error about a source as a whole.
    pub(super) fn without_place(source: &str, message: impl Into<String>) -> Self {
        Self { source: Source::new(source, ""), span: None, message: message.into(), help: None }
    }

    /// Line and column, both from 1; the column counts characters.
    #[must_use]
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let start = self.span.as_ref()?.start.min(self.source.text.len());
        let before = self.source.text.get(..start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

/// `FILE:LINE:COLUMN: message (help)`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.source.name)?;
        if let Some((line, column)) = self.line_column() {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Everything found wrong with an input; at least one thing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The errors: those of the experiment file first, each text's in its own order.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    pub(super) fn extend(&mut self, diagnostics: Self) {
        for diagnostic in diagnostics.0 {
            self.push(diagnostic);
        }
    }

    /// Those of the source called `first` before the others, each source's in the order of its text.
    pub(super) fn in_order(mut self, first: &str) -> Self {
        self.0.sort_by_cached_key(|diagnostic| {
            let start = diagnostic.span.as_ref().map(|span| span.start);
            (diagnostic.source.name != first, diagnostic.source.name.clone(), start)
        });
        self
    }

    /// Keeps a value, or notes why there is none.
    pub(super) fn keep<T, E: Into<Self>>(&mut self, result: Result<T, E>) -> Option<T> {
        result.map_err(|errors| self.extend(errors.into())).ok()
    }

    /// `value`, if nothing was found wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, diagnostic) in self.0.iter().enumerate() {
            write!(f, "{}{diagnostic}", if place == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate a misspelt word most likely means.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let most = 1 + word.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Help for a word that is none of the candidates: the nearest one, or all of them.
pub(super) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<_> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    match all.as_slice() {
        [] => "there is none".to_owned(),
        [only] => format!("expected {only}"),
        _ => format!("expected one of {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_newlines() {
        let source = Source::new("t", "ab\r\nµ = 1\n");
        for (at, expected) in [(0, (1, 1)), (4, (2, 1)), (6, (2, 2)), (9, (2, 5)), (11, (3, 1)), (99, (3, 1))] {
            assert_eq!(Place::new(&source, at..at).error("").line_column(), Some(expected), "octet {at}");
        }
    }

    #[test]
    fn a_place_inside_a_string_needs_a_string_without_escapes() {
        let source = Source::new("t", r#"a = "x < y" b = "x \u003c y" c = """x""""#);
        let inside = |span, value| Place::new(&source, span).inside(value, 0..1).span;
        assert_eq!(inside(4..11, "x < y"), 5..6);
        assert_eq!(inside(16..28, "x < y"), 16..28);
        assert_eq!(inside(33..40, "x"), 33..40);
    }

    #[test]
    fn the_nearest_word_is_near() {
        let words = ["delay", "duplicate", "order", "rate"];
        for (word, near) in [
            ("delya", Some("delay")),
            ("DELAY", Some("delay")),
            ("rat", Some("rate")),
            ("duplicat", Some("duplicate")),
            ("lifetime", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), near, "{word}");
        }
        assert_eq!(suggest("x", ["only"]), "expected `only`");
        assert_eq!(suggest("x", ["one", "two"]), "expected one of `one`, `two`");
        assert_eq!(suggest("x", []), "there is none");
    }
}
