//! How many replicas a metric asks for (H2–H4, H9, H13, H14). Pure: what the Pods' samples are is an argument.
//! Follows `pkg/controller/podautoscaler/replica_calculator.go` and `metrics/utilization.go`.

use crate::model::CpuTarget;

/// A Pod as a metric sees it (H10). One that is deleted is not seen at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It counts with its sample.
    Counted(u64),
    /// It is not ready for so long that its sample would mislead.
    Unready,
    /// There is no sample.
    Missing,
}

/// How far a ratio may be off 1 and changes nothing, above and below (H13).
pub(crate) type Tolerance = (f64, f64);

/// What an average over Pods is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The whole percentage of what all request.
    Percent { percent: u32, request: u64 },
    /// The whole average.
    Average(u64),
}

impl From<CpuTarget> for Target {
    fn from(target: CpuTarget) -> Self {
        match target {
            CpuTarget::Utilization { percent, request } => Self::Percent { percent, request },
            CpuTarget::Average { millis } => Self::Average(millis),
        }
    }
}

impl Target {
    /// What so many Pods use together, in parts of the target.
    fn ratio(self, usage: u64, pods: u64) -> f64 {
        match self {
            Self::Percent { percent, request } => (100 * usage / (pods * request)) as f64 / f64::from(percent),
            Self::Average(target) => (usage / pods) as f64 / target as f64,
        }
    }

    /// What a Pod without a sample is taken to use where there is less than the target.
    fn at_most(self) -> u64 {
        match self {
            Self::Percent { percent, request } => request * u64::from(percent.max(100)) / 100,
            Self::Average(target) => target,
        }
    }
}

/// Pods as a metric sees them together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// The samples of those that count.
    pub usage: u64,
    pub ready: u64,
    pub unready: u64,
    pub missing: u64,
}

impl FromIterator<Seen> for Sum {
    fn from_iter<I: IntoIterator<Item = Seen>>(pods: I) -> Self {
        let mut sum = Self::default();
        for pod in pods {
            match pod {
                Seen::Counted(sample) => (sum.usage, sum.ready) = (sum.usage + sample, sum.ready + 1),
                Seen::Unready => sum.unready += 1,
                Seen::Missing => sum.missing += 1,
            }
        }
        sum
    }
}

/// H9: for an average over the Pods. `None` where no Pod has a sample that counts.
pub(crate) fn by_average(target: Target, pods: Sum, current: u32, tolerance: Tolerance) -> Option<u32> {
    let Sum { mut usage, ready, unready, missing } = pods;
    if ready == 0 {
        return None;
    }
    let before = target.ratio(usage, ready);
    let counts_unready = unready > 0 && before > 1.0;
    if !counts_unready && missing == 0 {
        return Some(if is_within(before, tolerance) { current } else { rounded_up(before, ready) });
    }
    let mut counted = ready;
    if before < 1.0 {
        (usage, counted) = (usage + missing * target.at_most(), counted + missing);
    } else if before > 1.0 {
        counted += missing;
    }
    if counts_unready {
        counted += unready;
    }
    let after = target.ratio(usage, counted);
    let turns = before < 1.0 && after > 1.0 || before > 1.0 && after < 1.0;
    if is_within(after, tolerance) || turns {
        return Some(current);
    }
    let wanted = rounded_up(after, counted);
    let is_against = after < 1.0 && wanted > current || after > 1.0 && wanted < current;
    Some(if is_against { current } else { wanted })
}

/// For an amount in all that is to be so much for each replica.
pub(crate) fn by_total_per_replica(target: u64, total: u64, current: u32, tolerance: Tolerance) -> u32 {
    let ratio = total as f64 / (target as f64 * f64::from(current));
    if is_within(ratio, tolerance) { current } else { replicas((total as f64 / target as f64).ceil()) }
}

/// For an amount in all. So many Pods are running and Ready.
pub(crate) fn by_total(target: u64, total: u64, ready: u64, current: u32, tolerance: Tolerance) -> u32 {
    let ratio = total as f64 / target as f64;
    if is_within(ratio, tolerance) { current } else { rounded_up(ratio, ready) }
}

/// H14: the largest of what the metrics ask for; one that has no number keeps it from going down.
pub(crate) fn largest(of_metrics: impl IntoIterator<Item = Option<u32>>, current: u32) -> Option<u32> {
    let (mut largest, mut is_one_invalid) = (None, false);
    for wanted in of_metrics {
        largest = largest.max(wanted);
        is_one_invalid |= wanted.is_none();
    }
    largest.filter(|&wanted| !is_one_invalid || wanted >= current)
}

fn is_within(ratio: f64, (above, below): Tolerance) -> bool {
    1.0 - below <= ratio && ratio <= 1.0 + above
}

fn rounded_up(ratio: f64, pods: u64) -> u32 {
    replicas((ratio * pods as f64).ceil())
}

fn replicas(number: f64) -> u32 {
    number.min(f64::from(i32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::Seen::{Counted, Missing, Unready};
    use super::*;

    const USUAL: Tolerance = (0.1, 0.1);

    fn cpu(percent: u32) -> Target {
        Target::Percent { percent, request: 100 }
    }

    fn wanted(percent: u32, current: u32, pods: &[Seen]) -> Option<u32> {
        by_average(cpu(percent), pods.iter().copied().collect(), current, USUAL)
    }

    /// W14: the rule book's worked examples.
    #[test]
    fn h9_worked_examples() {
        assert_eq!(wanted(60, 3, &[Counted(90); 3]), Some(5));
        assert_eq!(wanted(60, 4, &[Counted(120), Counted(120), Counted(120), Unready]), Some(6));
        assert_eq!(wanted(60, 4, &[Counted(75), Counted(75), Counted(75), Unready]), Some(4));
        assert_eq!(wanted(60, 4, &[Counted(30), Counted(30), Counted(30), Missing]), Some(4));
        assert_eq!(wanted(60, 4, &[Counted(20), Counted(20), Counted(20), Missing]), Some(3));
        assert_eq!(wanted(60, 4, &[Counted(30), Counted(30), Counted(30), Unready]), Some(2));
        // H11: a dead Node's Pod damps.
        assert_eq!(wanted(60, 3, &[Counted(90), Counted(90), Missing]), Some(3));
        assert_eq!(wanted(60, 3, &[Counted(135), Counted(135), Missing]), Some(5));
        assert_eq!(wanted(60, 3, &[Unready, Unready]), None);
        assert_eq!(wanted(60, 3, &[]), None);
    }

    /// W15: percentages are whole, and Pods are counted, not replicas (H12).
    #[test]
    fn h2_h12_whole_percentages_of_pods() {
        assert_eq!(wanted(80, 3, &[Counted(88), Counted(89), Counted(89)]), Some(3));
        assert_eq!(wanted(80, 3, &[Counted(89); 3]), Some(4));
        assert_eq!(wanted(60, 3, &[Counted(53); 4]), Some(4));
        assert_eq!(wanted(60, 3, &[Counted(70); 4]), Some(5));
    }

    /// H13: the bounds of the tolerance belong to it.
    #[test]
    fn h13_tolerance_is_inclusive() {
        let wanted = |usage, tolerance| by_average(cpu(100), [Counted(usage); 10].into_iter().collect(), 10, tolerance);
        assert_eq!([110, 111, 90, 89].map(|usage| wanted(usage, USUAL)), [10, 12, 10, 9].map(Some));
        assert_eq!([101, 100, 50, 49].map(|usage| wanted(usage, (0.0, 0.5))), [11, 10, 10, 5].map(Some));
    }

    /// H9: what is against the direction, or turns it, changes nothing.
    #[test]
    fn h4_no_turn_of_direction() {
        // Above the target by one Pod alone; with two that count as nothing it is below.
        assert_eq!(wanted(50, 3, &[Counted(80), Unready, Unready]), Some(3));
        // A rollout has more Pods than replicas: fewer are asked for than there are replicas, although there is too much load.
        assert_eq!(wanted(50, 9, &[Counted(80), Counted(80), Missing]), Some(9));
        // Averages: one without a sample uses the target on the way down.
        let average = |pods: &[Seen]| by_average(Target::Average(500), pods.iter().copied().collect(), 4, USUAL);
        assert_eq!(average(&[Counted(100), Counted(100), Counted(100), Missing]), Some(2));
        assert_eq!(average(&[Counted(899), Counted(900), Counted(900)]), Some(6));
    }

    /// H9, H14: totals, and the largest of several.
    #[test]
    fn h14_the_largest_counts_and_an_unknown_one_blocks_the_way_down() {
        assert_eq!(by_total_per_replica(100, 450, 3, USUAL), 5);
        assert_eq!(by_total_per_replica(100, 330, 3, USUAL), 3);
        assert_eq!(by_total_per_replica(100, 0, 3, USUAL), 0);
        assert_eq!([by_total(100, 150, 3, 3, USUAL), by_total(100, 109, 3, 4, USUAL)], [5, 4]);
        assert_eq!(largest([Some(3), Some(7), Some(5)], 4), Some(7));
        assert_eq!(largest([Some(3), None], 4), None);
        assert_eq!(largest([Some(6), None], 4), Some(6));
        assert_eq!(largest([None, None], 4), None);
    }
}
