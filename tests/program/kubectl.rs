//! Process: `kubectl hasim`, with a stand-in for kubectl that says how it was called and answers as kubectl does.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// What a cluster adds to what was applied.
const LIVE: &str = r#"
apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
  - apiVersion: apps/v1
    kind: Deployment
    metadata:
      annotations: {deployment.kubernetes.io/revision: "3", kubectl.kubernetes.io/last-applied-configuration: "{}"}
      creationTimestamp: "2026-01-02T03:04:05Z"
      generation: 3
      name: NAME
      namespace: shop
      resourceVersion: "815"
      uid: 3f1c2a77-0000-4000-8000-000000000000
    spec:
      progressDeadlineSeconds: 600
      replicas: 2
      revisionHistoryLimit: 10
      selector: {matchLabels: {app: NAME}}
      strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}, type: RollingUpdate}
      template:
        metadata: {creationTimestamp: null, labels: {app: NAME}}
        spec:
          containers:
            - image: nginx:1.27
              imagePullPolicy: IfNotPresent
              name: web
              ports: [{containerPort: 80, protocol: TCP}]
              readinessProbe: {failureThreshold: 3, httpGet: {path: /, port: 80, scheme: HTTP}, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1}
              resources: {}
              terminationMessagePath: /dev/termination-log
              terminationMessagePolicy: File
          dnsPolicy: ClusterFirst
          restartPolicy: Always
          schedulerName: default-scheduler
          securityContext: {}
          terminationGracePeriodSeconds: 30
    status: {availableReplicas: 2, observedGeneration: 3, readyReplicas: 2, replicas: 2, updatedReplicas: 2}
"#;

const BESIDE: &str = r#"
apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
  - apiVersion: v1
    kind: Service
    metadata: {creationTimestamp: "2026-01-02T03:04:05Z", name: web, namespace: shop, resourceVersion: "4", uid: a}
    spec: {clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], internalTrafficPolicy: Cluster, ipFamilies: [IPv4], ports: [{port: 80, protocol: TCP, targetPort: 80}], selector: {app: web}, sessionAffinity: None, type: ClusterIP}
    status: {loadBalancer: {}}
  - apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: web, namespace: shop}
    spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
    status: {currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2, observedGeneration: 1}
"#;

/// A folder with a stand-in for kubectl in `bin`: it knows the Deployments web and api, and logs its arguments.
fn cluster() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("beside", BESIDE);
    put("web", &LIVE.replace("NAME", "web"));
    let script = format!(
        "#!/bin/sh\ncd '{}'\necho \"$@\" >>calls\ncase \"$2 $3\" in\n\
         'deployments.apps,'*) cat web; echo ---; sed s/web/api/g web; echo ---; cat beside ;;\n\
         'deployments.apps web'|'deployments.apps -l'*|'deployments.apps --selector'*) cat web ;;\n\
         'deployments.apps '*) echo 'Error from server (NotFound): deployments.apps \"'$3'\" not found' >&2; exit 1 ;;\n\
         *) cat beside ;;\nesac\n",
        folder.path().display()
    );
    fs::create_dir(folder.path().join("bin")).unwrap();
    put("bin/kubectl", &script);
    fs::set_permissions(folder.path().join("bin/kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn ask(folder: &Path, args: &[&str]) -> Output {
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let mut plugin = Command::new(env!("CARGO_BIN_EXE_kubectl-hasim"));
    plugin.current_dir(folder).env("PATH", path).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn calls(folder: &Path) -> String {
    let calls = fs::read_to_string(folder.join("calls")).unwrap_or_default();
    let _ = fs::remove_file(folder.join("calls"));
    calls
}

const GET_BESIDE: &str = "get services,poddisruptionbudgets.policy,horizontalpodautoscalers.autoscaling --output yaml";

/// One Deployment, however kubectl's users name it, with what selects it.
#[test]
fn what_runs_is_estimated() {
    let folder = cluster();
    let path = folder.path();
    let written: [&[&str]; 4] = [
        &["deploy/web", "-n", "shop"],
        &["-n", "shop", "deployment", "web"],
        &["deployments.apps/web", "--namespace=shop"],
        &["-l", "app=web", "-n", "shop"],
    ];
    for args in written {
        let output = ask(path, &[&["estimate"], args, &["--replications", "4", "--quiet"]].concat());
        let text = said(&output);
        assert!(output.status.success() && text.starts_with("web is available "), "{args:?}: {text}");
        assert!(text.contains("nginx, starts in"), "what the image shows is seen: {text}");
        let calls = calls(path);
        let (deployment, beside) = calls.split_once('\n').unwrap();
        assert!(deployment.starts_with("get deployments.apps ") && deployment.contains("shop"), "{calls}");
        assert!(beside.starts_with(GET_BESIDE) && beside.contains("shop"), "{calls}");
    }
    // What is beside it counts: the same as from a file.
    fs::write(path.join("all.yaml"), fs::read_to_string(path.join("web")).unwrap() + "---" + BESIDE).unwrap();
    let hasim =
        |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_hasim")).current_dir(path).args(args).output().unwrap();
    let more = ["--replications", "4", "--quiet", "--output", "json"];
    let live = ask(path, &[&["estimate", "deploy/web"], &more[..]].concat());
    let file = hasim(&[&["estimate", "all.yaml"], &more[..]].concat());
    let metrics = |output: &Output| -> serde_json::Value {
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["scenarios"][0]["metrics"].clone()
    };
    assert_eq!(metrics(&live), metrics(&file));
}

/// Without a name, all Deployments of the namespace.
#[test]
fn a_namespace_is_estimated() {
    let folder = cluster();
    let output = ask(folder.path(), &["estimate", "-A", "--context", "staging", "--replications", "2", "--quiet"]);
    assert!(output.status.success() && said(&output).starts_with("Of 2 Deployments"), "{}", said(&output));
    let calls = calls(folder.path());
    assert!(
        calls.starts_with("get deployments.apps,services,") && calls.ends_with("--output yaml -A --context staging\n"),
        "{calls}"
    );
}

/// All commands that take a manifest.
#[test]
fn what_runs_is_checked_explained_compared_and_written_down() {
    let folder = cluster();
    let path = folder.path();
    let check = ask(path, &["check", "deploy/web"]);
    assert!(check.status.success() && said(&check).contains("1 file checked: no errors"), "{}", said(&check));
    let explain = ask(path, &["explain", "deploy/web"]);
    assert!(explain.status.success() && said(&explain).contains("Deployment shop/web"), "{}", said(&explain));
    let worse =
        fs::read_to_string(path.join("web")).unwrap().replace("replicas: 2\n      rev", "replicas: 1\n      rev");
    fs::write(path.join("new.yaml"), worse + "---" + BESIDE).unwrap();
    let compare = ask(
        path,
        &["compare", "deploy/web", "--replications", "16", "--quiet", "new.yaml", "--fail-below", "99.9999%"],
    );
    assert_eq!(compare.status.code(), Some(4), "the code is hasim's: {}", said(&compare));
    assert!(said(&compare).contains("after against before"), "{}", said(&compare));
    let init = ask(path, &["init", "deploy/web"]);
    assert!(init.status.success() && path.join("experiment.yaml").exists(), "{}", said(&init));
}

/// What kubectl refuses is told in its words and with its code, and hasim is not asked.
#[test]
fn errors_of_kubectl_are_passed_on() {
    let folder = cluster();
    let output = ask(folder.path(), &["estimate", "deploy/absent", "-n", "shop"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output), "Error from server (NotFound): deployments.apps \"absent\" not found\n");
    // Without kubectl.
    let mut plugin = Command::new(env!("CARGO_BIN_EXE_kubectl-hasim"));
    let output = plugin.env("PATH", folder.path().join("nowhere")).args(["estimate", "deploy/web"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("kubectl cannot be run") && said(&output).contains("PATH"), "{}", said(&output));
}

/// Wrong use is answered with what was meant, and kubectl is not asked.
#[test]
fn wrong_use_of_the_plugin_is_answered() {
    let folder = cluster();
    let asked: [(&[&str], &str); 5] = [
        (&["estimate", "web"], "`kubectl hasim estimate deploy/web`"),
        (&["compare", "deploy/web"], "`kubectl hasim compare deploy/web new.yaml`"),
        (&["run", "x.yaml"], "must be one of estimate, check"),
        (&["estimate", "deploy/web", "-n"], "-n: a value must follow"),
        (&["compare", "deploy/web", "--quiet"], "with what?"),
    ];
    for (args, words) in asked {
        let output = ask(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(words), "{args:?}: {}", said(&output));
    }
    assert_eq!(calls(folder.path()), "");
    for args in [&[][..], &["--help"], &["help"]] {
        let output = ask(folder.path(), args);
        assert!(output.status.success() && said(&output).contains("Usage: kubectl hasim COMMAND"), "{}", said(&output));
    }
}
