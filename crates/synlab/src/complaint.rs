//! Why a command could not do its work, and how that is said.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use experiment::{Diagnostic, Diagnostics};

/// Why a command could not do its work. Exit status 2.
#[derive(Debug)]
pub(crate) enum Complaint {
    /// Something is wrong with an experiment or an argument, and it is known where.
    Input(Diagnostics),
    /// Something else is wrong with what was asked.
    Other(String),
    /// The result could not be written.
    Output(io::Error),
}

impl Complaint {
    /// Says it on standard error.
    pub(crate) fn print(&self) {
        let mut out = anstream::stderr().lock();
        // If standard error cannot be written to, there is nobody left to tell.
        let _ = match self {
            Self::Input(diagnostics) => out.write_all(rendered(diagnostics).as_bytes()),
            Self::Other(message) => writeln!(out, "{ERROR}error:{ERROR:#} {message}"),
            Self::Output(error) => writeln!(out, "{ERROR}error:{ERROR:#} cannot write the result: {error}"),
        };
    }
}

impl From<Diagnostics> for Complaint {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Input(diagnostics)
    }
}

impl From<io::Error> for Complaint {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Every diagnostic, with an empty line between two of them.
fn rendered(diagnostics: &Diagnostics) -> String {
    diagnostics.as_slice().iter().map(diagnostic).collect::<Vec<_>>().join("\n")
}

/// A diagnostic as compilers write it: `FILE:LINE:COLUMN: error: …`, the line with a mark below, and help.
fn diagnostic(diagnostic: &Diagnostic) -> String {
    let name = &diagnostic.source.name;
    let at = diagnostic.line_column().map_or(name.clone(), |(line, column)| format!("{name}:{line}:{column}"));
    let mut group = Group::with_title(Level::ERROR.primary_title(&diagnostic.message));
    if let Some(span) = &diagnostic.span {
        let mark = AnnotationKind::Primary.span(span.clone());
        group = group.element(Snippet::source(&diagnostic.source.text).annotation(mark));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    format!("{at}: {}\n", Renderer::styled().render(&[group]))
}
