//! Results that no simulation made, for tests of reports: plausible numbers by formula.

use hasim::history::{NamedCause, PerPhase, Phase};
use hasim::results::{
    Attribution, BadInfo, Comparison, Detection, Difference, Distribution, Estimate, Estimates, ExperimentResult,
    FailingSpan, FaultInfo, FlawInfo, Group, Lane, ManifestFinding, Mark, OperationInfo, OperationResult, OrderedMap,
    OutageExample, PodRecovery, Quantile, Removal, Replay, Response, RevisionCounts, Rollback, RolloutReplay,
    ScenarioResult, ScenarioStanding, SelectionResult, Sensitivity, Span, Spread, Standing, Tone, Uncertainty, Verdict,
    WindowLoss, WindowsResult,
};
use hasim::study::{Metric, Objective, Wanted};
use hasim::time::Duration;
use serde_json::{Map, Value, json};

/// A mean with an interval of so many percent.
pub fn estimate(mean: f64, percent: f64) -> Estimate {
    let half = mean * percent / 100.0;
    Estimate {
        mean: round(mean),
        low: round((mean - half).max(0.0)),
        high: round(mean + half),
        bound: false,
        rests_on_few: false,
    }
}

/// Nothing seen.
pub fn bound(high: f64) -> Estimate {
    Estimate { mean: 0.0, low: 0.0, high, bound: true, rests_on_few: false }
}

fn round(v: f64) -> f64 {
    format!("{v:.11e}").parse().unwrap()
}

/// A log-normal-like distribution around a median.
pub fn distribution(median: f64, spread: f64, count: u64, censored: u64) -> Distribution {
    if count == 0 {
        return Distribution { censored, ..Distribution::default() };
    }
    let cells = 60;
    let mut histogram = Vec::new();
    let weight = |z: f64| (-z * z / 2.0).exp();
    let total: f64 = (0..=cells).map(|i| weight(-3.5 + 7.5 * f64::from(i) / f64::from(cells))).sum();
    for i in 0..=cells {
        let z = -3.5 + 7.5 * f64::from(i) / f64::from(cells);
        let n = (count as f64 * weight(z) / total).round() as u64;
        let n = if i == cells { n.max(1) } else { n };
        if n > 0 {
            histogram.push((round(median * (z * spread).exp()), n));
        }
    }
    let count: u64 = histogram.iter().map(|(_, n)| n).sum();
    let quantile = |p: f64| {
        let mut seen = 0;
        histogram
            .iter()
            .find(|(_, n)| {
                seen += n;
                seen as f64 >= p * count as f64
            })
            .map(|(s, _)| Quantile { value: *s, low: round(0.97 * s), high: Some(round(1.04 * s)) })
    };
    let mean = histogram.iter().map(|(s, n)| s * *n as f64).sum::<f64>() / count as f64;
    Distribution {
        count,
        censored,
        mean: Some(round(mean)),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: histogram.last().map(|(s, _)| *s),
        histogram,
    }
}

/// The recoveries of all causes.
fn together(recoveries: &OrderedMap<NamedCause, PodRecovery>) -> Distribution {
    let mut samples: Vec<(f64, u64)> = recoveries.iter().flat_map(|(_, r)| r.lengths.histogram.clone()).collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count: u64 = samples.iter().map(|sample| sample.1).sum();
    let censored: u64 = recoveries.iter().map(|(_, r)| r.lengths.censored).sum();
    let quantile = |p: f64| {
        let mut seen = 0;
        let found = samples.iter().find(|(_, n)| {
            seen += n;
            seen as f64 >= p * (count + censored) as f64
        });
        found.map(|(s, _)| Quantile { value: *s, low: round(0.97 * s), high: Some(round(1.04 * s)) })
    };
    let mean = samples.iter().map(|(s, n)| s * *n as f64).sum::<f64>() / count.max(1) as f64;
    Distribution {
        count,
        censored,
        mean: (count > 0).then(|| round(mean)),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: samples.last().map(|(s, _)| *s),
        histogram: vec![],
    }
}

struct Kind {
    name: &'static str,
    strikes: &'static str,
    median: f64,
    shares: [f64; 9],
    per_year: f64,
}

const KINDS: [Kind; 7] = [
    Kind {
        name: "container-crash",
        strikes: "container crash",
        median: 24.0,
        shares: [0.05, 0.04, 0.0, 0.0, 0.12, 0.0, 0.6, 0.14, 0.05],
        per_year: 120.0,
    },
    Kind {
        name: "container-hang",
        strikes: "container hang",
        median: 61.0,
        shares: [0.2, 0.02, 0.17, 0.25, 0.0, 0.0, 0.27, 0.07, 0.02],
        per_year: 52.0,
    },
    Kind {
        name: "pause",
        strikes: "container hang",
        median: 17.0,
        shares: [0.7, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.05],
        per_year: 260.0,
    },
    Kind {
        name: "dependency-error",
        strikes: "deployment error",
        median: 190.0,
        shares: [0.06, 0.01, 0.3, 0.1, 0.23, 0.0, 0.25, 0.04, 0.01],
        per_year: 12.0,
    },
    Kind {
        name: "node-crash",
        strikes: "node crash",
        median: 340.0,
        shares: [0.12, 0.01, 0.72, 0.0, 0.0, 0.03, 0.09, 0.02, 0.01],
        per_year: 4.0,
    },
    Kind {
        name: "node-partition",
        strikes: "node partition",
        median: 410.0,
        shares: [0.1, 0.01, 0.7, 0.05, 0.0, 0.03, 0.08, 0.02, 0.01],
        per_year: 2.0,
    },
    Kind {
        name: "zone-outage",
        strikes: "zone isolation",
        median: 6200.0,
        shares: [0.007, 0.001, 0.9, 0.0, 0.0, 0.06, 0.028, 0.003, 0.001],
        per_year: 0.4,
    },
];

/// Windows of 30 days, twelve a year, in which so much is lost a year.
fn windows(down: f64, failed: f64) -> WindowsResult {
    let loss = |a_year: f64| {
        let mean = a_year / 12.0;
        let quantile = |times: f64| Quantile {
            value: round(times * mean),
            low: round(0.95 * times * mean),
            high: Some(round(1.1 * times * mean)),
        };
        WindowLoss {
            mean: estimate(mean, 5.0),
            p50: quantile(0.3),
            p95: quantile(4.0),
            p99: quantile(11.0),
            worst: round(60.0 * mean),
            histogram: vec![(0.0, 100_000), (round(3.0 * mean), 140_000)],
        }
    };
    WindowsResult {
        length_s: 2_592_000.0,
        count: 240_000,
        downtime_s: loss(down),
        failed_request_s: loss(failed),
        meets_slo: Some(Estimate { mean: 0.971, low: 0.968, high: 0.9737, bound: false, rests_on_few: false }),
        alerts: None,
    }
}

/// One scenario; `factor` scales what fails, `threshold` what probes notice.
pub fn scenario(name: &str, parameters: Map<String, Value>, factor: f64, threshold: f64) -> ScenarioResult {
    let recoveries = KINDS.iter().map(|kind| {
        let lengths = distribution(
            kind.median * (0.6 + 0.2 * threshold),
            0.35,
            (kind.per_year * 900.0) as u64,
            u64::from(kind.name == "zone-outage") * 3,
        );
        let mean = lengths.mean.unwrap_or(0.0);
        let phases = PerPhase::of(|phase| round(mean * kind.shares[phase as usize]));
        (NamedCause::Fault(kind.name.to_owned()), PodRecovery { lengths, overlapped: 12, phases })
    });
    let recoveries: OrderedMap<NamedCause, PodRecovery> = recoveries.collect();
    let detections = KINDS.iter().map(|kind| {
        let detection = Detection { times: distribution(5.0 * threshold, 0.2, 4_000, 0), undetected: 17 };
        (kind.name.to_owned(), detection)
    });
    let weights: Vec<f64> = KINDS.iter().map(|kind| kind.per_year * kind.median * factor).collect();
    let attribution = |scale: f64, only_large: bool| -> Vec<Attribution> {
        KINDS
            .iter()
            .zip(&weights)
            .flat_map(|(kind, weight)| {
                Phase::ALL.into_iter().zip(kind.shares).filter(move |(_, share)| *share > 0.0).map(
                    move |(phase, share)| Attribution {
                        cause: NamedCause::Fault(kind.name.to_owned()),
                        phase: Some(phase),
                        s_per_year: round(
                            share * weight * scale * if only_large && kind.median < 100.0 { 0.02 } else { 1.0 },
                        ),
                    },
                )
            })
            .collect()
    };
    let (down, failed) = (attribution(0.4, true), attribution(0.5, false));
    let sum = |parts: &[Attribution]| parts.iter().map(|p| p.s_per_year).sum::<f64>();
    let (downtime, failures) = (estimate(sum(&down), 6.0), estimate(sum(&failed), 3.0));
    let year = 31_536_000.0;
    let share = |e: Estimate| Estimate {
        mean: 1.0 - e.mean / year,
        low: 1.0 - e.high / year,
        high: 1.0 - e.low / year,
        bound: false,
        rests_on_few: false,
    };
    ScenarioResult {
        name: name.to_owned(),
        parameters,
        unplaceable: false,
        replications: 20_000,
        estimates: Estimates::of(|metric| match metric {
            Metric::Availability => share(downtime),
            Metric::RequestSuccess => share(failures),
            Metric::Downtime => downtime,
            Metric::FailedRequests => failures,
            Metric::Outages => estimate(3.4 * factor, 4.0),
            Metric::NeedlessReadiness if threshold > 3.5 => bound(0.004),
            Metric::NeedlessReadiness => estimate(900.0 / 20f64.powf(threshold - 1.0), 12.0),
            Metric::NeedlessLiveness
            | Metric::NeedlessStartup
            | Metric::Pending
            | Metric::Pages
            | Metric::Deletions => bound(0.004),
            Metric::Restarts => estimate(180.0, 1.0),
        }),
        load: None,
        first_available_s: None,
        time_to_recovery_s: distribution(140.0 * threshold.sqrt(), 1.1, (3000.0 * factor) as u64, 3),
        outage_examples: vec![],
        any_recovery_s: together(&recoveries),
        pod_recovery_s: recoveries,
        detection_s: detections.collect(),
        operations: OrderedMap::default(),
        windows: Some(windows(downtime.mean, failures.mean)),
        pod_hours_per_year: 17_521.3,
        node_hours_per_year: 6.0 * 8_760.0,
        cost_per_year: None,
        downtime_attribution: down,
        request_failure_attribution: failed,
        missing_s_per_year: None,
        workloads: vec![],
        without: vec![Removal {
            fault: "dependency-error".to_owned(),
            replications: 4_992,
            downtime_s_per_year: 0.98 * downtime.mean,
            failed_request_s_per_year: 1.02 * failures.mean,
            downtime_saved_s_per_year: estimate(0.9 * downtime.mean, 8.0),
            failed_request_saved_s_per_year: estimate(0.5 * failures.mean, 8.0),
            saves_little: false,
        }],
        uncertainty: None,
        difference_to_baseline: None,
    }
}

fn result(experiment: &str, varied: &[&str], scenarios: Vec<ScenarioResult>) -> ExperimentResult {
    ExperimentResult {
        interrupted: false,
        each_alone: false,
        targets: vec![],
        comparison: None,
        api_version: "hasim/v1".to_owned(),
        kind: "Results".to_owned(),
        experiment: experiment.to_owned(),
        question: None,
        version: "0.1.0".to_owned(),
        seed: 42,
        horizon_s: 31_536_000.0,
        warm_up_s: 604_800.0,
        confidence: 0.95,
        objective: Objective {
            min_serving: 1,
            system: None,
            metric: Metric::Availability,
            slo: Some(0.9995),
            window: Duration::from_secs(30 * 86_400),
            indifference_secs: None,
        },
        varied: varied.iter().map(|key| (*key).to_owned()).collect(),
        baseline: None,
        selection: None,
        currency: None,
        sensitivity: vec![],
        replays: vec![],
        surges: vec![],
        rollouts: vec![],
        assumptions: Vec::new(),
        scenarios,
        notes: vec!["No PodDisruptionBudget is read yet: models/deployments/aidbox.yaml has none.".to_owned()],
        faults: KINDS
            .iter()
            .map(|kind| FaultInfo {
                name: kind.name.to_owned(),
                strikes: kind.strikes.to_owned(),
                every_mean_s: Some(31_536_000.0 / kind.per_year),
                lasts_mean_s: Some(600.0),
                hours: None,
                source: "assumption".to_owned(),
                operation: None,
            })
            .collect(),
        inputs: json!({"deployment": {"replicas": 2}}),
    }
}

/// Nothing varied.
pub fn single() -> ExperimentResult {
    result("aidbox", &[], vec![scenario("aidbox", Map::new(), 1.0, 2.0)])
}

/// A grid over these keys and values.
pub fn grid(experiment: &str, axes: &[(&str, Vec<Value>)]) -> ExperimentResult {
    let mut points = vec![Map::new()];
    for (key, values) in axes {
        points = points
            .iter()
            .flat_map(|point| {
                values.iter().map(move |value| {
                    let mut point = point.clone();
                    point.insert((*key).to_owned(), value.clone());
                    point
                })
            })
            .collect();
    }
    let scenarios: Vec<ScenarioResult> = points
        .into_iter()
        .map(|point| {
            let name: Vec<String> = point.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let number = |word: &str, default: f64| {
                point.iter().find(|(key, _)| key.contains(word)).and_then(|(_, v)| v.as_f64()).unwrap_or(default)
            };
            let replicas = number("replicas", 2.0);
            let factor = 6f64.powf(2.0 - replicas) * (1.0 + 0.1 * number("liveness", 4.0));
            scenario(
                &name.join(" "),
                point.clone(),
                factor,
                number("failureThreshold", 2.0) * number("periodSeconds", 5.0) / 5.0,
            )
        })
        .collect();
    let keys: Vec<&str> = axes.iter().map(|(key, _)| *key).collect();
    let mut result = result(experiment, &keys, scenarios);
    let baseline = result.scenarios[0].clone();
    result.baseline = Some(baseline.name.clone());
    for scenario in &mut result.scenarios[1..] {
        let less = |a: &Estimate, b: &Estimate| {
            let mean = a.mean - b.mean;
            Estimate {
                mean: round(mean),
                low: round(mean - 60.0),
                high: round(mean + 60.0),
                bound: false,
                rests_on_few: false,
            }
        };
        scenario.difference_to_baseline = Some(Difference {
            downtime_s_per_year: less(&scenario.estimates[Metric::Downtime], &baseline.estimates[Metric::Downtime]),
            failed_request_s_per_year: less(
                &scenario.estimates[Metric::FailedRequests],
                &baseline.estimates[Metric::FailedRequests],
            ),
            downtime_variance_ratio: Some(4.0),
            failed_request_variance_ratio: None,
        });
    }
    result
}

fn numbers(values: &[u64]) -> Vec<Value> {
    values.iter().map(|v| json!(v)).collect()
}

/// Four thresholds.
pub fn four() -> ExperimentResult {
    grid("thresholds", &[("readinessProbe.failureThreshold", numbers(&[1, 2, 3, 4]))])
}

/// The same at a price, the third chosen as the cheapest.
pub fn priced() -> ExperimentResult {
    let mut result = four();
    for (scenario, cost) in result.scenarios.iter_mut().zip([4_200.0, 3_100.0, 1_752.0, 876.0]) {
        scenario.cost_per_year = Some(cost);
    }
    let standings = [Standing::Dearer, Standing::Dearer, Standing::Meets, Standing::Misses];
    let scenarios = result.scenarios.iter().zip(standings);
    result.currency = Some("USD".to_owned());
    result.selection = Some(SelectionResult {
        goal: Wanted::Cheapest,
        indifference_s_per_year: 600.0,
        decided: true,
        chosen: Some(result.scenarios[2].name.clone()),
        standings: scenarios.map(|(s, standing)| ScenarioStanding { scenario: s.name.clone(), standing }).collect(),
    });
    result
}

/// Replicas, thresholds and periods: 24 scenarios.
pub fn twenty_four() -> ExperimentResult {
    grid(
        "probe-thresholds",
        &[
            ("replicas", numbers(&[2, 3])),
            ("readinessProbe.failureThreshold", numbers(&[1, 2, 3, 4])),
            ("livenessProbe.periodSeconds", numbers(&[5, 10, 20])),
        ],
    )
}

/// Four keys, 48 scenarios.
pub fn forty_eight() -> ExperimentResult {
    grid(
        "everything",
        &[
            ("replicas", numbers(&[1, 2, 3, 4])),
            ("cluster.zones.count", numbers(&[1, 2, 3])),
            (
                "deployment.spec.template.spec.topologySpreadConstraints.whenUnsatisfiable",
                vec![json!("ScheduleAnyway"), json!("DoNotSchedule")],
            ),
            ("startupProbe", vec![Value::Null, json!({"periodSeconds": 5, "failureThreshold": 30})]),
        ],
    )
}

/// Two keys: 12 scenarios, on both sides of the SLO.
pub fn two_keys() -> ExperimentResult {
    let mut result = grid(
        "two-keys",
        &[("replicas", numbers(&[1, 2, 3])), ("readinessProbe.failureThreshold", numbers(&[1, 2, 3, 4]))],
    );
    result.baseline = Some(result.scenarios[4].name.clone());
    result
}

/// 200 scenarios, most of them under names.
pub fn two_hundred() -> ExperimentResult {
    let mut result = forty_eight();
    let one = result.scenarios[0].clone();
    while result.scenarios.len() < 200 {
        let mut next = one.clone();
        next.name = format!("{} #{}", one.name, result.scenarios.len());
        result.scenarios.push(next);
    }
    result.scenarios.truncate(200);
    result
}

/// Which of three parameters matters.
pub fn sensitive() -> ExperimentResult {
    let mut result = single();
    let response = |change: f64, half: f64, elasticity: Option<f64>| Response {
        elasticity: elasticity.map(|mean| Estimate {
            mean,
            low: mean - 0.1,
            high: mean + 0.1,
            bound: false,
            rests_on_few: false,
        }),
        change_s_per_year: Estimate {
            mean: change,
            low: change - half,
            high: change + half,
            bound: false,
            rests_on_few: false,
        },
        at_s_per_year: [3_600.0, 3_600.0 + change],
    };
    let parameter = |key: &str, values: [Value; 3], whole: bool, response: Response| {
        let [low, base, high] = values;
        Sensitivity { key: key.to_owned(), base, low, high, whole, downtime: response, failed: response }
    };
    // From so many days to two years.
    let between = |from: [&str; 3]| from.map(|from| json!({"between": [from, "730d"]}));
    result.sensitivity = vec![
        parameter(
            "readinessProbe.failureThreshold",
            [json!(1), json!(2), json!(3)],
            true,
            response(60.0, 9.0, Some(0.1)),
        ),
        parameter(
            "faults.node-crash.every.exponential.mean",
            [json!("81d"), json!("90d"), json!("99d")],
            false,
            response(-360.0, 20.0, Some(-0.5)),
        ),
        parameter("livenessProbe.timeoutSeconds", [json!(4), json!(5), json!(6)], true, response(1.0, 9.0, None)),
        parameter(
            "faults.crash.every.exponential.mean",
            between(["9d", "10d", "11d"]),
            false,
            response(1.0, 9.0, None),
        ),
        parameter(
            "faults.outage.every.exponential.mean",
            between(["27d", "30d", "33d"]),
            false,
            response(-90.0, 9.0, Some(-0.3)),
        ),
    ];
    let spread = Spread { low: 1_800.0, high: 7_200.0, share_of_variance: 0.2 };
    result.scenarios[0].uncertainty = Some(Uncertainty {
        draws: 32,
        downtime_s_per_year: spread,
        failed_request_s_per_year: spread,
        meets_slo: Some(Spread { low: 0.9, high: 0.99, share_of_variance: 0.2 }),
    });
    result
}

/// Candidates with long names, bounds and empty distributions among them.
pub fn odd() -> ExperimentResult {
    let mut scenarios: Vec<ScenarioResult> = [
        "as it is in production today",
        "with hard zone spread and a startup probe that waits for the slowest start we have ever seen in the field",
        "three replicas",
        "never fails",
    ]
    .iter()
    .enumerate()
    .map(|(i, name)| scenario(name, Map::new(), 1.0 / 4f64.powi(i as i32), 2.0))
    .collect();
    let quiet = &mut scenarios[3];
    let high = 31_536_000.0 * 0.000_184;
    quiet.estimates[Metric::Availability] =
        Estimate { mean: 1.0, low: 1.0 - 0.000_184, high: 1.0, bound: true, rests_on_few: false };
    quiet.estimates[Metric::RequestSuccess] = quiet.estimates[Metric::Availability];
    quiet.estimates[Metric::Downtime] = bound(high);
    quiet.estimates[Metric::FailedRequests] = bound(high);
    quiet.estimates[Metric::Outages] = bound(3.7 / 20_000.0);
    let nothing = WindowLoss {
        mean: bound(2_592_000.0 * 0.000_184),
        p50: Quantile { value: 0.0, low: 0.0, high: Some(0.0) },
        p95: Quantile { value: 0.0, low: 0.0, high: Some(0.0) },
        p99: Quantile { value: 0.0, low: 0.0, high: Some(0.0) },
        worst: 0.0,
        histogram: vec![(0.0, 240_000)],
    };
    quiet.windows = Some(WindowsResult {
        length_s: 2_592_000.0,
        count: 240_000,
        downtime_s: nothing.clone(),
        failed_request_s: nothing,
        meets_slo: Some(quiet.estimates[Metric::Availability]),
        alerts: None,
    });
    quiet.time_to_recovery_s = Distribution::default();
    quiet.any_recovery_s = Distribution::default();
    quiet.pod_recovery_s = OrderedMap::default();
    quiet.detection_s = OrderedMap::default();
    quiet.downtime_attribution.clear();
    quiet.request_failure_attribution.clear();
    result("candidates", &[], scenarios)
}

/// Two manifests, the new one first and for the worse.
pub fn compared() -> ExperimentResult {
    let mut result = grid("comparison", &[("candidate", vec![json!("before"), json!("after")])]);
    result.scenarios.reverse();
    for (scenario, name) in result.scenarios.iter_mut().zip(["after", "before"]) {
        name.clone_into(&mut scenario.name);
    }
    result.baseline = Some("before".to_owned());
    let finding = |message: &str| ManifestFinding {
        severity: "advice".to_owned(),
        id: Some("single-replica".to_owned()),
        path: "spec.replicas".to_owned(),
        message: message.to_owned(),
        before: None,
        help: Some("run two".to_owned()),
    };
    result.comparison = Some(Comparison {
        before: "before".to_owned(),
        after: "after".to_owned(),
        verdict: Verdict::Fail,
        change: Verdict::Fail,
        max_regression_s_per_year: None,
        same: false,
        never_ready: vec![],
        new_findings: vec![finding("is 1")],
        changed_findings: vec![],
        gone_findings: vec![],
        kept_findings: vec![finding("is 0")],
    });
    result
}

/// Thresholds under two faults of a script, in a run of half an hour.
pub fn scripted() -> ExperimentResult {
    let mut result = four();
    "rehearsal".clone_into(&mut result.experiment);
    result.horizon_s = 1_800.0;
    result.faults.truncate(2);
    result.faults.iter_mut().for_each(|fault| fault.every_mean_s = None);
    result
}

/// One scenario in which nothing ever happened.
pub fn silent() -> ExperimentResult {
    let mut result = odd();
    result.scenarios = vec![result.scenarios.pop().unwrap()];
    result
}

/// The answer for one scenario, with an outage that was replayed and whose words are `words`.
pub fn replayed(words: &str) -> ExperimentResult {
    let mut result = single();
    let (scenario, words) = (result.scenarios[0].name.clone(), words.to_owned());
    let example =
        OutageExample { statistic: "max".to_owned(), length_s: 79.4, replication: 25, number: 6, without_end: false };
    result.scenarios[0].outage_examples.push(example.clone());
    let span = |from_s, to_s, tone| Span { from_s, to_s, words: words.clone(), tone };
    let mark = |at_s, tone| Mark { at_s, words: words.clone(), rules: "P14".to_owned(), tone };
    let lane = |group, name: &str| Lane {
        group,
        name: name.to_owned(),
        revision: None,
        spans: vec![span(0.0, 30.0, Tone::Good), span(30.0, 109.4, Tone::Bad), span(109.4, 120.0, Tone::Plain)],
        marks: vec![mark(30.0, Tone::Bad), mark(110.0, Tone::Good)],
    };
    result.replays.push(Replay {
        scenario,
        outage: example,
        begins_s: -20.5,
        lasts_s: 120.0,
        outage_from_s: 30.0,
        cut: None,
        lanes: vec![
            lane(Group::Service, "service"),
            lane(Group::Pods, "pod 0.1 container"),
            lane(Group::Pods, &words),
            lane(Group::Faults, &words),
        ],
    });
    result
}

/// The answer for four scenarios, with a rollout of two of them that was replayed, and one of a bad revision.
pub fn rolled_out() -> ExperimentResult {
    let mut result = four();
    let pods = |at_s, [old_ready, old_terminating, new_not_ready, new_ready]: [u32; 4]| RevisionCounts {
        at_s,
        old_ready,
        old_terminating,
        new_not_ready,
        new_ready,
        ..RevisionCounts::default()
    };
    let replay = |scenario: &str, failing: Vec<FailingSpan>| RolloutReplay {
        scenario: scenario.to_owned(),
        operation: "release".to_owned(),
        deployment: "aidbox".to_owned(),
        replication: 3,
        revision: 7,
        replicas: 2,
        scalings: vec![],
        meanwhile: vec![],
        begins_s: 86_400.5,
        lasts_s: 90.0,
        rollout_from_s: 2.0,
        took_s: 80.0,
        rollback: None,
        cut: None,
        pods: vec![
            pods(0.0, [2, 0, 0, 0]),
            pods(2.5, [2, 0, 1, 0]),
            pods(40.0, [1, 1, 1, 1]),
            pods(44.0, [1, 0, 1, 1]),
            pods(82.0, [0, 1, 0, 2]),
            pods(86.0, [0, 0, 0, 2]),
        ],
        failing,
    };
    let span = |from_s, to_s, failing_share| FailingSpan { from_s, to_s, failing_share };
    let [best, worst] = [0, 3].map(|number| result.scenarios[number].name.clone());
    result.rollouts = vec![
        replay(&best, vec![]),
        replay(&worst, vec![span(40.0, 40.7, 1.0 / 3.0), span(82.0, 82.01, 0.5), span(82.01, 83.0, 1.0)]),
        RolloutReplay {
            rollback: Some(Rollback { flaw: "release-crash-loop".to_owned(), after_s: 60.0 }),
            ..replay(&worst, vec![span(50.0, 70.0, 0.5)])
        },
    ];
    result
}

/// Upgrades of Nodes by three providers and two budgets: one budget blocks two of them, and the third goes by force.
pub fn upgraded() -> ExperimentResult {
    let words = |all: &[&str]| all.iter().map(|one| json!(one)).collect::<Vec<_>>();
    let keys =
        [("candidate", words(&["one", "none"])), ("operations.upgrade.preset", words(&["gke", "aks", "kubeadm"]))];
    let mut result = grid("upgrades", &keys);
    result.baseline = Some(result.scenarios[0].name.clone());
    let upgrade = |cost: Option<f64>, complete: u64, forced: u64, gave_up: u64, no_end: u64| OperationResult {
        per_year: estimate(12.0, 1.0),
        duration_s: Distribution { count: complete, ..distribution(840.0, 0.1, complete, no_end) },
        rolled_back_s: Distribution::default(),
        superseded: 0,
        gave_up,
        left_uneven: 0,
        forced,
        nothing_to_evict: 0,
        skipped: 0,
        evictions_refused: 1_000 * (gave_up + no_end),
        least_serving: vec![0, 100],
        downtime_s_each: Some(bound(0.1)),
        failed_request_s_each: Some(cost.map_or(bound(0.3), |cost| estimate(cost, 5.0))),
        short_s_each: None,
    };
    let all = [
        upgrade(Some(0.073), 100, 0, 0, 0),
        upgrade(Some(0.073), 100, 0, 0, 0),
        upgrade(Some(0.2), 100, 0, 0, 0),
        upgrade(Some(0.07), 100, 100, 0, 0),
        upgrade(None, 0, 0, 100, 0),
        upgrade(None, 0, 0, 0, 100),
    ];
    // All that is lost comes from them.
    let release = operated().faults.into_iter().find(|fault| fault.name == "release").unwrap();
    result.faults.iter_mut().for_each(|fault| fault.operation.clone_from(&release.operation));
    for (scenario, operation) in result.scenarios.iter_mut().zip(all) {
        scenario.operations = [("upgrade".to_owned(), operation)].into_iter().collect();
    }
    result
}

/// Releases of three candidates that leave the zones uneven: often, seldom and hardly ever.
pub fn skewed() -> ExperimentResult {
    let names = ["as-it-is", "no-surge", "match-label-keys"].map(|name| json!(name)).to_vec();
    let mut result = grid("zones", &[("candidate", names)]);
    result.baseline = Some(result.scenarios[0].name.clone());
    let release = upgraded().scenarios[0].operations.iter().next().unwrap().1.clone();
    result.faults.iter_mut().for_each(|fault| "zone crash".clone_into(&mut fault.strikes));
    for (scenario, left_uneven) in result.scenarios.iter_mut().zip([520, 40, 1]) {
        let duration_s = Distribution { count: 1_000, ..release.duration_s.clone() };
        let one = OperationResult { left_uneven, duration_s, ..release.clone() };
        scenario.operations = [("release".to_owned(), one)].into_iter().collect();
    }
    result
}

/// The answer for one scenario with releases, of which some are bad and some are superseded, and drains of every fate.
pub fn operated() -> ExperimentResult {
    let mut result = single();
    let info = |name: &str, every_days: f64, lasts_mean_s, operation| FaultInfo {
        name: name.to_owned(),
        strikes: String::new(),
        every_mean_s: Some(every_days * 86_400.0),
        lasts_mean_s,
        hours: None,
        source: "assumption".to_owned(),
        operation: Some(operation),
    };
    let flaw =
        |name: &str, after_mean_s| FlawInfo { name: name.to_owned(), after_mean_s, is_leak: false, failing: None };
    let bad = BadInfo {
        share: 0.1,
        flaws: vec![flaw("release-crash-loop", None), flaw("release-slow-poison", Some(30.0))],
        noticed_mean_s: 900.0,
    };
    let rollout = OperationInfo::Rollout { new_image: true, bad: Some(bad) };
    let drain = OperationInfo::Drain { takes_turns: true, timeout_s: Some(3600.0) };
    result.faults.push(info("release", 7.0, None, rollout));
    let of_a_flaw = FaultInfo { every_mean_s: None, operation: None, ..result.faults[0].clone() };
    for name in ["release-crash-loop", "release-slow-poison"] {
        result.faults.push(FaultInfo { name: name.to_owned(), ..of_a_flaw.clone() });
    }
    result.faults.push(info("patch-day", 10.0, Some(600.0), drain));
    let release = OperationResult {
        per_year: estimate(52.0, 1.0),
        duration_s: Distribution { count: 6_000, ..distribution(80.0, 0.1, 6_000, 0) },
        rolled_back_s: Distribution { count: 1_000, ..distribution(1_800.0, 0.4, 1_000, 0) },
        superseded: 3_000,
        gave_up: 0,
        left_uneven: 0,
        forced: 0,
        nothing_to_evict: 0,
        skipped: 0,
        evictions_refused: 0,
        least_serving: vec![500, 4_500, 2_000],
        downtime_s_each: Some(estimate(4.0, 12.0)),
        failed_request_s_each: Some(estimate(28.0, 20.0)),
        short_s_each: None,
    };
    let patch_day = OperationResult {
        duration_s: Distribution { count: 5_000, ..distribution(30.0, 0.4, 5_000, 800) },
        rolled_back_s: Distribution::default(),
        superseded: 0,
        gave_up: 4_200,
        left_uneven: 0,
        forced: 0,
        nothing_to_evict: 10_000,
        skipped: 5_000,
        evictions_refused: 40_000,
        failed_request_s_each: Some(estimate(0.02, 10.0)),
        short_s_each: None,
        downtime_s_each: Some(estimate(0.001, 10.0)),
        ..release.clone()
    };
    result.scenarios[0].operations =
        [("release".to_owned(), release), ("patch-day".to_owned(), patch_day)].into_iter().collect();
    result
}
