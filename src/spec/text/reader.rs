//! Typed access to the tree. A getter that finds something else says so and gives `None`: reading goes on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::durations;
use crate::spec::diagnostic::Problems;
use crate::spec::tree::{Entry, Mark, Node, Value};
use crate::time::Duration;

/// A value and the path that leads to it.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Item<'a> {
    pub node: &'a Node,
    pub path: String,
}

/// A map whose keys are asked for one by one; what nobody asked for is unknown.
pub(in crate::spec) struct Object<'a> {
    entries: &'a [Entry],
    pub mark: Mark,
    pub path: String,
    asked: Vec<&'a str>,
    /// Those of them that must not be there.
    forbidden: Vec<&'a str>,
    ours: bool,
}

/// The nearest of `names` to what was written, if it is near enough to be a slip of the keyboard.
pub(in crate::spec) fn nearest<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower = written.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 5)
        .min()
        .map(|(_, name)| name)
}

impl<'a> Item<'a> {
    pub fn new(node: &'a Node, path: impl Into<String>) -> Self {
        Self { node, path: path.into() }
    }

    pub fn mark(&self) -> Mark {
        self.node.mark
    }

    /// An error at this value: `path: is VALUE, rule`.
    pub fn refuse(&self, problems: &mut Problems, rule: impl Display) {
        problems.value(self.node, &self.path, rule);
    }

    /// A warning at this value.
    pub fn warn(&self, problems: &mut Problems, message: impl Into<String>) {
        problems.warn(self.node.mark, &self.path, message);
    }

    fn wrong_kind<T>(&self, problems: &mut Problems, wanted: &str) -> Option<T> {
        let kind = self.node.value.kind();
        let problem = match &self.node.value {
            Value::Null => problems.error(self.mark(), &self.path, format!("is empty, must be {wanted}")),
            Value::List(_) | Value::Map(_) => {
                problems.error(self.mark(), &self.path, format!("is {kind}, must be {wanted}"))
            }
            _ => problems.value(self.node, &self.path, format_args!("{kind}, must be {wanted}")),
        };
        match &self.node.value {
            Value::String(text) if wanted.contains("integer") && text.parse::<i64>().is_ok() => {
                problem.help(format!("write {text} without quotes"));
            }
            Value::Bool(_) | Value::Int(_) | Value::Float(_) if wanted.contains("string") => {
                problem.help("put it in quotes");
            }
            _ => {}
        }
        None
    }

    /// A map of a Kubernetes object: what is unknown in it is a warning, as for the API server.
    pub fn object(&self, problems: &mut Problems) -> Option<Object<'a>> {
        self.map(problems, false)
    }

    /// A map of a kind of ours: what is unknown in it is an error.
    pub fn our_object(&self, problems: &mut Problems) -> Option<Object<'a>> {
        self.map(problems, true)
    }

    fn map(&self, problems: &mut Problems, ours: bool) -> Option<Object<'a>> {
        match &self.node.value {
            Value::Map(entries) => Some(Object {
                entries,
                mark: self.mark(),
                path: self.path.clone(),
                asked: Vec::new(),
                forbidden: Vec::new(),
                ours,
            }),
            _ => self.wrong_kind(problems, "a map"),
        }
    }

    pub fn list(&self, problems: &mut Problems) -> Option<Vec<Item<'a>>> {
        match &self.node.value {
            Value::List(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, node)| Item { node, path: format!("{}[{index}]", self.path) })
                    .collect(),
            ),
            _ => self.wrong_kind(problems, "a list"),
        }
    }

    pub fn string(&self, problems: &mut Problems) -> Option<&'a str> {
        match &self.node.value {
            Value::String(text) => Some(text),
            _ => self.wrong_kind(problems, "a string"),
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, problems: &mut Problems, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.string(problems)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem = problems.value(self.node, &self.path, format_args!("must be one of: {}", all.join(", ")));
        if let Some(name) = nearest(text, all) {
            problem.help(format!("did you mean `{name}`?"));
        }
        None
    }

    pub fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        match &self.node.value {
            Value::Bool(value) => Some(*value),
            _ => self.wrong_kind(problems, "a boolean (true or false)"),
        }
    }

    /// A whole number in a range. `2.0` is one, as for Go's JSON after YAML; `"2"` is not.
    pub fn integer(&self, problems: &mut Problems, range: RangeInclusive<i64>) -> Option<i64> {
        let value = match &self.node.value {
            Value::Int(value) => *value,
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e18 => *value as i128,
            _ => return self.wrong_kind(problems, "an integer"),
        };
        match i64::try_from(value) {
            Ok(small) if range.contains(&small) => Some(small),
            _ if value < i128::from(*range.start()) => {
                self.refuse(problems, format_args!("must be at least {}", range.start()));
                None
            }
            _ => {
                self.refuse(problems, format_args!("must be at most {}", range.end()));
                None
            }
        }
    }

    /// A number, with or without decimals.
    pub fn number(&self, problems: &mut Problems, range: RangeInclusive<f64>) -> Option<f64> {
        let value = match &self.node.value {
            Value::Int(value) => *value as f64,
            Value::Float(value) => *value,
            _ => return self.wrong_kind(problems, "a number"),
        };
        self.in_range(problems, value, range)
    }

    /// A share: `99.95%`, or the number 0.9995.
    pub fn share(&self, problems: &mut Problems, range: RangeInclusive<f64>) -> Option<f64> {
        let value = match &self.node.value {
            Value::Int(value) => *value as f64,
            Value::Float(value) => *value,
            Value::String(text) => match text.strip_suffix('%').and_then(|digits| digits.trim().parse::<f64>().ok()) {
                // Through the text, so that 99.95% is exactly the number 0.9995.
                Some(percent) if percent.is_finite() => shifted(text.trim_end_matches('%').trim(), percent),
                _ => return self.wrong_kind(problems, "a share such as 99.95% or 0.9995"),
            },
            _ => return self.wrong_kind(problems, "a share such as 99.95% or 0.9995"),
        };
        self.in_range(problems, value, range)
    }

    fn in_range(&self, problems: &mut Problems, value: f64, range: RangeInclusive<f64>) -> Option<f64> {
        if range.contains(&value) {
            return Some(value);
        }
        if value < *range.start() {
            self.refuse(problems, format_args!("must be at least {}", range.start()));
        } else {
            self.refuse(problems, format_args!("must be at most {}", range.end()));
        }
        None
    }

    /// A span of time such as `5m` in one of our kinds.
    pub fn duration(&self, problems: &mut Problems, range: RangeInclusive<Duration>) -> Option<Duration> {
        let span = match &self.node.value {
            Value::String(text) => match durations::parse(text) {
                Ok(span) => span,
                Err(error) => {
                    self.refuse(problems, error);
                    return None;
                }
            },
            Value::Int(0) => Duration::ZERO,
            Value::Int(_) | Value::Float(_) => {
                problems.value(self.node, &self.path, "must have a unit (only 0 goes without)").help(format!(
                    "write {}s for seconds; units are {}",
                    self.node.shown(),
                    durations::UNITS
                ));
                return None;
            }
            _ => return self.wrong_kind(problems, "a duration such as 30s, 5m or 1h30m"),
        };
        if span < *range.start() {
            self.refuse(problems, format_args!("must be at least {}", durations::shown(*range.start())));
        } else if span > *range.end() {
            self.refuse(problems, format_args!("must be at most {}", durations::shown(*range.end())));
        } else {
            return Some(span);
        }
        None
    }

    /// A map whose keys are names, with the value of each.
    pub fn entries(&self, problems: &mut Problems) -> Option<Vec<(String, Item<'a>)>> {
        let Value::Map(entries) = &self.node.value else { return self.wrong_kind(problems, "a map") };
        let item = |entry: &'a Entry| Item { node: &entry.value, path: format!("{}.{}", self.path, entry.key) };
        Some(entries.iter().map(|entry| (entry.key.clone(), item(entry))).collect())
    }

    /// A map of strings to strings, such as labels.
    pub fn strings(&self, problems: &mut Problems) -> Option<BTreeMap<String, Item<'a>>> {
        let Value::Map(entries) = &self.node.value else { return self.wrong_kind(problems, "a map of strings") };
        let mut strings = BTreeMap::new();
        for entry in entries {
            let item = Item { node: &entry.value, path: format!("{}[{}]", self.path, entry.key) };
            if item.string(problems).is_some() {
                strings.insert(entry.key.clone(), item);
            }
        }
        Some(strings)
    }
}

/// A percentage as a share, by moving the decimal point: dividing by 100 would round twice.
fn shifted(digits: &str, percent: f64) -> f64 {
    format!("{digits}e-2").parse().unwrap_or(percent / 100.0)
}

impl<'a> Object<'a> {
    /// The value of a key, or `None` where it is absent or null (the API server treats them alike).
    pub fn get(&mut self, key: &'a str) -> Option<Item<'a>> {
        self.asked.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        (!entry.value.is_null()).then(|| Item { node: &entry.value, path: self.join(key) })
    }

    /// The value of a key that must be there.
    pub fn require(&mut self, key: &'a str, problems: &mut Problems) -> Option<Item<'a>> {
        let item = self.get(key);
        if item.is_none() {
            let mark = self.entries.iter().find(|entry| entry.key == key).map_or(self.mark, |entry| entry.key_mark);
            problems.error(mark, &self.join(key), "is missing");
        }
        item
    }

    /// The value of a key that must be there; the error says what to write.
    pub fn require_or(&mut self, key: &'a str, problems: &mut Problems, help: &str) -> Option<Item<'a>> {
        let before = problems.list.len();
        let item = self.require(key, problems);
        problems.list.iter_mut().skip(before).for_each(|problem| _ = problem.help(help));
        item
    }

    /// Whether a key is there and not null; does not count as asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key && !entry.value.is_null())
    }

    /// The value of a key that is checked and changes nothing; does not count as asking for it.
    pub fn peek(&self, key: &str) -> Option<Item<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == key && !entry.value.is_null())?;
        Some(Item { node: &entry.value, path: self.join(key) })
    }

    /// An error at a key that must not be there.
    pub fn forbid(&mut self, key: &'a str, problems: &mut Problems, rule: &str, help: &str) {
        self.asked.push(key);
        self.forbidden.push(key);
        if let Some(entry) = self.entries.iter().find(|entry| entry.key == key && !entry.value.is_null()) {
            problems.error(entry.key_mark, &self.join(key), rule).help(help);
        }
    }

    /// The keys as they are written.
    pub fn keys(&self) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter()
    }

    /// An error at this map.
    pub fn error(&self, problems: &mut Problems, message: impl Into<String>) {
        problems.error(self.mark, &self.path, message);
    }

    /// Warns of a field that is known, would matter and is not modelled.
    pub fn unmodelled(&mut self, problems: &mut Problems, key: &'a str, why: &str) {
        if let Some(item) = self.get(key) {
            let mark = self.entries.iter().find(|entry| entry.key == key).map_or(self.mark, |entry| entry.key_mark);
            let empty = match &item.node.value {
                Value::List(items) => items.is_empty(),
                Value::Map(entries) => entries.is_empty(),
                _ => false,
            };
            if !empty {
                problems.warn(mark, &item.path, format!("is not modelled: {why}"));
            }
        }
    }

    pub fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }

    /// Ends the reading. `without_effect` names fields that are known and change nothing in the model.
    pub fn finish(self, problems: &mut Problems, without_effect: &[&'a str]) {
        for entry in self.entries {
            let key = entry.key.as_str();
            if self.asked.contains(&key) {
                continue;
            }
            let path = self.join(key);
            let patched = problems.is_patch(entry.key_mark);
            if without_effect.contains(&key) {
                if patched {
                    problems.warn(entry.key_mark, &path, "has no effect in the model, so varying it changes nothing");
                }
                continue;
            }
            let is_allowed = |name: &&str| !self.forbidden.contains(name);
            let mut names: Vec<&str> =
                self.asked.iter().copied().filter(is_allowed).chain(without_effect.iter().copied()).collect();
            let problem = if self.ours || patched {
                problems.error(entry.key_mark, &path, "is not a field that is known here")
            } else {
                problems.warn(entry.key_mark, &path, "is not a field of this kind, the API server would drop it")
            };
            if let Some(name) = nearest(key, names.iter().copied()) {
                problem.help(format!("did you mean `{name}`?"));
            } else if self.ours {
                names.sort_unstable();
                names.dedup();
                problem.help(format!("known are: {}", names.join(", ")));
            }
        }
    }
}
