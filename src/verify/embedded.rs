//! The proof's experiments and all that they name are part of the program: it needs no file beside it.

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::model::Model;
use crate::spec;
use crate::study::Scenario;

/// Embeds files of the project under the paths by which experiments name them.
macro_rules! embed {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../", $path)))),*]
    };
}

const FILES: &[(&str, &[u8])] = embed![
    "experiments/closed-forms/bare.yaml",
    "experiments/measured/api-server-outage.yaml",
    "experiments/measured/back-off-reset.yaml",
    "experiments/measured/bad-rollouts.yaml",
    "experiments/measured/drains.yaml",
    "experiments/measured/faults.yaml",
    "experiments/measured/kubelet-restart.yaml",
    "experiments/measured/leader-failover.yaml",
    "experiments/measured/loops.yaml",
    "experiments/measured/node-failure.yaml",
    "experiments/measured/probe-phase.yaml",
    "experiments/measured/rollouts.yaml",
    "experiments/measured/slow-start.yaml",
    "experiments/measured/termination.yaml",
    "experiments/measured/zone-skews.yaml",
    "models/apps/starts-in-a-second.yaml",
    "models/clusters/almost-no-latency.yaml",
    "models/clusters/measuring-set-up-delayed.yaml",
    "models/clusters/measuring-set-up-fast.yaml",
    "models/deployments/aidbox.yaml",
    "models/measured/app.yaml",
    "models/measured/deployment.yaml",
    "models/measured/drained-max-unavailable.yaml",
    "models/measured/drained-min-available.yaml",
    "models/measured/drained.yaml",
    "models/measured/e10_apiserver_outage.csv",
    "models/measured/e11_leader_failover.csv",
    "models/measured/e1_kubelet_restart.csv",
    "models/measured/e1_probe_phase.csv",
    "models/measured/e1_slow_start.csv",
    "models/measured/e2_e3_e4_fault_recovery.csv",
    "models/measured/e4_backoff_reset.csv",
    "models/measured/e4_crashloop.csv",
    "models/measured/e5_node_failure_nodes.csv",
    "models/measured/e5_node_failure_pods.csv",
    "models/measured/e6_placements.csv",
    "models/measured/e7_rolling_update.csv",
    "models/measured/e7_rolling_update_zone_skew.csv",
    "models/measured/e8_bad_rollout.csv",
    "models/measured/e8_drain.csv",
    "models/measured/e9_pod_termination.csv",
    "models/measured/rolling-deployment-by-revision.yaml",
    "models/measured/rolling-deployment.yaml",
    "models/measured/slow-app.yaml",
];

/// The content of an embedded file.
pub(super) fn open(path: &Path) -> io::Result<Vec<u8>> {
    let path = plain(path);
    let found = FILES.iter().find(|(name, _)| Path::new(name) == path);
    found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

/// The scenarios of an embedded experiment.
pub(super) fn scenarios(experiment: &str) -> Vec<Scenario> {
    match spec::load_experiment_with(Path::new(experiment), &open) {
        Ok(loaded) => loaded.study.scenarios,
        Err(report) => panic!("the embedded {experiment} is wrong: {report}"),
    }
}

/// The model of an embedded experiment with one scenario.
pub(super) fn model(experiment: &str) -> Model {
    scenarios(experiment).remove(0).model
}
