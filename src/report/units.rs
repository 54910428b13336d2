//! Numbers and their units stay together where text is broken into lines.

/// Words; a number, its unit, its error and its currency are one.
pub fn kept(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_end_matches(['.', ',', ':', ';', ')']);
        let is_unit = matches!(bare, "%" | "µs" | "ms" | "s" | "min" | "h" | "d" | "y");
        let begins_with_digit = word.starts_with(|c: char| c.is_ascii_digit());
        let belongs = |before: &String| {
            let is_number = before.ends_with(|c: char| c.is_ascii_digit());
            (is_unit || word == "±") && is_number
                || begins_with_digit && [" d", " h", " min"].iter().any(|unit| before.ends_with(unit))
                || begins_with_digit
                    && (before.ends_with('±')
                        || ["USD", "EUR", "≤", "≥", "<", ">"].contains(&before.trim_start_matches('(')))
        };
        match words.last_mut() {
            Some(number) if belongs(number) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// The text with spaces that do not break between a number and its unit.
pub fn unbroken(text: &str) -> String {
    kept(text).iter().map(|word| word.replace(' ', "\u{a0}")).collect::<Vec<_>>().join(" ")
}
