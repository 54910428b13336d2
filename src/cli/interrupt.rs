//! Ctrl-C: the first asks the run to stop, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;
use super::print;

static STOP: AtomicBool = AtomicBool::new(false);

/// True once Ctrl-C was pressed. Without a handler (a system that gives none) Ctrl-C simply ends the program.
pub fn flag() -> &'static AtomicBool {
    let handler = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted.code().into());
        }
        print::note("stopping after what is under way; Ctrl-C again ends at once");
    };
    let _ = ctrlc::set_handler(handler);
    &STOP
}
