//! `spec` of an `Experiment`.

use serde_json::{Map, Value, json};

use crate::study::Metric;
use crate::study::metric::TABLE;

use super::fault::on_call_entry;
use super::value::{
    at_most_one, duration, exactly_one, file, flag, integer, list, number, object, or, refer, share, some, such_as,
    text, word,
};

/// What an Experiment may say.
pub fn spec() -> Value {
    let [deployment, deployments, app, cluster, traffic, faults, operations, container] = system();
    let script = list(
        "Faults at moments that are set, on targets that are named. Beside or instead of random faults.",
        json!({"$ref": "#/definitions/scriptEntry"}),
    );
    let start = word(
        "How time 0 finds the system.",
        &[
            ("running", "All is up, the clocks of the faults as in a system that has run for long."),
            ("fresh", "A new system."),
        ],
    );
    let mut schema = object(
        "The question.",
        &["cluster"],
        [
            ("question", question()),
            ("deployment", deployment),
            ("deployments", deployments),
            ("app", app),
            ("cluster", cluster),
            ("traffic", traffic),
            ("faults", faults),
            ("operations", operations),
            ("container", container),
            ("script", script),
            ("objective", objective()),
            ("start", or("running", start)),
            (
                "allowPending",
                or(false, flag("Play on although no Node takes some of the replicas; they stay Pending.")),
            ),
            ("warmUp", or("7d", duration("Played before counting begins. With the horizon at most 100y."))),
            ("horizon", or("1y", duration("The counted time of each replication; from 1s to 100y."))),
            ("replications", or(1000, integer("Independent replications of each scenario.", 1, MOST))),
            ("precision", precision()),
            ("select", select()),
            ("seed", or(1, integer("Another seed, other chance; the same seed, the same bytes.", 0, i64::MAX))),
            ("vary", vary()),
            ("candidates", candidates()),
            ("baseline", baseline()),
            ("targets", list("What the run passes or fails by (exit code 4).", target())),
            ("sensitivity", sensitivity()),
            ("uncertainty", uncertainty()),
            ("without", without()),
        ],
    );
    schema["oneOf"] = json!(exactly_one(&["deployment", "deployments"]));
    // An App, or one for each of several Deployments.
    let has_own = json!({"type": "object", "required": ["app"]});
    let all_have_own = json!({"properties": {"deployments": {"items": has_own}}, "required": ["deployments"]});
    schema["anyOf"] = json!([{"required": ["app"]}, all_have_own]);
    let stops = at_most_one(&["replications", "precision", "select"]);
    let others = at_most_one(&["vary", "sensitivity"]).into_iter().chain(at_most_one(&["candidates", "sensitivity"]));
    // An empty grid is none.
    let others = others.map(|mut pair| {
        pair["if"]["properties"] = json!({"vary": {"minProperties": 1}, "candidates": {"minItems": 1}});
        pair
    });
    schema["allOf"] = Value::Array(stops.into_iter().chain(others).collect());
    schema
}

/// What is asked, in words.
fn question() -> Value {
    json!({
        "description": "What is asked, in one line of up to 160 characters: reports begin with it.",
        "type": "string",
        "maxLength": 160,
        "pattern": r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$",
        "examples": ["How many replicas, over how many zones?"],
    })
}

/// The most replications.
const MOST: i64 = 100_000_000;

/// The inputs, as an experiment or a candidate names them.
fn system() -> [Value; 8] {
    let selected = || {
        [
            ("file", file("The manifest, or a folder of manifests, relative to this file.")),
            ("name", text("The name of the Deployment.")),
            ("namespace", text("Its namespace.")),
        ]
    };
    let deployment = object("Which Deployment, where a file holds several.", &["file"], selected());
    let least = object(
        "What this Deployment must achieve.",
        &["minServing"],
        [("minServing", integer("Pods of it that must serve in rotation.", 1, 65_535))],
    );
    let alone = [
        (
            "as",
            json!({"description": "What the experiment calls it, if not by its own name.", "type": "string", "pattern": DNS_LABEL}),
        ),
        ("app", file("Its own App, relative to this file, or bundled:apps/NAME.")),
        ("container", text("Its container that serves.")),
        ("objective", least),
    ];
    let member = object("A Deployment, with what is said of it alone.", &["file"], selected().into_iter().chain(alone));
    let member = json!({"anyOf": [{"type": "string", "pattern": "\\S"}, member]});
    let deployments = some(
        "Several Deployments, side by side on the same Nodes: manifests relative to this file. Instead of deployment.",
        member,
    );
    let deployment = json!({
        "description": "The manifest that you would apply, relative to this file; or {file, name, namespace} where it holds \
                        several Deployments.",
        "anyOf": [{"type": "string", "pattern": "\\S"}, deployment],
    });
    let fault = json!({"anyOf": [file("A FaultModel, relative to this file, or bundled:faults/NAME."), {"$ref": "#/definitions/fault"}, on_call_entry()]});
    [
        such_as(json!(["../models/deployments/aidbox.yaml"]), deployment),
        deployments,
        such_as(
            json!(["../models/apps/jvm-service.yaml"]),
            file("The App, relative to this file, or bundled:apps/NAME."),
        ),
        such_as(
            json!(["../models/clusters/three-zones.yaml"]),
            file("The Cluster, relative to this file, or bundled:clusters/NAME."),
        ),
        such_as(
            json!(["../models/traffic/office-hours.yaml"]),
            file(
                "How many requests come: a Traffic, relative to this file. Left out: each second counts like any other.",
            ),
        ),
        such_as(
            json!([["../models/faults/cloud.yaml"]]),
            list("What breaks: files, or faults themselves. Later ones replace earlier ones of the same name.", fault),
        ),
        such_as(
            json!([["../models/operations/cloud.yaml"]]),
            list(
                "Changes that are made on purpose: files, or operations themselves. Later ones replace earlier ones of the same name.",
                json!({"anyOf": [file("Operations, relative to this file."), {"$ref": "#/definitions/operation"}]}),
            ),
        ),
        text(
            "The container that serves, where a Pod has several. Left out: the one that Service, probes and ports point \
             at.",
        ),
    ]
}

fn objective() -> Value {
    let metric = word(
        "What the objective is about.",
        &[
            ("availability", "Share of time with at least minServing Pods serving in rotation."),
            ("request_success", "Share of requests that meet a serving Pod."),
        ],
    );
    such_as(
        json!([{"minServing": 1, "metric": "availability", "slo": "99.95%", "window": "30d"}]),
        object(
            "What the service must achieve.",
            &[],
            [
                (
                    "minServing",
                    or(
                        1,
                        integer("Pods that must serve in rotation for the service to count as available.", 1, 65_535),
                    ),
                ),
                (
                    "system",
                    refer(
                        "requirement",
                        "Of several Deployments, what must be there for the system to be available: all, if left out.",
                    ),
                ),
                ("metric", or("availability", metric)),
                ("slo", such_as(json!(["99.95%"]), share("The share that is promised; above 0.", 0.0, 1.0))),
                (
                    "from",
                    such_as(
                        json!(["slo.yaml", "slo.yaml#web"]),
                        file(
                            "An SLO in a file of OpenSLO, Sloth or Pyrra, relative to this file, with #NAME behind it where it \
                             holds several: instead of slo and window; metric is what it counts, if it is not stated.",
                        ),
                    ),
                ),
                ("window", or("30d", duration("The span in which the objective is judged; at least 1m."))),
                (
                    "indifference",
                    such_as(
                        json!(["5m"]),
                        duration(
                            "Differences that do not matter: of downtime or failed requests a year, or in a run where a \
                             script alone says what strikes. 1 % of what the slo leaves, if it is not stated. Not \
                             beside select, which has its own.",
                        ),
                    ),
                ),
            ],
        ),
    )
}

/// What is required of several Deployments together.
pub fn requirement() -> Value {
    let parts = |what: &str| some(what, json!({"$ref": "#/definitions/requirement"}));
    let pods = object(
        "So many Pods of a Deployment.",
        &["workload"],
        [
            ("workload", text("The name of the Deployment.")),
            (
                "minServing",
                integer("Pods of it that must serve in rotation; those of its own objective, if left out.", 1, 65_535),
            ),
        ],
    );
    let some_of = object(
        "So many of these.",
        &["atLeast", "of"],
        [("atLeast", integer("How many.", 1, 65_535)), ("of", parts("Of which."))],
    );
    such_as(
        json!([{"all": ["shop", {"any": ["search", "cache"]}]}]),
        json!({
            "description": "The name of a Deployment, or what is required of several.",
            "anyOf": [
                {"type": "string"},
                pods,
                object("All of these.", &["all"], [("all", parts("What must all be there."))]),
                object("Any of these.", &["any"], [("any", parts("Of which one must be there."))]),
                some_of,
            ],
        }),
    )
}

/// A label as DNS has it.
const DNS_LABEL: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

fn metric(what: &str) -> Value {
    let words: Vec<(&str, &str)> = TABLE.iter().map(|row| (row.key, row.meaning)).collect();
    word(what, &words)
}

/// A value of a metric: which, decides what it is.
fn amount(what: &str) -> Value {
    json!({"description": format!("{what} A share, or a span or number a year, as the metric is.")})
}

/// Makes fields of [`amount`] what the metric beside them is.
fn amounts(fields: &[&str]) -> Value {
    let all = |schema: &Value| -> Value {
        let fields: Map<String, Value> = fields.iter().map(|field| ((*field).to_owned(), schema.clone())).collect();
        json!({"properties": fields})
    };
    let shares: Vec<&str> = Metric::all().filter(|metric| metric.is_share()).map(Metric::key).collect();
    let mut rate = number("A span or a number a year.", 0.0, 1e12);
    rate["type"] = json!(["string", "number"]);
    for (key, pattern) in duration("").as_object().into_iter().flatten().filter(|(key, _)| key.starts_with("pattern")) {
        rate[key] = pattern.clone();
    }
    json!({
        "if": {"properties": {"metric": {"enum": shares}}},
        "then": all(&share("A share, such as 99.95%.", 0.0, 1.0)),
        "else": all(&rate),
    })
}

fn target() -> Value {
    let mut schema = object(
        "A target: PASS if the whole interval lies on the right side.",
        &["metric"],
        [
            ("metric", metric("Of what.")),
            ("atLeast", amount("The metric must not be below.")),
            ("atMost", amount("The metric must not be above.")),
        ],
    );
    schema["oneOf"] = json!(exactly_one(&["atLeast", "atMost"]));
    schema["allOf"] = json!([amounts(&["atLeast", "atMost"])]);
    such_as(json!([{"metric": "availability", "atLeast": "99.9%"}]), schema)
}

fn confidence() -> Value {
    or("95%", share("Of every interval.", 0.5, 0.9999))
}

fn precision() -> Value {
    let relative = "Half the interval, as a part of the downtime or of the failed share (never of the 0.999…).";
    let mut schema = object(
        "Play until the interval of a metric is narrow enough. Instead of replications.",
        &["metric"],
        [
            ("metric", metric("Whose interval.")),
            ("relative", share(relative, 0.0001, 1.0)),
            ("absolute", amount("Half the interval; above 0.")),
            ("confidence", confidence()),
            ("minReplications", or(256, integer("Replications before the interval is looked at.", 1, MOST))),
            ("minWithLoss", or(20, integer("Replications with a loss before it is believed.", 0, MOST))),
            ("maxReplications", or(100_000, integer("Replications after which a scenario stops anyway.", 1, MOST))),
        ],
    );
    schema["oneOf"] = json!(exactly_one(&["relative", "absolute"]));
    schema["allOf"] = json!([amounts(&["absolute"])]);
    such_as(json!([{"metric": "availability", "relative": "5%"}]), schema)
}

fn select() -> Value {
    let goal = word(
        "What makes a scenario the best.",
        &[
            ("best", "It loses least, in the objective's metric."),
            ("cheapest", "It costs least of those that meet the objective's slo; needs prices in the Cluster."),
        ],
    );
    such_as(
        json!([{"goal": "best", "indifference": "1m"}]),
        object(
            "Play until the best scenario of many is known. Instead of replications.",
            &["goal", "indifference"],
            [
                ("goal", goal),
                ("indifference", duration("Differences a year that do not matter; from 1ms to 1y.")),
                ("confidence", confidence()),
                (
                    "maxReplications",
                    or(100_000, integer("Replications after which the search ends undecided.", 1, MOST)),
                ),
            ],
        ),
    )
}

/// Paths that are often varied. Any other path is good, too; `tests` below keep them true.
const PATHS: [(&str, &str); 24] = [
    ("replicas", "Replicas of the Deployment."),
    ("readinessProbe.failureThreshold", "Failed probes in a row until the Pod is not ready."),
    ("readinessProbe.periodSeconds", "Time from one readiness probe to the next."),
    ("readinessProbe.timeoutSeconds", "How long a readiness probe waits for its answer."),
    ("readinessProbe.successThreshold", "Good probes in a row until the Pod is ready again."),
    ("readinessProbe.initialDelaySeconds", "Time from the start of the container to its first readiness probe."),
    ("livenessProbe.failureThreshold", "Failed probes in a row until the container is killed."),
    ("livenessProbe.periodSeconds", "Time from one liveness probe to the next."),
    ("livenessProbe.timeoutSeconds", "How long a liveness probe waits for its answer."),
    ("livenessProbe.initialDelaySeconds", "Time from the start of the container to its first liveness probe."),
    ("startupProbe", "The whole startup probe; null removes it."),
    ("startupProbe.failureThreshold", "Failed probes in a row until a starting container is killed."),
    ("startupProbe.periodSeconds", "Time from one startup probe to the next."),
    ("lifecycle", "The hooks, such as {preStop: {sleep: {seconds: 5}}}; null removes them."),
    ("lifecycle.preStop.sleep.seconds", "How long a stopping container serves on."),
    ("terminationGracePeriodSeconds", "From the deletion of a Pod to SIGKILL."),
    ("tolerations", "How long Pods stay on a lost Node, for example."),
    ("affinity", "Where Pods may be; null removes it."),
    ("topologySpreadConstraints", "How Pods are spread over zones and Nodes."),
    ("objective.minServing", "Pods that must serve for the service to count as available."),
    ("cluster.zones", "How many zones there are."),
    ("cluster.nodesPerZone", "Nodes in each zone."),
    ("cluster.deadNodes", "Whether a dead machine comes back."),
    ("app.startUp", "How long the application takes to start."),
];

/// What can be varied, each with its own text, and the schema of its values.
fn paths(what: &str, values: &Value) -> Value {
    let fields: Map<String, Value> = PATHS
        .iter()
        .map(|(path, meaning)| {
            let mut field = json!({"description": meaning});
            field
                .as_object_mut()
                .into_iter()
                .for_each(|map| map.extend(values.as_object().cloned().unwrap_or_default()));
            ((*path).to_owned(), field)
        })
        .collect();
    json!({
        "description": format!(
            "{what} A path begins in the Deployment's spec, its Pod's or its container's (replicas, \
             readinessProbe.periodSeconds), or with deployment, app, cluster, faults.NAME, \
             operations.NAME, script.NAME, objective, or deployments.NAME."
        ),
        "type": "object",
        "properties": fields,
        "additionalProperties": values,
    })
}

fn vary() -> Value {
    let values = json!({"type": "array", "minItems": 1, "uniqueItems": true});
    such_as(
        json!([{"replicas": [2, 3], "readinessProbe.failureThreshold": [1, 2, 3]}]),
        paths("A full grid: every combination of these values is a scenario. null removes the field.", &values),
    )
}

fn candidates() -> Value {
    let [deployment, deployments, app, cluster, traffic, faults, operations, container] = system();
    let mut candidate = object(
        "A named alternative: patches, or other files.",
        &["name"],
        [
            ("name", json!({"description": "A word without spaces.", "type": "string", "pattern": "^\\S{1,100}$"})),
            ("patch", paths("Values that are set; null removes the field.", &json!({}))),
            ("deployment", deployment),
            ("deployments", deployments),
            ("app", app),
            ("cluster", cluster),
            ("traffic", traffic),
            ("faults", faults),
            ("operations", operations),
            ("container", container),
        ],
    );
    candidate["allOf"] = Value::Array(at_most_one(&["deployment", "deployments"]));
    list("Named alternatives. With a grid each candidate meets each point of it.", candidate)
}

fn baseline() -> Value {
    such_as(
        json!([{"replicas": 2, "readinessProbe.failureThreshold": 3}]),
        json!({
            "description": "The scenario that others are compared with: a point of the grid, as a map of the varied paths, or \
                            the name of a candidate or scenario.",
            "type": ["object", "string"],
        }),
    )
}

fn sensitivity() -> Value {
    let of = list("Only these numbers, by their paths as in `vary`. Left out: all.", json!({"type": "string"}));
    such_as(
        json!([{"step": "10%"}]),
        object(
            "Which number matters: each is played with a little less and a little more. Needs replications, and no grid.",
            &[],
            [("step", or("10%", share("By how much a number is changed.", 0.001, 0.5))), ("of", of)],
        ),
    )
}

fn without() -> Value {
    json!({
        "description": "What the removal of the three largest causes would bring, played once more with a quarter of the \
                        replications. Left out: of the baseline, the recommended scenario, and the only one.",
        "anyOf": [
            {"enum": ["off", false], "description": "Of none."},
            {"const": "all", "description": "Of every scenario."},
        ],
    })
}

fn uncertainty() -> Value {
    let draws =
        or(64, integer("How many models are drawn from what is said of parameters that are not known.", 2, 10_000));
    object("How parameters that are not known ({between: …}) are drawn.", &["draws"], [("draws", draws)])
}

#[cfg(test)]
mod tests {
    use super::PATHS;
    use crate::spec::vary::resolve;

    /// Property: what is offered leads somewhere.
    #[test]
    fn offered_paths_lead_somewhere() {
        for (path, _) in PATHS {
            assert!(resolve(path).is_ok(), "{path}");
        }
    }
}
