//! Telemetry of Krkn (github.com/krkn-chaos/krkn): how long Pods needed to recover from what it did to them.
//!
//! A run has `scenarios`, each with `start_timestamp`, `end_timestamp` (seconds) and `affected_pods`: those that
//! `recovered`, with three times in seconds, and those `unrecovered`, of which only is known that they had not when the
//! scenario ended.

use super::{Found, Reading, Recorded, in_range};
use crate::spec::diagnostic::Problems;
use crate::spec::reader::nearest;
use crate::spec::tree::{Mark, Node, Value};
use crate::time::Duration;

const TIMES: [&str; 3] = ["total_recovery_time", "pod_rescheduling_time", "pod_readiness_time"];

pub(super) fn read(file: u32, documents: &[Node], reading: &Reading, problems: &mut Problems) -> Found {
    let field = reading.column.as_deref().unwrap_or(TIMES[0]);
    if !TIMES.contains(&field) {
        let message = format!("has no times `{field}` (--column), must be one of: {}", TIMES.join(", "));
        let near =
            nearest(field, TIMES).map_or("leave --column out".to_owned(), |near| format!("did you mean `{near}`?"));
        problems.error(Mark::start_of(file), "", message).help(near);
        return None;
    }
    let mut walk = Walk { field, waited: reading.waited, durations: Vec::new(), seen: false };
    for document in documents {
        walk.node(document, "", None, problems);
    }
    if !walk.seen && !problems.has_errors() {
        let help = "hasim reads the telemetry of a run, of a scenario, or a table with names on top";
        problems.error(Mark::start_of(file), "", "holds no `affected_pods` of Krkn").help(help);
    } else if walk.durations.is_empty() && !problems.has_errors() {
        problems.error(Mark::start_of(file), "", "names no Pod that recovered or did not: there is nothing to fit");
    }
    Some((walk.durations, field.to_owned()))
}

struct Walk<'r> {
    field: &'r str,
    waited: Option<Duration>,
    durations: Vec<Recorded>,
    seen: bool,
}

impl Walk<'_> {
    /// Looks for lists of Pods; `length` is that of the scenario around.
    fn node(&mut self, node: &Node, path: &str, length: Option<f64>, problems: &mut Problems) {
        match &node.value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(item, &format!("{path}[{index}]"), length, problems);
                }
            }
            Value::Map(entries) => {
                let moment = |key| node.get(key).and_then(number);
                let own = moment("end_timestamp").zip(moment("start_timestamp")).map(|(end, start)| end - start);
                let length = own.or(length);
                for entry in entries {
                    let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                    match (entry.key.as_str(), &entry.value.value) {
                        ("recovered", Value::List(pods)) => self.recovered(pods, &path, problems),
                        ("unrecovered", Value::List(pods)) => self.unrecovered(pods, &path, length, problems),
                        ("recovered" | "unrecovered", Value::Null) => self.seen = true,
                        ("recovered" | "unrecovered", value) => {
                            let message = format!("is {}, must be a list of Pods", value.kind());
                            problems.error(entry.value.mark, &path, message);
                        }
                        // Whatever a scenario was given may look like anything.
                        ("parameters", _) => {}
                        _ => self.node(&entry.value, &path, length, problems),
                    }
                }
            }
            _ => {}
        }
    }

    fn recovered(&mut self, pods: &[Node], path: &str, problems: &mut Problems) {
        self.seen = true;
        for (index, pod) in pods.iter().enumerate() {
            let path = format!("{path}[{index}].{}", self.field);
            match pod.get(self.field) {
                None => {
                    let message = "is missing: a Pod that recovered has this time, in seconds";
                    problems.error(pod.mark, &path, message);
                }
                Some(time) => match number(time).ok_or("must be a number of seconds".to_owned()).and_then(in_range) {
                    Ok(secs) => self.durations.push(Recorded { secs, censored: false }),
                    Err(rule) => {
                        problems.value(time, &path, rule);
                    }
                },
            }
        }
    }

    fn unrecovered(&mut self, pods: &[Node], path: &str, length: Option<f64>, problems: &mut Problems) {
        self.seen = true;
        let length = self.waited.map(Duration::as_secs_f64).or(length);
        for (index, pod) in pods.iter().enumerate() {
            let rule = match length {
                None => "has no scenario with start_timestamp and end_timestamp around it".to_owned(),
                Some(secs) => match in_range(secs) {
                    Ok(secs) => {
                        self.durations.push(Recorded { secs, censored: true });
                        continue;
                    }
                    Err(rule) => format!("is in a scenario of {secs} s, which {rule}"),
                },
            };
            let problem = problems.error(pod.mark, &format!("{path}[{index}]"), rule);
            problem.help("say with --waited how long Krkn waited for such Pods");
        }
    }
}

fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Int(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        _ => None,
    }
}
