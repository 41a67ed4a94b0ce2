//! What tells the rows of one plan from those of another.

use sim_core::{Digest, DigestValue};

use super::Plan;
use crate::input::measure::MeasureKind;
use crate::input::replications::BATCH;
use crate::input::tree::{Node, Table, Value};
use crate::{RECORD_FORMAT, metrics};

/// The version of what [`Plan::fingerprint`] is computed from.
const PLAN_FORMAT: u64 = 2;

impl Plan {
    /// A digest of all that decides what the runs are and what is written of them: rows of plans of the same fingerprint
    /// belong together. Comments, and what only explains or judges, do not change it.
    #[must_use]
    pub fn fingerprint(&self) -> DigestValue {
        let mut digest = Digest::new();
        digest.word(PLAN_FORMAT);
        digest.word(u64::from(RECORD_FORMAT));
        let experiment = self.experiment();
        text(&mut digest, experiment.file());
        digest.word(experiment.seed());
        digest.word(experiment.until().map_or(u64::MAX, sim_time::Instant::as_nanos));
        if let Some(base) = experiment.base() {
            node(&mut digest, &base.file);
            table(&mut digest, &base.sets);
        }
        // What the file takes from profiles.
        for own in experiment.host_settings() {
            table(&mut digest, own);
        }
        // What it takes from CSV files.
        for time in experiment.listed_arrivals().flatten() {
            digest.word(time.as_nanos());
        }
        digest.word(u64::from(self.zip));
        digest.word(u64::from(self.replications()));
        digest.word(u64::from(BATCH));
        self.fingerprint_precision(&mut digest);
        digest.word(self.axes().len() as u64);
        for axis in self.axes() {
            text(&mut digest, axis.key());
            digest.word(axis.values().len() as u64);
            axis.values().iter().for_each(|value| node(&mut digest, &value.node));
        }
        self.fingerprint_profiles(&mut digest);
        for metric in metrics::catalogue(&experiment.host_names()) {
            text(&mut digest, &metric.name);
        }
        digest.word(u64::from(self.has_opens()));
        digest.value()
    }

    /// What decides how many runs there are.
    fn fingerprint_precision(&self, digest: &mut Digest) {
        let Some(precision) = self.precision() else { return digest.word(0) };
        digest.word(1 + precision.measures.len() as u64);
        digest.word(precision.until.to_bits());
        digest.word(u64::from(precision.at_least));
        digest.word(self.confidence().to_bits());
        for &place in &precision.measures {
            let measure = &self.measures()[place];
            text(digest, measure.text());
        }
    }

    /// What the points take from profiles that an axis names.
    fn fingerprint_profiles(&self, digest: &mut Digest) {
        for (axis, _) in self.axes().iter().enumerate().filter(|(_, axis)| axis.key().trim().ends_with("profile")) {
            for value in 0..self.axes()[axis].values().len() {
                if let Some(point) = self.points_with(axis, value).find_map(|point| self.at(point).ok()) {
                    point.host_settings().for_each(|own| table(digest, own));
                }
            }
        }
    }

    /// Whether rows have how long each open took.
    #[must_use]
    pub fn has_opens(&self) -> bool {
        self.measures().iter().any(|measure| matches!(measure.kind(), MeasureKind::Opens(_)))
    }
}

fn text(digest: &mut Digest, text: &str) {
    digest.word(text.len() as u64);
    for part in text.as_bytes().chunks(8) {
        let mut octets = [0; 8];
        octets[..part.len()].copy_from_slice(part);
        digest.word(u64::from_le_bytes(octets));
    }
}

fn table(digest: &mut Digest, table: &Table) {
    digest.word(table.iter().len() as u64);
    for entry in table.iter() {
        text(digest, &entry.key);
        node(digest, &entry.node);
    }
}

fn node(digest: &mut Digest, of: &Node) {
    match &of.value {
        Value::String(string) => {
            digest.word(0);
            text(digest, string);
        }
        Value::Integer(number) => {
            digest.word(1);
            text(digest, &number.to_string());
        }
        Value::Float(number) => {
            digest.word(2);
            digest.word(number.to_bits());
        }
        Value::Boolean(truth) => {
            digest.word(3);
            digest.word(u64::from(*truth));
        }
        Value::Datetime => digest.word(4),
        Value::Array(items) => {
            digest.word(5);
            digest.word(items.len() as u64);
            items.iter().for_each(|item| node(digest, item));
        }
        Value::Table(below) => {
            digest.word(6);
            table(digest, below);
        }
    }
}
