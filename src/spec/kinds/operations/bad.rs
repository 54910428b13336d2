//! Rollouts that bring a bad revision: which do, how it is bad, and when that is noticed.

use crate::model::{Affects, BadRevisions, ContainerMode};
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::Flaw;
use crate::spec::law;
use crate::spec::reader::{Item, Object};

/// Which revisions are bad, how, and when that is noticed.
pub(super) struct Bad {
    share: f64,
    kinds: Vec<(&'static str, ContainerMode)>,
    noticed: Law,
    /// How long a Pod of a revision that is a slow poison serves.
    crashes_after: Option<Law>,
}

/// This kind alone takes its time.
const SLOW_POISON: &str = "slow-poison";

/// How a revision may be bad: the word for it, and what its Pods do.
const KINDS: [(&str, ContainerMode); 4] = [
    // The process starts, and answers nobody.
    ("never-ready", ContainerMode::Hang(Affects::ALL)),
    // It exits where it should serve.
    ("crash-loop", ContainerMode::Crash),
    // Its probes succeed, and its requests fail.
    (
        "ready-and-wrong",
        ContainerMode::Error(Affects { requests: true, readiness: false, liveness: false, startup: false }),
    ),
    // It serves, and exits after a time.
    (SLOW_POISON, ContainerMode::Crash),
];

/// Reads `bad` of a rollout that comes so often, if that is known; `Some(None)` where none is.
pub(super) fn read(object: &mut Object<'_>, every: Option<&Law>, problems: &mut Problems) -> Option<Option<Bad>> {
    let Some(item) = object.get("bad") else { return Some(None) };
    let mut object = item.our_object(problems)?;
    let say = "say which part of the revisions is bad: share: 10%";
    let share = object.require_or("share", problems, say).and_then(|item| {
        let share = item.share(problems, 0.0..=1.0);
        if let (None, Some(problem)) = (share, problems.list.last_mut()) {
            problem.help("a tenth of the revisions is 10%, or 0.1");
        }
        share
    });
    let say = "say how long after the beginning of the rollout somebody notices and rolls back: noticed: 15m, or a law";
    let noticed_at = object.require_or("noticed", problems, say);
    let noticed = noticed_at.as_ref().and_then(|law| law::read(law, problems));
    if let (Some(item), Some(noticed)) = (&noticed_at, &noticed) {
        warn_of_late_notice(item, noticed, every, problems);
    }
    let say = "name how a revision may be bad: kinds: [never-ready, crash-loop, ready-and-wrong, slow-poison]";
    let kinds = object.require_or("kinds", problems, say).and_then(|kinds| read_kinds(&kinds, problems));
    let has_poison = kinds.as_ref().is_some_and(|kinds| kinds.iter().any(|(word, _)| *word == SLOW_POISON));
    let crashes_after = match object.get("crashesAfter") {
        Some(law) if has_poison || kinds.is_none() => Some(law::read(&law, problems)?),
        Some(law) => {
            law.refuse(
                problems,
                format!("is of use with the kind {SLOW_POISON} alone: add it to kinds, or remove this"),
            );
            return None;
        }
        None if has_poison => {
            let say =
                "say how long a Pod of a slow-poison revision serves before it exits: crashesAfter: 30s, or a law";
            object.require_or("crashesAfter", problems, say);
            return None;
        }
        None => None,
    };
    object.finish(problems, &[]);
    Some(Some(Bad { share: share?, kinds: kinds?, noticed: noticed?, crashes_after }))
}

/// A rollout that comes before a bad revision is noticed takes over, and then nothing is rolled back.
fn warn_of_late_notice(item: &Item<'_>, noticed: &Law, every: Option<&Law>, problems: &mut Problems) {
    if let Some(every) = every.filter(|every| noticed.mean() >= every.mean()) {
        let message = format!(
            "is {} on average, and the next rollout comes after {}: most bad revisions are superseded before anybody rolls them back",
            super::mean(noticed),
            super::mean(every)
        );
        problems.warn(item.mark(), &item.path, message).help("notice sooner, or let rollouts come less often (every)");
    }
}

fn read_kinds(item: &Item<'_>, problems: &mut Problems) -> Option<Vec<(&'static str, ContainerMode)>> {
    let words = KINDS.map(|(word, mode)| (word, (word, mode)));
    let kinds: Vec<_> = item.list(problems)?.iter().map(|kind| kind.word(problems, &words)).collect();
    if kinds.is_empty() {
        item.refuse(
            problems,
            "is empty, must name how a revision may be bad: never-ready, crash-loop, ready-and-wrong, slow-poison",
        );
        return None;
    }
    let kinds: Vec<(&str, ContainerMode)> = kinds.into_iter().collect::<Option<_>>()?;
    let is_twice = |at: &usize| kinds[..*at].iter().any(|(earlier, _)| *earlier == kinds[*at].0);
    if let Some(at) = (0..kinds.len()).find(is_twice) {
        item.refuse(problems, format!("names {} twice: each kind comes as often as the others", kinds[at].0));
        return None;
    }
    Some(kinds)
}

impl Bad {
    /// As the model has it, and the flaws that follow the operation of this name there.
    pub fn into_flaws(self, name: &str) -> (BadRevisions, Vec<Flaw>) {
        let Self { share, kinds, noticed, crashes_after } = self;
        let flaw = |(word, mode): &(&str, ContainerMode)| {
            let after = if *word == SLOW_POISON { crashes_after.clone() } else { None };
            Flaw { name: format!("{name}-{word}"), mode: *mode, after }
        };
        let flaws: Vec<Flaw> = kinds.iter().map(flaw).collect();
        (BadRevisions { share, flaws: flaws.len(), noticed }, flaws)
    }
}
