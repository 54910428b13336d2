//! A [`Timeline`] as text: a line per happening that an operator would find in events and logs.
//!
//! Probes that confirm what is known are summed up: a year of healthy probes is one line. What matters is told by name:
//! the fault, the failures that count, the verdict, the withdrawal, the kill, the restart, the way back.

mod clock;
mod lanes;
mod perfetto;
mod replay;
mod rollout;
mod words;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::history::{
    Entry, Happening, Observation, OperationEnd, Outage, PodLife, Reply, SkippedProbes, Stored, Target, Timeline, Who,
};
use crate::ids::{ContainerId, IdVec, NodeId, SlotId};
use crate::model::{Model, ProbeKind, Strikes, Workload};
use crate::report::format;
use crate::results::Tone;
use crate::time::{Duration, SimTime};
use clock::Clock;
use words::Said;

pub use lanes::{SURGE, SYSTEM, lanes};
pub use perfetto::perfetto;
pub use replay::replay;
pub use rollout::{Reach, rollout, rollout_reach};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default();
const GOOD: Style = AnsiColor::Green.on_default();

/// An outage is shown with what led to it and what followed, so far at most.
const REACH: Duration = Duration::from_secs(3600);
/// And a little more on both sides.
const MARGIN: Duration = Duration::from_secs(30);

/// Of probes in a row that count towards a verdict, no more are told one by one: more than any sensible threshold.
const FIRST_OF_A_RUN: u64 = 1_000;

/// What is shown of a timeline.
#[derive(Debug, Clone, Copy)]
pub struct Excerpt {
    /// The first instant that is shown.
    pub from: SimTime,
    /// The first instant that is not shown any more.
    pub to: SimTime,
    /// Each probe has its line, and so has what drives it.
    pub each_probe: bool,
    /// Each line ends with the numbers of the rules behind it.
    pub rules: bool,
}

/// The excerpt, after a few lines that say what it is part of. The text has ANSI styles: print it through `anstream`,
/// which drops them where nobody sees them.
pub fn render(timeline: &Timeline, model: &Model, excerpt: Excerpt) -> String {
    let clock = Clock::new(timeline.counted_from, excerpt.from, excerpt.to);
    let mut teller = Teller::new(timeline, model, excerpt, clock);
    teller.tell();
    let mut text = overview(timeline, model);
    let _ = writeln!(text);
    let names = teller.lines.iter().map(|line| line.who.chars().count());
    let width = names.max().unwrap_or(0);
    for line in &teller.lines {
        let style = match line.tone {
            Tone::Bad => BAD,
            Tone::Good => GOOD,
            Tone::Plain | Tone::Detail => Style::new(),
        };
        let _ =
            write!(text, "{DIM}{}{DIM:#}  {:width$}  {style}{}{style:#}", clock.show(line.at), line.who, line.words);
        if excerpt.rules && !line.rules.is_empty() {
            let _ = write!(text, "  {DIM}({}){DIM:#}", line.rules);
        }
        text.push('\n');
    }
    if teller.lines.is_empty() {
        let _ = writeln!(text, "Nothing happens.");
    }
    text
}

/// The names of the Deployments.
fn names(model: &Model) -> String {
    model.workloads.iter().map(|workload| workload.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the timeline is of.
fn overview(timeline: &Timeline, model: &Model) -> String {
    let span = |from: SimTime, to: SimTime| format::in_full(to.saturating_since(from).as_secs_f64());
    let mut text = format!(
        "{BOLD}{}{BOLD:#}: {} counted after {} of warm-up; time is told from the start of counting.\n",
        names(model),
        span(timeline.counted_from, timeline.counted_to),
        span(SimTime::ZERO, timeline.counted_from),
    );
    let slots = model.slots() as u64;
    let closed = match slots - model.replicas() as u64 {
        0 => String::new(),
        some => format!(" ({some} of them open only while there are more replicas than the manifest has)"),
    };
    let _ = writeln!(
        text,
        "{slots} slot{}{closed} on {} Node{}; pod S.N is the N-th Pod of slot S.",
        plural(slots),
        model.cluster.size(),
        plural(model.cluster.size() as u64),
    );
    text.push_str(&revisions(timeline, model));
    let outages: Vec<Outage> = timeline.counted_outages().collect();
    match longest(&outages, timeline.end) {
        None => text.push_str("No outage.\n"),
        Some(number) => {
            let outage = outages[number];
            let clock = Clock::new(timeline.counted_from, outage.began, outage.began);
            let _ = writeln!(
                text,
                "{} outage{}, the longest is number {}: {} from {}.",
                outages.len(),
                plural(outages.len() as u64),
                number + 1,
                span(outage.began, outage.ended.unwrap_or(timeline.end)),
                clock.show(outage.began),
            );
        }
    }
    text
}

/// How many revisions each Deployment has had, if any has had more than its first one, and where a surge puts its Pods.
fn revisions(timeline: &Timeline, model: &Model) -> String {
    let mut text = String::new();
    for (id, workload) in model.workloads.entries() {
        let its: Vec<_> = timeline.rollouts.iter().filter(|rollout| rollout.workload == id).collect();
        let Some(last) = its.last() else { continue };
        let ended_as = |end| its.iter().filter(|rollout| rollout.ended_as(end).is_some()).count() as u64;
        let (complete, rolled_back) = (ended_as(OperationEnd::Complete), ended_as(OperationEnd::RolledBack));
        let _ = write!(
            text,
            "{} revisions of {}, {complete} rollout{} complete",
            last.revision + 1,
            workload.name,
            plural(complete)
        );
        if rolled_back > 0 {
            let _ = write!(text, ", {rolled_back} rolled back");
        }
        let surge = model.surge_slots_of(id);
        if !surge.is_empty() {
            let first = words::pod_place(SlotId::new(surge.start), model);
            let many = if surge.len() > 1 { " and above" } else { "" };
            let _ = write!(text, "; {first}.N{many}: made by a surge beside the full number");
        }
        text.push_str(".\n");
    }
    text
}

/// The place of the longest outage; of equally long ones the first.
pub fn longest(outages: &[Outage], end: SimTime) -> Option<usize> {
    let length = |outage: &Outage| outage.ended.unwrap_or(end).saturating_since(outage.began);
    (0..outages.len()).max_by_key(|&i| (length(&outages[i]), std::cmp::Reverse(i)))
}

/// So long before the first replica is missing the drain of its Node may have begun.
const CORDON: Duration = Duration::from_secs(600);

/// Since when a Node has been drained at some moment, if that has begun not long before: what happens then begins with its cordon.
fn drained_since(timeline: &Timeline, moment: SimTime) -> Option<SimTime> {
    let mut under_way: Vec<(NodeId, SimTime)> = Vec::new();
    for entry in timeline.entries.iter().take_while(|entry| entry.at <= moment) {
        match entry.what {
            Happening::DrainBegan { node } => under_way.push((node, entry.at)),
            Happening::DrainEnded { node, .. } | Happening::NodeUncordoned { node } => {
                under_way.retain(|(other, _)| *other != node);
            }
            _ => {}
        }
    }
    let earliest = moment.earlier_by(CORDON);
    under_way.into_iter().map(|(_, began)| began).filter(|began| *began >= earliest).min()
}

/// From when to before when an outage is told: with what led to it, until all replicas are back.
pub fn story(timeline: &Timeline, outage: Outage) -> (SimTime, SimTime) {
    let (from, to) = timeline.story(outage, REACH);
    let from = drained_since(timeline, from).unwrap_or(from);
    let from = from.earlier_by(MARGIN);
    // What happens in the last instant is shown too.
    (from, (to + MARGIN).min(timeline.end + Duration::from_nanos(1)))
}

fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

#[derive(Debug)]
struct Line {
    at: SimTime,
    who: String,
    words: String,
    rules: &'static str,
    tone: Tone,
    /// What it tells of, if it is one happening.
    entry: Option<Entry>,
}

/// Puts a timeline into words, from its beginning: what a probe means depends on those before it.
struct Teller<'a> {
    timeline: &'a Timeline,
    model: &'a Model,
    excerpt: Excerpt,
    clock: Clock,
    lines: Vec<Line>,
    /// By Pod and kind.
    /// By Pod and container.
    probes: Vec<IdVec<ContainerId, [Track; 3]>>,
    /// By Pod.
    places: Vec<Place>,
    /// When a Node was last marked Unknown.
    marked_at: Option<SimTime>,
}

/// Where a Pod is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    node: Option<NodeId>,
    in_rotation: bool,
}

/// What is known of the probes of one worker.
#[derive(Debug, Clone, Copy, Default)]
struct Track {
    last: Option<Observation>,
    run: u64,
    stored: Option<Observation>,
    /// The line that sums up the present run of probes that change nothing.
    quiet: Option<Quiet>,
}

#[derive(Debug, Clone, Copy)]
struct Quiet {
    line: usize,
    reply: Reply,
    count: u64,
    first: SimTime,
    last: SimTime,
}

impl<'a> Teller<'a> {
    fn new(timeline: &'a Timeline, model: &'a Model, excerpt: Excerpt, clock: Clock) -> Self {
        let containers = |life: &PodLife| model.workloads[model.owner_of(life.slot).0].pod.containers.len();
        let tracks = |life: &PodLife| IdVec::of([Track::default(); 3], containers(life));
        let probes = timeline.pods.iter().map(tracks).collect();
        let places = vec![Place::default(); timeline.pods.len()];
        Self { timeline, model, excerpt, clock, lines: vec![], probes, places, marked_at: None }
    }

    fn tell(&mut self) {
        let Excerpt { from, to, each_probe, .. } = self.excerpt;
        let timeline = self.timeline;
        for entry in timeline.between(SimTime::ZERO, from) {
            self.hear(entry);
        }
        self.set_scene();
        let entries = if each_probe { timeline.each_between(from, to) } else { timeline.between(from, to) };
        for entry in entries {
            self.hear(entry);
        }
        self.tell_service();
        // What follows from the happenings of an instant comes after them.
        self.lines.sort_by_key(|line| line.at);
    }

    /// Where the Pods are when the excerpt begins.
    fn set_scene(&mut self) {
        let from = self.excerpt.from;
        for (pod, life) in self.timeline.pods.iter().enumerate() {
            if life.created >= from || life.gone.is_some_and(|gone| gone < from) {
                continue;
            }
            let Place { node, in_rotation } = self.places[pod];
            let place = node.map_or("Pending", |node| &self.model.cluster.nodes[node].name);
            let rotation = if in_rotation { "in rotation" } else { "not in rotation" };
            let preposition = if node.is_some() { "on " } else { "" };
            let revision = words::of_revision(self.timeline.pods[pod].revision, self.timeline);
            let words =
                format!("{}is {preposition}{place}, {rotation}", revision.map(|of| of + ", ").unwrap_or_default());
            let who = self.name(Who::Pod(pod));
            self.lines.push(Line { at: from, who, words, rules: "", tone: Tone::Plain, entry: None });
        }
    }

    fn hear(&mut self, entry: Entry) {
        let Who::Pod(pod) = entry.who else {
            return self.say(entry);
        };
        match entry.what {
            Happening::ProbeSent { .. } if !self.excerpt.each_probe => {}
            Happening::ProbeEnded { reply, .. } => self.probed(entry, pod, reply, 1, entry.at),
            Happening::ProbesSkipped(run) => self.skipped(entry, pod, run),
            _ => {
                self.learn(pod, entry.what);
                self.say(entry);
            }
        }
    }

    /// Probes in a row that were not played. Those that count towards a verdict are told one by one: fewer than its threshold.
    fn skipped(&mut self, entry: Entry, pod: usize, run: SkippedProbes) {
        let ended = |n: u64| run.instant(n) + run.lasts;
        let is_known = |teller: &Self| {
            teller.probes[pod][run.container][run.kind as usize].stored == Some(run.reply.observation())
        };
        let mut told = 0;
        while told < run.count && told < FIRST_OF_A_RUN && run.reply != Reply::Ok && !is_known(self) {
            let what =
                Happening::ProbeEnded { pod: run.pod, container: run.container, kind: run.kind, reply: run.reply };
            self.probed(Entry { at: ended(told), what, ..entry }, pod, run.reply, 1, ended(told));
            told += 1;
        }
        if told < run.count {
            let rest = Entry { at: ended(told), ..entry };
            self.probed(rest, pod, run.reply, run.count - told, ended(run.count - 1));
        }
    }

    /// What a happening changes about the counting of probes, and about the Pod's place.
    fn learn(&mut self, pod: usize, what: Happening) {
        let place = &mut self.places[pod];
        match what {
            Happening::PodMet { node, .. } => *place = Place { node: Some(node), in_rotation: true },
            Happening::PodBound { node, .. } => place.node = Some(node),
            Happening::RotationChanged { in_rotation, .. } => place.in_rotation = in_rotation,
            _ => {}
        }
        match what {
            Happening::PodMet { .. } => {
                for track in self.probes[pod].iter_mut().flatten() {
                    let healthy = Some(Observation::Success);
                    *track = Track { last: healthy, run: u64::MAX, stored: healthy, quiet: None };
                }
            }
            Happening::FirstSync { .. } => {
                self.probes[pod].iter_mut().for_each(|tracks| *tracks = [Track::default(); 3]);
            }
            // The initial results of a new instance (P7).
            Happening::ContainerStarted { container, .. } => {
                let tracks = &mut self.probes[pod][container];
                tracks[ProbeKind::Liveness as usize].stored = Some(Observation::Success);
                tracks[ProbeKind::Readiness as usize].stored = Some(Observation::Failure);
                tracks[ProbeKind::Startup as usize].stored = None;
            }
            Happening::FoundNotRunning { container, kind, .. } => {
                self.probes[pod][container][kind as usize].stored = Some(Observation::Failure);
            }
            Happening::Verdict { container, kind, result, .. } => {
                let track = &mut self.probes[pod][container][kind as usize];
                track.stored = match result {
                    Stored::Success => Some(Observation::Success),
                    Stored::Failure => Some(Observation::Failure),
                    Stored::Unknown => None,
                };
                // A startup probe that is done, or a liveness probe that has failed, begins anew (P17).
                if kind == ProbeKind::Startup || kind == ProbeKind::Liveness && result == Stored::Failure {
                    track.run = 0;
                }
            }
            _ => {}
        }
    }

    /// `count` probes have met the same, the last one at `last`.
    fn probed(&mut self, entry: Entry, pod: usize, reply: Reply, count: u64, last: SimTime) {
        let Some((of, kind)) = probe_of(entry.what) else { return };
        let found = reply.observation();
        let track = &mut self.probes[pod][of][kind as usize];
        track.run = if track.last == Some(found) { track.run.saturating_add(count) } else { count };
        track.last = Some(found);
        let (run, known) = (track.run, track.stored == Some(found));
        if entry.at < self.excerpt.from {
            return;
        }
        if !known || self.excerpt.each_probe {
            let mut said = words::say(&entry, self.timeline, self.model, self.clock);
            if !known && let Some(probe) = words::probe(of, kind, self.workload(pod)) {
                match found {
                    // Where one success is enough there is nothing to count.
                    Observation::Success if probe.success_threshold == 1 => {}
                    Observation::Success => {
                        let _ = write!(said.words, " ({run} of {})", probe.success_threshold);
                    }
                    Observation::Failure => {
                        let _ = write!(said.words, " ({run} of {})", probe.failure_threshold);
                    }
                }
            }
            return self.push(entry, said);
        }
        let quiet = match self.probes[pod][of][kind as usize].quiet.filter(|quiet| quiet.reply == reply) {
            Some(quiet) => Quiet { count: quiet.count + count, last, ..quiet },
            None => {
                self.lines.push(Line {
                    at: entry.at,
                    who: self.whom(&entry),
                    words: String::new(),
                    rules: "P14",
                    tone: Tone::Plain,
                    entry: Some(entry),
                });
                Quiet { line: self.lines.len() - 1, reply, count, first: entry.at, last }
            }
        };
        self.probes[pod][of][kind as usize].quiet = Some(quiet);
        self.lines[quiet.line].words = self.quiet(pod, of, kind, quiet);
    }

    fn quiet(&self, pod: usize, of: ContainerId, kind: ProbeKind, quiet: Quiet) -> String {
        let name = words::kind_name(kind);
        let reply = words::reply_words(of, kind, quiet.reply, self.workload(pod));
        if quiet.count == 1 {
            return format!("{name} probe {reply}");
        }
        let count = format::significant(quiet.count as f64, 12);
        let many = reply.replacen("succeeds", "succeed", 1).replacen("fails", "fail", 1);
        let period = words::probe(of, kind, self.workload(pod)).map_or(0.0, |probe| probe.period.as_secs_f64());
        // Timeouts longer than a period set their own.
        let spacing = quiet.last.saturating_since(quiet.first).as_secs_f64() / (quiet.count - 1) as f64;
        let period = if spacing > 1.2 * period { spacing } else { period };
        let until = self.clock.show(quiet.last);
        format!("{count} {name} probes {many}, every {} until {}", format::in_full(period), until.trim_start())
    }

    fn say(&mut self, entry: Entry) {
        if entry.at < self.excerpt.from {
            return;
        }
        let mut said = words::say(&entry, self.timeline, self.model, self.clock);
        match entry.what {
            Happening::NodeUnknown { .. } => self.marked_at = Some(entry.at),
            // Not the kubelet's word, but the node controller's, in the same pass.
            Happening::ReadyWritten { .. } if self.marked_at == Some(entry.at) => said.rules = "N6",
            _ => {}
        }
        self.push(entry, said);
    }

    fn push(&mut self, entry: Entry, said: Said) {
        if said.tone == Tone::Detail && !self.excerpt.each_probe {
            return;
        }
        if let Who::Pod(pod) = entry.who {
            // The next quiet probes come after this line.
            for track in self.probes[pod].iter_mut().flatten() {
                track.quiet = None;
            }
        }
        let who = self.whom(&entry);
        let Said { words, rules, tone } = said;
        self.lines.push(Line { at: entry.at, who, words, rules, tone, entry: Some(entry) });
    }

    /// What the users of the service notice.
    fn tell_service(&mut self) {
        let excerpt = self.excerpt;
        let mut since: Vec<Option<SimTime>> = vec![None; self.model.slots()];
        // Slots that have been opened and have not delivered yet.
        let mut is_new: Vec<bool> = (0..since.len()).map(|slot| slot >= self.model.replicas()).collect();
        for look in &self.timeline.looks {
            let slot = look.slot.index();
            let Some(view) = &look.view else {
                (since[slot], is_new[slot]) = (None, true);
                continue;
            };
            match (view.delivers(), since[slot]) {
                (false, None) => since[slot] = Some(look.at),
                (true, Some(from)) => {
                    let is_new = std::mem::take(&mut is_new[slot]);
                    since[slot] = None;
                    let took = look.at.since(from);
                    if (excerpt.from..excerpt.to).contains(&look.at) && !took.is_zero() {
                        let span = format::in_full(took.as_secs_f64());
                        let words = if is_new {
                            format!("ADDED: serves in rotation {span} after its slot was opened")
                        } else {
                            format!("RECOVERED: serves in rotation again after {span}")
                        };
                        self.lines.push(Line {
                            at: look.at,
                            who: words::slot_name(look.slot, self.model),
                            words,
                            rules: "",
                            tone: Tone::Good,
                            entry: None,
                        });
                    }
                }
                _ => {}
            }
        }
        let shown = |at: SimTime| (excerpt.from..excerpt.to).contains(&at);
        for outage in &self.timeline.outages {
            let mut lines = vec![(outage.began, format!("OUTAGE: {}", self.outage_words(outage.began)), Tone::Bad)];
            if let Some(ended) = outage.ended {
                let span = format::in_full(ended.since(outage.began).as_secs_f64());
                lines.push((ended, format!("the outage is over after {span}"), Tone::Good));
            }
            for (at, words, tone) in lines {
                if shown(at) {
                    self.lines.push(Line { at, who: "service".to_owned(), words, rules: "", tone, entry: None });
                }
            }
        }
    }

    /// Whom an entry concerns: of a Pod of several containers, which of them.
    fn whom(&self, entry: &Entry) -> String {
        let is_of_nodes = match entry.what {
            Happening::UpgradeBegan { .. } | Happening::UpgradeEnded { .. } => true,
            Happening::FaultStruck { target: Target::Cluster, fault }
            | Happening::FaultEnded { target: Target::Cluster, fault } => {
                !matches!(self.model.faults[fault].strikes, Strikes::ControlPlane(_))
            }
            _ => false,
        };
        if is_of_nodes {
            return "cluster".to_owned();
        }
        let who = self.name(entry.who);
        match entry.what.container() {
            Some(container) => {
                let workload = words::workload_of(entry.who, self.timeline, self.model);
                container_name(who, container, workload)
            }
            None => who,
        }
    }

    /// What an outage is that begins then.
    fn outage_words(&self, began: SimTime) -> String {
        let Some(system) = &self.model.system else {
            return match self.model.workload().min_serving {
                1 => "no Pod serves in rotation".to_owned(),
                least => format!("fewer than {least} Pods serve in rotation"),
            };
        };
        let serving = |workload| {
            let mut counts =
                self.timeline.delivering.iter().filter(|count| count.workload == workload && count.at <= began);
            counts.next_back().map_or(0, |count| count.pods)
        };
        let required = system.workloads().into_iter();
        let lacking = required.filter(|(workload, least)| serving(*workload) < *least as usize);
        let lacking: Vec<&str> = lacking.map(|(workload, _)| self.model.workloads[workload].name.as_str()).collect();
        format!("the system is not available, {} missing", lacking.join(", "))
    }

    /// The Deployment of a Pod.
    fn workload(&self, pod: usize) -> &'a Workload {
        words::workload_of(Who::Pod(pod), self.timeline, self.model)
    }

    fn name(&self, who: Who) -> String {
        match who {
            Who::Pod(pod) => words::pod_name(self.timeline.pods[pod], self.model),
            Who::Slot(slot) => words::slot_name(slot, self.model),
            Who::Deployment(workload) => self.model.workloads[workload].name.clone(),
            Who::Node(node) => self.model.cluster.nodes[node].name.clone(),
            Who::Zone(Some(zone)) => {
                let name = &self.model.cluster.zones[zone].name;
                // A zone may well be called zone-1.
                if name.starts_with("zone") { name.clone() } else { format!("zone {name}") }
            }
            Who::Zone(None) => "Nodes without a zone".to_owned(),
            Who::ControlPlane => "control plane".to_owned(),
        }
    }
}

/// Whose probe it is that has ended.
const fn probe_of(what: Happening) -> Option<(ContainerId, ProbeKind)> {
    match what {
        Happening::ProbeEnded { container, kind, .. } => Some((container, kind)),
        Happening::ProbesSkipped(run) => Some((run.container, run.kind)),
        _ => None,
    }
}

/// The name of a container in a Pod of this name. The only one needs none.
fn container_name(pod: String, container: ContainerId, workload: &Workload) -> String {
    let containers = &workload.pod.containers;
    if containers.len() == 1 { pod } else { format!("{pod} {}", containers[container].name) }
}
