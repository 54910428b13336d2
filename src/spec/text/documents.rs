//! The documents of one scenario, on the way from what is written to a model.

use crate::model::Model;
use crate::spec::app;
use crate::spec::cluster;
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::{self, Question};
use crate::spec::faults::{self, ReadFault};
use crate::spec::reader::Item;
use crate::spec::scenario::{Parts, build};
use crate::spec::system::System;
use crate::spec::tree::{Mark, Node, Value};
use crate::spec::vary::{self, Input, Step, Target};

/// The documents, as the values of the scenario have changed them.
#[derive(Clone)]
pub(in crate::spec) struct Documents {
    pub deployment: Node,
    /// The name of the container that serves.
    pub serving: String,
    pub app: Node,
    pub cluster: Node,
    /// Each with its path, for messages.
    pub faults: Vec<(Node, String)>,
    /// `onCall`, with its path; null: nobody.
    pub on_call: (Node, String),
    pub script: Vec<(Node, String)>,
    pub objective: Node,
}

impl Documents {
    /// The documents as they are written.
    pub fn of(question: &Question, system: &System) -> Self {
        Self {
            deployment: system.manifest.documents[system.chosen].1.clone(),
            serving: system.serving.clone(),
            app: system.app.clone(),
            cluster: system.cluster.clone(),
            faults: system.faults.clone(),
            on_call: system.on_call.clone(),
            script: question.script.clone(),
            objective: question.objective.clone(),
        }
    }

    /// Sets (or with null removes) a value. The error completes "KEY …".
    pub fn set(&mut self, target: &Target, value: &Node, at: Mark) -> Result<(), String> {
        let steps = &target.within(&self.serving);
        match &target.input {
            Input::Deployment => vary::apply(&mut self.deployment, steps, value, at),
            Input::App => vary::apply(&mut self.app, steps, value, at),
            Input::Cluster => vary::apply(&mut self.cluster, steps, value, at),
            Input::Objective => vary::apply(&mut self.objective, steps, value, at),
            Input::Fault(name) => patch_fault(&mut self.faults, name, steps, value, at),
            Input::Script(name) => patch_fault(&mut self.script, name, steps, value, at),
            Input::OnCall => vary::apply(&mut self.on_call.0, steps, value, at),
        }
    }

    /// The way of a target in these documents, of a container by the place that it has in the list.
    pub fn steps(&self, target: &Target) -> Vec<Step> {
        let mut steps = target.within(&self.serving);
        let mut node = (target.input == Input::Deployment).then_some(&self.deployment);
        for step in &mut steps {
            if let (Some(Value::List(items)), Step::Key(name)) = (node.map(|node| &node.value), &*step)
                && let Some(position) = items.iter().position(|item| item.text("name") == Some(name))
            {
                *step = Step::Index(position);
            }
            node = node.and_then(|node| vary::step(node, step));
        }
        steps
    }

    /// What stands at a place.
    pub fn get(&self, target: &Target) -> Option<&Node> {
        let named = |faults: &'_ [(Node, String)], name: &str| {
            faults.iter().position(|(fault, _)| fault.text("name") == Some(name))
        };
        let root = match &target.input {
            Input::Deployment => &self.deployment,
            Input::App => &self.app,
            Input::Cluster => &self.cluster,
            Input::Objective => &self.objective,
            Input::Fault(name) => &self.faults[named(&self.faults, name)?].0,
            Input::Script(name) => &self.script[named(&self.script, name)?].0,
            Input::OnCall => &self.on_call.0,
        };
        target.within(&self.serving).iter().try_fold(root, |node, step| vary::step(node, step))
    }

    /// Reads them and converts what they say.
    pub fn model(self, question: &Question, system: &System, problems: &mut Problems) -> Option<Model> {
        let deployment = system.manifest.deployment(&self.deployment, Some(&self.serving), problems);
        let app = app::read(&self.app, problems);
        let cluster = cluster::read(&self.cluster, problems);
        let faults: Vec<Option<ReadFault>> =
            self.faults.iter().map(|(node, path)| faults::read(&Item::new(node, path.clone()), problems)).collect();
        let on_call = faults::read_on_call(&Item::new(&self.on_call.0, self.on_call.1.clone()), problems);
        let objective = experiment::read_objective(&self.objective, problems);
        let faults = faults.into_iter().collect::<Option<_>>()?;
        let (deployment, app, cluster, on_call) = (deployment?, app?, cluster?, on_call?);
        let parts = Parts {
            deployment,
            app,
            cluster,
            faults,
            on_call,
            script: self.script,
            objective: objective?,
            min_serving_mark: self.objective.get("minServing").map(|node| node.mark),
        };
        build(question, system, parts, problems)
    }
}

/// Changes a fault by name; null in its place removes it.
fn patch_fault(
    faults: &mut Vec<(Node, String)>,
    name: &str,
    steps: &[Step],
    value: &Node,
    at: Mark,
) -> Result<(), String> {
    let Some(position) = faults.iter().position(|(fault, _)| fault.text("name") == Some(name)) else {
        let names: Vec<&str> = faults.iter().filter_map(|(fault, _)| fault.text("name")).collect();
        let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
        return Err(format!("leads nowhere: no fault is called {name}; there are: {names}"));
    };
    if steps.is_empty() && value.is_null() {
        faults.remove(position);
        return Ok(());
    }
    vary::apply(&mut faults[position].0, steps, value, at)
}
