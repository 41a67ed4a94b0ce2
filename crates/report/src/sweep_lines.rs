//! What the runs of a sweep came to, for programs: a line of JSON for each measure of each variant at each point.

use experiment::{Estimate, GroupResult, Measure, Plan, SweepValue};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::json::Value;

/// One measure of one variant at one point.
pub(crate) struct MeasureLine<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) values: Vec<&'a SweepValue>,
    /// The variant that differences are taken from.
    pub(crate) base: &'a str,
    pub(crate) group: &'a GroupResult,
    /// The place of the measure in the plan's list.
    pub(crate) place: usize,
}

impl MeasureLine<'_> {
    fn measure(&self) -> &Measure {
        &self.plan.measures()[self.place]
    }
}

impl Serialize for MeasureLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { plan, values, group, place, .. } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("handshake", &group.variant.handshake)?;
        map.serialize_entry("teardown", &group.variant.teardown)?;
        for (axis, value) in plan.axes().iter().zip(values) {
            if !["handshake", "teardown"].contains(&axis.key().trim()) {
                map.serialize_entry(axis.key(), &value.json())?;
            }
        }
        map.serialize_entry("runs", &group.runs)?;
        map.serialize_entry("errors", &group.errors)?;
        map.serialize_entry("measure", self.measure().text())?;
        map.serialize_entry("confidence", &plan.confidence())?;
        map.serialize_entry("estimate", &Bounds(group.estimates[*place]))?;
        let difference = group.differences[*place].map(|difference| Compared {
            base: self.base,
            estimate: Bounds(difference.estimate(plan.confidence())),
            supported: difference.is_supported(plan.confidence()),
            unpaired_half_width: difference.unpaired_half_width(plan.confidence()).map(Value),
        });
        map.serialize_entry("difference", &difference)?;
        map.end()
    }
}

struct Bounds(Estimate);

impl Serialize for Bounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.0.count)?;
        for (name, value) in [("value", self.0.value), ("low", self.0.low), ("high", self.0.high)] {
            map.serialize_entry(name, &value.map(Value))?;
        }
        map.end()
    }
}

/// A difference from another variant.
#[derive(serde::Serialize)]
struct Compared<'a> {
    base: &'a str,
    estimate: Bounds,
    supported: bool,
    unpaired_half_width: Option<Value>,
}
