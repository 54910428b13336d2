//! The numbers of a document, each with the path of `vary` that leads to it.

use crate::durations;
use crate::spec::law::TAGS;
use crate::spec::tree::{Entry, Node, Value};

/// A number, a span of time or a share; or what is said of one that is not known.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Leaf<'a> {
    /// Such as `faults.container-hang.every.exponential.mean`.
    pub key: String,
    pub node: &'a Node,
    /// It is the parameter of a law, and may be uncertain.
    pub is_parameter: bool,
}

/// All leaves below `node`. Observed values are none: they are data.
pub(in crate::spec) fn walk<'a>(node: &'a Node, key: &str, leaves: &mut Vec<Leaf<'a>>) {
    match &node.value {
        Value::Map(entries) => match entries.as_slice() {
            [entry] if TAGS.contains(&entry.key.as_str()) => law(entry, key, leaves),
            _ => entries.iter().for_each(|entry| walk(&entry.value, &format!("{key}.{}", entry.key), leaves)),
        },
        Value::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{key}[{index}]"), leaves));
        }
        _ => leaves.push(Leaf { key: key.to_string(), node, is_parameter: false }),
    }
}

/// The parameters of a law.
fn law<'a>(law: &'a Entry, key: &str, leaves: &mut Vec<Leaf<'a>>) {
    let key = format!("{key}.{}", law.key);
    let parameter = |key, node| Leaf { key, node, is_parameter: true };
    match (law.key.as_str(), &law.value.value) {
        ("empirical", _) => {}
        ("fixed", _) => leaves.push(parameter(key, &law.value)),
        ("mixture", Value::List(parts)) => {
            for (index, part) in parts.iter().enumerate() {
                let Value::Map(entries) = &part.value else { continue };
                for entry in entries {
                    if entry.key == "weight" {
                        leaves.push(parameter(format!("{key}[{index}].weight"), &entry.value));
                    } else {
                        self::law(entry, &format!("{key}[{index}]"), leaves);
                    }
                }
            }
        }
        (_, Value::Map(entries)) => {
            leaves.extend(entries.iter().map(|entry| parameter(format!("{key}.{}", entry.key), &entry.value)));
        }
        _ => {}
    }
}

/// What a node says as a number: seconds of a span, a share, or the number itself.
pub(in crate::spec) fn number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        Value::String(text) => match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
            None => durations::parse(text).ok().map(crate::time::Duration::as_secs_f64),
        },
        _ => None,
    }
}

/// The node with its number multiplied, written as it was: spans in their unit, shares in percent.
pub(in crate::spec) fn scaled(node: &Node, factor: f64) -> Option<Node> {
    let value = match &node.value {
        Value::Int(value) => Value::Float(nine_digits(*value as f64 * factor)),
        Value::Float(value) => Value::Float(nine_digits(value * factor)),
        Value::String(text) => {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let number = text[..text.len() - unit.len()].parse::<f64>();
            let is_one = unit.trim() == "%" || !unit.contains(|c: char| c.is_ascii_digit());
            Value::String(match number {
                Ok(number) if is_one => format!("{}{unit}", nine_digits(number * factor)),
                _ => {
                    let secs = durations::parse(text).ok()?.as_secs_f64() * factor;
                    durations::shown(crate::time::Duration::from_secs_f64(secs))
                }
            })
        }
        _ => return None,
    };
    Some(Node { value, mark: node.mark })
}

/// So that 18 × 1.1 is 19.8.
fn nine_digits(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tree::Mark;

    #[test]
    fn a_number_is_scaled_in_its_own_unit() {
        let scaled = |value, factor| {
            let node = Node { value, mark: Mark::start_of(0) };
            scaled(&node, factor).map(|node| node.shown())
        };
        let text = |text: &str| Value::String(text.to_string());
        assert_eq!(scaled(text("18s"), 1.1).as_deref(), Some("19.8s"));
        assert_eq!(scaled(text("30d"), 0.9).as_deref(), Some("27d"));
        assert_eq!(scaled(text("1h30m"), 1.1).as_deref(), Some("99m"));
        assert_eq!(scaled(text("0.1%"), 1.1).as_deref(), Some("0.11%"));
        assert_eq!(scaled(Value::Float(0.3), 1.1).as_deref(), Some("0.33"));
        assert_eq!(scaled(text("crash"), 1.1), None);
    }
}
