//! From durations to laws: maximum likelihood, with durations that had not ended when the watch did.
//!
//! ```text
//! Durations ──fit──▶ Fit (parameters, likelihood, AIC) ──profile──▶ intervals
//!                      └─goodness─▶ Anderson–Darling, or the distance to Kaplan and Meier's curve
//! ```
//!
//! A law with two parameters is one surface over their logarithms with one hill;
//! the top and the contour that bounds an interval are both found by searches
//! along one parameter, with the other at its best.

mod family;
mod goodness;
mod profile;
mod search;

pub use family::Family;
pub use goodness::{anderson_darling, kaplan_meier, kaplan_meier_distance};
pub use profile::{Limits, Of, profile};

use search::maximise;

/// Durations, all positive: those whose end was seen, and those that lasted at least so long.
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    ended: Vec<f64>,
    censored: Vec<f64>,
    /// Logarithms of both, the ended first.
    logs: Vec<f64>,
    /// Sum, mean logarithm and sum of squared deviations of the logarithm of the ended.
    sum: f64,
    mean_log: f64,
    spread_log: f64,
}

impl Durations {
    /// Keeps those above zero, in ascending order.
    pub fn new(ended: impl IntoIterator<Item = f64>, censored: impl IntoIterator<Item = f64>) -> Self {
        let positive = |values: &mut dyn Iterator<Item = f64>| {
            let mut values: Vec<f64> = values.filter(|value| *value > 0.0 && value.is_finite()).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (ended, censored) = (positive(&mut ended.into_iter()), positive(&mut censored.into_iter()));
        let logs: Vec<f64> = ended.iter().chain(&censored).map(|value| value.ln()).collect();
        let logs_ended = &logs[..ended.len()];
        let mean_log = logs_ended.iter().sum::<f64>() / ended.len().max(1) as f64;
        let spread_log = logs_ended.iter().map(|log| (log - mean_log).powi(2)).sum();
        Self { sum: ended.iter().sum(), mean_log, spread_log, ended, censored, logs }
    }

    /// Those whose end was seen, ascending.
    pub fn ended(&self) -> &[f64] {
        &self.ended
    }

    /// Those that lasted at least so long, ascending.
    pub fn censored(&self) -> &[f64] {
        &self.censored
    }

    /// How many different ended durations there are.
    pub fn different(&self) -> usize {
        self.ended.chunk_by(|a, b| a == b).count()
    }

    /// All time that was watched.
    pub fn total(&self) -> f64 {
        self.sum + self.censored.iter().sum::<f64>()
    }
}

/// The law of a family under which the durations are likeliest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Which law.
    pub family: Family,
    /// Shape or σ; 1 for the exponential law, which has none.
    pub form: f64,
    /// Mean, scale or median: see [`Family`]. In the unit of the durations.
    pub size: f64,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
}

impl Fit {
    /// Akaike's criterion: the smaller, the better the law would foretell new durations.
    pub fn aic(&self) -> f64 {
        2.0 * self.family.parameters() as f64 - 2.0 * self.log_likelihood
    }

    /// The same with the correction for small samples; `None` for samples too small for it.
    pub fn aicc(&self, durations: usize) -> Option<f64> {
        let (k, n) = (self.family.parameters() as f64, durations as f64);
        (n > k + 1.0).then(|| self.aic() + 2.0 * k * (k + 1.0) / (n - k - 1.0))
    }

    /// The mean of the law.
    pub fn mean(&self) -> f64 {
        self.family.mean(self.form, self.size)
    }

    /// The logarithms of `F(x)` and of `1 − F(x)`, each accurate where it is small.
    pub fn log_tails(&self, x: f64) -> (f64, f64) {
        self.family.log_tails(self.form, self.size, x)
    }
}

/// The likeliest law of a family; `None` if there is none: fewer different ended durations than the law has parameters, or
/// a likelihood that rises without end, as where all durations are nearly equal.
pub fn fit(family: Family, durations: &Durations) -> Option<Fit> {
    if durations.different() < family.parameters() {
        return None;
    }
    let made =
        |form: f64, size: f64| Fit { family, form, size, log_likelihood: family.log_likelihood(durations, form, size) };
    if family == Family::Exponential {
        return Some(made(1.0, family.best_size(durations, 1.0)));
    }
    let along = |log: f64| family.log_likelihood(durations, log.exp(), family.best_size(durations, log.exp()));
    let top = maximise(along, family.first_form(durations).ln(), 0.5, family.forms());
    let form = top.at.exp();
    (!top.on_edge).then(|| made(form, family.best_size(durations, form)))
}
