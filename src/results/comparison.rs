//! What a comparison of two manifests has come to, beside the numbers of both.

use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::target::Verdict;

/// Two manifests compared; the verdict is on the new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the scenario with the manifest as it is.
    pub before: String,
    /// Name of the scenario with the manifest as it shall be.
    pub after: String,
    /// `FAIL` if the change or a target fails, else `UNDECIDED` if one is undecided, else `PASS`.
    pub verdict: Verdict,
    /// How the difference stands to what it may be.
    pub change: Verdict,
    /// The most seconds of downtime a year that the new manifest may add; `null` if no limit is stated: then it must not
    /// surely lose more than does not matter, neither time nor requests.
    pub max_regression_s_per_year: Option<f64>,
    /// Both manifests make the same system.
    pub same: bool,
    /// Why no Pod of the new manifest would ever be Ready, each a sentence. If there is a reason, nothing was played.
    pub never_ready: Vec<String>,
    /// What a check finds in the new manifest alone.
    pub new_findings: Vec<ManifestFinding>,
    /// What it finds in both with other numbers.
    pub changed_findings: Vec<ManifestFinding>,
    /// What it finds in the old manifest alone.
    pub gone_findings: Vec<ManifestFinding>,
    /// What it finds in both.
    pub kept_findings: Vec<ManifestFinding>,
}

/// A finding of `hasim check` in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFinding {
    /// `warning`, `advice` or `note`.
    pub severity: String,
    /// The kind of advice, such as `slow-eviction`; `null` for what is no advice.
    pub id: Option<String>,
    /// The field; empty where it concerns the manifest as a whole.
    pub path: String,
    /// What was found.
    pub message: String,
    /// What was found in the old manifest, where the numbers differ; left out where nothing has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The next step.
    pub help: Option<String>,
}

impl Comparison {
    /// Sorts what a check has found in the old and in the new manifest.
    pub fn sort_findings(&mut self, before: Vec<ManifestFinding>, after: Vec<ManifestFinding>) {
        let mut before = before;
        for finding in after {
            if let Some(same) = before.iter().position(|other| *other == finding) {
                before.remove(same);
                self.kept_findings.push(finding);
            } else if let Some(like) = before.iter().position(|other| other.is_like(&finding)) {
                let before = Some(before.remove(like).message);
                self.changed_findings.push(ManifestFinding { before, ..finding });
            } else {
                self.new_findings.push(finding);
            }
        }
        self.gone_findings = before;
    }
}

impl ManifestFinding {
    /// Whether it differs from the other one in numbers alone.
    fn is_like(&self, other: &Self) -> bool {
        let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>();
        (&self.severity, &self.id, &self.path) == (&other.severity, &other.id, &other.path)
            && words(&self.message) == words(&other.message)
    }
}

/// How a difference stands to the most that it may be.
pub fn against_limit(difference: &Estimate, most: f64) -> Verdict {
    match difference {
        d if d.low > most => Verdict::Fail,
        d if d.high > most => Verdict::Undecided,
        _ => Verdict::Pass,
    }
}

/// How a difference stands where no limit is stated: it fails if more is surely lost, and by what may matter, and passes if
/// what is lost more surely does not matter.
pub fn without_limit(difference: &Estimate, indifference_s: f64) -> Verdict {
    match difference {
        d if d.high <= indifference_s => Verdict::Pass,
        d if d.low > 0.0 => Verdict::Fail,
        _ => Verdict::Undecided,
    }
}

/// The worst of several verdicts.
pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts
        .into_iter()
        .max_by_key(|verdict| match verdict {
            Verdict::Pass => 0,
            Verdict::Undecided => 1,
            Verdict::Fail => 2,
        })
        .unwrap_or(Verdict::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: f64, high: f64) -> Estimate {
        Estimate { mean: f64::midpoint(low, high), low, high, bound: false, rests_on_few: false }
    }

    #[test]
    fn a_limit_must_surely_be_kept() {
        assert_eq!(against_limit(&between(-5.0, 60.0), 60.0), Verdict::Pass);
        assert_eq!(against_limit(&between(-5.0, 61.0), 60.0), Verdict::Undecided);
        assert_eq!(against_limit(&between(61.0, 70.0), 60.0), Verdict::Fail);
    }

    #[test]
    fn without_a_limit_only_what_may_matter_fails() {
        assert_eq!(
            without_limit(&between(3.0, 9.0), 10.0),
            Verdict::Pass,
            "surely more, and surely too little to matter"
        );
        assert_eq!(without_limit(&between(3.0, 11.0), 10.0), Verdict::Fail);
        assert_eq!(without_limit(&between(-40.0, -30.0), 10.0), Verdict::Pass);
        assert_eq!(without_limit(&between(-3.0, 11.0), 10.0), Verdict::Undecided);
        assert_eq!(without_limit(&between(0.0, 0.0), 0.0), Verdict::Pass);
    }

    #[test]
    fn findings_are_new_changed_gone_or_kept() {
        let finding = |id: &str, message: &str| ManifestFinding {
            severity: "advice".to_owned(),
            id: Some(id.to_owned()),
            path: "spec.replicas".to_owned(),
            message: message.to_owned(),
            before: None,
            help: None,
        };
        let mut comparison = Comparison {
            before: "before".to_owned(),
            after: "after".to_owned(),
            verdict: Verdict::Pass,
            change: Verdict::Pass,
            max_regression_s_per_year: None,
            same: false,
            never_ready: vec![],
            new_findings: vec![],
            changed_findings: vec![],
            gone_findings: vec![],
            kept_findings: vec![],
        };
        comparison.sort_findings(
            vec![finding("a", "81.5 % are killed"), finding("b", "is 1"), finding("c", "kills in 5 s")],
            vec![finding("c", "kills in 5 s"), finding("a", "93 % are killed"), finding("d", "is 1")],
        );
        assert_eq!(comparison.new_findings, [finding("d", "is 1")]);
        assert_eq!(comparison.gone_findings, [finding("b", "is 1")]);
        assert_eq!(comparison.kept_findings, [finding("c", "kills in 5 s")]);
        let changed = &comparison.changed_findings;
        assert_eq!((changed.len(), changed[0].before.as_deref()), (1, Some("81.5 % are killed")));
    }

    #[test]
    fn the_worst_decides() {
        use Verdict::{Fail, Pass, Undecided};
        assert_eq!(worst([Pass, Undecided, Pass]), Undecided);
        assert_eq!(worst([Undecided, Fail, Pass]), Fail);
        assert_eq!(worst([]), Pass);
    }
}
