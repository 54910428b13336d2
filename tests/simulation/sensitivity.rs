//! Which parameter matters, and what it means not to know one: against closed forms, and the same whoever plays it.

use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use hasim::experiment::{self, Checkpoint, Options, Pace, Shard};
use hasim::ids::FaultId;
use hasim::model::YEAR;
use hasim::results::{Estimate, ExperimentResult};
use hasim::spec::load_experiment_with;
use hasim::study::{Metric, REPLICATIONS_PER_DRAW, Study};

/// One Pod without probes that hangs and comes back: it is down for L after a mean time M in service.
fn load(every: &str, lasts: &str, more: &str) -> Study {
    let experiment = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: one}}\nspec:\n  deployment: one.yaml\n  app: app.yaml\n  \
         cluster: cluster.yaml\n  faults:\n    - {{name: hang, target: container, mode: hang, every: {every}, lasts: {lasts}, \
         source: test}}\n  objective: {{metric: request_success}}\n{more}"
    );
    let open = move |path: &Path| -> io::Result<Vec<u8>> {
        let text = match path.to_str() {
            Some("one.yaml") => {
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: one}\nspec:\n  replicas: 1\n  selector: \
                 {matchLabels: {app: one}}\n  template:\n    metadata: {labels: {app: one}}\n    spec:\n      containers:\n      \
                 - {name: main, image: one}\n"
            }
            Some("app.yaml") => "apiVersion: hasim/v1\nkind: App\nmetadata: {name: app}\nspec: {startUp: 5s}\n",
            Some("cluster.yaml") => {
                "apiVersion: hasim/v1\nkind: Cluster\nmetadata: {name: c}\nspec: {zones: 1, nodesPerZone: 1, node: {cpu: \
                 \"4\", memory: 16Gi, pods: 110}, deadNodes: reboot}\n"
            }
            _ => return Ok(experiment.clone().into_bytes()),
        };
        Ok(text.as_bytes().to_vec())
    };
    load_experiment_with(Path::new("experiment.yaml"), &open).unwrap_or_else(|report| panic!("{report}")).study
}

fn play(study: &Study, threads: usize, share: Shard) -> (Checkpoint, ExperimentResult) {
    let (stop, mut progress) = (AtomicBool::new(false), |_| ());
    let options = Options { threads, stop: &stop, progress: &mut progress };
    let played = Checkpoint::nothing(study, share);
    experiment::play(study, played, options, &Pace::of(study), &mut |_| (), experiment::replicate_watched).unwrap()
}

fn holds(estimate: Estimate, exact: f64, widest: f64) {
    assert!(estimate.low <= exact && exact <= estimate.high, "{exact}: {estimate:?}");
    assert!(estimate.high - estimate.low <= widest, "{estimate:?} proves nothing");
}

/// Validation: the lost share is L/(M + L). So a tenth more or less of the mean time to a fault, or of its length, gives
/// the elasticities of that formula, and 99.9 % intervals hold them.
#[test]
fn validation_elasticities_of_one_repairable_unit() {
    let more = "  replications: 1024\n  sensitivity: {of: [faults.hang]}\n";
    let mut study = load("{exponential: {mean: 10d}}", "10m", more);
    study.header.confidence = 0.999;
    let (_, result) = play(&study, 2, Shard::WHOLE);
    let keys: Vec<&str> = result.sensitivity.iter().map(|parameter| parameter.key.as_str()).collect();
    assert_eq!(keys, ["faults.hang.every.exponential.mean", "faults.hang.lasts"]);
    assert_eq!(result.scenarios.len(), 1, "what was made for the comparison is not told as scenarios");
    let (m, l) = (864_000.0, 600.0);
    let share = |m: f64, l: f64| l / (m + l);
    let exact = [share(1.1 * m, l) - share(0.9 * m, l), share(m, 1.1 * l) - share(m, 0.9 * l)];
    for ((parameter, exact), widest) in result.sensitivity.iter().zip(exact).zip([0.12, 0.03]) {
        let response = parameter.failed;
        holds(response.elasticity.unwrap(), exact / share(m, l) / 0.2, widest);
        let change = exact * YEAR.as_secs_f64();
        holds(response.change_s_per_year, change, 0.2 * change.abs());
    }
}

/// Validation: with M anywhere between two ends the expected loss lies between those of the ends, and what share of the
/// variance that is follows from the moments of 1/M and from Poisson's law. Tolerances: three times what 32 replications
/// leave unknown of a draw.
#[test]
fn validation_a_rate_that_is_not_known() {
    let study = load("{exponential: {mean: {between: [5d, 20d]}}}", "10m", "  replications: 2048\n");
    assert_eq!(study.scenarios[0].draws.len(), 64);
    let (_, result) = play(&study, 2, Shard::WHOLE);
    let scenario = &result.scenarios[0];
    let uncertainty = scenario.uncertainty.unwrap();
    assert_eq!(uncertainty.draws, 64);
    let spread = uncertainty.failed_request_s_per_year;
    let lost = |days: f64| 600.0 * 365.0 / days;
    let near = |found: f64, exact: f64, part: f64| assert!((found / exact - 1.0).abs() < part, "{found} {exact}");
    near(spread.low, lost(5.0 + 15.0 * 0.975), 0.12);
    near(spread.high, lost(5.0 + 15.0 * 0.025), 0.12);
    let rate = 4f64.ln() / 15.0;
    near(scenario.estimates[Metric::FailedRequests].mean, 600.0 * 365.0 * rate, 0.02);
    let (between, within) = (365f64.powi(2) * (1.0 / 100.0 - rate * rate), 365.0 * rate);
    near(spread.share_of_variance, between / (between + within), 0.06);
    // Where everything is known there is nothing to tell.
    let known = load("{exponential: {mean: 10d}}", "10m", "  replications: 64\n");
    assert_eq!(play(&known, 1, Shard::WHOLE).1.scenarios[0].uncertainty, None);
}

/// Validation: what 31 crashes in 270 replica-days tell of their rate, a gamma law, is drawn as it is: the draws have its mean, and
/// the range of the expected loss is that of the rate. Tolerances: what 64 strata leave of the mean, and as above.
#[test]
fn validation_a_rate_that_was_counted() {
    let study = load("{exponential: {perYear: {gamma: {shape: 31.5, mean: 42.5833}}}}", "1m", "  replications: 2048\n");
    let scenario = &study.scenarios[0];
    let rate = |model: &hasim::model::Model| YEAR.as_secs_f64() / model.faults[FaultId::new(0)].every_mean().unwrap();
    let mut rates: Vec<f64> = scenario.draws.iter().map(rate).collect();
    let near = |found: f64, exact: f64, part: f64| assert!((found / exact - 1.0).abs() < part, "{found} {exact}");
    near(rates.iter().sum::<f64>() / rates.len() as f64, 42.583, 0.005);
    // The model without draws has the median.
    near(rate(&scenario.model), 42.133, 1e-4);
    rates.sort_by(f64::total_cmp);
    assert!(rates[0] < 29.0 && rates[63] > 58.7 && rates[2] > 29.0 && rates[61] < 58.7, "{rates:?}");
    let (_, result) = play(&study, 2, Shard::WHOLE);
    let spread = result.scenarios[0].uncertainty.unwrap().failed_request_s_per_year;
    near(spread.low, 29.0 * 60.0, 0.12);
    near(spread.high, 58.7 * 60.0, 0.12);
}

/// Determinism: one thread or two, one machine or three.
#[test]
fn whoever_plays_it_the_answer_is_the_same() {
    let more = "  replications: 192\n  uncertainty: {draws: 4}\n  sensitivity: {of: [faults.hang, replicas]}\n";
    let study = load("{exponential: {mean: {between: [5d, 20d]}}}", "10m", more);
    let (_, one) = play(&study, 1, Shard::WHOLE);
    assert_eq!(one, play(&study, 2, Shard::WHOLE).1);
    let shards = (0..3).map(|index| (index, play(&study, 1, Shard { index, of: 3 }).0)).collect();
    assert_eq!(Checkpoint::join(shards).unwrap().1, one);
}

/// Determinism: what one parameter is in a draw does not hang on what else is uncertain; batches take the draws in turn.
#[test]
fn a_further_uncertain_parameter_disturbs_no_other() {
    let every = "{exponential: {mean: {between: [5d, 20d]}}}";
    let alone = load(every, "10m", "  replications: 64\n");
    let both =
        load(every, "{lognormal: {median: {lognormal: {median: 5m, p95: 20m}}, sigma: {between: [0.2, 1]}}}", "");
    let every_of = |study: &Study| -> Vec<String> {
        study.scenarios[0].draws.iter().map(|model| format!("{:?}", model.faults[FaultId::new(0)].occurs)).collect()
    };
    assert_eq!(every_of(&alone), every_of(&both));
    let scenario = &alone.scenarios[0];
    let draws: Vec<Option<usize>> =
        [0, 31, 32, 64 * REPLICATIONS_PER_DRAW + 5].map(|replication| scenario.draw_of(replication)).to_vec();
    assert_eq!(draws, [Some(0), Some(0), Some(1), Some(0)]);
    assert!(std::ptr::eq(scenario.model_of(40), &raw const scenario.draws[1]));
}

/// Property: of the settings only those that the API server would take are played, one-sided where a side is not.
#[test]
fn a_side_that_is_refused_is_the_base() {
    let more = "  replications: 32\n  sensitivity: {of: [replicas, terminationGracePeriodSeconds]}\n";
    let study = load("{exponential: {mean: 10d}}", "10m", more);
    let told: Vec<(String, [usize; 2])> = study
        .header
        .sensitivity
        .iter()
        .map(|parameter| (parameter.written[1].to_string(), parameter.scenarios))
        .collect();
    assert_eq!(told, [("1".to_owned(), [0, 1]), ("27".to_owned(), [2, 3])]);
    assert_eq!(study.compared_with(1), Some(0));
    assert_eq!(study.compared_with(3), Some(2));
}
