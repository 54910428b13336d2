//! The question, apart from files and from the simulator: which systems are played, for how long, and what is asked of them.
//!
//! A [`Study`] is a [`StudyHeader`], which is data that files keep (checkpoints, shards), and [`Scenario`]s, each with the
//! model that is simulated. `spec` makes studies of files, `experiment` plays them.

mod burn;
mod header;
pub mod metric;
mod objective;
mod parameter;
mod scenario;
mod stopping;

pub use burn::{BurnAlert, burn_alerts};
pub use header::{API_VERSION, RESULTS_KIND, StudyHeader, Without};
pub use metric::{Definition, Form, Metric, PerQuantity, Quantity};
pub use objective::{Bound, Goal, Objective};
pub use parameter::Parameter;
pub use scenario::{REPLICATIONS_PER_DRAW, Scenario};
pub use stopping::{HalfWidth, Precision, Selection, Stopping, Wanted};

/// An experiment, complete: every scenario has its model.
#[derive(Debug, Clone)]
pub struct Study {
    /// All that is asked, without the models.
    pub header: StudyHeader,
    /// For which scenarios the removal of their largest causes is played.
    pub without: Without,
    /// The points of the grid, the last key varying fastest; behind them the scenarios of a sensitivity analysis.
    pub scenarios: Vec<Scenario>,
}

impl Study {
    /// The same question, with another end.
    #[must_use]
    pub fn with_stopping(&self, stopping: Stopping) -> Self {
        let mut study = self.clone();
        study.header.stopping = stopping;
        study
    }

    /// Makes of its scenarios Deployments that are each played alone, none an alternative to another.
    pub fn make_each_alone(&mut self) {
        self.header.each_alone = true;
        self.header.varied.clear();
        self.scenarios.iter_mut().for_each(|scenario| scenario.parameters.clear());
    }

    /// The scenario that this one is compared with.
    pub fn compared_with(&self, scenario: usize) -> Option<usize> {
        self.scenarios[scenario].compared_with.or(self.header.baseline).filter(|&other| other != scenario)
    }

    /// Whether losses of single replications are needed: for paired differences, and for the search for the best scenario.
    pub fn keeps_values(&self) -> bool {
        let StudyHeader { baseline, sensitivity, stopping, .. } = &self.header;
        baseline.is_some() || !sensitivity.is_empty() || matches!(stopping, Stopping::Selection(_))
    }
}
