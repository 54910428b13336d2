//! `spec` of an `App`.

use serde_json::{Value, json};

use super::value::{object, or, refer, share, such_as, word};

/// What an App may say.
pub fn spec() -> Value {
    let exits = object(
        "The process exits by itself.",
        &["exits"],
        [("exits", refer("law", "Time from SIGTERM to the exit. The process answers nothing from SIGTERM on."))],
    );
    let ignores = json!({"const": "ignores", "description": "It serves on until SIGKILL."});
    let on_sigterm = json!({
        "description": "What the process does on SIGTERM: {exits: LAW}, or `ignores`. Left out: it exits at once.",
        "anyOf": [exits, ignores],
    });
    object(
        "How a container behaves.",
        &["startUp"],
        [
            (
                "startUp",
                such_as(
                    json!([{"lognormal": {"median": "25s", "p95": "40s"}}]),
                    refer("law", "Time from the start of the process until it serves."),
                ),
            ),
            (
                "whileStarting",
                or(
                    "refuses",
                    word(
                        "What probes and requests meet while the process starts.",
                        &[
                            ("refuses", "Nobody listens: the connection is refused at once."),
                            ("accepts", "The connection is accepted, and answered once the start is complete."),
                        ],
                    ),
                ),
            ),
            ("onSigterm", such_as(json!([{"exits": "2s"}, "ignores"]), on_sigterm)),
            (
                "probeFailure",
                or(0, share("Share of single probes of a healthy process that fail all the same; below 1.", 0.0, 1.0)),
            ),
        ],
    )
}
