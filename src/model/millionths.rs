//! A share in whole millionths, so that two modes of play that add shares up in other steps come to the same.

/// A share from 0 to 1, in whole millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millionths(u32);

impl Millionths {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self(1_000_000);

    /// The nearest to a share from 0 to 1; what is beyond is cut off.
    pub fn of(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * 1e6).round() as u32)
    }

    /// How many: from 0 to 1,000,000.
    pub const fn count(self) -> u32 {
        self.0
    }

    /// As a number from 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}
