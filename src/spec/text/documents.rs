//! The documents of one scenario, on the way from what is written to a model.

use crate::model::Model;
use crate::spec::app;
use crate::spec::cluster;
use crate::spec::diagnostic::Problems;
use crate::spec::experiment::{self, Question};
use crate::spec::faults::{self, ReadFault};
use crate::spec::operations;
use crate::spec::reader::{Item, nearest};
use crate::spec::scenario::{MemberPart, Parts, build};
use crate::spec::system::{Member, System};
use crate::spec::traffic;
use crate::spec::tree::{Mark, Node, Value};
use crate::spec::vary::{self, Input, Step, Target};

/// The documents, as the values of the scenario have changed them.
#[derive(Clone)]
pub(in crate::spec) struct Documents {
    /// Those of each Deployment.
    pub members: Vec<MemberDocuments>,
    /// The App of those that have none of their own.
    pub app: Option<Node>,
    pub cluster: Node,
    /// How many requests come, if that is said.
    pub traffic: Option<Node>,
    /// Each with its path, for messages.
    pub faults: Vec<(Node, String)>,
    pub operations: Vec<(Node, String)>,
    /// `onCall`, with its path; null: nobody.
    pub on_call: (Node, String),
    pub script: Vec<(Node, String)>,
    pub objective: Node,
    are_listed: bool,
}

/// The documents of one Deployment.
#[derive(Clone)]
pub(in crate::spec) struct MemberDocuments {
    pub name: String,
    pub deployment: Node,
    /// What scales it, if something does.
    pub autoscaler: Option<Node>,
    /// The name of the container that serves.
    pub serving: String,
    /// Its own App.
    pub app: Option<Node>,
    /// Its own objective.
    pub objective: Option<Node>,
}

impl Documents {
    /// The documents as they are written.
    pub fn of(question: &Question, system: &System) -> Self {
        let members = system.members.iter().map(|member| MemberDocuments {
            name: member.name.clone(),
            deployment: member.document().clone(),
            autoscaler: member.manifest.autoscaler_of(member.document()).cloned(),
            serving: member.serving.clone(),
            app: member.app.clone(),
            objective: member.objective.clone(),
        });
        Self {
            members: members.collect(),
            app: system.app.clone(),
            cluster: system.cluster.clone(),
            traffic: system.traffic.clone(),
            faults: system.faults.clone(),
            operations: system.operations.clone(),
            on_call: system.on_call.clone(),
            script: question.script.clone(),
            objective: question.objective.clone(),
            are_listed: system.are_listed,
        }
    }

    /// The beginning of the keys of a Deployment: nothing where it is alone, or `deployments.NAME.`.
    pub fn prefix(&self, member: &MemberDocuments) -> String {
        if self.are_listed { format!("{}.", vary::member_path(&member.name)) } else { String::new() }
    }

    /// All Apps, each with the beginning of its keys.
    pub fn apps(&self) -> impl Iterator<Item = (&Node, String)> {
        let own = self.members.iter().filter_map(|member| Some((member.app.as_ref()?, member)));
        let own = own.map(|(app, member)| (app, format!("{}app", self.prefix(member))));
        self.app.iter().map(|app| (app, "app".to_string())).chain(own)
    }

    /// The application of a Deployment: its own App, or that of all.
    pub fn app_of<'a>(&'a self, member: &'a MemberDocuments) -> Option<&'a Node> {
        member.app.as_ref().or(self.app.as_ref())
    }

    /// Sets (or with null removes) a value. The error completes "KEY …".
    pub fn set(&mut self, target: &Target, value: &Node, at: Mark) -> Result<(), String> {
        let member = self.member(target)?;
        let steps = &member.map_or_else(|| target.steps.clone(), |at| target.within(&self.members[at].serving));
        match (&target.input, member) {
            (Input::Deployment, Some(at_member)) => {
                vary::apply(&mut self.members[at_member].deployment, steps, value, at)
            }
            (Input::Autoscaler, Some(at_member)) => {
                let autoscaler = self.members[at_member].autoscaler.as_mut();
                let none = "leads nowhere: no HorizontalPodAutoscaler of the file scales the Deployment";
                vary::apply(autoscaler.ok_or(none)?, steps, value, at)
            }
            (Input::App, Some(at_member)) => {
                let shared = self.app.clone();
                let own = &mut self.members[at_member].app;
                let Some(app) = own else {
                    // What is said of one alone makes a copy for it.
                    let mut copy = shared.ok_or("leads nowhere: there is no App")?;
                    vary::apply(&mut copy, steps, value, at)?;
                    *own = Some(copy);
                    return Ok(());
                };
                vary::apply(app, steps, value, at)
            }
            (Input::Objective, Some(at_member)) => {
                let empty = Node { value: Value::Map(Vec::new()), mark: at };
                let own = &mut self.members[at_member].objective;
                vary::apply(own.get_or_insert(empty), steps, value, at)?;
                // Where nothing is left of its own, that of all counts.
                own.take_if(|node| matches!(&node.value, Value::Map(fields) if fields.is_empty()));
                Ok(())
            }
            (Input::App, None) => {
                let app = self.app.as_mut().ok_or("leads nowhere: every Deployment has an App of its own")?;
                vary::apply(app, steps, value, at)
            }
            (Input::Cluster, _) => vary::apply(&mut self.cluster, steps, value, at),
            (Input::Traffic, _) => {
                let traffic = self.traffic.as_mut().ok_or("leads nowhere: the experiment has no `traffic`")?;
                vary::apply(traffic, steps, value, at)
            }
            (Input::Objective, None) => vary::apply(&mut self.objective, steps, value, at),
            (Input::Fault(name), _) => patch_fault(&mut self.faults, "fault", name, steps, value, at),
            (Input::Operation(name), _) => patch_fault(&mut self.operations, "operation", name, steps, value, at),
            (Input::Script(name), _) => patch_fault(&mut self.script, "fault", name, steps, value, at),
            (Input::OnCall, _) => vary::apply(&mut self.on_call.0, steps, value, at),
            (Input::Deployment | Input::Autoscaler, None) => unreachable!("it is always one of them"),
        }
    }

    /// Which Deployment a target means, if it means one. The error completes "KEY …".
    fn member(&self, target: &Target) -> Result<Option<usize>, String> {
        let names = || self.members.iter().map(|member| member.name.as_str());
        match &target.member {
            Some(name) => {
                if !self.are_listed {
                    return Err("must begin without `deployments.NAME.`: there is one Deployment".to_string());
                }
                let found = self.members.iter().position(|member| member.name == *name);
                found.map(Some).ok_or_else(|| nobody("Deployment", name, names()))
            }
            None if !matches!(target.input, Input::Deployment | Input::Autoscaler) => Ok(None),
            None if self.members.len() == 1 => Ok(Some(0)),
            None => {
                let names = names().collect::<Vec<_>>().join(", ");
                Err(format!("must say of which Deployment: `deployments.NAME.…` with one of {names}"))
            }
        }
    }

    /// The way of a target in these documents, of a container by the place that it has in the list.
    pub fn steps(&self, target: &Target) -> Vec<Step> {
        let Ok(member) = self.member(target) else { return target.steps.clone() };
        let Some(member) = member.map(|at| &self.members[at]) else { return target.steps.clone() };
        let mut steps = target.within(&member.serving);
        let mut node = (target.input == Input::Deployment).then_some(&member.deployment);
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
        let member = self.member(target).ok()?.map(|at| &self.members[at]);
        let root = match (&target.input, member) {
            (Input::Deployment, member) => &member?.deployment,
            (Input::Autoscaler, member) => member?.autoscaler.as_ref()?,
            (Input::App, Some(member)) => self.app_of(member)?,
            (Input::App, None) => self.app.as_ref()?,
            (Input::Cluster, _) => &self.cluster,
            (Input::Traffic, _) => self.traffic.as_ref()?,
            (Input::Objective, Some(member)) => member.objective.as_ref()?,
            (Input::Objective, None) => &self.objective,
            (Input::Fault(name), _) => &self.faults[named(&self.faults, name)?].0,
            (Input::Operation(name), _) => &self.operations[named(&self.operations, name)?].0,
            (Input::Script(name), _) => &self.script[named(&self.script, name)?].0,
            (Input::OnCall, _) => &self.on_call.0,
        };
        let steps = member.map_or_else(|| target.steps.clone(), |member| target.within(&member.serving));
        steps.iter().try_fold(root, |node, step| vary::step(node, step))
    }

    /// Reads them and converts what they say.
    pub fn model(self, question: &Question, system: &System, problems: &mut Problems) -> Option<Model> {
        let members: Vec<Option<MemberPart>> = (self.members.iter().zip(&system.members))
            .map(|(documents, member)| self.read_member(documents, member, problems))
            .collect();
        let cluster = cluster::read(&self.cluster, problems);
        let traffic = self.traffic.as_ref().map(|traffic| traffic::read(traffic, problems));
        let faults: Vec<Option<ReadFault>> =
            self.faults.iter().map(|(node, path)| faults::read(&Item::new(node, path.clone()), problems)).collect();
        let operations = self.operations.iter();
        let operations: Vec<Option<ReadFault>> =
            operations.map(|(node, path)| operations::read(&Item::new(node, path.clone()), problems)).collect();
        let on_call = faults::read_on_call(&Item::new(&self.on_call.0, self.on_call.1.clone()), problems);
        let objective = experiment::read_objective(&self.objective, problems);
        let faults = faults.into_iter().chain(operations).collect::<Option<_>>()?;
        let members = members.into_iter().collect::<Option<Vec<_>>>()?;
        let parts = Parts {
            members,
            cluster: cluster?,
            traffic: traffic.map_or(Some(None), |read| read.map(Some))?,
            faults,
            on_call: on_call?,
            script: self.script,
            objective: objective?,
            system: self.objective.get("system").cloned(),
        };
        build(question, system, parts, problems)
    }

    fn read_member(&self, documents: &MemberDocuments, member: &Member, problems: &mut Problems) -> Option<MemberPart> {
        let MemberDocuments { deployment, autoscaler, serving, .. } = documents;
        let deployment = member.manifest.scaled(deployment, autoscaler.as_ref(), Some(serving), problems);
        let app = app::read(self.app_of(documents)?, problems);
        let own = documents.objective.as_ref();
        let (objective, path) =
            own.map_or((&self.objective, "spec.objective".to_string()), |own| (own, member.objective_path()));
        let min_serving = match own {
            Some(own) => Some(experiment::read_min_serving(own, &path, problems)?),
            None => None,
        };
        let least_at = objective.get("minServing").map(|node| (node.mark, format!("{path}.minServing")));
        Some(MemberPart { deployment: deployment?, app: app?, min_serving, least_at })
    }
}

/// That nothing has this name, and what there is instead. It completes "KEY …".
fn nobody<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let instead = match (nearest(name, names.iter().copied()), &names[..]) {
        (_, []) => "there is none".to_string(),
        (Some(near), names) => format!("did you mean `{near}`? There are: {}", names.join(", ")),
        (None, names) => format!("there are: {}", names.join(", ")),
    };
    format!("leads nowhere: no {what} is called {name}; {instead}")
}

/// Changes a fault or an operation by name; null in its place removes it.
fn patch_fault(
    faults: &mut Vec<(Node, String)>,
    what: &str,
    name: &str,
    steps: &[Step],
    value: &Node,
    at: Mark,
) -> Result<(), String> {
    let Some(position) = faults.iter().position(|(fault, _)| fault.text("name") == Some(name)) else {
        return Err(nobody(what, name, faults.iter().filter_map(|(fault, _)| fault.text("name"))));
    };
    if steps.is_empty() && value.is_null() {
        faults.remove(position);
        return Ok(());
    }
    vary::apply(&mut faults[position].0, steps, value, at)
}
