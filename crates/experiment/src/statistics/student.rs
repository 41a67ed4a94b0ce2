//! Quantiles of the normal distribution and of Student's.
//!
//! No crate serves: those there are use the platform's `ln` and `exp`, if not by themselves then through features that
//! other crates turn on, and these quantiles decide how many runs a sweep makes.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, SQRT_2};

/// From so many degrees of freedom on, Student's quantile is computed from the normal one.
const MANY: u64 = 200;
/// Halvings after which nothing changes any more.
const HALVINGS: u32 = 64;

/// z: a standard normal variable is between −z and z with this probability, which is above 0 and below 1.
#[must_use]
pub fn normal(confidence: f64) -> f64 {
    bisect(0.0, 40.0, |z| 1.0 - libm::erfc(z / SQRT_2) < confidence)
}

/// t: a variable of Student's distribution with so many degrees of freedom (1 or more) is between −t and t with this
/// probability, which is above 0 and below 1.
///
/// # Panics
/// If there are no degrees of freedom.
#[must_use]
pub fn student(confidence: f64, degrees: u64) -> f64 {
    assert!(degrees > 0, "one value alone tells of no spread");
    if degrees >= MANY {
        return from_normal(normal(confidence), degrees as f64);
    }
    // t = √ν tan θ.
    let angle = bisect(0.0, FRAC_PI_2, |angle| within(angle, degrees) < confidence);
    (degrees as f64).sqrt() * libm::tan(angle)
}

/// The probability that a variable of Student's distribution is between ±√ν tan θ: Abramowitz and Stegun, 26.7.3 and 26.7.4.
fn within(angle: f64, degrees: u64) -> f64 {
    let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
    let squared = cosine * cosine;
    if degrees.is_multiple_of(2) {
        let (mut term, mut sum) = (1.0, 1.0);
        for step in (2..degrees).step_by(2) {
            term *= squared * (step - 1) as f64 / step as f64;
            sum += term;
        }
        return sine * sum;
    }
    if degrees == 1 {
        return FRAC_2_PI * angle;
    }
    let (mut term, mut sum) = (cosine, cosine);
    for step in (3..degrees).step_by(2) {
        term *= squared * (step - 1) as f64 / step as f64;
        sum += term;
    }
    FRAC_2_PI * (angle + sine * sum)
}

/// Student's quantile from the normal one: Abramowitz and Stegun, 26.7.5.
fn from_normal(z: f64, degrees: f64) -> f64 {
    let square = z * z;
    let first = z * (square + 1.0) / 4.0;
    let second = z * ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    z + (first + (second + third / degrees) / degrees) / degrees
}

/// Where `below` ends to hold.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        *(if below(middle) { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two-sided columns of any printed table.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (degrees, expected) in [
            (1, [6.314, 12.706, 63.657, 636.619]),
            (2, [2.920, 4.303, 9.925, 31.599]),
            (3, [2.353, 3.182, 5.841, 12.924]),
            (4, [2.132, 2.776, 4.604, 8.610]),
            (9, [1.833, 2.262, 3.250, 4.781]),
            (10, [1.812, 2.228, 3.169, 4.587]),
            (19, [1.729, 2.093, 2.861, 3.883]),
            (29, [1.699, 2.045, 2.756, 3.659]),
            (60, [1.671, 2.000, 2.660, 3.460]),
            (120, [1.658, 1.980, 2.617, 3.373]),
            (1_000, [1.646, 1.962, 2.581, 3.300]),
            (1_000_000_000, [1.645, 1.960, 2.576, 3.291]),
        ] {
            for (confidence, expected) in [0.9, 0.95, 0.99, 0.999].into_iter().zip(expected) {
                let t = student(confidence, degrees);
                assert!((t - expected).abs() <= 0.000_501, "{degrees} degrees, {confidence}: {t}, not {expected}");
            }
        }
        for (confidence, expected) in [(0.5, 0.674_489_750_196), (0.95, 1.959_963_984_540), (0.99, 2.575_829_303_549)] {
            assert!((normal(confidence) - expected).abs() < 1e-11, "{}", normal(confidence));
        }
    }

    /// The two ways to compute it meet.
    #[test]
    fn many_degrees_of_freedom_go_on_where_few_end() {
        for confidence in [0.6, 0.9, 0.95, 0.99, 0.999] {
            for degrees in [MANY - 2, MANY - 1] {
                let (exact, near) = (student(confidence, degrees), from_normal(normal(confidence), degrees as f64));
                assert!((exact - near).abs() < 1e-7, "{confidence}: {exact} {near}");
            }
        }
    }

    /// If these bits change, a sweep that stops by its precision may stop elsewhere.
    #[test]
    fn quantiles_have_the_same_bits_everywhere() {
        let bits = [student(0.95, 1), student(0.95, 19), student(0.95, 20), student(0.99, 999), normal(0.95)];
        let expected = [
            0x4029_6993_aacc_4d1f,
            0x4000_be83_653b_6669,
            0x4000_b00d_9a95_4438,
            0x4004_a565_4f06_cb5b,
            0x3fff_5c03_31ee_ff82,
        ];
        assert_eq!(bits.map(f64::to_bits), expected, "{:x?}", bits.map(f64::to_bits));
    }
}
