//! Every metric of a scenario, estimated; in `results.json` one key each, in the order of the table.

use std::ops::{Index, IndexMut};

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::estimate::Estimate;
use crate::study::Metric;

/// An estimate of each metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimates([Estimate; Metric::COUNT]);

impl Estimates {
    /// Whatever `of` gives for each.
    pub fn of(mut of: impl FnMut(Metric) -> Estimate) -> Self {
        let mut metrics = Metric::all();
        Self(std::array::from_fn(|_| of(metrics.next().expect("as many as there are"))))
    }

    /// Each metric with its estimate, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, &Estimate)> {
        Metric::all().zip(&self.0)
    }
}

impl Index<Metric> for Estimates {
    type Output = Estimate;

    fn index(&self, metric: Metric) -> &Estimate {
        &self.0[metric as usize]
    }
}

impl IndexMut<Metric> for Estimates {
    fn index_mut(&mut self, metric: Metric) -> &mut Estimate {
        &mut self.0[metric as usize]
    }
}

impl Serialize for Estimates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `group.member` becomes a member of the object `group`; the members of a group follow each other in the table.
        let group_of = |metric: Metric| metric.key().split_once('.').map_or(metric.key(), |(group, _)| group);
        let all: Vec<(Metric, &Estimate)> = self.iter().collect();
        let mut map = serializer.serialize_map(None)?;
        for group in all.chunk_by(|a, b| group_of(a.0) == group_of(b.0)) {
            let (metric, estimate) = group[0];
            if metric.key().contains('.') {
                map.serialize_entry(group_of(metric), &Members(group))?;
            } else {
                map.serialize_entry(metric.key(), estimate)?;
            }
        }
        map.end()
    }
}

/// The metrics of one group.
struct Members<'a>(&'a [(Metric, &'a Estimate)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let member = |metric: Metric| metric.key().split_once('.').map_or(metric.key(), |(_, member)| member);
        serializer.collect_map(self.0.iter().map(|(metric, estimate)| (member(*metric), estimate)))
    }
}

impl<'de> Deserialize<'de> for Estimates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::<String, Value>::deserialize(deserializer)?;
        let read = |metric: Metric| {
            let mut keys = metric.key().split('.');
            let first = keys.next().and_then(|key| fields.get(key));
            let value = keys.try_fold(first?, |value, key| value.get(key))?;
            Estimate::deserialize(value).ok()
        };
        let missing = |metric: Metric| D::Error::custom(format!("no estimate `{}`", metric.key()));
        let mut found = Vec::with_capacity(Metric::COUNT);
        for metric in Metric::all() {
            found.push(read(metric).ok_or_else(|| missing(metric))?);
        }
        Ok(Self::of(|metric| found[metric as usize]))
    }
}
