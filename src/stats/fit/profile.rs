//! Intervals by the profile likelihood: all values of a parameter for which some law of the family is nearly as likely as
//! the likeliest.

use super::search::{crossing, maximise};
use super::{Durations, Family, Fit};

/// Half of the 95 % quantile of the χ² law with one degree of freedom: so far the logarithm of the likelihood may fall.
const FALL: f64 = 1.920_729_410_347_062_3;
/// A parameter is looked for up to this factor away: e¹⁵, 3 million.
const REACH: f64 = 15.0;

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Shape or σ.
    Form,
    /// Mean, scale or median, as the family has it.
    Size,
    /// The mean of the law.
    Mean,
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Lower end; `None` if the durations exclude no small value.
    pub low: Option<f64>,
    /// Upper end; `None` if they exclude no large one.
    pub high: Option<f64>,
}

/// The interval of a parameter around its likeliest value. It does not depend on how the law is parametrised, and lies
/// as lopsided as what is known.
pub fn profile(fit: &Fit, durations: &Durations, of: Of) -> Limits {
    let family = fit.family;
    let forms = family.forms();
    let along_form = |size: &dyn Fn(f64) -> f64| {
        if family == Family::Exponential {
            return family.log_likelihood(durations, 1.0, size(1.0));
        }
        let curve = |log: f64| family.log_likelihood(durations, log.exp(), size(log.exp()));
        maximise(curve, fit.form.ln(), 0.2, forms.clone()).height
    };
    let best = |log: f64| {
        let value = log.exp();
        match of {
            Of::Form => family.log_likelihood(durations, value, family.best_size(durations, value)),
            Of::Size => along_form(&|_| value),
            Of::Mean => along_form(&|form| family.size_of_mean(form, value)),
        }
    };
    let top = fit.log_likelihood;
    let above = |log: f64| best(log) - top + FALL;
    let value = match of {
        Of::Form => fit.form,
        Of::Size => fit.size,
        Of::Mean => fit.mean(),
    };
    let (from, step) = (value.ln(), 2.0 / (durations.ended.len() as f64).sqrt());
    let (least, most) = match of {
        Of::Form => (*forms.start(), *forms.end()),
        Of::Size | Of::Mean => (from - REACH, from + REACH),
    };
    let end = |step: f64, end: f64| crossing(above, from, step, end).map(f64::exp);
    Limits { low: end(-step, least), high: end(step, most) }
}
