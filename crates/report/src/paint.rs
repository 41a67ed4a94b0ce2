//! Colour, for those who asked for it.

use anstyle::{AnsiColor, Style};

/// Whether text carries ANSI colours. The caller knows what it writes to; nothing here looks at a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI escape sequences.
    Always,
}

/// The same text in ASCII: letter for letter, so that what stands in columns stays there.
#[must_use]
pub fn ascii(text: &str) -> String {
    let letter = |letter: char| match letter {
        '─' | '–' => '-',
        '│' | '├' | '┤' => '|',
        '┼' => '+',
        '▶' | '→' => '>',
        '◀' | '←' => '<',
        '┄' | '·' => '.',
        '╲' => '\\',
        '╱' => '/',
        '╳' => 'X',
        '✗' | '×' => 'x',
        '✓' => 'v',
        '⋮' => ':',
        '…' => '~',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '±' => '+',
        'µ' => 'u',
        other if other.is_ascii() => other,
        _ => '?',
    };
    text.chars().map(letter).collect()
}

/// What a piece of text is, from which its colour follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    /// The ordinary run of things.
    Plain,
    /// Needed, but not what one looks at: times, lifelines.
    Quiet,
    /// What one looks at first.
    Heading,
    /// A change of state.
    State,
    /// Something that repairs or repeats: a retransmission, a late copy.
    Notable,
    /// Something that went wrong.
    Bad,
    /// Something that holds.
    Good,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Quiet => Style::new().dimmed(),
            Self::Heading => Style::new().bold(),
            Self::State => AnsiColor::Cyan.on_default(),
            Self::Notable => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Good => AnsiColor::Green.on_default(),
        }
    }
}

impl Colour {
    /// `text` in the colour of its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if self == Self::Never || tone == Tone::Plain || text.trim().is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }
}
