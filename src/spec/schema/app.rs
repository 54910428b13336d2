//! `spec` of an `App`.

use serde_json::{Value, json};

use super::super::app::{MOST_PLACES, MOST_WORKERS, OF_ONE};
use super::traffic::rate;
use super::value::{flag, integer, object, or, refer, share, such_as, word};

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
    let beside = OF_ONE.iter().filter(|key| **key != "startUp").map(|key| json!({"required": [key]}));
    let beside: Vec<Value> = beside.collect();
    schema["anyOf"] = json!([{"required": ["startUp"]}, {"required": ["containers"], "not": {"anyOf": beside}}]);
    schema
}

/// An amount of CPU, as Kubernetes writes it.
fn cpu(what: &str, example: &Value) -> Value {
    such_as(json!([example]), json!({"description": what, "type": ["string", "number"]}))
}

/// A capacity says it in one way.
fn of_one_kind(mut capacity: Value) -> Value {
    let workers = ["workers", "serviceTime"];
    let any = workers.map(|key| json!({"required": [key]}));
    capacity["oneOf"] = json!([{"required": ["requestsPerSecond"], "not": {"anyOf": any}}, {"required": workers}]);
    capacity
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
    let mut fields = vec![
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
    ];
    fields.extend(capacity());
    fields.extend(beyond_capacity());
    fields
}

/// What it can take.
fn capacity() -> [(&'static str, Value); 1] {
    [(
        "capacity",
        of_one_kind(object(
            "What a Pod can take, where the experiment says how many requests come (traffic): requestsPerSecond, or workers and \
                 serviceTime. Left out: whatever comes.",
            &[],
            [
                (
                    "requestsPerSecond",
                    such_as(
                        json!([100]),
                        rate("Requests a second that a Pod answers. Probes are answered all the same."),
                    ),
                ),
                ("workers", such_as(json!([8]), integer("How many requests a Pod works on at once.", 1, MOST_WORKERS))),
                (
                    "serviceTime",
                    such_as(
                        json!(["80ms"]),
                        refer(
                            "law",
                            "How long one of them takes, without waiting. Of a law the mean counts: it is taken to be exponential.",
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
        )),
    )]
}

/// What becomes of the requests beyond it.
fn beyond_capacity() -> [(&'static str, Value); 3] {
    [
        (
            "whenOverloaded",
            or(
                "sheds",
                word(
                    "What becomes of the requests that a Pod cannot take at once.",
                    &[
                        ("sheds", "They are refused at once."),
                        (
                            "queues",
                            "They wait, first come, first served. What its client has given up is worked on all the same.",
                        ),
                    ],
                ),
            ),
        ),
        (
            "queue",
            object(
                "Where they wait (whenOverloaded: queues).",
                &[],
                [(
                    "limit",
                    such_as(
                        json!([50]),
                        integer(
                            "How many requests can wait; the others are refused at once. Left out: any number.",
                            0,
                            MOST_PLACES,
                        ),
                    ),
                )],
            ),
        ),
        (
            "healthEndpoint",
            object(
                "The endpoint that the probes of the container ask.",
                &["sharesQueue"],
                [(
                    "sharesQueue",
                    or(
                        false,
                        flag(
                            "It is worked on by the same workers as requests and waits behind them (whenOverloaded: queues), so that \
                             a probe of a Pod that is merely busy fails once it waits for longer than timeoutSeconds. Left out: \
                             probes are answered at once, whatever waits.",
                        ),
                    ),
                )],
            ),
        ),
    ]
}
