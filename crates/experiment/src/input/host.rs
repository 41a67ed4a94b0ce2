//! A host's section: its profile, its keys, and what a variant and `--set` make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;

use net_link::Delay;
use sim_time::{Duration, Instant};
use tcp_endpoint::{Commit, Handshake, Patience, Settings, Teardown};

use super::de::{fields_of, read_table};
use super::diagnostic::{Diagnostic, Diagnostics, Place, Source, suggest};
use super::file::{self, RandomCrash, Serving, Sizes};
use super::limits;
use super::tree::{self, Node, Table};
use super::{arrivals, builtin};
use crate::scenario::machine_name;
use crate::{Application, Arrivals, EntrySizes, Failures, HostPlan, Outage, Workers};

/// A host with everything settled but the variant.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Host {
    pub(super) name: String,
    /// The address it states.
    address: Option<Ipv4Addr>,
    pub(super) machines: u32,
    /// Those of its machines.
    pub(super) addresses: Vec<Ipv4Addr>,
    pub(super) port: u16,
    pub(super) start: Instant,
    /// When sessions of its clients' scripts begin.
    pub(super) arrivals: Arrivals,
    pub(super) workers: Workers,
    /// The profile with the host's own keys on top.
    own: Table,
    /// Where a key that nobody states belongs.
    profile: Place,
    /// What `--set` says: it beats the variant.
    sets: Table,
    pub(super) applications: Vec<Application>,
    outages: Vec<Outage>,
    failures: Option<Failures>,
}

/// The settings a host can have, by key, in the order of their types.
pub(super) fn settings_keys() -> Vec<&'static str> {
    [fields_of::<Handshake>(), fields_of::<Teardown>(), &limits::keys(), fields_of::<Sizes>()].concat()
}

impl Host {
    /// Reads the section `node` of the host `name`; `sets` is what `--set` says of it. It has no addresses yet.
    pub(super) fn read(name: &str, node: &Node, sets: Option<&Node>, directory: &Path) -> Result<Self, Diagnostics> {
        let mut errors = Diagnostics::default();
        let (mut own_keys, own_settings) = split(node.table()?.clone(), false, &mut errors);
        let mut set_settings = Table::default();
        if let Some(sets) = sets {
            let (keys, settings) = split(sets.table()?.clone(), true, &mut errors);
            own_keys.overlay(&keys);
            set_settings = settings;
        }
        let workers_places = ["workers", "serving"].map(|key| own_keys.entry(key).map(|entry| entry.key_place.clone()));
        let arrivals_node = own_keys.get("arrivals").cloned();
        let crash_node = own_keys.get("crash").cloned();
        let address_place = own_keys.get("address").map_or(&node.place, |node| &node.place).clone();
        let random_crash_node = own_keys.get("crash-at-random").cloned();
        let profile_node = own_keys.get("profile").cloned();
        let scripts_place = own_keys.entry("scripts").map_or(&node.place, |entry| &entry.key_place).clone();
        let keys = errors.keep(read_table::<file::Host>(own_keys, &node.place));
        let name_of_profile = keys.as_ref().and_then(|keys| keys.profile.as_deref()).unwrap_or("rfc9293");
        let place = profile_node.map_or_else(|| node.place.clone(), |node| node.place);
        let profile = errors.keep(profile(name_of_profile, &place, directory));
        if keys.as_ref().is_some_and(|keys| keys.script.is_some() && keys.scripts.is_some()) {
            errors.push(scripts_place.error("a host has either `script` or `scripts`"));
        }
        if let [None, Some(serving)] = &workers_places {
            errors.push(serving.error("`serving` says what `workers` do, and the host states none"));
        }
        let crashes = keys.as_ref().and_then(|keys| keys.crash.as_deref()).unwrap_or_default();
        let outages = errors.keep(outages(crashes, crash_node.as_ref()));
        let failures = errors.keep(failures(keys.as_ref(), random_crash_node.as_ref())).flatten();
        let machines = keys.as_ref().and_then(|keys| keys.machines).map_or(1, |machines| machines.0);
        let arrivals = match (keys.as_ref().and_then(|keys| keys.arrivals.as_ref()), &arrivals_node) {
            (Some(arrivals), Some(node)) => errors.keep(arrivals::read(arrivals, node, directory)),
            _ => Some(Arrivals::at_once(machines)),
        };
        let (Some(keys), Some((mut own, profile)), Some(outages), Some(arrivals)) = (keys, profile, outages, arrivals)
        else {
            return Err(errors);
        };
        own.overlay(&own_settings);
        if keys.address.is_some_and(|address| address.to_bits().checked_add(machines - 1).is_none()) {
            errors.push(address_place.error("there are not so many addresses from there on"));
        }
        let host = Self {
            name: name.to_owned(),
            address: keys.address,
            machines,
            addresses: Vec::new(),
            arrivals,
            port: keys.port.map_or(80, |port| port.0),
            start: Instant::ZERO + keys.start.unwrap_or(Duration::ZERO),
            workers: match (keys.workers, keys.serving) {
                (None, _) => Workers::Unlimited,
                (Some(workers), Some(Serving::Asynchronous)) => Workers::Asynchronous(workers.0),
                (Some(workers), _) => Workers::Blocking(workers.0),
            },
            own,
            profile,
            sets: set_settings,
            applications: Vec::new(),
            outages,
            failures,
        };
        errors.or(host)
    }

    fn machine_names(&self) -> Vec<String> {
        (0..self.machines as usize).map(|place| machine_name(&self.name, place)).collect()
    }

    /// The profile with the host's own keys on top.
    pub(super) const fn own(&self) -> &Table {
        &self.own
    }

    /// The host under a variant: profile < host keys < variant < `--set`.
    pub(super) fn plan(&self, handshake: &Table, teardown: &Table) -> Result<HostPlan, Diagnostics> {
        let mut table = self.own.clone();
        for above in [handshake, teardown, &self.sets] {
            table.overlay(above);
        }
        let (settings, sizes) = resolve(table, &self.profile)?;
        Ok(HostPlan {
            name: self.name.clone(),
            addresses: self.addresses.clone(),
            settings,
            sizes,
            applications: self.applications.clone(),
            outages: self.outages.clone(),
            failures: self.failures.clone(),
        })
    }
}

/// A host's crashes in the order of time; `list` is where they stand. A host that is down cannot crash.
fn outages(crashes: &[file::Crash], list: Option<&Node>) -> Result<Vec<Outage>, Diagnostics> {
    let nodes = list.and_then(Node::as_array).unwrap_or_default();
    let mut outages: Vec<(Outage, &Node)> = Vec::new();
    for (crash, node) in crashes.iter().zip(nodes) {
        let at = Instant::ZERO + crash.at;
        outages.push((Outage { at, until: crash.lasts.map(|lasts| at + lasts) }, node));
    }
    outages.sort_by_key(|(outage, _)| outage.at);
    let mut errors = Diagnostics::default();
    for pair in outages.windows(2) {
        let [(before, _), (outage, node)] = pair else { continue };
        if before.until.is_none_or(|until| until > outage.at) {
            let place = node.as_table().and_then(|table| table.get("at")).map_or(&node.place, |at| &at.place);
            let still = format!("the host is still down then, from its crash at {}", before.at.since(Instant::ZERO));
            errors.push(place.error(still));
        }
    }
    errors.or(outages.into_iter().map(|(outage, _)| outage).collect())
}

/// How a host's machines crash at random; `node` is where it stands.
fn failures(keys: Option<&file::Host>, node: Option<&Node>) -> Result<Option<Failures>, Diagnostic> {
    let (Some(keys), Some(node)) = (keys, node) else { return Ok(None) };
    let Some(RandomCrash { after, lasts }) = keys.crash_at_random.clone() else { return Ok(None) };
    if keys.crash.is_some() {
        return Err(node.place.error("a host crashes either as `crash` says or at random"));
    }
    if after == Delay::Constant(Duration::ZERO) {
        let place = node.as_table().and_then(|table| table.get("after")).map_or(&node.place, |after| &after.place);
        return Err(place.error("then it would never be up"));
    }
    Ok(Some(Failures { after, lasts }))
}

/// Divides a host's section into the keys that are its own and the settings of its TCP.
fn split(table: Table, from_set: bool, errors: &mut Diagnostics) -> (Table, Table) {
    let host_keys = fields_of::<file::Host>();
    let (keys, settings) = table.partition(|entry| host_keys.contains(&entry.key.as_str()));
    let policy = if from_set { &[][..] } else { fields_of::<Handshake>() };
    check_keys(&settings, policy, host_keys, errors);
    (keys, settings)
}

/// Every key must be a setting, and none of `policy`: those the handshake decides for all hosts.
fn check_keys(settings: &Table, policy: &[&str], others: &[&str], errors: &mut Diagnostics) {
    let known = settings_keys();
    for entry in settings.iter() {
        let key = entry.key.as_str();
        if policy.contains(&key) {
            let help = format!("write handshake = {{ name = \"my-own\", base = \"three-way\", {key} = … }}");
            let message = format!("`{key}` is the handshake's to decide, so it would have no effect here");
            errors.push(entry.key_place.error(message).with_help(help));
        } else if !known.contains(&key) {
            let candidates = others.iter().chain(&known).copied().filter(|word| !policy.contains(word));
            let help = suggest(key, candidates.collect::<Vec<_>>());
            errors.push(entry.key_place.error(format!("unknown key `{key}`")).with_help(help));
        }
    }
}

/// A profile's settings, and the place of its beginning.
fn profile(name: &str, asked_at: &Place, directory: &Path) -> Result<(Table, Place), Diagnostics> {
    let source = if let Some(file) = builtin::profile(name) {
        Source::new(file.path, file.text)
    } else if is_path(name) {
        let path = directory.join(name);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| asked_at.error(format!("cannot read the profile {}: {error}", path.display())))?;
        Source::new(path.display().to_string(), text)
    } else {
        let profiles = builtin::profiles();
        let help = suggest(name, profiles.iter().map(|file| file.name));
        return Err(asked_at.error(format!("unknown profile `{name}`")).with_help(help).into());
    };
    let root = tree::parse(&source)?;
    let mut table = root.table()?.clone();
    let mut errors = Diagnostics::default();
    if let Some(description) = table.remove("description") {
        errors.keep(description.node.string());
    }
    check_keys(&table, fields_of::<Handshake>(), &["description"], &mut errors);
    errors.or((table, root.place))
}

/// Whether a name is meant as a file's path rather than as the name of something built in.
pub(super) fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

/// Reads settings that were put together; `profile` is where a missing key belongs.
fn resolve(table: Table, profile: &Place) -> Result<(Settings, EntrySizes), Diagnostics> {
    let mut errors = Diagnostics::default();
    let part = |keys: &'static [&'static str]| table.clone().partition(|entry| keys.contains(&entry.key.as_str())).0;
    let handshake = errors.keep(read_table(part(fields_of::<Handshake>()), profile));
    let teardown = errors.keep(read_table(part(fields_of::<Teardown>()), profile));
    let limits = errors.keep(limits::read(part, profile));
    let sizes = errors.keep(read_table::<Sizes>(part(fields_of::<Sizes>()), profile));
    let (Some(handshake), Some(teardown), Some(limits), Some(sizes)) = (handshake, teardown, limits, sizes) else {
        return Err(errors);
    };
    let settings = Settings { handshake, teardown, limits };
    for error in
        impossible_values(&table, &settings, profile).into_iter().chain(impossible_sizes(&table, &sizes, profile))
    {
        errors.push(error);
    }
    let cached = settings.handshake.commit == Commit::Cache;
    let sizes = EntrySizes {
        half_open: if cached { sizes.cache_octets } else { sizes.half_open_octets },
        connection: sizes.connection_octets,
        time_wait: sizes.time_wait_octets,
        hold_down: sizes.hold_down_octets,
        peer: sizes.peer_octets,
        socket: sizes.socket_octets,
    };
    errors.or((settings, sizes))
}

/// Values that every key's type allows and no TCP can have.
fn impossible_values(table: &Table, settings: &Settings, profile: &Place) -> Vec<Diagnostic> {
    let limits = &settings.limits;
    let checks = [
        ("mss", limits.sizes.mss == 0, "a segment carries at least one octet".to_owned()),
        (
            "mss",
            limits.sizes.mss > LARGEST_MSS,
            format!("a segment carries at most {LARGEST_MSS} octets (65535 less 40 of headers)"),
        ),
        ("window", limits.sizes.window == 0, "with a window of 0 no data ever moves".to_owned()),
        (
            "window",
            limits.sizes.window > LARGEST_WINDOW,
            format!("a window is at most {LARGEST_WINDOW} octets, 2^30 (RFC 7323 §2.3)"),
        ),
        ("isn-tick", limits.selection.isn_tick.is_zero(), "a clock's tick is longer than nothing".to_owned()),
        ("cookie-period", limits.backlog.cookie_period.is_zero(), "a step of time is longer than nothing".to_owned()),
        (
            "fast-open-key-lifetime",
            limits.backlog.fast_open_key_lifetime == Patience::For(Duration::ZERO),
            "a key is used longer than no time".to_owned(),
        ),
        ("rto-initial", limits.timers.rto_initial.is_zero(), "a timeout is longer than nothing".to_owned()),
        ("rto-min", limits.timers.rto_min.is_zero(), "a timeout is longer than nothing".to_owned()),
        (
            "delayed-ack",
            limits.acknowledgment.delayed_ack >= Duration::from_millis(500),
            "an acknowledgment is delayed by less than 0.5 s (RFC 9293 MUST-40)".to_owned(),
        ),
        (
            "keepalive-interval",
            limits.keepalive.keepalive && limits.keepalive.keepalive_interval.is_zero(),
            "probes need time between them".to_owned(),
        ),
    ];
    let stated = |key| table.get(key).map_or(profile, |node| &node.place);
    let mut errors: Vec<Diagnostic> =
        checks.into_iter().filter(|(_, wrong, _)| *wrong).map(|(key, _, message)| stated(key).error(message)).collect();
    let floor = [("rto-min", limits.timers.rto_min), ("rto-initial", limits.timers.rto_initial)]
        .into_iter()
        .max_by_key(|(_, low)| *low);
    if let Some((key, low)) = floor.filter(|(_, low)| limits.timers.rto_max < *low) {
        // Of two values that contradict each other, the one that was stated most specifically is to blame.
        errors.push(if rank(stated(key), profile) > rank(stated("rto-max"), profile) {
            stated(key).error(format!("above `rto-max` ({})", limits.timers.rto_max))
        } else {
            stated("rto-max").error(format!("below `{key}` ({low})"))
        });
    }
    errors
}

/// How specific a statement is: a profile's, the file's, an override's.
fn rank(place: &Place, profile: &Place) -> u8 {
    match place.source.name.as_str() {
        name if name == profile.source.name => 0,
        name if name.starts_with("--set ") => 2,
        _ => 1,
    }
}

/// Entries so large that their sum over a run could not be counted.
fn impossible_sizes(table: &Table, sizes: &Sizes, profile: &Place) -> Vec<Diagnostic> {
    let all = [
        ("half-open-octets", sizes.half_open_octets),
        ("connection-octets", sizes.connection_octets),
        ("time-wait-octets", sizes.time_wait_octets),
        ("cache-octets", sizes.cache_octets),
        ("hold-down-octets", sizes.hold_down_octets),
        ("peer-octets", sizes.peer_octets),
        ("socket-octets", sizes.socket_octets),
    ];
    all.into_iter()
        .filter(|(_, octets)| *octets > LARGEST_ENTRY)
        .map(|(key, _)| {
            let place = table.get(key).map_or(profile, |node| &node.place);
            place.error(format!("an entry takes at most {LARGEST_ENTRY} octets (1 TiB)"))
        })
        .collect()
}

/// The largest window that a scale of 14 can announce (RFC 7323 §2.3), rounded up to a power of two.
pub(super) const LARGEST_WINDOW: u32 = 1 << 30;

/// What an IPv4 packet holds besides the headers of IP and TCP.
const LARGEST_MSS: u32 = 65_535 - 20 - 20;

/// Octets of the largest entry: sixteen million of them can still be added up.
const LARGEST_ENTRY: u64 = 1 << 40;

/// Gives the machines of all hosts their addresses.
pub(super) fn give_addresses(hosts: &mut [Host]) {
    let names: Vec<Vec<String>> = hosts.iter().map(Host::machine_names).collect();
    let addresses = default_addresses(&names.iter().flatten().map(String::as_str).collect::<Vec<_>>());
    for (host, names) in hosts.iter_mut().zip(names) {
        host.addresses = match host.address {
            Some(first) => (0..host.machines).map(|place| Ipv4Addr::from_bits(first.to_bits() + place)).collect(),
            None => names.iter().map(|name| addresses[name]).collect(),
        };
    }
}

/// The addresses of hosts that state none. One depends on the name alone, so that other hosts change nothing:
/// 10.0.0.1 is `client` and 10.0.0.2 is `server`; any other name, or machine of a host, is hashed into 10.0.1.0 to 10.255.255.255, and where
/// two names meet, the later in the alphabet takes the next free address.
fn default_addresses(names: &[&str]) -> BTreeMap<String, Ipv4Addr> {
    let names: BTreeSet<&str> = names.iter().copied().collect();
    let mut taken = BTreeSet::new();
    let mut addresses = BTreeMap::new();
    for name in names {
        let mut low = match name {
            "client" => 1,
            "server" => 2,
            // FNV-1a: small, and the same everywhere and always.
            _ => name.bytes().fold(0x811c_9dc5_u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)),
        };
        if low > 2 {
            low = FIRST_HASHED + low % (LAST_HASHED - FIRST_HASHED);
        }
        while !taken.insert(low) {
            low = if low >= LAST_HASHED { FIRST_HASHED } else { low + 1 };
        }
        addresses.insert(name.to_owned(), Ipv4Addr::from_bits(0x0a00_0000 + low));
    }
    addresses
}

/// The part below 10.0.0.0/8 of the addresses that names are hashed into.
const FIRST_HASHED: u32 = 0x100;
const LAST_HASHED: u32 = 0xff_fffe;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_depends_on_the_name_alone() {
        let alone = default_addresses(&["third"]);
        let many = default_addresses(&["server", "zeta", "third", "alpha", "client"]);
        assert_eq!(alone["third"], many["third"]);
        assert_eq!(many["client"], Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(many["server"], Ipv4Addr::new(10, 0, 0, 2));
        let distinct: BTreeSet<_> = many.values().collect();
        assert_eq!(distinct.len(), 5);
    }

    #[test]
    fn names_that_meet_get_different_addresses() {
        let names: Vec<String> = (0..30_000).map(|number| format!("host{number}")).collect();
        let addresses = default_addresses(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let distinct: BTreeSet<_> = addresses.values().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
