//! Service level objectives (SLOs) in files of other tools: OpenSLO, Sloth and Pyrra. The target, the window and what is counted of
//! one of them become those of an experiment's `objective`.
//!
//! Only what is taken is read. An SLO about latency is known as one: hasim plays whether Pods serve, not how fast.

mod openslo;
mod pyrra;
mod sloth;

use std::fmt;
use std::ops::RangeInclusive;

use crate::durations::{self, LONGEST};
use crate::spec::Origin;
use crate::spec::diagnostic::Problems;
use crate::spec::manifest;
use crate::spec::reader::{Item, Object, nearest};
use crate::spec::tree::{Mark, Node, Value};
use crate::study::Metric;
use crate::time::Duration;

/// Whose format a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Format {
    /// `kind: SLO`.
    OpenSlo,
    /// A file for `sloth generate`, or the resource of its operator.
    Sloth,
    /// The resource of Pyrra.
    Pyrra,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenSlo => "OpenSLO",
            Self::Sloth => "Sloth",
            Self::Pyrra => "Pyrra",
        })
    }
}

/// What an SLO is about, as far as its names, labels and indicator tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum About {
    /// Requests that succeed, or time in which the service is there.
    Availability,
    /// How fast it answers.
    Latency,
    /// That a measure stays on one side of a value.
    Threshold,
    /// Nothing tells.
    Unsaid,
}

/// A value with its place.
#[derive(Debug, Clone, Copy)]
pub(in crate::spec) struct Placed<T> {
    pub value: T,
    pub mark: Mark,
}

/// An SLO.
#[derive(Debug, Clone)]
pub(in crate::spec) struct Slo {
    pub format: Format,
    /// What it is called: `service/slo`, `namespace/slo` or `slo`.
    pub name: String,
    /// The service that it says to be of.
    pub service: Option<String>,
    pub mark: Mark,
    pub path: String,
    pub about: About,
    /// The share that is promised.
    pub target: Placed<f64>,
    /// The span in which it is; `None` where nothing is said: 30 days.
    pub window: Option<Placed<Duration>>,
    /// The window as it is stated, where that is in months, quarters or years: they differ in length.
    pub calendar: Option<String>,
    /// Whether requests are counted, or time.
    pub metric: Placed<Metric>,
}

impl Slo {
    /// What it promises, in words.
    pub fn promise(&self) -> String {
        let of = if self.metric.value == Metric::RequestSuccess { "requests" } else { "the time" };
        let window = self.window.map_or(DEFAULT_WINDOW, |window| window.value);
        let taken = self.calendar.as_ref().map(|stated| format!(" (as {stated} is taken)")).unwrap_or_default();
        format!("{} of {of} in {}{taken}", percent(self.target.value), durations::shown(window))
    }

    /// Who says how long the window is where its file does not.
    pub fn default_window(&self) -> Origin {
        if self.format == Format::Sloth { Origin::Tool(self.format.to_string()) } else { Origin::Hasim }
    }

    /// Whether this is what somebody calls it: by its whole name, or by the first or the last part of it.
    fn is_called(&self, name: &str) -> bool {
        let ends = self.name.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        ends || self.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Why it is none that hasim plays.
    pub fn unplayed(&self) -> Option<&'static str> {
        match self.about {
            About::Latency => Some("is about latency: hasim plays whether Pods serve, not how fast"),
            About::Threshold => Some("is about a measure and a threshold: hasim plays whether Pods serve"),
            About::Availability | About::Unsaid => None,
        }
    }
}

/// What Sloth takes where nothing is said, and an `objective`, too.
pub(in crate::spec) const DEFAULT_WINDOW: Duration = Duration::from_secs(30 * 86_400);

/// What a window may be.
const WINDOW: RangeInclusive<Duration> = Duration::from_secs(60)..=LONGEST;

/// The kinds of documents that are SLOs.
pub(in crate::spec) const KINDS: [&str; 3] = ["SLO", "PrometheusServiceLevel", "ServiceLevelObjective"];

/// Whose SLOs a document holds, if it holds some; whatever its version is.
pub(in crate::spec) fn format(document: &Node) -> Option<Format> {
    if let (None, Some(version), Some(_)) = (document.get("apiVersion"), document.text("version"), document.get("slos"))
    {
        return version.starts_with("prometheus/").then_some(Format::Sloth);
    }
    let group = document.text("apiVersion")?.split('/').next()?;
    match (group, document.text("kind")?) {
        ("openslo", "SLO") => Some(Format::OpenSlo),
        ("sloth.slok.dev", "PrometheusServiceLevel") => Some(Format::Sloth),
        ("pyrra.dev", "ServiceLevelObjective") => Some(Format::Pyrra),
        _ => None,
    }
}

/// Whether a line of YAML is the first of a file for Sloth's command line, which states no kind.
pub(in crate::spec) fn begins_in(line: &str) -> bool {
    let version = line.strip_prefix("version:").map(|rest| rest.trim().trim_matches(['"', '\'']));
    version.is_some_and(|version| version.starts_with("prometheus/v"))
}

/// The SLOs of documents of one file; without those that are wrong, of which it is told.
pub(in crate::spec) fn read_all(documents: &[&Node], problems: &mut Problems) -> Vec<Slo> {
    let mut all = Vec::new();
    for document in documents {
        match format(document) {
            Some(Format::OpenSlo) => all.extend(openslo::read(document, documents, problems)),
            Some(Format::Sloth) => all.extend(sloth::read(document, problems)),
            Some(Format::Pyrra) => all.extend(pyrra::read(document, problems)),
            None => {}
        }
    }
    all
}

/// Which of several is meant: the one of this name, or the one about availability among them.
///
/// # Errors
/// What is wrong with "names a file, …", and the next step. `file` is how the file is named there.
pub(in crate::spec) fn choose<'s>(
    slos: &'s [Slo],
    name: Option<&str>,
    file: &str,
) -> Result<&'s Slo, (String, String)> {
    let called: Vec<&Slo> = slos.iter().filter(|slo| name.is_none_or(|name| slo.is_called(name))).collect();
    if let (Some(name), []) = (name, called.as_slice()) {
        let near = nearest(name, slos.iter().flat_map(|slo| slo.name.split('/').chain([slo.name.as_str()])));
        let near = near.map(|near| format!("did you mean `{file}#{near}`?"));
        let all: Vec<&Slo> = slos.iter().collect();
        let message = format!("which holds no SLO that is called {name}; there are: {}", names(&all));
        return Err((message, near.unwrap_or_else(|| "write one of these names behind #".to_owned())));
    }
    let played: Vec<&Slo> = called.iter().copied().filter(|slo| slo.unplayed().is_none()).collect();
    let surely: Vec<&Slo> = played.iter().copied().filter(|slo| slo.about == About::Availability).collect();
    let several = |what: &str, slos: &[&Slo]| {
        let first = slos[0];
        let help = format!("name one: `{file}#{}` means {}", first.name, first.promise());
        Err((format!("which holds several SLOs{what}: {}", names(slos)), help))
    };
    match (surely.as_slice(), played.as_slice()) {
        ([one], _) | ([], [one]) => Ok(one),
        ([], []) => {
            let told = called.iter().filter_map(|slo| Some(format!("{} {}", slo.name, slo.unplayed()?)));
            let message = format!("which holds no SLO of availability: {}", told.collect::<Vec<_>>().join("; "));
            Err((message, "name another one, or write `slo` and `window` themselves".to_owned()))
        }
        ([], several_played) => several("", several_played),
        (several_surely, _) => several(" of availability", several_surely),
    }
}

fn names(slos: &[&Slo]) -> String {
    slos.iter().map(|slo| slo.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Reads SLOs for their errors, and says of those that are not played why.
pub(in crate::spec) fn check(manifest: &manifest::Manifest, problems: &mut Problems) {
    let documents: Vec<&Node> = manifest.documents.iter().map(|(_, document)| document).collect();
    for slo in read_all(&documents, problems) {
        if let Some(why) = slo.unplayed() {
            problems.note(slo.mark, &slo.path, format!("{} {why}", slo.name));
        } else if let (Some(stated), Some(window)) = (&slo.calendar, slo.window) {
            let taken = durations::shown(window.value);
            let message = format!("is {stated}, taken as {taken}: a month as 30 days, a quarter as 90, a year as 365");
            problems.note(window.mark, "spec.timeWindow[0].duration", message);
        }
    }
}

/// The version must be the one that is read.
fn check_version(object: &mut Object<'_>, key: &'static str, wanted: &str, problems: &mut Problems) {
    let version = object.get(key);
    let stated = version.as_ref().and_then(|version| version.string(problems));
    if let (Some(version), Some(stated)) = (version, stated)
        && stated != wanted
    {
        version.refuse(problems, format_args!("must be {wanted}"));
    }
}

/// A percentage as a share, above 0.
fn of_percent(item: &Item<'_>, percent: f64, problems: &mut Problems) -> Option<Placed<f64>> {
    if !(percent > 0.0 && percent <= 100.0) {
        item.refuse(problems, "must be above 0 and at most 100: it is a percentage");
        return None;
    }
    if percent <= 1.0 {
        let help = format!("if the share {percent} is meant, write {}", by_power(percent, 2));
        let message = format!("is {percent}, a percentage: so {percent} % are promised");
        problems.warn(item.mark(), &item.path, message).help(help);
    }
    Some(Placed { value: by_power(percent, -2), mark: item.mark() })
}

/// A number with its decimal point moved: multiplying would round twice.
fn by_power(number: f64, power: i32) -> f64 {
    format!("{number}e{power}").parse().unwrap_or(number)
}

/// A share as a percentage.
pub(in crate::spec) fn percent(share: f64) -> String {
    format!("{} %", by_power(share, 2))
}

/// What names and labels say of an SLO.
fn about<'t>(words: impl IntoIterator<Item = &'t str>) -> About {
    let mut about = About::Unsaid;
    for word in words.into_iter().map(str::to_lowercase) {
        if ["latenc", "duration", "response time", "response-time", "response_time"]
            .iter()
            .any(|one| word.contains(one))
        {
            return About::Latency;
        }
        if ["availab", "uptime", "error", "success"].iter().any(|one| word.contains(one)) {
            about = About::Availability;
        }
    }
    about
}

/// The values of labels, whether each is one text or several.
fn labels(labels: Option<&Node>) -> Vec<&str> {
    let Some(Value::Map(entries)) = labels.map(|labels| &labels.value) else { return Vec::new() };
    let texts = entries.iter().flat_map(|entry| match &entry.value.value {
        Value::List(items) => items.iter().collect::<Vec<_>>(),
        _ => vec![&entry.value],
    });
    texts.filter_map(|node| if let Value::String(text) = &node.value { Some(text.as_str()) } else { None }).collect()
}
