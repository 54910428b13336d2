//! The JSON Schema of hasim's own kinds, for editors: they complete and explain fields, and mark what is wrong.
//!
//! The readers beside this module are what counts: they know rules that no schema can say, and places. The schema is a
//! second description of the same files, written as data with the readers' own constants and defaults. `tests/program/schema.rs`
//! holds the two together: field by field what a reader knows is in the schema and the reverse, and what the schema
//! refuses the reader refuses.
//!
//! The dialect is draft-07, which the language servers for YAML know best. Where a value may have several types, one flat
//! schema says so: of alternatives (`anyOf`) editors complete and report less well. `if` and `then` dispatch on `kind`.

#[cfg(test)]
mod agreement_tests;
mod app;
mod cluster;
mod experiment;
mod fault;
mod incidents;
mod law;
mod operations;
mod traffic;
mod value;

use serde_json::{Map, Value, json};

use crate::study::API_VERSION;
use value::{object, text, word};

/// A kind, what it is, and the schema of its `spec`.
type Kind = (&'static str, &'static str, fn() -> Value);

/// Every kind that has a schema, in the order in which one meets them.
const KINDS: [Kind; 7] = [
    ("Experiment", "The question: which system, what is varied, how long, how sure.", experiment::spec),
    ("App", "How a container of the application behaves: its start, its end, its health endpoint.", app::spec),
    ("Cluster", "Where the Nodes are, the control plane's timings, the environment's latencies.", cluster::spec),
    ("FaultModel", "What breaks, how often, for how long, and who sees it.", fault::spec),
    ("Operations", "Changes that are made on purpose, and how often.", operations::spec),
    ("Traffic", "How many requests come, by the hour of the week.", traffic::spec),
    ("Incidents", "What was counted and timed, for `hasim calibrate`.", incidents::spec),
];

/// The names of the kinds that have a schema.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, ..)| *name)
}

/// One schema for documents of every kind.
pub fn all() -> Value {
    let names: Vec<(&str, &str)> = KINDS.iter().map(|(name, what, _)| (*name, *what)).collect();
    let dispatch: Vec<Value> = kinds()
        .map(|name| {
            json!({
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": format!("#/definitions/{name}")},
            })
        })
        .collect();
    let mut definitions: Map<String, Value> = KINDS.iter().map(|kind| (kind.0.to_owned(), document(kind))).collect();
    definitions.extend(shared());
    json!({
        "$schema": DIALECT,
        "title": API_VERSION,
        "description": "A document of hasim. Its kind says what it holds.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": version(),
            "kind": word("What the document holds.", &names),
        },
        "allOf": dispatch,
        "definitions": definitions,
    })
}

/// The schema for documents of one kind, in whatever case it is written; `None` if there is no such kind.
pub fn of_kind(name: &str) -> Option<Value> {
    let kind = KINDS.iter().find(|kind| kind.0.eq_ignore_ascii_case(name))?;
    let mut schema = json!({"$schema": DIALECT, "title": format!("{API_VERSION} {name}")});
    let Value::Object(fields) = &mut schema else { return None };
    if let Value::Object(own) = document(kind) {
        fields.extend(own);
    }
    fields.insert("definitions".to_owned(), Value::Object(shared().into_iter().collect()));
    Some(schema)
}

/// The text of a schema, as it is printed and kept in the repository.
pub fn render(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).expect("a JSON value has a text") + "\n"
}

const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

fn version() -> Value {
    json!({"description": "The version of the format.", "const": API_VERSION})
}

/// A whole document of a kind.
fn document((name, what, spec): &Kind) -> Value {
    object(
        what,
        &["apiVersion", "kind", "metadata", "spec"],
        [
            ("apiVersion", version()),
            ("kind", json!({"description": what, "const": name})),
            ("metadata", metadata()),
            ("spec", spec()),
        ],
    )
}

/// As for the API server: what is unknown in it is no error.
fn metadata() -> Value {
    let label = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let labels = |what: &str| {
        let mut labels = json!({"description": what});
        labels.as_object_mut().into_iter().for_each(|map| map.extend(label.as_object().cloned().unwrap_or_default()));
        labels
    };
    json!({
        "description": "As in every Kubernetes object.",
        "type": "object",
        "properties": {
            "name": text("The name: lower-case letters, digits, `-` and `.`. That of an Experiment is that of its folder in output/."),
            "namespace": text("The namespace. It means nothing to hasim."),
            "labels": labels("Labels. They mean nothing to hasim here."),
            "generateName": text("The beginning of the name, which is then made up."),
            "annotations": {
                "description": "Annotations. They mean nothing to hasim.",
                "type": "object",
                "additionalProperties": {"type": "string"},
            },
        },
        "anyOf": [{"required": ["name"]}, {"required": ["generateName"]}],
    })
}

/// What more than one place refers to.
fn shared() -> Vec<(String, Value)> {
    let shared: [(&str, Value); 8] = [
        ("fault", fault::fault()),
        ("operation", operations::operation()),
        ("scriptEntry", fault::script_entry()),
        ("requirement", experiment::requirement()),
        ("law", law::law()),
        ("mixture", law::mixture()),
        ("uncertainDuration", law::uncertain_duration()),
        ("uncertainNumber", law::uncertain_number()),
    ];
    shared.map(|(name, schema)| (name.to_owned(), schema)).into()
}
