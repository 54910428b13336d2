//! `spec` of `Operations`, and an operation.

use serde_json::{Value, json};

use super::fault::{deployments, name};
use super::value::{duration, list, object, or, refer, such_as, text, word};
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
        "then": {"properties": {"image": false, "deployments": false}},
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

/// Whether a rollout brings a new image.
pub fn image() -> Value {
    let words = [("new", "No Node has it yet: each pulls it."), ("same", "It stays, and another field has changed.")];
    or("new", word("The image of the container that serves.", &words))
}
