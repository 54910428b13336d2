//! What tells candidates apart: where their inputs differ from those of the baseline's candidate, or of the first.

use serde_json::{Map, Value};

use super::labels::{CANDIDATE, value_text};
use crate::results::ExperimentResult;

/// Differences that are told of each candidate.
const MOST: usize = 6;
/// Characters of a value.
const LONGEST: usize = 160;
/// Parts of a path that say nothing to somebody who knows the input.
const PLAIN: [&str; 6] = ["deployment", "cluster", "operations", "faults", "spec", "template"];
/// What is told about an input and is no setting.
const BESIDE: [&str; 2] = ["source", "metadata"];

/// The candidates of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidates {
    /// The one with which the others are compared.
    pub base: String,
    /// Each other one, with its differences: `PodDisruptionBudget.maxUnavailable 1 is gone`.
    pub others: Vec<(String, Vec<String>)>,
}

impl Candidates {
    /// `None` where there are none, or a single one.
    pub fn of(result: &ExperimentResult) -> Option<Self> {
        let all = result.inputs.get("candidates")?.as_object()?;
        let its = |name: &String| {
            let baseline = result.scenarios.iter().find(|one| one.name == *name)?;
            baseline.parameters.get(CANDIDATE)?.as_str().map(str::to_owned)
        };
        let base = result.baseline.as_ref().and_then(its).or_else(|| all.keys().next().cloned())?;
        let there = all.get(&base)?;
        let of = |(name, inputs): (&String, &Value)| {
            let mut differences = Vec::new();
            compare(&mut Vec::new(), there, inputs, &mut differences);
            compare_patches(&patch(result, &base), &patch(result, name), &mut differences);
            let more = differences.len().saturating_sub(MOST);
            differences.truncate(MOST);
            differences.extend((more > 0).then(|| format!("and {more} more")));
            (name.clone(), differences)
        };
        let others: Vec<(String, Vec<String>)> = all.iter().filter(|(name, _)| **name != base).map(of).collect();
        (!others.is_empty()).then_some(Self { base, others })
    }
}

/// What an experiment sets for a candidate on top of its files.
fn patch(result: &ExperimentResult, name: &str) -> Map<String, Value> {
    let all = result.inputs.pointer("/experiment/spec/candidates").and_then(Value::as_array);
    let its = all.into_iter().flatten().find(|one| name_of(one) == Some(name));
    its.and_then(|one| one.get("patch")?.as_object().cloned()).unwrap_or_default()
}

/// What of it is set otherwise, key by key.
fn compare_patches(there: &Map<String, Value>, here: &Map<String, Value>, differences: &mut Vec<String>) {
    let keys = there.keys().chain(here.keys().filter(|key| !there.contains_key(*key)));
    for key in keys {
        let mut path: Vec<String> = key.split('.').map(str::to_owned).collect();
        match (there.get(key), here.get(key)) {
            (Some(there), Some(here)) => compare(&mut path, there, here, differences),
            // Null takes away what the files say.
            (None, Some(Value::Null)) => differences.push(format!("no {}", place(&path))),
            (None, Some(here)) => differences.push(in_words(&path, &Value::Null, here)),
            (Some(_), None) => differences.push(format!("{} as in the files", place(&path))),
            (None, None) => {}
        }
    }
}

/// Where the second value differs from the first, each place in words.
fn compare(path: &mut Vec<String>, there: &Value, here: &Value, differences: &mut Vec<String>) {
    match (there, here) {
        _ if there == here => {}
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            for key in keys.filter(|key| !BESIDE.contains(&key.as_str())) {
                path.push(key.clone());
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                compare(path, &of(a), &of(b), differences);
                path.pop();
            }
        }
        (Value::Array(a), Value::Array(b)) if a.iter().chain(b).all(|one| name_of(one).is_some()) => {
            let find = |all: &[Value], name: &str| {
                all.iter().find(|one| name_of(one) == Some(name)).cloned().unwrap_or(Value::Null)
            };
            let mut names: Vec<&str> = a.iter().chain(b).filter_map(name_of).collect();
            let mut seen = std::collections::BTreeSet::new();
            names.retain(|name| seen.insert(*name));
            for name in names {
                path.push(name.to_owned());
                compare(path, &find(a, name), &find(b, name), differences);
                path.pop();
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() && a.iter().chain(b).all(Value::is_object) => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                path.push(number.to_string());
                compare(path, a, b, differences);
                path.pop();
            }
        }
        (there, here) => differences.push(in_words(path, there, here)),
    }
}

/// What tells an entry of a list from the others: its name or, of a manifest, its kind.
fn name_of(one: &Value) -> Option<&str> {
    one.get("name").or_else(|| one.get("kind")).and_then(Value::as_str)
}

fn place(path: &[String]) -> String {
    let told: Vec<&str> = path.iter().map(String::as_str).filter(|part| !PLAIN.contains(part)).collect();
    told.join(".").replace(".containers.", ".")
}

fn in_words(path: &[String], there: &Value, here: &Value) -> String {
    let place = place(path);
    let short = |value: &Value| {
        let text = value_text(value);
        if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
    };
    match (there.is_null(), here.is_null()) {
        (true, _) => format!("{place} {}", short(here)),
        (_, true) if there.is_object() || there.is_array() => format!("no {place}"),
        (_, true) => format!("no {place} (there {})", short(there)),
        _ => format!("{place} {} instead of {}", short(here), short(there)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(there: &Value, here: &Value) -> Vec<String> {
        let mut all = Vec::new();
        compare(&mut Vec::new(), there, here, &mut all);
        all
    }

    #[test]
    fn a_budget_and_a_setting_are_told_by_their_places() {
        let of = |budget: Value, surge: Value| {
            json!({
                "deployment": [
                    {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}},
                    {"kind": "PodDisruptionBudget", "spec": budget},
                ],
                "operations": [{"name": "node-image", "source": "theirs", "surge": surge}],
            })
        };
        let there = of(json!({"maxUnavailable": 1}), json!(1));
        let here = of(json!({"minAvailable": "100%"}), json!(0));
        assert_eq!(
            differences(&there, &here),
            [
                "no PodDisruptionBudget.maxUnavailable (there 1)",
                "PodDisruptionBudget.minAvailable 100%",
                "node-image.surge 0 instead of 1",
            ]
        );
        assert!(differences(&there, &there).is_empty());
    }

    #[test]
    fn what_is_not_there_is_said() {
        let (with, without) = (json!({"operations": [{"name": "burst", "every": "9d"}]}), json!({"operations": []}));
        assert_eq!(differences(&with, &without), ["no burst"]);
        assert_eq!(differences(&without, &with), ["burst name: burst, every: 9d"]);
    }
}
