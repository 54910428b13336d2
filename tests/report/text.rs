//! Reports as text.

use crate::synthetic;
use hasim::report::{charts, csv, json, markdown, metrics, page, terminal};
use hasim::results::{
    Alert, Distribution, Estimate, ExperimentResult, FaultInfo, OperationInfo, OperationResult, OrderedMap,
};

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Snapshot: nothing varied.
#[test]
fn snapshot_of_one_scenario() {
    let folder = std::path::Path::new("output/aidbox");
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::single(), Some(folder), 80, &[])));
}

/// Snapshot: a grid of three keys.
#[test]
fn snapshot_of_a_grid() {
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::twenty_four(), None, 80, &[])));
}

/// Snapshot: a search for the cheapest, with its choice first and cost and standing in the table.
#[test]
fn snapshot_of_a_selection() {
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::priced(), None, 80, &[])));
}

/// Snapshot: long names, bounds, nothing seen.
#[test]
fn snapshot_of_bounds() {
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::odd(), None, 80, &[])));
    insta::assert_snapshot!(plain(&terminal::render(&synthetic::silent(), None, 80, &[])));
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

/// Rule: with an SLO the answer says how often its alerts would fire, in every form; none seen is a bound, and of a run there is none.
#[test]
fn alerts_of_an_slo_are_told() {
    let mut result = synthetic::single();
    let alert = |burn_rate, hours: f64, per_year| Alert {
        burn_rate,
        long_s: 3_600.0 * hours,
        short_s: 300.0 * hours,
        per_year,
    };
    let often = Estimate { mean: 2.1, low: 2.0, high: 2.2, bound: false, rests_on_few: false };
    let never = Estimate { mean: 0.0, low: 0.0, high: 0.031, bound: true, rests_on_few: false };
    let windows = result.scenarios[0].windows.as_mut().unwrap();
    windows.alerts = Some([alert(14.4, 1.0, often), alert(6.0, 6.0, never)]);
    let texts = [plain(&terminal::render(&result, None, 120, &[])), markdown::render(&result), page::render(&result)];
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "The 14.4× burn-rate alert of the SLO would fire 2.1 (2 to 2.2) times a year, the 6× one at most 0.031.";
    for text in texts {
        assert!(words(&text).contains(said), "{text}");
    }
    let mut table = Vec::new();
    metrics::write(&mut table, &result).unwrap();
    let table = String::from_utf8(table).unwrap();
    let row = table.lines().find(|line| line.contains("fast_alerts_per_year,")).unwrap();
    assert!(["mean", "2.1", "2.2", "1/year"].iter().all(|part| row.split(',').any(|cell| cell == *part)), "{row}");
    let head = csv::results(&result);
    assert!(head.lines().next().unwrap().contains("fast_alerts_per_year_mean,"), "{head}");
    // What is written is read again.
    let written = json::render(&result);
    assert!(written.contains("\"burn_rate\": 14.4"), "{written}");
}

/// What a script alone does is told for a run: no year is mentioned, and the numbers are those of a run.
#[test]
fn a_rehearsal_is_told_per_run() {
    let result = synthetic::scripted();
    let texts = [plain(&terminal::render(&result, None, 120, &[])), markdown::render(&result), page::render(&result)];
    for text in &texts {
        // The glossary says what a year is.
        let text = text.split("What the words mean").next().unwrap();
        let words: String = text.split("<style>").map(|part| part.split("</style>").last().unwrap()).collect();
        for wrong in ["a year", "/yr", "per year"] {
            let at = words.find(wrong).map(|at| &words[at.saturating_sub(80)..at + 10]);
            assert_eq!(at, None, "{wrong}");
        }
        assert!(words.contains("/run") || words.contains("a run"));
    }
    // 4,003.7 s a year are 0.23 s in half an hour; so is the SLO's 1 %.
    assert!(texts[0].contains("229 ± 14 ms"), "{}", texts[0]);
    let lines = texts[0].split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lines.contains("within 9 ms a run (1 % of what 99.95 % allows)"), "{lines}");
    for chart in charts::all(&result) {
        for text in chart.picture.texts() {
            assert!(!text.text.contains("a year"), "{}: {}", chart.name, text.text);
        }
    }
    // What recurs is told per year, whatever else a script does.
    let mut both = result;
    both.faults[0].every_mean_s = Some(1e6);
    assert!(plain(&terminal::render(&both, None, 120, &[])).contains("downtime/yr"));
}

/// A table that leaves rows out says how many and where they are, whether they were written or not.
#[test]
fn what_is_left_out_is_said() {
    let result = synthetic::forty_eight();
    let folder = std::path::Path::new("output/everything");
    let with_files = plain(&terminal::render(&result, Some(folder), 80, &[]));
    let rows = |words: &str, text: &str| text.matches(words).count();
    assert_eq!(rows("24 more scenarios are in results.csv.", &with_files), 1);
    assert_eq!(rows("36 more scenarios are in results.csv.", &with_files), 1, "windows");
    let without = plain(&terminal::render(&result, None, 80, &[]));
    assert_eq!(rows("24 more scenarios are not shown: `--out-dir DIR` writes results.csv.", &without), 1);
    assert_eq!(rows("24 more scenarios are in `results.csv`", &markdown::render(&result)), 2);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for result in
        [synthetic::single(), synthetic::four(), synthetic::twenty_four(), synthetic::forty_eight(), synthetic::odd()]
    {
        for line in plain(&terminal::render(&result, None, 80, &[])).lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", result.experiment);
        }
    }
    for line in plain(&terminal::render(&synthetic::operated(), None, 100, &[])).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// Snapshot: a grid, a comparison and operations at the widths that people have: names are whole, on several lines where they must be,
/// headings break at spaces only, and a wider terminal shows more.
#[test]
fn snapshots_of_widths() {
    let long = "topologySpreadConstraints[0].whenUnsatisfiable";
    let words = ["ScheduleAnyway", "DoNotSchedule"].map(|word| serde_json::json!(word)).to_vec();
    let mut grid = synthetic::grid("spread", &[("replicas", vec![2.into(), 3.into()]), (long, words)]);
    grid.baseline = Some(grid.scenarios[0].name.clone());
    for (name, result) in [("grid", grid), ("comparison", synthetic::compared()), ("operations", synthetic::operated())]
    {
        for width in [80, 120, 200] {
            let text = plain(&terminal::render(&result, None, width, &[]));
            for line in text.lines() {
                assert!(line.chars().count() <= usize::from(width), "{name} at {width}: {line}");
            }
            for word in ["scenario", "availability", "downtime", "outages", "recovery"] {
                let is_whole = |line: &str| line.split_whitespace().any(|one| one.starts_with(word));
                assert!(text.lines().any(is_whole), "{name} at {width}: no {word}");
            }
            assert!(!text.contains('…'), "{name} at {width}: a name is cut");
            insta::assert_snapshot!(format!("{name}_{width}"), text);
        }
    }
}

/// What the reader was told on the same terminal is not told again, and no note twice.
#[test]
fn a_note_is_said_once() {
    let mut result = synthetic::single();
    result.notes = vec!["one".to_owned(), "a note that was said".to_owned(), "one".to_owned()];
    let text = plain(&terminal::render(&result, None, 80, &["a note that was said".to_owned()]));
    assert_eq!(text.lines().filter(|line| *line == "one").count(), 1, "{text}");
    assert!(!text.contains("a note that was said"), "{text}");
}

/// Snapshot: what operations cost and what becomes of them, with every column that there is.
#[test]
fn snapshot_of_operations() {
    let result = synthetic::operated();
    let text = plain(&terminal::render(&result, None, 100, &[]));
    let table = text.split_once(" What one operation costs:").unwrap().1.split_once("\n\n").unwrap().0;
    insta::assert_snapshot!("operations_table", table);
    let text = markdown::render(&result);
    let table =
        text.split_once("What one operation costs:").unwrap().1.split_once("\n\n##").map_or("", |parts| parts.0);
    insta::assert_snapshot!("operations_markdown", table);
    insta::assert_snapshot!("operations_sentence", text.lines().find(|line| line.contains("One release")).unwrap());
}

/// A number is of those that completed only where it says so, and nobody is told of what did not happen.
#[test]
fn a_scaling_is_told_as_what_it_is() {
    let mut result = synthetic::operated();
    let release = result.faults.iter_mut().find(|fault| fault.name == "release").unwrap();
    (release.operation, release.lasts_mean_s) = (Some(OperationInfo::Scale { to: 6 }), Some(600.0));
    result.scenarios[0].operations.0[0].1.skipped = 5_000;
    let text = markdown::render(&result);
    for words in [
        "33 % of them do not begin, as the Deployment has as many replicas already.",
        "superseded by the next one before they are complete: the next one comes before the manifest's replicas are set again.",
        "A scaling is complete when as many replicas are there as were wanted last, the manifest's where it ends.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let page = page::render(&result);
    for words in
        ["it is scaled to 6 replicas by hand, every 7 d on average.", "number is set again 10 min later on average."]
    {
        assert!(page.contains(words), "{words}");
    }
    // What is played is not left out.
    let upgrade = OperationInfo::UpgradeNodes { surge: 1, at_once: 1, timeout_s: None, on_timeout: "fail".to_owned() };
    let withdrawal = |reason: &str, handler: &str| OperationInfo::WithdrawNode {
        reason: reason.to_owned(),
        nodes: 6,
        share: None,
        notice_s: None,
        handler: handler.to_owned(),
        replacement: "atEnd".to_owned(),
    };
    let all = [OperationInfo::Rollout { new_image: false, bad: None }, upgrade, OperationInfo::Scale { to: 6 }];
    let told = |played: &[OperationInfo]| {
        let mut result = synthetic::single();
        let like = result.faults[0].clone();
        result
            .faults
            .extend(played.iter().map(|operation| FaultInfo { operation: Some(operation.clone()), ..like.clone() }));
        markdown::render(&result)
    };
    for (played, words) in [
        (&all[..], "Nodes that are reclaimed."),
        (&all[..2], "Nodes that are reclaimed, and changes of the replicas."),
        (&[all[0].clone(), withdrawal("expire", "evict")], "changes of the replicas."),
        (&[all[0].clone(), withdrawal("reclaim", "evict")], "upgrades that replace Nodes."),
        (&[all[0].clone(), withdrawal("reclaim", "none")], "drains."),
    ] {
        let text = told(played);
        assert!(text.contains(&format!("Not in these numbers: {words}")), "{words}: {text}");
    }
}

#[test]
fn the_sentence_of_an_operation_names_whom_it_means() {
    let mut result = synthetic::operated();
    let told = |result: &ExperimentResult| {
        let text = markdown::render(result);
        text.lines().find(|line| line.contains("One release")).unwrap().to_owned()
    };
    let all = told(&result);
    for words in [
        "takes 1 min 20 s if it completes, as 60 % do, and costs requests worth 28 s of full traffic, on average over all",
        "no Pod serves for some time",
        "10 % of them bring a bad revision and are rolled back; all is good again",
        "30 % of them are superseded by the next one before they are complete: they come faster than one of them takes",
        "20 % of the “patch-day” operations do not begin, as their Node is away or being drained already.",
        "50 % of the “patch-day” operations find no Pod on their Node.",
        "42 % of the others give up before they are complete.",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    let operation = &mut result.scenarios[0].operations.0[0].1;
    (operation.superseded, operation.rolled_back_s) = (0, Distribution::default());
    result.scenarios[0].operations.0.truncate(1);
    let sure = told(&result);
    assert!(sure.contains("One release takes 1 min 20 s and costs requests worth 28 s of full traffic"), "{sure}");
    for words in ["if it completes", "over all", "superseded", "rolled back", "do not begin", "find no Pod"] {
        assert!(!sure.contains(words), "{words}: {sure}");
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

/// What has no room for its replicas is marked in every table, with the meaning of the mark, and is not what is recommended.
#[test]
fn unplaceable_scenarios_are_marked_and_not_recommended() {
    let mut result = synthetic::twenty_four();
    let recommended = |result: &ExperimentResult| {
        let text = csv::results(result);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let standing = reader.headers().unwrap().iter().position(|column| column == "standing").unwrap();
        reader.records().position(|record| &record.unwrap()[standing] == "recommended").unwrap()
    };
    let before = recommended(&result);
    result.scenarios[before].unplaceable = true;
    assert_ne!(recommended(&result), before);
    let table = plain(&terminal::render(&result, None, 80, &[]));
    assert!(table.contains(" †") && table.contains("† no Node takes some of its replicas"), "{table}");
    let text = markdown::render(&result);
    assert!(text.contains(" † |") && text.contains("† no Node takes some of its replicas"), "{text}");
    let page = page::render(&result);
    assert!(page.contains("unplaceable"), "the page has the word");
    assert!(
        !json::render(&synthetic::four()).contains("unplaceable")
            && json::render(&result).contains("\"unplaceable\": true")
    );
}

/// Whose operations are hardly ever completed is not recommended, however little that costs, and the answer says so.
#[test]
fn scenarios_that_block_their_operations_are_not_recommended() {
    let standings = |result: &ExperimentResult| {
        let text = csv::results(result);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let standing = reader.headers().unwrap().iter().position(|column| column == "standing").unwrap();
        reader.records().map(|record| record.unwrap()[standing].to_owned()).collect::<Vec<_>>()
    };
    let mut result = synthetic::twenty_four();
    let before = standings(&result).iter().position(|standing| standing == "recommended").unwrap();
    let operation = |complete: u64, gave_up: u64| OperationResult {
        per_year: Estimate::ZERO,
        duration_s: Distribution { count: complete, ..Distribution::default() },
        superseded: 0,
        rolled_back_s: Distribution::default(),
        left_uneven: 0,
        nothing_to_evict: 0,
        skipped: 0,
        gave_up,
        forced: 0,
        evictions_refused: 0,
        least_serving: vec![1],
        downtime_s_each: None,
        failed_request_s_each: None,
        short_s_each: None,
    };
    let only = |operation| OrderedMap::from_iter([("upgrade".to_owned(), operation)]);
    result.scenarios[before].operations = only(operation(5, 5));
    assert_eq!(standings(&result)[before], "recommended", "half of them is enough");
    result.scenarios[before].operations = only(operation(4, 5));
    assert_eq!(standings(&result)[before], "blocks");
    let text = markdown::render(&result);
    assert!(text.contains("livenessProbe.periodSeconds 5”), as upgrade is hardly ever completed there"), "{text}");
    // Where all are blocked the best of them is recommended.
    for scenario in &mut result.scenarios {
        scenario.operations = only(operation(0, 5));
    }
    assert_eq!(standings(&result)[before], "recommended");
}

fn recoveries(result: &ExperimentResult) -> String {
    let mut text = Vec::new();
    csv::write_recoveries(&mut text, result).unwrap();
    String::from_utf8(text).unwrap()
}
