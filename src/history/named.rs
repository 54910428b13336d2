//! Causes in results, where a fault has a name and no number.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cause::Cause;

const PROBE: &str = "probe";
const START: &str = "start";
const OVERLOAD: &str = "overload";
const AUTOSCALER: &str = "autoscaler";

/// A [`Cause`] under the name that results give it. No fault may be called `probe`, `start`, `overload` or
/// `autoscaler`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamedCause {
    /// The fault of this name.
    Fault(String),
    /// `probe`: no fault, but a needless reaction of a probe.
    Probe,
    /// `start`: no fault, but the slot has not delivered yet.
    Start,
    /// `overload`: no fault, but more requests come than all Pods can answer.
    Overload,
    /// `autoscaler`: no fault, but the autoscaler has removed Pods, or begun to add some.
    Autoscaler,
}

impl NamedCause {
    /// The name of a cause in a model whose faults have these names.
    pub fn of(cause: Cause, faults: &[String]) -> Self {
        match cause {
            Cause::Fault(fault) => Self::Fault(faults[fault.index()].clone()),
            Cause::Probe => Self::Probe,
            Cause::Start => Self::Start,
            Cause::Overload => Self::Overload,
            Cause::Autoscaler => Self::Autoscaler,
        }
    }

    /// The cause that has this name.
    pub fn from_name(name: String) -> Self {
        match name.as_str() {
            PROBE => Self::Probe,
            START => Self::Start,
            OVERLOAD => Self::Overload,
            AUTOSCALER => Self::Autoscaler,
            _ => Self::Fault(name),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Fault(name) => name,
            Self::Probe => PROBE,
            Self::Start => START,
            Self::Overload => OVERLOAD,
            Self::Autoscaler => AUTOSCALER,
        }
    }
}

impl fmt::Display for NamedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for NamedCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for NamedCause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from_name)
    }
}
