//! The variants that an expectation is about.

use super::diagnostic::Diagnostics;
use super::expect::Context;
use super::file::Names;
use super::tree::{Node, Table};
use super::variant::{Kind, Variant, unknown};

/// Handshakes and teardowns, each by name; `None` for all.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct About {
    handshakes: Option<Vec<String>>,
    teardowns: Option<Vec<String>>,
}

impl About {
    /// Reads the keys `handshake` and `teardown` of a table.
    pub(super) fn read(
        handshake: Option<Names>,
        teardown: Option<Names>,
        table: &Table,
        context: &Context,
    ) -> Result<Self, Diagnostics> {
        let mut errors = Diagnostics::default();
        let handshakes = errors.keep(selected(Kind::Handshake, handshake, table.get("handshake"), context));
        let teardowns = errors.keep(selected(Kind::Teardown, teardown, table.get("teardown"), context));
        let (Some(handshakes), Some(teardowns)) = (handshakes, teardowns) else { return Err(errors) };
        errors.or(Self { handshakes, teardowns })
    }

    /// Whether a variant is one of them.
    pub(super) fn includes(&self, variant: &Variant) -> bool {
        let selects = |names: &Option<Vec<String>>, name| names.as_ref().is_none_or(|names| names.contains(name));
        selects(&self.handshakes, &variant.handshake) && selects(&self.teardowns, &variant.teardown)
    }
}

/// A selector's names, each of them listed in the file; `nodes` is where they stand.
fn selected(
    kind: Kind,
    names: Option<Names>,
    nodes: Option<&Node>,
    context: &Context,
) -> Result<Option<Vec<String>>, Diagnostics> {
    let (Some(Names(names)), Some(nodes)) = (names, nodes) else { return Ok(None) };
    let listed = context.listed(kind);
    let mut errors = Diagnostics::default();
    for (name, node) in names.iter().zip(nodes.one_or_many()) {
        if listed.iter().any(|choice| choice.name == *name) {
            continue;
        }
        errors.push(if kind.preset(name).is_some() {
            let message = format!("the file does not list the {} `{name}`, so this is never checked", kind.key());
            node.place.error(message)
        } else {
            unknown(kind, name, &node.place, listed)
        });
    }
    errors.or(Some(names))
}
