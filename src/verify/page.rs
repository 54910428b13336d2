//! `docs/validation.md`: the table with what it means, and charts of the main timings.

use super::row::{Row, Verification};
use super::text;
use crate::report::charts::{Panel, overlay, png, svg};

/// What is drawn: the check, its column, and a title of the panel.
type Drawn = (&'static str, &'static str, &'static str);

const FAULTS: [Drawn; 6] = [
    ("hang, fast", "fault_to_ready_false_api", "hang → not Ready"),
    ("hang, fast", "fault_to_stop_call", "hang → killed by the liveness probe"),
    ("hang, fast", "fault_to_ready_again_api", "hang → Ready again"),
    ("503, fast", "fault_to_ready_false_api", "errors → not Ready"),
    ("crash, delayed", "exit_to_new_start", "crash → restarted"),
    ("crash, delayed", "fault_to_ready_again_api", "crash → Ready again"),
];

const OTHERS: [Drawn; 6] = [
    ("new Pods, d20p5, delayed", "ctr_start_to_ready_api", "new container → Ready, delay 20 s, period 5 s"),
    ("new Pods, d5p10, fast", "ctr_start_to_ready_api", "new container → Ready, delay 5 s, period 10 s"),
    ("crash loop", "exit_to_next_start (restart_number 4)", "CrashLoopBackOff: the wait of 40 s"),
    ("crash loop", "exit_to_next_start (restart_number 6)", "CrashLoopBackOff: the wait of 160 s"),
    ("kubelet restart", "readiness_restart_to_first_probe", "kubelet restarted → first readiness probe"),
    ("deletion, exits on SIGTERM, fast", "exit_to_object_gone", "last exit → Pod object gone"),
];

/// The files of the page: their paths below `docs`, and their bytes.
pub fn page(proof: &Verification) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("validation.md".to_owned(), markdown(proof).into_bytes())];
    let charts = [
        ("validation-faults", "Faults on a real cluster and in hasim", FAULTS),
        ("validation-others", "Starts, loops and returns on a real cluster and in hasim", OTHERS),
    ];
    for (name, title, drawn) in charts {
        let panels: Vec<Panel> = drawn.iter().filter_map(|drawn| panel(proof, drawn)).collect();
        if panels.is_empty() {
            continue;
        }
        let lead = "Distribution functions: of all values, the share that is at most so many seconds. Steps are measured on \
                    Kubernetes 1.36.2, the line is simulated; n is the number of measured values.";
        let picture = overlay(title, lead, &panels);
        files.push((format!("images/{name}.svg"), svg(&picture).into_bytes()));
        files.push((format!("images/{name}.png"), png(&picture)));
    }
    files
}

fn panel(proof: &Verification, (check, what, title): &Drawn) -> Option<Panel> {
    let is_it = |row: &&Row| row.check == *check && row.what == *what;
    let samples = proof.rows.iter().find(is_it)?.samples.clone()?;
    Some(Panel { title: (*title).to_owned(), measured: samples.measured, simulated: samples.simulated })
}

fn markdown(proof: &Verification) -> String {
    format!("{INTRODUCTION}\n## The table\n\n{}\n{}", text::summary(proof), text::markdown(proof))
}

const INTRODUCTION: &str = "# Why believe these numbers?

This page is written by `hasim verify --write-docs docs`. `hasim verify` re-runs all of it on your machine and ends with exit
code 4 if anything falls outside.

| kind | what is known | inside means |
|---|---|---|
| closed-form | a value or a law that follows from theory or from the rules | the 99.9 % interval, fixed beforehand for all closed forms together, holds it and is at most 2 % wide; laws by their whole distribution |
| measured | timings of a real Kubernetes 1.36.2 under injected faults ([models/measured](../models/measured/README.md)) | see below |
| published | outages that others measured, on Kubernetes 1.8 | within 5 %, or inside the simulated 95 % band |
| rule | the numbered rules of Kubernetes ([rules.md](rules.md)) | each that hasim follows is cited by a test |

**Measured rows.** Pods of one ReplicaSet were created together and share part of their phase, and most samples are small, so
textbook p-values do not hold. For each row a thousand sets (up to twenty thousand where p is small) of the measured size and
batch structure are simulated. `distance` is the largest difference between the measured distribution function and that of
all sets together (Kolmogorov–Smirnov); `p` is the share of sets that lie at least as far off. A row is inside if p, adjusted
for the number of rows (Holm), is at least 0.01, and the medians differ by at most 0.25 s or 5 %, or lie within the 99 % band of
the sets. A perfect simulator has a plain p below 0.01 in one row of a hundred.

**Fitted rows** prove nothing: a latency of the set-up's cluster file was set from them. Every other row is predicted from
Kubernetes' rules and those latencies. No setting of Kubernetes itself was fitted, but for the odds of races between its
threads (P11a, P9b, P7a). Two small delays came in because predicted rows had disagreed, the 3 ms of C12 and the
millisecond of a watcher, and the set-up's latencies were revised once with the predicted rows in view: so far those rows are
weaker proof than fresh ones would be.

Samples are shown as 10 % · median · 90 %, in seconds.

![Distribution functions of faults, measured and simulated](images/validation-faults.png)

![Distribution functions of starts, loops and returns, measured and simulated](images/validation-others.png)
";
