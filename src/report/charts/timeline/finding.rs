//! What a picture of an outage says: how long it was, after what, and why so long.

use super::rows;
use super::scale::is_loop;
use crate::report::featured::{self, Role};
use crate::report::format;
use crate::report::labels::in_words;
use crate::report::timeline::{SURGE, SYSTEM};
use crate::results::{ExperimentResult, Group, Lane, Replay, Span, Tone};

/// So many of the things that struck are named.
const NAMED: usize = 3;
/// Seconds within which two instants are one.
const NEAR: f64 = 1e-3;
/// What an outage outlasts its fault by is told from this part of it on.
const WORTH_TELLING: f64 = 0.02;
/// Phases in which a container serves, and waits to be seen.
const WAITING: [&str; 2] = ["become ready", "enter rotation"];
/// One phase is why an outage is so long if it takes this part of it.
const MAIN: f64 = 0.4;

/// The title.
pub fn title(result: &ExperimentResult, replay: &Replay) -> String {
    let scenario = result.scenarios.iter().find(|one| one.name == replay.scenario);
    let outages = scenario.map_or(0, |one| one.time_to_recovery_s.count + one.time_to_recovery_s.censored);
    let which = match replay.outage.statistic.as_str() {
        _ if outages == 1 => "The only outage",
        "max" => "The longest outage",
        "p50" => "A median outage",
        _ => "An outage",
    };
    let whose =
        scenario.filter(|_| result.scenarios.len() > 1).map_or(String::new(), |scenario| {
            match featured::role(result, scenario) {
                Some(Role::Best) => format!(" of “{}”", super::super::finding::settings(result, scenario)),
                Some(_) => format!(" of the {} scenario", featured::role_word(result, scenario).to_lowercase()),
                None => format!(" of “{}”", in_words(result, scenario)),
            }
        });
    let whose = whose.replace("the baseline scenario", "the baseline");
    let lasted = length(replay.outage.length_s);
    let lasts =
        if replay.outage.without_end { format!("has no end after {lasted}") } else { format!("lasts {lasted}") };
    match why(replay) {
        Some(why) => format!("{which}{whose} {lasts}: {why}"),
        None => format!("{which}{whose} {lasts}"),
    }
}

/// A length whose numbers and units stay on one line.
fn length(secs: f64) -> String {
    format::in_full(secs).replace(' ', "\u{a0}")
}

/// Something that struck before the outage began, or with it.
struct Strike<'a> {
    lane: &'a Lane,
    /// From its strike to its end within the excerpt, where it ends by itself.
    span: Option<&'a Span>,
}

impl Strike<'_> {
    /// `container-crash in slot 1`.
    fn name(&self) -> String {
        self.lane.name.replacen(' ', " in ", 1)
    }

    /// What it does, as a mark tells it.
    fn does(&self, words: &str) -> bool {
        self.lane.marks.iter().any(|mark| mark.words.contains(words))
    }

    /// All Pods of a Deployment at the same time.
    fn strikes_all(&self) -> bool {
        self.does("all processes") || self.does("all sandboxes")
    }
}

fn why(replay: &Replay) -> Option<String> {
    if let Some(refused) = refused(replay) {
        return Some(refused);
    }
    if let Some(found) = bad_revision(replay) {
        return Some(found);
    }
    let strikes = strikes(replay);
    let meanwhile = operations(replay);
    match &strikes[..] {
        [] if meanwhile.is_empty() => None,
        [] => Some(with_phase(replay, format!("it comes with the {}", meanwhile.join(" and the ")))),
        [one] if one.strikes_all() => Some(during(for_all(replay, one), &meanwhile)),
        [one] => {
            let words = in_one_zone(replay, one).unwrap_or_else(|| format!("after {}", one.name()));
            Some(with_phase(replay, during(words, &meanwhile)))
        }
        several => {
            let mut names: Vec<String> = several.iter().take(NAMED).map(Strike::name).collect();
            if several.len() > NAMED {
                names.push(format!("{} more", several.len() - NAMED));
            }
            let last = names.pop().unwrap_or_default();
            let words = format!("{} and {last} come together", names.join(", "));
            Some(with_phase(replay, during(words, &meanwhile)))
        }
    }
}

fn during(words: String, meanwhile: &[String]) -> String {
    if meanwhile.is_empty() { words } else { format!("{words}, during the {}", meanwhile.join(" and the ")) }
}

/// What struck until the outage began, in its order.
fn strikes(replay: &Replay) -> Vec<Strike<'_>> {
    let until = replay.outage_from_s + NEAR;
    let first = |lane: &Lane| {
        let spans = lane.spans.iter().map(|span| span.from_s);
        spans.chain(lane.marks.iter().map(|mark| mark.at_s)).fold(f64::INFINITY, f64::min)
    };
    let lanes = replay.lanes.iter().filter(|lane| lane.group == Group::Faults && first(lane) <= until);
    let mut strikes: Vec<Strike<'_>> = lanes.map(|lane| Strike { lane, span: lane.spans.first() }).collect();
    strikes.sort_by(|a, b| first(a.lane).total_cmp(&first(b.lane)));
    strikes
}

/// What is done on purpose while the outage begins.
fn operations(replay: &Replay) -> Vec<String> {
    let at = replay.outage_from_s;
    let lanes = replay.lanes.iter().filter(|lane| lane.group == Group::Operations);
    let under_way = |span: &&Span| span.from_s <= at + NEAR && span.to_s > at;
    let mut words: Vec<String> = lanes
        .filter_map(|lane| Some(lane.spans.iter().find(under_way)?.words.clone()))
        .map(|words| if words == "upgrade" { "upgrade of the Nodes".to_owned() } else { words })
        .collect();
    words.dedup();
    words
}

/// The end of a drain that a budget had refused, where the outage begins with it.
fn refused(replay: &Replay) -> Option<String> {
    let spans = replay.lanes.iter().filter(|lane| lane.group == Group::Nodes).flat_map(|lane| &lane.spans);
    let ends_then = |span: &&Span| (span.to_s - replay.outage_from_s).abs() < 1.0 && span.from_s < replay.outage_from_s;
    let words = spans.filter(ends_then).find_map(|span| span.words.split_once("eviction refused"))?.1;
    Some(format!("it begins as soon as an eviction is granted that had been refused{words}"))
}

/// A revision that is bad, and how long it took to find that out.
fn bad_revision(replay: &Replay) -> Option<String> {
    let at = replay.outage_from_s;
    let lanes = replay.lanes.iter().filter(|lane| lane.group == Group::Operations);
    let (lane, span) = lanes
        .flat_map(|lane| lane.spans.iter().map(move |span| (lane, span)))
        .find(|(_, span)| span.tone == Tone::Bad && span.from_s <= at + NEAR && span.to_s > at)?;
    let (rollout, flaw) = span.words.split_once(" (")?;
    let flaw = flaw.trim_end_matches(')').split(", ").next().unwrap_or(flaw);
    let revision = rollout.strip_prefix("rollout of ").unwrap_or(rollout);
    let found = lane.marks.iter().find(|mark| mark.words.starts_with("the new revision is found to be bad"));
    let lost = replay.lanes.iter().flat_map(|lane| &lane.marks).any(|mark| mark.words.starts_with("READINESS LOST"));
    let containers = replay.lanes.iter().filter(|lane| rows::is_of_container(lane));
    let crashes = containers.flat_map(|lane| &lane.spans).any(|span| span.words == "CrashLoopBackOff");
    let probes = match (crashes, lost) {
        (true, _) => " crashes again and again and",
        (false, true) => "",
        (false, false) => " passes its probes and",
    };
    Some(match found {
        Some(found) => {
            let took = length((found.at_s - at).max(0.0));
            format!("{revision} ({flaw}){probes} is rolled back {took} after the outage began")
        }
        None => format!("{revision} ({flaw}){probes} is not rolled back yet"),
    })
}

/// Whose Pods a fault strikes that strikes all at once: of several Deployments those that do not deliver while it is at work.
fn struck_pods(replay: &Replay, one: &Strike<'_>) -> String {
    let services = || replay.lanes.iter().filter(|lane| lane.group == Group::Service && !rows::is_of_slot(lane));
    if services().all(|lane| lane.name != SYSTEM) {
        return "all its Pods".to_owned();
    }
    let all: Vec<&Lane> = services().filter(|lane| lane.name != SYSTEM).collect();
    let Some(fault) = one.span else { return "all Pods of a Deployment".to_owned() };
    // Those that it strikes cease to serve with it.
    let begins_with_it = |span: &Span| (fault.from_s - NEAR..=fault.from_s + 1.0).contains(&span.from_s);
    let is_down = |lane: &&&Lane| lane.spans.iter().any(|span| span.tone == Tone::Bad && begins_with_it(span));
    let down: Vec<String> = all.iter().filter(is_down).map(|lane| lane.name.clone()).collect();
    match down.len() {
        0 => "all Pods of a Deployment".to_owned(),
        n if n == all.len() => "all Pods".to_owned(),
        _ => format!("all Pods of {}", format::listed(&down)),
    }
}

/// A fault of all Pods at once: how long it lasts, and what the way back adds.
fn for_all(replay: &Replay, one: &Strike<'_>) -> String {
    let end = replay.outage_from_s + replay.outage.length_s;
    let pods = struck_pods(replay, one);
    let Some(span) = one.span else { return format!("{} strikes {pods} at once", one.name()) };
    let lasts = length(span.to_s - span.from_s);
    let (more, one_end) = (end - span.to_s, span.to_s);
    let restarts: usize = replay
        .lanes
        .iter()
        .filter(|lane| rows::is_of_container(lane))
        .map(|lane| lane.spans.iter().filter(|span| span.words.ends_with(" starts") && span.from_s < end).count())
        .max()
        .unwrap_or(0);
    let is_loop = restarts > 1 || replay.lanes.iter().any(is_loop);
    // Of the slot with whose return it ends: one whose container was up before waits for its next readiness probe alone.
    let is_up = ending_slot(replay).is_some_and(|slot| {
        let later = slot.spans.iter().filter(|span| span.to_s > one_end + NEAR && span.from_s < end - NEAR);
        later.filter_map(|span| span.words.split_once(": ")).all(|(_, phase)| WAITING.contains(&phase))
    });
    let way_back = match restarts {
        _ if is_up => "the next readiness probe",
        _ if is_loop => "the restart loop",
        1 => "the restart",
        _ => "the way back",
    };
    let has_no_end = span.to_s >= replay.lasts_s - NEAR;
    if has_no_end {
        return format!("{} strikes {pods} at once, and more replicas would not help", one.name());
    }
    if more > WORTH_TELLING * replay.outage.length_s {
        let more = length(more);
        return format!("{} strikes {pods} at once for {lasts}, and {way_back} adds {more}", one.name());
    }
    format!("{} strikes {pods} at once, and more replicas would not help", one.name())
}

/// How many of the Pods were in the zone that was struck.
fn in_one_zone(replay: &Replay, one: &Strike<'_>) -> Option<String> {
    if !(one.does(" of the zone") || one.does("the zone")) {
        return None;
    }
    let (fault, zone) = one.lane.name.rsplit_once(' ')?;
    let at = replay.outage_from_s;
    let service = replay.lanes.iter().find(|lane| lane.group == Group::Service)?;
    let then = |lane: &Lane, at: f64| lane.spans.iter().find(|span| span.from_s <= at && span.to_s > at).cloned();
    let before = then(service, at - 0.5).or_else(|| service.spans.first().cloned())?;
    let all: usize = before.words.split(' ').next()?.parse().ok()?;
    let place = format!(" in {zone}");
    let pods = replay.lanes.iter().filter(|lane| {
        let name = lane.name.strip_suffix(SURGE).unwrap_or(&lane.name);
        rows::is_of_container(lane) && name.ends_with(&place)
    });
    let lost = pods.filter(|lane| lane.spans.iter().any(|span| span.from_s <= at && span.to_s > at - 1.0)).count();
    (lost > 0 && lost <= all).then(|| format!("{lost} of {all} Pods were in {zone} when {fault} struck"))
}

/// The same, and on what most of the time goes, if there is such a thing.
fn with_phase(replay: &Replay, words: String) -> String {
    match main_phase(replay) {
        Some((phase, secs)) => format!("{words}; {} of it {}", length(secs), spent(&phase)),
        None => words,
    }
}

/// What the time of a phase is spent on; of phases whose names do not say it, in other words.
fn spent(phase: &str) -> String {
    match phase {
        "decide" => "is the wait for the repair to begin (“decide”)".to_owned(),
        "detect" => "is the wait until it is noticed (“detect”)".to_owned(),
        _ => format!("is “{phase}”"),
    }
}

/// The slot with whose return the outage ends.
fn ending_slot(replay: &Replay) -> Option<&Lane> {
    let (from, to) = (replay.outage_from_s, replay.outage_from_s + replay.outage.length_s);
    let slots = replay.lanes.iter().filter(|lane| rows::is_of_slot(lane));
    let returns = |lane: &Lane| {
        let back = lane.spans.iter().filter(|span| span.tone == Tone::Good && span.from_s > from);
        back.map(|span| (span.from_s - to).abs()).fold(f64::INFINITY, f64::min)
    };
    slots.min_by(|a, b| returns(a).total_cmp(&returns(b)))
}

/// The longest phase of the slot with whose return the outage ends.
fn main_phase(replay: &Replay) -> Option<(String, f64)> {
    let (from, to) = (replay.outage_from_s, replay.outage_from_s + replay.outage.length_s);
    let last = ending_slot(replay)?;
    let mut phases: Vec<(&str, f64)> = Vec::new();
    for span in &last.spans {
        let Some((_, phase)) = span.words.split_once(": ") else { continue };
        let secs = span.to_s.min(to) - span.from_s.max(from);
        match phases.iter_mut().find(|(other, _)| *other == phase) {
            Some((_, sum)) => *sum += secs.max(0.0),
            None => phases.push((phase, secs.max(0.0))),
        }
    }
    let (phase, secs) = phases.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_told = phase != "no probe notices" && secs >= 1.0;
    (is_told && secs >= MAIN * replay.outage.length_s).then(|| (phase.to_owned(), secs))
}
