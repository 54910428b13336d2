//! Process: `docs/results.md` is true. What it lists is what `hasim run` writes: files, columns, metrics with their
//! statistics and units.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// Every number of `results.json` occurs in one of the two.
const GRID: &str = "
  objective: {slo: 99.9%, window: 1d}
  replications: 64
  horizon: 20d
  vary: {replicas: [1, 2], readinessProbe.failureThreshold: [3]}
  baseline: {replicas: 1}
";
const SENSITIVITY: &str = "
  objective: {slo: 99.9%, window: 1d}
  replications: 64
  horizon: 20d
  uncertainty: {draws: 2}
  sensitivity: {of: [replicas]}
";

/// Two Deployments instead of one.
const SEVERAL: &str = "
  objective: {slo: 99.9%, window: 1d}
  replications: 32
  horizon: 20d
";

/// A change that is made on purpose.
const OPERATION: &str = "
  objective: {slo: 99.9%, window: 1d}
  replications: 32
  horizon: 20d
  operations: [{name: release, kind: rollout, every: 3d, bad: {share: 50%, kinds: [crash-loop], noticed: 10m}}, {name: node, kind: drain, every: 2d, timeout: 20s}]
";

/// Runs an experiment over files of the repository and gives its folder.
fn run(question: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let mean = if question.contains("uncertainty") { "{between: [5d, 9d]}" } else { "7d" };
    let file = format!("{root}/models/deployments/aidbox.yaml");
    let deployments = if question == SEVERAL {
        format!("deployments: ['{file}', {{file: '{file}', as: other}}]")
    } else {
        format!("deployment: '{file}'")
    };
    let traffic = if question == OPERATION {
        format!("traffic: '{root}/models/traffic/office-hours.yaml'")
    } else {
        String::new()
    };
    let experiment = format!(
        "apiVersion: hasim/v1
kind: Experiment
metadata: {{name: columns}}
spec:
  {deployments}
  {traffic}
  app: '{root}/models/apps/jvm-service.yaml'
  cluster: '{root}/models/clusters/priced-zones.yaml'
  faults:
    - {{name: crash, target: container, mode: crash, every: {{exponential: {{mean: {mean}}}}}, source: assumption}}
{question}"
    );
    let file = folder.path().join("experiment.yaml");
    fs::write(&file, experiment).unwrap();
    let out = folder.path().join("out");
    let mut hasim = Command::cargo_bin("hasim").unwrap();
    hasim.arg("run").arg(&file).arg("--out-dir").arg(out).arg("--quiet").assert().success();
    folder
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/results.md")).unwrap()
}

/// The rows of the tables below a heading, up to the next one: the cells of each.
fn rows<'p>(page: &'p str, heading: &str) -> Vec<Vec<&'p str>> {
    let (_, below) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let section = below.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands in backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// `a_{b,c}` as `a_b`, `a_c`.
fn expanded(name: &str) -> Vec<String> {
    let Some((head, rest)) = name.split_once('{') else { return vec![name.to_owned()] };
    let (inside, tail) = rest.split_once('}').unwrap();
    let tails = expanded(tail);
    inside.split(',').flat_map(|word| tails.iter().map(move |tail| format!("{head}{word}{tail}"))).collect()
}

fn table(folder: &Path, name: &str) -> (Vec<String>, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_path(folder.join("out").join(name)).unwrap();
    let head = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (head, reader.records().map(Result::unwrap).collect())
}

/// The columns that a section lists, in their order.
fn listed(page: &str, heading: &str) -> Vec<String> {
    let is_column = |row: &Vec<&str>| row.len() == 3;
    let names = rows(page, heading).into_iter().filter(is_column).flat_map(|row| code(row[0]));
    let keys = |name: &str| match name {
        "<key>…" => vec!["replicas".to_owned(), "readinessProbe.failureThreshold".to_owned()],
        name => expanded(name),
    };
    names.flat_map(keys).collect()
}

#[test]
fn the_page_lists_the_files_and_their_columns() {
    let (page, folder) = (page(), run(GRID));
    for name in ["metrics.csv", "recoveries.csv"] {
        let (head, _) = table(folder.path(), name);
        assert_eq!(listed(&page, &format!("## {name}")), head, "{name}");
    }
    // Columns of one kind share a row of the page, so their order is the file's only within it.
    let (head, _) = table(folder.path(), "results.csv");
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(listed(&page, "## results.csv")), sorted(head));

    let listed: BTreeSet<&str> = page.lines().filter(|line| line.starts_with("| `")).flat_map(code).collect();
    for entry in fs::read_dir(folder.path().join("out")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = if name == "charts" { "charts/*.svg" } else { &name };
        assert!(listed.contains(name), "docs/results.md does not list {name}");
    }
}

#[test]
fn the_page_lists_the_metrics() {
    let mut found = BTreeSet::new();
    for question in [GRID, SENSITIVITY, SEVERAL, OPERATION] {
        let (head, records) = table(run(question).path(), "metrics.csv");
        let column = |name: &str| head.iter().position(|column| column == name).unwrap();
        let names = ["metric", "statistic", "unit"].map(column);
        for record in &records {
            let [metric, statistic, unit] = names.map(|column| record[column].to_owned());
            let unit = if metric == "cost_per_year" { unit.replace("USD", "currency") } else { unit };
            found.insert((metric, statistic, unit));
        }
    }
    let page = page();
    let mut listed = BTreeSet::new();
    for row in rows(&page, "## metrics.csv").into_iter().filter(|row| row.len() == 4) {
        for statistic in code(row[1]) {
            listed.insert((code(row[0])[0].to_owned(), statistic.to_owned(), code(row[2])[0].to_owned()));
        }
    }
    assert_eq!(listed, found);
}

/// Rule: what is `null` in `results.json` is empty here, and the parts of an attribution add up to their total.
#[test]
fn nothing_is_not_zero() {
    let folder = run("\n  replications: 2\n  horizon: 1s\n  warmUp: 0s\n");
    let (head, records) = table(folder.path(), "metrics.csv");
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    let (metric, statistic, value) = (column("metric"), column("statistic"), column("value"));
    let of = |name: &str, what: &str| -> Vec<&str> {
        let rows = records.iter().filter(|row| &row[metric] == name && &row[statistic] == what);
        rows.map(|row| &row[value]).collect()
    };
    for name in ["time_to_recovery_s", "window_downtime_s", "window_meets_slo"] {
        assert_eq!(of(name, "mean"), [""], "{name}");
    }
    assert_eq!(of("time_to_recovery_s", "count"), ["0"]);

    let (head, records) = table(run(GRID).path(), "metrics.csv");
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    let (scenario, metric, value) = (column("scenario"), column("metric"), column("value"));
    let mut scenarios: Vec<&str> = records.iter().map(|row| &row[scenario]).collect();
    scenarios.dedup();
    assert_eq!(scenarios.len(), 2);
    for name in scenarios {
        let sum = |of: &str| -> f64 {
            let rows = records.iter().filter(|row| &row[scenario] == name && &row[metric] == of);
            rows.map(|row| row[value].parse::<f64>().unwrap()).sum()
        };
        let (parts, total) = (sum("downtime_attribution"), sum("downtime_s_per_year"));
        assert!((parts - total).abs() <= 1e-9 * total, "{name}: {parts} and {total}");
    }
}
