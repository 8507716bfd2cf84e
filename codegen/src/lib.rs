//! From one AsyncAPI document to everything that is generated from it.

pub mod model;
