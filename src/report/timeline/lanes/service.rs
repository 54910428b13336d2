//! What users notice: how many Deployments deliver, how many Pods of each serve in rotation, and what becomes of each slot.

use super::super::words;
use super::{Begun, Drawing};
use crate::history::Happening;
use crate::ids::{SlotId, WorkloadId};
use crate::report::format;
use crate::results::{Group, Lane, Span, Tone};
use crate::time::SimTime;

/// The lane of all Deployments together.
pub const SYSTEM: &str = "all Deployments";

/// From when on a Deployment delivers, or does not.
type Delivery = (SimTime, bool);

/// A slot that is as it should be.
const SERVES: &str = "serves in rotation";

/// What changes of a Deployment.
enum Change {
    /// How many Pods serve in rotation, and which share of the requests to them fails.
    Pods(usize, f64),
    /// How many it wants.
    Replicas(usize),
}

impl Drawing<'_> {
    /// How many Pods serve in rotation.
    pub(super) fn services(&mut self) {
        let workloads = self.model.workloads.ids();
        let changes: Vec<Vec<Delivery>> = workloads.map(|workload| self.service(workload)).collect();
        if changes.len() > 1 {
            self.system(&changes);
        }
    }

    /// How many Deployments deliver.
    fn system(&mut self, changes: &[Vec<Delivery>]) {
        let mut all: Vec<(SimTime, usize, bool)> = Vec::new();
        for (place, its) in changes.iter().enumerate() {
            all.extend(its.iter().map(|(at, delivers)| (*at, place, *delivers)));
        }
        all.sort_by_key(|(at, ..)| *at);
        let mut delivers = vec![true; changes.len()];
        let mut begun: Begun = None;
        for (at, place, now) in all {
            delivers[place] = now;
            let (count, whole) = (delivers.iter().filter(|one| **one).count(), delivers.len());
            let words = format!("{count} of {whole} Deployments deliver");
            let tone = if count < whole { Tone::Bad } else { Tone::Good };
            if begun.as_ref().is_none_or(|(_, before, _)| *before != words) {
                self.end(Group::Service, SYSTEM, &mut begun, at);
                begun = Some((at, words, tone));
            }
        }
        self.end(Group::Service, SYSTEM, &mut begun, self.timeline.end);
        // It comes first.
        let is_system = |lane: &Lane| lane.name != SYSTEM;
        self.lanes.sort_by_key(is_system);
    }

    /// Of one Deployment; when it delivers, and when not.
    fn service(&mut self, of: WorkloadId) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let workload = &self.model.workloads[of];
        let lane = if self.model.workloads.len() == 1 { "service" } else { &workload.name };
        let wanted = workload.min_serving as usize;
        let (mut pods, mut failing, mut replicas) = (0, 0.0, workload.replicas as usize);
        let mut begun: Begun = None;
        let timeline = self.timeline;
        let counts = timeline.delivering.iter().filter(|count| count.workload == of);
        let counts = counts.map(|count| (count.at, Change::Pods(count.pods, count.failing_in_part())));
        let scalings = timeline.entries.iter().filter_map(|entry| match entry.what {
            Happening::ReplicasSet { workload, replicas, .. } if workload == of => {
                Some((entry.at, Change::Replicas(replicas as usize)))
            }
            _ => None,
        });
        let mut changes: Vec<(SimTime, Change)> = counts.chain(scalings).collect();
        changes.sort_by_key(|(at, _)| *at);
        for (at, change) in changes {
            match change {
                Change::Pods(now, part) => (pods, failing) = (now, part),
                Change::Replicas(now) => replicas = now,
            }
            let words = if failing > 0.0 {
                let failing = format::share(failing, 1.0);
                format!("{pods} of {replicas} Pods serve in rotation, and fail {failing} of the requests")
            } else {
                format!("{pods} of {replicas} Pods serve in rotation")
            };
            let tone = match pods {
                n if n < wanted => Tone::Bad,
                n if n < replicas || failing > 0.0 => Tone::Plain,
                _ => Tone::Good,
            };
            deliveries.push((at, tone != Tone::Bad));
            if begun.as_ref().is_none_or(|(_, before, _)| *before != words) {
                self.end(Group::Service, lane, &mut begun, at);
                begun = Some((at, words, tone));
            }
        }
        self.end(Group::Service, lane, &mut begun, self.timeline.end);
        deliveries
    }

    pub(super) fn slots(&mut self) {
        for slot in (0..self.model.slots()).map(SlotId::new) {
            let name = words::slot_name(slot, self.model);
            let mut begun: Begun = None;
            let timeline = self.timeline;
            for look in timeline.looks.iter().filter(|look| look.slot == slot) {
                let Some(view) = &look.view else {
                    self.end(Group::Service, &name, &mut begun, look.at);
                    continue;
                };
                let phase = || view.phase.in_words();
                let (words, tone) = match (view.serves, view.in_rotation) {
                    (true, true) => (SERVES.to_owned(), Tone::Good),
                    (true, false) => (format!("serves, not in rotation: {}", phase()), Tone::Plain),
                    (false, true) => (format!("in rotation, does not serve: {}", phase()), Tone::Bad),
                    (false, false) => (format!("out of rotation: {}", phase()), Tone::Bad),
                };
                if begun.as_ref().is_none_or(|(_, before, _)| *before != words) {
                    self.end(Group::Service, &name, &mut begun, look.at);
                    begun = Some((look.at, words, tone));
                }
            }
            self.end(Group::Service, &name, &mut begun, timeline.end);
            let whole = self.excerpt.to.saturating_since(self.excerpt.from).as_secs_f64();
            unnoticed(&mut self.lane(Group::Service, &name).spans, whole);
        }
    }
}

/// A slot that does not serve until it serves again, with nothing between: no probe has seen that.
fn unnoticed(spans: &mut [Span], whole: f64) {
    const BEGINNING: &str = "in rotation, does not serve: ";
    for until_it_serves in spans.chunk_by_mut(|_, next| next.words != SERVES) {
        let mut away = until_it_serves.iter_mut().filter(|span| span.words != SERVES);
        // What goes on at the end of the excerpt may be noticed later.
        if let (Some(only), None) = (away.next(), away.next())
            && only.words.starts_with(BEGINNING)
            && only.to_s < whole
        {
            only.words = format!("{BEGINNING}no probe notices");
        }
    }
}
