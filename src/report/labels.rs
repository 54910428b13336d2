//! What tells scenarios apart: the varied values as columns, or the names where those do not say it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::results::{ExperimentResult, ScenarioResult};

/// The key of the names of candidates.
pub const CANDIDATE: &str = "candidate";

/// One column per varied key, or a single one with the scenarios' names.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// True if the columns are varied keys, false if there is one column of names.
    pub varied: bool,
}

/// A column of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The whole key, or empty over names.
    pub key: String,
    /// The end of the key that tells it from the others: `readinessProbe.failureThreshold`.
    pub short_key: String,
    /// One cell per scenario.
    pub cells: Vec<String>,
}

impl Labels {
    /// The labels of all scenarios: of what varies among them.
    pub fn of(result: &ExperimentResult) -> Self {
        let all_known = result.scenarios.iter().all(|s| result.varied.iter().all(|key| s.parameters.contains_key(key)));
        let distinct: BTreeSet<Vec<String>> = result.scenarios.iter().map(|s| values(result, s)).collect();
        if result.varied.is_empty() || !all_known || distinct.len() < result.scenarios.len() {
            let cells = result.scenarios.iter().map(|s| s.name.clone()).collect();
            return Self {
                columns: vec![Column { key: String::new(), short_key: String::new(), cells }],
                varied: false,
            };
        }
        let columns = result.varied.iter().map(|key| Column {
            key: key.clone(),
            short_key: short_key(key, &result.varied),
            cells: result.scenarios.iter().map(|s| value_text(&s.parameters[key])).collect(),
        });
        let columns: Vec<Column> = columns.collect();
        // What is the same in all tells none from another.
        let varies = |column: &Column| column.cells.iter().any(|cell| *cell != column.cells[0]);
        if columns.iter().any(varies) {
            return Self { columns: columns.into_iter().filter(varies).collect(), varied: true };
        }
        Self { columns, varied: true }
    }

    /// The label of a scenario on one line: `2 · 3`, or its name.
    pub fn short(&self, scenario: usize) -> String {
        let cells: Vec<&str> = self.columns.iter().map(|column| column.cells[scenario].as_str()).collect();
        cells.join(" · ")
    }

    /// Like [`Labels::short`] without spaces, values cut to as many characters where those of the column stay apart: `2·3`.
    pub fn narrow(&self, scenario: usize, chars: usize) -> String {
        let cells: Vec<String> = self.columns.iter().map(|column| column.narrow(scenario, chars)).collect();
        cells.join("·")
    }

    /// What [`Labels::short`] lists: `replicas · readinessProbe.failureThreshold`.
    pub fn short_keys(&self) -> String {
        let keys: Vec<&str> = self.columns.iter().map(|column| column.short_key.as_str()).collect();
        keys.join(" · ")
    }
}

impl Column {
    /// `replicas 3`; a candidate's name says that it is one.
    pub fn in_words(&self, scenario: usize) -> String {
        self.in_words_of(&self.cells[scenario])
    }

    /// The same of one of its values.
    pub fn in_words_of(&self, cell: &str) -> String {
        if self.key == CANDIDATE { cell.to_owned() } else { format!("{} {cell}", self.short_key) }
    }

    fn narrow(&self, scenario: usize, chars: usize) -> String {
        let cut = |cell: &str| -> String {
            if cell.chars().count() <= chars {
                cell.to_owned()
            } else {
                cell.chars().take(chars - 1).chain(['…']).collect()
            }
        };
        let distinct = |cells: &mut dyn Iterator<Item = String>| cells.collect::<BTreeSet<_>>().len();
        let apart = distinct(&mut self.cells.iter().cloned()) == distinct(&mut self.cells.iter().map(|cell| cut(cell)));
        if apart { cut(&self.cells[scenario]) } else { self.cells[scenario].clone() }
    }
}

/// The different cells of a column, in the order of the grid.
pub fn distinct(column: &Column) -> Vec<&String> {
    let mut values = Vec::new();
    for cell in &column.cells {
        if !values.contains(&cell) {
            values.push(cell);
        }
    }
    values
}

/// A scenario in a sentence: `one-zone, replicas 2`, what varies of it, or its name.
pub fn in_words(result: &ExperimentResult, scenario: &ScenarioResult) -> String {
    let labels = Labels::of(result);
    let place = result.scenarios.iter().position(|one| one.name == scenario.name);
    let Some(place) = place.filter(|_| labels.varied) else { return scenario.name.clone() };
    if result.scenarios.len() == 1 {
        return scenario.name.clone();
    }
    let words: Vec<String> = labels.columns.iter().map(|column| column.in_words(place)).collect();
    words.join(", ")
}

fn values(result: &ExperimentResult, scenario: &ScenarioResult) -> Vec<String> {
    result.varied.iter().filter_map(|key| scenario.parameters.get(key)).map(value_text).collect()
}

/// A value as it would be written in the experiment, a removed field as `none`.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        // A label has one line.
        Value::String(text) => text.replace(['\n', '\r', '\t'], " "),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", value_text(value))).collect();
            entries.join(", ")
        }
        other => other.to_string(),
    }
}

const LAWS: [&str; 8] = ["fixed", "uniform", "exponential", "weibull", "lognormal", "gamma", "empirical", "mixture"];

/// The last two parts of the key, more where another key ends alike.
fn short_key(key: &str, all: &[String]) -> String {
    let starts: Vec<usize> = std::iter::once(0).chain(key.match_indices('.').map(|(at, _)| at + 1)).collect();
    // The name of a law says nothing without what it is the law of.
    let is_law = |part: &str| LAWS.iter().any(|law| part.split('.').next() == Some(law));
    let suffixes = starts.iter().rev().skip(1.min(starts.len() - 1)).map(|&at| &key[at..]);
    let suffixes = suffixes.filter(|suffix| !is_law(suffix));
    let unique = |suffix: &str| all.iter().filter(|other| ends_with_parts(other, suffix)).count() == 1;
    let mut suffixes = suffixes;
    suffixes.find(|suffix| unique(suffix)).unwrap_or(key).to_owned()
}

fn ends_with_parts(key: &str, suffix: &str) -> bool {
    key == suffix || key.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_as_short_as_they_can_be() {
        let keys = [
            "replicas",
            "spec.template.readinessProbe.failureThreshold",
            "app.startUp.lognormal.median",
            "a.faults.x.every",
            "b.faults.x.every",
        ];
        let keys = keys.map(str::to_owned);
        let short: Vec<String> = keys.iter().map(|key| short_key(key, &keys)).collect();
        let expected = [
            "replicas",
            "readinessProbe.failureThreshold",
            "startUp.lognormal.median",
            "a.faults.x.every",
            "b.faults.x.every",
        ];
        assert_eq!(short, expected);
    }
}
