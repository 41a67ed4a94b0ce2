//! Virtual time, and what was held over it, as JSON numbers, exact to the nanosecond.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sim_time::Instant;

/// A time in seconds.
pub(crate) struct Seconds(pub(crate) Instant);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        exact(self.0.to_string(), serializer)
    }
}

/// Units × seconds, kept as units × nanoseconds.
pub(crate) struct UnitSeconds(pub(crate) u128);

impl Serialize for UnitSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const SECOND: u128 = 1_000_000_000;
        let (whole, fraction) = (self.0 / SECOND, self.0 % SECOND);
        let digits = format!("{whole}.{fraction:09}");
        exact(digits.trim_end_matches('0').trim_end_matches('.').to_owned(), serializer)
    }
}

/// A number with the digits it is written with: a binary float would round it.
fn exact<S: Serializer>(digits: String, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(digits).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_held_is_exact() {
        for (nanos, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (1_200_000_000, "1.2"),
            (40_000_000_000, "40"),
            (u128::from(u64::MAX) * 3_584, "66113130760175.03298816"),
        ] {
            assert_eq!(serde_json::to_string(&UnitSeconds(nanos)).unwrap(), text);
        }
    }
}
