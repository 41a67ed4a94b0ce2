//! What the values in an expectation are quantities of, as far as that is known.

use super::Term;

/// A product of powers of seconds and octets. Whatever is counted has neither.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Unit {
    seconds: i32,
    octets: i32,
}

impl Unit {
    pub(super) const SECONDS: Self = Self { seconds: 1, octets: 0 };
    pub(super) const OCTETS: Self = Self { seconds: 0, octets: 1 };

    /// The unit of a metric, from its name in the catalogue.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "s" | "entry·s" | "client·s" | "worker·s" => Self::SECONDS,
            "B" => Self::OCTETS,
            "B·s" => Self { seconds: 1, octets: 1 },
            _ => Self::default(),
        }
    }

    /// As it stands behind a number; nothing for what is counted.
    pub(super) const fn symbol(self) -> &'static str {
        match (self.seconds, self.octets) {
            (1, 0) => "s",
            (0, 1) => "B",
            (1, 1) => "B·s",
            _ => "",
        }
    }

    const fn power(self, other: Self, sign: i32) -> Self {
        Self { seconds: self.seconds + sign * other.seconds, octets: self.octets + sign * other.octets }
    }

    /// In words, for a message.
    pub(super) fn words(self) -> String {
        let name = |power: i32, word: &str| match power {
            0 => None,
            1 => Some(word.to_owned()),
            _ => Some(format!("{word}^{power}")),
        };
        let words: Vec<_> =
            [name(self.octets, "octets"), name(self.seconds, "seconds")].into_iter().flatten().collect();
        if words.is_empty() { "a number of things".to_owned() } else { words.join(" × ") }
    }
}

impl Term {
    /// Its unit. `None` fits any: that of a bare number, which may stand for so many octets an entry, and of what it is
    /// multiplied by or divides.
    ///
    /// # Errors
    /// Two units that cannot be added.
    pub(super) fn unit(&self) -> Result<Option<Unit>, (Unit, Unit)> {
        match self {
            Self::Number(_, unit) => Ok(*unit),
            Self::Null => Ok(None),
            Self::Metric(_, _, unit) => Ok(Some(*unit)),
            Self::Negative(term) => term.unit(),
            Self::Binary(left, '+' | '-', right) => same(left.unit()?, right.unit()?),
            Self::Binary(left, operator, right) => {
                let sign = if *operator == '*' { 1 } else { -1 };
                Ok(left.unit()?.zip(right.unit()?).map(|(left, right)| left.power(right, sign)))
            }
        }
    }
}

/// The unit of two values of one kind.
///
/// # Errors
/// That they are not of one kind.
pub(super) fn same(left: Option<Unit>, right: Option<Unit>) -> Result<Option<Unit>, (Unit, Unit)> {
    match (left, right) {
        (Some(left), Some(right)) if left != right => Err((left, right)),
        _ => Ok(left.or(right)),
    }
}
