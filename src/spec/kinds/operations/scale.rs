//! Replicas that are changed by hand: to how many, and when they are set back.

use super::{What, mean};
use crate::model::Strikes;
use crate::random::Law;
use crate::spec::deployment::MAX_REPLICAS;
use crate::spec::diagnostic::Problems;
use crate::spec::faults::{self, Place};
use crate::spec::law;
use crate::spec::reader::{Item, Object};

/// Reads what belongs to a scaling that comes so often, if it comes again and again.
pub(super) fn read(object: &mut Object<'_>, every: Option<&Law>, problems: &mut Problems) -> Option<What> {
    let deployments = faults::read_deployments(object, None, problems);
    let item = object.require_or("to", problems, "say how many replicas it has from then on: to: 6");
    let to = item.as_ref().and_then(|to| to.integer(problems, 0..=MAX_REPLICAS));
    let back = match object.get("back") {
        Some(item) => {
            let law = law::read(&item, problems);
            Some(law.inspect(|law| warn_of_late_return(&item, law, every, problems))?)
        }
        // Once it may stay so; again and again it would do nothing from the second time on.
        None if every.is_some() => {
            let say = "say how long until the manifest's replicas are set again: back: 10m, or a law";
            object.require_or("back", problems, say);
            return None;
        }
        None => None,
    };
    let strikes = Strikes::Scale { to: u32::try_from(to?).ok()? };
    let to = item.map(|item| Place { mark: item.mark(), path: item.path });
    Some(What { lasts: back, deployments, to, ..What::of(strikes) })
}

/// The next scaling comes before the replicas are set back, and takes over.
fn warn_of_late_return(item: &Item<'_>, back: &Law, every: Option<&Law>, problems: &mut Problems) {
    if let Some(every) = every.filter(|every| back.mean() >= every.mean()) {
        let message = format!(
            "is {} on average, and the next scaling comes after {}: the replicas of the manifest are hardly ever set again",
            mean(back),
            mean(every)
        );
        problems
            .warn(item.mark(), &item.path, message)
            .help("scale back sooner, or let scalings come less often (every)");
    }
}
