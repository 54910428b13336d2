//! Kubernetes quantities, by the exact grammar of M6.
//! Follows `staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go` and `suffix.go`.

use crate::spec::diagnostic::Problems;
use crate::spec::reader::Item;
use crate::spec::tree::Value;

/// A quantity in units of 10⁻⁹, as precise as Kubernetes keeps it (M6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) struct Quantity {
    nanos: i128,
    /// The suffix is `m`: thousandths, which nobody means for memory.
    pub is_milli: bool,
}

const GIGA: i128 = 1_000_000_000;
/// Kubernetes caps at 2⁶³ − 1.
const LARGEST: i128 = (i64::MAX as i128) * GIGA;

impl Quantity {
    /// Whole units, rounded up.
    pub fn units(self) -> u64 {
        u64::try_from(div_ceil(self.nanos, GIGA)).unwrap_or(0)
    }

    /// Thousandths, rounded up: CPU is compared in milli-cores (M6).
    pub fn millis(self) -> u64 {
        u64::try_from(div_ceil(self.nanos, GIGA / 1000)).unwrap_or(0)
    }

    /// The number that it is.
    pub fn as_f64(self) -> f64 {
        self.nanos as f64 / GIGA as f64
    }

    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whether it is a whole number of units.
    pub fn is_whole(self) -> bool {
        self.nanos.rem_euclid(GIGA) == 0
    }

    pub fn differs(self, other: Self) -> bool {
        self.nanos != other.nanos
    }

    pub fn exceeds(self, other: Self) -> bool {
        self.nanos > other.nanos
    }
}

fn div_ceil(value: i128, unit: i128) -> i128 {
    value.div_euclid(unit) + i128::from(value.rem_euclid(unit) != 0)
}

/// Reads a quantity; `None` if it does not follow the grammar.
pub(in crate::spec) fn parse(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    // Unit as numerator × 2^shift × 10^power.
    let (shift, power): (u32, i32) = match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => (0, exponent(suffix)?),
    };
    let mut value = Some(0i128);
    for digit in whole.bytes().chain(fraction.bytes().take(18)) {
        value = value.and_then(|v| v.checked_mul(10)?.checked_add(i128::from(digit - b'0')));
    }
    let power = power + 9 - i32::try_from(fraction.len().min(18)).unwrap_or(18);
    let nanos = value
        .and_then(|v| v.checked_mul(1 << shift))
        .and_then(|v| {
            if v == 0 {
                Some(0)
            } else if power >= 0 {
                v.checked_mul(10i128.checked_pow(power as u32)?)
            } else {
                // Beyond 10⁻⁹ Kubernetes rounds up.
                Some(10i128.checked_pow(power.unsigned_abs()).map_or(1, |scale| div_ceil(v, scale)))
            }
        })
        .unwrap_or(LARGEST)
        .min(LARGEST);
    Some(Quantity { nanos: if negative { -nanos } else { nanos }, is_milli: suffix == "m" })
}

fn exponent(suffix: &str) -> Option<i32> {
    let digits = suffix.strip_prefix(['e', 'E'])?;
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Larger exponents saturate anyway.
    Some(digits.parse::<i32>().unwrap_or(if digits.starts_with('-') { -1000 } else { 1000 }).clamp(-1000, 1000))
}

/// Reads a quantity from a field: a string, or a bare number. Must not be negative (M4).
pub(in crate::spec) fn read(item: &Item<'_>, problems: &mut Problems, is_memory: bool) -> Option<Quantity> {
    let text = match &item.node.value {
        Value::String(text) => text.clone(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        _ => {
            problems.error(item.mark(), &item.path, "must be a quantity such as 500m, 2 or 4Gi");
            return None;
        }
    };
    let Some(quantity) = parse(&text) else {
        let problem = problems.value(
            item.node,
            &item.path,
            "must be a quantity: digits and one of n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent",
        );
        if let Some(fixed) = plausible(&text) {
            problem.help(format!("did you mean `{fixed}`?"));
        }
        return None;
    };
    if quantity.is_negative() {
        item.refuse(problems, "must be greater than or equal to 0");
        return None;
    }
    if is_memory && quantity.is_milli {
        // M6: legal, and almost surely an error.
        item.warn(
            problems,
            format!("is {text}, which is thousandths of a byte: probably `{}M` is meant", digits(&text)),
        );
    }
    Some(quantity)
}

fn digits(text: &str) -> &str {
    text.trim_end_matches('m')
}

/// `4gb`, `4GB`, `4K`, `512mi`: what was probably meant.
fn plausible(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, suffix) = text.split_at(end);
    let right = match suffix.trim().to_lowercase().as_str() {
        "k" => "k",
        "kb" | "ki" | "kib" => "Ki",
        "mb" | "mi" | "mib" => "Mi",
        "g" | "gb" | "gi" | "gib" => "Gi",
        "t" | "tb" | "ti" | "tib" => "Ti",
        _ => return None,
    };
    Some(format!("{number}{right}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m6_quantities_follow_the_grammar() {
        let units = |text: &str| parse(text).map(Quantity::units);
        assert_eq!(units("4"), Some(4));
        assert_eq!(units("1e3"), Some(1000));
        assert_eq!(units("1E3"), Some(1000));
        assert_eq!(units("1E"), Some(10u64.pow(18)));
        assert_eq!(units("16Gi"), Some(16 << 30));
        assert_eq!(units("1.5Gi"), Some(3 << 29));
        assert_eq!(units("1k"), Some(1000));
        assert_eq!(units(".5k"), Some(500));
        assert_eq!(units("5."), Some(5));
        assert_eq!(units("+1"), Some(1));
        assert_eq!(units("1m"), Some(1), "rounded up");
        assert_eq!(units("9Ei"), Some(i64::MAX as u64), "capped");
        assert_eq!(units("1e999"), Some(i64::MAX as u64), "capped");
        assert_eq!(units("0e999"), Some(0));
        for wrong in ["", "K", "1K", "1mi", "1gb", "e3", "1e", "1.2.3", "--1", "1 Gi", "Gi", ".", "1e3k", "١"] {
            assert_eq!(units(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn m6_cpu_is_rounded_up_to_millis() {
        let millis = |text: &str| parse(text).unwrap().millis();
        assert_eq!(millis("0.1"), 100);
        assert_eq!(millis("100m"), 100);
        assert_eq!(millis("1100u"), 2);
        assert_eq!(millis("1n"), 1);
        assert_eq!(millis("0.0000000001"), 1, "below 10⁻⁹ rounded up");
        assert_eq!(millis("2"), 2000);
        assert!(parse("-1").unwrap().is_negative());
    }
}
