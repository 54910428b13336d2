//! The number that an event and whoever waits for it share.

/// Names one scheduled event; whoever waits for it holds the same number. Forgetting it cancels the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Timer(u32);

impl Timer {
    /// Waits for nothing.
    pub const NONE: Self = Self(0);

    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Something is scheduled.
    pub fn is_set(self) -> bool {
        self != Self::NONE
    }

    /// True, once, if `event` is the one that is waited for.
    pub fn expires(&mut self, event: Self) -> bool {
        let due = self.is_set() && *self == event;
        if due {
            *self = Self::NONE;
        }
        due
    }
}
