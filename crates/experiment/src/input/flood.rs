//! The `[[flood]]` tables: forged SYNs in the plural, from words to [`Flood`]s.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use sim_time::{Duration, Instant};

use super::arrivals;
use super::diagnostic::{Diagnostic, Diagnostics, Place, suggest};
use super::file::Port;
use super::host::Host;
use super::tree::Node;
use crate::{Flood, HostId, Step};

/// SYNs that no endpoint sends, each with a source port and a sequence number of its own. They come to the receiver
/// directly, past the link and its faults, as if whoever forges them sat beside it.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Flood")]
pub(super) struct Table {
    /// The host whose machines' addresses they bear: it answers what comes back to it. Default: addresses that nobody
    /// has, from which nothing ever comes.
    from: Option<String>,
    /// The host they come to. Default: the only one that listens.
    to: Option<String>,
    /// The port they come to. Default: the host's.
    port: Option<Port>,
    /// When it starts. Default: "0s".
    start: Option<Duration>,
    /// When they come, counted from `start`.
    arrivals: arrivals::Table,
}

/// Reads one table. Paths are relative to `directory`.
pub(super) fn read(table: &Table, node: &Node, hosts: &[Host], directory: &Path) -> Result<Flood, Diagnostics> {
    let key = |key: &str| node.as_table().and_then(|table| table.get(key)).unwrap_or(node);
    let mut errors = Diagnostics::default();
    let arrivals = errors.keep(arrivals::read(&table.arrivals, key("arrivals"), directory));
    let from = errors.keep(table.from.as_ref().map(|from| named(from, &key("from").place, hosts)).transpose());
    let to = errors.keep(match &table.to {
        Some(to) => named(to, &key("to").place, hosts),
        None => the_listener(node, hosts),
    });
    let (Some(arrivals), Some(from), Some(to)) = (arrivals, from, to) else { return Err(errors) };
    if from == Some(to) {
        errors.push(key("from").place.error("a host is sent nothing from its own address"));
    }
    let taken = |host: &&Host| host.addresses.iter().any(|address| Flood::is_nobodys(*address));
    if let Some(host) = hosts.iter().find(taken).filter(|_| from.is_none()) {
        let message = format!("`{}` has an address in 198.18.0.0/15, which this flood takes for nobody's", host.name);
        errors.push(node.place.error(message));
    }
    let port = table.port.map_or(hosts[usize::from(to.0)].port, |port| port.0);
    errors.or(Flood { start: Instant::ZERO + table.start.unwrap_or(Duration::ZERO), arrivals, from, to, port })
}

fn named(name: &str, place: &Place, hosts: &[Host]) -> Result<HostId, Diagnostic> {
    let found = hosts.iter().position(|host| host.name == name);
    let help = || suggest(name, hosts.iter().map(|host| host.name.as_str()));
    found.map(id).ok_or_else(|| place.error(format!("no host is called `{name}`")).with_help(help()))
}

/// The only host with a server's script.
fn the_listener(node: &Node, hosts: &[Host]) -> Result<HostId, Diagnostic> {
    let listens = |host: &Host| {
        host.applications.iter().flat_map(|script| &script.steps).any(|step| matches!(step, Step::Accept { .. }))
    };
    let mut listening = hosts.iter().enumerate().filter(|(_, host)| listens(host)).map(|(place, _)| id(place));
    match (listening.next(), listening.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(node.place.error("to which host? say `to`")),
    }
}

fn id(place: usize) -> HostId {
    HostId(u16::try_from(place).expect("hosts are counted when they are read"))
}
