//! Restarts of containers as Prometheus counted them: the answer of `/api/v1/query_range` to a query for
//! `kube_pod_container_status_restarts_total` of kube-state-metrics, perhaps together with
//! `kube_pod_container_status_last_terminated_reason`, which tells what ran out of memory.
//!
//! A counter is followed for each container of each Pod, under whatever `instance` it was scraped. Only what rises counts: what a
//! counter shows when the range begins happened before. A counter that falls has begun anew at 0; one that appears later belongs to a
//! Pod that is new, so all that it shows has happened since. A series counts as watched from its first sample to its last, with half
//! a step at an end that is not the end of the range.

use std::collections::BTreeMap;

use super::entry::{self, Known};
use super::{Counted, Incidents};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::Item;
use crate::spec::tree::{Mark, Node, Value};

const RESTARTS: &str = "kube_pod_container_status_restarts_total";
const REASON: &str = "kube_pod_container_status_last_terminated_reason";
/// What the kubelet says of a container that had more memory than its limit.
const OOM: &str = "OOMKilled";
/// The fault that a container without memory is; the bundled library has none of that name.
const OOM_FAULT: &str = "container-oom";
const DAY: f64 = 86_400.0;

/// Whether a document is an answer of the API.
pub(super) fn is_one(document: &Node) -> bool {
    document.get("status").is_some() && (document.get("data").is_some() || document.get("error").is_some())
}

/// Whether a text, complete or not, begins like an answer of the API.
pub(super) fn begins_in(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with("\"status\""))
}

/// The next step where an answer is not whole.
pub(super) fn ask_again() -> String {
    format!("the answer is not whole: ask again with `{}`", asked(false))
}

/// A container of a Pod: namespace, Pod, its uid and the container.
type Key = [String; 4];

/// What is followed of one container: samples by their instants, in milliseconds.
type Samples = BTreeMap<i64, f64>;

/// Reads the counters of an answer.
pub(super) fn read(document: &Node, library: &[Known], problems: &mut Problems) -> Option<Incidents> {
    let result = result_of(document, problems)?;
    let (mut counters, mut reasons) = (BTreeMap::<Key, Samples>::new(), BTreeMap::<Key, BTreeMap<i64, String>>::new());
    let before = problems.list.len();
    for item in result.list(problems)? {
        read_series(&item, &mut counters, &mut reasons, problems);
        if problems.list.len() > before + 20 {
            break;
        }
    }
    if problems.list.len() > before {
        return None;
    }
    if counters.is_empty() {
        let what = if reasons.is_empty() { "is empty: the query found no series" } else { "holds no restarts" };
        let message = format!("{what}, must hold series of {RESTARTS}");
        let why = "Prometheus keeps 15 days if nothing else is set, and a label may be misspelt";
        problems.error(result.mark(), &result.path, message).help(format!("{why}; ask with `{}`", asked(true)));
        return None;
    }
    let watch = Watch::of(&counters);
    let Some(watch) = watch else {
        let message = "has one sample in each series, must have several: nothing is known of the time between";
        problems.error(result.mark(), &result.path, message).help(format!("ask with `{}`", asked(false)));
        return None;
    };
    let tally = Tally::of(&counters, &reasons, &watch);
    tally.tell(&watch, !reasons.is_empty() || tally.says_reasons(), result.mark(), problems);
    Some(tally.incidents(&watch, library))
}

/// The query that is wanted, to paste.
fn asked(with_reasons: bool) -> String {
    let query = if with_reasons {
        format!("{{__name__=~\"{RESTARTS}|{REASON}\",namespace=\"NAMESPACE\"}}")
    } else {
        format!("{RESTARTS}{{namespace=\"NAMESPACE\"}}")
    };
    format!(
        "curl -sG http://localhost:9090/api/v1/query_range --data-urlencode 'query={query}' -d start=$(($(date +%s) - 90 * 86400)) \
         -d end=$(date +%s) -d step=1h > restarts.json"
    )
}

/// The list of series, if the answer has one.
fn result_of<'n>(document: &'n Node, problems: &mut Problems) -> Option<Item<'n>> {
    let mut answer = Item::new(document, "").object(problems)?;
    let status = answer.require("status", problems)?;
    if status.string(problems)? != "success" {
        let said = ["errorType", "error"].iter().filter_map(|key| answer.get(key)).map(|item| item.node.shown());
        let said: Vec<String> = said.collect();
        let message = format!("is {}, must be success: Prometheus says {}", status.node.shown(), said.join(": "));
        let help = format!("ask with `{}`", asked(false));
        problems.error(status.mark(), &status.path, message).help(help);
        return None;
    }
    let mut data = answer.require("data", problems)?.object(problems)?;
    let kind = data.require("resultType", problems)?;
    if kind.string(problems)? != "matrix" {
        let rule = "which tells of one moment, must be matrix: the counters over a time";
        problems.value(kind.node, &kind.path, rule).help(format!("ask for a range with `{}`", asked(false)));
        return None;
    }
    data.require("result", problems)
}

fn read_series(
    item: &Item<'_>,
    counters: &mut BTreeMap<Key, Samples>,
    reasons: &mut BTreeMap<Key, BTreeMap<i64, String>>,
    problems: &mut Problems,
) -> Option<()> {
    let mut series = item.object(problems)?;
    let metric = series.require("metric", problems)?;
    let values = series.require("values", problems)?;
    let name = metric.node.text("__name__");
    if name.is_some_and(|name| name != RESTARTS && name != REASON) {
        let path = format!("{}.__name__", metric.path);
        let node = metric.node.get("__name__").unwrap_or(metric.node);
        let rule = format!("must be {RESTARTS}, and beside it {REASON}");
        problems.value(node, &path, rule).help(format!("ask with `{}`", asked(true)));
        return None;
    }
    // A scrape that keeps its own labels moves those of the metric aside.
    let label = |key: &str| metric.node.text(&format!("exported_{key}")).or_else(|| metric.node.text(key));
    let Some(pod) = label("pod") else {
        let message = "has no label pod: without it nothing is known of how many there were";
        problems
            .error(metric.mark(), &metric.path, message)
            .help(format!("do not sum them up: ask with `{}`", asked(false)));
        return None;
    };
    let of = |key: &str| label(key).unwrap_or_default().to_owned();
    let key = [of("namespace"), pod.to_owned(), of("uid"), of("container")];
    for sample in values.list(problems)? {
        let Some((at, value)) = read_sample(sample.node) else {
            let rule = "must be [seconds, \"value\"] as Prometheus answers";
            problems.error(sample.mark(), &sample.path, format!("is {}, {rule}", sample.node.shown()));
            return None;
        };
        if value.is_nan() {
            continue;
        }
        if name == Some(REASON) {
            if value > 0.0 {
                reasons.entry(key.clone()).or_default().insert(at, of("reason"));
            }
            continue;
        }
        if value < 0.0 || value.fract() != 0.0 {
            let message = format!("is {value}, must be a whole number: the counter itself");
            let help = format!("leave out rate() and increase(): ask with `{}`", asked(false));
            problems.error(sample.mark(), &sample.path, message).help(help);
            return None;
        }
        // Scraped twice at a time, the higher one is the newer.
        let counter = counters.entry(key.clone()).or_default().entry(at).or_default();
        *counter = counter.max(value);
        if let Some(reason) = metric.node.text("reason") {
            reasons.entry(key.clone()).or_default().insert(at, reason.to_owned());
        }
    }
    Some(())
}

/// The instant in milliseconds, and the value.
fn read_sample(node: &Node) -> Option<(i64, f64)> {
    let Value::List(pair) = &node.value else { return None };
    let [at, value] = pair.as_slice() else { return None };
    let at = match at.value {
        Value::Int(secs) => secs as f64,
        Value::Float(secs) => secs,
        _ => return None,
    };
    let Value::String(text) = &value.value else { return None };
    let is_moment = (0.0..1e11).contains(&at);
    Some(((at * 1e3).round() as i64, text.parse().ok()?)).filter(|_| is_moment)
}

/// The range that the samples cover, in milliseconds.
struct Watch {
    from: i64,
    to: i64,
    step: i64,
    /// The instants at which anything was sampled.
    moments: std::collections::BTreeSet<i64>,
}

impl Watch {
    /// `None` where no series has two samples.
    fn of(counters: &BTreeMap<Key, Samples>) -> Option<Self> {
        let steps = counters.values().flat_map(|samples| samples.keys().zip(samples.keys().skip(1)));
        let step = steps.map(|(earlier, later)| later - earlier).min()?;
        let moments: std::collections::BTreeSet<i64> =
            counters.values().flat_map(|samples| samples.keys().copied()).collect();
        Some(Self { from: *moments.first()?, to: *moments.last()?, step, moments })
    }

    /// How long a series was watched, in seconds.
    fn exposure(&self, samples: &Samples) -> f64 {
        let (Some((&first, _)), Some((&last, _))) = (samples.first_key_value(), samples.last_key_value()) else {
            return 0.0;
        };
        let half = self.step as f64 / 2.0;
        let beyond = f64::from(u8::from(first > self.from) + u8::from(last < self.to)) * half;
        ((last - first) as f64 + beyond) / 1e3
    }

    /// Whether a series that begins here is that of a new Pod: others were sampled a step before.
    fn is_new(&self, first: i64) -> bool {
        first > self.from && self.moments.range(first - self.step * 3 / 2..first).next().is_some()
    }

    fn days(&self) -> f64 {
        (self.to - self.from) as f64 / 1e3 / DAY
    }

    fn in_words(&self) -> String {
        let at =
            |millis: i64| jiff::Timestamp::from_second(millis / 1_000).map(|at| at.to_string()).unwrap_or_default();
        format!("from {} to {}", at(self.from), at(self.to))
    }
}

/// What was counted.
#[derive(Default)]
struct Tally {
    /// Restarts by the reason that the container before ended for; "" where nothing tells.
    by_reason: BTreeMap<String, u64>,
    by_container: BTreeMap<String, u64>,
    by_pod: BTreeMap<String, u64>,
    exposure_secs: f64,
}

impl Tally {
    fn of(counters: &BTreeMap<Key, Samples>, reasons: &BTreeMap<Key, BTreeMap<i64, String>>, watch: &Watch) -> Self {
        let mut tally = Self::default();
        for (key, samples) in counters {
            tally.exposure_secs += watch.exposure(samples);
            tally.by_container.entry(key[3].clone()).or_default();
            let mut earlier = None;
            for (&at, &value) in samples {
                let rise = match earlier {
                    None if watch.is_new(at) => value,
                    None => 0.0,
                    Some(earlier) if value >= earlier => value - earlier,
                    // It has begun anew.
                    Some(_) => value,
                };
                earlier = Some(value);
                if rise > 0.0 {
                    let reason = reasons.get(key).and_then(|reasons| reasons.get(&at)).cloned().unwrap_or_default();
                    let rise = rise as u64;
                    *tally.by_reason.entry(reason).or_default() += rise;
                    *tally.by_container.entry(key[3].clone()).or_default() += rise;
                    *tally.by_pod.entry(format!("{}/{}", key[0], key[1])).or_default() += rise;
                }
            }
        }
        tally
    }

    fn all(&self) -> u64 {
        self.by_reason.values().sum()
    }

    fn says_reasons(&self) -> bool {
        self.by_reason.keys().any(|reason| !reason.is_empty())
    }

    /// What is to be known of the counts.
    fn tell(&self, watch: &Watch, knows_reasons: bool, at: Mark, problems: &mut Problems) {
        let all = self.all();
        let mut note = |message: String| {
            problems.note(at, "data.result", message);
        };
        note(format!(
            "holds {all} restarts in {:.1} container-days, {} ({:.1} days in steps of {} s). New Pods of a release begin at 0 and \
             are no restarts. A kill by a liveness probe is one: hangs among them count twice beside the library's container-hang",
            self.exposure_secs / DAY,
            watch.in_words(),
            watch.days(),
            watch.step / 1_000,
        ));
        if self.by_container.len() > 1 {
            let each: Vec<String> = self.by_container.iter().map(|(name, count)| format!("{name} {count}")).collect();
            note(format!(
                "counts each of several containers for itself ({}): `container=\"NAME\"` in the query asks for the one that serves",
                each.join(", ")
            ));
        }
        if let Some((pod, count)) = self.by_pod.iter().max_by_key(|(_, count)| **count)
            && *count >= 5
            && count * 2 > all
        {
            note(format!(
                "has {count} of the {all} restarts in one Pod, {pod}: a crash loop is one fault and not many; `pod!=\"…\"` in the query \
                 leaves it out"
            ));
        }
        if knows_reasons {
            let each: Vec<String> = (self.by_reason.iter())
                .map(|(reason, count)| {
                    format!("{} {count}", if reason.is_empty() { "unknown" } else { reason.as_str() })
                })
                .collect();
            note(format!("tells why the last container before each sample ended: {}", each.join(", ")));
        } else if all > 0 {
            note(format!("does not tell what ran out of memory: `{}` does", asked(true)));
        }
    }

    /// As faults: those that ran out of memory apart, where that is known.
    fn incidents(&self, watch: &Watch, library: &[Known]) -> Incidents {
        let source = |what: &str| format!("{what} in {RESTARTS} of Prometheus, {}", watch.in_words());
        let oom = self.by_reason.get(OOM).copied().unwrap_or(0);
        let mut faults: Vec<Counted> = Vec::new();
        let others = if self.says_reasons() { "restarts but for those without memory" } else { "restarts" };
        let crash = entry::known("container-crash", library);
        faults.extend(crash.map(|known| known.counted(self.all() - oom, self.exposure_secs, source(others))));
        if self.says_reasons() {
            let known = crash.map(|known| known.counted(oom, self.exposure_secs, source("restarts after OOMKilled")));
            faults.extend(known.map(|one| Counted { name: OOM_FAULT.to_owned(), assumed_every_secs: None, ..one }));
        }
        Incidents { name: "restarts".to_owned(), faults }
    }
}
