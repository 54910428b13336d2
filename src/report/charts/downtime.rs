//! How much downtime and how many failed requests a year, scenario by scenario, against the objective.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::axis::Axis;
use super::finding;
use super::font;
use super::frame::{self, BODY, CHOSEN, MARGIN, Rows, SMALL};
use super::loss_marks::{Look, Shape, arrow, disc, interval, spanning};
use super::palette::{Colour, GREEN, GREY, PURPLE};
use super::picture::{Anchor, Picture};
use super::sheet::Sheet;
use crate::report::alike::{self, Row};
use crate::report::alternatives;
use crate::report::featured;
use crate::report::format;
use crate::report::labels::{Column, Labels};
use crate::report::loss;
use crate::report::pareto;
use crate::report::period::Period;
use crate::report::ranking::{self, Ranking};
use crate::results::{Estimate, ExperimentResult, ScenarioResult};
use crate::study::Metric;

const ROW: f64 = 27.0;
/// Of a part of another picture; and what that has beside its rows.
const NARROW_ROW: f64 = 22.0;
const BESIDE: f64 = 120.0;
/// Beyond so many scenarios only what the objective counts is drawn, in its order, and what a reader cannot tell apart is one row.
const BOTH: usize = 8;
/// More rows are not read.
const MOST: usize = 16;
/// Pixels for why a scenario is no offer.
const NO_OFFER: f64 = 150.0;

/// What is drawn, of which scenarios.
struct Drawing<'a> {
    result: &'a ExperimentResult,
    rows: Vec<Row>,
    shown: Vec<Metric>,
    /// The scenarios in which an operation is hardly ever completed.
    blocked: BTreeSet<usize>,
    recommended: Option<&'a str>,
    /// What pictures of one scenario show, and what that is compared with.
    told: Vec<&'a str>,
    /// The other candidates in the place of the recommended one.
    beside: Vec<usize>,
    /// Prices and an SLO decide: what surely misses it comes last, and the cheapest first.
    is_by_cost: bool,
    /// The rows are in the order of their merit, not of the file.
    is_sorted: bool,
}

/// A row per scenario: a disc for downtime, a diamond for failed requests, with their intervals. `None` of a single scenario,
/// whose numbers stand in the answer.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    if result.scenarios.len() < 2 {
        return None;
    }
    let room = sheet.rows(BESIDE, sheet.either(ROW, NARROW_ROW)).clamp(3, MOST);
    let drawing = Drawing::of(result, sheet, room);
    let all = drawing.rows.len();
    let drawing = drawing.first(room);
    let mut picture = drawing.paint(sheet);
    let drawn = drawing.rows.len();
    if drawn < all {
        let scenarios = drawing.rows.iter().map(|row| row.entries.len()).sum::<usize>();
        let of = format::whole(result.scenarios.len() as u64);
        let others =
            if drawing.beside.is_empty() { "" } else { ", the other candidates in place of the recommended one" };
        let recommended = if drawing.recommended.is_some() { ", the recommended one" } else { "" };
        let baseline = if result.baseline.is_some() { ", the baseline" } else { "" };
        let words = format!(
            "{scenarios} of {of} scenarios are drawn, {drawn} of {all} rows: those that come first{recommended}{baseline}{others}, and the last. \
             The table beside it has all."
        );
        frame::note(&mut picture, &words);
    }
    Some(picture)
}

impl<'a> Drawing<'a> {
    fn of(result: &'a ExperimentResult, sheet: Sheet, room: usize) -> Self {
        let labels = Labels::of(result);
        let shown = if sheet.is_part() { vec![loss::loss_of(result)] } else { metrics(result) };
        let recommended = ranking::recommended(result).map(|one| one.name.as_str());
        let blocked = blocked(result);
        let told = featured::featured_scenarios(result).into_iter().map(|one| one.name.as_str()).collect();
        let is_by_cost = ranking::has_different_costs(result) && result.objective.slo.is_some();
        let beside = Ranking::of(result).map_or(Vec::new(), |best| alternatives::beside(&best, result));
        let mut drawing =
            Self { result, rows: Vec::new(), shown, blocked, recommended, told, beside, is_by_cost, is_sorted: false };
        let row = |scenario: usize| {
            let cells = labels.columns.iter().map(|column| column.cells[scenario].clone()).collect();
            Row::new(cells, drawing.printed(scenario), scenario)
        };
        let scenarios = 0..result.scenarios.len();
        let mut rows: Vec<Row> = scenarios.map(row).collect();
        let is_cut = rows.len() > room;
        if rows.len() > BOTH && labels.varied {
            rows = alike::together(rows, labels.columns.len());
        }
        // Deployments that were each played alone come worst first.
        drawing.is_sorted = (rows.len() > BOTH || is_cut) && !result.each_alone;
        if drawing.is_sorted {
            rows.sort_by(|a, b| drawing.in_order(a, b));
        }
        drawing.rows = rows;
        drawing
    }

    /// What a reader sees of a scenario. Of the recommended one and the baseline nobody has the row.
    fn printed(&self, scenario: usize) -> String {
        let one = &self.result.scenarios[scenario];
        if self.is_named(&one.name) {
            return one.name.clone();
        }
        if self.is_no_offer(scenario) {
            return self.why_no_offer(scenario);
        }
        let values = self.shown.iter().map(|metric| format::span_with_error(&one.estimates[*metric]));
        let cost = one.cost_per_year.map(|cost| pareto::money(self.result, cost));
        values.chain(cost).collect::<Vec<_>>().join(" ")
    }

    /// The recommended one, the baseline and those that titles speak of have a row in any case, each its own.
    fn is_named(&self, name: &str) -> bool {
        self.recommended == Some(name) || self.result.baseline.as_deref() == Some(name) || self.told.contains(&name)
    }

    /// The best first. What never gets its work done is no good, however little it loses; where prices and an SLO decide, what meets it
    /// comes first, and of that the cheapest.
    fn in_order(&self, a: &Row, b: &Row) -> Ordering {
        let is_blocked = |row: &Row| self.is_no_offer(row.entries[0]);
        let lost = |row: &Row| loss::lost(self.result, self.first_of(row));
        let misses = |row: &Row| {
            let allowed = self.result.objective.slo.map(|slo| Period::of(self.result).budget(slo));
            self.is_by_cost && allowed.is_some_and(|allowed| lost(row).low > allowed)
        };
        let cost = |row: &Row| if self.is_by_cost { self.cost(row).unwrap_or(0.0) } else { 0.0 };
        is_blocked(a)
            .cmp(&is_blocked(b))
            .then(misses(a).cmp(&misses(b)))
            .then(cost(a).total_cmp(&cost(b)))
            .then(lost(a).mean.total_cmp(&lost(b).mean))
            .then(lost(a).high.total_cmp(&lost(b).high))
    }

    /// Nobody should take it, however little it loses.
    fn is_no_offer(&self, scenario: usize) -> bool {
        self.blocked.contains(&scenario) || self.result.scenarios[scenario].unplaceable
    }

    fn why_no_offer(&self, scenario: usize) -> String {
        let one = &self.result.scenarios[scenario];
        if one.unplaceable { "no room".to_owned() } else { blocks(one) }
    }

    fn first_of(&self, row: &Row) -> &'a ScenarioResult {
        &self.result.scenarios[row.entries[0]]
    }

    /// Of the cheapest one.
    fn cost(&self, row: &Row) -> Option<f64> {
        row.entries.iter().filter_map(|&i| self.result.scenarios[i].cost_per_year).min_by(f64::total_cmp)
    }

    /// So many of the rows: in any case the recommended one, the baseline and the last; then, as far as there is room, the other
    /// candidates in place of the recommended one, and those that come first.
    fn first(mut self, most: usize) -> Self {
        let last = self.rows.len() - 1;
        // What loses most shows how far they are apart.
        let is_named = |at: usize| self.is_named(&self.first_of(&self.rows[at]).name) || at == last;
        let is_beside = |at: usize| self.rows[at].entries.iter().any(|entry| self.beside.contains(entry));
        let all = || 0..self.rows.len();
        let mut taken: Vec<usize> = all().filter(|&at| is_named(at)).collect();
        let more = all()
            .filter(|&at| !is_named(at) && is_beside(at))
            .chain(all().filter(|&at| !is_named(at) && !is_beside(at)));
        taken.extend(more.take(most.saturating_sub(taken.len())));
        taken.sort_unstable();
        self.rows = taken.into_iter().map(|at| self.rows[at].clone()).collect();
        self
    }

    fn paint(&self, sheet: Sheet) -> Picture {
        let (result, scenarios) = (self.result, self.rows.len());
        let mut picture = Picture::on(sheet);
        let labels = self.labels();
        // Heads of several columns need more room than a narrow picture has: there they are one, and what it lists is said above.
        let is_listed = sheet.is_narrow() && labels.columns.len() > 1;
        let listed = is_listed.then(|| format!("Rows: {}", labels.short_keys()));
        let labels = if is_listed { in_one_column(&labels, scenarios) } else { labels };
        let rows = Rows::of(&labels, sheet.share(420.0));
        let row = sheet.either(ROW, NARROW_ROW);
        let columns = ValueColumns::of(self, picture.right());
        let (left, right) = (rows.right + 14.0, picture.right() - columns.width() - 18.0);

        let axis = self.axis(left, right);
        let period = Period::of(result);
        let each = period.each();
        let slo = result.objective.slo.map(|slo| (slo, period.budget(slo)));
        let mut y = frame::head(&mut picture, &finding::of_losses(result), &self.lead(slo, &axis));
        y = self.legend(&mut picture, y);
        let room = picture.right() - MARGIN;
        for line in listed.iter().flat_map(|keys| font::wrap(keys, SMALL.size, false, room)) {
            y += 16.0;
            picture.text(MARGIN, y, Anchor::Left, SMALL, line);
        }

        let top = y + rows.head.max(14.0) + 16.0;
        let bottom = top + row * scenarios as f64 + 4.0;
        for (i, one) in self.rows.iter().enumerate() {
            let at = top + row * i as f64 + 2.0;
            if self.recommended == Some(self.first_of(one).name.as_str()) {
                picture.rectangle(MARGIN - 8.0, at, picture.right() - MARGIN + 16.0, row, GREEN.faint(CHOSEN));
            } else {
                frame::band(&mut picture, i, at, row);
            }
        }
        rows.write_head(&mut picture, top);
        columns.write_head(&mut picture, top);
        frame::vertical_grid(&mut picture, &axis, top, bottom);
        if let Some((slo, allowed)) = slo.filter(|(_, allowed)| axis.holds(*allowed)) {
            let x = axis.at(allowed);
            picture.dashes((x, top), (x, bottom), 1.6, PURPLE);
            let text = format!("SLO {}: {}", format::plain_percent(slo), format::duration(allowed));
            let half = font::width(&text, SMALL.size, true) / 2.0;
            let middle = x.clamp(left + half - 10.0, (right - half + 10.0).max(left + half));
            picture.text(middle, top - 9.0, Anchor::Middle, SMALL.bold().coloured(PURPLE), text);
        }

        for (i, one) in self.rows.iter().enumerate() {
            let middle = top + row * (i as f64 + 0.5) + 2.0;
            let scenario = self.first_of(one);
            let name = if one.entries.len() == 1 { scenario.name.clone() } else { one.cells.join(" · ") };
            rows.write(&mut picture, i, middle, result.baseline.as_ref() == Some(&scenario.name));
            for (number, metric) in self.shown.iter().enumerate() {
                let Look { name: what, colour, shape } = Look::of(*metric);
                let estimate = &scenario.estimates[*metric];
                let y = if self.shown.len() == 1 { middle } else { middle - 5.0 + 10.0 * number as f64 };
                let words = format!("{name}: {} of {what} {each}", format::with_interval(estimate));
                if self.is_no_offer(one.entries[0]) {
                    continue;
                }
                picture.datum(what, words, |picture| interval(picture, &axis, estimate, y, colour, shape));
            }
            columns.write(&mut picture, i, middle);
            if self.is_no_offer(one.entries[0]) {
                picture.description.push(format!("{name}: {}", self.why_no_offer(one.entries[0])));
                continue;
            }
            picture.description.push(format!(
                "{name}: {} of downtime, {} of failed requests {each}",
                format::span_with_error(&scenario.estimates[Metric::Downtime]),
                format::span_with_error(&scenario.estimates[Metric::FailedRequests]),
            ));
        }
        let unit = format!("time {each}{}", if axis.is_log() { ", logarithmic" } else { "" });
        picture.text(f64::midpoint(left, right), bottom + 34.0, Anchor::Middle, SMALL, unit);
        frame::foot(&mut picture, result, bottom + 40.0);
        picture
    }

    /// The labels of the rows.
    fn labels(&self) -> Labels {
        let of = Labels::of(self.result);
        let cells = |at: usize| self.rows.iter().map(|row| row.cells[at].clone()).collect();
        let columns = of.columns.into_iter().enumerate().map(|(at, column)| Column { cells: cells(at), ..column });
        Labels { columns: columns.collect(), varied: of.varied }
    }

    fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        // What it would cost to get the work done is not known of what is no offer: it has no mark.
        let marked = self.rows.iter().filter(|row| !self.is_no_offer(row.entries[0]));
        marked.flat_map(|row| self.shown.iter().map(|metric| &self.first_of(row).estimates[*metric]))
    }

    fn axis(&self, left: f64, right: f64) -> Axis {
        let all: Vec<Estimate> = self.estimates().copied().collect();
        let allowed = self.result.objective.slo.map(|slo| Period::of(self.result).budget(slo));
        spanning(&all, allowed.filter(|allowed| *allowed > 0.0), left, right)
    }

    fn lead(&self, slo: Option<(f64, f64)>, axis: &Axis) -> String {
        let result = self.result;
        let mut sentences = Vec::new();
        if self.shown.contains(&Metric::Downtime) {
            sentences.push(format!("Available means that {}.", available(result)));
        }
        if self.shown.contains(&Metric::FailedRequests) {
            sentences.push("Failed requests count as seconds of full traffic.".to_owned());
        }
        sentences.push(format!("Bars are {} intervals.", format::plain_percent(result.confidence)));
        if let Some((slo, allowed)) = slo {
            let what = if result.objective.metric == Metric::RequestSuccess { "failed requests" } else { "downtime" };
            sentences.push(if axis.holds(allowed) {
                format!("The dashed line is what the SLO leaves for {what}.")
            } else {
                let (slo, allowed) = (format::plain_percent(slo), format::duration(allowed));
                let each = Period::of(result).each();
                format!("The SLO of {slo} leaves {allowed} of {what} {each}, outside this picture.")
            });
        }
        if self.rows.iter().any(|row| row.entries.len() > 1) {
            sentences.push("A row with several values holds scenarios that read the same.".to_owned());
        }
        if self.rows.iter().any(|row| self.blocked.contains(&row.entries[0])) {
            sentences.push("Blocks: little is lost as the work is not done.".to_owned());
        }
        if self.rows.iter().any(|row| self.first_of(row).unplaceable) {
            sentences.push("No room: no Node takes some of the replicas.".to_owned());
        }
        if self.is_sorted {
            let order = if self.is_by_cost {
                "What may meet the SLO comes first, the cheapest of it above"
            } else {
                "What loses least comes first"
            };
            sentences.push(format!("{order}."));
        }
        if result.baseline.is_some() {
            sentences.push("The baseline is bold.".to_owned());
        }
        sentences.join(" ")
    }

    fn legend(&self, picture: &mut Picture, y: f64) -> f64 {
        let mut y = y + 10.0;
        let mut x = MARGIN + 6.0;
        let right = picture.right();
        let any_bound = self.estimates().any(|e| e.bound);
        let mut entry = |picture: &mut Picture, shape: Shape, colour: Colour, name: &str| {
            picture.key(name, |picture| {
                shape(picture, (x, y - 4.0), 5.0, colour);
                picture.text(x + 12.0, y, Anchor::Left, BODY, name);
            });
            x += 12.0 + font::width(name, BODY.size, false) + 28.0;
        };
        for Look { name, colour, shape } in self.shown.iter().map(|metric| Look::of(*metric)) {
            entry(picture, shape, colour, name);
        }
        // What has no room on this line begins the next one.
        let mut room_for = |x: &mut f64, words: &str, beside: f64| {
            if *x + beside + font::width(words, BODY.size, false) > right {
                (*x, y) = (MARGIN + 6.0, y + 20.0);
            }
            y
        };
        if any_bound {
            let words = "nothing seen: an upper bound";
            let y = room_for(&mut x, words, 32.0);
            let last = self.shown.last().map_or(disc as Shape, |metric| Look::of(*metric).shape);
            arrow(picture, x + 18.0, y - 4.0, GREY, last);
            picture.text(x + 32.0, y, Anchor::Left, BODY, words);
            x += 32.0 + font::width(words, BODY.size, false) + 28.0;
        }
        if self.recommended.is_some() {
            let y = room_for(&mut x, "recommended", 28.0);
            picture.rectangle(x, y - 11.0, 22.0, 14.0, GREEN.faint(CHOSEN));
            picture.text(x + 28.0, y, Anchor::Left, BODY, "recommended");
        }
        y + 12.0
    }
}

/// When the service is available, in words.
fn available(result: &ExperimentResult) -> String {
    match (&result.objective.system, result.objective.min_serving) {
        (Some(_), _) if result.each_alone => {
            "as many Pods of a Deployment serve in rotation as are asked for".to_owned()
        }
        (Some(system), _) => format!("{system} serve in rotation"),
        (None, 1) => "at least 1 Pod serves in rotation".to_owned(),
        (None, least) => format!("at least {least} Pods serve in rotation"),
    }
}

/// The scenarios in which an operation is hardly ever completed, while it is in others.
fn blocked(result: &ExperimentResult) -> BTreeSet<usize> {
    let blocked = result.blocked().into_iter().enumerate().filter(|(_, is_blocked)| *is_blocked);
    blocked.map(|(scenario, _)| scenario).collect()
}

/// What stands in the place of a loss that is little because the work is not done: `blocks node-image`.
fn blocks(scenario: &ScenarioResult) -> String {
    let names: Vec<&str> =
        scenario.operations.iter().filter(|(_, one)| one.is_blocked()).map(|(name, _)| name.as_str()).collect();
    format!("blocks {}", names.join(", "))
}

/// All values of a scenario in one cell, under no head.
fn in_one_column(labels: &Labels, scenarios: usize) -> Labels {
    let cells = (0..scenarios).map(|scenario| labels.short(scenario)).collect();
    Labels { columns: vec![Column { key: String::new(), short_key: String::new(), cells }], varied: false }
}

/// What is drawn: downtime and failed requests, or of many scenarios what the objective counts.
fn metrics(result: &ExperimentResult) -> Vec<Metric> {
    if result.scenarios.len() > BOTH {
        return vec![loss::loss_of(result)];
    }
    vec![Metric::Downtime, Metric::FailedRequests]
}

/// Estimates in figures, at the right of the picture.
struct ValueColumns {
    columns: Vec<ValueColumn>,
}

struct ValueColumn {
    head: &'static str,
    colour: Colour,
    cells: Vec<String>,
    width: f64,
    /// Where it ends.
    right: f64,
}

impl ValueColumns {
    fn of(drawing: &Drawing<'_>, right: f64) -> Self {
        let of_metric = |&metric: &Metric| {
            let cell = |row: &Row| {
                let scenario = drawing.first_of(row);
                if drawing.is_no_offer(row.entries[0]) {
                    font::fit(&drawing.why_no_offer(row.entries[0]), SMALL.size, false, NO_OFFER)
                } else {
                    format::span_with_error(&scenario.estimates[metric])
                }
            };
            let Look { name, colour, .. } = Look::of(metric);
            (name, colour, drawing.rows.iter().map(cell).collect::<Vec<String>>())
        };
        let price = |row: &Row| {
            let cost = drawing.cost(row).map_or(String::new(), |cost| pareto::money(drawing.result, cost));
            let costs = row.entries.iter().map(|&i| drawing.result.scenarios[i].cost_per_year);
            let is_one = costs.clone().all(|one| one == drawing.cost(row));
            if is_one { cost } else { format!("from {cost}") }
        };
        let has_costs = ranking::has_different_costs(drawing.result);
        let prices = has_costs.then(|| ("cost a year", GREY, drawing.rows.iter().map(price).collect()));
        let mut right = right;
        let mut columns = Vec::new();
        let in_order: Vec<_> = drawing.shown.iter().map(of_metric).chain(prices).collect();
        for (head, colour, cells) in in_order.into_iter().rev() {
            let least = font::width(head, SMALL.size, true);
            let width = cells.iter().map(|cell| font::width(cell, SMALL.size, false)).fold(least, f64::max);
            columns.push(ValueColumn { head, colour, cells, width, right });
            right -= width + 18.0;
        }
        Self { columns }
    }

    fn width(&self) -> f64 {
        self.columns.iter().map(|column| column.width + 18.0).sum::<f64>() - 18.0
    }

    fn write_head(&self, picture: &mut Picture, bottom: f64) {
        for column in &self.columns {
            let style = SMALL.bold().coloured(column.colour);
            picture.text(column.right, bottom - 8.0, Anchor::Right, style, column.head);
        }
    }

    fn write(&self, picture: &mut Picture, i: usize, middle: f64) {
        for column in &self.columns {
            picture.text(column.right, middle + 4.0, Anchor::Right, SMALL, column.cells[i].clone());
        }
    }
}
