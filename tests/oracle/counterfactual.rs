//! Whether what has the blame is to blame: it alone is taken away, and the verdict has to be another.
//!
//! The two runs are the same up to the record that has the blame: nothing else was taken away. The connection then is not
//! there, or is useful; or it is useless for less long, or for something that only the second run has. It must not be
//! useless all the same, for something that was there before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::taken::{self, Experiment};
use crate::trace::{Record, Trace};
use crate::{Run, World};

/// What may have the blame: a cause, and the kind of the record.
const CAUSES: [&str; 10] = [
    "lost segment",
    "delayed segment",
    "duplicated segment",
    "forged segment",
    "crash crashed",
    "capacity overflow",
    "capacity cache",
    "capacity waits",
    "application call",
    "application segment",
];

/// Those of which a few hundred worlds have few.
const RARE: [&str; 4] = ["duplicated segment", "application segment", "capacity overflow", "capacity waits"];

/// The most verdicts of one cause that are tried in one world.
const MOST_OF_A_CAUSE: usize = 2;

/// A connection, by what it is in both runs: its host, its sockets, the time of its birth, the call or segment that made
/// it, and which of those that share all of these.
type Name = (String, String, String, u128, String, usize);

/// A verdict of something useless.
#[derive(Clone, PartialEq, Debug)]
struct Verdict {
    worth: String,
    cause: String,
    blames: Option<u64>,
}

/// The verdicts of a connection, in the order of time; none where it is useful, or CLOSED.
type Course = Vec<(u128, Option<Verdict>)>;

/// One run, read.
struct Reading {
    trace: Trace,
    courses: BTreeMap<Name, Course>,
}

/// A time in which one thing has the blame for a connection.
struct Case<'a> {
    name: &'a Name,
    from: u128,
    until: u128,
    verdict: &'a Verdict,
    /// What had the blame before.
    before: Option<&'a Verdict>,
}

/// What became of the verdict.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    /// The connection is not there, or useful.
    Freed,
    /// It is useless, but for less long.
    Shortened,
    /// Something has the blame, or ended the other end, that is not in the first run.
    Another,
    /// The lost packet came and was answered; until the answer is there, what had the blame before has it.
    GivenBack,
    /// Several were lost that the other end waited for: without the last, the one before it has the blame.
    Before,
    /// What has the blame now was there before: it was no use to take the other away.
    Stands,
}

/// What came of all worlds.
#[derive(Default)]
pub(crate) struct Tally {
    worlds: u64,
    /// Verdicts that name no record.
    unknown: u64,
    causes: BTreeMap<String, OfCause>,
    /// Verdicts from which something was taken away that has no blame, and how many of these stand.
    innocent: (u64, u64),
    wrong: Vec<(usize, String)>,
}

/// What came of the verdicts with one cause.
#[derive(Default, Debug)]
struct OfCause {
    tried: u64,
    /// How many more there were in worlds in which enough were tried.
    left_out: u64,
    /// What came of them, and how that which has the blame was taken away.
    outcomes: BTreeMap<(Outcome, &'static str), u64>,
    /// Why there was no second run, and how often.
    not_constructed: BTreeMap<&'static str, u64>,
}

impl Reading {
    fn of(trace: Trace) -> Self {
        let mut names: BTreeMap<u64, Name> = BTreeMap::new();
        let mut courses: BTreeMap<Name, Course> = BTreeMap::new();
        for record in &trace.records {
            let Some(connection) = record.number("connection") else { continue };
            if record.kind == "state" {
                let name = names.entry(connection).or_insert_with(|| {
                    let [host, local, remote] = ["host", "local", "remote"].map(|field| record.text(field).to_owned());
                    let mut name = (host, local, remote, record.t, maker(&trace, record), 0);
                    while courses.contains_key(&name) {
                        name.5 += 1;
                    }
                    name
                });
                let course = courses.entry(name.clone()).or_default();
                if record.text("to") == "CLOSED" {
                    course.push((record.t, None));
                }
            } else if record.kind == "judged"
                && let Some(course) = names.get(&connection).and_then(|name| courses.get_mut(name))
            {
                let [worth, cause] = ["worth", "cause"].map(|field| record.text(field).to_owned());
                let verdict = Verdict { worth, cause, blames: record.number("blames") };
                course.push((record.t, Some(verdict).filter(|verdict| verdict.worth != "useful")));
            }
        }
        Self { trace, courses }
    }

    /// The verdict in force on a connection at the end of an instant.
    fn verdict(&self, name: &Name, t: u128) -> Option<&Verdict> {
        let told = self.courses.get(name)?.iter().take_while(|(told, _)| *told <= t);
        told.last()?.1.as_ref()
    }

    fn record(&self, id: u64) -> Option<&Record> {
        self.trace.records.get(usize::try_from(id).ok()?)
    }

    /// All times in which something has the blame for longer than an instant, in the order of time.
    fn cases(&self) -> Vec<Case<'_>> {
        let blame = |verdict: &Verdict| (verdict.cause.clone(), verdict.blames);
        let mut cases: Vec<Case<'_>> = Vec::new();
        for (name, course) in &self.courses {
            let mut before: Option<&Verdict> = None;
            for (place, (from, verdict)) in course.iter().enumerate() {
                let verdict = verdict.as_ref();
                let goes_on = verdict.map(blame) == before.map(blame);
                if let Some(verdict) = verdict.filter(|_| !goes_on) {
                    let is_over =
                        |(_, other): &&(u128, Option<Verdict>)| other.as_ref().map(blame) != Some(blame(verdict));
                    let until =
                        course[place..].iter().find(is_over).map_or(self.trace.horizon + 1, |(until, _)| *until);
                    cases.push(Case { name, from: *from, until, verdict, before });
                }
                before = verdict;
            }
        }
        cases.retain(|case| case.until > case.from);
        cases.sort_by_key(|case| case.from);
        cases
    }
}

impl Tally {
    /// Takes away, one at a time, some of what has the blame in a world: of every cause, or only of the rare ones.
    pub(crate) fn add(all: &Mutex<Self>, world: World, only_rare: bool) {
        let mut own = Self::default();
        own.explore(world, only_rare);
        all.lock().expect("no thread panics while it has this").merge(own);
    }

    fn merge(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.unknown += other.unknown;
        self.innocent.0 += other.innocent.0;
        self.innocent.1 += other.innocent.1;
        self.wrong.extend(other.wrong);
        for (cause, other) in other.causes {
            let own = self.causes.entry(cause).or_default();
            own.tried += other.tried;
            own.left_out += other.left_out;
            for (outcome, times) in other.outcomes {
                *own.outcomes.entry(outcome).or_default() += times;
            }
            for (why, times) in other.not_constructed {
                *own.not_constructed.entry(why).or_default() += times;
            }
        }
    }

    fn explore(&mut self, world: World, only_rare: bool) {
        self.worlds += u64::from(!only_rare);
        let World { seed, text, lines, trace, .. } = world;
        let first = Reading::of(trace);
        let all_blamed: BTreeSet<u64> =
            first.courses.values().flatten().filter_map(|(_, it)| it.as_ref()?.blames).collect();
        let mut chosen: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for case in first.cases() {
            let Some(blamed) = case.verdict.blames.and_then(|id| first.record(id)) else {
                self.unknown += u64::from(!only_rare);
                continue;
            };
            let what = if blamed.text("queue") == "cache" { "cache" } else { &blamed.kind };
            let cause = format!("{} {what}", case.verdict.cause);
            if only_rare && !RARE.contains(&&*cause) {
                continue;
            }
            let chosen = chosen.entry(cause.clone()).or_default();
            let of_cause = self.causes.entry(cause).or_default();
            if chosen.len() == MOST_OF_A_CAUSE || !chosen.insert(blamed.id) {
                of_cause.left_out += 1;
                continue;
            }
            match try_without(&text, &lines, &first, &case, blamed) {
                Err(why) => *of_cause.not_constructed.entry(why).or_default() += 1,
                Ok((outcome, how, told)) => {
                    of_cause.tried += 1;
                    *of_cause.outcomes.entry((outcome, how)).or_default() += 1;
                    if outcome == Outcome::Stands {
                        self.wrong.push((first.trace.records.len(), format!("seed {seed}: {told}\n{text}")));
                    }
                }
            }
        }
        if !only_rare {
            self.take_an_innocent(&text, &first, &all_blamed);
        }
    }

    /// Takes away a loss that has no blame: the first verdict after it should stand.
    fn take_an_innocent(&mut self, text: &str, first: &Reading, blamed: &BTreeSet<u64>) {
        for case in first.cases() {
            let is_innocent = |record: &&Record| {
                record.kind == "segment"
                    && record.text("fate") == "lost"
                    && record.t < case.from
                    && !blamed.contains(&record.id)
            };
            let Some(innocent) = first.trace.records.iter().rfind(is_innocent) else { continue };
            let Ok(experiments) = taken::away(text, &first.trace, "lost", innocent, (case.from, case.until)) else {
                continue;
            };
            let second = Reading::of(experiments[0].play().1);
            let same = |verdict: &Verdict, of: &Reading| {
                (verdict.cause.clone(), verdict.blames.and_then(|id| of.record(id)).map(Record::essence))
            };
            let verdict = second.verdict(case.name, case.from);
            self.innocent.0 += 1;
            self.innocent.1 += u64::from(verdict.map(|it| same(it, &second)) == Some(same(case.verdict, first)));
            return;
        }
    }

    /// Prints what was tried, and fails if any verdict stands, or if too little was tried.
    pub(crate) fn check(&self) {
        let Self { worlds, unknown, causes, innocent, wrong } = self;
        println!("{worlds} worlds; {unknown} verdicts name no record");
        for (cause, OfCause { tried, left_out, outcomes, not_constructed }) in causes {
            println!("{cause}: {tried} tried, {outcomes:?}; {left_out} left out; not constructed: {not_constructed:?}");
        }
        println!("without a loss that has no blame: {} of {} verdicts stand", innocent.1, innocent.0);
        let mut wrong: Vec<&(usize, String)> = wrong.iter().collect();
        wrong.sort();
        let told: Vec<&str> = wrong.iter().map(|(_, told)| &**told).collect();
        assert!(wrong.is_empty(), "{} verdicts stand without what has the blame\n{}", wrong.len(), told.join("\n"));
        if *worlds < 200 {
            return;
        }
        for cause in CAUSES {
            let tried = causes.get(cause).map_or(0, |of_cause| of_cause.tried);
            let enough = if RARE.contains(&cause) { 1 } else { 3 };
            assert!(tried >= enough, "{cause}: only {tried} were tried");
        }
        let outcomes = causes.values().flat_map(|it| &it.outcomes);
        let before: u64 = outcomes.filter(|((it, _), _)| *it == Outcome::Before).map(|(_, count)| *count).sum();
        let tried: u64 = causes.values().map(|it| it.tried).sum();
        assert!(before * 50 <= tried, "for {before} of {tried} an earlier loss was enough");
        let not: u64 = causes.values().flat_map(|it| it.not_constructed.values()).sum();
        assert!(tried * 10 >= (tried + not) * 7, "only {tried} of {} could be tried", tried + not);
        assert!(innocent.1 * 10 >= innocent.0 * 8, "a loss that has no blame should change few verdicts: {innocent:?}");
    }
}

/// Plays worlds without what has the blame, until the verdict is another in one of them. Tells what became of it; or why
/// there is no such world.
fn try_without(
    text: &str,
    lines: &str,
    first: &Reading,
    case: &Case<'_>,
    blamed: &Record,
) -> Result<(Outcome, &'static str, String), &'static str> {
    let Case { name, verdict, from, until, .. } = case;
    let mut told = format!("{name:?} is {verdict:?} from {from} until {until}");
    for experiment in taken::away(text, &first.trace, &verdict.cause, blamed, (*from, *until))? {
        let (second_lines, second) = experiment.play();
        if let Some(differs) = first_difference(lines, &second_lines, experiment.same_before) {
            if let Some(why) = experiment.unless_same {
                return Err(why);
            }
            panic!(
                "record {differs} of {}\n{text}\nis another without record {}\n{}",
                first.trace.records.len(),
                blamed.id,
                experiment.text
            );
        }
        let second = Reading::of(second);
        assert!(is_taken_away(&second, &verdict.cause, blamed), "{} is still there\n{}", blamed.id, experiment.text);
        let outcome = outcome(first, &second, case, blamed);
        if outcome != Outcome::Stands {
            return Ok((outcome, experiment.how, told));
        }
        told += &format!("; {}: {:?}", experiment.how, second.verdict(name, *from));
    }
    Ok((Outcome::Stands, "", told))
}

/// What made a connection, by the record of its birth: a call, or the segment that came.
fn maker(trace: &Trace, birth: &Record) -> String {
    let because = |record: &Record| trace.records.get(usize::try_from(record.because?).ok()?);
    let cause = because(birth);
    let segment = cause.filter(|cause| cause.kind == "delivered").and_then(because);
    segment.or(cause).map_or(String::new(), Record::essence)
}

/// Whether what has the blame is not there in the second run, or has another fate. A forgery may have its like.
fn is_taken_away(second: &Reading, cause: &str, blamed: &Record) -> bool {
    let remains = second.record(blamed.id).filter(|record| record.essence() == blamed.essence());
    match cause {
        "lost" | "delayed" | "duplicated" => remains.is_some_and(|it| it.deliveries() != blamed.deliveries()),
        "application" => remains.is_none_or(|it| it.kind == "segment"),
        "forged" => true,
        _ => remains.is_none(),
    }
}

/// What became of a verdict in the second run.
fn outcome(first: &Reading, second: &Reading, case: &Case<'_>, blamed: &Record) -> Outcome {
    let Some(verdict) = second.verdict(case.name, case.from) else { return Outcome::Freed };
    let Some(last) = second.verdict(case.name, case.until - 1) else { return Outcome::Shortened };
    let before: BTreeSet<String> = first.trace.records.iter().map(Record::essence).collect();
    let is_new = |record: &Record| !before.contains(&record.essence());
    let has_new_blame = |verdict: &Verdict| verdict.blames.and_then(|id| second.record(id)).is_some_and(is_new);
    // An application that has a worker may still not close: then that has the blame.
    if blamed.kind == "waits" && verdict.cause == "application" {
        return Outcome::Another;
    }
    // Of several forged segments that fit, the next misleads.
    let is_another = |record: &Record| record.is("forged") && record.essence() != blamed.essence();
    if blamed.is("forged") && verdict.blames.and_then(|id| second.record(id)).is_some_and(is_another) {
        return Outcome::Another;
    }
    let (_, local, remote, ..) = case.name;
    let ends = |record: &&Record| {
        let is_other = record.text("local") == remote && record.text("remote") == local;
        record.kind == "state" && record.text("to") == "CLOSED" && is_other && record.t <= case.from
    };
    let other_end_ended = second.trace.records.iter().rfind(ends);
    if has_new_blame(verdict) || has_new_blame(last) || other_end_ended.is_some_and(is_new) {
        return Outcome::Another;
    }
    let came_of = |id: &u64| blamed.because == Some(*id) || blamed.also.contains(id);
    let had_it =
        verdict.blames == case.before.and_then(|before| before.blames) || verdict.blames.is_some_and(|id| came_of(&id));
    let answers = |record: &Record| {
        let arrival = record.because.and_then(|id| second.record(id));
        record.kind == "segment" && arrival.is_some_and(|it| it.kind == "delivered" && it.because == Some(blamed.id))
    };
    let is_answered = || second.trace.records.iter().any(answers);
    let is_before = |id: u64| {
        let ends = |record: &Record| BTreeSet::from(["source", "destination"].map(|end| record.text(end).to_owned()));
        let was_awaited = |record: &Record| record.text("fate") == "lost" && !record.text("flags").contains('R');
        let both = first.record(id).filter(|it| it.id < blamed.id && ends(it) == ends(blamed)).map(|it| [it, blamed]);
        both.is_some_and(|both| both.into_iter().all(was_awaited))
    };
    if verdict.blames.is_some() && had_it && is_answered() {
        Outcome::GivenBack
    } else if verdict.blames.is_some_and(is_before) {
        Outcome::Before
    } else {
        Outcome::Stands
    }
}

impl Experiment {
    /// The lines of its trace, and what they say.
    fn play(&self) -> (String, Trace) {
        let run = Run::of(&self.text, &[]).unwrap_or_else(|complaint| panic!("{complaint}\n{}", self.text));
        let trace = Trace::read(&run.trace).unwrap_or_else(|error| panic!("{error}\n{}", self.text));
        (run.trace, trace)
    }
}

/// The first record before another that differs in two traces. The numbers of faults and injections are not looked at; nor is
/// what changes with the last of these records, which may come of the next.
fn first_difference(one: &str, other: &str, before: u64) -> Option<usize> {
    let count = usize::try_from(before).ok()?;
    let records = |lines: &str| -> Vec<String> { lines.lines().skip(1).take(count).map(without_places).collect() };
    let (mut one, mut other) = (records(one), records(other));
    for last in [&mut one, &mut other].into_iter().filter_map(|records| records.last_mut()) {
        let end = last.find(",\"changes\":").unwrap_or(last.len() - 1);
        last.truncate(end);
    }
    (0..count).find(|place| one.get(*place) != other.get(*place))
}

/// A line without the numbers of the fault and of the injection, which are others where the file has one fewer.
fn without_places(line: &str) -> String {
    ["\"fault\":", "\"inject\":"].into_iter().fold(line.to_owned(), |line, key| {
        let Some((before, after)) = line.split_once(key) else { return line };
        let end = after.find(',').unwrap_or(0);
        format!("{before}{}", &after[end..])
    })
}
