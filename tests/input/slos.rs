//! SLOs in files of OpenSLO, Sloth and Pyrra, as the objective of an experiment.

use std::io;
use std::path::Path;

use hasim::spec::{Loaded, Report, load_experiment_with, slos_in};
use hasim::study::{Metric, Objective};
use hasim::time::Duration;

use crate::kinds::{SERVES, SERVICE, web};

/// The study with this objective, beside the files of `tests/data/slo`.
fn load(objective: &str) -> Result<Loaded, Report> {
    load_beside(objective, "")
}

/// The same beside one more file, `own.yaml`.
fn load_beside(objective: &str, own: &str) -> Result<Loaded, Report> {
    let experiment = format!(
        "apiVersion: hasim/v1\nkind: Experiment\nmetadata: {{name: slos}}\nspec:\n  deployment: web.yaml\n  app: app.yaml\n  \
         cluster: cluster.yaml\n  replications: 8\n  objective: {objective}\n"
    );
    let manifest = web("replicas: 2", "terminationGracePeriodSeconds: 30", &[SERVES]) + SERVICE;
    load_experiment_with(Path::new("experiment.yaml"), &|path| {
        Ok(match path.to_str().unwrap_or_default() {
            "experiment.yaml" => experiment.clone(),
            "web.yaml" => manifest.clone(),
            "app.yaml" => {
                "{apiVersion: hasim/v1, kind: App, metadata: {name: a}, spec: {startUp: 2s, onSigterm: {exits: 1s}}}"
                    .to_owned()
            }
            "cluster.yaml" => {
                "{apiVersion: hasim/v1, kind: Cluster, metadata: {name: c}, spec: {zones: 3, nodesPerZone: 2}}"
                    .to_owned()
            }
            "own.yaml" if !own.is_empty() => own.to_owned(),
            other => {
                return std::fs::read(Path::new("tests/data/slo").join(other))
                    .map_err(|_| io::ErrorKind::NotFound.into());
            }
        }
        .into_bytes())
    })
}

#[track_caller]
fn objective(from: &str) -> Objective {
    load(&format!("{{from: '{from}'}}")).unwrap_or_else(|report| panic!("{report}")).study.header.objective
}

/// Errors in one line each, with what to do.
fn errors(report: &Report) -> String {
    let told = report.errors().map(|error| {
        format!("{}:{}: {} | {}", error.line, error.column, error.sentence(), error.help.as_deref().unwrap_or_default())
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Rule: the target, the window and what is counted become those of the objective, whatever the format, and percentages are exact.
#[test]
fn the_slo_of_a_file_becomes_the_objective() {
    const DAY: u64 = 86_400;
    for (from, slo, days, metric) in [
        ("sloth.yaml", 0.999, 30, Metric::RequestSuccess),
        ("sloth-operator.yaml", 0.9995, 30, Metric::RequestSuccess),
        ("openslo.yaml#Ours", 0.9995, 28, Metric::RequestSuccess),
        ("openslo.yaml#shop-answers/SLA", 0.995, 28, Metric::RequestSuccess),
        // Slices of time, in a month.
        ("openslo.yaml#shop-there", 0.99, 30, Metric::Availability),
        ("pyrra.yaml", 0.995, 28, Metric::RequestSuccess),
        ("pyrra.yaml#shop-errors", 0.995, 28, Metric::RequestSuccess),
    ] {
        let found = objective(from);
        assert_eq!(
            (found.slo, found.window, found.metric),
            (Some(slo), Duration::from_secs(days * DAY), metric),
            "{from}"
        );
    }
    let stated = load("{from: sloth.yaml, metric: availability, minServing: 2}").unwrap().study.header.objective;
    assert_eq!((stated.metric, stated.min_serving, stated.slo), (Metric::Availability, 2, Some(0.999)));
}

/// Rule: what is played is said with the place of the SLO, and results keep the numbers instead of the name of a file.
#[test]
fn what_is_taken_is_said_and_kept() {
    let loaded = load("{from: openslo.yaml#shop-there}").unwrap();
    let notes: Vec<String> =
        loaded.findings.notes().map(|note| format!("{}:{}: {}", note.file, note.line, note.sentence())).collect();
    assert_eq!(
        notes,
        [
            "openslo.yaml:42: spec.objectives[0]: is the objective: shop-there, 99 % of the time in 30d (as 1M is taken) (OpenSLO)"
        ]
    );
    let kept = &loaded.study.header.inputs["experiment"]["spec"]["objective"];
    assert_eq!(*kept, serde_json::json!({"slo": 0.99, "window": "30d"}));
}

/// Rule: which one is meant is never guessed, and an SLO about latency is none about availability, even where it is alone.
#[test]
fn a_choice_that_nothing_tells_is_asked_for() {
    for (from, says) in [
        (
            "openslo.yaml",
            "9:21: spec.objective.from: names openslo.yaml, which holds several SLOs: shop-answers/Ours, shop-answers/SLA, shop-there \
             | name one: `openslo.yaml#shop-answers/Ours` means 99.95 % of requests in 28d",
        ),
        (
            "openslo.yaml#shop-answers",
            "9:21: spec.objective.from: names openslo.yaml, which holds several SLOs: shop-answers/Ours, shop-answers/SLA \
             | name one: `openslo.yaml#shop-answers/Ours` means 99.95 % of requests in 28d",
        ),
        (
            "pyrra.yaml#shop-fast",
            "9:21: spec.objective.from: names pyrra.yaml, which holds no SLO of availability: monitoring/shop-fast is about latency: \
             hasim plays whether Pods serve, not how fast | name another one, or write `slo` and `window` themselves",
        ),
        (
            "openslo.yaml#shop-p99",
            "9:21: spec.objective.from: names openslo.yaml, which holds no SLO of availability: shop-p99 is about a measure and a \
             threshold: hasim plays whether Pods serve | name another one, or write `slo` and `window` themselves",
        ),
        (
            "sloth.yaml#request-availability",
            "9:21: spec.objective.from: names sloth.yaml, which holds no SLO that is called request-availability; there are: \
             shop/requests-availability, shop/requests-fast | did you mean `sloth.yaml#requests-availability`?",
        ),
        (
            "web.yaml",
            "9:21: spec.objective.from: names web.yaml, which holds no SLO: must be one of OpenSLO, Sloth or Pyrra | or write `slo` \
             and `window` themselves",
        ),
        (
            "nowhere.yaml",
            "9:21: spec.objective.from: names nowhere.yaml, which cannot be read: entity not found | paths are relative to the file \
             that names them",
        ),
    ] {
        let report = load(&format!("{{from: '{from}'}}")).unwrap_err();
        assert_eq!(errors(&report), says, "{from}");
    }
    let twice = load("{from: sloth.yaml, slo: 99%, window: 7d}").unwrap_err();
    assert_eq!(
        errors(&twice),
        "9:33: spec.objective.slo: must not be set beside from, which says it | leave out `from` to state it here\n9:43: \
         spec.objective.window: must not be set beside from, which says it | leave out `from` to state it here"
    );
}

/// Rule: of an SLO that is wrong all errors are told with their places in its file, and what is no SLO is not shown.
#[test]
fn what_is_wrong_in_a_file_of_slos_is_located_there() {
    let report = load_beside(
        "{from: own.yaml}",
        "version: prometheus/v1\nservice: shop\nslos:\n  - {name: a, objective: 0}\n  - {name: b}\n",
    );
    let report = report.unwrap_err();
    assert!(report.errors().all(|error| error.file == "own.yaml"), "{report}");
    assert_eq!(
        errors(&report),
        "4:26: slos[0].objective: is 0, must be above 0 and at most 100: it is a percentage | \n5:5: slos[1].objective: is missing | "
    );
    let broken = load_beside("{from: own.yaml}", "version: prometheus/v1\nservice: [shop\nslos: {\n").unwrap_err();
    assert!(broken.to_string().starts_with("own.yaml:"), "{broken}");
    let secret = load_beside("{from: own.yaml}", "password: hunter2\n").unwrap_err();
    assert!(!secret.to_string().contains("hunter2"), "{secret}");
}

/// Rule: names, labels, plugins and queries tell what an SLO is about.
#[test]
fn what_an_slo_is_about_is_told_by_what_it_says() {
    let sloth = |fields: &str| format!("version: prometheus/v1\nservice: shop\nslos: [{{objective: 99, {fields}}}]\n");
    let pyrra = |name: &str, indicator: &str| {
        format!(
            "{{apiVersion: pyrra.dev/v1alpha1, kind: ServiceLevelObjective, metadata: {{name: {name}}}, spec: {{target: '99', window: \
             4w, indicator: {{{indicator}}}}}}}"
        )
    };
    for (text, is_played, is_sure) in [
        (sloth("name: answers"), true, false),
        (sloth("name: errors"), true, true),
        (sloth("name: answers, labels: {category: availability}"), true, true),
        (sloth("name: answers, alerting: {labels: {category: latency}}"), false, false),
        (sloth("name: answers, sli: {plugin: {id: sloth-common/kubernetes/apiserver/latency}}"), false, false),
        (
            sloth("name: answers, sli: {events: {error_query: 'a_bucket{le=\"1\"}', total_query: a_count}}"),
            false,
            false,
        ),
        (sloth("name: availability, sli: {events: {error_query: 'http_request_duration_seconds_count'}}"), true, true),
        (pyrra("answers", "ratio: {}"), true, true),
        (pyrra("answers", "bool_gauge: {}"), true, true),
        (pyrra("answers", "latencyNative: {}"), false, false),
        (pyrra("request-latency", "ratio: {}"), false, false),
    ] {
        let found = slos_in(Path::new("slo.yaml"), text.as_bytes());
        let sure = found.first().map(|slo| slo.is_of_availability);
        assert_eq!(sure, is_played.then_some(is_sure), "{text}");
    }
}
