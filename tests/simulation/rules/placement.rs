//! Rules of the scheduler (S4–S10): placements measured on a real Kubernetes 1.36 cluster, and cases at the limits.
//!
//! Nobody tells an observer where a Pod is. But a fault of a zone or a Node strikes all its slots in one instant: a
//! partition of a second, too short to matter, shows who lives together.

use std::collections::BTreeSet;

use crate::common;
use crate::common::watch::{Log, What, play_many};
use crate::common::{CRASH, WINDOW, at_random_time, fault};
use hasim::cluster::Phase;
use hasim::ids::{FaultId, NodeId, ZoneId};
use hasim::model::{
    AntiAffinity, Cluster, DeadNodes, Model, NewNode, Node, NodeMode, OtherRequest, Resources, Spread, Strikes,
    Workload,
};
use hasim::random::Law;

const ZONE: Strikes = Strikes::Zone(NodeMode::Partition);
const NODE: Strikes = Strikes::Node(NodeMode::Partition);

/// A cluster with so many Nodes in each zone.
fn zones(per_zone: &[u32]) -> Cluster {
    let mut cluster = common::cluster(per_zone.len() as u32, 1, common::quick_latencies());
    let places = per_zone.iter().enumerate().flat_map(|(zone, &nodes)| (0..nodes).map(move |index| (zone, index)));
    cluster.nodes = places
        .map(|(zone, index_in_zone)| Node {
            name: format!("node-{zone}-{index_in_zone}"),
            zone: Some(ZoneId::new(zone)),
            index_in_zone,
            pool: 0,
            hour_price: None,
            is_spare: false,
            allocatable: Resources { cpu_millis: 4000, memory_bytes: 16 << 30 },
            max_pods: 110,
        })
        .collect();
    cluster
}

fn spread(domain: Vec<Option<u32>>, max_skew: u32, hard: bool, by_hostname: bool) -> Spread {
    let domains = domain.iter().flatten().max().map_or(0, |largest| largest + 1);
    Spread {
        domain,
        domains,
        max_skew,
        hard,
        min_domains: 1,
        honor_affinity: true,
        honor_taints: false,
        by_hostname,
        selects: vec![true].into(),
        by_revision: false,
    }
}

fn zone_domains(cluster: &Cluster) -> Vec<Option<u32>> {
    cluster.nodes.iter().map(|node| node.zone.map(|zone| zone.index() as u32)).collect()
}

fn node_domains(cluster: &Cluster) -> Vec<Option<u32>> {
    (0..cluster.nodes.len() as u32).map(Some).collect()
}

/// A Deployment on this cluster with one zone constraint, or the scheduler's defaults.
fn deployed(cluster: Cluster, replicas: u32, when_unsatisfiable: &str) -> Model {
    let nodes = cluster.nodes.len() as u32;
    let mut workload: Workload = common::workload(replicas, 1, nodes, false, common::bare(1).app().clone());
    let by_zone = |max_skew, hard| spread(zone_domains(&cluster), max_skew, hard, false);
    workload.pod.requests.cpu_millis = 100;
    workload.pod.default_spread = when_unsatisfiable == "(no constraint)";
    workload.pod.spread = match when_unsatisfiable {
        "DoNotSchedule" => vec![by_zone(1, true)],
        "ScheduleAnyway" => vec![by_zone(1, false)],
        "(no constraint)" => vec![spread(node_domains(&cluster), 3, false, true), by_zone(5, false)],
        other => panic!("unknown whenUnsatisfiable {other}"),
    };
    let seen = fault("seen", ZONE, at_random_time(), Some(Law::fixed(1.0).unwrap()));
    Model { workloads: vec![workload].into(), cluster, faults: vec![seen].into(), ..common::bare(replicas) }
}

/// How many slots live together, most first, and how many live nowhere.
fn groups(log: &Log, replicas: u32) -> (Vec<u32>, u32) {
    let mut groups: Vec<(f64, u32)> = Vec::new();
    for entry in log.entries.iter().filter(|entry| matches!(entry.what, What::Struck(_))) {
        match groups.last_mut() {
            Some((at, size)) if (*at - entry.at).abs() < 1e-9 => *size += 1,
            _ => groups.push((entry.at, 1)),
        }
    }
    let mut sizes: Vec<u32> = groups.into_iter().map(|(_, size)| size).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let placed: u32 = sizes.iter().sum();
    (sizes, replicas - placed)
}

fn placements(model: &Model, n: u64) -> BTreeSet<(Vec<u32>, u32)> {
    let logs = play_many(model, 1, n, WINDOW);
    logs.iter().map(|log| groups(log, model.workload().replicas)).collect()
}

const TAINTED: &str = "3z-1n zc tainted nodeTaintsPolicy=Ignore(default)";
const ZONE_LOST: &str = "zone loss: zc node object deleted, its pods deleted";

/// One measured Deployment: case, replicas, whenUnsatisfiable; Pods per zone, most first, and pending ones.
fn measured() -> Vec<(String, u32, String, (Vec<u32>, u32))> {
    let mut reader =
        csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/models/measured/e6_placements.csv")).unwrap();
    let number = |field: &str| field.parse::<u32>().unwrap();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let mut zones: Vec<u32> = (8..11).map(|i| number(&record[i])).filter(|&pods| pods > 0).collect();
            zones.sort_unstable_by(|a, b| b.cmp(a));
            (record[0].to_owned(), number(&record[1]), record[2].to_owned(), (zones, number(&record[12])))
        })
        .collect()
}

/// S5–S8: every measured placement on fresh Nodes occurs in the simulator, by sorted zone counts, and no other does.
#[test]
fn s6_s8_placements_are_those_of_a_real_scheduler() {
    let rows = measured();
    let cases: BTreeSet<_> = rows.iter().map(|(case, replicas, when, _)| (case, *replicas, when)).collect();
    let mut judged = 0;
    for (case, replicas, when) in cases {
        let cluster = match case.as_str() {
            "3z-1n" | TAINTED => zones(&[1, 1, 1]),
            "3z-2n" => zones(&[2, 2, 2]),
            "2z-2-1" => zones(&[2, 1]),
            "3z-uneven-3-1-1" => zones(&[3, 1, 1]),
            "1z-3n" => zones(&[3]),
            _ => continue,
        };
        let mut model = deployed(cluster, replicas, when);
        if case == TAINTED {
            model.workload_mut().pod.tolerations.node_admits[2] = false;
        }
        let same = |row: &&(String, u32, String, _)| row.0 == *case && row.1 == replicas && row.2 == *when;
        let real: BTreeSet<_> = rows.iter().filter(same).map(|row| row.3.clone()).collect();
        assert_eq!(placements(&model, 60), real, "{case}, {replicas} replicas, {when}");
        judged += 1;
    }
    assert!(judged > 80, "{judged}");
}

/// S6, S17: the Node of one zone dies and its object is deleted; the survivors take its Pods as measured. The next
/// Node that dies shows how many it held.
#[test]
fn s6_the_zones_that_are_left_share_the_pods_of_a_deleted_one() {
    for (case, replicas, when, (expected, pending)) in measured() {
        if case != ZONE_LOST {
            continue;
        }
        let mut model = deployed(zones(&[1, 1, 1]), replicas, &when);
        let every = Law::fixed(100.0 * WINDOW).unwrap();
        let dies = Strikes::Node(NodeMode::Crash);
        model.faults = vec![fault("dies", dies, every, Some(Law::fixed(1.0).unwrap()))].into();
        model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: Law::fixed(1e9).unwrap() });
        let mut found = BTreeSet::new();
        for log in play_many(&model, 2, 20, 100.0 * WINDOW) {
            let struck: Vec<f64> =
                log.entries.iter().filter(|e| matches!(e.what, What::Struck(_))).map(|e| e.at).collect();
            let first = struck[0];
            let Some(second) = struck.iter().copied().find(|&at| at > first + 1.0) else { continue };
            if second < first + 500.0 {
                continue;
            }
            let here = struck.iter().filter(|&&at| (at - second).abs() < 1e-9).count() as u32;
            let mut counts = [here, replicas - here];
            counts.sort_unstable_by(|a, b| b.cmp(a));
            found.insert(counts.to_vec());
        }
        assert_eq!((found, pending), (BTreeSet::from([expected]), 0), "{replicas} replicas, {when}");
    }
}

// ---- Limits ----

fn zone_counts(model: &Model) -> BTreeSet<(Vec<u32>, u32)> {
    placements(model, 20)
}

fn only(zones: &[u32], pending: u32) -> BTreeSet<(Vec<u32>, u32)> {
    BTreeSet::from([(zones.to_vec(), pending)])
}

/// S6: with fewer domains than minDomains the global minimum is 0, so no domain takes more than maxSkew.
#[test]
fn s6_min_domains_above_the_number_of_domains() {
    for (min_domains, expected) in [(2, only(&[3, 3], 0)), (3, only(&[1, 1], 4))] {
        let mut model = deployed(zones(&[1, 1]), 6, "DoNotSchedule");
        model.workload_mut().pod.spread[0].min_domains = min_domains;
        assert_eq!(zone_counts(&model), expected, "minDomains {min_domains}");
    }
}

/// S6, S8: a full zone: `ScheduleAnyway` overflows to the others, `DoNotSchedule` leaves Pods Pending at the skew.
#[test]
fn s6_s8_a_full_zone() {
    for (when, expected) in [("ScheduleAnyway", only(&[4, 4, 1], 0)), ("DoNotSchedule", only(&[2, 2, 1], 4))] {
        let mut cluster = zones(&[1, 1, 1]);
        cluster.nodes[NodeId::new(2)].max_pods = 1;
        assert_eq!(zone_counts(&deployed(cluster, 9, when)), expected, "{when}");
    }
}

/// S6: a larger maxSkew lets one zone be ahead by so many; a Node without the key is rejected.
#[test]
fn s6_a_node_without_the_key_is_rejected() {
    let mut cluster = zones(&[1, 1, 1]);
    cluster.nodes[NodeId::new(2)].zone = None;
    let model = deployed(cluster, 4, "DoNotSchedule");
    assert_eq!(zone_counts(&model), only(&[2, 2], 0));
}

/// S4: CPU, memory, the number of Pods and any other resource each limit a Node, to the last unit.
#[test]
fn s4_a_node_takes_what_fits_exactly() {
    let limits: [fn(&mut Model); 4] = [
        |model| model.workload_mut().pod.requests.cpu_millis = 2000,
        |model| model.workload_mut().pod.requests.memory_bytes = 8 << 30,
        |model| model.cluster.nodes[NodeId::new(0)].max_pods = 2,
        |model| {
            let gpus = OtherRequest { resource: "nvidia.com/gpu".to_string(), amount: 1, allocatable: vec![Some(2)] };
            let disk = OtherRequest { resource: "ephemeral-storage".to_string(), amount: 1, allocatable: vec![None] };
            model.workload_mut().pod.other_requests = vec![disk, gpus];
        },
    ];
    for limit in limits {
        let mut model = deployed(zones(&[1]), 3, "ScheduleAnyway");
        limit(&mut model);
        assert_eq!(zone_counts(&model), only(&[2], 1));
    }
}

/// A Node takes one Pod with ports of its own, whatever else has room: the filter `NodePorts`.
#[test]
fn hostport_keeps_a_second_pod_off_a_node() {
    for (replicas, expected) in [(3, only(&[2, 1], 0)), (5, only(&[2, 1], 2))] {
        let mut model = deployed(zones(&[2, 1]), replicas, "ScheduleAnyway");
        model.workload_mut().pod.contends_for_ports = vec![true].into();
        assert_eq!(zone_counts(&model), expected, "{replicas} replicas");
    }
}

/// S8: by default Pods of one Deployment are spread over hosts and zones at once.
#[test]
fn s8_default_constraints_use_every_host_before_one_twice() {
    let mut model = deployed(zones(&[2, 2, 2]), 6, "(no constraint)");
    model.faults[FaultId::new(0)].strikes = NODE;
    assert_eq!(zone_counts(&model), only(&[1, 1, 1, 1, 1, 1], 0));
}

fn apart(mut model: Model, domain: Vec<Option<u32>>, preferred_weight: Option<u32>) -> Model {
    model.workload_mut().pod.spread.clear();
    model.workload_mut().pod.anti_affinity =
        vec![AntiAffinity { domain, preferred_weight, selects: vec![true].into() }];
    model
}

/// One zone with two Nodes of these sizes, in thousandths of a CPU and GiB, for Pods of one CPU and 4 GiB.
fn unequal(replicas: u32, sizes: [(u64, u64); 2]) -> Model {
    let mut model = deployed(zones(&[2]), replicas, "ScheduleAnyway");
    model.faults[FaultId::new(0)].strikes = NODE;
    model.workload_mut().pod.spread.clear();
    model.workload_mut().pod.requests = Resources { cpu_millis: 1000, memory_bytes: 4 << 30 };
    for (node, (cpu_millis, gib)) in model.cluster.nodes.iter_mut().zip(sizes) {
        node.allocatable = Resources { cpu_millis, memory_bytes: gib << 30 };
    }
    model
}

/// S12: the emptier Node scores higher. Of three Pods the Node of twice the size takes two: the first (87 against 75),
/// one of a tie, or the third (75 against 50, or 62 against 75).
#[test]
fn s12_the_larger_node_takes_more() {
    assert_eq!(zone_counts(&unequal(3, [(4000, 16), (8000, 32)])), only(&[2, 1], 0));
}

/// S13: balance counts for a Pod with requests. The second Node takes the first Pod (145 against 125) and would still be
/// the emptier one for the second (54 against 50); but out of balance it has 124 against 125.
#[test]
fn s13_a_balanced_node_is_preferred() {
    assert_eq!(zone_counts(&unequal(2, [(2000, 8), (3000, 32)])), only(&[1, 1], 0));
}

/// S9: required anti-affinity takes one Pod per domain; Nodes without the key are not constrained.
#[test]
fn s9_required_anti_affinity_takes_one_pod_per_domain() {
    let cluster = zones(&[2, 2]);
    let domains = zone_domains(&cluster);
    let model = apart(deployed(cluster.clone(), 3, "ScheduleAnyway"), domains, None);
    assert_eq!(zone_counts(&model), only(&[1, 1], 1));
    let mut domains = node_domains(&cluster);
    domains[3] = None;
    let model = apart(deployed(cluster, 6, "ScheduleAnyway"), domains, None);
    assert_eq!(placements(&model, 20).into_iter().map(|(_, pending)| pending).max(), Some(0));
}

/// S10: preferred anti-affinity spreads like a soft constraint and never leaves a Pod Pending.
#[test]
fn s10_preferred_anti_affinity_is_only_a_preference() {
    let cluster = zones(&[1, 1, 1]);
    let domains = node_domains(&cluster);
    let model = apart(deployed(cluster, 7, "ScheduleAnyway"), domains, Some(100));
    assert_eq!(zone_counts(&model), only(&[3, 2, 2], 0));
}

/// S9, S16, N13, T8: a replacement is blocked by the terminating Pod on the dead Node and by the living ones on the others; it
/// finds its place when the Node returns and the old Pod is gone.
#[test]
fn s9_a_replacement_is_blocked_until_the_node_returns() {
    let cluster = zones(&[1, 1, 1]);
    let domains = node_domains(&cluster);
    let mut model = apart(deployed(cluster, 3, "ScheduleAnyway"), domains, None);
    let every = Law::fixed(1000.0 * WINDOW).unwrap();
    model.faults = vec![fault("dies", Strikes::Node(NodeMode::Crash), every, Some(Law::fixed(2000.0).unwrap()))].into();
    for log in play_many(&model, 3, 50, 1000.0 * WINDOW) {
        for slot in 0..3 {
            let at = log.struck(slot).unwrap();
            if at > 990.0 * WINDOW {
                continue;
            }
            let deleted = log.reached(slot, at, Phase::Reschedule).unwrap() - at;
            assert!((339.0..370.0).contains(&deleted), "{deleted}");
            let bound = log.reached(slot, at + deleted, Phase::Start).unwrap() - at - 2000.0;
            // N14: the object is gone 1.5 to 3.5 s after the kubelet's start.
            assert!((1.5..5.0).contains(&bound), "{bound}");
        }
    }
}

/// S17: a crash restarts in place, so skew is neither made nor mended by it.
#[test]
fn c4_a_crash_never_moves_a_pod() {
    let mut model = deployed(zones(&[1, 1, 1]), 3, "ScheduleAnyway");
    model.faults.push(fault("crash", CRASH, Law::fixed(300.0).unwrap(), None));
    for log in play_many(&model, 4, 20, WINDOW) {
        assert!((0..3).all(|slot| log.reached(slot, 0.0, Phase::Reschedule).is_none()));
    }
}
