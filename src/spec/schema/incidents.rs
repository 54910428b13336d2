//! `spec` of `Incidents`.

use serde_json::{Value, json};

use super::fault;
use super::value::{duration, file, integer, list, object, or, some, such_as, text};
use crate::durations::UNITS;

/// What a file of incidents may say.
pub fn spec() -> Value {
    let targets = |what: &str| integer(&format!("How many {what} were watched."), 1, 1_000_000);
    object(
        "What was counted and timed.",
        &["source", "incidents"],
        [
            ("source", fault::source("Who counted, where and when.")),
            ("watched", such_as(json!(["90d"]), duration("How long was counted."))),
            ("replicas", targets("replicas")),
            ("nodes", targets("Nodes")),
            ("zones", targets("zones")),
            ("incidents", some("The faults that were counted; each name once.", entry())),
        ],
    )
}

fn entry() -> Value {
    let mut schema = object(
        "A fault that was counted. With the name of one in the bundled library it is that fault, and needs no target.",
        &["name"],
        [
            ("name", fault::name("The fault that this calibrates, such as container-crash.")),
            ("target", fault::target_word()),
            ("mode", fault::mode()),
            ("affects", fault::affects()),
            ("count", integer("How often it struck; as often as durations are given if left out.", 0, 1_000_000_000)),
            (
                "exposure",
                such_as(
                    json!(["270d"]),
                    duration(
                        "The time in which it was counted, all targets together: 90 days of 3 replicas are 270d. Left out: \
                         spec.watched times the number of targets.",
                    ),
                ),
            ),
            ("lasts", lasts()),
            ("source", fault::source("What is to be said of this count besides spec.source.")),
        ],
    );
    let is = |target: Value| json!({"properties": {"target": target}, "required": ["target"]});
    schema["anyOf"] = json!([{"required": ["count"]}, {"required": ["lasts"]}]);
    schema["dependencies"] = json!({"target": ["mode"], "mode": ["target"], "affects": ["target", "mode"]});
    schema["allOf"] = json!([
        {"if": is(json!({"const": "container"})), "then": fault::modes(&fault::CONTAINER)},
        {"if": is(json!({"const": "deployment"})), "then": fault::modes(&fault::CONTAINER[..4])},
        {"if": is(json!({"enum": ["node", "zone"]})), "then": fault::modes(&fault::MACHINE)},
        {"if": is(json!({"const": "controlPlane"})), "then": fault::modes(&fault::CONTROL_PLANE)},
        fault::over_at_once(),
        fault::seen_by_all(),
    ]);
    schema
}

fn lasts() -> Value {
    let units: Vec<&str> = UNITS.split(", ").collect();
    let mut schema = object(
        "How long it lasted, as far as that was timed: {values: […], ongoing: […]}, or a table as `hasim fit` reads it. Left out: as \
         the library says, or until the restart.",
        &[],
        [
            ("values", list("The durations that have ended.", duration("From its beginning to its end."))),
            (
                "ongoing",
                list(
                    "Those that had not ended when the watch did.",
                    duration("From its beginning to the end of the watch."),
                ),
            ),
            ("file", file("A CSV file with names on top, relative to this file.")),
            ("column", text("The column of durations; a usual name, or the only one of durations, if left out.")),
            (
                "censored",
                text("The column that is 1 or true where a duration had not ended; a column `censored` if left out."),
            ),
            (
                "unit",
                or(
                    "s",
                    json!({"description": "The unit of bare numbers in the file.", "type": "string", "enum": units}),
                ),
            ),
        ],
    );
    schema["anyOf"] = json!([{"required": ["values"]}, {"required": ["ongoing"]}, {"required": ["file"]}]);
    such_as(json!([{"values": ["4m", "9m"]}, {"file": "outages.csv"}]), schema)
}
