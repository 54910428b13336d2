//! Upgrades of Nodes as experiments write them: what presets stand for, and the spare Nodes that surges need.

use crate::kinds::{SERVES, SERVICE, load_with_findings, web};
use hasim::model::{Drainer, Model, NodeUpgrade, OnTimeout, Strikes, UpgradeOrder};
use hasim::time::Duration;

/// The model of an experiment with these lines beside the Deployment of three replicas, one on each host.
fn model(cluster: &str, more: &str) -> Model {
    let spread = "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: \
                  DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]";
    let manifest = web("replicas: 3", spread, &[SERVES]) + SERVICE;
    let more = format!("{more}\n  horizon: 30d\n  replications: 4\n");
    match load_with_findings(&manifest, cluster, &more) {
        Ok(loaded) => loaded.study.scenarios[0].model.clone(),
        Err(report) => panic!("{report:?}"),
    }
}

fn operations(entry: &str) -> String {
    format!("  operations: [{{name: it, kind: upgradeNodes, every: 30d, nodeTakes: 2m, {entry}}}]")
}

fn plan(model: &Model) -> NodeUpgrade {
    let mut plans = model.faults.iter().filter_map(|fault| match fault.strikes {
        Strikes::UpgradeNodes(plan) => Some(plan),
        _ => None,
    });
    plans.next().unwrap()
}

const MINUTE: u64 = 60;

/// V17 to V21: each preset has the numbers of its provider, and fields beside it replace them.
#[test]
fn presets_are_what_providers_do() {
    let minutes = |minutes| Some(Duration::from_secs(minutes * MINUTE));
    let base = NodeUpgrade {
        surge: 1,
        at_once: 1,
        order: UpgradeOrder::Random,
        cordons_all: false,
        soak: Duration::ZERO,
        drainer: Drainer::Kubectl,
        drain_timeout: minutes(60),
        on_timeout: OnTimeout::Force,
        frees_failed: false,
    };
    let fails = NodeUpgrade { on_timeout: OnTimeout::Fail, frees_failed: true, ..base };
    let eks = NodeUpgrade {
        surge: 6,
        cordons_all: true,
        soak: Duration::from_secs(MINUTE),
        drain_timeout: minutes(15),
        ..fails
    };
    let plain = NodeUpgrade { surge: 0, drain_timeout: None, on_timeout: OnTimeout::Fail, ..base };
    let by_hand = NodeUpgrade { order: UpgradeOrder::Listed, ..plain };
    for (cluster, entry, wanted) in [
        ("zones: 3, nodesPerZone: 2", "preset: gke", base),
        ("zones: 3, nodesPerZone: 2", "preset: aks", NodeUpgrade { drain_timeout: minutes(30), ..fails }),
        // A share is rounded up.
        (
            "zones: 3, nodesPerZone: 7",
            "preset: aks",
            NodeUpgrade { surge: 3, at_once: 3, drain_timeout: minutes(30), ..fails },
        ),
        ("zones: 3, nodesPerZone: 4", "preset: eks", eks),
        ("zones: 3, nodesPerZone: 4", "preset: eks, atOnce: 9", NodeUpgrade { surge: 9, at_once: 9, ..eks }),
        ("zones: 3, nodesPerZone: 2", "preset: kubeadm", by_hand),
        (
            "zones: 3, nodesPerZone: 5",
            "preset: karpenter",
            NodeUpgrade { surge: 2, at_once: 2, drainer: Drainer::Karpenter, ..plain },
        ),
        ("zones: 3, nodesPerZone: 2", "order: random", plain),
        ("zones: 3, nodesPerZone: 2", "preset: gke, surge: 50%", NodeUpgrade { surge: 3, at_once: 3, ..base }),
        ("zones: 3, nodesPerZone: 2", "preset: gke, drainTimeout: never", NodeUpgrade { drain_timeout: None, ..base }),
        // No more new Nodes than there are old ones.
        ("zones: 3, nodesPerZone: 1", "surge: 100", NodeUpgrade { surge: 3, at_once: 3, ..plain }),
    ] {
        assert_eq!(plan(&model(cluster, &operations(entry))), wanted, "{entry}");
    }
}

/// Each zone has as many spare Nodes as the largest surge may need there, behind the others, each alike to the Nodes of its zone.
#[test]
fn spare_nodes_stand_behind_the_others() {
    let script = "  script: [{at: 1d, operation: upgradeNodes, nodeTakes: 2m, surge: 2}]";
    for (more, each) in [
        (operations("surge: 0"), 0),
        (operations("surge: 1"), 1),
        (operations("surge: 9"), 2),
        (script.to_string(), 2),
        (format!("{}\n{script}", operations("surge: 1")), 2),
    ] {
        let model = model("zones: 3, nodesPerZone: 2", &more);
        let nodes = &model.cluster.nodes;
        assert_eq!((nodes.len(), model.cluster.size()), (6 + 3 * each, 6), "{more}");
        assert!(nodes.iter().take(6).all(|node| !node.is_spare));
        for (id, spare) in nodes.entries().filter(|(_, node)| node.is_spare) {
            let alike = nodes.iter().filter(|own| !own.is_spare && own.pool == spare.pool);
            assert!(alike.clone().count() == 2 && alike.clone().all(|own| own.zone == spare.zone));
            assert!(nodes.iter().filter(|other| other.name == spare.name).count() == 1);
            assert!(nodes.iter().filter(|other| other.owner() == spare.owner()).count() == 1);
            let pod = &model.workload().pod;
            assert!(pod.selects_node[id.index()] && pod.tolerations.node_admits[id.index()]);
            let host = pod.spread[0].domain[id.index()];
            assert_eq!(pod.spread[0].domain.iter().filter(|domain| **domain == host).count(), 1, "a host of its own");
        }
    }
}

/// A spare Node is no room for a replica at the beginning.
#[test]
fn spare_nodes_are_no_room() {
    let manifest = web(
        "replicas: 3",
        "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, \
         labelSelector: {matchLabels: {app: web}}}]",
        &["{name: web, image: 'web:1', ports: [{name: http, containerPort: 8080, hostPort: 8080}]}"],
    ) + SERVICE;
    let more = format!("{}\n  horizon: 30d\n  replications: 4\n  allowPending: true\n", operations("surge: 2"));
    let loaded = load_with_findings(&manifest, "zones: 1, nodesPerZone: 2", &more).unwrap();
    assert_eq!(loaded.study.scenarios[0].pending.len(), 1);
    let findings = loaded.findings.to_string();
    assert!(findings.contains("0/2 nodes are available"), "{findings}");
}
