//! `spec` of a `Traffic`.

use serde_json::{Value, json};

use super::super::traffic::{DAYS, HOURS, MOST_PARTS, MOST_REQUESTS};
use super::value::{number, object, such_as};

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
                json!({
                    "description": "How it goes from one hour to the next: in a step at the full hour, or in a ramp from the middle of \
                                    the one to the middle of the other, minute by minute. What an autoscaler makes of a step is its \
                                    own: write ramps for it.",
                    "enum": ["steps", "ramps"],
                    "default": "steps",
                }),
            ),
        ],
    );
    let flat = json!({"const": "flat", "description": "Evenly."});
    let shape =
        json!({"description": "How the requests are spread over the week. Left out: evenly.", "anyOf": [flat, shape]});
    object(
        "How many requests come.",
        &["rate"],
        [("rate", such_as(json!([200]), rate("Requests a second, on average over a week."))), ("shape", shape)],
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
