//! The kind `Cluster`: zones and Nodes, the control plane's timings, the environment's latencies.

use crate::model::{ControlPlane, DeadNodes, Latencies, NewNode, Prices, RaceOdds, Resources, StartRace};
use crate::spec::app;
use crate::spec::control_plane;
use crate::spec::diagnostic::Problems;
use crate::spec::labels::{Labels, is_dns_label, read_labels};
use crate::spec::latencies;
use crate::spec::law;
use crate::spec::node_labels;
use crate::spec::objects::Machine;
use crate::spec::reader::{Item, Object};
use crate::spec::resources::{self, Others};
use crate::spec::tree::{Mark, Node, Value};

/// As many Nodes as Kubernetes supports.
pub(in crate::spec) const MAX_NODES: i64 = 5000;

/// A Cluster file, its Nodes not yet joined with Node objects of other files.
#[derive(Debug, Clone)]
pub(in crate::spec) struct ClusterSpec {
    pub mark: Mark,
    /// Nodes made from `zones`; `None` if there is no such field and Node objects must give them.
    pub machines: Option<Vec<Machine>>,
    pub control_plane: ControlPlane,
    pub latencies: Latencies,
    pub start_race: StartRace,
    pub dead_nodes: DeadNodes,
    pub prices: Option<Prices>,
}

/// Reads a Cluster.
pub(in crate::spec) fn read(document: &Node, problems: &mut Problems) -> Option<ClusterSpec> {
    let (_, mut spec) = app::open(document, problems)?;
    let before = problems.list.len();
    let has_prices = spec.has("prices");
    let machines = read_machines(&mut spec, has_prices, problems);
    let control_plane = spec.get("controlPlane").and_then(|item| control_plane::read(&item, problems));
    let latencies = spec.get("latencies").and_then(|item| {
        let mut object = item.our_object(problems)?;
        let latencies = latencies::read(&mut object, problems);
        object.finish(problems, &[]);
        Some(latencies)
    });
    let start_race = spec.get("startRace").and_then(|item| read_start_race(&item, problems));
    let dead_nodes = spec.get("deadNodes").map_or(Some(DeadNodes::Reboot), |item| read_dead_nodes(&item, problems));
    let prices = spec.get("prices").and_then(|item| read_prices(&item, problems));
    spec.finish(problems, &[]);
    let failed = problems.list[before..].iter().any(|problem| problem.severity == crate::spec::Severity::Error);
    if failed {
        return None;
    }
    Some(ClusterSpec {
        mark: document.mark,
        machines,
        control_plane: control_plane.unwrap_or_default(),
        latencies: latencies.unwrap_or_else(latencies::defaults),
        start_race: start_race.unwrap_or_default(),
        dead_nodes: dead_nodes?,
        prices,
    })
}

/// A zone and how many Nodes it has.
struct ZoneSpec {
    name: String,
    nodes: i64,
    region: Option<String>,
}

fn read_machines(spec: &mut Object<'_>, has_prices: bool, problems: &mut Problems) -> Option<Vec<Machine>> {
    let zones = spec.get("zones");
    let per_zone = spec.get("nodesPerZone");
    let region = spec.get("region").and_then(|region| region.string(problems)).map(str::to_string);
    let node = spec.get("node");
    let pools = spec.get("pools");
    let Some(zones) = zones else {
        for item in [per_zone, node, pools].into_iter().flatten() {
            problems.error(item.mark(), &item.path, "must only be set together with zones");
        }
        return None;
    };
    let default_nodes = match &per_zone {
        Some(item) => item.integer(problems, 1..=MAX_NODES)?,
        None => 1,
    };
    let mut list = if let Value::List(_) = &zones.node.value {
        read_zone_list(&zones, default_nodes, problems)?
    } else {
        let count = zones.integer(problems, 1..=MAX_NODES)?;
        (1..=count)
            .map(|index| ZoneSpec { name: format!("zone-{index}"), nodes: default_nodes, region: None })
            .collect()
    };
    list.sort_by_key(|zone| natural(&zone.name));
    let pools = match &pools {
        Some(pools) => {
            let own = [&per_zone, &node].into_iter().flatten();
            own.for_each(|item| item.refuse(problems, "must not stand beside pools: each pool has its own"));
            read_pools(pools, has_prices, problems)?
        }
        None => {
            let template =
                node.as_ref().map_or_else(|| Some(Template::default()), |node| read_template(node, problems))?;
            vec![Pool { name: None, nodes: None, template }]
        }
    };
    let in_zone = |pool: &Pool, zone: &ZoneSpec| pool.nodes.unwrap_or(zone.nodes);
    let total = list.iter().flat_map(|zone| pools.iter().map(move |pool| in_zone(pool, zone))).sum::<i64>();
    if total > MAX_NODES {
        let message = format!("make {total} Nodes, which is beyond what hasim simulates: at most {MAX_NODES}");
        problems.error(zones.mark(), &zones.path, message);
        return None;
    }
    if total == 0 {
        problems.error(zones.mark(), &zones.path, "make no Node at all");
        return None;
    }
    let mut machines = Vec::new();
    for zone in list {
        for pool in &pools {
            for index in 1..=in_zone(pool, &zone) {
                machines.push(pool.machine(&zone, index, region.as_ref()));
            }
        }
    }
    Some(machines)
}

/// Nodes that are alike, so many in each zone.
struct Pool {
    /// None of the only one, whose Nodes are those of the cluster.
    name: Option<String>,
    /// In each zone; the zone says it if left out.
    nodes: Option<i64>,
    template: Template,
}

impl Pool {
    fn machine(&self, zone: &ZoneSpec, index: i64, region: Option<&String>) -> Machine {
        let name = self.name.as_deref().unwrap_or("node");
        self.template.machine(zone, format!("{}-{name}-{index}", zone.name), region)
    }
}

/// The pools by their names, in the order of these.
fn read_pools(item: &Item<'_>, has_prices: bool, problems: &mut Problems) -> Option<Vec<Pool>> {
    let entries = item.entries(problems)?;
    if entries.is_empty() {
        item.refuse(problems, "is empty, must have at least one pool");
        return None;
    }
    let pools: Vec<Option<Pool>> =
        entries.into_iter().map(|(name, item)| read_pool(name, &item, has_prices, problems)).collect();
    let mut pools: Vec<Pool> = pools.into_iter().collect::<Option<_>>()?;
    pools.sort_by_key(|pool| natural(pool.name.as_deref().unwrap_or_default()));
    Some(pools)
}

fn read_pool(name: String, item: &Item<'_>, has_prices: bool, problems: &mut Problems) -> Option<Pool> {
    const MOST: f64 = 1e9;
    if !is_dns_label(&name) {
        let rule = "must be called by lower-case letters, digits or `-`, first and last a letter or digit";
        problems.error(item.mark(), &item.path, rule);
    }
    let mut object = item.our_object(problems)?;
    let nodes = object.get("nodesPerZone").map_or(Some(1), |nodes| nodes.integer(problems, 0..=MAX_NODES));
    let template = object.get("node").map_or(Some(Template::default()), |node| read_template(&node, problems));
    let price = object.get("nodeHour");
    let hour_price = price.as_ref().map(|price| price.number(problems, 0.0..=MOST));
    if let Some(price) = price.filter(|_| !has_prices) {
        let help = "add `prices: {nodeHour: 0.20, currency: USD}`, which holds for pools without a price of their own";
        problems.error(price.mark(), &price.path, "must stand beside prices").help(help);
    }
    object.finish(problems, &[]);
    let hour_price = hour_price.map_or(Some(None), |price| price.map(Some))?;
    Some(Pool { name: Some(name), nodes: Some(nodes?), template: Template { hour_price, ..template? } })
}

fn read_zone_list(item: &Item<'_>, default_nodes: i64, problems: &mut Problems) -> Option<Vec<ZoneSpec>> {
    let items = item.list(problems)?;
    if items.is_empty() {
        problems.error(item.mark(), &item.path, "is empty, must have at least one zone");
    }
    let mut zones: Vec<ZoneSpec> = Vec::new();
    for item in items {
        let mut object = item.our_object(problems)?;
        let name_item = object.require("name", problems);
        let nodes = object.get("nodes").map_or(Some(default_nodes), |nodes| nodes.integer(problems, 0..=MAX_NODES));
        let region = object.get("region").and_then(|region| region.string(problems)).map(str::to_string);
        object.finish(problems, &[]);
        let name_item = name_item?;
        let name = name_item.string(problems)?;
        if !is_dns_label(name) {
            name_item.refuse(problems, "must be lower-case letters, digits or `-`, first and last a letter or digit");
        } else if zones.iter().any(|zone| zone.name == name) {
            name_item.refuse(problems, "which an earlier zone is called too");
        }
        zones.push(ZoneSpec { name: name.to_string(), nodes: nodes?, region });
    }
    Some(zones)
}

/// What all Nodes of a pool have in common.
struct Template {
    allocatable: Resources,
    others: Others,
    max_pods: u32,
    labels: Labels,
    hour_price: Option<f64>,
}

impl Default for Template {
    /// A middling cloud machine; 110 Pods is the kubelet's default.
    fn default() -> Self {
        Self {
            allocatable: Resources { cpu_millis: 4000, memory_bytes: 16 << 30 },
            others: Others::new(),
            max_pods: 110,
            labels: Labels::new(),
            hour_price: None,
        }
    }
}

impl Template {
    fn machine(&self, zone: &ZoneSpec, name: String, region: Option<&String>) -> Machine {
        let region = zone.region.as_ref().or(region).map(String::as_str);
        Machine {
            labels: node_labels::of_cloud(&self.labels, &name, &zone.name, region),
            name,
            taints: Vec::new(),
            unschedulable: false,
            allocatable: self.allocatable,
            others: self.others.clone(),
            max_pods: self.max_pods,
            hour_price: self.hour_price,
            pool: 0,
            is_spare: false,
        }
    }
}

fn read_template(item: &Item<'_>, problems: &mut Problems) -> Option<Template> {
    let mut object = item.our_object(problems)?;
    let quantities: Vec<&str> = object.keys().map(|entry| entry.key.as_str()).filter(|key| is_quantity(key)).collect();
    for key in ["cpu", "memory", "pods"].into_iter().chain(quantities) {
        let _ = object.get(key);
    }
    let labels = object.get("labels").and_then(|labels| read_labels(&labels, problems)).unwrap_or_default();
    object.finish(problems, &[]);
    let only_quantities = match &item.node.value {
        Value::Map(entries) => {
            entries.iter().filter(|entry| is_quantity(&entry.key) && !entry.value.is_null()).cloned().collect()
        }
        _ => Vec::new(),
    };
    let node = Node { value: Value::Map(only_quantities), mark: item.mark() };
    let before = problems.list.len();
    let offered = resources::read_capacity(&Item::new(&node, item.path.clone()), problems);
    if problems.list.len() > before
        && problems.list[before..].iter().any(|p| p.severity == crate::spec::Severity::Error)
    {
        return None;
    }
    let default = Template::default();
    Some(Template {
        allocatable: Resources {
            cpu_millis: offered.cpu.unwrap_or(default.allocatable.cpu_millis),
            memory_bytes: offered.memory.unwrap_or(default.allocatable.memory_bytes),
        },
        others: offered.others,
        max_pods: offered.pods.map_or(110, |pods| u32::try_from(pods).unwrap_or(u32::MAX)),
        labels,
        hour_price: None,
    })
}

/// Whether a key of `node` is a resource: devices, pages and disk stand under their own names.
fn is_quantity(key: &str) -> bool {
    matches!(key, "cpu" | "memory" | "pods") || resources::is_other(key)
}

fn read_dead_nodes(item: &Item<'_>, problems: &mut Problems) -> Option<DeadNodes> {
    if let Value::String(_) = &item.node.value {
        return item.word(problems, &[("reboot", ())]).map(|()| DeadNodes::Reboot);
    }
    let mut object = item.our_object(problems)?;
    let replace = object.require("replace", problems);
    object.finish(problems, &[]);
    let mut replace = replace?.our_object(problems)?;
    let after = replace.require("after", problems).and_then(|after| law::read(&after, problems));
    replace.finish(problems, &[]);
    Some(DeadNodes::Replace(NewNode { after: after? }))
}

fn read_prices(item: &Item<'_>, problems: &mut Problems) -> Option<Prices> {
    const MOST: f64 = 1e9;
    let mut object = item.our_object(problems)?;
    let mut price = |key| object.get(key).map(|item| item.number(problems, 0.0..=MOST));
    let (node_hour, pod_hour) = (price("nodeHour"), price("podHour"));
    let currency = object.get("currency").and_then(|word| word.string(problems)).map(str::to_string);
    object.finish(problems, &[]);
    if node_hour.is_none() && pod_hour.is_none() {
        problems.error(item.mark(), &item.path, "must have nodeHour, podHour or both");
        return None;
    }
    // An hour without a price is free.
    Some(Prices { node_hour: node_hour.unwrap_or(Some(0.0))?, pod_hour: pod_hour.unwrap_or(Some(0.0))?, currency })
}

fn read_start_race(item: &Item<'_>, problems: &mut Problems) -> Option<StartRace> {
    let mut object = item.our_object(problems)?;
    let mut race = StartRace::default();
    for (key, odds) in [
        ("first", &mut race.first),
        ("probeRestart", &mut race.probe_restart),
        ("crashRestart", &mut race.crash_restart),
    ] {
        if let Some(item) = object.get(key)
            && let Some(read) = read_odds(&item, problems)
        {
            *odds = read;
        }
    }
    for (key, odds) in [("strayProbe", &mut race.stray_probe), ("sameTick", &mut race.same_tick)] {
        if let Some(share) = object.get(key).and_then(|share| share.share(problems, 0.0..=1.0)) {
            *odds = share;
        }
    }
    object.finish(problems, &[]);
    Some(race)
}

fn read_odds(item: &Item<'_>, problems: &mut Problems) -> Option<RaceOdds> {
    let mut object = item.our_object(problems)?;
    let new_status = object.require("newStatus", problems).and_then(|share| share.share(problems, 0.0..=1.0));
    let synced = object.require("oldStatusSynced", problems).and_then(|share| share.share(problems, 0.0..=1.0));
    object.finish(problems, &[]);
    let (new_status, old_status_synced) = (new_status?, synced?);
    if new_status + old_status_synced > 1.0 + 1e-9 {
        let message = format!("adds up to {}, must be at most 1", new_status + old_status_synced);
        problems.error(item.mark(), &item.path, message);
        return None;
    }
    Some(RaceOdds { new_status, old_status_synced })
}

/// Splits a name so that `zone-10` comes after `zone-2`.
pub(in crate::spec) fn natural(name: &str) -> Vec<(u8, u128, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(end);
        match part.parse::<u128>() {
            Ok(number) if is_digit => parts.push((0, number, part.to_string())),
            _ => parts.push((1, 0, part.to_string())),
        }
        rest = tail;
    }
    parts
}
