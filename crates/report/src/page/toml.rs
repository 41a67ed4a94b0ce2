//! The experiment's text, its keys and comments set apart.

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

/// The text as HTML.
pub(super) fn highlighted(text: &str) -> String {
    let tokens = Source::new(text).lex().into_vec();
    let mut html = String::with_capacity(text.len() * 2);
    let mut written = 0;
    let mut mark = |event: Event| {
        let class = match event.kind() {
            EventKind::SimpleKey => "k",
            EventKind::Comment => "c",
            _ => return,
        };
        let span = event.span();
        let (start, end) = (span.start(), span.end());
        // A key that is a part of a dotted one comes in order, too.
        let (Some(before), Some(marked)) = (text.get(written..start), text.get(start..end)) else { return };
        html += &format!("{}<span class={class}>{}</span>", escaped(before), escaped(marked));
        written = end;
    };
    // It was read before, so there is nothing to complain of.
    parse_document(&tokens, &mut mark, &mut ());
    html + &escaped(&text[written..])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_comments_are_set_apart_and_nothing_is_lost() {
        let html = highlighted("# a < b\n[link]\ndelay = \"# 1 & 2\" # why\non = { x.y = 1 }\n");
        let expected = "<span class=c># a &lt; b</span>\n[<span class=k>link</span>]\n<span class=k>delay</span> = \"# 1 &amp; 2\" \
                        <span class=c># why</span>\n<span class=k>on</span> = { <span class=k>x</span>.<span class=k>y</span> = 1 }\n";
        assert_eq!(html, expected);
    }
}
