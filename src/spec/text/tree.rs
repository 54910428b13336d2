//! What a file says, before anybody asks what it means: a tree of values, each with its place.
//!
//! Everything is read from this tree rather than through serde: so every message
//! has a line and a column, all errors of a file appear at once, a quoted number
//! stays a string as for the API server, and a grid can change the document before
//! it is validated.

use serde_json::Value as Json;

use crate::spec::quoting::Lines;

/// A place in one of the [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::spec) struct Mark {
    /// Which file.
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Mark {
    /// The beginning of a file.
    pub const fn start_of(file: u32) -> Self {
        Self { file, line: 1, column: 1 }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Node {
    pub value: Value,
    pub mark: Mark,
}

/// A value as JSON knows it, with integers apart from floats.
#[derive(Debug, Clone)]
pub(in crate::spec) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map, in the order of the file.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Entry {
    pub key: String,
    pub key_mark: Mark,
    pub value: Node,
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The text of a key, if it is there and a string.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key).map(|node| &node.value) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// True for `null` and for nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The value as JSON, without places.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(small), _) => small.into(),
                (_, Ok(large)) => large.into(),
                _ => Json::from(*value as f64),
            },
            Value::Float(value) => Json::from(*value),
            Value::String(text) => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect())
            }
        }
    }

    /// A value that no file has, at this place.
    pub fn of_json(json: &Json, mark: Mark) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Value::Int(value.into()),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::String(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(|item| Self::of_json(item, mark)).collect()),
            Json::Object(fields) => {
                let entry = |(key, value): (&String, &Json)| Entry {
                    key: key.clone(),
                    key_mark: mark,
                    value: Self::of_json(value, mark),
                };
                Value::Map(fields.iter().map(entry).collect())
            }
        };
        Self { value, mark }
    }

    /// The value in one short line, for messages and names of scenarios.
    pub fn shown(&self) -> String {
        const LONGEST: usize = 60;
        let text = match &self.value {
            Value::String(text) => text.clone(),
            _ => self.to_json().to_string(),
        };
        if text.chars().count() <= LONGEST {
            return text.replace(char::is_control, " ");
        }
        let head: String = text.chars().take(LONGEST - 1).collect();
        head.replace(char::is_control, " ") + "…"
    }
}

impl Value {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a number with decimals",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// The files that were read: names and text, for messages.
#[derive(Debug, Default)]
pub(in crate::spec) struct Sources {
    files: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    name: String,
    text: String,
    /// The lines that messages may show, where not all.
    shown: Option<Lines>,
}

impl Sources {
    /// Adds a file and gives its number.
    pub fn add(&mut self, name: &str, text: String) -> u32 {
        self.files.push(Source { name: name.to_string(), text, shown: None });
        self.files.len() as u32 - 1
    }

    /// Name of a file.
    pub fn name(&self, file: u32) -> &str {
        self.files.get(file as usize).map_or("", |file| &file.name)
    }

    /// Text of a file.
    pub fn text(&self, file: u32) -> &str {
        self.files.get(file as usize).map_or("", |file| &file.text)
    }

    /// Limits what messages may show of a file.
    pub fn show_only(&mut self, file: u32, lines: Lines) {
        self.files[file as usize].shown = Some(lines);
    }

    /// Whether a message may speak of what stands at a place.
    pub fn may_show(&self, mark: Mark) -> bool {
        let shown = self.files.get(mark.file as usize).and_then(|file| file.shown.as_ref());
        shown.is_none_or(|lines| lines.has(mark.line))
    }

    /// The line at a place, for the excerpt under a message.
    pub fn line(&self, mark: Mark) -> Option<&str> {
        self.text(mark.file).lines().nth((mark.line as usize).checked_sub(1)?)
    }
}
