//! The program as its user runs it, and what is written about it.

mod architecture;
mod calibrate;
mod cli;
mod compare;
mod estimate;
mod estimate_many;
mod first_steps;
mod folders;
mod forecast;
mod inputs;
mod integrity;
mod kubectl;
mod load;
mod longest;
mod pipelines;
mod recipes;
mod replays;
mod results_docs;
mod resume;
mod rules_docs;
mod schema;
mod several;
mod slos;
mod verify;
