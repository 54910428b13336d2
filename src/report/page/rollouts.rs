//! Rollouts on the page: the picture of those that were replayed, and the command that tells each line by line.

use crate::report::{charts, format};
use crate::results::{ExperimentResult, RolloutReplay};

/// The rollouts that were replayed.
pub struct Film {
    pub title: String,
    /// Names and pictures of its charts.
    pub charts: Vec<(&'static str, String)>,
    /// Which rollout, if there are several, and what tells it.
    pub commands: Vec<(Option<String>, String)>,
}

/// `None` where nothing was rolled out.
pub fn replayed(result: &ExperimentResult) -> Option<Film> {
    let first = result.rollouts.first()?;
    let named = |replay: &RolloutReplay| {
        let back = if replay.rollback.is_some() { ", rolled back" } else { "" };
        let name = (result.rollouts.len() > 1).then(|| format!("{}{back}", replay.scenario));
        (name, command(result, replay))
    };
    Some(Film {
        title: format!("One {}, second by second", first.operation),
        charts: charts::of_rollouts(result).iter().map(|chart| (chart.name, charts::on_page(result, chart))).collect(),
        commands: result.rollouts.iter().map(named).collect(),
    })
}

/// What replays a rollout; `results.json` lies beside the page.
fn command(result: &ExperimentResult, replay: &RolloutReplay) -> String {
    let scenario = if result.scenarios.len() > 1 {
        format!(" --scenario={}", format::quoted(&replay.scenario))
    } else {
        String::new()
    };
    let (from, to) = (moment(replay.begins_s), moment(replay.begins_s + replay.lasts_s));
    format!("hasim trace results.json{scenario} --replication {} --from={from} --to={to} --rules", replay.replication)
}

/// An instant after the start of counting, as the command line reads it.
fn moment(secs: f64) -> String {
    let sign = if secs < 0.0 { "-" } else { "" };
    let millis = (secs.abs() * 1e3).round() as u64;
    let (days, millis) = (millis / 86_400_000, millis % 86_400_000);
    let (h, m, s, millis) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000);
    let clock = format!("{h:02}:{m:02}:{s:02}.{millis:03}");
    format::quoted(&if days > 0 { format!("{sign}{days}d {clock}") } else { format!("{sign}{clock}") })
}
