//! Laws of chance, and parameters of laws that are not known.

use serde_json::{Map, Value, json};

use super::value::{duration, exactly_one, file, number, object, refer, some, span, such_as, text};
use crate::durations;
use crate::random::Law;

/// A law: a duration, or a map with the name of a law as its only key. Editors show the description of the field that
/// refers to it, so here is none.
pub fn law() -> Value {
    let (time, plain) = (uncertain_time, uncertain_plain);
    let mut schema = json!({
        "title": "a law of chance: a duration that is always the same, or {NAME: {…}}",
        "type": ["string", "integer", "object"],
    });
    span(&mut schema);
    let mixture = ("mixture", refer("mixture", "One of several laws, chosen by weight."));
    one_of(&mut schema, tags(&time, &plain).into_iter().chain([mixture]));
    such_as(json!(["30s", {"exponential": {"mean": "30d"}}, {"lognormal": {"median": "25s", "p95": "40s"}}]), schema)
}

/// A parameter that is a span of time, or what is said of one that is not known.
pub fn uncertain_duration() -> Value {
    let mut schema = json!({
        "title": "a duration; if it is not known {between: [low, high]} or a law other than a mixture",
        "type": ["string", "integer", "object"],
    });
    span(&mut schema);
    let between = between(&duration("An end of the range."));
    // What is said of a parameter that is not known must itself be known.
    let fields = tags(&duration, &|what| number(what, 0.0, MOST));
    one_of(&mut schema, std::iter::once(("between", between)).chain(fields));
    schema
}

/// The same for a parameter without a unit.
pub fn uncertain_number() -> Value {
    let mut schema = json!({
        "title": "a number; if it is not known {between: [low, high]} or {gamma: {shape, mean}}",
        "type": ["number", "object"],
        "minimum": 0,
    });
    let gamma = object(
        "What a count tells of a rate: k events in a time T give shape k + 0.5 and mean (k + 0.5)/T.",
        &["shape", "mean"],
        [("shape", number("Above 0.", 0.0, MOST)), ("mean", number("The mean, above 0.", 0.0, MOST))],
    );
    one_of(&mut schema, [("between", between(&number("An end of the range.", 0.0, MOST))), ("gamma", gamma)]);
    schema
}

/// The greatest number that a law takes as a parameter.
const MOST: f64 = 1e6;

/// Makes a schema a map with one of these keys, where it is a map.
fn one_of<'a>(schema: &mut Value, fields: impl IntoIterator<Item = (&'a str, Value)>) {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
    schema["properties"] = Value::Object(fields);
    schema["additionalProperties"] = json!(false);
    schema["minProperties"] = json!(1);
    schema["maxProperties"] = json!(1);
}

fn between(end: &Value) -> Value {
    json!({
        "description": "Nothing better is known than that it lies in this range: [low, high].",
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": end,
    })
}

/// The parameter of a law by what it means.
type Parameter<'a> = &'a dyn Fn(&str) -> Value;

/// Every law but the mixture, by its name.
fn tags(time: Parameter<'_>, plain: Parameter<'_>) -> Vec<(&'static str, Value)> {
    let mut weibull = object(
        "Life of what wears out (shape above 1) or fails early (below 1).",
        &["shape"],
        [
            ("shape", plain("Above 1: the older, the likelier to fail. 1: exponential. Below 1: early failures.")),
            ("mean", time("The mean. Give this or scale.")),
            ("scale", time("The span that 63 % do not reach. Give this or mean.")),
        ],
    );
    weibull["oneOf"] = json!(exactly_one(&["mean", "scale"]));
    let mut exponential = object(
        "What strikes by chance, regardless of age.",
        &[],
        [
            ("mean", time("The mean, above 0. Give this or perYear.")),
            ("perYear", plain("How often in a year of 365 days, above 0. Give this or mean.")),
        ],
    );
    exponential["oneOf"] = json!(exactly_one(&["mean", "perYear"]));
    let mut lognormal = object(
        "Skewed to long spans: repairs, starts, latencies.",
        &["median"],
        [
            ("median", time("Half of the spans are shorter.")),
            ("p95", time("One span of twenty is longer. Give this or sigma.")),
            ("sigma", plain("Standard deviation of the logarithm. Give this or p95.")),
        ],
    );
    lognormal["oneOf"] = json!(exactly_one(&["p95", "sigma"]));
    let mut empirical = object(
        "Observed spans, each as likely as the others: {values: […]}, or a column of a CSV file.",
        &[],
        [
            ("values", some("The spans.", duration("One observed span."))),
            ("file", file("A CSV file with a header, relative to this file. Bare numbers are seconds.")),
            ("column", text("The name of the column.")),
        ],
    );
    empirical["anyOf"] = json!([{"required": ["values"]}, {"required": ["file", "column"]}]);
    vec![
        ("fixed", time("Always as long.")),
        (
            "uniform",
            object(
                "Anything between two bounds, all equally likely.",
                &["min", "max"],
                [("min", time("The shortest span.")), ("max", time("The longest span; not below min."))],
            ),
        ),
        ("exponential", exponential),
        ("weibull", weibull),
        ("lognormal", lognormal),
        (
            "gamma",
            object(
                "The sum of `shape` exponential steps.",
                &["shape", "mean"],
                [("shape", plain("The number of steps; need not be whole.")), ("mean", time("The mean, above 0."))],
            ),
        ),
        ("empirical", empirical),
    ]
}

/// Several laws, each with a weight.
pub fn mixture() -> Value {
    let weight = uncertain_plain("How likely this part is, relative to the weights of the others.");
    let within = refer("mixture", "A mixture within a mixture.");
    let fields = std::iter::once(("weight", weight)).chain(tags(&uncertain_time, &uncertain_plain));
    let fields: Map<String, Value> =
        fields.chain([("mixture", within)]).map(|(name, field)| (name.to_owned(), field)).collect();
    some(
        "One of several laws, chosen by weight: [{weight: 1, fixed: 10s}, {weight: 2, exponential: {mean: 5m}}].",
        json!({
            "type": "object",
            "required": ["weight"],
            "properties": fields,
            "additionalProperties": false,
            "minProperties": 2,
            "maxProperties": 2,
        }),
    )
}

fn uncertain_time(what: &str) -> Value {
    refer("uncertainDuration", what)
}

fn uncertain_plain(what: &str) -> Value {
    refer("uncertainNumber", what)
}

/// A law as it would be written; for defaults.
pub fn written(law: &Law) -> Value {
    let time = |secs: f64| durations::readable(secs).unwrap_or_else(|| "0s".to_owned());
    match law {
        Law::Uniform { min, max } => json!({"uniform": {"min": time(*min), "max": time(*max)}}),
        Law::Exponential { mean } => json!({"exponential": {"mean": time(*mean)}}),
        Law::LogNormal { mu, sigma } => {
            let p95 = libm::exp(mu + sigma * Z95);
            json!({"lognormal": {"median": time(libm::exp(*mu)), "p95": time(p95)}})
        }
        other => json!(time(other.mean())),
    }
}

/// The 95th percentile of the standard normal law.
const Z95: f64 = 1.644_853_626_951_472_7;
