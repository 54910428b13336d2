//! From what the metrics ask for to the next number of replicas: windows, policies, bounds (H5, H15–H17).
//! Follows `pkg/controller/podautoscaler/horizontal.go stabilizeRecommendation, convertDesiredReplicasWithRules,
//! stabilizeRecommendationWithBehaviors, convertDesiredReplicasWithBehaviorRate`.

use crate::model::{Autoscaler, Behavior, Change, ScalingRules, SelectPolicy};
use crate::time::{Duration, SimTime};

/// The window in which the largest recommendation counts where `behavior` says nothing (H15).
const USUAL_WINDOW: Duration = Duration::from_secs(300);

/// What an autoscaler remembers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows {
    /// What the metrics have asked for, within the bounds: passes in a row that asked for the same are one.
    recommended: Vec<Run>,
    /// What it has changed itself, and when: upwards and downwards. Only `behavior` asks.
    ups: Vec<(SimTime, u32)>,
    downs: Vec<(SimTime, u32)>,
}

/// Passes in a row that recommended the same.
#[derive(Debug, Clone, Copy)]
struct Run {
    replicas: u32,
    last: SimTime,
}

impl Windows {
    /// H17: a number that is out of bounds is brought within them, without windows and policies.
    pub fn out_of_bounds(autoscaler: &Autoscaler, current: u32) -> Option<u32> {
        let bounded = autoscaler.bounded(current);
        (bounded != current).then_some(bounded)
    }

    /// The first evaluation of a controller: what there is has been recommended (H15).
    pub fn begin(&mut self, replicas: u32, now: SimTime) {
        if self.recommended.is_empty() {
            self.extend(replicas, now);
        }
    }

    /// The passes until `last` have recommended `replicas` too, which is what there was then.
    pub fn extend(&mut self, replicas: u32, last: SimTime) {
        match self.recommended.last_mut() {
            Some(run) if run.replicas == replicas => run.last = run.last.max(last),
            _ => self.recommended.push(Run { replicas, last }),
        }
    }

    /// The number from now on, where there are `current` replicas and the metrics ask for so many. What is beyond the bounds is
    /// remembered as what they allow: maxima and minima of that come to the same.
    pub fn decide(&mut self, autoscaler: &Autoscaler, now: SimTime, current: u32, recommended: u32) -> u32 {
        self.begin(current, now);
        self.extend(autoscaler.bounded(recommended), now);
        let decided = match &autoscaler.behavior {
            None => {
                self.forget(now, USUAL_WINDOW, Duration::ZERO);
                // H15: the largest that is not older than the window, and at most twice as many, but 4 at any rate.
                let most = current.saturating_mul(2).max(4).min(autoscaler.max);
                self.largest_since(now, USUAL_WINDOW).clamp(autoscaler.min, most.max(autoscaler.min))
            }
            Some(behavior) => self.with_behavior(autoscaler, behavior, now, current),
        };
        if autoscaler.behavior.is_some() {
            match decided.cmp(&current) {
                std::cmp::Ordering::Greater => self.ups.push((now, decided - current)),
                std::cmp::Ordering::Less => self.downs.push((now, current - decided)),
                std::cmp::Ordering::Equal => {}
            }
        }
        decided
    }

    /// As long as the metrics ask for what there is, nothing changes. Without `behavior` something larger is remembered and may.
    pub fn keeps(&self, autoscaler: &Autoscaler, now: SimTime, current: u32) -> bool {
        autoscaler.behavior.is_some() || self.largest_since(now, USUAL_WINDOW) <= current
    }

    /// H16.
    fn with_behavior(&mut self, autoscaler: &Autoscaler, behavior: &Behavior, now: SimTime, current: u32) -> u32 {
        let Behavior { up, down } = behavior;
        let periods = [up, down].map(|rules| rules.policies.iter().map(|policy| policy.period).max());
        let longest = periods.into_iter().flatten().max().unwrap_or(Duration::ZERO);
        self.forget(now, up.window.max(down.window), longest);
        let (least, most) = (self.smallest_since(now, up.window), self.largest_since(now, down.window));
        if current < least {
            let limit = self.limit(up, now, current, Direction::Up);
            least.min(limit.max(current)).min(autoscaler.max)
        } else if current > most {
            let limit = self.limit(down, now, current, Direction::Down);
            most.max(limit.min(current)).max(autoscaler.min)
        } else {
            current
        }
    }

    /// How far the policies let it go from `current`.
    fn limit(&self, rules: &ScalingRules, now: SimTime, current: u32, direction: Direction) -> u32 {
        let within = |events: &[(SimTime, u32)], period: Duration| -> i64 {
            let young = events.iter().filter(|(at, _)| now.saturating_since(*at) < period);
            young.map(|(_, change)| i64::from(*change)).sum()
        };
        let limits = rules.policies.iter().map(|policy| {
            let start = i64::from(current) - within(&self.ups, policy.period) + within(&self.downs, policy.period);
            let limit = match (policy.change, direction) {
                (Change::Pods(pods), Direction::Up) => start + i64::from(pods),
                (Change::Pods(pods), Direction::Down) => start - i64::from(pods),
                // Kubernetes counts in these floating-point steps, so that 10 % more than 50 are 56.
                (Change::Percent(percent), Direction::Up) => {
                    (start as f64 * (1.0 + f64::from(percent) / 100.0)).ceil() as i64
                }
                (Change::Percent(percent), Direction::Down) => {
                    (start as f64 * (1.0 - f64::from(percent) / 100.0)) as i64
                }
            };
            limit.clamp(0, i64::from(i32::MAX)) as u32
        });
        let chosen = match (rules.select, direction) {
            (SelectPolicy::Disabled, _) => None,
            (SelectPolicy::Max, Direction::Up) | (SelectPolicy::Min, Direction::Down) => limits.max(),
            (SelectPolicy::Min, Direction::Up) | (SelectPolicy::Max, Direction::Down) => limits.min(),
        };
        chosen.unwrap_or(current)
    }

    fn largest_since(&self, now: SimTime, window: Duration) -> u32 {
        self.since(now, window).max().unwrap_or(0)
    }

    fn smallest_since(&self, now: SimTime, window: Duration) -> u32 {
        self.since(now, window).min().unwrap_or(0)
    }

    /// The recommendations of a window and of now, which has been remembered.
    fn since(&self, now: SimTime, window: Duration) -> impl Iterator<Item = u32> {
        let young = move |run: &&Run| run.last == now || now.saturating_since(run.last) < window;
        self.recommended.iter().filter(young).map(|run| run.replicas)
    }

    fn forget(&mut self, now: SimTime, window: Duration, period: Duration) {
        self.recommended.retain(|run| run.last == now || now.saturating_since(run.last) < window);
        let is_young = |event: &(SimTime, u32)| now.saturating_since(event.0) < period;
        self.ups.retain(is_young);
        self.downs.retain(is_young);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
