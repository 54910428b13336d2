//! The rules of manifests, as the model shows them. Names begin with the rule.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hasim::ids::{FaultId, NodeId, SlotId, WorkloadId, ZoneId};
use hasim::model::{
    Affects, ContainerMode, ControlPlane, Eviction, Fault, ImagePull, Millionths, Model, NodeMode, Occurrence,
    ScriptTarget, Strikes, Toleration,
};
use hasim::spec::{Loaded, Report, load_experiment_with};
use hasim::study::Study;
use hasim::time::Duration;

const SHOP: &str = include_str!("../data/spec/shop.yaml");
const CLUSTER: &str = include_str!("../data/spec/cluster.yaml");
const EXPERIMENT: &str = include_str!("../data/spec/experiment.yaml");

fn load(changes: &[(&str, &str)]) -> Result<Study, Report> {
    load_with_findings(changes).map(|loaded| loaded.study)
}

fn load_with_findings(changes: &[(&str, &str)]) -> Result<Loaded, Report> {
    let mut files = BTreeMap::from([
        ("shop.yaml", SHOP),
        ("app.yaml", include_str!("../data/spec/app.yaml")),
        ("cluster.yaml", CLUSTER),
        ("faults.yaml", include_str!("../data/spec/faults.yaml")),
        ("experiment.yaml", EXPERIMENT),
        ("outages.csv", include_str!("../data/spec/outages.csv")),
    ]);
    files.extend(changes.iter().copied());
    load_experiment_with(Path::new("experiment.yaml"), &|path| {
        let name = path.to_str().unwrap_or_default();
        let found = files.get(name).map(|text| text.as_bytes().to_vec());
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    })
}

/// The model of the shop without a grid, after a change of its manifest.
fn shop(from: &str, to: &str) -> Model {
    assert!(SHOP.contains(from), "{from}");
    model(&SHOP.replace(from, to), CLUSTER)
}

/// Whatever has no place stays Pending: it is the model that is looked at.
fn model(manifest: &str, cluster: &str) -> Model {
    let experiment = plain("  allowPending: true\n");
    let study = load(&[("shop.yaml", manifest), ("cluster.yaml", cluster), ("experiment.yaml", &experiment)]);
    study.unwrap_or_else(|report| panic!("{report}")).scenarios.remove(0).model
}

/// The experiment without `vary`, with something else at its end.
fn plain(more: &str) -> String {
    let (head, _) = EXPERIMENT.split_once("  vary:").unwrap();
    format!("{head}{more}")
}

fn with_vary(vary: &str) -> Result<Study, Report> {
    load(&[("experiment.yaml", &plain(vary))])
}

#[test]
fn m1_replicas_default_to_one() {
    assert_eq!(shop("  replicas: 3\n", "").workload().replicas, 1);
    assert_eq!(shop("replicas: 3", "replicas: null").workload().replicas, 1);
    assert_eq!(shop("replicas: 3", "replicas: 1000").workload().replicas, 1000);
}

#[test]
fn m2_pod_defaults() {
    let grace = |text: &str| shop("      terminationGracePeriodSeconds: 45\n", text).workload().pod.termination_grace;
    assert_eq!(grace(""), Duration::from_secs(30));
    let short = SHOP.replace("seconds: 5", "seconds: 1");
    let negative = short.replace("terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: -7");
    assert_eq!(model(&negative, CLUSTER).workload().pod.termination_grace, Duration::from_secs(1));
    // Requests are the limits where only limits are given.
    let pod = shop("requests: {cpu: 250m, memory: 512Mi}", "requests: {cpu: 0.2501}").workload().pod.clone();
    assert_eq!((pod.requests.cpu_millis, pod.requests.memory_bytes), (251, 1 << 30));
}

/// P23: the defaults of probes are M3.
#[test]
fn m3_probe_defaults() {
    let probe = |text: &str| {
        shop("httpGet: {path: /ready, port: 8080}", &format!("httpGet: {{port: 8080}}{text}"))
            .workload()
            .pod
            .main()
            .readiness
    };
    let given = probe("").unwrap();
    assert_eq!(given.initial_delay, Duration::ZERO);
    assert_eq!(given.timeout, Duration::from_secs(1));
    assert_eq!(given.period, Duration::from_secs(10));
    assert_eq!((given.success_threshold, given.failure_threshold), (1, 3));
    let zeros = "
            timeoutSeconds: 0
            periodSeconds: 0
            successThreshold: 0
            failureThreshold: 0";
    assert_eq!(probe(zeros), Some(given), "an explicit 0 means the default");
}

#[test]
fn m3_image_pull_policy_follows_the_tag() {
    let policy = |image: &str| shop("example.org/shop:1.2", image).workload().pod.main().image_pull;
    assert_eq!(policy("shop"), ImagePull::Always);
    assert_eq!(policy("shop:latest"), ImagePull::Always);
    assert_eq!(policy("registry:5000/shop"), ImagePull::Always);
    assert_eq!(policy("registry:5000/shop:2"), ImagePull::IfNotPresent);
    assert_eq!(
        policy("shop@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ImagePull::IfNotPresent
    );
}

#[test]
fn m9_and_e4_the_service_that_selects_the_pods_counts() {
    let publish = "spec:\n  publishNotReadyAddresses: true\n  selector: {app: shop}";
    assert!(shop("spec:\n  selector: {app: shop}", publish).workload().publish_not_ready);
    let other = publish.replace("app: shop", "app: other");
    assert!(!shop("spec:\n  selector: {app: shop}", &other).workload().publish_not_ready);
    let study = load(&[("shop.yaml", SHOP.split("---").next().unwrap()), ("experiment.yaml", &plain(""))]).unwrap();
    assert_eq!(study.header.notes, ["no Service of the file selects the Pods of shop: one that does is assumed"]);
}

#[test]
fn m7_a_service_without_a_selector_selects_nothing() {
    let manifest = SHOP.replace("  selector: {app: shop}\n", "");
    assert_ne!(manifest, SHOP);
    let study = load(&[("shop.yaml", &manifest), ("experiment.yaml", &plain(""))]).unwrap();
    assert_eq!(study.header.notes, ["no Service of the file selects the Pods of shop: one that does is assumed"]);
}

#[test]
fn e11_min_ready_seconds_change_nothing_for_traffic() {
    let mut with = shop("replicas: 3\n", "replicas: 3\n  minReadySeconds: 60\n");
    // Only rollouts ask for it (D5).
    assert_eq!(std::mem::take(&mut with.workload_mut().min_ready), Duration::from_secs(60));
    assert_eq!(with.workload(), model(SHOP, CLUSTER).workload());
}

fn tolerations(list: &str) -> hasim::model::PodTolerations {
    let text = format!("      tolerations: [{list}]\n      topologySpreadConstraints:");
    shop("      topologySpreadConstraints:", &text).workload().pod.tolerations.clone()
}

#[test]
fn n8_admission_adds_300_seconds() {
    let given = tolerations("");
    assert_eq!(given.unreachable, Toleration::For(Duration::from_secs(300)));
    assert_eq!(given.not_ready, Toleration::For(Duration::from_secs(300)));
    assert!(!given.unreachable_no_schedule);
    let given = tolerations("{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoSchedule}");
    assert_eq!(given.unreachable, Toleration::For(Duration::from_secs(300)), "another effect");
    assert!(given.unreachable_no_schedule);
    // A value that no taint has keeps the default away and tolerates nothing.
    let given = tolerations("{key: node.kubernetes.io/unreachable, value: x, effect: NoExecute}");
    assert_eq!(given.unreachable, Toleration::None);
}

#[test]
fn n9_the_smallest_seconds_count() {
    let key = "key: node.kubernetes.io/unreachable, operator: Exists";
    let given = tolerations(&format!(
        "{{{key}, effect: NoExecute, tolerationSeconds: 60}}, {{{key}, effect: NoExecute, tolerationSeconds: 30}}, {{{key}}}"
    ));
    assert_eq!(given.unreachable, Toleration::For(Duration::from_secs(30)));
    assert_eq!(tolerations("{operator: Exists}").not_ready, Toleration::Forever);
    let given = tolerations(&format!("{{{key}, effect: NoExecute, tolerationSeconds: -5}}"));
    assert_eq!(given.unreachable, Toleration::For(Duration::ZERO));
}

#[test]
fn s3_selectors_and_affinity_choose_nodes() {
    let pod = |text: &str| {
        let text = format!("      {text}\n      topologySpreadConstraints:");
        shop("      topologySpreadConstraints:", &text).workload().pod.selects_node.clone()
    };
    let zone = |a: bool, b: bool, c: bool| vec![a, a, b, b, c, c];
    assert_eq!(pod("nodeSelector: {topology.kubernetes.io/zone: zone-2}"), zone(false, true, false));
    let affinity = |expression: &str| {
        pod(&format!(
            "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{expression}]}}}}}}"
        ))
    };
    let key = "key: topology.kubernetes.io/zone";
    assert_eq!(
        affinity(&format!("{{matchExpressions: [{{{key}, operator: NotIn, values: [zone-1]}}]}}")),
        zone(false, true, true)
    );
    assert_eq!(affinity(&format!("{{}}, {{matchExpressions: [{{{key}, operator: Exists}}]}}")), zone(true, true, true));
    assert_eq!(affinity("{}"), zone(false, false, false), "an empty term matches nothing");
    assert_eq!(
        affinity("{matchFields: [{key: metadata.name, operator: In, values: [zone-1-node-2]}]}"),
        [false, true, false, false, false, false]
    );
}

#[test]
fn s6_a_constraint_is_resolved_to_domains() {
    let model = shop("whenUnsatisfiable: ScheduleAnyway", "whenUnsatisfiable: DoNotSchedule\n          minDomains: 2");
    let [spread] = model.workload().pod.spread.as_slice() else { panic!() };
    assert_eq!(spread.domain, [Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)]);
    assert!(
        spread.hard
            && spread.selects[WorkloadId::new(0)]
            && spread.honor_affinity
            && !spread.honor_taints
            && !spread.by_hostname
    );
    assert_eq!((spread.domains, spread.max_skew, spread.min_domains), (3, 1, 2));
    assert!(!model.workload().pod.default_spread);
    let other = shop("          labelSelector: {matchLabels: {app: shop}}\n", "");
    assert!(!other.workload().pod.spread[0].selects[WorkloadId::new(0)], "no selector matches no Pod");
}

#[test]
fn s8_without_constraints_the_system_has_its_own() {
    let (head, tail) = SHOP.split_once("      topologySpreadConstraints:").unwrap();
    let service = tail.split_once("---").unwrap().1;
    let pod = model(&format!("{head}---{service}"), CLUSTER).workload().pod.clone();
    assert!(pod.default_spread);
    let [host, zone] = pod.spread.as_slice() else { panic!() };
    assert!(host.by_hostname && !zone.by_hostname && !host.hard && !zone.hard);
    assert_eq!((host.max_skew, zone.max_skew, host.domains, zone.domains), (3, 5, 6, 3));
}

#[test]
fn s9_and_s10_anti_affinity_to_own_pods() {
    let anti = |labels: &str, more: &str| {
        let term =
            format!("{{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{{labels}}}}}{more}}}");
        let text = format!(
            "      affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{term}], preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 7, podAffinityTerm: {term}}}]}}}}\n      topologySpreadConstraints:"
        );
        shop("      topologySpreadConstraints:", &text).workload().pod.anti_affinity.clone()
    };
    let terms = anti("app: shop", "");
    assert_eq!(terms.len(), 2);
    assert_eq!((terms[0].preferred_weight, terms[1].preferred_weight), (None, Some(7)));
    assert_eq!(terms[0].domain[5], Some(5));
    assert!(anti("app: other", "").is_empty());
    assert!(anti("app: shop", ", namespaces: [other]").is_empty());
    assert_eq!(anti("app: shop", ", namespaces: [web]").len(), 2);
}

#[test]
fn m9_node_objects_stand_in_for_zones() {
    let cluster = "apiVersion: hasim/v1
kind: Cluster
metadata: {name: real}
spec: {}
---
apiVersion: v1
kind: List
items:
  - kind: Node
    apiVersion: v1
    metadata: {name: n-10, labels: {topology.kubernetes.io/zone: b}}
    status: {capacity: {cpu: 2, memory: 8Gi, pods: 30}}
  - kind: Node
    apiVersion: v1
    metadata: {name: n-2, labels: {topology.kubernetes.io/zone: a}}
    spec: {taints: [{key: dedicated, value: x, effect: NoSchedule}]}
    status: {allocatable: {cpu: 1900m, memory: 7Gi}, capacity: {cpu: 2, memory: 8Gi, pods: 20}}
  - kind: Node
    apiVersion: v1
    metadata: {name: n-3}
    spec: {unschedulable: true}
    status: {capacity: {cpu: 2, memory: 8Gi}}
";
    let model = model(SHOP, cluster);
    let nodes = model.cluster.nodes.as_slice();
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["n-2", "n-3", "n-10"], "in natural order");
    assert_eq!(nodes.iter().map(|node| node.zone.map(ZoneId::index)).collect::<Vec<_>>(), [Some(0), None, Some(1)]);
    assert_eq!((nodes[0].allocatable.cpu_millis, nodes[0].max_pods, nodes[1].max_pods), (1900, 20, 110));
    assert_eq!(model.workload().pod.tolerations.node_admits, [false, false, true]);
    assert_eq!(model.workload().pod.spread[0].domain, [Some(0), None, Some(1)]);
}

#[test]
fn t4_and_c9_pre_stop_sleep_and_probe_grace() {
    let pod = shop("periodSeconds: 5", "terminationGracePeriodSeconds: 600").workload().pod.clone();
    assert_eq!(pod.main().pre_stop_sleep, Duration::from_secs(5));
    assert_eq!(pod.main().liveness.unwrap().termination_grace, Some(Duration::from_secs(600)));
    assert_eq!(shop("seconds: 5", "seconds: 45").workload().pod.main().pre_stop_sleep, Duration::from_secs(45));
}

/// M8: the fields that matter are known by name, modelled or not.
#[test]
fn what_would_matter_and_is_not_modelled_is_named() {
    let text = SHOP
        .replace("      topologySpreadConstraints:", "      readinessGates: [{conditionType: lb}]\n      priorityClassName: high\n      topologySpreadConstraints:")
        .replace("preStop: {sleep: {seconds: 5}}", "preStop: {exec: {command: [nginx, -s, quit]}}")
        .replace("ports: [{port: 80, targetPort: http}]", "ports: [{port: 80}]\n  sessionAffinity: ClientIP\n  trafficDistribution: PreferClose")
        + "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: shop, namespace: web}\nspec: {scaleTargetRef: {kind: Deployment, name: shop}, maxReplicas: 9}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let Loaded { study, findings } =
        load_with_findings(&[("shop.yaml", &text), ("experiment.yaml", &plain(""))]).unwrap();
    let all = findings.to_string();
    for word in ["readinessGates", "priorityClassName", "preStop.exec", "sessionAffinity", "trafficDistribution"] {
        let found = findings.warnings().any(|warning| warning.sentence().contains(word));
        assert!(found, "{word} is not in:\n{all}");
    }
    assert!(findings.notes().any(|note| note.message.contains("ConfigMap")));
    assert!(findings.notes().any(|note| note.message.contains("where there is `traffic` it is scaled from there on")));
    assert!(study.header.notes.iter().all(|note| !note.contains(".yaml")), "notes have no paths");
}

#[test]
fn misspelt_fields_of_a_manifest_are_warnings_with_a_suggestion() {
    let text = SHOP.replace("periodSeconds: 5", "periodSecond: 5");
    let Loaded { findings, .. } = load_with_findings(&[("shop.yaml", &text), ("experiment.yaml", &plain(""))]).unwrap();
    let warning = findings.warnings().next().unwrap();
    assert_eq!(warning.help.as_deref(), Some("did you mean `periodSeconds`?"));
}

#[test]
fn several_deployments_need_a_choice() {
    let second = SHOP.split("---").next().unwrap().replace("name: shop, namespace: web", "name: cart, namespace: web");
    let both = format!("{SHOP}---\n{second}");
    let report = load(&[("shop.yaml", &both), ("experiment.yaml", &plain(""))]).unwrap_err();
    assert!(report.to_string().contains("several Deployments: web/shop, web/cart"), "{report}");
    let chosen = plain("").replace("deployment: shop.yaml", "deployment: {file: shop.yaml, name: cart}");
    let study = load(&[("shop.yaml", &both), ("experiment.yaml", &chosen)]).unwrap();
    assert_eq!(study.scenarios[0].model.workload().name, "cart");
}

#[test]
fn a_grid_keeps_the_order_of_the_file() {
    let study = load(&[]).unwrap();
    assert_eq!(study.header.varied, ["replicas", "readinessProbe.failureThreshold"]);
    let names: Vec<&str> = study.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(names[0], "replicas=2 readinessProbe.failureThreshold=1");
    assert_eq!(names[7], "replicas=3 readinessProbe.failureThreshold=5");
    assert_eq!(study.header.baseline, Some(1));
    assert_eq!(study.scenarios[7].model.workload().replicas, 3);
    assert_eq!(study.scenarios[7].model.workload().pod.main().readiness.unwrap().failure_threshold, 5);
    assert_eq!(study.scenarios[7].parameters["replicas"], 3);
    assert_eq!(study.header.objective.slo, Some(0.9995));
    assert!(!study.header.inputs.to_string().contains("yaml"), "no names of files");
    assert!(study.header.inputs.to_string().contains("3600s"), "observed values are in the inputs");
}

#[test]
fn paths_lead_into_every_input() {
    let study = with_vary(
        "  vary:
    topologySpreadConstraints[0].whenUnsatisfiable: [DoNotSchedule]
    topologySpreadConstraints.0.maxSkew: [2]
    deployment.spec.template.spec.containers.main.imagePullPolicy: [Never]
    nodeSelector[\"kubernetes.io/os\"]: [linux]
    livenessProbe: [null]
    app.startUp: [10s]
    cluster.zones: [2]
    faults.container-crash.every: [1d]
    faults.zone-outage: [null]
    objective.minServing: [2]
",
    )
    .unwrap();
    let model = &study.scenarios[0].model;
    let pod = &model.workload().pod.clone();
    assert!(pod.spread[0].hard && pod.spread[0].max_skew == 2 && pod.main().liveness.is_none());
    assert_eq!(pod.main().image_pull, ImagePull::Never);
    assert_eq!(pod.selects_node, [true; 4]);
    assert!((model.app().start_up.mean() - 10.0).abs() < 1e-9);
    assert_eq!((model.cluster.zones.len(), model.faults.len(), model.workload().min_serving), (2, 2, 2));
    assert!(
        (model.faults[FaultId::new(0)].every_mean().unwrap() - 86_400.0).abs() < 1e-6,
        "in the place of the one it overrides"
    );
}

#[test]
fn a_wrong_value_of_the_grid_names_scenario_and_line() {
    let report = with_vary("  vary:\n    replicas: [1, 2]\n    terminationGracePeriodSeconds: [3, 30]\n").unwrap_err();
    let error = report.errors().next().unwrap();
    assert!(error.path.ends_with("preStop.sleep.seconds"));
    assert_eq!(error.scenario.as_deref(), Some("replicas=1 terminationGracePeriodSeconds=3"));
    let report = with_vary("  vary:\n    readinessProbe: [{periodSecond: 1}]\n").unwrap_err();
    let error = report.errors().find(|error| error.help.is_some()).unwrap();
    assert_eq!(
        (error.file.as_str(), error.help.as_deref()),
        ("experiment.yaml", Some("did you mean `periodSeconds`?"))
    );
}

#[test]
fn candidates_meet_the_grid() {
    let study = with_vary(
        "  candidates:
    - name: as-is
    - name: hard
      patch: {topologySpreadConstraints.0.whenUnsatisfiable: DoNotSchedule}
    - {name: other, deployment: other.yaml}
  vary: {replicas: [1, 2]}
  baseline: {candidate: hard, replicas: 2}
",
    );
    assert!(study.unwrap_err().to_string().contains("other.yaml"));
    let text = plain(
        "  candidates:
    - name: as-is
    - name: hard
      patch: {'topologySpreadConstraints[0].whenUnsatisfiable': DoNotSchedule}
    - {name: other, deployment: other.yaml}
  vary: {replicas: [1, 2]}
  baseline: {candidate: hard, replicas: 2}
",
    );
    let other = SHOP.replace("name: shop, namespace: web", "name: other, namespace: web");
    let study = load(&[("experiment.yaml", &text), ("other.yaml", &other)]).unwrap();
    let names: Vec<&str> = study.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "as-is replicas=1",
            "as-is replicas=2",
            "hard replicas=1",
            "hard replicas=2",
            "other replicas=1",
            "other replicas=2"
        ]
    );
    assert_eq!(study.header.baseline, Some(3));
    assert!(study.scenarios[2].model.workload().pod.spread[0].hard);
    assert_eq!(study.scenarios[5].model.workload().name, "other");
}

#[test]
fn maps_are_named_by_what_differs() {
    let probe = |threshold| format!("{{httpGet: {{port: 8080}}, failureThreshold: {threshold}}}");
    let study = with_vary(&format!("  vary:\n    startupProbe: [null, {}, {}]\n", probe(4), probe(30))).unwrap();
    let names: Vec<&str> = study.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(
        names,
        ["startupProbe=null", "startupProbe={failureThreshold: 4}", "startupProbe={failureThreshold: 30}"]
    );
}

#[test]
fn yaml_means_what_it_means_to_kubectl() {
    // Anchors, merge keys, booleans of YAML 1.1 and JSON.
    let text = SHOP.replace("          readinessProbe:\n            httpGet: {path: /ready, port: 8080}", "          readinessProbe:\n            <<: {periodSeconds: 7, timeoutSeconds: 2}\n            timeoutSeconds: 3\n            httpGet: {port: 8080}");
    let probe = model(&text, CLUSTER).workload().pod.main().readiness.unwrap();
    assert_eq!((probe.period, probe.timeout), (Duration::from_secs(7), Duration::from_secs(3)));
    let text = SHOP
        .replace("spec:\n  selector: {app: shop}", "spec:\n  publishNotReadyAddresses: yes\n  selector: {app: shop}");
    assert!(model(&text, CLUSTER).workload().publish_not_ready);
    let json = r#"{
	"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "j"},
	"spec": {"replicas": 2.0, "selector": {"matchLabels": {"a": "b"}},
		"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i\u0061"}]}}}
}"#;
    assert_eq!(model(json, CLUSTER).workload().replicas, 2);
}

// ---- Scripts ----

/// The faults that a script makes; its entries are lines.
fn script(lines: &[&str]) -> Result<Vec<Fault>, Report> {
    let list = lines.join("\n    - ");
    let study = load(&[("experiment.yaml", &plain(&format!("  script:\n    - {list}\n")))])?;
    let model = study.scenarios.into_iter().next().unwrap().model;
    Ok(model.faults.into_iter().filter(|fault| !matches!(fault.occurs, Occurrence::Every(_))).collect())
}

fn targets(fault: &Fault) -> &[ScriptTarget] {
    let Occurrence::Once { targets, .. } = &fault.occurs else { panic!("{fault:?}") };
    targets
}

/// A rollout that may be bad is followed by what may be wrong with it, and each word means what docs/model.md says.
#[test]
fn flaws_of_a_rollout_follow_it() {
    let bad = "bad: {share: 25%, kinds: [ready-and-wrong, never-ready, crash-loop], noticed: 10m}";
    let faults = script(&[&format!("{{name: release, at: 1m, operation: rollout, {bad}}}")]).unwrap();
    let names: Vec<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["release", "release-ready-and-wrong", "release-never-ready", "release-crash-loop"]);
    let rollout = faults[0].bad.as_ref().unwrap();
    assert_eq!((rollout.share, rollout.flaws), (0.25, 3));
    assert_eq!(rollout.noticed, hasim::random::Law::Fixed(600.0));
    let unseen = Affects::REQUESTS;
    let strikes: Vec<Strikes> = faults[1..].iter().map(|flaw| flaw.strikes).collect();
    let modes = [ContainerMode::Error(unseen), ContainerMode::Hang(Affects::ALL), ContainerMode::Crash];
    assert_eq!(strikes, modes.map(Strikes::Container));
    assert!(
        faults[1..]
            .iter()
            .all(|flaw| matches!(flaw.occurs, Occurrence::WithRevision { after: None, .. }) && flaw.bad.is_none())
    );
}

#[test]
fn a_revision_may_fail_a_share_of_its_requests_or_leak() {
    let bad =
        "bad: {share: 1, kinds: [ready-and-wrong, slow-poison], noticed: 10m, failing: 12.5%, outOfMemoryAfter: 2h}";
    let faults = script(&[&format!("{{name: release, at: 1m, operation: rollout, {bad}}}")]).unwrap();
    let in_part = ContainerMode::ErrorInPart(Millionths::of(0.125));
    assert_eq!(faults[1].strikes, Strikes::Container(in_part));
    assert_eq!(faults[1].occurs, Occurrence::WithRevision { after: None, is_alike: false });
    let after = Some(hasim::random::Law::Fixed(7200.0));
    assert_eq!(faults[2].occurs, Occurrence::WithRevision { after, is_alike: true });
}

#[test]
fn an_entry_of_a_script_is_a_fault_on_the_targets_that_it_names() {
    let only_readiness = Affects { requests: false, readiness: true, liveness: false, startup: false };
    let faults = script(&[
        "{name: hang-all, at: {uniform: {min: 0s, max: 10s}}, target: {slot: each}, mode: hang, lasts: 90s}",
        "{at: 2m, target: {slot: 0}, mode: delete}",
        "{at: 2m, target: {zone: zone-2}, mode: crash, lasts: 10m}",
        "{at: 30s, target: {node: zone-1-node-2}, mode: kubelet}",
        "{at: 30s, target: {nodeOf: 1}, mode: partition, lasts: 5m}",
        "{at: 30s, target: deployment, mode: error, affects: [readiness], lasts: 30s}",
        "{at: 30s, target: {slot: 0}, mode: sandbox, source: the plan of the day}",
    ])
    .unwrap();
    let names: Vec<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "hang-all",
            "delete-slot-0",
            "crash-zone-2",
            "kubelet-node-zone-1-node-2",
            "partition-node-of-1",
            "error-deployment",
            "sandbox-slot-0"
        ]
    );
    let strikes: Vec<Strikes> = faults.iter().map(|fault| fault.strikes).collect();
    assert_eq!(
        strikes,
        [
            Strikes::Container(ContainerMode::Hang(Affects::ALL)),
            Strikes::Deletion,
            Strikes::Zone(NodeMode::Crash),
            Strikes::Node(NodeMode::Kubelet),
            Strikes::Node(NodeMode::Partition),
            Strikes::Deployment(ContainerMode::Error(only_readiness)),
            Strikes::Container(ContainerMode::Sandbox),
        ]
    );
    let slot = |slot| ScriptTarget::Slot(SlotId::new(slot));
    assert_eq!(targets(&faults[0]), [slot(0), slot(1), slot(2)]);
    assert_eq!(targets(&faults[1]), [slot(0)]);
    assert_eq!(targets(&faults[2]), [ScriptTarget::Zone(ZoneId::new(1))]);
    assert_eq!(targets(&faults[3]), [ScriptTarget::Node(NodeId::new(1))]);
    assert_eq!(targets(&faults[4]), [ScriptTarget::NodeOf(SlotId::new(1))]);
    assert_eq!(targets(&faults[5]), [ScriptTarget::Deployment(WorkloadId::new(0))]);
    assert!(faults[3].lasts.is_none(), "a scripted fault of a Node may have no end");
    assert_eq!(faults[6].source, "the plan of the day");
}

#[test]
fn names_of_a_script_are_unique() {
    let entry = "{at: 2m, target: {nodeOf: each}, mode: kubelet, lasts: 2s}";
    let named = "{name: kubelet-node-of-each-slot-2, at: 2m, target: {slot: 0}, mode: crash}";
    let faults = script(&[entry, entry, named]).unwrap();
    let names: Vec<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["kubelet-node-of-each-slot", "kubelet-node-of-each-slot-3", "kubelet-node-of-each-slot-2"]);
    let taken = script(&["{name: container-crash, at: 2m, target: {slot: 0}, mode: crash}"]);
    assert!(
        taken
            .unwrap_err()
            .to_string()
            .contains("has the name container-crash, which an earlier fault or operation has")
    );
}

#[test]
fn a_script_stands_alone_and_can_be_varied() {
    let (head, tail) = EXPERIMENT.split_once("  faults:").unwrap();
    let (_, tail) = tail.split_once("  objective").unwrap();
    let (tail, _) = tail.split_once("  vary:").unwrap();
    let more = "  script: [{at: 2m, target: {slot: 0}, mode: hang}]\n  vary: {script.hang-slot-0.lasts: [5s, 9s]}\n";
    let text = format!("{head}  faults: []\n  objective{tail}{more}");
    let study = load(&[("experiment.yaml", &text)]).unwrap_or_else(|report| panic!("{report}"));
    let lasts: Vec<f64> =
        study.scenarios.iter().map(|s| s.model.faults[FaultId::new(0)].lasts.as_ref().unwrap().mean()).collect();
    assert_eq!(lasts, [5.0, 9.0]);
    assert_eq!(study.scenarios[0].model.faults[FaultId::new(0)].every_mean(), None);
}

#[test]
fn slots_of_a_script_are_those_of_each_scenario() {
    let more = "  script: [{at: 2m, target: {slot: each}, mode: crash}]\n  vary: {replicas: [2, 5]}\n";
    let study = load(&[("experiment.yaml", &plain(more))]).unwrap();
    let counts: Vec<usize> =
        study.scenarios.iter().map(|s| targets(s.model.faults.iter().last().unwrap()).len()).collect();
    assert_eq!(counts, [2, 5]);
}

// ---- Control planes ----

fn control_plane(fields: &str) -> ControlPlane {
    let plane = "controlPlane: {nodeMonitorGracePeriod: 50s}";
    assert!(CLUSTER.contains(plane));
    model(SHOP, &CLUSTER.replace(plane, &format!("controlPlane: {{{fields}}}"))).cluster.control_plane
}

#[test]
fn a_generation_gives_the_timings_that_others_override() {
    let legacy = control_plane("generation: legacy");
    assert_eq!(legacy.node_monitor_grace, Duration::from_secs(40));
    assert_eq!(legacy.eviction, Eviction::After(Duration::from_secs(300)));
    let changed = control_plane("generation: legacy, nodeMonitorGracePeriod: 45s, podEvictionTimeout: 2m");
    assert_eq!(changed.node_monitor_grace, Duration::from_secs(45));
    assert_eq!(changed.eviction, Eviction::After(Duration::from_secs(120)));
    let today = control_plane("generation: '1.36'");
    assert_eq!((today.node_monitor_grace, today.eviction), (Duration::from_secs(50), Eviction::Taints));
}
