//! What one operation costs and how it ends: as curves where a number varies, else a row for each scenario.

mod curves;
mod rows;

use super::picture::Picture;
use super::sheet::Sheet;
use crate::results::ExperimentResult;

/// `None` where there is no operation, or nothing about them differs.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    curves::draw(result, sheet).or_else(|| rows::draw(result, sheet))
}
