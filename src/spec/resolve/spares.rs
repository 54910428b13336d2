//! Spare Nodes: the machines that upgrades order before they drain old ones.
//!
//! They stand behind the Nodes of the cluster, as copies of these, so that whatever is resolved Node by Node has them. A replication
//! begins without them.

use std::collections::BTreeMap;

use crate::spec::diagnostic::Problems;
use crate::spec::faults::ReadFault;
use crate::spec::labels::HOSTNAME;
use crate::spec::objects::Machine;
use crate::spec::operations;
use crate::spec::reader::Item;
use crate::spec::tree::Node;

/// The Nodes with as many spare ones in each pool as the largest surge of these operations may need.
pub(in crate::spec) fn with_spares(
    mut machines: Vec<Machine>,
    operations: &[ReadFault],
    script: &[(Node, String)],
) -> Vec<Machine> {
    let zones: std::collections::BTreeSet<&String> = machines.iter().filter_map(Machine::zone).collect();
    let (nodes, zones) = (machines.len(), zones.len());
    let scripted = script.iter().filter_map(|(node, path)| {
        let quiet = &mut Problems::default();
        let mut object = Item::new(node, path.clone()).our_object(quiet)?;
        object.has("operation").then(|| operations::read_what(&mut object, "operation", quiet))?
    });
    let sizes = operations.iter().filter_map(|operation| operation.sizes);
    let sizes = sizes.chain(scripted.filter_map(|what| what.sizes));
    let most = sizes.map(|sizes| sizes.surge(nodes, zones) as usize).max().unwrap_or(0);
    if most == 0 {
        return machines;
    }
    let mut pools: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, machine) in machines.iter().enumerate() {
        pools.entry(kind(machine)).or_default().push(index);
    }
    // In the order of the Nodes, whatever their labels are.
    let mut pools: Vec<Vec<usize>> = pools.into_values().collect();
    pools.sort();
    for (pool, members) in pools.into_iter().enumerate() {
        for &member in &members {
            machines[member].pool = pool as u32;
        }
        for &member in members.iter().take(most) {
            let spare = copy(&machines[member], &machines);
            machines.push(spare);
        }
    }
    machines
}

/// All that the Nodes of a pool have in common.
type Kind = (Vec<(String, String)>, Vec<String>, bool, (u64, u64), Vec<(String, u64)>, u32);

fn kind(machine: &Machine) -> Kind {
    let labels = machine.labels.iter().filter(|(key, _)| *key != HOSTNAME);
    let taints = machine.taints.iter().map(ToString::to_string).collect();
    (
        labels.map(|(key, value)| (key.clone(), value.clone())).collect(),
        taints,
        machine.unschedulable,
        (machine.allocatable.cpu_millis, machine.allocatable.memory_bytes),
        machine.others.iter().map(|(name, amount)| (name.clone(), *amount)).collect(),
        machine.max_pods,
    )
}

/// The same machine under a name that no other has.
fn copy(machine: &Machine, others: &[Machine]) -> Machine {
    let mut name = format!("{}-surge", machine.name);
    while others.iter().any(|other| other.name == name) {
        name.push('x');
    }
    let mut labels = machine.labels.clone();
    labels.insert(HOSTNAME.to_string(), name.clone());
    Machine { name, labels, is_spare: true, ..machine.clone() }
}
