//! Why a command could not do its work, and how that is said.

use std::io::{self, Write};

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
const FRAME: Style = AnsiColor::Blue.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();

/// Every diagnostic, with an empty line between two of them.
fn rendered(diagnostics: &Diagnostics) -> String {
    diagnostics.as_slice().iter().map(diagnostic).collect::<Vec<_>>().join("\n")
}

/// A diagnostic as compilers write it: `FILE:LINE:COLUMN: error: …`, the line with a mark below, and help.
fn diagnostic(diagnostic: &Diagnostic) -> String {
    let name = &diagnostic.source.name;
    let place = diagnostic.line_column();
    let at = place.map_or(name.clone(), |(line, column)| format!("{name}:{line}:{column}"));
    let mut text = format!("{at}: {ERROR}error:{ERROR:#} {}\n", diagnostic.message);
    let mut margin = 0;
    if let (Some((number, column)), Some(span)) = (place, &diagnostic.span)
        && let Some(line) = diagnostic.source.text.lines().nth(number - 1)
    {
        // A tab takes one column here, so that the mark stands below what it means.
        let line = line.replace('\t', " ");
        let marked = diagnostic.source.text.get(span.clone()).unwrap_or_default();
        let room = line.chars().count().saturating_sub(column - 1);
        let length = marked.lines().next().unwrap_or_default().chars().count().min(room).max(1);
        margin = number.to_string().len();
        let (space, mark) = (" ".repeat(column - 1), "^".repeat(length));
        text.push_str(&format!("{FRAME}{number} |{FRAME:#} {line}\n"));
        text.push_str(&format!("{FRAME}{:margin$} |{FRAME:#} {space}{ERROR}{mark}{ERROR:#}\n", ""));
    }
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("{FRAME}{:margin$} ={FRAME:#} {HELP}help:{HELP:#} {help}\n", ""));
    }
    text
}
