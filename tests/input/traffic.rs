//! How many requests come and what a Pod takes: nonsense is an error at its place, and what would surprise is said.

use std::collections::BTreeMap;
use std::path::Path;

use crate::kinds::{CLUSTER, SERVES, SERVICE, load_files, web};
use hasim::spec::{Diagnostic, Loaded, Report, Severity, check_bytes};

const EVEN: &str = "rate: 90";

fn document(spec: &str) -> String {
    format!("{{apiVersion: hasim/v1, kind: Traffic, metadata: {{name: t}}, spec: {{{spec}}}}}")
}

/// An experiment of three replicas with this traffic and this capacity.
fn load(traffic: &str, capacity: &str, more: &str) -> Result<Loaded, Report> {
    load_manifest(web("replicas: 3", "", &[SERVES]) + SERVICE, traffic, capacity, more)
}

/// One of this manifest.
pub fn load_manifest(manifest: String, traffic: &str, capacity: &str, more: &str) -> Result<Loaded, Report> {
    let app = format!("{{apiVersion: hasim/v1, kind: App, metadata: {{name: a}}, spec: {{startUp: 2s{capacity}}}}}");
    let experiment = format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: load}}
spec:
  deployment: web.yaml
  app: app.yaml
  cluster: cluster.yaml
  faults: [{{name: crash, target: container, mode: crash, every: 30d, source: assumption}}]
  replications: 4
{more}"
    );
    let cluster = format!("{{apiVersion: hasim/v1, kind: Cluster, metadata: {{name: c}}, spec: {{{CLUSTER}}}}}");
    load_files(&BTreeMap::from([
        ("web.yaml", manifest),
        ("app.yaml", app),
        ("cluster.yaml", cluster),
        ("traffic.yaml", document(traffic)),
        ("experiment.yaml", experiment),
    ]))
}

fn sentences(report: &Report) -> Vec<String> {
    report.errors().map(Diagnostic::sentence).collect()
}

#[test]
fn nonsense_is_an_error_at_its_place() {
    let hours = |count: usize, each: &str| vec![each; count].join(", ");
    let only_at_noon = format!("{}, 1, {}", hours(12, "0"), hours(11, "0"));
    let cases = [
        ("shape: {}".to_owned(), "spec.rate: is missing"),
        ("rate: 0".to_owned(), "spec.rate: is 0, must be above 0 requests a second"),
        ("rate: -5".to_owned(), "spec.rate: is -5, must be above 0 requests a second"),
        ("rate: many".to_owned(), "spec.rate: is many, a string, must be a number"),
        (format!("rate: 5, shape: {{hours: [{}]}}", hours(23, "1")), "spec.shape.hours: has 23 numbers, must have 24"),
        (format!("rate: 5, shape: {{days: [{}]}}", hours(8, "1")), "spec.shape.days: has 8 numbers, must have 7"),
        (format!("rate: 5, shape: {{hours: [{}]}}", hours(24, "0")), "spec.shape.hours: are all 0"),
        (
            format!("rate: 5, shape: {{days: [1, 1, 1, 1, 1, 1, -1], hours: [{only_at_noon}]}}"),
            "spec.shape.days[6]: is -1",
        ),
        ("rate: 5, shape: {weeks: [1]}".to_owned(), "spec.shape.weeks: is not a field that is known"),
        ("rate: 5, shape: {between: leaps}".to_owned(), "spec.shape.between: is leaps"),
        ("rate: 5, surges: []".to_owned(), "spec.surges: is a list, must be a map"),
        ("rate: 5, surges: {lasts: 5m, times: 2}".to_owned(), "spec.surges.every: is missing"),
        ("rate: 5, surges: {every: 1s, lasts: 5m, times: 2}".to_owned(), "spec.surges.every: has a mean of 1 s"),
        ("rate: 5, surges: {every: 1d, lasts: 5m, times: 0.5}".to_owned(), "spec.surges.times: is 0.5"),
        (
            "rate: 5, surges: {every: 1d, lasts: 5m, times: {min: 3, max: 2}}".to_owned(),
            "must have a min that is no more than max",
        ),
        ("rate: 5, surges: {every: 1d, lasts: 5m, times: 2, rises: 2d}".to_owned(), "spec.surges.rises: is 2d"),
        ("rate: 5, clients: 3".to_owned(), "spec.clients: is 3, an integer, must be a map"),
        ("rate: 5, clients: {tries: 0}".to_owned(), "spec.clients.tries: is 0"),
        ("rate: 5, clients: {timeout: 0s}".to_owned(), "spec.clients.timeout: is 0s"),
        ("rate: 5, clients: {tries: 2, retryBudget: -1}".to_owned(), "spec.clients.retryBudget: is -1"),
        ("rate: 5, clients: {retries: 2}".to_owned(), "spec.clients.retries: is not a field that is known"),
    ];
    for (spec, wanted) in cases {
        let report = check_bytes(Path::new("traffic.yaml"), document(&spec).as_bytes()).report;
        let found = sentences(&report);
        assert!(found.len() == 1 && found[0].contains(wanted), "{spec}: {found:?}, wanted {wanted}");
    }
    for (capacity, wanted) in [
        (", capacity: {requestsPerSecond: 0}", "spec.capacity.requestsPerSecond: is 0, must be above 0"),
        (", capacity: {}", "spec.capacity.requestsPerSecond: is missing"),
        (", capacity: 100", "spec.capacity: is 100, an integer, must be a map"),
        (", capacity: {requestsPerSecond: 9, cpu: {busy: 0}}", "spec.capacity.cpu.busy: is 0, must be above 0"),
        (
            ", capacity: {requestsPerSecond: 9, cpu: {idle: -1m}}",
            "spec.capacity.cpu.idle: is -1m, must be greater than or equal to 0",
        ),
        (", capacity: {workers: 0, serviceTime: 80ms}", "spec.capacity.workers: is 0"),
        (", capacity: {workers: 4}", "spec.capacity.serviceTime: is missing"),
        (", capacity: {workers: 4, serviceTime: 0s}", "spec.capacity.serviceTime: is 0s, must have a mean above 0"),
        (", capacity: {requestsPerSecond: 9, workers: 4}", "spec.capacity: has requestsPerSecond beside workers"),
        (", capacity: {requestsPerSecond: 9}, queue: {limit: 5}", "spec.queue: says how many requests wait"),
        (", whenOverloaded: queues", "spec.whenOverloaded: is `queues`, which needs a `capacity`"),
        (
            ", capacity: {requestsPerSecond: 9}, whenOverloaded: queues",
            "spec.whenOverloaded: is `queues`, which needs `workers` and `serviceTime`",
        ),
        (", capacity: {requestsPerSecond: 9}, whenOverloaded: explodes", "spec.whenOverloaded: is explodes"),
        (", healthEndpoint: true", "spec.healthEndpoint: is true, a boolean, must be a map"),
        (", healthEndpoint: {}", "spec.healthEndpoint.sharesQueue: is missing"),
        (", healthEndpoint: {sharesQueue: 1}", "spec.healthEndpoint.sharesQueue: is 1, an integer, must be"),
        (
            ", capacity: {requestsPerSecond: 9}, healthEndpoint: {sharesQueue: true}",
            "spec.healthEndpoint: shares a queue, and none is said",
        ),
        (
            ", capacity: {workers: 9999, serviceTime: 10us}, whenOverloaded: queues, queue: {limit: 9}, healthEndpoint: {sharesQueue: true}",
            "asks for probes that wait behind requests, with a `queue.limit`",
        ),
        (
            ", capacity: {workers: 4, serviceTime: 80ms}, whenOverloaded: queues, queue: {limit: -1}",
            "spec.queue.limit: is -1",
        ),
        (
            ", capacity: {workers: 4, serviceTime: 80ms}, whenOverloaded: queues",
            "spec.clients.timeout: is missing, and any number of requests can wait",
        ),
    ] {
        let found = load(EVEN, capacity, "  traffic: traffic.yaml\n").map(|_| ()).unwrap_err();
        let found = sentences(&found);
        assert!(found.len() == 1 && found[0].contains(wanted), "{capacity}: {found:?}, wanted {wanted}");
    }
    let found = sentences(&load(EVEN, "", "  vary: {traffic.rate: [1, 2]}\n").map(|_| ()).unwrap_err());
    assert!(found[0].contains("leads nowhere: the experiment has no `traffic`"), "{found:?}");
    let found = sentences(&load(EVEN, "", "  traffic: app.yaml\n").map(|_| ()).unwrap_err());
    assert!(found.len() == 1 && found[0].contains("spec.traffic"), "{found:?}");
}

#[test]
fn what_would_surprise_is_said() {
    let said = |traffic: &str, capacity: &str, more: &str| -> Vec<String> {
        let loaded =
            load(traffic, capacity, &format!("  traffic: traffic.yaml\n{more}")).unwrap_or_else(|r| panic!("{r}"));
        let all = loaded.findings.diagnostics.iter().filter(|one| one.severity != Severity::Error);
        all.filter(|one| one.path.starts_with("spec.rate")).map(Diagnostic::sentence).collect()
    };
    let takes = ", capacity: {requestsPerSecond: 30}";
    assert_eq!(said(EVEN, takes, ""), [""; 0], "90 requests a second are what three Pods take");
    let found = said("rate: 90.5", takes, "");
    assert!(found.len() == 1 && found[0].contains("3 Pods take 90: requests fail each week"), "{found:?}");
    let found = said(EVEN, "", "");
    assert!(found.len() == 1 && found[0].contains("does not say what a Pod can take"), "{found:?}");
    // Of a grid it is said of which scenario it is true.
    let found = said(EVEN, takes, "  vary: {replicas: [2, 3, 4]}\n");
    assert!(found.len() == 1 && found[0].contains("2 Pods take 60"), "{found:?}");
    // Clients that wait for less than the work takes, and a budget that bounds nothing.
    let queued = |clients: &str| -> Vec<String> {
        let capacity = ", capacity: {workers: 4, serviceTime: 40ms}, whenOverloaded: queues";
        let traffic = format!("{EVEN}, clients: {{{clients}}}");
        let loaded = load(&traffic, capacity, "  traffic: traffic.yaml\n").unwrap_or_else(|report| panic!("{report}"));
        loaded
            .findings
            .warnings()
            .filter(|one| one.path.starts_with("spec.clients"))
            .map(Diagnostic::sentence)
            .collect()
    };
    assert_eq!(queued("timeout: 200ms"), [""; 0], "e⁻⁵ is 0.7 %");
    let found = queued("timeout: 100ms");
    assert!(
        found.len() == 1 && found[0].contains("8 % of the answers of a Pod that has nothing else to do"),
        "{found:?}"
    );
    assert_eq!(queued("timeout: 1s, tries: 3, retryBudget: 200%"), [""; 0], "as many as they make");
    let found = queued("timeout: 1s, tries: 3, retryBudget: 5");
    assert!(found.len() == 1 && found[0].contains("it bounds nothing"), "{found:?}");
    // Whoever judges by availability is told that it does not see refused requests.
    let judged = |metric: &str| {
        let more = format!("  traffic: traffic.yaml\n  objective: {{metric: {metric}}}\n");
        let loaded = load(EVEN, takes, &more).unwrap_or_else(|report| panic!("{report}"));
        loaded.findings.warnings().any(|one| one.path == "spec.objective.metric")
    };
    assert!(judged("availability") && !judged("request_success"));
}
