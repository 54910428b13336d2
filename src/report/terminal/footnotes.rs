//! What stands below the tables: the meaning of their marks and words.

use super::Screen;
use crate::report::format;
use crate::report::ranking::{self, Ground, Ranking};
use crate::results::ScenarioResult;
use crate::study::Metric;

impl Screen<'_> {
    /// What the marks and words mean that these tables have.
    pub(super) fn footnotes(&self, printed: &str) -> Vec<String> {
        let result = self.result;
        let mut notes = Vec::new();
        let level = format::plain_percent(result.confidence);
        let marks = [
            self.marked().map(|_| "✓ recommended."),
            (result.baseline.is_some() && result.scenarios.len() > 1).then_some("* the baseline."),
        ];
        let marks: Vec<&str> = marks.into_iter().flatten().collect();
        notes.extend((!marks.is_empty()).then(|| marks.join(" ")));
        notes.extend(printed.contains('†').then(|| ranking::DAGGER.to_owned()));
        notes.extend(self.standings(printed));
        notes.push(format!(
            "± is half of a {level} interval over replications, the longer one where they differ. Failed requests: as time of full traffic. \
         Recovery: from a fault until the Pod serves in rotation again."
        ));
        let bound = |s: &ScenarioResult| {
            s.estimates[Metric::Availability].bound
                || s.estimates[Metric::FailedRequests].bound
                || s.estimates[Metric::Outages].bound
        };
        if result.scenarios.iter().any(bound) {
            notes.push(format!("≤ and ≥: nothing was seen, so this is the end of a {level} interval and no estimate."));
        }
        if printed.contains('‡') {
            notes.push(format::RESTS_ON_FEW.to_owned());
        }
        if !result.sensitivity.is_empty() {
            notes.push(
            "Elasticity: by how many percent the loss grows for each percent of the parameter. Change: from less to more."
                .to_owned(),
        );
        }
        let open: u64 =
            result.scenarios.iter().map(|s| s.any_recovery_s.censored + s.time_to_recovery_s.censored).sum();
        if open > 0 {
            notes.push(format!("{} recoveries and outages had no end within the horizon.", format::whole(open)));
        }
        notes
    }

    /// What the words of the column mean, where nothing was searched for.
    fn standings(&self, printed: &str) -> Option<String> {
        let best = Ranking::of(self.result).filter(|best| self.shows_standing() && best.ground != Ground::Search)?;
        let slo = || format::plain_percent(self.result.objective.slo.unwrap_or(1.0));
        let is_unclear = printed.contains("unclear");
        let meanings = match best.ground {
            Ground::CheapestThatMeets => [
                Some(format!("Meets, misses: {} on average, not in each period.", slo())),
                is_unclear.then(|| format!("Unclear: the interval holds both what meets and what misses {}.", slo())),
            ],
            _ => [
                printed
                    .contains("as good")
                    .then(|| format!("As good: within {} of the recommended one.", best.indifference.in_full())),
                is_unclear.then(|| "Unclear: not told apart from it.".to_owned()),
            ],
        };
        let said: Vec<String> = meanings.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}
