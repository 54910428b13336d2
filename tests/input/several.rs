//! Experiments on several Deployments: what is read of each, what is required of them together, and how keys of `vary`, faults
//! and scripts name them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::kinds::{CLUSTER, SERVES, SERVICE, web};
use hasim::ids::{FaultId, SlotId, TemplateContainer, WorkloadId};
use hasim::model::{Model, Occurrence, Requirement, ScriptTarget, Workload};
use hasim::spec::{Diagnostic, Loaded, Report, Severity, check_file, load_experiment_with};
use hasim::study::Study;

const APP: &str = "{apiVersion: hasim/v1, kind: App, metadata: {name: a}, spec: {startUp: 2s, onSigterm: {exits: 1s}}}";
const SLOW: &str =
    "{apiVersion: hasim/v1, kind: App, metadata: {name: s}, spec: {startUp: 9s, onSigterm: {exits: 1s}}}";
const PROXY: &str = "{name: proxy, image: 'proxy:1'}";

/// The Deployment `web` under another name, in this namespace, with these fields of its Pod and these containers.
fn manifest(name: &str, namespace: &str, pod: &str, containers: &[&str]) -> String {
    let text = web("replicas: 2", pod, containers) + SERVICE;
    let text = text.replace("{name: web}", &format!("{{name: {name}, namespace: {namespace}}}"));
    text.replace("app: web", &format!("app: {name}"))
}

/// The findings and the study of an experiment on these Deployments; `more` are lines of its spec.
fn load_files(deployments: &str, manifests: &[(&str, String)], more: &str) -> Result<Loaded, Report> {
    let experiment = format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: several}}
spec:
  deployments: {deployments}
  app: app.yaml
  cluster: cluster.yaml
{more}"
    );
    let cluster = format!("{{apiVersion: hasim/v1, kind: Cluster, metadata: {{name: c}}, spec: {{{CLUSTER}}}}}");
    let mut files = BTreeMap::from([
        ("app.yaml".to_string(), APP.to_string()),
        ("slow.yaml".to_string(), SLOW.to_string()),
        ("cluster.yaml".to_string(), cluster),
        ("experiment.yaml".to_string(), experiment),
    ]);
    files.extend(manifests.iter().map(|(name, text)| (format!("{name}.yaml"), text.clone())));
    load_experiment_with(Path::new("experiment.yaml"), &|path| {
        let found = files.get(path.to_str().unwrap_or_default()).map(|text| text.as_bytes().to_vec());
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    })
}

const CRASH: &str = "  faults: [{name: crash, target: container, mode: crash, every: 30d, source: assumption}]\n";

/// `shop` of one container and `auth` with a proxy beside the one that serves.
fn shop_and_auth() -> [(&'static str, String); 2] {
    let proxied = [SERVES, PROXY];
    [("shop", manifest("shop", "web", "", &[SERVES])), ("auth", manifest("auth", "web", "", &proxied))]
}

#[track_caller]
fn load(deployments: &str, more: &str) -> Study {
    load_files(deployments, &shop_and_auth(), more).unwrap_or_else(|report| panic!("{report}")).study
}

const BOTH: &str = "[shop.yaml, auth.yaml]";

#[track_caller]
fn model(more: &str) -> Model {
    load(BOTH, &format!("{CRASH}{more}")).scenarios.remove(0).model
}

#[track_caller]
fn refused(deployments: &str, more: &str) -> Vec<String> {
    let report = load_files(deployments, &shop_and_auth(), more).expect_err("it is wrong");
    report.errors().map(Diagnostic::sentence).collect()
}

fn id(number: usize) -> WorkloadId {
    WorkloadId::new(number)
}

/// What is said of one Deployment alone is its own; the rest is that of all.
#[test]
fn each_deployment_is_read_from_its_file_with_what_is_said_of_it() {
    let deployments = "[{file: shop.yaml, objective: {minServing: 2}}, {file: auth.yaml, app: slow.yaml, container: proxy}, \
                       {file: auth.yaml, as: guard}]";
    let model = &load(deployments, CRASH).scenarios[0].model;
    let of = |what: fn(&Workload) -> String| model.workloads.iter().map(what).collect::<Vec<_>>();
    assert_eq!(of(|workload| workload.name.clone()), ["shop", "auth", "guard"]);
    assert_eq!(of(|workload| workload.pod.main().name.clone()), ["web", "proxy", "web"]);
    assert_eq!(of(|workload| workload.pod.main().app.start_up.mean().to_string()), ["2", "9", "2"]);
    assert_eq!(of(|workload| workload.min_serving.to_string()), ["2", "1", "1"]);
    assert!(model.workloads.iter().all(|workload| workload.chance_by_name && workload.replicas == 2));
    assert_eq!((model.slots(), model.slots_of(id(1))), (6, 2..4));
    // An image is told by its name, so that what runs from one image brings it for all (C14).
    let images = |number: usize| model.workloads[id(number)].pod.containers.iter().map(|one| one.image);
    assert_eq!(images(1).collect::<Vec<_>>(), images(2).collect::<Vec<_>>());
    assert_eq!(images(0).next(), images(1).next(), "web:1");
}

/// One in a list is one of a list: its keys and its chance are those of its name.
#[test]
fn a_list_of_one_is_a_list() {
    let study = load("[shop.yaml]", &format!("{CRASH}  vary: {{deployments.shop.replicas: [1, 2]}}\n"));
    assert_eq!(study.scenarios.len(), 2);
    let workload = study.scenarios[0].model.workload();
    assert!(workload.chance_by_name && workload.replicas == 1 && study.scenarios[0].model.system.is_none());
}

/// S6, S9, S10: selectors mean Pods of other Deployments by labels and namespace.
#[test]
fn s6_s9_and_s10_selectors_mean_pods_of_other_deployments() {
    let term = |selector: &str, more: &str| {
        format!(
            "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
             [{{topologyKey: kubernetes.io/hostname, labelSelector: {{{selector}}}{more}}}]}}}}"
        )
    };
    let shop = "matchLabels: {app: shop}";
    let both = "matchExpressions: [{key: app, operator: In, values: [shop, auth]}]";
    let elsewhere = ", namespaces: [other]";
    let cases = [
        (term(shop, ""), "web", Some([true, false])),
        (term(both, ""), "web", Some([true, true])),
        (term(shop, ""), "other", None),
        (term(shop, elsewhere), "web", None),
        (term(both, ", namespaceSelector: {}"), "other", Some([true, true])),
        (term(both, ""), "other", Some([false, true])),
    ];
    for (pod, namespace, expected) in cases {
        let auth = manifest("auth", namespace, &pod, &[SERVES]);
        let manifests = [("shop", manifest("shop", "web", "", &[SERVES])), ("auth", auth)];
        let study = load_files(BOTH, &manifests, CRASH).unwrap_or_else(|report| panic!("{report}")).study;
        let terms = &study.scenarios[0].model.workloads[id(1)].pod.anti_affinity;
        let selects = terms.iter().map(|term| [term.selects[id(0)], term.selects[id(1)]]).next();
        assert_eq!(selects, expected, "{namespace}: {pod}");
    }
    let spread = format!(
        "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
         labelSelector: {{{both}}}}}]"
    );
    let manifests =
        [("shop", manifest("shop", "web", "", &[SERVES])), ("auth", manifest("auth", "web", &spread, &[SERVES]))];
    let study = load_files(BOTH, &manifests, CRASH).unwrap_or_else(|report| panic!("{report}")).study;
    let [shop, auth] = study.scenarios[0].model.workloads.as_slice() else { panic!("two Deployments") };
    assert_eq!(auth.pod.spread[0].selects.as_slice(), [true, true]);
    // The defaults of the scheduler mean the Deployment's own Pods.
    assert!(shop.pod.spread.iter().all(|spread| spread.selects.as_slice() == [true, false]));
}

/// Ports of a Node contend by number, protocol and address, within a Deployment and between two.
#[test]
fn hostport_contends_between_deployments() {
    let with = |name: &str, port: &str| {
        let container = SERVES.replace("ports: [", &format!("ports: [{{containerPort: 9000, {port}}}, "));
        manifest(name, "web", "", &[&container])
    };
    for (port, contends) in [
        ("hostPort: 80", true),
        ("hostPort: 81", false),
        ("hostPort: 80, protocol: UDP", false),
        ("hostPort: 80, hostIP: 127.0.0.1", true),
    ] {
        let manifests = [("shop", with("shop", "hostPort: 80")), ("auth", with("auth", port))];
        let study = load_files(BOTH, &manifests, CRASH).unwrap_or_else(|report| panic!("{report}")).study;
        let [shop, auth] = study.scenarios[0].model.workloads.as_slice() else { panic!("two Deployments") };
        assert_eq!(shop.pod.contends_for_ports.as_slice(), [true, contends], "{port}");
        assert_eq!(auth.pod.contends_for_ports.as_slice(), [contends, true], "{port}");
    }
}

/// What is required is that of `objective.system`, or all; in words for the reader of results.
#[test]
fn what_is_required_is_read_and_put_into_words() {
    let pods = |number, at_least| Requirement::Pods { workload: id(number), at_least };
    let cases = [
        ("", Requirement::all(vec![pods(0, 2), pods(1, 1)]), "2 Pods of shop and auth"),
        ("all: [auth]", Requirement::all(vec![pods(1, 1)]), "auth"),
        ("any: [auth, shop]", Requirement::any(vec![pods(1, 1), pods(0, 2)]), "auth or 2 Pods of shop"),
        ("workload: auth, minServing: 2", pods(1, 2), "2 Pods of auth"),
        (
            "all: [{workload: shop, minServing: 1}, {any: [auth, guard]}]",
            Requirement::all(vec![pods(0, 1), Requirement::any(vec![pods(1, 1), pods(2, 1)])]),
            "shop and (auth or guard)",
        ),
        (
            "atLeast: 2, of: [shop, auth, guard]",
            Requirement::Parts { at_least: 2, parts: vec![pods(0, 2), pods(1, 1), pods(2, 1)] },
            "2 of (2 Pods of shop, auth, guard)",
        ),
    ];
    for (text, expected, words) in cases {
        let more = if text.is_empty() { String::new() } else { format!("  objective: {{system: {{{text}}}}}\n") };
        let guard = if words.contains("guard") { ", {file: auth.yaml, as: guard}" } else { "" };
        let deployments = format!("[{{file: shop.yaml, objective: {{minServing: 2}}}}, auth.yaml{guard}]");
        let study = load(&deployments, &format!("{CRASH}{more}"));
        assert_eq!(study.scenarios[0].model.system, Some(expected), "{text}");
        assert_eq!(study.header.objective.system.as_deref(), Some(words), "{text}");
    }
}

/// A Deployment on which nothing hangs is told of.
#[test]
fn a_deployment_that_is_not_required_is_noted() {
    let more = format!("{CRASH}  objective: {{system: {{all: [auth]}}}}\n");
    let findings = load_files(BOTH, &shop_and_auth(), &more).unwrap().findings;
    let of_system = |found: &&Diagnostic| found.severity == Severity::Note && found.path == "spec.objective.system";
    let notes: Vec<String> = findings.diagnostics.iter().filter(of_system).map(Diagnostic::sentence).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("does not name shop"), "{notes:?}");
}

/// Keys of `vary` reach into one Deployment, its App and its objective; what is said of its App alone leaves that of the others
/// as it is, and null takes back what was said of it alone.
#[test]
fn keys_of_vary_name_a_deployment() {
    let vary = "  objective: {minServing: 1}\n  vary:\n    deployments.shop.replicas: [2, 3]\n    \
                deployments.shop.app.startUp: [4s]\n    deployments.auth.objective.minServing: [null, 2]\n    \
                deployments.auth.readinessProbe.failureThreshold: [7]\n    \
                deployments.auth.deployment.spec.template.spec.containers.proxy.image: ['proxy:2']\n";
    let study = load(BOTH, &format!("{CRASH}{vary}"));
    let found = study.scenarios.iter().map(|scenario| {
        let [shop, auth] = scenario.model.workloads.as_slice() else { panic!("two Deployments") };
        assert_eq!(shop.pod.main().app.start_up.mean(), 4.0);
        assert_eq!(auth.pod.main().app.start_up.mean(), 2.0);
        assert_eq!(shop.pod.main().readiness.unwrap().failure_threshold, 3);
        assert_eq!(auth.pod.main().readiness.unwrap().failure_threshold, 7);
        (shop.replicas, auth.replicas, shop.min_serving, auth.min_serving)
    });
    assert_eq!(found.collect::<Vec<_>>(), [(2, 2, 1, 1), (2, 2, 1, 2), (3, 2, 1, 1), (3, 2, 1, 2)]);
    assert_eq!(study.scenarios[0].parameters["deployments.shop.replicas"], 2);
    // What is said of all is so of those, too, of which something is said alone, in whatever order the keys stand.
    for keys in [
        "deployments.shop.app.startUp: [4s], app.probeFailure: [0.1]",
        "app.probeFailure: [0.1], deployments.shop.app.startUp: [4s]",
    ] {
        let model = load(BOTH, &format!("{CRASH}  vary: {{{keys}}}\n")).scenarios.remove(0).model;
        let apps = model.workloads.iter().map(|one| &one.pod.main().app);
        let found: Vec<(f64, f64)> = apps.map(|app| (app.start_up.mean(), app.probe_failure)).collect();
        assert_eq!(found, [(4.0, 0.1), (2.0, 0.1)], "{keys}");
    }
    // A name with a dot stands in brackets.
    let dotted = format!("{CRASH}  vary: {{'deployments[\"a.b\"].replicas': [1, 2]}}\n");
    let manifests = [("shop", manifest("a.b", "web", "", &[SERVES])), shop_and_auth()[1].clone()];
    assert_eq!(load_files(BOTH, &manifests, &dotted).unwrap().study.scenarios.len(), 2);
}

/// A candidate is patched by such keys, or has Deployments of its own.
#[test]
fn candidates_are_patched_by_name_or_have_deployments_of_their_own() {
    let candidates = "  candidates:\n    - {name: as-is}\n    - {name: more, patch: {deployments.auth.replicas: 5}}\n    \
                      - {name: other, deployments: [{file: shop.yaml, as: auth}, {file: auth.yaml, as: shop}]}\n    \
                      - {name: alone, deployments: [auth.yaml]}\n";
    let study = load(BOTH, &format!("{CRASH}{candidates}"));
    let of = |scenario: usize| {
        let workloads = study.scenarios[scenario].model.workloads.iter();
        workloads.map(|one| format!("{} {} {}", one.name, one.replicas, one.pod.containers.len())).collect::<Vec<_>>()
    };
    assert_eq!(of(0), ["shop 2 1", "auth 2 2"]);
    assert_eq!(of(1), ["shop 2 1", "auth 5 2"]);
    assert_eq!(of(2), ["auth 2 1", "shop 2 2"]);
    assert_eq!(of(3), ["auth 2 2"]);
}

/// Sensitivity changes one number of one Deployment; where nothing is named it finds those of all.
#[test]
fn sensitivity_is_to_numbers_of_one_deployment() {
    let asked = |of: &str| load(BOTH, &format!("{CRASH}  replications: 64\n  sensitivity: {{{of}}}\n"));
    let study = asked("of: [deployments.shop.replicas, deployments.auth.terminationGracePeriodSeconds, app.startUp]");
    let keys: Vec<&str> = study.header.sensitivity.iter().map(|parameter| parameter.key.as_str()).collect();
    let expected = ["deployments.shop.replicas", "deployments.auth.terminationGracePeriodSeconds", "app.startUp"];
    assert_eq!(keys, expected);
    let replicas: Vec<[u32; 2]> = study.scenarios[..3]
        .iter()
        .map(|scenario| [id(0), id(1)].map(|id| scenario.model.workloads[id].replicas))
        .collect();
    assert_eq!(replicas, [[2, 2], [1, 2], [3, 2]]);
    let of_all = asked("step: 10%");
    let keys: Vec<&str> = of_all.header.sensitivity.iter().map(|parameter| parameter.key.as_str()).collect();
    for key in expected {
        assert!(keys.contains(&key), "{key} is missing from {keys:?}");
    }
    assert!(keys.contains(&"deployments.auth.replicas"));
}

/// Faults strike all, or those that they name: Deployments that are named are struck at once.
#[test]
fn faults_name_deployments_and_containers() {
    let fault = |fields: &str| {
        let text = format!("  faults: [{{name: it, every: 30d, source: assumption, {fields}}}]\n");
        load(BOTH, &text).scenarios.remove(0).model.faults[FaultId::new(0)].clone()
    };
    let found = |fields: &str| {
        let fault = fault(fields);
        let places = |one: &TemplateContainer| (one.workload.index(), one.container.index());
        (fault.containers.iter().map(places).collect::<Vec<_>>(), fault.at_once)
    };
    assert_eq!(found("target: container, mode: crash"), (vec![], false));
    assert_eq!(found("target: container, mode: crash, deployments: auth"), (vec![(1, 0)], false));
    assert_eq!(found("target: container, mode: delete, deployments: auth"), (vec![(1, 0)], false));
    assert_eq!(found("target: container, mode: crash, container: proxy"), (vec![(1, 1)], false));
    assert_eq!(found("target: deployment, mode: error, lasts: 1m"), (vec![], false));
    let both = "target: deployment, mode: error, lasts: 1m, deployments: [auth, shop]";
    assert_eq!(found(both), (vec![(1, 0), (0, 0)], true));
    assert_eq!(found(&format!("{both}, container: web")), (vec![(1, 0), (0, 0)], true));
}

/// What strikes one Deployment alone is no reason for advice to another.
#[test]
fn advice_is_of_faults_that_strike_the_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    for (name, text) in shop_and_auth() {
        write(&format!("{name}.yaml"), &text);
    }
    write("app.yaml", APP);
    write(
        "cluster.yaml",
        &format!("{{apiVersion: hasim/v1, kind: Cluster, metadata: {{name: c}}, spec: {{{CLUSTER}}}}}"),
    );
    let advised = |deployments: &str| {
        let fault = "name: database, target: deployment, mode: error, every: 30d, lasts: 5m, source: assumption";
        let affects = "affects: [requests, readiness, liveness]";
        write(
            "experiment.yaml",
            &format!(
                "{{apiVersion: hasim/v1, kind: Experiment, metadata: {{name: e}}, spec: {{deployments: {BOTH}, app: app.yaml, \
                 cluster: cluster.yaml, faults: [{{{fault}, {affects}{deployments}}}]}}}}"
            ),
        );
        let report = check_file(&folder.path().join("experiment.yaml")).report;
        let of_liveness = |one: &&Diagnostic| one.advice.is_some_and(|advice| advice.id == "dependency-in-liveness");
        let mut files: Vec<String> = report.advice().filter(of_liveness).map(|one| one.file.clone()).collect();
        files.iter_mut().for_each(|file| *file = file.rsplit('/').next().unwrap().to_owned());
        files.sort();
        files
    };
    assert_eq!(advised(""), ["auth.yaml", "shop.yaml"]);
    assert_eq!(advised(", deployments: auth"), ["auth.yaml"]);
}

/// Entries of a script mean slots of those that they name: the same number in each.
#[test]
fn script_entries_name_deployments() {
    let targets = |fields: &str| {
        let model = model(&format!("  horizon: 1h\n  script: [{{at: 5m, mode: crash, {fields}}}]\n"));
        let Occurrence::Once { targets, .. } = model.faults[FaultId::new(1)].occurs.clone() else { panic!("once") };
        (targets, model.faults[FaultId::new(1)].at_once)
    };
    let slots = |numbers: &[usize]| numbers.iter().map(|&slot| ScriptTarget::Slot(SlotId::new(slot))).collect();
    assert_eq!(targets("target: {slot: 1}, deployments: auth"), (slots(&[3]), false));
    assert_eq!(targets("target: {slot: 1}, deployments: [auth, shop]"), (slots(&[3, 1]), false));
    assert_eq!(targets("target: {slot: each}"), (slots(&[0, 1, 2, 3]), false));
    assert_eq!(targets("target: {slot: each}, deployments: auth"), (slots(&[2, 3]), false));
    let holder = vec![ScriptTarget::NodeOf(SlotId::new(2))];
    assert_eq!(targets("target: {nodeOf: 0}, lasts: 5m, deployments: auth"), (holder, false));
    let all = vec![ScriptTarget::Deployment(id(0)), ScriptTarget::Deployment(id(1))];
    assert_eq!(targets("target: deployment"), (all, false));
    // Struck at once by the clock of the first that is named.
    let first = vec![ScriptTarget::Deployment(id(1))];
    assert_eq!(targets("target: deployment, deployments: [auth, shop]"), (first, true));
}

/// Where one App is missing it is said whose; with one of its own each, none is needed for all.
#[test]
fn an_app_is_needed_where_a_deployment_has_none() {
    let load = |deployments: &str| {
        let files = BTreeMap::from([
            ("shop.yaml", shop_and_auth()[0].1.clone()),
            ("slow.yaml", SLOW.to_string()),
            (
                "cluster.yaml",
                format!("{{apiVersion: hasim/v1, kind: Cluster, metadata: {{name: c}}, spec: {{{CLUSTER}}}}}"),
            ),
            (
                "experiment.yaml",
                format!(
                    "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: e}}\nspec:\n  deployments: {deployments}\n  \
                     cluster: cluster.yaml\n{CRASH}"
                ),
            ),
        ]);
        load_experiment_with(Path::new("experiment.yaml"), &|path| {
            let found = files.get(path.to_str().unwrap_or_default()).map(|text| text.as_bytes().to_vec());
            found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        })
    };
    let own = "{file: shop.yaml, app: slow.yaml}";
    assert!(load(&format!("[{own}, {{file: shop.yaml, as: b, app: slow.yaml}}]")).is_ok());
    let report = load(&format!("[{own}, {{file: shop.yaml, as: b}}]")).expect_err("an App is missing");
    assert_eq!(report.errors().map(Diagnostic::sentence).collect::<Vec<_>>(), ["spec.app: is missing"]);
}

/// All replicas together are held against what hasim simulates.
#[test]
fn replicas_of_all_are_counted_together() {
    let more = format!("{CRASH}  vary: {{deployments.shop.replicas: [600], deployments.auth.replicas: [600]}}\n");
    let errors = refused(BOTH, &more);
    assert!(errors.len() == 1 && errors[0].contains("have 1200 replicas together"), "{errors:?}");
}
