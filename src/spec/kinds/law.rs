//! Laws of chance as tagged maps with the parameters people know: `{lognormal: {median: 25s, p95: 40s}}`.

use std::path::{Path, PathBuf};

use crate::durations::LONGEST;
use crate::model::YEAR;
use crate::random::Law;
use crate::random::law::LawError;
use crate::spec::diagnostic::Problems;
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::tree::{Entry, Mark, Node, Value};
use crate::spec::uncertain;
use crate::time::Duration;

/// The names of laws.
pub(in crate::spec) const TAGS: [&str; 8] =
    ["fixed", "uniform", "exponential", "weibull", "lognormal", "gamma", "empirical", "mixture"];

/// Reads a law; a bare duration is a fixed one.
pub(in crate::spec) fn read(item: &Item<'_>, problems: &mut Problems) -> Option<Law> {
    let Value::Map(entries) = &item.node.value else {
        if matches!(item.node.value, Value::List(_)) {
            problems.error(item.mark(), &item.path, "is a list, must be a duration or a law").help(help());
            return None;
        }
        return Law::fixed(span(item, problems)?).ok();
    };
    let [entry] = entries.as_slice() else {
        let message = format!("has {} keys, must have one: the name of a law", entries.len());
        problems.error(item.mark(), &item.path, message).help(help());
        return None;
    };
    tagged(entry, &item.path, problems)
}

/// Reads a law whose mean must be at least `least`: what recurs in no time would never let the clock advance.
pub(in crate::spec) fn read_recurring(item: &Item<'_>, problems: &mut Problems, least: Duration) -> Option<Law> {
    let law = read(item, problems)?;
    if law.mean() < least.as_secs_f64() {
        let message = format!("has a mean of {} s, must be at least {} s", law.mean(), least.as_secs_f64());
        problems.error(item.mark(), &item.path, message);
        return None;
    }
    Some(law)
}

fn help() -> String {
    format!("write a duration such as 30s, or one of: {}", TAGS.join(", "))
}

fn tagged(entry: &Entry, path: &str, problems: &mut Problems) -> Option<Law> {
    let item = Item::new(&entry.value, format!("{path}.{}", entry.key));
    let law = match entry.key.as_str() {
        "fixed" => Law::fixed(seconds(&item, problems)?),
        "mixture" => mixture(&item, problems)?,
        "empirical" => empirical(&item, problems)?,
        "uniform" => parameters(&item, problems, |p| {
            let (min, max) = (p.time("min"), p.time("max"));
            Some(Law::uniform(min?, max?))
        })?,
        "exponential" => parameters(&item, problems, |p| {
            Some(Law::exponential(match p.either("mean", "perYear")? {
                "mean" => p.time("mean")?,
                _ => YEAR.as_secs_f64() / p.rate("perYear")?,
            }))
        })?,
        "gamma" => parameters(&item, problems, |p| {
            let (shape, mean) = (p.plain("shape"), p.time("mean"));
            Some(Law::gamma(shape?, mean?))
        })?,
        "weibull" => parameters(&item, problems, |p| {
            let (shape, which) = (p.plain("shape"), p.either("mean", "scale")?);
            let scale = p.time(which);
            Some(match which {
                "mean" => Law::weibull_with_mean(shape?, scale?),
                _ => Law::weibull(shape?, scale?),
            })
        })?,
        "lognormal" => parameters(&item, problems, |p| {
            // Each is asked for, whatever becomes of the others: so all errors show, and none is called unknown.
            let median = p.time("median");
            Some(match p.either("p95", "sigma")? {
                "p95" => {
                    let p95 = p.time("p95");
                    Law::lognormal_with_p95(median?, p95?)
                }
                _ => {
                    let sigma = p.plain("sigma");
                    Law::lognormal(median?, sigma?)
                }
            })
        })?,
        other => {
            let problem = problems.error(entry.key_mark, &item.path, "is not a law that is known");
            problem.help(nearest(other, TAGS).map_or_else(help, |name| format!("did you mean `{name}`?")));
            return None;
        }
    };
    match law {
        Ok(law) if law.mean().is_finite() => Some(law),
        Ok(_) => {
            problems.error(item.mark(), &item.path, "has no finite mean");
            None
        }
        Err(error) => {
            refuse(&item, &error, problems);
            None
        }
    }
}

/// Puts the constructor's objection where the parameter stands.
fn refuse(item: &Item<'_>, error: &LawError, problems: &mut Problems) {
    match item.node.get(error.parameter) {
        Some(node) if !matches!(node.value, Value::List(_)) => {
            problems.value(node, &format!("{}.{}", item.path, error.parameter), error.rule);
        }
        _ => {
            problems.error(item.mark(), &item.path, error.to_string());
        }
    }
}

/// The parameters of one law while they are read.
struct Parameters<'a, 'p> {
    object: Object<'a>,
    problems: &'p mut Problems,
}

fn parameters<'a>(
    item: &Item<'a>,
    problems: &mut Problems,
    build: impl FnOnce(&mut Parameters<'a, '_>) -> Option<Result<Law, LawError>>,
) -> Option<Result<Law, LawError>> {
    let object = item.our_object(problems)?;
    let mut parameters = Parameters { object, problems };
    let law = build(&mut parameters);
    parameters.object.finish(parameters.problems, &[]);
    law
}

impl<'a> Parameters<'a, '_> {
    fn time(&mut self, key: &'a str) -> Option<f64> {
        let item = self.object.require(key, self.problems)?;
        seconds(&item, self.problems)
    }

    fn plain(&mut self, key: &'a str) -> Option<f64> {
        let item = self.object.require(key, self.problems)?;
        match item.node.value {
            Value::Map(_) => uncertain::median(&item, false, self.problems),
            _ => plain(&item, self.problems),
        }
    }

    /// A number of events a year, which must not be none.
    fn rate(&mut self, key: &'a str) -> Option<f64> {
        let rate = self.plain(key)?;
        if rate > 0.0 {
            return Some(rate);
        }
        let item = self.object.require(key, self.problems)?;
        item.refuse(self.problems, "must be above 0");
        None
    }

    /// Which of two alternative parameters is given.
    fn either(&mut self, one: &'a str, other: &'a str) -> Option<&'a str> {
        match (self.object.has(one), self.object.has(other)) {
            (true, false) => Some(one),
            (false, true) => Some(other),
            (both, _) => {
                // Asked for, so that they count as known.
                let _ = (self.object.get(one), self.object.get(other));
                let message = if both { "only one of" } else { "one of" };
                self.object.error(self.problems, format!("must have {message} {one} and {other}"));
                None
            }
        }
    }
}

fn mixture(item: &Item<'_>, problems: &mut Problems) -> Option<Result<Law, LawError>> {
    let mut parts = Some(Vec::new());
    for part in item.list(problems)? {
        let mut object = part.our_object(problems)?;
        let weight = object.require("weight", problems).and_then(|weight| match weight.node.value {
            Value::Map(_) => uncertain::median(&weight, false, problems),
            _ => weight.number(problems, 0.0..=1e12),
        });
        let laws: Vec<&Entry> = object.keys().filter(|entry| entry.key != "weight").collect();
        let law = if let [entry] = laws.as_slice() {
            tagged(entry, &part.path, problems)
        } else {
            problems.error(part.mark(), &part.path, "must have a weight and one law").help(help());
            None
        };
        parts = parts.zip(weight.zip(law)).map(|(mut parts, part)| {
            parts.push(part);
            parts
        });
    }
    Some(Law::mixture(parts?))
}

fn empirical(item: &Item<'_>, problems: &mut Problems) -> Option<Result<Law, LawError>> {
    let mut object = item.our_object(problems)?;
    if object.has("file") {
        // `inline_files` replaced what could be read and has complained of the rest.
        return None;
    }
    let values = object.require("values", problems)?.list(problems)?;
    let _ = (object.get("file"), object.get("column"));
    object.finish(problems, &[]);
    let values: Option<Vec<f64>> = values.iter().map(|value| span(value, problems)).collect();
    Some(Law::empirical(values?))
}

/// A span of time that is a parameter; of one that is not known its median.
fn seconds(item: &Item<'_>, problems: &mut Problems) -> Option<f64> {
    match item.node.value {
        Value::Map(_) => uncertain::median(item, true, problems),
        _ => span(item, problems),
    }
}

/// A number without a unit.
pub(in crate::spec) fn plain(item: &Item<'_>, problems: &mut Problems) -> Option<f64> {
    item.number(problems, 0.0..=1e6)
}

/// A span of time in seconds.
pub(in crate::spec) fn span(item: &Item<'_>, problems: &mut Problems) -> Option<f64> {
    item.duration(problems, Duration::ZERO..=LONGEST).map(Duration::as_secs_f64)
}

/// Reads a file that is named at a place, or says there why not.
pub(in crate::spec) type Fetch<'f> = dyn FnMut(&Path, Mark, &mut Problems) -> Option<Vec<u8>> + 'f;

/// Replaces `{empirical: {file, column}}` by the values of that file, relative to `folder`: so the resolved
/// inputs repeat the run without it. Numbers in the file are seconds.
pub(in crate::spec) fn inline_files(
    node: &mut Node,
    path: &str,
    folder: &Path,
    open: &mut Fetch<'_>,
    problems: &mut Problems,
) {
    let mark = node.mark;
    match &mut node.value {
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                inline_files(item, &format!("{path}[{index}]"), folder, open, problems);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                if entry.key == "empirical" && entry.value.get("file").is_some() {
                    if let Some(values) = observed(&entry.value, &path, folder, open, problems) {
                        let key_mark = entry.key_mark;
                        let list = Node { value: Value::List(values), mark };
                        entry.value.value =
                            Value::Map(vec![Entry { key: "values".to_string(), key_mark, value: list }]);
                    }
                } else {
                    inline_files(&mut entry.value, &path, folder, open, problems);
                }
            }
        }
        _ => {}
    }
}

fn observed(
    node: &Node,
    path: &str,
    folder: &Path,
    open: &mut Fetch<'_>,
    problems: &mut Problems,
) -> Option<Vec<Node>> {
    let item = Item::new(node, path);
    let mut object = item.our_object(problems)?;
    let file = object.require("file", problems)?;
    let name = file.string(problems)?;
    let column = object.require("column", problems);
    object.finish(problems, &[]);
    let column = column?;
    let full: PathBuf = folder.join(name);
    let bytes = open(&full, file.mark(), problems)?;
    let mut rows = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes.as_slice());
    let headers = match rows.headers() {
        Ok(headers) => headers.clone(),
        Err(_) => {
            file.refuse(problems, "which is not a table: its first line is not UTF-8 text");
            return None;
        }
    };
    // What the file holds is not repeated: an experiment of a stranger may name any file.
    let wanted = column.string(problems)?;
    let Some(index) = headers.iter().position(|header| header == wanted) else {
        let rule = format!("must be a column of {name}, as its first line names them");
        let problem = problems.value(column.node, &column.path, rule);
        if let Some(near) = nearest(wanted, &headers) {
            problem.help(format!("did you mean `{near}`?"));
        }
        return None;
    };
    let mut values = Vec::new();
    for (number, row) in rows.records().enumerate() {
        let line = number + 2;
        let text = match &row {
            Ok(row) => row.get(index).unwrap_or(""),
            Err(_) => {
                file.refuse(problems, format_args!("which is not a table: line {line} is not UTF-8 text"));
                return None;
            }
        };
        let seconds = text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
        let text = match seconds {
            Some(value) => format!("{value}s"),
            None if crate::durations::parse(text).is_ok() => text.to_string(),
            None => {
                let message = format!("names {name}, whose line {line} has no seconds or duration in `{wanted}`");
                problems.error(file.mark(), &file.path, message);
                return None;
            }
        };
        values.push(Node { value: Value::String(text), mark: file.mark() });
    }
    Some(values)
}
