//! Upgrades of Nodes: what a file says of them, and what the presets of providers stand for.

use crate::model::{Drainer, NodeUpgrade, OnTimeout, UpgradeOrder, YEAR};
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::law;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Value;
use crate::time::Duration;

/// The fields that an upgrade has and no other operation.
pub(super) const FIELDS: [&str; 10] =
    ["preset", "surge", "atOnce", "order", "cordon", "soak", "nodeTakes", "drainTimeout", "onTimeout", "failed"];

/// More machines at once than anybody orders.
pub(in crate::spec) const MOST_AT_ONCE: i64 = 1000;

/// An upgrade as it is written.
pub(super) struct Upgrade {
    /// With the sizes yet to be set.
    pub plan: NodeUpgrade,
    pub sizes: Sizes,
    pub node_takes: Law,
}

/// How many Nodes are in work, as it is written: the cluster says what that means.
#[derive(Debug, Clone, Copy)]
pub(in crate::spec) struct Sizes {
    surge: Size,
    /// Left out: as many as new Nodes join, and at least one.
    at_once: Option<u32>,
}

/// A number of Nodes, as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    Nodes(u32),
    /// So many per cent of the Nodes, rounded up.
    Percent(u32),
    /// So many for each zone.
    EachZone(u32),
}

impl Size {
    /// How many that are in a cluster of so many Nodes and zones; never more than there are.
    pub fn of(self, nodes: usize, zones: usize) -> u32 {
        let nodes = u32::try_from(nodes).unwrap_or(u32::MAX);
        let zones = u32::try_from(zones).unwrap_or(u32::MAX).max(1);
        let size = match self {
            Self::Nodes(size) => size,
            Self::Percent(percent) => (u64::from(nodes) * u64::from(percent)).div_ceil(100) as u32,
            Self::EachZone(each) => zones.saturating_mul(each),
        };
        size.min(nodes)
    }
}

impl Sizes {
    /// How many new Nodes join first in a cluster of so many Nodes and zones.
    pub fn surge(self, nodes: usize, zones: usize) -> u32 {
        let surge = self.surge.of(nodes, zones);
        // Where all new Nodes join first, there are at least as many as are in work.
        let least = match self.surge {
            Size::EachZone(_) => self.at_once.unwrap_or(1),
            Size::Nodes(_) | Size::Percent(_) => 0,
        };
        surge.max(least).min(u32::try_from(nodes).unwrap_or(u32::MAX))
    }

    /// The plan with these sizes.
    pub fn apply(self, plan: &mut NodeUpgrade, nodes: usize, zones: usize) {
        plan.surge = self.surge(nodes, zones);
        plan.at_once = self.at_once.unwrap_or(plan.surge.max(1));
    }
}

/// What a provider does, or somebody by hand (V17–V21).
#[derive(Debug, Clone, Copy)]
struct Preset {
    sizes: Sizes,
    order: UpgradeOrder,
    cordons_all: bool,
    soak: Duration,
    drainer: Drainer,
    drain_timeout: Option<Duration>,
    on_timeout: OnTimeout,
    frees_failed: bool,
}

/// Without a preset: one Node after the other in its place, and drains that never give up.
const PLAIN: Preset = Preset {
    sizes: Sizes { surge: Size::Nodes(0), at_once: None },
    order: UpgradeOrder::Random,
    cordons_all: false,
    soak: Duration::ZERO,
    drainer: Drainer::Kubectl,
    drain_timeout: None,
    on_timeout: OnTimeout::Fail,
    frees_failed: false,
};

/// Surge upgrades of GKE: budgets are honoured for an hour, then the Pods go with the machine (V18).
const GKE: Preset = Preset {
    sizes: Sizes { surge: Size::Nodes(1), at_once: None },
    drain_timeout: Some(Duration::from_secs(3600)),
    on_timeout: OnTimeout::Force,
    ..PLAIN
};

/// AKS: 30 minutes for each Node, then the upgrade fails and the Node takes Pods again (V19).
const AKS: Preset = Preset {
    sizes: Sizes { surge: Size::Percent(10), at_once: None },
    drain_timeout: Some(Duration::from_secs(30 * 60)),
    frees_failed: true,
    ..PLAIN
};

/// Managed node groups of EKS: all new Nodes are Ready before the old ones are cordoned, and drained one after the other; after 15
/// minutes the upgrade fails (V20). A drained instance is left for a minute.
const EKS: Preset = Preset {
    sizes: Sizes { surge: Size::EachZone(2), at_once: Some(1) },
    cordons_all: true,
    soak: Duration::from_secs(60),
    drain_timeout: Some(Duration::from_secs(15 * 60)),
    frees_failed: true,
    ..PLAIN
};

/// `kubectl drain` by hand, Node after Node, which waits for ever (V17).
const KUBEADM: Preset = Preset { order: UpgradeOrder::Listed, ..PLAIN };

/// Karpenter's drift: a tenth of the Nodes at a time, new ones Ready first, and evictions that are asked for for ever (V21, V21a).
const KARPENTER: Preset =
    Preset { sizes: Sizes { surge: Size::Percent(10), at_once: None }, drainer: Drainer::Karpenter, ..PLAIN };

const PRESETS: [(&str, Preset); 5] =
    [("gke", GKE), ("aks", AKS), ("eks", EKS), ("kubeadm", KUBEADM), ("karpenter", KARPENTER)];

/// Reads what belongs to an upgrade.
pub(super) fn read(object: &mut Object<'_>, problems: &mut Problems) -> Option<Upgrade> {
    let preset = object.get("preset");
    let base = preset.as_ref().map_or(Some(PLAIN), |preset| preset.word(problems, &PRESETS));
    let orders = [("random", UpgradeOrder::Random), ("zones", UpgradeOrder::Zones), ("listed", UpgradeOrder::Listed)];
    let ends = [("force", OnTimeout::Force), ("fail", OnTimeout::Fail), ("skip", OnTimeout::Skip)];
    let surge = given(object.get("surge"), |item| read_size(item, 0, problems));
    let at_once = given(object.get("atOnce"), |item| item.integer(problems, 1..=MOST_AT_ONCE));
    let order = given(object.get("order"), |item| item.word(problems, &orders));
    let cordons_all = given(object.get("cordon"), |item| item.word(problems, &[("each", false), ("all", true)]));
    let soak = given(object.get("soak"), |item| item.duration(problems, Duration::ZERO..=YEAR));
    let timeout_item = object.get("drainTimeout");
    let drain_timeout = given(timeout_item.clone(), |item| read_timeout(item, problems));
    let on_timeout = given(object.get("onTimeout"), |item| item.word(problems, &ends));
    let frees = given(object.get("failed"), |item| item.word(problems, &[("cordoned", false), ("schedulable", true)]));
    let node_takes = read_node_takes(object, problems);
    if let (Some(item), Some(Some(Some(_))), Some(None), None) = (&timeout_item, drain_timeout, on_timeout, &preset) {
        let rule = "after which a drain gives up, must stand beside onTimeout: it says what follows";
        item.refuse(problems, rule);
        problems.list.last_mut()?.help("write `onTimeout: force`, `fail` or `skip`");
        return None;
    }
    let base = base?;
    let at_once = at_once?.map_or(base.sizes.at_once, |at_once| u32::try_from(at_once).ok());
    let sizes = Sizes { surge: surge?.unwrap_or(base.sizes.surge), at_once };
    let plan = NodeUpgrade {
        surge: 0,
        at_once: 1,
        order: order?.unwrap_or(base.order),
        cordons_all: cordons_all?.unwrap_or(base.cordons_all),
        soak: soak?.unwrap_or(base.soak),
        drainer: base.drainer,
        drain_timeout: drain_timeout?.unwrap_or(base.drain_timeout),
        on_timeout: on_timeout?.unwrap_or(base.on_timeout),
        frees_failed: frees?.unwrap_or(base.frees_failed),
    };
    Some(Upgrade { plan, sizes, node_takes: node_takes? })
}

/// What is not there is `Some(None)`; what is wrong is `None`, and has been told.
pub(super) fn given<T>(item: Option<Item<'_>>, read: impl FnOnce(&Item<'_>) -> Option<T>) -> Option<Option<T>> {
    item.map_or(Some(None), |item| read(&item).map(Some))
}

/// How many Nodes, or how many per cent of them.
pub(super) fn read_size(item: &Item<'_>, least: i64, problems: &mut Problems) -> Option<Size> {
    let Value::String(text) = &item.node.value else {
        let nodes = item.integer(problems, least..=MOST_AT_ONCE)?;
        return u32::try_from(nodes).ok().map(Size::Nodes);
    };
    match text.strip_suffix('%').and_then(|percent| percent.parse().ok()) {
        Some(percent @ 0..=100) if i64::from(percent) >= least => Some(Size::Percent(percent)),
        Some(0) => {
            item.refuse(problems, "must be at least 1%");
            None
        }
        Some(_) => {
            item.refuse(problems, "must be at most 100%");
            None
        }
        None => {
            item.refuse(problems, "must be how many Nodes, such as 1, or a share of them, such as 10%");
            None
        }
    }
}

/// `never`, or after how long.
fn read_timeout(item: &Item<'_>, problems: &mut Problems) -> Option<Option<Duration>> {
    if matches!(&item.node.value, Value::String(word) if word == "never") {
        return Some(None);
    }
    super::read_timeout(item, "write `never` for drains that never give up", problems).map(Some)
}

pub(super) fn read_node_takes(object: &mut Object<'_>, problems: &mut Problems) -> Option<Law> {
    match object.get("nodeTakes") {
        Some(item) => law::read(&item, problems),
        None => {
            let message = "is missing: how long a new machine takes until it is a Node that is Ready";
            problems
                .error(object.mark, &object.join("nodeTakes"), message)
                .help("1 to 5 minutes are usual: `nodeTakes: {lognormal: {median: 2m, p95: 5m}}`");
            None
        }
    }
}
