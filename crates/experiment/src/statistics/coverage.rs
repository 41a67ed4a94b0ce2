//! Whether intervals are what they say: of many, all but one in twenty hold the truth. Seeds are fixed, so that a test holds
//! always or never.

use sim_core::Streams;

use rand_chacha::rand_core::Rng;

use super::interval::{Estimate, wilson};
use super::pool::Pool;
use super::rank::quantile;
use super::sample::Sample;
use crate::metrics::Latencies;

const TRIALS: u64 = 2_000;

/// Uniform draws from 0 to 1, others for each trial.
fn draws(what: &str, trial: u64) -> impl FnMut() -> f64 {
    let stream = Streams::new(trial).keyed("coverage", what);
    let mut number = 0;
    move || {
        number += 1;
        (stream.at(&[number]).next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// In how many of a hundred trials the truth is within the interval; a bound that is missing excludes nothing.
fn coverage(what: &str, truth: f64, estimate: impl Fn(&mut dyn FnMut() -> f64) -> Estimate) -> f64 {
    let holds = |trial: &u64| {
        let estimate = estimate(&mut draws(what, *trial));
        estimate.low.is_none_or(|low| low <= truth) && estimate.high.is_none_or(|high| truth <= high)
    };
    (0..TRIALS).filter(holds).count() as f64 * 100.0 / TRIALS as f64
}

fn exponential(draw: f64) -> f64 {
    -libm::log(1.0 - draw)
}

/// Box and Muller's.
fn normal(one: f64, other: f64) -> f64 {
    (2.0 * exponential(one)).sqrt() * libm::cos(std::f64::consts::TAU * other)
}

#[test]
fn a_mean_is_within_its_interval() {
    for runs in [2, 3, 20] {
        let covered = coverage("normal", 0.0, |draw| {
            let mut sample = Sample::default();
            (0..runs).for_each(|_| sample.add(normal(draw(), draw())));
            sample.estimate(0.95)
        });
        assert!((93.5..96.5).contains(&covered), "{runs} runs: {covered} %");
    }
    // Of a skewed distribution it is somewhat less.
    let skewed = coverage("skewed", 1.0, |draw| {
        let mut sample = Sample::default();
        (0..20).for_each(|_| sample.add(exponential(draw())));
        sample.estimate(0.95)
    });
    assert!((90.0..95.0).contains(&skewed), "{skewed} %");
}

#[test]
fn a_share_is_within_its_interval() {
    for truth in [0.02, 0.1, 0.5] {
        let covered =
            coverage("share", truth, |draw| wilson((0..40).filter(|_| draw() < truth).count() as u64, 40, 0.95));
        assert!((92.0..99.0).contains(&covered), "{truth}: {covered} %");
    }
}

#[test]
fn a_quantile_is_between_its_bounds() {
    for part in [0.5, 0.9] {
        let truth = exponential(part);
        let covered = coverage("quantile", truth, |draw| {
            let values: Vec<f64> = (0..40).map(|_| exponential(draw())).collect();
            quantile(&values, part, 0.95)
        });
        assert!((94.5..99.5).contains(&covered), "{part}: {covered} %");
    }
}

/// Forty runs of fifty opens each, which share a delay of their run's own.
#[test]
fn a_quantile_of_all_opens_is_between_its_bounds() {
    // The median of the sum of two uniform delays.
    let covered = coverage("opens", 1.0, |draw| {
        let mut pool = Pool::default();
        for _ in 0..40 {
            let shared = draw();
            let mut opens = Latencies::default();
            (0..50).for_each(|_| opens.add(((shared + draw()) * 1e9) as u64));
            pool.add(&opens);
        }
        pool.estimate(0.5, 0.95)
    });
    assert!((92.0..98.0).contains(&covered), "{covered} %");
}
