//! Numbers for people: spans of time, percentages and counts, with as many digits as the interval supports.

use crate::results::{Estimate, Quantile};
pub use crate::shell::quoted;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;
const YEAR: f64 = 365.0 * DAY;

/// A thing with its article: `a release`, `an upgrade`.
pub fn one(thing: &str) -> String {
    let is_vowel = thing.starts_with(|c: char| "aeiouAEIOU".contains(c));
    format!("{} {thing}", if is_vowel { "an" } else { "a" })
}

/// So many Pods.
pub fn pods(count: u32) -> String {
    if count == 1 { "1 Pod".to_owned() } else { format!("{count} Pods") }
}

/// `a, b and c`
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// From a span to a longer one, with one unit where they share it: `18 to 36 min`, `40 ms to 2 s`.
pub fn span_range(low: f64, high: f64) -> String {
    let [low, high] = [low, high].map(duration);
    match (low.split_once(' '), high.split_once(' ')) {
        _ if low == high => low,
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// A span of time: `240 ms`, `2.4 s`, `41 s`, `3.3 min`, `12 min`, `3.3 h`, `2.2 d`, `41 d`, `3.2 y`.
pub fn duration(secs: f64) -> String {
    // Each limit lies where rounding would carry into the next unit: 59.7 s is a minute, not 60 s.
    match secs {
        s if s < 0.0 => format!("−{}", duration(-s)),
        s if s < 5e-7 => "0 s".to_owned(),
        s if s < 0.000_999_5 => format!("{} µs", significant(s * 1e6, 2)),
        s if s < 0.999_5 => format!("{} ms", significant(s * 1e3, 2)),
        s if s < 9.95 => format!("{} s", trimmed(s, 1)),
        s if s < 59.5 => format!("{} s", s.round()),
        s if s < 59.5 * MINUTE => in_tenths(s, MINUTE, "min"),
        s if s < 47.5 * HOUR => in_tenths(s, HOUR, "h"),
        s if s < 2.0 * YEAR => in_tenths(s, DAY, "d"),
        s if s < 1e6 * YEAR => format!("{} y", significant(s / YEAR, 2)),
        s => format!("{:.1e} y", s / YEAR),
    }
}

/// A span in a unit, with one digit after the point below ten.
fn in_tenths(secs: f64, unit: f64, name: &str) -> String {
    let value = secs / unit;
    if value < 9.95 { format!("{} {name}", trimmed(value, 1)) } else { format!("{} {name}", value.round()) }
}

/// A span for the ticks of an axis, which are round numbers: `500 ms`, `10 s`, `1 min 30 s`, `12 h`, `1 y`.
pub fn tick(secs: f64) -> String {
    match secs {
        0.0 => "0".to_owned(),
        s if (YEAR - 0.1..1e6 * YEAR).contains(&s) => format!("{} y", trimmed(s / YEAR, 2)),
        s => in_full(s),
    }
}

/// A span for sentences, in two units where it has them: `3 min 20 s`, `1 h 8 min`, `2 d 4 h`.
pub fn in_full(secs: f64) -> String {
    match secs {
        s if s < 0.0 => format!("−{}", in_full(-s)),
        s if s > 59.5 && s < HOUR - 0.5 => in_two(s, MINUTE, "min", 1.0, "s"),
        s if (HOUR - 0.5..DAY - MINUTE / 2.0).contains(&s) => in_two(s, HOUR, "h", MINUTE, "min"),
        s if (DAY - MINUTE / 2.0..10.0 * DAY - HOUR / 2.0).contains(&s) => in_two(s, DAY, "d", HOUR, "h"),
        s => duration(s),
    }
}

/// A span for sentences with no more digits than an error of so many seconds leaves standing: `18 min 20 s` within 10 s,
/// `18 min` within 2 min, `18 h` within 2 h. It is never coarser than the two digits that tables print of it.
pub fn in_full_within(secs: f64, error: f64) -> String {
    const STEPS: [f64; 11] = [1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1_800.0, HOUR, 6.0 * HOUR, DAY];
    if error > 0.1 * secs.abs() {
        return duration(secs);
    }
    let unit = unit_of(secs.abs()).0;
    let second_digit = unit * 10f64.powf((secs.abs() / unit).log10().floor() - 1.0);
    match STEPS.into_iter().rev().find(|step| *step <= second_digit.min(2.0 * error)) {
        Some(step) => in_full((secs / step).round() * step),
        None => in_full(secs),
    }
}

/// A span in a unit and the next smaller one, which is left out where it is zero.
fn in_two(secs: f64, large: f64, large_name: &str, small: f64, small_name: &str) -> String {
    let smalls = (secs / small).round();
    let per_large = large / small;
    let (whole, rest) = ((smalls / per_large).floor(), smalls % per_large);
    if rest == 0.0 { format!("{whole} {large_name}") } else { format!("{whole} {large_name} {rest} {small_name}") }
}

/// A span with four significant digits, in the largest unit that it reaches: `10.11 min`.
pub fn precise(secs: f64) -> String {
    let units = [(YEAR, "y"), (DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    let (unit, name) = units.into_iter().find(|(unit, _)| secs >= *unit).unwrap_or((1e-9, "ns"));
    format!("{} {name}", significant(secs / unit, 4))
}

/// So many significant digits, never an exponent between 0.001 and a million: `0.012`, `1.3`, `420`, `12,000`.
pub fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return trimmed(value, 0);
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..9).contains(&magnitude) {
        return format!("{value:.*e}", (digits - 1).max(0) as usize);
    }
    let unit = 10f64.powi(magnitude - digits + 1);
    // A division by a power of ten below 1 is not exact: format rounds what is left.
    let rounded = (value / unit).round() * unit;
    trimmed(rounded, (digits - 1 - magnitude).max(0) as usize)
}

/// A number with at most so many decimals, none of them a trailing zero, and thousands set apart.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let whole = text.split('.').next().unwrap_or(text);
    if whole.trim_start_matches('-').len() < 5 {
        return text.to_owned();
    }
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped.push_str(&text[whole.len()..]);
    grouped
}

/// A count per year with the digits that its interval supports: `12.3`, `0.004`, `1,234`.
pub fn count(estimate: &Estimate) -> String {
    if estimate.bound {
        return format!("≤ {}", significant(estimate.high, 2));
    }
    significant(estimate.mean, digits(estimate.mean, half_width(estimate)))
}

/// A count with its interval: `12.3 (11.8 to 12.8)`.
pub fn count_with_interval(estimate: &Estimate) -> String {
    let (count, ends) = count_and_ends(estimate);
    if estimate.bound { count } else { format!("{count} ({ends})") }
}

/// A count and the ends of its interval with the same digits: `12.3` and `11.8 to 12.8`.
pub fn count_and_ends(estimate: &Estimate) -> (String, String) {
    if estimate.bound {
        return (count(estimate), "bound".to_owned());
    }
    let digits = digits(estimate.mean, half_width(estimate));
    let [low, high] = [estimate.low, estimate.high].map(|end| significant(end, digits.max(2)));
    (significant(estimate.mean, digits), format!("{low} to {high}"))
}

/// The digits of `value` that an error of `half` leaves standing: one to four.
fn digits(value: f64, half: f64) -> i32 {
    if value == 0.0 || half <= 0.0 {
        return 3;
    }
    ((value.abs() / half).log10().floor() as i32 + 2).clamp(1, 4)
}

/// Seconds a year as a span, a bound with its sign: `1 h 8 min`, `≤ 3 h 12 min`.
pub fn span(estimate: &Estimate) -> String {
    if estimate.bound { format!("≤ {}", duration(estimate.high)) } else { duration(estimate.mean) }
}

/// A span with the half-width of its interval, both in the unit of the mean: `68 ± 3 min`, `2.39 ± 0.17 h`; with the
/// interval itself where that is lopsided: `50 (10–310) ms`; a bound as `≤ 1.6 h`.
pub fn span_with_error(estimate: &Estimate) -> String {
    let half = half_width(estimate);
    let (unit, name) = unit_of(estimate.mean);
    if estimate.bound || half <= 0.0 || estimate.mean > 1e6 * YEAR || half > 1e3 * estimate.mean.max(1.0) {
        return span(estimate);
    }
    // Rare events give lopsided intervals, for which a ± would be wrong on one side, or seem to reach below zero.
    let (above, below) = (estimate.high - estimate.mean, estimate.mean - estimate.low);
    let lopsided = above.max(below) > 1.3 * above.min(below) && half > 0.15 * estimate.mean;
    if lopsided && above > below || estimate.low > 0.0 && half > 0.8 * estimate.mean {
        let (unit, name) = unit_of(estimate.high);
        let [mean, low, high] = [estimate.mean, estimate.low, estimate.high].map(|secs| significant(secs / unit, 2));
        return format!("{mean} ({low}–{high}) {name}");
    }
    let (mean, half) = (estimate.mean / unit, half / unit);
    let decimals = decimals(half);
    format!("{mean:.decimals$} ± {half:.decimals$} {name}")
}

/// The decimals that a half-width leaves standing; one that begins with 1 needs a second digit: 0.1 may be 0.06 or 0.14.
pub fn decimals(half: f64) -> usize {
    (-(half / 2.0).log10()).ceil().clamp(0.0, 4.0) as usize
}

/// Behind a number that rests on few outages.
pub const FEW: &str = " ‡";
/// What the mark means.
pub const RESTS_ON_FEW: &str =
    "‡ rests on few outages: the interval allows for it and is wide, and more replications may move the mean.";

/// The same, marked where it rests on few outages.
pub fn marked_span_with_error(estimate: &Estimate) -> String {
    format!("{}{}", span_with_error(estimate), if estimate.rests_on_few { FEW } else { "" })
}

/// A span and the ends of its interval with the digits that it supports, in one unit: `5.28 min` and `5.25 to 5.31 min`; where
/// it is wide, each in its own: `29 ms` and `2.9 ms to 270 ms`.
pub fn span_and_ends(estimate: &Estimate) -> (String, String) {
    let half = half_width(estimate);
    if estimate.bound {
        return (span(estimate), "bound".to_owned());
    }
    if half <= 0.0 || half > 0.05 * estimate.mean.abs() {
        return (span(estimate), format!("{} to {}", duration(estimate.low), duration(estimate.high)));
    }
    let (unit, name) = unit_of(estimate.mean.abs());
    let decimals = decimals(half / unit);
    let show = |secs: f64| format!("{:.decimals$}", secs / unit).replace('-', "−");
    let [mean, low, high] = [estimate.mean, estimate.low, estimate.high].map(show);
    (format!("{mean} {name}"), format!("{low} to {high} {name}"))
}

/// Seconds a year with the interval: `18 min 20 s (17 min 40 s to 19 min)`, a bound as `at most 1 h 36 min`.
pub fn with_interval(estimate: &Estimate) -> String {
    if estimate.bound {
        return format!("at most {}", in_full(estimate.high));
    }
    let half = half_width(estimate);
    let [mean, low, high] = [estimate.mean, estimate.low, estimate.high].map(|secs| in_full_within(secs, half));
    format!("{mean} ({low} to {high})")
}

/// The unit in which a span has one or two digits before the point.
fn unit_of(secs: f64) -> (f64, &'static str) {
    match secs {
        s if s < 0.000_999_5 => (1e-6, "µs"),
        s if s < 0.999_5 => (1e-3, "ms"),
        s if s < 99.5 => (1.0, "s"),
        s if s < 99.5 * MINUTE => (MINUTE, "min"),
        s if s < 99.5 * HOUR => (HOUR, "h"),
        s if s < 2.0 * YEAR => (DAY, "d"),
        _ => (YEAR, "y"),
    }
}

/// The larger distance from the mean to an end of the interval.
pub fn half_width(estimate: &Estimate) -> f64 {
    (estimate.high - estimate.mean).max(estimate.mean - estimate.low).max(0.0)
}

/// A share of time as a percentage: `99.987 %`, a bound as `≥ 99.98 %`; where it would be rounded to all, `> 99.99 %`.
pub fn percent(estimate: &Estimate) -> String {
    if estimate.bound {
        // A bound is rounded away from 100 %: it must not promise more than was shown.
        let decimals = percent_decimals((1.0 - estimate.low) / 3.0);
        return format!("≥ {} %", percent_below(estimate.low, decimals));
    }
    let decimals = percent_decimals(half_width(estimate));
    if is_all(estimate.mean, decimals) {
        return format!("> {} %", percent_below(estimate.mean, decimals));
    }
    format!("{:.decimals$} %", estimate.mean * 100.0)
}

/// The ends of a percentage's interval, with the decimals of its mean: `99.985–99.989 %`. Something was lost, so neither is
/// all: `99.98–<100 %`.
pub fn percent_interval(estimate: &Estimate) -> String {
    let decimals = percent_decimals(half_width(estimate));
    let high = if is_all(estimate.high, decimals) {
        "<100".to_owned()
    } else {
        format!("{:.decimals$}", estimate.high * 100.0)
    };
    let low = if is_all(estimate.low, decimals) {
        percent_below(estimate.low, decimals)
    } else {
        format!("{:.decimals$}", estimate.low * 100.0)
    };
    format!("{low}–{high} %")
}

/// From where to where a share lies, for example over draws: `60–99 %`.
pub fn percent_range(low: f64, high: f64) -> String {
    percent_interval(&Estimate { mean: f64::midpoint(low, high), low, high, bound: false, rests_on_few: false })
}

/// Whether a share would read 100 %.
fn is_all(share: f64, decimals: usize) -> bool {
    format!("{:.decimals$}", share * 100.0).starts_with("100")
}

/// A percentage rounded down, and never to all.
fn percent_below(share: f64, decimals: usize) -> String {
    let unit = 10f64.powi(decimals as i32);
    let floor = (share * 100.0 * unit).floor().min(100.0 * unit - 1.0);
    format!("{:.decimals$}", floor / unit)
}

/// A probability with its interval: `97.1 % (96.8–97.4)`, a bound as `≥ 99.98 %`.
pub fn percent_with_interval(estimate: &Estimate) -> String {
    if estimate.bound {
        return percent(estimate);
    }
    format!("{} ({})", percent(estimate), percent_interval(estimate).trim_end_matches(" %"))
}

/// Decimals of a percentage so that the error shows in its last digit; never more than anybody reads: six are a third of a
/// second in a year.
fn percent_decimals(half: f64) -> usize {
    const MOST: f64 = 6.0;
    // Of what is certain two decimals say all that anybody can mean.
    if half <= 0.0 {
        return 2;
    }
    (-(half * 100.0).log10()).ceil().clamp(0.0, MOST) as usize
}

/// A quantile: `37 s`; `no end` where it lies among samples that have none, `–` without any.
pub fn quantile(quantile: Option<&Quantile>, endless: u64) -> String {
    match quantile {
        Some(quantile) => duration(quantile.value),
        None if endless > 0 => "no end".to_owned(),
        None => "–".to_owned(),
    }
}

/// The same where there is no room for the interval: `~37 s` where an end of it lies more than a quarter away.
pub fn marked_quantile(quantile: Option<&Quantile>, endless: u64) -> String {
    let text = self::quantile(quantile, endless);
    if quantile.is_some_and(is_rough) { format!("{ROUGH}{text}") } else { text }
}

/// Whether an end of the interval lies more than a quarter away, or there is none.
fn is_rough(quantile: &Quantile) -> bool {
    let Quantile { value, low, high } = *quantile;
    value - low > 0.25 * value || high.is_none_or(|high| high - value > 0.25 * value)
}

/// Before a quantile that is known roughly only.
const ROUGH: char = '~';
/// What the mark means, where it was used.
pub fn rough_quantiles(text: &str) -> Option<&'static str> {
    let words = "~ roughly: the interval, which the CSV files and the page have, reaches further than a quarter.";
    text.contains(ROUGH).then_some(words)
}

/// The ends of a quantile's interval: `35 s to 39 s`, or `35 s or more` where there are too few samples for an upper one.
pub fn quantile_ends(quantile: &Quantile) -> String {
    let low = duration(quantile.low);
    quantile.high.map_or_else(|| format!("{low} or more"), |high| format!("{low} to {}", duration(high)))
}

/// A quantile with its interval, in one unit: `37 (35–39) s`, `37 (≥ 35) s` where there are too few samples for an upper end.
pub fn quantile_with_interval(of: Option<&Quantile>, endless: u64) -> String {
    let Some(Quantile { value, low, high }) = of else { return quantile(None, endless) };
    let (unit, name) = unit_of(high.unwrap_or(*value));
    let [value, low] = [value, low].map(|secs| significant(secs / unit, 2));
    match high.map(|high| significant(high / unit, 2)) {
        Some(high) if value == low && value == high => format!("{value} {name}"),
        Some(high) => format!("{value} ({low}–{high}) {name}"),
        None => format!("{value} (≥ {low}) {name}"),
    }
}

/// A part of a whole, never rounded to nothing or to all: `< 1 %`, `35 %`, `> 99 %`.
pub fn share(part: f64, whole: f64) -> String {
    match part / whole * 100.0 {
        percent if percent < 1.0 => "< 1 %".to_owned(),
        percent if percent >= 99.5 && part < whole => "> 99 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A confidence level or a target: `95 %`, `99.95 %`.
pub fn plain_percent(share: f64) -> String {
    format!("{} %", trimmed(share * 100.0, 6))
}

/// A whole number with its thousands set apart.
pub fn whole(n: u64) -> String {
    let text = n.to_string();
    if text.len() < 5 {
        return text;
    }
    let mut grouped = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped
}

/// A span in full, as exact as its interval supports; a bound with its words.
pub fn full(estimate: &Estimate) -> String {
    if estimate.bound {
        return format!("at most {}", in_full(estimate.high));
    }
    in_full_within(estimate.mean, half_width(estimate))
}

/// With a capital letter at its beginning.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let cases = [
            (0.0, "0 s"),
            (0.000_25, "250 µs"),
            (0.24, "240 ms"),
            (0.999_9, "1 s"),
            (2.41, "2.4 s"),
            (9.97, "10 s"),
            (41.2, "41 s"),
            (59.7, "1 min"),
            (200.0, "3.3 min"),
            (599.8, "10 min"),
            (720.0, "12 min"),
            (3_599.0, "1 h"),
            (4_080.0, "1.1 h"),
            (86_399.0, "24 h"),
            (187_200.0, "2.2 d"),
            (863_990.0, "10 d"),
            (41.0 * DAY, "41 d"),
            (3.2 * YEAR, "3.2 y"),
            (-41.0, "−41 s"),
        ];
        for (secs, text) in cases {
            assert_eq!(duration(secs), text, "{secs}");
        }
    }

    #[test]
    fn a_range_names_its_unit_once() {
        assert_eq!(span_range(1_080.0, 2_160.0), "18 to 36 min");
        assert_eq!(span_range(0.04, 2.0), "40 ms to 2 s");
        assert_eq!(span_range(60.0, 60.1), "1 min");
        assert_eq!(span_range(-41.0, -5.0), "−41 to −5 s");
    }

    #[test]
    fn digits_follow_the_interval() {
        let estimate = |mean, low, high| Estimate { mean, low, high, bound: false, rests_on_few: false };
        assert_eq!(percent(&estimate(0.999_871, 0.999_85, 0.999_892)), "99.987 %");
        assert_eq!(percent_interval(&estimate(0.999_871, 0.999_85, 0.999_892)), "99.985–99.989 %");
        assert_eq!(percent(&estimate(0.999_999_87, 0.999_8, 1.0)), "> 99.99 %");
        assert_eq!(percent_interval(&estimate(0.999_999_87, 0.999_8, 1.0)), "99.98–<100 %");
        assert_eq!(percent(&estimate(0.999_999_999_94, 0.999_999_999_9, 0.999_999_999_97)), "> 99.999999 %");
        assert_eq!(percent_interval(&estimate(0.999_9, 0.999_5, 0.999_999_9)), "99.95–<100 %");
        assert_eq!(percent_with_interval(&estimate(0.92, 0.904, 0.934)), "92 % (90–93)");
        assert_eq!(count(&estimate(1.5, 0.4, 5.0)), "2");
        assert_eq!(count(&estimate(12.345, 12.1, 12.6)), "12.3");
        assert_eq!(count(&estimate(1234.5, 1200.0, 1260.0)), "1230");
        assert_eq!(span_with_error(&estimate(4_080.0, 3_900.0, 4_260.0)), "68 ± 3 min");
        assert_eq!(span_with_error(&estimate(8_600.0, 8_000.0, 9_100.0)), "2.39 ± 0.17 h");
        assert_eq!(span_with_error(&estimate(0.0, 0.0, 0.4)), "0 (0–400) ms");
        assert_eq!(span_with_error(&estimate(0.05, 0.01, 0.31)), "50 (10–310) ms");
        let both = |words: &str, ends: &str| (words.to_owned(), ends.to_owned());
        assert_eq!(span_and_ends(&estimate(316.8, 315.0, 318.6)), both("5.28 min", "5.25 to 5.31 min"));
        assert_eq!(span_and_ends(&estimate(-46.1, -46.9, -45.3)), both("−46.1 s", "−46.9 to −45.3 s"));
        assert_eq!(count_and_ends(&estimate(1352.4, 1345.0, 1360.0)), both("1352", "1345 to 1360"));
        assert_eq!(span_and_ends(&estimate(0.029, 0.0029, 0.27)), both("29 ms", "2.9 ms to 270 ms"));
        assert_eq!(span_with_error(&estimate(25.0, 0.78, 50.4)), "25 (0.78–50) s");
        assert_eq!(span_with_error(&estimate(5.0 * HOUR, 3.9 * HOUR, 6.5 * HOUR)), "5 (3.9–6.5) h");
    }

    #[test]
    fn sentences_have_the_digits_of_the_error() {
        let within = [
            (1_100.0, 8.0, "18 min 20 s"),
            (1_100.0, 36.0, "18 min"),
            (1_100.0, 300.0, "18 min"),
            (2_196.0, 150.0, "37 min"),
            (5_930.0, 420.0, "1 h 39 min"),
            (66_000.0, 600.0, "18 h 20 min"),
            (66_000.0, 5_400.0, "18 h"),
            (66_000.0, 36_000.0, "18 h"),
            (-41.3, 0.4, "−41 s"),
        ];
        for (secs, error, text) in within {
            assert_eq!(in_full_within(secs, error), text, "{secs} within {error}");
        }
        let estimate = Estimate { mean: 4_620.0, low: 1_200.0, high: 18_360.0, bound: false, rests_on_few: false };
        assert_eq!(with_interval(&estimate), "1.3 h (20 min to 5.1 h)");
    }

    #[test]
    fn quantiles_stand_with_their_intervals() {
        let q = |value, low, high| Some(Quantile { value, low, high });
        assert_eq!(quantile_with_interval(q(37.2, 35.1, Some(38.9)).as_ref(), 0), "37 (35–39) s");
        assert_eq!(quantile_with_interval(q(37.2, 35.1, None).as_ref(), 0), "37 (≥ 35) s");
        assert_eq!(quantile_with_interval(q(5.0, 5.0, Some(5.0)).as_ref(), 0), "5 s");
        assert_eq!(quantile_with_interval(None, 3), "no end");
        assert_eq!(quantile_with_interval(None, 0), "–");
        assert_eq!(quantile_ends(&q(37.2, 35.1, None).unwrap()), "35 s or more");
        assert_eq!(marked_quantile(q(37.2, 35.1, Some(38.9)).as_ref(), 0), "37 s");
        assert_eq!(marked_quantile(q(37.2, 27.1, Some(38.9)).as_ref(), 0), "~37 s");
        assert_eq!(marked_quantile(q(37.2, 35.1, None).as_ref(), 0), "~37 s");
        assert_eq!((marked_quantile(None, 3), marked_quantile(None, 0)), ("no end".to_owned(), "–".to_owned()));
    }

    #[test]
    fn a_bound_is_never_a_hundred_percent() {
        let bound = Estimate { mean: 1.0, low: 0.999_963_1, high: 1.0, bound: true, rests_on_few: false };
        assert_eq!(percent(&bound), "≥ 99.996 %");
        let downtime = Estimate { mean: 0.0, low: 0.0, high: 1_163.0, bound: true, rests_on_few: false };
        assert_eq!(span(&downtime), "≤ 19 min");
    }

    #[test]
    fn numbers_keep_their_size() {
        assert_eq!(significant(12_345.0, 2), "12,000");
        assert_eq!(significant(0.012_34, 2), "0.012");
        assert_eq!(significant(0.000_001_2, 2), "1.2e-6");
        assert_eq!(whole(20_000), "20,000");
        assert_eq!(tick(0.5), "500 ms");
        assert_eq!(in_full(4_080.0), "1 h 8 min");
        assert_eq!(in_full(86_390.0), "1 d");
        assert_eq!(tick(43_200.0), "12 h");
    }
}
