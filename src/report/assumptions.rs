//! What `hasim estimate` assumed, and how much of the answer hangs on each guess: in words and as a table.

use crate::report::format;
use crate::results::{About, Assumption, Estimate, ExperimentResult, Guess};
use crate::study::Metric;

/// The columns of the table.
pub const HEAD: [&str; 4] = ["assumed", "instead", "change of downtime/yr", "flag"];

/// Above the table.
pub const TITLE: &str = "What was assumed, by how much of the downtime hangs on it:";

/// On what the answer hangs most, and what it is without the shared dependency; nothing where nothing was assumed.
pub fn sentences(result: &ExperimentResult) -> Vec<String> {
    let (Some(shown), Some(first)) = (result.scenarios.first(), result.assumptions.first()) else { return Vec::new() };
    let base = &shown.estimates[Metric::Downtime];
    let mut sentences = vec![if is_seen(first) {
        format!(
            "This answer hangs on guesses, most on {}: {}, {} rather than {}.",
            subject(&first.guess),
            change(&first.guess),
            without(first, base),
            if base.bound { "none seen".to_owned() } else { format::full(base) },
        )
    } else {
        "This answer hangs on guesses; none of them, changed as below, was seen to change the downtime.".to_owned()
    }];
    let shared = result.assumptions.iter().find(|one| one.guess.about == About::SharedDependency);
    if let Some(shared) = shared.filter(|shared| *shared != first || !is_seen(first)) {
        sentences.push(format!("Without {} {}.", subject(&shared.guess), without(shared, base)));
    }
    sentences
}

/// What the answer is with something else in a guess's place. A bound above what is lost with the guess would only puzzle.
fn without(one: &Assumption, base: &Estimate) -> String {
    let downtime = &one.downtime_s_per_year;
    if downtime.bound && !base.bound && downtime.high >= base.mean {
        return format!("no downtime was seen in {} replications", format::whole(one.replications));
    }
    format!("it is available {} of the time, with {} of downtime a year", share(&one.availability), lost(one, base))
}

/// What is lost with something else in a guess's place, with its interval. Without a fault it is no more than with it, however
/// little the pairs bound it.
fn lost(one: &Assumption, base: &Estimate) -> String {
    let lost = &one.downtime_s_per_year;
    match one.guess.instead {
        None if lost.bound => format!("at most {}", format::duration(lost.high.min(base.high))),
        _ => format::with_interval(lost),
    }
}

/// The rows of the table.
pub fn rows(result: &ExperimentResult) -> Vec<[String; 4]> {
    let row = |one: &Assumption| {
        [
            assumed(&one.guess),
            one.guess.instead.clone().unwrap_or_else(|| "without".to_owned()),
            changed(&one.difference.downtime_s_per_year),
            one.guess.flags.first().cloned().unwrap_or_default(),
        ]
    };
    result.assumptions.iter().map(row).collect()
}

/// Below the table.
pub fn footnote(result: &ExperimentResult) -> Option<String> {
    let fewest = result.assumptions.iter().map(|one| one.replications).min()?;
    Some(format!(
        "Each guess is changed alone, under the same faults, in at least {} replications. Its flag takes a file or a bundled \
         name, which `hasim estimate --help` lists; `hasim calibrate` makes faults of your own records.",
        format::whole(fewest)
    ))
}

/// What was assumed, with the subject and the sign for it.
pub fn assumed(guess: &Guess) -> String {
    let about = match guess.about {
        About::SharedDependency => "shared dependency",
        About::Application => "application",
        About::ContainerFaults => "container faults",
        About::NodeFaults => "Node and zone faults",
        About::Cluster => "cluster",
        About::Releases => "releases",
        About::NodeImages => "Node images",
        About::OnCall => "on call",
    };
    let sign = guess.guessed_from.as_ref().map_or(String::new(), |sign| format!("; guessed from {sign}"));
    format!("{about}: {}{sign}", guess.assumed)
}

/// A paired difference, with its sign.
fn changed(difference: &Estimate) -> String {
    match difference {
        Estimate { bound: true, high, .. } => format!("none (≤ {})", format::duration(*high)),
        // Its digits would only be those of chance.
        _ if !difference.is_told_apart() => {
            format!("0 ± {}", format::duration(format::half_width(difference)))
        }
        Estimate { mean, low, high, .. } if *mean < 0.0 => {
            let mirrored = Estimate { mean: -mean, low: -high, high: -low, ..*difference };
            format!("−{}", format::span_with_error(&mirrored))
        }
        _ => format!("+{}", format::span_with_error(difference)),
    }
}

/// What the guess is about, in a sentence.
fn subject(guess: &Guess) -> String {
    let names = guess.names.join(", ");
    match guess.about {
        About::SharedDependency => format!("the assumed shared dependency ({names})"),
        About::Application => format!("the application ({names})"),
        About::ContainerFaults => "how often containers fail".to_owned(),
        About::NodeFaults => "how often Nodes and zones fail".to_owned(),
        About::Cluster => format!("the cluster ({names})"),
        About::Releases => "how often there is a release".to_owned(),
        About::NodeImages => "how often all Nodes get a new image".to_owned(),
        About::OnCall => "how soon somebody mends what no probe mends".to_owned(),
    }
}

/// What was changed, at the beginning of a clause.
fn change(guess: &Guess) -> String {
    match (&guess.instead, guess.about) {
        (Some(instead), About::OnCall) => format!("with {instead}"),
        (Some(instead), _) => format!("played with {instead}"),
        (None, About::SharedDependency) => "without it".to_owned(),
        (None, About::Releases | About::NodeImages) => "without any".to_owned(),
        (None, _) => "without those faults".to_owned(),
    }
}

/// Whether chance alone does not explain the difference.
fn is_seen(one: &Assumption) -> bool {
    one.difference.downtime_s_per_year.is_told_apart()
}

/// A share of the time, in a sentence.
fn share(availability: &Estimate) -> String {
    match format::percent(availability).strip_prefix("≥ ") {
        Some(least) => format!("at least {least}"),
        None => format::percent(availability).replace("> ", "more than "),
    }
}
