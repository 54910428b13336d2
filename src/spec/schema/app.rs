//! `spec` of an `App`.

use serde_json::{Value, json};

use super::traffic::rate;
use super::value::{object, or, refer, share, such_as, word};

/// What an App may say.
pub fn spec() -> Value {
    let mut fields = behaviour();
    let other = object("How the application in another container behaves.", &["startUp"], behaviour());
    let others = json!({
        "description": "The other containers of the Pod, by name: {proxy: {startUp: 300ms}}. One that is not named starts in 1s, \
                        never fails of itself and answers its probes. Of an init container `startUp` is how long it runs.",
        "type": "object",
        "additionalProperties": other,
    });
    fields.push(("containers", others));
    let mut schema = object("How the container that serves behaves, and the others.", &[], fields);
    // Where all stands in `containers`, nothing stands beside it.
    let beside = ["whileStarting", "onSigterm", "probeFailure", "capacity"].map(|key| json!({"required": [key]}));
    schema["anyOf"] = json!([{"required": ["startUp"]}, {"required": ["containers"], "not": {"anyOf": beside}}]);
    schema
}

/// An amount of CPU, as Kubernetes writes it.
fn cpu(what: &str, example: &Value) -> Value {
    such_as(json!([example]), json!({"description": what, "type": ["string", "number"]}))
}

/// How the application in a container behaves.
fn behaviour() -> Vec<(&'static str, Value)> {
    let mut ends = object(
        "The process exits by itself, and does one or the other until then.",
        &[],
        [
            ("exits", refer("law", "Time from SIGTERM to the exit. The process answers nothing from SIGTERM on.")),
            (
                "drains",
                refer(
                    "law",
                    "Time from SIGTERM to the exit, in which the process answers probes and requests as before.",
                ),
            ),
        ],
    );
    ends["minProperties"] = json!(1);
    ends["maxProperties"] = json!(1);
    let ignores = json!({"const": "ignores", "description": "It serves on until SIGKILL."});
    let on_sigterm = json!({
        "description": "What the process does on SIGTERM: {exits: LAW}, {drains: LAW}, or `ignores`. Left out: it exits at once.",
        "anyOf": [ends, ignores],
    });
    vec![
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
        ("onSigterm", such_as(json!([{"exits": "2s"}, {"drains": "10s"}, "ignores"]), on_sigterm)),
        (
            "probeFailure",
            or(0, share("Share of single probes of a healthy process that fail all the same; below 1.", 0.0, 1.0)),
        ),
        (
            "capacity",
            object(
                "What a Pod can take, where the experiment says how many requests come (traffic). Left out: whatever comes.",
                &["requestsPerSecond"],
                [
                    (
                        "requestsPerSecond",
                        such_as(
                            json!([100]),
                            rate(
                                "Requests a second that a Pod answers. What comes beyond is refused at once, and probes are answered.",
                            ),
                        ),
                    ),
                    (
                        "cpu",
                        object(
                            "What its containers use of CPUs together, as a HorizontalPodAutoscaler sees it. Between idle and busy it \
                             grows with the requests that the Pod answers.",
                            &[],
                            [
                                ("idle", cpu("Without requests. Left out: nothing.", &json!("20m"))),
                                (
                                    "busy",
                                    cpu(
                                        "Beside that, with as many requests as it answers. Left out: the CPU limit of the container that \
                                         serves, or what it requests if it has no limit.",
                                        &json!("500m"),
                                    ),
                                ),
                            ],
                        ),
                    ),
                ],
            ),
        ),
    ]
}
