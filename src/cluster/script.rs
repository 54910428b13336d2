//! The script of an experiment: faults at moments that it sets, drawn once per target.
//!
//! An entry strikes what it finds. Where there is nothing to strike (a vacant slot, a Pod that has no container of that name,
//! a container without a process, a machine that is being replaced) nothing happens, and no fault is counted. What is struck already is
//! struck once more: faults at work on one target stand side by side, and each ends by itself.

use super::observer::Observer;
use super::{Cluster, Cx, Event, Target};
use crate::ids::FaultId;
use crate::model::{Occurrence, ScriptTarget, Strikes};
use crate::random::{Purpose, name_hash};
use crate::time::{Duration, SimTime};

impl<O: Observer> Cluster<'_, O> {
    /// Draws the moment of every entry and target.
    pub(super) fn schedule_script(&mut self, cx: &mut Cx<'_, Event>) {
        let model = self.model;
        for (id, fault) in model.faults.entries() {
            let Occurrence::Once { at, targets } = &fault.occurs else { continue };
            let purpose = Purpose::FaultAt(name_hash(&fault.name));
            for &target in targets {
                let at = self.stream(clock_of(target), purpose).draw(0, at);
                let at = Duration::from_secs_f64(at);
                if at <= model.horizon {
                    cx.at(SimTime::ZERO + model.warm_up + at, Event::ScriptDue(id, target));
                }
            }
        }
    }

    pub(super) fn on_script_due(&mut self, cx: &mut Cx<'_, Event>, fault: FaultId, target: ScriptTarget) {
        let model = self.model;
        let law = &model.faults[fault];
        let purpose = Purpose::FaultLasts(name_hash(&law.name));
        let lasts = self.stream(clock_of(target), purpose);
        let lasts = law.lasts.as_ref().map(|law| Duration::from_secs_f64(lasts.draw(0, law)));
        let struck = match target {
            ScriptTarget::Slot(slot) => match law.strikes {
                Strikes::Container(_) => {
                    let container = self.struck_container(fault, self.slots[slot].workload);
                    let Some(container) = container else { return };
                    self.target(slot, container)
                }
                _ => Target::Slot(slot),
            },
            ScriptTarget::Deployment(workload) => Target::Deployment(workload),
            // An upgrade may have put another machine in its place.
            ScriptTarget::Node(place) => Target::Node(self.node_at(place)),
            ScriptTarget::Zone(zone) => Target::Zone(zone),
            ScriptTarget::Cluster => Target::Cluster,
            ScriptTarget::NodeOf(slot) => {
                let node = self.slots[slot].pod.and_then(|pod| self.pods[pod].node);
                let Some(node) = node else { return };
                Target::Node(node)
            }
        };
        self.strike(cx, struck, fault, lasts);
        self.update_clock(cx, struck);
    }
}

/// Whose chance decides when.
fn clock_of(target: ScriptTarget) -> Target {
    match target {
        ScriptTarget::Slot(slot) | ScriptTarget::NodeOf(slot) => Target::Slot(slot),
        ScriptTarget::Deployment(workload) => Target::Deployment(workload),
        ScriptTarget::Node(node) => Target::Node(node),
        ScriptTarget::Zone(zone) => Target::Zone(zone),
        ScriptTarget::Cluster => Target::Cluster,
    }
}
