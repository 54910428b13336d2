//! What an answer needs to know of a study: files keep it in the place of the models, so that shards can be joined without them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cost::{self, Costs};
use super::load::LoadFacts;
use super::unseen::Coincidence;
use crate::ids::WorkloadId;
use crate::results::FaultInfo;
use crate::study::{Study, StudyHeader};
use crate::time::Duration;

/// A study without its models: what is asked, and what an answer tells of the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyFacts {
    #[serde(flatten)]
    pub header: StudyHeader,
    pub horizon_ns: u64,
    pub warm_up_ns: u64,
    pub currency: Option<String>,
    /// The faults of the baseline, or of the first scenario.
    pub faults: Vec<FaultInfo>,
    pub scenarios: Vec<ScenarioFacts>,
}

/// A scenario without its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioFacts {
    pub name: String,
    pub parameters: Map<String, Value>,
    /// Names of its faults.
    pub faults: Vec<String>,
    pub draws: usize,
    /// Of all Deployments together.
    pub replicas: u32,
    /// The requests, if it is said how many come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadFacts>,
    /// Their names, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<String>,
    /// It is the same system as the one that it is compared with, under another name.
    pub is_as_compared: bool,
    pub coincidence: Coincidence,
    pub node_hours_per_year: f64,
    pub cost_per_year: Option<f64>,
    /// What that is made of, where the number of Pods follows the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<Costs>,
    pub unplaceable: bool,
    /// Where there are several Deployments, the names of those that make it unplaceable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<String>,
}

impl ScenarioFacts {
    fn of(study: &Study, number: usize) -> Self {
        let scenario = &study.scenarios[number];
        let model = &scenario.model;
        let name = |id: &WorkloadId| model.workloads[*id].name.clone();
        let played = |number: usize| (&study.scenarios[number].model, &study.scenarios[number].draws);
        Self {
            name: scenario.name.clone(),
            parameters: scenario.parameters.clone(),
            faults: model.faults.iter().map(|fault| fault.name.clone()).collect(),
            draws: scenario.draws.len(),
            replicas: model.replicas() as u32,
            load: LoadFacts::of(model),
            workloads: model.workloads.iter().take(scenario.services()).map(|workload| workload.name.clone()).collect(),
            is_as_compared: study.compared_with(number).is_some_and(|other| played(number) == played(other)),
            coincidence: Coincidence::of(model, &scenario.draws),
            node_hours_per_year: cost::node_hours_per_year(model),
            cost_per_year: cost::cost_per_year(model),
            costs: Costs::of(model).filter(|_| model.workloads.iter().any(|workload| workload.autoscaler.is_some())),
            unplaceable: scenario.is_unplaceable(),
            pending: if scenario.services() > 1 { scenario.pending.iter().map(name).collect() } else { Vec::new() },
        }
    }
}

impl StudyFacts {
    /// The facts of a study.
    pub fn of(study: &Study) -> Self {
        let model = &study.scenarios[study.header.baseline.unwrap_or(0)].model;
        Self {
            header: study.header.clone(),
            horizon_ns: model.horizon.as_nanos(),
            warm_up_ns: model.warm_up.as_nanos(),
            currency: model.cluster.prices.as_ref().and_then(|prices| prices.currency.clone()),
            faults: FaultInfo::all(&model.faults),
            scenarios: (0..study.scenarios.len()).map(|number| ScenarioFacts::of(study, number)).collect(),
        }
    }

    /// How many control variates come with a difference: one for each fault of the scenario that others are compared with.
    pub fn controls(&self) -> usize {
        let StudyHeader { baseline, sensitivity, .. } = &self.header;
        let first = baseline.or((!sensitivity.is_empty()).then_some(0));
        first.map_or(0, |first| self.scenarios[first].faults.len())
    }

    pub fn horizon(&self) -> Duration {
        Duration::from_nanos(self.horizon_ns)
    }

    pub fn warm_up(&self) -> Duration {
        Duration::from_nanos(self.warm_up_ns)
    }

    /// In what two experiments differ, in a word.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let differences = [
            ("experiment", self.header.name != other.header.name),
            ("seed", self.header.seed != other.header.seed),
            ("number of replications or precision", self.header.stopping != other.header.stopping),
            ("inputs", self.header.inputs != other.header.inputs),
            ("scenarios", self != other),
        ];
        differences.into_iter().find(|(_, differs)| *differs).map(|(word, _)| word)
    }
}
