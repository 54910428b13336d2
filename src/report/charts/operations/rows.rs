//! A row for each scenario: what one operation costs, how it ends and how long it takes; or which share leaves the zones uneven,
//! beside what that costs.

use crate::report::alike::{self, Row};
use crate::report::charts::axis::Axis;
use crate::report::charts::font;
use crate::report::charts::frame::{self, BODY, CHOSEN, MARGIN, Rows, SMALL};
use crate::report::charts::loss_marks;
use crate::report::charts::palette::{
    BLACK, BLUE, Colour, GREEN, GREY, GRID, ON_LIGHT, ORANGE, PAPER, PURPLE, SLATE, VERMILION,
};
use crate::report::charts::picture::{Anchor, Picture};
use crate::report::charts::sheet::Sheet;
use crate::report::fates::{Compared, Entry, Fate, share_of, share_uneven};
use crate::report::format;
use crate::report::labels::{Column, Labels};
use crate::report::loss;
use crate::report::period::Period;
use crate::report::ranking;
use crate::results::{Estimate, ExperimentResult};
use crate::study::Metric;

const ROW: f64 = 27.0;
const PART_ROW: f64 = 22.0;
/// On a narrow sheet a row has a line for its name and one for what is drawn.
const NARROW_ROW: f64 = 42.0;
const BAR: f64 = 15.0;
const GAP: f64 = 18.0;
/// What stands above and below the rows of a part.
const BESIDE: f64 = 60.0;
/// More rows are not read.
const MOST: usize = 24;
/// A bar that is so much of its row has room for its words.
const SAYS_ITSELF: f64 = 0.5;
/// Fewer rows tell nothing.
const FEWEST: usize = 3;
/// Evictions that are refused to one operation, from which on they tell something.
const MANY_REFUSED: f64 = 10.0;

/// What is drawn of an operation, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panel {
    /// The share that leaves the zones uneven.
    Uneven,
    /// What the scenario loses.
    Loss,
    /// What one costs.
    Cost,
    /// How they end.
    Ends,
    /// How long they take, in words.
    Takes,
    /// How many evictions are refused to one, in words.
    Refused,
}

struct Drawing<'a> {
    result: &'a ExperimentResult,
    compared: &'a Compared<'a>,
    panels: Vec<Panel>,
}

/// A panel and where it lies.
struct Place {
    panel: Panel,
    left: f64,
    right: f64,
    /// Where its values in words begin, right of what is drawn.
    words: f64,
    axis: Option<Axis>,
}

/// `None` where nothing about the operations of several scenarios differs.
pub fn draw(result: &ExperimentResult, sheet: Sheet) -> Option<Picture> {
    let compared = Compared::of(result)?;
    let mut panels = panels(&compared);
    // There is no room for all of them.
    panels.retain(|panel| *panel != Panel::Refused || !sheet.is_narrow());
    let drawing = Drawing { result, panels, compared: &compared };
    let labels = Labels::of(result);
    let all = drawing.rows(&labels);
    let row = if sheet.is_narrow() { NARROW_ROW } else { sheet.either(ROW, PART_ROW) };
    let mut drawn = drawing.most_telling(&all, sheet.rows(BESIDE, row).min(MOST));
    let mut picture = drawing.paint(&labels, &drawn, row, sheet);
    // How high the head is shows when it is drawn.
    while sheet.height.is_some_and(|height| picture.height > height) && drawn.len() > FEWEST {
        drawn = drawing.most_telling(&all, drawn.len() - 1);
        picture = drawing.paint(&labels, &drawn, row, sheet);
    }
    if drawn.len() < all.len() {
        let words = format!(
            "{} of {} rows are drawn, those that differ most. The table beside it has all.",
            drawn.len(),
            all.len()
        );
        frame::note(&mut picture, &words);
        if sheet.is_part() {
            let words = format!("{} of {} rows", drawn.len(), all.len());
            picture.text(picture.right(), picture.height - 8.0, Anchor::Right, SMALL, words);
        }
    }
    Some(picture)
}

/// What differs between the scenarios is drawn, and beside it what a reader asks next.
fn panels(compared: &Compared<'_>) -> Vec<Panel> {
    if compared.is_about_zones() {
        return vec![Panel::Uneven, Panel::Loss];
    }
    let mut panels = vec![Panel::Cost];
    panels.extend(compared.has_fates().then_some(Panel::Ends));
    panels.push(Panel::Takes);
    let refused = |entry: &Entry<'_>| share_of(entry.operation, entry.operation.evictions_refused);
    panels.extend(compared.entries.iter().any(|entry| refused(entry) >= MANY_REFUSED).then_some(Panel::Refused));
    panels
}

impl Drawing<'_> {
    /// The rows in the order of the file; those that print the same are one.
    fn rows(&self, labels: &Labels) -> Vec<Row> {
        let names: Vec<&str> = self.compared.entries.iter().map(|entry| entry.name).collect();
        let has_several = names.iter().any(|name| *name != names[0]);
        let row = |(at, entry): (usize, &Entry<'_>)| {
            let mut cells: Vec<String> =
                labels.columns.iter().map(|column| column.cells[entry.scenario].clone()).collect();
            cells.extend(has_several.then(|| entry.name.to_owned()));
            Row::new(cells, self.printed(entry), at)
        };
        alike::together(self.compared.entries.iter().enumerate().map(row).collect(), labels.columns.len())
    }

    /// All that is told of one.
    fn printed(&self, entry: &Entry<'_>) -> String {
        // The recommended one and the baseline each have a row of their own.
        let name = &self.result.scenarios[entry.scenario].name;
        let recommended = ranking::recommended(self.result).map(|one| &one.name);
        let named = [recommended, self.result.baseline.as_ref()].contains(&Some(name)).then_some(name);
        let fates: Vec<String> =
            Fate::of(entry.operation).iter().map(|(fate, share)| format!("{fate:?} {share:.2}")).collect();
        let words = self.panels.iter().map(|panel| self.words(*panel, entry)).collect::<Vec<_>>();
        format!("{words:?} {fates:?} {named:?}")
    }

    fn entry(&self, row: &Row) -> &Entry<'_> {
        &self.compared.entries[row.entries[0]]
    }

    fn is_any(&self, row: &Row, name: Option<&str>) -> bool {
        let scenario = |&at: &usize| &self.result.scenarios[self.compared.entries[at].scenario].name;
        row.entries.iter().any(|at| Some(scenario(at).as_str()) == name)
    }

    /// So many of the rows, in their order: the baseline, the recommended one and those that the headline sets against each other, then
    /// those that are least like those before.
    fn most_telling(&self, rows: &[Row], most: usize) -> Vec<Row> {
        if rows.len() <= most {
            return rows.to_vec();
        }
        let recommended = ranking::recommended(self.result).map(|one| one.name.as_str());
        let contrasted = self.compared.contrasted();
        let is_contrasted =
            |row: &Row| row.entries.iter().any(|at| contrasted.contains(&self.compared.entries[*at].scenario));
        // What is never completed is the first that a title says.
        let blocked = rows.iter().position(|row| self.entry(row).operation.is_blocked());
        let is_named = |at: usize| {
            let row = &rows[at];
            let is_told = self.is_any(row, recommended) || self.is_any(row, self.result.baseline.as_deref());
            is_told || is_contrasted(row) || blocked == Some(at)
        };
        let mut taken: Vec<usize> = (0..rows.len()).filter(|&at| is_named(at)).take(most).collect();
        while taken.len() < most {
            let nearest = |at: usize| {
                let distances = taken.iter().map(|&other| self.distance(&rows[at], &rows[other]));
                distances.fold(f64::INFINITY, f64::min)
            };
            let left = (0..rows.len()).filter(|at| !taken.contains(at)).rev();
            let Some(next) = left.max_by(|&a, &b| nearest(a).total_cmp(&nearest(b))) else { break };
            taken.push(next);
        }
        taken.sort_unstable();
        taken.into_iter().map(|at| rows[at].clone()).collect()
    }

    /// How little alike two rows are: in how they end, and in the order of magnitude of what they cost.
    fn distance(&self, one: &Row, other: &Row) -> f64 {
        let [a, b] = [one, other].map(|row| self.entry(row).operation);
        let fates = [Fate::Completed, Fate::Forced, Fate::RolledBack, Fate::GaveUp, Fate::NoEnd];
        let ends: f64 = fates.iter().map(|fate| (fate.share(a) - fate.share(b)).abs()).sum();
        let cost = |operation| self.compared.cost_of(operation).map_or(0.0, |each| seen(&each).max(1e-9).ln());
        let alike = if a.is_blocked() || b.is_blocked() { 0.0 } else { (cost(a) - cost(b)).abs() };
        ends + 0.3 * alike + (share_uneven(a) - share_uneven(b)).abs()
    }

    /// What one costs, or the scenario loses.
    fn estimate(&self, panel: Panel, entry: &Entry<'_>) -> Option<Estimate> {
        match panel {
            Panel::Cost => self.compared.cost_of(entry.operation),
            Panel::Loss => Some(*loss::lost(self.result, &self.result.scenarios[entry.scenario])),
            _ => None,
        }
    }

    /// What is written of it.
    fn words(&self, panel: Panel, entry: &Entry<'_>) -> String {
        let operation = entry.operation;
        match panel {
            Panel::Cost | Panel::Loss => {
                self.estimate(panel, entry).map_or("–".to_owned(), |each| format::span_with_error(&each))
            }
            Panel::Uneven => format::share(share_uneven(operation), 1.0),
            Panel::Ends => String::new(),
            Panel::Takes => {
                let took = &operation.duration_s;
                format::quantile(took.p50.as_ref().filter(|_| took.count > 0), took.censored)
            }
            Panel::Refused => match share_of(operation, operation.evictions_refused) {
                0.0 => "–".to_owned(),
                few if few < 0.01 => "< 0.01".to_owned(),
                many => format::significant(many, 2),
            },
        }
    }

    fn head(&self, panel: Panel) -> String {
        let period = Period::of(self.result);
        let one = self.compared.names(" or ");
        match panel {
            Panel::Cost => format!("{} of one {one}", loss::words_of(self.compared.cost)),
            Panel::Loss => format!("{} {}", loss::what(self.result), period.each()),
            Panel::Uneven => "leave the zones uneven".to_owned(),
            Panel::Ends => "how they end".to_owned(),
            Panel::Takes => "takes".to_owned(),
            Panel::Refused => "evictions refused".to_owned(),
        }
    }

    /// Panels from `left` to `right`: those that are drawn share what words leave.
    fn places(&self, rows: &[Row], (left, right): (f64, f64)) -> Vec<Place> {
        let widest = |panel: Panel| {
            let cells = rows.iter().map(|row| font::width(&self.words(panel, self.entry(row)), SMALL.size, false));
            cells.fold(0.0, f64::max).ceil()
        };
        let is_drawn = |panel: Panel| !matches!(panel, Panel::Takes | Panel::Refused);
        let words = |panel: Panel| match panel {
            // Their words stand in what is drawn.
            Panel::Ends => 0.0,
            // Nor does the next axis begin where this one ends.
            Panel::Uneven => 2.5 * GAP,
            Panel::Takes | Panel::Refused => widest(panel).max(font::width(&self.head(panel), SMALL.size, true).ceil()),
            Panel::Cost | Panel::Loss => widest(panel) + 10.0,
        };
        let share = |panel: Panel| match panel {
            Panel::Ends => 0.8,
            _ => 1.0,
        };
        let taken: f64 = self.panels.iter().map(|panel| words(*panel) + GAP).sum::<f64>() - GAP;
        let shares: f64 = self.panels.iter().filter(|panel| is_drawn(**panel)).map(|panel| share(*panel)).sum();
        let unit = ((right - left - taken) / shares.max(0.1)).max(40.0);
        let mut x = left;
        let place = |&panel: &Panel| {
            let drawn = if is_drawn(panel) { unit * share(panel) } else { 0.0 };
            let (from, to) = (x, x + drawn);
            x = to + words(panel) + GAP;
            let estimates: Vec<Estimate> =
                rows.iter().filter_map(|row| self.estimate(panel, self.entry(row))).collect();
            let axis = (!estimates.is_empty()).then(|| loss_marks::spanning(&estimates, None, from, to));
            Place { panel, left: from, right: to, words: x - GAP, axis }
        };
        self.panels.iter().map(place).collect()
    }

    fn paint(&self, labels: &Labels, drawn: &[Row], row: f64, sheet: Sheet) -> Picture {
        let mut picture = Picture::on(sheet);
        let is_narrow = sheet.is_narrow();
        let mut y = frame::head(&mut picture, &self.compared.finding(), &self.lead());
        y = self.legend(&mut picture, drawn, y);
        let names = Rows::of(&shown_labels(labels, drawn), sheet.share(430.0));
        let left = if is_narrow { MARGIN } else { names.right + 10.0 };
        let places = self.places(drawn, (left, picture.right()));
        let top = y + if is_narrow { 14.0 } else { names.head.max(14.0) } + 14.0;
        let bottom = top + row * drawn.len() as f64 + 2.0;
        let recommended = ranking::recommended(self.result).map(|one| one.name.as_str());
        for (at, one) in drawn.iter().enumerate() {
            let y = top + row * at as f64 + 1.0;
            if recommended.is_some() && self.is_any(one, recommended) {
                picture.rectangle(MARGIN - 8.0, y, picture.right() - MARGIN + 16.0, row, GREEN.faint(CHOSEN));
            } else {
                frame::band(&mut picture, at, y, row);
            }
        }
        if !is_narrow {
            names.write_head(&mut picture, top);
        }
        for place in &places {
            self.write_head(&mut picture, place, (top, bottom));
        }
        for (at, one) in drawn.iter().enumerate() {
            let middle = top + row * (at as f64 + 0.5) + 1.0;
            let is_baseline = self.result.baseline.is_some() && self.is_any(one, self.result.baseline.as_deref());
            let mut middle_of_marks = middle;
            if is_narrow {
                middle_of_marks = middle + 9.0;
                let style = if is_baseline { BODY.bold() } else { BODY };
                let name = one.cells.join(" · ");
                let name = font::fit(&name, BODY.size, is_baseline, picture.right() - MARGIN);
                picture.text(MARGIN, middle - 5.0, Anchor::Left, style, name);
            } else {
                names.write(&mut picture, at, middle, is_baseline);
            }
            for place in &places {
                self.write(&mut picture, place, one, middle_of_marks);
            }
            self.describe(&mut picture, one);
        }
        frame::foot(&mut picture, self.result, bottom + sheet.either(28.0, 20.0));
        picture
    }

    fn write_head(&self, picture: &mut Picture, place: &Place, (top, bottom): (f64, f64)) {
        let head = self.head(place.panel);
        let room = place.words.max(place.right) - place.left;
        let in_full = format!("{head} (logarithmic)");
        let is_log = place.axis.as_ref().is_some_and(Axis::is_log);
        let head = if is_log && font::width(&in_full, SMALL.size, true) <= room { in_full } else { head };
        let (x, anchor) = match place.panel {
            Panel::Takes | Panel::Refused => (place.words, Anchor::Right),
            _ => (place.left, Anchor::Left),
        };
        picture.text(x, top - 8.0, anchor, SMALL.bold(), font::fit(&head, SMALL.size, true, room));
        if let Some(axis) = &place.axis {
            frame::vertical_grid(picture, axis, top, bottom);
        } else if place.right > place.left && place.panel == Panel::Uneven {
            for (share, label) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
                let x = place.left + share * (place.right - place.left);
                picture.line(vec![(x, top), (x, bottom)], 1.0, GRID);
                picture.text(x, bottom + 16.0, Anchor::Middle, SMALL, label);
            }
        }
    }

    /// What one row has in a panel.
    fn write(&self, picture: &mut Picture, place: &Place, row: &Row, middle: f64) {
        let entry = self.entry(row);
        let words = self.words(place.panel, entry);
        let is_blocked = entry.operation.is_blocked();
        match place.panel {
            Panel::Cost | Panel::Loss => {
                if let (Some(each), Some(axis)) = (self.estimate(place.panel, entry), &place.axis) {
                    let metric =
                        if place.panel == Panel::Cost { self.compared.cost } else { loss::loss_of(self.result) };
                    let colour = match metric {
                        _ if is_blocked && place.panel == Panel::Cost => GREY.faint(0.45),
                        Metric::FailedRequests => VERMILION,
                        _ => BLUE,
                    };
                    let said = format!("{}: {} {words}", row.cells.join(" · "), self.head(place.panel));
                    picture.datum("", said, |picture| {
                        loss_marks::mark(picture, axis, &each, middle, colour, metric);
                    });
                }
                picture.text(place.words, middle + 4.0, Anchor::Right, SMALL, words);
            }
            Panel::Ends => stack(picture, place, row, entry, middle),
            Panel::Uneven => {
                let share = share_uneven(entry.operation);
                let width = (share * (place.right - place.left)).max(1.5);
                let said = format!("{}: {words} leave the zones uneven", row.cells.join(" · "));
                picture.datum("", said, |picture| {
                    picture.rectangle(place.left, middle - BAR / 2.0, width, BAR, ORANGE);
                    picture.text(place.left + width + 6.0, middle + 4.0, Anchor::Left, BODY.bold(), words);
                });
            }
            Panel::Takes | Panel::Refused => {
                picture.text(place.words, middle + 4.0, Anchor::Right, SMALL, words);
            }
        }
    }

    fn describe(&self, picture: &mut Picture, row: &Row) {
        let entry = self.entry(row);
        let said = self.panels.iter().map(|&panel| match panel {
            Panel::Ends => {
                let ends = Fate::of(entry.operation);
                ends.iter()
                    .map(|(fate, share)| format!("{} {}", format::share(*share, 1.0), fate.words()))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            _ => format!("{} {}", self.head(panel), self.words(panel, entry)),
        });
        picture.description.push(format!("{}: {}", row.cells.join(" · "), said.collect::<Vec<_>>().join("; ")));
    }

    /// What colours mean; returns where the rows may begin.
    fn legend(&self, picture: &mut Picture, drawn: &[Row], y: f64) -> f64 {
        let mut entries: Vec<(Colour, String)> = Vec::new();
        if self.panels.contains(&Panel::Ends) {
            let is_part = picture.sheet.is_part();
            let most = |fate: &Fate| drawn.iter().map(|row| fate.share(self.entry(row).operation)).fold(0.0, f64::max);
            // In a part of another picture long bars say it themselves.
            let is_there = |fate: &Fate| most(fate) > 0.0 && !(is_part && most(fate) >= SAYS_ITSELF);
            let fates = [Fate::Completed, Fate::Forced, Fate::Superseded, Fate::RolledBack, Fate::GaveUp, Fate::NoEnd];
            let name = if is_part { Fate::words } else { meaning };
            let named = fates.into_iter().filter(is_there).map(|fate| (colour(fate), name(fate).to_owned()));
            entries.extend(named);
        }
        let recommended = ranking::recommended(self.result).map(|one| one.name.as_str());
        if drawn.iter().any(|row| recommended.is_some() && self.is_any(row, recommended)) {
            entries.push((GREEN.faint(CHOSEN), "recommended".to_owned()));
        }
        if entries.is_empty() { y } else { frame::legend_line(picture, y - 6.0, &entries) }
    }

    fn lead(&self) -> String {
        let one = self.compared.names(" or ");
        let level = format::plain_percent(self.result.confidence);
        let mut text = if self.compared.is_about_zones() {
            format!(
                "Left: the share of the {one} operations at whose end one zone has two Pods more than another, or more still; nothing \
                 moves them until the next. Right: the {} of the scenario {}, with its {level} interval.",
                loss::what(self.result),
                Period::of(self.result).each()
            )
        } else {
            let costs = if self.compared.cost == Metric::Downtime { "downtime" } else { "failed requests" };
            format!(
                "Costs: {costs} charged to one {one} that has something to do{}, with its {level} interval. Takes: from its beginning \
                 until it is complete, in half of them.",
                if costs == "downtime" { "" } else { ", as time of full traffic" }
            )
        };
        if self.panels.contains(&Panel::Refused) {
            text += " Refused: evictions that a budget refuses to each.";
        }
        if self.compared.entries.iter().any(|entry| entry.operation.is_blocked()) {
            text += " Grey marks: what is never completed costs little, which is no merit.";
        }
        if let Some(who) = self.compared.without() {
            text += &format!(" {who} has none.");
        }
        if self.result.baseline.is_some() {
            text += " The baseline is bold.";
        }
        text
    }
}

fn seen(each: &Estimate) -> f64 {
    if each.bound { each.high } else { each.mean }
}

/// The labels of the rows, those left out that are as in the row above.
fn shown_labels(labels: &Labels, rows: &[Row]) -> Labels {
    let columns = rows.first().map_or(0, |row| row.cells.len());
    let column = |at: usize| {
        let cells = rows.iter().enumerate().map(|(number, row)| {
            let is_repeated = number > 0 && at + 1 < columns && rows[number - 1].cells[..=at] == row.cells[..=at];
            if is_repeated { String::new() } else { row.cells[at].clone() }
        });
        let named = labels.columns.get(at);
        Column {
            key: named.map_or(String::new(), |column| column.key.clone()),
            short_key: named.map_or("operation".to_owned(), |column| column.short_key.clone()),
            cells: cells.collect(),
        }
    };
    Labels { columns: (0..columns).map(column).collect(), varied: labels.varied }
}

/// How they end, as parts of a bar with their names where there is room.
fn stack(picture: &mut Picture, place: &Place, row: &Row, entry: &Entry<'_>, middle: f64) {
    let mut x = place.left;
    for (fate, share) in Fate::of(entry.operation) {
        let width = share * (place.right - place.left);
        let percent = format::share(share, 1.0);
        let said = format!("{}: {percent} {}", row.cells.join(" · "), fate.words());
        let colour = colour(fate);
        let full = if share > 0.995 { fate.words().to_owned() } else { format!("{} {percent}", fate.words()) };
        let label = [full, percent].into_iter().find(|label| font::width(label, SMALL.size, false) + 8.0 <= width);
        picture.datum(fate.words(), said, |picture| {
            picture.rectangle(x, middle - BAR / 2.0 - 1.0, width, BAR + 2.0, colour);
            if let Some(label) = label {
                let ink = if colour.is_dark() { PAPER } else { ON_LIGHT };
                picture.text(x + 5.0, middle + 4.0, Anchor::Left, SMALL.coloured(ink), label);
            }
        });
        x += width;
    }
}

const fn colour(fate: Fate) -> Colour {
    match fate {
        Fate::Completed => GREEN,
        Fate::Forced => ORANGE,
        Fate::Superseded => SLATE,
        Fate::RolledBack => PURPLE,
        Fate::GaveUp => VERMILION,
        Fate::NoEnd => BLACK,
    }
}

/// As the legend has it.
fn meaning(fate: Fate) -> &'static str {
    match fate {
        Fate::Forced => "forced: Pods went with their machine or against their budget",
        Fate::NoEnd => "no end: waits for ever",
        other => other.words(),
    }
}
