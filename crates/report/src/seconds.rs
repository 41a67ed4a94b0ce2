//! Virtual time as a JSON number, exact to the nanosecond.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sim_time::Instant;

/// A time in seconds. A binary float would round it, so its decimal digits are written as they are.
pub(crate) struct Seconds(pub(crate) Instant);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}
