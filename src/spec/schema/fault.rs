//! `spec` of a `FaultModel`, a fault, and an entry of a script.

use serde_json::{Value, json};

use super::operations;
use super::value::{list, object, or, refer, some, such_as, text, word};

/// What a `FaultModel` may say.
pub fn spec() -> Value {
    let faults = list("The faults; each name once.", json!({"$ref": "#/definitions/fault"}));
    let mut schema = object("What breaks, and who mends it.", &[], [("faults", faults), ("onCall", on_call())]);
    schema["anyOf"] = json!([{"required": ["faults"]}, {"required": ["onCall"]}]);
    schema
}

/// Who mends what nothing else mends.
pub fn on_call() -> Value {
    let notices = refer("law", "From when nothing else would mend a Pod until somebody is paged.");
    let acts = refer("law", "From the page until the Pod is deleted.");
    let people = object(
        "Somebody who is paged for Pods that nothing else mends, and deletes them.",
        &["notices", "acts"],
        [
            ("notices", such_as(json!([{"lognormal": {"median": "5m", "p95": "20m"}}]), notices)),
            ("acts", such_as(json!([{"lognormal": {"median": "15m", "p95": "1h"}}]), acts)),
            ("source", or("assumption", text("Where the numbers come from."))),
        ],
    );
    let nobody = json!({"enum": ["off", false, null], "description": "Nobody."});
    json!({"description": "Who mends what nothing else mends. Of several files the last that has it counts.", "anyOf": [nobody, people]})
}

/// `onCall` as an entry of an experiment's `faults`.
pub fn on_call_entry() -> Value {
    object("Who mends what nothing else mends, for this experiment.", &["onCall"], [("onCall", on_call())])
}

/// Something that breaks again and again.
pub fn fault() -> Value {
    let every = refer(
        "law",
        "The time in service between two occurrences, per target; its mean must be at least 1s. 1y is 365 days.",
    );
    let mut schema = object(
        "A fault that strikes by chance.",
        &["name", "target", "mode", "every", "source"],
        [
            (
                "name",
                name(
                    "Its name in the results and in paths of `vary`. Not `probe`, `start`, `overload` or `autoscaler`.",
                ),
            ),
            ("target", target_word()),
            ("mode", mode()),
            ("every", such_as(json!([{"exponential": {"mean": "30d"}}]), every)),
            (
                "lasts",
                lasts(
                    "Left out: a hang or an error lasts until the restart, a leader of the control plane is away until its \
                     standby takes over. Needed for Nodes, zones and the API server.",
                ),
            ),
            ("container", container()),
            (
                "deployments",
                deployments(
                    "Of several Deployments, which are struck; all, each by itself, if left out. With target deployment those named here are struck at once.",
                ),
            ),
            ("affects", affects()),
            ("source", source("Where the numbers come from, or `assumption`.")),
        ],
    );
    let is = |target: &str| json!({"properties": {"target": {"const": target}}, "required": ["target"]});
    let is_machine = json!({"properties": {"target": {"enum": ["node", "zone"]}}, "required": ["target"]});
    schema["allOf"] = json!([
        {"if": is("container"), "then": modes(&CONTAINER)},
        {"if": is("deployment"), "then": modes(&CONTAINER[..4])},
        {"if": is_machine, "then": needs_lasts(modes(&MACHINE))},
        {"if": is("controlPlane"), "then": modes(&CONTROL_PLANE)},
        api_server(),
        over_at_once(),
        seen_by_all(),
    ]);
    schema
}

/// A fault at a moment.
pub fn script_entry() -> Value {
    let general = [
        ("name", name("Its name in the results; made of mode and target if left out.")),
        (
            "at",
            such_as(
                json!(["5m", {"uniform": {"min": "0s", "max": "10s"}}]),
                refer("law", "The moment, from the end of warmUp; a law is drawn anew in each replication."),
            ),
        ),
        ("operation", operations::kind()),
        ("target", target()),
        ("mode", mode()),
        ("lasts", lasts("Left out: until the restart, or for Nodes and zones without end.")),
        ("container", container()),
        ("deployments", deployments("Of several Deployments, whose slots and Pods the target means.")),
        ("affects", affects()),
        ("source", or("script", text("Where the numbers come from."))),
    ];
    let fields = general.into_iter().chain(operations::fields());
    let mut schema = object("A fault at a moment, on targets that are named, or an operation.", &["at"], fields);
    let names = |keys: &[&str]| {
        let any: Vec<Value> = keys.iter().map(|key| json!({"required": [key]})).collect();
        json!({"properties": {"target": {"type": "object", "anyOf": any}}, "required": ["target"]})
    };
    let is_deployment = json!({"properties": {"target": {"const": "deployment"}}, "required": ["target"]});
    let is_control_plane = json!({"properties": {"target": {"const": "controlPlane"}}, "required": ["target"]});
    schema["oneOf"] = json!([{"required": ["operation"]}, {"required": ["target", "mode"]}]);
    schema["allOf"] = json!([
        {"if": names(&["slot"]), "then": modes(&CONTAINER)},
        {"if": is_deployment, "then": modes(&CONTAINER[..4])},
        {"if": names(&["node", "nodeOf", "zone"]), "then": modes(&MACHINE)},
        {"if": is_control_plane, "then": modes(&CONTROL_PLANE)},
        api_server(),
        over_at_once(),
        seen_by_all(),
        {"allOf": operations::own_fields("operation")},
    ]);
    schema
}

/// Modes of containers and of the Deployment, which has no deletion.
pub(super) const CONTAINER: [(&str, &str); 5] = [
    ("crash", "The process exits."),
    ("hang", "It accepts connections and never answers."),
    ("error", "It answers 5xx at once."),
    ("sandbox", "The Pod's sandbox dies, and its network with it."),
    ("delete", "Its Pod is deleted through the API."),
];
/// Modes of Nodes and zones.
pub(super) const MACHINE: [(&str, &str); 4] = [
    ("crash", "The machine is off."),
    ("partition", "The Node loses the control plane; its containers serve on."),
    ("isolation", "The same, and no request reaches it."),
    ("kubelet", "The kubelet's process dies and starts again at the end; containers serve on, unprobed."),
];

/// Modes of the control plane.
pub(super) const CONTROL_PLANE: [(&str, &str); 4] = [
    ("apiServer", "No API server answers; after 10 to 12 s controller manager and scheduler exit, too. Needs `lasts`."),
    ("controllerManager", "Its leader is gone; without `lasts` until a standby takes over, 15 to 20 s."),
    ("scheduler", "Its leader is gone; without `lasts` until a standby takes over, 15 to 20 s."),
    ("schedulerStop", "Its leader stops and releases its Lease: a standby takes over within 4.4 s."),
];

/// Deployments by their names.
pub(super) fn deployments(what: &str) -> Value {
    such_as(
        json!([["shop", "search"]]),
        json!({"description": what, "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "uniqueItems": true}]}),
    )
}

/// What a fault strikes.
pub(super) fn target_word() -> Value {
    let targets = [
        ("container", "Each replica, with a clock of its own."),
        ("deployment", "All containers of the Deployment at once."),
        ("node", "Each Node, with a clock of its own."),
        ("zone", "All Nodes of a zone at once; each zone has its own clock."),
        ("controlPlane", "The API server, the controller manager or the scheduler."),
    ];
    word("What is struck.", &targets)
}

/// Which words there are hangs on the target.
pub(super) fn mode() -> Value {
    text("How it is struck. Set the target first: it decides what there is.")
}

/// The modes of a target.
pub(super) fn modes(words: &[(&str, &str)]) -> Value {
    json!({"properties": {"mode": word("How it is struck.", words)}})
}

/// Nothing takes the place of an API server.
pub(super) fn api_server() -> Value {
    json!({
        "if": {"properties": {"mode": {"const": "apiServer"}}, "required": ["mode"]},
        "then": {"required": ["lasts"]},
    })
}

fn needs_lasts(mut then: Value) -> Value {
    then["required"] = json!(["lasts"]);
    then
}

/// What has no length must not be given one.
pub(super) fn over_at_once() -> Value {
    let ends = |modes: Value| json!({"properties": {"mode": {"enum": modes}}, "required": ["mode"]});
    let is_machine = json!({
        "required": ["target"],
        "properties": {"target": {"anyOf": [
            {"enum": ["node", "zone"]},
            {"type": "object", "anyOf": [{"required": ["node"]}, {"required": ["nodeOf"]}, {"required": ["zone"]}]},
        ]}},
    });
    json!({
        "if": is_machine,
        "else": {"if": ends(json!(["crash", "sandbox", "delete", "schedulerStop"])), "then": {"properties": {"lasts": false}}},
    })
}

/// Only a hang and an error can be hidden from somebody.
pub(super) fn seen_by_all() -> Value {
    let others = [
        "crash",
        "sandbox",
        "delete",
        "partition",
        "isolation",
        "kubelet",
        "apiServer",
        "controllerManager",
        "scheduler",
        "schedulerStop",
    ];
    json!({
        "if": {"properties": {"mode": {"enum": others}}, "required": ["mode"]},
        "then": {"properties": {"affects": false}},
    })
}

/// The name of a fault.
pub(super) fn name(what: &str) -> Value {
    json!({
        "description": what,
        "type": "string",
        "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        "patternErrorMessage": "must be lower-case letters, digits or `-`, first and last a letter or digit",
        "not": {"enum": ["probe", "start", "overload", "autoscaler"]},
    })
}

fn container() -> Value {
    let mut name =
        name("Which container of the Pods, for the targets container and deployment; left out: the one that serves.");
    name.as_object_mut().map(|schema| schema.remove("not"));
    name
}

/// Where numbers come from.
pub(super) fn source(what: &str) -> Value {
    json!({"description": what, "type": "string", "pattern": "\\S", "examples": ["assumption"]})
}

fn lasts(what: &str) -> Value {
    such_as(
        json!([{"lognormal": {"median": "5m", "p95": "2h"}}]),
        refer(
            "law",
            &format!("How long an occurrence lasts. {what} A crash, a lost sandbox and a deletion have none."),
        ),
    )
}

/// Who sees a fault.
pub(super) fn affects() -> Value {
    let who = word(
        "Who sees it.",
        &[
            ("requests", "The requests of users."),
            ("readiness", "Readiness probes."),
            ("liveness", "Liveness probes."),
            ("startup", "Startup probes."),
        ],
    );
    such_as(
        json!([["requests", "readiness"]]),
        some("Who sees a hang or an error. Left out: everybody. Only for these two modes.", who),
    )
}

fn target() -> Value {
    let slot =
        |what: &str| json!({"description": what, "anyOf": [{"type": "integer", "minimum": 0}, {"const": "each"}]});
    let mut place = object(
        "One target, or `each` for all of its kind.",
        &[],
        [
            ("slot", slot("The container of this slot, from 0.")),
            ("node", text("The Node of this name.")),
            ("nodeOf", slot("The Node that holds the Pod of this slot at that moment.")),
            ("zone", text("All Nodes of the zone of this name.")),
        ],
    );
    place["minProperties"] = json!(1);
    place["maxProperties"] = json!(1);
    such_as(
        json!(["deployment", {"slot": 0}, {"zone": "zone-1"}, {"nodeOf": "each"}]),
        json!({
            "description": "What is struck: deployment, controlPlane, {slot: 0}, {node: NAME}, {nodeOf: 0} or {zone: NAME}; \
                            `each` stands for all.",
            "anyOf": [
                {"const": "deployment", "description": "All containers at once."},
                {"const": "controlPlane", "description": "The API server, the controller manager or the scheduler."},
                place,
            ],
        }),
    )
}
