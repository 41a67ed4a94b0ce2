//! Handshakes and teardowns by name: presets, and designs of the file's own.

use tcp_endpoint::presets::{self, HANDSHAKES, TEARDOWNS};

use super::de::read;
use super::diagnostic::{Diagnostic, Diagnostics, Place, Source, suggest};
use super::host::settings_keys;
use super::tree::{self, Node, Table};

/// One way to open and one way to close.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Variant {
    /// The handshake's name.
    pub handshake: String,
    /// The teardown's name.
    pub teardown: String,
}

impl Variant {
    /// The handshake's name, followed by `/` and the teardown's unless that is the default.
    #[must_use]
    pub fn label(&self) -> String {
        if self.teardown == Kind::Teardown.default_name() {
            self.handshake.clone()
        } else {
            format!("{}/{}", self.handshake, self.teardown)
        }
    }
}

/// What a choice decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Handshake,
    Teardown,
}

impl Kind {
    /// The key of the file.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Teardown => "teardown",
        }
    }

    /// The kind of that key.
    pub(super) fn of(key: &str) -> Option<Self> {
        [Self::Handshake, Self::Teardown].into_iter().find(|kind| kind.key() == key.trim())
    }

    pub(super) const fn default_name(self) -> &'static str {
        match self {
            Self::Handshake => "three-way",
            Self::Teardown => "rfc9293",
        }
    }

    pub(super) fn preset_names(self) -> Vec<&'static str> {
        match self {
            Self::Handshake => HANDSHAKES.iter().map(|preset| preset.name).collect(),
            Self::Teardown => TEARDOWNS.iter().map(|preset| preset.name).collect(),
        }
    }

    /// The preset of that name, as settings to lay over a host's own.
    pub(super) fn preset(self, name: &str) -> Option<Choice> {
        let source = format!("{} {name}", self.key());
        let overlay = match self {
            Self::Handshake => tree::of(source, &presets::handshake(name)?.policy),
            Self::Teardown => tree::of(source, presets::teardown(name)?),
        };
        Some(Choice { name: name.to_owned(), overlay })
    }
}

/// A handshake or a teardown: a name, and the settings it lays over every host's own.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) overlay: Table,
}

/// The choices of one kind that a file lists, in its order; the default alone if it lists none.
pub(super) fn choices(kind: Kind, listed: Option<&Node>) -> Result<Vec<Choice>, Diagnostics> {
    let Some(listed) = listed else {
        return Ok(kind.preset(kind.default_name()).into_iter().collect());
    };
    let mut errors = Diagnostics::default();
    let mut choices: Vec<Choice> = Vec::new();
    for item in listed.one_or_many() {
        let Some(choice) = errors.keep(choice(kind, item)) else { continue };
        if choices.iter().any(|other| other.name == choice.name) {
            errors.push(item.place.error(format!("the {} `{}` is listed twice", kind.key(), choice.name)));
        }
        choices.push(choice);
    }
    if listed.one_or_many().is_empty() {
        errors.push(listed.place.error(format!("the list of {}s is empty", kind.key())));
    }
    errors.or(choices)
}

fn choice(kind: Kind, item: &Node) -> Result<Choice, Diagnostics> {
    if let Some(name) = item.as_str() {
        return Ok(kind.preset(name).ok_or_else(|| unknown(kind, name, &item.place, &[]))?);
    }
    let Some(table) = item.as_table() else {
        let message = format!("expected a {}'s name or table, found {}", kind.key(), item.value.kind());
        return Err(item.place.error(message).into());
    };
    let name_node = table.get("name").ok_or_else(|| item.place.error("missing key `name`"))?;
    let name: String = read(name_node)?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return Err(name_node.place.error("a name consists of letters, digits, `-`, `_` and `.`").into());
    }
    let base = match table.get("base") {
        Some(node) => {
            let base = node.string()?;
            kind.preset(base).ok_or_else(|| unknown(kind, base, &node.place, &[]))?
        }
        None => kind.preset(kind.default_name()).expect("the default is a preset"),
    };
    let own = table.clone().partition(|entry| !["name", "base"].contains(&entry.key.as_str())).0;
    let mut errors = Diagnostics::default();
    let keys = settings_keys();
    for entry in own.iter().filter(|entry| !keys.contains(&entry.key.as_str())) {
        let candidates = ["name", "base"].into_iter().chain(keys.iter().copied());
        let message = format!("unknown key `{}`", entry.key);
        errors.push(entry.key_place.error(message).with_help(suggest(&entry.key, candidates)));
    }
    let mut overlay = base.overlay;
    overlay.overlay(&own);
    errors.or(Choice { name, overlay })
}

/// The choice of that name: the file's own first, then the presets.
pub(super) fn find(kind: Kind, listed: &[Choice], name: &str) -> Option<Choice> {
    listed.iter().find(|choice| choice.name == name).cloned().or_else(|| kind.preset(name))
}

/// As [`find`], for a name from the command line.
pub(super) fn chosen(kind: Kind, listed: &[Choice], name: Option<&str>) -> Result<Choice, Diagnostic> {
    let Some(name) = name else {
        return Ok(listed.first().expect("a file lists at least one").clone());
    };
    find(kind, listed, name).ok_or_else(|| {
        let source = Source::new(format!("--{}", kind.key()), name);
        unknown(kind, name, &Place::new(&source, 0..name.len()), listed)
    })
}

pub(super) fn unknown(kind: Kind, name: &str, place: &Place, listed: &[Choice]) -> Diagnostic {
    let mut names: Vec<&str> = listed.iter().map(|choice| choice.name.as_str()).collect();
    names.extend(kind.preset_names());
    names.sort_unstable();
    names.dedup();
    place.error(format!("unknown {} `{name}`", kind.key())).with_help(suggest(name, names))
}
