//! Names of scenarios: short, and different for different points of the grid.

use crate::spec::tree::{Entry, Node, Value};

/// A value in a name. Of a map only what differs among the values of its axis is shown.
pub(in crate::spec) fn shown(value: &Node, axis: &[Node]) -> String {
    let others: Vec<&Node> = axis.iter().filter(|other| matches!(other.value, Value::Map(_))).collect();
    let part = match &value.value {
        Value::Map(_) if others.len() > 1 => distinct(value, &others),
        _ => value.clone(),
    };
    let mut text = String::new();
    flow(&part, &mut text);
    Node { value: Value::String(text), mark: value.mark }.shown()
}

/// The entries of a map that are not the same in all of `others`.
fn distinct(value: &Node, others: &[&Node]) -> Node {
    let Value::Map(entries) = &value.value else { return value.clone() };
    let json = value.to_json();
    if others.iter().all(|other| other.to_json() == json) {
        return Node { value: Value::Map(Vec::new()), mark: value.mark };
    }
    let kept = entries.iter().filter_map(|entry| {
        let same: Vec<&Node> = others.iter().filter_map(|other| other.get(&entry.key)).collect();
        let json = entry.value.to_json();
        if same.len() == others.len() && same.iter().all(|other| other.to_json() == json) {
            return None;
        }
        let value = if same.len() == others.len() { distinct(&entry.value, &same) } else { entry.value.clone() };
        Some(Entry { key: entry.key.clone(), key_mark: entry.key_mark, value })
    });
    Node { value: Value::Map(kept.collect()), mark: value.mark }
}

/// YAML's flow style, without the quotes that nobody needs to tell values apart.
fn flow(node: &Node, text: &mut String) {
    match &node.value {
        Value::Map(entries) => {
            text.push('{');
            for (index, entry) in entries.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                text.push_str(&entry.key);
                text.push_str(": ");
                flow(&entry.value, text);
            }
            text.push('}');
        }
        Value::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                flow(item, text);
            }
            text.push(']');
        }
        _ => text.push_str(&node.shown()),
    }
}
