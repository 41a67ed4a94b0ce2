//! Text in lines that a terminal has room for.

/// Lines with `first` in front of the first, and as much space in front of the others.
pub(crate) fn block(first: &str, indent: usize, lines: &[String]) -> String {
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let front = if place == 0 { first.to_owned() } else { " ".repeat(indent) };
        text.push_str(&format!("{front}{line}\n"));
    }
    text
}

/// The words of a text in lines of at most so many columns; a longer word has a line of its own. A number keeps its unit.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in units_joined(text) {
        let line = lines.last_mut().expect("there is one");
        let columns = line.chars().count();
        if columns == 0 {
            line.push_str(&word);
        } else if columns + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// A text as lines of at most so many columns, each with its end; one that fits stays as it is.
#[must_use]
pub fn lines(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text}\n");
    }
    block("", 0, &wrapped(text, width))
}

/// The words of a text, with a unit in one piece with the number before it.
pub(crate) fn units_joined(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_punctuation() || c == '”');
        match words.last_mut() {
            Some(last)
                if (matches!(bare, "s" | "B" | "kB" | "B·s") || word.starts_with('%'))
                    && last.ends_with(|c: char| c.is_ascii_digit()) =>
            {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// `one`, `one and another`, `one, another and a third`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_never_before_a_unit() {
        for (text, width, lines) in [
            ("", 5, vec![""]),
            ("one two", 7, vec!["one two"]),
            ("one two", 6, vec!["one", "two"]),
            ("for 0.1 s, then", 8, vec!["for", "0.1 s,", "then"]),
            ("overlong a", 3, vec!["overlong", "a"]),
        ] {
            assert_eq!(wrapped(text, width), lines, "{text:?} in {width}");
        }
    }
}
