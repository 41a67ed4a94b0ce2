//! Axes of the design space: decisions that are varied one by one, each with each, from the command line.

use tcp_endpoint::{Handshake, Teardown};

use super::de::fields_of;
use super::diagnostic::{Diagnostic, Diagnostics, Place, Source, suggest};
use super::limits;
use super::overrides;
use super::tree::Table;
use super::variant::{Choice, Kind};

/// A decision that several settings make together, on or off.
#[derive(Clone, Copy, Debug)]
pub struct Bundle {
    /// Its name as an axis.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// The settings, on and off, as in a file.
    pub settings: [&'static [&'static str]; 2],
}

/// The bundles there are.
pub const BUNDLES: [Bundle; 2] = [
    Bundle {
        name: "third-message",
        meaning: "the server commits a small entry, sends its SYN-ACK until it is acknowledged, and only then has a connection",
        settings: [
            &["commit=half-open", "proof=ack", "syn-ack-timer=true"],
            &["commit=connection", "proof=none", "syn-ack-timer=false"],
        ],
    },
    Bundle {
        name: "reset",
        meaning: "a host resets what belongs to no connection of its own",
        settings: [&["unexpected=reset"], &["unexpected=silence"]],
    },
];

/// One decision and the ways to make it, the first of which the others are held against.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    /// Its name: a bundle's, or that of a setting.
    pub name: String,
    levels: Vec<Level>,
    kind: Kind,
}

#[derive(Clone, PartialEq, Debug)]
struct Level {
    name: String,
    settings: Table,
}

impl Axis {
    /// Reads `NAME=LEVEL,LEVEL…`. The levels of a bundle are `on` and `off`, those of a setting what a file may say of it
    /// (`on` and `off` for true and false).
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let end = text.find('=').unwrap_or(text.len());
        let name = text[..end].trim();
        let source = Source::new(format!("--axis {name}"), text);
        let place = |word: &str| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            Place::new(&source, start..start + word.len())
        };
        let words: Vec<&str> = text.get(end + 1..).unwrap_or_default().split(',').map(str::trim).collect();
        if words.len() < 2 || words.iter().any(|word| word.is_empty()) {
            return Err(place(text).error("expected NAME=LEVEL,LEVEL: two levels at least").into());
        }
        let bundle = BUNDLES.iter().find(|bundle| bundle.name == name);
        let (handshake, teardown) = (fields_of::<Handshake>(), fields_of::<Teardown>());
        let known = [handshake, teardown, &limits::keys()].concat();
        if bundle.is_none() && !known.contains(&name) {
            let candidates = BUNDLES.iter().map(|bundle| bundle.name).chain(known);
            let help = suggest(name, candidates.collect::<Vec<_>>());
            return Err(place(&text[..end]).error(format!("no axis `{name}`")).with_help(help).into());
        }
        let kind = if teardown.contains(&name) { Kind::Teardown } else { Kind::Handshake };
        let mut levels: Vec<Level> = Vec::new();
        for word in words {
            if levels.iter().any(|level| level.name == word) {
                return Err(place(word).error(format!("the level `{word}` is listed twice")).into());
            }
            let settings = match (bundle, word) {
                (Some(bundle), "on") => all(bundle.settings[0])?,
                (Some(bundle), "off") => all(bundle.settings[1])?,
                (Some(_), _) => {
                    return Err(place(word).error(format!("`{name}` is on or off, not `{word}`")).into());
                }
                (None, "on") => overrides::tree("--axis", &format!("{name}=true"))?,
                (None, "off") => overrides::tree("--axis", &format!("{name}=false"))?,
                (None, word) => overrides::tree("--axis", &format!("{name}={word}"))?,
            };
            levels.push(Level { name: word.to_owned(), settings });
        }
        Ok(Self { name: name.to_owned(), levels, kind })
    }

    /// The axes in the order in which [`crate::Experiment::crossed`] varies them: those of closing vary fastest.
    #[must_use]
    pub fn in_order(mut axes: Vec<Self>) -> Vec<Self> {
        axes.sort_by_key(|axis| axis.kind == Kind::Teardown);
        axes
    }

    /// The names of its levels.
    #[must_use]
    pub fn levels(&self) -> Vec<&str> {
        self.levels.iter().map(|level| level.name.as_str()).collect()
    }
}

fn all(settings: &[&str]) -> Result<Table, Diagnostics> {
    let mut table = Table::default();
    for setting in settings {
        table.overlay(&overrides::tree("--axis", setting)?);
    }
    Ok(table)
}

/// The designs that the axes of a kind span from `base`, the last axis varying fastest; `base` alone if there are none.
pub(super) fn designs(kind: Kind, base: &Choice, axes: &[Axis]) -> Vec<Choice> {
    let mut designs: Vec<Choice> = Vec::new();
    for axis in axes.iter().filter(|axis| axis.kind == kind) {
        let before = std::mem::take(&mut designs);
        let from: Vec<Option<Choice>> =
            if before.is_empty() { vec![None] } else { before.into_iter().map(Some).collect() };
        for design in &from {
            for level in &axis.levels {
                let part = format!("{}-{}", axis.name, level.name);
                let (name, mut overlay) = match design {
                    None => (part, base.overlay.clone()),
                    Some(design) => (format!("{}_{part}", design.name), design.overlay.clone()),
                };
                overlay.overlay(&level.settings);
                designs.push(Choice { name, overlay });
            }
        }
    }
    if designs.is_empty() { vec![base.clone()] } else { designs }
}

/// Axes that decide the same would overwrite each other.
pub(super) fn check_distinct(axes: &[Axis]) -> Result<(), Diagnostic> {
    let keys = |axis: &Axis| -> Vec<String> { axis.levels.iter().flat_map(|level| level.settings.keys()).collect() };
    for (place, axis) in axes.iter().enumerate() {
        let own = keys(axis);
        let shared = |other: &&Axis| other.name == axis.name || keys(other).iter().any(|key| own.contains(key));
        if let Some(other) = axes[..place].iter().find(shared) {
            let message = if other.name == axis.name {
                "the axis is given twice".to_owned()
            } else {
                format!("it decides what `{}` decides, too", other.name)
            };
            return Err(Diagnostic::without_place(&format!("--axis {}", axis.name), message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Axis::parse(text).unwrap_err().as_slice()[0].to_string()
    }

    #[test]
    fn an_axis_is_a_bundle_or_a_setting() {
        let axis = Axis::parse("reset=on,off").unwrap();
        assert_eq!((axis.name.as_str(), axis.levels()), ("reset", vec!["on", "off"]));
        assert_eq!(Axis::parse("time-wait = 1s, 240s").unwrap().levels(), ["1s", "240s"]);
        assert_eq!(Axis::parse("keepalive=off,on").unwrap().levels(), ["off", "on"]);
    }

    #[test]
    fn no_two_axes_decide_the_same() {
        let check = |axes: [&str; 2]| {
            check_distinct(&axes.map(|axis| Axis::parse(axis).unwrap())).map_err(|error| error.message)
        };
        assert_eq!(check(["reset=on,off", "third-message=on,off"]), Ok(()));
        assert_eq!(check(["reset=on,off", "reset=off,on"]), Err("the axis is given twice".to_owned()));
        let overlap = Err("it decides what `third-message` decides, too".to_owned());
        assert_eq!(check(["third-message=on,off", "proof=ack,none"]), overlap);
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (text, expected) in [
            ("reset", "--axis reset:1:1: expected NAME=LEVEL,LEVEL: two levels at least"),
            ("reset=on", "--axis reset:1:1: expected NAME=LEVEL,LEVEL: two levels at least"),
            ("rest=on,off", "--axis rest:1:1: no axis `rest` (did you mean `reset`?)"),
            ("reset=on,of", "--axis reset:1:10: `reset` is on or off, not `of`"),
            ("time-wait=1s,1s", "--axis time-wait:1:14: the level `1s` is listed twice"),
        ] {
            assert_eq!(error(text), expected);
        }
    }
}
