//! Where a path leads in documents that a scenario has changed.

use crate::spec::tree::{Mark, Node, Value};
use crate::spec::vary::{self, Step};

/// Where a path leads, or would lead: the deepest place on the way that is there. What a scenario has put there stands in
/// the experiment; all else where it is written.
pub(in crate::spec) fn place([written, document]: [&Node; 2], path: &str) -> Mark {
    let steps = vary::parse(path).unwrap_or_default();
    let (there, deepest) = walk(document, &steps);
    let (_, as_written) = walk(written, &steps[..there]);
    if deepest.value == as_written.value { as_written.shown } else { deepest.value }
}

/// The last place on a way.
struct Place {
    /// The place of the value.
    value: Mark,
    /// Where people look for it: a map begins in the line after its key, where nobody does.
    shown: Mark,
}

/// Goes as far as it leads: how many steps, and to what place.
fn walk(document: &Node, steps: &[Step]) -> (usize, Place) {
    let (mut node, mut place) = (document, Place { value: document.mark, shown: document.mark });
    for (index, step) in steps.iter().enumerate() {
        let Some(next) = vary::step(node, step) else { return (index, place) };
        let key = match (&node.value, step) {
            (Value::Map(entries), Step::Key(key)) => entries.iter().find(|entry| entry.key == *key),
            _ => None,
        };
        let is_nested = matches!(next.value, Value::Map(_) | Value::List(_));
        let shown = key.filter(|_| is_nested).map_or(next.mark, |entry| entry.key_mark);
        (node, place) = (next, Place { value: next.mark, shown });
    }
    (steps.len(), place)
}
