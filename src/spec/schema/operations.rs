//! `spec` of `Operations`, and an operation.

use serde_json::{Value, json};

use super::fault::{deployments, name};
use super::value::{duration, integer, list, object, or, refer, share, such_as, text, word};
use crate::durations;
use crate::spec::deployment::MAX_REPLICAS;
use crate::spec::operations::{MOST_AT_ONCE, UNCORDON_AFTER_SECS};
use crate::time::Duration;

/// What `Operations` may say.
pub fn spec() -> Value {
    let operations = list("The operations; each name once.", json!({"$ref": "#/definitions/operation"}));
    object("Changes that are made on purpose.", &["operations"], [("operations", operations)])
}

/// A change that comes again and again.
pub fn operation() -> Value {
    let every = refer("law", "The time between two of them; its mean must be at least 1m.");
    let general = [
        ("name", name("Its name in the results and in paths of `vary`. Not `probe` or `start`.")),
        ("kind", kind()),
        ("every", such_as(json!([{"exponential": {"mean": "7d"}}]), every)),
        ("calendar", calendar()),
        ("deployments", deployments("Of several Deployments, which get it; all, each by itself, if left out.")),
        ("source", or("assumption", text("Where the numbers come from."))),
    ];
    let fields = general.into_iter().chain(fields());
    let mut schema = object("A change that is made on purpose.", &["name", "kind"], fields);
    let mut rules = own_fields("kind");
    // Again and again it would do nothing from the second time on.
    let back = json!({"if": is("kind", "scale"), "then": {"required": ["back"]}});
    rules.as_array_mut().into_iter().for_each(|rules| rules.push(back.clone()));
    schema["allOf"] = rules;
    schema["oneOf"] = json!([{"required": ["every"]}, {"required": ["calendar"]}]);
    schema
}

/// Hours of the week that a team keeps.
fn calendar() -> Value {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(|day| (day, "A day of the week."));
    let time = json!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"});
    let between = "From when to when; past midnight where the second is earlier.";
    let between = json!({"description": between, "type": "array", "items": time, "minItems": 2, "maxItems": 2});
    let times = "The time between two of them, nights and days off included; its mean must be at least 1m.";
    object(
        "In place of `every`: it comes in these hours of the week alone. A week begins at an instant that is drawn for each replication.",
        &["days", "between", "times"],
        [
            ("days", list("On which days.", word("Which.", &days))),
            ("between", such_as(json!([["09:00", "17:00"]]), between)),
            ("times", refer("law", times)),
        ],
    )
}

/// The fields of each kind that no other has.
pub fn fields() -> Vec<(&'static str, Value)> {
    OF_ROLLOUTS
        .into_iter()
        .chain(OF_SCALINGS)
        .chain(OF_DRAINS)
        .chain(OF_UPGRADES)
        .map(|(key, schema)| (key, schema()))
        .collect()
}

type Field = (&'static str, fn() -> Value);

const OF_ROLLOUTS: [Field; 3] = [("image", image), ("bad", bad), ("rollBackAfterDeadline", roll_back_after_deadline)];
const OF_SCALINGS: [Field; 2] = [("to", to), ("back", back)];
const OF_DRAINS: [Field; 3] = [("node", node), ("timeout", timeout), ("uncordonAfter", uncordon_after)];
const OF_UPGRADES: [Field; 10] = [
    ("preset", preset),
    ("surge", surge),
    ("atOnce", at_once),
    ("order", order),
    ("cordon", cordon),
    ("soak", soak),
    ("nodeTakes", node_takes),
    ("drainTimeout", drain_timeout),
    ("onTimeout", on_timeout),
    ("failed", failed),
];

/// Each kind has fields of its own; the key says which kind it is.
pub fn own_fields(key: &str) -> Value {
    let is = |word: &str| is(key, word);
    let none = |fields: &[Field]| {
        let properties: serde_json::Map<String, Value> =
            fields.iter().map(|(key, _)| ((*key).to_owned(), Value::Bool(false))).collect();
        json!({"properties": properties})
    };
    let is_of_nodes = json!({"anyOf": [is("drain"), is("upgradeNodes")]});
    json!([
        {"if": is_of_nodes, "then": {"properties": {"deployments": false}}},
        {"if": {"not": is("rollout")}, "then": none(&OF_ROLLOUTS)},
        {"if": is("scale"), "then": {"required": ["to"]}, "else": none(&OF_SCALINGS)},
        {"if": {"not": is("drain")}, "then": none(&OF_DRAINS)},
        {"if": is("upgradeNodes"), "then": {"required": ["nodeTakes"]}, "else": none(&OF_UPGRADES)},
    ])
}

/// What is under the key is this kind.
fn is(key: &str, word: &str) -> Value {
    json!({"properties": {key: {"const": word}}, "required": [key]})
}

fn to() -> Value {
    let what =
        "Of a scaling: how many replicas the Deployment has from then on. No PodDisruptionBudget restrains it (D14).";
    such_as(json!([6]), integer(what, 0, MAX_REPLICAS))
}

fn back() -> Value {
    let what = "Of a scaling: how long until the replicas of the manifest are set again. In a script it may be left out: then they \
                are not.";
    such_as(json!(["10m"]), refer("law", what))
}

fn preset() -> Value {
    let words = [
        (
            "gke",
            "Surge upgrades of GKE: surge 1; budgets are honoured for 1h, then the machine is deleted with its Pods (V18).",
        ),
        ("aks", "AKS: surge 10%; after 30m the upgrade fails, and the Node takes Pods again (V19)."),
        (
            "eks",
            "Managed node groups of EKS: two new Nodes for each zone join, the old ones are cordoned, and drained one after the \
             other; after 15m the upgrade fails (V20).",
        ),
        ("kubeadm", "`kubectl drain` by hand, Node after Node, without new Nodes before and without a timeout (V17)."),
    ];
    word("Of an upgrade: what a provider does. Fields beside it replace its numbers.", &words)
}

fn surge() -> Value {
    or(
        0,
        such_as(
            json!([1, "10%"]),
            json!({
                "description": "Of an upgrade: so many new Nodes join before old ones are drained; a percentage is rounded up. 0: a \
                                Node gets its new machine in its place.",
                "type": ["integer", "string"],
                "minimum": 0,
                "maximum": MOST_AT_ONCE,
                "pattern": "^[0-9]+%$",
                "patternErrorMessage": "must be how many Nodes, such as 1, or a share of them, such as 10%",
            }),
        ),
    )
}

fn at_once() -> Value {
    let what = "Of an upgrade: so many Nodes are drained and replaced at a time; left out: as many as the surge, and at least 1.";
    integer(what, 1, MOST_AT_ONCE)
}

fn order() -> Value {
    let words = [
        ("random", "In an order that is drawn for each upgrade."),
        ("zones", "Zone by zone, in the order of their names; within a zone in an order that is drawn."),
        ("listed", "In the order of their names."),
    ];
    or("random", word("Of an upgrade: which Nodes come first.", &words))
}

fn cordon() -> Value {
    let words = [("each", "Each Node when it is drained."), ("all", "All old Nodes before the first is drained.")];
    or("each", word("Of an upgrade: when Nodes are cordoned.", &words))
}

fn soak() -> Value {
    or("0s", duration("Of an upgrade: the pause after a Node has been replaced."))
}

fn node_takes() -> Value {
    let what = "Of an upgrade: how long a new machine takes until it is a Node that is Ready, drawn for each.";
    such_as(json!([{"lognormal": {"median": "2m", "p95": "5m"}}]), refer("law", what))
}

fn drain_timeout() -> Value {
    let what = "Of an upgrade: after how long the drain of a Node gives up, at least 1s, or `never`.";
    or("never", json!({"description": what, "anyOf": [{"const": "never"}, duration(what)]}))
}

fn on_timeout() -> Value {
    let words = [
        ("force", "The machine is deleted with the Pods that are left, whatever budgets say (V24)."),
        ("fail", "The upgrade ends there."),
        ("skip", "The Node keeps its machine, and the upgrade goes on with the next."),
    ];
    or("fail", word("Of an upgrade: what follows a drain that has given up.", &words))
}

fn failed() -> Value {
    let words = [("cordoned", "It takes no Pods until the next upgrade."), ("schedulable", "It takes Pods again.")];
    or(
        "cordoned",
        word("Of an upgrade: what becomes of a Node that could not be drained and keeps its machine.", &words),
    )
}

/// Which Node is drained.
fn node() -> Value {
    text(
        "Of a drain: the Node of this name. Left out: the Nodes take turns, in an order that is drawn for each replication.",
    )
}

/// When a drain gives up.
fn timeout() -> Value {
    such_as(json!(["10m"]), duration("Of a drain: after how long it gives up (V14); left out: never. At least 1s."))
}

/// When a Node takes Pods again.
fn uncordon_after() -> Value {
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
            (
                "scale",
                "`kubectl scale`: another number of replicas, and the manifest's again after a while (D13, D14).",
            ),
            ("drain", "`kubectl drain` of a Node: cordon, evictions as PodDisruptionBudgets allow them, uncordon."),
            ("upgradeNodes", "All Nodes get new machines, some at a time, each after its drain."),
        ],
    )
}

/// Which rollouts bring a bad revision.
fn bad() -> Value {
    let kinds = [
        ("never-ready", "The process starts, and answers nobody: it never becomes Ready."),
        ("crash-loop", "The process exits where it should serve."),
        ("ready-and-wrong", "Its probes succeed, and all its requests fail."),
        ("slow-poison", "It serves, and exits after the time `crashesAfter`, again and again."),
    ];
    let mut schema = object(
        "Some rollouts bring a revision that is bad, until it is noticed and the revision before is rolled out again.",
        &["share", "kinds", "noticed"],
        [
            ("share", share("So many of the rollouts.", 0.0, 1.0)),
            ("kinds", list("How it is bad: one of these, each as often as the others.", word("How.", &kinds))),
            ("noticed", refer("law", "Time from the beginning of the rollout until the rollback begins.")),
            ("crashesAfter", refer("law", "Of `slow-poison`: how long each process serves before it exits.")),
        ],
    );
    // How long it serves belongs to the one kind that serves for a time.
    let has_poison = json!({"properties": {"kinds": {"contains": {"const": "slow-poison"}}}});
    let has_time = json!({"required": ["crashesAfter"]});
    schema["anyOf"] = json!([{"allOf": [has_poison, has_time]}, {"not": {"anyOf": [has_poison, has_time]}}]);
    schema
}

/// Whether somebody watches for a rollout that is stuck.
fn roll_back_after_deadline() -> Value {
    let what = "Of a rollout, good or bad: where it has not got on for progressDeadlineSeconds (D4), it is rolled back so long after that. \
                Left out: nobody watches for that.";
    such_as(json!(["1m"]), refer("law", what))
}

/// Whether a rollout brings a new image.
fn image() -> Value {
    let words = [("new", "No Node has it yet: each pulls it."), ("same", "It stays, and another field has changed.")];
    or("new", word("The image of the container that serves.", &words))
}
