//! `spec` of `Operations`, and an operation.

use serde_json::{Value, json};

use super::fault::{deployments, name};
use super::value::{duration, integer, list, object, or, refer, share, such_as, text, word};
use crate::durations;
use crate::spec::deployment::MAX_REPLICAS;
use crate::spec::operations::{BUDGET, MOST_AT_ONCE, POD_GRACE, UNCORDON_AFTER_SECS};
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
        (
            "name",
            name("Its name in the results and in paths of `vary`. Not `probe`, `start`, `overload` or `autoscaler`."),
        ),
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

/// The fields that not all kinds have.
pub fn fields() -> Vec<(&'static str, Value)> {
    let mut fields: Vec<(&'static str, Value)> = Vec::new();
    for (key, schema) in OWN_FIELDS.into_iter().flat_map(|(_, fields)| fields) {
        if fields.iter().all(|(other, _)| other != key) {
            fields.push((key, schema()));
        }
    }
    fields
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
const OF_RECLAIMS: [Field; 10] = [
    ("preset", preset),
    ("of", of),
    ("share", share_of_zone),
    ("node", node),
    ("nodeSelector", node_selector),
    ("notice", notice),
    ("handler", handler),
    ("podGrace", pod_grace),
    ("replacement", replacement),
    ("nodeTakes", node_takes),
];
const OF_EXPIRY: [Field; 5] = [
    ("node", node),
    ("nodeSelector", node_selector),
    ("replacement", replacement),
    ("terminationGracePeriod", termination_grace_period),
    ("nodeTakes", node_takes),
];
const OF_CONSOLIDATION: [Field; 5] = [
    ("nodeSelector", node_selector),
    ("budget", budget),
    ("replacement", replacement),
    ("terminationGracePeriod", termination_grace_period),
    ("nodeTakes", node_takes),
];

/// The fields of each kind.
const OWN_FIELDS: [(&str, &[Field]); 7] = [
    ("rollout", &OF_ROLLOUTS),
    ("scale", &OF_SCALINGS),
    ("drain", &OF_DRAINS),
    ("upgradeNodes", &OF_UPGRADES),
    ("reclaim", &OF_RECLAIMS),
    ("expire", &OF_EXPIRY),
    ("consolidate", &OF_CONSOLIDATION),
];
/// What providers do, by the kind of which it is a preset.
const PRESETS: [(&str, &[&str]); 2] = [
    ("upgradeNodes", &["gke", "aks", "eks", "kubeadm", "karpenter"]),
    ("reclaim", &["aws", "gcp", "azure", "karpenter"]),
];

/// Each kind has fields of its own; the key says which kind it is.
pub fn own_fields(key: &str) -> Value {
    let is = |word: &str| is(key, word);
    let of = |(word, own): (&str, &[Field])| {
        let others = fields().into_iter().filter(|(field, _)| own.iter().all(|(known, _)| known != field));
        let mut properties: serde_json::Map<String, Value> =
            others.map(|(field, _)| (field.to_owned(), Value::Bool(false))).collect();
        if !["rollout", "scale"].contains(&word) {
            properties.insert("deployments".to_owned(), Value::Bool(false));
        }
        if let Some((_, presets)) = PRESETS.into_iter().find(|(kind, _)| *kind == word) {
            properties.insert("preset".to_owned(), json!({"enum": presets}));
        }
        let mut then = json!({"properties": properties});
        if own.iter().any(|(field, _)| *field == "nodeTakes") {
            then["required"] = json!(["nodeTakes"]);
        }
        if word == "scale" {
            then["required"] = json!(["to"]);
        }
        if word == "reclaim" {
            then["properties"]["replacement"] = json!({"enum": ["atNotice", "atEnd"]});
            then["anyOf"] = json!([{"required": ["preset"]}, {"required": ["notice"]}]);
        }
        json!({"if": is(word), "then": then})
    };
    let mut all: Vec<Value> = OWN_FIELDS.into_iter().map(of).collect();
    // Fields that go together, whatever the kind is.
    all.push(json!({
        "if": {"properties": {"of": {"const": "zone"}}, "required": ["of"]},
        "then": {"required": ["share"]},
        "else": {"properties": {"share": false}},
    }));
    all.push(json!({"not": {"required": ["node", "nodeSelector"]}}));
    Value::Array(all)
}

fn of() -> Value {
    let words = [
        ("node", "Each Node by itself, by a clock of its own."),
        ("zone", "Bursts: by a clock of each zone, each of its Nodes with the chance `share`."),
    ];
    or("node", word("Of a reclaim: how many go at a time.", &words))
}

fn share_of_zone() -> Value {
    such_as(json!(["50%"]), share("Of bursts of reclaims: so many of a zone's Nodes go, each by chance.", 0.0, 1.0))
}

fn node_selector() -> Value {
    let what = "Of a reclaim, an expiry or a consolidation: the Nodes that have all these labels; all, if left out.";
    such_as(
        json!([{"karpenter.sh/capacity-type": "spot"}]),
        json!({"description": what, "type": "object", "additionalProperties": {"type": "string"}}),
    )
}

fn notice() -> Value {
    such_as(
        json!(["2m"]),
        duration("Of a reclaim: the machine is gone so long after it begins, whatever is left on it."),
    )
}

fn handler() -> Value {
    let words = [
        ("evict", "The Node is cordoned and drained by evictions, which ask budgets."),
        ("shutdown", "Its kubelet stops all containers by itself and asks nobody (V6)."),
        ("none", "Nothing is done: Pods die with the machine."),
    ];
    or("none", word("Of a reclaim: what is done about the Pods when the notice comes; a preset has its own.", &words))
}

fn pod_grace() -> Value {
    let what = "Of a reclaim with `handler: shutdown`: Pods get no longer grace than this.";
    or(durations::shown(POD_GRACE), duration(what))
}

fn replacement() -> Value {
    let words = [
        (
            "first",
            "At the beginning, and nothing is done to the old Node before the new one is Ready; not of a reclaim.",
        ),
        ("atNotice", "At the beginning, beside all else."),
        ("atEnd", "When the old machine is gone."),
    ];
    word(
        "Of a reclaim, an expiry or a consolidation: when the new machine is ordered. Left out: what the preset of a reclaim says, else          `atEnd`; of an expiry `atNotice`, of a consolidation `first`.",
        &words,
    )
}

fn termination_grace_period() -> Value {
    let what = "Of an expiry or a consolidation: the NodePool's; so long after its drain has begun the machine goes, and Pods are deleted in \
                time, whatever their budgets say (V21a). Left out: it waits for its drain.";
    such_as(json!(["1h"]), duration(what))
}

fn budget() -> Value {
    or(
        BUDGET,
        json!({
            "description": "Of a consolidation: none begins while so many Nodes are being withdrawn or are not Ready; a percentage is rounded up.",
            "type": ["integer", "string"],
            "minimum": 1,
            "maximum": MOST_AT_ONCE,
            "pattern": "^[0-9]+%$",
            "patternErrorMessage": "must be how many Nodes, such as 1, or a share of them, such as 10%",
        }),
    )
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
        (
            "karpenter",
            "Of an upgrade, Karpenter's drift: surge 10%, without a timeout (V21). Of a reclaim: a notice of 2m, the Node is drained and \
             another one ordered at once (V23).",
        ),
        ("aws", "Of a reclaim: a notice of 2m, the node termination handler drains the Node (V23)."),
        ("gcp", "Of a reclaim: a notice of 30s, the kubelet shuts the Node down (V23, V6)."),
        ("azure", "Of a reclaim: a notice of 30s, the Node is drained (V23)."),
    ];
    word("Of an upgrade or a reclaim: what a provider does. Fields beside it replace its numbers.", &words)
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
    let what =
        "Of all that replaces machines: how long a new one takes until it is a Node that is Ready, drawn for each.";
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
        "Of a drain: the Node of this name. Left out: the Nodes take turns, in an order that is drawn for each replication. Of a reclaim or an expiry: this Node alone.",
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
            ("reclaim", "The cloud takes a spot instance back, after a notice."),
            ("expire", "Karpenter replaces a Node that has reached its `expireAfter`."),
            ("consolidate", "Karpenter replaces a Node by another one, one whose Pods budgets let go."),
        ],
    )
}

/// Which rollouts bring a bad revision.
fn bad() -> Value {
    let kinds = [
        ("never-ready", "The process starts, and answers nobody: it never becomes Ready."),
        ("crash-loop", "The process exits where it should serve."),
        ("ready-and-wrong", "Its probes succeed, and its requests fail: all, or a share of them (`failing`)."),
        ("slow-poison", "It serves, and exits after the time `crashesAfter` or `outOfMemoryAfter`, again and again."),
    ];
    let mut schema = object(
        "Some rollouts bring a revision that is bad, until it is noticed and the revision before is rolled out again.",
        &["share", "kinds", "noticed"],
        [
            ("share", share("So many of the rollouts.", 0.0, 1.0)),
            ("kinds", list("How it is bad: one of these, each as often as the others.", word("How.", &kinds))),
            ("noticed", refer("law", "Time from the beginning of the rollout until the rollback begins.")),
            (
                "failing",
                share(
                    "Of `ready-and-wrong`: so many of the requests to each Pod fail, above 0, in whole millionths; left out, all of them.",
                    0.0,
                    1.0,
                ),
            ),
            (
                "crashesAfter",
                refer("law", "Of `slow-poison`: how long a process serves before it exits, drawn for each."),
            ),
            (
                "outOfMemoryAfter",
                refer(
                    "law",
                    "Of `slow-poison` that leaks: from when a process serves until its memory is full and it is killed, drawn for each revision.",
                ),
            ),
        ],
    );
    // How long it serves belongs to the one kind that serves for a time, and what fails to the one that fails a part.
    let has = |kind: &str| json!({"properties": {"kinds": {"contains": {"const": kind}}}});
    let (crashes, leaks) = (json!({"required": ["crashesAfter"]}), json!({"required": ["outOfMemoryAfter"]}));
    let has_poison = has("slow-poison");
    schema["allOf"] = json!([
        {"anyOf": [
            {"allOf": [has_poison, {"oneOf": [crashes, leaks]}]},
            {"not": {"anyOf": [has_poison, crashes, leaks]}},
        ]},
        {"anyOf": [has("ready-and-wrong"), {"not": {"required": ["failing"]}}]},
    ]);
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
