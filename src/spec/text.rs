//! Text with places: YAML to a tree, what is wrong with it, and paths into it.

pub(in crate::spec) mod diagnostic;
pub(in crate::spec) mod documents;
pub(in crate::spec) mod files;
pub(in crate::spec) mod loader;
pub(in crate::spec) mod naming;
pub(in crate::spec) mod parameters;
pub(in crate::spec) mod places;
pub(in crate::spec) mod quantity;
pub(in crate::spec) mod quoting;
pub(in crate::spec) mod reader;
pub(in crate::spec) mod strings;
pub(in crate::spec) mod template;
pub(in crate::spec) mod tree;
pub(in crate::spec) mod vary;
pub(in crate::spec) mod yaml;
