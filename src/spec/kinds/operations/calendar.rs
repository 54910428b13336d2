//! When an operation comes: at any hour, or in hours of the week that a team keeps.

use crate::model::{Calendar, Occurrence};
use crate::random::Law;
use crate::spec::diagnostic::Problems;
use crate::spec::law;
use crate::spec::reader::{Item, Object};
use crate::spec::tree::Value;
use crate::time::Duration;

const DAYS: [(&str, usize); 7] = [("Mon", 0), ("Tue", 1), ("Wed", 2), ("Thu", 3), ("Fri", 4), ("Sat", 5), ("Sun", 6)];

/// Reads `every` or `calendar`: when the operation comes, and the law of the time between two.
pub(super) fn read(object: &mut Object<'_>, least: Duration, problems: &mut Problems) -> Option<Occurrence> {
    let help = "say how long it is from one to the next: every: 7d, or a law such as {exponential: {mean: 7d}}";
    let Some(item) = object.get("calendar") else {
        let every = object.require_or("every", problems, help)?;
        return law::read_recurring(&every, problems, least).map(Occurrence::Every);
    };
    object.forbid("every", problems, "must not stand beside calendar, which says how often in times", "leave it out");
    let mut object = item.our_object(problems)?;
    let say = "name the days of the week: days: [Mon, Tue, Wed, Thu, Fri]";
    let days = object.require_or("days", problems, say).and_then(|days| read_days(&days, problems));
    let say = "say from when to when: between: [09:00, 17:00]";
    let between = object.require_or("between", problems, say).and_then(|between| read_between(&between, problems));
    let say = "say how long it is from one to the next, nights and days off included: times: 7d, or a law";
    let times = object.require_or("times", problems, say).and_then(|law| law::read_recurring(&law, problems, least));
    object.finish(problems, &[]);
    let (from, to) = between?;
    Some(Occurrence::InHours { every: times?, calendar: Calendar { days: days?, from, to } })
}

/// The law of the time between two of them.
pub(super) fn law_of(occurs: &Occurrence) -> Option<&Law> {
    occurs.every().map(|(law, _)| law)
}

fn read_days(item: &Item<'_>, problems: &mut Problems) -> Option<[bool; 7]> {
    let named: Vec<Option<usize>> = item.list(problems)?.iter().map(|day| day.word(problems, &DAYS)).collect();
    if named.is_empty() {
        item.refuse(problems, "is empty, must name at least one day: Mon, Tue, Wed, Thu, Fri, Sat, Sun");
        return None;
    }
    let mut days = [false; 7];
    for day in named.into_iter().collect::<Option<Vec<_>>>()? {
        days[day] = true;
    }
    Some(days)
}

fn read_between(item: &Item<'_>, problems: &mut Problems) -> Option<(Duration, Duration)> {
    let list = item.list(problems)?;
    let [from, to] = &list[..] else {
        item.refuse(problems, "must be two times of the day, such as [09:00, 17:00]");
        return None;
    };
    let (from, to) = (read_time(from, problems)?, read_time(to, problems)?);
    if from == to || from >= Duration::from_secs(DAY) {
        item.refuse(problems, "must begin before 24:00, and end at another time: all day is [00:00, 24:00]");
        return None;
    }
    Some((from, to))
}

const DAY: u64 = 86_400;

/// A time of the day.
fn read_time(item: &Item<'_>, problems: &mut Problems) -> Option<Duration> {
    let parsed = match &item.node.value {
        Value::String(text) => minutes(text),
        _ => None,
    };
    let time = parsed.map(|minutes| Duration::from_secs(60 * minutes));
    if time.is_none() {
        item.refuse(problems, "must be a time of the day from 00:00 to 24:00, such as 09:30");
    }
    time
}

/// Minutes since midnight of `09:30`.
fn minutes(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| digits.parse::<u64>().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    Some(hours * 60 + minutes).filter(|all| minutes < 60 && *all <= 24 * 60)
}
