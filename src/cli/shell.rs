//! What makes hasim at home in a shell: completions and manual pages.

use clap::CommandFactory as _;

use super::low_args::LowArgs;
use super::{Exit, complain, print};

/// The script that completes commands and flags.
pub(super) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut LowArgs::command(), "hasim", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// The page of the program, or of one of its commands.
pub(super) fn man(of: Option<&str>) -> Exit {
    let mut command = LowArgs::command();
    command.build();
    let page = match of {
        None => command.clone(),
        Some(name) => match command.find_subcommand(name) {
            Some(part) => part.clone().display_name(format!("hasim-{name}")),
            None => {
                complain(format_args!("there is no command {name}\nhelp: `hasim --help` lists them"));
                return Exit::WrongUse;
            }
        },
    };
    let mut text = Vec::new();
    match clap_mangen::Man::new(page).render(&mut text) {
        Ok(()) => print(&String::from_utf8_lossy(&text)),
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}
