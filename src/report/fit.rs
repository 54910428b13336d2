//! Fitted laws: which is likeliest, how sure that is, and what to paste.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;

use super::terminal::{table, wrapped};
use crate::calibration::WrittenLaw;
use crate::calibration::{Fitted, FittedLaw, Parameter};
use crate::report::format;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Laws whose AIC is so near cannot be told apart (Burnham and Anderson, Model Selection and Multimodel Inference, 2002).
const NEAR: f64 = 2.0;
/// A law is doubted below this p-value.
const DOUBT: f64 = 0.05;

/// `fit.json`.
///
/// # Panics
/// Never: the keys are strings and the values have a JSON form.
pub fn json(fitted: &Fitted) -> String {
    serde_json::to_string_pretty(fitted).expect("a fit has a JSON form") + "\n"
}

/// The report for a terminal `width` columns wide. `folder` is where the files are, if any were written.
pub fn render(fitted: &Fitted, folder: Option<&Path>, width: u16) -> String {
    let mut text = String::new();
    for (i, sentence) in sentences(fitted).iter().enumerate() {
        let style = if i == 0 { BOLD } else { Style::new() };
        for line in wrapped(sentence, width) {
            let _ = writeln!(text, "{style}{line}{style:#}");
        }
    }
    let _ = write!(text, "\n{}\n", laws(fitted, width));
    for line in notes(fitted).iter().flat_map(|note| wrapped(note, width)) {
        let _ = writeln!(text, "{DIM}{line}{DIM:#}");
    }
    let pasted: Vec<&String> = fitted.laws.iter().filter_map(|law| law.yaml.as_ref()).collect();
    if !pasted.is_empty() {
        let _ = writeln!(text, "\nTo paste after `lasts:` or `every:` of a fault, the best AIC first:");
        for yaml in pasted {
            // A mixture is too long for one line; YAML lets it break here.
            let _ = writeln!(text, "  {}", yaml.replace("}, {weight", "},\n    {weight"));
        }
    }
    if let Some(folder) = folder {
        let _ = writeln!(text, "\nNumbers and chart: {BOLD}{}{BOLD:#}", folder.display());
    }
    text
}

/// The answer, without styles.
pub(super) fn sentences(fitted: &Fitted) -> Vec<String> {
    let Some(best) = fitted.laws.first() else { return Vec::new() };
    let mut sentences = vec![format!("{} fits `{}` best: {}.", format::capital(best.law), fitted.what, in_words(best))];
    let distance = |law: &FittedLaw| law.aic - best.aic;
    let near: Vec<String> = (fitted.laws[1..].iter())
        .filter(|law| distance(law) <= NEAR)
        .map(|law| format!("{} (AIC + {:.1})", law.law, distance(law)))
        .collect();
    sentences.push(match (near.as_slice(), fitted.laws.get(1)) {
        ([], None) => "No other law can be fitted.".to_owned(),
        ([], Some(next)) => {
            format!("The next is {}, clearly behind (AIC + {:.1}).", next.law, distance(next))
        }
        (near, _) => format!("These records cannot tell it from {}.", format::listed(near)),
    });
    if fitted.has_few() {
        let ended = match fitted.ended() {
            1 => "1 duration has".to_owned(),
            n => format!("{n} durations have"),
        };
        sentences.push(format!(
            "Only {ended} ended: with fewer than five nearly every law fits, so nothing here chooses between them. Record more, \
             or take the law with the fewest parameters."
        ));
    } else if let Some(test) = best.anderson_darling {
        sentences.push(if test.p_value < DOUBT {
            format!(
                "But it does not fit well: of samples from this law only {} lie so far from their fit (Anderson–Darling). \
                 Look at the chart, or give the records themselves as an `empirical` law.",
                format::plain_percent(test.p_value)
            )
        } else {
            format!(
                "Nothing speaks against it: of samples from this law {} lie as far from their fit (Anderson–Darling).",
                format::plain_percent(test.p_value)
            )
        });
    }
    sentences
}

fn in_words(law: &FittedLaw) -> String {
    let words: Vec<String> = law.parameters.iter().map(|p| format!("{} {}", p.name, value(p, p.value))).collect();
    words.join(", ")
}

/// What the records are, what was done with them, and what the columns mean.
fn notes(fitted: &Fitted) -> Vec<String> {
    let count = |n: usize| format::whole(n as u64);
    let mut notes = vec![match fitted.censored {
        0 => format!("{} durations, all ended.", count(fitted.durations)),
        censored => format!(
            "{} durations, of which {} had not ended: they count as at least so long.",
            count(fitted.durations),
            count(censored)
        ),
    }];
    if fitted.zeros > 0 {
        let zeros =
            if fitted.zeros == 1 { "1 is zero".to_owned() } else { format!("{} are zero", count(fitted.zeros)) };
        notes.push(format!(
            "{zeros}, which none of these laws can be: the laws, means and tests are those of the others, and the text to \
             paste is a mixture of both.",
        ));
    }
    notes.push(
        "Intervals by profile likelihood. AIC: smaller is better, less than 2 apart is no difference.".to_owned(),
    );
    notes.push(if fitted.censored == 0 {
        "A²: Anderson and Darling's distance; p: how often 999 samples of the law, fitted alike, are as far.".to_owned()
    } else {
        "Distance: the largest to Kaplan and Meier's curve. Anderson and Darling's test needs durations that have all \
         ended, so there is none here."
            .to_owned()
    });
    notes.extend(fitted.not_fitted.iter().map(|law| format!("Not fitted: {}, which {}.", law.law, law.why)));
    let constant = fitted.empirical.len() == 1 && fitted.durations > 1;
    if constant {
        let at = crate::durations::readable(fitted.empirical[0].0).unwrap_or_default();
        let fixed = WrittenLaw::Fixed(at).in_one_line();
        notes.push(format!("All durations that have ended are equal: `{fixed}` may say more than any law."));
    }
    notes
}

fn laws(fitted: &Fitted, width: u16) -> String {
    let level = format!("{} interval", format::plain_percent(fitted.confidence));
    let tested = fitted.censored == 0;
    let mut head = vec!["law", "parameter", "likeliest", &level, "AIC"];
    head.extend(if tested { &["A²", "p"][..] } else { &["distance"] });
    let columns = head.len();
    let mut rows = Vec::new();
    for law in &fitted.laws {
        let has_mean = law.parameters.iter().any(|parameter| parameter.name == "mean");
        let shown = law.parameters.iter().chain(Some(&law.mean).filter(|_| !has_mean));
        for (i, parameter) in shown.enumerate() {
            let mut row = vec![String::new(), parameter.name.to_owned(), value(parameter, parameter.value)];
            row.push(interval(parameter));
            if i == 0 {
                law.law.clone_into(&mut row[0]);
                row.push(format!("{:.1}", law.aic));
                row.extend(match law.anderson_darling {
                    Some(test) => vec![format::significant(test.statistic, 3), format::significant(test.p_value, 2)],
                    None => vec![format::significant(law.distance, 2)],
                });
            }
            row.resize(columns, String::new());
            rows.push(row);
        }
    }
    table(&head, rows, width)
}

fn interval(parameter: &Parameter) -> String {
    let end = |end: f64| value(parameter, end);
    match (parameter.low, parameter.high) {
        (Some(low), Some(high)) => format!("{} – {}", end(low), end(high)),
        (Some(low), None) => format!("at least {}", end(low)),
        (None, Some(high)) => format!("at most {}", end(high)),
        (None, None) => "any".to_owned(),
    }
}

/// A plain number, or a span of time.
fn value(parameter: &Parameter, value: f64) -> String {
    match parameter.name {
        "shape" | "sigma" => format::significant(value, 4),
        _ => format::precise(value),
    }
}
