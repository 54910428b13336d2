//! `spec` of `Operations`, and an operation.

use serde_json::{Value, json};

use super::fault::{deployments, name};
use super::value::{list, object, or, refer, such_as, text, word};

/// What `Operations` may say.
pub fn spec() -> Value {
    let operations = list("The operations; each name once.", json!({"$ref": "#/definitions/operation"}));
    object("Changes that are made on purpose.", &["operations"], [("operations", operations)])
}

/// A change that comes again and again.
pub fn operation() -> Value {
    let every = refer("law", "The time between two of them; its mean must be at least 1m.");
    object(
        "A change that is made on purpose.",
        &["name", "kind", "every"],
        [
            ("name", name("Its name in the results and in paths of `vary`. Not `probe` or `start`.")),
            ("kind", kind()),
            ("every", such_as(json!([{"exponential": {"mean": "7d"}}]), every)),
            ("image", image()),
            ("deployments", deployments("Of several Deployments, which get it; all, each by itself, if left out.")),
            ("source", or("assumption", text("Where the numbers come from."))),
        ],
    )
}

/// What is done.
pub fn kind() -> Value {
    word(
        "What is done.",
        &[("rollout", "A new revision of the Pod template, rolled out as the manifest's strategy says.")],
    )
}

/// Whether a rollout brings a new image.
pub fn image() -> Value {
    let words = [("new", "No Node has it yet: each pulls it."), ("same", "It stays, and another field has changed.")];
    or("new", word("The image of the container that serves.", &words))
}
