//! Names, labels and selectors: their syntax, and what they match.
//! Follows `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go` and `.../pkg/labels/selector.go`.

use std::collections::BTreeMap;
use std::fmt;

use crate::spec::diagnostic::Problems;
use crate::spec::reader::Item;

/// Labels of a Pod or a Node.
pub(in crate::spec) type Labels = BTreeMap<String, String>;

/// `topology.kubernetes.io/zone`.
pub(in crate::spec) const ZONE: &str = "topology.kubernetes.io/zone";
/// `topology.kubernetes.io/region`.
pub(in crate::spec) const REGION: &str = "topology.kubernetes.io/region";
/// `kubernetes.io/hostname`.
pub(in crate::spec) const HOSTNAME: &str = "kubernetes.io/hostname";

/// All of its requirements must hold; without any it matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::spec) struct Selector {
    pub requirements: Vec<Requirement>,
}

/// What one label must be.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::spec) struct Requirement {
    pub key: String,
    pub operator: Operator,
    pub values: Vec<String>,
}

/// How a requirement compares. `Gt` and `Lt` exist for Nodes only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

const POD_OPERATORS: [(&str, Operator); 4] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
];
const NODE_OPERATORS: [(&str, Operator); 6] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
    ("Gt", Operator::Gt),
    ("Lt", Operator::Lt),
];

impl Selector {
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.holds(labels.get(&requirement.key)))
    }

    /// A selector for exactly these labels.
    pub fn of_labels(labels: &Labels) -> Self {
        let requirements = labels.iter().map(|(key, value)| Requirement {
            key: key.clone(),
            operator: Operator::In,
            values: vec![value.clone()],
        });
        Self { requirements: requirements.collect() }
    }
}

/// As a manifest's author would say it: `disk In [ssd, nvme]`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator =
            NODE_OPERATORS.iter().find(|(_, operator)| *operator == self.operator).map_or("", |(word, _)| word);
        write!(f, "{} {operator}", self.key)?;
        if self.values.is_empty() { Ok(()) } else { write!(f, " [{}]", self.values.join(", ")) }
    }
}

impl Requirement {
    pub fn holds(&self, value: Option<&String>) -> bool {
        let number = |text: &String| text.parse::<i64>().ok();
        let bound = self.values.first().and_then(number);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => value.and_then(number).zip(bound).is_some_and(|(value, bound)| value > bound),
            Operator::Lt => value.and_then(number).zip(bound).is_some_and(|(value, bound)| value < bound),
        }
    }
}

/// Reads `{matchLabels, matchExpressions}`.
pub(in crate::spec) fn read_selector(item: &Item<'_>, problems: &mut Problems) -> Option<Selector> {
    let mut object = item.object(problems)?;
    let mut selector = Selector::default();
    if let Some(labels) = object.get("matchLabels").and_then(|labels| read_labels(&labels, problems)) {
        selector = Selector::of_labels(&labels);
    }
    if let Some(expressions) = object.get("matchExpressions").and_then(|list| list.list(problems)) {
        for expression in expressions {
            selector.requirements.extend(read_requirement(&expression, problems, &POD_OPERATORS));
        }
    }
    object.finish(problems, &[]);
    Some(selector)
}

/// Reads one of a Node's `matchExpressions`.
pub(in crate::spec) fn read_node_requirement(item: &Item<'_>, problems: &mut Problems) -> Option<Requirement> {
    read_requirement(item, problems, &NODE_OPERATORS)
}

fn read_requirement(
    item: &Item<'_>,
    problems: &mut Problems,
    operators: &[(&'static str, Operator)],
) -> Option<Requirement> {
    let mut object = item.object(problems)?;
    let key = object.require("key", problems);
    if let Some(key) = &key {
        check_label_key(key, problems);
    }
    let operator = object.require("operator", problems).and_then(|word| word.word(problems, operators));
    let values_item = object.get("values");
    object.finish(problems, &[]);
    let values: Vec<String> = values_item
        .as_ref()
        .and_then(|values| values.list(problems))
        .unwrap_or_default()
        .iter()
        .filter_map(|value| value.string(problems).map(str::to_string))
        .collect();
    let (key, operator) = (key?.string(problems)?.to_string(), operator?);
    let rule = match operator {
        Operator::In | Operator::NotIn if values.is_empty() => "must have values with operator In or NotIn",
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            "must not have values with operator Exists or DoesNotExist"
        }
        Operator::Gt | Operator::Lt if values.len() != 1 || values[0].parse::<i64>().is_err() => {
            "must have one integer as value with operator Gt or Lt"
        }
        _ => return Some(Requirement { key, operator, values }),
    };
    let mark = values_item.map_or(item.mark(), |values| values.mark());
    problems.error(mark, &format!("{}.values", item.path), rule);
    None
}

/// Reads labels and checks their syntax.
pub(in crate::spec) fn read_labels(item: &Item<'_>, problems: &mut Problems) -> Option<Labels> {
    let mut labels = Labels::new();
    for (key, value) in item.strings(problems)? {
        if let Some(rule) = label_key_rule(&key) {
            problems.error(value.mark(), &value.path, format!("has the key `{key}`, {rule}"));
        }
        let text = value.string(problems).unwrap_or_default();
        if !is_label_value(text) {
            value.refuse(
                problems,
                "must be a label value: at most 63 letters, digits, `-`, `_` or `.`, first and last a letter or digit",
            );
        }
        labels.insert(key, text.to_string());
    }
    Some(labels)
}

/// Checks a field that holds a label key.
pub(in crate::spec) fn check_label_key(item: &Item<'_>, problems: &mut Problems) {
    if let Some(rule) = item.string(problems).and_then(label_key_rule) {
        item.refuse(problems, rule);
    }
}

/// What is wrong with a label key, or with another name that follows the same rule, if anything is.
pub(in crate::spec) fn label_key_rule(key: &str) -> Option<&'static str> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if name.is_empty() || !is_label_value(name) || prefix.is_some_and(|prefix| !is_subdomain(prefix)) {
        Some(
            "must be a label key: a name of at most 63 letters, digits, `-`, `_` or `.`, after an optional DNS name and `/`",
        )
    } else {
        None
    }
}

fn is_label_value(text: &str) -> bool {
    let ends = |c: Option<u8>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        && ends(text.bytes().next())
        && ends(text.bytes().next_back())
}

/// A DNS-1123 label: lower-case letters, digits and `-`.
pub(in crate::spec) fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-')
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

/// A DNS-1123 subdomain: parts of lower-case letters, digits and `-` joined by `.`, as most names of objects are.
pub(in crate::spec) fn is_subdomain(text: &str) -> bool {
    let ends = |c: Option<u8>| c.is_some_and(|c| c != b'-');
    text.len() <= 253
        && text.split('.').all(|part| {
            part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
                && ends(part.bytes().next())
                && ends(part.bytes().next_back())
        })
}

/// Checks a name of an object or a container.
pub(in crate::spec) fn check_name(item: &Item<'_>, problems: &mut Problems, is_label: bool) {
    let Some(text) = item.string(problems) else { return };
    if is_label && !is_dns_label(text) {
        item.refuse(problems, "must be at most 63 lower-case letters, digits or `-`, first and last a letter or digit");
    } else if !is_label && !is_subdomain(text) {
        item.refuse(
            problems,
            "must be lower-case letters, digits, `-` or `.`, first and last a letter or digit of each part",
        );
    }
}
