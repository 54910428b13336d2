//! Rule: every piece of advice at the value where it begins to be due, and at the last one where it is not.

use std::collections::BTreeSet;
use std::path::Path;

use hasim::spec::{Checked, Diagnostic, Severity, advice, check_bytes, check_file};

/// A manifest on which there is nothing to advise.
const CALM: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: web}
spec:
  replicas: 3
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      terminationGracePeriodSeconds: 45
      containers:
        - name: main
          image: example.org/shop:1.2
          livenessProbe:
            httpGet: {path: /health, port: 8080}
            periodSeconds: 5
            failureThreshold: 7
          readinessProbe:
            httpGet: {path: /ready, port: 8080}
            periodSeconds: 5
            failureThreshold: 2
          lifecycle:
            preStop: {sleep: {seconds: 5}}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: shop}}
          matchLabelKeys: [pod-template-hash]
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: web}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
";
const APP: &str = "\
apiVersion: hasim/v1
kind: App
metadata: {name: app}
spec:
  startUp: 10s
  onSigterm: {exits: 3s}
";
const CLUSTER: &str = "\
apiVersion: hasim/v1
kind: Cluster
metadata: {name: cluster}
spec:
  zones: 3
  nodesPerZone: 2
";
const TRAFFIC: &str = "\
apiVersion: hasim/v1
kind: Traffic
metadata: {name: traffic}
spec:
  rate: 60
  clients: {timeout: 1s, tries: 3}
";
const EXPERIMENT: &str = "\
apiVersion: hasim/v1
kind: Experiment
metadata: {name: calm}
spec:
  deployment: shop.yaml
  app: app.yaml
  cluster: cluster.yaml
  faults:
    - {name: crash, target: container, mode: crash, every: 30d, source: assumption}
  objective: {slo: 99.9%}
";

fn replaced(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_string(), |text, (from, to)| {
        assert!(text.contains(from), "there is no {from}");
        text.replacen(from, to, 1)
    })
}

fn advised(checked: &Checked) -> Vec<Diagnostic> {
    let report = &checked.report;
    assert!(!report.has_errors(), "{report}");
    report.advice().cloned().collect()
}

/// What is advised on a manifest alone.
fn alone(text: &str) -> Vec<Diagnostic> {
    advised(&check_bytes(Path::new("shop.yaml"), text.as_bytes()))
}

/// What is advised on an experiment with these files.
fn tried(shop: &str, app: &str, cluster: &str, experiment: &str) -> Checked {
    let folder = tempfile::tempdir().unwrap();
    let files = [("shop", shop), ("app", app), ("cluster", cluster), ("experiment", experiment), ("traffic", TRAFFIC)];
    for (name, text) in files {
        std::fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    }
    check_file(&folder.path().join("experiment.yaml"))
}

fn ids(findings: &[Diagnostic]) -> Vec<&'static str> {
    findings.iter().filter_map(|finding| finding.advice.map(|advice| advice.id)).collect()
}

/// The one finding of this kind, which must be the only one.
#[track_caller]
fn only(findings: &[Diagnostic], id: &str) -> Diagnostic {
    assert_eq!(ids(findings), [id], "{findings:#?}");
    findings[0].clone()
}

/// Whether a manifest is advised of nothing but this, or of nothing.
#[track_caller]
fn due_alone(id: &str, changes: &[(&str, &str)]) -> bool {
    let findings = alone(&replaced(CALM, changes));
    assert!(ids(&findings).iter().all(|found| *found == id), "{findings:#?}");
    !findings.is_empty()
}

#[track_caller]
fn due_in_experiment(id: &str, shop: &[(&str, &str)], app: &[(&str, &str)], cluster: &[(&str, &str)]) -> bool {
    let checked = tried(&replaced(CALM, shop), &replaced(APP, app), &replaced(CLUSTER, cluster), EXPERIMENT);
    let findings = advised(&checked);
    assert!(ids(&findings).iter().all(|found| *found == id), "{findings:#?}");
    !findings.is_empty()
}

#[test]
fn on_a_calm_system_there_is_nothing_to_advise() {
    assert!(alone(CALM).is_empty());
    let checked = tried(CALM, APP, CLUSTER, EXPERIMENT);
    assert!(advised(&checked).is_empty() && checked.changes.is_none());
}

#[test]
fn p19_liveness_as_tight_as_readiness() {
    const ID: &str = "liveness-as-tight-as-readiness";
    let due = |liveness: &str, readiness: &str| {
        let liveness = format!("periodSeconds: 5\n            {}", liveness.replace(", ", "\n            "));
        let readiness = format!("periodSeconds: 5\n            {}", readiness.replace(", ", "\n            "));
        due_alone(
            ID,
            &[
                ("periodSeconds: 5\n            failureThreshold: 7", &liveness),
                ("periodSeconds: 5\n            failureThreshold: 2", &readiness),
            ],
        )
    };
    // The same numbers kill at the same time; one failure more does not.
    assert!(due("failureThreshold: 3", "failureThreshold: 3"));
    assert!(!due("failureThreshold: 4", "failureThreshold: 3"));
    // Unanswered: 2 × 5 s + 1 s against 1 × 5 s + 5 s, and against 2 × 5 s + 5 s.
    assert!(!due("failureThreshold: 3", "timeoutSeconds: 5, failureThreshold: 2"));
    assert!(due("failureThreshold: 3", "timeoutSeconds: 5, failureThreshold: 3"));
    // Refused: a long timeout of liveness does not help where the answer comes at once.
    assert!(due("timeoutSeconds: 5, failureThreshold: 3", "failureThreshold: 3"));
    let defaults = alone(&replaced(
        CALM,
        &[
            ("            periodSeconds: 5\n            failureThreshold: 7\n", ""),
            ("            periodSeconds: 5\n            failureThreshold: 2\n", ""),
        ],
    ));
    let finding = only(&defaults, ID);
    assert_eq!((finding.line, finding.column), (16, 11));
    assert_eq!(finding.path, "spec.template.spec.containers[0].livenessProbe");
    assert_eq!(
        finding.message,
        "kills after 3 unanswered probes in 21 s; readinessProbe withdraws only after 3 in 21 s"
    );
    assert!(finding.help.unwrap().contains("failureThreshold: 4,"));
}

/// The threshold that is advised is free of the same advice.
#[test]
fn p19_the_advised_threshold_is_enough_and_no_larger_than_needed() {
    for (liveness, readiness) in
        [("5", "failureThreshold: 9"), ("30", "failureThreshold: 2"), ("1", "timeoutSeconds: 20")]
    {
        let with = |threshold: &str| {
            let liveness = format!("periodSeconds: {liveness}\n            failureThreshold: {threshold}");
            let readiness = format!("periodSeconds: 20\n            {readiness}");
            let changes = [
                ("periodSeconds: 5\n            failureThreshold: 7", liveness.as_str()),
                ("periodSeconds: 5\n            failureThreshold: 2", &readiness),
            ];
            alone(&replaced(CALM, &changes))
        };
        let help = only(&with("1"), "liveness-as-tight-as-readiness").help.unwrap();
        let threshold = help.split("failureThreshold: ").nth(1).unwrap().split(',').next().unwrap();
        assert!(with(threshold).is_empty(), "{help}");
    }
}

const READINESS: &str = "          readinessProbe:
            httpGet: {path: /ready, port: 8080}
            periodSeconds: 5
            failureThreshold: 2
";
const LIVENESS: &str = "          livenessProbe:
            httpGet: {path: /health, port: 8080}
            periodSeconds: 5
            failureThreshold: 7
";

/// The model in which the only piece of advice is followed.
#[track_caller]
fn followed(checked: &Checked, id: &str) -> hasim::model::Model {
    let change = only(&advised(checked), id).change.expect("values alone follow it");
    checked.changes.as_ref().unwrap().scenarios[change].model.clone()
}

#[test]
fn p13_no_readiness_probe() {
    let without = replaced(CALM, &[(READINESS, "")]);
    let finding = only(&alone(&without), "no-readiness-probe");
    assert_eq!(finding.path, "spec.template.spec.containers[0].readinessProbe");
    assert_eq!((finding.line, finding.column), (14, 11), "where the container begins");
    // What is simulated withdraws before the liveness probe kills, as no further advice shows.
    let pod = followed(&tried(&without, APP, CLUSTER, EXPERIMENT), "no-readiness-probe").workload().pod.clone();
    let (readiness, liveness) = (pod.main().readiness.unwrap(), pod.main().liveness.unwrap());
    assert_eq!((readiness.period, readiness.failure_threshold), (liveness.period, 3));
    let yaml = format!("periodSeconds: 5\n            failureThreshold: {}", readiness.failure_threshold);
    assert!(!due_alone(
        "liveness-as-tight-as-readiness",
        &[("periodSeconds: 5\n            failureThreshold: 2", &yaml)]
    ));
    // A container beside the one that serves needs none.
    let sidecar =
        replaced(CALM, &[("      containers:\n", "      containers:\n        - {name: aside, image: 'aside:1'}\n")]);
    assert!(alone(&sidecar).is_empty());
}

/// C8, P18: who else would restart a container that hangs.
#[test]
fn c4_no_liveness_probe() {
    const ID: &str = "no-liveness-probe";
    let without = replaced(CALM, &[(LIVENESS, "")]);
    let finding = only(&alone(&without), ID);
    assert_eq!(finding.path, "spec.template.spec.containers[0].livenessProbe");
    assert_eq!((finding.line, finding.column), (14, 11), "where the container begins");
    assert!(finding.message.contains("nothing restarts a container that hangs"), "{}", finding.message);
    // A startup probe ends with the start.
    let startup = LIVENESS.replace("livenessProbe", "startupProbe");
    assert_eq!(ids(&alone(&replaced(CALM, &[(LIVENESS, &startup)]))), [ID]);

    // What is simulated kills after the withdrawal, lets the starts through, and asks the process alone.
    let dependency = "    - {name: database, target: deployment, mode: error, every: 60d, lasts: 10m, source: assumption}\n  objective";
    let experiment = replaced(EXPERIMENT, &[("  objective", dependency)]);
    let slow = replaced(APP, &[("startUp: 10s", "startUp: {uniform: {min: 60s, max: 90s}}")]);
    for (app, at_least) in [(APP, 3), (slow.as_str(), 18)] {
        let model = followed(&tried(&without, app, CLUSTER, &experiment), ID);
        let (readiness, liveness) =
            (model.workload().pod.main().readiness.unwrap(), model.workload().pod.main().liveness.unwrap());
        assert_eq!(liveness.period, readiness.period);
        assert!((at_least..at_least + 3).contains(&liveness.failure_threshold), "{liveness:?}");
        let yaml = format!("failureThreshold: {}", liveness.failure_threshold);
        let followed = replaced(CALM, &[("failureThreshold: 7", &yaml)]);
        let dependency = dependency.replace("source", "affects: [requests, readiness], source");
        let experiment = replaced(EXPERIMENT, &[("  objective", &dependency)]);
        assert!(advised(&tried(&followed, app, CLUSTER, &experiment)).is_empty(), "no further advice");
        let affects = match model.faults.iter().last().unwrap().strikes {
            hasim::model::Strikes::Deployment(hasim::model::ContainerMode::Error(affects)) => affects,
            other => panic!("{other}"),
        };
        assert!(!affects.liveness && affects.readiness && affects.requests);
    }
}

/// Without any probe to take after, the added one asks for the port of the container; without one it is no value alone.
#[test]
fn p13_and_c4_without_any_probe() {
    let change = |ports: &str| {
        let without = replaced(CALM, &[(READINESS, ""), (LIVENESS, ports)]);
        let findings = advised(&tried(&without, APP, CLUSTER, EXPERIMENT));
        assert_eq!(ids(&findings), ["no-readiness-probe", "no-liveness-probe"]);
        findings.iter().map(|finding| finding.change.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(change("          ports: [{containerPort: 8080}]\n"), [true, true]);
    assert_eq!(change(""), [false, false]);
}

#[test]
fn p5_timeout_over_period() {
    let with = |timeout: &str| due_alone("timeout-over-period", &[("failureThreshold: 2", timeout)]);
    assert!(!with("timeoutSeconds: 5\n            failureThreshold: 2"));
    assert!(with("timeoutSeconds: 6\n            failureThreshold: 2"));
}

#[test]
fn p9_c10_starts_killed() {
    const ID: &str = "starts-killed";
    // The first probe between 0 and 5 s after the start, the seventh failure 30 s later.
    let due = |start: &str| due_in_experiment(ID, &[], &[("startUp: 10s", &format!("startUp: {start}"))], &[]);
    assert!(!due("30s"));
    assert!(due("31s"));
    // One start in a hundred, and one in two hundred.
    assert!(due("{mixture: [{weight: 2, fixed: 60s}, {weight: 98, fixed: 1s}]}"));
    assert!(!due("{mixture: [{weight: 1, fixed: 60s}, {weight: 199, fixed: 1s}]}"));
    // A process that accepts and does not answer holds the last probe for its timeout.
    let accepts = [("startUp: 10s", "startUp: 31s\n  whileStarting: accepts")];
    assert!(!due_in_experiment(ID, &[], &accepts, &[]));

    let slow = replaced(APP, &[("startUp: 10s", "startUp: {uniform: {min: 30s, max: 50s}}")]);
    let checked = tried(CALM, &slow, CLUSTER, EXPERIMENT);
    let finding = only(&advised(&checked), ID);
    assert_eq!(finding.path, "spec.template.spec.containers[0].livenessProbe");
    // 30 + 5u with u uniform against 30 + 20v: three in four and an eighth more.
    assert!(finding.message.contains("about 32 s") || finding.message.contains("about 33 s"), "{}", finding.message);
    assert!(finding.message.contains("88 % of starts"), "{}", finding.message);
    assert!(finding.help.as_ref().unwrap().contains("add a startupProbe"), "{finding}");
    // The advised startup probe lets them through.
    let changes = checked.changes.unwrap();
    let startup = changes.scenarios[finding.change.unwrap()].model.workload().pod.main().startup.unwrap();
    assert!(startup.initial_delay.is_zero());
    let budget = startup.period.as_secs_f64() * f64::from(startup.failure_threshold - 1);
    assert!((49.0..56.0).contains(&budget), "{budget} s");
}

#[test]
fn p18_dependency_in_liveness() {
    let fault = |more: &str| {
        let entry = format!(
            "    - {{name: database, target: deployment, mode: error, every: 60d, source: assumption{more}}}\n  objective"
        );
        let checked = tried(CALM, APP, CLUSTER, &replaced(EXPERIMENT, &[("  objective", &entry)]));
        (advised(&checked), checked.changes)
    };
    // Seven errors come in 30 s, the first of them half a period after the fault on average.
    assert!(fault(", lasts: 32s").0.is_empty());
    assert!(fault(", lasts: 10m, affects: [requests, readiness]").0.is_empty());
    let (findings, changes) = fault(", lasts: 33s");
    let finding = only(&findings, "dependency-in-liveness");
    assert!(finding.message.contains("database") && finding.message.contains("100 %"), "{}", finding.message);
    assert!(finding.help.unwrap().contains("[requests, readiness]"));
    assert!(changes.is_some(), "what follows the advice can be simulated");
    // Nobody but the probe sees it: there is no patch.
    let (findings, changes) = fault(", lasts: 1h, affects: [liveness]");
    assert!(findings.len() == 1 && changes.is_none());
}

#[test]
fn d7_single_replica() {
    const ID: &str = "single-replica";
    assert!(!due_alone("slow-eviction", &[("replicas: 3", "replicas: 3")]));
    let one = alone(&replaced(CALM, &[("replicas: 3", "replicas: 1")]));
    assert_eq!(ids(&one), [ID, "slow-eviction"], "places in the order of lines");
    assert_eq!((one[0].line, one[0].path.as_str()), (5, "spec.replicas"));
    let absent = alone(&replaced(CALM, &[("  replicas: 3\n", "")]));
    assert!(absent[0].message.starts_with("is 1 (the default)"), "{absent:?}");
    // Where an autoscaler sets them, its least counts.
    let unstated = replaced(CALM, &[("  replicas: 3\n", "")]);
    assert!(!ids(&alone(&(unstated.clone() + &scaler("minReplicas: 2, maxReplicas: 9")))).contains(&ID));
    for (bounds, default) in [("minReplicas: 1, maxReplicas: 9", ""), ("maxReplicas: 9", " (the default)")] {
        let findings = alone(&(unstated.clone() + &scaler(bounds)));
        let finding = findings.iter().find(|finding| finding.advice.unwrap().id == ID).unwrap();
        assert_eq!((finding.line, finding.path.as_str()), (42, "spec.minReplicas"), "{bounds}");
        assert!(finding.message.starts_with(&format!("is 1{default}: under little load")), "{}", finding.message);
    }
    let other = scaler("minReplicas: 2, maxReplicas: 9").replace("Deployment, name: shop", "Deployment, name: other");
    assert!(ids(&alone(&(unstated + &other))).contains(&ID));
}

/// An autoscaler of the shop with these bounds.
fn scaler(bounds: &str) -> String {
    format!(
        "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: shop, namespace: web}}
spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}, {bounds}}}
"
    )
}

#[test]
fn n8_slow_eviction() {
    let with = |replicas: &str, seconds: &str| {
        let toleration = "{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute";
        let list = format!("tolerations: [{toleration}{seconds}}}]\n      containers:");
        due_alone("slow-eviction", &[("replicas: 3", &format!("replicas: {replicas}")), ("containers:", &list)])
    };
    assert!(with("2", ", tolerationSeconds: 300"));
    assert!(!with("2", ", tolerationSeconds: 299"));
    assert!(!with("3", ", tolerationSeconds: 300"));
    assert!(with("2", ""), "for ever");
    assert!(due_alone("slow-eviction", &[("replicas: 3", "replicas: 2")]), "the default");
    // N15: a dead machine's Node object goes, and with it the Pod.
    let two: &[_] = &[("replicas: 3", "replicas: 2")];
    assert!(due_in_experiment("slow-eviction", two, &[], &[]));
    let replaced = [("nodesPerZone: 2", "nodesPerZone: 2\n  deadNodes: {replace: {after: 3m}}")];
    assert!(!due_in_experiment("slow-eviction", two, &[], &replaced));
}

#[test]
fn v1_budget_blocks_drains() {
    const OWN: &str = "{matchLabels: {app: shop}}";
    let with = |replicas: u32, rule: &str, selector: &str| {
        let budget = format!(
            "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: shop, namespace: web}}\n\
             spec:\n  {rule}\n  selector: {selector}\n"
        );
        let shop = replaced(CALM, &[("replicas: 3", &format!("replicas: {replicas}"))]) + &budget;
        let findings = alone(&shop);
        findings.into_iter().find(|finding| finding.advice.unwrap().id == "budget-blocks-drains")
    };
    for (replicas, rule) in [
        (3, "minAvailable: 3"),
        (3, "minAvailable: 100%"),
        (3, "minAvailable: 67%"),
        (2, "minAvailable: 51%"),
        (1, "minAvailable: 1"),
        (3, "maxUnavailable: 0"),
        (3, "maxUnavailable: 0%"),
        (3, "unhealthyPodEvictionPolicy: AlwaysAllow"),
    ] {
        let finding = with(replicas, rule, OWN).unwrap_or_else(|| panic!("{replicas} {rule}"));
        let (key, _) = rule.split_once(':').unwrap();
        let is_limit = ["minAvailable", "maxUnavailable"].contains(&key);
        let expected = if is_limit { (44, format!("spec.{key}")) } else { (43, "spec".to_owned()) };
        assert_eq!((finding.line, finding.path), expected, "{rule}");
    }
    for (replicas, rule) in [
        (3, "minAvailable: 2"),
        (3, "minAvailable: 66%"),
        (2, "minAvailable: 50%"),
        (3, "maxUnavailable: 1"),
        (3, "maxUnavailable: 1%"),
    ] {
        assert!(with(replicas, rule, OWN).is_none(), "{replicas} {rule}");
    }
    // Of an autoscaled Deployment the least replicas count.
    let scaled = replaced(CALM, &[("  replicas: 3\n", "")])
        + "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: shop, namespace: web}\n\
           spec: {minAvailable: 2, selector: {matchLabels: {app: shop}}}\n";
    let blocks = |least: u32| {
        let findings = alone(&(scaled.clone() + &scaler(&format!("minReplicas: {least}, maxReplicas: 9"))));
        ids(&findings).contains(&"budget-blocks-drains")
    };
    assert!(blocks(2) && !blocks(3));
    assert!(with(3, "maxUnavailable: 0", "{matchLabels: {app: other}}").is_none(), "another's budget");
    assert!(with(3, "maxUnavailable: 0", "{}").is_some(), "an empty selector selects all");
    assert!(with(3, "maxUnavailable: 0", "null").is_none(), "no selector selects none");
    // V2: whatever two of them say.
    let second = "{matchLabels: {app: shop}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\n\
                  metadata: {name: more, namespace: web}\nspec: {maxUnavailable: 1, selector: {matchLabels: {app: shop}}}";
    let finding = with(3, "maxUnavailable: 1", second).unwrap();
    assert_eq!(finding.path, "spec.selector");
    assert_eq!(finding.message, "more selects the same Pods as shop: an eviction is refused with an error");
}

#[test]
fn s8_no_zone_spread() {
    const ID: &str = "no-zone-spread";
    let list = "      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: shop}}
          matchLabelKeys: [pod-template-hash]
";
    assert!(due_alone(ID, &[(list, "")]));
    assert!(due_alone(ID, &[("topology.kubernetes.io/zone", "kubernetes.io/hostname")]));
    let others = ("labelSelector: {matchLabels: {app: shop}}", "labelSelector: {matchLabels: {app: other}}");
    assert!(due_alone(ID, &[others]), "another's Pods");
    let hard = |skew: &str| {
        let skew = format!("maxSkew: {skew}");
        due_alone(ID, &[("maxSkew: 1", &skew), ("ScheduleAnyway", "DoNotSchedule")])
    };
    assert!(hard("3") && !hard("2"), "a skew of all replicas keeps nothing apart");
    let term = "      affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 9,
          podAffinityTerm: {topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {app: shop}}}}]}}
";
    assert!(!due_alone(ID, &[(list, term)]));
    // One zone has nothing to spread over.
    let one = tried(&replaced(CALM, &[(list, "")]), APP, &replaced(CLUSTER, &[("zones: 3", "zones: 1")]), EXPERIMENT);
    assert!(!ids(&advised(&one)).contains(&ID));
}

#[test]
fn s8_shared_node() {
    const ID: &str = "shared-node";
    let due = |replicas: &str| due_in_experiment(ID, &[("replicas: 3", &format!("replicas: {replicas}"))], &[], &[]);
    assert!(!due("3") && due("4"), "three zones");
    let both = "      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app: shop}}
";
    let both: &[_] = &[("replicas: 3", "replicas: 4"), ("      topologySpreadConstraints:\n", both)];
    assert!(!due_in_experiment(ID, both, &[], &[]));
    assert!(alone(&replaced(CALM, &[("replicas: 3", "replicas: 40")])).is_empty(), "zones are not known");
}

#[test]
fn s3_single_zone() {
    const ID: &str = "single-zone";
    let cluster = |zones: &str| replaced(CLUSTER, &[("zones: 3", &format!("zones: {zones}"))]);
    let of_cluster = |zones: &str| advised(&check_bytes(Path::new("cluster.yaml"), cluster(zones).as_bytes()));
    let finding = only(&of_cluster("1"), ID);
    assert_eq!((finding.line, finding.path.as_str()), (5, "spec.zones"));
    assert!(of_cluster("2").is_empty());
    let in_experiment = advised(&tried(CALM, APP, &cluster("1"), EXPERIMENT));
    assert_eq!(ids(&in_experiment), ["shared-node", ID]);
    // The Pods choose one zone of three.
    let selector: &[_] =
        &[("      containers:", "      nodeSelector: {topology.kubernetes.io/zone: zone-2}\n      containers:")];
    assert!(due_alone(ID, selector));
    let affinity =
        "      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
        {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [ZONES]}]}]}}}
      containers:";
    let due = |zones: &str| {
        let affinity = affinity.replace("ZONES", zones);
        let shop = replaced(CALM, &[("      containers:", &affinity), ("replicas: 3", "replicas: 3")]);
        ids(&advised(&tried(&shop, APP, CLUSTER, EXPERIMENT))).contains(&ID)
    };
    assert!(due("zone-1") && !due("zone-1, zone-2"));
}

#[test]
fn s7_spread_leaves_pending() {
    const HONOR: &str = "\n          nodeTaintsPolicy: Honor";
    const ID: &str = "spread-leaves-pending";
    let due = |replicas: &str, skew: &str, more: &str| {
        let changes = [
            ("replicas: 3", format!("replicas: {replicas}")),
            ("maxSkew: 1", format!("maxSkew: {skew}{more}")),
            ("ScheduleAnyway", "DoNotSchedule".to_string()),
        ];
        let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (*from, to.as_str())).collect();
        let checked = tried(&replaced(CALM, &changes), APP, CLUSTER, EXPERIMENT);
        advised(&checked).into_iter().find(|finding| finding.advice.unwrap().id == ID)
    };
    // Two zones of three are left, each for maxSkew replicas.
    assert!(due("2", "1", "").is_none());
    let finding = due("3", "1", "").unwrap();
    assert_eq!(finding.path, "spec.template.spec.topologySpreadConstraints[0]");
    assert!(finding.message.starts_with("has room for 2 of 3 replicas"), "{}", finding.message);
    assert!(finding.change.is_some(), "nodeTaintsPolicy can be simulated");
    assert!(due("4", "2", "").is_none() && due("5", "2", "").is_some());
    assert!(due("5", "1", HONOR).is_none(), "the dead zone does not count");
    let few = due("3", "1", &format!("{HONOR}\n          minDomains: 3")).unwrap();
    assert!(few.change.is_none() && due("3", "1", &format!("{HONOR}\n          minDomains: 2")).is_none());
}

#[test]
fn s9_required_anti_affinity_leaves_pending() {
    let due = |replicas: &str, key: &str, kind: &str| {
        let term = format!("{{topologyKey: {key}, labelSelector: {{matchLabels: {{app: shop}}}}}}");
        let terms = match kind {
            "required" => format!("requiredDuringSchedulingIgnoredDuringExecution: [{term}]"),
            _ => format!("preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, podAffinityTerm: {term}}}]"),
        };
        let affinity = format!("      affinity: {{podAntiAffinity: {{{terms}}}}}\n      containers:");
        let shop =
            replaced(CALM, &[("replicas: 3", &format!("replicas: {replicas}")), ("      containers:", &affinity)]);
        ids(&advised(&tried(&shop, APP, CLUSTER, EXPERIMENT))).contains(&"spread-leaves-pending")
    };
    // Two zones with two Nodes each are left.
    assert!(!due("4", "kubernetes.io/hostname", "required") && due("5", "kubernetes.io/hostname", "required"));
    assert!(
        !due("2", "topology.kubernetes.io/zone", "required") && due("3", "topology.kubernetes.io/zone", "required")
    );
    assert!(!due("5", "kubernetes.io/hostname", "preferred"));
}

#[test]
fn d2_rollout_without_room() {
    let due = |replicas: &str, nodes: &str, kind: &str| {
        let term = "{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: shop}}}";
        let affinity = format!(
            "      affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{term}]}}}}\n      \
             containers:"
        );
        let strategy = format!("replicas: {replicas}\n  strategy: {kind}");
        let shop = replaced(CALM, &[("replicas: 3", &strategy), ("      containers:", &affinity)]);
        let cluster = replaced(CLUSTER, &[("nodesPerZone: 2", &format!("nodesPerZone: {nodes}"))]);
        ids(&advised(&tried(&shop, APP, &cluster, EXPERIMENT))).contains(&"rollout-without-room")
    };
    // 25 % of three: a surge of 1, and nothing unavailable (D1). Of four one may be.
    assert!(due("3", "1", "{}") && !due("3", "2", "{}") && due("6", "2", "{rollingUpdate: {maxUnavailable: 0}}"));
    assert!(!due("3", "1", "{rollingUpdate: {maxUnavailable: 1}}") && !due("3", "1", "{type: Recreate}"));
}

#[test]
fn d1_d3_rollout_takes_half() {
    const ID: &str = "rollout-takes-half";
    let due = |replicas: &str, strategy: &str| {
        let strategy = format!("replicas: {replicas}\n  strategy: {strategy}");
        let findings = alone(&replaced(CALM, &[("replicas: 3", &strategy)]));
        ids(&findings).contains(&ID)
    };
    assert!(due("2", "{type: Recreate}") && due("9", "{type: Recreate}") && !due("1", "{type: Recreate}"));
    let most = |unavailable: &str| format!("{{rollingUpdate: {{maxUnavailable: {unavailable}}}}}");
    assert!(due("4", &most("2")) && !due("5", &most("2")));
    // Rounded down: 2 of 5.
    assert!(!due("5", &most("50%")) && due("6", &most("50%")));
    // A literal 0 of both would be an error; 25 % of 2 is none, and without a surge 1 (D1).
    assert!(due("2", "{rollingUpdate: {maxSurge: 0, maxUnavailable: 25%}}"));
}

#[test]
fn d4_short_progress_deadline() {
    const ID: &str = "short-progress-deadline";
    let probe = |threshold: u32| {
        let startup = format!(
            "          startupProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 10, failureThreshold: {threshold}}}\n          readinessProbe:"
        );
        replaced(CALM, &[("          readinessProbe:", &startup)])
    };
    // 600 s are the default: 60 × 10 s are within it.
    assert!(!ids(&alone(&probe(60))).contains(&ID) && ids(&alone(&probe(61))).contains(&ID));
    let with = |deadline: u32, shop: &str| {
        replaced(shop, &[("replicas: 3", &format!("replicas: 3\n  progressDeadlineSeconds: {deadline}"))])
    };
    assert!(!ids(&alone(&with(610, &probe(61)))).contains(&ID));
    let ready = replaced(&probe(60), &[("replicas: 3", "replicas: 3\n  minReadySeconds: 1")]);
    assert!(ids(&alone(&ready)).contains(&ID), "minReadySeconds count");
    // In an experiment by the law of the start.
    let due = |deadline| ids(&advised(&tried(&with(deadline, CALM), APP, CLUSTER, EXPERIMENT))).contains(&ID);
    assert!(due(9) && !due(10));
}

#[test]
fn s7b_rollouts_leave_skew() {
    const ID: &str = "rollouts-leave-skew";
    let without = ("          matchLabelKeys: [pod-template-hash]\n", "");
    assert!(due_alone(ID, &[without]) && !due_alone(ID, &[]));
    assert!(due_alone(ID, &[("[pod-template-hash]", "[tier]")]));
    let strategy = "replicas: 3\n  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}";
    assert!(!due_alone(ID, &[without, ("replicas: 3", strategy)]));
    // Over Nodes, and of two replicas.
    for other in [("topology.kubernetes.io/zone", "kubernetes.io/hostname"), ("replicas: 3", "replicas: 2")] {
        assert!(!ids(&alone(&replaced(CALM, &[without, other]))).contains(&ID));
    }
}

#[test]
fn t2_no_pre_stop() {
    const ID: &str = "no-pre-stop";
    let hook = "          lifecycle:\n            preStop: {sleep: {seconds: 5}}\n";
    assert!(due_alone(ID, &[(hook, "")]));
    assert!(due_alone(ID, &[("seconds: 5}}", "seconds: 1}}")]));
    assert!(!due_alone(ID, &[("seconds: 5}}", "seconds: 2}}")]));
    // What a command does is not known, and without a Service in the file nobody is known to ask.
    assert!(!due_alone(ID, &[("{sleep: {seconds: 5}}", "{exec: {command: [sleep, \"5\"]}}")]));
    assert!(!due_alone(ID, &[(hook, ""), ("  selector: {app: shop}\n  ports", "  selector: {app: other}\n  ports")]));
    // Only where Pods are stopped in good order can the hook's worth be simulated.
    let shop = replaced(CALM, &[(hook, "")]);
    assert!(tried(&shop, APP, CLUSTER, EXPERIMENT).changes.is_none());
    let deletes = replaced(EXPERIMENT, &[("mode: crash", "mode: delete")]);
    assert!(tried(&shop, APP, CLUSTER, &deletes).changes.is_some());
}

#[test]
fn t3_short_grace() {
    const ID: &str = "short-grace";
    let grace = |seconds: &str| format!("terminationGracePeriodSeconds: {seconds}");
    let due = |seconds: &str| due_alone(ID, &[("terminationGracePeriodSeconds: 45", &grace(seconds))]);
    // Five seconds of preStop, and two that the kubelet leaves anyway.
    assert!(due("5") && due("6") && !due("7"));
    let due = |seconds: &str, exits: &str| {
        let shop = grace(seconds);
        let shop: &[(&str, &str)] = &[("terminationGracePeriodSeconds: 45", &shop)];
        due_in_experiment(ID, shop, &[("{exits: 3s}", exits)], &[])
    };
    // The application takes 3 s.
    assert!(due("7", "{exits: 3s}") && !due("8", "{exits: 3s}"));
    assert!(!due("6", "{exits: 1s}"), "it stops in the least time");
    assert!(!due("7", "ignores"), "nothing is gained by waiting");
    let shop = replaced(CALM, &[("terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 6")]);
    let slow = replaced(APP, &[("{exits: 3s}", "{exits: {uniform: {min: 1s, max: 40s}}}")]);
    let finding = only(&advised(&tried(&shop, &slow, CLUSTER, EXPERIMENT)), ID);
    assert!(finding.message.starts_with("leaves 2 s after 5 s of preStop: 97 %"), "{}", finding.message);
    assert_eq!(finding.help.as_deref(), Some("set terminationGracePeriodSeconds: 45"));
}

/// Three Pods of 4 × 10 requests a second each; with three tries an overload stays from 40 on, and 60 come.
#[test]
fn e7_retries_keep_overload() {
    let due = |capacity: &str, queue: &str| {
        let app = format!("exits: 3s}}\n  capacity: {{{capacity}}}\n  {queue}");
        let app = replaced(APP, &[("exits: 3s}", &app)]);
        let experiment = replaced(EXPERIMENT, &[("  faults:", "  traffic: traffic.yaml\n  faults:")]);
        let experiment = replaced(&experiment, &[("slo: 99.9%", "slo: 99.9%, metric: request_success")]);
        advised(&tried(CALM, &app, CLUSTER, &experiment))
    };
    let found = only(&due("workers: 4, serviceTime: 100ms", "whenOverloaded: queues"), "retries-keep-overload");
    assert!(found.sentence().contains("from 40 on (33 %)") && found.sentence().contains("up to 60 come"), "{found:?}");
    assert!(!due("workers: 5, serviceTime: 100ms", "whenOverloaded: queues").is_empty(), "50 of 60");
    assert!(due("workers: 6, serviceTime: 100ms", "whenOverloaded: queues").is_empty(), "60 of 60");
    assert!(due("workers: 4, serviceTime: 100ms", "whenOverloaded: queues\n  queue: {limit: 35}").is_empty());
    assert!(!due("workers: 4, serviceTime: 100ms", "whenOverloaded: queues\n  queue: {limit: 36}").is_empty());
    assert!(due("requestsPerSecond: 40", "whenOverloaded: sheds").is_empty());
}

/// Three Pods of 4 × 10 requests a second each, in three zones; 60 come. With a zone away that is 75 % of what two take, and
/// P(T > 1 s) = 1.2e-4 there; with 4 × 8.33 it is 90 %, and 4.6 %; with 4 × 5 it is as much as all three take.
#[test]
fn p16_probes_that_wait_behind_requests() {
    let due = |service: &str, queue: &str| {
        let app = format!(
            "exits: 3s}}\n  capacity: {{workers: 4, serviceTime: {service}}}\n  whenOverloaded: queues\n  {queue}"
        );
        let app = replaced(APP, &[("exits: 3s}", &app)]);
        let experiment = replaced(EXPERIMENT, &[("  faults:", "  traffic: traffic.yaml\n  faults:")]);
        let experiment = replaced(&experiment, &[("slo: 99.9%", "slo: 99.9%, metric: request_success")]);
        advised(&tried(CALM, &app, CLUSTER, &experiment))
    };
    let probes = |findings: &[Diagnostic]| -> Vec<String> {
        let is = |finding: &&Diagnostic| finding.advice.is_some_and(|advice| advice.id == "busy-probes");
        findings.iter().filter(is).map(Diagnostic::sentence).collect()
    };
    let shares = "healthEndpoint: {sharesQueue: true}";
    assert!(probes(&due("100ms", shares)).is_empty());
    assert!(probes(&due("200ms", "queue: {limit: 9}")).is_empty(), "answered apart");
    let all = probes(&due("200ms", shares));
    assert!(
        all.len() == 2 && all.iter().all(|one| one.contains("100 %") && one.contains("no probe is answered within")),
        "{all:?}"
    );
    let zone = probes(&due("120ms", shares));
    assert!(!zone.is_empty() && zone.iter().all(|one| one.contains("with a zone away, 2 Pods get 90 %")), "{zone:?}");
}

/// Of a grid the baseline is advised on, once; without one the files as they are, not what the grid tries.
#[test]
fn a_grid_is_advised_on_once() {
    let grid = EXPERIMENT.to_string() + "  vary: {replicas: [1, 2, 3], readinessProbe.failureThreshold: [2, 9]}\n";
    let findings = advised(&tried(CALM, APP, CLUSTER, &grid));
    assert!(findings.is_empty(), "one replica is a question here: {findings:#?}");
    let baseline = grid.clone() + "  baseline: {replicas: 1, readinessProbe.failureThreshold: 9}\n";
    let findings = advised(&tried(CALM, APP, CLUSTER, &baseline));
    let mut found = ids(&findings);
    found.sort_unstable();
    assert_eq!(found, ["liveness-as-tight-as-readiness", "single-replica", "slow-eviction"]);
    for finding in &findings {
        assert!(finding.scenario.as_deref().unwrap().starts_with("replicas=1"), "where it holds is said");
        let (file, line) = (Path::new(&finding.file).file_name().unwrap().to_str().unwrap(), finding.line);
        match finding.advice.unwrap().id {
            "single-replica" => assert_eq!((file, line), ("experiment.yaml", 11), "what the grid has put there"),
            "slow-eviction" => assert_eq!((file, line), ("shop.yaml", 11), "not where another field was put"),
            _ => assert_eq!((file, line), ("shop.yaml", 16)),
        }
    }
    // What the manifest says without the experiment holds in every scenario.
    let shop = replaced(CALM, &[("seconds: 5}}", "seconds: 1}}")]);
    let findings = advised(&tried(
        &shop,
        APP,
        CLUSTER,
        &(grid + "  baseline: {replicas: 3, readinessProbe.failureThreshold: 2}\n"),
    ));
    assert_eq!((ids(&findings), &findings[0].scenario), (vec!["no-pre-stop"], &None));
}

/// Property of every finding here: a place, a field, rules that exist, and what to do.
#[test]
fn advice_has_a_place_and_rules_that_exist() {
    let rules: BTreeSet<&str> = hasim::rules::all().iter().map(|rule| rule.number).collect();
    let mut seen = BTreeSet::new();
    for advice in advice::all() {
        assert!(seen.insert(advice.id), "{} occurs twice", advice.id);
        assert!(advice.id.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'), "{}", advice.id);
        assert!(!advice.rules.is_empty() && advice.rules.iter().all(|rule| rules.contains(rule)), "{}", advice.id);
    }
    let bad = replaced(CALM, &[("replicas: 3", "replicas: 1"), ("seconds: 5}}", "seconds: 1}}")]);
    for finding in alone(&bad) {
        assert!(finding.line > 0 && finding.column > 0 && !finding.path.is_empty() && finding.help.is_some());
        assert_eq!(finding.severity, Severity::Advice);
        let lines = finding.to_string();
        assert!(lines.lines().skip(1).all(|line| line.chars().count() <= 80), "{lines}");
    }
}

/// docs/advice.md has a section for every piece of advice, in their order, with its rules, and no other.
#[test]
fn the_page_lists_every_piece_of_advice() {
    let page = std::fs::read_to_string("docs/advice.md").unwrap();
    let sections: Vec<(&str, &str)> = page
        .split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .filter(|(title, _)| title.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let titles: Vec<&str> = sections.iter().map(|(title, _)| *title).collect();
    assert_eq!(titles, advice::all().map(|advice| advice.id).collect::<Vec<_>>());
    for (advice, (title, text)) in advice::all().zip(sections) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let rules = format!("({})", advice.rules.join(", "));
        assert!(text.contains(&rules), "{title} does not name {rules}");
        assert!(text.contains("Instead:") && text.contains("Example:"), "{title} is not complete");
    }
}
