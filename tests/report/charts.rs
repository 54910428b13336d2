//! Charts: what they must show, whatever the result.

use crate::synthetic;
use hasim::history::Phase;
use hasim::report::charts;
use hasim::results::{Estimate, ExperimentResult, RolloutReplay, Scaling};
use hasim::study::Metric;
use proptest::prelude::*;
use serde_json::json;

fn results() -> [(&'static str, ExperimentResult); 15] {
    [
        ("single", synthetic::single()),
        ("four", synthetic::four()),
        ("twenty_four", synthetic::twenty_four()),
        ("forty_eight", synthetic::forty_eight()),
        ("odd", synthetic::odd()),
        ("silent", synthetic::silent()),
        ("replayed", synthetic::replayed("something with a long description that fits on no bar of the picture")),
        ("priced", synthetic::priced()),
        ("two_keys", synthetic::two_keys()),
        ("two_hundred", synthetic::two_hundred()),
        ("sensitive", synthetic::sensitive()),
        ("rolled_out", synthetic::rolled_out()),
        ("upgraded", synthetic::upgraded()),
        ("skewed", synthetic::skewed()),
        ("hostile", hostile()),
    ]
}

/// Two keys with names and values that nobody would give on purpose.
fn hostile() -> ExperimentResult {
    let long = "a value that goes on and on, \"<b>&\u{202e} until nobody remembers what it was the value of ".repeat(4);
    let values = [long.as_str(), "", "☃", "two\nlines"].map(|text| serde_json::json!(text)).to_vec();
    let key = "deployment.spec.template.metadata.annotations.a-key-as-long-as-a-sentence-and-then-some-more-of-it";
    let mut result = synthetic::grid("<script>", &[(key, values.clone()), ("faults.x.every", values)]);
    result.baseline = Some(result.scenarios[5].name.clone());
    result
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

/// Of few scenarios the picture of their losses names each; of many it has a row for those that read the same, and always one for the
/// baseline.
#[test]
fn a_picture_of_losses_has_a_row_for_each_of_few_scenarios() {
    for (which, result) in results() {
        let Some(downtime) = charts::all(&result).into_iter().find(|chart| chart.name == "downtime") else {
            assert_eq!(result.scenarios.len(), 1, "{which}");
            continue;
        };
        let svg = charts::svg(&downtime.picture);
        let is_named = |name: &str| {
            let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            svg.contains(&format!("<title>{name}: "))
        };
        let named = result.scenarios.iter().filter(|scenario| is_named(&scenario.name)).count();
        let all = result.scenarios.len();
        let rows = svg.matches("class=\"datum\"").count();
        if all <= 8 {
            let blocked = result.blocked().into_iter().filter(|is_blocked| *is_blocked).count();
            assert_eq!(named, all - blocked, "{which}: what is no offer has words and no mark");
        } else {
            assert!((3..=16).contains(&rows), "{which}: {rows}");
        }
        assert!(result.baseline.iter().all(|name| is_named(name)), "{which}");
        assert!(!svg.contains("recommended") || svg.contains(">recommended<"), "{which}: its row is marked");
    }
}

/// A grid of so many scenarios, without histograms, as a run gives it.
fn large(scenarios: usize) -> ExperimentResult {
    let mut result = synthetic::two_hundred();
    let few = std::mem::take(&mut result.scenarios);
    for number in 0..scenarios {
        let mut scenario = few[number % few.len()].clone();
        scenario.name = format!("number={number}");
        scenario.parameters = [("number".to_owned(), number.into())].into_iter().collect();
        scenario.time_to_recovery_s.histogram.clear();
        scenario.pod_recovery_s.0.iter_mut().for_each(|(_, recovery)| recovery.lengths.histogram.clear());
        scenario.detection_s.0.iter_mut().for_each(|(_, detection)| detection.times.histogram.clear());
        result.scenarios.push(scenario);
    }
    result.varied = vec!["number".to_owned()];
    result.baseline = Some("number=7".to_owned());
    result
}

/// Property: however large an answer is, its charts are not, and say what they leave out.
#[test]
fn charts_of_ten_thousand_scenarios_are_small() {
    let result = large(10_000);
    let charts = charts::all(&result);
    assert!(charts.iter().any(|chart| chart.name == "downtime"));
    for chart in charts {
        let svg = charts::svg(&chart.picture);
        assert!(chart.picture.height < 4_000.0 && svg.len() < 1_500_000, "{}: {}", chart.name, svg.len());
        let png = charts::png(&chart.picture);
        assert!(png.len() < 3_000_000, "{}: {}", chart.name, png.len());
        if ["downtime", "tradeoff", "pareto"].contains(&chart.name) {
            let noted = chart.picture.texts().iter().any(|text| text.text.contains("of 10,000 scenarios are drawn"));
            assert!(noted && svg.contains("number=7"), "{}", chart.name);
        }
    }
    let page = hasim::report::page::render(&result);
    assert!(page.len() < 5_000_000 && page.contains("500 of 10,000 scenarios"), "{}", page.len());
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
    // The summary is there for each answer, and last.
    let names = |result: &ExperimentResult| {
        let mut names = charts::all(result).iter().map(|chart| chart.name).collect::<Vec<_>>();
        assert!(result.scenarios.is_empty() || names.pop() == Some("summary"));
        names
    };
    let of_few = ["downtime", "windows", "recovery", "outages", "phases", "tradeoff", "attribution"];
    assert_eq!(names(&synthetic::four()), of_few);
    assert_eq!(names(&synthetic::priced()), [&of_few[..], &["pareto"]].concat());
    let of_many = ["downtime", "heatmap", "windows", "recovery", "outages", "phases", "tradeoff", "attribution"];
    assert_eq!(names(&synthetic::two_keys()), of_many);
    let of_one = ["windows", "recovery", "outages", "phases", "attribution"];
    assert_eq!(names(&synthetic::single()), of_one);
    assert_eq!(names(&synthetic::sensitive()), [&["tornado", "uncertainty"], &of_one[..]].concat());
    assert!(names(&synthetic::upgraded()).contains(&"operations"));
    assert_eq!(names(&synthetic::rolled_out()), [&of_few[..], &["rollout", "rollout-rolled-back"]].concat());
    assert!(names(&synthetic::silent()).is_empty());
    let empty = ExperimentResult { scenarios: Vec::new(), ..synthetic::single() };
    assert!(names(&empty).is_empty());
}

/// A picture that would say nothing is not drawn, and the page says why where somebody may miss it.
#[test]
fn a_picture_that_says_nothing_is_left_out() {
    let names = |result: &ExperimentResult| charts::all(result).iter().map(|chart| chart.name).collect::<Vec<_>>();
    let mut result = synthetic::single();
    let windows = result.scenarios[0].windows.as_mut().unwrap();
    windows.meets_slo = Some(Estimate { mean: 0.9995, low: 0.999, high: 0.9999, bound: false, rests_on_few: false });
    assert!(!names(&result).contains(&"windows"));
    let page = hasim::report::page::render(&result);
    assert!(page.contains("No picture of the windows of 30 d: 0.05 % miss 99.95 %."), "no reason");
    // Fewer than twenty outages have no distribution.
    result.scenarios[0].time_to_recovery_s = synthetic::distribution(60.0, 0.5, 12, 0);
    assert!(!names(&result).contains(&"outages"));
    // What an operation hands over is no recovery.
    let operations = synthetic::operated();
    let release = operations.faults.iter().find(|fault| fault.name == "release").unwrap();
    result.faults.iter_mut().for_each(|fault| fault.operation = release.operation.clone());
    assert!(!names(&result).contains(&"recovery"));
    // A grid of which most combinations were not played.
    let mut sparse = synthetic::two_keys();
    assert!(names(&sparse).contains(&"heatmap"));
    let kept = [0, 5, 10, 3];
    sparse.scenarios = kept.into_iter().map(|number| sparse.scenarios[number].clone()).collect();
    sparse.baseline = None;
    assert!(!names(&sparse).contains(&"heatmap"));
}

/// Where most is lost by changes made on purpose, the picture of their costs stands first.
#[test]
fn operations_come_first_where_they_decide() {
    let operations = synthetic::operated();
    let release = operations.faults.iter().find(|fault| fault.name == "release").unwrap();
    let mut result = synthetic::four();
    for scenario in &mut result.scenarios {
        scenario.operations = operations.scenarios[0].operations.clone();
    }
    let first = |result: &ExperimentResult| charts::all(result)[0].name;
    assert_eq!(first(&result), "downtime");
    result.faults.iter_mut().for_each(|fault| fault.operation = release.operation.clone());
    assert_eq!(first(&result), "operations");
}

/// Rule: what is never completed costs little, and is told apart from what is cheap.
#[test]
fn operations_that_are_never_completed_are_no_bargain() {
    let result = synthetic::upgraded();
    let texts = texts_of(&result, "operations");
    let all = texts.join(" ");
    for words in [
        "“none” with aks or kubeadm never completes an upgrade, with gke only by force",
        "elsewhere it costs 73 ms of requests with gke or aks, 200 ms with kubeadm",
        "gave up",
        "no end",
        "Grey marks",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    // The baseline has a row of its own.
    assert!(texts.iter().any(|text| text == "gke") && texts.iter().any(|text| text == "aks"), "{texts:?}");
    let downtime = texts_of(&result, "downtime");
    assert_eq!(
        downtime.iter().filter(|text| *text == "blocks upgrade").count(),
        4,
        "two rows in two columns: {downtime:?}"
    );
    let page = hasim::report::page::render(&result);
    assert!(page.contains("12 upgrades a year fail requests worth 880 ms, 73 ms each."), "no headline");
    // Nothing differs, nothing is drawn.
    let mut same = result;
    let first = same.scenarios[0].operations.clone();
    same.scenarios.iter_mut().for_each(|scenario| scenario.operations = first.clone());
    assert!(texts_of(&same, "operations").is_empty());
}

/// Rule: which share leaves the zones uneven is the answer where it differs much between scenarios.
#[test]
fn uneven_zones_are_the_answer_where_they_differ() {
    let result = synthetic::skewed();
    assert_eq!(charts::all(&result)[0].name, "operations");
    let texts = texts_of(&result, "operations");
    assert_eq!(texts[0], "52 % of the releases leave the zones uneven; with “match-label-keys” less than 1 %");
    let page = hasim::report::page::render(&result);
    let headline =
        "52 % of the releases leave the zones uneven with “as-it-is”; with “no-surge” 4 %, with “match-label-keys”";
    assert!(page.contains(headline), "no headline");
    // Two Pods have no zone with two more than another: of a grid of replicas it is no answer.
    let mut grid = result.clone();
    grid.scenarios[1].pod_hours_per_year *= 1.5;
    assert!(texts_of(&grid, "operations").is_empty());
    // Neither is it where something else than zones fails.
    let mut other = result;
    other.faults.iter_mut().for_each(|fault| "node crash".clone_into(&mut fault.strikes));
    assert!(!hasim::report::page::render(&other).contains("leave the zones uneven with"));
}

/// Rule: what not knowing the inputs makes of the answer stands beside the error of sampling.
#[test]
fn what_is_not_known_has_its_range() {
    let result = synthetic::sensitive();
    let all = texts_of(&result, "uncertainty").join(" ");
    for words in [
        "Not knowing two rates leaves 30 min to 2 h of",
        "of them only outage shows an effect beyond chance",
        "95 % of 32 draws",
        "crash once in 10 to 730 d",
        "nothing beyond chance",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    assert!(texts_of(&synthetic::single(), "uncertainty").is_empty());
    // A range that has no effect is named among what has none.
    assert!(texts_of(&result, "tornado").join(" ").contains("among them crash once in 10 to 730 d"));
}

/// A third replica that saves nothing is not sold for what the second saves: of a setting of which one step does nearly all, that step
/// is told, from what is assumed.
#[test]
fn the_step_that_matters_is_told() {
    let mut result = synthetic::sensitive();
    let lost = result.scenarios[0].estimates[Metric::Downtime].mean;
    let response = &mut result.sensitivity[0].downtime;
    response.at_s_per_year = [lost + 1_200.0, lost - 12.0];
    response.change_s_per_year =
        Estimate { mean: -1_212.0, low: -1_300.0, high: -1_100.0, bound: false, rests_on_few: false };
    let title = texts_of(&result, "tornado").join(" ");
    let step =
        "readinessProbe.failureThreshold 1 instead of 2 matters most: +20 min (with 3: −12 s) of downtime a year";
    assert!(title.contains(step), "{title}");
    // Where both steps do about as much, the whole is told.
    result.sensitivity[0].downtime.at_s_per_year = [lost + 700.0, lost - 512.0];
    let title = texts_of(&result, "tornado").join(" ");
    assert!(title.contains("readinessProbe.failureThreshold 3 instead of 1 matters most: −20 min"), "{title}");
}

/// Rule: a bar that is far longer than all others is cut, so that these are seen.
#[test]
fn a_long_bar_of_the_tornado_is_cut() {
    let mut result = synthetic::sensitive();
    let one = &mut result.sensitivity[0];
    for response in [&mut one.downtime, &mut one.failed] {
        response.at_s_per_year = [3_600.0, 90_000.0];
        response.change_s_per_year =
            Estimate { mean: 86_400.0, low: 86_000.0, high: 87_000.0, ..response.change_s_per_year };
    }
    let mut other = one.clone();
    other.key = "readinessProbe.periodSeconds".to_owned();
    for response in [&mut other.downtime, &mut other.failed] {
        response.at_s_per_year = [3_600.0, 3_660.0];
        response.change_s_per_year = Estimate { mean: 60.0, low: 50.0, high: 70.0, ..response.change_s_per_year };
    }
    result.sensitivity.push(other);
    let texts = texts_of(&result, "tornado");
    assert_eq!(texts.iter().filter(|text| *text == "+24 h").count(), 2, "in the bar and beside it: {texts:?}");
}

/// Two rollouts that are the same are drawn once, and what else struck is said.
#[test]
fn a_rollout_is_not_drawn_twice() {
    let mut result = synthetic::rolled_out();
    let texts = texts_of(&result, "rollout").join(" ");
    assert_eq!(texts.matches("the template changes").count(), 2);
    result.rollouts[0] = RolloutReplay { scenario: result.rollouts[0].scenario.clone(), ..result.rollouts[1].clone() };
    result.rollouts[0].meanwhile = vec!["zone-outage".to_owned()];
    result.rollouts[0].scalings = vec![Scaling { at_s: 60.0, replicas: 5 }];
    let texts = texts_of(&result, "rollout").join(" ");
    assert_eq!(texts.matches("the template changes").count(), 1);
    for words in ["as in the baseline", "zone-outage struck meanwhile", "5 wanted"] {
        assert!(texts.contains(words), "{words}: {texts}");
    }
}

/// The picture of a rollout says what it costs, and that of a bad one when it was found.
#[test]
fn a_rollout_is_told_second_by_second() {
    let result = synthetic::rolled_out();
    let says = |chart: &str, words: &str| {
        let texts = texts_of(&result, chart).join(" ");
        assert!(texts.contains(words), "{chart}: {words}: {texts}");
    };
    says("rollout", "A good release takes 1 min 20 s, in the baseline");
    says("rollout", "never fewer than 2 of 2 Pods Ready · revision 7, replication 3");
    says("rollout", "33 %, 700 ms");
    says("rollout", "old revision, terminating");
    says(
        "rollout-rolled-back",
        "This bad release (crash-loop) is found after 1 min and fails requests worth 10 s of full traffic",
    );
    says("rollout-rolled-back", "undone after 1 min 20 s");
    let page = hasim::report::page::render(&result);
    for words in [
        "<h2>One release, second by second</h2>",
        "data-chart=\"rollout\"",
        "data-chart=\"rollout-rolled-back\"",
        "--replication 3 --from=",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

fn texts_of(result: &ExperimentResult, name: &str) -> Vec<String> {
    let chart = charts::all(result).into_iter().find(|chart| chart.name == name);
    chart.map(|chart| chart.picture.texts().iter().map(|text| text.text.clone()).collect()).unwrap_or_default()
}

/// A map of two keys has a number in every cell; one of three has a map for each value of the third, if those are few.
#[test]
fn a_heat_map_shows_every_combination() {
    for result in [synthetic::two_keys(), synthetic::twenty_four()] {
        let chart = charts::all(&result).into_iter().find(|chart| chart.name == "heatmap").unwrap();
        let svg = charts::svg(&chart.picture);
        assert_eq!(svg.matches("class=\"datum\"").count(), result.scenarios.len());
        let words = texts_of(&result, "heatmap");
        assert_eq!(words.iter().filter(|text| text.starts_with("± ")).count(), result.scenarios.len(), "{words:?}");
    }
    // 2 replicas × 4 thresholds × 3 periods: the key with the fewest values makes the maps.
    let words = texts_of(&synthetic::twenty_four(), "heatmap");
    assert!(words.iter().any(|text| text == "replicas: 2") && words.iter().any(|text| text == "replicas: 3"));
    assert!(texts_of(&synthetic::forty_eight(), "heatmap").is_empty(), "four keys");
    assert!(texts_of(&synthetic::four(), "heatmap").is_empty(), "one key");
    assert!(texts_of(&synthetic::odd(), "heatmap").is_empty(), "candidates");
}

/// Where a start is long, the choice of a probe matters; nobody chooses how long it is.
#[test]
fn what_is_given_is_shown_where_the_choice_matters_most() {
    let axes =
        [("app.startUp", vec![json!("15s"), json!("50s")]), ("candidate", vec![json!("none"), json!("patient")])];
    let mut result = synthetic::grid("given", &axes);
    for (scenario, minutes) in result.scenarios.iter_mut().zip([18.0, 16.0, 110.0, 17.0]) {
        scenario.estimates[Metric::Downtime] = synthetic::estimate(60.0 * minutes, 5.0);
    }
    let title = &texts_of(&result, "summary").join(" ");
    assert!(title.contains("17 min of downtime a year with “patient”, 1.8 h with “none”"), "{title}");
    assert!(title.contains("Best where the choice matters most: app.startUp 50s, patient"), "{title}");
    assert!(title.contains("with “none”: 1.8 h of downtime"), "no paired difference to another start: {title}");
    // What the baseline has chosen, at the same start.
    let attribution = &texts_of(&result, "attribution").join(" ");
    assert!(attribution.contains("Best, downtime") && attribution.contains("With “none”, downtime"), "{attribution}");
}

/// A row for what a reader can tell apart; the baseline and the recommended one have theirs.
#[test]
fn scenarios_that_read_the_same_are_one_row() {
    let mut result = synthetic::twenty_four();
    for scenario in &mut result.scenarios {
        let is_two = scenario.parameters["replicas"] == json!(2);
        scenario.estimates[Metric::Downtime] = synthetic::estimate(if is_two { 600.0 } else { 60.0 }, 5.0);
    }
    let texts = texts_of(&result, "downtime");
    let rows = texts.iter().filter(|text| text.contains('±') || text.contains('–')).count();
    assert!((3..=6).contains(&rows), "{texts:?}");
    assert!(texts.iter().any(|text| text == "any"), "{texts:?}");
}

/// What blocks an operation loses little, which no colour praises.
#[test]
fn a_map_has_no_number_where_the_work_is_not_done() {
    let result = synthetic::upgraded();
    let blocked = result.scenarios.iter().filter(|one| one.blocks_operations()).count();
    let words = texts_of(&result, "heatmap");
    assert!(blocked > 0 && words.iter().filter(|text| *text == "blocks").count() == blocked, "{words:?}");
}

/// The shares of windows come from the result, and a bar lies on one side of the SLO.
#[test]
fn windows_are_told_by_what_they_lose() {
    let mut result = synthetic::single();
    let allowed = (1.0 - 0.9995) * 2_592_000.0;
    let windows = result.scenarios[0].windows.as_mut().unwrap();
    windows.count = 1_000;
    windows.downtime_s.histogram = vec![(0.0, 900), (allowed / 2.0, 60), (allowed, 30), (allowed * 1.05, 10)];
    windows.meets_slo = Some(Estimate { mean: 0.99, low: 0.982, high: 0.995, bound: false, rests_on_few: false });
    let chart = charts::all(&result).into_iter().find(|chart| chart.name == "windows").unwrap();
    let svg = charts::svg(&chart.picture);
    for words in ["90 % of windows lose nothing", "6 % of windows", "3 % of windows", "1 % of windows lose 22 min to"] {
        assert!(svg.contains(words), "{words}");
    }
    let words = texts_of(&result, "windows");
    for text in ["SLO 99.95 %: 22 min", "1 % miss it", "interval 0.5 % to 1.8 %"] {
        assert!(words.iter().any(|word| word == text), "{text}: {words:?}");
    }
    // In the metric of the objective.
    result.objective.metric = Metric::RequestSuccess;
    assert!(texts_of(&result, "windows").iter().any(|text| text.contains("failed requests in a window")));
    result.objective.slo = None;
    assert!(texts_of(&result, "windows")[0].ends_with("have failed requests"), "{:?}", texts_of(&result, "windows"));
}

/// How often an outage is so long is told of the years that were played: of two a year, a tenth of them of ten minutes, one such comes in
/// five years. Who had too few has no curve, and is named.
#[test]
fn a_long_outage_comes_once_in_so_many_years() {
    let mut result = synthetic::four();
    let outages = |scenario: &mut hasim::results::ScenarioResult, short: u64, long: u64| {
        scenario.estimates[Metric::Outages].mean = 2.0;
        let distribution = &mut scenario.time_to_recovery_s;
        (distribution.histogram, distribution.max) = (vec![(60.0, short), (600.0, long)], Some(600.0));
        (distribution.count, distribution.censored, distribution.p50) = (short + long, 0, None);
    };
    for scenario in &mut result.scenarios {
        outages(scenario, 180, 20);
    }
    outages(&mut result.scenarios[2], 10, 2);
    let texts = texts_of(&result, "outages");
    assert!(texts[0].contains("Once in 10 years an outage lasts 10 min or longer"), "{}", texts[0]);
    let few = "Fewer than 20 outages, and no curve: readinessProbe.failureThreshold 3";
    assert!(texts.join(" ").contains(few), "{texts:?}");
    // Once a year: of those of a minute there are so many.
    for scenario in &mut result.scenarios {
        outages(scenario, 18, 2);
    }
    assert!(texts_of(&result, "outages")[0].contains("Once a year an outage lasts 1 min or longer"));
}

/// The trade-off says what it found, and marks what nobody should take.
#[test]
fn the_trade_off_states_its_finding() {
    let chart = charts::all(&synthetic::four()).into_iter().find(|chart| chart.name == "tradeoff").unwrap();
    assert_eq!(
        chart.picture.title,
        "readinessProbe.failureThreshold 4 detects after 20 s instead of 5.1 s, with at most 0.004 needless reactions a year instead of \
         900"
    );
    let words = texts_of(&synthetic::four(), "tradeoff");
    for ring in ["green ring: recommended", "ring: the baseline"] {
        assert!(words.iter().any(|text| text == ring), "{ring}: {words:?}");
    }
}

/// Any finite, not negative number, with the extremes often.
fn any_size() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1e-12), Just(1e15), Just(f64::MAX / 4.0), 0.0..1e-3, 0.0..1e3, 0.0..1e9]
}

fn any_estimate() -> impl Strategy<Value = Estimate> {
    (any_size(), any_size(), any_size(), any::<bool>()).prop_map(|(a, b, c, bound)| {
        let mut ends = [a, b, c];
        ends.sort_by(f64::total_cmp);
        Estimate { mean: ends[1], low: ends[0], high: ends[2], bound, rests_on_few: false }
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
        which in 0usize..3,
    ) {
        let mut result = [synthetic::four, synthetic::single, synthetic::two_keys][which]();
        for scenario in &mut result.scenarios {
            scenario.estimates[Metric::Downtime] = estimates[0];
            scenario.estimates[Metric::FailedRequests] = estimates[1];
            scenario.estimates[Metric::NeedlessReadiness] = estimates[2];
            scenario.estimates[Metric::NeedlessLiveness] = estimates[3];
            scenario.time_to_recovery_s.censored = counts[0];
            scenario.time_to_recovery_s.histogram = vec![(sizes[0].min(sizes[1]), counts[1]), (sizes[0].max(sizes[1]), counts[2])];
            scenario.time_to_recovery_s.max = Some(sizes[0].max(sizes[1]));
            for (_, recovery) in &mut scenario.pod_recovery_s.0 {
                recovery.lengths.histogram = vec![(sizes[2], counts[3])];
                recovery.lengths.max = None;
                recovery.phases[Phase::Detect] = sizes[3];
            }
            for (_, detection) in &mut scenario.detection_s.0 {
                detection.times.mean = Some(sizes[5]);
            }
            if let Some(windows) = &mut scenario.windows {
                windows.meets_slo = Some(Estimate { mean: 0.5, low: 0.0, high: 1.0, ..estimates[0] });
                let (least, most) = (sizes[0].min(sizes[1]), sizes[0].max(sizes[1]));
                windows.downtime_s.histogram = vec![(0.0, counts[0]), (least, counts[1]), (most, counts[2])];
                windows.downtime_s.worst = most;
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

/// The summary: sixteen to nine, with the question, the answer and its tiles, in no smaller type than is read from the back of a room.
#[test]
fn the_summary_is_read_from_the_back_of_a_room() {
    for (which, mut result) in results() {
        result.question = Some("Is it available enough?".to_owned());
        let all = charts::all(&result);
        let summary = &all.iter().find(|chart| chart.name == "summary").unwrap().picture;
        assert_eq!((summary.width, summary.height), (1600.0, 900.0), "{which}");
        let texts = summary.texts();
        for text in &texts {
            let (left, right) = text.extent();
            let is_inside = left >= 0.0 && right <= 1600.5 && text.y >= text.size && text.y + 3.0 <= 900.0;
            assert!(is_inside, "{which}: {:?} at {left}..{right}, {}", text.text, text.y);
            // The errors in the cells of a heat map stand beside larger numbers.
            assert!(text.size >= 15.9, "{which}: {:?} of {}", text.text, text.size);
        }
        let small = texts.iter().filter(|text| text.size < 19.99).count();
        assert!(2 * small < texts.len(), "{which}: {small} of {}", texts.len());
        assert!(texts.iter().any(|text| text.text == "Is it available enough?"), "{which}");
        assert!(texts.iter().any(|text| text.text.contains("seed 42")), "{which}");
    }
}

/// The picture that decides follows from the kind of the question.
#[test]
fn the_picture_that_decides_follows_from_the_question() {
    let decides = |result: &ExperimentResult| {
        let page = hasim::report::page::render(result);
        let first = page.split("data-chart=\"").nth(1).unwrap_or_else(|| panic!("{} has none", result.experiment));
        first.split('"').next().unwrap().to_owned()
    };
    assert_eq!(decides(&synthetic::single()), "attribution");
    assert_eq!(decides(&synthetic::priced()), "pareto");
    assert_eq!(decides(&synthetic::sensitive()), "tornado");
    assert_eq!(decides(&synthetic::four()), "tradeoff");
    assert_eq!(decides(&synthetic::compared()), "attribution");
    let mut alone = synthetic::four();
    alone.each_alone = true;
    assert_eq!(decides(&alone), "downtime");
    let mut rehearsal = synthetic::replayed("something");
    rehearsal.faults.iter_mut().for_each(|fault| fault.every_mean_s = None);
    assert_eq!(decides(&rehearsal), "outage-longest");
}
