//! Replicas that are changed by hand, as experiments write them.

use crate::kinds::{SERVES, SERVICE, load_with_findings, web};
use hasim::model::{Model, Occurrence, Strikes};

/// The models of an experiment with these lines beside the Deployment of three replicas, and what is said of it.
fn load(more: &str) -> Result<(Vec<Model>, String), String> {
    let manifest = web("replicas: 3", "restartPolicy: Always", &[SERVES]) + SERVICE;
    let more = format!("{more}\n  horizon: 30d\n  replications: 4\n");
    match load_with_findings(&manifest, "zones: 3, nodesPerZone: 2", &more) {
        Ok(loaded) => {
            let models = loaded.study.scenarios.iter().map(|scenario| scenario.model.clone()).collect();
            Ok((models, loaded.findings.to_string()))
        }
        Err(report) => Err(report.to_string()),
    }
}

const SALE: &str = "  operations: [{name: sale, kind: scale, every: 30d, to: 6, back: 4h}]";

fn numbers(model: &Model) -> Vec<(u32, Option<f64>, Option<f64>)> {
    let of = |fault: &hasim::model::Fault| match fault.strikes {
        Strikes::Scale { to } => Some((to, fault.every_mean(), fault.lasts.as_ref().map(hasim::random::Law::mean))),
        _ => None,
    };
    model.faults.iter().filter_map(of).collect()
}

/// The Deployment has a slot for each Pod that it is ever to have, and keeps its replicas.
#[test]
fn a_scaling_gives_the_deployment_more_slots() {
    let (models, _) = load(SALE).unwrap();
    assert_eq!(numbers(&models[0]), [(6, Some(30.0 * 86_400.0), Some(4.0 * 3600.0))]);
    assert_eq!((models[0].replicas(), models[0].slots()), (3, 6));
    let (models, _) = load("  operations: [{name: night, kind: scale, every: 1d, to: 1, back: 8h}]").unwrap();
    assert_eq!((models[0].replicas(), models[0].slots()), (3, 3));
}

/// All Deployments together have no more slots than hasim simulates.
#[test]
fn there_is_a_limit_of_all_slots() {
    let refused = load(&SALE.replace("to: 6", "to: 1001")).unwrap_err();
    assert!(refused.contains("operations[0].to: is 1001, must be at most 1000"), "{refused}");
}

/// In a script it need not come back, and 0 is a number of replicas.
#[test]
fn a_script_scales_once() {
    let (models, _) =
        load("  script: [{at: 1d, operation: scale, to: 0}, {at: 2d, operation: scale, to: 4, back: 1h}]").unwrap();
    assert_eq!(numbers(&models[0]), [(0, None, None), (4, None, Some(3600.0))]);
    let names: Vec<&str> = models[0].faults.iter().map(|fault| fault.name.as_str()).collect();
    assert!(names.ends_with(&["scale", "scale-2"]), "{names:?}");
    let targets = |fault: &hasim::model::Fault| match &fault.occurs {
        Occurrence::Once { targets, .. } => targets.len(),
        _ => 0,
    };
    assert!(models[0].faults.iter().filter(|fault| fault.name.starts_with("scale")).all(|fault| targets(fault) == 1));
}

#[test]
fn its_numbers_are_keys_of_vary() {
    let vary = "  vary: {operations.sale.to: [2, 9], operations.sale.back: [1h, {exponential: {mean: 2h}}], operations.sale.every: [7d]}";
    let (models, _) = load(&format!("{SALE}\n{vary}")).unwrap();
    let all: Vec<_> = models.iter().flat_map(numbers).map(|(to, _, back)| (to, back.unwrap())).collect();
    assert_eq!(all, [(2, 3600.0), (2, 7200.0), (9, 3600.0), (9, 7200.0)]);
    assert_eq!(models.iter().map(Model::slots).collect::<Vec<_>>(), [3, 3, 9, 9]);
}

/// To the number that it has already nothing happens.
#[test]
fn a_scaling_that_changes_nothing_is_warned_of() {
    let (_, findings) = load(&SALE.replace("to: 6", "to: 3")).unwrap();
    assert!(findings.contains("is 3, and web has 3 replicas in its manifest: nothing happens"), "{findings}");
    assert!(findings.contains("scale to another number"), "{findings}");
    let (_, findings) = load(SALE).unwrap();
    assert!(!findings.contains("nothing happens"), "{findings}");
}
