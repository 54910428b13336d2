//! Spare Nodes: the machines that upgrades and withdrawals order before old ones have gone.
//!
//! They stand behind the Nodes of the cluster, as copies of these, so that whatever is resolved Node by Node has them. A replication
//! begins without them.

use std::collections::BTreeMap;

use crate::spec::diagnostic::Problems;
use crate::spec::faults::ReadFault;
use crate::spec::labels::HOSTNAME;
use crate::spec::objects::Machine;
use crate::spec::operations::{self, Spares, What};
use crate::spec::reader::Item;
use crate::spec::tree::Node;

/// The Nodes with as many spare ones in each pool as these operations may need at once.
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
    let scripted: Vec<What> = scripted.collect();
    let needed = |pool: usize| {
        let size = (pool, nodes, zones);
        let of = |one: &ReadFault| Spares::of(one.fault.strikes, one.sizes, one.chosen.as_ref(), size);
        let all = operations.iter().map(of).chain(scripted.iter().map(|what| what.spares(pool, nodes, zones)));
        let (mut largest, mut withdrawn) = (0, 0);
        for spares in all {
            match spares {
                Spares::Upgrade(surge) => largest = surge.min(pool).max(largest),
                Spares::Withdrawal(spares) => withdrawn += spares,
            }
        }
        largest + withdrawn.min(pool)
    };
    if needed(nodes) == 0 {
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
        for &member in members.iter().cycle().take(needed(members.len())) {
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
