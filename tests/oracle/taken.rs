//! Experiments from which one thing is taken away.

use crate::json::Json;
use crate::trace::{Record, Trace};

/// An experiment without what has the blame.
pub(crate) struct Experiment {
    pub(crate) text: String,
    /// How that was taken away.
    pub(crate) how: &'static str,
    /// The records before this one are the same as in the run with it.
    pub(crate) same_before: u64,
    /// If they need not be: why there is no experiment where they are not.
    pub(crate) unless_same: Option<&'static str>,
}

/// One or more experiments: it is enough if one of them has another verdict. Or why there is none.
type Experiments = Result<Vec<Experiment>, &'static str>;

/// Experiments without what has the blame in a time.
pub(crate) fn away(
    text: &str,
    trace: &Trace,
    cause: &str,
    blamed: &Record,
    (from, until): (u128, u128),
) -> Experiments {
    let file = File::of(text);
    let prompt = ("comes at once", "delay = \"1ms\"".to_owned());
    match cause {
        "lost" => {
            let mut fates = vec![("comes", "extra-delay = \"0s\"".to_owned()), prompt];
            // At once a reset may come too early to be acceptable, and as usual too late to matter.
            if blamed.text("flags").contains('R') {
                fates.push(("comes halfway", format!("delay = \"{}\"", time((until - blamed.t) / 2))));
            }
            packet(&file, trace, blamed, &fates)
        }
        "delayed" => packet(&file, trace, blamed, &[prompt]),
        "duplicated" => {
            let first = blamed.deliveries().first().map_or(0, |first| first - blamed.t);
            packet(&file, trace, blamed, &[("comes once", format!("delay = \"{}\"", time(first)))])
        }
        "forged" => forgery(&file, trace, blamed, from),
        "crash" => crash(&file, blamed),
        "capacity" => capacity(&file, trace, blamed),
        "application" if blamed.kind == "call" => call(&file, trace, blamed),
        "application" => closing(&file, trace, blamed),
        _ => Err("an unknown cause"),
    }
}

/// An experiment in which nothing differs before the record that has the blame.
fn exactly(text: String, how: &'static str, blamed: &Record) -> Experiment {
    Experiment { text, how, same_before: blamed.id, unless_same: None }
}

/// A file, cut before each header.
struct File(Vec<String>);

impl File {
    fn of(text: &str) -> Self {
        let mut sections = vec![String::new()];
        for line in text.lines() {
            if line.starts_with('[') {
                sections.push(String::new());
            }
            if let Some(section) = sections.last_mut() {
                section.push_str(line);
                section.push('\n');
            }
        }
        Self(sections)
    }

    /// The places of the sections with a header.
    fn places(&self, header: &str) -> Vec<usize> {
        (0..self.0.len()).filter(|place| self.0[*place].lines().next() == Some(header)).collect()
    }

    /// The place of the section of a host.
    fn host(&self, host: &str) -> Result<usize, &'static str> {
        self.places(&format!("[host.{host}]")).first().copied().ok_or("an unknown host")
    }

    /// The value of a key, as it is written.
    fn value(&self, place: usize, key: &str) -> Option<&str> {
        self.0[place].lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
    }

    /// The text without a section.
    fn without(&self, place: usize) -> String {
        [&self.0[..place], &self.0[place + 1..]].concat().concat()
    }

    /// The text with another section before one.
    fn with(&self, section: String, place: usize) -> String {
        [&self.0[..place], &[section], &self.0[place..]].concat().concat()
    }

    /// The text with another value of a key.
    fn set(&self, place: usize, key: &str, value: &str) -> String {
        let begins = format!("{key} = ");
        let mut lines: Vec<&str> = self.0[place].lines().filter(|line| !line.starts_with(&begins)).collect();
        let line = begins + value;
        lines.insert(1, &line);
        let section = lines.join("\n") + "\n\n";
        [&self.0[..place], &[section], &self.0[place + 1..]].concat().concat()
    }
}

/// A time as a file has it.
fn time(nanos: u128) -> String {
    format!("{}.{:09} s", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// Other fates of one packet. It is named by its instant, its attempt, and its place among those of its direction.
fn packet(file: &File, trace: &Trace, blamed: &Record, fates: &[(&'static str, String)]) -> Experiments {
    let ordinal = |record: &Record| record.get("attempt").get("ordinal").whole();
    let attempt = ordinal(blamed).filter(|ordinal| *ordinal > 0);
    let is_alike = |other: &&Record| {
        let is_sent = other.kind == "segment" && !other.is("forged") && other.t == blamed.t;
        is_sent && other.text("from") == blamed.text("from") && (attempt.is_none() || ordinal(other) == attempt)
    };
    let (same_way, other_way): (Vec<&Record>, Vec<&Record>) =
        trace.records.iter().filter(is_alike).partition(|other| other.text("to") == blamed.text("to"));
    if !other_way.is_empty() {
        return Err("a packet of the same attempt and instant to another host (a fault needs a selector `to`)");
    }
    let nth = same_way.iter().position(|other| other.id == blamed.id).ok_or("a packet that nobody sent")? + 1;
    let attempt = attempt.map_or(String::new(), |ordinal| format!(", attempt = {ordinal}"));
    let (from, after, before) = (blamed.text("from"), time(blamed.t), time(blamed.t + 1));
    let on = format!("{{ from = \"{from}\", after = \"{after}\", before = \"{before}\", nth = {nth}{attempt} }}");
    let link = file.places("[link]").first().copied().ok_or("no link")?;
    let with = |(how, fate): &(&'static str, String)| {
        exactly(file.with(format!("[[link.fault]]\non = {on}\n{fate}\n\n"), link + 1), how, blamed)
    };
    Ok(fates.iter().map(with).collect())
}

/// Without a forged segment.
fn forgery(file: &File, trace: &Trace, blamed: &Record, from: u128) -> Experiments {
    if let Some(injection) = blamed.number("inject") {
        let of_it = |record: &&Record| record.number("inject") == Some(injection) && record.id < blamed.id;
        if trace.records.iter().any(|record| of_it(&record)) {
            return Err("one of an injection that is repeated, and not its first");
        }
        let nth = usize::try_from(injection - 1).map_err(|_| "an injection beyond all")?;
        let place = file.places("[[inject]]").get(nth).copied().ok_or("an unknown injection")?;
        return Ok(vec![exactly(file.without(place), "not forged", blamed)]);
    }
    let of_flood =
        |record: &&Record| record.kind == "segment" && record.is("forged") && record.number("inject").is_none();
    let alike: Vec<&Record> = trace.records.iter().filter(of_flood).collect();
    let nth = alike.iter().position(|record| record.id == blamed.id).ok_or("a forgery that is not there")?;
    if alike.get(nth + 1).is_some_and(|next| next.t <= from) {
        return Err("a SYN of a flood that is not its last before the verdict (a flood needs a way to leave one out)");
    }
    let place = file.places("[[flood]]").first().copied().ok_or("no flood")?;
    let arrivals = file.value(place, "arrivals").and_then(|it| it.split_once("most = ")).ok_or("an endless flood")?.0;
    let fewer = file.set(place, "arrivals", &format!("{arrivals}most = {nth} }}"));
    let text = if nth == 0 { file.without(place) } else { fewer };
    Ok(vec![exactly(text, "not forged", blamed)])
}

/// Without a crash.
fn crash(file: &File, blamed: &Record) -> Experiments {
    let host = blamed.text("host");
    if file.value(file.host(host)?, "machines").is_some() {
        return Err("a crash of one machine of several (a crash needs a selector of the machine)");
    }
    let place = file.places(&format!("[[host.{host}.crash]]")).first().copied().ok_or("an unknown crash")?;
    Ok(vec![exactly(file.without(place), "does not crash", blamed)])
}

/// With room for all. Nothing differs before that was first missing.
fn capacity(file: &File, trace: &Trace, blamed: &Record) -> Experiments {
    let key = match (&*blamed.kind, blamed.text("queue")) {
        ("waits", _) => "workers",
        (_, "syn") => "syn-backlog",
        (_, "accept") => "accept-backlog",
        (_, "time-wait") => "time-wait-max",
        _ => "cache-entries",
    };
    let is_alike = |other: &&Record| {
        let same = |field| other.text(field) == blamed.text(field);
        other.kind == blamed.kind && same("host") && same("queue") && same("scarce")
    };
    let first = trace.records.iter().find(is_alike).ok_or("an overflow that is not there")?;
    Ok(vec![exactly(file.set(file.host(blamed.text("host"))?, key, "1000"), "has room", first)])
}

/// The scripts of a host, and which of them a call is made by.
struct Scripts<'a> {
    file: &'a File,
    /// The section of the host.
    place: usize,
    /// Whether there is one, under another key.
    is_server: bool,
    all: Vec<Vec<String>>,
    script: usize,
}

impl<'a> Scripts<'a> {
    fn of(file: &'a File, trace: &Trace, call: &Record) -> Result<Self, &'static str> {
        let (place, is_server) = (file.host(call.text("host"))?, call.text("host") == "server");
        let value = file.value(place, if is_server { "script" } else { "scripts" }).ok_or("no scripts")?;
        // Lists of texts are alike in TOML and in JSON.
        let value = Json::read(value).map_err(|_| "scripts that are no lists")?;
        let steps = |list: &Json| list.items().iter().filter_map(Json::text).map(str::to_owned).collect();
        let all = if is_server { vec![steps(&value)] } else { value.items().iter().map(steps).collect() };
        let script = if is_server { 0 } else { script_of(trace, call)? };
        Ok(Self { file, place, is_server, all, script })
    }

    /// The steps of the script that makes the call.
    fn steps(&mut self) -> &mut Vec<String> {
        &mut self.all[self.script]
    }

    /// The file with these scripts.
    fn text(&self) -> String {
        let lists: Vec<String> = self.all.iter().map(|steps| format!("[\"{}\"]", steps.join("\", \""))).collect();
        let lists = lists.join(", ");
        match self.is_server {
            true => self.file.set(self.place, "script", &lists),
            false => self.file.set(self.place, "scripts", &format!("[{lists}]")),
        }
    }
}

/// The script of the session that a client's call goes back to.
fn script_of(trace: &Trace, call: &Record) -> Result<usize, &'static str> {
    let mut last = call;
    while last.kind != "session" {
        // What woke the application may be of any host; what it did before is not.
        let own = |id: &u64| {
            let record = trace.records.get(usize::try_from(*id).ok()?)?;
            let is_own =
                matches!(&*record.kind, "session" | "call" | "woken") && record.text("host") == call.text("host");
            is_own.then_some(record)
        };
        last = last.because.iter().chain(&last.also).find_map(own).ok_or("a call of no session")?;
    }
    last.number("script").and_then(|script| usize::try_from(script).ok()).ok_or("a session of no script")
}

/// Why there is no experiment without what one session does that others do before it.
const NOT_THE_FIRST: &str =
    "a call that another round of the script makes before (a script needs steps of one session)";

/// Without a call: the application waits for ever where it made it.
fn call(file: &File, trace: &Trace, blamed: &Record) -> Experiments {
    let mut scripts = Scripts::of(file, trace, blamed)?;
    let of_it = |record: &&Record| record.kind == "state" && record.number("connection") == blamed.number("connection");
    let earlier = trace.records.iter().take_while(|record| record.id < blamed.id).filter(of_it);
    let opens = earlier.last().is_some_and(|state| matches!(state.text("to"), "SYN-SENT" | "SYN-RECEIVED"));
    let (steps, call) = (scripts.steps(), blamed.text("call"));
    let mut same_before = blamed.id;
    if opens && let Some(step) = steps.iter_mut().find(|step| step.contains(" within ")) {
        step.truncate(step.find(" within ").unwrap_or(0));
        // It is not woken, either.
        same_before = blamed.because.unwrap_or(same_before);
    } else {
        let makes = |step: &String| step.strip_prefix(call).is_some_and(|rest| rest.is_empty() || rest == " on EOF");
        let place = steps.iter().position(makes).ok_or("a call that no step makes")?;
        let receives = steps[place].ends_with("EOF");
        steps.truncate(place);
        steps.extend(receives.then(|| "receive EOF".to_owned()));
        steps.push("wait until 10 h".to_owned());
    }
    let text = scripts.text();
    Ok(vec![Experiment { text, how: "no such call", same_before, unless_same: Some(NOT_THE_FIRST) }])
}

/// With an application that closes at the FIN.
fn closing(file: &File, trace: &Trace, fin: &Record) -> Experiments {
    let begins = |record: &&Record| {
        let is_first = matches!(record.text("call"), "connect" | "accept");
        is_first && record.kind == "call" && record.number("connection") == fin.number("other_end")
    };
    let first = trace.records.iter().find(begins).ok_or("a connection that no application accepted")?;
    let mut scripts = Scripts::of(file, trace, first)?;
    let steps = scripts.steps();
    let place = steps.iter().position(|step| step.starts_with("wait until 1 h") || step == "wait 20 s");
    steps.truncate(place.unwrap_or(steps.len()));
    if steps.iter().any(|step| step.starts_with("close") || step == "abort") {
        return Err("an application that closes after it was waited for");
    }
    steps.push("close on EOF".to_owned());
    let text = scripts.text();
    Ok(vec![Experiment { text, how: "closes", same_before: fin.id, unless_same: Some(NOT_THE_FIRST) }])
}
