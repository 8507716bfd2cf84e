//! From one AsyncAPI document to everything that is generated from it.

pub mod emit;
pub mod model;

pub use emit::OutputFile;
