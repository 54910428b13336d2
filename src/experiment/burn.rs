//! How often the burn-rate alerts of an SLO fire in one replication.
//!
//! What has failed until an instant grows in straight lines, so what has failed within a span that ends there does, too, between the
//! instants at which a line begins or ends, or leaves the span. The alert fires while that is above a threshold for both spans. So its
//! firings are found exactly, as if rules were evaluated all the time; rules that are evaluated each minute may miss one that lasts less.
//!
//! Lines are gathered, and looked at together where no error has been for so long that the spans are empty, or there are very many. Where
//! all that failed is too little for the threshold, nothing is looked at.

use std::collections::VecDeque;

use crate::model::Model;
use crate::study::{BurnAlert, burn_alerts};

/// Lines that are gathered before they are looked at.
const MANY: usize = 4_096;

/// The alerts of a replication while it is played; times in nanoseconds since counting began.
#[derive(Debug, Clone)]
pub(super) struct Burn {
    rules: Vec<Rule>,
    /// The longest span.
    longest: u64,
    horizon: u64,
    /// Those that some span may still reach, in the order of time.
    lines: VecDeque<Line>,
    /// With so many they are looked at.
    enough: usize,
    /// Firings before this are known.
    settled: u64,
}

/// Requests failed evenly, so much in all.
#[derive(Debug, Clone, Copy)]
struct Line {
    from: u64,
    to: u64,
    /// Failed before, since the lines began.
    before: u64,
    amount: u64,
}

/// One alert.
#[derive(Debug, Clone)]
struct Rule {
    /// Both spans, each with the most that may fail in it without an alert.
    spans: [(u64, u64); 2],
    fired: u64,
    /// The end of the last firing, as far as it is known.
    until: Option<u64>,
}

impl Burn {
    /// Of a replication of `model`; nothing is watched where its objective states no SLO.
    pub fn new(model: &Model) -> Self {
        let alerts = model.slo.and_then(|slo| Some((slo, burn_alerts(model.window)?)));
        let rules = alerts.map(|(slo, alerts)| alerts.iter().map(|alert| Rule::new(alert, slo)).collect::<Vec<_>>());
        let rules = rules.unwrap_or_default();
        let longest = rules.iter().flat_map(|rule| rule.spans).map(|(span, _)| span).max().unwrap_or(0);
        Self { rules, longest, horizon: model.horizon.as_nanos(), lines: VecDeque::new(), enough: MANY, settled: 0 }
    }

    /// An amount failed evenly between two instants.
    pub fn add(&mut self, from: u64, to: u64, amount: u64) {
        if self.rules.is_empty() || amount == 0 {
            return;
        }
        if let Some(last) = self.lines.back().copied() {
            if from - last.to >= self.longest {
                self.look(last.to + self.longest);
                self.lines.clear();
            } else if self.lines.len() >= self.enough {
                self.look(last.to);
                while self.lines.front().is_some_and(|line| line.to + self.longest <= last.to) {
                    self.lines.pop_front();
                }
                // However many a span holds, each line is looked at a few times only.
                self.enough = MANY.max(2 * self.lines.len());
            }
        }
        let before = self.lines.back().map_or(0, |last| last.before + last.amount);
        self.lines.push_back(Line { from, to, before, amount });
    }

    /// Nothing has failed yet.
    pub fn forget(&mut self) {
        self.lines.clear();
        self.rules.iter_mut().for_each(|rule| (rule.fired, rule.until) = (0, None));
    }

    /// How often each has fired, when the replication is over.
    pub fn finish(&mut self) -> Vec<u64> {
        if let Some(last) = self.lines.back() {
            self.look((last.to + self.longest).min(self.horizon));
        }
        self.rules.iter().map(|rule| rule.fired).collect()
    }

    /// Counts the firings that begin before `until`, which no line to come can change.
    fn look(&mut self, until: u64) {
        let since = self.settled.max(self.lines.front().map_or(until, |line| line.from));
        self.settled = until;
        if since >= until {
            return;
        }
        let (first, last) = (self.lines.front(), self.lines.back());
        let all = first.zip(last).map_or(0, |(first, last)| last.before + last.amount - first.before);
        for rule in self.rules.iter_mut().filter(|rule| all > rule.spans[0].1) {
            let edges = self.lines.iter().flat_map(|line| [line.from, line.to]);
            let spans = [0, rule.spans[0].0, rule.spans[1].0];
            let mut turns: Vec<u64> = edges.flat_map(|edge| spans.map(|span| edge + span)).collect();
            turns.extend([since, until]);
            turns.retain(|turn| (since..=until).contains(turn));
            turns.sort_unstable();
            turns.dedup();
            let [long, short] = rule.spans.map(|(span, _)| failed_within(&self.lines, &turns, span));
            for (place, pair) in turns.windows(2).enumerate() {
                rule.pass((pair[0], pair[1]), [(long[place], long[place + 1]), (short[place], short[place + 1])]);
            }
        }
    }
}

impl Rule {
    fn new(alert: &BurnAlert, slo: f64) -> Self {
        let span = |span: crate::time::Duration| {
            let nanos = span.as_nanos();
            (nanos, (alert.burn_rate * (1.0 - slo) * nanos as f64).round() as u64)
        };
        Self { spans: [span(alert.long), span(alert.short)], fired: 0, until: None }
    }

    /// Between these instants both sums are straight: what has failed within the long span and the short one, at the one and the other.
    fn pass(&mut self, (from, to): (u64, u64), [long, short]: [(u64, u64); 2]) {
        let long = above(from, to, long.0, long.1, self.spans[0].1);
        let short = above(from, to, short.0, short.1, self.spans[1].1);
        let Some(((long_from, long_to), (short_from, short_to))) = long.zip(short) else { return };
        let (begins, ends) = (long_from.max(short_from), long_to.min(short_to));
        if begins < ends {
            self.fired += u64::from(self.until != Some(begins));
            self.until = Some(ends);
        }
    }
}

/// What has failed within a span that ends at each of these instants, which are in order.
fn failed_within(lines: &VecDeque<Line>, turns: &[u64], span: u64) -> Vec<u64> {
    let (mut now, mut then) = (0, 0);
    turns
        .iter()
        .map(|&turn| failed_until(lines, &mut now, turn) - failed_until(lines, &mut then, turn.saturating_sub(span)))
        .collect()
}

/// What has failed until an instant, since the lines began. So many lines, or fewer, have begun before it; it is told how many.
fn failed_until(lines: &VecDeque<Line>, begun: &mut usize, at: u64) -> u64 {
    while lines.get(*begun).is_some_and(|line| line.from < at) {
        *begun += 1;
    }
    let Some(line) = begun.checked_sub(1).map(|last| &lines[last]) else {
        return lines.front().map_or(0, |first| first.before);
    };
    if at >= line.to {
        return line.before + line.amount;
    }
    let part = u128::from(line.amount) * u128::from(at - line.from) / u128::from(line.to - line.from);
    line.before + part as u64
}

/// Where between two instants a straight line with these ends is above `most`.
fn above(from: u64, to: u64, first: u64, last: u64, most: u64) -> Option<(u64, u64)> {
    // How far it is, in parts of the way, until it has come so far.
    let way = |part: u64, whole: u64| from + (u128::from(to - from) * u128::from(part) / u128::from(whole)) as u64;
    match (first > most, last > most) {
        (true, true) => Some((from, to)),
        (false, true) => Some((way(most - first, last - first), to)),
        (true, false) => Some((from, way(first - most, first - last))),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::experiment::sample::model;
    use crate::time::Duration;

    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;

    /// Watched for 30 days by 99.9 %: a thousandth may fail.
    fn burn() -> Burn {
        let model = model(1, 1, 0, 0, 30 * DAY);
        Burn::new(&Model { slo: Some(0.999), window: Duration::from_nanos(30 * DAY), ..model })
    }

    /// The firings of stretches in which everything, or one of so many parts, fails.
    fn fired(stretches: &[(u64, u64, u64)]) -> Vec<u64> {
        let mut burn = burn();
        for &(from, to, part) in stretches {
            burn.add(from, to, (to - from) / part);
        }
        burn.finish()
    }

    /// Rule: 14.4 thousandths of an hour are 51.84 s, and 6 of six hours 129.6 s. An outage of exactly that is none, one of a
    /// nanosecond more is one, however it is cut.
    #[test]
    fn an_outage_that_burns_just_more_than_its_part_fires() {
        let (fast, slow) = (51_840 * SECOND / 1_000, 129_600 * SECOND / 1_000);
        assert_eq!(fired(&[(DAY, DAY + fast, 1)]), [0, 0]);
        assert_eq!(fired(&[(DAY, DAY + fast + 1, 1)]), [1, 0]);
        assert_eq!(fired(&[(DAY, DAY + slow, 1)]), [1, 0]);
        assert_eq!(fired(&[(DAY, DAY + slow + 1, 1)]), [1, 1]);
        let half = DAY + fast / 2;
        assert_eq!(fired(&[(DAY, half, 1), (half, DAY + fast, 1)]), [0, 0]);
        assert_eq!(fired(&[(DAY, half, 1), (half, DAY + fast + 1, 1)]), [1, 0]);
        // At the end of the counted time nothing is left out, and nothing is at its beginning.
        assert_eq!(fired(&[(30 * DAY - 2 * MINUTE, 30 * DAY, 1)]), [1, 0]);
        assert_eq!(fired(&[(0, MINUTE, 1)]), [1, 0]);
        assert_eq!(fired(&[]), [0, 0]);
    }

    /// Rule: the short span ends an alert soon, and a later outage fires again; errors that are spread do not fire the fast alert, though
    /// the hour has enough of them, where the last five minutes do not.
    #[test]
    fn both_spans_must_burn() {
        let minute = |at: u64| (DAY + at * MINUTE, DAY + (at + 1) * MINUTE, 1);
        assert_eq!(fired(&[minute(0), minute(30)]), [2, 0]);
        // Within five minutes of the first they are one.
        assert_eq!(fired(&[minute(0), minute(5)]), [1, 0]);
        assert_eq!(fired(&[minute(0), minute(3)]), [1, 0]);
        // 40 s each ten minutes: 240 s of an hour, and each time 40 s of five minutes are far above 4.32 s.
        let each: Vec<_> = (0..6).map(|n| (DAY + n * 10 * MINUTE, DAY + n * 10 * MINUTE + 40 * SECOND, 1)).collect();
        assert_eq!(fired(&each), [5, 1], "from the second on; and from the fourth on six hours have more than 129.6 s");
        // A burn of 10 for an hour: 36 s, too little for the fast alert; for the slow one it takes 3.6 h.
        assert_eq!(fired(&[(DAY, DAY + HOUR, 100)]), [0, 0]);
        assert_eq!(fired(&[(DAY, DAY + 4 * HOUR, 100)]), [0, 1]);
        // A burn of 14.3 is not above the fast threshold, however long it lasts; one of 20 is.
        assert_eq!(fired(&[(DAY, 9 * DAY, 70)]), [0, 1]);
        assert_eq!(fired(&[(DAY, 9 * DAY, 50)]), [1, 1]);
    }

    #[test]
    fn nothing_is_watched_without_an_slo() {
        let mut burn = Burn::new(&model(1, 1, 0, 0, DAY));
        burn.add(0, HOUR, HOUR);
        assert!(burn.finish().is_empty() && burn.lines.is_empty());
    }

    /// What a walk in steps of a second finds, where all begins and ends at whole seconds: the state of each alert at each of them.
    fn walked(stretches: &[(u64, u64)], end: u64) -> Vec<u64> {
        let mut until = vec![0_u64];
        for at in 0..end {
            let fails = stretches.iter().any(|(from, to)| (*from..*to).contains(&at));
            until.push(until[at as usize] + u64::from(fails) * SECOND);
        }
        let rules = burn().rules;
        let of = |rule: &Rule| {
            let (mut fired, mut fires) = (0, false);
            for at in 0..=end as usize {
                let is = rule
                    .spans
                    .iter()
                    .all(|(span, most)| until[at] - until[at.saturating_sub((span / SECOND) as usize)] > *most);
                fired += u64::from(is && !fires);
                fires = is;
            }
            fired
        };
        rules.iter().map(of).collect()
    }

    proptest! {
        /// Property: like a walk through every second. Both may differ where an alert fires for less than a second, so lengths are of
        /// a kind that leaves none: the thresholds are no whole numbers of seconds.
        #[test]
        fn it_finds_what_a_walk_finds(gaps in proptest::collection::vec((1_u64..2_500, 1_u64..90), 1..40)) {
            let (mut at, mut stretches) = (0, Vec::new());
            for (gap, length) in gaps {
                stretches.push((at + gap, at + gap + length));
                at += gap + length;
            }
            let end = at + 7 * 3_600;
            let mut burn = burn();
            for &(from, to) in &stretches {
                burn.add(from * SECOND, to * SECOND, (to - from) * SECOND);
            }
            prop_assert_eq!(burn.finish(), walked(&stretches, end));
        }
    }

    /// Very many lines are looked at in parts, with the same answer as an hour of them for each alert would give.
    #[test]
    fn very_many_lines_are_looked_at_in_parts() {
        // Half a second fails each ten seconds for ten days: one firing of each, for all the time.
        let mut burn = burn();
        for number in 0..86_400 {
            let from = DAY + number * 10 * SECOND;
            burn.add(from, from + SECOND / 2, SECOND / 2);
        }
        assert!(burn.lines.len() < 2 * MANY);
        assert_eq!(burn.finish(), [1, 1]);
    }
}
