//! Phases in results: by their names, and a value for each of them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::observer::Phase;

impl Phase {
    /// Its name for people: `leave rotation`.
    pub fn in_words(self) -> String {
        self.name().replace('_', " ")
    }
}

impl Serialize for Phase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Phase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let named = Self::ALL.into_iter().find(|phase| phase.name() == name);
        named.ok_or_else(|| D::Error::custom(format_args!("phase: is {name}, must be the name of a phase")))
    }
}

/// A value for every phase of a recovery; in JSON an object with a key for each, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerPhase<T>([T; Phase::OF_RECOVERY.len()]);

impl<T> PerPhase<T> {
    /// Whatever `of` gives for each phase.
    pub fn of(of: impl FnMut(Phase) -> T) -> Self {
        Self(Phase::OF_RECOVERY.map(of))
    }

    /// Each phase with its value, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, &T)> {
        Phase::OF_RECOVERY.into_iter().zip(&self.0)
    }
}

impl<T> Index<Phase> for PerPhase<T> {
    type Output = T;

    fn index(&self, phase: Phase) -> &T {
        &self.0[phase as usize]
    }
}

impl<T> IndexMut<Phase> for PerPhase<T> {
    fn index_mut(&mut self, phase: Phase) -> &mut T {
        &mut self.0[phase as usize]
    }
}

impl<T: Serialize> Serialize for PerPhase<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(phase, value)| (phase.name(), value)))
    }
}

/// A phase that is left out has the default: results of versions that did not know it yet are still read.
impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for PerPhase<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Phases<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Phases<T> {
            type Value = PerPhase<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a value for each phase")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut values = PerPhase::of(|_| T::default());
                while let Some((phase, value)) = map.next_entry::<Phase, T>()? {
                    let place = values.0.get_mut(phase as usize);
                    *place.ok_or_else(|| {
                        A::Error::custom(format_args!("{} is no phase of a recovery", phase.name()))
                    })? = value;
                }
                Ok(values)
            }
        }
        deserializer.deserialize_map(Phases(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_stand_under_their_names() {
        let all = PerPhase::of(|phase| phase as u8);
        let text = serde_json::to_string(&all).unwrap();
        assert!(text.starts_with(r#"{"detect":0,"leave_rotation":1,"#), "{text}");
        assert_eq!(serde_json::from_str::<PerPhase<u8>>(&text).unwrap(), all);
        assert_eq!(serde_json::from_str::<PerPhase<u8>>(r#"{"start":6}"#).unwrap()[Phase::Start], 6);
        assert!(serde_json::from_str::<PerPhase<u8>>(r#"{"backlog":1}"#).is_err());
        let error = serde_json::from_str::<PerPhase<u8>>(r#"{"lunch":1}"#).unwrap_err();
        assert!(error.to_string().starts_with("phase: is lunch, must be the name of a phase"), "{error}");
    }

    /// Each phase stands at its own place, so a value is found by its phase.
    #[test]
    fn all_phases_are_listed_in_their_order() {
        let names: Vec<&str> = PerPhase::of(Phase::name).0.into();
        for (place, phase) in Phase::OF_RECOVERY.into_iter().enumerate() {
            assert_eq!((phase as usize, phase.name()), (place, names[place]));
            assert_eq!(Phase::ALL[place], phase);
        }
        assert_eq!(Phase::ALL[Phase::Backlog as usize], Phase::Backlog);
    }
}
