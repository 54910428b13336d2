//! Charts: what they must show, whatever the result.

mod report_synthetic;

use hasim::experiment::{Estimate, ExperimentResult};
use hasim::report::charts;
use proptest::prelude::*;
use report_synthetic as synthetic;

fn results() -> [(&'static str, ExperimentResult); 7] {
    [
        ("single", synthetic::single()),
        ("four", synthetic::four()),
        ("twenty_four", synthetic::twenty_four()),
        ("forty_eight", synthetic::forty_eight()),
        ("odd", synthetic::odd()),
        ("silent", synthetic::silent()),
        ("replayed", synthetic::replayed("something with a long description that fits on no bar of the picture")),
    ]
}

/// Property: no text leaves its picture.
#[test]
fn no_label_is_clipped() {
    for (name, result) in results() {
        for chart in charts::all(&result) {
            for text in chart.picture.texts() {
                let (left, right) = text.extent();
                let inside = left >= 0.0 && right <= chart.picture.width + 0.5;
                let inside = inside && text.y >= text.size && text.y + 3.0 <= chart.picture.height;
                assert!(inside, "{name}/{}: {:?} at {left}..{right}, {}", chart.name, text.text, text.y);
            }
        }
    }
}

#[test]
fn a_chart_names_every_scenario() {
    for (_, result) in results() {
        let downtime = charts::all(&result).into_iter().find(|chart| chart.name == "downtime").unwrap();
        let svg = charts::svg(&downtime.picture);
        for scenario in &result.scenarios {
            let name = scenario.name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let name = name.replace('"', "&quot;");
            assert!(svg.contains(&name), "{}", scenario.name);
        }
    }
}

/// Determinism: the same result, the same bytes.
#[test]
fn equal_results_give_equal_bytes() {
    for chart in charts::all(&synthetic::four()) {
        let again = charts::all(&synthetic::four()).into_iter().find(|other| other.name == chart.name).unwrap();
        assert_eq!(charts::svg(&chart.picture), charts::svg(&again.picture));
        assert_eq!(charts::png(&chart.picture), charts::png(&again.picture));
    }
}

#[test]
fn each_chart_is_drawn_when_it_has_something_to_say() {
    let names = |result: &ExperimentResult| charts::all(result).iter().map(|chart| chart.name).collect::<Vec<_>>();
    let of_a_grid = ["downtime", "recovery", "outages", "phases", "tradeoff", "attribution"];
    assert_eq!(names(&synthetic::four()), of_a_grid);
    assert_eq!(names(&synthetic::priced()), [&of_a_grid[..], &["pareto"]].concat());
    assert_eq!(names(&synthetic::single()), ["downtime", "recovery", "outages", "phases", "attribution"]);
    assert_eq!(names(&synthetic::silent()), ["downtime"]);
    let empty = ExperimentResult { scenarios: Vec::new(), ..synthetic::single() };
    assert!(names(&empty).is_empty());
}

/// Any finite, not negative number, with the extremes often.
fn any_size() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1e-12), Just(1e15), Just(f64::MAX / 4.0), 0.0..1e-3, 0.0..1e3, 0.0..1e9]
}

fn any_estimate() -> impl Strategy<Value = Estimate> {
    (any_size(), any_size(), any_size(), any::<bool>()).prop_map(|(a, b, c, bound)| {
        let mut ends = [a, b, c];
        ends.sort_by(f64::total_cmp);
        Estimate { mean: ends[1], low: ends[0], high: ends[2], bound }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    /// Property: whatever the numbers, charts are drawn and not clipped.
    #[test]
    fn no_number_breaks_a_chart(
        estimates in proptest::collection::vec(any_estimate(), 5),
        sizes in proptest::collection::vec(any_size(), 6),
        counts in proptest::collection::vec(prop_oneof![Just(0u64), 1u64..100_000, Just(u64::MAX / 1000)], 4),
        which in 0usize..2,
    ) {
        let mut result = if which == 0 { synthetic::four() } else { synthetic::single() };
        for scenario in &mut result.scenarios {
            scenario.downtime_s_per_year = estimates[0];
            scenario.failed_request_s_per_year = estimates[1];
            scenario.false_positives_per_year.readiness = estimates[2];
            scenario.false_positives_per_year.liveness = estimates[3];
            scenario.time_to_recovery_s.censored = counts[0];
            scenario.time_to_recovery_s.histogram = vec![(sizes[0].min(sizes[1]), counts[1]), (sizes[0].max(sizes[1]), counts[2])];
            scenario.time_to_recovery_s.max = Some(sizes[0].max(sizes[1]));
            for (_, recovery) in &mut scenario.pod_recovery_s.0 {
                recovery.lengths.histogram = vec![(sizes[2], counts[3])];
                recovery.lengths.max = None;
                recovery.phases.0[0].1 = sizes[3];
            }
            for (_, detection) in &mut scenario.detection_s.0 {
                detection.times.mean = Some(sizes[5]);
            }
            scenario.downtime_attribution[0].s_per_year = sizes[4];
            scenario.request_failure_attribution[0].s_per_year = sizes[5];
        }
        for chart in charts::all(&result) {
            let picture = &chart.picture;
            prop_assert!(picture.height.is_finite() && picture.height < 5_000.0);
            for text in picture.texts() {
                let (left, right) = text.extent();
                prop_assert!(left >= 0.0 && right <= picture.width + 0.5, "{}: {:?}", chart.name, text.text);
                prop_assert!(!text.text.contains("NaN") && !text.text.contains("inf"), "{}: {:?}", chart.name, text.text);
            }
            prop_assert!(charts::svg(picture).ends_with("</svg>\n"));
        }
    }
}
