//! The kind `FaultModel`: what breaks, how often, for how long and who sees it.

use crate::ids::{IdVec, NodeId, TemplateContainer, WorkloadId};
use crate::model::{
    Affects, Cluster, ContainerMode, ControlPlaneMode, Fault, NodeMode, Occurrence, OnCall, Role, Strikes, Workload,
};
use crate::random::Law;
use crate::spec::app;
use crate::spec::diagnostic::Problems;
use crate::spec::labels::is_dns_label;
use crate::spec::law;
use crate::spec::objects::Machine;
use crate::spec::operations::{Chosen, Sizes};
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::requirement;
use crate::spec::serving::Named;
use crate::spec::tree::{Mark, Node, Value};
use crate::time::Duration;

/// Causes of downtime that are no fault; a fault of that name could not be told from them.
const RESERVED: [&str; 4] = ["probe", "start", "overload", "autoscaler"];

/// Kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Kind {
    Container,
    Deployment,
    Node,
    Zone,
    ControlPlane,
}

/// The words for them.
pub(in crate::spec) const TARGETS: [(&str, Kind); 5] = [
    ("container", Kind::Container),
    ("deployment", Kind::Deployment),
    ("node", Kind::Node),
    ("zone", Kind::Zone),
    ("controlPlane", Kind::ControlPlane),
];

/// What a `FaultModel` says, not yet read: an experiment may override or vary it first. Each with its path.
#[derive(Default)]
pub(in crate::spec) struct FaultModel {
    pub faults: Vec<(Node, String)>,
    pub on_call: Option<(Node, String)>,
}

/// Takes a `FaultModel` apart.
pub(in crate::spec) fn open(document: &Node, problems: &mut Problems) -> FaultModel {
    let Some((_, mut spec)) = app::open(document, problems) else { return FaultModel::default() };
    let on_call = spec.get("onCall").map(|item| (item.node.clone(), item.path));
    let list = if on_call.is_some() { spec.get("faults") } else { spec.require("faults", problems) };
    let list = list.and_then(|list| list.list(problems)).unwrap_or_default();
    spec.finish(problems, &[]);
    FaultModel { faults: list.into_iter().map(|item| (item.node.clone(), item.path)).collect(), on_call }
}

/// Checks a `FaultModel` as it stands.
pub(in crate::spec) fn check(document: &Node, problems: &mut Problems) {
    let FaultModel { faults, on_call } = open(document, problems);
    for (index, (node, path)) in faults.iter().enumerate() {
        let _ = read(&Item::new(node, path.clone()), problems);
        let name = node.text("name");
        if name.is_some() && faults[..index].iter().any(|(earlier, _)| earlier.text("name") == name) {
            let message = format!("has the name {}, which an earlier fault has", name.unwrap_or_default());
            problems.error(node.mark, path, message);
        }
    }
    if let Some((node, path)) = &on_call {
        let _ = read_on_call(&Item::new(node, path.clone()), problems);
    }
}

/// Reads `onCall`; `Some(None)` is nobody.
pub(in crate::spec) fn read_on_call(item: &Item<'_>, problems: &mut Problems) -> Option<Option<OnCall>> {
    // To YAML 1.1, `off` is false.
    if matches!(&item.node.value, Value::Bool(false) | Value::Null)
        || matches!(&item.node.value, Value::String(text) if text == "off")
    {
        return Some(None);
    }
    if !matches!(item.node.value, Value::Map(_)) {
        item.refuse(problems, "must be `off`, or a map with `notices` and `acts`");
        return None;
    }
    let mut object = item.our_object(problems)?;
    let notices = object.require("notices", problems).and_then(|item| law::read(&item, problems));
    let acts = object.require("acts", problems).and_then(|item| law::read(&item, problems));
    let source = object.get("source").map_or(Some("assumption"), |source| source.string(problems));
    object.finish(problems, &[]);
    Some(Some(OnCall { notices: notices?, acts: acts?, source: source?.to_owned() }))
}

/// A fault as it was read, before the containers of the Pods are known.
#[derive(Debug, Clone)]
pub(in crate::spec) struct ReadFault {
    pub fault: Fault,
    /// The container that it names.
    pub container: Option<Named>,
    /// The Deployments that it names; none: all.
    pub deployments: Vec<Named>,
    /// The Node that it names.
    pub node: Option<Named>,
    /// Of a rollout: the flaws that its revisions may have.
    pub flaws: Vec<Flaw>,
    /// Of an upgrade: how many Nodes are in work.
    pub sizes: Option<Sizes>,
    /// Of a withdrawal: which Nodes are meant.
    pub chosen: Option<Chosen>,
    /// Of a scaling: where it says to how many replicas.
    pub to: Option<Place>,
}

/// Where something is written.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Place {
    pub mark: Mark,
    pub path: String,
}

/// What may be wrong with a revision: its name, what its Pods do, and how long after they serve.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Flaw {
    pub name: String,
    pub mode: ContainerMode,
    pub after: Option<Law>,
    pub is_alike: bool,
}

impl ReadFault {
    /// A fault that is no operation.
    pub fn of(fault: Fault, container: Option<Named>, deployments: Vec<Named>) -> Self {
        let (node, sizes, chosen, to) = (None, None, None, None);
        Self { fault, container, deployments, node, flaws: Vec::new(), sizes, chosen, to }
    }

    /// The fault and, behind it, the flaws of what it brings ([`Fault::bad`]).
    pub fn with_flaws(mut self) -> Vec<Self> {
        let flaws: Vec<Self> = std::mem::take(&mut self.flaws)
            .into_iter()
            .map(|Flaw { name, mode, after, is_alike }| {
                let (strikes, occurs) = (Strikes::Container(mode), Occurrence::WithRevision { after, is_alike });
                let fault = Fault { name, strikes, occurs, bad: None, ..self.fault.clone() };
                Self { fault, ..self.clone() }
            })
            .collect();
        std::iter::once(self).chain(flaws).collect()
    }

    /// The fault, with the Node, the Deployments and the container that it names found among those of the model.
    pub fn resolve(
        mut self,
        workloads: &IdVec<WorkloadId, Workload>,
        cluster: &Cluster,
        machines: &[Machine],
        problems: &mut Problems,
    ) -> Fault {
        if let (Some(named), Strikes::Drain { node, .. }) = (&self.node, &mut self.fault.strikes) {
            *node = find_node(named, cluster, problems);
        }
        if let (Some(sizes), Strikes::UpgradeNodes(plan)) = (self.sizes, &mut self.fault.strikes) {
            sizes.apply(plan, cluster.size(), cluster.zones.len());
        }
        if let Some(chosen) = self.chosen.take() {
            chosen.resolve(&mut self.fault, cluster, machines, problems);
        }
        let mut named = Vec::new();
        for one in &self.deployments {
            named.extend(find_workload(one, workloads, problems));
        }
        let is_named = !self.deployments.is_empty();
        let struck: Vec<WorkloadId> = if is_named { named } else { workloads.ids().collect() };
        self.warn_of_replicas(&struck, workloads, problems);
        self.fault.at_once = is_named && matches!(self.fault.strikes, Strikes::Deployment(_));
        let containers: Vec<TemplateContainer> = match &self.container {
            None if !is_named => return self.fault,
            None => {
                let serving = |workload: WorkloadId| workloads[workload].pod.serving;
                struck.iter().map(|&workload| TemplateContainer { workload, container: serving(workload) }).collect()
            }
            Some(container) => self.find_containers(container, &struck, workloads, problems),
        };
        self.fault.containers = containers;
        self.fault
    }

    /// A Deployment that is scaled to the replicas that it has stays as it is; one that is scaled below what is required is down.
    fn warn_of_replicas(
        &self,
        struck: &[WorkloadId],
        workloads: &IdVec<WorkloadId, Workload>,
        problems: &mut Problems,
    ) {
        let (Some(Place { mark, path }), Strikes::Scale { to }) = (&self.to, self.fault.strikes) else { return };
        for workload in struck.iter().map(|&id| &workloads[id]).filter(|workload| workload.replicas == to) {
            let message = format!("is {to}, and {} has {to} replicas in its manifest: nothing happens", workload.name);
            problems.warn(*mark, path, message).help("scale to another number");
        }
        for workload in struck.iter().map(|&id| &workloads[id]).filter(|workload| workload.min_serving > to) {
            let message = format!(
                "is {to}, below the {} Pods of {} that are required (minServing): all the time until the next scaling counts as downtime",
                workload.min_serving, workload.name
            );
            problems.warn(*mark, path, message).help("scale to more, or require less (objective.minServing)");
        }
    }

    /// The container of this name in each of these Deployments; in those that the fault does not name where they have it.
    fn find_containers(
        &self,
        named: &Named,
        struck: &[WorkloadId],
        workloads: &IdVec<WorkloadId, Workload>,
        problems: &mut Problems,
    ) -> Vec<TemplateContainer> {
        let (mut found, mut lacking) = (Vec::new(), Vec::new());
        for &workload in struck {
            let containers = &workloads[workload].pod.containers;
            let Some((id, container)) = containers.entries().find(|(_, container)| container.name == named.name) else {
                lacking.push(workload);
                continue;
            };
            let is_of_pod = self.fault.strikes == Strikes::Container(ContainerMode::Sandbox);
            let is_crash = self.fault.strikes == Strikes::Container(ContainerMode::Crash);
            if container.role == Role::Init && !is_of_pod && !is_crash {
                let message =
                    format!("is {}, an init container that runs to its end: only mode crash strikes it", named.name);
                problems.error(named.mark, &named.path, message);
            }
            found.push(TemplateContainer { workload, container: id });
        }
        if !lacking.is_empty() && (found.is_empty() || !self.deployments.is_empty()) {
            refuse_container(named, &lacking, workloads, problems);
        }
        found
    }
}

fn refuse_container(
    named: &Named,
    of: &[WorkloadId],
    workloads: &IdVec<WorkloadId, Workload>,
    problems: &mut Problems,
) {
    let containers = of.iter().flat_map(|&workload| &workloads[workload].pod.containers);
    let mut names: Vec<&str> = Vec::new();
    for container in containers {
        if !names.contains(&container.name.as_str()) {
            names.push(&container.name);
        }
    }
    let of: Vec<&str> = of.iter().map(|&workload| workloads[workload].name.as_str()).collect();
    let message = format!("is {}, must be a container of {}: {}", named.name, of.join(", "), names.join(", "));
    let problem = problems.error(named.mark, &named.path, message);
    if let Some(name) = nearest(&named.name, names) {
        problem.help(format!("did you mean `{name}`?"));
    }
}

/// The Node of this name.
pub(in crate::spec) fn find_node(named: &Named, cluster: &Cluster, problems: &mut Problems) -> Option<NodeId> {
    const SHOWN: usize = 5;
    let found = cluster.nodes.entries().find(|(_, node)| !node.is_spare && node.name == named.name).map(|(id, _)| id);
    if found.is_none() {
        let names: Vec<&str> = cluster.own_nodes().map(|node| node.name.as_str()).collect();
        let near = nearest(&named.name, names.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        let more = if names.len() > SHOWN { ", …" } else { "" };
        let listed = || format!("there are {}{more}", names[..names.len().min(SHOWN)].join(", "));
        let message = format!("is {}, must be a Node of the cluster", named.name);
        problems.error(named.mark, &named.path, message).help(near.unwrap_or_else(listed));
    }
    found
}

fn find_workload(
    named: &Named,
    workloads: &IdVec<WorkloadId, Workload>,
    problems: &mut Problems,
) -> Option<WorkloadId> {
    let node = Node { value: Value::String(named.name.clone()), mark: named.mark };
    requirement::find(&Item::new(&node, named.path.clone()), &named.name, workloads, problems)
}

/// Reads `deployments`: which of several are struck; one name, or a list of them.
pub(in crate::spec) fn read_deployments(
    object: &mut Object<'_>,
    strikes: Option<Strikes>,
    problems: &mut Problems,
) -> Vec<Named> {
    let Some(item) = object.get("deployments") else { return Vec::new() };
    if let Some(Strikes::Node(_) | Strikes::Zone(_) | Strikes::ControlPlane(_)) = strikes {
        let message = "must only be set for the targets container and deployment: a Node has Pods of all, and so has the control plane";
        problems.error(item.mark(), &item.path, message).help("leave it out");
        return Vec::new();
    }
    let items = match item.node.value {
        Value::String(_) => vec![item],
        _ => {
            let items = item.list(problems).unwrap_or_default();
            if matches!(&item.node.value, Value::List(list) if list.is_empty()) {
                problems
                    .error(item.mark(), &item.path, "is empty, must name at least one Deployment")
                    .help("leave it out to strike all, each by a clock of its own");
            }
            items
        }
    };
    let mut names: Vec<Named> = Vec::new();
    for item in items {
        let Some(name) = item.string(problems) else { continue };
        if names.iter().any(|earlier| earlier.name == name) {
            item.refuse(problems, "which occurs twice");
            continue;
        }
        names.push(Named { name: name.to_string(), mark: item.mark(), path: item.path.clone() });
    }
    names
}

/// Reads `container`: which one of the Pods is struck.
pub(in crate::spec) fn read_container(
    object: &mut Object<'_>,
    strikes: Option<Strikes>,
    problems: &mut Problems,
) -> Option<Named> {
    let item = object.get("container")?;
    let name = item.string(problems)?.to_owned();
    if !is_dns_label(&name) {
        item.refuse(problems, "must be the name of a container: lower-case letters, digits or `-`");
        return None;
    }
    match strikes {
        Some(Strikes::Container(ContainerMode::Sandbox) | Strikes::Deployment(ContainerMode::Sandbox)) => {
            let message = "must not be set: a sandbox is that of the Pod, with all its containers";
            problems.error(item.mark(), &item.path, message);
        }
        Some(
            Strikes::Deletion
            | Strikes::Node(_)
            | Strikes::Zone(_)
            | Strikes::ControlPlane(_)
            | Strikes::Rollout { .. }
            | Strikes::Scale { .. }
            | Strikes::Drain { .. }
            | Strikes::UpgradeNodes(_)
            | Strikes::WithdrawNode(_),
        ) => {
            let message = "must only be set for the targets container and deployment, with a mode other than delete";
            problems.error(item.mark(), &item.path, message);
        }
        Some(Strikes::Container(_) | Strikes::Deployment(_)) | None => {}
    }
    Some(Named { name, mark: item.mark(), path: item.path.clone() })
}

/// Reads one fault.
pub(in crate::spec) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<ReadFault> {
    let mut object = item.our_object(problems)?;
    let name = object.require("name", problems).and_then(|name| read_name(&name, problems));
    let kind = object.require("target", problems).and_then(|target| target.word(problems, &TARGETS));
    let strikes = read_strikes(&mut object, kind, problems);
    // What strikes every second or more often never lets its target serve.
    let least = Duration::from_secs(1);
    let every = object.require("every", problems).and_then(|every| law::read_recurring(&every, problems, least));
    let is_machine = matches!(kind, Some(Kind::Node | Kind::Zone));
    let lasts = read_lasts(&mut object, strikes, is_machine || is_api_server(strikes), problems);
    let source = object.require("source", problems).and_then(|source| {
        let text = source.string(problems)?;
        if text.trim().is_empty() {
            source.refuse(problems, "must say where the numbers come from, or `assumption`");
        }
        Some(text.to_string())
    });
    let container = read_container(&mut object, strikes, problems);
    let deployments = read_deployments(&mut object, strikes, problems);
    object.finish(problems, &[]);
    let fault = Fault {
        name: name?,
        occurs: Occurrence::Every(every?),
        lasts: lasts?,
        strikes: strikes?,
        containers: Vec::new(),
        at_once: false,
        nodes: Vec::new(),
        bad: None,
        source: source?,
    };
    Some(ReadFault::of(fault, container, deployments))
}

/// The name of a fault, in results.
pub(in crate::spec) fn read_name(item: &Item<'_>, problems: &mut Problems) -> Option<String> {
    let text = item.string(problems)?;
    if RESERVED.contains(&text) {
        item.refuse(problems, "which is a cause without a fault in the reports: choose another name");
    } else if !is_dns_label(text) {
        item.refuse(problems, "must be lower-case letters, digits or `-`, first and last a letter or digit");
    } else {
        return Some(text.to_string());
    }
    None
}

/// Reads `mode` and `affects`.
pub(in crate::spec) fn read_strikes(
    object: &mut Object<'_>,
    kind: Option<Kind>,
    problems: &mut Problems,
) -> Option<Strikes> {
    let mode = object.require("mode", problems);
    let affects = object.get("affects");
    let mode_is = |words: &[&str]| mode.as_ref().is_some_and(|mode| words.iter().any(|word| mode_text(mode) == *word));
    let affects = match affects {
        None => Affects::ALL,
        Some(list) if kind == Some(Kind::ControlPlane) => {
            let message = "must not be set: nobody's requests or probes pass through the control plane";
            problems.error(list.mark(), &list.path, message).help("leave it out");
            return None;
        }
        Some(list) if mode_is(&["crash", "sandbox", "delete", "partition", "isolation", "kubelet"]) => {
            let message = "must only be set for hang and error: everybody sees the other modes";
            problems.error(list.mark(), &list.path, message);
            return None;
        }
        Some(list) => read_affects(&list, problems)?,
    };
    let container = [
        ("crash", ContainerMode::Crash),
        ("hang", ContainerMode::Hang(affects)),
        ("error", ContainerMode::Error(affects)),
        ("sandbox", ContainerMode::Sandbox),
    ];
    let node = [
        ("crash", NodeMode::Crash),
        ("partition", NodeMode::Partition),
        ("isolation", NodeMode::Isolation),
        ("kubelet", NodeMode::Kubelet),
    ];
    let control_plane = CONTROL_PLANE.map(|mode| (mode.name(), Strikes::ControlPlane(mode)));
    let mode = mode?;
    match kind? {
        Kind::Container => {
            let words = container.map(|(word, mode)| (word, Strikes::Container(mode)));
            mode.word(problems, &[&words[..], &[("delete", Strikes::Deletion)]].concat())
        }
        Kind::Deployment => mode.word(problems, &container).map(Strikes::Deployment),
        Kind::Node => mode.word(problems, &node).map(Strikes::Node),
        Kind::Zone => mode.word(problems, &node).map(Strikes::Zone),
        Kind::ControlPlane => mode.word(problems, &control_plane),
    }
}

fn mode_text<'a>(mode: &Item<'a>) -> &'a str {
    match &mode.node.value {
        Value::String(text) => text,
        _ => "",
    }
}

/// How the control plane fails.
const CONTROL_PLANE: [ControlPlaneMode; 4] = [
    ControlPlaneMode::ApiServer,
    ControlPlaneMode::ControllerManager,
    ControlPlaneMode::Scheduler,
    ControlPlaneMode::SchedulerStop,
];

/// Nothing takes the place of an API server: how long it is away has to be said.
pub(in crate::spec) fn is_api_server(strikes: Option<Strikes>) -> bool {
    strikes == Some(Strikes::ControlPlane(ControlPlaneMode::ApiServer))
}

/// `Some(None)`: the fault has no end of its own; `None`: what is there is wrong.
pub(in crate::spec) fn read_lasts(
    object: &mut Object<'_>,
    strikes: Option<Strikes>,
    required: bool,
    problems: &mut Problems,
) -> Option<Option<Law>> {
    let item = if required {
        object.require("lasts", problems)?
    } else {
        let Some(item) = object.get("lasts") else { return Some(None) };
        item
    };
    if let Some(why) = strikes.and_then(over_at_once) {
        problems.error(item.mark(), &item.path, format!("must not be set: {why}"));
        return None;
    }
    let law = law::read(&item, problems)?;
    if law.mean() > 0.0 {
        return Some(Some(law));
    }
    item.refuse(problems, "must be longer than nothing");
    None
}

/// Why a fault has no duration of its own, if that is so.
pub(in crate::spec) fn over_at_once(strikes: Strikes) -> Option<&'static str> {
    match strikes {
        Strikes::Container(ContainerMode::Crash) | Strikes::Deployment(ContainerMode::Crash) => {
            Some("the crash of a container lasts until its restart")
        }
        Strikes::Container(ContainerMode::Sandbox) | Strikes::Deployment(ContainerMode::Sandbox) => {
            Some("the kubelet makes a new sandbox")
        }
        Strikes::Deletion => Some("the Pod is replaced"),
        Strikes::ControlPlane(ControlPlaneMode::SchedulerStop) => {
            Some("the scheduler releases its Lease, and a standby takes over when it looks next")
        }
        _ => None,
    }
}

fn read_affects(item: &Item<'_>, problems: &mut Problems) -> Option<Affects> {
    let mut affects = Affects { requests: false, readiness: false, liveness: false, startup: false };
    let list = item.list(problems)?;
    if list.is_empty() {
        problems.error(item.mark(), &item.path, "is empty, must name who sees the fault");
    }
    for word in list {
        let words = [("requests", 0), ("readiness", 1), ("liveness", 2), ("startup", 3)];
        match word.word(problems, &words)? {
            0 => affects.requests = true,
            1 => affects.readiness = true,
            2 => affects.liveness = true,
            _ => affects.startup = true,
        }
    }
    Some(affects)
}
