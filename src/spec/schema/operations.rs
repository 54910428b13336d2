//! `spec` of `Operations`, and an operation.

use serde_json::{Value, json};

use super::fault::{deployments, name};
use super::value::{duration, list, object, or, refer, share, such_as, text, word};
use crate::durations;
use crate::spec::operations::UNCORDON_AFTER_SECS;
use crate::time::Duration;

/// What `Operations` may say.
pub fn spec() -> Value {
    let operations = list("The operations; each name once.", json!({"$ref": "#/definitions/operation"}));
    object("Changes that are made on purpose.", &["operations"], [("operations", operations)])
}

/// A change that comes again and again.
pub fn operation() -> Value {
    let every = refer("law", "The time between two of them; its mean must be at least 1m.");
    let mut schema = object(
        "A change that is made on purpose.",
        &["name", "kind", "every"],
        [
            ("name", name("Its name in the results and in paths of `vary`. Not `probe` or `start`.")),
            ("kind", kind()),
            ("every", such_as(json!([{"exponential": {"mean": "7d"}}]), every)),
            ("image", image()),
            ("bad", bad()),
            ("deployments", deployments("Of several Deployments, which get it; all, each by itself, if left out.")),
            ("node", node()),
            ("timeout", timeout()),
            ("uncordonAfter", uncordon_after()),
            ("source", or("assumption", text("Where the numbers come from."))),
        ],
    );
    schema["allOf"] = json!([own_fields("kind")]);
    schema
}

/// Each kind has fields of its own; the key says which kind it is.
pub fn own_fields(key: &str) -> Value {
    let is_drain = json!({"properties": {key: {"const": "drain"}}, "required": [key]});
    json!({
        "if": is_drain,
        "then": {"properties": {"image": false, "bad": false, "deployments": false}},
        "else": {"properties": {"node": false, "timeout": false, "uncordonAfter": false}},
    })
}

/// Which Node is drained.
pub fn node() -> Value {
    text(
        "Of a drain: the Node of this name. Left out: the Nodes take turns, in an order that is drawn for each replication.",
    )
}

/// When a drain gives up.
pub fn timeout() -> Value {
    such_as(json!(["10m"]), duration("Of a drain: after how long it gives up (V14); left out: never. At least 1s."))
}

/// When a Node takes Pods again.
pub fn uncordon_after() -> Value {
    or(
        durations::shown(Duration::from_secs_f64(UNCORDON_AFTER_SECS)),
        refer("law", "Of a drain: how long after its end, good or bad, the Node takes Pods again."),
    )
}

/// What is done.
pub fn kind() -> Value {
    word(
        "What is done.",
        &[
            ("rollout", "A new revision of the Pod template, rolled out as the manifest's strategy says."),
            ("drain", "`kubectl drain` of a Node: cordon, evictions as PodDisruptionBudgets allow them, uncordon."),
        ],
    )
}

/// Which rollouts bring a bad revision.
pub fn bad() -> Value {
    let kinds = [
        ("never-ready", "The process starts, and answers nobody: it never becomes Ready."),
        ("crash-loop", "The process exits where it should serve."),
        ("ready-and-wrong", "Its probes succeed, and all its requests fail."),
        ("slow-poison", "It serves, and exits after the time `crashesAfter`, again and again."),
    ];
    let mut schema = object(
        "Some rollouts bring a revision that is bad, until it is noticed and the revision before is rolled out again.",
        &["share", "kinds", "noticed"],
        [
            ("share", share("So many of the rollouts.", 0.0, 1.0)),
            ("kinds", list("How it is bad: one of these, each as often as the others.", word("How.", &kinds))),
            ("noticed", refer("law", "Time from the beginning of the rollout until the rollback begins.")),
            ("crashesAfter", refer("law", "Of `slow-poison`: how long each process serves before it exits.")),
        ],
    );
    // How long it serves belongs to the one kind that serves for a time.
    let has_poison = json!({"properties": {"kinds": {"contains": {"const": "slow-poison"}}}});
    let has_time = json!({"required": ["crashesAfter"]});
    schema["anyOf"] = json!([{"allOf": [has_poison, has_time]}, {"not": {"anyOf": [has_poison, has_time]}}]);
    schema
}

/// Whether a rollout brings a new image.
pub fn image() -> Value {
    let words = [("new", "No Node has it yet: each pulls it."), ("same", "It stays, and another field has changed.")];
    or("new", word("The image of the container that serves.", &words))
}
