//! Changes made on purpose, as the page tells them among what is assumed: how often they come, and what may become of them.

use crate::report::format;
use crate::results::{BadInfo, ExperimentResult, FaultInfo, FlawInfo, OperationInfo};

/// One operation.
pub struct Change {
    pub name: String,
    /// In sentences.
    pub words: String,
    pub source: String,
}

/// All operations that were played.
pub fn of(result: &ExperimentResult) -> Vec<Change> {
    let change = |info: &FaultInfo| {
        let words = words(info, info.operation.as_ref()?);
        Some(Change { name: info.name.clone(), words, source: info.source.clone() })
    };
    result.faults.iter().filter_map(change).collect()
}

/// The names of the operations and of what is wrong with what they bring: no faults of their own.
pub fn names(result: &ExperimentResult) -> Vec<&str> {
    result.faults.iter().flat_map(FaultInfo::causes_of_operation).collect()
}

fn words(info: &FaultInfo, operation: &OperationInfo) -> String {
    let often = info.every_mean_s.map_or("once, at a moment of the script".to_owned(), |mean| {
        let hours = info.hours.as_ref().map_or(String::new(), |hours| format!(" ({hours})"));
        format!("every {} on average{hours}", format::tick(mean))
    });
    match operation {
        OperationInfo::Rollout { new_image, bad } => {
            let image = if *new_image { "with a new image" } else { "with the same image" };
            let bad = bad.as_ref().map_or(String::new(), |bad| format!(" {}", bad_words(&info.name, bad)));
            let stuck = info.lasts_mean_s.map_or(String::new(), |mean| {
                format!(
                    " One that is stuck for progressDeadlineSeconds is rolled back {} later on average.",
                    format::tick(mean)
                )
            });
            format!(
                "a new revision is rolled out {image}, {often}, as the strategy of the Deployment says, and without one with maxSurge and \
                 maxUnavailable of 25 % each, the default of Kubernetes.{bad}{stuck}"
            )
        }
        OperationInfo::Scale { to } => {
            let replicas = if *to == 1 { "replica" } else { "replicas" };
            let back = info.lasts_mean_s.map_or("It stays so".to_owned(), |mean| {
                format!("The manifest's number is set again {} later on average", format::tick(mean))
            });
            format!("it is scaled to {to} {replicas} by hand, {often}. {back}.")
        }
        OperationInfo::Drain { takes_turns, timeout_s } => {
            let node =
                if *takes_turns { "one Node after the other is drained" } else { "a Node that is named is drained" };
            let gives_up = timeout_s.map_or("It never gives up".to_owned(), |timeout| {
                format!("It gives up after {}", format::tick(timeout))
            });
            let uncordoned = info.lasts_mean_s.map_or(String::new(), |mean| {
                format!(", and the Node takes Pods again {} after its end on average", format::tick(mean))
            });
            format!("{node}, {often}. {gives_up}{uncordoned}.")
        }
        OperationInfo::UpgradeNodes { surge, at_once, timeout_s, on_timeout } => {
            let first = match surge {
                0 => "in its place".to_owned(),
                1 => "which joins before the old one is drained".to_owned(),
                n => format!("and {n} of these at a time join before old ones are drained"),
            };
            let takes = info
                .lasts_mean_s
                .map_or(String::new(), |mean| format!(" A new machine takes {} on average", format::tick(mean)));
            let nodes = if *at_once == 1 { "one Node is".to_owned() } else { format!("{at_once} Nodes are") };
            let then = match on_timeout.as_str() {
                "force" => "the machine is deleted with the Pods that are left",
                "skip" => "the Node keeps its machine and the next one follows",
                _ => "the upgrade ends there",
            };
            let gives_up = timeout_s.map_or("Drains never give up".to_owned(), |timeout| {
                format!("After {} a drain gives up, and {then}", format::tick(timeout))
            });
            format!("every Node gets a new machine, {first}, {often}; {nodes} in work at a time.{takes}. {gives_up}.")
        }
        OperationInfo::WithdrawNode { reason, nodes, share, notice_s, handler, replacement } => {
            let takes = info
                .lasts_mean_s
                .map_or(String::new(), |mean| format!(" A new machine takes {} on average", format::tick(mean)));
            let ordered = match replacement.as_str() {
                "first" => "and is Ready before anything is done to the old Node",
                "atNotice" => "and is ordered at once",
                _ => "and is ordered when the old one has gone",
            };
            let who = withdrawn(reason, *nodes, *share, &often);
            let pods = about_pods(handler, *notice_s, reason != "reclaim");
            format!("{who}. {pods}{takes}, {ordered}.")
        }
    }
}

/// Whose turn it is, and how often.
fn withdrawn(reason: &str, nodes: usize, share: Option<f64>, often: &str) -> String {
    let which = if nodes == 1 { "the Node".to_owned() } else { format!("{nodes} Nodes") };
    match (reason, share) {
        ("reclaim", Some(share)) => {
            let each = format::share(share, 1.0);
            format!(
                "in bursts the cloud takes spot Nodes of a zone back, each with a chance of {each} ({which} may go): in each zone {often}"
            )
        }
        ("reclaim", None) => format!("the cloud takes spot Nodes back: each of {which} {often}"),
        ("expire", _) => format!("Karpenter replaces Nodes that have expired: each of {which} {often}"),
        _ => format!("Karpenter consolidates: one of {which} is replaced {often}"),
    }
}

/// What becomes of the Pods, and when the machine goes.
fn about_pods(handler: &str, notice_s: Option<f64>, is_forced: bool) -> String {
    match (handler, notice_s.map(format::tick)) {
        ("evict", None) => "The Node is drained, for as long as budgets want.".to_owned(),
        ("evict", Some(notice)) if is_forced => {
            format!(
                "The Node is drained; {notice} after that began the machine goes, and Pods are deleted in time, whatever budgets say."
            )
        }
        ("evict", Some(notice)) => {
            format!("The Node is drained at once; {notice} later the machine is gone, drained or not.")
        }
        ("shutdown", notice) => {
            let notice = notice.unwrap_or_default();
            format!("Its kubelet stops all Pods at once, whatever budgets say; {notice} later the machine is gone.")
        }
        (_, notice) => format!("Nobody drains the Node; {} later the machine is gone.", notice.unwrap_or_default()),
    }
}

fn bad_words(operation: &str, bad: &BadInfo) -> String {
    let flaw = |flaw: &FlawInfo| {
        let kind = flaw.name.strip_prefix(operation).unwrap_or(&flaw.name).trim_start_matches('-').to_owned();
        let after = flaw.after_mean_s.map(|mean| {
            let how = if flaw.is_leak { "its memory is full" } else { "it exits" };
            format!(" ({how} after {} of work on average)", format::tick(mean))
        });
        let failing = flaw.failing.map(|share| format!(" (for {} of the requests)", format::plain_percent(share)));
        [kind, after.unwrap_or_default(), failing.unwrap_or_default()].concat()
    };
    let flaws: Vec<String> = bad.flaws.iter().map(flaw).collect();
    let flaws = match &flaws[..] {
        [first @ .., last] if !first.is_empty() => {
            format!("{} or {last}, each as often as the others", first.join(", "))
        }
        _ => flaws.concat(),
    };
    format!(
        "Of these {} bring a bad revision: {flaws}. That is noticed {} after the rollout begins on average, and rolled back.",
        format::share(bad.share, 1.0),
        format::tick(bad.noticed_mean_s)
    )
}
