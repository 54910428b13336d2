//! Where a real scheduler put the Pods of a Deployment: each measured placement occurs among the simulated ones.
//!
//! The order of Nodes decides ties and is not known (S5a), so the simulator draws it anew for each replication:
//! it must know every measured placement, Node by Node, and none that breaks a rule. Scaling is not modelled, so
//! the steps `scale 4->2: after` and `zone loss: zc back, then scaled +1` are not compared.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Entry, Table};
use super::record::Record;
use crate::cluster::{Mode, watch_unchecked};
use crate::ids::{IdVec, NodeId, ZoneId};
use crate::model::{
    DeadNodes, Fault, Model, NewNode, Node, NodeMode, Occurrence, Resources, ScriptTarget, Spread, Start, Strikes, Zone,
};
use crate::random::Law;
use crate::time::{Duration, SimTime};
use crate::verify::embedded;
use crate::verify::row::{Kind, Reference, Row, Simulated, Verdict};

const CHECK: &str = "placements";
const SEED: u64 = 66_000;
const REPLICATIONS: u64 = 400;

/// Pods on each Node by name, and how many are Pending.
type Placement = (BTreeMap<String, u32>, u32);

/// How a case was made.
struct Case {
    /// Its name in the file.
    name: &'static str,
    /// Nodes in each zone.
    zones: &'static [u32],
    tainted: bool,
    /// The Node of zone zc is deleted and its Pods with it; in `Some(true)` it comes back later.
    lost: Option<bool>,
}

const CASES: [Case; 10] = [
    Case { name: "3z-1n", zones: &[1, 1, 1], tainted: false, lost: None },
    Case { name: "3z-2n", zones: &[2, 2, 2], tainted: false, lost: None },
    Case { name: "2z-2-1", zones: &[2, 1], tainted: false, lost: None },
    Case { name: "3z-uneven-3-1-1", zones: &[3, 1, 1], tainted: false, lost: None },
    Case { name: "1z-3n", zones: &[3], tainted: false, lost: None },
    Case { name: "3z-1n zc tainted nodeTaintsPolicy=Ignore(default)", zones: &[1, 1, 1], tainted: true, lost: None },
    Case { name: "scale 4->2: before", zones: &[1, 1, 1], tainted: false, lost: None },
    Case { name: "zone loss: before", zones: &[1, 1, 1], tainted: false, lost: None },
    Case {
        name: "zone loss: zc node object deleted, its pods deleted",
        zones: &[1, 1, 1],
        tainted: false,
        lost: Some(false),
    },
    Case {
        name: "zone loss: zc node back, 5 s later (nothing else done)",
        zones: &[1, 1, 1],
        tainted: false,
        lost: Some(true),
    },
];

/// A row for each case and kind of constraint.
pub fn rows() -> Vec<Row> {
    let table = Table::open("e6_placements.csv");
    let kinds = ["(no constraint)", "ScheduleAnyway", "DoNotSchedule"];
    let pairs = CASES.iter().flat_map(|case| kinds.map(|when| (case, when)));
    pairs.filter_map(|(case, when)| row(&table, case, when)).collect()
}

fn row(table: &Table, case: &Case, when: &str) -> Option<Row> {
    let entries = table.rows(&[("case", case.name), ("whenUnsatisfiable", when)]);
    let replicas: BTreeSet<u32> = entries.iter().map(|entry| count(*entry, "replicas")).collect();
    if entries.is_empty() {
        return None;
    }
    let (mut known, mut broken) = (BTreeMap::new(), 0);
    for replicas in replicas {
        let model = model(case, replicas, when);
        let found: BTreeSet<Placement> = (0..REPLICATIONS).map(|index| place(&model, case, index)).collect();
        broken += found.iter().filter(|placement| breaks_a_rule(placement, case, when)).count();
        known.insert(replicas, found);
    }
    let is_known = |entry: &&Entry<'_>| known[&count(**entry, "replicas")].contains(&measured(**entry));
    let hits = entries.iter().filter(is_known).count();
    let simulated: usize = known.values().map(BTreeSet::len).sum();
    Some(Row {
        check: CHECK.to_owned(),
        what: format!("{}, {when}", case.name),
        kind: Kind::Measured,
        reference: Reference::Words(format!("{} placements", entries.len())),
        simulated: Simulated::Words(format!("{hits} among {simulated} different; {broken} break a rule")),
        distance: None,
        median_difference: None,
        p: None,
        p_adjusted: None,
        verdict: Verdict::when(hits == entries.len() && broken == 0),
        note: "S4–S9, S17; every order of Nodes (S5a)".to_owned(),
        samples: None,
    })
}

fn count(entry: Entry<'_>, column: &str) -> u32 {
    entry.text(column).parse().unwrap_or_else(|_| panic!("{column} is not a number"))
}

fn measured(entry: Entry<'_>) -> Placement {
    let on = entry.text("by_node").split_whitespace().filter_map(|part| part.split_once('='));
    let on = on.map(|(node, pods)| (node.to_owned(), pods.parse().unwrap_or(0))).collect();
    (on, count(entry, "pending"))
}

fn model(case: &Case, replicas: u32, when: &str) -> Model {
    let mut model = embedded::scenarios("experiments/measured/probe-phase.yaml").remove(0).model;
    let zones = ["za", "zb", "zc"];
    let cluster = &mut model.cluster;
    cluster.zones = zones[..case.zones.len()].iter().map(|&name| Zone { name: name.to_owned() }).collect();
    let nodes = case.zones.iter().enumerate().flat_map(|(zone, &nodes)| (0..nodes).map(move |index| (zone, index)));
    cluster.nodes = nodes
        .map(|(zone, index_in_zone)| Node {
            name: format!("f-{}-{index_in_zone}", zones[zone]),
            zone: Some(ZoneId::new(zone)),
            index_in_zone,
            pool: 0,
            hour_price: None,
            is_spare: false,
            allocatable: Resources { cpu_millis: 4000, memory_bytes: 16 << 30 },
            max_pods: 110,
        })
        .collect();
    let of_zone: Vec<Option<u32>> = cluster.nodes.iter().map(|node| node.zone.map(|z| z.index() as u32)).collect();
    let of_node: Vec<Option<u32>> = (0..cluster.nodes.len() as u32).map(Some).collect();
    let spread = |domain: &Vec<Option<u32>>, max_skew, hard, by_hostname| Spread {
        domain: domain.clone(),
        domains: domain.iter().flatten().max().map_or(0, |last| last + 1),
        max_skew,
        hard,
        min_domains: 1,
        honor_affinity: true,
        honor_taints: false,
        by_hostname,
        selects: vec![true].into(),
        by_revision: false,
    };
    let pod = &mut model.workload_mut().pod;
    pod.requests = Resources { cpu_millis: 100, ..pod.requests };
    pod.selects_node = vec![true; of_node.len()];
    pod.tolerations.node_admits = vec![true; of_node.len()];
    if case.tainted {
        pod.tolerations.node_admits[2] = false;
    }
    pod.default_spread = when == "(no constraint)";
    pod.spread = match when {
        "(no constraint)" => vec![spread(&of_node, 3, false, true), spread(&of_zone, 5, false, false)],
        _ => vec![spread(&of_zone, 1, when == "DoNotSchedule", false)],
    };
    model.workload_mut().replicas = replicas;
    model.start = Start::Running;
    model.faults = IdVec::default();
    if case.lost.is_some() {
        model.cluster.dead_nodes = DeadNodes::Replace(NewNode { after: Law::Fixed(300.0) });
        let targets = vec![ScriptTarget::Node(NodeId::new(2))];
        model.horizon = Duration::from_secs(900);
        model.faults.push(Fault {
            name: "loss".into(),
            occurs: Occurrence::Once { at: Law::Fixed(1.0), targets },
            lasts: None,
            strikes: Strikes::Node(NodeMode::Crash),
            containers: vec![],
            at_once: false,
            nodes: Vec::new(),
            bad: None,
            source: "e6_placements.csv".into(),
        });
    }
    model
}

fn place(model: &Model, case: &Case, index: u64) -> Placement {
    let record = Record::new(SEED, index, &Law::Fixed(0.0));
    // N15: the orphan is replaced within 150 s; the new machine joins at 301 s.
    let until = match case.lost {
        None => 0.0,
        Some(false) => 290.0,
        Some(true) => 400.0,
    };
    let record =
        watch_unchecked(model, SEED, index, Mode::Fast, SimTime::ZERO + Duration::from_secs_f64(until), record);
    let living = record.pods.iter().filter(|pod| pod.deleted.is_none() && pod.gone.is_none());
    let mut on = BTreeMap::new();
    let mut pending = 0;
    for pod in living {
        match pod.node {
            Some(node) => *on.entry(model.cluster.nodes[node].name.clone()).or_insert(0) += 1,
            None => pending += 1,
        }
    }
    (on, pending)
}

/// A Pod on a tainted Node, a Pod Pending without a hard constraint, or a skew above 1 with one (S3, S6). Where a zone
/// was lost the skew is that of the survivors.
fn breaks_a_rule((on, pending): &Placement, case: &Case, when: &str) -> bool {
    let zones = ["za", "zb", "zc"];
    let of = |zone: &str| on.iter().filter(|(node, _)| node.contains(zone)).map(|(_, pods)| pods).sum::<u32>();
    let counted = if case.lost.is_some() { 2 } else { case.zones.len() };
    let counts: Vec<u32> = zones[..counted].iter().map(|zone| of(zone)).collect();
    let skew = counts.iter().max().unwrap_or(&0) - counts.iter().min().unwrap_or(&0);
    let hard = when == "DoNotSchedule";
    let on_tainted = case.tainted && of("zc") > 0;
    on_tainted || !hard && *pending > 0 || hard && skew > 1
}
