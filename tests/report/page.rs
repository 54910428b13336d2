//! `report.html`: made from a result alone, and read in a browser without a network.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::synthetic;
use hasim::report::{json, page};

/// Determinism: the same result, also read back from its file, gives the same bytes.
#[test]
fn the_same_result_gives_the_same_page() {
    for result in
        [synthetic::single(), synthetic::four(), synthetic::priced(), synthetic::silent(), synthetic::replayed("x")]
    {
        let page = page::render(&result);
        assert!(page == page::render(&result));
        assert!(page == page::render(&json::parse(json::render(&result)).unwrap()));
    }
}

/// Property: names and sources are text, whatever they hold; nothing on the page leads anywhere.
#[test]
fn what_comes_from_files_is_text() {
    let evil = "<script>alert(1)</script>\"onload='x' &amp;";
    let mut result = synthetic::priced();
    result.replays = synthetic::replayed(evil).replays;
    result.replays[0].scenario = evil.to_owned();
    result.experiment = evil.to_owned();
    result.scenarios[1].name = evil.to_owned();
    result.faults[0].name = evil.to_owned();
    result.faults[0].source = format!("{evil} https://example.org");
    result.notes.push(evil.to_owned());
    let page = page::render(&result);
    assert_eq!(page.matches("<script").count(), 1, "the page's own");
    for word in ["href=", "src=", "url(", "@import", "\"onload="] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("https://example.org"), "sources stand as text");
}

/// Every row of the table of scenarios has a cell under each of its heads.
#[test]
fn the_table_is_rectangular() {
    for result in [
        synthetic::single(),
        synthetic::four(),
        synthetic::priced(),
        synthetic::odd(),
        synthetic::scripted(),
        synthetic::compared(),
        synthetic::operated(),
    ] {
        let page = page::render(&result);
        let table = page.split("id=\"scenarios\"").nth(1).unwrap().split("</table>").next().unwrap();
        let (head, body) = table.split_once("</thead>").unwrap();
        let heads = head.matches("<th class").count();
        for row in body.split("<tr ").skip(1) {
            assert_eq!(row.matches("<td class").count(), heads, "{}: {row}", result.experiment);
        }
    }
}

/// Of two manifests the answer is the verdict; what a check finds new follows it.
#[test]
fn a_comparison_answers_with_its_verdict() {
    let page = page::render(&synthetic::compared());
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}"));
    assert!(at("<p class=\"answer\">FAIL: after against before: ") < at("<p>hasim check, new with after:</p>"));
    assert!(at("<li>advice: spec.replicas: is 1 [single-replica] – run two</li>") < at("<h2>The scenarios</h2>"));
    assert!(at("What does after instead of before do to availability?") < at("1 more finding is in both manifests"));
}

/// The page begins with the question, the answer, its tiles and the picture that decides, in this order; all else follows.
#[test]
fn the_page_opens_with_the_answer() {
    let mut result = synthetic::priced();
    result.question = Some("Which is the cheapest?".to_owned());
    let page = page::render(&result);
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}"));
    let order = [
        "<p class=\"question\">Which is the cheapest?</p>",
        "<p class=\"answer\">",
        "<section class=\"tiles\" ",
        "<h2>Availability</h2>",
        "<h2>Odds of 99.95 % in 30 d</h2>",
        "<h2>Longest outage</h2>",
        "<h2>Cost a year</h2>",
        "<figure class=\"deciding\" data-chart=\"pareto\">",
        "charts/summary.png",
        "<h2>The scenarios</h2>",
    ];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])));
    assert_eq!(page.matches("data-chart=\"pareto\"").count(), 1, "once");
}

/// Tiles say what the objective counts, how it stands to the baseline, and of a rehearsal what happened; nothing that is not there.
#[test]
fn tiles_say_what_there_is() {
    let tiles = |result: &hasim::results::ExperimentResult| {
        let page = page::render(result);
        let section =
            page.split_once("<section class=\"tiles\" ").expect("tiles").1.split_once("</section>").unwrap().0;
        section.to_owned()
    };
    let four = tiles(&synthetic::four());
    for words in ["Recommended: ", "Pod-hours a month", "from the baseline", "the baseline: "] {
        assert!(four.contains(words), "{words}: {four}");
    }
    let mut requests = synthetic::four();
    requests.objective.metric = hasim::study::Metric::RequestSuccess;
    let requests = tiles(&requests);
    assert!(requests.contains("<h2>Failed requests a year</h2>") && requests.contains("<h2>Worst window of 30 d</h2>"));
    assert!(!requests.contains("<h2>Availability</h2>"), "{requests}");
    let scripted = tiles(&synthetic::scripted());
    for words in ["<h2>Longest outage</h2>", "<h2>Failed requests a run</h2>", "<h2>A Pod serves again within</h2>"] {
        assert!(scripted.contains(words), "{words}: {scripted}");
    }
    assert!(!scripted.contains("a year") && !scripted.contains("a month"), "{scripted}");
    assert!(tiles(&synthetic::silent()).contains("<p class=\"value\">none</p>"));
    // Without an SLO there are no odds.
    let mut result = synthetic::single();
    result.objective.slo = None;
    assert!(!tiles(&result).contains("Odds"));
    let mut alone = synthetic::four();
    alone.each_alone = true;
    let alone = tiles(&alone);
    assert!(alone.contains("All 4 Deployments") && alone.contains(" of 4</p>") && alone.contains("Least available"));
}

/// A page of 200 scenarios can be sent by mail.
#[test]
fn two_hundred_scenarios_are_less_than_three_megabytes() {
    let page = page::render(&synthetic::two_hundred());
    assert!(page.len() < 3_000_000, "{}", page.len());
    assert_eq!(page.matches("data-words=\"").count(), 200);
}

/// What the assumptions are worth stands beside them, where the experiment asks.
#[test]
fn assumptions_are_weighed_where_that_was_asked() {
    assert!(!page::render(&synthetic::four()).contains("What the assumptions are worth"));
    let page = page::render(&synthetic::sensitive());
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}"));
    assert!(at("What is assumed") < at("What the assumptions are worth"));
    // The largest change first, with what the ratio means, in the metric of the objective.
    assert!(
        at("<td class=\"text\">node-crash every mean</td>")
            < at("<td class=\"text\">readinessProbe.failureThreshold</td>")
    );
    for words in [
        "10 % more: 5 % less lost",
        "each step: +30 s on average",
        "2 without an effect beyond chance; among them crash once in 10 to 730 d",
    ] {
        at(words);
    }
}

/// Appended to a copy of the page: does what a reader does, and writes down what it finds.
const READER: &str = include_str!("reader.html");

/// Process: headless Chromium opens the report of a real run from disk, with the network off. Skipped, and said so, where
/// there is no Chromium: `.ci/run` installs one.
#[test]
fn the_page_works_in_a_browser() {
    let Some(chromium) = chromium() else {
        println!("SKIPPED: no Chromium is installed, so the report was not opened in a browser");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // With all that breaks, so that there are outages.
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").display().to_string();
    let experiment = include_str!("../../experiments/probe-thresholds.yaml").replace("../models", &models);
    let (before, rest) = experiment.split_once("  faults:\n").unwrap();
    let (_, after) = rest.split_once("  objective:").unwrap();
    let experiment = format!("{before}  faults: [{models}/faults/cloud.yaml]\n  objective:{after}");
    std::fs::write(folder.path().join("experiment.yaml"), experiment).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_hasim"))
        .current_dir(folder.path())
        .args(["run", "experiment.yaml", "--replications", "64", "--quiet", "--out-dir", "."])
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    for chart in ["heatmap", "windows", "tradeoff", "outage-longest", "outage-median"] {
        assert!(page.contains(&format!("data-chart=\"{chart}\"")), "{chart}");
    }
    let reader = READER.replace("FILTER", "readinessProbe.failureThreshold=2").replace("WITH_LEGEND", "tradeoff");
    let copy = folder.path().join("read.html");
    std::fs::write(&copy, page.replace("</body>", &format!("{reader}</body>"))).unwrap();
    for width in ["1440,900", "390,844"] {
        let output = Command::new(&chromium)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"])
            .arg("--no-first-run")
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0", "--dump-dom"])
            // What the page does after an event is waited for.
            .arg("--virtual-time-budget=3000")
            .arg(format!("--window-size={width}"))
            .arg(format!("--user-data-dir={}", folder.path().join(width).display()))
            .arg(format!("file://{}", copy.display()))
            .output()
            .unwrap();
        let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !dom.contains("<html") {
            println!("SKIPPED: {} does not start here, so the report was not opened in it: {log}", chromium.display());
            return;
        }
        let verdict = dom.split("data-verdict=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(verdict, Some("good"), "at {width}: {log}");
        assert!(!log.contains("CONSOLE"), "at {width}: {log}");
    }
}

/// A browser to test with.
fn chromium() -> Option<PathBuf> {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    known.into_iter().map(Path::new).find(|path| path.exists()).map(Path::to_owned)
}

/// Operations are assumed in words of their own, and are no rows among the faults; nor are the flaws that they bring.
#[test]
fn operations_are_no_faults() {
    let page = page::render(&synthetic::operated());
    for words in [
        "<b>release</b>: a new revision is rolled out with a new image, every 7 d on average, as the strategy of the Deployment says, \
         and without one with maxSurge and maxUnavailable of 25 % each, the default of Kubernetes. Of these 10 % bring a bad revision: crash-loop or slow-poison (it exits after 30 s of work on average), each as often as the others. \
         That is noticed 15 min after the rollout begins on average, and rolled back.",
        "<b>patch-day</b>: one Node after the other is drained, every 10 d on average. It gives up after 1 h, and the Node takes Pods \
         again 10 min after its end on average.",
    ] {
        assert!(page.contains(words) || page.contains(&words.replace("&#39;", "'")), "{words}");
    }
    let faults = page.split_once("These are the faults that were played").unwrap().1.split_once("</table>").unwrap().0;
    assert!(faults.contains("container-crash") || faults.contains("<tr><td"), "{faults}");
    assert!(!faults.contains("release") && !faults.contains("patch-day"), "{faults}");
    let mut result = synthetic::operated();
    result.faults.retain(|fault| fault.operation.is_some());
    assert!(!page::render(&result).contains("These are the faults that were played"));
}
