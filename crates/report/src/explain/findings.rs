//! What is found of opens and closes, by its kinds: how many, when, how long; and the worst of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sim_time::Instant;

use super::course::Course;
use super::extent::rate;
use crate::amount::{milliseconds, rounded, scaled, whole};

/// Something that did not go as it should.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// How bad its kind is: 0 is the worst.
    pub(super) rank: u8,
    /// What it is one of many of, without numbers and times.
    pub(super) kind: String,
    pub(super) at: Instant,
    pub(super) weight: Weight,
    /// What happened, in a line.
    pub(super) heading: String,
    /// Why, a sentence each.
    pub(super) sentences: Vec<String>,
    /// What became of its segments, by their kinds.
    pub(super) courses: Vec<(&'static str, Course)>,
}

/// By what the worst of a kind is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Weight {
    /// How long it took, in nanoseconds.
    Time(u64),
    /// How much longer it took than it would have, in nanoseconds.
    Delay(u64),
    /// How many octets were lost.
    Octets(u64),
}

/// Findings of one kind.
#[derive(Clone, Debug)]
struct Group {
    count: u64,
    sum: u128,
    first: Instant,
    last: Instant,
    courses: Vec<(&'static str, Course)>,
    worst: Finding,
}

/// All that is found; one by one if all are wanted, otherwise by their kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    single: Vec<Finding>,
    groups: BTreeMap<String, Group>,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding, all: bool) {
        if all {
            self.single.push(finding);
            return;
        }
        match self.groups.get_mut(&finding.kind) {
            Some(group) => group.add(finding),
            None => {
                self.groups.insert(finding.kind.clone(), Group::of(finding));
            }
        }
    }

    pub(super) fn extend(&mut self, found: Option<Finding>, all: bool) {
        if let Some(finding) = found {
            self.add(finding, all);
        }
    }

    /// Forgets what was found before measuring began.
    pub(super) fn clear(&mut self) {
        self.single.clear();
        self.groups.clear();
    }

    /// What there is to tell, the worst first.
    pub(super) fn paragraphs(mut self) -> Vec<Vec<String>> {
        self.single.sort_by_key(|finding| (finding.rank, Reverse(finding.weight), finding.at));
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.sort_by_key(|group| (group.worst.rank, Reverse((group.count, group.sum)), group.first));
        let single = self.single.into_iter().map(Finding::paragraphs);
        single.chain(groups.into_iter().map(Group::paragraphs)).collect()
    }
}

impl Weight {
    const fn amount(self) -> u64 {
        match self {
            Self::Time(amount) | Self::Delay(amount) | Self::Octets(amount) => amount,
        }
    }
}

impl Finding {
    fn paragraphs(self) -> Vec<String> {
        let courses = in_words(&self.courses);
        [self.heading].into_iter().chain(courses).chain(self.sentences).collect()
    }
}

impl Group {
    fn of(finding: Finding) -> Self {
        let (sum, at, courses) = (finding.weight.amount().into(), finding.at, finding.courses.clone());
        Self { count: 1, sum, first: at, last: at, courses, worst: finding }
    }

    fn add(&mut self, finding: Finding) {
        self.count += 1;
        self.sum += u128::from(finding.weight.amount());
        (self.first, self.last) = (self.first.min(finding.at), self.last.max(finding.at));
        for (what, course) in &finding.courses {
            match self.courses.iter_mut().find(|(other, _)| other == what) {
                Some((_, sum)) => sum.add(course),
                None => self.courses.push((*what, *course)),
            }
        }
        if finding.weight > self.worst.weight {
            self.worst = finding;
        }
    }

    /// How many of what kind, when, how long or how much; and the worst of them. One alone is told as it is.
    fn paragraphs(self) -> Vec<String> {
        let Self { count, sum, first, last, courses, worst } = self;
        if count == 1 {
            return worst.paragraphs();
        }
        let rate = rate(count, first, last);
        let mean = sum as f64 / count as f64;
        let each = match worst.weight {
            Weight::Time(_) => format!("each after {} s on average", rounded(mean / 1e9)),
            Weight::Delay(_) => format!("each late by {} s on average", rounded(mean / 1e9)),
            Weight::Octets(_) => format!("{} in all", scaled(sum as f64, "B")),
        };
        let each = if sum == 0 { String::new() } else { format!("; {each}") };
        let [from, to] = [first, last].map(milliseconds);
        let extent = if first == last { format!("At {from} s") } else { format!("From {from} s to {to} s{rate}") };
        let extent = format!("{extent}{each}.");
        let totals = in_words(&courses);
        let which = super::worst_or_example(sum == u128::from(count) * u128::from(worst.weight.amount()));
        let worst_of_them = format!("{which}: {}.", worst.heading);
        let heading = format!("{} {}", whole(count), worst.kind);
        [heading, extent].into_iter().chain(totals).chain([worst_of_them]).chain(worst.sentences).collect()
    }
}

/// `SYNs: 3 sent, 2 lost, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.`
fn in_words(courses: &[(&'static str, Course)]) -> Option<String> {
    let told: Vec<String> = courses.iter().map(|(what, course)| format!("{what}: {}.", course.in_words())).collect();
    (!told.is_empty()).then(|| told.join(" "))
}
