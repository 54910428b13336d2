//! Reports as text.

use crate::synthetic;
use hasim::experiment::{Estimate, ExperimentResult};
use hasim::report::{csv, json, markdown, terminal};
use hasim::study::Metric;

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Snapshot: nothing varied.
#[test]
fn snapshot_of_one_scenario() {
    let folder = std::path::Path::new("output/aidbox");
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::single(), Some(folder), 80)));
}

/// Snapshot: a grid of three keys.
#[test]
fn snapshot_of_a_grid() {
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::twenty_four(), None, 80)));
}

/// Snapshot: a search for the cheapest, with its choice first and cost and standing in the table.
#[test]
fn snapshot_of_a_selection() {
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::priced(), None, 80)));
}

/// Snapshot: long names, bounds, nothing seen.
#[test]
fn snapshot_of_bounds() {
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::odd(), None, 80)));
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::silent(), None, 80)));
}

/// Snapshot: markdown.
#[test]
fn snapshot_of_markdown() {
    insta::assert_snapshot!(markdown::render(&synthetic::four()));
}

/// Snapshot: both CSV files.
#[test]
fn snapshot_of_tables() {
    let mut result = synthetic::four();
    result.scenarios.truncate(2);
    insta::assert_snapshot!(csv::results(&result));
    result.scenarios.truncate(1);
    insta::assert_snapshot!(recoveries(&result));
}

fn first_lines(result: &hasim::experiment::ExperimentResult) -> String {
    let text = plain(&terminal::render(result, None, 80));
    text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The answer of a grid is its best point against the baseline, with the interval and the price, or that there is none.
#[test]
fn the_answer_of_a_grid_is_a_difference_and_its_price() {
    let mut result = synthetic::four();
    let differ = |result: &mut hasim::experiment::ExperimentResult, i: usize, mean: f64, half: f64| {
        let difference = result.scenarios[i].difference_to_baseline.as_mut().unwrap();
        difference.downtime_s_per_year = Estimate { mean, low: mean - half, high: mean + half, bound: false };
    };
    for i in 1..4 {
        differ(&mut result, i, 0.0, 3.0);
    }
    let text = first_lines(&result);
    assert!(
        text.starts_with("Of 4 scenarios, none is told apart from the baseline: every difference in downtime may be")
    );

    differ(&mut result, 2, 41.0, 3.0);
    assert!(
        first_lines(&result).contains("none has less downtime than the baseline: 1 has more; 2 are not told apart")
    );

    differ(&mut result, 1, -41.0, 3.0);
    result.scenarios[1].estimates[Metric::Downtime] = synthetic::estimate(100.0, 5.0);
    let text = first_lines(&result);
    let saved = "Of 4 scenarios, readinessProbe.failureThreshold 2 instead of 1 saves 41 ± 3 s of downtime a year \
                 (1.67 ± 0.08 min left), and 855 ± 113 needless withdrawals a year too.";
    assert!(text.starts_with(saved), "{text}");

    // Going back, it costs them; prices and Pods are named.
    for metric in [Metric::NeedlessReadiness, Metric::NeedlessLiveness, Metric::NeedlessStartup] {
        let [first, second] = [0, 1].map(|i| result.scenarios[i].estimates[metric]);
        (result.scenarios[0].estimates[metric], result.scenarios[1].estimates[metric]) = (second, first);
    }
    result.scenarios[1].pod_hours_per_year += 8_760.0;
    let text = first_lines(&result);
    assert!(text.contains("and costs 855 ± 113 needless withdrawals a year and 1 more Pod."), "{text}");
    result.currency = Some("USD".to_owned());
    for (scenario, cost) in result.scenarios.iter_mut().zip([900.0, 800.0, 900.0, 900.0]) {
        scenario.cost_per_year = Some(cost);
    }
    assert!(
        first_lines(&result).contains("withdrawals a year; it saves USD 100 a year too."),
        "{}",
        first_lines(&result)
    );

    // The least of all is named where it is not the one.
    result.scenarios[3].estimates[Metric::Downtime] = synthetic::estimate(90.0, 50.0);
    let text = first_lines(&result);
    assert!(text.contains("“readinessProbe.failureThreshold=4” has the least, but no more than chance"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for result in
        [synthetic::single(), synthetic::four(), synthetic::twenty_four(), synthetic::forty_eight(), synthetic::odd()]
    {
        for line in plain(&terminal::render(&result, None, 80)).lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", result.experiment);
        }
    }
}

/// Every row has as many fields as the head.
#[test]
fn tables_are_rectangular() {
    for result in [synthetic::single(), synthetic::forty_eight(), synthetic::odd(), synthetic::silent()] {
        for text in [csv::results(&result), recoveries(&result)] {
            let mut reader = ::csv::Reader::from_reader(text.as_bytes());
            assert!(reader.records().all(|record| record.is_ok()));
        }
    }
}

/// What is written is read back as the same, to the last bit, and written again as the same bytes.
#[test]
fn results_survive_their_file() {
    for result in [synthetic::single(), synthetic::forty_eight(), synthetic::odd(), synthetic::silent()] {
        let text = json::render(&result);
        let again = json::parse(&text).unwrap();
        assert_eq!(again, result);
        assert_eq!(json::render(&again), text);
    }
}

fn recoveries(result: &ExperimentResult) -> String {
    let mut text = Vec::new();
    csv::write_recoveries(&mut text, result).unwrap();
    String::from_utf8(text).unwrap()
}
