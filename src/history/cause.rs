//! Who is charged with the time in which a slot does not deliver.

use crate::ids::FaultId;

/// One of those that are charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A fault of the model.
    Fault(FaultId),
    /// No fault: a needless reaction of a probe.
    Probe,
    /// No fault: the slot has not delivered yet.
    Start,
    /// No fault: more requests come than all Pods can answer.
    Overload,
    /// No fault: the autoscaler has removed Pods, or begun to add some.
    Autoscaler,
}

/// Those that are charged together, each once, in the order of the file; empty while a slot delivers. There is hardly ever
/// more than one: such a set is copied as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CauseSet(Members);

/// The members of a set. Each set has one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
enum Members {
    #[default]
    None,
    One(Cause),
    /// At least two.
    Many(Vec<Cause>),
}

impl CauseSet {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nobody is charged.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Members::None)
    }

    /// Those that are charged, in their order.
    pub fn as_slice(&self) -> &[Cause] {
        match &self.0 {
            Members::None => &[],
            Members::One(cause) => std::slice::from_ref(cause),
            Members::Many(causes) => causes,
        }
    }

    /// Adds one; nothing changes if it is there.
    pub fn insert(&mut self, cause: Cause) {
        let Err(place) = self.as_slice().binary_search(&cause) else { return };
        match &mut self.0 {
            Members::None => self.0 = Members::One(cause),
            Members::One(other) => {
                let mut causes = vec![*other];
                causes.insert(place, cause);
                self.0 = Members::Many(causes);
            }
            Members::Many(causes) => causes.insert(place, cause),
        }
    }
}

impl From<Cause> for CauseSet {
    fn from(cause: Cause) -> Self {
        Self(Members::One(cause))
    }
}

impl FromIterator<Cause> for CauseSet {
    fn from_iter<I: IntoIterator<Item = Cause>>(causes: I) -> Self {
        let mut set = Self::new();
        causes.into_iter().for_each(|cause| set.insert(cause));
        set
    }
}
