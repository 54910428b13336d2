//! What hasim writes for people to go on with, as YAML. The only module that calls the serializer.
//!
//! What hasim *reads* keeps the places of its values and goes another way; what it writes goes through serde, so that no text of
//! YAML is put together by hand, and whatever a name or a source holds is quoted as it must be.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value as Json;
use serde_yaml::{CommentPosition, FlowMap, FlowSeq, ser_options};

pub use serde_yaml::{Commented, SpaceAfter};

/// Columns of a comment.
const WIDTH: usize = 100;

/// The text of a file; [`Commented`] values have their comments in the line above.
///
/// # Panics
/// If a value has no YAML form, such as a map whose keys are maps.
pub fn document(value: &impl Serialize) -> String {
    let options = ser_options! { comment_position: CommentPosition::Above, compact_list_indent: false };
    let text = serde_yaml::to_string_with_options(value, options).expect("what is written has a YAML form");
    text.trim_end().to_owned() + "\n"
}

/// A value in one line, to paste: `{exponential: {mean: 30d}}`.
///
/// # Panics
/// Never: all JSON has a YAML form.
pub fn in_one_line(value: Json) -> String {
    serde_yaml::to_string(&FlowMap(value)).expect("JSON has a YAML form").trim_end().to_owned()
}

/// A field of a file that people change, with what they should know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// In sentences; a line of its own for each line.
    pub comment: String,
    /// The key.
    pub key: &'static str,
    /// The value: what is nested in it stands in one line, but for the entries of a list.
    pub value: Json,
}

/// Fields one below the other, each below its comment, so many levels deep.
pub fn fields(fields: &[Field], level: usize) -> String {
    let indent = "  ".repeat(level);
    let mut text = String::new();
    for field in fields {
        text += &comment(&field.comment, level);
        for line in document(&One(field.key, &field.value)).lines() {
            text += &format!("{indent}{line}\n");
        }
    }
    text
}

/// A comment, wrapped, so many levels deep.
pub fn comment(sentences: &str, level: usize) -> String {
    let head = format!("{}#", "  ".repeat(level));
    let mut text = String::new();
    for paragraph in sentences.lines() {
        let mut line = head.clone();
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line != head {
                text += &format!("{line}\n");
                line.clone_from(&head);
            }
            line += " ";
            line += word;
        }
        text += &format!("{line}\n");
    }
    text
}

/// A map with one key.
struct One<'a>(&'a str, &'a Json);

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.1 {
            Json::Array(items) if items.iter().any(Json::is_object) => {
                let entries: Vec<Entry<'_>> = items.iter().map(Entry).collect();
                map.serialize_entry(self.0, &entries)?;
            }
            value => map.serialize_entry(self.0, &Flat(value))?,
        }
        map.end()
    }
}

/// An entry of a list: its fields one below the other, each in one line.
struct Entry<'a>(&'a Json);

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Object(fields) => serializer.collect_map(fields.iter().map(|(key, value)| (key, Flat(value)))),
            value => Flat(value).serialize(serializer),
        }
    }
}

/// A value in one line.
struct Flat<'a>(&'a Json);

impl Serialize for Flat<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Object(_) => FlowMap(self.0).serialize(serializer),
            Json::Array(_) => FlowSeq(self.0).serialize(serializer),
            value => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Snapshot: comments above fields, what is nested in one line, and strings quoted where they must be.
    #[test]
    fn fields_stand_below_their_comments() {
        let all = [
            Field {
                comment: "How often.\nOr never.".to_owned(),
                key: "every",
                value: json!({"exponential": {"mean": "7d"}}),
            },
            Field { comment: "What: all.".to_owned(), key: "files", value: json!(["a b.yaml", "yes", "#c"]) },
            Field { comment: "Whom.".to_owned(), key: "list", value: json!([{"name": "on", "sizes": [1, 2]}]) },
        ];
        assert_eq!(
            fields(&all, 1),
            "  # How often.\n  # Or never.\n  every: {exponential: {mean: 7d}}\n  # What: all.\n  files: [a b.yaml, \"yes\", \
             \"#c\"]\n  # Whom.\n  list:\n    - name: \"on\"\n      sizes: [1, 2]\n"
        );
    }
}
