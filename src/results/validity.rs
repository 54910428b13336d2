//! Whether a result that was read from a file can be one: the file may have been changed, or be no result at all.
//!
//! The rules follow from the form of results, so a metric that comes new is under them, too: a key tells the unit of the
//! numbers below it (`_s`, `_s_per_year`, or one of the shares), and an object with the ends of an interval or with
//! quantiles has them in their order. One scenario is looked at after the other, so little memory is needed.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::experiment::ExperimentResult;
use super::scenario::ScenarioResult;
use crate::history::NamedCause;
use crate::model::YEAR;

/// A value that no result has, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: is {found}, must be {rule}")]
pub struct Invalid {
    /// Its place: `scenarios[3].availability.low`.
    pub path: String,
    /// What stands there.
    pub found: String,
    /// What must.
    pub rule: String,
}

/// Keys of shares and probabilities.
const SHARES: [&str; 8] = [
    "availability",
    "request_success",
    "meets_slo",
    "share_of_variance",
    "failing_share",
    "share",
    "confidence",
    "slo",
];
/// Below these keys are differences, which may be negative.
const SIGNED: [&str; 4] = ["difference_to_baseline", "without", "change_s_per_year", "elasticity"];
/// What a user gives names or values to: it is not hasim's to judge.
const GIVEN: [&str; 1] = ["parameters"];
/// Keys of which each holds no less than the one before it.
const ASCENDING: [&[&str]; 4] = [
    &["low", "mean", "high"],
    &["low", "value", "high"],
    &["p50", "p90", "p95", "p99", "max", "worst"],
    &["from_s", "to_s"],
];

/// No span of time is longer, in seconds: three centuries.
const LONGEST: f64 = 1e10;
/// No number is larger: prices have no limit of their own.
const LARGEST: f64 = 1e30;

/// What the numbers below a key may be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Share,
    Seconds,
    SecondsPerYear,
    NotNegative,
    Signed,
}

impl Unit {
    /// What the key says; `None` if nothing.
    fn of(key: &str) -> Option<Self> {
        match key {
            _ if SIGNED.contains(&key) => Some(Self::Signed),
            _ if SHARES.contains(&key) => Some(Self::Share),
            // Several Pods wait side by side.
            "pending_s_per_year" => Some(Self::NotNegative),
            _ if key.ends_with("s_per_year") => Some(Self::SecondsPerYear),
            // Its second numbers are counts.
            "histogram" => Some(Self::NotNegative),
            "begins_s" => Some(Self::Signed),
            _ if key.ends_with("_s") => Some(Self::Seconds),
            _ => None,
        }
    }

    fn allows(self, number: f64) -> bool {
        match self {
            Self::Share => (0.0..=1.0).contains(&number),
            Self::Seconds => (0.0..=LONGEST).contains(&number),
            // A year to twelve digits.
            Self::SecondsPerYear => (0.0..=YEAR.as_secs_f64() * (1.0 + 1e-9)).contains(&number),
            Self::NotNegative => (0.0..=LARGEST).contains(&number),
            Self::Signed => number.abs() <= LARGEST,
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Share => "a share from 0 to 1",
            Self::Seconds => "seconds, from 0 to 1e10",
            Self::SecondsPerYear => "seconds a year, from 0 to a year",
            Self::NotNegative => "a number from 0 to 1e30",
            Self::Signed => "a number from -1e30 to 1e30",
        }
    }
}

/// A place in the result, known by the places around it.
#[derive(Clone, Copy)]
struct Place<'a> {
    around: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    const fn root(key: &'a str) -> Self {
        Self { around: None, step: Step::Key(key) }
    }

    const fn key(&'a self, key: &'a str) -> Self {
        Self { around: Some(self), step: Step::Key(key) }
    }

    const fn index(&'a self, index: usize) -> Self {
        Self { around: Some(self), step: Step::Index(index) }
    }

    fn refuse(&self, found: impl fmt::Display, rule: impl Into<String>) -> Invalid {
        Invalid { path: self.to_string(), found: found.to_string(), rule: rule.into() }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.around.map_or(Ok(()), |around| around.fmt(f))?;
        match self.step {
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if self.around.is_none() => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
        }
    }
}

impl ExperimentResult {
    /// Whether hasim can have made this result.
    ///
    /// # Errors
    /// Names the first value that it cannot have written.
    pub fn validate(&self) -> Result<(), Invalid> {
        all(&Place::root("horizon_s"), &self.horizon_s)?;
        all(&Place::root("warm_up_s"), &self.warm_up_s)?;
        all(&Place::root("confidence"), &self.confidence)?;
        all(&Place::root("objective"), &self.objective)?;
        each(&Place::root("targets"), &self.targets, all)?;
        each(&Place::root("faults"), &self.faults, |place, fault| {
            numbers(place, &tree(fault), Unit::NotNegative, true)?;
            all(&place.key("operation"), &fault.operation)
        })?;
        all(&Place::root("selection"), &self.selection)?;
        each(&Place::root("sensitivity"), &self.sensitivity, |place, one| {
            all(&place.key("downtime"), &one.downtime)?;
            all(&place.key("failed"), &one.failed)
        })?;
        each(&Place::root("replays"), &self.replays, all)?;
        each(&Place::root("rollouts"), &self.rollouts, all)?;
        each(&Place::root("surges"), &self.surges, all)?;
        each(&Place::root("scenarios"), &self.scenarios, |place, scenario| {
            all(place, scenario)?;
            causes(place, scenario)
        })?;
        self.names()
    }

    /// Whether the scenarios that are spoken of are there.
    fn names(&self) -> Result<(), Invalid> {
        // What was not reached before an interruption is left out.
        if self.interrupted {
            return Ok(());
        }
        let names: BTreeSet<&str> = self.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        let known = |place: &Place<'_>, name: &str| {
            if names.contains(name) { Ok(()) } else { Err(place.refuse(name, "the name of a scenario")) }
        };
        self.baseline.iter().try_for_each(|name| known(&Place::root("baseline"), name))?;
        each(&Place::root("targets"), &self.targets, |place, one| known(&place.key("scenario"), &one.scenario))?;
        each(&Place::root("replays"), &self.replays, |place, one| known(&place.key("scenario"), &one.scenario))?;
        each(&Place::root("rollouts"), &self.rollouts, |place, one| known(&place.key("scenario"), &one.scenario))?;
        each(&Place::root("surges"), &self.surges, |place, one| known(&place.key("scenario"), &one.scenario))?;
        let Some(selection) = &self.selection else { return Ok(()) };
        let place = Place::root("selection");
        selection.chosen.iter().try_for_each(|name| known(&place.key("chosen"), name))?;
        each(&place.key("standings"), &selection.standings, |place, one| known(&place.key("scenario"), &one.scenario))
    }
}

/// Whether the causes of a scenario are its own.
fn causes(place: &Place<'_>, scenario: &ScenarioResult) -> Result<(), Invalid> {
    let faults: BTreeSet<&str> = scenario.detection_s.iter().map(|(name, _)| name.as_str()).collect();
    let known = |place: &Place<'_>, cause: &NamedCause| match cause {
        NamedCause::Fault(name) if !faults.contains(name.as_str()) => {
            Err(place.refuse(name, "a fault of the scenario, probe, start, overload or autoscaler"))
        }
        NamedCause::Fault(_)
        | NamedCause::Probe
        | NamedCause::Start
        | NamedCause::Overload
        | NamedCause::Autoscaler => Ok(()),
    };
    let recoveries = place.key("pod_recovery_s");
    scenario.pod_recovery_s.iter().try_for_each(|(cause, _)| known(&recoveries, cause))?;
    let parts = [
        ("downtime_attribution", &scenario.downtime_attribution),
        ("request_failure_attribution", &scenario.request_failure_attribution),
    ];
    parts.into_iter().try_for_each(|(key, parts)| {
        each(&place.key(key), parts, |place, part| known(&place.key("fault"), &part.cause))
    })
}

/// Looks at every element of a list.
fn each<T>(
    place: &Place<'_>,
    items: &[T],
    look: impl Fn(&Place<'_>, &T) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    items.iter().enumerate().try_for_each(|(index, item)| look(&place.index(index), item))
}

/// Looks at all numbers of a part of a result, by the keys that it has and the one that leads to it.
fn all(place: &Place<'_>, part: &impl Serialize) -> Result<(), Invalid> {
    let unit = match place.step {
        Step::Key(key) => Unit::of(key),
        Step::Index(_) => None,
    };
    numbers(place, &tree(part), unit.unwrap_or(Unit::NotNegative), unit == Some(Unit::Signed))
}

fn tree(part: &impl Serialize) -> Value {
    serde_json::to_value(part).expect("a result has a JSON form")
}

/// Looks at the numbers of a tree. `fixed` is set where keys further down do not matter.
fn numbers(place: &Place<'_>, tree: &Value, unit: Unit, fixed: bool) -> Result<(), Invalid> {
    match tree {
        Value::Number(number) => {
            // Whole numbers are counts, which the types keep from being negative.
            let wrong = number.as_f64().filter(|_| number.is_f64()).filter(|&number| !unit.allows(number));
            wrong.map_or(Ok(()), |_| Err(place.refuse(number, unit.rule())))
        }
        Value::Array(items) => each(place, items, |place, item| numbers(place, item, unit, fixed)),
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !GIVEN.contains(&key.as_str())) {
                let said = Unit::of(key).filter(|_| !fixed);
                numbers(&place.key(key), value, said.unwrap_or(unit), fixed || said == Some(Unit::Signed))?;
                if key == "histogram" {
                    buckets(&place.key(key), value)?;
                }
            }
            ASCENDING.iter().try_for_each(|keys| ascending(place, fields, keys))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// Whether the buckets of a histogram ascend.
fn buckets(place: &Place<'_>, histogram: &Value) -> Result<(), Invalid> {
    let at = |index: usize| histogram.get(index)?.get(0)?.as_f64();
    let pairs = (1..).map_while(|index| Some((index, at(index - 1)?, at(index)?)));
    let wrong = pairs.into_iter().find(|(_, before, here)| here < before);
    wrong.map_or(Ok(()), |(index, before, here)| {
        let place = place.index(index);
        Err(place.index(0).refuse(here, format!("no less than that of the bucket before, which is {before}")))
    })
}

/// Whether those of the keys that are there stand in this order.
fn ascending(place: &Place<'_>, fields: &Map<String, Value>, keys: &[&str]) -> Result<(), Invalid> {
    let number = |value: &Value| value.as_f64().or_else(|| value.get("value")?.as_f64());
    let there = keys.iter().filter_map(|key| Some((*key, number(fields.get(*key)?)?)));
    let mut last: Option<(&str, f64)> = None;
    for (key, value) in there {
        if let Some((before, least)) = last
            && value < least
        {
            return Err(place.key(key).refuse(value, format!("no less than {before}, which is {least}")));
        }
        last = Some((key, value));
    }
    Ok(())
}
