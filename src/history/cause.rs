//! Who is charged with the time in which a slot does not deliver.

use smallvec::SmallVec;

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
}

/// Those that are charged together, each once, in the order of the file; empty while a slot delivers. There is hardly ever
/// more than one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CauseSet(SmallVec<[Cause; 2]>);

/// By copying, which is faster than one by one.
impl Clone for CauseSet {
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl CauseSet {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nobody is charged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are charged, in their order.
    pub fn as_slice(&self) -> &[Cause] {
        &self.0
    }

    /// Adds one; nothing changes if it is there.
    pub fn insert(&mut self, cause: Cause) {
        if let Err(place) = self.0.binary_search(&cause) {
            self.0.insert(place, cause);
        }
    }
}

impl From<Cause> for CauseSet {
    fn from(cause: Cause) -> Self {
        Self(SmallVec::from_slice(&[cause]))
    }
}

impl FromIterator<Cause> for CauseSet {
    fn from_iter<I: IntoIterator<Item = Cause>>(causes: I) -> Self {
        let mut set = Self::new();
        causes.into_iter().for_each(|cause| set.insert(cause));
        set
    }
}
