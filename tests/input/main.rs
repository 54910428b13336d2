//! What comes from outside: manifests, models, experiments, and whatever else stands in a file.

mod advice;
mod check;
mod fuzz;
mod manifests;
mod shipped;
