//! Spans of time as people write them: `30s`, `1h30m`, `1.5d`, `1y`.
//!
//! Reading refuses, and is in place of a constructor; writing gives what reading takes.
//!
//! Not humantime's grammar: its `M` is a month and its year has 365.25 days; here
//! a year is 365 days, months do not exist, and decimals are exact.

use crate::time::Duration;

/// The units, for messages.
pub const UNITS: &str = "ns, us, ms, s, m, h, d, w, y";

/// The longest span hasim reads: far beyond what is simulated, far within 64 bits of nanoseconds.
pub const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Of a year, the twelfth decimal is 32 microseconds.
const MAX_DECIMALS: usize = 12;

const UNIT_NANOS: [(&str, u64); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 7 * 86_400_000_000_000),
    ("y", 365 * 86_400_000_000_000),
];

/// Reads a span.
///
/// # Errors
/// What completes "is VALUE, …".
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let malformed = || format!("must be a duration such as 30s, 5m or 1h30m (units: {UNITS})");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let Some((_, nanos)) = UNIT_NANOS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit {
                "M" => "must not be in months, which differ in length: use d".to_string(),
                "" if !number.is_empty() => format!("must have a unit ({UNITS})"),
                _ => malformed(),
            });
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_number = whole.len() <= 20 && !fraction.contains('.') && number != ".";
        let fraction = &fraction[..fraction.len().min(MAX_DECIMALS)];
        let (Ok(whole), Ok(parts), true) = (digits(whole), digits(fraction), is_number && !number.is_empty()) else {
            return Err(malformed());
        };
        let scale = 10u128.pow(fraction.len() as u32);
        total += whole * u128::from(*nanos) + (parts * u128::from(*nanos) + scale / 2) / scale;
        rest = tail.trim_start();
    }
    match u64::try_from(total) {
        Ok(nanos) if nanos <= LONGEST.as_nanos() => Ok(Duration::from_nanos(nanos)),
        _ => Err("must be at most 100y".to_string()),
    }
}

fn digits(text: &str) -> Result<u128, std::num::ParseIntError> {
    if text.is_empty() { Ok(0) } else { text.parse() }
}

/// A span in the largest unit that divides it.
pub fn shown(span: Duration) -> String {
    let nanos = span.as_nanos();
    match UNIT_NANOS.iter().rev().find(|(name, unit)| *name != "w" && nanos > 0 && nanos.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", nanos / unit),
        None => "0".to_string(),
    }
}

/// A span in the largest unit that it reaches, with five significant digits: `1.2346d`; [`parse`] reads it again. `None` if
/// it is too short or too long for that.
pub fn readable(secs: f64) -> Option<String> {
    let nanos = secs * 1e9;
    let (name, unit) = UNIT_NANOS.iter().rev().find(|(name, unit)| *name != "w" && nanos >= *unit as f64)?;
    let value = nanos / *unit as f64;
    let decimals = 4 - (value.log10().floor() as i32).clamp(0, 4);
    let text = format!("{value:.*}", decimals as usize);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    Some(format!("{text}{name}")).filter(|text| parse(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_exact() {
        let secs = |text: &str| parse(text).unwrap().as_nanos();
        assert_eq!(secs("30s"), 30_000_000_000);
        assert_eq!(secs("1h30m"), 5_400_000_000_000);
        assert_eq!(secs("1.5h"), 5_400_000_000_000);
        assert_eq!(secs("0.2s"), 200_000_000);
        assert_eq!(secs("500ms"), 500_000_000);
        assert_eq!(secs("1y"), 365 * 86_400 * 1_000_000_000);
        assert_eq!(secs("0"), 0);
        assert_eq!(secs("1d 12h"), 129_600_000_000_000);
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "s", "5", "1M", "-5s", "1.2.3s", ".s", "5 s", "1e3s", "5min", "101y", "99999999999999999999y"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("1M").unwrap_err().contains("months"));
    }

    #[test]
    fn spans_are_readable_and_read_again() {
        for (secs, text) in [
            (606.527_56, "10.109m"),
            (5.0, "5s"),
            (86_400.0 * 12.345_67, "12.346d"),
            (1e-9, "1ns"),
            (0.001_5, "1.5ms"),
            (3.2e9, ""),
            (1e-10, ""),
        ] {
            assert_eq!(readable(secs).unwrap_or_default(), text);
        }
    }

    #[test]
    fn spans_are_shown_in_their_largest_unit() {
        for text in ["90s", "5m", "1y", "1500ms", "30d", "0"] {
            assert_eq!(shown(parse(text).unwrap()), text);
        }
    }
}
