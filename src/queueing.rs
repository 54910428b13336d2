//! Queues before servers, and clients that give up and try again. Nothing here is simulated request by request.
//!
//! [`Station`] is one queue at rest: M/M/c, and M/M/c/K where it has so many places only. [`Clients`] say how many tries a
//! request makes. [`Pool`] joins several stations that get equal parts of one stream, through rest and overload; [`Watched`] is a pool in the course of time.

mod clients;
mod pool;
mod station;
mod utilisations;
mod watched;

pub use clients::Clients;
pub use pool::{Fails, Outlook, Pool};
pub use station::{Rest, Station};
pub use watched::{Step, Watched};
