//! Load, play, replay, write: once for all that ask, a command line as well as a server.
//!
//! Nothing here prints, ends the process or knows of flags. What happens on the way is an [`Event`], which a [`Listener`]
//! hears; what goes wrong is an error with all that words are made of.

#[expect(clippy::disallowed_types, reason = "how often the disk is written to")]
mod checkpoints;
mod events;
#[expect(clippy::disallowed_types, reason = "a forecast of the time left")]
mod forecast;
mod job;
mod merge;
mod player;
mod replays;

pub use events::{Event, Listener, LongRun};
pub use job::{Job, Kept, OpenError, Undelivered};
pub use merge::{MergeError, merge};
pub use player::Player;
pub use replays::add as add_replays;
