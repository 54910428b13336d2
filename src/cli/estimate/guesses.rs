//! What stands in for what a manifest does not say, and what is played in its place to see how much hangs on it.

use serde_json::{Map, Value, json};

use crate::cli::bundled::{NODE_IMAGE, NODE_IMAGE_FLAG, RELEASE, USUAL_DEPLOYS, USUAL_NODE_IMAGE};
use crate::cli::library::Kind;
use crate::durations;
use crate::model::{DeadNodes, Fault, Model, OnCall, Strikes};
use crate::random::Law;
use crate::report::format;
use crate::results::{About, Guess};
use crate::spec::AppGuess;

/// A guess, and what is changed to play something else in its place.
#[derive(Debug)]
pub(super) struct Alternative {
    pub guess: Guess,
    change: Change,
}

/// What is played in the place of a guess.
#[derive(Debug)]
enum Change {
    /// Another bundled model.
    Model(Kind, &'static str),
    /// Other values.
    Patch(Map<String, Value>),
}

impl Alternative {
    /// The candidate of an experiment that plays it, with what is patched in any case.
    pub fn candidate(&self, number: usize, mut patch: Map<String, Value>) -> Value {
        let mut candidate = json!({"name": format!("guess-{number}")});
        match &self.change {
            Change::Model(Kind::App, reference) => candidate["app"] = json!(reference),
            Change::Model(Kind::Cluster, reference) => candidate["cluster"] = json!(reference),
            Change::Model(Kind::Faults, reference) => candidate["faults"] = json!([reference]),
            Change::Patch(values) => patch.extend(values.clone()),
        }
        candidate["patch"] = Value::Object(patch);
        candidate
    }
}

/// The faults of these names, by what they strike; in their place nothing breaks.
pub(super) fn of_faults(model: &Model, names: &[String]) -> Vec<Alternative> {
    let of = |about: About, whose: &str| {
        let assumed = |fault: &&Fault| names.contains(&fault.name) && about_strikes(fault.strikes) == about;
        let faults: Vec<&Fault> = model.faults.iter().filter(assumed).collect();
        let patch = faults.iter().map(|fault| (format!("faults.{}", fault.name), Value::Null)).collect();
        let words: Vec<String> = faults.iter().map(|fault| in_words(fault)).collect();
        let guess = Guess {
            about,
            names: faults.iter().map(|fault| fault.name.clone()).collect(),
            assumed: format!("{}{whose}", words.join(", ")),
            guessed_from: None,
            instead: None,
            flags: vec![Kind::Faults.flag().to_owned()],
        };
        (!faults.is_empty()).then_some(Alternative { guess, change: Change::Patch(patch) })
    };
    let kinds = [
        (About::SharedDependency, ", seen by all replicas"),
        (About::ContainerFaults, ", per replica"),
        (About::NodeFaults, ", per Node or zone"),
    ];
    kinds.into_iter().filter_map(|(about, whose)| of(about, whose)).collect()
}

fn about_strikes(strikes: Strikes) -> About {
    match strikes {
        Strikes::Deployment(_) | Strikes::Rollout { .. } | Strikes::Scale { .. } => About::SharedDependency,
        Strikes::Container(_) | Strikes::Deletion => About::ContainerFaults,
        Strikes::Node(_)
        | Strikes::Zone(_)
        | Strikes::ControlPlane(_)
        | Strikes::Drain { .. }
        | Strikes::UpgradeNodes(_)
        | Strikes::WithdrawNode(_) => About::NodeFaults,
    }
}

/// `dependency-error every 60 d for 2.7 min`, means both.
fn in_words(fault: &Fault) -> String {
    let every = fault.every_mean().map_or(String::new(), |mean| format!(" every {}", format::tick(mean)));
    let lasts = fault.lasts.as_ref().map_or(String::new(), |law| format!(" for {}", format::duration(law.mean())));
    format!("{}{every}{lasts}", fault.name)
}

/// Who is on call; in their place nobody is.
pub(super) fn of_on_call(on_call: &OnCall) -> Alternative {
    let guess = Guess {
        about: About::OnCall,
        names: Vec::new(),
        assumed: format!(
            "somebody is paged after {}, and acts after {}",
            in_full(&on_call.notices),
            in_full(&on_call.acts)
        ),
        guessed_from: None,
        instead: Some("nobody on call".to_owned()),
        flags: vec![Kind::Faults.flag().to_owned()],
    };
    Alternative { guess, change: Change::Patch(Map::from_iter([("onCall".to_owned(), Value::Null)])) }
}

/// How often there is a rollout; in their place there is none.
pub(super) fn of_releases() -> Alternative {
    of_operation(About::Releases, RELEASE, format!("{USUAL_DEPLOYS} a week, with a new image"), "--deploys")
}

/// How often all Nodes get a new image; in its place they keep the one that they have.
pub(super) fn of_node_images() -> Alternative {
    let assumed = format!("one every {}, as GKE brings it to all Nodes", durations::shown(USUAL_NODE_IMAGE));
    of_operation(About::NodeImages, NODE_IMAGE, assumed, NODE_IMAGE_FLAG)
}

fn of_operation(about: About, name: &str, assumed: String, flag: &str) -> Alternative {
    let (names, flags) = (vec![name.to_owned()], vec![flag.to_owned()]);
    let guess = Guess { about, names, assumed, guessed_from: None, instead: None, flags };
    Alternative { guess, change: Change::Patch(Map::from_iter([(format!("operations.{name}"), Value::Null)])) }
}

/// The application; in its place one that starts much faster, or much more slowly.
pub(super) fn of_app(model: &Model, guessed: Option<&AppGuess>) -> Alternative {
    let name = guessed.map_or(Kind::App.default().name, |guess| guess.app);
    let other = if name.contains("jvm") { "go-service" } else { "jvm-service" };
    let other = Kind::App.find(other).unwrap_or(Kind::App.default());
    let guess = Guess {
        about: About::Application,
        names: vec![name.to_owned()],
        assumed: format!("{name}, starts in {}", in_full(&model.app().start_up)),
        guessed_from: guessed.map(|guess| guess.sign.clone()),
        instead: Some(other.name.to_owned()),
        flags: vec![Kind::App.flag().to_owned()],
    };
    Alternative { guess, change: Change::Model(Kind::App, other.reference) }
}

/// `a median of 18 s (p95 28 s)`.
fn in_full(law: &Law) -> String {
    match (law.quantile(0.5), law.quantile(0.95)) {
        (Some(median), Some(p95)) if median < p95 => {
            format!("a median of {} (p95 {})", format::duration(median), format::duration(p95))
        }
        _ => format!("{} on average", format::duration(law.mean())),
    }
}

/// The cluster; in its place one with a single zone, or where the zones are given, one that replaces dead Nodes.
pub(super) fn of_cluster(model: &Model, zones_are_given: bool) -> Alternative {
    let default = Kind::Cluster.default().name;
    let cluster = &model.cluster;
    let count = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let dead = match &cluster.dead_nodes {
        DeadNodes::Reboot => "dead Nodes reboot",
        DeadNodes::Replace(_) => "dead Nodes are replaced",
    };
    let size = format!("{} in {}", count(cluster.size(), "Node"), count(cluster.zones.len(), "zone"));
    let mut flags = vec![Kind::Cluster.flag().to_owned()];
    let (assumed, instead, change) = if zones_are_given {
        let replace = json!({"replace": {"after": "3m"}});
        let patch = Map::from_iter([("cluster.deadNodes".to_owned(), replace)]);
        (dead.to_owned(), "replaced in 3 min".to_owned(), Change::Patch(patch))
    } else {
        flags.push("--zones".to_owned());
        let other = Kind::Cluster.find("single-zone").unwrap_or(Kind::Cluster.default());
        (format!("{default}, {size}, {dead}"), other.name.to_owned(), Change::Model(Kind::Cluster, other.reference))
    };
    let guess = Guess {
        about: About::Cluster,
        names: vec![default.to_owned()],
        assumed,
        guessed_from: None,
        instead: Some(instead),
        flags,
    };
    Alternative { guess, change }
}
