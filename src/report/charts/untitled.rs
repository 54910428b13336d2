//! A picture whose title stands elsewhere: above it, as text of a page.

use super::frame::TITLE;
use super::picture::{Mark, Picture};

/// The same picture without the lines of its title, moved up to where they were.
pub fn without_title(picture: &Picture) -> Picture {
    let is_title = |mark: &Mark| matches!(mark, Mark::Text(text) if text.bold && text.size >= TITLE.size);
    let lines = picture.marks.iter().filter(|mark| is_title(mark)).count();
    // Nor does it need the border above them.
    let up = 24.0 * lines as f64 + 24.0;
    let mut rest =
        Picture { marks: Vec::new(), description: Vec::new(), height: picture.height - up, ..picture.clone() };
    let others = picture.marks.iter().filter(|mark| !is_title(mark)).cloned().collect();
    rest.place(&Picture { marks: others, ..picture.clone() }, 1.0, (0.0, -up));
    rest
}
