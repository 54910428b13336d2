//! What is made of a result: text, charts, the page, the files, and the command that makes them again.

mod synthetic;

mod best;
mod charts;
mod command;
mod output;
mod page;
mod text;
