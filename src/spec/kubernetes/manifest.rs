//! Kubernetes manifests: which documents are read, and which Deployment is meant.

use crate::spec::advice;
use crate::spec::autoscaler::{self, Autoscaler};
use crate::spec::deployment::{self, Deployment};
use crate::spec::diagnostic::Problems;
use crate::spec::labels::read_labels;
use crate::spec::never_ready;
use crate::spec::never_served;
use crate::spec::objects::{self, Machine, Service};
use crate::spec::reader::{Item, nearest};
use crate::spec::serving;
use crate::spec::slo;
use crate::spec::tree::{Mark, Node, Sources, Value};
use crate::spec::unplayed;
use crate::study::API_VERSION;

/// What one kind of document is to hasim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Kind {
    Deployment,
    Service,
    Budget,
    Node,
    App,
    Cluster,
    FaultModel,
    Operations,
    Traffic,
    Experiment,
    Incidents,
    Autoscaler,
    /// SLOs in the format of another tool.
    Slo,
    Other,
}

/// Kinds of Kubernetes with the versions that 1.36 serves, the one to write first.
const KUBERNETES: [(&str, &[&str], Kind); 5] = [
    ("Deployment", &["apps/v1"], Kind::Deployment),
    ("Service", &["v1"], Kind::Service),
    ("PodDisruptionBudget", &["policy/v1"], Kind::Budget),
    ("Node", &["v1"], Kind::Node),
    ("HorizontalPodAutoscaler", &["autoscaling/v2", "autoscaling/v1"], Kind::Autoscaler),
];
const HASIM: [(&str, Kind); 7] = [
    ("App", Kind::App),
    ("Cluster", Kind::Cluster),
    ("FaultModel", Kind::FaultModel),
    ("Operations", Kind::Operations),
    ("Traffic", Kind::Traffic),
    ("Experiment", Kind::Experiment),
    ("Incidents", Kind::Incidents),
];

/// Whether documents of this kind are read, or of one whose name is much like it; or refused with a reason of their own.
pub(in crate::spec) fn may_be_read(kind: &str) -> bool {
    let ours = HASIM.iter().map(|(name, _)| *name);
    unplayed::is_known(kind)
        || slo::KINDS.contains(&kind)
        || nearest(kind, KUBERNETES.iter().map(|(name, ..)| *name).chain(ours)).is_some()
}

/// Finds out what a document is; `None` if it says nothing valid about that.
pub(in crate::spec) fn kind(document: &Node, problems: &mut Problems) -> Option<Kind> {
    if slo::format(document).is_some() {
        return Some(Kind::Slo);
    }
    let mut object = Item::new(document, "").object(problems)?;
    let version = object.require("apiVersion", problems);
    let kind = object.require("kind", problems);
    let (version, kind) = (version?, kind?);
    let (version_text, kind_text) = (version.string(problems)?, kind.string(problems)?);
    if version_text == API_VERSION {
        let found = HASIM.iter().find(|(name, _)| *name == kind_text);
        if found.is_none() {
            let names = HASIM.map(|(name, _)| name);
            let rule = format!("must be one of: {}", names.join(", "));
            let problem = problems.value(kind.node, &kind.path, rule);
            if let Some(name) = nearest(kind_text, names) {
                problem.help(format!("did you mean `{name}`?"));
            }
        }
        return found.map(|(_, kind)| *kind);
    }
    if version_text.starts_with("hasim/") {
        version.refuse(problems, format_args!("must be {API_VERSION}"));
        return None;
    }
    if HASIM.iter().any(|(name, _)| *name == kind_text) && !version_text.contains('/') {
        version.refuse(problems, format_args!("must be {API_VERSION} for kind {kind_text}"));
        return None;
    }
    match KUBERNETES.iter().find(|(name, _, _)| *name == kind_text) {
        Some((_, served, found)) if served.contains(&version_text) => Some(*found),
        // Another group may have a kind of the same name, such as serving.knative.dev Service.
        Some((_, served, _)) if version_text.contains('/') && !same_group(version_text, served[0]) => Some(Kind::Other),
        Some((_, served, found)) => {
            let rule = format!("must be {} for kind {kind_text}", served.join(" or "));
            let problem = problems.value(version.node, &version.path, rule);
            if version_text.contains('/') {
                let has_selector = document.get("spec").is_some_and(|spec| spec.get("selector").is_some());
                let selector = if *found == Kind::Deployment && !has_selector {
                    ", and give its spec the `selector` that it must have there"
                } else {
                    ""
                };
                problem.help(format!("Kubernetes 1.36 does not serve it: write `apiVersion: {}`{selector}", served[0]));
            }
            None
        }
        None => {
            if !unplayed::is_known(kind_text)
                && let Some(name) = nearest(kind_text, KUBERNETES.map(|(name, _, _)| name))
            {
                let problem = problems.warn(kind.mark(), &kind.path, format!("is {kind_text}, which is not read"));
                problem.help(format!("did you mean `{name}`?"));
            }
            Some(Kind::Other)
        }
    }
}

fn same_group(version: &str, wanted: &str) -> bool {
    let group = |text: &str| text.rsplit_once('/').map_or("", |(group, _)| group).to_string();
    group(version) == group(wanted) || version.starts_with("extensions/")
}

/// Takes lists apart and drops empty documents.
pub(in crate::spec) fn flatten(documents: Vec<Node>) -> Vec<Node> {
    let mut flat = Vec::new();
    for document in documents {
        if document.is_null() {
            continue;
        }
        let is_list = document.text("kind").is_some_and(|kind| kind.ends_with("List"))
            && matches!(document.get("items").map(|items| &items.value), Some(Value::List(_) | Value::Null));
        if !is_list {
            flat.push(document);
            continue;
        }
        // A typed list, such as DeploymentList, need not repeat the kind in each item.
        let kind = document.text("kind").and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
        let (kind, version) = (kind.map(str::to_string), document.get("apiVersion").cloned());
        let mark = document.mark;
        let Value::Map(entries) = document.value else { continue };
        for entry in entries.into_iter().filter(|entry| entry.key == "items") {
            let Value::List(items) = entry.value.value else { continue };
            let items = items
                .into_iter()
                .map(|mut item| {
                    if let (Value::Map(fields), Some(kind), Some(version)) = (&mut item.value, &kind, &version) {
                        let mut add = |key: &str, value: Node| {
                            if fields.iter().all(|field| field.key != key) {
                                fields.push(crate::spec::tree::Entry { key: key.to_string(), key_mark: mark, value });
                            }
                        };
                        add("kind", Node { value: Value::String(kind.clone()), mark });
                        add("apiVersion", version.clone());
                    }
                    item
                })
                .collect();
            flat.extend(flatten(items));
        }
    }
    flat
}

/// The documents of a manifest, each with its kind.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Manifest {
    pub documents: Vec<(Kind, Node)>,
}

/// Sorts the documents of a manifest and notes what is skipped.
pub(in crate::spec) fn sort(file: u32, documents: Vec<Node>, problems: &mut Problems) -> Manifest {
    let mut sorted = Vec::new();
    for document in flatten(documents) {
        let Some(kind) = kind(&document, problems) else { continue };
        if kind == Kind::Other {
            unplayed::note(&document, problems);
        }
        sorted.push((kind, document));
    }
    if sorted.is_empty() && !problems.has_errors() {
        problems.error(Mark::start_of(file), "", "holds no document").help("a manifest has apiVersion, kind, metadata");
    }
    Manifest { documents: sorted }
}

/// Which Deployment of a manifest is meant.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Choice {
    pub name: Option<String>,
    pub namespace: Option<String>,
}

impl Manifest {
    /// The position of the one Deployment that is meant.
    pub fn choose(
        &self,
        choice: &Choice,
        (at, path): (Mark, &str),
        sources: &Sources,
        problems: &mut Problems,
    ) -> Option<usize> {
        let all: Vec<(usize, (String, String))> = (0..self.documents.len())
            .filter(|index| self.documents[*index].0 == Kind::Deployment)
            .map(|index| (index, label(&self.documents[index].1)))
            .collect();
        let meant: Vec<usize> = all
            .iter()
            .filter(|(_, (namespace, name))| {
                choice.name.as_ref().is_none_or(|wanted| wanted == name)
                    && choice.namespace.as_ref().is_none_or(|wanted| wanted == namespace)
            })
            .map(|(index, _)| *index)
            .collect();
        let names: Vec<String> = all.iter().map(|(_, (namespace, name))| format!("{namespace}/{name}")).collect();
        match meant.as_slice() {
            [index] => Some(*index),
            _ if all.is_empty() => {
                if !unplayed::refuse(self.of(Kind::Other), sources, problems) {
                    problems.error(at, path, "names a file without a Deployment");
                }
                None
            }
            [] => {
                let message = format!("names a Deployment that is not in the file; there are: {}", names.join(", "));
                problems.error(at, path, message);
                None
            }
            _ => {
                let message = format!("names a file with several Deployments: {}", names.join(", "));
                let (_, name) = &all[0].1;
                problems.error(at, path, message).help(format!(
                    "choose one, by its namespace too if need be: `deployment: {{file: …, name: {name}}}` in an \
                         experiment, `--deployment {name}` with `hasim estimate` and `hasim compare`"
                ));
                None
            }
        }
    }

    /// A Deployment of this manifest, or what a scenario has made of it: with the replicas that its autoscaler gives it and
    /// the container that serves, the one of this name if there is one.
    pub fn deployment(&self, document: &Node, container: Option<&str>, problems: &mut Problems) -> Option<Deployment> {
        self.scaled(document, self.autoscaler_of(document), container, problems)
    }

    /// The same with this autoscaler, or what a scenario has made of it.
    pub fn scaled(
        &self,
        document: &Node,
        autoscaler: Option<&Node>,
        container: Option<&str>,
        problems: &mut Problems,
    ) -> Option<Deployment> {
        let mut deployment = deployment::read(document, problems)?;
        let quiet = &mut Problems::default();
        let services = self.services(&deployment, quiet);
        deployment.pod.main = serving::choose(&deployment, &services, container);
        let own: Vec<Mark> = self.autoscalers_of(&deployment).map(|document| document.mark).collect();
        if let [_, second, ..] = own.as_slice() {
            let message = format!("is a second autoscaler of {}: none of them acts then", deployment.name);
            problems.warn(*second, "", message);
        } else if let Some(autoscaler) = autoscaler {
            let found = &mut Problems { patching: problems.patching, ..Problems::default() };
            let read = autoscaler::read(autoscaler, found);
            // What the file says is told of when that is read; what a scenario has made of it is told of here.
            let is_as_written = self.of(Kind::Autoscaler).any(|written| written.to_json() == autoscaler.to_json());
            problems.list.extend(found.list.drain(..).filter(|_| !is_as_written));
            read?.bound(&mut deployment, problems);
        }
        Some(deployment)
    }

    /// The autoscaler of a Deployment, if it has one that acts: of several none does (H14).
    pub fn autoscaler_of(&self, document: &Node) -> Option<&Node> {
        let deployment = deployment::read(document, &mut Problems::default())?;
        let own: Vec<&Node> = self.autoscalers_of(&deployment).collect();
        if let [only] = own.as_slice() { Some(only) } else { None }
    }

    /// All that scale a Deployment.
    fn autoscalers_of(&self, deployment: &Deployment) -> impl Iterator<Item = &Node> {
        self.of(Kind::Autoscaler).filter(|document| {
            autoscaler::read(document, &mut Problems::default()).is_some_and(|read| read.scales(deployment))
        })
    }

    /// The Services that select the Pods of a Deployment, in the order of the file.
    pub fn services(&self, deployment: &Deployment, problems: &mut Problems) -> Vec<Service> {
        self.of(Kind::Service)
            .filter_map(|document| objects::read_service(document, problems))
            .filter(|service| {
                service.namespace == deployment.namespace
                    && service.selector.as_ref().is_some_and(|selector| selector.matches(&deployment.labels))
            })
            .map(|service| Service { others: self.others(&service, deployment), ..service })
            .collect()
    }

    /// Other Deployments of which the Service selects Pods.
    fn others(&self, service: &Service, deployment: &Deployment) -> Vec<String> {
        let Some(selector) = &service.selector else { return Vec::new() };
        let others = self.of(Kind::Deployment).filter_map(|document| {
            let (metadata, template) = (document.get("metadata")?, document.get("spec")?.get("template")?);
            let name = metadata.text("name").unwrap_or_default();
            let namespace = metadata.text("namespace").unwrap_or("default");
            let is_other = namespace == deployment.namespace && name != deployment.name && !is_idle(document);
            let labels = Item::new(template.get("metadata")?.get("labels")?, "");
            let labels = read_labels(&labels, &mut Problems::default())?;
            (is_other && selector.matches(&labels)).then(|| name.to_string())
        });
        others.collect()
    }

    /// Reads the autoscalers of this manifest, and warns of those that scale nothing.
    pub fn tell_of_autoscalers(&self, problems: &mut Problems) {
        for document in self.of(Kind::Autoscaler) {
            let Some(Autoscaler { namespace, target: Some((kind, name)), mark, .. }) =
                autoscaler::read(document, problems)
            else {
                continue;
            };
            let is_there = self.of(Kind::Deployment).any(|one| label(one) == (namespace.clone(), name.clone()));
            if kind == "Deployment" && !is_there {
                let message = format!("scales nothing: the file has no Deployment {name} in the namespace {namespace}");
                problems
                    .warn(mark, "spec.scaleTargetRef", message)
                    .help("an autoscaler counts beside its Deployment, in the same file and namespace");
            }
        }
    }

    /// The Nodes of this manifest.
    pub fn machines(&self, problems: &mut Problems) -> Vec<Machine> {
        self.of(Kind::Node).filter_map(|document| objects::read_node(document, problems)).collect()
    }

    /// The documents of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Node> {
        self.documents.iter().filter(move |(found, _)| *found == kind).map(|(_, document)| document)
    }
}

/// The namespace and the name of an object.
pub(in crate::spec) fn label(document: &Node) -> (String, String) {
    let metadata = document.get("metadata");
    let name = metadata.and_then(|metadata| metadata.text("name")).unwrap_or("");
    let namespace = metadata.and_then(|metadata| metadata.text("namespace")).unwrap_or("default");
    (namespace.to_string(), name.to_string())
}

/// Whether a Deployment is to have no Pods: its replicas are 0, which no autoscaler changes.
pub(in crate::spec) fn is_idle(document: &Node) -> bool {
    let replicas = document.get("spec").and_then(|spec| spec.get("replicas"));
    replicas.is_some_and(|replicas| matches!(replicas.value, Value::Int(0)))
}

/// Validates every Kubernetes document of a file that is read, whatever Deployment is meant, and advises on Deployments
/// without an error.
pub(in crate::spec) fn check(manifest: &Manifest, problems: &mut Problems) {
    for (kind, document) in &manifest.documents {
        match kind {
            Kind::Deployment => {
                let mut found = Problems::default();
                let deployment = manifest.deployment(document, None, &mut found);
                let deployment = deployment.filter(|_| !found.has_errors());
                problems.list.append(&mut found.list);
                if let Some(deployment) = deployment {
                    let services = manifest.services(&deployment, &mut Problems::default());
                    serving::tell(&deployment, &services, None, problems);
                    serving::tell_of_others(&deployment, &services, problems);
                    never_ready::check(&deployment, &services, problems);
                    never_served::check(&deployment, &services, problems);
                    problems.condemn();
                    advice::on_manifest(manifest, document, &deployment, problems);
                }
            }
            Kind::Autoscaler => {
                let _ = autoscaler::read(document, problems);
            }
            Kind::Service => {
                let _ = objects::read_service(document, problems);
            }
            Kind::Budget => {
                let _ = objects::read_budget(document, problems);
            }
            Kind::Node => {
                let _ = objects::read_node(document, problems);
            }
            _ => {}
        }
    }
}
