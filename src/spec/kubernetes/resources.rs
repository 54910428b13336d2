//! Resources by name: what containers ask for and what Nodes offer (M2, M4, M6).
//! Follows `pkg/apis/core/validation/validation.go ValidateContainerResourceRequirements` and
//! `pkg/apis/core/v1/helper/helpers.go`.

use std::collections::BTreeMap;

use crate::model::Resources;
use crate::spec::diagnostic::Problems;
use crate::spec::labels::label_key_rule;
use crate::spec::quantity::{self, Quantity};
use crate::spec::reader::{Item, nearest};
use crate::spec::tree::Mark;

/// Scratch space on the Node's own disk.
pub(in crate::spec) const EPHEMERAL_STORAGE: &str = "ephemeral-storage";

/// The names that go without a domain; pages of memory follow in their sizes.
const STANDARD: [&str; 3] = ["cpu", "memory", EPHEMERAL_STORAGE];

/// Amounts of resources other than CPU and memory by name, in whole units: devices, or bytes.
pub(in crate::spec) type Others = BTreeMap<String, u64>;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::spec) struct Requests {
    pub main: Resources,
    pub others: Others,
}

impl Requests {
    /// The sum of both.
    pub fn plus(mut self, other: &Self) -> Self {
        self.main.cpu_millis = self.main.cpu_millis.saturating_add(other.main.cpu_millis);
        self.main.memory_bytes = self.main.memory_bytes.saturating_add(other.main.memory_bytes);
        for (name, amount) in &other.others {
            let sum = self.others.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
        self
    }

    /// The larger amount of each resource.
    pub fn or_more(mut self, other: &Self) -> Self {
        self.main.cpu_millis = self.main.cpu_millis.max(other.main.cpu_millis);
        self.main.memory_bytes = self.main.memory_bytes.max(other.main.memory_bytes);
        for (name, amount) in &other.others {
            let most = self.others.entry(name.clone()).or_default();
            *most = (*most).max(*amount);
        }
        self
    }

    /// With what is stated for the Pod as a whole in place of the sum over its containers.
    pub fn replaced(mut self, whole: Self) -> Self {
        let or = |whole: u64, sum: u64| if whole > 0 { whole } else { sum };
        self.main.cpu_millis = or(whole.main.cpu_millis, self.main.cpu_millis);
        self.main.memory_bytes = or(whole.main.memory_bytes, self.main.memory_bytes);
        self.others.extend(whole.others.into_iter().filter(|(_, amount)| *amount > 0));
        self
    }
}

/// What a Node says that it offers.
#[derive(Debug, Clone, Default)]
pub(in crate::spec) struct Capacity {
    /// Thousandths of a CPU.
    pub cpu: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
    pub pods: Option<u64>,
    pub others: Others,
}

impl Capacity {
    /// These amounts with what another statement adds.
    pub fn or(self, other: Self) -> Self {
        let mut others = other.others;
        others.extend(self.others);
        Self {
            cpu: self.cpu.or(other.cpu),
            memory: self.memory.or(other.memory),
            pods: self.pods.or(other.pods),
            others,
        }
    }
}

/// A quantity with its name and its place.
struct Entry<'a> {
    name: &'a str,
    key_mark: Mark,
    quantity: Quantity,
    item: Item<'a>,
}

/// Reads `{requests, limits}` of a container. M2: requests are the limits where only limits are given.
pub(in crate::spec) fn read_of_container(item: &Item<'_>, problems: &mut Problems) -> Option<Requests> {
    read(item, container_rule, problems)
}

/// The CPU limit in the `resources` of a container, in thousandths.
pub(in crate::spec) fn cpu_limit(item: &Item<'_>) -> Option<u64> {
    let limit = item.node.get("limits")?.get("cpu")?;
    quantity::read(&Item::new(limit, ""), &mut Problems::default(), false).map(Quantity::millis)
}

/// Reads `{requests, limits}` of a Pod as a whole.
pub(in crate::spec) fn read_of_pod(item: &Item<'_>, problems: &mut Problems) -> Option<Requests> {
    read(item, pod_rule, problems)
}

/// Reads what a Pod needs beside its containers, which follows the rules for them.
pub(in crate::spec) fn read_overhead(item: &Item<'_>, problems: &mut Problems) -> Requests {
    let list = read_quantities(item, problems);
    check_names(&list, container_rule, problems);
    requests(&list, &[])
}

/// Reads what a Node offers: a map of quantities, such as its allocatable.
pub(in crate::spec) fn read_capacity(item: &Item<'_>, problems: &mut Problems) -> Capacity {
    let mut capacity = Capacity::default();
    for Entry { name, quantity, .. } in read_quantities(item, problems) {
        match name {
            "cpu" => capacity.cpu = Some(quantity.millis()),
            "memory" => capacity.memory = Some(quantity.units()),
            "pods" => capacity.pods = Some(quantity.units()),
            _ => {
                capacity.others.insert(name.to_string(), quantity.units());
            }
        }
    }
    capacity
}

/// How much a Node has of a resource. What it does not state it has none of; nothing limits its disk then.
pub(in crate::spec) fn allocatable(others: &Others, name: &str) -> Option<u64> {
    match others.get(name) {
        None if name == EPHEMERAL_STORAGE => None,
        offered => Some(offered.copied().unwrap_or(0)),
    }
}

/// Whether a key of a Cluster's `node` names a resource that goes under its own name.
pub(in crate::spec) fn is_other(name: &str) -> bool {
    name == EPHEMERAL_STORAGE || name.contains('/') || is_pages(name)
}

fn read(item: &Item<'_>, rule: fn(&str) -> Option<&'static str>, problems: &mut Problems) -> Option<Requests> {
    let mut object = item.object(problems)?;
    let limits = object.get("limits").map(|limits| read_quantities(&limits, problems)).unwrap_or_default();
    let requested = object.get("requests").map(|requests| read_quantities(&requests, problems)).unwrap_or_default();
    object.finish(problems, &["claims"]);
    check_names(&limits, rule, problems);
    check_names(&requested, rule, problems);
    for request in &requested {
        let limit = limits.iter().find(|limit| limit.name == request.name);
        check_against(request, limit, problems);
    }
    let all = || limits.iter().chain(&requested);
    if all().any(|one| is_pages(one.name)) && !all().any(|one| matches!(one.name, "cpu" | "memory")) {
        problems.error(item.mark(), &item.path, "has huge pages, which must go with cpu or memory");
    }
    Some(requests(&requested, &limits))
}

/// A request beside its limit. What cannot be overcommitted must have one, and the same.
fn check_against(request: &Entry<'_>, limit: Option<&Entry<'_>>, problems: &mut Problems) {
    let Entry { name, quantity, item, .. } = request;
    match limit {
        None if !may_overcommit(name) => {
            let rule = format!("must go with a {name} limit of the same amount, as it cannot be overcommitted");
            let help = format!("add `limits: {{{name}: {}}}`", item.node.shown());
            problems.value(item.node, &item.path, rule).help(help);
        }
        Some(limit) if !may_overcommit(name) && quantity.differs(limit.quantity) => {
            let rule = format!(
                "must be equal to the {name} limit, {}, as it cannot be overcommitted",
                limit.item.node.shown()
            );
            problems.value(item.node, &item.path, rule).help("state the limit alone: the request follows it");
        }
        Some(limit) if quantity.exceeds(limit.quantity) => {
            item.refuse(problems, format_args!("must be less than or equal to {name} limit"));
        }
        _ => {}
    }
}

fn check_names(list: &[Entry<'_>], rule: fn(&str) -> Option<&'static str>, problems: &mut Problems) {
    for Entry { name, key_mark, quantity, item } in list {
        if let Some(rule) = label_key_rule(name).map(|_| QUALIFIED).or_else(|| rule(name)) {
            let problem = problems.error(*key_mark, &item.path, format!("has the name {name}, {rule}"));
            if let Some(name) = nearest(name, STANDARD) {
                problem.help(format!("did you mean `{name}`?"));
            }
        } else if is_extended(name) && !quantity.is_whole() {
            item.refuse(problems, "must be an integer: devices are not shared out in parts");
        }
    }
}

const QUALIFIED: &str =
    "must be a name of at most 63 letters, digits, `-`, `_` or `.`, after an optional DNS name and `/`";

fn container_rule(name: &str) -> Option<&'static str> {
    const RULE: &str =
        "must be cpu, memory, ephemeral-storage or hugepages-SIZE, or have a domain, such as nvidia.com/gpu";
    let is_known = if name.contains('/') { is_native(name) || is_extended(name) } else { is_standard(name) };
    (!is_known).then_some(RULE)
}

fn pod_rule(name: &str) -> Option<&'static str> {
    let is_known = is_standard(name) && name != EPHEMERAL_STORAGE;
    (!is_known).then_some("must be cpu, memory or hugepages-SIZE for a Pod as a whole")
}

fn is_standard(name: &str) -> bool {
    STANDARD.contains(&name) || is_pages(name)
}

fn is_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Follows `IsNativeResource`.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Follows `IsExtendedResourceName`.
fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.")
}

/// Follows `IsOvercommitAllowed`.
fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_pages(name)
}

fn requests(requested: &[Entry<'_>], limits: &[Entry<'_>]) -> Requests {
    let mut sum = Requests::default();
    // What is requested overwrites the limits.
    for Entry { name, quantity, .. } in limits.iter().chain(requested) {
        match *name {
            "cpu" => sum.main.cpu_millis = quantity.millis(),
            "memory" => sum.main.memory_bytes = quantity.units(),
            _ => {
                sum.others.insert((*name).to_string(), quantity.units());
            }
        }
    }
    sum
}

fn read_quantities<'a>(item: &Item<'a>, problems: &mut Problems) -> Vec<Entry<'a>> {
    let Some(object) = item.object(problems) else { return Vec::new() };
    object
        .keys()
        .filter_map(|entry| {
            let item = Item::new(&entry.value, object.join(&entry.key));
            let quantity = quantity::read(&item, problems, entry.key.ends_with("memory"))?;
            Some(Entry { name: &entry.key, key_mark: entry.key_mark, quantity, item })
        })
        .collect()
}
