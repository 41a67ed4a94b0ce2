//! Colours, line styles and the elements of a picture.

use sim_time::Instant;
use svg::node::element::Element;
use svg::node::{Node, Text};
use tcp_endpoint::State;

use super::Caption;
use crate::wrap::wrapped;

/// How wide a letter is, as a part of its size: of words, of bold words, of names of segments.
pub(crate) const LETTER: f64 = 0.56;
pub(crate) const STRONG_LETTER: f64 = 0.63;
pub(crate) const MONO_LETTER: f64 = 0.61;

/// Styles, first for light paper. Nothing here needs more than the oldest CSS, so that what does not know a browser's newer ways
/// can draw it, too. What matters is told without colour as well: by words, dashes, hatching and crosses; and states that follow
/// one another differ in lightness.
const LIGHT: &str = "
.paper{fill:#ffffff}.halo{stroke:#ffffff}.soft{fill:#5f6b74}.ink{fill:#1d2429}.bad{fill:#c23434}.slow{fill:#a86400}
.axis{stroke:#c3ccd2}.axis-fill{fill:#c3ccd2}.cut{stroke:#5f6b74}.arrow{stroke:#1d2429}.late{stroke:#b87000}.wasted{stroke:#c23434}.lost{stroke:#c23434}
.tip{fill:#1d2429}.tip-late{fill:#b87000}.tip-wasted{fill:#c23434}.waste{stroke:#c23434}.hatch{stroke:#c23434}.under{fill:#ffffff}
.s1{fill:#86b3ea}.s2{fill:#ecc04f}.s3{fill:#2e8757}.s4{fill:#ab9ae0}.s5{fill:#6350a6}.s6{fill:#dca6df}.s7{fill:#934b9a}.s8{fill:#aab7c0}";
const DARK: &str = "
.paper{fill:#14191c}.halo{stroke:#14191c}.soft{fill:#9aa7b0}.ink{fill:#e8edf0}.bad{fill:#ff7b7b}.slow{fill:#ffb347}
.axis{stroke:#46535b}.axis-fill{fill:#46535b}.cut{stroke:#9aa7b0}.arrow{stroke:#e8edf0}.late{stroke:#ffb347}.wasted{stroke:#ff7b7b}.lost{stroke:#ff7b7b}
.tip{fill:#e8edf0}.tip-late{fill:#ffb347}.tip-wasted{fill:#ff7b7b}.waste{stroke:#ff7b7b}.hatch{stroke:#ff7b7b}.under{fill:#14191c}";
const SHAPES: &str = "
.words{font-family:system-ui,'Segoe UI','DejaVu Sans',Arial,sans-serif}.mono{font-family:ui-monospace,Consolas,'DejaVu Sans Mono',monospace}
.halo{stroke-width:4;stroke-linejoin:round;paint-order:stroke}.strong{font-weight:600}
.behind{opacity:0.85}.axis{stroke-width:1}.down{stroke-dasharray:1 5}.cut{fill:none;stroke-width:1.2}.erase{fill:none;stroke-width:7}
.arrow{stroke-width:1.4;fill:none}.late{stroke-dasharray:7 4}.wasted{stroke-dasharray:9 3 2 3}.lost{stroke-width:2}
.waste{stroke-width:1.4}.hatch{stroke-width:2.6}";

/// The contents of the style element.
pub(crate) fn style() -> String {
    format!(
        "{LIGHT}{SHAPES}\n@media screen and (prefers-color-scheme:dark){{{DARK}\n}}\n@media print{{.paper{{fill:none}}}}\n"
    )
}

/// The whole of a picture: what it is in words for those who do not see it, its styles, its definitions and its parts.
pub(crate) fn sheet(
    (wide, high): (f64, f64),
    (caption, words): (&Caption, &str),
    (ids, style, definitions): (&Ids, &str, Element),
    parts: Vec<Element>,
) -> String {
    let size = format!("0 0 {} {}", number(wide), number(high));
    let (title, description) = (ids.of("title"), ids.of("description"));
    let labels = format!("{title} {description}");
    let root = [
        ("xmlns", "http://www.w3.org/2000/svg"),
        ("viewBox", size.as_str()),
        ("role", "img"),
        ("aria-labelledby", labels.as_str()),
    ];
    let mut root = placed("svg", &[("width", wide), ("height", high)], &root);
    root.append(worded("title", &[("id", &title)], &caption.title));
    root.append(worded("desc", &[("id", &description)], words));
    root.append(worded("style", &[], style));
    root.append(definitions);
    root.append(placed("rect", &[("width", wide), ("height", high)], &[("class", "paper")]));
    for part in parts {
        root.append(part);
    }
    format!("{root}\n")
}

/// The tip of an arrow, of that size.
pub(crate) fn tip(ids: &Ids, class: &str, size: u8) -> Element {
    let (id, size) = (ids.of(class), size.to_string());
    let attributes = [
        ("id", id.as_str()),
        ("viewBox", "0 0 8 8"),
        ("refX", "7.5"),
        ("refY", "4"),
        ("markerWidth", &size),
        ("markerHeight", &size),
        ("markerUnits", "userSpaceOnUse"),
        ("orient", "auto"),
    ];
    let mut marker = element("marker", &attributes);
    marker.append(element("path", &[("d", "M0 0.8 8 4 0 7.2z"), ("class", class)]));
    marker
}

/// Text in lines of a width.
pub(crate) fn lines_of(text: &str, wide: f64, size: f64, letter: f64) -> Vec<String> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of letters")]
    let letters = (wide / (size * letter)) as usize;
    if text.is_empty() { Vec::new() } else { wrapped(text, letters) }
}

/// The ids of a picture. Several pictures may stand in one page, where no id may come twice.
#[derive(Clone, Debug)]
pub(crate) struct Ids(String);

impl Ids {
    /// Those of a picture that says so of itself.
    pub(crate) fn new(caption: &Caption) -> Self {
        let words = [&caption.title, &caption.subtitle, &caption.command].map(String::as_str).join("\n");
        // FNV-1a: the same on every platform.
        let hash = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(format!("p{:08x}", hash >> 32))
    }

    /// Those of a picture in a page that gives it a prefix of its own.
    pub(crate) fn with_prefix(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// The id of what has this name in the picture.
    pub(crate) fn of(&self, name: &str) -> String {
        format!("{}-{name}", self.0)
    }

    /// A reference to it.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("url(#{})", self.of(name))
    }
}

/// How an arrow is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stroke {
    /// A segment that arrives in the ordinary way.
    Plain,
    /// One that is late, or comes once more.
    Late,
    /// One sent for a connection with nobody at its other end.
    Wasted,
}

impl Stroke {
    /// Its classes, and the name of its arrowhead.
    pub(crate) const fn classes(self) -> (&'static str, &'static str) {
        match self {
            Self::Plain => ("arrow", "tip"),
            Self::Late => ("arrow late", "tip-late"),
            Self::Wasted => ("arrow wasted", "tip-wasted"),
        }
    }

    /// The class of its words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Plain => "ink",
            Self::Late => "slow",
            Self::Wasted => "bad",
        }
    }
}

/// The class that colours a state.
pub(crate) const fn state_class(state: State) -> &'static str {
    match state {
        State::Closed | State::Listen => "axis",
        State::SynSent => "s1",
        State::SynReceived => "s2",
        State::Established => "s3",
        State::FinWait1 => "s4",
        State::FinWait2 | State::Closing => "s5",
        State::CloseWait => "s6",
        State::LastAck => "s7",
        State::TimeWait => "s8",
    }
}

/// A number with one decimal at most.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// An element with attributes.
pub(crate) fn element(name: &str, attributes: &[(&str, &str)]) -> Element {
    let mut element = Element::new(name);
    for (name, value) in attributes {
        element.assign(*name, clean(value));
    }
    element
}

/// An element with attributes that are numbers beside others.
pub(crate) fn placed(name: &str, numbers: &[(&str, f64)], attributes: &[(&str, &str)]) -> Element {
    let mut element = element(name, attributes);
    for (name, value) in numbers {
        element.assign(*name, number(*value));
    }
    element
}

/// An element with a tooltip.
pub(crate) fn with_tooltip(mut of: Element, lines: &[String]) -> Element {
    of.append(worded("title", &[], &lines.join("\n")));
    of
}

/// An element that is only words.
pub(crate) fn worded(name: &str, attributes: &[(&str, &str)], words: &str) -> Element {
    let mut element = element(name, attributes);
    element.append(Text::new(clean(words)));
    element
}

/// Words at a place.
pub(crate) fn text(at: (f64, f64), size: f64, class: &str, anchor: &str, words: &str) -> Element {
    let mut element = placed("text", &[("x", at.0), ("y", at.1), ("font-size", size)], &[("class", class)]);
    if anchor != "start" {
        element.assign("text-anchor", anchor);
    }
    element.append(Text::new(clean(words)));
    element
}

/// How wide words are, about.
pub(crate) fn width(words: &str, size: f64, letter: f64) -> f64 {
    let letters = u32::try_from(words.chars().count()).unwrap_or(u32::MAX);
    f64::from(letters) * size * letter
}

/// Text without what XML cannot say.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

/// A line down.
pub(crate) fn vertical(x: f64, from: f64, to: f64, class: &str) -> Element {
    placed("line", &[("x1", x), ("y1", from), ("x2", x), ("y2", to)], &[("class", class)])
}

/// Where something was cut out of a lifeline.
pub(crate) fn zigzag((x, y): (f64, f64), wide: f64, class: &str) -> Element {
    let (from, wide) = (number(x - wide / 2.0), number(wide));
    let d = format!("M{from} {}l{wide} 4-{wide} 4 {wide} 4", number(y - 6.0));
    element("path", &[("d", &d), ("class", class)])
}

/// The ring at which a forged segment begins: no host sent it.
pub(crate) fn ring((x, y): (f64, f64)) -> Element {
    placed("circle", &[("cx", x), ("cy", y), ("r", 3.5)], &[("class", "lost paper")])
}

/// The cross of what was lost.
pub(crate) fn cross((x, y): (f64, f64)) -> Vec<Element> {
    let stroke = |down: f64| {
        placed("line", &[("x1", x - 5.0), ("y1", y - down), ("x2", x + 5.0), ("y2", y + down)], &[("class", "lost")])
    };
    vec![stroke(5.0), stroke(-5.0)]
}

/// A time without needless zeros.
pub(crate) fn exact(at: Instant) -> String {
    let text = at.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time for an axis: rounded to the millisecond.
pub(crate) fn seconds(at: Instant) -> String {
    const MILLISECOND: u64 = 1_000_000;
    let rounded = at.as_nanos().saturating_add(MILLISECOND / 2) / MILLISECOND * MILLISECOND;
    exact(Instant::from_nanos(rounded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_an_axis_are_rounded() {
        for (nanos, text) in [(508_800_000, "0.509"), (5_000_000_000, "5"), (1_999_600_000, "2"), (400_000, "0")] {
            assert_eq!(seconds(Instant::from_nanos(nanos)), text);
        }
    }
}
