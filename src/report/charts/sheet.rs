//! What a chart is drawn on: a page of its own, or a part of the summary, which has a title of its own and less room.

/// The width of a picture, and how high it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Pixels from edge to edge.
    pub width: f64,
    /// Of a part of another picture: how high it may be. A chart that is whole is as high as it needs to be.
    pub height: Option<f64>,
}

/// The width of a whole chart in pixels.
const WIDTH: f64 = 1080.0;

/// Below it a sheet is low.
const LOW: f64 = 600.0;
/// Below it a sheet is narrow.
const NARROW: f64 = 640.0;

impl Sheet {
    /// A chart with its title, its lead and its foot.
    pub const WHOLE: Self = Self { width: WIDTH, height: None };

    /// A part of another picture, without them.
    pub const fn part(width: f64, height: f64) -> Self {
        Self { width, height: Some(height) }
    }

    /// Whether title, lead and foot are somebody else's.
    pub const fn is_part(self) -> bool {
        self.height.is_some()
    }

    /// Whether it has no room for two pictures, one below the other.
    pub fn is_low(self) -> bool {
        self.height.is_some_and(|height| height < LOW)
    }

    /// Whether two pictures have no room beside each other.
    pub fn is_narrow(self) -> bool {
        self.width < NARROW
    }

    /// The width of a legend beside the picture.
    pub fn legend(self) -> f64 {
        if self.is_narrow() { 130.0 } else { 210.0 }
    }

    /// One of two: of a whole chart, or of a part.
    pub fn either<T>(self, whole: T, part: T) -> T {
        if self.is_part() { part } else { whole }
    }

    /// A length that takes its share of a narrower sheet.
    pub fn share(self, of_whole: f64) -> f64 {
        of_whole * self.width / WIDTH
    }

    /// How many rows there is room for, beside what else stands above and below them; at least two.
    pub fn rows(self, beside: f64, row: f64) -> usize {
        self.height.map_or(usize::MAX, |height| ((height - beside) / row).floor().max(2.0) as usize)
    }

    /// The height of an area: as wanted, or what a part leaves beside all else.
    pub fn area(self, wanted: f64, beside: f64) -> f64 {
        self.height.map_or(wanted, |height| (height - beside).clamp(60.0, wanted))
    }
}
