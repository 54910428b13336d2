//! A timeline as lanes: what lasts is a span, what happens at once a mark. For pictures and for viewers of traces.
//!
//! One lane for the service, the control plane and the load balancer, and for every slot, container, prober, Node and
//! zone to which something happens.

mod operations;
mod service;

pub use service::SYSTEM;

use super::clock::Clock;
use super::{Excerpt, Teller, words};
use crate::history::{Entry, Exit, Happening, Observation, PodLife, Reply, Target, Timeline, Who};
use crate::ids::{ContainerId, FaultId, IdVec, NodeId};
use crate::model::{Model, ProbeKind, Role, Strikes, Workload};
use crate::report::format;
use crate::results::{Group, Lane, Mark, Span, Tone};
use crate::time::{Duration, SimTime};
use operations::UPGRADES;

/// Behind the name of a Pod that was created beside those of the slots: it serves as they do, and has a slot when another one goes.
pub const SURGE: &str = ", surge";

/// The lanes of an excerpt, with time 0 at its beginning: only those in which something is. Where a prober has more than `few`
/// probes, three and more equal ones in a row are one span, unless each is asked for.
pub fn lanes(timeline: &Timeline, model: &Model, excerpt: Excerpt, few: u64) -> Vec<Lane> {
    let has_revisions = has_several_revisions(timeline, model, excerpt);
    let places = places(timeline);
    let mut drawing = Drawing { timeline, model, excerpt, few, has_revisions, places, lanes: Vec::new() };
    drawing.services();
    drawing.slots();
    drawing.rollouts();
    drawing.upgrades();
    // What is true when the excerpt begins follows from all before it; of probes only those that end in it are seen.
    let seen = |entry: &&Entry| entry.at < excerpt.to && !is_probe(entry.what);
    let entries: Vec<Entry> = timeline.entries.iter().filter(seen).copied().collect();
    let from = excerpt.from.as_nanos().saturating_sub(longest_timeout(model).as_nanos());
    let probes: Vec<Entry> = timeline.between(SimTime::from_nanos(from), excerpt.to);
    for (pod, (its, probes)) in by_pod(&entries, timeline).into_iter().zip(by_pod(&probes, timeline)).enumerate() {
        let workload = drawing.workload(pod);
        for of in workload.pod.containers.ids() {
            let concerns = |entry: &&&Entry| entry.what.container().is_none_or(|container| container == of);
            let its: Vec<&Entry> = its.iter().filter(concerns).copied().collect();
            let probes: Vec<&Entry> = probes.iter().filter(concerns).copied().collect();
            drawing.container(pod, of, &its);
            drawing.probers(pod, of, &probes);
        }
    }
    drawing.nodes(&entries);
    // A fault may end after the excerpt.
    drawing.faults(&timeline.entries);
    drawing.marks();
    let mut lanes = drawing.lanes;
    let whole = excerpt.to.saturating_since(excerpt.from).as_secs_f64();
    // A Node that was taken away before, on purpose, is no part of what happens.
    let is_gone = |lane: &Lane| {
        let is_all = |span: &Span| span.tone == Tone::Detail && span.from_s <= 0.0 && span.to_s >= whole;
        lane.group == Group::Nodes && lane.marks.is_empty() && lane.spans.iter().all(is_all)
    };
    lanes.retain(|lane| (!lane.spans.is_empty() || !lane.marks.is_empty()) && !is_gone(lane));
    lanes.sort_by_key(|lane| lane.group);
    lanes
}

/// Whether Pods of several revisions of one Deployment are there in an excerpt.
fn has_several_revisions(timeline: &Timeline, model: &Model, excerpt: Excerpt) -> bool {
    let is_shown = |pod: &&PodLife| pod.created < excerpt.to && pod.gone.is_none_or(|gone| gone >= excerpt.from);
    let mut known = IdVec::of(None, model.workloads.len());
    timeline.pods.iter().filter(is_shown).any(|pod| {
        let first = *known[model.owner_of(pod.slot).0].get_or_insert(pod.revision);
        first != pod.revision
    })
}

/// What happens to each Pod, by its place in the timeline.
fn by_pod<'e>(entries: &'e [Entry], timeline: &Timeline) -> Vec<Vec<&'e Entry>> {
    let mut of_pods = vec![Vec::new(); timeline.pods.len()];
    for entry in entries {
        if let Who::Pod(pod) = entry.who {
            of_pods[pod].push(entry);
        }
    }
    of_pods
}

const fn is_probe(what: Happening) -> bool {
    matches!(what, Happening::ProbeSent { .. } | Happening::ProbeEnded { .. } | Happening::ProbesSkipped(_))
}

/// No probe lasts longer.
fn longest_timeout(model: &Model) -> Duration {
    let containers = model.workloads.iter().flat_map(|workload| &workload.pod.containers);
    let probes = containers.flat_map(|one| [one.startup, one.liveness, one.readiness]).flatten();
    probes.map(|probe| probe.timeout).max().unwrap_or_default()
}

/// Which happening is whose work, where that is not who it befalls.
fn is_of_control_plane(what: Happening) -> bool {
    use Happening as H;
    matches!(
        what,
        H::PodCreated { .. }
            | H::PodUnschedulable { .. }
            | H::PodBound { .. }
            | H::PodEvicted { .. }
            | H::PodCollected { .. }
            | H::PodDeleted { .. }
            | H::PodFailed { .. }
            | H::PodGone { .. }
            | H::ReadyWritten { .. }
            | H::EndpointSliceUpdated { .. }
            | H::NodeUnknown { .. }
            | H::TaintQueued { .. }
            | H::TaintAdded { .. }
            | H::TaintRemoved { .. }
            | H::EvictionRateChanged { .. }
            | H::NodeDeleted { .. }
            | H::LeaderExited { .. }
            | H::LeaderElected { .. }
    )
}

struct Drawing<'a> {
    timeline: &'a Timeline,
    model: &'a Model,
    excerpt: Excerpt,
    few: u64,
    has_revisions: bool,
    /// The Node of each Pod, if it has been bound.
    places: Vec<Option<NodeId>>,
    lanes: Vec<Lane>,
}

/// Probes in a row that met the same.
struct Run {
    reply: Reply,
    count: u64,
    /// From its sending to its end: all of them, or of a long run at least the first and the last.
    probes: Vec<(SimTime, SimTime)>,
}

impl Run {
    fn of(reply: Reply, probes: impl IntoIterator<Item = (SimTime, SimTime)>, count: u64) -> Self {
        Self { reply, count, probes: probes.into_iter().collect() }
    }

    /// Of a run of more than `few` its ends are enough.
    fn extend(&mut self, next: Self, few: u64) {
        self.count += next.count;
        if self.count > few {
            self.probes.truncate(1);
            self.probes.extend(next.probes.last());
        } else {
            self.probes.extend(next.probes);
        }
    }

    fn from(&self) -> SimTime {
        self.probes[0].0
    }

    fn last_from(&self) -> SimTime {
        self.probes[self.probes.len() - 1].0
    }

    fn to(&self) -> SimTime {
        self.probes[self.probes.len() - 1].1
    }
}

/// The Node of each Pod, if it has been bound.
fn places(timeline: &Timeline) -> Vec<Option<NodeId>> {
    let mut places = vec![None; timeline.pods.len()];
    for entry in &timeline.entries {
        if let (Who::Pod(pod), Happening::PodMet { node, .. } | Happening::PodBound { node, .. }) =
            (entry.who, entry.what)
        {
            places[pod] = Some(node);
        }
    }
    places
}

/// A span that has begun.
type Begun = Option<(SimTime, String, Tone)>;

impl<'a> Drawing<'a> {
    fn lane(&mut self, group: Group, name: &str) -> &mut Lane {
        let place = self.lanes.iter().position(|lane| lane.group == group && lane.name == name);
        let place = place.unwrap_or_else(|| {
            self.lanes.push(Lane { group, name: name.to_owned(), revision: None, spans: vec![], marks: vec![] });
            self.lanes.len() - 1
        });
        &mut self.lanes[place]
    }

    /// Since the beginning of the excerpt.
    fn secs(&self, at: SimTime) -> f64 {
        at.saturating_since(self.excerpt.from).as_secs_f64()
    }

    /// The part of a span that lies within the excerpt.
    fn span(&mut self, group: Group, name: &str, (from, to): (SimTime, SimTime), words: String, tone: Tone) {
        let (from, to) = (from.max(self.excerpt.from), to.min(self.excerpt.to));
        if from < to {
            let (from_s, to_s) = (self.secs(from), self.secs(to));
            self.lane(group, name).spans.push(Span { from_s, to_s, words, tone });
        }
    }

    fn end(&mut self, group: Group, name: &str, begun: &mut Begun, at: SimTime) {
        if let Some((from, words, tone)) = begun.take() {
            self.span(group, name, (from, at), words, tone);
        }
    }

    /// The revision of a Pod, where there are several.
    fn revision(&self, pod: usize) -> Option<u32> {
        self.has_revisions.then(|| self.timeline.pods[pod].revision + 1)
    }

    fn pod_name(&self, pod: usize) -> String {
        words::pod_name(self.timeline.pods[pod], self.model)
    }

    /// The Deployment of a Pod.
    fn workload(&self, pod: usize) -> &'a Workload {
        words::workload_of(Who::Pod(pod), self.timeline, self.model)
    }

    /// The lane of a container: the only one of a Pod needs no name of its own.
    fn container_name(&self, pod: usize, of: ContainerId) -> String {
        let (name, containers) = (self.pod_name(pod), &self.workload(pod).pod.containers);
        let zone = self.zone(pod).map_or(String::new(), |zone| format!(" in {zone}"));
        let container = if containers.len() == 1 { "container" } else { &containers[of].name };
        let surge = if self.is_surge(pod) { SURGE } else { "" };
        format!("{name} {container}{zone}{surge}")
    }

    /// A surge has made it, and it has no slot yet.
    fn is_surge(&self, pod: usize) -> bool {
        let life = &self.timeline.pods[pod];
        life.slot.index() >= self.model.slots() && life.slot_since.is_none_or(|since| since >= self.excerpt.to)
    }

    /// The zone of a Pod that has been bound, where there are several.
    fn zone(&self, pod: usize) -> Option<&'a str> {
        let cluster = &self.model.cluster;
        let zone = cluster.nodes[self.places[pod]?].zone.filter(|_| cluster.zones.len() > 1)?;
        Some(&cluster.zones[zone].name)
    }

    fn container(&mut self, pod: usize, of: ContainerId, entries: &[&Entry]) {
        let name = self.container_name(pod, of);
        let is_init = self.workload(pod).pod.containers[of].role == Role::Init;
        // From here the lanes have their order, also those that get marks only.
        let revision = self.revision(pod);
        self.lane(Group::Pods, &name).revision = revision;
        let mut begun: Begun = None;
        for entry in entries {
            let next: Option<(String, Tone)> = match entry.what {
                Happening::PodMet { .. } if is_init => None,
                Happening::PodMet { .. } => Some(("runs".to_owned(), Tone::Good)),
                Happening::StartBegan { .. } => Some(("is prepared".to_owned(), Tone::Plain)),
                Happening::ContainerStarted { instance, .. } => Some((format!("#{instance} starts"), Tone::Plain)),
                Happening::AppServing { instance, .. } => Some((format!("#{instance} runs"), Tone::Good)),
                Happening::StopBegan { instance, .. } => Some((format!("#{instance} is stopped"), Tone::Bad)),
                Happening::BackedOff { .. } => Some(("CrashLoopBackOff".to_owned(), Tone::Bad)),
                // An init container that has done its work is not missed.
                Happening::PodGone { .. } | Happening::ContainerExited { exit: Exit::Completed, .. } => {
                    self.end(Group::Pods, &name, &mut begun, entry.at);
                    None
                }
                Happening::ContainerExited { .. } => Some(("exited".to_owned(), Tone::Bad)),
                _ => None,
            };
            if let Some((words, tone)) = next {
                self.end(Group::Pods, &name, &mut begun, entry.at);
                begun = Some((entry.at, words, tone));
            }
        }
        self.end(Group::Pods, &name, &mut begun, self.timeline.end);
    }

    /// Each probe from its sending to its end; where there are many, equal ones in a row from the first to the last.
    fn probers(&mut self, pod: usize, of: ContainerId, entries: &[&Entry]) {
        for kind in [ProbeKind::Startup, ProbeKind::Liveness, ProbeKind::Readiness] {
            let Some(probe) = words::probe(of, kind, self.workload(pod)) else { continue };
            let few = if self.excerpt.each_probe { u64::MAX } else { self.few };
            let whose = super::container_name(self.pod_name(pod), of, self.workload(pod));
            let name = format!("{whose} {} probes", words::kind_name(kind));
            // With a longer pause between them, two probes are not of one run.
            let pause = (probe.period + probe.timeout) * 3;
            let mut sent: Option<SimTime> = None;
            let mut runs: Vec<Run> = Vec::new();
            let revision = self.revision(pod);
            self.lane(Group::Pods, &name).revision = revision;
            for entry in entries {
                let next = match entry.what {
                    Happening::ProbeSent { kind: sent_by, .. } if sent_by == kind => {
                        sent = Some(entry.at);
                        continue;
                    }
                    Happening::ProbeEnded { kind: sent_by, reply, .. } if sent_by == kind => {
                        Run::of(reply, [(sent.take().unwrap_or(entry.at), entry.at)], 1)
                    }
                    Happening::ProbesSkipped(run) if run.kind == kind => {
                        let probe = |n: u64| (run.instant(n), run.instant(n) + run.lasts);
                        // Of a long run its ends are enough.
                        let step = if run.count > few { run.count - 1 } else { 1 };
                        Run::of(run.reply, (0..run.count).step_by(step as usize).map(probe), run.count)
                    }
                    _ => continue,
                };
                match runs.last_mut() {
                    Some(run) if run.reply == next.reply && next.from() < run.last_from() + pause => {
                        run.extend(next, few);
                    }
                    _ => runs.push(next),
                }
            }
            let alone = if runs.iter().map(|run| run.count).sum::<u64>() > few { 2 } else { u64::MAX };
            runs.into_iter().for_each(|run| self.probed(&name, (pod, of, kind), run, alone));
        }
    }

    /// Probes in a row: at most so many each for itself, more as one span.
    fn probed(&mut self, lane: &str, (pod, of, kind): (usize, ContainerId, ProbeKind), run: Run, alone: u64) {
        let words = words::reply_words(of, kind, run.reply, self.workload(pod));
        let tone = if run.reply.observation() == Observation::Success { Tone::Good } else { Tone::Bad };
        if run.count > alone {
            let words = format!("{} ×: {words}", format::whole(run.count));
            return self.span(Group::Pods, lane, (run.from(), run.to()), words, tone);
        }
        for (from, to) in run.probes {
            if from < to {
                self.span(Group::Pods, lane, (from, to), words.clone(), tone);
            } else if (self.excerpt.from..self.excerpt.to).contains(&to) {
                let mark = Mark { at_s: self.secs(to), words: words.clone(), rules: "P14".to_owned(), tone };
                self.lane(Group::Pods, lane).marks.push(mark);
            }
        }
    }

    fn nodes(&mut self, entries: &[Entry]) {
        for (number, node) in self.model.cluster.nodes.iter().enumerate() {
            let of_node = |entry: &&Entry| matches!(entry.who, Who::Node(id) if id.index() == number);
            let (mut machine, mut condition): (Begun, Begun) = (None, None);
            // Its machine is to go: what follows is no failure.
            let mut is_to_go = false;
            let [machine_lane, condition_lane, drain_lane] =
                ["machine", "as seen", "drain"].map(|what| format!("{} {what}", node.name));
            for lane in [&machine_lane, &condition_lane, &drain_lane] {
                self.lane(Group::Nodes, lane);
            }
            for entry in entries.iter().filter(of_node) {
                match entry.what {
                    Happening::DrainEnded { .. } => is_to_go = true,
                    Happening::FaultStruck { fault, .. } => {
                        is_to_go |= matches!(self.model.faults[fault].strikes, Strikes::WithdrawNode(_));
                    }
                    Happening::NodeUncordoned { .. } | Happening::NodeJoined { .. } => is_to_go = false,
                    _ => {}
                }
                let begin = |words: &str| Some((entry.at, words.to_owned(), Tone::Bad));
                let down = match entry.what {
                    Happening::MachineDied { .. } if is_to_go => {
                        Some(Some((entry.at, "taken away on purpose".to_owned(), Tone::Detail)))
                    }
                    Happening::MachineDied { .. } => Some(begin("down")),
                    // A dead machine is cut off, too, which says less.
                    Happening::NodeDisconnected { .. } if machine.is_none() => {
                        Some(begin("cut off from the control plane"))
                    }
                    Happening::KubeletStopped { .. } => Some(begin("kubelet dead")),
                    Happening::KubeletStarted { .. }
                    | Happening::NodeReconnected { .. }
                    | Happening::NodeJoined { .. } => Some(None),
                    Happening::MachineBooted { .. } => Some(begin("booted, kubelet not up yet")),
                    _ => None,
                };
                if let Some(next) = down {
                    self.end(Group::Nodes, &machine_lane, &mut machine, entry.at);
                    machine = next;
                }
                let seen = match entry.what {
                    Happening::NodeUnknown { .. } | Happening::NodeNotReady { .. } | Happening::TaintAdded { .. }
                        if is_to_go && machine.is_some() =>
                    {
                        None
                    }
                    Happening::NodeUnknown { .. } => Some(begin("Ready is Unknown")),
                    Happening::NodeNotReady { .. } => Some(begin("not Ready: shuts down")),
                    Happening::TaintAdded { .. } => Some(begin("tainted NoExecute")),
                    // The lane of its machine says so.
                    Happening::NodeDeleted { .. } if is_to_go => Some(None),
                    Happening::NodeDeleted { .. } => Some(begin("Node object deleted")),
                    Happening::NodeReady { .. } | Happening::TaintRemoved { .. } | Happening::NodeJoined { .. } => {
                        Some(None)
                    }
                    _ => None,
                };
                if let Some(next) = seen {
                    self.end(Group::Nodes, &condition_lane, &mut condition, entry.at);
                    condition = next;
                }
            }
            self.drain(NodeId::new(number), &drain_lane, entries);
            self.end(Group::Nodes, &machine_lane, &mut machine, self.timeline.end);
            self.end(Group::Nodes, &condition_lane, &mut condition, self.timeline.end);
        }
    }

    /// From the strike to the end of a fault that ends by itself; others are marks.
    fn faults(&mut self, entries: &[Entry]) {
        let struck = |entry: &Entry| match entry.what {
            Happening::FaultStruck { target, fault } => Some((target, fault)),
            _ => None,
        };
        for (place, entry) in entries.iter().enumerate() {
            let Some(one) = struck(entry) else { continue };
            let (lane, name) = (self.fault_lane(one.0, one.1), self.model.faults[one.1].name.clone());
            let is_end = |later: &&Entry| matches!(later.what, Happening::FaultEnded { target, fault } if (target, fault) == one);
            let again = |later: &&Entry| struck(later) == Some(one);
            let strikes = self.model.faults[one.1].strikes;
            if let (Strikes::WithdrawNode(_), Target::Node(node)) = (strikes, one.0) {
                // Until its machine is gone a Node that is withdrawn has notice.
                let is_gone =
                    |later: &&Entry| matches!(later.what, Happening::MachineDied { node: gone } if gone == node);
                if let Some(gone) = entries[place + 1..].iter().find(is_gone) {
                    let notice = format::in_full(gone.at.since(entry.at).as_secs_f64());
                    let words = format!("{name}: {notice} of notice");
                    self.span(Group::Operations, &lane, (entry.at, gone.at), words, Tone::Plain);
                }
                continue;
            }
            let next = entries[place + 1..].iter().find(|later| is_end(later) || again(later));
            if let Some(end) = next.filter(is_end) {
                let tone = if strikes.is_operation() { Tone::Plain } else { Tone::Bad };
                self.span(self.fault_group(one.1), &lane, (entry.at, end.at), name, tone);
            }
        }
    }

    /// What is done on purpose is no fault.
    fn fault_group(&self, fault: FaultId) -> Group {
        if self.model.faults[fault].strikes.is_operation() { Group::Operations } else { Group::Faults }
    }

    /// Several Nodes may have the same fault at the same time: each target has a lane of its own.
    fn fault_lane(&self, target: Target, fault: FaultId) -> String {
        let name = &self.model.faults[fault].name;
        match target {
            Target::Deployment(_) if self.model.workloads.len() == 1 || self.model.faults[fault].at_once => {
                name.clone()
            }
            Target::Deployment(workload) => format!("{name} {}", self.model.workloads[workload].name),
            Target::Slot(slot) | Target::Container(slot, _) => format!("{name} {}", words::slot_name(slot, self.model)),
            Target::Node(node) => format!("{name} {}", self.model.cluster.nodes[node].name),
            Target::Zone(zone) => format!("{name} {}", self.model.cluster.zones[zone].name),
            Target::Cluster => name.clone(),
        }
    }

    /// What the text tells, each in the lane of whom it concerns.
    fn marks(&mut self) {
        let excerpt = Excerpt { each_probe: false, ..self.excerpt };
        let clock = Clock::new(self.timeline.counted_from, excerpt.from, excerpt.to);
        let mut teller = Teller::new(self.timeline, self.model, excerpt, clock);
        teller.tell();
        for line in teller.lines {
            let Some(entry) = line.entry else { continue };
            // Probes have lanes of their own.
            if is_probe(entry.what) {
                continue;
            }
            let (group, name, words) = if matches!(entry.what, Happening::RotationChanged { .. }) {
                (Group::Service, "load balancer".to_owned(), format!("{}: {}", line.who, line.words))
            } else if is_of_control_plane(entry.what) {
                (Group::ControlPlane, "control plane".to_owned(), format!("{}: {}", line.who, line.words))
            } else if let Happening::FaultStruck { target, fault } | Happening::FaultEnded { target, fault } =
                entry.what
            {
                (self.fault_group(fault), self.fault_lane(target, fault), format!("{}: {}", line.who, line.words))
            } else if let Happening::RolloutBegan { workload, .. }
            | Happening::ProgressDeadlineExceeded { workload }
            | Happening::RolledBack { workload, .. }
            | Happening::RolloutEnded { workload, .. }
            | Happening::ReplicasSet { workload, .. } = entry.what
            {
                (Group::Operations, self.rollout_lane(workload), line.words)
            } else if matches!(entry.what, Happening::UpgradeBegan { .. } | Happening::UpgradeEnded { .. }) {
                (Group::Operations, UPGRADES.to_owned(), line.words)
            } else if let Happening::DrainBegan { .. }
            | Happening::DrainEnded { .. }
            | Happening::NodeUncordoned { .. }
            | Happening::MachineOrdered { .. } = entry.what
            {
                (Group::Nodes, format!("{} drain", line.who), line.words)
            } else {
                let group = if matches!(entry.who, Who::Node(_) | Who::Zone(_)) { Group::Nodes } else { Group::Pods };
                let name = match entry.who {
                    // With several containers it is named already.
                    Who::Pod(pod) => match entry.what.container() {
                        Some(container) => self.container_name(pod, container),
                        None => self.container_name(pod, self.workload(pod).pod.serving),
                    },
                    Who::Node(_) => format!("{} machine", line.who),
                    _ => line.who,
                };
                (group, name, line.words)
            };
            let (at_s, rules, tone) = (self.secs(line.at), line.rules.to_owned(), line.tone);
            self.lane(group, &name).marks.push(Mark { at_s, words, rules, tone });
        }
    }
}
