//! The system that is asked about: the documents of a manifest, an app, a cluster and the faults, before any scenario
//! changes them.

use std::path::Path;

use serde_json::Value as Json;

use crate::spec::app;
use crate::spec::cluster;
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::{FaultSource, Reference, References};
use crate::spec::faults::{self, FaultModel};
use crate::spec::loader::Loader;
use crate::spec::manifest::{self, Choice, Kind, Manifest};
use crate::spec::objects::{self, Machine};
use crate::spec::reader::Item;
use crate::spec::serving::{self, Named};
use crate::spec::tree::{Node, Value};

/// The documents of a system, as its files have them.
#[derive(Clone)]
pub(in crate::spec) struct System {
    pub manifest: Manifest,
    pub chosen: usize,
    /// The container that the experiment names.
    pub named: Option<Named>,
    /// The name of the container that serves, as the files have it.
    pub serving: String,
    pub app: Node,
    pub cluster: Node,
    pub machines: Vec<Machine>,
    pub machine_documents: Vec<Node>,
    pub faults: Vec<(Node, String)>,
    /// `onCall` of the last that has one, with its path; null: nobody.
    pub on_call: (Node, String),
}

impl System {
    /// Reads the files of an experiment, or of a candidate over those of the experiment.
    pub fn load(loader: &mut Loader<'_>, folder: &Path, references: &References, base: Option<&Self>) -> Option<Self> {
        let manifest = match &references.deployment {
            Some(reference) => load_manifest(loader, folder, reference),
            None => base.map(|base| (base.manifest.clone(), base.chosen)),
        };
        let app = match &references.app {
            Some(reference) => loader.refer_kind(folder, reference, Kind::App).map(|(node, _)| node),
            None => base.map(|base| base.app.clone()),
        };
        let cluster = match &references.cluster {
            Some(reference) => loader
                .refer_kind(folder, reference, Kind::Cluster)
                .map(|(node, manifest)| (node, manifest.of(Kind::Node).cloned().collect::<Vec<Node>>())),
            None => base.map(|base| (base.cluster.clone(), base.machine_documents.clone())),
        };
        let faults = match (&references.faults, base) {
            (Some(sources), _) => load_faults(loader, folder, sources),
            (None, Some(base)) => FaultModel { faults: base.faults.clone(), on_call: Some(base.on_call.clone()) },
            (None, None) => FaultModel::default(),
        };
        if manifest.is_none() || app.is_none() || cluster.is_none() {
            // No scenario will be made, so what is there is read here: all errors are to be seen at once.
            let problems = &mut loader.problems;
            if let Some((manifest, chosen)) = &manifest {
                let _ = manifest.deployment(&manifest.documents[*chosen].1, None, problems);
            }
            let _ = app.map(|document| app::read(&document, problems));
            let _ = cluster.map(|(document, _)| cluster::read(&document, problems));
            return None;
        }
        let (manifest, chosen) = manifest?;
        let (cluster, machine_documents) = cluster?;
        let mut machines = manifest.machines(&mut loader.problems);
        machines.extend(machine_documents.iter().filter_map(|node| objects::read_node(node, &mut loader.problems)));
        let named = references.container.clone().or_else(|| base.and_then(|base| base.named.clone()));
        let serving = serving_container(&manifest, chosen, named.as_ref(), &mut loader.problems);
        let app = app?;
        let FaultModel { faults, on_call } = faults;
        let nobody = (Node { value: Value::Null, mark: app.mark }, String::new());
        let on_call = on_call.unwrap_or(nobody);
        Some(Self { manifest, chosen, named, serving, app, cluster, machines, machine_documents, faults, on_call })
    }

    /// What is needed to repeat the run.
    pub fn to_json(&self) -> Json {
        let mut manifest: Vec<Json> = vec![self.manifest.documents[self.chosen].1.to_json()];
        for kind in [Kind::Service, Kind::Autoscaler, Kind::Budget, Kind::Node] {
            manifest.extend(self.manifest.of(kind).map(Node::to_json));
        }
        let cluster: Vec<Json> =
            std::iter::once(&self.cluster).chain(&self.machine_documents).map(Node::to_json).collect();
        let mut faults: Vec<Json> = self.faults.iter().map(|(fault, _)| fault.to_json()).collect();
        if !self.on_call.0.is_null() {
            faults.push(serde_json::json!({ "onCall": self.on_call.0.to_json() }));
        }
        serde_json::json!({ "deployment": manifest, "app": self.app.to_json(), "cluster": cluster, "faults": faults })
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
    let (file, documents) = loader.refer(folder, reference)?;
    let manifest = manifest::sort(file, documents, &mut loader.problems);
    let choice = Choice { name: reference.name.clone(), namespace: reference.namespace.clone() };
    let chosen = manifest.choose(&choice, reference.mark, &reference.path, &mut loader.problems)?;
    for budget in manifest.of(Kind::Budget) {
        let _ = objects::read_budget(budget, &mut loader.problems);
        let message = "PodDisruptionBudget restrains drains, which are not modelled";
        loader.problems.note(budget.mark, "", message);
    }
    for service in manifest.of(Kind::Service) {
        let _ = objects::read_service(service, &mut loader.problems);
    }
    let _ = manifest.autoscalers(&mut loader.problems);
    Some((manifest, chosen))
}

/// Later faults override earlier ones of the same name, in their place; the last `onCall` counts.
fn load_faults(loader: &mut Loader<'_>, folder: &Path, sources: &[FaultSource]) -> FaultModel {
    let mut whole = FaultModel::default();
    for source in sources {
        let part = match source {
            FaultSource::Inline(node, path) => inline(node, path, &mut loader.problems),
            FaultSource::File(reference) => {
                let Some((document, _)) = loader.refer_kind(folder, reference, Kind::FaultModel) else { continue };
                faults::check(&document, &mut loader.problems);
                faults::open(&document, &mut Problems::default())
            }
        };
        whole.on_call = part.on_call.or(whole.on_call);
        for entry in part.faults {
            let name = entry.0.text("name").map(str::to_string);
            match whole.faults.iter_mut().find(|(fault, _)| name.is_some() && fault.text("name") == name.as_deref()) {
                Some(earlier) => *earlier = entry,
                None => whole.faults.push(entry),
            }
        }
    }
    whole
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
