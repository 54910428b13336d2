//! Ctrl-C and SIGTERM, by which schedulers end what takes too long. Both end the program with code 130.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The exit code of a program that was interrupted.
const CODE: i32 = 130;

/// What has been asked for from outside. Signals come to the process, so there is one of it.
static ASKED: LazyLock<Asked> = LazyLock::new(Asked::nothing);

struct Asked {
    /// A signal has come: whoever plays ends with what it has.
    stop: Arc<AtomicBool>,
    /// The next signal ends the program, as nobody plays, or as a signal has come before.
    at_once: Arc<AtomicBool>,
}

impl Asked {
    fn nothing() -> Self {
        Self { stop: Arc::default(), at_once: Arc::new(AtomicBool::new(true)) }
    }

    /// The handlers of a signal run in this order.
    fn listen(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, CODE, Arc::clone(&self.at_once))?;
            flag::register(signal, Arc::clone(&self.at_once))?;
            flag::register(signal, Arc::clone(&self.stop))?;
        }
        Ok(())
    }
}

/// Listens from now on. Until somebody plays ([`stop_flag`]) a signal ends the program at once.
///
/// # Errors
/// If the system does not let it listen.
pub(super) fn listen() -> io::Result<()> {
    ASKED.listen()
}

/// For who plays: from now on the first signal only sets this flag, so that what was played is not lost; the second ends the
/// program.
pub(super) fn stop_flag() -> &'static AtomicBool {
    ASKED.at_once.store(false, Ordering::SeqCst);
    &ASKED.stop
}
