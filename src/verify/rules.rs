//! The numbered rules of Kubernetes: how many the simulator follows, each with a test that cites it.

use super::Check;
use super::row::{Kind, Reference, Row, Simulated, Verdict};
use crate::rules::{self, State};

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("rules", Kind::Rule, rows)]
}

/// Sections of the rule book, by the letter of their numbers.
const SECTIONS: [(char, &str); 12] = [
    ('P', "probes"),
    ('C', "container lifecycle"),
    ('K', "several containers in a Pod"),
    ('E', "readiness to endpoints"),
    ('N', "Nodes"),
    ('S', "scheduling"),
    ('D', "Deployment and ReplicaSet"),
    ('R', "rollouts and drains as measured"),
    ('V', "voluntary disruption"),
    ('T', "termination"),
    ('M', "manifests"),
    ('H', "autoscaling"),
];

fn rows() -> Vec<Row> {
    let all = rules::all();
    let row = |(letter, section): (char, &str)| {
        let of: Vec<_> = all.iter().filter(|rule| rule.number.starts_with(letter)).collect();
        let followed: Vec<_> = of.iter().filter(|rule| matches!(rule.state, State::Implemented(_))).collect();
        let cited = followed.iter().filter(|rule| rule.tests.contains('`')).count();
        Row {
            check: "rules".to_owned(),
            what: section.to_owned(),
            kind: Kind::Rule,
            reference: Reference::Words(format!("{} rules", of.len())),
            simulated: Simulated::Words(format!(
                "{} implemented, {} cited by a test; {} not modelled",
                followed.len(),
                cited,
                of.len() - followed.len()
            )),
            distance: None,
            median_difference: None,
            p: None,
            p_adjusted: None,
            verdict: Verdict::when(cited == followed.len()),
            note: "docs/rules.md".to_owned(),
            samples: None,
        }
    };
    SECTIONS.map(row).into()
}
