//! Checks on single values, made where the value is read so that an error points at it.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Unexpected};
use sim_time::Duration;

/// A duration longer than zero.
pub(crate) fn positive_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let duration = Duration::deserialize(deserializer)?;
    if duration.is_zero() {
        return Err(D::Error::invalid_value(Unexpected::Str("0s"), &"a duration longer than zero"));
    }
    Ok(duration)
}

/// A finite number above zero.
pub(crate) fn positive_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(deserializer)?;
    if number > 0.0 && number.is_finite() {
        return Ok(number);
    }
    Err(D::Error::invalid_value(Unexpected::Float(number), &"a number above zero"))
}

/// After the one key of a table that names a choice was read: that there is no other.
pub(crate) fn no_second_choice<'de, A: MapAccess<'de>>(mut rest: A) -> Result<(), A::Error> {
    match rest.next_key::<IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(A::Error::custom("expected a table with one key, found a second")),
    }
}
