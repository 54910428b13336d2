//! `spec` of a `Cluster`.

use serde_json::{Map, Value, json};

use super::super::cluster::MAX_NODES;
use super::super::control_plane::{numbers, periods};
use super::super::latencies;
use super::law::written;
use super::value::{duration, integer, number, object, or, refer, share, some, such_as, text, word};
use crate::durations;
use crate::model::{ControlPlane, RaceOdds, StartRace};

/// What a Cluster may say.
pub fn spec() -> Value {
    object(
        "The cluster. Nodes are made from `zones`, or come from the Node objects of the manifest.",
        &[],
        [
            ("zones", zones()),
            ("nodesPerZone", or(1, integer("Nodes in each zone. Only with zones.", 1, MAX_NODES))),
            (
                "region",
                or("region-1", text("The region of all zones: the Nodes' label topology.kubernetes.io/region.")),
            ),
            ("node", node()),
            ("pools", pools()),
            ("deadNodes", dead_nodes()),
            ("controlPlane", control_plane()),
            ("latencies", latency_laws()),
            ("startRace", start_race()),
            ("prices", prices()),
        ],
    )
}

fn zones() -> Value {
    let zone = object(
        "A zone.",
        &["name"],
        [
            ("name", text("Its name: lower-case letters, digits and `-`.")),
            ("nodes", integer("How many Nodes it has; nodesPerZone if left out.", 0, MAX_NODES)),
            ("region", text("Its region, if not that of the others.")),
        ],
    );
    let count = json!({"type": "integer", "minimum": 1, "maximum": MAX_NODES});
    let named = some("The zones by name.", zone);
    such_as(
        json!([3, [{"name": "eu-1a", "nodes": 2}, {"name": "eu-1b", "nodes": 2}]]),
        json!({
            "description": format!(
                "Zones: how many (they are called zone-1, zone-2, …), or a list of names. At most {MAX_NODES} Nodes in all."
            ),
            "anyOf": [count, named],
        }),
    )
}

fn pools() -> Value {
    let pool = object(
        "A pool of Nodes that are alike.",
        &[],
        [
            ("nodesPerZone", or(1, integer("How many of its Nodes there are in each zone.", 0, MAX_NODES))),
            ("node", node()),
            (
                "nodeHour",
                number("Price of an hour of its Nodes, if not that of `prices`, beside which it must stand.", 0.0, 1e9),
            ),
        ],
    );
    such_as(
        json!([{"on-demand": {"nodesPerZone": 1}, "spot": {"nodesPerZone": 2, "nodeHour": 0.07}}]),
        json!({
            "description": "Pools of Nodes by their names, in place of nodesPerZone and node. Only with zones. Nodes are called ZONE-POOL-1, ….",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": pool,
        }),
    )
}

fn node() -> Value {
    let quantity = |what: &str| {
        json!({
            "description": what,
            "type": ["string", "number"],
            "pattern": "^\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$",
            "patternErrorMessage": "must be a quantity such as 500m, 2 or 4Gi",
            "minimum": 0,
        })
    };
    let labels = json!({
        "description": "Labels that every Node has, besides those that its kubelet and its cloud set: its name, zone, region, \
                        kubernetes.io/os (linux), kubernetes.io/arch (amd64 unless it is said here), \
                        node.kubernetes.io/instance-type, and these under their older names.",
        "type": "object",
        "additionalProperties": {"type": "string"},
    });
    let other = quantity(
        "Allocatable amount of another resource under its own name: `nvidia.com/gpu: 1`, `hugepages-2Mi: 1Gi`. A Node has \
         none of what is left out; ephemeral-storage then has no limit.",
    );
    let mut schema = object(
        "What all Nodes made from zones have in common: what they offer to Pods, and their labels.",
        &[],
        [
            ("cpu", or("4", quantity("Allocatable CPU, in cores: 4, or 3920m."))),
            ("memory", or("16Gi", quantity("Allocatable memory, in bytes: 16Gi."))),
            ("pods", or(110, quantity("How many Pods the kubelet takes."))),
            ("labels", labels),
        ],
    );
    // As `resources::is_other` has it.
    schema["patternProperties"] = json!({"/|^hugepages-|^ephemeral-storage$": other});
    schema
}

fn dead_nodes() -> Value {
    let after = ("after", refer("law", "Time from the crash until the new Node is Ready."));
    let replace = object("A new machine takes the place of a dead one.", &["after"], [after]);
    let replaced =
        object("The instance is gone at once, and a new machine comes.", &["replace"], [("replace", replace)]);
    or(
        "reboot",
        such_as(
            json!(["reboot", {"replace": {"after": "3m"}}]),
            json!({
                "description": "Whether a machine that crashed comes back: `reboot` when the fault ends, or \
                                {replace: {after: LAW}}.",
                "anyOf": [{"const": "reboot", "description": "It reboots when the fault ends."}, replaced],
            }),
        ),
    )
}

/// What the timings mean; `tests` below keep the list whole.
const TIMINGS: [(&str, &str); 22] = [
    ("leaseRenewMin", "Shortest time between two renewals of a Node's lease (N1)."),
    ("leaseRenewMax", "Longest time between two renewals of a Node's lease (N1)."),
    ("nodeStatusMin", "Shortest time between two status updates of a kubelet (N2)."),
    ("nodeStatusMax", "Longest time between two status updates of a kubelet (N2)."),
    ("nodeMonitorPeriod", "From one pass of the node monitor to the next: 5 s and the pass itself (N3)."),
    ("nodeMonitorGracePeriod", "Silence after which a Node's Ready becomes Unknown (N3). Until 1.31 it was 40s."),
    ("taintQueuePeriod", "How often the queue of NoExecute taints is served (N7)."),
    ("relistPeriod", "From one listing of the runtime's containers to the next: 1 s and the listing (C1)."),
    ("syncFrequency", "Shortest time until a Pod without events is synced again; the longest is 1.5 times this (C16)."),
    ("workQueuePoll", "How often the kubelet polls its work queue (C16)."),
    ("backOffInitial", "First delay of the crash-loop back-off (C10)."),
    ("maxContainerRestartPeriod", "Longest delay of the crash-loop back-off (C10)."),
    ("backOffForget", "Time without a start after which the back-off is forgotten (C10)."),
    ("statusReconcile", "How often the kubelet reconciles Pod statuses with the API (E2)."),
    ("minSyncPeriod", "Shortest time between two runs of kube-proxy (E6)."),
    ("cloudNodeMonitor", "How often the cloud controller looks for instances that are gone (N15)."),
    ("podGcPeriod", "How often the Pod garbage collector runs (N15)."),
    ("podGcQuarantine", "How long an orphan waits before it is collected (N15)."),
    ("nodeEvictionRate", "NoExecute taints per second and zone (N7)."),
    ("secondaryNodeEvictionRate", "The same in a large zone that is partially disrupted, per second (N11)."),
    ("unhealthyZoneThreshold", "Share of Nodes not Ready from which a zone counts as disrupted (N11)."),
    ("lostTaintToken", "Probability that the first taint's token is lost (N7a)."),
];

fn meaning(of: &[(&str, &'static str)], key: &str) -> &'static str {
    of.iter().find(|(name, _)| *name == key).map_or("", |(_, what)| what)
}

fn control_plane() -> Value {
    let [mut today, mut legacy] = [ControlPlane::default(), ControlPlane::legacy()];
    let large = today.large_zone;
    let mut fields = vec![
        (
            "generation",
            or(
                "1.36",
                word(
                    "Whose defaults hold.",
                    &[
                        ("1.36", "Kubernetes 1.36: Pods leave a lost Node when their tolerations are over."),
                        ("legacy", "Releases before taint-based eviction, such as 1.8."),
                    ],
                ),
            ),
        ),
        (
            "podEvictionTimeout",
            duration("Only with generation legacy: how long after the last heartbeat Pods are deleted (5m)."),
        ),
        ("largeClusterSizeThreshold", or(large, integer("A zone with more Nodes is large (N11).", 0, 1_000_000))),
    ];
    for ((key, span), (_, old)) in periods(&mut today).into_iter().zip(periods(&mut legacy)) {
        let what = with_legacy(meaning(&TIMINGS, key), &durations::shown(*span), &durations::shown(*old));
        fields.push((key, or(durations::shown(*span), duration(&what))));
    }
    for ((key, value, least, most), (_, old, ..)) in numbers(&mut today).into_iter().zip(numbers(&mut legacy)) {
        let what = with_legacy(meaning(&TIMINGS, key), &value.to_string(), &old.to_string());
        fields.push((key, or(*value, number(&what, least, most))));
    }
    let mut schema = object("A generation of the control plane, and single timings on top of it.", &[], []);
    schema["properties"] =
        Value::Object(fields.into_iter().map(|(key, field)| (key.to_owned(), field)).collect::<Map<_, _>>());
    // N9: since 1.13 tolerations decide.
    schema["if"] = json!({"properties": {"generation": {"const": "legacy"}}, "required": ["generation"]});
    schema["else"] = json!({"properties": {"podEvictionTimeout": false}});
    schema
}

fn with_legacy(what: &str, today: &str, legacy: &str) -> String {
    if today == legacy { what.to_owned() } else { format!("{what} With generation legacy: {legacy}.") }
}

/// What the latencies are; `tests` below keep the list whole.
const LATENCIES: [(&str, &str); 19] = [
    ("controller", "A change in the API → a controller has acted on it; each step of a rollout takes two."),
    ("replacement", "Deletion of a Pod → the ReplicaSet has created its replacement."),
    ("bind", "Pod created → bound to a Node, if one fits."),
    ("firstSync", "Pod bound → the kubelet's first sync, in which its probe workers start."),
    ("sandbox", "Sandbox, network and volumes of a new Pod."),
    ("imagePull", "Fetching an image that is not on the Node."),
    ("imageCheck", "Asking the registry for an image whose layers are present."),
    ("containerStart", "Creating and starting a container, without the start of the application itself."),
    ("containerStop", "The runtime's overhead before SIGTERM reaches the process."),
    ("sync", "A cause for a Pod sync → the sync has acted (C3)."),
    ("statusWrite", "A changed Pod status → the condition is in the API (E2)."),
    ("endpointSlice", "Condition in the API → EndpointSlice (E5)."),
    ("proxy", "A run of kube-proxy (E6)."),
    ("deletionSeen", "A Pod deleted through the API → its kubelet begins to stop it (T2)."),
    ("objectGone", "Last exit and relist → the Pod object is gone (T5)."),
    ("disruption", "Something has happened to a Pod → the PodDisruptionBudgets that select it know (V10)."),
    ("evictionRequest", "A request of a drain: to cordon the Node, to list its Pods, to evict one (R6)."),
    ("kubeletReady", "Start of the kubelet's process → Node Ready in the API (N14)."),
    ("kubeletFirstSync", "Start of the kubelet's process → first syncs of Pods (P21)."),
];

fn latency_laws() -> Value {
    let mut usual = latencies::defaults();
    let mut fields: Map<String, Value> = latencies::laws(&mut usual)
        .into_iter()
        .map(|(key, law)| (key.to_owned(), or(written(law), refer("law", meaning(&LATENCIES, key)))))
        .collect();
    fields.insert("load".to_owned(), load());
    let mut schema = object("How long the steps of the environment take. Each has a usual law (E10a, C6).", &[], []);
    schema["properties"] = Value::Object(fields);
    schema
}

fn load() -> Value {
    let busy = object(
        "Replications in which the control plane is busy.",
        &["share", "times"],
        [("share", share("Their share.", 0.0, 1.0)), ("times", number("The median of their factor.", 1.0, 1000.0))],
    );
    such_as(
        json!([{"sigma": 0.5, "busy": {"share": "10%", "times": 18}}]),
        object(
            "A log-normal factor on bind, replacement, statusWrite and endpointSlice, drawn once for a replication: under \
             load they grow together. Left out: 1.",
            &["sigma"],
            [
                ("sigma", number("Standard deviation of the factor's logarithm; its median is 1.", 0.0, 3.0)),
                ("busy", busy),
            ],
        ),
    )
}

fn start_race() -> Value {
    let usual = StartRace::default();
    let odds = |what: &str, odds: RaceOdds| {
        let fields = [
            ("newStatus", share("The readiness worker sees the new status.", 0.0, 1.0)),
            (
                "oldStatusSynced",
                share("It sees the old one, and another sync follows. What is left to 1: none.", 0.0, 1.0),
            ),
        ];
        let default = json!({"newStatus": odds.new_status, "oldStatusSynced": odds.old_status_synced});
        or(default, object(what, &["newStatus", "oldStatusSynced"], fields))
    };
    object(
        "Odds of the race between a started container and its readiness worker (P11a).",
        &[],
        [
            ("first", odds("First start of a Pod's container.", usual.first)),
            ("probeRestart", odds("Restart after a kill by a probe.", usual.probe_restart)),
            ("crashRestart", odds("Restart after an exit of its own.", usual.crash_restart)),
            (
                "strayProbe",
                or(usual.stray_probe, share("A lost race of a probe's restart sends a stray probe (P7a).", 0.0, 1.0)),
            ),
            (
                "sameTick",
                or(
                    usual.same_tick,
                    share("Liveness probes on the very tick of the startup probe's success (P9b).", 0.0, 1.0),
                ),
            ),
        ],
    )
}

fn prices() -> Value {
    let mut schema = object(
        "What the cluster costs: all Nodes, dead or not, and as many Pods as `replicas` asks for.",
        &[],
        [
            ("nodeHour", number("Price of a Node's hour.", 0.0, 1e9)),
            ("podHour", number("Price of a Pod's hour.", 0.0, 1e9)),
            ("currency", such_as(json!(["USD", "EUR"]), text("The currency, for the reports."))),
        ],
    );
    schema["anyOf"] = json!([{"required": ["nodeHour"]}, {"required": ["podHour"]}]);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Property: every timing and every latency that is read has its words, and none has words in vain.
    #[test]
    fn what_is_read_is_explained() {
        let mut plane = ControlPlane::default();
        let mut read: Vec<&str> = periods(&mut plane).into_iter().map(|(key, _)| key).collect();
        read.extend(numbers(&mut plane).into_iter().map(|(key, ..)| key));
        assert_eq!(read, TIMINGS.map(|(key, _)| key));
        let read = latencies::laws(&mut latencies::defaults()).map(|(key, _)| key);
        assert_eq!(read, LATENCIES.map(|(key, _)| key));
    }
}
