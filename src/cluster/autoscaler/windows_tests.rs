use super::*;
use crate::model::ScalingPolicy;

fn autoscaler(behavior: Option<Behavior>) -> Autoscaler {
    let (min, max) = (1, 1_000);
    Autoscaler { min, max, metrics: Vec::new(), tolerance: Autoscaler::TOLERANCE, behavior, reset_to: None }
}

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + Duration::from_secs(secs)
}

/// What a controller decides that has seen this number for long.
fn step(autoscaler: &Autoscaler, current: u32, recommended: u32) -> u32 {
    let mut windows = Windows::default();
    windows.extend(current, at(0));
    windows.decide(autoscaler, at(1_000), current, recommended)
}

fn policies(changes: &[(Change, u64)], window: u64, select: SelectPolicy) -> ScalingRules {
    let policy = |&(change, secs)| ScalingPolicy { change, period: Duration::from_secs(secs) };
    ScalingRules { window: Duration::from_secs(window), policies: changes.iter().map(policy).collect(), select }
}

/// W16: how far one step goes without `behavior`, and with its defaults.
#[test]
fn h5_h15_h16_the_furthest_step() {
    let from = [1, 2, 3, 5, 10];
    let without = autoscaler(None);
    assert_eq!(from.map(|current| step(&without, current, 900)), [4, 4, 6, 10, 20]);
    let usual = autoscaler(Some(Behavior::usual()));
    assert_eq!(from.map(|current| step(&usual, current, 900)), [5, 6, 7, 10, 20]);
    // Down at once to what is asked for, after the window.
    assert_eq!([step(&without, 10, 1), step(&usual, 10, 1)], [1, 1]);
}

/// W16: percentages in floating point, rounded up on the way up and cut on the way down.
#[test]
fn h16_percentages() {
    let ten = |percent| policies(&[(Change::Percent(percent), 60)], 0, SelectPolicy::Max);
    let behavior = |percent| autoscaler(Some(Behavior { up: ten(percent), down: ten(percent) }));
    assert_eq!([19, 10, 5, 3].map(|current| step(&behavior(10), current, 1)), [17, 9, 4, 2]);
    assert_eq!([5, 10, 11].map(|current| step(&behavior(10), current, 900)), [6, 11, 13]);
    // H16: 50 and 10 % are 56, 20 less 80 % are 3.
    assert_eq!(step(&behavior(10), 50, 900), 56);
    assert_eq!(step(&behavior(80), 20, 1), 3);
}

/// H16: which policy counts, and none.
#[test]
fn h16_select_policy() {
    let both = |select| policies(&[(Change::Pods(3), 60), (Change::Percent(50), 60)], 0, select);
    let step = |select, current, recommended| {
        step(&autoscaler(Some(Behavior { up: both(select), down: both(select) })), current, recommended)
    };
    assert_eq!([step(SelectPolicy::Max, 10, 900), step(SelectPolicy::Min, 10, 900)], [15, 13]);
    assert_eq!([step(SelectPolicy::Max, 10, 1), step(SelectPolicy::Min, 10, 1)], [5, 7]);
    assert_eq!([step(SelectPolicy::Disabled, 10, 900), step(SelectPolicy::Disabled, 10, 1)], [10, 10]);
}

/// H16: a policy counts from the number that there was when its period began.
#[test]
fn h16_limits_are_relative_to_the_beginning_of_the_period() {
    let up = policies(&[(Change::Pods(2), 60)], 0, SelectPolicy::Max);
    let autoscaler = autoscaler(Some(Behavior { up, down: Behavior::usual().down }));
    let mut windows = Windows::default();
    windows.extend(3, at(0));
    let mut current = 3;
    let mut steps = Vec::new();
    for secs in [1_000, 1_015, 1_045, 1_059, 1_060, 1_075] {
        current = windows.decide(&autoscaler, at(secs), current, 20);
        steps.push(current);
    }
    assert_eq!(steps, [5, 5, 5, 5, 7, 7]);
}

/// H15: down to the largest recommendation of the last 300 s only; and a number that was set by hand is undone by the window.
#[test]
fn h5_h15_the_window_of_the_way_down() {
    let autoscaler = autoscaler(None);
    let mut windows = Windows::default();
    assert_eq!(windows.decide(&autoscaler, at(0), 8, 8), 8);
    let mut decided = Vec::new();
    for (secs, recommended) in [(15, 6), (150, 2), (299, 2), (300, 2), (314, 2), (315, 2), (449, 2), (450, 2)] {
        decided.push(windows.decide(&autoscaler, at(secs), 8, recommended));
    }
    assert_eq!(decided, [8, 8, 8, 6, 6, 2, 2, 2]);
    // Somebody scales down to 1, without any load: what was recommended counts.
    windows.extend(8, at(460));
    assert_eq!(windows.decide(&autoscaler, at(465), 1, 1), 4);
    assert!(!windows.keeps(&autoscaler, at(465), 4) && windows.keeps(&autoscaler, at(761), 4));
}

/// H15, H18: a controller that begins anew goes down for 300 s not at all.
#[test]
fn h15_the_first_evaluation_records_what_there_is() {
    let mut windows = Windows::default();
    let autoscaler = autoscaler(None);
    let decided = [1_000, 1_299, 1_300].map(|secs| windows.decide(&autoscaler, at(secs), 5, 2));
    assert_eq!(decided, [5, 5, 2]);
}

/// H16: windows of both directions. The way up waits for the least, the way down for the most.
#[test]
fn h16_windows_of_both_directions() {
    let up = policies(&[(Change::Percent(100), 15)], 60, SelectPolicy::Max);
    let down = policies(&[(Change::Percent(100), 15)], 120, SelectPolicy::Max);
    let autoscaler = autoscaler(Some(Behavior { up, down }));
    let mut windows = Windows::default();
    windows.extend(4, at(1_000));
    // A spike of 45 s changes nothing: the least of the last minute is what there is.
    let mut decided = Vec::new();
    for (secs, recommended) in [(1_015, 8), (1_030, 8), (1_045, 8), (1_059, 8), (1_060, 7), (1_075, 7)] {
        decided.push(windows.decide(&autoscaler, at(secs), 4, recommended));
    }
    assert_eq!(decided, [4, 4, 4, 4, 7, 7]);
    // And down: the most of the last two minutes, 8 until 1,179 and 7 until 1,195.
    let decided = [1_100, 1_178, 1_179, 1_194, 1_195].map(|secs| windows.decide(&autoscaler, at(secs), 8, 3));
    assert_eq!(decided, [8, 8, 7, 7, 3]);
}

/// H17: bounds come first, and hold whatever is asked for.
#[test]
fn h17_bounds() {
    let autoscaler = Autoscaler { min: 3, max: 6, ..autoscaler(None) };
    assert_eq!(
        [2, 3, 6, 9].map(|current| Windows::out_of_bounds(&autoscaler, current)),
        [Some(3), None, None, Some(6)]
    );
    assert_eq!([step(&autoscaler, 5, 1), step(&autoscaler, 5, 60)], [3, 6]);
    let usual = Autoscaler { behavior: Some(Behavior::usual()), ..autoscaler };
    assert_eq!([step(&usual, 5, 1), step(&usual, 5, 60)], [3, 6]);
}

/// Invariant 5: passes that recommend what there is change nothing, whether or not they are played.
#[test]
fn h15_h16_passes_in_between_need_not_be_played() {
    for behavior in [None, Some(Behavior::usual())] {
        let autoscaler = autoscaler(behavior);
        let mut played = Windows::default();
        for secs in (0..=3_000).step_by(15) {
            assert_eq!(played.decide(&autoscaler, at(secs), 5, 5), 5);
        }
        let mut skipped = Windows::default();
        assert_eq!(skipped.decide(&autoscaler, at(0), 5, 5), 5);
        assert!(skipped.keeps(&autoscaler, at(0), 5));
        skipped.extend(5, at(3_000));
        for secs in (3_015..4_000).step_by(15) {
            let both = [&mut played, &mut skipped].map(|windows| windows.decide(&autoscaler, at(secs), 5, 2));
            assert_eq!(both, [if secs < 3_300 { 5 } else { 2 }; 2], "{secs}");
        }
    }
}
