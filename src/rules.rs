//! The rules of Kubernetes and what hasim makes of them, as `docs/rules.md` lists them: the one place where they
//! stand. `tests/program/rules_docs.rs` keeps that page true.

const PAGE: &str = include_str!("../docs/rules.md");

/// One rule: a row of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its number: `P12`, `N7a`.
    pub number: &'static str,
    /// What Kubernetes does, in a sentence.
    pub says: &'static str,
    /// The files of Kubernetes that do it, as Markdown; a dash where it follows from other rules.
    pub source: &'static str,
    /// What hasim makes of it.
    pub state: State,
    /// The tests that cite it, as Markdown.
    pub tests: &'static str,
}

/// What hasim makes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It follows the rule; what it leaves out of it, if anything.
    Implemented(&'static str),
    /// It does not; why that does not matter, or what it leaves out.
    NotModelled(&'static str),
}

/// How many rules are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Rules that hasim follows, each cited by a test.
    pub implemented: usize,
    /// Rules that it does not follow, each with the reason.
    pub not_modelled: usize,
}

/// Counts the rules by their state.
pub fn counts() -> Counts {
    let rules = all();
    let implemented = rules.iter().filter(|rule| matches!(rule.state, State::Implemented(_))).count();
    Counts { implemented, not_modelled: rules.len() - implemented }
}

/// All rules, in the order of the page.
pub fn all() -> Vec<Rule> {
    PAGE.lines().filter_map(rule).collect()
}

/// The rule of a line of the page, if it is a row of five cells that begins with a number and has a state.
fn rule(line: &'static str) -> Option<Rule> {
    let cells: Vec<&'static str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    let [number, says, source, state, tests] = cells.try_into().ok()?;
    let (word, note) = state.split_once(": ").unwrap_or((state, ""));
    let state = match word {
        "implemented" => State::Implemented(note),
        "not modelled" => State::NotModelled(note),
        _ => return None,
    };
    is_number(number).then_some(Rule { number, says, source, state, tests })
}

/// A capital letter of a section, one or two digits, and a small letter where a rule was added later.
pub fn is_number(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(|c| "PCKENSDRVTMHW".contains(c)) else { return false };
    let digits = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
    (1..=2).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit()) && rest.len() - digits.len() <= 1
}
