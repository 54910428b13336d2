//! What is recommended: one decision, which every report shows.

use crate::synthetic;
use hasim::report::{charts, csv, markdown, page, recommended, terminal};
use hasim::results::{Difference, Estimate, ExperimentResult};
use hasim::study::Metric;
use proptest::prelude::*;

fn sentence(result: &ExperimentResult) -> String {
    let text = anstream::adapter::strip_str(&terminal::render(result, None, 120, &[])).to_string();
    text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// How each scenario stands, as `results.csv` has it.
fn standings(result: &ExperimentResult) -> Vec<String> {
    let text = csv::results(result);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let column = reader.headers().unwrap().iter().position(|name| name == "standing").unwrap();
    reader.records().map(|record| record.unwrap()[column].to_owned()).collect()
}

fn about(mean: f64, half: f64) -> Estimate {
    Estimate { mean, low: mean - half, high: mean + half, bound: false, rests_on_few: false }
}

/// Four thresholds, the first the baseline, which differ from it by so much downtime and fail as many requests.
fn differing(differences: [Estimate; 3]) -> ExperimentResult {
    let mut result = synthetic::four();
    for metric in [Metric::NeedlessReadiness, Metric::NeedlessLiveness, Metric::NeedlessStartup] {
        result.scenarios.iter_mut().for_each(|scenario| scenario.estimates[metric] = about(9.0, 1.0));
    }
    for (scenario, downtime_s_per_year) in result.scenarios.iter_mut().skip(1).zip(differences) {
        scenario.difference_to_baseline = Some(Difference {
            downtime_s_per_year,
            failed_request_s_per_year: about(0.0, 1.0),
            downtime_variance_ratio: None,
            failed_request_variance_ratio: None,
        });
    }
    result
}

/// The SLO of 99.95 % allows 4.38 h a year, of which 1 % is 158 s: 36 ± 8 s of it are no reason to change anything.
#[test]
fn an_immaterial_win_is_not_recommended() {
    let mut result = differing([about(-36.0, 8.0), about(0.0, 3.0), about(4_000.0, 9.0)]);
    result.scenarios[1].estimates[Metric::NeedlessLiveness] = about(43.0, 2.0);
    result.scenarios[1].pod_hours_per_year += 2.0 * 8_760.0;
    assert_eq!(standings(&result), ["recommended", "as good", "as good", "worse"]);
    assert_eq!(
        sentence(&result).split(". It is").next().unwrap().split(". The baseline (").next().unwrap(),
        "Keep the baseline: of the other 3 scenarios, none saves more than 2 min 38 s of downtime a year (1 % of what 99.95 % \
         allows). “readinessProbe.failureThreshold 2” saves the most, 36 ± 8 s, and costs 34 ± 5 needless kills a year and 2 \
         more Pods; 1 loses more"
    );

    // Of two there is nothing to count, and no reason to keep the one rather than the other.
    let mut two = result.clone();
    two.scenarios.truncate(2);
    let text = sentence(&two);
    assert!(
        text.starts_with(
            "Either will do: “readinessProbe.failureThreshold 2” saves 36 ± 8 s of downtime a year and costs 34 ± 5 needless \
             kills a year and 2 more Pods; less than 2 min 38 s a year (1 % of what 99.95 % allows) does not matter."
        ),
        "{text}"
    );

    // Whoever says that a second matters gets it.
    result.objective.indifference_secs = Some(1.0);
    assert_eq!(standings(&result)[1], "recommended");
    let text = sentence(&result);
    assert!(
        text.starts_with("Of 4 scenarios, take readinessProbe.failureThreshold 2 instead of 1: that saves 36 ± 8 s of")
    );
    assert!(text.contains("and costs 34 ± 5 needless kills a year and 2 more Pods."), "{text}");

    // Without an SLO it is 1 % of what the baseline loses, here of 67 min: still 40 s.
    result.objective.indifference_secs = None;
    result.objective.slo = None;
    result.scenarios[1].difference_to_baseline.as_mut().unwrap().downtime_s_per_year = about(-36.0, 3.0);
    assert!(sentence(&result).contains("none saves more than 40 s of downtime a year (1 % of what is lost anyway)"));
}

#[test]
fn a_win_that_matters_is_recommended_with_its_price() {
    let result = differing([about(-600.0, 30.0), about(-500.0, 20.0), about(0.0, 3.0)]);
    let text = sentence(&result);
    let begins = "Of 4 scenarios, take readinessProbe.failureThreshold 2 instead of 1: that saves 10.0 ± 0.5 min of downtime a \
                  year (67 ± 4 min left). 1 other loses as little within 2 min 38 s a year; of them it loses least.";
    assert!(text.starts_with(begins), "{text}");
    assert_eq!(standings(&result), ["worse", "recommended", "as good", "worse"]);
}

#[test]
fn of_equals_the_cheapest_is_recommended_and_then_the_one_with_the_fewest_needless_reactions() {
    // Fewer Nodes: as good as the baseline, so it is taken.
    let mut result = differing([about(20.0, 9.0), about(-20.0, 9.0), about(0.0, 3.0)]);
    result.scenarios[1].node_hours_per_year -= 2.0 * 8_760.0;
    let text = sentence(&result);
    let begins = "Of 4 scenarios, take readinessProbe.failureThreshold 2 instead of 1: that saves 2 Nodes, and the downtime, \
                  67 ± 4 min a year, is only 20 ± 9 s more, less than what matters (2 min 38 s a year).";
    assert!(text.starts_with(begins), "{text}");
    assert!(
        text.contains("3 others lose as little within 2 min 38 s a year; it needs the fewest Nodes and Pods."),
        "{text}"
    );

    // Fewer needless reactions, and no more failed requests.
    let mut result = differing([about(20.0, 9.0), about(-20.0, 9.0), about(0.0, 3.0)]);
    result.scenarios[3].estimates[Metric::NeedlessReadiness] = about(2.0, 1.0);
    let text = sentence(&result);
    assert!(
        text.contains("take readinessProbe.failureThreshold 4 instead of 1: that saves 7 ± 2 needless withdrawals")
    );
    assert!(text.contains("it has the fewest needless withdrawals and kills together."), "{text}");
    // But not where they are paid for with failed requests.
    let paid = result.scenarios[3].difference_to_baseline.as_mut().unwrap();
    paid.failed_request_s_per_year = about(900.0, 30.0);
    assert!(sentence(&result).starts_with("Keep the baseline"), "{}", sentence(&result));

    // What chance alone parts is not told apart, and said to be so.
    let mut result = differing([about(-500.0, 900.0), about(0.0, 3.0), about(0.0, 3.0)]);
    assert!(sentence(&result).starts_with("Keep the baseline: of the other 3 scenarios, none is told apart from it"));
    result.scenarios[1].pod_hours_per_year -= 8_760.0;
    assert!(sentence(&result).contains("saves 1 Pod, and the downtime, 67 ± 4 min a year, is not told apart from"));
    // But on average it must not lose more by what matters: that chance might explain it is no reason to save a Pod.
    result.scenarios[1].difference_to_baseline.as_mut().unwrap().downtime_s_per_year = about(500.0, 900.0);
    assert!(sentence(&result).starts_with("Keep the baseline"), "{}", sentence(&result));
    result.baseline = None;
    result.scenarios[1].estimates[Metric::Downtime] = about(67.0 * 60.0 + 500.0, 900.0);
    let text = sentence(&result);
    assert!(!text.contains("“readinessProbe.failureThreshold 2”"), "{text}");
    assert!(text.contains("what is cheaper loses more on average, and more replications would tell."), "{text}");
}

#[test]
fn where_prices_exist_the_cheapest_that_meets_comes_first() {
    let mut result = differing([about(-3_000.0, 9.0), about(-3_500.0, 9.0), about(0.0, 3.0)]);
    result.currency = Some("USD".to_owned());
    for (scenario, cost) in result.scenarios.iter_mut().zip([900.0, 500.0, 800.0, 500.0]) {
        scenario.cost_per_year = Some(cost);
    }
    result.scenarios[3].estimates[Metric::NeedlessReadiness] = about(700.0, 9.0);
    // All meet 99.95 %; two cost the least.
    assert_eq!(standings(&result), ["meets", "recommended", "meets", "meets"]);
    let text = sentence(&result);
    let begins = "Of 4 scenarios, “readinessProbe.failureThreshold 2” is the cheapest whose 95 % interval meets 99.95 %: USD 500 a \
                  year, USD 400 less than the baseline, with 67 ± 4 min of downtime a year";
    // The other at that price loses more.
    assert!(text.starts_with(&format!("{begins}.")), "{text}");
    result.scenarios[3].difference_to_baseline = result.scenarios[1].difference_to_baseline;
    let tied =
        format!("{begins}; one other costs the same and is not known to lose more, and needs no fewer Nodes or Pods.");
    assert!(sentence(&result).starts_with(&tied), "{}", sentence(&result));

    // If none meets it, that is said, and the least loss counts.
    result.objective.slo = Some(0.99999);
    assert!(sentence(&result).starts_with("No scenario's 95 % interval meets 99.999 %. Of 4 scenarios, take"));
    assert_eq!(standings(&result), ["worse", "worse", "recommended", "worse"]);
}

/// What the picture says in the cells of a heat map, by scenario.
fn stars(result: &ExperimentResult) -> Vec<String> {
    let Some(chart) = charts::all(result).into_iter().find(|chart| chart.name == "heatmap") else { return vec![] };
    let starred = chart.picture.description.iter().filter(|line| line.contains('★'));
    starred.map(|line| line.split(": ").next().unwrap().to_owned()).collect()
}

#[test]
fn a_heat_map_stars_what_is_told_apart_alone() {
    // In the grid of replicas and thresholds all thresholds lose the same.
    let mut result = synthetic::two_keys();
    assert_eq!(stars(&result), [""; 0]);
    let svg = charts::svg(&charts::all(&result).into_iter().find(|chart| chart.name == "heatmap").unwrap().picture);
    assert!(svg.contains(">recommended<") && svg.contains(">as good<"));
    // One that surely loses less than all others, by more than does not matter.
    result.baseline = None;
    result.scenarios[5].estimates[Metric::Downtime] = about(60.0, 5.0);
    assert_eq!(stars(&result), [result.scenarios[5].name.clone()]);
}

fn any_result() -> impl Strategy<Value = ExperimentResult> {
    let scenario = (0.0..20_000.0f64, 0.0..4_000.0f64, 1u32..5, 0.0..50.0, any::<bool>());
    (proptest::collection::vec(scenario, 12), any::<bool>(), any::<bool>()).prop_map(|(numbers, priced, slo)| {
        let mut result = synthetic::two_keys();
        result.baseline = None;
        result.objective.slo = slo.then_some(0.9998);
        for (scenario, (loss, half, cost, needless, bound)) in result.scenarios.iter_mut().zip(numbers) {
            let lost = Estimate {
                mean: loss,
                low: (loss - half).max(0.0),
                high: loss + half,
                bound: false,
                rests_on_few: false,
            };
            let lost = if bound && loss < 500.0 { synthetic::bound(half) } else { lost };
            scenario.estimates[Metric::Downtime] = lost;
            let share = |secs: f64| 1.0 - secs / 31_536_000.0;
            let kept = Estimate { mean: share(lost.mean), low: share(lost.high), high: share(lost.low), ..lost };
            scenario.estimates[Metric::Availability] = kept;
            scenario.estimates[Metric::NeedlessReadiness] = about(needless, 1.0);
            scenario.difference_to_baseline = None;
            scenario.cost_per_year = priced.then_some(f64::from(cost));
        }
        result
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    /// Property: exactly one is recommended, every report says which, and a star has only what is surely the least.
    #[test]
    fn every_report_shows_the_same_decision(result in any_result()) {
        let best = recommended(&result).unwrap();
        let number = result.scenarios.iter().position(|scenario| scenario.name == best.name).unwrap();
        let standings = standings(&result);
        prop_assert_eq!(standings.iter().filter(|standing| *standing == "recommended").count(), 1);
        prop_assert_eq!(&standings[number], "recommended");

        let page = page::render(&result);
        prop_assert_eq!(page.matches("<tr class=\"chosen\"").count(), 1);
        let row = format!("<tr class=\"chosen\" data-words=\"{} recommended", best.name);
        prop_assert!(page.contains(&row));
        let markdown = markdown::render(&result);
        let rows: Vec<&str> = markdown.lines().filter(|line| line.ends_with("| recommended |")).collect();
        prop_assert_eq!(rows.len(), 1);
        let text = sentence(&result);
        // In words: what varies, without the signs of equality.
        prop_assert!(text.contains(&best.name.replace(' ', ", ").replace('=', " ")), "{}", text);

        let is_cheapest_that_meets = text.contains("is the cheapest whose");
        let pareto = charts::all(&result).into_iter().find(|chart| chart.name == "pareto");
        if let Some(chart) = pareto.filter(|_| is_cheapest_that_meets) {
            let svg = charts::svg(&chart.picture);
            let on_the_front = "data-series=\"worth its money: nothing that costs no more is known to lose less\"";
            let of_it = format!("<title>{}: ", best.name);
            let front = svg.split("<g class=\"datum\"").filter(|part| part.contains(on_the_front));
            prop_assert!(front.into_iter().any(|part| part.contains(&of_it)), "{}", best.name);
        }

        let secs = |scenario: usize| result.scenarios[scenario].estimates[Metric::Downtime];
        for star in stars(&result) {
            prop_assert_eq!(&star, &best.name);
            let told_apart = |i: usize| i == number || secs(i).low > secs(number).high;
            // Of priced ones the cheaper ones are told apart by what they miss.
            let priced = result.scenarios[0].cost_per_year.is_some() && result.objective.slo.is_some();
            prop_assert!(priced || (0..12).all(told_apart));
        }
        // None that surely loses less, which may matter, is passed over, but for the cheapest that meets the SLO.
        let zone = result.objective.slo.map_or(0.01 * secs(0).mean, |slo| 0.01 * (1.0 - slo) * 31_536_000.0);
        let beats = |i: usize| secs(i).high < secs(number).low && secs(number).high - secs(i).low > zone;
        let is_cheapest = standings.iter().any(|standing| standing == "meets" || standing == "misses");
        prop_assert!(is_cheapest || !(0..12).any(beats));
    }
}
