//! Outages that were played once more to be shown: lanes of what lasted and what happened, as plain data in words, so that a
//! report can draw them without a model.

use serde::{Deserialize, Serialize};

/// An outage that stands for others of its length, and where it is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutageExample {
    /// Of which statistic of `time_to_recovery_s` it is the nearest outage: `p50`, `p95` or `max`, the longest of all:
    /// one without an end, if there is one.
    pub statistic: String,
    /// How long it lasted, in seconds.
    pub length_s: f64,
    /// The replication, from 0.
    pub replication: u64,
    /// It was the n-th counted outage of its replication, from 1.
    pub number: u64,
    /// It had no end, though it was followed for one horizon after the counted time; left out if it ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_end: bool,
}

/// One outage, played again: from what led to it until all replicas are back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// Name of the scenario.
    pub scenario: String,
    /// The outage; the first of its statistics, if it stands for several.
    pub outage: OutageExample,
    /// Where the excerpt begins, in seconds after the start of counting; negative before it.
    pub begins_s: f64,
    /// How long the excerpt is, in seconds.
    pub lasts_s: f64,
    /// When in the excerpt the outage begins, in seconds.
    pub outage_from_s: f64,
    /// What is not shown because it would be too much, in words; left out where all is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// From top to bottom; those of a group follow each other.
    pub lanes: Vec<Lane>,
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Where it belongs.
    pub group: Group,
    /// Its name: `slot 0`, `pod 1.2 container`.
    pub name: String,
    /// Of a Pod's lane the revision of its template, counted from 1; left out where all Pods that are shown are of the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// What lasts, by beginning. Those of a lane do not overlap but may follow each other at once.
    pub spans: Vec<Span>,
    /// What happens at an instant, by time.
    pub marks: Vec<Mark>,
}

/// What belongs together, from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// What users notice.
    Service,
    /// What is done on purpose: rollouts, scalings, drains, upgrades and withdrawals of Nodes.
    Operations,
    /// Controllers, scheduler, EndpointSlices, proxy.
    ControlPlane,
    /// Pods, their containers and probers.
    Pods,
    /// Nodes and zones.
    Nodes,
    /// What strikes.
    Faults,
}

impl Group {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::Operations => "Operations",
            Self::ControlPlane => "Control plane",
            Self::Pods => "Pods",
            Self::Nodes => "Nodes and zones",
            Self::Faults => "Faults",
        }
    }
}

/// Something that lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its beginning within the excerpt, in seconds.
    pub from_s: f64,
    /// Its end within the excerpt.
    pub to_s: f64,
    /// What it is.
    pub words: String,
    /// How loud it is.
    pub tone: Tone,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When within the excerpt, in seconds.
    pub at_s: f64,
    /// What.
    pub words: String,
    /// Numbers of the rules behind it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rules: String,
    /// How loud it is.
    pub tone: Tone,
}

/// How loud something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Shown only where each probe is asked for.
    Detail,
    /// An ordinary happening.
    Plain,
    /// Users may notice.
    Bad,
    /// It is well again.
    Good,
}
