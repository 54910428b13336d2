//! The reference in bad weather: for speed, for the oracle, and for what must hold however faults meet.

use super::{SANDBOX, days, exponential, fault, probe, reference, secs};
use hasim::ids::{ContainerId, ImageId, TemplateContainer, WorkloadId};
use hasim::model::{
    Affects, AntiAffinity, App, BadRevisions, Budget, Container, ContainerMode, ControlPlaneMode, Drainer, Fault,
    Handler, ImagePull, Limit, Millionths, Model, NodeMode, NodeUpgrade, NodeWithdrawal, Occurrence, OnCall, OnTimeout,
    Part, Probe, Replacement, Requirement, Role, Strikes, Toleration, UpgradeOrder, WithdrawalReason, WithdrawalScope,
    Workload,
};
use hasim::random::Law;
use hasim::time::Duration;

/// The faults of the speed target: crash every 3 d and hang every 7 d per container, Node crash every 180 d,
/// zone outage every 730 d, one probe in 10,000 fails by chance.
pub fn busy_reference() -> Model {
    let mut model = reference();
    model.app_mut().probe_failure = 1e-4;
    model.faults = vec![
        fault("crash", Strikes::Container(ContainerMode::Crash), exponential(days(3.0)), None),
        fault("hang", Strikes::Container(ContainerMode::Hang(Affects::ALL)), exponential(days(7.0)), None),
        fault(
            "node-crash",
            Strikes::Node(NodeMode::Crash),
            exponential(days(180.0)),
            Some(Law::lognormal_with_p95(600.0, 3600.0).unwrap()),
        ),
        fault(
            "zone-outage",
            Strikes::Zone(NodeMode::Isolation),
            exponential(days(730.0)),
            Some(Law::lognormal_with_p95(6840.0, 79_200.0).unwrap()),
        ),
    ]
    .into();
    model
}

/// Every kind of fault, so often that each strikes within days, and they meet each other.
pub fn stormy_reference() -> Model {
    let mut model = reference();
    let short = |median, p95| Some(Law::lognormal_with_p95(median, p95).unwrap());
    let only_readiness = Affects { requests: false, liveness: false, startup: false, readiness: true };
    let gray = Affects { requests: true, liveness: false, startup: false, readiness: false };
    model.faults = vec![
        fault("crash", Strikes::Container(ContainerMode::Crash), exponential(days(0.2)), None),
        fault("hang", Strikes::Container(ContainerMode::Hang(Affects::ALL)), exponential(days(0.3)), None),
        fault(
            "pause",
            Strikes::Container(ContainerMode::Hang(Affects::ALL)),
            exponential(days(0.2)),
            short(12.0, 40.0),
        ),
        fault(
            "error",
            Strikes::Container(ContainerMode::Error(Affects::ALL)),
            exponential(days(0.5)),
            short(15.0, 60.0),
        ),
        fault("gray", Strikes::Container(ContainerMode::Error(gray)), exponential(days(1.0)), short(60.0, 600.0)),
        fault(
            "broken-health",
            Strikes::Container(ContainerMode::Error(only_readiness)),
            exponential(days(1.0)),
            short(60.0, 1200.0),
        ),
        fault(
            "dependency",
            Strikes::Deployment(ContainerMode::Error(Affects::ALL)),
            exponential(days(2.0)),
            short(120.0, 1800.0),
        ),
        fault("poison", Strikes::Deployment(ContainerMode::Hang(Affects::ALL)), exponential(days(5.0)), None),
        fault("node-crash", Strikes::Node(NodeMode::Crash), exponential(days(2.0)), short(300.0, 3000.0)),
        fault("node-partition", Strikes::Node(NodeMode::Partition), exponential(days(2.0)), short(100.0, 2000.0)),
        fault("node-isolation", Strikes::Node(NodeMode::Isolation), exponential(days(4.0)), short(100.0, 2000.0)),
        fault("zone-outage", Strikes::Zone(NodeMode::Crash), exponential(days(5.0)), short(600.0, 6000.0)),
        fault("zone-partition", Strikes::Zone(NodeMode::Partition), exponential(days(8.0)), short(600.0, 6000.0)),
        fault("sandbox", SANDBOX, exponential(days(1.0)), None),
        fault("deletion", Strikes::Deletion, exponential(days(1.0)), None),
        fault("kubelet-restart", Strikes::Node(NodeMode::Kubelet), exponential(days(1.0)), short(4.0, 60.0)),
        fault("zone-kubelets", Strikes::Zone(NodeMode::Kubelet), exponential(days(8.0)), short(100.0, 2000.0)),
    ]
    .into();
    model.horizon = secs(30.0 * 86_400.0);
    model.warm_up = Duration::ZERO;
    model
}

/// The same with an init container, a sidecar that holds back what follows until its startup probe has succeeded, and a proxy
/// beside the container that serves; faults strike each of them.
pub fn crowded_reference() -> Model {
    let mut model = stormy_reference();
    let app = |median, p95| App { start_up: Law::lognormal_with_p95(median, p95).unwrap(), ..App::unknown() };
    let main = model.workload().pod.main().clone();
    let proxy = Container {
        liveness: Some(Probe { period: secs(7.0), ..probe(3) }),
        readiness: Some(Probe { initial_delay: Duration::ZERO, period: secs(2.0), timeout: secs(1.0), ..probe(2) }),
        pre_stop_sleep: secs(3.0),
        ..Container::new("proxy", Role::Regular, ImageId::new(1), ImagePull::IfNotPresent, app(0.5, 2.0))
    };
    let sidecar = Container {
        liveness: Some(probe(2)),
        startup: Some(Probe { initial_delay: Duration::ZERO, period: secs(3.0), timeout: secs(1.0), ..probe(10) }),
        post_start: secs(1.5),
        ..Container::new("sidecar", Role::Sidecar, ImageId::new(2), ImagePull::Always, app(1.0, 6.0))
    };
    let init = Container::new("init", Role::Init, ImageId::new(3), ImagePull::IfNotPresent, app(4.0, 20.0));
    model.workload_mut().pod.containers = vec![init, sidecar, main, proxy].into();
    model.workload_mut().pod.serving = ContainerId::new(2);
    let on = |name: &str, container, mode, every, lasts| Fault {
        containers: vec![super::of_template(container)],
        ..fault(name, Strikes::Container(mode), exponential(days(every)), lasts)
    };
    let short = Some(Law::lognormal_with_p95(20.0, 60.0).unwrap());
    model.faults.extend([
        on("proxy-crash", 3, ContainerMode::Crash, 0.3, None),
        on("proxy-hang", 3, ContainerMode::Hang(Affects::ALL), 0.5, None),
        on("proxy-error", 3, ContainerMode::Error(Affects::ALL), 0.5, short),
        on("sidecar-crash", 1, ContainerMode::Crash, 0.5, None),
        on("sidecar-hang", 1, ContainerMode::Hang(Affects::ALL), 0.5, None),
        // Of the seconds that it runs.
        on("init-crash", 0, ContainerMode::Crash, 0.0002, None),
        Fault {
            containers: vec![super::of_template(3)],
            ..fault("mesh", Strikes::Deployment(ContainerMode::Hang(Affects::ALL)), exponential(days(3.0)), None)
        },
    ]);
    model
}

/// Three Deployments on the same Nodes under every kind of fault: the one of [`crowded_reference`], one of a single container
/// without liveness probe whose Service publishes Pods that are not Ready, and one without probes. They compete for room and
/// keep each other away; some faults are of one alone, one strikes two at once, Nodes and zones are those of all.
pub fn several_reference() -> Model {
    let mut model = crowded_reference();
    let crowded = super::named("crowded", Workload { min_serving: 2, replicas: 3, ..model.workload().clone() });
    let single = |name: &str, replicas, image| {
        let app = App { start_up: Law::lognormal_with_p95(5.0, 12.0).unwrap(), ..model.app().clone() };
        let mut workload = super::named(name, super::workload(replicas, 3, 2, false, app));
        workload.pod.containers[ContainerId::new(0)].image = ImageId::new(image);
        workload.pod.requests.cpu_millis = 500;
        workload
    };
    // It runs from the image of the sidecar of the first.
    let mut published = single("published", 2, 2);
    published.publish_not_ready = true;
    published.pod.main_mut().liveness = None;
    let mut bare = single("bare", 3, 9);
    let main = bare.pod.main_mut();
    (main.liveness, main.readiness, main.pre_stop_sleep) = (None, None, secs(2.0));
    bare.pod.tolerations.unreachable = Toleration::For(secs(60.0));
    let mut workloads = super::side_by_side([crowded, published, bare]);
    let ids: Vec<WorkloadId> = workloads.ids().collect();
    workloads[ids[0]].pod.requests.cpu_millis = 1500;
    // By Node: those of the second keep away from the first, as far as there is room elsewhere, and from those of the third.
    let by_node = || (0..6).map(Some).collect::<Vec<_>>();
    let term = |weight, selects: [bool; 3]| AntiAffinity {
        domain: by_node(),
        preferred_weight: weight,
        selects: selects.to_vec().into(),
    };
    workloads[ids[1]].pod.anti_affinity = vec![term(Some(60), [true, false, false]), term(None, [false, true, true])];
    workloads[ids[2]].pod.spread[0].selects = vec![true, false, true].into();
    model.workloads = workloads;
    // Of a template that is now the first of three.
    let serving = |id: WorkloadId| TemplateContainer { workload: id, container: model.workloads[id].pod.serving };
    let own = |id, name: &str, strikes, every, lasts| Fault {
        containers: vec![serving(id)],
        ..fault(name, strikes, exponential(days(every)), lasts)
    };
    let error = Strikes::Deployment(ContainerMode::Error(Affects::ALL));
    let short = || Some(Law::lognormal_with_p95(120.0, 1800.0).unwrap());
    let faults = [
        own(ids[1], "of-published", super::HANG, 0.5, None),
        own(ids[2], "of-bare", super::CRASH, 0.5, None),
        own(ids[2], "error-of-bare", error, 2.0, short()),
        own(ids[1], "deletion-of-published", Strikes::Deletion, 2.0, None),
        Fault {
            containers: vec![serving(ids[2]), serving(ids[0])],
            at_once: true,
            bad: None,
            ..fault("database", error, exponential(days(2.0)), short())
        },
        Fault {
            containers: vec![TemplateContainer { workload: ids[0], container: ContainerId::new(3) }, serving(ids[1])],
            at_once: true,
            bad: None,
            ..fault("release", Strikes::Deployment(ContainerMode::Crash), exponential(days(3.0)), None)
        },
    ];
    model.faults.extend(faults);
    let pods = |id: WorkloadId, at_least| Requirement::Pods { workload: id, at_least };
    let either = Requirement::any(vec![pods(ids[1], 1), pods(ids[2], 2)]);
    model.system = Some(Requirement::all(vec![pods(ids[0], 1), either]));
    model
}

/// Somebody who notices and acts within minutes.
pub fn on_call() -> OnCall {
    let law = |median, p95| Law::lognormal_with_p95(median, p95).unwrap();
    OnCall { notices: law(120.0, 600.0), acts: law(300.0, 1800.0), source: "test".into() }
}

/// Releases so often; every other one is bad, with each flaw as often as the others, and some are overtaken before that is noticed.
pub fn releases(every: f64, new_image: bool) -> Vec<Fault> {
    let bad = BadRevisions { share: 0.5, flaws: 6, noticed: exponential(1800.0) };
    let rollout = Strikes::Rollout { new_image };
    let flaw = |name: &str, mode, after: Option<Law>| Fault {
        occurs: Occurrence::WithRevision { after, is_alike: name == "leak" },
        ..fault(name, Strikes::Container(mode), exponential(1.0), None)
    };
    vec![
        Fault { bad: Some(bad), ..fault("rollout", rollout, exponential(every), Some(exponential(60.0))) },
        flaw("never-ready", ContainerMode::Hang(Affects::ALL), None),
        flaw("crash-loop", ContainerMode::Crash, None),
        flaw("ready-and-wrong", ContainerMode::Error(Affects::REQUESTS), None),
        flaw("wrong-in-part", ContainerMode::ErrorInPart(Millionths::of(0.3)), None),
        flaw("slow-poison", ContainerMode::Crash, Some(exponential(90.0))),
        flaw("leak", ContainerMode::Crash, Some(exponential(300.0))),
    ]
}

/// Each part of the control plane is away several times a day, for seconds to hours.
pub fn outages_of_the_control_plane() -> Vec<Fault> {
    let lasts = |median, p95| Some(Law::lognormal_with_p95(median, p95).unwrap());
    let away = |name: &str, mode, every, lasts| fault(name, Strikes::ControlPlane(mode), exponential(every), lasts);
    vec![
        away("api-server", ControlPlaneMode::ApiServer, 20_000.0, lasts(15.0, 900.0)),
        away("controllers", ControlPlaneMode::ControllerManager, 20_000.0, None),
        away("controllers-for-long", ControlPlaneMode::ControllerManager, 60_000.0, lasts(120.0, 3600.0)),
        away("scheduler", ControlPlaneMode::Scheduler, 40_000.0, lasts(20.0, 600.0)),
        away("scheduler-stops", ControlPlaneMode::SchedulerStop, 20_000.0, None),
    ]
}

/// How long a new machine takes.
fn new_machine() -> Law {
    Law::lognormal_with_p95(120.0, 400.0).unwrap()
}

/// Nodes are reclaimed one by one and in bursts, with every handler, expire and are consolidated; what Karpenter drains has so much time.
pub fn withdrawals(within: Duration) -> Vec<Fault> {
    let shutdown = Handler::Shutdown { pod_grace: secs(15.0) };
    let aws = NodeWithdrawal {
        reason: WithdrawalReason::Reclaim,
        scope: WithdrawalScope::Node,
        notice: Some(secs(120.0)),
        handler: Handler::Evict,
        replacement: Replacement::AtEnd,
        drainer: Drainer::Kubectl,
    };
    let gcp = NodeWithdrawal { notice: Some(secs(30.0)), handler: shutdown, ..aws };
    let beside = NodeWithdrawal { replacement: Replacement::AtNotice, drainer: Drainer::Karpenter, ..aws };
    let burst = NodeWithdrawal { scope: WithdrawalScope::Zone { share: 0.5 }, handler: Handler::None, ..beside };
    let expiry = NodeWithdrawal { reason: WithdrawalReason::Expiry, notice: Some(within), ..beside };
    let patient = NodeWithdrawal { notice: None, ..expiry };
    let consolidation = NodeWithdrawal {
        reason: WithdrawalReason::Consolidation,
        scope: WithdrawalScope::Cluster { at_once: 2 },
        replacement: Replacement::First,
        notice: None,
        ..expiry
    };
    [
        ("reclaim-aws", aws, 150_000.0),
        ("reclaim-gcp", gcp, 150_000.0),
        ("reclaim-karpenter", beside, 150_000.0),
        ("reclaim-burst", burst, 200_000.0),
        ("expire", expiry, 200_000.0),
        ("expire-patient", patient, 200_000.0),
        ("consolidate", consolidation, 50_000.0),
    ]
    .map(|(name, plan, every)| fault(name, Strikes::WithdrawNode(plan), exponential(every), Some(new_machine())))
    .into()
}

/// The stormy reference with everything that is done to it on purpose, while parts of the control plane go away.
pub fn changing_reference() -> Model {
    let mut model = stormy_reference();
    model.workload_mut().replicas = 3;
    model.workload_mut().progress_deadline = secs(300.0);
    model.budgets = vec![Budget {
        name: "budget".into(),
        selects: vec![true].into(),
        limit: Limit::MaxUnavailable(Part::Number(1)),
        always_allows_unhealthy: false,
    }]
    .into();
    let drain = Strikes::Drain { node: None, timeout: Some(secs(900.0)) };
    let upgrade = NodeUpgrade {
        surge: 1,
        at_once: 1,
        order: UpgradeOrder::Random,
        cordons_all: false,
        soak: secs(60.0),
        drainer: Drainer::Karpenter,
        drain_timeout: Some(secs(600.0)),
        on_timeout: OnTimeout::Skip,
        frees_failed: true,
    };
    super::add_spares(&mut model, 3);
    model.faults.push(fault("upgrade", Strikes::UpgradeNodes(upgrade), exponential(100_000.0), Some(new_machine())));
    model.faults.extend(withdrawals(secs(3600.0)));
    model.faults.extend(releases(14_400.0, true));
    model.faults.extend([fault("drain", drain, exponential(10_000.0), Some(exponential(300.0)))]);
    let scale = |name: &str, to: u32, every: f64| {
        fault(name, Strikes::Scale { to }, exponential(every), Some(exponential(1500.0)))
    };
    model.faults.extend([scale("scale-up", 5, 30_000.0), scale("scale-down", 1, 40_000.0)]);
    model.faults.extend(outages_of_the_control_plane());
    model
}
