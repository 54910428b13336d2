//! The rows of a picture of an outage: of its lanes those that say something, each of them once.
//!
//! Probes are told where one of their verdicts changes something. Pods that serve throughout are one row, and Pods of one revision that
//! follow each other share one. What happens at once is told where nothing lasts: elsewhere the next span begins with it.

use crate::report::timeline::SURGE;
use crate::results::{Group, Lane, Mark, Replay, Span, Tone};

/// The end of the name of a prober's lane.
const PROBES: &str = " probes";
/// The end of the name of a machine's lane.
const MACHINE: &str = " machine";
/// Seconds within which two instants are one.
const NEAR: f64 = 1e-3;

/// All rows, from top to bottom.
pub fn of(replay: &Replay) -> Vec<Lane> {
    let whole = |span: &Span| span.tone == Tone::Good && span.from_s <= 0.0 && span.to_s >= replay.lasts_s - 1e-3;
    let is_unchanged = |lane: &Lane| {
        // A Deployment is one of few, and the row of what users notice.
        let is_many = is_of_slot(lane) || is_of_container(lane);
        is_many && lane.marks.is_empty() && matches!(&lane.spans[..], [one] if whole(one))
    };
    let (unchanged, changed): (Vec<&Lane>, Vec<&Lane>) = replay.lanes.iter().partition(|lane| is_unchanged(lane));
    let mut rows: Vec<Lane> = changed.iter().filter_map(|lane| told(lane, replay)).collect();
    let of_group = |group: Group| unchanged.iter().filter(|lane| lane.group == group).count();
    let (slots, containers) = (of_group(Group::Service), of_group(Group::Pods));
    if slots > 0 {
        rows.push(unchanged_row(replay, Group::Service, ("other ", slots), "serve in rotation throughout"));
    } else if containers > 0 {
        let other = if rows.iter().any(is_of_container) { "other " } else { "" };
        rows.push(unchanged_row(replay, Group::Pods, (other, containers), "run throughout"));
    }
    rows.sort_by_key(|row| row.group);
    share(one_row_a_node(rows))
}

/// Whether it is a place of a Pod: `slot 0`, `gateway slot 0`.
pub fn is_of_slot(lane: &Lane) -> bool {
    let words: Vec<&str> = lane.name.split(' ').collect();
    lane.group == Group::Service && words.len() >= 2 && words[words.len() - 2] == "slot"
}

/// Whether more Pods serve for a while than there are slots that do: those that a surge has made have none.
pub fn counts_beyond_slots(replay: &Replay) -> bool {
    let Some(service) = replay.lanes.iter().find(|lane| lane.group == Group::Service && lane.name == "service") else {
        return false;
    };
    let serving: Vec<&Span> = replay
        .lanes
        .iter()
        .filter(|lane| is_of_slot(lane))
        .flat_map(|lane| &lane.spans)
        .filter(|span| span.tone == Tone::Good)
        .collect();
    let mut ends: Vec<f64> = serving.iter().flat_map(|span| [span.from_s, span.to_s]).collect();
    service.spans.iter().any(|span| {
        let Some(pods) = span.words.split(' ').next().and_then(|count| count.parse::<usize>().ok()) else {
            return false;
        };
        ends.extend([span.from_s, span.to_s]);
        ends.sort_by(f64::total_cmp);
        let within = ends.windows(2).filter(|two| two[0] >= span.from_s && two[1] <= span.to_s);
        within.filter(|two| two[1] - two[0] > 1.0).any(|two| {
            let middle = f64::midpoint(two[0], two[1]);
            serving.iter().filter(|one| one.from_s <= middle && middle < one.to_s).count() < pods
        })
    })
}

/// Whether it is a container of a Pod.
pub fn is_of_container(lane: &Lane) -> bool {
    lane.group == Group::Pods && !lane.name.ends_with(PROBES)
}

/// One row for many of which there is nothing else to say.
fn unchanged_row(replay: &Replay, group: Group, (other, many): (&str, usize), words: &str) -> Lane {
    let name = format!("{many} {other}Pod{}", if many == 1 { "" } else { "s" });
    let words =
        if many == 1 { words.replacen("serve", "serves", 1).replacen("run", "runs", 1) } else { words.to_owned() };
    let span = Span { from_s: 0.0, to_s: replay.lasts_s, words, tone: Tone::Good };
    Lane { group, name, revision: None, spans: vec![span], marks: Vec::new() }
}

/// A lane as its row; `None` of a prober whose verdicts change nothing.
fn told(lane: &Lane, replay: &Replay) -> Option<Lane> {
    if lane.name.ends_with(PROBES) {
        return verdicts(lane, replay);
    }
    let mut row = lane.clone();
    row.name = row.name.replace(" container", "");
    if !row.spans.is_empty() {
        row.marks.clear();
    }
    // A wait that is told again goes on.
    row.spans.dedup_by(|next, before| {
        let goes_on = next.words == before.words && next.from_s <= before.to_s + NEAR;
        if goes_on {
            before.to_s = next.to_s;
        }
        goes_on
    });
    Some(row)
}

/// What is done with a Node on purpose in one row: its drain, and that its machine is away.
fn one_row_a_node(rows: Vec<Lane>) -> Vec<Lane> {
    let on_purpose = |row: &Lane| !row.spans.is_empty() && row.spans.iter().all(|span| span.tone == Tone::Detail);
    let (away, mut rest): (Vec<Lane>, Vec<Lane>) =
        rows.into_iter().partition(|row| row.group == Group::Nodes && row.name.ends_with(MACHINE) && on_purpose(row));
    for machine in away {
        let node = machine.name.trim_end_matches(MACHINE);
        let drained = rest.iter_mut().find(|row| row.name.strip_suffix(" drain") == Some(node));
        let Some(drain) = drained else {
            rest.push(machine);
            continue;
        };
        let is_free = |span: &Span| {
            drain.spans.iter().all(|one| one.to_s <= span.from_s + NEAR || one.from_s >= span.to_s - NEAR)
        };
        let more: Vec<Span> = machine.spans.iter().filter(|span| is_free(span)).cloned().collect();
        drain.spans.extend(more);
        drain.spans.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
        node.clone_into(&mut drain.name);
    }
    rest.sort_by_key(|row| row.group);
    rest
}

/// Of a prober: the failures in a row that reached its threshold. `None` if none did.
fn verdicts(lane: &Lane, replay: &Replay) -> Option<Lane> {
    let (pod, kind) = lane.name.strip_suffix(PROBES)?.rsplit_once(' ')?;
    let container = replay.lanes.iter().find(|other| {
        is_of_container(other)
            && other.name.strip_prefix(pod).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })?;
    let (lost, word) = match kind {
        "readiness" => ("READINESS LOST", "not ready"),
        "liveness" => ("liveness probe gives up", "killed"),
        _ => ("startup probe gives up", "killed"),
    };
    let given_up = container.marks.iter().filter(|mark| mark.words.starts_with(lost));
    // What an earlier process has failed does not count.
    let since = |at_s: f64| {
        let begun = container.spans.iter().filter(|span| span.words.ends_with(" starts") && span.from_s < at_s - NEAR);
        begun.map(|span| span.from_s).fold(0.0, f64::max)
    };
    let mut spans: Vec<Span> = given_up.map(|mark| in_a_row(lane, mark, word, since(mark.at_s))).collect();
    if spans.is_empty() {
        return None;
    }
    // Where the container's cycles are left out, the verdicts are, too.
    if word == "killed" {
        spans.extend(container.spans.iter().filter(|span| is_left_out(span)).cloned());
        spans.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    }
    let name = lane.name.replace(" container", "");
    Some(Lane { name, spans, marks: Vec::new(), ..lane.clone() })
}

/// It stands for many that are alike.
pub fn is_left_out(span: &Span) -> bool {
    span.words.starts_with("the same")
}

/// From the first of the failures that count, of the process that began then, to what they lead to.
fn in_a_row(lane: &Lane, verdict: &Mark, word: &str, since_s: f64) -> Span {
    let told = verdict.words.split(" after ").nth(1).unwrap_or_default().replace(" in a row", "");
    let threshold = told.split(' ').next().and_then(|number| number.parse::<usize>().ok()).unwrap_or(1).max(1);
    let mut failures: Vec<f64> = lane.spans.iter().filter(|span| span.tone == Tone::Bad).flat_map(each).collect();
    failures.extend(lane.marks.iter().filter(|mark| mark.tone == Tone::Bad).map(|mark| mark.at_s));
    failures.retain(|at| (since_s..=verdict.at_s + NEAR).contains(at));
    failures.sort_by(|a, b| b.total_cmp(a));
    let first = failures.get(threshold - 1).or(failures.last());
    let from_s = first.map_or(verdict.at_s, |at| at.min(verdict.at_s));
    Span { from_s, to_s: verdict.at_s, words: format!("{word} after {told}"), tone: Tone::Bad }
}

/// When each probe was sent of a span that stands for several: `24 ×: fails`.
fn each(span: &Span) -> Vec<f64> {
    let count = span.words.split_once(" ×").and_then(|(count, _)| count.replace(',', "").parse::<u32>().ok());
    match count {
        Some(count) if count > 1 => {
            let step = (span.to_s - span.from_s) / f64::from(count - 1);
            (0..count).map(|n| span.from_s + step * f64::from(n)).collect()
        }
        _ => vec![span.from_s],
    }
}

/// Pods of one revision that follow each other in one row.
fn share(rows: Vec<Lane>) -> Vec<Lane> {
    let mut shared: Vec<Lane> = Vec::new();
    for row in rows {
        let place = shared.iter().position(|other| can_share(other, &row));
        let Some(place) = place else {
            shared.push(row);
            continue;
        };
        let first = &mut shared[place];
        first.name = format!("{}, {}", bare(&first.name).replacen("pod ", "pods ", 1), number(&row.name));
        first.spans.extend(row.spans);
    }
    shared
}

fn can_share(one: &Lane, other: &Lane) -> bool {
    let is_pod = |lane: &Lane| is_of_container(lane) && lane.revision.is_some() && !lane.spans.is_empty();
    if !is_pod(one) || !is_pod(other) || one.revision != other.revision {
        return false;
    }
    let ends = one.spans.iter().map(|span| span.to_s).fold(0.0, f64::max);
    owner(&one.name) == owner(&other.name) && ends < other.spans[0].from_s
}

/// What stands before `pod` in its name: the Deployment where there are several.
fn owner(name: &str) -> &str {
    name.split("pod").next().unwrap_or_default()
}

/// Its name without its zone.
fn bare(name: &str) -> &str {
    let name = name.strip_suffix(SURGE).unwrap_or(name);
    name.split(" in ").next().unwrap_or(name)
}

/// `3.120` of `pod 3.120 in zone-1`.
fn number(name: &str) -> &str {
    bare(name).rsplit(' ').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::OutageExample;

    fn lane(group: Group, name: &str, spans: &[(f64, f64, &str, Tone)], marks: &[(f64, &str, Tone)]) -> Lane {
        let spans =
            spans.iter().map(|&(from_s, to_s, words, tone)| Span { from_s, to_s, words: words.to_owned(), tone });
        let marks =
            marks.iter().map(|&(at_s, words, tone)| Mark { at_s, words: words.to_owned(), rules: String::new(), tone });
        Lane { group, name: name.to_owned(), revision: None, spans: spans.collect(), marks: marks.collect() }
    }

    fn replay(lanes: Vec<Lane>) -> Replay {
        let outage = OutageExample {
            statistic: "max".to_owned(),
            length_s: 20.0,
            replication: 0,
            number: 1,
            without_end: false,
        };
        let scenario = "one".to_owned();
        Replay { scenario, outage, begins_s: 0.0, lasts_s: 100.0, outage_from_s: 30.0, cut: None, lanes }
    }

    /// Rule: Pods that serve throughout are one row, and their probes none.
    #[test]
    fn what_never_changes_is_one_row() {
        let well = [(0.0, 100.0, "serves in rotation", Tone::Good)];
        let runs = [(0.0, 100.0, "runs", Tone::Good)];
        let rows = of(&replay(vec![
            lane(Group::Service, "service", &[(0.0, 100.0, "2 of 2 Pods serve in rotation", Tone::Good)], &[]),
            lane(Group::Service, "slot 0", &well, &[]),
            lane(Group::Service, "slot 1", &well, &[]),
            lane(Group::Pods, "pod 0.1 container", &runs, &[]),
            lane(Group::Pods, "pod 0.1 liveness probes", &[(0.0, 99.0, "20 ×: succeeds", Tone::Good)], &[]),
            lane(Group::Pods, "pod 1.1 container", &runs, &[]),
        ]));
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["service", "2 other Pods"]);
        assert_eq!(rows[1].spans[0].words, "serve in rotation throughout");
    }

    /// Rule: a prober has a row where a threshold is reached, and in it the failures that count.
    #[test]
    fn a_verdict_is_told_with_the_failures_that_lead_to_it() {
        let container = [(0.0, 40.0, "#1 runs", Tone::Good), (40.0, 100.0, "#2 starts", Tone::Plain)];
        let verdict = [(40.0, "READINESS LOST: Unhealthy after 2 failures in a row", Tone::Bad)];
        let probes = [(25.0, "succeeds", Tone::Good), (35.0, "fails: 5xx", Tone::Bad), (40.0, "fails: 5xx", Tone::Bad)];
        let rows = of(&replay(vec![
            lane(Group::Pods, "pod 0.1 container in zone-1", &container, &verdict),
            lane(Group::Pods, "pod 0.1 liveness probes", &[], &probes),
            lane(Group::Pods, "pod 0.1 readiness probes", &[], &probes),
        ]));
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["pod 0.1 in zone-1", "pod 0.1 readiness probes"]);
        let span = &rows[1].spans[0];
        assert_eq!((span.from_s, span.to_s, span.words.as_str()), (35.0, 40.0, "not ready after 2 failures"));
    }
}
