//! V1, by hand.

use super::*;

fn status(limit: Limit, healthy: u32, pods: u32, replicas: u32) -> (u32, u32) {
    let budget =
        Budget { name: "budget".to_owned(), selects: vec![true].into(), limit, always_allows_unhealthy: false };
    let BudgetStatus { healthy: told, desired, allowed } = budget.status(healthy, pods, replicas);
    assert_eq!(told, healthy);
    (desired, allowed)
}

#[test]
fn v1_rule_both_shares_are_rounded_up() {
    // 25 % of 2 may be missing: one.
    assert_eq!(status(Limit::MaxUnavailable(Part::Percent(25)), 2, 2, 2), (1, 1));
    // 90 % of 2 must be left: both.
    assert_eq!(status(Limit::MinAvailable(Part::Percent(90)), 2, 2, 2), (2, 0));
    assert_eq!(status(Limit::MinAvailable(Part::Percent(50)), 3, 3, 3), (2, 1));
    assert_eq!(status(Limit::MaxUnavailable(Part::Percent(34)), 3, 3, 3), (1, 2));
    assert_eq!(status(Limit::MaxUnavailable(Part::Percent(0)), 3, 3, 3), (3, 0));
    assert_eq!(status(Limit::MaxUnavailable(Part::Percent(100)), 3, 3, 3), (0, 3));
}

#[test]
fn v1_rule_what_is_expected_and_healthy() {
    // More may be missing than there are.
    assert_eq!(status(Limit::MaxUnavailable(Part::Number(5)), 2, 2, 2), (0, 2));
    assert_eq!(status(Limit::MinAvailable(Part::Number(2)), 3, 3, 3), (2, 1));
    // A number is compared with the healthy ones; those that terminate count only as Pods that there are.
    assert_eq!(status(Limit::MinAvailable(Part::Number(1)), 0, 1, 2), (1, 0));
    assert_eq!(status(Limit::MinAvailable(Part::Number(0)), 0, 0, 2), (0, 0));
    assert_eq!(status(Limit::MinAvailable(Part::Number(0)), 2, 2, 2), (0, 2));
    // A Pod that a surge has made counts among the healthy, and nothing else changes (V12).
    assert_eq!(status(Limit::MinAvailable(Part::Number(2)), 3, 3, 2), (2, 1));
    assert_eq!(status(Limit::MaxUnavailable(Part::Number(0)), 3, 3, 2), (2, 1));
    // Enough is missing already.
    assert_eq!(status(Limit::MaxUnavailable(Part::Number(1)), 2, 4, 4), (3, 0));
}

#[test]
fn v1_rule_a_budget_that_says_neither_allows_nothing() {
    assert_eq!(status(Limit::Nothing, 3, 3, 3), (0, 0));
}
