//! The `[link]` sections: which hosts are joined, and by what.
//!
//! `[link]` joins every pair of hosts, in both directions. `[link.A-B]` says more about the pair A and B;
//! `[link.A-to-B]` is about one direction. The more specific section is laid over the less specific one, key by key;
//! a list of faults replaces the list below it. A file with such sections and no key in `[link]` itself joins only
//! the hosts they name; a file without any link joins none.

use std::collections::BTreeMap;

use net_link::LinkConfig;

use super::de::{fields_of, read_table};
use super::diagnostic::{Diagnostic, Diagnostics, Place, suggest};
use super::tree::{Entry, Node, Table};
use crate::{HostId, LinkPlan};

/// A fault as a file states it, once for all the links it applies to.
#[derive(Clone, PartialEq, Debug)]
pub struct ScriptedFault {
    /// Its place in its list, from 0.
    index: u16,
    place: Place,
    links: Vec<(HostId, HostId)>,
}

impl ScriptedFault {
    /// Its number in its list, counted from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        u32::from(self.index) + 1
    }

    /// Where it stands: a message about it points there.
    #[must_use]
    pub fn diagnostic(&self, message: &str) -> Diagnostic {
        self.place.error(message)
    }

    /// Whether it is what decided over a segment sent `from` one host `to` another: fault `index` of the link, from 0.
    #[must_use]
    pub fn is(&self, from: HostId, to: HostId, index: u16) -> bool {
        index == self.index && self.links.contains(&(from, to))
    }
}

/// Which directions a section of `[link]` is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Both(usize, usize),
    OneWay(usize, usize),
}

/// The links of a file, with what `--set` says of them, one for each direction.
pub(super) fn links(
    hosts: &[String],
    file: Option<&Node>,
    sets: Option<&Node>,
) -> Result<(Vec<LinkPlan>, Vec<ScriptedFault>), Diagnostics> {
    let Some(node) = file.or(sets) else { return Ok((Vec::new(), Vec::new())) };
    let mut errors = Diagnostics::default();
    let mut merged = Table::default();
    for tree in [file, sets].into_iter().flatten() {
        if let Some(table) = errors.keep(canonical(hosts, tree)) {
            merged.overlay(&table);
        }
    }
    let settings = fields_of::<LinkConfig>();
    let is_setting = |entry: &Entry| settings.contains(&entry.key.as_str());
    // An override of `link.delay` joins no hosts that the file leaves apart.
    let stated = node.as_table().cloned().unwrap_or_default();
    let joins_all = stated.iter().any(is_setting) || stated.iter().next().is_none();
    let (base, sections) = merged.partition(is_setting);
    let mut links = Vec::new();
    let mut faults = Faults::default();
    for from in 0..hosts.len() {
        for to in (0..hosts.len()).filter(|&to| to != from) {
            let (first, second) = (from.min(to), from.max(to));
            let pair = sections.get(&name(hosts, Section::Both(first, second)));
            let direction = sections.get(&name(hosts, Section::OneWay(from, to)));
            if !joins_all && pair.is_none() && direction.is_none() {
                continue;
            }
            let mut table = base.clone();
            for section in [pair, direction].into_iter().flatten().filter_map(Node::as_table) {
                table.overlay(section);
            }
            let place = &direction.or(pair).unwrap_or(node).place;
            if let Some(config) = errors.keep(read_table::<LinkConfig>(table.clone(), place)) {
                errors.keep(config.check().map_err(|contradiction| {
                    let place = table.entry(contradiction.key).map_or(place, |entry| &entry.key_place);
                    place.error(contradiction.problem)
                }));
                let name = name(hosts, Section::OneWay(from, to));
                faults.note(table.get("fault"), (id(from), id(to)));
                links.push(LinkPlan { from: id(from), to: id(to), name, config });
            }
        }
    }
    errors.or((links, faults.list))
}

/// The faults of several links, each once.
#[derive(Default)]
struct Faults {
    list: Vec<ScriptedFault>,
    /// Where in the list a fault is, by its index, its source and where it stands there.
    known: BTreeMap<(u16, String, usize), usize>,
}

impl Faults {
    /// Notes that a link has these faults.
    fn note(&mut self, list: Option<&Node>, link: (HostId, HostId)) {
        for (node, index) in list.and_then(Node::as_array).unwrap_or_default().iter().zip(0..=u16::MAX) {
            let key = (index, node.place.source.name.clone(), node.place.span.start);
            match self.known.get(&key) {
                Some(&at) => self.list[at].links.push(link),
                None => {
                    self.known.insert(key, self.list.len());
                    self.list.push(ScriptedFault { index, place: node.place.clone(), links: vec![link] });
                }
            }
        }
    }
}

fn id(host: usize) -> HostId {
    HostId(u16::try_from(host).expect("hosts are counted when they are read"))
}

fn name(hosts: &[String], section: Section) -> String {
    match section {
        Section::Both(a, b) => format!("{}-{}", hosts[a], hosts[b]),
        Section::OneWay(a, b) => format!("{}-to-{}", hosts[a], hosts[b]),
    }
}

/// The table of a `[link]`, its sections checked and renamed so that each pair of hosts has one spelling.
fn canonical(hosts: &[String], node: &Node) -> Result<Table, Diagnostics> {
    let settings = fields_of::<LinkConfig>();
    let mut errors = Diagnostics::default();
    let mut result = Table::default();
    for entry in node.table()?.iter() {
        if settings.contains(&entry.key.as_str()) {
            let faults = (entry.key == "fault").then_some(&entry.node);
            errors.keep(check_senders(faults, &hosts.iter().map(String::as_str).collect::<Vec<_>>()));
            result.push(entry.clone());
            continue;
        }
        let Some(section) = errors.keep(section(hosts, entry)) else { continue };
        let faults = errors.keep(entry.node.table()).and_then(|table| table.get("fault"));
        let (key, senders) = match section {
            Section::Both(a, b) => (name(hosts, Section::Both(a.min(b), a.max(b))), &[a, b][..]),
            Section::OneWay(a, _) => (name(hosts, section), &[a][..]),
        };
        errors.keep(check_senders(faults, &senders.iter().map(|&host| hosts[host].as_str()).collect::<Vec<_>>()));
        if result.get(&key).is_some() {
            errors.push(entry.key_place.error(format!("the link between these two is described twice, as `{key}`")));
        }
        result.push(Entry { key, ..entry.clone() });
    }
    errors.or(result)
}

/// The pair of hosts a section names.
fn section(hosts: &[String], entry: &Entry) -> Result<Section, Diagnostic> {
    let all = || {
        (0..hosts.len()).flat_map(|a| {
            (0..hosts.len()).filter(move |&b| a != b).flat_map(move |b| [Section::Both(a, b), Section::OneWay(a, b)])
        })
    };
    let mut matching = all().filter(|&section| name(hosts, section) == entry.key);
    match (matching.next(), matching.next()) {
        (Some(section), None) => Ok(section),
        (Some(_), Some(_)) => {
            Err(entry.key_place.error(format!("`{}` can be read as two different pairs of hosts", entry.key)))
        }
        _ => {
            let names: Vec<_> = all().map(|section| name(hosts, section)).collect();
            let candidates = fields_of::<LinkConfig>().iter().copied().chain(names.iter().map(String::as_str));
            let message = if entry.node.as_table().is_some() {
                format!("`{}` names no two hosts of this file", entry.key)
            } else {
                format!("unknown key `{}`", entry.key)
            };
            Err(entry.key_place.error(message).with_help(suggest(&entry.key, candidates.collect::<Vec<_>>())))
        }
    }
}

/// A fault that asks for a sender must name one whose segments the section is about, or it would never act.
fn check_senders(faults: Option<&Node>, senders: &[&str]) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    let faults = faults.and_then(Node::as_array).unwrap_or_default();
    for sender in faults.iter().filter_map(|fault| fault.as_table()?.get("on")?.as_table()?.get("from")) {
        let Some(name) = sender.as_str() else { continue };
        if !senders.contains(&name) {
            let help = suggest(name, senders.iter().copied());
            errors.push(sender.place.error(format!("no `{name}` sends on this link")).with_help(help));
        }
    }
    errors.or(())
}
