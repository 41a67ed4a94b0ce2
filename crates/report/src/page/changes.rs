//! The changes of state that hosts can make, and those that a run took, beside figure 5 of RFC 9293.

use experiment::Scenario;
use experiment::record::{Change, Fold, Record};
use sim_time::Instant;

use super::run::folded;
use super::{Section, picture, pictures};
use crate::diagram::Caption;
use crate::hosts::Hosts;
use crate::states::{Alike, StateDiagram, Taken, alike, svg_with_ids};

/// Collects which changes of state a run takes, of hosts that make the same ones together.
#[derive(Clone, Debug)]
pub struct Changes {
    hosts: Hosts,
    caption: Caption,
    groups: Vec<(Alike, Taken)>,
}

impl Changes {
    /// Nothing was taken yet. The subtitle and the command of the caption are those of the diagrams.
    #[must_use]
    pub fn new(scenario: &Scenario, caption: Caption) -> Self {
        let taken = |group: Alike| {
            let taken = Taken::on(group.hosts.iter().copied());
            (group, taken)
        };
        Self { hosts: Hosts::of(scenario), caption, groups: alike(scenario).into_iter().map(taken).collect() }
    }

    /// A diagram of each group of hosts that took any, with their names.
    fn diagrams(&self) -> impl Iterator<Item = (String, StateDiagram)> {
        let diagrams = self.groups.iter().map(|(group, taken)| {
            let names: Vec<&str> = group.hosts.iter().map(|host| self.hosts.name(*host)).collect();
            (names.join(" and "), StateDiagram::new(&group.transitions, Some(taken)))
        });
        diagrams.filter(|(_, diagram)| diagram.steps.iter().any(|step| step.taken > 0))
    }
}

impl Fold for Changes {
    fn record(&mut self, record: &Record) {
        self.groups.iter_mut().for_each(|(_, taken)| taken.record(record));
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.groups.iter_mut().for_each(|(_, taken)| taken.change(at, change));
    }
}

/// The diagrams of each variant, by its name; the first is open.
pub(super) fn changes(variants: &[(String, &Changes)]) -> Section {
    let all = variants.iter().flat_map(|(variant, changes)| {
        changes.diagrams().map(move |(hosts, diagram)| (format!("{variant}: {hosts}"), diagram, &changes.caption))
    });
    let html = all.enumerate().map(|(place, (title, diagram, caption))| {
        let label = format!("Changes of state of {title}");
        let caption = Caption { title: title.clone(), ..caption.clone() };
        let drawn = svg_with_ids(&diagram, &caption, &format!("changes-{place}"));
        folded(&title, &pictures(&picture(&label, &drawn)), place == 0)
    });
    let lead = "The changes of state that hosts can make, laid out as figure 5 of RFC 9293, the differences marked; bold is what \
                the run took.";
    Section::new("changes", "Changes of state", lead, html.collect())
}
