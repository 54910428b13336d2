//! Advice: what Kubernetes accepts and what is dangerous all the same, each piece with the rules behind it.
//!
//! A piece of advice is a function from a subject to its findings. What it can say of a manifest alone it says there;
//! what needs the application, the cluster or the faults it says of an experiment. Only `hasim check` asks for advice: a
//! run stays quiet and its results do not know of it. docs/advice.md lists every piece.

mod disruption;
mod load;
mod placement;
pub(super) mod probes;
mod rollout;
mod termination;

use serde_json::{Map, Value as Json};

use super::autoscaler;
use super::cluster::ClusterSpec;
use super::container::Container;
use super::deployment::Deployment;
use super::diagnostic::{Problem, Problems, Severity};
use super::documents::{Documents, MemberDocuments};
use super::experiment::{Candidate, Question};
use super::manifest::{Kind, Manifest};
use super::objects::{self, Budget};
use super::places;
use super::scenario::{self, Models};
use super::system::{Member, System};
use super::tree::{Mark, Node};
use super::vary;
use crate::ids::WorkloadId;
use crate::model::{Fault, Model, Workload};
use crate::study::{Stopping, Study, StudyHeader};

/// A kind of advice.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// Its name, which stays: `slow-eviction`.
    pub id: &'static str,
    /// What is dangerous, in a few words.
    pub says: &'static str,
    /// Why, in a sentence or two.
    pub why: &'static str,
    /// The rules of Kubernetes behind it, as docs/rules.md numbers them.
    pub rules: &'static [&'static str],
    /// What to do, in general.
    pub help: &'static str,
}

/// A kind of advice and how to find it.
struct Piece {
    advice: &'static Advice,
    find: fn(&Subject<'_>) -> Vec<Finding>,
}

const PIECES: [Piece; 21] = [
    Piece { advice: &placement::SINGLE_REPLICA, find: placement::single_replica },
    Piece { advice: &placement::SINGLE_ZONE, find: placement::single_zone },
    Piece { advice: &placement::NO_ZONE_SPREAD, find: placement::no_zone_spread },
    Piece { advice: &placement::SHARED_NODE, find: placement::shared_node },
    Piece { advice: &placement::SPREAD_LEAVES_PENDING, find: placement::spread_leaves_pending },
    Piece { advice: &probes::NO_READINESS_PROBE, find: probes::no_readiness_probe },
    Piece { advice: &probes::NO_LIVENESS_PROBE, find: probes::no_liveness_probe },
    Piece { advice: &probes::LIVENESS_AS_TIGHT, find: probes::liveness_as_tight },
    Piece { advice: &probes::DEPENDENCY_IN_LIVENESS, find: probes::dependency_in_liveness },
    Piece { advice: &probes::STARTS_KILLED, find: probes::starts_killed },
    Piece { advice: &probes::TIMEOUT_OVER_PERIOD, find: probes::timeout_over_period },
    Piece { advice: &termination::NO_PRE_STOP, find: termination::no_pre_stop },
    Piece { advice: &termination::SHORT_GRACE, find: termination::short_grace },
    Piece { advice: &disruption::SLOW_EVICTION, find: disruption::slow_eviction },
    Piece { advice: &disruption::BUDGET_BLOCKS_DRAINS, find: disruption::budget_blocks_drains },
    Piece { advice: &rollout::ROLLOUT_WITHOUT_ROOM, find: rollout::rollout_without_room },
    Piece { advice: &rollout::ROLLOUT_TAKES_HALF, find: rollout::rollout_takes_half },
    Piece { advice: &rollout::SHORT_PROGRESS_DEADLINE, find: rollout::short_progress_deadline },
    Piece { advice: &rollout::ROLLOUTS_LEAVE_SKEW, find: rollout::rollouts_leave_skew },
    Piece { advice: &load::RETRIES_KEEP_OVERLOAD, find: load::retries_keep_overload },
    Piece { advice: &load::BUSY_PROBES, find: load::busy_probes },
];

/// Every kind of advice.
pub fn all() -> impl Iterator<Item = &'static Advice> {
    PIECES.iter().map(|piece| piece.advice)
}

/// What is advised on.
struct Subject<'a> {
    /// The Deployment as its file has it.
    written: &'a Node,
    /// The same as the scenario has it.
    document: &'a Node,
    /// The same with every default.
    deployment: &'a Deployment,
    /// A Service sends requests to its Pods.
    has_service: bool,
    /// The autoscaler that sets its replicas, which are then the least ones, and its document.
    autoscaler: Option<&'a Node>,
    /// The budgets that select its Pods.
    budgets: Vec<(&'a Node, Budget)>,
    /// What only an experiment knows.
    around: Option<Around<'a>>,
}

impl<'a> Around<'a> {
    /// The faults that strike the Deployment's own Pods or what they stand on.
    fn faults(&self) -> impl Iterator<Item = &'a Fault> {
        let id = self.id;
        let strikes = move |fault: &&Fault| {
            fault.containers.is_empty() || fault.containers.iter().any(|named| named.workload == id)
        };
        self.model.faults.iter().filter(strikes)
    }
}

/// The rest of a scenario.
struct Around<'a> {
    model: &'a Model,
    /// The Deployment in it.
    id: WorkloadId,
    workload: &'a Workload,
    /// The Cluster as its file has it, and as the scenario has it.
    clusters: [&'a Node; 2],
}

/// A place where advice is due.
#[derive(Debug)]
struct Finding {
    mark: Mark,
    path: String,
    message: String,
    help: String,
    /// The advice followed: keys of `vary` and their values. Empty where no value alone follows it, or where what it is good
    /// for is not simulated.
    change: Vec<(String, Json)>,
}

impl Finding {
    /// The advice, followed by these values.
    fn followed_by(mut self, change: impl IntoIterator<Item = (String, Json)>) -> Self {
        self.change.extend(change);
        self
    }
}

impl<'a> Subject<'a> {
    fn new(
        manifest: &'a Manifest,
        [written, document]: [&'a Node; 2],
        deployment: &'a Deployment,
        around: Option<Around<'a>>,
    ) -> Self {
        let quiet = &mut Problems::default();
        let selects = |budget: &Budget| budget.selects(deployment);
        let read = |document| Some((document, objects::read_budget(document, &mut Problems::default())?));
        Self {
            written,
            document,
            deployment,
            // An experiment assumes one where there is none.
            has_service: around.is_some() || !manifest.services(deployment, quiet).is_empty(),
            autoscaler: manifest.of(Kind::Autoscaler).find(|document| scales(document, deployment)),
            budgets: manifest.of(Kind::Budget).filter_map(read).filter(|(_, budget)| selects(budget)).collect(),
            around,
        }
    }

    /// The container that serves, on which advice is given.
    fn main(&self) -> &Container {
        self.deployment.pod.main()
    }

    /// The path of one of its fields.
    fn path(&self, field: &str) -> String {
        format!("{}.{field}", self.main().path)
    }

    /// Advice about a field of the Deployment; one that is absent lies where it would stand.
    fn finding(&self, path: &str, message: impl Into<String>, help: impl Into<String>) -> Finding {
        finding([self.written, self.document], path, message, help)
    }

    /// All advice that is due.
    fn findings(&self) -> Vec<(&'static Advice, Finding)> {
        let mut findings = Vec::new();
        for Piece { advice, find } in PIECES {
            findings.extend(find(self).into_iter().map(|finding| (advice, finding)));
        }
        findings
    }
}

fn finding(documents: [&Node; 2], path: &str, message: impl Into<String>, help: impl Into<String>) -> Finding {
    let (message, help) = (message.into(), help.into());
    Finding { mark: places::place(documents, path), path: path.to_string(), message, help, change: Vec::new() }
}

/// Whether a `HorizontalPodAutoscaler` scales the Deployment.
fn scales(document: &Node, deployment: &Deployment) -> bool {
    autoscaler::read(document, &mut Problems::default()).is_some_and(|autoscaler| autoscaler.scales(deployment))
}

fn add<'p>(advice: &'static Advice, finding: &Finding, problems: &'p mut Problems) -> &'p mut Problem {
    let problem = problems.add(Severity::Advice, finding.mark, &finding.path, finding.message.clone());
    problem.help(finding.help.clone());
    problem.advice = Some(advice);
    problem
}

/// Advises on a Deployment of a manifest.
pub(super) fn on_manifest(manifest: &Manifest, document: &Node, deployment: &Deployment, problems: &mut Problems) {
    for (advice, finding) in Subject::new(manifest, [document; 2], deployment, None).findings() {
        add(advice, &finding, problems);
    }
}

/// Advises on a Cluster.
pub(super) fn on_cluster(spec: &ClusterSpec, document: &Node, problems: &mut Problems) {
    if let Some(finding) = placement::single_zone_cluster(spec, document) {
        add(&placement::SINGLE_ZONE, &finding, problems);
    }
}

/// Advises on the baseline of an experiment or, where there is none, on the system as its files have it: points of a grid
/// are questions. Gives a study of what following the advice changes, where values alone follow it.
pub(super) fn on_experiment(
    study: &Study,
    question: &Question,
    systems: &[(Option<&Candidate>, System)],
    problems: &mut Problems,
) -> Option<Study> {
    let (documents, system) = match study.header.baseline {
        Some(baseline) => scenario::documents_at(baseline, question, systems),
        None => (Documents::of(question, &systems[0].1), &systems[0].1),
    };
    let quiet = &mut Problems::default();
    let models = scenario::models(&documents, question, system, quiet)?;
    if quiet.has_errors() {
        return None;
    }
    let scenario = study.header.baseline.map(|baseline| study.scenarios[baseline].name.clone());
    let mut changes = vec![models.clone().into_scenario("as-it-is".to_string(), Map::new())];
    for ((member, own), (id, workload)) in
        system.members.iter().zip(&documents.members).zip(models.model.workloads.entries())
    {
        let deployment = member.manifest.deployment(&own.deployment, Some(&own.serving), quiet)?;
        let around = Around { model: &models.model, id, workload, clusters: [&system.cluster, &documents.cluster] };
        let subject = Subject::new(&member.manifest, [member.document(), &own.deployment], &deployment, Some(around));
        let of_manifest = alone(member);
        for (advice, finding) in subject.findings() {
            let known = |(id, earlier): &(&str, Finding)| {
                *id == advice.id && (earlier.mark, &earlier.message) == (finding.mark, &finding.message)
            };
            let holds_everywhere = of_manifest.iter().any(known);
            let change = followed(&finding, own, &documents, question, system).map(|models| {
                changes.push(models.into_scenario(format!("{} {}", advice.id, changes.len()), Map::new()));
                changes.len() - 1
            });
            let problem = add(advice, &finding, problems);
            problem.change = change;
            problem.scenario = scenario.clone().filter(|_| !holds_everywhere);
        }
    }
    let header = || StudyHeader {
        stopping: Stopping::Replications(1),
        goals: Vec::new(),
        varied: Vec::new(),
        baseline: Some(0),
        sensitivity: Vec::new(),
        inputs: Json::Null,
        ..study.header.clone()
    };
    (changes.len() > 1).then(|| Study { header: header(), without: study.without, scenarios: changes })
}

/// What is said of the manifest whatever the experiment.
fn alone(member: &Member) -> Vec<(&'static str, Finding)> {
    let document = member.document();
    let deployment = member.manifest.deployment(document, Some(&member.serving), &mut Problems::default());
    let Some(deployment) = deployment else { return Vec::new() };
    let findings = Subject::new(&member.manifest, [document; 2], &deployment, None).findings();
    findings.into_iter().map(|(advice, finding)| (advice.id, finding)).collect()
}

/// The scenario with the advice for one of the Deployments followed.
fn followed(
    finding: &Finding,
    of: &MemberDocuments,
    documents: &Documents,
    question: &Question,
    system: &System,
) -> Option<Models> {
    if finding.change.is_empty() {
        return None;
    }
    let mut changed = documents.clone();
    for (key, value) in &finding.change {
        let target = vary::resolve(&format!("{}{key}", documents.prefix(of))).or_else(|_| vary::resolve(key)).ok()?;
        changed.set(&target, &Node::of_json(value, finding.mark), finding.mark).ok()?;
    }
    let mut problems = Problems::default();
    let models = scenario::models(&changed, question, system, &mut problems);
    models.filter(|_| !problems.has_errors())
}

/// A share in percent, for a sentence.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}
