//! How a counted amount enters the moments: as a whole number.

/// Nanoseconds to the nearest microsecond; but what is not zero stays so, as `nothing seen` hangs on it.
pub fn micros(nanos: impl Into<u128>) -> i64 {
    match nanos.into() {
        0 => 0,
        nanos => number((nanos + 500) / 1_000).max(1),
    }
}

/// A number of events, as moments take it.
pub fn number(events: impl Into<u128>) -> i64 {
    i64::try_from(events.into()).expect("nothing is counted so often")
}
