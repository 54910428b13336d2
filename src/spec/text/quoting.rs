//! Which lines of a file messages may show.
//!
//! In a pipeline that checks what outsiders send in, an experiment may name any file of the machine, a token or
//! `/etc/passwd`, and messages are public. So of a file that another one names only those lines are shown, and spoken of,
//! that belong to a document of a kind which hasim reads.

use std::ops::RangeInclusive;

use crate::spec::diagnostic::Problem;
use crate::spec::manifest;
use crate::spec::slo;
use crate::spec::tree::{Node, Value};

/// The lines of a file that may be shown.
#[derive(Debug)]
pub(in crate::spec) struct Lines(Vec<RangeInclusive<u32>>);

impl Lines {
    /// Those of the documents that hasim reads; and, where the text ends in an error before a document is complete, those of
    /// that document, if it names such a kind before the error.
    pub fn of(documents: &[Node], text: &str, problems: &[Problem]) -> Self {
        let flat = manifest::flatten(documents.to_vec());
        let is_read = |document: &&Node| {
            document.text("kind").is_some_and(manifest::may_be_read) || slo::format(document).is_some()
        };
        let known = flat.iter().filter(is_read);
        let mut lines: Vec<RangeInclusive<u32>> =
            known.map(|document| document.mark.line..=last_line(document)).collect();
        let complete = documents.iter().map(last_line).max().unwrap_or(0);
        let broken = problems.iter().map(|problem| problem.mark.line).filter(|&line| line > complete).max();
        if let Some(broken) = broken {
            let open = text.lines().take(broken as usize).skip(complete as usize);
            let names_kind = |line: &str| kind_in(line).is_some_and(manifest::may_be_read) || slo::begins_in(line);
            if open.into_iter().any(names_kind) {
                lines.push(complete + 1..=broken);
            }
        }
        Self(lines)
    }

    /// Whether none may be shown: the file is no manifest.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one may be shown.
    pub fn has(&self, line: u32) -> bool {
        self.0.iter().any(|lines| lines.contains(&line))
    }
}

/// The last line on which a value of this tree begins.
fn last_line(node: &Node) -> u32 {
    let below = match &node.value {
        Value::List(items) => items.iter().map(last_line).max(),
        Value::Map(entries) => entries.iter().map(|entry| last_line(&entry.value).max(entry.key_mark.line)).max(),
        _ => None,
    };
    below.unwrap_or(0).max(node.mark.line)
}

/// The kind that a line of YAML or JSON states.
fn kind_in(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(['-', ' ', '{', '\t']);
    let value = line.strip_prefix("kind:").or_else(|| line.strip_prefix("\"kind\":"))?;
    Some(value.trim_matches([' ', '"', '\'', ',', '\r']))
}

#[cfg(test)]
mod tests {
    use super::super::diagnostic::Problems;
    use super::super::tree::Sources;
    use super::super::yaml;
    use super::*;

    fn shown(text: &str) -> Vec<u32> {
        let (mut sources, mut problems) = (Sources::default(), Problems::default());
        let (_, documents) = yaml::read(&mut sources, "f", text.as_bytes(), &mut problems);
        let lines = Lines::of(&documents, text, &problems.list);
        (1..=text.lines().count() as u32).filter(|&line| lines.has(line)).collect()
    }

    #[test]
    fn lines_of_manifests_are_shown_and_no_others() {
        assert!(shown("root:x:0:0:root:/root:/bin/bash\nbin:x:1:1::/:/sbin/nologin\n").is_empty());
        assert!(shown("token: abc\n").is_empty());
        assert!(shown("kind: Secret\ndata:\n  a: b\n").is_empty());
        assert_eq!(shown("apiVersion: apps/v1\nkind: Deployment\nspec: {}\n"), [1, 2, 3]);
        // A misspelt kind is helped with.
        assert_eq!(shown("kind: Deploymnt\nspec: {}\n"), [1, 2]);
        assert_eq!(shown("kind: Secret\na: b\n---\nkind: Service\nc: d\n---\nkind: Config\ne: f\n"), [4, 5]);
        assert_eq!(shown("kind: List\nitems:\n- kind: Secret\n  a: b\n- kind: Node\n  c: d\n"), [5, 6]);
    }

    #[test]
    fn a_document_that_is_not_complete_counts_if_it_names_its_kind() {
        assert_eq!(shown("kind: Service\nspec: [\nx: y\n"), [1, 2]);
        assert!(shown("password: [\nx: y\n").is_empty());
        assert!(shown("kind: Secret\na: {\nb: c\n").is_empty());
        assert_eq!(shown("{\n\"kind\": \"Experiment\",\n\"a\": [\n"), [1, 2, 3]);
        assert_eq!(shown("kind: Secret\na: b\n---\nkind: App\nb: [\n\tc"), [3, 4, 5, 6]);
    }
}
