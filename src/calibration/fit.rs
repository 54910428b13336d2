//! From recorded durations to laws that a fault or an application can be given.

use serde::Serialize;

use super::written::{WrittenLaw, WrittenPart};
use crate::durations;
use crate::random::{Law, Owner, Purpose, Streams};
use crate::spec::records::Recorded;
use crate::stats::fit::{self, Durations, Family, Fit, Limits, Of};

/// Samples drawn from each law to judge its A².
const RESAMPLES: u64 = 999;
/// Durations in each of them at most: the distribution of A² hardly changes beyond a hundred.
const RESAMPLED: usize = 500;
/// Seed of that chance, fixed so that the same file gives the same bytes.
const SEED: u64 = 1;

/// With fewer durations that have ended nearly every law fits.
pub const FEW: usize = 5;

/// All laws that were fitted to a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// Version of hasim.
    pub version: &'static str,
    /// The file.
    pub source: String,
    /// What was timed, as the file calls it.
    pub what: String,
    /// Durations in the file.
    pub durations: usize,
    /// Of them, those that had not ended.
    pub censored: usize,
    /// Of them, those of length zero, which no law here can have: they get a part of their own.
    pub zeros: usize,
    /// The longest of all, in seconds.
    pub longest_s: f64,
    /// Confidence level of all intervals.
    pub confidence: f64,
    /// The laws, by Akaike's criterion, the best first.
    pub laws: Vec<FittedLaw>,
    /// Laws that cannot be fitted, and why.
    pub not_fitted: Vec<NotFitted>,
    /// Kaplan and Meier's estimate for what is longer than zero: seconds, and the share that has ended by then.
    pub empirical: Vec<(f64, f64)>,
}

/// A law, and what speaks for and against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedLaw {
    /// `exponential`, `weibull`, `lognormal` or `gamma`.
    pub law: &'static str,
    /// Its parameters by the names that files use; times in seconds.
    pub parameters: Vec<Parameter>,
    /// The mean of what is longer than zero, in seconds.
    pub mean: Parameter,
    /// Logarithm of the likelihood, of densities per second.
    pub log_likelihood: f64,
    /// Akaike's criterion; smaller is better.
    pub aic: f64,
    /// The same, corrected for small samples; absent where the sample is too small for it.
    pub aicc: Option<f64>,
    /// Anderson and Darling's test; only where every duration had ended.
    pub anderson_darling: Option<AndersonDarling>,
    /// The largest distance to the empirical curve, a share.
    pub distance: f64,
    /// The law as a file has it, in one line; absent where a time is beyond what files may hold.
    pub yaml: Option<String>,
    /// The same, to be written into a file.
    #[serde(skip)]
    pub written: Option<WrittenLaw>,
    /// The law itself.
    #[serde(skip)]
    pub fit: Fit,
}

/// An estimate with its interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// The likeliest value.
    pub value: f64,
    /// Lower end; absent if no small value is excluded.
    pub low: Option<f64>,
    /// Upper end; absent if no large value is excluded.
    pub high: Option<f64>,
}

/// Anderson and Darling's test of a law whose parameters were fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AndersonDarling {
    /// A².
    pub statistic: f64,
    /// The share of samples from the fitted law, fitted anew, whose A² is at least so large.
    pub p_value: f64,
}

/// A law that cannot be fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NotFitted {
    /// Its name.
    pub law: &'static str,
    /// Why.
    pub why: &'static str,
}

impl Fitted {
    /// Durations longer than zero that have ended: those that tell laws apart.
    pub fn ended(&self) -> usize {
        self.durations - self.censored - self.zeros
    }

    /// Whether there are so few that nearly every law fits.
    pub fn has_few(&self) -> bool {
        self.ended() < FEW
    }

    /// The law to go on with: the one that fits best, or with few durations the one that has the fewest parameters to be wrong.
    pub fn chosen(&self) -> Option<&FittedLaw> {
        let simplest = self.laws.iter().min_by_key(|law| law.parameters.len());
        if self.has_few() { simplest } else { self.laws.first() }
    }
}

/// Fits all laws; `None` if nothing longer than zero has ended.
pub fn fit(source: &str, what: &str, recorded: &[Recorded]) -> Option<Fitted> {
    let of = |censored| recorded.iter().filter(move |one| one.censored == censored).map(|one| one.secs);
    let durations = Durations::new(of(false), of(true));
    if durations.ended().is_empty() {
        return None;
    }
    let zeros = of(false).filter(|secs| *secs == 0.0).count();
    let empirical = fit::kaplan_meier(&durations);
    let (mut laws, mut not_fitted) = (Vec::new(), Vec::new());
    for family in Family::ALL {
        match fit::fit(family, &durations) {
            Some(fit) => laws.push(fitted(&fit, &durations, &empirical, zeros)),
            None if durations.different() < family.parameters() => {
                not_fitted.push(NotFitted { law: name(family), why: "needs two different durations that have ended" });
            }
            None => not_fitted.push(NotFitted { law: name(family), why: "gets ever likelier as it narrows or widens" }),
        }
    }
    laws.sort_by(|a, b| a.aic.total_cmp(&b.aic));
    Some(Fitted {
        version: env!("CARGO_PKG_VERSION"),
        source: source.to_owned(),
        what: what.to_owned(),
        durations: recorded.len(),
        censored: of(true).count(),
        zeros,
        longest_s: recorded.iter().map(|one| one.secs).fold(0.0, f64::max),
        confidence: 0.95,
        laws,
        not_fitted,
        empirical: empirical.into_iter().map(|(at, share)| (at, written(share))).collect(),
    })
}

fn fitted(fit: &Fit, durations: &Durations, empirical: &[(f64, f64)], zeros: usize) -> FittedLaw {
    let parameter = |name, value, of| {
        let Limits { low, high } = fit::profile(fit, durations, of);
        Parameter { name, value: written(value), low: low.map(written), high: high.map(written) }
    };
    let form = |name| parameter(name, fit.form, Of::Form);
    let size = |name| parameter(name, fit.size, Of::Size);
    let parameters = match fit.family {
        Family::Exponential => vec![size("mean")],
        Family::Weibull => vec![form("shape"), size("scale")],
        Family::LogNormal => vec![size("median"), form("sigma")],
        Family::Gamma => vec![form("shape"), size("mean")],
    };
    let watched = durations.ended().len() + durations.censored().len();
    let written_law = written_law(fit, zeros as u64, watched as u64);
    FittedLaw {
        law: name(fit.family),
        mean: parameter("mean", fit.mean(), Of::Mean),
        log_likelihood: written(fit.log_likelihood),
        aic: written(fit.aic()),
        aicc: fit.aicc(watched).map(written),
        anderson_darling: durations.censored().is_empty().then(|| anderson_darling(fit, durations.ended())),
        distance: written(fit::kaplan_meier_distance(fit, empirical)),
        yaml: written_law.as_ref().map(WrittenLaw::in_one_line),
        written: written_law,
        parameters,
        fit: *fit,
    }
}

/// A² and its p-value by a parametric bootstrap: with fitted parameters its distribution is not that of the tables, and
/// differs between laws and, for the gamma law, between shapes.
fn anderson_darling(fit: &Fit, ended: &[f64]) -> AndersonDarling {
    let law = law(fit);
    let judged =
        |sample: &Durations| fit::fit(fit.family, sample).map(|fit| fit::anderson_darling(&fit, sample.ended()));
    let statistic = fit::anderson_darling(fit, ended);
    let n = ended.len().min(RESAMPLED) as u64;
    let as_far = (0..RESAMPLES).filter(|index| {
        let stream = Streams::new(SEED, *index).stream(Owner::Replication, Purpose::Resample);
        let sample = Durations::new((0..n).map(|ordinal| stream.draw(ordinal, &law)), []);
        // A sample that cannot be fitted speaks for the law.
        judged(&sample).is_none_or(|other| other >= statistic)
    });
    let p_value = (as_far.count() + 1) as f64 / (RESAMPLES + 1) as f64;
    AndersonDarling { statistic: written(statistic), p_value: written(p_value) }
}

/// The fitted law, for drawing.
fn law(fit: &Fit) -> Law {
    let (form, size) = (fit.form, fit.size);
    let law = match fit.family {
        Family::Exponential => Law::exponential(size),
        Family::Weibull => Law::weibull(form, size),
        Family::LogNormal => Law::lognormal(size, form),
        Family::Gamma => Law::gamma(form, size),
    };
    law.expect("fitted parameters are positive and finite")
}

/// The law as a file has it: five significant digits, far below what is known. Durations of length zero become a part of their own.
fn written_law(fit: &Fit, zeros: u64, others: u64) -> Option<WrittenLaw> {
    let size = durations::readable(fit.size)?;
    let form = format!("{:.4e}", fit.form).parse::<f64>().ok()?;
    let law = match fit.family {
        Family::Exponential => WrittenLaw::Exponential { mean: size },
        Family::Weibull => WrittenLaw::Weibull { shape: form, scale: size },
        Family::LogNormal => WrittenLaw::LogNormal { median: size, sigma: form },
        Family::Gamma => WrittenLaw::Gamma { shape: form, mean: size },
    };
    if zeros == 0 {
        return Some(law);
    }
    let zero = WrittenPart { weight: zeros, law: WrittenLaw::Fixed("0s".to_owned()) };
    Some(WrittenLaw::Mixture(vec![zero, WrittenPart { weight: others, law }]))
}

fn name(family: Family) -> &'static str {
    match family {
        Family::Exponential => "exponential",
        Family::Weibull => "weibull",
        Family::LogNormal => "lognormal",
        Family::Gamma => "gamma",
    }
}

/// Seven significant digits: an optimum in double precision is known to eight.
fn written(value: f64) -> f64 {
    if value.is_finite() { format!("{value:.6e}").parse().expect("a formatted float is a float") } else { value }
}
