//! Texts of a manifest that change nothing here and that the API server checks all the same: commands, environment and
//! annotations. In YAML an unquoted number or boolean is no text, which it refuses.

use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object};

/// Where the value of a variable may come from.
const SOURCES: [&str; 5] = ["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"];

/// Checks the annotations of an object's metadata.
pub(in crate::spec) fn check_annotations(metadata: &Object<'_>, problems: &mut Problems) {
    if let Some(annotations) = metadata.peek("annotations") {
        let _ = annotations.strings(problems);
    }
}

/// Checks the command and the environment of a container.
pub(in crate::spec) fn check_process(container: &Object<'_>, problems: &mut Problems) {
    for key in ["command", "args"] {
        for word in items(container, key, problems) {
            let _ = word.string(problems);
        }
    }
    if let Some(folder) = container.peek("workingDir") {
        let _ = folder.string(problems);
    }
    for variable in items(container, "env", problems) {
        check_variable(&variable, problems);
    }
}

/// The items of a list that are there.
fn items<'a>(object: &Object<'a>, key: &str, problems: &mut Problems) -> Vec<Item<'a>> {
    let list = object.peek(key).and_then(|list| list.list(problems)).unwrap_or_default();
    list.into_iter().filter(|item| !item.node.is_null()).collect()
}

/// Follows `validateEnv` and `validateEnvVarValueFrom`.
fn check_variable(item: &Item<'_>, problems: &mut Problems) {
    let Some(mut variable) = item.object(problems) else { return };
    let name = variable.require("name", problems);
    if let Some(name) = name
        && name.string(problems).is_some_and(|text| text.is_empty() || text.contains('='))
    {
        name.refuse(problems, "must be the name of a variable, without `=`");
    }
    let value = variable.get("value").filter(|value| value.string(problems).is_some_and(|text| !text.is_empty()));
    let source = variable.get("valueFrom");
    variable.finish(problems, &[]);
    let Some(source) = source else { return };
    if let Some(value) = value {
        let message = format!("must not be set beside value, which is {}", value.node.shown());
        problems.error(source.mark(), &source.path, message).help("keep one of the two");
    }
    let Some(mut object) = source.object(problems) else { return };
    let stated = SOURCES.iter().filter(|key| object.get(key).is_some()).count();
    object.finish(problems, &[]);
    if stated != 1 {
        let message = format!("names {stated} sources, must name exactly one of: {}", SOURCES.join(", "));
        problems.error(source.mark(), &source.path, message);
    }
}
