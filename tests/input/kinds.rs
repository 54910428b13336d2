//! Kinds of manifests that were answered wrongly once. Names begin with the kind; each is tested whole, not by one example.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hasim::model::Model;
use hasim::spec::{Loaded, Report, Severity, check_bytes, load_experiment_with};
use hasim::study::Study;
use hasim::time::Duration;
use proptest::prelude::*;

/// A Deployment with these fields, this Pod and these containers, all lines of flow style.
pub fn web(fields: &str, pod: &str, containers: &[&str]) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  {fields}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      {pod}
      containers:
        - {}
",
        containers.join("\n        - ")
    )
}

pub const SERVES: &str = "{name: web, image: 'web:1', ports: [{name: http, containerPort: 8080}], \
                      readinessProbe: {httpGet: {port: http}}, livenessProbe: {httpGet: {port: http}}}";
pub const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
";
const APP: &str = "{apiVersion: hasim/v1, kind: App, metadata: {name: a}, spec: {startUp: 2s, onSigterm: {exits: 1s}}}";
pub const CLUSTER: &str = "zones: 3, nodesPerZone: 2";

/// The study of an experiment on a manifest; `more` are lines of its spec.
pub fn load_with_findings(manifest: &str, cluster: &str, more: &str) -> Result<Loaded, Report> {
    let experiment = format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: kinds}}
spec:
  deployment: web.yaml
  app: app.yaml
  cluster: cluster.yaml
  faults: [{{name: crash, target: container, mode: crash, every: 30d, source: assumption}}]
{more}"
    );
    let cluster = format!("{{apiVersion: hasim/v1, kind: Cluster, metadata: {{name: c}}, spec: {{{cluster}}}}}");
    let files = BTreeMap::from([
        ("web.yaml", manifest.to_string()),
        ("app.yaml", APP.to_string()),
        ("cluster.yaml", cluster),
        ("experiment.yaml", experiment),
    ]);
    load_files(&files)
}

/// The study of `experiment.yaml` among these files.
pub fn load_files(files: &BTreeMap<&str, String>) -> Result<Loaded, Report> {
    load_experiment_with(Path::new("experiment.yaml"), &|path| {
        let found = files.get(path.to_str().unwrap_or_default()).map(|text| text.as_bytes().to_vec());
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    })
}

pub fn load_on(manifest: &str, cluster: &str, more: &str) -> Result<Study, Report> {
    load_with_findings(manifest, cluster, more).map(|loaded| loaded.study)
}

pub fn load(manifest: &str, more: &str) -> Result<Study, Report> {
    load_on(manifest, CLUSTER, more)
}

#[track_caller]
pub fn model(manifest: &str) -> Model {
    load(manifest, "").unwrap_or_else(|report| panic!("{report}")).scenarios.remove(0).model
}

/// All that the simulation knows of the Deployment.
#[track_caller]
fn deployment(manifest: &str) -> String {
    format!("{:?}", model(manifest).workload())
}

pub fn check(manifest: &str) -> Report {
    check_bytes(Path::new("web.yaml"), manifest.as_bytes()).report
}

/// The only error, in one line.
#[track_caller]
pub fn error(report: &Report) -> String {
    let errors: Vec<String> = report.errors().map(hasim::spec::Diagnostic::sentence).collect();
    assert_eq!(errors.len(), 1, "{report}");
    errors[0].clone()
}

// ---- arch-affinity ----

/// Every Node has what its kubelet and its cloud set, under the present and the older name, so a rule about it finds its
/// Nodes; a Cluster says otherwise by its own labels.
#[test]
fn arch_affinity_finds_the_labels_that_every_node_has() {
    let selected = |pod: &str, cluster: &str| {
        let study = load_on(&web("replicas: 2", pod, &[SERVES]), cluster, "  allowPending: true\n").unwrap();
        study.scenarios[0].model.workload().pod.selects_node.clone()
    };
    let affinity = |key: &str, rule: &str| {
        format!(
            "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: \
             [{{matchExpressions: [{{key: {key}, {rule}}}]}}]}}}}}}"
        )
    };
    let exists = [
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/instance-type",
    ];
    for key in exists {
        assert_eq!(selected(&affinity(key, "operator: Exists"), CLUSTER), [true; 6], "{key}");
    }
    for key in ["kubernetes.io/arch", "beta.kubernetes.io/arch"] {
        assert_eq!(selected(&affinity(key, "operator: In, values: [amd64, arm64]"), CLUSTER), [true; 6]);
        let arm = format!("nodeSelector: {{{key}: arm64}}");
        assert_eq!(selected(&arm, CLUSTER), [false; 6]);
        let cluster = "zones: 3, nodesPerZone: 2, node: {labels: {kubernetes.io/arch: arm64}}";
        assert_eq!(selected(&arm, cluster), [true; 6]);
    }
    let zone = "nodeSelector: {failure-domain.beta.kubernetes.io/zone: zone-2}";
    assert_eq!(selected(zone, CLUSTER), [false, false, true, true, false, false]);
}

#[test]
fn arch_affinity_to_a_label_that_no_node_has_is_refused_with_the_label() {
    let report = load(&web("replicas: 2", "nodeSelector: {disktype: ssd}", &[SERVES]), "").unwrap_err();
    assert_eq!(
        error(&report),
        "spec.template.spec.nodeSelector: no replica can be placed: 0/6 nodes are available: 6 node(s) didn't match \
         Pod's node affinity/selector."
    );
    let help = report.errors().next().unwrap().help.clone().unwrap();
    assert!(help.contains("no Node has the label disktype: ssd") && help.contains("node: {labels"), "{help}");
}

// ---- exec-sleep ----

/// Any spelling of a sleep is the same model as the built-in one. T4 and C9 hold for both; only the built-in one is held
/// to the grace period by the API server.
#[test]
fn exec_sleep_is_the_sleep_that_is_built_in() {
    let hooked = |hook: &str| {
        let container = SERVES.replace("image: 'web:1'", &format!("image: 'web:1', lifecycle: {{preStop: {hook}}}"));
        web("replicas: 4", "terminationGracePeriodSeconds: 30", &[&container])
    };
    let built_in = deployment(&hooked("{sleep: {seconds: 15}}"));
    for command in [
        "[sleep, '15']",
        "[/bin/sleep, '15']",
        "[/usr/bin/sleep, 15s]",
        "[sh, -c, sleep 15]",
        "[/bin/sh, -c, sleep 15]",
        "[bash, -c, sleep 15]",
        "[/bin/bash, -c, 'exec sleep 15']",
    ] {
        let manifest = hooked(&format!("{{exec: {{command: {command}}}}}"));
        assert_eq!(deployment(&manifest), built_in, "{command}");
        assert_eq!(check(&manifest).warnings().count(), 0, "{command}");
    }
    let sleep = |hook: &str| model(&hooked(hook)).workload().pod.main().pre_stop_sleep;
    assert_eq!(sleep("{exec: {command: [sleep, '0.5']}}"), Duration::from_millis(500));
    assert_eq!(sleep("{exec: {command: [sleep, '3600']}}"), Duration::from_secs(3600), "the grace cuts it");
    assert!(load(&hooked("{sleep: {seconds: 3600}}"), "").is_err());

    let warned =
        |hook: &str| check(&hooked(hook)).warnings().map(|warning| warning.message.clone()).collect::<String>();
    let more = "{exec: {command: [sh, -c, 'sleep 15; nginx -s quit']}}";
    assert_eq!(deployment(&hooked(more)), built_in, "what certainly is a sleep");
    assert!(warned(more).contains("goes on, which is not modelled"), "{}", warned(more));
    // Of another container as well: it is played too.
    let aside = SIDECARS[0].replace("image", &format!("lifecycle: {{preStop: {more}}}, image"));
    assert_eq!(check(&web("replicas: 2", "restartPolicy: Always", &[&aside, SERVES])).warnings().count(), 1);
    let other = "{exec: {command: [nginx, -s, quit]}}";
    assert!(sleep(other).is_zero() && warned(other).contains("is not modelled"));
}

// ---- port-name-missing ----

/// P15 and P7 by the kind of the probe: what is never Ready is refused where there is nothing else to play, in words that
/// name the port; a liveness probe of that kind only never kills.
#[test]
fn port_name_missing_of_each_probe() {
    let probing = |probe: &str| {
        let container = format!(
            "{{name: web, image: 'web:1', ports: [{{name: http, containerPort: 8080}}], {probe}: {{tcpSocket: {{port: web}}}}}}"
        );
        web("replicas: 2", "restartPolicy: Always", &[&container])
    };
    for (probe, consequence) in
        [("readinessProbe", "the Pod is never Ready"), ("startupProbe", "the Pod is never Ready")]
    {
        let report = check(&probing(probe));
        let error = error(&report);
        assert!(
            error.starts_with(&format!("spec.template.spec.containers[0].{probe}.tcpSocket.port: is web, ")),
            "{error}"
        );
        assert!(error.contains(consequence), "{error}");
        assert_eq!(
            report.errors().next().unwrap().help.as_deref(),
            Some("name one of the container's ports (http), or a number")
        );
        assert!(load(&probing(probe), "").is_err());
    }
    let liveness = probing("livenessProbe");
    assert!(!check(&liveness).has_errors());
    let warning = check(&liveness).warnings().next().unwrap().message.clone();
    assert!(warning.ends_with("so it never kills"), "{warning}");
    assert!(model(&liveness).workload().pod.main().liveness.unwrap().always_errs);
    assert!(
        !model(&web("replicas: 2", "restartPolicy: Always", &[SERVES]))
            .workload()
            .pod
            .main()
            .liveness
            .unwrap()
            .always_errs
    );
}

/// A kubelet looks a name up among the ports of the probe's own container only.
#[test]
fn port_name_missing_in_its_own_container_is_missing() {
    let other = "{name: other, image: 'other:1', ports: [{name: admin, containerPort: 9090}]}";
    let asks = SERVES.replace("readinessProbe: {httpGet: {port: http}}", "readinessProbe: {httpGet: {port: admin}}");
    let report = check(&(web("replicas: 2", "restartPolicy: Always", &[&asks, other]) + SERVICE));
    assert!(error(&report).contains("is admin, which is no port of the container `web`"), "{report}");
}

/// Beside scenarios that can be Ready it is played; where endpoints need not be ready it matters to nobody (E4); and another
/// container that is never ready keeps the whole Pod from it (E1).
#[test]
fn port_name_missing_beside_others_is_played() {
    let manifest = web("replicas: 2", "restartPolicy: Always", &[SERVES]) + SERVICE;
    let Loaded { study, findings } =
        load_with_findings(&manifest, CLUSTER, "  vary: {readinessProbe.httpGet.port: [http, web]}\n").unwrap();
    let errs: Vec<bool> = study
        .scenarios
        .iter()
        .map(|scenario| scenario.model.workload().pod.main().readiness.unwrap().always_errs)
        .collect();
    assert_eq!(errs, [false, true]);
    let warning = findings.warnings().next().unwrap();
    assert_eq!(warning.scenario.as_deref(), Some("readinessProbe.httpGet.port=web"));

    let asks = SERVES.replace("readinessProbe: {httpGet: {port: http}}", "readinessProbe: {httpGet: {port: web}}");
    let published = SERVICE.replace("selector", "publishNotReadyAddresses: true, selector");
    assert!(load(&(web("replicas: 2", "restartPolicy: Always", &[&asks]) + &published), "").is_ok());

    let sibling = "{name: other, image: 'other:1', readinessProbe: {httpGet: {port: none}}}";
    let both = web("replicas: 2", "restartPolicy: Always", &[SERVES, sibling]) + SERVICE;
    assert!(error(&load(&both, "").unwrap_err()).contains("is none, which is no port of the container `other`"));
}

// ---- sidecar-first ----

/// Containers around the one that serves, and what may point at it.
const SIDECARS: [&str; 3] = [
    "{name: a-config-watcher, image: 'watcher:1'}",
    "{name: exporter, image: 'exporter:1', ports: [{name: metrics, containerPort: 9090}], livenessProbe: {httpGet: {port: metrics}}}",
    "{name: z-proxy, image: 'proxy:1', ports: [{containerPort: 15000}], readinessProbe: {httpGet: {port: 15000}}}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Property: the order of the containers changes nothing but the order in which they start (K1), whichever of them there
    /// are, with and without a Service.
    #[test]
    fn sidecar_first_or_last_gives_the_same_answer(
        order in Just((0..4usize).collect::<Vec<_>>()).prop_shuffle(),
        count in 1..=4usize,
        has_service in any::<bool>(),
    ) {
        let all: Vec<&str> = SIDECARS.into_iter().chain([SERVES]).collect();
        let containers: Vec<&str> = order[..count].iter().map(|&i| all[i]).collect();
        let mut sorted = order[..count].to_vec();
        sorted.sort_unstable();
        let sorted: Vec<&str> = sorted.iter().map(|&i| all[i]).collect();
        // A name that no container has leads nowhere.
        let service = if order[..count].contains(&3) { SERVICE.to_string() } else { SERVICE.replace("http", "8080") };
        let service = if has_service { service.as_str() } else { "" };
        let shuffled = web("replicas: 2", "restartPolicy: Always", &containers) + service;
        let in_order = web("replicas: 2", "restartPolicy: Always", &sorted) + service;
        let by_name = |manifest: &str| {
            let deployment = model(manifest).workload().clone();
            let serving = deployment.pod.main().name.clone();
            let mut containers: Vec<String> = deployment.pod.containers.iter().map(|one| format!("{one:?}")).collect();
            containers.sort();
            (serving, containers)
        };
        prop_assert_eq!(by_name(&shuffled), by_name(&in_order));
        let advice = |manifest: &str| {
            let report = check(manifest);
            let mut ids: Vec<&str> = report.advice().filter_map(|found| Some(found.advice?.id)).collect();
            ids.sort_unstable();
            ids
        };
        prop_assert_eq!(advice(&shuffled), advice(&in_order));
    }
}

/// What decides, in its order: a name that is given, the Service, a readiness probe, other probes, ports, the Deployment's
/// name; and nothing but the alphabet if none of them tells two apart, which is a warning.
#[test]
fn sidecar_first_the_container_that_serves_is_the_one_that_most_points_at() {
    let plain = |name: &str, more: &str| format!("{{name: {name}, image: 'x:1'{more}}}");
    let played = |containers: [String; 2], more: &str| {
        let containers: Vec<&str> = containers.iter().map(String::as_str).collect();
        let report = check(&(web("replicas: 2", "restartPolicy: Always", &containers) + more));
        let told = report.diagnostics.iter().find(|found| found.message.contains("is the container that serves"));
        let told = told.unwrap_or_else(|| panic!("{report}"));
        let name = told.message.split('`').nth(1).unwrap().to_string();
        (name, told.severity)
    };
    let readiness = ", readinessProbe: {httpGet: {port: 8080}}";
    let liveness = ", livenessProbe: {httpGet: {port: 8081}}";
    let ports = ", ports: [{name: http, containerPort: 8080}]";
    let number = SERVICE.replace("targetPort: http", "targetPort: 8080");
    let no_target = SERVICE.replace("port: 80, targetPort: http", "port: 8080");
    for (a, b, service) in [
        (ports, readiness, SERVICE),
        (ports, ", readinessProbe: {httpGet: {port: 9}}", &number),
        (readiness, ", readinessProbe: {httpGet: {port: 9}}", &number),
        (readiness, ", readinessProbe: {httpGet: {port: 9}}", &no_target),
        (readiness, liveness, ""),
        (liveness, ports, ""),
        (ports, "", ""),
    ] {
        let expected = ("zz".to_string(), Severity::Note);
        assert_eq!(played([plain("zz", a), plain("aa", b)], service), expected, "{a} against {b}");
        assert_eq!(played([plain("aa", b), plain("zz", a)], service), expected, "{a} against {b}");
    }
    assert_eq!(played([plain("aa", ""), plain("web", "")], ""), ("web".to_string(), Severity::Note));
    assert_eq!(played([plain("zz", ""), plain("aa", "")], ""), ("aa".to_string(), Severity::Warning));
}

#[test]
fn sidecar_first_another_container_can_be_named() {
    let manifest = web("replicas: 2", "restartPolicy: Always", &[SIDECARS[1], SERVES]) + SERVICE;
    let readiness = |more: &str| {
        load(&manifest, more)
            .unwrap()
            .scenarios
            .iter()
            .map(|s| s.model.workload().pod.main().readiness.is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(readiness(""), [true]);
    assert_eq!(readiness("  container: exporter\n"), [false]);
    let candidates = "  candidates: [{name: as-is}, {name: other, container: exporter}]\n";
    assert_eq!(readiness(candidates), [true, false]);
    // A path that begins in the container begins in the one that serves, by its name as well.
    for key in
        ["livenessProbe.periodSeconds", "deployment.spec.template.spec.containers.web.livenessProbe.periodSeconds"]
    {
        let study = load(&manifest, &format!("  vary: {{{key}: [7]}}\n")).unwrap();
        assert_eq!(
            study.scenarios[0].model.workload().pod.main().liveness.unwrap().period,
            Duration::from_secs(7),
            "{key}"
        );
    }
    let report = load(&manifest, "  container: exporte\n").unwrap_err();
    assert_eq!(error(&report), "spec.container: is exporte, must be a container of web: exporter, web");
    assert_eq!(report.errors().next().unwrap().help.as_deref(), Some("did you mean `exporter`?"));
}

// ---- hpa-min-replicas ----

pub fn autoscaler(bounds: &str) -> String {
    format!(
        "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}, {bounds}}}
"
    )
}

/// H17, H14: at its first look the autoscaler brings the replicas within its bounds, unless 0 turns it off or another one
/// competes.
#[test]
fn hpa_min_replicas_replace_missing_or_lower_ones() {
    let played = |replicas: &str, bounds: &str| {
        model(&(web(replicas, "restartPolicy: Always", &[SERVES]) + &autoscaler(bounds))).workload().replicas
    };
    let none = "minReadySeconds: 0";
    assert_eq!(played(none, "minReplicas: 3, maxReplicas: 6"), 3);
    assert_eq!(played(none, "maxReplicas: 6"), 1, "the default");
    assert_eq!(played("replicas: 2", "minReplicas: 3, maxReplicas: 6"), 3);
    assert_eq!(played("replicas: 4", "minReplicas: 3, maxReplicas: 6"), 4);
    assert_eq!(played("replicas: 9", "minReplicas: 3, maxReplicas: 6"), 6, "and at most maxReplicas");
    let two = web(none, "restartPolicy: Always", &[SERVES]) + &autoscaler("minReplicas: 3, maxReplicas: 6").repeat(2);
    assert_eq!(model(&two).workload().replicas, 1, "of several none acts");
    let other = autoscaler("minReplicas: 3, maxReplicas: 6").replace("name: web}, ", "name: other}, ");
    assert_eq!(model(&(web(none, "restartPolicy: Always", &[SERVES]) + &other)).workload().replicas, 1);
    let off = web("replicas: 0", "restartPolicy: Always", &[SERVES]) + &autoscaler("minReplicas: 3, maxReplicas: 6");
    assert!(load(&off, "").is_err());
}

#[test]
fn hpa_min_replicas_are_told_and_a_grid_has_its_own() {
    let manifest =
        web("minReadySeconds: 0", "restartPolicy: Always", &[SERVES]) + &autoscaler("minReplicas: 3, maxReplicas: 6");
    let study = load(&manifest, "  vary: {replicas: [1, 2, 8, null]}\n").unwrap();
    let replicas: Vec<u32> = study.scenarios.iter().map(|scenario| scenario.model.workload().replicas).collect();
    assert_eq!(replicas, [1, 2, 8, 3], "a value of the grid is what is asked about");
    let study = load(&manifest, "  sensitivity: {of: [replicas]}\n").unwrap();
    let replicas: Vec<u32> = study.scenarios.iter().map(|scenario| scenario.model.workload().replicas).collect();
    assert_eq!((replicas, study.header.sensitivity[0].numbers), (vec![3, 2, 4], [3.0, 2.0, 4.0]));
    let study = load(&manifest, "").unwrap();
    assert!(
        study.header.notes.iter().any(|note| note.contains("where there is `traffic` it is scaled from there on")),
        "{:?}",
        study.header.notes
    );
    // What is needed to repeat the run is in its inputs.
    assert!(study.header.inputs["deployment"].to_string().contains("HorizontalPodAutoscaler"));
}

/// D17: a manifest with `replicas` resets the number of its autoscaler each time that it is applied. Not where there is one number only,
/// nor where the manifest leaves it out.
#[test]
fn d17_replicas_beside_an_autoscaler_are_warned_of() {
    for (replicas, bounds, is_warned) in [
        ("replicas: 4", "minReplicas: 3, maxReplicas: 6", true),
        ("replicas: 9", "minReplicas: 3, maxReplicas: 6", true),
        ("replicas: 3", "minReplicas: 3, maxReplicas: 3", false),
        ("minReadySeconds: 0", "minReplicas: 3, maxReplicas: 6", false),
    ] {
        let manifest = web(replicas, "restartPolicy: Always", &[SERVES]) + &autoscaler(bounds);
        let findings = load_with_findings(&manifest, "zones: 3, nodesPerZone: 2", "").unwrap().findings.to_string();
        assert_eq!(findings.contains("(D17)"), is_warned, "{replicas} {bounds}: {findings}");
        assert_eq!(findings.contains("leave spec.replicas out of the manifest"), is_warned);
    }
}

/// M4: what the API server refuses of an autoscaler is refused.
#[test]
fn hpa_bounds_are_checked() {
    for (bounds, message) in [
        ("minReplicas: 7, maxReplicas: 6", "spec.maxReplicas: is 6, must be at least minReplicas (7)"),
        ("minReplicas: 0, maxReplicas: 6", "spec.minReplicas: is 0, must be at least 1"),
        ("minReplicas: 1", "spec.maxReplicas: is missing"),
        ("maxReplicas: 3, metrics: [{type: Resource}]", "spec.metrics[0].resource: is missing"),
        (
            "maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 0}}}]",
            "spec.metrics[0].resource.target.averageUtilization: is 0, must be at least 1",
        ),
        (
            "maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu, target: {type: Value, value: 1}}}]",
            "spec.metrics[0].resource.target.type: is Value, must be Utilization or AverageValue: a resource is one of each Pod",
        ),
        (
            "maxReplicas: 3, metrics: [{type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 0}}}]",
            "spec.metrics[0].pods.target.averageValue: is 0, must be above 0, and at most 1000000000",
        ),
        (
            "maxReplicas: 3, behavior: {scaleUp: {policies: [{type: Pods, value: 0, periodSeconds: 60}]}}",
            "spec.behavior.scaleUp.policies[0].value: is 0, must be at least 1",
        ),
        (
            "maxReplicas: 3, behavior: {scaleDown: {policies: []}}",
            "spec.behavior.scaleDown.policies: is [], must have one policy at least",
        ),
        (
            "maxReplicas: 3, behavior: {scaleDown: {stabilizationWindowSeconds: 3601}}",
            "spec.behavior.scaleDown.stabilizationWindowSeconds: is 3601, must be at most 3600",
        ),
        (
            "maxReplicas: 3, behavior: {scaleUp: {tolerance: -0.1}}",
            "spec.behavior.scaleUp.tolerance: is -0.1, must be greater than or equal to 0",
        ),
    ] {
        let report = check(&(web("replicas: 2", "restartPolicy: Always", &[SERVES]) + &autoscaler(bounds)));
        assert_eq!(error(&report), message);
    }
}

// ---- Pods that can never be placed ----

/// The scheduler's own words, one group of Nodes for each reason, sorted as it sorts them.
#[test]
fn unplaceable_replicas_are_refused_in_the_schedulers_words() {
    let node = |name: &str, more: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {{topology.kubernetes.io/zone: a}}}}, {more}}}\n"
        )
    };
    let large = "status: {capacity: {cpu: 8, memory: 32Gi, pods: 110}}";
    let small = "status: {capacity: {cpu: 1, memory: 1Gi, pods: 110}}";
    let nodes = [
        node("cordoned", &format!("spec: {{unschedulable: true}}, {large}")),
        node("tainted", &format!("spec: {{taints: [{{key: dedicated, value: batch, effect: NoSchedule}}]}}, {large}")),
        node("small-1", small),
        node("small-2", small),
    ];
    let container = SERVES.replace("image: 'web:1'", "image: 'web:1', resources: {requests: {cpu: 2, memory: 2Gi}}");
    let manifest = web("replicas: 2", "restartPolicy: Always", &[&container]) + &nodes.concat();
    let report = load_on(&manifest, "", "").unwrap_err();
    assert_eq!(
        error(&report),
        "spec.template.spec.containers[0].resources: no replica can be placed: 0/4 nodes are available: \
         1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu, 2 Insufficient memory."
    );
    let message = |fields: &str, pod: &str, cluster: &str| {
        let report = load_on(&web(fields, pod, &[SERVES]), cluster, "").unwrap_err();
        let found = report.errors().next().unwrap();
        (error(&report), found.help.clone().unwrap())
    };
    let own = "labelSelector: {matchLabels: {app: web}}";
    let apart = format!(
        "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname, {own}}}]}}}}"
    );
    let (error, help) = message("replicas: 8", &apart, CLUSTER);
    assert_eq!(
        error,
        "spec.template.spec.affinity.podAntiAffinity: only 6 of 8 replicas can be placed; for the next one 0/6 nodes are \
         available: 6 node(s) didn't match pod anti-affinity rules."
    );
    assert!(help.starts_with("have at least 8 domains of kubernetes.io/hostname"), "{help}");
    let spread = |key: &str| {
        format!(
            "topologySpreadConstraints: [{{maxSkew: 1, minDomains: 4, topologyKey: {key}, whenUnsatisfiable: DoNotSchedule, {own}}}]"
        )
    };
    let (error, _) = message("replicas: 4", &spread("topology.kubernetes.io/zone"), CLUSTER);
    assert!(
        error.ends_with("0/6 nodes are available: 6 node(s) didn't match pod topology spread constraints."),
        "{error}"
    );
    let (error, help) = message("replicas: 4", &spread("rack"), CLUSTER);
    assert!(
        error.ends_with("6 node(s) didn't match pod topology spread constraints (missing required label)."),
        "{error}"
    );
    assert!(help.contains("the label rack"), "{help}");
    let (error, _) = message("replicas: 5", "restartPolicy: Always", "zones: 1, node: {pods: 4}");
    assert!(
        error.ends_with(
            "only 4 of 5 replicas can be placed; for the next one 0/1 nodes are available: 1 Too many pods."
        ),
        "{error}"
    );
}

/// Beside others such a scenario is marked and played; where every scenario is so, only `allowPending` plays them.
#[test]
fn unplaceable_scenarios_are_marked_among_others() {
    let manifest = web(
        "replicas: 2",
        "restartPolicy: Always",
        &[&SERVES.replace("'web:1'", "'web:1', resources: {requests: {cpu: 3}}")],
    );
    let study = load(&manifest, "  vary: {replicas: [6, 7, 9]}\n").unwrap();
    let marks: Vec<bool> = study.scenarios.iter().map(hasim::study::Scenario::is_unplaceable).collect();
    assert_eq!(marks, [false, true, true]);
    let notes: Vec<&String> = study.header.notes.iter().filter(|note| note.contains("nodes are available")).collect();
    assert_eq!(notes.len(), 1, "scenarios of a kind are told of once: {notes:?}");
    assert!(notes[0].contains("(so in 2 scenarios)"), "{notes:?}");

    let report = load(&manifest, "  vary: {replicas: [7, 9]}\n").unwrap_err();
    assert!(error(&report).contains("0/6 nodes are available: 6 Insufficient cpu."), "{report}");
    let study = load(&manifest, "  allowPending: true\n  vary: {replicas: [7, 9]}\n").unwrap();
    assert!(study.scenarios.iter().all(hasim::study::Scenario::is_unplaceable));
}

// ---- minServing above replicas ----

#[test]
fn min_serving_above_the_replicas_is_an_error_in_its_place() {
    let manifest = web("replicas: 2", "restartPolicy: Always", &[SERVES]);
    let report = load(&manifest, "  objective: {minServing: 3}\n").unwrap_err();
    let found = report.errors().next().unwrap();
    assert_eq!((found.file.as_str(), found.line, found.column), ("experiment.yaml", 9, 27));
    assert_eq!(
        error(&report),
        "spec.objective.minServing: is 3, must be at most the 2 replicas: the service would never be available"
    );
    let report = load(&manifest, "  vary: {objective.minServing: [1, 2, 3]}\n").unwrap_err();
    assert_eq!(report.errors().next().unwrap().scenario.as_deref(), Some("objective.minServing=3"));
    // An autoscaler's least are what there is.
    let scaled = manifest + &autoscaler("minReplicas: 3, maxReplicas: 6");
    assert!(load(&scaled, "  objective: {minServing: 3}\n").is_ok());
}

/// A question is a line that fits above an answer; reports begin with it, and without one they ask their own.
#[test]
fn a_question_is_one_line() {
    let asked = |field: &str| {
        let manifest = web("replicas: 2", "", &[SERVES]);
        load(&manifest, &format!("  question: {field}\n")).map(|study| study.header.question)
    };
    assert_eq!(asked("Is a third replica worth it?").unwrap().as_deref(), Some("Is a third replica worth it?"));
    let longest = "x".repeat(160);
    assert_eq!(asked(&longest).unwrap(), Some(longest.clone()));
    for wrong in ["''", "\"two\\nlines\"", &format!("{longest}x"), "[a, b]"] {
        let report = asked(wrong).unwrap_err();
        assert!(error(&report).contains("spec.question"), "{report}");
    }
}
