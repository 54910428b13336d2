//! Which rows of which file are compared with which scenario of which experiment, column by column.

use super::columns as c;
use super::data::Batch;
use super::record::Record;
use crate::model::ProbeKind::{Liveness, Readiness};
use crate::model::{Model, Occurrence, ScriptTarget};
use crate::random::Law;
use crate::verify::embedded;

/// A scenario that was measured.
pub struct Scenario {
    /// As the table calls it.
    pub name: &'static str,
    /// The file of `models/measured/`.
    pub file: &'static str,
    /// Its rows: columns and their values.
    pub filter: Vec<(&'static str, &'static str)>,
    /// The experiment of `experiments/measured/`, and the candidate in it.
    pub experiment: &'static str,
    pub candidate: Option<&'static str>,
    /// Seconds that are played.
    pub until: f64,
    pub setting: Setting,
    pub columns: Vec<Column>,
    /// What is special about all of its columns.
    pub note: &'static str,
}

/// What columns need to know of their scenario.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What a batch has in common.
    pub batch: Batch,
    /// Pods of a batch, where the file does not have them all.
    pub replicas: Option<u32>,
    /// How long the watcher's requests to delete a Pod take.
    pub request: Law,
}

impl Default for Setting {
    fn default() -> Self {
        Self { batch: Batch::ReplicaSet, replicas: None, request: Law::Fixed(0.0) }
    }
}

/// How a column is taken from a replication.
pub type Taken = Box<dyn Fn(&Record) -> Vec<f64> + Send + Sync>;

/// A column of a file.
pub struct Column {
    /// Its name there.
    pub name: &'static str,
    /// Only rows with this value in that column.
    pub when: Option<(&'static str, &'static str)>,
    /// How it is taken from a replication.
    pub of: Taken,
    /// The input that was set from it, if one was.
    pub fitted: Option<&'static str>,
    /// What is special about it.
    pub note: &'static str,
}

impl Scenario {
    /// Its model.
    pub fn model(&self) -> Model {
        let scenarios = embedded::scenarios(&format!("experiments/measured/{}.yaml", self.experiment));
        let wanted = |scenario: &crate::study::Scenario| {
            self.candidate
                .is_none_or(|name| scenario.parameters.get("candidate").and_then(|v| v.as_str()) == Some(name))
        };
        let found = scenarios.into_iter().find(wanted);
        found.unwrap_or_else(|| panic!("{} has no candidate {:?}", self.experiment, self.candidate)).model
    }
}

/// The model of a batch of so many Pods: the script strikes none that does not exist.
pub fn batch_of(model: &Model, replicas: u32) -> Model {
    let mut model = model.clone();
    model.workload_mut().replicas = replicas;
    for fault in &mut model.faults {
        if let Occurrence::Once { targets, .. } = &mut fault.occurs {
            targets.retain(|target| !matches!(target, ScriptTarget::Slot(slot) if slot.index() >= replicas as usize));
        }
    }
    model
}

fn predicted(name: &'static str, of: Taken) -> Column {
    Column { name, when: None, of, fitted: None, note: "" }
}

fn fitted(name: &'static str, of: Taken, input: &'static str) -> Column {
    Column { fitted: Some(input), ..predicted(name, of) }
}

/// All of them.
pub fn all() -> Vec<Scenario> {
    let mut all = new_pods();
    all.extend(faults());
    all.extend(slow_starts());
    all.extend(loops());
    all.extend(kubelets_and_nodes());
    all.extend(terminations());
    all.extend(outages());
    all.extend(leaders());
    all
}

fn new_pods() -> Vec<Scenario> {
    let cases = [
        ("new Pods, d20p5, fast", "fast-d20p5"),
        ("new Pods, d5p10, fast", "fast-d5p10"),
        ("new Pods, d0p5, fast", "fast-d0p5"),
        ("new Pods, startup probe d20p5, fast", "fast-su-d20p5"),
        ("new Pods, d20p5, delayed", "delayed-d20p5"),
        ("new Pods, startup probe d20p5, delayed", "delayed-su-d20p5"),
    ];
    let scenario = |(name, candidate): (&'static str, &'static str)| {
        let (runtime, variant) = candidate.split_once('-').expect("runtime-variant");
        let runtime = if runtime == "fast" { "fast" } else { "delayed" };
        Scenario {
            name,
            file: "e1_probe_phase.csv",
            filter: vec![("runtime", runtime), ("variant", variant)],
            experiment: "probe-phase",
            candidate: Some(candidate),
            until: 50.0,
            setting: Setting::default(),
            columns: vec![
                fitted("created_to_scheduled", c::created_to_scheduled(), "bind"),
                fitted("scheduled_to_ctr_start", c::scheduled_to_start(), "firstSync, sandbox, containerStart"),
                predicted("ctr_start_to_first_startup_probe", c::start_to_startup_probe()),
                predicted("ctr_start_to_first_liveness_probe", c::start_to_liveness_probe()),
                predicted("ctr_start_to_first_readiness_probe", c::start_to_readiness_probe()),
                fitted("first_readiness_probe_to_ready_api", c::readiness_probe_to_ready(), "statusWrite"),
                predicted("first_readiness_probe_to_eps_ready", c::readiness_probe_to_endpoint()),
                fitted("ready_api_to_eps_ready", c::ready_to_endpoint(), "endpointSlice"),
                predicted("ctr_start_to_ready_api", c::start_to_ready()),
                predicted("created_to_ready_api", c::created_to_ready()),
                fitted("startup_probe_to_first_readiness", c::startup_probe_to_readiness_probe(), "sync"),
                predicted("startup_probe_to_first_liveness", c::startup_probe_to_liveness_probe()),
            ],
            note: "",
        }
    };
    cases.map(scenario).into()
}

fn faults() -> Vec<Scenario> {
    type Case = (&'static str, &'static str, [(&'static str, &'static str); 4]);
    let cases: [Case; 7] = [
        ("hang, fast", "fast-hang", [("kind", "hang"), ("runtime", "fast"), ("startupProbe", "0"), ("term", "exit")]),
        (
            "hang, startup probe, fast",
            "fast-hang-startup",
            [("kind", "hang"), ("runtime", "fast"), ("startupProbe", "1"), ("term", "exit")],
        ),
        (
            "hang, SIGTERM ignored, fast",
            "fast-hang-ignores",
            [("kind", "hang"), ("runtime", "fast"), ("startupProbe", "0"), ("term", "ignore")],
        ),
        ("503, fast", "fast-503", [("kind", "503"), ("runtime", "fast"), ("startupProbe", "0"), ("term", "exit")]),
        (
            "crash, fast",
            "fast-crash",
            [("kind", "crash"), ("runtime", "fast"), ("startupProbe", "0"), ("term", "exit")],
        ),
        (
            "hang, delayed",
            "delayed-hang",
            [("kind", "hang"), ("runtime", "delayed"), ("startupProbe", "0"), ("term", "exit")],
        ),
        (
            "crash, delayed",
            "delayed-crash",
            [("kind", "crash"), ("runtime", "delayed"), ("startupProbe", "0"), ("term", "exit")],
        ),
    ];
    let scenario = |(name, candidate, filter): Case| Scenario {
        name,
        file: "e2_e3_e4_fault_recovery.csv",
        filter: filter.to_vec(),
        experiment: "faults",
        candidate: Some(candidate),
        until: 170.0,
        setting: Setting::default(),
        columns: fault_columns(candidate.ends_with("crash")),
        note: "",
    };
    cases.map(scenario).into()
}

fn fault_columns(crash: bool) -> Vec<Column> {
    let mut columns = vec![
        predicted("fault_to_first_readiness_probe", c::fault_to_readiness_probe()),
        predicted("fault_to_first_liveness_probe", c::fault_to_liveness_probe()),
        predicted("readiness_probes_before_notready", c::readiness_probes_before_not_ready()),
        predicted("fault_to_ready_false_api", c::fault_to_not_ready()),
        predicted("fault_to_eps_notready", c::fault_to_endpoint_not_ready()),
        fitted("ready_false_to_eps", c::not_ready_to_endpoint(), "endpointSlice"),
    ];
    if crash {
        columns.push(predicted("exit_to_new_start", c::exit_to_new_start()));
    } else {
        columns.extend([
            predicted("liveness_probes_before_kill", c::liveness_probes_before_kill()),
            predicted("fault_to_stop_call", c::fault_to_stop_call()),
            predicted("fault_to_sigterm", c::fault_to_sigterm()),
            fitted("sigterm_to_exit", c::sigterm_to_exit(), "the application's onSigterm"),
            fitted("exit_to_new_start", c::exit_to_new_start(), "containerStart"),
        ]);
    }
    columns.extend([
        predicted("fault_to_new_start", c::fault_to_new_start()),
        predicted("new_start_to_ready_api", c::new_start_to_ready()),
        predicted("new_start_to_first_startup_probe", c::new_start_to_startup_probe()),
        predicted("new_start_to_first_readiness_probe", c::new_start_to_readiness_probe()),
        predicted("new_start_to_first_liveness_probe", c::new_start_to_liveness_probe()),
        predicted("fault_to_ready_again_api", c::fault_to_ready_again()),
        predicted("fault_to_eps_ready_again", c::fault_to_endpoint_ready_again()),
        fitted("ready_again_to_eps", c::ready_again_to_endpoint(), "endpointSlice"),
    ]);
    columns
}

fn slow_starts() -> Vec<Scenario> {
    let case = |name, delay, candidate, listening: Column| Scenario {
        name,
        file: "e1_slow_start.csv",
        filter: vec![("app_start_delay", delay)],
        experiment: "slow-start",
        candidate: Some(candidate),
        until: 274.0,
        setting: Setting::default(),
        columns: vec![
            predicted("kills_in_run", c::kills()),
            predicted("first_start_to_first_kill", c::first_start_to_first_kill()),
            predicted("kill_times_since_own_start", c::kill_times()),
            listening,
            predicted("first_start_to_ready", c::start_to_ready()),
            predicted("listening_to_ready", c::listening_to_ready()),
            predicted("restart_gaps", c::restart_gaps()),
        ],
        note: "",
    };
    vec![
        case("slow start, 15 s", "15", "starts-in-15s", fitted("listening_at", c::listening_at(), "startUp")),
        // The lives before it, killed one after another, make the sum a prediction.
        case("slow start, 36 s", "36", "starts-in-36s", predicted("listening_at", c::listening_at())),
    ]
}

const ORDINALS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];

fn loops() -> Vec<Scenario> {
    let nth = |column: Column, k: usize| Column { when: Some(("restart_number", ORDINALS[k])), ..column };
    let loop_of = |name, scenario, candidate, until, columns| Scenario {
        name,
        file: "e4_crashloop.csv",
        filter: vec![("scenario", scenario)],
        experiment: "loops",
        candidate: Some(candidate),
        until,
        setting: Setting::default(),
        columns,
        note: "",
    };
    let crash = (0..7).flat_map(|k| [nth(predicted("exit_to_next_start", c::nth_exit_to_start(k)), k)]);
    let hang = (0..12).flat_map(|k| {
        [
            nth(predicted("start_to_stop_call", c::nth_start_to_stop(k)), k),
            nth(predicted("exit_to_next_start", c::nth_exit_to_start(k)), k),
        ]
    });
    let reset = (0..4).map(|k| nth(predicted("exit_to_next_start", c::nth_exit_to_start(k)), k));
    vec![
        loop_of("crash loop", "loop-crash3", "crash3", 1000.0, crash.collect()),
        loop_of("probe-kill loop of a hang", "loop-refhang", "refhang", 2600.0, hang.collect()),
        Scenario {
            name: "three crashes, 330 s, one more",
            file: "e4_backoff_reset.csv",
            filter: vec![],
            experiment: "back-off-reset",
            candidate: None,
            until: 470.0,
            setting: Setting::default(),
            columns: reset.collect(),
            note: "",
        },
    ]
}

fn kubelets_and_nodes() -> Vec<Scenario> {
    /// Columns and their values.
    type Filter = &'static [(&'static str, &'static str)];
    // Six Nodes, three of which fail: 12 Pods have two on each, 16 two or three.
    let trial = |replicas| Setting { batch: Batch::Trial, replicas: Some(replicas), ..Setting::default() };
    let of = |name, file, filter: Filter, candidate, setting, columns| Scenario {
        name,
        file,
        filter: filter.to_vec(),
        experiment: "node-failure",
        candidate: Some(candidate),
        until: 560.0,
        setting,
        columns,
        note: "",
    };
    let (nodes, pods) = ("e5_node_failure_nodes.csv", "e5_node_failure_pods.csv");
    let of_nodes = || {
        vec![
            predicted("kill_to_ready_unknown", c::down_to_unknown()),
            predicted("kill_to_noexecute_taint", c::down_to_taint()),
            fitted("kubelet_restart_to_node_ready", c::up_to_node_ready(), "kubeletReady"),
            predicted("kubelet_restart_to_taints_gone", c::up_to_taint_gone()),
        ]
    };
    let kubelet = |scenario: Scenario| Scenario { until: 190.0, ..scenario };
    vec![
        Scenario {
            name: "kubelet restart",
            file: "e1_kubelet_restart.csv",
            filter: vec![],
            experiment: "kubelet-restart",
            candidate: None,
            until: 120.0,
            setting: Setting::default(),
            columns: vec![
                predicted("readiness_restart_to_first_probe", c::up_to_probe(Readiness)),
                predicted("readiness_phase_shift_mod5", c::phase_shift(Readiness)),
                predicted("liveness_restart_to_first_probe", c::up_to_probe(Liveness)),
                predicted("liveness_phase_shift_mod5", c::phase_shift(Liveness)),
            ],
            note: "",
        },
        of("Node failure: Nodes", nodes, &[("mode", "all")], "tolerates-300s", trial(12), of_nodes()),
        of(
            "Node failure: Pods",
            pods,
            &[("mode", "all"), ("toleration", "default")],
            "tolerates-300s",
            trial(12),
            lost_pods(),
        ),
        of(
            "Node failure: Pods that tolerate 10 s",
            pods,
            &[("mode", "all"), ("toleration", "10")],
            "tolerates-10s",
            trial(12),
            lost_pods(),
        ),
        kubelet(of("dead kubelets: Nodes", nodes, &[("mode", "kubelet")], "kubelet", trial(16), of_nodes())),
        kubelet(of("dead kubelets: Pods", pods, &[("mode", "kubelet")], "kubelet", trial(16), surviving_pods())),
    ]
}

fn lost_pods() -> Vec<Column> {
    vec![
        predicted("kill_to_pod_ready_false", c::down_to_not_ready()),
        predicted("kill_to_eps_notready", c::down_to_endpoint_not_ready()),
        predicted("kill_to_pod_deletion", c::down_to_deletion()),
        predicted("ready_false_to_pod_deletion", c::not_ready_to_deletion()),
        predicted("kill_to_pod_object_gone", c::down_to_gone()),
        predicted("kubelet_restart_to_pod_object_gone", c::up_to_gone()),
        fitted("deletion_to_replacement_created", c::deletion_to_replacement(), "replacement"),
        fitted("created_to_scheduled", c::replacement_to_scheduled(), "bind"),
        predicted("created_to_ready", c::replacement_to_ready()),
        predicted("kill_to_replacement_ready", c::down_to_replacement_ready()),
        predicted("kill_to_replacement_eps_ready", c::down_to_replacement_endpoint_ready()),
    ]
}

fn surviving_pods() -> Vec<Column> {
    vec![
        predicted("kill_to_pod_ready_false", c::down_to_not_ready()),
        predicted("kill_to_eps_notready", c::down_to_endpoint_not_ready()),
        predicted("kubelet_restart_to_same_pod_ready", c::up_to_ready()),
        predicted("kubelet_restart_to_same_pod_eps_ready", c::up_to_endpoint_ready()),
    ]
}

/// Faults while the API server is away.
fn outages() -> Vec<Scenario> {
    let scenario = |(name, fault)| Scenario {
        name,
        file: "e10_apiserver_outage.csv",
        filter: vec![("fault", fault)],
        experiment: "api-server-outage",
        candidate: Some(fault),
        until: 150.0,
        setting: Setting::default(),
        columns: vec![
            predicted("fault_to_exit", c::fault_to_exit()),
            predicted("fault_to_new_start", c::fault_to_new_start()),
            predicted("new_start_to_first_readiness_probe", c::new_start_to_readiness_probe()),
            fitted("fault_to_ready_again_api", c::fault_to_status(), "the end of the outage"),
        ],
        note: "",
    };
    [("crash without an API server", "crash"), ("hang without an API server", "hang")].map(scenario).into()
}

/// A leader is lost, and a standby takes over.
fn leaders() -> Vec<Scenario> {
    let cases = [
        ("controller manager killed", "kube-controller-manager", "SIGKILL", "controllerManager"),
        ("scheduler stopped", "kube-scheduler", "SIGTERM", "schedulerStop"),
    ];
    let scenario = |(name, component, how, candidate)| Scenario {
        name,
        file: "e11_leader_failover.csv",
        filter: vec![("component", component), ("how", how)],
        experiment: "leader-failover",
        candidate: Some(candidate),
        until: 150.0,
        setting: Setting { batch: Batch::Row, replicas: Some(1), ..Setting::default() },
        columns: vec![predicted("kill_to_new_holder", c::gone_to_elected())],
        note: "",
    };
    cases.map(scenario).into()
}

fn terminations() -> Vec<Scenario> {
    let cases = [
        ("deletion, exits on SIGTERM, fast", "fast", "exit-g30", "fast-exits"),
        ("deletion, SIGTERM ignored, grace 10 s, fast", "fast", "ignore-g10", "fast-ignores"),
        ("deletion, preStop sleep 5 s, fast", "fast", "presleep5-exit-g30", "fast-prestop"),
        ("deletion, exits on SIGTERM, delayed", "delayed", "exit-g30", "delayed-exits"),
        ("deletion, SIGTERM ignored, grace 10 s, delayed", "delayed", "ignore-g10", "delayed-ignores"),
        ("deletion, preStop sleep 5 s, delayed", "delayed", "presleep5-exit-g30", "delayed-prestop"),
    ];
    let scenario = |(name, runtime, case, candidate)| {
        // Median and 95th percentile of delete_to_deletionTimestamp.
        let (median, p95) = if runtime == "fast" { (0.045, 0.145) } else { (0.0055, 0.0085) };
        let request = Law::lognormal_with_p95(median, p95).expect("positive");
        Scenario {
            name,
            file: "e9_pod_termination.csv",
            filter: vec![("runtime", runtime), ("case", case)],
            experiment: "termination",
            candidate: Some(candidate),
            until: 90.0,
            setting: Setting { request, ..Setting::default() },
            columns: vec![
                fitted("delete_to_deletionTimestamp", c::asked_to_deleted(), "the watcher's request"),
                predicted("delete_to_eps_notready", c::asked_to_endpoint_not_ready()),
                predicted("delete_to_eps_terminating", c::asked_to_endpoint_terminating()),
                predicted("delete_to_eps_removed", c::asked_to_endpoint_gone()),
                fitted("delete_to_runtime_stop_call", c::asked_to_stop(), "deletionSeen"),
                predicted("delete_to_sigterm", c::asked_to_sigterm()),
                predicted("delete_to_exit", c::asked_to_exit()),
                predicted("delete_to_pod_ready_false", c::asked_to_not_ready()),
                predicted("delete_to_object_gone", c::asked_to_gone()),
                predicted("exit_to_object_gone", c::exit_to_gone()),
                predicted("liveness_probes_while_terminating", c::probes_while_terminating(Liveness)),
                predicted("readiness_probes_while_terminating", c::probes_while_terminating(Readiness)),
                fitted("replacement_created", c::asked_to_replacement(), "replacement"),
            ],
            note: "counted from the watcher's request",
        }
    };
    cases.map(scenario).into()
}
