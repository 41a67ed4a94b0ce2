//! An experiment file as a whole: read, checked, and turned into scenarios.

mod segments;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use sim_time::{Duration, Instant};

use super::axis::{self, Axis};
use super::builtin;
use super::claim::Claim;
use super::de::{fields_of, read_table};
use super::diagnostic::{Diagnostic, Diagnostics, Source, nearest, suggest};
use super::expect::{Context, Expectation};
use super::expect_segment::SegmentExpectation;
use super::file::{self, MAX_SEED, Top};
use super::host::{Host, give_addresses, is_path, settings_keys};
use super::inject::ScriptedInjection;
use super::link::ScriptedFault;
use super::sweep::Sweep;
use super::tree::{self, Entry, Node, Table, Value};
use super::variant::{Choice, Kind, Variant, choices, chosen};
use super::{link, overrides, script};
use crate::{Flood, Injection, LinkPlan, Process, Scenario, Step, metrics};

/// An experiment: everything its file says, checked. Nothing that can fail is left for later.
///
/// ```
/// use experiment::Experiment;
///
/// let sets = ["server.time-wait=2s".to_owned()];
/// let experiment = Experiment::parse("new.toml", experiment::template(), &sets)?;
/// for variant in experiment.variants() {
///     let scenario = experiment.scenario(&variant)?;
///     assert_eq!(scenario.hosts[1].settings.teardown.time_wait.to_string(), "2s");
/// }
/// # Ok::<(), experiment::Diagnostics>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Experiment {
    name: String,
    file: String,
    /// The file's text.
    source: Arc<Source>,
    question: Option<String>,
    claim: Option<Claim>,
    seed: u64,
    horizon: Instant,
    handshakes: Vec<Choice>,
    teardowns: Vec<Choice>,
    hosts: Vec<Host>,
    links: Vec<LinkPlan>,
    faults: Vec<ScriptedFault>,
    warm_up: Instant,
    injections: Vec<Injection>,
    scripted_injections: Vec<ScriptedInjection>,
    floods: Vec<Flood>,
    expectations: Vec<Expectation>,
    segment_expectations: Vec<SegmentExpectation>,
    /// Another end than the file's.
    until: Option<Instant>,
    base: Option<Arc<Base>>,
}

/// What the points of a sweep are made of.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Base {
    pub(super) sweep: Sweep,
    /// The file without what no run depends on.
    pub(super) file: Node,
    /// What `--set` says, likewise.
    pub(super) sets: Table,
}

impl Base {
    fn new(sweep: Sweep, file: &Node, sets: &Table) -> Result<Self, Diagnostics> {
        let parts = |table: &Table| table.clone().partition(|entry| !NO_PART_OF_A_RUN.contains(&entry.key.as_str())).0;
        let file = Node { value: Value::Table(parts(file.table()?)), place: file.place.clone() };
        Ok(Self { sweep, file, sets: parts(sets) })
    }
}

/// Keys that no run depends on.
const NO_PART_OF_A_RUN: [&str; 7] = ["question", "claim", "verdict", "evidence", "sweep", "expect", "expect-segment"];

impl Experiment {
    /// Reads an experiment: a file, or a built-in case by its name. Each of `sets` is a `key.path=value` that is
    /// laid over the file.
    ///
    /// # Errors
    /// Everything that is wrong with the file or an override, with its place; or that there is no such file.
    pub fn load(name_or_path: &str, sets: &[String]) -> Result<Self, Diagnostics> {
        let path = Path::new(name_or_path);
        if path.is_dir() {
            let error = Diagnostic::without_place(name_or_path, "is a directory, not an experiment");
            return Err(error.with_help("`synlab verify` takes a directory, and all experiments in it").into());
        }
        if !path.is_file() && !is_path(name_or_path) {
            if let Some(case) = builtin::case(name_or_path) {
                return Self::parse(&case.path, case.text, sets);
            }
            let cases = [builtin::cases(), builtin::claims(), builtin::studies()].concat();
            let error = Diagnostic::without_place(name_or_path, "neither a file nor a built-in case");
            return Err(error.with_help(suggest(name_or_path, cases.iter().map(|case| case.name))).into());
        }
        Self::parse(name_or_path, &read(name_or_path)?, sets)
    }

    /// As [`Experiment::load`], from a text. Paths in it are relative to the directory of `source_name`.
    ///
    /// # Errors
    /// Everything that is wrong with the text or an override, with its place.
    pub fn parse(source_name: &str, text: &str, sets: &[String]) -> Result<Self, Diagnostics> {
        let mut errors = Diagnostics::default();
        let file = errors.keep(file_tree(source_name, text));
        let sets = errors.keep(set_tree(sets));
        let (Some(file), Some(sets)) = (file, sets) else { return Err(errors.in_order(source_name)) };
        Self::from_trees(source_name, &file, &sets).map_err(|errors| errors.in_order(source_name))
    }

    /// The same experiment with `over` laid over the file, below what `--set` says. It has no sweep, and nothing is
    /// expected of it.
    pub(super) fn overlaid(&self, over: &Table) -> Result<Self, Diagnostics> {
        let base = self.base().expect("only a sweep lays anything over its file");
        let mut sets = over.clone();
        sets.overlay(&base.sets);
        let point = Self::from_trees(&self.file, &base.file, &sets).map_err(|errors| errors.in_order(&self.file))?;
        let horizon = self.until.unwrap_or(point.horizon);
        Ok(Self { seed: self.seed, horizon, ..point })
    }

    /// What the points of its sweep are made of, if it has one.
    pub(super) fn base(&self) -> Option<&Base> {
        self.base.as_deref()
    }

    /// The end that it was given instead of the file's.
    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// What each host is set to before a variant decides.
    pub(super) fn host_settings(&self) -> impl Iterator<Item = &Table> {
        self.hosts.iter().map(Host::own)
    }

    /// The times of arrivals that are listed, in the file or in another.
    pub(super) fn listed_arrivals(&self) -> impl Iterator<Item = &[Duration]> {
        let sessions = self.hosts.iter().map(|host| &host.arrivals);
        sessions.chain(self.floods.iter().map(|flood| &flood.arrivals)).filter_map(|arrivals| match &arrivals.process {
            Process::At(times) => Some(&times[..]),
            _ => None,
        })
    }

    fn from_trees(source_name: &str, file: &Node, raw_sets: &Table) -> Result<Self, Diagnostics> {
        let mut errors = Diagnostics::default();
        let sets = &overrides::in_lists(file.table()?, raw_sets.clone())?;
        let mut table = file.table()?.clone();
        let file_choices = listed(&table, &mut errors);
        table.overlay(sets);
        let choices = listed(&table, &mut errors);

        let keys = fields_of::<Top>();
        let top_table = table.clone().partition(|entry| keys.contains(&entry.key.as_str())).0;
        let top = errors.keep(read_table::<Top>(top_table, &file.place));
        let directory = Path::new(source_name).parent().unwrap_or(Path::new(""));
        let hosts = errors.keep(hosts(file, sets, directory));
        let names = file.table()?.get("host").and_then(Node::as_table).map(Table::keys).unwrap_or_default();
        let links = errors.keep(link::links(&names, file.table()?.get("link"), sets.get("link")));
        let (Some(top), Some(hosts), Some(links), Some((handshakes, teardowns))) = (top, hosts, links, choices) else {
            return Err(errors);
        };
        let (links, faults) = links;

        let mut experiment = Self {
            name: Path::new(source_name).file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            file: source_name.to_owned(),
            source: Arc::clone(&file.place.source),
            question: top.question.clone(),
            claim: None,
            seed: top.seed.map_or(1, |seed| seed.0),
            horizon: Instant::ZERO + top.horizon.0,
            handshakes,
            teardowns,
            hosts,
            links,
            faults,
            warm_up: Instant::ZERO + top.warm_up.unwrap_or_default(),
            injections: Vec::new(),
            scripted_injections: Vec::new(),
            floods: Vec::new(),
            expectations: Vec::new(),
            segment_expectations: Vec::new(),
            until: None,
            base: None,
        };
        let context = experiment.context(file_choices.unwrap_or_default());
        if let (Some(section), Some(node)) = (&top.sweep, table.get("sweep")) {
            let base = errors.keep(Sweep::read(section, node, &context, normal));
            let base = base.and_then(|sweep| errors.keep(Base::new(sweep, file, raw_sets)));
            experiment.base = base.map(Arc::new);
        }
        errors.keep(experiment.read_scripts(&table));
        experiment.claim = errors.keep(Claim::read(&top, &table, &context)).flatten();
        if let Some(node) = table.get("warm-up").filter(|_| experiment.warm_up >= experiment.horizon) {
            errors.push(node.place.error(format!("the run ends at {} s, before it is warm", experiment.horizon)));
        }
        errors.keep(experiment.read_injections(&top.inject.unwrap_or_default(), table.get("inject")));
        errors.keep(experiment.read_floods(&top.flood.unwrap_or_default(), table.get("flood"), directory));
        errors.keep(experiment.read_expectations(top.expect.unwrap_or_default(), table.get("expect"), &context));
        let segments = (top.expect_segment.unwrap_or_default(), table.get("expect-segment"));
        errors.keep(experiment.read_segment_expectations(segments, &context));
        for variant in experiment.variants() {
            errors.keep(experiment.scenario(&variant));
        }
        errors.or(experiment)
    }

    fn read_scripts(&mut self, table: &Table) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        let sections = table.get("host").and_then(Node::as_table).cloned().unwrap_or_default();
        let scripts: Vec<Vec<&Node>> = self
            .hosts
            .iter()
            .map(|host| sections.get(&host.name).and_then(Node::as_table).map(scripts_of).unwrap_or_default())
            .collect();
        let accepts: Vec<bool> = scripts
            .iter()
            .map(|scripts| scripts.iter().any(|script| script.as_array().is_some_and(script::accepts)))
            .collect();
        let all: Vec<(String, u16)> = self.hosts.iter().map(|host| (host.name.clone(), host.port)).collect();
        for (own, scripts) in scripts.into_iter().enumerate() {
            let section = sections.get(&self.hosts[own].name).and_then(Node::as_table);
            if let Some(workers) = section.and_then(|section| section.entry("workers")).filter(|_| !accepts[own]) {
                errors.push(workers.key_place.error("there is nothing to serve: no script of the host accepts"));
            }
            let clients = scripts.iter().any(|script| !script.as_array().is_some_and(script::accepts));
            if let Some(arrivals) = section.and_then(|section| section.entry("arrivals")).filter(|_| !clients) {
                let message = "there is nothing to begin: no script of the host is a client's";
                errors.push(arrivals.key_place.error(message));
            }
            for list in scripts {
                let hosts = script::Hosts { all: &all, accepts: &accepts, own };
                let Some(application) = errors.keep(script::read(list, &self.hosts[own], &hosts)) else { continue };
                for (step, node) in application.steps.iter().zip(list.one_or_many()) {
                    errors.keep(self.check_reachable(own, step, node));
                }
                self.hosts[own].applications.push(application);
            }
        }
        errors.or(())
    }

    /// A host to connect to must be joined to this one.
    fn check_reachable(&self, own: usize, step: &Step, node: &Node) -> Result<(), Diagnostic> {
        let Step::Connect { to, .. } = *step else { return Ok(()) };
        let server = &self.hosts[usize::from(to.0)];
        if server.machines > 1 {
            let message = format!("`{}` is {} machines, and a connection goes to one", server.name, server.machines);
            return Err(node.place.error(message));
        }
        if self.links.iter().any(|link| usize::from(link.from.0) == own && link.to == to) {
            return Ok(());
        }
        let (from, to) = (&self.hosts[own].name, &self.hosts[usize::from(to.0)].name);
        let message = format!("no link leads from `{from}` to `{to}`");
        Err(node.place.error(message).with_help(format!("add [link] or [link.{from}-{to}]")))
    }

    /// What the words of expectations and of the evidence may be: the variants of the run, and those of the file.
    fn context(&self, in_file: (Vec<Choice>, Vec<Choice>)) -> Context {
        Context {
            metrics: metrics::catalogue(&self.host_names()),
            handshakes: [self.handshakes.clone(), in_file.0].concat(),
            teardowns: [self.teardowns.clone(), in_file.1].concat(),
        }
    }

    fn read_expectations(
        &mut self,
        expects: Vec<file::Expect>,
        nodes: Option<&Node>,
        context: &Context,
    ) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        let nodes = nodes.and_then(Node::as_array).unwrap_or_default();
        let mut expectations = Vec::new();
        for (expect, node) in expects.into_iter().zip(nodes) {
            expectations.extend(errors.keep(Expectation::read(expect, node, context)));
        }
        self.expectations = expectations;
        errors.or(())
    }

    /// The file's name without directory and `.toml`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, as the user gave it; for a built-in case its path in the repository.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The file's text, as it was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The question it asks.
    #[must_use]
    pub fn question(&self) -> Option<&str> {
        self.question.as_deref()
    }

    /// The claim it puts to the test.
    #[must_use]
    pub const fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// Seed of every random stream.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The same experiment with another seed.
    ///
    /// # Panics
    /// If the seed is above [`MAX_SEED`].
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        assert!(seed <= MAX_SEED, "a seed is at most {MAX_SEED}");
        Self { seed, ..self }
    }

    /// The end of the run.
    #[must_use]
    pub const fn horizon(&self) -> Instant {
        self.horizon
    }

    /// The same experiment with another end.
    #[must_use]
    pub fn with_horizon(self, horizon: Instant) -> Self {
        Self { horizon, until: Some(horizon), ..self }
    }

    /// When measuring begins: before that, the run warms up.
    #[must_use]
    pub const fn warm_up(&self) -> Instant {
        self.warm_up
    }

    /// Whether it has a `[sweep]`: see [`Experiment::plan`].
    #[must_use]
    pub const fn has_sweep(&self) -> bool {
        self.base.is_some()
    }

    /// The hosts' names, in the order of the file.
    #[must_use]
    pub fn host_names(&self) -> Vec<&str> {
        self.hosts.iter().map(|host| host.name.as_str()).collect()
    }

    /// Every handshake with every teardown, in the order of the file.
    #[must_use]
    pub fn variants(&self) -> Vec<Variant> {
        let with = |handshake: &Choice| {
            let handshake = handshake.name.clone();
            self.teardowns
                .iter()
                .map(move |teardown| Variant { handshake: handshake.clone(), teardown: teardown.name.clone() })
        };
        self.handshakes.iter().flat_map(with).collect()
    }

    /// The variant of these names: the file's own first, then the presets; `None` is the first the file lists.
    ///
    /// # Errors
    /// A name that nobody knows, with the nearest one.
    pub fn variant(&self, handshake: Option<&str>, teardown: Option<&str>) -> Result<Variant, Diagnostics> {
        let handshake = chosen(Kind::Handshake, &self.handshakes, handshake)?;
        let teardown = chosen(Kind::Teardown, &self.teardowns, teardown)?;
        let variant = Variant { handshake: handshake.name, teardown: teardown.name };
        self.scenario(&variant)?;
        Ok(variant)
    }

    /// The same experiment on every combination of the axes' levels instead of the variants that the file lists: each
    /// decides for `base` what it decides, and leaves the rest. Nothing is expected of them.
    ///
    /// # Errors
    /// A name in `base` that nobody knows, an axis that is given twice, a level that cannot be.
    pub fn crossed(self, base: &Variant, axes: &[Axis]) -> Result<Self, Diagnostics> {
        axis::check_distinct(axes)?;
        let handshake = chosen(Kind::Handshake, &self.handshakes, Some(&base.handshake))?;
        let teardown = chosen(Kind::Teardown, &self.teardowns, Some(&base.teardown))?;
        let crossed = Self {
            handshakes: axis::designs(Kind::Handshake, &handshake, axes),
            teardowns: axis::designs(Kind::Teardown, &teardown, axes),
            expectations: Vec::new(),
            segment_expectations: Vec::new(),
            claim: None,
            ..self
        };
        let mut errors = Diagnostics::default();
        for variant in crossed.variants() {
            errors.keep(crossed.scenario(&variant));
        }
        errors.or(crossed)
    }

    /// The run of a variant, with every choice made.
    ///
    /// # Errors
    /// None for a variant that [`Experiment::variants`] or [`Experiment::variant`] returned.
    pub fn scenario(&self, variant: &Variant) -> Result<Scenario, Diagnostics> {
        let handshake = chosen(Kind::Handshake, &self.handshakes, Some(&variant.handshake))?;
        let teardown = chosen(Kind::Teardown, &self.teardowns, Some(&variant.teardown))?;
        let mut errors = Diagnostics::default();
        let mut hosts = Vec::with_capacity(self.hosts.len());
        for host in &self.hosts {
            hosts.extend(errors.keep(host.plan(&handshake.overlay, &teardown.overlay)));
        }
        errors.or(Scenario {
            seed: self.seed,
            horizon: self.horizon,
            hosts,
            links: self.links.clone(),
            warm_up: self.warm_up,
            injections: self.injections.clone(),
            floods: self.floods.clone(),
        })
    }

    /// The scripted faults of all links, in the order in which they are read.
    #[must_use]
    pub fn faults(&self) -> &[ScriptedFault] {
        &self.faults
    }

    /// What must hold.
    #[must_use]
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }
}

/// The text of a file.
fn read(name: &str) -> Result<String, Diagnostic> {
    let cannot = |why: String| Diagnostic::without_place(name, format!("cannot be read: {why}"));
    let octets = std::fs::read(name).map_err(|error| {
        let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let cases = builtin::cases();
        let near = nearest(stem, cases.iter().map(|case| case.name));
        match near.filter(|_| error.kind() == std::io::ErrorKind::NotFound) {
            Some(case) => cannot(error.to_string()).with_help(format!("did you mean the built-in case `{case}`?")),
            None => cannot(error.to_string()),
        }
    })?;
    String::from_utf8(octets).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|octet| **octet == b'\n').count() + 1;
        cannot(format!("the octet at offset {at}, in line {line}, is not UTF-8"))
    })
}

/// The handshakes and teardowns a table lists; `None` if one of them is wrong.
fn listed(table: &Table, errors: &mut Diagnostics) -> Option<(Vec<Choice>, Vec<Choice>)> {
    let handshakes = errors.keep(choices(Kind::Handshake, table.get("handshake")));
    let teardowns = errors.keep(choices(Kind::Teardown, table.get("teardown")));
    handshakes.zip(teardowns)
}

fn file_tree(source_name: &str, text: &str) -> Result<Node, Diagnostics> {
    let root = tree::parse(&Source::new(source_name, text))?;
    if is_profile(root.table()?) {
        let error = Diagnostic::without_place(source_name, "is a profile, not an experiment");
        let name = Path::new(source_name).file_stem().unwrap_or_default().to_string_lossy();
        return Err(error.with_help(format!("a host takes it: `profile = \"{name}\"`, or by its path")).into());
    }
    let table = normal(root.table()?.clone())?;
    Ok(Node { value: Value::Table(table), place: root.place })
}

/// Whether a file says what a host is set to, and nothing of an experiment.
fn is_profile(table: &Table) -> bool {
    let settings = settings_keys();
    let mut keys = table.iter().map(|entry| entry.key.as_str());
    table.get("description").is_some() && keys.all(|key| key == "description" || settings.contains(&key))
}

fn set_tree(sets: &[String]) -> Result<Table, Diagnostics> {
    let mut errors = Diagnostics::default();
    let mut merged = Table::default();
    for set in sets {
        if let Some(table) = errors.keep(overrides::tree("--set", set).and_then(normal)) {
            merged.overlay(&table);
        }
    }
    errors.or(merged)
}

/// The top level with its keys checked, and `[client]` and `[server]` moved to where they belong: into `[host]`.
fn normal(table: Table) -> Result<Table, Diagnostics> {
    let known: Vec<&str> =
        [fields_of::<Top>(), &["handshake", "teardown", "client", "server", "host", "link"]].concat();
    let mut errors = Diagnostics::default();
    for entry in table.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        let mut help = suggest(&entry.key, known.iter().copied());
        if entry.node.as_table().is_some() && !help.starts_with("did you mean") {
            help = format!("a host of that name is [host.{}]", entry.key);
        }
        errors.push(entry.key_place.error(format!("unknown key `{}`", entry.key)).with_help(help));
    }
    let (short, mut rest) = table.partition(|entry| ["client", "server"].contains(&entry.key.as_str()));
    let mut hosts: Vec<Entry> = short.iter().cloned().collect();
    if let Some(section) = rest.remove("host")
        && let Some(named) = errors.keep(section.node.table().cloned())
    {
        hosts.extend(named.iter().cloned());
    }
    hosts.sort_by_key(|entry| entry.key_place.span.start);
    let mut seen = BTreeSet::new();
    let mut all = Table::default();
    let place = hosts.first().map(|host| host.key_place.clone());
    for host in hosts {
        errors.keep(host.node.table());
        if !seen.insert(host.key.clone()) {
            errors.push(host.key_place.error(format!("the host `{}` is described twice", host.key)));
        }
        all.push(host);
    }
    if let Some(place) = place {
        let node = Node { value: Value::Table(all), place: place.clone() };
        rest.push(Entry { key: "host".to_owned(), key_place: place, node });
    }
    errors.or(rest)
}

/// The hosts of a file, in its order, with what `--set` says of them.
fn hosts(file: &Node, sets: &Table, directory: &Path) -> Result<Vec<Host>, Diagnostics> {
    let Some(sections) = file.table()?.get("host").and_then(Node::as_table) else {
        return Err(file.place.error("the file describes no host").with_help("add [client] and [server]").into());
    };
    let mut errors = Diagnostics::default();
    let set_sections = sets.get("host").and_then(Node::as_table).cloned().unwrap_or_default();
    for entry in set_sections.iter().filter(|entry| sections.get(&entry.key).is_none()) {
        let help = suggest(&entry.key, sections.iter().map(|section| section.key.as_str()).collect::<Vec<_>>());
        errors.push(entry.key_place.error(format!("no host is called `{}`", entry.key)).with_help(help));
    }
    let mut hosts: Vec<Host> = Vec::new();
    for (entry, before) in sections.iter().zip(0..) {
        errors.keep(check_name(entry));
        if before >= u32::from(u16::MAX) {
            errors.push(entry.key_place.error("more hosts than a run can number"));
            break;
        }
        let read = Host::read(&entry.key, &entry.node, set_sections.get(&entry.key), directory);
        hosts.extend(errors.keep(read));
    }
    let mut hosts = errors.or(hosts)?;
    give_addresses(&mut hosts);
    let mut errors = Diagnostics::default();
    let mut owners = BTreeMap::new();
    for (host, entry) in hosts.iter().zip(sections.iter()) {
        for address in &host.addresses {
            if let Some(other) = owners.insert(*address, &host.name) {
                let place = entry.node.as_table().and_then(|table| table.get("address")).unwrap_or(&entry.node);
                errors.push(place.place.error(format!("`{other}` has the address {address} already")));
                break;
            }
        }
    }
    errors.or(hosts)
}

/// A host's name must be a word of a metric's name, and not one that begins the name of a metric of the whole run.
fn check_name(entry: &Entry) -> Result<(), Diagnostic> {
    let name = entry.key.as_str();
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !is_word {
        return Err(entry.key_place.error("a host's name is a word of letters, digits, `-` and `_`"));
    }
    let taken = metrics::catalogue(&[]).iter().any(|metric| metric.name.split('.').next() == Some(name));
    if taken || ["from", "within"].contains(&name) {
        return Err(entry.key_place.error(format!("`{name}` cannot name a host: the word has a meaning of its own")));
    }
    Ok(())
}

/// The scripts of a host's section.
fn scripts_of(section: &Table) -> Vec<&Node> {
    let one = section.get("script").into_iter();
    let several = section.get("scripts").and_then(Node::as_array).unwrap_or_default();
    one.chain(several).collect()
}
