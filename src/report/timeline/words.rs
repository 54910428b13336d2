//! Each happening in words that its reader knows from `kubectl describe`, and the rules behind it.

use super::clock::Clock;
use crate::history::{Endpoint, Entry, Exit, Happening, PodLife, Reply, Stored, Timeline, Who};
use crate::ids::{ContainerId, FaultId, SlotId};
use crate::model::{
    ContainerMode, ControlPlaneMode, ControlPlanePart, Model, NodeMode, Probe, ProbeKind, Strikes, WithdrawalReason,
    WithdrawalScope, Workload,
};
use crate::report::format;
use crate::results::Tone::{self, Bad, Detail, Good, Plain};
use crate::time::Duration;

/// A happening in words.
#[derive(Debug)]
pub(super) struct Said {
    pub words: String,
    /// Numbers of rules, for example `P16, P18`; empty where Kubernetes has none.
    pub rules: &'static str,
    pub tone: Tone,
}

fn said(tone: Tone, words: impl Into<String>, rules: &'static str) -> Said {
    Said { words: words.into(), rules, tone }
}

/// What happens, save for probes, which need what came before them.
pub(super) fn say(entry: &Entry, timeline: &Timeline, model: &Model, clock: Clock) -> Said {
    let (what, at) = (entry.what, entry.at);
    let pod = || workload_of(entry.who, timeline, model);
    let node = |node: crate::ids::NodeId| &model.cluster.nodes[node].name;
    match what {
        Happening::FaultStruck { fault, .. } => said(Bad, strike_words(fault, model), ""),
        Happening::FaultEnded { fault, .. } => said(Plain, format!("fault {} is over", name(fault, model)), ""),

        Happening::RolloutBegan { .. }
        | Happening::ProgressDeadlineExceeded { .. }
        | Happening::RolledBack { .. }
        | Happening::RolloutEnded { .. }
        | Happening::ReplicasSet { .. }
        | Happening::DrainBegan { .. }
        | Happening::EvictionRefused { .. }
        | Happening::EvictionGranted { .. }
        | Happening::EvictionForced { .. }
        | Happening::DrainEnded { .. }
        | Happening::NodeUncordoned { .. }
        | Happening::UpgradeBegan { .. }
        | Happening::MachineOrdered { .. }
        | Happening::UpgradeEnded { .. }
        | Happening::WithdrawalEnded { .. } => say_of_operation(what, model),
        Happening::PodCreated { revision, .. } => said(Plain, created(revision, timeline), "D7"),
        Happening::PodMet { node: on, .. } => {
            said(Plain, format!("runs on {} since long before, Ready and in rotation", node(on)), "")
        }
        Happening::PodUnschedulable { .. } => {
            said(Bad, "FailedScheduling: no Node can take it, it stays Pending", "S3, S16")
        }
        Happening::PodBound { node: on, .. } => said(Plain, format!("Scheduled: bound to {}", node(on)), "S1"),
        Happening::PodEvicted { .. } => said(Plain, "evicted: its toleration of the NoExecute taint is over", "N9"),
        Happening::PodCollected { .. } => said(Plain, "collected as garbage: its Node object is gone", "N15"),
        Happening::Paged { .. } => said(Bad, "somebody is paged: nothing else would mend the Pod", ""),
        Happening::DeletedByHand { .. } => said(Plain, "somebody on call deletes the Pod", "T1"),
        Happening::PodDeleted { .. } => said(Plain, "deletionTimestamp set: Terminating, its slot is vacant", "T1"),
        Happening::PodFailed { .. } => {
            said(Plain, "its phase is Failed: no endpoint any more, and to be replaced", "V6, D8")
        }
        Happening::PodGone { .. } => said(Plain, "the Pod object is gone", "T5, T7"),

        Happening::FirstSync { .. } => said(Plain, "the kubelet syncs the Pod: its probe workers start", "P1"),
        Happening::StartBegan { sandbox, .. } => {
            let first = if sandbox { "sandbox, " } else { "" };
            said(Plain, format!("{first}image and container are prepared"), "C6, C14")
        }
        Happening::ContainerStarted { instance, .. } => said(Plain, format!("Started: container #{instance}"), "C6"),
        Happening::AppServing { instance, .. } => {
            said(Plain, format!("the application of container #{instance} is up"), "")
        }
        Happening::KillDecided { instance, by, .. } => {
            said(Bad, format!("container #{instance} is to be killed for its {} probe", kind_name(by)), "P18, C8")
        }
        Happening::DeletionSeen { .. } => said(Plain, "the kubelet learns of the deletion", "T2"),
        Happening::StopBegan { instance, pre_stop, .. } => said(Plain, stop_words(instance, pre_stop), "C9"),
        Happening::SigtermSent { instance, .. } => said(Plain, format!("SIGTERM reaches container #{instance}"), "C9"),
        Happening::ContainerExited { instance, exit, .. } => {
            said(Plain, format!("container #{instance} {}", exit_words(exit)), exit_rules(exit))
        }
        Happening::ExitNoticed { .. } => said(Plain, "the kubelet notices the exit", "C1"),
        Happening::BackedOff { until, .. } => {
            let span = format::in_full(until.saturating_since(at).as_secs_f64());
            said(Bad, format!("BackOff: CrashLoopBackOff for {span}, until {}", clock.show(until)), "C10, C11, C13")
        }
        Happening::ReadyDecided { ready, .. } => {
            said(Detail, format!("the kubelet finds the Pod {}", ready_words(ready)), "P13, P18")
        }

        Happening::InstanceNoticed { kind, instance, .. } => {
            said(Detail, format!("the {} worker notices container #{instance}", kind_name(kind)), "P7")
        }
        Happening::FoundNotRunning { kind, .. } => {
            said(Plain, format!("the {} worker finds no running container: Failure", kind_name(kind)), "P6")
        }
        Happening::ReadinessTriggered { sees_new_status: true, .. } => {
            said(Detail, "the kubelet triggers the readiness worker: it probes now, its ticks start anew", "P11")
        }
        Happening::ReadinessTriggered { .. } => {
            said(Detail, "the kubelet triggers the readiness worker, which still sees the old status", "P11a")
        }
        Happening::ProbeSent { kind, .. } => said(Detail, format!("{} probe sent", kind_name(kind)), "P6"),
        Happening::ProbeEnded { container, kind, reply, .. } => {
            said(Plain, ended(container, kind, reply, pod()), "P14")
        }
        Happening::ProbesSkipped(probes) => {
            said(Plain, ended(probes.container, probes.kind, probes.reply, pod()), "P14")
        }
        Happening::Verdict { container, kind, result, .. } => verdict(container, kind, result, pod()),

        Happening::ReadyWritten { ready, .. } => said(Plain, format!("API: the Pod is {}", ready_words(ready)), "E2"),
        Happening::EndpointSliceUpdated { endpoint, .. } => {
            said(Plain, format!("EndpointSlice: {}", endpoint_words(endpoint)), "E4, E5")
        }
        Happening::RotationChanged { in_rotation: true, .. } => {
            said(Good, "IN ROTATION: the load balancer sends it traffic", "E6, E7")
        }
        Happening::RotationChanged { .. } => {
            said(Plain, "OUT OF ROTATION: the load balancer sends it nothing more", "E6, E7")
        }

        _ => say_of_node(what),
    }
}

/// What is done on purpose.
fn say_of_operation(what: Happening, model: &Model) -> Said {
    match what {
        Happening::RolloutBegan { revision, flaw, .. } => {
            let flaw = flaw.map_or(String::new(), |flaw| format!(", which is bad: {}", name(flaw, model)));
            said(
                Plain,
                format!("the template changes: the rollout of revision {} begins{flaw}", revision + 1),
                "D2, D3",
            )
        }
        Happening::ProgressDeadlineExceeded { .. } => said(
            Bad,
            "the rollout has exceeded its progress deadline: nothing new was Ready meanwhile".to_owned(),
            "D4",
        ),
        Happening::RolledBack { revision, .. } => {
            said(Bad, format!("the new revision is found to be bad: rolled back to revision {}", revision + 1), "D2")
        }
        Happening::RolloutEnded { revision, .. } => said(
            Good,
            format!("successfully rolled out: all Pods are of revision {} and available", revision + 1),
            "D5",
        ),
        Happening::ReplicasSet { replicas, by_load: true, .. } => {
            said(Plain, format!("the autoscaler sets spec.replicas to {replicas}"), "H9, H15, H16")
        }
        Happening::ReplicasSet { replicas, .. } => said(
            Plain,
            format!("spec.replicas is set to {replicas}: Pods are created or deleted at once, whatever budgets say"),
            "D13, D14",
        ),
        Happening::DrainBegan { .. } => said(
            Plain,
            "a drain begins: cordoned, no Pod is bound to it any more; its Pods are to be evicted",
            "V7, V13",
        ),
        Happening::EvictionRefused { .. } => {
            said(Bad, "its PodDisruptionBudget allows no eviction now: asked again and again", "V2, V4, V21")
        }
        Happening::EvictionGranted { .. } => said(Plain, "evicted by the drain of its Node", "V2"),
        Happening::EvictionForced { .. } => {
            said(Bad, "deleted whatever its budget says: the time of its Node is nearly up", "V21a")
        }
        Happening::DrainEnded { has_failed, .. } => drain_ended(has_failed),
        Happening::NodeUncordoned { .. } => said(Good, "uncordoned: it takes Pods again, none moves back", "S16, S17"),
        Happening::UpgradeBegan { nodes } => said(
            Plain,
            format!("an upgrade begins: {nodes} Node{} are to get new machines", if nodes == 1 { "" } else { "s" }),
            "V16",
        ),
        Happening::MachineOrdered { .. } => said(Plain, "a new machine is ordered", "V16, V21, V23"),
        Happening::UpgradeEnded { has_failed: false } => said(Good, "the upgrade is complete", "V16"),
        Happening::UpgradeEnded { has_failed: true } => {
            said(Bad, "the upgrade has failed: a Node that could not be drained keeps its machine", "V16, V19")
        }
        Happening::WithdrawalEnded { .. } => said(Good, "withdrawn: another Node has taken its place", "V21, V23"),
        _ => unreachable!("{what:?} is not of an operation"),
    }
}

/// What happens to a Node, a zone or the control plane.
fn say_of_node(what: Happening) -> Said {
    match what {
        Happening::LeaderExited { part } => {
            said(Bad, format!("the leading {} exits: it could not renew its Lease", part_name(part)), "N17")
        }
        Happening::LeaderElected { part } => {
            said(Good, format!("another {} leads, and remembers nothing", part_name(part)), "N17, N17a")
        }
        Happening::MachineDied { .. } => said(Plain, "the machine is down", ""),
        Happening::ShutdownBegan { .. } => said(Bad, "the kubelet shuts the Node down: it stops all containers", "V6"),
        Happening::NodeNotReady { .. } => {
            said(Plain, "NodeNotReady, as the kubelet says itself: no Pod is marked not Ready for that", "V6")
        }
        Happening::MachineBooted { .. } => said(Plain, "the machine is up again", "N14"),
        Happening::NodeDisconnected { .. } => said(Plain, "no heartbeat reaches the control plane any more", "N1"),
        Happening::NodeReconnected { .. } => said(Plain, "the control plane can be reached again", "N14"),
        Happening::KubeletStopped { .. } => said(Plain, "the kubelet is dead, its containers run on", "N16"),
        Happening::KubeletStarted { .. } => said(Plain, "the kubelet has started and syncs its Pods", "N14, P21"),
        Happening::StatusesWritten { .. } => {
            said(Plain, "the kubelet writes the statuses of its Pods, as they are now", "E2, N17")
        }
        Happening::LeaseResumed { .. } => said(Plain, "the lease is renewed again", "N1"),
        Happening::NodeUnknown { .. } => {
            said(Bad, "NodeNotReady: Ready becomes Unknown, its Pods are marked not Ready", "N3, N6")
        }
        Happening::NodeReady { .. } => said(Good, "NodeReady: Ready becomes True", "N14"),
        Happening::TaintQueued { .. } => said(Plain, "waits for its NoExecute taint", "N7, N7a"),
        Happening::TaintAdded { is_unreachable: true, .. } => {
            said(Plain, "taint unreachable:NoExecute: its Pods are evicted after their toleration", "N7, N9")
        }
        Happening::TaintAdded { .. } => {
            said(Plain, "taint not-ready:NoExecute: its Pods are evicted after their toleration", "N5, N9")
        }
        Happening::TaintRemoved { .. } => {
            said(Plain, "the NoExecute taint is gone, and pending evictions with it", "N9, N11")
        }
        Happening::EvictionRateChanged { per_hour, .. } => said(Plain, rate_words(per_hour), "N11"),
        Happening::NodeDeleted { .. } => {
            said(Plain, "the Node object is deleted: its machine does not come back", "N15")
        }
        Happening::NodeJoined { .. } => said(Plain, "a new machine has joined", "N15"),
        other => unreachable!("{other:?} is told elsewhere"),
    }
}

fn ended(of: ContainerId, kind: ProbeKind, reply: Reply, workload: &Workload) -> String {
    format!("{} probe {}", kind_name(kind), reply_words(of, kind, reply, workload))
}

/// What a probe met, after its name.
pub(super) fn reply_words(of: ContainerId, kind: ProbeKind, reply: Reply, workload: &Workload) -> String {
    match reply {
        Reply::Ok => "succeeds".to_owned(),
        Reply::Error => "fails: 5xx".to_owned(),
        Reply::Refused => "fails: connection refused".to_owned(),
        Reply::Timeout => {
            let timeout = probe(of, kind, workload).map_or(0.0, |probe| probe.timeout.as_secs_f64());
            format!("fails: no answer within {}", format::in_full(timeout))
        }
        Reply::Reset => "fails: connection reset, the process has died".to_owned(),
    }
}

/// The Deployment of a Pod or a slot; the first where it concerns none.
pub(super) fn workload_of<'m>(who: Who, timeline: &Timeline, model: &'m Model) -> &'m Workload {
    let id = match who {
        Who::Pod(pod) => model.owner_of(timeline.pods[pod].slot).0,
        Who::Slot(slot) => model.owner_of(slot).0,
        Who::Deployment(workload) => workload,
        Who::Node(_) | Who::Zone(_) | Who::ControlPlane => return model.workload(),
    };
    &model.workloads[id]
}

/// What a slot is called: by its number, of several Deployments after the name of its own.
pub(super) fn slot_name(slot: SlotId, model: &Model) -> String {
    numbered("slot", slot, model)
}

/// What a Pod is called: by its slot, and which of its Pods it is.
pub(super) fn pod_name(life: PodLife, model: &Model) -> String {
    format!("{}.{}", pod_place(life.slot, model), life.ordinal)
}

/// The name of a Pod up to its ordinal.
pub(super) fn pod_place(slot: SlotId, model: &Model) -> String {
    numbered("pod", slot, model)
}

/// The revision of a Pod's template, where the timeline has more than one.
pub(super) fn of_revision(revision: u32, timeline: &Timeline) -> Option<String> {
    (!timeline.rollouts.is_empty()).then(|| format!("of revision {}", revision + 1))
}

fn numbered(what: &str, slot: SlotId, model: &Model) -> String {
    let (workload, number) = model.owner_of(slot);
    if model.workloads.len() == 1 {
        format!("{what} {number}")
    } else {
        format!("{} {what} {number}", model.workloads[workload].name)
    }
}

/// A probe of a container.
pub(super) fn probe(of: ContainerId, kind: ProbeKind, workload: &Workload) -> Option<Probe> {
    workload.pod.containers[of].probe(kind)
}

pub(super) const fn kind_name(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
        ProbeKind::Startup => "startup",
    }
}

fn verdict(of: ContainerId, kind: ProbeKind, result: Stored, workload: &Workload) -> Said {
    let threshold = probe(of, kind, workload).map_or(0, |probe| match result {
        Stored::Failure => probe.failure_threshold,
        Stored::Success | Stored::Unknown => probe.success_threshold,
    });
    let in_a_row = match (threshold, result) {
        (1, Stored::Failure) => "1 failure".to_owned(),
        (1, _) => "1 success".to_owned(),
        (n, Stored::Failure) => format!("{n} failures in a row"),
        (n, _) => format!("{n} successes in a row"),
    };
    match (kind, result) {
        (ProbeKind::Readiness, Stored::Failure) => {
            said(Bad, format!("READINESS LOST: Unhealthy after {in_a_row}"), "P16, P18")
        }
        (ProbeKind::Readiness, _) => said(Plain, format!("readiness probe is satisfied: {in_a_row}"), "P16, P18"),
        (_, Stored::Failure) => {
            said(Bad, format!("{} probe gives up: Unhealthy after {in_a_row}", kind_name(kind)), "P16, P18")
        }
        (ProbeKind::Startup, _) => said(
            Plain,
            format!("startup probe is satisfied: {in_a_row}; liveness and readiness probes begin"),
            "P10, P18",
        ),
        (ProbeKind::Liveness, _) => said(Plain, format!("liveness probe is satisfied: {in_a_row}"), "P16"),
    }
}

fn part_name(part: ControlPlanePart) -> &'static str {
    match part {
        ControlPlanePart::ApiServer => "API server",
        ControlPlanePart::ControllerManager => "controller manager",
        ControlPlanePart::Scheduler => "scheduler",
    }
}

fn name(fault: FaultId, model: &Model) -> &str {
    &model.faults[fault].name
}

/// A fault strikes, and which container, where it names one.
fn strike_words(fault: FaultId, model: &Model) -> String {
    let mut names: Vec<&str> = Vec::new();
    for named in &model.faults[fault].containers {
        let pod = &model.workloads[named.workload].pod;
        let name = pod.containers[named.container].name.as_str();
        if named.container != pod.serving && !names.contains(&name) {
            names.push(name);
        }
    }
    let whom = if names.is_empty() { String::new() } else { format!(" `{}`", names.join("`, `")) };
    let (name, effect) = (name(fault, model), effect(fault, model));
    if model.faults[fault].strikes.is_operation() {
        return format!("OPERATION {name}: {effect}");
    }
    format!("FAULT {name} strikes{whom}: {effect}")
}

fn effect(fault: FaultId, model: &Model) -> &'static str {
    match model.faults[fault].strikes {
        Strikes::Container(ContainerMode::Crash) => "the process exits",
        Strikes::Container(ContainerMode::Hang(_)) => "the process accepts requests and does not answer",
        Strikes::Container(ContainerMode::Error(_)) => "the process answers 5xx",
        Strikes::Container(ContainerMode::ErrorInPart(_)) => "the process answers a part of the requests with 5xx",
        Strikes::Container(ContainerMode::Sandbox) => "the sandbox dies, and the Pod's network with it",
        Strikes::Deletion => "the Pod is deleted through the API",
        Strikes::Deployment(ContainerMode::Crash) => "all processes exit",
        Strikes::Deployment(ContainerMode::Hang(_)) => "all processes accept requests and do not answer",
        Strikes::Deployment(ContainerMode::Error(_)) => "all processes answer 5xx",
        Strikes::Deployment(ContainerMode::ErrorInPart(_)) => "all processes answer a part of the requests with 5xx",
        Strikes::Deployment(ContainerMode::Sandbox) => "all sandboxes die, and the Pods' network with them",
        Strikes::Node(NodeMode::Kubelet) => "the kubelet's process dies, its containers run on",
        Strikes::Node(NodeMode::Crash) => "the machine dies",
        Strikes::Node(NodeMode::Partition) => "the Node loses the control plane, its containers run on",
        Strikes::Node(NodeMode::Isolation) => "nothing reaches the Node any more",
        Strikes::Zone(NodeMode::Kubelet) => "all kubelets of the zone die, their containers run on",
        Strikes::Zone(NodeMode::Crash) => "all machines of the zone die",
        Strikes::Zone(NodeMode::Partition) => "the zone loses the control plane, its containers run on",
        Strikes::Zone(NodeMode::Isolation) => "nothing reaches the zone any more",
        Strikes::ControlPlane(ControlPlaneMode::ApiServer) => {
            "no API server answers: Pods, probes and restarts go on, nothing is rescheduled or withdrawn"
        }
        Strikes::ControlPlane(ControlPlaneMode::ControllerManager) => {
            "the leading controller manager is gone: no Pod is withdrawn, evicted or replaced"
        }
        Strikes::ControlPlane(ControlPlaneMode::Scheduler) => "the leading scheduler is gone: new Pods stay Pending",
        Strikes::ControlPlane(ControlPlaneMode::SchedulerStop) => {
            "the leading scheduler stops and releases its Lease: new Pods stay Pending"
        }
        Strikes::Rollout { new_image: true } => "a new template with a new image is applied",
        Strikes::Scale { .. } => "its replicas are changed by hand",
        Strikes::Drain { .. } => "the Node is drained",
        Strikes::UpgradeNodes(_) => "all Nodes get new machines",
        Strikes::WithdrawNode(plan) => match (plan.reason, plan.scope) {
            (WithdrawalReason::Reclaim, WithdrawalScope::Zone { .. }) => {
                "the cloud takes spot instances of the zone back"
            }
            (WithdrawalReason::Reclaim, _) => "the cloud takes the spot instance back",
            (WithdrawalReason::Expiry, _) => "the Node has expired",
            (WithdrawalReason::Consolidation, _) => "the Node is consolidated",
        },
        Strikes::Rollout { new_image: false } => "a new template with the same image is applied",
    }
}

fn created(revision: u32, timeline: &Timeline) -> String {
    let of_revision = of_revision(revision, timeline).map(|of| format!(" {of}")).unwrap_or_default();
    format!("created by the ReplicaSet{of_revision}")
}

fn drain_ended(has_failed: bool) -> Said {
    if has_failed {
        said(Bad, "the drain ends with Pods that are left: it gives up, or its Node is taken from it", "V2, V14")
    } else {
        said(Good, "drained: all Pods that were listed are gone", "V13")
    }
}

fn stop_words(instance: u32, pre_stop: Duration) -> String {
    let stopped = format!("Killing: container #{instance} is stopped");
    if pre_stop.is_zero() {
        stopped
    } else {
        format!("{stopped}, its preStop sleeps {}", format::in_full(pre_stop.as_secs_f64()))
    }
}

fn rate_words(per_hour: u32) -> String {
    match per_hour {
        0 => "evictions stop".to_owned(),
        n => format!("evictions go on, {n} Nodes an hour at most"),
    }
}

fn exit_words(exit: Exit) -> &'static str {
    match exit {
        Exit::Completed => "has done its work",
        Exit::Crashed => "exits by itself",
        Exit::Stopped => "has stopped",
        Exit::MachineDied => "dies with its machine",
    }
}

fn exit_rules(exit: Exit) -> &'static str {
    match exit {
        Exit::Completed => "K3",
        Exit::Crashed => "C5",
        Exit::Stopped => "C9",
        Exit::MachineDied => "",
    }
}

fn ready_words(ready: bool) -> &'static str {
    if ready { "Ready" } else { "not Ready" }
}

fn endpoint_words(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint { listed: false, .. } => "removed",
        Endpoint { serving: true, terminating: false, .. } => "ready",
        Endpoint { serving: false, terminating: false, .. } => "not ready",
        Endpoint { serving: true, terminating: true, .. } => "terminating, still serving",
        Endpoint { serving: false, terminating: true, .. } => "terminating, not serving",
    }
}
