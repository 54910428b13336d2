//! The system that is asked about: the documents of a manifest, an app, a cluster and the faults, before any scenario
//! changes them.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::spec::app;
use crate::spec::cluster;
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::{self, Deployments, FaultSource, Reference, References};
use crate::spec::faults::{self, FaultModel};
use crate::spec::loader::Loader;
use crate::spec::manifest::{self, Choice, Kind, Manifest};
use crate::spec::objects::{self, Machine};
use crate::spec::operations;
use crate::spec::reader::Item;
use crate::spec::serving::{self, Named};
use crate::spec::traffic;
use crate::spec::tree::{Node, Value};

/// The documents of a system, as its files have them.
#[derive(Clone)]
pub(in crate::spec) struct System {
    /// Its Deployments; at least one.
    pub members: Vec<Member>,
    /// They stand in `deployments`, so that keys of `vary` name them.
    pub are_listed: bool,
    /// The App of those that have none of their own.
    pub app: Option<Node>,
    pub cluster: Node,
    /// How many requests come, if that is said.
    pub traffic: Option<Node>,
    pub machines: Vec<Machine>,
    pub machine_documents: Vec<Node>,
    pub faults: Vec<(Node, String)>,
    /// Changes that are made on purpose.
    pub operations: Vec<(Node, String)>,
    /// `onCall` of the last that has one, with its path; null: nobody.
    pub on_call: (Node, String),
}

/// One of its Deployments.
#[derive(Clone)]
pub(in crate::spec) struct Member {
    /// What the experiment calls it.
    pub name: String,
    pub manifest: Manifest,
    pub chosen: usize,
    /// The container that the experiment names.
    pub named: Option<Named>,
    /// The name of the container that serves, as the files have it.
    pub serving: String,
    /// Its own App.
    pub app: Option<Node>,
    /// Its own objective.
    pub objective: Option<Node>,
    /// How the experiment refers to it, for the inputs of the results.
    reference: experiment::Member,
}

impl Member {
    /// The Deployment as its file has it.
    pub fn document(&self) -> &Node {
        &self.manifest.documents[self.chosen].1
    }

    /// Where its own objective stands in the experiment.
    pub fn objective_path(&self) -> String {
        format!("{}.objective", self.reference.path)
    }

    fn load(loader: &mut Loader<'_>, folder: &Path, reference: &experiment::Member) -> Option<Self> {
        let (manifest, chosen) = load_manifest(loader, folder, &reference.deployment)?;
        let app = match &reference.app {
            Some(app) => Some(loader.refer_kind(folder, app, Kind::App)?.0),
            None => None,
        };
        let named = reference.container.clone();
        let serving = serving_container(&manifest, chosen, named.as_ref(), &mut loader.problems);
        let metadata = manifest.documents[chosen].1.get("metadata");
        let own = metadata.and_then(|metadata| metadata.text("name")).unwrap_or_default();
        let name = reference.alias.clone().unwrap_or_else(|| own.to_string());
        let objective = reference.objective.clone();
        Some(Self { name, manifest, chosen, named, serving, app, objective, reference: reference.clone() })
    }

    /// The same with another container that serves.
    fn serving(mut self, named: Option<&Named>, problems: &mut Problems) -> Self {
        if let Some(named) = named {
            self.named = Some(named.clone());
            self.serving = serving_container(&self.manifest, self.chosen, Some(named), problems);
        }
        self
    }

    fn documents(&self) -> Json {
        let mut manifest: Vec<Json> = vec![self.document().to_json()];
        for kind in [Kind::Service, Kind::Autoscaler, Kind::Budget, Kind::Node] {
            manifest.extend(self.manifest.of(kind).map(Node::to_json));
        }
        Json::Array(manifest)
    }

    /// How it stands in `deployments`, with its documents in the place of files.
    fn to_json(&self) -> Json {
        let Reference { name, namespace, .. } = &self.reference.deployment;
        let fields = [
            ("file", Some(self.documents())),
            ("name", name.clone().map(Json::String)),
            ("namespace", namespace.clone().map(Json::String)),
            ("as", self.reference.alias.clone().map(Json::String)),
            ("app", self.app.as_ref().map(Node::to_json)),
            ("container", self.named.as_ref().map(|named| Json::String(named.name.clone()))),
            ("objective", self.objective.as_ref().map(Node::to_json)),
        ];
        fields.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?))).collect::<Map<_, _>>().into()
    }
}

impl System {
    /// Reads the files of an experiment, or of a candidate over those of the experiment.
    pub fn load(loader: &mut Loader<'_>, folder: &Path, references: &References, base: Option<&Self>) -> Option<Self> {
        let named = references.container.as_ref();
        let members: Option<Vec<Member>> = match &references.deployments {
            Some(deployments) => {
                let read = deployments.list.iter().map(|reference| Member::load(loader, folder, reference));
                let read = read.collect::<Vec<_>>();
                let earlier = base.filter(|base| !base.are_listed).and_then(|base| base.members[0].named.as_ref());
                let named = named.or(earlier.filter(|_| !deployments.are_listed));
                let read = read.into_iter().collect::<Option<Vec<Member>>>();
                read.map(|read| read.into_iter().map(|member| member.serving(named, &mut loader.problems)).collect())
            }
            None => base.map(|base| {
                if let Some(named) = named.filter(|_| base.are_listed) {
                    experiment::refuse_container_beside_deployments(named, &mut loader.problems);
                }
                let members = base.members.iter().cloned();
                let named = named.filter(|_| !base.are_listed);
                members.map(|member| member.serving(named, &mut loader.problems)).collect()
            }),
        };
        let are_listed = references
            .deployments
            .as_ref()
            .map_or_else(|| base.is_some_and(|base| base.are_listed), |deployments| deployments.are_listed);
        if let (Some(deployments), Some(members)) = (&references.deployments, &members) {
            check_names(deployments, members, &mut loader.problems);
        }
        // `None` where what is named cannot be read.
        let app: Option<Option<Node>> = match &references.app {
            Some(reference) => loader.refer_kind(folder, reference, Kind::App).map(|(node, _)| Some(node)),
            None => Some(base.and_then(|base| base.app.clone())),
        };
        let cluster = match &references.cluster {
            Some(reference) => loader
                .refer_kind(folder, reference, Kind::Cluster)
                .map(|(node, manifest)| (node, manifest.of(Kind::Node).cloned().collect::<Vec<Node>>())),
            None => base.map(|base| (base.cluster.clone(), base.machine_documents.clone())),
        };
        let traffic: Option<Option<Node>> = match &references.traffic {
            Some(reference) => loader.refer_kind(folder, reference, Kind::Traffic).map(|(node, _)| Some(node)),
            None => Some(base.and_then(|base| base.traffic.clone())),
        };
        let faults = match (&references.faults, base) {
            (Some(sources), _) => load_faults(loader, folder, sources),
            (None, Some(base)) => FaultModel { faults: base.faults.clone(), on_call: Some(base.on_call.clone()) },
            (None, None) => FaultModel::default(),
        };
        let operations = match (&references.operations, base) {
            (Some(sources), _) => load_operations(loader, folder, sources),
            (None, base) => base.map(|base| base.operations.clone()).unwrap_or_default(),
        };
        if references.operations.is_some() {
            forbid_names_of_faults(&operations, &faults, &mut loader.problems);
        }
        let needs_app = |members: &Vec<Member>| members.iter().any(|member| member.app.is_none());
        let has_apps = app.as_ref().is_some_and(|app| app.is_some() || !members.as_ref().is_some_and(needs_app));
        if members.is_none() || !has_apps || cluster.is_none() || traffic.is_none() {
            // No scenario will be made, so what is there is read here: all errors are to be seen at once.
            let problems = &mut loader.problems;
            for member in members.iter().flatten() {
                let _ = member.manifest.deployment(member.document(), None, problems);
            }
            let _ = app.flatten().map(|document| app::read(&document, problems));
            let _ = cluster.map(|(document, _)| cluster::read(&document, problems));
            let _ = traffic.flatten().map(|document| traffic::read(&document, problems));
            return None;
        }
        let (members, (cluster, machine_documents)) = (members?, cluster?);
        let mut machines: Vec<Machine> = Vec::new();
        for member in &members {
            machines.extend(member.manifest.machines(&mut loader.problems));
        }
        machines.extend(machine_documents.iter().filter_map(|node| objects::read_node(node, &mut loader.problems)));
        let FaultModel { faults, on_call } = faults;
        let nobody = (Node { value: Value::Null, mark: cluster.mark }, String::new());
        let on_call = on_call.unwrap_or(nobody);
        let (app, traffic) = (app.flatten(), traffic.flatten());
        Some(Self {
            members,
            are_listed,
            app,
            cluster,
            traffic,
            machines,
            machine_documents,
            faults,
            operations,
            on_call,
        })
    }

    /// What is needed to repeat the run.
    pub fn to_json(&self) -> Json {
        let cluster: Vec<Json> =
            std::iter::once(&self.cluster).chain(&self.machine_documents).map(Node::to_json).collect();
        let mut faults: Vec<Json> = self.faults.iter().map(|(fault, _)| fault.to_json()).collect();
        if !self.on_call.0.is_null() {
            faults.push(json!({ "onCall": self.on_call.0.to_json() }));
        }
        let (key, deployments) = if self.are_listed {
            ("deployments", self.members.iter().map(Member::to_json).collect())
        } else {
            ("deployment", self.members[0].documents())
        };
        let mut system = json!({ key: deployments });
        if let Some(app) = &self.app {
            system["app"] = app.to_json();
        }
        system["cluster"] = Json::Array(cluster);
        if let Some(traffic) = &self.traffic {
            system["traffic"] = traffic.to_json();
        }
        system["faults"] = Json::Array(faults);
        if !self.operations.is_empty() {
            system["operations"] = self.operations.iter().map(|(operation, _)| operation.to_json()).collect();
        }
        system
    }
}

/// Refuses two Deployments of one name: keys, results and faults could not tell them apart.
fn check_names(deployments: &Deployments, members: &[Member], problems: &mut Problems) {
    for (index, (member, reference)) in members.iter().zip(&deployments.list).enumerate() {
        if members[..index].iter().any(|earlier| earlier.name == member.name) {
            let Reference { mark, path, .. } = &reference.deployment;
            let message =
                format!("is called {}, as an earlier Deployment is: must have a name of its own", member.name);
            problems.error(*mark, path, message).help("write `{file: …, as: NAME}`");
        }
    }
}

/// The name of the container that serves. A Deployment that is wrong is read again for every scenario, and told of there.
fn serving_container(manifest: &Manifest, chosen: usize, named: Option<&Named>, problems: &mut Problems) -> String {
    let document = &manifest.documents[chosen].1;
    let name = named.map(|named| named.name.as_str());
    let Some(deployment) = manifest.deployment(document, name, &mut Problems::default()) else { return String::new() };
    if let Some(named) = named {
        serving::check_name(&deployment, named, problems);
    }
    deployment.pod.main().name.clone()
}

fn load_manifest(loader: &mut Loader<'_>, folder: &Path, reference: &Reference) -> Option<(Manifest, usize)> {
    let (file, documents) = loader.refer_manifest(folder, reference)?;
    let manifest = manifest::sort(file, documents, &mut loader.problems);
    let choice = Choice { name: reference.name.clone(), namespace: reference.namespace.clone() };
    let at = (reference.mark, reference.path.as_str());
    let chosen = manifest.choose(&choice, at, &loader.sources, &mut loader.problems)?;
    for budget in manifest.of(Kind::Budget) {
        let _ = objects::read_budget(budget, &mut loader.problems);
    }
    for service in manifest.of(Kind::Service) {
        let _ = objects::read_service(service, &mut loader.problems);
    }
    manifest.tell_of_autoscalers(&mut loader.problems);
    Some((manifest, chosen))
}

/// Later faults override earlier ones of the same name, in their place; the last `onCall` counts.
fn load_faults(loader: &mut Loader<'_>, folder: &Path, sources: &[FaultSource]) -> FaultModel {
    let mut whole = FaultModel::default();
    for source in sources {
        let part = match source {
            FaultSource::Inline(node, path) => {
                forbid_second(node, path, sources, &mut loader.problems);
                inline(node, path, &mut loader.problems)
            }
            FaultSource::File(reference) => {
                let Some((document, _)) = loader.refer_kind(folder, reference, Kind::FaultModel) else { continue };
                faults::check(&document, &mut loader.problems);
                faults::open(&document, &mut Problems::default())
            }
        };
        whole.on_call = part.on_call.or(whole.on_call);
        part.faults.into_iter().for_each(|entry| put(&mut whole.faults, entry));
    }
    whole
}

/// Later operations override earlier ones of the same name, in their place.
fn load_operations(loader: &mut Loader<'_>, folder: &Path, sources: &[FaultSource]) -> Vec<(Node, String)> {
    let mut whole = Vec::new();
    for source in sources {
        let part = match source {
            FaultSource::Inline(node, path) => {
                forbid_second(node, path, sources, &mut loader.problems);
                vec![(node.clone(), path.clone())]
            }
            FaultSource::File(reference) => {
                let Some((document, _)) = loader.refer_kind(folder, reference, Kind::Operations) else { continue };
                operations::check(&document, &mut loader.problems);
                operations::open(&document, &mut Problems::default())
            }
        };
        part.into_iter().for_each(|entry| put(&mut whole, entry));
    }
    whole
}

/// What a file says is changed by an entry of its name; two entries of one list that have one name are a mistake.
fn forbid_second(entry: &Node, path: &str, sources: &[FaultSource], problems: &mut Problems) {
    let Some(name) = entry.text("name") else { return };
    let first = sources.iter().find_map(|source| match source {
        FaultSource::Inline(node, path) if node.text("name") == Some(name) => Some(path),
        FaultSource::Inline(..) | FaultSource::File(_) => None,
    });
    if let Some(first) = first.filter(|first| *first != path) {
        problems
            .error(entry.mark, path, format!("has the name {name}, which {first} has"))
            .help("give one of them another name: results tell them apart by it");
    }
}

/// Results tell causes apart by their names.
fn forbid_names_of_faults(operations: &[(Node, String)], faults: &FaultModel, problems: &mut Problems) {
    for (operation, path) in operations {
        let name = operation.text("name");
        if let Some(name) = name.filter(|&name| faults.faults.iter().any(|(fault, _)| fault.text("name") == Some(name)))
        {
            let message = format!("has the name {name}, which a fault has");
            problems
                .error(operation.mark, path, message)
                .help("give one of them another name: results tell them apart by it");
        }
    }
}

/// Adds an entry, or puts it in the place of an earlier one of its name.
fn put(entries: &mut Vec<(Node, String)>, entry: (Node, String)) {
    let name = entry.0.text("name").map(str::to_string);
    match entries.iter_mut().find(|(earlier, _)| name.is_some() && earlier.text("name") == name.as_deref()) {
        Some(earlier) => *earlier = entry,
        None => entries.push(entry),
    }
}

/// An entry of the experiment itself: a fault, or `{onCall: …}`.
fn inline(node: &Node, path: &str, problems: &mut Problems) -> FaultModel {
    let Some(on_call) = node.get("onCall") else {
        return FaultModel { faults: vec![(node.clone(), path.to_string())], on_call: None };
    };
    let item = Item::new(node, path.to_string());
    if let Some(mut object) = item.our_object(problems) {
        let _ = object.get("onCall");
        object.finish(problems, &[]);
    }
    FaultModel { faults: Vec::new(), on_call: Some((on_call.clone(), format!("{path}.onCall"))) }
}
