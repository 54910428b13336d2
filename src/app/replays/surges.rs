//! A surge of requests that an autoscaler follows, or a day where there are no surges: of the scenarios that reports look at closely.

use crate::cluster::{Happening, Requests, begins_in_week};
use crate::experiment::trace;
use crate::history::Timeline;
use crate::ids::WorkloadId;
use crate::model::{DAYS, Model};
use crate::random::Streams;
use crate::report::featured_scenarios;
use crate::results::{ExperimentResult, LoadMoment, LoadReplay};
use crate::study::Study;
use crate::time::{Duration, SimTime};

/// Before a surge, and from its beginning on.
const BEFORE: Duration = Duration::from_secs(180);
const AFTER: Duration = Duration::from_secs(1_200);
const DAY: Duration = Duration::from_secs(86_400);
/// Among so many surges one is looked for.
const FEW: usize = 15;
/// So many scenarios are shown.
const SCENARIOS: usize = 2;

/// What is shown of a replication.
#[derive(Debug, Clone, Copy)]
struct Excerpt {
    from: SimTime,
    to: SimTime,
    surge: Option<SimTime>,
}

/// The same excerpt of each scenario; none where no autoscaler is played, or several Deployments make the service.
pub fn play(result: &ExperimentResult, study: &Study) -> Vec<LoadReplay> {
    let mut chosen: Option<Excerpt> = None;
    let mut replays = Vec::new();
    for scenario in featured_scenarios(result).into_iter().take(SCENARIOS) {
        let Some(of_study) = study.scenarios.iter().find(|other| other.name == scenario.name) else { continue };
        let model = of_study.model_of(0);
        let Some(film) = Film::of(model, study.header.seed, chosen) else { continue };
        let Some(excerpt) = chosen.or_else(|| film.telling()) else { continue };
        chosen = Some(excerpt);
        replays.push(film.replay(&scenario.name, excerpt));
    }
    replays
}

/// The first replication of a model with one Deployment that follows the load, as far as it is needed.
struct Film<'a> {
    model: &'a Model,
    requests: Requests,
    week: Duration,
    capacity: f64,
    timeline: Timeline,
}

impl<'a> Film<'a> {
    fn of(model: &'a Model, seed: u64, chosen: Option<Excerpt>) -> Option<Self> {
        if model.workloads.len() > 1 {
            return None;
        }
        let workload = &model.workloads[WorkloadId::new(0)];
        workload.autoscaler.as_ref()?;
        let capacity = workload.pod.main().app.capacity?;
        let streams = Streams::new(seed, 0);
        let requests = Requests::new(model, streams)?;
        let counted = SimTime::ZERO + model.warm_up;
        let last = match chosen {
            Some(excerpt) => excerpt.to,
            None => requests.surges().filter(|at| *at >= counted + BEFORE).take(FEW).last().map_or(
                // A day begins within a week, where there are no surges.
                counted + DAY * 8,
                |last| last + AFTER,
            ),
        };
        let horizon = last.saturating_since(counted).min(model.horizon);
        let timeline = trace(&Model { horizon, ..model.clone() }, seed, 0).timeline;
        Some(Self { model, requests, week: begins_in_week(streams), capacity, timeline })
    }

    /// Of a few surges one that tells what they cost: half of that is lost in ones as bad or worse. Of days one on which most come.
    fn telling(&self) -> Option<Excerpt> {
        let counted = self.timeline.counted_from;
        let surges = self.requests.surges().filter(|at| *at >= counted + BEFORE).take(FEW);
        let excerpt = |at: SimTime| Excerpt { from: at.earlier_by(BEFORE), to: at + AFTER, surge: Some(at) };
        let mut surges: Vec<(f64, Excerpt)> = surges
            .map(excerpt)
            .filter(|excerpt| excerpt.to <= self.timeline.counted_to)
            .map(|excerpt| (self.replay("", excerpt).refused(), excerpt))
            .collect();
        // The worst first.
        surges.sort_by(|a, b| b.0.total_cmp(&a.0));
        let half = surges.iter().map(|(refused, _)| refused).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        let telling = surges.iter().find(|(refused, _)| {
            sum += refused;
            sum >= half
        });
        if let Some((_, excerpt)) = telling {
            return Some(*excerpt);
        }
        let traffic = self.model.traffic.as_ref()?;
        let peak_day = DAY * (traffic.peak_hour() / 24) as u64;
        let week = DAY * 7;
        // The first midnight before such a day, from the beginning of counting on.
        let since_monday = (self.week + counted.since(SimTime::ZERO)).as_nanos() % week.as_nanos();
        let wait = (peak_day.as_nanos() + week.as_nanos() - since_monday) % week.as_nanos();
        let from = counted + Duration::from_nanos(wait);
        (from + DAY <= self.timeline.counted_to).then_some(Excerpt { from, to: from + DAY, surge: None })
    }

    fn replay(&self, scenario: &str, excerpt: Excerpt) -> LoadReplay {
        let day = (self.week + excerpt.from.since(SimTime::ZERO)).as_nanos() / DAY.as_nanos() % 7;
        LoadReplay {
            scenario: scenario.to_owned(),
            deployment: self.model.workloads[WorkloadId::new(0)].name.clone(),
            replication: 0,
            begins_s: excerpt.from.since(self.timeline.counted_from).as_secs_f64(),
            lasts_s: excerpt.to.since(excerpt.from).as_secs_f64(),
            surge_from_s: excerpt.surge.map(|at| at.since(excerpt.from).as_secs_f64()),
            day: excerpt.surge.is_none().then(|| DAYS[day as usize].to_owned()),
            capacity_of_pod: self.capacity,
            moments: self.moments(excerpt),
        }
    }

    fn moments(&self, excerpt: Excerpt) -> Vec<LoadMoment> {
        let mut replicas = self.model.workloads[WorkloadId::new(0)].replicas;
        let mut pods = 0;
        let mut changes: Vec<(SimTime, Option<u32>, Option<u32>)> = Vec::new();
        changes.extend(self.timeline.delivering.iter().map(|count| (count.at, Some(count.pods as u32), None)));
        changes.extend(self.timeline.entries.iter().filter_map(|entry| match entry.what {
            Happening::ReplicasSet { replicas, .. } => Some((entry.at, None, Some(replicas))),
            _ => None,
        }));
        changes.sort_by_key(|(at, ..)| *at);
        let mut moments: Vec<LoadMoment> = Vec::new();
        let mut put = |at: SimTime, pods: u32, replicas: u32| {
            let at_s = at.since(excerpt.from).as_secs_f64();
            let moment = LoadMoment { at_s, rate: self.requests.rate(at).0, pods, replicas };
            match moments.last_mut() {
                Some(last) if last.at_s >= at_s => *last = moment,
                _ => moments.push(moment),
            }
        };
        let mut now = excerpt.from;
        let mut changes = changes.into_iter().peekable();
        loop {
            while let Some((_, of_pods, of_replicas)) = changes.next_if(|(at, ..)| *at <= now) {
                (pods, replicas) = (of_pods.unwrap_or(pods), of_replicas.unwrap_or(replicas));
            }
            put(now, pods, replicas);
            let next = changes.peek().map_or(SimTime::NEVER, |(at, ..)| *at);
            now = next.min(self.requests.rate(now).1);
            if now >= excerpt.to {
                return moments;
            }
        }
    }
}
