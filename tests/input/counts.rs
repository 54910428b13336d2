//! What others have counted, as incidents: counters of Prometheus and events of a cluster.

use std::path::Path;

use hasim::spec::incidents::{Counted, Targets, load};
use hasim::spec::{Report, check_bytes};
use serde_json::{Value, json};

const RESTARTS: &str = "kube_pod_container_status_restarts_total";
const REASON: &str = "kube_pod_container_status_last_terminated_reason";
/// 1 August 2026.
const START: i64 = 1_785_542_400;
const HOUR: i64 = 3_600;

fn read(text: &str, targets: Targets) -> Result<(Vec<Counted>, Report), Report> {
    let open = |_: &Path| Ok(text.as_bytes().to_vec());
    load(Path::new("counts.json"), targets, &open).map(|(incidents, report)| (incidents.faults, report))
}

/// A series of a container, sampled each hour from one hour to another.
fn series(
    name: &str,
    pod: &str,
    labels: &[(&str, &str)],
    hours: std::ops::RangeInclusive<i64>,
    value: impl Fn(i64) -> u64,
) -> Value {
    let mut metric = json!({"__name__": name, "namespace": "shop", "pod": pod, "container": "web"});
    for (key, value) in labels {
        metric[*key] = json!(value);
    }
    let values: Vec<Value> = hours.map(|hour| json!([START + hour * HOUR, value(hour).to_string()])).collect();
    json!({"metric": metric, "values": values})
}

fn answer(series: &[Value]) -> String {
    json!({"status": "success", "data": {"resultType": "matrix", "result": series}}).to_string()
}

/// The names, counts and exposures in hours.
#[track_caller]
fn counted(text: &str) -> Vec<(String, u64, f64)> {
    let (faults, _) = read(text, Targets::default()).unwrap_or_else(|report| panic!("{report}"));
    faults.into_iter().map(|fault| (fault.name, fault.count, fault.exposure_secs / HOUR as f64)).collect()
}

fn notes(report: &Report) -> String {
    report.notes().map(hasim::spec::Diagnostic::sentence).collect::<Vec<_>>().join("\n")
}

/// Rule: what rises counts; what a counter has shown before does not; one that falls has begun anew; a series that begins later
/// is a new Pod, and one that goes on under another instance is not. Half a step is added where a series ends within the range.
#[test]
fn restarts_are_the_rises_of_counters() {
    let at = |instance: &'static str| [("instance", instance)];
    let (one, other) = (at("10.0.0.7:8080"), at("10.0.0.9:8080"));
    for (what, all, count, hours) in [
        ("rises", vec![series(RESTARTS, "a", &[], 0..=10, |h| 4 + u64::from(h >= 3) + 2 * u64::from(h >= 7))], 3, 10.0),
        ("none", vec![series(RESTARTS, "a", &[], 0..=10, |_| 9)], 0, 10.0),
        ("anew", vec![series(RESTARTS, "a", &[], 0..=10, |h| if h < 5 { 7 } else { 2 })], 2, 10.0),
        (
            "vanishes",
            vec![series(RESTARTS, "a", &[], 0..=10, |_| 0), series(RESTARTS, "b", &[], 0..=4, |h| u64::from(h > 1))],
            1,
            14.5,
        ),
        (
            "appears",
            vec![
                series(RESTARTS, "a", &[], 0..=10, |_| 0),
                series(RESTARTS, "b", &[], 6..=10, |h| 1 + u64::from(h > 8)),
            ],
            2,
            14.5,
        ),
        // Nothing at all was sampled before, so they may be old.
        (
            "after a gap",
            vec![series(RESTARTS, "a", &[], 0..=2, |_| 0), series(RESTARTS, "b", &[], 8..=10, |_| 5)],
            0,
            5.0,
        ),
        (
            "moves",
            vec![
                series(RESTARTS, "a", &one, 0..=5, |_| 3),
                series(RESTARTS, "a", &other, 6..=10, |h| 3 + u64::from(h > 8)),
            ],
            1,
            10.0,
        ),
        // Scraped by two at a time.
        (
            "twice",
            vec![
                series(RESTARTS, "a", &one, 0..=10, |h| u64::from(h > 4)),
                series(RESTARTS, "a", &other, 0..=10, |h| u64::from(h > 4)),
            ],
            1,
            10.0,
        ),
    ] {
        assert_eq!(counted(&answer(&all)), [("container-crash".to_owned(), count, hours)], "{what}");
    }
    // Where the scrape keeps its own labels, those of the metric are beside them.
    let moved = [("exported_pod", "a"), ("exported_namespace", "shop"), ("exported_container", "web")];
    let all: Vec<Value> =
        ["x", "y"].iter().map(|pod| series(RESTARTS, pod, &moved, 0..=10, |h| u64::from(h > 4))).collect();
    assert_eq!(counted(&answer(&all)), [("container-crash".to_owned(), 1, 10.0)]);
}

/// Rule: what ran out of memory is a fault of its own, where the reasons are asked for with the counters or stand in a label.
#[test]
fn what_ran_out_of_memory_is_told_apart() {
    let reason = |reason: &'static str, hours| series(REASON, "a", &[("reason", reason)], hours, |_| 1);
    let restarts = series(RESTARTS, "a", &[], 0..=10, |h| u64::from(h >= 3) + 2 * u64::from(h >= 7));
    let all = [restarts, reason("Error", 3..=6), reason("OOMKilled", 7..=10)];
    let expected = [("container-crash".to_owned(), 1, 10.0), ("container-oom".to_owned(), 2, 10.0)];
    assert_eq!(counted(&answer(&all)), expected);
    let labelled = [series(RESTARTS, "a", &[("reason", "OOMKilled")], 0..=10, |h| u64::from(h > 4))];
    assert_eq!(
        counted(&answer(&labelled)),
        [("container-crash".to_owned(), 0, 10.0), ("container-oom".to_owned(), 1, 10.0)]
    );
    let (_, report) = read(&answer(&all), Targets::default()).unwrap();
    assert!(notes(&report).contains("ended: Error 1, OOMKilled 2"), "{report}");
}

/// Rule: what makes a count less than it seems is said.
#[test]
fn what_a_count_does_not_tell_is_said() {
    let crash_loop = [series(RESTARTS, "a", &[], 0..=10, |h| h as u64 * 5), series(RESTARTS, "b", &[], 0..=10, |_| 0)];
    let (_, report) = read(&answer(&crash_loop), Targets::default()).unwrap();
    for words in [
        "holds 50 restarts in 0.8 container-days, from 2026-08-01T00:00:00Z to 2026-08-01T10:00:00Z",
        "New Pods of a release begin at 0 and are no restarts",
        "has 50 of the 50 restarts in one Pod, shop/a: a crash loop is one fault and not many",
        "does not tell what ran out of memory: `curl -sG",
    ] {
        assert!(notes(&report).contains(words), "{words}: {report}");
    }
    let sidecar = [
        series(RESTARTS, "a", &[], 0..=10, |_| 0),
        series(RESTARTS, "a", &[("container", "proxy")], 0..=10, |h| h as u64),
    ];
    let (_, report) = read(&answer(&sidecar), Targets::default()).unwrap();
    assert!(notes(&report).contains("counts each of several containers for itself (proxy 10, web 0)"), "{report}");
}

/// Snapshot: answers that are none, or not to this question, with the query that is meant.
#[test]
fn wrong_answers_are_located_with_the_query_to_ask() {
    let rises = |h: i64| h as u64;
    let good = answer(&[series(RESTARTS, "a", &[], 0..=3, rises)]);
    let summed = good.replace("\"pod\":\"a\",", "").replace("\"namespace\":\"shop\",", "");
    let kind = |kind: &str, result: Value| {
        json!({"status": "success", "data": {"resultType": kind, "result": result}}).to_string()
    };
    let error = json!({"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end of input"})
        .to_string();
    let texts = [
        ("cut off", good[..good.len() - 30].to_owned()),
        ("empty", answer(&[])),
        ("one moment", answer(&[series(RESTARTS, "a", &[], 0..=0, rises)])),
        ("vector", kind("vector", json!([{"metric": {"pod": "a"}, "value": [START, "1"]}]))),
        ("scalar", kind("scalar", json!([START, "1"]))),
        ("error", error),
        ("another metric", good.replace(RESTARTS, "up")),
        ("reasons alone", answer(&[series(REASON, "a", &[("reason", "Error")], 0..=3, |_| 1)])),
        ("a rate", good.replace("\"2\"", "\"0.25\"")),
        ("no Pod", summed),
        ("a sample that is none", good.replace("\"2\"", "2")),
        ("no result", json!({"status": "success", "data": {"resultType": "matrix"}}).to_string()),
        ("no JSON", "<html><body>502 Bad Gateway</body></html>".to_owned()),
    ];
    let mut all = String::new();
    for (what, text) in texts {
        let report = read(&text, Targets::default()).unwrap_err();
        for error in report.errors() {
            assert!(error.line > 0, "{what} has no place: {error}");
            all += &format!("{what}: {}:{}: {}\n", error.line, error.column, error.sentence());
            all += &error.help.as_ref().map(|help| format!("    {help}\n")).unwrap_or_default();
        }
    }
    insta::assert_snapshot!(all);
}

/// An event of a Pod or a Node, seen so often between two minutes of an hour.
fn event(
    uid: &str,
    reason: &str,
    message: &str,
    about: (&str, &str),
    count: u64,
    minutes: (i64, i64),
    reporter: &str,
) -> Value {
    let at = |minute: i64| format!("2026-11-29T{:02}:{:02}:00Z", 20 + minute.div_euclid(60), minute.rem_euclid(60));
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{}.{uid}", about.1), "namespace": "shop", "uid": uid},
        "involvedObject": {"kind": about.0, "namespace": "shop", "name": about.1}, "reason": reason, "message": message, "count": count,
        "firstTimestamp": at(minutes.0), "lastTimestamp": at(minutes.1), "source": {"component": reporter}, "type": "Warning",
    })
}

fn list(items: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

const KILLED: &str = "Container web failed liveness probe, will be restarted";
const BOTH: Targets = Targets { replicas: Some(5), nodes: Some(6) };

/// Rule: kills by liveness and Nodes that became not ready are counted, once however often the object is listed and by whomever it
/// is told; their consequences are not. What is covered begins with the earliest last occurrence.
#[test]
fn events_are_counted_once() {
    let begin = event("0", "Scheduled", "assigned", ("Pod", "a"), 1, (0, 0), "default-scheduler");
    let not_ready = |uid, reporter| {
        event(uid, "NodeNotReady", "Node n1 status is now: NodeNotReady", ("Node", "n1"), 1, (20, 20), reporter)
    };
    let newer = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e.9", "namespace": "shop", "uid": "9"},
        "regarding": {"kind": "Pod", "namespace": "shop", "name": "e"}, "reason": "Killing", "note": KILLED,
        "eventTime": "2026-11-29T20:40:00.123456Z", "series": {"count": 2, "lastObservedTime": "2026-11-29T20:45:00.000000Z"},
        "reportingController": "kubelet",
    });
    let items = [
        begin,
        event("1", "Killing", KILLED, ("Pod", "a"), 3, (10, 50), "kubelet"),
        // The same object, listed earlier.
        event("1", "Killing", KILLED, ("Pod", "a"), 2, (10, 40), "kubelet"),
        event("2", "Unhealthy", "Liveness probe failed: 500", ("Pod", "a"), 9, (9, 50), "kubelet"),
        event("3", "BackOff", "Back-off restarting failed container", ("Pod", "b"), 41, (5, 55), "kubelet"),
        not_ready("4", "node-controller"),
        not_ready("5", "kubelet"),
        event("6", "NodeNotReady", "Node is not ready", ("Pod", "a"), 1, (21, 21), "node-controller"),
        event("7", "Killing", "Stopping container web", ("Pod", "c"), 1, (30, 30), "kubelet"),
        // Half of them lie before what is covered: the last and two of the four before it count.
        event("8", "Killing", KILLED, ("Pod", "d"), 5, (-60, 60), "kubelet"),
        newer,
    ];
    let (faults, report) = read(&list(&items), BOTH).unwrap_or_else(|report| panic!("{report}"));
    let found: Vec<(&str, u64, f64)> =
        faults.iter().map(|fault| (fault.name.as_str(), fault.count, fault.exposure_secs / HOUR as f64)).collect();
    assert_eq!(found, [("container-hang", 3 + 3 + 2, 5.0), ("node-crash", 1, 6.0)]);
    for words in [
        "(1.0 h)",
        "keeps an event for an hour",
        "as if it lay evenly",
        "tell of BackOff 41, Unhealthy 9, which are consequences",
    ] {
        assert!(notes(&report).contains(words), "{words}: {report}");
    }
    // Without a number of targets there is no rate: the fault is left out, and that is said.
    let (faults, report) = read(&list(&items), Targets { nodes: None, ..BOTH }).unwrap();
    assert_eq!(faults.len(), 1);
    assert!(
        notes(&report).contains("are not counted as node-crash, as nothing says how many Nodes there were: --nodes N"),
        "{report}"
    );
}

/// Rule: events without a time, without a number of targets or of one moment only say what is missing.
#[test]
fn wrong_events_are_located() {
    let kill = event("1", "Killing", KILLED, ("Pod", "a"), 3, (10, 50), "kubelet");
    let begin = event("0", "Scheduled", "assigned", ("Pod", "a"), 1, (0, 0), "default-scheduler");
    let says = |text: &str, targets, words: &str| {
        let report = read(text, targets).unwrap_err();
        assert!(report.errors().all(|error| error.line > 0) && report.to_string().contains(words), "{words}: {report}");
    };
    let both = [begin.clone(), kill.clone()];
    says(
        &list(&both),
        Targets::default(),
        "killed by a liveness probe 3 times and Nodes became not ready 0 times; events do not tell",
    );
    says(&list(&both), Targets::default(), "--nodes $(kubectl get nodes -o name | wc -l)");
    says(&list(std::slice::from_ref(&kill)), BOTH, "hold one moment, must hold a time");
    let mut timeless = kill.clone();
    timeless.as_object_mut().unwrap().retain(|key, _| !key.ends_with("Timestamp"));
    says(&list(&[begin.clone(), timeless]), BOTH, "lastTimestamp: is missing");
    let mut odd = kill;
    odd["lastTimestamp"] = json!("yesterday");
    says(&list(&[begin, odd]), BOTH, "lastTimestamp: is yesterday, must be a time such as");
    // A check reads them, too.
    assert!(!check_bytes(Path::new("events.json"), list(&both).as_bytes()).report.has_errors());
}
