//! The small schemas that all others are made of: what [`Item`](super::super::reader::Item) reads.

use serde_json::{Map, Value, json};

use crate::durations::UNITS;

/// A map of ours: what is not among its fields is an error.
pub fn object<'f>(what: &str, required: &[&str], fields: impl IntoIterator<Item = (&'f str, Value)>) -> Value {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut schema = json!({
        "description": what,
        "type": "object",
        "properties": fields,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Text of any kind.
pub fn text(what: &str) -> Value {
    json!({"description": what, "type": "string"})
}

/// True or false.
pub fn flag(what: &str) -> Value {
    json!({"description": what, "type": "boolean"})
}

/// The name of a file, relative to the one that names it.
pub fn file(what: &str) -> Value {
    json!({"description": what, "type": "string", "pattern": "\\S"})
}

/// One of a few words, each with its meaning.
pub fn word(what: &str, words: &[(&str, &str)]) -> Value {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let meanings: Vec<&str> = words.iter().map(|(_, meaning)| *meaning).collect();
    json!({"description": what, "type": "string", "enum": names, "enumDescriptions": meanings})
}

/// A whole number in a range, without quotes.
pub fn integer(what: &str, least: i64, most: i64) -> Value {
    json!({"description": what, "type": "integer", "minimum": least, "maximum": most})
}

/// A number in a range.
pub fn number(what: &str, least: f64, most: f64) -> Value {
    json!({"description": what, "type": "number", "minimum": tidy(least), "maximum": tidy(most)})
}

/// A share such as `99.95%` or 0.9995.
pub fn share(what: &str, least: f64, most: f64) -> Value {
    json!({
        "description": what,
        "type": ["string", "number"],
        "pattern": "^\\s*\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*%$",
        "patternErrorMessage": "must be a share such as 99.95% or 0.9995",
        "minimum": tidy(least),
        "maximum": tidy(most),
    })
}

/// A span of time such as `1h30m`; a bare 0 goes without a unit.
pub fn duration(what: &str) -> Value {
    let mut schema = json!({"description": what, "type": ["string", "integer"]});
    span(&mut schema);
    schema
}

/// Adds what holds for the text and the number of a schema that also is a span of time.
pub fn span(schema: &mut Value) {
    let units = UNITS.replace(", ", "|");
    let number = r"([0-9]+\.?[0-9]*|\.[0-9]+)";
    let next = r"(\s*[0-9]+\.?[0-9]*|\s+\.[0-9]+)";
    schema["pattern"] = json!(format!(r"^\s*{number}({units})({next}({units}))*\s*$|^0$"));
    schema["patternErrorMessage"] = json!(format!("must be a duration such as 30s, 5m or 1h30m (units: {UNITS})"));
    schema["if"] = json!({"type": "number"});
    schema["then"] = json!({"const": 0, "errorMessage": "must have a unit, such as 5s (only 0 goes without)"});
}

/// A schema whose default is the value that holds where nothing is written.
pub fn or(default: impl Into<Value>, mut schema: Value) -> Value {
    schema["default"] = default.into();
    schema
}

/// With values to choose from or to learn from. Editors can show only plain examples: others become snippets, each under
/// the text that it writes.
pub fn such_as(examples: Value, mut schema: Value) -> Value {
    let Value::Array(examples) = examples else { return schema };
    let (snippets, plain): (Vec<Value>, Vec<Value>) =
        examples.into_iter().partition(|example| example.is_object() || example.is_array());
    if !plain.is_empty() {
        schema["examples"] = json!(plain);
    }
    if !snippets.is_empty() {
        let snippets: Vec<Value> =
            snippets.into_iter().map(|body| json!({"label": flow(&body), "body": body})).collect();
        schema["defaultSnippets"] = json!(snippets);
    }
    schema
}

/// A value as one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list of such elements, at least one.
pub fn some(what: &str, items: Value) -> Value {
    let mut schema = list(what, items);
    schema["minItems"] = json!(1);
    schema
}

/// A list of such elements, perhaps none.
pub fn list(what: &str, items: Value) -> Value {
    let mut schema = json!({"description": what, "type": "array"});
    schema["items"] = items;
    schema
}

/// What a definition says, with words of its own. Beside a `$ref` draft-07 ignores everything.
pub fn refer(definition: &str, what: &str) -> Value {
    json!({"description": what, "allOf": [{"$ref": format!("#/definitions/{definition}")}]})
}

/// Fields of which not more than one may be given: those after the first are refused.
pub fn at_most_one(fields: &[&str]) -> Vec<Value> {
    let pairs = fields.iter().enumerate().flat_map(|(i, one)| fields[i + 1..].iter().map(move |other| (one, other)));
    pairs
        .map(|(one, other)| json!({"if": {"required": [one, other]}, "then": {"properties": {*other: false}}}))
        .collect()
}

/// Exactly one of the fields must be given.
pub fn exactly_one(fields: &[&str]) -> Vec<Value> {
    fields.iter().map(|field| json!({"required": [field]})).collect()
}

/// Whole numbers without a decimal point.
fn tidy(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}
