//! What differs between the operations of scenarios, in words: findings for titles and headlines.

use super::{ALL, Compared, DIFFERS, Entry, Fate, MANY_UNEVEN, costs_most, is_forced, share_uneven};
use crate::report::charts::explained;
use crate::report::format;
use crate::report::labels::{CANDIDATE, Column, distinct};
use crate::report::period::Period;
use crate::results::Estimate;
use crate::study::Metric;

/// Groups of costs that are told in one sentence.
const MOST_GROUPS: usize = 3;

/// What one operation costs in two scenarios that differ in one setting.
struct Pair {
    ours: (usize, Estimate),
    theirs: (usize, Estimate),
}

impl Pair {
    fn is_told_apart(&self) -> bool {
        let [ours, theirs] = [self.ours.1, self.theirs.1];
        ours.high < theirs.low || theirs.high < ours.low
    }
}

impl Compared<'_> {
    /// What the picture of them says.
    pub fn finding(&self) -> String {
        if self.is_about_zones() {
            return self.uneven(2);
        }
        let costs = self.costs(false);
        let fates = self.unfinished(false);
        match (fates.is_empty(), costs.is_empty()) {
            (false, false) => format!("{}; elsewhere it costs {costs}", fates.join(", ")),
            (false, true) => fates.join(", "),
            (true, _) => format!("On average one {} costs {costs}", self.names(" or ")),
        }
    }

    /// The answer in words, where how they end is the answer or a part of it: as much as there is to say, and a shorter one.
    pub fn headlines(&self) -> Vec<String> {
        if self.is_about_zones() {
            return vec![format!("{}.", self.uneven(usize::MAX)), format!("{}.", self.uneven(2))];
        }
        if !costs_most(self.result) {
            return Vec::new();
        }
        if self.is_blocked_somewhere() {
            let sentences = [self.each_year(), Some(format!("{}.", self.unfinished(true).join(", "))), self.contrast()];
            return vec![sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")];
        }
        let is_forced = |entry: &Entry<'_>| Fate::Forced.share(entry.operation) >= MANY_UNEVEN;
        let (costs, brief) = (self.costs(false), self.costs(true));
        if costs.is_empty() || !self.entries.iter().any(is_forced) {
            return Vec::new();
        }
        [costs, brief].map(|costs| format!("On average one {} costs {costs}.", self.names(" or "))).to_vec()
    }

    /// Which share leaves the zones uneven, in so many groups of scenarios: that of the baseline first.
    fn uneven(&self, groups: usize) -> String {
        let baseline = self.baseline();
        let share = |entry: &Entry<'_>| format::share(share_uneven(entry.operation), 1.0);
        let mut shares: Vec<(f64, String, Vec<usize>)> = Vec::new();
        for entry in &self.entries {
            match shares.iter_mut().find(|(_, words, _)| *words == share(entry)) {
                Some((_, _, scenarios)) => scenarios.push(entry.scenario),
                None => shares.push((share_uneven(entry.operation), share(entry), vec![entry.scenario])),
            }
        }
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        let at = shares.iter().position(|(_, _, scenarios)| scenarios.contains(&baseline)).unwrap_or(0);
        let first = shares.remove(at);
        // Of more groups the least is what can be had.
        if groups < shares.len() + 1 {
            shares.drain(..shares.len() + 1 - groups);
        }
        let whose = |scenarios: &[usize]| {
            let names: Vec<String> = scenarios.iter().map(|&scenario| self.named(scenario)).collect();
            either(&names)
        };
        let others: Vec<String> = shares
            .iter()
            .map(|(_, words, scenarios)| format!("with {} {}", whose(scenarios), words.replace('<', "less than")))
            .collect();
        let with = if groups > 2 { format!(" with {}", whose(&first.2)) } else { String::new() };
        let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
        format!("{} of the {} leave the zones uneven{with}{others}", first.1, plural(&self.names(" and ")))
    }

    /// A scenario by what tells it, quoted.
    fn named(&self, scenario: usize) -> String {
        self.described(&[scenario]).unwrap_or_else(|| format!("“{}”", self.result.scenarios[scenario].name))
    }

    /// Where they are hardly ever completed, and where they are by force.
    fn unfinished(&self, in_full: bool) -> Vec<String> {
        let name = self.names(" or ");
        let blocked = self.places(|entry| entry.operation.is_blocked());
        if blocked.is_empty() {
            return Vec::new();
        }
        let never = blocked.iter().all(|&at| self.entries[at].operation.duration_s.count == 0);
        let completes = if never { "never completes" } else { "hardly ever completes" };
        let forced = self.places(is_forced);
        let with = |set: &[usize]| self.described(&self.scenarios(set));
        let mut said = vec![match with(&blocked) {
            Some(who) => format!("{who} {completes} {}", format::one(&name)),
            None => {
                format!("{} of {} scenarios never complete {}", blocked.len(), self.entries.len(), format::one(&name))
            }
        }];
        if let Some(who) = with(&forced).filter(|_| !forced.is_empty()) {
            let medians =
                forced.iter().filter_map(|&at| Some(self.entries[at].operation.duration_s.p50.as_ref()?.value));
            let after = range(medians).filter(|_| in_full).map_or(String::new(), |took| format!(" ({took})"));
            // What both have in common was said.
            let common = who.split(" with ").next().unwrap_or_default();
            let rest = who.strip_prefix(common).filter(|rest| !rest.is_empty() && said[0].starts_with(common));
            let who = rest.map_or(who.clone(), |rest| rest.trim_start().to_owned());
            said.push(format!("{who} only by force{after}"));
        }
        said
    }

    /// What one costs, by the setting that makes the most of it; in brief only the most of each.
    fn costs(&self, in_brief: bool) -> String {
        // Of several operations the dearest counts.
        let several = self.entries.iter().any(|entry| entry.name != self.entries[0].name);
        let has_blocked = self.entries.iter().any(|entry| entry.operation.is_blocked());
        let free = self.places(|entry| !(entry.operation.is_blocked() || has_blocked && is_forced(entry)));
        let dearest = |scenario: usize| {
            let all = free.iter().map(|&at| &self.entries[at]).filter(|entry| entry.scenario == scenario);
            let costs = all.filter_map(|entry| self.cost_of(entry.operation)).filter(|each| !each.bound);
            costs.map(|each| each.mean).fold(None, |most: Option<f64>, each| Some(most.map_or(each, |m| m.max(each))))
        };
        let costs: Vec<Option<f64>> = (0..self.result.scenarios.len()).map(dearest).collect();
        let what = if self.cost == Metric::Downtime { "of downtime" } else { "of requests" };
        let Some(all) = range(costs.iter().copied().flatten()) else { return String::new() };
        let logarithms: Vec<Option<f64>> = costs.iter().map(|cost| cost.map(|cost| cost.max(1e-9).ln())).collect();
        let columns = self.labels.columns.iter().filter(|_| self.labels.varied);
        let moves = columns.filter_map(|column| Some((column, explained(column, &logarithms)?)));
        let Some((column, _)) = moves.max_by(|a, b| a.1.total_cmp(&b.1)) else { return format!("{all} {what}") };
        let mut groups: Vec<(Vec<String>, Vec<f64>)> = Vec::new();
        for (cell, cost) in column.cells.iter().zip(&costs) {
            let Some(cost) = *cost else { continue };
            match groups.iter_mut().find(|(cells, _)| cells.contains(cell)) {
                Some((_, all)) => all.push(cost),
                None => groups.push((vec![cell.clone()], vec![cost])),
            }
        }
        let most = |group: &[f64]| group.iter().copied().fold(0.0, f64::max);
        let least = |group: &[f64]| group.iter().copied().fold(f64::INFINITY, f64::min);
        groups.sort_by(|a, b| most(&a.1).total_cmp(&most(&b.1)));
        // Costs that are about the same are told once.
        let mut told: Vec<(Vec<String>, Vec<f64>)> = Vec::new();
        for (cells, costs) in groups {
            match told.last_mut().filter(|last| most(&costs) < DIFFERS * most(&last.1)) {
                Some(last) => {
                    last.0.extend(cells);
                    last.1.extend(costs);
                }
                None => told.push((cells, costs)),
            }
        }
        if told.len() < 2 {
            return format!("{all} {what}");
        }
        if told.len() > MOST_GROUPS {
            told.drain(1..told.len() - 1);
        }
        let costs_of = |scenario: usize| costs[scenario];
        let parts: Vec<String> = told
            .iter()
            .map(|(cells, costs)| {
                let span = if several {
                    format!("up to {}", format::duration(most(costs)))
                } else if in_brief || most(costs) < 1.1 * least(costs) {
                    format::duration(most(costs))
                } else {
                    range(costs.iter().copied()).unwrap_or_default()
                };
                // Where some never complete, who is forced was told with them.
                let forced = if has_blocked || in_brief { String::new() } else { self.forced_of(column, cells) };
                let split = if several || in_brief { None } else { self.split(column, cells, &costs_of) };
                split.unwrap_or_else(|| format!("{span} with {}{forced}", values(column, cells)))
            })
            .collect();
        let first = if in_brief { parts[0].clone() } else { parts[0].replacen(" with", &format!(" {what} with"), 1) };
        std::iter::once(first).chain(parts.into_iter().skip(1)).collect::<Vec<_>>().join(", ")
    }

    /// Where costs with these values are wide apart, and a second setting of two values parts them: `25 to 31 s with surge-one or one-less
    /// and minReadySeconds 120, 51 to 56 s with 0`.
    fn split(&self, column: &Column, cells: &[String], cost: &dyn Fn(usize) -> Option<f64>) -> Option<String> {
        let its: Vec<usize> =
            (0..column.cells.len()).filter(|&i| cells.contains(&column.cells[i]) && cost(i).is_some()).collect();
        let costs_with = |other: &Column, value: &String| -> Vec<f64> {
            its.iter().filter(|&&i| other.cells[i] == *value).filter_map(|&i| cost(i)).collect()
        };
        let apart = |other: &&Column| {
            let [a, b] = distinct(other)[..] else { return None };
            let (a_costs, b_costs) = (costs_with(other, a), costs_with(other, b));
            let most = |costs: &[f64]| costs.iter().copied().fold(0.0, f64::max);
            let least = |costs: &[f64]| costs.iter().copied().fold(f64::INFINITY, f64::min);
            let (low, high, low_costs, high_costs) =
                if most(&a_costs) < most(&b_costs) { (a, b, a_costs, b_costs) } else { (b, a, b_costs, a_costs) };
            (DIFFERS * most(&low_costs) < least(&high_costs) && !low_costs.is_empty())
                .then(|| (other.in_words_of(low), high.clone(), low_costs, high_costs))
        };
        let mut others = self.labels.columns.iter().filter(|other| other.key != column.key);
        let (low, high, low_costs, high_costs) = others.find_map(|other| apart(&other))?;
        let [low_costs, high_costs] = [low_costs, high_costs].map(|costs| range(costs.into_iter()).unwrap_or_default());
        Some(format!("{low_costs} with {} and {low}, {high_costs} with {high}", values(column, cells)))
    }

    /// Which share is forced where a setting has one of these values.
    fn forced_of(&self, column: &Column, cells: &[String]) -> String {
        let there = self.entries.iter().filter(|entry| cells.contains(&column.cells[entry.scenario]));
        let mut shares: Vec<(f64, &str)> =
            there.map(|entry| (Fate::Forced.share(entry.operation), entry.name)).collect();
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        match (shares.first(), shares.last()) {
            (Some(_), Some((least, _))) if *least >= ALL => " (all by force)".to_owned(),
            (Some((most, name)), _) if *most >= MANY_UNEVEN => {
                format!(" (up to {} of the {} by force)", format::share(*most, 1.0), plural(name))
            }
            _ => String::new(),
        }
    }

    /// What a year of them costs the baseline.
    fn each_year(&self) -> Option<String> {
        let baseline = self.baseline();
        let entry = self.entries.iter().find(|entry| entry.scenario == baseline)?;
        let each = self.cost_of(entry.operation).filter(|each| !each.bound)?;
        let period = Period::of(self.result);
        let many = entry.operation.per_year.mean;
        (!period.is_run()).then(|| {
            let loss = if self.cost == Metric::Downtime { "cost downtime of" } else { "fail requests worth" };
            format!(
                "{} {} a year {loss} {}, {} each.",
                format::significant(many, 2),
                plural(entry.name),
                format::duration(each.mean * many),
                format::duration(each.mean)
            )
        })
    }

    /// What another value of the first setting costs instead of the baseline's, where both get them done.
    fn contrast(&self) -> Option<String> {
        let (who, pairs) = self.pairs()?;
        let apart: Vec<String> = pairs
            .iter()
            .filter(|pair| pair.is_told_apart())
            .map(|pair| {
                let [ours, theirs] = [pair.ours, pair.theirs].map(|(_, cost)| format::duration(cost.mean));
                format!("{theirs} instead of {ours} ({})", self.settings(pair.theirs.0))
            })
            .collect();
        Some(match apart.as_slice() {
            _ if pairs.is_empty() => return None,
            [] => format!("{who} costs no more that is told apart from chance."),
            [only] => format!("{who} costs {only}, elsewhere as much."),
            [first, second] => format!("{who} costs {first} and {second}, elsewhere as much."),
            [first, .., last] => format!("{who} costs {first} to {last}."),
        })
    }

    /// The scenarios whose costs the headline sets against each other.
    pub fn contrasted(&self) -> Vec<usize> {
        if !self.is_blocked_somewhere() || !costs_most(self.result) {
            return Vec::new();
        }
        let pairs = self.pairs().map_or(Vec::new(), |(_, pairs)| pairs);
        let apart = pairs.iter().filter(|pair| pair.is_told_apart());
        apart.flat_map(|pair| [pair.ours.0, pair.theirs.0]).collect()
    }

    /// Another value of the first setting in the place of the baseline's, with all else the same, where both are completed freely.
    fn pairs(&self) -> Option<(String, Vec<Pair>)> {
        let baseline = self.baseline();
        let column = self.labels.columns.first().filter(|_| self.labels.varied)?;
        let ours = &column.cells[baseline];
        let is_free = |entry: &&Entry<'_>| !entry.operation.is_blocked() && !is_forced(entry);
        let free: Vec<&Entry<'_>> = self.entries.iter().filter(is_free).collect();
        let other = free.iter().map(|entry| &column.cells[entry.scenario]).find(|cell| *cell != ours)?;
        // What else tells them apart.
        let rest = |scenario: usize| {
            let others = self.labels.columns.iter().skip(1);
            others.map(|column| column.cells[scenario].as_str()).collect::<Vec<_>>()
        };
        let pairs = free.iter().filter(|entry| &column.cells[entry.scenario] == other).filter_map(|theirs| {
            let is_its = |entry: &&&Entry<'_>| {
                &column.cells[entry.scenario] == ours
                    && entry.name == theirs.name
                    && rest(entry.scenario) == rest(theirs.scenario)
            };
            let of = free.iter().find(is_its)?;
            let cost = |entry: &Entry<'_>| Some((entry.scenario, self.cost_of(entry.operation)?));
            Some(Pair { ours: cost(of)?, theirs: cost(theirs)? })
        });
        Some((format!("“{other}” instead of “{ours}”"), pairs.collect()))
    }

    /// The settings of a scenario after the first: `replicas 1, eks`.
    fn settings(&self, scenario: usize) -> String {
        let others = self.labels.columns.iter().skip(1);
        others.map(|column| values(column, &[column.cells[scenario].clone()])).collect::<Vec<_>>().join(", ")
    }

    /// The scenarios that have no operation.
    pub fn without(&self) -> Option<String> {
        let without = |scenario: &usize| self.entries.iter().all(|entry| entry.scenario != *scenario);
        let scenarios: Vec<usize> = (0..self.result.scenarios.len()).filter(without).collect();
        let column = self.labels.columns.first().filter(|_| self.labels.varied && !scenarios.is_empty())?;
        let first = &column.cells[scenarios[0]];
        let is_its = |&&scenario: &&usize| column.cells[scenario] == *first;
        (scenarios.iter().filter(is_its).count() == scenarios.len())
            .then(|| values(column, std::slice::from_ref(first)))
    }

    /// What these scenarios and no others have in common: `“none” with aks or eks`; `None` if that is not so.
    fn described(&self, set: &[usize]) -> Option<String> {
        if !self.labels.varied {
            return None;
        }
        let all = self.scenarios(&self.places(|_| true));
        let cells = |column: &Column, of: &[usize]| {
            let mut cells: Vec<String> = Vec::new();
            for &scenario in of {
                if !cells.contains(&column.cells[scenario]) {
                    cells.push(column.cells[scenario].clone());
                }
            }
            cells
        };
        let wanted: Vec<(&Column, Vec<String>)> =
            self.labels.columns.iter().map(|column| (column, cells(column, set))).collect();
        let is_in = |&&scenario: &&usize| wanted.iter().all(|(column, cells)| cells.contains(&column.cells[scenario]));
        if all.iter().filter(is_in).count() != set.len() {
            return None;
        }
        let telling = wanted.iter().filter(|(column, values)| values.len() < cells(column, &all).len());
        let words: Vec<String> = telling.map(|(column, cells)| values(column, cells)).collect();
        (!words.is_empty()).then(|| words.join(" with "))
    }
}

/// Values of a setting in a sentence: `“none”`, `aks or eks`, `replicas 1`.
fn values(column: &Column, cells: &[String]) -> String {
    if column.key == CANDIDATE {
        let quoted: Vec<String> = cells.iter().map(|cell| format!("“{cell}”")).collect();
        return either(&quoted);
    }
    let is_word = |cell: &String| cell.chars().all(|c| c.is_ascii_alphabetic() || c == '-') && cell != "none";
    if cells.iter().all(is_word) { either(cells) } else { format!("{} {}", column.short_key, either(cells)) }
}

/// `a, b or c`
fn either(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

/// The least and the most of spans of time, in words.
fn range(secs: impl Iterator<Item = f64>) -> Option<String> {
    let (least, most) = secs.fold((f64::INFINITY, 0.0_f64), |(least, most), s| (least.min(s), most.max(s)));
    least.is_finite().then(|| format::span_range(least, most))
}

/// Several of an operation that has a name.
fn plural(name: &str) -> String {
    if name.ends_with('s') { name.to_owned() } else { format!("{name}s") }
}
