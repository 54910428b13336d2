//! Reports as text.

use crate::synthetic;
use hasim::report::{csv, json, markdown, terminal};

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
    insta::assert_snapshot!(csv::recoveries(&result));
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
        for text in [csv::results(&result), csv::recoveries(&result)] {
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
    let recommended = |result: &hasim::experiment::ExperimentResult| {
        let text = csv::results(result);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let standing = reader.headers().unwrap().iter().position(|column| column == "standing").unwrap();
        reader.records().position(|record| &record.unwrap()[standing] == "recommended").unwrap()
    };
    let before = recommended(&result);
    result.scenarios[before].unplaceable = true;
    assert_ne!(recommended(&result), before);
    let table = plain(&terminal::render(&result, None, 80));
    assert!(table.contains(" †") && table.contains("† no Node takes some of its replicas"), "{table}");
    let text = markdown::render(&result);
    assert!(text.contains(" † |") && text.contains("† no Node takes some of its replicas"), "{text}");
    let page = hasim::report::page::render(&result);
    assert!(page.contains("unplaceable"), "the page has the word");
    assert!(
        !json::render(&synthetic::four()).contains("unplaceable")
            && json::render(&result).contains("\"unplaceable\": true")
    );
}
