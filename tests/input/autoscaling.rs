//! Which autoscalers are played, how they see the load, and what is said of those that are not.

use crate::kinds::{SERVES, SERVICE, autoscaler, web};
use crate::traffic::load_manifest;
use hasim::model::{Autoscaler, Behavior, Change, CpuTarget, CpuUsage, ScalingMetric, ScalingPolicy, SelectPolicy};
use hasim::spec::{Diagnostic, Loaded, Report, Severity};
use hasim::time::Duration;

const CAPACITY: &str = ", capacity: {requestsPerSecond: 40, cpu: {idle: 20m, busy: 300m}}";
const TRAFFIC: &str = "  traffic: traffic.yaml\n";

fn requesting(resources: &str) -> String {
    SERVES.replace("image: 'web:1'", &format!("image: 'web:1', resources: {resources}"))
}

/// An experiment on a Deployment with an autoscaler.
fn load(fields: &str, container: &str, scaler: &str, capacity: &str, more: &str) -> Result<Loaded, Report> {
    let manifest = web(fields, "restartPolicy: Always", &[container]) + SERVICE + &autoscaler(scaler);
    load_manifest(manifest, "rate: 90", capacity, more)
}

const NONE: &str = "minReadySeconds: 0";

fn played(container: &str, scaler: &str, capacity: &str) -> Option<Autoscaler> {
    let loaded = load(NONE, container, scaler, capacity, TRAFFIC).unwrap_or_else(|report| panic!("{report}"));
    loaded.study.scenarios[0].model.workload().autoscaler.clone()
}

fn warnings(container: &str, scaler: &str, capacity: &str, more: &str) -> Vec<String> {
    let loaded = load(NONE, container, scaler, capacity, more).unwrap_or_else(|report| panic!("{report}"));
    let warned = loaded.findings.diagnostics.iter().filter(|one| one.severity == Severity::Warning);
    let warned = warned.filter(|one| !["spec.objective.metric", "spec.rate"].contains(&one.path.as_str()));
    warned.map(Diagnostic::sentence).collect()
}

/// H2, H9: without `metrics` 80 % of the requested CPU; what the app says that requests cost, or else the limit, or the request.
#[test]
fn h2_h9_cpu_is_what_requests_cost() {
    let of = |resources: &str, capacity: &str| {
        let scaler = played(&requesting(resources), "minReplicas: 2, maxReplicas: 6", capacity).expect("it is played");
        assert_eq!((scaler.min, scaler.max, scaler.behavior, scaler.reset_to), (2, 6, None, None));
        assert_eq!(scaler.tolerance, Autoscaler::TOLERANCE);
        scaler.metrics
    };
    let cpu = |request, idle, busy| {
        let target = CpuTarget::Utilization { percent: 80, request };
        vec![ScalingMetric::Cpu { target, usage: CpuUsage { idle, busy, capacity: 40.0 } }]
    };
    let bare = ", capacity: {requestsPerSecond: 40}";
    assert_eq!(of("{requests: {cpu: 250m}}", CAPACITY), cpu(250, 20.0, 300.0));
    assert_eq!(of("{requests: {cpu: 250m}, limits: {cpu: 1}}", bare), cpu(250, 0.0, 1_000.0));
    assert_eq!(of("{requests: {cpu: 250m}}", bare), cpu(250, 0.0, 250.0));
}

/// H9, H13, H14, H16: every kind of metric, and `behavior` with its defaults.
#[test]
fn h9_h13_h16_metrics_and_behavior() {
    let scaler = "minReplicas: 2, maxReplicas: 6, metrics: [
        {type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 200m}}},
        {type: Pods, pods: {metric: {name: http_requests_per_second}, target: {type: AverageValue, averageValue: 25}}},
        {type: External, external: {metric: {name: lb_rps}, target: {type: AverageValue, averageValue: 12500m}}},
        {type: Object, object: {metric: {name: requests-per-second}, describedObject: {kind: Ingress, name: web, apiVersion: v1}, \
                 target: {type: Value, value: 2k}}}],
        behavior: {scaleUp: {policies: [{type: Percent, value: 50, periodSeconds: 60}], tolerance: 0.02},
                   scaleDown: {stabilizationWindowSeconds: 60, selectPolicy: Disabled}}";
    let found = played(&requesting("{requests: {cpu: 250m}}"), scaler, CAPACITY).expect("it is played");
    let usage = CpuUsage { idle: 20.0, busy: 300.0, capacity: 40.0 };
    assert_eq!(
        found.metrics,
        [
            ScalingMetric::Cpu { target: CpuTarget::Average { millis: 200 }, usage },
            ScalingMetric::RequestsPerPod { thousandths: 25_000 },
            ScalingMetric::RequestsPerReplica { thousandths: 12_500 },
            ScalingMetric::Requests { thousandths: 2_000_000 },
        ]
    );
    assert_eq!(found.tolerance, (0.02, 0.1));
    let Behavior { up, down } = found.behavior.unwrap();
    let every = Duration::from_secs(60);
    assert_eq!(up.policies, [ScalingPolicy { change: Change::Percent(50), period: every }]);
    assert_eq!((up.window, up.select), (Duration::ZERO, SelectPolicy::Max));
    assert_eq!(
        (down.window, down.select, down.policies),
        (every, SelectPolicy::Disabled, Behavior::usual().down.policies)
    );
}

/// D17: what the manifest says of the replicas is applied at each rollout.
#[test]
fn d17_written_replicas_are_applied_again() {
    let container = requesting("{requests: {cpu: 250m}}");
    let scaler = |fields: &str| {
        let loaded =
            load(fields, &container, "maxReplicas: 6", CAPACITY, TRAFFIC).unwrap_or_else(|report| panic!("{report}"));
        loaded.study.scenarios[0].model.workload().autoscaler.clone().expect("it is played").reset_to
    };
    assert_eq!([scaler(NONE), scaler("replicas: 4")], [None, Some(4)]);
}

#[test]
fn what_is_not_played_is_said() {
    let container = requesting("{requests: {cpu: 250m}}");
    let memory = "{type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 70}}}";
    let queue =
        "{type: External, external: {metric: {name: queue_length}, target: {type: AverageValue, averageValue: 30}}}";
    let cpu = "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}";
    let with = |metrics: &[&str]| format!("maxReplicas: 6, metrics: [{}]", metrics.join(", "));
    let said = |container: &str, metrics: &[&str], capacity: &str, words: &[&str], is_played: bool| {
        let found = warnings(container, &with(metrics), capacity, TRAFFIC);
        assert_eq!(found.len(), words.len(), "{found:?}");
        for words in words {
            assert!(found.iter().any(|one| one.contains(words)), "{found:?}");
        }
        assert_eq!(played(container, &with(metrics), capacity).is_some(), is_played);
    };
    said(&container, &[cpu], CAPACITY, &[], true);
    said(&container, &[cpu, memory], CAPACITY, &["memory is not played: it is taken to ask for no more Pods"], true);
    let nothing = "has no metric that follows the load";
    said(&container, &[queue], CAPACITY, &["queue_length is not played", nothing], false);
    said(&container, &[cpu], "", &["the app does not say what a Pod can take", nothing], false);
    said(SERVES, &[cpu], CAPACITY, &["container web requests no CPU: it has no number", nothing], false);
}

/// Without `traffic` its bounds hold, as ever; and replicas that an experiment asks about are not scaled.
#[test]
fn an_autoscaler_needs_the_load() {
    let container = requesting("{requests: {cpu: 250m}}");
    let scaler = |more: &str| {
        let loaded = load(NONE, &container, "minReplicas: 3, maxReplicas: 6", CAPACITY, more)
            .unwrap_or_else(|report| panic!("{report}"));
        let scenarios = loaded.study.scenarios.iter().map(|scenario| scenario.model.workload());
        scenarios.map(|workload| (workload.replicas, workload.autoscaler.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(scaler(""), [(3, false)]);
    assert_eq!(scaler(TRAFFIC), [(3, true)]);
    assert_eq!(scaler(&format!("{TRAFFIC}  vary: {{replicas: [4, null]}}\n")), [(4, false), (3, true)]);
}

/// Its document is varied as any other is, and nonsense that comes of it is told at its place.
#[test]
fn an_autoscaler_is_varied() {
    let container = requesting("{requests: {cpu: 250m}}");
    let metrics = "maxReplicas: 6, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]";
    let vary = |vary: &str| load(NONE, &container, metrics, CAPACITY, &format!("{TRAFFIC}  vary: {{{vary}}}\n"));
    let key = "autoscaler.metrics[0].resource.target.averageUtilization";
    let loaded = vary(&format!("\"{key}\": [40, 60], autoscaler.maxReplicas: [6, 9]"))
        .unwrap_or_else(|report| panic!("{report}"));
    let found: Vec<_> = loaded
        .study
        .scenarios
        .iter()
        .map(|scenario| scenario.model.workload().autoscaler.clone().unwrap())
        .map(|scaler| match scaler.metrics[0] {
            ScalingMetric::Cpu { target: CpuTarget::Utilization { percent, .. }, .. } => (percent, scaler.max),
            _ => panic!("it looks at the CPU"),
        })
        .collect();
    assert_eq!(found, [(40, 6), (40, 9), (60, 6), (60, 9)]);
    let errors = |wrong: &str| -> Vec<String> {
        vary(wrong).map(|_| ()).unwrap_err().errors().map(Diagnostic::sentence).collect()
    };
    let found = errors("autoscaler.minReplicas: [2, 7]");
    assert!(found.len() == 1 && found[0].contains("must be at least minReplicas (7)"), "{found:?}");
    let found = errors("autoscaler.maxReplicas: [0]");
    assert!(found.len() == 1 && found[0].contains("spec.maxReplicas: is 0"), "{found:?}");
    let low = load(NONE, &container, metrics, CAPACITY, &format!("{TRAFFIC}  objective: {{minServing: 2}}\n"));
    let found: Vec<String> = low.map(|_| ()).unwrap_err().errors().map(Diagnostic::sentence).collect();
    assert!(found.iter().any(|one| one.contains("minServing")), "{found:?}");
}
