//! How the program ends.

use std::process::ExitCode;

/// Exit codes. 3 and 4 mean that another try gives the same: a scheduler must not retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, warnings included.
    Done,
    /// A failure while running: a full disk, a bug.
    Failed,
    /// Wrong use of the command line.
    WrongUse,
    /// A file says something impossible, or is not there.
    BadInput,
    /// A stated target is missed.
    Missed,
    /// Ctrl-C: what was finished has been written.
    Interrupted,
}

impl Exit {
    /// The number that a shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::WrongUse => 2,
            Self::BadInput => 3,
            Self::Missed => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// An end that needs words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What to tell, one per problem; a message may have several lines.
    pub messages: Vec<String>,
}

impl Failure {
    /// With one message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, messages: vec![message.into()] }
    }
}

impl From<crate::output::Error> for Failure {
    fn from(error: crate::output::Error) -> Self {
        use crate::output::Error;
        let exit = match error {
            Error::Write { .. } => Exit::Failed,
            Error::Read { .. } | Error::Parse { .. } => Exit::BadInput,
        };
        Self::new(exit, error.to_string())
    }
}
