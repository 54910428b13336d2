//! Rollouts that bring a bad revision: which do, how it is bad, and when that is noticed.

use crate::model::{Affects, BadRevisions, ContainerMode, Millionths};
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::Flaw;
use crate::spec::law;
use crate::spec::reader::{Item, Object};

/// Which revisions are bad, how, and when that is noticed.
pub(super) struct Bad {
    share: f64,
    kinds: Vec<Kind>,
    noticed: Law,
    /// Which share of the requests a Pod of a revision that is ready and wrong fails.
    failing: Millionths,
    /// How long a process of a revision that is a slow poison serves; one time for all of the revision, if it is a leak.
    poison: Option<(Law, bool)>,
}

/// How a revision may be bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The process starts, and answers nobody.
    NeverReady,
    /// It exits where it should serve.
    CrashLoop,
    /// Its probes succeed, and its requests fail.
    ReadyAndWrong,
    /// It serves, and exits after a time.
    SlowPoison,
}

impl Kind {
    const ALL: [Self; 4] = [Self::NeverReady, Self::CrashLoop, Self::ReadyAndWrong, Self::SlowPoison];

    const fn word(self) -> &'static str {
        match self {
            Self::NeverReady => "never-ready",
            Self::CrashLoop => "crash-loop",
            Self::ReadyAndWrong => "ready-and-wrong",
            Self::SlowPoison => "slow-poison",
        }
    }
}

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
    let failing = read_failing(&mut object, kinds.as_deref(), problems);
    let poison = read_poison(&mut object, kinds.as_deref(), noticed.as_ref(), problems);
    object.finish(problems, &[]);
    Some(Some(Bad { share: share?, kinds: kinds?, noticed: noticed?, failing: failing?, poison: poison? }))
}

/// What only one kind has; `None` where it stands beside others only.
fn of_kind<'a>(
    object: &mut Object<'a>,
    field: &'static str,
    kind: Kind,
    kinds: Option<&[Kind]>,
    problems: &mut Problems,
) -> Option<Option<Item<'a>>> {
    let Some(item) = object.get(field) else { return Some(None) };
    if kinds.is_some_and(|kinds| !kinds.contains(&kind)) {
        let word = kind.word();
        item.refuse(problems, format!("is of use with the kind {word} alone: add it to kinds, or remove this"));
        return None;
    }
    Some(Some(item))
}

/// Which share of the requests fails: all, if nothing is said.
fn read_failing(object: &mut Object<'_>, kinds: Option<&[Kind]>, problems: &mut Problems) -> Option<Millionths> {
    let Some(item) = of_kind(object, "failing", Kind::ReadyAndWrong, kinds, problems)? else {
        return Some(Millionths::ALL);
    };
    let share = Millionths::of(item.share(problems, 0.0..=1.0)?);
    if share == Millionths::NONE {
        item.refuse(
            problems,
            "fails nothing, must be a millionth at least: a revision that fails no request is not bad",
        );
        return None;
    }
    Some(share)
}

/// How long processes serve: each for a time of its own, or all of the revision until a leak has filled their memory.
fn read_poison(
    object: &mut Object<'_>,
    kinds: Option<&[Kind]>,
    noticed: Option<&Law>,
    problems: &mut Problems,
) -> Option<Option<(Law, bool)>> {
    let crashes = of_kind(object, "crashesAfter", Kind::SlowPoison, kinds, problems);
    let leaks = of_kind(object, "outOfMemoryAfter", Kind::SlowPoison, kinds, problems);
    let (item, is_alike) = match (crashes?, leaks?) {
        (Some(item), None) => (item, false),
        (None, Some(item)) => (item, true),
        (Some(_), Some(leaks)) => {
            let wrong = "stands beside crashesAfter: a slow-poison revision crashes or leaks, remove one of them";
            leaks.refuse(problems, wrong);
            return None;
        }
        (None, None) if kinds.is_some_and(|kinds| kinds.contains(&Kind::SlowPoison)) => {
            let say = "say how long a process of a slow-poison revision serves before it exits: crashesAfter: 30s, or a law; \
                       or, if it leaks: outOfMemoryAfter: 10m";
            object.require_or("crashesAfter", problems, say);
            return None;
        }
        (None, None) => return Some(None),
    };
    let law = law::read(&item, problems)?;
    // Of many processes that draw their times one by one the first exits long before the mean.
    let all_wait = is_alike || matches!(law, Law::Fixed(_));
    if let Some(noticed) = noticed.filter(|noticed| all_wait && noticed.mean() <= law.mean()) {
        let message = format!(
            "is {} on average, and the revision is noticed after {}: most are rolled back before they do any harm",
            super::mean(&law),
            super::mean(noticed)
        );
        problems.warn(item.mark(), &item.path, message).help("nothing is noticed of it before: let noticed be longer");
    }
    Some(Some((law, is_alike)))
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

fn read_kinds(item: &Item<'_>, problems: &mut Problems) -> Option<Vec<Kind>> {
    let words = Kind::ALL.map(|kind| (kind.word(), kind));
    let kinds: Vec<_> = item.list(problems)?.iter().map(|kind| kind.word(problems, &words)).collect();
    if kinds.is_empty() {
        item.refuse(
            problems,
            "is empty, must name how a revision may be bad: never-ready, crash-loop, ready-and-wrong, slow-poison",
        );
        return None;
    }
    let kinds: Vec<Kind> = kinds.into_iter().collect::<Option<_>>()?;
    let is_twice = |at: &usize| kinds[..*at].contains(&kinds[*at]);
    if let Some(at) = (0..kinds.len()).find(is_twice) {
        item.refuse(problems, format!("names {} twice: each kind comes as often as the others", kinds[at].word()));
        return None;
    }
    Some(kinds)
}

impl Bad {
    /// As the model has it, and the flaws that follow the operation of this name there.
    pub fn into_flaws(self, name: &str) -> (BadRevisions, Vec<Flaw>) {
        let Self { share, kinds, noticed, failing, poison } = self;
        let flaw = |kind: &Kind| {
            let mode = match kind {
                Kind::NeverReady => ContainerMode::Hang(Affects::ALL),
                Kind::CrashLoop | Kind::SlowPoison => ContainerMode::Crash,
                Kind::ReadyAndWrong if failing == Millionths::ALL => ContainerMode::Error(Affects::REQUESTS),
                Kind::ReadyAndWrong => ContainerMode::ErrorInPart(failing),
            };
            let poison = poison.clone().filter(|_| *kind == Kind::SlowPoison);
            let is_alike = poison.as_ref().is_some_and(|(_, is_alike)| *is_alike);
            Flaw { name: format!("{name}-{}", kind.word()), mode, after: poison.map(|(law, _)| law), is_alike }
        };
        let flaws: Vec<Flaw> = kinds.iter().map(flaw).collect();
        (BadRevisions { share, flaws: flaws.len(), noticed }, flaws)
    }
}
