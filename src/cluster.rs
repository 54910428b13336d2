//! One replication of a model.

mod observer;

pub use observer::{Cause, EndpointView, Observer, Phase, SlotView};

use crate::engine::{Cx, Engine, World};
use crate::model::Model;
use crate::time::SimTime;
