//! `spec` of a `Traffic`.

use serde_json::{Value, json};

use super::super::traffic::{DAYS, HOURS, MOST_PARTS, MOST_REQUESTS, MOST_RETRIES, MOST_TIMES, MOST_TRIES};
use super::value::{duration, integer, number, object, or, refer, share, such_as, word};

/// What a Traffic may say.
pub fn spec() -> Value {
    let parts = |what: &str, count: usize| {
        let mut list =
            json!({"description": what, "type": "array", "items": number("Only proportions count.", 0.0, MOST_PARTS)});
        list["minItems"] = json!(count);
        list["maxItems"] = json!(count);
        list
    };
    let shape = object(
        "How the requests are spread over the week: in an hour of a day as many as its number times that of the day. Left out: evenly.",
        &[],
        [
            ("hours", parts("A number for each hour of the day, from 00:00 on.", HOURS)),
            ("days", parts("A number for each day of the week, Monday first.", DAYS)),
            (
                "between",
                or(
                    "steps",
                    word(
                        "How it goes from one hour to the next. Under an autoscaler write ramps: no real service sees the steps.",
                        &[
                            ("steps", "In a step at the full hour."),
                            (
                                "ramps",
                                "Evenly, from the middle of the one to the middle of the other, minute by minute.",
                            ),
                        ],
                    ),
                ),
            ),
        ],
    );
    let flat = json!({"const": "flat", "description": "Evenly."});
    let shape =
        json!({"description": "How the requests are spread over the week. Left out: evenly.", "anyOf": [flat, shape]});
    object(
        "How many requests come.",
        &["rate"],
        [
            ("rate", such_as(json!([200]), rate("Requests a second, on average over a week."))),
            ("shape", shape),
            ("surges", surges()),
            ("clients", clients()),
        ],
    )
}

/// Who sends the requests.
fn clients() -> Value {
    object(
        "Who sends the requests. Left out: they wait for ever and send each once.",
        &[],
        [
            (
                "timeout",
                such_as(json!(["1s"]), duration("How long they wait for an answer to a try. Left out: for ever.")),
            ),
            ("tries", or(1, integer("How often they send a request at most.", 1, MOST_TRIES))),
            (
                "retryBudget",
                such_as(
                    json!(["20%"]),
                    share(
                        "For each request at most so many more tries, on average over all. Left out: no such bound.",
                        0.0,
                        MOST_RETRIES,
                    ),
                ),
            ),
        ],
    )
}

/// Times in which several times as many come.
fn surges() -> Value {
    let times = |what: &str| number(what, 1.0, MOST_TIMES);
    let between = object(
        "Any number between two, each as likely.",
        &["min", "max"],
        [("min", times("The least.")), ("max", times("The most."))],
    );
    object(
        "Times in which several times as many come as at that hour usually: a campaign, a push message, a crawler.",
        &["every", "lasts", "times"],
        [
            ("every", refer("law", "From the end of one to the beginning of the next.")),
            ("lasts", refer("law", "From its beginning to its end.")),
            (
                "times",
                json!({
                    "description": "How many times as many.",
                    "anyOf": [times("So many times as many."), between],
                    "examples": [3],
                }),
            ),
            ("rises", duration("How long it takes at the beginning until as many come. Left out: none at all.")),
        ],
    )
}

/// A number of requests a second, above 0.
pub fn rate(what: &str) -> Value {
    let mut rate = number(what, 0.0, MOST_REQUESTS);
    if let Value::Object(fields) = &mut rate {
        fields.remove("minimum");
        fields.insert("exclusiveMinimum".to_owned(), json!(0));
    }
    rate
}
