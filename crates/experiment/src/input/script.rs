//! An application's script: one step a line, from words to [`Step`]s.

use sim_time::{Duration, Instant};

use super::amount;
use super::diagnostic::{Diagnostic, Diagnostics, suggest};
use super::host::Host;
use super::tree::Node;
use crate::{Application, FirstOctets, HostId, Step};

const VERBS: [&str; 10] =
    ["connect", "accept", "send", "receive", "wait", "work", "shutdown", "close", "abort", "repeat"];

/// Units of a size, in octets.
pub(super) const SIZE_UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// What a script may refer to.
pub(super) struct Hosts<'a> {
    /// Names and listening ports, in the order of the file.
    pub(super) all: &'a [(String, u16)],
    /// Whether a host has a server's script.
    pub(super) accepts: &'a [bool],
    /// The host the script runs on.
    pub(super) own: usize,
}

/// Whether a script is a server's: it does no more than wait before it accepts.
pub(super) fn accepts(steps: &[Node]) -> bool {
    let mut verbs = steps.iter().map(|step| step.as_str().and_then(|step| step.split_whitespace().next()));
    verbs.find(|verb| *verb != Some("wait")).flatten() == Some("accept")
}

/// Reads one script; `place` is the list of its steps.
pub(super) fn read(list: &Node, host: &Host, hosts: &Hosts<'_>) -> Result<Application, Diagnostics> {
    let steps = list.array()?;
    let mut errors = Diagnostics::default();
    let rounds = if accepts(steps) { None } else { Some(1) };
    let Host { start, workers, .. } = *host;
    let arrivals = host.arrivals.clone();
    let mut application = Application { start, steps: Vec::new(), lines: Vec::new(), rounds, workers, arrivals };
    let mut connection = Some(Connection { server: false, life: Life::None });
    for (place, node) in steps.iter().enumerate() {
        let last = place + 1 == steps.len();
        let Some(line) = errors.keep(line(node, hosts)) else {
            // What an unreadable step does is unknown, so the steps after it cannot be judged.
            connection = None;
            continue;
        };
        match line {
            Line::Repeat(_) if !last => errors.push(node.place.error("`repeat` is the last step of a script")),
            Line::Repeat(_) if place == 0 => errors.push(node.place.error("there is nothing to repeat")),
            Line::Repeat(rounds) => application.rounds = rounds,
            Line::Step(step) => {
                let next = connection.map(|connection| connection.after(&step)).transpose();
                connection = next.unwrap_or_else(|message| {
                    errors.push(node.place.error(message));
                    None
                });
                application.steps.push(step);
                application.lines.extend(node.as_str().map(str::to_owned));
            }
        }
    }
    if steps.is_empty() {
        errors.push(list.place.error("a script needs at least one step"));
    } else if connection.is_some_and(|connection| connection.life == Life::None) {
        errors.push(list.place.error("the script never opens a connection").with_help("add `connect` or `accept`"));
    }
    errors.or(application)
}

/// What a script's connection is so far.
#[derive(Clone, Copy)]
struct Connection {
    /// Whether the script began with `accept`.
    server: bool,
    life: Life,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    None,
    Open,
    /// The sending direction is closed.
    Shut,
    /// The application gave the connection back.
    Over,
}

impl Connection {
    /// What it is after `step`, or why the step makes no sense here.
    fn after(self, step: &Step) -> Result<Self, String> {
        let life = match *step {
            Step::Wait(_) | Step::WaitUntil(_) => self.life,
            Step::Work(_) => self.holding("work")?,
            Step::Accept { .. } if !self.server && self.life == Life::None => {
                return Ok(Self { server: true, life: Life::Open });
            }
            Step::Accept { .. } => return Err("only `wait` may come before `accept` in a script".to_owned()),
            Step::Connect { .. } if self.server => {
                return Err("a script that accepts cannot connect; give the host a second one".to_owned());
            }
            Step::Connect { .. } if matches!(self.life, Life::Open | Life::Shut) => {
                return Err("the script has a connection already".to_owned());
            }
            Step::Connect { with: Some(FirstOctets { all: true, .. }), .. } => Life::Shut,
            Step::Connect { .. } => Life::Open,
            Step::Send(_) => self.sending("send")?,
            Step::Shutdown => self.sending("shutdown").map(|_| Life::Shut)?,
            Step::Receive(_) | Step::ReceiveToEnd => self.holding("receive")?,
            Step::Close | Step::CloseAtEnd => self.holding("close").map(|_| Life::Over)?,
            Step::Abort => self.holding("abort").map(|_| Life::Over)?,
        };
        Ok(Self { life, ..self })
    }

    fn holding(self, verb: &str) -> Result<Life, String> {
        match self.life {
            Life::None => Err(format!("`{verb}` needs a connection: `connect` or `accept` comes first")),
            Life::Over => Err(format!("`{verb}` comes after the connection was given back")),
            held => Ok(held),
        }
    }

    fn sending(self, verb: &str) -> Result<Life, String> {
        match self.holding(verb)? {
            Life::Shut => Err(format!("`{verb}` comes after `shutdown` closed the sending direction")),
            open => Ok(open),
        }
    }
}

enum Line {
    Step(Step),
    Repeat(Option<u32>),
}

fn line(node: &Node, hosts: &Hosts<'_>) -> Result<Line, Diagnostic> {
    let text = node.string()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((&verb, rest)) = words.split_first() else {
        return Err(node.place.error("an empty step"));
    };
    let step = match (verb, rest) {
        ("connect", clauses) => connect(clauses, hosts),
        ("accept", []) => Ok(Step::Accept { port: hosts.all[hosts.own].1 }),
        ("accept", ["at", at]) => port(at).map(|port| Step::Accept { port }),
        ("accept", _) => Err("expected `accept` or `accept at PORT`".into()),
        ("send", size) => amount::size(size, node).map(Step::Send),
        ("receive", ["EOF"]) => Ok(Step::ReceiveToEnd),
        ("receive", size) => octets(&size.join(" ")).map(Step::Receive),
        ("wait", ["until", time @ ..]) => {
            duration(time, "wait until 1.5s").map(|time| Step::WaitUntil(Instant::ZERO + time))
        }
        ("wait", time) => amount::time(time, "wait 50ms", node).map(Step::Wait),
        ("work", time) => amount::time(time, "work 5ms", node).map(Step::Work),
        ("shutdown", []) => Ok(Step::Shutdown),
        ("close", []) => Ok(Step::Close),
        ("close", ["on", "EOF"]) => Ok(Step::CloseAtEnd),
        ("close", _) => Err("expected `close` or `close on EOF`".into()),
        ("abort", []) => Ok(Step::Abort),
        ("repeat", clauses) => return repeat(clauses).map_err(|wrong| wrong.at(node)),
        ("shutdown" | "abort", _) => Err(format!("`{verb}` stands alone").into()),
        _ => Err(Wrong { message: format!("unknown step `{verb}`"), help: Some(suggest(verb, VERBS)) }),
    };
    step.map(Line::Step).map_err(|wrong| wrong.at(node))
}

/// What is wrong with a step.
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Wrong {
    fn at(self, node: &Node) -> Diagnostic {
        Diagnostic { help: self.help, ..node.place.error(self.message) }
    }
}

impl<T: Into<String>> From<T> for Wrong {
    fn from(message: T) -> Self {
        Self { message: message.into(), help: None }
    }
}

fn connect(clauses: &[&str], hosts: &Hosts<'_>) -> Result<Step, Wrong> {
    let is_clause = |word: &&str| ["from", "with", "within"].contains(word);
    let (target, mut rest) = match clauses.split_first() {
        Some((first, rest)) if !is_clause(first) => (Some(*first), rest),
        _ => (None, clauses),
    };
    let (host, port_given) = match target {
        Some(target) => named_host(target, hosts)?,
        None => (only_other_host(hosts)?, None),
    };
    let (mut from, mut with, mut within) = (None, None, None);
    while let Some((&word, after)) = rest.split_first() {
        let end = after.iter().position(is_clause).unwrap_or(after.len());
        let (value, next) = after.split_at(end);
        match (word, value) {
            ("from", [local]) if from.is_none() => from = Some(port(local)?),
            ("with", ["all", size @ ..]) if with.is_none() => with = Some(first_octets(size, true)?),
            ("with", size @ [_, ..]) if with.is_none() => with = Some(first_octets(size, false)?),
            ("within", [_, ..]) if within.is_none() => within = Some(duration(value, "connect within 3s")?),
            _ => return Err("expected `connect [HOST[:PORT]] [from PORT] [with [all] SIZE] [within DURATION]`".into()),
        }
        rest = next;
    }
    let to = HostId(u16::try_from(host).expect("hosts are counted when they are read"));
    Ok(Step::Connect { to, port: port_given.unwrap_or(hosts.all[host].1), from, with, within })
}

fn first_octets(size: &[&str], all: bool) -> Result<FirstOctets, Wrong> {
    let octets = octets(&size.join(" "))?;
    match u32::try_from(octets) {
        Ok(octets) => Ok(FirstOctets { octets, all }),
        Err(_) => Err("at most 4 GiB can be sent with the call; `send` the rest".into()),
    }
}

fn named_host(target: &str, hosts: &Hosts<'_>) -> Result<(usize, Option<u16>), Wrong> {
    let (name, given) = match target.split_once(':') {
        Some((name, given)) => (name, Some(port(given)?)),
        None => (target, None),
    };
    let names = || hosts.all.iter().enumerate().filter(|&(at, _)| at != hosts.own).map(|(_, (name, _))| name.as_str());
    match hosts.all.iter().position(|(host, _)| host == name) {
        Some(host) if host == hosts.own => Err(format!("`{name}` cannot connect to itself").into()),
        Some(host) => Ok((host, given)),
        None => Err(Wrong {
            message: format!("no host is called `{name}`"),
            help: Some(suggest(name, names().collect::<Vec<_>>())),
        }),
    }
}

/// The only other host with a server's script, else the only other host.
fn only_other_host(hosts: &Hosts<'_>) -> Result<usize, Wrong> {
    let others: Vec<usize> = (0..hosts.all.len()).filter(|&host| host != hosts.own).collect();
    let servers: Vec<usize> = others.iter().copied().filter(|&host| hosts.accepts[host]).collect();
    match (servers.as_slice(), others.as_slice()) {
        (&[only], _) | ([], &[only]) => Ok(only),
        (_, []) => Err("there is no other host to connect to".into()),
        _ => Err("which host? say `connect HOST`: there are several".into()),
    }
}

fn port(word: &str) -> Result<u16, Wrong> {
    match word.parse() {
        Ok(0) | Err(_) => Err(format!("`{word}` is not a port: expected a number from 1 to 65535").into()),
        Ok(port) => Ok(port),
    }
}

pub(super) fn duration(words: &[&str], example: &str) -> Result<Duration, Wrong> {
    if words.is_empty() {
        return Err(format!("expected a duration, as in `{example}`").into());
    }
    let text = words.join(" ");
    text.parse().map_err(|error| format!("`{text}`: {error}").into())
}

/// A size in octets: `100 B`, `10 kB`, `64 KiB`.
pub(super) fn octets(text: &str) -> Result<u64, Wrong> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim());
    if number.is_empty() {
        return Err(format!("expected a size such as `100 B`, found `{text}`").into());
    }
    let Some(&(_, factor)) = SIZE_UNITS.iter().find(|(name, _)| *name == unit) else {
        let message = if unit.is_empty() {
            format!("the size `{text}` needs a unit")
        } else {
            format!("unknown unit of size `{unit}`")
        };
        return Err(Wrong { message, help: Some("expected B, kB, MB, GB, KiB, MiB or GiB".to_owned()) });
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)) {
        Some(0) => Err("a size of at least one octet is needed".into()),
        Some(octets) => Ok(octets),
        None => Err(format!("the size `{text}` is too large").into()),
    }
}

fn repeat(clauses: &[&str]) -> Result<Line, Wrong> {
    match clauses {
        [] => Ok(Line::Repeat(None)),
        [number, "times" | "time"] => match number.parse() {
            Ok(0) | Err(_) => Err(format!("`{number}` is not a number of rounds").into()),
            Ok(rounds) => Ok(Line::Repeat(Some(rounds))),
        },
        _ => Err("expected `repeat` or `repeat N times`".into()),
    }
}
