//! Outages on the page: the lanes of those that were replayed, the same line by line, and how every other is told.

use crate::report::featured::featured_scenarios;
use crate::report::{charts, format};
use crate::results::{ExperimentResult, Lane, OutageExample, Replay, ScenarioResult, Tone};

/// One that was replayed.
pub struct Outage {
    pub chart: &'static str,
    pub picture: String,
    /// Moments and their pixels, for the script.
    pub knots: String,
    pub command: String,
    pub lines: Vec<Line>,
}

/// Something that happened.
pub struct Line {
    at_s: f64,
    pub at: String,
    pub who: String,
    pub words: String,
    pub rules: String,
    pub class: &'static str,
}

/// An outage that stands for others of its length.
pub struct Example {
    pub scenario: String,
    pub which: String,
    pub length: String,
    pub command: String,
}

/// Those that were replayed, in their order.
pub fn replayed(result: &ExperimentResult) -> Vec<Outage> {
    let one = |(replay, chart): (&Replay, charts::Chart)| Outage {
        chart: chart.name,
        picture: charts::sideways(&chart),
        knots: knots(&charts::reach(replay)),
        command: command(result, &replay.scenario, replay.outage.replication, replay.outage.number),
        lines: lines(replay),
    };
    charts::worth_drawing(result).into_iter().zip(charts::of_replays(result)).map(one).collect()
}

fn knots(reach: &charts::Reach) -> String {
    let knots: Vec<String> = reach.knots.iter().map(|(secs, pixel)| format!("{secs} {pixel}")).collect();
    knots.join(" ")
}

/// Those to look at, of the scenarios that are looked at closely, each once.
pub fn examples(result: &ExperimentResult) -> Vec<Example> {
    let of_scenario = |scenario: &ScenarioResult| {
        let is_same = |a: &&OutageExample, b: &&OutageExample| (a.replication, a.number) == (b.replication, b.number);
        let all: Vec<&OutageExample> = scenario.outage_examples.iter().collect();
        let one = |same: &[&OutageExample]| Example {
            scenario: scenario.name.clone(),
            which: which(same),
            length: if same[0].without_end {
                format!("over {}", format::in_full(same[0].length_s))
            } else {
                format::in_full(same[0].length_s)
            },
            command: command(result, &scenario.name, same[0].replication, same[0].number),
        };
        all.chunk_by(is_same).map(one).collect::<Vec<_>>()
    };
    featured_scenarios(result).into_iter().flat_map(of_scenario).collect()
}

/// What an outage is an example of: `median and the longest`.
fn which(same: &[&OutageExample]) -> String {
    let name = |example: &&OutageExample| match example.statistic.as_str() {
        "max" => "the longest",
        "p95" => "95th percentile",
        _ => "median",
    };
    let mut names: Vec<&str> = same.iter().map(name).collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last.to_owned() } else { format!("{} and {last}", names.join(", ")) }
}

/// What replays an outage; `results.json` lies beside the page.
fn command(result: &ExperimentResult, scenario: &str, replication: u64, number: u64) -> String {
    let scenario =
        if result.scenarios.len() > 1 { format!(" --scenario={}", format::quoted(scenario)) } else { String::new() };
    format!("hasim trace results.json{scenario} --replication {replication} --outage {number} --rules")
}

fn lines(replay: &Replay) -> Vec<Line> {
    let of_lane = |lane: &Lane| {
        let one = |mark: &crate::results::Mark| {
            let at_s = mark.at_s - replay.outage_from_s;
            Line {
                at_s,
                at: charts::instant(at_s),
                // What the control plane does names its Pod or Node itself.
                who: lane.name.clone(),
                words: mark.words.clone(),
                rules: mark.rules.clone(),
                class: match mark.tone {
                    Tone::Bad => "bad",
                    Tone::Good => "good",
                    Tone::Plain | Tone::Detail => "",
                },
            }
        };
        lane.marks.iter().map(one).collect::<Vec<_>>()
    };
    // Single probes are in the picture.
    let told = replay.lanes.iter().filter(|lane| !lane.name.ends_with("probes"));
    let mut lines: Vec<Line> = told.flat_map(of_lane).collect();
    lines.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rule: an outage that is an example of several statistics is one row, which names them all.
    #[test]
    fn one_outage_is_one_example() {
        let example = |statistic: &str| OutageExample {
            statistic: statistic.to_owned(),
            length_s: 2.7,
            replication: 117,
            number: 1,
            without_end: false,
        };
        let all = ["p50", "p95", "max"].map(example);
        assert_eq!(which(&all.iter().collect::<Vec<_>>()), "median, 95th percentile and the longest");
        assert_eq!(which(&[&all[2]]), "the longest");
    }
}
