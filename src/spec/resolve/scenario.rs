//! From the documents of a system to the models of its scenarios: the values of a point of the grid are set, then the
//! documents are read and converted.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::ids::{BudgetId, FaultId, IdVec, WorkloadId};
use crate::model::{Budget, Fault, Model, OnCall, Start, Strikes, Traffic};
use crate::spec::app::Apps;
use crate::spec::autoscaling;
use crate::spec::cluster::ClusterSpec;
use crate::spec::convert;
use crate::spec::demand;
use crate::spec::deployment;
use crate::spec::diagnostic::{Problem, Problems};
use crate::spec::documents::Documents;
use crate::spec::experiment::{Candidate, Patch, Question};
use crate::spec::faults::{Place, ReadFault};
use crate::spec::loader::Loader;
use crate::spec::manifest::Kind;
use crate::spec::naming;
use crate::spec::never_ready;
use crate::spec::never_served;
use crate::spec::never_starts;
use crate::spec::objects::{self, Service};
use crate::spec::placing;
use crate::spec::requirement;
use crate::spec::script::{self, Stage};
use crate::spec::serving;
use crate::spec::spares;
use crate::spec::system::{Member, System};
use crate::spec::tree::{Mark, Node};
use crate::spec::uncertain;
use crate::study::{Metric, Objective, Scenario};

/// A grid with more points says nothing that anybody could read.
const MAX_SCENARIOS: usize = 10_000;
/// Nodes of all scenarios together: some gigabytes of models.
const MAX_NODES_IN_ALL: usize = 5_000_000;
/// Enough errors to see what is wrong.
const MAX_DISTINCT_PROBLEMS: usize = 200;

/// Problems of all scenarios, each once.
#[derive(Default)]
struct Seen {
    list: Vec<(Problem, usize, String)>,
    index: BTreeMap<(Mark, String, String), usize>,
    /// How many scenarios are hopeless.
    hopeless: usize,
}

impl Seen {
    fn take(&mut self, problems: Problems, scenario: &str) {
        let mut new_here: Vec<usize> = Vec::new();
        self.hopeless += usize::from(problems.list.iter().any(|problem| problem.is_hopeless));
        for problem in problems.list {
            // A grid of capacities has many scenarios without room for all, each with numbers of its own.
            let message = if problem.is_hopeless { String::new() } else { problem.message.clone() };
            let key = (problem.mark, problem.path.clone(), message);
            let at = *self.index.entry(key).or_insert(self.list.len());
            if at == self.list.len() {
                self.list.push((problem, 0, scenario.to_string()));
            }
            if !new_here.contains(&at) {
                self.list[at].1 += 1;
                new_here.push(at);
            }
        }
    }

    /// What only some of the scenarios have names the first of them. Where all are hopeless, that is an error.
    fn give(self, to: &mut Problems, played: usize) {
        let all_are_hopeless = self.hopeless == played;
        for (mut problem, count, scenario) in self.list {
            if count < played {
                problem.scenario = Some(scenario);
            }
            if problem.is_hopeless && count > 1 {
                problem.message = format!("{} (so in {count} scenarios)", problem.message);
            }
            to.list.push(problem);
        }
        if all_are_hopeless {
            to.condemn();
        }
    }
}

/// A scenario for every point of the grid, of every system.
pub(in crate::spec) fn scenario_models(
    loader: &mut Loader<'_>,
    experiment: u32,
    question: &Question,
    systems: &[(Option<&Candidate>, System)],
) -> Option<Vec<Scenario>> {
    let points = question.axes.iter().map(|(_, values)| values.len()).try_fold(systems.len(), usize::checked_mul);
    let total = match points {
        Some(total) if total <= MAX_SCENARIOS => total,
        _ => {
            let mark = question.axes.first().map_or(Mark::start_of(experiment), |(patch, _)| patch.mark);
            let message = format!("makes a grid of more than {MAX_SCENARIOS} scenarios");
            loader.problems.error(mark, "spec.vary", message).help("vary fewer keys at once");
            return None;
        }
    };
    let mut seen = Seen::default();
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let (mut nodes, mut played) = (0, 0);
    for point in 0..total {
        let per_system = total / systems.len();
        let (candidate, system) = &systems[point / per_system];
        let values = coordinates(&question.axes, point % per_system);
        let (mut name, parameters) = label(question, *candidate, &values);
        // Long values are cut in a name, so two may look alike.
        let again = names.entry(name.clone()).or_insert(0);
        *again += 1;
        if *again > 1 {
            name = format!("{name} #{again}");
        }
        let mut problems = Problems { patching: Some(experiment), ..Problems::default() };
        let models = scenario_model(question, *candidate, system, &values, &mut problems);
        played += 1;
        let is_wrong = problems.has_errors();
        if !is_wrong && let Some(models) = models {
            nodes += models.model.cluster.nodes.len() * (1 + models.draws.len());
            scenarios.push(models.into_scenario(name.clone(), parameters));
        }
        seen.take(problems, &name);
        if is_wrong && seen.list.len() > MAX_DISTINCT_PROBLEMS {
            break;
        }
        if nodes > MAX_NODES_IN_ALL {
            let message = format!("the scenarios have more than {MAX_NODES_IN_ALL} Nodes together");
            loader.problems.error(Mark::start_of(experiment), "spec.vary", message);
            break;
        }
    }
    seen.give(&mut loader.problems, played);
    (scenarios.len() == total).then_some(scenarios)
}

/// The values of a point of the grid; the last key varies fastest.
fn coordinates(axes: &[(Patch, Vec<Node>)], mut point: usize) -> Vec<(&Patch, &Node)> {
    let mut values: Vec<(&Patch, &Node)> = axes
        .iter()
        .rev()
        .map(|(patch, values)| {
            let value = &values[point % values.len()];
            point /= values.len();
            (patch, value)
        })
        .collect();
    values.reverse();
    values
}

fn label(
    question: &Question,
    candidate: Option<&Candidate>,
    values: &[(&Patch, &Node)],
) -> (String, Map<String, Json>) {
    let mut words = Vec::new();
    let mut parameters = Map::new();
    if let Some(candidate) = candidate {
        words.push(candidate.name.clone());
        parameters.insert("candidate".to_string(), Json::String(candidate.name.clone()));
    }
    for ((patch, value), (_, axis)) in values.iter().zip(&question.axes) {
        words.push(format!("{}={}", patch.key, naming::shown(value, axis)));
        parameters.insert(patch.key.clone(), value.to_json());
    }
    let name = if words.is_empty() { question.name.clone() } else { words.join(" ") };
    (name, parameters)
}

/// What is simulated of a scenario.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Models {
    /// The model in which uncertain parameters have their medians.
    pub model: Model,
    /// A model for every draw of the uncertain parameters.
    pub draws: Vec<Model>,
    /// The Deployments of which no Node takes some replicas, although all Nodes are up.
    pub pending: Vec<WorkloadId>,
}

impl Models {
    /// The scenario of this name, compared with the baseline.
    pub fn into_scenario(self, name: String, parameters: Map<String, Json>) -> Scenario {
        let Self { model, draws, pending } = self;
        Scenario { name, parameters, model, draws, compared_with: None, pending }
    }
}

/// Applies the values to the documents, reads them, and converts what they say.
pub(in crate::spec) fn scenario_model(
    question: &Question,
    candidate: Option<&Candidate>,
    system: &System,
    values: &[(&Patch, &Node)],
    problems: &mut Problems,
) -> Option<Models> {
    let documents = documents(question, candidate, system, values, problems);
    models(&documents, question, system, problems)
}

/// What documents say.
pub(in crate::spec) fn models(
    documents: &Documents,
    question: &Question,
    system: &System,
    problems: &mut Problems,
) -> Option<Models> {
    let model = documents.clone().model(question, system, problems)?;
    never_starts::check(&model, documents, system, problems);
    let draws = uncertain::models(documents, question, system, problems)?;
    let pending = placing::tell_pending(&model, documents, question, system, problems);
    Some(Models { model, draws, pending })
}

/// The documents of one point of the grid, of the system that stands there.
pub(in crate::spec) fn documents_at<'s>(
    point: usize,
    question: &Question,
    systems: &'s [(Option<&Candidate>, System)],
) -> (Documents, &'s System) {
    let per_system = question.axes.iter().map(|(_, values)| values.len()).product::<usize>();
    let (candidate, system) = &systems[point / per_system];
    let values = coordinates(&question.axes, point % per_system);
    (documents(question, *candidate, system, &values, &mut Problems::default()), system)
}

fn documents(
    question: &Question,
    candidate: Option<&Candidate>,
    system: &System,
    values: &[(&Patch, &Node)],
    problems: &mut Problems,
) -> Documents {
    let mut documents = Documents::of(question, system);
    let own = candidate.map(|candidate| candidate.patches.as_slice()).unwrap_or_default();
    let all = || own.iter().map(|(patch, value)| (patch, value)).chain(values.iter().copied());
    let is_of_one = |(patch, _): &(&Patch, &Node)| patch.target.member.is_some();
    // What is said of all comes first, in whatever order the keys stand: what is said of one begins with a copy of it.
    for (patch, value) in all().filter(|change| !is_of_one(change)).chain(all().filter(is_of_one)) {
        if let Err(message) = documents.set(&patch.target, value, patch.mark) {
            problems.error(patch.mark, &patch.path, message);
        }
    }
    documents
}

/// What the documents of one scenario say, each valid by itself.
pub(in crate::spec) struct Parts {
    pub members: Vec<MemberPart>,
    pub cluster: ClusterSpec,
    pub traffic: Option<Traffic>,
    pub faults: Vec<ReadFault>,
    pub on_call: Option<OnCall>,
    pub script: Vec<(Node, String)>,
    pub objective: Objective,
    /// What is required of the Deployments together, if that is said.
    pub system: Option<Node>,
}

/// What those of one Deployment say.
pub(in crate::spec) struct MemberPart {
    pub deployment: deployment::Deployment,
    pub app: Apps,
    /// Its own `minServing`.
    pub min_serving: Option<u32>,
    /// Where the `minServing` that counts for it is said.
    pub least_at: Option<(Mark, String)>,
}

/// The Services in front of a Deployment; the first one counts.
fn services(deployment: &deployment::Deployment, member: &Member, problems: &mut Problems) -> Vec<Service> {
    let services = member.manifest.services(deployment, &mut Problems::default());
    let names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    let message = match names.as_slice() {
        [_] => return services,
        [] => format!("no Service of the file selects the Pods of {}: one that does is assumed", deployment.name),
        _ => {
            format!("several Services select the Pods of {}; the first is taken: {}", deployment.name, names.join(", "))
        }
    };
    problems.note(deployment.mark, "", message);
    services
}

/// What is found of one Deployment before any is converted; `None` where there is nothing to simulate.
fn look_at(
    question: &Question,
    member: &Member,
    part: &MemberPart,
    min_serving: u32,
    is_listed: bool,
    problems: &mut Problems,
) -> Option<Vec<Service>> {
    let MemberPart { deployment, app, least_at, .. } = part;
    let services = services(deployment, member, problems);
    let named = member.named.as_ref().map(|named| named.name.as_str());
    app.check(&deployment.pod, problems);
    serving::tell(deployment, &services, named, problems);
    serving::tell_of_others(deployment, &services, problems);
    never_ready::check(deployment, &services, problems);
    never_served::check(deployment, &services, problems);
    if deployment.replicas == 0 {
        problems.error(deployment.mark, "spec.replicas", "is 0: there is nothing to simulate");
        return None;
    }
    if min_serving > deployment.replicas {
        let usual = || (question.objective.mark, "spec.objective.minServing".to_string());
        let (mark, path) = least_at.clone().unwrap_or_else(usual);
        let of = if is_listed { format!(" of {}", member.name) } else { String::new() };
        let message = format!(
            "is {min_serving}, must be at most the {} replicas{of}: the service would never be available",
            deployment.replicas
        );
        problems.error(mark, &path, message);
    }
    Some(services)
}

/// The budgets of all files that select Pods of the Deployments; of two of one name the later counts, as when both are applied.
fn budgets(
    parts: &[MemberPart],
    system: &System,
    faults: &IdVec<FaultId, Fault>,
    problems: &mut Problems,
) -> IdVec<BudgetId, Budget> {
    let has_drains = faults.iter().any(|fault| fault.strikes.drains_nodes());
    let mut found: Vec<objects::Budget> = Vec::new();
    for document in system.members.iter().flat_map(|member| member.manifest.of(Kind::Budget)) {
        // Where an operation is wrong, nobody knows.
        if !has_drains && !problems.has_errors() {
            let message = "PodDisruptionBudget restrains evictions, and nothing here evicts Pods: drains, upgrades of Nodes and what else \
                           empties them come with `operations`";
            problems.note(document.mark, "", message);
        }
        let Some(budget) = objects::read_budget(document, &mut Problems::default()) else { continue };
        found.retain(|earlier| (&earlier.namespace, &earlier.name) != (&budget.namespace, &budget.name));
        found.push(budget);
    }
    let resolve = |budget: objects::Budget| {
        let selects: IdVec<WorkloadId, bool> = parts.iter().map(|part| budget.selects(&part.deployment)).collect();
        let objects::Budget { name, limit, always_allows_unhealthy, .. } = budget;
        let is_of_model = selects.iter().any(|selects| *selects);
        is_of_model.then_some(Budget { name, selects, limit, always_allows_unhealthy })
    };
    found.into_iter().filter_map(resolve).collect()
}

/// More would come than can be counted: refused before anything is played.
fn check_surges(traffic: &Traffic, mark: Mark, question: &Question, problems: &mut Problems) {
    const MOST_SECS: f64 = 1e10;
    let Some(surges) = &traffic.surges else { return };
    let played = (question.warm_up + question.horizon * 2).as_secs_f64();
    if played * surges.times.1 * traffic.peak() / traffic.rate() > MOST_SECS {
        let message = "bring more over this horizon than can be counted";
        problems.error(mark, "spec.surges.times", message).help("write fewer times as many, or a shorter horizon");
    }
}

/// Joins the parts to a model.
pub(in crate::spec) fn build(
    question: &Question,
    system: &System,
    parts: Parts,
    problems: &mut Problems,
) -> Option<Model> {
    let Parts { members, cluster: spec, traffic, mut faults, on_call, script, objective, system: required } = parts;
    let spec = &spec;
    let machines = convert::machines(spec, system.machines.clone(), problems)?;
    let machines = spares::with_spares(machines, &faults, &script);
    let mut found = Vec::new();
    for (part, member) in members.iter().zip(&system.members) {
        let min_serving = part.min_serving.unwrap_or(objective.min_serving);
        let services = look_at(question, member, part, min_serving, system.are_listed, problems);
        found.push(services.map(|services| convert::Member {
            name: if system.are_listed { &member.name } else { &part.deployment.name },
            deployment: &part.deployment,
            app: &part.app,
            services,
            min_serving,
        }));
    }
    let found = found.into_iter().collect::<Option<Vec<_>>>()?;
    let slots = members.iter().map(|part| i64::from(part.deployment.replicas)).sum::<i64>();
    if slots > deployment::MAX_REPLICAS {
        let message =
            format!("have {slots} replicas together, beyond what hasim simulates: {}", deployment::MAX_REPLICAS);
        problems.error(question.mark, "spec.deployments", message);
        return None;
    }
    let cluster = convert::cluster(spec, &machines);
    for ReadFault { fault, .. } in &faults {
        if matches!(fault.strikes, Strikes::Zone(_)) && cluster.zones.is_empty() {
            let message = format!("the fault {} never strikes: no Node has a zone", fault.name);
            problems.warn(spec.mark, "", message);
        }
    }
    let mut workloads = convert::workloads(&found, &machines, system.are_listed);
    match (&traffic, &system.traffic) {
        (Some(traffic), Some(at)) => {
            autoscaling::give(&members, &mut workloads, problems);
            check_surges(traffic, at.mark, question, problems);
            let rate = at.get("spec").and_then(|spec| spec.get("rate"));
            let clients = at.get("spec").and_then(|spec| spec.get("clients"));
            let marks = (rate.unwrap_or(at).mark, clients.unwrap_or(at).mark);
            demand::tell(traffic, marks, &workloads, system.are_listed, problems);
            let has_capacity = workloads.iter().any(|workload| workload.pod.main().app.capacity.is_some());
            if has_capacity && objective.metric == Metric::Availability {
                let message = "is availability, which counts Pods and does not see requests that they refuse: scenarios are judged without them";
                let problem = problems.warn(question.objective.mark, "spec.objective.metric", message);
                problem.help("write `metric: request_success`");
            }
        }
        _ => {
            for (part, _) in members.iter().zip(&workloads).filter(|(_, one)| one.pod.main().app.capacity.is_some()) {
                let message = "is not played: nobody says how many requests come";
                problems.note(part.app.mark, "spec.capacity", message).help(
                    "name a file of kind Traffic as `traffic` in an experiment; `hasim init` writes one to change",
                );
            }
        }
    }
    let scalings: Vec<(String, Place)> =
        faults.iter().filter_map(|read| Some((read.fault.name.clone(), read.to.clone()?))).collect();
    let stage = Stage { workloads: &workloads, cluster: &cluster, horizon: question.horizon };
    script::read_all(&script, &mut faults, stage, problems)?;
    let may_fail = workloads.iter().any(|workload| workload.pod.main().app.probe_failure > 0.0);
    // With a fresh start, starting is itself what is asked about.
    if faults.is_empty() && !may_fail && question.start == Start::Running {
        problems.warn(question.mark, "spec.faults", "is empty, and so is the script: nothing can fail");
    }
    let faults = faults.into_iter().flat_map(ReadFault::with_flaws);
    let faults: IdVec<FaultId, Fault> =
        faults.map(|fault| fault.resolve(&workloads, &cluster, &machines, problems)).collect();
    let named = |fault: &Fault| faults.iter().filter(|other| other.name == fault.name).count() > 1;
    if let Some(twice) = faults.iter().find(|fault| named(fault)) {
        let message = format!("gives two causes the name {}: one is what may be wrong with a revision", twice.name);
        problems.error(question.mark, "spec.operations", message).help("give the operation or the fault another name");
        return None;
    }
    let budgets = budgets(&members, system, &faults, problems);
    let system = requirement::read(required.as_ref(), &workloads, system.are_listed, problems)?;
    let model = Model {
        workloads,
        system,
        budgets,
        cluster,
        traffic,
        faults,
        on_call,
        start: question.start,
        warm_up: question.warm_up,
        horizon: question.horizon,
        window: objective.window,
        slo: objective.slo,
    };
    if model.slots() as i64 > deployment::MAX_REPLICAS {
        let message = format!(
            "scale the Deployments to {} replicas together, beyond what hasim simulates: {}",
            model.slots(),
            deployment::MAX_REPLICAS
        );
        problems.error(question.mark, "spec.operations", message).help("scale to fewer replicas (to)");
        return None;
    }
    placing::warn_of_scalings(&model, question.seed, &scalings, problems);
    Some(model)
}
