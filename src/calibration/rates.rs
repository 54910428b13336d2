//! From counts and durations to a `FaultModel`: rates with what is not known of them, and the laws of the durations.

use super::written::{WrittenFault, WrittenFaultModel, WrittenLaw, WrittenRate};
use crate::durations;
use crate::model::{Strikes, YEAR};
use crate::spec::incidents::Counted;

use super::fit::{self, FittedLaw};
use super::rate::Rate;

const DAY: f64 = 86_400.0;

/// A fault model, and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// The model.
    pub model: WrittenFaultModel,
    /// A sentence or two for each fault.
    pub notes: Vec<String>,
}

/// A fault model of this name from faults that were counted.
pub fn calibrate(name: &str, counted: &[Counted]) -> Calibrated {
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    for fault in counted {
        let every = every(fault);
        let lasts = lasts(fault);
        let mut note = format!("{}: {}", fault.name, every.comment);
        if let Some(mean) = fault.assumed_every_secs {
            note += &format!("; the library assumes {} a year", significant(YEAR.as_secs_f64() / mean, 3));
        }
        note.push('.');
        for sentence in lasts.iter().map(|lasts| &lasts.comment) {
            note += &format!(" Lasts: {sentence}.");
        }
        notes.push(note);
        let what = fault.strikes.to_string();
        let (target, mode) = what.split_once(' ').unwrap_or((what.as_str(), ""));
        let from: Vec<String> = std::iter::once(format!("every is {}", every.comment))
            .chain(lasts.iter().map(|lasts| format!("lasts is {}", lasts.comment)))
            .collect();
        faults.push(WrittenFault {
            name: fault.name.clone(),
            target: target.to_owned(),
            mode: mode.to_owned(),
            affects: fault.affects.clone(),
            every: every.law.noted(every.comment.clone()),
            lasts: lasts.map(|lasts| lasts.law.noted(lasts.comment)),
            source: format!("{}. Counts and durations are from {}", from.join(". "), fault.source),
        });
    }
    Calibrated { model: WrittenFaultModel::new(name, faults), notes }
}

/// A law, and what it rests on.
struct Described {
    law: WrittenLaw,
    comment: String,
}

/// How often: what the count tells of the rate.
fn every(fault: &Counted) -> Described {
    let rate = Rate::of(fault.count, fault.exposure_secs / YEAR.as_secs_f64());
    let per_year = WrittenRate::Gamma { shape: rate.shape, mean: significant(rate.mean, 6) };
    let (whose, noun) = match fault.strikes {
        Strikes::Container(_) | Strikes::Deletion => (" and replica", "replica-days"),
        Strikes::Deployment(_)
        | Strikes::ControlPlane(_)
        | Strikes::Rollout { .. }
        | Strikes::Scale { .. }
        | Strikes::Drain { .. }
        | Strikes::UpgradeNodes(_) => ("", "days"),
        Strikes::Node(_) | Strikes::WithdrawNode(_) => (" and Node", "Node-days"),
        Strikes::Zone(_) => (" and zone", "zone-days"),
    };
    let exposure = format!("{} {noun}", significant(fault.exposure_secs / DAY, 4));
    let high = rate.quantile(0.975);
    let comment = if fault.count == 0 {
        format!(
            "at most {} a year{whose} (97.5 %), with a median of {}, as none was seen in {exposure} (a gamma law by Jeffreys' prior)",
            significant(high, 3),
            significant(rate.median(), 2)
        )
    } else {
        // All with the decimals that three digits of the mean have.
        let decimals = (2 - rate.mean.log10().floor() as i32).clamp(0, 9) as usize;
        format!(
            "{:.decimals$} a year{whose} (95 % {:.decimals$} to {high:.decimals$}), from {} in {exposure} (a gamma law by Jeffreys' prior)",
            rate.mean,
            rate.quantile(0.025),
            fault.count
        )
    };
    Described { law: WrittenLaw::Rate { per_year }, comment }
}

/// For how long: the law that fits the durations, else that of the library.
fn lasts(fault: &Counted) -> Option<Described> {
    let fitted = fit::fit("", &fault.name, &fault.durations);
    let chosen = fitted.as_ref().and_then(|fitted| Some((fitted, fitted.chosen()?)));
    if let Some((fitted, chosen)) = chosen
        && let Some(law) = chosen.written.clone()
    {
        let ongoing = match fitted.censored {
            0 => String::new(),
            n => format!(" and {n} that had not ended"),
        };
        let why =
            if fitted.has_few() { ", the simplest, as with fewer than five nearly every law fits" } else { " best" };
        let comment = format!(
            "{} with {}, which fits {} durations{ongoing}{why}",
            chosen.law,
            parameters(chosen),
            fitted.durations - fitted.censored
        );
        return Some(Described { law, comment });
    }
    let law = WrittenLaw::Copied(fault.assumed_lasts.clone()?);
    let why = if fault.durations.is_empty() { "was timed" } else { "that was timed has ended" };
    Some(Described { law, comment: format!("as the library assumes, as none {why}") })
}

/// `median 4.2m (95 % 3.1m to 5.9m), sigma 1.1 (95 % 0.8 to 1.6)`.
fn parameters(law: &FittedLaw) -> String {
    let value = |name: &str, value: f64| match name {
        "shape" | "sigma" => significant(value, 3).to_string(),
        _ => span(value),
    };
    let words: Vec<String> = (law.parameters.iter())
        .map(|one| {
            let [low, high] = [one.low, one.high].map(|end| end.map(|end| value(one.name, end)));
            let interval = match (low, high) {
                (Some(low), Some(high)) => format!(" (95 % {low} to {high})"),
                (Some(low), None) => format!(" (95 % at least {low})"),
                (None, Some(high)) => format!(" (95 % at most {high})"),
                (None, None) => String::new(),
            };
            format!("{} {}{interval}", one.name, value(one.name, one.value))
        })
        .collect();
    words.join(" and ")
}

/// A span of time with three significant digits of its unit: `39.2m`.
fn span(secs: f64) -> String {
    let Some(text) = durations::readable(secs) else { return format!("{secs:.2e}s") };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = digits.parse().map_or(digits.to_owned(), |number| significant(number, 3).to_string());
    format!("{number}{}", &text[digits.len()..])
}

/// A number rounded to `digits` significant digits.
fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}
