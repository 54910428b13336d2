//! Command-line overrides of the experiment file. They are put into the document before anything is read, so
//! that they are checked and written down with the inputs like everything else.

use crate::spec::tree::{Entry, Node, Value};

/// Command-line overrides of the experiment file; none by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Another seed.
    pub seed: Option<u64>,
    /// A number of replications, instead of the one, the precision or the selection that the file asks for.
    pub replications: Option<u64>,
    /// The container that serves.
    pub container: Option<String>,
}

impl Overrides {
    /// Puts them into the document of an experiment.
    pub(in crate::spec) fn put_into(self, experiment: &mut Node) {
        let Some(spec) = entries(experiment).and_then(|fields| fields.iter_mut().find(|field| field.key == "spec"))
        else {
            return;
        };
        let mark = spec.value.mark;
        let Some(fields) = entries(&mut spec.value) else { return };
        let mut set = |key: &str, value: Value| {
            fields.retain(|field| field.key != key);
            fields.push(Entry { key: key.to_string(), key_mark: mark, value: Node { value, mark } });
        };
        if let Some(seed) = self.seed {
            set("seed", Value::Int(seed.into()));
        }
        if let Some(container) = self.container {
            set("container", Value::String(container));
        }
        if let Some(replications) = self.replications {
            set("replications", Value::Int(replications.into()));
            fields.retain(|field| !["precision", "select"].contains(&field.key.as_str()));
        }
    }
}

fn entries(node: &mut Node) -> Option<&mut Vec<Entry>> {
    match &mut node.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}
