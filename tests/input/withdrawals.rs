//! Withdrawals of Nodes as experiments write them: what presets stand for, which Nodes are meant, and the spare ones that they need.

use crate::kinds::{SERVES, SERVICE, load_with_findings, web};
use hasim::ids::NodeId;
use hasim::model::{
    Drainer, Fault, Handler, Model, NodeWithdrawal, Occurrence, Replacement, ScriptTarget, Strikes, WithdrawalReason,
    WithdrawalScope,
};
use hasim::time::Duration;

/// Two pools in three zones: 0 is on demand in the first zone, 1 and 2 are spot there, and so on.
const POOLS: &str = "zones: 3, pools: {on-demand: {nodesPerZone: 1}, spot: {nodesPerZone: 2, nodeHour: 0.07, \
                     node: {labels: {capacity: spot}}}}, prices: {nodeHour: 0.2}";
const SPOT: [usize; 6] = [1, 2, 4, 5, 7, 8];

fn model(more: &str) -> Model {
    let manifest = web("replicas: 2", "", &[SERVES]) + SERVICE;
    let more = format!("{more}\n  horizon: 30d\n  replications: 4\n");
    match load_with_findings(&manifest, POOLS, &more) {
        Ok(loaded) => loaded.study.scenarios[0].model.clone(),
        Err(report) => panic!("{report:?}"),
    }
}

fn operation(entry: &str) -> String {
    format!("  operations: [{{name: it, every: 30d, nodeTakes: 2m, {entry}}}]")
}

fn withdrawal(model: &Model) -> (&Fault, NodeWithdrawal) {
    let mut plans = model.faults.iter().filter_map(|fault| match fault.strikes {
        Strikes::WithdrawNode(plan) => Some((fault, plan)),
        _ => None,
    });
    plans.next().unwrap()
}

fn nodes(fault: &Fault) -> Vec<usize> {
    fault.nodes.iter().map(|node| node.index()).collect()
}

/// V21, V23: each preset and each kind has the numbers of those who do it, and fields beside them replace these.
#[test]
fn presets_are_what_clouds_do() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let aws = NodeWithdrawal {
        reason: WithdrawalReason::Reclaim,
        scope: WithdrawalScope::Node,
        notice: seconds(120),
        handler: Handler::Evict,
        replacement: Replacement::AtEnd,
        drainer: Drainer::Kubectl,
    };
    let shutdown = |secs| Handler::Shutdown { pod_grace: Duration::from_secs(secs) };
    let gcp = NodeWithdrawal { notice: seconds(30), handler: shutdown(15), ..aws };
    let karpenter = NodeWithdrawal { replacement: Replacement::AtNotice, drainer: Drainer::Karpenter, ..aws };
    let expiry = NodeWithdrawal { reason: WithdrawalReason::Expiry, notice: None, ..karpenter };
    let consolidation = NodeWithdrawal {
        reason: WithdrawalReason::Consolidation,
        scope: WithdrawalScope::Cluster { at_once: 1 },
        replacement: Replacement::First,
        ..expiry
    };
    for (entry, wanted) in [
        ("kind: reclaim, preset: aws", aws),
        ("kind: reclaim, preset: gcp", gcp),
        ("kind: reclaim, preset: gcp, podGrace: 20s", NodeWithdrawal { handler: shutdown(20), ..gcp }),
        ("kind: reclaim, preset: azure", NodeWithdrawal { notice: seconds(30), ..aws }),
        ("kind: reclaim, preset: karpenter", karpenter),
        ("kind: reclaim, notice: 40s", NodeWithdrawal { notice: seconds(40), handler: Handler::None, ..aws }),
        (
            "kind: reclaim, preset: aws, of: zone, share: 50%, replacement: atNotice, handler: none",
            NodeWithdrawal {
                scope: WithdrawalScope::Zone { share: 0.5 },
                handler: Handler::None,
                replacement: Replacement::AtNotice,
                ..aws
            },
        ),
        ("kind: expire", expiry),
        ("kind: expire, terminationGracePeriod: 1h", NodeWithdrawal { notice: seconds(3600), ..expiry }),
        // A tenth of nine Nodes, rounded up.
        ("kind: consolidate", consolidation),
        (
            "kind: consolidate, budget: 3, replacement: atNotice",
            NodeWithdrawal {
                scope: WithdrawalScope::Cluster { at_once: 3 },
                replacement: Replacement::AtNotice,
                ..consolidation
            },
        ),
    ] {
        assert_eq!(withdrawal(&model(&operation(entry))).1, wanted, "{entry}");
    }
}

/// Labels say which Nodes are meant, as Kubernetes writes them; in a script each of them, or each of their zones.
#[test]
fn labels_and_names_say_which_nodes_are_meant() {
    let all: Vec<usize> = (0..9).collect();
    for (entry, wanted) in [
        ("kind: reclaim, preset: aws", all.clone()),
        ("kind: reclaim, preset: aws, nodeSelector: {capacity: spot}", SPOT.to_vec()),
        ("kind: expire, nodeSelector: {capacity: spot, topology.kubernetes.io/zone: zone-2}", vec![4, 5]),
        ("kind: consolidate, nodeSelector: {capacity: spot}", SPOT.to_vec()),
        ("kind: expire, node: zone-3-on-demand-1", vec![6]),
    ] {
        assert_eq!(nodes(withdrawal(&model(&operation(entry))).0), wanted, "{entry}");
    }
    let each = |nodes: &[usize]| nodes.iter().map(|node| ScriptTarget::Node(NodeId::new(*node))).collect::<Vec<_>>();
    let zones = [0, 1, 2].map(|zone| ScriptTarget::Zone(hasim::ids::ZoneId::new(zone))).to_vec();
    for (entry, wanted) in [
        ("operation: reclaim, preset: aws, node: zone-1-spot-2", each(&[2])),
        ("operation: reclaim, preset: aws, nodeSelector: {capacity: spot}", each(&SPOT)),
        ("operation: reclaim, preset: aws, of: zone, share: 10%, nodeSelector: {capacity: spot}", zones),
        ("operation: consolidate", vec![ScriptTarget::Cluster]),
    ] {
        let model = model(&format!("  script: [{{at: 1d, nodeTakes: 2m, {entry}}}]"));
        let Occurrence::Once { targets, .. } = &withdrawal(&model).0.occurs else { panic!("it is a script") };
        assert_eq!(*targets, wanted, "{entry}");
    }
}

/// As many spare Nodes in each pool as may be on their way beside old ones; none where new machines come afterwards.
#[test]
fn spare_nodes_suffice() {
    for (entries, each) in [
        (&["kind: reclaim, preset: aws"][..], [0, 0]),
        (&["kind: reclaim, preset: karpenter"], [1, 2]),
        (&["kind: expire"], [1, 2]),
        (&["kind: consolidate"], [1, 1]),
        (&["kind: consolidate, budget: 50%"], [1, 2]),
        // Each Node is withdrawn once at a time.
        (&["kind: expire", "kind: reclaim, preset: karpenter", "kind: consolidate"], [1, 2]),
        (&["kind: expire", "kind: upgradeNodes, surge: 1"], [2, 3]),
    ] {
        let entry = |(number, entry)| format!("{{name: it-{number}, every: 30d, nodeTakes: 2m, {entry}}}");
        let all: Vec<String> = entries.iter().enumerate().map(entry).collect();
        let model = model(&format!("  operations: [{}]", all.join(", ")));
        let spare = |like: usize| {
            let pool = model.cluster.nodes[NodeId::new(like)].pool;
            model.cluster.nodes.iter().filter(|node| node.is_spare && node.pool == pool).count()
        };
        assert_eq!([spare(0), spare(1)], each, "{entries:?}");
        let mut names: Vec<&str> = model.cluster.nodes.iter().map(|node| node.name.as_str()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}

/// A pool has a number, labels and a price of its own.
#[test]
fn pools_of_nodes_stand_side_by_side() {
    let model = model(&operation("kind: expire"));
    let names: Vec<&str> = model.cluster.own_nodes().take(4).map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["zone-1-on-demand-1", "zone-1-spot-1", "zone-1-spot-2", "zone-2-on-demand-1"]);
    let prices: Vec<Option<f64>> = model.cluster.own_nodes().map(|node| node.hour_price).take(3).collect();
    assert_eq!(prices, [None, Some(0.07), Some(0.07)]);
}
